//! A plan: what to change, why, and what it will cost. Immutable and complete: nothing is left to
//! choose when it is carried out.

use crate::Money;
use crate::finding::Finding;
use crate::offering::{Market, Pool, Resources};
use crate::policy::{NodeTemplate, Policy};
use crate::risk::RiskModel;
use crate::snapshot::{ClusterSnapshot, Labels, Taint, WorkloadRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that a decision rests on. Stored beside the plan; planning it again gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanningInput {
    /// The cluster.
    pub snapshot: ClusterSnapshot,
    /// What may be bought.
    pub market: Market,
    /// What the owner allows.
    pub policy: Policy,
    /// Which machines may be launched.
    pub template: NodeTemplate,
    /// What was seen of Spot pools beside the Spot Advisor's figures.
    #[serde(default)]
    pub risk: RiskModel,
    /// vCPUs of on-demand instances in the region that Reserved Instances and Savings Plans pay for
    /// whether they run or not, by family such as `m5`: within a family both are flexible in size, by
    /// a factor that goes with the vCPUs.
    #[serde(default)]
    pub covered_vcpus: BTreeMap<String, u32>,
    /// The moment of the decision.
    pub now: Timestamp,
    /// How long to search, in the planner's units of work, so that a replay does not depend on the
    /// machine. 1 000 units are about a millisecond of one core.
    pub budget: u64,
    /// Seed of the search.
    pub seed: u64,
}

/// What a fleet costs and risks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// All nodes whose price is known. What Reserved Instances and Savings Plans cover costs nothing:
    /// it is paid for all the same.
    pub cost_per_hour: Money,
    /// Nodes.
    pub nodes: u32,
    /// Of them on Spot.
    pub spot_nodes: u32,
    /// Share of requested CPU on Spot, ppm.
    pub spot_cpu_ppm: i64,
    /// Requested of allocatable CPU, ppm.
    pub cpu_utilisation_ppm: i64,
    /// Requested of allocatable memory, ppm.
    pub memory_utilisation_ppm: i64,
    /// Expected interruptions of its nodes in a month, thousandths.
    pub monthly_interruptions_milli: i64,
    /// What these are expected to cost in an hour: disrupted pods, and nodes that run beside their
    /// replacements.
    #[serde(default)]
    pub interruption_cost_per_hour: Money,
    /// The workload that loses the largest share of its replicas with one Spot pool.
    pub worst_pool_loss: Option<PoolLoss>,
}

/// What a workload loses with one pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolLoss {
    /// The pool that is lost.
    pub pool: Pool,
    /// The workload.
    pub workload: WorkloadRef,
    /// Replicas lost.
    pub lost: u32,
    /// Of how many.
    pub replicas: u32,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The moment of the decision.
    pub decided_at: Timestamp,
    /// The fleet as it is.
    pub before: Position,
    /// The fleet once every command is carried out.
    pub after: Position,
    /// No fleet that runs these pods within policy and template costs less. See the planner's docs.
    pub lower_bound_per_hour: Money,
    /// How far `after` is above the bound, ppm of the bound.
    pub gap_ppm: i64,
    /// In the order of their carrying out; each leaves the cluster with room for its pods.
    pub commands: Vec<Command>,
    /// Nodes no command touches, with what keeps them.
    pub stays: Vec<Stay>,
    /// What could not be judged or honoured.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// What it saves in an hour once carried out.
    pub fn saving_per_hour(&self) -> Money {
        self.before.cost_per_hour - self.after.cost_per_hour
    }
}

/// Launch some nodes, then retire some: an N→M replacement. Either side may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Place in the plan, from 0.
    pub index: u32,
    /// Launched first, all of them ready before anything is drained.
    pub launch: Vec<Launch>,
    /// Drained in this order, one after the other, each verified empty and then terminated.
    pub retire: Vec<Retire>,
    /// Cost of the retired nodes less cost of the launched ones.
    pub saving_per_hour: Money,
    /// Why.
    pub reason: Reason,
    /// What else was looked at and why it was not taken.
    pub rejected: Vec<Alternative>,
}

/// Nodes of one pool to launch as one node group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// How many.
    pub count: u32,
    /// Pools in the order they are tried; the first is the plan's choice, the last is on-demand.
    pub choices: Vec<Choice>,
    /// Labels the nodes need beside EKS's own, for the pods that select them.
    pub labels: Labels,
    /// Taints the nodes need, for the pods that tolerate them.
    pub taints: Vec<Taint>,
    /// What is expected to run on all of them together.
    pub packing: Vec<PodShare>,
}

/// A pool to launch in, with what it costs and risks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The pool.
    pub pool: Pool,
    /// What a node costs in an hour.
    pub price_per_hour: Money,
    /// The price is modelled rather than read.
    pub estimated: bool,
    /// Expected interruptions of one node in a month, ppm; 0 on-demand.
    pub monthly_interruption_ppm: u32,
    /// What pods may use of one node.
    pub allocatable: Resources,
}

/// How many pods of a workload are expected somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PodShare {
    /// The workload, or the pod itself where it has no controller.
    pub workload: WorkloadRef,
    /// Pods.
    pub pods: u32,
    /// Their requested CPU, thousandths.
    pub cpu_milli: u64,
    /// Their requested memory, MiB.
    pub memory_mib: u64,
}

/// A node to retire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retire {
    /// The Node object's name.
    pub node: String,
    /// The instance behind it: what is terminated must still be this one.
    pub instance_id: String,
    /// The managed node group it belongs to, where it does.
    pub node_group: Option<String>,
    /// Its pool.
    pub pool: Pool,
    /// What it costs in an hour.
    pub price_per_hour: Money,
    /// Evictable pods on it when the plan was made.
    pub evictable_pods: u32,
    /// How often its drain waits for replacements of evicted pods, and once more: budgets and
    /// `StatefulSets` let only so many go at a time.
    #[serde(default = "once")]
    pub drain_rounds: u32,
}

const fn once() -> u32 {
    1
}

/// Why a command is worth it, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What kind of gain.
    pub kind: ReasonKind,
    /// One sentence with the numbers.
    pub text: String,
    /// Pods that are evicted.
    pub evictions: u32,
    /// What the disruption is held to cost.
    pub disruption_cost: Money,
    /// What expected interruptions cost more in an hour than before; below zero where they cost less.
    #[serde(default)]
    pub added_interruption_cost_per_hour: Money,
    /// Seconds until the saving, less what interruptions cost more, has paid for the disruption.
    pub payback_seconds: u64,
}

/// Kinds of gains. Karpenter's disruption reasons, where it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// The nodes run nothing that could not go elsewhere at once.
    Empty,
    /// Fewer or smaller nodes hold the same pods.
    Consolidation,
    /// The same capacity is cheaper as Spot.
    Spot,
    /// Less risk, or within a cap that is broken now.
    Diversification,
    /// Pending pods need room.
    Provisioning,
}

/// Something that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// What: `3 × m7g.2xlarge us-east-1a spot`, `keep ip-10-0-0-1`.
    pub what: String,
    /// What it would have cost in an hour, against what the command launches.
    pub cost_per_hour: Money,
    /// Why not, with numbers.
    pub why: String,
}

/// A node that no command touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// The Node object's name.
    pub node: String,
    /// What keeps it.
    pub reason: StayReason,
    /// One sentence, with the pod or budget that blocks it.
    pub text: String,
}

/// What keeps a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StayReason {
    /// It is part of the best fleet found.
    WellUsed,
    /// Something on it may not be moved.
    Blocked,
    /// It could not be judged.
    NotJudged,
    /// It is too young to be moved again.
    Cooldown,
    /// Replacing it would not pay back.
    NotWorthIt,
}

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Waits for approval.
    Proposed,
    /// Approved, not begun.
    Approved,
    /// Being carried out.
    Applying,
    /// Carried out.
    Done,
    /// Given up; what was done is undone or kept safe, and said.
    Failed,
    /// Stopped by a person before or while it was carried out.
    Cancelled,
    /// Never approved in time, or overtaken by a newer plan.
    Expired,
}

impl PlanState {
    /// Whether nothing more will happen to it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled | Self::Expired)
    }

    /// Whether `next` may follow.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Proposed, Self::Approved | Self::Cancelled | Self::Expired)
                | (Self::Approved, Self::Applying | Self::Cancelled | Self::Expired)
                | (Self::Applying, Self::Done | Self::Failed | Self::Cancelled)
        )
    }
}
