//! The scheduler's rules for one pod and one node, and what a launched node will be.

use super::super::{HOSTNAME, ZONE};
use domain::offering::{CapacityType, Resources};
use domain::plan::{Launch, PlanningInput};
use domain::snapshot::{Labels, Node, NodeManager, Pod, PodKind, Taint, TaintEffect};
use std::collections::BTreeMap;

/// Of those that a plan moves: what is ending moves no more, and what belongs to a node goes with it.
pub fn is_workload(pod: &Pod) -> bool {
    !pod.terminating && matches!(pod.kind, PodKind::Replicated | PodKind::Bare)
}

pub fn selects_labels(pod: &Pod, labels: &Labels) -> bool {
    pod.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Required node affinity; a term may ask for the node's name, and one without requirements matches
/// nothing.
pub fn affine(pod: &Pod, name: &str, labels: &Labels) -> bool {
    let mut labels = labels.clone();
    labels.insert("metadata.name".to_owned(), name.to_owned());
    pod.node_affinity.is_empty()
        || pod.node_affinity.iter().any(|term| {
            !term.requirements.is_empty()
                && term.requirements.iter().all(|asked| asked.matches(&labels))
        })
}

pub fn tolerates(pod: &Pod, taints: &[Taint]) -> bool {
    taints
        .iter()
        .filter(|taint| taint.effect != TaintEffect::PreferNoSchedule)
        .all(|taint| pod.tolerations.iter().any(|toleration| toleration.tolerates(taint)))
}

/// Whether a `DaemonSet`, one of whose pods this is, has a pod on such a node. Its controller ties each
/// pod to its node by name.
pub fn runs_on(pod: &Pod, labels: &Labels, taints: &[Taint]) -> bool {
    let by_name = |key: &str| key == "metadata.name";
    let selected = pod.node_affinity.is_empty()
        || pod.node_affinity.iter().any(|term| {
            let asked = term.requirements.iter().filter(|asked| !by_name(&asked.key));
            asked.into_iter().all(|asked| asked.matches(labels))
        });
    selected && selects_labels(pod, labels) && tolerates(pod, taints)
}

/// Whether a node has the extended resources that a pod asks for; without them it waits for good.
pub fn has(allocatable: &Resources, pod: &Pod) -> bool {
    let have = |name: &String| allocatable.extended.get(name).copied().unwrap_or(0);
    pod.requests.extended.iter().all(|(name, asked)| have(name) >= *asked)
}

/// One pod of each `DaemonSet`, of those that do not end the one that asks for most.
pub fn daemon_sets<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> impl Iterator<Item = &'a Pod> {
    let mut sets: BTreeMap<String, &'a Pod> = BTreeMap::new();
    let lasting = |pod: &&Pod| pod.kind == PodKind::DaemonSet && !pod.terminating;
    for pod in pods.into_iter().filter(lasting) {
        let largest = sets.entry(pod.owner.as_ref().unwrap().to_string()).or_insert(pod);
        if pod.requests > largest.requests {
            *largest = pod;
        }
    }
    sets.into_values()
}

/// What pods may use of a new node of a type. Where all nodes of managed node groups have more pods than
/// their type has addresses for, the network gives out prefixes, and EKS allows 110 pods or 250.
pub fn allocatable(input: &PlanningInput, instance_type: &str) -> Resources {
    let made = &input.market.types[instance_type];
    let ceiling = |vcpu: u32| if vcpu < 30 { 110 } else { 250 };
    let mut telling = input.snapshot.nodes.iter().filter_map(|node| {
        let made = input.market.types.get(node.instance_type.as_ref()?)?;
        let managed = matches!(node.manager, NodeManager::ManagedNodeGroup { .. });
        let tells = managed && made.generation() >= 5 && made.max_pods < ceiling(made.vcpu);
        tells.then_some(node.allocatable.pods > u64::from(made.max_pods))
    });
    let prefixes = telling.next() == Some(true) && telling.all(|beyond| beyond);
    let mut room = made.allocatable();
    let addresses = if prefixes && made.generation() >= 5 { u32::MAX } else { made.max_pods };
    room.pods = u64::from(addresses.min(ceiling(made.vcpu)));
    room
}

/// A launched node as it will join, were it in one of the launch's pools.
pub fn node_in(
    input: &PlanningInput,
    launch: &Launch,
    pool: &domain::offering::Pool,
    name: &str,
) -> Node {
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
        allocatable: allocatable(input, &pool.instance_type),
        labels,
        taints: launch.taints.clone(),
    }
}

/// A launched node in the pool that was chosen.
pub fn new_node(input: &PlanningInput, launch: &Launch, name: &str) -> Node {
    node_in(input, launch, &launch.choices[0].pool, name)
}
