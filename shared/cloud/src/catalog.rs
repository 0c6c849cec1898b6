//! The catalogue that ships with the product: what EC2 sells where, offline.
//!
//! Prices in it are as old as its files and say so (`sources`, `priced_at`). It answers `report`, and
//! fills in where an account may not ask AWS for its prices.

use domain::Money;
use domain::offering::{
    Architecture, CapacityType, InstanceType, InterruptionBucket, Market, Offering, Pool,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

static TYPES_CSV: &str = include_str!("../data/ec2_catalog_us-east-1.csv");
static REGIONS_CSV_GZ: &[u8] = include_bytes!("../data/regions.csv.gz");

/// The region whose on-demand prices the catalogue has.
pub const PRICED_REGION: &str = "us-east-1";

/// When the on-demand prices were read: 2026-07-20.
pub const PRICED_AT: Timestamp = Timestamp::constant(1_784_505_600, 0);

/// An instance type with what the catalogue knows beside its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogType {
    /// Its size.
    pub instance_type: InstanceType,
    /// Network interfaces it may have.
    pub max_eni: u32,
    /// IPv4 addresses of each.
    pub ipv4_per_eni: u32,
    /// EC2 sells it on Spot somewhere.
    pub spot_supported: bool,
    /// Linux, shared tenancy, us-east-1, per hour.
    pub on_demand_per_hour: Money,
}

/// What one region sells of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionalOffer {
    /// Such as `m7g.2xlarge`.
    pub instance_type: String,
    /// Such as `us-east-1a`, sorted.
    pub zones: Vec<String>,
    /// The Spot Advisor's saving against on-demand, percent (may be negative), and its bucket.
    pub spot: Option<(i64, InterruptionBucket)>,
}

/// The catalogue says nothing of this region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the offline catalogue has no region `{0}`; it has {list}", list = regions().join(", "))]
pub struct UnknownRegion(pub String);

/// All instance types, by name.
pub fn types() -> &'static BTreeMap<String, CatalogType> {
    static TYPES: LazyLock<BTreeMap<String, CatalogType>> = LazyLock::new(|| {
        let rows = TYPES_CSV.lines().skip(1).filter_map(parse_type);
        rows.map(|row| (row.instance_type.name.clone(), row)).collect()
    });
    &TYPES
}

/// The regions the catalogue knows.
pub fn regions() -> Vec<&'static str> {
    let mut names: Vec<&str> = regional_lines().map(|(region, _)| region).collect();
    names.dedup();
    names
}

/// What a region sells, by type's name; only types the catalogue has a size for.
pub fn offers(region: &str) -> Result<Vec<RegionalOffer>, UnknownRegion> {
    let offers: Vec<RegionalOffer> = regional_lines()
        .filter(|(name, _)| *name == region)
        .filter_map(|(_, line)| parse_offer(region, line))
        .filter(|offer| types().contains_key(&offer.instance_type))
        .collect();
    if offers.is_empty() { Err(UnknownRegion(region.to_owned())) } else { Ok(offers) }
}

/// Everything a region sells, as far as the catalogue knows.
///
/// On-demand prices are those of us-east-1 and marked as estimated elsewhere. Spot prices are modelled
/// for every zone of a region alike, `on-demand × (1 − saving)`, and always marked as estimated; a
/// type without a row in the Spot Advisor gets none.
pub fn market(region: &str) -> Result<Market, UnknownRegion> {
    let mut known = BTreeMap::new();
    let mut offerings = Vec::new();
    for offer in offers(region)? {
        let Some(row) = types().get(&offer.instance_type) else {
            continue;
        };
        for zone in &offer.zones {
            offerings.extend(offerings_in(region, zone, row, &offer));
        }
        known.insert(offer.instance_type, row.instance_type.clone());
    }
    offerings.sort_by(|a, b| a.pool.cmp(&b.pool));
    Ok(Market {
        region: region.to_owned(),
        priced_at: PRICED_AT,
        sources: sources(region),
        types: known,
        offerings,
    })
}

/// The Spot price the catalogue models: `on-demand × (1 − saving)`.
pub fn modelled_spot(on_demand_per_hour: Money, saving_percent: i64) -> Money {
    on_demand_per_hour.ratio(i128::from(100 - saving_percent), 100)
}

fn sources(region: &str) -> Vec<String> {
    let elsewhere =
        if region == PRICED_REGION { "" } else { ", taken for this region (estimated)" };
    vec![
        format!("On-demand: EC2 price list of us-east-1, 2026-07-20{elsewhere}"),
        "Spot: on-demand less the Spot Advisor's regional saving of 2025-06-28 (estimated)".into(),
        "Interruptions: AWS Spot Advisor, 2025-06-28".into(),
    ]
}

fn offerings_in(
    region: &str,
    zone: &str,
    row: &CatalogType,
    offer: &RegionalOffer,
) -> impl Iterator<Item = Offering> {
    let pool = |capacity_type| Pool {
        instance_type: offer.instance_type.clone(),
        zone: zone.to_owned(),
        capacity_type,
    };
    let spot = offer.spot.filter(|_| row.spot_supported).map(|(saving, bucket)| Offering {
        pool: pool(CapacityType::Spot),
        price_per_hour: modelled_spot(row.on_demand_per_hour, saving),
        estimated: true,
        interruption: Some(bucket),
    });
    let on_demand = Offering {
        pool: pool(CapacityType::OnDemand),
        price_per_hour: row.on_demand_per_hour,
        estimated: region != PRICED_REGION,
        interruption: None,
    };
    spot.into_iter().chain([on_demand])
}

/// Region and the whole line, in the file's order (by region, then type).
fn regional_lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = String::new();
        // The bytes are part of the program; the tests read them to the end.
        let _ = flate2::read::GzDecoder::new(REGIONS_CSV_GZ).read_to_string(&mut text);
        text
    });
    TEXT.lines().filter_map(|line| Some((line.split_once(',')?.0, line)))
}

fn parse_offer(region: &str, line: &str) -> Option<RegionalOffer> {
    let mut cells = line.split(',').skip(1);
    let instance_type = cells.next()?.to_owned();
    let zones = cells.next()?.chars().map(|letter| format!("{region}{letter}")).collect();
    let saving = cells.next()?.parse().ok();
    let bucket = cells.next()?.parse().ok().map(InterruptionBucket);
    Some(RegionalOffer { instance_type, zones, spot: saving.zip(bucket) })
}

fn parse_type(line: &str) -> Option<CatalogType> {
    let cells: Vec<&str> = line.split(',').collect();
    let flag = |at: usize| cells.get(at).map(|cell| *cell == "1");
    let number = |at: usize| cells.get(at)?.parse::<u32>().ok();
    Some(CatalogType {
        instance_type: InstanceType {
            name: (*cells.first()?).to_owned(),
            architecture: match *cells.get(1)? {
                "arm64" => Architecture::Arm64,
                _ => Architecture::Amd64,
            },
            vcpu: number(2)?,
            memory_mib: u64::from(number(3)?),
            current_generation: flag(4)?,
            bare_metal: flag(5)?,
            burstable: flag(6)?,
            gpus: number(7)?,
            max_pods: number(12)?,
        },
        max_eni: number(10)?,
        ipv4_per_eni: number(11)?,
        spot_supported: flag(13)?,
        on_demand_per_hour: Money::parse_usd(cells.get(15)?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_both_files_is_read() {
        assert_eq!(types().len(), TYPES_CSV.lines().count() - 1);
        assert_eq!(regional_lines().count(), 21_255);
        assert_eq!(regions().len(), 30);
        assert_eq!(offers("us-east-1").unwrap().len(), types().len());
    }

    #[test]
    fn spot_is_on_demand_less_the_regions_saving() {
        let pool = |zone: &str, capacity_type| Pool {
            instance_type: "m5.xlarge".into(),
            zone: zone.into(),
            capacity_type,
        };
        let here = market("us-east-1").unwrap();
        let on_demand = here.offering(&pool("us-east-1a", CapacityType::OnDemand)).unwrap();
        assert_eq!(on_demand.price_per_hour, Money::parse_usd("0.192").unwrap());
        assert!(!on_demand.estimated);
        let spot = here.offering(&pool("us-east-1a", CapacityType::Spot)).unwrap();
        assert_eq!(spot.price_per_hour, Money::parse_usd("0.06528").unwrap());
        assert_eq!(spot.interruption, Some(InterruptionBucket(4)));
        assert!(spot.estimated);

        let there = market("eu-west-1").unwrap();
        assert!(there.offering(&pool("eu-west-1a", CapacityType::OnDemand)).unwrap().estimated);
        assert!(there.offering(&pool("us-east-1a", CapacityType::OnDemand)).is_none());
    }

    #[test]
    fn offerings_are_sorted_and_unique_by_pool() {
        for region in regions() {
            let market = market(region).unwrap();
            assert!(market.offerings.windows(2).all(|two| two[0].pool < two[1].pool), "{region}");
        }
    }

    #[test]
    fn an_unknown_region_is_named_with_those_there_are() {
        let message = market("mars-1").unwrap_err().to_string();
        assert!(message.contains("`mars-1`") && message.contains("eu-west-1"), "{message}");
    }

    #[test]
    fn the_priced_date_is_what_the_notice_says() {
        assert_eq!(PRICED_AT.to_string(), "2026-07-20T00:00:00Z");
    }
}
