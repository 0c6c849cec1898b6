//! Closes the savings ledger: every hour that has ended, of every cluster.
//!
//! It looks at what AWS says of the cluster's instances, keeps that, and closes each hour since the
//! last closed one by `domain::ledger::close_hour`. An hour is closed once and for good; an hour that
//! could not be closed in time is closed by a later run.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod instances;
mod prices;

use domain::audit::Actor;
use domain::ledger::{close_hour, hour_of};
use jiff::{SignedDuration, Timestamp};
use runtime::{ClusterOf, Ctx, JobError, OneFailed};
use storage::{AuditEntry, LedgerWatermark, Transaction};

/// Hours closed in one transaction; each takes two of its hundred items.
const BATCH: usize = 24;

/// Closes every hour that has ended by `now`.
pub async fn run(ctx: &Ctx, now: Timestamp) -> Result<(), JobError> {
    let clusters = runtime::all_clusters(ctx).await?;
    Ok(runtime::each("ledgers", &clusters, async |place| close(ctx, *place, now).await).await?)
}

async fn close(ctx: &Ctx, place: ClusterOf, now: Timestamp) -> Result<(), OneFailed> {
    let tenant = place.tenant;
    let cluster = ctx.table.cluster(tenant, place.cluster).await?.value;
    let account = ctx.table.account(tenant, cluster.account).await?.value;
    let link = runtime::role_link(&account, &cluster.region);
    let aws = ctx.cloud.assume(&link).await?;

    let mut watermark = ctx.table.ledger_watermark(tenant, cluster.id).await?;
    // The hour in which the cluster was registered was not all ours: the first is the one after.
    let first = match &watermark {
        Some(closed) => closed.value.closed_until,
        None => hour_of(cluster.created_at) + SignedDuration::from_hours(1),
    };
    let known = instances::refresh(ctx, tenant, &cluster, &aws, first, now).await?;
    let hours = ended(first, now);
    if hours.is_empty() {
        return Ok(());
    }
    let prices = prices::read(&aws, cluster.baseline.as_ref(), &known, first).await?;

    for batch in hours.chunks(BATCH) {
        let entry = AuditEntry {
            actor: Actor::Job { name: "job-rollup".to_owned() },
            action: "ledger.close".to_owned(),
            subject: cluster.id.to_string(),
            request_id: None,
            at: now,
        };
        let mut tx = Transaction::new(tenant, entry);
        for hour in batch {
            let baseline = cluster.baseline.as_ref().filter(|it| it.fixed_at <= *hour);
            tx.create(&close_hour(cluster.id, *hour, baseline, &known, &prices));
        }
        let last = batch.last().unwrap_or(&first);
        let closed = LedgerWatermark {
            cluster: cluster.id,
            closed_until: *last + SignedDuration::from_hours(1),
        };
        watermark = Some(match &watermark {
            Some(stored) => tx.update(stored, closed),
            None => tx.create(&closed),
        });
        ctx.table.commit(tx).await?;
    }
    Ok(())
}

/// The hours from `first` on that have ended by `now`.
fn ended(first: Timestamp, now: Timestamp) -> Vec<Timestamp> {
    let hour = SignedDuration::from_hours(1);
    std::iter::successors(Some(first), |at| Some(*at + hour))
        .take_while(|at| *at + hour <= now)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_closed_when_it_has_ended() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let first = at("2026-11-23T10:00:00Z");
        assert_eq!(ended(first, at("2026-11-23T10:59:59Z")), vec![]);
        assert_eq!(
            ended(first, at("2026-11-23T12:05:00Z")),
            vec![first, at("2026-11-23T11:00:00Z")]
        );
    }
}
