//! Heartbeats: one item of at most 200 bytes per cluster, written without being read.
//!
//! The item is made with the cluster's first agent key and holds, beside the last sign of life, one
//! attribute `g<generation>` per live key. So one conditional `UpdateItem` checks that the key is
//! still good and that the sequence number grows, and notes the sign of life. Revoking a key removes
//! its attribute in the transaction that revokes it.

use crate::error::{Error, is_refused};
use crate::item::{Attributes, key_attributes, key_of, millis, number, text, whole, words};
use crate::key::{Key, Range};
use crate::table::Table;
use crate::transaction::HeartbeatChange;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::cluster::AgentStatus;
use domain::{ClusterId, OrgId, Tenant};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(crate) const KIND: &str = "heartbeat";

/// The key holds no tenant, so the item's own is compared before it is changed.
const OWN: &str = "attribute_not_exists(PK) OR #org = :org";

/// Bytes kept of the agent's version, so that the item stays below 200.
const VERSION_BYTES: usize = 16;

/// What became of a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Noted.
    Taken,
    /// One with this or a larger sequence number came before.
    Stale,
    /// The key has been revoked, or the cluster is gone.
    Revoked,
}

/// A cluster's sign of life as the sweep sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOfLife {
    /// Whose cluster.
    pub tenant: Tenant,
    /// Which.
    pub cluster: ClusterId,
    /// Its agent.
    pub status: AgentStatus,
}

impl Table {
    /// Notes a heartbeat; a single conditional write, not audited.
    pub async fn heartbeat(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        status: &AgentStatus,
    ) -> Result<Beat, Error> {
        let live = live_attribute(status.key_generation);
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key_attributes(&Key::heartbeat(cluster))))
            .update_expression("SET #revision = :seq, #at = :at, #agent = :agent, #key = :key")
            .condition_expression("attribute_exists(#live) AND #org = :org AND #revision < :seq")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#agent", "agent")
            .expression_attribute_names("#key", "key")
            .expression_attribute_names("#org", "org")
            .expression_attribute_names("#live", &live)
            .expression_attribute_values(":seq", number(status.seq))
            .expression_attribute_values(":at", number(millis(status.seen_at)))
            .expression_attribute_values(":agent", text(short(&status.agent_version)))
            .expression_attribute_values(":key", number(status.key_generation))
            .expression_attribute_values(":org", text(tenant.org().to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(_) => return Ok(Beat::Taken),
            Err(error) if is_refused(&error) => error.into_service_error(),
            Err(error) => return Err(error.into()),
        };
        let old = match &error {
            aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                refusal,
            ) => refusal.item().cloned().unwrap_or_default(),
            _ => Attributes::new(),
        };
        if owner(&old).is_some_and(|owner| owner != tenant.org()) {
            return Err(Error::Foreign { kind: KIND });
        }
        Ok(if old.contains_key(&live) { Beat::Stale } else { Beat::Revoked })
    }

    /// The agent as its heartbeats show it; `None` where none ever came.
    pub async fn agent_status(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
    ) -> Result<Option<AgentStatus>, Error> {
        Ok(self.agent_statuses(tenant, &[cluster]).await?.remove(&cluster))
    }

    /// The agents of several clusters, such as those of one page.
    pub async fn agent_statuses(
        &self,
        tenant: Tenant,
        clusters: &[ClusterId],
    ) -> Result<BTreeMap<ClusterId, AgentStatus>, Error> {
        let keys: Vec<Key> = clusters.iter().map(|cluster| Key::heartbeat(*cluster)).collect();
        let mut statuses = BTreeMap::new();
        for item in self.batch_items(&keys).await?.values() {
            let Some(sign) = sign_of_life(item)? else { continue };
            if sign.tenant != tenant {
                return Err(Error::Foreign { kind: KIND });
            }
            statuses.insert(sign.cluster, sign.status);
        }
        Ok(statuses)
    }

    /// The signs of life of one of the [`crate::key::HEARTBEAT_SHARDS`] shards, across tenants: for
    /// the sweep. Clusters whose agent never came are not among them.
    pub async fn signs_of_life(&self, shard: u8) -> Result<Vec<SignOfLife>, Error> {
        let items = self.items(&Range::heartbeats(shard)).await?;
        items.iter().filter_map(|item| sign_of_life(item).transpose()).collect()
    }

    /// What a transaction does to a cluster's heartbeat item.
    pub(crate) fn heartbeat_change(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        change: &HeartbeatChange,
    ) -> Result<TransactWriteItem, Error> {
        let key = Some(key_attributes(&Key::heartbeat(cluster)));
        let org = text(tenant.org().to_string());
        let item = TransactWriteItem::builder();
        if change.removed {
            let delete = Delete::builder()
                .table_name(&self.name)
                .set_key(key)
                .condition_expression(OWN)
                .expression_attribute_names("#org", "org")
                .expression_attribute_values(":org", org);
            return Ok(item.delete(delete.build().map_err(Error::unavailable)?).build());
        }
        let mut set = vec![
            "#kind = :kind".to_owned(),
            "#version = :version".to_owned(),
            "#org = :org".to_owned(),
            "#revision = if_not_exists(#revision, :zero)".to_owned(),
        ];
        let mut remove = Vec::new();
        let mut update = Update::builder()
            .table_name(&self.name)
            .set_key(key)
            .condition_expression(OWN)
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#org", "org")
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":kind", text(KIND))
            .expression_attribute_values(":version", number(1))
            .expression_attribute_values(":org", org)
            .expression_attribute_values(":zero", number(0));
        for (generation, live) in &change.live {
            let name = live_attribute(*generation);
            update = update.expression_attribute_names(format!("#{name}"), &name);
            if *live {
                set.push(format!("#{name} = :true"));
                update = update.expression_attribute_values(":true", AttributeValue::Bool(true));
            } else {
                remove.push(format!("#{name}"));
            }
        }
        let mut expression = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression = format!("{expression} REMOVE {}", remove.join(", "));
        }
        let update = update.update_expression(expression).build().map_err(Error::unavailable)?;
        Ok(item.update(update).build())
    }
}

fn live_attribute(generation: u32) -> String {
    format!("g{generation}")
}

fn short(version: &str) -> &str {
    let mut end = version.len().min(VERSION_BYTES);
    while !version.is_char_boundary(end) {
        end -= 1;
    }
    &version[..end]
}

fn owner(item: &Attributes) -> Option<OrgId> {
    words(item, "org").and_then(|org| org.parse().ok())
}

fn sign_of_life(item: &Attributes) -> Result<Option<SignOfLife>, Error> {
    let Some(at) = whole(item, "at") else { return Ok(None) };
    let read = || {
        Some(SignOfLife {
            tenant: crate::proven(owner(item)?),
            cluster: key_of(item)?.sk.parse().ok()?,
            status: AgentStatus {
                seq: whole(item, "revision")?,
                seen_at: Timestamp::from_millisecond(at as i64).ok()?,
                agent_version: words(item, "agent")?.to_owned(),
                key_generation: whole(item, "key")?.try_into().ok()?,
            },
        })
    };
    read().map(Some).ok_or_else(|| Error::corrupt(KIND, "an attribute is missing or malformed"))
}
