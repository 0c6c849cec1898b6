//! The policy's and the template's limits.

use super::After;
use super::rules::is_workload;
use domain::offering::{CapacityType, Pool, family_of};
use domain::plan::PlanningInput;
use domain::policy::Policy;
use domain::snapshot::{NodeManager, Pod, WorkloadRef};
use std::collections::{BTreeMap, BTreeSet};

/// CPU on Spot by what it counts against, node by node; replicas on Spot by workload, and by pool.
#[derive(Default)]
struct OnSpot {
    total: u64,
    cpu: BTreeMap<(&'static str, String), Vec<u64>>,
    replicas: BTreeMap<(WorkloadRef, Option<Pool>), u64>,
}

fn on_spot<'a>(nodes: impl Iterator<Item = (Pool, Vec<&'a Pod>)>) -> OnSpot {
    let mut sums = OnSpot::default();
    for (pool, here) in nodes.filter(|(pool, _)| pool.capacity_type == CapacityType::Spot) {
        let here: Vec<&Pod> = here.into_iter().filter(|pod| is_workload(pod)).collect();
        let amount: u64 = here.iter().map(|pod| pod.requests.cpu_milli).sum();
        sums.total += amount;
        for cap in [
            ("pool", pool.to_string()),
            ("family", family_of(&pool.instance_type).to_owned()),
            ("zone", pool.zone.clone()),
        ] {
            sums.cpu.entry(cap).or_default().push(amount);
        }
        for pod in here {
            for pool in [None, Some(pool.clone())] {
                *sums.replicas.entry((workload_of(pod), pool)).or_default() += 1;
            }
        }
    }
    sums
}

fn workload_of(pod: &Pod) -> WorkloadRef {
    pod.owner.clone().unwrap_or_else(|| WorkloadRef {
        kind: "Pod".to_owned(),
        namespace: pod.namespace.clone(),
        name: pod.name.clone(),
    })
}

/// Limits on Spot. What is broken already may stay as it is: the policy says what a plan may do.
pub fn caps(
    input: &PlanningInput,
    pods: &[&Pod],
    after: &[After<'_>],
    fault: &mut impl FnMut(String),
) {
    let before = input.snapshot.nodes.iter().filter_map(|node| {
        let here = pods.iter().copied().filter(|pod| pod.node.as_ref() == Some(&node.name));
        Some((node.pool()?, here.collect()))
    });
    let old = on_spot(before);
    let new =
        on_spot(after.iter().filter_map(|node| Some((node.pool.clone()?, node.pods.clone()))));
    let policy = &input.policy;
    let workloads = pods.iter().filter(|pod| is_workload(pod));
    let all: u64 = workloads.clone().map(|pod| pod.requests.cpu_milli).sum();
    if new.total * 100 > all * u64::from(policy.spot_percent) && new.total > old.total {
        fault(format!("{} of {all} m CPU on Spot", new.total));
    }
    for (cap, nodes) in &new.cpu {
        let percent = percent(input, after, cap.0);
        let cpu: u64 = nodes.iter().sum();
        // Caps round up to a whole node: without its fullest a cap may not be reached.
        let but_one = cpu - nodes.iter().max().unwrap();
        let was: u64 = old.cpu.get(cap).into_iter().flatten().sum();
        if but_one > 0 && but_one * 100 >= new.total * percent && cpu > was {
            fault(format!("{nodes:?} of {} m CPU on Spot in {cap:?}", new.total));
        }
    }
    let mut replicas: BTreeMap<WorkloadRef, u64> = BTreeMap::new();
    for pod in workloads {
        *replicas.entry(workload_of(pod)).or_default() += 1;
    }
    for (key, count) in &new.replicas {
        let all = replicas[&key.0];
        let most = match key.1 {
            None => may_be_on_spot(policy, &key.0, all),
            Some(_) => all * u64::from(policy.max_workload_pool_percent) / 100,
        };
        if *count > most && *count > *old.replicas.get(key).unwrap_or(&0) {
            fault(format!("{count} of {all} replicas, {most} allowed: {key:?}"));
        }
    }
}

/// The cap, or an even share of what there is to choose from in the zones of the cluster if that is more.
fn percent(input: &PlanningInput, after: &[After<'_>], cap: &str) -> u64 {
    let template = &input.template;
    let ours = |manager: &NodeManager| {
        !matches!(manager, NodeManager::Fargate | NodeManager::OtherCloud | NodeManager::AutoMode)
    };
    let before = input.snapshot.nodes.iter().filter(|node| ours(&node.manager));
    let launched = after.iter().filter(|node| node.is_new).filter_map(|node| node.pool.as_ref());
    let zones: BTreeSet<&String> = before
        .filter_map(|node| node.zone.as_ref())
        .chain(launched.map(|pool| &pool.zone))
        .filter(|zone| template.zones.is_empty() || template.zones.contains(*zone))
        .collect();
    let offered: Vec<&Pool> = input
        .market
        .offerings
        .iter()
        .map(|offering| &offering.pool)
        .filter(|pool| pool.capacity_type == CapacityType::Spot && zones.contains(&pool.zone))
        .filter(|pool| template.allows(&input.market.types[&pool.instance_type]))
        .collect();
    let families: BTreeSet<&str> =
        offered.iter().map(|pool| family_of(&pool.instance_type)).collect();
    let zones: BTreeSet<&String> = offered.iter().map(|pool| &pool.zone).collect();
    let (percent, there) = match cap {
        "pool" => (input.policy.max_pool_percent, offered.len()),
        "family" => (input.policy.max_family_percent, families.len()),
        _ => (input.policy.max_zone_percent, zones.len()),
    };
    u64::from(percent).max(100_u64.div_ceil(there.max(1) as u64))
}

/// Replicas above the base on-demand, by the share that is asked for the workload.
fn may_be_on_spot(policy: &Policy, workload: &WorkloadRef, replicas: u64) -> u64 {
    let is =
        |asked: &Option<String>, name: &String| asked.as_ref().is_none_or(|asked| asked == name);
    let own = policy.workloads.iter().find(|own| {
        is(&own.namespace, &workload.namespace)
            && is(&own.kind, &workload.kind)
            && is(&own.name, &workload.name)
    });
    let base = own.and_then(|own| own.on_demand_base).unwrap_or(policy.on_demand_base);
    let percent = own.and_then(|own| own.spot_percent).unwrap_or(100);
    replicas.saturating_sub(u64::from(base)) * u64::from(percent) / 100
}

/// The template's fewest and most nodes, or as many as there are.
pub fn count(input: &PlanningInput, after: &[After<'_>], fault: &mut impl FnMut(String)) {
    let (now, then) = (input.snapshot.nodes.len(), after.len());
    let most = input.template.max_nodes.map_or(usize::MAX, |most| now.max(most as usize));
    let least = now.min(input.template.min_nodes as usize);
    if then < least || then > most {
        fault(format!("{then} nodes rather than {least} to {most}"));
    }
}
