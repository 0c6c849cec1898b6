//! Plans are made for every cluster that has no open one, and for no other.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use domain::Tenant;
use domain::cluster::Cluster;
use domain::instance::InstanceRecord;
use domain::offering::CapacityType;
use domain::optimization::Optimization;
use domain::plan::{Plan, PlanState, PlanningInput};
use domain::policy::Policy;
use domain::risk::{Experience, RiskModel};
use domain::snapshot::ClusterSnapshot;
use jiff::SignedDuration;
use runtime::Ctx;
use std::collections::BTreeMap;
use storage::{MarketPointer, ObjectRef, PageRequest, Table};
use testing::values::{self, NOW};
use testing::{TestTable, store, store_market, store_snapshot};

async fn ctx() -> Ctx {
    let cloud = cloud::Cloud::new(cloud::SdkConfig::builder().build());
    Ctx { table: TestTable::new().await.table(), cloud }
}

/// Tenant `n` with a cluster that one node less would do for.
async fn wasteful(table: &Table, n: u128, policy: Policy) -> (Tenant, Cluster) {
    let (tenant, account) = (values::tenant(n), values::account(n));
    let cluster = Cluster { policy, ..values::cluster(&account, n) };
    store(table, tenant, |tx| {
        tx.create(&account);
        tx.create(&cluster);
    })
    .await;
    store_market(table, tenant, &cluster, &values::market()).await;
    store_snapshot(table, tenant, &cluster, &values::snapshot()).await;
    (tenant, cluster)
}

async fn plans(table: &Table, tenant: Tenant) -> Vec<Optimization> {
    let page = table.optimizations(tenant, &PageRequest::new(50, None)).await.unwrap();
    page.items.into_iter().map(|stored| stored.value).collect()
}

#[tokio::test]
async fn a_cluster_gets_a_plan_that_can_be_replayed_from_what_is_stored() {
    let ctx = ctx().await;
    let (tenant, cluster) = wasteful(&ctx.table, 1, Policy::default()).await;
    job_optimize::run(&ctx, NOW).await.unwrap();

    let plans = plans(&ctx.table, tenant).await;
    assert_eq!(plans.len(), 1);
    let made = &plans[0];
    assert_eq!((made.state, made.generation, made.created_at), (PlanState::Proposed, 1, NOW));
    assert_eq!((made.before.nodes, made.after.nodes, made.commands), (2, 1, 1));
    assert_eq!(ctx.table.cluster(tenant, cluster.id).await.unwrap().value.generation, 1);

    let body = ObjectRef { key: made.plan_key.clone(), sha256: made.plan_hash.clone() };
    let plan: Plan = ctx.objects().get(tenant, &body).await.unwrap();
    let input = ObjectRef::from_key(&made.input_key).unwrap();
    let input: PlanningInput = ctx.objects().get(tenant, &input).await.unwrap();
    assert_eq!(planner::plan(&input), plan);
}

#[tokio::test]
async fn a_plan_rests_on_the_clusters_own_interruptions_and_on_what_is_reserved() {
    let ctx = ctx().await;
    let (tenant, cluster) = wasteful(&ctx.table, 1, Policy::default()).await;
    let pool = values::pool("m5.large", CapacityType::Spot);
    let ran = |n, hours, reclaimed| InstanceRecord {
        pool: pool.clone(),
        launched_at: NOW - SignedDuration::from_hours(hours),
        terminated_at: Some(NOW - SignedDuration::from_hours(1)),
        reclaimed,
        ..values::instance(n)
    };
    // The third began before the month that counts; the last was gone before anyone looked.
    let records = [
        ran(1, 11, Some(true)),
        ran(2, 31, Some(false)),
        ran(3, 24 * 30 + 9, Some(true)),
        ran(4, 50, None),
    ];
    ctx.table.put_instances(tenant, cluster.id, &records).await.unwrap();
    let covered = BTreeMap::from([("m5".to_owned(), 4)]);
    let known = ctx.table.market(tenant, cluster.account, &cluster.region).await.unwrap().unwrap();
    let priced_at = known.priced_at + SignedDuration::from_secs(1);
    let known = MarketPointer { covered_vcpus: covered.clone(), priced_at, ..known };
    ctx.table.put_market(tenant, cluster.account, &cluster.region, &known).await.unwrap();
    let now = NOW + SignedDuration::from_secs(1);
    job_optimize::run(&ctx, now).await.unwrap();

    let made = plans(&ctx.table, tenant).await.remove(0);
    let input = ObjectRef::from_key(&made.input_key).unwrap();
    let input: PlanningInput = ctx.objects().get(tenant, &input).await.unwrap();
    let mut seen = RiskModel::default();
    // The third's month is a second short of 719 hours.
    seen.note(&pool, Experience { interruptions: 2, instance_hours: 10 + 30 + 24 * 30 - 2 });
    assert_eq!(input.risk, seen);
    assert_eq!(input.covered_vcpus, covered);
    // Two m5.large are paid for: nothing is saved by doing without one.
    assert_eq!((made.before.cost_per_hour, made.commands), (domain::Money::ZERO, 0));
}

#[tokio::test]
async fn the_same_event_again_changes_nothing() {
    let ctx = ctx().await;
    let (tenant, _) = wasteful(&ctx.table, 1, Policy::default()).await;
    job_optimize::run(&ctx, NOW).await.unwrap();
    let first = plans(&ctx.table, tenant).await;
    job_optimize::run(&ctx, NOW).await.unwrap();
    assert_eq!(plans(&ctx.table, tenant).await, first);
}

#[tokio::test]
async fn an_open_plan_is_left_alone_until_it_expires() {
    let ctx = ctx().await;
    let (tenant, cluster) = wasteful(&ctx.table, 1, Policy::default()).await;
    job_optimize::run(&ctx, NOW).await.unwrap();
    let later = async |hours| {
        let now = NOW + SignedDuration::from_hours(hours);
        let mut market = values::market();
        market.priced_at = now;
        store_market(&ctx.table, tenant, &cluster, &market).await;
        let snapshot = ClusterSnapshot { taken_at: now, ..values::snapshot() };
        store_snapshot(&ctx.table, tenant, &cluster, &snapshot).await;
        job_optimize::run(&ctx, now).await.unwrap();
        plans(&ctx.table, tenant).await
    };
    assert_eq!(later(23).await.len(), 1);
    let after = later(24).await;
    let states: Vec<PlanState> = after.iter().map(|plan| plan.state).collect();
    assert_eq!(states, [PlanState::Proposed, PlanState::Expired]);
    assert_eq!((after[0].generation, after[1].generation), (2, 1));
}

#[tokio::test]
async fn a_plan_is_approved_by_a_policy_that_says_so_and_by_no_other() {
    let ctx = ctx().await;
    let (asks, _) = wasteful(&ctx.table, 1, Policy::default()).await;
    let (approves, _) =
        wasteful(&ctx.table, 2, Policy { auto_approve: true, ..Policy::default() }).await;
    job_optimize::run(&ctx, NOW).await.unwrap();
    assert_eq!(plans(&ctx.table, asks).await[0].state, PlanState::Proposed);
    let approved = &plans(&ctx.table, approves).await[0];
    assert_eq!(approved.state, PlanState::Approved);
    assert_eq!(approved.approved_by.as_deref(), Some("policy"));
}

#[tokio::test]
async fn a_plan_without_commands_is_not_approved_by_anybody() {
    let ctx = ctx().await;
    // Every node is too young to be moved.
    let policy = Policy { auto_approve: true, cooldown_minutes: 7 * 24 * 60, ..Policy::default() };
    let (tenant, _) = wasteful(&ctx.table, 1, policy).await;
    job_optimize::run(&ctx, NOW).await.unwrap();
    let plans = plans(&ctx.table, tenant).await;
    assert_eq!((plans[0].commands, plans[0].state), (0, PlanState::Proposed));
}

#[tokio::test]
async fn nothing_is_planned_on_data_that_is_missing_stale_or_empty() {
    let ctx = ctx().await;
    let (table, ago) = (&ctx.table, |seconds| NOW - SignedDuration::from_secs(seconds));
    let mut tenants = Vec::new();
    for n in 1..=6 {
        let (tenant, account) = (values::tenant(n), values::account(n));
        let mut cluster = values::cluster(&account, n);
        cluster.optimisation_enabled = n != 6;
        store(table, tenant, |tx| {
            tx.create(&account);
            tx.create(&cluster);
        })
        .await;
        let (mut snapshot, mut market) = (values::snapshot(), values::market());
        match n {
            1 => snapshot.taken_at = ago(91),
            2 => market.priced_at = ago(3_601),
            3 => snapshot.nodes.clear(),
            _ => {}
        }
        if n != 4 {
            store_snapshot(table, tenant, &cluster, &snapshot).await;
        }
        if n != 5 {
            store_market(table, tenant, &cluster, &market).await;
        }
        tenants.push(tenant);
    }
    // Not a failure: each cluster's page says what is the matter.
    job_optimize::run(&ctx, NOW).await.unwrap();
    for tenant in tenants {
        assert_eq!(plans(table, tenant).await, [], "{tenant:?}");
    }
}

#[tokio::test]
async fn one_tenants_failure_stops_no_other_and_fails_the_run() {
    let ctx = ctx().await;
    let mut all = Vec::new();
    for n in 1..=3 {
        all.push(wasteful(&ctx.table, n, Policy::default()).await);
    }
    // The second one's newest snapshot is lost from the object store.
    let (tenant, cluster) = &all[1];
    let info = ctx.table.snapshot(*tenant, cluster.id).await.unwrap().unwrap();
    let lost = ObjectRef { key: info.object_key, sha256: info.sha256 };
    ctx.objects().delete(*tenant, &lost).await.unwrap();

    let failed = job_optimize::run(&ctx, NOW).await.unwrap_err();
    assert_eq!(failed.to_string(), "1 of 3 clusters failed");
    let made: Vec<usize> = [
        plans(&ctx.table, all[0].0).await.len(),
        plans(&ctx.table, all[1].0).await.len(),
        plans(&ctx.table, all[2].0).await.len(),
    ]
    .into();
    assert_eq!(made, [1, 0, 1]);
}
