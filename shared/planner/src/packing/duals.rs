//! What a unit of each resource is worth: the prices of the linear programme that lets bins be cut.

use super::simplex::{Column, Simplex};
use super::{Item, Kind};

/// What a unit of each of the `D` resources is worth, nano-USD.
#[derive(Debug, Clone)]
pub(super) struct Prices<const D: usize> {
    /// Prices in the programme `minimise Σ price · x` with `Σ capacity · x ≥ Σ size · count`.
    /// No bin's room is worth more than it costs, up to rounding.
    pub(super) exact: [f64; D],
    /// What the same room costs if each resource is paid for by how scarce it is in the programme's bins.
    /// A resource that is plentiful in sum may be short in one bin: a little of these prices keeps loads
    /// balanced.
    pub(super) balanced: [f64; D],
}

impl<const D: usize> Prices<D> {
    pub(super) fn new(items: &[Item<D>], kinds: &[Kind<D>]) -> Self {
        let demand = all_sizes(items);
        let columns: Vec<(f64, Vec<f64>)> = kinds
            .iter()
            .map(|kind| (kind.price as f64, kind.capacity.map(f64::from).to_vec()))
            .collect();
        let solved = solve(&demand, &columns);
        let mut exact = [0.0; D];
        exact.copy_from_slice(&solved.prices);
        let mut room = [0.0; D];
        let mut cost = 0.0;
        for (column, amount) in &solved.amounts {
            let (price, gives) = &columns[*column as usize];
            cost += price * amount;
            for (room, gives) in room.iter_mut().zip(gives) {
                *room += gives * amount;
            }
        }
        let scarcity: [f64; D] =
            std::array::from_fn(|at| (demand[at] / room[at].max(1.0)).min(1.0).powi(2));
        let all: f64 = scarcity.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let balanced = std::array::from_fn(|at| cost * scarcity[at] / all / room[at].max(1.0));
        Self { exact, balanced }
    }

    /// The exact prices with `share` of the balanced ones.
    pub(super) fn blend(&self, share: f64) -> [f64; D] {
        std::array::from_fn(|at| (1.0 - share) * self.exact[at] + share * self.balanced[at])
    }
}

/// What all items take together.
pub(super) fn all_sizes<const D: usize>(items: &[Item<D>]) -> [f64; D] {
    let mut sums = [0.0; D];
    for item in items {
        for (sum, size) in sums.iter_mut().zip(&item.size) {
            *sum += f64::from(*size) * f64::from(item.count);
        }
    }
    sums
}

/// A price that no amount of columns that meets every demand undercuts. Columns are
/// `(price, what one gives of each)`.
pub(super) fn linear_bound(demand: &[f64], columns: &[(f64, Vec<f64>)]) -> f64 {
    fair_prices(demand, columns).0
}

/// The same, and the prices of what is demanded that prove it.
///
/// Sound whatever the simplex rounds to: its prices are cut until no column is worth more than it
/// costs, and what they then say of the demand is a bound by weak duality.
pub(super) fn fair_prices(demand: &[f64], columns: &[(f64, Vec<f64>)]) -> (f64, Vec<f64>) {
    let mut prices = solve(demand, columns).prices;
    let sum = |gives: &[f64], prices: &[f64]| {
        gives.iter().zip(prices).map(|(give, price)| give * price).sum::<f64>()
    };
    let fair = columns
        .iter()
        .map(|(price, gives)| (price, sum(gives, &prices)))
        .filter(|(_, worth)| *worth > 0.0)
        .map(|(price, worth)| price / worth)
        .fold(1.0, f64::min);
    for price in &mut prices {
        *price *= fair;
    }
    let needed: Vec<f64> = demand.iter().map(|demand| demand.max(0.0)).collect();
    // A billionth is far more than the sums above can be off.
    (sum(&needed, &prices) * (1.0 - 1e-9), prices)
}

/// Prices of the rows, never negative, and amounts of the columns.
struct Solved {
    prices: Vec<f64>,
    amounts: Vec<(u32, f64)>,
}

/// Solves `minimise Σ price · x` with `Σ gives · x ≥ demand`.
fn solve(demand: &[f64], columns: &[(f64, Vec<f64>)]) -> Solved {
    // Rows without demand are left out; the others are scaled to a demand of one.
    let rows: Vec<usize> = (0..demand.len())
        .filter(|row| demand[*row] > 0.0 && columns.iter().any(|column| column.1[*row] > 0.0))
        .collect();
    let most: f64 = rows
        .iter()
        .map(|row| {
            let cheapest = columns.iter().filter(|column| column.1[*row] > 0.0);
            cheapest.map(|column| column.0 * demand[*row] / column.1[*row]).fold(f64::MAX, f64::min)
        })
        .sum();
    // Each row met by its own cheapest column costs `most`: to do without one must cost more.
    let mut simplex = Simplex::new(&vec![1.0; rows.len()], most * 10.0 + 1.0);
    for (price, gives) in columns {
        let scaled = rows.iter().enumerate();
        let gives = scaled.map(|(row, at)| (row as u32, gives[*at] / demand[*at])).collect();
        simplex.add(Column { cost: *price, gives });
    }
    simplex.settle(500);
    let mut prices = vec![0.0; demand.len()];
    for (row, at) in rows.iter().enumerate() {
        prices[*at] = simplex.prices()[row].max(0.0) / demand[*at];
    }
    Solved { prices, amounts: simplex.solution() }
}

/// The worth of `size` at `prices`.
pub(super) fn worth<const D: usize>(size: &[u32; D], prices: &[f64; D]) -> f64 {
    size.iter().zip(prices).map(|(size, price)| f64::from(*size) * price).sum()
}
