//! What it cost.

use cloud::AccountClient;
use domain::instance::InstanceRecord;
use domain::ledger::{Baseline, PriceBook, PriceStep};
use domain::offering::{CapacityType, Pool};
use jiff::Timestamp;
use runtime::OneFailed;
use std::collections::BTreeSet;

/// The prices of every pool of the baseline and of every pool in which something ran, from `since` on.
///
/// Spot prices are AWS's own history, to the second. On-demand prices are the price list's of now: it
/// has no history, and a list price changes a few times in a decade.
pub(crate) async fn read(
    aws: &AccountClient,
    baseline: Option<&Baseline>,
    ran: &[InstanceRecord],
    since: Timestamp,
) -> Result<PriceBook, OneFailed> {
    let fixed = baseline.into_iter().flat_map(|it| &it.pools).map(|part| &part.pool);
    let pools: BTreeSet<&Pool> = fixed.chain(ran.iter().map(|record| &record.pool)).collect();
    let types: BTreeSet<String> = pools.iter().map(|pool| pool.instance_type.clone()).collect();
    let types: Vec<String> = types.into_iter().collect();

    let mut book = PriceBook::default();
    for step in aws.spot_prices(since, &types).await? {
        let price_per_hour = step.price_per_hour;
        book.insert(step.pool, PriceStep { from: step.from, price_per_hour, estimated: false });
    }
    let list = aws.on_demand_prices().await?;
    for pool in pools {
        let Some(price) = list.get(&pool.instance_type) else { continue };
        let pool = Pool { capacity_type: CapacityType::OnDemand, ..pool.clone() };
        let from = Timestamp::UNIX_EPOCH;
        book.insert(pool, PriceStep { from, price_per_hour: *price, estimated: false });
    }
    Ok(book)
}
