//! `Idempotency-Key`: a POST that comes again within a day is answered as the first time.
//!
//! The first answer is kept where it was a success; anything else had no effect and may be tried
//! again. The same key with another request is 422, one whose first request still runs is 409.

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Error, Problem};
use crate::extract::{MAX_BODY, read_body};
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::audit::hex;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use storage::{Answer, Claim};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Headers that belong to an answer.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// Named among a handler's arguments, it makes the key required: absent is 400.
#[derive(Debug, Clone, Copy)]
pub struct Idempotent;

/// Put into a response that holds a secret: it is never kept, and a repetition is refused.
#[derive(Debug, Clone, Copy)]
pub struct ShownOnce;

impl<S: Send + Sync> FromRequestParts<S> for Idempotent {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        match key(&parts.headers)? {
            Some(_) => Ok(Self),
            None => {
                Err(Error::BadRequest("send an Idempotency-Key: any text that is new".to_owned()))
            }
        }
    }
}

/// Answers repetitions; what a person asks without a key, and all that agents ask, goes through.
pub(crate) async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let sent = request.headers();
    // What an agent asks is idempotent by its fence and sequence numbers.
    let person = sent
        .get(header::AUTHORIZATION)
        .is_some_and(|header| !header.as_bytes().starts_with(b"Bearer spo_"));
    let keyed = sent.contains_key(KEY) && person;
    if request.method() != Method::POST || !keyed {
        return next.run(request).await;
    }
    once(&app, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn once(app: &App, request: Request, next: Next) -> Result<Response, Error> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, app).await?;
    let Some(key) = key(&parts.headers)? else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let body = read_body(body, MAX_BODY).await?;
    let asked =
        Sha256::new().chain_update(parts.uri.to_string()).chain_update("\n").chain_update(&body);
    let wall = app.clock.wall();
    let name = format!("{}\n{key}", caller.user);
    let ticket =
        match app.table().claim(caller.tenant, &name, &hex(&asked.finalize()), wall).await? {
            Claim::New(ticket) => ticket,
            Claim::Done(answer) => return Ok(replay(answer)),
            Claim::Running => {
                let detail = "the first request with this Idempotency-Key still runs";
                return Err(Error::conflict("still-running", detail));
            }
            Claim::OtherRequest => {
                let detail = "this Idempotency-Key was used for another request";
                return Err(Error::invalid("", detail));
            }
        };
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if !response.status().is_success() {
        app.table().release(&ticket).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = read_body(body, usize::MAX).await?;
    let answer = match parts.extensions.get::<ShownOnce>() {
        Some(ShownOnce) => shown_once(),
        None => kept(parts.status, &parts.headers, &body),
    };
    if let Err(error) = app.table().record_answer(&ticket, answer, wall).await {
        // What was asked for is done; only a repetition would not know.
        tracing::warn!(error = %error, "the answer to an idempotent request was not kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let Some(key) = headers.get(KEY) else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > 255 {
        let expected = "an Idempotency-Key has 1 to 255 visible ASCII characters";
        return Err(Error::BadRequest(expected.to_owned()));
    }
    Ok(Some(key.to_owned()))
}

fn kept(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    let header = |name: &HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    };
    Answer {
        status: status.as_u16(),
        headers: KEPT.iter().filter_map(header).collect(),
        body: String::from_utf8_lossy(body).into_owned(),
    }
}

fn shown_once() -> Answer {
    let problem = Problem {
        kind: "about:blank".to_owned(),
        title: "Conflict".to_owned(),
        status: 409,
        code: "shown-once".to_owned(),
        detail: "this was done before, and its secret is shown once: revoke it and make another"
            .to_owned(),
        errors: Vec::new(),
        request_id: String::new(),
    };
    let kind = ("content-type".to_owned(), "application/problem+json".to_owned());
    let body = serde_json::to_string(&problem).unwrap_or_default();
    Answer { status: 409, headers: BTreeMap::from([kind]), body }
}

fn replay(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
