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
        if !is_json(request.headers()) {
            let expected = "send the body as application/json";
            return Err(Error::UnsupportedMediaType(expected.to_owned()));
        }
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
        let json = is_json(request.headers());
        let body = read_body(request.into_limited_body(), MAX_BODY).await?;
        match body.is_empty() {
            true => Ok(None),
            false if json => parse_json(&body).map(|body| Some(Self(body))),
            false => {
                Err(Error::UnsupportedMediaType("send the body as application/json".to_owned()))
            }
        }
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

/// Parses and checks a JSON body.
pub fn parse_json<T>(body: &[u8]) -> Result<T, Error>
where
    T: DeserializeOwned + Validate,
    T::Context: Default,
{
    let value: T = serde_json::from_slice(body).map_err(unreadable)?;
    value.validate().map_err(|report| invalid("/", &report))?;
    Ok(value)
}

/// Well-formed JSON with wrong fields is 422, anything else 400.
pub fn unreadable(error: serde_json::Error) -> Error {
    if error.is_data() {
        Error::invalid("", error)
    } else {
        Error::BadRequest(format!("the body is not JSON: {error}"))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Each failed rule with its pointer; `lead` is `/` for a body and `?` for a query.
fn invalid(lead: &str, report: &garde::Report) -> Error {
    let error = |(path, error): &(garde::Path, garde::Error)| {
        // A path serialises as a list of its parts, which keeps dots in keys apart from steps.
        let parts = serde_json::to_value(path).unwrap_or_default();
        let parts = parts.as_array().cloned().unwrap_or_default();
        let parts: Vec<String> = parts
            .iter()
            .filter_map(|part| part.get(1)?.as_str())
            .map(|part| part.replace('~', "~0").replace('/', "~1"))
            .collect();
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
    struct Deep {
        #[garde(length(chars, min = 1))]
        name: String,
        #[garde(dive)]
        inner: BTreeMap<String, Inner>,
    }

    #[derive(Debug, Deserialize, Validate)]
    struct Inner {
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
        let body = r#"{"name": "", "inner": {"a.b/c": {"sizes": [1, 9]}}}"#;
        let mut found = pointers(body);
        found.sort_unstable();
        assert_eq!(found, ["/inner/a.b~1c/sizes/1", "/name"]);
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
