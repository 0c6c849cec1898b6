//! Draining: cordon, evict, see empty, terminate, see gone; one node after the other.

use super::advance::{Gate, Step};
use super::{
    CommandPhase, CommandRun, DRAIN_MINUTES, Effect, MAX_DRAINS, MOST_DRAIN_MINUTES, NodePhase,
    NodeRun, PATIENCE_MINUTES, ROUND_MINUTES,
};
use crate::action::{Action, ActionState, NodeIdentity, Outcome, Task};
use crate::disruption::Limits;
use crate::snapshot::Pod;
use jiff::SignedDuration;

impl Step<'_, '_> {
    pub(super) fn cordoning(&mut self, run: &mut CommandRun) {
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

    pub(super) fn draining(&mut self, run: &mut CommandRun) {
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
    pub(super) fn begin_next(&mut self, run: &mut CommandRun) {
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
        if let Some(index) = run.nodes.iter().position(|node| node.phase == NodePhase::Waiting) {
            let mut node = run.nodes[index].clone();
            self.drain(run.index, &mut node);
            self.execution.drains.push(now);
            run.note(now, described(&node));
            run.nodes[index] = node;
        }
    }

    /// Evicted pods that find no room: wait (an empty text), and after a while a reason to stop.
    pub(super) fn without_room(&self, run: &CommandRun) -> Option<String> {
        let pending = self.pending_pods();
        if pending <= run.pending_before {
            return None;
        }
        let last = run.nodes.iter().map(|node| node.since).max().unwrap_or(run.since);
        if self.now().duration_since(last) < SignedDuration::from_mins(PATIENCE_MINUTES) {
            return Some(String::new());
        }
        let more = pending - run.pending_before;
        Some(format!("{more} pods have found no room for {PATIENCE_MINUTES} minutes"))
    }

    /// Whether as many drains were begun in the last ten minutes as the policy allows.
    pub(super) fn limit_reached(&self) -> bool {
        let window = self.now() - SignedDuration::from_mins(10);
        let begun = self.execution.drains.iter().filter(|drain| **drain > window).count();
        begun >= self.drains_allowed()
    }

    pub(super) fn drains_allowed(&self) -> usize {
        let nodes = self.observed.snapshot.nodes.len();
        self.observed.policy.drains_allowed(nodes, self.command.reason.kind, self.now())
    }

    /// Moves one node on.
    pub(super) fn retire(&mut self, command: u32, node: &mut NodeRun) {
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

    pub(super) fn terminate(&mut self, node: &mut NodeRun) {
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
            deadline: self.now() + self.drain_time(node),
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
        self.ask(command, &step, Task::Uncordon { nodes: vec![node.node.clone()] });
    }

    /// Ends a command all of whose nodes are gone or kept.
    pub(super) fn settle(&mut self, run: &mut CommandRun) {
        let kept: Vec<String> = run
            .nodes
            .iter()
            .filter(|node| node.phase == NodePhase::Kept)
            .map(|node| format!("{}: {}", node.node.name, node.note.clone().unwrap_or_default()))
            .collect();
        if !kept.is_empty() && kept.len() == run.nodes.len() && !run.launches.is_empty() {
            self.roll_back(run, format!("no node could be retired. {}", kept.join("; ")));
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

    /// How long a drain may take: longer where budgets and `StatefulSets` let few pods go at a time, or pods
    /// take long to end.
    fn drain_time(&self, node: &NodeRun) -> SignedDuration {
        let rounds = Limits::new(self.observed.snapshot).rounds(self.evictable_on(node));
        let grace = self.evictable_on(node).map(|pod| pod.grace_seconds).max().unwrap_or(0);
        let each = SignedDuration::from_secs(grace.into());
        let waits = SignedDuration::from_mins(ROUND_MINUTES) * (rounds as i32 - 1);
        let all = SignedDuration::from_mins(DRAIN_MINUTES) + each * rounds as i32 + waits;
        all.min(SignedDuration::from_mins(MOST_DRAIN_MINUTES))
    }

    /// Evictable pods on the node, and how many of them are already ending.
    pub(super) fn evictable(&self, node: &NodeRun) -> (u32, u32) {
        self.evictable_on(node)
            .fold((0, 0), |(all, ending), pod| (all + 1, ending + u32::from(pod.terminating)))
    }

    fn evictable_on(&self, node: &NodeRun) -> impl Iterator<Item = &Pod> {
        let pods = self.observed.snapshot.pods.iter();
        pods.filter(move |pod| {
            pod.node.as_deref() == Some(node.node.name.as_str()) && pod.kind.is_evictable()
        })
    }

    /// Pods that have waited for a node for more than a minute.
    pub(super) fn pending_pods(&self) -> u32 {
        let minute_ago = self.observed.snapshot.taken_at - SignedDuration::from_mins(1);
        let pods = self.observed.snapshot.pods.iter();
        pods.filter(|pod| pod.node.is_none() && pod.created_at < minute_ago).count() as u32
    }
}

fn waiting(run: &CommandRun) -> impl Iterator<Item = &NodeRun> {
    run.nodes.iter().filter(|node| node.phase == NodePhase::Waiting)
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
