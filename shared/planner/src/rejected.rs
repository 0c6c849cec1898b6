//! What was not chosen for a command, each with the cost that was computed for it and why not.

use crate::caps::{Cap, by_cap};
use crate::choose::Choice;
use crate::commands::{Group, can_replace, group_cpu};
use crate::fleet::{Fleet, cpu};
use crate::model::{Model, Shape};
use crate::preferring;
use crate::words::{counted, launched, nodes, percent, usd};
use domain::Money;
use domain::plan::{Alternative, Choice as PoolChoice, Launch, Retire};
use std::collections::BTreeMap;

/// Most cheaper pools explained for one launch.
const MOST_CHEAPER: usize = 2;

pub(crate) fn rejected(
    model: &Model<'_>,
    choice: &Choice,
    fleet: &Fleet,
    groups: &[Group],
    launch: &[Launch],
    retire: &[Retire],
    first: bool,
) -> Vec<Alternative> {
    let price = |choice: Option<&domain::plan::Choice>| choice.map(|choice| choice.price_per_hour);
    let cost: Money = launch
        .iter()
        .filter_map(|launch| Some(price(launch.choices.first())? * u64::from(launch.count)))
        .sum();
    let mut list = Vec::new();
    if !retire.is_empty() {
        let keeping: Money = retire.iter().map(|retire| retire.price_per_hour).sum();
        let what = match retire {
            [one] => format!("keep {}", one.node),
            [one, rest @ ..] => format!("keep {} and {} more", one.node, rest.len()),
            [] => String::new(),
        };
        let more = keeping - cost;
        let why = if launch.is_empty() {
            format!("costs {} USD/h for pods that fit elsewhere", usd(more))
        } else if more > Money::ZERO {
            format!("costs {} USD/h more than {}", usd(more), launched(launch))
        } else {
            format!(
                "costs {} USD/h less than {}, which other pods need as well",
                usd(-more),
                launched(launch)
            )
        };
        list.push(Alternative { what, cost_per_hour: keeping, why });
    }
    for (group, made) in groups.iter().zip(launch) {
        list.extend(for_launch(model, fleet, group, made));
    }
    if first {
        list.extend(whole_fleets(model, choice, fleet));
    }
    list
}

/// Cheaper pools that a limit rules out, the next best, and on-demand.
fn for_launch(model: &Model<'_>, fleet: &Fleet, group: &Group, made: &Launch) -> Vec<Alternative> {
    let chosen = &model.shapes[group.shape as usize];
    let count = u64::from(made.count);
    let mut classes: BTreeMap<u32, u32> = BTreeMap::new();
    for (class, pods) in group.nodes.iter().flat_map(|at| &fleet.launched[*at].load) {
        *classes.entry(*class).or_default() += pods;
    }
    let mut list = Vec::new();
    let mut cheaper: Vec<&Shape> = model
        .shapes
        .iter()
        .filter(|other| other.price < chosen.price && can_replace(model, chosen, other, &classes))
        .collect();
    cheaper.sort_by(|one, other| one.price.cmp(&other.price).then(one.pool.cmp(&other.pool)));
    for other in cheaper.into_iter().take(MOST_CHEAPER) {
        let disliked = || preferring::against(model, &classes, chosen.site, other.site);
        if let Some(why) = forbidden(model, fleet, group, other).or_else(disliked) {
            list.push(Alternative {
                what: format!("{count} × {}", other.pool),
                cost_per_hour: other.price * count,
                why,
            });
        }
    }
    let next = made.choices.iter().skip(1).find(|choice| choice.price_per_hour >= chosen.price);
    for choice in next.into_iter().chain(made.choices.iter().skip(1).last()) {
        let alternative = Alternative {
            what: format!("{count} × {}", choice.pool),
            cost_per_hour: choice.price_per_hour * count,
            why: dearer(chosen, choice, count),
        };
        if choice.price_per_hour >= chosen.price && !list.contains(&alternative) {
            list.push(alternative);
        }
    }
    list
}

/// Why a pool that costs no less, and has as much room, comes later.
fn dearer(chosen: &Shape, other: &PoolChoice, count: u64) -> String {
    let more = other.price_per_hour - chosen.price;
    if more > Money::ZERO {
        return format!("costs {} USD/h more for as much room", usd(more * count));
    }
    let (mine, theirs) = (chosen.interruption_ppm, other.monthly_interruption_ppm);
    if theirs > mine {
        let [mine, theirs] = [mine, theirs].map(|ppm| percent(ppm.into()));
        return format!(
            "costs the same and is interrupted more often, {theirs} a month rather than {mine}"
        );
    }
    "costs the same for as much room".to_owned()
}

/// Which limit a cheaper pool would break, were the group launched there.
fn forbidden(model: &Model<'_>, fleet: &Fleet, group: &Group, other: &Shape) -> Option<String> {
    if !other.spot {
        return None;
    }
    let chosen = &model.shapes[group.shape as usize];
    if !chosen.spot {
        return share_of_spot(model, fleet, group)
            .or_else(|| workloads(model, fleet, group, other));
    }
    let moved = group_cpu(model, fleet, group);
    let used = fleet.spot_cpu(model);
    let total: u64 = fleet.spot_total(model);
    // Were its nodes in the other pool instead.
    let mut there = used.clone();
    if let Some(left) = there.get_mut(&chosen.pool) {
        left.cpu = left.cpu.saturating_sub(moved);
        left.largest = left.largest.min(left.cpu);
    }
    for at in &group.nodes {
        let load = &fleet.launched[*at].load;
        there.entry(other.pool.clone()).or_default().add(cpu(model, load));
    }
    let there = by_cap(&there);
    let capped = Cap::of(&other.pool).into_iter().find_map(|cap| {
        let (used, percent) = (there[&cap], cap.percent(model));
        (!used.is_within(percent, total)).then(|| {
            format!(
                "{} of the CPU on Spot would be in {cap}; {} {percent} %, rounded up to a whole node",
                share(used.cpu, total),
                if percent > cap.asked(model) {
                    "an even share of what there is would be"
                } else {
                    "the policy allows"
                }
            )
        })
    });
    capped.or_else(|| workloads(model, fleet, group, other))
}

/// Whether the policy's share of Spot forbids to launch the group there.
fn share_of_spot(model: &Model<'_>, fleet: &Fleet, group: &Group) -> Option<String> {
    let percent = model.input.policy.spot_percent;
    let on_spot = fleet.spot_total(model) + group_cpu(model, fleet, group);
    let all = model.workload_cpu();
    (on_spot * 100 > all * u64::from(percent)).then(|| {
        format!(
            "{} of requested CPU would be on Spot; the policy allows {percent} %",
            share(on_spot, all)
        )
    })
}

/// Whether the policy's limits on single workloads forbid to launch the group in a pool on Spot.
fn workloads(model: &Model<'_>, fleet: &Fleet, group: &Group, other: &Shape) -> Option<String> {
    let policy = &model.input.policy;
    let chosen = &model.shapes[group.shape as usize];
    let on_spot = fleet.spot_replicas(model);
    let mut moving: BTreeMap<u32, u32> = BTreeMap::new();
    for (class, pods) in group.nodes.iter().flat_map(|at| &fleet.launched[*at].load) {
        *moving.entry(model.classes[*class as usize].workload).or_default() += pods;
    }
    moving.into_iter().find_map(|(workload, moving)| {
        let (name, replicas) =
            (&model.workloads[workload as usize], model.replicas[workload as usize]);
        let pools = on_spot.get(&workload);
        let already = if chosen.spot { 0 } else { moving };
        let all = pools.map_or(0, |pools| pools.values().sum::<u32>()) + already;
        let most = model.spot_replicas[workload as usize];
        if all > most {
            return Some(format!(
                "{all} of {} of {name} would be on Spot; the policy allows {most}",
                counted(replicas, "replica")
            ));
        }
        let here = pools.and_then(|pools| pools.get(&other.pool)).copied().unwrap_or(0) + moving;
        let percent = policy.max_workload_pool_percent;
        let most = replicas * u32::from(percent.min(100)) / 100;
        (here > most).then(|| {
            format!(
                "{here} of {} of {name} would be in one Spot pool; the policy allows {percent} %, which is {most}",
                counted(replicas, "replica")
            )
        })
    })
}

fn share(part: u64, whole: u64) -> String {
    percent(part * 1_000_000 / whole.max(1))
}

/// Other fleets that the search looked at.
fn whole_fleets(model: &Model<'_>, choice: &Choice, fleet: &Fleet) -> Vec<Alternative> {
    let now = model.cost_now();
    let chosen = fleet.cost_change(model);
    choice
        .looked
        .iter()
        .filter(|looked| looked.cost_change != chosen)
        .map(|looked| {
            let more = looked.cost_change - chosen;
            let why = if more > Money::ZERO {
                format!("the whole cluster would cost {} USD/h more than by this plan", usd(more))
            } else {
                format!(
                    "it saves {} USD/h more, which does not pay for the disruption of {} and the interruptions expected",
                    usd(-more),
                    nodes(looked.retired)
                )
            };
            Alternative { what: looked.what.clone(), cost_per_hour: now + looked.cost_change, why }
        })
        .collect()
}
