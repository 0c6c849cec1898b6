//! The Lambda Runtime API on loopback, and a function's binary started below it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

/// Longer than any answer takes, on any machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a function said to an event.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The request id that it answered.
    pub(crate) request_id: String,
    /// Its response, or what it reported as its error.
    pub(crate) result: Result<Value, Value>,
}

/// A function's process and the two ends of its conversation.
pub(crate) struct Function {
    process: Child,
    started: Instant,
    events: mpsc::Sender<(String, Value)>,
    answers: mpsc::Receiver<Answer>,
}

struct Shared {
    events: Mutex<mpsc::Receiver<(String, Value)>>,
    answers: mpsc::Sender<Answer>,
}

impl Function {
    /// Starts the binary `name`, as Lambda would, with these settings beside Lambda's own.
    #[expect(clippy::disallowed_methods, reason = "it measures time")]
    pub(crate) async fn start(name: &str, settings: &[(&str, &str)]) -> Self {
        let (events, receiver) = mpsc::channel(1);
        let (sender, answers) = mpsc::channel(1);
        let shared = Arc::new(Shared { events: Mutex::new(receiver), answers: sender });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(shared);
        let address = serve(routes).await;

        let binary = std::env::current_exe().unwrap().with_file_name(format!("../{name}"));
        assert!(binary.exists(), "{} is not built: run `make build` first", binary.display());
        let started = Instant::now();
        let process = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/spot-optimizer/test/{name}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, started, events, answers }
    }

    /// Hands it an event and waits for what it says.
    pub(crate) async fn invoke(&mut self, request_id: &str, event: Value) -> Answer {
        self.events.send((request_id.to_owned(), event)).await.unwrap();
        let answer = tokio::time::timeout(PATIENCE, self.answers.recv()).await;
        answer.expect("the function answers within a minute").unwrap()
    }

    /// Time since its process began, and the most memory it had resident, in MiB.
    pub(crate) fn footprint(&self) -> (Duration, u64) {
        let elapsed = self.started.elapsed();
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        (elapsed, kib / 1024)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Serves on a free port of loopback until the test's runtime ends; returns `host:port`.
pub(crate) async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

#[expect(clippy::disallowed_methods, reason = "the runtime API tells the time of the wall")]
async fn next(State(shared): State<Arc<Shared>>) -> (HeaderMap, String) {
    let Some((request_id, event)) = shared.events.lock().await.recv().await else {
        std::future::pending().await
    };
    let deadline = jiff::Timestamp::now().as_millisecond() + 60_000;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", request_id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:test".to_owned(),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned(),
        ),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    (headers, event.to_string())
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(request_id): Path<String>,
    body: String,
) -> StatusCode {
    let result = Ok(serde_json::from_str(&body).unwrap());
    shared.answers.send(Answer { request_id, result }).await.unwrap();
    StatusCode::ACCEPTED
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(request_id): Path<String>,
    body: String,
) -> StatusCode {
    let result = Err(serde_json::from_str(&body).unwrap());
    shared.answers.send(Answer { request_id, result }).await.unwrap();
    StatusCode::ACCEPTED
}
