//! The parts of Kubernetes' objects that decisions need, and no more.
//!
//! Reading these instead of the generated types keeps a dump of 10,000 pods well under half a
//! second, and lets a newer server add what it likes. Everything absent or `null` is its default.

mod list;
mod pod;

pub(crate) use list::read_each;
pub use list::{Kind, Object, parse_live_list};
pub(crate) use pod::has_condition;
pub use pod::{
    Affinity, Container, ContainerPort, ContainerStatus, NodeAffinity, NodeSelector,
    NodeSelectorTerm, Pod, PodAffinity, PodAffinityTerm, PodSpec, PodStatus, PreferredTerm,
    Present, ResourceList, ResourceRequirements, Toleration, TopologySpreadConstraint, Volume,
};

use domain::snapshot::{Labels, Operator};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// `null` is the default.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// `metadata`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct Metadata {
    pub name: String,
    #[serde(deserialize_with = "nullable")]
    pub namespace: String,
    #[serde(deserialize_with = "nullable")]
    pub uid: String,
    #[serde(deserialize_with = "nullable")]
    pub resource_version: String,
    pub creation_timestamp: Option<Timestamp>,
    pub deletion_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "nullable")]
    pub labels: Labels,
    #[serde(deserialize_with = "nullable")]
    pub annotations: Labels,
    #[serde(deserialize_with = "nullable")]
    pub owner_references: Vec<OwnerReference>,
}

impl Metadata {
    /// The owner that controls it.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller)
    }

    /// Whether an annotation has this value.
    pub fn annotated(&self, key: &str, value: &str) -> bool {
        self.annotations.get(key).is_some_and(|found| found == value)
    }
}

/// An entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct OwnerReference {
    pub kind: String,
    pub name: String,
    #[serde(deserialize_with = "nullable")]
    pub controller: bool,
}

/// An entry of `status.conditions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct Condition {
    pub r#type: String,
    pub status: String,
    pub last_heartbeat_time: Option<Timestamp>,
    pub last_transition_time: Option<Timestamp>,
}

/// A Node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct Node {
    pub metadata: Metadata,
    #[serde(deserialize_with = "nullable")]
    pub spec: NodeSpec,
    #[serde(deserialize_with = "nullable")]
    pub status: NodeStatus,
}

/// A Node's `spec`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct NodeSpec {
    #[serde(rename = "providerID", deserialize_with = "nullable")]
    pub provider_id: String,
    #[serde(deserialize_with = "nullable")]
    pub unschedulable: bool,
    #[serde(deserialize_with = "nullable")]
    pub taints: Vec<domain::snapshot::Taint>,
}

/// A Node's `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct NodeStatus {
    #[serde(deserialize_with = "nullable")]
    pub allocatable: ResourceList,
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}

/// `metav1.LabelSelector`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct LabelSelector {
    #[serde(deserialize_with = "nullable")]
    pub match_labels: Labels,
    #[serde(deserialize_with = "nullable")]
    pub match_expressions: Vec<Requirement>,
}

impl LabelSelector {
    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

/// A requirement of a label or node selector.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct Requirement {
    pub key: String,
    pub operator: Operator,
    #[serde(default, deserialize_with = "nullable")]
    pub values: Vec<String>,
}

/// A number or a percentage.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum IntOrPercent {
    /// A count.
    Int(i64),
    /// Such as `50%`.
    Text(String),
}

impl IntOrPercent {
    /// What it comes to of `total`, a percentage rounded up, as the disruption controller does.
    /// Absent where the text is no percentage.
    pub fn of(&self, total: u32) -> Option<u32> {
        match self {
            Self::Int(count) => u32::try_from((*count).max(0)).ok(),
            Self::Text(text) => {
                let percent: u32 = text.strip_suffix('%')?.parse().ok()?;
                percent.checked_mul(total).map(|hundredths| hundredths.div_ceil(100))
            }
        }
    }
}

/// A `PodDisruptionBudget`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct PodDisruptionBudget {
    pub metadata: Metadata,
    #[serde(deserialize_with = "nullable")]
    pub spec: BudgetSpec,
    #[serde(deserialize_with = "nullable")]
    pub status: BudgetStatus,
}

/// A budget's `spec`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct BudgetSpec {
    pub min_available: Option<IntOrPercent>,
    pub max_unavailable: Option<IntOrPercent>,
    pub selector: Option<LabelSelector>,
    pub unhealthy_pod_eviction_policy: Option<String>,
}

/// A budget's `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct BudgetStatus {
    #[serde(deserialize_with = "nullable")]
    pub disruptions_allowed: i64,
    pub expected_pods: Option<u32>,
}

/// A Deployment, `ReplicaSet`, `StatefulSet`, `DaemonSet` or Job: whatever makes pods.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct Controller {
    pub metadata: Metadata,
    #[serde(deserialize_with = "nullable")]
    pub spec: ControllerSpec,
    #[serde(deserialize_with = "nullable")]
    pub status: ControllerStatus,
}

/// A controller's `spec`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct ControllerSpec {
    pub replicas: Option<u32>,
}

/// A controller's `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct ControllerStatus {
    pub ready_replicas: Option<u32>,
    pub number_ready: Option<u32>,
}

/// A `PersistentVolume`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct PersistentVolume {
    pub metadata: Metadata,
    #[serde(deserialize_with = "nullable")]
    pub spec: VolumeSpec,
}

/// A volume's `spec`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct VolumeSpec {
    #[serde(deserialize_with = "nullable")]
    pub node_affinity: VolumeNodeAffinity,
}

/// A volume's `spec.nodeAffinity`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct VolumeNodeAffinity {
    pub required: Option<NodeSelector>,
}

/// A `PersistentVolumeClaim`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct PersistentVolumeClaim {
    pub metadata: Metadata,
    #[serde(deserialize_with = "nullable")]
    pub spec: ClaimSpec,
}

/// A claim's `spec`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "Kubernetes' own field names")]
pub struct ClaimSpec {
    #[serde(deserialize_with = "nullable")]
    pub volume_name: String,
}
