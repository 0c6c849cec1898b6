//! What goes over the wire.

use crate::settings::{self, NodeTemplate, Policy};
use api::view::{CapacityType, MoneyView, percent};
use domain::cluster::{self, AgentStatus, SnapshotInfo};
use domain::instance::InstanceRecord;
use domain::plan::Position;
use garde::Validate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

api::wire_enum! {
    /// How a cluster is doing.
    ClusterStatus of domain::cluster::ClusterStatus, "snake_case" { WaitingForAgent, Healthy, Silent, Paused }
}

api::wire_enum! {
    /// Who makes a cluster's nodes.
    ClusterKind of domain::cluster::ClusterKind, "snake_case" { ManagedNodeGroups, Karpenter, AutoMode, Mixed }
}

/// Which clusters.
#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only those that are doing so.
    #[garde(skip)]
    pub status: Option<ClusterStatus>,
    /// Only those whose name holds this, in any case.
    #[garde(inner(length(chars, max = 100)))]
    pub search: Option<String>,
    /// Items on a page, 1 to 200; 50 unless said.
    #[garde(range(min = 1, max = 200))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// From the page before.
    #[garde(length(max = 2048))]
    pub cursor: Option<String>,
}

/// A cluster to register.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCluster {
    /// The linked account it is in.
    #[garde(skip)]
    #[schema(value_type = String, example = "acc_0197a3b0-7a51-7000-8000-000000000001")]
    pub account_id: domain::AccountId,
    /// One of the account's regions.
    #[garde(length(min = 1, max = 32))]
    pub region: String,
    /// Its name in EKS.
    #[garde(pattern(r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$"))]
    pub name: String,
}

/// A registered EKS cluster.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Cluster {
    /// `clu_…`
    pub id: String,
    /// Its name in EKS.
    pub name: String,
    /// Its region.
    pub region: String,
    /// The linked account it is in.
    pub account_id: String,
    /// Who makes its nodes.
    pub kind: ClusterKind,
    /// Control plane version.
    pub kubernetes_version: String,
    /// How it is doing.
    pub status: ClusterStatus,
    /// Its agent's last sign of life.
    #[schema(required = true)]
    pub agent: Option<Agent>,
    /// When the newest snapshot was taken.
    #[schema(required = true)]
    pub snapshot_taken_at: Option<Timestamp>,
    /// Nodes in it.
    pub nodes: u32,
    /// Of them on Spot.
    pub spot_nodes: u32,
    /// Pods in it.
    pub pods: u32,
    /// What its nodes cost, as far as their prices are known.
    pub cost_per_hour: MoneyView,
    /// Share of requested CPU on Spot.
    pub spot_cpu_percent: f64,
    /// Requested of allocatable CPU.
    pub cpu_utilisation_percent: f64,
    /// Requested of allocatable memory.
    pub memory_utilisation_percent: f64,
    /// What its owner allows.
    pub policy: Policy,
    /// Which machines may be launched.
    pub template: NodeTemplate,
    /// Kill switch.
    pub optimisation_enabled: bool,
    /// Of its settings (policy, template, switch); also the `ETag`.
    pub revision: u64,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// An agent's last sign of life.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Agent {
    /// Its version.
    pub version: String,
    /// When.
    pub last_seen_at: Timestamp,
}

impl Cluster {
    pub(crate) fn of(
        cluster: &cluster::Cluster,
        agent: Option<&AgentStatus>,
        snapshot: Option<&SnapshotInfo>,
        now: Timestamp,
    ) -> Self {
        let empty = Position::default();
        let position = snapshot.map_or(&empty, |snapshot| &snapshot.position);
        Self {
            id: cluster.id.to_string(),
            name: cluster.name.clone(),
            region: cluster.region.clone(),
            account_id: cluster.account.to_string(),
            kind: cluster.kind.into(),
            kubernetes_version: cluster.kubernetes_version.clone(),
            status: cluster.status(agent, now).into(),
            agent: agent.map(|agent| Agent {
                version: agent.agent_version.clone(),
                last_seen_at: agent.seen_at,
            }),
            snapshot_taken_at: snapshot.map(|snapshot| snapshot.taken_at),
            nodes: position.nodes,
            spot_nodes: position.spot_nodes,
            pods: snapshot.map_or(0, |snapshot| snapshot.pods),
            cost_per_hour: position.cost_per_hour.into(),
            spot_cpu_percent: percent(position.spot_cpu_ppm),
            cpu_utilisation_percent: percent(position.cpu_utilisation_ppm),
            memory_utilisation_percent: percent(position.memory_utilisation_ppm),
            policy: (&cluster.policy).into(),
            template: (&cluster.template).into(),
            optimisation_enabled: cluster.optimisation_enabled,
            revision: settings::revision(cluster),
            created_at: cluster.created_at,
        }
    }
}

/// A new agent's key: shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct AgentKey {
    /// For `Authorization: Bearer`.
    pub key: String,
    /// `key_…`
    pub key_id: String,
    /// Installs the agent with it.
    pub install_command: String,
}

/// An instance that is or was a node.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Instance {
    /// `i-0123…`
    pub instance_id: String,
    /// Such as `m7g.2xlarge`.
    pub instance_type: String,
    /// Its zone.
    pub zone: String,
    /// How it is bought.
    pub capacity_type: CapacityType,
    /// The managed node group, where there is one.
    #[schema(required = true)]
    pub node_group: Option<String>,
    /// When billing began.
    pub launched_at: Timestamp,
    /// When billing ended; absent while it runs.
    #[schema(required = true)]
    pub terminated_at: Option<Timestamp>,
}

impl From<InstanceRecord> for Instance {
    fn from(record: InstanceRecord) -> Self {
        Self {
            instance_id: record.instance_id,
            instance_type: record.pool.instance_type,
            zone: record.pool.zone,
            capacity_type: record.pool.capacity_type.into(),
            node_group: record.node_group,
            launched_at: record.launched_at,
            terminated_at: record.terminated_at,
        }
    }
}
