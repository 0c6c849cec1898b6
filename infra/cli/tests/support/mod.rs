//! Runs the real binary, and makes small dumps.
#![allow(dead_code, reason = "not every test file needs every helper")]

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// What a run of the binary left.
pub(crate) struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

pub(crate) fn run(arguments: &[&str], stdin: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_spot-optimizer"))
        .args(arguments)
        .env_remove("SPOT_OPTIMIZER_TOKEN")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = stdin.to_vec();
    // A command that refuses its options never reads stdin: that the pipe breaks then is fine.
    let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The JSON report on a dump, after a short search.
pub(crate) fn report(dump: &str, more: &[&str]) -> Value {
    let mut arguments = vec!["report", "-", "--output", "json", "--budget-ms", "1"];
    arguments.extend(more);
    let ran = run(&arguments, dump.as_bytes());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The path of a file of this test run with this content.
pub(crate) fn file(name: &str, content: &[u8]) -> String {
    let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, content).unwrap();
    path
}

/// The dump that ships as the README's example.
pub(crate) const EXAMPLE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/kubectl_dump_24_nodes.json.gz");

/// What kubectl prints of these objects.
pub(crate) fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// A node of 8 vCPU and 32 GiB in a managed node group.
pub(crate) fn node(name: &str, zone: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": name,
            "creationTimestamp": "2026-11-01T08:00:00Z",
            "labels": {
                "eks.amazonaws.com/capacityType": "ON_DEMAND",
                "eks.amazonaws.com/nodegroup": "general",
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "m5.2xlarge",
                "topology.kubernetes.io/region": "us-east-1",
                "topology.kubernetes.io/zone": zone,
            },
        },
        "spec": {"providerID": format!("aws:///{zone}/i-{name}")},
        "status": {
            "allocatable": {"cpu": "7910m", "memory": "29Gi", "pods": "58", "ephemeral-storage": "70Gi"},
            "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-23T09:00:00Z"}],
        },
    })
}

/// A pod of the deployment `app` in namespace `web`, bound to a node or pending.
pub(crate) fn pod(app: &str, ordinal: u32, node: Option<&str>, cpu: &str, memory: &str) -> Value {
    let bound = node.map_or("False", |_| "True");
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{app}-5d8f-{ordinal}"), "namespace": "web", "uid": format!("{app}-{ordinal}"),
            "creationTimestamp": "2026-11-01T09:00:00Z",
            "labels": {"app": app},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{app}-5d8f"), "uid": app, "controller": true}],
        },
        "spec": {"containers": [{"name": "main", "image": "example", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]},
        "status": {
            "phase": if node.is_some() { "Running" } else { "Pending" },
            "conditions": [{"type": "Ready", "status": bound}, {"type": "PodScheduled", "status": bound}],
        },
    });
    if let Some(node) = node {
        pod["spec"]["nodeName"] = json!(node);
    }
    pod
}

/// The deployment `app` and its replica set.
pub(crate) fn deployment(app: &str, replicas: u32) -> Vec<Value> {
    let status = json!({"readyReplicas": replicas});
    vec![
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": app, "namespace": "web"}, "spec": {"replicas": replicas}, "status": status,
        }),
        json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": format!("{app}-5d8f"), "namespace": "web",
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": app, "uid": app, "controller": true}],
            },
            "spec": {"replicas": replicas}, "status": status,
        }),
    ]
}

/// A budget over the pods of `app`.
pub(crate) fn budget(name: &str, app: &str, max_unavailable: u32, allowed: u32) -> Value {
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "web"},
        "spec": {"maxUnavailable": max_unavailable, "selector": {"matchLabels": {"app": app}}},
        "status": {"disruptionsAllowed": allowed, "currentHealthy": 4, "desiredHealthy": 4 - allowed, "expectedPods": 4},
    })
}

/// Three nodes a third full with eight pods of two deployments.
pub(crate) fn small() -> Vec<Value> {
    let nodes = ["a", "b", "c"];
    let mut items: Vec<Value> =
        nodes.iter().map(|name| node(name, &format!("us-east-1{name}"))).collect();
    for ordinal in 0..4 {
        let place = Some(nodes[ordinal as usize % 3]);
        items.push(pod("api", ordinal, place, "500m", "1Gi"));
        items.push(pod("worker", ordinal, place, "1", "2Gi"));
    }
    items.extend(deployment("api", 4));
    items.extend(deployment("worker", 4));
    items.push(budget("api", "api", 1, 1));
    items
}
