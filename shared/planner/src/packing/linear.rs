//! Linear programmes of rows that ask for at least, or at most, so much.

use super::simplex::{Column, Simplex};

/// Pivots for each row, at most.
const PIVOTS: usize = 40;
/// Far more than sums of the numbers here can be off, by how large they are.
const ROUNDING: f64 = 1e-12;

/// What a programme costs at least, and how much of which column costs that.
#[derive(Debug, Clone)]
pub(crate) struct Least {
    pub(crate) bound: f64,
    pub(crate) amounts: Vec<(u32, f64)>,
}

/// Solves `minimise Σ cost · x` with `Σ gives · x ≥ demand` and `0 ≤ x ≤ most`. A row of which at most so
/// much may be taken has its numbers below nothing.
///
/// Sound whatever the simplex rounds to: its prices are cut until no column that knows no limit is worth
/// more than it costs, and what they then say of the demand is a bound by weak duality.
pub(crate) fn minimise(demand: &[f64], columns: &[Column], most: &[f64]) -> Least {
    // Rows are scaled to a demand of one.
    let scales: Vec<f64> = demand.iter().map(|demand| demand.abs()).collect();
    let signs: Vec<f64> = demand.iter().map(|demand| demand.signum()).collect();
    let mut simplex = Simplex::new(&signs, start_cost(demand, columns));
    for column in columns {
        let gives = column.gives.iter().map(|(row, gives)| (*row, gives / scales[*row as usize]));
        simplex.add(Column { cost: column.cost, gives: gives.collect() });
    }
    simplex.settle(PIVOTS * (demand.len() + 4));
    let mut prices: Vec<f64> =
        simplex.prices().iter().zip(&scales).map(|(price, scale)| price.max(0.0) / scale).collect();
    let fair = columns
        .iter()
        .zip(most)
        .filter(|(_, most)| most.is_infinite())
        .map(|(column, _)| (column.cost, worth(&column.gives, &prices)))
        .filter(|(cost, worth)| worth > cost)
        .map(|(cost, worth)| cost / worth)
        .fold(1.0, f64::min);
    for price in &mut prices {
        *price *= fair;
    }
    // What a column with a limit is worth beyond its cost can be had that often and no more.
    let limited = columns.iter().zip(most).filter(|(_, most)| most.is_finite());
    let gained: f64 = limited
        .map(|(column, most)| (worth(&column.gives, &prices) - column.cost).max(0.0) * most)
        .sum();
    let terms = demand.iter().zip(&prices).map(|(demand, price)| demand * price);
    let (mut bound, mut size) = (-gained, gained);
    for term in terms {
        bound += term;
        size += term.abs();
    }
    Least { bound: (bound - size * ROUNDING).max(0.0), amounts: simplex.solution() }
}

/// What a column gives, and no less.
fn worth(gives: &[(u32, f64)], prices: &[f64]) -> f64 {
    let (mut sum, mut size) = (0.0, 0.0);
    for (row, gives) in gives {
        let term = gives * prices[*row as usize];
        sum += term;
        size += term.abs();
    }
    sum + size * ROUNDING
}

/// More than meeting each row by its dearest column costs: to do without any must cost more.
fn start_cost(demand: &[f64], columns: &[Column]) -> f64 {
    let mut dearest = vec![0.0_f64; demand.len()];
    for column in columns {
        for (row, gives) in column.gives.iter().filter(|(_, gives)| *gives > 0.0) {
            let dear = &mut dearest[*row as usize];
            *dear = dear.max(column.cost / gives);
        }
    }
    let all: f64 = dearest.iter().zip(demand).map(|(dear, demand)| dear * demand.max(0.0)).sum();
    all + 1.0
}
