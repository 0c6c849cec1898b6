//! The linear relaxation of a bounded knapsack in `D` resources.

/// Something to take: a class of items, with what one is worth and takes, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thing<const D: usize> {
    pub(super) id: u32,
    pub(super) size: [f64; D],
    pub(super) worth: f64,
    pub(super) count: f64,
}

impl<const D: usize> Thing<D> {
    /// How many fit into so much room.
    pub(super) fn most_in(&self, free: &[f64; D]) -> f64 {
        most_in(&self.size, self.count, free)
    }
}

/// How many of so many of a size fit into so much room. Most classes have one, and dividing takes long.
pub(super) fn most_in<const D: usize>(size: &[f64; D], count: f64, free: &[f64; D]) -> f64 {
    if size.iter().zip(free).any(|(size, free)| size > free) {
        return 0.0;
    }
    if count <= 1.0 {
        return count;
    }
    let rooms = free.iter().zip(size).filter(|(_, size)| **size > 0.0);
    rooms.map(|(room, size)| f64::from((room / size) as u32)).fold(count, f64::min)
}

/// Basic variable of a row: the room left of a resource, or a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Basic {
    Room(usize),
    Thing(usize),
}

/// Prices of the resources that make the relaxation small, never negative, and the checks it took.
///
/// Bounded primal simplex (Dantzig 1955) with a `D × D` inverse. Any prices `w ≥ 0` bound the knapsack
/// by `w · capacity + Σ count · max(0, worth − w · size)`, so the proof does not rest on its rounding.
pub(super) fn prices<const D: usize>(things: &[Thing<D>], capacity: &[f64; D]) -> ([f64; D], u64) {
    let mut inverse = [[0.0; D]; D];
    for (at, line) in inverse.iter_mut().enumerate() {
        line[at] = 1.0;
    }
    let mut basis: [Basic; D] = std::array::from_fn(Basic::Room);
    let mut amounts = *capacity;
    let mut full = vec![false; things.len()];
    let (mut prices, mut work) = ([0.0; D], 0);
    for _ in 0..12 * D + 24 {
        work += things.len() as u64;
        prices = [0.0; D];
        for (row, basic) in basis.iter().enumerate() {
            if let Basic::Thing(at) = *basic {
                for (price, factor) in prices.iter_mut().zip(&inverse[row]) {
                    *price += things[at].worth * factor;
                }
            }
        }
        // The variable that promises the most enters; a room's price below nothing means it should.
        let mut entering = None;
        let mut most = 0.0;
        for (at, thing) in things.iter().enumerate() {
            let gain = gain(thing, &prices);
            let gain = if full[at] { -gain } else { gain };
            if gain > 1e-10 * thing.worth && gain * thing.count > most {
                most = gain * thing.count;
                entering = Some(Ok(at));
            }
        }
        for (at, price) in prices.iter().enumerate() {
            if -price * capacity[at] > most && !basis.contains(&Basic::Room(at)) {
                most = -price * capacity[at];
                entering = Some(Err(at));
            }
        }
        let Some(entering) = entering else { break };
        let (column, limit, sign) = match entering {
            Ok(at) => (things[at].size, things[at].count, if full[at] { -1.0 } else { 1.0 }),
            Err(at) => {
                let mut unit = [0.0; D];
                unit[at] = 1.0;
                (unit, f64::INFINITY, 1.0)
            }
        };
        let direction = inverse.map(|line| dot(&line, &column) * sign);
        let (mut step, mut leaving) = (limit, None);
        for (row, slope) in direction.iter().enumerate() {
            let (scale, end) = match basis[row] {
                Basic::Room(at) => (capacity[at].max(1.0), f64::INFINITY),
                Basic::Thing(at) => (1.0, things[at].count),
            };
            let reach = if *slope > 1e-9 * scale {
                amounts[row].max(0.0) / slope
            } else if *slope < -1e-9 * scale {
                (end - amounts[row]).max(0.0) / -slope
            } else {
                continue;
            };
            if reach < step {
                (step, leaving) = (reach, Some(row));
            }
        }
        if !step.is_finite() {
            break;
        }
        for (amount, slope) in amounts.iter_mut().zip(&direction) {
            *amount -= slope * step;
        }
        let Some(row) = leaving else {
            if let Ok(at) = entering {
                full[at] = !full[at];
            }
            continue;
        };
        if let Basic::Thing(at) = basis[row] {
            full[at] = direction[row] < 0.0;
        }
        let pivot = direction[row] * sign;
        let line = inverse[row].map(|value| value / pivot);
        for (other, target) in inverse.iter_mut().enumerate() {
            let factor = direction[other] * sign;
            if other != row {
                for (value, pivot) in target.iter_mut().zip(&line) {
                    *value -= factor * pivot;
                }
            }
        }
        inverse[row] = line;
        match entering {
            Ok(at) => {
                amounts[row] = if full[at] { things[at].count - step } else { step };
                basis[row] = Basic::Thing(at);
                full[at] = false;
            }
            Err(at) => {
                amounts[row] = step;
                basis[row] = Basic::Room(at);
            }
        }
    }
    (prices.map(|price| price.max(0.0)), work)
}

/// What taking one of a thing gains beyond what its size costs.
pub(super) fn gain<const D: usize>(thing: &Thing<D>, prices: &[f64; D]) -> f64 {
    thing.worth - dot(&thing.size, prices)
}

pub(super) fn dot<const D: usize>(one: &[f64; D], other: &[f64; D]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
