//! Pods that may not be evicted, nodes that may not be retired, and what is said of them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{HOSTNAME, budget, checked, retired, small, stays, term, workload};
use domain::finding::FindingCode;
use domain::plan::{PlanningInput, StayReason};
use domain::snapshot::{Node, NodeManager, Pod, PodKind};
use planner::decide;

/// A change to an object, and the finding that it leads to.
type Case<T> = (fn(&mut T), FindingCode);

#[test]
fn pods_that_must_share_a_node_keep_it() {
    let input = small(|pod| pod.affinity.push(term(HOSTNAME, "web")));
    stays(&input, StayReason::Blocked, FindingCode::ConstraintUnsupported, 3);
}

#[test]
fn budgets_that_forbid_eviction_keep_the_node() {
    for (budgets, code) in [
        (vec![budget("web", 0, true)], FindingCode::BudgetNeverAllows),
        (vec![budget("web", 0, false)], FindingCode::BudgetExhausted),
        (vec![budget("web", 1, false), budget("web", 2, false)], FindingCode::MultipleBudgets),
    ] {
        let mut input = small(|_| {});
        input.snapshot.disruption_budgets = budgets;
        stays(&input, StayReason::Blocked, code, 3);
    }
    let mut input = small(|_| {});
    input.snapshot.disruption_budgets = vec![budget("web", 1, false)];
    assert_eq!(retired(&checked(&input)), 3);
    // A budget of another namespace, or without a selector, is about other pods.
    let mut other = budget("web", 0, true);
    other.namespace = "other".to_owned();
    let mut nobody = budget("web", 0, true);
    nobody.selector = None;
    for about_others in [other, nobody] {
        input.snapshot.disruption_budgets = vec![about_others];
        assert_eq!(retired(&checked(&input)), 3);
    }
}

#[test]
fn a_stateful_set_that_is_not_all_up_keeps_the_nodes_of_the_others() {
    let set = || small(|pod| pod.owner = Some(workload("StatefulSet", "web")));
    assert_eq!(retired(&checked(&set())), 3);
    // One of six is down: its own node, with another on it, stays as well as the other two.
    let mut input = set();
    input.snapshot.pods[0].ready = false;
    stays(&input, StayReason::Blocked, FindingCode::StatefulSetNotReady, 3);
    // Its budget says that it can do without two, or it is no such set.
    input.snapshot.disruption_budgets = vec![budget("web", 1, false)];
    assert_eq!(retired(&checked(&input)), 3);
    let mut input = small(|pod| pod.owner = Some(workload("Deployment", "web")));
    input.snapshot.pods[0].ready = false;
    assert_eq!(retired(&checked(&input)), 3);
}

/// Two pods on each of three nodes, those of the first under a budget or of a `StatefulSet`, and how the
/// nodes are drained: number and rounds of each.
fn drained(change: impl Fn(&mut PlanningInput)) -> Vec<(String, u32)> {
    let mut input = small(|_| {});
    change(&mut input);
    let commands = checked(&input).commands;
    let retired = commands.iter().flat_map(|command| &command.retire);
    retired.map(|retire| (retire.node.clone(), retire.drain_rounds)).collect()
}

#[test]
fn what_takes_longest_to_drain_goes_last() {
    let order = |names: [&str; 3], last: u32| {
        let rounds = [1, 1, last];
        names.map(str::to_owned).into_iter().zip(rounds).collect::<Vec<_>>()
    };
    let of_first = |input: &mut PlanningInput, change: &dyn Fn(&mut Pod)| {
        let pods = input.snapshot.pods.iter_mut();
        pods.filter(|pod| pod.node.as_deref() == Some("node-0")).for_each(change);
    };
    let known = order(["node-0", "node-1", "node-2"], 1);
    assert_eq!(drained(|_| {}), known);
    let late = order(["node-1", "node-2", "node-0"], 2);
    let tight = |allowed| {
        move |input: &mut PlanningInput| {
            of_first(input, &|pod| drop(pod.labels.insert("tight".to_owned(), "yes".to_owned())));
            let mut over = budget("web", allowed, false);
            over.selector.as_mut().unwrap().requirements[0].key = "tight".to_owned();
            over.selector.as_mut().unwrap().requirements[0].values = vec!["yes".to_owned()];
            input.snapshot.disruption_budgets = vec![over];
        }
    };
    assert_eq!(drained(tight(1)), late);
    assert_eq!(drained(tight(2)), known);
    let set = |input: &mut PlanningInput| {
        of_first(input, &|pod| pod.owner = Some(workload("StatefulSet", "db")));
    };
    assert_eq!(drained(set), late);
}

#[test]
fn pods_that_may_not_be_evicted_keep_their_node() {
    let cases: [Case<Pod>; 4] = [
        (|pod| pod.do_not_disrupt = true, FindingCode::PodDoNotDisrupt),
        (|pod| pod.kind = PodKind::Bare, FindingCode::PodWithoutController),
        (|pod| pod.local_storage = true, FindingCode::LocalStorage),
        (
            |pod| pod.unsupported.push("a ResourceClaim".to_owned()),
            FindingCode::ConstraintUnsupported,
        ),
    ];
    for (change, code) in cases {
        stays(&small(change), StayReason::Blocked, code, 3);
    }
    let mut input = small(|pod| pod.kind = PodKind::Bare);
    input.policy.evict_bare_pods = true;
    assert_eq!(retired(&checked(&input)), 3);
    let mut input = small(|pod| pod.local_storage = true);
    input.policy.evict_local_storage = true;
    assert_eq!(retired(&checked(&input)), 3);
}

#[test]
fn nodes_that_cannot_be_judged_stay_with_a_finding() {
    let cases: [Case<Node>; 10] = [
        (|node| node.terminating = true, FindingCode::NodeNotReady),
        (|node| node.instance_type = None, FindingCode::InstanceTypeMissing),
        (|node| node.instance_type = Some("z9.large".to_owned()), FindingCode::InstanceTypeUnknown),
        (|node| node.zone = Some("us-east-1x".to_owned()), FindingCode::PriceMissing),
        (|node| node.manager = NodeManager::Fargate, FindingCode::FargateNode),
        (|node| node.manager = NodeManager::OtherCloud, FindingCode::OtherCloudNode),
        (|node| node.manager = NodeManager::AutoMode, FindingCode::ManagedElsewhere),
        (
            |node| node.manager = NodeManager::Karpenter { node_pool: "default".to_owned() },
            FindingCode::ManagedElsewhere,
        ),
        (|node| node.ready = false, FindingCode::NodeNotReady),
        (|node| node.instance_id = None, FindingCode::Unreadable),
    ];
    for (change, code) in cases {
        let mut input = small(|_| {});
        change(&mut input.snapshot.nodes[1]);
        stays(&input, StayReason::NotJudged, code, 1);
    }
    let mut input = small(|_| {});
    input.snapshot.nodes[1].do_not_disrupt = true;
    stays(&input, StayReason::Blocked, FindingCode::NodeDoNotDisrupt, 1);
}

#[test]
fn terminating_pods_are_not_moved() {
    let mut input = small(|_| {});
    input.snapshot.pods[0].terminating = true;
    let decision = decide(&input);
    assert!(decision.placements.iter().all(|placement| placement.pod != 0));
    assert_eq!(decision.placements.len(), 5);
}
