//! Linked accounts and registered clusters.

use crate::entity::{Beside, Companion, Entity};
use crate::error::Error;
use crate::item::{Item, Stored, key_of};
use crate::key::{Key, Range};
use crate::page::{Page, PageRequest};
use crate::table::{Order, Table};
use domain::account::Account;
use domain::cluster::Cluster;
use domain::{AccountId, ClusterId, OrgId, Tenant};
use serde::{Deserialize, Serialize};

impl Item for Account {
    const KIND: &'static str = "account";
}

impl Entity for Account {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn key(&self, tenant: Tenant) -> Key {
        Key::account(tenant, self.id)
    }

    /// An organisation links an AWS account once.
    fn companions(&self, tenant: Tenant) -> Vec<Companion> {
        vec![Companion::guard(Key::unique_account(tenant, &self.aws_account_id))]
    }
}

impl Item for Cluster {
    const KIND: &'static str = "cluster";
}

impl Entity for Cluster {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn key(&self, tenant: Tenant) -> Key {
        Key::cluster(tenant, self.id)
    }

    /// An EKS cluster is registered once, and stands in the directory the jobs sweep.
    fn companions(&self, tenant: Tenant) -> Vec<Companion> {
        let unique = Key::unique_cluster(tenant, self.account, &self.region, &self.name);
        let entry = Entry { org: tenant.org() };
        vec![
            Companion::guard(unique),
            Companion::item(Key::directory(self.id), Entry::KIND, &entry, None),
            Companion(Beside::Heartbeat { cluster: self.id }),
        ]
    }
}

/// Whose a cluster in the directory is.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    org: OrgId,
}

impl Item for Entry {
    const KIND: &'static str = "directory";
}

impl Table {
    /// A linked account.
    pub async fn account(&self, tenant: Tenant, id: AccountId) -> Result<Stored<Account>, Error> {
        self.get(tenant, &Key::account(tenant, id)).await
    }

    /// Linked accounts, in the order they were made.
    pub async fn accounts(
        &self,
        tenant: Tenant,
        page: &PageRequest,
    ) -> Result<Page<Stored<Account>>, Error> {
        self.page(tenant, &Range::accounts(tenant), Order::Ascending, page).await
    }

    /// A cluster.
    pub async fn cluster(&self, tenant: Tenant, id: ClusterId) -> Result<Stored<Cluster>, Error> {
        self.get(tenant, &Key::cluster(tenant, id)).await
    }

    /// Clusters, in the order they were registered.
    pub async fn clusters(
        &self,
        tenant: Tenant,
        page: &PageRequest,
    ) -> Result<Page<Stored<Cluster>>, Error> {
        self.page(tenant, &Range::clusters(tenant), Order::Ascending, page).await
    }

    /// All clusters of one of the [`crate::key::SWEEP_SHARDS`] shards, across tenants: for the jobs.
    pub async fn directory(&self, shard: u8) -> Result<Vec<(Tenant, ClusterId)>, Error> {
        let items = self.items(&Range::directory(shard)).await?;
        let one = |item| {
            let cluster = key_of(&item).and_then(|key| key.sk.parse().ok());
            let cluster = cluster.ok_or_else(|| Error::corrupt(Entry::KIND, "no cluster id"))?;
            let entry: Stored<Entry> = crate::item::decode(None, item)?;
            Ok((crate::proven(entry.value.org), cluster))
        };
        items.into_iter().map(one).collect()
    }
}
