//! A customer's AWS as the product needs it, over the real SDK.
//!
//! No trait: what is below is always the SDK, and the seam for a simulated AWS is the SDK's HTTP
//! connector (`SdkConfig::http_client`). [`Cloud`] is ours; [`Cloud::assume`] gives an
//! [`AccountClient`] for one linked account and region. [`catalog`] answers offline.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod catalog;
mod clusters;
mod connection;
mod error;
mod instances;
mod market;
mod node_groups;
mod prices;
mod reservations;

pub use aws_config::SdkConfig;
pub use clusters::{Cluster, Subnet};
pub use connection::{AccountClient, Cloud, LinkCheck, RoleLink};
pub use error::Error;
pub use instances::{Instance, InstanceState, Termination};
pub use node_groups::{HealthIssue, NewNodeGroup, NodeGroup, NodeGroupStatus, Scaling};
pub use prices::SpotPrice;

/// The tag that names the plan something was made for.
pub const PLAN_TAG: &str = "spot-optimizer:plan";
