//! `/api/v1/agent`: the only API that agents call.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod routes;
mod snapshot;
mod unpack;
mod view;

pub use routes::routes;
