//! A Pod, as far as the scheduler and a drain look at it.

use super::{Condition, LabelSelector, Metadata, Requirement, nullable};
use crate::quantity::Quantity;
use domain::snapshot::{Labels, TaintEffect};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Amounts by resource name.
pub type ResourceList = BTreeMap<String, Quantity>;

macro_rules! objects {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        #[allow(missing_docs, reason = "Kubernetes' own field names")]
        pub struct $name {
            $($(#[$field_meta])* #[serde(deserialize_with = "nullable")] pub $field: $type,)*
        }
    )*};
}

objects! {
    /// A Pod.
    Pod {
        metadata: Metadata,
        spec: PodSpec,
        status: PodStatus,
    }
    /// `spec`.
    PodSpec {
        node_name: Option<String>,
        containers: Vec<Container>,
        init_containers: Vec<Container>,
        resources: ResourceRequirements,
        overhead: ResourceList,
        node_selector: Labels,
        affinity: Affinity,
        tolerations: Vec<Toleration>,
        topology_spread_constraints: Vec<TopologySpreadConstraint>,
        volumes: Vec<Volume>,
        priority: i32,
        scheduler_name: Option<String>,
        scheduling_gates: Vec<Present>,
        resource_claims: Vec<Present>,
        termination_grace_period_seconds: Option<u32>,
    }
    /// A container.
    Container {
        name: String,
        resources: ResourceRequirements,
        ports: Vec<ContainerPort>,
        restart_policy: Option<String>,
    }
    /// `resources`.
    ResourceRequirements {
        requests: ResourceList,
        limits: ResourceList,
    }
    /// An entry of `ports`.
    ContainerPort {
        host_port: Option<u16>,
    }
    /// `affinity`.
    Affinity {
        node_affinity: NodeAffinity,
        pod_affinity: PodAffinity,
        pod_anti_affinity: PodAffinity,
    }
    /// `nodeAffinity`.
    NodeAffinity {
        required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
        preferred_during_scheduling_ignored_during_execution: Vec<PreferredTerm>,
    }
    /// A node selector.
    NodeSelector {
        node_selector_terms: Vec<NodeSelectorTerm>,
    }
    /// One alternative of a node selector.
    NodeSelectorTerm {
        match_expressions: Vec<Requirement>,
        match_fields: Vec<Requirement>,
    }
    /// A preferred term.
    PreferredTerm {
        weight: i32,
        preference: NodeSelectorTerm,
    }
    /// `podAffinity` or `podAntiAffinity`; what is only preferred is not read.
    PodAffinity {
        required_during_scheduling_ignored_during_execution: Vec<PodAffinityTerm>,
    }
    /// A required term.
    PodAffinityTerm {
        topology_key: String,
        label_selector: Option<LabelSelector>,
        namespaces: Vec<String>,
        namespace_selector: Option<LabelSelector>,
        match_label_keys: Vec<String>,
        mismatch_label_keys: Vec<String>,
    }
    /// A toleration.
    Toleration {
        key: Option<String>,
        operator: Option<String>,
        value: Option<String>,
        effect: Option<TaintEffect>,
    }
    /// A topology spread constraint.
    TopologySpreadConstraint {
        max_skew: u32,
        topology_key: String,
        when_unsatisfiable: String,
        label_selector: Option<LabelSelector>,
        match_label_keys: Vec<String>,
        min_domains: Option<u32>,
        node_affinity_policy: Option<String>,
        node_taints_policy: Option<String>,
    }
    /// A volume, by what it is made of.
    Volume {
        name: String,
        empty_dir: Option<Present>,
        host_path: Option<Present>,
        persistent_volume_claim: Option<ClaimSource>,
        ephemeral: Option<Present>,
        aws_elastic_block_store: Option<Present>,
    }
    /// `persistentVolumeClaim`.
    ClaimSource {
        claim_name: String,
    }
    /// `status`.
    PodStatus {
        phase: String,
        conditions: Vec<Condition>,
        container_statuses: Vec<ContainerStatus>,
        init_container_statuses: Vec<ContainerStatus>,
    }
    /// An entry of `containerStatuses`: what a resize in place has not yet taken away.
    ContainerStatus {
        name: String,
        resources: ResourceRequirements,
        allocated_resources: ResourceList,
    }
}

/// Something of which only its presence counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl Pod {
    /// Succeeded or failed: it holds nothing any more.
    pub fn is_finished(&self) -> bool {
        matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether a condition is `True`.
    pub fn has_condition(&self, kind: &str) -> bool {
        has_condition(&self.status.conditions, kind)
    }
}

/// Whether a condition is `True`.
pub(crate) fn has_condition(conditions: &[Condition], kind: &str) -> bool {
    conditions.iter().any(|condition| condition.r#type == kind && condition.status == "True")
}
