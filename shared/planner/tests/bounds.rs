//! Bounds and packings against an exhaustive solver that shares no code with the planner.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::random::{Dice, place};
use common::{HOSTNAME, ZONE, ZONES, exact, input, node, node_term, pod, term};
use domain::finding::FindingCode;
use domain::offering::{Architecture, CapacityType};
use domain::plan::PlanningInput;
use domain::snapshot::{Operator, Pod};
use planner::packing::{Item, Kind, Problem, Sites, solve};
use planner::plan;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The cheapest way to pack `left` items of each class: the first that is left goes into some new bin
/// together with every subset of the rest that fits.
fn optimum(problem: &Problem<3>, left: &[u32], known: &mut BTreeMap<Vec<u32>, u64>) -> u64 {
    let Some(first) = left.iter().position(|count| *count > 0) else { return 0 };
    if let Some(cost) = known.get(left) {
        return *cost;
    }
    let mut best = u64::MAX;
    for kind in &problem.kinds {
        let mut load = vec![0; left.len()];
        loop {
            let fits = (0..3).all(|at| {
                let used: u32 = load
                    .iter()
                    .zip(&problem.items)
                    .map(|(count, item)| count * item.size[at])
                    .sum();
                used <= kind.capacity[at]
            });
            if fits && load[first] > 0 {
                let rest: Vec<u32> =
                    left.iter().zip(&load).map(|(left, load)| left - load).collect();
                best = best.min(kind.price.saturating_add(optimum(problem, &rest, known)));
            }
            // The next load, counting like an odometer.
            let Some(at) = (0..left.len()).find(|at| load[*at] < left[*at]) else { break };
            load[at] += 1;
            load[..at].fill(0);
        }
    }
    known.insert(left.to_vec(), best);
    best
}

fn small(seed: u64) -> Problem<3> {
    let mut dice = Dice::new(seed);
    let mut sites = Sites::default();
    sites.insert(0);
    let sites = Rc::new(sites);
    let kinds = (0..=dice.roll(3)).map(|_| Kind {
        capacity: [4 + dice.roll(12) as u32, 4 + dice.roll(12) as u32, 2 + dice.roll(4) as u32],
        price: 1_000 + dice.roll(9_000),
        site: 0,
        quotas: Vec::new(),
        pool: None,
        tallies: Vec::new(),
    });
    let kinds = kinds.collect();
    let items = (0..=dice.roll(3)).map(|_| Item {
        size: [1 + dice.roll(4) as u32, 1 + dice.roll(4) as u32, 1],
        count: 1 + dice.roll(4) as u32,
        sites: Rc::clone(&sites),
        members: Rc::from([]),
        workload: None,
    });
    Problem { items: items.collect(), kinds, ..Problem::default() }
}

#[test]
fn no_optimum_is_below_the_bound_or_above_the_packing() {
    let (mut exact, cases) = (0, 400);
    for seed in 0..cases {
        let problem = small(seed);
        let left: Vec<u32> = problem.items.iter().map(|item| item.count).collect();
        let best = optimum(&problem, &left, &mut BTreeMap::new());
        let packing = solve(&problem, 300, seed);
        assert!(packing.unplaced.is_empty(), "seed {seed}");
        assert!(packing.bound <= best, "seed {seed}: bound {} above {best}", packing.bound);
        assert!(packing.cost >= best, "seed {seed}: {} below {best}", packing.cost);
        exact += u64::from(packing.cost == best);
    }
    assert!(exact * 100 >= cases * 95, "only {exact} of {cases} are optimal");
}

#[test]
fn a_pod_less_never_raises_the_bound_above_the_packing_with_it() {
    let mut tight = 0;
    for seed in 0..400 {
        let problem = small(seed);
        let mut fewer = problem.clone();
        fewer.items[0].count -= 1;
        let (all, less) = (solve(&problem, 300, 1), solve(&fewer, 300, 1));
        assert!(less.bound <= all.cost, "seed {seed}: {} to {}", all.cost, less.bound);
        // Where the bound is proved to be the optimum it can be held against the other's.
        if all.bound == all.cost {
            assert!(less.bound <= all.bound, "seed {seed}: {} to {}", all.bound, less.bound);
            tight += 1;
        }
    }
    assert!(tight > 200, "only {tight} bounds are the optimum: the test says little");
}

#[test]
fn a_pod_less_never_raises_the_bound_above_what_all_cost_at_best() {
    let mut lower = 0;
    for seed in 0..300 {
        let problem = small(seed);
        let left: Vec<u32> = problem.items.iter().map(|item| item.count).collect();
        let best = optimum(&problem, &left, &mut BTreeMap::new());
        for item in 0..problem.items.len() {
            let mut fewer = problem.clone();
            fewer.items[item].count -= 1;
            for budget in [1, 20, 300] {
                let bound = solve(&fewer, budget, seed).bound;
                assert!(bound <= best, "seed {seed}, budget {budget}: {bound} above {best}");
                lower += u32::from(bound < best);
            }
        }
    }
    assert!(lower > 100, "no pod mattered");
}

#[test]
fn no_optimum_of_many_shapes_is_below_the_bound() {
    // Tiny budgets leave few rows, so that items share one or are poured as sand.
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let mut problem = small(seed);
        let sites = Rc::clone(&problem.items[0].sites);
        problem.items = (0..7)
            .map(|_| Item {
                size: [1 + dice.roll(4) as u32, 1 + dice.roll(4) as u32, 1],
                count: 1,
                sites: Rc::clone(&sites),
                members: Rc::from([]),
                workload: None,
            })
            .collect();
        let best = optimum(&problem, &[1; 7], &mut BTreeMap::new());
        for budget in [1, 2, 5, 300] {
            let packing = solve(&problem, budget, seed);
            assert!(packing.bound <= best, "seed {seed}: bound {} above {best}", packing.bound);
            assert!(packing.cost >= best, "seed {seed}: {} below {best}", packing.cost);
            assert!(packing.unplaced.is_empty(), "seed {seed}");
        }
    }
}

#[test]
fn bounds_come_near_what_small_instances_cost() {
    let (mut bounds, mut costs) = (0, 0);
    for seed in 0..400 {
        let packing = solve(&small(seed), 300, seed);
        bounds += packing.bound;
        costs += packing.cost;
    }
    assert!(bounds * 100 >= costs * 95, "{bounds} of {costs}");
}

/// A few pods on one node or two, eight offerings, and a policy that may be strict.
fn handful(seed: u64) -> PlanningInput {
    let mut dice = Dice::new(seed.wrapping_add(9_000));
    let mut nodes = Vec::new();
    let types =
        [["m6i.large", "c6i.xlarge"], ["m6i.xlarge", "c6i.large"], ["m5.large", "r6i.large"]];
    let types = types[dice.roll(3) as usize];
    for at in 0..=dice.roll(2) {
        let of = types[dice.roll(2) as usize];
        let mut made = node(&format!("node-{at}"), of, ZONES[dice.roll(2) as usize]);
        if dice.one_in(3) {
            made.capacity_type = Some(CapacityType::Spot);
        }
        made.do_not_disrupt = dice.one_in(4);
        nodes.push(made);
    }
    let mut pods: Vec<Pod> = Vec::new();
    for app in 0..=dice.roll(3) {
        let name = format!("app{app}");
        let mut model = pod(&name, 0, None, 200 * (1 + dice.roll(7)), 512 * (1 + dice.roll(7)));
        model.architectures = vec![Architecture::Amd64];
        match dice.roll(6) {
            0 => model.anti_affinity.push(term(HOSTNAME, &name)),
            1 => model.anti_affinity.push(term(HOSTNAME, "app0")),
            2 => model.host_ports.push(8080),
            3 => model.node_affinity.push(node_term(ZONE, Operator::In, &[ZONES[1]])),
            _ => {}
        }
        for number in 0..=(dice.roll(3) as usize) {
            if pods.len() < 6 {
                let mut one = model.clone();
                one.name = format!("{name}-{number:04}");
                one.uid.clone_from(&one.name);
                place(&mut one, &nodes, &pods, &mut dice);
                // Some are where their constraints would not let them come to.
                if dice.one_in(6)
                    && pods.iter().all(|other| other.node.as_ref() != Some(&nodes[0].name))
                {
                    one.node = Some(nodes[0].name.clone());
                    one.ready = true;
                }
                pods.push(one);
            }
        }
    }
    let mut made = input(nodes, pods);
    made.market.offerings.retain(|offering| {
        let pool = &offering.pool;
        pool.zone != ZONES[2] && types.contains(&pool.instance_type.as_str())
    });
    let policy = &mut made.policy;
    policy.spot_percent = [0, 40, 70, 100][dice.roll(4) as usize];
    policy.on_demand_base = [0, 0, 1][dice.roll(3) as usize];
    policy.headroom_percent = [0, 5][dice.roll(2) as usize];
    if dice.one_in(2) {
        policy.max_pool_percent = 25;
        policy.max_family_percent = 50;
        policy.max_zone_percent = 50;
    }
    made
}

#[test]
fn no_cheapest_fleet_is_below_the_bound_of_a_plan_or_above_its_cost() {
    let (mut bounds, mut costs, mut exact) = (0, 0, 0);
    for seed in 0..400 {
        let input = handful(seed);
        let plan = plan(&input);
        let best = exact::cheapest(&input).expect("pods that some new node holds");
        let (bound, cost) = (plan.lower_bound_per_hour.nanos(), plan.after.cost_per_hour.nanos());
        assert!(bound <= best, "seed {seed}: bound {bound} above {best}");
        // A plan that leaves pods waiting runs fewer.
        let waits = plan.findings.iter().any(|finding| finding.code == FindingCode::PodFitsNothing);
        assert!(waits || cost >= best, "seed {seed}: {cost} below {best}");
        (bounds, costs, exact) = (bounds + bound, costs + best, exact + u32::from(bound == best));
    }
    assert!(bounds * 100 >= costs * 60, "{bounds} of {costs}");
    assert!(exact > 20, "only {exact} bounds are the least cost: the test says little");
}
