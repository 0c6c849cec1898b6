//! What is the case: the plan, its record, the cluster, its instances, node groups and actions.

use cloud::{AccountClient, NodeGroup, NodeGroupStatus};
use domain::action::Action;
use domain::cluster::{Cluster, NotFit, SnapshotInfo, fit_to_act};
use domain::execution::{Execution, GroupState, InstanceState, NodePhase, Observed};
use domain::ids::ActionId;
use domain::instance::InstanceRecord;
use domain::optimization::Optimization;
use domain::plan::Plan;
use domain::snapshot::ClusterSnapshot;
use jiff::{SignedDuration, Timestamp};
use runtime::{Ctx, OneFailed};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use storage::{ObjectRef, PlanToApply, Stored};

/// Minutes an instance may take until its node shows itself.
const JOINING_MINUTES: i64 = 10;

/// One plan that is being carried out, and all that is known about it.
pub(crate) struct Case {
    pub(crate) work: PlanToApply,
    pub(crate) cluster: Stored<Cluster>,
    pub(crate) optimization: Stored<Optimization>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) execution: Stored<Execution>,
    pub(crate) aws: AccountClient,
    pub(crate) info: SnapshotInfo,
    snapshot: ClusterSnapshot,
    instances: BTreeMap<String, cloud::Instance>,
    states: BTreeMap<String, InstanceState>,
    groups: BTreeMap<String, GroupState>,
    actions: BTreeMap<ActionId, Action>,
}

impl Case {
    /// Reads what does not change from look to look.
    pub(crate) async fn open(ctx: &Ctx, work: &PlanToApply) -> Result<Self, OneFailed> {
        let tenant = work.tenant;
        let cluster = ctx.table.cluster(tenant, work.cluster).await?;
        let account = ctx.table.account(tenant, cluster.value.account).await?.value;
        let optimization = ctx.table.optimization(tenant, work.plan).await?;
        let execution = execution_of(ctx, work).await?;
        let plan = ObjectRef {
            key: optimization.value.plan_key.clone(),
            sha256: optimization.value.plan_hash.clone(),
        };
        let plan = ctx.objects().get_shared(tenant, &plan).await?;
        let link = runtime::role_link(&account, &cluster.value.region);
        let aws = ctx.cloud.assume(&link).await?;
        let (info, snapshot) = snapshot_of(ctx, work).await?;
        Ok(Self {
            work: *work,
            cluster,
            optimization,
            plan,
            execution,
            aws,
            info,
            snapshot,
            instances: BTreeMap::new(),
            states: BTreeMap::new(),
            groups: BTreeMap::new(),
            actions: BTreeMap::new(),
        })
    }

    /// Reads what does.
    pub(crate) async fn look(&mut self, ctx: &Ctx, now: Timestamp) -> Result<(), OneFailed> {
        let tenant = self.work.tenant;
        self.cluster = ctx.table.cluster(tenant, self.work.cluster).await?;
        let newest = ctx.table.snapshot(tenant, self.work.cluster).await?;
        if newest.is_some_and(|newest| newest != self.info) {
            (self.info, self.snapshot) = snapshot_of(ctx, &self.work).await?;
        }
        self.execution = execution_of(ctx, &self.work).await?;

        let instances = self.aws.instances(&self.cluster.value.name).await?;
        self.instances = instances.into_iter().map(|one| (one.id.clone(), one)).collect();
        self.states = self.instances.iter().map(|(id, one)| (id.clone(), state(one))).collect();

        self.groups.clear();
        for name in self.execution.value.groups() {
            match self.aws.describe_node_group(&self.cluster.value.name, &name).await {
                Ok(group) => drop(self.groups.insert(name, group_state(&group))),
                Err(cloud::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }

        self.actions.clear();
        for id in self.execution.value.actions() {
            match ctx.table.action(tenant, self.work.cluster, id).await {
                Ok(action) => {
                    let mut action = action.value;
                    // What ran out is over, whether or not it was written down yet.
                    action.expire(now);
                    self.actions.insert(id, action);
                }
                Err(storage::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// For the rule.
    pub(crate) fn observed(&self, now: Timestamp) -> Observed<'_> {
        Observed {
            now,
            snapshot: &self.snapshot,
            fit: self.fit(now),
            instances: &self.states,
            groups: &self.groups,
            actions: &self.actions,
            policy: &self.cluster.value.policy,
        }
    }

    fn fit(&self, now: Timestamp) -> Result<(), NotFit> {
        // Prices were judged when the plan was made; carrying it out does not choose by them.
        let in_aws = Some(self.nodes_by_aws(now));
        fit_to_act(&self.cluster.value, Some(&self.info), in_aws, now, now)
    }

    /// How many nodes there should be by what AWS says: instances that run, but for those so young
    /// that their nodes have not joined.
    fn nodes_by_aws(&self, now: Timestamp) -> u32 {
        let joined: BTreeSet<&String> =
            self.snapshot.nodes.iter().filter_map(|node| node.instance_id.as_ref()).collect();
        let joining_since = now - SignedDuration::from_mins(JOINING_MINUTES);
        let expected = self.instances.values().filter(|one| {
            state(one) == InstanceState::Alive
                && (joined.contains(&one.id) || one.launched_at < joining_since)
        });
        expected.count() as u32
    }

    /// Notes for the ledger since when retired instances ran beside what replaced them.
    pub(crate) async fn mark_overlaps(
        &self,
        ctx: &Ctx,
        after: &Execution,
        now: Timestamp,
    ) -> Result<(), OneFailed> {
        let mut records = Vec::new();
        for (run, before) in after.commands.iter().zip(&self.execution.value.commands) {
            let Some(begun) = run.launches.iter().map(|launch| launch.since).min() else {
                continue;
            };
            for (node, was) in run.nodes.iter().zip(&before.nodes) {
                let id = &node.node.instance_id;
                let gone = node.phase == NodePhase::Gone && was.phase == NodePhase::Terminating;
                let Some(one) = self.instances.get(id).filter(|_| gone) else { continue };
                let ended = one.terminated_at.unwrap_or(now);
                records.push(InstanceRecord {
                    instance_id: id.clone(),
                    pool: one.pool.clone(),
                    node_group: one.node_group.clone(),
                    launched_at: one.launched_at,
                    terminated_at: Some(ended),
                    reclaimed: Some(one.reclaimed),
                    seen_at: now,
                    overlap: Some((begun.max(one.launched_at), ended)),
                });
            }
        }
        if !records.is_empty() {
            ctx.table.put_instances(self.work.tenant, self.work.cluster, &records).await?;
        }
        Ok(())
    }
}

async fn execution_of(ctx: &Ctx, work: &PlanToApply) -> Result<Stored<Execution>, OneFailed> {
    let found = ctx.table.execution(work.tenant, work.plan).await?;
    found.ok_or_else(|| OneFailed::Inconsistent(format!("{} has no record", work.plan)))
}

async fn snapshot_of(
    ctx: &Ctx,
    work: &PlanToApply,
) -> Result<(SnapshotInfo, ClusterSnapshot), OneFailed> {
    let info = ctx.table.snapshot(work.tenant, work.cluster).await?;
    let info =
        info.ok_or_else(|| OneFailed::Inconsistent("the cluster has no snapshot".to_owned()))?;
    let body = ObjectRef { key: info.object_key.clone(), sha256: info.sha256.clone() };
    let snapshot = ctx.objects().get(work.tenant, &body).await?;
    Ok((info, snapshot))
}

fn state(instance: &cloud::Instance) -> InstanceState {
    match instance.state {
        cloud::InstanceState::Pending | cloud::InstanceState::Running => InstanceState::Alive,
        _ => InstanceState::Ending,
    }
}

fn group_state(group: &NodeGroup) -> GroupState {
    if group.status == NodeGroupStatus::Deleting {
        return GroupState::Deleting;
    }
    let broken = matches!(
        group.status,
        NodeGroupStatus::CreateFailed | NodeGroupStatus::Degraded | NodeGroupStatus::DeleteFailed
    );
    if broken || group.lacks_capacity() {
        let issues: Vec<&str> = group.issues.iter().map(|issue| issue.message.as_str()).collect();
        let message = match issues.is_empty() {
            true => format!("EKS calls it {:?}", group.status),
            false => issues.join("; "),
        };
        return GroupState::Failed { message };
    }
    match group.status {
        NodeGroupStatus::Active => GroupState::Active,
        _ => GroupState::Busy,
    }
}
