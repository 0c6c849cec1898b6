//! Choosing which nodes to retire: whole fleets first, then one node after the other.

use crate::fleet::{Fleet, Load, NewNode, keep_cost, switching_cost};
use crate::model::Model;
use crate::place::{candidates, displaced, place};
use crate::spreading::over_zones;
use crate::words::{nodes, verb};
use domain::Money;
use std::collections::{BTreeMap, BTreeSet};

/// A fleet that was looked at.
#[derive(Debug, Clone)]
pub(crate) struct Looked {
    /// In words: what was retired.
    pub(crate) what: String,
    /// Prices of launched nodes less prices of retired ones.
    pub(crate) cost_change: Money,
    /// Nodes retired.
    pub(crate) retired: usize,
}

/// The best fleet found, that of staying, and the others.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) fleet: Fleet,
    pub(crate) staying: Fleet,
    pub(crate) looked: Vec<Looked>,
    /// Nodes whose pods found no place elsewhere, with one of the classes that did not.
    pub(crate) stuck: BTreeMap<u32, u32>,
}

/// Node prices over the worth of their pods, in percent, above which a whole fleet retires them.
const THRESHOLDS: [u32; 6] = [70, 90, 100, 110, 130, 170];

/// What a node is held to cost beside its price where there are too many, nano-USD in an hour: first,
/// and at most. The largest cost about 10 USD/h.
const SURCHARGE: u64 = 50_000_000;
const MOST_SURCHARGE: u64 = 4_000_000_000;

/// Searches until the budget is used up or nothing is left to try.
pub(crate) fn choose(model: &Model<'_>, mut budget: u64) -> Choice {
    let all: BTreeSet<u32> = candidates(model).collect();
    // Pods that wait are all there is to search for where no node may be retired.
    let search = if all.is_empty() && !model.pending.is_empty() { budget } else { 0 };
    let (mut staying, _) =
        attempt(model, &BTreeSet::new(), search, &mut budget, &mut BTreeMap::new());
    over_zones(model, &mut staying);
    let mut choice =
        Choice { fleet: staying.clone(), staying, looked: Vec::new(), stuck: BTreeMap::new() };
    if all.is_empty() {
        return choice;
    }
    let (everything, movable) = attempt(model, &all, 0, &mut budget, &mut choice.stuck);
    let worth = Worth::new(model, &everything);
    let mut tried =
        vec![(movable.clone(), everything, "retire every node that may be retired".to_owned())];
    for threshold in THRESHOLDS {
        let set: BTreeSet<u32> = movable
            .iter()
            .copied()
            .filter(|at| worth.price_percent(model, *at) > threshold)
            .collect();
        if set.is_empty() || tried.iter().any(|known| known.0 == set) {
            continue;
        }
        let what = format!(
            "retire the {} that {} more than {threshold} % of what {} pods cost when packed anew",
            nodes(set.len()),
            verb(set.len() as u64, "costs", "cost"),
            verb(set.len() as u64, "its", "their")
        );
        let (fleet, left) = attempt(model, &set, 0, &mut budget, &mut BTreeMap::new());
        tried.push((left, fleet, what));
    }
    let best = (0..tried.len())
        .min_by_key(|at| (tried[*at].1.miscount(model), tried[*at].1.objective(model), *at))
        .unwrap_or(0);
    if !tried[best].0.is_empty() {
        let (polished, _) =
            attempt(model, &tried[best].0.clone(), budget / 2, &mut budget, &mut BTreeMap::new());
        let rank = |fleet: &Fleet| (fleet.miscount(model), fleet.objective(model));
        if rank(&polished) < rank(&tried[best].1) {
            tried[best].1 = polished;
        }
    }
    if !model.pending.is_empty() {
        // Pods that wait get nodes in any case: no change saves what a search for these does.
        let (searched, _) =
            attempt(model, &BTreeSet::new(), budget / 2, &mut budget, &mut BTreeMap::new());
        keep_better(model, &mut choice.staying, searched);
        over_zones(model, &mut choice.staying);
        choice.fleet = choice.staying.clone();
    }
    for (_, fleet, what) in tried {
        choice.looked.push(Looked {
            what,
            cost_change: fleet.cost_change(model),
            retired: fleet.retired.len(),
        });
        keep_better(model, &mut choice.fleet, fleet);
    }
    let mut fleet = choice.fleet.clone();
    consolidate(model, &mut fleet, &worth, &movable, &mut budget);
    keep_better(model, &mut choice.fleet, fleet);
    over_zones(model, &mut choice.fleet);
    choice
}

fn keep_better(model: &Model<'_>, best: &mut Fleet, other: Fleet) {
    let rank = |fleet: &Fleet| (fleet.miscount(model), fleet.waiting(), fleet.objective(model));
    if rank(&other) < rank(best) {
        *best = other;
    }
}

/// Retires `retire`, or as many of it as leave a place for every pod. Returns what was retired.
fn attempt(
    model: &Model<'_>,
    retire: &BTreeSet<u32>,
    search: u64,
    budget: &mut u64,
    stuck: &mut BTreeMap<u32, u32>,
) -> (Fleet, BTreeSet<u32>) {
    let mut retire = retire.clone();
    let mut surcharge = 0;
    loop {
        let base = Fleet { retired: retire.clone(), surcharge, ..Fleet::default() };
        // Pods that wait come last: what is taken away must not be taken from those that run.
        let running = displaced(model, retire.iter().copied());
        let wanted = merged(&running, &model.pending);
        let (fleet, unplaced, spent) = place(model, &base, &wanted, search);
        *budget = budget.saturating_sub(spent);
        let (lacking, homeless) = split(&unplaced, &running, &model.pending);
        if let Some(mut fleet) = fleet.filter(|_| lacking.is_empty()) {
            fleet.homeless = homeless;
            enough_nodes(model, &mut fleet);
            if fleet.miscount(model) > 0 && surcharge < MOST_SURCHARGE {
                surcharge = (surcharge * 4).max(SURCHARGE);
                continue;
            }
            few_enough_nodes(model, &mut fleet);
            return (fleet, retire);
        }
        let mut back = BTreeSet::new();
        for (class, count) in lacking {
            let mut holders: Vec<(u32, u32)> = retire
                .iter()
                .filter_map(|at| {
                    let load = &model.nodes[*at as usize].load;
                    load.iter().find(|load| load.0 == class).map(|load| (load.1, *at))
                })
                .collect();
            holders.sort_by_key(|(held, at)| (std::cmp::Reverse(*held), *at));
            let mut covered = 0;
            for (held, at) in holders {
                if covered >= count {
                    break;
                }
                covered += held;
                back.insert(at);
                stuck.entry(at).or_insert(class);
            }
        }
        if back.is_empty() {
            return (
                Fleet { homeless: model.pending.clone(), ..Fleet::default() },
                BTreeSet::new(),
            );
        }
        retire.retain(|at| !back.contains(at));
    }
}

/// Launches empty nodes until there are as many as the template asks for: the cheapest on-demand.
fn enough_nodes(model: &Model<'_>, fleet: &mut Fleet) {
    let count = model.nodes.len() - fleet.retired.len() + fleet.launched.len();
    let least = (model.input.template.min_nodes as usize).min(model.nodes.len());
    let shapes = model.shapes.iter().zip(0..).filter(|(shape, _)| shape.launchable && !shape.spot);
    let Some((_, shape)) = shapes.min_by_key(|(shape, at)| (shape.price, *at)) else { return };
    for _ in count..least {
        fleet.launched.push(NewNode { shape, load: Load::new() });
    }
}

/// Where nothing is retired, does without nodes beyond the template's most: their pods go on waiting.
/// Those go first whose pods have the least priority, and then those with the fewest.
fn few_enough_nodes(model: &Model<'_>, fleet: &mut Fleet) {
    while fleet.retired.is_empty() && fleet.miscount(model) > 0 {
        let pods = |new: &NewNode| new.load.iter().map(|load| load.1).sum::<u32>();
        let highest = |new: &NewNode| {
            new.load.iter().map(|load| model.classes[load.0 as usize].priority).max()
        };
        let launched = fleet.launched.iter().zip(0..);
        let least = launched.min_by_key(|(new, at)| (highest(new), pods(new), *at));
        let Some((_, at)) = least else { return };
        let gone = fleet.launched.remove(at);
        fleet.homeless = merged(&fleet.homeless, &gone.load);
    }
}

fn merged(one: &[(u32, u32)], other: &[(u32, u32)]) -> Load {
    let mut classes: BTreeMap<u32, u32> = one.iter().copied().collect();
    for (class, count) in other {
        *classes.entry(*class).or_default() += count;
    }
    classes.into_iter().collect()
}

/// Shares what found no place out: to pods that wait first.
fn split(unplaced: &[(u32, u32)], running: &[(u32, u32)], pending: &[(u32, u32)]) -> (Load, Load) {
    let in_load = |load: &[(u32, u32)], class: u32| {
        load.iter().find(|have| have.0 == class).map_or(0, |have| have.1)
    };
    let (mut lacking, mut homeless) = (Vec::new(), Vec::new());
    for &(class, count) in unplaced {
        let waits = count.min(in_load(pending, class));
        let runs = (count - waits).min(in_load(running, class));
        if waits > 0 {
            homeless.push((class, waits));
        }
        if runs > 0 {
            lacking.push((class, runs));
        }
    }
    (lacking, homeless)
}

/// What pods cost where the fleet is packed anew.
struct Worth {
    cpu: f64,
    memory: f64,
}

impl Worth {
    /// Splits what the new nodes cost over their pods' CPU and memory, by the share of each of what
    /// the new nodes have.
    fn new(model: &Model<'_>, fleet: &Fleet) -> Self {
        let (mut price, mut cpu, mut memory) = (0.0, 0.0, 0.0);
        for new in &fleet.launched {
            price += model.shapes[new.shape as usize].price.as_usd();
            for (class, count) in &new.load {
                let size = &model.classes[*class as usize].size;
                cpu += f64::from(size[0]) * f64::from(*count);
                memory += f64::from(size[1]) * f64::from(*count);
            }
        }
        // A CPU costs about as much as 8 GiB: the difference between c, m and r families.
        let unit = price / (cpu + memory / 8.192).max(1.0);
        Self { cpu: unit, memory: unit / 8.192 }
    }

    /// A node's price in percent of what its pods would cost.
    fn price_percent(&self, model: &Model<'_>, at: u32) -> u32 {
        let node = &model.nodes[at as usize];
        let worth: f64 = node
            .load
            .iter()
            .map(|(class, count)| {
                let size = &model.classes[*class as usize].size;
                (f64::from(size[0]) * self.cpu + f64::from(size[1]) * self.memory)
                    * f64::from(*count)
            })
            .sum();
        let price = node.price.unwrap_or_default().as_usd();
        if worth <= 0.0 { u32::MAX } else { (price / worth * 100.0) as u32 }
    }
}

/// Retires single nodes, worst used first, while that pays.
fn consolidate(
    model: &Model<'_>,
    fleet: &mut Fleet,
    worth: &Worth,
    movable: &BTreeSet<u32>,
    budget: &mut u64,
) {
    let mut order: Vec<u32> =
        movable.iter().copied().filter(|at| !fleet.retired.contains(at)).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(worth.price_percent(model, *at)), *at));
    for at in order {
        if *budget == 0 {
            return;
        }
        // What moved in here would have to move again: leave such nodes.
        if fleet.moved_in.contains_key(&at) {
            continue;
        }
        let mut base = fleet.clone();
        base.retired.insert(at);
        let load = displaced(model, std::iter::once(at));
        let (other, unplaced, spent) = place(model, &base, &load, 0);
        *budget = budget.saturating_sub(spent.max(1));
        if let Some(other) = other.filter(|other| {
            unplaced.is_empty()
                && other.miscount(model) <= fleet.miscount(model)
                && other.objective(model) < fleet.objective(model)
        }) {
            *fleet = other;
        }
    }
}

/// What keeping and what retiring a node cost, for its explanation: nano-USD in an hour.
pub(crate) fn keep_and_switch(model: &Model<'_>, at: u32) -> (u128, u128) {
    (keep_cost(model, &model.nodes[at as usize]), switching_cost(model, at))
}
