#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

//! The table as its users see it. Runs over the embedded database, or over Amazon's `DynamoDB` Local
//! where `DYNAMODB_LOCAL_ENDPOINT` says where that listens; both must pass.

mod audit;
mod heartbeats;
mod lists;
mod objects;
mod revisions;
mod shapes;
mod tenants;
mod unaudited;

use storage::{Entity, Error, Stored, Table, Transaction};
use testing::values::entry;

/// Creates one entity in a transaction of its own.
async fn create<T: Entity>(
    table: &Table,
    tenant: domain::Tenant,
    value: &T,
) -> Result<Stored<T>, Error> {
    let mut tx = Transaction::new(tenant, entry("test.create", value.id()));
    let stored = tx.create(value);
    table.commit(tx).await?;
    Ok(stored)
}

/// Updates one entity in a transaction of its own.
async fn update<T: Entity>(
    table: &Table,
    tenant: domain::Tenant,
    stored: &Stored<T>,
    value: T,
) -> Result<Stored<T>, Error> {
    let mut tx = Transaction::new(tenant, entry("test.update", value.id()));
    let stored = tx.update(stored, value);
    table.commit(tx).await?;
    Ok(stored)
}

/// Deletes one entity in a transaction of its own.
async fn delete<T: Entity>(
    table: &Table,
    tenant: domain::Tenant,
    stored: &Stored<T>,
) -> Result<(), Error> {
    let mut tx = Transaction::new(tenant, entry("test.delete", stored.value.id()));
    tx.delete(stored);
    table.commit(tx).await
}
