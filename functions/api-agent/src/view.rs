//! What goes over the wire. The JSON is that of [`domain::action`], which the agent reads and writes.

use domain::action;
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A sign of life.
#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct Heartbeat {
    /// Grows with every heartbeat; starts at the process's start in epoch milliseconds.
    #[garde(skip)]
    pub seq: u64,
    /// The agent's version.
    #[garde(length(min = 1, max = 64))]
    pub agent_version: String,
    /// The API server's version, such as `v1.36.4`.
    #[garde(inner(length(max = 64)))]
    pub kubernetes_version: Option<String>,
    /// Nodes counted.
    #[garde(skip)]
    #[expect(dead_code, reason = "the agent's count; snapshots carry ours")]
    pub nodes: u32,
}

/// What the agent is told.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeartbeatAnswer {
    /// Actions that wait to be leased.
    pub pending_actions: u32,
    /// Seconds until the next heartbeat is expected.
    pub next_heartbeat_seconds: u32,
    /// Seconds until the next snapshot is expected; shorter while there is something to do.
    pub next_snapshot_seconds: u32,
}

/// How much the agent can take on.
#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct Lease {
    /// Most actions.
    #[garde(range(min = 1, max = 50))]
    #[schema(minimum = 1, maximum = 50)]
    pub max: u32,
}

/// Actions that are the agent's until their leases end.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeasedActions {
    /// Oldest first.
    pub items: Vec<LeasedAction>,
}

/// A leased action.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeasedAction {
    /// `act_…`
    pub id: String,
    /// To be given back with the result.
    pub fence: u64,
    /// When the lease ends.
    pub lease_until: Timestamp,
    /// What to do.
    pub task: Task,
}

/// What to do.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Task {
    /// Make the nodes unschedulable and taint them as ours, all of them or an error.
    Cordon {
        /// Which.
        nodes: Vec<NodeIdentity>,
    },
    /// Undo our own cordon and taint.
    Uncordon {
        /// Which.
        nodes: Vec<NodeIdentity>,
    },
    /// Evict everything evictable through the Eviction API.
    Drain {
        /// Which.
        node: NodeIdentity,
        /// When to give up.
        deadline: Timestamp,
        /// Evict pods without a controller.
        evict_bare_pods: bool,
        /// Evict pods whose local storage is lost.
        evict_local_storage: bool,
    },
}

/// A node and the instance that must be behind it.
#[derive(Serialize, ToSchema)]
pub(crate) struct NodeIdentity {
    /// The Node object's name.
    pub name: String,
    /// `i-0123…`
    pub instance_id: String,
}

/// What came of a leased action.
#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct ActionResult {
    /// From the lease.
    #[garde(skip)]
    pub fence: u64,
    /// What came of it.
    #[garde(dive)]
    pub outcome: Outcome,
}

/// What came of a try.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Done, or found done.
    Done {
        /// Pods evicted.
        #[garde(skip)]
        evicted: u32,
    },
    /// The cluster as it is does not allow it.
    Refused {
        /// A stable word: `blocked_by_budget`, `do_not_disrupt`, …
        #[garde(length(min = 1, max = 64))]
        code: String,
        /// For people.
        #[garde(length(chars, max = 2000))]
        message: String,
        /// Pods evicted before it stopped.
        #[garde(skip)]
        evicted: u32,
    },
    /// Something broke on the way.
    Failed {
        /// For people.
        #[garde(length(chars, max = 2000))]
        message: String,
    },
}

impl From<Outcome> for action::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done { evicted } => Self::Done { evicted },
            Outcome::Refused { code, message, evicted } => Self::Refused { code, message, evicted },
            Outcome::Failed { message } => Self::Failed { message },
        }
    }
}

impl LeasedAction {
    /// An action under its newest lease; `None` where it has none.
    pub(crate) fn of(action: action::Action) -> Option<Self> {
        let lease = action.lease?;
        Some(Self {
            id: action.id.to_string(),
            fence: lease.fence,
            lease_until: lease.until,
            task: action.task.into(),
        })
    }
}

impl From<action::Task> for Task {
    fn from(task: action::Task) -> Self {
        let all = |nodes: Vec<action::NodeIdentity>| nodes.into_iter().map(Into::into).collect();
        match task {
            action::Task::Cordon { nodes } => Self::Cordon { nodes: all(nodes) },
            action::Task::Uncordon { nodes } => Self::Uncordon { nodes: all(nodes) },
            action::Task::Drain { node, deadline, evict_bare_pods, evict_local_storage } => {
                Self::Drain { node: node.into(), deadline, evict_bare_pods, evict_local_storage }
            }
        }
    }
}

impl From<action::NodeIdentity> for NodeIdentity {
    fn from(node: action::NodeIdentity) -> Self {
        Self { name: node.name, instance_id: node.instance_id }
    }
}
