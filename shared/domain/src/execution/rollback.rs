//! Undoing: node groups of ours are emptied as carefully as any other node, and then deleted.

use super::advance::{Step, is_of_group};
use super::{CommandPhase, CommandRun, Effect, GROUP_PREFIX, NodePhase, NodeRun, Teardown};
use crate::action::{NodeIdentity, Task};
use jiff::{SignedDuration, Timestamp};

/// Seconds after which a node group that is not there is held to have never been made: a request
/// that was under way when the process died shows itself by then.
const SETTLE_SECONDS: i64 = 60;

/// A node group that is to go.
pub(super) fn teardown(group: String, now: Timestamp) -> Teardown {
    Teardown { group, since: now, nodes: Vec::new(), done: false }
}

impl Step<'_, '_> {
    /// Gives the command up: uncordon what it cordoned, and undo what it launched, unless pods of
    /// retired nodes need that by now.
    pub(super) fn roll_back(&mut self, run: &mut CommandRun, reason: String) {
        let now = self.now();
        run.note(now, format!("Rolling back: {reason}"));
        run.failure = Some(reason);
        run.enter(CommandPhase::RollingBack, now);
        let retired = run.nodes.iter().any(|node| node.phase == NodePhase::Gone && node.drains > 0);
        if !retired {
            let groups = run.launches.iter().map(|launch| teardown(launch.group.clone(), now));
            let groups: Vec<Teardown> = groups.collect();
            run.teardowns.extend(groups);
        }
        let nodes: Vec<NodeIdentity> = run
            .nodes
            .iter()
            .filter(|node| node.phase == NodePhase::Waiting)
            .map(|node| node.node.clone())
            .collect();
        if !nodes.is_empty() && self.asked(run.index, "cordon").is_some() {
            self.ask(run.index, "uncordon", Task::Uncordon { nodes });
        }
    }

    pub(super) fn rolling_back(&mut self, run: &mut CommandRun) {
        let uncordoned = match self.asked(run.index, "uncordon") {
            Some(action) => action.state.is_final(),
            // The order is stored together with this phase: where it is not, none was given.
            None => true,
        };
        if uncordoned && run.teardowns.iter().all(|teardown| teardown.done) {
            let now = self.now();
            run.note(now, "Rolled back");
            run.enter(CommandPhase::Failed, now);
        }
    }

    /// Node groups of ours whose last node this command retired have no use any more.
    pub(super) fn tear_down_emptied_groups(&mut self, run: &mut CommandRun) {
        let now = self.now();
        let mut emptied: Vec<String> = run
            .nodes
            .iter()
            .filter_map(|node| node.node_group.clone())
            .filter(|group| group.starts_with(GROUP_PREFIX))
            .filter(|group| {
                !self.observed.snapshot.nodes.iter().any(|node| is_of_group(node, group))
            })
            .filter(|group| !run.teardowns.iter().any(|teardown| teardown.group == *group))
            .collect();
        emptied.sort_unstable();
        emptied.dedup();
        run.teardowns.extend(emptied.into_iter().map(|group| teardown(group, now)));
    }

    pub(super) fn teardowns(&mut self, run: &mut CommandRun) {
        for index in 0..run.teardowns.len() {
            if run.teardowns[index].done {
                continue;
            }
            let mut one = run.teardowns[index].clone();
            if let Some(text) = self.tear_down(run.index, &mut one) {
                run.note(self.now(), text);
            }
            run.teardowns[index] = one;
        }
    }

    /// Moves one teardown on; says what happened when it ends.
    fn tear_down(&mut self, command: u32, teardown: &mut Teardown) -> Option<String> {
        for node in &self.observed.snapshot.nodes {
            let known = |run: &NodeRun| Some(&run.node.instance_id) == node.instance_id.as_ref();
            let Some(instance_id) = node.instance_id.clone() else {
                continue;
            };
            if is_of_group(node, &teardown.group) && !teardown.nodes.iter().any(known) {
                teardown.nodes.push(NodeRun {
                    node: NodeIdentity { name: node.name.clone(), instance_id },
                    node_group: Some(teardown.group.clone()),
                    phase: NodePhase::Waiting,
                    since: self.now(),
                    pods_left: 0,
                    drains: 0,
                    note: None,
                });
            }
        }
        for index in 0..teardown.nodes.len() {
            let mut node = teardown.nodes[index].clone();
            match node.phase {
                NodePhase::Waiting => self.drain(command, &mut node),
                NodePhase::Draining => self.drained(command, &mut node),
                NodePhase::Verifying => {
                    if self.is_seen_empty(command, &mut node) {
                        node.enter(NodePhase::Gone, self.now());
                    }
                }
                _ => {}
            }
            teardown.nodes[index] = node;
        }
        if let Some(kept) = teardown.nodes.iter().find(|node| node.phase == NodePhase::Kept) {
            teardown.done = true;
            let why = kept.note.clone().unwrap_or_default();
            return Some(format!(
                "{} stays: {} could not be emptied: {why}",
                teardown.group, kept.node.name
            ));
        }
        let empty = teardown.nodes.iter().all(|node| node.phase == NodePhase::Gone);
        let exists = self.observed.groups.contains_key(&teardown.group);
        let settled =
            self.now().duration_since(teardown.since) >= SignedDuration::from_secs(SETTLE_SECONDS);
        if exists && empty && self.is_newer(teardown.since) {
            self.effects.push(Effect::DeleteGroup { name: teardown.group.clone() });
        } else if !exists && settled {
            teardown.done = true;
            return Some(format!("{} is deleted", teardown.group));
        }
        None
    }
}
