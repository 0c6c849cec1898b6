//! What passes between AWS and the clusters as time goes by.

use super::WorldState;
use crate::aws::{Event, EventKind, JoiningNode};
use crate::kubernetes::{ClusterState, NewNode};
use cloud::catalog;
use domain::offering::Resources;
use domain::snapshot::{Taint, TaintEffect};
use jiff::Timestamp;
use serde_json::Value;

impl WorldState {
    /// Lets time pass: instances boot and become nodes, or end and take their nodes along.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        for event in self.aws.advance(now) {
            let name = event.cluster.clone();
            let cluster = self.clusters.entry(name).or_insert_with_key(|it| ClusterState::new(it));
            tell(cluster, event);
        }
        for cluster in self.clusters.values_mut() {
            cluster.advance(now);
        }
        self.now = now;
    }
}

fn tell(cluster: &mut ClusterState, event: Event) {
    match event.kind {
        EventKind::Joined(node) => {
            cluster.register_node(new_node(*node, event.instance_id, event.at));
        }
        EventKind::Gone => cluster.remove_instance(&event.instance_id, event.at),
        // Goes to EventBridge and to the instance's metadata, not to the API server.
        EventKind::InterruptionNotice(_) => {}
    }
}

fn new_node(node: JoiningNode, instance_id: String, created_at: Timestamp) -> NewNode {
    let known = catalog::types().get(&node.pool.instance_type);
    NewNode {
        name: node.name,
        instance_id,
        region: crate::aws::region_of(&node.pool.zone).to_owned(),
        allocatable: known.map_or_else(Resources::default, |it| it.instance_type.allocatable()),
        instance_type: node.pool.instance_type,
        zone: node.pool.zone,
        capacity_type: node.pool.capacity_type,
        node_group: Some(node.node_group),
        labels: node.labels,
        taints: node.taints.iter().filter_map(taint).collect(),
        created_at,
    }
}

/// From EKS's way of writing it.
fn taint(eks: &Value) -> Option<Taint> {
    let effect = match eks["effect"].as_str()? {
        "NO_SCHEDULE" => TaintEffect::NoSchedule,
        "PREFER_NO_SCHEDULE" => TaintEffect::PreferNoSchedule,
        "NO_EXECUTE" => TaintEffect::NoExecute,
        _ => return None,
    };
    let text = |field: &str| eks[field].as_str().unwrap_or_default().to_owned();
    Some(Taint { key: text("key"), value: text("value"), effect })
}
