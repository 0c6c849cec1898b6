//! What is odd in a cluster, said once per workload rather than once per pod.

use domain::finding::{Finding, FindingCode};
use domain::snapshot::{DisruptionBudget, Node, Pod, PodKind};
use std::collections::BTreeMap;

pub(super) fn add(
    findings: &mut Vec<Finding>,
    nodes: &[Node],
    pods: &[Pod],
    budgets: &[DisruptionBudget],
) {
    findings.extend(nodes.iter().filter(|node| !node.ready).map(not_ready));
    findings.extend(without_requests(pods));
    findings.extend(several_budgets(pods, budgets));
    findings.extend(budgets.iter().filter(|budget| budget.never_allows).map(never_allows));
    findings.sort();
    findings.dedup();
}

fn not_ready(node: &Node) -> Finding {
    let message = format!("{} is not ready; it is left alone.", node.name);
    Finding::new(FindingCode::NodeNotReady, format!("node/{}", node.name), message)
}

fn never_allows(budget: &DisruptionBudget) -> Finding {
    let DisruptionBudget { namespace, name, .. } = budget;
    let message = format!(
        "The budget {namespace}/{name} can never allow an eviction; the nodes under its pods cannot be drained."
    );
    Finding::new(FindingCode::BudgetNeverAllows, format!("pdb/{namespace}/{name}"), message)
}

/// `deployment/web/api`, or the pod itself.
fn subject(pod: &Pod) -> String {
    match &pod.owner {
        Some(owner) => {
            format!("{}/{}/{}", owner.kind.to_lowercase(), owner.namespace, owner.name)
        }
        None => pod.subject(),
    }
}

fn without_requests(pods: &[Pod]) -> Vec<Finding> {
    #[derive(Default)]
    struct Count {
        pods: u32,
        no_cpu: u32,
        no_memory: u32,
    }
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| pod.kind != PodKind::Mirror) {
        let count = counts.entry(subject(pod)).or_default();
        count.pods += 1;
        count.no_cpu += u32::from(pod.requests.cpu_milli == 0);
        count.no_memory += u32::from(pod.requests.memory_mib == 0);
    }
    let finding = |(subject, count): (String, Count)| {
        let Count { pods, no_cpu, no_memory } = count;
        let (what, bare) = match (no_cpu, no_memory) {
            (0, 0) => return None,
            (0, bare) => ("memory", bare),
            (bare, 0) => ("CPU", bare),
            (cpu, memory) => ("CPU or memory", cpu.max(memory)),
        };
        let message = format!(
            "{bare} of {pods} pods ask for no {what}; they count as zero, as the scheduler counts them."
        );
        Some(Finding::new(FindingCode::RequestsMissing, subject, message))
    };
    counts.into_iter().filter_map(finding).collect()
}

fn several_budgets(pods: &[Pod], budgets: &[DisruptionBudget]) -> Vec<Finding> {
    let mut by_namespace: BTreeMap<&str, Vec<&DisruptionBudget>> = BTreeMap::new();
    for budget in budgets {
        by_namespace.entry(&budget.namespace).or_default().push(budget);
    }
    by_namespace.retain(|_, budgets| budgets.len() > 1);
    let mut found: BTreeMap<String, (u32, Vec<&str>)> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| pod.kind.is_evictable()) {
        let Some(budgets) = by_namespace.get(pod.namespace.as_str()) else {
            continue;
        };
        let covers = |budget: &&&DisruptionBudget| {
            budget.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
        };
        let names: Vec<&str> =
            budgets.iter().filter(covers).map(|budget| budget.name.as_str()).collect();
        if names.len() > 1 {
            found.entry(subject(pod)).or_insert((0, names)).0 += 1;
        }
    }
    let finding = |(subject, (pods, names)): (String, (u32, Vec<&str>))| {
        let message = format!(
            "{pods} pods are under the budgets {}; the Eviction API refuses a pod with more than one, so they stay.",
            names.join(", ")
        );
        Finding::new(FindingCode::MultipleBudgets, subject, message)
    };
    found.into_iter().map(finding).collect()
}
