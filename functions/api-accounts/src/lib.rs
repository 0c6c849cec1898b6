//! Linking AWS accounts.
