//! One test for each limit of policy and node template, with a twin that breaks it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{
    ZONES, checked, free_policy, input, launched, launches, node, pod, retired, small, wasteful,
};
use domain::Money;
use domain::finding::FindingCode;
use domain::offering::{Architecture, CapacityType, InstanceType, Pool};
use domain::plan::{Plan, StayReason};
use domain::policy::{NodeTemplate, Policy};
use domain::snapshot::{Node, NodeManager};
use planner::{decide, explain, plan};
use std::collections::{BTreeMap, BTreeSet};

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

#[test]
fn a_cluster_rests_after_a_plan_launched_nodes() {
    let rested = |minutes: i64, name: &str| {
        let mut input = small(|_| {});
        let mut made = node("node-3", "m6i.large", "us-east-1a");
        made.manager = NodeManager::ManagedNodeGroup { name: name.to_owned() };
        made.created_at = common::now() - jiff::SignedDuration::from_mins(minutes);
        input.snapshot.nodes.push(made);
        let plan = checked(&input);
        let cooling = plan.stays.iter().filter(|stay| stay.reason == StayReason::Cooldown);
        (cooling.count(), retired(&plan))
    };
    let ours = format!("{}0-a", domain::execution::GROUP_PREFIX);
    assert_eq!(rested(29, &ours), (4, 0));
    assert_eq!(rested(31, &ours).0, 0);
    // A young node of somebody else's rests by itself.
    assert_eq!(rested(29, "main"), (1, 3));
}

#[test]
fn each_cap_on_spot_holds_by_itself() {
    // Percent of the CPU on Spot in the fullest pool, family or zone.
    let fullest = |change: fn(&mut Policy), of: fn(&Pool) -> String| {
        let mut input = wasteful((0..60).map(|number| pod("web", number, None, 1_000, 2_048)));
        input.template.max_vcpu = 4;
        change(&mut input.policy);
        let plan = checked(&input);
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for launch in launches(&plan) {
            let cpu: u64 = launch.packing.iter().map(|share| share.cpu_milli).sum();
            *sums.entry(of(&launch.choices[0].pool)).or_default() += cpu;
        }
        assert_eq!(plan.after.spot_nodes, plan.after.nodes);
        sums.values().max().unwrap() * 100 / sums.values().sum::<u64>()
    };
    type Case = (fn(&mut Policy), fn(&Pool) -> String, u64);
    let cases: [Case; 3] = [
        (|policy| policy.max_pool_percent = 20, |pool| pool.to_string(), 20),
        (
            |policy| policy.max_family_percent = 35,
            |pool| domain::offering::family_of(&pool.instance_type).to_owned(),
            35,
        ),
        (|policy| policy.max_zone_percent = 40, |pool| pool.zone.clone(), 40),
    ];
    for (cap, of, percent) in cases {
        let (free, capped) = (fullest(|_| {}, of), fullest(cap, of));
        // A cap is rounded up to a whole node, here of three pods in sixty.
        assert!(free > percent + 10 && capped <= percent + 5, "{percent} %: {free}, {capped}");
    }
}

#[test]
fn a_pool_above_its_cap_already_gets_no_more_and_holds_no_other_back() {
    let mut input = wasteful((0..12).map(|number| pod("web", number, None, 1_000, 3_072)));
    let full = Pool {
        instance_type: "m6i.xlarge".to_owned(),
        zone: "us-east-1a".to_owned(),
        capacity_type: CapacityType::Spot,
    };
    for at in 0..4 {
        let name = format!("spot-{at}");
        let mut there = node(&name, &full.instance_type, &full.zone);
        there.capacity_type = Some(CapacityType::Spot);
        there.do_not_disrupt = true;
        input.snapshot.pods.insert(at, pod("db", at, Some(&name), 3_000, 4_096));
        input.snapshot.nodes.push(there);
    }
    // Half of all CPU is in that pool when the rest is on Spot too.
    input.policy.max_pool_percent = 30;
    let plan = checked(&input);
    assert_eq!(retired(&plan), 3);
    let pools: BTreeSet<&Pool> = launches(&plan).map(|launch| &launch.choices[0].pool).collect();
    assert!(pools.iter().all(|pool| pool.capacity_type == CapacityType::Spot), "{pools:?}");
    assert!(!pools.is_empty() && !pools.contains(&full), "{pools:?}");
}

#[test]
fn a_single_replica_stays_on_demand_where_the_loss_of_a_pool_may_not_take_it() {
    let mut input = wasteful((0..3).map(|at| pod(&format!("app{at}"), 0, None, 1_500, 2_048)));
    assert!(checked(&input).after.spot_nodes > 0);
    input.policy.max_workload_pool_percent = 50;
    let plan = checked(&input);
    assert_eq!(plan.after.spot_nodes, 0);
    assert!(retired(&plan) > 0);
}

#[test]
fn headroom_is_kept_free_on_nodes_there_are() {
    // 1,930 m can be used of the node that stays, and 1,500 m are.
    let mut there = node("node-0", "m6i.large", "us-east-1a");
    there.do_not_disrupt = true;
    let pods =
        vec![pod("db", 0, Some("node-0"), 1_500, 512), pod("web", 0, Some("node-1"), 300, 512)];
    let mut input = input(vec![there, node("node-1", "m6i.xlarge", "us-east-1a")], pods);
    assert_eq!(launched(&checked(&input)), 0);
    input.policy.headroom_percent = 10;
    assert_eq!(launched(&checked(&input)), 1);
}

#[test]
fn only_machines_and_zones_that_the_template_allows_are_launched() {
    type Change = fn(&mut NodeTemplate);
    type Holds = fn(&InstanceType, &Pool) -> bool;
    let cases: [(Change, Holds); 10] = [
        (
            |template| template.families = ["r6i".to_owned()].into(),
            |made, _| made.family() == "r6i",
        ),
        (
            |template| template.categories = ["r".to_owned()].into(),
            |made, _| made.category() == "r",
        ),
        (
            |template| template.sizes = ["xlarge".to_owned()].into(),
            |made, _| made.size() == "xlarge",
        ),
        (|template| template.generations = [5].into(), |made, _| made.generation() == 5),
        (
            |template| template.excluded = ["c6i".to_owned()].into(),
            |made, _| made.family() != "c6i",
        ),
        (|template| template.min_vcpu = 16, |made, _| made.vcpu >= 16),
        (|template| template.max_vcpu = 2, |made, _| made.vcpu == 2),
        (
            |template| template.architectures = [Architecture::Arm64].into(),
            |made, _| made.architecture == Architecture::Arm64,
        ),
        (
            |template| template.zones = ["us-east-1b".to_owned()].into(),
            |_, pool| pool.zone == "us-east-1b",
        ),
        (
            |template| template.zones = ["us-east-1c".to_owned()].into(),
            |_, pool| pool.zone == "us-east-1c",
        ),
    ];
    for (at, (change, holds)) in cases.into_iter().enumerate() {
        let mut input = small(|pod| {
            pod.architectures = vec![Architecture::Amd64, Architecture::Arm64];
            pod.requests.cpu_milli = 900;
        });
        let breaks = |plan: &Plan| {
            launches(plan)
                .flat_map(|launch| &launch.choices)
                .any(|choice| !holds(&input.market.types[&choice.pool.instance_type], &choice.pool))
        };
        assert!(breaks(&checked(&input)), "{at}: nothing is asked");
        change(&mut input.template);
        let plan = checked(&input);
        assert!(launched(&plan) > 0, "{at}");
        let market = &input.market;
        let held = launches(&plan)
            .flat_map(|launch| &launch.choices)
            .all(|choice| holds(&market.types[&choice.pool.instance_type], &choice.pool));
        assert!(held, "{at}: {:#?}", plan.commands);
    }
}

#[test]
fn more_nodes_than_pods_need_are_the_cheapest_there_are() {
    let mut input = small(|_| {});
    input.template.min_nodes = 3;
    let plan = checked(&input);
    assert_eq!(plan.after.nodes, 3);
    assert!(plan.after.cost_per_hour < plan.before.cost_per_hour.ratio(1, 4), "{:?}", plan.after);
}

#[test]
fn fallbacks_are_as_many_as_the_template_asks_as_large_and_cheaper_than_on_demand() {
    let mut input = small(|_| {});
    input.template.min_offerings = 20;
    // A pool on Spot that costs more than on-demand.
    let dear = |offering: &&mut domain::offering::Offering| {
        offering.pool.instance_type == "r6i.large"
            && offering.pool.capacity_type == CapacityType::Spot
    };
    for offering in input.market.offerings.iter_mut().filter(dear) {
        offering.price_per_hour = Money::parse_usd("0.2").unwrap();
    }
    let plan = checked(&input);
    for launch in launches(&plan) {
        let last = launch.choices.last().unwrap();
        let (spot, sure): (Vec<_>, Vec<_>) = launch
            .choices
            .iter()
            .partition(|choice| choice.pool.capacity_type == CapacityType::Spot);
        assert!(spot.len() > 8 && sure.len() == 1, "{}", spot.len());
        assert!(spot.iter().all(|choice| choice.price_per_hour < last.price_per_hour));
        let first = &launch.choices[0];
        assert!(spot.iter().all(|choice| choice.allocatable.covers(&first.allocatable)));
    }
    input.template.min_offerings = 3;
    let few = checked(&input);
    assert!(launches(&few).all(|launch| launch.choices.len() <= 9));
}

#[test]
fn fallbacks_suit_the_pods_of_the_launch() {
    let plan = checked(&small(|pod| {
        pod.node_affinity = vec![common::node_term(
            "node.kubernetes.io/instance-type",
            domain::snapshot::Operator::NotIn,
            &["m6i.large", "r6i.xlarge"],
        )];
    }));
    assert!(launched(&plan) > 0);
    for choice in launches(&plan).flat_map(|launch| &launch.choices) {
        assert!(!["m6i.large", "r6i.xlarge"].contains(&choice.pool.instance_type.as_str()));
    }
}

#[test]
fn spot_nodes_are_covered_by_nothing() {
    let mut input = small(|_| {});
    input.snapshot.nodes[0].capacity_type = Some(CapacityType::Spot);
    let free = checked(&input);
    input.covered_vcpus.insert("m6i".to_owned(), 16);
    let covered = checked(&input);
    // One of the two on-demand nodes is, and not the first.
    let price = Money::parse_usd("0.768").unwrap();
    assert_eq!(covered.before.cost_per_hour, free.before.cost_per_hour - price);
    assert!(covered.stays.iter().all(|stay| stay.node != "node-0"), "{:?}", covered.stays);
}

#[test]
fn a_saving_below_the_policys_least_amount_is_left_alone() {
    let mut input = small(|_| {});
    let saving = checked(&input).saving_per_hour();
    input.policy.min_saving_per_hour = saving;
    assert!(!checked(&input).commands.is_empty());
    input.policy.min_saving_per_hour = saving + Money::from_nanos(1);
    let plan = checked(&input);
    assert!(plan.commands.is_empty());
    assert!(plan.stays.iter().all(|stay| stay.text.contains("the policy asks for at least")));
}

#[test]
fn a_disruption_that_new_nodes_do_not_live_to_earn_back_is_not_made() {
    let pods = (0..6).map(|number| pod("web", number, Some("node-0"), 300, 512)).collect();
    let mut input = input(vec![node("node-0", "m6i.4xlarge", "us-east-1a")], pods);
    input.policy.payback_hours = 24 * 30;
    input.market.offerings.retain(|offering| {
        offering.pool.capacity_type == CapacityType::Spot
            || offering.pool.instance_type == "m6i.4xlarge"
    });
    for offering in &input.market.offerings {
        let seen = domain::risk::Experience { interruptions: 300_000, instance_hours: 730_000 };
        input.risk.note(&offering.pool, seen);
    }
    let mut plans = (1..60_i64).map(|cents| {
        input.policy.disruption_cost_per_pod = Money::from_nanos(cents * 20_000_000);
        checked(&input)
    });
    let why = "does not pay for 6 evictions";
    let left = |plan: &Plan| plan.stays.iter().any(|stay| stay.text.contains(why));
    assert!(plans.any(|plan| left(&plan) && plan.commands.is_empty()));
}

#[test]
fn a_cap_keeps_room_for_pods_that_can_be_nowhere_else() {
    // Three zones of 34 % leave 2 % to spare: what may be anywhere must leave each zone to its own.
    let free = (0..40).map(|number| pod("any", number, None, 3_000, 4_096));
    let bound = (0..80).map(|number| {
        let mut made = pod("bound", number, None, 1_500, 2_048);
        made.volume_zone = Some(ZONES[number % 2].to_owned());
        made
    });
    let mut input = input(Vec::new(), free.chain(bound).collect());
    input.policy = Policy { spot_percent: 100, max_zone_percent: 34, ..input.policy };
    let plan = checked(&input);
    assert!(plan.after.spot_cpu_ppm > 950_000, "{} ppm", plan.after.spot_cpu_ppm);
}

/// Names of the apps of which a plan launches pods on Spot.
fn apps_on_spot(plan: &Plan) -> BTreeSet<String> {
    let spot =
        launches(plan).filter(|launch| launch.choices[0].pool.capacity_type == CapacityType::Spot);
    spot.flat_map(|launch| &launch.packing).map(|share| share.workload.name.clone()).collect()
}

#[test]
fn pods_whose_memory_fits_the_cheapest_nodes_on_demand_stay_there_first() {
    // An even share of CPU each: of the cheapest CPU on-demand there is with 2 GiB.
    let lean = (0..16).map(|number| pod("a-lean", number, None, 1_000, 1_800));
    let rich = (0..16).map(|number| pod("b-rich", number, None, 1_000, 7_000));
    let mut input = wasteful(lean.chain(rich));
    input.policy.spot_percent = 50;
    assert_eq!(apps_on_spot(&checked(&input)), BTreeSet::from(["b-rich".to_owned()]));
}

#[test]
fn of_pods_that_fit_alike_the_largest_stay_on_demand_first() {
    let large = (0..4).map(|number| pod("a-large", number, None, 4_000, 7_200));
    let small = (0..16).map(|number| pod("b-small", number, None, 1_000, 1_800));
    let mut input = wasteful(large.chain(small));
    input.policy.spot_percent = 50;
    assert_eq!(apps_on_spot(&checked(&input)), BTreeSet::from(["b-small".to_owned()]));
}

#[test]
fn single_replicas_that_may_not_be_on_spot_take_no_share_of_it() {
    // By what they ask for they would be the first to go there.
    let single = (0..7).map(|at| pod(&format!("a-single{at}"), 0, Some("node-0"), 1_000, 6_500));
    let many = (0..7).map(|number| pod("b-many", number, Some("node-0"), 1_000, 1_800));
    let there = node("node-0", "m6i.4xlarge", "us-east-1a");
    let mut input = input(vec![there], single.chain(many).collect());
    input.policy.spot_percent = 50;
    input.policy.max_workload_pool_percent = 50;
    assert_eq!(apps_on_spot(&checked(&input)), BTreeSet::from(["b-many".to_owned()]));
}

#[test]
fn what_is_launched_for_pods_that_wait_is_searched_for_where_no_change_is_worth_it_too() {
    let cost = |do_not_disrupt: bool| {
        let waiting = (0..150).map(|number| {
            let (cpu, memory) = (300 + number * 1_237 % 4_300, 500 + number * 7_919 % 16_000);
            pod("web", number, None, cpu as u64, memory as u64)
        });
        let running = pod("api", 0, Some("node-0"), 15_000, 50_000);
        let node = Node { do_not_disrupt, ..node("node-0", "m6i.4xlarge", "us-east-1a") };
        let mut input = input(vec![node], waiting.chain([running]).collect());
        input.policy.min_saving_percent = 100;
        input.budget = 60_000;
        let plan = checked(&input);
        assert_eq!(retired(&plan), 0);
        plan.after.cost_per_hour.nanos()
    };
    let (alone, beside) = (cost(true), cost(false));
    assert!(beside * 100 <= alone * 101, "{beside} rather than {alone}");
}
