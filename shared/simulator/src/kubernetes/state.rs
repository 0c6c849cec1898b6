//! The state of a cluster and the passing of time in it.

use super::incident::Incident;
use super::pod::SimPod;
use super::resource::Resource;
use super::template::{Cache, Template};
use domain::ids::derived_uuid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A simulated cluster. Cheap to store: pods are kept as what differs from their template.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClusterState {
    pub(super) name: String,
    /// The newest `resourceVersion`.
    pub(super) revision: u64,
    pub(super) now: Timestamp,
    /// When something will happen by itself; absent where nothing will.
    pub(super) next_event: Option<Timestamp>,
    /// Something changed that controllers have not looked at.
    pub(super) dirty: bool,
    /// Everything but pods, by [`key`].
    pub(super) objects: BTreeMap<String, Value>,
    /// By `namespace/name`.
    pub(super) pods: BTreeMap<String, SimPod>,
    /// What pods are made from, by controller.
    pub(super) templates: BTreeMap<String, Template>,
    /// The hour since 1970 whose load was applied; absent where none was.
    pub(super) load_hour: Option<i64>,
    /// Nodes that are not ready yet, and when they will be.
    pub(super) node_ready_at: BTreeMap<String, Timestamp>,
    /// Zones of volumes in use, by `namespace/claim`.
    pub(super) volume_zones: BTreeMap<String, String>,
    pub(super) incidents: Vec<Incident>,
    #[serde(skip)]
    pub(super) cache: Cache,
}

/// Why a manifest is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// No kind that is simulated, or no name.
    #[error("{0} is not a manifest of a simulated kind")]
    NotSimulated(String),
    /// The pod template can not be read.
    #[error("the pod template of {subject} can not be read: {message}")]
    Template {
        /// Which.
        subject: String,
        /// What is wrong.
        message: String,
    },
}

/// Where an object is kept.
pub(super) fn key(resource: Resource, namespace: &str, name: &str) -> String {
    format!("{}/{namespace}/{name}", resource.plural())
}

impl ClusterState {
    /// An empty cluster.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            revision: 0,
            now: Timestamp::UNIX_EPOCH,
            next_event: None,
            dirty: false,
            objects: BTreeMap::new(),
            pods: BTreeMap::new(),
            templates: BTreeMap::new(),
            load_hour: None,
            node_ready_at: BTreeMap::new(),
            volume_zones: BTreeMap::new(),
            incidents: Vec::new(),
            cache: Cache::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What went wrong so far, oldest first.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// Whether everything that was asked for runs: nothing to reconcile, no pod pending,
    /// unready or terminating, every node ready.
    pub fn is_settled(&self) -> bool {
        let settled = |pod: &SimPod| pod.is_ready(self.now) && pod.deletion.is_none();
        !self.dirty && self.node_ready_at.is_empty() && self.pods.values().all(settled)
    }

    /// Lets time pass until `now`, event by event. Costs next to nothing where nothing happens.
    pub fn advance(&mut self, now: Timestamp) {
        if self.dirty {
            self.reconcile();
        }
        while let Some(event) = self.next_event.filter(|event| *event <= now) {
            self.now = self.now.max(event);
            self.reconcile();
        }
        self.now = self.now.max(now);
    }

    /// Creates or changes objects, as `kubectl apply` would.
    pub fn apply(&mut self, objects: Vec<Value>, now: Timestamp) -> Result<(), ApplyError> {
        self.advance(now);
        for object in objects {
            self.apply_one(object)?;
        }
        self.advance(now);
        Ok(())
    }

    fn apply_one(&mut self, mut object: Value) -> Result<(), ApplyError> {
        let subject = format!("{} {}", object["kind"], object["metadata"]["name"]);
        let resource = object["kind"].as_str().and_then(Resource::of_kind);
        let name = object["metadata"]["name"].as_str().map(str::to_owned);
        let (Some(resource), Some(name)) = (resource, name) else {
            return Err(ApplyError::NotSimulated(subject));
        };
        let namespace = if resource.is_namespaced() {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
            namespace.to_owned()
        } else {
            String::new()
        };
        if !namespace.is_empty() {
            object["metadata"]["namespace"] = json!(namespace);
        }
        if resource == Resource::Pods {
            return self.create_bare_pod(&namespace, &name, &object, &subject);
        }
        if resource.makes_pods() {
            let template = Template::of(&object["spec"]["template"], &namespace)
                .map_err(|message| ApplyError::Template { subject, message })?;
            drop(template);
        }
        let key = key(resource, &namespace, &name);
        if let Some(existing) = self.objects.get(&key) {
            object["status"] = existing["status"].clone();
            let generation = existing["metadata"]["generation"].as_u64().unwrap_or(1);
            let changed = existing["spec"] != object["spec"];
            object["metadata"]["generation"] = json!(generation + u64::from(changed));
            for field in ["uid", "creationTimestamp"] {
                object["metadata"][field] = existing["metadata"][field].clone();
            }
        } else {
            object["metadata"]["uid"] = json!(self.new_uid(&key));
            object["metadata"]["creationTimestamp"] = json!(whole(self.now));
            object["metadata"]["generation"] = json!(1);
        }
        resource.default_fields(&mut object);
        self.store(key, object);
        self.load_hour = None;
        Ok(())
    }

    /// Stores an object under a new `resourceVersion`; controllers will look at it.
    pub(super) fn store(&mut self, key: String, mut object: Value) {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        self.objects.insert(key, object);
        self.dirty = true;
    }

    /// A UID that no other object has.
    pub(super) fn new_uid(&mut self, key: &str) -> String {
        self.revision += 1;
        derived_uuid(&[&self.name, key, &self.revision.to_string()]).to_string()
    }

    /// All objects of a kind.
    pub(super) fn of(&self, resource: Resource) -> impl Iterator<Item = (&String, &Value)> {
        let prefix = format!("{}/", resource.plural());
        let from = prefix.clone();
        self.objects.range(from..).take_while(move |(key, _)| key.starts_with(&prefix))
    }

    /// Stores a status where it changed. Controllers need not look again for it.
    pub(super) fn store_status(&mut self, key: &str, status: Value) {
        let Some(object) = self.objects.get_mut(key) else { return };
        if object["status"] != status {
            self.revision += 1;
            object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
            object["status"] = status;
        }
    }
}

/// Kubernetes writes whole seconds.
pub(super) fn whole(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
