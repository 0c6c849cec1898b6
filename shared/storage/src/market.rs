//! Where the newest prices and offerings of an account's region are: an observation, not audited,
//! the newest wins.

use crate::error::Error;
use crate::item::{Item, encode, millis};
use crate::key::Key;
use crate::objects::ObjectRef;
use crate::table::Table;
use domain::{AccountId, Tenant};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The newest [`domain::offering::Market`] of a region, which is in the object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketPointer {
    /// Its body.
    pub object: ObjectRef,
    /// When its prices were read.
    pub priced_at: Timestamp,
    /// vCPUs that Reserved Instances pay for there, by family.
    #[serde(default)]
    pub covered_vcpus: BTreeMap<String, u32>,
}

impl Item for MarketPointer {
    const KIND: &'static str = "market";
}

impl Table {
    /// The newest market of an account's region; `None` before the first prices were read.
    pub async fn market(
        &self,
        tenant: Tenant,
        account: AccountId,
        region: &str,
    ) -> Result<Option<MarketPointer>, Error> {
        let found = self.find(Some(tenant), &Key::market(tenant, account, region)).await?;
        Ok(found.map(|stored| stored.value))
    }

    /// Points at a market, unless a newer one is known. Returns whether it did.
    pub async fn put_market(
        &self,
        tenant: Tenant,
        account: AccountId,
        region: &str,
        market: &MarketPointer,
    ) -> Result<bool, Error> {
        let key = Key::market(tenant, account, region);
        let revision = millis(market.priced_at);
        let kind = (MarketPointer::KIND, MarketPointer::VERSION);
        self.put_newer(encode(&key, kind, revision, None, market)?, revision).await
    }
}
