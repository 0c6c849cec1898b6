//! What a unit of each resource is worth: the prices of the linear programme that lets bins be cut.

use super::simplex::{Column, Simplex};
use super::{Item, Kind};

/// Prices of the `D` resources, nano-USD, in the programme
/// `minimise Σ price · x` with `Σ capacity · x ≥ Σ size · count`.
///
/// No bin's room is worth more than it costs, up to rounding.
pub(super) fn of_resources<const D: usize>(items: &[Item<D>], kinds: &[Kind<D>]) -> [f64; D] {
    let mut demand = [0.0; D];
    for item in items {
        for (sum, size) in demand.iter_mut().zip(&item.size) {
            *sum += f64::from(*size) * f64::from(item.count);
        }
    }
    let columns: Vec<(f64, Vec<f64>)> = kinds
        .iter()
        .map(|kind| {
            (kind.price as f64, kind.capacity.iter().map(|room| f64::from(*room)).collect())
        })
        .collect();
    let mut prices = [0.0; D];
    prices.copy_from_slice(&dual_prices(&demand, &columns));
    prices
}

/// A price that no amount of columns that meets every demand undercuts. Columns are
/// `(price, what one gives of each)`.
///
/// Sound whatever the simplex rounds to: its prices are cut until no column is worth more than it
/// costs, and what they then say of the demand is a bound by weak duality.
pub fn linear_bound(demand: &[f64], columns: &[(f64, Vec<f64>)]) -> f64 {
    let prices = dual_prices(demand, columns);
    let worth =
        |gives: &[f64]| gives.iter().zip(&prices).map(|(give, price)| give * price).sum::<f64>();
    let fair = columns
        .iter()
        .map(|(price, gives)| (price, worth(gives)))
        .filter(|(_, worth)| *worth > 0.0)
        .map(|(price, worth)| price / worth)
        .fold(1.0, f64::min);
    let needed: Vec<f64> = demand.iter().map(|demand| demand.max(0.0)).collect();
    // A billionth is far more than the sums above can be off.
    worth(&needed) * fair * (1.0 - 1e-9)
}

/// Prices of the rows of `minimise Σ price · x` with `Σ gives · x ≥ demand`. Never negative.
fn dual_prices(demand: &[f64], columns: &[(f64, Vec<f64>)]) -> Vec<f64> {
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
    prices
}

/// The worth of `size` at `prices`.
pub(super) fn worth<const D: usize>(size: &[u32; D], prices: &[f64; D]) -> f64 {
    size.iter().zip(prices).map(|(size, price)| f64::from(*size) * price).sum()
}
