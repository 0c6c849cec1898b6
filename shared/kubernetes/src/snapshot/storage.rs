//! Which volumes tie a pod to a place.

use super::Objects;
use crate::object::{Pod, VolumeNodeAffinity};
use domain::snapshot::Operator;
use std::collections::BTreeMap;

/// Labels by which volumes name their zone.
const ZONE_KEYS: [&str; 3] = [
    "topology.kubernetes.io/zone",
    "topology.ebs.csi.aws.com/zone",
    "failure-domain.beta.kubernetes.io/zone",
];

/// Where volumes are, as far as they and their claims were listed.
#[derive(Debug, Default)]
pub struct Volumes {
    places: BTreeMap<(String, String), Place>,
}

/// Where a claim's volume can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// From every node.
    Anywhere,
    /// In one zone.
    Zone(String),
    /// By a rule of its own, such as on one node.
    Elsewhere,
}

impl Volumes {
    /// Reads them off what was listed.
    pub fn of(objects: &Objects) -> Self {
        let volumes: BTreeMap<&str, &VolumeNodeAffinity> = objects
            .volumes
            .iter()
            .map(|volume| (volume.metadata.name.as_str(), &volume.spec.node_affinity))
            .collect();
        let places = objects.claims.iter().filter_map(|claim| {
            let affinity = volumes.get(claim.spec.volume_name.as_str())?;
            let key = (claim.metadata.namespace.clone(), claim.metadata.name.clone());
            Some((key, place(affinity)))
        });
        Self { places: places.collect() }
    }

    /// The places of a pod's claims; `None` for one of which nothing is known.
    pub(super) fn of_pod(&self, pod: &Pod) -> Vec<Option<Place>> {
        let namespace = &pod.metadata.namespace;
        let place = |claim: String| self.places.get(&(namespace.clone(), claim)).cloned();
        let mut places = Vec::new();
        for volume in &pod.spec.volumes {
            if let Some(source) = &volume.persistent_volume_claim {
                places.push(place(source.claim_name.clone()));
            } else if volume.ephemeral.is_some() {
                places.push(place(format!("{}-{}", pod.metadata.name, volume.name)));
            } else if volume.aws_elastic_block_store.is_some() {
                places.push(None);
            }
        }
        places
    }
}

fn place(affinity: &VolumeNodeAffinity) -> Place {
    let Some(required) = &affinity.required else {
        return Place::Anywhere;
    };
    let [term] = required.node_selector_terms.as_slice() else {
        return Place::Elsewhere;
    };
    let [requirement] = term.match_expressions.as_slice() else {
        return Place::Elsewhere;
    };
    match requirement.values.as_slice() {
        [zone]
            if requirement.operator == Operator::In
                && ZONE_KEYS.contains(&requirement.key.as_str()) =>
        {
            Place::Zone(zone.clone())
        }
        _ => Place::Elsewhere,
    }
}

/// Whether an eviction loses data of the pod: an `emptyDir` or `hostPath` its owner has not given up.
///
/// The cluster autoscaler's annotations count: `safe-to-evict: "true"`, and
/// `safe-to-evict-local-volumes` with volume names.
pub(super) fn has_local_storage(pod: &Pod) -> bool {
    let annotations = &pod.metadata.annotations;
    if pod.metadata.annotated("cluster-autoscaler.kubernetes.io/safe-to-evict", "true") {
        return false;
    }
    let given_up = annotations
        .get("cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes")
        .map_or("", String::as_str);
    let is_given_up = |name: &str| given_up.split(',').any(|volume| volume.trim() == name);
    let is_local =
        |volume: &&crate::object::Volume| volume.empty_dir.is_some() || volume.host_path.is_some();
    pod.spec.volumes.iter().filter(is_local).any(|volume| !is_given_up(&volume.name))
}
