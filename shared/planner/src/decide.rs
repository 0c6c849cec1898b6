//! The decision: model, choice, commands, and all that is said about them.

use crate::bound::lower_bound;
use crate::choose::{Choice, choose};
use crate::commands::commands;
use crate::fleet::Fleet;
use crate::model::Model;
use crate::payback::Gain;
use crate::position::position;
use crate::rehearse::{MOST, Rehearsed, rehearse};
use crate::stays;
use crate::steps::{Destination, Move, Step, steps};
use crate::words::usd;
use domain::Money;
use domain::finding::{Finding, FindingCode};
use domain::plan::{Plan, PlanningInput};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Older snapshots are not to be acted on, seconds.
const SNAPSHOT_AGE: i64 = 90;
/// Older prices are not to be acted on, seconds.
const PRICE_AGE: i64 = 3_600;

/// How much less tightly other fleets are packed than the policy asks for, percent of allocatable. Each
/// gets an equal share of the budget.
const ROOMIER: [u8; 4] = [10, 15, 20, 25];
/// Nodes times their pods up to which other fleets are tried.
const SMALL: u64 = 200_000;

/// Where the plan expects a pod to go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placement {
    /// The pod's place in the snapshot, sorted by namespace and name.
    pub pod: usize,
    /// Where to.
    pub to: Target,
}

/// A node there is, or one that a command launches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A node there is, by name.
    Node(String),
    /// The `node`-th node of a launch of a command.
    Launched {
        /// The command's index.
        command: u32,
        /// The launch's place in it.
        launch: u32,
        /// Which of its nodes, from 0.
        node: u32,
    },
}

/// A plan, and where it expects every pod that moves. The scheduler decides in the end; that there is
/// such a placement is what makes the plan feasible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The plan.
    pub plan: Plan,
    /// One for each pod that is evicted, and for each pending pod that gets a place.
    pub placements: Vec<Placement>,
}

/// Decides, and says where every pod goes.
pub fn decide(input: &PlanningInput) -> Decision {
    let input = canonical(input);
    let model = Model::new(&input);
    let choice = choose(&model, input.budget);
    let before = position(&model, &Fleet::default());
    let (Rehearsed { fleet, steps, moves, added }, too_little) =
        settle(&model, &choice, before.cost_per_hour);
    let fleet = &fleet;
    let after = position(&model, fleet);
    let bound = lower_bound(&model, fleet);
    let mut findings = model.findings.clone();
    findings.extend(stays::findings(&model, &choice, fleet));
    findings.extend(staleness(&input));
    let plan = Plan {
        decided_at: input.now,
        lower_bound_per_hour: bound,
        gap_ppm: (after.cost_per_hour - bound).ppm_of(bound),
        before,
        after,
        commands: commands(&model, &choice, fleet, &steps, &added),
        stays: stays::stays(&model, &choice, fleet, too_little.as_deref()),
        findings: findings.into_iter().collect(),
    };
    let placements = placements(&model, fleet, &steps, &moves);
    Decision { plan, placements }
}

/// The best fleet, rehearsed; that of staying where the best is not worth the change, and why.
fn settle(model: &Model<'_>, choice: &Choice, before: Money) -> (Rehearsed, Option<String>) {
    let best = best_rehearsed(model, choice);
    let why = match &best {
        _ if choice.fleet.retired.is_empty() => None,
        Some(best) => too_little(model, choice, &best.fleet, before),
        None => Some(
            "Replacing it and others would leave pods without room where the scheduler puts them."
                .to_owned(),
        ),
    };
    let best = best.filter(|_| why.is_none());
    let settled = best.unwrap_or_else(|| {
        // It drains nothing.
        let (steps, moves) = steps(model, &choice.staying, 1);
        Rehearsed { fleet: choice.staying.clone(), steps, moves, added: Vec::new() }
    });
    (settled, why)
}

/// The chosen fleet with what rehearsals added to it, or one that was packed less tightly and needs
/// less, whichever costs least.
fn best_rehearsed(model: &Model<'_>, choice: &Choice) -> Option<Rehearsed> {
    let mut effort = 0;
    let worth = |than: &Fleet, fleet: &Fleet| than.cost_change(model) - fleet.cost_change(model);
    let mut best =
        rehearse(model, &choice.fleet, worth(&choice.staying, &choice.fleet), &mut effort);
    let pods: u64 = model.nodes.iter().map(|node| u64::from(node.evictable)).sum();
    if pods * model.nodes.len() as u64 > SMALL {
        return best;
    }
    for percent in ROOMIER {
        if effort > 2 * MOST || best.as_ref().is_some_and(|best| best.added.is_empty()) {
            break;
        }
        let budget = model.input.budget / ROOMIER.len() as u64;
        let roomier = choose(&model.roomier(percent), budget).fleet;
        let than = best.as_ref().map_or(&choice.staying, |best| &best.fleet);
        let other = rehearse(model, &roomier, worth(than, &roomier), &mut effort);
        let cost = |way: &Rehearsed| (way.fleet.miscount(model), way.fleet.objective(model));
        best = best.into_iter().chain(other).min_by_key(cost);
    }
    best
}

/// Why a fleet is not worth the change, in a sentence.
fn too_little(model: &Model<'_>, choice: &Choice, fleet: &Fleet, before: Money) -> Option<String> {
    let policy = &model.input.policy;
    let gain = Gain::of_fleet(model, &choice.staying, fleet);
    let saving = gain.saving;
    if saving <= Money::ZERO {
        return Some("Replacing it would save nothing.".to_owned());
    }
    let least =
        before.ratio(i128::from(policy.min_saving_percent), 100).max(policy.min_saving_per_hour);
    if saving < least {
        return Some(format!(
            "Replacing it and others would save {} USD/h together; the policy asks for at least {} USD/h.",
            usd(saving),
            usd(least)
        ));
    }
    (!gain.pays()).then(|| format!(
        "Replacing it and others would save {} USD/h together, less {} USD/h that interruptions are expected to cost more, which within {} hours does not pay for the disruption of {} pods ({} USD).",
        usd(saving), usd(gain.added_risk), gain.life_seconds / 3_600, gain.evictions, usd(gain.disruption)
    ))
}

fn staleness(input: &PlanningInput) -> Vec<Finding> {
    let age = |then: jiff::Timestamp| input.now.duration_since(then).as_secs();
    let mut findings = Vec::new();
    let (snapshot, prices) = (age(input.snapshot.taken_at), age(input.market.priced_at));
    if snapshot > SNAPSHOT_AGE {
        findings.push(Finding::new(
            FindingCode::SnapshotStale,
            "snapshot",
            format!(
                "The snapshot is {} minutes old: do not act on it, take a new one.",
                snapshot / 60
            ),
        ));
    }
    if prices > PRICE_AGE {
        findings.push(Finding::new(
            FindingCode::PricesStale,
            "prices",
            format!(
                "The newest price is {} hours old: do not act on it, refresh prices.",
                prices / 3_600
            ),
        ));
    }
    findings
}

/// The input in its canonical order, which alone the decision may rest on.
fn canonical(input: &PlanningInput) -> Cow<'_, PlanningInput> {
    let snapshot = &input.snapshot;
    let sorted = snapshot.nodes.is_sorted_by(|one, other| one.name < other.name)
        && snapshot.pods.is_sorted_by(|one, other| {
            (&one.namespace, &one.name, &one.uid) <= (&other.namespace, &other.name, &other.uid)
        })
        && snapshot.disruption_budgets.is_sorted_by(|one, other| {
            (&one.namespace, &one.name) <= (&other.namespace, &other.name)
        })
        && input.market.offerings.is_sorted_by(|one, other| one.pool < other.pool);
    if sorted {
        return Cow::Borrowed(input);
    }
    let mut input = input.clone();
    let snapshot = &mut input.snapshot;
    snapshot.nodes.sort_by(|one, other| one.name.cmp(&other.name));
    snapshot.nodes.dedup_by(|one, other| one.name == other.name);
    snapshot.pods.sort_by(|one, other| {
        (&one.namespace, &one.name, &one.uid).cmp(&(&other.namespace, &other.name, &other.uid))
    });
    snapshot
        .disruption_budgets
        .sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
    input.market.offerings.sort_by(|one, other| {
        one.pool.cmp(&other.pool).then(one.price_per_hour.cmp(&other.price_per_hour))
    });
    input.market.offerings.dedup_by(|one, other| one.pool == other.pool);
    Cow::Owned(input)
}

/// Pods by name for the moves of classes.
fn placements(model: &Model<'_>, fleet: &Fleet, steps: &[Step], moves: &[Move]) -> Vec<Placement> {
    let snapshot = &model.input.snapshot;
    let places: BTreeMap<&str, u32> = snapshot
        .nodes
        .iter()
        .enumerate()
        .map(|(at, node)| (node.name.as_str(), at as u32))
        .collect();
    let mut pods: BTreeMap<(Option<u32>, u32), Vec<usize>> = BTreeMap::new();
    for (at, class) in model.class_of.iter().enumerate().rev() {
        if let Some(class) = class {
            let node = snapshot.pods[at].node.as_deref().and_then(|name| places.get(name));
            pods.entry((node.copied(), *class)).or_default().push(at);
        }
    }
    let mut launched: BTreeMap<usize, Target> = BTreeMap::new();
    for (command, step) in steps.iter().enumerate() {
        let mut shapes: BTreeMap<u32, u32> = BTreeMap::new();
        let kinds: std::collections::BTreeSet<u32> =
            step.launch.iter().map(|at| fleet.launched[*at].shape).collect();
        for at in &step.launch {
            let shape = fleet.launched[*at].shape;
            let node = shapes.entry(shape).or_default();
            let launch = kinds.range(..shape).count() as u32;
            launched.insert(*at, Target::Launched { command: command as u32, launch, node: *node });
            *node += 1;
        }
    }
    let mut placements = Vec::new();
    for step in moves {
        let target = match step.to {
            Destination::Node(at) => Target::Node(snapshot.nodes[at as usize].name.clone()),
            Destination::Launched(at) => launched[&at].clone(),
        };
        let Some(waiting) = pods.get_mut(&(step.from, step.class)) else { continue };
        for _ in 0..step.count {
            let Some(pod) = waiting.pop() else { break };
            placements.push(Placement { pod, to: target.clone() });
        }
    }
    placements.sort();
    placements
}
