//! Figures that add up, whichever way they are asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use api::harness::{Answer, Harness, Person};
use domain::cluster::Cluster;
use domain::identity::Role;
use domain::ledger::{LedgerHour, Levers, Quality, hour_of};
use domain::plan::PlanState;
use domain::{Money, Tenant};
use http::StatusCode;
use jiff::SignedDuration;
use runtime::Ctx;
use serde_json::{Value, json};
use testing::values::{self, NOW};
use testing::{TestTable, store_snapshot};

const HOURS: i64 = 200;

struct Setting {
    harness: Harness,
    owner: Person,
    clusters: [Cluster; 2],
}

/// Two clusters; of the first, the last 200 hours are closed.
async fn setting() -> Setting {
    let cloud = cloud::Cloud::new(cloud::SdkConfig::builder().build());
    let ctx = Ctx { table: TestTable::new().await.table(), cloud };
    let harness = Harness::new(api_metrics::routes(), ctx, NOW);
    let owner = harness.person(Role::Owner).await;
    let account = values::account(1);
    let clusters = [1, 2].map(|n| values::cluster(&account, n));
    let mut tx = harness.transaction(owner.tenant);
    tx.create(&account);
    for cluster in &clusters {
        tx.create(cluster);
    }
    harness.app.table().commit(tx).await.unwrap();
    let hours: Vec<LedgerHour> = (1..=HOURS).map(|ago| hour(&clusters[0], ago)).collect();
    close(&harness, owner.tenant, &hours).await;
    Setting { harness, owner, clusters }
}

async fn close(harness: &Harness, tenant: Tenant, hours: &[LedgerHour]) {
    for batch in hours.chunks(40) {
        let mut tx = harness.transaction(tenant);
        for hour in batch {
            tx.create(hour);
        }
        harness.app.table().commit(tx).await.unwrap();
    }
}

/// An hour in which every figure is another one, to the last nano-dollar.
fn hour(cluster: &Cluster, ago: i64) -> LedgerHour {
    let nanos = |factor: i64| Money::from_nanos(ago * ago * factor + 1);
    let levers = Levers {
        market: nanos(-3),
        spot_price: nanos(1_000_003),
        consolidation: nanos(70_001),
        hibernation: Money::ZERO,
        overlap: nanos(-11),
    };
    let (actual, residual) = (nanos(5_000_011), nanos(-7));
    LedgerHour {
        baseline: actual + levers.sum() + residual,
        actual,
        actual_spot: nanos(1_000_000),
        levers,
        residual,
        quality: if ago % 4 == 0 { Quality::Estimated } else { Quality::Measured },
        ..values::ledger_hour(cluster, hour_of(NOW) - SignedDuration::from_hours(ago))
    }
}

/// An amount as it goes over the wire.
fn money(view: &Value) -> Money {
    assert_eq!(view["currency"], "USD");
    Money::parse_usd(view["amount"].as_str().unwrap()).unwrap()
}

impl Setting {
    async fn get(&self, path: &str) -> Answer {
        self.harness.get(&self.owner.authorization, &format!("/api/v1/metrics{path}")).await
    }

    /// The whole ledger of the first cluster, page by page, newest first.
    async fn ledger(&self, limit: u32) -> Vec<Value> {
        let mut items = Vec::new();
        let first = format!("/ledger?cluster_id={}&limit={limit}", self.clusters[0].id);
        let mut path = first.clone();
        loop {
            let page = self.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.body);
            let found = page.body["items"].as_array().unwrap();
            assert!(found.len() <= limit as usize);
            items.extend(found.iter().cloned());
            match page.body["next_cursor"].as_str() {
                Some(cursor) => path = format!("{first}&cursor={cursor}"),
                None => return items,
            }
        }
    }
}

#[tokio::test]
async fn each_hours_levers_and_residual_are_baseline_less_actual_exactly() {
    let setting = setting().await;
    let ledger = setting.ledger(200).await;
    assert_eq!(ledger.len(), HOURS as usize);
    for (item, ago) in ledger.iter().zip(1..) {
        let stored = hour(&setting.clusters[0], ago);
        assert_eq!(item["hour"], json!(stored.hour));
        let levers = item["levers"].as_object().unwrap();
        let sum: Money = levers.values().map(money).sum();
        let residual = money(&item["residual"]);
        let difference = money(&item["baseline"]) - money(&item["actual"]);
        assert_eq!(sum + residual, difference, "{item}");
        // And none stands in another one's place.
        let Levers { market, spot_price, consolidation, hibernation, overlap } = stored.levers;
        let shown = ["market", "spot_price", "consolidation", "hibernation", "overlap"];
        assert_eq!(
            shown.map(|name| money(&levers[name])),
            [market, spot_price, consolidation, hibernation, overlap]
        );
        assert_eq!((money(&item["actual"]), residual), (stored.actual, stored.residual));
    }
    let lines = ledger[0]["lines"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0]["seconds"]), (1, &json!(3 * 3_600)));
}

#[tokio::test]
async fn pages_of_the_ledger_hold_every_hour_once() {
    let setting = setting().await;
    assert_eq!(setting.ledger(7).await, setting.ledger(200).await);
    let id = setting.clusters[0].id;
    let (from, to) = (hour(&setting.clusters[0], 5).hour, hour(&setting.clusters[0], 2).hour);
    let some = setting.get(&format!("/ledger?cluster_id={id}&from={from}&to={to}")).await;
    let hours: Vec<&Value> =
        some.body["items"].as_array().unwrap().iter().map(|item| &item["hour"]).collect();
    let expected = [3, 4, 5].map(|ago| json!(hour(&setting.clusters[0], ago).hour));
    assert_eq!(hours, expected.iter().collect::<Vec<_>>(), "from counts, to does not");
}

#[tokio::test]
async fn a_page_is_gone_on_from_after_an_hour_has_begun_meanwhile() {
    let setting = setting().await;
    let first = format!("/ledger?cluster_id={}&limit=7", setting.clusters[0].id);
    let page = setting.get(&first).await.body;
    setting.harness.pass(SignedDuration::from_hours(1));
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = setting.get(&format!("{first}&cursor={cursor}")).await.body;
    assert_eq!(next["items"][0]["hour"], json!(hour(&setting.clusters[0], 8).hour), "{next}");
}

#[tokio::test]
async fn the_dashboards_sums_are_those_of_its_hours() {
    let setting = setting().await;
    let ledger = setting.ledger(200).await;
    let sum = |hours: &[&Value], field: &str| -> Money {
        hours.iter().map(|hour| money(&hour[field])).sum()
    };
    let month = ledger.iter().filter(|hour| hour["hour"].as_str().unwrap() >= "2046-03-01");
    let month: Vec<&Value> = month.collect();
    assert!(!month.is_empty() && month.len() < ledger.len(), "some are of February");
    let dashboard = setting.get("/dashboard").await.body;
    let saved = &dashboard["saved_this_month"];
    assert_eq!(money(&saved["baseline"]), sum(&month, "baseline"));
    assert_eq!(money(&saved["actual"]), sum(&month, "actual"));
    assert_eq!(money(&saved["amount"]), sum(&month, "baseline") - sum(&month, "actual"));
    let measured = month.iter().filter(|hour| hour["quality"] == "measured").count();
    let share = (measured as f64 / month.len() as f64 * 1_000.0).round() / 10.0;
    let shown = saved["measured_share_percent"].as_f64().unwrap();
    assert!((shown - share).abs() < 0.06, "{shown} {share}");

    // By day: every closed hour is in one point. By hour: those that begin in the last seven days.
    let everything: Vec<&Value> = ledger.iter().collect();
    let week: Vec<&Value> = ledger[..7 * 24 - 1].iter().collect();
    for (days, hours) in [(30, everything), (7, week)] {
        let dashboard = setting.get(&format!("/dashboard?days={days}")).await.body;
        let points: Vec<&Value> = dashboard["series"].as_array().unwrap().iter().collect();
        for field in ["baseline", "actual"] {
            assert_eq!(sum(&points, field), sum(&hours, field), "{field} of {days} days");
        }
        assert_eq!(sum(&points, "spot") + sum(&points, "on_demand"), sum(&points, "actual"));
        assert_eq!(points.len(), if days == 7 { 7 * 24 - 1 } else { 9 });
    }
}

#[tokio::test]
async fn the_whole_is_the_sum_of_its_clusters() {
    let setting = setting().await;
    let (table, tenant) = (setting.harness.app.table(), setting.owner.tenant);
    let hours: Vec<LedgerHour> = (1..=30).map(|ago| hour(&setting.clusters[1], ago)).collect();
    close(&setting.harness, tenant, &hours).await;
    for (cluster, nodes) in setting.clusters.iter().zip([2, 3]) {
        store_snapshot(table, tenant, cluster, &values::snapshot_of(nodes)).await;
    }
    let whole = setting.get("/dashboard").await.body;
    let mut parts = Vec::new();
    for cluster in &setting.clusters {
        parts.push(setting.get(&format!("/clusters/{}", cluster.id)).await.body);
    }
    assert_eq!(
        (&whole["nodes"], &parts[0]["nodes"], &parts[1]["nodes"]),
        (&json!(5), &json!(2), &json!(3))
    );
    assert_eq!(money(&whole["cost_per_hour"]), Money::from_nanos(5 * 96_000_000));
    for field in ["amount", "baseline", "actual"] {
        let part = |at: usize| money(&parts[at]["saved_this_month"][field]);
        assert_eq!(money(&whole["saved_this_month"][field]), part(0) + part(1), "{field}");
    }
    for (row, part) in whole["clusters"].as_array().unwrap().iter().zip(&parts) {
        assert_eq!(row, &part["clusters"][0]);
        assert_eq!(row["saved_this_month"], part["saved_this_month"]["amount"]);
        assert_eq!(row["status"], "waiting_for_agent");
    }
    for kind in ["lifecycle", "architecture", "family", "instance_type"] {
        let shares = whole["distribution"][kind].as_array().unwrap();
        let nodes: u64 = shares.iter().map(|share| share["nodes"].as_u64().unwrap()).sum();
        let cost: Money = shares.iter().map(|share| money(&share["cost_per_hour"])).sum();
        assert_eq!((nodes, cost), (5, money(&whole["cost_per_hour"])), "{kind}");
    }
}

#[tokio::test]
async fn plans_that_wait_are_counted_and_pointed_at() {
    let setting = setting().await;
    let mut tx = setting.harness.transaction(setting.owner.tenant);
    let waiting = values::optimization(&setting.clusters[0], 1);
    tx.create(&waiting);
    let mut failed = values::optimization(&setting.clusters[1], 1);
    failed.state = PlanState::Failed;
    tx.create(&failed);
    setting.harness.app.table().commit(tx).await.unwrap();
    let dashboard = setting.get("/dashboard").await.body;
    assert_eq!(dashboard["plans_waiting"], 1);
    let links: Vec<&str> = dashboard["attention"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["href"].as_str().unwrap())
        .collect();
    assert!(links.contains(&format!("/plans/{}", waiting.id).as_str()), "{links:?}");
    assert!(links.contains(&format!("/plans/{}", failed.id).as_str()), "{links:?}");
    assert_eq!(dashboard["attention"][0]["severity"], "danger", "the worst comes first");
}

#[tokio::test]
async fn another_tenants_cluster_looks_as_if_it_were_not_there() {
    let setting = setting().await;
    let stranger = setting.harness.person(Role::Owner).await;
    let absent = values::cluster(&values::account(1), 99).id;
    let ask = async |path: String| {
        let mut answer = setting.harness.get(&stranger.authorization, &path).await;
        answer.body["request_id"] = Value::Null;
        (answer.status, answer.body)
    };
    for lead in ["/api/v1/metrics/clusters/", "/api/v1/metrics/ledger?cluster_id="] {
        let foreign = ask(format!("{lead}{}", setting.clusters[0].id)).await;
        assert_eq!(foreign.0, StatusCode::NOT_FOUND);
        assert_eq!(foreign, ask(format!("{lead}{absent}")).await);
    }
    let empty = ask("/api/v1/metrics/dashboard".to_owned()).await.1;
    assert_eq!((&empty["nodes"], &empty["series"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn spans_and_bounds_that_make_no_sense_are_refused_by_name() {
    let setting = setting().await;
    let id = setting.clusters[0].id;
    for (path, code, pointer) in [
        ("/dashboard?days=0".to_owned(), "invalid", "?days"),
        ("/dashboard?days=91".to_owned(), "invalid", "?days"),
        ("/dashboard?days=many".to_owned(), "bad-request", ""),
        (format!("/clusters/{id}?days=0"), "invalid", "?days"),
        ("/clusters/clu_1".to_owned(), "not-found", ""),
        ("/ledger".to_owned(), "bad-request", ""),
        ("/ledger?cluster_id=clu_1".to_owned(), "bad-request", ""),
        (format!("/ledger?cluster_id={id}&limit=201"), "invalid", "?limit"),
        (format!("/ledger?cluster_id={id}&cursor=x"), "bad-request", ""),
        (format!("/ledger?cluster_id={id}&from=yesterday"), "bad-request", ""),
        (
            format!("/ledger?cluster_id={id}&from=2046-01-02T00:00:00Z&to=2046-01-01T00:00:00Z"),
            "invalid",
            "?from",
        ),
    ] {
        let refused = setting.get(&path).await;
        assert_eq!(refused.code(), code, "{path}");
        assert_eq!(refused.body["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer);
    }
}
