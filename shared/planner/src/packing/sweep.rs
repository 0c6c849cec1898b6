//! Patterns that go well together. Those that are worth most, one for each kind, are made of the same few rows; what a
//! packing of everything by the same prices has in its bins is every row with what is left for it.

use super::arrange::{Arrange, Shared};
use super::columns::Load;
use super::elsewhere::priced;
use super::greedy::Guide;
use super::loads::Loads;
use super::random::Random;
use super::rows::Rows;
use super::state::State;
use std::collections::BTreeSet;

/// Part of the programme's checks that arranging rows beside sand takes each time.
const PART: u64 = 150;
/// Arrangements do not depend on the seed of the search.
const SEED: u64 = 1;

/// Packs all that has a row by prices of the programme, again and again.
pub(super) struct Sweep<'a, const D: usize> {
    guide: Guide<D>,
    /// Which items share a bin beside sand: as they did the last time, and better.
    arrange: Option<Arrange<'a, D>>,
    random: Random,
    /// Checks for an arrangement.
    part: u64,
    /// Checks that the last packing took.
    took: u64,
}

impl<'a, const D: usize> Sweep<'a, D> {
    /// For a programme of about `until` checks.
    pub(super) fn new(guide: Guide<D>, until: u64) -> Self {
        Self { guide, arrange: None, random: Random::new(SEED), part: until / PART, took: 0 }
    }

    /// What is in the bins of such a packing, of kinds that the programme has `opened`; nothing where the last took
    /// more than the checks that are `left`. Where everything has a row it is a packing for `state` too.
    pub(super) fn loads(
        &mut self,
        state: &mut State<'a, D>,
        rows: &Rows<D>,
        prices: &[f64],
        scale: &[f64; D],
        opened: impl Iterator<Item = u32>,
        left: u64,
    ) -> Vec<Load> {
        if self.took > left {
            return Vec::new();
        }
        let before = state.checks;
        // Beside sand are many classes to sort, and only the first arrangement asks in which order they come.
        if self.arrange.is_none() {
            self.guide.adopt(&rows.worth(state.problem, prices, scale));
        }
        let loads = if rows.have_sand() {
            self.arranged(state, rows, &rows.measured(prices, scale))
        } else {
            self.packed(state, opened)
        };
        self.took = state.checks - before;
        loads
    }

    fn packed(&self, state: &mut State<'a, D>, opened: impl Iterator<Item = u32>) -> Vec<Load> {
        let kinds: BTreeSet<u32> = opened.collect();
        let loads = Loads::of_all(&self.guide, state.problem, kinds.into_iter().collect());
        let mut other = State::new(state.problem);
        other.checks = state.checks;
        loads.complete(&mut other);
        let loads = other.loads().collect();
        state.keep_better(other);
        loads
    }

    fn arranged(
        &mut self,
        state: &mut State<'a, D>,
        rows: &Rows<D>,
        measured: &[f64],
    ) -> Vec<Load> {
        let problem = state.problem;
        let room = priced(&rows.lean, measured);
        let arrange = match &mut self.arrange {
            Some(arrange) => {
                arrange.work = 0;
                arrange.reprice(room);
                arrange
            }
            none => {
                let arrange = none.insert(Arrange::new(problem, room));
                let has_row = |item: &&u32| rows.of[**item as usize].is_some();
                let chosen = self.guide.order.iter().filter(has_row);
                let all = chosen.flat_map(|item| {
                    std::iter::repeat_n(*item, problem.items[*item as usize].count as usize)
                });
                arrange.add(&all.collect::<Vec<u32>>(), self.part);
                arrange
            }
        };
        arrange.improve(self.part, &mut self.random);
        state.checks += arrange.work;
        let load = |bin: &Shared<D>| (bin.kind, bin.items.iter().map(|item| (*item, 1)).collect());
        arrange.bins.iter().map(load).collect()
    }
}
