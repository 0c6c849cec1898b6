//! Makes plans. Never acts.
fn main() {}
