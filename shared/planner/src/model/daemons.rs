//! `DaemonSet`s: what runs on every new node that they select.

use super::pods::workload_of;
use super::sites::Demand;
use super::{RESOURCES, vector};
use crate::packing::Size;
use domain::offering::Resources;
use domain::plan::PlanningInput;
use domain::snapshot::{PodKind, WorkloadRef};
use std::collections::BTreeMap;

/// A `DaemonSet` as one of its pods shows it.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) pod: u32,
    pub(crate) size: Size<RESOURCES>,
    pub(crate) requests: Resources,
    pub(crate) demand: Demand,
}

/// Every `DaemonSet`, by its largest pod.
pub(crate) fn daemons(input: &PlanningInput, extended: &[String]) -> Vec<Daemon> {
    let mut largest: BTreeMap<WorkloadRef, (Size<RESOURCES>, u32)> = BTreeMap::new();
    for (at, pod) in input.snapshot.pods.iter().enumerate() {
        if pod.kind == PodKind::DaemonSet {
            let size = vector(&pod.requests, extended);
            let known = largest.entry(workload_of(pod)).or_insert((size, at as u32));
            if size > known.0 {
                *known = (size, at as u32);
            }
        }
    }
    largest
        .into_values()
        .map(|(size, at)| {
            let pod = &input.snapshot.pods[at as usize];
            let mut node_affinity = pod.node_affinity.clone();
            // Its controller ties each pod to its node by name.
            for term in &mut node_affinity {
                term.requirements.retain(|asked| asked.key != "metadata.name");
            }
            node_affinity.retain(|term| !term.requirements.is_empty());
            Daemon {
                pod: at,
                size,
                requests: pod.requests.clone(),
                demand: Demand {
                    node_selector: pod.node_selector.clone(),
                    node_affinity,
                    tolerations: pod.tolerations.clone(),
                    architectures: pod.architectures.clone(),
                    zone: None,
                },
            }
        })
        .collect()
}
