//! What comes next in the carrying out of a plan.

use super::{
    CommandPhase, CommandRun, Effect, Execution, GroupState, InstanceState, PATIENCE_MINUTES,
};
use crate::action::{Action, NodeIdentity, Task};
use crate::cluster::NotFit;
use crate::ids::ActionId;
use crate::plan::{Command, Plan};
use crate::policy::Policy;
use crate::snapshot::{ClusterSnapshot, Node};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What is the case, as far as it is known now.
#[derive(Debug)]
pub struct Observed<'a> {
    /// The moment.
    pub now: Timestamp,
    /// The newest snapshot.
    pub snapshot: &'a ClusterSnapshot,
    /// Whether it may be acted on.
    pub fit: Result<(), NotFit>,
    /// The cluster's instances; one that is absent is gone.
    pub instances: &'a BTreeMap<String, InstanceState>,
    /// Of [`Execution::groups`], those that exist.
    pub groups: &'a BTreeMap<String, GroupState>,
    /// Of [`Execution::actions`], those that were asked for.
    pub actions: &'a BTreeMap<ActionId, Action>,
    /// The cluster's policy as it is now: a limit that was lowered meanwhile holds.
    pub policy: &'a Policy,
}

/// Whether something new may be begun.
pub(super) enum Gate {
    Go,
    /// Not now.
    Hold,
    /// Not any more.
    Stop(String),
}

/// Says what comes next: changes the record, and returns what is to be done once the changed record
/// is stored.
pub fn advance(plan: &Plan, execution: &mut Execution, observed: &Observed<'_>) -> Vec<Effect> {
    let gate = gate(execution, observed);
    let mut effects = Vec::new();
    let Some(at) = execution.commands.iter().position(|run| !run.phase.is_final()) else {
        return effects;
    };
    let mut run = execution.commands[at].clone();
    if let Some(command) = plan.commands.get(run.index as usize) {
        let mut step = Step { execution, observed, command, gate, effects: &mut effects };
        step.command(&mut run);
        step.teardowns(&mut run);
    }
    let ends_the_plan = matches!(run.phase, CommandPhase::Failed | CommandPhase::Skipped)
        || execution.stop_requested_by.is_some() && run.phase.is_final();
    execution.commands[at] = run;
    if ends_the_plan {
        for later in &mut execution.commands[at..] {
            if later.phase == CommandPhase::Pending {
                later.enter(CommandPhase::Skipped, observed.now);
            }
        }
    }
    effects
}

fn gate(execution: &mut Execution, observed: &Observed<'_>) -> Gate {
    if let Some(by) = &execution.stop_requested_by {
        return Gate::Stop(format!("stopped by {by}"));
    }
    let Err(reason) = &observed.fit else {
        execution.unfit_since = None;
        return Gate::Go;
    };
    let since = *execution.unfit_since.get_or_insert(observed.now);
    if observed.now.duration_since(since) < SignedDuration::from_mins(PATIENCE_MINUTES) {
        Gate::Hold
    } else {
        Gate::Stop(format!("for {PATIENCE_MINUTES} minutes: {reason}"))
    }
}

/// One look at one command.
pub(super) struct Step<'a, 'b> {
    pub(super) execution: &'a mut Execution,
    pub(super) observed: &'a Observed<'b>,
    pub(super) command: &'a Command,
    pub(super) gate: Gate,
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Step<'_, '_> {
    pub(super) fn now(&self) -> Timestamp {
        self.observed.now
    }

    pub(super) fn command(&mut self, run: &mut CommandRun) {
        match run.phase {
            CommandPhase::Pending => self.pending(run),
            CommandPhase::Launching => self.launching(run),
            CommandPhase::Cordoning => self.cordoning(run),
            CommandPhase::Draining => self.draining(run),
            CommandPhase::RollingBack => self.rolling_back(run),
            CommandPhase::Done | CommandPhase::Failed | CommandPhase::Skipped => {}
        }
    }

    pub(super) fn ask(&mut self, command: u32, step: &str, task: Task) {
        let effect = self.execution.action(command, step, task, self.now());
        self.effects.push(effect);
    }

    pub(super) fn asked(&self, command: u32, step: &str) -> Option<&Action> {
        self.observed.actions.get(&self.execution.action_id(command, step))
    }

    pub(super) fn is_alive(&self, instance_id: &str) -> bool {
        self.observed.instances.get(instance_id) == Some(&InstanceState::Alive)
    }

    pub(super) fn is_newer(&self, than: Timestamp) -> bool {
        self.observed.snapshot.taken_at > than
    }

    pub(super) fn node(&self, identity: &NodeIdentity) -> Option<&Node> {
        self.observed.snapshot.nodes.iter().find(|node| {
            node.name == identity.name
                && node.instance_id.as_deref() == Some(identity.instance_id.as_str())
        })
    }
}

pub(super) fn is_of_group(node: &Node, group: &str) -> bool {
    matches!(&node.manager, crate::snapshot::NodeManager::ManagedNodeGroup { name } if name == group)
}
