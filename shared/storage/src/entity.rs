//! What an audited item says about itself, so that one transaction can write it with all that
//! hangs on it.

use crate::error::Error;
use crate::item::{Attributes, Item, encode};
use crate::key::Key;
use domain::{ClusterId, Tenant};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An item that is only ever written by a [`crate::Transaction`], with an audit row.
pub trait Entity: Item + Clone {
    /// Its id, for the audit trail.
    fn id(&self) -> String;

    /// Where it is. Follows from its ids alone.
    fn key(&self, tenant: Tenant) -> Key;

    /// What is written beside it, as a function of its state: a companion is made when the state
    /// first asks for it and removed when it no longer does.
    fn companions(&self, _tenant: Tenant) -> Vec<Companion> {
        Vec::new()
    }

    /// When it may disappear.
    fn expires(&self) -> Option<Timestamp> {
        None
    }

    /// What is stored in its own item and shown in the audit trail; less than all of it where a
    /// companion holds the rest.
    #[must_use]
    fn body(&self) -> Self {
        self.clone()
    }
}

/// Something written beside an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Companion(pub(crate) Beside);

/// The kinds of companions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Beside {
    /// An item that must not exist before: a unique guard, a pointer, an entry of a directory.
    Item { key: Key, item: Result<Attributes, String> },
    /// The cluster's heartbeats are taken from keys of this generation.
    LiveKey { cluster: ClusterId, generation: u32 },
    /// The cluster may have a heartbeat item.
    Heartbeat { cluster: ClusterId },
}

impl Companion {
    /// An item.
    pub(crate) fn item<T: Serialize>(
        key: Key,
        kind: &'static str,
        data: &T,
        expires: Option<Timestamp>,
    ) -> Self {
        // A failure is kept until the commit, so that entities need not talk about errors.
        let item =
            encode(&key, (kind, 1), 1, expires, data).map_err(|error: Error| error.to_string());
        Self(Beside::Item { key, item })
    }

    /// An item that only says that something is taken.
    pub(crate) fn guard(key: Key) -> Self {
        Self::item(key, GUARD, &(), None)
    }

    /// An item that names another.
    pub(crate) fn pointer(key: Key, id: impl std::fmt::Display) -> Self {
        Self::item(key, Pointer::KIND, &Pointer { id: id.to_string() }, None)
    }

    /// An item that names another and may disappear with it.
    pub(crate) fn expiring_pointer(
        key: Key,
        id: impl std::fmt::Display,
        expires: Timestamp,
    ) -> Self {
        Self::item(key, Pointer::KIND, &Pointer { id: id.to_string() }, Some(expires))
    }
}

/// Kind of guards.
pub(crate) const GUARD: &str = "guard";

/// Names another item.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pointer {
    pub(crate) id: String,
}

impl Item for Pointer {
    const KIND: &'static str = "pointer";
}
