//! What no single function can test.

use api::App;
use utoipa_axum::router::OpenApiRouter;

/// All functions' routes, as API Gateway and `serve` join them.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .merge(api_auth::routes())
        .merge(api_accounts::routes())
        .merge(api_clusters::routes())
        .merge(api_agent::routes())
        .merge(api_optimizations::routes())
        .merge(api_metrics::routes())
}
