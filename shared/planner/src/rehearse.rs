//! Rehearsal: a plan is carried out as `domain::execution` does it, with a model of the scheduler that
//! places evicted pods. Where a pod finds no room the plan gets more, at the least cost.
//!
//! A packing shows that all pods fit; the scheduler, which spreads pods rather than packs them, may
//! still leave a hole in every node and a pod without room. What a plan is said to cost includes what
//! it takes to avoid that.

use crate::board::{Board, Temper, mix};
use crate::fleet::{Fleet, NewNode};
use crate::model::Model;
use crate::place::place;
use crate::relieve::{Added, relieve};
use crate::steps::{Move, Step, steps};
use domain::Money;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A fleet that was carried out without leaving a pod behind, and what that took.
#[derive(Debug)]
pub(crate) struct Rehearsed {
    pub(crate) fleet: Fleet,
    pub(crate) steps: Vec<Step>,
    pub(crate) moves: Vec<Move>,
    pub(crate) added: Vec<Added>,
}

/// Evicted pods that found no room.
#[derive(Debug)]
pub(crate) struct Short {
    /// The node they were evicted from.
    pub(crate) from: u32,
    pub(crate) class: u32,
    pub(crate) count: u32,
    /// Where constraints over zones would have let them be.
    pub(crate) zones: Vec<String>,
}

/// Steps that a plan is cut into at most, each with node groups of its own. One step leaves the
/// scheduler more room, so that is tried too.
const GENTLE: usize = 10;
/// Nodes looked at before a plan that left no pod behind is taken to be good.
const ENOUGH: u64 = 2_000_000;
/// Nodes looked at before what the last rehearsal found is added without another: so many, or in large
/// clusters so many for each pod that is evicted.
pub(crate) const MOST: u64 = 6_000_000;
const MOST_FOR_EACH: u64 = 400;
/// Rehearsals of a plan, where the cluster is small enough: chance decides the order of pods and ties,
/// so that one more finds little that these did not.
const REHEARSALS: u64 = 400;

/// Priority from which pods are `system-cluster-critical` or `system-node-critical`, and evicted last.
const CRITICAL: i32 = 2_000_000_000;

/// How many nodes may be looked at in all.
fn most(model: &Model<'_>, fleet: &Fleet) -> u64 {
    let evicted = fleet.retired.iter().map(|at| model.nodes[*at as usize].evictable);
    MOST.max(MOST_FOR_EACH * evicted.map(u64::from).sum::<u64>())
}

/// How each rehearsal differs: in the first two large pods come last.
const fn temper(number: u64) -> Temper {
    Temper {
        balance: (number % 2) as i64,
        noise: if number.is_multiple_of(4) { 20 } else { 0 },
        at_once: (number / 2).is_multiple_of(2),
        seed: number,
    }
}

/// A fleet that rehearsals show to be carried out in gentle steps with nothing added. `effort` grows by the
/// nodes looked at.
pub(crate) fn as_it_is(model: &Model<'_>, fleet: &Fleet, effort: &mut u64) -> Option<Rehearsed> {
    let (short, _) = lacking_room(model, fleet, GENTLE, 0, effort);
    short.is_empty().then(|| {
        let (steps, moves) = in_steps(model, fleet, GENTLE);
        Rehearsed { fleet: fleet.clone(), steps, moves, added: Vec::new() }
    })
}

/// Rehearses a fleet's change, and adds to it what it lacks. `None` where that would cost more than
/// `worth`, or nothing that could be added helps. `effort` grows by the nodes looked at.
pub(crate) fn rehearse(
    model: &Model<'_>,
    fleet: &Fleet,
    worth: Money,
    effort: &mut u64,
) -> Option<Rehearsed> {
    let mut checks = 0;
    let gentle = amend(model, fleet.clone(), worth, GENTLE, &mut checks);
    *effort += checks;
    if gentle.as_ref().is_some_and(|gentle| gentle.added.is_empty())
        || checks > most(model, fleet) / 2
    {
        return gentle;
    }
    let before = checks;
    let at_once = amend(model, fleet.clone(), worth, 1, &mut checks);
    *effort += checks - before;
    let cost = |way: &Rehearsed| way.fleet.objective(model);
    gentle.into_iter().chain(at_once).min_by_key(cost)
}

/// Adds to a fleet until rehearsals leave no pod behind: half of what is lacking at a time, since one
/// addition often helps more pods than it was made for.
fn amend(
    model: &Model<'_>,
    mut fleet: Fleet,
    worth: Money,
    cut: usize,
    checks: &mut u64,
) -> Option<Rehearsed> {
    let mut added: Vec<Added> = Vec::new();
    let mut spent = Money::ZERO;
    let mut number = 0;
    let most = most(model, &fleet);
    loop {
        let (mut short, passed) = lacking_room(model, &fleet, cut, number, checks);
        if short.is_empty() {
            let fleet = if added.is_empty() { fleet } else { trim(model, fleet, cut, checks) };
            let (steps, moves) = in_steps(model, &fleet, cut);
            return Some(Rehearsed { fleet, steps, moves, added });
        }
        // The next rehearsals begin with the one that failed.
        number += passed;
        let lacking = |short: &[Short]| short.iter().map(|short| short.count).sum::<u32>();
        let leave = if *checks < most { lacking(&short) / 2 } else { 0 };
        while lacking(&short) > leave {
            let (better, what) = relieve(model, &fleet, &mut short)?;
            fleet = better;
            spent += what.cost;
            added.push(what);
            if spent > worth {
                return None;
            }
        }
        if *checks >= most {
            let (steps, moves) = in_steps(model, &fleet, cut);
            return Some(Rehearsed { fleet, steps, moves, added });
        }
    }
}

/// Rehearses until something lacks room or nothing is likely to. Returns what lacked it, and how many
/// rehearsals went well.
fn lacking_room(
    model: &Model<'_>,
    fleet: &Fleet,
    cut: usize,
    first: u64,
    checks: &mut u64,
) -> (Vec<Short>, u64) {
    if fleet.retired.is_empty() {
        // Pods that wait may go on waiting.
        return (Vec::new(), 0);
    }
    let (steps, _) = in_steps(model, fleet, cut);
    let (mut short, mut passed, start) = (Vec::new(), 0, *checks);
    while short.is_empty() && passed < REHEARSALS && (passed == 0 || *checks - start < ENOUGH) {
        short = carry_out(model, fleet, &steps, temper(first + passed), checks);
        passed += u64::from(short.is_empty());
    }
    (short, passed)
}

/// Does without launched nodes, or with cheaper ones, where the room that was added allows it.
fn trim(model: &Model<'_>, mut fleet: Fleet, cut: usize, checks: &mut u64) -> Fleet {
    let mut order: Vec<NewNode> = fleet.launched.clone();
    let most = most(model, &fleet);
    order.sort_by_key(|new| Reverse((model.shapes[new.shape as usize].price, new.clone())));
    for new in order {
        let Some(at) = fleet.launched.iter().position(|known| *known == new) else { continue };
        if *checks > most / 2 {
            break;
        }
        let mut base = fleet.clone();
        base.launched.remove(at);
        let (Some(better), unplaced, _) = place(model, &base, &new.load, 0) else { continue };
        if unplaced.is_empty()
            && better.miscount(model) <= fleet.miscount(model)
            && better.objective(model) < fleet.objective(model)
            && lacking_room(model, &better, cut, 0, checks).0.is_empty()
        {
            fleet = better;
        }
    }
    fleet
}

fn in_steps(model: &Model<'_>, fleet: &Fleet, cut: usize) -> (Vec<Step>, Vec<Move>) {
    let (mut steps, moves) = steps(model, fleet, cut);
    for step in &mut steps {
        drain_order(model, step);
    }
    (steps, moves)
}

/// Nodes whose drains wait least for budgets and `StatefulSets` go first, so that one that comes to a halt
/// holds up no other; among them nodes with large pods, while there is most room.
fn drain_order(model: &Model<'_>, step: &mut Step) {
    let largest = |at: &u32| {
        let load = &model.nodes[*at as usize].load;
        load.iter().map(|(class, _)| model.classes[*class as usize].size).max()
    };
    let rounds = |at: &u32| model.nodes[*at as usize].rounds;
    step.retire.sort_by_key(|at| (rounds(at), Reverse(largest(at)), *at));
}

/// Carries every step out. Returns what found no room when it was evicted. Pods that wait already take
/// their places first, and may go on waiting: the next plan is for them.
fn carry_out(
    model: &Model<'_>,
    fleet: &Fleet,
    steps: &[Step],
    temper: Temper,
    checks: &mut u64,
) -> Vec<Short> {
    let mut board = Board::new(model, temper);
    let pods = |(class, count): &(u32, u32)| std::iter::repeat_n(*class, *count as usize);
    let mut waiting: Vec<u32> = model.pending.iter().chain(&model.rivals).flat_map(pods).collect();
    waiting.sort_by_key(|class| Reverse(model.classes[*class as usize].priority));
    let mut short = Vec::new();
    for step in steps {
        for at in &step.launch {
            board.launch(fleet.launched[*at].shape);
        }
        waiting.retain(|class| !board.place(*class));
        for node in &step.retire {
            board.cordon(*node);
        }
        for node in &step.retire {
            let mut evicted = board.pods(*node);
            in_order(model, &mut evicted, temper);
            let mut left: BTreeMap<u32, u32> = BTreeMap::new();
            let critical = |class: &u32| model.classes[*class as usize].priority >= CRITICAL;
            for stage in evicted.chunk_by(|one, next| critical(one) == critical(next)) {
                for class in stage.iter().filter(|_| temper.at_once) {
                    board.evict(*node, *class);
                }
                for class in stage {
                    if !temper.at_once {
                        board.evict(*node, *class);
                    }
                    if !board.place(*class) {
                        *left.entry(*class).or_default() += 1;
                    }
                }
            }
            short.extend(left.into_iter().map(|(class, count)| Short {
                from: *node,
                class,
                count,
                zones: board.zones_open_to(class).into_iter().map(str::to_owned).collect(),
            }));
            board.remove(*node);
        }
    }
    *checks += board.checks;
    short
}

/// The order in which evicted pods come back: what the system needs is evicted last, and of pods that
/// wait together the scheduler takes the highest priority first.
fn in_order(model: &Model<'_>, evicted: &mut [u32], temper: Temper) {
    if temper.seed < 2 {
        evicted.sort_by_key(|class| (model.classes[*class as usize].size, *class));
    } else {
        for at in (1..evicted.len()).rev() {
            let other = mix(temper.seed << 32 ^ at as u64) % (at as u64 + 1);
            evicted.swap(at, other as usize);
        }
        // A pod lacks room most easily when it comes after all others: each kind does in some rehearsal.
        let last = temper.seed.is_multiple_of(3) && !evicted.is_empty();
        let last = last.then(|| evicted[(mix(temper.seed) % evicted.len() as u64) as usize]);
        evicted.sort_by_key(|class| Some(*class) == last);
    }
    evicted.sort_by_key(|class| {
        let priority = model.classes[*class as usize].priority;
        (priority >= CRITICAL, temper.at_once.then_some(Reverse(priority)))
    });
}
