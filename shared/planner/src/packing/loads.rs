//! A packing bin by bin: the hardest item that is left, with the best load of others around it.

use super::alike::{Taken, likeness, take};
use super::greedy::Guide;
use super::knapsack::Knapsack;
use super::lean::Worth;
use super::relaxed::{Thing, dot};
use super::state::{Bin, Place, State};
use super::upgrades::Upgrades;
use super::{Problem, keep_most};

/// Nodes of the search for one load, beside one for each thing.
const NODES: u64 = 40;
/// The same for each thing where there is sand.
const NODES_IN_SAND: u64 = 3;
/// Items looked at for a load: all scarce ones up to so many, at least so many of the hardest, and of all
/// others so many for each that fits.
const SCARCE: usize = 128;
const HARDEST: usize = 12;
const OTHERS: usize = 3;
/// More than that where there is sand, up to so many for each that fits, so many in all, and as many as
/// so many checks for each of them and bin allow.
const IN_SAND: usize = 24;
const MOST_IN_SAND: usize = 240;
const CHECKS: u64 = 2000;
/// By how much more the hardest of equally good items is preferred.
const HARD: f64 = 0.03;
/// Bins between two looks at which items are left.
const BINS: usize = 16;
/// Mean items that a search chooses in the end where sand is taken first.
const SEARCHED: usize = 6;
/// What part of the prices by which sand is taken is that of each resource by how scarce it is.
const FAIR: f64 = 0.3;
/// Checks that telling how like an item is to room takes.
const ALIKE: usize = 8;

/// What loads are made for.
pub(super) struct Loads<'a, const D: usize> {
    pub(super) guide: &'a Guide<D>,
    /// Kinds for bins of items that are not scarce, and for all others.
    pub(super) common: Vec<u32>,
    pub(super) kinds: Vec<u32>,
    /// By class: whether it is worth more than the resources it takes.
    pub(super) scarce: Vec<bool>,
    /// How to choose among items that are not, where they are worth no more.
    pub(super) sand: Option<Sand<D>>,
    /// Whether bins are made fuller, each as soon as it has a load, with what is left.
    pub(super) upgraded: bool,
}

/// Items worth what they take and no more, so that their worth does not tell them apart.
#[derive(Debug, Clone)]
pub(super) struct Sand<const D: usize> {
    /// What room is worth, with a share of what is fair to all resources.
    worth: Worth<D>,
    /// How many are looked at for each that fits.
    looks: usize,
}

impl<const D: usize> Sand<D> {
    /// Looks at as many as `checks` allow for so many bins. `fair` prices are a share of those it goes by.
    pub(super) fn new(room: &Worth<D>, fair: &[f64; D], bins: f64, checks: u64) -> Self {
        let looks = checks as f64 / bins.max(1.0) / CHECKS as f64;
        let looks = (looks as usize).clamp(OTHERS, IN_SAND);
        Self { worth: room.blend(fair, FAIR), looks }
    }
}

/// Room in a bin of a kind, and how evenly sand is to fill it.
struct Space<const D: usize> {
    kind: u32,
    free: [f64; D],
    even: f64,
}

/// How room beside large items is filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling {
    /// How many times as many items as fill a bin on average it is filled from: those most like the room.
    pub(super) times: usize,
    /// How far resources count as if all that is left of one were worth as much as that of another.
    pub(super) even: f64,
    /// How far items count for what they cost elsewhere rather than for what they are worth.
    pub(super) dearer: f64,
}

impl<'a, const D: usize> Loads<'a, D> {
    /// For items each of which may be scarce, in bins of these kinds.
    pub(super) fn of_all(guide: &'a Guide<D>, problem: &Problem<D>, kinds: Vec<u32>) -> Self {
        let scarce = vec![true; problem.items.len()];
        Self { guide, common: Vec::new(), kinds, scarce, sand: None, upgraded: false }
    }

    /// What is left, hardest first.
    pub(super) fn stock(&self, state: &mut State<'_, D>) -> Vec<u32> {
        let mut stock = self.guide.order.clone();
        forget(state, &mut stock);
        stock
    }

    /// Places all that fits into new bins. For problems without limits across bins.
    pub(super) fn complete(&self, state: &mut State<'_, D>) {
        let mut stock = self.stock(state);
        let mut knapsack = Knapsack::new();
        let mut upgrades = self.upgraded.then(|| Upgrades::new(state, &self.guide.worth));
        for turn in 0.. {
            if turn % BINS == 0 {
                forget(state, &mut stock);
                if let Some(upgrades) = &mut upgrades {
                    upgrades.forget(state);
                }
            }
            let left = |item: &&u32| state.remaining[**item as usize] > 0;
            let Some(&hardest) = stock.iter().find(left) else { return };
            let Some((kind, load)) = self.best(state, &mut knapsack, &stock, hardest, turn) else {
                // Some other way must find it a place.
                stock.retain(|item| *item != hardest);
                continue;
            };
            let first = state.bins.len();
            keep(state, kind, &load);
            // The stock still has what an exchange takes out: only what was gone some bins ago is forgotten.
            if let Some(upgrades) = &mut upgrades {
                for mut bin in state.bins.split_off(first) {
                    upgrades.upgrade(state, &mut bin);
                    state.bins.push(bin);
                }
            }
        }
    }

    /// Fills a bin up with the best load of what remains.
    pub(super) fn fill(
        &self,
        state: &mut State<'_, D>,
        knapsack: &mut Knapsack<D>,
        stock: &mut Vec<u32>,
        bin: &mut Bin<D>,
        turn: usize,
    ) {
        let Place::New(kind) = bin.kind else { return };
        forget(state, stock);
        let free = bin.free.map(f64::from);
        let things = self.things(state, stock, HARDEST, kind, &free, turn);
        let space = Space { kind, free, even: 0.0 };
        for (item, count) in self.load(state, knapsack, things, space, 0.0).items {
            state.put(bin, item, count);
        }
    }

    /// The same with what is most like the room, as it is filled so: where large items leave much of one resource and
    /// little of another, most items would use up what is little. Items cost so much elsewhere, and about so many checks
    /// may be made for which are most like it.
    pub(super) fn fill_alike(
        &self,
        state: &mut State<'_, D>,
        knapsack: &mut Knapsack<D>,
        stock: &mut Vec<u32>,
        bin: &mut Bin<D>,
        (filling, elsewhere, checks): (Filling, &[f64; D], usize),
    ) {
        let Place::New(kind) = bin.kind else { return };
        forget(state, stock);
        let free = bin.free.map(f64::from);
        let most = filling.times * self.guide.usual[kind as usize].max(HARDEST);
        let looks = (checks / ALIKE).max(2 * most);
        let stride = (stock.len() / looks).max(1);
        let looked = stock.iter().enumerate().step_by(stride);
        state.checks += (stock.len() / stride * ALIKE) as u64;
        let alike = looked.map(|(rank, item)| {
            let size = state.problem.items[*item as usize].size;
            (likeness(&size.map(f64::from), &free), rank)
        });
        let mut alike: Vec<(f64, usize)> = alike.filter(|(like, _)| *like > 0.0).collect();
        keep_most(&mut alike, most);
        alike.sort_unstable_by_key(|(_, rank)| *rank);
        let ranked = alike.into_iter().map(|(_, rank)| (rank, stock[rank]));
        let mut things = self.to_take(state, ranked, stock.len(), kind, &free);
        for thing in &mut things {
            let elsewhere = dot(&thing.size, elsewhere);
            thing.worth += filling.dearer * (elsewhere - thing.worth);
        }
        let space = Space { kind, free, even: filling.even };
        for (item, count) in self.load(state, knapsack, things, space, 0.0).items {
            state.put(bin, item, count);
        }
    }

    /// The kind and the load around an item that are worth most for their price.
    fn best(
        &self,
        state: &mut State<'_, D>,
        knapsack: &mut Knapsack<D>,
        stock: &[u32],
        hardest: u32,
        turn: usize,
    ) -> Option<(u32, Vec<(u32, u32)>)> {
        let problem = state.problem;
        let first = &problem.items[hardest as usize];
        let (mut ratio, mut best) = (0.0, None);
        let few = stock.len().min(SCARCE);
        let hard = stock[..few].iter().filter(|item| self.scarce[**item as usize]).count();
        let hard = hard.max(HARDEST);
        let kinds = if self.scarce[hardest as usize] { &self.kinds } else { &self.common };
        state.remaining[hardest as usize] -= 1;
        for &at in kinds {
            let kind = &problem.kinds[at as usize];
            if !kind.holds(&first.size, &first.sites) {
                continue;
            }
            let free: [f64; D] =
                std::array::from_fn(|at| f64::from(kind.capacity[at] - first.size[at]));
            let things = self.things(state, stock, hard, at, &free, turn);
            let price = kind.price as f64;
            let worth = self.guide.worth[hardest as usize] * (1.0 + HARD);
            let space = Space { kind: at, free, even: 0.0 };
            let mut load = self.load(state, knapsack, things, space, ratio * price - worth);
            load.worth += worth;
            if load.worth > ratio * price || best.is_none() {
                ratio = load.worth / price;
                load.add(hardest, 1);
                best = Some((at, load.items));
            }
        }
        state.remaining[hardest as usize] += 1;
        best
    }

    /// What a bin can be filled with: the hardest items, and some of all others.
    fn things(
        &self,
        state: &mut State<'_, D>,
        stock: &[u32],
        hard: usize,
        kind: u32,
        free: &[f64; D],
        turn: usize,
    ) -> Vec<Thing<D>> {
        let hard = hard.min(stock.len());
        let usual = self.guide.usual[kind as usize];
        let others = self
            .sand
            .as_ref()
            .map_or(OTHERS * usual, |sand| (sand.looks * usual).min(MOST_IN_SAND));
        let stride = ((stock.len() - hard) / others.max(1)).max(1);
        let ranked = stock.iter().copied().enumerate();
        let rest = ranked.clone().skip(hard + turn % stride).step_by(stride);
        state.checks += (hard + others) as u64;
        self.to_take(state, ranked.take(hard).chain(rest), stock.len(), kind, free)
    }

    /// As many of these items, with their ranks of so many, as are left and fit; the hardest count for a little more.
    fn to_take(
        &self,
        state: &State<'_, D>,
        ranked: impl Iterator<Item = (usize, u32)>,
        ranks: usize,
        kind: u32,
        free: &[f64; D],
    ) -> Vec<Thing<D>> {
        let site = state.problem.kinds[kind as usize].site;
        let thing = |(rank, item): (usize, u32)| {
            let about = &state.problem.items[item as usize];
            let left = state.remaining[item as usize];
            if left == 0 || !about.sites.contains(site) {
                return None;
            }
            let harder = HARD * (1.0 - rank as f64 / ranks as f64);
            let worth = self.guide.worth[item as usize] * (1.0 + harder);
            let mut thing =
                Thing { id: item, size: about.size.map(f64::from), worth, count: f64::from(left) };
            thing.count = thing.most_in(free);
            (thing.count > 0.0).then_some(thing)
        };
        ranked.filter_map(thing).collect()
    }

    /// The load of these things that is worth most, as far as is known; more than `floor`, if there is one.
    fn load(
        &self,
        state: &mut State<'_, D>,
        knapsack: &mut Knapsack<D>,
        mut things: Vec<Thing<D>>,
        Space { kind, mut free, even }: Space<D>,
        floor: f64,
    ) -> Taken {
        let mut load = Taken::default();
        let mut nodes = NODES + things.len() as u64;
        if let Some(sand) = &self.sand {
            // A search would take the first things of so many that are as good.
            let whole = state.problem.kinds[kind as usize].capacity.map(f64::from);
            let share = SEARCHED as f64 / self.guide.usual[kind as usize].max(1) as f64;
            let enough = sand.worth.of(&whole) * share;
            load = take(&mut things, &mut free, &sand.worth, even, enough);
            nodes = NODES_IN_SAND * things.len() as u64;
            knapsack.short = true;
        }
        let found = knapsack.best_load(&things, &free, floor - load.worth, nodes);
        state.checks += load.work + found.effort;
        load.worth += found.worth.max(0.0);
        for (item, count) in found.pattern {
            load.add(item, count);
        }
        load
    }
}

/// Leaves out what is gone.
fn forget<const D: usize>(state: &mut State<'_, D>, stock: &mut Vec<u32>) {
    state.checks += stock.len() as u64 / 2;
    stock.retain(|item| state.remaining[*item as usize] > 0);
}

/// Keeps a bin with this load, and as many like it as items remain for.
fn keep<const D: usize>(state: &mut State<'_, D>, kind: u32, load: &[(u32, u32)]) {
    let copies = load.iter().map(|(item, count)| state.remaining[*item as usize] / count).min();
    let mut bin = state.fresh(kind);
    for &(item, count) in load {
        state.put(&mut bin, item, count);
    }
    for _ in 1..copies.unwrap_or(0) {
        for &(item, count) in load {
            state.remaining[item as usize] -= count;
        }
        state.bins.push(bin.clone());
    }
    state.bins.push(bin);
}
