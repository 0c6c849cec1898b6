//! Which controller is on top of a pod.

use super::Objects;
use crate::object::{Controller, Metadata};
use domain::snapshot::{Pod, PodKind, Workload, WorkloadRef};
use std::collections::BTreeMap;

/// The controllers of controllers: a Deployment above its `ReplicaSet`, a `CronJob` above its Job.
#[derive(Debug, Default)]
pub struct Owners {
    above: BTreeMap<WorkloadRef, WorkloadRef>,
}

impl Owners {
    /// Reads them off what was listed.
    pub fn of(objects: &Objects) -> Self {
        let replica_sets = objects.replica_sets.iter().map(|set| ("ReplicaSet", set));
        let jobs = objects.jobs.iter().map(|job| ("Job", job));
        let above = replica_sets.chain(jobs).filter_map(|(kind, controller)| {
            let owner = controller_of(&controller.metadata)?;
            Some((reference(kind, &controller.metadata), owner))
        });
        Self { above: above.collect() }
    }

    /// The topmost controller of a pod.
    pub fn topmost(&self, pod: &Metadata) -> Option<WorkloadRef> {
        let mut owner = controller_of(pod)?;
        while let Some(above) = self.above.get(&owner) {
            owner = above.clone();
        }
        Some(deployment_by_hash(&owner, pod).unwrap_or(owner))
    }

    /// Every controller there is, and every one a pod names that was not listed.
    pub fn workloads(&self, objects: &Objects, pods: &[Pod]) -> Vec<Workload> {
        let mut found = BTreeMap::new();
        for pod in pods.iter().filter(|pod| pod.kind != PodKind::Mirror) {
            if let Some(owner) = &pod.owner {
                *found.entry(owner.clone()).or_insert((None, 0)) = (None, 0);
            }
        }
        for pod in pods.iter().filter(|pod| pod.ready) {
            if let Some((_, ready)) = pod.owner.as_ref().and_then(|owner| found.get_mut(owner)) {
                *ready += 1;
            }
        }
        let listed = [
            ("Deployment", &objects.deployments),
            ("ReplicaSet", &objects.replica_sets),
            ("StatefulSet", &objects.stateful_sets),
            ("DaemonSet", &objects.daemon_sets),
        ];
        for (kind, controllers) in listed {
            let topmost = |controller: &&Controller| controller.metadata.controller().is_none();
            for controller in controllers.iter().filter(topmost) {
                let status = &controller.status;
                let ready = status.ready_replicas.or(status.number_ready).unwrap_or(0);
                // The API server makes an absent number of replicas 1.
                let replicas = (kind != "DaemonSet").then(|| controller.spec.replicas.unwrap_or(1));
                found.insert(reference(kind, &controller.metadata), (replicas, ready));
            }
        }
        let workload = |(reference, (replicas, ready))| Workload { reference, replicas, ready };
        found.into_iter().map(workload).collect()
    }
}

fn reference(kind: &str, metadata: &Metadata) -> WorkloadRef {
    WorkloadRef {
        kind: kind.to_owned(),
        namespace: metadata.namespace.clone(),
        name: metadata.name.clone(),
    }
}

fn controller_of(metadata: &Metadata) -> Option<WorkloadRef> {
    let owner = metadata.controller()?;
    Some(WorkloadRef {
        kind: owner.kind.clone(),
        namespace: metadata.namespace.clone(),
        name: owner.name.clone(),
    })
}

/// Where `ReplicaSets` were not listed, the pod's template hash tells the Deployment's name.
fn deployment_by_hash(owner: &WorkloadRef, pod: &Metadata) -> Option<WorkloadRef> {
    let hash = pod.labels.get("pod-template-hash")?;
    let name = owner.name.strip_suffix(hash.as_str())?.strip_suffix('-')?;
    (owner.kind == "ReplicaSet").then(|| WorkloadRef {
        kind: "Deployment".to_owned(),
        namespace: owner.namespace.clone(),
        name: name.to_owned(),
    })
}
