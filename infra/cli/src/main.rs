//! The `spot-optimizer` command.
fn main() {}
