//! Pod templates, and what the scheduler reads off them once.

use ::kubernetes::object;
use domain::snapshot as values;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What pods are made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Template {
    pub(super) labels: values::Labels,
    pub(super) annotations: values::Labels,
    pub(super) spec: Value,
}

/// What was parsed before. Never stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache {
    /// By template.
    pub(super) prototypes: BTreeMap<String, Arc<values::Pod>>,
    /// By name, with the `resourceVersion` that was parsed.
    pub(super) nodes: BTreeMap<String, (String, Arc<values::Node>)>,
}

impl Template {
    /// Reads `spec.template` and fills in what the API server would.
    pub(super) fn of(template: &Value, namespace: &str) -> Result<Self, String> {
        let labels = |field: &str| -> Result<values::Labels, String> {
            let value = &template["metadata"][field];
            let labels: Option<_> =
                serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
            Ok(labels.unwrap_or_default())
        };
        let mut spec = template["spec"].clone();
        if !spec["containers"].is_array() {
            return Err("spec.containers is missing".to_owned());
        }
        default_fields(&mut spec);
        let made = Self { labels: labels("labels")?, annotations: labels("annotations")?, spec };
        made.prototype(namespace, &json!([]))?;
        Ok(made)
    }

    /// A pod of it as the scheduler sees it.
    pub(super) fn prototype(
        &self,
        namespace: &str,
        owner_references: &Value,
    ) -> Result<values::Pod, String> {
        let pod = json!({
            "metadata": {
                "namespace": namespace, "labels": self.labels, "annotations": self.annotations,
                "ownerReferences": owner_references,
            },
            "spec": self.spec,
        });
        let pod: object::Pod = serde_json::from_value(pod).map_err(|error| error.to_string())?;
        let context = ::kubernetes::snapshot::PodContext {
            owners: &::kubernetes::snapshot::Owners::default(),
            volumes: &::kubernetes::snapshot::Volumes::default(),
            nodes: &BTreeMap::new(),
            taken_at: Timestamp::UNIX_EPOCH,
        };
        Ok(::kubernetes::snapshot::convert_pod(&pod, &context))
    }

    /// The claims a pod of it uses, by name.
    pub(super) fn claims(&self) -> Vec<String> {
        let volumes = self.spec["volumes"].as_array().into_iter().flatten();
        let claim = |volume: &Value| {
            volume["persistentVolumeClaim"]["claimName"].as_str().map(str::to_owned)
        };
        volumes.filter_map(claim).collect()
    }
}

fn default_fields(spec: &mut Value) {
    let priority = match spec["priorityClassName"].as_str() {
        Some("system-node-critical") => 2_000_001_000,
        Some("system-cluster-critical") => 2_000_000_000,
        _ => 0,
    };
    let defaults = [
        ("priority", json!(priority)),
        ("restartPolicy", json!("Always")),
        ("schedulerName", json!("default-scheduler")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("terminationGracePeriodSeconds", json!(30)),
    ];
    for (field, value) in defaults {
        if spec[field].is_null() {
            spec[field] = value;
        }
    }
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            default_requests(container);
        }
    }
    let tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    let added = ["not-ready", "unreachable"].map(|name| {
        json!({ "key": format!("node.kubernetes.io/{name}"), "operator": "Exists",
            "effect": "NoExecute", "tolerationSeconds": 300 })
    });
    spec["tolerations"] = tolerations.into_iter().chain(added).collect();
}

/// A limit is the request where there is none.
fn default_requests(container: &mut Value) {
    let Some(limits) = container["resources"]["limits"].as_object().cloned() else { return };
    for (name, amount) in limits {
        let requests = &mut container["resources"]["requests"];
        if requests[&name].is_null() {
            requests[&name] = amount;
        }
    }
}
