//! A registered EKS cluster.

use crate::ids::{AccountId, ClusterId};
use crate::ledger::Baseline;
use crate::money::Money;
use crate::offering::{Architecture, Market, Pool};
use crate::plan::Position;
use crate::policy::{NodeTemplate, Policy};
use crate::snapshot::ClusterSnapshot;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Silence after which an agent is held to be gone, in seconds.
pub const SILENT_AFTER_SECONDS: i64 = 120;

/// Age from which a snapshot is too old to act on, in seconds.
pub const SNAPSHOT_STALE_SECONDS: i64 = 90;

/// Age from which prices are too old to act on, in seconds.
pub const PRICES_STALE_SECONDS: i64 = 3_600;

/// Seconds by which a snapshot may be newer than `now`, as much as Kerberos lets clocks differ: a job's
/// `now` is when its event was made, and snapshots go on arriving while it works.
pub const CLOCK_SKEW_SECONDS: i64 = 300;

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Which.
    pub id: ClusterId,
    /// The AWS account it is in.
    pub account: AccountId,
    /// Its name in EKS.
    pub name: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// Who makes its nodes.
    pub kind: ClusterKind,
    /// Control plane version, such as `1.36`.
    pub kubernetes_version: String,
    /// Kill switch: where false nothing is planned or carried out.
    pub optimisation_enabled: bool,
    /// What its owner allows.
    pub policy: Policy,
    /// Which machines may be launched.
    pub template: NodeTemplate,
    /// Grows with every plan; a plan of an older generation is never carried out.
    pub generation: u64,
    /// What it would have cost, fixed when its first snapshot came.
    pub baseline: Option<Baseline>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Who makes a cluster's nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterKind {
    /// EKS managed node groups.
    ManagedNodeGroups,
    /// Karpenter.
    Karpenter,
    /// EKS Auto Mode.
    AutoMode,
    /// Several of them, or plain Auto Scaling groups.
    Mixed,
}

/// What is known of a cluster's newest snapshot without reading it; kept apart from the cluster, for
/// it changes all the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotInfo {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Where its body is in the object store.
    pub object_key: String,
    /// SHA-256 of the uncompressed body, lower-case hex.
    pub sha256: String,
    /// Pods in it.
    pub pods: u32,
    /// Nodes and cost.
    pub position: Position,
    /// What the nodes are, in order of pool; those whose pool is not known are left out.
    pub pools: Vec<PoolShare>,
    /// Nodes in the snapshot before.
    pub previous_nodes: Option<u32>,
}

/// Nodes of one pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolShare {
    /// Which pool.
    #[serde(flatten)]
    pub pool: Pool,
    /// Processor architecture, where the node says.
    pub architecture: Option<Architecture>,
    /// How many nodes.
    pub nodes: u32,
    /// What they cost in an hour together; nothing where no price is known.
    pub cost_per_hour: Money,
}

impl PoolShare {
    /// The nodes of a snapshot by pool.
    pub fn of(snapshot: &ClusterSnapshot, market: Option<&Market>) -> Vec<Self> {
        let mut shares: BTreeMap<Pool, Self> = BTreeMap::new();
        for node in &snapshot.nodes {
            let Some(pool) = node.pool() else { continue };
            let price = market.and_then(|market| market.price(&pool)).unwrap_or_default();
            let share = shares.entry(pool.clone()).or_insert_with(|| Self {
                pool,
                architecture: node.architecture,
                nodes: 0,
                cost_per_hour: Money::ZERO,
            });
            share.nodes += 1;
            share.cost_per_hour += price;
        }
        shares.into_values().collect()
    }
}

/// The agent as its heartbeats show it; kept apart from the cluster, for it changes all the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// Sequence number of the last heartbeat.
    pub seq: u64,
    /// When that came.
    pub seen_at: Timestamp,
    /// The agent's version.
    pub agent_version: String,
    /// Which key it used.
    pub key_generation: u32,
}

/// How a cluster is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterStatus {
    /// No agent has ever answered.
    WaitingForAgent,
    /// The agent answers.
    Healthy,
    /// The agent has stopped answering.
    Silent,
    /// Switched off by its owner.
    Paused,
}

impl Cluster {
    /// How it is doing, given its agent's last sign of life.
    pub fn status(&self, agent: Option<&AgentStatus>, now: Timestamp) -> ClusterStatus {
        let silence = SignedDuration::from_secs(SILENT_AFTER_SECONDS);
        match agent {
            _ if !self.optimisation_enabled => ClusterStatus::Paused,
            None => ClusterStatus::WaitingForAgent,
            Some(agent) if now.duration_since(agent.seen_at) > silence => ClusterStatus::Silent,
            Some(_) => ClusterStatus::Healthy,
        }
    }
}

/// Why nothing may be decided or done about a cluster now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFit {
    /// Its owner has switched it off.
    #[error("optimisation is switched off for this cluster")]
    Paused,
    /// There is no snapshot.
    #[error("no snapshot of this cluster has arrived yet: install its agent")]
    NoSnapshot,
    /// The snapshot is too old.
    #[error(
        "the newest snapshot is {age_seconds} s old; at most {SNAPSHOT_STALE_SECONDS} s is acted on"
    )]
    SnapshotStale {
        /// Its age.
        age_seconds: i64,
    },
    /// The snapshot is from the future by more than clocks differ.
    #[error("the newest snapshot is from the future: check the agent's clock")]
    SnapshotFromTheFuture,
    /// The snapshot has no nodes.
    #[error("the newest snapshot has no nodes: an empty list is never acted on")]
    NoNodes,
    /// More than half of the nodes disappeared between two snapshots.
    #[error("nodes fell from {before} to {now} between two snapshots: not acted on")]
    Shrunk {
        /// Nodes in the one before.
        before: u32,
        /// Nodes now.
        now: u32,
    },
    /// AWS and the agent count differently by more than 5 %.
    #[error("the agent sees {agent} nodes and AWS {aws} instances: not acted on")]
    Contradiction {
        /// Nodes in the snapshot.
        agent: u32,
        /// Running instances of the cluster.
        aws: u32,
    },
    /// Prices are too old.
    #[error("prices are {age_seconds} s old; at most {PRICES_STALE_SECONDS} s is acted on")]
    PricesStale {
        /// Their age.
        age_seconds: i64,
    },
}

/// Whether the data at hand is good enough to disrupt a cluster by. `aws_instances` are the running
/// instances that should be nodes by now, where that is known.
///
/// A list that shrank by half is believed when the next snapshot says the same: what a broken watch
/// or a partial list shows is gone by then.
pub fn fit_to_act(
    cluster: &Cluster,
    snapshot: Option<&SnapshotInfo>,
    aws_instances: Option<u32>,
    priced_at: Timestamp,
    now: Timestamp,
) -> Result<(), NotFit> {
    if !cluster.optimisation_enabled {
        return Err(NotFit::Paused);
    }
    let snapshot = snapshot.ok_or(NotFit::NoSnapshot)?;
    let age_seconds = now.duration_since(snapshot.taken_at).as_secs();
    if age_seconds > SNAPSHOT_STALE_SECONDS {
        return Err(NotFit::SnapshotStale { age_seconds });
    }
    if age_seconds < -CLOCK_SKEW_SECONDS {
        return Err(NotFit::SnapshotFromTheFuture);
    }
    let nodes = snapshot.position.nodes;
    if nodes == 0 {
        return Err(NotFit::NoNodes);
    }
    let halved = |before: &u32| u64::from(nodes) * 2 < u64::from(*before);
    if let Some(before) = snapshot.previous_nodes.filter(halved) {
        return Err(NotFit::Shrunk { before, now: nodes });
    }
    if let Some(aws) = aws_instances {
        // 5 %, and one node that is just starting or just going never stops a small cluster.
        let allowed = (nodes.max(aws) / 20).max(1);
        if nodes.abs_diff(aws) > allowed {
            return Err(NotFit::Contradiction { agent: nodes, aws });
        }
    }
    let age_seconds = now.duration_since(priced_at).as_secs();
    if age_seconds > PRICES_STALE_SECONDS {
        return Err(NotFit::PricesStale { age_seconds });
    }
    Ok(())
}
