#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

//! The table and the object store: keys, entities, queries.
//!
//! [`key`] is the map of what is stored where. [`Table`] reads: a singular gets one item
//! (`table.cluster(…)`), a plural lists (`table.clusters(…)`). What is audited is written by a
//! [`Transaction`] and in no other way; it collects changes and can not fail before
//! [`Table::commit`] writes them, their companions (unique guards, pointers, directory entries) and
//! the audit row at once or not at all.
//!
//! Load → rule → commit:
//!
//! ```no_run
//! use domain::{ClusterId, Tenant, audit::Actor};
//! use storage::{AuditEntry, Error, Table, Transaction};
//!
//! async fn pause(
//!     table: &Table,
//!     tenant: Tenant,
//!     id: ClusterId,
//!     now: jiff::Timestamp,
//! ) -> Result<u64, Error> {
//!     let stored = table.cluster(tenant, id).await?;
//!
//!     let mut cluster = stored.value.clone();
//!     cluster.optimisation_enabled = false;
//!
//!     let entry = AuditEntry {
//!         actor: Actor::User { id: "usr_…".to_owned() },
//!         action: "cluster.update".to_owned(),
//!         subject: id.to_string(),
//!         request_id: None,
//!         at: now,
//!     };
//!     let mut tx = Transaction::new(tenant, entry);
//!     let saved = tx.update(&stored, cluster);
//!     table.commit(tx).await?;
//!     Ok(saved.revision)
//! }
//! ```
//!
//! Not audited, each with a method of its own: heartbeats, counters of failed attempts, idempotency
//! records, the market pointer, the newest snapshot, instances, and the lease of an action.
//!
//! **Invariant:** nothing of one tenant reaches another. A key is made from a [`domain::Tenant`] and
//! typed ids alone, and what comes back is checked against the tenant again ([`Error::Foreign`]).
//!
//! **Invariant:** there is no Scan, and no write that is neither conditional, nor part of a
//! transaction, nor the removal of something whose absence is harmless.

mod action;
mod attempts;
mod audit;
mod cluster;
mod commit;
mod entity;
mod error;
mod heartbeat;
mod idempotency;
mod identity;
mod instance;
mod item;
pub mod key;
mod ledger;
mod market;
mod objects;
mod optimization;
mod page;
mod recent;
mod schema;
mod snapshot;
mod table;
mod transaction;

pub use attempts::{Attempts, Counter};
pub use entity::{Companion, Entity};
pub use error::Error;
pub use heartbeat::{Beat, SignOfLife};
pub use idempotency::{Answer, Claim, Ticket};
pub use item::{Item, Stored};
pub use ledger::LedgerWatermark;
pub use market::MarketPointer;
pub use objects::{ObjectRef, Objects};
pub use optimization::PlanToApply;
pub use page::{MAX_PAGE, Page, PageRequest};
pub use schema::{TableDefinition, create_table, table_definition};
pub use table::Table;
pub use transaction::{AuditEntry, Transaction};

/// The tenant of an item of the collections that are read before, or across, tenants: the item is
/// the proof.
#[expect(clippy::disallowed_methods, reason = "the one place where storage proves a tenant")]
pub(crate) const fn proven(org: domain::OrgId) -> domain::Tenant {
    domain::Tenant::proven(org)
}
