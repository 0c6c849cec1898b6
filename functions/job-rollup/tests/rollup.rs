//! Hours of the ledger are closed once, for good, and add up.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use domain::cluster::Cluster;
use domain::ledger::{Baseline, LedgerHour, Quality, hour_of};
use domain::offering::CapacityType;
use domain::{Money, Tenant};
use jiff::SignedDuration;
use runtime::Ctx;
use storage::PageRequest;
use testing::{Customer, Installation, store, values};

/// Closed hours, newest first.
async fn hours(ctx: &Ctx, of: &Customer) -> Vec<LedgerHour> {
    let span = (values::NOW, values::NOW + SignedDuration::from_hours(1_000));
    let page = PageRequest::new(200, None);
    ctx.table.ledger_hours(of.tenant, of.cluster.id, span, &page).await.unwrap().items
}

async fn rows(ctx: &Ctx, tenant: Tenant) -> Vec<String> {
    let rows = ctx.table.audit_chain(tenant, &PageRequest::new(200, None)).await.unwrap().items;
    domain::audit::verify_chain(&rows).unwrap();
    rows.into_iter().map(|row| row.action).collect()
}

/// Fixes the baseline at the fleet of now.
async fn fix_baseline(installation: &Installation, of: &Customer) {
    let snapshot = installation.snapshot(of).await;
    let baseline = Baseline::fix(&snapshot, &values::market(), installation.now());
    let table = &installation.ctx.table;
    let stored = table.cluster(of.tenant, of.cluster.id).await.unwrap();
    let changed = Cluster { baseline: Some(baseline), ..stored.value.clone() };
    store(table, of.tenant, |tx| {
        tx.update(&stored, changed);
    })
    .await;
}

#[tokio::test]
async fn every_hour_that_has_ended_is_closed_and_adds_up() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 4).await;
    let ctx = &installation.ctx;
    installation.pass(2);
    fix_baseline(&installation, &customer).await;
    // Registered at 10:30: 11:00 is the first whole hour. One of four nodes goes at 12:00.
    installation.pass(88);
    let aws = installation.aws(&customer).await;
    let one = aws.instances(&customer.cluster.name).await.unwrap().remove(0);
    let termination = cloud::Termination {
        cluster: customer.cluster.name.clone(),
        instance_id: one.id,
        node_group: one.node_group,
    };
    aws.terminate_instance(&termination).await.unwrap();
    for minutes in [5, 60] {
        installation.pass(minutes);
        job_rollup::run(ctx, installation.now()).await.unwrap();
    }

    let hours = hours(ctx, &customer).await;
    let expected = hour_of(values::NOW) + SignedDuration::from_hours(2);
    assert_eq!(hours[0].hour, expected);
    assert_eq!(hours[1].hour, expected - SignedDuration::from_hours(1));
    assert_eq!(hours.len(), 2, "13:00 has not ended at 13:05");
    for hour in &hours {
        assert_eq!(hour.baseline - hour.actual, hour.levers.sum() + hour.residual);
        assert_eq!((hour.residual, hour.quality), (Money::ZERO, Quality::Measured));
        let lines: Money = hour.lines.iter().map(|line| line.cost).sum();
        assert_eq!(lines, hour.actual);
        assert_eq!(hour.baseline, Money::from_nanos(4 * 96_000_000));
    }
    assert_eq!(hours[1].actual, hours[1].baseline, "four nodes ran");
    let consolidated = hours[0].levers.consolidation;
    let (least, most) = (Money::from_nanos(94_000_000), Money::from_nanos(96_000_000));
    assert!((least..=most).contains(&consolidated), "{consolidated} of one node");
    assert_eq!(hours[0].baseline - hours[0].actual, consolidated);
}

#[tokio::test]
async fn the_same_event_again_closes_nothing_twice() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 2).await;
    let ctx = &installation.ctx;
    installation.pass(200);
    let now = installation.now();
    job_rollup::run(ctx, now).await.unwrap();
    let first = (hours(ctx, &customer).await, rows(ctx, customer.tenant).await);
    assert_eq!(first.0.len(), 2);
    job_rollup::run(ctx, now).await.unwrap();
    assert_eq!((hours(ctx, &customer).await, rows(ctx, customer.tenant).await), first);
}

#[tokio::test]
async fn hours_that_could_not_be_closed_in_time_are_closed_by_a_later_run() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 2).await;
    let ctx = &installation.ctx;
    // More than go into one transaction.
    installation.pass(60 * 60);
    job_rollup::run(ctx, installation.now()).await.unwrap();
    let closed = hours(ctx, &customer).await;
    assert_eq!(closed.len(), 59);
    let hour = SignedDuration::from_hours(1);
    assert!(closed.windows(2).all(|two| two[0].hour == two[1].hour + hour), "none is left out");
    let watermark = ctx.table.ledger_watermark(customer.tenant, customer.cluster.id).await;
    assert_eq!(
        watermark.unwrap().unwrap().value.closed_until,
        hour_of(installation.now()),
        "the next run goes on from here"
    );
}

#[tokio::test]
async fn before_a_baseline_is_fixed_nothing_is_claimed() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 2).await;
    installation.pass(100);
    job_rollup::run(&installation.ctx, installation.now()).await.unwrap();
    let hours = hours(&installation.ctx, &customer).await;
    assert_eq!(hours.len(), 1);
    assert_eq!(hours[0].baseline, hours[0].actual);
    assert_eq!(hours[0].actual, Money::from_nanos(2 * 96_000_000));
    assert_eq!(hours[0].levers.sum() + hours[0].residual, Money::ZERO);
}

#[tokio::test]
async fn one_tenants_failure_stops_no_other_and_fails_the_run() {
    let installation = Installation::new().await;
    let first = installation.customer(1, 1).await;
    let second = installation.customer_without_role(2).await;
    let third = installation.customer(3, 1).await;
    let ctx = &installation.ctx;
    installation.pass(100);
    let failed = job_rollup::run(ctx, installation.now()).await.unwrap_err();
    assert_eq!(failed.to_string(), "1 of 3 ledgers failed");
    assert_eq!(hours(ctx, &first).await.len(), 1);
    assert_eq!(hours(ctx, &second).await.len(), 0);
    assert_eq!(hours(ctx, &third).await.len(), 1);
}

#[tokio::test]
async fn an_hour_whose_prices_cannot_be_read_waits_for_a_later_run() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 1).await;
    let ctx = &installation.ctx;
    installation.pass(100);
    let call = "pricing:GetProducts".to_owned();
    let effect = simulator::FaultEffect::FailBefore;
    installation.world.faults().inject(simulator::Fault { call, after: 0, times: 99, effect });
    job_rollup::run(ctx, installation.now()).await.unwrap_err();
    assert_eq!(hours(ctx, &customer).await, []);
    installation.world.faults().clear();
    job_rollup::run(ctx, installation.now()).await.unwrap();
    assert_eq!(hours(ctx, &customer).await.len(), 1);
}

#[tokio::test]
async fn it_is_known_which_instances_ec2_took_back_and_which_ended_unseen() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 3).await;
    let ctx = &installation.ctx;
    installation.pass(30);
    let aws = installation.aws(&customer).await;
    let ids: Vec<String> = aws
        .instances(&customer.cluster.name)
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.id)
        .collect();
    installation
        .world
        .change(|state| {
            let account = state.aws.accounts.get_mut(&customer.account.aws_account_id).unwrap();
            for instance in account.instances.values_mut() {
                instance.pool.capacity_type = CapacityType::Spot;
            }
        })
        .unwrap();
    let rollup = async || {
        let now = installation.now();
        job_rollup::run(ctx, now).await.unwrap();
        ctx.table
            .instances_within(customer.tenant, customer.cluster.id, values::NOW, now)
            .await
            .unwrap()
            .into_iter()
            .filter_map(|record| {
                let number = ids.iter().position(|id| *id == record.instance_id)?;
                Some((number, record.reclaimed))
            })
            .collect::<std::collections::BTreeMap<usize, Option<bool>>>()
    };
    assert!(rollup().await.values().all(Option::is_none), "all of them run");
    assert!(installation.world.interrupt(&ids[0]).unwrap());
    let termination = cloud::Termination {
        cluster: customer.cluster.name.clone(),
        instance_id: ids[1].clone(),
        node_group: None,
    };
    aws.terminate_instance(&termination).await.unwrap();
    installation.pass(30);
    let ended = rollup().await;
    assert_eq!((ended[&0], ended[&1], ended[&2]), (Some(true), Some(false), None));

    // AWS forgets a terminated instance after an hour.
    assert!(installation.world.interrupt(&ids[2]).unwrap());
    installation.pass(90);
    assert_eq!(rollup().await[&2], None);
}
