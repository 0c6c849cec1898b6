//! A Node: what it is, who made it, what it has.

use super::requests::allocatable;
use crate::object::{self, Metadata};
use domain::offering::{Architecture, CapacityType};
use domain::snapshot::{Node, NodeManager};
use jiff::{SignedDuration, Timestamp};

/// Converts a node as it is at `taken_at`.
pub fn convert(node: &object::Node, taken_at: Timestamp) -> Node {
    let metadata = &node.metadata;
    let label = |key: &str| metadata.labels.get(key).cloned();
    Node {
        name: metadata.name.clone(),
        instance_id: instance_id(&node.spec.provider_id),
        instance_type: label("node.kubernetes.io/instance-type")
            .or_else(|| label("beta.kubernetes.io/instance-type")),
        zone: label("topology.kubernetes.io/zone")
            .or_else(|| label("failure-domain.beta.kubernetes.io/zone")),
        capacity_type: capacity_type(metadata),
        architecture: label("kubernetes.io/arch").and_then(|name| match name.as_str() {
            "amd64" => Some(Architecture::Amd64),
            "arm64" => Some(Architecture::Arm64),
            _ => None,
        }),
        manager: manager(node),
        created_at: metadata.creation_timestamp.unwrap_or(taken_at),
        ready: object::has_condition(&node.status.conditions, "Ready"),
        unschedulable: node.spec.unschedulable,
        terminating: metadata.deletion_timestamp.is_some(),
        do_not_disrupt: asks_not_to_be_disrupted(metadata, taken_at)
            || metadata.annotated("cluster-autoscaler.kubernetes.io/scale-down-disabled", "true"),
        allocatable: allocatable(&node.status.allocatable),
        labels: metadata.labels.clone(),
        taints: node.spec.taints.clone(),
    }
}

/// The instance in `aws:///us-east-1a/i-0123…`.
fn instance_id(provider_id: &str) -> Option<String> {
    let last = provider_id.strip_prefix("aws://")?.rsplit('/').next()?;
    last.starts_with("i-").then(|| last.to_owned())
}

fn manager(node: &object::Node) -> NodeManager {
    let labels = &node.metadata.labels;
    let provider = node.spec.provider_id.as_str();
    let compute = labels.get("eks.amazonaws.com/compute-type").map(String::as_str);
    if compute == Some("fargate") {
        return NodeManager::Fargate;
    }
    if compute == Some("auto") {
        return NodeManager::AutoMode;
    }
    let karpenter = ["karpenter.sh/nodepool", "karpenter.sh/provisioner-name"];
    if let Some(node_pool) = karpenter.iter().find_map(|key| labels.get(*key)) {
        return NodeManager::Karpenter { node_pool: node_pool.clone() };
    }
    if let Some(name) = labels.get("eks.amazonaws.com/nodegroup") {
        return NodeManager::ManagedNodeGroup { name: name.clone() };
    }
    // A node that has not yet been given its provider id still carries EKS's labels.
    let of_eks = labels.keys().any(|key| key.starts_with("eks.amazonaws.com/"));
    if provider.starts_with("aws://") || (provider.is_empty() && of_eks) {
        NodeManager::SelfManaged
    } else {
        NodeManager::OtherCloud
    }
}

fn capacity_type(metadata: &Metadata) -> Option<CapacityType> {
    let keys = [
        "eks.amazonaws.com/capacityType",
        "karpenter.sh/capacity-type",
        "node.kubernetes.io/lifecycle",
    ];
    let value = keys.iter().find_map(|key| metadata.labels.get(*key))?;
    match value.to_ascii_lowercase().replace('_', "-").as_str() {
        "spot" => Some(CapacityType::Spot),
        "on-demand" | "normal" => Some(CapacityType::OnDemand),
        _ => None,
    }
}

/// Karpenter's `do-not-disrupt`: `true`, or for how long after its making (`4h`).
pub(super) fn asks_not_to_be_disrupted(metadata: &Metadata, now: Timestamp) -> bool {
    let Some(value) = metadata.annotations.get("karpenter.sh/do-not-disrupt") else {
        return metadata.annotated("karpenter.sh/do-not-evict", "true");
    };
    match (value.parse::<SignedDuration>(), metadata.creation_timestamp) {
        (Ok(duration), Some(created)) => now.duration_since(created) < duration,
        _ => value == "true",
    }
}
