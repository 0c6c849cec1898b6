//! The simulated cluster: its controllers and scheduler, and the API it shows.
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
use domain::offering::{CapacityType, Resources};
use expect_test::expect;
use http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use kubernetes::dump;
use serde_json::{Value, json};
use simulator::kubernetes::{ClusterState, NewNode, answer};
use std::time::Instant;

fn at(seconds: i64) -> Timestamp {
    // A Monday, 08:00 UTC.
    "2026-11-23T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn node(index: u32, zone: &str, cpu: u64, created_at: Timestamp) -> NewNode {
    NewNode {
        name: format!("node-{index}"),
        instance_id: format!("i-{index}"),
        instance_type: "m5.xlarge".to_owned(),
        zone: format!("us-east-1{zone}"),
        region: "us-east-1".to_owned(),
        capacity_type: CapacityType::OnDemand,
        node_group: Some("general".to_owned()),
        labels: Default::default(),
        taints: Vec::new(),
        allocatable: Resources {
            cpu_milli: cpu * 1000,
            memory_mib: cpu * 4096,
            ephemeral_mib: 20_000,
            pods: 58,
            ..Resources::default()
        },
        created_at,
    }
}

fn deployment(name: &str, replicas: u32, cpu: &str, extra: Value) -> Value {
    let mut spec = json!({ "containers": [{ "name": "a", "resources": { "requests": { "cpu": cpu, "memory": "64Mi" } } }] });
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({ "kind": "Deployment", "metadata": { "name": name, "namespace": "web" }, "spec": {
        "replicas": replicas, "selector": { "matchLabels": { "app": name } },
        "template": { "metadata": { "labels": { "app": name } }, "spec": spec } } })
}

fn budget(name: &str, limit: Value) -> Value {
    let mut spec = limit;
    spec["selector"] = json!({ "matchLabels": { "app": name } });
    json!({ "kind": "PodDisruptionBudget", "metadata": { "name": name, "namespace": "web" }, "spec": spec })
}

fn call(
    state: &mut ClusterState,
    now: Timestamp,
    method: Method,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let kind =
        if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind)
        .body(body)
        .unwrap();
    let response = answer(state, now, &request);
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

fn get(state: &mut ClusterState, now: Timestamp, path: &str) -> Value {
    call(state, now, Method::GET, path, Value::Null).1
}

/// `node: pods` by app, sorted.
fn places(state: &mut ClusterState, now: Timestamp) -> String {
    let list = get(state, now, "/api/v1/pods");
    let mut rows: Vec<String> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| {
            let ready = pod["status"]["conditions"]
                .as_array()
                .unwrap()
                .iter()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
            let label = &pod["metadata"]["labels"]["app"];
            let why = pod["status"]["conditions"][0]["message"].as_str().unwrap_or_default();
            format!(
                "{} {} {} {}{why}\n",
                pod["spec"]["nodeName"].as_str().unwrap_or("-"),
                label.as_str().unwrap(),
                if ready { "ready" } else { "waiting" },
                if pod["metadata"]["deletionTimestamp"].is_null() { "" } else { "terminating " }
            )
        })
        .collect();
    rows.sort();
    rows.concat()
}

fn three_zones() -> ClusterState {
    let mut state = ClusterState::new("test");
    for (index, zone) in ["a", "b", "c"].iter().enumerate() {
        state.register_node(node(index as u32, zone, 4, at(0)));
    }
    state.advance(at(60));
    state
}

#[test]
fn pods_wait_for_nodes_and_nodes_for_their_kubelets() {
    let mut state = ClusterState::new("test");
    state.apply(vec![deployment("api", 2, "500m", json!({}))], at(0)).unwrap();
    let mut story = places(&mut state, at(1));
    state.register_node(node(1, "a", 4, at(2)));
    story += &places(&mut state, at(4));
    story += &places(&mut state, at(60));
    assert!(state.is_settled());
    expect![[r#"
        - api waiting 0/0 nodes are available: .
        - api waiting 0/0 nodes are available: .
        - api waiting 0/1 nodes are available: 1 node(s) had untolerated taint(s).
        - api waiting 0/1 nodes are available: 1 node(s) had untolerated taint(s).
        node-1 api ready 
        node-1 api ready 
    "#]]
    .assert_eq(&story);
}

#[test]
fn the_scheduler_honours_what_pods_ask() {
    let zone = "topology.kubernetes.io/zone";
    let spread = json!({ "topologySpreadConstraints": [{ "maxSkew": 1, "topologyKey": zone,
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": { "matchLabels": { "app": "spread" } } }] });
    let apart = json!({ "affinity": { "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [
        { "topologyKey": "kubernetes.io/hostname", "labelSelector": { "matchLabels": { "app": "apart" } } }] } } });
    let near = json!({ "affinity": { "podAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [
        { "topologyKey": zone, "labelSelector": { "matchLabels": { "app": "pinned" } } }] } } });
    let pinned = json!({ "nodeSelector": { zone: "us-east-1b" } });
    let mut state = three_zones();
    state
        .apply(
            vec![
                deployment("pinned", 1, "100m", pinned),
                deployment("spread", 3, "100m", spread),
                deployment("apart", 4, "100m", apart),
                deployment("large", 1, "5", json!({})),
            ],
            at(60),
        )
        .unwrap();
    state.advance(at(80));
    state.apply(vec![deployment("near", 2, "100m", near)], at(80)).unwrap();
    expect![[r#"
        - apart waiting 0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.
        - large waiting 0/3 nodes are available: 3 Insufficient cpu.
        node-0 apart ready 
        node-0 spread ready 
        node-1 apart ready 
        node-1 near ready 
        node-1 near ready 
        node-1 pinned ready 
        node-1 spread ready 
        node-2 apart ready 
        node-2 spread ready 
    "#]]
    .assert_eq(&places(&mut state, at(120)));
}

#[test]
fn a_cordoned_node_takes_no_pods_but_keeps_its_daemons() {
    let mut state = three_zones();
    let daemons = json!({ "kind": "DaemonSet", "metadata": { "name": "logs", "namespace": "web" }, "spec": {
        "selector": { "matchLabels": { "app": "logs" } }, "template": { "metadata": { "labels": { "app": "logs" } },
        "spec": { "containers": [{ "name": "a" }] } } } });
    state.apply(vec![daemons], at(60)).unwrap();
    for node in ["node-0", "node-1"] {
        let path = format!("/api/v1/nodes/{node}");
        let (code, node) = call(
            &mut state,
            at(70),
            Method::PATCH,
            &path,
            json!({ "spec": { "unschedulable": true } }),
        );
        assert_eq!(
            (code, node["spec"]["taints"][0]["key"].as_str()),
            (200, Some("node.kubernetes.io/unschedulable"))
        );
    }
    state.apply(vec![deployment("api", 3, "100m", json!({}))], at(80)).unwrap();
    expect![[r#"
        node-0 logs ready 
        node-1 logs ready 
        node-2 api ready 
        node-2 api ready 
        node-2 api ready 
        node-2 logs ready 
    "#]]
    .assert_eq(&places(&mut state, at(120)));
}

#[test]
fn a_volume_holds_its_pod_in_its_zone() {
    let mut state = three_zones();
    let set = json!({ "kind": "StatefulSet", "metadata": { "name": "db", "namespace": "web" }, "spec": { "replicas": 2,
        "selector": { "matchLabels": { "app": "db" } }, "volumeClaimTemplates": [{ "metadata": { "name": "data" } }],
        "template": { "metadata": { "labels": { "app": "db" } }, "spec": { "containers": [{ "name": "a" }] } } } });
    state.apply(vec![set], at(60)).unwrap();
    state.advance(at(120));
    let before =
        get(&mut state, at(120), "/api/v1/namespaces/web/pods/db-1")["spec"]["nodeName"].clone();
    let path = format!("/api/v1/nodes/{}", before.as_str().unwrap());
    call(&mut state, at(120), Method::PATCH, &path, json!({ "spec": { "unschedulable": true } }));
    let eviction = json!({ "metadata": { "name": "db-1" } });
    let (code, _) = call(
        &mut state,
        at(121),
        Method::POST,
        "/api/v1/namespaces/web/pods/db-1/eviction",
        eviction,
    );
    assert_eq!(code, 201);
    let after = get(&mut state, at(200), "/api/v1/namespaces/web/pods/db-1");
    assert!(after["spec"]["nodeName"].is_null());
    expect!["0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) had volume node affinity conflict."].assert_eq(after["status"]["conditions"][0]["message"].as_str().unwrap());
}

#[test]
fn evictions_are_answered_as_by_a_real_api_server() {
    let mut state = three_zones();
    state
        .apply(
            vec![
                deployment("api", 2, "100m", json!({})),
                budget("api", json!({ "minAvailable": 1 })),
                deployment("twice", 1, "100m", json!({})),
                budget("twice", json!({ "maxUnavailable": 1 })),
            ],
            at(60),
        )
        .unwrap();
    let mut second = budget("twice", json!({ "maxUnavailable": 1 }));
    second["metadata"]["name"] = json!("twice-more");
    state.apply(vec![second], at(60)).unwrap();
    let pods = get(&mut state, at(100), "/api/v1/pods?labelSelector=app%3Dapi")["items"].clone();
    let other = get(&mut state, at(100), "/api/v1/pods?labelSelector=app%3Dtwice")["items"].clone();
    let mut evict = |pod: &Value, options: Value| {
        let name = pod["metadata"]["name"].as_str().unwrap();
        let path = format!("/api/v1/namespaces/web/pods/{name}/eviction");
        let body = json!({ "metadata": { "name": name }, "deleteOptions": options });
        let (code, mut status) = call(&mut state, at(100), Method::POST, &path, body);
        status
            .as_object_mut()
            .unwrap()
            .retain(|field, _| field != "kind" && field != "apiVersion" && field != "metadata");
        format!("{code} {status}\n")
            .replace(name, "<pod>")
            .replace(pod["metadata"]["uid"].as_str().unwrap(), "<uid>")
    };
    let said = [
        evict(&pods[0], json!({ "preconditions": { "uid": "another" } })),
        evict(&pods[0], json!({ "dryRun": ["All"] })),
        evict(&pods[0], json!({ "preconditions": { "uid": pods[0]["metadata"]["uid"] } })),
        evict(&pods[0], json!({})),
        evict(&pods[1], json!({})),
        evict(&other[0], json!({})),
        evict(&json!({ "metadata": { "name": "nobody", "uid": "?" } }), json!({})),
    ];
    expect![[r#"
        409 {"code":409,"details":{"kind":"pods","name":"<pod>"},"message":"Operation cannot be fulfilled on pods \"<pod>\": the UID in the precondition (another) does not match the UID in record (<uid>). The object might have been deleted and then recreated","reason":"Conflict","status":"Failure"}
        201 {"code":201,"status":"Success"}
        201 {"code":201,"status":"Success"}
        201 {"code":201,"status":"Success"}
        429 {"code":429,"details":{"causes":[{"message":"The disruption budget api needs 1 healthy pods and has 1 currently","reason":"DisruptionBudget"}]},"message":"Cannot evict pod as it would violate the pod's disruption budget.","reason":"TooManyRequests","status":"Failure"}
        500 {"code":500,"message":"This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.","status":"Failure"}
        404 {"code":404,"details":{"kind":"pods","name":"<pod>"},"message":"pods \"<pod>\" not found","reason":"NotFound","status":"Failure"}
    "#]].assert_eq(&said.concat());
    assert_eq!(state.incidents(), []);
}

#[test]
fn a_changed_budget_is_counted_by_the_next_request() {
    let mut state = three_zones();
    state
        .apply(
            vec![
                deployment("api", 2, "100m", json!({})),
                budget("api", json!({ "minAvailable": 1 })),
            ],
            at(60),
        )
        .unwrap();
    let name = get(&mut state, at(100), "/api/v1/pods")["items"][0]["metadata"]["name"].clone();
    let path = "/apis/policy/v1/namespaces/web/poddisruptionbudgets/api";
    let (code, changed) = call(
        &mut state,
        at(100),
        Method::PATCH,
        path,
        json!({ "spec": { "minAvailable": 0 }, "status": { "observedGeneration": 0 } }),
    );
    assert_eq!((code, changed["metadata"]["generation"].as_u64()), (200, Some(2)));
    let path = format!("/api/v1/namespaces/web/pods/{}/eviction", name.as_str().unwrap());
    let (code, _) = call(&mut state, at(100), Method::POST, &path, json!({}));
    assert_eq!(code, 201);
}

#[test]
fn writes_need_the_version_that_was_read() {
    let mut state = three_zones();
    let path = "/api/v1/nodes/node-0";
    let read = get(&mut state, at(60), path);
    let label = |value: &str, version: &Value| json!({ "metadata": { "labels": { "x": value }, "resourceVersion": version } });
    let version = read["metadata"]["resourceVersion"].clone();
    let first = call(&mut state, at(60), Method::PATCH, path, label("1", &version));
    let second = call(&mut state, at(60), Method::PATCH, path, label("2", &version));
    let mut stale = read.clone();
    stale["metadata"]["labels"]["x"] = json!("3");
    let third = call(&mut state, at(60), Method::PUT, path, stale);
    assert_eq!((first.0, second.0, third.0), (200, 409, 409));
    expect![[r#"{"apiVersion":"v1","code":409,"details":{"kind":"nodes","name":"node-0"},"kind":"Status","message":"Operation cannot be fulfilled on nodes \"node-0\": the object has been modified; please apply your changes to the latest version and try again","metadata":{},"reason":"Conflict","status":"Failure"}"#]].assert_eq(&second.1.to_string());
}

#[test]
fn lists_come_in_pages_and_by_node() {
    let mut state = three_zones();
    state.apply(vec![deployment("api", 5, "100m", json!({}))], at(60)).unwrap();
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let page = get(&mut state, at(100), &format!("/api/v1/namespaces/web/pods?limit=2{token}"));
        assert_eq!(page["kind"], "PodList");
        names.extend(
            page["items"].as_array().unwrap().iter().map(|pod| pod["metadata"]["name"].to_string()),
        );
        match page["metadata"]["continue"].as_str() {
            Some(next) => token = format!("&continue={next}"),
            None => break,
        }
    }
    assert_eq!(names.len(), 5);
    let on_node: usize = (0..3)
        .map(|node| {
            let path = format!("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-{node}");
            get(&mut state, at(100), &path)["items"].as_array().unwrap().len()
        })
        .sum();
    assert_eq!(on_node, 5);
}

#[test]
fn a_lost_instance_leaves_incidents_and_its_pods_come_back() {
    let mut state = three_zones();
    let bare = json!({ "kind": "Pod", "metadata": { "name": "bare", "namespace": "web", "labels": { "app": "bare" } },
        "spec": { "containers": [{ "name": "a" }], "nodeSelector": { "kubernetes.io/hostname": "node-0" } } });
    let near = json!({ "affinity": { "nodeAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [{ "weight": 100,
        "preference": { "matchExpressions": [{ "key": "kubernetes.io/hostname", "operator": "In", "values": ["node-0"] }] } }] } } });
    state
        .apply(
            vec![
                deployment("api", 2, "100m", near),
                budget("api", json!({ "minAvailable": 1 })),
                bare,
            ],
            at(60),
        )
        .unwrap();
    state.advance(at(100));
    state.remove_instance("i-0", at(100));
    let told: String = state
        .incidents()
        .iter()
        .map(|incident| {
            let subject = if incident.subject.contains("/api-") {
                "pod/web/api-*"
            } else {
                &incident.subject
            };
            format!("{:?} {subject} {}\n", incident.kind, incident.message)
        })
        .collect();
    expect![[r#"
        EvictablePodKilled pod/web/api-* node-0 (i-0) went away under it.
        EvictablePodKilled pod/web/api-* node-0 (i-0) went away under it.
        EvictablePodKilled pod/web/bare node-0 (i-0) went away under it.
        PodLost pod/web/bare A pod without a controller is gone and will not come back.
        BudgetViolated pdb/web/api 0 of 0 pods are healthy, 1 are asked for, because node-0 went away.
    "#]].assert_eq(&told);
    expect![[r#"
        node-1 api ready 
        node-2 api ready 
    "#]]
    .assert_eq(&places(&mut state, at(200)));
}

#[test]
fn replicas_follow_the_load_by_the_hour() {
    let mut state = three_zones();
    let mut night = deployment("night", 4, "100m", json!({}));
    let hours: Vec<String> =
        (0..24).map(|hour| if (8..10).contains(&hour) { "4" } else { "0" }.to_owned()).collect();
    night["metadata"]["annotations"] =
        json!({ simulator::kubernetes::LOAD_ANNOTATION: hours.join(",") });
    state.apply(vec![night], at(60)).unwrap();
    let mut pods = |hours: i64| {
        get(&mut state, at(hours * 3600 + 300), "/api/v1/pods")["items"].as_array().unwrap().len()
    };
    assert_eq!([pods(0), pods(1), pods(2), pods(25)], [4, 4, 0, 4]);
}

#[test]
fn a_changed_template_is_rolled_out() {
    let mut state = three_zones();
    state.apply(vec![deployment("api", 3, "100m", json!({}))], at(60)).unwrap();
    state.advance(at(100));
    state.apply(vec![deployment("api", 3, "200m", json!({}))], at(100)).unwrap();
    let pods = get(&mut state, at(200), "/api/v1/pods")["items"].clone();
    let requests: Vec<&Value> = pods
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| &pod["spec"]["containers"][0]["resources"]["requests"]["cpu"])
        .collect();
    assert_eq!(requests, ["200m", "200m", "200m"]);
}

#[test]
fn the_scale_subresource_scales() {
    let mut state = three_zones();
    state.apply(vec![deployment("api", 3, "100m", json!({}))], at(60)).unwrap();
    let path = "/apis/apps/v1/namespaces/web/deployments/api/scale";
    let (code, scale) =
        call(&mut state, at(100), Method::PATCH, path, json!({ "spec": { "replicas": 1 } }));
    assert_eq!((code, &scale["spec"]["replicas"]), (200, &json!(1)));
    assert_eq!(get(&mut state, at(200), "/api/v1/pods")["items"].as_array().unwrap().len(), 1);
}

#[test]
fn leases_are_made_and_renewed() {
    let mut state = ClusterState::new("test");
    let path = "/apis/coordination.k8s.io/v1/namespaces/spot-optimizer/leases";
    let lease = json!({ "metadata": { "name": "agent" }, "spec": { "holderIdentity": "a" } });
    let first = call(&mut state, at(0), Method::POST, path, lease.clone());
    let again = call(&mut state, at(0), Method::POST, path, lease);
    let renewed = call(
        &mut state,
        at(1),
        Method::PATCH,
        &format!("{path}/agent"),
        json!({ "spec": { "renewTime": "x" } }),
    );
    assert_eq!((first.0, again.0, renewed.0), (201, 409, 200));
    assert_eq!(call(&mut state, at(1), Method::GET, "/apis/x/v1/things", Value::Null).0, 404);
    assert_eq!(call(&mut state, at(1), Method::DELETE, "/api/v1/nodes", Value::Null).0, 405);
}

#[test]
fn what_it_lists_reads_as_a_dump_does() {
    let mut state = three_zones();
    state.apply(simulator::demo::workloads("dev"), at(60)).unwrap();
    let lists = [
        "/api/v1/nodes",
        "/api/v1/pods",
        "/apis/apps/v1/deployments",
        "/apis/policy/v1/poddisruptionbudgets",
    ];
    let files: Vec<String> =
        lists.iter().map(|path| get(&mut state, at(120), path).to_string()).collect();
    let objects = dump::read_all(files.iter().map(String::as_bytes)).unwrap();
    assert_eq!(objects.findings, []);
    let snapshot = kubernetes::from_objects(objects, at(120));
    assert!(snapshot.pods.iter().all(|pod| pod.owner.is_some() && pod.unsupported.is_empty()));
}

#[test]
fn the_demo_clusters_are_half_full_and_nothing_waits() {
    let fleets = [
        ("web-prod", vec![("m5.2xlarge", 9, 8), ("m5.xlarge", 5, 4)]),
        ("batch", vec![("c5.4xlarge", 6, 16), ("r5.2xlarge", 4, 8)]),
        ("dev", vec![("m5.xlarge", 6, 4)]),
    ];
    let mut table = String::new();
    for (cluster, fleet) in fleets {
        let mut state = ClusterState::new(cluster);
        let mut index = 0;
        for (instance_type, count, vcpu) in fleet {
            for _ in 0..count {
                let ratio = if instance_type.starts_with('c') {
                    2
                } else if instance_type.starts_with('r') {
                    8
                } else {
                    4
                };
                let mut node = node(index, ["a", "b", "c"][index as usize % 3], vcpu, at(0));
                node.instance_type = instance_type.to_owned();
                node.allocatable.cpu_milli = vcpu * 1000 - 100;
                node.allocatable.memory_mib = vcpu * 1024 * ratio * 9 / 10;
                state.register_node(node);
                index += 1;
            }
        }
        state.apply(simulator::demo::workloads(cluster), at(0)).unwrap();
        for hour in [5, 6, 15] {
            let now = at(hour * 3600);
            let mut objects = kubernetes::Objects::default();
            for (kind, path) in [
                (kubernetes::object::Kind::Node, "/api/v1/nodes"),
                (kubernetes::object::Kind::Pod, "/api/v1/pods"),
            ] {
                let list = get(&mut state, now, path).to_string();
                kubernetes::object::parse_live_list(kind, list.as_bytes(), &mut objects).unwrap();
            }
            let snapshot = kubernetes::from_objects(objects, now);
            let sum = |resources: &mut dyn Iterator<Item = &Resources>| {
                resources
                    .fold((0, 0), |sum, next| (sum.0 + next.cpu_milli, sum.1 + next.memory_mib))
            };
            let have = sum(&mut snapshot.nodes.iter().map(|node| &node.allocatable));
            let asked = sum(&mut snapshot.pods.iter().map(|pod| &pod.requests));
            let pending = snapshot.pods.iter().filter(|pod| pod.node.is_none()).count();
            table += &format!(
                "{cluster:<8} {:>2}:00 {:>3} pods {pending} pending, CPU {:>2} %, memory {:>2} %\n",
                (8 + hour) % 24,
                snapshot.pods.len(),
                asked.0 * 100 / have.0,
                asked.1 * 100 / have.1
            );
        }
    }
    expect![[r#"
        web-prod 13:00 106 pods 0 pending, CPU 57 %, memory 36 %
        web-prod 14:00 106 pods 0 pending, CPU 57 %, memory 36 %
        web-prod 23:00 106 pods 0 pending, CPU 57 %, memory 36 %
        batch    13:00  79 pods 0 pending, CPU 57 %, memory 56 %
        batch    14:00  79 pods 0 pending, CPU 57 %, memory 56 %
        batch    23:00  54 pods 0 pending, CPU 24 %, memory 22 %
        dev      13:00  51 pods 0 pending, CPU 54 %, memory 46 %
        dev      14:00  51 pods 0 pending, CPU 54 %, memory 46 %
        dev      23:00  25 pods 0 pending, CPU 12 %, memory  7 %
    "#]]
    .assert_eq(&table);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn a_thousand_pods_are_stored_in_milliseconds_and_idle_for_free() {
    let mut state = ClusterState::new("large");
    for index in 0..60 {
        state.register_node(node(index, ["a", "b", "c"][index as usize % 3], 32, at(0)));
    }
    let apps =
        (0..40).map(|app| deployment(&format!("app-{app}"), 25, "100m", json!({}))).collect();
    let start = Instant::now();
    state.apply(apps, at(0)).unwrap();
    state.advance(at(120));
    let filled = start.elapsed();
    assert!(state.is_settled());
    let start = Instant::now();
    let stored = serde_json::to_vec(&state).unwrap();
    let storing = start.elapsed();
    let start = Instant::now();
    for second in 0..1000 {
        state.advance(at(121 + second));
    }
    let idle = start.elapsed();
    println!(
        "1,000 pods: filled in {filled:?}, {} kB stored in {storing:?}, 1,000 idle seconds {idle:?}",
        stored.len() >> 10
    );
    assert!(storing.as_millis() < 100 && idle.as_millis() < 50);
    let mut again: ClusterState = serde_json::from_slice(&stored).unwrap();
    assert_eq!(
        get(&mut again, at(2000), "/api/v1/pods"),
        get(&mut state, at(2000), "/api/v1/pods")
    );
}
