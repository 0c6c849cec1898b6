#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

//! The values and rules of the product: no IO, no async, no clock, no randomness.
//!
//! Every other crate speaks in these types. A value that exists is valid: what comes from outside
//! is parsed into them at the edge, and the rules beside them never see anything else.

pub mod account;
pub mod action;
pub mod audit;
pub mod cluster;
pub mod disruption;
pub mod execution;
pub mod finding;
pub mod identity;
pub mod ids;
pub mod instance;
pub mod ledger;
pub mod money;
pub mod offering;
pub mod optimization;
pub mod plan;
pub mod policy;
pub mod risk;
pub mod room;
pub mod snapshot;
pub mod window;

pub use ids::{
    AccountId, ActionId, ClusterId, KeyId, OrgId, PlanId, PolicyId, SessionId, TemplateId, Tenant,
    UserId,
};
pub use money::Money;
