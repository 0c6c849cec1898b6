//! What holds for every plan, on thousands of random clusters.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::checker::faults;
use common::random::{Dice, cheaper, cluster};
use domain::finding::FindingCode;
use domain::plan::{Plan, PlanningInput};
use domain::snapshot::Pod;
use planner::{decide, plan, survey};
use std::collections::BTreeSet;
use std::num::NonZero;

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
fn the_count_of_nodes_stays_within_the_template() {
    let mut full = 0;
    for input in (CASES..CASES * 6).map(cluster) {
        if input.template.max_nodes.is_some() {
            assert_eq!(faults(&input, &decide(&input)), Vec::<String>::new(), "{}", input.seed);
            full += 1;
        }
    }
    assert!(full > CASES / 5, "{full} clusters with a most");
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
    let (mut lower, mut compared) = (0, 0);
    for seed in 0..CASES / 2 {
        let mut input = cluster(seed);
        input.budget = 0;
        // Nodes there are pay the new price too, which must not hide a higher bound.
        let (before, after) = (plan(&input), plan(&cheaper(&input, seed)));
        // One that waited may have got in, and is paid for.
        if waiting(&before) != waiting(&after) {
            continue;
        }
        let (bound, then) = (before.lower_bound_per_hour, after.lower_bound_per_hour);
        assert!(then <= bound, "seed {seed}: {then} above {bound}");
        lower += u64::from(then < bound);
        compared += 1;
    }
    assert!(compared > CASES / 4, "only {compared} run the same pods");
    assert!(lower > CASES / 16, "an offering mattered in {lower} of {compared}");
}

#[test]
fn a_pod_less_never_raises_the_bound_of_a_plan() {
    let (mut lower, mut compared) = (0, 0);
    for seed in 0..CASES {
        let mut input = cluster(seed);
        input.budget = 0;
        // Without any pod a cap of some percent allows the others less on Spot, and they may cost more.
        let policy = &mut input.policy;
        (policy.max_pool_percent, policy.max_family_percent, policy.max_zone_percent) =
            (100, 100, 100);
        let Some(pods) = NonZero::new(input.snapshot.pods.len() as u64) else { continue };
        let (before, kept) = (plan(&input), survey(&input).kept_by);
        let mut fewer = input.clone();
        let gone = fewer.snapshot.pods.remove(Dice::new(seed).roll(pods.get()) as usize);
        if policy_asks_more_without(&input, &before, &kept, &gone) {
            continue;
        }
        let after = plan(&fewer);
        // Without it one that waited may find a place, and is paid for.
        let gets_in = waiting(&before) != waiting(&after);
        // Without its company another may not be let back where it was, and keeps its node.
        let mut then_and_now = kept.iter().zip(survey(&fewer).kept_by);
        let stays = then_and_now.any(|(then, now)| then.is_none() && now.is_some());
        if gets_in || stays {
            continue;
        }
        let (bound, then) = (before.lower_bound_per_hour, after.lower_bound_per_hour);
        assert!(then <= bound, "seed {seed}: {then} above {bound} without {}", gone.name);
        lower += u64::from(then < bound);
        compared += 1;
    }
    assert!(lower > CASES / 8, "a pod mattered in {lower} of {compared}");
}

/// Whether the policy may ask more of the other pods without a pod, so that the least cost itself rises:
/// its percentages are of all pods' CPU and replicas, and a pod that the plan neither moves nor places
/// leaves no room on-demand for those that may be on Spot no more.
fn policy_asks_more_without(
    input: &PlanningInput,
    plan: &Plan,
    kept: &[Option<String>],
    pod: &Pod,
) -> bool {
    let policy = &input.policy;
    let shared = !matches!(policy.spot_percent, 0 | 100) || policy.on_demand_base > 0;
    let node = input.snapshot.nodes.iter().position(|node| Some(&node.name) == pod.node.as_ref());
    let owner = pod.owner.as_ref().map(|owner| format!("workload/{owner}"));
    let waits = || {
        waiting(plan)
            .iter()
            .any(|(subject, _)| *subject == pod.subject() || Some(subject) == owner.as_ref())
    };
    let counts = pod.kind.is_evictable() && !pod.terminating;
    counts && shared && node.map_or_else(waits, |node| kept[node].is_some())
}

/// What the plan says of pods that wait and get no place, by its subject.
fn waiting(plan: &Plan) -> BTreeSet<(String, String)> {
    let waits = [FindingCode::PodPending, FindingCode::PodFitsNothing];
    let findings = plan.findings.iter().filter(|finding| waits.contains(&finding.code));
    findings.map(|finding| (finding.subject.clone(), finding.message.clone())).collect()
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
        // All by every rule, and a tenth by the search too.
        input.budget = if seed % 10 == 0 { 500 } else { 0 };
        input.market.offerings.retain(|offering| offering.pool.instance_type.contains("6i.x"));
        let stored = serde_json::to_vec(&input).unwrap();
        let first = serde_json::to_vec(&plan(&input)).unwrap();
        let again: domain::plan::PlanningInput = serde_json::from_slice(&stored).unwrap();
        assert_eq!(first, serde_json::to_vec(&plan(&again)).unwrap(), "seed {seed}");
    }
}
