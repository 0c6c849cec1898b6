//! What is to be changed, all at once or not at all, and who is to be blamed for it.

use crate::entity::{Beside, Companion, Entity};
use crate::error::Error;
use crate::item::{Attributes, Stored, encode};
use crate::key::Key;
use domain::audit::Actor;
use domain::{ClusterId, Tenant};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the audit row says beside the changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who does it.
    pub actor: Actor,
    /// What: `cluster.update`.
    pub action: String,
    /// On what: an id.
    pub subject: String,
    /// Of which request, where there is one.
    pub request_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Changes that are written together with their audit row by [`crate::Table::commit`].
///
/// It collects; nothing can fail before the commit.
#[must_use = "nothing is written before Table::commit"]
#[derive(Debug)]
pub struct Transaction {
    pub(crate) tenant: Tenant,
    pub(crate) entry: AuditEntry,
    pub(crate) writes: Vec<Write>,
    pub(crate) heartbeats: BTreeMap<ClusterId, HeartbeatChange>,
    pub(crate) before: Map<String, Value>,
    pub(crate) after: Map<String, Value>,
    pub(crate) failure: Option<Error>,
}

/// One write and on what it depends.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    /// Named in the error when it is refused.
    pub(crate) kind: &'static str,
    pub(crate) key: Key,
    /// What to put; nothing deletes.
    pub(crate) item: Option<Attributes>,
    pub(crate) only_if: OnlyIf,
}

/// What must be so for a write to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnlyIf {
    /// Nothing is there.
    Absent,
    /// This revision is there.
    Revision(u64),
    /// Follows from a write beside it that is conditional.
    Beside,
}

/// What becomes of a cluster's heartbeat item, all keys of a transaction taken together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HeartbeatChange {
    /// Generations that are taken from now on, or no longer.
    pub(crate) live: BTreeMap<u32, bool>,
    /// The cluster is gone.
    pub(crate) removed: bool,
}

impl Transaction {
    /// Begins an empty one.
    pub fn new(tenant: Tenant, entry: AuditEntry) -> Self {
        Self {
            tenant,
            entry,
            writes: Vec::new(),
            heartbeats: BTreeMap::new(),
            before: Map::new(),
            after: Map::new(),
            failure: None,
        }
    }

    /// Makes a new item. Returns it as it will be stored; the commit fails with [`Error::Exists`]
    /// where it, or what must be unique about it, exists.
    pub fn create<T: Entity>(&mut self, value: &T) -> Stored<T> {
        self.put(value, 1, OnlyIf::Absent);
        self.companions::<T>(&[], &value.companions(self.tenant));
        Self::note(&mut self.after, value, &mut self.failure);
        Stored { value: value.clone(), revision: 1 }
    }

    /// Changes an item. Returns it as it will be stored; the commit fails with [`Error::Conflict`]
    /// where it was changed since `stored` was read.
    pub fn update<T: Entity>(&mut self, stored: &Stored<T>, value: T) -> Stored<T> {
        if stored.value.key(self.tenant) != value.key(self.tenant) {
            self.fail(Error::corrupt(T::KIND, "an update can not change ids"));
        }
        let revision = stored.revision + 1;
        self.put(&value, revision, OnlyIf::Revision(stored.revision));
        let (old, new) = (stored.value.companions(self.tenant), value.companions(self.tenant));
        self.companions::<T>(&old, &new);
        Self::note(&mut self.before, &stored.value, &mut self.failure);
        Self::note(&mut self.after, &value, &mut self.failure);
        Stored { value, revision }
    }

    /// Removes an item. The commit fails with [`Error::Conflict`] where it was changed since
    /// `stored` was read.
    pub fn delete<T: Entity>(&mut self, stored: &Stored<T>) {
        self.check_owner(&stored.value);
        let key = stored.value.key(self.tenant);
        let only_if = OnlyIf::Revision(stored.revision);
        self.writes.push(Write { kind: T::KIND, key, item: None, only_if });
        self.companions::<T>(&stored.value.companions(self.tenant), &[]);
        Self::note(&mut self.before, &stored.value, &mut self.failure);
    }

    /// Takes a name that can be taken once in this organisation: the commit fails with
    /// [`Error::Exists`] of kind `guard` where it is taken.
    pub fn put_guard(&mut self, name: &str) {
        let guard = Companion::guard(Key::guard(self.tenant, name));
        self.beside(crate::entity::GUARD, &guard, true);
    }

    fn put<T: Entity>(&mut self, value: &T, revision: u64, only_if: OnlyIf) {
        self.check_owner(value);
        let key = value.key(self.tenant);
        let kind = (T::KIND, T::VERSION);
        match encode(&key, kind, revision, value.expires(), &value.body()) {
            Ok(item) => self.writes.push(Write { kind: T::KIND, key, item: Some(item), only_if }),
            Err(error) => self.fail(error),
        }
    }

    fn check_owner<T: Entity>(&mut self, value: &T) {
        if value.owner().is_some_and(|owner| owner != self.tenant.org()) {
            self.fail(Error::Foreign { kind: T::KIND });
        }
    }

    fn companions<T: Entity>(&mut self, old: &[Companion], new: &[Companion]) {
        for companion in old.iter().filter(|companion| !new.contains(companion)) {
            let replaced = new.iter().any(|other| other.same_place(companion));
            if !replaced {
                self.beside(T::KIND, companion, false);
            }
        }
        for companion in new.iter().filter(|companion| !old.contains(companion)) {
            let replaces = old.iter().any(|other| other.same_place(companion));
            self.beside(T::KIND, companion, true);
            if replaces && let Some(write) = self.writes.last_mut() {
                write.only_if = OnlyIf::Beside;
            }
        }
    }

    fn beside(&mut self, kind: &'static str, companion: &Companion, present: bool) {
        match &companion.0 {
            Beside::Item { key, item: Ok(item) } => {
                let item = present.then(|| item.clone());
                let only_if = if present { OnlyIf::Absent } else { OnlyIf::Beside };
                self.writes.push(Write { kind, key: key.clone(), item, only_if });
            }
            Beside::Item { item: Err(error), .. } => self.fail(Error::corrupt(kind, error)),
            Beside::LiveKey { cluster, generation } => {
                let change = self.heartbeats.entry(*cluster).or_default();
                change.live.insert(*generation, present);
            }
            Beside::Heartbeat { cluster } => {
                // The first key makes the item; only the cluster's end removes it.
                if !present {
                    self.heartbeats.entry(*cluster).or_default().removed = true;
                }
            }
        }
    }

    fn note<T: Entity>(side: &mut Map<String, Value>, value: &T, failure: &mut Option<Error>) {
        match serde_json::to_value(value.body()) {
            Ok(json) => {
                let of_kind = side.entry(T::KIND).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(of_kind) = of_kind {
                    of_kind.insert(value.id(), json);
                }
            }
            Err(error) => {
                failure.get_or_insert(Error::corrupt(T::KIND, error));
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }
}

impl Companion {
    /// Whether both are one item in two states.
    fn same_place(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Beside::Item { key: a, .. }, Beside::Item { key: b, .. }) => a == b,
            (a, b) => a == b,
        }
    }
}
