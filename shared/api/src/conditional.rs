//! Strong ETags from revisions, and the changes that need one.

use crate::error::Error;
use crate::extract::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header, request::Parts};
use serde::Serialize;

/// A body with the revision it shows, sent as a strong `ETag`.
#[derive(Debug)]
pub struct Tagged<T> {
    revision: u64,
    body: T,
    whole: bool,
}

impl<T> Tagged<T> {
    /// A body that changes with this revision and never else: a client that has it is answered 304.
    pub const fn whole(revision: u64, body: T) -> Self {
        Self { revision, body, whole: true }
    }

    /// A body of which only what people can change follows this revision: good for `If-Match`.
    pub const fn partly(revision: u64, body: T) -> Self {
        Self { revision, body, whole: false }
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&etag(self.revision)) {
            headers.insert(header::ETAG, tag);
        }
        if self.whole {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        }
        response
    }
}

/// The revision a caller has read, from `If-Match`. Absent is 428.
#[derive(Debug, Clone)]
pub struct IfMatch(String);

impl IfMatch {
    /// Goes on only where the item still has the revision that was read; otherwise 412.
    pub fn check(&self, revision: u64) -> Result<(), Error> {
        // Weak tags never match (RFC 9110 §13.1.1), and `*` would let a change be overwritten.
        let current = etag(revision);
        let same = self.0.split(',').any(|tag| tag.trim() == current);
        if same { Ok(()) } else { Err(Error::Stale) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let header = parts.headers.get(header::IF_MATCH).ok_or(Error::IfMatchRequired)?;
        let text = header.to_str().map_err(|_| Error::Stale)?;
        Ok(Self(text.to_owned()))
    }
}

/// The tag of a revision.
fn etag(revision: u64) -> String {
    format!("\"{revision}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_strong_tag_of_the_current_revision_matches() {
        let matches = |header: &str| IfMatch(header.to_owned()).check(7).is_ok();
        assert!(matches("\"7\""));
        assert!(matches("\"6\", \"7\""));
        for other in ["7", "W/\"7\"", "\"8\"", "*", ""] {
            assert!(!matches(other), "{other}");
        }
    }
}
