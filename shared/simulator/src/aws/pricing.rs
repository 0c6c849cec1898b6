//! The Price List: on-demand prices of a region, the catalogue's.

use super::state::AwsState;
use super::wire::{AwsError, json, page};
use super::{Answer, Call};
use cloud::catalog;
use serde_json::{Value, json as value};

pub(super) fn answer(state: &mut AwsState, _account: &str, call: &Call<'_>) -> Answer {
    match call.request.operation().as_deref() {
        Some("GetProducts") => get_products(state, call),
        other => {
            let message = format!("{} is not simulated", other.unwrap_or("no target"));
            Err(AwsError::new(400, "UnknownOperationException", message))
        }
    }
}

fn get_products(state: &AwsState, call: &Call<'_>) -> Answer {
    let body = call.request.json();
    let filters = body["Filters"].as_array().cloned().unwrap_or_default();
    let filter = |field: &str| {
        let found = filters.iter().find(|filter| filter["Field"] == field);
        found.and_then(|filter| filter["Value"].as_str())
    };
    let region = filter("regionCode").unwrap_or(&call.region);
    let sold = catalog::offers(region)
        .map_err(|error| AwsError::new(400, "InvalidParameterException", error.to_string()))?;
    let rows: Vec<&catalog::CatalogType> = sold
        .iter()
        .filter(|it| filter("instanceType").is_none_or(|wanted| wanted == it.instance_type))
        .filter_map(|it| catalog::types().get(&it.instance_type))
        .collect();
    let asked = body["MaxResults"].as_u64().map(|size| size as usize);
    let (rows, next) = page(rows, body["NextToken"].as_str(), state.page_size(asked, 100))?;
    let products: Vec<String> = rows.iter().map(|row| product(region, row).to_string()).collect();
    Ok(json(&value!({"FormatVersion": "aws_v1", "PriceList": products, "NextToken": next})))
}

fn product(region: &str, row: &catalog::CatalogType) -> Value {
    let price = format!("{:.10}", row.on_demand_per_hour.as_usd());
    value!({
        "product": {
            "productFamily": "Compute Instance",
            "attributes": {
                "instanceType": row.instance_type.name,
                "regionCode": region,
                "operatingSystem": "Linux",
                "tenancy": "Shared",
                "preInstalledSw": "NA",
                "capacitystatus": "Used",
            },
            "sku": row.instance_type.name,
        },
        "serviceCode": "AmazonEC2",
        "terms": {"OnDemand": {"offer": {"priceDimensions": {"rate": {
            "unit": "Hrs",
            "pricePerUnit": {"USD": price},
        }}}}},
    })
}
