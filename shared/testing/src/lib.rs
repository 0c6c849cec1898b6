#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "what fails in a test must stop it"
)]

//! Builders and test tables; a dev-dependency only.
//!
//! [`TestTable::new`] is a table of its own for each test. The builders in [`values`] give values
//! that are valid and fixed: the same numbers give the same value, so that expected output can be
//! written down; a test changes the fields it is about.

mod table;
pub mod values;

pub use table::{TestTable, client};
