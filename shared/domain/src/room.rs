//! Room for a node's pods elsewhere, by what the scheduler's filters say of a pod and one node: requests,
//! taints, selectors, node affinity and volumes. What pods ask of each other is left out: a pod that is
//! said to find no room finds none, but not the other way round.

use crate::offering::Resources;
use crate::snapshot::{ClusterSnapshot, Node, Pod, PodKind, tolerated};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A node that takes pods, and what is free on it.
type Open<'a> = (&'a Node, Resources);

/// How many pods of a node would find no room on the others if it was drained now. Pods that wait already
/// take their places first; pods that end anyway, and those that nothing makes again, need none.
pub fn lacking(snapshot: &ClusterSnapshot, node: &str) -> u32 {
    let comes_back = |pod: &&Pod| pod.kind == PodKind::Replicated && !pod.terminating;
    let pods = || snapshot.pods.iter().filter(comes_back);
    let mut leaving: Vec<&Pod> = pods().filter(|pod| pod.node.as_deref() == Some(node)).collect();
    leaving.sort_by_key(|pod| Reverse((pod.requests.cpu_milli, pod.requests.memory_mib)));
    let waiting: Vec<&Pod> = pods().filter(|pod| pod.node.is_none()).collect();
    let open = open_nodes(snapshot, node);
    // The scheduler prefers empty nodes; that fills them so that pods fit which could not otherwise, or
    // leaves no node for a large one.
    [false, true]
        .map(|fullest_first| {
            let mut open = open.clone();
            for pod in &waiting {
                place(pod, &mut open, fullest_first);
            }
            leaving.iter().filter(|pod| !place(pod, &mut open, fullest_first)).count() as u32
        })
        .into_iter()
        .min()
        .unwrap_or(0)
}

fn open_nodes<'a>(snapshot: &'a ClusterSnapshot, but: &str) -> Vec<Open<'a>> {
    let mut used: BTreeMap<&str, Resources> = BTreeMap::new();
    for pod in &snapshot.pods {
        if let Some(node) = &pod.node {
            used.entry(node).or_default().add(&pod.requests);
        }
    }
    let takes_pods =
        |node: &&Node| node.name != but && node.ready && !node.unschedulable && !node.terminating;
    let free = |node: &'a Node| {
        let used = used.get(node.name.as_str()).cloned().unwrap_or_default();
        (node, node.allocatable.saturating_sub(&used))
    };
    snapshot.nodes.iter().filter(takes_pods).map(free).collect()
}

/// Takes room for a pod on the fullest or the emptiest node that has it. Whether there was one.
fn place(pod: &Pod, open: &mut [Open<'_>], fullest_first: bool) -> bool {
    let fits = |(node, free): &&mut Open<'_>| free.covers(&pod.requests) && may_run_on(pod, node);
    let by_room = |(_, free): &&mut Open<'_>| free.cpu_milli;
    let takers = open.iter_mut().filter(fits);
    let taker = if fullest_first { takers.min_by_key(by_room) } else { takers.max_by_key(by_room) };
    taker.map(|(_, free)| *free = free.saturating_sub(&pod.requests)).is_some()
}

fn may_run_on(pod: &Pod, node: &Node) -> bool {
    tolerated(&pod.tolerations, &node.taints)
        && pod.selects(node)
        && (pod.volume_zone.is_none() || pod.volume_zone == node.zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn node(name: &str, cpu_milli: u64, change: Value) -> Value {
        let node = json!({
            "name": name, "instance_id": null, "instance_type": null, "zone": "us-east-1a",
            "capacity_type": null, "architecture": null, "manager": { "kind": "self_managed" },
            "created_at": "2026-11-26T00:00:00Z", "ready": true, "unschedulable": false,
            "terminating": false, "do_not_disrupt": false, "labels": {}, "taints": [],
            "allocatable": Resources { cpu_milli, memory_mib: 1_000, pods: 10, ..Resources::default() },
        });
        changed(node, change)
    }

    fn pod(name: &str, node: Option<&str>, cpu_milli: u64, change: Value) -> Value {
        let pod = json!({
            "namespace": "web", "name": name, "uid": name, "node": node, "ready": true,
            "terminating": false, "created_at": "2026-11-26T00:00:00Z", "owner": null,
            "kind": "replicated", "labels": {}, "priority": 0, "grace_seconds": 30,
            "requests": Resources { cpu_milli, pods: 1, ..Resources::default() },
        });
        changed(pod, change)
    }

    fn changed(mut value: Value, change: Value) -> Value {
        let Value::Object(change) = change else { return value };
        value.as_object_mut().unwrap().extend(change);
        value
    }

    fn lacking_of(nodes: Vec<Value>, pods: Vec<Value>) -> u32 {
        let snapshot = json!({
            "taken_at": "2026-11-26T00:00:00Z", "nodes": nodes, "pods": pods,
            "workloads": [], "disruption_budgets": [], "findings": [],
        });
        lacking(&serde_json::from_value(snapshot).unwrap(), "old")
    }

    fn old() -> Value {
        node("old", 4_000, Value::Null)
    }

    fn leaving(cpu_milli: u64) -> Value {
        pod("leaving", Some("old"), cpu_milli, Value::Null)
    }

    #[test]
    fn room_is_what_pods_leave_free_on_nodes_that_take_pods() {
        let beside = |nodes, taken: u64| {
            lacking_of(nodes, vec![leaving(1_000), pod("there", Some("new"), taken, Value::Null)])
        };
        let new = |change| vec![old(), node("new", 2_000, change)];
        assert_eq!(beside(new(Value::Null), 1_000), 0);
        assert_eq!(beside(new(Value::Null), 1_001), 1, "it is full");
        for closed in [
            json!({ "ready": false }),
            json!({ "unschedulable": true }),
            json!({ "terminating": true }),
            json!({ "taints": [{ "key": "gpu", "value": "", "effect": "NoSchedule" }] }),
        ] {
            assert_eq!(beside(new(closed.clone()), 0), 1, "{closed}");
        }
        assert_eq!(beside(vec![old()], 0), 1, "its own node is none");
    }

    #[test]
    fn a_pod_goes_where_its_selector_its_affinity_and_its_volume_let_it() {
        let large = || node("new", 2_000, json!({ "labels": { "disk": "ssd" } }));
        let term = |key: &str, value: &str| json!([{ "requirements": [{ "key": key, "operator": "In", "values": [value] }] }]);
        for (asked, lacks) in [
            (json!({ "node_selector": { "disk": "ssd" } }), 0),
            (json!({ "node_selector": { "disk": "hdd" } }), 1),
            (json!({ "node_affinity": term("disk", "ssd") }), 0),
            (json!({ "node_affinity": term("disk", "hdd") }), 1),
            (json!({ "node_affinity": term("metadata.name", "new") }), 0),
            (json!({ "node_affinity": term("metadata.name", "old") }), 1),
            (json!({ "node_affinity": [{ "requirements": [] }] }), 1),
            (json!({ "volume_zone": "us-east-1a" }), 0),
            (json!({ "volume_zone": "us-east-1b" }), 1),
        ] {
            let pods = vec![pod("leaving", Some("old"), 1_000, asked.clone())];
            assert_eq!(lacking_of(vec![old(), large()], pods), lacks, "{asked}");
        }
    }

    #[test]
    fn pods_that_wait_come_first_and_those_that_end_or_do_not_come_back_need_no_room() {
        let nodes = || vec![old(), node("new", 1_500, Value::Null)];
        let with = |other| lacking_of(nodes(), vec![leaving(1_000), other]);
        assert_eq!(with(pod("waits", None, 1_000, Value::Null)), 1);
        assert_eq!(with(pod("waits", None, 2_000, Value::Null)), 0, "nothing takes it");
        for gone in [
            json!({ "terminating": true }),
            json!({ "kind": "bare" }),
            json!({ "kind": "daemon_set" }),
        ] {
            assert_eq!(with(pod("other", Some("old"), 1_000, gone.clone())), 0, "{gone}");
        }
        assert_eq!(with(pod("other", Some("old"), 1_000, Value::Null)), 1);
    }

    #[test]
    fn filling_the_emptiest_or_the_fullest_node_largest_pods_first_shows_room() {
        let pair = |one, two| {
            vec![
                old(),
                node("one", one, json!({ "labels": { "one": "" } })),
                node("two", two, Value::Null),
            ]
        };
        let small = pod("small", None, 500, Value::Null);
        assert_eq!(
            lacking_of(pair(1_000, 2_000), vec![small, leaving(2_000)]),
            0,
            "the fullest takes it"
        );
        let hungry = |name, node, change: Value| {
            let requests =
                Resources { cpu_milli: 100, memory_mib: 900, pods: 1, ..Resources::default() };
            let hungry = pod(name, node, 100, json!({ "requests": requests }));
            changed(hungry, change)
        };
        let waits = hungry("waits", None, Value::Null);
        let bound = hungry("leaving", Some("old"), json!({ "node_selector": { "one": "" } }));
        assert_eq!(lacking_of(pair(500, 2_000), vec![waits, bound]), 0, "the emptiest takes it");
        let mixed = [200, 200, 300, 500].map(|cpu| pod("leaving", Some("old"), cpu, Value::Null));
        assert_eq!(lacking_of(pair(500, 700), mixed.to_vec()), 0);
    }
}
