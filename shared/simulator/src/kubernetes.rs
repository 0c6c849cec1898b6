//! A simulated Kubernetes cluster: its API server, controllers, scheduler and kubelets.
//!
//! [`ClusterState`] is a value: [`answer`] takes an HTTP request and gives the answer
//! of a real API server of version 1.36, [`ClusterState::advance`] lets simulated time pass. Nothing
//! here reads a clock or draws a random number, so that the same calls give the same cluster.
//! [`client`] puts it below a real `kube::Client`.

mod answer;
mod budgets;
mod client;
mod controllers;
mod daemon_sets;
mod evict;
mod incident;
mod list;
mod node;
mod patch;
mod pod;

mod resource;
mod scheduler;
mod state;
mod stateful_sets;
mod status;
mod template;
mod write;

pub use answer::{answer, is_mutation};
pub use client::client;
pub use controllers::LOAD_ANNOTATION;
pub use incident::{Incident, IncidentKind};
pub use node::NewNode;
pub use state::{ApplyError, ClusterState};
