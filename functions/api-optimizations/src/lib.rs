//! `/api/v1/optimizations`: plans: run, explain, approve, cancel.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod plan_view;
mod routes;
mod view;

pub use routes::routes;
