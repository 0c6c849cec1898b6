//! A small world to ask questions of.

use cloud::{AccountClient, Cloud, NewNodeGroup, RoleLink};
use domain::offering::{Architecture, CapacityType, Pool};
use jiff::{SignedDuration, Timestamp};
use simulator::aws::{AwsState, Trust};
use simulator::{Clock, World, WorldState};

pub const ACCOUNT: &str = "111122223333";
pub const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

pub struct Small {
    pub clock: Clock,
    pub world: World,
    pub cloud: Cloud,
}

/// One account with the role `spot-optimizer` (ExternalId `right`) and an empty cluster `web`.
pub fn small() -> Small {
    let clock = Clock::manual("2026-11-23T12:00:00Z".parse().unwrap());
    let world = World::new(clock.clone(), small_state(clock.now()));
    let cloud = Cloud::new(world.sdk_config("us-east-1"));
    Small { clock, world, cloud }
}

pub fn small_state(now: Timestamp) -> WorldState {
    let mut aws = AwsState::new(7);
    aws.accounts.entry(ACCOUNT.into()).or_default();
    let account = aws.accounts.get_mut(ACCOUNT).unwrap();
    account.install_role("spot-optimizer", Trust::ExternalId("right".into()));
    aws.add_cluster(ACCOUNT, "web", &ZONES, now);
    WorldState::new(now, aws)
}

pub fn link(external_id: &str) -> RoleLink {
    RoleLink {
        role_arn: format!("arn:aws:iam::{ACCOUNT}:role/spot-optimizer"),
        external_id: external_id.into(),
        region: "us-east-1".into(),
        session_name: "spot-optimizer-test".into(),
    }
}

impl Small {
    pub async fn account(&self) -> AccountClient {
        self.cloud.assume(&link("right")).await.unwrap()
    }

    pub fn wait(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub fn set_capacity(&self, pool: &Pool, instances: u32) {
        self.world.set_capacity(pool, instances).unwrap();
    }
}

pub fn pool(instance_type: &str, zone: &str, capacity_type: CapacityType) -> Pool {
    Pool { instance_type: instance_type.into(), zone: zone.into(), capacity_type }
}

/// A node group of m5.xlarge in the first zone.
pub async fn group(account: &AccountClient, name: &str, count: u32) -> NewNodeGroup {
    let subnets = account.subnets("web").await.unwrap();
    NewNodeGroup {
        cluster: "web".into(),
        name: name.into(),
        instance_types: vec!["m5.xlarge".into()],
        architecture: Architecture::Amd64,
        capacity_type: CapacityType::OnDemand,
        subnet_ids: vec![subnets[0].id.clone()],
        count,
        node_role: format!("arn:aws:iam::{ACCOUNT}:role/nodes"),
        labels: [("team".to_owned(), "web".to_owned())].into(),
        taints: Vec::new(),
        plan: "opt_1".into(),
    }
}
