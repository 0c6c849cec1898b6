//! A small cluster that carries a plan out command by command, with a scheduler written from
//! kube-scheduler's rules and none of the planner's insides.

use super::checker::{daemon_sets, has, new_node, runs_on, selects_labels, tolerates};
use super::random::Dice;
use super::{HOSTNAME, ZONE};
use domain::Money;
use domain::offering::{Pool, Resources};
use domain::plan::{Plan, PlanningInput};
use domain::snapshot::{ClusterSnapshot, Labels, Node, Pod, PodKind, PodTerm};
use std::collections::BTreeMap;

/// What became of a plan.
#[derive(Debug)]
pub struct CarriedOut {
    /// Cost of the nodes there are in the end.
    pub cost: Money,
    /// Nodes that were to be retired and had to be kept.
    pub kept: Vec<String>,
    /// Pods without a node in the end that had one before.
    pub stranded: Vec<String>,
    /// Evictions, those of pods that were evicted before included.
    pub evictions: usize,
    /// The cluster in the end.
    pub then: ClusterSnapshot,
}

/// How the scheduler chooses among nodes that will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scoring {
    /// `LeastAllocated`, and distance from siblings.
    LeastAllocated,
    /// The same and `BalancedAllocation`.
    Balanced,
    /// Any node that will do.
    Chance,
}

struct World<'a> {
    nodes: Vec<Node>,
    /// Pods and the place of their node.
    pods: Vec<(&'a Pod, Option<usize>)>,
    scoring: Scoring,
    dice: Dice,
    evictions: usize,
}

/// Carries a plan out as `domain::execution` would.
pub fn carry_out(input: &PlanningInput, plan: &Plan, scoring: Scoring, seed: u64) -> CarriedOut {
    let nodes = input.snapshot.nodes.clone();
    let place = |pod: &Pod| nodes.iter().position(|node| Some(&node.name) == pod.node.as_ref());
    // What is ending has ended before the first drain.
    let lasting =
        |pod: &&Pod| !pod.terminating || matches!(pod.kind, PodKind::DaemonSet | PodKind::Mirror);
    let pods = input.snapshot.pods.iter().filter(lasting).map(|pod| (pod, place(pod))).collect();
    let mut world = World { nodes, pods, scoring, dice: Dice::new(seed), evictions: 0 };
    let before = world.waiting();
    let mut kept = Vec::new();
    for command in &plan.commands {
        for (at, launch) in command.launch.iter().enumerate() {
            for number in 0..launch.count {
                let name = format!("new-{}-{at}-{number}", command.index);
                world.launch(new_node(input, launch, &name));
            }
        }
        world.schedule();
        let retired: Vec<usize> =
            command.retire.iter().map(|retire| world.named(&retire.node)).collect();
        for node in &retired {
            world.nodes[*node].unschedulable = true;
        }
        let mut stop = false;
        for node in retired {
            stop = stop || world.waiting().iter().any(|name| !before.contains(name));
            if stop {
                world.nodes[node].unschedulable = false;
                kept.push(world.nodes[node].name.clone());
                continue;
            }
            world.drain(node);
        }
        world.schedule();
        if stop {
            break;
        }
    }
    let price = |node: &Node| node.pool().and_then(|pool: Pool| input.market.price(&pool));
    // What was ending before is in the cost before as well.
    let ending = |node: &Node| input.snapshot.nodes.iter().any(|known| known == node);
    let paid = |node: &Node| !node.terminating || ending(node);
    let mut then =
        ClusterSnapshot { nodes: Vec::new(), pods: Vec::new(), ..input.snapshot.clone() };
    for (number, (pod, node)) in world.pods.iter().enumerate() {
        if node.is_some() || pod.kind.is_evictable() {
            let mut pod = (*pod).clone();
            pod.node = node.map(|node| world.nodes[node].name.clone());
            pod.ready = pod.node.is_some();
            if pod.kind == PodKind::DaemonSet {
                pod.name = format!("{}-{number}", pod.name);
            }
            then.pods.push(pod);
        }
    }
    then.nodes.extend(world.nodes.iter().filter(|node| !node.terminating).cloned());
    CarriedOut {
        then,
        cost: world.nodes.iter().filter(|node| paid(node)).filter_map(price).sum(),
        kept,
        stranded: world.waiting().into_iter().filter(|name| !before.contains(name)).collect(),
        evictions: world.evictions,
    }
}

impl<'a> World<'a> {
    fn named(&self, name: &str) -> usize {
        self.nodes.iter().position(|node| node.name == name).unwrap()
    }

    fn waiting(&self) -> Vec<String> {
        let waits = |pod: &&(&Pod, Option<usize>)| pod.1.is_none() && pod.0.kind.is_evictable();
        self.pods.iter().filter(waits).map(|pod| pod.0.name.clone()).collect()
    }

    /// A node comes, and with it a pod of each `DaemonSet` that selects it.
    fn launch(&mut self, node: Node) {
        let at = self.nodes.len();
        let sets = daemon_sets(self.pods.iter().map(|(pod, _)| *pod));
        let runs = sets
            .filter(|pod| runs_on(pod, &node.labels, &node.taints) && has(&node.allocatable, pod));
        let runs: Vec<&'a Pod> = runs.collect();
        self.pods.extend(runs.into_iter().map(|pod| (pod, Some(at))));
        self.nodes.push(node);
    }

    fn drain(&mut self, node: usize) {
        let mut evicted: Vec<usize> = (0..self.pods.len())
            .filter(|at| self.pods[*at].1 == Some(node) && self.pods[*at].0.kind.is_evictable())
            .collect();
        for at in (1..evicted.len()).rev() {
            evicted.swap(at, self.dice.roll(at as u64 + 1) as usize);
        }
        self.evictions += evicted.len();
        for at in evicted {
            self.pods[at].1 = None;
            self.place(at);
        }
        self.nodes[node].terminating = true;
        for pod in self.pods.iter_mut().filter(|pod| pod.1 == Some(node)) {
            pod.1 = None;
        }
    }

    /// Every pod that waits is looked at.
    fn schedule(&mut self) {
        for at in 0..self.pods.len() {
            if self.pods[at].1.is_none() && self.pods[at].0.kind.is_evictable() {
                self.place(at);
            }
        }
    }

    fn place(&mut self, at: usize) {
        let pod = self.pods[at].0;
        let free = self.free();
        let mut best: Option<(i64, u64, usize)> = None;
        for (place, free) in free.iter().enumerate() {
            if self.admits(pod, at, place, free) {
                let score = (self.score(pod, place, free), self.dice.roll(1_000), place);
                best = best.max(Some(score));
            }
        }
        self.pods[at].1 = best.map(|best| best.2);
    }

    fn free(&self) -> Vec<Resources> {
        let mut used = vec![Resources::default(); self.nodes.len()];
        for (pod, node) in &self.pods {
            if let Some(node) = node {
                used[*node].add(&pod.requests);
            }
        }
        let nodes = self.nodes.iter().zip(&used);
        nodes.map(|(node, used)| node.allocatable.saturating_sub(used)).collect()
    }

    fn admits(&self, pod: &Pod, at: usize, place: usize, free: &Resources) -> bool {
        let node = &self.nodes[place];
        let others = || {
            let others = self.pods.iter().enumerate().filter(move |(other, _)| *other != at);
            others.filter_map(|(_, (pod, node))| Some((*pod, (*node)?)))
        };
        let here = || others().filter(|other| other.1 == place);
        let shares = |key: &str, other: usize| {
            let domain = node.labels.get(key);
            domain.is_some() && self.nodes[other].labels.get(key) == domain
        };
        let named = |labels: &Labels| {
            let mut labels = labels.clone();
            labels.insert("metadata.name".to_owned(), node.name.clone());
            labels
        };
        node.ready
            && !node.unschedulable
            && !node.terminating
            && free.covers(&pod.requests)
            && tolerates(pod, &node.taints)
            && selects_labels(pod, &node.labels)
            && (pod.node_affinity.is_empty()
                || pod.node_affinity.iter().any(|term| {
                    term.requirements.iter().all(|asked| asked.matches(&named(&node.labels)))
                }))
            && (pod.volume_zone.is_none() || pod.volume_zone == node.zone)
            && !here()
                .any(|(other, _)| other.host_ports.iter().any(|port| pod.host_ports.contains(port)))
            && !pod.anti_affinity.iter().any(|term| {
                others().any(|(other, on)| means(term, other) && shares(&term.topology_key, on))
            })
            && !others().any(|(other, on)| {
                other
                    .anti_affinity
                    .iter()
                    .any(|term| means(term, pod) && shares(&term.topology_key, on))
            })
            && pod.affinity.iter().all(|term| {
                let alone = means(term, pod) && !others().any(|(other, _)| means(term, other));
                alone
                    || others()
                        .any(|(other, on)| means(term, other) && shares(&term.topology_key, on))
            })
            && pod.topology_spread.iter().filter(|spread| spread.required).all(|spread| {
                let Some(domain) = node.labels.get(&spread.topology_key) else { return false };
                let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
                for node in self.nodes.iter().filter(|node| !node.terminating) {
                    if selects_labels(pod, &node.labels) {
                        let domain = node.labels.get(&spread.topology_key);
                        counts.entry(domain.map_or("", String::as_str)).or_default();
                    }
                }
                for (other, on) in others() {
                    let domain = self.nodes[on].labels.get(&spread.topology_key);
                    if other.namespace == pod.namespace
                        && !other.terminating
                        && spread.selector.matches(&other.labels)
                        && let Some(count) = domain.and_then(|name| counts.get_mut(name.as_str()))
                    {
                        *count += 1;
                    }
                }
                let enough = spread.min_domains.is_none_or(|least| counts.len() >= least as usize);
                let least = counts.values().min().filter(|_| enough).copied().unwrap_or(0);
                let itself = u32::from(spread.selector.matches(&pod.labels));
                counts.get(domain.as_str()).unwrap_or(&0) + itself <= least + spread.max_skew
            })
    }

    fn score(&self, pod: &Pod, place: usize, free: &Resources) -> i64 {
        let node = &self.nodes[place];
        let left = |free: u64, asked: u64, all: u64| {
            (free.saturating_sub(asked) * 100).checked_div(all).unwrap_or(0) as i64
        };
        let cpu = left(free.cpu_milli, pod.requests.cpu_milli, node.allocatable.cpu_milli);
        let memory = left(free.memory_mib, pod.requests.memory_mib, node.allocatable.memory_mib);
        let siblings = |key: &str| {
            let domain = node.labels.get(key);
            let near = self.pods.iter().filter(|(other, on)| {
                other.owner.is_some()
                    && other.owner == pod.owner
                    && on.is_some_and(|on| self.nodes[on].labels.get(key) == domain)
            });
            near.count() as i64
        };
        let preferred: i64 = pod
            .preferred_node_affinity
            .iter()
            .filter(|(_, term)| term.requirements.iter().all(|asked| asked.matches(&node.labels)))
            .map(|(weight, _)| i64::from(*weight))
            .sum();
        let spread = i64::midpoint(cpu, memory) + 2 * preferred
            - 25 * siblings(HOSTNAME)
            - 8 * siblings(ZONE);
        match self.scoring {
            Scoring::LeastAllocated => spread,
            Scoring::Balanced => spread + 100 - (cpu - memory).abs() / 2,
            Scoring::Chance => 0,
        }
    }
}

fn means(term: &PodTerm, pod: &Pod) -> bool {
    (term.namespaces.is_empty() || term.namespaces.contains(&pod.namespace))
        && term.selector.matches(&pod.labels)
}
