//! Discovery, registration, detail, instances.
fn main() {}
