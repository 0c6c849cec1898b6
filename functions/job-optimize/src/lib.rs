//! Makes plans. Never acts.
//!
//! A cluster without an open plan is planned for; a plan that its policy approves is approved by it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

use domain::audit::Actor;
use jiff::Timestamp;
use runtime::planning::{self, ProposeError};
use runtime::{ClusterOf, Ctx, JobError};
use storage::{AuditEntry, PageRequest, Transaction};

/// Plans for every cluster that has no open plan.
pub async fn run(ctx: &Ctx, now: Timestamp) -> Result<(), JobError> {
    let clusters = runtime::all_clusters(ctx).await?;
    Ok(runtime::each("clusters", &clusters, async |place| plan(ctx, *place, now).await).await?)
}

async fn plan(ctx: &Ctx, place: ClusterOf, now: Timestamp) -> Result<(), ProposeError> {
    let tenant = place.tenant;
    let newest = PageRequest::new(1, None);
    let newest = ctx.table.optimizations_of(tenant, place.cluster, &newest).await?;
    let open = newest.items.first().is_some_and(|plan| plan.value.is_open(now));
    if open {
        return Ok(());
    }
    let actor = Actor::Job { name: "job-optimize".to_owned() };
    let made = planning::propose(ctx, tenant, place.cluster, now, actor.clone(), None).await;
    let proposed = match made {
        Ok(proposed) => proposed,
        // Not fit to be planned for just now, which its page says; nothing is broken.
        Err(error @ (ProposeError::NotFit(_) | ProposeError::NoMarket | ProposeError::Busy(_))) => {
            tracing::info!(cluster = %place.cluster, %error, "not planned for");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let cluster = ctx.table.cluster(tenant, place.cluster).await?.value;
    let stored = proposed.optimization;
    if cluster.policy.auto_approve && stored.value.commands > 0 {
        let mut optimization = stored.value.clone();
        let hash = optimization.plan_hash.clone();
        // What was made a moment ago can only be refused if it was overtaken; then it is left alone.
        if optimization.approve("policy", &hash, cluster.generation, now).is_ok() {
            let entry = AuditEntry {
                actor,
                action: "optimization.approve".to_owned(),
                subject: optimization.id.to_string(),
                request_id: None,
                at: now,
            };
            let mut tx = Transaction::new(tenant, entry);
            tx.update(&stored, optimization);
            ctx.table.commit(tx).await?;
        }
    }
    Ok(())
}
