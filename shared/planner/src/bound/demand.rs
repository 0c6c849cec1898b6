//! Rows for what the pods need.

use super::columns::{self, Column};
use super::programme::Row;
use crate::fleet::Fleet;
use crate::model::{Existing, Model, RESOURCES, Verdict};
use crate::packing::Size;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Pods that a fleet must find nodes for, by class: those on nodes that may go, and those that wait and
/// get a place.
pub(super) fn moving(model: &Model<'_>, fleet: &Fleet) -> BTreeMap<u32, u32> {
    let mut moving: BTreeMap<u32, u32> = BTreeMap::new();
    let candidates = model.nodes.iter().filter(|node| node.verdict == Verdict::Candidate);
    for (class, count) in candidates.flat_map(|node| &node.load).chain(&model.pending) {
        *moving.entry(*class).or_default() += count;
    }
    for (class, count) in &fleet.homeless {
        if let Some(moving) = moving.get_mut(class) {
            *moving = moving.saturating_sub(*count);
        }
    }
    moving
}

/// Nodes that stay, with their free room.
pub(super) fn lending<'a>(
    model: &'a Model<'_>,
) -> impl Iterator<Item = (&'a Existing, [u32; RESOURCES])> {
    let stays = model.nodes.iter().filter(|node| node.verdict != Verdict::Candidate);
    stays.filter_map(|node| Some((node, node.free?)))
}

/// The resources' sums, wherever pods may be and of those that may only be in some places; and nodes for
/// pods that must be apart.
pub(super) fn rows<'a>(
    model: &'a Model<'_>,
    moving: &BTreeMap<u32, u32>,
    columns: &[Column<'_>],
) -> Vec<Row<'a>> {
    let places = Places::new(model, moving, columns);
    let mut rows = by_place(model, moving, &places);
    rows.extend(nodes_apart(model, moving, &places));
    rows
}

/// Sites, and where pods may be of them. Where a pod is it may stay.
struct Places {
    all: Rc<BTreeSet<u32>>,
    of: BTreeMap<u32, Rc<BTreeSet<u32>>>,
}

impl Places {
    fn new(model: &Model<'_>, moving: &BTreeMap<u32, u32>, columns: &[Column<'_>]) -> Self {
        let mut all: BTreeSet<u32> = columns.iter().map(|column| column.site).collect();
        all.extend(lending(model).map(|lends| lends.0.site));
        let mut now: BTreeSet<(u32, u32)> = BTreeSet::new();
        for node in &model.nodes {
            now.extend(node.load.iter().map(|(class, _)| (*class, node.site)));
        }
        let of = moving.keys().map(|class| {
            let made = &model.classes[*class as usize];
            let open =
                |site: &u32| made.in_any_zone.contains(*site) || now.contains(&(*class, *site));
            (*class, Rc::new(all.iter().copied().filter(open).collect()))
        });
        Self { of: of.collect(), all: Rc::new(all) }
    }
}

/// The demand of pods that may be nowhere but at some sites is met there.
fn by_place<'a>(
    model: &'a Model<'_>,
    moving: &BTreeMap<u32, u32>,
    places: &Places,
) -> Vec<Row<'a>> {
    let mut demands: BTreeMap<&Rc<BTreeSet<u32>>, [f64; RESOURCES]> = BTreeMap::new();
    for (class, count) in moving {
        let demand = demands.entry(&places.of[class]).or_default();
        for (sum, size) in demand.iter_mut().zip(&model.classes[*class as usize].size) {
            *sum += f64::from(*size) * f64::from(*count);
        }
    }
    let each: BTreeSet<&Rc<BTreeSet<u32>>> = demands.keys().copied().chain([&places.all]).collect();
    let mut rows = Vec::new();
    for place in each {
        let mut demand = [0.0; RESOURCES];
        for (sites, inside) in &demands {
            if sites.len() <= place.len() && sites.is_subset(place) {
                for (sum, inside) in demand.iter_mut().zip(inside) {
                    *sum += inside;
                }
            }
        }
        for (_, free) in lending(model).filter(|lends| place.contains(&lends.0.site)) {
            for (sum, free) in demand.iter_mut().zip(&free) {
                *sum -= f64::from(*free);
            }
        }
        for (resource, demand) in demand.into_iter().enumerate().filter(|(_, sum)| *sum > 0.0) {
            let place = Rc::clone(place);
            rows.push(Row {
                demand,
                gives: Box::new(move |column| {
                    if place.contains(&column.site) { column.gives(resource) } else { 0.0 }
                }),
            });
        }
    }
    rows
}

/// Pods that must be apart take a node each: those that are at least as large as one of them and may be
/// nowhere but where that one may, one where it fits.
fn nodes_apart<'a>(
    model: &'a Model<'_>,
    moving: &BTreeMap<u32, u32>,
    places: &Places,
) -> Vec<Row<'a>> {
    let mut members: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
    for (class, count) in moving.iter().filter(|(_, count)| **count > 0) {
        for group in columns::apart(model, *class) {
            members.entry(group).or_default().push((*class, *count));
        }
    }
    let mut rows = Vec::new();
    for (group, members) in members {
        for (least, _) in &members {
            let place = &places.of[least];
            let least = &model.classes[*least as usize].size;
            let holds = move |room: &Size<RESOURCES>| {
                least.iter().zip(room).all(|(size, room)| size <= room)
            };
            let counted = members.iter().filter(|(class, _)| {
                holds(&model.classes[*class as usize].size) && places.of[class].is_subset(place)
            });
            let count: u32 = counted.map(|counted| counted.1).sum();
            let taken = |node: &Existing| node.tallies.iter().any(|tally| tally.group == group);
            let lent = lending(model)
                .filter(|(node, free)| !taken(node) && place.contains(&node.site) && holds(free));
            let demand = f64::from(count) - lent.count() as f64;
            if demand <= 0.0 {
                continue;
            }
            let place = Rc::clone(place);
            rows.push(Row {
                demand,
                gives: Box::new(move |column| {
                    if !place.contains(&column.site) {
                        return 0.0;
                    }
                    if column.most.is_finite() {
                        let here = column.together.iter().find(|here| here.0 == group);
                        return f64::from(here.map_or(1, |here| here.1));
                    }
                    let taken = column.tallies.iter().any(|tally| tally.group == group);
                    f64::from(u8::from(!taken && holds(&column.room)))
                }),
            });
        }
    }
    rows
}
