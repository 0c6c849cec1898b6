//! What the simulated AWS remembers. All of it is serialised.

use domain::offering::{CapacityType, Pool};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// From launch to `running`.
pub(super) const BOOT: SignedDuration = SignedDuration::from_secs(40);
/// From `running` to a Node object.
pub(super) const JOIN: SignedDuration = SignedDuration::from_secs(20);
/// From `shutting-down` to `terminated`.
pub(super) const SHUT_DOWN: SignedDuration = SignedDuration::from_secs(35);
/// From the interruption notice to the end.
pub(super) const NOTICE: SignedDuration = SignedDuration::from_secs(120);
/// How long `DescribeInstances` still lists what is terminated.
pub(super) const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

/// The whole of AWS.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AwsState {
    /// What all chance derives from.
    pub seed: u64,
    /// Spot instances are taken back by themselves, as often as their interruption bucket says.
    pub natural_interruptions: bool,
    /// Accounts by id.
    pub accounts: BTreeMap<String, Account>,
    /// Pools whose capacity was set, by their display form; others have [`super::capacity_of`].
    pub capacity: BTreeMap<String, u32>,
    /// Most items of a page, where smaller than what is asked for or AWS's own limit.
    pub page_limit: Option<usize>,
    /// Instances launched so far.
    pub(super) launched: u64,
}

/// An AWS account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Account {
    /// Roles others may assume. Their order is part of the access keys: only append.
    pub roles: Vec<Role>,
    /// Subnets by id.
    pub subnets: BTreeMap<String, Subnet>,
    /// EKS clusters by name.
    pub clusters: BTreeMap<String, Cluster>,
    /// Managed node groups by cluster and name.
    #[serde(with = "super::state::as_list")]
    pub node_groups: BTreeMap<(String, String), NodeGroup>,
    /// Reserved Instances.
    #[serde(default)]
    pub reservations: Vec<Reservation>,
    /// Instances by id, those long gone included.
    pub instances: BTreeMap<String, Instance>,
    /// Client tokens used, with a digest of the request they came with.
    pub(super) tokens: BTreeMap<String, String>,
}

/// A Reserved Instance of Linux, over its whole region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Where it is.
    pub region: String,
    /// Such as `m5.xlarge`.
    pub instance_type: String,
    /// How many.
    pub count: u32,
    /// Whether it has not run out.
    pub active: bool,
}

/// A role that others may assume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Who may.
    pub trust: Trust,
    /// What it may not do: `pricing:GetProducts`.
    pub denied: BTreeSet<String>,
}

/// What a role's trust policy asks of the `ExternalId`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// This one.
    ExternalId(String),
    /// Some, any.
    SomeExternalId,
    /// None.
    Anything,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// Its zone.
    pub zone: String,
    /// Its VPC.
    pub vpc: String,
}

/// An EKS cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its region.
    pub region: String,
    /// Kubernetes version.
    pub version: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its subnets' ids.
    pub subnets: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A managed node group and the Auto Scaling group behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeGroup {
    /// Its cluster.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// How it buys.
    pub capacity_type: CapacityType,
    /// What it may launch; on-demand in this order.
    pub instance_types: Vec<String>,
    /// The machine image's kind.
    pub ami_type: String,
    /// Where it may launch.
    pub subnets: Vec<String>,
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// Wanted.
    pub desired: u32,
    /// Its nodes' role.
    pub node_role: String,
    /// Its nodes' labels.
    pub labels: BTreeMap<String, String>,
    /// Its nodes' taints as EKS writes them: `{key, value, effect: NO_SCHEDULE}`.
    pub taints: Vec<serde_json::Value>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// All its nodes joined at least once.
    pub complete: bool,
    /// Being deleted.
    pub deleting: bool,
    /// Launches that failed since the last good one.
    pub failures: Vec<FailedLaunch>,
    /// When it tries again.
    pub retry_at: Option<Timestamp>,
}

/// A launch that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedLaunch {
    /// When.
    pub at: Timestamp,
    /// AWS's words.
    pub message: String,
}

impl NodeGroup {
    /// The name of its Auto Scaling group.
    pub fn auto_scaling_group(&self) -> String {
        format!("eks-{}-{}", self.cluster, self.name)
    }
}

/// An EC2 instance. Its state is a function of its times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Type, zone and how it is bought.
    pub pool: Pool,
    /// Its subnet.
    pub subnet: String,
    /// Its cluster.
    pub cluster: String,
    /// Its node group.
    pub node_group: String,
    /// `10.0.…`.
    pub private_ip: String,
    /// When it was launched.
    pub launched_at: Timestamp,
    /// When its interruption notice comes.
    pub notice_at: Option<Timestamp>,
    /// When it began to shut down.
    pub shut_at: Option<Timestamp>,
    /// EC2 took it back.
    pub reclaimed: bool,
    /// Its Node object was made.
    pub joined: bool,
    /// Its notice was given.
    pub noticed: bool,
    /// Its end was told.
    pub left: bool,
}

impl Instance {
    /// Code and name of its state, as EC2 has them.
    pub fn state(&self, now: Timestamp) -> (u16, &'static str) {
        match self.shut_at {
            Some(at) if now >= at + SHUT_DOWN => (48, "terminated"),
            Some(at) if now >= at => (32, "shutting-down"),
            _ if now >= self.launched_at + BOOT => (16, "running"),
            _ => (0, "pending"),
        }
    }

    /// Not on its way out.
    pub fn is_live(&self) -> bool {
        self.shut_at.is_none()
    }

    /// When EC2 takes it back, once it is noticed.
    pub fn reclaim_at(&self) -> Option<Timestamp> {
        self.notice_at.map(|at| at + NOTICE)
    }

    /// `ip-10-0-1-2.ec2.internal`, which is also its Node's name.
    pub fn private_dns_name(&self) -> String {
        let region = self.pool.zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        let domain = match region {
            "us-east-1" => "ec2.internal".to_owned(),
            other => format!("{other}.compute.internal"),
        };
        format!("ip-{}.{domain}", self.private_ip.replace('.', "-"))
    }
}

impl AwsState {
    /// An empty AWS.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Account and role behind an access key that [`super::sts`] gave out:
    /// `ASIA`, the account's 12 digits, the role's place in 4.
    pub(super) fn session(&self, access_key: &str) -> Option<(String, &Role)> {
        let rest = access_key.strip_prefix("ASIA")?;
        let (account, role) = rest.split_at_checked(12)?;
        let roles = &self.accounts.get(account)?.roles;
        Some((account.to_owned(), roles.get(role.parse::<usize>().ok()?)?))
    }

    /// Items of a page when `asked` are asked for and AWS gives at most `limit`.
    pub(super) fn page_size(&self, asked: Option<usize>, limit: usize) -> usize {
        let size = asked.unwrap_or(limit).clamp(1, limit);
        self.page_limit.map_or(size, |most| size.min(most))
    }
}

/// A map with a tuple as its key, as a list: JSON's keys are strings.
pub(super) mod as_list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub(in super::super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map.iter())
    }

    pub(in super::super) fn deserialize<'de, K, V, D>(
        deserializer: D,
    ) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
