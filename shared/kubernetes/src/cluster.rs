//! A cluster behind its API server.

use crate::Clock;
use crate::object::{Kind, parse_live_list};
use crate::snapshot::{Objects, from_objects};
use domain::snapshot::ClusterSnapshot;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// Objects in one page of a list.
const PAGE: u32 = 500;

/// What is listed for a snapshot, all of it within the agent's role.
const LISTED: [(Kind, &str); 7] = [
    (Kind::Node, "/api/v1/nodes"),
    (Kind::Pod, "/api/v1/pods"),
    (Kind::PodDisruptionBudget, "/apis/policy/v1/poddisruptionbudgets"),
    (Kind::Deployment, "/apis/apps/v1/deployments"),
    (Kind::ReplicaSet, "/apis/apps/v1/replicasets"),
    (Kind::StatefulSet, "/apis/apps/v1/statefulsets"),
    (Kind::DaemonSet, "/apis/apps/v1/daemonsets"),
];

/// A cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    client: kube::Client,
    pub(crate) clock: Clock,
    /// Held while it is decided which pods go and they are asked to, so that two drains do not each take a
    /// pod of one `StatefulSet` for the only one that is down.
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
}

/// Why the API server did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// No answer: it may have been done or not.
    #[error("the API server did not answer: {0}")]
    Connection(String),
    /// An answer that says no.
    #[error("{method} {path}: {code} {message}")]
    Refused {
        /// Of the request.
        method: String,
        /// Of the request.
        path: String,
        /// HTTP status.
        code: u16,
        /// The API server's own words.
        message: String,
    },
    /// An answer that can not be read.
    #[error("the API server's answer for {path} can not be read: {message}")]
    Unreadable {
        /// Of the request.
        path: String,
        /// What is wrong with it.
        message: String,
    },
}

impl ClusterError {
    /// The HTTP status of a refusal.
    pub const fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// An answer, whatever it says.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Header `Retry-After`, seconds.
    pub(crate) retry_after: Option<i64>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Cluster {
    /// A cluster behind a client of its own making, which must not retry by itself:
    /// `kube`'s default retries a blocked eviction for minutes.
    pub fn new(client: kube::Client, clock: Clock) -> Self {
        Self { client, clock, turn: Arc::default() }
    }

    /// Connects as the pod or the kubeconfig says, without retries of its own and with time limits.
    pub async fn infer(clock: Clock) -> Result<Self, ClusterError> {
        let no_connection = |error: &dyn std::error::Error| ClusterError::Connection(chain(error));
        let mut config = kube::Config::infer().await.map_err(|error| no_connection(&error))?;
        config.default_retry = false;
        config.connect_timeout = Some(Duration::from_secs(10));
        config.read_timeout = Some(Duration::from_mins(1));
        config.write_timeout = Some(Duration::from_mins(1));
        let client = kube::Client::try_from(config).map_err(|error| no_connection(&error))?;
        Ok(Self::new(client, clock))
    }

    /// Lists everything a decision needs, in pages.
    pub async fn snapshot(&self) -> Result<ClusterSnapshot, ClusterError> {
        let taken_at = self.clock.now();
        let mut objects = Objects::default();
        for (kind, path) in LISTED {
            self.list(kind, path, "", &mut objects).await?;
        }
        Ok(from_objects(objects, taken_at))
    }

    /// The API server's version, such as `v1.36.4`.
    pub async fn version(&self) -> Result<String, ClusterError> {
        let version = self.get("/version").await?;
        Ok(version["gitVersion"].as_str().unwrap_or_default().to_owned())
    }

    /// The machine's time, or the simulated one.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits, on its clock.
    pub async fn pause(&self, time: SignedDuration) {
        self.clock.sleep(time).await;
    }

    /// Adds a list's objects, page by page. A list whose continuation expired is begun anew once.
    pub(crate) async fn list(
        &self,
        kind: Kind,
        path: &str,
        field_selector: &str,
        objects: &mut Objects,
    ) -> Result<(), ClusterError> {
        let selector = if field_selector.is_empty() {
            String::new()
        } else {
            format!("&fieldSelector={}", encode(field_selector))
        };
        let mut restarted = false;
        let mut found = Objects::default();
        let mut token = String::new();
        loop {
            let page = format!("{path}?limit={PAGE}{selector}{token}");
            let answer = self.call(Method::GET, &page, None).await?;
            if answer.status == StatusCode::GONE && !restarted {
                restarted = true;
                found = Objects::default();
                token.clear();
                continue;
            }
            let answer = accepted(Method::GET, path, answer)?;
            let unreadable = |error: serde_json::Error| ClusterError::Unreadable {
                path: path.to_owned(),
                message: error.to_string(),
            };
            match parse_live_list(kind, &answer.body, &mut found).map_err(unreadable)? {
                Some(next) => token = format!("&continue={}", encode(&next)),
                None => break,
            }
        }
        objects.merge(found);
        Ok(())
    }

    /// Reads one object.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ClusterError> {
        let answer = self.call(Method::GET, path, None).await?;
        Ok(accepted(Method::GET, path, answer)?.json())
    }

    /// Changes one object by a merge patch.
    pub(crate) async fn merge(&self, path: &str, patch: &Value) -> Result<Value, ClusterError> {
        let answer = self.call(Method::PATCH, path, Some(patch)).await?;
        Ok(accepted(Method::PATCH, path, answer)?.json())
    }

    /// Sends one request and gives back whatever is answered.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ClusterError> {
        let lost = |error: &dyn std::error::Error| ClusterError::Connection(chain(error));
        let kind = if method == Method::PATCH {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, kind)
            .header(header::ACCEPT, "application/json")
            .body(Body::from(bytes))
            .map_err(|error| lost(&error))?;
        let response = self.client.send(request).await.map_err(|error| lost(&error))?;
        let (parts, body) = response.into_parts();
        let retry_after = parts.headers.get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        let body = body.collect().await.map_err(|error| lost(&error))?.to_bytes().to_vec();
        Ok(Answer { status: parts.status, retry_after, body })
    }
}

fn accepted(method: Method, path: &str, answer: Answer) -> Result<Answer, ClusterError> {
    #[derive(Deserialize)]
    struct Status {
        message: String,
    }
    if answer.status.is_success() {
        return Ok(answer);
    }
    let message = serde_json::from_slice::<Status>(&answer.body)
        .map_or_else(|_| String::from_utf8_lossy(&answer.body).into_owned(), |it| it.message);
    let code = answer.status.as_u16();
    Err(ClusterError::Refused { method: method.to_string(), path: path.to_owned(), code, message })
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Percent-encodes a query value.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
