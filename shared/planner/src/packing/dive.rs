//! From the programme's amounts, which are fractions, to bins.

use super::columns::{self, Programme};
use super::greedy::{Guide, REST, WAYS, complete};
use super::knapsack::Knapsack;
use super::loads::Loads;
use super::state::{Bin, State};
use super::{Item, Problem};
use std::collections::BTreeMap;

/// Programmes that are solved for what remains.
const STAGES: u64 = 6;

/// Programmes for what remained, by how much of each class: dives differ only once no whole amounts are left.
pub(super) type Solved<const D: usize> = BTreeMap<Vec<u32>, Programme<D>>;

/// Opens bins by the patterns' whole amounts, filled up with what else fits; then again by a programme for
/// what remains, whose prices know what has become scarce. That comes by packings of what remains: the best of them, with
/// the bins so far, is kept if the dive ends no better. For programmes without sand, in about `part` checks. Amounts above
/// `up` are rounded up where no whole one is left. What another dive has `solved` is not solved again.
pub(super) fn dive<const D: usize>(
    state: &mut State<'_, D>,
    programme: &Programme<D>,
    guide: &Guide<D>,
    part: u64,
    up: f64,
    solved: &mut Solved<D>,
) {
    let problem = state.problem;
    let mut guide = guide.clone();
    let mut knapsack = Knapsack::new();
    let mut next = programme.clone();
    let mut best = State::new(problem);
    for stage in 0..STAGES {
        guide.adopt(&next.worth);
        let kinds = next.fleet().iter().map(|kind| kind.0).collect();
        let loads = next.loads(problem, &guide, kinds, part / STAGES);
        let opened = open_all(state, &next, &loads, &mut knapsack, up);
        if opened == 0 || stage + 1 == STAGES {
            loads.complete(state);
            break;
        }
        if let Some(known) = solved.get(&state.remaining) {
            next = known.clone();
            continue;
        }
        let rest = rest(state);
        let mut other = State::new(&rest);
        other.checks = state.checks;
        let end = state.checks + part / STAGES;
        // It hardly gets anywhere from nothing within its part.
        let mut loads = Vec::new();
        for way in WAYS {
            let mut packed = State::new(&rest);
            packed.checks = other.checks;
            complete(&mut packed, &guide, way);
            loads.extend(packed.loads());
            other.keep_better(packed);
        }
        let programme = columns::solve(&mut other, loads, end);
        state.checks = other.checks;
        best.keep_better(with(state, other));
        let Some(programme) = programme else { break };
        solved.insert(state.remaining.clone(), programme.clone());
        next = programme;
    }
    complete(state, &guide, REST);
    best.checks = state.checks;
    state.keep_better(best);
}

/// The bins of a packing, and those of a packing of what remains.
fn with<'a, const D: usize>(state: &State<'a, D>, rest: State<'_, D>) -> State<'a, D> {
    let mut whole = state.clone();
    whole.bins.extend(rest.bins);
    whole.remaining = rest.remaining;
    whole
}

/// The problem of what remains.
fn rest<const D: usize>(state: &State<'_, D>) -> Problem<D> {
    let items = state.problem.items.iter().zip(&state.remaining);
    let items = items.map(|(item, left)| Item { count: *left, ..item.clone() }).collect();
    Problem { items, kinds: state.problem.kinds.clone(), ..Problem::default() }
}

/// Opens the patterns' whole amounts; the largest fractions where there are none.
fn open_all<const D: usize>(
    state: &mut State<'_, D>,
    programme: &Programme<D>,
    loads: &Loads<'_, D>,
    knapsack: &mut Knapsack<D>,
    up: f64,
) -> u32 {
    let mut amounts: Vec<(f64, usize)> = programme.amounts.iter().copied().zip(0..).collect();
    let whole = amounts.iter().any(|(amount, _)| *amount >= 1.0 - 1e-6);
    amounts.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let mut stock = loads.stock(state);
    let mut opened = 0;
    for (amount, at) in amounts {
        let times = if whole { (amount + 1e-6) as u32 } else { u32::from(amount > up) };
        for _ in 0..times {
            if let Some(mut bin) = seed(state, programme, at) {
                loads.fill(state, knapsack, &mut stock, &mut bin, opened as usize);
                state.bins.push(bin);
                opened += 1;
            }
        }
    }
    opened
}

/// A bin with the rows of a pattern, as far as items remain and fit. Nothing where none does.
fn seed<const D: usize>(
    state: &mut State<'_, D>,
    programme: &Programme<D>,
    at: usize,
) -> Option<Bin<D>> {
    let (kind, pattern) = &programme.patterns[at];
    let mut bin = state.fresh(*kind);
    for (row, count) in pattern {
        let mut count = *count;
        for item in &programme.rows.alike[*row as usize].items {
            let most = count.min(state.remaining[*item as usize]);
            if most == 0 {
                continue;
            }
            let room = state.room(&bin, *item, most);
            if room > 0 {
                state.put(&mut bin, *item, room);
                count -= room;
            }
        }
    }
    (!bin.load.is_empty()).then_some(bin)
}
