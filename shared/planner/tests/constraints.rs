//! One test for each constraint of pods on where they run. Each has a twin without
//! it, in which the same pods do what it forbids, so that no test passes for want of a temptation.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{
    HOSTNAME, ZONE, checked, input, launched, launches, node, node_term, pod, retired, small,
    spread, stays, term, wasteful, workload, zones,
};
use domain::Money;
use domain::finding::FindingCode;
use domain::offering::{Architecture, CapacityType, Offering, Pool};
use domain::plan::{Plan, PlanningInput, ReasonKind, StayReason};
use domain::snapshot::{Node, Operator, Pod, PodKind, Taint, TaintEffect, Toleration};
use planner::decide;
use std::collections::BTreeSet;

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
    let cost = |daemons: &[u64]| {
        let mut input = small(|_| {});
        for (at, cpu_milli) in daemons.iter().enumerate() {
            let mut daemon = pod("agent", at, Some(&format!("node-{at}")), *cpu_milli, 512);
            daemon.kind = PodKind::DaemonSet;
            daemon.owner = Some(workload("DaemonSet", "agent"));
            // The controller ties each of its pods to a node by name: new nodes get one all the same.
            daemon.node_affinity =
                vec![node_term("metadata.name", Operator::In, &[&format!("node-{at}")])];
            input.snapshot.pods.insert(0, daemon);
        }
        input.snapshot.pods.sort_by(|one, other| one.name.cmp(&other.name));
        checked(&input).after.cost_per_hour
    };
    assert!(cost(&[1_500; 3]) > cost(&[]));
    // A new node gets one as large as the largest: its template may have changed since.
    assert_eq!(cost(&[100, 1_500, 100]), cost(&[1_500; 3]));
    assert!(cost(&[100; 3]) < cost(&[1_500; 3]));
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
    let in_region = |region: &str| {
        small(|pod| {
            let key = "topology.kubernetes.io/region".to_owned();
            drop(pod.node_selector.insert(key, region.to_owned()));
        })
    };
    assert_eq!(retired(&checked(&in_region("us-east-1"))), 3);
    stays(&in_region("eu-west-1"), StayReason::Blocked, FindingCode::PodFitsNothing, 3);
}

#[test]
fn a_selector_for_a_label_no_node_group_sets_keeps_the_node() {
    let input = small(|pod| drop(pod.node_selector.insert("disk".to_owned(), "fast".to_owned())));
    stays(&input, StayReason::Blocked, FindingCode::PodFitsNothing, 3);
}

/// Pods that ask for their team's nodes, which have this taint. They tolerate it.
fn of_a_team(key: &str, value: &str) -> PlanningInput {
    let mut input = small(|pod| {
        pod.node_selector.insert("team".to_owned(), "blue".to_owned());
        pod.tolerations.push(Toleration {
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
            effect: None,
        });
    });
    for node in &mut input.snapshot.nodes {
        node.labels.insert("team".to_owned(), "blue".to_owned());
        node.taints.push(Taint {
            key: key.to_owned(),
            value: value.to_owned(),
            effect: TaintEffect::NoSchedule,
        });
    }
    input
}

#[test]
fn labels_and_taints_of_a_node_group_go_with_its_pods() {
    let plan = checked(&of_a_team("team", "blue"));
    let launch = &plan.commands[0].launch[0];
    assert_eq!(launch.labels.get("team").map(String::as_str), Some("blue"));
    assert_eq!(launch.taints.len(), 1);
}

#[test]
fn a_taint_that_says_what_becomes_of_one_node_is_not_taken_over() {
    for key in [
        "ToBeDeletedByClusterAutoscaler",
        "DeletionCandidateOfClusterAutoscaler",
        "spot-optimizer.io/retiring",
    ] {
        let plan = checked(&of_a_team(key, "true"));
        assert!(launched(&plan) > 0, "{key}");
        assert!(launches(&plan).all(|launch| launch.taints.is_empty()), "{key}");
    }
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
        // No one node that is as cheap takes them all.
        pod.requests.memory_mib = 3_100;
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
fn pending_pods_get_a_node() {
    let mut input =
        input(Vec::new(), (0..4).map(|number| pod("web", number, None, 1_500, 2_048)).collect());
    input.policy.min_saving_percent = 50;
    let plan = checked(&input);
    assert!(launched(&plan) > 0);
    assert!(plan.commands.iter().all(|command| command.reason.kind == ReasonKind::Provisioning));
}

/// One pod on a small node beside a large one that stays and has room; whether it moves over.
fn moves_over(change: impl Fn(&mut Node, &mut Pod)) -> bool {
    moves_to(None, change)
}

/// The same where there is a pod on the large node.
fn moves_to(there: Option<Pod>, change: impl Fn(&mut Node, &mut Pod)) -> bool {
    let mut large = node("node-0", "m6i.4xlarge", "us-east-1a");
    large.do_not_disrupt = true;
    let mut made = pod("web", 0, Some("node-1"), 300, 512);
    change(&mut large, &mut made);
    let small = node("node-1", "m6i.large", "us-east-1a");
    let pods = there.into_iter().chain([made]).collect();
    let plan = checked(&input(vec![large, small], pods));
    retired(&plan) == 1 && launched(&plan) == 0
}

#[test]
fn a_pod_does_not_move_to_one_that_avoids_it_or_that_it_avoids() {
    let database = |avoids: &str| {
        let mut made = pod("database", 0, Some("node-0"), 300, 512);
        made.anti_affinity.push(term(HOSTNAME, avoids));
        Some(made)
    };
    assert!(moves_to(database("other"), |_, _| {}));
    assert!(!moves_to(database("web"), |_, _| {}));
    assert!(!moves_to(database("other"), |_, pod| {
        pod.anti_affinity.push(term(HOSTNAME, "database"));
    }));
}

#[test]
fn a_pod_that_asks_for_its_like_on_its_node_moves_where_there_is_none() {
    assert!(moves_over(|_, pod| pod.affinity.push(term(HOSTNAME, "web"))));
}

#[test]
fn a_pod_moves_into_free_room_only_where_the_scheduler_would_let_it() {
    let taint = |effect| Taint { key: "a".to_owned(), value: "b".to_owned(), effect };
    assert!(moves_over(|_, _| {}));
    assert!(!moves_over(|node, _| node.taints.push(taint(TaintEffect::NoSchedule))));
    assert!(!moves_over(|node, _| node.taints.push(taint(TaintEffect::NoExecute))));
    assert!(moves_over(|node, _| node.taints.push(taint(TaintEffect::PreferNoSchedule))));
    assert!(moves_over(|node, pod| {
        node.taints.push(taint(TaintEffect::NoSchedule));
        pod.tolerations.push(Toleration {
            key: Some("a".to_owned()),
            value: Some("b".to_owned()),
            effect: Some(TaintEffect::NoSchedule),
        });
    }));
    assert!(!moves_over(|node, _| node.unschedulable = true));
    assert!(!moves_over(|node, pod| {
        node.zone = Some("us-east-1b".to_owned());
        node.labels.insert(ZONE.to_owned(), "us-east-1b".to_owned());
        pod.volume_zone = Some("us-east-1a".to_owned());
    }));
    let by_name = |name: &str| vec![node_term("metadata.name", Operator::In, &[name])];
    assert!(moves_over(|_, pod| pod.node_affinity = by_name("node-0")));
    assert!(!moves_over(|_, pod| pod.node_affinity = by_name("node-1")));
    assert!(!moves_over(|node, _| node.allocatable.pods = 0));
    assert!(!moves_over(|node, pod| {
        node.allocatable.ephemeral_mib = 100;
        pod.requests.ephemeral_mib = 101;
    }));
}

#[test]
fn a_pod_moves_to_a_node_of_another_architecture_only_where_its_image_runs_on_it() {
    let on_arm = |known: &[Architecture]| {
        moves_over(|node, pod| {
            node.architecture = Some(Architecture::Arm64);
            node.instance_type = Some("m6g.4xlarge".to_owned());
            node.labels.insert("kubernetes.io/arch".to_owned(), "arm64".to_owned());
            pod.architectures = known.to_vec();
        })
    };
    assert!(on_arm(&[Architecture::Amd64, Architecture::Arm64]));
    assert!(!on_arm(&[Architecture::Amd64]));
    assert!(!on_arm(&[]));
}

#[test]
fn pods_with_gpus_go_to_as_many_nodes_as_their_gpus_take() {
    let mut input = wasteful((0..2).map(|number| {
        let mut made = pod("train", number, Some("node-0"), 300, 512);
        made.requests.extended.insert("nvidia.com/gpu".to_owned(), 1);
        made
    }));
    input.template.categories.insert("g".to_owned());
    for (name, gpus, cents) in [("g5.12xlarge", 4, 567), ("g5.xlarge", 1, 101)] {
        let mut made = input.market.types["m6i.xlarge"].clone();
        made.name = name.to_owned();
        made.gpus = gpus;
        input.market.types.insert(name.to_owned(), made);
        input.market.offerings.push(Offering {
            pool: Pool {
                instance_type: name.to_owned(),
                zone: "us-east-1a".to_owned(),
                capacity_type: CapacityType::OnDemand,
            },
            price_per_hour: Money::from_nanos(cents * 10_000_000),
            estimated: false,
            interruption: None,
        });
    }
    input.market.offerings.sort_by(|one, other| one.pool.cmp(&other.pool));
    let node = &mut input.snapshot.nodes[0];
    node.instance_type = Some("g5.12xlarge".to_owned());
    node.allocatable = input.market.types["g5.12xlarge"].allocatable();
    let plan = checked(&input);
    let types: Vec<&str> =
        launches(&plan).map(|launch| launch.choices[0].pool.instance_type.as_str()).collect();
    assert_eq!((types.as_slice(), launched(&plan)), (&["g5.xlarge"][..], 2));
}

#[test]
fn a_pod_that_asks_for_a_fifth_extended_resource_stays() {
    let mut input = small(|_| {});
    for (at, pod) in input.snapshot.pods.iter_mut().enumerate() {
        pod.node = Some(if at == 4 { "node-2" } else { "node-1" }.to_owned());
        pod.requests.extended.insert(format!("example.com/{at}"), 1);
    }
    input.snapshot.pods.truncate(5);
    let plan = checked(&input);
    let stay = plan.stays.iter().find(|stay| stay.node == "node-2").unwrap();
    assert_eq!(stay.reason, StayReason::Blocked);
    assert!(plan.findings.iter().any(|finding| finding.code == FindingCode::ExtendedResource
        && finding.subject == input.snapshot.pods[4].subject()));
}

#[test]
fn new_nodes_take_as_many_pods_as_eks_lets_them() {
    // 150 tiny pods fit the CPU of a 4xlarge, which has addresses for 234; EKS allows 110.
    let many = || wasteful((0..150).map(|number| pod("web", number, None, 10, 32)));
    let mut input = many();
    input.template.min_vcpu = 16;
    assert_eq!(launched(&checked(&input)), 2);
    // With prefix delegation small nodes take as many too.
    let mut input = many();
    input.template.max_vcpu = 2;
    let plain = launched(&checked(&input));
    assert!(plain >= 6, "29 pods each: {plain}");
    let add = |input: &mut domain::plan::PlanningInput, name: &str, pods: u64| {
        let mut made = node(name, "m6i.large", "us-east-1a");
        made.allocatable.pods = pods;
        made.do_not_disrupt = true;
        made.unschedulable = true;
        input.snapshot.nodes.push(made);
    };
    add(&mut input, "node-3", 110);
    let plan = checked(&input);
    assert!(launched(&plan) <= 2, "{}", launched(&plan));
    assert!(launches(&plan).all(|launch| launch.choices[0].allocatable.pods == 110));
    // One node that takes no more than it has addresses for speaks against it.
    add(&mut input, "node-4", 29);
    assert_eq!(launched(&checked(&input)), plain);
}

#[test]
fn spread_over_zones_that_is_only_wished_for_decides_between_zones_of_equal_price() {
    let on_demand = |change: &dyn Fn(&mut Pod), nodes: u32| {
        let mut input = wasteful((0..6).map(|number| {
            let mut made = pod("web", number, None, 1_500, 512);
            change(&mut made);
            made
        }));
        input.policy.spot_percent = 0;
        input.template.max_vcpu = 2;
        let plan = checked(&input);
        assert_eq!(launched(&plan), nodes);
        zones(&plan).len()
    };
    let wish = |pod: &mut Pod| {
        let mut wished = spread(ZONE, "web", 1);
        wished.required = false;
        pod.topology_spread.push(wished);
    };
    assert_eq!(on_demand(&|_| {}, 6), 1);
    assert_eq!(on_demand(&wish, 6), 3);
    let in_b = |pod: &mut Pod| {
        wish(pod);
        pod.node_selector.insert(ZONE.to_owned(), "us-east-1b".to_owned());
    };
    assert_eq!(on_demand(&in_b, 6), 1);
}

#[test]
fn spread_that_is_only_wished_for_binds_nothing() {
    for key in [ZONE, HOSTNAME] {
        let plan = checked(&small(|pod| {
            pod.topology_spread.push(spread(key, "web", 1));
            pod.topology_spread[0].required = false;
        }));
        assert_eq!(launched(&plan), 1);
    }
}

#[test]
fn constraints_over_other_domains_than_zones_and_nodes_keep_the_node() {
    type Case = (fn(&mut Pod), &'static str);
    let cases: [Case; 3] = [
        (|pod| pod.topology_spread.push(spread("rack", "web", 1)), "topology spread over rack"),
        (|pod| pod.anti_affinity.push(term("rack", "web")), "pod anti-affinity over rack"),
        (|pod| pod.affinity.push(term("rack", "web")), "pod affinity over rack"),
    ];
    for (change, name) in cases {
        let plan =
            stays(&small(change), StayReason::Blocked, FindingCode::ConstraintUnsupported, 3);
        assert!(plan.stays.iter().all(|stay| stay.text.contains(name)), "{:#?}", plan.stays);
    }
}

#[test]
fn constraints_of_others_over_other_domains_bind_those_they_keep_off_alone() {
    let beside = |change: fn(&mut Pod)| {
        let mut input = small(|_| {});
        let mut other = pod("db", 0, Some("node-0"), 300, 512);
        change(&mut other);
        input.snapshot.pods.insert(0, other);
        retired(&checked(&input))
    };
    assert_eq!(beside(|_| {}), 3);
    assert_eq!(beside(|pod| pod.anti_affinity.push(term("rack", "web"))), 0);
    // Who is wanted is free to go, as far as the scheduler is asked.
    assert_eq!(beside(|pod| pod.affinity.push(term("rack", "web"))), 2);
}

#[test]
fn terms_between_pods_count_the_pods_of_their_namespaces() {
    let apart = |namespaces: &[&str]| {
        let plan = checked(&small(|pod| {
            let mut term = term(HOSTNAME, "web");
            term.namespaces = namespaces.iter().map(ToString::to_string).collect();
            pod.anti_affinity.push(term);
        }));
        launched(&plan) as usize + 3 - retired(&plan)
    };
    assert_eq!(apart(&["other"]), 1);
    // Two replicas share a node already: that is found, and nothing is made worse.
    assert!(apart(&["default"]) >= 3);
    assert!(apart(&[]) >= 3);
}

#[test]
fn pods_that_could_not_come_back_to_their_zone_stay() {
    let crowded = |zones: usize| {
        let mut input = small(|pod| pod.topology_spread.push(spread(ZONE, "web", 1)));
        for (at, pod) in input.snapshot.pods.iter_mut().enumerate() {
            pod.node = Some(format!("node-{}", at % zones));
        }
        input
    };
    assert_eq!(retired(&checked(&crowded(3))), 3);
    // Six in one zone and none in the others: the scheduler would put one that is evicted there.
    let plan = checked(&crowded(1));
    let kept = plan.stays.iter().find(|stay| stay.node == "node-0").unwrap();
    assert!(kept.text.contains("constraints over zones"), "{}", kept.text);
    assert_eq!(retired(&plan), 2);
}

/// Where a pod that waits is put, beside one of another app on a node in zone b that stays.
fn waiting(change: impl Fn(&mut Pod)) -> Option<String> {
    waiting_beside(|_| {}, change)
}

/// The same where that one is changed too.
fn waiting_beside(there: impl Fn(&mut Pod), change: impl Fn(&mut Pod)) -> Option<String> {
    let mut on = node("node-0", "m6i.large", "us-east-1b");
    on.do_not_disrupt = true;
    let mut runs = pod("db", 0, Some("node-0"), 1_900, 512);
    there(&mut runs);
    let mut waits = pod("web", 0, None, 300, 512);
    change(&mut waits);
    let made = input(vec![on], vec![runs, waits]);
    let plan = checked(&made);
    let placed = zones(&plan).first().map(ToString::to_string);
    let said = plan.findings.iter().any(|finding| finding.code == FindingCode::PodPending);
    assert_eq!(placed.is_none(), said, "{:#?}", plan.findings);
    placed
}

#[test]
fn a_pod_that_waits_goes_where_its_constraints_over_zones_let_it_or_nowhere() {
    let b = Some("us-east-1b".to_owned());
    assert_ne!(waiting(|_| {}), None);
    assert_eq!(waiting(|pod| pod.affinity.push(term(ZONE, "db"))), b);
    assert_eq!(waiting(|pod| pod.affinity.push(term(ZONE, "cache"))), None);
    // The cluster is in one zone, and no pod is to be alone in another.
    assert_eq!(waiting(|pod| pod.anti_affinity.push(term(ZONE, "cache"))), b);
    assert_eq!(waiting(|pod| pod.anti_affinity.push(term(ZONE, "db"))), None);
    assert_eq!(waiting_beside(|db| db.anti_affinity.push(term(ZONE, "web")), |_| {}), None);
    assert_ne!(waiting_beside(|db| db.anti_affinity.push(term(ZONE, "other")), |_| {}), None);
    assert_eq!(waiting(|pod| pod.unsupported.push("a ResourceClaim".to_owned())), None);
    assert_eq!(waiting(|pod| pod.affinity.push(term("rack", "db"))), None);
}

#[test]
fn a_stateful_set_moves_within_the_zones_of_its_volumes() {
    let mut input = small(|pod| {
        pod.owner = Some(workload("StatefulSet", "web"));
    });
    for pod in &mut input.snapshot.pods {
        let home = input.snapshot.nodes.iter().find(|node| Some(&node.name) == pod.node.as_ref());
        pod.volume_zone.clone_from(&home.unwrap().zone);
    }
    let plan = checked(&input);
    assert_eq!((zones(&plan).len(), launched(&plan), retired(&plan)), (3, 3, 3));
}

#[test]
fn pods_of_higher_priority_get_the_nodes_there_may_be() {
    for important in [0..2, 3..5, 6..8] {
        let mut pods: Vec<Pod> =
            (0..8).map(|number| pod(&format!("app{number}"), 0, None, 7_000, 2_048)).collect();
        for pod in &mut pods[important.clone()] {
            pod.priority = 1_000;
        }
        let mut input = input(Vec::new(), pods);
        input.template.max_vcpu = 8;
        input.template.max_nodes = Some(4);
        let decision = decide(&input);
        let placed: BTreeSet<usize> =
            decision.placements.iter().map(|placement| placement.pod).collect();
        assert_eq!(placed.len(), 4);
        assert!(important.clone().all(|pod| placed.contains(&pod)), "{important:?} {placed:?}");
    }
}

#[test]
fn pods_that_fit_nowhere_go_nowhere_though_others_are_launched_for() {
    let mut pods: Vec<Pod> = (0..2).map(|number| pod("api", number, None, 100, 1_280)).collect();
    pods.extend((0..4).map(|number| {
        let mut made = pod("web", number, None, 900, 2_560);
        made.node_selector.insert("team".to_owned(), "blue".to_owned());
        made
    }));
    let mut input = input(Vec::new(), pods);
    input.policy.spot_percent = 0;
    let decision = decide(&input);
    assert!(checked(&input).findings.iter().any(|it| it.code == FindingCode::PodFitsNothing));
    let placed: Vec<usize> = decision.placements.iter().map(|placed| placed.pod).collect();
    assert_eq!(placed, [0, 1]);
}

#[test]
fn a_zone_where_pods_find_no_place_holds_back_pods_that_are_spread() {
    let mut tainted = node("node-1", "m6i.xlarge", "us-east-1b");
    let (key, effect) = ("team".to_owned(), TaintEffect::NoExecute);
    tainted.taints.push(Taint { key, value: String::new(), effect });
    let pods = (0..4).map(|number| {
        let mut made = pod("web", number, None, 100, 128);
        made.topology_spread.push(spread(ZONE, "web", 1));
        made
    });
    let mut input =
        input(vec![node("node-0", "m6i.xlarge", "us-east-1a"), tainted], pods.collect());
    assert_eq!(decide(&input).placements.len(), 4);
    input.template.max_nodes = Some(2);
    input.snapshot.nodes.iter_mut().for_each(|node| node.do_not_disrupt = true);
    checked(&input);
    assert_eq!(decide(&input).placements.len(), 1);
}

#[test]
fn a_zone_where_nothing_is_launched_holds_back_pods_that_are_spread() {
    let full = |name: &str, zone: &str| {
        let mut made = node(name, "m6i.large", zone);
        made.do_not_disrupt = true;
        made
    };
    let nodes = vec![full("node-0", "us-east-1b"), full("node-1", "us-east-1c")];
    let mut pods: Vec<Pod> = (0..2)
        .map(|number| pod("web", number, Some(&format!("node-{number}")), 1_900, 512))
        .chain((2..6).map(|number| pod("web", number, None, 1_500, 512)))
        .collect();
    for pod in &mut pods {
        pod.topology_spread.push(spread(ZONE, "web", 1));
    }
    let mut input = input(nodes, pods);
    let placed = |input: &domain::plan::PlanningInput| {
        assert!(checked(input).commands.len() <= 1);
        decide(input).placements.len()
    };
    assert_eq!(placed(&input), 4);
    // With one in each of two zones, one of them may have a second.
    input.template.zones = ["us-east-1b".to_owned()].into();
    assert_eq!(placed(&input), 1);
}
