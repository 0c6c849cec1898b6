//! `spot-optimizer explain` and `audit verify` on files.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use domain::plan::PlanningInput;
use domain::policy::{NodeTemplate, Policy};
use support::{file, list, run, small};

fn stored() -> (Vec<u8>, Vec<u8>) {
    let objects = kubernetes::dump::read(list(&small()).as_bytes()).unwrap();
    let now = objects.newest_timestamp().unwrap();
    let input = PlanningInput {
        snapshot: kubernetes::from_objects(objects, now),
        market: cloud::catalog::market("us-east-1").unwrap(),
        policy: Policy::default(),
        template: NodeTemplate::default(),
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: std::collections::BTreeMap::new(),
        now,
        budget: 1_000,
        seed: 1,
    };
    let plan = planner::plan(&input);
    assert!(!plan.commands.is_empty());
    (serde_json::to_vec(&input).unwrap(), serde_json::to_vec(&plan).unwrap())
}

#[test]
fn a_stored_plan_is_made_again_and_explained() {
    let (input, plan) = stored();
    let (input, plan) = (file("input.json", &input), file("plan.json", &plan));
    let ran = run(&["explain", "0", "--input", &input, "--plan", &plan], b"");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.contains("byte for byte the same"), "{}", ran.stdout);
    assert!(ran.stdout.contains("USD/h"), "{}", ran.stdout);

    let ran = run(&["explain", "99", "--input", &input, "--plan", &plan], b"");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("no command 99"), "{}", ran.stderr);
}

#[test]
fn a_plan_of_another_input_is_not_explained() {
    let (input, plan) = stored();
    let mut other: PlanningInput = serde_json::from_slice(&input).unwrap();
    other.policy.spot_percent = 0;
    let input = file("other_input.json", &serde_json::to_vec(&other).unwrap());
    let plan = file("its_plan.json", &plan);
    let ran = run(&["explain", "0", "--input", &input, "--plan", &plan], b"");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("it differs in "), "{}", ran.stderr);
    assert!(ran.stderr.contains("/commands"), "{}", ran.stderr);
}

#[test]
fn an_explanation_needs_a_source() {
    assert_eq!(run(&["explain", "0"], b"").code, Some(2));
    assert_eq!(run(&["explain", "0", "--url", "http://127.0.0.1:1"], b"").code, Some(2));
    let options = ["--url", "http://127.0.0.1:1", "--optimization", "opt_1", "--token", "t"];
    let ran = run(&[&["explain", "0"][..], &options].concat(), b"");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("http://127.0.0.1:1 does not answer"), "{}", ran.stderr);
}

#[test]
fn a_broken_audit_export_exits_with_1() {
    let path = file("audit.ndjson", b"{\"seq\": 1}\n");
    let ran = run(&["audit", "verify", &path], b"");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("line 1 is not an audit row"), "{}", ran.stderr);
    assert_eq!(run(&["audit", "verify", "-"], b"").code, Some(1));
}

#[test]
fn there_is_a_version_help_and_completions() {
    assert!(run(&["--version"], b"").stdout.starts_with("spot-optimizer "));
    assert!(run(&["report", "--help"], b"").stdout.contains("kubectl get nodes"));
    assert!(run(&["completions", "bash"], b"").stdout.contains("complete -F"));
    assert_eq!(run(&[], b"").code, Some(2));
}
