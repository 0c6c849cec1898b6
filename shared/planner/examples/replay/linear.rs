//! What a fleet within the same caps costs where nodes can be cut at will: a linear programme.

use domain::Money;
use domain::offering::{CapacityType, InstanceType, Offering, Pool, family_of};
use domain::plan::PlanningInput;
use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};
use std::collections::{BTreeMap, BTreeSet};

/// USD in an hour for the pods of the snapshot, all of them moving.
///
/// Per pool: nodes, and CPU and memory of pods on them, all continuous. Kept: both resources' sums, the
/// policy's headroom, its share of Spot, and its caps per pool, family and zone, as shares of the CPU on Spot.
pub(crate) fn bound(input: &PlanningInput) -> Option<f64> {
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let requests = || input.snapshot.pods.iter().map(|pod| &pod.requests);
    let cpu: u64 = requests().map(|asked| asked.cpu_milli).sum();
    let memory: u64 = requests().map(|asked| asked.memory_mib).sum();
    let free = |amount: u64| {
        amount as f64 / 1_024.0 * (1.0 - f64::from(input.policy.headroom_percent) / 100.0)
    };
    let (mut all_cpu, mut all_memory, mut on_spot) = (Vec::new(), Vec::new(), Vec::new());
    let mut capped: BTreeMap<(u8, String), (u8, Vec<Variable>)> = BTreeMap::new();
    for (pool, price) in cheapest(input) {
        let room = input.market.types[&pool.instance_type].allocatable();
        let nodes = problem.add_var(price.as_usd(), (0.0, f64::INFINITY));
        let used_cpu = problem.add_var(0.0, (0.0, f64::INFINITY));
        let used_memory = problem.add_var(0.0, (0.0, f64::INFINITY));
        problem.add_constraint(
            [(used_cpu, 1.0), (nodes, -free(room.cpu_milli))],
            ComparisonOp::Le,
            0.0,
        );
        problem.add_constraint(
            [(used_memory, 1.0), (nodes, -free(room.memory_mib))],
            ComparisonOp::Le,
            0.0,
        );
        all_cpu.push((used_cpu, 1.0));
        all_memory.push((used_memory, 1.0));
        if pool.capacity_type == CapacityType::Spot {
            on_spot.push((used_cpu, 1.0));
            let policy = &input.policy;
            for (at, (percent, name)) in (0..).zip([
                (policy.max_pool_percent, pool.to_string()),
                (policy.max_family_percent, family_of(&pool.instance_type).to_owned()),
                (policy.max_zone_percent, pool.zone.clone()),
            ]) {
                capped.entry((at, name)).or_insert((percent, Vec::new())).1.push(used_cpu);
            }
        }
    }
    let cpu = cpu as f64 / 1_024.0;
    problem.add_constraint(&all_cpu, ComparisonOp::Eq, cpu);
    problem.add_constraint(&all_memory, ComparisonOp::Eq, memory as f64 / 1_024.0);
    let share = f64::from(input.policy.spot_percent) / 100.0;
    let total = problem.add_var(0.0, (0.0, cpu * share));
    on_spot.push((total, -1.0));
    problem.add_constraint(&on_spot, ComparisonOp::Eq, 0.0);
    for (percent, members) in capped.into_values().filter(|cap| cap.0 < 100) {
        let mut row: Vec<(Variable, f64)> = members.into_iter().map(|used| (used, 1.0)).collect();
        row.push((total, -f64::from(percent) / 100.0));
        problem.add_constraint(&row, ComparisonOp::Le, 0.0);
    }
    problem.solve().ok().map(|solved| solved.objective())
}

/// Pools that could be of use: for each on-demand type one zone is enough.
fn cheapest(input: &PlanningInput) -> Vec<(Pool, Money)> {
    let mut listed = BTreeSet::new();
    allowed(input)
        .filter(|(offering, made)| {
            offering.pool.capacity_type == CapacityType::Spot || listed.insert(&made.name)
        })
        .map(|(offering, _)| (offering.pool.clone(), offering.price_per_hour))
        .collect()
}

/// What the template allows, families and zones aside.
pub(crate) fn allowed(input: &PlanningInput) -> impl Iterator<Item = (&Offering, &InstanceType)> {
    let template = &input.template;
    input
        .market
        .offerings
        .iter()
        .map(|offering| (offering, &input.market.types[&offering.pool.instance_type]))
        .filter(|(_, made)| {
            template.architectures.contains(&made.architecture)
                && template.categories.contains(made.category())
                && (template.min_vcpu..=template.max_vcpu).contains(&made.vcpu)
                && (made.current_generation || !template.current_generation_only)
                && (template.burstable || !made.burstable)
                && !made.bare_metal
        })
}
