//! The closed list of what a caller can be told, as RFC 9457 problem details.
//!
//! Errors travel by `?`. A cause never reaches the caller: [`crate::layers`] logs it once with its
//! chain and adds the request id to what is sent.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What went wrong, as the caller may know it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: the request cannot be read.
    #[error("{0}")]
    BadRequest(String),
    /// 401: no proof, or no longer a good one, of who is asking.
    #[error("sign in first: a valid bearer token is needed")]
    Unauthorized,
    /// 401: e-mail and password do not belong together. The same for an unknown e-mail.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// 403: known who, but not allowed; only where existence is no secret.
    #[error("{0}")]
    Forbidden(String),
    /// 404: absent, or somebody else's.
    #[error("there is nothing here that you may see")]
    NotFound,
    /// 405: the path exists, not with this method.
    #[error("this path does not know this method")]
    MethodNotAllowed,
    /// 409: the state of things does not allow it.
    #[error("{detail}")]
    Conflict {
        /// A stable kebab-case word for programs.
        code: &'static str,
        /// For people.
        detail: String,
    },
    /// 412: it has changed since it was read.
    #[error("it has changed since you read it: read it again and repeat the change")]
    Stale,
    /// 413: too large.
    #[error("the body is too large: at most {0} bytes are taken")]
    TooLarge(usize),
    /// 415: not a type this path takes.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// 422: readable but not acceptable.
    #[error("some fields are not acceptable")]
    Invalid(Vec<FieldError>),
    /// 428: a change needs `If-Match`.
    #[error("send If-Match with the ETag of what you read")]
    IfMatchRequired,
    /// 429: too many tries.
    #[error("too many attempts: try again in {retry_after_seconds} s")]
    TooManyRequests {
        /// Seconds.
        retry_after_seconds: u64,
    },
    /// 503: something this rests on does not answer.
    #[error("the service cannot answer now: try again shortly")]
    Unavailable(#[source] Cause),
    /// 500: our fault.
    #[error("something went wrong on our side: it has been logged under the request id")]
    Internal(#[source] Cause),
}

/// What is logged and never sent.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// RFC 6901 JSON pointer into the body; `?name` for a query parameter.
    #[schema(example = "/email")]
    pub pointer: String,
    /// For people.
    pub message: String,
}

impl FieldError {
    /// What is wrong with the field at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl std::fmt::Display) -> Self {
        Self { pointer: pointer.into(), message: message.to_string() }
    }
}

/// Problem details (RFC 9457), `application/problem+json`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: `code` says more than a URI would.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: String,
    /// The status in words.
    #[schema(example = "Not Found")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// A stable kebab-case word for programs.
    #[schema(example = "not-found")]
    pub code: String,
    /// One sentence for people.
    pub detail: String,
    /// What is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// To be named when asking us about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
}

/// What an error response carries to the outermost layer.
#[derive(Clone)]
pub(crate) struct Failed {
    pub(crate) problem: Problem,
    pub(crate) cause: Option<Cause>,
}

impl Error {
    /// A rule of the domain says no.
    pub fn conflict(code: &'static str, rule: impl std::fmt::Display) -> Self {
        Self::Conflict { code, detail: rule.to_string() }
    }

    /// One field is not acceptable.
    pub fn invalid(pointer: &str, message: impl std::fmt::Display) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, message)])
    }

    /// Our fault.
    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Arc::new(cause))
    }

    /// Our fault, in words.
    pub fn internal_text(cause: impl Into<String>) -> Self {
        let cause: Box<dyn std::error::Error + Send + Sync> = cause.into().into();
        Self::Internal(cause.into())
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::WrongCredentials => (StatusCode::UNAUTHORIZED, "wrong-credentials"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::Conflict { code, .. } => (StatusCode::CONFLICT, code),
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "stale"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::UnsupportedMediaType(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type")
            }
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::IfMatchRequired => (StatusCode::PRECONDITION_REQUIRED, "if-match-required"),
            Self::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: self.to_string(),
            errors: if let Self::Invalid(errors) = &self { errors.clone() } else { Vec::new() },
            request_id: String::new(),
        };
        let mut response = status.into_response();
        let retry_after = match &self {
            Self::TooManyRequests { retry_after_seconds } => Some(*retry_after_seconds),
            Self::Unavailable(_) => Some(5),
            _ => None,
        };
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let cause = match self {
            Self::Unavailable(cause) | Self::Internal(cause) => Some(cause),
            _ => None,
        };
        response.extensions_mut().insert(Failed { problem, cause });
        response
    }
}

impl Problem {
    /// The response that says this.
    pub(crate) fn render(&self, mut response: Response) -> Response {
        let body = serde_json::to_vec(self).unwrap_or_default();
        *response.body_mut() = axum::body::Body::from(body);
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response
    }
}
