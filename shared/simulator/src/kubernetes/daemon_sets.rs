//! `DaemonSets`: one pod on every node they may run on, cordoned or not.

use super::controllers::owner_of;
use super::pod::suffix;
use super::resource::Resource;
use super::scheduler::may_run_on;
use super::state::ClusterState;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What every `DaemonSet`'s pods tolerate.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/not-ready", "NoSchedule"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

impl ClusterState {
    /// Puts a pod on every node that has none. An evicted one is back at once.
    pub(super) fn reconcile_daemon_sets(&mut self) {
        let sets: Vec<(String, Value)> = self
            .of(Resource::DaemonSets)
            .map(|(key, object)| (key.clone(), object.clone()))
            .collect();
        let nodes = self.parsed_nodes();
        for (key, mut set) in sets {
            let (owner, namespace) = owner_of(Resource::DaemonSets, &set);
            if !self.templates.contains_key(&key) {
                let tolerations =
                    set["spec"]["template"]["spec"]["tolerations"].as_array().cloned();
                let added = TOLERATED.map(
                    |(key, effect)| json!({ "key": key, "operator": "Exists", "effect": effect }),
                );
                set["spec"]["template"]["spec"]["tolerations"] =
                    tolerations.unwrap_or_default().into_iter().chain(added).collect();
            }
            if !self.ensure_template(&key, &set, &namespace) {
                continue;
            }
            let template = &self.templates[&key];
            let Ok(prototype) = template.prototype(&namespace, &json!([])) else { continue };
            let served: BTreeSet<String> = self
                .pods
                .values()
                .filter(|pod| pod.is_of(&owner) && pod.deletion.is_none())
                .filter_map(|pod| pod.node.clone())
                .collect();
            for node in &nodes {
                if served.contains(&node.name) || may_run_on(&prototype, node).is_err() {
                    continue;
                }
                let mut pod = self.new_pod(&namespace, "", key.clone(), Some(owner.clone()));
                pod.name = format!("{}-{}", owner.name, suffix(&pod.uid));
                let pod_key = pod.key();
                self.add_pod(pod);
                self.bind(&pod_key, &node.name);
            }
        }
    }
}
