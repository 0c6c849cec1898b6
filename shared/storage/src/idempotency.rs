//! Idempotency records: what became of a request with an `Idempotency-Key`, kept for a day.

use crate::error::{Error, is_refused};
use crate::item::{Attributes, Item, Stored, decode, encode, key_attributes, millis, number, text};
use crate::key::Key;
use crate::table::Table;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::Tenant;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Hours a record is kept.
const KEPT_HOURS: i64 = 24;

/// Seconds after which a request that never answered is held to be dead, so that it may be tried
/// again. API Gateway waits 30.
const DEAD_AFTER_SECONDS: i64 = 60;

/// An answer to be given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to the answer, such as `location` and `etag`.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// The right to carry out a request and to record its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    key: Key,
    revision: u64,
    request_sha256: String,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: carry it out, then [`Table::record_answer`], or [`Table::release`] where it failed
    /// without effect.
    New(Ticket),
    /// It is being carried out.
    Running,
    /// It was carried out.
    Done(Answer),
    /// The same key came with another request.
    OtherRequest,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    request_sha256: String,
    state: State,
    answer: Option<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Running,
    Done,
}

impl Item for Record {
    const KIND: &'static str = "idempotency";
}

impl Table {
    /// Claims a request. `name` is what makes it one: caller, operation and the caller's key;
    /// `request_sha256` is of all that must be the same when it comes again.
    pub async fn claim(
        &self,
        tenant: Tenant,
        name: &str,
        request_sha256: &str,
        now: Timestamp,
    ) -> Result<Claim, Error> {
        let key = Key::idempotency(tenant, name);
        let dead = now - SignedDuration::from_secs(DEAD_AFTER_SECONDS);
        let request_sha256 = request_sha256.to_owned();
        let record = Record { request_sha256, state: State::Running, answer: None };
        let revision = millis(now);
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item(&key, revision, &record, now)?))
            .condition_expression(
                "attribute_not_exists(PK) OR #expires <= :now OR (#data.#state = :running AND \
                 #data.#request = :request AND #revision <= :dead)",
            )
            .expression_attribute_names("#expires", "expires")
            .expression_attribute_names("#data", "data")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#request", "request_sha256")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":now", number(now.as_second()))
            .expression_attribute_values(":running", text("running"))
            .expression_attribute_values(":request", text(&record.request_sha256))
            .expression_attribute_values(":dead", number(millis(dead)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request_sha256 = record.request_sha256;
        let error = match put.send().await {
            Ok(_) => return Ok(Claim::New(Ticket { key, revision, request_sha256 })),
            Err(error) if is_refused(&error) => error.into_service_error(),
            Err(error) => return Err(error.into()),
        };
        let PutItemError::ConditionalCheckFailedException(refusal) = error else {
            return Err(Error::unavailable(error));
        };
        let known: Stored<Record> = decode(Some(tenant), refusal.item.unwrap_or_default())?;
        let known = known.value;
        Ok(match known.answer {
            _ if known.request_sha256 != request_sha256 => Claim::OtherRequest,
            Some(answer) if known.state == State::Done => Claim::Done(answer),
            _ => Claim::Running,
        })
    }

    /// Records the answer, to be given again for a day.
    pub async fn record_answer(
        &self,
        ticket: &Ticket,
        answer: Answer,
        now: Timestamp,
    ) -> Result<(), Error> {
        let request_sha256 = ticket.request_sha256.clone();
        let record = Record { request_sha256, state: State::Done, answer: Some(answer) };
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item(&ticket.key, ticket.revision, &record, now)?))
            .condition_expression("#revision = :revision")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":revision", number(ticket.revision));
        match put.send().await {
            Ok(_) => Ok(()),
            // Held to be dead, it was claimed again meanwhile: that one's answer counts.
            Err(error) if is_refused(&error) => Err(Error::Conflict { kind: Record::KIND }),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the claim back: the request had no effect and may come again.
    pub async fn release(&self, ticket: &Ticket) -> Result<(), Error> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(key_attributes(&ticket.key)))
            .condition_expression("#revision = :revision")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":revision", number(ticket.revision));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_refused(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn item(key: &Key, revision: u64, record: &Record, now: Timestamp) -> Result<Attributes, Error> {
    let expires = now + SignedDuration::from_hours(KEPT_HOURS);
    encode(key, (Record::KIND, Record::VERSION), revision, Some(expires), record)
}
