//! The first ten lines of every main: logs, settings, clients.
//!
//! An API function's main is `api::serve(routes())`, a job's is [`job_main`]`(run)`. Both fail with
//! one clear line where a setting is missing.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub use aws_config::{SdkConfig, load_from_env};

mod ctx;
mod job;
pub mod logs;
mod settings;
mod sweep;

pub use ctx::{Ctx, StartError};
pub use job::{ScheduledEvent, block_on, job_main};
pub use settings::{MissingSetting, Secrets, SecretsError, required};
pub use sweep::{ClusterOf, SomeFailed, all_clusters, each, role_link};
