//! Nodes that no command touches, and what keeps them.

use crate::choose::{Choice, keep_and_switch};
use crate::fleet::Fleet;
use crate::model::{Model, Verdict};
use crate::words::{counted, pods, usd, verb};
use domain::Money;
use domain::finding::{Finding, FindingCode};
use domain::plan::{Stay, StayReason};
use std::collections::BTreeMap;

/// One line for every node that stays. `too_little` says why a better fleet was not taken.
pub(crate) fn stays(
    model: &Model<'_>,
    choice: &Choice,
    fleet: &Fleet,
    too_little: Option<&str>,
) -> Vec<Stay> {
    let nodes = model.nodes.iter().zip(&model.input.snapshot.nodes).enumerate();
    nodes
        .filter(|(at, _)| !fleet.retired.contains(&(*at as u32)))
        .map(|(at, (existing, node))| {
            let at = at as u32;
            let (reason, text) = match (&existing.verdict, choice.stuck.get(&at)) {
                (Verdict::Stays(reason, text), _) => (*reason, text.clone()),
                (Verdict::Candidate, Some(class)) => {
                    let workload = &model.workloads[model.classes[*class as usize].workload as usize];
                    (StayReason::Blocked, format!("Pods of {workload} on it fit no other node and no offering that policy and template allow."))
                }
                (Verdict::Candidate, None) => match too_little {
                    Some(why) if choice.fleet.retired.contains(&at) => {
                        (StayReason::NotWorthIt, why.to_owned())
                    }
                    _ => well_used(model, at),
                },
            };
            Stay { node: node.name.clone(), reason, text }
        })
        .collect()
}

fn well_used(model: &Model<'_>, at: u32) -> (StayReason, String) {
    let node = &model.nodes[at as usize];
    if node.price == Some(Money::ZERO) {
        let text = "Reserved Instances or Savings Plans pay for it whether it runs or not.";
        return (StayReason::WellUsed, text.to_owned());
    }
    let (_, switch) = keep_and_switch(model, at);
    let cpu = node.workload_cpu * 100 / u64::from(node.usable[0].max(1));
    let switch = Money::from_nanos(i64::try_from(switch).unwrap_or(i64::MAX));
    let price = usd(node.price.unwrap_or_default());
    let text = if node.evictable == 0 {
        format!(
            "It costs {price} USD/h and runs no pod that would have to move; the template's fewest nodes or pods that wait keep it."
        )
    } else {
        format!(
            "It costs {price} USD/h with {} on {cpu} % of its CPU; no cheaper way to run {} was found, {} ({} USD/h over the payback time) counted.",
            pods(node.evictable),
            verb(node.evictable.into(), "it", "them"),
            verb(node.evictable.into(), "its eviction", "their evictions"),
            usd(switch),
        )
    };
    (StayReason::WellUsed, text)
}

/// Findings about pods that found no place.
pub(crate) fn findings(model: &Model<'_>, choice: &Choice, fleet: &Fleet) -> Vec<Finding> {
    let mut stuck: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (at, class) in &choice.stuck {
        if !fleet.retired.contains(at) {
            stuck.entry(model.classes[*class as usize].workload).or_default().push(*at);
        }
    }
    let blocked = stuck.into_iter().map(|(workload, nodes)| {
        let workload = &model.workloads[workload as usize];
        let example = &model.input.snapshot.nodes[nodes[0] as usize].name;
        let others = match nodes.len() {
            1 => format!("so node {example} stays"),
            more => format!("so {more} nodes such as {example} stay"),
        };
        Finding::new(
            FindingCode::PodFitsNothing,
            format!("workload/{workload}"),
            format!("Pods of {workload} fit no other node and no offering that policy and template allow, {others}."),
        )
    });
    let homeless = fleet.homeless.iter().map(|(class, count)| {
        let workload = &model.workloads[model.classes[*class as usize].workload as usize];
        Finding::new(
            FindingCode::PodFitsNothing,
            format!("workload/{workload}"),
            format!(
                "{} of {workload} {} no node there is and no offering that policy and template allow.",
                counted(*count, "pending pod"),
                verb((*count).into(), "fits", "fit")
            ),
        )
    });
    blocked.chain(homeless).collect()
}
