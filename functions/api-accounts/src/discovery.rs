//! Looking for EKS clusters in a linked account.

use crate::view::DiscoveredCluster;
use api::{App, Error, every};
use domain::Tenant;
use domain::account::{Account, LinkState};
use domain::cluster::Cluster;

/// The clusters of all of an account's regions, in the order of the regions.
pub(crate) async fn clusters(
    app: &App,
    tenant: Tenant,
    account: &Account,
) -> Result<Vec<DiscoveredCluster>, Error> {
    if account.state != LinkState::Linked {
        return Err(Error::conflict("not-linked", "verify the link of this account first"));
    }
    let registered = registered(app, tenant).await?;
    let mut found = Vec::new();
    for region in &account.regions {
        let client = app.ctx.cloud.assume(&runtime::role_link(account, region)).await?;
        for cluster in client.clusters().await? {
            let same = registered.iter().find(|known| {
                known.account == account.id && known.region == *region && known.name == cluster.name
            });
            found.push(DiscoveredCluster {
                name: cluster.name,
                region: region.clone(),
                kubernetes_version: cluster.version,
                registered_as: same.map(|known| known.id.to_string()),
            });
        }
    }
    Ok(found)
}

/// All clusters that a tenant has registered.
pub(crate) async fn registered(app: &App, tenant: Tenant) -> Result<Vec<Cluster>, Error> {
    let all = every(|page| async move { app.table().clusters(tenant, &page).await }).await?;
    Ok(all.into_iter().map(|stored| stored.value).collect())
}
