//! Values where the product looks for them.

use crate::values;
use domain::cluster::{Cluster, PoolShare, SnapshotInfo};
use domain::offering::Market;
use domain::plan::Position;
use domain::snapshot::ClusterSnapshot;
use domain::{Money, Tenant};
use std::collections::BTreeMap;
use storage::{MarketPointer, Table, Transaction};

/// Commits what `arrange` puts into a transaction.
pub async fn store(table: &Table, tenant: Tenant, arrange: impl FnOnce(&mut Transaction)) {
    let mut tx = Transaction::new(tenant, values::entry("test.arrange", "test"));
    arrange(&mut tx);
    table.commit(tx).await.unwrap();
}

/// Stores a snapshot as the cluster's newest, with its nodes at the prices of [`values::market`].
/// Returns what is known of it then.
pub async fn store_snapshot(
    table: &Table,
    tenant: Tenant,
    cluster: &Cluster,
    snapshot: &ClusterSnapshot,
) -> SnapshotInfo {
    let id = cluster.id.to_string();
    let body = table.objects().put(tenant, "snapshot", &id, snapshot).await.unwrap();
    let pools = PoolShare::of(snapshot, Some(&values::market()));
    let info = SnapshotInfo {
        taken_at: snapshot.taken_at,
        object_key: body.key,
        sha256: body.sha256,
        pods: snapshot.pods.len() as u32,
        position: Position {
            cost_per_hour: pools.iter().map(|pool| pool.cost_per_hour).sum::<Money>(),
            nodes: snapshot.nodes.len() as u32,
            ..Position::default()
        },
        pools,
        previous_nodes: None,
    };
    assert!(table.put_snapshot(tenant, cluster.id, &info).await.unwrap(), "a newer one is there");
    info
}

/// Stores a market as the newest of the cluster's region.
pub async fn store_market(table: &Table, tenant: Tenant, cluster: &Cluster, market: &Market) {
    let object = table.objects().put(tenant, "market", &cluster.region, market).await.unwrap();
    let pointer =
        MarketPointer { object, priced_at: market.priced_at, covered_vcpus: BTreeMap::new() };
    let (account, region) = (cluster.account, &cluster.region);
    assert!(table.put_market(tenant, account, region, &pointer).await.unwrap(), "a newer is there");
}
