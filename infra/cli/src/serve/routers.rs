//! All functions' routes together, and their OpenAPI document.

use api::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// What API Gateway joins in AWS.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .merge(api_auth::routes())
        .merge(api_accounts::routes())
        .merge(api_clusters::routes())
        .merge(api_agent::routes())
        .merge(api_optimizations::routes())
        .merge(api_metrics::routes())
}

/// The whole API, as `web/openapi.json` has it.
pub(crate) fn openapi() -> OpenApi {
    api::document([routes().into_openapi()])
}
