//! Builders and test tables; a dev-dependency only.
