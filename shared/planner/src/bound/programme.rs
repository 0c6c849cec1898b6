//! The linear programme: rows are added as they are found broken.

use super::columns::Column;
use crate::packing::{self, minimise};

/// Rows added at a time, those broken most.
const AT_A_TIME: usize = 24;
/// Times that rows are added.
const TIMES: usize = 60;
/// A row that lacks less than this share of its demand is met.
const MET: f64 = 1e-9;

/// What a fleet must give, in sum: at least `demand` by `gives` of its nodes. One of which it may take at
/// most so much has both below nothing.
pub(super) struct Row<'a> {
    pub(super) demand: f64,
    pub(super) gives: Box<dyn Fn(&Column<'_>) -> f64 + 'a>,
}

/// The least that columns cost which meet every row, nano-USD in an hour, and never more.
pub(super) fn least_cost(columns: &[Column<'_>], rows: &[Row<'_>]) -> f64 {
    let mut lines: Vec<packing::Column> = columns
        .iter()
        .map(|column| packing::Column { cost: column.price, gives: Vec::new() })
        .collect();
    let most: Vec<f64> = columns.iter().map(|column| column.most).collect();
    let mut open: Vec<&Row<'_>> = rows
        .iter()
        .filter(|row| row.demand != 0.0)
        .filter(|row| columns.iter().any(|column| (row.gives)(column) != 0.0))
        .collect();
    let mut demand: Vec<f64> = Vec::new();
    let mut bound = 0.0;
    for _ in 0..TIMES {
        let least = minimise(&demand, &lines, &most);
        bound = least.bound.max(bound);
        let lacking = |row: &Row<'_>| {
            let given = least
                .amounts
                .iter()
                .map(|(at, amount)| (row.gives)(&columns[*at as usize]) * amount);
            (row.demand - given.sum::<f64>()) / row.demand.abs()
        };
        let mut broken: Vec<(f64, usize)> = open
            .iter()
            .enumerate()
            .map(|(at, row)| (lacking(row), at))
            .filter(|(lacking, _)| *lacking > MET)
            .collect();
        let full: Vec<(u32, f64)> = least
            .amounts
            .iter()
            .copied()
            .filter(|(at, amount)| *amount > most[*at as usize] * (1.0 + MET))
            .collect();
        if broken.is_empty() && full.is_empty() {
            break;
        }
        broken.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        broken.truncate(AT_A_TIME);
        let mut taken: Vec<usize> = broken.into_iter().map(|(_, at)| at).collect();
        taken.sort_unstable_by(|one, other| other.cmp(one));
        for at in taken {
            let row = open.remove(at);
            add(&mut lines, demand.len(), |number| (row.gives)(&columns[number]));
            demand.push(row.demand);
        }
        for (at, _) in full {
            add(&mut lines, demand.len(), |number| if number == at as usize { -1.0 } else { 0.0 });
            demand.push(-most[at as usize]);
        }
    }
    bound
}

fn add(lines: &mut [packing::Column], row: usize, gives: impl Fn(usize) -> f64) {
    for (number, line) in lines.iter_mut().enumerate() {
        let gives = gives(number);
        if gives != 0.0 {
            line.gives.push((row as u32, gives));
        }
    }
}
