//! Large neighbourhood search (Shaw 1998): the bins that hold least for their price are taken apart, many at
//! once, and what was in them is packed anew as the first packing was.

use super::Problem;
use super::coarse::Coarse;
use super::columns::Programme;
use super::duals::worth;
use super::greedy::{Guide, REST, complete};
use super::knapsack::Knapsack;
use super::loads::{Filling, Loads};
use super::random::Random;
use super::search::complete_packing;
use super::state::{Bin, State};
use super::upgrades::Upgrades;

/// Share of the cost that is taken apart at most, with coarse items and without; and in any case.
const PART_WITH: f64 = 0.1;
const PART_WITHOUT: f64 = 0.4;
const MOST: f64 = 0.5;
/// By how much of itself that share grows with each turn since the best one.
const GROWS: f64 = 0.05;
/// How much luck has to do with which bins hold least.
const NOISE: [f64; 5] = [0.0, 0.02, 0.05, 0.1, 0.3];
/// Parts of the budget that packing the coarse items takes: at first, and in a turn.
const FIRST: u64 = 10;
const TURN: u64 = 2000;
/// By how much of the cost a turn may make it worse at first. That falls with the square of what is left of the budget.
const WORSE: f64 = 0.003;
/// Tenths of what is left of the budget that bins are taken apart for, with coarse items and without.
const WITH: u64 = 9;
const WITHOUT: u64 = 2;

/// Part of the budget for telling which items are most like the room beside coarse ones.
const ALIKE: u64 = 50;
/// How that room is filled.
const FILLING: Filling = Filling { times: 4, even: 0.3, dearer: 0.1 };
/// Other ways that are tried where coarse items are packed alone: which does best is luck, but the last two use the room
/// best where there is less of a resource beside CPU than even the leanest items take.
const FILLINGS: [Filling; 5] = [
    FILLING,
    Filling { times: 2, even: 0.3, dearer: 0.0 },
    Filling { times: 2, even: 0.9, dearer: 0.3 },
    Filling { times: 1, even: 0.9, dearer: 1.0 },
    Filling { times: 1, even: 0.0, dearer: 1.0 },
];
/// Share of the balanced prices in what room that stays empty costs there: what is left of a resource that all have
/// enough of counts a little.
const FULLER: f64 = 0.01;

/// A way to pack what remains, guided by the configuration programme.
pub(super) struct Rebuild<'a, const D: usize> {
    programme: &'a Programme<D>,
    guide: &'a Guide<D>,
    loads: Loads<'a, D>,
    coarse: Option<&'a Coarse<D>>,
    until: u64,
}

impl<'a, const D: usize> Rebuild<'a, D> {
    /// Within a budget of `until` checks.
    pub(super) fn new(
        problem: &Problem<D>,
        programme: &'a Programme<D>,
        guide: &'a Guide<D>,
        coarse: Option<&'a Coarse<D>>,
        until: u64,
    ) -> Self {
        let fleet = programme.fleet().iter().map(|kind| kind.0).collect();
        let loads = programme.loads(problem, guide, fleet, until);
        let mut rebuild = Self { programme, guide, loads, coarse, until };
        rebuild.loads.upgraded = rebuild.is_led();
        rebuild
    }

    /// A packing of the coarse items alone, each of their bins filled up as far as can be. Nothing where there are none.
    pub(super) fn of_coarse<'p>(
        &self,
        state: &mut State<'p, D>,
        random: &mut Random,
    ) -> Option<State<'p, D>> {
        let coarse = self.coarse?;
        let mut begun = State::new(state.problem);
        begun.checks = state.checks;
        let bins = coarse.open(&mut begun, self.until / FIRST, false, random);
        let balanced = self.guide.prices.balanced;
        let prices: [f64; D] =
            std::array::from_fn(|at| self.programme.sand[at] + FULLER * balanced[at]);
        let mut best: Option<(f64, State<'p, D>)> = None;
        for filling in FILLINGS {
            let mut other = begun.clone();
            self.fill(&mut other, coarse, bins.clone(), filling);
            begun.checks = other.checks;
            let room = other.bins.iter().map(|bin| worth(&bin.free, &prices)).sum();
            if best.as_ref().is_none_or(|best| room < best.0) {
                best = Some((room, other));
            }
        }
        state.checks = begun.checks;
        best.map(|best| best.1)
    }

    /// Places all that remains and fits, for the first time.
    pub(super) fn complete(&self, state: &mut State<'_, D>, random: &mut Random) {
        self.place(state, self.until / FIRST, false, random);
    }

    /// Takes bins apart and packs them anew, by threshold accepting (Dueck and Scheuer 1990), for the greater part of
    /// what is left until `end` checks or to a cost of `enough`. Leaves the best that was found.
    ///
    /// Bins that hold little as they lack what is in others come first each time, and are made as they were, unless
    /// those others are taken apart too: so the longer nothing better is found, the more is.
    pub(super) fn run(&self, state: &mut State<'_, D>, end: u64, enough: f64, random: &mut Random) {
        let (time, part) = if self.is_led() { (WITH, PART_WITH) } else { (WITHOUT, PART_WITHOUT) };
        let began = state.checks;
        let until = began + end.saturating_sub(began) * time / 10;
        let (mut best, mut turns) = (state.clone(), 0.0);
        while state.checks < until && best.cost() as f64 > enough {
            let mut other = state.clone();
            let part = (part * (1.0 + GROWS * turns)).min(MOST);
            self.take_apart(&mut other, part, random);
            self.place(&mut other, self.until / TURN, true, random);
            state.checks = other.checks;
            turns += 1.0;
            let left = until.saturating_sub(state.checks) as f64 / (until - began) as f64;
            let worse = WORSE * left * left * random.unit();
            if complete_packing(&other)
                && other.cost() as f64 <= state.cost() as f64 * (1.0 + worse)
            {
                *state = other;
                if state.cost() < best.cost() {
                    turns = 0.0;
                }
                if state.cost() <= best.cost() {
                    best.clone_from(state);
                }
            }
        }
        best.checks = state.checks;
        *state = best;
    }

    /// Whether coarse items decide how good a packing is.
    fn is_led(&self) -> bool {
        self.coarse.is_some_and(|coarse| coarse.many)
    }

    /// Empties bins of a random share of the cost, `part` at most: those first that hold little for their price.
    fn take_apart(&self, state: &mut State<'_, D>, part: f64, random: &mut Random) {
        let noise = NOISE[random.below(NOISE.len())];
        let mut keyed: Vec<(f64, Bin<D>)> = Vec::with_capacity(state.bins.len());
        let mut left = state.cost() as f64 * part * random.unit();
        for bin in std::mem::take(&mut state.bins) {
            let worth = |(item, count): &(u32, u32)| {
                self.programme.worth[*item as usize] * f64::from(*count)
            };
            let worth: f64 = bin.load.iter().map(worth).sum();
            state.checks += 20 + bin.load.len() as u64;
            keyed.push((worth / state.price(bin.kind) as f64 + noise * random.unit(), bin));
        }
        keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (_, mut bin) in keyed {
            if left > 0.0 {
                left -= state.price(bin.kind) as f64;
                state.empty(&mut bin);
            } else {
                state.bins.push(bin);
            }
        }
    }

    /// Places what remains: coarse items first, each of their bins filled up, then all else. Where other bins stay and
    /// coarse items are many, what remains beside those makes all bins fuller before.
    fn place(&self, state: &mut State<'_, D>, checks: u64, vary: bool, random: &mut Random) {
        self.place_coarse(state, checks, vary, random);
        if vary && self.is_led() {
            let mut upgrades = Upgrades::new(state, &self.programme.worth);
            let mut bins = std::mem::take(&mut state.bins);
            for bin in &mut bins {
                upgrades.upgrade(state, bin);
            }
            state.bins = bins;
        }
        self.loads.complete(state);
        complete(state, self.guide, REST);
    }

    fn place_coarse(&self, state: &mut State<'_, D>, checks: u64, vary: bool, random: &mut Random) {
        let Some(coarse) = self.coarse else { return };
        let bins = coarse.open(state, checks, vary, random);
        self.fill(state, coarse, bins, FILLING);
    }

    /// Fills their bins up.
    fn fill(
        &self,
        state: &mut State<'_, D>,
        coarse: &Coarse<D>,
        bins: Vec<Bin<D>>,
        filling: Filling,
    ) {
        let checks = (self.until / ALIKE) as usize / coarse.len();
        let how = (filling, &self.programme.sand, checks);
        let mut knapsack = Knapsack::new();
        let mut stock = self.loads.stock(state);
        for mut bin in bins {
            self.loads.fill_alike(state, &mut knapsack, &mut stock, &mut bin, how);
            state.bins.push(bin);
        }
    }
}
