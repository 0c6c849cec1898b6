//! The configuration linear programme of Gilmore and Gomory (1961): how many bins to fill by each
//! pattern. Its prices bound the cost from below, its patterns make good packings.

use super::cover::Row;
use super::duals::worth;
use super::fleets::cut_bound;
use super::gains::Gains;
use super::greedy::{BALANCE, Guide};
use super::knapsack::Knapsack;
use super::lean::Worth;
use super::loads::{Loads, Sand};
use super::patterns::{Pattern, scale};
use super::rows::Rows;
use super::simplex::Simplex;
use super::state::State;
use super::sweep::Sweep;
use super::{Kind, Problem};
use std::collections::{BTreeMap, BTreeSet};

/// More rows than this make the programme too slow to be worth it.
pub(super) const MOST_ROWS: usize = 400;
/// Rows for a cube root of the checks that the programme may take.
const ROWS_PER_ROOT: f64 = 0.6;
/// Nodes of the search for one pattern.
const NODES: u64 = 200_000;
/// The same while patterns are easy to find.
const QUICK: u64 = 400;
/// Checks that a node is like at least.
const NODE: u64 = 4;
/// How many times more for a kind whose search gave up, where rows are scarce items alone: so few of them go
/// into a bin that it soon comes to its end.
const LONGER: u64 = 4;
/// What part of the work may be added once patterns are hard to find: a proof that there are no more is near
/// where at most so many items go into a bin.
const PROOF: u64 = 2;
pub(super) const FEW: f64 = 6.0;
/// Patterns that gain less than this share of a bin's price are not looked for.
const TOLERANCE: f64 = 1e-4;

/// Share of a kind's price that sand must be worth in it.
const NEARLY: f64 = 0.985;
/// The same for kinds that sand may be taken to fill: where it did not pay for them, the bound would be as much
/// too low.
const WHOLLY: f64 = 0.998;
/// How far prices are pulled to the best known ones.
const PULL: f64 = 0.7;
/// How much nearer to them where that leads to no better ones: what bounds best is concave in the prices.
const NEARER: f64 = 0.6;
/// But never by more than this.
const MOST_PULL: f64 = 0.98;
/// How far the best known ones follow others that bound no better, but nearly as well (Neame 1999): a bad
/// beginning must not be kept to.
const DRIFT: f64 = 0.2;
const NEAR: f64 = 0.995;
/// A bound that gets nearer to the programme's cost by less than this share, while no pattern is found that
/// lowers it, hardly gets better.
const HARDLY: f64 = 0.1;
/// How much less than its bin a pattern may be worth at pulled prices and still be looked at.
const SLACK: f64 = 0.002;

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
    let scale = scale(problem);
    let dearest = problem.kinds.iter().map(|kind| kind.price).max()? as f64;
    let demand = rows.demand(&scale);
    let mut simplex = Simplex::new(&demand, dearest * 4.0);
    let scarce = rows.have_sand();
    let first = if scarce { rows.first_patterns(problem) } else { BTreeSet::new() };
    let pattern = |(kind, load): Load| (kind, rows.of_load(&load));
    let known = state.loads().chain(loads).map(pattern);
    let mut known: BTreeSet<Pattern> = known.chain(first).collect();
    let mut patterns: Vec<Pattern> = known.iter().cloned().collect();
    for pattern in &patterns {
        simplex.add(rows.column(problem, pattern, &scale));
    }
    simplex.settle(10 * demand.len());
    // Prices are looked for between the best known and those of the programme (Wentges 1997): these
    // alone jump about. The resources' prices are a good beginning, and their bound is one.
    let mut centre = rows.prices(&resources, &scale);
    let mut best = Gains::new(problem, resources, cut_bound(problem));
    let mut pull = PULL;
    let mut nodes = QUICK;
    let mut longer = vec![QUICK; problem.kinds.len()];
    let mut knapsack = Knapsack::new();
    let mut sweep = Sweep::new(guide, until);
    let mut lowered = true;
    // Large items so many that they share rows need more rounds than there is time for: others that are nearly worth
    // their bin are taken from each. Elsewhere they only make the rounds longer.
    let shared = rows.alike.iter().any(|alike| alike.items.len() > 1);
    let items: f64 = problem.items.iter().map(|item| f64::from(item.count)).sum();
    let bins: f64 = simplex.solution().iter().map(|column| column.1).sum();
    let few = items <= bins * FEW;
    let proof = if few { until.saturating_sub(state.checks) / PROOF } else { 0 };
    loop {
        let end = until + if nodes > QUICK { proof } else { 0 };
        if state.checks + simplex.work + best.work >= end {
            break;
        }
        let prices: Vec<f64> = simplex
            .prices()
            .iter()
            .zip(&centre)
            .map(|(out, centre)| pull * centre + (1.0 - pull) * out.max(0.0))
            .collect();
        let sand = rows.sand_prices(&prices, &scale);
        let mut dear = 1.0_f64;
        let mut gives = Vec::with_capacity(problem.kinds.len());
        let mut new: Vec<Pattern> = Vec::new();
        for (at, kind) in problem.kinds.iter().enumerate() {
            let price = kind.price as f64;
            let floor = price * if pull > 0.0 { 1.0 - SLACK } else { 1.0 + TOLERANCE };
            // No kind takes what the others are to have.
            let left = end.saturating_sub(state.checks + simplex.work + best.work);
            let share = left / (problem.kinds.len() - at) as u64 / NODE;
            let limit = nodes.max(longer[at]).min(share).max(QUICK);
            let found = rows.best(&mut knapsack, kind, &prices, &scale, floor, limit);
            state.checks += found.effort;
            if !found.complete && scarce && longer[at] < NODES {
                longer[at] *= LONGER;
            }
            dear = dear.max(found.most / price);
            gives.push((found.most - worth(&kind.capacity, &sand)).max(0.0));
            let others = found.others.into_iter().filter(|_| shared);
            let some = others.chain([found.pattern]).filter(|pattern| !pattern.is_empty());
            new.extend(some.map(|pattern| (at as u32, pattern)));
        }
        // Once hardly any pattern lowers the cost, what is left is to prove that there is none.
        if lowered && nodes == QUICK {
            let left = end.saturating_sub(state.checks + simplex.work + best.work);
            let solution = simplex.solution().into_iter();
            let opened = solution.map(|(column, _)| patterns[column as usize].0);
            let swept = sweep.loads(state, &rows, simplex.prices(), &scale, opened, left);
            new.extend(swept.into_iter().map(pattern));
        }
        let mut entered = 0;
        for pattern in new {
            if known.insert(pattern.clone()) {
                // Those that do not lower the cost now may yet.
                entered += u32::from(simplex.enter(rows.column(problem, &pattern, &scale)));
                patterns.push(pattern);
            }
        }
        lowered = entered > 0;
        let gains = rows.gains(&prices, &scale);
        let before = best.bound;
        let better = best.learn(problem, &rows, gains, gives);
        let bound = best.bound;
        if better {
            centre = best.prices(&rows, &scale);
        } else if dot_all(&prices, &demand) / dear >= bound * NEAR {
            for (centre, price) in centre.iter_mut().zip(&prices) {
                *centre += DRIFT * (price / dear - *centre);
            }
        }
        simplex.settle(8 * demand.len());
        if simplex.cost() <= bound * (1.0 + 2.0 * TOLERANCE)
            || (!lowered && pull == 0.0 && nodes >= NODES)
        {
            break;
        }
        if !lowered && pull == 0.0 {
            nodes *= 8;
        }
        let hardly = bound - before < (simplex.cost() - before) * HARDLY;
        pull = match lowered {
            false if nodes > QUICK => 0.0,
            _ if better && (lowered || !hardly) => PULL,
            false if pull > 0.0 => 0.0,
            false => PULL,
            true => (1.0 - (1.0 - pull) * NEARER).min(MOST_PULL),
        };
    }
    state.checks += simplex.work + best.work;
    let (bound, row) = (best.bound, best.row());
    let worth = rows.worth(problem, simplex.prices(), &scale);
    let room = rows.room(simplex.prices(), &scale);
    let sand = room.prices(&rows.sand);
    let measured = rows.measured(simplex.prices(), &scale);
    let mut amounts = vec![0.0; patterns.len()];
    for (column, amount) in simplex.solution() {
        amounts[column as usize] = amount;
    }
    let cost = simplex.cost();
    Some(Programme {
        rows,
        patterns,
        amounts,
        worth,
        paying,
        sand,
        room,
        measured,
        cost,
        bound,
        row,
    })
}

impl<const D: usize> Programme<D> {
    /// Loads of its patterns, where no items share a row.
    pub(super) fn known(&self) -> Vec<Load> {
        let item = |(row, count): &(u32, u32)| (self.rows.alike[*row as usize].items[0], *count);
        let load = |(kind, pattern): &Pattern| (*kind, pattern.iter().map(item).collect());
        self.patterns.iter().map(load).collect()
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

fn dot_all(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
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
