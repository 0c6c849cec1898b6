//! The kinds the API server knows.

use serde_json::{Value, json};

/// A kind by its place in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    Nodes,
    Pods,
    Namespaces,
    PersistentVolumes,
    PersistentVolumeClaims,
    PodDisruptionBudgets,
    Deployments,
    ReplicaSets,
    StatefulSets,
    DaemonSets,
    Jobs,
    Leases,
}

const ALL: [Resource; 12] = [
    Resource::Nodes,
    Resource::Pods,
    Resource::Namespaces,
    Resource::PersistentVolumes,
    Resource::PersistentVolumeClaims,
    Resource::PodDisruptionBudgets,
    Resource::Deployments,
    Resource::ReplicaSets,
    Resource::StatefulSets,
    Resource::DaemonSets,
    Resource::Jobs,
    Resource::Leases,
];

impl Resource {
    /// `apiVersion`, plural and kind.
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Nodes => ("v1", "nodes", "Node"),
            Self::Pods => ("v1", "pods", "Pod"),
            Self::Namespaces => ("v1", "namespaces", "Namespace"),
            Self::PersistentVolumes => ("v1", "persistentvolumes", "PersistentVolume"),
            Self::PersistentVolumeClaims => {
                ("v1", "persistentvolumeclaims", "PersistentVolumeClaim")
            }
            Self::PodDisruptionBudgets => {
                ("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget")
            }
            Self::Deployments => ("apps/v1", "deployments", "Deployment"),
            Self::ReplicaSets => ("apps/v1", "replicasets", "ReplicaSet"),
            Self::StatefulSets => ("apps/v1", "statefulsets", "StatefulSet"),
            Self::DaemonSets => ("apps/v1", "daemonsets", "DaemonSet"),
            Self::Jobs => ("batch/v1", "jobs", "Job"),
            Self::Leases => ("coordination.k8s.io/v1", "leases", "Lease"),
        }
    }

    pub(super) const fn api_version(self) -> &'static str {
        self.names().0
    }

    pub(super) const fn plural(self) -> &'static str {
        self.names().1
    }

    pub(super) const fn kind(self) -> &'static str {
        self.names().2
    }

    /// The API group, empty for the core one.
    pub(super) fn group(self) -> &'static str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// The plural with its group, as error messages have it: `deployments.apps`.
    pub(super) fn qualified(self) -> String {
        match self.group() {
            "" => self.plural().to_owned(),
            group => format!("{}.{group}", self.plural()),
        }
    }

    pub(super) fn of_kind(kind: &str) -> Option<Self> {
        ALL.into_iter().find(|resource| resource.kind() == kind)
    }

    pub(super) fn at(api_version: &str, plural: &str) -> Option<Self> {
        let here =
            |resource: &Self| resource.api_version() == api_version && resource.plural() == plural;
        ALL.into_iter().find(here)
    }

    pub(super) const fn is_namespaced(self) -> bool {
        !matches!(self, Self::Nodes | Self::Namespaces | Self::PersistentVolumes)
    }

    /// Whether it has a `/scale`.
    pub(super) const fn is_scalable(self) -> bool {
        matches!(self, Self::Deployments | Self::ReplicaSets | Self::StatefulSets)
    }

    /// Whether its `spec.template` is a pod template that is acted on.
    pub(super) const fn makes_pods(self) -> bool {
        self.is_scalable() || matches!(self, Self::DaemonSets)
    }

    /// Fills in what the API server would.
    pub(super) fn default_fields(self, object: &mut Value) {
        object["apiVersion"] = json!(self.api_version());
        object["kind"] = json!(self.kind());
        if self.is_scalable() && object["spec"]["replicas"].is_null() {
            object["spec"]["replicas"] = json!(1);
        }
        if object["status"].is_null() && self != Self::Leases {
            object["status"] = json!({});
        }
    }
}
