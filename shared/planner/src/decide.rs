//! The decision: model, choice, commands, and all that is said about them.

use crate::bound::lower_bound;
use crate::commands::commands;
use crate::fleet::Fleet;
use crate::model::Model;
use crate::packing::Member;
use crate::position::position;
use crate::rehearse::Rehearsed;
use crate::settle::{Settled, settle};
use crate::stays;
use crate::steps::{Destination, Move, Step};
use crate::words::duration;
use domain::finding::{Finding, FindingCode};
use domain::plan::{Plan, PlanningInput};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Older snapshots are not to be acted on, seconds.
const SNAPSHOT_AGE: i64 = 90;
/// Older prices are not to be acted on, seconds.
const PRICE_AGE: i64 = 3_600;

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
    let (mut model, mut settled) = settle(Model::new(&input));
    // Of every pod there is; a wary model leaves out those that it gives no zone.
    let before = position(&model, &Fleet::default());
    if counted_in_vain(&model, &settled.rehearsed.fleet) {
        (model, settled) = settle(Model::wary(&input));
    }
    let model = &model;
    let Settled { choice, rehearsed, too_little, .. } = &settled;
    let Rehearsed { fleet, steps, moves, .. } = rehearsed;
    let after = position(model, fleet);
    let bound = lower_bound(model, fleet);
    let mut findings = model.findings.clone();
    findings.extend(stays::findings(model, choice, fleet));
    findings.extend(staleness(&input));
    let plan = Plan {
        decided_at: input.now,
        lower_bound_per_hour: bound,
        gap_ppm: (after.cost_per_hour - bound).ppm_of(bound),
        before,
        after,
        commands: commands(model, &settled),
        stays: stays::stays(model, choice, fleet, too_little.as_deref()),
        findings: findings.into_iter().collect(),
    };
    let placements = placements(model, fleet, steps, moves);
    Decision { plan, placements }
}

/// Whether pods find no place that others, spread over zones with them, were given places on account of.
fn counted_in_vain(model: &Model<'_>, fleet: &Fleet) -> bool {
    let spread = |member: &Member| {
        let group = member.group as usize;
        member.counted && !model.together[group] && !model.groups[group].exclusive
    };
    fleet.homeless.iter().any(|(class, _)| model.classes[*class as usize].zonal.iter().any(spread))
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
                "The snapshot is {} old: do not act on it, take a new one.",
                duration(snapshot.unsigned_abs())
            ),
        ));
    }
    if prices > PRICE_AGE {
        findings.push(Finding::new(
            FindingCode::PricesStale,
            "prices",
            format!(
                "The newest price is {} old: do not act on it, refresh prices.",
                duration(prices.unsigned_abs())
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
