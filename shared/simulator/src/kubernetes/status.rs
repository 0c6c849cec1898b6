//! HTTP answers, and the `Status` objects of failures, worded as the real API server words them.

use super::resource::Resource;
use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

/// What a request comes to: an object, or a failure.
pub(super) type Answer = Result<(StatusCode, Value), Failure>;

/// A failure as the API server tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    code: StatusCode,
    reason: &'static str,
    message: String,
    details: Value,
}

#[expect(clippy::unnecessary_wraps, reason = "the shape every handler answers in")]
pub(super) fn ok(object: Value) -> Answer {
    Ok((StatusCode::OK, object))
}

impl Failure {
    pub(super) fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    fn about(
        code: StatusCode,
        reason: &'static str,
        resource: Resource,
        name: &str,
        message: String,
    ) -> Self {
        let mut details = json!({ "name": name, "kind": resource.plural() });
        if !resource.group().is_empty() {
            details["group"] = json!(resource.group());
        }
        Self { code, reason, message, details }
    }

    pub(super) fn not_found(resource: Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::about(StatusCode::NOT_FOUND, "NotFound", resource, name, message)
    }

    pub(super) fn no_such_path() -> Self {
        let message = "the server could not find the requested resource";
        Self { details: json!({}), ..Self::new(StatusCode::NOT_FOUND, "NotFound", message) }
    }

    pub(super) fn already_exists(resource: Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::about(StatusCode::CONFLICT, "AlreadyExists", resource, name, message)
    }

    pub(super) fn conflict(resource: Resource, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.qualified());
        Self::about(StatusCode::CONFLICT, "Conflict", resource, name, message)
    }

    pub(super) fn modified(resource: Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    pub(super) fn uid_differs(name: &str, asked: &str, found: &str) -> Self {
        let why = format!(
            "the UID in the precondition ({asked}) does not match the UID in record ({found}). The object might have been deleted and then recreated"
        );
        Self::conflict(Resource::Pods, name, &why)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(super) fn invalid(resource: Resource, name: &str, message: &str) -> Self {
        let message = format!("{} \"{name}\" is invalid: {message}", resource.kind());
        Self::about(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", resource, name, message)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let failure = Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        Self { details: json!({}), ..failure }
    }

    /// The budget refuses. `retry_after_seconds` is 10 where it was not looked at yet, else 0.
    pub(super) fn budget(cause: String, retry_after_seconds: u64) -> Self {
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        let mut details = json!({ "causes": [{ "reason": "DisruptionBudget", "message": cause }] });
        if retry_after_seconds > 0 {
            details["retryAfterSeconds"] = json!(retry_after_seconds);
        }
        Self { details, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message) }
    }

    /// A real API server gives this one no reason.
    pub(super) fn several_budgets() -> Self {
        let message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
    }

    fn into_response(self) -> Response<Bytes> {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code.as_u16(),
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        let retry_after = self.details["retryAfterSeconds"].as_u64();
        if !self.details.is_null() {
            status["details"] = self.details;
        }
        let mut response = respond(self.code, &status);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// What a deletion or eviction that worked is answered.
pub(super) fn success(code: StatusCode) -> Value {
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code.as_u16() })
}

pub(super) fn into_response(answer: Answer) -> Response<Bytes> {
    match answer {
        Ok((code, object)) => respond(code, &object),
        Err(failure) => failure.into_response(),
    }
}

fn respond(code: StatusCode, object: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(object.to_string()));
    *response.status_mut() = code;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
