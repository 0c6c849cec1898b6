//! A plan as it goes over the wire: the domain's fields, with money as texts.

use api::view::{FindingView, MoneyView, PoolView, WorkloadRefView};
use domain::plan;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a fleet costs and risks.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Position {
    /// All nodes whose price is known.
    pub cost_per_hour: MoneyView,
    /// Nodes.
    pub nodes: u32,
    /// Of them on Spot.
    pub spot_nodes: u32,
    /// Share of requested CPU on Spot, parts per million.
    pub spot_cpu_ppm: i64,
    /// Requested of allocatable CPU, parts per million.
    pub cpu_utilisation_ppm: i64,
    /// Requested of allocatable memory, parts per million.
    pub memory_utilisation_ppm: i64,
    /// Expected interruptions of its nodes in a month, thousandths.
    pub monthly_interruptions_milli: i64,
    /// What these are expected to cost in an hour.
    pub interruption_cost_per_hour: MoneyView,
    /// The workload that loses most with one Spot pool.
    #[schema(required = true)]
    pub worst_pool_loss: Option<PoolLoss>,
}

/// What a workload loses with one pool.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct PoolLoss {
    /// The pool that is lost.
    pub pool: PoolView,
    /// The workload.
    pub workload: WorkloadRefView,
    /// Replicas lost.
    pub lost: u32,
    /// Of how many.
    pub replicas: u32,
}

/// What to change, why, and what it will cost. Immutable.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Plan {
    /// The moment of the decision.
    #[schema(value_type = String, format = DateTime)]
    pub decided_at: Timestamp,
    /// The fleet as it is.
    pub before: Position,
    /// The fleet once every command is carried out.
    pub after: Position,
    /// No fleet that runs these pods within policy and template costs less.
    pub lower_bound_per_hour: MoneyView,
    /// How far `after` is above the bound, parts per million.
    pub gap_ppm: i64,
    /// In the order of their carrying out.
    pub commands: Vec<Command>,
    /// Nodes no command touches, with what keeps them.
    pub stays: Vec<Stay>,
    /// What could not be judged or honoured.
    pub findings: Vec<FindingView>,
}

/// Launch some nodes, then retire some.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Command {
    /// Place in the plan, from 0.
    pub index: u32,
    /// Launched first.
    pub launch: Vec<Launch>,
    /// Drained in this order.
    pub retire: Vec<Retire>,
    /// Cost of the retired nodes less cost of the launched ones.
    pub saving_per_hour: MoneyView,
    /// Why.
    pub reason: Reason,
    /// What else was looked at and why it was not taken.
    pub rejected: Vec<Alternative>,
}

/// Nodes of one pool to launch.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Launch {
    /// How many.
    pub count: u32,
    /// Pools in the order they are tried.
    pub choices: Vec<Choice>,
    /// Labels the nodes get.
    pub labels: BTreeMap<String, String>,
    /// What is expected to run on all of them together.
    pub packing: Vec<PodShare>,
}

/// A pool to launch in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Choice {
    /// The pool.
    pub pool: PoolView,
    /// What a node costs in an hour.
    pub price_per_hour: MoneyView,
    /// The price is modelled rather than read.
    pub estimated: bool,
    /// Expected interruptions of one node in a month, parts per million.
    pub monthly_interruption_ppm: u32,
    /// CPU that pods may use, thousandths.
    pub cpu_milli: u64,
    /// Memory that pods may use, MiB.
    pub memory_mib: u64,
}

/// How many pods of a workload are expected on a node.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct PodShare {
    /// The workload.
    pub workload: WorkloadRefView,
    /// Pods.
    pub pods: u32,
    /// Their requested CPU, thousandths.
    pub cpu_milli: u64,
    /// Their requested memory, MiB.
    pub memory_mib: u64,
}

/// A node to retire.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Retire {
    /// The Node object's name.
    pub node: String,
    /// The instance behind it.
    pub instance_id: String,
    /// The managed node group it belongs to.
    #[schema(required = true)]
    pub node_group: Option<String>,
    /// Its pool.
    pub pool: PoolView,
    /// What it costs in an hour.
    pub price_per_hour: MoneyView,
    /// Evictable pods on it.
    pub evictable_pods: u32,
    /// How often its drain waits for replacements of evicted pods, and once more: 1 where all may go at
    /// once.
    pub drain_rounds: u32,
}

api::wire_enum! {
    /// What kind of gain.
    ReasonKind of domain::plan::ReasonKind, "snake_case" {
        Empty, Consolidation, Spot, Diversification, Provisioning
    }
}

api::wire_enum! {
    /// What keeps a node.
    StayReason of domain::plan::StayReason, "snake_case" {
        WellUsed, Blocked, NotJudged, Cooldown, NotWorthIt
    }
}

/// Why a command is worth it, in numbers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Reason {
    /// What kind of gain.
    pub kind: ReasonKind,
    /// One sentence with the numbers.
    pub text: String,
    /// Pods that are evicted.
    pub evictions: u32,
    /// What the disruption is held to cost.
    pub disruption_cost: MoneyView,
    /// What expected interruptions cost more in an hour than before; below zero where they cost less.
    pub added_interruption_cost_per_hour: MoneyView,
    /// Seconds until the saving, less what interruptions cost more, has paid for the disruption.
    pub payback_seconds: u64,
}

/// Something that was not chosen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Alternative {
    /// What.
    pub what: String,
    /// What it would have cost in an hour.
    pub cost_per_hour: MoneyView,
    /// Why not.
    pub why: String,
}

/// A node that no command touches.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Stay {
    /// The Node object's name.
    pub node: String,
    /// What keeps it.
    pub reason: StayReason,
    /// One sentence.
    pub text: String,
}

fn all<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

impl From<plan::Position> for Position {
    fn from(it: plan::Position) -> Self {
        Self {
            cost_per_hour: it.cost_per_hour.into(),
            nodes: it.nodes,
            spot_nodes: it.spot_nodes,
            spot_cpu_ppm: it.spot_cpu_ppm,
            cpu_utilisation_ppm: it.cpu_utilisation_ppm,
            memory_utilisation_ppm: it.memory_utilisation_ppm,
            monthly_interruptions_milli: it.monthly_interruptions_milli,
            interruption_cost_per_hour: it.interruption_cost_per_hour.into(),
            worst_pool_loss: it.worst_pool_loss.map(|loss| PoolLoss {
                pool: (&loss.pool).into(),
                workload: (&loss.workload).into(),
                lost: loss.lost,
                replicas: loss.replicas,
            }),
        }
    }
}

impl From<plan::Plan> for Plan {
    fn from(it: plan::Plan) -> Self {
        Self {
            decided_at: it.decided_at,
            before: it.before.into(),
            after: it.after.into(),
            lower_bound_per_hour: it.lower_bound_per_hour.into(),
            gap_ppm: it.gap_ppm,
            commands: all(it.commands),
            stays: all(it.stays),
            findings: it.findings.iter().map(FindingView::from).collect(),
        }
    }
}

impl From<plan::Command> for Command {
    fn from(it: plan::Command) -> Self {
        Self {
            index: it.index,
            launch: all(it.launch),
            retire: all(it.retire),
            saving_per_hour: it.saving_per_hour.into(),
            reason: Reason {
                kind: it.reason.kind.into(),
                text: it.reason.text,
                evictions: it.reason.evictions,
                disruption_cost: it.reason.disruption_cost.into(),
                added_interruption_cost_per_hour: it.reason.added_interruption_cost_per_hour.into(),
                payback_seconds: it.reason.payback_seconds,
            },
            rejected: all(it.rejected),
        }
    }
}

impl From<plan::Launch> for Launch {
    fn from(it: plan::Launch) -> Self {
        Self {
            count: it.count,
            choices: all(it.choices),
            labels: it.labels,
            packing: all(it.packing),
        }
    }
}

impl From<plan::Choice> for Choice {
    fn from(it: plan::Choice) -> Self {
        Self {
            pool: (&it.pool).into(),
            price_per_hour: it.price_per_hour.into(),
            estimated: it.estimated,
            monthly_interruption_ppm: it.monthly_interruption_ppm,
            cpu_milli: it.allocatable.cpu_milli,
            memory_mib: it.allocatable.memory_mib,
        }
    }
}

impl From<plan::PodShare> for PodShare {
    fn from(it: plan::PodShare) -> Self {
        Self {
            workload: (&it.workload).into(),
            pods: it.pods,
            cpu_milli: it.cpu_milli,
            memory_mib: it.memory_mib,
        }
    }
}

impl From<plan::Retire> for Retire {
    fn from(it: plan::Retire) -> Self {
        Self {
            node: it.node,
            instance_id: it.instance_id,
            node_group: it.node_group,
            pool: (&it.pool).into(),
            price_per_hour: it.price_per_hour.into(),
            evictable_pods: it.evictable_pods,
            drain_rounds: it.drain_rounds,
        }
    }
}

impl From<plan::Alternative> for Alternative {
    fn from(it: plan::Alternative) -> Self {
        Self { what: it.what, cost_per_hour: it.cost_per_hour.into(), why: it.why }
    }
}

impl From<plan::Stay> for Stay {
    fn from(it: plan::Stay) -> Self {
        Self { node: it.node, reason: it.reason.into(), text: it.text }
    }
}
