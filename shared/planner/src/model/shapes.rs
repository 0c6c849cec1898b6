//! Shapes: the new nodes that may be launched, with what is left in them for pods.

use super::daemons::Daemon;
use super::labels::{node_labels, profiles};
use super::nodes::{headroom, take};
use super::pods::Facts;
use super::regional::zones;
use super::sites::{Register, Site};
use super::{NAMED, RESOURCES, vector};
use crate::packing::{Size, Tally};
use domain::Money;
use domain::offering::{CapacityType, InstanceType, Offering, Pool, Resources};
use domain::plan::PlanningInput;
use domain::policy::Policy;
use domain::snapshot::{Labels, NodeManager, Taint};
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
    /// In a zone that the plan launches in, and not beaten by others; the rest only count for the bound.
    pub(crate) launchable: bool,
}

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
    let prefixes = prefix_delegation(input);
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
                    prefixes && made.generation() >= NITRO,
                )
            })
            .filter(|shape| shape.room[0] > 0 && shape.room[1] > 0 && shape.room[2] > 0)
            .collect();
        if !by_type_matters {
            pass_over_beaten(&mut here, input);
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
    prefixes: bool,
) -> Shape {
    let pool = &offering.pool;
    let spot = pool.capacity_type == CapacityType::Spot;
    let all_labels = node_labels(pool, made.architecture, sites.region(), labels);
    let mut allocatable = made.allocatable();
    if prefixes {
        allocatable.pods = u64::from(made.pod_ceiling());
    }
    let mut spare = vector(&allocatable, extended);
    let mut room = headroom(spare, input.policy.headroom_percent);
    let mut taken = Resources::default();
    let mut tallies: BTreeMap<u32, Tally> = BTreeMap::new();
    for daemon in daemons {
        let runs = daemon.demand.admits(&all_labels, taints)
            && (daemon.demand.architectures.is_empty()
                || daemon.demand.architectures.contains(&made.architecture))
            // Of one that asks for what such a node has none of, no pod comes to run there.
            && spare[NAMED..].iter().zip(&daemon.size[NAMED..]).all(|(have, asked)| have >= asked);
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

/// Generation from which families other than accelerated ones are all of the Nitro system, which alone
/// knows prefixes.
const NITRO: u32 = 5;

/// Whether the cluster's network gives nodes prefixes rather than single addresses: all nodes of managed
/// node groups take more pods than their type has addresses for, where EKS would let them.
fn prefix_delegation(input: &PlanningInput) -> bool {
    let mut beyond = input.snapshot.nodes.iter().filter_map(|node| {
        let made = input.market.types.get(node.instance_type.as_ref()?)?;
        let ours = matches!(node.manager, NodeManager::ManagedNodeGroup { .. });
        let could = ours && made.generation() >= NITRO && made.max_pods < made.pod_ceiling();
        could.then(|| node.allocatable.pods > u64::from(made.max_pods))
    });
    beyond.next() == Some(true) && beyond.all(|beyond| beyond)
}

/// Expected interruptions of one node a month, ppm; none on-demand.
pub(crate) fn interruption_ppm(input: &PlanningInput, pool: &Pool) -> u32 {
    if pool.capacity_type == CapacityType::OnDemand {
        return 0;
    }
    let bucket = input.market.offering(pool).and_then(|offering| offering.interruption);
    input.risk.monthly_ppm(pool, bucket)
}

/// Launches no shape that enough others beat in price and room: one is enough on-demand; on Spot, as
/// many of a zone as the caps may call for.
fn pass_over_beaten(shapes: &mut [Shape], input: &PlanningInput) {
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
    let beaten: Vec<bool> = (0..shapes.len()).map(beaten).collect();
    for (shape, beaten) in shapes.iter_mut().zip(beaten) {
        shape.launchable &= !beaten;
    }
}
