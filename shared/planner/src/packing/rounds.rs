//! The rounds in which the configuration programme is solved: prices, the patterns that are worth most at them, what
//! they prove, and the programme with them.

use super::Problem;
use super::columns::{FEW, Load};
use super::duals::worth;
use super::fleets::cut_bound;
use super::gains::Gains;
use super::knapsack::Knapsack;
use super::patterns::{Pattern, scale};
use super::rows::Rows;
use super::simplex::Simplex;
use super::state::State;
use std::collections::BTreeSet;

/// Nodes of the search for one pattern.
const NODES: u64 = 200_000;
/// The same while patterns are easy to find.
const QUICK: u64 = 400;
/// Checks that a node is like at least.
const NODE: u64 = 4;
/// How many times more for a kind whose search gave up, where rows are scarce items alone: so few of them go
/// into a bin that it soon comes to its end.
const LONGER: u64 = 4;
/// Patterns that gain less than this share of a bin's price are not looked for.
const TOLERANCE: f64 = 1e-4;
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

/// The programme while it is solved.
pub(super) struct Solving<'a, const D: usize> {
    problem: &'a Problem<D>,
    pub(super) rows: Rows<D>,
    pub(super) scale: [f64; D],
    demand: Vec<f64>,
    pub(super) simplex: Simplex,
    known: BTreeSet<Pattern>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) best: Gains<D>,
    /// The best known prices. New ones are looked for between these and those of the programme (Wentges 1997), which
    /// alone jump about.
    centre: Vec<f64>,
    /// How far new ones are pulled to the best known.
    pull: f64,
    /// Whether the last round found a pattern that lowers the cost.
    lowered: bool,
    /// Nodes of the search for a pattern, and by kind where it needs more.
    nodes: u64,
    longer: Vec<u64>,
    knapsack: Knapsack<D>,
    /// Whether large items share rows: so many need more rounds than there is time for, so that others that are nearly
    /// worth their bin are taken from each. Elsewhere they only make the rounds longer.
    shared: bool,
}

/// What the searches of a round found: patterns, what the most worth in a bin is for its price, and the most in a bin of
/// each kind beyond its room.
pub(super) struct Found {
    pub(super) patterns: Vec<Pattern>,
    dear: f64,
    gives: Vec<f64>,
}

impl<'a, const D: usize> Solving<'a, D> {
    /// With the patterns of `loads`. The prices of `resources` are a good beginning, and their bound is one.
    pub(super) fn new(
        problem: &'a Problem<D>,
        rows: Rows<D>,
        resources: &[f64; D],
        loads: Vec<Load>,
    ) -> Option<Self> {
        let scale = scale(problem);
        let dearest = problem.kinds.iter().map(|kind| kind.price).max()? as f64;
        let demand = rows.demand(&scale);
        let mut simplex = Simplex::new(&demand, dearest * 4.0);
        let first = if rows.have_sand() { rows.first_patterns(problem) } else { BTreeSet::new() };
        let known = loads.into_iter().map(|load| rows.pattern(load));
        let known: BTreeSet<Pattern> = known.chain(first).collect();
        for pattern in &known {
            simplex.add(rows.column(problem, pattern, &scale));
        }
        simplex.settle(10 * demand.len());
        Some(Self {
            problem,
            centre: rows.prices(resources, &scale),
            best: Gains::new(problem, *resources, cut_bound(problem)),
            shared: rows.alike.iter().any(|alike| alike.items.len() > 1),
            rows,
            scale,
            demand,
            simplex,
            patterns: known.iter().cloned().collect(),
            known,
            pull: PULL,
            lowered: true,
            nodes: QUICK,
            longer: vec![QUICK; problem.kinds.len()],
            knapsack: Knapsack::new(),
        })
    }

    /// Whether few items go into a bin.
    pub(super) fn has_few_items(&self) -> bool {
        let items: f64 = self.problem.items.iter().map(|item| f64::from(item.count)).sum();
        let bins: f64 = self.simplex.solution().iter().map(|column| column.1).sum();
        items <= bins * FEW
    }

    /// Checks' worth of work that `state` does not know of yet.
    pub(super) const fn spent(&self) -> u64 {
        self.simplex.work + self.best.work
    }

    /// Checks that are left until `end`.
    pub(super) const fn left(&self, state: &State<'_, D>, end: u64) -> u64 {
        end.saturating_sub(state.checks + self.spent())
    }

    /// Whether searches are short, as patterns are easy to find.
    pub(super) const fn is_quick(&self) -> bool {
        self.nodes == QUICK
    }

    /// Whether there are likely to be more that lower the cost.
    pub(super) const fn has_more(&self) -> bool {
        self.lowered && self.is_quick()
    }

    /// Kinds that are opened now.
    pub(super) fn opened(&self) -> impl Iterator<Item = u32> {
        self.simplex.solution().into_iter().map(|(column, _)| self.patterns[column as usize].0)
    }

    /// Prices to look for patterns at.
    pub(super) fn prices(&self) -> Vec<f64> {
        let pulled = self.simplex.prices().iter().zip(&self.centre);
        let pulled =
            pulled.map(|(out, centre)| self.pull * centre + (1.0 - self.pull) * out.max(0.0));
        pulled.collect()
    }

    /// Looks for the best pattern of each kind, and where rows are shared for others.
    pub(super) fn find(&mut self, state: &mut State<'_, D>, prices: &[f64], end: u64) -> Found {
        let sand = self.rows.sand_prices(prices, &self.scale);
        let kinds = &self.problem.kinds;
        let (mut patterns, mut gives, mut dear) = (Vec::new(), Vec::new(), 1.0_f64);
        for (at, kind) in kinds.iter().enumerate() {
            let price = kind.price as f64;
            let floor = price * if self.pull > 0.0 { 1.0 - SLACK } else { 1.0 + TOLERANCE };
            // No kind takes what the others are to have.
            let share = self.left(state, end) / (kinds.len() - at) as u64 / NODE;
            let limit = self.nodes.max(self.longer[at]).min(share).max(QUICK);
            let found = self.rows.best(&mut self.knapsack, kind, prices, &self.scale, floor, limit);
            state.checks += found.effort;
            if !found.complete && self.rows.have_sand() && self.longer[at] < NODES {
                self.longer[at] *= LONGER;
            }
            dear = dear.max(found.most / price);
            gives.push((found.most - worth(&kind.capacity, &sand)).max(0.0));
            let others = found.others.into_iter().filter(|_| self.shared);
            let some = others.chain([found.pattern]).filter(|pattern| !pattern.is_empty());
            patterns.extend(some.map(|pattern| (at as u32, pattern)));
        }
        Found { patterns, dear, gives }
    }

    /// Takes what a round at these prices found. Returns whether the programme is solved then.
    pub(super) fn conclude(&mut self, prices: &[f64], found: Found) -> bool {
        self.enter(found.patterns);
        let before = self.best.bound;
        let better = self.learn(prices, found.gives, found.dear);
        self.simplex.settle(8 * self.demand.len());
        let solved = self.is_solved();
        if !solved {
            self.follow(better, before);
        }
        solved
    }

    /// Adds patterns that are new: those that do not lower the cost now may yet.
    fn enter(&mut self, new: Vec<Pattern>) {
        self.lowered = false;
        for pattern in new {
            if self.known.insert(pattern.clone()) {
                let column = self.rows.column(self.problem, &pattern, &self.scale);
                self.lowered |= self.simplex.is_lowered_by(&column);
                self.simplex.add(column);
                self.patterns.push(pattern);
            }
        }
    }

    /// Learns what no bin is worth more than at these prices. Returns whether that bounds better.
    fn learn(&mut self, prices: &[f64], gives: Vec<f64>, dear: f64) -> bool {
        let gains = self.rows.gains(prices, &self.scale);
        let better = self.best.learn(self.problem, &self.rows, gains, gives);
        if better {
            self.centre = self.best.prices(&self.rows, &self.scale);
        } else if dot_all(prices, &self.demand) / dear >= self.best.bound * NEAR {
            for (centre, price) in self.centre.iter_mut().zip(prices) {
                *centre += DRIFT * (price / dear - *centre);
            }
        }
        better
    }

    /// Whether the cost is the bound, or nothing is found that lowers it however long the search is.
    fn is_solved(&self) -> bool {
        self.simplex.cost() <= self.best.bound * (1.0 + 2.0 * TOLERANCE)
            || (!self.lowered && self.pull == 0.0 && self.nodes >= NODES)
    }

    /// Chooses how far prices are pulled, and how long is searched, after a round; before it this was the bound.
    fn follow(&mut self, better: bool, before: f64) {
        if !self.lowered && self.pull == 0.0 {
            self.nodes *= 8;
        }
        let hardly = self.best.bound - before < (self.simplex.cost() - before) * HARDLY;
        self.pull = match self.lowered {
            false if self.nodes > QUICK => 0.0,
            _ if better && (self.lowered || !hardly) => PULL,
            false if self.pull > 0.0 => 0.0,
            false => PULL,
            true => (1.0 - (1.0 - self.pull) * NEARER).min(MOST_PULL),
        };
    }
}

fn dot_all(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
