//! What plans say: reasons, alternatives and stays, as people read them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::random::{cluster, services};
use common::{checked, free_policy, input, node, pod, small, wasteful};
use domain::Money;
use domain::plan::{Plan, PlanningInput};
use planner::{explain, plan};

/// Everything that a plan says.
fn said(plan: &Plan) -> Vec<String> {
    let commands = (0..plan.commands.len() as u32).map(|index| explain(plan, index));
    let stays = plan.stays.iter().map(|stay| stay.text.clone());
    let findings = plan.findings.iter().map(|finding| finding.message.clone());
    commands.chain(stays).chain(findings).collect()
}

/// The only alternative of a plan's first command that begins like this.
fn why_not(plan: &Plan, what: &str) -> String {
    let rejected = plan.commands[0].rejected.iter();
    let found: Vec<_> = rejected.filter(|other| other.what.starts_with(what)).collect();
    assert_eq!(found.len(), 1, "{what}: {:#?}", plan.commands[0].rejected);
    found[0].why.clone()
}

#[test]
fn a_command_is_explained_with_numbers_and_what_was_not_chosen() {
    let plan = checked(&small(|_| {}));
    let text = explain(&plan, 0);
    for part in ["saves", "USD/h", "retire node-", "launch 1 ×", "not chosen:", "keep node-", "gap"]
    {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(explain(&plan, 99).contains("has no command 99; it has 1 command, numbered from 0"));
}

#[test]
fn one_is_said_as_one_and_many_as_many() {
    let wrong = [
        " 1 nodes",
        " 1 pods",
        " 1 evictions",
        " 1 replicas",
        " 1 minutes",
        " 1 commands",
        "(1 pods",
        "node run ",
        "node give ",
        "pod fit ",
        "eviction are",
        " than nothing",
        "-0.",
        "cost 0.00 USD/h",
        " 0 of 0",
        "  launch 0",
    ];
    let random = (0..400).map(cluster).chain((0..10).map(services));
    for (seed, input) in random.enumerate() {
        for text in said(&plan(&input)) {
            let padded = format!(" {text}");
            let found = wrong.iter().find(|wrong| padded.contains(**wrong));
            assert_eq!(found, None, "seed {seed}: {text}");
        }
    }
}

#[test]
fn one_pod_of_one_node_is_said_in_the_singular() {
    let mut large = node("node-0", "m6i.4xlarge", "us-east-1a");
    large.do_not_disrupt = true;
    let made = pod("web", 0, Some("node-1"), 300, 512);
    let input = input(vec![large, node("node-1", "m6i.large", "us-east-1a")], vec![made]);
    let plan = checked(&input);
    let text = &plan.commands[0].reason.text;
    let begin = "1 pod of 1 node (0.096 USD/h) fits into the free room of other nodes: saves 0.096 USD/h; 1 eviction is held to cost 0.001 USD, which is earned back in ";
    assert!(text.starts_with(begin), "{text}");
    assert_eq!(why_not(&plan, "keep node-1"), "costs 0.096 USD/h for pods that fit elsewhere");
}

#[test]
fn a_workload_of_one_replica_is_named_since_it_is_away_meanwhile() {
    let text = |apps: &[&str]| {
        let pods = apps.iter().enumerate().map(|(at, app)| pod(app, at, None, 300, 512));
        let commands = checked(&wasteful(pods)).commands;
        commands.into_iter().map(|command| command.reason.text).collect::<String>()
    };
    assert!(!text(&["web", "web"]).contains("replica"));
    let one = " Deployment default/db has one replica and is away until that runs again.";
    assert!(text(&["web", "web", "db"]).contains(one));
    let two = " Deployment default/api and 1 other workload have one replica each and are away until that runs again.";
    assert!(text(&["api", "db"]).contains(two), "{}", text(&["api", "db"]));
}

/// Sixty pods on three large nodes.
fn many(change: impl Fn(&mut PlanningInput)) -> Plan {
    let mut input = wasteful((0..60).map(|number| pod("web", number, None, 1_000, 2_048)));
    change(&mut input);
    checked(&input)
}

fn reasons(plan: &Plan) -> Vec<String> {
    plan.commands.iter().flat_map(|it| &it.rejected).map(|other| other.why.clone()).collect()
}

#[test]
fn the_limit_that_rules_a_cheaper_pool_out_is_said_with_its_numbers() {
    type Case = (fn(&mut PlanningInput), &'static str, &'static str);
    let cases: [Case; 5] = [
        (
            |input| input.policy.spot_percent = 40,
            "of requested CPU would be on Spot; the policy allows 40 %",
            " %",
        ),
        (
            |input| input.policy.on_demand_base = 45,
            "of 60 replicas of Deployment default/web would be on Spot; the policy allows 15",
            "",
        ),
        (
            |input| input.policy.max_workload_pool_percent = 25,
            "of 60 replicas of Deployment default/web would be in one Spot pool; the policy allows 25 %, which is 15",
            "",
        ),
        (
            |input| {
                input.policy.max_pool_percent = 30;
                input.template.max_vcpu = 4;
            },
            "of the CPU on Spot would be in pool ",
            "the policy allows 30 %, rounded up to a whole node",
        ),
        (
            |input| {
                input.policy.max_zone_percent = 10;
                input.template.max_vcpu = 4;
            },
            "of the CPU on Spot would be in zone us-east-1a; an even share of what there is would be 34 %, rounded up to a whole node",
            "",
        ),
    ];
    for (at, (change, part, also)) in cases.into_iter().enumerate() {
        let reasons = reasons(&many(change));
        let found = reasons.iter().any(|why| why.contains(part) && why.contains(also));
        assert!(found, "{at}: {reasons:#?}");
    }
}

#[test]
fn a_saving_that_is_too_small_is_said_beside_what_the_policy_asks_for() {
    let mut input = small(|_| {});
    input.policy = free_policy();
    input.policy.min_saving_per_hour = Money::parse_usd("5").unwrap();
    let plan = checked(&input);
    for stay in &plan.stays {
        let text = &stay.text;
        assert!(text.starts_with("Replacing it and others would save 2.27"), "{text}");
        assert!(text.ends_with("USD/h; the policy asks for at least 5.00 USD/h."), "{text}");
    }
}
