//! Linking AWS accounts.
fn main() {}
