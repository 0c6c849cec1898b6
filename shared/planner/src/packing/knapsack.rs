//! The best pattern for one bin: a bounded knapsack in `D` resources, by branch and bound.

use super::random::Random;
use super::{Kind, Problem};

/// Nodes of the search after a random start.
const ANEW: u64 = 60;

/// A pattern, and what no pattern is worth more than.
#[derive(Debug, Clone)]
pub(super) struct Best {
    pub(super) most: f64,
    pub(super) pattern: Vec<(u32, u32)>,
}

/// How long to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Nodes of the search from the beginning.
    pub(super) nodes: u64,
    /// Random starts after that, where it did not end.
    pub(super) starts: u32,
}

/// An item on its way through the search.
struct Slot<const D: usize> {
    item: u32,
    size: [f64; D],
    worth: f64,
    count: u32,
    /// The most worth for the weight of what is left, this item's and all after it.
    density: f64,
}

struct Search<'a, const D: usize> {
    slots: &'a [Slot<D>],
    weights: [f64; D],
    taken: Vec<u32>,
    /// Items that were taken before the search began.
    blocked: Vec<u32>,
    best: f64,
    best_taken: Vec<u32>,
    nodes: u64,
    limit: u64,
}

/// Looks for a pattern of `kind` worth more than `floor`.
///
/// With `w ≥ 0` any load is worth at most `w · capacity × max (worth / w · size)`: the surrogate
/// relaxation. `w` is chosen to make that small, and orders and cuts the search.
pub(super) fn best_pattern<const D: usize>(
    problem: &Problem<D>,
    kind: &Kind<D>,
    worth: &[f64],
    floor: f64,
    effort: Effort,
    random: &mut Random,
    checks: &mut u64,
) -> Best {
    let capacity = kind.capacity.map(f64::from);
    let mut slots: Vec<Slot<D>> = problem
        .items
        .iter()
        .enumerate()
        .filter(|(at, item)| {
            worth[*at] > 0.0
                && item.count > 0
                && item.sites.contains(kind.site)
                && item.size.iter().zip(&kind.capacity).all(|(size, room)| size <= room)
        })
        .map(|(at, item)| Slot {
            item: at as u32,
            size: item.size.map(f64::from),
            worth: worth[at],
            count: item.count,
            density: 0.0,
        })
        .collect();
    let weights = weights(&slots, &capacity);
    *checks += 3 * slots.len() as u64;
    let weigh = |size: &[f64; D]| {
        size.iter().zip(&weights).map(|(size, weight)| size * weight).sum::<f64>()
    };
    for slot in &mut slots {
        slot.density = slot.worth / weigh(&slot.size).max(f64::MIN_POSITIVE);
    }
    slots.sort_by(|one, other| {
        other.density.total_cmp(&one.density).then(one.item.cmp(&other.item))
    });
    let root = slots.first().map_or(0.0, |slot| slot.density * weigh(&capacity));
    let mut search = Search {
        slots: &slots,
        weights,
        taken: vec![0; slots.len()],
        blocked: vec![0; slots.len()],
        best: floor,
        best_taken: Vec::new(),
        nodes: 0,
        limit: effort.nodes,
    };
    search.descend(0, capacity, 0.0);
    let whole = search.nodes < effort.nodes;
    for _ in 0..if whole { 0 } else { effort.starts } {
        search.start_anew(capacity, random);
    }
    *checks += search.nodes / 2;
    let most = if whole { search.best.max(floor) } else { root.max(search.best) };
    let pattern: Vec<(u32, u32)> = search
        .best_taken
        .iter()
        .zip(&slots)
        .filter(|(taken, _)| **taken > 0)
        .map(|(taken, slot)| (slot.item, *taken))
        .collect();
    // A billionth covers what the sums above round.
    Best { most: most * (1.0 + 1e-9), pattern }
}

impl<const D: usize> Search<'_, D> {
    /// Takes some items at random, and searches a little for the best to go with them.
    fn start_anew(&mut self, capacity: [f64; D], random: &mut Random) {
        let (mut free, mut worth) = (capacity, 0.0);
        self.taken.fill(0);
        for _ in 0..=random.below(3) {
            // Denser items more often: the lower of two draws.
            let at = random.below(self.slots.len()).min(random.below(self.slots.len()));
            let slot = &self.slots[at];
            let most = fitting(&free, slot);
            if self.taken[at] > 0 || most == 0 {
                continue;
            }
            let count = 1 + random.below(most as usize) as u32;
            for (left, size) in free.iter_mut().zip(&slot.size) {
                *left -= size * f64::from(count);
            }
            self.taken[at] = count;
            worth += slot.worth * f64::from(count);
        }
        self.blocked.clone_from(&self.taken);
        self.limit = self.nodes + ANEW;
        self.descend(0, free, worth);
        self.blocked.fill(0);
    }

    fn descend(&mut self, from: usize, free: [f64; D], worth: f64) {
        if worth > self.best {
            self.best = worth;
            self.best_taken.clone_from(&self.taken);
        }
        let weight: f64 = free.iter().zip(&self.weights).map(|(free, weight)| free * weight).sum();
        for at in from..self.slots.len() {
            let slot = &self.slots[at];
            if worth + slot.density * weight <= self.best || self.nodes >= self.limit {
                return;
            }
            self.nodes += 1;
            if self.blocked[at] > 0 {
                continue;
            }
            let most = fitting(&free, slot);
            for count in (1..=most).rev() {
                let mut left = free;
                for (left, size) in left.iter_mut().zip(&slot.size) {
                    *left -= size * f64::from(count);
                }
                self.taken[at] = count;
                self.descend(at + 1, left, worth + slot.worth * f64::from(count));
            }
            self.taken[at] = 0;
        }
    }
}

fn fitting<const D: usize>(free: &[f64; D], slot: &Slot<D>) -> u32 {
    let rooms = free.iter().zip(&slot.size).filter(|(_, size)| **size > 0.0);
    rooms.map(|(free, size)| (free / size) as u32).fold(slot.count, u32::min)
}

/// Weights of the resources that make the surrogate relaxation small: a descent by coordinates.
fn weights<const D: usize>(slots: &[Slot<D>], capacity: &[f64; D]) -> [f64; D] {
    let bound = |weights: &[f64; D]| {
        let density = slots
            .iter()
            .map(|slot| {
                let weight: f64 =
                    slot.size.iter().zip(weights).map(|(size, weight)| size * weight).sum();
                slot.worth / weight.max(f64::MIN_POSITIVE)
            })
            .fold(0.0, f64::max);
        density * capacity.iter().zip(weights).map(|(room, weight)| room * weight).sum::<f64>()
    };
    let mut weights = [0.0; D];
    for at in 0..D {
        weights[at] = 1.0 / capacity[at].max(1.0);
    }
    let mut best = bound(&weights);
    for factor in [4.0, 2.0, 1.4, 1.15, 1.05] {
        for _ in 0..3 {
            let before = best;
            for at in 0..D {
                for factor in [factor, 1.0 / factor] {
                    let mut other = weights;
                    other[at] *= factor;
                    let found = bound(&other);
                    if found < best {
                        (best, weights) = (found, other);
                    }
                }
            }
            if best >= before {
                break;
            }
        }
    }
    weights
}
