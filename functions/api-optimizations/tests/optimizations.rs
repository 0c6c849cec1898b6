//! Plans: made, read, explained, approved and cancelled.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use api::harness::{Answer, Harness, Person};
use domain::cluster::Cluster;
use domain::execution::Execution;
use domain::identity::Role;
use domain::optimization::Optimization;
use domain::plan::PlanState;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use runtime::Ctx;
use serde_json::{Value, json};
use testing::values::{self, NOW};
use testing::{TestTable, store_market, store_snapshot};

const ROOT: &str = "/api/v1/optimizations";

struct Setting {
    harness: Harness,
    owner: Person,
    cluster: Cluster,
}

/// A cluster that one node less would do for, and nothing known of it yet.
async fn unknown() -> Setting {
    let cloud = cloud::Cloud::new(cloud::SdkConfig::builder().build());
    let ctx = Ctx { table: TestTable::new().await.table(), cloud };
    let harness = Harness::new(api_optimizations::routes(), ctx, NOW);
    let owner = harness.person(Role::Owner).await;
    let account = values::account(1);
    let cluster = values::cluster(&account, 1);
    let mut tx = harness.transaction(owner.tenant);
    tx.create(&account);
    tx.create(&cluster);
    harness.app.table().commit(tx).await.unwrap();
    Setting { harness, owner, cluster }
}

/// The same with a snapshot and prices.
async fn setting() -> Setting {
    let setting = unknown().await;
    let (table, tenant) = (setting.harness.app.table(), setting.owner.tenant);
    store_market(table, tenant, &setting.cluster, &values::market()).await;
    store_snapshot(table, tenant, &setting.cluster, &values::snapshot()).await;
    setting
}

impl Setting {
    fn new_plan(&self) -> Value {
        json!({"cluster_id": self.cluster.id})
    }

    async fn create(&self) -> Value {
        let made = self.harness.post(&self.owner.authorization, ROOT, self.new_plan()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        assert_eq!(made.header("location"), path(&made.body, ""));
        made.body
    }

    async fn get(&self, path: &str) -> Answer {
        self.harness.get(&self.owner.authorization, path).await
    }

    async fn approve(&self, plan: &Value, hash: &str) -> Answer {
        let body = json!({"plan_hash": hash});
        self.harness.post(&self.owner.authorization, &path(plan, "/approve"), body).await
    }

    async fn cancel(&self, plan: &Value, by: &Person) -> Answer {
        let cancel = path(plan, "/cancel");
        self.harness.ask(Method::POST, &cancel, &by.authorization, &[], None).await
    }

    /// Puts an optimisation on the table, with the plan of another one as its body.
    async fn store(&self, of: &Value, generation: u64, state: PlanState) -> Optimization {
        let (table, tenant) = (self.harness.app.table(), self.owner.tenant);
        let id = of["id"].as_str().unwrap().parse().unwrap();
        let made = table.optimization(tenant, id).await.unwrap().value;
        let other = values::optimization(&self.cluster, generation);
        let other =
            Optimization { id: other.id, generation, state, created_at: other.created_at, ..made };
        let mut tx = self.harness.transaction(tenant);
        tx.create(&other);
        table.commit(tx).await.unwrap();
        other
    }
}

fn path(plan: &Value, rest: &str) -> String {
    format!("{ROOT}/{}{rest}", plan["id"].as_str().unwrap())
}

fn hash(plan: &Value) -> &str {
    plan["plan_hash"].as_str().unwrap()
}

#[tokio::test]
async fn a_plan_is_made_and_read_back_with_its_reasons() {
    let setting = setting().await;
    let plan = setting.create().await;
    assert_eq!((&plan["state"], &plan["generation"]), (&json!("proposed"), &json!(1)));
    assert_eq!(plan["cluster_name"], "cluster-1");
    assert_eq!((&plan["before"]["nodes"], &plan["after"]["nodes"]), (&json!(2), &json!(1)));
    assert_eq!(plan["saving_per_hour"], json!({"amount": "0.096", "currency": "USD"}));
    assert_eq!(plan["execution"], Value::Null);
    let commands = plan["plan"]["commands"].as_array().unwrap();
    assert_eq!(json!(commands.len()), plan["commands"]);

    let read = setting.get(&path(&plan, "")).await;
    assert_eq!(read.body, plan);
    assert_eq!(read.header("etag"), "\"1\"");
    let listed = setting.get(ROOT).await.body;
    for (field, value) in listed["items"][0].as_object().unwrap() {
        assert_eq!(value, &plan[field], "{field}");
    }
    let explained = setting.get(&path(&plan, "/commands/0/explanation")).await.body;
    assert_eq!(explained["command"], commands[0]);
    let text = explained["text"].as_str().unwrap();
    let retired = commands[0]["retire"][0]["node"].as_str().unwrap();
    assert!(text.contains(retired), "{text}");
    for absent in ["/commands/1/explanation", "/commands/-1/explanation", "/commands/x/explanation"]
    {
        assert_eq!(setting.get(&path(&plan, absent)).await.code(), "not-found", "{absent}");
    }
    let id = plan["id"].as_str().unwrap();
    let audit = setting.harness.audit(setting.owner.tenant).await;
    assert_eq!(audit, [format!("optimization.create {id}")]);
}

#[tokio::test]
async fn what_cannot_be_planned_for_is_said() {
    let setting = unknown().await;
    let ask =
        async || setting.harness.post(&setting.owner.authorization, ROOT, setting.new_plan()).await;
    assert_eq!(ask().await.code(), "no-market");
    let (table, tenant) = (setting.harness.app.table(), setting.owner.tenant);
    store_market(table, tenant, &setting.cluster, &values::market()).await;
    assert_eq!(ask().await.code(), "not-fit");
    store_snapshot(table, tenant, &setting.cluster, &values::snapshot()).await;
    setting.harness.pass(SignedDuration::from_secs(91));
    let stale = ask().await;
    assert_eq!((stale.status, stale.code()), (StatusCode::CONFLICT, "not-fit".to_owned()));
    assert!(stale.body["detail"].as_str().unwrap().contains("91 s old"), "{}", stale.body);
    setting.harness.pass(SignedDuration::from_secs(-91));
    assert_eq!(ask().await.status, StatusCode::CREATED);

    for (body, pointer) in [(json!({"cluster_id": "clu_1"}), "/cluster_id"), (json!({}), "")] {
        for path in [ROOT.to_owned(), format!("{ROOT}/dry-run")] {
            let refused = setting.harness.post(&setting.owner.authorization, &path, body.clone());
            let refused = refused.await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.body);
        }
    }
}

#[tokio::test]
async fn a_repeated_request_makes_one_plan() {
    let setting = setting().await;
    let ask = async |key: &str, body: Value| {
        let headers = [("idempotency-key", key)];
        let authorization = &setting.owner.authorization;
        setting.harness.ask(Method::POST, ROOT, authorization, &headers, Some(body)).await
    };
    let first = ask("one", setting.new_plan()).await;
    let again = ask("one", setting.new_plan()).await;
    assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), path(&first.body, ""));
    let other = ask("one", json!({"cluster_id": values::cluster(&values::account(1), 2).id})).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    let authorization = &setting.owner.authorization;
    let keyless = setting.harness.ask(Method::POST, ROOT, authorization, &[], None).await;
    assert_eq!(keyless.code(), "bad-request");
    assert_eq!(setting.get(ROOT).await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn two_who_ask_at_the_same_moment_both_get_a_plan_and_one_of_them_waits() {
    let it = setting().await;
    let (one, other) = tokio::join!(it.create(), it.create());
    let mut states = Vec::new();
    for plan in [&one, &other] {
        states.push(it.get(&path(plan, "")).await.body["state"].clone());
    }
    states.sort_by_key(ToString::to_string);
    assert_eq!(states, ["expired", "proposed"]);
}

#[tokio::test]
async fn exactly_the_plan_that_was_read_is_approved_and_once() {
    let setting = setting().await;
    let plan = setting.create().await;
    let other = setting.approve(&plan, &"0".repeat(64)).await;
    assert_eq!((other.status, other.code()), (StatusCode::CONFLICT, "not-approvable".to_owned()));
    assert!(other.body["detail"].as_str().unwrap().contains("hash"), "{}", other.body);
    let short = setting.approve(&plan, "0").await;
    assert_eq!(short.body["errors"][0]["pointer"], "/plan_hash");

    let approved = setting.approve(&plan, hash(&plan)).await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.body);
    assert_eq!(approved.body["state"], "approved");
    assert_eq!(approved.body["approved_by"], json!(setting.owner.user));
    assert_eq!(approved.body["approved_at"], json!(NOW));
    assert_eq!(setting.get(&path(&plan, "")).await.body, approved.body);
    assert_eq!(setting.approve(&plan, hash(&plan)).await.code(), "not-approvable");

    let next = setting.harness.post(&setting.owner.authorization, ROOT, setting.new_plan()).await;
    assert_eq!(next.code(), "busy", "it is about to be carried out");
    let id = plan["id"].as_str().unwrap();
    let audit = setting.harness.audit(setting.owner.tenant).await;
    let expected = ["create", "approve"].map(|what| format!("optimization.{what} {id}"));
    assert_eq!(audit, expected);
}

#[tokio::test]
async fn a_newer_plan_makes_older_ones_unapprovable() {
    let setting = setting().await;
    let (first, second) = (setting.create().await, setting.create().await);
    assert_eq!(second["generation"], 2);
    let overtaken = setting.get(&path(&first, "")).await.body;
    assert_eq!(overtaken["state"], "expired");
    let by = format!("overtaken by {}", second["id"].as_str().unwrap());
    assert_eq!(overtaken["failure"], by);
    assert_eq!(setting.approve(&first, hash(&first)).await.code(), "not-approvable");

    // Even one that nobody has marked as expired yet.
    let (table, tenant) = (setting.harness.app.table(), setting.owner.tenant);
    let stored = table.cluster(tenant, setting.cluster.id).await.unwrap();
    let mut tx = setting.harness.transaction(tenant);
    tx.update(&stored, Cluster { generation: 3, ..stored.value.clone() });
    table.commit(tx).await.unwrap();
    let refused = setting.approve(&second, hash(&second)).await;
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("generation 3, this one is 2"), "{detail}");
}

#[tokio::test]
async fn a_plan_waits_a_day_for_approval_and_one_without_commands_is_none() {
    let setting = setting().await;
    let plan = setting.create().await;
    setting.harness.pass(SignedDuration::from_hours(24));
    let late = setting.approve(&plan, hash(&plan)).await;
    assert!(late.body["detail"].as_str().unwrap().contains("expired"), "{}", late.body);

    setting.harness.pass(SignedDuration::from_hours(-24));
    let empty = setting.store(&plan, 1, PlanState::Proposed).await;
    let (table, tenant) = (setting.harness.app.table(), setting.owner.tenant);
    let stored = table.optimization(tenant, empty.id).await.unwrap();
    let mut tx = setting.harness.transaction(tenant);
    tx.update(&stored, Optimization { commands: 0, ..empty.clone() });
    table.commit(tx).await.unwrap();
    let refused = setting.approve(&json!({"id": empty.id}), &empty.plan_hash).await;
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("no commands"), "{detail}");
}

#[tokio::test]
async fn a_plan_that_is_not_begun_is_cancelled_once() {
    let setting = setting().await;
    let plan = setting.create().await;
    setting.approve(&plan, hash(&plan)).await;
    let cancelled = setting.cancel(&plan, &setting.owner).await;
    assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.body);
    assert_eq!(cancelled.body["state"], "cancelled");
    assert_eq!(cancelled.body["finished_at"], json!(NOW));
    assert_eq!(cancelled.body["failure"], format!("cancelled by {}", setting.owner.user));
    let again = setting.cancel(&plan, &setting.owner).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "not-cancellable".to_owned()));
    assert_eq!(setting.approve(&plan, hash(&plan)).await.code(), "not-approvable");
    setting.create().await;
}

#[tokio::test]
async fn a_plan_that_is_being_carried_out_is_asked_to_stop() {
    let setting = setting().await;
    let (table, tenant) = (setting.harness.app.table(), setting.owner.tenant);
    let made = setting.create().await;
    let running = setting.store(&made, 2, PlanState::Applying).await;
    let mut tx = setting.harness.transaction(tenant);
    let execution: Execution = values::execution(&running);
    tx.create(&execution);
    table.commit(tx).await.unwrap();

    let plan = json!({"id": running.id});
    let operator = setting.harness.colleague(tenant, Role::Operator).await;
    for by in [&operator, &setting.owner] {
        let asked = setting.cancel(&plan, by).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
        assert_eq!(asked.body["state"], "applying", "it stops before its next node");
        let who = &asked.body["execution"]["stop_requested_by"];
        assert_eq!(who, &json!(operator.user), "who asked first");
    }
}

#[tokio::test]
async fn a_dry_run_keeps_nothing() {
    let setting = setting().await;
    let dry = format!("{ROOT}/dry-run");
    let plan = setting.harness.post(&setting.owner.authorization, &dry, setting.new_plan()).await;
    assert_eq!(plan.status, StatusCode::OK, "{}", plan.body);
    assert_eq!(plan.body["after"]["nodes"], 1);
    assert_eq!(setting.get(ROOT).await.body["items"], json!([]));
    let (table, tenant) = (setting.harness.app.table(), setting.owner.tenant);
    let cluster = table.cluster(tenant, setting.cluster.id).await.unwrap();
    assert_eq!(cluster.value.generation, 0);
    assert_eq!(setting.harness.audit(tenant).await, [""; 0]);
}

#[tokio::test]
async fn a_viewer_reads_and_changes_nothing() {
    let setting = setting().await;
    let plan = setting.create().await;
    let viewer = setting.harness.colleague(setting.owner.tenant, Role::Viewer).await;
    let dry = format!("{ROOT}/dry-run");
    for read in [
        setting.harness.get(&viewer.authorization, ROOT).await,
        setting.harness.get(&viewer.authorization, &path(&plan, "")).await,
        setting.harness.get(&viewer.authorization, &path(&plan, "/commands/0/explanation")).await,
        setting.harness.post(&viewer.authorization, &dry, setting.new_plan()).await,
    ] {
        assert_eq!(read.status, StatusCode::OK, "{}", read.body);
    }
    let approval = json!({"plan_hash": hash(&plan)});
    for refused in [
        setting.harness.post(&viewer.authorization, ROOT, setting.new_plan()).await,
        setting.harness.post(&viewer.authorization, &path(&plan, "/approve"), approval).await,
        setting.cancel(&plan, &viewer).await,
    ] {
        assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "forbidden".into()));
    }
    assert_eq!(setting.get(&path(&plan, "")).await.body, plan);
}

#[tokio::test]
async fn another_tenants_plan_looks_as_if_it_were_not_there() {
    let setting = setting().await;
    let plan = setting.create().await;
    let stranger = setting.harness.person(Role::Owner).await;
    let absent = json!({"id": values::optimization(&setting.cluster, 99).id});
    let ask = async |of: &Value| {
        let approval = json!({"plan_hash": hash(&plan)});
        let mut answers = Vec::new();
        for answer in [
            setting.harness.get(&stranger.authorization, &path(of, "")).await,
            setting
                .harness
                .get(&stranger.authorization, &path(of, "/commands/0/explanation"))
                .await,
            setting.harness.post(&stranger.authorization, &path(of, "/approve"), approval).await,
            setting.cancel(of, &stranger).await,
        ] {
            let mut body = answer.body;
            body["request_id"] = Value::Null;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{body}");
            answers.push(body);
        }
        answers
    };
    assert_eq!(ask(&plan).await, ask(&absent).await);
    let foreign = setting.harness.post(&stranger.authorization, ROOT, setting.new_plan()).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let of_cluster = format!("{ROOT}?cluster_id={}", setting.cluster.id);
    let list = setting.harness.get(&stranger.authorization, &of_cluster).await;
    assert_eq!(list.status, StatusCode::NOT_FOUND);
    assert_eq!(setting.harness.get(&stranger.authorization, ROOT).await.body["items"], json!([]));
}

#[tokio::test]
async fn lists_come_newest_first_in_pages_and_by_cluster_and_state() {
    let setting = setting().await;
    let made = setting.create().await;
    for generation in 2..=5 {
        let state = if generation == 5 { PlanState::Done } else { PlanState::Cancelled };
        setting.store(&made, generation, state).await;
    }
    let list = async |query: &str| {
        let body = setting.get(&format!("{ROOT}?{query}")).await.body;
        let items = body["items"].as_array().cloned().unwrap_or_default();
        let generations: Vec<u64> =
            items.iter().map(|item| item["generation"].as_u64().unwrap()).collect();
        (generations, body["next_cursor"].as_str().map(str::to_owned))
    };
    let (first, cursor) = list("limit=2").await;
    assert_eq!(first, [5, 4]);
    let (second, cursor) = list(&format!("limit=2&cursor={}", cursor.unwrap())).await;
    assert_eq!(second, [3, 2]);
    let (third, cursor) = list(&format!("limit=2&cursor={}", cursor.unwrap())).await;
    assert_eq!((third, cursor), (vec![1], None));
    let of_cluster = format!("cluster_id={}&state=cancelled", setting.cluster.id);
    assert_eq!(list(&of_cluster).await.0, [4, 3, 2]);

    for (query, code) in [
        ("limit=0", "invalid"),
        ("limit=x", "bad-request"),
        ("cursor=nonsense", "bad-request"),
        ("state=nonsense", "bad-request"),
        ("cluster_id=opt_1", "bad-request"),
    ] {
        assert_eq!(setting.get(&format!("{ROOT}?{query}")).await.code(), code, "{query}");
    }
}
