//! `spot-optimizer report` on what is no dump: what it says and how it exits.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use serde_json::json;
use std::process::{Command, Stdio};
use support::{EXAMPLE, file, list, node, run, small};

const KUBECTL: &str = "kubectl get nodes,pods,pdb,deployments,replicasets,statefulsets,daemonsets -A -o json > cluster.json";

/// Runs `report` on a file with this content.
fn refused(name: &str, content: &[u8]) -> String {
    let path = file(name, content);
    let ran = run(&["report", "--file", &path], b"");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert!(ran.stderr.contains(KUBECTL), "{} does not say how to make one", ran.stderr);
    assert!(ran.stderr.lines().count() <= 2, "{}", ran.stderr);
    ran.stderr
}

#[test]
fn a_file_that_is_no_dump_is_named_with_what_is_wrong_and_how_to_make_one() {
    let whole = list(&small());
    let cut = &whole.as_bytes()[..whole.len() / 2];
    let config_maps = json!({"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"kind": "ConfigMap", "metadata": {"name": "a"}}]});
    for (name, content, says) in [
        ("text.json", b"NAME   STATUS   ROLES\n".as_slice(), "not JSON"),
        ("cut.json", cut, "cut off"),
        ("empty.json", b"", "is empty"),
        ("no_items.json", list(&[]).as_bytes(), "no nodes"),
        ("config_maps.json", config_maps.to_string().as_bytes(), "no nodes"),
        ("number.json", b"17", "17"),
        ("object.json", br#"{"kind": "Secret", "data": {}}"#, "Secret"),
        ("cut.json.gz", &std::fs::read(EXAMPLE).unwrap()[..9_000], "gzip"),
    ] {
        let error = refused(name, content);
        assert!(error.contains(says), "{error:?} does not say {says:?}");
    }
}

#[test]
fn a_missing_file_and_a_folder_are_said_to_be_that() {
    let ran = run(&["report", "--file", "no/such.json"], b"");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.starts_with("error: no/such.json: there is no such file; "),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(KUBECTL));
    let ran = run(&["report", "--file", env!("CARGO_MANIFEST_DIR")], b"");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("it is a folder"), "{}", ran.stderr);
}

#[test]
fn wrong_options_exit_with_2() {
    let dump = list(&small());
    for (options, says) in [
        (&["--spot-percent", "101"][..], "--spot-percent"),
        (&["--spot-percent", "many"], "--spot-percent"),
        (&["--budget-ms", "0"], "--budget-ms"),
        (&["--output", "xml"], "xml"),
        (&["--region", "mars-1"], "mars-1"),
        (&["--region", "eu-west-1"], "us-east-1"),
        (&["--colour"], "--colour"),
    ] {
        let ran = run(&[&["report", "-"], options].concat(), dump.as_bytes());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{options:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{:?} does not say {says:?}", ran.stderr);
    }
}

#[test]
fn a_region_is_asked_for_where_no_node_says_one() {
    let mut nowhere = node("a", "us-east-1a");
    nowhere["metadata"]["labels"].as_object_mut().unwrap().remove("topology.kubernetes.io/region");
    let dump = list(&[nowhere]);
    let ran = run(&["report", "-"], dump.as_bytes());
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("--region us-east-1"), "{}", ran.stderr);
    assert_eq!(
        run(&["report", "-", "--region", "us-east-1", "--budget-ms", "1"], dump.as_bytes()).code,
        Some(0)
    );
}

#[test]
fn a_region_the_catalogue_does_not_have_is_an_error() {
    let mut far = node("a", "mars-1a");
    far["metadata"]["labels"]["topology.kubernetes.io/region"] = json!("mars-1");
    let ran = run(&["report", "-"], list(&[far]).as_bytes());
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("`mars-1`"), "{}", ran.stderr);
}

#[test]
fn a_wrong_policy_file_is_named() {
    let dump = list(&small());
    let path = file("wrong_policy.json", br#"{"spot_percentage": 3}"#);
    let ran = run(&["report", "-", "--policy", &path], dump.as_bytes());
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("wrong_policy.json: there is no field `spot_percentage`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let path = file("for_head.json", list(&small()).as_bytes());
    let mut child = Command::new(env!("CARGO_BIN_EXE_spot-optimizer"))
        .args(["report", "--file", &path, "--budget-ms", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}
