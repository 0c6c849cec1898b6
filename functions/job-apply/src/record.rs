//! Writing down what is decided, before it is done.

use crate::gather::Case;
use domain::execution::{Effect, Execution};
use domain::plan::{Plan, PlanState};
use runtime::{Ctx, OneFailed};
use std::sync::Arc;
use storage::{AuditEntry, ObjectRef, PlanToApply, Transaction};

/// Begins an approved plan. Whether there is something to carry on.
pub(crate) async fn begin(
    ctx: &Ctx,
    work: &PlanToApply,
    entry: &mut AuditEntry,
) -> Result<bool, OneFailed> {
    let tenant = work.tenant;
    let stored = ctx.table.optimization(tenant, work.plan).await?;
    match stored.value.state {
        PlanState::Applying => return Ok(true),
        PlanState::Approved => {}
        _ => return Ok(false),
    }
    let cluster = ctx.table.cluster(tenant, work.cluster).await?.value;
    let mut optimization = stored.value.clone();
    let refused =
        |error: domain::optimization::TransitionRefused| OneFailed::Inconsistent(error.to_string());
    let overtaken = optimization.generation != cluster.generation;
    let mut tx;
    if overtaken {
        let newer = format!("overtaken by generation {}", cluster.generation);
        optimization.finish(PlanState::Expired, Some(newer), entry.at).map_err(refused)?;
        tx = Transaction::new(
            tenant,
            AuditEntry { action: "optimization.expire".into(), ..entry.clone() },
        );
    } else if cluster.optimisation_enabled {
        let body = ObjectRef {
            key: optimization.plan_key.clone(),
            sha256: optimization.plan_hash.clone(),
        };
        let plan: Arc<Plan> = ctx.objects().get_shared(tenant, &body).await?;
        optimization.begin().map_err(refused)?;
        tx = Transaction::new(
            tenant,
            AuditEntry { action: "optimization.begin".into(), ..entry.clone() },
        );
        tx.create(&Execution::begin(work.plan, work.cluster, &plan, entry.at));
    } else {
        return Ok(false);
    }
    tx.update(&stored, optimization);
    ctx.table.commit(tx).await?;
    Ok(!overtaken)
}

/// Stores the changed record with new actions and, at the end, the plan's final state.
pub(crate) async fn store(
    ctx: &Ctx,
    case: &mut Case,
    execution: Execution,
    asked: Vec<Effect>,
    entry: &AuditEntry,
) -> Result<(), OneFailed> {
    let mut tx = Transaction::new(case.work.tenant, entry.clone());
    for effect in asked {
        if let Effect::Ask(action) = effect {
            tx.create(action.as_ref());
        }
    }
    if execution.is_over() {
        let (state, note) = execution.verdict();
        let mut optimization = case.optimization.value.clone();
        let finished = optimization.finish(state, note, entry.at);
        finished.map_err(|error| OneFailed::Inconsistent(error.to_string()))?;
        let saved = optimization.before.cost_per_hour - case.info.position.cost_per_hour;
        optimization.measured_saving_per_hour = Some(saved);
        tx.update(&case.optimization, optimization);
    }
    let stored = tx.update(&case.execution, execution);
    ctx.table.commit(tx).await?;
    case.execution = stored;
    Ok(())
}
