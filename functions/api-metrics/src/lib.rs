//! `/api/v1/metrics`: KPIs, cost, savings ledger.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod figures;
mod routes;
mod view;

pub use routes::routes;
