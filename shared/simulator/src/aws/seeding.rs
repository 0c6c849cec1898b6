//! Putting accounts and clusters into an AWS that is about to be used.

use super::market::hash;
use super::state::{Account, AwsState, Cluster, Instance, NodeGroup, Role, Subnet, Trust};
use crate::demo::PastInstance;
use domain::offering::Pool;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

impl Account {
    /// Adds a role, or changes the trust of the one with that name.
    pub fn install_role(&mut self, name: &str, trust: Trust) {
        match self.roles.iter_mut().find(|role| role.name == name) {
            Some(role) => role.trust = trust,
            None => self.roles.push(Role { name: name.to_owned(), trust, denied: BTreeSet::new() }),
        }
    }
}

impl AwsState {
    /// Adds an EKS cluster without node groups, with one subnet in each of the zones; gives their ids.
    pub fn add_cluster(
        &mut self,
        account: &str,
        name: &str,
        zones: &[&str],
        created_at: Timestamp,
    ) -> Vec<String> {
        let region = zones.first().map_or("us-east-1", |zone| super::market::region_of(zone));
        let id = |kind: &str, of: &str| {
            format!("{kind}-0{:016x}", hash(self.seed, &[kind, account, name, of], 0))
        };
        let vpc = id("vpc", region);
        let subnets: BTreeMap<String, Subnet> = zones
            .iter()
            .map(|zone| (id("subnet", zone), Subnet { zone: (*zone).to_owned(), vpc: vpc.clone() }))
            .collect();
        let ids: Vec<String> = subnets.keys().cloned().collect();
        let cluster = Cluster {
            region: region.to_owned(),
            version: "1.33".to_owned(),
            created_at,
            subnets: ids.clone(),
            tags: BTreeMap::new(),
        };
        let owner = self.accounts.entry(account.to_owned()).or_default();
        owner.subnets.extend(subnets);
        owner.clusters.insert(name.to_owned(), cluster);
        ids
    }

    /// Adds a node group as it is.
    pub(crate) fn add_node_group(&mut self, account: &str, group: NodeGroup) {
        let owner = self.accounts.entry(account.to_owned()).or_default();
        owner.node_groups.insert((group.cluster.clone(), group.name.clone()), group);
    }

    /// Adds an instance that a group launched in the past.
    pub(crate) fn add_instance(
        &mut self,
        account: &str,
        cluster: &str,
        group: &str,
        past: &PastInstance,
    ) {
        let private_ip = self.next_private_ip();
        let Some(owner) = self.accounts.get_mut(account) else { return };
        let wanted = owner.clusters.get(cluster).map(|it| it.subnets.clone()).unwrap_or_default();
        let in_zone = |id: &String| owner.subnets.get(id).is_some_and(|it| it.zone == past.zone);
        let instance = Instance {
            pool: Pool {
                instance_type: past.instance_type.clone(),
                zone: past.zone.clone(),
                capacity_type: past.capacity_type,
            },
            subnet: wanted.into_iter().find(in_zone).unwrap_or_default(),
            cluster: cluster.to_owned(),
            node_group: group.to_owned(),
            private_ip,
            launched_at: past.launched_at,
            notice_at: None,
            shut_at: past.terminated_at,
            reclaimed: past.reclaimed,
            joined: false,
            noticed: false,
            left: false,
        };
        owner.instances.insert(past.instance_id.clone(), instance);
    }
}
