//! What is known of each cluster's newest snapshot: an observation, not audited, the newest wins. Its
//! body is in the object store.

use crate::error::Error;
use crate::item::{Item, decode, encode, millis};
use crate::key::Key;
use crate::table::Table;
use domain::cluster::SnapshotInfo;
use domain::{ClusterId, Tenant};
use std::collections::BTreeMap;

impl Item for SnapshotInfo {
    const KIND: &'static str = "snapshot";
}

impl Table {
    /// A cluster's newest snapshot; `None` before its agent sent the first.
    pub async fn snapshot(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
    ) -> Result<Option<SnapshotInfo>, Error> {
        let found = self.find(Some(tenant), &Key::snapshot(tenant, cluster)).await?;
        Ok(found.map(|stored| stored.value))
    }

    /// The newest snapshots of several clusters, such as those of one page.
    pub async fn snapshots(
        &self,
        tenant: Tenant,
        clusters: &[ClusterId],
    ) -> Result<BTreeMap<ClusterId, SnapshotInfo>, Error> {
        let keys: Vec<Key> = clusters.iter().map(|id| Key::snapshot(tenant, *id)).collect();
        let mut items = self.batch_items(&keys).await?;
        let mut snapshots = BTreeMap::new();
        for (cluster, key) in clusters.iter().zip(&keys) {
            if let Some(item) = items.remove(key) {
                snapshots.insert(*cluster, decode::<SnapshotInfo>(Some(tenant), item)?.value);
            }
        }
        Ok(snapshots)
    }

    /// Notes a snapshot, unless a newer one is known. Returns whether it did.
    pub async fn put_snapshot(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        snapshot: &SnapshotInfo,
    ) -> Result<bool, Error> {
        let key = Key::snapshot(tenant, cluster);
        let revision = millis(snapshot.taken_at);
        let kind = (SnapshotInfo::KIND, SnapshotInfo::VERSION);
        self.put_newer(encode(&key, kind, revision, None, snapshot)?, revision).await
    }
}
