//! The instances clusters had: observations of the rollup job, not audited, the newest wins.

use crate::error::Error;
use crate::item::{Item, Stored, encode, key_attributes, millis};
use crate::key::{Key, Range};
use crate::page::{Page, PageRequest};
use crate::table::{Order, Table};
use domain::instance::InstanceRecord;
use domain::{ClusterId, Tenant};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};

/// Days an ended instance is kept: thirteen months, so that every closed hour of a year can be
/// looked into.
const KEPT_DAYS: i64 = 400;

/// A cluster may have a thousand instances, and each write waits for an answer.
const WRITES_AT_ONCE: usize = 16;

impl Item for InstanceRecord {
    const KIND: &'static str = "instance";
}

impl Table {
    /// Writes what was seen of a cluster's instances. A record seen before the one that is there
    /// changes nothing; one that has ended moves to those that have.
    pub async fn put_instances(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        records: &[InstanceRecord],
    ) -> Result<(), Error> {
        stream::iter(records)
            .map(|record| self.put_instance(tenant, cluster, record))
            .buffer_unordered(WRITES_AT_ONCE)
            .try_collect()
            .await
    }

    async fn put_instance(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        record: &InstanceRecord,
    ) -> Result<(), Error> {
        let running = Key::running_instance(tenant, cluster, &record.instance_id);
        let (key, expires) = match record.terminated_at {
            None => (running.clone(), None),
            Some(at) => (
                Key::ended_instance(tenant, cluster, at, &record.instance_id),
                Some(at + SignedDuration::from_hours(24 * KEPT_DAYS)),
            ),
        };
        let kind = (InstanceRecord::KIND, InstanceRecord::VERSION);
        let revision = millis(record.seen_at);
        self.put_newer(encode(&key, kind, revision, expires, record)?, revision).await?;
        if record.terminated_at.is_some() {
            // After the other write: a crash in between shows it twice until the next run, never not
            // at all.
            let delete = self.client.delete_item().table_name(&self.name);
            delete.set_key(Some(key_attributes(&running))).send().await?;
        }
        Ok(())
    }

    /// Instances of a cluster: those that run, then those that ended, newest first.
    pub async fn instances(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        page: &PageRequest,
    ) -> Result<Page<Stored<InstanceRecord>>, Error> {
        self.page(tenant, &Range::instances(tenant, cluster), Order::Descending, page).await
    }

    /// All instances of a cluster that run, as far as is known.
    pub async fn running_instances(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
    ) -> Result<Vec<InstanceRecord>, Error> {
        let found = self.all(Some(tenant), &Range::running_instances(tenant, cluster)).await?;
        Ok(found.into_iter().map(|stored| stored.value).collect())
    }

    /// All instances of a cluster that ran at some moment within `[from, to)`, each once.
    pub async fn instances_within(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<InstanceRecord>, Error> {
        let ended = Range::ended_instances(tenant, cluster, from);
        let ended: Vec<Stored<InstanceRecord>> = self.all(Some(tenant), &ended).await?;
        let mut records: Vec<InstanceRecord> =
            ended.into_iter().map(|stored| stored.value).collect();
        for running in self.running_instances(tenant, cluster).await? {
            if !records.iter().any(|ended| ended.instance_id == running.instance_id) {
                records.push(running);
            }
        }
        records.retain(|record| record.seconds_within(from, to) > 0);
        Ok(records)
    }
}
