//! The packing map: what runs where, what it costs, and what keeps it there.

use api::view::{CapacityType, FindingView, MoneyView, PoolView, WorkloadRefView};
use api::{App, Error};
use domain::Tenant;
use domain::cluster::Cluster;
use domain::offering::{CapacityType as Capacity, Pool, Resources};
use domain::plan::PlanningInput;
use domain::snapshot::{Node, NodeManager, Pod, PodKind, Workload, WorkloadRef};
use jiff::Timestamp;
use planner::Survey;
use runtime::planning;
use serde::Serialize;
use std::collections::BTreeMap;
use storage::ObjectRef;
use utoipa::ToSchema;

/// A cluster as its newest snapshot shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClusterState {
    /// When the snapshot was taken.
    pub taken_at: Timestamp,
    /// By name.
    pub nodes: Vec<StateNode>,
    /// By kind, namespace and name.
    pub workloads: Vec<StateWorkload>,
    /// What could not be judged or honoured.
    pub findings: Vec<FindingView>,
}

/// A node with what runs on it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateNode {
    /// The Node object's name.
    pub name: String,
    /// `i-0123…`
    #[schema(required = true)]
    pub instance_id: Option<String>,
    /// Such as `m7g.2xlarge`.
    #[schema(required = true)]
    pub instance_type: Option<String>,
    /// Its zone.
    #[schema(required = true)]
    pub zone: Option<String>,
    /// How it is bought, where something says so.
    #[schema(required = true)]
    pub capacity_type: Option<CapacityType>,
    /// Its managed node group, or Karpenter's node pool.
    #[schema(required = true)]
    pub node_group: Option<String>,
    /// When the Node object was made.
    pub created_at: Timestamp,
    /// Ready.
    pub ready: bool,
    /// Cordoned.
    pub unschedulable: bool,
    /// What it costs in an hour, where that is known.
    #[schema(required = true)]
    pub price_per_hour: Option<MoneyView>,
    /// What pods may use.
    pub allocatable: NodeResources,
    /// What its pods ask for.
    pub requested: NodeResources,
    /// It may be retired.
    pub movable: bool,
    /// What keeps it.
    #[schema(required = true)]
    pub blocked_by: Option<String>,
    /// By namespace and name.
    pub pods: Vec<StatePod>,
}

/// Amounts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeResources {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// MiB.
    pub memory_mib: u64,
    /// Pods.
    pub pods: u64,
}

/// A pod on a node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatePod {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Its topmost controller.
    #[schema(required = true)]
    pub workload: Option<WorkloadRefView>,
    /// Requested CPU, thousandths.
    pub cpu_milli: u64,
    /// Requested memory, MiB.
    pub memory_mib: u64,
    /// It belongs to its node (`DaemonSet`, mirror pod) and goes with it.
    pub daemon: bool,
    /// It may be evicted.
    pub movable: bool,
    /// Why it may not.
    #[schema(required = true)]
    pub why_not: Option<String>,
}

/// A controller and where its pods are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateWorkload {
    /// Such as `Deployment`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Replicas asked for; where the kind has none, its pods.
    pub replicas: u32,
    /// Replicas ready.
    pub ready: u32,
    /// Requested CPU of all its pods, thousandths.
    pub cpu_milli: u64,
    /// Requested memory of all its pods, MiB.
    pub memory_mib: u64,
    /// Pods on Spot.
    pub spot_replicas: u32,
    /// The Spot pool whose loss takes most of its pods.
    #[schema(required = true)]
    pub worst_pool_loss: Option<WorkloadPoolLoss>,
}

/// What a workload loses with one pool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkloadPoolLoss {
    /// Which pool.
    pub pool: PoolView,
    /// Pods lost.
    pub lost: u32,
}

/// The newest snapshot and what is known of prices; old ones are drawn too.
pub(crate) async fn gather(
    app: &App,
    tenant: Tenant,
    cluster: &Cluster,
) -> Result<PlanningInput, Error> {
    let info = app.table().snapshot(tenant, cluster.id).await?.ok_or_else(|| {
        Error::conflict(
            "no-snapshot",
            "no snapshot of this cluster has arrived yet: install its agent",
        )
    })?;
    let body = ObjectRef { key: info.object_key, sha256: info.sha256 };
    let snapshot = app.objects().get(tenant, &body).await?;
    let market = planning::market(&app.ctx, tenant, cluster).await?;
    Ok(planning::to_survey(cluster, snapshot, market, app.clock.now()))
}

/// Draws the map of what was surveyed.
pub(crate) fn draw(input: &PlanningInput, survey: &Survey) -> ClusterState {
    let snapshot = &input.snapshot;
    let mut by_node: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    for pod in &snapshot.pods {
        if let Some(node) = &pod.node {
            by_node.entry(node).or_default().push(pod);
        }
    }
    let nodes = snapshot.nodes.iter().zip(&survey.kept_by).map(|(node, kept_by)| {
        let pods = by_node.get(node.name.as_str()).map_or(&[][..], Vec::as_slice);
        draw_node(input, survey, node, kept_by.as_deref(), pods)
    });
    ClusterState {
        taken_at: snapshot.taken_at,
        nodes: nodes.collect(),
        workloads: workloads(input),
        findings: survey.findings.iter().map(FindingView::from).collect(),
    }
}

fn draw_node(
    input: &PlanningInput,
    survey: &Survey,
    node: &Node,
    kept_by: Option<&str>,
    pods: &[&Pod],
) -> StateNode {
    let mut requested = Resources::default();
    for pod in pods {
        requested.add(&pod.requests);
    }
    StateNode {
        name: node.name.clone(),
        instance_id: node.instance_id.clone(),
        instance_type: node.instance_type.clone(),
        zone: node.zone.clone(),
        capacity_type: node.capacity_type.map(Into::into),
        node_group: match &node.manager {
            NodeManager::ManagedNodeGroup { name } => Some(name.clone()),
            NodeManager::Karpenter { node_pool } => Some(node_pool.clone()),
            _ => None,
        },
        created_at: node.created_at,
        ready: node.ready,
        unschedulable: node.unschedulable,
        price_per_hour: node.pool().and_then(|pool| input.market.price(&pool)).map(Into::into),
        allocatable: amounts(&node.allocatable),
        requested: amounts(&requested),
        movable: kept_by.is_none(),
        blocked_by: kept_by.map(str::to_owned),
        pods: pods.iter().map(|pod| draw_pod(survey, pod)).collect(),
    }
}

fn draw_pod(survey: &Survey, pod: &Pod) -> StatePod {
    let daemon = matches!(pod.kind, PodKind::DaemonSet | PodKind::Mirror);
    let why_not = if daemon { None } else { survey.why_not(pod).map(str::to_owned) };
    StatePod {
        namespace: pod.namespace.clone(),
        name: pod.name.clone(),
        workload: pod.owner.as_ref().map(WorkloadRefView::from),
        cpu_milli: pod.requests.cpu_milli,
        memory_mib: pod.requests.memory_mib,
        daemon,
        movable: !daemon && why_not.is_none(),
        why_not,
    }
}

fn amounts(resources: &Resources) -> NodeResources {
    NodeResources {
        cpu_milli: resources.cpu_milli,
        memory_mib: resources.memory_mib,
        pods: resources.pods,
    }
}

fn workloads(input: &PlanningInput) -> Vec<StateWorkload> {
    let pools: BTreeMap<&str, Pool> = input
        .snapshot
        .nodes
        .iter()
        .filter_map(|node| Some((node.name.as_str(), node.pool()?)))
        .collect();
    let mut pods: BTreeMap<&WorkloadRef, Vec<&Pod>> = BTreeMap::new();
    for pod in &input.snapshot.pods {
        if let Some(owner) = &pod.owner {
            pods.entry(owner).or_default().push(pod);
        }
    }
    let none = Vec::new();
    let one = |workload: &Workload| {
        let pods = pods.get(&workload.reference).unwrap_or(&none);
        draw_workload(workload, pods, &pools)
    };
    input.snapshot.workloads.iter().map(one).collect()
}

fn draw_workload(
    workload: &Workload,
    pods: &[&Pod],
    pools: &BTreeMap<&str, Pool>,
) -> StateWorkload {
    let mut on_spot: BTreeMap<&Pool, u32> = BTreeMap::new();
    for pool in pods.iter().filter_map(|pod| pools.get(pod.node.as_deref()?)) {
        if pool.capacity_type == Capacity::Spot {
            *on_spot.entry(pool).or_default() += 1;
        }
    }
    // Of several, the first in order of pool: the same answer every time.
    let worst = on_spot.iter().rev().max_by_key(|(_, lost)| **lost);
    StateWorkload {
        kind: workload.reference.kind.clone(),
        namespace: workload.reference.namespace.clone(),
        name: workload.reference.name.clone(),
        replicas: workload.replicas.unwrap_or(pods.len() as u32),
        ready: workload.ready,
        cpu_milli: pods.iter().map(|pod| pod.requests.cpu_milli).sum(),
        memory_mib: pods.iter().map(|pod| pod.requests.memory_mib).sum(),
        spot_replicas: on_spot.values().sum(),
        worst_pool_loss: worst
            .map(|(pool, lost)| WorkloadPoolLoss { pool: PoolView::from(*pool), lost: *lost }),
    }
}
