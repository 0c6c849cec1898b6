//! `/api/v1/accounts`: linking AWS accounts.

mod discovery;
mod routes;
mod view;

pub use routes::routes;
