//! The first ten lines of every main: logs, settings, clients.
//!
//! An API function's main is `api::serve(routes())`, a job's is [`job_main`]`(run)`. Both fail with
//! one clear line where a setting is missing.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub use aws_config::{SdkConfig, load_from_env};

mod ctx;
mod job;
mod link;
pub mod logs;
pub mod planning;
mod settings;
mod sweep;

pub use ctx::{Ctx, StartError};
pub use job::{ScheduledEvent, block_on, job_main};
pub use link::role_link;
pub use settings::{MissingSetting, Secrets, SecretsError, required};
pub use sweep::{ClusterOf, JobError, OneFailed, SomeFailed, all_clusters, each};
