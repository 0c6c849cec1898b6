//! A small revised simplex that grows by columns: minimise `cost · x` with `A x ≥ demand`, `x ≥ 0`.
//!
//! Dense, as the rows are few. What is proved with its prices does not rest on its rounding: a
//! bound is made of the prices alone, checked against every column (see `columns`).

use super::keep_most;

/// A column: what one of it costs and gives.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) cost: f64,
    pub(crate) gives: Vec<(u32, f64)>,
}

/// The linear programme with its present basis.
#[derive(Debug, Clone)]
pub(super) struct Simplex {
    rows: usize,
    inverse: Vec<f64>,
    /// By row: the column in the basis, `None` for the row's surplus or start column.
    basis: Vec<Basic>,
    amounts: Vec<f64>,
    prices: Vec<f64>,
    columns: Vec<Column>,
    start_cost: f64,
    /// Checks' worth of work done (see `state`).
    pub(super) work: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Basic {
    Start,
    Surplus(u32),
    Column(u32),
}

const EPSILON: f64 = 1e-9;
/// A row that loses no more than this of what is brought in is no pivot, and how far amounts may be below nothing.
const PIVOT: f64 = 1e-7;
const SLACK: f64 = 1e-9;
/// Columns that are told from the others at once.
const LEADING: usize = 30;

impl Simplex {
    /// Starts with a column for each row that alone gives one of it at `start_cost`. A row whose demand
    /// is below nothing allows as much to be taken: nothing is at first.
    pub(super) fn new(demand: &[f64], start_cost: f64) -> Self {
        let rows = demand.len();
        let mut inverse = vec![0.0; rows * rows];
        let (mut basis, mut prices) = (vec![Basic::Start; rows], vec![start_cost; rows]);
        for (row, demand) in demand.iter().enumerate() {
            inverse[row * rows + row] = 1.0;
            if *demand < 0.0 {
                inverse[row * rows + row] = -1.0;
                (basis[row], prices[row]) = (Basic::Surplus(row as u32), 0.0);
            }
        }
        Self {
            rows,
            inverse,
            basis,
            amounts: demand.iter().map(|demand| demand.abs()).collect(),
            prices,
            columns: Vec::new(),
            start_cost,
            work: (rows * rows / 8) as u64,
        }
    }

    /// What one more of each row is worth.
    pub(super) fn prices(&self) -> &[f64] {
        &self.prices
    }

    /// What the present solution costs.
    pub(super) fn cost(&self) -> f64 {
        let cost = |basic: &Basic| match basic {
            Basic::Start => self.start_cost,
            Basic::Surplus(_) => 0.0,
            Basic::Column(at) => self.columns[*at as usize].cost,
        };
        self.basis.iter().zip(&self.amounts).map(|(basic, amount)| cost(basic) * amount).sum()
    }

    /// Columns in the basis with their amounts.
    pub(super) fn solution(&self) -> Vec<(u32, f64)> {
        let chosen = self.basis.iter().zip(&self.amounts);
        chosen
            .filter_map(|(basic, amount)| match basic {
                Basic::Column(column) if *amount > EPSILON => Some((*column, *amount)),
                _ => None,
            })
            .collect()
    }

    /// Whether a column would lower the cost as it is now.
    pub(super) fn is_lowered_by(&self, column: &Column) -> bool {
        self.reduced(column) < -EPSILON * column.cost.max(1.0)
    }

    /// Adds a column for `settle` to look at.
    pub(super) fn add(&mut self, column: Column) {
        self.columns.push(column);
    }

    /// Pivots among the columns there are until none lowers the cost, at most `most` times. Looking at all of them takes
    /// longer than to pivot, so that a few that lower it most are told from them first, and again when none of these does
    /// any more (multiple pricing).
    pub(super) fn settle(&mut self, most: usize) {
        let mut pivots = 0;
        loop {
            let leading = self.leading();
            let before = pivots;
            while pivots < most && self.best(&leading).is_some_and(|entering| self.pivot(entering))
            {
                pivots += 1;
            }
            if pivots == before || pivots == most {
                return;
            }
        }
    }

    /// The columns that lower the cost most for their own.
    fn leading(&mut self) -> Vec<u32> {
        self.work += 2 * self.columns.len() as u64;
        let saving = (0..self.columns.len() as u32).map(|at| (self.saves(at), at));
        let mut saving: Vec<(f64, u32)> = saving.filter(|(saves, _)| *saves > EPSILON).collect();
        keep_most(&mut saving, LEADING);
        saving.into_iter().map(|(_, at)| at).collect()
    }

    /// What lowers the cost most for its own: a surplus has none.
    fn best(&mut self, columns: &[u32]) -> Option<Basic> {
        self.work += 2 * columns.len() as u64;
        let lowest = (0..self.rows)
            .map(|row| (self.prices[row], Basic::Surplus(row as u32)))
            .min_by(|one, other| one.0.total_cmp(&other.0));
        let best = columns
            .iter()
            .map(|at| (self.saves(*at), Basic::Column(*at)))
            .max_by(|one, other| one.0.total_cmp(&other.0));
        match (lowest, best) {
            (Some((price, surplus)), _) if price < -1e-12 * self.start_cost => Some(surplus),
            (_, Some((saves, column))) if saves > EPSILON => Some(column),
            _ => None,
        }
    }

    /// How much of its own cost one more of a column saves.
    fn saves(&self, at: u32) -> f64 {
        let column = &self.columns[at as usize];
        -self.reduced(column) / column.cost.max(EPSILON)
    }

    fn reduced(&self, column: &Column) -> f64 {
        column.cost
            - column
                .gives
                .iter()
                .map(|(row, gives)| self.prices[*row as usize] * gives)
                .sum::<f64>()
    }

    /// Brings something in. Of the rows that would leave with about as much of it the one that it takes most of (Harris
    /// 1973): what is next to nothing may be no more than rounding, and make all else wrong.
    fn pivot(&mut self, entering: Basic) -> bool {
        let rows = self.rows;
        let (cost, gives): (f64, Vec<(u32, f64)>) = match entering {
            Basic::Column(at) => {
                let column = &self.columns[at as usize];
                (column.cost, column.gives.clone())
            }
            Basic::Surplus(row) => (0.0, vec![(row, -1.0)]),
            Basic::Start => return false,
        };
        let direction: Vec<f64> = self
            .inverse
            .chunks_exact(rows)
            .map(|line| gives.iter().map(|(row, gives)| line[*row as usize] * gives).sum())
            .collect();
        let leaving = (0..rows).filter(|row| direction[*row] > PIVOT);
        let most = leaving
            .clone()
            .map(|row| (self.amounts[row].max(0.0) + SLACK) / direction[row])
            .fold(f64::INFINITY, f64::min);
        let leaving = leaving
            .map(|row| (self.amounts[row].max(0.0) / direction[row], row))
            .filter(|(amount, _)| *amount <= most)
            .max_by(|one, other| direction[one.1].total_cmp(&direction[other.1]));
        let Some((amount, row)) = leaving else { return false };
        let reduced =
            cost - gives.iter().map(|(row, gives)| self.prices[*row as usize] * gives).sum::<f64>();
        let line: Vec<f64> = self.inverse[row * rows..(row + 1) * rows]
            .iter()
            .map(|value| value / direction[row])
            .collect();
        for (price, value) in self.prices.iter_mut().zip(&line) {
            *price += reduced * value;
        }
        for (other, factor) in direction.iter().enumerate() {
            if other == row || *factor == 0.0 {
                continue;
            }
            self.amounts[other] -= factor * amount;
            let target = &mut self.inverse[other * rows..(other + 1) * rows];
            for (value, pivot) in target.iter_mut().zip(&line) {
                *value -= factor * pivot;
            }
        }
        self.inverse[row * rows..(row + 1) * rows].copy_from_slice(&line);
        self.amounts[row] = amount;
        self.basis[row] = entering;
        let changed = direction.iter().filter(|factor| **factor != 0.0).count();
        self.work += ((gives.len() / 2 + 2) * rows + changed * rows / 8) as u64;
        true
    }
}
