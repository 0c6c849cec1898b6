//! What every request and every answer passes: request id, problem details, security headers, logs.

use crate::app::App;
use crate::chance;
use crate::error::{Error, Failed};
use crate::idempotency;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use utoipa_axum::router::OpenApiRouter;

/// The id of a request: in the answer's `x-request-id`, in problems, logs and audit rows.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The router of a function, or of several together: `routes` under everything they share.
pub fn router(routes: OpenApiRouter<App>, app: App) -> Router {
    let (router, _) = routes.split_for_parts();
    router
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .layer(from_fn_with_state(app.clone(), idempotency::layer))
        .layer(CatchPanicLayer::custom(|_| {
            Error::internal_text("a handler panicked").into_response()
        }))
        .layer(from_fn_with_state(app.clone(), finish))
        .layer(from_fn(name_request))
        .with_state(app)
}

/// Gives the request its id and its place in the logs.
async fn name_request(mut request: Request, next: Next) -> Response {
    let id = chance::id().to_string();
    let span = tracing::info_span!(
        "request",
        request_id = id,
        method = %request.method(),
        path = request.uri().path(),
    );
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(span).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Turns errors into problems, answers 304, sets the headers.
async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let request_id = request.extensions().get::<RequestId>().cloned();
    let get = request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let mut response = next.run(request).await;
    if let Some(failed) = response.extensions_mut().remove::<Failed>() {
        log(&failed);
        let mut problem = failed.problem;
        problem.request_id = request_id.map(|id| id.0).unwrap_or_default();
        response = problem.render(response);
    } else {
        tracing::info!(status = response.status().as_u16(), "answered");
    }
    // Only what may be kept (see `Tagged`) is there to be validated.
    let kept = response.headers().contains_key(header::CACHE_CONTROL);
    if get && kept && known.is_some_and(|known| matches_etag(&known, response.headers())) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = axum::body::Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    secure(response.headers_mut(), app.settings.is_https());
    response
}

/// A cause is logged here, once, with its chain, and nowhere else.
fn log(failed: &Failed) {
    let status = failed.problem.status;
    let code = &failed.problem.code;
    let Some(cause) = &failed.cause else {
        tracing::info!(status, code, detail = failed.problem.detail, "refused");
        return;
    };
    let mut chain = cause.to_string();
    let mut source = cause.source();
    while let Some(error) = source {
        chain = format!("{chain}: {error}");
        source = error.source();
    }
    tracing::error!(status, code, cause = chain, "failed");
}

fn matches_etag(known: &HeaderValue, headers: &HeaderMap) -> bool {
    let (Ok(known), Some(tag)) = (known.to_str(), headers.get(header::ETAG)) else {
        return false;
    };
    known.split(',').any(|one| one.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

fn secure(headers: &mut HeaderMap, https: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CACHE_CONTROL, "no-store");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    set(header::REFERRER_POLICY, "no-referrer");
    if https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
}
