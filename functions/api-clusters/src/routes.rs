//! One handler per route.

use crate::map::{self, ClusterState};
use crate::settings::{self, Change};
use crate::view::{AgentKey, Cluster, Instance, ListQuery, NewCluster};
use crate::{keys, registration};
use api::{
    App, Caller, Error, Idempotent, IfMatch, Json, Page, PageQuery, Path, Problems, Query,
    ShownOnce, Tagged,
};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::identity::Role;
use domain::{ClusterId, KeyId, cluster};
use http::{StatusCode, header};
use storage::PageRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/api/v1/clusters/…`
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_clusters, create_cluster))
        .routes(routes!(get_cluster, update_cluster, delete_cluster))
        .routes(routes!(create_agent_key))
        .routes(routes!(delete_agent_key))
        .routes(routes!(list_instances))
        .routes(routes!(get_cluster_state))
}

/// List registered clusters
#[utoipa::path(
    get, path = "/api/v1/clusters", operation_id = "list_clusters", tag = "clusters",
    params(ListQuery),
    responses((status = 200, description = "Clusters, oldest first.", body = Page<Cluster>), Problems),
)]
async fn list_clusters(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Cluster>>, Error> {
    let now = app.clock.now();
    let wanted = query.limit.map_or(50, usize::from);
    let search = query.search.map(|text| text.to_lowercase());
    let (mut items, mut cursor) = (Vec::new(), query.cursor);
    // A page is filled up with what passes the filters, however many pages of the table that takes.
    loop {
        let request = PageRequest::new((wanted - items.len()) as u32, cursor);
        let page = app.table().clusters(caller.tenant, &request).await?;
        let ids: Vec<ClusterId> = page.items.iter().map(|stored| stored.value.id).collect();
        let agents = app.table().agent_statuses(caller.tenant, &ids).await?;
        let snapshots = app.table().snapshots(caller.tenant, &ids).await?;
        items.extend(page.items.iter().map(|stored| &stored.value).filter_map(|cluster| {
            let view =
                Cluster::of(cluster, agents.get(&cluster.id), snapshots.get(&cluster.id), now);
            let named = search.as_ref().is_none_or(|text| view.name.to_lowercase().contains(text));
            let doing = query.status.is_none_or(|status| view.status == status);
            (named && doing).then_some(view)
        }));
        cursor = page.next;
        if cursor.is_none() || items.len() >= wanted {
            return Ok(Json(Page { items, next_cursor: cursor }));
        }
    }
}

/// Register a cluster
///
/// Looks the cluster up in its linked account. Then make a key and install the agent with it.
#[utoipa::path(
    post, path = "/api/v1/clusters", operation_id = "create_cluster", tag = "clusters",
    params(("Idempotency-Key" = String, Header, description = "Any text that is new.")),
    request_body = NewCluster,
    responses(
        (status = 201, description = "Registered.", body = Cluster,
         headers(("Location" = String, description = "Where it is."))),
        Problems,
    ),
)]
async fn create_cluster(
    State(app): State<App>,
    caller: Caller,
    _: Idempotent,
    Json(body): Json<NewCluster>,
) -> Result<Response, Error> {
    caller.require(Role::Operator)?;
    let cluster = registration::register(&app, &caller, body).await?;
    let location = [(header::LOCATION, format!("/api/v1/clusters/{}", cluster.id))];
    let view = tagged(&app, &caller, &cluster).await?;
    Ok((StatusCode::CREATED, location, view).into_response())
}

/// View a cluster
#[utoipa::path(
    get, path = "/api/v1/clusters/{cluster_id}", operation_id = "get_cluster", tag = "clusters",
    params(("cluster_id" = String, Path, description = "`clu_…`")),
    responses((status = 200, description = "The cluster. Its `ETag` is of its settings.", body = Cluster), Problems),
)]
async fn get_cluster(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClusterId>,
) -> Result<Tagged<Cluster>, Error> {
    let cluster = app.table().cluster(caller.tenant, id).await?.value;
    tagged(&app, &caller, &cluster).await
}

/// Change a cluster's settings
#[utoipa::path(
    patch, path = "/api/v1/clusters/{cluster_id}", operation_id = "update_cluster", tag = "clusters",
    params(
        ("cluster_id" = String, Path, description = "`clu_…`"),
        ("If-Match" = String, Header, description = "The `ETag` that was read."),
    ),
    request_body = Change,
    responses((status = 200, description = "Changed.", body = Cluster), Problems),
)]
async fn update_cluster(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClusterId>,
    read: IfMatch,
    Json(change): Json<Change>,
) -> Result<Tagged<Cluster>, Error> {
    caller.require(Role::Operator)?;
    let cluster = registration::change(&app, &caller, id, &read, &change).await?;
    tagged(&app, &caller, &cluster).await
}

/// Forget a cluster
///
/// Its agent's keys end at once. Nothing in AWS is touched.
#[utoipa::path(
    delete, path = "/api/v1/clusters/{cluster_id}", operation_id = "delete_cluster", tag = "clusters",
    params(("cluster_id" = String, Path, description = "`clu_…`")),
    responses((status = 204, description = "Forgotten."), Problems),
)]
async fn delete_cluster(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClusterId>,
) -> Result<StatusCode, Error> {
    caller.require(Role::Operator)?;
    registration::remove(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a key for a cluster's agent
///
/// It is shown once. Two may live at the same time, so that one can be exchanged for the other.
#[utoipa::path(
    post, path = "/api/v1/clusters/{cluster_id}/agent-keys", operation_id = "create_agent_key", tag = "clusters",
    params(
        ("cluster_id" = String, Path, description = "`clu_…`"),
        ("Idempotency-Key" = String, Header, description = "Any text that is new. A repetition is refused: the key is shown once."),
    ),
    responses((status = 201, description = "The key.", body = AgentKey), Problems),
)]
async fn create_agent_key(
    State(app): State<App>,
    caller: Caller,
    _: Idempotent,
    Path(id): Path<ClusterId>,
) -> Result<Response, Error> {
    caller.require(Role::Operator)?;
    let key = keys::create(&app, &caller, id).await?;
    Ok((StatusCode::CREATED, Extension(ShownOnce), Json(key)).into_response())
}

/// Revoke a key of a cluster's agent
#[utoipa::path(
    delete, path = "/api/v1/clusters/{cluster_id}/agent-keys/{key_id}", operation_id = "delete_agent_key", tag = "clusters",
    params(
        ("cluster_id" = String, Path, description = "`clu_…`"),
        ("key_id" = String, Path, description = "`key_…`"),
    ),
    responses((status = 204, description = "Revoked, from the next request on."), Problems),
)]
async fn delete_agent_key(
    State(app): State<App>,
    caller: Caller,
    Path((id, key)): Path<(ClusterId, KeyId)>,
) -> Result<StatusCode, Error> {
    caller.require(Role::Operator)?;
    keys::revoke(&app, &caller, id, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List a cluster's instances
#[utoipa::path(
    get, path = "/api/v1/clusters/{cluster_id}/instances", operation_id = "list_instances", tag = "clusters",
    params(("cluster_id" = String, Path, description = "`clu_…`"), PageQuery),
    responses((status = 200, description = "Those that run, then those that ended, newest first.", body = Page<Instance>), Problems),
)]
async fn list_instances(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClusterId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Instance>>, Error> {
    app.table().cluster(caller.tenant, id).await?;
    let instances = app.table().instances(caller.tenant, id, &page.request()).await?;
    Ok(Json(Page::of(instances, |stored| Instance::from(stored.value))))
}

/// View what runs where in a cluster
#[utoipa::path(
    get, path = "/api/v1/clusters/{cluster_id}/state", operation_id = "get_cluster_state", tag = "clusters",
    params(("cluster_id" = String, Path, description = "`clu_…`")),
    responses((status = 200, description = "The newest snapshot, priced and judged.", body = ClusterState), Problems),
)]
async fn get_cluster_state(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClusterId>,
) -> Result<Json<ClusterState>, Error> {
    let cluster = app.table().cluster(caller.tenant, id).await?.value;
    let input = map::gather(&app, caller.tenant, &cluster).await?;
    let drawn = tokio::task::spawn_blocking(move || {
        let survey = planner::survey(&input);
        map::draw(&input, &survey)
    });
    Ok(Json(drawn.await.map_err(Error::internal)?))
}

async fn tagged(
    app: &App,
    caller: &Caller,
    cluster: &cluster::Cluster,
) -> Result<Tagged<Cluster>, Error> {
    let agent = app.table().agent_status(caller.tenant, cluster.id).await?;
    let snapshot = app.table().snapshot(caller.tenant, cluster.id).await?;
    let view = Cluster::of(cluster, agent.as_ref(), snapshot.as_ref(), app.clock.now());
    Ok(Tagged::partly(settings::revision(cluster), view))
}
