//! The report as a value: what JSON output prints, and all that the text is made from.

use super::basis::Basis;
use super::findings::{self, FindingGroup};
use super::stays::{self, StayGroup};
use crate::units::{per_month, usd};
use domain::Money;
use domain::plan::{
    Alternative, Choice, Command, Launch, Plan, PlanningInput, PodShare, Position, ReasonKind,
    Retire,
};
use domain::snapshot::{Labels, Taint};
use jiff::Timestamp;
use serde::Serialize;

/// Grows with every change of this shape that is more than a new field.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// A savings report. Stable: within a `schema_version` fields are only added. Money is
/// `{"amount": "3.21", "currency": "USD"}` with an exact decimal amount, shares are parts per million
/// (`…_ppm`), times are RFC 3339.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Of this shape.
    pub schema_version: u32,
    /// Program and version.
    pub made_by: &'static str,
    /// What was read.
    pub cluster: Cluster,
    /// The fleet as it is.
    pub before: Side,
    /// The fleet once every command is carried out.
    pub after: Side,
    /// The difference.
    pub saving: Saving,
    /// What could be had if nothing were blocked; absent where nothing is.
    pub unblocked: Option<Saving>,
    /// No fleet that runs these pods within policy and template costs less.
    #[serde(serialize_with = "usd")]
    pub lower_bound_per_hour: Money,
    /// How far `after` is above the bound.
    pub gap_ppm: i64,
    /// In the order they would be carried out. Their savings add up to `saving`.
    pub commands: Vec<CommandView>,
    /// Nodes no command touches, by what keeps them.
    pub stays: Vec<StayGroup>,
    /// What could not be judged or honoured, by kind.
    pub findings: Vec<FindingGroup>,
    /// On what all this rests.
    pub basis: Basis,
}

/// What was read.
#[derive(Debug, Serialize)]
pub(crate) struct Cluster {
    /// Such as `us-east-1`.
    pub region: String,
    /// The newest moment its objects tell of.
    pub taken_at: Timestamp,
    /// Node objects.
    pub nodes: usize,
    /// Of them without a known price: they are in no sum.
    pub unpriced_nodes: usize,
    /// Pods that hold or want a place; finished ones do not.
    pub pods: usize,
    /// Of them without a node.
    pub pending_pods: usize,
}

/// A fleet.
#[derive(Debug, Serialize)]
pub(crate) struct Side {
    /// All nodes whose price is known.
    #[serde(serialize_with = "usd")]
    pub cost_per_hour: Money,
    /// The same for 730 hours: modelled, not measured.
    #[serde(serialize_with = "usd")]
    pub modelled_cost_per_month: Money,
    /// All but the cost.
    #[serde(flatten)]
    pub position: PositionView,
}

/// [`Position`] without its cost.
#[derive(Debug, Serialize)]
pub(crate) struct PositionView {
    /// Nodes.
    pub nodes: u32,
    /// Of them on Spot.
    pub spot_nodes: u32,
    /// Share of requested CPU on Spot.
    pub spot_cpu_ppm: i64,
    /// Requested of allocatable CPU.
    pub cpu_utilisation_ppm: i64,
    /// Requested of allocatable memory.
    pub memory_utilisation_ppm: i64,
    /// Expected interruptions of its nodes in a month, thousandths.
    pub monthly_interruptions_milli: i64,
    /// What these are expected to cost: disrupted pods, and nodes that run beside their replacements.
    pub interruption_cost_per_hour: Money,
    /// The workload that loses the largest share of its replicas with one Spot pool.
    pub worst_pool_loss: Option<domain::plan::PoolLoss>,
}

/// What a plan saves.
#[derive(Debug, Serialize)]
pub(crate) struct Saving {
    /// Cost before less cost after.
    #[serde(serialize_with = "usd")]
    pub per_hour: Money,
    /// The same for 730 hours: modelled, not measured.
    #[serde(serialize_with = "usd")]
    pub modelled_per_month: Money,
    /// Of the cost before.
    pub ppm: i64,
}

/// A command: launch, then retire.
#[derive(Debug, Serialize)]
pub(crate) struct CommandView {
    /// Place in the plan, from 0.
    pub index: u32,
    /// What kind of gain.
    pub kind: ReasonKind,
    /// One sentence with the numbers.
    pub reason: String,
    /// Cost of the retired nodes less cost of the launched ones.
    #[serde(serialize_with = "usd")]
    pub saving_per_hour: Money,
    /// Pods that are evicted.
    pub evictions: u32,
    /// What the disruption is held to cost.
    #[serde(serialize_with = "usd")]
    pub disruption_cost: Money,
    /// Seconds until the saving has paid for the disruption.
    pub payback_seconds: u64,
    /// Launched first.
    pub launch: Vec<LaunchView>,
    /// Drained and terminated, in this order.
    pub retire: Vec<RetireView>,
    /// What else was looked at and why it was not taken.
    pub rejected: Vec<AlternativeView>,
}

/// Nodes of one pool to launch.
#[derive(Debug, Serialize)]
pub(crate) struct LaunchView {
    /// How many.
    pub count: u32,
    /// Pools in the order they are tried; the first is what is counted.
    pub choices: Vec<ChoiceView>,
    /// Labels they need.
    pub labels: Labels,
    /// Taints they need.
    pub taints: Vec<Taint>,
    /// What is expected to run on all of them together.
    pub packing: Vec<PodShare>,
}

/// A pool to launch in.
#[derive(Debug, Serialize)]
pub(crate) struct ChoiceView {
    /// Such as `m7g.2xlarge`.
    pub instance_type: String,
    /// Such as `us-east-1a`.
    pub zone: String,
    /// `spot` or `on-demand`.
    pub capacity_type: &'static str,
    /// Of one node.
    #[serde(serialize_with = "usd")]
    pub price_per_hour: Money,
    /// The price is modelled rather than read.
    pub estimated: bool,
    /// Expected interruptions of one node in a month.
    pub monthly_interruption_ppm: u32,
}

/// A node to retire.
#[derive(Debug, Serialize)]
pub(crate) struct RetireView {
    /// The Node object's name.
    pub node: String,
    /// `i-0123…`.
    pub instance_id: String,
    /// Such as `m7g.2xlarge`.
    pub instance_type: String,
    /// Such as `us-east-1a`.
    pub zone: String,
    /// `spot` or `on-demand`.
    pub capacity_type: &'static str,
    /// What it costs.
    #[serde(serialize_with = "usd")]
    pub price_per_hour: Money,
    /// Pods a drain evicts.
    pub evictable_pods: u32,
    /// How often the drain waits for their replacements, and once more.
    pub drain_rounds: u32,
}

/// Something that was not chosen.
#[derive(Debug, Serialize)]
pub(crate) struct AlternativeView {
    /// What.
    pub what: String,
    /// What it would have cost.
    #[serde(serialize_with = "usd")]
    pub cost_per_hour: Money,
    /// Why not.
    pub why: String,
}

impl Report {
    /// The report of a plan, and of the one there were if nothing were blocked.
    pub(crate) fn new(input: &PlanningInput, plan: &Plan, unblocked: Option<&Plan>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            made_by: concat!("spot-optimizer ", env!("CARGO_PKG_VERSION")),
            cluster: Cluster::new(input),
            before: Side::new(&plan.before),
            after: Side::new(&plan.after),
            saving: Saving::of(plan),
            unblocked: unblocked.map(Saving::of),
            lower_bound_per_hour: plan.lower_bound_per_hour,
            gap_ppm: plan.gap_ppm,
            commands: plan.commands.iter().map(CommandView::new).collect(),
            stays: stays::grouped(input, plan),
            findings: findings::grouped(&input.snapshot, &plan.findings),
            basis: Basis::new(input),
        }
    }

    /// Indented, with a line's end.
    pub(crate) fn to_json(&self) -> String {
        // Every key is a string and nothing here fails by itself.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Cluster {
    fn new(PlanningInput { snapshot, market, .. }: &PlanningInput) -> Self {
        let priced = |node: &domain::snapshot::Node| {
            node.pool().is_some_and(|pool| market.price(&pool).is_some())
        };
        Self {
            region: market.region.clone(),
            taken_at: snapshot.taken_at,
            nodes: snapshot.nodes.len(),
            unpriced_nodes: snapshot.nodes.iter().filter(|node| !priced(node)).count(),
            pods: snapshot.pods.len(),
            pending_pods: snapshot.pods.iter().filter(|pod| pod.node.is_none()).count(),
        }
    }
}

impl Saving {
    fn of(plan: &Plan) -> Self {
        let per_hour = plan.saving_per_hour();
        Self {
            per_hour,
            modelled_per_month: per_month(per_hour),
            ppm: per_hour.ppm_of(plan.before.cost_per_hour),
        }
    }
}

impl Side {
    fn new(position: &Position) -> Self {
        Self {
            cost_per_hour: position.cost_per_hour,
            modelled_cost_per_month: per_month(position.cost_per_hour),
            position: PositionView {
                nodes: position.nodes,
                spot_nodes: position.spot_nodes,
                spot_cpu_ppm: position.spot_cpu_ppm,
                cpu_utilisation_ppm: position.cpu_utilisation_ppm,
                memory_utilisation_ppm: position.memory_utilisation_ppm,
                monthly_interruptions_milli: position.monthly_interruptions_milli,
                interruption_cost_per_hour: position.interruption_cost_per_hour,
                worst_pool_loss: position.worst_pool_loss.clone(),
            },
        }
    }
}

impl CommandView {
    fn new(command: &Command) -> Self {
        Self {
            index: command.index,
            kind: command.reason.kind,
            reason: command.reason.text.clone(),
            saving_per_hour: command.saving_per_hour,
            evictions: command.reason.evictions,
            disruption_cost: command.reason.disruption_cost,
            payback_seconds: command.reason.payback_seconds,
            launch: command.launch.iter().map(LaunchView::new).collect(),
            retire: command.retire.iter().map(RetireView::new).collect(),
            rejected: command.rejected.iter().map(AlternativeView::new).collect(),
        }
    }
}

impl LaunchView {
    fn new(launch: &Launch) -> Self {
        Self {
            count: launch.count,
            choices: launch.choices.iter().map(ChoiceView::new).collect(),
            labels: launch.labels.clone(),
            taints: launch.taints.clone(),
            packing: launch.packing.clone(),
        }
    }
}

impl ChoiceView {
    fn new(choice: &Choice) -> Self {
        Self {
            instance_type: choice.pool.instance_type.clone(),
            zone: choice.pool.zone.clone(),
            capacity_type: choice.pool.capacity_type.as_str(),
            price_per_hour: choice.price_per_hour,
            estimated: choice.estimated,
            monthly_interruption_ppm: choice.monthly_interruption_ppm,
        }
    }
}

impl RetireView {
    fn new(retire: &Retire) -> Self {
        Self {
            node: retire.node.clone(),
            instance_id: retire.instance_id.clone(),
            instance_type: retire.pool.instance_type.clone(),
            zone: retire.pool.zone.clone(),
            capacity_type: retire.pool.capacity_type.as_str(),
            price_per_hour: retire.price_per_hour,
            evictable_pods: retire.evictable_pods,
            drain_rounds: retire.drain_rounds,
        }
    }
}

impl AlternativeView {
    fn new(alternative: &Alternative) -> Self {
        Self {
            what: alternative.what.clone(),
            cost_per_hour: alternative.cost_per_hour,
            why: alternative.why.clone(),
        }
    }
}
