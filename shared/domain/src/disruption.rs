//! What stands between a pod and its eviction beside its own wishes: a `PodDisruptionBudget`, or, for a
//! pod of a `StatefulSet` without one, that the others of the set are up.
//!
//! Replicas of a `StatefulSet` are not interchangeable: they are members of a quorum, or hold a shard. So
//! a set without a budget is taken as having one of `maxUnavailable: 1`, which is how the controller's own
//! rolling update treats it (Kubernetes, "StatefulSets", "Rolling Updates").

use crate::snapshot::{ClusterSnapshot, DisruptionBudget, Pod, WorkloadRef};
use std::collections::BTreeMap;

/// What limits the evictions of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit<'a> {
    /// Nothing.
    None,
    /// A budget.
    Budget(&'a DisruptionBudget),
    /// At least two budgets: the Eviction API refuses.
    Budgets(&'a DisruptionBudget, &'a DisruptionBudget),
    /// Its `StatefulSet`, whose pods go one at a time.
    StatefulSet {
        /// Which.
        set: &'a WorkloadRef,
        /// Another of its pods is not up, so that this one may not go now.
        exhausted: bool,
    },
}

/// The budgets and `StatefulSets` of a cluster.
#[derive(Debug)]
pub struct Limits<'a> {
    budgets: BTreeMap<&'a str, Vec<&'a DisruptionBudget>>,
    sets: BTreeMap<&'a WorkloadRef, Set>,
}

/// How many pods a `StatefulSet` wants, and how many are up.
#[derive(Debug, Default)]
struct Set {
    wanted: u32,
    up: u32,
}

impl<'a> Limits<'a> {
    /// Those of a snapshot.
    pub fn new(snapshot: &'a ClusterSnapshot) -> Self {
        let mut budgets: BTreeMap<&str, Vec<&DisruptionBudget>> = BTreeMap::new();
        for budget in &snapshot.disruption_budgets {
            budgets.entry(&budget.namespace).or_default().push(budget);
        }
        let mut sets: BTreeMap<&WorkloadRef, Set> = BTreeMap::new();
        for pod in &snapshot.pods {
            if let Some(set) = stateful_set(pod) {
                let set = sets.entry(set).or_default();
                set.wanted += 1;
                set.up += u32::from(is_up(pod));
            }
        }
        for workload in &snapshot.workloads {
            if let (Some(set), Some(wanted)) =
                (sets.get_mut(&workload.reference), workload.replicas)
            {
                set.wanted = wanted;
            }
        }
        Self { budgets, sets }
    }

    /// What limits the evictions of a pod of the snapshot.
    pub fn of(&self, pod: &'a Pod) -> Limit<'a> {
        let here = self.budgets.get(pod.namespace.as_str());
        let mut over = here.into_iter().flatten().copied().filter(|budget| {
            budget.selector.as_ref().is_some_and(|selector| selector.matches(&pod.labels))
        });
        match (over.next(), over.next()) {
            (Some(first), Some(second)) => Limit::Budgets(first, second),
            (Some(budget), None) => Limit::Budget(budget),
            (None, _) => stateful_set(pod).map_or(Limit::None, |set| {
                let (wanted, up) =
                    self.sets.get(set).map_or((0, 0), |known| (known.wanted, known.up));
                Limit::StatefulSet { set, exhausted: is_up(pod) && up < wanted }
            }),
        }
    }

    /// How many times evictions have to wait for replacements before all of `pods` are gone, and once more:
    /// 1 where all may go at once.
    pub fn rounds(&self, pods: impl IntoIterator<Item = &'a Pod>) -> u32 {
        let (mut budgets, mut sets) = (BTreeMap::new(), BTreeMap::new());
        for pod in pods {
            match self.of(pod) {
                Limit::Budget(budget) | Limit::Budgets(budget, _) => {
                    let key = (&budget.namespace, &budget.name);
                    budgets.entry(key).or_insert((0_u32, budget.disruptions_allowed)).0 += 1;
                }
                Limit::StatefulSet { set, .. } => *sets.entry(set).or_insert(0) += 1,
                Limit::None => {}
            }
        }
        let budgets = budgets.into_values().map(|(pods, allowed)| pods.div_ceil(allowed.max(1)));
        budgets.chain(sets.into_values()).fold(1, u32::max)
    }
}

fn stateful_set(pod: &Pod) -> Option<&WorkloadRef> {
    pod.owner.as_ref().filter(|owner| owner.kind == "StatefulSet")
}

const fn is_up(pod: &Pod) -> bool {
    pod.ready && !pod.terminating
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{LabelSelector, Operator, Requirement};

    /// Three pods `db-0` to `db-2` of a `StatefulSet`, and two of a Deployment.
    fn snapshot() -> ClusterSnapshot {
        let pod = |kind: &str, set: &str, number: u32| {
            serde_json::json!({
                "namespace": "web", "name": format!("{set}-{number}"), "uid": "", "node": "a",
                "ready": true, "terminating": false, "created_at": "2026-11-26T00:00:00Z",
                "requests": crate::offering::Resources::default(),
                "owner": { "kind": kind, "namespace": "web", "name": set },
                "kind": "replicated", "labels": { "app": set }, "priority": 0, "grace_seconds": 30
            })
        };
        let pods = (0..3).map(|number| pod("StatefulSet", "db", number));
        let pods = pods.chain((0..2).map(|number| pod("Deployment", "api", number)));
        let pods = pods.map(|pod| serde_json::from_value(pod).unwrap());
        ClusterSnapshot {
            taken_at: jiff::Timestamp::UNIX_EPOCH,
            nodes: vec![],
            pods: pods.collect(),
            workloads: vec![],
            disruption_budgets: vec![],
            findings: vec![],
        }
    }

    fn budget(app: &str, disruptions_allowed: u32) -> DisruptionBudget {
        let values = vec![app.to_owned()];
        let asked = Requirement { key: "app".to_owned(), operator: Operator::In, values };
        DisruptionBudget {
            namespace: "web".to_owned(),
            name: format!("{app}-{disruptions_allowed}"),
            selector: Some(LabelSelector { requirements: vec![asked] }),
            disruptions_allowed,
            never_allows: false,
        }
    }

    /// Pods of the set that may not go now.
    fn held(snapshot: &ClusterSnapshot) -> Vec<&str> {
        let limits = Limits::new(snapshot);
        let held =
            |pod: &&Pod| matches!(limits.of(pod), Limit::StatefulSet { exhausted: true, .. });
        snapshot.pods.iter().filter(held).map(|pod| pod.name.as_str()).collect()
    }

    #[test]
    fn a_stateful_set_spares_one_pod_and_no_second() {
        let mut snapshot = snapshot();
        assert!(held(&snapshot).is_empty());
        snapshot.pods[1].ready = false;
        // The one that is down takes nothing away.
        assert_eq!(held(&snapshot), ["db-0", "db-2"]);
        snapshot.pods[1].ready = true;
        snapshot.pods[2].terminating = true;
        assert_eq!(held(&snapshot), ["db-0", "db-1"]);
    }

    #[test]
    fn a_pod_that_is_yet_to_be_made_is_not_up() {
        let mut snapshot = snapshot();
        let reference = snapshot.pods[0].owner.clone().unwrap();
        let workload = |replicas| crate::snapshot::Workload {
            reference: reference.clone(),
            replicas: Some(replicas),
            ready: 3,
        };
        snapshot.workloads = vec![workload(4)];
        assert_eq!(held(&snapshot), ["db-0", "db-1", "db-2"]);
        // Scaled down, one too many is up.
        snapshot.workloads = vec![workload(2)];
        assert!(held(&snapshot).is_empty());
    }

    #[test]
    fn a_budget_counts_in_place_of_the_stateful_set() {
        let mut snapshot = snapshot();
        snapshot.pods[1].ready = false;
        snapshot.disruption_budgets = vec![budget("db", 2)];
        assert!(held(&snapshot).is_empty());
        let limits = Limits::new(&snapshot);
        assert_eq!(limits.of(&snapshot.pods[0]), Limit::Budget(&snapshot.disruption_budgets[0]));
        assert_eq!(limits.of(&snapshot.pods[4]), Limit::None);
    }

    #[test]
    fn a_drain_has_as_many_rounds_as_what_lets_fewest_go_at_a_time() {
        let mut snapshot = snapshot();
        let rounds = |snapshot: &ClusterSnapshot| Limits::new(snapshot).rounds(&snapshot.pods);
        assert_eq!(rounds(&snapshot), 3);
        snapshot.disruption_budgets = vec![budget("db", 2)];
        assert_eq!(rounds(&snapshot), 2);
        snapshot.disruption_budgets = vec![budget("db", 3)];
        assert_eq!(rounds(&snapshot), 1);
        snapshot.disruption_budgets = vec![budget("api", 1), budget("db", 3)];
        assert_eq!(rounds(&snapshot), 2);
        // What is used up now allows one again some time, or the drain is given up.
        snapshot.disruption_budgets = vec![budget("api", 0), budget("db", 3)];
        assert_eq!(rounds(&snapshot), 2);
        assert_eq!(Limits::new(&snapshot).rounds([]), 1);
    }
}
