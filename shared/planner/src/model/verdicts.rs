//! Which nodes may be retired, and what keeps the others.

use super::pods::{Facts, is_workload};
use super::zones::Zoning;
use crate::words::counted;
use domain::disruption::{Limit, Limits};
use domain::execution::GROUP_PREFIX;
use domain::finding::{Finding, FindingCode};
use domain::plan::{PlanningInput, StayReason};
use domain::snapshot::{DisruptionBudget, Node, NodeManager, Pod};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What may become of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may be retired.
    Candidate,
    /// It stays, whatever the rest does.
    Stays(StayReason, String),
}

/// A pod that keeps its node.
fn blocks(
    input: &PlanningInput,
    facts: &Facts,
    limits: &Limits<'_>,
    zoning: &mut Zoning<'_>,
    at: u32,
) -> Option<(FindingCode, String, String)> {
    let pod = &input.snapshot.pods[at as usize];
    let subject = pod.subject();
    let name = format!("{}/{}", pod.namespace, pod.name);
    if pod.do_not_disrupt {
        return Some((
            FindingCode::PodDoNotDisrupt,
            subject,
            format!("Pod {name} asks not to be disrupted."),
        ));
    }
    if pod.kind == domain::snapshot::PodKind::Bare && !input.policy.evict_bare_pods {
        let text = format!(
            "Pod {name} has no controller and would not come back; the policy does not allow evicting such pods."
        );
        return Some((FindingCode::PodWithoutController, subject, text));
    }
    if pod.local_storage && !input.policy.evict_local_storage {
        let text = format!(
            "Pod {name} keeps data in local storage that an eviction would lose; the policy does not allow that."
        );
        return Some((FindingCode::LocalStorage, subject, text));
    }
    let ties = &facts.affinity.ties[at as usize];
    if let Some(what) = pod.unsupported.first().or(ties.unsupported.first()) {
        let text = format!("Pod {name} asks for {what}, which cannot be honoured when it moves.");
        return Some((FindingCode::ConstraintUnsupported, subject, text));
    }
    if facts.affinity.bound_to_node(at) {
        let text = format!(
            "Pod {name} must be on one node with other pods (pod affinity by hostname), so none of them can go first."
        );
        return Some((FindingCode::ConstraintUnsupported, subject, text));
    }
    if !zoning.could_return(input, at as usize) {
        let text = format!(
            "Pod {name} is where its constraints over zones would not let it come back to."
        );
        return Some((FindingCode::ConstraintUnsupported, subject, text));
    }
    if facts.unweighed[at as usize] {
        let text = format!("Pod {name} asks for an extended resource that is not weighed.");
        return Some((FindingCode::ExtendedResource, subject, text));
    }
    forbids(&limits.of(pod), pod)
}

/// What does not let a pod be evicted for as long as it stands.
fn forbids(limit: &Limit<'_>, pod: &Pod) -> Option<(FindingCode, String, String)> {
    let name = format!("{}/{}", pod.namespace, pod.name);
    let of_budget = |budget: &DisruptionBudget| format!("pdb/{}/{}", budget.namespace, budget.name);
    match limit {
        Limit::Budgets(first, second) => {
            let text = format!(
                "Pod {name} is selected by the disruption budgets {} and {}; the Eviction API refuses such pods.",
                first.name, second.name
            );
            Some((FindingCode::MultipleBudgets, pod.subject(), text))
        }
        Limit::Budget(budget) if budget.never_allows => {
            let text = format!(
                "Disruption budget {}/{} can never allow an eviction of pod {name}.",
                budget.namespace, budget.name
            );
            Some((FindingCode::BudgetNeverAllows, of_budget(budget), text))
        }
        Limit::Budget(budget) if budget.disruptions_allowed == 0 => {
            let text = format!(
                "Disruption budget {}/{} allows no eviction now, and pod {name} is under it.",
                budget.namespace, budget.name
            );
            Some((FindingCode::BudgetExhausted, of_budget(budget), text))
        }
        Limit::StatefulSet { set, exhausted: true } => {
            let text = format!(
                "Pod {name} is of {set}, of which another pod is not up and which has no disruption budget that would allow a second."
            );
            Some((FindingCode::StatefulSetNotReady, pod.subject(), text))
        }
        Limit::Budget(_) | Limit::StatefulSet { .. } | Limit::None => None,
    }
}

/// Judges every node.
pub(crate) fn judge(
    input: &PlanningInput,
    facts: &Facts,
    limits: &Limits<'_>,
    findings: &mut BTreeSet<Finding>,
) -> Vec<Verdict> {
    let last_plan = last_launch(input);
    let mut zoning = Zoning::new(input, facts, true);
    let nodes = input.snapshot.nodes.iter().enumerate();
    nodes
        .map(|(at, node)| {
            if let Some((code, text)) = unjudged(input, node) {
                findings.insert(Finding::new(code, format!("node/{}", node.name), &text));
                let reason = match code {
                    FindingCode::NodeDoNotDisrupt => StayReason::Blocked,
                    _ => StayReason::NotJudged,
                };
                return Verdict::Stays(reason, text);
            }
            let mut blocking = facts.on_node[at]
                .iter()
                .filter(|pod| is_workload(&input.snapshot.pods[**pod as usize]))
                .filter_map(|pod| blocks(input, facts, limits, &mut zoning, *pod));
            if let Some((code, subject, text)) = blocking.next() {
                findings.insert(Finding::new(code, subject, format!("{text} Its node stays.")));
                let mut more = 0_u32;
                for (code, subject, text) in blocking {
                    findings.insert(Finding::new(code, subject, format!("{text} Its node stays.")));
                    more += 1;
                }
                let text = if more == 0 {
                    text
                } else {
                    format!(
                        "{text} {} of this node may not be moved either.",
                        counted(more, "more pod")
                    )
                };
                return Verdict::Stays(StayReason::Blocked, text);
            }
            cooling(input, node, last_plan)
                .map_or(Verdict::Candidate, |text| Verdict::Stays(StayReason::Cooldown, text))
        })
        .collect()
}

/// When a plan last launched a node of this cluster.
fn last_launch(input: &PlanningInput) -> Option<Timestamp> {
    let of_plans = |node: &&Node| {
        let NodeManager::ManagedNodeGroup { name } = &node.manager else { return false };
        name.starts_with(GROUP_PREFIX)
    };
    input.snapshot.nodes.iter().filter(of_plans).map(|node| node.created_at).max()
}

/// Whether a node is too young to be moved again, or the scheduler has just spread pods over nodes
/// that a plan launched: what that left elsewhere is looked at once it has settled.
fn cooling(input: &PlanningInput, node: &Node, last_plan: Option<Timestamp>) -> Option<String> {
    let cooldown = input.policy.cooldown_minutes;
    let minutes = |then| input.now.duration_since(then).as_secs().max(0) / 60;
    let is_young = |age: i64| age < i64::from(cooldown);
    let age = minutes(node.created_at);
    if is_young(age) {
        return Some(format!(
            "The node is {} old; the policy keeps nodes for {}.",
            counted(age.unsigned_abs(), "minute"),
            counted(cooldown, "minute")
        ));
    }
    let rested = minutes(last_plan?);
    is_young(rested).then(|| {
        format!(
            "A plan launched nodes {} ago; the policy lets a cluster rest for {}.",
            counted(rested.unsigned_abs(), "minute"),
            counted(cooldown, "minute")
        )
    })
}

/// Why a node cannot be judged, whatever runs on it.
fn unjudged(input: &PlanningInput, node: &Node) -> Option<(FindingCode, String)> {
    let said = |code, text: &str| Some((code, text.to_owned()));
    match &node.manager {
        NodeManager::OtherCloud => {
            return said(FindingCode::OtherCloudNode, "The node is not an EC2 instance.");
        }
        NodeManager::Fargate => {
            return said(FindingCode::FargateNode, "The node is AWS Fargate's and holds one pod.");
        }
        NodeManager::Karpenter { node_pool } => {
            let text = format!("Karpenter's node pool {node_pool} replaces this node itself.");
            return Some((FindingCode::ManagedElsewhere, text));
        }
        NodeManager::AutoMode => {
            return said(FindingCode::ManagedElsewhere, "EKS Auto Mode replaces this node itself.");
        }
        NodeManager::ManagedNodeGroup { .. } | NodeManager::SelfManaged => {}
    }
    if node.terminating {
        return said(FindingCode::NodeNotReady, "The node is being deleted already.");
    }
    if !node.ready {
        return said(FindingCode::NodeNotReady, "The node is not ready.");
    }
    let Some(name) = &node.instance_type else {
        return said(FindingCode::InstanceTypeMissing, "The node has no instance type label.");
    };
    if !input.market.types.contains_key(name) {
        let text = format!("The catalogue knows no instance type {name}.");
        return Some((FindingCode::InstanceTypeUnknown, text));
    }
    let Some(pool) = node.pool() else {
        return said(
            FindingCode::PriceMissing,
            "The node has no zone label, so its price is not known.",
        );
    };
    if input.market.price(&pool).is_none() {
        return Some((FindingCode::PriceMissing, format!("No price is known for {pool}.")));
    }
    if node.instance_id.is_none() {
        return said(FindingCode::Unreadable, "The node does not say which EC2 instance it is.");
    }
    if node.do_not_disrupt {
        return said(FindingCode::NodeDoNotDisrupt, "The node asks not to be disrupted.");
    }
    None
}
