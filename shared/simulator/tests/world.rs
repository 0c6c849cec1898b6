//! What a world keeps through crashes and restarts.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub, dead_code)]

mod support;

use cloud::{Cloud, NewNodeGroup, Termination};
use domain::snapshot::{Taint, TaintEffect};
use simulator::{Clock, Fault, FaultEffect, World, WorldState};
use std::path::PathBuf;
use support::{group, link, small, small_state};

fn fresh_path(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("world");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.json"));
    let _ = std::fs::remove_file(&path);
    path
}

#[tokio::test]
async fn what_was_answered_is_in_the_file_and_time_never_goes_back() {
    let path = fresh_path("answered");
    let clock = Clock::manual("2026-11-23T12:00:00Z".parse().unwrap());
    let world = World::open(&path, clock.clone(), small_state).unwrap();
    let account = Cloud::new(world.sdk_config("us-east-1")).assume(&link("right")).await.unwrap();
    account.create_node_group(&group(&account, "blue", 2).await).await.unwrap();
    let before = account.instances("web").await.unwrap();

    // Nothing is closed or flushed: the next process finds only the file, and an earlier clock.
    let earlier = Clock::manual("2026-11-23T11:00:00Z".parse().unwrap());
    let reopened = World::open(&path, earlier.clone(), |_| unreachable!()).unwrap();
    assert_eq!(earlier.now(), clock.now());
    let account =
        Cloud::new(reopened.sdk_config("us-east-1")).assume(&link("right")).await.unwrap();
    assert_eq!(account.instances("web").await.unwrap(), before);
    account.create_node_group(&group(&account, "blue", 2).await).await.unwrap();
    assert_eq!(account.instances("web").await.unwrap().len(), 2);
}

#[test]
fn a_demo_comes_back_from_its_file_as_it_was() {
    let path = fresh_path("demo");
    let clock = Clock::manual("2026-11-23T12:00:00Z".parse().unwrap());
    let world = World::open(&path, clock.clone(), |now| WorldState::demo(now, 3)).unwrap();
    let text = |world: &World| world.look(|state| serde_json::to_string(state).unwrap());
    let before = text(&world);
    assert_eq!(text(&World::open(&path, clock, |_| unreachable!()).unwrap()), before);
}

#[test]
fn a_file_that_is_no_world_is_an_error_that_leaves_it_alone() {
    let path = fresh_path("broken");
    std::fs::write(&path, "{\"now\":").unwrap();
    let clock = Clock::manual("2026-11-23T12:00:00Z".parse().unwrap());
    assert!(World::open(&path, clock, small_state).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"now\":");
}

/// Names of the ready nodes, read through a real `kube::Client`.
async fn ready_nodes(client: &kube::Client) -> Vec<String> {
    let nodes: kube::Api<k8s_openapi::api::core::v1::Node> = kube::Api::all(client.clone());
    let ready = |node: &k8s_openapi::api::core::v1::Node| {
        let conditions = node.status.iter().flat_map(|it| it.conditions.iter().flatten());
        conditions.into_iter().any(|it| it.type_ == "Ready" && it.status == "True")
    };
    let list = nodes.list(&kube::api::ListParams::default()).await.unwrap();
    list.items.iter().filter(|node| ready(node)).filter_map(|it| it.metadata.name.clone()).collect()
}

#[tokio::test]
async fn instances_become_ready_nodes_and_take_their_nodes_along() {
    let it = small();
    let account = it.account().await;
    let wanted = NewNodeGroup {
        taints: vec![Taint {
            key: "spot".into(),
            value: "true".into(),
            effect: TaintEffect::NoSchedule,
        }],
        ..group(&account, "blue", 2).await
    };
    account.create_node_group(&wanted).await.unwrap();
    let kube = it.world.kube_client("web");
    it.wait(59);
    assert!(kube.apiserver_version().await.is_err(), "there is no node and no API server yet");
    it.wait(30);
    let instances = account.instances("web").await.unwrap();
    let mut names: Vec<_> =
        instances.iter().filter_map(|one| one.private_dns_name.clone()).collect();
    names.sort();
    assert_eq!(ready_nodes(&kube).await, names);

    let nodes: kube::Api<k8s_openapi::api::core::v1::Node> = kube::Api::all(kube.clone());
    let node = nodes.get(instances[0].private_dns_name.as_ref().unwrap()).await.unwrap();
    let labels = node.metadata.labels.unwrap();
    assert_eq!(labels["eks.amazonaws.com/nodegroup"], "blue");
    assert_eq!(labels["team"], "web");
    assert_eq!(node.spec.unwrap().taints.unwrap()[0].key, "spot");

    let termination = Termination {
        cluster: "web".into(),
        instance_id: instances[0].id.clone(),
        node_group: Some("blue".into()),
    };
    account.terminate_instance(&termination).await.unwrap();
    let left = instances[1].private_dns_name.clone().unwrap();
    assert_eq!(ready_nodes(&kube).await, [left]);
}

#[tokio::test]
async fn a_broken_connection_after_the_effect_is_seen_by_the_kubernetes_client() {
    let it = small();
    let account = it.account().await;
    account.create_node_group(&group(&account, "blue", 1).await).await.unwrap();
    it.wait(90);
    let kube = it.world.kube_client("web");
    let nodes: kube::Api<k8s_openapi::api::core::v1::Node> = kube::Api::all(kube.clone());
    let name = ready_nodes(&kube).await.remove(0);

    it.world.faults().keep_journal();
    for (effect, cordoned) in [
        (FaultEffect::HangUpBefore, false),
        (FaultEffect::FailBefore, false),
        (FaultEffect::HangUpAfter, true),
    ] {
        let call = "kubernetes web PATCH".to_owned();
        it.world.faults().inject(Fault { call, after: 0, times: 1, effect });
        assert!(nodes.cordon(&name).await.is_err());
        let node = nodes.get(&name).await.unwrap();
        assert_eq!(node.spec.unwrap().unschedulable.unwrap_or(false), cordoned, "{effect:?}");
    }
    let path = format!("kubernetes web PATCH /api/v1/nodes/{name}");
    assert_eq!(it.world.faults().journal(), vec![path; 3]);
}

#[test]
fn time_that_was_shown_is_not_taken_back_by_a_restart() {
    let path = fresh_path("shown");
    let clock = Clock::manual("2026-11-23T12:00:00Z".parse().unwrap());
    let world = World::open(&path, clock.clone(), small_state).unwrap();
    clock.advance(jiff::SignedDuration::from_hours(5));
    let shown = world.look(|state| state.now);
    let again = Clock::manual("2026-11-23T12:00:00Z".parse().unwrap());
    World::open(&path, again.clone(), |_| unreachable!()).unwrap();
    assert_eq!(again.now(), shown);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it tells the process it starts from itself")]
fn a_killed_process_loses_nothing_that_was_answered() {
    // This test runs itself in a process that a fault kills right after saving.
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("world").join("killed.json");
    let clock = Clock::manual("2026-11-23T12:00:00Z".parse().unwrap());
    if std::env::var_os("WORLD_TO_BE_KILLED_IN").is_some() {
        let world = World::open(&path, clock, small_state).unwrap();
        let call = "eks:CreateNodegroup".to_owned();
        world.faults().inject(Fault { call, after: 1, times: 1, effect: FaultEffect::DieAfter });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let cloud = Cloud::new(world.sdk_config("us-east-1"));
            let account = cloud.assume(&link("right")).await.unwrap();
            for name in ["blue", "green", "never"] {
                account.create_node_group(&group(&account, name, 1).await).await.unwrap();
            }
        });
        unreachable!("the second group's making kills the process");
    }
    fresh_path("killed");
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_process_loses_nothing_that_was_answered"])
        .env("WORLD_TO_BE_KILLED_IN", &path)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), None, "killed by a signal");
    let world = World::open(&path, clock, |_| unreachable!()).unwrap();
    let groups = world.look(|state| {
        let account = &state.aws.accounts[support::ACCOUNT];
        account.node_groups.keys().map(|(_, name)| name.clone()).collect::<Vec<_>>()
    });
    assert_eq!(groups, ["blue", "green"]);
}
