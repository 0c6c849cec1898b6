//! A packing bin by bin: the hardest item that is left, with the best load of others around it.

use super::greedy::Guide;
use super::knapsack::Knapsack;
use super::relaxed::Thing;
use super::state::{Bin, Place, State};

/// Nodes of the search for one load, beside one for each thing.
const NODES: u64 = 40;
/// Items looked at for a load: all scarce ones up to so many, at least so many of the hardest, and of all
/// others so many for each that fits.
const SCARCE: usize = 128;
const HARDEST: usize = 12;
const OTHERS: usize = 3;
/// By how much more the hardest of equally good items is preferred.
const HARD: f64 = 0.03;
/// Bins between two looks at which items are left.
const BINS: usize = 16;

/// What loads are made for.
pub(super) struct Loads<'a, const D: usize> {
    pub(super) guide: &'a Guide<D>,
    /// Kinds for bins of items that are not scarce, and for all others.
    pub(super) common: Vec<u32>,
    pub(super) kinds: Vec<u32>,
    /// By class: whether it is worth more than the resources it takes.
    pub(super) scarce: Vec<bool>,
}

impl<const D: usize> Loads<'_, D> {
    /// Places all that fits into new bins. For problems without limits across bins.
    pub(super) fn complete(&self, state: &mut State<'_, D>) {
        let mut order: Vec<u32> = self.guide.order.clone();
        let mut knapsack = Knapsack::new();
        for turn in 0.. {
            if turn % BINS == 0 {
                order.retain(|item| state.remaining[*item as usize] > 0);
                state.checks += order.len() as u64 / 2;
            }
            let left = |item: &&u32| state.remaining[**item as usize] > 0;
            let Some(&hardest) = order.iter().find(left) else { return };
            match self.best(state, &mut knapsack, &order, hardest, turn) {
                Some(bin) => keep(state, bin),
                // Some other way must find it a place.
                None => order.retain(|item| *item != hardest),
            }
        }
    }

    /// Fills a bin up with the best load of what remains.
    pub(super) fn fill(
        &self,
        state: &mut State<'_, D>,
        knapsack: &mut Knapsack<D>,
        bin: &mut Bin<D>,
        turn: usize,
    ) {
        let Place::New(kind) = bin.kind else { return };
        let left = |item: &u32| state.remaining[*item as usize] > 0;
        let order: Vec<u32> = self.guide.order.iter().copied().filter(left).collect();
        let hard = HARDEST.min(order.len());
        let others = OTHERS * self.guide.usual[kind as usize];
        let stride = ((order.len() - hard) / others.max(1)).max(1);
        let rest = order.iter().enumerate().skip(hard + turn % stride).step_by(stride);
        let mut things: Vec<Thing<D>> = Vec::new();
        for (rank, &item) in order.iter().enumerate().take(hard).chain(rest) {
            let most = state.room(bin, item, state.remaining[item as usize]);
            if most > 0 {
                let harder = HARD * (1.0 - rank as f64 / order.len() as f64);
                let worth = self.guide.worth[item as usize] * (1.0 + harder);
                let size = state.problem.items[item as usize].size.map(f64::from);
                things.push(Thing { id: item, size, worth, count: f64::from(most) });
            }
        }
        let nodes = NODES + things.len() as u64;
        let found = knapsack.best_load(&things, &bin.free.map(f64::from), 0.0, nodes);
        state.checks += found.effort + (hard + others) as u64 + order.len() as u64 / 2;
        for (item, count) in found.pattern {
            state.put(bin, item, count);
        }
    }

    fn best(
        &self,
        state: &mut State<'_, D>,
        knapsack: &mut Knapsack<D>,
        order: &[u32],
        hardest: u32,
        turn: usize,
    ) -> Option<(u32, Vec<(u32, u32)>)> {
        let problem = state.problem;
        let first = &problem.items[hardest as usize];
        let (mut ratio, mut best) = (0.0, None);
        let mut things: Vec<Thing<D>> = Vec::new();
        let few = order.len().min(SCARCE);
        let hard = order[..few].iter().filter(|item| self.scarce[**item as usize]).count();
        let hard = hard.max(HARDEST).min(few);
        let kinds = if self.scarce[hardest as usize] { &self.kinds } else { &self.common };
        for &at in kinds {
            let kind = &problem.kinds[at as usize];
            let fits = first.size.iter().zip(&kind.capacity).all(|(size, room)| size <= room);
            if !fits || !first.sites.contains(kind.site) {
                continue;
            }
            let free: [u32; D] = std::array::from_fn(|at| kind.capacity[at] - first.size[at]);
            let others = OTHERS * self.guide.usual[at as usize];
            let stride = ((order.len() - hard) / others.max(1)).max(1);
            let rest = order.iter().enumerate().skip(hard + turn % stride).step_by(stride);
            things.clear();
            for (rank, &item) in order.iter().enumerate().take(hard).chain(rest) {
                let about = &problem.items[item as usize];
                let left = state.remaining[item as usize] - u32::from(item == hardest);
                if left == 0 || !about.sites.contains(kind.site) {
                    continue;
                }
                let rooms = free.iter().zip(&about.size).filter(|(_, size)| **size > 0);
                let most = rooms.map(|(room, size)| room / size).fold(left, u32::min);
                if most > 0 {
                    let harder = HARD * (1.0 - rank as f64 / order.len() as f64);
                    let worth = self.guide.worth[item as usize] * (1.0 + harder);
                    let size = about.size.map(f64::from);
                    things.push(Thing { id: item, size, worth, count: f64::from(most) });
                }
            }
            let price = kind.price as f64;
            let worth = self.guide.worth[hardest as usize] * (1.0 + HARD);
            let nodes = NODES + things.len() as u64;
            let found =
                knapsack.best_load(&things, &free.map(f64::from), ratio * price - worth, nodes);
            state.checks += found.effort + (hard + others) as u64;
            if found.worth + worth > ratio * price || best.is_none() {
                ratio = (found.worth.max(0.0) + worth) / price;
                best = Some((at, found.pattern));
            }
        }
        let (kind, mut load) = best?;
        match load.iter_mut().find(|load| load.0 == hardest) {
            Some(load) => load.1 += 1,
            None => load.push((hardest, 1)),
        }
        Some((kind, load))
    }
}

/// Keeps a bin with this load, and as many like it as items remain for.
fn keep<const D: usize>(state: &mut State<'_, D>, (kind, load): (u32, Vec<(u32, u32)>)) {
    let copies = load.iter().map(|(item, count)| state.remaining[*item as usize] / count).min();
    let mut bin = state.fresh(kind);
    for &(item, count) in &load {
        state.put(&mut bin, item, count);
    }
    for _ in 1..copies.unwrap_or(0) {
        for &(item, count) in &load {
            state.remaining[item as usize] -= count;
        }
        state.bins.push(bin.clone());
    }
    state.bins.push(bin);
}
