//! Local search: take a few bins, fill them anew one by one
//! with the best loads of their items, and keep what costs less, or the same with the room that stays
//! empty more in one place. Concentrated room is what lets a bin become smaller or go.

use super::duals::worth;
use super::emptiness::Emptiness;
use super::greedy::Guide;
use super::knapsack::Knapsack;
use super::random::Random;
use super::relaxed::Thing;
use super::state::{Bin, Place, State};

/// Nodes of the search for one load, beside one for each thing.
const NODES: u64 = 80;
/// Loads tried for one bin, and kinds for one load, where limits may forbid them.
const LOADS: usize = 3;
const TRIES: usize = 3;

/// Classes of which items are swapped, from each of two bins.
const SOME: usize = 10;

/// Works on all bins, until `until` checks or a cost of `bound`. What is out of its bin meanwhile is what
/// remains of the state.
pub(super) struct Repack<'s, 'p, const D: usize> {
    state: &'s mut State<'p, D>,
    guide: &'s Guide<D>,
    /// Bins there were: they come first, and cost nothing.
    first: usize,
    emptiness: Emptiness<D>,
    dearest: f64,
    /// Kinds by price.
    cheapest: Vec<u32>,
    /// Of how many steps one takes bins apart as a whole.
    rarely: usize,
    things: Vec<Thing<D>>,
    knapsack: Knapsack<D>,
}

impl<'s, 'p, const D: usize> Repack<'s, 'p, D> {
    pub(super) fn new(state: &'s mut State<'p, D>, guide: &'s Guide<D>) -> Self {
        let problem = state.problem;
        let dearest = problem.kinds.iter().map(|kind| kind.price).max().unwrap_or(1) as f64;
        let first = problem.opened.len();
        let emptiness = Emptiness::new(problem, guide, dearest);
        let items: u32 =
            state.bins[first..].iter().flat_map(|bin| &bin.load).map(|load| load.1).sum();
        let rarely = 2 + items as usize / (state.bins.len() - first).max(1) / 16;
        let mut cheapest: Vec<u32> = (0..problem.kinds.len() as u32).collect();
        cheapest.sort_by_key(|kind| (problem.kinds[*kind as usize].price, *kind));
        Self {
            state,
            guide,
            first,
            emptiness,
            dearest,
            cheapest,
            rarely,
            things: Vec::new(),
            knapsack: Knapsack::new(),
        }
    }

    pub(super) fn run(&mut self, until: u64, bound: f64, random: &mut Random) {
        // What found no place before stays out.
        let none = vec![0; self.state.remaining.len()];
        let left = std::mem::replace(&mut self.state.remaining, none);
        let mut cost = self.state.cost();
        while self.state.checks < until && cost as f64 > bound && self.many() > 0 {
            self.state.checks += 500;
            cost -= match random.below(self.rarely) {
                0 => self.step(random),
                _ => self.exchange(random),
            };
        }
        self.state.remaining = left;
    }

    /// How many bins there are that cost something.
    fn many(&self) -> usize {
        self.state.bins.len() - self.first
    }

    /// Takes some bins apart and fills bins anew. Returns what that saves.
    fn step(&mut self, random: &mut Random) -> u64 {
        let many = [2, 2, 2, 3, 3, 4, 5, 6][random.below(8)].min(self.many());
        let mut ruined = Vec::with_capacity(many);
        let dear = random.below(4) == 0;
        for turn in 0..many {
            let at = match turn {
                _ if dear => self.dear_bin(random),
                0 => self.empty_bin(random),
                _ => self.first + random.below(self.many()),
            };
            ruined.push(self.state.bins.swap_remove(at));
        }
        self.take_apart(&ruined, random);
        let paid = self.paid(&ruined);
        let before = self.emptiness.concentration(&ruined);
        let mut made = Vec::with_capacity(many + 1);
        if self.fill(&mut made, &ruined, paid, random) {
            let cost = self.paid(&made);
            if cost < paid || self.emptiness.concentration(&made) >= before * (1.0 - 1e-9) {
                self.state.bins.extend(made);
                return paid - cost;
            }
        }
        self.undo(&made, &ruined);
        self.state.bins.extend(ruined);
        0
    }

    /// Swaps some items between two bins so that one is as full as can be. Returns what that saves, as
    /// the other may do with a cheaper kind, or be empty.
    fn exchange(&mut self, random: &mut Random) -> u64 {
        if self.state.bins.len() < 2 {
            return self.step(random);
        }
        let from = self.empty_bin(random);
        let mut to = random.below(self.state.bins.len() - 1);
        to += usize::from(to >= from);
        let paid = self.paid([from, to].map(|at| &self.state.bins[at]));
        let before = self.emptiness.concentration([from, to].map(|at| &self.state.bins[at]));
        let [mut giver, mut taker] = [from, to].map(|at| self.state.bins[at].clone());
        self.things.clear();
        self.take_some(&mut giver, random);
        self.take_some(&mut taker, random);
        self.top_up(&mut taker);
        if self.put_rest(&mut giver) {
            giver = self.in_cheapest(giver);
            let cost = self.paid([&giver, &taker]);
            let denser = || self.emptiness.concentration([&giver, &taker]) >= before * (1.0 - 1e-9);
            if cost < paid || cost == paid && denser() {
                self.state.bins[from] = giver;
                self.state.bins[to] = taker;
                for at in [from.max(to), from.min(to)] {
                    if at >= self.first && self.state.bins[at].load.is_empty() {
                        self.state.bins.swap_remove(at);
                    }
                }
                return paid - cost;
            }
        }
        let bins = std::mem::take(&mut self.state.bins);
        self.undo([&giver, &taker], [from, to].map(|at| &bins[at]));
        self.state.bins = bins;
        0
    }

    /// Makes what is set aside and taken back what it was before.
    fn undo<'b>(
        &mut self,
        made: impl IntoIterator<Item = &'b Bin<D>>,
        old: impl IntoIterator<Item = &'b Bin<D>>,
    ) {
        for bin in made {
            self.state.release(bin);
        }
        for bin in old {
            self.state.claim(bin);
        }
    }

    /// Takes up to a few items out of a bin.
    fn take_some(&mut self, bin: &mut Bin<D>, random: &mut Random) {
        let from = random.below(bin.load.len());
        let many = bin.load.len();
        for turn in 0..many.min(SOME) {
            let at = (from + turn * (1 + many / SOME)) % many;
            let (item, count) = bin.load[at];
            let taken = count.min(SOME as u32);
            if taken == 0 {
                continue;
            }
            if self.state.remaining[item as usize] == 0 {
                let size = self.state.problem.items[item as usize].size.map(f64::from);
                let worth = self.guide.worth[item as usize] * (1.0 - 0.02 * random.unit());
                self.things.push(Thing { id: item, size, worth, count: 0.0 });
            }
            self.state.take(bin, at, taken);
        }
        bin.load.retain(|load| load.1 > 0);
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

    /// Puts the best load of what remains into a bin, and another one where not all of it may be in one.
    fn top_up(&mut self, bin: &mut Bin<D>) {
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

    /// Puts all that remains into a bin, or some, and returns whether it fits.
    fn put_rest(&mut self, bin: &mut Bin<D>) -> bool {
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

    /// The same load in a bin of the cheapest kind that takes it, no dearer than this.
    fn in_cheapest(&mut self, bin: Bin<D>) -> Bin<D> {
        let Place::New(own) = bin.kind else { return bin };
        let (problem, old) = (self.state.problem, &self.state.problem.kinds[own as usize]);
        let used: [u32; D] = std::array::from_fn(|at| old.capacity[at] - bin.free[at]);
        let sites = |load: &(u32, u32)| &problem.items[load.0 as usize].sites;
        let mut tries = 0;
        for at in 0..self.cheapest.len() {
            let kind = &problem.kinds[self.cheapest[at] as usize];
            self.state.checks += 2;
            if kind.price >= old.price || tries == TRIES {
                break;
            }
            if used.iter().zip(&kind.capacity).any(|(used, room)| used > room)
                || !bin.load.iter().all(|load| sites(load).contains(kind.site))
            {
                continue;
            }
            tries += 1;
            let mut other = self.state.fresh(self.cheapest[at]);
            self.state.release(&bin);
            if self.put_all(&mut other, &bin.load) {
                return other;
            }
            self.undo([&other], [&bin]);
        }
        bin
    }

    fn paid<'b>(&self, bins: impl IntoIterator<Item = &'b Bin<D>>) -> u64 {
        let used = bins.into_iter().filter(|bin| !bin.load.is_empty());
        used.map(|bin| self.state.price(bin.kind)).sum()
    }

    /// The one that costs something with most room of three.
    fn empty_bin(&self, random: &mut Random) -> usize {
        let empty = |at: usize| self.emptiness.of(&self.state.bins[at]);
        let few = (0..3).map(|_| self.first + random.below(self.many()));
        few.max_by(|one, other| empty(*one).total_cmp(&empty(*other))).unwrap_or(self.first)
    }

    /// Any, more often the more it costs.
    fn dear_bin(&self, random: &mut Random) -> usize {
        let bins = self.many();
        let mut at = self.first + random.below(bins);
        for _ in 0..16 {
            if self.state.price(self.state.bins[at].kind) as f64 >= random.unit() * self.dearest {
                break;
            }
            at = self.first + random.below(bins);
        }
        at
    }

    fn take_apart(&mut self, ruined: &[Bin<D>], random: &mut Random) {
        self.things.clear();
        let noise = [0.0, 0.02, 0.1, 0.3][random.below(4)];
        let balance = [0.0, 0.0, 0.1, 0.3][random.below(4)];
        for bin in ruined {
            for (item, _) in &bin.load {
                if !self.things.iter().any(|thing| thing.id == *item) {
                    let about = &self.state.problem.items[*item as usize];
                    let worth = self.guide.worth[*item as usize] * (1.0 - noise * random.unit())
                        + balance * worth(&about.size, &self.guide.prices.balanced);
                    let size = about.size.map(f64::from);
                    self.things.push(Thing { id: *item, size, worth, count: 0.0 });
                }
            }
            self.state.release(bin);
        }
    }

    /// Puts all that remains into new bins for no more than `paid`, and returns whether that can be done.
    fn fill(
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
        let problem = self.state.problem;
        let mut sum = [0_u64; D];
        let mut load = Vec::with_capacity(self.things.len());
        for thing in &self.things {
            let count = self.state.remaining[thing.id as usize];
            if count > 0 {
                load.push((thing.id, count));
                for (sum, size) in sum.iter_mut().zip(&problem.items[thing.id as usize].size) {
                    *sum += u64::from(*size) * u64::from(count);
                }
            }
        }
        let mut tries = 0;
        for at in 0..self.cheapest.len() {
            let kind = &problem.kinds[self.cheapest[at] as usize];
            if kind.price > left || tries == TRIES {
                break;
            }
            let sites = |load: &(u32, u32)| &problem.items[load.0 as usize].sites;
            if sum.iter().zip(&kind.capacity).any(|(sum, room)| *sum > u64::from(*room))
                || !load.iter().all(|load| sites(load).contains(kind.site))
            {
                continue;
            }
            tries += 1;
            let mut bin = self.state.fresh(self.cheapest[at]);
            if self.put_all(&mut bin, &load) {
                return Some(bin);
            }
            self.state.release(&bin);
        }
        None
    }
}
