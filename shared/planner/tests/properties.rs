//! What holds for every plan, on thousands of random clusters.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::checker::faults;
use common::random::{Dice, cheaper, cluster};
use planner::{decide, plan, survey};

const CASES: u64 = 1_500;

#[test]
fn no_plan_breaks_a_constraint_the_policy_or_its_own_sums() {
    let mut moved = 0;
    let mut wrong = Vec::new();
    for seed in 0..CASES {
        let input = cluster(seed);
        let decision = decide(&input);
        wrong.extend(
            faults(&input, &decision).into_iter().map(|fault| format!("seed {seed}: {fault}")),
        );
        moved += decision.placements.len();
    }
    wrong.truncate(20);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(moved as u64 > CASES, "the clusters are too easy: {moved} pods moved");
}

#[test]
fn the_order_of_the_input_does_not_matter() {
    for seed in 0..CASES / 4 {
        let input = cluster(seed);
        let mut shuffled = input.clone();
        let mut dice = Dice::new(seed);
        let pods = &mut shuffled.snapshot.pods;
        for at in (1..pods.len()).rev() {
            pods.swap(at, dice.roll(at as u64 + 1) as usize);
        }
        shuffled.snapshot.nodes.reverse();
        shuffled.market.offerings.reverse();
        shuffled.snapshot.disruption_budgets.reverse();
        assert_eq!(decide(&input), decide(&shuffled), "seed {seed}");
    }
}

#[test]
fn a_cheaper_offering_never_raises_the_bound_of_a_plan() {
    let mut lower = 0;
    for seed in 0..CASES / 4 {
        let input = cluster(seed);
        // Nodes there are pay the new price too, which must not hide a higher bound.
        let bound = plan(&input).lower_bound_per_hour;
        let then = plan(&cheaper(&input, seed)).lower_bound_per_hour;
        assert!(then <= bound, "seed {seed}: {then} above {bound}");
        lower += u32::from(then < bound);
    }
    assert!(lower > 0, "no offering mattered");
}

#[test]
fn a_survey_sees_what_a_plan_starts_from() {
    for seed in 0..CASES / 4 {
        let input = cluster(seed);
        let (seen, plan) = (survey(&input), plan(&input));
        assert_eq!(seen.position, plan.before, "seed {seed}");
        let missed = seen.findings.iter().find(|finding| !plan.findings.contains(finding));
        assert_eq!(missed, None, "seed {seed}");
        for retired in plan.commands.iter().flat_map(|command| &command.retire) {
            let at = input.snapshot.nodes.iter().position(|node| node.name == retired.node);
            assert_eq!(seen.kept_by[at.unwrap()], None, "seed {seed}: {}", retired.node);
        }
    }
}

#[test]
fn ten_thousand_plans_replay_to_the_same_bytes() {
    for seed in 0..10_000 {
        let mut input = cluster(seed);
        input.budget = 0;
        input.market.offerings.retain(|offering| offering.pool.instance_type.contains("6i.x"));
        let stored = serde_json::to_vec(&input).unwrap();
        let first = serde_json::to_vec(&plan(&input)).unwrap();
        let again: domain::plan::PlanningInput = serde_json::from_slice(&stored).unwrap();
        assert_eq!(first, serde_json::to_vec(&plan(&again)).unwrap(), "seed {seed}");
    }
}
