//! What comes next in the carrying out of a plan.

use super::{
    CommandPhase, CommandRun, DRAIN_MINUTES, Effect, Execution, GroupRequest, GroupState,
    InstanceState, LAUNCH_MINUTES, LaunchRun, MAX_DRAINS, NodePhase, NodeRun, PATIENCE_MINUTES,
    group_name,
};
use crate::action::{Action, ActionState, NodeIdentity, Outcome, Task};
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
    let Some(at) = execution
        .commands
        .iter()
        .position(|run| !run.phase.is_final())
    else {
        return effects;
    };
    let mut run = execution.commands[at].clone();
    if let Some(command) = plan.commands.get(run.index as usize) {
        let mut step = Step {
            execution,
            observed,
            command,
            gate,
            effects: &mut effects,
        };
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

    fn command(&mut self, run: &mut CommandRun) {
        match run.phase {
            CommandPhase::Pending => self.pending(run),
            CommandPhase::Launching => self.launching(run),
            CommandPhase::Cordoning => self.cordoning(run),
            CommandPhase::Draining => self.draining(run),
            CommandPhase::RollingBack => self.rolling_back(run),
            CommandPhase::Done | CommandPhase::Failed | CommandPhase::Skipped => {}
        }
    }

    fn pending(&mut self, run: &mut CommandRun) {
        let now = self.now();
        match &self.gate {
            Gate::Hold => return,
            Gate::Stop(reason) => {
                run.failure = Some(reason.clone());
                run.enter(CommandPhase::Skipped, now);
                return;
            }
            Gate::Go => {}
        }
        run.pending_before = self.pending_pods();
        for node in &mut run.nodes {
            if self.node(&node.node).is_none() && !self.is_alive(&node.node.instance_id) {
                node.note = Some("it was gone before".to_owned());
                node.enter(NodePhase::Gone, now);
            }
        }
        for (index, launch) in self.command.launch.iter().enumerate() {
            let group = group_name(self.execution.plan, run.index, index, 0);
            let count = launch.count;
            run.launches.push(LaunchRun {
                choice: 0,
                group,
                count,
                ready: 0,
                since: now,
            });
        }
        let nodes: u32 = run.launches.iter().map(|launch| launch.count).sum();
        run.note(
            now,
            format!("Launching {nodes} and retiring {} nodes", run.nodes.len()),
        );
        run.enter(CommandPhase::Launching, now);
        self.launching(run);
    }

    fn launching(&mut self, run: &mut CommandRun) {
        if let Gate::Stop(reason) = &self.gate {
            let reason = reason.clone();
            self.roll_back(run, reason);
            return;
        }
        for index in 0..run.launches.len() {
            let launch = &mut run.launches[index];
            launch.ready = self.ready_nodes(&launch.group);
            let waited = self.now().duration_since(launch.since);
            let failed = match self.observed.groups.get(&launch.group) {
                Some(GroupState::Failed { message }) => Some(message.clone()),
                Some(_)
                    if launch.ready < launch.count
                        && waited > SignedDuration::from_mins(LAUNCH_MINUTES) =>
                {
                    let (ready, count) = (launch.ready, launch.count);
                    Some(format!(
                        "{ready} of {count} nodes ready after {LAUNCH_MINUTES} minutes"
                    ))
                }
                None if matches!(self.gate, Gate::Go) => {
                    let launch = launch.clone();
                    self.create(index, &launch);
                    None
                }
                _ => None,
            };
            if let Some(why) = failed
                && !self.try_next_choice(run, index, &why)
            {
                self.roll_back(run, format!("no offering gave capacity: {why}"));
                return;
            }
        }
        if run
            .launches
            .iter()
            .all(|launch| launch.ready >= launch.count)
        {
            let now = self.now();
            if !run.launches.is_empty() {
                run.note(now, "All launched nodes are ready");
            }
            run.enter(CommandPhase::Cordoning, now);
            self.cordoning(run);
        }
    }

    fn create(&mut self, index: usize, launch: &LaunchRun) {
        let Some(wanted) = self.command.launch.get(index) else {
            return;
        };
        let Some(choice) = wanted.choices.get(launch.choice as usize) else {
            return;
        };
        self.effects.push(Effect::CreateGroup(GroupRequest {
            name: launch.group.clone(),
            pool: choice.pool.clone(),
            count: launch.count,
            labels: wanted.labels.clone(),
            taints: wanted.taints.clone(),
            like: self
                .command
                .retire
                .iter()
                .find_map(|retire| retire.node_group.clone()),
        }));
    }

    /// Turns to the launch's next choice; what the failed one left is torn down meanwhile.
    fn try_next_choice(&mut self, run: &mut CommandRun, index: usize, why: &str) -> bool {
        let now = self.now();
        let launch = &mut run.launches[index];
        let text = format!("{} failed: {why}", launch.group);
        let next = launch.choice + 1;
        let Some(choice) = self.command.launch[index].choices.get(next as usize) else {
            run.note(now, text);
            return false;
        };
        let failed = std::mem::replace(
            &mut launch.group,
            group_name(self.execution.plan, run.index, index, next),
        );
        launch.choice = next;
        launch.ready = 0;
        launch.since = now;
        let launch = launch.clone();
        run.note(now, format!("{text}. Trying {} next", choice.pool));
        run.teardowns.push(super::rollback::teardown(failed, now));
        self.create(index, &launch);
        true
    }

    fn cordoning(&mut self, run: &mut CommandRun) {
        let nodes: Vec<NodeIdentity> = waiting(run).map(|node| node.node.clone()).collect();
        let now = self.now();
        if nodes.is_empty() {
            run.enter(CommandPhase::Draining, now);
            return;
        }
        let asked = self.asked(run.index, "cordon");
        // An order the agent may be carrying out just now must end before it is undone.
        if let Gate::Stop(reason) = &self.gate
            && asked.is_none_or(|action| action.state.is_final())
        {
            let reason = reason.clone();
            self.roll_back(run, reason);
            return;
        }
        match asked {
            None if matches!(self.gate, Gate::Go) => {
                self.ask(run.index, "cordon", Task::Cordon { nodes });
            }
            Some(action) if action.state == ActionState::Done => {
                run.note(now, format!("Cordoned {} nodes", nodes.len()));
                run.enter(CommandPhase::Draining, now);
                self.draining(run);
            }
            Some(action) if action.state.is_final() => {
                let reason = format!("the nodes could not be cordoned: {}", why(action));
                self.roll_back(run, reason);
            }
            _ => {}
        }
    }

    fn draining(&mut self, run: &mut CommandRun) {
        for index in 0..run.nodes.len() {
            let mut node = run.nodes[index].clone();
            let before = node.phase;
            self.retire(run.index, &mut node);
            if node.phase != before {
                run.note(self.now(), described(&node));
            }
            run.nodes[index] = node;
        }
        let in_flight = run
            .nodes
            .iter()
            .any(|node| matches!(node.phase, NodePhase::Draining | NodePhase::Verifying));
        if !in_flight {
            self.begin_next(run);
        }
        if run.nodes.iter().all(|node| node.phase.is_final()) {
            self.settle(run);
        }
    }

    /// Begins to drain the next node, where it may.
    fn begin_next(&mut self, run: &mut CommandRun) {
        let now = self.now();
        let stop = match &self.gate {
            Gate::Hold => return,
            Gate::Stop(reason) => Some(reason.clone()),
            Gate::Go => self.without_room(run),
        };
        if let Some(reason) = stop {
            if reason.is_empty() {
                return;
            }
            for index in 0..run.nodes.len() {
                if run.nodes[index].phase == NodePhase::Waiting {
                    let mut node = run.nodes[index].clone();
                    self.keep(run.index, &mut node, &reason);
                    run.note(now, described(&node));
                    run.nodes[index] = node;
                }
            }
            return;
        }
        if self.limit_reached() {
            return;
        }
        if let Some(index) = run
            .nodes
            .iter()
            .position(|node| node.phase == NodePhase::Waiting)
        {
            let mut node = run.nodes[index].clone();
            self.drain(run.index, &mut node);
            self.execution.drains.push(now);
            run.note(now, described(&node));
            run.nodes[index] = node;
        }
    }

    /// Evicted pods that find no room: wait (an empty text), and after a while a reason to stop.
    fn without_room(&self, run: &CommandRun) -> Option<String> {
        let pending = self.pending_pods();
        if pending <= run.pending_before {
            return None;
        }
        let last = run
            .nodes
            .iter()
            .map(|node| node.since)
            .max()
            .unwrap_or(run.since);
        if self.now().duration_since(last) < SignedDuration::from_mins(PATIENCE_MINUTES) {
            return Some(String::new());
        }
        let more = pending - run.pending_before;
        Some(format!(
            "{more} pods have found no room for {PATIENCE_MINUTES} minutes"
        ))
    }

    /// Whether as many drains were begun in the last ten minutes as the policy allows.
    fn limit_reached(&self) -> bool {
        let nodes = self.observed.snapshot.nodes.len();
        let percent = usize::from(self.observed.policy.disruption_percent_per_10_minutes);
        let allowed = (nodes * percent / 100).max(1);
        let window = self.now() - SignedDuration::from_mins(10);
        self.execution
            .drains
            .iter()
            .filter(|drain| **drain > window)
            .count()
            >= allowed
    }

    /// Moves one node on.
    fn retire(&mut self, command: u32, node: &mut NodeRun) {
        let now = self.now();
        match node.phase {
            NodePhase::Draining => self.drained(command, node),
            NodePhase::Verifying => {
                if self.is_seen_empty(command, node) {
                    node.enter(NodePhase::Terminating, now);
                    self.terminate(node);
                }
            }
            NodePhase::Terminating => self.terminate(node),
            _ => {}
        }
    }

    fn terminate(&mut self, node: &mut NodeRun) {
        if self.is_alive(&node.node.instance_id) {
            if !matches!(self.gate, Gate::Hold) {
                self.effects.push(Effect::Terminate {
                    instance_id: node.node.instance_id.clone(),
                    node_group: node.node_group.clone(),
                });
            }
        } else if self.node(&node.node).is_none() && self.is_newer(node.since) {
            node.enter(NodePhase::Gone, self.now());
        }
    }

    /// Asks for the node to be drained, once more.
    pub(super) fn drain(&mut self, command: u32, node: &mut NodeRun) {
        node.drains += 1;
        node.enter(NodePhase::Draining, self.now());
        let task = Task::Drain {
            node: node.node.clone(),
            deadline: self.now() + SignedDuration::from_mins(DRAIN_MINUTES),
            evict_bare_pods: self.observed.policy.evict_bare_pods,
            evict_local_storage: self.observed.policy.evict_local_storage,
        };
        self.ask(command, &node.drain(node.drains), task);
    }

    /// Looks whether the agent has drained the node.
    pub(super) fn drained(&mut self, command: u32, node: &mut NodeRun) {
        node.pods_left = self.evictable(node).0;
        let Some(action) = self.asked(command, &node.drain(node.drains)) else {
            return;
        };
        if action.state == ActionState::Done {
            node.enter(NodePhase::Verifying, self.now());
        } else if action.state.is_final() {
            let reason = why(action);
            self.keep(command, node, &reason);
        }
    }

    /// Whether a snapshot taken after the drain shows the node empty. What came back to it is drained
    /// again, and in the end the node is kept.
    pub(super) fn is_seen_empty(&mut self, command: u32, node: &mut NodeRun) -> bool {
        if !self.is_newer(node.since) {
            return false;
        }
        let (evictable, ending) = self.evictable(node);
        node.pods_left = evictable;
        let waited = self.now().duration_since(node.since);
        if evictable == 0 {
            return true;
        }
        if evictable > ending && node.drains < MAX_DRAINS {
            self.drain(command, node);
        } else if evictable > ending || waited > SignedDuration::from_mins(DRAIN_MINUTES) {
            self.keep(command, node, &format!("{evictable} pods are still on it"));
        }
        false
    }

    /// Leaves the node where it is, and schedulable again.
    pub(super) fn keep(&mut self, command: u32, node: &mut NodeRun, reason: &str) {
        node.note = Some(reason.to_owned());
        node.enter(NodePhase::Kept, self.now());
        let step = format!("uncordon {}", node.node.instance_id);
        self.ask(
            command,
            &step,
            Task::Uncordon {
                nodes: vec![node.node.clone()],
            },
        );
    }

    /// Ends a command all of whose nodes are gone or kept.
    fn settle(&mut self, run: &mut CommandRun) {
        let kept: Vec<String> = run
            .nodes
            .iter()
            .filter(|node| node.phase == NodePhase::Kept)
            .map(|node| {
                format!(
                    "{}: {}",
                    node.node.name,
                    node.note.clone().unwrap_or_default()
                )
            })
            .collect();
        if !kept.is_empty() && kept.len() == run.nodes.len() && !run.launches.is_empty() {
            self.roll_back(
                run,
                format!("no node could be retired. {}", kept.join("; ")),
            );
            return;
        }
        self.tear_down_emptied_groups(run);
        if run.teardowns.iter().all(|teardown| teardown.done) {
            let now = self.now();
            if !kept.is_empty() {
                run.failure = Some(format!("kept {}", kept.join("; ")));
            }
            run.note(now, "Done");
            run.enter(CommandPhase::Done, now);
        }
    }

    pub(super) fn ask(&mut self, command: u32, step: &str, task: Task) {
        let effect = self.execution.action(command, step, task, self.now());
        self.effects.push(effect);
    }

    pub(super) fn asked(&self, command: u32, step: &str) -> Option<&Action> {
        self.observed
            .actions
            .get(&self.execution.action_id(command, step))
    }

    fn is_alive(&self, instance_id: &str) -> bool {
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

    fn ready_nodes(&self, group: &str) -> u32 {
        let nodes = self.observed.snapshot.nodes.iter();
        nodes
            .filter(|node| is_of_group(node, group) && node.ready && !node.terminating)
            .count() as u32
    }

    /// Evictable pods on the node, and how many of them are already ending.
    fn evictable(&self, node: &NodeRun) -> (u32, u32) {
        let pods = self.observed.snapshot.pods.iter();
        let on_it = pods.filter(|pod| {
            pod.node.as_deref() == Some(node.node.name.as_str()) && pod.kind.is_evictable()
        });
        on_it.fold((0, 0), |(all, ending), pod| {
            (all + 1, ending + u32::from(pod.terminating))
        })
    }

    /// Pods that have waited for a node for more than a minute.
    fn pending_pods(&self) -> u32 {
        let minute_ago = self.observed.snapshot.taken_at - SignedDuration::from_mins(1);
        let pods = self.observed.snapshot.pods.iter();
        pods.filter(|pod| pod.node.is_none() && pod.created_at < minute_ago)
            .count() as u32
    }
}

pub(super) fn is_of_group(node: &Node, group: &str) -> bool {
    matches!(&node.manager, crate::snapshot::NodeManager::ManagedNodeGroup { name } if name == group)
}

fn waiting(run: &CommandRun) -> impl Iterator<Item = &NodeRun> {
    run.nodes
        .iter()
        .filter(|node| node.phase == NodePhase::Waiting)
}

fn why(action: &Action) -> String {
    match &action.outcome {
        Some(Outcome::Refused { message, .. } | Outcome::Failed { message }) => message.clone(),
        _ => "the agent did not answer in time".to_owned(),
    }
}

fn described(node: &NodeRun) -> String {
    let name = &node.node.name;
    let note = node.note.as_deref().unwrap_or_default();
    match node.phase {
        NodePhase::Waiting => format!("{name} waits"),
        NodePhase::Draining => format!("Draining {name}"),
        NodePhase::Verifying => format!("{name} is drained; waiting for a snapshot that shows it"),
        NodePhase::Terminating => format!("{name} is empty; terminating {}", node.node.instance_id),
        NodePhase::Gone => format!("{name} is gone"),
        NodePhase::Kept => format!("Keeping {name}: {note}"),
    }
}
