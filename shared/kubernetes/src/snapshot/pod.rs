//! A Pod: what it asks, and whether it can be moved.

use super::constraints::{
    node_affinity, pod_terms, preferred_node_affinity, tolerations, topology_spread,
};
use super::node::asks_not_to_be_disrupted;
use super::owner::Owners;
use super::requests::requests;
use super::storage::{Place, Volumes, has_local_storage};
use crate::object;
use domain::snapshot::{Node, Pod, PodKind};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What else of a cluster is needed to convert one of its pods.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Controllers of controllers.
    pub owners: &'a Owners,
    /// Where volumes are.
    pub volumes: &'a Volumes,
    /// Nodes by name.
    pub nodes: &'a BTreeMap<String, Node>,
    /// The moment.
    pub taken_at: Timestamp,
}

/// Converts a pod that is not finished.
pub fn convert(pod: &object::Pod, context: &Context<'_>) -> Pod {
    let object::Pod { metadata, spec, .. } = pod;
    let mut unsupported = Vec::new();
    let node = spec.node_name.clone().filter(|name| !name.is_empty());
    let (affinity, anti_affinity) = pod_terms(metadata, spec, &mut unsupported);
    let node_affinity = node_affinity(spec, &mut unsupported);
    let topology_spread = topology_spread(metadata, spec, &mut unsupported);
    let zone_of_node =
        node.as_ref().and_then(|name| context.nodes.get(name)).and_then(|node| node.zone.clone());
    let volume_zone = volume_zone(pod, context.volumes, zone_of_node, &mut unsupported);
    unsupported.extend(other_demands(spec));
    Pod {
        namespace: metadata.namespace.clone(),
        name: metadata.name.clone(),
        uid: metadata.uid.clone(),
        node,
        ready: pod.has_condition("Ready"),
        terminating: metadata.deletion_timestamp.is_some(),
        created_at: metadata.creation_timestamp.unwrap_or(context.taken_at),
        requests: requests(pod),
        owner: context.owners.topmost(metadata),
        kind: kind(pod),
        labels: metadata.labels.clone(),
        priority: spec.priority,
        architectures: Vec::new(),
        node_selector: spec.node_selector.clone(),
        node_affinity,
        preferred_node_affinity: preferred_node_affinity(spec),
        tolerations: tolerations(spec),
        topology_spread,
        affinity,
        anti_affinity,
        volume_zone,
        host_ports: host_ports(spec),
        do_not_disrupt: asks_not_to_be_disrupted(metadata, context.taken_at)
            || metadata.annotated("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
        local_storage: has_local_storage(pod),
        grace_seconds: spec.termination_grace_period_seconds.unwrap_or(30),
        unsupported,
    }
}

fn kind(pod: &object::Pod) -> PodKind {
    if pod.metadata.annotations.contains_key("kubernetes.io/config.mirror") {
        return PodKind::Mirror;
    }
    match pod.metadata.controller() {
        None => PodKind::Bare,
        Some(owner) if owner.kind == "DaemonSet" => PodKind::DaemonSet,
        Some(_) => PodKind::Replicated,
    }
}

/// The zone a pod's volumes hold it in: theirs where known, else the one it runs in.
fn volume_zone(
    pod: &object::Pod,
    volumes: &Volumes,
    zone_of_node: Option<String>,
    unsupported: &mut Vec<String>,
) -> Option<String> {
    let mut zone = None;
    for place in volumes.of_pod(pod) {
        match place {
            Some(Place::Anywhere) => {}
            Some(Place::Zone(name)) => zone = Some(name),
            Some(Place::Elsewhere) => unsupported.push("a volume bound to its node".to_owned()),
            None => zone = zone.or_else(|| zone_of_node.clone()),
        }
    }
    zone
}

fn host_ports(spec: &object::PodSpec) -> Vec<u16> {
    let containers = spec.containers.iter().chain(&spec.init_containers);
    let ports = containers.flat_map(|container| &container.ports);
    let mut ports: Vec<u16> =
        ports.filter_map(|port| port.host_port).filter(|port| *port > 0).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn other_demands(spec: &object::PodSpec) -> Vec<String> {
    let mut demands = Vec::new();
    if !spec.scheduling_gates.is_empty() {
        demands.push("a scheduling gate".to_owned());
    }
    if !spec.resource_claims.is_empty() {
        demands.push("a dynamic resource claim".to_owned());
    }
    if let Some(scheduler) = &spec.scheduler_name
        && scheduler != "default-scheduler"
    {
        demands.push(format!("the scheduler {scheduler}"));
    }
    demands
}
