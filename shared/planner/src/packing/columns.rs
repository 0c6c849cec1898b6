//! The configuration linear programme of Gilmore and Gomory (1961): how many bins to fill by each
//! pattern. Its prices bound the cost from below, its patterns make good packings.

use super::Problem;
use super::cover::{Row, whole_bound};
use super::duals::{Prices, linear_bound, worth};
use super::knapsack::{best_load, things};
use super::simplex::{Column, Simplex};
use super::state::{Place, State};

/// More classes than this make the programme too slow to be worth it.
pub(super) const MOST_ROWS: usize = 400;
/// Nodes of the search for one pattern.
const NODES: u64 = 200_000;
/// The same while patterns are easy to find.
const QUICK: u64 = 400;
/// Patterns that gain less than this share of a bin's price are not looked for.
const TOLERANCE: f64 = 1e-4;

/// How far prices are pulled to the best known ones.
const PULL: f64 = 0.7;
/// How much less than its bin a pattern may be worth at pulled prices and still be looked at.
const SLACK: f64 = 0.002;

/// Patterns with amounts, the worth of each item, and the bound that follows.
#[derive(Debug, Clone, Default)]
pub(super) struct Programme {
    pub(super) patterns: Vec<(u32, Vec<(u32, u32)>)>,
    pub(super) amounts: Vec<f64>,
    pub(super) worth: Vec<f64>,
    pub(super) bound: f64,
    /// What the bound says of whole bins: the worth of all items, and the most worth in a bin by kind.
    pub(super) row: Option<Row>,
}

/// The bound of the programme that lets bins be cut. What bins there were is given for nothing.
pub(super) fn cut_bound<const D: usize>(problem: &Problem<D>) -> f64 {
    let columns: Vec<(f64, Vec<f64>)> = problem
        .kinds
        .iter()
        .map(|kind| (kind.price as f64, kind.capacity.map(f64::from).to_vec()))
        .collect();
    linear_bound(&demand(problem), &columns)
}

/// What all items take of each resource, less the room there is.
fn demand<const D: usize>(problem: &Problem<D>) -> Vec<f64> {
    let mut demand = vec![0.0; D];
    for item in &problem.items {
        for (sum, size) in demand.iter_mut().zip(&item.size) {
            *sum += f64::from(*size) * f64::from(item.count);
        }
    }
    for opened in &problem.opened {
        for (sum, free) in demand.iter_mut().zip(&opened.free) {
            *sum -= f64::from(*free);
        }
    }
    demand
}

/// The bound of the programme of whole bins, up to `upper`: the resources' sums have to be covered, and
/// what the configuration programme found the items to be worth.
pub(super) fn uncut_bound<const D: usize>(
    state: &mut State<'_, D>,
    programme: Option<&Programme>,
    upper: u64,
    nodes: u64,
) -> f64 {
    let problem = state.problem;
    let mut rows: Vec<Row> =
        programme.and_then(|programme| programme.row.clone()).into_iter().collect();
    for (at, demand) in demand(problem).into_iter().enumerate() {
        let gives = problem.kinds.iter().map(|kind| f64::from(kind.capacity[at])).collect();
        rows.push(Row { demand, gives });
    }
    let prices: Vec<f64> = problem.kinds.iter().map(|kind| kind.price as f64).collect();
    whole_bound(&prices, &rows, upper as f64, nodes, &mut state.checks)
}

/// Whether nothing ties bins together, so that patterns can be priced one by one.
pub(super) fn is_plain<const D: usize>(problem: &Problem<D>) -> bool {
    problem.opened.is_empty()
        && problem.kinds.iter().all(|kind| kind.quotas.is_empty() && kind.pool.is_none())
        && problem.items.iter().all(|item| item.members.is_empty())
}

/// Solves the programme as far as `checks` of work allow, beginning with the patterns of `state`.
pub(super) fn solve<const D: usize>(state: &mut State<'_, D>, until: u64) -> Option<Programme> {
    let problem = state.problem;
    let demand: Vec<f64> = problem.items.iter().map(|item| f64::from(item.count)).collect();
    let dearest = problem.kinds.iter().map(|kind| kind.price).max()? as f64;
    let mut simplex = Simplex::new(&demand, dearest * 4.0);
    let mut patterns: Vec<(u32, Vec<(u32, u32)>)> = Vec::new();
    for bin in &state.bins {
        let Place::New(kind) = bin.kind else { continue };
        let pattern = (kind, bin.load.clone());
        if !patterns.contains(&pattern) {
            simplex.add(column(problem, &pattern));
            patterns.push(pattern);
        }
    }
    let rows = demand.len() as u64;
    let pivot = rows * rows / 8 + 2 * patterns.len() as u64 + rows;
    state.checks += simplex.settle(10 * demand.len()) * pivot;
    // Prices are looked for between the best known and those of the programme (Wentges 1997): these
    // alone jump about. The resources' prices are a good beginning, and their bound is one.
    let resources = Prices::new(&problem.items, &problem.kinds).exact;
    let mut centre: Vec<f64> =
        problem.items.iter().map(|item| worth(&item.size, &resources)).collect();
    let mut bound = cut_bound(problem);
    let mut pull = PULL;
    let mut nodes = QUICK;
    let mut row = None;
    while state.checks < until {
        let prices: Vec<f64> = simplex
            .prices()
            .iter()
            .zip(&centre)
            .map(|(out, centre)| pull * centre + (1.0 - pull) * out.max(0.0))
            .collect();
        let total: f64 = prices.iter().zip(&demand).map(|(price, demand)| price * demand).sum();
        let (mut dear, mut entered) = (1.0_f64, 0);
        let mut most = Vec::with_capacity(problem.kinds.len());
        for (at, kind) in problem.kinds.iter().enumerate() {
            let price = kind.price as f64;
            let floor = price * if pull > 0.0 { 1.0 - SLACK } else { 1.0 + TOLERANCE };
            let things = things(problem, kind, &prices);
            let found = best_load(&things, &kind.capacity.map(f64::from), floor, nodes);
            state.checks += found.effort;
            dear = dear.max(found.most / price);
            most.push(found.most);
            if found.pattern.is_empty() {
                continue;
            }
            let pattern = (at as u32, found.pattern);
            if simplex.enter(column(problem, &pattern)) {
                patterns.push(pattern);
                entered += 1;
                state.checks += pivot;
            }
        }
        let found = total / dear * (1.0 - 1e-9);
        if found > bound {
            bound = found;
            row = Some(Row { demand: total, gives: most });
            centre = prices.iter().map(|price| price / dear).collect();
        }
        let pivots = simplex.settle(8 * demand.len());
        state.checks += pivots * pivot;
        if simplex.cost() <= bound * (1.0 + 2.0 * TOLERANCE)
            || (entered == 0 && pull == 0.0 && nodes >= NODES)
        {
            break;
        }
        if entered == 0 && pull == 0.0 {
            nodes *= 8;
        }
        pull = if entered == 0 && pull > 0.0 { 0.0 } else { PULL };
    }
    let prices: Vec<f64> = simplex.prices().iter().map(|price| price.max(0.0)).collect();
    let mut amounts = vec![0.0; patterns.len()];
    for (column, amount) in simplex.solution() {
        amounts[column as usize] = amount;
    }
    Some(Programme { patterns, amounts, worth: prices, bound, row })
}

fn column<const D: usize>(problem: &Problem<D>, pattern: &(u32, Vec<(u32, u32)>)) -> Column {
    Column {
        cost: problem.kinds[pattern.0 as usize].price as f64,
        gives: pattern.1.iter().map(|(item, count)| (*item, f64::from(*count))).collect(),
    }
}

/// Opens bins by the patterns' whole amounts, then again for what remains, the largest part of an
/// amount rounded up, until no pattern of the programme is worth opening.
pub(super) fn dive<const D: usize>(state: &mut State<'_, D>, programme: &Programme) {
    let problem = state.problem;
    let mut amounts = programme.amounts.clone();
    for _ in 0..40 {
        let mut opened = 0;
        let mut fractions: Vec<(f64, usize)> = Vec::new();
        for (at, amount) in amounts.iter().enumerate() {
            let whole = (amount + 1e-6).floor();
            for _ in 0..whole as u32 {
                opened += u32::from(open(state, &programme.patterns[at]));
            }
            fractions.push((amount - whole, at));
        }
        if opened == 0 {
            fractions.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
            match fractions.first() {
                Some((fraction, at)) if *fraction > 0.3 => {
                    if !open(state, &programme.patterns[*at]) {
                        return;
                    }
                }
                _ => return,
            }
        }
        // The programme again, over the patterns that still fit what remains.
        let rows: Vec<u32> = (0..problem.items.len() as u32)
            .filter(|item| state.remaining[*item as usize] > 0)
            .collect();
        if rows.is_empty() {
            return;
        }
        let demand: Vec<f64> =
            rows.iter().map(|item| f64::from(state.remaining[*item as usize])).collect();
        let dearest = problem.kinds.iter().map(|kind| kind.price).max().unwrap_or(1) as f64;
        let mut simplex = Simplex::new(&demand, dearest * 4.0);
        let mut known = Vec::new();
        for (at, (kind, load)) in programme.patterns.iter().enumerate() {
            let gives: Vec<(u32, f64)> = load
                .iter()
                .filter_map(|(item, count)| {
                    let row = rows.binary_search(item).ok()?;
                    let count = (*count).min(state.remaining[*item as usize]);
                    Some((row as u32, f64::from(count)))
                })
                .collect();
            if !gives.is_empty() {
                simplex.add(Column { cost: problem.kinds[*kind as usize].price as f64, gives });
                known.push(at);
            }
        }
        let pivot = rows.len() * rows.len() / 8 + 2 * known.len() + rows.len();
        state.checks += simplex.settle(6 * rows.len()) * pivot as u64;
        amounts = vec![0.0; programme.patterns.len()];
        for (column, amount) in simplex.solution() {
            amounts[known[column as usize]] = amount;
        }
    }
}

/// Opens a bin by a pattern, as far as items remain. Not if less than most of it does.
fn open<const D: usize>(state: &mut State<'_, D>, pattern: &(u32, Vec<(u32, u32)>)) -> bool {
    let mut bin = state.fresh(pattern.0);
    for &(item, count) in &pattern.1 {
        let count = count.min(state.remaining[item as usize]);
        let room = state.room(&bin, item, count);
        if room > 0 {
            state.put(&mut bin, item, room);
        }
    }
    let any = !bin.load.is_empty();
    if any {
        state.bins.push(bin);
    }
    any
}
