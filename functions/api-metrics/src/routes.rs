//! One handler per route.

use crate::figures::{self, Figures};
use crate::view::{Dashboard, LedgerHourView, LedgerQuery, Span};
use api::{App, Caller, Error, Json, Page, Path, Problems, Query};
use axum::extract::State;
use domain::cluster::Cluster;
use domain::optimization::Optimization;
use domain::{ClusterId, Tenant};
use jiff::Timestamp;
use storage::{PageRequest, Stored};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Most clusters and plans one dashboard looks at.
const MOST: u32 = 200;

/// `/api/v1/metrics/…`
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(get_dashboard))
        .routes(routes!(get_cluster_metrics))
        .routes(routes!(list_ledger_hours))
}

/// All clusters together
#[utoipa::path(
    get, path = "/api/v1/metrics/dashboard", operation_id = "get_dashboard", tag = "metrics",
    params(Span),
    responses((status = 200, description = "The figures.", body = Dashboard), Problems),
)]
async fn get_dashboard(
    State(app): State<App>,
    caller: Caller,
    Query(span): Query<Span>,
) -> Result<Json<Dashboard>, Error> {
    let clusters = app.table().clusters(caller.tenant, &PageRequest::new(MOST, None)).await?;
    let clusters = clusters.items.into_iter().map(|stored| stored.value).collect();
    let plans = app.table().optimizations(caller.tenant, &PageRequest::new(MOST, None)).await?;
    answer(&app, caller.tenant, clusters, plans.items, span.days()).await
}

/// One cluster
#[utoipa::path(
    get, path = "/api/v1/metrics/clusters/{cluster_id}", operation_id = "get_cluster_metrics", tag = "metrics",
    params(("cluster_id" = String, Path, description = "`clu_…`"), Span),
    responses((status = 200, description = "The figures.", body = Dashboard), Problems),
)]
async fn get_cluster_metrics(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClusterId>,
    Query(span): Query<Span>,
) -> Result<Json<Dashboard>, Error> {
    let cluster = app.table().cluster(caller.tenant, id).await?.value;
    let page = PageRequest::new(MOST, None);
    let plans = app.table().optimizations_of(caller.tenant, id, &page).await?;
    answer(&app, caller.tenant, vec![cluster], plans.items, span.days()).await
}

/// The closed hours of a cluster, newest first
#[utoipa::path(
    get, path = "/api/v1/metrics/ledger", operation_id = "list_ledger_hours", tag = "metrics",
    params(LedgerQuery),
    responses((status = 200, description = "A page of hours.", body = Page<LedgerHourView>), Problems),
)]
async fn list_ledger_hours(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<Page<LedgerHourView>>, Error> {
    let id = query.cluster_id;
    // Somebody else's cluster is as good as absent.
    app.table().cluster(caller.tenant, id).await?;
    // Not "until now": a cursor is one of its range, and a range that moves would outrun it.
    let from = query.from.unwrap_or(Timestamp::MIN);
    let to = query.to.unwrap_or(Timestamp::MAX);
    if from > to {
        return Err(Error::invalid("?from", "from is after to"));
    }
    let page = query.page().request();
    let hours = app.table().ledger_hours(caller.tenant, id, (from, to), &page).await?;
    Ok(Json(Page::of(hours, LedgerHourView::from)))
}

async fn answer(
    app: &App,
    tenant: Tenant,
    clusters: Vec<Cluster>,
    plans: Vec<Stored<Optimization>>,
    days: i64,
) -> Result<Json<Dashboard>, Error> {
    let now = app.clock.now();
    let since = figures::since(now, days);
    let ids: Vec<ClusterId> = clusters.iter().map(|cluster| cluster.id).collect();
    let mut agents = app.table().agent_statuses(tenant, &ids).await?;
    let mut snapshots = app.table().snapshots(tenant, &ids).await?;
    let mut all = Vec::new();
    for cluster in clusters {
        let hours = app.table().ledger_totals(tenant, cluster.id, since, now).await?;
        let agent = agents.remove(&cluster.id);
        let snapshot = snapshots.remove(&cluster.id);
        all.push(Figures { cluster, agent, snapshot, hours });
    }
    let plans: Vec<Optimization> = plans.into_iter().map(|stored| stored.value).collect();
    Ok(Json(figures::dashboard(&all, &plans, days, now)))
}
