//! The table's definition: what `template.yaml` must say too, and how an embedded table is made.

use crate::error::Error;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};

/// A table's shape, in the words of `template.yaml`, so that a test can compare it with the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableDefinition {
    /// Attributes that keys are made of: name and type (`S`).
    pub attribute_definitions: &'static [(&'static str, &'static str)],
    /// Name and key type (`HASH`, `RANGE`).
    pub key_schema: &'static [(&'static str, &'static str)],
    /// There are none: every list is a range of the table itself, or of pointers in it.
    pub global_secondary_indexes: &'static [&'static str],
    /// On demand.
    pub billing_mode: &'static str,
    /// When `DynamoDB` may remove an item, in seconds since 1970.
    pub time_to_live_attribute: &'static str,
}

/// What the table must be.
pub const fn table_definition() -> TableDefinition {
    TableDefinition {
        attribute_definitions: &[("PK", "S"), ("SK", "S")],
        key_schema: &[("PK", "HASH"), ("SK", "RANGE")],
        global_secondary_indexes: &[],
        billing_mode: "PAY_PER_REQUEST",
        time_to_live_attribute: "expires",
    }
}

/// Makes the table where it is not there: for embedded databases and tests. In AWS the template does.
pub async fn create_table(client: &Client, name: &str) -> Result<(), Error> {
    let definition = table_definition();
    let mut request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::from(definition.billing_mode));
    for (attribute, kind) in definition.attribute_definitions {
        let attribute = AttributeDefinition::builder()
            .attribute_name(*attribute)
            .attribute_type(ScalarAttributeType::from(*kind))
            .build()
            .map_err(Error::unavailable)?;
        request = request.attribute_definitions(attribute);
    }
    for (attribute, kind) in definition.key_schema {
        let element = KeySchemaElement::builder()
            .attribute_name(*attribute)
            .key_type(KeyType::from(*kind))
            .build()
            .map_err(Error::unavailable)?;
        request = request.key_schema(element);
    }
    match request.send().await {
        Ok(_) => {}
        Err(error)
            if matches!(
                error.as_service_error(),
                Some(CreateTableError::ResourceInUseException(_))
            ) =>
        {
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }
    let time_to_live = TimeToLiveSpecification::builder()
        .attribute_name(definition.time_to_live_attribute)
        .enabled(true)
        .build()
        .map_err(Error::unavailable)?;
    let request = client.update_time_to_live().table_name(name);
    request.time_to_live_specification(time_to_live).send().await?;
    Ok(())
}
