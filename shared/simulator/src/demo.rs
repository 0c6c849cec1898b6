//! The world that `serve` starts with: one AWS account with three clusters of different kinds, and
//! what they did in the last 30 days.

mod fleet;
mod workloads;

use crate::WorldState;
use crate::aws::{AwsState, Trust};
pub use fleet::{CLUSTERS, PastInstance};
use fleet::{FLEETS, Fleet};
use jiff::{SignedDuration, Timestamp};
pub use workloads::workloads;

/// The account's id.
pub const ACCOUNT: &str = "123456789012";

/// The role in it that the customer makes for us.
pub const ROLE: &str = "spot-optimizer";

/// Where its clusters are.
pub const REGION: &str = "us-east-1";

/// How long before the demo's start its pods were made, so that all of them run by then.
const SETTLED: SignedDuration = SignedDuration::from_mins(10);

impl WorldState {
    /// The demo world. Its role lets nobody in before [`crate::World::install_role`].
    pub fn demo(now: Timestamp, seed: u64) -> Self {
        let mut aws = AwsState::new(seed);
        let founded = now - SignedDuration::from_hours(24 * 90);
        for cluster in CLUSTERS {
            aws.add_cluster(ACCOUNT, cluster, &fleet::ZONES, founded);
        }
        if let Some(account) = aws.accounts.get_mut(ACCOUNT) {
            // An ExternalId that nobody knows.
            account.install_role(ROLE, Trust::ExternalId(format!("none-yet-{seed}")));
        }
        for fleet in &FLEETS {
            let group = group_of(fleet, &aws, founded);
            aws.add_node_group(ACCOUNT, group);
            for past in fleet::past(fleet, seed, now) {
                if past.terminated_at.is_none() {
                    aws.add_instance(ACCOUNT, fleet.cluster, fleet.group, &past);
                }
            }
        }
        let mut state = Self::new(now - SETTLED, aws);
        state.demo_since = Some(now);
        state.advance(now - SETTLED);
        for (name, cluster) in &mut state.clusters {
            if let Err(error) = cluster.apply(workloads(name), now - SETTLED) {
                tracing::error!(%error, name, "a demo manifest was not taken");
            }
        }
        state.advance(now);
        state
    }

    /// A cluster's instances of the last 30 days and since, oldest first: what the ledger can be filled
    /// with, as Cost Explorer or `CloudTrail` would tell it.
    pub fn history(&self, cluster: &str) -> Vec<PastInstance> {
        let instances = self.aws.accounts.values().flat_map(|account| &account.instances);
        let known = instances.filter(|(_, instance)| instance.cluster == cluster);
        let known = known.map(|(id, instance)| PastInstance {
            instance_id: id.clone(),
            instance_type: instance.pool.instance_type.clone(),
            zone: instance.pool.zone.clone(),
            capacity_type: instance.pool.capacity_type,
            launched_at: instance.launched_at,
            terminated_at: instance.shut_at,
            reclaimed: instance.reclaimed,
        });
        let before = self.demo_since.into_iter().flat_map(|since| {
            let of_cluster = FLEETS.iter().filter(|fleet| fleet.cluster == cluster);
            of_cluster.flat_map(move |fleet| fleet::past(fleet, self.aws.seed, since))
        });
        let ended = before.filter(|past| past.terminated_at.is_some());
        let mut all: Vec<PastInstance> = ended.chain(known).collect();
        all.sort_by(|a, b| (a.launched_at, &a.instance_id).cmp(&(b.launched_at, &b.instance_id)));
        all
    }
}

fn group_of(fleet: &Fleet, aws: &AwsState, created_at: Timestamp) -> crate::aws::NodeGroup {
    let account = &aws.accounts[ACCOUNT];
    let count = fleet.steady + fleet.varying;
    crate::aws::NodeGroup {
        cluster: fleet.cluster.to_owned(),
        name: fleet.group.to_owned(),
        capacity_type: domain::offering::CapacityType::OnDemand,
        instance_types: vec![fleet.instance_type.to_owned()],
        ami_type: "AL2023_x86_64_STANDARD".to_owned(),
        subnets: account.clusters[fleet.cluster].subnets.clone(),
        min: fleet.steady,
        max: count * 2,
        desired: count,
        node_role: format!("arn:aws:iam::{ACCOUNT}:role/{}-nodes", fleet.cluster),
        labels: std::collections::BTreeMap::new(),
        taints: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        created_at,
        complete: false,
        deleting: false,
        failures: Vec::new(),
        retry_at: None,
    }
}
