//! How the local search fills bins anew with what it took out of others.

use super::random::Random;
use super::relaxed::Thing;
use super::repack::Repack;
use super::state::{Bin, Place};

/// Nodes of the search for one load, beside one for each thing.
const NODES: u64 = 80;
/// Loads tried for one bin, and kinds for one load, where limits may forbid them.
const LOADS: usize = 3;
const TRIES: usize = 3;

impl<const D: usize> Repack<'_, '_, D> {
    /// Puts all that remains into new bins for no more than `paid`, and returns whether that can be done.
    pub(super) fn fill(
        &mut self,
        made: &mut Vec<Bin<D>>,
        ruined: &[Bin<D>],
        paid: u64,
        random: &mut Random,
    ) -> bool {
        let kinds = self.kinds(ruined, random);
        let mut left = paid;
        while self.things.iter().any(|thing| self.state.remaining[thing.id as usize] > 0) {
            let last = self.all_in_one(left);
            let Some(bin) = last.or_else(|| self.best_of(&kinds, left)) else { return false };
            left -= self.state.price(bin.kind);
            made.push(bin);
        }
        true
    }

    /// The bin of these kinds that holds the most for its price, if that leaves money for another.
    fn best_of(&mut self, kinds: &[u32], left: u64) -> Option<Bin<D>> {
        let (mut ratio, mut best) = (0.0, None);
        let mut things = Vec::with_capacity(self.things.len());
        for &at in kinds {
            let kind = &self.state.problem.kinds[at as usize];
            if kind.price >= left {
                continue;
            }
            let bin = self.state.fresh(at);
            self.fitting(&bin, &mut things);
            let price = kind.price as f64;
            let nodes = NODES + things.len() as u64;
            let capacity = kind.capacity.map(f64::from);
            let found = self.knapsack.best_load(&things, &capacity, ratio * price, nodes);
            self.state.checks += found.effort + 6 * self.things.len() as u64;
            if !found.pattern.is_empty() {
                ratio = found.worth / price;
                best = Some((bin, found.pattern));
            }
        }
        let (mut bin, load) = best?;
        if !self.put_all(&mut bin, &load) {
            self.top_up(&mut bin);
        }
        Some(bin)
    }

    /// Kinds to fill: those of the bins taken apart, and at times others.
    fn kinds(&self, ruined: &[Bin<D>], random: &mut Random) -> Vec<u32> {
        let mut kinds: Vec<u32> = Vec::with_capacity(8);
        for bin in ruined {
            if let Place::New(kind) = bin.kind
                && !kinds.contains(&kind)
            {
                kinds.push(kind);
            }
        }
        if random.below(4) == 0 {
            for look in 0..4 {
                let end = if look < 2 { 6 } else { usize::MAX };
                let kind = self.guide.kinds[random.below(self.guide.kinds.len().min(end))];
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        kinds
    }

    /// All that is left in the cheapest bin that takes it, no dearer than `left`.
    fn all_in_one(&mut self, left: u64) -> Option<Bin<D>> {
        let mut sum = [0_u64; D];
        let mut load = Vec::with_capacity(self.things.len());
        for thing in &self.things {
            let count = self.state.remaining[thing.id as usize];
            if count > 0 {
                load.push((thing.id, count));
                for (sum, size) in sum.iter_mut().zip(&thing.size) {
                    *sum += *size as u64 * u64::from(count);
                }
            }
        }
        self.cheapest_with(&load, &sum, left + 1)
    }

    /// The same load in a bin of the cheapest kind that takes it, no dearer than this.
    pub(super) fn in_cheapest(&mut self, bin: Bin<D>) -> Bin<D> {
        let Place::New(own) = bin.kind else { return bin };
        let kind = &self.state.problem.kinds[own as usize];
        let used = std::array::from_fn(|at| u64::from(kind.capacity[at] - bin.free[at]));
        self.state.release(&bin);
        self.cheapest_with(&bin.load, &used, kind.price).unwrap_or_else(|| {
            self.state.claim(&bin);
            bin
        })
    }

    /// A load of what remains in a new bin of the cheapest kind that takes it, cheaper than `price`. `used` is what
    /// it takes.
    fn cheapest_with(
        &mut self,
        load: &[(u32, u32)],
        used: &[u64; D],
        price: u64,
    ) -> Option<Bin<D>> {
        let problem = self.state.problem;
        let mut tries = 0;
        for at in 0..self.cheapest.len() {
            let kind = &problem.kinds[self.cheapest[at] as usize];
            if kind.price >= price || tries == TRIES {
                break;
            }
            self.state.checks += 2;
            let sites =
                |load: &(u32, u32)| problem.items[load.0 as usize].sites.contains(kind.site);
            if used.iter().zip(&kind.capacity).any(|(used, room)| *used > u64::from(*room))
                || !load.iter().all(sites)
            {
                continue;
            }
            tries += 1;
            let mut bin = self.state.fresh(self.cheapest[at]);
            if self.put_all(&mut bin, load) {
                return Some(bin);
            }
            self.state.release(&bin);
        }
        None
    }

    /// Puts the best load of what remains into a bin, and another one where not all of it may be in one.
    pub(super) fn top_up(&mut self, bin: &mut Bin<D>) {
        let mut things = Vec::with_capacity(self.things.len());
        for _ in 0..LOADS {
            self.fitting(bin, &mut things);
            let nodes = NODES + things.len() as u64;
            let found = self.knapsack.best_load(&things, &bin.free.map(f64::from), 0.0, nodes);
            self.state.checks += found.effort + 8 * self.things.len() as u64;
            if found.pattern.is_empty() || self.put_all(bin, &found.pattern) {
                return;
            }
        }
    }

    /// What remains that fits into a bin.
    fn fitting(&mut self, bin: &Bin<D>, things: &mut Vec<Thing<D>>) {
        things.clear();
        for thing in &self.things {
            let left = self.state.remaining[thing.id as usize];
            let room = if left > 0 { self.state.room(bin, thing.id, left) } else { 0 };
            if room > 0 {
                things.push(Thing { count: f64::from(room), ..*thing });
            }
        }
    }

    /// Puts all that remains into a bin, or some, and returns whether it fits.
    pub(super) fn put_rest(&mut self, bin: &mut Bin<D>) -> bool {
        for at in 0..self.things.len() {
            let item = self.things[at].id;
            let count = self.state.remaining[item as usize];
            if count == 0 {
                continue;
            }
            if self.state.room(bin, item, count) < count {
                return false;
            }
            self.state.put(bin, item, count);
        }
        true
    }

    /// Puts a load into a bin as far as limits allow it. Returns whether that is all of it.
    fn put_all(&mut self, bin: &mut Bin<D>, load: &[(u32, u32)]) -> bool {
        let mut all = true;
        for &(item, count) in load {
            let room = self.state.room(bin, item, count);
            if room > 0 {
                self.state.put(bin, item, room);
            }
            all &= room == count;
        }
        all
    }
}
