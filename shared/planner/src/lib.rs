//! Decides: `plan(&PlanningInput) -> Plan`. No IO, no async, no clock, no randomness.
//!
//! ```text
//! PlanningInput ─ model ─→ classes of pods, shapes of new nodes, what each node may become
//!                   │
//!                settle ─→ with preferences where they are worth it, and without any
//!                   │
//!                choose ─→ which nodes to retire: whole fleets, then node by node
//!                   │        each time `place` packs the displaced pods with `packing`
//!                 steps ─→ launches and drains in an order that always leaves room
//!                   │
//!              rehearse ─→ carries the steps out with a model of the scheduler; adds the room it needs,
//!                   │        or takes a fleet that was chosen to have room
//!                   │
//!              commands ─→ reasons, alternatives, stays, positions, the lower bound
//! ```
//!
//! What pods only prefer: preferred node affinity is met where it costs less than it is held to be
//! worth (`model/preferences.rs`). Spread over zones with `ScheduleAnyway` decides between zones where a
//! node costs the same (`spreading.rs`), and over nodes it binds nothing: the rehearsal's scheduler keeps
//! all replicas apart over nodes and zones as far as there is room, as the default constraints of
//! kube-scheduler do, and the policy's caps per zone and pool keep Spot from one place. Preferred
//! affinity between pods is not in a snapshot and left to the scheduler.
//!
//! What limits evictions (`domain::disruption`): budgets, and StatefulSets without one, keep a node that
//! cannot be drained now, and else say in which order the nodes of a step are drained.
//!
//! **Invariant:** the same input gives the same bytes, whatever the order of its lists.
//! **Invariant:** a node that cannot be judged, or holds a pod that may not be moved, is in no command.
//! **Invariant:** an evicted pod has a place, and after each command all pods so far evicted have one.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod board;
mod bound;
mod caps;
mod choose;
mod commands;
mod decide;
mod draft;
mod evening;
mod explain;
mod fleet;
mod model;
pub mod packing;
mod payback;
mod place;
mod position;
mod preferring;
mod quotas;
mod reason;
mod rehearse;
mod rejected;
mod relieve;
mod settle;
mod sides;
mod spreading;
mod stays;
mod steps;
mod survey;
mod words;

pub use decide::{Decision, Placement, Target, decide};
pub use explain::explain;
pub use survey::{Survey, survey};

use domain::plan::{Plan, PlanningInput};

/// What to change in a cluster, why, and what it will cost.
///
/// Total: whatever cannot be used of the input becomes a finding. `input.budget` units of work are
/// spent at most, beyond what a first fleet takes to find; and as many again where that fleet has to be
/// given more room.
pub fn plan(input: &PlanningInput) -> Plan {
    decide(input).plan
}
