//! Rows for what the policy says of Spot.

use super::columns::Column;
use super::demand::lending;
use super::programme::Row;
use crate::caps::{Cap, by_cap};
use crate::fleet::{Fleet, SpotCpu, cpu};
use crate::model::{Model, RESOURCES, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// The share of Spot, the on-demand base, and the caps.
pub(super) fn rows<'a>(
    model: &'a Model<'_>,
    moving: &BTreeMap<u32, u32>,
    columns: &[Column<'_>],
) -> Vec<Row<'a>> {
    let spot = SpotNow::new(model);
    let load: Vec<(u32, u32)> = moving.iter().map(|(class, count)| (*class, *count)).collect();
    let lent: u64 =
        lending(model).filter(|lends| !lends.0.spot).map(|lends| u64::from(lends.1[0])).sum();
    let mut rows = Vec::new();
    let share = cpu(model, &load).saturating_sub(spot.allowed - spot.fixed).saturating_sub(lent);
    rows.push(on_demand(0, share as f64));
    let base = base(model, moving);
    for (resource, base) in base.into_iter().enumerate() {
        let lent = lending(model).filter(|lends| !lends.0.spot);
        let lent: f64 = lent.map(|lends| f64::from(lends.1[resource])).sum();
        rows.push(on_demand(resource, base - lent));
    }
    rows.extend(caps(model, &spot, columns));
    rows.retain(|row| row.demand != 0.0);
    rows
}

fn on_demand<'a>(resource: usize, demand: f64) -> Row<'a> {
    Row {
        demand: demand.max(0.0),
        gives: Box::new(move |column| if column.spot { 0.0 } else { column.gives(resource) }),
    }
}

/// CPU on Spot, thousandths: what is allowed of it, and what of that is on nodes that stay.
struct SpotNow {
    allowed: u64,
    fixed: u64,
}

impl SpotNow {
    fn new(model: &Model<'_>) -> Self {
        let of = |fixed: bool| -> u64 {
            let spot = model.nodes.iter().filter(|node| node.spot);
            spot.filter(|node| !fixed || node.verdict != Verdict::Candidate)
                .map(|node| node.workload_cpu)
                .sum()
        };
        let (now, fixed) = (of(false), of(true));
        let percent = u64::from(model.input.policy.spot_percent.min(100));
        let share = (model.workload_cpu() * percent).div_ceil(100);
        // What is on Spot already may stay there, though it be more than the policy allows.
        Self { allowed: share.max(now), fixed }
    }
}

/// What replicas that may not be on Spot need on-demand, by resource.
fn base(model: &Model<'_>, moving: &BTreeMap<u32, u32>) -> [f64; RESOURCES] {
    let now = Fleet::default().spot_replicas(model);
    let mut fixed: BTreeMap<u32, u32> = BTreeMap::new();
    for node in &model.nodes {
        if node.spot && node.pool.is_some() && node.verdict != Verdict::Candidate {
            for (workload, count) in &node.replicas {
                *fixed.entry(*workload).or_default() += count;
            }
        }
    }
    let mut workloads: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
    for (class, count) in moving {
        let workload = model.classes[*class as usize].workload;
        workloads.entry(workload).or_default().push((*class, *count));
    }
    let mut needed = [0.0; RESOURCES];
    for (workload, classes) in workloads {
        let had: u32 = now.get(&workload).map_or(0, |pools| pools.values().sum());
        let allowed = model.spot_replicas[workload as usize].max(had);
        let allowed = allowed.saturating_sub(fixed.get(&workload).copied().unwrap_or(0));
        let replicas: u32 = classes.iter().map(|class| class.1).sum();
        for (resource, needed) in needed.iter_mut().enumerate() {
            let mut left = replicas.saturating_sub(allowed);
            let size = |class: u32| model.classes[class as usize].size[resource];
            let mut sizes: Vec<(u32, u32)> =
                classes.iter().map(|(class, count)| (size(*class), *count)).collect();
            sizes.sort_unstable();
            for (size, count) in sizes {
                let taken = count.min(left);
                *needed += f64::from(size) * f64::from(taken);
                left -= taken;
            }
        }
    }
    needed
}

/// At most so much CPU on Spot under each cap.
fn caps<'a>(model: &'a Model<'_>, spot: &SpotNow, columns: &[Column<'_>]) -> Vec<Row<'a>> {
    let mut largest: BTreeMap<Cap, u32> = BTreeMap::new();
    let mut note = |cap: Cap, cpu: u32| {
        let most = largest.entry(cap).or_default();
        *most = cpu.max(*most);
    };
    for shape in model.shapes.iter().filter(|shape| shape.spot) {
        for cap in Cap::of(&shape.pool) {
            note(cap, shape.spare[0]);
        }
    }
    let (mut room, mut fixed) = (BTreeMap::new(), BTreeMap::new());
    for node in model.nodes.iter().filter(|node| node.spot) {
        let Some(pool) = &node.pool else { continue };
        for cap in Cap::of(pool) {
            note(cap, node.allocatable[0]);
        }
        let sum: &mut SpotCpu = room.entry(pool.clone()).or_default();
        sum.add(node.workload_cpu.max(u64::from(node.allocatable[0])));
        if node.verdict != Verdict::Candidate {
            let sum: &mut SpotCpu = fixed.entry(pool.clone()).or_default();
            sum.add(node.workload_cpu);
        }
    }
    let (room, fixed) = (by_cap(&room), by_cap(&fixed));
    let capped: BTreeSet<&Cap> = columns.iter().flat_map(|column| &column.caps).collect();
    capped
        .into_iter()
        .map(|cap| {
            let share = spot.allowed * cap.percent(model) / 100 + 1;
            let most = share + largest.get(cap).map_or(0, |cpu| u64::from(*cpu));
            let most = most.max(room.get(cap).map_or(0, |room| room.cpu));
            let most = most.saturating_sub(fixed.get(cap).map_or(0, |fixed| fixed.cpu)).max(1);
            let cap = cap.clone();
            Row {
                demand: -(most as f64),
                gives: Box::new(
                    move |column| {
                        if column.caps.contains(&cap) { -column.gives(0) } else { 0.0 }
                    },
                ),
            }
        })
        .collect()
}
