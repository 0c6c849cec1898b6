//! Two tenants with something of everything, and a right request for every operation.

use crate::operations::{Operation, Place, Who};
use api::harness::{Answer, Harness, Person};
use axum::body::Body;
use domain::action::Action;
use domain::cluster::Cluster;
use domain::identity::Role;
use domain::optimization::Optimization;
use domain::{AccountId, ActionId, ClusterId, KeyId, PlanId};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, Request};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testing::values::{self, NOW};
use testing::{Customer, Installation, store, store_market, store_snapshot};

const PASSWORD: &str = "grey otter counts nine";

pub(crate) struct Setting {
    pub(crate) harness: Harness,
    /// The owner of everything that [`Setting::ids`] names.
    pub(crate) owner: Person,
    /// An owner of another organisation.
    pub(crate) stranger: Person,
    /// `Bearer spo_…` of the owner's cluster, and of the stranger's.
    pub(crate) agents: [String; 2],
    /// By the names of path parameters.
    pub(crate) ids: BTreeMap<&'static str, String>,
    /// Somebody who has signed up: `Bearer …`, and a refresh token.
    member: [String; 2],
    plan_hash: String,
    settings: Value,
    revision: String,
}

/// A request as it is about to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: BTreeMap<&'static str, String>,
    pub(crate) body: String,
}

/// Ids of the right form that name nothing.
pub(crate) fn absent() -> BTreeMap<&'static str, String> {
    let uuid = values::uuid(0xabcd);
    BTreeMap::from([
        ("account_id", AccountId::new(uuid).to_string()),
        ("action_id", ActionId::new(uuid).to_string()),
        ("cluster_id", ClusterId::new(uuid).to_string()),
        ("index", "0".to_owned()),
        ("key_id", KeyId::new(uuid).to_string()),
        ("plan_id", PlanId::new(uuid).to_string()),
    ])
}

impl Setting {
    /// Arranges everything.
    pub(crate) fn new() -> BoxFuture<'static, Self> {
        Self::arranged().boxed()
    }

    async fn arranged() -> Self {
        let installation = Installation::new().await;
        let ours = installation.customer(1, 2).await;
        let theirs = installation.customer(2, 1).await;
        let spare = values::account(50);
        arrange_in_aws(&installation, &ours);
        let harness = Harness::new(tests::routes(), installation.ctx.clone(), NOW);
        let table = harness.app.table();
        for customer in [&ours, &theirs] {
            store(table, customer.tenant, |tx| {
                tx.create(&values::organisation(customer.tenant));
            })
            .await;
        }
        let owner = harness.colleague(ours.tenant, Role::Owner).await;
        let stranger = harness.colleague(theirs.tenant, Role::Owner).await;
        let (key, agent) = harness.agent(ours.tenant, ours.cluster.id, 1).await;
        let (_, other_agent) = harness.agent(theirs.tenant, theirs.cluster.id, 1).await;

        store_market(table, ours.tenant, &ours.cluster, &values::market()).await;
        store_snapshot(table, ours.tenant, &ours.cluster, &values::snapshot()).await;
        let plan = propose(&harness, &ours).await;
        let mut action = values::action(&plan, 77);
        action.lease(NOW);
        store(table, ours.tenant, |tx| {
            tx.create::<Action>(&action);
            tx.create(&spare);
        })
        .await;
        let ids = BTreeMap::from([
            ("account_id", spare.id.to_string()),
            ("action_id", action.id.to_string()),
            ("cluster_id", ours.cluster.id.to_string()),
            ("index", "0".to_owned()),
            ("key_id", key.to_string()),
            ("plan_id", plan.id.to_string()),
        ]);
        let path = format!("/api/v1/clusters/{}", ours.cluster.id);
        let seen = harness.get(&owner.authorization, &path).await;
        let body = json!({"email": "ann@example.com", "password": PASSWORD, "name": "Ann",
                          "organisation_name": "Example", "refresh_in_body": true});
        let member = harness.post("", "/api/v1/auth/sign-up", body).await.body;
        Self {
            plan_hash: plan.plan_hash,
            revision: seen.header("etag").to_owned(),
            settings: json!({"policy": seen.body["policy"], "template": seen.body["template"]}),
            member: [
                format!("Bearer {}", member["access_token"].as_str().unwrap()),
                member["refresh_token"].as_str().unwrap().to_owned(),
            ],
            agents: [agent, other_agent],
            harness,
            owner,
            stranger,
            ids,
        }
    }

    /// A right request of whoever may make it.
    pub(crate) fn valid(&self, operation: &Operation) -> Asked {
        let of_a_member = operation.path.starts_with("/api/v1/auth/");
        let token = match operation.who {
            Who::Anybody => None,
            Who::Person if of_a_member => Some(&self.member[0]),
            Who::Person => Some(&self.owner.authorization),
            Who::Agent => Some(&self.agents[0]),
        };
        self.asked(operation, token.map(String::as_str), &self.ids)
    }

    /// A right request with this token, about these things.
    pub(crate) fn asked(
        &self,
        operation: &Operation,
        token: Option<&str>,
        ids: &BTreeMap<&'static str, String>,
    ) -> Asked {
        let mut path = operation.path.clone();
        for (name, id) in ids {
            path = path.replace(&format!("{{{name}}}"), id);
        }
        assert!(!path.contains('{'), "no id for {path}");
        let mut headers = BTreeMap::new();
        if let Some(token) = token {
            headers.insert("authorization", token.to_owned());
        }
        if operation.takes(Place::Header, "If-Match") {
            headers.insert("if-match", self.revision.clone());
        }
        if operation.takes(Place::Header, "Idempotency-Key") {
            headers.insert("idempotency-key", api::chance::id().to_string());
        }
        let body = self.body(&operation.id, ids);
        if !body.is_null() {
            headers.insert("content-type", "application/json".to_owned());
        }
        let of_cluster = operation
            .parameters
            .iter()
            .any(|it| it.place == Place::Query && it.name == "cluster_id" && it.required);
        Asked {
            method: operation.method.clone(),
            path,
            query: if of_cluster {
                format!("cluster_id={}", ids["cluster_id"])
            } else {
                String::new()
            },
            headers,
            body: if body.is_null() { String::new() } else { body.to_string() },
        }
    }

    fn body(&self, operation: &str, ids: &BTreeMap<&'static str, String>) -> Value {
        match operation {
            "sign_up" => json!({"email": "bob@example.com", "password": PASSWORD, "name": "Bob",
                                "organisation_name": "Other"}),
            "login" => json!({"email": "ann@example.com", "password": PASSWORD}),
            "refresh" => json!({"refresh_token": self.member[1]}),
            "change_password" => json!({"current_password": PASSWORD,
                                        "new_password": "another fine phrase"}),
            "create_account" => json!({"name": "New", "aws_account_id": "999988887777",
                                       "role_arn": null, "regions": ["us-east-1"]}),
            // The account of the cluster, which is linked; the spare one has nothing in it.
            "create_cluster" if *ids == self.ids => {
                json!({"account_id": values::account(1).id, "region": "us-east-1", "name": "fresh"})
            }
            "create_cluster" => {
                json!({"account_id": ids["account_id"], "region": "us-east-1", "name": "fresh"})
            }
            "update_cluster" => {
                let mut change = self.settings.clone();
                change["optimisation_enabled"] = json!(false);
                change
            }
            "create_optimization" | "dry_run_optimization" => {
                json!({"cluster_id": ids["cluster_id"]})
            }
            "approve_optimization" => json!({"plan_hash": self.plan_hash}),
            "heartbeat" => json!({"seq": 1, "agent_version": "0.1.0",
                                  "kubernetes_version": "v1.36.4", "nodes": 2}),
            "put_snapshot" => {
                let mut snapshot = values::snapshot();
                snapshot.taken_at += SignedDuration::from_secs(10);
                serde_json::to_value(&snapshot).unwrap()
            }
            "lease_actions" => json!({"max": 5}),
            "settle_action" => {
                json!({"fence": 1, "outcome": {"status": "done", "evicted": 0}})
            }
            _ => Value::Null,
        }
    }

    pub(crate) async fn send(&self, asked: Asked) -> Answer {
        self.harness.send(request(asked)).await
    }
}

/// The request itself.
pub(crate) fn request(asked: Asked) -> Request<Body> {
    let target = match asked.query.is_empty() {
        true => asked.path,
        false => format!("{}?{}", asked.path, asked.query),
    };
    let mut request = Request::builder().method(asked.method).uri(target);
    for (name, value) in asked.headers {
        request = request.header(name, value);
    }
    request.body(Body::from(asked.body)).unwrap()
}

/// An EKS cluster that is not registered yet, and the spare account's role.
fn arrange_in_aws(installation: &Installation, ours: &Customer) {
    let spare = values::account(50);
    let world = &installation.world;
    world
        .change(|state| {
            let account = &ours.account.aws_account_id;
            state.aws.add_cluster(account, "fresh", &["us-east-1a"], NOW)
        })
        .unwrap();
    world.install_role(&spare.aws_account_id, "SpotOptimizer", &spare.external_id).unwrap();
}

async fn propose(harness: &Harness, ours: &Customer) -> Optimization {
    let actor = domain::audit::Actor::Job { name: "test".to_owned() };
    let (tenant, Cluster { id, .. }) = (ours.tenant, &ours.cluster);
    let made = runtime::planning::propose(&harness.app.ctx, tenant, *id, NOW, actor, None).await;
    made.unwrap().optimization.value
}
