//! Counters of failed attempts, for back-off: not audited, gone a day after the last attempt.

use crate::error::{Error, is_refused};
use crate::item::{Attributes, key_attributes, millis, number, text, whole};
use crate::key::Key;
use crate::table::Table;
use aws_sdk_dynamodb::types::ReturnValue;
use jiff::{SignedDuration, Timestamp};

const KIND: &str = "attempts";

/// Hours a counter is kept after the last attempt.
const KEPT_HOURS: i64 = 24;

/// What attempts are counted by. Only a hash of it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter<'a> {
    /// Sign-ins as this e-mail address, whether or not it is anybody's.
    Account(&'a str),
    /// Sign-ins from this network address.
    Address(&'a str),
}

/// Attempts so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last_at: Option<Timestamp>,
}

impl Counter<'_> {
    fn key(self) -> Key {
        match self {
            Self::Account(email) => Key::attempts("account", &email.to_lowercase()),
            Self::Address(address) => Key::attempts("address", address),
        }
    }
}

impl Table {
    /// Attempts so far.
    pub async fn attempts(&self, counter: Counter<'_>, now: Timestamp) -> Result<Attempts, Error> {
        let request = self.client.get_item().table_name(&self.name).consistent_read(true);
        let answer = request.set_key(Some(key_attributes(&counter.key()))).send().await?;
        Ok(answer.item.map_or_else(Attempts::default, |item| read(&item, now)))
    }

    /// Counts one attempt and returns what had been before it. Count first and judge then: of many
    /// attempts at once each sees the ones before.
    pub async fn count_attempt(
        &self,
        counter: Counter<'_>,
        now: Timestamp,
    ) -> Result<Attempts, Error> {
        let expires = now + SignedDuration::from_hours(KEPT_HOURS);
        // An expired counter may still be there: DynamoDB removes items when it has the time.
        let grow = "SET #kind = :kind, #version = :version, #expires = :expires, #at = :at \
                    ADD #revision :one";
        let again = "SET #kind = :kind, #version = :version, #expires = :expires, #at = :at, \
                     #revision = :one";
        let fresh = "attribute_not_exists(#expires) OR #expires > :now";
        let stale = "#expires <= :now";
        for (expression, condition) in [(grow, fresh), (again, stale), (grow, fresh)] {
            let update = self
                .client
                .update_item()
                .table_name(&self.name)
                .set_key(Some(key_attributes(&counter.key())))
                .update_expression(expression)
                .condition_expression(condition)
                .expression_attribute_names("#kind", "kind")
                .expression_attribute_names("#version", "version")
                .expression_attribute_names("#revision", "revision")
                .expression_attribute_names("#expires", "expires")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":kind", text(KIND))
                .expression_attribute_values(":version", number(1))
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":expires", number(expires.as_second()))
                .expression_attribute_values(":now", number(now.as_second()))
                .expression_attribute_values(":at", number(millis(now)))
                .return_values(ReturnValue::AllOld);
            match update.send().await {
                Ok(answer) => {
                    let old = answer.attributes.unwrap_or_default();
                    return Ok(read(&old, now));
                }
                Err(error) if is_refused(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Throttled)
    }

    /// Forgets the attempts, after one that succeeded.
    pub async fn clear_attempts(&self, counter: Counter<'_>) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.name);
        delete.set_key(Some(key_attributes(&counter.key()))).send().await?;
        Ok(())
    }
}

fn read(item: &Attributes, now: Timestamp) -> Attempts {
    if whole(item, "expires").is_none_or(|expires| now.as_second() >= expires as i64) {
        return Attempts::default();
    }
    let count = whole(item, "revision").unwrap_or(0).min(u64::from(u32::MAX)) as u32;
    let last_at = whole(item, "at").and_then(|at| Timestamp::from_millisecond(at as i64).ok());
    Attempts { count, last_at }
}
