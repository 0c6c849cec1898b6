//! Local search for problems without limits across bins: take a few bins, fill them anew one by one
//! with the best loads of their items, and keep what costs less, or the same with the room that stays
//! empty more in one place. Concentrated room is what lets a bin become smaller or go.

use super::duals::{all_sizes, worth};
use super::greedy::{BALANCE, Guide};
use super::knapsack::Knapsack;
use super::random::Random;
use super::relaxed::{Thing, dot};
use super::state::{Bin, Place, State};

/// Nodes of the search for one load, beside one for each thing.
const NODES: u64 = 80;

/// Classes of which items are swapped, from each of two bins.
const SOME: usize = 10;
/// How much less room is worth of which the scarcest resource leaves some for nothing.
const USABLE: f64 = 0.8;

/// Works on bins that can be filled in any way, until `until` checks or a cost of `bound`.
pub(super) struct Repack<'s, 'p, const D: usize> {
    state: &'s mut State<'p, D>,
    guide: &'s Guide<D>,
    /// Prices of the resources over the dearest kind's price, so that room is a share of a bin.
    prices: [f64; D],
    /// What a unit of each resource is worth together with as much of the others as all items take.
    mix: [f64; D],
    dearest: f64,
    /// Of how many steps one takes bins apart as a whole.
    rarely: usize,
    /// By class: how many are out of their bins.
    pool: Vec<u32>,
    things: Vec<Thing<D>>,
    knapsack: Knapsack<D>,
}

impl<'s, 'p, const D: usize> Repack<'s, 'p, D> {
    pub(super) fn new(state: &'s mut State<'p, D>, guide: &'s Guide<D>) -> Self {
        let dearest = state.problem.kinds.iter().map(|kind| kind.price).max().unwrap_or(1) as f64;
        let pool = vec![0; state.problem.items.len()];
        let prices = guide.prices.blend(BALANCE).map(|price| price / dearest);
        let items: u32 = state.bins.iter().flat_map(|bin| &bin.load).map(|load| load.1).sum();
        let rarely = 2 + items as usize / state.bins.len().max(1) / 16;
        let sum = all_sizes(&state.problem.items);
        let worth = dot(&sum, &prices);
        let mix = sum.map(|sum| worth / sum.max(1.0));
        Self {
            state,
            guide,
            prices,
            mix,
            dearest,
            rarely,
            pool,
            things: Vec::new(),
            knapsack: Knapsack::new(),
        }
    }

    pub(super) fn run(&mut self, until: u64, bound: f64, random: &mut Random) {
        let mut cost = self.state.cost();
        while self.state.checks < until && cost as f64 > bound && !self.state.bins.is_empty() {
            self.state.checks += 500;
            cost -= match random.below(self.rarely) {
                0 => self.step(random),
                _ => self.exchange(random),
            };
        }
    }

    /// Takes some bins apart and fills bins anew. Returns what that saves.
    fn step(&mut self, random: &mut Random) -> u64 {
        let many = [2, 2, 2, 3, 3, 4, 5, 6][random.below(8)].min(self.state.bins.len());
        let mut ruined = Vec::with_capacity(many);
        let dear = random.below(4) == 0;
        for turn in 0..many {
            let at = match turn {
                _ if dear => self.dear_bin(random),
                0 => self.empty_bin(random),
                _ => random.below(self.state.bins.len()),
            };
            ruined.push(self.state.bins.swap_remove(at));
        }
        self.take_apart(&ruined, random);
        let paid: u64 = ruined.iter().map(|bin| self.state.price(bin.kind)).sum();
        let before = self.concentration(&ruined);
        let made = self.fill(&ruined, paid, random);
        let saved = made.and_then(|made| {
            let cost: u64 = made.iter().map(|bin| self.state.price(bin.kind)).sum();
            (cost < paid || self.concentration(&made) >= before * (1.0 - 1e-9))
                .then_some((made, paid - cost))
        });
        for thing in &self.things {
            self.pool[thing.id as usize] = 0;
        }
        if let Some((made, saved)) = saved {
            self.state.bins.extend(made);
            saved
        } else {
            self.state.bins.extend(ruined);
            0
        }
    }

    /// Swaps some items between two bins so that one is as full as can be. Returns what that saves, as
    /// the other may do with a cheaper kind, or be empty.
    fn exchange(&mut self, random: &mut Random) -> u64 {
        if self.state.bins.len() < 2 {
            return self.step(random);
        }
        let giver = self.empty_bin(random);
        let mut old = vec![self.state.bins.swap_remove(giver)];
        let taker = random.below(self.state.bins.len());
        old.push(self.state.bins.swap_remove(taker));
        let before = self.concentration(&old);
        let (mut giver, mut taker) = (old[0].clone(), old[1].clone());
        self.things.clear();
        self.take_some(&mut giver, random);
        self.take_some(&mut taker, random);
        let free = taker.free.map(f64::from);
        let mut things = Vec::with_capacity(self.things.len());
        for thing in &self.things {
            let rooms = free.iter().zip(&thing.size).filter(|(_, size)| **size > 0.0);
            let most = rooms
                .map(|(room, size)| (room / size) as u32)
                .fold(self.pool[thing.id as usize], u32::min);
            if most > 0 && self.admits(&taker, thing.id) {
                things.push(Thing { count: f64::from(most), ..*thing });
            }
        }
        let found = self.knapsack.best_load(&things, &free, 0.0, NODES + things.len() as u64);
        self.state.checks += found.effort + 10 * self.things.len() as u64;
        self.load(&mut taker, &found.pattern);
        let rest: Vec<(u32, u32)> = self
            .things
            .iter()
            .map(|thing| (thing.id, self.pool[thing.id as usize]))
            .filter(|load| load.1 > 0)
            .collect();
        for thing in &self.things {
            self.pool[thing.id as usize] = 0;
        }
        let paid: u64 = old.iter().map(|bin| self.state.price(bin.kind)).sum();
        if let Some(giver) = self.with(giver, &rest) {
            let made: Vec<Bin<D>> =
                [giver, taker].into_iter().filter(|bin| !bin.load.is_empty()).collect();
            let cost: u64 = made.iter().map(|bin| self.state.price(bin.kind)).sum();
            if cost < paid || cost == paid && self.concentration(&made) >= before * (1.0 - 1e-9) {
                self.state.bins.extend(made);
                return paid - cost;
            }
        }
        self.state.bins.extend(old);
        0
    }

    /// Takes up to a few items out of a bin.
    fn take_some(&mut self, bin: &mut Bin<D>, random: &mut Random) {
        let from = random.below(bin.load.len());
        let many = bin.load.len();
        for turn in 0..many.min(SOME) {
            let at = (from + turn * (1 + many / SOME)) % many;
            let (item, count) = &mut bin.load[at];
            let taken = (*count).min(SOME as u32);
            if taken == 0 {
                continue;
            }
            *count -= taken;
            let about = &self.state.problem.items[*item as usize];
            for (free, size) in bin.free.iter_mut().zip(&about.size) {
                *free += size * taken;
            }
            if self.pool[*item as usize] == 0 {
                let size = about.size.map(f64::from);
                let worth = self.guide.worth[*item as usize] * (1.0 - 0.02 * random.unit());
                self.things.push(Thing { id: *item, size, worth, count: 0.0 });
            }
            self.pool[*item as usize] += taken;
        }
        bin.load.retain(|load| load.1 > 0);
    }

    fn admits(&self, bin: &Bin<D>, item: u32) -> bool {
        self.state.problem.items[item as usize].sites.contains(self.state.site(bin.kind))
    }

    /// Puts items into a bin, out of the pool.
    fn load(&mut self, bin: &mut Bin<D>, load: &[(u32, u32)]) {
        for &(item, count) in load {
            self.pool[item as usize] -= count;
            put(bin, item, count, &self.state.problem.items[item as usize].size);
        }
    }

    /// A bin with more in it, of the cheapest kind that takes all, no dearer than it; `None` where it does
    /// not fit.
    fn with(&mut self, mut bin: Bin<D>, load: &[(u32, u32)]) -> Option<Bin<D>> {
        let fits = load.iter().all(|(item, _)| self.admits(&bin, *item));
        let mut sum = [0_u64; D];
        for (item, count) in load {
            for (sum, size) in sum.iter_mut().zip(&self.state.problem.items[*item as usize].size) {
                *sum += u64::from(*size) * u64::from(*count);
            }
        }
        if !fits || sum.iter().zip(&bin.free).any(|(sum, free)| *sum > u64::from(*free)) {
            return None;
        }
        for (item, count) in load {
            put(&mut bin, *item, *count, &self.state.problem.items[*item as usize].size);
        }
        let Place::New(own) = bin.kind else { return Some(bin) };
        let (problem, old) = (self.state.problem, &self.state.problem.kinds[own as usize]);
        let used: [u32; D] = std::array::from_fn(|at| old.capacity[at] - bin.free[at]);
        self.state.checks += problem.kinds.len() as u64 * 2;
        let cheaper = problem.kinds.iter().enumerate().filter(|(_, kind)| {
            kind.price < old.price
                && used.iter().zip(&kind.capacity).all(|(used, room)| used <= room)
                && bin
                    .load
                    .iter()
                    .all(|load| problem.items[load.0 as usize].sites.contains(kind.site))
        });
        if let Some((at, kind)) = cheaper.min_by_key(|(at, kind)| (kind.price, *at)) {
            bin.kind = Place::New(at as u32);
            bin.free = std::array::from_fn(|at| kind.capacity[at] - used[at]);
        }
        Some(bin)
    }

    /// The one with most room of three.
    fn empty_bin(&self, random: &mut Random) -> usize {
        let empty = |at: usize| self.empty(&self.state.bins[at].free);
        let few = (0..3).map(|_| random.below(self.state.bins.len()));
        few.max_by(|one, other| empty(*one).total_cmp(&empty(*other))).unwrap_or(0)
    }

    /// Any, more often the more it costs.
    fn dear_bin(&self, random: &mut Random) -> usize {
        let bins = self.state.bins.len();
        let mut at = random.below(bins);
        for _ in 0..16 {
            if self.state.price(self.state.bins[at].kind) as f64 >= random.unit() * self.dearest {
                break;
            }
            at = random.below(bins);
        }
        at
    }

    /// Greater where the room that stays empty is in fewer places.
    fn concentration(&self, bins: &[Bin<D>]) -> f64 {
        bins.iter().map(|bin| self.empty(&bin.free).powi(2)).sum()
    }

    /// Room as a share of the dearest bin: most of it where the items could use it all.
    fn empty(&self, free: &[u32; D]) -> f64 {
        let all: f64 =
            free.iter().zip(&self.prices).map(|(free, price)| f64::from(*free) * price).sum();
        let usable = free.iter().zip(&self.mix).map(|(free, mix)| f64::from(*free) * mix);
        (1.0 - USABLE) * all + USABLE * usable.fold(f64::INFINITY, f64::min)
    }

    fn take_apart(&mut self, ruined: &[Bin<D>], random: &mut Random) {
        self.things.clear();
        let noise = [0.0, 0.02, 0.1, 0.3][random.below(4)];
        let balance = [0.0, 0.0, 0.1, 0.3][random.below(4)];
        for &(item, count) in ruined.iter().flat_map(|bin| &bin.load) {
            if self.pool[item as usize] == 0 {
                let size = self.state.problem.items[item as usize].size.map(f64::from);
                let about = &self.state.problem.items[item as usize];
                let worth = self.guide.worth[item as usize] * (1.0 - noise * random.unit())
                    + balance * worth(&about.size, &self.guide.prices.balanced);
                self.things.push(Thing { id: item, size, worth, count: 0.0 });
            }
            self.pool[item as usize] += count;
        }
    }

    /// Puts all of the pool into new bins for no more than `paid`.
    fn fill(&mut self, ruined: &[Bin<D>], paid: u64, random: &mut Random) -> Option<Vec<Bin<D>>> {
        let kinds = self.kinds(ruined, random);
        let mut made: Vec<Bin<D>> = Vec::with_capacity(ruined.len() + 1);
        let mut left = paid;
        while self.things.iter().any(|thing| self.pool[thing.id as usize] > 0) {
            let bin = match self.all_in_one(left) {
                Some(last) => last,
                None => self.best_of(&kinds, left)?,
            };
            left -= self.state.price(bin.kind);
            made.push(bin);
        }
        Some(made)
    }

    /// The bin of these kinds that holds the most for its price, if that leaves money for another.
    fn best_of(&mut self, kinds: &[u32], left: u64) -> Option<Bin<D>> {
        let items = &self.state.problem.items;
        let (mut ratio, mut best) = (0.0, None);
        let mut things = Vec::with_capacity(self.things.len());
        for &at in kinds {
            let kind = &self.state.problem.kinds[at as usize];
            if kind.price >= left {
                continue;
            }
            things.clear();
            let capacity = kind.capacity.map(f64::from);
            for thing in &self.things {
                let rooms = capacity.iter().zip(&thing.size).filter(|(_, size)| **size > 0.0);
                let most = rooms
                    .map(|(room, size)| (room / size) as u32)
                    .fold(self.pool[thing.id as usize], u32::min);
                if most > 0 && items[thing.id as usize].sites.contains(kind.site) {
                    things.push(Thing { count: f64::from(most), ..*thing });
                }
            }
            let price = kind.price as f64;
            let nodes = NODES + things.len() as u64;
            let found = self.knapsack.best_load(&things, &capacity, ratio * price, nodes);
            self.state.checks += found.effort + 8 * self.things.len() as u64;
            if !found.pattern.is_empty() {
                ratio = found.worth / price;
                best = Some((at, found.pattern));
            }
        }
        let (kind, load) = best?;
        Some(self.bin(kind, load))
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
        let items = &self.state.problem.items;
        let mut sum = [0_u64; D];
        let mut load = Vec::new();
        for thing in &self.things {
            let count = self.pool[thing.id as usize];
            if count > 0 {
                load.push((thing.id, count));
                for (sum, size) in sum.iter_mut().zip(&items[thing.id as usize].size) {
                    *sum += u64::from(*size) * u64::from(count);
                }
            }
        }
        let kinds = self.state.problem.kinds.iter().enumerate();
        let (kind, _) = kinds
            .filter(|(_, kind)| {
                kind.price <= left
                    && sum.iter().zip(&kind.capacity).all(|(sum, room)| *sum <= u64::from(*room))
                    && load.iter().all(|load| items[load.0 as usize].sites.contains(kind.site))
            })
            .min_by_key(|(at, kind)| (kind.price, *at))?;
        Some(self.bin(kind as u32, load))
    }

    /// A bin with a load, out of the pool.
    fn bin(&mut self, kind: u32, load: Vec<(u32, u32)>) -> Bin<D> {
        let mut bin = self.state.fresh(kind);
        for &(item, count) in &load {
            self.pool[item as usize] -= count;
            for (free, size) in
                bin.free.iter_mut().zip(&self.state.problem.items[item as usize].size)
            {
                *free -= size * count;
            }
        }
        bin.load = load;
        bin
    }
}

fn put<const D: usize>(bin: &mut Bin<D>, item: u32, count: u32, size: &[u32; D]) {
    for (free, size) in bin.free.iter_mut().zip(size) {
        *free -= size * count;
    }
    match bin.load.iter_mut().find(|load| load.0 == item) {
        Some(load) => load.1 += count,
        None => bin.load.push((item, count)),
    }
}
