//! Every key of the table, and nowhere else.
//!
//! `org` is the tenant. Ids are written whole (`clu_0197…`). `time` is
//! `2026-11-23T15:04:05.000Z`, `hour` is `2026-11-23T15`; numbers are padded to twenty digits, so
//! that text order is their order. *Pointer* items hold the id of another item and are written in
//! the same transaction as that.
//!
//! | Collection | PK | SK | Kind |
//! |---|---|---|---|
//! | Organisation | `org` | `ORG` | `organisation` |
//! | Users | `org` | `USR#usr` | `user` |
//! | Sessions of a user | `org` | `SESOF#usr#ses` | pointer |
//! | Accounts | `org` | `ACC#acc` | `account` |
//! | Clusters | `org` | `CLU#clu` | `cluster` |
//! | Optimisations | `org` | `OPT#opt` | `optimization` |
//! | Optimisations by time | `org` | `OPTAT#time#opt` | pointer |
//! | Executions | `org` | `EXE#opt` | `execution` |
//! | Newest market | `org` | `MKT#acc#region` | `market` |
//! | Idempotency records | `org` | `IDEM#sha256` | `idempotency` |
//! | Unique: account | `org` | `UNIQ#ACC#aws_account_id` | guard |
//! | Unique: cluster | `org` | `UNIQ#CLU#acc#region#name` | guard |
//! | Unique: anything else | `org` | `UNIQ#GUARD#name` | guard |
//! | Audit head | `org#AUDIT` | `HEAD` | `audit_head` |
//! | Audit rows | `org#AUDIT` | `ROW#seq` | `audit_row` |
//! | Agent keys of a cluster | `org#clu` | `KEYOF#generation` | pointer |
//! | Actions of a cluster | `org#clu` | `ACT#act` | `action` |
//! | Open actions of a cluster | `org#clu` | `OPEN#act` | pointer |
//! | Optimisations of a cluster | `org#clu` | `OPT#generation#opt` | pointer |
//! | Instances, ended | `org#clu` | `INS#END#time#instance` | `instance` |
//! | Instances, running | `org#clu` | `INS#RUN#instance` | `instance` |
//! | Ledger hours, without lines | `org#clu` | `HOUR#hour` | `ledger_hour` |
//! | Ledger hours' lines | `org#clu` | `LINES#hour` | `ledger_lines` |
//! | Newest snapshot of a cluster | `org#clu` | `SNAPSHOT` | `snapshot` |
//! | How far the ledger is closed | `org#clu` | `LEDGER` | `ledger_watermark` |
//!
//! What is looked up before a tenant is known says whose it is in its body:
//!
//! | Collection | PK | SK | Kind |
//! |---|---|---|---|
//! | Sessions | `SES#ses` | `SES` | `session` |
//! | Agent keys | `KEY#key` | `KEY` | `agent_key` |
//! | Unique: e-mail | `MAIL#sha256` | `MAIL` | guard |
//! | Failed attempts | `TRY#sha256` | `TRY` | `attempts` |
//!
//! The sweepers' own, read by jobs across tenants; their items say whose they are:
//!
//! | Collection | PK | SK | Kind |
//! |---|---|---|---|
//! | Heartbeats | `HB#shard` (00–63) | `clu` | `heartbeat` |
//! | Directory of clusters | `DIR#shard` (00–15) | `clu` | `directory` |
//! | Plans to carry out | `WORK#shard` (00–15) | `opt` | `work` |

use domain::{AccountId, ActionId, ClusterId, KeyId, PlanId, SessionId, Tenant, UserId, audit};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// Shards of the heartbeats.
pub const HEARTBEAT_SHARDS: u8 = 64;

/// Shards of the cluster directory and of the work list.
pub const SWEEP_SHARDS: u8 = 16;

/// Where an item is. Made here only, from a tenant and typed ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

/// A run of sort keys within one partition, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) pk: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Key {
    /// An item of the tenant's own partition.
    fn own(tenant: Tenant, sk: impl Into<String>) -> Self {
        Self { pk: own(tenant), sk: sk.into() }
    }

    /// An item of one of the tenant's clusters.
    fn of(tenant: Tenant, cluster: ClusterId, sk: impl Into<String>) -> Self {
        Self { pk: of(tenant, cluster), sk: sk.into() }
    }

    pub(crate) fn organisation(tenant: Tenant) -> Self {
        Self::own(tenant, "ORG")
    }

    pub(crate) fn user(tenant: Tenant, id: UserId) -> Self {
        Self::own(tenant, format!("USR#{id}"))
    }

    pub(crate) fn session_of(tenant: Tenant, user: UserId, id: SessionId) -> Self {
        Self::own(tenant, format!("SESOF#{user}#{id}"))
    }

    pub(crate) fn account(tenant: Tenant, id: AccountId) -> Self {
        Self::own(tenant, format!("ACC#{id}"))
    }

    pub(crate) fn cluster(tenant: Tenant, id: ClusterId) -> Self {
        Self::own(tenant, format!("CLU#{id}"))
    }

    pub(crate) fn optimization(tenant: Tenant, id: PlanId) -> Self {
        Self::own(tenant, format!("OPT#{id}"))
    }

    pub(crate) fn optimization_at(tenant: Tenant, at: Timestamp, id: PlanId) -> Self {
        Self::own(tenant, format!("OPTAT#{}#{id}", time(at)))
    }

    pub(crate) fn optimization_of(
        tenant: Tenant,
        cluster: ClusterId,
        generation: u64,
        id: PlanId,
    ) -> Self {
        Self::of(tenant, cluster, format!("OPT#{generation:020}#{id}"))
    }

    pub(crate) fn execution(tenant: Tenant, id: PlanId) -> Self {
        Self::own(tenant, format!("EXE#{id}"))
    }

    pub(crate) fn snapshot(tenant: Tenant, cluster: ClusterId) -> Self {
        Self::of(tenant, cluster, "SNAPSHOT")
    }

    pub(crate) fn market(tenant: Tenant, account: AccountId, region: &str) -> Self {
        Self::own(tenant, format!("MKT#{account}#{region}"))
    }

    pub(crate) fn idempotency(tenant: Tenant, text: &str) -> Self {
        Self::own(tenant, format!("IDEM#{}", sha256(text)))
    }

    pub(crate) fn unique_account(tenant: Tenant, aws_account_id: &str) -> Self {
        Self::own(tenant, format!("UNIQ#ACC#{aws_account_id}"))
    }

    pub(crate) fn unique_cluster(
        tenant: Tenant,
        account: AccountId,
        region: &str,
        name: &str,
    ) -> Self {
        Self::own(tenant, format!("UNIQ#CLU#{account}#{region}#{name}"))
    }

    pub(crate) fn guard(tenant: Tenant, name: &str) -> Self {
        Self::own(tenant, format!("UNIQ#GUARD#{name}"))
    }

    pub(crate) fn audit_head(tenant: Tenant) -> Self {
        Self { pk: audit_partition(tenant), sk: "HEAD".to_owned() }
    }

    pub(crate) fn audit_row(tenant: Tenant, seq: u64) -> Self {
        Self { pk: audit_partition(tenant), sk: format!("ROW#{seq:020}") }
    }

    pub(crate) fn agent_key_of(tenant: Tenant, cluster: ClusterId, generation: u32) -> Self {
        Self::of(tenant, cluster, format!("KEYOF#{generation:020}"))
    }

    pub(crate) fn action(tenant: Tenant, cluster: ClusterId, id: ActionId) -> Self {
        Self::of(tenant, cluster, format!("ACT#{id}"))
    }

    pub(crate) fn open_action(tenant: Tenant, cluster: ClusterId, id: ActionId) -> Self {
        Self::of(tenant, cluster, format!("OPEN#{id}"))
    }

    pub(crate) fn running_instance(tenant: Tenant, cluster: ClusterId, id: &str) -> Self {
        Self::of(tenant, cluster, format!("INS#RUN#{id}"))
    }

    pub(crate) fn ended_instance(
        tenant: Tenant,
        cluster: ClusterId,
        at: Timestamp,
        id: &str,
    ) -> Self {
        Self::of(tenant, cluster, format!("INS#END#{}#{id}", time(at)))
    }

    pub(crate) fn ledger_hour(tenant: Tenant, cluster: ClusterId, at: Timestamp) -> Self {
        Self::of(tenant, cluster, format!("HOUR#{}", hour(at)))
    }

    pub(crate) fn ledger_lines(tenant: Tenant, cluster: ClusterId, at: Timestamp) -> Self {
        Self::of(tenant, cluster, format!("LINES#{}", hour(at)))
    }

    pub(crate) fn ledger_watermark(tenant: Tenant, cluster: ClusterId) -> Self {
        Self::of(tenant, cluster, "LEDGER")
    }

    pub(crate) fn session(id: SessionId) -> Self {
        Self { pk: format!("SES#{id}"), sk: "SES".to_owned() }
    }

    pub(crate) fn agent_key(id: KeyId) -> Self {
        Self { pk: format!("KEY#{id}"), sk: "KEY".to_owned() }
    }

    /// Lower-cased here, so that no caller can forget to.
    pub(crate) fn email(email: &str) -> Self {
        Self { pk: format!("MAIL#{}", sha256(&email.to_lowercase())), sk: "MAIL".to_owned() }
    }

    pub(crate) fn attempts(what: &str, whose: &str) -> Self {
        Self { pk: format!("TRY#{}", sha256(&format!("{what}\0{whose}"))), sk: "TRY".to_owned() }
    }

    pub(crate) fn heartbeat(cluster: ClusterId) -> Self {
        let pk = shard("HB", shard_of(cluster.uuid(), HEARTBEAT_SHARDS));
        Self { pk, sk: cluster.to_string() }
    }

    pub(crate) fn directory(cluster: ClusterId) -> Self {
        let pk = shard("DIR", shard_of(cluster.uuid(), SWEEP_SHARDS));
        Self { pk, sk: cluster.to_string() }
    }

    pub(crate) fn work(plan: PlanId) -> Self {
        let pk = shard("WORK", shard_of(plan.uuid(), SWEEP_SHARDS));
        Self { pk, sk: plan.to_string() }
    }

    /// Whether this is an item of this tenant, where a key alone can say.
    pub(crate) fn belongs_to(&self, tenant: Tenant) -> Option<bool> {
        let owner = self.pk.split('#').next().unwrap_or_default();
        owner.starts_with("org_").then(|| owner == own(tenant))
    }
}

impl Range {
    /// All sort keys that begin with `prefix`: nothing in a key sorts after `~`.
    fn prefixed(pk: String, prefix: impl Into<String>) -> Self {
        let from = prefix.into();
        let to = format!("{from}~");
        Self { pk, from, to }
    }

    pub(crate) fn users(tenant: Tenant) -> Self {
        Self::prefixed(own(tenant), "USR#")
    }

    pub(crate) fn sessions_of(tenant: Tenant, user: UserId) -> Self {
        Self::prefixed(own(tenant), format!("SESOF#{user}#"))
    }

    pub(crate) fn accounts(tenant: Tenant) -> Self {
        Self::prefixed(own(tenant), "ACC#")
    }

    pub(crate) fn clusters(tenant: Tenant) -> Self {
        Self::prefixed(own(tenant), "CLU#")
    }

    pub(crate) fn optimizations(tenant: Tenant) -> Self {
        Self::prefixed(own(tenant), "OPTAT#")
    }

    pub(crate) fn optimizations_of(tenant: Tenant, cluster: ClusterId) -> Self {
        Self::prefixed(of(tenant, cluster), "OPT#")
    }

    pub(crate) fn agent_keys_of(tenant: Tenant, cluster: ClusterId) -> Self {
        Self::prefixed(of(tenant, cluster), "KEYOF#")
    }

    pub(crate) fn actions(tenant: Tenant, cluster: ClusterId) -> Self {
        Self::prefixed(of(tenant, cluster), "ACT#")
    }

    pub(crate) fn open_actions(tenant: Tenant, cluster: ClusterId) -> Self {
        Self::prefixed(of(tenant, cluster), "OPEN#")
    }

    pub(crate) fn instances(tenant: Tenant, cluster: ClusterId) -> Self {
        Self::prefixed(of(tenant, cluster), "INS#")
    }

    pub(crate) fn running_instances(tenant: Tenant, cluster: ClusterId) -> Self {
        Self::prefixed(of(tenant, cluster), "INS#RUN#")
    }

    /// Instances that ended at or after `from`.
    pub(crate) fn ended_instances(tenant: Tenant, cluster: ClusterId, from: Timestamp) -> Self {
        let from = format!("INS#END#{}", time(from));
        Self { pk: of(tenant, cluster), from, to: "INS#END#~".to_owned() }
    }

    /// Ledger hours that begin within `[from, to)`.
    pub(crate) fn ledger_hours(
        tenant: Tenant,
        cluster: ClusterId,
        from: Timestamp,
        to: Timestamp,
    ) -> Self {
        Self::hours(tenant, cluster, "HOUR", from, to)
    }

    /// The lines of the same hours.
    pub(crate) fn ledger_lines(
        tenant: Tenant,
        cluster: ClusterId,
        from: Timestamp,
        to: Timestamp,
    ) -> Self {
        Self::hours(tenant, cluster, "LINES", from, to)
    }

    fn hours(t: Tenant, c: ClusterId, prefix: &str, from: Timestamp, to: Timestamp) -> Self {
        let name = |at| format!("{prefix}#{}", hour(at));
        let moment = SignedDuration::from_nanos(1);
        let first = from.saturating_add(SignedDuration::from_hours(1) - moment);
        let last = to.saturating_sub(moment);
        Self {
            pk: of(t, c),
            from: name(first.unwrap_or(Timestamp::MAX)),
            to: name(last.unwrap_or(Timestamp::MIN)),
        }
    }

    /// Audit rows from `seq` on.
    pub(crate) fn audit_rows(tenant: Tenant, seq: u64) -> Self {
        let from = format!("ROW#{seq:020}");
        Self { pk: audit_partition(tenant), from, to: "ROW#~".to_owned() }
    }

    pub(crate) fn heartbeats(number: u8) -> Self {
        Self::prefixed(shard("HB", number % HEARTBEAT_SHARDS), ClusterId::PREFIX)
    }

    pub(crate) fn directory(number: u8) -> Self {
        Self::prefixed(shard("DIR", number % SWEEP_SHARDS), ClusterId::PREFIX)
    }

    pub(crate) fn work(number: u8) -> Self {
        Self::prefixed(shard("WORK", number % SWEEP_SHARDS), PlanId::PREFIX)
    }
}

fn own(tenant: Tenant) -> String {
    tenant.org().to_string()
}

fn of(tenant: Tenant, cluster: ClusterId) -> String {
    format!("{}#{cluster}", tenant.org())
}

fn audit_partition(tenant: Tenant) -> String {
    format!("{}#AUDIT", tenant.org())
}

fn shard(name: &str, number: u8) -> String {
    format!("{name}#{number:02}")
}

/// The last byte of a UUID is random in version 7 and of a hash in version 8.
fn shard_of(uuid: uuid::Uuid, shards: u8) -> u8 {
    uuid.as_bytes()[15] % shards
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn hour(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H").to_string()
}

fn sha256(text: &str) -> String {
    audit::hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests;
