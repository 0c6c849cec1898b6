//! What a newcomer would do on the first day, done through the API: sign up, link the account,
//! register its clusters, give their agents keys. And 30 days of history, so that there is something
//! to see.

use super::data_folder::DataFolder;
use crate::error::CliError;
use axum::Router;
use axum::body::Body;
use domain::audit::Actor;
use domain::cluster::Cluster;
use domain::instance::InstanceRecord;
use domain::offering::Pool;
use domain::{ClusterId, Tenant};
use http::{Method, Request};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use runtime::Ctx;
use serde_json::{Value, json};
use simulator::World;
use simulator::demo::{ACCOUNT, PastInstance, REGION, ROLE};
use std::collections::BTreeMap;
use storage::{AuditEntry, Transaction};
use tower::ServiceExt;

/// Who the demo belongs to.
pub(super) const EMAIL: &str = "admin@spotoptimizer.com";

/// What the rest of `serve` needs of it.
pub(super) struct Demo {
    /// Cluster names and their agents' keys.
    pub(super) agents: BTreeMap<String, String>,
}

/// Sets the demo up, or finds it as it was left.
pub(super) async fn set_up(
    data: &DataFolder,
    router: &Router,
    ctx: &Ctx,
    world: &World,
    password: &str,
) -> Result<Demo, CliError> {
    let mut client = Client { router, token: String::new() };
    client.sign_in(password).await?;
    let account = client.account(world).await?;
    let clusters = client.clusters(&account).await?;

    let path = data.path("agents.json");
    let known = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut agents: BTreeMap<String, String> = known.unwrap_or_default();
    for (name, id) in &clusters {
        if !agents.contains_key(name) {
            let made = client.post(&format!("/clusters/{id}/agent-keys"), &json!({})).await?;
            agents.insert(name.clone(), text(&made, "key")?);
        }
    }
    let bytes = serde_json::to_vec_pretty(&agents).map_err(super::failed)?;
    std::fs::write(&path, bytes).map_err(super::failed)?;

    job_prices::run(ctx, world.clock().now()).await.map_err(super::failed)?;
    for (name, id) in clusters {
        let id: ClusterId = id.parse().map_err(super::failed)?;
        tell_history(ctx, world, &name, id).await?;
    }
    job_rollup::run(ctx, world.clock().now()).await.map_err(super::failed)?;
    Ok(Demo { agents })
}

/// The API as a browser would use it.
struct Client<'a> {
    router: &'a Router,
    token: String,
}

impl Client<'_> {
    async fn sign_in(&mut self, password: &str) -> Result<(), CliError> {
        let body = json!({
            "email": EMAIL,
            "password": password,
            "name": "Demo admin",
            "organisation_name": "Demo",
        });
        let (status, answer) = self.send(Method::POST, "/auth/sign-up", Some(&body)).await?;
        let answer = match status {
            201 => answer,
            409 => self.post("/auth/login", &json!({"email": EMAIL, "password": password})).await?,
            _ => return Err(refused("sign-up", &answer)),
        };
        self.token = text(&answer, "access_token")?;
        Ok(())
    }

    /// The linked account's id. The role is made in the simulated AWS as its owner would make it from
    /// our template.
    async fn account(&self, world: &World) -> Result<String, CliError> {
        let listed = self.get("/accounts").await?;
        if let Some(account) = items(&listed).first() {
            return text(account, "id");
        }
        let body = json!({
            "name": "Simulated account",
            "aws_account_id": ACCOUNT,
            "role_arn": format!("arn:aws:iam::{ACCOUNT}:role/{ROLE}"),
            "regions": [REGION],
        });
        let account = self.post("/accounts", &body).await?;
        let external_id = text(&account, "external_id")?;
        world.install_role(ACCOUNT, ROLE, &external_id).map_err(super::failed)?;
        let id = text(&account, "id")?;
        self.post(&format!("/accounts/{id}/verify"), &json!({})).await?;
        Ok(id)
    }

    /// Names and ids of the account's clusters, all of them registered.
    async fn clusters(&self, account: &str) -> Result<BTreeMap<String, String>, CliError> {
        let found = self.get(&format!("/accounts/{account}/discovered-clusters")).await?;
        let mut clusters = BTreeMap::new();
        for one in items(&found) {
            let name = text(one, "name")?;
            let id = match one["registered_as"].as_str() {
                Some(id) => id.to_owned(),
                None => {
                    let body =
                        json!({"account_id": account, "region": one["region"], "name": name});
                    text(&self.post("/clusters", &body).await?, "id")?
                }
            };
            clusters.insert(name, id);
        }
        Ok(clusters)
    }

    async fn get(&self, path: &str) -> Result<Value, CliError> {
        let (status, answer) = self.send(Method::GET, path, None).await?;
        if status < 300 { Ok(answer) } else { Err(refused(path, &answer)) }
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        let (status, answer) = self.send(Method::POST, path, Some(body)).await?;
        if status < 300 { Ok(answer) } else { Err(refused(path, &answer)) }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), CliError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("content-type", "application/json");
        if !self.token.is_empty() {
            request = request
                .header("authorization", format!("Bearer {}", self.token))
                .header("idempotency-key", api::chance::id().to_string());
        }
        let request = request
            .body(Body::from(body.map(ToString::to_string).unwrap_or_default()))
            .map_err(super::failed)?;
        let response = self.router.clone().oneshot(request).await.map_err(super::failed)?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.map_err(super::failed)?.to_bytes();
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }
}

fn refused(what: &str, answer: &Value) -> CliError {
    let detail = answer["detail"].as_str().unwrap_or("no detail");
    CliError::Failed(format!("the demo could not be set up: {what}: {detail}"))
}

fn text(value: &Value, field: &str) -> Result<String, CliError> {
    let text = value[field].as_str().map(str::to_owned);
    text.ok_or_else(|| CliError::Failed(format!("the demo could not be set up: no {field}")))
}

fn items(value: &Value) -> &[Value] {
    value["items"].as_array().map_or(&[], Vec::as_slice)
}

/// Enters what ran in the last 30 days and dates the cluster back to their beginning. A cluster
/// whose ledger has begun has been told already.
async fn tell_history(ctx: &Ctx, world: &World, name: &str, id: ClusterId) -> Result<(), CliError> {
    let Some(tenant) = tenant_of(ctx, id).await? else { return Ok(()) };
    let watermark = ctx.table.ledger_watermark(tenant, id).await.map_err(super::failed)?;
    if watermark.is_some() {
        return Ok(());
    }
    let now = world.clock().now();
    let history = world.look(|state| state.history(name));
    let records: Vec<InstanceRecord> = history.iter().map(|past| record(past, now)).collect();
    ctx.table.put_instances(tenant, id, &records).await.map_err(super::failed)?;

    let stored = ctx.table.cluster(tenant, id).await.map_err(super::failed)?;
    let created_at = now - SignedDuration::from_hours(30 * 24);
    let cluster = Cluster { created_at, ..stored.value.clone() };
    let entry = AuditEntry {
        actor: Actor::Job { name: "demo".to_owned() },
        action: "cluster.backdate".to_owned(),
        subject: id.to_string(),
        request_id: None,
        at: now,
    };
    let mut tx = Transaction::new(tenant, entry);
    tx.update(&stored, cluster);
    ctx.table.commit(tx).await.map_err(super::failed)
}

async fn tenant_of(ctx: &Ctx, id: ClusterId) -> Result<Option<Tenant>, CliError> {
    let clusters = runtime::all_clusters(ctx).await.map_err(super::failed)?;
    Ok(clusters.into_iter().find(|one| one.cluster == id).map(|one| one.tenant))
}

fn record(past: &PastInstance, now: Timestamp) -> InstanceRecord {
    InstanceRecord {
        instance_id: past.instance_id.clone(),
        pool: Pool {
            instance_type: past.instance_type.clone(),
            zone: past.zone.clone(),
            capacity_type: past.capacity_type,
        },
        node_group: None,
        launched_at: past.launched_at,
        terminated_at: past.terminated_at,
        reclaimed: past.terminated_at.map(|_| past.reclaimed),
        seen_at: past.terminated_at.unwrap_or(now).min(now),
        overlap: None,
    }
}
