//! The best pattern for one bin where the room beside it is worth the least of several prices: a bounded knapsack by
//! branch and bound.

use super::knapsack::Best;
use super::lean::{PIECES, Worth};
use super::relaxed::{Thing, dot, gain};

/// Steps that a resource is cut into for what items gain at most in room. A power of two, so that they are exact.
const STEPS: usize = 64;
/// Numbers of a table that are made within a check.
const NUMBERS: usize = 5;
/// Checks that looking at one of the prices is like.
const LOOK: u64 = 3;
/// Loads above the floor that are kept at most, beside the best.
const OTHERS: usize = 24;

impl<const D: usize> Worth<D> {
    /// The load that is worth most with the room beside it, more than `floor`, by branch and bound of at most so
    /// many nodes. `tables` is memory to use, whatever is in it.
    ///
    /// What a load is worth is no more at any of the prices, where each item gains what it is worth beyond its size
    /// if that is more than nothing. What items gain at most within room for them is looked up, by resource.
    pub(super) fn best_load(
        &self,
        tables: &mut Vec<Row>,
        things: &[Thing<D>],
        capacity: &[f64; D],
        floor: f64,
        nodes: u64,
    ) -> Best {
        let gains = |thing: &Thing<D>| self.0.iter().any(|prices| gain(thing, prices) > 0.0);
        let mut slots: Vec<Thing<D>> = things.iter().copied().filter(gains).collect();
        // Large ones first: they decide what room is left.
        let large = |thing: &Thing<D>| -> f64 {
            thing.size.iter().zip(capacity).map(|(size, room)| size / room.max(1.0)).sum()
        };
        slots.sort_by(|one, other| large(other).total_cmp(&large(one)).then(one.id.cmp(&other.id)));
        // What is worth the least alone mostly says soonest that nothing is worth more than the floor.
        let mut worth = self.clone();
        worth.0.sort_by(|one, other| dot(one, capacity).total_cmp(&dot(other, capacity)));
        let pieces = &worth.0;
        let priced = |at: &usize| pieces.iter().any(|prices| prices[*at] > 0.0);
        let resources: Vec<usize> = (0..D).filter(priced).collect();
        let rows = slots.len() + 1;
        let all = pieces.len() * resources.len() * rows;
        tables.resize(tables.len().max(all), [0.0; STEPS + 1]);
        let step = capacity.map(|room| (room / STEPS as f64).max(f64::MIN_POSITIVE));
        let taken = vec![0; slots.len()];
        let mut search = Search {
            worth: &worth,
            resources: &resources,
            slots: &slots,
            tables: &[],
            step,
            taken,
            floor,
            best: floor,
            best_taken: Vec::new(),
            others: Vec::new(),
            nodes: 0,
            looked: 0,
            skipped: 0,
            limit: nodes,
            last: 0,
        };
        let mut effort = 40 + 10 * things.len() as u64;
        let mut most = f64::INFINITY;
        let each = tables[..all].chunks_exact_mut(resources.len().max(1) * rows);
        for (prices, table) in pieces.iter().zip(each) {
            for (at, table) in resources.iter().zip(table.chunks_exact_mut(rows)) {
                let made = fill(table, &slots, *at, step[*at], prices);
                effort += (made * STEPS / NUMBERS) as u64;
            }
            let gains = table.iter().step_by(rows).map(|row| row[STEPS]);
            most = most.min(dot(prices, capacity) + gains.fold(f64::INFINITY, f64::min));
            if most <= floor {
                break;
            }
        }
        if most > floor {
            search.tables = &*tables;
            search.descend(0, *capacity, 0.0);
            effort += search.nodes + search.skipped + LOOK * search.looked;
        }
        let complete = search.nodes < nodes;
        if complete {
            most = most.min(search.best);
        }
        let load = |taken: &Vec<u32>| {
            let taken = taken.iter().zip(&slots).filter(|(taken, _)| **taken > 0);
            taken.map(|(taken, thing)| (thing.id, *taken)).collect::<Vec<_>>()
        };
        Best {
            most: most * (1.0 + 1e-9),
            complete,
            worth: if search.best > floor { search.best } else { 0.0 },
            pattern: load(&search.best_taken),
            others: search.others.iter().map(load).collect(),
            effort,
        }
    }
}

/// What things from one on gain at most, by steps of room for them in one resource.
pub(super) type Row = [f64; STEPS + 1];

/// Makes a row for each thing, and one for none. Returns how many rows' worth of work that took.
fn fill<const D: usize>(
    table: &mut [Row],
    things: &[Thing<D>],
    at: usize,
    step: f64,
    prices: &[f64; D],
) -> usize {
    let mut made = things.len();
    table[things.len()] = [0.0; STEPS + 1];
    for (number, thing) in things.iter().enumerate().rev() {
        let (before, after) = table.split_at_mut(number + 1);
        let row = &mut before[number];
        *row = after[0];
        let gain = gain(thing, prices);
        if gain <= 0.0 {
            continue;
        }
        // Sizes are rounded down, and so is room: what fits, fits still.
        let steps = (thing.size[at] / step) as usize;
        if steps == 0 {
            for most in row.iter_mut() {
                *most += gain * thing.count;
            }
            continue;
        }
        let most = (thing.count as usize).min(STEPS / steps);
        made += most;
        for count in 1..=most {
            let more = gain * count as f64;
            for (most, rest) in row[count * steps..].iter_mut().zip(&after[0]) {
                let with = rest + more;
                *most = if with > *most { with } else { *most };
            }
        }
    }
    made
}

struct Search<'a, const D: usize> {
    worth: &'a Worth<D>,
    /// Resources that have tables.
    resources: &'a [usize],
    slots: &'a [Thing<D>],
    /// By piece, resource and slot.
    tables: &'a [Row],
    step: [f64; D],
    taken: Vec<u32>,
    floor: f64,
    best: f64,
    best_taken: Vec<u32>,
    others: Vec<Vec<u32>>,
    nodes: u64,
    /// Prices looked at for what is worth the most, and things that did not fit.
    looked: u64,
    skipped: u64,
    limit: u64,
    /// Prices that said last that nothing is worth more.
    last: usize,
}

impl<const D: usize> Search<'_, D> {
    /// What the bound of each of the prices needs to know of room.
    fn looks(&self, free: &[f64; D]) -> ([f64; PIECES], [usize; D]) {
        let mut alone = [f64::INFINITY; PIECES];
        for (alone, prices) in alone.iter_mut().zip(&self.worth.0) {
            *alone = dot(prices, free);
        }
        let cell = |at: usize| ((free[at] / self.step[at]) as usize).min(STEPS);
        (alone, std::array::from_fn(cell))
    }

    /// What slots from `from` on and the room beside them are worth at most at one of the prices.
    fn most_at(&self, piece: usize, alone: f64, cells: &[usize; D], from: usize) -> f64 {
        let rows = self.slots.len() + 1;
        let first = piece * self.resources.len() * rows + from;
        let tables = (first..).step_by(rows).zip(self.resources);
        let gains = tables.map(|(row, at)| self.tables[row][cells[*at]]);
        alone + gains.fold(f64::INFINITY, f64::min)
    }

    /// Whether they are worth no more than that. What said so last mostly does again.
    fn is_at_most(
        &mut self,
        most: f64,
        from: usize,
        alone: &[f64; PIECES],
        cells: &[usize; D],
    ) -> bool {
        self.looked += 1;
        if self.most_at(self.last, alone[self.last], cells, from) <= most {
            return true;
        }
        for (piece, alone) in alone.iter().enumerate().take(self.worth.0.len()) {
            self.looked += 1;
            if self.most_at(piece, *alone, cells, from) <= most {
                self.last = piece;
                return true;
            }
        }
        false
    }

    /// Chooses what to take of slot `from` and all later ones.
    fn descend(&mut self, from: usize, free: [f64; D], worth: f64) {
        self.nodes += 1;
        let (alone, cells) = self.looks(&free);
        let least = worth + alone.iter().copied().fold(f64::INFINITY, f64::min);
        if least > self.floor && self.others.len() < OTHERS {
            self.others.push(self.taken.clone());
        }
        if least > self.best {
            self.best = least;
            self.best_taken.clone_from(&self.taken);
        }
        for at in from..self.slots.len() {
            let thing = self.slots[at];
            let most = thing.most_in(&free) as u32;
            if most == 0 {
                self.skipped += 1;
                continue;
            }
            if self.nodes >= self.limit || self.is_at_most(self.best - worth, at, &alone, &cells) {
                return;
            }
            for count in (1..=most).rev() {
                let left = std::array::from_fn(|at| free[at] - thing.size[at] * f64::from(count));
                self.taken[at] = count;
                self.descend(at + 1, left, worth + thing.worth * f64::from(count));
            }
            self.taken[at] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lean::Lean;
    use super::super::random::Random;
    use super::*;

    /// The most that a load is worth with the room beside it, of all loads.
    fn exhaustive(worth: &Worth<2>, things: &[Thing<2>], free: [f64; 2]) -> f64 {
        let Some((first, rest)) = things.split_first() else { return worth.of(&free) };
        let most = first.most_in(&free) as u32;
        let with = |count: u32| {
            let count = f64::from(count);
            let left = std::array::from_fn(|at| free[at] - count * first.size[at]);
            count * first.worth + exhaustive(worth, rest, left)
        };
        (0..=most).map(with).fold(f64::NEG_INFINITY, f64::max)
    }

    #[test]
    fn the_best_load_beside_sand_is_found_and_bounded() {
        let (mut tables, mut beside, mut others) = (Vec::new(), 0, 0);
        for seed in 0..500 {
            let mut random = Random::new(seed);
            let mut roll = |sides: usize| (1 + random.below(sides)) as f64;
            let leans = [0.3, 1.0, 2.5].map(|ratio| Lean { at: 1, ratio, needs: 0.0 });
            let prices: [f64; 3] = std::array::from_fn(|_| roll(30) - 10.0);
            let worth = Worth::new([roll(10), roll(10)], &leans, &prices);
            let things: Vec<Thing<2>> = (0..6)
                .map(|id| {
                    let size = [roll(60), roll(60)];
                    let value = worth.of(&size) * (0.9 + roll(30) / 100.0);
                    Thing { id, size, worth: value, count: roll(2) }
                })
                .collect();
            let room = [100.0, 40.0 + roll(120)];
            let most = exhaustive(&worth, &things, room);
            let found = worth.best_load(&mut tables, &things, &room, 0.0, 100_000);
            assert!(found.complete, "seed {seed}");
            assert!((found.worth - most).abs() < most * 1e-9, "seed {seed}: {found:?}, not {most}");
            assert!(found.most >= most && found.most < most * (1.0 + 1e-8), "seed {seed}");
            beside += u32::from(!worth.is_linear() && !found.pattern.is_empty());
            // What is given up on is bounded too, and a floor is not gone below.
            let few = worth.best_load(&mut tables, &things, &room, 0.0, 2);
            assert!(few.most >= most, "seed {seed}: {few:?} is below {most}");
            // Others that it came by are nearly worth as much.
            let floor = most * 0.9;
            let near = worth.best_load(&mut tables, &things, &room, floor, 100_000);
            for load in &near.others {
                let taken =
                    load.iter().map(|(id, count)| (things[*id as usize], f64::from(*count)));
                let (left, value) = taken.fold((room, 0.0), |(left, value), (thing, count)| {
                    let left = std::array::from_fn(|at| left[at] - count * thing.size[at]);
                    (left, value + count * thing.worth)
                });
                assert!(left.iter().all(|left| *left >= 0.0), "seed {seed}: {load:?} does not fit");
                assert!(value + worth.of(&left) > floor, "seed {seed}: {load:?} is worth little");
                others += usize::from(*load != near.pattern);
            }
            let high = worth.best_load(&mut tables, &things, &room, most * 1.01, 100_000);
            assert!(high.pattern.is_empty() && high.most <= most * 1.02, "seed {seed}: {high:?}");
        }
        assert!(others > 1000, "only {others} others are kept");
        assert!(beside > 300, "only {beside} loads have sand beside them that prices differ for");
    }
}
