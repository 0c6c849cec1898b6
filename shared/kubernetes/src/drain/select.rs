//! Which pods to evict next, and which forbid the drain. Pure.

use super::DrainOptions;
use domain::snapshot::{DisruptionBudget, Pod, PodKind};

/// Priorities from here on are system-critical.
const SYSTEM_CRITICAL: i32 = 2_000_000_000;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing evictable is left.
    Done,
    /// Ask for these.
    Evict(Vec<Pod>),
    /// They are all on their way out.
    Wait,
}

/// Why a drain must not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// The next step, from the pods on the node: ordinary pods first, system-critical ones when those
/// are gone, our own last. Every round asks anew for consent: the node is closed, but pods that
/// tolerate everything still come.
pub(super) fn next(pods: &[Pod], options: &DrainOptions) -> Result<Step, Refusal> {
    let evictable: Vec<&Pod> = pods.iter().filter(|pod| pod.kind.is_evictable()).collect();
    for pod in evictable.iter().filter(|pod| !pod.terminating) {
        consent(pod, options)?;
    }
    let Some(stage) = evictable.iter().map(|pod| rank(pod, options)).min() else {
        return Ok(Step::Done);
    };
    let due = evictable
        .into_iter()
        .filter(|pod| rank(pod, options) == stage && !pod.terminating)
        .cloned()
        .collect::<Vec<_>>();
    Ok(if due.is_empty() { Step::Wait } else { Step::Evict(due) })
}

fn rank(pod: &Pod, options: &DrainOptions) -> u8 {
    let own = |own: &super::PodName| own.namespace == pod.namespace && own.name == pod.name;
    if options.own_pod.as_ref().is_some_and(own) {
        2
    } else {
        u8::from(pod.priority >= SYSTEM_CRITICAL)
    }
}

fn consent(pod: &Pod, options: &DrainOptions) -> Result<(), Refusal> {
    let refuse =
        |code, why: &str| Err(Refusal { code, message: format!("{} {why}.", pod.subject()) });
    if pod.do_not_disrupt {
        return refuse("do_not_disrupt", "asks not to be disrupted");
    }
    if pod.kind == PodKind::Bare && !options.evict_bare_pods {
        return refuse("bare_pod", "has no controller and would not come back");
    }
    if pod.local_storage && !options.evict_local_storage {
        return refuse("local_storage", "would lose its local storage");
    }
    Ok(())
}

/// What no waiting would change: a budget that never allows, or two on one pod. Pods that are not
/// ready bypass budgets, or may: they are tried.
pub(super) fn never(pods: &[Pod], budgets: &[DisruptionBudget]) -> Option<Refusal> {
    let concerned =
        pods.iter().filter(|pod| pod.kind.is_evictable() && !pod.terminating && pod.ready);
    for pod in concerned {
        let covering: Vec<&DisruptionBudget> = budgets
            .iter()
            .filter(|budget| {
                budget.namespace == pod.namespace
                    && budget
                        .selector
                        .as_ref()
                        .is_some_and(|selector| selector.matches(&pod.labels))
            })
            .collect();
        match covering.as_slice() {
            [budget] if budget.never_allows => {
                let message = format!(
                    "{} can never be evicted: the budget {}/{} does not allow it.",
                    pod.subject(),
                    budget.namespace,
                    budget.name
                );
                return Some(Refusal { code: "blocked_by_budget", message });
            }
            [] | [_] => {}
            several => {
                let names: Vec<&str> = several.iter().map(|budget| budget.name.as_str()).collect();
                return Some(several_budgets(pod, &names.join(", ")));
            }
        }
    }
    None
}

pub(super) fn several_budgets(pod: &Pod, names: &str) -> Refusal {
    let names = if names.is_empty() { String::new() } else { format!(" ({names})") };
    let message = format!(
        "{} is under more than one budget{names}, which the Eviction API refuses.",
        pod.subject()
    );
    Refusal { code: "multiple_budgets", message }
}
