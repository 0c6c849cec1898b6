//! Spread over zones that pods only wish for (`whenUnsatisfiable: ScheduleAnyway`): where a node costs the
//! same in several zones, as on-demand it does, it is launched where the fewest replicas of such pods are.
//!
//! On Spot, whose prices differ by zone, the policy's cap on a zone does it.

use crate::fleet::{Fleet, NewNode};
use crate::model::{Model, Shape};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Chooses the zones of on-demand nodes to launch anew. Their number and types stay.
pub(crate) fn over_zones(model: &Model<'_>, fleet: &mut Fleet) {
    if !model.wish_zones.contains(&true) {
        return;
    }
    let mut there = replicas(model, fleet);
    let mut alike = BTreeMap::new();
    let launched: Vec<Launched> =
        fleet.launched.iter().map(|new| Launched::new(model, new, &mut alike)).collect();
    // Nodes that may not go elsewhere first, then those with the most pods.
    let mut order: Vec<usize> = (0..launched.len()).collect();
    order.sort_by_key(|at| {
        let Launched { places, wishing } = &launched[*at];
        (places.len() > 1, Reverse(wishing.values().sum::<u32>()), *at)
    });
    for at in order {
        let Launched { places, wishing } = &launched[at];
        let zone = |shape: &u32| model.shapes[*shape as usize].pool.zone.as_str();
        let company = |shape: &&u32| -> u64 {
            let of = |(workload, count): (&u32, &u32)| {
                let there = there.get(&(*workload, zone(shape))).copied().unwrap_or(0);
                u64::from(there) * u64::from(*count)
            };
            wishing.iter().map(of).sum()
        };
        let Some(best) = places.iter().min_by_key(company) else { continue };
        fleet.launched[at].shape = *best;
        for (workload, count) in wishing {
            *there.entry((*workload, zone(best))).or_default() += count;
        }
    }
}

/// A launched node.
struct Launched {
    /// Its shape, and those like it in other zones that cost the same.
    places: Vec<u32>,
    /// Its replicas of workloads that wish to be spread.
    wishing: BTreeMap<u32, u32>,
}

impl Launched {
    /// `alike` is by shape what was found before.
    fn new(model: &Model<'_>, new: &NewNode, alike: &mut BTreeMap<u32, Vec<u32>>) -> Self {
        let mut wishing: BTreeMap<u32, u32> = BTreeMap::new();
        for (class, count) in &new.load {
            let workload = model.classes[*class as usize].workload;
            if model.wish_zones[workload as usize] {
                *wishing.entry(workload).or_default() += count;
            }
        }
        let own = &model.shapes[new.shape as usize];
        let takes = |at: &u32| {
            let site = model.shapes[*at as usize].site;
            let mut classes = new.load.iter().map(|(class, _)| &model.classes[*class as usize]);
            classes.all(|class| class.wanted.anywhere.contains(site))
        };
        let mut places = vec![new.shape];
        if !own.spot && !wishing.is_empty() {
            let others = alike.entry(new.shape).or_insert_with(|| {
                let others = model.shapes.iter().zip(0..);
                let others = others.filter(|(other, at)| *at != new.shape && is_alike(own, other));
                others.map(|(_, at)| at).collect()
            });
            places.extend(others.iter().filter(|at| takes(at)));
        }
        Self { places, wishing }
    }
}

fn is_alike(own: &Shape, other: &Shape) -> bool {
    other.launchable
        && other.pool.instance_type == own.pool.instance_type
        && other.pool.capacity_type == own.pool.capacity_type
        && other.price == own.price
        && (other.room, &other.tallies) == (own.room, &own.tallies)
        && (&other.labels, &other.taints) == (&own.labels, &own.taints)
}

/// Replicas on nodes there are that stay, by workload and zone.
fn replicas<'m>(model: &'m Model<'_>, fleet: &Fleet) -> BTreeMap<(u32, &'m str), u32> {
    let mut there = BTreeMap::new();
    for (node, at) in model.nodes.iter().zip(0..) {
        let Some(zone) = model.input.snapshot.nodes[at as usize].zone.as_deref() else { continue };
        let kept = node.replicas.iter().copied().filter(|_| !fleet.retired.contains(&at));
        let moved = fleet.moved_in.get(&at).into_iter().flatten();
        let moved = moved.map(|(class, count)| (model.classes[*class as usize].workload, *count));
        for (workload, count) in kept.chain(moved) {
            *there.entry((workload, zone)).or_default() += count;
        }
    }
    there
}
