//! Rows for what the pods need.

use super::columns::{self, Column};
use super::programme::Row;
use crate::fleet::Fleet;
use crate::model::{Existing, Model, RESOURCES, Verdict};
use std::collections::{BTreeMap, BTreeSet};

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
    let mut rows = by_place(model, moving, columns);
    rows.extend(nodes_apart(model, moving));
    rows
}

/// The demand of pods that may be nowhere but at some sites is met there. Where a pod is it may stay.
fn by_place<'a>(
    model: &'a Model<'_>,
    moving: &BTreeMap<u32, u32>,
    columns: &[Column<'_>],
) -> Vec<Row<'a>> {
    let mut sites: BTreeSet<u32> = columns.iter().map(|column| column.site).collect();
    sites.extend(lending(model).map(|lends| lends.0.site));
    let mut now: BTreeSet<(u32, u32)> = BTreeSet::new();
    for node in &model.nodes {
        now.extend(node.load.iter().map(|(class, _)| (*class, node.site)));
    }
    let mut demands: BTreeMap<Vec<u32>, [f64; RESOURCES]> = BTreeMap::new();
    for (at, count) in moving {
        let class = &model.classes[*at as usize];
        let open = sites
            .iter()
            .copied()
            .filter(|site| class.in_any_zone.contains(*site) || now.contains(&(*at, *site)));
        let demand = demands.entry(open.collect()).or_default();
        for (sum, size) in demand.iter_mut().zip(&class.size) {
            *sum += f64::from(*size) * f64::from(*count);
        }
    }
    let mut places: BTreeSet<Vec<u32>> = demands.keys().cloned().collect();
    places.insert(sites.into_iter().collect());
    let mut rows = Vec::new();
    for place in places {
        let place: BTreeSet<u32> = place.into_iter().collect();
        let mut demand = [0.0; RESOURCES];
        for (sites, inside) in &demands {
            if sites.len() <= place.len() && sites.iter().all(|site| place.contains(site)) {
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
        let place = std::rc::Rc::new(place);
        for (resource, demand) in demand.into_iter().enumerate().filter(|(_, sum)| *sum > 0.0) {
            let place = std::rc::Rc::clone(&place);
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

/// Pods that must be apart take a node each.
fn nodes_apart<'a>(model: &'a Model<'_>, moving: &BTreeMap<u32, u32>) -> Vec<Row<'a>> {
    let mut members: BTreeMap<u32, (u32, Vec<u32>)> = BTreeMap::new();
    for (class, count) in moving.iter().filter(|(_, count)| **count > 0) {
        for group in columns::apart(model, *class) {
            let (sum, classes) = members.entry(group).or_default();
            *sum += count;
            classes.push(*class);
        }
    }
    let holds = |classes: &[u32], site: u32, room: &[u32; RESOURCES]| {
        classes.iter().any(|class| {
            let class = &model.classes[*class as usize];
            class.in_any_zone.contains(site)
                && class.size.iter().zip(room).all(|(size, room)| size <= room)
        })
    };
    members
        .into_iter()
        .filter_map(|(group, (count, classes))| {
            let taken = |node: &Existing| node.tallies.iter().any(|tally| tally.group == group);
            let lent = lending(model)
                .filter(|(node, free)| !taken(node) && holds(&classes, node.site, free));
            let demand = f64::from(count) - lent.count() as f64;
            (demand > 0.0).then(|| Row {
                demand,
                gives: Box::new(move |column| {
                    if column.most.is_finite() {
                        let here = column.together.iter().find(|here| here.0 == group);
                        return f64::from(here.map_or(1, |here| here.1));
                    }
                    let taken = column.tallies.iter().any(|tally| tally.group == group);
                    f64::from(u8::from(!taken && holds(&classes, column.site, &column.room)))
                }),
            })
        })
        .collect()
}
