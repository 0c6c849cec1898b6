//! What must never happen and did. The simulation tests look here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that harmed a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: IncidentKind,
    /// `pod/namespace/name` or `pdb/namespace/name`.
    pub subject: String,
    /// One sentence.
    pub message: String,
}

/// Kinds of harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// A node went away under a running pod that an eviction could have moved.
    EvictablePodKilled,
    /// Fewer healthy pods than their budget asks for, through an eviction, a delete or a lost node.
    BudgetViolated,
    /// A pod without a controller is gone for good.
    PodLost,
}
