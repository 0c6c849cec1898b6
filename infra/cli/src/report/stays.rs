//! Nodes that stay, by what keeps them.

use crate::units::{optional_usd, usd};
use domain::Money;
use domain::plan::{Plan, PlanningInput, StayReason};
use serde::Serialize;
use std::collections::BTreeMap;

/// Nodes kept by the same kind of thing.
#[derive(Debug, Serialize)]
pub(crate) struct StayGroup {
    /// What keeps them.
    pub reason: StayReason,
    /// What those of them cost whose price is known.
    #[serde(serialize_with = "usd")]
    pub cost_per_hour: Money,
    /// Which.
    pub nodes: Vec<StayNode>,
}

/// One of them.
#[derive(Debug, Serialize)]
pub(crate) struct StayNode {
    /// The Node object's name.
    pub node: String,
    /// What it costs, where that is known.
    #[serde(serialize_with = "optional_usd")]
    pub price_per_hour: Option<Money>,
    /// One sentence, with the pod or budget that blocks it.
    pub why: String,
}

/// A plan's stays, in the order of their reasons.
pub(crate) fn grouped(input: &PlanningInput, plan: &Plan) -> Vec<StayGroup> {
    let prices: BTreeMap<&str, Money> = input
        .snapshot
        .nodes
        .iter()
        .filter_map(|node| Some((node.name.as_str(), input.market.price(&node.pool()?)?)))
        .collect();
    let mut groups: BTreeMap<StayReason, Vec<StayNode>> = BTreeMap::new();
    for stay in &plan.stays {
        groups.entry(stay.reason).or_default().push(StayNode {
            node: stay.node.clone(),
            price_per_hour: prices.get(stay.node.as_str()).copied(),
            why: stay.text.clone(),
        });
    }
    let group = |(reason, nodes): (StayReason, Vec<StayNode>)| StayGroup {
        reason,
        cost_per_hour: nodes.iter().filter_map(|node| node.price_per_hour).sum(),
        nodes,
    };
    groups.into_iter().map(group).collect()
}
