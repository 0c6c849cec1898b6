//! Customers with clusters in a simulated AWS, for tests of jobs.

use crate::{TestTable, store, values};
use cloud::{AccountClient, Cloud, Instance, InstanceState, NewNodeGroup};
use domain::Tenant;
use domain::account::Account;
use domain::cluster::Cluster;
use domain::offering::{Architecture, CapacityType};
use domain::snapshot::{ClusterSnapshot, NodeManager};
use jiff::{SignedDuration, Timestamp};
use runtime::Ctx;
use simulator::aws::AwsState;
use simulator::{Clock, World, WorldState};
use std::collections::BTreeMap;

/// The zone in which all nodes are.
const ZONE: &str = "us-east-1a";

/// Our table and our identity in AWS, with a simulated AWS below it, at [`values::NOW`].
pub struct Installation {
    /// What a job is given.
    pub ctx: Ctx,
    /// AWS.
    pub world: World,
}

/// A tenant with a linked account and a registered cluster in it.
pub struct Customer {
    /// Who.
    pub tenant: Tenant,
    /// Their account.
    pub account: Account,
    /// Their cluster.
    pub cluster: Cluster,
}

impl Installation {
    /// One without customers.
    pub async fn new() -> Self {
        let state = WorldState::new(values::NOW, AwsState::new(1));
        let world = World::new(Clock::manual(values::NOW), state);
        let cloud = Cloud::new(world.sdk_config("us-east-1"));
        Self { ctx: Ctx { table: TestTable::new().await.table(), cloud }, world }
    }

    /// The time in the world.
    pub fn now(&self) -> Timestamp {
        self.world.clock().now()
    }

    /// Lets time pass.
    pub fn pass(&self, minutes: i64) {
        self.world.clock().advance(SignedDuration::from_mins(minutes));
    }

    /// Customer `n`: their cluster's node group `web` has `nodes` on-demand `m5.large` in us-east-1a,
    /// which join within the next two minutes.
    pub async fn customer(&self, n: u128, nodes: u32) -> Customer {
        let customer = self.customer_without_role(n).await;
        let Account { aws_account_id, external_id, .. } = &customer.account;
        self.world.install_role(aws_account_id, "SpotOptimizer", external_id).unwrap();
        let aws = self.aws(&customer).await;
        let subnets = aws.subnets(&customer.cluster.name).await.unwrap();
        let group = NewNodeGroup {
            cluster: customer.cluster.name.clone(),
            name: "web".to_owned(),
            instance_types: vec!["m5.large".to_owned()],
            architecture: Architecture::Amd64,
            capacity_type: CapacityType::OnDemand,
            subnet_ids: subnets.into_iter().map(|subnet| subnet.id).collect(),
            count: nodes,
            node_role: format!("arn:aws:iam::{aws_account_id}:role/nodes"),
            labels: BTreeMap::new(),
            taints: vec![],
            plan: "none".to_owned(),
        };
        aws.create_node_group(&group).await.unwrap();
        customer
    }

    /// Customer `n`, who has taken the role away again that we could look through.
    pub async fn customer_without_role(&self, n: u128) -> Customer {
        let (tenant, account) = (values::tenant(n), values::account(n));
        let cluster = values::cluster(&account, n);
        let founded = self.now();
        self.world
            .change(|state| {
                state.aws.add_cluster(&account.aws_account_id, &cluster.name, &[ZONE], founded)
            })
            .unwrap();
        store(&self.ctx.table, tenant, |tx| {
            tx.create(&account);
            tx.create(&cluster);
        })
        .await;
        Customer { tenant, account, cluster }
    }

    /// A customer's AWS, as we see it.
    pub async fn aws(&self, customer: &Customer) -> AccountClient {
        let link = runtime::role_link(&customer.account, &customer.cluster.region);
        self.ctx.cloud.assume(&link).await.unwrap()
    }

    /// What a customer's agent sees now: the instances that run as nodes named by their instances, one
    /// pod of [`values::snapshot_of`] on each.
    pub async fn snapshot(&self, customer: &Customer) -> ClusterSnapshot {
        let instances = self.aws(customer).await.instances(&customer.cluster.name).await.unwrap();
        let running = instances.into_iter().filter(|one| one.state == InstanceState::Running);
        let running: Vec<Instance> = running.collect();
        let mut snapshot = values::snapshot_of(running.len() as u32);
        snapshot.taken_at = self.now();
        let places = snapshot.nodes.iter_mut().zip(&mut snapshot.pods);
        for ((node, pod), instance) in places.zip(running) {
            node.name.clone_from(&instance.id);
            pod.node = Some(instance.id.clone());
            node.instance_id = Some(instance.id);
            node.created_at = instance.launched_at;
            node.capacity_type = Some(instance.pool.capacity_type);
            node.instance_type = Some(instance.pool.instance_type);
            node.manager =
                NodeManager::ManagedNodeGroup { name: instance.node_group.unwrap_or_default() };
        }
        snapshot
    }
}
