//! What a cluster looks like at one moment, in the scheduler's terms.
//!
//! The agent uploads it, `report` reads it from a `kubectl get … -o json` dump, and the planner
//! decides on it. Both makers use the same conversion (`kubernetes::snapshot`), so that a dump and a
//! live cluster count alike.

use crate::finding::Finding;
use crate::offering::{Architecture, CapacityType, Pool, Resources};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A cluster at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSnapshot {
    /// When the lists were read.
    pub taken_at: Timestamp,
    /// Sorted by name.
    pub nodes: Vec<Node>,
    /// Sorted by namespace and name. Finished pods are left out: they hold nothing.
    pub pods: Vec<Pod>,
    /// Sorted by kind, namespace and name.
    pub workloads: Vec<Workload>,
    /// Sorted by namespace and name.
    pub disruption_budgets: Vec<DisruptionBudget>,
    /// What could not be read or is odd in itself.
    pub findings: Vec<Finding>,
}

/// Labels or annotations.
pub type Labels = BTreeMap<String, String>;

/// Who made a node and may replace it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NodeManager {
    /// An EKS managed node group (label `eks.amazonaws.com/nodegroup`).
    ManagedNodeGroup {
        /// The group's name.
        name: String,
    },
    /// Karpenter (label `karpenter.sh/nodepool`).
    Karpenter {
        /// The `NodePool`'s name.
        node_pool: String,
    },
    /// EKS Auto Mode (label `eks.amazonaws.com/compute-type: auto`).
    AutoMode,
    /// AWS Fargate: one pod, no node to speak of.
    Fargate,
    /// An EC2 instance of a plain Auto Scaling group, or of nobody.
    SelfManaged,
    /// Not an EC2 instance.
    OtherCloud,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The Node object's name.
    pub name: String,
    /// From `spec.providerID`: `i-0123…`.
    pub instance_id: Option<String>,
    /// From label `node.kubernetes.io/instance-type`.
    pub instance_type: Option<String>,
    /// From label `topology.kubernetes.io/zone`.
    pub zone: Option<String>,
    /// From the labels of EKS or Karpenter; absent where none says.
    pub capacity_type: Option<CapacityType>,
    /// From label `kubernetes.io/arch`.
    pub architecture: Option<Architecture>,
    /// Who made it.
    pub manager: NodeManager,
    /// When the Node object was made.
    pub created_at: Timestamp,
    /// Condition `Ready` is `True`.
    pub ready: bool,
    /// Cordoned.
    pub unschedulable: bool,
    /// Being deleted.
    pub terminating: bool,
    /// `karpenter.sh/do-not-disrupt` or the autoscaler's `scale-down-disabled`.
    pub do_not_disrupt: bool,
    /// What pods may use.
    pub allocatable: Resources,
    /// All labels.
    pub labels: Labels,
    /// All taints, the cordon's own included.
    pub taints: Vec<Taint>,
}

impl Node {
    /// Its pool, where type, zone and capacity type are all known. A node of EKS or EC2 that says
    /// nothing of its capacity type is on-demand: every Spot provisioner labels its nodes.
    pub fn pool(&self) -> Option<Pool> {
        Some(Pool {
            instance_type: self.instance_type.clone()?,
            zone: self.zone.clone()?,
            capacity_type: self.capacity_type.unwrap_or(CapacityType::OnDemand),
        })
    }
}

/// A taint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value, empty where there is none.
    #[serde(default)]
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: TaintEffect,
}

/// What a taint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TaintEffect {
    /// Keeps new pods away.
    NoSchedule,
    /// Makes new pods prefer other nodes.
    PreferNoSchedule,
    /// Also evicts the pods there are.
    NoExecute,
}

/// A toleration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Toleration {
    /// Absent with `exists` tolerates every key.
    pub key: Option<String>,
    /// The value to equal; absent is operator `Exists`.
    pub value: Option<String>,
    /// Absent tolerates every effect.
    pub effect: Option<TaintEffect>,
}

impl Toleration {
    /// Whether this tolerates `taint`, by the scheduler's rule.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && self.key.as_ref().is_none_or(|key| *key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }
}

/// Whether every taint that keeps pods away is tolerated.
pub fn tolerated(tolerations: &[Toleration], taints: &[Taint]) -> bool {
    taints
        .iter()
        .filter(|taint| taint.effect != TaintEffect::PreferNoSchedule)
        .all(|taint| tolerations.iter().any(|toleration| toleration.tolerates(taint)))
}

/// A controller by kind, namespace and name, such as `Deployment default/web`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkloadRef {
    /// Such as `Deployment`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl std::fmt::Display for WorkloadRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// A controller that makes pods: the topmost one there is (a Deployment, not its `ReplicaSet`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// Which.
    #[serde(flatten)]
    pub reference: WorkloadRef,
    /// Replicas asked for; absent where the kind has none (`DaemonSet`, `Job`).
    pub replicas: Option<u32>,
    /// Replicas ready.
    pub ready: u32,
}

/// A pod that holds a place or waits for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// The node it is bound to; absent while pending.
    pub node: Option<String>,
    /// Condition `Ready` is `True`.
    pub ready: bool,
    /// Being deleted.
    pub terminating: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// What the scheduler counts: containers, sidecars, the largest init container, overhead; `pods` is 1.
    pub requests: Resources,
    /// The topmost controller.
    pub owner: Option<WorkloadRef>,
    /// Why it can or can not be moved.
    pub kind: PodKind,
    /// All labels.
    pub labels: Labels,
    /// Priority; 2 000 000 000 and above is system-critical.
    pub priority: i32,
    /// Architectures its images are known to support; empty is unknown.
    #[serde(default)]
    pub architectures: Vec<Architecture>,
    /// `spec.nodeSelector`.
    #[serde(default)]
    pub node_selector: Labels,
    /// Required node affinity: any one term suffices; empty asks nothing.
    #[serde(default)]
    pub node_affinity: Vec<NodeSelectorTerm>,
    /// Preferred node affinity with weights 1–100.
    #[serde(default)]
    pub preferred_node_affinity: Vec<(i32, NodeSelectorTerm)>,
    /// Tolerations.
    #[serde(default)]
    pub tolerations: Vec<Toleration>,
    /// Topology spread constraints.
    #[serde(default)]
    pub topology_spread: Vec<TopologySpread>,
    /// Required pod affinity.
    #[serde(default)]
    pub affinity: Vec<PodTerm>,
    /// Required pod anti-affinity.
    #[serde(default)]
    pub anti_affinity: Vec<PodTerm>,
    /// The zone its volumes are in, where they are zonal. A pod with a persistent volume whose zone
    /// is not known is given the zone it runs in.
    #[serde(default)]
    pub volume_zone: Option<String>,
    /// Host ports it binds, at most one pod per node each.
    #[serde(default)]
    pub host_ports: Vec<u16>,
    /// Its own `karpenter.sh/do-not-disrupt` or `safe-to-evict: "false"`.
    #[serde(default)]
    pub do_not_disrupt: bool,
    /// An `emptyDir` or `hostPath` that an eviction loses.
    #[serde(default)]
    pub local_storage: bool,
    /// `spec.terminationGracePeriodSeconds`.
    pub grace_seconds: u32,
    /// What it asks that no other field can say: the pod then stays where it is.
    #[serde(default)]
    pub unsupported: Vec<String>,
}

impl Pod {
    /// `pod/namespace/name`.
    pub fn subject(&self) -> String {
        format!("pod/{}/{}", self.namespace, self.name)
    }

    /// Whether a node meets its selector and its required affinity.
    pub fn selects(&self, node: &Node) -> bool {
        self.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
            && (self.node_affinity.is_empty()
                || self
                    .node_affinity
                    .iter()
                    .any(|term| term.matches(Some(&node.name), &node.labels)))
    }
}

/// What kind of pod, for draining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PodKind {
    /// Made by a controller that will make it again elsewhere.
    Replicated,
    /// Of a `DaemonSet`: belongs to its node.
    DaemonSet,
    /// Of the kubelet itself (`kubernetes.io/config.mirror`): belongs to its node.
    Mirror,
    /// Of no controller: it will not come back.
    Bare,
}

impl PodKind {
    /// Whether a drain evicts it, rather than leaving it to go with its node.
    pub const fn is_evictable(self) -> bool {
        matches!(self, Self::Replicated | Self::Bare)
    }
}

/// Key under which node affinity may ask for a node's name.
pub const NODE_NAME: &str = "metadata.name";

/// One term of node affinity: all requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeSelectorTerm {
    /// On labels (and, with key [`NODE_NAME`], on the node's name).
    pub requirements: Vec<Requirement>,
}

impl NodeSelectorTerm {
    /// Whether a node meets it, by the scheduler's rule: a term without requirements matches nothing. One
    /// that is yet to be launched has no name.
    pub fn matches(&self, name: Option<&str>, labels: &Labels) -> bool {
        let meets = |asked: &Requirement| {
            let value = labels.get(&asked.key).map(String::as_str);
            asked.allows(if asked.key == NODE_NAME { name } else { value })
        };
        !self.requirements.is_empty() && self.requirements.iter().all(meets)
    }
}

/// A requirement on one label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Requirement {
    /// Label key.
    pub key: String,
    /// Operator.
    pub operator: Operator,
    /// Values; one integer for `Gt` and `Lt`, none for `Exists` and `DoesNotExist`.
    #[serde(default)]
    pub values: Vec<String>,
}

impl Requirement {
    /// Whether `labels` meet this, by the API machinery's rule.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.allows(labels.get(&self.key).map(String::as_str))
    }

    fn allows(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|known| known == value);
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        let limit = || number(self.values.first().map(String::as_str));
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => {
                matches!((number(value), limit()), (Some(have), Some(limit)) if have > limit)
            }
            Operator::Lt => {
                matches!((number(value), limit()), (Some(have), Some(limit)) if have < limit)
            }
        }
    }
}

/// Operators of requirements and label selectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Operator {
    /// The label's value is one of the values.
    In,
    /// The label is absent or its value is none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// The label's integer is greater.
    Gt,
    /// The label's integer is less.
    Lt,
}

/// A label selector: all requirements hold. No requirement selects everything; where Kubernetes has
/// an absent selector that selects nothing, the field is an `Option`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LabelSelector {
    /// `matchLabels` come first, as `In` of one value.
    pub requirements: Vec<Requirement>,
}

impl LabelSelector {
    /// Whether it selects `labels`.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|requirement| requirement.matches(labels))
    }
}

/// A topology spread constraint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopologySpread {
    /// Most pods one domain may have above the emptiest.
    pub max_skew: u32,
    /// Such as `topology.kubernetes.io/zone`.
    pub topology_key: String,
    /// `DoNotSchedule`; otherwise `ScheduleAnyway`.
    pub required: bool,
    /// Which pods are counted; `matchLabelKeys` are resolved into it.
    pub selector: LabelSelector,
    /// Fewest domains that must exist.
    #[serde(default)]
    pub min_domains: Option<u32>,
}

/// A required term of pod affinity or anti-affinity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodTerm {
    /// Such as `kubernetes.io/hostname`.
    pub topology_key: String,
    /// Which pods.
    pub selector: LabelSelector,
    /// In which namespaces; empty is every namespace.
    pub namespaces: Vec<String>,
}

/// A `PodDisruptionBudget`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisruptionBudget {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Which pods of its namespace; absent selects none.
    pub selector: Option<LabelSelector>,
    /// `status.disruptionsAllowed`.
    pub disruptions_allowed: u32,
    /// By its spec it can never allow one: `maxUnavailable` 0, or as many asked to be available as
    /// there are.
    pub never_allows: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(operator: Operator, values: &[&str]) -> Requirement {
        let values = values.iter().map(ToString::to_string).collect();
        Requirement { key: "size".to_owned(), operator, values }
    }

    #[test]
    fn requirements_follow_the_api_machinery() {
        let labels = Labels::from([("size".to_owned(), "8".to_owned())]);
        let none = Labels::new();
        let holds = |operator, values: &[&str]| {
            let asked = requirement(operator, values);
            (asked.matches(&labels), asked.matches(&none))
        };
        assert_eq!(holds(Operator::In, &["8"]), (true, false));
        assert_eq!(holds(Operator::NotIn, &["8"]), (false, true));
        assert_eq!(holds(Operator::NotIn, &["9"]), (true, true));
        assert_eq!(holds(Operator::Exists, &[]), (true, false));
        assert_eq!(holds(Operator::DoesNotExist, &[]), (false, true));
        assert_eq!(holds(Operator::Gt, &["7"]), (true, false));
        assert_eq!(holds(Operator::Lt, &["9"]), (true, false));
        assert_eq!(holds(Operator::Lt, &["x"]), (false, false));
    }

    #[test]
    fn a_toleration_without_a_key_tolerates_everything() {
        let taint =
            Taint { key: "a".to_owned(), value: "b".to_owned(), effect: TaintEffect::NoExecute };
        let all = Toleration { key: None, value: None, effect: None };
        let other = Toleration { effect: Some(TaintEffect::NoSchedule), ..all.clone() };
        assert!(all.tolerates(&taint));
        assert!(!other.tolerates(&taint));
    }
}
