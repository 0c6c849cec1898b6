//! The in-cluster agent.
fn main() {}
