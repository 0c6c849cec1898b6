//! Refreshes prices, offerings and interruption rates.
fn main() {}
