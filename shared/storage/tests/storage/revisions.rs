//! Conditions: revisions, unique guards, all or nothing.

use crate::{create, delete, update};
use domain::execution::{CommandPhase, CommandRun, Event};
use domain::identity::User;
use storage::{Error, PageRequest, Transaction};
use testing::TestTable;
use testing::values::{NOW, account, cluster, entry, execution, optimization, tenant, user};

#[tokio::test]
async fn an_update_of_what_has_changed_meanwhile_is_a_conflict() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let stored = create(&table, tenant, &account(1)).await.unwrap();
    let mut changed = stored.value.clone();
    changed.name = "first".to_owned();
    let first = update(&table, tenant, &stored, changed.clone()).await.unwrap();
    assert_eq!(first.revision, 2);

    changed.name = "second".to_owned();
    let second = update(&table, tenant, &stored, changed).await;
    assert!(matches!(second, Err(Error::Conflict { kind: "account" })), "{second:?}");
    assert!(matches!(delete(&table, tenant, &stored).await, Err(Error::Conflict { .. })));
    assert_eq!(table.account(tenant, stored.value.id).await.unwrap(), first);
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_can_be_made_again() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let stored = create(&table, tenant, &account(1)).await.unwrap();
    delete(&table, tenant, &stored).await.unwrap();
    let gone = table.account(tenant, stored.value.id).await;
    assert!(matches!(gone, Err(Error::NotFound { kind: "account" })), "{gone:?}");
    assert!(matches!(delete(&table, tenant, &stored).await, Err(Error::Conflict { .. })));
    create(&table, tenant, &account(1)).await.unwrap();
}

#[tokio::test]
async fn what_must_be_unique_is() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let first = create(&table, tenant, &account(1)).await.unwrap().value;
    let exists = |result: Result<(), Error>, expected: &str| match result {
        Err(Error::Exists { kind }) => assert_eq!(kind, expected),
        other => panic!("expected that the {expected} exists, got {other:?}"),
    };

    exists(create(&table, tenant, &first).await.map(drop), "account");
    let mut same_account = account(2);
    same_account.aws_account_id.clone_from(&first.aws_account_id);
    exists(create(&table, tenant, &same_account).await.map(drop), "account");

    let one = cluster(&first, 1);
    create(&table, tenant, &one).await.unwrap();
    let mut same_name = cluster(&first, 2);
    same_name.name.clone_from(&one.name);
    exists(create(&table, tenant, &same_name).await.map(drop), "cluster");
    same_name.region = "eu-west-1".to_owned();
    create(&table, tenant, &same_name).await.unwrap();

    create(&table, tenant, &user(tenant, 1)).await.unwrap();
    let other = testing::values::tenant(2);
    let same_email = User { email: "USER1@example.com".to_owned(), ..user(other, 2) };
    exists(create(&table, other, &same_email).await.map(drop), "user");

    let mut tx = Transaction::new(tenant, entry("test.guard", "x"));
    tx.put_guard("once");
    table.commit(tx).await.unwrap();
    let mut tx = Transaction::new(tenant, entry("test.guard", "x"));
    tx.put_guard("once");
    exists(table.commit(tx).await, "guard");
}

#[tokio::test]
async fn a_changed_email_frees_the_old_one() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let stored = create(&table, tenant, &user(tenant, 1)).await.unwrap();
    let renamed = User { email: "new@example.com".to_owned(), ..stored.value.clone() };
    let renamed = update(&table, tenant, &stored, renamed).await.unwrap();

    assert_eq!(table.user_by_email("New@Example.com").await.unwrap(), Some(renamed));
    assert_eq!(table.user_by_email("user1@example.com").await.unwrap(), None);
    let next = User { email: "user1@example.com".to_owned(), ..user(tenant, 2) };
    create(&table, tenant, &next).await.unwrap();
}

#[tokio::test]
async fn a_transaction_is_done_as_a_whole_or_not_at_all() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let taken = create(&table, tenant, &account(1)).await.unwrap().value;

    let mut tx = Transaction::new(tenant, entry("test.many", "x"));
    tx.create(&account(2));
    tx.create(&account(3));
    tx.create(&taken);
    assert!(matches!(table.commit(tx).await, Err(Error::Exists { .. })));

    let accounts = table.accounts(tenant, &PageRequest::default()).await.unwrap().items;
    assert_eq!(accounts.len(), 1);
    let rows = table.audit_rows(tenant, &PageRequest::default()).await.unwrap().items;
    assert_eq!(rows.len(), 1, "a refused transaction leaves no audit row");
}

#[tokio::test]
async fn two_creations_at_once_of_the_same_thing_leave_one() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let (first, second) = (account(1), account(1));
    let (first, second) =
        tokio::join!(create(&table, tenant, &first), create(&table, tenant, &second));
    let both = [first.map(drop), second.map(drop)];
    assert_eq!(both.iter().filter(|result| result.is_ok()).count(), 1, "{both:?}");
    let refused = both.into_iter().find_map(Result::err).unwrap();
    assert!(matches!(refused, Error::Exists { kind: "account" }), "{refused:?}");
}

#[tokio::test]
async fn a_transaction_that_can_not_be_written_is_refused_before_it_is_sent() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let mut twice = Transaction::new(tenant, entry("test.twice", "x"));
    twice.create(&account(1));
    twice.create(&account(1));
    let mut many = Transaction::new(tenant, entry("test.many", "x"));
    for n in 0..50 {
        many.create(&account(n));
    }
    let stored = create(&table, tenant, &account(9)).await.unwrap();
    let mut moved = Transaction::new(tenant, entry("test.move", "x"));
    moved.update(&stored, account(8));
    for tx in [twice, many, moved] {
        let refused = table.commit(tx).await;
        assert!(matches!(refused, Err(Error::Corrupt { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn the_progress_of_a_plan_for_thousands_of_nodes_fits_into_its_item() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let mut execution = execution(&optimization(&cluster(&account(1), 1), 1));
    let event = |n| Event { at: NOW, text: format!("drained node ip-10-0-0-{n}, nothing is left") };
    execution.commands = vec![CommandRun {
        index: 0,
        phase: CommandPhase::Draining,
        since: NOW,
        launches: vec![],
        nodes: vec![],
        teardowns: vec![],
        began_at: NOW,
        failure: None,
        events: (0..10_000).map(event).collect(),
    }];
    assert!(serde_json::to_vec(&execution).unwrap().len() > 500_000);

    let stored = create(&table, tenant, &execution).await.unwrap();
    let read = table.execution(tenant, execution.plan).await.unwrap();
    assert_eq!(read, Some(stored.clone()));
    execution.commands[0].phase = CommandPhase::Done;
    update(&table, tenant, &stored, execution.clone()).await.unwrap();
    let read = table.execution(tenant, execution.plan).await.unwrap().unwrap();
    assert_eq!((read.value, read.revision), (execution, 2));
}
