//! Carries plans out. Never chooses.
fn main() {}
