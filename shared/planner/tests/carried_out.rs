//! What a plan says and what becomes of it when a scheduler, not the planner, places evicted pods.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::random::{cluster, services};
use common::world::{CarriedOut, Scoring, carry_out};
use domain::Money;
use domain::plan::{Plan, PlanningInput};
use planner::{explain, plan};

/// What plans promised and what was achieved.
#[derive(Default)]
struct Sum {
    promised: Money,
    achieved: Money,
    /// Plans of which something was left undone, or that left a pod without a node.
    failed: Vec<String>,
}

impl Sum {
    fn add(&mut self, input: &PlanningInput, plan: &Plan, scoring: Scoring, seed: u64) {
        let CarriedOut { cost, kept, stranded, .. } = carry_out(input, plan, scoring, seed);
        self.promised += plan.saving_per_hour();
        self.achieved += plan.before.cost_per_hour - cost;
        if !kept.is_empty() || !stranded.is_empty() {
            let text = format!("seed {seed} {scoring:?}: kept {kept:?}, stranded {stranded:?}");
            self.failed.push(text);
        }
    }
}

#[test]
fn what_plans_for_clusters_of_services_promise_is_achieved() {
    let mut sum = Sum::default();
    for seed in 0..60 {
        let input = services(seed);
        let plan = plan(&input);
        for scoring in [Scoring::LeastAllocated, Scoring::Balanced] {
            sum.add(&input, &plan, scoring, seed);
        }
    }
    assert!(sum.promised > Money::from_nanos(200_000_000_000), "{}", sum.promised);
    // No number of rehearsals shows everything that chance may do.
    assert!(sum.failed.len() <= 2, "{:#?}", sum.failed);
    assert!(sum.achieved >= sum.promised.ratio(99, 100), "{} of {}", sum.achieved, sum.promised);
}

#[test]
fn what_plans_for_odd_little_clusters_promise_is_achieved() {
    let mut sum = Sum::default();
    for seed in 0..600 {
        let mut input = cluster(seed);
        // What is paid for already is in no instance's price.
        input.covered_vcpus.clear();
        sum.add(&input, &plan(&input), Scoring::LeastAllocated, seed);
    }
    assert!(sum.failed.is_empty(), "{:#?}", sum.failed);
    assert_eq!(sum.promised, sum.achieved);
}

#[test]
fn room_that_the_scheduler_needs_is_said_with_its_cost() {
    let plans = (0..60).map(|seed| plan(&services(seed)));
    let texts: Vec<String> = plans.map(|plan| explain(&plan, 0)).collect();
    let with_room = texts.iter().filter(|text| text.contains("Room for the scheduler"));
    let with_room: Vec<&String> = with_room.collect();
    assert!(with_room.len() > 10, "{}", with_room.len());
    assert!(with_room.iter().all(|text| text.contains("pack the nodes to the brim")));
}

#[test]
fn a_plan_that_was_carried_out_is_followed_by_none_before_its_nodes_have_rested() {
    let mut followed = Vec::new();
    for seed in 0..60 {
        let mut input = services(seed);
        input.policy.cooldown_minutes = 30;
        let first = plan(&input);
        input.snapshot = carry_out(&input, &first, Scoring::LeastAllocated, seed).then;
        let second = plan(&input);
        if !second.commands.is_empty() {
            followed.push((seed, first.saving_per_hour(), second.saving_per_hour()));
        }
    }
    assert!(followed.is_empty(), "{followed:?}");
}
