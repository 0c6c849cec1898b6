//! Works out, from the snapshot and the plan alone, what the cluster will look like, and whether every
//! constraint and the policy hold for what the plan changes.

use super::{HOSTNAME, ZONE};
use domain::Money;
use domain::offering::{CapacityType, Pool, Resources, family_of};
use domain::plan::{Launch, PlanningInput, StayReason};
use domain::snapshot::{Labels, Node, NodeManager, Pod, PodKind, Taint, TaintEffect};
use planner::{Decision, Target};
use std::collections::{BTreeMap, BTreeSet};

/// A node after the plan.
#[derive(Debug, Clone)]
struct After<'a> {
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
    may_retire(input, &retired, &mut fault);
    let after = after(input, decision, &pods, &moves, &retired, &mut fault);
    let homes: BTreeMap<&str, &Labels> =
        input.snapshot.nodes.iter().map(|node| (node.name.as_str(), &node.labels)).collect();
    let before: Vec<(&Pod, &Labels)> =
        pods.iter().filter_map(|pod| Some((*pod, *homes.get(pod.node.as_deref()?)?))).collect();
    for node in &after {
        node_holds(input, node, &mut fault);
        between_pods(node, &after, &before, &mut fault);
    }
    spread(input, &pods, &after, &mut fault);
    caps(input, &pods, &after, &mut fault);
    money(input, decision, &after, &retired, &mut fault);
    choices(input, decision, &mut fault);
    faults
}

fn is_workload(pod: &Pod) -> bool {
    !pod.terminating && matches!(pod.kind, PodKind::Replicated | PodKind::Bare)
}

fn may_retire(
    input: &PlanningInput,
    retired: &BTreeMap<&str, u32>,
    fault: &mut impl FnMut(String),
) {
    for node in input.snapshot.nodes.iter().filter(|node| retired.contains_key(node.name.as_str()))
    {
        let known = node.pool().is_some_and(|pool| {
            input.market.types.contains_key(&pool.instance_type)
                && input.market.price(&pool).is_some()
        });
        let ours =
            matches!(node.manager, NodeManager::ManagedNodeGroup { .. } | NodeManager::SelfManaged);
        if !known
            || !ours
            || !node.ready
            || node.terminating
            || node.do_not_disrupt
            || node.instance_id.is_none()
        {
            fault(format!("{} may not be retired", node.name));
        }
        let age = input.now.duration_since(node.created_at).as_secs();
        if age < i64::from(input.policy.cooldown_minutes) * 60 {
            fault(format!("{} is too young", node.name));
        }
        for pod in input
            .snapshot
            .pods
            .iter()
            .filter(|pod| pod.node.as_deref() == Some(&node.name) && is_workload(pod))
        {
            let budgets: Vec<_> = input
                .snapshot
                .disruption_budgets
                .iter()
                .filter(|budget| {
                    budget.namespace == pod.namespace
                        && budget
                            .selector
                            .as_ref()
                            .is_some_and(|selector| selector.matches(&pod.labels))
                })
                .collect();
            if pod.do_not_disrupt
                || (pod.kind == PodKind::Bare && !input.policy.evict_bare_pods)
                || (pod.local_storage && !input.policy.evict_local_storage)
                || !pod.unsupported.is_empty()
                || budgets.len() > 1
                || budgets
                    .iter()
                    .any(|budget| budget.never_allows || budget.disruptions_allowed == 0)
            {
                fault(format!("{} may not be evicted from {}", pod.name, node.name));
            }
        }
    }
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
    daemons(pods, &mut nodes);
    let nodes: Vec<After<'a>> = nodes.into_values().collect();
    strangers(input, decision, &nodes, fault);
    nodes
}

/// No moved pod could be put onto a launched node of an architecture it may not run on, unless it
/// could be put onto one before.
fn strangers(
    input: &PlanningInput,
    decision: &Decision,
    nodes: &[After<'_>],
    fault: &mut impl FnMut(String),
) {
    let arch = |labels: &Labels| labels.get("kubernetes.io/arch").cloned();
    let moved: BTreeSet<usize> = decision.placements.iter().map(|moved| moved.pod).collect();
    let mut pods: Vec<&Pod> = input.snapshot.pods.iter().collect();
    pods.sort_by_key(|pod| (&pod.namespace, &pod.name, &pod.uid));
    for pod in moved.iter().map(|at| pods[*at]) {
        let home = input.snapshot.nodes.iter().find(|node| Some(&node.name) == pod.node.as_ref());
        let Some(home) = home else { continue };
        let runs = |here: &Option<String>| {
            if pod.architectures.is_empty() {
                *here == arch(&home.labels)
            } else {
                pod.architectures.iter().any(|known| here.as_deref() == Some(known.as_str()))
            }
        };
        let before: BTreeSet<Option<String>> = input
            .snapshot
            .nodes
            .iter()
            .filter(|node| selects_labels(pod, &node.labels) && tolerates(pod, &node.taints))
            .map(|node| arch(&node.labels))
            .collect();
        for node in nodes.iter().filter(|node| node.is_new) {
            let here = arch(&node.labels);
            let lands = selects_labels(pod, &node.labels)
                && pod.node_affinity.is_empty()
                && tolerates(pod, &node.taints)
                && pod.volume_zone.as_ref().is_none_or(|zone| node.labels.get(ZONE) == Some(zone));
            if lands && !runs(&here) && !before.contains(&here) {
                fault(format!("{} may land on {} and not run", pod.name, node.name));
            }
        }
    }
}

fn kept(node: &Node) -> After<'_> {
    After {
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

/// Each `DaemonSet` runs on every new node it selects.
fn daemons<'a>(pods: &[&'a Pod], nodes: &mut BTreeMap<Target, After<'a>>) {
    let mut seen = BTreeSet::new();
    for pod in pods.iter().filter(|pod| pod.kind == PodKind::DaemonSet) {
        if !seen.insert(&pod.owner) {
            continue;
        }
        for node in nodes.values_mut().filter(|node| node.is_new) {
            if runs_on(pod, &node.labels, &node.taints) {
                node.pods.push(pod);
            }
        }
    }
}

/// Whether a `DaemonSet`, one of whose pods this is, has a pod on such a node.
pub fn runs_on(pod: &Pod, labels: &Labels, taints: &[Taint]) -> bool {
    let by_name = |key: &str| key == "metadata.name";
    let selected = pod.node_affinity.is_empty()
        || pod.node_affinity.iter().any(|term| {
            let asked = term.requirements.iter().filter(|asked| !by_name(&asked.key));
            asked.into_iter().all(|asked| asked.matches(labels))
        });
    selected && selects_labels(pod, labels) && tolerates(pod, taints)
}

/// A launched node as it will join.
pub fn new_node(input: &PlanningInput, launch: &Launch, name: &str) -> Node {
    let pool = &launch.choices[0].pool;
    let made = &input.market.types[&pool.instance_type];
    let spot = pool.capacity_type == CapacityType::Spot;
    let mut labels = launch.labels.clone();
    for (key, value) in [
        (HOSTNAME, name),
        (ZONE, &pool.zone),
        ("topology.kubernetes.io/region", &input.market.region),
        ("node.kubernetes.io/instance-type", &pool.instance_type),
        ("kubernetes.io/arch", made.architecture.as_str()),
        ("kubernetes.io/os", "linux"),
        ("eks.amazonaws.com/capacityType", if spot { "SPOT" } else { "ON_DEMAND" }),
    ] {
        labels.insert(key.to_owned(), value.to_owned());
    }
    Node {
        name: name.to_owned(),
        instance_id: Some(format!("i-{name}")),
        instance_type: Some(pool.instance_type.clone()),
        zone: Some(pool.zone.clone()),
        capacity_type: Some(pool.capacity_type),
        architecture: Some(made.architecture),
        manager: NodeManager::ManagedNodeGroup {
            name: format!("{}{name}", domain::execution::GROUP_PREFIX),
        },
        created_at: input.now,
        ready: true,
        unschedulable: false,
        terminating: false,
        do_not_disrupt: false,
        allocatable: made.allocatable(),
        labels,
        taints: launch.taints.clone(),
    }
}

pub fn selects_labels(pod: &Pod, labels: &Labels) -> bool {
    pod.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

pub fn tolerates(pod: &Pod, taints: &[Taint]) -> bool {
    taints
        .iter()
        .filter(|taint| taint.effect != TaintEffect::PreferNoSchedule)
        .all(|taint| pod.tolerations.iter().any(|toleration| toleration.tolerates(taint)))
}

/// Resources, headroom, selectors, taints, architecture, volumes.
fn node_holds(input: &PlanningInput, node: &After<'_>, fault: &mut impl FnMut(String)) {
    if node.moved.is_empty() {
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
        let affine = pod.node_affinity.is_empty()
            || pod
                .node_affinity
                .iter()
                .any(|term| term.requirements.iter().all(|asked| asked.matches(&node.labels)));
        if !affine || !selects_labels(pod, &node.labels) {
            fault(format!("{} does not select {}", pod.name, node.name));
        }
        if !tolerates(pod, &node.taints) {
            fault(format!("{} does not tolerate {}", pod.name, node.name));
        }
        if pod.volume_zone.is_some() && pod.volume_zone.as_ref() != node.labels.get(ZONE) {
            fault(format!("{} is cut off from its volume on {}", pod.name, node.name));
        }
        let here = node.labels.get("kubernetes.io/arch").map(String::as_str);
        let before =
            input.snapshot.nodes.iter().find(|known| Some(&known.name) == pod.node.as_ref());
        let can_run = if pod.architectures.is_empty() {
            before.is_none_or(|before| {
                before.labels.get("kubernetes.io/arch").map(String::as_str) == here
            })
        } else {
            pod.architectures.iter().any(|known| Some(known.as_str()) == here)
        };
        if !can_run {
            fault(format!("{} cannot run on {}", pod.name, node.name));
        }
    }
}

/// Host ports, affinity and anti-affinity.
fn between_pods(
    node: &After<'_>,
    all: &[After<'_>],
    before: &[(&Pod, &Labels)],
    fault: &mut impl FnMut(String),
) {
    for pod in &node.moved {
        let others: Vec<&&Pod> = node.pods.iter().filter(|other| other.uid != pod.uid).collect();
        if others
            .iter()
            .any(|other| other.host_ports.iter().any(|port| pod.host_ports.contains(port)))
        {
            fault(format!("{} finds its host port taken on {}", pod.name, node.name));
        }
        let in_domain = |key: &str| -> Vec<&Pod> {
            let domain = node.labels.get(key);
            let nodes =
                all.iter().filter(|other| domain.is_some() && other.labels.get(key) == domain);
            nodes
                .flat_map(|other| &other.pods)
                .copied()
                .filter(|other| other.uid != pod.uid && !other.terminating)
                .collect()
        };
        let chosen = |term: &domain::snapshot::PodTerm, other: &Pod| {
            (term.namespaces.is_empty() || term.namespaces.contains(&other.namespace))
                && term.selector.matches(&other.labels)
        };
        for term in &pod.anti_affinity {
            if in_domain(&term.topology_key).iter().any(|other| chosen(term, other)) {
                fault(format!("{} meets a pod on {} that it avoids", pod.name, node.name));
            }
        }
        for key in [HOSTNAME, ZONE] {
            for other in in_domain(key) {
                if other
                    .anti_affinity
                    .iter()
                    .any(|term| term.topology_key == key && chosen(term, pod))
                {
                    fault(format!("{} meets a pod on {} that avoids it", pod.name, node.name));
                }
            }
        }
        for term in &pod.affinity {
            let everywhere = || {
                all.iter()
                    .flat_map(|node| &node.pods)
                    .any(|other| other.uid != pod.uid && !other.terminating && chosen(term, other))
            };
            let alone = chosen(term, pod) && !everywhere();
            if !alone && !in_domain(&term.topology_key).iter().any(|other| chosen(term, other)) {
                fault(format!("{} is without the pods it needs on {}", pod.name, node.name));
            }
        }
    }
    for pod in node.pods.iter().filter(|pod| node.moved.iter().all(|moved| moved.uid != pod.uid)) {
        for term in &pod.affinity {
            let domain = node.labels.get(&term.topology_key);
            let chosen = |other: &Pod| {
                other.uid != pod.uid
                    && !other.terminating
                    && other.kind != PodKind::DaemonSet
                    && (term.namespaces.is_empty() || term.namespaces.contains(&other.namespace))
                    && term.selector.matches(&other.labels)
            };
            let here = all
                .iter()
                .filter(|other| other.labels.get(&term.topology_key) == domain)
                .flat_map(|other| &other.pods)
                .any(|other| chosen(other));
            let had = before
                .iter()
                .any(|(home, labels)| labels.get(&term.topology_key) == domain && chosen(home));
            if !here && had && !term.selector.matches(&pod.labels) {
                fault(format!("{} loses the pods it needs on {}", pod.name, node.name));
            }
        }
    }
}

/// Skews of constraints that some moved pod owns: within the limit, or no worse than before.
fn spread(
    input: &PlanningInput,
    pods: &[&Pod],
    after: &[After<'_>],
    fault: &mut impl FnMut(String),
) {
    let before: Vec<(&Labels, Vec<&Pod>)> = input
        .snapshot
        .nodes
        .iter()
        .map(|node| {
            (
                &node.labels,
                pods.iter().copied().filter(|pod| pod.node.as_ref() == Some(&node.name)).collect(),
            )
        })
        .collect();
    let then: Vec<(&Labels, Vec<&Pod>)> =
        after.iter().map(|node| (&node.labels, node.pods.clone())).collect();
    let mut checked = BTreeSet::new();
    for pod in after.iter().flat_map(|node| &node.moved) {
        for spread in pod.topology_spread.iter().filter(|spread| spread.required) {
            if !checked.insert((&pod.namespace, spread)) {
                continue;
            }
            // The scheduler looks where it puts a pod that asks: elsewhere others may crowd as they like.
            let skew = |nodes: &[(&Labels, Vec<&Pod>)]| {
                let mut domains: BTreeMap<&String, u32> = BTreeMap::new();
                let mut asking: BTreeSet<&String> = BTreeSet::new();
                for (labels, here) in nodes {
                    let Some(domain) = labels.get(&spread.topology_key) else { continue };
                    if !selects_labels(pod, labels) {
                        continue;
                    }
                    let counted = here.iter().filter(|other| {
                        other.namespace == pod.namespace
                            && !other.terminating
                            && spread.selector.matches(&other.labels)
                    });
                    *domains.entry(domain).or_default() += counted.count() as u32;
                    if here.iter().any(|other| {
                        other.namespace == pod.namespace && other.topology_spread.contains(spread)
                    }) {
                        asking.insert(domain);
                    }
                }
                let most = asking.iter().map(|domain| domains[domain]).max().unwrap_or(0);
                most.saturating_sub(domains.values().min().copied().unwrap_or(0))
            };
            let (was, is) = (skew(&before), skew(&then));
            if is > spread.max_skew.max(was) {
                fault(format!(
                    "{} is spread with skew {is} over {}, was {was}",
                    pod.name, spread.topology_key
                ));
            }
        }
    }
}

/// The policy's limits on Spot, where the plan does not find them broken already.
fn caps(input: &PlanningInput, pods: &[&Pod], after: &[After<'_>], fault: &mut impl FnMut(String)) {
    type Sums = BTreeMap<String, u64>;
    // CPU by cap, node by node.
    type Nodes = BTreeMap<String, Vec<u64>>;
    let sums = |nodes: &mut dyn Iterator<Item = (Pool, Vec<&Pod>)>| -> (Nodes, Sums, u64) {
        let (mut cpu, mut replicas, mut total) = (Nodes::new(), Sums::new(), 0);
        for (pool, here) in nodes.filter(|(pool, _)| pool.capacity_type == CapacityType::Spot) {
            let amount =
                here.iter().filter(|pod| is_workload(pod)).map(|pod| pod.requests.cpu_milli);
            let amount: u64 = amount.sum();
            total += amount;
            for cap in [
                format!("pool {pool}"),
                format!("family {}", family_of(&pool.instance_type)),
                format!("zone {}", pool.zone),
            ] {
                cpu.entry(cap).or_default().push(amount);
            }
            for pod in here.into_iter().filter(|pod| is_workload(pod)) {
                let owner =
                    pod.owner.as_ref().map_or_else(|| pod.name.clone(), ToString::to_string);
                *replicas.entry(format!("{owner} in {pool}")).or_default() += 1;
                *replicas.entry(owner).or_default() += 1;
            }
        }
        (cpu, replicas, total)
    };
    let before = |node: &Node| {
        pods.iter().copied().filter(|pod| pod.node.as_ref() == Some(&node.name)).collect()
    };
    let (old_cpu, old_replicas, old_total) = sums(
        &mut input.snapshot.nodes.iter().filter_map(|node| Some((node.pool()?, before(node)))),
    );
    let (new_cpu, new_replicas, new_total) =
        sums(&mut after.iter().filter_map(|node| Some((node.pool.clone()?, node.pods.clone()))));
    let all: u64 =
        pods.iter().filter(|pod| is_workload(pod)).map(|pod| pod.requests.cpu_milli).sum();
    let policy = &input.policy;
    if new_total * 100 > all * u64::from(policy.spot_percent) && new_total > old_total {
        fault(format!("{new_total} of {all} m CPU on Spot"));
    }
    let zones: BTreeSet<&String> =
        after.iter().filter_map(|node| Some(&node.pool.as_ref()?.zone)).collect();
    let on_offer = input.market.offerings.iter().map(|offering| &offering.pool).filter(|pool| {
        let made = &input.market.types[&pool.instance_type];
        pool.capacity_type == CapacityType::Spot
            && zones.contains(&pool.zone)
            && input.template.architectures.contains(&made.architecture)
            && input.template.categories.contains(made.category())
    });
    let families: BTreeSet<&str> =
        on_offer.clone().map(|pool| family_of(&pool.instance_type)).collect();
    for (cap, nodes) in &new_cpu {
        let (percent, there) = match cap.split(' ').next().unwrap() {
            "pool" => (policy.max_pool_percent, on_offer.clone().count()),
            "family" => (policy.max_family_percent, families.len()),
            _ => (policy.max_zone_percent, zones.len()),
        };
        let percent = u64::from(percent).max(100_u64.div_ceil(there.max(1) as u64));
        let cpu: u64 = nodes.iter().sum();
        let but_one = cpu - nodes.iter().max().unwrap();
        if but_one > 0
            && but_one * 100 >= new_total * percent
            && cpu > old_cpu.get(cap).into_iter().flatten().sum()
        {
            fault(format!("{nodes:?} of {new_total} m CPU on Spot in {cap}"));
        }
    }
    let mut owners: BTreeMap<String, u64> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| is_workload(pod)) {
        *owners
            .entry(pod.owner.as_ref().map_or_else(|| pod.name.clone(), ToString::to_string))
            .or_default() += 1;
    }
    for (owner, replicas) in &owners {
        for (name, lost) in new_replicas
            .range(owner.clone()..)
            .take_while(|(name, _)| name.starts_with(owner.as_str()))
        {
            if lost <= old_replicas.get(name).unwrap_or(&0) {
                continue;
            }
            let most = if name == owner {
                replicas.saturating_sub(u64::from(policy.on_demand_base))
            } else if name[owner.len()..].starts_with(" in ") {
                replicas * u64::from(policy.max_workload_pool_percent) / 100
            } else {
                continue;
            };
            if *lost > most {
                fault(format!("{lost} of {replicas} replicas: {name}"));
            }
        }
    }
}

/// Costs add up, nothing costs more than staying, and the bound is below.
fn money(
    input: &PlanningInput,
    decision: &Decision,
    after: &[After<'_>],
    retired: &BTreeMap<&str, u32>,
    fault: &mut impl FnMut(String),
) {
    let plan = &decision.plan;
    let price = |pool: &Pool| input.market.price(pool).unwrap_or_default();
    let list: Money = after.iter().filter_map(|node| node.pool.as_ref().map(price)).sum();
    let cost = list - paid_anyway(input, after);
    if cost != plan.after.cost_per_hour {
        fault(format!("costs {cost}, says {}", plan.after.cost_per_hour));
    }
    let saved: Money = plan.commands.iter().map(|command| command.saving_per_hour).sum();
    if saved != plan.saving_per_hour() {
        fault(format!("commands save {saved}, the plan {}", plan.saving_per_hour()));
    }
    let pending = input.snapshot.pods.iter().any(|pod| pod.node.is_none() && is_workload(pod));
    if !pending && plan.after.cost_per_hour > plan.before.cost_per_hour {
        fault("costs more than staying".to_owned());
    }
    if plan.lower_bound_per_hour > plan.after.cost_per_hour {
        fault(format!("bound {} above {}", plan.lower_bound_per_hour, plan.after.cost_per_hour));
    }
    let stays: BTreeSet<&str> = plan.stays.iter().map(|stay| stay.node.as_str()).collect();
    for node in &input.snapshot.nodes {
        if stays.contains(node.name.as_str()) == retired.contains_key(node.name.as_str()) {
            fault(format!("{} both stays and goes, or neither", node.name));
        }
    }
    if plan.stays.iter().any(|stay| {
        stay.text.is_empty() || stay.reason == StayReason::Blocked && stay.text.len() < 10
    }) {
        fault("a node stays without a word".to_owned());
    }
}

/// What Reserved Instances and Savings Plans take off the list price of nodes that stay: by name, those
/// of a family until its vCPUs are used up.
fn paid_anyway(input: &PlanningInput, after: &[After<'_>]) -> Money {
    let mut nodes: Vec<&Node> = input.snapshot.nodes.iter().collect();
    nodes.sort_by(|one, other| one.name.cmp(&other.name));
    let mut sum = Money::ZERO;
    for (family, vcpus) in &input.covered_vcpus {
        let mut left = i128::from(*vcpus);
        for pool in nodes.iter().filter_map(|node| Some((&node.name, node.pool()?))) {
            let (name, pool) = pool;
            let on_demand = pool.capacity_type == CapacityType::OnDemand;
            let (Some(made), Some(price)) =
                (input.market.types.get(&pool.instance_type), input.market.price(&pool))
            else {
                continue;
            };
            if on_demand && family_of(&pool.instance_type) == family {
                let vcpu = i128::from(made.vcpu);
                let taken = left.min(vcpu);
                left -= taken;
                if after.iter().any(|node| node.name == *name) {
                    sum += price - price.ratio(vcpu - taken, vcpu);
                }
            }
        }
    }
    sum
}

/// Fallbacks are as large as the choice, suit the same pods, and end on-demand.
fn choices(input: &PlanningInput, decision: &Decision, fault: &mut impl FnMut(String)) {
    for launch in decision.plan.commands.iter().flat_map(|command| &command.launch) {
        let first = &launch.choices[0];
        for choice in &launch.choices {
            if !choice.allocatable.covers(&first.allocatable) {
                fault(format!("{} is smaller than {}", choice.pool, first.pool));
            }
            if input.market.price(&choice.pool) != Some(choice.price_per_hour) {
                fault(format!("{} has another price", choice.pool));
            }
        }
        let pools: BTreeSet<&Pool> = launch.choices.iter().map(|choice| &choice.pool).collect();
        if pools.len() != launch.choices.len() {
            fault("a pool is named twice".to_owned());
        }
    }
}
