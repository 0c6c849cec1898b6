//! What goes over the wire.

use crate::plan_view::{Command, Plan, Position};
use api::PageQuery;
use api::view::MoneyView;
use domain::ClusterId;
use domain::execution;
use domain::optimization;
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Stored;
use utoipa::{IntoParams, ToSchema};

api::wire_enum! {
    /// Where a plan stands.
    PlanState of domain::plan::PlanState, "snake_case" {
        Proposed, Approved, Applying, Done, Failed, Cancelled, Expired
    }
}

api::wire_enum! {
    /// How far a command is.
    CommandPhase of domain::execution::CommandPhase, "snake_case" {
        Pending, Launching, Cordoning, Draining, RollingBack, Done, Failed, Skipped
    }
}

api::wire_enum! {
    /// How far a node is on its way out.
    NodePhase of domain::execution::NodePhase, "snake_case" {
        Waiting, Draining, Verifying, Terminating, Gone, Kept
    }
}

/// For which cluster to make a plan.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOptimization {
    /// `clu_…`
    #[garde(skip)]
    #[schema(value_type = String, example = "clu_0197a3b0-7a51-7000-8000-000000000001")]
    pub cluster_id: ClusterId,
}

/// What is approved.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// The hash of the plan that was read.
    #[garde(length(min = 64, max = 64))]
    pub plan_hash: String,
}

/// Which optimisations.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Of this cluster.
    #[garde(skip)]
    #[param(value_type = Option<String>)]
    pub cluster_id: Option<ClusterId>,
    /// In this state.
    #[garde(skip)]
    #[param(inline)]
    pub state: Option<PlanState>,
    /// Items looked at for a page, 1 to 200; 50 unless said.
    #[garde(range(min = 1, max = 200))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// From the page before.
    #[garde(length(max = 2048))]
    pub cursor: Option<String>,
}

impl ListQuery {
    pub(crate) fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit, cursor: self.cursor.clone() }
    }
}

/// A plan and its life.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Optimization {
    /// `opt_…`
    pub id: String,
    /// `clu_…`
    pub cluster_id: String,
    /// The cluster's name.
    pub cluster_name: String,
    /// Where it stands.
    pub state: PlanState,
    /// Grows with every plan of the cluster.
    pub generation: u64,
    /// SHA-256 of the plan: what is approved is exactly this.
    pub plan_hash: String,
    /// The fleet when the plan was made.
    pub before: Position,
    /// The fleet once it is carried out.
    pub after: Position,
    /// What it saves in an hour.
    pub saving_per_hour: MoneyView,
    /// No fleet that runs these pods within policy and template costs less.
    pub lower_bound_per_hour: MoneyView,
    /// How far `after` is above the bound, parts per million.
    pub gap_ppm: i64,
    /// Number of commands.
    pub commands: u32,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Until when it may be approved.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Who approved it: `usr_…` or `policy`.
    #[schema(required = true)]
    pub approved_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub approved_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pub finished_at: Option<Timestamp>,
    /// Why it failed, was cancelled, or what was kept.
    #[schema(required = true)]
    pub failure: Option<String>,
    /// What came of it, once it is done.
    #[schema(required = true)]
    pub result: Option<PlanResult>,
    /// Grows with every change.
    pub revision: u64,
}

/// What came of a plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PlanResult {
    /// What the plan said.
    pub predicted_saving_per_hour: MoneyView,
    /// What the cluster's nodes show.
    pub measured_saving_per_hour: MoneyView,
}

/// A plan, its life, and how far it is carried out.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct OptimizationDetail {
    /// Its life.
    #[serde(flatten)]
    pub optimization: Optimization,
    /// The plan.
    pub plan: Plan,
    /// How far it is carried out, once that has begun.
    #[schema(required = true)]
    pub execution: Option<Execution>,
}

/// How far a plan is carried out.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Execution {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// Who asked for it to stop.
    #[schema(required = true)]
    pub stop_requested_by: Option<String>,
    /// One per command.
    pub commands: Vec<CommandRun>,
}

/// How far a command is carried out.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CommandRun {
    /// Its place in the plan.
    pub index: u32,
    /// How far it is.
    pub phase: CommandPhase,
    /// What it launches.
    pub launches: Vec<LaunchRun>,
    /// What it retires.
    pub nodes: Vec<NodeRun>,
    /// Why it was given up, or what was kept.
    #[schema(required = true)]
    pub failure: Option<String>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// How far a launch is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LaunchRun {
    /// The node group.
    pub group: String,
    /// Which of the plan's choices is being tried.
    pub choice: u32,
    /// How many nodes.
    pub count: u32,
    /// How many of them are ready.
    pub ready: u32,
}

/// How far a node is on its way out.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NodeRun {
    /// The Node object's name.
    pub node: String,
    /// How far it is.
    pub phase: NodePhase,
    /// Evictable pods on it when last seen.
    pub pods_left: u32,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Why it is kept.
    #[schema(required = true)]
    pub note: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Event {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// A command in words.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Explanation {
    /// For people.
    pub text: String,
    /// For programs.
    pub command: Command,
}

impl Optimization {
    pub(crate) fn of(stored: Stored<optimization::Optimization>, cluster_name: String) -> Self {
        let it = stored.value;
        let predicted = it.before.cost_per_hour - it.after.cost_per_hour;
        Self {
            id: it.id.to_string(),
            cluster_id: it.cluster.to_string(),
            cluster_name,
            state: it.state.into(),
            generation: it.generation,
            plan_hash: it.plan_hash,
            before: it.before.into(),
            after: it.after.into(),
            saving_per_hour: predicted.into(),
            lower_bound_per_hour: it.lower_bound_per_hour.into(),
            gap_ppm: it.gap_ppm,
            commands: it.commands,
            created_at: it.created_at,
            expires_at: it.expires_at,
            approved_by: it.approved_by,
            approved_at: it.approved_at,
            finished_at: it.finished_at,
            failure: it.failure,
            result: it.measured_saving_per_hour.map(|measured| PlanResult {
                predicted_saving_per_hour: predicted.into(),
                measured_saving_per_hour: measured.into(),
            }),
            revision: stored.revision,
        }
    }
}

impl From<execution::Execution> for Execution {
    fn from(it: execution::Execution) -> Self {
        Self {
            started_at: it.started_at,
            stop_requested_by: it.stop_requested_by,
            commands: it.commands.into_iter().map(CommandRun::from).collect(),
        }
    }
}

impl From<execution::CommandRun> for CommandRun {
    fn from(it: execution::CommandRun) -> Self {
        let launch = |it: execution::LaunchRun| LaunchRun {
            group: it.group,
            choice: it.choice,
            count: it.count,
            ready: it.ready,
        };
        let node = |it: execution::NodeRun| NodeRun {
            node: it.node.name,
            phase: it.phase.into(),
            pods_left: it.pods_left,
            since: it.since,
            note: it.note,
        };
        Self {
            index: it.index,
            phase: it.phase.into(),
            launches: it.launches.into_iter().map(launch).collect(),
            nodes: it.nodes.into_iter().map(node).collect(),
            failure: it.failure,
            events: it.events.into_iter().map(|it| Event { at: it.at, text: it.text }).collect(),
        }
    }
}
