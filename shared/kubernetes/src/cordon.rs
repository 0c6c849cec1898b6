//! Cordon and uncordon, leaving alone what somebody else did.
//!
//! A patch of taints replaces the whole list, so a node is read, changed and written back under its
//! `resourceVersion`; another's change in between is a 409 and the node is read again.

use crate::cluster::{Cluster, ClusterError};
use domain::action::{NodeIdentity, Outcome};
use serde_json::{Value, json};

/// The taint that marks a node as being retired by us.
pub const RETIRING_TAINT: &str = "spot-optimizer.io/retiring";

/// The annotation that says which parts of a cordon are ours: `unschedulable`, `load-balancers`.
pub const CORDON_ANNOTATION: &str = "spot-optimizer.io/cordoned";

const EXCLUDE_FROM_LOAD_BALANCERS: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// Writes that another's write may come in between of.
const TRIES: u32 = 5;

/// Why a node was not changed.
#[derive(Debug)]
pub(crate) enum NodeRefusal {
    Gone,
    InstanceChanged { found: String },
    Cluster(ClusterError),
}

impl NodeRefusal {
    pub(crate) fn into_outcome(self, node: &NodeIdentity) -> Outcome {
        let refused = |code: &str, message: String| Outcome::Refused {
            code: code.to_owned(),
            message,
            evicted: 0,
        };
        let NodeIdentity { name, instance_id } = node;
        match self {
            Self::Gone => refused("node_gone", format!("There is no node {name}.")),
            Self::InstanceChanged { found } => refused(
                "instance_changed",
                format!("Node {name} is no longer {instance_id} but {found}."),
            ),
            Self::Cluster(error) if error.code() == Some(403) => {
                refused("forbidden", error.to_string())
            }
            Self::Cluster(error) => Outcome::Failed { message: error.to_string() },
        }
    }
}

impl Cluster {
    /// Makes nodes unschedulable, taints them as ours and takes them out of load balancers: all of
    /// them, or none and the reason.
    pub async fn cordon(&self, nodes: &[NodeIdentity]) -> Outcome {
        let mut changed = Vec::new();
        for node in nodes {
            match self.change_node(node, cordoned).await {
                Ok(true) => changed.push(node.clone()),
                Ok(false) => {}
                Err(refusal) => {
                    self.uncordon(&changed).await;
                    return refusal.into_outcome(node);
                }
            }
        }
        Outcome::Done { evicted: 0 }
    }

    /// Undoes what [`Self::cordon`] did. A node that is gone, or another instance by now, is done.
    pub async fn uncordon(&self, nodes: &[NodeIdentity]) -> Outcome {
        let mut outcome = Outcome::Done { evicted: 0 };
        for node in nodes {
            match self.change_node(node, uncordoned).await {
                Ok(_) | Err(NodeRefusal::Gone | NodeRefusal::InstanceChanged { .. }) => {}
                Err(refusal) => outcome = refusal.into_outcome(node),
            }
        }
        outcome
    }

    /// Reads a node that must be backed by this instance.
    pub(crate) async fn read_node(&self, node: &NodeIdentity) -> Result<Value, NodeRefusal> {
        let found = self.get(&path(node)).await.map_err(|error| match error.code() {
            Some(404) => NodeRefusal::Gone,
            _ => NodeRefusal::Cluster(error),
        })?;
        let provider = found["spec"]["providerID"].as_str().unwrap_or_default();
        let instance = provider.rsplit('/').next().unwrap_or_default();
        if instance == node.instance_id {
            Ok(found)
        } else {
            Err(NodeRefusal::InstanceChanged { found: instance.to_owned() })
        }
    }

    /// Applies the patch that `decide` makes of a node, if any. Whether there was one.
    async fn change_node(
        &self,
        node: &NodeIdentity,
        decide: fn(&Value) -> Option<Value>,
    ) -> Result<bool, NodeRefusal> {
        let mut tries = 0;
        loop {
            let found = self.read_node(node).await?;
            let Some(mut patch) = decide(&found) else { return Ok(false) };
            patch["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"].clone();
            tries += 1;
            match self.merge(&path(node), &patch).await {
                Ok(_) => return Ok(true),
                Err(error) if error.code() == Some(409) && tries < TRIES => {}
                Err(error) if error.code() == Some(404) => return Err(NodeRefusal::Gone),
                Err(error) => return Err(NodeRefusal::Cluster(error)),
            }
        }
    }
}

fn path(node: &NodeIdentity) -> String {
    format!("/api/v1/nodes/{}", node.name)
}

/// Whether a node is unschedulable, by whomever.
pub(crate) fn is_cordoned(node: &Value) -> bool {
    node["spec"]["unschedulable"] == true
}

/// The patch that cordons a node; none where it carries our mark already.
fn cordoned(node: &Value) -> Option<Value> {
    let has_taint = taints(node).iter().any(|taint| taint["key"] == RETIRING_TAINT);
    if has_taint && is_cordoned(node) {
        return None;
    }
    let in_balancers = node["metadata"]["labels"][EXCLUDE_FROM_LOAD_BALANCERS].is_null();
    let before = node["metadata"]["annotations"][CORDON_ANNOTATION].as_str().unwrap_or_default();
    let ours = [("unschedulable", !is_cordoned(node)), ("load-balancers", in_balancers)];
    let ours = ours.into_iter().filter(|(part, done)| *done || is_part(before, part));
    let ours: Vec<&str> = ours.map(|(part, _)| part).collect();
    let mut taints = taints(node);
    if !has_taint {
        taints.push(json!({ "key": RETIRING_TAINT, "value": "true", "effect": "NoSchedule" }));
    }
    let mut patch = json!({
        "metadata": { "annotations": { CORDON_ANNOTATION: ours.join(",") } },
        "spec": { "unschedulable": true, "taints": taints },
    });
    if in_balancers {
        patch["metadata"]["labels"][EXCLUDE_FROM_LOAD_BALANCERS] = json!("true");
    }
    Some(patch)
}

/// The patch that undoes our part of a cordon; none where nothing is ours.
fn uncordoned(node: &Value) -> Option<Value> {
    let before = node["metadata"]["annotations"][CORDON_ANNOTATION].as_str();
    let mut taints = taints(node);
    let all = taints.len();
    taints.retain(|taint| taint["key"] != RETIRING_TAINT);
    if before.is_none() && taints.len() == all {
        return None;
    }
    let before = before.unwrap_or_default();
    let mut patch = json!({
        "metadata": { "annotations": { CORDON_ANNOTATION: null } },
        "spec": { "taints": taints },
    });
    if is_part(before, "unschedulable") {
        patch["spec"]["unschedulable"] = Value::Null;
    }
    if is_part(before, "load-balancers") {
        patch["metadata"]["labels"] = json!({ EXCLUDE_FROM_LOAD_BALANCERS: null });
    }
    Some(patch)
}

fn taints(node: &Value) -> Vec<Value> {
    node["spec"]["taints"].as_array().cloned().unwrap_or_default()
}

fn is_part(list: &str, part: &str) -> bool {
    list.split(',').any(|entry| entry == part)
}
