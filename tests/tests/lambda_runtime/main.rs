//! An API function and a job, as the binaries that Lambda runs, below a real Lambda Runtime API.
//!
//! They reach an embedded DynamoDB and a Secrets Manager of one secret through the endpoints that the
//! SDK reads from the environment. `make bench` shows the figures printed here.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is Lambda, not a function"
)]

mod runtime_api;

use axum::Router;
use axum::routing::post;
use dynoxide::Database;
use runtime_api::{Function, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const TABLE: &str = "table";

/// One of `events/`.
fn event(name: &str) -> Value {
    let path = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// An embedded DynamoDB with the table in it; returns its endpoint.
async fn dynamodb() -> String {
    let database = Database::memory().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    storage::create_table(&testing::client(&endpoint).await, TABLE).await.unwrap();
    endpoint
}

/// Secrets Manager as far as the functions ask; returns its endpoint.
async fn secrets_manager() -> String {
    let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let secrets = json!({ "signing_key": key, "pepper": key }).to_string();
    let answer = json!({ "ARN": "arn", "Name": "name", "SecretString": secrets }).to_string();
    format!("http://{}", serve(Router::new().route("/", post(async move || answer))).await)
}

async fn start(name: &str) -> Function {
    let (dynamodb, secrets_manager) = (dynamodb().await, secrets_manager().await);
    let settings = [
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.as_str()),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets_manager),
        ("TABLE_NAME", TABLE),
        ("BUCKET", "objects"),
        ("SECRETS_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:test"),
        ("PUBLIC_URL", "https://spot.example.com"),
    ];
    Function::start(name, &settings).await
}

fn print_footprint(name: &str, function: &Function) {
    let (elapsed, memory_mib) = function.footprint();
    println!("{name:<12} first answer {:>6} ms   memory {memory_mib:>4} MiB", elapsed.as_millis());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_function_answers_requests_from_api_gateway() {
    let mut function = start("api-auth").await;

    let refused = function.invoke("first", event("api-auth")).await;
    print_footprint("api-auth", &function);
    assert_eq!(refused.request_id, "first");
    let refused = refused.result.unwrap();
    assert_eq!(refused["statusCode"], 401, "{refused}");
    assert_eq!(refused["headers"]["content-type"], "application/problem+json", "{refused}");

    let mut sign_up = event("api-auth");
    sign_up["rawPath"] = json!("/api/v1/auth/sign-up");
    sign_up["requestContext"]["http"]["path"] = json!("/api/v1/auth/sign-up");
    sign_up["body"] = json!(
        json!({
            "email": "someone@example.com",
            "password": "violet tractor under 2391 moss",
            "name": "Someone",
            "organisation_name": "Example Ltd",
        })
        .to_string()
    );
    let signed_up = function.invoke("second", sign_up).await;
    assert_eq!(signed_up.request_id, "second");
    let signed_up = signed_up.result.unwrap();
    assert_eq!(signed_up["statusCode"], 201, "{signed_up}");
    let body: Value = serde_json::from_str(signed_up["body"].as_str().unwrap()).unwrap();
    assert!(body["access_token"].is_string(), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_at_the_time_of_its_event() {
    let mut function = start("job-prices").await;

    let done = function.invoke("first", event("job-prices")).await;
    print_footprint("job-prices", &function);
    assert_eq!(done.request_id, "first");
    assert_eq!(done.result, Ok(Value::Null));

    let mut timeless = event("job-prices");
    timeless.as_object_mut().unwrap().remove("time");
    let refused = function.invoke("second", timeless).await;
    assert_eq!(refused.request_id, "second");
    let report = refused.result.unwrap_err();
    assert!(report["errorMessage"].as_str().unwrap().contains("time"), "{report}");
}
