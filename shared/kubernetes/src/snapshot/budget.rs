//! `PodDisruptionBudgets`, and whether they can ever allow anything.

use super::constraints::label_selector;
use crate::object::PodDisruptionBudget;
use domain::snapshot::{DisruptionBudget, Pod};

pub(super) fn convert_all(budgets: &[PodDisruptionBudget], pods: &[Pod]) -> Vec<DisruptionBudget> {
    let mut converted: Vec<_> = budgets.iter().map(|budget| convert(budget, pods)).collect();
    converted.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    converted.dedup_by(|a, b| (&a.namespace, &a.name) == (&b.namespace, &b.name));
    converted
}

/// Converts a budget.
///
/// `never_allows` is what its spec comes to with as many pods as the disruption controller expects
/// (or, where it has not counted yet, as there are): the arithmetic is the controller's.
fn convert(budget: &PodDisruptionBudget, pods: &[Pod]) -> DisruptionBudget {
    let namespace = &budget.metadata.namespace;
    let selector = budget.spec.selector.as_ref().map(label_selector);
    let expected = budget.status.expected_pods.unwrap_or_else(|| {
        let covered = pods.iter().filter(|pod| {
            pod.namespace == *namespace
                && selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
        });
        u32::try_from(covered.count()).unwrap_or(u32::MAX)
    });
    let never_allows = match (&budget.spec.max_unavailable, &budget.spec.min_available) {
        (Some(most), _) => expected > 0 && most.of(expected) == Some(0),
        (None, Some(least)) => {
            expected > 0 && least.of(expected).is_some_and(|least| least >= expected)
        }
        (None, None) => false,
    };
    DisruptionBudget {
        namespace: namespace.clone(),
        name: budget.metadata.name.clone(),
        selector,
        disruptions_allowed: u32::try_from(budget.status.disruptions_allowed.max(0)).unwrap_or(0),
        never_allows,
    }
}
