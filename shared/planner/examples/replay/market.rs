//! What can be bought, from the catalogue and from prices over time.

use crate::data::{History, Listed, price_at};
use domain::Money;
use domain::offering::{CapacityType, InterruptionBucket, Market, Offering, Pool};
use jiff::Timestamp;

pub(crate) const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

/// The catalogue's prices, the same in every zone: prices per zone of that date could not be had.
pub(crate) fn of_catalogue(listed: &[Listed], now: Timestamp) -> Market {
    made(listed, now, |listed, _| listed.spot)
}

/// Spot prices as they were at `now`; list prices of the catalogue. Which pools are interrupted how
/// often is the catalogue's word too.
pub(crate) fn of_history(listed: &[Listed], history: &History, now: Timestamp) -> Market {
    made(listed, now, |listed, zone| {
        let changes = history.get(&(listed.made.name.clone(), zone.to_owned()))?;
        Some((price_at(changes, now.as_second())?, listed.spot.map_or(2, |spot| spot.1)))
    })
}

fn made(
    listed: &[Listed],
    now: Timestamp,
    spot: impl Fn(&Listed, &str) -> Option<(Money, u8)>,
) -> Market {
    let mut offerings = Vec::new();
    for row in listed {
        for zone in ZONES {
            let mut sold = |capacity_type, price_per_hour, interruption| {
                offerings.push(Offering {
                    pool: Pool {
                        instance_type: row.made.name.clone(),
                        zone: zone.to_owned(),
                        capacity_type,
                    },
                    price_per_hour,
                    estimated: false,
                    interruption,
                });
            };
            if let Some((price, bucket)) = spot(row, zone) {
                sold(CapacityType::Spot, price, Some(InterruptionBucket(bucket)));
            }
            sold(CapacityType::OnDemand, row.on_demand, None);
        }
    }
    offerings.sort_by(|one, other| one.pool.cmp(&other.pool));
    Market {
        region: "us-east-1".to_owned(),
        priced_at: now,
        sources: Vec::new(),
        types: listed.iter().map(|row| (row.made.name.clone(), row.made.clone())).collect(),
        offerings,
    }
}
