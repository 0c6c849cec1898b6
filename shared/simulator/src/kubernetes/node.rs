//! Nodes: how instances become them and what is lost with one.

use super::incident::IncidentKind;
use super::pod::spread;
use super::resource::Resource;
use super::state::{ClusterState, key, whole};
use ::kubernetes::object;
use domain::offering::{CapacityType, Resources, family_of};
use domain::snapshot::{Labels, Node, Taint};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// An instance that joins a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNode {
    /// Of the Node object.
    pub name: String,
    /// `i-0123…`.
    pub instance_id: String,
    /// Such as `m5.xlarge`.
    pub instance_type: String,
    /// Such as `us-east-1a`.
    pub zone: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// Spot or on-demand.
    pub capacity_type: CapacityType,
    /// The managed node group, where it is of one.
    pub node_group: Option<String>,
    /// Beside those that EKS and the kubelet set.
    pub labels: Labels,
    /// Beside those of the node's life cycle.
    pub taints: Vec<Taint>,
    /// What pods may use.
    pub allocatable: Resources,
    /// When the Node object is made; it is ready 5 to 14 seconds later.
    pub created_at: Timestamp,
}

impl ClusterState {
    /// Joins an instance to the cluster; one that is there already stays as it is.
    pub fn register_node(&mut self, node: NewNode) {
        self.advance(node.created_at);
        let key = key(Resource::Nodes, "", &node.name);
        if self.objects.contains_key(&key) {
            return;
        }
        let uid = self.new_uid(&key);
        let ready_at = node.created_at + SignedDuration::from_secs(5 + spread(&uid, 10));
        self.node_ready_at.insert(node.name.clone(), ready_at);
        self.store(key, manifest(&node, &uid));
    }

    /// The instances of its nodes.
    pub fn instance_ids(&self) -> Vec<String> {
        let id = |node: &Value| provider_instance(node).map(str::to_owned);
        self.of(Resource::Nodes).filter_map(|(_, node)| id(node)).collect()
    }

    /// An instance is gone, and with it its node and what ran there. Running pods that could have
    /// been evicted, and budgets that are broken by it, are incidents.
    pub fn remove_instance(&mut self, instance_id: &str, now: Timestamp) {
        self.advance(now);
        let of_instance =
            |(_, node): &(&String, &Value)| provider_instance(node) == Some(instance_id);
        let Some((node_key, node)) = self.of(Resource::Nodes).find(of_instance) else { return };
        let (node_key, name) = (node_key.clone(), text(&node["metadata"]["name"]).to_owned());
        let lost: Vec<String> = self
            .pods
            .values()
            .filter(|pod| pod.node.as_deref() == Some(&name))
            .map(super::pod::SimPod::key)
            .collect();
        self.objects.remove(&node_key);
        self.node_ready_at.remove(&name);
        self.cache.nodes.remove(&name);
        for key in &lost {
            let evictable = self.prototype(key).is_some_and(|pod| pod.kind.is_evictable());
            let running = &self.pods[key];
            if evictable && running.deletion.is_none() {
                let message = format!("{name} ({instance_id}) went away under it.");
                let subject = running.subject();
                self.incident(IncidentKind::EvictablePodKilled, subject, message);
            }
        }
        let healthy_before = self.budgets_in_order();
        for key in &lost {
            self.remove_pod(key);
        }
        self.note_broken_budgets(&healthy_before, &format!("{name} went away"));
        self.dirty = true;
    }

    /// Nodes whose time has come report ready.
    pub(super) fn nodes_become_ready(&mut self) {
        let now = self.now;
        let due: Vec<String> = self
            .node_ready_at
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            self.node_ready_at.remove(&name);
            let key = key(Resource::Nodes, "", &name);
            let Some(mut node) = self.objects.get(&key).cloned() else { continue };
            node["status"]["conditions"] = conditions(true, now);
            if let Some(taints) = node["spec"]["taints"].as_array_mut() {
                taints.retain(|taint| taint["key"] != NOT_READY);
            }
            self.store(key, node);
        }
    }

    /// All nodes as the scheduler sees them, by name.
    pub(super) fn parsed_nodes(&mut self) -> Vec<Arc<Node>> {
        let now = self.now;
        let mut nodes = Vec::new();
        let mut parsed = std::mem::take(&mut self.cache.nodes);
        for (_, value) in self.of(Resource::Nodes) {
            let name = text(&value["metadata"]["name"]);
            let version = text(&value["metadata"]["resourceVersion"]);
            if let Some((_, node)) = parsed.get(name).filter(|(found, _)| found == version) {
                nodes.push(Arc::clone(node));
            } else if let Ok(node) = serde_json::from_value::<object::Node>(value.clone()) {
                let node = Arc::new(::kubernetes::snapshot::convert_node(&node, now));
                parsed.insert(name.to_owned(), (version.to_owned(), Arc::clone(&node)));
                nodes.push(node);
            }
        }
        self.cache.nodes = parsed;
        nodes
    }
}

/// What the node life-cycle controller does at once: a cordoned node carries the taint for it.
pub(super) fn taint_where_cordoned(node: &mut Value) {
    let cordoned = node["spec"]["unschedulable"] == true;
    let mut taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    taints.retain(|taint| taint["key"] != UNSCHEDULABLE);
    if cordoned {
        taints.push(json!({ "key": UNSCHEDULABLE, "effect": "NoSchedule" }));
    }
    node["spec"]["taints"] = if taints.is_empty() { Value::Null } else { json!(taints) };
    if let Some(spec) = node["spec"].as_object_mut() {
        spec.retain(|_, value| !value.is_null());
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn provider_instance(node: &Value) -> Option<&str> {
    node["spec"]["providerID"].as_str()?.rsplit('/').next()
}

fn manifest(node: &NewNode, uid: &str) -> Value {
    let arch = if is_graviton(&node.instance_type) { "arm64" } else { "amd64" };
    let mut labels = Labels::new();
    let mut set = |key: &str, value: &str| labels.insert(key.to_owned(), value.to_owned());
    set("kubernetes.io/arch", arch);
    set("kubernetes.io/hostname", &node.name);
    set("kubernetes.io/os", "linux");
    set("node.kubernetes.io/instance-type", &node.instance_type);
    set("topology.kubernetes.io/region", &node.region);
    set("topology.kubernetes.io/zone", &node.zone);
    if let Some(group) = &node.node_group {
        let capacity = match node.capacity_type {
            CapacityType::Spot => "SPOT",
            CapacityType::OnDemand => "ON_DEMAND",
        };
        set("eks.amazonaws.com/nodegroup", group);
        set("eks.amazonaws.com/capacityType", capacity);
    }
    labels.extend(node.labels.clone());
    let not_ready = ["NoSchedule", "NoExecute"];
    let not_ready = not_ready.map(|effect| json!({ "key": NOT_READY, "effect": effect }));
    let taints: Vec<Value> =
        node.taints.iter().map(|taint| json!(taint)).chain(not_ready).collect();
    let mut resources = json!({
        "cpu": format!("{}m", node.allocatable.cpu_milli),
        "memory": format!("{}Mi", node.allocatable.memory_mib),
        "ephemeral-storage": format!("{}Mi", node.allocatable.ephemeral_mib),
        "pods": node.allocatable.pods.to_string(),
    });
    for (name, amount) in &node.allocatable.extended {
        resources[name] = json!(amount.to_string());
    }
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name, "uid": uid, "labels": labels,
            "creationTimestamp": whole(node.created_at),
        },
        "spec": {
            "providerID": format!("aws:///{}/{}", node.zone, node.instance_id),
            "taints": taints,
        },
        "status": {
            "allocatable": resources,
            "capacity": resources,
            "conditions": conditions(false, node.created_at),
            "nodeInfo": { "architecture": arch, "operatingSystem": "linux", "kubeletVersion": "v1.36.4" },
        },
    })
}

/// Graviton families have a `g` behind their generation: `m7g`, `c6gn`, `x2gd`.
fn is_graviton(instance_type: &str) -> bool {
    let family = family_of(instance_type);
    family
        .trim_start_matches(|letter: char| letter.is_ascii_alphabetic())
        .trim_start_matches(|letter: char| letter.is_ascii_digit())
        .starts_with('g')
        || family == "a1"
}

fn conditions(ready: bool, at: Timestamp) -> Value {
    let condition = |kind: &str, status: bool, reason: &str| {
        json!({ "type": kind, "status": if status { "True" } else { "False" }, "reason": reason,
            "lastHeartbeatTime": whole(at), "lastTransitionTime": whole(at) })
    };
    json!([
        condition("MemoryPressure", false, "KubeletHasSufficientMemory"),
        condition("DiskPressure", false, "KubeletHasNoDiskPressure"),
        condition("PIDPressure", false, "KubeletHasSufficientPID"),
        condition("Ready", ready, if ready { "KubeletReady" } else { "KubeletNotReady" }),
    ])
}
