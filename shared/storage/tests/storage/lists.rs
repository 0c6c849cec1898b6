//! Lists, pages and cursors.

use crate::{create, delete, update};
use domain::action::{ActionState, Outcome};
use domain::plan::PlanState;
use jiff::SignedDuration;
use storage::{Error, LedgerWatermark, Page, PageRequest, PlanToApply, Transaction, key};
use testing::TestTable;
use testing::values::{
    NOW, account, action, agent_key, cluster, entry, execution, instance, ledger_hour,
    optimization, session, tenant, user,
};

/// All pages of a list, each of `limit` items.
macro_rules! pages {
    ($limit:expr, |$page:ident| $list:expr) => {{
        let mut pages = Vec::new();
        let mut cursor = None;
        loop {
            let $page = &PageRequest::new($limit, cursor.take());
            let Page { items, next } = $list.await.unwrap();
            pages.push(items);
            match next {
                Some(next) => cursor = Some(next),
                None => break pages,
            }
        }
    }};
}

#[tokio::test]
async fn pages_hold_everything_once_and_no_cursor_leads_nowhere() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let account = account(1);
    for n in 1..=6 {
        create(&table, tenant, &cluster(&account, n)).await.unwrap();
    }
    for (limit, expected) in [(1, vec![1; 6]), (4, vec![4, 2]), (3, vec![3, 3]), (200, vec![6])] {
        let pages = pages!(limit, |page| table.clusters(tenant, page));
        let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(lengths, expected, "limit {limit}");
        let names: Vec<String> = pages.concat().into_iter().map(|c| c.value.name).collect();
        let all: Vec<String> = (1..=6).map(|n| format!("cluster-{n}")).collect();
        assert_eq!(names, all, "limit {limit}");
    }
}

#[tokio::test]
async fn a_page_larger_than_an_answer_of_the_database_is_whole() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    // 30 items of 50 kB are more than the megabyte that one query reads.
    for n in 1..=30 {
        let mut account = account(n);
        account.name = "x".repeat(50_000);
        create(&table, tenant, &account).await.unwrap();
    }
    let page = table.accounts(tenant, &PageRequest::default()).await.unwrap();
    assert_eq!((page.items.len(), page.next), (30, None));
}

#[tokio::test]
async fn a_limit_is_brought_within_bounds() {
    assert_eq!(PageRequest::new(0, None), PageRequest::new(1, None));
    assert_eq!(PageRequest::new(9_999, None), PageRequest::new(200, None));
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_and_tenant_only() {
    let table = TestTable::new().await;
    let (ours, theirs) = (tenant(1), tenant(2));
    for n in 1..=2 {
        for tenant in [ours, theirs] {
            create(&table, tenant, &account(n)).await.unwrap();
            create(&table, tenant, &cluster(&account(1), n + tenant.org().uuid().as_u128() * 10))
                .await
                .unwrap();
        }
    }
    let page = table.accounts(ours, &PageRequest::new(1, None)).await.unwrap();
    let cursor = page.next.unwrap();
    let with = |cursor: &str| PageRequest::new(1, Some(cursor.to_owned()));
    assert_eq!(table.accounts(ours, &with(&cursor)).await.unwrap().items.len(), 1);

    let foreign = table.accounts(theirs, &with(&cursor)).await;
    assert!(matches!(foreign, Err(Error::BadCursor)), "{foreign:?}");
    let other_list = table.clusters(ours, &with(&cursor)).await;
    assert!(matches!(other_list, Err(Error::BadCursor)), "{other_list:?}");
    let mut forged = vec![String::new(), "!".to_owned(), "AAAA".to_owned(), cursor.repeat(2)];
    for at in 0..cursor.len() {
        let mut bytes = cursor.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        forged.push(String::from_utf8(bytes).unwrap());
    }
    for cursor in forged {
        let refused = table.accounts(ours, &with(&cursor)).await;
        assert!(matches!(refused, Err(Error::BadCursor)), "{cursor:?}: {refused:?}");
    }
}

#[tokio::test]
async fn optimizations_are_listed_newest_first_by_tenant_and_by_cluster() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let clusters = [cluster(&account(1), 1), cluster(&account(1), 2)];
    for generation in [2, 11, 1, 3] {
        for cluster in &clusters {
            create(&table, tenant, &optimization(cluster, generation)).await.unwrap();
        }
    }
    let all = pages!(3, |page| table.optimizations(tenant, page)).concat();
    let order: Vec<u64> = all.iter().map(|stored| stored.value.generation).collect();
    assert_eq!(order, [11, 11, 3, 3, 2, 2, 1, 1]);

    let one = pages!(3, |page| table.optimizations_of(tenant, clusters[1].id, page)).concat();
    let order: Vec<u64> = one.iter().map(|stored| stored.value.generation).collect();
    assert_eq!(order, [11, 3, 2, 1]);
    assert!(one.iter().all(|stored| stored.value.cluster == clusters[1].id));
}

#[tokio::test]
async fn a_plan_is_on_the_work_list_while_there_is_something_to_carry_out() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let cluster = cluster(&account(1), 1);
    let mut stored = create(&table, tenant, &optimization(&cluster, 1)).await.unwrap();
    let plan = stored.value.id;
    let states = [
        (PlanState::Proposed, false),
        (PlanState::Approved, true),
        (PlanState::Applying, true),
        (PlanState::Done, false),
    ];
    for (state, listed) in states {
        let mut next = stored.value.clone();
        next.state = state;
        stored = update(&table, tenant, &stored, next).await.unwrap();
        let mut found = Vec::new();
        for shard in 0..key::SWEEP_SHARDS {
            found.extend(table.plans_to_apply(shard).await.unwrap());
        }
        found.retain(|work| work.tenant == tenant && work.plan == plan);
        let expected = PlanToApply { tenant, cluster: cluster.id, plan };
        assert_eq!(found, if listed { vec![expected] } else { vec![] }, "{state:?}");
    }
    assert_eq!(table.execution(tenant, plan).await.unwrap(), None);
    let begun = create(&table, tenant, &execution(&stored.value)).await.unwrap();
    assert_eq!(table.execution(tenant, plan).await.unwrap(), Some(begun));
}

#[tokio::test]
async fn the_directory_holds_every_cluster_there_is() {
    let table = TestTable::new().await;
    let mut made = Vec::new();
    for n in 1..=40_u128 {
        let tenant = tenant(n % 3);
        let stored = create(&table, tenant, &cluster(&account(1), n)).await.unwrap();
        made.push((tenant, stored));
    }
    let (tenant, gone) = made.remove(0);
    delete(&table, tenant, &gone).await.unwrap();

    let mut found = Vec::new();
    for shard in 0..key::SWEEP_SHARDS {
        let clusters = table.directory(shard).await.unwrap();
        assert!(clusters.len() < 10, "shards share the load");
        found.extend(clusters);
    }
    found.sort_unstable();
    let mut expected: Vec<_> = made.iter().map(|(t, stored)| (*t, stored.value.id)).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn open_actions_are_found_without_those_that_are_settled() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let cluster = cluster(&account(1), 1);
    let plan = optimization(&cluster, 1);
    for n in 1..=3 {
        create(&table, tenant, &action(&plan, n)).await.unwrap();
    }
    let open = table.open_actions(tenant, cluster.id).await.unwrap();
    assert_eq!((open.len(), table.open_action_count(tenant, cluster.id).await.unwrap()), (3, 3));

    let mut leased = open[0].value.clone();
    leased.lease(NOW);
    let leased = table.save_lease(tenant, &open[0], leased).await.unwrap();
    assert_eq!(table.open_action_count(tenant, cluster.id).await.unwrap(), 3);
    let mut done = leased.value.clone();
    done.settle(1, Outcome::Done { evicted: 2 }, NOW, 0).unwrap();
    assert_eq!(done.state, ActionState::Done);
    update(&table, tenant, &leased, done).await.unwrap();

    assert_eq!(table.open_actions(tenant, cluster.id).await.unwrap(), open[1..]);
    assert_eq!(table.open_action_count(tenant, cluster.id).await.unwrap(), 2);
    let all = pages!(2, |page| table.actions(tenant, cluster.id, page)).concat();
    assert_eq!(all.len(), 3);
    let settled = table.action(tenant, cluster.id, leased.value.id).await.unwrap();
    assert_eq!(settled.value.state, ActionState::Done);
}

#[tokio::test]
async fn of_two_leases_of_one_action_one_wins_and_no_lease_can_settle() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let plan = optimization(&cluster(&account(1), 1), 1);
    let stored = create(&table, tenant, &action(&plan, 1)).await.unwrap();
    let mut leased = stored.value.clone();
    leased.lease(NOW);
    table.save_lease(tenant, &stored, leased.clone()).await.unwrap();
    let second = table.save_lease(tenant, &stored, leased.clone()).await;
    assert!(matches!(second, Err(Error::Conflict { kind: "action" })), "{second:?}");

    let stored = table.action(tenant, plan.cluster, stored.value.id).await.unwrap();
    let mut settled = stored.value.clone();
    settled.settle(1, Outcome::Done { evicted: 0 }, NOW, 0).unwrap();
    let unaudited = table.save_lease(tenant, &stored, settled).await;
    assert!(matches!(unaudited, Err(Error::Corrupt { .. })), "{unaudited:?}");
}

#[tokio::test]
async fn keys_of_a_cluster_and_sessions_of_a_person_are_listed() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let (cluster, user) = (cluster(&account(1), 1), user(tenant, 1));
    let first = create(&table, tenant, &agent_key(tenant, &cluster, 1)).await.unwrap();
    let second = create(&table, tenant, &agent_key(tenant, &cluster, 2)).await.unwrap();
    let keys = table.agent_keys(tenant, cluster.id).await.unwrap();
    assert_eq!(keys, [first.clone(), second]);
    assert_eq!(table.agent_key(first.value.id).await.unwrap(), first);
    let mut same_generation = agent_key(tenant, &cluster, 3);
    same_generation.generation = 2;
    let refused = create(&table, tenant, &same_generation).await;
    assert!(matches!(refused, Err(Error::Exists { kind: "agent_key" })), "{refused:?}");

    let one = create(&table, tenant, &session(&user, 1)).await.unwrap();
    let two = create(&table, tenant, &session(&user, 2)).await.unwrap();
    create(&table, tenant, &session(&testing::values::user(tenant, 2), 3)).await.unwrap();
    assert_eq!(table.sessions(tenant, user.id).await.unwrap(), [one.clone(), two]);
    assert_eq!(table.session(one.value.id).await.unwrap(), one);
}

#[tokio::test]
async fn ledger_hours_are_read_by_range_with_and_without_lines() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let cluster = cluster(&account(1), 1);
    let start = domain::ledger::hour_of(NOW);
    let hour = |n: i64| start + SignedDuration::from_hours(n);
    let mut mark = None;
    for n in 0..30 {
        let mut tx = Transaction::new(tenant, entry("ledger.close", cluster.id));
        tx.create(&ledger_hour(&cluster, hour(n)));
        let next = LedgerWatermark { cluster: cluster.id, closed_until: hour(n + 1) };
        mark = Some(match &mark {
            None => tx.create(&next),
            Some(mark) => tx.update(mark, next),
        });
        table.commit(tx).await.unwrap();
    }
    assert_eq!(table.ledger_watermark(tenant, cluster.id).await.unwrap(), mark);
    let again = create(&table, tenant, &ledger_hour(&cluster, hour(3))).await;
    assert!(matches!(again, Err(Error::Exists { kind: "ledger_hour" })), "closed for good");

    let totals = table.ledger_totals(tenant, cluster.id, hour(2), hour(5)).await.unwrap();
    let hours: Vec<_> = totals.iter().map(|total| total.hour).collect();
    assert_eq!(hours, [hour(2), hour(3), hour(4)]);
    assert!(totals.iter().all(|total| total.lines.is_empty()));
    let none = table.ledger_totals(tenant, cluster.id, hour(5), hour(2)).await.unwrap();
    assert_eq!(none, []);

    let range = (hour(0), hour(30));
    let full = pages!(7, |page| table.ledger_hours(tenant, cluster.id, range, page)).concat();
    let expected: Vec<_> = (0..30).rev().map(|n| ledger_hour(&cluster, hour(n))).collect();
    assert_eq!(full, expected);
}

#[tokio::test]
async fn instances_are_found_by_when_they_ran() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let cluster = cluster(&account(1), 1);
    let hours = SignedDuration::from_hours;
    let (running, mut ended, mut young) = (instance(1), instance(2), instance(3));
    table.put_instances(tenant, cluster.id, &[running.clone(), ended.clone()]).await.unwrap();
    ended.terminated_at = Some(NOW - hours(2));
    young.launched_at = NOW - hours(1);
    table.put_instances(tenant, cluster.id, &[ended.clone(), young.clone()]).await.unwrap();

    let within = async |from, to| {
        let found = table.instances_within(tenant, cluster.id, from, to).await.unwrap();
        let mut ids: Vec<String> = found.into_iter().map(|record| record.instance_id).collect();
        ids.sort_unstable();
        ids
    };
    let id = |record: &domain::instance::InstanceRecord| record.instance_id.clone();
    assert_eq!(within(NOW - hours(4), NOW - hours(3)).await, [id(&running), id(&ended)]);
    assert_eq!(within(NOW - hours(3), NOW).await, [id(&running), id(&ended), id(&young)]);
    assert_eq!(within(NOW - hours(2), NOW).await, [id(&running), id(&young)]);
    let still = table.running_instances(tenant, cluster.id).await.unwrap();
    assert_eq!(still, [running.clone(), young.clone()]);
    let listed = pages!(2, |page| table.instances(tenant, cluster.id, page)).concat();
    let listed: Vec<_> = listed.into_iter().map(|stored| stored.value).collect();
    assert_eq!(listed, [young, running.clone(), ended], "what runs comes first");

    let mut older = running.clone();
    older.seen_at = NOW - hours(1);
    older.node_group = None;
    table.put_instances(tenant, cluster.id, &[older]).await.unwrap();
    let kept = table.running_instances(tenant, cluster.id).await.unwrap();
    assert_eq!(kept[0], running, "an older observation changes nothing");
}
