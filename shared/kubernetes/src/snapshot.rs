//! The one conversion from Kubernetes' objects to a [`ClusterSnapshot`].

mod budget;
mod constraints;
mod findings;
mod node;
mod owner;
mod pod;
mod requests;
mod storage;

pub use constraints::label_selector;
pub use node::convert as convert_node;
pub use owner::Owners;
pub use pod::{Context as PodContext, convert as convert_pod};
pub use requests::{allocatable, requests};
pub use storage::Volumes;

use crate::object::{
    Condition, Controller, Kind, Node, Object, PersistentVolume, PersistentVolumeClaim, Pod,
    PodDisruptionBudget,
};
use domain::finding::Finding;
use domain::snapshot::{ClusterSnapshot, Workload};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What was listed of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "Kubernetes' own kinds")]
pub struct Objects {
    pub nodes: Vec<Node>,
    pub pods: Vec<Pod>,
    pub budgets: Vec<PodDisruptionBudget>,
    pub deployments: Vec<Controller>,
    pub replica_sets: Vec<Controller>,
    pub stateful_sets: Vec<Controller>,
    pub daemon_sets: Vec<Controller>,
    pub jobs: Vec<Controller>,
    pub volumes: Vec<PersistentVolume>,
    pub claims: Vec<PersistentVolumeClaim>,
    /// Objects that could not be read.
    pub findings: Vec<Finding>,
}

impl Objects {
    /// Adds an object to those of its kind.
    pub fn push(&mut self, object: Object) {
        match object {
            Object::Node(node) => self.nodes.push(*node),
            Object::Pod(pod) => self.pods.push(*pod),
            Object::PodDisruptionBudget(budget) => self.budgets.push(budget),
            Object::Controller(Kind::Deployment, controller) => self.deployments.push(controller),
            Object::Controller(Kind::ReplicaSet, controller) => self.replica_sets.push(controller),
            Object::Controller(Kind::StatefulSet, controller) => {
                self.stateful_sets.push(controller);
            }
            Object::Controller(Kind::DaemonSet, controller) => self.daemon_sets.push(controller),
            Object::Controller(_, controller) => self.jobs.push(controller),
            Object::PersistentVolume(volume) => self.volumes.push(volume),
            Object::PersistentVolumeClaim(claim) => self.claims.push(claim),
            Object::Other => {}
        }
    }

    /// Adds another list's objects.
    pub fn merge(&mut self, other: Self) {
        self.nodes.extend(other.nodes);
        self.pods.extend(other.pods);
        self.budgets.extend(other.budgets);
        self.deployments.extend(other.deployments);
        self.replica_sets.extend(other.replica_sets);
        self.stateful_sets.extend(other.stateful_sets);
        self.daemon_sets.extend(other.daemon_sets);
        self.jobs.extend(other.jobs);
        self.volumes.extend(other.volumes);
        self.claims.extend(other.claims);
        self.findings.extend(other.findings);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
            + self.pods.len()
            + self.budgets.len()
            + self.controllers().count()
            + self.volumes.len()
            + self.claims.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The newest moment any node or pod tells of: when a dump was made, at the latest known.
    /// Absent where there is neither.
    pub fn newest_timestamp(&self) -> Option<Timestamp> {
        let nodes = self.nodes.iter().map(|node| (&node.metadata, &node.status.conditions));
        let pods = self.pods.iter().map(|pod| (&pod.metadata, &pod.status.conditions));
        let newest = |conditions: &[Condition]| {
            let times = |condition: &Condition| {
                condition.last_heartbeat_time.max(condition.last_transition_time)
            };
            conditions.iter().filter_map(times).max()
        };
        nodes
            .chain(pods)
            .filter_map(|(metadata, conditions)| {
                metadata.creation_timestamp.max(newest(conditions))
            })
            .max()
    }

    fn controllers(&self) -> impl Iterator<Item = &Controller> {
        let first = self.deployments.iter().chain(&self.replica_sets).chain(&self.stateful_sets);
        first.chain(&self.daemon_sets).chain(&self.jobs)
    }
}

/// Converts what was listed. The same object listed twice counts once.
pub fn from_objects(objects: Objects, taken_at: Timestamp) -> ClusterSnapshot {
    let mut findings = objects.findings.clone();
    let nodes: BTreeMap<_, _> = objects
        .nodes
        .iter()
        .map(|node| (node.metadata.name.clone(), node::convert(node, taken_at)))
        .collect();
    let owners = owner::Owners::of(&objects);
    let volumes = storage::Volumes::of(&objects);
    let context = pod::Context { owners: &owners, volumes: &volumes, nodes: &nodes, taken_at };
    let pods: BTreeMap<_, _> = objects
        .pods
        .iter()
        .filter(|pod| !pod.is_finished())
        .map(|pod| {
            let key = (pod.metadata.namespace.clone(), pod.metadata.name.clone());
            (key, pod::convert(pod, &context))
        })
        .collect();
    let nodes: Vec<_> = nodes.into_values().collect();
    let pods: Vec<_> = pods.into_values().collect();
    let workloads: Vec<Workload> = owners.workloads(&objects, &pods);
    let disruption_budgets = budget::convert_all(&objects.budgets, &pods);
    findings::add(&mut findings, &nodes, &pods, &disruption_budgets);
    ClusterSnapshot { taken_at, nodes, pods, workloads, disruption_budgets, findings }
}
