//! Small clusters and markets to plan for, and a checker that knows nothing of the planner's insides.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, dead_code, unreachable_pub)]

pub mod checker;
pub mod exact;
pub mod random;
pub mod world;

use domain::Money;
use domain::finding::FindingCode;
use domain::offering::{
    Architecture, CapacityType, InstanceType, InterruptionBucket, Market, Offering, Pool, Resources,
};
use domain::plan::{Launch, Plan, PlanningInput, StayReason};
use domain::policy::{NodeTemplate, Policy};
use domain::snapshot::{
    ClusterSnapshot, DisruptionBudget, LabelSelector, Labels, Node, NodeManager, NodeSelectorTerm,
    Operator, Pod, PodKind, PodTerm, Requirement, TopologySpread, WorkloadRef,
};
use std::collections::BTreeSet;

pub const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
pub const ZONE: &str = "topology.kubernetes.io/zone";
pub const HOSTNAME: &str = "kubernetes.io/hostname";

pub fn now() -> jiff::Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn instance_type(
    name: &str,
    architecture: Architecture,
    vcpu: u32,
    gib_per_cpu: u64,
) -> InstanceType {
    InstanceType {
        name: name.to_owned(),
        architecture,
        vcpu,
        memory_mib: u64::from(vcpu) * gib_per_cpu * 1024,
        max_pods: match vcpu {
            0..=2 => 29,
            3..=15 => 58,
            _ => 234,
        },
        gpus: 0,
        current_generation: true,
        bare_metal: false,
        burstable: false,
    }
}

/// Three families of each architecture in four sizes, in three zones, Spot at 30 to 45 % of the list price.
pub fn market() -> Market {
    let mut market = Market {
        region: "us-east-1".to_owned(),
        priced_at: now(),
        sources: vec!["a table in the tests".to_owned()],
        types: std::collections::BTreeMap::new(),
        offerings: Vec::new(),
    };
    for (family, architecture, gib, cents_per_cpu) in [
        ("c6i", Architecture::Amd64, 2, 425),
        ("m6i", Architecture::Amd64, 4, 480),
        ("r6i", Architecture::Amd64, 8, 630),
        ("m5", Architecture::Amd64, 4, 481),
        ("m6g", Architecture::Arm64, 4, 385),
    ] {
        for (size, vcpu) in [("large", 2), ("xlarge", 4), ("2xlarge", 8), ("4xlarge", 16)] {
            let name = format!("{family}.{size}");
            let made = instance_type(&name, architecture, vcpu, gib);
            for (at, zone) in ZONES.iter().enumerate() {
                let list = i64::from(vcpu) * cents_per_cpu * 100_000;
                let spot = list * (30 + 5 * at as i64 + i64::from(family == "m5") * 3) / 100;
                for (capacity_type, price) in
                    [(CapacityType::OnDemand, list), (CapacityType::Spot, spot)]
                {
                    market.offerings.push(Offering {
                        pool: Pool {
                            instance_type: name.clone(),
                            zone: (*zone).to_owned(),
                            capacity_type,
                        },
                        price_per_hour: Money::from_nanos(price),
                        estimated: false,
                        interruption: (capacity_type == CapacityType::Spot)
                            .then_some(InterruptionBucket(at as u8)),
                    });
                }
            }
            market.types.insert(name, made);
        }
    }
    market.offerings.sort_by(|one, other| one.pool.cmp(&other.pool));
    market
}

/// A ready, old on-demand node of a managed node group.
pub fn node(name: &str, instance_type: &str, zone: &str) -> Node {
    node_of(&market().types[instance_type], name, zone)
}

/// The same of any type.
pub fn node_of(made: &InstanceType, name: &str, zone: &str) -> Node {
    let labels = Labels::from(
        [
            (HOSTNAME, name),
            (ZONE, zone),
            ("topology.kubernetes.io/region", "us-east-1"),
            ("node.kubernetes.io/instance-type", &made.name),
            ("kubernetes.io/arch", made.architecture.as_str()),
            ("kubernetes.io/os", "linux"),
            ("eks.amazonaws.com/nodegroup", "main"),
            ("eks.amazonaws.com/capacityType", "ON_DEMAND"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    Node {
        name: name.to_owned(),
        instance_id: Some(format!("i-{name}")),
        instance_type: Some(made.name.clone()),
        zone: Some(zone.to_owned()),
        capacity_type: Some(CapacityType::OnDemand),
        architecture: Some(made.architecture),
        manager: NodeManager::ManagedNodeGroup { name: "main".to_owned() },
        created_at: "2026-10-01T00:00:00Z".parse().unwrap(),
        ready: true,
        unschedulable: false,
        terminating: false,
        do_not_disrupt: false,
        allocatable: made.allocatable(),
        labels,
        taints: Vec::new(),
    }
}

pub fn requests(cpu_milli: u64, memory_mib: u64) -> Resources {
    Resources { cpu_milli, memory_mib, pods: 1, ..Resources::default() }
}

/// A pod of Deployment `default/app`.
pub fn pod(app: &str, number: usize, node: Option<&str>, cpu_milli: u64, memory_mib: u64) -> Pod {
    let name = format!("{app}-{number:04}");
    Pod {
        namespace: "default".to_owned(),
        uid: format!("uid-{name}"),
        name,
        node: node.map(str::to_owned),
        ready: node.is_some(),
        terminating: false,
        created_at: "2026-10-01T00:00:00Z".parse().unwrap(),
        requests: requests(cpu_milli, memory_mib),
        owner: Some(workload("Deployment", app)),
        kind: PodKind::Replicated,
        labels: Labels::from([("app".to_owned(), app.to_owned())]),
        priority: 0,
        architectures: Vec::new(),
        node_selector: Labels::new(),
        node_affinity: Vec::new(),
        preferred_node_affinity: Vec::new(),
        tolerations: Vec::new(),
        topology_spread: Vec::new(),
        affinity: Vec::new(),
        anti_affinity: Vec::new(),
        volume_zone: None,
        host_ports: Vec::new(),
        do_not_disrupt: false,
        local_storage: false,
        grace_seconds: 30,
        unsupported: Vec::new(),
    }
}

pub fn workload(kind: &str, name: &str) -> WorkloadRef {
    WorkloadRef { kind: kind.to_owned(), namespace: "default".to_owned(), name: name.to_owned() }
}

pub fn selects(app: &str) -> LabelSelector {
    LabelSelector {
        requirements: vec![Requirement {
            key: "app".to_owned(),
            operator: Operator::In,
            values: vec![app.to_owned()],
        }],
    }
}

pub fn term(key: &str, app: &str) -> PodTerm {
    PodTerm {
        topology_key: key.to_owned(),
        selector: selects(app),
        namespaces: vec!["default".to_owned()],
    }
}

pub fn spread(key: &str, app: &str, max_skew: u32) -> TopologySpread {
    TopologySpread {
        max_skew,
        topology_key: key.to_owned(),
        required: true,
        selector: selects(app),
        min_domains: None,
    }
}

pub fn node_term(key: &str, operator: Operator, values: &[&str]) -> NodeSelectorTerm {
    NodeSelectorTerm {
        requirements: vec![Requirement {
            key: key.to_owned(),
            operator,
            values: values.iter().map(ToString::to_string).collect(),
        }],
    }
}

pub fn budget(app: &str, disruptions_allowed: u32, never_allows: bool) -> DisruptionBudget {
    DisruptionBudget {
        namespace: "default".to_owned(),
        name: format!("{app}-budget-{disruptions_allowed}"),
        selector: Some(selects(app)),
        disruptions_allowed,
        never_allows,
    }
}

/// Everything allowed on Spot without caps, so that a test can look at one constraint alone.
pub fn free_policy() -> Policy {
    Policy {
        spot_percent: 100,
        max_pool_percent: 100,
        max_family_percent: 100,
        max_zone_percent: 100,
        max_workload_pool_percent: 100,
        headroom_percent: 0,
        min_saving_per_hour: Money::from_nanos(1),
        min_saving_percent: 0,
        ..Policy::default()
    }
}

pub fn input(nodes: Vec<Node>, pods: Vec<Pod>) -> PlanningInput {
    let mut snapshot = ClusterSnapshot {
        taken_at: now(),
        nodes,
        pods,
        workloads: Vec::new(),
        disruption_budgets: Vec::new(),
        findings: Vec::new(),
    };
    snapshot.nodes.sort_by(|one, other| one.name.cmp(&other.name));
    snapshot
        .pods
        .sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
    PlanningInput {
        snapshot,
        market: market(),
        policy: free_policy(),
        template: NodeTemplate::default(),
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: std::collections::BTreeMap::new(),
        now: now(),
        budget: 2_000,
        seed: 1,
    }
}

/// Three wasteful on-demand nodes, one in each zone, with `pods` shared out among them.
pub fn wasteful(pods: impl IntoIterator<Item = Pod>) -> PlanningInput {
    let nodes: Vec<Node> = ZONES
        .iter()
        .enumerate()
        .map(|(at, zone)| node(&format!("node-{at}"), "m6i.4xlarge", zone))
        .collect();
    let pods = pods
        .into_iter()
        .enumerate()
        .map(|(at, mut pod)| {
            pod.node.get_or_insert_with(|| format!("node-{}", at % 3));
            pod.ready = true;
            pod
        })
        .collect();
    input(nodes, pods)
}

/// Six small pods on three large nodes.
pub fn small(change: impl Fn(&mut Pod)) -> PlanningInput {
    wasteful((0..6).map(|number| {
        let mut made = pod("web", number, None, 300, 512);
        change(&mut made);
        made
    }))
}

/// The plan, once nothing was found wrong with it.
pub fn checked(input: &PlanningInput) -> Plan {
    let decision = planner::decide(input);
    let faults = checker::faults(input, &decision);
    assert!(faults.is_empty(), "{faults:#?}");
    decision.plan
}

/// Nodes that it launches.
pub fn launched(plan: &Plan) -> u32 {
    launches(plan).map(|launch| launch.count).sum()
}

pub fn launches(plan: &Plan) -> impl Iterator<Item = &Launch> {
    plan.commands.iter().flat_map(|command| &command.launch)
}

/// Zones in which it launches nodes.
pub fn zones(plan: &Plan) -> BTreeSet<&str> {
    launches(plan).map(|launch| launch.choices[0].pool.zone.as_str()).collect()
}

/// Nodes that it retires.
pub fn retired(plan: &Plan) -> usize {
    plan.commands.iter().map(|command| command.retire.len()).sum()
}

/// Nothing moves off so many nodes, for this reason, and a finding says so.
pub fn stays(input: &PlanningInput, reason: StayReason, code: FindingCode, nodes: usize) -> Plan {
    let plan = checked(input);
    let kept: Vec<_> = plan.stays.iter().filter(|stay| stay.reason == reason).collect();
    assert_eq!(kept.len(), nodes, "{:#?}", plan.stays);
    assert!(plan.findings.iter().any(|finding| finding.code == code), "{:#?}", plan.findings);
    plan
}
