//! Signing up, in, on and out.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use api::harness::{Answer, Harness};
use api::identity::{Pepper, RefreshToken};
use api::{App, Settings};
use domain::identity::Session;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use runtime::Ctx;
use serde_json::{Value, json};
use testing::TestTable;
use testing::values::NOW;

const PASSWORD: &str = "grey otter counts nine";

async fn ctx() -> Ctx {
    let cloud = cloud::Cloud::new(cloud::SdkConfig::builder().build());
    Ctx { table: TestTable::new().await.table(), cloud }
}

async fn harness() -> Harness {
    Harness::new(api_auth::routes(), ctx().await, NOW)
}

fn person() -> Value {
    json!({"email": "Ann@Example.com", "password": PASSWORD, "name": "Ann",
           "organisation_name": "Example", "refresh_in_body": true})
}

async fn sign_up(harness: &Harness) -> Answer {
    harness.post("", "/api/v1/auth/sign-up", person()).await
}

async fn login(harness: &Harness, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password, "refresh_in_body": true});
    harness.post("", "/api/v1/auth/login", body).await
}

async fn refresh(harness: &Harness, token: &Value) -> Answer {
    harness.post("", "/api/v1/auth/refresh", json!({"refresh_token": token})).await
}

async fn me(harness: &Harness, tokens: &Value) -> Answer {
    let authorization = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    harness.get(&authorization, "/api/v1/auth/me").await
}

#[tokio::test]
async fn who_signs_up_is_the_owner_of_a_new_organisation_and_signed_in() {
    let harness = harness().await;
    let signed = sign_up(&harness).await;
    assert_eq!(signed.status, StatusCode::CREATED, "{}", signed.body);
    assert_eq!(signed.body["expires_in"], 3600);
    let me = me(&harness, &signed.body).await;
    assert_eq!(me.body, signed.body["user"]);
    assert_eq!(me.body["email"], "ann@example.com");
    assert_eq!(me.body["role"], "owner");
    assert_eq!(me.body["organisation"]["name"], "Example");

    let org = me.body["organisation"]["id"].as_str().unwrap();
    let audit = harness.audit(api::proven(org.parse().unwrap())).await;
    assert_eq!(audit, [format!("organisation.create {org}")]);
}

#[tokio::test]
async fn an_address_signs_up_once_and_bad_fields_are_named() {
    let harness = harness().await;
    sign_up(&harness).await;
    assert_eq!(sign_up(&harness).await.code(), "email-taken");

    let mut bad = person();
    bad["email"] = json!("nobody");
    bad["name"] = json!("");
    let refused = harness.post("", "/api/v1/auth/sign-up", bad).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let pointers: Vec<_> =
        refused.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/email", "/name"]);

    let mut weak = person();
    weak["password"] = json!("password1234");
    let refused = harness.post("", "/api/v1/auth/sign-up", weak).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/password");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.header("x-request-id"), refused.body["request_id"].as_str().unwrap());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_person_are_answered_alike() {
    let harness = harness().await;
    sign_up(&harness).await;
    let wrong = login(&harness, "ann@example.com", "not this one, surely").await;
    let unknown = login(&harness, "bob@example.com", "not this one, surely").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let same = |answer: &Answer| {
        let mut body = answer.body.clone();
        body["request_id"] = Value::Null;
        body
    };
    assert_eq!(same(&wrong), same(&unknown));
    assert_eq!(login(&harness, " ANN@example.com", PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn guessing_is_slowed_down_for_known_and_unknown_people_alike() {
    let harness = harness().await;
    sign_up(&harness).await;
    for email in ["ann@example.com", "bob@example.com"] {
        for _ in 0..6 {
            login(&harness, email, "wrong").await;
        }
        let slowed = login(&harness, email, PASSWORD).await;
        assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = slowed.header("retry-after").parse().unwrap();
        assert!((1..=2).contains(&wait), "{wait}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_session() {
    let harness = harness().await;
    let first = sign_up(&harness).await.body;
    let second = refresh(&harness, &first["refresh_token"]).await.body;
    assert_eq!(me(&harness, &second).await.status, StatusCode::OK);

    a_minute_passes(&harness, &first["refresh_token"]).await;
    let stolen = refresh(&harness, &first["refresh_token"]).await;
    assert_eq!(stolen.status, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&harness, &second).await.status, StatusCode::UNAUTHORIZED);
    let after = refresh(&harness, &second["refresh_token"]).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);

    let org = first["user"]["organisation"]["id"].as_str().unwrap().parse().unwrap();
    let audit = harness.audit(api::proven(org)).await;
    assert!(audit.iter().any(|row| row.starts_with("session.revoke_reused")), "{audit:?}");
}

#[tokio::test]
async fn an_exchange_whose_answer_was_lost_may_be_asked_for_again_within_half_a_minute() {
    let harness = harness().await;
    let first = sign_up(&harness).await.body;
    let lost = refresh(&harness, &first["refresh_token"]).await.body;
    for _ in 0..2 {
        let again = refresh(&harness, &first["refresh_token"]).await;
        assert_eq!(again.status, StatusCode::OK);
        assert_eq!(me(&harness, &again.body).await.status, StatusCode::OK);
    }
    // What was lost is no longer good, and ends nothing.
    let found = refresh(&harness, &lost["refresh_token"]).await;
    assert_eq!(found.status, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&harness, &first).await.status, StatusCode::OK);

    a_minute_passes(&harness, &first["refresh_token"]).await;
    assert_eq!(refresh(&harness, &first["refresh_token"]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&harness, &first).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn two_exchanges_of_one_token_at_the_same_moment_both_succeed() {
    let harness = harness().await;
    let first = sign_up(&harness).await.body;
    let token = &first["refresh_token"];
    let (one, other) = tokio::join!(refresh(&harness, token), refresh(&harness, token));
    assert_eq!([one.status, other.status], [StatusCode::OK; 2], "{} {}", one.body, other.body);
}

#[tokio::test]
async fn logout_counts_from_the_next_request_on() {
    let harness = harness().await;
    let tokens = sign_up(&harness).await.body;
    let authorization = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let out = harness.ask(Method::POST, "/api/v1/auth/logout", &authorization, &[], None).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(me(&harness, &tokens).await.status, StatusCode::UNAUTHORIZED);
    let again = refresh(&harness, &tokens["refresh_token"]).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_the_old_password() {
    let harness = harness().await;
    let own = sign_up(&harness).await.body;
    let other = login(&harness, "ann@example.com", PASSWORD).await.body;
    let authorization = format!("Bearer {}", own["access_token"].as_str().unwrap());
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        harness.post(&authorization, "/api/v1/auth/change-password", body)
    };
    let wrong = change("not the current one", "another fine phrase").await;
    assert_eq!(wrong.body["errors"][0]["pointer"], "/current_password");
    assert_eq!(change(PASSWORD, "short").await.body["errors"][0]["pointer"], "/new_password");
    let changed = change(PASSWORD, "another fine phrase").await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.body);

    assert_eq!(me(&harness, &own).await.status, StatusCode::OK);
    assert_eq!(refresh(&harness, &own["refresh_token"]).await.status, StatusCode::OK);
    assert_eq!(me(&harness, &other).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&harness, &other["refresh_token"]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(login(&harness, "ann@example.com", PASSWORD).await.code(), "wrong-credentials");
    let new = login(&harness, "ann@example.com", "another fine phrase").await;
    assert_eq!(new.status, StatusCode::OK);
}

#[tokio::test]
async fn the_refresh_cookie_is_out_of_reach_of_scripts_and_of_other_sites() {
    for (public_url, name, secure) in [
        ("https://spot.example", "__Host-refresh", "; Secure"),
        ("http://localhost:8080", "refresh", ""),
    ] {
        let settings = Settings {
            public_url: public_url.to_owned(),
            signing_seed: [1; 32],
            pepper: Pepper::new([2; 32]),
            bcrypt_cost: 4,
        };
        let harness = Harness::with(api_auth::routes(), ctx().await, settings, NOW);
        let mut body = person();
        body["refresh_in_body"] = json!(false);
        let signed = harness.post("", "/api/v1/auth/sign-up", body).await;
        assert_eq!(signed.body.get("refresh_token"), None);
        let cookie = signed.header("set-cookie");
        assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
        let attributes = format!("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict{secure}");
        assert!(cookie.ends_with(&attributes), "{cookie}");

        let pair = cookie.split(';').next().unwrap();
        let path = "/api/v1/auth/refresh";
        let forged = harness.ask(Method::POST, path, "", &[("cookie", pair)], None).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN);
        let headers = [("cookie", pair), ("x-requested-by", "dashboard")];
        let own = harness.ask(Method::POST, path, "", &headers, None).await;
        assert_eq!(own.status, StatusCode::OK, "{}", own.body);
        assert!(own.header("set-cookie").starts_with(name));
    }
}

#[tokio::test]
async fn what_is_no_request_is_answered_with_a_problem() {
    let harness = harness().await;
    let ask = async |method, path, body: &str, kind| {
        let request =
            http::Request::builder().method(method).uri(path).header("content-type", kind);
        harness.send(request.body(axum::body::Body::from(body.to_owned())).unwrap()).await
    };
    let login = "/api/v1/auth/login";
    let json = "application/json";
    for (method, path, body, kind, code) in [
        ("POST", login, "{", json, "bad-request"),
        ("POST", login, "{}", json, "invalid"),
        ("POST", login, "{}", "text/plain", "unsupported-media-type"),
        ("POST", login, &format!("\"{}\"", "x".repeat(1 << 20)), json, "too-large"),
        ("PUT", login, "", json, "method-not-allowed"),
        ("GET", "/api/v1/nothing", "", json, "not-found"),
        ("GET", "/api/v1/auth/me", "", json, "unauthorized"),
        ("POST", "/api/v1/auth/refresh", "", json, "unauthorized"),
    ] {
        let answer = ask(method, path, body, kind).await;
        assert_eq!(answer.code(), code, "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.body["status"], answer.status.as_u16());
    }
}

#[test]
fn the_document_is_complete_for_every_operation() {
    let document = api::document([api_auth::routes().into_openapi()]);
    let json = serde_json::to_value(&document).unwrap();
    let operations = ["sign_up", "login", "refresh", "logout", "get_me", "change_password"];
    for id in operations {
        assert!(json["paths"].to_string().contains(&format!("\"operationId\":\"{id}\"")), "{id}");
    }
    let _: axum::Router<App> = api_auth::routes().into();
}

/// As though the last exchange of this session's refresh token lay a minute back.
async fn a_minute_passes(harness: &Harness, token: &Value) {
    let session = RefreshToken::parse(token.as_str().unwrap()).unwrap().session;
    let stored = harness.app.table().session(session).await.unwrap();
    let session = &stored.value;
    let rotated_at = session.rotated_at.map(|at| at - SignedDuration::from_mins(1));
    let mut tx = harness.transaction(api::proven(session.org));
    tx.update(&stored, Session { rotated_at, ..session.clone() });
    harness.app.table().commit(tx).await.unwrap();
}
