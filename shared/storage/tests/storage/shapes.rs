//! What is stored, item by item: a change here is a change of the schema. An older program must be
//! able to read it, or the kind's version must rise.

use crate::{create, update};
use domain::Tenant;
use domain::audit::GENESIS;
use domain::cluster::AgentStatus;
use domain::plan::PlanState;
use expect_test::expect_file;
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use storage::{
    Answer, Claim, Counter, LedgerWatermark, MarketPointer, ObjectRef, Table, Transaction,
    table_definition,
};
use testing::TestTable;
use testing::values::{
    NOW, account, action, agent_key, cluster, entry, execution, instance, ledger_hour,
    optimization, organisation, session, snapshot_info, tenant, user,
};

#[tokio::test]
async fn stored_shapes_are_what_they_were() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    fill(&table, tenant).await;
    let mut text = String::new();
    for partition in PARTITIONS {
        let items = partition_of(&table, partition).await;
        assert!(!items.is_empty(), "nothing in {partition}");
        for mut item in items {
            shorten(&mut item);
            writeln!(text, "{}", serde_json::to_string_pretty(&item).unwrap()).unwrap();
        }
    }
    expect_file!["shapes.txt"].assert_eq(&text);
}

/// Leaves out of audit rows what only repeats the other items, and hashes of it.
fn shorten(item: &mut BTreeMap<String, Value>) {
    let Some(data) = item.get_mut("data").and_then(Value::as_object_mut) else { return };
    if let Some(changes) = data.get_mut("changes").and_then(Value::as_array_mut) {
        changes.truncate(2);
    }
    if let Some(hash) = data.get_mut("hash") {
        assert_eq!(hash.as_str().map(str::len), Some(64));
        *hash = "…".into();
    }
    if let Some(hash) = data.get_mut("previous_hash").filter(|hash| *hash != GENESIS) {
        *hash = "…".into();
    }
}

/// The partitions that [`fill`] fills, spelled out: this is the one other place that knows keys.
const PARTITIONS: &[&str] = &[
    "org_00000000-0000-0000-0000-000000000001",
    "org_00000000-0000-0000-0000-000000000001#AUDIT",
    "org_00000000-0000-0000-0000-000000000001#clu_00000000-0000-0000-0000-000000000001",
    "SES#ses_00000000-0000-0000-0000-000000000001",
    "KEY#key_00000000-0000-0000-0000-0000000003e9",
    // SHA-256 of `user1@example.com`.
    "MAIL#b36a83701f1c3191e19722d6f90274bc1b5501fe69ebf33313e440fe4b0fe210",
    // SHA-256 of `account`, a zero byte and `user1@example.com`.
    "TRY#990834384db5d895174b0bf8e849f1085aa2f2c64fc7f55f4da92326e5b9013f",
    "HB#01",
    "DIR#01",
    "WORK#09",
];

async fn fill(table: &Table, tenant: Tenant) {
    let (user, account) = (user(tenant, 1), account(1));
    let cluster = cluster(&account, 1);
    let plan = optimization(&cluster, 1);
    let mut tx = Transaction::new(tenant, entry("test.fill", "everything"));
    tx.put_guard("bootstrap");
    tx.create(&organisation(tenant));
    tx.create(&user);
    tx.create(&session(&user, 1));
    tx.create(&account);
    tx.create(&cluster);
    tx.create(&agent_key(tenant, &cluster, 1));
    let proposed = tx.create(&plan);
    tx.create(&execution(&plan));
    tx.create(&action(&plan, 1));
    tx.create(&ledger_hour(&cluster, domain::ledger::hour_of(NOW)));
    tx.create(&LedgerWatermark { cluster: cluster.id, closed_until: NOW });
    table.commit(tx).await.unwrap();

    let mut approved = proposed.value.clone();
    approved.state = PlanState::Approved;
    update(table, tenant, &proposed, approved).await.unwrap();

    let mut ended = instance(2);
    ended.terminated_at = Some(NOW);
    ended.overlap = Some((NOW - SignedDuration::from_mins(5), NOW));
    table.put_instances(tenant, cluster.id, &[instance(1), ended]).await.unwrap();
    let sha256 = "ab".repeat(32);
    let key = format!("market/{}/{}/{sha256}.json.gz", tenant.org(), account.id);
    let market = MarketPointer {
        object: ObjectRef { key, sha256 },
        priced_at: NOW,
        covered_vcpus: BTreeMap::from([("m5".to_owned(), 16)]),
    };
    table.put_snapshot(tenant, cluster.id, &snapshot_info(NOW)).await.unwrap();
    table.put_market(tenant, account.id, "us-east-1", &market).await.unwrap();
    let status =
        AgentStatus { seq: 7, seen_at: NOW, agent_version: "0.1.0".to_owned(), key_generation: 1 };
    table.heartbeat(tenant, cluster.id, &status).await.unwrap();
    table.count_attempt(Counter::Account(&user.email), NOW).await.unwrap();
    let Claim::New(ticket) = table.claim(tenant, "done", "hash", NOW).await.unwrap() else {
        panic!("the first claim is new");
    };
    let headers = BTreeMap::from([("etag".to_owned(), "\"1\"".to_owned())]);
    let answer = Answer { status: 201, headers, body: "{}".to_owned() };
    table.record_answer(&ticket, answer, NOW).await.unwrap();
    table.claim(tenant, "running", "hash", NOW).await.unwrap();
}

/// The items of a partition as JSON, in order of their sort keys.
async fn partition_of(table: &TestTable, partition: &str) -> Vec<BTreeMap<String, Value>> {
    let query = table.client().query().table_name(table.name());
    let query = query
        .key_condition_expression("PK = :pk")
        .expression_attribute_values(":pk", serde_dynamo::to_attribute_value(partition).unwrap());
    let items: Vec<HashMap<_, _>> = query.send().await.unwrap().items.unwrap();
    items.into_iter().map(|item| serde_dynamo::from_item(item).unwrap()).collect()
}

#[tokio::test]
async fn the_table_is_made_as_it_is_defined_and_only_once() {
    let table = TestTable::new().await;
    storage::create_table(table.client(), table.name()).await.unwrap();
    let described = table.client().describe_table().table_name(table.name()).send().await.unwrap();
    let described = described.table.unwrap();
    let definition = table_definition();
    let attributes: Vec<(&str, &str)> = described
        .attribute_definitions()
        .iter()
        .map(|attribute| (attribute.attribute_name(), attribute.attribute_type().as_str()))
        .collect();
    let keys: Vec<(&str, &str)> = described
        .key_schema()
        .iter()
        .map(|element| (element.attribute_name(), element.key_type().as_str()))
        .collect();
    assert_eq!(attributes, definition.attribute_definitions);
    assert_eq!(keys, definition.key_schema);
    assert_eq!(
        described.global_secondary_indexes().len(),
        definition.global_secondary_indexes.len()
    );

    let ttl = table.client().describe_time_to_live().table_name(table.name()).send().await.unwrap();
    let ttl = ttl.time_to_live_description.unwrap();
    assert_eq!(ttl.attribute_name(), Some(definition.time_to_live_attribute));
}

#[tokio::test]
async fn a_ledger_hour_without_lines_stays_small() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let cluster = cluster(&account(1), 1);
    let mut hour = ledger_hour(&cluster, domain::ledger::hour_of(NOW));
    // A thousand instances of one pool.
    hour.lines[0].instance_ids = (0..1_000).map(testing::values::instance_id).collect();
    create(&table, tenant, &hour).await.unwrap();
    let partition = format!("{}#{}", tenant.org(), cluster.id);
    let items = partition_of(&table, &partition).await;
    let sizes: BTreeMap<String, usize> = items
        .iter()
        .map(|item| (item["kind"].to_string(), serde_json::to_vec(item).unwrap().len()))
        .collect();
    assert!(sizes["\"ledger_hour\""] < 1_024, "{sizes:?}");
    assert!(sizes["\"ledger_lines\""] < 40_000, "{sizes:?}");
    let row = partition_of(&table, &format!("{}#AUDIT", tenant.org())).await;
    assert!(serde_json::to_vec(&row).unwrap().len() < 4_096, "the trail does not repeat the lines");
}
