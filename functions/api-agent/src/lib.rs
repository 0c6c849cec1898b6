//! The only API that agents call.
