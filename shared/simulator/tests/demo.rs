//! The demo world and its history.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

use cloud::{Cloud, InstanceState, RoleLink};
use jiff::{SignedDuration, Timestamp};
use simulator::demo::{ACCOUNT, CLUSTERS, PastInstance, REGION, ROLE};
use simulator::{Clock, World, WorldState};
use std::collections::{BTreeMap, BTreeSet};

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn running_at(history: &[PastInstance], at: Timestamp) -> usize {
    let there =
        |it: &&PastInstance| it.launched_at <= at && it.terminated_at.is_none_or(|end| at < end);
    history.iter().filter(there).count()
}

/// Mean number of instances over the hours for which `keep` holds, thousandths.
fn mean_milli(history: &[PastInstance], keep: impl Fn(i64) -> bool) -> usize {
    let hour = |back: i64| now() - SignedDuration::from_hours(back);
    let counts: Vec<usize> = (3..24 * 30)
        .filter(|back| keep(*back))
        .map(|back| running_at(history, hour(back)))
        .collect();
    counts.iter().sum::<usize>() * 1000 / counts.len()
}

#[tokio::test]
async fn the_demo_can_be_linked_and_holds_three_clusters_of_running_nodes() {
    let world = World::new(Clock::manual(now()), WorldState::demo(now(), 1));
    world.install_role(ACCOUNT, ROLE, "ours").unwrap();
    let link = RoleLink {
        role_arn: format!("arn:aws:iam::{ACCOUNT}:role/{ROLE}"),
        external_id: "ours".into(),
        region: REGION.into(),
        session_name: "demo".into(),
    };
    let cloud = Cloud::new(world.sdk_config(REGION));
    let account = cloud.assume(&link).await.unwrap();
    let mut nodes = BTreeMap::new();
    for cluster in account.clusters().await.unwrap() {
        let instances = account.instances(&cluster.name).await.unwrap();
        assert!(instances.iter().all(|one| one.state == InstanceState::Running));
        let zones: BTreeSet<_> = instances.iter().map(|one| one.pool.zone.clone()).collect();
        assert_eq!(zones.len(), 3, "{}", cluster.name);
        nodes.insert(cluster.name, instances.len());
    }
    let expected = [("batch", 10), ("dev", 6), ("web-prod", 14)];
    assert_eq!(nodes, expected.map(|(name, count)| (name.to_owned(), count)).into());
    for group in account.node_groups("web-prod").await.unwrap() {
        assert_eq!(group.instance_ids.len(), group.scaling.desired as usize, "{}", group.name);
    }
}

#[test]
fn the_history_leads_up_to_the_nodes_there_are_now() {
    let state = WorldState::demo(now(), 1);
    for cluster in CLUSTERS {
        let history = state.history(cluster);
        assert_eq!(history, WorldState::demo(now(), 1).history(cluster));
        let ids: BTreeSet<_> = history.iter().map(|it| &it.instance_id).collect();
        assert_eq!(ids.len(), history.len(), "ids are unique");
        let open: BTreeSet<_> = history
            .iter()
            .filter(|it| it.terminated_at.is_none())
            .map(|it| &it.instance_id)
            .collect();
        let instances = &state.aws.accounts[ACCOUNT].instances;
        let live = instances.iter().filter(|(_, it)| it.cluster == cluster && it.is_live());
        assert_eq!(open, live.map(|(id, _)| id).collect(), "{cluster}");
        assert!(running_at(&history, now() - SignedDuration::from_hours(24 * 29)) > 0);
        for it in &history {
            assert!(it.terminated_at.is_none_or(|end| end > it.launched_at && end < now()));
        }
    }
}

#[test]
fn each_kind_of_cluster_breathes_in_its_own_way() {
    let state = WorldState::demo(now(), 1);
    // `now` is noon on a Monday; hours are counted back from it.
    let hour_of_day = |back: i64| (12 - back).rem_euclid(24);
    let at_night = |back: i64| matches!(hour_of_day(back), 22 | 23 | 0..=4);
    let in_bursts = |back: i64| matches!(hour_of_day(back), 2..=4);
    let between = |back: i64| matches!(hour_of_day(back), 19..=22);

    let web = state.history("web-prod");
    let counts: BTreeSet<_> = (3..24 * 30)
        .map(|back| running_at(&web, now() - SignedDuration::from_hours(back)))
        .collect();
    assert!(counts.iter().all(|count| (14..=16).contains(count)), "{counts:?}");

    let dev = state.history("dev");
    assert_eq!(mean_milli(&dev, at_night), 2000);
    assert!(mean_milli(&dev, |back| !at_night(back)) > 2800);

    let batch = state.history("batch");
    assert!(mean_milli(&batch, in_bursts) > mean_milli(&batch, between) + 1500);
}

#[test]
fn history_goes_on_with_what_happens_to_the_instances() {
    let clock = Clock::manual(now());
    let world = World::new(clock.clone(), WorldState::demo(now(), 1));
    let before = world.look(|state| state.history("dev"));
    clock.advance(SignedDuration::from_hours(1));
    world
        .change(|state| {
            let now = state.now;
            let account = state.aws.accounts.get_mut(ACCOUNT).unwrap();
            let of_dev = |it: &&mut simulator::aws::Instance| it.cluster == "dev";
            account.instances.values_mut().find(of_dev).unwrap().shut_at = Some(now);
        })
        .unwrap();
    let after = world.look(|state| state.history("dev"));
    let ended =
        |history: &[PastInstance]| history.iter().filter(|it| it.terminated_at.is_some()).count();
    assert_eq!(ended(&after), ended(&before) + 1);
}

#[test]
fn the_demos_workloads_run_on_its_nodes_and_nothing_waits_or_breaks() {
    // At noon the load changes; some minutes later all that came with it runs.
    let state = WorldState::demo(now() + SignedDuration::from_mins(20), 1);
    for cluster in CLUSTERS {
        let server = &state.clusters[cluster];
        assert_eq!(server.incidents(), [], "{cluster}");
        let open = state.history(cluster).iter().filter(|it| it.terminated_at.is_none()).count();
        assert_eq!(server.instance_ids().len(), open, "{cluster}");
        assert!(server.is_settled(), "{cluster}");
    }
}
