//! Commands: steps in the words and numbers that people and the executor need.

use crate::fleet::{Fleet, cpu};
use crate::model::{Model, Shape};
use crate::payback::Gain;
use crate::preferring;
use crate::reason::{brim, reason, room_added};
use crate::rehearse::Rehearsed;
use crate::rejected::rejected;
use crate::settle::Settled;
use crate::steps::Step;
use domain::Money;
use domain::plan::{Choice as PoolChoice, Command, Launch, PodShare, Retire};
use domain::snapshot::NodeManager;
use std::collections::BTreeMap;

/// Most pools named for one launch on Spot.
const MOST_CHOICES: usize = 8;

/// The commands of a fleet's steps.
pub(crate) fn commands(model: &Model<'_>, settled: &Settled) -> Vec<Command> {
    let choice = &settled.choice;
    let Rehearsed { fleet, steps, added, .. } = &settled.rehearsed;
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
            reason.text.push_str(&preferring::met(model, fleet, &step.launch));
            for (group, made) in groups.iter().zip(&launch) {
                rejected.extend(preferring::foregone(model, fleet, &group.nodes, made));
            }
            if index == 0 {
                rejected.extend(
                    settled.passed.and_then(|passed| preferring::passed(model, fleet, passed)),
                );
            }
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
        && classes
            .keys()
            .all(|class| model.classes[*class as usize].allowed.anywhere.contains(other.site))
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
        drain_rounds: existing.rounds,
    })
}

/// CPU of what a group of launched nodes holds, thousandths.
pub(crate) fn group_cpu(model: &Model<'_>, fleet: &Fleet, group: &Group) -> u64 {
    group.nodes.iter().map(|at| cpu(model, &fleet.launched[*at].load)).sum()
}
