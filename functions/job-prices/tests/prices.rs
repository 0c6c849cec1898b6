//! Markets are read for every account and region that has clusters.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use domain::offering::{CapacityType, Market, Pool};
use runtime::Ctx;
use std::collections::BTreeMap;
use storage::MarketPointer;
use testing::{Customer, Installation, store, values};

async fn pointer(ctx: &Ctx, of: &Customer) -> Option<MarketPointer> {
    ctx.table.market(of.tenant, of.account.id, &of.cluster.region).await.unwrap()
}

#[tokio::test]
async fn a_market_is_what_the_account_may_buy_at_the_prices_of_now() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 1).await;
    let (ctx, now) = (&installation.ctx, installation.now());
    job_prices::run(ctx, now).await.unwrap();

    let pointer = pointer(ctx, &customer).await.unwrap();
    assert_eq!(pointer.priced_at, now);
    let market: Market = ctx.objects().get(customer.tenant, &pointer.object).await.unwrap();
    assert_eq!((market.region.as_str(), market.priced_at), ("us-east-1", now));
    let price = |capacity_type| {
        let (instance_type, zone) = ("m5.large".to_owned(), "us-east-1a".to_owned());
        let pool = Pool { instance_type, zone, capacity_type };
        let offering = market.offering(&pool).unwrap();
        assert!(!offering.estimated, "AWS told it");
        offering.price_per_hour
    };
    let spot = installation.world.look(|state| {
        let (instance_type, zone) = ("m5.large".to_owned(), "us-east-1a".to_owned());
        let pool = Pool { instance_type, zone, capacity_type: CapacityType::Spot };
        simulator::aws::spot_price_at(&state.aws, &pool, now).unwrap()
    });
    assert_eq!(price(CapacityType::Spot), spot);
    assert_eq!(price(CapacityType::OnDemand), domain::Money::from_nanos(96_000_000));
}

#[tokio::test]
async fn what_reserved_instances_pay_for_is_kept_beside_the_market() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 1).await;
    let reservation = simulator::aws::Reservation {
        region: customer.cluster.region.clone(),
        instance_type: "m5.xlarge".to_owned(),
        count: 2,
        active: true,
    };
    let account = &customer.account.aws_account_id;
    installation
        .world
        .change(|state| state.aws.accounts.get_mut(account).unwrap().reservations.push(reservation))
        .unwrap();
    job_prices::run(&installation.ctx, installation.now()).await.unwrap();
    let pointer = pointer(&installation.ctx, &customer).await.unwrap();
    assert_eq!(pointer.covered_vcpus, BTreeMap::from([("m5".to_owned(), 8)]));
}

#[tokio::test]
async fn a_market_is_read_once_however_many_clusters_are_in_it() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 1).await;
    let ctx = &installation.ctx;
    store(&ctx.table, customer.tenant, |tx| {
        tx.create(&values::cluster(&customer.account, 100));
    })
    .await;
    // Whoever looks into the account a second time fails.
    let call = "sts:AssumeRole".to_owned();
    let effect = simulator::FaultEffect::FailBefore;
    installation.world.faults().inject(simulator::Fault { call, after: 1, times: 99, effect });
    job_prices::run(ctx, installation.now()).await.unwrap();
    assert!(pointer(ctx, &customer).await.is_some());
}

#[tokio::test]
async fn the_same_event_again_gives_the_same_market_and_an_older_one_changes_nothing() {
    let installation = Installation::new().await;
    let customer = installation.customer(1, 1).await;
    let ctx = &installation.ctx;
    let early = installation.now();
    job_prices::run(ctx, early).await.unwrap();
    let first = pointer(ctx, &customer).await;
    job_prices::run(ctx, early).await.unwrap();
    assert_eq!(pointer(ctx, &customer).await, first);

    installation.pass(15);
    job_prices::run(ctx, installation.now()).await.unwrap();
    let second = pointer(ctx, &customer).await;
    assert_ne!(second, first);
    job_prices::run(ctx, early).await.unwrap();
    assert_eq!(pointer(ctx, &customer).await, second, "an event that came late");
}

#[tokio::test]
async fn one_tenants_failure_stops_no_other_and_fails_the_run() {
    let installation = Installation::new().await;
    let first = installation.customer(1, 1).await;
    let second = installation.customer_without_role(2).await;
    let third = installation.customer(3, 1).await;
    let ctx = &installation.ctx;
    let failed = job_prices::run(ctx, installation.now()).await.unwrap_err();
    assert_eq!(failed.to_string(), "1 of 3 markets failed");
    assert!(pointer(ctx, &first).await.is_some());
    assert_eq!(pointer(ctx, &second).await, None);
    assert!(pointer(ctx, &third).await.is_some());
}
