//! Preferred node affinity: met where it costs no more than it is held to be worth, a fifth of what the
//! pod costs for a weight of 100. In the tests' market Spot costs a sixth more in zone b than in zone
//! a, and a third more in zone c; the further, the more often it is interrupted.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{ZONE, checked, node_term, pod, wasteful, zones};
use domain::Money;
use domain::offering::{Architecture, CapacityType};
use domain::plan::{Plan, PlanningInput};
use domain::snapshot::Operator;
use planner::explain;
use std::collections::BTreeSet;

const CAPACITY: &str = "eks.amazonaws.com/capacityType";
const ARCH: &str = "kubernetes.io/arch";

/// Six small pods on three large nodes that prefer one value of a label.
fn preferring(weight: i32, key: &str, value: &str) -> PlanningInput {
    wasteful((0..6).map(|number| {
        let mut made = pod("web", number, None, 300, 512);
        made.preferred_node_affinity.push((weight, node_term(key, Operator::In, &[value])));
        made
    }))
}

#[test]
fn a_preference_is_met_where_it_costs_less_than_its_worth_and_given_up_where_it_costs_more() {
    for (weight, zone, met) in [
        (100, "us-east-1b", true),
        (75, "us-east-1b", false),
        (1, "us-east-1b", false),
        (100, "us-east-1c", false),
        (1, "us-east-1a", true),
    ] {
        let plan = checked(&preferring(weight, ZONE, zone));
        let chosen = if met { zone } else { "us-east-1a" };
        assert_eq!(zones(&plan), BTreeSet::from([chosen]), "{weight} for {zone}");
    }
}

#[test]
fn a_preference_decides_between_equal_prices_on_demand_too() {
    for zone in ["us-east-1a", "us-east-1b", "us-east-1c"] {
        let mut input = preferring(1, ZONE, zone);
        input.policy.spot_percent = 0;
        assert_eq!(zones(&checked(&input)), BTreeSet::from([zone]));
    }
}

#[test]
fn weights_of_several_preferences_add_up() {
    let mut input = preferring(50, ZONE, "us-east-1b");
    assert_eq!(zones(&checked(&input)), BTreeSet::from(["us-east-1a"]));
    for pod in &mut input.snapshot.pods {
        let not_a = node_term(ZONE, Operator::NotIn, &["us-east-1a", "us-east-1c"]);
        pod.preferred_node_affinity.push((50, not_a));
    }
    assert_eq!(zones(&checked(&input)), BTreeSet::from(["us-east-1b"]));
}

#[test]
fn pods_that_prefer_on_demand_go_to_spot_for_a_third_of_the_price_and_the_plan_says_so() {
    let plan = checked(&preferring(100, CAPACITY, "ON_DEMAND"));
    assert!(plan.after.spot_nodes > 0);
    let text = explain(&plan, 0);
    for part in [
        "Preferred node affinity is met, as far as any offering can, for 0 of 6 pods.",
        "give 6 pods of Deployment default/web what they prefer: eks.amazonaws.com/capacityType in ON_DEMAND (weight 100)",
        "USD/h more and is held to be worth",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    // Where Spot saves little they get what they prefer.
    let mut input = preferring(100, CAPACITY, "ON_DEMAND");
    let market = input.market.clone();
    for offering in &mut input.market.offerings {
        let mut sure = offering.pool.clone();
        sure.capacity_type = CapacityType::OnDemand;
        if offering.pool.capacity_type == CapacityType::Spot {
            offering.price_per_hour = market.price(&sure).unwrap().ratio(9, 10);
        }
    }
    assert_eq!(checked(&input).after.spot_nodes, 0);
}

#[test]
fn a_preference_that_decided_is_said_with_what_was_cheaper() {
    let plan = checked(&preferring(100, ZONE, "us-east-1b"));
    let text = explain(&plan, 0);
    for part in [
        "Preferred node affinity is met, as far as any offering can, for 6 of 6 pods.",
        "us-east-1a spot (",
        "6 pods such as of Deployment default/web would rather be elsewhere (topology.kubernetes.io/zone in us-east-1b (weight 100)), which is held to be worth",
        "ignore preferred node affinity (",
        "USD/h less, but meeting it is held to be worth",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn what_a_preference_is_worth_is_in_no_price() {
    let with = checked(&preferring(100, ZONE, "us-east-1b"));
    let mut input = preferring(100, ZONE, "us-east-1b");
    for pod in &mut input.snapshot.pods {
        pod.preferred_node_affinity.clear();
    }
    let without = checked(&input);
    assert_eq!(with.lower_bound_per_hour, without.lower_bound_per_hour);
    assert_eq!(with.before, without.before);
    // Both are one node of the same type, at the prices of its zones.
    let price = |plan: &Plan| plan.commands[0].launch[0].choices[0].price_per_hour;
    assert_eq!(with.after.cost_per_hour, price(&with));
    assert_eq!(without.after.cost_per_hour, price(&without));
    assert_eq!(price(&with), price(&without).ratio(35, 30));
}

#[test]
fn a_label_that_pods_prefer_goes_to_their_new_nodes_but_binds_them_to_none() {
    let mut input = preferring(50, "team", "blue");
    let launch = |input: &PlanningInput| checked(input).commands[0].launch[0].clone();
    assert!(launch(&input).labels.is_empty(), "no node group has it");
    for node in &mut input.snapshot.nodes[..2] {
        node.labels.insert("team".to_owned(), "blue".to_owned());
    }
    assert_eq!(launch(&input).labels.get("team").map(String::as_str), Some("blue"));
}

#[test]
fn a_preference_decides_between_architectures_that_pods_can_run_on_alone() {
    let mut input = preferring(100, ARCH, "amd64");
    input.template.architectures.insert(Architecture::Arm64);
    let arm = |input: &PlanningInput| {
        let plan = checked(input);
        let launches = plan.commands.iter().flat_map(|command| &command.launch);
        launches.filter(|launch| launch.choices[0].pool.instance_type.starts_with("m6g")).count()
    };
    for pod in &mut input.snapshot.pods {
        pod.architectures = vec![Architecture::Amd64, Architecture::Arm64];
        pod.requests.memory_mib = 1_100;
    }
    // m6g costs a fifth less than m6i, which is a quarter more than m6g.
    assert!(arm(&input) > 0);
    for offering in &mut input.market.offerings {
        if offering.pool.instance_type.starts_with("m6g") {
            offering.price_per_hour = offering.price_per_hour.ratio(11, 10);
        }
    }
    assert_eq!(arm(&input), 0);
    for pod in &mut input.snapshot.pods {
        pod.preferred_node_affinity[0].0 = 10;
    }
    assert!(arm(&input) > 0);
    // A preference for what an image is not known to run on asks for nothing.
    let mut input = preferring(100, ARCH, "arm64");
    input.template.architectures.insert(Architecture::Arm64);
    assert_eq!(arm(&input), 0);
}

#[test]
fn no_pod_is_moved_to_please_it() {
    let mut input = preferring(100, ZONE, "us-east-1b");
    let plan = checked(&input);
    let launch = &plan.commands[0].launch[0];
    // All of them on the cheapest node there is, in zone a.
    let mut node = common::node("node-0", &launch.choices[0].pool.instance_type, "us-east-1a");
    node.capacity_type = Some(CapacityType::Spot);
    node.labels.insert(CAPACITY.to_owned(), "SPOT".to_owned());
    input.snapshot.nodes = vec![node];
    for pod in &mut input.snapshot.pods {
        pod.node = Some("node-0".to_owned());
    }
    assert_eq!(checked(&input).commands, []);
}

#[test]
fn limits_on_spot_and_what_cannot_be_had_leave_no_pod_without_a_place() {
    let many = |zone: &str| {
        let mut input = wasteful((0..40).map(|number| {
            let mut made = pod("web", number, None, 1_000, 2_048);
            made.preferred_node_affinity.push((100, node_term(ZONE, Operator::In, &[zone])));
            made
        }));
        input.policy.max_zone_percent = 50;
        input.policy.spot_percent = 60;
        input
    };
    let mut plain = many("us-east-1b");
    for pod in &mut plain.snapshot.pods {
        pod.preferred_node_affinity.clear();
    }
    let plain = checked(&plain);
    assert!(plain.saving_per_hour() > Money::ZERO);
    for zone in ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1x"] {
        let plan = checked(&many(zone));
        // A fifth at most of what all pods cost.
        let most = plain.after.cost_per_hour.ratio(120, 100);
        assert!(plan.after.cost_per_hour <= most, "{zone}: {}", plan.after.cost_per_hour);
        assert_eq!(plan.after.spot_cpu_ppm, plain.after.spot_cpu_ppm, "{zone}");
    }
}

#[test]
fn a_pending_pod_gets_what_it_prefers_where_that_is_worth_it() {
    let mut input = preferring(100, ZONE, "us-east-1b");
    input.snapshot.nodes.clear();
    for pod in &mut input.snapshot.pods {
        pod.node = None;
    }
    assert_eq!(zones(&checked(&input)), BTreeSet::from(["us-east-1b"]));
}

#[test]
fn of_two_preferences_the_one_that_is_worth_it_is_met_and_the_other_is_not() {
    let mut input = preferring(100, ZONE, "us-east-1b");
    for pod in &mut input.snapshot.pods[3..] {
        pod.preferred_node_affinity =
            vec![(100, node_term(CAPACITY, Operator::In, &["ON_DEMAND"]))];
    }
    // Each fills a node.
    input.template.max_vcpu = 2;
    for pod in &mut input.snapshot.pods {
        pod.requests.cpu_milli = 1_900;
    }
    let plan = checked(&input);
    assert_eq!(plan.after.spot_nodes, plan.after.nodes);
    assert_eq!(zones(&plan), BTreeSet::from(["us-east-1a", "us-east-1b"]));
}
