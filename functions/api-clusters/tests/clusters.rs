//! Registering clusters, changing their settings, agents' keys, the packing map.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use api::harness::{Answer, Harness, Person};
use domain::ClusterId;
use domain::account::Account;
use domain::cluster::SnapshotInfo;
use domain::identity::Role;
use domain::plan::Position;
use http::{Method, StatusCode};
use runtime::Ctx;
use serde_json::{Value, json};
use simulator::aws::{AwsState, Trust};
use simulator::{Clock, World, WorldState};
use std::collections::BTreeMap;
use storage::MarketPointer;
use testing::TestTable;
use testing::values::{self, NOW};

/// A linked account with an EKS cluster `shop`, and an owner.
async fn setting() -> (Harness, Person, Account) {
    let account = values::account(1);
    let mut aws = AwsState::new(1);
    aws.add_cluster(&account.aws_account_id, "shop", &["us-east-1a", "us-east-1b"], NOW);
    let trust = Trust::ExternalId(account.external_id.clone());
    let customer = aws.accounts.entry(account.aws_account_id.clone()).or_default();
    customer.install_role("SpotOptimizer", trust);
    let world = World::new(Clock::manual(NOW), WorldState::new(NOW, aws));
    let cloud = cloud::Cloud::new(world.sdk_config("us-east-1"));
    let ctx = Ctx { table: TestTable::new().await.table(), cloud };
    let harness = Harness::new(api_clusters::routes(), ctx, NOW);
    let owner = harness.person(Role::Owner).await;
    let mut tx = harness.transaction(owner.tenant);
    tx.create(&account);
    harness.app.table().commit(tx).await.unwrap();
    (harness, owner, account)
}

async fn register(harness: &Harness, owner: &Person, account: &Account) -> Value {
    let body = json!({"account_id": account.id, "region": "us-east-1", "name": "shop"});
    let registered = harness.post(&owner.authorization, "/api/v1/clusters", body).await;
    assert_eq!(registered.status, StatusCode::CREATED, "{}", registered.body);
    assert_eq!(registered.header("location"), path(&registered.body, ""));
    registered.body
}

fn path(cluster: &Value, rest: &str) -> String {
    format!("/api/v1/clusters/{}{rest}", cluster["id"].as_str().unwrap())
}

fn id(cluster: &Value) -> ClusterId {
    cluster["id"].as_str().unwrap().parse().unwrap()
}

async fn patch(harness: &Harness, person: &Person, path: &str, tag: &str, body: Value) -> Answer {
    let tag = [("if-match", tag)];
    let headers = if tag[0].1.is_empty() { &[][..] } else { &tag[..] };
    harness.ask(Method::PATCH, path, &person.authorization, headers, Some(body)).await
}

#[tokio::test]
async fn a_cluster_is_registered_as_aws_describes_it() {
    let (harness, owner, account) = setting().await;
    let cluster = register(&harness, &owner, &account).await;
    assert_eq!(cluster["kubernetes_version"], "1.33");
    assert_eq!(cluster["kind"], "mixed", "it has no node groups");
    assert_eq!(cluster["status"], "waiting_for_agent");
    assert_eq!(cluster["cost_per_hour"], json!({"amount": "0.00", "currency": "USD"}));
    assert_eq!(cluster["policy"]["spot_percent"], 70);
    let seen = harness.get(&owner.authorization, &path(&cluster, "")).await;
    assert_eq!(seen.body, cluster);
    assert_eq!(seen.header("etag"), format!("\"{}\"", cluster["revision"]));

    let again = json!({"account_id": account.id, "region": "us-east-1", "name": "shop"});
    assert_eq!(
        harness.post(&owner.authorization, "/api/v1/clusters", again).await.code(),
        "exists"
    );
    let id = cluster["id"].as_str().unwrap();
    assert_eq!(harness.audit(owner.tenant).await, [format!("cluster.create {id}")]);
}

#[tokio::test]
async fn what_can_not_be_registered_is_said_by_field() {
    let (harness, owner, account) = setting().await;
    for (field, value, pointer) in [
        ("name", json!("nothing"), "/name"),
        ("name", json!("no name"), "/name"),
        ("region", json!("eu-west-1"), "/region"),
        ("account_id", json!(values::account(2).id), "/account_id"),
        ("account_id", json!("clu_1"), "/account_id"),
    ] {
        let mut body = json!({"account_id": account.id, "region": "us-east-1", "name": "shop"});
        body[field] = value;
        let refused = harness.post(&owner.authorization, "/api/v1/clusters", body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test]
async fn settings_change_only_where_they_are_still_those_that_were_read() {
    let (harness, owner, account) = setting().await;
    let cluster = register(&harness, &owner, &account).await;
    let (path, tag) = (path(&cluster, ""), format!("\"{}\"", cluster["revision"]));
    let off = json!({"optimisation_enabled": false});
    let blind = patch(&harness, &owner, &path, "", off.clone()).await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);

    // A plan is made meanwhile: the item changes, its settings do not.
    let stored = harness.app.table().cluster(owner.tenant, id(&cluster)).await.unwrap();
    let mut tx = harness.transaction(owner.tenant);
    tx.update(&stored, domain::cluster::Cluster { generation: 1, ..stored.value.clone() });
    harness.app.table().commit(tx).await.unwrap();

    let changed = patch(&harness, &owner, &path, &tag, off.clone()).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(changed.body["status"], "paused");
    assert_ne!(changed.body["revision"], cluster["revision"]);
    let stale = patch(&harness, &owner, &path, &tag, off).await;
    assert_eq!((stale.status, stale.code()), (StatusCode::PRECONDITION_FAILED, "stale".to_owned()));
    let generation = harness.app.table().cluster(owner.tenant, id(&cluster)).await.unwrap();
    assert_eq!(generation.value.generation, 1);
}

fn window(start: &str, zone: &str) -> Value {
    json!({"days": [], "start": start, "duration_minutes": 90, "zone": zone})
}

#[tokio::test]
async fn a_policy_is_checked_field_by_field_and_kept_to_the_last_digit() {
    let (harness, owner, account) = setting().await;
    let cluster = register(&harness, &owner, &account).await;
    let (path, tag) = (path(&cluster, ""), format!("\"{}\"", cluster["revision"]));
    let mut policy = cluster["policy"].clone();
    for (field, value) in [
        ("spot_percent", json!(101)),
        ("max_pool_percent", json!(0)),
        ("min_saving_per_hour", json!({"amount": "-1", "currency": "USD"})),
        ("disruption_cost_per_pod", json!({"amount": "1", "currency": "EUR"})),
        ("budgets/0/nodes", json!([{"nodes": "101%"}])),
        (
            "budgets/0/window/zone",
            json!([{"nodes": "1", "window": window("22:00", "Mars/Olympus")}]),
        ),
        ("maintenance_windows/0/start", json!([window("25:00", "UTC")])),
        ("workloads/0/spot_percent", json!([{"name": "web", "spot_percent": 101}])),
    ] {
        let mut wrong = policy.clone();
        wrong[field.split('/').next().unwrap()] = value;
        let refused = patch(&harness, &owner, &path, &tag, json!({"policy": wrong})).await;
        assert_eq!(
            refused.body["errors"][0]["pointer"],
            format!("/policy/{field}"),
            "{}",
            refused.body
        );
    }
    let mut template = cluster["template"].clone();
    template["min_vcpu"] = json!(64);
    let refused = patch(&harness, &owner, &path, &tag, json!({"template": template})).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/template/max_vcpu");
    template["max_vcpu"] = json!(128);
    template["architectures"] = json!([]);
    let refused = patch(&harness, &owner, &path, &tag, json!({"template": template})).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/template/architectures");

    template["architectures"] = json!(["amd64"]);
    template["min_nodes"] = json!(3);
    template["max_nodes"] = json!(2);
    let refused = patch(&harness, &owner, &path, &tag, json!({"template": template})).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/template/max_nodes");

    let mut weekend = window("22:30", "Europe/Berlin");
    weekend["days"] = json!(["saturday", "sunday"]);
    policy["maintenance_windows"] = json!([weekend]);
    policy["budgets"] = json!([{"nodes": "10%", "window": null, "reasons": ["empty", "spot"]}]);
    policy["workloads"] = json!([{"namespace": "shop", "kind": null, "name": "web",
        "spot_percent": 50, "on_demand_base": null}]);
    policy["disruption_cost_per_pod"] = json!({"amount": "0.000000001", "currency": "USD"});
    let changed = patch(&harness, &owner, &path, &tag, json!({"policy": policy})).await;
    assert_eq!(changed.body["policy"], policy);
    assert_eq!(changed.body["template"], cluster["template"]);
}

#[tokio::test]
async fn a_viewer_looks_and_an_operator_changes() {
    let (harness, owner, account) = setting().await;
    let cluster = register(&harness, &owner, &account).await;
    let (path, keys) = (path(&cluster, ""), path(&cluster, "/agent-keys"));
    let tag = format!("\"{}\"", cluster["revision"]);
    let viewer = harness.colleague(owner.tenant, Role::Viewer).await;
    let new = json!({"account_id": account.id, "region": "us-east-1", "name": "shop"});
    assert_eq!(harness.get(&viewer.authorization, &path).await.status, StatusCode::OK);
    for refused in [
        harness.post(&viewer.authorization, "/api/v1/clusters", new).await,
        patch(&harness, &viewer, &path, &tag, json!({})).await,
        harness.delete(&viewer.authorization, &path).await,
        harness.post(&viewer.authorization, &keys, json!({})).await,
        harness
            .delete(
                &viewer.authorization,
                &format!("{keys}/{}", domain::KeyId::new(values::uuid(1))),
            )
            .await,
    ] {
        assert_eq!(refused.code(), "forbidden");
    }
    let operator = harness.colleague(owner.tenant, Role::Operator).await;
    let made = harness.post(&operator.authorization, &keys, json!({})).await;
    assert_eq!(made.status, StatusCode::CREATED);
}

#[tokio::test]
async fn another_tenants_cluster_looks_as_if_it_were_not_there() {
    let (harness, owner, account) = setting().await;
    let cluster = register(&harness, &owner, &account).await;
    let stranger = harness.person(Role::Owner).await;
    for rest in ["", "/instances", "/state"] {
        let answer = harness.get(&stranger.authorization, &path(&cluster, rest)).await;
        assert_eq!(answer.code(), "not-found", "{rest}");
    }
    let key =
        harness.post(&stranger.authorization, &path(&cluster, "/agent-keys"), json!({})).await;
    assert_eq!(key.code(), "not-found");
    let change = patch(&harness, &stranger, &path(&cluster, ""), "\"1\"", json!({})).await;
    assert_eq!(change.code(), "not-found");
    assert_eq!(
        harness.delete(&stranger.authorization, &path(&cluster, "")).await.code(),
        "not-found"
    );
    let list = harness.get(&stranger.authorization, "/api/v1/clusters").await;
    assert_eq!(list.body["items"], json!([]));
    let register = json!({"account_id": account.id, "region": "us-east-1", "name": "shop"});
    let refused = harness.post(&stranger.authorization, "/api/v1/clusters", register).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/account_id");
}

#[tokio::test]
async fn two_keys_live_at_most_and_each_is_shown_once() {
    let (harness, owner, account) = setting().await;
    let cluster = register(&harness, &owner, &account).await;
    let keys = path(&cluster, "/agent-keys");
    let once = async || {
        let headers = [("idempotency-key", "one")];
        harness.ask(Method::POST, &keys, &owner.authorization, &headers, None).await
    };
    let first = once().await;
    assert_eq!(first.status, StatusCode::CREATED);
    let key = first.body["key"].as_str().unwrap();
    assert!(key.starts_with("spo_"), "{key}");
    assert!(first.body["install_command"].as_str().unwrap().contains(key));
    let again = once().await;
    assert_eq!(again.code(), "shown-once");
    assert!(!again.body.to_string().contains(key));

    harness.post(&owner.authorization, &keys, json!({})).await;
    let third = harness.post(&owner.authorization, &keys, json!({})).await;
    assert_eq!(third.code(), "too-many-keys");
    let revoke = format!("{keys}/{}", first.body["key_id"].as_str().unwrap());
    for _ in 0..2 {
        let revoked = harness.delete(&owner.authorization, &revoke).await;
        assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    }
    let third = harness.post(&owner.authorization, &keys, json!({})).await;
    assert_eq!(third.status, StatusCode::CREATED);
    let rows = harness.audit(owner.tenant).await;
    let count = |lead: &str| rows.iter().filter(|row| row.starts_with(lead)).count();
    assert_eq!((count("agent_key.create"), count("agent_key.revoke")), (3, 1));
}

#[tokio::test]
async fn a_cluster_that_is_forgotten_takes_its_keys_along() {
    let (harness, owner, account) = setting().await;
    let cluster = register(&harness, &owner, &account).await;
    harness.post(&owner.authorization, &path(&cluster, "/agent-keys"), json!({})).await;
    let gone = harness.delete(&owner.authorization, &path(&cluster, "")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
    assert_eq!(harness.get(&owner.authorization, &path(&cluster, "")).await.code(), "not-found");
    let keys = harness.app.table().agent_keys(owner.tenant, id(&cluster)).await.unwrap();
    assert!(keys.iter().all(|key| key.value.revoked_at.is_some()));
    register(&harness, &owner, &account).await;
}

#[tokio::test]
async fn lists_are_filtered_and_paged_together() {
    let (harness, owner, account) = setting().await;
    for n in 1..=5 {
        let mut cluster = values::cluster(&account, n);
        cluster.optimisation_enabled = n % 2 == 0;
        let mut tx = harness.transaction(owner.tenant);
        tx.create(&cluster);
        harness.app.table().commit(tx).await.unwrap();
    }
    let list = async |query: &str| {
        let answer = harness.get(&owner.authorization, &format!("/api/v1/clusters?{query}")).await;
        let items = answer.body["items"].as_array().cloned().unwrap_or_default();
        let names: Vec<String> =
            items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
        (names, answer)
    };
    assert_eq!(list("search=CLUSTER-4").await.0, ["cluster-4"]);
    let (first, answer) = list("status=paused&limit=2").await;
    assert_eq!(first, ["cluster-1", "cluster-3"]);
    let cursor = answer.body["next_cursor"].as_str().unwrap();
    let (second, answer) = list(&format!("status=paused&limit=2&cursor={cursor}")).await;
    assert_eq!((second, &answer.body["next_cursor"]), (vec!["cluster-5".to_owned()], &Value::Null));
    assert_eq!(list("status=asleep").await.1.code(), "bad-request");
    assert_eq!(list("limit=201").await.1.code(), "invalid");
    assert_eq!(list("cursor=nonsense").await.1.code(), "bad-request");
}

#[tokio::test]
async fn the_packing_map_prices_and_judges_the_newest_snapshot() {
    let (harness, owner, account) = setting().await;
    let cluster = register(&harness, &owner, &account).await;
    let early = harness.get(&owner.authorization, &path(&cluster, "/state")).await;
    assert_eq!(early.code(), "no-snapshot");

    let mut snapshot = values::snapshot();
    snapshot.pods[1].do_not_disrupt = true;
    let (table, objects) = (harness.app.table(), harness.app.objects());
    let body = objects.put(owner.tenant, "snapshot", "test", &snapshot).await.unwrap();
    let info = SnapshotInfo {
        taken_at: NOW,
        object_key: body.key,
        sha256: body.sha256,
        pods: 2,
        position: Position { nodes: 2, ..Position::default() },
        pools: vec![],
        previous_nodes: None,
    };
    table.put_snapshot(owner.tenant, id(&cluster), &info).await.unwrap();
    let object = objects.put(owner.tenant, "market", "test", &values::market()).await.unwrap();
    let pointer = MarketPointer { object, priced_at: NOW, covered_vcpus: BTreeMap::new() };
    table.put_market(owner.tenant, account.id, "us-east-1", &pointer).await.unwrap();

    let state = harness.get(&owner.authorization, &path(&cluster, "/state")).await.body;
    let node = |n: usize| &state["nodes"][n];
    assert_eq!(node(0)["price_per_hour"]["amount"], "0.096");
    assert_eq!(node(0)["requested"], json!({"cpu_milli": 500, "memory_mib": 512, "pods": 1}));
    assert_eq!(node(0)["node_group"], "web");
    assert_eq!((&node(0)["movable"], &node(0)["blocked_by"]), (&json!(true), &Value::Null));
    assert_eq!(node(0)["pods"][0]["workload"]["name"], "web");
    assert_eq!(node(1)["movable"], false);
    assert_eq!(node(1)["pods"][0]["movable"], false);
    let why = node(1)["pods"][0]["why_not"].as_str().unwrap();
    assert!(why.contains("asks not to be disrupted"), "{why}");
    assert_eq!(state["findings"][0]["code"], "pod_do_not_disrupt");
    assert_eq!(
        state["workloads"][0],
        json!({
            "kind": "Deployment", "namespace": "default", "name": "web", "replicas": 2, "ready": 2,
            "cpu_milli": 1000, "memory_mib": 1024, "spot_replicas": 0, "worst_pool_loss": null,
        })
    );
    let seen = harness.get(&owner.authorization, &path(&cluster, "")).await.body;
    assert_eq!((&seen["nodes"], &seen["pods"]), (&json!(2), &json!(2)));
}
