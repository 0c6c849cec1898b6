//! The carrying out of a plan: what is recorded, and the rule that says what comes next.
//!
//! [`advance`] looks at the plan, at what is recorded and at what is the case, and says what is to be
//! recorded and done. It is level-triggered: an effect is asked for again and again until its result
//! is seen, every effect is idempotent, and names follow from the plan alone. So a process that dies
//! between any two steps is followed by one that looks again and goes on.
//!
//! **Invariant:** nothing is drained before everything its command launches is ready.
//! **Invariant:** no drain begins whose pods would find no room elsewhere.
//! **Invariant:** nothing is terminated before a snapshot taken after its drain shows it empty.

mod advance;
mod draining;
mod launching;
mod rollback;

pub use advance::{Observed, advance};

use crate::action::{Action, NodeIdentity, Task};
use crate::ids::{ActionId, ClusterId, PlanId, derived_uuid};
use crate::offering::Pool;
use crate::plan::{Plan, PlanState};
use crate::snapshot::{Labels, Taint};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Minutes a launch may take before the next choice is tried. EKS reports a node group that got no
/// capacity earlier than that.
pub const LAUNCH_MINUTES: i64 = 15;

/// Minutes the agent has to empty a node whose pods may all go at once, beside the time they take to end.
pub const DRAIN_MINUTES: i64 = 15;

/// Minutes that a replacement has to become ready where the next eviction waits for it.
pub const ROUND_MINUTES: i64 = 3;

/// Minutes a drain is given at most.
pub const MOST_DRAIN_MINUTES: i64 = 240;

/// Minutes unfit data is waited out before the command is given up.
pub const PATIENCE_MINUTES: i64 = 10;

/// How long pods may lack room before nodes are kept for them. All that was to be launched is there, so that
/// waiting alone brings little, and cordoned nodes that could take the pods stand by.
pub const ROOM: SignedDuration = SignedDuration::from_mins(3);

/// How often a node is drained again because something evictable came back to it.
pub const MAX_DRAINS: u32 = 3;

/// What every node group of ours is called first.
pub const GROUP_PREFIX: &str = "spot-optimizer-";

/// What is recorded of the carrying out of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Of which plan.
    pub plan: PlanId,
    /// Of which cluster.
    pub cluster: ClusterId,
    /// When it began.
    pub started_at: Timestamp,
    /// Who asked for it to stop, if anybody.
    pub stop_requested_by: Option<String>,
    /// One per command, in order; they run one after the other.
    pub commands: Vec<CommandRun>,
    /// When nodes were begun to be drained, for the disruption limit.
    pub drains: Vec<Timestamp>,
    /// Since when the data has not been good enough to go on.
    pub unfit_since: Option<Timestamp>,
}

/// How far a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandPhase {
    /// Not begun.
    Pending,
    /// Node groups are being created and nodes awaited.
    Launching,
    /// All its nodes to retire are being cordoned.
    Cordoning,
    /// Its nodes are being drained and terminated one after the other.
    Draining,
    /// What it launched is being drained and deleted again.
    RollingBack,
    /// Carried out, perhaps with nodes kept.
    Done,
    /// Given up and undone.
    Failed,
    /// Never begun, because an earlier command failed or the plan was stopped.
    Skipped,
}

impl CommandPhase {
    /// Whether nothing more will happen to it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Skipped)
    }
}

/// What is recorded of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRun {
    /// Its place in the plan.
    pub index: u32,
    /// How far it is.
    pub phase: CommandPhase,
    /// Since when.
    pub since: Timestamp,
    /// One per launch.
    pub launches: Vec<LaunchRun>,
    /// One per node to retire.
    pub nodes: Vec<NodeRun>,
    /// Node groups of ours to empty and delete: failed choices, and what a rollback undoes.
    pub teardowns: Vec<Teardown>,
    /// When it began: that older pods wait is not its fault.
    pub began_at: Timestamp,
    /// Why it was given up, or what was kept.
    pub failure: Option<String>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// What is recorded of one launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchRun {
    /// Which of the plan's choices is being tried.
    pub choice: u32,
    /// The node group of this try.
    pub group: String,
    /// How many nodes.
    pub count: u32,
    /// How many of them are ready.
    pub ready: u32,
    /// Since when this choice is tried.
    pub since: Timestamp,
}

/// How far a node is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodePhase {
    /// Not begun.
    Waiting,
    /// The agent evicts its pods.
    Draining,
    /// A newer snapshot must show it empty.
    Verifying,
    /// Its instance is being terminated.
    Terminating,
    /// Gone from AWS and from the cluster.
    Gone,
    /// Could not be emptied, or is not wanted gone any more: it stays.
    Kept,
}

impl NodePhase {
    /// Whether nothing more will happen to it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Gone | Self::Kept)
    }
}

/// What is recorded of one node to retire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRun {
    /// Which.
    pub node: NodeIdentity,
    /// Its node group.
    pub node_group: Option<String>,
    /// How far it is.
    pub phase: NodePhase,
    /// Since when.
    pub since: Timestamp,
    /// Evictable pods on it when last seen.
    pub pods_left: u32,
    /// Drains asked for.
    pub drains: u32,
    /// Why it is kept.
    pub note: Option<String>,
}

/// A node group of ours to empty and delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Teardown {
    /// Which.
    pub group: String,
    /// Since when; a snapshot must be newer to show it empty.
    pub since: Timestamp,
    /// Its nodes, as they were seen to be there.
    pub nodes: Vec<NodeRun>,
    /// It is gone.
    pub done: bool,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What, for people.
    pub text: String,
}

/// Something to be done, idempotent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Create this node group, unless it exists.
    CreateGroup(GroupRequest),
    /// Delete this node group, unless it is gone.
    DeleteGroup {
        /// Which.
        name: String,
    },
    /// Ask the agent, unless it has been asked.
    Ask(Box<Action>),
    /// Terminate this instance and let its group want one less, unless it is gone.
    Terminate {
        /// Which.
        instance_id: String,
        /// Its node group.
        node_group: Option<String>,
    },
}

/// A node group to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRequest {
    /// Follows from plan, command, launch and choice.
    pub name: String,
    /// Where its nodes are bought.
    pub pool: Pool,
    /// How many.
    pub count: u32,
    /// Labels beside EKS's own.
    pub labels: Labels,
    /// Taints.
    pub taints: Vec<Taint>,
    /// A node group to take the node role and subnets from: that of a node it replaces.
    pub like: Option<String>,
}

/// The state of a node group of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupState {
    /// Being created or changed.
    Busy,
    /// As asked for.
    Active,
    /// It cannot have what was asked for.
    Failed {
        /// What EKS says.
        message: String,
    },
    /// Being deleted.
    Deleting,
}

/// Whether an instance still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    /// Pending or running.
    Alive,
    /// Shutting down, stopped or terminated: it can not come back.
    Ending,
}

impl Execution {
    /// The record of a plan that is just begun.
    pub fn begin(id: PlanId, cluster: ClusterId, plan: &Plan, now: Timestamp) -> Self {
        let commands = plan.commands.iter().map(|command| CommandRun {
            index: command.index,
            phase: CommandPhase::Pending,
            since: now,
            launches: Vec::new(),
            nodes: command
                .retire
                .iter()
                .map(|retire| NodeRun {
                    node: NodeIdentity {
                        name: retire.node.clone(),
                        instance_id: retire.instance_id.clone(),
                    },
                    node_group: retire.node_group.clone(),
                    phase: NodePhase::Waiting,
                    since: now,
                    pods_left: retire.evictable_pods,
                    drains: 0,
                    note: None,
                })
                .collect(),
            teardowns: Vec::new(),
            began_at: now,
            failure: None,
            events: Vec::new(),
        });
        Self {
            plan: id,
            cluster,
            started_at: now,
            stop_requested_by: None,
            commands: commands.collect(),
            drains: Vec::new(),
            unfit_since: None,
        }
    }

    /// Whether every command has ended.
    pub fn is_over(&self) -> bool {
        self.commands.iter().all(|command| command.phase.is_final())
    }

    /// Names of all node groups that this may have created and that matter still.
    pub fn groups(&self) -> Vec<String> {
        let runs = self.commands.iter();
        let names = runs.flat_map(|run| {
            let launched = run.launches.iter().map(|launch| launch.group.clone());
            launched.chain(run.teardowns.iter().map(|teardown| teardown.group.clone()))
        });
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Ids of the actions that [`advance`] looks at.
    pub fn actions(&self) -> Vec<ActionId> {
        let mut ids = Vec::new();
        for run in self.commands.iter().filter(|run| !run.phase.is_final()) {
            ids.push(self.action_id(run.index, "cordon"));
            ids.push(self.action_id(run.index, "uncordon"));
            let torn = run.teardowns.iter().flat_map(|teardown| &teardown.nodes);
            let nodes = run.nodes.iter().chain(torn);
            let draining = nodes.filter(|node| node.phase == NodePhase::Draining);
            ids.extend(draining.map(|node| self.action_id(run.index, &node.drain(node.drains))));
        }
        ids
    }

    /// The state of a plan whose commands have all ended, and what to say about it.
    pub fn verdict(&self) -> (PlanState, Option<String>) {
        let notes: Vec<&str> =
            self.commands.iter().filter_map(|run| run.failure.as_deref()).collect();
        let note = (!notes.is_empty()).then(|| notes.join(". "));
        let any = |phase| self.commands.iter().any(|run| run.phase == phase);
        let state = if self.stop_requested_by.is_some() {
            PlanState::Cancelled
        } else if any(CommandPhase::Failed) || any(CommandPhase::Skipped) {
            PlanState::Failed
        } else {
            PlanState::Done
        };
        (state, note)
    }

    /// The id of an action follows from plan, command and step, so that asking twice is asking once.
    fn action_id(&self, command: u32, step: &str) -> ActionId {
        ActionId::new(derived_uuid(&[&self.plan.to_string(), &command.to_string(), step]))
    }

    fn action(&self, command: u32, step: &str, task: Task, now: Timestamp) -> Effect {
        let given_up = match &task {
            Task::Drain { deadline, .. } => *deadline,
            Task::Cordon { .. } | Task::Uncordon { .. } => {
                now + SignedDuration::from_mins(DRAIN_MINUTES)
            }
        };
        Effect::Ask(Box::new(Action {
            id: self.action_id(command, step),
            cluster: self.cluster,
            plan: self.plan,
            command,
            task,
            state: crate::action::ActionState::Pending,
            lease: None,
            attempts: 0,
            not_before: now,
            expires_at: given_up + SignedDuration::from_mins(PATIENCE_MINUTES),
            created_at: now,
            outcome: None,
        }))
    }
}

impl NodeRun {
    fn enter(&mut self, phase: NodePhase, now: Timestamp) {
        self.phase = phase;
        self.since = now;
    }

    fn drain(&self, nth: u32) -> String {
        format!("drain {} {nth}", self.node.instance_id)
    }
}

impl CommandRun {
    fn enter(&mut self, phase: CommandPhase, now: Timestamp) {
        self.phase = phase;
        self.since = now;
    }

    fn note(&mut self, now: Timestamp, text: impl Into<String>) {
        self.events.push(Event { at: now, text: text.into() });
    }
}

/// The name of the node group of one try of one launch.
fn group_name(plan: PlanId, command: u32, launch: usize, choice: u32) -> String {
    let uuid = plan.uuid().simple().to_string();
    format!("{GROUP_PREFIX}{}-{command}-{launch}-{choice}", &uuid[20..])
}
