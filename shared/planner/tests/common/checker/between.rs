//! Constraints between pods.

use super::After;
use super::rules::{affine, selects_labels};
use domain::snapshot::{Labels, Pod, PodKind};
use std::collections::BTreeMap;

/// Host ports, affinity and anti-affinity.
pub fn terms(
    node: &After<'_>,
    all: &[After<'_>],
    before: &[(&Pod, &Labels)],
    fault: &mut impl FnMut(String),
) {
    for pod in &node.moved {
        let others: Vec<&&Pod> = node.pods.iter().filter(|other| other.uid != pod.uid).collect();
        if others
            .iter()
            .any(|other| other.host_ports.iter().any(|port| pod.host_ports.contains(port)))
        {
            fault(format!("{} finds its host port taken on {}", pod.name, node.name));
        }
        // What is ending holds its port to the last and is company to nobody; that it is also avoided
        // until it is gone delays a pod by its grace period, and no plan can see to that.
        let in_domain = |key: &str| -> Vec<&Pod> {
            let domain = node.labels.get(key);
            let nodes =
                all.iter().filter(|other| domain.is_some() && other.labels.get(key) == domain);
            nodes
                .flat_map(|other| &other.pods)
                .copied()
                .filter(|other| other.uid != pod.uid && !other.terminating)
                .collect()
        };
        let chosen = |term: &domain::snapshot::PodTerm, other: &Pod| {
            (term.namespaces.is_empty() || term.namespaces.contains(&other.namespace))
                && term.selector.matches(&other.labels)
        };
        for term in &pod.anti_affinity {
            if in_domain(&term.topology_key).iter().any(|other| chosen(term, other)) {
                fault(format!("{} meets a pod on {} that it avoids", pod.name, node.name));
            }
        }
        for home in all {
            let near = |key: &str| {
                let domain = node.labels.get(key);
                domain.is_some() && home.labels.get(key) == domain
            };
            let avoided = home
                .pods
                .iter()
                .filter(|other| other.uid != pod.uid && !other.terminating)
                .flat_map(|other| &other.anti_affinity)
                .any(|term| near(&term.topology_key) && chosen(term, pod));
            if avoided {
                fault(format!("{} meets a pod on {} that avoids it", pod.name, node.name));
            }
        }
        for term in &pod.affinity {
            let everywhere = || {
                all.iter()
                    .flat_map(|node| &node.pods)
                    .any(|other| other.uid != pod.uid && !other.terminating && chosen(term, other))
            };
            // The first of a group of pods that ask for each other may be alone.
            let alone = chosen(term, pod) && !everywhere();
            if !alone && !in_domain(&term.topology_key).iter().any(|other| chosen(term, other)) {
                fault(format!("{} is without the pods it needs on {}", pod.name, node.name));
            }
        }
    }
    // Affinity is ignored during execution: the scheduler would let a pod that stays lose its company. A
    // plan does not take it away, unless the pod could come first by itself; pods of `DaemonSet`s come and
    // go with their nodes.
    for pod in node.pods.iter().filter(|pod| node.moved.iter().all(|moved| moved.uid != pod.uid)) {
        for term in &pod.affinity {
            let domain = node.labels.get(&term.topology_key);
            let chosen = |other: &Pod| {
                other.uid != pod.uid
                    && !other.terminating
                    && other.kind != PodKind::DaemonSet
                    && (term.namespaces.is_empty() || term.namespaces.contains(&other.namespace))
                    && term.selector.matches(&other.labels)
            };
            let here = all
                .iter()
                .filter(|other| other.labels.get(&term.topology_key) == domain)
                .flat_map(|other| &other.pods)
                .any(|other| chosen(other));
            let had = before
                .iter()
                .any(|(home, labels)| labels.get(&term.topology_key) == domain && chosen(home));
            if !here && had && !term.selector.matches(&pod.labels) {
                fault(format!("{} loses the pods it needs on {}", pod.name, node.name));
            }
        }
    }
}

/// Spread of pods that moved, where they went: the scheduler would have put each there, after the others.
/// It does not look at domains that it gives no pod that asks: there others may crowd as they like.
pub fn spread(after: &[After<'_>], fault: &mut impl FnMut(String)) {
    for node in after {
        for pod in &node.moved {
            for spread in pod.topology_spread.iter().filter(|spread| spread.required) {
                let mut domains: BTreeMap<&String, u32> = BTreeMap::new();
                for other in after.iter().filter(|other| selects_labels(pod, &other.labels)) {
                    let Some(domain) = other.labels.get(&spread.topology_key) else { continue };
                    if !affine(pod, &other.name, &other.labels) {
                        continue;
                    }
                    let counted = other.pods.iter().filter(|other| {
                        other.namespace == pod.namespace
                            && !other.terminating
                            && spread.selector.matches(&other.labels)
                    });
                    *domains.entry(domain).or_default() += counted.count() as u32;
                }
                let enough = spread.min_domains.is_none_or(|least| domains.len() >= least as usize);
                let least = domains.values().min().filter(|_| enough).copied().unwrap_or(0);
                let here = node.labels.get(&spread.topology_key).and_then(|here| domains.get(here));
                if here.is_none_or(|here| *here > least + spread.max_skew) {
                    fault(format!(
                        "{} is one of {here:?} over {} on {}, where {least} are fewest",
                        pod.name, spread.topology_key, node.name
                    ));
                }
            }
        }
    }
}
