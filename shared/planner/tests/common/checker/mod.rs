//! Works out, from the snapshot and the plan alone, what the cluster will look like, and whether every
//! constraint and the policy hold for what the plan changes.
//!
//! What it forgives is a rule of Kubernetes or of the policy, and says which: mostly that nobody has to
//! mend what was broken before.

mod between;
mod evictions;
mod limits;
mod money;
mod nodes;
mod rules;

pub use rules::{daemon_sets, has, new_node, runs_on, selects_labels, tolerates};

use domain::offering::{Pool, Resources};
use domain::plan::PlanningInput;
use domain::snapshot::{Labels, Node, Pod, Taint};
use planner::{Decision, Target};
use rules::is_workload;
use std::collections::BTreeMap;

/// A node after the plan.
#[derive(Debug, Clone)]
struct After<'a> {
    /// The command and the launch in it, of a node that is new.
    launched: Option<(u32, u32)>,
    name: String,
    pool: Option<Pool>,
    allocatable: Resources,
    labels: Labels,
    taints: Vec<Taint>,
    pods: Vec<&'a Pod>,
    moved: Vec<&'a Pod>,
    is_new: bool,
}

/// Everything that is wrong with a decision; empty if nothing is.
pub fn faults(input: &PlanningInput, decision: &Decision) -> Vec<String> {
    let mut faults = Vec::new();
    let retired: BTreeMap<&str, u32> = decision
        .plan
        .commands
        .iter()
        .flat_map(|command| {
            command.retire.iter().map(|retire| (retire.node.as_str(), command.index))
        })
        .collect();
    let mut pods: Vec<&Pod> = input.snapshot.pods.iter().collect();
    pods.sort_by_key(|pod| (&pod.namespace, &pod.name, &pod.uid));
    let mut fault = |text: String| faults.push(text);
    let moves: BTreeMap<usize, &Target> =
        decision.placements.iter().map(|placement| (placement.pod, &placement.to)).collect();
    if moves.len() != decision.placements.len() {
        fault("a pod is placed twice".to_owned());
    }
    evictions::may_retire(input, &retired, &mut fault);
    let after = after(input, decision, &pods, &moves, &retired, &mut fault);
    let homes: BTreeMap<&str, &Labels> =
        input.snapshot.nodes.iter().map(|node| (node.name.as_str(), &node.labels)).collect();
    let before: Vec<(&Pod, &Labels)> =
        pods.iter().filter_map(|pod| Some((*pod, *homes.get(pod.node.as_deref()?)?))).collect();
    for node in &after {
        nodes::holds(input, node, &mut fault);
        between::terms(node, &after, &before, &mut fault);
    }
    nodes::strangers(input, &after, &mut fault);
    between::spread(&after, &mut fault);
    limits::caps(input, &pods, &after, &mut fault);
    limits::count(input, &after, &mut fault);
    money::money(input, decision, &after, &retired, &mut fault);
    money::choices(input, decision, &after, &mut fault);
    faults
}

fn after<'a>(
    input: &'a PlanningInput,
    decision: &Decision,
    pods: &[&'a Pod],
    moves: &BTreeMap<usize, &Target>,
    retired: &BTreeMap<&str, u32>,
    fault: &mut impl FnMut(String),
) -> Vec<After<'a>> {
    let mut nodes: BTreeMap<Target, After<'a>> = BTreeMap::new();
    for node in input.snapshot.nodes.iter().filter(|node| !retired.contains_key(node.name.as_str()))
    {
        nodes.insert(Target::Node(node.name.clone()), kept(node));
    }
    for command in &decision.plan.commands {
        for (launch_at, launch) in command.launch.iter().enumerate() {
            for number in 0..launch.count {
                let name = format!("new-{}-{launch_at}-{number}", command.index);
                let made = new_node(input, launch, &name);
                let choice = &launch.choices[0];
                if made.allocatable != choice.allocatable {
                    fault(format!("{name} has another allocatable than its type"));
                }
                let target = Target::Launched {
                    command: command.index,
                    launch: launch_at as u32,
                    node: number,
                };
                nodes.insert(
                    target,
                    After {
                        launched: Some((command.index, launch_at as u32)),
                        name,
                        pool: Some(choice.pool.clone()),
                        allocatable: made.allocatable,
                        labels: made.labels,
                        taints: made.taints,
                        pods: Vec::new(),
                        moved: Vec::new(),
                        is_new: true,
                    },
                );
            }
        }
    }
    for (at, pod) in pods.iter().enumerate() {
        let leaves = pod.node.as_deref().and_then(|node| retired.get(node));
        match (moves.get(&at), leaves, &pod.node) {
            (Some(target), leaves, home) => {
                if home.is_some() && leaves.is_none() {
                    fault(format!("{} is moved from a node that stays", pod.name));
                }
                if let (Target::Launched { command, .. }, Some(leaves)) = (target, leaves)
                    && command > leaves
                {
                    fault(format!("{} must leave before its place is launched", pod.name));
                }
                match nodes.get_mut(*target) {
                    Some(node) => {
                        node.pods.push(pod);
                        node.moved.push(pod);
                    }
                    None => fault(format!("{} goes to a node that is not there", pod.name)),
                }
            }
            (None, Some(_), _) if is_workload(pod) => {
                fault(format!("{} is evicted and has no place", pod.name));
            }
            (None, None, Some(home)) => {
                if let Some(node) = nodes.get_mut(&Target::Node(home.clone())) {
                    node.pods.push(pod);
                }
            }
            _ => {}
        }
    }
    // Each `DaemonSet` runs on every new node it selects.
    for pod in daemon_sets(pods.iter().copied()) {
        for node in nodes.values_mut().filter(|node| node.is_new) {
            if runs_on(pod, &node.labels, &node.taints) && has(&node.allocatable, pod) {
                node.pods.push(pod);
            }
        }
    }
    nodes.into_values().collect()
}

fn kept(node: &Node) -> After<'_> {
    After {
        launched: None,
        name: node.name.clone(),
        pool: node.pool(),
        allocatable: node.allocatable.clone(),
        labels: node.labels.clone(),
        taints: node.taints.clone(),
        pods: Vec::new(),
        moved: Vec::new(),
        is_new: false,
    }
}
