//! Which pods to evict next, and which forbid the drain. Pure.

use super::DrainOptions;
use domain::disruption::{Limit, Limits};
use domain::snapshot::{ClusterSnapshot, Pod, PodKind};
use std::cmp::Reverse;
use std::collections::BTreeSet;

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

/// Of pods that are due, those that may go now, and those that wait: of a `StatefulSet` without a budget one
/// goes at a time, the highest ordinal first as in its controller's own updates, while all others are up.
pub(super) fn in_turn(mut due: Vec<Pod>, snapshot: &ClusterSnapshot) -> (Vec<Pod>, Vec<Pod>) {
    due.sort_by_key(|pod| Reverse(ordinal(pod)));
    let limits = Limits::new(snapshot);
    let mut sets = BTreeSet::new();
    let now = due.iter().map(|pod| match limits.of(pod) {
        Limit::StatefulSet { set, exhausted } => !exhausted && sets.insert(set),
        _ => true,
    });
    let now: Vec<bool> = now.collect();
    let (due, wait): (Vec<_>, Vec<_>) = due.into_iter().zip(now).partition(|(_, now)| *now);
    let pods = |pods: Vec<(Pod, bool)>| pods.into_iter().map(|(pod, _)| pod).collect();
    (pods(due), pods(wait))
}

fn ordinal(pod: &Pod) -> Option<u32> {
    pod.name.rsplit_once('-')?.1.parse().ok()
}

/// What no waiting would change: a budget that never allows, or two on one pod. Pods that are not
/// ready bypass budgets, or may: they are tried.
pub(super) fn never(snapshot: &ClusterSnapshot) -> Option<Refusal> {
    let limits = Limits::new(snapshot);
    let pods = snapshot.pods.iter();
    let mut concerned = pods.filter(|pod| pod.kind.is_evictable() && !pod.terminating && pod.ready);
    concerned.find_map(|pod| match limits.of(pod) {
        Limit::Budget(budget) if budget.never_allows => {
            let message = format!(
                "{} can never be evicted: the budget {}/{} does not allow it.",
                pod.subject(),
                budget.namespace,
                budget.name
            );
            Some(Refusal { code: "blocked_by_budget", message })
        }
        Limit::Budgets(first, second) => {
            Some(several_budgets(pod, &format!("{}, {}", first.name, second.name)))
        }
        Limit::Budget(_) | Limit::StatefulSet { .. } | Limit::None => None,
    })
}

pub(super) fn several_budgets(pod: &Pod, names: &str) -> Refusal {
    let names = if names.is_empty() { String::new() } else { format!(" ({names})") };
    let message = format!(
        "{} is under more than one budget{names}, which the Eviction API refuses.",
        pod.subject()
    );
    Refusal { code: "multiple_budgets", message }
}
