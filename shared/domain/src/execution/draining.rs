//! Draining: cordon, evict, see empty, terminate, see gone; one node after the other.

use super::advance::{Gate, Step};
use super::{
    CommandPhase, CommandRun, DRAIN_MINUTES, Effect, MAX_DRAINS, MOST_DRAIN_MINUTES, NodePhase,
    NodeRun, ROOM, ROUND_MINUTES,
};
use crate::action::{Action, ActionState, NodeIdentity, Outcome, Task};
use crate::disruption::Limits;
use crate::room;
use crate::snapshot::Pod;
use jiff::{SignedDuration, Timestamp};

impl Step<'_, '_> {
    pub(super) fn cordoning(&mut self, run: &mut CommandRun) {
        let nodes: Vec<NodeIdentity> =
            waiting(&mut run.nodes).map(|node| node.node.clone()).collect();
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
        let before: Vec<NodePhase> = run.nodes.iter().map(|node| node.phase).collect();
        for node in &mut run.nodes {
            self.retire(run.index, node);
        }
        let in_flight = run
            .nodes
            .iter()
            .any(|node| matches!(node.phase, NodePhase::Draining | NodePhase::Verifying));
        if !in_flight {
            self.begin_next(run);
        }
        let changed = run.nodes.iter().zip(before).filter(|(node, before)| node.phase != *before);
        let texts: Vec<String> = changed.map(|(node, _)| described(node)).collect();
        for text in texts {
            run.note(self.now(), text);
        }
        if run.nodes.iter().all(|node| node.phase.is_final()) {
            self.settle(run);
        }
    }

    /// Begins to drain the next node, where it may.
    fn begin_next(&mut self, run: &mut CommandRun) {
        let last = run.nodes.iter().map(|node| node.since).fold(run.since, Timestamp::max);
        let patient = self.now().duration_since(last) < ROOM;
        let more = self.pods_without_room(run.began_at);
        let gate = match &self.gate {
            Gate::Hold => Gate::Hold,
            Gate::Stop(reason) => Gate::Stop(reason.clone()),
            Gate::Go if more == 0 => Gate::Go,
            Gate::Go if patient => Gate::Hold,
            Gate::Go => Gate::Stop(format!("{more} pods find no room")),
        };
        let command = run.index;
        let mut waiting = waiting(&mut run.nodes);
        match gate {
            Gate::Hold => {}
            Gate::Stop(reason) => waiting.for_each(|node| self.keep(command, node, &reason)),
            Gate::Go if self.limit_reached() => {}
            Gate::Go => {
                let Some(node) = waiting.next() else { return };
                // The plan knew of room for its pods; the cluster may have changed since.
                let lacking = room::lacking(self.observed.snapshot, &node.node.name);
                if lacking == 0 {
                    self.drain(command, node);
                    self.execution.drains.push(self.now());
                } else if !patient {
                    let reason = format!("{lacking} of its pods would find no room elsewhere");
                    self.keep(command, node, &reason);
                }
            }
        }
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
            .map(|node| (&node.node.name, node.note.as_deref().unwrap_or_default()))
            .map(|(name, why)| format!("{name}: {}", why.trim_end_matches('.')))
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

    /// Pods created since a moment that have waited for a node for more than a minute.
    fn pods_without_room(&self, since: Timestamp) -> u32 {
        let minute_ago = self.observed.snapshot.taken_at - SignedDuration::from_mins(1);
        let waits = |pod: &&Pod| pod.node.is_none() && !pod.terminating;
        let pods = self.observed.snapshot.pods.iter().filter(waits);
        pods.filter(|pod| (since..minute_ago).contains(&pod.created_at)).count() as u32
    }
}

fn waiting(nodes: &mut [NodeRun]) -> impl Iterator<Item = &mut NodeRun> {
    nodes.iter_mut().filter(|node| node.phase == NodePhase::Waiting)
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
