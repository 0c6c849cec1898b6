//! Closes the savings ledger.
fn main() {}
