//! Which pods are meant for Spot.

use crate::fleet::Fleet;
use crate::model::{Model, RESOURCES, Shape};
use crate::packing::Size;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many pods of each class may go on Spot: `(class, on Spot, on-demand)`.
///
/// The policy's share is of CPU. What is left on-demand are the pods whose memory for their CPU is nearest
/// to what the nodes have there that are cheapest for theirs, so that no memory is paid for at that price
/// in vain; and of those that are about as near the largest, as small pods that may be on Spot may fill up
/// any node.
pub(crate) fn sides(
    model: &Model<'_>,
    base: &Fleet,
    displaced: &[(u32, u32)],
    spot: bool,
) -> Vec<(u32, u32, u32)> {
    let policy = &model.input.policy;
    let used = base.spot_total(model);
    let allowed = model.workload_cpu() * u64::from(policy.spot_percent.min(100)) / 100;
    let mut cpu_left = allowed.saturating_sub(used);
    let placed = base.spot_replicas(model);
    let mut replicas_left: BTreeMap<u32, u32> = BTreeMap::new();
    let fitting = memory_by_cpu(&cheapest_on_demand(model)).max(1);
    let mut order: Vec<(u32, u32)> = displaced.to_vec();
    order.sort_by_key(|(class, _)| {
        let made = &model.classes[*class as usize];
        let misfit = memory_by_cpu(&made.size).abs_diff(fitting) * 2 / fitting;
        (made.wanted.can_on_demand, Reverse(misfit), made.size[0], *class)
    });
    let mut sides: Vec<(u32, u32, u32)> = order
        .into_iter()
        .map(|(class, count)| {
            let made = &model.classes[class as usize];
            let replicas = model.replicas[made.workload as usize];
            let left = replicas_left.entry(made.workload).or_insert_with(|| {
                let on_spot: u32 =
                    placed.get(&made.workload).map_or(0, |pools| pools.values().sum());
                model.spot_replicas[made.workload as usize].saturating_sub(on_spot)
            });
            let in_one_pool = replicas * u32::from(policy.max_workload_pool_percent.min(100)) / 100;
            let by_cpu = cpu_left.checked_div(u64::from(made.size[0])).unwrap_or(u64::MAX);
            let most = if spot && made.wanted.can_spot && in_one_pool > 0 { count } else { 0 };
            let on_spot = most.min(*left).min(u32::try_from(by_cpu).unwrap_or(u32::MAX));
            *left -= on_spot;
            cpu_left -= u64::from(made.size[0]) * u64::from(on_spot);
            (class, on_spot, count - on_spot)
        })
        .collect();
    sides.sort_unstable();
    sides
}

/// Room of the node on-demand whose CPU costs least.
fn cheapest_on_demand(model: &Model<'_>) -> Size<RESOURCES> {
    let shapes = model.shapes.iter().filter(|shape| shape.launchable && !shape.spot);
    let by_cpu = |shape: &&Shape| shape.price.nanos() * 1_000 / i64::from(shape.room[0].max(1));
    shapes.min_by_key(by_cpu).map_or([0; RESOURCES], |shape| shape.room)
}

fn memory_by_cpu(size: &Size<RESOURCES>) -> u64 {
    u64::from(size[1]) * 1_000_000 / u64::from(size[0].max(1))
}
