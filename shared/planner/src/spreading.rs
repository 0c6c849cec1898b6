//! Spread over zones that pods only wish for (`whenUnsatisfiable: ScheduleAnyway`): where a node costs the
//! same in several zones, as on-demand it does, it is launched where the fewest replicas of such pods are.
//!
//! On Spot, whose prices differ by zone, the policy's cap on a zone does it.

use crate::fleet::Fleet;
use crate::model::{Model, Shape};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Replicas of workloads that wish to be spread, by workload and zone.
type Replicas<'a> = BTreeMap<(u32, &'a str), u32>;

/// Chooses the zones of on-demand nodes to launch anew. Their number and types stay.
pub(crate) fn over_zones(model: &Model<'_>, fleet: &mut Fleet) {
    let wishes = |workload: u32| model.wish_zones[workload as usize];
    if !model.wish_zones.contains(&true) {
        return;
    }
    let mut there = Replicas::new();
    for (at, node) in model.nodes.iter().enumerate() {
        let Some(zone) = model.input.snapshot.nodes[at].zone.as_deref() else { continue };
        if !fleet.retired.contains(&(at as u32)) {
            for (workload, count) in &node.replicas {
                *there.entry((*workload, zone)).or_default() += count;
            }
        }
        for (class, count) in fleet.moved_in.get(&(at as u32)).into_iter().flatten() {
            let workload = model.classes[*class as usize].workload;
            *there.entry((workload, zone)).or_default() += count;
        }
    }
    // By launched node: replicas that wish to be spread.
    let loads: Vec<BTreeMap<u32, u32>> = fleet
        .launched
        .iter()
        .map(|new| {
            let mut load = BTreeMap::new();
            for (class, count) in &new.load {
                let workload = model.classes[*class as usize].workload;
                if wishes(workload) {
                    *load.entry(workload).or_default() += count;
                }
            }
            load
        })
        .collect();
    // Nodes that may not go elsewhere first, then those with the most pods.
    let places: Vec<Vec<u32>> =
        (0..fleet.launched.len()).map(|at| equals(model, fleet, at, &loads[at])).collect();
    let mut order: Vec<usize> = (0..fleet.launched.len()).collect();
    order.sort_by_key(|at| (places[*at].len() > 1, Reverse(loads[*at].values().sum::<u32>()), *at));
    for at in order {
        let zone = |shape: u32| model.shapes[shape as usize].pool.zone.as_str();
        let company = |shape: &&u32| -> u64 {
            let of = |(workload, count): (&u32, &u32)| {
                let there = there.get(&(*workload, zone(**shape))).copied().unwrap_or(0);
                u64::from(there) * u64::from(*count)
            };
            loads[at].iter().map(of).sum()
        };
        let Some(best) = places[at].iter().min_by_key(company).copied() else { continue };
        fleet.launched[at].shape = best;
        for (workload, count) in &loads[at] {
            *there.entry((*workload, zone(best))).or_default() += count;
        }
    }
}

/// The shape of a launched node, and those like it in other zones that cost the same.
fn equals(model: &Model<'_>, fleet: &Fleet, at: usize, wishing: &BTreeMap<u32, u32>) -> Vec<u32> {
    let new = &fleet.launched[at];
    let own = &model.shapes[new.shape as usize];
    let equal = |shape: &Shape| {
        shape.launchable
            && shape.pool.instance_type == own.pool.instance_type
            && shape.pool.capacity_type == own.pool.capacity_type
            && shape.price == own.price
            && (shape.room, &shape.tallies) == (own.room, &own.tallies)
            && (&shape.labels, &shape.taints) == (&own.labels, &own.taints)
            && new.load.iter().all(|(class, _)| {
                model.classes[*class as usize].wanted.anywhere.contains(shape.site)
            })
    };
    let mut places = vec![new.shape];
    if !own.spot && !wishing.is_empty() {
        let others = model.shapes.iter().zip(0..);
        let others = others.filter(|(shape, at)| *at != new.shape && equal(shape));
        places.extend(others.map(|(_, at)| at));
    }
    places
}
