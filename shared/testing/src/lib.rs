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
//! written down; a test changes the fields it is about. [`store`] and its like put them where the
//! product looks for them. With the feature `customers`, `Installation` has customers with clusters
//! in a simulated AWS.

#[cfg(feature = "customers")]
mod customers;
mod stored;
mod table;
pub mod values;

#[cfg(feature = "customers")]
pub use customers::{Customer, Installation};
pub use stored::{store, store_market, store_snapshot};
pub use table::{TestTable, client, unreachable};
