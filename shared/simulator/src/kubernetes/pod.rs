//! Pods: what is stored of them, and how they look through the API.

use super::incident::{Incident, IncidentKind};
use super::resource::Resource;
use super::state::{ApplyError, ClusterState, whole};
use super::template::Template;
use domain::ids::derived_uuid;
use domain::snapshot::{Labels, Pod};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// What differs between a pod and its template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SimPod {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) revision: u64,
    /// Which template.
    pub(super) template: String,
    /// The controller; absent for a bare pod.
    pub(super) owner: Option<Owner>,
    pub(super) created_at: Timestamp,
    pub(super) node: Option<String>,
    /// When the kubelet has it ready; absent while it waits for a node.
    pub(super) ready_at: Option<Timestamp>,
    pub(super) deletion: Option<Deletion>,
    /// Why the scheduler found no node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unschedulable: Option<String>,
    /// Beside the template's.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub(super) labels: Labels,
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub(super) annotations: Labels,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) finalizers: Vec<String>,
    /// A `StatefulSet`'s volumes: name in the pod, name of the claim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) claims: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Owner {
    pub(super) resource: String,
    pub(super) name: String,
    pub(super) uid: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Deletion {
    pub(super) grace_seconds: u32,
    /// When the grace period ends.
    pub(super) until: Timestamp,
    /// When the kubelet has it gone.
    pub(super) gone_at: Timestamp,
}

impl SimPod {
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    pub(super) fn is_ready(&self, now: Timestamp) -> bool {
        self.ready_at.is_some_and(|at| at <= now)
    }

    pub(super) fn is_of(&self, owner: &Owner) -> bool {
        self.owner.as_ref() == Some(owner)
    }

    pub(super) fn subject(&self) -> String {
        format!("pod/{}/{}", self.namespace, self.name)
    }
}

/// Five letters as Kubernetes draws them, from a UID rather than by chance.
pub(super) fn suffix(uid: &str) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let digest = derived_uuid(&[uid]).into_bytes();
    digest[..5].iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// A number below `bound` that follows from a UID.
pub(super) fn spread(uid: &str, bound: u8) -> i64 {
    i64::from(derived_uuid(&[uid, "spread"]).into_bytes()[0] % bound)
}

impl ClusterState {
    pub(super) fn create_bare_pod(
        &mut self,
        namespace: &str,
        name: &str,
        object: &Value,
        subject: &str,
    ) -> Result<(), ApplyError> {
        let key = format!("{namespace}/{name}");
        if self.pods.contains_key(&key) {
            return Ok(());
        }
        let template = Template::of(object, namespace)
            .map_err(|message| ApplyError::Template { subject: subject.to_owned(), message })?;
        let template_key = format!("pods/{key}");
        self.templates.insert(template_key.clone(), template);
        self.cache.prototypes.remove(&template_key);
        let finalizers = object["metadata"]["finalizers"].as_array().into_iter().flatten();
        let finalizers = finalizers.filter_map(Value::as_str).map(str::to_owned).collect();
        let pod = self.new_pod(namespace, name, template_key, None);
        self.add_pod(SimPod { finalizers, ..pod });
        Ok(())
    }

    /// A pod nobody knows of yet.
    pub(super) fn new_pod(
        &mut self,
        namespace: &str,
        name: &str,
        template: String,
        owner: Option<Owner>,
    ) -> SimPod {
        let uid = self.new_uid(&format!("pods/{namespace}/{name}"));
        SimPod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            revision: self.revision,
            template,
            owner,
            created_at: self.now,
            node: None,
            ready_at: None,
            deletion: None,
            unschedulable: None,
            labels: Labels::new(),
            annotations: Labels::new(),
            finalizers: Vec::new(),
            claims: Vec::new(),
            uid,
        }
    }

    pub(super) fn add_pod(&mut self, pod: SimPod) {
        self.pods.insert(pod.key(), pod);
        self.dirty = true;
    }

    /// Binds a pod to a node; the kubelet has it ready 2 to 7 seconds after the node is.
    pub(super) fn bind(&mut self, key: &str, node: &str) {
        let node_ready = self.node_ready_at.get(node).copied().unwrap_or(self.now).max(self.now);
        self.revision += 1;
        let revision = self.revision;
        let Some(pod) = self.pods.get_mut(key) else { return };
        let ready_at = node_ready + SignedDuration::from_secs(2 + spread(&pod.uid, 6));
        pod.node = Some(node.to_owned());
        pod.ready_at = Some(ready_at);
        pod.unschedulable = None;
        pod.revision = revision;
        self.dirty = true;
    }

    /// Begins to delete a pod: gone at once where it never ran, else when the kubelet has stopped
    /// it, at the latest after its grace period.
    pub(super) fn delete_pod(&mut self, key: &str, grace_seconds: Option<u32>) {
        let default_grace = self.prototype(key).map_or(30, |prototype| prototype.grace_seconds);
        let now = self.now;
        self.revision += 1;
        let revision = self.revision;
        let Some(pod) = self.pods.get_mut(key) else { return };
        let asked = grace_seconds.unwrap_or(default_grace);
        let grace = pod.deletion.map_or(asked, |deletion| deletion.grace_seconds.min(asked));
        // Most processes stop well before their grace period ends.
        let takes = if pod.node.is_none() { 0 } else { grace.min(2 + spread(&pod.uid, 7) as u32) };
        let gone_at = now + SignedDuration::from_secs(i64::from(takes));
        let gone_at = pod.deletion.map_or(gone_at, |deletion| deletion.gone_at.min(gone_at));
        let until = now + SignedDuration::from_secs(i64::from(grace));
        let until = pod.deletion.map_or(until, |deletion| deletion.until.min(until));
        pod.deletion = Some(Deletion { grace_seconds: grace, until, gone_at });
        pod.revision = revision;
        let gone = gone_at <= now && pod.finalizers.is_empty();
        self.dirty = true;
        if gone {
            self.remove_pod(key);
        }
    }

    /// Forgets a pod.
    pub(super) fn remove_pod(&mut self, key: &str) {
        let Some(pod) = self.pods.remove(key) else { return };
        self.dirty = true;
        if pod.owner.is_none() {
            let message = "A pod without a controller is gone and will not come back.".to_owned();
            self.incident(IncidentKind::PodLost, pod.subject(), message);
            self.templates.remove(&pod.template);
        }
    }

    pub(super) fn incident(&mut self, kind: IncidentKind, subject: String, message: String) {
        self.incidents.push(Incident { at: self.now, kind, subject, message });
    }

    /// What the scheduler and a drain read off a pod's template.
    pub(super) fn prototype(&mut self, key: &str) -> Option<Arc<Pod>> {
        let pod = self.pods.get(key)?;
        if let Some(found) = self.cache.prototypes.get(&pod.template) {
            return Some(Arc::clone(found));
        }
        let template = self.templates.get(&pod.template)?;
        let made = template.prototype(&pod.namespace, &owner_references(pod)).ok()?;
        let made = Arc::new(made);
        self.cache.prototypes.insert(pod.template.clone(), Arc::clone(&made));
        Some(made)
    }

    /// All labels of a pod.
    pub(super) fn labels_of(&self, pod: &SimPod) -> Labels {
        let template = self.templates.get(&pod.template);
        let mut labels = template.map(|template| template.labels.clone()).unwrap_or_default();
        labels.extend(pod.labels.clone());
        labels
    }

    /// The pod as the API shows it.
    pub(super) fn render(&self, pod: &SimPod) -> Value {
        let template = self.templates.get(&pod.template);
        let mut annotations =
            template.map(|template| template.annotations.clone()).unwrap_or_default();
        annotations.extend(pod.annotations.clone());
        let mut metadata = json!({
            "name": pod.name,
            "namespace": pod.namespace,
            "uid": pod.uid,
            "resourceVersion": pod.revision.to_string(),
            "creationTimestamp": whole(pod.created_at),
            "labels": self.labels_of(pod),
            "ownerReferences": owner_references(pod),
        });
        if !annotations.is_empty() {
            metadata["annotations"] = json!(annotations);
        }
        if !pod.finalizers.is_empty() {
            metadata["finalizers"] = json!(pod.finalizers);
        }
        if let Some(deletion) = pod.deletion {
            metadata["deletionTimestamp"] = json!(whole(deletion.until));
            metadata["deletionGracePeriodSeconds"] = json!(deletion.grace_seconds);
        }
        let mut spec = template.map(|template| template.spec.clone()).unwrap_or_default();
        if let Some(node) = &pod.node {
            spec["nodeName"] = json!(node);
        }
        for (volume, claim) in &pod.claims {
            let volume = json!({ "name": volume, "persistentVolumeClaim": { "claimName": claim } });
            match spec["volumes"].as_array_mut() {
                Some(volumes) => volumes.push(volume),
                None => spec["volumes"] = json!([volume]),
            }
        }
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": self.pod_status(pod) })
    }

    fn pod_status(&self, pod: &SimPod) -> Value {
        let condition = |kind: &str, holds: bool, at: Timestamp| json!({ "type": kind, "status": if holds { "True" } else { "False" }, "lastTransitionTime": whole(at) });
        let Some(ready_at) = pod.ready_at else {
            let mut scheduled = condition("PodScheduled", false, pod.created_at);
            if let Some(message) = &pod.unschedulable {
                scheduled["reason"] = json!("Unschedulable");
                scheduled["message"] = json!(message);
            }
            return json!({ "phase": "Pending", "qosClass": "Burstable", "conditions": [scheduled] });
        };
        let ready = ready_at <= self.now;
        let at = if ready { ready_at } else { pod.created_at };
        json!({
            "phase": if ready { "Running" } else { "Pending" },
            "qosClass": "Burstable",
            "startTime": whole(pod.created_at),
            "conditions": [
                condition("Initialized", true, pod.created_at),
                condition("Ready", ready, at),
                condition("ContainersReady", ready, at),
                condition("PodScheduled", true, pod.created_at),
            ],
        })
    }
}

fn owner_references(pod: &SimPod) -> Value {
    let reference = |owner: &Owner| {
        let kind = Resource::at("apps/v1", &owner.resource).map_or("", Resource::kind);
        json!({ "apiVersion": "apps/v1", "kind": kind, "name": owner.name, "uid": owner.uid,
            "controller": true, "blockOwnerDeletion": true })
    };
    pod.owner.iter().map(reference).collect()
}
