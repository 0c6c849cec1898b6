//! The product's AWS code, through the real SDK, against the simulated AWS.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

mod support;

use cloud::{Error, InstanceState, LinkCheck, NodeGroupStatus, Scaling, Termination};
use domain::Money;
use domain::offering::CapacityType;
use jiff::SignedDuration;
use simulator::aws::{Reservation, Trust, spot_price_at};
use simulator::{Fault, FaultEffect};
use std::collections::BTreeMap;
use support::{ACCOUNT, group, link, pool, small};

fn fault(call: &str, after: u32, times: u32, effect: FaultEffect) -> Fault {
    Fault { call: call.into(), after, times, effect }
}

fn termination(instance_id: &str, node_group: &str) -> Termination {
    Termination {
        cluster: "web".into(),
        instance_id: instance_id.into(),
        node_group: Some(node_group.into()),
    }
}

#[tokio::test]
async fn a_link_is_accepted_only_if_the_external_id_is_what_lets_us_in() {
    let it = small();
    let verify = async || it.cloud.verify_link(&link("right")).await.unwrap();
    assert_eq!(verify().await, LinkCheck::Accepted);

    for (trust, expected) in [
        (Trust::ExternalId("other".into()), LinkCheck::Refused),
        (Trust::Anything, LinkCheck::ExternalIdNotRequired),
        (Trust::SomeExternalId, LinkCheck::ExternalIdNotChecked),
    ] {
        it.world
            .change(|state| {
                let account = state.aws.accounts.get_mut(ACCOUNT).unwrap();
                account.install_role("spot-optimizer", trust);
            })
            .unwrap();
        assert_eq!(verify().await, expected);
    }
    let denied = it.cloud.assume(&link("right")).await;
    assert!(denied.is_ok(), "some ExternalId is enough for the last of these roles");
}

#[tokio::test]
async fn a_wrong_external_id_an_unknown_role_and_an_unknown_account_are_all_denied() {
    let it = small();
    let elsewhere = cloud::RoleLink {
        role_arn: "arn:aws:iam::999999999999:role/spot-optimizer".into(),
        ..link("right")
    };
    let no_role =
        cloud::RoleLink { role_arn: format!("arn:aws:iam::{ACCOUNT}:role/other"), ..link("right") };
    for bad in [link("wrong"), elsewhere, no_role] {
        assert!(matches!(it.cloud.assume(&bad).await, Err(Error::Denied { .. })), "{bad:?}");
    }
}

#[tokio::test]
async fn what_the_role_may_not_do_is_denied_by_name() {
    let it = small();
    let account = it.account().await;
    it.world
        .change(|state| {
            let role = &mut state.aws.accounts.get_mut(ACCOUNT).unwrap().roles[0];
            role.denied.extend(["eks:ListClusters", "ec2:TerminateInstances"].map(String::from));
        })
        .unwrap();
    let denied = account.clusters().await.unwrap_err();
    assert!(matches!(denied, Error::Denied { operation: "ListClusters", .. }), "{denied}");
    assert!(!account.may_terminate("i-0").await.unwrap());
}

#[tokio::test]
async fn clusters_are_listed_over_pages() {
    let it = small();
    it.world
        .change(|state| {
            state.aws.page_limit = Some(2);
            for name in ["a", "b", "c", "d"] {
                state.aws.add_cluster(ACCOUNT, name, &["us-east-1a"], state.now);
            }
            state.aws.add_cluster(ACCOUNT, "elsewhere", &["eu-west-1a"], state.now);
        })
        .unwrap();
    let clusters = it.account().await.clusters().await.unwrap();
    let names: Vec<&str> = clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "web"]);
    assert_eq!(clusters[4].subnet_ids.len(), 3);
    assert!(clusters[0].arn.ends_with(":cluster/a"), "{}", clusters[0].arn);
}

#[tokio::test]
async fn a_node_group_really_launches_instances_which_boot() {
    let it = small();
    let account = it.account().await;
    let made = account.create_node_group(&group(&account, "blue", 3).await).await.unwrap();
    assert_eq!(made.status, NodeGroupStatus::Creating);
    assert_eq!(made.tags.get("spot-optimizer:plan").map(String::as_str), Some("opt_1"));

    let launched = account.instances("web").await.unwrap();
    assert_eq!(launched.len(), 3);
    assert!(launched.iter().all(|one| one.state == InstanceState::Pending));
    assert!(launched.iter().all(|one| one.node_group.as_deref() == Some("blue")));
    assert!(launched.iter().all(|one| one.is_of("web") && !one.is_of("other")));

    it.wait(45);
    let booted = account.instances("web").await.unwrap();
    assert!(booted.iter().all(|one| one.state == InstanceState::Running));
    it.wait(20);
    let group = account.describe_node_group("web", "blue").await.unwrap();
    assert_eq!(group.status, NodeGroupStatus::Active);
    assert_eq!(group.instance_ids.len(), 3);
    assert_eq!(group.labels["team"], "web");
    assert!(!group.lacks_capacity());
}

#[tokio::test]
async fn asking_twice_for_a_group_makes_one() {
    let it = small();
    let account = it.account().await;
    let wanted = group(&account, "blue", 2).await;
    account.create_node_group(&wanted).await.unwrap();
    account.create_node_group(&wanted).await.unwrap();
    assert_eq!(account.instances("web").await.unwrap().len(), 2);

    let other = cloud::NewNodeGroup { instance_types: vec!["c5.xlarge".into()], ..wanted };
    let refused = account.create_node_group(&other).await.unwrap_err();
    assert!(matches!(refused, Error::Conflict { .. }), "the same name, other machines: {refused}");
    assert_eq!(account.instances("web").await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_eks_will_never_make_is_invalid() {
    let it = small();
    let account = it.account().await;
    let good = group(&account, "blue", 1).await;
    for bad in [
        cloud::NewNodeGroup { instance_types: vec!["m5.enormous".into()], ..good.clone() },
        cloud::NewNodeGroup { instance_types: vec!["m5.large".into(); 21], ..good.clone() },
        cloud::NewNodeGroup { subnet_ids: vec!["subnet-0".into()], ..good.clone() },
    ] {
        let refused = account.create_node_group(&bad).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid { .. }), "{refused}");
    }
    let elsewhere = cloud::NewNodeGroup { cluster: "absent".into(), ..good };
    let refused = account.create_node_group(&elsewhere).await.unwrap_err();
    assert!(matches!(refused, Error::NotFound { .. }), "{refused}");
}

#[tokio::test]
async fn a_lost_answer_does_not_launch_twice() {
    let it = small();
    let account = it.account().await;
    let wanted = group(&account, "blue", 2).await;
    it.world.faults().inject(fault("eks:CreateNodegroup", 0, 1, FaultEffect::HangUpAfter));
    account.create_node_group(&wanted).await.unwrap();
    it.world.faults().inject(fault("eks:CreateNodegroup", 0, 1, FaultEffect::FailAfter));
    account.create_node_group(&wanted).await.unwrap();
    assert_eq!(account.instances("web").await.unwrap().len(), 2);
    assert_eq!(account.node_groups("web").await.unwrap().len(), 1);
}

#[tokio::test]
async fn throttling_is_waited_out_and_reported_when_it_does_not_end() {
    let it = small();
    let account = it.account().await;
    it.world.faults().inject(fault("ec2:DescribeInstances", 0, 2, FaultEffect::Throttle));
    account.instances("web").await.unwrap();
    for (call, operation) in [("ec2:Describe", "DescribeInstances"), ("eks:", "DescribeCluster")] {
        it.world.faults().inject(fault(call, 0, 4, FaultEffect::Throttle));
        let throttled = match operation {
            "DescribeInstances" => account.instances("web").await.unwrap_err(),
            _ => account.cluster("web").await.unwrap_err(),
        };
        assert!(matches!(throttled, Error::Throttled { operation: it } if it == operation));
    }
}

#[tokio::test]
async fn no_answer_is_told_apart_from_a_refusal() {
    let it = small();
    let account = it.account().await;
    it.world.faults().inject(fault("ec2:", 0, 4, FaultEffect::HangUpBefore));
    let broken = account.instances("web").await.unwrap_err();
    assert!(matches!(broken, Error::Unavailable { source: Some(_), .. }), "{broken}");
    it.world.faults().inject(fault("eks:", 0, 4, FaultEffect::FailBefore));
    let failed = account.clusters().await.unwrap_err();
    assert!(matches!(failed, Error::Unavailable { source: None, .. }), "{failed}");
}

#[tokio::test]
async fn without_capacity_a_group_says_so_within_seconds_and_fails_in_the_end() {
    let it = small();
    let account = it.account().await;
    it.set_capacity(&pool("m5.xlarge", "us-east-1a", CapacityType::OnDemand), 1);
    let mut wanted = group(&account, "blue", 3).await;
    let subnets = account.subnets("web").await.unwrap();
    let in_a = subnets.iter().find(|subnet| subnet.zone == "us-east-1a").unwrap();
    wanted.subnet_ids = vec![in_a.id.clone()];
    account.create_node_group(&wanted).await.unwrap();
    let group = account.describe_node_group("web", "blue").await.unwrap();
    assert_eq!(group.status, NodeGroupStatus::Creating);
    assert!(group.lacks_capacity(), "{:?}", group.issues);
    assert_eq!(group.instance_ids.len(), 1);

    it.wait(400);
    let group = account.describe_node_group("web", "blue").await.unwrap();
    assert_eq!(group.status, NodeGroupStatus::CreateFailed);
    assert!(group.issues.iter().any(|issue| issue.code == "AsgInstanceLaunchFailures"));

    it.set_capacity(&pool("m5.xlarge", "us-east-1a", CapacityType::OnDemand), 10);
    it.wait(200);
    let group = account.describe_node_group("web", "blue").await.unwrap();
    assert_eq!((group.status, group.instance_ids.len()), (NodeGroupStatus::Active, 3));
    assert!(!group.lacks_capacity(), "{:?}", group.issues);
}

#[tokio::test]
async fn a_spot_group_goes_where_there_is_room() {
    let it = small();
    let account = it.account().await;
    it.set_capacity(&pool("m5.xlarge", "us-east-1a", CapacityType::Spot), 0);
    it.set_capacity(&pool("m5a.xlarge", "us-east-1a", CapacityType::Spot), 2);
    let subnets = account.subnets("web").await.unwrap();
    let in_a = subnets.iter().find(|subnet| subnet.zone == "us-east-1a").unwrap();
    let wanted = cloud::NewNodeGroup {
        capacity_type: CapacityType::Spot,
        instance_types: vec!["m5.xlarge".into(), "m5a.xlarge".into()],
        subnet_ids: vec![in_a.id.clone()],
        ..group(&account, "spot", 2).await
    };
    account.create_node_group(&wanted).await.unwrap();
    for instance in account.instances("web").await.unwrap() {
        assert_eq!(instance.pool, pool("m5a.xlarge", "us-east-1a", CapacityType::Spot));
    }
}

#[tokio::test]
async fn a_terminated_node_is_not_replaced_and_its_end_is_known() {
    let it = small();
    let account = it.account().await;
    account.create_node_group(&group(&account, "blue", 2).await).await.unwrap();
    it.wait(100);
    let ids = account.describe_node_group("web", "blue").await.unwrap().instance_ids;
    // A minimum in the way is lowered.
    let exactly_two = Scaling { min: 2, max: 2, desired: 2 };
    account.scale_node_group("web", "blue", exactly_two).await.unwrap();
    assert!(account.may_terminate(&ids[0]).await.unwrap());
    let ended_at = it.clock.now();
    account.terminate_instance(&termination(&ids[0], "blue")).await.unwrap();
    it.wait(60);
    // Done is done, however often it is asked for.
    account.terminate_instance(&termination(&ids[0], "blue")).await.unwrap();
    account.terminate_instance(&termination("i-0123456789abcdef0", "blue")).await.unwrap();

    let group = account.describe_node_group("web", "blue").await.unwrap();
    assert_eq!(group.instance_ids, [ids[1].clone()]);
    assert_eq!(group.scaling.desired, 1);
    let gone = account.instance(&ids[0]).await.unwrap().unwrap();
    assert_eq!(gone.state, InstanceState::Terminated);
    assert_eq!(gone.terminated_at, Some(ended_at));
    it.wait(3700);
    assert_eq!(account.instance(&ids[0]).await.unwrap(), None);
    account.terminate_instance(&termination(&ids[0], "blue")).await.unwrap();
}

#[tokio::test]
async fn an_instance_of_another_cluster_or_group_is_not_touched() {
    let it = small();
    let account = it.account().await;
    account.create_node_group(&group(&account, "blue", 1).await).await.unwrap();
    it.wait(100);
    let id = account.instances("web").await.unwrap()[0].id.clone();
    let foreign = Termination { cluster: "other".into(), ..termination(&id, "blue") };
    for wrong in [foreign, termination(&id, "green")] {
        let refused = account.terminate_instance(&wrong).await.unwrap_err();
        assert!(matches!(refused, Error::Conflict { .. }), "{refused}");
    }
    assert_eq!(account.instances("web").await.unwrap()[0].state, InstanceState::Running);
}

#[tokio::test]
async fn a_deleted_group_takes_its_nodes_along_and_frees_its_name() {
    let it = small();
    let account = it.account().await;
    let wanted = group(&account, "blue", 2).await;
    account.create_node_group(&wanted).await.unwrap();
    it.wait(100);
    account.delete_node_group("web", "blue").await.unwrap();
    account.delete_node_group("web", "blue").await.unwrap();
    let group = account.describe_node_group("web", "blue").await.unwrap();
    assert_eq!(group.status, NodeGroupStatus::Deleting);
    let too_early = account.create_node_group(&wanted).await.unwrap_err();
    assert!(matches!(too_early, Error::Conflict { .. }), "{too_early}");
    it.wait(60);
    assert!(account.node_groups("web").await.unwrap().is_empty());
    account.delete_node_group("web", "blue").await.unwrap();
    account.create_node_group(&wanted).await.unwrap();
    let live = account.instances("web").await.unwrap();
    assert_eq!(live.iter().filter(|one| !one.state.is_over()).count(), 2);
}

#[tokio::test]
async fn scaling_changes_the_instances_and_refuses_nonsense() {
    let it = small();
    let account = it.account().await;
    account.create_node_group(&group(&account, "blue", 2).await).await.unwrap();
    it.wait(100);
    let scaling = Scaling { min: 1, max: 5, desired: 4 };
    account.scale_node_group("web", "blue", scaling).await.unwrap();
    it.wait(100);
    let group = account.describe_node_group("web", "blue").await.unwrap();
    assert_eq!((group.scaling, group.instance_ids.len()), (scaling, 4));
    let nonsense = Scaling { min: 3, max: 5, desired: 2 };
    let refused = account.scale_node_group("web", "blue", nonsense).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid { .. }), "{refused}");
    let absent = account.scale_node_group("web", "green", scaling).await.unwrap_err();
    assert!(matches!(absent, Error::NotFound { .. }), "{absent}");
}

#[tokio::test]
async fn an_interrupted_spot_instance_ends_after_two_minutes_and_is_replaced() {
    let it = small();
    let account = it.account().await;
    it.set_capacity(&pool("m5.xlarge", "us-east-1a", CapacityType::Spot), 9);
    let wanted = cloud::NewNodeGroup {
        capacity_type: CapacityType::Spot,
        ..group(&account, "spot", 1).await
    };
    account.create_node_group(&wanted).await.unwrap();
    it.wait(100);
    let id = account.instances("web").await.unwrap()[0].id.clone();
    assert!(it.world.interrupt(&id).unwrap());
    let noticed_at = it.clock.now();
    it.wait(119);
    let warned = account.instance(&id).await.unwrap().unwrap();
    assert_eq!(warned.state, InstanceState::Running);
    it.wait(600);
    let gone = account.instance(&id).await.unwrap().unwrap();
    assert!(gone.reclaimed);
    assert_eq!(gone.terminated_at, Some(noticed_at + SignedDuration::from_secs(120)));
    let live: Vec<_> = account.instances("web").await.unwrap();
    let live: Vec<_> = live.into_iter().filter(|one| !one.state.is_over()).collect();
    assert_eq!(live.len(), 1);
    assert_eq!(live[0].launched_at, noticed_at + SignedDuration::from_secs(120));
}

#[tokio::test]
async fn reserved_instances_cover_the_vcpus_of_their_family_while_they_last() {
    let it = small();
    let account = it.account().await;
    let types = account.instance_types().await.unwrap();
    assert_eq!(account.reserved_vcpus(&types).await.unwrap(), BTreeMap::new());
    let bought = [
        ("us-east-1", "m5.xlarge", 3, true),
        ("us-east-1", "m5.4xlarge", 1, true),
        ("us-east-1", "c5.large", 1, true),
        ("us-east-1", "r5.large", 8, false),
        ("eu-west-1", "m5.xlarge", 8, true),
    ];
    let reservations = bought.map(|(region, instance_type, count, active)| Reservation {
        region: region.into(),
        instance_type: instance_type.into(),
        count,
        active,
    });
    it.world
        .change(|state| {
            state.aws.accounts.get_mut(ACCOUNT).unwrap().reservations = reservations.to_vec();
        })
        .unwrap();
    let vcpus = account.reserved_vcpus(&types).await.unwrap();
    assert_eq!(vcpus, BTreeMap::from([("m5".to_owned(), 28), ("c5".to_owned(), 2)]));

    it.world
        .change(|state| {
            let role = &mut state.aws.accounts.get_mut(ACCOUNT).unwrap().roles[0];
            role.denied.insert("ec2:DescribeReservedInstances".into());
        })
        .unwrap();
    assert_eq!(account.reserved_vcpus(&types).await.unwrap(), BTreeMap::new());
}

#[tokio::test]
async fn the_market_has_a_price_for_every_pool_and_says_where_from() {
    let it = small();
    let account = it.account().await;
    let market = account.market(it.clock.now()).await.unwrap();
    let catalog = cloud::catalog::market("us-east-1").unwrap();
    assert_eq!(market.types, catalog.types);
    assert_eq!(market.offerings.len(), catalog.offerings.len());
    assert!(market.offerings.windows(2).all(|two| two[0].pool < two[1].pool));
    assert!(market.offerings.iter().all(|one| !one.estimated));
    assert_eq!(market.priced_at, it.clock.now());
    let spot = pool("m5.xlarge", "us-east-1b", CapacityType::Spot);
    let expected = it.world.look(|state| spot_price_at(&state.aws, &spot, state.now)).unwrap();
    assert_eq!(market.price(&spot), Some(expected));
    let on_demand = pool("m5.xlarge", "us-east-1b", CapacityType::OnDemand);
    assert_eq!(market.price(&on_demand), Money::parse_usd("0.192"));
    assert!(market.sources[0].starts_with("On-demand: AWS Price List"), "{:?}", market.sources);
}

#[tokio::test]
async fn prices_that_may_not_be_asked_for_are_estimated() {
    let it = small();
    let account = it.account().await;
    it.world
        .change(|state| {
            let role = &mut state.aws.accounts.get_mut(ACCOUNT).unwrap().roles[0];
            role.denied.insert("pricing:GetProducts".into());
        })
        .unwrap();
    let market = account.market(it.clock.now()).await.unwrap();
    for offering in &market.offerings {
        assert_eq!(offering.estimated, offering.pool.capacity_type == CapacityType::OnDemand);
    }
    assert!(market.sources.iter().any(|source| source.starts_with("Spot: EC2")));
    assert!(market.sources.iter().any(|source| source.starts_with("On-demand: EC2 price list")));
}

#[tokio::test]
async fn spot_prices_are_steps_that_change_a_little_some_times_a_day() {
    let it = small();
    let account = it.account().await;
    let since = it.clock.now() - SignedDuration::from_hours(24 * 30);
    let types = ["m5.xlarge", "c5.4xlarge", "r5.2xlarge", "m5.2xlarge"].map(String::from);
    let prices = account.spot_prices(since, &types).await.unwrap();
    let again = account.spot_prices(since, &types).await.unwrap();
    assert_eq!(prices, again);

    let mut changes = Vec::new();
    let mut pools = 0;
    for steps in prices.chunk_by(|a, b| a.pool == b.pool) {
        pools += 1;
        assert!(steps[0].from <= since && steps[1].from > since);
        for two in steps.windows(2) {
            let ratio = two[1].price_per_hour.as_usd() / two[0].price_per_hour.as_usd();
            changes.push((ratio - 1.0).abs());
        }
        for step in steps {
            let at = it.world.look(|state| spot_price_at(&state.aws, &step.pool, step.from));
            assert_eq!(at, Some(step.price_per_hour));
        }
    }
    changes.sort_by(f64::total_cmp);
    let per_day = changes.len() as f64 / f64::from(pools) / 30.0;
    let median = changes[changes.len() / 2];
    assert!((1.5..=2.4).contains(&per_day), "{per_day} changes a day");
    assert!((0.0005..=0.003).contains(&median), "median change {median}");
}
