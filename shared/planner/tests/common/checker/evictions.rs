//! Which nodes may be retired, and which pods evicted.

use super::rules::is_workload;
use domain::plan::PlanningInput;
use domain::snapshot::{Node, NodeManager, PodKind};
use std::collections::BTreeMap;

/// What is retired may be, and so may each pod on it be evicted.
pub fn may_retire(
    input: &PlanningInput,
    retired: &BTreeMap<&str, u32>,
    fault: &mut impl FnMut(String),
) {
    let cooldown = i64::from(input.policy.cooldown_minutes) * 60;
    let age = |node: &Node| input.now.duration_since(node.created_at).as_secs();
    let of_plans = |node: &&Node| {
        matches!(&node.manager, NodeManager::ManagedNodeGroup { name }
            if name.starts_with(domain::execution::GROUP_PREFIX))
    };
    if !retired.is_empty()
        && input.snapshot.nodes.iter().filter(of_plans).any(|node| age(node) < cooldown)
    {
        fault("the cluster has not rested since a plan launched nodes".to_owned());
    }
    for node in input.snapshot.nodes.iter().filter(|node| retired.contains_key(node.name.as_str()))
    {
        let known = node.pool().is_some_and(|pool| {
            input.market.types.contains_key(&pool.instance_type)
                && input.market.price(&pool).is_some()
        });
        let ours =
            matches!(node.manager, NodeManager::ManagedNodeGroup { .. } | NodeManager::SelfManaged);
        if !known
            || !ours
            || !node.ready
            || node.terminating
            || node.do_not_disrupt
            || node.instance_id.is_none()
        {
            fault(format!("{} may not be retired", node.name));
        }
        if age(node) < cooldown {
            fault(format!("{} is too young", node.name));
        }
        for pod in input
            .snapshot
            .pods
            .iter()
            .filter(|pod| pod.node.as_deref() == Some(&node.name) && is_workload(pod))
        {
            let budgets: Vec<_> = input
                .snapshot
                .disruption_budgets
                .iter()
                .filter(|budget| {
                    budget.namespace == pod.namespace
                        && budget
                            .selector
                            .as_ref()
                            .is_some_and(|selector| selector.matches(&pod.labels))
                })
                .collect();
            let set = pod.owner.as_ref().filter(|owner| owner.kind == "StatefulSet");
            let others = input.snapshot.pods.iter().filter(|other| other.uid != pod.uid);
            let mut others = others.filter(|other| set.is_some() && other.owner.as_ref() == set);
            let second = pod.ready && others.any(|other| !other.ready || other.terminating);
            if pod.do_not_disrupt
                || (budgets.is_empty() && second)
                || (pod.kind == PodKind::Bare && !input.policy.evict_bare_pods)
                || (pod.local_storage && !input.policy.evict_local_storage)
                || !pod.unsupported.is_empty()
                || budgets.len() > 1
                || budgets
                    .iter()
                    .any(|budget| budget.never_allows || budget.disruptions_allowed == 0)
            {
                fault(format!("{} may not be evicted from {}", pod.name, node.name));
            }
        }
    }
}
