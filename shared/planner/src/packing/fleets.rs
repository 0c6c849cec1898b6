//! How many bins of each kind, whatever is in which: what the resources' sums say.

use super::Problem;
use super::columns::Programme;
use super::cover::{Cover, Row, whole_cover};
use super::duals::{all_sizes, linear_bound};
use super::state::{Place, State};

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
/// and so much of the resources.
fn rows<const D: usize>(problem: &Problem<D>, worth: Option<Row>, sums: [f64; D]) -> Vec<Row> {
    let mut rows: Vec<Row> = worth.into_iter().collect();
    for (at, demand) in sums.into_iter().enumerate() {
        let gives = problem.kinds.iter().map(|kind| f64::from(kind.capacity[at])).collect();
        rows.push(Row { demand, gives });
    }
    rows
}

/// The bound of the programme of whole bins, up to what the packing costs.
pub(super) fn uncut_bound<const D: usize>(
    state: &mut State<'_, D>,
    programme: Option<&Programme<D>>,
    nodes: u64,
) -> f64 {
    let worth = programme.and_then(|programme| programme.row.clone());
    let rows = rows(state.problem, worth, demand(state.problem));
    cover(state, &rows, state.cost(), nodes).bound
}

/// Cheap fleets for what remains with ever more room than the sums need, in about a tenth of `until` checks at most; the
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
    let amounts = lacking(state, programme);
    fleets.push(amounts.map(|(kind, amount)| (kind, amount.ceil() as u32)).collect());
    fleets
}

/// The cheapest fleet for what remains that a search of so many nodes finds, with so much more room than the sums
/// need, for less than `upper` together with the bins there are.
pub(super) fn fleet<const D: usize>(
    state: &mut State<'_, D>,
    programme: &Programme<D>,
    spare: f64,
    upper: u64,
    nodes: u64,
) -> Option<Vec<(u32, u32)>> {
    let sure = lacking(state, programme).map(|(kind, amount)| (kind, (amount - MARGIN) as u32));
    let sure: Vec<(u32, u32)> = sure.filter(|(_, count)| *count > 0).collect();
    let price = |kind: u32| state.problem.kinds[kind as usize].price;
    let paid: u64 = sure.iter().map(|(kind, count)| price(*kind) * u64::from(*count)).sum();
    // What the programme says of worth is said of all items.
    let worth = programme.row.clone().filter(|_| state.bins.is_empty());
    let mut rows = rows(state.problem, worth, remaining(state).map(|sum| sum * (1.0 + spare)));
    for row in &mut rows {
        let given = sure.iter().map(|(kind, count)| row.gives[*kind as usize] * f64::from(*count));
        row.demand -= given.sum::<f64>();
    }
    let mut fleet = cover(state, &rows, upper.saturating_sub(paid + state.cost()), nodes).fleet;
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

/// How many bins of each kind the configuration programme opens beside those there are.
fn lacking<const D: usize>(
    state: &State<'_, D>,
    programme: &Programme<D>,
) -> impl Iterator<Item = (u32, f64)> {
    let have = |kind: u32| state.bins.iter().filter(|bin| bin.kind == Place::New(kind)).count();
    programme.fleet().into_iter().map(move |(kind, amount)| (kind, amount - have(kind) as f64))
}

/// What the items that have no place yet take of each resource.
fn remaining<const D: usize>(state: &State<'_, D>) -> [f64; D] {
    let mut sums = [0.0; D];
    for (item, left) in state.problem.items.iter().zip(&state.remaining) {
        for (sum, size) in sums.iter_mut().zip(&item.size) {
            *sum += f64::from(*size) * f64::from(*left);
        }
    }
    sums
}

fn cover<const D: usize>(state: &mut State<'_, D>, rows: &[Row], upper: u64, nodes: u64) -> Cover {
    let prices: Vec<f64> = state.problem.kinds.iter().map(|kind| kind.price as f64).collect();
    whole_cover(&prices, rows, upper as f64, nodes, &mut state.checks)
}
