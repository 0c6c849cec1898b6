//! What a world keeps through crashes and restarts.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub, dead_code)]

mod support;

use cloud::Cloud;
use simulator::{Clock, World, WorldState};
use std::path::PathBuf;
use support::{group, link, small_state};

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
