//! The shape of an HTTP function.
