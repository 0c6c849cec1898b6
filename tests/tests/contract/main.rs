//! The whole API against its committed document: what it refuses, and how.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod operations;
mod setting;

use api::Error;
use api::harness::{Answer, Harness};
use api::identity::AgentSecret;
use domain::identity::Role;
use domain::{KeyId, SessionId};
use http::{Method, StatusCode};
use operations::{Operation, Place, Who};
use runtime::Ctx;
use serde_json::{Value, json};
use setting::{Asked, Setting, request};
use testing::values::{self, NOW};

/// What a person does to their own session and account whatever their role, and what changes nothing.
const FOR_EVERY_ROLE: [&str; 3] = ["logout", "change_password", "dry_run_optimization"];

/// Checks all that every refusal has in common.
fn check(operation: &Operation, answer: &Answer, what: &str) {
    let place = format!("{} {what}: {} {}", operation.id, answer.status, answer.body);
    assert!(operation.documents(answer.status), "not documented: {place}");
    check_problem(answer, &place);
}

fn check_problem(answer: &Answer, place: &str) {
    let status = answer.status;
    assert!(status.is_client_error() || status.is_server_error(), "{place}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{place}");
    let body = &answer.body;
    assert_eq!(body["status"], status.as_u16(), "{place}");
    assert_eq!(body["title"], status.canonical_reason().unwrap(), "{place}");
    assert_eq!(body["type"], "about:blank", "{place}");
    assert!(!body["detail"].as_str().unwrap().is_empty(), "{place}");
    let code = body["code"].as_str().unwrap();
    assert!(code.chars().all(|it| it.is_ascii_lowercase() || it == '-'), "{place}");
    let id = body["request_id"].as_str().unwrap();
    assert!(!id.is_empty() && id == answer.header("x-request-id"), "{place}");
    for error in body["errors"].as_array().into_iter().flatten() {
        let pointer = error["pointer"].as_str().unwrap();
        assert!(pointer.is_empty() || pointer.starts_with(['/', '?']), "{place}");
        assert!(!error["message"].as_str().unwrap().is_empty(), "{place}");
    }
    assert_eq!(status == StatusCode::UNPROCESSABLE_ENTITY, body["errors"].is_array(), "{place}");
    if status == StatusCode::UNAUTHORIZED {
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{place}");
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        assert!(answer.header("retry-after").parse::<u32>().is_ok(), "{place}");
    }
    assert_eq!(answer.header("cache-control"), "no-store", "{place}");
    check_headers(answer, place);
}

fn check_headers(answer: &Answer, place: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(answer.header(name), value, "{place}");
    }
}

/// The body without what differs from request to request.
fn told(answer: &Answer) -> (StatusCode, Value) {
    let mut body = answer.body.clone();
    body["request_id"] = Value::Null;
    (answer.status, body)
}

fn pointers(answer: &Answer) -> Vec<&str> {
    let errors = answer.body["errors"].as_array().into_iter().flatten();
    errors.map(|error| error["pointer"].as_str().unwrap()).collect()
}

#[test]
fn the_routers_are_those_of_the_committed_document() {
    let composed = api::document([tests::routes().into_openapi()]).to_pretty_json().unwrap();
    let same = composed == operations::DOCUMENT.trim_end();
    assert!(same, "web/openapi.json is out of date: run `make openapi`");
}

#[tokio::test]
async fn what_is_asked_rightly_is_answered_as_documented() {
    for operation in operations::all() {
        let setting = Setting::new().await;
        let answer = setting.send(setting.valid(&operation)).await;
        let place = format!("{}: {} {}", operation.id, answer.status, answer.body);
        assert_eq!(answer.status.as_str(), operation.success(), "{place}");
        let kind = operation.responses[operation.success()].as_deref().unwrap_or_default();
        assert_eq!(answer.header("content-type"), kind, "{place}");
        assert!(!answer.header("x-request-id").is_empty(), "{place}");
        check_headers(&answer, &place);
    }
}

#[tokio::test]
async fn nobody_passes_without_the_right_proof() {
    let setting = Setting::new().await;
    for operation in operations::all().iter().filter(|it| it.who != Who::Anybody) {
        // A person is no agent, and no agent is a person.
        let other = match operation.who {
            Who::Agent => setting.owner.authorization.clone(),
            _ => setting.agents[0].clone(),
        };
        let right = setting.valid(operation).headers["authorization"].clone();
        let forged = format!("{}A", &right[..right.len() - 2]);
        let basic = right.replace("Bearer", "Basic");
        let empty = "Bearer".to_owned();
        for token in [None, Some(other), Some(forged), Some(basic), Some(empty)] {
            let mut asked = setting.valid(operation);
            asked.headers.remove("authorization");
            asked.headers.extend(token.clone().map(|token| ("authorization", token)));
            // Nor does a body that cannot be read tell a stranger anything.
            for body in [asked.body.clone(), "{".to_owned()] {
                let answer = setting.send(Asked { body, ..asked.clone() }).await;
                check(operation, &answer, &format!("with {token:?}"));
                assert_eq!(answer.code(), "unauthorized", "{} with {token:?}", operation.id);
            }
        }
    }
}

#[tokio::test]
async fn bodies_that_are_not_json_are_refused() {
    let setting = Setting::new().await;
    for operation in operations::all() {
        let Some((_, required)) = operation.body else { continue };
        let send = async |kind: Option<&str>, body: &str| {
            let mut asked = setting.valid(&operation);
            asked.headers.remove("content-type");
            asked.headers.extend(kind.map(|kind| ("content-type", kind.to_owned())));
            body.clone_into(&mut asked.body);
            let answer = setting.send(asked).await;
            check(&operation, &answer, &format!("{kind:?} {:?}", &body[..body.len().min(20)]));
            answer.status
        };
        let json = Some("application/json");
        for text in ["{", "nonsense", "{,}", "[", "\u{0}"] {
            assert_eq!(send(json, text).await, StatusCode::BAD_REQUEST, "{}", operation.id);
        }
        if required {
            assert_eq!(send(json, "").await, StatusCode::BAD_REQUEST, "{}", operation.id);
        }
        for text in ["[]", "\"text\"", "7", "null"] {
            assert_eq!(
                send(json, text).await,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{}",
                operation.id
            );
        }
        let valid = setting.valid(&operation).body;
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
            let refused = send(kind, &valid).await;
            assert_eq!(refused, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{} {kind:?}", operation.id);
        }
        if operation.id != "put_snapshot" {
            let long = format!("\"{}\"", "x".repeat(api::MAX_BODY));
            assert_eq!(send(json, &long).await, StatusCode::PAYLOAD_TOO_LARGE, "{}", operation.id);
        }
    }
}

#[tokio::test]
async fn a_field_that_is_missing_wrong_or_unknown_is_named() {
    let setting = Setting::new().await;
    let mut fields = 0;
    for operation in operations::all().iter().filter(|it| it.body.is_some()) {
        let send = async |change: &dyn Fn(&mut Value), what: &str| {
            let mut asked = setting.valid(operation);
            let mut body: Value = serde_json::from_str(&asked.body).unwrap();
            change(&mut body);
            asked.body = body.to_string();
            let answer = setting.send(asked).await;
            check(operation, &answer, what);
            let place = format!("{} {what}: {}", operation.id, answer.body);
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{place}");
            answer
        };
        for name in operation.fields().keys() {
            fields += 1;
            let wrong = json!({"of": ["another", "shape"]});
            let answer = send(&|body| body[name] = wrong.clone(), name).await;
            let pointer = format!("/{name}");
            let named = pointers(&answer).iter().all(|it| it.starts_with(&pointer));
            assert!(named, "{} {name}: {}", operation.id, answer.body);
            if operation.requires(name) {
                let without = |body: &mut Value| drop(body.as_object_mut().unwrap().remove(name));
                let answer = send(&without, &format!("without {name}")).await;
                assert!(answer.body.to_string().contains(name), "{}", answer.body);
            }
        }
        // Agents may be newer than we are, and know more fields.
        if operation.who != Who::Agent {
            let answer = send(&|body| body["no_such_field"] = json!(1), "with one more").await;
            assert_eq!(pointers(&answer), ["/no_such_field"], "{}", operation.id);
        }
    }
    assert!(fields > 30, "only {fields} fields were tried");
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_refused() {
    let setting = Setting::new().await;
    for operation in operations::all() {
        for parameter in &operation.parameters {
            let name = parameter.name.as_str();
            if parameter.place == Place::Path {
                for wrong in ["nonsense", "org_1", "%00", "-1", "..%2f..", &"x".repeat(3_000)] {
                    let mut ids = setting.ids.clone();
                    *ids.get_mut(name).unwrap() = wrong.to_owned();
                    let token = setting.valid(&operation).headers["authorization"].clone();
                    let mut asked = setting.asked(&operation, Some(&token), &ids);
                    asked.body = setting.valid(&operation).body;
                    let answer = setting.send(asked).await;
                    check(&operation, &answer, &format!("{name}={wrong}"));
                    assert_eq!(answer.code(), "not-found", "{} {name}={wrong}", operation.id);
                }
            }
            if parameter.place == Place::Query {
                for wrong in wrong_values(name, &parameter.schema) {
                    let mut asked = setting.valid(&operation);
                    let kept = if name == "cluster_id" { "" } else { &asked.query };
                    asked.query = format!("{kept}&{name}={wrong}");
                    let answer = setting.send(asked).await;
                    check(&operation, &answer, &format!("?{name}={wrong}"));
                    let refused = [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY];
                    assert!(refused.contains(&answer.status), "{} {name}={wrong}", operation.id);
                    if answer.status == StatusCode::UNPROCESSABLE_ENTITY {
                        assert_eq!(pointers(&answer), [format!("?{name}")], "{}", operation.id);
                    }
                }
            }
        }
    }
}

/// Values that a query parameter of this name and schema cannot have.
fn wrong_values(name: &str, schema: &Value) -> Vec<String> {
    let long = "x".repeat(3_000);
    let wrong: &[&str] = match (name, schema["type"].as_str(), schema["format"].as_str()) {
        (_, Some("integer"), _) => &["many", "-1", "0", "1.5", "99999", ""],
        (_, _, Some("date-time")) => &["yesterday", "2046-13-01T00:00:00Z", "1"],
        _ if schema["enum"].is_array() => &["nonsense", "0"],
        ("cursor", ..) => &["nonsense", "!", "AAAA", &long],
        ("cluster_id", ..) => &["nonsense", "acc_1", "0"],
        _ => &[&long],
    };
    wrong.iter().map(|&value| value.to_owned()).collect()
}

#[tokio::test]
async fn what_belongs_to_another_tenant_looks_as_if_it_were_not_there() {
    let setting = Setting::new().await;
    let mut compared = 0;
    for operation in operations::all() {
        // Those are about whoever asks.
        if operation.path.starts_with("/api/v1/auth/") {
            continue;
        }
        let token = match operation.who {
            Who::Agent => &setting.agents[1],
            _ => &setting.stranger.authorization,
        };
        let ask = async |ids| setting.send(setting.asked(&operation, Some(token), ids)).await;
        let (foreign, absent) = (ask(&setting.ids).await, ask(&setting::absent()).await);
        let by_path = operation.parameters.iter().any(|it| it.place == Place::Path);
        let by_cluster = !setting.asked(&operation, None, &setting.ids).query.is_empty();
        if by_path || by_cluster {
            compared += 1;
            check(&operation, &foreign, "of another tenant");
            assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{}", operation.id);
        }
        if foreign.status.is_client_error() {
            assert_eq!(told(&foreign), told(&absent), "{}", operation.id);
        }
        let shown = foreign.body.to_string();
        for (name, id) in setting.ids.iter().filter(|(name, _)| **name != "index") {
            assert!(!shown.contains(id.as_str()), "{} shows {name}: {shown}", operation.id);
        }
    }
    assert!(compared > 15, "only {compared} operations name something");
    // Nothing of it has changed.
    for operation in operations::all().iter().filter(|it| it.method == Method::GET) {
        let answer = setting.send(setting.valid(operation)).await;
        assert_eq!(answer.status.as_str(), operation.success(), "{}", operation.id);
    }
}

#[tokio::test]
async fn a_key_of_another_tenants_cluster_is_out_of_reach_through_ones_own() {
    let setting = Setting::new().await;
    let operation = operations::all().into_iter().find(|it| it.id == "delete_agent_key").unwrap();
    let mut ids = setting.ids.clone();
    ids.insert("cluster_id", values::cluster(&values::account(2), 2).id.to_string());
    let token = Some(setting.stranger.authorization.as_str());
    let answer = setting.send(setting.asked(&operation, token, &ids)).await;
    assert_eq!(answer.code(), "not-found");
}

#[tokio::test]
async fn a_change_needs_the_revision_that_was_read() {
    let setting = Setting::new().await;
    let mut conditional = 0;
    for operation in operations::all() {
        if !operation.takes(Place::Header, "If-Match") {
            continue;
        }
        conditional += 1;
        let right = setting.valid(&operation).headers["if-match"].clone();
        for (tag, status) in [
            (None, StatusCode::PRECONDITION_REQUIRED),
            (Some("\"1\"".to_owned()), StatusCode::PRECONDITION_FAILED),
            (Some(format!("W/{right}")), StatusCode::PRECONDITION_FAILED),
            (Some("*".to_owned()), StatusCode::PRECONDITION_FAILED),
        ] {
            let mut asked = setting.valid(&operation);
            asked.headers.remove("if-match");
            asked.headers.extend(tag.clone().map(|tag| ("if-match", tag)));
            let answer = setting.send(asked).await;
            check(&operation, &answer, &format!("If-Match {tag:?}"));
            assert_eq!(answer.status, status, "{} {tag:?}", operation.id);
        }
        assert_eq!(setting.send(setting.valid(&operation)).await.status, StatusCode::OK);
        let stale = setting.send(setting.valid(&operation)).await;
        assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", operation.id);
    }
    assert!(conditional > 0, "no operation takes If-Match");
}

#[tokio::test]
async fn what_must_not_be_done_twice_needs_a_key() {
    let setting = Setting::new().await;
    let mut keyed = 0;
    for operation in operations::all() {
        if !operation.takes(Place::Header, "Idempotency-Key") {
            continue;
        }
        keyed += 1;
        for key in [None, Some(String::new()), Some("x".repeat(256))] {
            let mut asked = setting.valid(&operation);
            asked.headers.remove("idempotency-key");
            asked.headers.extend(key.clone().map(|key| ("idempotency-key", key)));
            let answer = setting.send(asked).await;
            check(&operation, &answer, &format!("key {key:?}"));
            assert_eq!(answer.code(), "bad-request", "{} {key:?}", operation.id);
        }
        let once = setting.valid(&operation);
        let first = setting.send(once.clone()).await;
        assert_eq!(first.status.as_str(), operation.success(), "{}", first.body);
        let mut other = once;
        other.query = "another=request".to_owned();
        let answer = setting.send(other).await;
        check(&operation, &answer, "the same key for another request");
        assert_eq!(answer.code(), "invalid", "{}", operation.id);
    }
    assert!(keyed > 3, "only {keyed} operations take a key");
}

#[tokio::test]
async fn a_viewer_changes_nothing() {
    let setting = Setting::new().await;
    let viewer = setting.harness.colleague(setting.owner.tenant, Role::Viewer).await;
    for operation in operations::all().iter().filter(|it| it.who == Who::Person) {
        if operation.method == Method::GET || FOR_EVERY_ROLE.contains(&operation.id.as_str()) {
            continue;
        }
        let token = Some(viewer.authorization.as_str());
        let answer = setting.send(setting.asked(operation, token, &setting.ids)).await;
        check(operation, &answer, "of a viewer");
        assert_eq!(answer.code(), "forbidden", "{}", operation.id);
    }
}

#[tokio::test]
async fn what_is_no_operation_is_not_found_or_not_allowed() {
    let setting = Setting::new().await;
    let all = operations::all();
    for operation in &all {
        let asked = setting.valid(operation);
        let path = format!("{}/nothing/at/all", asked.path);
        let beside = Asked { method: Method::GET, path, ..asked.clone() };
        let answer = setting.send(beside).await;
        check_problem(&answer, &operation.path);
        assert_eq!(answer.code(), "not-found", "{}", operation.path);
        for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
            let known = all.iter().any(|it| it.path == operation.path && it.method == method);
            if !known {
                let answer = setting.send(Asked { method: method.clone(), ..asked.clone() }).await;
                check_problem(&answer, &operation.path);
                assert_eq!(answer.code(), "method-not-allowed", "{method} {}", operation.path);
            }
        }
    }
}

/// Words that only a cause would say.
const CAUSES: [&str; 7] =
    ["127.0.0.1", "dynamo", "connect", "dispatch", "os error", "table", "sdk"];

#[tokio::test]
async fn when_the_table_does_not_answer_nothing_is_said_of_why() {
    let setting = Setting::new().await;
    let cloud = cloud::Cloud::new(cloud::SdkConfig::builder().build());
    let ctx = Ctx { table: testing::unreachable().await, cloud };
    let broken = Harness::new(tests::routes(), ctx, NOW);
    let user = values::user(setting.owner.tenant, 1);
    let session = SessionId::new(values::uuid(1));
    let token = broken.app.tokens.issue(&user, session, broken.app.clock.wall()).unwrap();
    let person = format!("Bearer {token}");
    let agent = format!("Bearer {}", AgentSecret::new(KeyId::new(values::uuid(1))).text);
    for operation in operations::all() {
        let mut asked = setting.valid(&operation);
        if let Some(sent) = asked.headers.get_mut("authorization") {
            *sent = if operation.who == Who::Agent { agent.clone() } else { person.clone() };
        }
        let answer = broken.send(request(asked)).await;
        check(&operation, &answer, "without a table");
        assert_eq!(answer.code(), "unavailable", "{}", operation.id);
        let said = answer.body.to_string().to_lowercase();
        let leaked = CAUSES.iter().find(|cause| said.contains(**cause));
        assert_eq!(leaked, None, "{}: {said}", operation.id);
    }
}

#[tokio::test]
async fn what_breaks_inside_is_told_to_nobody() {
    async fn panics() -> String {
        panic!("a secret of the inside")
    }
    async fn fails() -> Result<String, Error> {
        Err(Error::internal_text("a secret of the inside"))
    }
    let routes = utoipa_axum::router::OpenApiRouter::default()
        .route("/panics", axum::routing::get(panics))
        .route("/fails", axum::routing::get(fails));
    let cloud = cloud::Cloud::new(cloud::SdkConfig::builder().build());
    let ctx = Ctx { table: testing::unreachable().await, cloud };
    let harness = Harness::new(routes, ctx, NOW);
    for path in ["/panics", "/fails"] {
        let answer = harness.get("", path).await;
        check_problem(&answer, path);
        assert_eq!((answer.status.as_u16(), answer.code()), (500, "internal".to_owned()), "{path}");
        assert!(!answer.body.to_string().contains("secret"), "{}", answer.body);
    }
}
