#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

//! A cluster through its API: snapshot, cordon, evict. The only user of `kube`.
//!
//! [`snapshot`] is the one conversion from Kubernetes' objects to the domain's
//! [`ClusterSnapshot`](domain::snapshot::ClusterSnapshot); [`dump`] feeds it what `kubectl` printed,
//! [`Cluster`] what the API server answers. There is no trait: the seam for tests and for simulated
//! clusters is the HTTP service below [`kube::Client`].

pub mod clock;
pub mod cluster;
mod cordon;
mod drain;
pub mod dump;
mod eviction;
pub mod object;
pub mod quantity;
pub mod snapshot;

pub use clock::Clock;
pub use cluster::{Cluster, ClusterError};
pub use cordon::{CORDON_ANNOTATION, RETIRING_TAINT};
pub use drain::{DrainOptions, PodName};
pub use snapshot::{Objects, from_objects};
