//! What one node holds: room, selectors, taints, volumes, architecture.

use super::super::ZONE;
use super::After;
use super::rules::{affine, selects_labels, tolerates};
use domain::offering::Resources;
use domain::plan::PlanningInput;
use domain::snapshot::{Labels, Pod};
use std::collections::BTreeSet;

/// Resources, headroom, selectors, taints, architecture, volumes.
pub fn holds(input: &PlanningInput, node: &After<'_>, fault: &mut impl FnMut(String)) {
    // Where nothing goes, nothing is asked: a node may be as full as it was.
    if node.moved.is_empty() && !node.is_new {
        return;
    }
    let mut used = Resources::default();
    for pod in &node.pods {
        used.add(&pod.requests);
    }
    let mut room = node.allocatable.clone();
    let keep = u64::from(100 - input.policy.headroom_percent);
    room.cpu_milli = room.cpu_milli * keep / 100;
    room.memory_mib = room.memory_mib * keep / 100;
    if !room.covers(&used) {
        fault(format!("{} is too full: {used:?} in {room:?}", node.name));
    }
    for pod in &node.moved {
        if !affine(pod, &node.name, &node.labels) || !selects_labels(pod, &node.labels) {
            fault(format!("{} does not select {}", pod.name, node.name));
        }
        if !tolerates(pod, &node.taints) {
            fault(format!("{} does not tolerate {}", pod.name, node.name));
        }
        if pod.volume_zone.is_some() && pod.volume_zone.as_ref() != node.labels.get(ZONE) {
            fault(format!("{} is cut off from its volume on {}", pod.name, node.name));
        }
        if !runs(input, pod, arch(&node.labels)) {
            fault(format!("{} cannot run on {}", pod.name, node.name));
        }
    }
}

fn arch(labels: &Labels) -> Option<&str> {
    labels.get("kubernetes.io/arch").map(String::as_str)
}

/// Whether a pod's image runs there: as it says; else where it runs now; else, of a pod that has not run
/// yet, on what the cluster has, if it has any node.
fn runs(input: &PlanningInput, pod: &Pod, here: Option<&str>) -> bool {
    if !pod.architectures.is_empty() {
        return pod.architectures.iter().any(|known| Some(known.as_str()) == here);
    }
    let nodes = &input.snapshot.nodes;
    match nodes.iter().find(|node| Some(&node.name) == pod.node.as_ref()) {
        Some(home) => arch(&home.labels) == here,
        None => nodes.is_empty() || nodes.iter().any(|node| arch(&node.labels) == here),
    }
}

/// No pod that moves could be put onto a launched node of an architecture it does not run on: the
/// scheduler looks at no image. Where it could have been put onto such a node before, the plan does not
/// make that worse.
pub fn strangers(input: &PlanningInput, after: &[After<'_>], fault: &mut impl FnMut(String)) {
    for pod in after.iter().flat_map(|node| &node.moved) {
        let lands = |name: &str, labels: &Labels, taints: &[domain::snapshot::Taint]| {
            selects_labels(pod, labels)
                && affine(pod, name, labels)
                && tolerates(pod, taints)
                && pod.volume_zone.as_ref().is_none_or(|zone| labels.get(ZONE) == Some(zone))
        };
        let nodes = input.snapshot.nodes.iter();
        let before: BTreeSet<Option<&str>> = nodes
            .filter(|node| lands(&node.name, &node.labels, &node.taints))
            .map(|node| arch(&node.labels))
            .collect();
        for node in after.iter().filter(|node| node.is_new) {
            let here = arch(&node.labels);
            if lands(&node.name, &node.labels, &node.taints)
                && !runs(input, pod, here)
                && !before.contains(&here)
            {
                fault(format!("{} may land on {} and not run", pod.name, node.name));
            }
        }
    }
}
