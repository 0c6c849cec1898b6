//! Ruin and recreate: take a few bins apart, pack their items again, keep what costs no more.

use super::columns::is_plain;
use super::construct::{Constructed, construct};
use super::fleets::{cut_bound, uncut_bound};
use super::greedy::{Guide, Way, complete, fill};
use super::random::Random;
use super::repack::Repack;
use super::state::{Bin, CHECKS_PER_UNIT, Place, State};

/// Greedy packings that are tried, the most robust first.
pub(super) const WAYS: [Way; 5] = [
    Way { even: false, favour: 1.0 },
    Way { even: true, favour: 10.0 },
    Way { even: true, favour: 1.0 },
    Way { even: true, favour: 1.2 },
    Way { even: false, favour: 1.2 },
];

/// Builds a packing, improves it until the budget is used up, and returns a bound on its cost.
pub(super) fn improve<const D: usize>(state: &mut State<'_, D>, budget: u64, seed: u64) -> f64 {
    let until = budget * CHECKS_PER_UNIT;
    let mut guide = Guide::new(state);
    if budget == 0 {
        complete(state, &guide, WAYS[0]);
        return 0.0;
    }
    let mut bound = cut_bound(state.problem);
    let plain = is_plain(state.problem);
    let mut constructed = None;
    if plain {
        constructed = construct(state, &mut guide, until, bound);
    } else {
        complete(state, &guide, WAYS[0]);
    }
    // What proofs of covers may take: more where they often prove the packing to be the best.
    let (nodes, end) = if plain { (until / 60, until - until / 12) } else { (until / 600, until) };
    let (programme, hopeful) = match constructed {
        Some(Constructed { programme, hopeful }) => (Some(programme), hopeful),
        None => (None, None),
    };
    if let Some(programme) = &programme {
        bound = programme.bound.max(bound);
    }
    if complete_packing(state) {
        bound = bound.max(uncut_bound(state, programme.as_ref(), nodes));
    }
    let cost = state.cost();
    // Nearer than rounding tells apart.
    let enough = bound * (1.0 + 1e-8);
    let mut random = Random::new(seed);
    let first = state.problem.opened.len();
    if let Some(mut other) = hopeful {
        other.checks = state.checks;
        let half = state.checks.midpoint(end);
        Repack::new(&mut other, &guide).run(half, enough, &mut random);
        state.checks = other.checks;
        if other.cost() < state.cost() {
            *state = other;
        }
    }
    if plain && complete_packing(state) {
        Repack::new(state, &guide).run(end, enough, &mut random);
    }
    while state.checks < end && state.bins.len() > first && (state.cost() as f64) > enough {
        let before = state.checks;
        for _ in 0..64 {
            step(state, &guide, &mut random, first);
        }
        // A step that finds nothing to look at still counts, so that the search ends.
        state.checks = state.checks.max(before + 1);
    }
    if complete_packing(state) && state.cost() != cost {
        bound = bound.max(uncut_bound(state, programme.as_ref(), nodes));
    }
    bound
}

/// Whether all items have a place.
pub(super) fn complete_packing<const D: usize>(state: &State<'_, D>) -> bool {
    state.remaining.iter().all(|left| *left == 0)
}

/// One ruin and one recreation.
fn step<const D: usize>(
    state: &mut State<'_, D>,
    guide: &Guide<D>,
    random: &mut Random,
    first: usize,
) {
    let bins = state.bins.len() - first;
    let many = (1 + random.below(5)).min(bins);
    let mut ruined: Vec<(Bin<D>, u64)> = Vec::with_capacity(many);
    let mut paid = 0;
    for turn in 0..many {
        let bins = state.bins.len() - first;
        // One of the worse filled of three begins, any others follow.
        let tries = if turn == 0 { 3 } else { 1 };
        let at = (0..tries)
            .map(|_| first + random.below(bins))
            .min_by(|one, other| value(state, guide, *one).total_cmp(&value(state, guide, *other)))
            .unwrap_or(first);
        let mut bin = state.bins.swap_remove(at);
        let price = state.price(bin.kind);
        let kept = bin.clone();
        state.empty(&mut bin);
        paid += price;
        ruined.push((kept, price));
    }
    let mut order: Vec<u32> = Vec::new();
    for (bin, _) in &ruined {
        for (item, _) in &bin.load {
            if !order.contains(item) {
                order.push(*item);
            }
        }
    }
    let from = state.bins.len();
    let noise = [0.0, 0.1, 0.3, 0.6][random.below(4)];
    let changed = top_up(state, guide, random, &mut order, noise);
    if recreate(state, guide, random, &order, noise, paid) {
        return;
    }
    for mut bin in state.bins.split_off(from) {
        state.empty(&mut bin);
    }
    for (at, old) in changed.into_iter().rev() {
        restore(state, at, old);
    }
    for (bin, _) in ruined {
        push_back(state, bin);
    }
}

/// What a bin holds for its price.
fn value<const D: usize>(state: &State<'_, D>, guide: &Guide<D>, at: usize) -> f64 {
    let bin = &state.bins[at];
    let worth: f64 =
        bin.load.iter().map(|(item, count)| guide.worth[*item as usize] * f64::from(*count)).sum();
    worth / state.price(bin.kind).max(1) as f64
}

/// Uses room in a few bins that were not ruined. Returns them as they were.
fn top_up<const D: usize>(
    state: &mut State<'_, D>,
    guide: &Guide<D>,
    random: &mut Random,
    order: &mut [u32],
    noise: f64,
) -> Vec<(usize, Bin<D>)> {
    shuffle(order, guide, random, noise);
    let mut changed = Vec::new();
    let tries = random.below(9).min(state.bins.len());
    for _ in 0..tries {
        let at = random.below(state.bins.len());
        let old = state.bins[at].clone();
        let mut bin = old.clone();
        fill(state, &mut bin, order, &guide.worth);
        if bin.free != old.free {
            state.bins[at] = bin;
            changed.push((at, old));
        }
    }
    changed
}

/// Packs what remains into new bins for no more than `paid`.
fn recreate<const D: usize>(
    state: &mut State<'_, D>,
    guide: &Guide<D>,
    random: &mut Random,
    items: &[u32],
    noise: f64,
    paid: u64,
) -> bool {
    let mut cost = 0;
    let mut order = items.to_vec();
    loop {
        order.retain(|item| state.remaining[*item as usize] > 0);
        if order.is_empty() {
            return true;
        }
        shuffle(&mut order, guide, random, noise);
        let mut best: Option<(f64, Bin<D>)> = None;
        let looks = guide.kinds.len().min(24);
        for look in 0..looks {
            let kind = if guide.kinds.len() <= 24 || look < 12 {
                guide.kinds[look]
            } else {
                guide.kinds[random.below(guide.kinds.len())]
            };
            let price = state.problem.kinds[kind as usize].price;
            if cost + price > paid {
                continue;
            }
            let mut bin = state.fresh(kind);
            let gained = fill(state, &mut bin, &order, &guide.worth);
            if bin.load.is_empty() {
                continue;
            }
            let load = bin.clone();
            state.empty(&mut bin);
            let ratio = gained / price as f64 * (1.0 + 0.05 * noise * random.unit());
            if best.as_ref().is_none_or(|best| ratio > best.0) {
                best = Some((ratio, load));
            }
        }
        let Some((_, bin)) = best else { return false };
        if let Place::New(kind) = bin.kind {
            cost += state.problem.kinds[kind as usize].price;
        }
        push_back(state, bin);
    }
}

/// Sorts items by worth, with noise.
fn shuffle<const D: usize>(order: &mut [u32], guide: &Guide<D>, random: &mut Random, noise: f64) {
    let mut keyed: Vec<(f64, u32)> = order
        .iter()
        .map(|item| (-guide.worth[*item as usize] * (1.0 - noise * random.unit()), *item))
        .collect();
    keyed.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    for (slot, (_, item)) in order.iter_mut().zip(keyed) {
        *slot = item;
    }
}

/// Puts a bin with its load back, from what remains.
fn push_back<const D: usize>(state: &mut State<'_, D>, bin: Bin<D>) {
    let Place::New(kind) = bin.kind else { return };
    let mut again = state.fresh(kind);
    for (item, count) in bin.load {
        state.put(&mut again, item, count);
    }
    state.bins.push(again);
}

/// Makes a bin what it was.
fn restore<const D: usize>(state: &mut State<'_, D>, at: usize, old: Bin<D>) {
    let mut bin = state.bins[at].clone();
    state.empty(&mut bin);
    bin.load.clear();
    for (item, count) in old.load {
        state.put(&mut bin, item, count);
    }
    state.bins[at] = bin;
}
