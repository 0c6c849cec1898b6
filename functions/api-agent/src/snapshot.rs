//! Taking in a snapshot: its body goes to the object store, what it comes to onto the table.

use api::{AgentCaller, App, Error, read_json};
use domain::Tenant;
use domain::cluster::{Cluster, ClusterKind, PoolShare, SnapshotInfo};
use domain::ledger::Baseline;
use domain::plan::PlanningInput;
use domain::snapshot::{ClusterSnapshot, Node, NodeManager};
use jiff::SignedDuration;
use runtime::planning;
use std::time::Duration;
use storage::{ObjectRef, Stored};

/// Seconds an agent's clock may be ahead of ours.
const AHEAD_SECONDS: i64 = 30;

/// How long a replaced snapshot is kept for whoever has just begun to read it.
const LINGER: Duration = Duration::from_secs(30);

/// Takes a snapshot in, given the JSON an agent sent.
pub(crate) async fn take(app: &App, caller: &AgentCaller, json: Vec<u8>) -> Result<(), Error> {
    let now = app.clock.now();
    let (tenant, id) = (caller.tenant, caller.cluster);
    let stored = app.table().cluster(tenant, id).await?;
    let market = planning::market(&app.ctx, tenant, &stored.value).await?;
    let cluster = stored.value.clone();
    // Seconds of computing for a large cluster: not on a thread that answers requests.
    let surveyed = tokio::task::spawn_blocking(move || {
        let snapshot: ClusterSnapshot = read_json(&json)?;
        let input = planning::to_survey(&cluster, snapshot, market, now);
        let position = planner::survey(&input).position;
        Ok::<_, Error>((input, position))
    });
    let (input, position) = surveyed.await.map_err(Error::internal)??;
    let snapshot = &input.snapshot;
    if snapshot.taken_at > now + SignedDuration::from_secs(AHEAD_SECONDS) {
        return Err(Error::invalid("/taken_at", "the agent's clock is ahead of ours"));
    }

    let replaced = app.table().snapshot(tenant, id).await?;
    let body = app.objects().put(tenant, "snapshot", &id.to_string(), snapshot).await?;
    let info = SnapshotInfo {
        taken_at: snapshot.taken_at,
        object_key: body.key,
        sha256: body.sha256,
        pods: snapshot.pods.len() as u32,
        position,
        pools: PoolShare::of(snapshot, Some(&input.market)),
        previous_nodes: replaced.as_ref().map(|old| old.position.nodes),
    };
    if !app.table().put_snapshot(tenant, id, &info).await? {
        return Err(Error::conflict("older-snapshot", "a newer snapshot is there already"));
    }
    observe(app, caller, &stored, &input).await?;
    if let Some(replaced) = replaced.filter(|old| old.object_key != info.object_key) {
        forget(app, tenant, ObjectRef { key: replaced.object_key, sha256: replaced.sha256 });
    }
    Ok(())
}

/// Notes on the cluster what its first snapshots show: who makes its nodes, and the baseline.
async fn observe(
    app: &App,
    caller: &AgentCaller,
    stored: &Stored<Cluster>,
    input: &PlanningInput,
) -> Result<(), Error> {
    let before = &stored.value;
    let fixed = || {
        let baseline = Baseline::fix(&input.snapshot, &input.market, input.now);
        Some(baseline).filter(|baseline| !baseline.pools.is_empty())
    };
    let after = Cluster {
        kind: kind(&input.snapshot.nodes).unwrap_or(before.kind),
        baseline: before.baseline.clone().or_else(fixed),
        ..before.clone()
    };
    if after == *before {
        return Ok(());
    }
    let mut tx = caller.transaction("cluster.observe", caller.cluster, input.now);
    tx.update(stored, after);
    match app.table().commit(tx).await {
        // Somebody else has just changed it: the next snapshot shows the same.
        Err(storage::Error::Conflict { .. }) => Ok(()),
        observed => Ok(observed?),
    }
}

/// Who makes a cluster's nodes, where one of them says so.
fn kind(nodes: &[Node]) -> Option<ClusterKind> {
    let mut kinds = nodes.iter().filter_map(|node| match node.manager {
        NodeManager::ManagedNodeGroup { .. } => Some(ClusterKind::ManagedNodeGroups),
        NodeManager::Karpenter { .. } => Some(ClusterKind::Karpenter),
        NodeManager::AutoMode => Some(ClusterKind::AutoMode),
        NodeManager::SelfManaged => Some(ClusterKind::Mixed),
        NodeManager::Fargate | NodeManager::OtherCloud => None,
    });
    let first = kinds.next()?;
    Some(if kinds.all(|kind| kind == first) { first } else { ClusterKind::Mixed })
}

/// Removes a replaced snapshot a little later. Where the process ends before that, the bucket's
/// lifecycle does it.
fn forget(app: &App, tenant: Tenant, replaced: ObjectRef) {
    let objects = app.objects().clone();
    tokio::spawn(async move {
        tokio::time::sleep(LINGER).await;
        if let Err(error) = objects.delete(tenant, &replaced).await {
            tracing::warn!(%error, key = replaced.key, "a replaced snapshot was not removed");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use testing::values;

    #[test]
    fn a_cluster_is_what_all_its_nodes_are() {
        let mut nodes = values::snapshot().nodes;
        assert_eq!(kind(&nodes), Some(ClusterKind::ManagedNodeGroups));
        nodes[0].manager = NodeManager::Karpenter { node_pool: "default".to_owned() };
        assert_eq!(kind(&nodes), Some(ClusterKind::Mixed));
        nodes[1].manager = NodeManager::Fargate;
        assert_eq!(kind(&nodes), Some(ClusterKind::Karpenter));
        assert_eq!(kind(&[]), None);
    }
}
