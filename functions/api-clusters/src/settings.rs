//! What people can change of a cluster, and its revision.
//!
//! A cluster's item also changes with every plan. What people read before they change it is its
//! settings, so `If-Match` and the wire's `revision` are of those alone.

use crate::limits::{BudgetView, WindowView, WorkloadPolicyView};
use api::view::MoneyView;
use domain::cluster::Cluster;
use domain::offering::Architecture;
use domain::policy;
use garde::Validate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Stands for the settings as they are: 48 bits of their hash, which every JSON reader can hold.
pub(crate) fn revision(cluster: &Cluster) -> u64 {
    let settings = (&cluster.policy, &cluster.template, cluster.optimisation_enabled);
    let hash = Sha256::digest(serde_json::to_vec(&settings).unwrap_or_default());
    hash.iter().take(6).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A change of settings; what is left out stays.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// What the owner allows.
    #[garde(dive)]
    pub policy: Option<Policy>,
    /// Which machines may be launched.
    #[garde(dive)]
    pub template: Option<NodeTemplate>,
    /// Kill switch: where false nothing is planned or carried out.
    #[garde(skip)]
    pub optimisation_enabled: Option<bool>,
}

impl Change {
    /// The cluster with this change.
    pub(crate) fn apply(&self, cluster: &Cluster) -> Cluster {
        let mut changed = cluster.clone();
        if let Some(policy) = &self.policy {
            changed.policy = policy.into();
        }
        if let Some(template) = &self.template {
            changed.template = template.into();
        }
        if let Some(enabled) = self.optimisation_enabled {
            changed.optimisation_enabled = enabled;
        }
        changed
    }
}

/// What the owner of a cluster allows.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// Most of the requested CPU that may run on Spot, percent.
    #[garde(range(max = 100))]
    pub spot_percent: u8,
    /// Replicas of every workload that stay on-demand before Spot is used.
    #[garde(skip)]
    pub on_demand_base: u32,
    /// Most of the Spot CPU in one pool, percent.
    #[garde(range(min = 1, max = 100))]
    pub max_pool_percent: u8,
    /// Most of the Spot CPU in one instance family, percent.
    #[garde(range(min = 1, max = 100))]
    pub max_family_percent: u8,
    /// Most of the Spot CPU in one zone, percent.
    #[garde(range(min = 1, max = 100))]
    pub max_zone_percent: u8,
    /// Most of one workload's replicas that the loss of one Spot pool may take, percent.
    #[garde(range(min = 1, max = 100))]
    pub max_workload_pool_percent: u8,
    /// Room kept free on each node, percent.
    #[garde(range(max = 90))]
    pub headroom_percent: u8,
    /// Least saving that makes a plan worth it, per hour.
    #[garde(custom(not_negative))]
    pub min_saving_per_hour: MoneyView,
    /// Least saving that makes a plan worth it, percent of the cost.
    #[garde(range(max = 100))]
    pub min_saving_percent: u8,
    /// What disrupting one pod is held to cost.
    #[garde(custom(not_negative))]
    pub disruption_cost_per_pod: MoneyView,
    /// Within how many hours a move must have paid for itself.
    #[garde(range(min = 1, max = 8760))]
    pub payback_hours: u32,
    /// Nodes are kept for at least this long, minutes.
    #[garde(range(max = 10080))]
    pub cooldown_minutes: u32,
    /// Most nodes drained within ten minutes, percent of the cluster's nodes.
    #[garde(range(min = 1, max = 100))]
    pub disruption_percent_per_10_minutes: u8,
    /// Further limits on drains, at times or for reasons; the least that holds counts.
    #[garde(length(max = 20), dive)]
    #[serde(default)]
    pub budgets: Vec<BudgetView>,
    /// When commands may begin; empty is always. What has begun is finished.
    #[garde(length(max = 20), dive)]
    #[serde(default)]
    pub maintenance_windows: Vec<WindowView>,
    /// What is asked of single workloads in place of the cluster's; the first that selects one counts.
    #[garde(length(max = 100), dive)]
    #[serde(default)]
    pub workloads: Vec<WorkloadPolicyView>,
    /// Plans that keep within the policy are approved by it.
    #[garde(skip)]
    pub auto_approve: bool,
    /// Pods without a controller may be evicted although they will not come back.
    #[garde(skip)]
    pub evict_bare_pods: bool,
    /// Pods with local storage may be evicted although they lose it.
    #[garde(skip)]
    pub evict_local_storage: bool,
}

/// Which machines may be launched.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeTemplate {
    /// `amd64`, `arm64`.
    #[garde(length(min = 1))]
    pub architectures: BTreeSet<ArchitectureView>,
    /// Categories such as `c`; empty allows all.
    #[garde(length(max = 50), custom(short))]
    pub categories: BTreeSet<String>,
    /// Families such as `m7g`; empty allows all.
    #[garde(length(max = 200), custom(short))]
    pub families: BTreeSet<String>,
    /// Generations such as 6 of `m6i`; empty allows all.
    #[garde(length(max = 20))]
    #[serde(default)]
    pub generations: BTreeSet<u32>,
    /// Sizes such as `xlarge`; empty allows all.
    #[garde(length(max = 50), custom(short))]
    #[serde(default)]
    pub sizes: BTreeSet<String>,
    /// Categories, families, sizes and types that are not launched whatever else is allowed.
    #[garde(length(max = 200), custom(short))]
    #[serde(default)]
    pub excluded: BTreeSet<String>,
    /// Zones; empty allows all.
    #[garde(length(max = 20), custom(short))]
    pub zones: BTreeSet<String>,
    /// Fewest nodes a plan may leave.
    #[garde(skip)]
    #[serde(default)]
    pub min_nodes: u32,
    /// Most nodes a plan may leave; absent is no limit.
    #[garde(custom(not_fewer(&self.min_nodes)))]
    #[serde(default)]
    pub max_nodes: Option<u32>,
    /// Fewest vCPUs.
    #[garde(range(min = 1))]
    pub min_vcpu: u32,
    /// Most vCPUs.
    #[garde(custom(not_below(&self.min_vcpu)))]
    pub max_vcpu: u32,
    /// Only types AWS calls current.
    #[garde(skip)]
    pub current_generation_only: bool,
    /// Allow types with CPU credits.
    #[garde(skip)]
    pub burstable: bool,
    /// Fewest offerings named for one launch on Spot.
    #[garde(range(min = 1, max = 20))]
    pub min_offerings: u32,
}

/// Processor architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Architecture)]
pub(crate) enum ArchitectureView {
    /// x86-64.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

fn not_negative(amount: &MoneyView, _: &()) -> garde::Result {
    match amount.parse() {
        Some(money) if money >= domain::Money::ZERO => Ok(()),
        Some(_) => Err(garde::Error::new("may not be negative")),
        None => {
            Err(garde::Error::new("expected a decimal amount in USD with at most nine decimals"))
        }
    }
}

/// Names that can be names: each of 1 to 32 bytes.
fn short(names: &BTreeSet<String>, _: &()) -> garde::Result {
    match names.iter().all(|name| (1..=32).contains(&name.len())) {
        true => Ok(()),
        false => Err(garde::Error::new("every name has 1 to 32 characters")),
    }
}

fn not_below(least: &u32) -> impl FnOnce(&u32, &()) -> garde::Result {
    let least = *least;
    move |most, ()| match *most >= least {
        true => Ok(()),
        false => Err(garde::Error::new(format!("may not be below min_vcpu, which is {least}"))),
    }
}

fn not_fewer(least: &u32) -> impl FnOnce(&Option<u32>, &()) -> garde::Result {
    let least = *least;
    move |most, ()| match most.is_none_or(|most| most >= least.max(1)) {
        true => Ok(()),
        false => Err(garde::Error::new("may not be 0, nor below min_nodes")),
    }
}

impl From<&policy::Policy> for Policy {
    fn from(policy: &policy::Policy) -> Self {
        Self {
            spot_percent: policy.spot_percent,
            on_demand_base: policy.on_demand_base,
            max_pool_percent: policy.max_pool_percent,
            max_family_percent: policy.max_family_percent,
            max_zone_percent: policy.max_zone_percent,
            max_workload_pool_percent: policy.max_workload_pool_percent,
            headroom_percent: policy.headroom_percent,
            min_saving_per_hour: policy.min_saving_per_hour.into(),
            min_saving_percent: policy.min_saving_percent,
            disruption_cost_per_pod: policy.disruption_cost_per_pod.into(),
            payback_hours: policy.payback_hours,
            cooldown_minutes: policy.cooldown_minutes,
            disruption_percent_per_10_minutes: policy.disruption_percent_per_10_minutes,
            budgets: policy.budgets.iter().map(Into::into).collect(),
            maintenance_windows: policy.maintenance_windows.iter().map(Into::into).collect(),
            workloads: policy.workloads.iter().map(Into::into).collect(),
            auto_approve: policy.auto_approve,
            evict_bare_pods: policy.evict_bare_pods,
            evict_local_storage: policy.evict_local_storage,
        }
    }
}

impl From<&Policy> for policy::Policy {
    fn from(policy: &Policy) -> Self {
        Self {
            spot_percent: policy.spot_percent,
            on_demand_base: policy.on_demand_base,
            max_pool_percent: policy.max_pool_percent,
            max_family_percent: policy.max_family_percent,
            max_zone_percent: policy.max_zone_percent,
            max_workload_pool_percent: policy.max_workload_pool_percent,
            headroom_percent: policy.headroom_percent,
            // Checked when the body was read.
            min_saving_per_hour: policy.min_saving_per_hour.parse().unwrap_or_default(),
            min_saving_percent: policy.min_saving_percent,
            disruption_cost_per_pod: policy.disruption_cost_per_pod.parse().unwrap_or_default(),
            payback_hours: policy.payback_hours,
            cooldown_minutes: policy.cooldown_minutes,
            disruption_percent_per_10_minutes: policy.disruption_percent_per_10_minutes,
            budgets: policy.budgets.iter().map(Into::into).collect(),
            maintenance_windows: policy.maintenance_windows.iter().map(Into::into).collect(),
            workloads: policy.workloads.iter().map(Into::into).collect(),
            auto_approve: policy.auto_approve,
            evict_bare_pods: policy.evict_bare_pods,
            evict_local_storage: policy.evict_local_storage,
        }
    }
}

impl From<&policy::NodeTemplate> for NodeTemplate {
    fn from(template: &policy::NodeTemplate) -> Self {
        let view = |architecture: &Architecture| match architecture {
            Architecture::Amd64 => ArchitectureView::Amd64,
            Architecture::Arm64 => ArchitectureView::Arm64,
        };
        Self {
            architectures: template.architectures.iter().map(view).collect(),
            categories: template.categories.clone(),
            families: template.families.clone(),
            generations: template.generations.clone(),
            sizes: template.sizes.clone(),
            excluded: template.excluded.clone(),
            zones: template.zones.clone(),
            min_nodes: template.min_nodes,
            max_nodes: template.max_nodes,
            min_vcpu: template.min_vcpu,
            max_vcpu: template.max_vcpu,
            current_generation_only: template.current_generation_only,
            burstable: template.burstable,
            min_offerings: template.min_offerings,
        }
    }
}

impl From<&NodeTemplate> for policy::NodeTemplate {
    fn from(template: &NodeTemplate) -> Self {
        let domain = |architecture: &ArchitectureView| match architecture {
            ArchitectureView::Amd64 => Architecture::Amd64,
            ArchitectureView::Arm64 => Architecture::Arm64,
        };
        Self {
            architectures: template.architectures.iter().map(domain).collect(),
            categories: template.categories.clone(),
            families: template.families.clone(),
            generations: template.generations.clone(),
            sizes: template.sizes.clone(),
            excluded: template.excluded.clone(),
            zones: template.zones.clone(),
            min_nodes: template.min_nodes,
            max_nodes: template.max_nodes,
            min_vcpu: template.min_vcpu,
            max_vcpu: template.max_vcpu,
            current_generation_only: template.current_generation_only,
            burstable: template.burstable,
            min_offerings: template.min_offerings,
        }
    }
}
