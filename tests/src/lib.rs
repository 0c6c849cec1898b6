//! What no single function can test.
