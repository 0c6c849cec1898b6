//! From the programme's amounts, which are fractions, to bins.

use super::columns::{Programme, scale};
use super::simplex::Simplex;
use super::state::State;

/// Amounts above this are rounded up.
const UP: f64 = 0.3;

/// Opens bins by the patterns' whole amounts, then again for what remains, the largest part of an
/// amount rounded up, until no pattern of the programme is worth opening. For programmes without sand.
pub(super) fn dive<const D: usize>(state: &mut State<'_, D>, programme: &Programme<D>) {
    let mut amounts = programme.amounts.clone();
    loop {
        let mut opened = 0;
        let mut fractions: Vec<(f64, usize)> = Vec::new();
        for (at, amount) in amounts.iter().enumerate() {
            let whole = (amount + 1e-6).floor();
            for _ in 0..whole as u32 {
                opened += u32::from(open(state, programme, at));
            }
            fractions.push((amount - whole, at));
        }
        if opened == 0 {
            let by = |one: &(f64, usize), other: &(f64, usize)| {
                one.0.total_cmp(&other.0).then(other.1.cmp(&one.1))
            };
            match fractions.into_iter().max_by(by) {
                Some((fraction, at)) if fraction > UP && open(state, programme, at) => {}
                _ => return,
            }
        }
        match again(state, programme) {
            Some(next) => amounts = next,
            None => return,
        }
    }
}

/// The programme once more, over the patterns that still fit what remains.
fn again<const D: usize>(state: &mut State<'_, D>, programme: &Programme<D>) -> Option<Vec<f64>> {
    let (problem, rows) = (state.problem, &programme.rows);
    let scale = scale(problem);
    let left = |items: &[u32]| items.iter().map(|item| state.remaining[*item as usize]).sum();
    let counts: Vec<u32> = rows.alike.iter().map(|alike| left(&alike.items)).collect();
    // Rows of what is left, and their numbers among all rows.
    let (mut demand, mut numbers) = (Vec::new(), vec![0; counts.len()]);
    for (count, number) in counts.iter().zip(&mut numbers) {
        if *count > 0 {
            *number = demand.len() as u32;
            demand.push(f64::from(*count));
        }
    }
    let dearest = problem.kinds.iter().map(|kind| kind.price).max()? as f64;
    if demand.is_empty() {
        return None;
    }
    let mut simplex = Simplex::new(&demand, dearest * 4.0);
    let mut known = Vec::new();
    for (at, (kind, pattern)) in programme.patterns.iter().enumerate() {
        let fits = pattern.iter().map(|(row, count)| (*row, (*count).min(counts[*row as usize])));
        let fits: Vec<(u32, u32)> = fits.filter(|(_, count)| *count > 0).collect();
        if !fits.is_empty() {
            let mut column = rows.column(problem, &(*kind, fits), &scale);
            for (row, _) in &mut column.gives {
                *row = numbers[*row as usize];
            }
            simplex.add(column);
            known.push(at);
        }
    }
    simplex.settle(6 * demand.len());
    state.checks += simplex.work;
    let mut amounts = vec![0.0; programme.patterns.len()];
    for (column, amount) in simplex.solution() {
        amounts[known[column as usize]] = amount;
    }
    Some(amounts)
}

/// Opens a bin by a pattern, as far as items remain. Whether any did.
fn open<const D: usize>(state: &mut State<'_, D>, programme: &Programme<D>, at: usize) -> bool {
    let (kind, pattern) = &programme.patterns[at];
    let mut bin = state.fresh(*kind);
    for (row, count) in pattern {
        for item in &programme.rows.alike[*row as usize].items {
            let most = (*count).min(state.remaining[*item as usize]);
            let room = state.room(&bin, *item, most);
            if room > 0 {
                state.put(&mut bin, *item, room);
            }
        }
    }
    let any = !bin.load.is_empty();
    if any {
        state.bins.push(bin);
    }
    any
}
