//! The configuration linear programme of Gilmore and Gomory (1961): how many bins to fill by each
//! pattern. Its prices bound the cost from below, its patterns make good packings.

use super::cover::Row;
use super::duals::{Prices, worth};
use super::fleets::cut_bound;
use super::greedy::{BALANCE, Guide};
use super::knapsack::{Best, Knapsack};
use super::loads::{Loads, Sand};
use super::relaxed::{Thing, dot};
use super::rows::Rows;
use super::simplex::{Column, Simplex};
use super::state::{Place, State};
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
/// What part of the work may be added once patterns are hard to find: a proof that there are few is near.
const PROOF: u64 = 3;
/// Patterns that gain less than this share of a bin's price are not looked for.
const TOLERANCE: f64 = 1e-4;

/// Share of a kind's price that sand must be worth in it.
const NEARLY: f64 = 0.985;
/// How far prices are pulled to the best known ones.
const PULL: f64 = 0.7;
/// How much nearer to them where that leads to no better ones: what bounds best is concave in the prices.
const NEARER: f64 = 0.6;
/// But never by more than this.
const MOST_PULL: f64 = 0.98;
/// How much less than its bin a pattern may be worth at pulled prices and still be looked at.
const SLACK: f64 = 0.002;

/// Patterns looked for beside the best of a kind, each made as if the rows of those before were worth less.
const MORE: usize = 6;
/// By how much.
const CHEAPER: f64 = 0.02;

/// A kind, and how many of each row are in one. The sand has the room that is left.
pub(super) type Pattern = (u32, Vec<(u32, u32)>);

/// Patterns with amounts, the worth of each item, and the bound that follows.
#[derive(Debug, Clone)]
pub(super) struct Programme<const D: usize> {
    pub(super) rows: Rows<D>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) amounts: Vec<f64>,
    pub(super) worth: Vec<f64>,
    /// What sand is worth by resource.
    pub(super) sand: [f64; D],
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

/// Solves the programme as far as about `until` checks allow, beginning with the patterns of `state`.
pub(super) fn solve<const D: usize>(state: &mut State<'_, D>, until: u64) -> Option<Programme<D>> {
    let problem = state.problem;
    let resources = Prices::new(&problem.items, &problem.kinds);
    let rows = Rows::new(problem, &resources.blend(BALANCE), &resources.opened, most_rows(until));
    let scale = scale(problem);
    let dearest = problem.kinds.iter().map(|kind| kind.price).max()? as f64;
    let demand = rows.demand(&scale);
    let mut simplex = Simplex::new(&demand, dearest * 4.0);
    let mut patterns: BTreeSet<Pattern> = BTreeSet::new();
    if !rows.poured.is_empty() {
        patterns = rows.first_patterns(problem);
    }
    let known = state.bins.iter().filter_map(|bin| match bin.kind {
        Place::New(kind) => Some((kind, rows.of_load(&bin.load))),
        Place::Opened(_) => None,
    });
    let mut known: BTreeSet<Pattern> = known.chain(patterns).collect();
    let mut patterns: Vec<Pattern> = known.iter().cloned().collect();
    for pattern in &patterns {
        simplex.add(rows.column(problem, pattern, &scale));
    }
    simplex.settle(10 * demand.len());
    // Prices are looked for between the best known and those of the programme (Wentges 1997): these
    // alone jump about. The resources' prices are a good beginning, and their bound is one.
    let mut centre = rows.prices(&resources.exact, &scale);
    let mut bound = cut_bound(problem);
    let mut pull = PULL;
    let mut nodes = QUICK;
    let mut row = None;
    let mut knapsack = Knapsack::new();
    let proof = until.saturating_sub(state.checks) / PROOF;
    while state.checks + simplex.work < until + if nodes > QUICK { proof } else { 0 } {
        let prices: Vec<f64> = simplex
            .prices()
            .iter()
            .zip(&centre)
            .map(|(out, centre)| pull * centre + (1.0 - pull) * out.max(0.0))
            .collect();
        let total = dot_all(&prices, &demand);
        let (mut dear, mut entered) = (1.0_f64, 0);
        let mut most = Vec::with_capacity(problem.kinds.len());
        for (at, kind) in problem.kinds.iter().enumerate() {
            let price = kind.price as f64;
            let floor = price * if pull > 0.0 { 1.0 - SLACK } else { 1.0 + TOLERANCE };
            let found = rows.best(&mut knapsack, kind, &prices, &scale, floor, nodes);
            state.checks += found.effort;
            dear = dear.max(found.most / price);
            most.push(found.most);
            if found.pattern.is_empty() {
                continue;
            }
            let pattern = (at as u32, found.pattern);
            let mut new = vec![pattern];
            // And some of other rows, that go well with it.
            let mut less = prices.clone();
            for _ in 0..MORE {
                for (row, _) in new.last().into_iter().flat_map(|pattern| &pattern.1) {
                    less[*row as usize] *= 1.0 - CHEAPER;
                }
                let floor = price * (1.0 - 2.0 * CHEAPER);
                let other = rows.best(&mut knapsack, kind, &less, &scale, floor, QUICK);
                state.checks += other.effort;
                if other.pattern.is_empty() {
                    break;
                }
                new.push((at as u32, other.pattern));
            }
            for pattern in new {
                if known.insert(pattern.clone()) {
                    // Those that do not lower the cost now may yet.
                    let column = rows.column(problem, &pattern, &scale);
                    entered += u32::from(simplex.enter(column));
                    patterns.push(pattern);
                }
            }
        }
        let found = total / dear * (1.0 - 1e-9);
        let better = found > bound;
        if better {
            bound = found;
            row = Some(Row { demand: total, gives: most });
            centre = prices.iter().map(|price| price / dear).collect();
        }
        simplex.settle(8 * demand.len());
        if simplex.cost() <= bound * (1.0 + 2.0 * TOLERANCE)
            || (entered == 0 && pull == 0.0 && nodes >= NODES)
        {
            break;
        }
        if entered == 0 && pull == 0.0 {
            nodes *= 8;
        }
        pull = match entered {
            _ if better => PULL,
            0 if pull > 0.0 => 0.0,
            0 => PULL,
            _ => (1.0 - (1.0 - pull) * NEARER).min(MOST_PULL),
        };
    }
    state.checks += simplex.work;
    let worth = rows.worth(problem, simplex.prices(), &scale);
    let sand = rows.sand_prices(simplex.prices(), &scale);
    let mut amounts = vec![0.0; patterns.len()];
    for (column, amount) in simplex.solution() {
        amounts[column as usize] = amount;
    }
    let cost = simplex.cost();
    Some(Programme { rows, patterns, amounts, worth, sand, cost, bound, row })
}

impl<const D: usize> Programme<D> {
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
        let sand = (!self.rows.poured.is_empty())
            .then(|| Sand::new(guide.prices.blend(BALANCE), bins, checks));
        Loads { guide, common: self.kinds_for_sand(problem), kinds, scarce, sand }
    }

    /// Kinds that sand alone is worth nearly opening for, beside those that it opens.
    fn kinds_for_sand(&self, problem: &Problem<D>) -> Vec<u32> {
        let pays = |kind: &Kind<D>| worth(&kind.capacity, &self.sand) >= kind.price as f64 * NEARLY;
        let kinds = problem.kinds.iter().enumerate().filter(|(_, kind)| pays(kind));
        kinds.map(|(at, _)| at as u32).collect()
    }
}

/// Rows that can be solved within so many checks: the work grows with their cube.
fn most_rows(checks: u64) -> usize {
    ((checks as f64).cbrt() * ROWS_PER_ROOT).min(MOST_ROWS as f64) as usize
}

/// The largest room of each resource, which the sand is counted in.
pub(super) fn scale<const D: usize>(problem: &Problem<D>) -> [f64; D] {
    std::array::from_fn(|at| {
        f64::from(problem.kinds.iter().map(|kind| kind.capacity[at]).max().unwrap_or(1).max(1))
    })
}

fn dot_all(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

impl<const D: usize> Rows<D> {
    /// How many of each row there are, and then how much sand.
    pub(super) fn demand(&self, scale: &[f64; D]) -> Vec<f64> {
        let counts = self.alike.iter().map(|alike| f64::from(alike.count));
        counts.chain(self.poured.iter().map(|at| self.sand[*at] / scale[*at])).collect()
    }

    /// Prices of the rows where resources have these.
    fn prices(&self, resources: &[f64; D], scale: &[f64; D]) -> Vec<f64> {
        let alike = self.alike.iter().map(|alike| worth(&alike.size, resources));
        alike.chain(self.poured.iter().map(|at| resources[*at] * scale[*at])).collect()
    }

    /// What sand is worth by resource.
    pub(super) fn sand_prices(&self, prices: &[f64], scale: &[f64; D]) -> [f64; D] {
        let mut sand = [0.0; D];
        for (at, price) in self.poured.iter().zip(&prices[self.alike.len()..]) {
            sand[*at] = price.max(0.0) / scale[*at];
        }
        sand
    }

    /// What each class is worth at prices of the rows.
    fn worth(&self, problem: &Problem<D>, prices: &[f64], scale: &[f64; D]) -> Vec<f64> {
        let sand = self.sand_prices(prices, scale);
        let items = problem.items.iter().zip(&self.of).enumerate();
        items
            .map(|(at, (item, row))| {
                row.map_or(0.0, |row| prices[row as usize].max(0.0))
                    + dot(&self.over(at as u32, &item.size), &sand)
            })
            .collect()
    }

    /// Sand alone, and as many as fit of each row, one, and half as many.
    fn first_patterns(&self, problem: &Problem<D>) -> BTreeSet<Pattern> {
        let mut patterns = BTreeSet::new();
        for (kind, made) in problem.kinds.iter().enumerate() {
            patterns.insert((kind as u32, Vec::new()));
            for (row, alike) in self.alike.iter().enumerate() {
                let most = alike.most_in(made);
                for count in [1, most / 2, most] {
                    if (1..=most).contains(&count) {
                        patterns.insert((kind as u32, vec![(row as u32, count)]));
                    }
                }
            }
        }
        patterns
    }

    fn of_load(&self, load: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let mut rows: BTreeMap<u32, u32> = BTreeMap::new();
        for (item, count) in load {
            if let Some(row) = self.of[*item as usize] {
                *rows.entry(row).or_default() += count;
            }
        }
        rows.into_iter().collect()
    }

    pub(super) fn column(
        &self,
        problem: &Problem<D>,
        pattern: &Pattern,
        scale: &[f64; D],
    ) -> Column {
        let kind = &problem.kinds[pattern.0 as usize];
        let mut gives: Vec<(u32, f64)> =
            pattern.1.iter().map(|(row, count)| (*row, f64::from(*count))).collect();
        for (next, at) in self.poured.iter().enumerate() {
            let taken =
                pattern.1.iter().map(|(row, count)| self.alike[*row as usize].size[*at] * count);
            let left = kind.capacity[*at] - taken.sum::<u32>();
            if left > 0 {
                gives.push(((self.alike.len() + next) as u32, f64::from(left) / scale[*at]));
            }
        }
        Column { cost: kind.price as f64, gives }
    }

    /// The pattern worth most in a bin of a kind, more than `floor`: an item takes the place of sand.
    fn best(
        &self,
        knapsack: &mut Knapsack<D>,
        kind: &Kind<D>,
        prices: &[f64],
        scale: &[f64; D],
        floor: f64,
        nodes: u64,
    ) -> Best {
        let sand = self.sand_prices(prices, scale);
        let alone = worth(&kind.capacity, &sand);
        let mut things = Vec::with_capacity(self.alike.len());
        for (at, (alike, price)) in self.alike.iter().zip(prices).enumerate() {
            let gains = price - worth(&alike.size, &sand);
            let most = if gains > 0.0 { alike.most_in(kind) } else { 0 };
            if most > 0 {
                let size = alike.size.map(f64::from);
                things.push(Thing { id: at as u32, size, worth: gains, count: f64::from(most) });
            }
        }
        let capacity = kind.capacity.map(f64::from);
        let mut best = knapsack.best_load(&things, &capacity, floor - alone, nodes);
        best.most += alone;
        best
    }
}
