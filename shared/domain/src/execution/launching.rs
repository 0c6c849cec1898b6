//! Launching: all of a command's nodes come before any of its nodes goes.

use super::advance::{Gate, Step, is_of_group};
use super::{
    CommandPhase, CommandRun, Effect, GroupRequest, GroupState, LAUNCH_MINUTES, LaunchRun,
    NodePhase, group_name,
};
use jiff::SignedDuration;

impl Step<'_, '_> {
    pub(super) fn pending(&mut self, run: &mut CommandRun) {
        let now = self.now();
        match &self.gate {
            Gate::Hold => return,
            Gate::Stop(reason) => {
                run.failure = Some(reason.clone());
                run.enter(CommandPhase::Skipped, now);
                return;
            }
            Gate::Go if !self.may_begin() => return,
            Gate::Go => {}
        }
        run.began_at = now;
        for node in &mut run.nodes {
            if self.node(&node.node).is_none() && !self.is_alive(&node.node.instance_id) {
                node.note = Some("it was gone before".to_owned());
                node.enter(NodePhase::Gone, now);
            }
        }
        for (index, launch) in self.command.launch.iter().enumerate() {
            let group = group_name(self.execution.plan, run.index, index, 0);
            let count = launch.count;
            run.launches.push(LaunchRun { choice: 0, group, count, ready: 0, since: now });
        }
        let nodes: u32 = run.launches.iter().map(|launch| launch.count).sum();
        run.note(now, format!("Launching {nodes} and retiring {} nodes", run.nodes.len()));
        run.enter(CommandPhase::Launching, now);
        self.launching(run);
    }

    /// Whether the policy lets the command begin: within a maintenance window, and not while a budget
    /// would leave it in the middle, with new nodes beside the old.
    fn may_begin(&self) -> bool {
        let policy = self.observed.policy;
        let drains = self.drains_allowed() > 0 || self.command.retire.is_empty();
        policy.in_maintenance_window(self.now()) && drains
    }

    pub(super) fn launching(&mut self, run: &mut CommandRun) {
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
                    Some(format!("{ready} of {count} nodes ready after {LAUNCH_MINUTES} minutes"))
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
        if run.launches.iter().all(|launch| launch.ready >= launch.count) {
            let now = self.now();
            if !run.launches.is_empty() {
                run.note(now, "All launched nodes are ready");
            }
            run.enter(CommandPhase::Cordoning, now);
            self.cordoning(run);
        }
    }

    pub(super) fn create(&mut self, index: usize, launch: &LaunchRun) {
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
            like: self.command.retire.iter().find_map(|retire| retire.node_group.clone()),
        }));
    }

    /// Turns to the launch's next choice; what the failed one left is torn down meanwhile.
    pub(super) fn try_next_choice(
        &mut self,
        run: &mut CommandRun,
        index: usize,
        why: &str,
    ) -> bool {
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

    pub(super) fn ready_nodes(&self, group: &str) -> u32 {
        let nodes = self.observed.snapshot.nodes.iter();
        nodes.filter(|node| is_of_group(node, group) && node.ready && !node.terminating).count()
            as u32
    }
}
