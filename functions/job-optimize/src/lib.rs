//! Makes plans. Never acts.
