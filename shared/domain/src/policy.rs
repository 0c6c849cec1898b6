//! What the owner of a cluster allows: how much Spot, which machines, how fast.

use crate::Money;
use crate::offering::Architecture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An optimisation policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Most of the cluster's requested CPU that may run on Spot, percent.
    pub spot_percent: u8,
    /// Replicas of every workload that stay on-demand before Spot is used, Spot Ocean's and ASG's
    /// on-demand base.
    pub on_demand_base: u32,
    /// Most of the requested CPU on Spot that may be in one pool (type × zone), percent. A pool fails as one unit.
    ///
    /// This and the next two round up to a whole node, as a PDB's percentage rounds up to a pod, and are
    /// no less than an even share of the pools, families or zones there are to choose from: otherwise a
    /// small cluster, or one in two zones, could have no Spot at all.
    pub max_pool_percent: u8,
    /// Most of the requested CPU on Spot that may be in one instance family, percent.
    pub max_family_percent: u8,
    /// Most of the requested CPU on Spot that may be in one zone, percent.
    pub max_zone_percent: u8,
    /// Most of one workload's replicas that the loss of one Spot pool may take, percent.
    pub max_workload_pool_percent: u8,
    /// Room kept free on each node, percent of allocatable.
    pub headroom_percent: u8,
    /// Least saving that makes a plan worth it, per hour.
    pub min_saving_per_hour: Money,
    /// Least saving that makes a plan worth it, percent of the cost.
    pub min_saving_percent: u8,
    /// What disrupting one pod is held to cost: a move must earn it back within `payback_hours`.
    pub disruption_cost_per_pod: Money,
    /// Within how many hours a move must have paid for itself.
    pub payback_hours: u32,
    /// Nodes that are kept for at least this long after they were made, minutes. Also what forbids A→B→A.
    pub cooldown_minutes: u32,
    /// Most nodes drained within ten minutes, percent of the cluster's nodes, at least one.
    pub disruption_percent_per_10_minutes: u8,
    /// Plans that keep within the policy are approved by it.
    pub auto_approve: bool,
    /// Pods without a controller may be evicted although they will not come back.
    pub evict_bare_pods: bool,
    /// Pods with local storage may be evicted although they lose it.
    pub evict_local_storage: bool,
}

impl Default for Policy {
    /// Safe for a cluster nobody has thought about yet.
    fn default() -> Self {
        Self {
            spot_percent: 70,
            on_demand_base: 0,
            max_pool_percent: 10,
            max_family_percent: 25,
            max_zone_percent: 34,
            max_workload_pool_percent: 50,
            headroom_percent: 5,
            min_saving_per_hour: Money::from_nanos(10_000_000),
            min_saving_percent: 3,
            disruption_cost_per_pod: Money::from_nanos(1_000_000),
            payback_hours: 24,
            cooldown_minutes: 30,
            disruption_percent_per_10_minutes: 10,
            auto_approve: false,
            evict_bare_pods: false,
            evict_local_storage: false,
        }
    }
}

/// A node template: which machines may be launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeTemplate {
    /// Architectures; never empty.
    pub architectures: BTreeSet<Architecture>,
    /// Categories such as `c`, `m`, `r`; empty allows all.
    pub categories: BTreeSet<String>,
    /// Families such as `m7g`; empty allows all.
    pub families: BTreeSet<String>,
    /// Zones; empty allows all.
    pub zones: BTreeSet<String>,
    /// Fewest vCPUs.
    pub min_vcpu: u32,
    /// Most vCPUs.
    pub max_vcpu: u32,
    /// Only types AWS calls current.
    pub current_generation_only: bool,
    /// Allow types with CPU credits.
    pub burstable: bool,
    /// Fewest offerings named for one launch on Spot, the first choice included.
    pub min_offerings: u32,
}

impl Default for NodeTemplate {
    fn default() -> Self {
        Self {
            architectures: BTreeSet::from([Architecture::Amd64]),
            categories: ["c", "m", "r"].map(str::to_owned).into(),
            families: BTreeSet::new(),
            zones: BTreeSet::new(),
            min_vcpu: 2,
            max_vcpu: 32,
            current_generation_only: true,
            burstable: false,
            min_offerings: 3,
        }
    }
}
