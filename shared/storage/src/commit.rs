//! Writes a transaction with its audit row and the head of the audit chain, in one
//! `TransactWriteItems`.
//!
//! The head is what all transactions of a tenant contend for. A transaction that loses there has
//! changed nothing: it reads the new head, seals its row again and tries again, with jitter. Only a
//! condition on its own items ends it. An answer that is lost is asked for again under the same
//! `ClientRequestToken`, so that what was committed is not taken for a conflict.

use crate::audit::AuditHead;
use crate::error::Error;
use crate::heartbeat;
use crate::item::{Item, encode, key_attributes, number};
use crate::key::Key;
use crate::table::Table;
use crate::transaction::{OnlyIf, Transaction, Write};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use domain::audit::{self, AuditRow, Change};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Most items `DynamoDB` takes in one transaction.
const MAX_ITEMS: usize = 100;

/// Rounds of contention before giving up: with full jitter up to [`MAX_PAUSE_MS`], some seconds.
const ROUNDS: u32 = 40;

/// Longest pause between two rounds, in milliseconds.
const MAX_PAUSE_MS: u64 = 250;

/// How often one and the same request is sent where no answer comes.
const SENDS: u32 = 3;

/// Longest list of changes kept in an audit row, in bytes of JSON.
const MAX_CHANGES: usize = 100 * 1024;

/// How a refused transaction goes on.
enum Refused {
    /// Others were faster at the head, or hold one of the items just now.
    Contended,
    /// It can not be done.
    Final(Error),
}

impl Table {
    /// Writes everything in `tx`, its audit row and the audit head, or nothing.
    ///
    /// Fails with [`Error::Conflict`] where an item was changed since it was read, with
    /// [`Error::Exists`] where a new item or a unique guard exists, with [`Error::Throttled`] where
    /// others kept getting in between for seconds.
    pub async fn commit(&self, tx: Transaction) -> Result<(), Error> {
        let Transaction { tenant, entry, mut writes, heartbeats, before, after, failure } = tx;
        if let Some(failure) = failure {
            return Err(failure);
        }
        check(&writes, heartbeats.len() + 2)?;
        let changes = audit::changes(Some(&Value::Object(before)), Some(&Value::Object(after)));
        let row = AuditRow {
            seq: 0,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            request_id: entry.request_id,
            changes: self.fitting(tenant, changes).await?,
            previous_hash: String::new(),
            hash: String::new(),
        };
        let heartbeats: Vec<TransactWriteItem> = heartbeats
            .iter()
            .map(|(cluster, change)| self.heartbeat_change(tenant, *cluster, change))
            .collect::<Result<_, _>>()?;
        let own = writes.len();
        for round in 0..ROUNDS {
            pause(round).await;
            let head_key = Key::audit_head(tenant);
            let head = self.find::<AuditHead>(Some(tenant), &head_key).await?;
            let (seq, previous) = match &head {
                Some(head) => (head.value.seq + 1, head.value.hash.clone()),
                None => (1, audit::GENESIS.to_owned()),
            };
            let row = row.clone().sealed(seq, previous);
            writes.truncate(own);
            writes.extend(seal(tenant, &row)?);
            let mut items = self.sdk_writes(&writes)?;
            items.extend(heartbeats.iter().cloned());
            match self.transact(items).await {
                Ok(()) => return Ok(()),
                Err(error) => match refused(error, &writes[..own]) {
                    Refused::Contended => {}
                    Refused::Final(error) => return Err(error),
                },
            }
        }
        Err(Error::Throttled)
    }

    /// The changes, or where they are in the object store if they are too long for a row.
    async fn fitting(
        &self,
        tenant: domain::Tenant,
        changes: Vec<Change>,
    ) -> Result<Vec<Change>, Error> {
        let corrupt = |error: &dyn std::fmt::Display| Error::corrupt(AuditRow::KIND, error);
        let length = serde_json::to_vec(&changes).map_err(|error| corrupt(&error))?.len();
        if length <= MAX_CHANGES {
            // What is sealed must be what is read back: an item does not know 1.0.
            let stored: AttributeValue =
                serde_dynamo::to_attribute_value(&changes).map_err(|error| corrupt(&error))?;
            return serde_dynamo::from_attribute_value(stored).map_err(|error| corrupt(&error));
        }
        let object = self.objects().put(tenant, "audit", "changes", &changes).await?;
        let after = json!({"object_key": object.key, "sha256": object.sha256});
        Ok(vec![Change { pointer: String::new(), before: None, after: Some(after) }])
    }

    /// Sends a transaction until it is answered; the token makes sending again harmless.
    async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<(), SdkError<TransactWriteItemsError>> {
        #[expect(clippy::disallowed_methods, reason = "one request is told from all others")]
        let token = Uuid::new_v4().to_string();
        let request = self
            .client
            .transact_write_items()
            .client_request_token(token)
            .set_transact_items(Some(items));
        let mut sent = 1;
        loop {
            match request.clone().send().await {
                Ok(_) => return Ok(()),
                Err(error) if sent < SENDS && is_lost(&error) => pause(sent).await,
                Err(error) => return Err(error),
            }
            sent += 1;
        }
    }

    fn sdk_writes(&self, writes: &[Write]) -> Result<Vec<TransactWriteItem>, Error> {
        writes.iter().map(|write| self.sdk_write(write)).collect()
    }

    fn sdk_write(&self, write: &Write) -> Result<TransactWriteItem, Error> {
        let (condition, names, values) = match write.only_if {
            OnlyIf::Absent => (Some("attribute_not_exists(PK)".to_owned()), None, None),
            OnlyIf::Revision(revision) => (
                Some("#revision = :revision".to_owned()),
                Some([("#revision".to_owned(), "revision".to_owned())].into()),
                Some([(":revision".to_owned(), number(revision))].into()),
            ),
            OnlyIf::Beside => (None, None, None),
        };
        let item = TransactWriteItem::builder();
        let item = match &write.item {
            Some(attributes) => item.put(
                Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(attributes.clone()))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()
                    .map_err(Error::unavailable)?,
            ),
            None => item.delete(
                Delete::builder()
                    .table_name(&self.name)
                    .set_key(Some(key_attributes(&write.key)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()
                    .map_err(Error::unavailable)?,
            ),
        };
        Ok(item.build())
    }
}

/// The audit row and the head that names it.
fn seal(tenant: domain::Tenant, row: &AuditRow) -> Result<[Write; 2], Error> {
    let put = |kind, key: Key, item, only_if| Write { kind, key, item: Some(item), only_if };
    let row_key = Key::audit_row(tenant, row.seq);
    let row_kind = (AuditRow::KIND, AuditRow::VERSION);
    let row_item = encode(&row_key, row_kind, 1, None, row)?;
    let head = AuditHead { seq: row.seq, hash: row.hash.clone() };
    let head_key = Key::audit_head(tenant);
    let head_kind = (AuditHead::KIND, AuditHead::VERSION);
    // The head's revision is the row it names.
    let head_item = encode(&head_key, head_kind, row.seq, None, &head)?;
    let follows = if row.seq == 1 { OnlyIf::Absent } else { OnlyIf::Revision(row.seq - 1) };
    Ok([
        put(AuditRow::KIND, row_key, row_item, OnlyIf::Absent),
        put(AuditHead::KIND, head_key, head_item, follows),
    ])
}

/// What `DynamoDB` would refuse as malformed, said in our words.
fn check(writes: &[Write], more: usize) -> Result<(), Error> {
    if writes.len() + more > MAX_ITEMS {
        let detail = format!("{} items, at most {MAX_ITEMS}", writes.len() + more);
        return Err(Error::corrupt("transaction", detail));
    }
    let mut keys: Vec<&Key> = writes.iter().map(|write| &write.key).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::corrupt("transaction", format!("writes {} twice", pair[0].sk))),
        None => Ok(()),
    }
}

/// Reads the reasons, which come in the order of the items: our own first, then row, head, heartbeats.
fn refused(error: SdkError<TransactWriteItemsError>, own: &[Write]) -> Refused {
    let Some(service) = error.as_service_error() else {
        return Refused::Final(error.into());
    };
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = service else {
        let busy = matches!(
            service.code(),
            Some("TransactionInProgressException" | "ThrottlingException" | "RequestLimitExceeded")
        );
        return if busy { Refused::Contended } else { Refused::Final(error.into()) };
    };
    let mut contended = false;
    for (index, reason) in cancelled.cancellation_reasons().iter().enumerate() {
        match (reason.code(), own.get(index)) {
            (Some("ConditionalCheckFailed"), Some(write)) => {
                let kind = write.kind;
                return Refused::Final(match write.only_if {
                    OnlyIf::Absent => Error::Exists { kind },
                    OnlyIf::Revision(_) | OnlyIf::Beside => Error::Conflict { kind },
                });
            }
            // Row and head follow our own; another transaction took them.
            (Some("ConditionalCheckFailed"), None) if index < own.len() + 2 => contended = true,
            (Some("ConditionalCheckFailed"), None) => {
                return Refused::Final(Error::Foreign { kind: heartbeat::KIND });
            }
            (
                Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"),
                _,
            ) => contended = true,
            _ => {}
        }
    }
    if contended { Refused::Contended } else { Refused::Final(error.into()) }
}

/// Whether a request may or may not have been carried out.
fn is_lost<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(service) => service.raw().status().as_u16() >= 500,
        _ => true,
    }
}

/// Waits before round `round`, not at all before the first: full jitter, doubling from 5 ms.
pub(crate) async fn pause(round: u32) {
    if round > 0 {
        let longest = (5 << round.min(10)).min(MAX_PAUSE_MS);
        #[expect(clippy::disallowed_methods, reason = "jitter keeps contenders apart")]
        let pause = rand::random_range(0..=longest);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}
