//! The savings ledger's closed hours, and how far it is closed.
//!
//! What ran in an hour is in an item of its own: a month of hours without it is a tenth of the size.

use crate::entity::{Companion, Entity};
use crate::error::Error;
use crate::item::{Item, Stored};
use crate::key::{Key, Range};
use crate::page::{Page, PageRequest};
use crate::table::{Order, Table};
use domain::ledger::{LedgerHour, LedgerLine};
use domain::{ClusterId, Tenant};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

impl Item for LedgerHour {
    const KIND: &'static str = "ledger_hour";
}

impl Entity for LedgerHour {
    fn id(&self) -> String {
        format!("{}/{}", self.cluster, self.hour)
    }

    fn key(&self, tenant: Tenant) -> Key {
        Key::ledger_hour(tenant, self.cluster, self.hour)
    }

    fn companions(&self, tenant: Tenant) -> Vec<Companion> {
        let key = Key::ledger_lines(tenant, self.cluster, self.hour);
        let lines = Lines { hour: self.hour, lines: self.lines.clone() };
        vec![Companion::item(key, Lines::KIND, &lines, None)]
    }

    fn body(&self) -> Self {
        Self { lines: Vec::new(), ..self.clone() }
    }
}

/// What ran in an hour.
#[derive(Debug, Serialize, Deserialize)]
struct Lines {
    hour: Timestamp,
    lines: Vec<LedgerLine>,
}

impl Item for Lines {
    const KIND: &'static str = "ledger_lines";
}

/// How far a cluster's ledger is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerWatermark {
    /// Which cluster.
    pub cluster: ClusterId,
    /// All hours before this moment are closed.
    pub closed_until: Timestamp,
}

impl Item for LedgerWatermark {
    const KIND: &'static str = "ledger_watermark";
}

impl Entity for LedgerWatermark {
    fn id(&self) -> String {
        self.cluster.to_string()
    }

    fn key(&self, tenant: Tenant) -> Key {
        Key::ledger_watermark(tenant, self.cluster)
    }
}

impl Table {
    /// How far a cluster's ledger is closed; `None` before its first hour.
    pub async fn ledger_watermark(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
    ) -> Result<Option<Stored<LedgerWatermark>>, Error> {
        self.find(Some(tenant), &Key::ledger_watermark(tenant, cluster)).await
    }

    /// The hours that begin within `[from, to)`, in order, **without their lines**: for charts and sums.
    pub async fn ledger_totals(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<LedgerHour>, Error> {
        let range = Range::ledger_hours(tenant, cluster, from, to);
        let found = self.all(Some(tenant), &range).await?;
        Ok(found.into_iter().map(|stored| stored.value).collect())
    }

    /// The hours that begin within `[from, to)`, newest first, with what ran in them.
    pub async fn ledger_hours(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        (from, to): (Timestamp, Timestamp),
        page: &PageRequest,
    ) -> Result<Page<LedgerHour>, Error> {
        let range = Range::ledger_hours(tenant, cluster, from, to);
        let page = self.page::<LedgerHour>(tenant, &range, Order::Descending, page).await?;
        let Page { items, next } = page;
        let mut hours: Vec<LedgerHour> = items.into_iter().map(|stored| stored.value).collect();
        if let (Some(newest), Some(oldest)) = (hours.first(), hours.last()) {
            let end = newest.hour + SignedDuration::from_hours(1);
            let range = Range::ledger_lines(tenant, cluster, oldest.hour, end);
            let lines: Vec<Stored<Lines>> = self.all(Some(tenant), &range).await?;
            let mut lines: BTreeMap<Timestamp, Vec<LedgerLine>> =
                lines.into_iter().map(|stored| (stored.value.hour, stored.value.lines)).collect();
            for hour in &mut hours {
                hour.lines = lines.remove(&hour.hour).unwrap_or_default();
            }
        }
        Ok(Page { items: hours, next })
    }
}
