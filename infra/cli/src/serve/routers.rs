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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_what_the_code_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap();
        let now = openapi().to_pretty_json().unwrap();
        assert!(committed.trim_end() == now, "web/openapi.json is out of date: run `make openapi`");
    }
}
