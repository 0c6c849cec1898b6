//! What every item of the table looks like: `PK`, `SK`, `kind`, `version`, `revision`, for some
//! `expires`, and the value itself in `data`: as attributes, or as gzip'd JSON where it is large.

use crate::error::Error;
use crate::key::Key;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{OrgId, Tenant};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;
use std::io::{Read, Write};

/// Largest value that is stored as attributes.
const PLAIN_BYTES: usize = 64 * 1024;

/// An item as the SDK has it.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// A value with the revision it was read at: what an update is conditional on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// The value.
    pub value: T,
    /// Grows by one with every update; 1 when created. Clusters' instances, markets and heartbeats
    /// count in milliseconds instead.
    pub revision: u64,
}

/// A kind of item.
pub trait Item: Serialize + DeserializeOwned {
    /// Its name, in attribute `kind` and in errors.
    const KIND: &'static str;

    /// Schema version: raised when an older program could no longer read what is written.
    const VERSION: u32 = 1;

    /// Whose it is, where the value itself says so.
    fn owner(&self) -> Option<OrgId> {
        None
    }
}

/// Writes an item.
pub(crate) fn encode<T: Serialize>(
    key: &Key,
    (kind, version): (&'static str, u32),
    revision: u64,
    expires: Option<Timestamp>,
    data: &T,
) -> Result<Attributes, Error> {
    let data = pack(data).map_err(|error| Error::corrupt(kind, error))?;
    let mut item = HashMap::from([
        ("PK".to_owned(), text(&key.pk)),
        ("SK".to_owned(), text(&key.sk)),
        ("kind".to_owned(), text(kind)),
        ("version".to_owned(), number(version)),
        ("revision".to_owned(), number(revision)),
        ("data".to_owned(), data),
    ]);
    if let Some(at) = expires {
        item.insert("expires".to_owned(), number(at.as_second()));
    }
    Ok(item)
}

/// Reads an item; `tenant` is whose it must be, where that is known.
pub(crate) fn decode<T: Item>(
    tenant: Option<Tenant>,
    mut item: Attributes,
) -> Result<Stored<T>, Error> {
    let corrupt = |detail: String| Error::Corrupt { kind: T::KIND, detail };
    let key = key_of(&item).ok_or_else(|| corrupt("no key".to_owned()))?;
    let kind = item.get("kind").and_then(|kind| kind.as_s().ok());
    if kind.map(String::as_str) != Some(T::KIND) {
        return Err(corrupt(format!("{} {} is a {kind:?}", key.pk, key.sk)));
    }
    let version = whole(&item, "version").ok_or_else(|| corrupt("no version".to_owned()))?;
    if version > u64::from(T::VERSION) {
        return Err(corrupt(format!(
            "{} {} was written by a newer version of the product (schema {version}, known {})",
            key.pk,
            key.sk,
            T::VERSION
        )));
    }
    let revision = whole(&item, "revision").ok_or_else(|| corrupt("no revision".to_owned()))?;
    let data = item.remove("data").ok_or_else(|| corrupt("no data".to_owned()))?;
    let value: T =
        unpack(data).map_err(|error| corrupt(format!("{} {}: {error}", key.pk, key.sk)))?;
    if let Some(tenant) = tenant {
        // Whoever says whose it is, key or value, must say this tenant's; one of them must.
        let by_value = value.owner().map(|owner| owner == tenant.org());
        let says = [key.belongs_to(tenant), by_value];
        if says.contains(&Some(false)) || !says.contains(&Some(true)) {
            return Err(Error::Foreign { kind: T::KIND });
        }
    }
    Ok(Stored { value, revision })
}

/// A value as an attribute. `DynamoDB` takes items of 400 kB; the progress of a plan for a thousand
/// nodes is near that, and a tenth of it packed.
fn pack<T: Serialize>(value: &T) -> Result<AttributeValue, Box<dyn std::error::Error>> {
    let plain: AttributeValue = serde_dynamo::to_attribute_value(value)?;
    if size(&plain) <= PLAIN_BYTES {
        return Ok(plain);
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&serde_json::to_vec(value)?)?;
    Ok(AttributeValue::B(packed.finish()?.into()))
}

fn unpack<T: DeserializeOwned>(value: AttributeValue) -> Result<T, Box<dyn std::error::Error>> {
    match value {
        AttributeValue::B(packed) => {
            let mut json = Vec::new();
            GzDecoder::new(packed.as_ref()).read_to_end(&mut json)?;
            Ok(serde_json::from_slice(&json)?)
        }
        plain => Ok(serde_dynamo::from_attribute_value(plain)?),
    }
}

/// About how many bytes `DynamoDB` counts.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::L(list) => list.iter().map(|value| size(value) + 1).sum::<usize>() + 3,
        AttributeValue::M(map) => {
            map.iter().map(|(name, value)| name.len() + size(value) + 1).sum::<usize>() + 3
        }
        _ => 1,
    }
}

/// The key an item came with.
pub(crate) fn key_of(item: &Attributes) -> Option<Key> {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    Some(Key { pk: part("PK")?, sk: part("SK")? })
}

/// A key as the SDK wants it.
pub(crate) fn key_attributes(key: &Key) -> Attributes {
    HashMap::from([("PK".to_owned(), text(&key.pk)), ("SK".to_owned(), text(&key.sk))])
}

/// A text attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(crate) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A whole number of an item.
pub(crate) fn whole(item: &Attributes, name: &str) -> Option<u64> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok())
}

/// A text of an item.
pub(crate) fn words<'a>(item: &'a Attributes, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// Milliseconds since 1970, never negative: the revision of what the newest observation wins.
pub(crate) fn millis(at: Timestamp) -> u64 {
    at.as_millisecond().max(0) as u64
}
