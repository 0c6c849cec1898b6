//! Where to launch, and how much there is to choose from.

use super::affinity::ZONE;
use domain::offering::CapacityType;
use domain::plan::PlanningInput;
use domain::snapshot::{Node, NodeManager};
use std::collections::BTreeSet;

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
