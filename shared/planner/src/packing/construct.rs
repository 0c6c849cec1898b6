//! First packings of problems without limits across bins, in several ways.

use super::coarse::Coarse;
use super::columns::{self, Programme};
use super::dive::{Solved, dive};
use super::fleets::{fleet, fleets};
use super::greedy::{Guide, REST, WAYS, complete};
use super::loads::Loads;
use super::pour::{FEW_LOOKS, LOOKS, pour_into};
use super::random::Random;
use super::rebuild::Rebuild;
use super::search::{complete_packing, enough};
use super::state::State;

/// A programme that costs no more than so many times its bound is as good as solved.
const SOLVED: f64 = 1.003;
/// Items in a bin, on average, above which bins are not filled one by one.
const MANY: usize = 16;
/// Hundredths of the budget for the programme; where few items go into a bin; and for its first time where it is solved
/// again later, with this part of what is left then.
const PART: u64 = 30;
const PART_OF_FEW: u64 = 40;
const PART_AT_FIRST: u64 = 15;
const AGAIN: u64 = 5;
/// Amounts above which dives round up: which does best is luck.
const UPS: [f64; 5] = [0.3, 0.5, 0.15, 0.7, 0.4];

/// Share of the sand's mean ratio of a resource to CPU that room needs, for sand as it comes to fill it.
const USUAL: f64 = 0.7;
/// Part of the budget in nodes that a search for whole bins may take where nothing else is left to find.
pub(super) const WHOLE: u64 = 10;

/// First packings do not depend on the seed of the search.
const SEED: u64 = 1;

/// What the ways came to, beside the best packing.
pub(super) struct Constructed<'a, const D: usize> {
    pub(super) programme: Programme<D>,
    pub(super) coarse: Option<Coarse<D>>,
    /// A packing into the fleet that promises most, where it is not the best: what found no place in
    /// the fleet is in bins beside it, which a search may do without.
    pub(super) hopeful: Option<State<'a, D>>,
    /// Whether the packing is a fleet poured full: a cheaper fleet is all that can make it cheaper.
    pub(super) poured: bool,
}

/// Packs in several ways, guided by the configuration programme, and keeps the best in `state`. `cut` is the
/// bound of bins that can be cut.
pub(super) fn construct<'a, const D: usize>(
    state: &mut State<'a, D>,
    guide: &mut Guide<D>,
    until: u64,
    cut: f64,
) -> Option<Constructed<'a, D>> {
    let problem = state.problem;
    let few = problem.items.len() <= columns::MOST_ROWS;
    if few {
        first_packings(state, guide);
    }
    // Where few items go into a bin, the programme comes to its end. Elsewhere it has better patterns to begin with later.
    let items: f64 = problem.items.iter().map(|item| f64::from(item.count)).sum();
    let first = until * PART_AT_FIRST / 100;
    let part = if few && items <= state.bins.len() as f64 * columns::FEW {
        until * PART_OF_FEW / 100
    } else if problem.items.len() <= columns::most_rows(first) {
        first
    } else {
        until * PART / 100
    };
    let Some(programme) = columns::solve(state, Vec::new(), part) else {
        complete(state, guide, WAYS[0]);
        return None;
    };
    // Its prices say more than the resources' once it is nearly solved.
    let order = guide.order.clone();
    if programme.bound > cut || programme.cost < cut * SOLVED {
        guide.adopt(&programme.worth);
    }
    let guide = &*guide;
    let bins: f64 = programme.fleet().iter().map(|kind| kind.1).sum();
    let many = items > bins * MANY as f64;
    let solved = programme.cost < programme.bound * SOLVED;
    let sand = programme.rows.have_sand();
    if !sand {
        let mut known = Solved::new();
        for up in UPS {
            try_out(state, |other| {
                dive(other, &programme, guide, until * 3 / 10, up, &mut known);
            });
            if !solved || state.checks > until / 2 {
                break;
            }
        }
    }
    let coarse = Coarse::new(problem, &programme, programme.rows.leanest);
    let rebuild = Rebuild::new(problem, &programme, guide, coarse.as_ref(), until);
    if sand && (few || !many) {
        try_out(state, |other| rebuild.complete(other, &mut Random::new(SEED)));
    }
    // Where few items go into a bin, a fleet poured full seldom is the best.
    let (mut full, mut hopeful) = (None, None);
    if many || state.checks < until / 5 {
        // Pouring puts the lean anywhere, so that what needs leaner than usual beside it is packed before.
        let apart =
            Coarse::new(problem, &programme, programme.rows.mean().map(|mean| mean * USUAL));
        let rebuild = Rebuild::new(problem, &programme, guide, apart.as_ref(), until);
        (full, hopeful) = pour_fleets(state, &programme, guide, &rebuild, &order, many, until);
        full = full.filter(|_| state.cost() as f64 > enough(programme.bound));
    }
    let poured = full.is_some();
    if let Some(mut begun) = full {
        begun.checks = state.checks;
        let fleet = fleet(&mut begun, &programme, 0.0, state.cost(), until / WHOLE);
        state.checks = begun.checks;
        if let Some(fleet) = fleet {
            try_from(state, &begun, |other| {
                pour_into(other, &fleet, &guide.prices.balanced, &order, LOOKS);
            });
        }
    }
    Some(Constructed { programme, coarse, hopeful, poured })
}

/// Solves a programme without sand once more, with the patterns of `state` too, and packs by it: what a local search
/// finds is better than the patterns that the programme has found within its part.
pub(super) fn again<const D: usize>(
    state: &mut State<'_, D>,
    programme: &Programme<D>,
    guide: &Guide<D>,
    until: u64,
) -> Option<Programme<D>> {
    let left = until.saturating_sub(state.checks);
    let part = left / AGAIN;
    // Where nothing but a proof is to be gained it has all that is left: where few items go into a bin it adds the last
    // part by itself, elsewhere that stays for the local search.
    let proving = left * columns::PROOF / (columns::PROOF + 1);
    let end = state.checks + if programme.is_met(state.cost()) { proving } else { part };
    let again = columns::solve(state, programme.known(), end)?;
    try_out(state, |other| {
        dive(other, &again, guide, part, UPS[0], &mut Solved::new());
    });
    Some(again)
}

/// Greedy packings, and one bin by bin.
fn first_packings<const D: usize>(state: &mut State<'_, D>, guide: &Guide<D>) {
    let problem = state.problem;
    complete(state, guide, WAYS[0]);
    for way in &WAYS[1..] {
        try_out(state, |other| complete(other, guide, *way));
    }
    let loads = Loads::of_all(guide, problem, (0..problem.kinds.len() as u32).collect());
    try_out(state, |other| {
        loads.complete(other);
        complete(other, guide, REST);
    });
}

/// Pours everything into cheap fleets, and all but the coarse items into cheap fleets beside theirs. Returns what such a
/// fleet was put beside, where the best packing is nothing but that; and, where it is not the best, the packing into
/// the fleet whose price, with what remains at its worth, is least.
fn pour_fleets<'a, const D: usize>(
    state: &mut State<'a, D>,
    programme: &Programme<D>,
    guide: &Guide<D>,
    rebuild: &Rebuild<'_, D>,
    order: &[u32],
    many: bool,
    until: u64,
) -> (Option<State<'a, D>>, Option<State<'a, D>>) {
    let problem = state.problem;
    // Where many items go into a bin, few are left for bins beside the fleet.
    let price = |kind: u32| problem.kinds[kind as usize].price;
    let least = programme.fleet().iter().map(|kind| price(kind.0)).min().unwrap_or(0);
    let any = 0..problem.kinds.len() as u32;
    let beside: Vec<u32> = any.filter(|kind| !many || price(*kind) < least / 2).collect();
    let loads = Loads { common: beside.clone(), ..programme.loads(problem, guide, beside, 0) };
    let mut hopeful: Option<(f64, State<'a, D>)> = None;
    let mut full: Option<(u64, State<'a, D>)> = None;
    let begun = rebuild.of_coarse(state, &mut Random::new(SEED));
    for mut begun in begun.into_iter().chain([State::new(problem)]) {
        begun.checks = state.checks;
        let all = fleets(&mut begun, programme, until);
        state.checks = begun.checks;
        for (number, fleet) in all.into_iter().enumerate() {
            let late = state.checks > until / 2 && (number > 0 || !many);
            if complete_packing(state) && late {
                break;
            }
            let mut poured = begun.clone();
            poured.checks = state.checks;
            let looks = if number == 0 { LOOKS } else { FEW_LOOKS };
            pour_into(&mut poured, &fleet, &guide.prices.balanced, order, looks);
            state.checks = poured.checks;
            if complete_packing(&poured) {
                if full.as_ref().is_none_or(|best| poured.cost() < best.0) {
                    full = Some((poured.cost(), begun.clone()));
                }
                state.keep_better(poured);
                continue;
            }
            let left = poured.remaining.iter().zip(&guide.worth);
            let left: f64 = left.map(|(count, worth)| f64::from(*count) * worth).sum();
            let promise = poured.cost() as f64 + left;
            for by_loads in [true, false] {
                let mut other = poured.clone();
                other.checks = state.checks;
                if by_loads {
                    loads.complete(&mut other);
                }
                complete(&mut other, guide, REST);
                if complete_packing(&other) && hopeful.as_ref().is_none_or(|best| promise < best.0)
                {
                    hopeful = Some((promise, other.clone()));
                }
                state.keep_better(other);
            }
        }
    }
    let full = full.filter(|full| full.0 == state.cost()).map(|full| full.1);
    let hopeful = hopeful.map(|(_, packing)| packing);
    (full, hopeful.filter(|packing| packing.cost() > state.cost()))
}

/// Keeps what a way of packing from nothing makes, if it is better.
fn try_out<'a, const D: usize>(state: &mut State<'a, D>, pack: impl FnOnce(&mut State<'a, D>)) {
    try_from(state, &State::new(state.problem), pack);
}

/// The same from what is begun.
fn try_from<'a, const D: usize>(
    state: &mut State<'a, D>,
    begun: &State<'a, D>,
    pack: impl FnOnce(&mut State<'a, D>),
) {
    let mut other = begun.clone();
    other.checks = state.checks;
    pack(&mut other);
    state.keep_better(other);
}
