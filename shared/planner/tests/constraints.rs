//! One test for each constraint. Each has a twin without the constraint in which the same pods do what
//! the constraint forbids, so that no test passes for want of a temptation.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::checker::faults;
use common::{
    HOSTNAME, ZONE, budget, free_policy, input, node, node_term, pod, spread, term, wasteful,
    workload,
};
use domain::Money;
use domain::finding::FindingCode;
use domain::offering::{Architecture, CapacityType};
use domain::plan::{Plan, PlanningInput, ReasonKind, StayReason};
use domain::snapshot::{Node, NodeManager, Operator, Pod, PodKind, Taint, TaintEffect, Toleration};
use planner::{decide, explain, plan};
use std::collections::BTreeSet;

/// A change to an object, and the finding that it leads to.
type Case<T> = (fn(&mut T), FindingCode);

/// Six small pods on three large nodes.
fn small(change: impl Fn(&mut Pod)) -> PlanningInput {
    wasteful((0..6).map(|number| {
        let mut made = pod("web", number, None, 300, 512);
        change(&mut made);
        made
    }))
}

fn checked(input: &PlanningInput) -> Plan {
    let decision = decide(input);
    let faults = faults(input, &decision);
    assert!(faults.is_empty(), "{faults:#?}");
    decision.plan
}

fn launched(plan: &Plan) -> u32 {
    plan.commands.iter().flat_map(|command| &command.launch).map(|launch| launch.count).sum()
}

fn zones(plan: &Plan) -> BTreeSet<&str> {
    let launches = plan.commands.iter().flat_map(|command| &command.launch);
    launches.map(|launch| launch.choices[0].pool.zone.as_str()).collect()
}

fn retired(plan: &Plan) -> usize {
    plan.commands.iter().map(|command| command.retire.len()).sum()
}

/// Nothing moves, for this reason, and a finding says so.
fn stays(input: &PlanningInput, reason: StayReason, code: FindingCode, nodes: usize) {
    let plan = checked(input);
    let kept: Vec<_> = plan.stays.iter().filter(|stay| stay.reason == reason).collect();
    assert_eq!(kept.len(), nodes, "{:#?}", plan.stays);
    assert!(plan.findings.iter().any(|finding| finding.code == code), "{:#?}", plan.findings);
}

#[test]
fn pods_without_constraints_share_one_cheap_node_on_spot() {
    let plan = checked(&small(|_| {}));
    assert_eq!((retired(&plan), launched(&plan)), (3, 1));
    assert_eq!(plan.commands[0].reason.kind, ReasonKind::Spot);
    assert!(plan.saving_per_hour() > Money::ZERO);
}

#[test]
fn cpu_memory_and_the_pod_limit_are_kept() {
    // 70 tiny pods fit a large node's CPU and memory, but it has addresses for 29 pods.
    let plan = checked(&wasteful((0..70).map(|number| pod("web", number, None, 10, 32))));
    let room: u64 = plan
        .commands
        .iter()
        .flat_map(|command| &command.launch)
        .map(|launch| u64::from(launch.count) * launch.choices[0].allocatable.pods)
        .sum();
    assert!(room >= 70, "{room}");
}

#[test]
fn ephemeral_storage_counts() {
    let plan = checked(&small(|pod| pod.requests.ephemeral_mib = 9 * 1024));
    assert!(
        launched(&plan) + 3 - retired(&plan) as u32 >= 3,
        "six times 9 GiB needs nodes of 17 GiB each"
    );
}

#[test]
fn a_pod_with_a_gpu_that_nothing_offers_stays() {
    let mut input = small(|pod| {
        pod.requests.extended.insert("nvidia.com/gpu".to_owned(), 1);
    });
    for node in &mut input.snapshot.nodes {
        node.allocatable.extended.insert("nvidia.com/gpu".to_owned(), 2);
    }
    stays(&input, StayReason::Blocked, FindingCode::PodFitsNothing, 3);
}

#[test]
fn daemonsets_take_their_room_on_every_new_node() {
    let mut input = small(|_| {});
    let plain = checked(&input);
    for at in 0..3 {
        let mut daemon = pod("agent", at, Some(&format!("node-{at}")), 1_500, 512);
        daemon.kind = PodKind::DaemonSet;
        daemon.owner = Some(workload("DaemonSet", "agent"));
        // The controller ties each of its pods to a node by name: new nodes get one all the same.
        daemon.node_affinity =
            vec![node_term("metadata.name", Operator::In, &[&format!("node-{at}")])];
        input.snapshot.pods.insert(0, daemon);
    }
    input.snapshot.pods.sort_by(|one, other| one.name.cmp(&other.name));
    let with = checked(&input);
    assert!(with.after.cost_per_hour > plain.after.cost_per_hour);
}

#[test]
fn node_selectors_on_well_known_labels_are_met_by_new_nodes() {
    let plan = checked(&small(|pod| {
        drop(pod.node_selector.insert(ZONE.to_owned(), "us-east-1c".to_owned()));
    }));
    assert_eq!(zones(&plan), BTreeSet::from(["us-east-1c"]));
    let plan = checked(&small(|pod| {
        drop(
            pod.node_selector
                .insert("node.kubernetes.io/instance-type".to_owned(), "r6i.large".to_owned()),
        );
    }));
    assert!(plan.commands.iter().flat_map(|command| &command.launch).all(|launch| {
        launch.choices.iter().all(|choice| choice.pool.instance_type == "r6i.large")
    }));
    assert_eq!(retired(&plan), 3);
}

#[test]
fn a_selector_for_a_label_no_node_group_sets_keeps_the_node() {
    let input = small(|pod| drop(pod.node_selector.insert("disk".to_owned(), "fast".to_owned())));
    stays(&input, StayReason::Blocked, FindingCode::PodFitsNothing, 3);
}

#[test]
fn labels_and_taints_of_a_node_group_go_with_its_pods() {
    let mut input = small(|pod| {
        pod.node_selector.insert("team".to_owned(), "blue".to_owned());
        pod.tolerations.push(Toleration {
            key: Some("team".to_owned()),
            value: Some("blue".to_owned()),
            effect: None,
        });
    });
    for node in &mut input.snapshot.nodes {
        node.labels.insert("team".to_owned(), "blue".to_owned());
        node.taints.push(Taint {
            key: "team".to_owned(),
            value: "blue".to_owned(),
            effect: TaintEffect::NoSchedule,
        });
    }
    let plan = checked(&input);
    let launch = &plan.commands[0].launch[0];
    assert_eq!(launch.labels.get("team").map(String::as_str), Some("blue"));
    assert_eq!(launch.taints.len(), 1);
}

#[test]
fn required_node_affinity_chooses_the_capacity_type() {
    let plan = checked(&small(|pod| {
        pod.node_affinity =
            vec![node_term("eks.amazonaws.com/capacityType", Operator::NotIn, &["SPOT"])];
    }));
    assert_eq!(plan.after.spot_nodes, 0);
    assert!(launched(&plan) > 0);
}

#[test]
fn a_taint_that_is_not_tolerated_keeps_pods_off_a_node_with_room() {
    let mut input = input(
        vec![
            node("node-0", "m6i.4xlarge", "us-east-1a"),
            node("node-1", "m6i.large", "us-east-1a"),
        ],
        vec![pod("web", 0, Some("node-1"), 300, 512)],
    );
    input.snapshot.nodes[0].do_not_disrupt = true;
    let plan = checked(&input);
    assert_eq!((retired(&plan), launched(&plan)), (1, 0), "without a taint the pod moves over");
    input.snapshot.nodes[0].taints.push(Taint {
        key: "a".to_owned(),
        value: String::new(),
        effect: TaintEffect::NoExecute,
    });
    let plan = checked(&input);
    assert!(retired(&plan) == 0 || launched(&plan) == 1);
}

#[test]
fn pods_of_unknown_images_stay_on_their_architecture() {
    let mut input = small(|_| {});
    input.template.architectures.insert(Architecture::Arm64);
    let plan = checked(&input);
    assert!(
        plan.commands
            .iter()
            .flat_map(|command| &command.launch)
            .all(|launch| !launch.choices[0].pool.instance_type.starts_with("m6g"))
    );
    assert!(plan.findings.iter().any(|finding| finding.code == FindingCode::ArchitectureUnknown));
    for pod in &mut input.snapshot.pods {
        pod.architectures = vec![Architecture::Amd64, Architecture::Arm64];
        pod.requests.memory_mib = 1_100;
    }
    let plan = checked(&input);
    assert!(
        plan.commands
            .iter()
            .flat_map(|command| &command.launch)
            .any(|launch| launch.choices[0].pool.instance_type.starts_with("m6g")),
        "arm64 is cheaper"
    );
}

#[test]
fn a_new_architecture_waits_until_every_pod_that_could_land_on_it_runs_there() {
    let mut input = small(|pod| {
        pod.architectures = vec![Architecture::Amd64, Architecture::Arm64];
        pod.requests.memory_mib = 1_100;
    });
    input.template.architectures.insert(Architecture::Arm64);
    let on_arm = |plan: &Plan| {
        let launches = plan.commands.iter().flat_map(|command| &command.launch);
        launches.filter(|launch| launch.choices[0].pool.instance_type.starts_with("m6g")).count()
    };
    assert!(on_arm(&checked(&input)) > 0);
    // One pod of another workload whose image nobody knows: the scheduler would put it anywhere.
    input.snapshot.pods[0].architectures.clear();
    let plan = checked(&input);
    assert_eq!(on_arm(&plan), 0);
    assert!(plan.findings.iter().any(|finding| finding.message.contains("No arm64 node")));
    // It may go where it selects its own architecture.
    let pod = &mut input.snapshot.pods[0];
    pod.node_selector.insert("kubernetes.io/arch".to_owned(), "amd64".to_owned());
    assert!(on_arm(&checked(&input)) > 0);
}

#[test]
fn too_few_domains_count_as_an_empty_one() {
    let with = |least: Option<u32>| {
        let mut input = small(|pod| {
            pod.topology_spread.push(spread(ZONE, "web", 2));
            pod.topology_spread[0].min_domains = least;
        });
        // Two pods in each zone: with a fourth zone asked for, no zone may have three.
        input.snapshot.pods[0].node = None;
        input.snapshot.pods[0].ready = false;
        for number in 6..9 {
            let mut made = pod("web", number, Some(&format!("node-{}", number % 3)), 300, 512);
            made.topology_spread.clone_from(&input.snapshot.pods[0].topology_spread);
            input.snapshot.pods.push(made);
        }
        decide(&input)
    };
    let placed = |decision: &planner::Decision| {
        decision.placements.iter().any(|placement| placement.pod == 0)
    };
    assert!(placed(&with(None)) && placed(&with(Some(3))));
    assert!(!placed(&with(Some(4))));
}

#[test]
fn pods_spread_over_zones_stay_spread() {
    let plan = checked(&small(|pod| pod.topology_spread.push(spread(ZONE, "web", 1))));
    assert_eq!(zones(&plan).len(), 3);
}

#[test]
fn pods_spread_over_nodes_stay_spread() {
    let plan = checked(&small(|pod| pod.topology_spread.push(spread(HOSTNAME, "web", 2))));
    assert_eq!(launched(&plan) as usize + 3 - retired(&plan), 3);
}

#[test]
fn anti_affinity_by_hostname_gives_each_pod_its_node() {
    let plan = checked(&wasteful((0..3).map(|number| {
        let mut made = pod("web", number, None, 300, 512);
        made.anti_affinity.push(term(HOSTNAME, "web"));
        made
    })));
    assert_eq!(launched(&plan), 3);
}

#[test]
fn anti_affinity_of_others_is_kept_too() {
    // The database avoids the web pods, who know nothing of it.
    let mut database = pod("database", 0, Some("node-0"), 300, 512);
    database.anti_affinity.push(term(HOSTNAME, "web"));
    let mut input = small(|_| {});
    for pod in &mut input.snapshot.pods {
        pod.node = Some("node-1".to_owned());
    }
    input.snapshot.pods.insert(0, database);
    let plan = checked(&input);
    assert_eq!(launched(&plan) as usize + 3 - retired(&plan), 2);
}

#[test]
fn affinity_by_zone_keeps_pods_in_their_zone() {
    let mut input = small(|pod| pod.affinity.push(term(ZONE, "web")));
    for (pod, name) in input.snapshot.pods.iter_mut().zip(["node-1"; 6]) {
        pod.node = Some(name.to_owned());
    }
    let plan = checked(&input);
    assert_eq!(zones(&plan), BTreeSet::from(["us-east-1b"]));
}

#[test]
fn pods_that_must_share_a_node_keep_it() {
    let input = small(|pod| pod.affinity.push(term(HOSTNAME, "web")));
    stays(&input, StayReason::Blocked, FindingCode::ConstraintUnsupported, 3);
}

#[test]
fn a_volume_keeps_its_pod_in_its_zone() {
    let plan = checked(&small(|pod| pod.volume_zone = Some("us-east-1c".to_owned())));
    assert_eq!(zones(&plan), BTreeSet::from(["us-east-1c"]));
}

#[test]
fn a_host_port_is_bound_once_on_a_node() {
    let plan = checked(&wasteful((0..3).map(|number| {
        let mut made = pod("web", number, None, 300, 512);
        made.host_ports.push(443);
        made
    })));
    assert_eq!(launched(&plan), 3);
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
    let cases: [Case<Node>; 9] = [
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

#[test]
fn young_nodes_stay_and_so_a_plan_is_not_followed_by_its_reverse() {
    let mut input = small(|_| {});
    for node in &mut input.snapshot.nodes {
        node.created_at = common::now();
    }
    let plan = checked(&input);
    assert!(plan.commands.is_empty());
    assert!(plan.stays.iter().all(|stay| stay.reason == StayReason::Cooldown));
}

#[test]
fn the_share_of_spot_is_kept() {
    let mut input = wasteful((0..20).map(|number| pod("web", number, None, 1_000, 2_048)));
    input.policy.spot_percent = 40;
    let plan = checked(&input);
    assert!(
        plan.after.spot_cpu_ppm > 200_000 && plan.after.spot_cpu_ppm <= 400_000,
        "{}",
        plan.after.spot_cpu_ppm
    );
}

#[test]
fn replicas_of_the_on_demand_base_stay_on_demand() {
    let mut input = small(|_| {});
    input.policy.on_demand_base = 6;
    assert_eq!(checked(&input).after.spot_nodes, 0);
}

#[test]
fn caps_on_spot_spread_it_over_pools_families_and_zones() {
    let mut input = wasteful((0..40).map(|number| pod("web", number, None, 1_000, 2_048)));
    let free = checked(&input);
    input.policy.max_pool_percent = 25;
    input.policy.max_family_percent = 50;
    input.policy.max_zone_percent = 50;
    input.policy.max_workload_pool_percent = 25;
    let capped = checked(&input);
    let pools = |plan: &Plan| {
        let launches = plan.commands.iter().flat_map(|command| &command.launch);
        let spot =
            launches.filter(|launch| launch.choices[0].pool.capacity_type == CapacityType::Spot);
        spot.map(|launch| launch.choices[0].pool.clone()).collect::<BTreeSet<_>>().len()
    };
    assert!(pools(&capped) >= 4, "{}", pools(&capped));
    assert!(capped.after.cost_per_hour > free.after.cost_per_hour);
    let loss = capped.after.worst_pool_loss.unwrap();
    assert!(loss.lost * 4 <= loss.replicas);
}

#[test]
fn headroom_is_kept_free_on_new_nodes() {
    let mut input = wasteful((0..15).map(|number| pod("web", number, None, 1_000, 1_024)));
    let tight = checked(&input);
    input.policy.headroom_percent = 30;
    let roomy = checked(&input);
    assert!(roomy.after.cpu_utilisation_ppm <= 700_000);
    assert!(roomy.after.cost_per_hour > tight.after.cost_per_hour);
}

#[test]
fn a_saving_below_the_policys_least_is_left_alone() {
    let mut input = small(|_| {});
    input.policy.min_saving_percent = 99;
    let plan = checked(&input);
    assert!(plan.commands.is_empty());
    assert!(plan.stays.iter().all(|stay| stay.reason == StayReason::NotWorthIt));
    input.policy = free_policy();
    input.policy.disruption_cost_per_pod = Money::from_nanos(100_000_000_000);
    assert!(checked(&input).commands.is_empty());
}

#[test]
fn pending_pods_get_a_node() {
    let mut input =
        input(Vec::new(), (0..4).map(|number| pod("web", number, None, 1_500, 2_048)).collect());
    input.policy.min_saving_percent = 50;
    let plan = checked(&input);
    assert!(launched(&plan) > 0);
    assert!(plan.commands.iter().all(|command| command.reason.kind == ReasonKind::Provisioning));
}

#[test]
fn every_launch_names_enough_pools_and_ends_on_demand() {
    let plan = checked(&small(|_| {}));
    for launch in plan.commands.iter().flat_map(|command| &command.launch) {
        assert!(launch.choices.len() >= 4);
        assert_eq!(launch.choices.last().unwrap().pool.capacity_type, CapacityType::OnDemand);
    }
}

#[test]
fn planning_again_after_a_plan_was_carried_out_proposes_nothing() {
    let input = small(|_| {});
    let decision = decide(&input);
    let mut then = input.clone();
    for command in &decision.plan.commands {
        then.snapshot
            .nodes
            .retain(|node| command.retire.iter().all(|retire| retire.node != node.name));
        for launch in &command.launch {
            for number in 0..launch.count {
                let pool = &launch.choices[0].pool;
                let mut made = node(
                    &format!("new-{}-{number}", command.index),
                    &pool.instance_type,
                    &pool.zone,
                );
                made.capacity_type = Some(pool.capacity_type);
                made.labels.insert("eks.amazonaws.com/capacityType".to_owned(), "SPOT".to_owned());
                then.snapshot.nodes.push(made);
            }
        }
    }
    for placement in &decision.placements {
        then.snapshot.pods[placement.pod].node = match &placement.to {
            planner::Target::Node(name) => Some(name.clone()),
            planner::Target::Launched { command, node, .. } => {
                Some(format!("new-{command}-{node}"))
            }
        };
    }
    let again = plan(&then);
    assert!(
        !decision.plan.commands.is_empty() && again.commands.is_empty(),
        "{:#?}",
        again.commands
    );
}

#[test]
fn a_command_is_explained_with_numbers_and_what_was_not_chosen() {
    let plan = checked(&small(|_| {}));
    let text = explain(&plan, 0);
    for part in ["saves", "USD/h", "retire node-", "launch 1 ×", "not chosen:", "keep node-", "gap"]
    {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(explain(&plan, 99).contains("has no command 99"));
}

#[test]
fn a_template_keeps_the_count_of_nodes_within_its_limits() {
    let mut input = small(|_| {});
    assert_eq!(checked(&input).after.nodes, 1);
    input.template.min_nodes = 2;
    assert_eq!(checked(&input).after.nodes, 2);
    // There are three, so that no more are asked for.
    input.template.min_nodes = 9;
    assert_eq!(checked(&input).after.nodes, 3);

    let mut input = wasteful((0..30).map(|number| pod("web", number, None, 1_000, 1_024)));
    input.policy.max_workload_pool_percent = 10;
    let free = checked(&input).after;
    assert!(free.nodes > 3, "{free:?}");
    input.template.max_nodes = Some(3);
    let few = checked(&input).after;
    assert!(few.nodes <= 3 && few.cost_per_hour < checked(&input).before.cost_per_hour, "{few:?}");
}

#[test]
fn pods_go_on_waiting_where_the_template_allows_no_more_nodes() {
    let waiting = (0..40).map(|number| pod("web", number, None, 7_000, 2_048)).collect();
    let mut input = input(Vec::new(), waiting);
    assert!(launched(&checked(&input)) > 4);
    input.template.max_nodes = Some(4);
    let plan = checked(&input);
    assert_eq!(launched(&plan), 4);
    assert!(plan.findings.iter().any(|finding| finding.code == FindingCode::PodFitsNothing));
}

#[test]
fn a_workloads_own_share_of_spot_is_kept() {
    let mut input = wasteful((0..20).map(|number| pod("web", number, None, 1_000, 2_048)));
    assert_eq!(checked(&input).after.spot_cpu_ppm, 1_000_000);
    let own = |percent| domain::policy::WorkloadPolicy {
        name: Some("web".to_owned()),
        spot_percent: Some(percent),
        ..domain::policy::WorkloadPolicy::default()
    };
    input.policy.workloads = vec![own(25)];
    assert_eq!(checked(&input).after.spot_cpu_ppm, 250_000);
    input.policy.workloads[0].on_demand_base = Some(12);
    assert_eq!(checked(&input).after.spot_cpu_ppm, 100_000);
    input.policy.workloads[0].name = Some("other".to_owned());
    assert_eq!(checked(&input).after.spot_cpu_ppm, 1_000_000);
}

#[test]
fn a_pool_that_was_often_interrupted_is_left_and_its_risk_is_said() {
    let mut input = small(|_| {});
    input.policy.disruption_cost_per_pod = Money::parse_usd("0.05").unwrap();
    let calm = checked(&input);
    let pool = |plan: &Plan| plan.commands[0].launch[0].choices[0].pool.clone();
    let (first, text) = (pool(&calm), &calm.commands[0].reason.text);
    assert!(text.contains("Interruptions are expected to cost"), "{text}");
    assert!(calm.after.interruption_cost_per_hour > calm.before.interruption_cost_per_hour);
    assert_eq!(
        calm.commands[0].reason.added_interruption_cost_per_hour,
        calm.after.interruption_cost_per_hour
    );
    let seen = domain::risk::Experience { interruptions: 400, instance_hours: 7_300 };
    input.risk.note(&first, seen);
    assert_ne!(pool(&checked(&input)), first);
}

#[test]
fn a_saving_that_interruptions_eat_up_does_not_pay_back() {
    let mut input = small(|_| {});
    input.policy.disruption_cost_per_pod = Money::parse_usd("0.5").unwrap();
    input.policy.payback_hours = 24;
    let first = checked(&input);
    assert!(first.after.spot_nodes > 0);
    // Nothing new but Spot pools, each instance of which is taken back every few hours.
    input.market.offerings.retain(|offering| {
        offering.pool.capacity_type == CapacityType::Spot
            || offering.pool.instance_type == "m6i.4xlarge"
    });
    assert!(!checked(&input).commands.is_empty());
    for offering in &input.market.offerings {
        let seen = domain::risk::Experience { interruptions: 300_000, instance_hours: 730_000 };
        input.risk.note(&offering.pool, seen);
    }
    assert_eq!(checked(&input).after.spot_nodes, 0);
}

#[test]
fn what_is_paid_for_anyway_saves_nothing_when_it_is_removed() {
    let mut input = small(|_| {});
    let free = checked(&input);
    // One of the three nodes has 16 vCPUs.
    input.covered_vcpus.insert("m6i".to_owned(), 16);
    let one = checked(&input);
    let price = Money::parse_usd("0.768").unwrap();
    assert_eq!(one.before.cost_per_hour, free.before.cost_per_hour - price);
    assert_eq!(one.after.cost_per_hour, Money::ZERO, "all pods fit the node that is paid for");
    let stay = one.stays.iter().find(|stay| stay.node == "node-0").unwrap();
    assert_eq!(stay.text, "Reserved Instances or Savings Plans pay for it whether it runs or not.");
    let said = one.findings.iter().find(|it| it.code == FindingCode::CapacityCovered).unwrap();
    assert!(said.message.contains("16 of the 48 vCPUs of on-demand m6i"), "{}", said.message);
    // Half a node is covered: it costs the other half.
    input.covered_vcpus.insert("m6i".to_owned(), 8);
    assert_eq!(checked(&input).before.cost_per_hour, free.before.cost_per_hour - price.ratio(1, 2));
    let text = explain(&checked(&input), 0);
    assert!(text.contains("Reserved Instances and Savings Plans"), "{text}");
    // Families that are not covered, and Spot, cost what they cost.
    input.covered_vcpus = [("c6i".to_owned(), 64)].into();
    assert_eq!(checked(&input).before.cost_per_hour, free.before.cost_per_hour);
}
