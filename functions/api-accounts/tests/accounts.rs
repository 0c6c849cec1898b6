//! Linking AWS accounts, against a simulated AWS that asks for the right `ExternalId`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use api::harness::{Harness, Person};
use domain::identity::Role;
use http::{Method, StatusCode};
use runtime::Ctx;
use serde_json::{Value, json};
use simulator::aws::{AwsState, Trust};
use simulator::{Clock, World, WorldState};
use testing::TestTable;
use testing::values::{self, NOW};

const AWS: &str = "123456789012";

async fn setting() -> (Harness, World) {
    let mut aws = AwsState::new(1);
    aws.add_cluster(AWS, "shop", &["us-east-1a", "us-east-1b"], NOW);
    let world = World::new(Clock::manual(NOW), WorldState::new(NOW, aws));
    let cloud = cloud::Cloud::new(world.sdk_config("us-east-1"));
    let ctx = Ctx { table: TestTable::new().await.table(), cloud };
    (Harness::new(api_accounts::routes(), ctx, NOW), world)
}

fn body() -> Value {
    json!({"name": "Production", "aws_account_id": AWS, "regions": ["us-east-1"]})
}

async fn link(harness: &Harness, owner: &Person) -> Value {
    let linked = harness.post(&owner.authorization, "/api/v1/accounts", body()).await;
    assert_eq!(linked.status, StatusCode::CREATED, "{}", linked.body);
    let path = format!("/api/v1/accounts/{}", linked.body["id"].as_str().unwrap());
    assert_eq!(linked.header("location"), path);
    linked.body
}

fn path(account: &Value, rest: &str) -> String {
    format!("/api/v1/accounts/{}{rest}", account["id"].as_str().unwrap())
}

async fn verify(harness: &Harness, owner: &Person, account: &Value) -> Value {
    let verify = path(account, "/verify");
    harness.ask(Method::POST, &verify, &owner.authorization, &[], None).await.body
}

#[tokio::test]
async fn a_link_counts_once_the_role_asks_for_our_external_id_and_only_then() {
    let (harness, world) = setting().await;
    let owner = harness.person(Role::Owner).await;
    let account = link(&harness, &owner).await;
    assert_eq!(account["state"], "pending");
    assert_eq!(account["role_arn"], format!("arn:aws:iam::{AWS}:role/SpotOptimizer"));

    let tried = verify(&harness, &owner, &account).await;
    assert_eq!(tried["state"], "broken", "there is no role yet: {tried}");
    let install = |trust: Trust| {
        let role = |state: &mut WorldState| {
            state
                .aws
                .accounts
                .entry(AWS.to_owned())
                .or_default()
                .install_role("SpotOptimizer", trust);
        };
        world.change(role).unwrap();
    };
    install(Trust::Anything);
    let tried = verify(&harness, &owner, &account).await;
    assert_eq!(tried["state"], "broken");
    assert!(tried["reason"].as_str().unwrap().contains("ExternalId"), "{tried}");
    install(Trust::SomeExternalId);
    assert_eq!(verify(&harness, &owner, &account).await["state"], "broken");
    install(Trust::ExternalId(account["external_id"].as_str().unwrap().to_owned()));
    let linked = verify(&harness, &owner, &account).await;
    assert_eq!((&linked["state"], &linked["reason"]), (&json!("linked"), &Value::Null));

    let found = harness.get(&owner.authorization, &path(&account, "/discovered-clusters")).await;
    let shop = json!({"name": "shop", "region": "us-east-1", "kubernetes_version": "1.33", "registered_as": null});
    assert_eq!(found.body, json!({"items": [shop]}));
    let id = account["id"].as_str().unwrap();
    let verified = format!("account.verify {id}");
    let expected = [&[format!("account.create {id}")][..], &vec![verified; 4]].concat();
    assert_eq!(harness.audit(owner.tenant).await, expected);
}

#[tokio::test]
async fn clusters_are_looked_for_only_through_a_link_that_works() {
    let (harness, _) = setting().await;
    let owner = harness.person(Role::Owner).await;
    let account = link(&harness, &owner).await;
    let found = harness.get(&owner.authorization, &path(&account, "/discovered-clusters")).await;
    assert_eq!(found.code(), "not-linked");
}

#[tokio::test]
async fn an_account_is_linked_once_and_a_repeated_request_is_answered_again() {
    let (harness, _) = setting().await;
    let owner = harness.person(Role::Owner).await;
    let post = |key: &'static str, body: Value| {
        let headers = [("idempotency-key", key)];
        let authorization = owner.authorization.clone();
        let harness = &harness;
        async move {
            harness
                .ask(Method::POST, "/api/v1/accounts", &authorization, &headers, Some(body))
                .await
        }
    };
    let first = post("one", body()).await;
    let again = post("one", body()).await;
    assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    let mut other = body();
    other["name"] = json!("Other");
    assert_eq!(post("one", other).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(post("two", body()).await.code(), "exists");
    assert_eq!(harness.audit(owner.tenant).await.len(), 1);

    let keyless = harness
        .ask(Method::POST, "/api/v1/accounts", &owner.authorization, &[], Some(body()))
        .await;
    assert_eq!(keyless.code(), "bad-request");
}

#[tokio::test]
async fn fields_that_are_not_acceptable_are_named() {
    let (harness, _) = setting().await;
    let owner = harness.person(Role::Owner).await;
    for (field, value, pointer) in [
        ("name", json!(""), "/name"),
        ("aws_account_id", json!("12"), "/aws_account_id"),
        ("regions", json!([]), "/regions"),
        ("regions", json!(["us-east-1", "moon"]), "/regions/1"),
        ("role_arn", json!("arn:aws:iam::999999999999:role/X"), "/role_arn"),
        ("role_arn", json!("nonsense"), "/role_arn"),
    ] {
        let mut body = body();
        body[field] = value;
        let refused = harness.post(&owner.authorization, "/api/v1/accounts", body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.body);
    }
}

#[tokio::test]
async fn another_tenants_account_looks_as_if_it_were_not_there() {
    let (harness, _) = setting().await;
    let owner = harness.person(Role::Owner).await;
    let stranger = harness.person(Role::Owner).await;
    let account = link(&harness, &owner).await;
    let absent = values::account(9).id;
    let asked = [
        path(&account, ""),
        format!("/api/v1/accounts/{absent}"),
        "/api/v1/accounts/acc_1".to_owned(),
    ];
    for path in &asked {
        let mut answer = harness.get(&stranger.authorization, path).await;
        answer.body["request_id"] = Value::Null;
        assert_eq!(
            answer.body,
            json!({
                "type": "about:blank", "title": "Not Found", "status": 404, "code": "not-found",
                "detail": "there is nothing here that you may see", "request_id": null,
            })
        );
        let gone = harness.delete(&stranger.authorization, path).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
        let verify = format!("{path}/verify");
        let verified = harness.ask(Method::POST, &verify, &stranger.authorization, &[], None).await;
        assert_eq!(verified.status, StatusCode::NOT_FOUND);
    }
    let list = harness.get(&stranger.authorization, "/api/v1/accounts").await;
    assert_eq!(list.body, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn only_an_owner_links_and_unlinks() {
    let (harness, _) = setting().await;
    let owner = harness.person(Role::Owner).await;
    let account = link(&harness, &owner).await;
    for role in [Role::Viewer, Role::Operator] {
        let member = harness.colleague(owner.tenant, role).await;
        let seen = harness.get(&member.authorization, &path(&account, "")).await;
        assert_eq!(seen.body, account);
        let post = harness.post(&member.authorization, "/api/v1/accounts", body()).await;
        let delete = harness.delete(&member.authorization, &path(&account, "")).await;
        assert_eq!((post.code(), delete.code()), ("forbidden".to_owned(), "forbidden".to_owned()));
    }
}

#[tokio::test]
async fn an_account_with_registered_clusters_stays_linked() {
    let (harness, _) = setting().await;
    let owner = harness.person(Role::Owner).await;
    let account = link(&harness, &owner).await;
    let linked =
        harness.app.table().account(owner.tenant, account["id"].as_str().unwrap().parse().unwrap());
    let cluster = values::cluster(&linked.await.unwrap().value, 1);
    let mut tx = harness.transaction(owner.tenant);
    let stored = tx.create(&cluster);
    harness.app.table().commit(tx).await.unwrap();
    let refused = harness.delete(&owner.authorization, &path(&account, "")).await;
    assert_eq!(refused.code(), "account-in-use");

    let mut tx = harness.transaction(owner.tenant);
    tx.delete(&stored);
    harness.app.table().commit(tx).await.unwrap();
    let gone = harness.delete(&owner.authorization, &path(&account, "")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let absent = harness.get(&owner.authorization, &path(&account, "")).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lists_come_in_pages_whose_cursors_nobody_can_make_up() {
    let (harness, _) = setting().await;
    let owner = harness.person(Role::Owner).await;
    for n in 1..=3 {
        let mut tx = harness.transaction(owner.tenant);
        tx.create(&values::account(n));
        harness.app.table().commit(tx).await.unwrap();
    }
    let list = |query: String| {
        let (harness, authorization) = (&harness, owner.authorization.clone());
        async move { harness.get(&authorization, &format!("/api/v1/accounts?{query}")).await }
    };
    let first = list("limit=2".to_owned()).await.body;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list(format!("limit=2&cursor={cursor}")).await.body;
    assert_eq!(second["items"][0]["name"], "account-3");
    assert_eq!(second["next_cursor"], Value::Null);
    for wrong in ["AAAA", "!", &format!("{cursor}A")] {
        assert_eq!(list(format!("cursor={wrong}")).await.code(), "bad-request", "{wrong}");
    }
    assert_eq!(list("limit=0".to_owned()).await.body["errors"][0]["pointer"], "?limit");
    assert_eq!(list("limit=many".to_owned()).await.code(), "bad-request");
}

#[tokio::test]
async fn an_account_that_has_not_changed_is_not_sent_again() {
    let (harness, _) = setting().await;
    let owner = harness.person(Role::Owner).await;
    let account = link(&harness, &owner).await;
    let path = path(&account, "");
    let tag = harness.get(&owner.authorization, &path).await;
    let tag = tag.header("etag").to_owned();
    assert_eq!(tag, "\"1\"");
    let known = [("if-none-match", tag.as_str())];
    let same = harness.ask(Method::GET, &path, &owner.authorization, &known, None).await;
    assert_eq!((same.status, same.body), (StatusCode::NOT_MODIFIED, Value::Null));
}
