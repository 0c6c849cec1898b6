//! The only API that agents call.
fn main() {}
