//! The agent API over HTTP.

use domain::action::{ActionResult, Heartbeat, HeartbeatAnswer, LeasedAction};
use domain::ids::ActionId;
use domain::snapshot::ClusterSnapshot;
use flate2::{Compression, write::GzEncoder};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::time::Duration;

/// The agent API, as the holder of one key.
#[derive(Clone)]
pub struct ApiClient {
    http: reqwest::Client,
    base: String,
    key: SecretString,
}

/// Why the API did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The address would send the key in the clear.
    #[error("{0} is neither https:// nor on this machine: the key would travel in the clear")]
    Insecure(String),
    /// No answer.
    #[error("the API did not answer: {0}")]
    Connection(#[from] reqwest::Error),
    /// An answer that says no.
    #[error("the API refused with {status}: {detail}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What its problem document says.
        detail: String,
    },
    /// What was to be sent could not be put together.
    #[error("could not pack what was to be sent: {0}")]
    Pack(#[from] std::io::Error),
}

impl ApiError {
    /// Whether the same request may do better later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connection(_) => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            Self::Insecure(_) | Self::Pack(_) => false,
        }
    }
}

impl ApiClient {
    /// A client for the API at `base`, such as `https://spot.example.com`, with a key `spo_…`.
    pub fn new(base: &str, key: SecretString) -> Result<Self, ApiError> {
        if !(base.starts_with("https://") || is_local(base)) {
            return Err(ApiError::Insecure(base.to_owned()));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_mins(1))
            .user_agent(concat!("spot-optimizer-agent/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let base = format!("{}/api/v1/agent", base.trim_end_matches('/'));
        Ok(Self { http, base, key })
    }

    pub(crate) async fn heartbeat(&self, beat: &Heartbeat) -> Result<HeartbeatAnswer, ApiError> {
        let answer = self.send(self.post("heartbeat").json(beat)).await?;
        Ok(answer.json().await?)
    }

    pub(crate) async fn put_snapshot(&self, snapshot: &ClusterSnapshot) -> Result<(), ApiError> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&serde_json::to_vec(snapshot).map_err(std::io::Error::other)?)?;
        let request = self
            .request(Method::PUT, "snapshot")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_ENCODING, "gzip")
            .body(gzip.finish()?);
        self.send(request).await.map(drop)
    }

    pub(crate) async fn lease(&self, max: usize) -> Result<Vec<LeasedAction>, ApiError> {
        #[derive(Serialize)]
        struct Lease {
            max: usize,
        }
        #[derive(Deserialize)]
        struct Leased {
            items: Vec<LeasedAction>,
        }
        let answer = self.send(self.post("actions/lease").json(&Lease { max })).await?;
        Ok(answer.json::<Leased>().await?.items)
    }

    pub(crate) async fn settle(&self, id: ActionId, result: &ActionResult) -> Result<(), ApiError> {
        self.send(self.post(&format!("actions/{id}/result")).json(result)).await.map(drop)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/{path}", self.base);
        self.http.request(method, url).bearer_auth(self.key.expose_secret())
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ApiError> {
        #[derive(Deserialize)]
        struct Problem {
            detail: Option<String>,
            title: Option<String>,
        }
        let answer = request.send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let problem = answer.json::<Problem>().await.ok();
        let detail = problem.and_then(|problem| problem.detail.or(problem.title));
        let detail = detail.unwrap_or_else(|| reason(status));
        Err(ApiError::Refused { status: status.as_u16(), detail })
    }
}

fn reason(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("no reason given").to_owned()
}

/// On this machine, nobody listens in.
fn is_local(base: &str) -> bool {
    let Some(rest) = base.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_sent_in_the_clear_to_another_machine() {
        let taken = |base: &str| ApiClient::new(base, "spo_x".into()).is_ok();
        let table = [
            ("https://spot.example.com", true),
            ("http://127.0.0.1:8080", true),
            ("http://localhost:8080/", true),
            ("http://[::1]:8080", true),
            ("http://spot.example.com", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1@example.com", false),
            ("ftp://localhost", false),
        ];
        for (base, expected) in table {
            assert_eq!(taken(base), expected, "{base}");
        }
    }
}
