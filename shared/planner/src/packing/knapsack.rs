//! The best pattern for one bin: a bounded knapsack in `D` resources, by branch and bound.

use super::beside::Row;
use super::fills::{Fills, Part};
use super::relaxed::{Thing, dot, gain, most_in, prices};

/// Checks for tables of what can be filled, for each node of the search.
const FILLS: u64 = 32;
/// Checks that looking at a slot is like.
const LOOK: u64 = 2;
/// Checks that making, sorting and forgetting a slot is like.
const SLOT: u64 = 50;
/// Covers what the sums round.
const ROUNDED: f64 = 1.0 + 1e-9;
/// Prices of earlier searches that a short one is bounded by first, and checks that takes for each of its things.
const EARLIER: usize = 4;
const BOUND: u64 = 2;

/// A pattern, and what no pattern is worth more than.
#[derive(Debug, Clone)]
pub(super) struct Best {
    pub(super) most: f64,
    /// Whether the search came to its end.
    pub(super) complete: bool,
    pub(super) pattern: Vec<(u32, u32)>,
    /// The first that the search came by and that are worth more than the floor, whether the best is among them or not.
    /// Only `Worth::best_load` keeps any.
    pub(super) others: Vec<Vec<(u32, u32)>>,
    /// What the pattern is worth.
    pub(super) worth: f64,
    /// Nodes of the search, and things that were looked at once each.
    pub(super) effort: u64,
}

/// A thing on its way through the search.
#[derive(Debug, Clone, Copy)]
struct Slot<const D: usize> {
    id: u32,
    size: [f64; D],
    count: u32,
    /// What taking one gains beyond the price of its size.
    gain: f64,
    /// Worth for the price of its size.
    density: f64,
    /// What is lost without this and all later slots.
    forgone: f64,
}

struct Search<'a, const D: usize> {
    slots: Vec<Slot<D>>,
    prices: [f64; D],
    fills: [Option<Fills<'a>>; D],
    taken: Vec<u32>,
    best: f64,
    best_taken: Vec<u32>,
    nodes: u64,
    /// Slots looked at, and numbers of each.
    looked: u64,
    limit: u64,
}

/// Looks for loads. Its memory is kept from one to the next: tables of megabytes that come and go cost
/// more than what is written into them.
#[derive(Debug)]
pub(super) struct Knapsack<const D: usize> {
    tables: [Vec<f64>; D],
    /// Whether searches are so short that tables take longer than they save, and most find nothing.
    pub(super) short: bool,
    /// Prices of the last short searches, and how many there were.
    earlier: [[f64; D]; EARLIER],
    searched: usize,
    /// For `Worth::best_load`.
    pub(super) rows: Vec<Row>,
}

impl<const D: usize> Knapsack<D> {
    pub(super) const fn new() -> Self {
        Self {
            tables: [const { Vec::new() }; D],
            short: false,
            earlier: [[0.0; D]; EARLIER],
            searched: 0,
            rows: Vec::new(),
        }
    }

    /// Looks for the load worth most, more than `floor`, for at most `nodes` nodes.
    ///
    /// With prices `w ≥ 0` of the resources a load `x` is worth
    /// `w · capacity + Σ count · max(0, gain)` less what it loses against that: `|gain|` for each thing that
    /// gains and is left out or costs and is taken, and `w` for the room that stays empty. The prices of
    /// the linear relaxation make the first sum least; the search gives up on what loses too much. Where
    /// most searches find nothing, those of earlier ones say so as well.
    pub(super) fn best_load(
        &mut self,
        things: &[Thing<D>],
        capacity: &[f64; D],
        floor: f64,
        nodes: u64,
    ) -> Best {
        let ideal = |prices: &[f64; D]| {
            let gains = things.iter().map(|thing| thing.count * gain(thing, prices).max(0.0));
            dot(prices, capacity) + gains.sum::<f64>()
        };
        let nothing = |ideal: f64, effort: u64| Best {
            most: ideal * ROUNDED,
            complete: true,
            pattern: Vec::new(),
            others: Vec::new(),
            worth: 0.0,
            effort,
        };
        let many = things.len() as u64;
        let mut looked = 10 * many + 40;
        if self.short {
            for earlier in &self.earlier[..self.searched.min(EARLIER)] {
                looked += BOUND * many;
                let ideal = ideal(earlier);
                if ideal * ROUNDED <= floor {
                    return nothing(ideal, looked);
                }
            }
        }
        let (prices, relaxed) = prices(things, capacity);
        looked += relaxed;
        let ideal = ideal(&prices);
        if ideal * ROUNDED <= floor {
            return nothing(ideal, looked);
        }
        if self.short {
            self.earlier[self.searched % EARLIER] = prices;
            self.searched += 1;
        }
        let mut slots: Vec<Slot<D>> = things
            .iter()
            .map(|thing| Slot {
                id: thing.id,
                size: thing.size,
                count: thing.count as u32,
                gain: gain(thing, &prices),
                density: thing.worth / dot(&thing.size, &prices).max(f64::MIN_POSITIVE),
                forgone: gain(thing, &prices).max(0.0) * thing.count,
            })
            .collect();
        // Most worth for the price of its size first: what follows can fill the room no better.
        slots.sort_by(|one, other| {
            other.density.total_cmp(&one.density).then(one.id.cmp(&other.id))
        });
        for at in (1..slots.len()).rev() {
            slots[at - 1].forgone += slots[at].forgone;
        }
        let parts = |at: usize| {
            let part =
                |slot: &Slot<D>| Part { size: slot.size[at], count: slot.count, gain: slot.gain };
            slots.iter().map(part).collect::<Vec<Part>>()
        };
        let mut tables = self.tables.iter_mut().filter(|_| !self.short);
        let fills: [Option<Fills<'_>>; D] = std::array::from_fn(|at| {
            Fills::new(tables.next()?, &parts(at), capacity[at], prices[at], nodes * FILLS)
        });
        let mut search = Search {
            taken: vec![0; slots.len()],
            slots,
            prices,
            fills,
            best: ideal - floor,
            best_taken: Vec::new(),
            nodes: 0,
            looked: 0,
            limit: nodes,
        };
        let lost = search.lost(0, capacity);
        search.descend(0, *capacity, 0.0);
        let lost = if search.nodes < nodes { search.best } else { lost.min(search.best) };
        let work: u64 = search.fills.iter().flatten().map(|fills| fills.work).sum();
        let taken = search.best_taken.iter().zip(&search.slots).filter(|(taken, _)| **taken > 0);
        Best {
            most: (ideal - lost) * ROUNDED,
            complete: search.nodes < nodes,
            worth: ideal - search.best,
            pattern: taken.map(|(taken, slot)| (slot.id, *taken)).collect(),
            others: Vec::new(),
            effort: looked
                + work
                + search.nodes
                + LOOK * search.looked
                + SLOT * search.slots.len() as u64,
        }
    }
}

impl<const D: usize> Search<'_, D> {
    /// What slots from `from` on lose at least in so much room.
    fn lost(&self, from: usize, free: &[f64; D]) -> f64 {
        let known =
            self.fills.iter().zip(free).filter_map(|(fills, free)| Some((fills.as_ref()?, free)));
        known.map(|(fills, free)| fills.least(from, *free)).fold(0.0, f64::max)
    }

    /// Chooses what to take of slot `from` and all later ones. `best` is the least loss so far.
    fn descend(&mut self, from: usize, free: [f64; D], loss: f64) {
        self.nodes += 1;
        let room = dot(&self.prices, &free);
        let forgone = self.slots.get(from).map_or(0.0, |slot| slot.forgone);
        if loss + room + forgone < self.best {
            self.best = loss + room + forgone;
            self.best_taken.clone_from(&self.taken);
        }
        let mut loss = loss;
        for at in from..self.slots.len() {
            self.looked += 1;
            let slot = &self.slots[at];
            if loss + room * (1.0 - slot.density).max(0.0) >= self.best
                || loss + self.lost(at, &free) >= self.best
                || self.nodes >= self.limit
            {
                return;
            }
            let most = most_in(&slot.size, f64::from(slot.count), &free) as u32;
            if most == 0 {
                loss += slot.gain.max(0.0) * f64::from(slot.count);
                continue;
            }
            let slot = *slot;
            self.looked += u64::from(most);
            for count in (1..=most).rev() {
                let off = if slot.gain > 0.0 { slot.count - count } else { count };
                let loss = loss + slot.gain.abs() * f64::from(off);
                if loss >= self.best {
                    continue;
                }
                let mut left = free;
                for (left, size) in left.iter_mut().zip(&slot.size) {
                    *left -= size * f64::from(count);
                }
                self.taken[at] = count;
                self.descend(at + 1, left, loss);
            }
            self.taken[at] = 0;
            loss += slot.gain.max(0.0) * f64::from(slot.count);
        }
    }
}
