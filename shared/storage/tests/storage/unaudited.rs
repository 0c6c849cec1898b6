//! What has no audit row: idempotency records, counters of attempts, markets.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use storage::{Answer, Attempts, Claim, Counter, Error, MarketPointer, ObjectRef, Ticket};
use testing::TestTable;
use testing::values::{NOW, account, snapshot_info, tenant, uuid};

fn after(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

fn answer() -> Answer {
    let headers = BTreeMap::from([("location".to_owned(), "/api/v1/clusters/clu_1".to_owned())]);
    Answer { status: 201, headers, body: r#"{"id":"clu_1"}"#.to_owned() }
}

fn ticket(claim: Claim) -> Ticket {
    match claim {
        Claim::New(ticket) => ticket,
        other => panic!("expected a new claim, got {other:?}"),
    }
}

const DAY: i64 = 24 * 3_600;

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first_was_for_a_day() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let claim =
        async |hash, at| table.claim(tenant, "usr_1 create k", hash, after(at)).await.unwrap();

    let first = ticket(claim("hash", 0).await);
    assert_eq!(claim("hash", 1).await, Claim::Running);
    assert_eq!(claim("other", 1).await, Claim::OtherRequest);
    table.record_answer(&first, answer(), after(2)).await.unwrap();
    assert_eq!(claim("hash", 100).await, Claim::Done(answer()));
    assert_eq!(claim("other", 100).await, Claim::OtherRequest);
    assert_eq!(claim("hash", DAY + 1).await, Claim::Done(answer()));
    ticket(claim("other", DAY + 2).await);
}

#[tokio::test]
async fn a_request_that_died_may_be_tried_again_and_its_late_answer_does_not_count() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let claim = async |at| table.claim(tenant, "k", "hash", after(at)).await.unwrap();
    let dead = ticket(claim(0).await);
    assert_eq!(claim(59).await, Claim::Running);
    let second = ticket(claim(60).await);
    let late = table.record_answer(&dead, answer(), after(61)).await;
    assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
    table.release(&dead).await.unwrap();
    assert_eq!(claim(62).await, Claim::Running, "only its own claim is given back");
    table.release(&second).await.unwrap();
    ticket(claim(63).await);
}

#[tokio::test]
async fn of_many_equal_requests_at_once_one_is_carried_out() {
    let table = TestTable::new().await;
    let claims = (0..10).map(|_| table.claim(tenant(1), "k", "hash", NOW));
    let claims = futures::future::try_join_all(claims).await.unwrap();
    let new = claims.iter().filter(|claim| matches!(claim, Claim::New(_))).count();
    let running = claims.iter().filter(|claim| **claim == Claim::Running).count();
    assert_eq!((new, running), (1, 9));
    ticket(table.claim(tenant(2), "k", "hash", NOW).await.unwrap());
}

#[tokio::test]
async fn attempts_are_counted_per_account_and_per_address_and_forgotten_after_a_day() {
    let table = TestTable::new().await;
    let account = Counter::Account("Maria@example.com");
    let none = Attempts::default();
    assert_eq!(table.attempts(account, NOW).await.unwrap(), none);
    assert_eq!(table.count_attempt(account, NOW).await.unwrap(), none);
    let one = Attempts { count: 1, last_at: Some(NOW) };
    assert_eq!(table.attempts(account, after(1)).await.unwrap(), one);
    let same = Counter::Account("maria@EXAMPLE.com");
    assert_eq!(table.count_attempt(same, after(5)).await.unwrap(), one);
    let two = Attempts { count: 2, last_at: Some(after(5)) };
    assert_eq!(table.attempts(account, after(6)).await.unwrap(), two);
    let address = Counter::Address("maria@example.com");
    assert_eq!(table.attempts(address, after(6)).await.unwrap(), none);

    assert_eq!(table.attempts(account, after(DAY + 5)).await.unwrap(), none);
    assert_eq!(table.count_attempt(account, after(DAY + 5)).await.unwrap(), none);
    assert_eq!(table.attempts(account, after(DAY + 6)).await.unwrap().count, 1);
    table.clear_attempts(account).await.unwrap();
    assert_eq!(table.attempts(account, after(DAY + 6)).await.unwrap(), none);
}

#[tokio::test]
async fn of_many_attempts_at_once_each_sees_the_ones_before() {
    let table = TestTable::new().await;
    let attempts = (0..10).map(|_| table.count_attempt(Counter::Address("192.0.2.1"), NOW));
    let attempts = futures::future::try_join_all(attempts).await.unwrap();
    let mut seen: Vec<u32> = attempts.iter().map(|before| before.count).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..10).collect::<Vec<u32>>());
}

#[tokio::test]
async fn the_newest_market_stays() {
    let (table, tenant) = (TestTable::new().await, tenant(1));
    let market = |seconds| {
        let sha256 = format!("{seconds:064}");
        let key = format!("market/{}/acc/{sha256}.json.gz", tenant.org());
        MarketPointer {
            object: ObjectRef { key, sha256 },
            priced_at: after(seconds),
            covered_vcpus: BTreeMap::new(),
        }
    };
    let account = account(1).id;
    let read = async || table.market(tenant, account, "us-east-1").await.unwrap();
    assert_eq!(read().await, None);
    for (seconds, taken) in [(0, true), (10, true), (5, false), (10, true)] {
        let put = table.put_market(tenant, account, "us-east-1", &market(seconds)).await.unwrap();
        assert_eq!(put, taken, "priced after {seconds} s");
    }
    assert_eq!(read().await, Some(market(10)));
    assert_eq!(table.market(tenant, account, "eu-west-1").await.unwrap(), None);
}

#[tokio::test]
async fn the_newest_snapshot_of_each_cluster_stays() {
    let (table, ours) = (TestTable::new().await, tenant(1));
    let ids = [1, 2, 3].map(|n| domain::ClusterId::new(uuid(n)));
    for (id, seconds, taken) in
        [(ids[0], 30, true), (ids[0], 0, false), (ids[1], 0, true), (ids[0], 60, true)]
    {
        let put = table.put_snapshot(ours, id, &snapshot_info(after(seconds))).await.unwrap();
        assert_eq!(put, taken, "{id} after {seconds} s");
    }
    assert_eq!(table.snapshot(ours, ids[0]).await.unwrap(), Some(snapshot_info(after(60))));
    assert_eq!(table.snapshot(ours, ids[2]).await.unwrap(), None);
    let newest = table.snapshots(ours, &ids).await.unwrap();
    let expected = [(ids[0], snapshot_info(after(60))), (ids[1], snapshot_info(NOW))];
    assert_eq!(newest, BTreeMap::from(expected));
    assert_eq!(table.snapshots(tenant(2), &ids).await.unwrap(), BTreeMap::new());
}
