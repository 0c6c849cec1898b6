//! `spot-optimizer report` by its output.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use domain::Money;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{EXAMPLE, budget, file, list, node, pod, report, run, small};

fn usd(money: &Value) -> Money {
    assert_eq!(money["currency"], "USD", "{money}");
    Money::parse_usd(money["amount"].as_str().unwrap()).unwrap()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[test]
fn a_small_cluster_prints_as_people_read_it() {
    let ran = run(&["report", "-", "--budget-ms", "1"], list(&small()).as_bytes());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    expect_test::expect_file!["report_small.txt"].assert_eq(&ran.stdout);
}

#[test]
fn what_only_makes_room_for_pods_that_wait_adds_cost_and_says_so() {
    // No saving is enough to move anything.
    let policy = file("only-room.json", json!({"min_saving_percent": 99}).to_string().as_bytes());
    let ran = run(&["report", "--file", EXAMPLE, "--budget-ms", "5", "--policy", &policy], b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("room for 4 pods without a node"), "{}", ran.stdout);
    assert!(words.contains("1 move adds 0."), "{}", ran.stdout);
    assert!(!words.contains("Saves -"), "{}", ran.stdout);
}

#[test]
fn every_sum_of_the_example_adds_up() {
    let ran = run(&["report", "--file", EXAMPLE, "--output", "json", "--budget-ms", "5"], b"");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    adds_up(&report);
    assert_eq!(report["schema_version"], 1);
    assert_eq!(
        (&report["cluster"]["nodes"], &report["cluster"]["pods"]),
        (&json!(24), &json!(365))
    );
    assert_eq!(report["cluster"]["unpriced_nodes"], 0);
}

/// Before less after is what the commands save, each command is its nodes' prices, and every node is
/// either retired or stays.
fn adds_up(report: &Value) {
    let (before, after) = (&report["before"], &report["after"]);
    let saving = usd(&before["cost_per_hour"]) - usd(&after["cost_per_hour"]);
    assert_eq!(saving, usd(&report["saving"]["per_hour"]));
    let commands = array(&report["commands"]);
    assert_eq!(saving, commands.iter().map(|command| usd(&command["saving_per_hour"])).sum());
    for side in [before, after] {
        assert_eq!(usd(&side["modelled_cost_per_month"]), usd(&side["cost_per_hour"]) * 730);
    }
    let mut launched = 0;
    let mut retired = BTreeSet::new();
    for command in commands {
        let mut cost = Money::ZERO;
        for launch in array(&command["launch"]) {
            let count = launch["count"].as_u64().unwrap();
            launched += count;
            cost += usd(&launch["choices"][0]["price_per_hour"]) * count;
        }
        let mut freed = Money::ZERO;
        for node in array(&command["retire"]) {
            freed += usd(&node["price_per_hour"]);
            assert!(retired.insert(node["node"].as_str().unwrap()), "{node} is retired twice");
        }
        assert_eq!(freed - cost, usd(&command["saving_per_hour"]), "{}", command["reason"]);
    }
    let mut stays = BTreeSet::new();
    let mut kept = Money::ZERO;
    for group in array(&report["stays"]) {
        let nodes = array(&group["nodes"]);
        stays.extend(nodes.iter().map(|node| node["node"].as_str().unwrap()));
        let priced = nodes.iter().filter(|node| !node["price_per_hour"].is_null());
        let sum: Money = priced.map(|node| usd(&node["price_per_hour"])).sum();
        assert_eq!(sum, usd(&group["cost_per_hour"]));
        kept += sum;
    }
    assert!(stays.is_disjoint(&retired));
    let nodes = report["cluster"]["nodes"].as_u64().unwrap();
    assert_eq!(nodes, (stays.len() + retired.len()) as u64);
    assert_eq!(
        after["nodes"].as_u64().unwrap() + retired.len() as u64,
        before["nodes"].as_u64().unwrap() + launched
    );
    let retired_cost: Money = commands
        .iter()
        .flat_map(|command| array(&command["retire"]))
        .map(|node| usd(&node["price_per_hour"]))
        .sum();
    assert_eq!(kept + retired_cost, usd(&before["cost_per_hour"]));
    assert!(usd(&report["lower_bound_per_hour"]) <= usd(&after["cost_per_hour"]));
}

#[test]
fn the_same_files_give_the_same_report() {
    let dump = list(&small());
    assert_eq!(report(&dump, &[]), report(&dump, &[]));
}

#[test]
fn lists_in_several_files_are_one_cluster() {
    let whole = small();
    let (nodes, rest) = whole.split_at(3);
    let nodes = file("nodes.json", list(nodes).as_bytes());
    let rest = file("rest.json", list(rest).as_bytes());
    let files = ["--file", nodes.as_str(), "--file", rest.as_str()];
    let options = ["--output", "json", "--budget-ms", "1"];
    let apart = run(&[&["report"][..], &files, &options].concat(), b"");
    let apart: Value = serde_json::from_str(&apart.stdout).unwrap();
    assert_eq!(apart, report(&list(&whole), &[]));
}

#[test]
fn no_spot_means_no_spot() {
    let on_demand = report(&list(&small()), &["--spot-percent", "0"]);
    adds_up(&on_demand);
    assert_eq!(on_demand["after"]["spot_nodes"], 0);
    assert_eq!(on_demand["basis"]["policy"]["spot_percent"], 0);
    let spot = report(&list(&small()), &["--spot-percent", "100"]);
    assert!(usd(&spot["after"]["cost_per_hour"]) < usd(&on_demand["after"]["cost_per_hour"]));
}

#[test]
fn a_policy_file_is_obeyed_and_the_flag_is_stronger() {
    let policy = json!({"spot_percent": 0, "template": {"families": ["m5"]}}).to_string();
    let policy = file("policy.json", policy.as_bytes());
    let told = report(&list(&small()), &["--policy", &policy]);
    assert_eq!(told["after"]["spot_nodes"], 0);
    for command in array(&told["commands"]) {
        for launch in array(&command["launch"]) {
            let instance_type = launch["choices"][0]["instance_type"].as_str().unwrap();
            assert!(instance_type.starts_with("m5."), "{instance_type}");
        }
    }
    let flag = report(&list(&small()), &["--policy", &policy, "--spot-percent", "30"]);
    assert_eq!(flag["basis"]["policy"]["spot_percent"], 30);
}

#[test]
fn what_lifting_the_blocks_would_bring_is_said_where_there_are_blocks() {
    assert_eq!(report(&list(&small()), &[])["unblocked"], Value::Null);
    let mut items = small();
    items.push(budget("worker", "worker", 0, 0));
    let blocked = report(&list(&items), &[]);
    adds_up(&blocked);
    let (saving, unblocked) = (&blocked["saving"]["per_hour"], &blocked["unblocked"]["per_hour"]);
    assert!(usd(unblocked) > usd(saving), "{unblocked} {saving}");
}

#[test]
fn finished_pods_hold_nothing_and_mirror_pods_go_with_their_node() {
    let before = report(&list(&small()), &[]);
    let mut items = small();
    let mut finished = pod("job", 0, Some("a"), "7", "20Gi");
    finished["status"]["phase"] = json!("Succeeded");
    items.push(finished);
    let after = report(&list(&items), &[]);
    assert_eq!(after["after"], before["after"]);
    assert_eq!(after["cluster"]["pods"], before["cluster"]["pods"]);
}

#[test]
fn init_containers_sidecars_and_overhead_count_as_the_scheduler_counts() {
    let mut items = small();
    let mut heavy = pod("heavy", 0, Some("a"), "100m", "128Mi");
    heavy["spec"]["initContainers"] = json!([
        {"name": "sidecar", "restartPolicy": "Always", "resources": {"requests": {"cpu": "200m"}}},
        {"name": "init", "resources": {"requests": {"cpu": "3"}}},
    ]);
    heavy["spec"]["overhead"] = json!({"cpu": "250m"});
    items.push(heavy);
    let utilisation = |report: &Value| report["before"]["cpu_utilisation_ppm"].as_u64().unwrap();
    let (light, heavy) = (report(&list(&small()), &[]), report(&list(&items), &[]));
    // max(0.1 + 0.2, 0.2 + 3) + 0.25 of 3 × 7.91 CPUs.
    let more = utilisation(&heavy) - utilisation(&light);
    assert!(more.abs_diff(3_450 * 1_000_000 / (3 * 7_910)) <= 1, "{more}");
}

/// A small cluster with one oddity in it, and the finding that must come of it.
fn oddities() -> Vec<(&'static str, Vec<Value>)> {
    const TYPE: &str = "node.kubernetes.io/instance-type";
    let with = |more: Vec<Value>| [small(), more].concat();
    let odd_node = |change: &dyn Fn(&mut Value)| {
        let mut odd = node("odd", "us-east-1a");
        change(&mut odd);
        with(vec![odd])
    };
    let labels = |node: &mut Value| node["metadata"]["labels"].as_object_mut().unwrap().clone();
    let relabelled = |key: &'static str, value: Option<&'static str>| {
        odd_node(&|node| {
            let mut all = labels(node);
            match value {
                Some(value) => drop(all.insert(key.to_owned(), json!(value))),
                None => drop(all.remove(key)),
            }
            node["metadata"]["labels"] = Value::Object(all);
        })
    };
    let odd_pod = |change: &dyn Fn(&mut Value)| {
        let mut odd = pod("odd", 0, Some("a"), "100m", "128Mi");
        change(&mut odd);
        with(vec![odd])
    };
    vec![
        ("instance_type_missing", relabelled(TYPE, None)),
        ("instance_type_unknown", relabelled(TYPE, Some("m99.mega"))),
        ("fargate_node", relabelled("eks.amazonaws.com/compute-type", Some("fargate"))),
        (
            "other_cloud_node",
            odd_node(&|node| {
                let labels = node["metadata"]["labels"].as_object_mut().unwrap();
                labels.retain(|key, _| !key.starts_with("eks."));
                node["spec"]["providerID"] = json!("gce://project/zone/vm");
            }),
        ),
        (
            "node_not_ready",
            odd_node(&|node| node["status"]["conditions"][0]["status"] = json!("Unknown")),
        ),
        ("managed_elsewhere", relabelled("karpenter.sh/nodepool", Some("default"))),
        ("requests_missing", odd_pod(&|pod| pod["spec"]["containers"][0]["resources"] = json!({}))),
        (
            "pod_do_not_disrupt",
            odd_pod(&|pod| {
                pod["metadata"]["annotations"] = json!({"karpenter.sh/do-not-disrupt": "true"});
            }),
        ),
        ("pod_without_controller", odd_pod(&|pod| pod["metadata"]["ownerReferences"] = json!([]))),
        ("pod_fits_nothing", with(vec![pod("odd", 0, None, "900", "1Gi")])),
        ("multiple_budgets", with(vec![budget("second", "api", 1, 1)])),
        ("budget_never_allows", with(vec![budget("never", "worker", 0, 0)])),
    ]
}

#[test]
fn every_oddity_is_a_finding_and_nothing_stops_adding_up() {
    for (code, items) in oddities() {
        let report = report(&list(&items), &[]);
        adds_up(&report);
        let codes: Vec<&str> = array(&report["findings"])
            .iter()
            .map(|group| group["code"].as_str().unwrap())
            .collect();
        assert!(codes.contains(&code), "{code} is not among {codes:?}");
    }
}

#[test]
fn a_thousand_findings_of_one_kind_are_a_few_lines() {
    let mut items = small();
    for ordinal in 0..1_000 {
        let mut bare = pod("bare", ordinal, None, "1", "1Gi");
        bare["spec"]["containers"][0]["resources"] = json!({});
        items.push(bare);
    }
    let ran = run(&["report", "-", "--budget-ms", "1"], list(&items).as_bytes());
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.lines().count() < 120, "{}", ran.stdout);
}
