//! What a fleet costs, holds and risks.

use crate::fleet::Fleet;
use crate::model::{Model, RESOURCES};
use domain::Money;
use domain::offering::Resources;
use domain::plan::{PoolLoss, Position};
use domain::snapshot::PodKind;

const MILLION: u128 = 1_000_000;

/// The position of a fleet.
pub(crate) fn position(model: &Model<'_>, fleet: &Fleet) -> Position {
    let snapshot = &model.input.snapshot;
    let mut position = Position::default();
    let (mut requested, mut allocatable) = (Resources::default(), Resources::default());
    let mut interruptions = 0_u64;
    let kept = |at: usize| !fleet.retired.contains(&(at as u32));
    for (at, node) in model.nodes.iter().enumerate().filter(|(at, _)| kept(*at)) {
        position.cost_per_hour += node.price.unwrap_or_default();
        position.nodes += 1;
        position.spot_nodes += u32::from(node.spot);
        interruptions += u64::from(node.interruption_ppm);
        allocatable.add(&snapshot.nodes[at].allocatable);
        add(model, &mut requested, fleet.moved_in.get(&(at as u32)).map_or(&[], Vec::as_slice));
    }
    let places: std::collections::BTreeMap<&str, usize> =
        snapshot.nodes.iter().enumerate().map(|(at, node)| (node.name.as_str(), at)).collect();
    for pod in snapshot.pods.iter().filter(|pod| !pod.terminating || pod.kind == PodKind::DaemonSet)
    {
        let node = pod.node.as_deref().and_then(|name| places.get(name));
        if node.is_some_and(|at| kept(*at)) {
            requested.add(&pod.requests);
        }
    }
    for new in &fleet.launched {
        let shape = &model.shapes[new.shape as usize];
        position.cost_per_hour += shape.price;
        position.nodes += 1;
        position.spot_nodes += u32::from(shape.spot);
        interruptions += u64::from(shape.interruption_ppm);
        allocatable.add(&shape.allocatable);
        requested.add(&shape.daemons);
        add(model, &mut requested, &new.load);
    }
    position.spot_cpu_ppm = ppm(fleet.spot_total(model), model.workload_cpu());
    position.cpu_utilisation_ppm = ppm(requested.cpu_milli, allocatable.cpu_milli);
    position.memory_utilisation_ppm = ppm(requested.memory_mib, allocatable.memory_mib);
    position.monthly_interruptions_milli = (interruptions / 1_000) as i64;
    let cost = i64::try_from(fleet.interruption_cost(model)).unwrap_or(i64::MAX);
    position.interruption_cost_per_hour = Money::from_nanos(cost);
    position.worst_pool_loss = worst_pool_loss(model, fleet);
    position
}

fn add(model: &Model<'_>, sum: &mut Resources, load: &[(u32, u32)]) {
    for (class, count) in load {
        let size: &[u32; RESOURCES] = &model.classes[*class as usize].size;
        sum.cpu_milli += u64::from(size[0]) * u64::from(*count);
        sum.memory_mib += u64::from(size[1]) * u64::from(*count);
    }
}

fn ppm(part: u64, whole: u64) -> i64 {
    (u128::from(part) * MILLION).checked_div(u128::from(whole)).unwrap_or(0) as i64
}

/// The workload that loses the largest share of its replicas with one Spot pool.
fn worst_pool_loss(model: &Model<'_>, fleet: &Fleet) -> Option<PoolLoss> {
    let losses = fleet.spot_replicas(model).into_iter().flat_map(|(workload, pools)| {
        let replicas = model.replicas[workload as usize];
        pools.into_iter().map(move |(pool, lost)| (workload, pool, lost, replicas))
    });
    let share = |lost: u32, replicas: u32| ppm(u64::from(lost), u64::from(replicas));
    losses
        .filter(|(_, _, lost, _)| *lost > 0)
        .max_by(|one, other| {
            // The first by name of those that lose most, and of many replicas rather than few.
            share(one.2, one.3)
                .cmp(&share(other.2, other.3))
                .then(one.2.cmp(&other.2))
                .then((other.0, &other.1).cmp(&(one.0, &one.1)))
        })
        .map(|(workload, pool, lost, replicas)| PoolLoss {
            pool,
            workload: model.workloads[workload as usize].clone(),
            lost,
            replicas,
        })
}
