//! The cheapest way to give pods room that a rehearsal left without: another node, a larger one, or
//! one fewer to retire.

use crate::caps::{spot_fits, within_policy};
use crate::commands::can_replace;
use crate::fleet::{Fleet, Load, NewNode, risk};
use crate::model::{Model, RESOURCES, Shape};
use crate::packing::Size;
use crate::rehearse::Short;
use crate::words::usd;
use domain::Money;
use std::collections::BTreeMap;

/// Larger shapes tried, cheapest first.
const MOST_TRIED: usize = 16;

/// Something that was added to a plan.
#[derive(Debug, Clone)]
pub(crate) struct Added {
    /// In words: `m6i.large us-east-1a spot more`.
    pub(crate) what: String,
    pub(crate) cost: Money,
    /// A workload that would have been without room.
    pub(crate) workload: u32,
}

/// A way to relieve: the fleet, what was added in words, and which of the pods get room.
struct Way {
    fleet: Fleet,
    what: String,
    taken: Vec<u32>,
}

/// A fleet with room for at least one of the pods, at the least cost for each that gets some; takes
/// those off `short`.
pub(crate) fn relieve(
    model: &Model<'_>,
    fleet: &Fleet,
    short: &mut Vec<Short>,
) -> Option<(Fleet, Added)> {
    let first = short.first()?;
    let workload = model.classes[first.class as usize].workload;
    let ways =
        [another(model, fleet, short), larger(model, fleet, short), one_fewer(model, fleet, short)];
    let now = fleet.objective(model);
    let worth = |way: &Way| {
        let pods: u32 = way.taken.iter().sum();
        way.fleet.objective(model).saturating_sub(now) / u128::from(pods.max(1))
    };
    let best = ways.into_iter().flatten().min_by_key(worth)?;
    for (short, taken) in short.iter_mut().zip(best.taken) {
        short.count -= taken;
    }
    short.retain(|short| short.count > 0);
    let cost = best.fleet.cost_change(model) - fleet.cost_change(model);
    Some((best.fleet, Added { what: best.what, cost, workload }))
}

/// One more node. The more were added to its zone before, the larger: what is added fills up like the
/// rest, and only of a large node is there room for a pod left then.
fn another(model: &Model<'_>, fleet: &Fleet, short: &[Short]) -> Option<Way> {
    let mut before: BTreeMap<&str, u32> = BTreeMap::new();
    for new in fleet.launched.iter().filter(|new| new.load.is_empty()) {
        *before.entry(&model.shapes[new.shape as usize].pool.zone).or_default() += 1;
    }
    let size = model.classes[short[0].class as usize].size;
    let on_spot = fleet.spot_cpu(model);
    let priced = |(at, shape): (usize, &Shape)| {
        let before = before.get(shape.pool.zone.as_str()).copied().unwrap_or(0);
        let large = (0..2).all(|one| shape.spare[one] >= size[one].saturating_mul(before + 1));
        if !large || !shape.launchable {
            return None;
        }
        let pods: u32 = taken(model, shape, short).iter().sum();
        if pods == 0 {
            return None;
        }
        let price = u128::try_from(shape.price.nanos()).unwrap_or(0)
            + risk(model, shape.interruption_ppm, shape.price, pods);
        Some((price / u128::from(pods), at))
    };
    let mut shapes: Vec<(u128, usize)> =
        model.shapes.iter().enumerate().filter_map(priced).collect();
    shapes.sort_unstable();
    let allowed = |at: &usize| {
        let shape = &model.shapes[*at];
        !shape.spot || spot_fits(model, &on_spot, shape)
    };
    let at = shapes.into_iter().map(|(_, at)| at).find(allowed)?;
    let shape = &model.shapes[at];
    let mut better = fleet.clone();
    better.launched.push(NewNode { shape: at as u32, load: Load::new() });
    if better.miscount(model) > fleet.miscount(model) {
        return None;
    }
    let what = format!("{} more", shape.pool);
    Some(Way { fleet: better, what, taken: taken(model, shape, short) })
}

/// Which of the pods a new node of a shape takes.
fn taken(model: &Model<'_>, shape: &Shape, short: &[Short]) -> Vec<u32> {
    let mut free = shape.spare;
    let takes = |one: &Short| {
        let made = &model.classes[one.class as usize];
        if !made.in_any_zone.contains(shape.site) || !one.zones.contains(&shape.pool.zone) {
            return 0;
        }
        let most = if made.members.is_empty() { one.count } else { one.count.min(1) };
        (0..most).map(|_| u32::from(subtract(&mut free, &made.size))).sum()
    };
    short.iter().map(takes).collect()
}

/// Takes `size` off where there is as much.
fn subtract(free: &mut Size<RESOURCES>, size: &Size<RESOURCES>) -> bool {
    let fits = free.iter().zip(size).all(|(free, size)| free >= size);
    if fits {
        for (free, size) in free.iter_mut().zip(size) {
            *free -= size;
        }
    }
    fits
}

/// A launched node of a larger shape that takes at least the first pod more.
fn larger(model: &Model<'_>, fleet: &Fleet, short: &[Short]) -> Option<Way> {
    let first = &short[0];
    let made = &model.classes[first.class as usize];
    let last: BTreeMap<u32, usize> =
        fleet.launched.iter().enumerate().map(|(at, new)| (new.shape, at)).collect();
    let mut ways = Vec::new();
    for (shape, at) in last {
        let chosen = &model.shapes[shape as usize];
        if !made.in_any_zone.contains(chosen.site) || !first.zones.contains(&chosen.pool.zone) {
            continue;
        }
        let classes: BTreeMap<u32, u32> = fleet.launched[at].load.iter().copied().collect();
        for (number, other) in model.shapes.iter().enumerate() {
            let holds = (0..RESOURCES)
                .all(|one| other.spare[one] >= chosen.spare[one].saturating_add(made.size[one]));
            if holds
                && made.members.is_empty()
                && other.spot == chosen.spot
                && other.pool.zone == chosen.pool.zone
                && can_replace(model, chosen, other, &classes)
            {
                ways.push((other.price - chosen.price, number, at));
            }
        }
    }
    ways.sort_unstable();
    ways.into_iter().take(MOST_TRIED).find_map(|(_, number, at)| {
        let mut better = fleet.clone();
        better.launched[at].shape = number as u32;
        let what = format!(
            "{} rather than {}",
            model.shapes[number].pool, model.shapes[fleet.launched[at].shape as usize].pool
        );
        let taken = (0..short.len()).map(|at| u32::from(at == 0)).collect();
        within_policy(model, fleet, &better).then_some(Way { fleet: better, what, taken })
    })
}

/// The fleet in which a node is not retired after all.
fn one_fewer(model: &Model<'_>, fleet: &Fleet, short: &[Short]) -> Option<Way> {
    let node = short[0].from;
    let mut better = fleet.clone();
    better.retired.remove(&node);
    for (class, count) in &model.nodes[node as usize].load {
        let mut left = *count;
        let new = better.launched.iter_mut().rev().map(|new| &mut new.load);
        for load in new.chain(better.moved_in.values_mut().rev()) {
            for held in load.iter_mut().filter(|held| held.0 == *class) {
                let gone = held.1.min(left);
                held.1 -= gone;
                left -= gone;
            }
            load.retain(|held| held.1 > 0);
        }
    }
    better.moved_in.retain(|_, load| !load.is_empty());
    let name = &model.input.snapshot.nodes[node as usize].name;
    let price = usd(model.nodes[node as usize].price.unwrap_or_default());
    let what = format!("keep {name} ({price} USD/h)");
    let stays = |short: &Short| if short.from == node { short.count } else { 0 };
    let taken = short.iter().map(stays).collect();
    let allowed = better.miscount(model) <= fleet.miscount(model);
    (allowed && within_policy(model, fleet, &better)).then_some(Way { fleet: better, what, taken })
}
