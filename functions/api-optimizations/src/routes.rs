//! One handler per route.

use crate::view::{
    Approval, Explanation, ListQuery, NewOptimization, Optimization, OptimizationDetail,
};
use api::{App, Caller, Error, Idempotent, Json, Page, Path, Problems, Query, Tagged};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::identity::Role;
use domain::plan::{Plan, PlanState};
use domain::{ClusterId, PlanId, optimization};
use http::{StatusCode, header};
use runtime::planning::{self, ProposeError};
use std::collections::{BTreeMap, BTreeSet};
use storage::{ObjectRef, Stored};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/api/v1/optimizations/…`
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_optimizations, create_optimization))
        .routes(routes!(dry_run_optimization))
        .routes(routes!(get_optimization))
        .routes(routes!(explain_command))
        .routes(routes!(approve_optimization))
        .routes(routes!(cancel_optimization))
}

/// List plans, newest first
///
/// Without their commands. A page may hold fewer than asked for, even none, where the state is
/// filtered by; `next_cursor` says whether more follow.
#[utoipa::path(
    get, path = "/api/v1/optimizations", operation_id = "list_optimizations", tag = "optimizations",
    params(ListQuery),
    responses((status = 200, description = "Plans.", body = Page<Optimization>), Problems),
)]
async fn list_optimizations(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Optimization>>, Error> {
    let page = query.page().request();
    let mut found = match query.cluster_id {
        Some(id) => {
            app.table().cluster(caller.tenant, id).await?;
            app.table().optimizations_of(caller.tenant, id, &page).await?
        }
        None => app.table().optimizations(caller.tenant, &page).await?,
    };
    if let Some(state) = query.state {
        found.items.retain(|one| one.value.state == state.into());
    }
    let clusters: BTreeSet<ClusterId> = found.items.iter().map(|one| one.value.cluster).collect();
    let mut names: BTreeMap<ClusterId, String> = BTreeMap::new();
    for cluster in clusters {
        names.insert(cluster, name_of(&app, &caller, cluster).await?);
    }
    let view = |one: Stored<optimization::Optimization>| {
        let name = names.get(&one.value.cluster).cloned().unwrap_or_default();
        Optimization::of(one, name)
    };
    Ok(Json(Page::of(found, view)))
}

/// Make a plan for a cluster
///
/// From its newest snapshot and prices. Plans that still wait for approval expire with it.
#[utoipa::path(
    post, path = "/api/v1/optimizations", operation_id = "create_optimization", tag = "optimizations",
    params(("Idempotency-Key" = String, Header, description = "Any text that is new.")),
    request_body = NewOptimization,
    responses(
        (status = 201, description = "The plan; it waits for approval.", body = OptimizationDetail,
         headers(("Location" = String, description = "Where it is."))),
        Problems,
    ),
)]
async fn create_optimization(
    State(app): State<App>,
    caller: Caller,
    _: Idempotent,
    Json(body): Json<NewOptimization>,
) -> Result<Response, Error> {
    caller.require(Role::Operator)?;
    let id = body.cluster_id;
    let now = app.clock.now();
    let request = Some(caller.requested.id.clone());
    let proposed = planning::propose(&app.ctx, caller.tenant, id, now, caller.actor(), request);
    let proposed = proposed.await.map_err(told)?;
    let name = name_of(&app, &caller, id).await?;
    let location = format!("/api/v1/optimizations/{}", proposed.optimization.value.id);
    let detail = OptimizationDetail {
        optimization: Optimization::of(proposed.optimization, name),
        plan: proposed.plan.into(),
        execution: None,
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(detail)).into_response())
}

/// What a plan for a cluster would be
///
/// Nothing is kept.
#[utoipa::path(
    post, path = "/api/v1/optimizations/dry-run",
    operation_id = "dry_run_optimization", tag = "optimizations",
    request_body = NewOptimization,
    responses((status = 200, description = "The plan.", body = crate::plan_view::Plan), Problems),
)]
async fn dry_run_optimization(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewOptimization>,
) -> Result<Json<crate::plan_view::Plan>, Error> {
    let cluster = app.table().cluster(caller.tenant, body.cluster_id).await?.value;
    let now = app.clock.now();
    let input = planning::gather(&app.ctx, caller.tenant, &cluster, now).await.map_err(told)?;
    let (_, plan) = planning::decide(input).await?;
    Ok(Json(plan.into()))
}

/// View a plan, and how far it is carried out
#[utoipa::path(
    get, path = "/api/v1/optimizations/{plan_id}", operation_id = "get_optimization", tag = "optimizations",
    params(("plan_id" = String, Path, description = "`opt_…`")),
    responses((status = 200, description = "The plan.", body = OptimizationDetail), Problems),
)]
async fn get_optimization(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PlanId>,
) -> Result<Tagged<OptimizationDetail>, Error> {
    let stored = app.table().optimization(caller.tenant, id).await?;
    detail(&app, &caller, stored).await
}

/// Explain a command
///
/// Its reason with numbers, and what was rejected and why.
#[utoipa::path(
    get, path = "/api/v1/optimizations/{plan_id}/commands/{index}/explanation",
    operation_id = "explain_command", tag = "optimizations",
    params(
        ("plan_id" = String, Path, description = "`opt_…`"),
        ("index" = u32, Path, description = "Place in the plan, from 0."),
    ),
    responses((status = 200, description = "The command in words.", body = Explanation), Problems),
)]
async fn explain_command(
    State(app): State<App>,
    caller: Caller,
    Path((id, index)): Path<(PlanId, u32)>,
) -> Result<Json<Explanation>, Error> {
    let stored = app.table().optimization(caller.tenant, id).await?;
    let plan = plan_of(&app, &caller, &stored.value).await?;
    let text = planner::explain(&plan, index);
    let command = plan.commands.into_iter().find(|command| command.index == index);
    let command = command.ok_or(Error::NotFound)?.into();
    Ok(Json(Explanation { text, command }))
}

/// Approve a plan
///
/// Exactly the one whose hash is sent. It is carried out from the next minute on.
#[utoipa::path(
    post, path = "/api/v1/optimizations/{plan_id}/approve",
    operation_id = "approve_optimization", tag = "optimizations",
    params(("plan_id" = String, Path, description = "`opt_…`")),
    request_body = Approval,
    responses((status = 200, description = "Approved.", body = OptimizationDetail), Problems),
)]
async fn approve_optimization(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PlanId>,
    Json(body): Json<Approval>,
) -> Result<Tagged<OptimizationDetail>, Error> {
    caller.require(Role::Operator)?;
    let stored = app.table().optimization(caller.tenant, id).await?;
    let cluster = app.table().cluster(caller.tenant, stored.value.cluster).await?.value;
    let now = app.clock.now();
    let mut approved = stored.value.clone();
    approved
        .approve(&caller.user.to_string(), &body.plan_hash, cluster.generation, now)
        .map_err(|refused| Error::conflict("not-approvable", refused))?;
    let mut tx = caller.transaction("optimization.approve", id, now);
    let saved = tx.update(&stored, approved);
    app.table().commit(tx).await?;
    detail(&app, &caller, saved).await
}

/// Cancel a plan
///
/// One that is being carried out stops before its next node; nodes it has cordoned become
/// schedulable again.
#[utoipa::path(
    post, path = "/api/v1/optimizations/{plan_id}/cancel",
    operation_id = "cancel_optimization", tag = "optimizations",
    params(("plan_id" = String, Path, description = "`opt_…`")),
    responses((status = 200, description = "Cancelled, or asked to stop.", body = OptimizationDetail), Problems),
)]
async fn cancel_optimization(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PlanId>,
) -> Result<Tagged<OptimizationDetail>, Error> {
    caller.require(Role::Operator)?;
    let stored = app.table().optimization(caller.tenant, id).await?;
    let now = app.clock.now();
    let mut tx = caller.transaction("optimization.cancel", id, now);
    let saved = if stored.value.state == PlanState::Applying {
        let execution = app.table().execution(caller.tenant, id).await?.ok_or(Error::NotFound)?;
        let mut stopping = execution.value.clone();
        stopping.stop_requested_by.get_or_insert(caller.user.to_string());
        tx.update(&execution, stopping);
        stored
    } else {
        let mut cancelled = stored.value.clone();
        let by = format!("cancelled by {}", caller.user);
        cancelled
            .finish(PlanState::Cancelled, Some(by), now)
            .map_err(|refused| Error::conflict("not-cancellable", refused))?;
        tx.update(&stored, cancelled)
    };
    app.table().commit(tx).await?;
    detail(&app, &caller, saved).await
}

async fn detail(
    app: &App,
    caller: &Caller,
    stored: Stored<optimization::Optimization>,
) -> Result<Tagged<OptimizationDetail>, Error> {
    let plan = plan_of(app, caller, &stored.value).await?;
    let execution = app.table().execution(caller.tenant, stored.value.id).await?;
    let name = name_of(app, caller, stored.value.cluster).await?;
    let revision = stored.revision;
    let detail = OptimizationDetail {
        optimization: Optimization::of(stored, name),
        plan: plan.into(),
        execution: execution.map(|stored| stored.value.into()),
    };
    Ok(Tagged::partly(revision, detail))
}

async fn plan_of(
    app: &App,
    caller: &Caller,
    optimization: &optimization::Optimization,
) -> Result<Plan, Error> {
    let body =
        ObjectRef { key: optimization.plan_key.clone(), sha256: optimization.plan_hash.clone() };
    Ok(app.ctx.objects().get(caller.tenant, &body).await?)
}

/// The cluster's name; its id once it is deleted.
async fn name_of(app: &App, caller: &Caller, id: ClusterId) -> Result<String, Error> {
    match app.table().cluster(caller.tenant, id).await {
        Ok(cluster) => Ok(cluster.value.name),
        Err(storage::Error::NotFound { .. }) => Ok(id.to_string()),
        Err(error) => Err(error.into()),
    }
}

fn told(error: ProposeError) -> Error {
    match error {
        ProposeError::NotFit(reason) => Error::conflict("not-fit", reason),
        ProposeError::NoMarket => Error::conflict("no-market", error),
        ProposeError::Busy(_) => Error::conflict("busy", error),
        ProposeError::Storage(error) => error.into(),
    }
}
