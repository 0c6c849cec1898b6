//! The audit trail: every mutation, in one chain, whatever happens in between.

use crate::{create, update};
use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::{Client, error::BoxError};
use domain::Tenant;
use domain::audit::{AuditRow, GENESIS, verify_chain};
use domain::identity::User;
use expect_test::expect;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use storage::{Error, ObjectRef, Page, PageRequest, Table, Transaction};
use testing::TestTable;
use testing::values::{account, agent_key, cluster, entry, tenant, user};

/// The whole chain, in pages of three.
async fn chain(table: &Table, tenant: Tenant) -> Vec<AuditRow> {
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let page = table.audit_chain(tenant, &PageRequest::new(3, cursor)).await.unwrap();
        let Page { items, next } = page;
        rows.extend(items);
        cursor = next;
        if cursor.is_none() {
            return rows;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_mutations_at_once_make_one_unbroken_chain() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let table = table.table();
        tasks.spawn(async move { create(&table, tenant, &account(n)).await.map(drop) });
    }
    for result in tasks.join_all().await {
        result.unwrap();
    }
    let rows = chain(&table, tenant).await;
    assert_eq!(rows.len(), 20);
    assert_eq!((rows[0].seq, rows[0].previous_hash.as_str()), (1, GENESIS));
    verify_chain(&rows).unwrap();

    let newest = table.audit_rows(tenant, &PageRequest::default()).await.unwrap().items;
    assert!(newest.iter().eq(rows.iter().rev()), "listed newest first");
}

#[tokio::test]
async fn each_tenant_has_a_chain_of_its_own() {
    let table = TestTable::new().await;
    for n in [1, 2, 1, 1, 2] {
        let tenant = tenant(n);
        let stored = table.account(tenant, account(1).id).await;
        match stored {
            Err(Error::NotFound { .. }) => drop(create(&table, tenant, &account(1)).await.unwrap()),
            stored => {
                let stored = stored.unwrap();
                let again = stored.value.clone();
                update(&table, tenant, &stored, again).await.unwrap();
            }
        }
    }
    for (n, length) in [(1, 3), (2, 2)] {
        let rows = chain(&table, tenant(n)).await;
        assert_eq!(rows.len(), length);
        verify_chain(&rows).unwrap();
    }
}

#[tokio::test]
async fn a_row_says_who_did_what_and_hides_secrets() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let stored = create(&table, tenant, &user(tenant, 1)).await.unwrap();
    let renamed = User {
        name: "Maria".to_owned(),
        password_hash: "$2b$04$another".to_owned(),
        ..stored.value.clone()
    };
    let mut tx = Transaction::new(tenant, entry("user.update", stored.value.id));
    tx.update(&stored, renamed);
    tx.create(&agent_key(tenant, &cluster(&account(1), 1), 1));
    table.commit(tx).await.unwrap();

    let mut rows = chain(&table, tenant).await;
    // A created key has a field that is null, which an item does not tell from one that is absent.
    verify_chain(&rows).unwrap();
    let row = rows.remove(1);
    expect![[r#"
        {
          "seq": 2,
          "at": "2046-03-05T10:30:00Z",
          "actor": {
            "kind": "user",
            "id": "usr_00000000-0000-0000-0000-000000000001"
          },
          "action": "user.update",
          "subject": "usr_00000000-0000-0000-0000-000000000001",
          "request_id": "req-1",
          "changes": [
            {
              "pointer": "/agent_key/key_00000000-0000-0000-0000-0000000003e9/cluster",
              "after": "clu_00000000-0000-0000-0000-000000000001"
            },
            {
              "pointer": "/agent_key/key_00000000-0000-0000-0000-0000000003e9/created_at",
              "after": "2046-03-05T10:30:00Z"
            },
            {
              "pointer": "/agent_key/key_00000000-0000-0000-0000-0000000003e9/generation",
              "after": 1
            },
            {
              "pointer": "/agent_key/key_00000000-0000-0000-0000-0000000003e9/id",
              "after": "key_00000000-0000-0000-0000-0000000003e9"
            },
            {
              "pointer": "/agent_key/key_00000000-0000-0000-0000-0000000003e9/org",
              "after": "org_00000000-0000-0000-0000-000000000001"
            },
            {
              "pointer": "/agent_key/key_00000000-0000-0000-0000-0000000003e9/secret_hash",
              "after": "[redacted]"
            },
            {
              "pointer": "/user/usr_00000000-0000-0000-0000-000000000001/name",
              "before": "User 1",
              "after": "Maria"
            },
            {
              "pointer": "/user/usr_00000000-0000-0000-0000-000000000001/password_hash",
              "before": "[redacted]",
              "after": "[redacted]"
            }
          ]
        }"#]]
    .assert_eq(&without_hashes(&row));
}

/// A row without its hashes, which change whenever a stored field is added.
fn without_hashes(row: &AuditRow) -> String {
    let json = serde_json::to_string_pretty(row).unwrap();
    let (shown, _) = json.split_once(",\n  \"previous_hash\"").unwrap();
    format!("{shown}\n}}")
}

#[tokio::test]
async fn changes_too_long_for_a_row_are_in_the_object_store() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let mut long = account(1);
    long.name = "x".repeat(150_000);
    create(&table, tenant, &long).await.unwrap();

    let rows = chain(&table, tenant).await;
    verify_chain(&rows).unwrap();
    let [change] = &rows[0].changes[..] else { panic!("one change that names an object") };
    assert_eq!((change.pointer.as_str(), &change.before), ("", &None));
    let object: ObjectRef = {
        let named = change.after.as_ref().unwrap();
        let text = |name: &str| named[name].as_str().unwrap().to_owned();
        ObjectRef { key: text("object_key"), sha256: text("sha256") }
    };
    let changes: Vec<domain::audit::Change> = table.objects().get(tenant, &object).await.unwrap();
    assert!(changes.iter().any(|change| change.after == Some(long.name.clone().into())));
}

/// Sends every transaction and loses the answers to the first few of them.
#[derive(Debug)]
struct LosesAnswers {
    lose: u32,
    transactions: Arc<AtomicU32>,
    is_transaction: AtomicBool,
}

impl Intercept for LosesAnswers {
    fn name(&self) -> &'static str {
        "LosesAnswers"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        self.is_transaction.store(target.ends_with("TransactWriteItems"), Ordering::SeqCst);
        Ok(())
    }

    fn read_after_transmit(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let transaction = self.is_transaction.load(Ordering::SeqCst);
        if transaction && self.transactions.fetch_add(1, Ordering::SeqCst) < self.lose {
            return Err("the answer was lost".into());
        }
        Ok(())
    }
}

/// The table through a client that loses answers, and how many transactions it has sent.
fn losing(table: &TestTable, lose: u32) -> (Table, Arc<AtomicU32>) {
    let transactions = Arc::new(AtomicU32::new(0));
    let is_transaction = AtomicBool::new(false);
    let interceptor = LosesAnswers { lose, transactions: transactions.clone(), is_transaction };
    let config = table.client().config().to_builder().interceptor(interceptor).build();
    (table.through(Client::from_conf(config)), transactions)
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_neither_done_twice_nor_taken_for_a_conflict() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let (unreliable, sent) = losing(&table, 2);
    let stored = create(&unreliable, tenant, &account(1)).await.unwrap();
    assert_eq!(sent.load(Ordering::SeqCst), 3, "sent until it was answered");
    assert_eq!(table.account(tenant, stored.value.id).await.unwrap(), stored);
    assert_eq!(chain(&table, tenant).await.len(), 1);
}

#[tokio::test]
async fn a_commit_that_is_never_answered_says_so() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let (unreliable, sent) = losing(&table, u32::MAX);
    let unanswered = create(&unreliable, tenant, &account(1)).await;
    assert!(matches!(unanswered, Err(Error::Unavailable { .. })), "{unanswered:?}");
    assert_eq!(sent.load(Ordering::SeqCst), 3);
}
