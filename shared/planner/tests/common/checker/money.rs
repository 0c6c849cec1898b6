//! What a plan says it costs, and what may be launched instead.

use super::After;
use super::rules::{affine, node_in, selects_labels};
use domain::Money;
use domain::offering::{CapacityType, Pool, family_of};
use domain::plan::{Choice, PlanningInput, StayReason};
use domain::snapshot::{Node, Pod};
use planner::Decision;
use std::collections::{BTreeMap, BTreeSet};

/// Costs add up, nothing costs more than staying, and the bound is below.
pub fn money(
    input: &PlanningInput,
    decision: &Decision,
    after: &[After<'_>],
    retired: &BTreeMap<&str, u32>,
    fault: &mut impl FnMut(String),
) {
    let plan = &decision.plan;
    let price = |pool: &Pool| input.market.price(pool).unwrap_or_default();
    let list: Money = after.iter().filter_map(|node| node.pool.as_ref().map(price)).sum();
    let cost = list - paid_anyway(input, after);
    if cost != plan.after.cost_per_hour {
        fault(format!("costs {cost}, says {}", plan.after.cost_per_hour));
    }
    let saved: Money = plan.commands.iter().map(|command| command.saving_per_hour).sum();
    if saved != plan.saving_per_hour() {
        fault(format!("commands save {saved}, the plan {}", plan.saving_per_hour()));
    }
    // Room for pods that wait is worth its price.
    let waited = |node: &After<'_>| node.moved.iter().any(|pod| pod.node.is_none());
    if !after.iter().any(waited) && plan.after.cost_per_hour > plan.before.cost_per_hour {
        fault("costs more than staying".to_owned());
    }
    if plan.lower_bound_per_hour > plan.after.cost_per_hour {
        fault(format!("bound {} above {}", plan.lower_bound_per_hour, plan.after.cost_per_hour));
    }
    let stays: BTreeSet<&str> = plan.stays.iter().map(|stay| stay.node.as_str()).collect();
    for node in &input.snapshot.nodes {
        if stays.contains(node.name.as_str()) == retired.contains_key(node.name.as_str()) {
            fault(format!("{} both stays and goes, or neither", node.name));
        }
    }
    if plan.stays.iter().any(|stay| {
        stay.text.is_empty() || stay.reason == StayReason::Blocked && stay.text.len() < 10
    }) {
        fault("a node stays without a word".to_owned());
    }
}

/// What Reserved Instances and Savings Plans take off the list price of nodes that stay: by name, those
/// of a family until its vCPUs are used up.
fn paid_anyway(input: &PlanningInput, after: &[After<'_>]) -> Money {
    let mut nodes: Vec<&Node> = input.snapshot.nodes.iter().collect();
    nodes.sort_by(|one, other| one.name.cmp(&other.name));
    let mut sum = Money::ZERO;
    for (family, vcpus) in &input.covered_vcpus {
        let mut left = i128::from(*vcpus);
        for pool in nodes.iter().filter_map(|node| Some((&node.name, node.pool()?))) {
            let (name, pool) = pool;
            let on_demand = pool.capacity_type == CapacityType::OnDemand;
            let (Some(made), Some(price)) =
                (input.market.types.get(&pool.instance_type), input.market.price(&pool))
            else {
                continue;
            };
            if on_demand && family_of(&pool.instance_type) == family {
                let vcpu = i128::from(made.vcpu);
                let taken = left.min(vcpu);
                left -= taken;
                if after.iter().any(|node| node.name == *name) {
                    sum += price - price.ratio(vcpu - taken, vcpu);
                }
            }
        }
    }
    sum
}

/// Fallbacks are as large as the choice, allowed and fit for the same pods; those on Spot cost less than
/// on-demand, which comes last.
pub fn choices(
    input: &PlanningInput,
    decision: &Decision,
    after: &[After<'_>],
    fault: &mut impl FnMut(String),
) {
    for command in &decision.plan.commands {
        for (launch, at) in command.launch.iter().zip(0..) {
            let first = &launch.choices[0];
            let is_spot = |choice: &Choice| choice.pool.capacity_type == CapacityType::Spot;
            let nodes = after.iter().filter(|node| node.launched == Some((command.index, at)));
            let pods: Vec<&Pod> = nodes.flat_map(|node| &node.moved).copied().collect();
            let sure = launch.choices.last().filter(|choice| !is_spot(choice));
            for choice in &launch.choices {
                let pool = &choice.pool;
                if !choice.allocatable.covers(&first.allocatable) {
                    fault(format!("{pool} is smaller than {}", first.pool));
                }
                if input.market.price(pool) != Some(choice.price_per_hour) {
                    fault(format!("{pool} has another price"));
                }
                let zones = &input.template.zones;
                if !input.template.allows(&input.market.types[&pool.instance_type])
                    || !zones.is_empty() && !zones.contains(&pool.zone)
                {
                    fault(format!("the template does not allow {pool}"));
                }
                if is_spot(choice) && !is_spot(first) {
                    fault(format!("{pool} on Spot stands in for {}", first.pool));
                }
                // The first choice may cost more than on-demand where that does not fit its pods so well.
                if is_spot(choice)
                    && choice != first
                    && sure.is_some_and(|sure| choice.price_per_hour >= sure.price_per_hour)
                {
                    fault(format!("{pool} on Spot costs more than on-demand"));
                }
                let node = node_in(input, launch, pool, "a-new-node");
                let suits = |pod: &&Pod| {
                    selects_labels(pod, &node.labels)
                        && affine(pod, &node.name, &node.labels)
                        && pod.volume_zone.as_ref().is_none_or(|zone| *zone == pool.zone)
                };
                if !pods.iter().all(suits) {
                    fault(format!("{pool} does not suit the pods of {}", first.pool));
                }
            }
            let pools: BTreeSet<&Pool> = launch.choices.iter().map(|choice| &choice.pool).collect();
            if pools.len() != launch.choices.len() {
                fault("a pool is named twice".to_owned());
            }
        }
    }
}
