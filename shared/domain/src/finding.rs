//! Findings: what was noticed and could not be used, said once, in words a person can act on.

use serde::{Deserialize, Serialize};

/// One thing that could not be judged or honoured, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing.
    pub code: FindingCode,
    /// What it is about: `node/ip-10-0-0-1`, `pod/web/api-7d9`, `pdb/web/api`, `pool/m5.large`.
    pub subject: String,
    /// One sentence: what is the case and what was done about it.
    pub message: String,
}

impl Finding {
    /// A finding.
    pub fn new(code: FindingCode, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, subject: subject.into(), message: message.into() }
    }
}

/// Kinds of findings. Stored and shown by their `snake_case` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// The node has no instance type label.
    InstanceTypeMissing,
    /// The node's instance type is not in the catalogue.
    InstanceTypeUnknown,
    /// No price is known for the node's pool.
    PriceMissing,
    /// Reserved Instances or Savings Plans pay for nodes, which so cost nothing more.
    CapacityCovered,
    /// The node belongs to AWS Fargate.
    FargateNode,
    /// The node belongs to another cloud.
    OtherCloudNode,
    /// The node is not ready.
    NodeNotReady,
    /// The node is managed by Karpenter or EKS Auto Mode, which replaces nodes itself.
    ManagedElsewhere,
    /// The node asks not to be disrupted.
    NodeDoNotDisrupt,
    /// The pod asks for no CPU or no memory, so it counts as the scheduler counts it: zero.
    RequestsMissing,
    /// The pod asks for a resource that no offering is known to have.
    ExtendedResource,
    /// The pod asks not to be disrupted.
    PodDoNotDisrupt,
    /// The pod has no controller: once evicted it will not come back.
    PodWithoutController,
    /// The pod uses local storage that an eviction would lose.
    LocalStorage,
    /// The pod is pending and fits no node there is.
    PodPending,
    /// The pod fits no offering the policy allows.
    PodFitsNothing,
    /// More than one `PodDisruptionBudget` selects the pod: the Eviction API refuses with HTTP 500.
    MultipleBudgets,
    /// The budget never allows a disruption.
    BudgetNeverAllows,
    /// The budget allows no disruption now.
    BudgetExhausted,
    /// Another pod of the `StatefulSet` is not up, and no budget says that it may do without two.
    StatefulSetNotReady,
    /// The pod's constraint is not one the planner can honour when moving it.
    ConstraintUnsupported,
    /// A volume ties the pod to a zone.
    ZonalVolume,
    /// Containers report no architecture support, so the pod stays on the one it runs on.
    ArchitectureUnknown,
    /// The snapshot is too old to act on.
    SnapshotStale,
    /// Prices are too old to act on.
    PricesStale,
    /// The snapshot contradicts an earlier one or AWS.
    SnapshotContradicts,
    /// The policy leaves nothing to do or forbids what would save.
    PolicyBlocks,
    /// An object could not be read.
    Unreadable,
}
