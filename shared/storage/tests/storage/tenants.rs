//! One tenant's data never reaches another, and what can not be read is said so.

use crate::{create, delete, update};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::Tenant;
use domain::cluster::AgentStatus;
use domain::identity::Session;
use std::collections::BTreeMap;
use storage::{Error, LedgerWatermark, MarketPointer, ObjectRef, PageRequest, Stored, Table};
use testing::TestTable;
use testing::values::{
    NOW, account, action, agent_key, cluster, execution, instance, ledger_hour, optimization,
    organisation, session, snapshot_info, tenant, user,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Everything a tenant can have, with the same ids for every tenant.
async fn fill(table: &Table, tenant: Tenant) {
    let cluster = cluster(&account(1), 1);
    let plan = optimization(&cluster, 1);
    create(table, tenant, &organisation(tenant)).await.unwrap();
    create(table, tenant, &user(tenant, 1)).await.unwrap();
    create(table, tenant, &session(&user(tenant, 1), 1)).await.unwrap();
    create(table, tenant, &account(1)).await.unwrap();
    create(table, tenant, &cluster).await.unwrap();
    create(table, tenant, &agent_key(tenant, &cluster, 1)).await.unwrap();
    create(table, tenant, &plan).await.unwrap();
    create(table, tenant, &execution(&plan)).await.unwrap();
    create(table, tenant, &action(&plan, 1)).await.unwrap();
    create(table, tenant, &ledger_hour(&cluster, domain::ledger::hour_of(NOW))).await.unwrap();
    let mark = LedgerWatermark { cluster: cluster.id, closed_until: NOW };
    create(table, tenant, &mark).await.unwrap();
    table.put_instances(tenant, cluster.id, &[instance(1)]).await.unwrap();
    let object = ObjectRef { key: "market".to_owned(), sha256: "00".repeat(32) };
    let market = MarketPointer { object, priced_at: NOW, covered_vcpus: BTreeMap::new() };
    table.put_snapshot(tenant, cluster.id, &snapshot_info(NOW)).await.unwrap();
    table.put_market(tenant, account(1).id, "us-east-1", &market).await.unwrap();
    let status =
        AgentStatus { seq: 1, seen_at: NOW, agent_version: "0.1.0".to_owned(), key_generation: 1 };
    table.heartbeat(tenant, cluster.id, &status).await.unwrap();
}

/// How many things a tenant gets to see when it asks for all that [`fill`] made, by its ids.
async fn seen(table: &Table, tenant: Tenant) -> usize {
    fn count<T>(result: Result<impl IntoIterator<Item = T>, Error>) -> usize {
        match result {
            Ok(found) => found.into_iter().count(),
            Err(Error::NotFound { .. } | Error::Foreign { .. }) => 0,
            Err(error) => panic!("{error:?}"),
        }
    }
    fn one<T>(result: Result<T, Error>) -> usize {
        count(result.map(Some))
    }
    let (cluster, page) = (cluster(&account(1), 1), &PageRequest::default());
    let plan = optimization(&cluster, 1);
    let hour = domain::ledger::hour_of(NOW);
    let end = hour + jiff::SignedDuration::from_hours(1);
    let market = table.market(tenant, account(1).id, "us-east-1").await;
    [
        count(table.snapshot(tenant, cluster.id).await),
        count(table.snapshots(tenant, &[cluster.id]).await),
        one(table.organisation(tenant).await),
        one(table.user(tenant, user(tenant, 1).id).await),
        count(table.users(tenant, page).await.map(|page| page.items)),
        count(table.sessions(tenant, user(tenant, 1).id).await),
        one(table.account(tenant, account(1).id).await),
        count(table.accounts(tenant, page).await.map(|page| page.items)),
        one(table.cluster(tenant, cluster.id).await),
        count(table.clusters(tenant, page).await.map(|page| page.items)),
        count(table.agent_status(tenant, cluster.id).await),
        count(table.agent_keys(tenant, cluster.id).await),
        one(table.optimization(tenant, plan.id).await),
        count(table.optimizations(tenant, page).await.map(|page| page.items)),
        count(table.optimizations_of(tenant, cluster.id, page).await.map(|page| page.items)),
        count(table.execution(tenant, plan.id).await),
        one(table.action(tenant, cluster.id, action(&plan, 1).id).await),
        count(table.actions(tenant, cluster.id, page).await.map(|page| page.items)),
        count(table.open_actions(tenant, cluster.id).await),
        table.open_action_count(tenant, cluster.id).await.unwrap() as usize,
        count(table.instances(tenant, cluster.id, page).await.map(|page| page.items)),
        count(table.running_instances(tenant, cluster.id).await),
        count(table.instances_within(tenant, cluster.id, hour, end).await),
        count(table.ledger_totals(tenant, cluster.id, hour, end).await),
        count(table.ledger_hours(tenant, cluster.id, (hour, end), page).await.map(|p| p.items)),
        count(table.ledger_watermark(tenant, cluster.id).await),
        count(market),
        count(table.audit_rows(tenant, page).await.map(|page| page.items)),
    ]
    .into_iter()
    .sum()
}

#[tokio::test]
async fn asking_by_another_tenants_ids_finds_nothing() {
    let table = TestTable::new().await;
    fill(&table, tenant(1)).await;
    assert_eq!(seen(&table, tenant(1)).await, 27 + 11, "one of each, and an audit row per commit");
    assert_eq!(seen(&table, tenant(2)).await, 0);
}

#[tokio::test]
async fn another_tenants_item_can_be_neither_changed_nor_removed() {
    let table = TestTable::new().await;
    let (ours, theirs) = (tenant(1), tenant(2));
    let account = create(&table, ours, &account(1)).await.unwrap();
    let changed = update(&table, theirs, &account, account.value.clone()).await;
    assert!(matches!(changed, Err(Error::Conflict { .. })), "{changed:?}");
    let removed = delete(&table, theirs, &account).await;
    assert!(matches!(removed, Err(Error::Conflict { .. })), "{removed:?}");
    assert_eq!(table.account(ours, account.value.id).await.unwrap(), account);

    let session = create(&table, ours, &session(&user(ours, 1), 1)).await.unwrap();
    let revoked = Session { revoked: true, ..session.value.clone() };
    let changed = update(&table, theirs, &session, revoked).await;
    assert!(matches!(changed, Err(Error::Foreign { kind: "session" })), "{changed:?}");
    assert!(matches!(delete(&table, theirs, &session).await, Err(Error::Foreign { .. })));
    assert_eq!(table.session(session.value.id).await.unwrap(), session);
}

#[tokio::test]
async fn an_item_that_comes_back_from_another_tenant_is_dropped() {
    let table = TestTable::new().await;
    let (ours, theirs) = (tenant(1), tenant(2));
    let cluster = cluster(&account(1), 1);
    let key = create(&table, ours, &agent_key(ours, &cluster, 1)).await.unwrap();

    // A pointer in their partition to our key, as no transaction would write it.
    let pk = format!("{}#{}", theirs.org(), cluster.id);
    let data = [("id".to_owned(), AttributeValue::S(key.value.id.to_string()))];
    put(&table, &pk, "KEYOF#00000000000000000001", "pointer", 1, data.into()).await;
    let listed = table.agent_keys(theirs, cluster.id).await;
    assert!(matches!(listed, Err(Error::Foreign { kind: "agent_key" })), "{listed:?}");
}

#[tokio::test]
async fn what_is_not_what_its_key_says_is_corrupt() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let account = account(1);
    let data: std::collections::HashMap<_, _> = serde_dynamo::to_item(&account).unwrap();
    let (pk, sk) = (tenant.org().to_string(), format!("ACC#{}", account.id));
    let read = async || table.account(tenant, account.id).await;

    put(&table, &pk, &sk, "account", 1, data.clone()).await;
    assert_eq!(read().await.unwrap(), Stored { value: account.clone(), revision: 1 });

    let mut cut = data.clone();
    cut.remove("role_arn");
    for (kind, version, data, expected) in [
        ("account", 2, &data, "newer version"),
        ("cluster", 1, &data, "is a Some(\"cluster\")"),
        ("account", 1, &cut, "role_arn"),
    ] {
        put(&table, &pk, &sk, kind, version, data.clone()).await;
        let Err(Error::Corrupt { kind: "account", detail }) = read().await else {
            panic!("{expected}: was read");
        };
        assert!(detail.contains(expected), "{detail}");
    }
}

/// Writes an item by hand.
async fn put(
    table: &TestTable,
    pk: &str,
    sk: &str,
    kind: &str,
    version: u32,
    data: std::collections::HashMap<String, AttributeValue>,
) {
    let put = table.client().put_item().table_name(table.name());
    let put = put
        .item("PK", AttributeValue::S(pk.to_owned()))
        .item("SK", AttributeValue::S(sk.to_owned()))
        .item("kind", AttributeValue::S(kind.to_owned()))
        .item("version", AttributeValue::N(version.to_string()))
        .item("revision", AttributeValue::N("1".to_owned()))
        .item("data", AttributeValue::M(data));
    put.send().await.unwrap();
}

/// A database that answers everything with one and the same refusal.
async fn refusing(code: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}"}}"#);
            let head = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n";
            let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
            let mut request = [0; 8_192];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    endpoint
}

#[tokio::test]
async fn a_busy_database_is_told_from_one_that_is_not_there() {
    let table = TestTable::new().await;
    let once = aws_sdk_dynamodb::config::retry::RetryConfig::disabled();
    let at = |endpoint: &str| {
        let config = table.client().config().to_builder().retry_config(once.clone());
        table.through(aws_sdk_dynamodb::Client::from_conf(config.endpoint_url(endpoint).build()))
    };
    let busy = at(&refusing("ThrottlingException").await);
    let answer = busy.organisation(tenant(1)).await;
    assert!(matches!(answer, Err(Error::Throttled)), "{answer:?}");

    let forbidden = at(&refusing("AccessDeniedException").await);
    let answer = forbidden.organisation(tenant(1)).await;
    assert!(matches!(answer, Err(Error::Unavailable { .. })), "{answer:?}");

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let answer = at(&endpoint).organisation(tenant(1)).await;
    assert!(matches!(answer, Err(Error::Unavailable { .. })), "{answer:?}");
}
