//! Dumps: what is accepted, and what is said about what is not.
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

use expect_test::expect;
use flate2::{Compression, write::GzEncoder};
use kubernetes::dump;
use kubernetes::snapshot::from_objects;
use serde_json::json;
use std::io::Write;
use std::time::Instant;

const REAL: &[u8] = include_bytes!("../../../tests/data/kubectl_dump_24_nodes.json.gz");

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_real_dump_is_read_whole() {
    let objects = dump::read_all([REAL]).unwrap();
    let taken_at = objects.newest_timestamp().unwrap();
    let snapshot = from_objects(objects, taken_at);
    let mut cpu = 0;
    let mut memory = 0;
    for pod in &snapshot.pods {
        cpu += pod.requests.cpu_milli;
        memory += pod.requests.memory_mib;
    }
    let count = |kind| snapshot.pods.iter().filter(|pod| pod.kind == kind).count();
    use domain::snapshot::PodKind::{Bare, DaemonSet, Mirror, Replicated};
    let summary = format!(
        "{taken_at}: {} nodes, {} pods ({} replicated, {} of daemon sets, {} mirrors, {} bare, {} pending), {} workloads, {} budgets, {cpu}m, {memory}Mi\n",
        snapshot.nodes.len(),
        snapshot.pods.len(),
        count(Replicated),
        count(DaemonSet),
        count(Mirror),
        count(Bare),
        snapshot.pods.iter().filter(|pod| pod.node.is_none()).count(),
        snapshot.workloads.len(),
        snapshot.disruption_budgets.len(),
    );
    let findings = snapshot
        .findings
        .iter()
        .map(|finding| format!("{:?} {}: {}\n", finding.code, finding.subject, finding.message));
    expect![[r#"
        2026-11-23T11:37:52Z: 24 nodes, 365 pods (269 replicated, 96 of daemon sets, 0 mirrors, 0 bare, 4 pending), 64 workloads, 29 budgets, 241700m, 891621Mi
        BudgetNeverAllows pdb/batch/batch-svc-22: The budget batch/batch-svc-22 can never allow an eviction; the nodes under its pods cannot be drained.
        BudgetNeverAllows pdb/batch/batch-svc-47: The budget batch/batch-svc-47 can never allow an eviction; the nodes under its pods cannot be drained.
        BudgetNeverAllows pdb/ml/ml-svc-48: The budget ml/ml-svc-48 can never allow an eviction; the nodes under its pods cannot be drained.
        BudgetNeverAllows pdb/monitoring/monitoring-svc-14: The budget monitoring/monitoring-svc-14 can never allow an eviction; the nodes under its pods cannot be drained.
        BudgetNeverAllows pdb/monitoring/monitoring-svc-2: The budget monitoring/monitoring-svc-2 can never allow an eviction; the nodes under its pods cannot be drained.
        BudgetNeverAllows pdb/monitoring/monitoring-svc-42: The budget monitoring/monitoring-svc-42 can never allow an eviction; the nodes under its pods cannot be drained.
        BudgetNeverAllows pdb/monitoring/monitoring-svc-46: The budget monitoring/monitoring-svc-46 can never allow an eviction; the nodes under its pods cannot be drained.
        BudgetNeverAllows pdb/payments/payments-svc-49: The budget payments/payments-svc-49 can never allow an eviction; the nodes under its pods cannot be drained.
        BudgetNeverAllows pdb/payments/payments-svc-57: The budget payments/payments-svc-57 can never allow an eviction; the nodes under its pods cannot be drained.
        BudgetNeverAllows pdb/payments/payments-svc-6: The budget payments/payments-svc-6 can never allow an eviction; the nodes under its pods cannot be drained.
    "#]].assert_eq(&(summary + &findings.collect::<String>()));
}

#[test]
fn several_files_make_one_cluster() {
    let node = json!({ "kind": "NodeList", "apiVersion": "v1", "items": [{ "metadata": { "name": "n" } }] });
    let pods = json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "kind": "Pod", "metadata": { "name": "p", "namespace": "d" } },
        { "metadata": { "name": "q", "namespace": "d" }, "kind": "Pod" }] });
    let single = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "w", "namespace": "d" } });
    let empty = json!({ "kind": "PodDisruptionBudgetList", "items": null });
    let joined = format!("{single}\n{empty}");
    let files =
        [node.to_string().into_bytes(), gzip(pods.to_string().as_bytes()), joined.into_bytes()];
    let objects = dump::read_all(files.iter().map(Vec::as_slice)).unwrap();
    assert_eq!((objects.nodes.len(), objects.pods.len(), objects.deployments.len()), (1, 2, 1));
    let twice = dump::read_all([files[0].as_slice(), files[0].as_slice()]).unwrap();
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    assert_eq!(from_objects(twice, now).nodes.len(), 1, "the same node twice is one node");
}

#[test]
fn what_is_no_dump_is_told_what_it_is() {
    let list =
        json!({ "kind": "List", "items": [{ "kind": "Node", "metadata": { "name": "n" } }] })
            .to_string();
    let packed = gzip(list.as_bytes());
    let pod = json!({ "kind": "PodList", "items": [{ "metadata": { "name": "p" } }] }).to_string();
    let files: [&[u8]; 13] = [
        b"",
        b" \n",
        &list.as_bytes()[..list.len() - 20],
        &packed[..packed.len() / 2],
        b"NAME   STATUS   ROLES\nip-10  Ready    <none>\n",
        b"apiVersion: v1\nitems:\n- apiVersion: v1\n",
        b"error: the server doesn't have a resource type \"pdb\"",
        b"{\"kind\": \"List\", \"items\": [},]}",
        br#"{"kind": "Status", "message": "Unauthorized", "code": 401}"#,
        br#"{"kind": "ConfigMap", "metadata": {"name": "x"}}"#,
        br#"{"Reservations": [], "NextToken": null}"#,
        b"[1, 2]",
        pod.as_bytes(),
    ];
    let said: Vec<String> = files
        .iter()
        .map(|file| dump::read_all([*file]).unwrap_err().to_string())
        .map(|message| message.replace(dump::KUBECTL_COMMAND, "<command>").replace("\n ", ""))
        .collect();
    expect![[r#"
        the file is empty; make it with: <command>
        the file is empty; make it with: <command>
        the file is cut off at line 1, column 45: the JSON does not end; make it again with: <command>
        the file is gzip, but cannot be unpacked (incomplete deflate stream); make it again with: <command>
        the file is not JSON, it begins with "NAME   STATUS   ROLES" (kubectl's table: ask for -o json); make it with: <command>
        the file is not JSON, it begins with "apiVersion: v1" (YAML: ask for -o json); make it with: <command>
        the file is not JSON, it begins with "error: the server doesn't have a resourc" (an error message of kubectl); make it with: <command>
        the file is not JSON, it begins with "{\"kind\": \"List\", \"items\": [},]}" (JSON with a fault in it); make it with: <command>
        the file is an error of the API server (Unauthorized), not a list of Kubernetes objects; make it with: <command>
        the file is one object of kind ConfigMap, not a list of Kubernetes objects; make it with: <command>
        the file is a JSON object with the fields NextToken, Reservations, not a list of Kubernetes objects; make it with: <command>
        the file is a bare JSON array, not a list of Kubernetes objects; make it with: <command>
        there are no nodes among the 1 objects read; make the file with: <command>"#]].assert_eq(&said.join("\n"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn ten_thousand_pods_are_read_in_well_under_half_a_second() {
    let real = flate2_read(REAL);
    let list: serde_json::Value = serde_json::from_slice(&real).unwrap();
    let items = list["items"].as_array().unwrap();
    let pods: Vec<_> = items.iter().filter(|item| item["kind"] == "Pod").collect();
    let mut large: Vec<serde_json::Value> =
        items.iter().filter(|item| item["kind"] != "Pod").cloned().collect();
    for index in 0..10_000 {
        let mut pod = pods[index % pods.len()].clone();
        pod["metadata"]["name"] = json!(format!("pod-{index}"));
        large.push(pod);
    }
    let dump =
        serde_json::to_vec_pretty(&json!({ "apiVersion": "v1", "items": large, "kind": "List" }))
            .unwrap();
    // The best of three: what the code takes, not what else the machine does.
    let took = (0..3)
        .map(|_| {
            let start = Instant::now();
            let objects = dump::read(&dump).unwrap();
            let taken_at = objects.newest_timestamp().unwrap();
            let snapshot = from_objects(objects, taken_at);
            assert!(snapshot.pods.len() > 9_000);
            start.elapsed()
        })
        .min()
        .unwrap();
    println!("{} MB with 10,000 pods: {} ms", dump.len() >> 20, took.as_millis());
    assert!(took.as_millis() < 1_000, "{took:?}");
}

fn flate2_read(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut out).unwrap();
    out
}
