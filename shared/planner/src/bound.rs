//! What no fleet within policy and template can undercut.

use crate::fleet::{Fleet, cpu};
use crate::model::{Model, RESOURCES, Verdict};
use crate::packing::linear_bound;
use domain::Money;

/// A lower bound on what running these pods costs in an hour.
///
/// A linear programme in which nodes can be cut at will, pods are sand, and zones, constraints
/// between pods and caps per pool are forgotten; each of that only lowers the cost. What it keeps: every
/// resource's sum, prices and room of what the template allows, nodes that may stay at their price,
/// `DaemonSet`s and headroom of new nodes, and the CPU that the policy's share of Spot leaves on-demand.
/// Nodes that must stay cost what they cost, and lend their free room for nothing.
pub(crate) fn lower_bound(model: &Model<'_>, fleet: &Fleet) -> Money {
    let mut demand = vec![0.0; RESOURCES + 1];
    let mut add = |class: u32, count: f64| {
        for (sum, size) in demand.iter_mut().zip(&model.classes[class as usize].size) {
            *sum += f64::from(*size) * count;
        }
    };
    for node in model.nodes.iter().filter(|node| node.verdict == Verdict::Candidate) {
        for (class, count) in &node.load {
            add(*class, f64::from(*count));
        }
    }
    for (class, count) in &model.pending {
        add(*class, f64::from(*count));
    }
    for (class, count) in &fleet.homeless {
        add(*class, -f64::from(*count));
    }
    let mut stays = Money::ZERO;
    let (mut spot_fixed, mut spot_now, mut on_demand_free) = (0, 0, 0.0);
    for node in &model.nodes {
        spot_now += if node.spot { node.workload_cpu } else { 0 };
        if node.verdict == Verdict::Candidate {
            continue;
        }
        stays += node.price.unwrap_or_default();
        spot_fixed += if node.spot { node.workload_cpu } else { 0 };
        let Some(free) = node.free else { continue };
        for (sum, free) in demand.iter_mut().zip(&free) {
            *sum -= f64::from(*free);
        }
        on_demand_free += if node.spot { 0.0 } else { f64::from(free[0]) };
    }
    demand[RESOURCES] = on_demand_cpu(model, fleet, spot_fixed, spot_now) - on_demand_free;
    let column = |price: Money, room: &[u32; RESOURCES], spot: bool| {
        let mut gives: Vec<f64> = room.iter().map(|amount| f64::from(*amount)).collect();
        gives.push(if spot { 0.0 } else { gives[0] });
        (price.nanos() as f64, gives)
    };
    let mut columns: Vec<(f64, Vec<f64>)> =
        model.shapes.iter().map(|shape| column(shape.price, &shape.room, shape.spot)).collect();
    for node in model.nodes.iter().filter(|node| node.verdict == Verdict::Candidate) {
        columns.push(column(node.price.unwrap_or_default(), &node.usable, node.spot));
    }
    stays + Money::from_nanos(linear_bound(&demand, &columns) as i64)
}

/// CPU of pods that may move and, by the policy, not onto Spot.
fn on_demand_cpu(model: &Model<'_>, fleet: &Fleet, spot_fixed: u64, spot_now: u64) -> f64 {
    let percent = u64::from(model.input.policy.spot_percent.min(100));
    let total = model.workload_cpu();
    // What is on Spot already may stay there, though it be more than the policy allows.
    let allowed = (total * percent).div_ceil(100).max(spot_now).saturating_sub(spot_fixed);
    let moving: u64 = model
        .nodes
        .iter()
        .filter(|node| node.verdict == Verdict::Candidate)
        .map(|node| node.workload_cpu)
        .sum::<u64>()
        + cpu(model, &model.pending);
    let moving = moving.saturating_sub(cpu(model, &fleet.homeless));
    moving.saturating_sub(allowed) as f64
}
