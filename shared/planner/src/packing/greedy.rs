//! Filling bins, and opening the kind of bin that gives the most worth for its price.

use super::duals::{of_resources, worth};
use super::state::{Bin, Place, State};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What the greedy steps are guided by.
#[derive(Debug, Clone)]
pub(super) struct Guide {
    /// Worth of one item of each class, nano-USD.
    pub(super) worth: Vec<f64>,
    /// Items by how hard they are to place, hardest first.
    pub(super) order: Vec<u32>,
    /// Kinds by price for what their room is worth, best first.
    pub(super) kinds: Vec<u32>,
}

impl Guide {
    pub(super) fn new<const D: usize>(state: &State<'_, D>) -> Self {
        let problem = state.problem;
        let prices = of_resources(&problem.items, &problem.kinds);
        let mut largest = [1_u32; D];
        for kind in &problem.kinds {
            for (most, room) in largest.iter_mut().zip(&kind.capacity) {
                *most = (*most).max(*room);
            }
        }
        let mean = problem.kinds.iter().map(|kind| kind.price as f64).sum::<f64>()
            / problem.kinds.len().max(1) as f64;
        let worth: Vec<f64> = problem
            .items
            .iter()
            .map(|item| {
                let share: f64 =
                    (0..D).map(|at| f64::from(item.size[at]) / f64::from(largest[at])).sum();
                worth(&item.size, &prices) + share * mean * 1e-3
            })
            .collect();
        let mut order: Vec<u32> = (0..problem.items.len() as u32).collect();
        order.sort_by(|one, other| {
            worth[*other as usize].total_cmp(&worth[*one as usize]).then(one.cmp(other))
        });
        let efficiency: Vec<f64> = problem
            .kinds
            .iter()
            .map(|kind| kind.price as f64 / super::duals::worth(&kind.capacity, &prices).max(1.0))
            .collect();
        let mut kinds: Vec<u32> = (0..problem.kinds.len() as u32).collect();
        kinds.sort_by(|one, other| {
            efficiency[*one as usize].total_cmp(&efficiency[*other as usize]).then(one.cmp(other))
        });
        Self { worth, order, kinds }
    }
}

/// Puts into a bin what fits of the remaining items, in `order`. Returns what that is worth.
pub(super) fn fill<const D: usize>(
    state: &mut State<'_, D>,
    bin: &mut Bin<D>,
    order: &[u32],
    worth: &[f64],
) -> f64 {
    let mut gained = 0.0;
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

/// Places everything that fits: into the bins there are first, then into the kind of bin that gives
/// the most for its price, as often as it can be filled in the same way.
pub(super) fn complete<const D: usize>(state: &mut State<'_, D>, guide: &Guide) {
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
        let gained = fill(state, &mut bin, &order, &guide.worth);
        if bin.load.is_empty() {
            continue;
        }
        let ratio = gained / state.price(bin.kind) as f64;
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
fn fill_opened<const D: usize>(state: &mut State<'_, D>, guide: &Guide) {
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
