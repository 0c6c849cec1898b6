//! The bound from whole bins: covering every row with bins that cannot be cut.

use super::knapsack::Knapsack;
use super::relaxed::{Thing, dot, gain, prices};

/// Rows that are looked at, at most.
const ROWS: usize = 6;
/// More kinds than this that could be in a better packing make the search too long.
const MOST_KINDS: usize = 40;

/// What must be covered, and what one bin of each kind gives to it at most.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) demand: f64,
    pub(super) gives: Vec<f64>,
}

/// What the search for the cheapest cover by whole bins came to.
#[derive(Debug, Clone)]
pub(super) struct Cover {
    /// No cover costs less, where that is below `upper`.
    pub(super) bound: f64,
    /// Kinds and numbers of bins of the cheapest one that was found.
    pub(super) fleet: Vec<(u32, u32)>,
}

/// Covers every row by whole numbers of bins, for less than `upper`.
///
/// Taking the complement `z = u − x` of how many bins there are of each kind makes the covering problem
/// a bounded knapsack, `max price · z` with `Σ gives · z ≤ Σ gives · u − demand`. `u` is what no packing
/// cheaper than `upper` exceeds, by reduced costs (Dantzig, Fulkerson and Johnson 1954).
/// A bound is proved for growing parts of the gap until a search gets longer than `nodes`.
pub(super) fn whole_cover(
    price: &[f64],
    rows: &[Row],
    upper: f64,
    nodes: u64,
    checks: &mut u64,
) -> Cover {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.demand > 0.0).take(ROWS).collect();
    let kinds: Vec<Thing<ROWS>> = price
        .iter()
        .enumerate()
        .map(|(at, price)| {
            let mut size = [0.0; ROWS];
            for (size, row) in size.iter_mut().zip(&rows) {
                // Scaled, so that all rows are alike.
                *size = row.gives[at] / row.demand;
            }
            Thing { id: at as u32, size, worth: *price, count: (upper / price).floor() }
        })
        .collect();
    let demand: [f64; ROWS] = std::array::from_fn(|row| f64::from(u8::from(row < rows.len())));
    let worth = room(&kinds, &demand).map_or([0.0; ROWS], |room| prices(&kinds, &room).0);
    // Cut so that no kind gives more than it costs: then they prove a bound by weak duality.
    let dear = kinds.iter().map(|kind| dot(&kind.size, &worth) / kind.worth).fold(1.0, f64::max);
    let worth = worth.map(|worth| worth / dear);
    let lower = dot(&worth, &demand) * (1.0 - 1e-9);
    *checks += kinds.len() as u64 * 8;
    let mut cover = Cover { bound: lower, fleet: Vec::new() };
    if lower >= upper {
        return cover;
    }
    let mut knapsack = Knapsack::new();
    for part in [0.02, 0.1, 0.3, 1.0] {
        let target = lower + (upper - lower) * part;
        let mut few = kinds.clone();
        for kind in &mut few {
            let most = (target - lower) / gain(kind, &worth).max(f64::MIN_POSITIVE);
            kind.count = kind.count.min(most.floor());
        }
        few.retain(|kind| kind.count > 0.0);
        let Some(room) = room(&few, &demand) else {
            cover.bound = target;
            continue;
        };
        if few.len() > MOST_KINDS {
            break;
        }
        let all: f64 = few.iter().map(|kind| kind.worth * kind.count).sum();
        let found = knapsack.best_load(&few, &room, all - target, nodes);
        *checks += found.effort;
        // What the sums round is far below a millionth of all of them.
        let proved = all - found.most - all * 1e-9;
        cover.bound = proved.min(target).max(cover.bound);
        if proved < target * (1.0 - 1e-6) {
            if !found.pattern.is_empty() {
                cover.fleet = complement(&few, &found.pattern);
            }
            break;
        }
    }
    cover
}

/// What stays of all kinds at their most, without what is left out.
fn complement<const D: usize>(all: &[Thing<D>], without: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let out = |id: u32| without.iter().find(|out| out.0 == id).map_or(0, |out| out.1);
    let stays = all.iter().map(|kind| (kind.id, kind.count as u32 - out(kind.id)));
    stays.filter(|(_, count)| *count > 0).collect()
}

/// What may be left out of all kinds at their most. Nothing where all of them do not cover the demand.
fn room<const D: usize>(kinds: &[Thing<D>], demand: &[f64; D]) -> Option<[f64; D]> {
    let room: [f64; D] = std::array::from_fn(|row| {
        let all: f64 = kinds.iter().map(|kind| kind.size[row] * kind.count).sum();
        // A little more, so that rounding never forbids what just fits.
        all - demand[row] + (all + 1.0) * 1e-9
    });
    room.iter().all(|room| *room >= 0.0).then_some(room)
}
