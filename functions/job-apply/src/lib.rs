//! Carries plans out. Never chooses.
//!
//! Each plan on the work list is looked at ([`gather`]), `domain::execution::advance` says what comes
//! next, that is stored, and then what was asked for is done in AWS ([`act`]). Stored first, done
//! after: a process that dies in between is followed by one that looks again and asks again.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod act;
mod gather;
mod record;

use domain::audit::Actor;
use domain::execution::{Effect, advance};
use gather::Case;
use jiff::Timestamp;
use runtime::{Ctx, JobError, OneFailed};
use storage::key::SWEEP_SHARDS;
use storage::{AuditEntry, PlanToApply};

/// Looks at one plan in one run. Each look that changes something is followed by another, so that a
/// step does not wait a minute for the one before.
const LOOKS: usize = 8;

/// Carries every plan on the work list on, as far as it goes at `now`.
pub async fn run(ctx: &Ctx, now: Timestamp) -> Result<(), JobError> {
    let mut works = Vec::new();
    for shard in 0..SWEEP_SHARDS {
        works.extend(ctx.table.plans_to_apply(shard).await?.into_iter().map(Work));
    }
    Ok(runtime::each("plans", &works, async |work| carry_on(ctx, &work.0, now).await).await?)
}

struct Work(PlanToApply);

impl std::fmt::Display for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.plan)
    }
}

async fn carry_on(ctx: &Ctx, work: &PlanToApply, now: Timestamp) -> Result<(), OneFailed> {
    let mut entry = AuditEntry {
        actor: Actor::Job { name: "job-apply".to_owned() },
        action: "optimization.advance".to_owned(),
        subject: work.plan.to_string(),
        request_id: None,
        at: now,
    };
    if !record::begin(ctx, work, &mut entry).await? {
        return Ok(());
    }
    let mut case = Case::open(ctx, work).await?;
    for _ in 0..LOOKS {
        case.look(ctx, now).await?;
        let mut execution = case.execution.value.clone();
        let effects = advance(&case.plan, &mut execution, &case.observed(now));
        let (asked, calls): (Vec<Effect>, Vec<Effect>) =
            effects.into_iter().partition(|effect| matches!(effect, Effect::Ask(_)));
        let changed = execution != case.execution.value || !asked.is_empty();
        if changed {
            case.mark_overlaps(ctx, &execution, now).await?;
            match record::store(ctx, &mut case, execution, asked, &entry).await {
                // Another run is at it; it goes on from here.
                Err(OneFailed::Storage(
                    storage::Error::Conflict { .. } | storage::Error::Exists { .. },
                )) => return Ok(()),
                other => other?,
            }
        }
        act::act(ctx, &case, calls).await?;
        if !changed || case.execution.value.is_over() {
            return Ok(());
        }
    }
    Ok(())
}
