//! KPIs, cost, savings ledger.
fn main() {}
