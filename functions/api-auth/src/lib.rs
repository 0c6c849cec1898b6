//! `/api/v1/auth`: sign-up, login, refresh, me, password, logout.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod attempts;
mod cookie;
mod routes;
mod session;
mod view;

pub use routes::routes;
pub use view::{Tokens, User};
