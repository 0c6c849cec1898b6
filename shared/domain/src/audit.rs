//! The audit trail: one row per mutation, chained by hashes within a tenant.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person.
    User {
        /// `usr_…`.
        id: String,
    },
    /// A cluster's agent.
    Agent {
        /// `key_…`.
        key: String,
    },
    /// One of our jobs, by its name.
    Job {
        /// Such as `job-apply`.
        name: String,
    },
}

/// One field that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// JSON pointer.
    pub pointer: String,
    /// What it was; absent where it was not there. Secrets are `"[redacted]"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; absent where it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// One mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// From 1, without gaps, within the tenant.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What: `cluster.update`.
    pub action: String,
    /// On what: an id.
    pub subject: String,
    /// Of which request, where there was one.
    pub request_id: Option<String>,
    /// What changed.
    pub changes: Vec<Change>,
    /// Hash of the row before; 64 zeros before the first.
    pub previous_hash: String,
    /// Hash of this row with its `previous_hash`.
    pub hash: String,
}

/// What the first row follows.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl AuditRow {
    /// The hash this row must have: SHA-256 over its JSON with an empty `hash`, lower-case hex.
    /// `serde_json` writes fields in the order of this struct and object keys sorted.
    pub fn expected_hash(&self) -> String {
        let unsigned = Self { hash: String::new(), ..self.clone() };
        let bytes = serde_json::to_vec(&unsigned).unwrap_or_default();
        hex(&Sha256::digest(bytes))
    }

    /// Gives it its place in the chain.
    #[must_use]
    pub fn sealed(mut self, seq: u64, previous_hash: String) -> Self {
        self.seq = seq;
        self.previous_hash = previous_hash;
        self.hash = self.expected_hash();
        self
    }
}

/// Where a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainBroken {
    /// A row is missing or out of order.
    #[error("row {expected} is missing: found row {found} in its place")]
    Gap {
        /// The sequence number that should have come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// A row does not follow the one before.
    #[error("row {seq} does not follow the row before it")]
    Unlinked {
        /// Which.
        seq: u64,
    },
    /// A row's content is not what was sealed.
    #[error("row {seq} was changed after it was written")]
    Changed {
        /// Which.
        seq: u64,
    },
}

/// Checks rows in order of `seq`; the first one's predecessor is taken on trust unless it is row 1.
pub fn verify_chain(rows: &[AuditRow]) -> Result<(), ChainBroken> {
    let mut previous: Option<&AuditRow> = None;
    for row in rows {
        let expected_seq = previous.map_or(row.seq, |previous| previous.seq + 1);
        if row.seq != expected_seq {
            return Err(ChainBroken::Gap { expected: expected_seq, found: row.seq });
        }
        let expected = match previous {
            Some(previous) => previous.hash.as_str(),
            None if row.seq == 1 => GENESIS,
            None => row.previous_hash.as_str(),
        };
        if row.previous_hash != expected {
            return Err(ChainBroken::Unlinked { seq: row.seq });
        }
        if row.hash != row.expected_hash() {
            return Err(ChainBroken::Changed { seq: row.seq });
        }
        previous = Some(row);
    }
    Ok(())
}

/// Fields whose values never leave their item.
const SECRETS: &[&str] =
    &["password_hash", "secret_hash", "refresh_hash", "previous_refresh_hash", "token"];

/// What differs between two states of an item, field by field, secrets redacted.
pub fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let mut found = Vec::new();
    collect(String::new(), before, after, &mut found);
    found
}

fn collect(
    pointer: String,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Change>,
) {
    // A field that is null and one that is not there are stored and read back alike.
    let (before, after) =
        (before.filter(|value| !value.is_null()), after.filter(|value| !value.is_null()));
    if before == after {
        return;
    }
    if let (Some(Value::Object(_)) | None, Some(Value::Object(_)) | None) = (before, after) {
        let empty = serde_json::Map::new();
        let fields = |value: Option<&Value>| {
            value.and_then(Value::as_object).cloned().unwrap_or_else(|| empty.clone())
        };
        let (old, new) = (fields(before), fields(after));
        let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            if SECRETS.contains(&name.as_str()) {
                if old.get(name) != new.get(name) {
                    let redacted = |value: Option<&Value>| value.map(|_| "[redacted]".into());
                    found.push(Change {
                        pointer: format!("{pointer}/{escaped}"),
                        before: redacted(old.get(name)),
                        after: redacted(new.get(name)),
                    });
                }
                continue;
            }
            collect(format!("{pointer}/{escaped}"), old.get(name), new.get(name), found);
        }
        return;
    }
    found.push(Change { pointer, before: before.cloned(), after: after.cloned() });
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chain(length: u64) -> Vec<AuditRow> {
        let mut rows: Vec<AuditRow> = Vec::new();
        for seq in 1..=length {
            let previous = rows.last().map_or(GENESIS.to_owned(), |row| row.hash.clone());
            let row = AuditRow {
                seq: 0,
                at: Timestamp::UNIX_EPOCH,
                actor: Actor::Job { name: "job-apply".to_owned() },
                action: "cluster.update".to_owned(),
                subject: format!("clu_{seq}"),
                request_id: None,
                changes: vec![],
                previous_hash: String::new(),
                hash: String::new(),
            };
            rows.push(row.sealed(seq, previous));
        }
        rows
    }

    #[test]
    fn a_chain_shows_every_change_gap_and_exchange() {
        assert_eq!(verify_chain(&chain(4)), Ok(()));
        assert_eq!(verify_chain(&chain(4)[2..]), Ok(()));

        let mut changed = chain(4);
        changed[1].subject = "clu_9".to_owned();
        assert_eq!(verify_chain(&changed), Err(ChainBroken::Changed { seq: 2 }));

        let mut rehashed = changed;
        rehashed[1].hash = rehashed[1].expected_hash();
        assert_eq!(verify_chain(&rehashed), Err(ChainBroken::Unlinked { seq: 3 }));

        let mut gap = chain(4);
        gap.remove(1);
        assert_eq!(verify_chain(&gap), Err(ChainBroken::Gap { expected: 2, found: 3 }));
    }

    #[test]
    fn a_null_field_is_an_absent_one() {
        let (null, absent, set) = (json!({"a": null}), json!({}), json!({"a": 1}));
        assert_eq!(changes(Some(&null), Some(&absent)), vec![]);
        assert_eq!(changes(Some(&null), Some(&set)), changes(Some(&absent), Some(&set)));
    }

    #[test]
    fn changes_name_fields_and_hide_secrets() {
        let before = json!({"name": "a", "same": 1, "password_hash": "x", "deep": {"old": true}});
        let after = json!({"name": "b", "same": 1, "password_hash": "y", "deep": {"new": true}});
        let found = serde_json::to_value(changes(Some(&before), Some(&after))).unwrap();
        assert_eq!(
            found,
            json!([
                {"pointer": "/deep/new", "after": true},
                {"pointer": "/deep/old", "before": true},
                {"pointer": "/name", "before": "a", "after": "b"},
                {"pointer": "/password_hash", "before": "[redacted]", "after": "[redacted]"},
            ])
        );
    }
}
