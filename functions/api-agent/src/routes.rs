//! One handler per route.

use crate::snapshot;
use crate::unpack::unpack;
use crate::view::{ActionResult, Heartbeat, HeartbeatAnswer, Lease, LeasedAction, LeasedActions};
use api::{AgentCaller, App, Error, Json, Path, Problems, chance};
use axum::body::Body;
use axum::extract::State;
use domain::ActionId;
use domain::action::ResultRefused;
use domain::cluster::AgentStatus;
use http::{HeaderMap, StatusCode};
use storage::Beat;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Seconds between two heartbeats: four may be lost before a cluster counts as silent.
const HEARTBEAT_SECONDS: u32 = 25;

/// Seconds between two snapshots: two may be lost before the newest is too old to act on.
const SNAPSHOT_SECONDS: u32 = 30;

/// The same while something is being done.
const BUSY_SNAPSHOT_SECONDS: u32 = 10;

/// Longest jitter of a retry, in milliseconds.
const JITTER_MS: u32 = 2_000;

/// `/api/v1/agent/…`
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(heartbeat))
        .routes(routes!(put_snapshot))
        .routes(routes!(lease_actions))
        .routes(routes!(settle_action))
}

/// Say that the agent is alive
#[utoipa::path(
    post, path = "/api/v1/agent/heartbeat", operation_id = "heartbeat", tag = "agent",
    security(("agent_key" = [])),
    request_body = Heartbeat,
    responses((status = 200, description = "Noted.", body = HeartbeatAnswer), Problems),
)]
async fn heartbeat(
    State(app): State<App>,
    caller: AgentCaller,
    Json(body): Json<Heartbeat>,
) -> Result<Json<HeartbeatAnswer>, Error> {
    let status = AgentStatus {
        seq: body.seq,
        seen_at: app.clock.now(),
        agent_version: body.agent_version,
        key_generation: caller.generation,
    };
    // A late one changes nothing, and is no fault of the agent.
    if app.table().heartbeat(caller.tenant, caller.cluster, &status).await? == Beat::Revoked {
        return Err(Error::Unauthorized);
    }
    let pending_actions = app.table().open_action_count(caller.tenant, caller.cluster).await?;
    let busy = pending_actions > 0;
    Ok(Json(HeartbeatAnswer {
        pending_actions,
        next_heartbeat_seconds: HEARTBEAT_SECONDS,
        next_snapshot_seconds: if busy { BUSY_SNAPSHOT_SECONDS } else { SNAPSHOT_SECONDS },
    }))
}

/// Upload what the cluster looks like
#[utoipa::path(
    put, path = "/api/v1/agent/snapshot", operation_id = "put_snapshot", tag = "agent",
    security(("agent_key" = [])),
    params(("Content-Encoding" = Option<String>, Header, description = "`gzip`, or none.")),
    request_body(content = serde_json::Value, description = "A `ClusterSnapshot`: at most 20 MB as sent."),
    responses((status = 204, description = "Taken in."), Problems),
)]
async fn put_snapshot(
    State(app): State<App>,
    caller: AgentCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Error> {
    let json = unpack(&headers, body).await?;
    snapshot::take(&app, &caller, json).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lease actions to carry out
#[utoipa::path(
    post, path = "/api/v1/agent/actions/lease", operation_id = "lease_actions", tag = "agent",
    security(("agent_key" = [])),
    request_body = Lease,
    responses((status = 200, description = "Yours until their leases end.", body = LeasedActions), Problems),
)]
async fn lease_actions(
    State(app): State<App>,
    caller: AgentCaller,
    Json(body): Json<Lease>,
) -> Result<Json<LeasedActions>, Error> {
    let now = app.clock.now();
    let mut open = app.table().open_actions(caller.tenant, caller.cluster).await?;
    open.sort_by_key(|stored| (stored.value.created_at, stored.value.id));
    let mut items = Vec::new();
    for stored in open.into_iter().filter(|stored| stored.value.is_leasable(now)) {
        if items.len() >= body.max as usize {
            break;
        }
        let mut action = stored.value.clone();
        action.lease(now);
        match app.table().save_lease(caller.tenant, &stored, action).await {
            Ok(leased) => items.extend(LeasedAction::of(leased.value)),
            // Another process of the agent was faster, or the action was settled.
            Err(storage::Error::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(LeasedActions { items }))
}

/// Report what came of a leased action
#[utoipa::path(
    post, path = "/api/v1/agent/actions/{action_id}/result", operation_id = "settle_action", tag = "agent",
    security(("agent_key" = [])),
    params(("action_id" = String, Path, description = "`act_…`")),
    request_body = ActionResult,
    responses((status = 204, description = "Taken."), Problems),
)]
async fn settle_action(
    State(app): State<App>,
    caller: AgentCaller,
    Path(id): Path<ActionId>,
    Json(body): Json<ActionResult>,
) -> Result<StatusCode, Error> {
    let now = app.clock.now();
    let stored = app.table().action(caller.tenant, caller.cluster, id).await?;
    let mut action = stored.value.clone();
    let jitter_ms = chance::below(JITTER_MS);
    action.settle(body.fence, body.outcome.into(), now, jitter_ms).map_err(|refused| {
        let code = match refused {
            ResultRefused::Fenced => "fenced",
            ResultRefused::Settled => "settled",
        };
        Error::conflict(code, refused)
    })?;
    let mut tx = caller.transaction("action.settle", id, now);
    tx.update(&stored, action);
    app.table().commit(tx).await?;
    Ok(StatusCode::NO_CONTENT)
}
