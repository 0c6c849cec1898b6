//! How many bins of each kind, whatever is in which: what the resources' sums say.

use super::Problem;
use super::columns::Programme;
use super::cover::{Cover, Row, whole_cover};
use super::duals::{all_sizes, linear_bound};
use super::state::State;

/// Shares of the resources' sums that fleets have room for beyond them.
const SPARE: [f64; 6] = [0.0, 0.0005, 0.001, 0.002, 0.004, 0.008];
/// Bins of a kind that are left to choose beside those that the configuration programme opens anyway.
const MARGIN: f64 = 2.0;
/// A fleet that costs so many times the programme is too dear.
const DEAR: f64 = 1.1;

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
fn demand<const D: usize>(problem: &Problem<D>) -> [f64; D] {
    let mut demand = all_sizes(&problem.items);
    for opened in &problem.opened {
        for (sum, free) in demand.iter_mut().zip(&opened.free) {
            *sum -= f64::from(*free);
        }
    }
    demand
}

/// The rows that whole bins have to cover: what the configuration programme found the items to be worth,
/// and the resources' sums with `spare` of them more.
fn rows<const D: usize>(
    problem: &Problem<D>,
    programme: Option<&Programme<D>>,
    spare: f64,
) -> Vec<Row> {
    let mut rows: Vec<Row> =
        programme.and_then(|programme| programme.row.clone()).into_iter().collect();
    for (at, demand) in demand(problem).into_iter().enumerate() {
        let gives = problem.kinds.iter().map(|kind| f64::from(kind.capacity[at])).collect();
        rows.push(Row { demand: demand * (1.0 + spare), gives });
    }
    rows
}

/// The bound of the programme of whole bins, up to what the packing costs.
pub(super) fn uncut_bound<const D: usize>(
    state: &mut State<'_, D>,
    programme: Option<&Programme<D>>,
    nodes: u64,
) -> f64 {
    let rows = rows(state.problem, programme, 0.0);
    cover(state, &rows, state.cost(), nodes).bound
}

/// Cheap fleets with ever more room than the sums need, in about a tenth of `until` checks at most; the
/// configuration programme's own at the end, rounded up.
pub(super) fn fleets<const D: usize>(
    state: &mut State<'_, D>,
    programme: &Programme<D>,
    until: u64,
) -> Vec<Vec<(u32, u32)>> {
    let upper = (programme.cost * DEAR) as u64;
    let end = state.checks + until / 10;
    let mut fleets: Vec<Vec<(u32, u32)>> = Vec::new();
    for spare in SPARE {
        if state.checks > end {
            break;
        }
        let found = fleet(state, programme, spare, upper, until / 300);
        fleets.extend(found.filter(|fleet| !fleets.contains(fleet)));
    }
    let amounts = programme.fleet().into_iter();
    fleets.push(amounts.map(|(kind, amount)| (kind, amount.ceil() as u32)).collect());
    fleets
}

/// The cheapest fleet for less than `upper` that a search of so many nodes finds, with so much more room than the sums
/// need.
pub(super) fn fleet<const D: usize>(
    state: &mut State<'_, D>,
    programme: &Programme<D>,
    spare: f64,
    upper: u64,
    nodes: u64,
) -> Option<Vec<(u32, u32)>> {
    let sure = programme.fleet().into_iter();
    let sure = sure.map(|(kind, amount)| (kind, (amount - MARGIN) as u32));
    let sure: Vec<(u32, u32)> = sure.filter(|(_, count)| *count > 0).collect();
    let price = |kind: u32| state.problem.kinds[kind as usize].price;
    let paid: u64 = sure.iter().map(|(kind, count)| price(*kind) * u64::from(*count)).sum();
    let mut rows = rows(state.problem, Some(programme), spare);
    for row in &mut rows {
        let given = sure.iter().map(|(kind, count)| row.gives[*kind as usize] * f64::from(*count));
        row.demand -= given.sum::<f64>();
    }
    let mut fleet = cover(state, &rows, upper.saturating_sub(paid), nodes).fleet;
    if fleet.is_empty() {
        return None;
    }
    for (kind, count) in sure {
        match fleet.iter_mut().find(|have| have.0 == kind) {
            Some(have) => have.1 += count,
            None => fleet.push((kind, count)),
        }
    }
    fleet.sort_unstable();
    Some(fleet)
}

fn cover<const D: usize>(state: &mut State<'_, D>, rows: &[Row], upper: u64, nodes: u64) -> Cover {
    let prices: Vec<f64> = state.problem.kinds.iter().map(|kind| kind.price as f64).collect();
    whole_cover(&prices, rows, upper as f64, nodes, &mut state.checks)
}
