//! Plans: run, explain, approve, cancel.
fn main() {}
