//! What can be bought: instance types, and the pools and prices at which they are offered.

use crate::Money;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How an instance is bought. Karpenter's `karpenter.sh/capacity-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapacityType {
    /// At the Spot price, until EC2 wants it back.
    Spot,
    /// At the list price.
    OnDemand,
}

impl CapacityType {
    /// `spot` or `on-demand`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::OnDemand => "on-demand",
        }
    }
}

/// Processor architecture. `kubernetes.io/arch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// x86-64.
    Amd64,
    /// 64-bit ARM (Graviton).
    Arm64,
}

impl Architecture {
    /// `amd64` or `arm64`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Amounts the scheduler counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// MiB. Requests are rounded up and capacities down.
    pub memory_mib: u64,
    /// MiB of ephemeral storage; 0 asks for none.
    #[serde(default)]
    pub ephemeral_mib: u64,
    /// Pods: 1 for a pod, the pod limit for a node.
    pub pods: u64,
    /// Extended resources by name, such as `nvidia.com/gpu`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extended: BTreeMap<String, u64>,
}

impl Resources {
    /// Whether `self` has room for `request` in every dimension.
    pub fn covers(&self, request: &Self) -> bool {
        self.cpu_milli >= request.cpu_milli
            && self.memory_mib >= request.memory_mib
            && self.ephemeral_mib >= request.ephemeral_mib
            && self.pods >= request.pods
            && request
                .extended
                .iter()
                .all(|(name, amount)| self.extended.get(name).copied().unwrap_or(0) >= *amount)
    }

    /// Adds in every dimension.
    pub fn add(&mut self, other: &Self) {
        self.cpu_milli += other.cpu_milli;
        self.memory_mib += other.memory_mib;
        self.ephemeral_mib += other.ephemeral_mib;
        self.pods += other.pods;
        for (name, amount) in &other.extended {
            *self.extended.entry(name.clone()).or_default() += amount;
        }
    }

    /// What is left after `other`, never below zero.
    #[must_use]
    pub fn saturating_sub(&self, other: &Self) -> Self {
        let mut left = self.clone();
        left.cpu_milli = left.cpu_milli.saturating_sub(other.cpu_milli);
        left.memory_mib = left.memory_mib.saturating_sub(other.memory_mib);
        left.ephemeral_mib = left.ephemeral_mib.saturating_sub(other.ephemeral_mib);
        left.pods = left.pods.saturating_sub(other.pods);
        for (name, amount) in &other.extended {
            if let Some(have) = left.extended.get_mut(name) {
                *have = have.saturating_sub(*amount);
            }
        }
        left
    }
}

/// An EC2 instance type as the catalogue describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceType {
    /// Such as `m7g.2xlarge`.
    pub name: String,
    /// Processor architecture.
    pub architecture: Architecture,
    /// Virtual CPUs.
    pub vcpu: u32,
    /// Memory of the machine, MiB, before anything is reserved.
    pub memory_mib: u64,
    /// Pods the VPC CNI can give addresses to: ENIs × (addresses − 1) + 2.
    pub max_pods: u32,
    /// GPUs.
    pub gpus: u32,
    /// Not superseded, in AWS's words.
    pub current_generation: bool,
    /// A whole machine without a hypervisor.
    pub bare_metal: bool,
    /// CPU credits (the t families).
    pub burstable: bool,
}

impl InstanceType {
    /// What stands before the dot: `m7g` of `m7g.2xlarge`.
    pub fn family(&self) -> &str {
        family_of(&self.name)
    }

    /// The family's letters before its generation: `m` of `m7g`.
    pub fn category(&self) -> &str {
        let family = self.family();
        let end = family.find(|letter: char| letter.is_ascii_digit()).unwrap_or(family.len());
        &family[..end]
    }

    /// The family's number after its letters: 7 of `m7g`, 0 where there is none.
    pub fn generation(&self) -> u32 {
        let digits = self.family().chars().skip_while(|letter| !letter.is_ascii_digit());
        let digits: String = digits.take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    }

    /// What stands after the dot: `2xlarge` of `m7g.2xlarge`.
    pub fn size(&self) -> &str {
        self.name.split_once('.').map_or("", |(_, size)| size)
    }

    /// Most pods that EKS lets a node of a managed node group have, however many addresses it has: with
    /// prefix delegation all of them.
    /// Source: EKS user guide, "How maxPods is determined"; awslabs/amazon-eks-ami `max-pods-calculator.sh`.
    pub const fn pod_ceiling(&self) -> u32 {
        if self.vcpu < 30 { 110 } else { 250 }
    }

    /// What a node of this type has left for pods, after what the kubelet, the system and the
    /// eviction threshold keep.
    ///
    /// CPU as EKS reserves it (6 % of the first core, 1 % of the second, 0.5 % of the next two,
    /// 0.25 % of the rest); memory `255 MiB + 11 MiB × pods + 100 MiB` for the kubelet and eviction, and 7.5 %
    /// for the hypervisor and kernel, Karpenter's default `VM_MEMORY_OVERHEAD_PERCENT`.
    /// Source: awslabs/amazon-eks-ami `bootstrap.sh`; aws/karpenter-provider-aws `instancetype/types.go`.
    pub fn allocatable(&self) -> Resources {
        let cores = u64::from(self.vcpu);
        let reserved_cpu_units = 600 * cores.min(1)
            + 100 * cores.saturating_sub(1).min(1)
            + 50 * cores.saturating_sub(2).min(2)
            + 25 * cores.saturating_sub(4);
        let reserved_cpu_milli = reserved_cpu_units.div_ceil(10);
        let usable_mib = self.memory_mib * 925 / 1000;
        let reserved_mib = 255 + 11 * u64::from(self.max_pods) + 100;
        let mut extended = BTreeMap::new();
        if self.gpus > 0 {
            extended.insert("nvidia.com/gpu".to_owned(), u64::from(self.gpus));
        }
        Resources {
            cpu_milli: (cores * 1000).saturating_sub(reserved_cpu_milli),
            memory_mib: usable_mib.saturating_sub(reserved_mib),
            // 20 GiB root volume, the managed node group default, less what EKS keeps: 1 GiB + 10 %.
            ephemeral_mib: 17 * 1024,
            pods: u64::from(self.max_pods.min(self.pod_ceiling())),
            extended,
        }
    }
}

/// The family part of an instance type's name.
pub fn family_of(instance_type: &str) -> &str {
    instance_type.split_once('.').map_or(instance_type, |(family, _)| family)
}

/// A pool of capacity that fails as one unit: a type in a zone, bought one way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pool {
    /// Such as `m7g.2xlarge`.
    pub instance_type: String,
    /// Such as `us-east-1a`.
    pub zone: String,
    /// Spot or on-demand.
    pub capacity_type: CapacityType,
}

impl std::fmt::Display for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.instance_type, self.zone, self.capacity_type.as_str())
    }
}

/// The Spot Advisor's frequency of interruption in a month.
/// Buckets 0 to 4: below 5 %, 5–10 %, 10–15 %, 15–20 %, above 20 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InterruptionBucket(pub u8);

impl InterruptionBucket {
    /// The bucket's middle as interruptions per instance-month, in parts per million.
    /// The open last bucket (above 20 %, the file gives 100 as its end) counts as 25 %.
    pub const fn monthly_ppm(self) -> u32 {
        match self.0 {
            0 => 25_000,
            1 => 75_000,
            2 => 125_000,
            3 => 175_000,
            _ => 250_000,
        }
    }
}

/// A pool with its price and risk. Karpenter's offering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offering {
    /// Which pool.
    #[serde(flatten)]
    pub pool: Pool,
    /// What an instance costs in an hour.
    pub price_per_hour: Money,
    /// The price is modelled from another region, zone or day rather than read from AWS.
    pub estimated: bool,
    /// How often EC2 takes such instances back; absent on-demand and where nothing is known.
    pub interruption: Option<InterruptionBucket>,
}

/// Everything that can be bought in a region, and when that was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Market {
    /// Such as `us-east-1`.
    pub region: String,
    /// When the newest of the prices was read.
    pub priced_at: jiff::Timestamp,
    /// Where the figures come from, for people: sources and dates.
    pub sources: Vec<String>,
    /// By name.
    pub types: BTreeMap<String, InstanceType>,
    /// In order of pool; at most one per pool.
    pub offerings: Vec<Offering>,
}

impl Market {
    /// The offering of a pool.
    pub fn offering(&self, pool: &Pool) -> Option<&Offering> {
        let at = self.offerings.binary_search_by(|offering| offering.pool.cmp(pool)).ok()?;
        self.offerings.get(at)
    }

    /// The price of a pool in an hour.
    pub fn price(&self, pool: &Pool) -> Option<Money> {
        self.offering(pool).map(|offering| offering.price_per_hour)
    }
}
