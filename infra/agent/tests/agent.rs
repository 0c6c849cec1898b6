//! The agent between a simulated cluster and an API that a test plays, over loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(
    clippy::assigning_clones,
    clippy::default_trait_access,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::items_after_statements,
    clippy::needless_raw_string_hashes,
    clippy::semicolon_if_nothing_returned,
    clippy::single_match_else,
    reason = "tables of text"
)]

use agent::{Agent, ApiClient};
use domain::action::{ActionResult, Heartbeat, LeasedAction, NodeIdentity, Outcome, Task};
use domain::ids::{ActionId, derived_uuid};
use domain::offering::{CapacityType, Resources};
use domain::snapshot::ClusterSnapshot;
use expect_test::expect;
use flate2::read::GzDecoder;
use jiff::{SignedDuration, Timestamp};
use kubernetes::{Clock, Cluster};
use serde_json::{Value, json};
use simulator::kubernetes::{ClusterState, NewNode, answer, client};
use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

struct World {
    state: ClusterState,
    now: Timestamp,
    /// What the API was asked, in a few words.
    log: Vec<String>,
    /// Given out at the next leases.
    leases: VecDeque<Vec<LeasedAction>>,
    /// Requests whose path contains this are answered with this status, so many times.
    faults: Vec<(&'static str, u16, u32)>,
    /// Until when something waits.
    sleeping: Vec<Timestamp>,
}

#[derive(Clone)]
struct Stage(Arc<Mutex<World>>);

fn start() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn identity() -> NodeIdentity {
    NodeIdentity { name: "node-1".to_owned(), instance_id: "i-1".to_owned() }
}

fn leased(name: &str, fence: u64, task: Task) -> LeasedAction {
    let id = ActionId::new(derived_uuid(&[name]));
    LeasedAction { id, fence, lease_until: start(), task }
}

fn cordon() -> Task {
    Task::Cordon { nodes: vec![identity()] }
}

fn drain() -> Task {
    let deadline = start() + SignedDuration::from_hours(1);
    Task::Drain { node: identity(), deadline, evict_bare_pods: false, evict_local_storage: false }
}

impl Stage {
    /// Two nodes, with three pods on the first of them under a budget of one at a time.
    fn new() -> Self {
        let mut state = ClusterState::new("test");
        let node = |index: u32, created_at| NewNode {
            name: format!("node-{index}"),
            instance_id: format!("i-{index}"),
            instance_type: "m5.xlarge".to_owned(),
            zone: "us-east-1a".to_owned(),
            region: "us-east-1".to_owned(),
            capacity_type: CapacityType::OnDemand,
            node_group: None,
            labels: Default::default(),
            taints: Vec::new(),
            allocatable: Resources {
                cpu_milli: 4000,
                memory_mib: 16_000,
                pods: 58,
                ..Default::default()
            },
            created_at,
        };
        let labels = json!({ "app": "api" });
        let selector = json!({ "matchLabels": labels });
        let deployment = json!({ "kind": "Deployment", "metadata": { "name": "api" }, "spec": { "replicas": 3, "selector": selector,
            "template": { "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "a" }] } } } });
        let budget = json!({ "kind": "PodDisruptionBudget", "metadata": { "name": "api" }, "spec": { "maxUnavailable": 1, "selector": selector } });
        state.register_node(node(1, start()));
        state.apply(vec![deployment, budget], start()).unwrap();
        let now = start() + SignedDuration::from_secs(60);
        state.advance(now);
        state.register_node(node(2, now));
        let now = now + SignedDuration::from_secs(60);
        state.advance(now);
        let world = World {
            state,
            now,
            log: vec![],
            leases: VecDeque::new(),
            faults: vec![],
            sleeping: vec![],
        };
        Self(Arc::new(Mutex::new(world)))
    }

    /// An agent of this cluster. Its clock stands still until the test moves it.
    async fn agent(&self) -> Agent {
        let world = self.clone();
        let client = client(move |request| {
            let world = &mut *world.0.lock().unwrap();
            Ok::<_, std::io::Error>(answer(&mut world.state, world.now, request))
        });
        let (clock, sleeper) = (self.clone(), self.clone());
        let clock =
            Clock::new(move || clock.now(), move |time| Box::pin(sleeper.clone().sleep(time)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stage = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(stage.clone().serve(stream));
            }
        });
        let api = ApiClient::new(&url, "spo_test".into()).unwrap();
        Agent::new(Cluster::new(client, clock), api, None)
    }

    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    /// Lets time pass second by second, each as soon as everything under way waits for the next.
    async fn pass(&self, agent: &Agent, seconds: i64) {
        for _ in 0..seconds {
            self.0.lock().unwrap().now += SignedDuration::from_secs(1);
            while self.sleepers() != agent.actions_under_way() {
                tokio::task::yield_now().await;
            }
        }
    }

    /// How many wait for a moment that has not come.
    fn sleepers(&self) -> usize {
        let world = self.0.lock().unwrap();
        world.sleeping.iter().filter(|until| **until > world.now).count()
    }

    async fn sleep(self, time: SignedDuration) {
        let until = self.now() + time;
        self.0.lock().unwrap().sleeping.push(until);
        while self.now() < until {
            tokio::task::yield_now().await;
        }
        let world = &mut *self.0.lock().unwrap();
        let mine = world.sleeping.iter().position(|other| *other == until).unwrap();
        world.sleeping.remove(mine);
    }

    fn give(&self, actions: Vec<LeasedAction>) {
        self.0.lock().unwrap().leases.push_back(actions);
    }

    fn fault(&self, path: &'static str, status: u16, times: u32) {
        self.0.lock().unwrap().faults.push((path, status, times));
    }

    fn log(&self) -> String {
        self.0.lock().unwrap().log.drain(..).map(|line| line + "\n").collect()
    }

    /// One HTTP request, one answer.
    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let header = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let field = |name: &str| {
            let line =
                header.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let length: usize = field("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while bytes.len() < head + length {
            stream.read_buf(&mut bytes).await.unwrap();
        }
        assert_eq!(field("authorization").as_deref(), Some("Bearer spo_test"));
        let path = header.split(' ').nth(1).unwrap().to_owned();
        let (status, body) = self.api(&path, &bytes[head..]);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    /// The agent API as the test plays it.
    fn api(&self, path: &str, body: &[u8]) -> (u16, Value) {
        let world = &mut *self.0.lock().unwrap();
        let path = path.strip_prefix("/api/v1/agent/").unwrap();
        let fault =
            world.faults.iter_mut().find(|(part, _, times)| *times > 0 && path.contains(part));
        let refused = fault.map(|(_, status, times)| {
            *times -= 1;
            *status
        });
        let (said, answer) = match path {
            "heartbeat" => {
                let beat: Heartbeat = serde_json::from_slice(body).unwrap();
                let pending: usize = world.leases.iter().map(Vec::len).sum();
                let said =
                    format!("heartbeat of {} nodes, {:?}", beat.nodes, beat.kubernetes_version);
                (
                    said,
                    json!({ "pending_actions": pending, "next_heartbeat_seconds": 25, "next_snapshot_seconds": 30 }),
                )
            }
            "snapshot" => {
                let mut text = String::new();
                GzDecoder::new(body).read_to_string(&mut text).unwrap();
                let snapshot: ClusterSnapshot = serde_json::from_str(&text).unwrap();
                (
                    format!(
                        "snapshot of {} nodes, {} pods",
                        snapshot.nodes.len(),
                        snapshot.pods.len()
                    ),
                    Value::Null,
                )
            }
            "actions/lease" => {
                let items = if refused.is_some() {
                    vec![]
                } else {
                    world.leases.pop_front().unwrap_or_default()
                };
                (format!("lease: {}", items.len()), json!({ "items": items }))
            }
            _ => {
                let result: ActionResult = serde_json::from_slice(body).unwrap();
                let told = match result.outcome {
                    Outcome::Done { evicted } => format!("done, {evicted} evicted"),
                    other => format!("{other:?}"),
                };
                (format!("result under fence {}: {told}", result.fence), Value::Null)
            }
        };
        let second = world.now.duration_since(start()).as_secs();
        match refused {
            Some(status) => {
                world.log.push(format!("{second} s {said} -> {status}"));
                (status, json!({ "title": "refused" }))
            }
            None => {
                world.log.push(format!("{second} s {said}"));
                (if answer.is_null() { 204 } else { 200 }, answer)
            }
        }
    }
}

/// Ticks whenever one is due, for so many seconds.
async fn live(stage: &Stage, agent: &mut Agent, seconds: i64) {
    let end = stage.now() + SignedDuration::from_secs(seconds);
    while stage.now() < end {
        let next = agent.tick().await;
        let rest = next.duration_since(stage.now()).as_secs().clamp(1, 5);
        stage.pass(agent, rest).await;
    }
}

#[tokio::test]
async fn it_beats_uploads_and_does_what_it_leases() {
    let stage = Stage::new();
    let mut agent = stage.agent().await;
    stage.give(vec![leased("a", 1, cordon())]);
    stage.give(vec![leased("b", 1, drain())]);
    live(&stage, &mut agent, 60).await;
    assert_eq!(agent.actions_under_way(), 0);
    expect![[r#"
         120 s heartbeat of 0 nodes, Some("v1.36.4")
         120 s snapshot of 2 nodes, 3 pods
         120 s lease: 1
         121 s result under fence 1: done, 0 evicted
         123 s lease: 1
         126 s lease: 0
         129 s lease: 0
         132 s lease: 0
         135 s lease: 0
         138 s lease: 0
         141 s lease: 0
         142 s result under fence 1: done, 3 evicted
         144 s lease: 0
         145 s heartbeat of 2 nodes, Some("v1.36.4")
         150 s snapshot of 2 nodes, 3 pods
         170 s heartbeat of 2 nodes, Some("v1.36.4")
    "#]]
    .assert_eq(&stage.log());
}

#[tokio::test]
async fn a_result_that_is_not_taken_is_sent_again() {
    let stage = Stage::new();
    let mut agent = stage.agent().await;
    stage.give(vec![leased("a", 1, cordon())]);
    stage.fault("result", 503, 2);
    live(&stage, &mut agent, 10).await;
    let mut log = stage.log();
    stage.give(vec![leased("b", 1, cordon())]);
    stage.fault("result", 409, 9);
    live(&stage, &mut agent, 30).await;
    log += &stage.log();
    expect![[r#"
         120 s heartbeat of 0 nodes, Some("v1.36.4")
         120 s snapshot of 2 nodes, 3 pods
         120 s lease: 1
         121 s result under fence 1: done, 0 evicted -> 503
         122 s result under fence 1: done, 0 evicted -> 503
         123 s lease: 0
         124 s result under fence 1: done, 0 evicted
         126 s lease: 0
         129 s lease: 0
         132 s lease: 1
         133 s result under fence 1: done, 0 evicted -> 409
         135 s lease: 0
         138 s lease: 0
         141 s lease: 0
         144 s lease: 0
         145 s heartbeat of 2 nodes, Some("v1.36.4")
         150 s snapshot of 2 nodes, 3 pods
    "#]]
    .assert_eq(&log);
}

#[tokio::test]
async fn a_long_drain_goes_on_under_its_new_lease_and_blocks_no_heartbeat() {
    let stage = Stage::new();
    let mut agent = stage.agent().await;
    stage.give(vec![leased("a", 1, cordon())]);
    live(&stage, &mut agent, 5).await;
    // Nothing can be evicted while the other node is closed: the replacement never gets ready.
    let closed = json!({ "spec": { "unschedulable": true } });
    set_node_2(&stage, &closed);
    stage.give(vec![leased("b", 1, drain())]);
    stage.give(vec![leased("b", 2, drain())]);
    live(&stage, &mut agent, 70).await;
    set_node_2(&stage, &json!({ "spec": { "unschedulable": null } }));
    live(&stage, &mut agent, 60).await;
    assert_eq!(agent.actions_under_way(), 0);
    expect![[r#"
         120 s heartbeat of 0 nodes, Some("v1.36.4")
         120 s snapshot of 2 nodes, 3 pods
         120 s lease: 1
         121 s result under fence 1: done, 0 evicted
         123 s lease: 0
         126 s lease: 1
         129 s lease: 1
         132 s lease: 0
         135 s lease: 0
         138 s lease: 0
         141 s lease: 0
         144 s lease: 0
         145 s heartbeat of 2 nodes, Some("v1.36.4")
         150 s snapshot of 2 nodes, 3 pods
         170 s heartbeat of 2 nodes, Some("v1.36.4")
         180 s snapshot of 2 nodes, 3 pods
         195 s heartbeat of 2 nodes, Some("v1.36.4")
         210 s snapshot of 2 nodes, 4 pods
         220 s heartbeat of 2 nodes, Some("v1.36.4")
         223 s result under fence 2: done, 3 evicted
         240 s snapshot of 2 nodes, 3 pods
         245 s heartbeat of 2 nodes, Some("v1.36.4")
    "#]]
    .assert_eq(&stage.log());
}

fn set_node_2(stage: &Stage, patch: &Value) {
    let world = &mut *stage.0.lock().unwrap();
    let request = http_request(patch);
    assert!(answer(&mut world.state, world.now, &request).status().is_success());
}

fn http_request(patch: &Value) -> http::Request<bytes::Bytes> {
    http::Request::patch("/api/v1/nodes/node-2")
        .header("content-type", "application/merge-patch+json")
        .body(patch.to_string().into())
        .unwrap()
}

#[tokio::test]
async fn a_revoked_key_or_a_lost_api_leaves_it_waiting() {
    let stage = Stage::new();
    let mut agent = stage.agent().await;
    stage.give(vec![leased("a", 1, cordon())]);
    stage.fault("heartbeat", 401, 2);
    stage.fault("snapshot", 503, 1);
    live(&stage, &mut agent, 30).await;
    expect![[r#"
         120 s heartbeat of 0 nodes, Some("v1.36.4") -> 401
         120 s snapshot of 2 nodes, 3 pods -> 503
         130 s heartbeat of 2 nodes, Some("v1.36.4") -> 401
         130 s snapshot of 2 nodes, 3 pods
         140 s heartbeat of 2 nodes, Some("v1.36.4")
         140 s lease: 1
         141 s result under fence 1: done, 0 evicted
         143 s lease: 0
         146 s lease: 0
         149 s lease: 0
    "#]]
    .assert_eq(&stage.log());
}

#[tokio::test]
async fn it_stops_when_it_is_told() {
    let stage = Stage::new();
    let agent = stage.agent().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let sleeper = stage.clone();
    let clock = Clock::new(move || sleeper.now(), |_| Box::pin(std::future::pending()));
    let running = tokio::spawn(agent::run(agent, clock, async {
        let _ = stopped.await;
    }));
    stop.send(()).unwrap();
    running.await.unwrap();
}
