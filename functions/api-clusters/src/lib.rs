//! `/api/v1/clusters`: registration, settings, agents' keys, instances, the packing map.

mod keys;
mod limits;
mod map;
mod registration;
mod routes;
mod settings;
mod view;

pub use routes::routes;
