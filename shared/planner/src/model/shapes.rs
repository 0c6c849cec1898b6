//! Shapes: the new nodes that may be launched, with what is left in them for pods.

use super::affinity::ZONE;
use super::nodes::{headroom, take};
use super::pods::{Facts, workload_of};
use super::sites::{Demand, Register, Site};
use super::{RESOURCES, vector};
use crate::packing::{Size, Tally};
use domain::Money;
use domain::offering::{Architecture, CapacityType, InstanceType, Offering, Pool, Resources};
use domain::plan::PlanningInput;
use domain::policy::Policy;
use domain::snapshot::{Labels, Node, NodeManager, PodKind, Taint, WorkloadRef};
use std::collections::{BTreeMap, BTreeSet};

/// A new node that may be launched.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) pool: Pool,
    pub(crate) price: Money,
    pub(crate) estimated: bool,
    pub(crate) spot: bool,
    /// Interruptions a month, ppm.
    pub(crate) interruption_ppm: u32,
    /// What pods may use of it, as its kubelet will say.
    pub(crate) allocatable: Resources,
    /// What its `DaemonSet` pods take.
    pub(crate) daemons: Resources,
    /// Room for pods, headroom and `DaemonSet`s taken off.
    pub(crate) room: Size<RESOURCES>,
    /// What the scheduler counts as free of a new one: it knows of no headroom.
    pub(crate) spare: Size<RESOURCES>,
    pub(crate) labels: Labels,
    pub(crate) taints: Vec<Taint>,
    pub(crate) site: u32,
    pub(crate) tallies: Vec<Tally>,
    /// In a zone that the plan launches in; others only count for the bound.
    pub(crate) launchable: bool,
}

/// A `DaemonSet` as one of its pods shows it.
#[derive(Debug)]
pub(crate) struct Daemon {
    pod: u32,
    size: Size<RESOURCES>,
    requests: Resources,
    demand: Demand,
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

/// Labels and taints that new nodes take over from nodes there are.
type Profile = (Labels, Vec<Taint>);

/// Every shape the template allows.
pub(crate) fn shapes(
    input: &PlanningInput,
    facts: &Facts,
    sites: &mut Register<'_>,
    daemons: &[Daemon],
    extended: &[String],
) -> Vec<Shape> {
    let zones = zones(input);
    let offerings: Vec<(&Offering, &InstanceType)> = input
        .market
        .offerings
        .iter()
        .filter(|offering| offering.price_per_hour > Money::ZERO)
        .filter_map(|offering| {
            let made = input.market.types.get(&offering.pool.instance_type)?;
            let zone = &offering.pool.zone;
            let allowed = input.template.allows(made)
                && (input.template.zones.is_empty() || input.template.zones.contains(zone));
            allowed.then_some((offering, made))
        })
        .collect();
    let by_type_matters = sites.keys.iter().any(|key| key.contains("instance-type"));
    let mut shapes = Vec::new();
    for (labels, taints) in profiles(input, sites) {
        let mut here: Vec<Shape> = offerings
            .iter()
            .map(|(offering, made)| {
                shape(
                    input,
                    offering,
                    made,
                    (&labels, &taints),
                    daemons,
                    facts,
                    sites,
                    extended,
                    &zones,
                )
            })
            .filter(|shape| shape.room[0] > 0 && shape.room[1] > 0 && shape.room[2] > 0)
            .collect();
        if !by_type_matters {
            here = undominated(here, input);
        }
        shapes.append(&mut here);
    }
    shapes
}

#[expect(clippy::too_many_arguments, reason = "one call, each a different kind of fact")]
fn shape(
    input: &PlanningInput,
    offering: &Offering,
    made: &InstanceType,
    (labels, taints): (&Labels, &[Taint]),
    daemons: &[Daemon],
    facts: &Facts,
    sites: &mut Register<'_>,
    extended: &[String],
    zones: &BTreeSet<String>,
) -> Shape {
    let pool = &offering.pool;
    let spot = pool.capacity_type == CapacityType::Spot;
    let all_labels = node_labels(pool, made.architecture, sites.region(), labels);
    let allocatable = made.allocatable();
    let mut spare = vector(&allocatable, extended);
    let mut room = headroom(spare, input.policy.headroom_percent);
    let mut taken = Resources::default();
    let mut tallies: BTreeMap<u32, Tally> = BTreeMap::new();
    for daemon in daemons {
        let runs = daemon.demand.admits(&all_labels, taints)
            && (daemon.demand.architectures.is_empty()
                || daemon.demand.architectures.contains(&made.architecture));
        if runs {
            take(&mut room, &daemon.size);
            take(&mut spare, &daemon.size);
            taken.add(&daemon.requests);
            for member in &facts.affinity.ties[daemon.pod as usize].members {
                let tally = tallies
                    .entry(member.group)
                    .or_insert(Tally { group: member.group, ..Tally::default() });
                tally.owners += u32::from(member.owns);
                tally.counted += u32::from(member.counted);
            }
        }
    }
    let site = sites.number(Site {
        labels: all_labels,
        taints: taints.to_vec(),
        architecture: Some(made.architecture),
        zone: Some(pool.zone.clone()),
        spot,
    });
    Shape {
        pool: pool.clone(),
        price: offering.price_per_hour,
        estimated: offering.estimated,
        spot,
        interruption_ppm: interruption_ppm(input, pool),
        allocatable,
        daemons: taken,
        room,
        spare,
        labels: labels.clone(),
        taints: taints.to_vec(),
        site,
        tallies: tallies.into_values().collect(),
        launchable: zones.contains(&pool.zone),
    }
}

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
        (&[super::affinity::HOSTNAME], "a-new-node"),
    ] {
        for key in keys {
            labels.insert((*key).to_owned(), value.to_owned());
        }
    }
    labels
}

/// Expected interruptions of one node a month, ppm; none on-demand.
pub(crate) fn interruption_ppm(input: &PlanningInput, pool: &Pool) -> u32 {
    if pool.capacity_type == CapacityType::OnDemand {
        return 0;
    }
    let bucket = input.market.offering(pool).and_then(|offering| offering.interruption);
    input.risk.monthly_ppm(pool, bucket)
}

/// Zones to launch in: those the cluster has nodes in. Others join only where the policy's cap per
/// zone could not be kept otherwise, and no pod is spread over zones: an empty zone would draw every
/// such pod. A cluster without nodes takes what the template allows.
pub(crate) fn zones(input: &PlanningInput) -> BTreeSet<String> {
    let allowed =
        |zone: &String| input.template.zones.is_empty() || input.template.zones.contains(zone);
    let ours = |node: &&Node| {
        matches!(
            node.manager,
            NodeManager::ManagedNodeGroup { .. }
                | NodeManager::SelfManaged
                | NodeManager::Karpenter { .. }
        )
    };
    let nodes = input.snapshot.nodes.iter().filter(ours);
    let present: BTreeSet<String> = nodes.filter_map(|node| node.zone.clone()).collect();
    let mut zones: BTreeSet<String> =
        present.iter().filter(|zone| allowed(zone)).cloned().collect();
    let market: BTreeSet<&String> =
        input.market.offerings.iter().map(|offering| &offering.pool.zone).collect();
    let spread = input
        .snapshot
        .pods
        .iter()
        .flat_map(|pod| &pod.topology_spread)
        .any(|spread| spread.required && spread.topology_key == ZONE);
    let needed = match usize::from(input.policy.max_zone_percent) {
        _ if present.is_empty() => 3,
        _ if spread && !zones.is_empty() => 0,
        0 => 1,
        percent => 100_usize.div_ceil(percent),
    };
    for zone in market {
        if zones.len() < needed && allowed(zone) {
            zones.insert(zone.clone());
        }
    }
    zones
}

/// How many pools, families and zones on Spot there are to choose from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variety {
    pub(crate) pools: u64,
    pub(crate) families: u64,
    pub(crate) zones: u64,
}

impl Variety {
    pub(crate) fn new(input: &PlanningInput) -> Self {
        let zones = zones(input);
        let spot = input.market.offerings.iter().map(|offering| &offering.pool).filter(|pool| {
            pool.capacity_type == CapacityType::Spot
                && zones.contains(&pool.zone)
                && input
                    .market
                    .types
                    .get(&pool.instance_type)
                    .is_some_and(|made| input.template.allows(made))
        });
        let (mut pools, mut families, mut zones) = (0, BTreeSet::new(), BTreeSet::new());
        for pool in spot {
            pools += 1;
            families.insert(domain::offering::family_of(&pool.instance_type));
            zones.insert(&pool.zone);
        }
        Self { pools, families: families.len() as u64, zones: zones.len() as u64 }
    }
}

/// Sets of labels and taints: none, and those of each node that some pod asks about.
fn profiles(input: &PlanningInput, sites: &Register<'_>) -> BTreeSet<Profile> {
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

/// Leaves out shapes that enough others beat in price and room: one is enough on-demand; on Spot, as
/// many of a zone as the caps may call for.
fn undominated(mut shapes: Vec<Shape>, input: &PlanningInput) -> Vec<Shape> {
    let Policy { max_pool_percent, max_family_percent, max_zone_percent, .. } = input.policy;
    let share = |of: u8, percent: u8| usize::from(of).div_ceil(usize::from(percent.clamp(5, 100)));
    let pools = share(max_zone_percent.max(34), max_pool_percent) + 1;
    let families = share(100, max_family_percent);
    shapes.sort_by(|one, other| one.price.cmp(&other.price).then(one.pool.cmp(&other.pool)));
    let beaten = |at: usize| {
        let shape = &shapes[at];
        let arch = input.market.types.get(&shape.pool.instance_type).map(|made| made.architecture);
        let better = shapes[..at].iter().filter(|other| {
            other.spot == shape.spot
                && other.pool.zone == shape.pool.zone
                && other.room.iter().zip(&shape.room).all(|(more, less)| more >= less)
                && other.interruption_ppm <= shape.interruption_ppm
                && input.market.types.get(&other.pool.instance_type).map(|made| made.architecture)
                    == arch
        });
        if shape.spot {
            let better: Vec<&str> = better
                .map(|other| domain::offering::family_of(&other.pool.instance_type))
                .collect();
            let kinds: BTreeSet<&str> = better.iter().copied().collect();
            better.len() >= pools && kinds.len() >= families
        } else {
            better.count() >= 1
        }
    };
    let kept: Vec<bool> = (0..shapes.len()).map(|at| !beaten(at)).collect();
    let mut kept = kept.into_iter();
    shapes.retain(|_| kept.next() == Some(true));
    shapes
}
