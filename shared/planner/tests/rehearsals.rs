//! What a plan reckons the scheduler will do with evicted pods, and the room it asks for on account of that.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{ZONE, ZONES, checked, input, node, pod, retired, spread};
use domain::plan::PlanningInput;
use domain::snapshot::Pod;
use planner::explain;

/// Priority of what the system needs.
const CRITICAL: i32 = 2_000_000_000;

/// Two nodes. One stays; the other goes, with pods that may only be on the one that stays, which has
/// `spare_milli` more room than they need, and with others of a priority, which may be anywhere.
struct Evicted {
    bound: (usize, u64, u64),
    others: (usize, u64, u64),
    spare_milli: u64,
    /// Of another pod on the node that stays.
    memory_mib: u64,
    max_vcpu: u32,
}

impl Evicted {
    fn input(&self, priority: i32) -> PlanningInput {
        let Self { bound, others, spare_milli, memory_mib, max_vcpu } = *self;
        let mut stays = node("stays", "c6i.4xlarge", "us-east-1a");
        stays.do_not_disrupt = true;
        stays.labels.insert("team".to_owned(), "blue".to_owned());
        let taken = stays.allocatable.cpu_milli - bound.0 as u64 * bound.1 - spare_milli;
        let mut pods = vec![pod("kept", 0, Some("stays"), taken, memory_mib)];
        pods.extend((0..bound.0).map(|at| {
            let mut made = pod(&format!("bound{at}"), 0, Some("goes"), bound.1, bound.2);
            made.node_selector.insert("team".to_owned(), "blue".to_owned());
            made
        }));
        pods.extend((0..others.0).map(|at| {
            let mut made = pod(&format!("other{at}"), 0, Some("goes"), others.1, others.2);
            made.priority = priority;
            made
        }));
        let mut input = input(vec![stays, node("goes", "m6i.4xlarge", "us-east-1a")], pods);
        input.template.max_vcpu = max_vcpu;
        input
    }

    /// Whether the plan asks for more room than the pods fill.
    fn asks_for_room(&self, priority: i32) -> bool {
        let plan = checked(&self.input(priority));
        assert_eq!(retired(&plan), 1);
        explain(&plan, 0).contains("Room for the scheduler")
    }
}

/// All the others have to come first to take the room of the bound pods: chance does not bring that about.
const MANY: Evicted = Evicted {
    bound: (16, 500, 640),
    others: (15, 310, 320),
    spare_milli: 1_925,
    memory_mib: 3_984,
    max_vcpu: 16,
};

#[test]
fn of_pods_evicted_together_those_of_higher_priority_take_their_places_first() {
    assert!(!MANY.asks_for_room(0));
    assert!(MANY.asks_for_room(1_000));
}

#[test]
fn what_the_system_needs_is_evicted_last_and_takes_nobodys_place() {
    assert!(!MANY.asks_for_room(CRITICAL));
    // Here it would be enough that some of the others come first.
    let few = Evicted {
        bound: (7, 200, 256),
        others: (13, 710, 896),
        spare_milli: 79,
        memory_mib: 5_672,
        max_vcpu: 8,
    };
    assert!(few.asks_for_room(0));
    assert!(!few.asks_for_room(CRITICAL));
}

#[test]
fn room_is_added_in_the_zone_to_which_the_scheduler_holds_the_pods_that_lack_it() {
    // Two zones cost less.
    let nodes = (0..6).map(|at| node(&format!("node-{at}"), "m6i.4xlarge", ZONES[at % 3]));
    let mut pods: Vec<Pod> = (0..12)
        .map(|at| pod("spread", at, Some(&format!("node-{}", at % 6)), 1_200, 1_536))
        .collect();
    for pod in &mut pods {
        pod.topology_spread.push(spread(ZONE, "spread", 1));
    }
    pods.push(pod("any", 0, Some("node-5"), 200, 2_816));
    let mut input = input(nodes.collect(), pods);
    input.template.max_vcpu = 8;
    let text = explain(&checked(&input), 0);
    let (_, room) = text.split_once("Room for the scheduler").unwrap();
    let (added, _) = room.split_once(").").unwrap();
    assert!(added.contains("us-east-1c"), "{added}");
    assert!(!added.contains("us-east-1a") && !added.contains("us-east-1b"), "{added}");
}
