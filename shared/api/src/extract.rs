//! Request parts parsed into types, every rejection as a [`Problem`](crate::Problem).

use crate::error::{Error, FieldError};
use axum::RequestExt;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use garde::Validate;
use http::{HeaderMap, header, request::Parts};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

/// Most bytes a JSON body may have.
pub const MAX_BODY: usize = 1 << 20;

/// A JSON body: taken in only if valid, sent out as `application/json`.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

/// Path parameters.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

/// Query parameters, taken in only if valid.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned + Validate,
    T::Context: Default,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        expect_json(request.headers())?;
        let body = read_body(request.into_limited_body(), MAX_BODY).await?;
        parse_json(&body).map(Self)
    }
}

impl<T, S> OptionalFromRequest<S> for Json<T>
where
    T: DeserializeOwned + Validate,
    T::Context: Default,
    S: Send + Sync,
{
    type Rejection = Error;

    /// An empty body is none.
    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, Error> {
        let json = expect_json(request.headers());
        let body = read_body(request.into_limited_body(), MAX_BODY).await?;
        if body.is_empty() {
            return Ok(None);
        }
        json?;
        parse_json(&body).map(|body| Some(Self(body)))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        #[allow(clippy::disallowed_types, reason = "this is the wrapper the others use")]
        axum::Json(self.0).into_response()
    }
}

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Error;

    /// An id that is none names nothing: 404, as for one that is absent.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        #[allow(clippy::disallowed_types, reason = "this is the wrapper the others use")]
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Error::NotFound)
    }
}

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned + Validate,
    T::Context: Default,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        #[allow(clippy::disallowed_types, reason = "this is the wrapper the others use")]
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let query = query.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Error::BadRequest(cause.unwrap_or_else(|| error.to_string()))
        })?;
        query.0.validate().map_err(|report| invalid("?", &report))?;
        Ok(Self(query.0))
    }
}

/// Reads a body of at most `limit` bytes.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes, Error> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            if error.is::<http_body_util::LengthLimitError>() {
                return Error::TooLarge(limit);
            }
            cause = error.source();
        }
        Error::BadRequest("the body broke off".to_owned())
    })
}

/// Reads and checks a JSON body.
pub fn parse_json<T>(body: &[u8]) -> Result<T, Error>
where
    T: DeserializeOwned + Validate,
    T::Context: Default,
{
    let value: T = read_json(body)?;
    value.validate().map_err(|report| invalid("/", &report))?;
    Ok(value)
}

/// Reads JSON. What is well-formed but of another shape is 422 with the pointer of what is wrong;
/// where something is missing, of what it is missing from. Anything else is 400.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| {
        if !error.is_data() {
            return Error::BadRequest(format!("the body is not JSON: {error}"));
        }
        // Only what is refused pays for keeping track of the place.
        let mut json = serde_json::Deserializer::from_slice(body);
        let tracked = serde_path_to_error::deserialize::<_, T>(&mut json);
        let pointer = tracked.err().map(|error| pointer(error.path())).unwrap_or_default();
        Error::invalid(&pointer, error)
    })
}

/// RFC 6901.
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter_map(|step| match step {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// A step of a pointer (RFC 6901 §3).
fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// Goes on only with a body that says it is JSON.
pub fn expect_json(headers: &HeaderMap) -> Result<(), Error> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Error::UnsupportedMediaType("send the body as application/json".to_owned()))
}

/// Each failed rule with its pointer; `lead` is `/` for a body and `?` for a query.
fn invalid(lead: &str, report: &garde::Report) -> Error {
    let error = |(path, error): &(garde::Path, garde::Error)| {
        // A path serialises as a list of its parts, which keeps dots in keys apart from steps.
        let parts = serde_json::to_value(path).unwrap_or_default();
        let parts = parts.as_array().cloned().unwrap_or_default();
        // An `Option` is a step that has no name.
        let named = parts.iter().filter(|part| part.get(0).is_some_and(|kind| kind != "none"));
        let parts: Vec<String> =
            named.filter_map(|part| part.get(1)?.as_str()).map(escaped).collect();
        let pointer =
            if parts.is_empty() { String::new() } else { format!("{lead}{}", parts.join("/")) };
        FieldError::new(pointer, error)
    };
    Error::Invalid(report.iter().map(error).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Deep {
        #[garde(length(chars, min = 1))]
        name: String,
        #[garde(dive)]
        inner: BTreeMap<String, Inner>,
    }

    #[derive(Debug, Deserialize, Validate)]
    struct Inner {
        #[garde(inner(length(max = 3)))]
        word: Option<String>,
        #[garde(inner(range(max = 5)))]
        sizes: Vec<u8>,
    }

    fn pointers(body: &str) -> Vec<String> {
        match parse_json::<Deep>(body.as_bytes()) {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_failed_rule_is_named_by_its_json_pointer() {
        let body = r#"{"name": "", "inner": {"a.b/c": {"sizes": [1, 9], "word": "long"}}}"#;
        let mut found = pointers(body);
        found.sort_unstable();
        assert_eq!(found, ["/inner/a.b~1c/sizes/1", "/inner/a.b~1c/word", "/name"]);
    }

    #[test]
    fn what_is_of_another_shape_is_named_by_its_json_pointer() {
        let body = r#"{"name": "a", "inner": {"a.b/c": {"sizes": [1, "two"]}}}"#;
        assert_eq!(pointers(body), ["/inner/a.b~1c/sizes/1"]);
        assert_eq!(pointers(r#"{"name": 1}"#), ["/name"]);
        assert_eq!(pointers(r#"{"name": "a", "inner": {}, "nmae": 1}"#), ["/nmae"]);
        assert_eq!(pointers(r#"{"name": "a", "inner": {"b": {}}}"#), ["/inner/b"]);
    }

    #[test]
    fn json_of_another_shape_is_invalid_and_other_text_is_a_bad_request() {
        assert_eq!(pointers("{}"), [""]);
        for text in ["", "{", "nonsense"] {
            let error = parse_json::<Deep>(text.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::BadRequest(_)), "{text}");
        }
    }
}
