//! From what is stored to a stored plan: the one way in which plans are made.

use crate::Ctx;
use domain::audit::Actor;
use domain::cluster::{Cluster, NotFit, fit_to_act};
use domain::offering::Market;
use domain::optimization::{APPROVAL_MINUTES, Optimization};
use domain::plan::{Plan, PlanState, PlanningInput};
use domain::risk::RiskModel;
use domain::snapshot::ClusterSnapshot;
use domain::{ClusterId, PlanId, Tenant, ids::derived_uuid};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use storage::{AuditEntry, ObjectRef, PageRequest, Stored, Transaction};

/// How long a plan is searched for, in the planner's units of work: well under a second of one core.
const BUDGET: u64 = 50_000;

/// How far back own experience with Spot pools counts, days: interruption rates drift, and the Spot
/// Advisor too speaks of the last month.
const EXPERIENCE_DAYS: i64 = 30;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// The data at hand is not good enough to act on.
    #[error(transparent)]
    NotFit(#[from] NotFit),
    /// No prices are known yet.
    #[error("no prices of this region have been read yet")]
    NoMarket,
    /// A plan is being carried out; its cluster is not what it seems until that is over.
    #[error("{0} is being carried out: wait for it to end, or cancel it")]
    Busy(PlanId),
    /// The table or the object store.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// A plan that was made and stored.
#[derive(Debug, Clone)]
pub struct Proposed {
    /// Its life.
    pub optimization: Stored<Optimization>,
    /// Itself.
    pub plan: Plan,
}

/// All that a decision about a cluster rests on, as it is stored now; refused where that is not good
/// enough to act on.
pub async fn gather(
    ctx: &Ctx,
    tenant: Tenant,
    cluster: &Cluster,
    now: Timestamp,
) -> Result<PlanningInput, ProposeError> {
    let info = ctx.table.snapshot(tenant, cluster.id).await?;
    let pointer = ctx.table.market(tenant, cluster.account, &cluster.region).await?;
    let pointer = pointer.ok_or(ProposeError::NoMarket)?;
    fit_to_act(cluster, info.as_ref(), None, pointer.priced_at, now)?;
    let info = info.ok_or(NotFit::NoSnapshot)?;
    let body = ObjectRef { key: info.object_key, sha256: info.sha256 };
    let snapshot: ClusterSnapshot = ctx.objects().get(tenant, &body).await?;
    let market: Arc<Market> = ctx.objects().get_shared(tenant, &pointer.object).await?;
    Ok(PlanningInput {
        snapshot,
        market: Market::clone(&market),
        policy: cluster.policy.clone(),
        template: cluster.template.clone(),
        risk: experience(ctx, tenant, cluster, now).await?,
        // Savings Plans are not read: their commitment is in dollars of rates that EC2 does not tell.
        covered_vcpus: pointer.covered_vcpus,
        now,
        budget: BUDGET,
        // Any number will do, as long as the same cluster and generation give the same.
        seed: cluster.generation,
    })
}

/// What the cluster's own Spot instances went through lately.
async fn experience(
    ctx: &Ctx,
    tenant: Tenant,
    cluster: &Cluster,
    now: Timestamp,
) -> Result<RiskModel, storage::Error> {
    let since = now - SignedDuration::from_hours(24 * EXPERIENCE_DAYS);
    let ran = ctx.table.instances_within(tenant, cluster.id, since, now).await?;
    Ok(RiskModel::seen(&ran, since, now))
}

/// What is known of prices where a cluster runs; `None` before the first are read.
pub async fn market(
    ctx: &Ctx,
    tenant: Tenant,
    cluster: &Cluster,
) -> Result<Option<Market>, storage::Error> {
    let pointer = ctx.table.market(tenant, cluster.account, &cluster.region).await?;
    let Some(pointer) = pointer else { return Ok(None) };
    let market: Arc<Market> = ctx.objects().get_shared(tenant, &pointer.object).await?;
    Ok(Some(Market::clone(&market)))
}

/// What looking at a cluster rests on, whether its data is good enough to act on or not. Nothing is
/// searched for; without a market nothing has a price.
pub fn to_survey(
    cluster: &Cluster,
    snapshot: ClusterSnapshot,
    market: Option<Market>,
    now: Timestamp,
) -> PlanningInput {
    let unpriced = || Market {
        region: cluster.region.clone(),
        priced_at: now,
        sources: Vec::new(),
        types: BTreeMap::new(),
        offerings: Vec::new(),
    };
    PlanningInput {
        snapshot,
        market: market.unwrap_or_else(unpriced),
        policy: cluster.policy.clone(),
        template: cluster.template.clone(),
        risk: RiskModel::default(),
        covered_vcpus: BTreeMap::new(),
        now,
        budget: 0,
        seed: 0,
    }
}

/// Plans on a thread of its own: it takes a second of computing.
pub async fn decide(input: PlanningInput) -> Result<(PlanningInput, Plan), storage::Error> {
    let planned = tokio::task::spawn_blocking(move || {
        let plan = planner::plan(&input);
        (input, plan)
    });
    planned.await.map_err(|error| storage::Error::Unavailable { source: Box::new(error) })
}

/// How often a plan is made anew because another of the same cluster was stored first.
const TRIES: u32 = 3;

/// Makes a plan for a cluster and stores it: the plan and its input under their hashes, the
/// optimisation that names them, and the cluster's generation, all in one transaction. Plans that
/// still waited for approval expire with it.
///
/// A person and the job may ask at the same moment: both get a plan, and the first expires.
pub async fn propose(
    ctx: &Ctx,
    tenant: Tenant,
    id: ClusterId,
    now: Timestamp,
    actor: Actor,
    request_id: Option<String>,
) -> Result<Proposed, ProposeError> {
    let mut tries = 1;
    loop {
        match propose_once(ctx, tenant, id, now, actor.clone(), request_id.clone()).await {
            Err(ProposeError::Storage(
                storage::Error::Exists { .. } | storage::Error::Conflict { .. },
            )) if tries < TRIES => tries += 1,
            other => return other,
        }
    }
}

async fn propose_once(
    ctx: &Ctx,
    tenant: Tenant,
    id: ClusterId,
    now: Timestamp,
    actor: Actor,
    request_id: Option<String>,
) -> Result<Proposed, ProposeError> {
    let cluster = ctx.table.cluster(tenant, id).await?;
    let recent = ctx.table.optimizations_of(tenant, id, &PageRequest::new(20, None)).await?;
    let applying = |one: &&Stored<Optimization>| {
        matches!(one.value.state, PlanState::Approved | PlanState::Applying)
    };
    if let Some(busy) = recent.items.iter().find(applying) {
        return Err(ProposeError::Busy(busy.value.id));
    }
    let input = gather(ctx, tenant, &cluster.value, now).await?;
    let (input, plan) = decide(input).await?;

    let generation = cluster.value.generation + 1;
    let plan_id = PlanId::new(derived_uuid(&[
        &tenant.org().to_string(),
        &id.to_string(),
        &generation.to_string(),
    ]));
    let stored_input = ctx.objects().put(tenant, "input", &plan_id.to_string(), &input).await?;
    let stored_plan = ctx.objects().put(tenant, "plan", &plan_id.to_string(), &plan).await?;

    let entry = AuditEntry {
        actor,
        action: "optimization.create".to_owned(),
        subject: plan_id.to_string(),
        request_id,
        at: now,
    };
    let mut tx = Transaction::new(tenant, entry);
    for waiting in recent.items.iter().filter(|one| one.value.state == PlanState::Proposed) {
        let mut expired = waiting.value.clone();
        let why = format!("overtaken by {plan_id}");
        // A proposed plan may always expire.
        if expired.finish(PlanState::Expired, Some(why), now).is_ok() {
            tx.update(waiting, expired);
        }
    }
    let optimization = tx.create(&Optimization {
        id: plan_id,
        cluster: id,
        generation,
        state: PlanState::Proposed,
        plan_hash: stored_plan.sha256,
        plan_key: stored_plan.key,
        input_key: stored_input.key,
        before: plan.before.clone(),
        after: plan.after.clone(),
        lower_bound_per_hour: plan.lower_bound_per_hour,
        gap_ppm: plan.gap_ppm,
        commands: plan.commands.len() as u32,
        created_at: now,
        expires_at: now + SignedDuration::from_mins(APPROVAL_MINUTES),
        approved_by: None,
        approved_at: None,
        finished_at: None,
        failure: None,
        measured_saving_per_hour: None,
    });
    tx.update(&cluster, Cluster { generation, ..cluster.value.clone() });
    ctx.table.commit(tx).await?;
    Ok(Proposed { optimization, plan })
}
