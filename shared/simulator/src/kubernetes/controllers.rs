//! The controllers: what brings a cluster from what it is to what was asked for.

use super::pod::{Owner, SimPod, suffix};
use super::resource::Resource;
use super::state::{ClusterState, key};
use super::template::Template;
use domain::ids::derived_uuid;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Annotation on a Deployment: its replicas hour by hour in UTC, 24 numbers for every day or 168
/// for a week that begins on Monday. A Deployment scaled to 0 by somebody stays at 0.
pub const LOAD_ANNOTATION: &str = "simulator.spot-optimizer.io/replicas-by-hour";

/// More rounds than any chain of causes is long.
const MOST_ROUNDS: usize = 50;

impl ClusterState {
    /// Lets every controller act until none has anything left to do now.
    pub(super) fn reconcile(&mut self) {
        for _ in 0..MOST_ROUNDS {
            self.dirty = false;
            self.pods_stop();
            self.nodes_become_ready();
            self.follow_load();
            self.reconcile_deployments();
            self.reconcile_replica_sets();
            self.reconcile_stateful_sets();
            self.reconcile_daemon_sets();
            self.schedule();
            if !self.dirty {
                break;
            }
        }
        self.update_budgets();
        self.update_workload_statuses();
        self.next_event = self.soonest_event();
    }

    fn soonest_event(&self) -> Option<Timestamp> {
        let gone = |pod: &SimPod| pod.deletion.map(|deletion| deletion.gone_at);
        let pods = self.pods.values().flat_map(|pod| [pod.ready_at, gone(pod)]).flatten();
        let load = self.load_hour.map(|hour| (hour + 1) * 3_600);
        let load = load.and_then(|second| Timestamp::from_second(second).ok());
        let nodes = self.node_ready_at.values().copied();
        pods.chain(nodes).chain(load).filter(|at| *at > self.now).min()
    }

    /// Pods whose kubelet has stopped them are gone, unless a finalizer holds them.
    fn pods_stop(&mut self) {
        let now = self.now;
        let stopped = |pod: &&SimPod| {
            pod.finalizers.is_empty()
                && pod.deletion.is_some_and(|deletion| deletion.gone_at <= now)
        };
        let gone: Vec<String> = self.pods.values().filter(stopped).map(SimPod::key).collect();
        for key in gone {
            self.remove_pod(&key);
        }
    }

    /// Scales Deployments that carry [`LOAD_ANNOTATION`], once at the beginning of each hour.
    fn follow_load(&mut self) {
        let hour = self.now.as_second().div_euclid(3_600);
        if self.load_hour == Some(hour) {
            return;
        }
        // 1970 began on a Thursday.
        let hour_of_week = usize::try_from((hour + 3 * 24).rem_euclid(168)).unwrap_or(0);
        let mut scaled = Vec::new();
        let mut any = false;
        for (key, deployment) in self.of(Resource::Deployments) {
            let Some(load) = deployment["metadata"]["annotations"][LOAD_ANNOTATION].as_str() else {
                continue;
            };
            any = true;
            let hours: Vec<u64> =
                load.split(',').filter_map(|count| count.trim().parse().ok()).collect();
            let wanted = match hours.len() {
                24 => hours[hour_of_week % 24],
                168 => hours[hour_of_week],
                _ => continue,
            };
            let current = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
            let asleep = current == 0 && hours.iter().all(|count| *count > 0);
            if current != wanted && !asleep {
                scaled.push((key.clone(), wanted));
            }
        }
        for (key, replicas) in scaled {
            self.scale(&key, replicas);
        }
        self.load_hour = any.then_some(hour);
    }

    /// Sets `spec.replicas`.
    pub(super) fn scale(&mut self, key: &str, replicas: u64) {
        let Some(mut object) = self.objects.get(key).cloned() else { return };
        object["spec"]["replicas"] = json!(replicas);
        let generation = object["metadata"]["generation"].as_u64().unwrap_or(0);
        object["metadata"]["generation"] = json!(generation + 1);
        self.store(key.to_owned(), object);
    }

    /// Each Deployment has a `ReplicaSet` for its template; older ones shrink as its pods get ready.
    fn reconcile_deployments(&mut self) {
        let deployments: Vec<Value> =
            self.of(Resource::Deployments).map(|(_, object)| object.clone()).collect();
        for deployment in deployments {
            let metadata = &deployment["metadata"];
            let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
            let template = &deployment["spec"]["template"];
            let hash = derived_uuid(&[&template.to_string()]).simple().to_string()[..10].to_owned();
            let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
            let current = key(Resource::ReplicaSets, namespace, &format!("{name}-{hash}"));
            if !self.objects.contains_key(&current) {
                let uid = self.new_uid(&current);
                self.store(current.clone(), replica_set(&deployment, &hash, &uid));
            }
            let ready_now = self.objects[&current]["status"]["readyReplicas"].as_u64().unwrap_or(0);
            let sets: Vec<(String, u64)> = self
                .of(Resource::ReplicaSets)
                .filter(|(_, set)| set["metadata"]["ownerReferences"][0]["uid"] == metadata["uid"])
                .map(|(key, set)| (key.clone(), set["spec"]["replicas"].as_u64().unwrap_or(0)))
                .collect();
            for (key, replicas) in sets {
                let share = if key == current {
                    wanted
                } else {
                    replicas.min(wanted.saturating_sub(ready_now))
                };
                if share != replicas {
                    self.scale(&key, share);
                }
            }
        }
    }

    /// Each `ReplicaSet` has as many pods as it asks for.
    fn reconcile_replica_sets(&mut self) {
        let sets: Vec<(String, Value)> = self
            .of(Resource::ReplicaSets)
            .map(|(key, object)| (key.clone(), object.clone()))
            .collect();
        let mut by_owner = self.active_pods_by_owner();
        for (key, set) in sets {
            let (owner, namespace) = owner_of(Resource::ReplicaSets, &set);
            let wanted = set["spec"]["replicas"].as_u64().unwrap_or(0) as usize;
            let mut pods = by_owner.remove(&owner).unwrap_or_default();
            if pods.len() < wanted && !self.ensure_template(&key, &set, &namespace) {
                continue;
            }
            for _ in pods.len()..wanted {
                let mut pod = self.new_pod(&namespace, "", key.clone(), Some(owner.clone()));
                pod.name = format!("{}-{}", owner.name, suffix(&pod.uid));
                self.add_pod(pod);
            }
            if pods.len() > wanted {
                self.least_wanted_first(&mut pods);
                for key in pods.iter().take(pods.len() - wanted) {
                    self.delete_pod(key, None);
                }
            }
        }
    }

    /// Pods that are not being deleted, by what controls them.
    fn active_pods_by_owner(&self) -> BTreeMap<Owner, Vec<String>> {
        let mut by_owner: BTreeMap<Owner, Vec<String>> = BTreeMap::new();
        for pod in self.pods.values().filter(|pod| pod.deletion.is_none()) {
            if let Some(owner) = &pod.owner {
                by_owner.entry(owner.clone()).or_default().push(pod.key());
            }
        }
        by_owner
    }

    /// Remembers a controller's pod template. Whether it can be read.
    pub(super) fn ensure_template(&mut self, key: &str, object: &Value, namespace: &str) -> bool {
        if self.templates.contains_key(key) {
            return true;
        }
        match Template::of(&object["spec"]["template"], namespace) {
            Ok(template) => {
                self.templates.insert(key.to_owned(), template);
                true
            }
            Err(error) => {
                tracing::warn!(key, error, "a pod template can not be read");
                false
            }
        }
    }

    /// In the order a `ReplicaSet` gives pods up: waiting ones, unready ones, where it has most on
    /// one node, the youngest.
    fn least_wanted_first(&self, keys: &mut [String]) {
        let mut on_node: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for key in keys.iter() {
            *on_node.entry(self.pods[key].node.clone()).or_default() += 1;
        }
        let rank = |key: &String| {
            let pod = &self.pods[key];
            let crowd = on_node.get(&pod.node).copied().unwrap_or(0);
            let ready = pod.is_ready(self.now);
            (pod.node.is_some(), ready, Reverse(crowd), Reverse(pod.created_at), key.clone())
        };
        keys.sort_by_key(rank);
    }

    /// What `status` says of everything that makes pods.
    fn update_workload_statuses(&mut self) {
        let mut counts: BTreeMap<Owner, (u64, u64)> = BTreeMap::new();
        for pod in self.pods.values().filter(|pod| pod.deletion.is_none()) {
            if let Some(owner) = &pod.owner {
                let count = counts.entry(owner.clone()).or_default();
                count.0 += 1;
                count.1 += u64::from(pod.is_ready(self.now));
            }
        }
        let mut by_deployment: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let mut statuses = Vec::new();
        for (key, set) in self.of(Resource::ReplicaSets) {
            let (owner, namespace) = owner_of(Resource::ReplicaSets, set);
            let (pods, ready) = counts.get(&owner).copied().unwrap_or_default();
            let above = text(&set["metadata"]["ownerReferences"][0]["name"]);
            let sum = by_deployment.entry(self::key(Resource::Deployments, &namespace, above));
            let sum = sum.or_default();
            *sum = (sum.0 + pods, sum.1 + ready);
            statuses.push((key.clone(), replicas_status(set, pods, ready)));
        }
        for (key, deployment) in self.of(Resource::Deployments) {
            let (pods, ready) = by_deployment.get(key).copied().unwrap_or_default();
            statuses.push((key.clone(), replicas_status(deployment, pods, ready)));
        }
        for (key, set) in self.of(Resource::StatefulSets) {
            let (owner, _) = owner_of(Resource::StatefulSets, set);
            let (pods, ready) = counts.get(&owner).copied().unwrap_or_default();
            statuses.push((key.clone(), replicas_status(set, pods, ready)));
        }
        for (key, set) in self.of(Resource::DaemonSets) {
            let (owner, _) = owner_of(Resource::DaemonSets, set);
            let (pods, ready) = counts.get(&owner).copied().unwrap_or_default();
            let status = json!({ "currentNumberScheduled": pods, "desiredNumberScheduled": pods,
                "numberReady": ready, "numberAvailable": ready, "numberMisscheduled": 0,
                "observedGeneration": set["metadata"]["generation"] });
            statuses.push((key.clone(), status));
        }
        for (key, status) in statuses {
            self.store_status(&key, status);
        }
    }
}

/// The owner that pods of a controller name, and its namespace.
pub(super) fn owner_of(resource: Resource, object: &Value) -> (Owner, String) {
    let metadata = &object["metadata"];
    let owner = Owner {
        resource: resource.plural().to_owned(),
        name: text(&metadata["name"]).to_owned(),
        uid: text(&metadata["uid"]).to_owned(),
    };
    (owner, text(&metadata["namespace"]).to_owned())
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn replicas_status(object: &Value, pods: u64, ready: u64) -> Value {
    let mut status =
        json!({ "observedGeneration": object["metadata"]["generation"], "replicas": pods });
    if ready > 0 {
        status["readyReplicas"] = json!(ready);
        status["availableReplicas"] = json!(ready);
    }
    status
}

fn replica_set(deployment: &Value, hash: &str, uid: &str) -> Value {
    let metadata = &deployment["metadata"];
    let mut template = deployment["spec"]["template"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"]["pod-template-hash"] = json!(hash);
    let name = text(&metadata["name"]);
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{name}-{hash}"),
            "namespace": metadata["namespace"],
            "uid": uid,
            "generation": 1,
            "creationTimestamp": metadata["creationTimestamp"],
            "labels": template["metadata"]["labels"],
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "Deployment", "name": name,
                "uid": metadata["uid"], "controller": true, "blockOwnerDeletion": true }],
        },
        "spec": { "replicas": 0, "selector": selector, "template": template },
        "status": {},
    })
}
