//! The configuration linear programme of Gilmore and Gomory (1961): how many bins to fill by each
//! pattern. Its prices bound the cost from below, its patterns make good packings.

use super::cover::Row;
use super::duals::worth;
use super::greedy::{BALANCE, Guide};
use super::lean::Worth;
use super::loads::{Loads, Sand};
use super::patterns::Pattern;
use super::rounds::Solving;
use super::rows::Rows;
use super::state::State;
use super::sweep::Sweep;
use super::{Kind, Problem};
use std::collections::BTreeMap;

/// More rows than this make the programme too slow to be worth it.
pub(super) const MOST_ROWS: usize = 400;
/// Rows for a cube root of the checks that the programme may take.
const ROWS_PER_ROOT: f64 = 0.6;
/// What part of the work may be added once patterns are hard to find: a proof that there are no more is near
/// where at most so many items go into a bin.
pub(super) const PROOF: u64 = 2;
pub(super) const FEW: f64 = 6.0;
/// Share of its cost that a packing costs beyond the programme at most where there is hardly a cheaper one.
const MET: f64 = 1e-4;
/// Share of a kind's price that sand must be worth in it.
const NEARLY: f64 = 0.985;
/// The same for kinds that sand may be taken to fill: where it did not pay for them, the bound would be as much
/// too low.
const WHOLLY: f64 = 0.998;

/// Patterns with amounts, the worth of each item, and the bound that follows.
#[derive(Debug, Clone)]
pub(super) struct Programme<const D: usize> {
    pub(super) rows: Rows<D>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) amounts: Vec<f64>,
    pub(super) worth: Vec<f64>,
    /// Kinds that sand is taken to fill: each of its items fits into one.
    paying: Vec<u32>,
    /// What sand is worth by resource.
    pub(super) sand: [f64; D],
    /// What room for sand is worth.
    pub(super) room: Worth<D>,
    /// What a unit of each resource and of each measure of room is worth to sand.
    pub(super) measured: Vec<f64>,
    /// What the patterns cost in these amounts: the bound, once the programme is solved.
    pub(super) cost: f64,
    pub(super) bound: f64,
    /// What the bound says of whole bins: the worth of all items, and the most worth in a bin by kind.
    pub(super) row: Option<Row>,
}

/// Whether nothing ties bins together, so that patterns can be priced one by one.
pub(super) fn is_plain<const D: usize>(problem: &Problem<D>) -> bool {
    problem.opened.is_empty()
        && problem.kinds.iter().all(|kind| kind.quotas.is_empty() && kind.pool.is_none())
        && problem.items.iter().all(|item| item.members.is_empty())
}

/// A kind, and the items of a load with how many of each.
pub(super) type Load = (u32, Vec<(u32, u32)>);

/// Solves the programme as far as about `until` checks allow, beginning with the patterns of `state` and of
/// other `loads`. Packings that it comes by are kept in `state` where they are better.
pub(super) fn solve<const D: usize>(
    state: &mut State<'_, D>,
    loads: Vec<Load>,
    until: u64,
) -> Option<Programme<D>> {
    let problem = state.problem;
    let guide = Guide::new(state);
    let resources = guide.prices.exact;
    let paying = paying(problem, &resources, WHOLLY);
    let most = most_rows(until);
    let blended = guide.prices.blend(BALANCE);
    let rows = Rows::new(problem, &blended, &paying, most, &mut state.checks);
    let known = state.loads().chain(loads).collect();
    let mut solving = Solving::new(problem, rows, &resources, known)?;
    let mut sweep = Sweep::new(guide, until);
    let proof =
        if solving.has_few_items() { until.saturating_sub(state.checks) / PROOF } else { 0 };
    loop {
        let end = until + if solving.is_quick() { 0 } else { proof };
        if solving.left(state, end) == 0 {
            break;
        }
        let prices = solving.prices();
        let mut found = solving.find(state, &prices, end);
        // Once hardly any pattern lowers the cost, what is left is to prove that there is none.
        if solving.has_more() {
            let left = solving.left(state, end);
            let Solving { rows, simplex, scale, .. } = &solving;
            let swept = sweep.loads(state, rows, simplex.prices(), scale, solving.opened(), left);
            found.patterns.extend(swept.into_iter().map(|load| rows.pattern(load)));
        }
        if solving.conclude(&prices, found) {
            break;
        }
    }
    state.checks += solving.spent();
    Some(Programme::new(problem, solving, paying))
}

impl<const D: usize> Programme<D> {
    fn new(problem: &Problem<D>, solving: Solving<'_, D>, paying: Vec<u32>) -> Self {
        let Solving { rows, simplex, scale, best, patterns, .. } = solving;
        let room = rows.room(simplex.prices(), &scale);
        let mut amounts = vec![0.0; patterns.len()];
        for (column, amount) in simplex.solution() {
            amounts[column as usize] = amount;
        }
        Self {
            worth: rows.worth(problem, simplex.prices(), &scale),
            sand: room.prices(&rows.sand),
            measured: rows.measured(simplex.prices(), &scale),
            cost: simplex.cost(),
            bound: best.bound,
            row: best.row(),
            room,
            rows,
            patterns,
            amounts,
            paying,
        }
    }

    /// Loads of its patterns, where no items share a row.
    pub(super) fn known(&self) -> Vec<Load> {
        let item = |(row, count): &(u32, u32)| (self.rows.alike[*row as usize].items[0], *count);
        let load = |(kind, pattern): &Pattern| (*kind, pattern.iter().map(item).collect());
        self.patterns.iter().map(load).collect()
    }

    /// Whether a packing costs hardly more than its patterns, so that all there is to gain is a proof.
    pub(super) fn is_met(&self, cost: u64) -> bool {
        cost as f64 <= self.cost * (1.0 + MET)
    }

    /// Kinds that it opens, and how many of each.
    pub(super) fn fleet(&self) -> Vec<(u32, f64)> {
        let mut fleet: BTreeMap<u32, f64> = BTreeMap::new();
        for ((kind, _), amount) in self.patterns.iter().zip(&self.amounts) {
            if *amount > 0.0 {
                *fleet.entry(*kind).or_default() += amount;
            }
        }
        fleet.into_iter().collect()
    }

    /// Kinds that sand pays for.
    pub(super) fn paid_by_sand(&self, problem: &Problem<D>) -> Vec<u32> {
        paying(problem, &self.sand, WHOLLY)
    }

    /// Loads around what it finds scarce, of these kinds, and for all else of kinds that sand pays,
    /// in about so many checks.
    pub(super) fn loads<'a>(
        &self,
        problem: &Problem<D>,
        guide: &'a Guide<D>,
        kinds: Vec<u32>,
        checks: u64,
    ) -> Loads<'a, D> {
        let scarce = self.rows.of.iter().map(Option::is_some).collect();
        let bins: f64 = self.amounts.iter().sum();
        let sand = self
            .rows
            .have_sand()
            .then(|| Sand::new(&self.room, &guide.prices.balanced, bins, checks));
        let mut common = paying(problem, &self.sand, NEARLY);
        common.extend(&self.paying);
        common.sort_unstable();
        common.dedup();
        Loads { guide, common, kinds, scarce, sand, upgraded: false }
    }
}

/// Kinds of which the room alone is worth such a share of the price.
fn paying<const D: usize>(problem: &Problem<D>, prices: &[f64; D], share: f64) -> Vec<u32> {
    let pays = |kind: &Kind<D>| worth(&kind.capacity, prices) >= kind.price as f64 * share;
    let kinds = problem.kinds.iter().enumerate().filter(|(_, kind)| pays(kind));
    kinds.map(|(at, _)| at as u32).collect()
}

/// Rows that can be solved within so many checks: the work grows with their cube.
pub(super) fn most_rows(checks: u64) -> usize {
    ((checks as f64).cbrt() * ROWS_PER_ROOT).min(MOST_ROWS as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::super::samples::{item, kind};
    use super::*;

    /// Pods of five sizes by six on large nodes: so many go into one that no search for the best pattern ends.
    #[test]
    fn the_programme_keeps_to_its_part_of_the_work() {
        let kinds = [
            ([47_630, 87_602, 230], 610_470),
            ([63_590, 117_736, 246], 786_828),
            ([15_710, 28_345, 106], 264_537),
            ([15_710, 58_655, 106], 288_960),
            ([47_630, 178_533, 230], 705_024),
            ([95_510, 360_219, 246], 1_161_216),
            ([63_590, 481_461, 246], 834_624),
            ([95_510, 723_944, 246], 1_415_232),
            ([15_710, 119_276, 106], 359_856),
            ([31_670, 239_154, 230], 444_528),
        ];
        for seed in [7, 22, 28] {
            let mut random = Random::new(seed);
            let mut items = Vec::new();
            for cpu in [100, 250, 500, 1000, 1500] {
                for memory in [100, 256, 512, 1024, 2048, 4096] {
                    items.push(item([cpu, memory, 1], 300 + random.below(60) as u32));
                }
            }
            let kinds = kinds.map(|(capacity, price)| kind(capacity, price)).into();
            let problem = Problem { items, kinds, ..Problem::default() };
            let mut state = State::new(&problem);
            let until = 12_000_000;
            solve(&mut state, Vec::new(), until);
            assert!(state.checks < until * 11 / 10, "seed {seed}: {} of {until}", state.checks);
        }
    }
}
