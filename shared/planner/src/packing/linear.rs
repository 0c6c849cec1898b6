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
/// much may be taken has its numbers below nothing. What knows no limit costs something.
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

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;
    use microlp::{ComparisonOp, OptimizationDirection, Problem};

    /// Rows with a demand, and one of which at most so much may be taken; some columns have a limit.
    fn programme(seed: u64) -> (Vec<f64>, Vec<Column>, Vec<f64>) {
        let mut random = Random::new(seed);
        let mut roll = |sides: usize| random.below(sides) as f64;
        let rows = 1 + roll(4) as u32;
        let mut demand: Vec<f64> = (0..rows).map(|_| 1.0 + roll(50)).collect();
        demand.push(-1.0 - roll(20));
        let (mut columns, mut most) = (Vec::new(), Vec::new());
        for _ in 0..4 + roll(12) as u32 {
            let mut gives: Vec<(u32, f64)> = (0..rows).map(|row| (row, roll(9))).collect();
            // Without what is scarce there is always a way, though a dear one.
            let dear = if roll(2) > 0.0 { 20.0 } else { 0.0 };
            if dear == 0.0 {
                gives.push((rows, -roll(5)));
            }
            gives.retain(|(_, gives)| *gives != 0.0);
            // What costs nothing there is so much of and no more.
            let cost = roll(10) + dear;
            most.push(if cost > 0.0 && roll(3) > 0.0 { f64::INFINITY } else { 1.0 + roll(3) });
            columns.push(Column { cost, gives });
        }
        let gives = (0..rows).map(|row| (row, 1.0)).collect();
        columns.push(Column { cost: 40.0, gives });
        most.push(f64::INFINITY);
        (demand, columns, most)
    }

    fn optimum(demand: &[f64], columns: &[Column], most: &[f64]) -> f64 {
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let all = columns.iter().zip(most);
        let variables: Vec<_> =
            all.map(|(column, most)| problem.add_var(column.cost, (0.0, *most))).collect();
        for (row, demand) in demand.iter().enumerate() {
            let terms = columns.iter().zip(&variables).flat_map(|(column, variable)| {
                let here = column.gives.iter().filter(move |gives| gives.0 as usize == row);
                here.map(|(_, gives)| (*variable, *gives))
            });
            let terms: Vec<_> = terms.collect();
            problem.add_constraint(&terms[..], ComparisonOp::Ge, *demand);
        }
        problem.solve().unwrap().objective()
    }

    #[test]
    fn no_bound_is_above_what_another_solver_finds_and_none_is_far_below_it() {
        for seed in 0..2_000 {
            let (mut demand, mut columns, most) = programme(seed);
            let best = optimum(&demand, &columns, &most);
            // Limits are rows too.
            for (at, most) in most.iter().enumerate().filter(|(_, most)| most.is_finite()) {
                columns[at].gives.push((demand.len() as u32, -1.0));
                demand.push(-most);
            }
            let bound = minimise(&demand, &columns, &most).bound;
            assert!(bound <= best * (1.0 + 1e-9) + 1e-9, "seed {seed}: {bound} above {best}");
            assert!(bound >= best * (1.0 - 1e-6), "seed {seed}: {bound} far below {best}");
        }
    }

    #[test]
    fn a_bound_stands_where_limits_have_no_rows() {
        for seed in 0..2_000 {
            let (demand, columns, most) = programme(seed);
            let bound = minimise(&demand, &columns, &most).bound;
            let best = optimum(&demand, &columns, &most);
            assert!(bound <= best * (1.0 + 1e-9) + 1e-9, "seed {seed}: {bound} above {best}");
        }
    }
}
