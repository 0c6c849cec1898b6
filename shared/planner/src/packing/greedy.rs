//! Filling bins, and opening the kind of bin that gives the most worth for its price.

use super::columns::is_plain;
use super::duals::{Prices, worth};
use super::state::{Bin, Place, State};
use super::{Kind, Problem};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Share of the balanced prices in what items are worth.
pub(super) const BALANCE: f64 = 0.15;

/// What the greedy steps are guided by.
#[derive(Debug, Clone)]
pub(super) struct Guide<const D: usize> {
    pub(super) prices: Prices<D>,
    /// Worth of one item of each class, nano-USD.
    pub(super) worth: Vec<f64>,
    /// Items by how hard they are to place, hardest first.
    pub(super) order: Vec<u32>,
    /// Whether the linear programme would open the kind, or nearly so.
    pub(super) favoured: Vec<bool>,
    /// How many mean items fill a bin of each kind.
    pub(super) usual: Vec<usize>,
    /// Kinds by price for what their room is worth, best first.
    pub(super) kinds: Vec<u32>,
}

impl<const D: usize> Guide<D> {
    pub(super) fn new(state: &State<'_, D>) -> Self {
        let problem = state.problem;
        let prices = Prices::new(&problem.items, &problem.kinds);
        // Elsewhere denser packings failed more rehearsals (tests/carried_out.rs).
        let mixed = prices.blend(if is_plain(problem) { BALANCE } else { 0.0 });
        let worth: Vec<f64> = problem.items.iter().map(|item| worth(&item.size, &mixed)).collect();
        let order = hardest_first(&worth);
        let efficiency: Vec<f64> = problem
            .kinds
            .iter()
            .map(|kind| {
                kind.price as f64 / super::duals::worth(&kind.capacity, &prices.exact).max(1.0)
            })
            .collect();
        let mut kinds: Vec<u32> = (0..problem.kinds.len() as u32).collect();
        kinds.sort_by(|one, other| {
            efficiency[*one as usize].total_cmp(&efficiency[*other as usize]).then(one.cmp(other))
        });
        let best = efficiency.iter().copied().fold(f64::INFINITY, f64::min);
        let favoured = efficiency.iter().map(|price| *price <= best * 1.02).collect();
        let usual = usual(problem);
        Self { prices, favoured, worth, order, usual, kinds }
    }

    /// Goes by what items are worth in another programme.
    pub(super) fn adopt(&mut self, worth: &[f64]) {
        worth.clone_into(&mut self.worth);
        self.order = hardest_first(worth);
    }
}

fn usual<const D: usize>(problem: &Problem<D>) -> Vec<usize> {
    let count: f64 = problem.items.iter().map(|item| f64::from(item.count)).sum();
    let mean: [f64; D] = std::array::from_fn(|at| {
        let sizes =
            problem.items.iter().map(|item| f64::from(item.size[at]) * f64::from(item.count));
        sizes.sum::<f64>() / count
    });
    let fill = |kind: &Kind<D>| {
        let rooms = kind.capacity.iter().zip(&mean).filter(|(_, mean)| **mean > 0.0);
        rooms.map(|(room, mean)| f64::from(*room) / mean).fold(f64::from(u16::MAX), f64::min)
    };
    problem.kinds.iter().map(|kind| fill(kind) as usize).collect()
}

fn hardest_first(worth: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..worth.len() as u32).collect();
    order.sort_by(|one, other| {
        worth[*other as usize].total_cmp(&worth[*one as usize]).then(one.cmp(other))
    });
    order
}

/// Puts into a bin what fits of the remaining items, in `order`. Returns what that is worth.
pub(super) fn fill<const D: usize>(
    state: &mut State<'_, D>,
    bin: &mut Bin<D>,
    order: &[u32],
    worth: &[f64],
) -> f64 {
    let mut gained = 0.0;
    state.checks += order.len() as u64 / 2;
    for &item in order {
        let left = state.remaining[item as usize];
        if left == 0 {
            continue;
        }
        let room = state.room(bin, item, left);
        if room > 0 {
            state.put(bin, item, room);
            gained += worth[item as usize] * f64::from(room);
        }
    }
    gained
}

/// Like `fill`, but of what is scarcer in the bin so far as little as can be: the next item is always one
/// whose greatest share of a new bin is of the resource with the greatest share left.
pub(super) fn fill_evenly<const D: usize>(
    state: &mut State<'_, D>,
    bin: &mut Bin<D>,
    order: &[u32],
    worth: &[f64],
) -> f64 {
    let whole = bin.free.map(|room| f64::from(room.max(1)));
    let share = |size: &[u32; D], at: usize| f64::from(size[at]) / whole[at];
    let main = |size: &[u32; D]| {
        (1..D).fold(0, |most, at| if share(size, at) > share(size, most) { at } else { most })
    };
    let mut gained = 0.0;
    state.checks += order.len() as u64 * 2;
    let mut next = [0; D];
    loop {
        let left: [f64; D] =
            std::array::from_fn(
                |at| {
                    if next[at] < order.len() { share(&bin.free, at) } else { -1.0 }
                },
            );
        let at = (1..D).fold(0, |most, at| if left[at] > left[most] { at } else { most });
        if left[at] < 0.0 {
            return gained;
        }
        let second =
            (0..D).filter(|other| *other != at).map(|other| left[other]).fold(0.0, f64::max);
        while let Some(&item) = order.get(next[at]) {
            let size = &state.problem.items[item as usize].size;
            let remains = state.remaining[item as usize];
            if remains > 0 && main(size) == at {
                // As many as it takes for another resource to have more left.
                let few = 1 + ((left[at] - second) / share(size, at).max(1e-9)) as u32;
                let room = state.room(bin, item, remains);
                if room > 0 {
                    let count = room.min(few);
                    state.put(bin, item, count);
                    gained += worth[item as usize] * f64::from(count);
                    break;
                }
            }
            next[at] += 1;
        }
    }
}

/// A kind with the worth for its price that it gave when last looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    ratio: f64,
    kind: u32,
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.ratio.total_cmp(&other.ratio).then(other.kind.cmp(&self.kind))
    }
}

/// Greedy packings that are tried, the most robust first.
pub(super) const WAYS: [Way; 5] = [
    Way { even: false, favour: 1.0 },
    Way { even: true, favour: 10.0 },
    Way { even: true, favour: 1.0 },
    Way { even: true, favour: 1.2 },
    Way { even: false, favour: 1.2 },
];
/// The most robust one for what other ways of packing left.
pub(super) const REST: Way = WAYS[2];

/// A way to place everything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// Fills bins evenly rather than by worth alone.
    pub(super) even: bool,
    /// How much a kind that the linear programme opens is preferred.
    pub(super) favour: f64,
}

/// Places everything that fits: into the bins there are first, then into the kind of bin that gives
/// the most for its price, as often as it can be filled in the same way.
pub(super) fn complete<const D: usize>(state: &mut State<'_, D>, guide: &Guide<D>, way: Way) {
    fill_opened(state, guide);
    let mut heap: BinaryHeap<Candidate> =
        guide.kinds.iter().map(|kind| Candidate { ratio: f64::INFINITY, kind: *kind }).collect();
    let mut order = guide.order.clone();
    while let Some(candidate) = heap.pop() {
        order.retain(|item| state.remaining[*item as usize] > 0);
        if order.is_empty() {
            return;
        }
        let mut bin = state.fresh(candidate.kind);
        let fill = if way.even { fill_evenly } else { fill };
        let gained = fill(state, &mut bin, &order, &guide.worth);
        if bin.load.is_empty() {
            continue;
        }
        let favour = if guide.favoured[candidate.kind as usize] { way.favour } else { 1.0 };
        let ratio = gained / state.price(bin.kind) as f64 * favour;
        if heap.peek().is_some_and(|next| next.ratio > ratio * (1.0 + 1e-9)) {
            state.empty(&mut bin);
            heap.push(Candidate { ratio, ..candidate });
            continue;
        }
        repeat(state, bin);
        heap.push(Candidate { ratio, ..candidate });
    }
}

/// Keeps a filled bin, and makes as many like it as the remaining items and the limits allow.
fn repeat<const D: usize>(state: &mut State<'_, D>, bin: Bin<D>) {
    let load = bin.load.clone();
    let kind = bin.kind;
    state.bins.push(bin);
    let copies = load.iter().map(|(item, count)| state.remaining[*item as usize] / count).min();
    for _ in 0..copies.unwrap_or(0) {
        let Place::New(kind) = kind else { return };
        let mut copy = state.fresh(kind);
        for &(item, count) in &load {
            if state.room(&copy, item, count) < count {
                state.empty(&mut copy);
                return;
            }
            state.put(&mut copy, item, count);
        }
        state.bins.push(copy);
    }
}

/// Uses the room there is, fullest bins first.
fn fill_opened<const D: usize>(state: &mut State<'_, D>, guide: &Guide<D>) {
    let mut places: Vec<usize> = (0..state.problem.opened.len()).collect();
    places.sort_by_key(|at| (state.bins[*at].free, *at));
    let mut order = guide.order.clone();
    for at in places {
        order.retain(|item| state.remaining[*item as usize] > 0);
        if order.is_empty() {
            return;
        }
        let mut bin = state.bins[at].clone();
        fill(state, &mut bin, &order, &guide.worth);
        state.bins[at] = bin;
    }
}
