//! What agents send and are given.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use api::harness::{Answer, Harness, Person};
use axum::body::Body;
use domain::action::{Action, HeartbeatAnswer, LeasedAction};
use domain::cluster::Cluster;
use domain::identity::{AgentKey, Role};
use domain::snapshot::ClusterSnapshot;
use domain::{Money, Tenant};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Method, Request, StatusCode};
use jiff::SignedDuration;
use runtime::Ctx;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use storage::MarketPointer;
use testing::TestTable;
use testing::values::{self, NOW};

struct Setting {
    harness: Harness,
    owner: Person,
    cluster: Cluster,
    /// `Bearer spo_…`
    agent: String,
}

async fn setting() -> Setting {
    let cloud = cloud::Cloud::new(cloud::SdkConfig::builder().build());
    let ctx = Ctx { table: TestTable::new().await.table(), cloud };
    let harness = Harness::new(api_agent::routes(), ctx, NOW);
    let owner = harness.person(Role::Owner).await;
    let cluster = values::cluster(&values::account(1), 1);
    let mut tx = harness.transaction(owner.tenant);
    tx.create(&cluster);
    harness.app.table().commit(tx).await.unwrap();
    let (_, agent) = harness.agent(owner.tenant, cluster.id, 1).await;
    Setting { harness, owner, cluster, agent }
}

impl Setting {
    async fn beat(&self, seq: u64) -> Answer {
        let body =
            json!({"seq": seq, "agent_version": "0.1.0", "kubernetes_version": null, "nodes": 2});
        self.harness.post(&self.agent, "/api/v1/agent/heartbeat", body).await
    }

    async fn upload(&self, encoding: Option<&str>, body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(Method::PUT).uri("/api/v1/agent/snapshot");
        request =
            request.header("authorization", &self.agent).header("content-type", "application/json");
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        self.harness.send(request.body(Body::from(body)).unwrap()).await
    }

    async fn snapshot(&self, snapshot: &ClusterSnapshot) -> Answer {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&serde_json::to_vec(snapshot).unwrap()).unwrap();
        self.upload(Some("gzip"), encoder.finish().unwrap()).await
    }

    async fn action(&self, n: u128) -> Action {
        let plan = values::optimization(&self.cluster, 1);
        let action = values::action(&plan, n);
        let mut tx = self.harness.transaction(self.owner.tenant);
        tx.create(&action);
        self.harness.app.table().commit(tx).await.unwrap();
        action
    }

    async fn lease(&self, max: u32) -> Vec<LeasedAction> {
        let body = json!({"max": max});
        let answer = self.harness.post(&self.agent, "/api/v1/agent/actions/lease", body).await;
        serde_json::from_value(answer.body["items"].clone()).unwrap()
    }

    async fn settle(&self, action: &LeasedAction, outcome: Value) -> Answer {
        let path = format!("/api/v1/agent/actions/{}/result", action.id);
        let body = json!({"fence": action.fence, "outcome": outcome});
        self.harness.post(&self.agent, &path, body).await
    }

    async fn market(&self) {
        let (table, tenant) = (self.harness.app.table(), self.owner.tenant);
        let object =
            table.objects().put(tenant, "market", "test", &values::market()).await.unwrap();
        let pointer = MarketPointer { object, priced_at: NOW, covered_vcpus: BTreeMap::new() };
        table
            .put_market(tenant, self.cluster.account, &self.cluster.region, &pointer)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_heartbeat_is_noted_and_told_what_waits() {
    let setting = setting().await;
    let answer = setting.beat(5).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let quiet: HeartbeatAnswer = serde_json::from_value(answer.body).unwrap();
    assert_eq!((quiet.pending_actions, quiet.next_snapshot_seconds), (0, 30));
    setting.action(1).await;
    let busy: HeartbeatAnswer = serde_json::from_value(setting.beat(6).await.body).unwrap();
    assert_eq!((busy.pending_actions, busy.next_snapshot_seconds), (1, 10));

    assert_eq!(setting.beat(3).await.status, StatusCode::OK, "a late one is no fault");
    let table = setting.harness.app.table();
    let status =
        table.agent_status(setting.owner.tenant, setting.cluster.id).await.unwrap().unwrap();
    assert_eq!((status.seq, status.seen_at, status.key_generation), (6, NOW, 1));
}

#[tokio::test]
async fn a_revoked_key_is_refused_by_the_next_heartbeat() {
    let setting = setting().await;
    assert_eq!(setting.beat(1).await.status, StatusCode::OK);
    let table = setting.harness.app.table();
    let keys = table.agent_keys(setting.owner.tenant, setting.cluster.id).await.unwrap();
    let mut tx = setting.harness.transaction(setting.owner.tenant);
    tx.update(&keys[0], AgentKey { revoked_at: Some(NOW), ..keys[0].value.clone() });
    table.commit(tx).await.unwrap();
    assert_eq!(setting.beat(2).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(setting.snapshot(&values::snapshot()).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_a_whole_key_opens_anything() {
    let setting = setting().await;
    let secret = setting.agent.strip_prefix("Bearer ").unwrap();
    let other = api::identity::AgentSecret::new(domain::KeyId::new(values::uuid(77)));
    for wrong in [
        String::new(),
        "Bearer".to_owned(),
        format!("Bearer {secret}x"),
        format!("Bearer {}", other.text),
        setting.owner.authorization.clone(),
    ] {
        let body = json!({"seq": 1, "agent_version": "1", "kubernetes_version": null, "nodes": 1});
        let answer = setting.harness.post(&wrong, "/api/v1/agent/heartbeat", body).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
}

#[tokio::test]
async fn a_snapshot_becomes_the_clusters_newest_and_its_first_priced_one_the_baseline() {
    let setting = setting().await;
    let (table, tenant) = (setting.harness.app.table(), setting.owner.tenant);
    let id = setting.cluster.id;
    let mut snapshot = values::snapshot();
    let taken = setting.snapshot(&snapshot).await;
    assert_eq!(taken.status, StatusCode::NO_CONTENT, "{}", taken.body);
    assert_eq!(table.cluster(tenant, id).await.unwrap().value.baseline, None, "no prices yet");

    setting.market().await;
    snapshot.taken_at += SignedDuration::from_secs(30);
    snapshot.nodes.pop();
    setting.harness.pass(SignedDuration::from_secs(30));
    assert_eq!(setting.snapshot(&snapshot).await.status, StatusCode::NO_CONTENT);
    let info = table.snapshot(tenant, id).await.unwrap().unwrap();
    assert_eq!((info.position.nodes, info.previous_nodes, info.pods), (1, Some(2), 2));
    assert_eq!(info.position.cost_per_hour, Money::from_nanos(96_000_000));
    assert_eq!((info.pools.len(), info.pools[0].nodes), (1, 1));
    let object = storage::ObjectRef { key: info.object_key, sha256: info.sha256 };
    let stored: ClusterSnapshot = table.objects().get(tenant, &object).await.unwrap();
    assert_eq!(stored, snapshot);
    let baseline = table.cluster(tenant, id).await.unwrap().value.baseline.unwrap();
    assert_eq!((baseline.pools.len(), baseline.pools[0].count), (1, 1));
    assert_eq!(setting.harness.audit(tenant).await, [format!("cluster.observe {id}")]);

    let older = setting.snapshot(&values::snapshot()).await;
    assert_eq!(older.code(), "older-snapshot");
    snapshot.taken_at += SignedDuration::from_secs(60);
    let future = setting.snapshot(&snapshot).await;
    assert_eq!(future.body["errors"][0]["pointer"], "/taken_at");
}

#[tokio::test]
async fn what_is_no_snapshot_is_answered_with_a_problem() {
    let setting = setting().await;
    let whole = serde_json::to_vec(&values::snapshot()).unwrap();
    assert_eq!(setting.upload(None, whole.clone()).await.status, StatusCode::NO_CONTENT);
    for (encoding, body, code) in [
        (None, b"{".to_vec(), "bad-request"),
        (None, b"{}".to_vec(), "invalid"),
        (Some("gzip"), whole.clone(), "bad-request"),
        (Some("br"), whole, "unsupported-media-type"),
        (None, vec![b' '; (20 << 20) + 1], "too-large"),
    ] {
        assert_eq!(setting.upload(encoding, body).await.code(), code);
    }
}

#[tokio::test]
async fn an_action_is_leased_once_and_settled_by_its_newest_lease_only() {
    let setting = setting().await;
    let action = setting.action(1).await;
    let first = setting.lease(5).await;
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].id, first[0].fence, &first[0].task), (action.id, 1, &action.task));
    assert_eq!(setting.lease(5).await, []);

    setting.harness.pass(SignedDuration::from_secs(60));
    let second = setting.lease(5).await;
    assert_eq!(second[0].fence, 2, "the first lease has run out");
    let done = json!({"status": "done", "evicted": 3});
    assert_eq!(setting.settle(&first[0], done.clone()).await.code(), "fenced");
    assert_eq!(setting.settle(&second[0], done.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(setting.settle(&second[0], done).await.code(), "settled");
    assert_eq!(setting.lease(5).await, []);
    let audit = setting.harness.audit(setting.owner.tenant).await;
    assert_eq!(audit, [format!("action.settle {}", action.id)]);
}

#[tokio::test]
async fn a_try_that_failed_comes_again_after_a_pause() {
    let setting = setting().await;
    setting.action(1).await;
    let leased = setting.lease(1).await;
    let failed = json!({"status": "failed", "message": "the API server timed out"});
    assert_eq!(setting.settle(&leased[0], failed).await.status, StatusCode::NO_CONTENT);
    assert_eq!(setting.lease(1).await, []);
    setting.harness.pass(SignedDuration::from_secs(10));
    assert_eq!(setting.lease(1).await[0].fence, 2);
}

#[tokio::test]
async fn an_agent_knows_its_own_clusters_actions_only() {
    let setting = setting().await;
    let other = values::cluster(&values::account(1), 2);
    let action = values::action(&values::optimization(&other, 1), 9);
    let mut tx = setting.harness.transaction(setting.owner.tenant);
    tx.create(&other);
    tx.create(&action);
    setting.harness.app.table().commit(tx).await.unwrap();
    assert_eq!(setting.lease(50).await, []);
    let foreign = LeasedAction { id: action.id, fence: 1, lease_until: NOW, task: action.task };
    let answer = setting.settle(&foreign, json!({"status": "done", "evicted": 0})).await;
    assert_eq!(answer.code(), "not-found");
}

#[tokio::test]
async fn malformed_requests_of_agents_are_answered_with_problems() {
    let setting = setting().await;
    let _: Tenant = setting.owner.tenant;
    for (path, body, code) in [
        ("/api/v1/agent/heartbeat", json!({"seq": -1}), "invalid"),
        ("/api/v1/agent/heartbeat", json!({"seq": 1, "agent_version": "", "nodes": 1}), "invalid"),
        ("/api/v1/agent/actions/lease", json!({"max": 0}), "invalid"),
        (
            "/api/v1/agent/actions/act_1/result",
            json!({"fence": 1, "outcome": {"status": "done", "evicted": 0}}),
            "not-found",
        ),
        (
            "/api/v1/agent/actions/act_1/result",
            json!({"fence": 1, "outcome": {"status": "perhaps"}}),
            "not-found",
        ),
    ] {
        assert_eq!(setting.harness.post(&setting.agent, path, body).await.code(), code, "{path}");
    }
}
