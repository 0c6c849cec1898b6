//! `StatefulSets`: pods with names and volumes that stay.

use super::controllers::{owner_of, text};
use super::resource::Resource;
use super::state::ClusterState;
use serde_json::Value;

impl ClusterState {
    /// Each `StatefulSet` has its pods by ordinal; one by one, unless it asks for them in parallel.
    pub(super) fn reconcile_stateful_sets(&mut self) {
        let sets: Vec<(String, Value)> = self
            .of(Resource::StatefulSets)
            .map(|(key, object)| (key.clone(), object.clone()))
            .collect();
        for (key, set) in sets {
            let (owner, namespace) = owner_of(Resource::StatefulSets, &set);
            if !self.ensure_template(&key, &set, &namespace) {
                continue;
            }
            let wanted = set["spec"]["replicas"].as_u64().unwrap_or(1);
            let in_parallel = set["spec"]["podManagementPolicy"] == "Parallel";
            for ordinal in 0..wanted {
                let name = format!("{}-{ordinal}", owner.name);
                if let Some(pod) = self.pods.get(&format!("{namespace}/{name}")) {
                    if in_parallel || (pod.deletion.is_none() && pod.is_ready(self.now)) {
                        continue;
                    }
                    break;
                }
                let mut pod = self.new_pod(&namespace, &name, key.clone(), Some(owner.clone()));
                let label = "statefulset.kubernetes.io/pod-name";
                pod.labels.insert(label.to_owned(), name.clone());
                let templates = set["spec"]["volumeClaimTemplates"].as_array();
                pod.claims = templates
                    .into_iter()
                    .flatten()
                    .map(|template| text(&template["metadata"]["name"]))
                    .map(|volume| (volume.to_owned(), format!("{volume}-{name}")))
                    .collect();
                self.add_pod(pod);
                if !in_parallel {
                    break;
                }
            }
            let ordinal = |name: &str| -> Option<u64> {
                name.strip_prefix(&owner.name)?.strip_prefix('-')?.parse().ok()
            };
            let surplus: Vec<String> = self
                .pods
                .values()
                .filter(|pod| pod.is_of(&owner) && pod.deletion.is_none())
                .filter(|pod| ordinal(&pod.name).is_none_or(|ordinal| ordinal >= wanted))
                .map(super::pod::SimPod::key)
                .collect();
            for key in surplus {
                self.delete_pod(&key, None);
            }
        }
    }
}
