//! A region's market, put together from what the account may ask.

use crate::prices::{DescribedType, SpotPrice};
use crate::{AccountClient, Error, catalog};
use domain::Money;
use domain::offering::{CapacityType, InterruptionBucket, Market, Offering, Pool};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

impl AccountClient {
    /// Everything the region sells now.
    ///
    /// Where the role may not ask for prices, or AWS has none for a pool, the catalogue's stand in and are
    /// marked as estimated. Interruption buckets are always the catalogue's: AWS has no API for them.
    pub async fn market(&self, now: Timestamp) -> Result<Market, Error> {
        let (types, zones, spot, on_demand) = futures::try_join!(
            self.described_types(),
            self.offerings(),
            unless_denied(self.spot_prices(now, &[])),
            unless_denied(self.on_demand_prices()),
        )?;
        let priced = spot.is_some() || on_demand.is_some();
        // A region the catalogue does not know has only what AWS says of it.
        let fallback = catalog::market(&self.region).ok();
        let facts = Facts {
            spot: latest(spot.unwrap_or_default(), now),
            on_demand: on_demand.unwrap_or_default(),
            fallback,
        };
        Ok(facts.market(&self.region, &types, &zones, now, priced))
    }
}

/// What is known of prices.
struct Facts {
    spot: BTreeMap<Pool, Money>,
    on_demand: BTreeMap<String, Money>,
    fallback: Option<Market>,
}

impl Facts {
    fn market(
        &self,
        region: &str,
        types: &BTreeMap<String, DescribedType>,
        zones: &BTreeMap<String, BTreeSet<String>>,
        now: Timestamp,
        priced: bool,
    ) -> Market {
        let mut offerings = Vec::new();
        for (name, described) in types {
            for zone in zones.get(name).into_iter().flatten() {
                for (sold, capacity_type) in [
                    (described.spot, CapacityType::Spot),
                    (described.on_demand, CapacityType::OnDemand),
                ] {
                    let (instance_type, zone) = (name.clone(), zone.clone());
                    let pool = Pool { instance_type, zone, capacity_type };
                    offerings.extend(Some(pool).filter(|_| sold).and_then(|it| self.offering(it)));
                }
            }
        }
        offerings.sort_by(|a, b| a.pool.cmp(&b.pool));
        Market {
            region: region.to_owned(),
            priced_at: if priced { now } else { catalog::PRICED_AT },
            sources: self.sources(region, now),
            types: types
                .iter()
                .map(|(name, it)| (name.clone(), it.instance_type.clone()))
                .collect(),
            offerings,
        }
    }

    fn offering(&self, pool: Pool) -> Option<Offering> {
        let read = match pool.capacity_type {
            CapacityType::Spot => self.spot.get(&pool),
            CapacityType::OnDemand => self.on_demand.get(&pool.instance_type),
        };
        let fallback = self.fallback.as_ref().and_then(|market| market.offering(&pool));
        let interruption: Option<InterruptionBucket> = fallback.and_then(|it| it.interruption);
        Some(Offering {
            price_per_hour: read.copied().or(fallback.map(|it| it.price_per_hour))?,
            estimated: read.is_none(),
            interruption,
            pool,
        })
    }

    fn sources(&self, region: &str, now: Timestamp) -> Vec<String> {
        let mut sources = Vec::new();
        if !self.on_demand.is_empty() {
            sources.push(format!("On-demand: AWS Price List of {region}, {now:.0}"));
        }
        if !self.spot.is_empty() {
            sources.push(format!("Spot: EC2 DescribeSpotPriceHistory of {region}, {now:.0}"));
        }
        if let Some(fallback) = &self.fallback {
            let missing = |source: &&String| match source.split(':').next() {
                Some("On-demand") => self.on_demand.is_empty(),
                Some("Spot") => self.spot.is_empty(),
                _ => true,
            };
            sources.extend(fallback.sources.iter().filter(missing).cloned());
        }
        sources
    }
}

/// The step in force at `now` of each pool; the list is by pool and time.
fn latest(steps: Vec<SpotPrice>, now: Timestamp) -> BTreeMap<Pool, Money> {
    steps
        .into_iter()
        .filter(|step| step.from <= now)
        .map(|step| (step.pool, step.price_per_hour))
        .collect()
}

/// `None` where the role may not ask.
pub(crate) async fn unless_denied<T>(
    asked: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, Error> {
    match asked.await {
        Ok(answer) => Ok(Some(answer)),
        Err(error @ Error::Denied { .. }) => {
            tracing::warn!(%error, "going on without what the role may not read");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
