//! What is known of each pod, once for all.

use super::affinity::Affinity;
use super::{NAMED, RESOURCES, vector};
use crate::packing::Size;
use domain::offering::Architecture;
use domain::plan::PlanningInput;
use domain::snapshot::{Node, Pod, PodKind, TopologySpread, WorkloadRef};
use std::collections::BTreeMap;

/// Pods by their place in the snapshot, and what they have to do with each other.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) affinity: Affinity,
    pub(crate) sizes: Vec<Size<RESOURCES>>,
    /// Number of each pod's workload.
    pub(crate) workload_of: Vec<u32>,
    pub(crate) workloads: Vec<WorkloadRef>,
    pub(crate) replicas: Vec<u32>,
    /// By workload: `ScheduleAnyway` over zones.
    pub(crate) wish_zones: Vec<bool>,
    /// Place of each pod's node in the snapshot.
    pub(crate) node_of: Vec<Option<u32>>,
    /// Pods on each node.
    pub(crate) on_node: Vec<Vec<u32>>,
    /// Architecture of each node, as far as known.
    pub(crate) architectures: Vec<Option<Architecture>>,
    /// The pod asks for an extended resource that is not weighed.
    pub(crate) unweighed: Vec<bool>,
}

impl Facts {
    pub(crate) fn new(input: &PlanningInput, extended: &[String]) -> Self {
        let snapshot = &input.snapshot;
        let places: BTreeMap<&str, u32> = snapshot
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (node.name.as_str(), at as u32))
            .collect();
        let node_of: Vec<Option<u32>> =
            snapshot.pods.iter().map(|pod| places.get(pod.node.as_deref()?).copied()).collect();
        let mut on_node = vec![Vec::new(); snapshot.nodes.len()];
        for (pod, node) in node_of.iter().enumerate() {
            if let Some(node) = node {
                on_node[*node as usize].push(pod as u32);
            }
        }
        let mut numbers: BTreeMap<WorkloadRef, u32> = BTreeMap::new();
        for pod in &snapshot.pods {
            numbers.entry(workload_of(pod)).or_insert(0);
        }
        for (at, number) in numbers.values_mut().enumerate() {
            *number = at as u32;
        }
        let workload_of: Vec<u32> =
            snapshot.pods.iter().map(|pod| numbers[&workload_of(pod)]).collect();
        let wishes = |spread: &TopologySpread| {
            !spread.required && spread.topology_key == super::affinity::ZONE
        };
        let mut wish_zones = vec![false; numbers.len()];
        let mut replicas = vec![0; numbers.len()];
        for (pod, workload) in snapshot.pods.iter().zip(&workload_of) {
            wish_zones[*workload as usize] |= pod.topology_spread.iter().any(wishes);
            if pod.kind.is_evictable() && !pod.terminating {
                replicas[*workload as usize] += 1;
            }
        }
        Self {
            affinity: Affinity::new(input),
            sizes: snapshot.pods.iter().map(|pod| vector(&pod.requests, extended)).collect(),
            workload_of,
            workloads: numbers.into_keys().collect(),
            replicas,
            wish_zones,
            node_of,
            on_node,
            architectures: snapshot.nodes.iter().map(|node| architecture(input, node)).collect(),
            unweighed: snapshot
                .pods
                .iter()
                .map(|pod| {
                    pod.requests.extended.len() > RESOURCES - NAMED
                        || pod.requests.extended.keys().any(|name| !extended.contains(name))
                })
                .collect(),
        }
    }
}

/// A pod's workload: its topmost controller, or itself.
pub(crate) fn workload_of(pod: &Pod) -> WorkloadRef {
    pod.owner.clone().unwrap_or_else(|| WorkloadRef {
        kind: "Pod".to_owned(),
        namespace: pod.namespace.clone(),
        name: pod.name.clone(),
    })
}

/// Whether a pod is of those that a plan moves or finds a place for.
pub(crate) fn is_workload(pod: &Pod) -> bool {
    !pod.terminating && matches!(pod.kind, PodKind::Replicated | PodKind::Bare)
}

fn architecture(input: &PlanningInput, node: &Node) -> Option<Architecture> {
    node.architecture.or_else(|| {
        let name = node.instance_type.as_ref()?;
        Some(input.market.types.get(name)?.architecture)
    })
}
