//! Load that rises while a plan is carried out, which knew nothing of it.

use crate::stage::{CLUSTER, Stage, text};
use crate::{in_runtime, list};
use domain::snapshot::ClusterSnapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::kubernetes::LOAD_ANNOTATION;
use std::path::PathBuf;

/// Nodes the cluster has at first, of 4 vCPU: enough for the whole load.
const NODES: u32 = 6;

/// Replicas of 1 vCPU, and from 16:00 on.
const QUIET: usize = 6;
const BUSY: usize = 18;

/// How long a pod may wait for the room that the plan takes away: a minute of which it is not counted, three
/// in which room may appear by itself, and as long as agent and jobs take to look.
const LONGEST: SignedDuration = SignedDuration::from_mins(6);

#[test]
fn load_that_rises_meanwhile_gets_the_nodes_back_that_were_to_go() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("load_that_rises");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    in_runtime(async {
        let mut stage = Stage::open(&folder).await;
        stage.found(&folder, NODES, vec![deployment()]).await;
        stage.pass_until("2026-11-23T15:55:00Z".parse().unwrap()).await;
        let plan = stage.plan().await;
        let retired = list(&plan["plan"]["commands"][0]["retire"]).len();
        assert!(retired > 2, "{retired} nodes are to go, one in ten minutes");
        stage.approve(&plan).await;

        let mut longest = SignedDuration::ZERO;
        while !stage.is_over().await {
            stage.step().await;
            longest = longest.max(longest_wait(&stage.snapshot().await, stage.now()));
        }
        assert!(longest > SignedDuration::ZERO, "no pod ever waited: nothing was tried");
        assert!(longest < LONGEST, "a pod waited for {longest:#}");
        stage.rest().await;
        let plan = stage.newest_plan().await;
        assert_eq!(plan["state"], "done", "{plan:#}");
        let failure = text(&plan, "failure");
        assert!(failure.contains("pods find no room"), "{failure}");
        assert_eq!(stage.world.incidents(CLUSTER), [], "a pod was harmed");
        let snapshot = stage.snapshot().await;
        assert!(snapshot.pods.iter().all(|pod| pod.node.is_some()), "a pod waits");
        assert_eq!(snapshot.pods.len(), BUSY);
        assert!(snapshot.nodes.iter().all(|node| !node.unschedulable), "a node is left cordoned");
    });
}

fn longest_wait(snapshot: &ClusterSnapshot, now: Timestamp) -> SignedDuration {
    let waiting = snapshot.pods.iter().filter(|pod| pod.node.is_none());
    waiting.map(|pod| now.duration_since(pod.created_at)).max().unwrap_or_default()
}

fn deployment() -> Value {
    let replicas: Vec<String> =
        (0..24).map(|hour| if hour < 16 { QUIET } else { BUSY }.to_string()).collect();
    let labels = json!({ "app": "web" });
    let requests = json!({ "cpu": "1", "memory": "1Gi" });
    json!({
        "kind": "Deployment",
        "metadata": { "name": "web", "namespace": "shop", "annotations": { LOAD_ANNOTATION: replicas.join(",") } },
        "spec": {
            "replicas": QUIET,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": "web", "resources": { "requests": requests } }] },
            },
        },
    })
}
