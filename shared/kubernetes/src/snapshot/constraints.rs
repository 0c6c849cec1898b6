//! Selectors, affinities, spread and tolerations in the domain's terms. What these cannot say is
//! named, and the pod then stays where it is.

use crate::object::{self, Metadata, PodSpec};
use domain::snapshot::{
    LabelSelector, NodeSelectorTerm, Operator, PodTerm, Requirement, Toleration, TopologySpread,
};

/// A label selector, `matchLabels` first.
pub fn label_selector(selector: &object::LabelSelector) -> LabelSelector {
    let labels = selector.match_labels.iter().map(|(key, value)| is(key, value));
    let expressions = selector.match_expressions.iter().map(requirement);
    LabelSelector { requirements: labels.chain(expressions).collect() }
}

fn is(key: &str, value: &str) -> Requirement {
    Requirement { key: key.to_owned(), operator: Operator::In, values: vec![value.to_owned()] }
}

fn requirement(requirement: &object::Requirement) -> Requirement {
    let object::Requirement { key, operator, values } = requirement.clone();
    Requirement { key, operator, values }
}

pub(super) fn tolerations(spec: &PodSpec) -> Vec<Toleration> {
    spec.tolerations.iter().filter_map(toleration).collect()
}

/// An operator of a newer Kubernetes tolerates nothing here.
fn toleration(toleration: &object::Toleration) -> Option<Toleration> {
    let value = match toleration.operator.as_deref() {
        Some("Exists") => None,
        None | Some("" | "Equal") => Some(toleration.value.clone().unwrap_or_default()),
        Some(_) => return None,
    };
    let key = toleration.key.clone().filter(|key| !key.is_empty());
    Some(Toleration { key, value, effect: toleration.effect })
}

/// Required node affinity. A selector that no node can meet is `unsupported`.
pub(super) fn node_affinity(
    spec: &PodSpec,
    unsupported: &mut Vec<String>,
) -> Vec<NodeSelectorTerm> {
    let affinity = &spec.affinity.node_affinity;
    let Some(selector) = &affinity.required_during_scheduling_ignored_during_execution else {
        return Vec::new();
    };
    let terms: Vec<_> = selector.node_selector_terms.iter().filter_map(node_term).collect();
    if terms.is_empty() {
        unsupported.push("node affinity that no node can meet".to_owned());
    }
    terms
}

pub(super) fn preferred_node_affinity(spec: &PodSpec) -> Vec<(i32, NodeSelectorTerm)> {
    let preferred =
        &spec.affinity.node_affinity.preferred_during_scheduling_ignored_during_execution;
    preferred.iter().filter_map(|term| Some((term.weight, node_term(&term.preference)?))).collect()
}

/// An empty term matches no node, so it is none.
fn node_term(term: &object::NodeSelectorTerm) -> Option<NodeSelectorTerm> {
    let requirements: Vec<_> =
        term.match_expressions.iter().chain(&term.match_fields).map(requirement).collect();
    (!requirements.is_empty()).then_some(NodeSelectorTerm { requirements })
}

pub(super) fn topology_spread(
    metadata: &Metadata,
    spec: &PodSpec,
    unsupported: &mut Vec<String>,
) -> Vec<TopologySpread> {
    let mut constraints = Vec::new();
    for constraint in &spec.topology_spread_constraints {
        // Without a selector no pod is counted, so that nothing is asked.
        let Some(selector) = &constraint.label_selector else {
            continue;
        };
        let required = constraint.when_unsatisfiable == "DoNotSchedule";
        let affinity = constraint.node_affinity_policy.as_deref();
        let taints = constraint.node_taints_policy.as_deref();
        if required && (affinity == Some("Ignore") || taints == Some("Honor")) {
            unsupported.push("topology spread with node policies of its own".to_owned());
        }
        constraints.push(TopologySpread {
            max_skew: constraint.max_skew.max(1),
            topology_key: constraint.topology_key.clone(),
            required,
            selector: with_label_keys(selector, metadata, &constraint.match_label_keys, &[]),
            min_domains: constraint.min_domains,
        });
    }
    constraints
}

/// Required pod affinity and anti-affinity.
pub(super) fn pod_terms(
    metadata: &Metadata,
    spec: &PodSpec,
    unsupported: &mut Vec<String>,
) -> (Vec<PodTerm>, Vec<PodTerm>) {
    let terms = |affinity: &object::PodAffinity, name: &str, unsupported: &mut Vec<String>| {
        let mut terms = Vec::new();
        for term in &affinity.required_during_scheduling_ignored_during_execution {
            match pod_term(metadata, term) {
                Ok(Some(term)) => terms.push(term),
                Ok(None) if name == "pod anti-affinity" => {}
                Ok(None) => unsupported.push(format!("{name} that no pod can meet")),
                Err(NamespaceSelector) => {
                    unsupported.push(format!("{name} with a namespace selector"));
                }
            }
        }
        terms
    };
    let affinity = terms(&spec.affinity.pod_affinity, "pod affinity", unsupported);
    let anti_affinity = terms(&spec.affinity.pod_anti_affinity, "pod anti-affinity", unsupported);
    (affinity, anti_affinity)
}

/// Namespaces' labels are not in a snapshot.
struct NamespaceSelector;

/// A term; `None` where it has no selector and so means no pod.
fn pod_term(
    metadata: &Metadata,
    term: &object::PodAffinityTerm,
) -> Result<Option<PodTerm>, NamespaceSelector> {
    let namespaces = match &term.namespace_selector {
        Some(selector) if selector.is_empty() => Vec::new(),
        Some(_) => return Err(NamespaceSelector),
        None if term.namespaces.is_empty() => vec![metadata.namespace.clone()],
        None => term.namespaces.clone(),
    };
    Ok(term.label_selector.as_ref().map(|selector| PodTerm {
        topology_key: term.topology_key.clone(),
        selector: with_label_keys(
            selector,
            metadata,
            &term.match_label_keys,
            &term.mismatch_label_keys,
        ),
        namespaces,
    }))
}

/// Resolves `matchLabelKeys` and `mismatchLabelKeys` by the pod's own labels, as the API server of
/// a newer Kubernetes already has; a key the pod lacks asks nothing.
fn with_label_keys(
    selector: &object::LabelSelector,
    metadata: &Metadata,
    same: &[String],
    other: &[String],
) -> LabelSelector {
    let mut resolved = label_selector(selector);
    let keys = same.iter().map(|key| (key, Operator::In));
    let keys = keys.chain(other.iter().map(|key| (key, Operator::NotIn)));
    for (key, operator) in keys {
        let Some(value) = metadata.labels.get(key) else {
            continue;
        };
        let requirement = Requirement { operator, ..is(key, value) };
        if !resolved.requirements.contains(&requirement) {
            resolved.requirements.push(requirement);
        }
    }
    resolved
}
