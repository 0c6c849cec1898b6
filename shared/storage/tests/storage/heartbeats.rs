//! Heartbeats: one write, three checks, 200 bytes.

use crate::{create, delete, update};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::ClusterId;
use domain::cluster::AgentStatus;
use domain::identity::AgentKey;
use jiff::SignedDuration;
use std::collections::HashMap;
use storage::{Beat, Error, Stored, Transaction, key};
use testing::TestTable;
use testing::values::{NOW, account, agent_key, cluster, entry, tenant};

fn status(seq: u64, key_generation: u32) -> AgentStatus {
    let seen_at = NOW + SignedDuration::from_millis(seq as i64);
    AgentStatus { seq, seen_at, agent_version: "0.1.0".to_owned(), key_generation }
}

fn revoked(stored: &Stored<AgentKey>) -> AgentKey {
    AgentKey { revoked_at: Some(NOW), ..stored.value.clone() }
}

#[tokio::test]
async fn only_a_larger_sequence_number_is_taken() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let cluster = cluster(&account(1), 1);
    create(&table, tenant, &agent_key(tenant, &cluster, 1)).await.unwrap();
    assert_eq!(table.agent_status(tenant, cluster.id).await.unwrap(), None);

    for (seq, expected) in
        [(5, Beat::Taken), (5, Beat::Stale), (4, Beat::Stale), (6, Beat::Taken), (9, Beat::Taken)]
    {
        let beat = table.heartbeat(tenant, cluster.id, &status(seq, 1)).await.unwrap();
        assert_eq!(beat, expected, "seq {seq}");
    }
    assert_eq!(table.agent_status(tenant, cluster.id).await.unwrap(), Some(status(9, 1)));
}

#[tokio::test]
async fn a_revoked_key_is_refused_by_the_next_heartbeat_while_the_other_goes_on() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let cluster = cluster(&account(1), 1);
    let beat = async |seq, generation| {
        table.heartbeat(tenant, cluster.id, &status(seq, generation)).await.unwrap()
    };
    assert_eq!(beat(1, 1).await, Beat::Revoked, "no key was ever made");
    let first = create(&table, tenant, &agent_key(tenant, &cluster, 1)).await.unwrap();
    let second = create(&table, tenant, &agent_key(tenant, &cluster, 2)).await.unwrap();
    assert_eq!((beat(2, 1).await, beat(3, 2).await), (Beat::Taken, Beat::Taken));

    // The newer one leaks: it goes, the older stays.
    update(&table, tenant, &second, revoked(&second)).await.unwrap();
    assert_eq!((beat(4, 2).await, beat(5, 1).await), (Beat::Revoked, Beat::Taken));

    // Exchanged in one transaction.
    let mut tx = Transaction::new(tenant, entry("key.rotate", cluster.id));
    tx.update(&first, revoked(&first));
    tx.create(&agent_key(tenant, &cluster, 3));
    table.commit(tx).await.unwrap();
    assert_eq!((beat(6, 1).await, beat(7, 3).await), (Beat::Revoked, Beat::Taken));
    assert_eq!(table.agent_status(tenant, cluster.id).await.unwrap(), Some(status(7, 3)));
}

#[tokio::test]
async fn a_cluster_that_is_gone_takes_no_heartbeats() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let stored = create(&table, tenant, &cluster(&account(1), 1)).await.unwrap();
    let key = create(&table, tenant, &agent_key(tenant, &stored.value, 1)).await.unwrap();
    let id = stored.value.id;
    assert_eq!(table.heartbeat(tenant, id, &status(1, 1)).await.unwrap(), Beat::Taken);

    let mut tx = Transaction::new(tenant, entry("cluster.delete", id));
    tx.update(&key, revoked(&key));
    tx.delete(&stored);
    table.commit(tx).await.unwrap();
    assert_eq!(table.heartbeat(tenant, id, &status(2, 1)).await.unwrap(), Beat::Revoked);
    assert_eq!(table.agent_status(tenant, id).await.unwrap(), None);
    assert_eq!(heartbeat_item(&table, id).await, None, "nothing is left behind");

    let without_key = create(&table, tenant, &cluster(&account(1), 2)).await.unwrap();
    delete(&table, tenant, &without_key).await.unwrap();
}

#[tokio::test]
async fn another_tenant_can_neither_beat_nor_take_over_a_cluster() {
    let table = TestTable::new().await;
    let (ours, theirs) = (tenant(1), tenant(2));
    let cluster = cluster(&account(1), 1);
    create(&table, ours, &agent_key(ours, &cluster, 1)).await.unwrap();
    table.heartbeat(ours, cluster.id, &status(1, 1)).await.unwrap();

    let foreign = table.heartbeat(theirs, cluster.id, &status(2, 1)).await;
    assert!(matches!(foreign, Err(Error::Foreign { .. })), "{foreign:?}");
    let foreign = table.agent_status(theirs, cluster.id).await;
    assert!(matches!(foreign, Err(Error::Foreign { .. })), "{foreign:?}");
    let takeover = create(&table, theirs, &agent_key(theirs, &cluster, 2)).await;
    assert!(matches!(takeover, Err(Error::Foreign { .. })), "{takeover:?}");
    assert_eq!(table.agent_status(ours, cluster.id).await.unwrap(), Some(status(1, 1)));
}

#[tokio::test]
async fn the_sweep_finds_every_agent_that_ever_answered() {
    let table = TestTable::new().await;
    let mut expected = Vec::new();
    for n in 1..=20_u128 {
        let tenant = tenant(n % 3);
        let cluster = cluster(&account(1), n);
        create(&table, tenant, &agent_key(tenant, &cluster, 1)).await.unwrap();
        if n > 1 {
            table.heartbeat(tenant, cluster.id, &status(n as u64, 1)).await.unwrap();
            expected.push((tenant, cluster.id, n as u64));
        }
    }
    let mut found = Vec::new();
    for shard in 0..key::HEARTBEAT_SHARDS {
        let signs = table.signs_of_life(shard).await.unwrap();
        found.extend(signs.into_iter().map(|sign| (sign.tenant, sign.cluster, sign.status.seq)));
    }
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_heartbeat_item_is_never_larger_than_200_bytes() {
    let (table, tenant) = (TestTable::new().await, tenant(u128::MAX));
    let cluster = cluster(&account(1), u128::MAX);
    create(&table, tenant, &agent_key(tenant, &cluster, u32::MAX)).await.unwrap();
    create(&table, tenant, &agent_key(tenant, &cluster, u32::MAX - 1)).await.unwrap();
    let mut largest = status(1, u32::MAX);
    largest.seq = u64::MAX;
    largest.agent_version = "12.345.678-ünïcödé+build.90".to_owned();
    let beat = table.heartbeat(tenant, cluster.id, &largest).await.unwrap();
    assert_eq!(beat, Beat::Taken);

    let item = heartbeat_item(&table, cluster.id).await.unwrap();
    assert!(size(&item) <= 200, "{} bytes: {item:?}", size(&item));
    let read = table.agent_status(tenant, cluster.id).await.unwrap().unwrap();
    assert!(largest.agent_version.starts_with(&read.agent_version));
    assert_eq!((read.seq, read.key_generation), (u64::MAX, u32::MAX));
}

async fn heartbeat_item(
    table: &TestTable,
    cluster: ClusterId,
) -> Option<HashMap<String, AttributeValue>> {
    let shard = cluster.uuid().as_bytes()[15] % key::HEARTBEAT_SHARDS;
    let request = table.client().get_item().table_name(table.name()).consistent_read(true);
    let request = request
        .key("PK", AttributeValue::S(format!("HB#{shard:02}")))
        .key("SK", AttributeValue::S(cluster.to_string()));
    request.send().await.unwrap().item
}

/// Bytes of an item as `DynamoDB` counts them: names and values in UTF-8; a number one byte for each
/// two digits and one more, and one for a sign; a boolean one.
fn size(item: &HashMap<String, AttributeValue>) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::Bool(_) => 1,
        other => panic!("heartbeats hold no {other:?}"),
    };
    item.iter().map(|(name, attribute)| name.len() + value(attribute)).sum()
}
