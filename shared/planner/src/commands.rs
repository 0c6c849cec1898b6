//! Commands: steps in the words and numbers that people and the executor need.

use crate::choose::Choice;
use crate::fleet::{Fleet, cpu};
use crate::model::{Model, Shape};
use crate::payback::Gain;
use crate::rejected::rejected;
use crate::relieve::Added;
use crate::steps::Step;
use domain::Money;
use domain::offering::CapacityType;
use domain::plan::{
    Alternative, Choice as PoolChoice, Command, Launch, PodShare, Reason, ReasonKind, Retire,
};
use domain::snapshot::NodeManager;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Most pools named for one launch on Spot.
const MOST_CHOICES: usize = 8;

/// The commands of a fleet's steps.
pub(crate) fn commands(
    model: &Model<'_>,
    choice: &Choice,
    fleet: &Fleet,
    steps: &[Step],
    added: &[Added],
) -> Vec<Command> {
    let numbered = steps.iter().enumerate();
    numbered
        .map(|(index, step)| {
            let groups = groups(fleet, step);
            let gain = Gain::of_step(model, fleet, step);
            let launch: Vec<Launch> =
                groups.iter().map(|group| launch(model, fleet, group)).collect();
            let retire: Vec<Retire> =
                step.retire.iter().filter_map(|at| retire(model, *at)).collect();
            let mut reason = reason(model, step, &launch, &retire, &gain);
            let mut rejected =
                rejected(model, choice, fleet, &groups, &launch, &retire, index == 0);
            let more = fleet.cost_change(model) - choice.fleet.cost_change(model);
            if index == 0 && !added.is_empty() && more > Money::ZERO {
                reason.text.push_str(&room_added(more, added));
                rejected.push(brim(model, choice, more, added));
            }
            Command {
                index: index as u32,
                reason,
                rejected,
                launch,
                retire,
                saving_per_hour: gain.saving,
            }
        })
        .collect()
}

/// What the plan costs more than a packing, so that the scheduler finds room for every pod.
fn room_added(more: Money, added: &[Added]) -> String {
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
fn brim(model: &Model<'_>, choice: &Choice, more: Money, added: &[Added]) -> Alternative {
    let now: Money = model.nodes.iter().filter_map(|node| node.price).sum();
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

/// Launched nodes of one shape.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) shape: u32,
    pub(crate) nodes: Vec<usize>,
}

fn groups(fleet: &Fleet, step: &Step) -> Vec<Group> {
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for at in &step.launch {
        groups.entry(fleet.launched[*at].shape).or_default().push(*at);
    }
    groups.into_iter().map(|(shape, nodes)| Group { shape, nodes }).collect()
}

fn launch(model: &Model<'_>, fleet: &Fleet, group: &Group) -> Launch {
    let shape = &model.shapes[group.shape as usize];
    let mut classes: BTreeMap<u32, u32> = BTreeMap::new();
    for at in &group.nodes {
        for (class, count) in &fleet.launched[*at].load {
            *classes.entry(*class).or_default() += count;
        }
    }
    let mut shares: BTreeMap<u32, (u32, u64, u64)> = BTreeMap::new();
    for (class, count) in &classes {
        let made = &model.classes[*class as usize];
        let share = shares.entry(made.workload).or_default();
        share.0 += count;
        share.1 += u64::from(made.size[0]) * u64::from(*count);
        share.2 += u64::from(made.size[1]) * u64::from(*count);
    }
    Launch {
        count: group.nodes.len() as u32,
        choices: choices(model, shape, &classes),
        labels: shape.labels.clone(),
        taints: shape.taints.clone(),
        packing: shares
            .into_iter()
            .map(|(workload, (pods, cpu_milli, memory_mib))| PodShare {
                workload: model.workloads[workload as usize].clone(),
                pods,
                cpu_milli,
                memory_mib,
            })
            .collect(),
    }
}

/// Whether the pods of one shape can run on another that is as large.
pub(crate) fn can_replace(
    model: &Model<'_>,
    chosen: &Shape,
    other: &Shape,
    classes: &BTreeMap<u32, u32>,
) -> bool {
    other.launchable
        && other.labels == chosen.labels
        && other.taints == chosen.taints
        && other.allocatable.covers(&chosen.allocatable)
        && other.room.iter().zip(&chosen.room).all(|(have, asked)| have >= asked)
        && classes.keys().all(|class| model.classes[*class as usize].anywhere.contains(other.site))
}

/// The chosen pool, others of the same kind by price, and on-demand at last.
fn choices(model: &Model<'_>, chosen: &Shape, classes: &BTreeMap<u32, u32>) -> Vec<PoolChoice> {
    let mut others: Vec<&Shape> = model
        .shapes
        .iter()
        .filter(|other| other.pool != chosen.pool && can_replace(model, chosen, other, classes))
        .collect();
    others.sort_by(|one, other| {
        let rank = |shape: &Shape| (shape.price, shape.interruption_ppm);
        rank(one).cmp(&rank(other)).then(one.pool.cmp(&other.pool))
    });
    let cheapest_on_demand = others.iter().find(|shape| !shape.spot).copied();
    let most = MOST_CHOICES.max(model.input.template.min_offerings as usize);
    let same_kind = others
        .iter()
        .copied()
        .filter(|shape| shape.spot == chosen.spot)
        // An alternative on Spot that costs more than on-demand is none.
        .filter(|shape| {
            !chosen.spot || cheapest_on_demand.is_none_or(|sure| shape.price < sure.price)
        });
    let mut list: Vec<&Shape> = std::iter::once(chosen).chain(same_kind.take(most - 1)).collect();
    if chosen.spot {
        list.extend(cheapest_on_demand);
    }
    list.into_iter()
        .map(|shape| PoolChoice {
            pool: shape.pool.clone(),
            price_per_hour: shape.price,
            estimated: shape.estimated,
            monthly_interruption_ppm: shape.interruption_ppm,
            allocatable: shape.allocatable.clone(),
        })
        .collect()
}

fn retire(model: &Model<'_>, at: u32) -> Option<Retire> {
    let node = &model.input.snapshot.nodes[at as usize];
    let existing = &model.nodes[at as usize];
    let node_group = match &node.manager {
        NodeManager::ManagedNodeGroup { name } => Some(name.clone()),
        _ => None,
    };
    Some(Retire {
        node: node.name.clone(),
        instance_id: node.instance_id.clone()?,
        node_group,
        pool: existing.pool.clone()?,
        price_per_hour: existing.price?,
        evictable_pods: existing.evictable,
    })
}

fn reason(
    model: &Model<'_>,
    step: &Step,
    launch: &[Launch],
    retire: &[Retire],
    gain: &Gain,
) -> Reason {
    let Gain { saving: saved, evictions, disruption: disruption_cost, .. } = *gain;
    let kind = kind(launch, retire, evictions);
    let payback_seconds = gain.payback_seconds();
    let before: Money = retire.iter().map(|retire| retire.price_per_hour).sum();
    let mut text = match kind {
        ReasonKind::Empty => format!(
            "{} run{} no pod that would have to move: retiring saves {} USD/h.",
            nodes(retire.len()),
            if retire.len() == 1 { "s" } else { "" },
            usd(saved),
        ),
        ReasonKind::Provisioning => format!(
            "Pending pods fit no node: {} for {} USD/h make{} room for {} pods.",
            launched(launch),
            usd(-saved),
            if launch.len() == 1 && launch[0].count == 1 { "s" } else { "" },
            pods(launch),
        ),
        _ if launch.is_empty() => format!(
            "The {evictions} pods of {} ({} USD/h) fit into the free room of the other nodes: saves {} USD/h; evictions are held to cost {} USD and pay back in {}.",
            nodes(retire.len()),
            usd(before),
            usd(saved),
            usd(disruption_cost),
            duration(payback_seconds),
        ),
        _ => format!(
            "{} ({} USD/h) give way to {} ({} USD/h): saves {} USD/h ({} %); {evictions} evictions are held to cost {} USD and pay back in {}.",
            nodes(retire.len()),
            usd(before),
            launched(launch),
            usd(before - saved),
            usd(saved),
            saved.ppm_of(before) / 10_000,
            usd(disruption_cost),
            duration(payback_seconds),
        ),
    };
    if gain.added_risk != Money::ZERO {
        let added = gain.added_risk;
        let (amount, way) = if added > Money::ZERO { (added, "more") } else { (-added, "less") };
        let hours = gain.life_seconds / 3_600;
        let _ = write!(
            text,
            " Interruptions are expected to cost {} USD/h {way}; the saving is counted for {hours} h.",
            small_usd(amount)
        );
    }
    text.push_str(&covered(model, step));
    Reason {
        kind,
        text,
        evictions,
        disruption_cost,
        added_interruption_cost_per_hour: gain.added_risk,
        payback_seconds,
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
        " {} of them would cost {} USD/h more without Reserved Instances and Savings Plans, which are paid all the same: that saves nothing.",
        covered.len(),
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

fn nodes(count: usize) -> String {
    if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") }
}

/// `3 × m7g.large us-east-1a spot and 1 × …`.
pub(crate) fn launched(launch: &[Launch]) -> String {
    let named: Vec<String> = launch
        .iter()
        .filter_map(|launch| Some(format!("{} × {}", launch.count, launch.choices.first()?.pool)))
        .collect();
    match named.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] if named.len() <= 4 => format!("{} and {last}", first.join(", ")),
        _ => {
            let count: u32 = launch.iter().map(|launch| launch.count).sum();
            format!("{count} nodes of {} pools", named.len())
        }
    }
}

fn pods(launch: &[Launch]) -> u32 {
    launch.iter().flat_map(|launch| &launch.packing).map(|share| share.pods).sum()
}

/// Dollars for a sentence: four decimals.
pub(crate) fn usd(money: Money) -> String {
    let step = 100_000;
    let tenths = money.ratio(1, step).nanos();
    Money::from_nanos(tenths * step as i64).to_string()
}

/// Dollars of what is often far below a cent: six decimals.
fn small_usd(money: Money) -> String {
    let step = 1_000;
    Money::from_nanos(money.ratio(1, step).nanos() * step as i64).to_string()
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

/// CPU of what a group of launched nodes holds, thousandths.
pub(crate) fn group_cpu(model: &Model<'_>, fleet: &Fleet, group: &Group) -> u64 {
    group.nodes.iter().map(|at| cpu(model, &fleet.launched[*at].load)).sum()
}
