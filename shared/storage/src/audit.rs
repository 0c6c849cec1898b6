//! The audit trail: rows that only [`Table::commit`] writes, and the head of their chain.

use crate::error::Error;
use crate::item::{Item, Stored};
use crate::key::Range;
use crate::page::{Page, PageRequest};
use crate::table::{Order, Table};
use domain::Tenant;
use domain::audit::AuditRow;
use serde::{Deserialize, Serialize};

impl Item for AuditRow {
    const KIND: &'static str = "audit_row";
}

/// The newest row of a tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditHead {
    pub(crate) seq: u64,
    pub(crate) hash: String,
}

impl Item for AuditHead {
    const KIND: &'static str = "audit_head";
}

impl Table {
    /// Audit rows, newest first. Where a row's changes were too long for it, its only change has an
    /// empty pointer and holds `object_key` and `sha256` of an object with all of them.
    pub async fn audit_rows(
        &self,
        tenant: Tenant,
        page: &PageRequest,
    ) -> Result<Page<AuditRow>, Error> {
        self.audit(tenant, Order::Descending, page).await
    }

    /// Audit rows, oldest first: for an export, and for checking the chain.
    pub async fn audit_chain(
        &self,
        tenant: Tenant,
        page: &PageRequest,
    ) -> Result<Page<AuditRow>, Error> {
        self.audit(tenant, Order::Ascending, page).await
    }

    async fn audit(
        &self,
        tenant: Tenant,
        order: Order,
        page: &PageRequest,
    ) -> Result<Page<AuditRow>, Error> {
        let range = Range::audit_rows(tenant, 1);
        let Page { items, next } = self.page(tenant, &range, order, page).await?;
        Ok(Page { items: items.into_iter().map(|row: Stored<AuditRow>| row.value).collect(), next })
    }
}
