//! What ran.

use cloud::AccountClient;
use domain::Tenant;
use domain::cluster::Cluster;
use domain::instance::InstanceRecord;
use jiff::Timestamp;
use runtime::{Ctx, OneFailed};
use std::collections::BTreeMap;

/// Reads what AWS says of the cluster's instances, keeps what is new, and returns all that ran since
/// `since`.
///
/// AWS forgets a terminated instance after about an hour. One that was known to run and that AWS no
/// longer names ended somewhere in between: it is held to have ended when it was last seen.
pub(crate) async fn refresh(
    ctx: &Ctx,
    tenant: Tenant,
    cluster: &Cluster,
    aws: &AccountClient,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<InstanceRecord>, OneFailed> {
    let stored = ctx.table.instances_within(tenant, cluster.id, since, now).await?;
    let seen = aws.instances(&cluster.name).await?;
    let mut known: BTreeMap<String, InstanceRecord> =
        stored.iter().map(|record| (record.instance_id.clone(), record.clone())).collect();
    for one in seen {
        let before = known.remove(&one.id);
        let ended = match (one.state.is_over(), before.as_ref().and_then(|b| b.terminated_at)) {
            (_, Some(ended)) => Some(ended),
            (true, None) => Some(one.terminated_at.unwrap_or(now)),
            (false, None) => None,
        };
        let record = InstanceRecord {
            instance_id: one.id.clone(),
            pool: one.pool,
            node_group: one.node_group,
            launched_at: one.launched_at,
            terminated_at: ended,
            reclaimed: ended.map(|_| one.reclaimed),
            seen_at: now,
            overlap: before.and_then(|before| before.overlap),
        };
        known.insert(one.id, record);
    }
    for record in known.values_mut() {
        if record.terminated_at.is_none() && record.seen_at < now {
            record.terminated_at = Some(record.seen_at);
        }
    }
    let known: Vec<InstanceRecord> = known.into_values().collect();
    let changed: Vec<InstanceRecord> =
        known.iter().filter(|record| !stored.contains(record)).cloned().collect();
    ctx.table.put_instances(tenant, cluster.id, &changed).await?;
    Ok(known)
}
