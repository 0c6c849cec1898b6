//! What AWS says of types, offerings and prices.

use crate::clusters::{date_time, timestamp};
use crate::{AccountClient, Error};
use aws_sdk_ec2::types as ec2;
use aws_sdk_pricing::types::{Filter, FilterType};
use domain::Money;
use domain::offering::{Architecture, CapacityType, InstanceType, Pool};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A step of a pool's Spot price: it holds until the pool's next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotPrice {
    /// The pool; its capacity type is Spot.
    pub pool: Pool,
    /// From when on.
    pub from: Timestamp,
    /// What an instance costs in an hour.
    pub price_per_hour: Money,
}

/// Types and the zones each is offered in, and which can be Spot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DescribedType {
    pub(crate) instance_type: InstanceType,
    pub(crate) spot: bool,
    pub(crate) on_demand: bool,
}

impl AccountClient {
    /// All instance types of the region that Kubernetes nodes can be, by name.
    pub async fn instance_types(&self) -> Result<BTreeMap<String, InstanceType>, Error> {
        let described = self.described_types().await?;
        Ok(described.into_iter().map(|(name, one)| (name, one.instance_type)).collect())
    }

    pub(crate) async fn described_types(&self) -> Result<BTreeMap<String, DescribedType>, Error> {
        let mut types = BTreeMap::new();
        let mut token = None;
        loop {
            let request = self.ec2.describe_instance_types().max_results(100).set_next_token(token);
            let page = self.call("DescribeInstanceTypes", request.send()).await?;
            let found = page.instance_types.unwrap_or_default().into_iter();
            types.extend(
                found.filter_map(described_type).map(|one| (one.instance_type.name.clone(), one)),
            );
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(types);
            }
        }
    }

    /// Which zones offer which types.
    pub async fn offerings(&self) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
        let mut zones: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut token = None;
        loop {
            let request = self
                .ec2
                .describe_instance_type_offerings()
                .location_type(ec2::LocationType::AvailabilityZone)
                .max_results(1000)
                .set_next_token(token);
            let page = self.call("DescribeInstanceTypeOfferings", request.send()).await?;
            for one in page.instance_type_offerings.unwrap_or_default() {
                if let (Some(name), Some(zone)) = (one.instance_type, one.location) {
                    zones.entry(name.as_str().to_owned()).or_default().insert(zone);
                }
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(zones);
            }
        }
    }

    /// The Linux Spot prices in force from `since` on, by pool and time: for each pool the one in force
    /// at `since` and every later change. AWS keeps 90 days. No types means all of them.
    pub async fn spot_prices(
        &self,
        since: Timestamp,
        instance_types: &[String],
    ) -> Result<Vec<SpotPrice>, Error> {
        let wanted = instance_types.iter().map(|name| ec2::InstanceType::from(name.as_str()));
        let wanted: Vec<ec2::InstanceType> = wanted.collect();
        let mut prices = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .ec2
                .describe_spot_price_history()
                .start_time(date_time(since))
                .set_instance_types(Some(wanted.clone()).filter(|wanted| !wanted.is_empty()))
                .product_descriptions("Linux/UNIX")
                .max_results(1000)
                .set_next_token(token);
            let page = self.call("DescribeSpotPriceHistory", request.send()).await?;
            let found = page.spot_price_history.unwrap_or_default().into_iter();
            prices.extend(found.filter_map(spot_price));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                prices.sort_by(|a, b| (&a.pool, a.from).cmp(&(&b.pool, b.from)));
                return Ok(prices);
            }
        }
    }

    /// The on-demand prices of the region per hour, by type: Linux, shared tenancy, nothing installed.
    pub async fn on_demand_prices(&self) -> Result<BTreeMap<String, Money>, Error> {
        let operation = "GetProducts";
        let terms = [
            ("regionCode", self.region.as_str()),
            ("operatingSystem", "Linux"),
            ("tenancy", "Shared"),
            ("preInstalledSw", "NA"),
            ("capacitystatus", "Used"),
        ];
        let mut filters = Vec::new();
        for (field, value) in terms {
            let filter = Filter::builder().r#type(FilterType::TermMatch).field(field).value(value);
            let filter = filter.build();
            filters.push(
                filter.map_err(|error| Error::Invalid { operation, message: error.to_string() })?,
            );
        }
        let mut prices = BTreeMap::new();
        let mut token = None;
        loop {
            let request = self
                .pricing
                .get_products()
                .service_code("AmazonEC2")
                .set_filters(Some(filters.clone()))
                .max_results(100)
                .set_next_token(token);
            let page = self.call(operation, request.send()).await?;
            let products = page.price_list.unwrap_or_default();
            prices.extend(products.iter().filter_map(|product| on_demand_price(product)));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(prices);
            }
        }
    }
}

fn described_type(info: ec2::InstanceTypeInfo) -> Option<DescribedType> {
    let architectures = info.processor_info?.supported_architectures?;
    let architecture = if architectures.contains(&ec2::ArchitectureType::X8664) {
        Architecture::Amd64
    } else if architectures.contains(&ec2::ArchitectureType::Arm64) {
        Architecture::Arm64
    } else {
        return None;
    };
    let network = info.network_info?;
    let interfaces = network.maximum_network_interfaces?.unsigned_abs();
    let addresses = network.ipv4_addresses_per_interface?.unsigned_abs();
    let gpus = info.gpu_info.and_then(|gpus| gpus.gpus).unwrap_or_default();
    let uses = info.supported_usage_classes.unwrap_or_default();
    Some(DescribedType {
        spot: uses.contains(&ec2::UsageClassType::Spot),
        on_demand: uses.contains(&ec2::UsageClassType::OnDemand),
        instance_type: InstanceType {
            name: info.instance_type?.as_str().to_owned(),
            architecture,
            vcpu: info.v_cpu_info?.default_v_cpus?.unsigned_abs(),
            memory_mib: info.memory_info?.size_in_mib?.unsigned_abs(),
            max_pods: interfaces * addresses.saturating_sub(1) + 2,
            gpus: gpus.iter().filter_map(|gpu| gpu.count).sum::<i32>().unsigned_abs(),
            current_generation: info.current_generation.unwrap_or(false),
            bare_metal: info.bare_metal.unwrap_or(false),
            burstable: info.burstable_performance_supported.unwrap_or(false),
        },
    })
}

fn spot_price(step: ec2::SpotPrice) -> Option<SpotPrice> {
    Some(SpotPrice {
        pool: Pool {
            instance_type: step.instance_type?.as_str().to_owned(),
            zone: step.availability_zone?,
            capacity_type: CapacityType::Spot,
        },
        from: timestamp(step.timestamp?)?,
        price_per_hour: Money::parse_usd(&step.spot_price?)?,
    })
}

/// One product of the Price List: JSON within JSON, of which this is all we need.
#[derive(Deserialize)]
struct PriceListItem {
    product: Product,
    terms: Terms,
}

#[derive(Deserialize)]
struct Product {
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    instance_type: String,
}

#[derive(Deserialize)]
struct Terms {
    #[serde(rename = "OnDemand")]
    on_demand: BTreeMap<String, Offer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    price_dimensions: BTreeMap<String, Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    unit: String,
    price_per_unit: BTreeMap<String, String>,
}

fn on_demand_price(product: &str) -> Option<(String, Money)> {
    let item: PriceListItem = serde_json::from_str(product).ok()?;
    let offers = item.terms.on_demand.into_values();
    let mut dimensions = offers.flat_map(|offer| offer.price_dimensions.into_values());
    // Free rows are there for reserved and dedicated use, not for sale.
    let price = dimensions.find_map(|dimension| {
        let usd = Money::parse_usd(dimension.price_per_unit.get("USD")?)?;
        (dimension.unit == "Hrs" && usd > Money::ZERO).then_some(usd)
    })?;
    Some((item.product.attributes.instance_type, price))
}
