//! A whole installation in one process, in lock step and kept in a folder: the simulated AWS with one
//! cluster, the table, the routers, the jobs and the agent. What `serve` composes, but that time
//! passes only when everything waits for it.

use agent::{Agent, ApiClient};
use api::identity::Pepper;
use api::{App, Clock, Settings};
use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use axum::Router;
use axum::body::Body;
use domain::snapshot::ClusterSnapshot;
use domain::{ClusterId, Tenant};
use http::{Method, Request};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use runtime::Ctx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use simulator::aws::{AwsState, Trust};
use simulator::{FaultEffect, World, WorldState};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use storage::{Objects, PageRequest, Table};
use tokio::net::TcpListener;
use tower::ServiceExt;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const CLUSTER: &str = "shop";
const REGION: &str = "us-east-1";
const ROLE: &str = "spot-optimizer";
const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

/// Simulated seconds between two looks of agent and jobs.
const STEP: SignedDuration = SignedDuration::from_secs(10);

/// Steps between two runs of job-apply, which in AWS runs each minute and on demand.
const APPLY_STEPS: u32 = 3;

/// Steps after which a plan that is not over never will be.
const MOST_STEPS: u32 = 600;

/// What the next life of the process must know: what a person and a pod would.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Known {
    authorization: String,
    agent_key: String,
    cluster: String,
}

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) ctx: Ctx,
    router: Router,
    time: Time,
    url: String,
    agent: Option<Agent>,
    known: Known,
    steps: u32,
}

impl Stage {
    /// The installation in a folder as it was left, or one with nothing but an AWS account in it.
    pub(crate) async fn open(folder: &Path) -> Self {
        let start: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let clock = simulator::Clock::manual(start);
        let world = World::open(&folder.join("world.json"), clock.clone(), empty_world).unwrap();
        let time = Time { clock, sleeping: Arc::default() };

        let objects = folder.join("objects");
        std::fs::create_dir_all(&objects).unwrap();
        let client = table_client(&folder.join("table.db"), &world).await;
        storage::create_table(&client, "stage").await.unwrap();
        let table = Table::new(client, "stage", Objects::folder(&objects).unwrap(), &[7; 32]);
        let ctx = Ctx { table, cloud: cloud::Cloud::new(world.sdk_config(REGION)) };

        let settings = Settings {
            public_url: "http://localhost".to_owned(),
            signing_seed: [1; 32],
            pepper: Pepper::new([2; 32]),
            bcrypt_cost: 4,
        };
        let now = time.clone();
        let app = App::new(ctx.clone(), settings, Clock::of(move || now.now())).unwrap();
        let router = api::router(tests::routes(), app);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router.clone()).into_future());

        let known = std::fs::read(folder.join("known.json")).ok();
        let known = known.map_or_else(Known::default, |it| serde_json::from_slice(&it).unwrap());
        let mut stage = Self { world, ctx, router, time, url, agent: None, known, steps: 0 };
        if !stage.known.agent_key.is_empty() {
            stage.start_agent();
        }
        stage
    }

    /// What a customer does first: sign up, link the account, register the cluster, install the
    /// agent. The cluster has `nodes` on-demand nodes, and these manifests run on them.
    pub(crate) async fn found(&mut self, folder: &Path, nodes: u32, manifests: Vec<Value>) {
        let person = json!({
            "email": "ann@example.com", "password": "seven grey herons wade",
            "name": "Ann", "organisation_name": "Example",
        });
        let signed_up = self.ask(Method::POST, "/auth/sign-up", &person).await;
        self.known.authorization = format!("Bearer {}", text(&signed_up, "access_token"));
        let account = json!({
            "name": "Shop", "aws_account_id": ACCOUNT, "regions": [REGION],
            "role_arn": format!("arn:aws:iam::{ACCOUNT}:role/{ROLE}"),
        });
        let account = self.ask(Method::POST, "/accounts", &account).await;
        self.world.install_role(ACCOUNT, ROLE, text(&account, "external_id")).unwrap();
        self.buy(nodes, text(&account, "external_id")).await;
        self.time.pass(SignedDuration::from_secs(90));
        let applied = self.world.change(|state| {
            let now = state.now;
            state.clusters.get_mut(CLUSTER).unwrap().apply(manifests, now)
        });
        applied.unwrap().unwrap();
        // Young nodes are left alone.
        self.time.pass(SignedDuration::from_hours(3));

        let id = text(&account, "id");
        self.ask(Method::POST, &format!("/accounts/{id}/verify"), &json!({})).await;
        let cluster = json!({"account_id": id, "region": REGION, "name": CLUSTER});
        let cluster = self.ask(Method::POST, "/clusters", &cluster).await;
        text(&cluster, "id").clone_into(&mut self.known.cluster);
        let keys = format!("/clusters/{}/agent-keys", self.known.cluster);
        let key = self.ask(Method::POST, &keys, &json!({})).await;
        text(&key, "key").clone_into(&mut self.known.agent_key);
        let known = serde_json::to_vec(&self.known).unwrap();
        std::fs::write(folder.join("known.json"), known).unwrap();

        self.start_agent();
        job_prices::run(&self.ctx, self.now()).await.unwrap();
        self.step().await;
    }

    /// Makes a plan for the cluster, as a person would ask for it.
    pub(crate) async fn plan(&self) -> Value {
        let cluster = json!({"cluster_id": self.known.cluster});
        self.ask(Method::POST, "/optimizations", &cluster).await
    }

    /// Approves it.
    pub(crate) async fn approve(&self, plan: &Value) {
        let path = format!("/optimizations/{}/approve", text(plan, "id"));
        self.ask(Method::POST, &path, &json!({"plan_hash": plan["plan_hash"]})).await;
    }

    /// The newest plan as the API tells it.
    pub(crate) async fn newest_plan(&self) -> Value {
        let listed = self.ask(Method::GET, "/optimizations", &Value::Null).await;
        let id = text(&listed["items"][0], "id").to_owned();
        self.ask(Method::GET, &format!("/optimizations/{id}"), &Value::Null).await
    }

    /// Lives until the newest plan is carried out and the agent has nothing left to do.
    pub(crate) async fn carry_out(&mut self) {
        while !self.is_over().await {
            for _ in 0..APPLY_STEPS {
                self.step().await;
            }
        }
    }

    /// Whether the newest plan is carried out and the agent has nothing left to do.
    pub(crate) async fn is_over(&self) -> bool {
        let (tenant, cluster) = self.own().await;
        let newest = PageRequest::new(1, None);
        let plans = self.ctx.table.optimizations_of(tenant, cluster, &newest).await.unwrap();
        let over = plans.items[0].value.state.is_final()
            && self.ctx.table.open_action_count(tenant, cluster).await.unwrap() == 0;
        assert!(
            over || self.steps < MOST_STEPS,
            "not over: {:#}",
            self.newest_plan().await["execution"]
        );
        over
    }

    /// Lets time pass at once, and the agent look at what came of it.
    pub(crate) async fn pass_until(&mut self, moment: Timestamp) {
        self.time.pass(moment.duration_since(self.now()));
        self.step().await;
    }

    /// Two minutes more: what was begun last comes to its end.
    pub(crate) async fn rest(&mut self) {
        for _ in 0..12 {
            self.step().await;
        }
    }

    /// Whose the cluster is, and which.
    pub(crate) async fn own(&self) -> (Tenant, ClusterId) {
        let cluster = self.known.cluster.parse().unwrap();
        let all = runtime::all_clusters(&self.ctx).await.unwrap();
        let own = all.into_iter().find(|one| one.cluster == cluster).unwrap();
        (own.tenant, cluster)
    }

    /// Everything that is due, then a few seconds more.
    pub(crate) async fn step(&mut self) {
        self.steps += 1;
        if let Some(agent) = self.agent.as_mut() {
            agent.tick().await;
        }
        self.settle().await;
        if self.steps.is_multiple_of(APPLY_STEPS) {
            job_apply::run(&self.ctx, self.now()).await.unwrap();
        }
        self.time.pass(STEP);
        self.settle().await;
    }

    /// Until every action that the agent carries out waits for time to pass.
    async fn settle(&self) {
        let under_way = || self.agent.as_ref().map_or(0, Agent::actions_under_way);
        while self.time.sleepers() < under_way() {
            tokio::task::yield_now().await;
        }
    }

    /// The cluster as it is.
    pub(crate) async fn snapshot(&self) -> ClusterSnapshot {
        self.cluster().snapshot().await.unwrap()
    }

    fn cluster(&self) -> kubernetes::Cluster {
        let (now, sleeper) = (self.time.clone(), self.time.clone());
        let clock = kubernetes::Clock::new(
            move || now.now(),
            move |time| Box::pin(sleeper.clone().sleep(time)),
        );
        kubernetes::Cluster::new(self.world.kube_client(CLUSTER), clock)
    }

    fn start_agent(&mut self) {
        let api = ApiClient::new(&self.url, self.known.agent_key.clone().into()).unwrap();
        self.agent = Some(Agent::new(self.cluster(), api, None));
    }

    async fn buy(&self, nodes: u32, external_id: &str) {
        let link = cloud::RoleLink {
            role_arn: format!("arn:aws:iam::{ACCOUNT}:role/{ROLE}"),
            external_id: external_id.to_owned(),
            region: REGION.to_owned(),
            session_name: "customer".to_owned(),
        };
        let aws = self.ctx.cloud.assume(&link).await.unwrap();
        let subnets = aws.subnets(CLUSTER).await.unwrap();
        let group = cloud::NewNodeGroup {
            cluster: CLUSTER.to_owned(),
            name: "general".to_owned(),
            instance_types: vec!["m5.xlarge".to_owned()],
            architecture: domain::offering::Architecture::Amd64,
            capacity_type: domain::offering::CapacityType::OnDemand,
            subnet_ids: subnets.into_iter().map(|subnet| subnet.id).collect(),
            count: nodes,
            node_role: format!("arn:aws:iam::{ACCOUNT}:role/nodes"),
            labels: [].into(),
            taints: Vec::new(),
            plan: String::new(),
        };
        aws.create_node_group(&group).await.unwrap();
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("content-type", "application/json");
        if !self.known.authorization.is_empty() {
            request = request
                .header("authorization", &self.known.authorization)
                .header("idempotency-key", path);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let answer = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let answer = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        assert!(status.is_success(), "{path}: {status}: {answer}");
        answer
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}"))
}

fn empty_world(now: Timestamp) -> WorldState {
    let mut aws = AwsState::new(1);
    aws.add_cluster(ACCOUNT, CLUSTER, &ZONES, now);
    let account = aws.accounts.get_mut(ACCOUNT).unwrap();
    account.install_role(ROLE, Trust::ExternalId("nobody knows".to_owned()));
    WorldState::new(now, aws)
}

/// A client of the embedded table in a file. Its transactions are struck by the world's faults.
async fn table_client(file: &Path, world: &World) -> aws_sdk_dynamodb::Client {
    let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let client = testing::client(&endpoint).await;
    let struck = Struck { world: world.clone(), dies: AtomicBool::new(false) };
    let config = client.config().to_builder().interceptor(struck).build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

/// Lets the world's faults strike the calls to the table.
#[derive(Debug)]
struct Struck {
    world: World,
    dies: AtomicBool,
}

impl Intercept for Struck {
    fn name(&self) -> &'static str {
        "Struck"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        // Heartbeats, snapshots and leases are no steps: a process that died after each would only beat.
        let is_step = operation == "TransactWriteItems";
        let strike = self.world.faults().strike(&format!("table {operation}"), is_step);
        self.dies.store(strike == Some(FaultEffect::DieAfter), Ordering::SeqCst);
        Ok(())
    }

    fn read_after_transmit(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.dies.load(Ordering::SeqCst) {
            std::process::abort();
        }
        Ok(())
    }
}

/// The world's time, and who waits for it.
#[derive(Clone)]
struct Time {
    clock: simulator::Clock,
    sleeping: Arc<Mutex<Vec<Timestamp>>>,
}

impl Time {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn pass(&self, time: SignedDuration) {
        self.clock.advance(time);
    }

    /// How many wait for a moment that has not come.
    fn sleepers(&self) -> usize {
        let now = self.now();
        self.sleeping.lock().unwrap().iter().filter(|until| **until > now).count()
    }

    async fn sleep(self, time: SignedDuration) {
        let until = self.now() + time;
        self.sleeping.lock().unwrap().push(until);
        while self.now() < until {
            tokio::task::yield_now().await;
        }
        let mut sleeping = self.sleeping.lock().unwrap();
        let mine = sleeping.iter().position(|other| *other == until).unwrap();
        sleeping.remove(mine);
    }
}
