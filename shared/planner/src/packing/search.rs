//! Ruin and recreate: take a few bins apart, pack their items again, keep what costs no more.

use super::columns::is_plain;
use super::construct::{Constructed, WHOLE, again, construct};
use super::fleets::{cut_bound, uncut_bound};
use super::greedy::{Guide, WAYS, complete};
use super::random::Random;
use super::rebuild::Rebuild;
use super::repack::Repack;
use super::state::{CHECKS_PER_UNIT, State};

/// Tenths of what is left that a local search has before the programme is solved again.
const BEFORE: u64 = 4;

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
    let (mut programme, coarse, hopeful, poured) = match constructed {
        Some(Constructed { programme, coarse, hopeful, poured }) => {
            (Some(programme), coarse, hopeful, poured)
        }
        None => (None, None, None, false),
    };
    if let Some(programme) = &programme {
        bound = programme.bound.max(bound);
    }
    // What proofs of covers may take: more where they often prove the packing to be the best.
    let nodes = if plain { until / 60 } else { until / 600 };
    let near = |state: &State<'_, D>, bound: f64| {
        complete_packing(state) && (!plain || may_be_rounding(state, bound))
    };
    let end = if plain && near(state, bound) { until - until / 12 } else { until };
    if near(state, bound) {
        let nodes = if poured { until / WHOLE } else { nodes };
        bound = bound.max(uncut_bound(state, programme.as_ref(), nodes));
    }
    let cost = state.cost();
    let enough = enough(bound);
    let mut random = Random::new(seed);
    if let Some(mut other) = hopeful {
        other.checks = state.checks;
        let half = state.checks.midpoint(end);
        Repack::new(&mut other, &guide).run(half, enough, &mut random);
        state.keep_better(other);
    }
    if let Some(known) = programme.as_ref().filter(|_| complete_packing(state)) {
        if known.rows.have_sand() {
            Rebuild::new(state.problem, known, &guide, coarse.as_ref(), until).run(
                state,
                end,
                enough,
                &mut random,
            );
        } else {
            if !known.is_met(state.cost()) {
                let until = state.checks + end.saturating_sub(state.checks) * BEFORE / 10;
                Repack::new(state, &guide).run(until, enough, &mut random);
            }
            if state.cost() as f64 > enough
                && let Some(again) = again(state, known, &guide, end)
                && again.bound > bound
            {
                bound = again.bound;
                programme = Some(again);
            }
        }
    }
    Repack::new(state, &guide).run(end, enough, &mut random);
    if near(state, bound) && state.cost() != cost {
        bound = bound.max(uncut_bound(state, programme.as_ref(), nodes));
    }
    bound
}

/// A cost that rounding does not tell from a bound.
pub(super) fn enough(bound: f64) -> f64 {
    bound * (1.0 + 1e-8)
}

/// Whether that bins are whole may explain what a packing costs beyond a bound: about one bin, seldom more.
fn may_be_rounding<const D: usize>(state: &State<'_, D>, bound: f64) -> bool {
    let dearest = state.bins.iter().map(|bin| state.price(bin.kind)).max().unwrap_or(0);
    state.cost() as f64 - bound < dearest as f64
}

/// Whether all items have a place.
pub(super) fn complete_packing<const D: usize>(state: &State<'_, D>) -> bool {
    state.remaining.iter().all(|left| *left == 0)
}
