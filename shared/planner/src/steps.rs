//! From a fleet to steps: which nodes to launch before which may be drained, in small groups that
//! each leave room for every pod and lose no money.

use crate::fleet::Fleet;
use crate::model::Model;
use crate::payback::Gain;
use domain::Money;
use std::collections::BTreeMap;

/// Nodes launched and then nodes retired. Numbers of launched nodes, and of nodes there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    pub(crate) launch: Vec<usize>,
    pub(crate) retire: Vec<u32>,
}

/// Where a pod of a class goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Destination {
    /// A node there is.
    Node(u32),
    /// A launched node, by its number in the fleet.
    Launched(usize),
}

/// Pods of a class from a node (or that wait) to a destination.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub(crate) from: Option<u32>,
    pub(crate) class: u32,
    pub(crate) count: u32,
    pub(crate) to: Destination,
}

/// Cuts a fleet's change into at most `most` steps, since every step makes node groups of its own, and
/// one for empty nodes; says which pods go where.
pub(crate) fn steps(model: &Model<'_>, fleet: &Fleet, most: usize) -> (Vec<Step>, Vec<Move>) {
    let order = launch_order(fleet);
    let moves = moves(model, fleet, &order);
    let rank: BTreeMap<usize, usize> =
        order.iter().enumerate().map(|(rank, at)| (*at, rank + 1)).collect();
    // After how many launches each node may go.
    let mut ready: BTreeMap<u32, usize> = fleet.retired.iter().map(|at| (*at, 0)).collect();
    for step in &moves {
        if let (Some(from), Destination::Launched(to)) = (step.from, step.to) {
            let at = ready.entry(from).or_default();
            *at = (*at).max(rank[&to]);
        }
    }
    let least = fleet.retired.len().div_ceil(most).max(1);
    let mut steps: Vec<Step> = Vec::new();
    let mut open = Step::default();
    let (empty, used): (Vec<u32>, Vec<u32>) =
        fleet.retired.iter().partition(|at| model.nodes[**at as usize].evictable == 0);
    // Pods that wait are about to fill what is empty.
    let first = model.pending.is_empty() && model.rivals.is_empty();
    let empty = Step { launch: Vec::new(), retire: empty };
    if first && !empty.retire.is_empty() {
        steps.push(empty.clone());
    }
    for launched in 0..=order.len() {
        if launched > 0 {
            open.launch.push(order[launched - 1]);
        }
        open.retire.extend(used.iter().filter(|at| ready[at] == launched));
        if open.retire.len() >= least && Gain::of_step(model, fleet, &open).pays() {
            steps.push(std::mem::take(&mut open));
        }
    }
    if !open.launch.is_empty() || !open.retire.is_empty() {
        // What does not pay by itself goes with the step before it.
        match steps.last_mut() {
            Some(last) if !open.retire.is_empty() && !last.launch.is_empty() => {
                last.launch.append(&mut open.launch);
                last.retire.append(&mut open.retire);
            }
            _ => steps.push(open),
        }
    }
    if !first && !empty.retire.is_empty() {
        steps.push(empty);
    }
    (steps, moves)
}

/// Cost of the retired nodes less cost of the launched ones.
pub(crate) fn saving(model: &Model<'_>, fleet: &Fleet, step: &Step) -> Money {
    let retired: Money = step.retire.iter().filter_map(|at| model.nodes[*at as usize].price).sum();
    let launched: Money =
        step.launch.iter().map(|at| model.shapes[fleet.launched[*at].shape as usize].price).sum();
    retired - launched
}

/// Nodes that are only room to spare first; then equal ones side by side, so that a step has few kinds.
fn launch_order(fleet: &Fleet) -> Vec<usize> {
    let mut order: Vec<usize> = (0..fleet.launched.len()).collect();
    order.sort_by_key(|at| (!fleet.launched[*at].load.is_empty(), &fleet.launched[*at], *at));
    order
}

/// Gives every place a pod: those that wait first, then those of the node that is nearest to empty.
fn moves(model: &Model<'_>, fleet: &Fleet, order: &[usize]) -> Vec<Move> {
    let mut waiting: BTreeMap<u32, u32> = model.pending.iter().copied().collect();
    let mut left = vec![0; model.nodes.len()];
    let mut holders: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
    for at in &fleet.retired {
        for (class, count) in &model.nodes[*at as usize].load {
            holders.entry(*class).or_default().push((*at, *count));
            left[*at as usize] += count;
        }
    }
    let there = fleet.moved_in.iter().map(|(at, load)| (Destination::Node(*at), load));
    let launched = order.iter().map(|at| (Destination::Launched(*at), &fleet.launched[*at].load));
    // The last place that got a pod of each node: large clusters have too many for a set to be asked.
    let mut touched = vec![None; model.nodes.len()];
    let mut moves = Vec::new();
    for (number, (to, load)) in there.chain(launched).enumerate() {
        for &(class, mut count) in load {
            let waits = waiting.entry(class).or_default();
            let taken = (*waits).min(count);
            if taken > 0 {
                *waits -= taken;
                count -= taken;
                moves.push(Move { from: None, class, count: taken, to });
            }
            while count > 0 {
                let Some(held) = holders.get_mut(&class) else { break };
                let rank = |&(_, &(at, _)): &(usize, &(u32, u32))| {
                    (touched[at as usize] != Some(number), left[at as usize], at)
                };
                let Some((place, &(at, have))) = held.iter().enumerate().min_by_key(rank) else {
                    break;
                };
                touched[at as usize] = Some(number);
                let taken = have.min(count);
                count -= taken;
                if have == taken {
                    held.swap_remove(place);
                } else {
                    held[place].1 = have - taken;
                }
                left[at as usize] -= taken;
                moves.push(Move { from: Some(at), class, count: taken, to });
            }
        }
    }
    moves
}
