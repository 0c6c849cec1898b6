//! Why a command is worth it, in a sentence with numbers.

use crate::choose::Choice;
use crate::model::Model;
use crate::payback::Gain;
use crate::relieve::Added;
use crate::steps::Step;
use crate::words::{counted, duration, launched, nodes, pods, small_usd, usd, verb};
use domain::Money;
use domain::offering::CapacityType;
use domain::plan::{Alternative, Launch, Reason, ReasonKind, Retire};
use std::collections::BTreeMap;
use std::fmt::Write;

pub(crate) fn reason(
    model: &Model<'_>,
    step: &Step,
    launch: &[Launch],
    retire: &[Retire],
    gain: &Gain,
) -> Reason {
    let Gain { saving: saved, evictions, disruption: disruption_cost, .. } = *gain;
    let kind = kind(launch, retire, evictions);
    let before: Money = retire.iter().map(|retire| retire.price_per_hour).sum();
    let mut text = match kind {
        ReasonKind::Empty => format!(
            "{} {} no pod that would have to move: retiring {} saves {} USD/h.",
            nodes(retire.len()),
            verb(retire.len() as u64, "runs", "run"),
            verb(retire.len() as u64, "it", "them"),
            usd(saved),
        ),
        ReasonKind::Provisioning => format!(
            "Pending pods fit no node: {} for {} USD/h {} room for {}.",
            launched(launch),
            usd(-saved),
            verb(launch.iter().map(|launch| u64::from(launch.count)).sum(), "makes", "make"),
            pods(packed(launch)),
        ),
        _ if launch.is_empty() => format!(
            "{} of {} ({} USD/h) {} into the free room of other nodes: saves {} USD/h; {}.",
            pods(evictions),
            nodes(retire.len()),
            usd(before),
            verb(evictions.into(), "fits", "fit"),
            usd(saved),
            pays_back(gain),
        ),
        _ => format!(
            "{} ({} USD/h) {} way to {} ({} USD/h): {}; {}.",
            nodes(retire.len()),
            usd(before),
            verb(retire.len() as u64, "gives", "give"),
            launched(launch),
            usd(before - saved),
            if saved >= Money::ZERO {
                format!("saves {} USD/h ({} %)", usd(saved), saved.ppm_of(before) / 10_000)
            } else {
                format!("costs {} USD/h more, with room for other pods as well", usd(-saved))
            },
            pays_back(gain),
        ),
    };
    let added = gain.added_risk;
    let (amount, way) = if added > Money::ZERO { (added, "more") } else { (-added, "less") };
    if amount >= LEAST_SAID {
        let hours = model.input.policy.payback_hours;
        let until = if gain.life_seconds < u64::from(hours) * 3_600 {
            format!(
                "the {} until a new node is expected to be interrupted",
                duration(gain.life_seconds)
            )
        } else {
            format!("the {hours} h of the policy's payback time")
        };
        let _ = write!(
            text,
            " Interruptions are expected to cost {} USD/h {way}; the saving counts for {until}.",
            small_usd(amount)
        );
    }
    text.push_str(&alone(model, step));
    text.push_str(&covered(model, step));
    Reason {
        kind,
        text,
        evictions,
        disruption_cost,
        added_interruption_cost_per_hour: gain.added_risk,
        payback_seconds: gain.payback_seconds(),
    }
}

fn pays_back(gain: &Gain) -> String {
    let evictions = gain.evictions;
    let cost = format!(
        "{} {} held to cost {} USD",
        counted(evictions, "eviction"),
        verb(evictions.into(), "is", "are"),
        usd(gain.disruption)
    );
    match gain.payback_seconds() {
        _ if gain.net() <= Money::ZERO => cost,
        seconds => format!("{cost}, which is earned back in {}", duration(seconds)),
    }
}

/// Evicted pods that no other replica stands in for meanwhile.
fn alone(model: &Model<'_>, step: &Step) -> String {
    let replicas = step.retire.iter().flat_map(|at| &model.nodes[*at as usize].replicas);
    let alone: Vec<u32> = replicas
        .map(|(workload, _)| *workload)
        .filter(|workload| model.replicas[*workload as usize] == 1)
        .collect();
    let name = |workload: &u32| &model.workloads[*workload as usize];
    match alone.as_slice() {
        [] => String::new(),
        [one] => format!(" {} has one replica and is away until that runs again.", name(one)),
        [one, rest @ ..] => format!(
            " {} and {} have one replica each and are away until that runs again.",
            name(one),
            counted(rest.len() as u64, "other workload")
        ),
    }
}

/// What Reserved Instances and Savings Plans have to do with it.
fn covered(model: &Model<'_>, step: &Step) -> String {
    let list = |at: &u32| {
        let node = &model.nodes[*at as usize];
        let list = model.input.market.price(node.pool.as_ref()?)?;
        Some(list - node.price?).filter(|covered| *covered > Money::ZERO)
    };
    let covered: Vec<Money> = step.retire.iter().filter_map(list).collect();
    if covered.is_empty() {
        return String::new();
    }
    format!(
        " {} would cost {} USD/h more without Reserved Instances and Savings Plans, which are paid all the same: that saves nothing.",
        nodes(covered.len()),
        usd(covered.iter().copied().sum())
    )
}

fn kind(launch: &[Launch], retire: &[Retire], evictions: u32) -> ReasonKind {
    let on_spot = |launch: &Launch| {
        launch.choices.first().is_some_and(|choice| choice.pool.capacity_type == CapacityType::Spot)
    };
    let was_on_demand =
        retire.iter().all(|retire| retire.pool.capacity_type == CapacityType::OnDemand);
    if retire.is_empty() {
        ReasonKind::Provisioning
    } else if launch.is_empty() && evictions == 0 {
        ReasonKind::Empty
    } else if was_on_demand && launch.iter().any(on_spot) {
        ReasonKind::Spot
    } else {
        ReasonKind::Consolidation
    }
}

/// What is less than this is not said: it would read as nothing.
const LEAST_SAID: Money = Money::from_nanos(1_000);

/// What the plan costs more than a packing, so that the scheduler finds room for every pod.
pub(crate) fn room_added(more: Money, added: &[Added]) -> String {
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for one in added {
        *kinds.entry(&one.what).or_default() += 1;
    }
    let counted = |(what, count): (&&str, &u32)| format!("{count} × {what}");
    let what: Vec<String> = kinds.iter().take(3).map(counted).collect();
    format!(
        " Room for the scheduler, which spreads pods rather than packs them, makes the whole plan {} USD/h dearer ({}{}).",
        usd(more),
        what.join(", "),
        if kinds.len() > 3 { ", …" } else { "" }
    )
}

/// The plan without that room.
pub(crate) fn brim(
    model: &Model<'_>,
    choice: &Choice,
    more: Money,
    added: &[Added],
) -> Alternative {
    let now = model.cost_now();
    Alternative {
        what: "pack the nodes to the brim".to_owned(),
        cost_per_hour: now + choice.fleet.cost_change(model),
        why: format!(
            "costs {} USD/h less, but in rehearsal the scheduler left pods of {} without room",
            usd(more),
            model.workloads[added[0].workload as usize]
        ),
    }
}

fn packed(launch: &[Launch]) -> u32 {
    launch.iter().flat_map(|launch| &launch.packing).map(|share| share.pods).sum()
}
