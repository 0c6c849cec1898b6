//! Nodes: what is on each, and what room it has.

use super::classes::Classed;
use super::pods::{Facts, is_workload};
use super::sites::Register;
use super::verdicts::Verdict;
use super::{RESOURCES, vector};
use crate::packing::{Size, Tally};
use domain::Money;
use domain::disruption::Limits;
use domain::finding::{Finding, FindingCode};
use domain::offering::{CapacityType, Pool, family_of};
use domain::plan::{PlanningInput, StayReason};
use std::collections::BTreeMap;

/// A node there is.
#[derive(Debug, Clone)]
pub(crate) struct Existing {
    pub(crate) verdict: Verdict,
    /// Its pool and price, where both are known.
    pub(crate) pool: Option<Pool>,
    pub(crate) price: Option<Money>,
    /// vCPUs that are paid for whether it runs or not, and all it has.
    pub(crate) covered_vcpus: (u32, u32),
    /// Interruptions a month, ppm.
    pub(crate) interruption_ppm: u32,
    pub(crate) spot: bool,
    /// Pods that would have to go, by class.
    pub(crate) load: Vec<(u32, u32)>,
    pub(crate) evictable: u32,
    /// How often its drain waits for replacements, and once more.
    pub(crate) rounds: u32,
    /// Room for others, headroom kept; `None` where nothing new should go.
    pub(crate) free: Option<Size<RESOURCES>>,
    /// The scheduler gives it pods.
    pub(crate) open: bool,
    /// What the scheduler counts as free: it knows of no headroom.
    pub(crate) spare: Size<RESOURCES>,
    pub(crate) allocatable: Size<RESOURCES>,
    /// Allocatable less what goes with the node.
    pub(crate) usable: Size<RESOURCES>,
    pub(crate) site: u32,
    pub(crate) tallies: Vec<Tally>,
    /// CPU of pods that belong to no node, thousandths.
    pub(crate) workload_cpu: u64,
    /// Replicas of each workload on it.
    pub(crate) replicas: Vec<(u32, u32)>,
}

/// Nodes in the packing's terms.
pub(crate) fn existing(
    input: &PlanningInput,
    facts: &Facts,
    classed: &Classed,
    limits: &Limits<'_>,
    verdicts: Vec<Verdict>,
    sites: &mut Register<'_>,
    extended: &[String],
) -> Vec<Existing> {
    let mut covered = Covered(input.covered_vcpus.clone());
    let nodes = input.snapshot.nodes.iter().zip(verdicts).enumerate();
    nodes
        .map(|(at, (node, verdict))| {
            let pool = node.pool();
            let offering = pool.as_ref().and_then(|pool| input.market.offering(pool));
            let spot = node.capacity_type == Some(CapacityType::Spot);
            let allocatable = vector(&node.allocatable, extended);
            let (mut usable, mut spare) = (allocatable, allocatable);
            let mut free = headroom(allocatable, input.policy.headroom_percent);
            let mut load: BTreeMap<u32, u32> = BTreeMap::new();
            let mut replicas: BTreeMap<u32, u32> = BTreeMap::new();
            let mut tallies: BTreeMap<u32, Tally> = BTreeMap::new();
            let mut workload_cpu = 0;
            let mut evictable = 0;
            for &pod in &facts.on_node[at] {
                let place = pod as usize;
                let size = &facts.sizes[place];
                take(&mut free, size);
                take(&mut spare, size);
                for member in &facts.affinity.ties[place].members {
                    let tally = tallies
                        .entry(member.group)
                        .or_insert(Tally { group: member.group, ..Tally::default() });
                    tally.owners += u32::from(member.owns);
                    tally.counted += u32::from(member.counted);
                }
                if !is_workload(&input.snapshot.pods[place]) {
                    take(&mut usable, size);
                    continue;
                }
                evictable += 1;
                workload_cpu += u64::from(size[0]);
                *replicas.entry(facts.workload_of[place]).or_default() += 1;
                if let Some(class) = classed.class_of[place] {
                    *load.entry(class).or_default() += 1;
                }
            }
            let pods = facts.on_node[at].iter().map(|pod| &input.snapshot.pods[*pod as usize]);
            let judged = !matches!(&verdict, Verdict::Stays(StayReason::NotJudged, _));
            let open = node.ready && !node.unschedulable && !node.terminating;
            let covered_vcpus = offering.map_or((0, 0), |it| covered.of(&it.pool, input));
            Existing {
                price: offering.map(|it| beyond(covered_vcpus, it.price_per_hour)),
                covered_vcpus,
                interruption_ppm: pool
                    .as_ref()
                    .map_or(0, |pool| super::shapes::interruption_ppm(input, pool)),
                pool,
                spot,
                load: load.into_iter().collect(),
                evictable,
                rounds: limits.rounds(pods.filter(|pod| is_workload(pod))),
                free: (judged && open).then_some(free),
                open,
                spare,
                allocatable,
                usable,
                site: sites.of_node(node, facts.architectures[at]),
                tallies: tallies.into_values().collect(),
                workload_cpu,
                replicas: replicas.into_iter().collect(),
                verdict,
            }
        })
        .collect()
}

/// vCPUs by family that Reserved Instances and Savings Plans cover and no node has used yet.
struct Covered(BTreeMap<String, u32>);

impl Covered {
    /// How many vCPUs of a node are covered, of how many. Nodes are covered in the order of their names.
    fn of(&mut self, pool: &Pool, input: &PlanningInput) -> (u32, u32) {
        let vcpus = input.market.types.get(&pool.instance_type).map_or(0, |made| made.vcpu);
        let left = self.0.get_mut(family_of(&pool.instance_type));
        let Some(left) = left.filter(|_| pool.capacity_type == CapacityType::OnDemand) else {
            return (0, vcpus);
        };
        let taken = vcpus.min(*left);
        *left -= taken;
        (taken, vcpus)
    }
}

/// What a node costs beside what is paid for whether it runs or not: its price by the share of its
/// vCPUs that is not covered.
fn beyond((covered, vcpus): (u32, u32), price: Money) -> Money {
    if covered == 0 { price } else { price.ratio(i128::from(vcpus - covered), i128::from(vcpus)) }
}

/// Findings about families whose nodes are paid for already.
pub(crate) fn coverage(nodes: &[Existing]) -> impl Iterator<Item = Finding> {
    let mut families: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for node in nodes.iter().filter(|node| !node.spot) {
        let Some(pool) = &node.pool else { continue };
        let (covered, vcpus) = families.entry(family_of(&pool.instance_type)).or_default();
        *covered += node.covered_vcpus.0;
        *vcpus += node.covered_vcpus.1;
    }
    families.into_iter().filter(|(_, (covered, _))| *covered > 0).map(|(family, (covered, vcpus))| {
        Finding::new(
            FindingCode::CapacityCovered,
            format!("family/{family}"),
            format!("Reserved Instances or Savings Plans pay for {covered} of the {vcpus} vCPUs of on-demand {family} nodes, whether these run or not: they cost nothing in a plan's figures."),
        )
    })
}

/// What is left when the policy's headroom is kept free of CPU and memory.
pub(crate) fn headroom(mut room: Size<RESOURCES>, percent: u8) -> Size<RESOURCES> {
    for amount in &mut room[..2] {
        *amount = (u64::from(*amount) * u64::from(100_u8.saturating_sub(percent)) / 100) as u32;
    }
    room
}

/// Takes `size` off, not below nothing.
pub(crate) fn take(room: &mut Size<RESOURCES>, size: &Size<RESOURCES>) {
    for (room, size) in room.iter_mut().zip(size) {
        *room = room.saturating_sub(*size);
    }
}
