//! A simulated AWS and simulated Kubernetes API servers below the SDK and below `kube::Client`.
//!
//! [`aws::answer`] and `kubernetes::answer` are pure functions of state, time and request. A [`World`] joins
//! them under one [`Clock`], keeps them in a file, and plugs them in where the real ones would be.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod aws;
mod clock;
pub mod demo;
mod faults;
pub mod kubernetes;
mod world;

pub use clock::Clock;
pub use faults::{Fault, FaultEffect, Faults};
pub use world::{World, WorldState};
