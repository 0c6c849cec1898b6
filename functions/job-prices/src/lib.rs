//! Refreshes prices, offerings, interruption rates and reservations: one market per linked account and region that
//! has clusters. Zone names differ from account to account, so markets are not shared.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

use domain::cluster::Cluster;
use domain::{AccountId, Tenant};
use jiff::Timestamp;
use runtime::{Ctx, JobError, OneFailed};
use std::collections::BTreeSet;
use storage::MarketPointer;

/// Refreshes every market that a registered cluster is in.
pub async fn run(ctx: &Ctx, now: Timestamp) -> Result<(), JobError> {
    let mut places = BTreeSet::new();
    for place in runtime::all_clusters(ctx).await? {
        match ctx.table.cluster(place.tenant, place.cluster).await {
            Ok(cluster) => {
                let Cluster { account, region, .. } = cluster.value;
                places.insert(Place { tenant: place.tenant, account, region });
            }
            // Deleted between the two reads.
            Err(storage::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let places: Vec<Place> = places.into_iter().collect();
    Ok(runtime::each("markets", &places, async |place| refresh(ctx, place, now).await).await?)
}

/// Where a market is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    tenant: Tenant,
    account: AccountId,
    region: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.account, self.region)
    }
}

async fn refresh(ctx: &Ctx, place: &Place, now: Timestamp) -> Result<(), OneFailed> {
    let Place { tenant, account, region } = place;
    let linked = ctx.table.account(*tenant, *account).await?.value;
    let aws = ctx.cloud.assume(&runtime::role_link(&linked, region)).await?;
    let market = aws.market(now).await?;
    let covered_vcpus = aws.reserved_vcpus(&market.types).await?;
    let object = ctx.objects().put(*tenant, "market", region, &market).await?;
    let pointer = MarketPointer { object, priced_at: market.priced_at, covered_vcpus };
    ctx.table.put_market(*tenant, *account, region, &pointer).await?;
    Ok(())
}
