//! Writing: create, replace, patch, scale, delete, with the optimistic lock of `resourceVersion`.

use super::answer::Target;
use super::list::Query;
use super::node::taint_where_cordoned;
use super::patch::Patch;
use super::resource::Resource;
use super::state::{ClusterState, whole};
use super::status::{Answer, Failure, ok, success};
use domain::snapshot::Labels;
use http::StatusCode;
use serde_json::{Value, json};

impl ClusterState {
    pub(super) fn create(&mut self, target: &Target, mut object: Value) -> Answer {
        let resource = target.resource;
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(Failure::invalid(
                resource,
                "",
                "metadata.name: Required value: name or generateName is required",
            ));
        }
        let named = Target {
            name: Some(name.clone()),
            subresource: None,
            namespace: target.namespace.clone(),
            resource,
        };
        if resource != Resource::Namespaces && self.read(&named).is_ok() {
            return Err(Failure::already_exists(resource, &name));
        }
        if !target.namespace.is_empty() {
            object["metadata"]["namespace"] = json!(target.namespace);
        }
        object["kind"] = json!(resource.kind());
        if resource == Resource::Leases || resource == Resource::Nodes {
            let key = named.key();
            object["metadata"]["uid"] = json!(self.new_uid(&key));
            object["metadata"]["creationTimestamp"] = json!(whole(self.now));
            resource.default_fields(&mut object);
            self.store(key, object);
        } else {
            let now = self.now;
            self.apply(vec![object], now)
                .map_err(|error| Failure::invalid(resource, &name, &error.to_string()))?;
        }
        Ok((StatusCode::CREATED, self.read(&named)?))
    }

    pub(super) fn replace(&mut self, target: &Target, object: Value) -> Answer {
        let current = self.read(target)?;
        self.write(target, &current, object)
    }

    pub(super) fn patch(&mut self, target: &Target, patch: &Patch) -> Answer {
        let current = self.read(target)?;
        let mut object = current.clone();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("resourceVersion");
        }
        patch.apply(&mut object)?;
        self.write(target, &current, object)
    }

    /// Writes an object over `current`, if what was read to make it is still that.
    fn write(&mut self, target: &Target, current: &Value, mut object: Value) -> Answer {
        let version = &current["metadata"]["resourceVersion"];
        let expected = &object["metadata"]["resourceVersion"];
        if !(expected.is_null() || expected == "" || expected == version) {
            return Err(Failure::modified(target.resource, target.name()));
        }
        if object["metadata"]["name"] != current["metadata"]["name"] {
            let message = "the name of the object does not match the name on the URL";
            return Err(Failure::bad_request(message));
        }
        for field in ["uid", "creationTimestamp", "namespace", "deletionTimestamp"] {
            object["metadata"][field] = current["metadata"][field].clone();
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|_, value| !value.is_null());
        }
        if target.resource == Resource::Pods {
            return self.write_pod(target, current, &object);
        }
        if target.resource == Resource::Nodes {
            taint_where_cordoned(&mut object);
        } else if object["spec"] != current["spec"] && target.resource != Resource::Leases {
            let generation = current["metadata"]["generation"].as_u64().unwrap_or(0);
            object["metadata"]["generation"] = json!(generation + 1);
        }
        object["metadata"]["resourceVersion"] = version.clone();
        if object != *current {
            self.store(target.key(), object);
        }
        ok(self.read(target)?)
    }

    /// Of a pod, labels, annotations and finalizers can be written.
    fn write_pod(&mut self, target: &Target, current: &Value, object: &Value) -> Answer {
        if object["spec"] != current["spec"] {
            let message = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
            return Err(Failure::invalid(target.resource, target.name(), message));
        }
        let map = |field: &str| -> Labels {
            serde_json::from_value(object["metadata"][field].clone()).unwrap_or_default()
        };
        self.revision += 1;
        let revision = self.revision;
        let key = format!("{}/{}", target.namespace, target.name());
        if let Some(pod) = self.pods.get_mut(&key) {
            pod.labels = map("labels");
            pod.annotations = map("annotations");
            pod.finalizers = serde_json::from_value(object["metadata"]["finalizers"].clone())
                .unwrap_or_default();
            pod.revision = revision;
        }
        self.dirty = true;
        ok(self.read(target).unwrap_or_else(|_| object.clone()))
    }

    pub(super) fn read_scale(&self, target: &Target) -> Answer {
        if !target.resource.is_scalable() {
            return Err(Failure::no_such_path());
        }
        let object = self.read(target)?;
        let metadata = &object["metadata"];
        ok(json!({
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": { "name": metadata["name"], "namespace": metadata["namespace"],
                "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"] },
            "spec": { "replicas": object["spec"]["replicas"] },
            "status": { "replicas": object["status"]["replicas"].as_u64().unwrap_or(0) },
        }))
    }

    pub(super) fn write_scale(&mut self, target: &Target, scale: &Value) -> Answer {
        let (_, current) = self.read_scale(target)?;
        let expected = &scale["metadata"]["resourceVersion"];
        if !expected.is_null() && *expected != current["metadata"]["resourceVersion"] {
            return Err(Failure::modified(target.resource, target.name()));
        }
        let replicas = scale["spec"]["replicas"].as_u64().unwrap_or(0);
        if current["spec"]["replicas"] != replicas {
            self.scale(&target.key(), replicas);
        }
        self.read_scale(target)
    }

    pub(super) fn delete(&mut self, target: &Target, options: &Value, query: &Query) -> Answer {
        let current = self.read(target)?;
        let found = current["metadata"]["uid"].as_str().unwrap_or_default();
        if let Some(asked) = options["preconditions"]["uid"].as_str().filter(|uid| *uid != found) {
            return Err(Failure::uid_differs(target.name(), asked, found));
        }
        if options["dryRun"].is_array() {
            return ok(current);
        }
        if target.resource != Resource::Pods {
            self.objects.remove(&target.key());
            self.dirty = true;
            return ok(success(StatusCode::OK));
        }
        let key = format!("{}/{}", target.namespace, target.name());
        let asked = options["gracePeriodSeconds"].as_u64();
        let asked = asked.or_else(|| query.get("gracePeriodSeconds")?.parse().ok());
        let before = self.budgets_in_order();
        self.delete_pod(&key, asked.and_then(|grace| u32::try_from(grace).ok()));
        self.note_broken_budgets(&before, &format!("{} was deleted", target.name()));
        ok(self.read(target).unwrap_or(current))
    }
}
