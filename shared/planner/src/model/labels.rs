//! Labels and taints of new nodes: those that EKS gives them, and those of node groups there are that
//! some pod asks about.

use super::affinity::{HOSTNAME, ZONE};
use super::sites::Register;
use domain::offering::{Architecture, CapacityType, Pool};
use domain::plan::PlanningInput;
use domain::snapshot::{Labels, NodeManager, Taint};
use std::collections::BTreeSet;

/// Labels and taints that new nodes take over from nodes there are.
pub(crate) type Profile = (Labels, Vec<Taint>);

/// Labels that a node of a managed node group will have.
pub(crate) fn node_labels(pool: &Pool, arch: Architecture, region: &str, own: &Labels) -> Labels {
    let capacity = match pool.capacity_type {
        CapacityType::Spot => "SPOT",
        CapacityType::OnDemand => "ON_DEMAND",
    };
    let mut labels = own.clone();
    for (keys, value) in [
        (&["kubernetes.io/arch", "beta.kubernetes.io/arch"][..], arch.as_str()),
        (&["kubernetes.io/os", "beta.kubernetes.io/os"], "linux"),
        (
            &["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"],
            &pool.instance_type,
        ),
        (&[ZONE, "failure-domain.beta.kubernetes.io/zone"], &pool.zone),
        (&["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"], region),
        (&["eks.amazonaws.com/capacityType"], capacity),
        // Some name that no pod asks for.
        (&[HOSTNAME], "a-new-node"),
    ] {
        for key in keys {
            labels.insert((*key).to_owned(), value.to_owned());
        }
    }
    labels
}

/// Sets of labels and taints: none, and those of each node that some pod asks about.
pub(crate) fn profiles(input: &PlanningInput, sites: &Register<'_>) -> BTreeSet<Profile> {
    let mut profiles = BTreeSet::from([(Labels::new(), Vec::new())]);
    for node in &input.snapshot.nodes {
        if !matches!(node.manager, NodeManager::ManagedNodeGroup { .. } | NodeManager::SelfManaged)
        {
            continue;
        }
        let labels = node
            .labels
            .iter()
            .filter(|(key, _)| sites.keys.contains(key.as_str()) && is_custom(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut taints: Vec<Taint> = node
            .taints
            .iter()
            .filter(|taint| is_custom(&taint.key) && !is_transient(&taint.key))
            .cloned()
            .collect();
        taints.sort();
        profiles.insert((labels, taints));
    }
    profiles
}

/// Not a label that Kubernetes, EKS or a provisioner sets and owns.
fn is_custom(key: &str) -> bool {
    let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
    let owned = [
        "kubernetes.io",
        "k8s.io",
        "eks.amazonaws.com",
        "karpenter.sh",
        "karpenter.k8s.aws",
        "eksctl.io",
    ];
    !owned.iter().any(|owner| {
        prefix == *owner || prefix.strip_suffix(owner).is_some_and(|rest| rest.ends_with('.'))
    })
}

/// A taint that says what happens to one node, not what its group is for.
fn is_transient(key: &str) -> bool {
    key.contains("ToBeDeleted")
        || key.contains("DeletionCandidate")
        || key.contains("spot-optimizer")
}
