//! That random clusters, which the properties rest on, hold every kind of constraint and limit, and that
//! it matters there: that without it another plan is made.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::random::cluster;
use domain::offering::CapacityType;
use domain::plan::PlanningInput;
use domain::policy::{NodeTemplate, Policy};
use domain::snapshot::{Pod, PodKind, TaintEffect};
use planner::plan;

const CLUSTERS: u64 = 1_500;
/// Clusters with a feature that are planned for without it.
const TRIED: usize = 40;

/// What takes a feature out of a cluster; a cluster that is none the different has not got it.
type Without = fn(&mut PlanningInput);

fn pods(input: &mut PlanningInput, change: impl Fn(&mut Pod)) {
    input.snapshot.pods.iter_mut().for_each(change);
}

fn taints(input: &mut PlanningInput, effect: TaintEffect) {
    for node in &mut input.snapshot.nodes {
        node.taints.retain(|taint| taint.effect != effect);
    }
}

const FEATURES: [(&str, Without); 37] = [
    ("pods per node", |input| {
        for node in &mut input.snapshot.nodes {
            node.allocatable.pods = node.allocatable.pods.max(29);
        }
    }),
    ("prefix delegation", |input| {
        for node in &mut input.snapshot.nodes {
            if node.allocatable.pods == 110 && node.instance_type.as_deref() != Some("m5.4xlarge") {
                node.allocatable.pods = 29;
            }
        }
    }),
    ("ephemeral storage", |input| pods(input, |pod| pod.requests.ephemeral_mib = 0)),
    ("extended resources", |input| pods(input, |pod| pod.requests.extended.clear())),
    ("DaemonSets", |input| input.snapshot.pods.retain(|pod| pod.kind != PodKind::DaemonSet)),
    ("node selectors", |input| pods(input, |pod| pod.node_selector.clear())),
    ("required node affinity", |input| pods(input, |pod| pod.node_affinity.clear())),
    ("preferred node affinity", |input| pods(input, |pod| pod.preferred_node_affinity.clear())),
    ("taints NoSchedule", |input| taints(input, TaintEffect::NoSchedule)),
    ("taints NoExecute", |input| taints(input, TaintEffect::NoExecute)),
    ("tolerations", |input| pods(input, |pod| pod.tolerations.clear())),
    ("images' architectures", |input| pods(input, |pod| pod.architectures.clear())),
    ("spread over zones or nodes", |input| {
        pods(input, |pod| pod.topology_spread.retain(|spread| !spread.required));
    }),
    ("fewest domains", |input| {
        pods(input, |pod| {
            pod.topology_spread.iter_mut().for_each(|spread| spread.min_domains = None);
        });
    }),
    ("pod affinity", |input| pods(input, |pod| pod.affinity.clear())),
    ("pod anti-affinity", |input| pods(input, |pod| pod.anti_affinity.clear())),
    ("namespaces", |input| pods(input, |pod| "default".clone_into(&mut pod.namespace))),
    ("volumes' zones", |input| pods(input, |pod| pod.volume_zone = None)),
    ("host ports", |input| pods(input, |pod| pod.host_ports.clear())),
    ("disruption budgets", |input| input.snapshot.disruption_budgets.clear()),
    // What is down itself lacks no other.
    ("StatefulSets that are not all up", |input| {
        pods(input, |pod| {
            pod.ready &= pod.owner.as_ref().is_none_or(|owner| owner.kind != "StatefulSet");
        });
    }),
    ("do-not-disrupt pods", |input| pods(input, |pod| pod.do_not_disrupt = false)),
    ("do-not-disrupt nodes", |input| {
        input.snapshot.nodes.iter_mut().for_each(|node| node.do_not_disrupt = false);
    }),
    ("bare pods", |input| {
        pods(input, |pod| {
            if pod.kind == PodKind::Bare {
                pod.kind = PodKind::Replicated;
            }
        });
    }),
    ("local storage", |input| pods(input, |pod| pod.local_storage = false)),
    ("unsupported constraints", |input| pods(input, |pod| pod.unsupported.clear())),
    ("terminating pods", |input| input.snapshot.pods.retain(|pod| !pod.terminating)),
    ("cordoned nodes", |input| {
        input.snapshot.nodes.iter_mut().for_each(|node| node.unschedulable = false);
    }),
    ("Spot nodes", |input| {
        for node in &mut input.snapshot.nodes {
            node.capacity_type = Some(CapacityType::OnDemand);
        }
    }),
    ("share of Spot", |input| input.policy.spot_percent = 100),
    ("base on-demand", |input| input.policy.on_demand_base = 0),
    ("limits on single workloads", |input| input.policy.workloads.clear()),
    ("caps on Spot", |input| {
        let most = Policy {
            max_pool_percent: 100,
            max_family_percent: 100,
            max_zone_percent: 100,
            max_workload_pool_percent: 100,
            ..input.policy.clone()
        };
        input.policy = most;
    }),
    ("headroom", |input| input.policy.headroom_percent = 0),
    ("fewest or most nodes", |input| {
        input.template.min_nodes = 0;
        input.template.max_nodes = None;
    }),
    ("machines and zones", |input| {
        let NodeTemplate { architectures, min_nodes, max_nodes, .. } = input.template.clone();
        input.template =
            NodeTemplate { architectures, min_nodes, max_nodes, ..NodeTemplate::default() };
    }),
    ("coverage", |input| input.covered_vcpus.clear()),
];

#[test]
fn random_clusters_hold_every_constraint_and_limit_and_it_matters() {
    let clusters: Vec<PlanningInput> = (0..CLUSTERS).map(cluster).collect();
    let mut rare = Vec::new();
    for (name, without) in FEATURES {
        let pairs = clusters.iter().filter_map(|input| {
            let mut other = input.clone();
            without(&mut other);
            (other != *input).then_some((input, other))
        });
        let pairs: Vec<_> = pairs.collect();
        let tried = pairs.iter().take(TRIED);
        let matters = tried.filter(|(input, other)| plan(input).commands != plan(other).commands);
        let (there, matters) = (pairs.len(), matters.count());
        println!("{name:28} in {there:4} clusters, matters in {matters:2} of {}", there.min(TRIED));
        if there < TRIED || matters < 3 {
            rare.push(name);
        }
    }
    assert!(rare.is_empty(), "{rare:?}");
}
