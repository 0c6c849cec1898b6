//! Actions: what the agent in a cluster is asked to do, leased to one agent at a time.
//!
//! An action is idempotent, leased for [`LEASE_SECONDS`] under a fencing number that grows with
//! every lease, given up after [`MAX_ATTEMPTS`] failures with back-off between, and expires. A result is taken
//! only from the holder of the newest lease.

use crate::ids::{ActionId, ClusterId, PlanId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a lease holds, in seconds.
pub const LEASE_SECONDS: i64 = 60;

/// How often an action may fail before it has failed for good.
pub const MAX_ATTEMPTS: u32 = 5;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Task {
    /// Make the nodes unschedulable and taint them as ours, all of them or an error.
    Cordon {
        /// Which nodes, each still backed by this instance.
        nodes: Vec<NodeIdentity>,
    },
    /// Undo our own cordon and taint; a node cordoned by somebody else stays cordoned.
    Uncordon {
        /// Which nodes; one that is gone is done.
        nodes: Vec<NodeIdentity>,
    },
    /// Cordon the node where it is not, evict everything evictable through the Eviction API, then list
    /// what is left.
    Drain {
        /// Which node.
        node: NodeIdentity,
        /// When to give up.
        deadline: Timestamp,
        /// Evict pods without a controller.
        evict_bare_pods: bool,
        /// Evict pods whose local storage is lost.
        evict_local_storage: bool,
    },
}

impl Task {
    /// `cordon`, `uncordon` or `drain`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Cordon { .. } => "cordon",
            Self::Uncordon { .. } => "uncordon",
            Self::Drain { .. } => "drain",
        }
    }
}

/// A node by its name and the instance that must be behind it: names are used again, instances not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeIdentity {
    /// The Node object's name.
    pub name: String,
    /// `i-0123…`, as in the node's `spec.providerID`.
    pub instance_id: String,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// Done, or found done.
    Done {
        /// Pods evicted by this try.
        evicted: u32,
    },
    /// The cluster as it is does not allow it: trying again at once will not help.
    Refused {
        /// `blocked_by_budget`, `do_not_disrupt`, `instance_changed`, `node_gone`, `deadline`, `multiple_budgets`, `bare_pod`, `local_storage`, `not_cordoned`, `forbidden`.
        code: String,
        /// For people, with the pod or budget.
        message: String,
        /// Pods evicted before it stopped.
        evicted: u32,
    },
    /// Something broke on the way; a later try may succeed.
    Failed {
        /// For people.
        message: String,
    },
}

/// Where an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    /// Waits to be leased.
    Pending,
    /// Leased.
    Leased,
    /// The agent did it.
    Done,
    /// Given up; the last outcome says why.
    Failed,
    /// Not wanted any more.
    Cancelled,
}

impl ActionState {
    /// Whether nothing more will happen to it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Grows by one with every lease of this action.
    pub fence: u64,
    /// When it ends.
    pub until: Timestamp,
}

/// One thing the agent is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Follows from plan, command and step, so that asking twice is asking once.
    pub id: ActionId,
    /// Where.
    pub cluster: ClusterId,
    /// For which plan.
    pub plan: PlanId,
    /// For which of its commands.
    pub command: u32,
    /// What.
    pub task: Task,
    /// Where it stands.
    pub state: ActionState,
    /// The newest lease.
    pub lease: Option<Lease>,
    /// Tries that failed. A lease that runs out is no failure: a drain takes longer than one.
    pub attempts: u32,
    /// Not to be leased before.
    pub not_before: Timestamp,
    /// Not to be begun after.
    pub expires_at: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What came of the last try.
    pub outcome: Option<Outcome>,
}

/// Why a result is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResultRefused {
    /// A newer lease was given out meanwhile.
    #[error("the lease is no longer the newest one")]
    Fenced,
    /// Nothing waits for it.
    #[error("the action is already settled")]
    Settled,
}

impl Action {
    /// Whether it can be leased now: pending and due, or its lease has run out.
    pub fn is_leasable(&self, now: Timestamp) -> bool {
        let free = match self.state {
            ActionState::Pending => true,
            ActionState::Leased => self.lease.as_ref().is_none_or(|lease| lease.until <= now),
            _ => false,
        };
        free && self.not_before <= now && now < self.expires_at && self.attempts < MAX_ATTEMPTS
    }

    /// Leases it; the caller has asked [`Action::is_leasable`].
    pub fn lease(&mut self, now: Timestamp) {
        let fence = self.lease.as_ref().map_or(0, |lease| lease.fence) + 1;
        let until = now + SignedDuration::from_secs(LEASE_SECONDS);
        self.lease = Some(Lease { fence, until });
        self.state = ActionState::Leased;
    }

    /// Takes a result. `jitter_ms` spreads retries out.
    pub fn settle(
        &mut self,
        fence: u64,
        outcome: Outcome,
        now: Timestamp,
        jitter_ms: u32,
    ) -> Result<(), ResultRefused> {
        if self.state.is_final() {
            return Err(ResultRefused::Settled);
        }
        if self.lease.as_ref().is_none_or(|lease| lease.fence != fence) {
            return Err(ResultRefused::Fenced);
        }
        self.attempts += u32::from(matches!(outcome, Outcome::Failed { .. }));
        self.state = match &outcome {
            Outcome::Done { .. } => ActionState::Done,
            Outcome::Refused { .. } => ActionState::Failed,
            Outcome::Failed { .. } if self.attempts >= MAX_ATTEMPTS => ActionState::Failed,
            Outcome::Failed { .. } => ActionState::Pending,
        };
        if self.state == ActionState::Pending {
            let backoff = SignedDuration::from_secs(2 << self.attempts.min(5));
            self.not_before = now + backoff + SignedDuration::from_millis(i64::from(jitter_ms));
        }
        self.outcome = Some(outcome);
        Ok(())
    }

    /// Gives it up where it can no longer be tried: expired, or its last lease ran out.
    /// Returns whether that changed anything.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let lease_over = self.lease.as_ref().is_none_or(|lease| lease.until <= now);
        let spent = now >= self.expires_at || self.attempts >= MAX_ATTEMPTS;
        if self.state.is_final() || !lease_over || !spent {
            return false;
        }
        self.state = ActionState::Failed;
        if self.outcome.is_none() {
            let message = format!("not done in time; {} tries failed", self.attempts);
            self.outcome = Some(Outcome::Failed { message });
        }
        true
    }
}

/// What the agent says when it is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Grows with every heartbeat of one agent process; starts at the process's start in epoch milliseconds.
    pub seq: u64,
    /// The agent's version.
    pub agent_version: String,
    /// The API server's version, such as `v1.36.4`.
    pub kubernetes_version: Option<String>,
    /// Nodes counted.
    pub nodes: u32,
}

/// What the agent is told when it is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    /// Actions that wait to be leased.
    pub pending_actions: u32,
    /// Seconds until the next heartbeat is expected.
    pub next_heartbeat_seconds: u32,
    /// Seconds until the next snapshot is expected; shorter while a plan is carried out.
    pub next_snapshot_seconds: u32,
}

/// A leased action as the agent sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeasedAction {
    /// Which.
    pub id: ActionId,
    /// To be given back with the result.
    pub fence: u64,
    /// When the lease ends.
    pub lease_until: Timestamp,
    /// What to do.
    pub task: Task,
}

/// The result of a leased action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionResult {
    /// From the lease.
    pub fence: u64,
    /// What came of it.
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    fn action() -> Action {
        Action {
            id: ActionId::new(uuid::Uuid::nil()),
            cluster: ClusterId::new(uuid::Uuid::nil()),
            plan: PlanId::new(uuid::Uuid::nil()),
            command: 0,
            task: Task::Uncordon { nodes: vec![] },
            state: ActionState::Pending,
            lease: None,
            attempts: 0,
            not_before: at(0),
            expires_at: at(3_600),
            created_at: at(0),
            outcome: None,
        }
    }

    #[test]
    fn a_result_under_an_old_lease_is_refused() {
        let mut action = action();
        action.lease(at(0));
        assert!(!action.is_leasable(at(59)));
        assert!(action.is_leasable(at(60)));
        action.lease(at(60));
        let done = Outcome::Done { evicted: 0 };
        assert_eq!(action.settle(1, done.clone(), at(61), 0), Err(ResultRefused::Fenced));
        assert_eq!(action.settle(2, done.clone(), at(61), 0), Ok(()));
        assert_eq!(action.settle(2, done, at(62), 0), Err(ResultRefused::Settled));
    }

    #[test]
    fn an_action_is_tried_at_most_five_times() {
        let mut action = action();
        let mut now = 0;
        while action.is_leasable(at(now)) {
            action.lease(at(now));
            let fence = action.lease.as_ref().unwrap().fence;
            let failed = Outcome::Failed { message: "timeout".to_owned() };
            action.settle(fence, failed, at(now), 0).unwrap();
            now += 100;
        }
        assert_eq!((action.attempts, action.state), (MAX_ATTEMPTS, ActionState::Failed));
    }

    #[test]
    fn an_agent_that_never_answers_lets_the_action_expire() {
        let mut action = action();
        action.lease(at(3_599));
        assert!(!action.expire(at(3_600)), "its lease still runs");
        assert!(action.expire(at(3_700)));
        assert_eq!(action.state, ActionState::Failed);
        assert!(!action.expire(at(3_701)));
    }
}
