//! Finding places for displaced pods: has them packed within the policy's limits, and sees to it that the
//! limits hold for what came out.

use crate::caps::within_caps;
use crate::draft::Draft;
use crate::fleet::{Fleet, Load};
use crate::model::{Model, Verdict};
use crate::packing::solve;
use std::collections::BTreeMap;

/// How often the limits on Spot are drawn tighter before Spot is given up.
const TIGHTENINGS: u32 = 5;

/// The fleet, what found no place, and the work done.
type Placed = (Option<Fleet>, Load, u64);

/// Finds places for `displaced` beside what `base` has placed already.
///
/// Returns the fleet (none where the caps on Spot cannot hold), what found no place, and the work done.
pub(crate) fn place(
    model: &Model<'_>,
    base: &Fleet,
    displaced: &[(u32, u32)],
    budget: u64,
) -> Placed {
    // Pods that are evicted go where the scheduler likes, which leaves about half a pod's room free in
    // each node: small nodes lose more by that.
    let evicts = base.retired.iter().any(|at| model.nodes[*at as usize].evictable > 0);
    let apart = |load: &(u32, u32)| !model.classes[load.0 as usize].members.is_empty();
    if evicts || !displaced.iter().any(apart) {
        return place_by(model, base, displaced, evicts, budget);
    }
    // Where few of a kind go on one node, small ones are filled best one by one, but seldom as a fleet.
    let [small, large] = [false, true].map(|wary| place_by(model, base, displaced, wary, 0));
    let rank = |(fleet, unplaced, _): &Placed| {
        let count: u32 = unplaced.iter().map(|load| load.1).sum();
        (fleet.is_none(), count, fleet.as_ref().map(|fleet| fleet.objective(model)))
    };
    let wary = rank(&large) < rank(&small);
    let spent = small.2 + large.2;
    let (fleet, unplaced, more) = match budget {
        0 if wary => large,
        0 => small,
        _ => place_by(model, base, displaced, wary, budget),
    };
    (fleet, unplaced, spent + more)
}

/// The same; `wary` of small nodes or not.
fn place_by(
    model: &Model<'_>,
    base: &Fleet,
    displaced: &[(u32, u32)],
    wary: bool,
    budget: u64,
) -> Placed {
    let mut spent = 0;
    let mut basis = None;
    for turn in 0..=TIGHTENINGS {
        let spot = turn < TIGHTENINGS;
        let draft = Draft::new(model, base, displaced, (spot, wary), basis);
        let packing = solve(&draft.problem, budget, model.input.seed);
        spent += packing.spent + draft.size();
        let (fleet, unplaced) = draft.read(base, packing);
        if within_caps(model, base, &fleet) {
            return (Some(fleet), unplaced, spent);
        }
        let total = fleet.spot_cpu(model).values().map(|used| used.cpu).sum::<u64>();
        // A little at first: three zones of 34 % leave little to spare.
        let less = draft.basis >> (8_u32.saturating_sub(2 * turn));
        basis = Some(total.min(draft.basis - less));
    }
    (None, displaced.to_vec(), spent)
}

/// Pods of retired nodes, and pods that wait, by class.
pub(crate) fn displaced(model: &Model<'_>, nodes: impl Iterator<Item = u32>) -> Load {
    let mut classes: BTreeMap<u32, u32> = BTreeMap::new();
    for at in nodes {
        for (class, count) in &model.nodes[at as usize].load {
            *classes.entry(*class).or_default() += count;
        }
    }
    classes.into_iter().collect()
}

/// Nodes that may be retired.
pub(crate) fn candidates(model: &Model<'_>) -> impl Iterator<Item = u32> {
    model
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.verdict == Verdict::Candidate)
        .map(|(at, _)| at as u32)
}
