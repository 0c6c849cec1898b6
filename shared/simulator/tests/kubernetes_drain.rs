//! Cordon and drain through the real client code, as a table of scenarios.
//!
//! A scenario knows manifests, options and the outcome; [`Stage`] is the only part that knows that
//! the API server is a simulated one.
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

use bytes::Bytes;
use domain::action::{NodeIdentity, Outcome};
use domain::offering::{CapacityType, Resources};
use expect_test::expect;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use kubernetes::{CORDON_ANNOTATION, Clock, Cluster, DrainOptions, PodName};
use serde_json::{Value, json};
use simulator::kubernetes::{ClusterState, NewNode, answer, client};
use std::sync::{Arc, Mutex};

/// What an answer is replaced by, for the next so many matching requests.
struct Fault {
    path: &'static str,
    times: u32,
    code: u16,
    /// The request is carried out before its answer is lost.
    done: bool,
    message: &'static str,
}

struct World {
    state: ClusterState,
    now: Timestamp,
    faults: Vec<Fault>,
    requests: Vec<String>,
    /// A change by somebody else just before our next write to a node.
    meddle: bool,
    /// Pods that were up at each eviction.
    up: Vec<usize>,
}

/// A cluster of two nodes: `node-1`, which is drained, and `node-2`.
#[derive(Clone)]
struct Stage(Arc<Mutex<World>>);

fn start() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

fn node(index: u32) -> NewNode {
    NewNode {
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
        created_at: start(),
    }
}

fn identity(index: u32) -> NodeIdentity {
    NodeIdentity { name: format!("node-{index}"), instance_id: format!("i-{index}") }
}

impl Stage {
    /// The manifests' pods all run on `node-1`, for `node-2` comes later.
    fn new(manifests: Vec<Value>) -> Self {
        let mut state = ClusterState::new("drained");
        state.register_node(node(1));
        state.apply(manifests, start()).unwrap();
        let now = start() + SignedDuration::from_secs(60);
        state.advance(now);
        state.register_node(NewNode { created_at: now, ..node(2) });
        let now = now + SignedDuration::from_secs(60);
        state.advance(now);
        assert!(state.is_settled());
        let world =
            World { state, now, faults: vec![], requests: vec![], meddle: false, up: vec![] };
        Self(Arc::new(Mutex::new(world)))
    }

    fn cluster(&self) -> Cluster {
        let world = self.clone();
        let client = client(move |request| Ok::<_, std::io::Error>(world.answer(request)));
        let (clock, sleeper) = (self.clone(), self.clone());
        let clock = Clock::new(
            move || clock.0.lock().unwrap().now,
            move |time| {
                sleeper.0.lock().unwrap().now += time;
                Box::pin(async {})
            },
        );
        Cluster::new(client, clock)
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let world = &mut *self.0.lock().unwrap();
        let path = request.uri().path().to_owned();
        if request.method() != "GET" {
            world.requests.push(format!("{} {path}", request.method()));
        }
        if path.ends_with("/eviction") {
            let list = Request::builder().uri("/api/v1/pods").body(Bytes::new()).unwrap();
            let list = answer(&mut world.state, world.now, &list);
            let list: Value = serde_json::from_slice(list.body()).unwrap();
            let is_up = |pod: &&Value| {
                let conditions = pod["status"]["conditions"].as_array();
                let mut conditions = conditions.into_iter().flatten();
                pod["metadata"]["deletionTimestamp"].is_null()
                    && conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
            };
            world.up.push(list["items"].as_array().unwrap().iter().filter(is_up).count());
        }
        if world.meddle && request.method() == "PATCH" {
            world.meddle = false;
            let patch = json!({ "metadata": { "labels": { "meddled": "yes" } }, "spec": { "taints": [{ "key": "theirs", "effect": "NoSchedule" }] } });
            let theirs = Request::builder()
                .method("PATCH")
                .uri(request.uri())
                .header("content-type", "application/merge-patch+json");
            let _ = answer(
                &mut world.state,
                world.now,
                &theirs.body(Bytes::from(patch.to_string())).unwrap(),
            );
        }
        let hit =
            world.faults.iter_mut().find(|fault| fault.times > 0 && path.contains(fault.path));
        let Some(fault) = hit else { return answer(&mut world.state, world.now, request) };
        fault.times -= 1;
        let (code, message, done) = (fault.code, fault.message, fault.done);
        if done {
            let _ = answer(&mut world.state, world.now, request);
        }
        let body =
            json!({ "kind": "Status", "status": "Failure", "message": message, "code": code });
        Response::builder().status(code).body(Bytes::from(body.to_string())).unwrap()
    }

    fn read(&self, path: &str) -> Value {
        let world = &mut *self.0.lock().unwrap();
        let request = Request::builder().uri(path).body(Bytes::new()).unwrap();
        serde_json::from_slice(answer(&mut world.state, world.now, &request).body()).unwrap()
    }

    fn write(&self, method: &str, path: &str, body: &Value) {
        let world = &mut *self.0.lock().unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/merge-patch+json");
        let request = request.body(Bytes::from(body.to_string())).unwrap();
        assert!(answer(&mut world.state, world.now, &request).status().is_success(), "{path}");
    }

    fn fault(&self, path: &'static str, times: u32, code: u16, done: bool, message: &'static str) {
        self.0.lock().unwrap().faults.push(Fault { path, times, code, done, message });
    }

    fn options(&self) -> DrainOptions {
        DrainOptions {
            node: identity(1),
            deadline: self.0.lock().unwrap().now + SignedDuration::from_mins(10),
            evict_bare_pods: false,
            evict_local_storage: false,
            own_pod: None,
        }
    }

    /// How a drain ended, what it left on the node, how long it took and what went wrong.
    async fn drained(&self, options: &DrainOptions) -> String {
        let before = self.0.lock().unwrap().now;
        let outcome = self.cluster().drain(options).await;
        let took = self.0.lock().unwrap().now.duration_since(before).as_secs();
        let list = self.read("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1");
        let left: Vec<&str> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pod| pod["metadata"]["labels"]["app"].as_str().unwrap())
            .collect();
        let incidents: Vec<_> =
            self.0.lock().unwrap().state.incidents().iter().map(|incident| incident.kind).collect();
        let told = told(&outcome);
        format!("{told} | {took} s, left {left:?}, incidents {incidents:?}\n")
    }

    async fn cordon(&self) {
        assert_eq!(self.cluster().cordon(&[identity(1)]).await, Outcome::Done { evicted: 0 });
    }
}

/// An outcome in words, pods without what is drawn in their names.
fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { evicted } => format!("done, {evicted} evicted"),
        Outcome::Refused { code, message, evicted } => {
            format!("{code} after {evicted}: {}", plain(message))
        }
        Outcome::Failed { message } => format!("failed: {}", plain(message)),
    }
}

fn plain(message: &str) -> String {
    let word = |word: &str| match word.split_once("-w-") {
        Some((name, rest)) if rest.contains('-') => {
            let tail = rest
                .rfind(|letter: char| letter.is_ascii_alphanumeric())
                .map_or("", |end| &rest[end + 1..]);
            format!("{name}-*{tail}")
        }
        _ => word.to_owned(),
    };
    message.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn template(app: &str, extra: Value) -> Value {
    let mut template = json!({ "metadata": { "labels": { "app": app } }, "spec": {
        "containers": [{ "name": "a", "resources": { "requests": { "cpu": "500m", "memory": "64Mi" } } }] } });
    for (part, fields) in extra.as_object().unwrap() {
        template[part].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    }
    template
}

fn deployment(app: &str, replicas: u32, extra: Value) -> Value {
    json!({ "kind": "Deployment", "metadata": { "name": format!("{app}-w"), "namespace": "web" }, "spec": {
        "replicas": replicas, "selector": { "matchLabels": { "app": app } }, "template": template(app, extra) } })
}

fn stateful_set(name: &str, replicas: u32, extra: Value) -> Value {
    json!({ "kind": "StatefulSet", "metadata": { "name": name, "namespace": "web" }, "spec": { "replicas": replicas,
        "podManagementPolicy": "Parallel", "selector": { "matchLabels": { "app": name } }, "template": template(name, extra) } })
}

fn daemon_set(app: &str) -> Value {
    json!({ "kind": "DaemonSet", "metadata": { "name": app, "namespace": "web" }, "spec": {
        "selector": { "matchLabels": { "app": app } }, "template": template(app, json!({})) } })
}

fn bare(app: &str, metadata: Value) -> Value {
    let mut pod = template(app, json!({}));
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!(app);
    pod["metadata"]["namespace"] = json!("web");
    pod["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
    pod
}

fn budget(name: &str, app: &str, limit: Value) -> Value {
    let mut spec = limit;
    spec["selector"] = json!({ "matchLabels": { "app": app } });
    json!({ "kind": "PodDisruptionBudget", "metadata": { "name": name, "namespace": "web" }, "spec": spec })
}

struct Scenario {
    name: &'static str,
    manifests: Vec<Value>,
    prepare: fn(&Stage),
    options: fn(&mut DrainOptions),
}

fn scenario(name: &'static str, manifests: Vec<Value>) -> Scenario {
    Scenario { name, manifests, prepare: |_| {}, options: |_| {} }
}

fn scenarios() -> Vec<Scenario> {
    let plain = || vec![deployment("api", 2, json!({}))];
    let annotated =
        |key: &str, value: &str| json!({ "metadata": { "annotations": { key: value } } });
    let scratch = || json!({ "spec": { "volumes": [{ "name": "tmp", "emptyDir": {} }] } });
    let pinned = || json!({ "spec": { "nodeSelector": { "kubernetes.io/hostname": "node-1" } } });
    let critical = || json!({ "spec": { "priorityClassName": "system-cluster-critical" } });
    vec![
        scenario("an empty node", vec![]),
        scenario("plain pods", plain()),
        scenario(
            "daemons and mirrors stay",
            vec![
                daemon_set("logs"),
                bare("mirror", json!({ "annotations": { "kubernetes.io/config.mirror": "x" } })),
                deployment("api", 1, json!({})),
            ],
        ),
        scenario(
            "ordinary before critical",
            vec![deployment("dns", 1, critical()), deployment("api", 1, json!({}))],
        ),
        scenario(
            "one at a time by budget",
            vec![
                deployment("api", 3, json!({})),
                budget("api", "api", json!({ "maxUnavailable": 1 })),
            ],
        ),
        scenario(
            "a budget that never allows",
            vec![
                deployment("api", 2, json!({})),
                deployment("db", 1, json!({})),
                budget("db", "db", json!({ "minAvailable": 1 })),
            ],
        ),
        scenario(
            "a budget used up for good",
            vec![
                deployment("api", 2, pinned()),
                budget("api", "api", json!({ "maxUnavailable": 1 })),
            ],
        ),
        scenario(
            "a stateful set goes one at a time",
            vec![stateful_set("db", 3, json!({})), deployment("api", 3, json!({}))],
        ),
        scenario(
            "a stateful set goes as its budget says",
            vec![
                stateful_set("db", 3, json!({})),
                budget("db", "db", json!({ "maxUnavailable": 3 })),
            ],
        ),
        scenario("a stateful set that cannot come back", vec![stateful_set("db", 3, pinned())]),
        scenario(
            "two budgets",
            vec![
                deployment("api", 2, json!({})),
                budget("one", "api", json!({ "maxUnavailable": 1 })),
                budget("two", "api", json!({ "maxUnavailable": 1 })),
            ],
        ),
        scenario("a bare pod", vec![bare("bare", json!({})), deployment("api", 1, json!({}))]),
        Scenario {
            options: |options| options.evict_bare_pods = true,
            ..scenario("a bare pod by consent", vec![bare("bare", json!({}))])
        },
        scenario(
            "local storage",
            vec![deployment("cache", 1, scratch()), deployment("api", 1, json!({}))],
        ),
        Scenario {
            options: |options| options.evict_local_storage = true,
            ..scenario("local storage by consent", vec![deployment("cache", 1, scratch())])
        },
        scenario(
            "do not disrupt",
            vec![deployment("job", 1, annotated("karpenter.sh/do-not-disrupt", "true"))],
        ),
        scenario(
            "not safe to evict",
            vec![deployment(
                "job",
                1,
                annotated("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
            )],
        ),
        Scenario {
            options: |options| options.evict_bare_pods = true,
            ..scenario(
                "a finalizer",
                vec![bare("held", json!({ "finalizers": ["example.com/held"] }))],
            )
        },
        Scenario {
            options: |options| {
                options.own_pod =
                    Some(PodName { namespace: "web".to_owned(), name: "agent".to_owned() })
            },
            ..scenario(
                "our own pod last",
                vec![stateful_set("agent", 1, json!({})), deployment("api", 1, json!({}))],
            )
        },
        Scenario {
            prepare: |stage| {
                stage.write(
                    "PATCH",
                    "/api/v1/nodes/node-1",
                    &json!({ "spec": { "unschedulable": null } }),
                )
            },
            ..scenario("not cordoned", plain())
        },
        Scenario {
            options: |options| options.node.instance_id = "i-9".to_owned(),
            ..scenario("another instance", plain())
        },
        Scenario {
            options: |options| options.node.name = "node-9".to_owned(),
            ..scenario("no such node", plain())
        },
        Scenario {
            prepare: |stage| stage.fault("/eviction", 3, 429, false, "too many requests"),
            ..scenario("throttled", plain())
        },
        Scenario {
            prepare: |stage| stage.fault("/eviction", 1, 504, true, "the request timed out"),
            ..scenario("done, and the answer lost", plain())
        },
        Scenario {
            prepare: |stage| stage.fault("/eviction", 99, 500, false, "etcdserver: no leader"),
            ..scenario("broken for good", plain())
        },
        Scenario {
            prepare: |stage| {
                stage.fault(
                    "/eviction",
                    1,
                    403,
                    false,
                    "pods is forbidden: User \"agent\" cannot create resource",
                )
            },
            ..scenario("not allowed", plain())
        },
        Scenario {
            prepare: |stage| {
                stage.fault("/api/v1/pods", 2, 503, false, "apiserver is shutting down")
            },
            ..scenario("lists fail at first", plain())
        },
    ]
}

#[tokio::test]
async fn a_drain_ends_as_it_should() {
    let mut table = String::new();
    for scenario in scenarios() {
        let stage = Stage::new(scenario.manifests);
        stage.cordon().await;
        (scenario.prepare)(&stage);
        let mut options = stage.options();
        (scenario.options)(&mut options);
        table += &format!("{}: {}", scenario.name, stage.drained(&options).await);
    }
    expect![[r#"
        an empty node: done, 0 evicted | 0 s, left [], incidents []
        plain pods: done, 2 evicted | 8 s, left [], incidents []
        daemons and mirrors stay: done, 1 evicted | 8 s, left ["logs", "mirror"], incidents []
        ordinary before critical: done, 2 evicted | 16 s, left [], incidents []
        one at a time by budget: done, 3 evicted | 20 s, left [], incidents []
        a budget that never allows: blocked_by_budget after 0: pod/web/db-* can never be evicted: the budget web/db does not allow it. | 0 s, left ["api", "api", "db"], incidents []
        a budget used up for good: blocked_by_budget after 1: pod/web/api-* may not be evicted: The disruption budget api needs 1 healthy pods and has 1 currently. | 600 s, left ["api"], incidents []
        a stateful set goes one at a time: done, 6 evicted | 26 s, left [], incidents []
        a stateful set goes as its budget says: done, 3 evicted | 8 s, left [], incidents []
        a stateful set that cannot come back: blocked_by_budget after 1: pod/web/db-1 may not be evicted: another pod of its StatefulSet is not up, and no budget allows a second. | 600 s, left ["db", "db"], incidents []
        two budgets: multiple_budgets after 0: pod/web/api-* is under more than one budget (one, two), which the Eviction API refuses. | 0 s, left ["api", "api"], incidents []
        a bare pod: bare_pod after 0: pod/web/bare has no controller and would not come back. | 0 s, left ["api", "bare"], incidents []
        a bare pod by consent: done, 1 evicted | 8 s, left [], incidents [PodLost]
        local storage: local_storage after 0: pod/web/cache-* would lose its local storage. | 0 s, left ["api", "cache"], incidents []
        local storage by consent: done, 1 evicted | 6 s, left [], incidents []
        do not disrupt: do_not_disrupt after 0: pod/web/job-* asks not to be disrupted. | 0 s, left ["job"], incidents []
        not safe to evict: do_not_disrupt after 0: pod/web/job-* asks not to be disrupted. | 0 s, left ["job"], incidents []
        a finalizer: deadline after 1: Pods were still there when the time was up. | 600 s, left ["held"], incidents []
        our own pod last: done, 2 evicted | 8 s, left [], incidents []
        not cordoned: not_cordoned after 0: Node node-1 is not cordoned. | 0 s, left ["api", "api"], incidents []
        another instance: instance_changed after 0: Node node-1 is no longer i-9 but i-1. | 0 s, left ["api", "api"], incidents []
        no such node: node_gone after 0: There is no node node-9. | 0 s, left ["api", "api"], incidents []
        throttled: done, 2 evicted | 13 s, left [], incidents []
        done, and the answer lost: done, 1 evicted | 8 s, left [], incidents []
        broken for good: failed: 500 etcdserver: no leader | 10 s, left ["api", "api"], incidents []
        not allowed: forbidden after 0: pods is forbidden: User "agent" cannot create resource | 0 s, left ["api", "api"], incidents []
        lists fail at first: failed: GET /api/v1/pods: 503 apiserver is shutting down | 0 s, left ["api", "api"], incidents []
    "#]].assert_eq(&table);
}

#[tokio::test]
async fn a_drain_done_twice_evicts_nothing_twice() {
    let stage = Stage::new(vec![deployment("api", 3, json!({}))]);
    stage.cordon().await;
    let options = stage.options();
    let first = stage.drained(&options).await;
    let second = stage.drained(&options).await;
    expect![[r#"
        done, 3 evicted | 8 s, left [], incidents []
        done, 0 evicted | 0 s, left [], incidents []
    "#]]
    .assert_eq(&(first + &second));
}

#[tokio::test]
async fn pods_of_a_stateful_set_go_by_falling_ordinal() {
    let stage = Stage::new(vec![stateful_set("db", 3, json!({}))]);
    stage.cordon().await;
    assert_eq!(stage.cluster().drain(&stage.options()).await, Outcome::Done { evicted: 3 });
    let world = stage.0.lock().unwrap();
    let evictions = world.requests.iter().filter_map(|request| request.strip_suffix("/eviction"));
    let names: Vec<&str> = evictions.filter_map(|path| path.rsplit('/').next()).collect();
    assert_eq!(names, ["db-2", "db-1", "db-0"]);
}

#[tokio::test]
async fn two_drains_at_once_take_one_pod_of_a_stateful_set_at_a_time() {
    let stage = Stage::new(vec![]);
    {
        let world = &mut *stage.0.lock().unwrap();
        let now = world.now;
        world.state.apply(vec![stateful_set("db", 6, json!({}))], now).unwrap();
        world.now += SignedDuration::from_mins(1);
        world.state.register_node(NewNode { created_at: world.now, ..node(3) });
        world.now += SignedDuration::from_mins(1);
        world.state.advance(world.now);
    }
    let cluster = stage.cluster();
    let cordoned = cluster.cordon(&[identity(1), identity(2)]).await;
    assert_eq!(cordoned, Outcome::Done { evicted: 0 });
    let first = stage.options();
    let second = DrainOptions { node: identity(2), ..stage.options() };
    let (first, second) = tokio::join!(cluster.drain(&first), cluster.drain(&second));
    assert_eq!([first, second], [3, 3].map(|evicted| Outcome::Done { evicted }));
    assert_eq!(stage.0.lock().unwrap().up, [6; 6]);
}

#[tokio::test]
async fn the_budget_is_never_broken() {
    let stage = Stage::new(vec![
        deployment("api", 6, json!({})),
        budget("api", "api", json!({ "minAvailable": "50%" })),
    ]);
    stage.cordon().await;
    let outcome = stage.cluster().drain(&stage.options()).await;
    assert_eq!(outcome, Outcome::Done { evicted: 6 });
    assert_eq!(stage.0.lock().unwrap().state.incidents(), []);
    let evictions = stage
        .0
        .lock()
        .unwrap()
        .requests
        .iter()
        .filter(|request| request.ends_with("/eviction"))
        .count();
    assert!((6..20).contains(&evictions), "{evictions}: neither skipped nor hammered");
}

fn cordon_of(stage: &Stage) -> String {
    let node = stage.read("/api/v1/nodes/node-1");
    let mut taints: Vec<&str> = node["spec"]["taints"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|taint| taint["key"].as_str().unwrap())
        .collect();
    taints.sort_unstable();
    let labels = node["metadata"]["labels"].as_object().unwrap();
    format!(
        "unschedulable {}, taints {taints:?}, annotation {}, excluded {}, meddled {}\n",
        node["spec"]["unschedulable"],
        node["metadata"]["annotations"][CORDON_ANNOTATION],
        labels.contains_key("node.kubernetes.io/exclude-from-external-load-balancers"),
        labels.contains_key("meddled")
    )
}

#[tokio::test]
async fn uncordoning_undoes_what_cordoning_did_and_no_more() {
    let mut story = String::new();
    let theirs = json!({ "spec": { "unschedulable": true, "taints": [{ "key": "theirs", "effect": "NoSchedule" }] } });
    for (name, before, meddle) in [
        ("ours", None, false),
        ("theirs first", Some(theirs), false),
        ("theirs in between", None, true),
    ] {
        let stage = Stage::new(vec![]);
        if let Some(patch) = before {
            stage.write("PATCH", "/api/v1/nodes/node-1", &patch);
        }
        stage.0.lock().unwrap().meddle = meddle;
        let cluster = stage.cluster();
        for _ in 0..2 {
            assert_eq!(cluster.cordon(&[identity(1)]).await, Outcome::Done { evicted: 0 });
        }
        story += &format!("{name}\n  cordoned {}", cordon_of(&stage));
        for _ in 0..2 {
            assert_eq!(cluster.uncordon(&[identity(1)]).await, Outcome::Done { evicted: 0 });
        }
        story += &format!("  uncordoned {}", cordon_of(&stage));
    }
    expect![[r#"
        ours
          cordoned unschedulable true, taints ["node.kubernetes.io/unschedulable", "spot-optimizer.io/retiring"], annotation "unschedulable,load-balancers", excluded true, meddled false
          uncordoned unschedulable null, taints [], annotation null, excluded false, meddled false
        theirs first
          cordoned unschedulable true, taints ["node.kubernetes.io/unschedulable", "spot-optimizer.io/retiring", "theirs"], annotation "load-balancers", excluded true, meddled false
          uncordoned unschedulable true, taints ["node.kubernetes.io/unschedulable", "theirs"], annotation null, excluded false, meddled false
        theirs in between
          cordoned unschedulable true, taints ["node.kubernetes.io/unschedulable", "spot-optimizer.io/retiring", "theirs"], annotation "unschedulable,load-balancers", excluded true, meddled true
          uncordoned unschedulable null, taints ["theirs"], annotation null, excluded false, meddled true
    "#]].assert_eq(&story);
}

#[tokio::test]
async fn all_nodes_are_cordoned_or_none() {
    let stage = Stage::new(vec![]);
    let before = cordon_of(&stage);
    let nodes = [identity(1), NodeIdentity { instance_id: "i-9".to_owned(), ..identity(2) }];
    let changed = stage.cluster().cordon(&nodes).await;
    let gone = stage.cluster().cordon(&[identity(1), identity(7)]).await;
    assert_eq!(cordon_of(&stage), before);
    assert_eq!(
        stage.cluster().uncordon(&[identity(7), identity(1)]).await,
        Outcome::Done { evicted: 0 }
    );
    stage.fault("/nodes/", 1, 403, false, "nodes is forbidden");
    let forbidden = stage.cluster().cordon(&[identity(1)]).await;
    expect![[r#"
        instance_changed after 0: Node node-2 is no longer i-9 but i-2.
        node_gone after 0: There is no node node-7.
        forbidden after 0: GET /api/v1/nodes/node-1: 403 nodes is forbidden"#]]
    .assert_eq(&[changed, gone, forbidden].map(|outcome| told(&outcome)).join("\n"));
}

#[tokio::test]
async fn a_live_snapshot_is_what_the_cluster_holds() {
    let many = deployment(
        "many",
        7,
        json!({ "spec": { "nodeSelector": { "kubernetes.io/os": "linux" } } }),
    );
    let stage = Stage::new(vec![
        many,
        daemon_set("logs"),
        budget("many", "many", json!({ "maxUnavailable": 2 })),
    ]);
    let snapshot = stage.cluster().snapshot().await.unwrap();
    let workloads: Vec<String> = snapshot
        .workloads
        .iter()
        .map(|workload| {
            format!("{} {:?} {}", workload.reference, workload.replicas, workload.ready)
        })
        .collect();
    let summary = format!(
        "{} nodes, {} pods, {workloads:?}, allowed {}, version {}",
        snapshot.nodes.len(),
        snapshot.pods.len(),
        snapshot.disruption_budgets[0].disruptions_allowed,
        stage.cluster().version().await.unwrap()
    );
    expect![[r#"2 nodes, 9 pods, ["DaemonSet web/logs None 2", "Deployment web/many-w Some(7) 7"], allowed 2, version v1.36.4"#]].assert_eq(&summary);
}
