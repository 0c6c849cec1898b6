//! How planning time grows with the cluster: Karpenter's benchmark mix (a fifth each plain, spread over
//! zones, spread over nodes, with each other in a zone, apart by node; 5 CPU × 6 memory values) on 400
//! types in 3 zones, pending and running.
//!
//! `scale [PODS…]`
#![allow(clippy::unwrap_used, clippy::expect_used)]

use domain::Money;
use domain::offering::{
    Architecture, CapacityType, InstanceType, InterruptionBucket, Market, Offering, Pool, Resources,
};
use domain::plan::PlanningInput;
use domain::policy::{NodeTemplate, Policy};
use domain::snapshot::{
    ClusterSnapshot, LabelSelector, Labels, Node, NodeManager, Operator, Pod, PodKind, PodTerm,
    Requirement, TopologySpread, WorkloadRef,
};
use std::collections::BTreeMap;
use std::time::Instant;

const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
const CPU: [u64; 5] = [100, 250, 500, 1_000, 1_500];
const MEMORY: [u64; 6] = [100, 256, 512, 1_024, 2_048, 4_096];

#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn main() {
    let sizes: Vec<usize> =
        std::env::args().skip(1).map(|size| size.parse().expect("a number of pods")).collect();
    let sizes =
        if sizes.is_empty() { vec![1_000, 2_000, 5_000, 10_000, 20_000, 50_000] } else { sizes };
    println!(
        "{:>8} {:>8} {:>10} {:>9} {:>9} {:>8} {:>8} {:>9}",
        "pods", "state", "wall_ms", "usd_h", "bound", "gap_%", "nodes", "rss_mib"
    );
    for pods in sizes {
        for running in [false, true] {
            let input = input(pods, running);
            let started = Instant::now();
            let plan = planner::plan(&input);
            let wall = started.elapsed().as_millis();
            println!(
                "{pods:>8} {:>8} {wall:>10} {:>9.3} {:>9.3} {:>8.2} {:>8} {:>9}",
                if running { "running" } else { "pending" },
                plan.after.cost_per_hour.as_usd(),
                plan.lower_bound_per_hour.as_usd(),
                plan.gap_ppm as f64 / 1e4,
                plan.after.nodes,
                resident_mib()
            );
        }
    }
}

/// Peak resident memory; 0 where the system does not say.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

fn market() -> Market {
    let (mut types, mut offerings) = (BTreeMap::new(), Vec::new());
    for family in 0..50_u32 {
        let letter = ["c", "m", "r"][family as usize % 3];
        let gib = [2, 4, 8][family as usize % 3];
        for vcpu in [2, 4, 8, 16, 32, 48, 64, 96] {
            let name = format!("{letter}{}x{family}.{vcpu}v", 5 + family % 4);
            let list = i64::from(vcpu)
                * (40_000_000 + 4_000_000 * gib + 300_000 * i64::from(family * 7 % 11));
            types.insert(
                name.clone(),
                InstanceType {
                    name: name.clone(),
                    architecture: Architecture::Amd64,
                    vcpu,
                    memory_mib: u64::from(vcpu) * gib as u64 * 1_024,
                    max_pods: match vcpu {
                        2 => 29,
                        4..=8 => 58,
                        _ => 234,
                    },
                    gpus: 0,
                    current_generation: true,
                    bare_metal: false,
                    burstable: false,
                },
            );
            for (at, zone) in ZONES.iter().enumerate() {
                for capacity_type in [CapacityType::Spot, CapacityType::OnDemand] {
                    let spot = capacity_type == CapacityType::Spot;
                    let percent =
                        if spot { 30 + i64::from(family * 13 % 17) + 2 * at as i64 } else { 100 };
                    offerings.push(Offering {
                        pool: Pool {
                            instance_type: name.clone(),
                            zone: (*zone).to_owned(),
                            capacity_type,
                        },
                        price_per_hour: Money::from_nanos(list * percent / 100),
                        estimated: true,
                        interruption: spot.then_some(InterruptionBucket((family % 5) as u8)),
                    });
                }
            }
        }
    }
    offerings.sort_by(|one, other| one.pool.cmp(&other.pool));
    Market {
        region: "us-east-1".to_owned(),
        priced_at: now(),
        sources: Vec::new(),
        types,
        offerings,
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_790_000_000).expect("a time")
}

fn input(count: usize, running: bool) -> PlanningInput {
    let market = market();
    let mut nodes: Vec<Node> = Vec::new();
    let mut free: Vec<(u64, u64, u64)> = Vec::new();
    let mut taken: Vec<Vec<usize>> = Vec::new();
    let mut pods: Vec<Pod> = (0..count).map(pod).collect();
    if running {
        // As a careless scheduler would have it: the first of the last few nodes of the zone that has room.
        for (at, pod) in pods.iter_mut().enumerate() {
            let app = at % 70;
            let zone = if at % 5 == 3 { app % 3 } else { (at / 70) % 3 };
            let alone = at % 5 == 4 || at % 5 == 2;
            let asked = &pod.requests;
            let found = (0..nodes.len()).rev().take(240).find(|place| {
                let room = free[*place];
                place % 3 == zone
                    && room.0 >= asked.cpu_milli
                    && room.1 >= asked.memory_mib
                    && room.2 > 0
                    && !(alone && taken[*place].contains(&app))
            });
            let place = found.unwrap_or_else(|| {
                while nodes.len() % 3 != zone || nodes.is_empty() {
                    push(&market, &mut nodes, &mut free, &mut taken);
                    if nodes.len() % 3 == zone {
                        break;
                    }
                }
                push(&market, &mut nodes, &mut free, &mut taken);
                nodes.len() - 1
            });
            let room = &mut free[place];
            *room = (room.0 - asked.cpu_milli, room.1 - asked.memory_mib, room.2 - 1);
            taken[place].push(app);
            pod.node = Some(nodes[place].name.clone());
            pod.ready = true;
        }
    } else {
        // A few nodes say which zones the cluster is in.
        nodes.extend((0..3).map(|at| node(&market, at)));
    }
    PlanningInput {
        snapshot: ClusterSnapshot {
            taken_at: now(),
            nodes,
            pods,
            workloads: Vec::new(),
            disruption_budgets: Vec::new(),
            findings: Vec::new(),
        },
        market,
        policy: Policy { max_workload_pool_percent: 100, ..Policy::default() },
        template: NodeTemplate { max_vcpu: 96, ..NodeTemplate::default() },
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: std::collections::BTreeMap::new(),
        now: now(),
        budget: 100_000,
        seed: 1,
    }
}

fn push(
    market: &Market,
    nodes: &mut Vec<Node>,
    free: &mut Vec<(u64, u64, u64)>,
    taken: &mut Vec<Vec<usize>>,
) {
    let made = node(market, nodes.len());
    free.push((made.allocatable.cpu_milli, made.allocatable.memory_mib, made.allocatable.pods));
    taken.push(Vec::new());
    nodes.push(made);
}

fn node(market: &Market, at: usize) -> Node {
    let name = format!("node-{at:05}");
    let made = market
        .types
        .values()
        .find(|made| made.vcpu == 16 && made.category() == "m")
        .expect("a type");
    let zone = ZONES[at % 3];
    let labels = [
        ("kubernetes.io/hostname", name.as_str()),
        ("topology.kubernetes.io/zone", zone),
        ("node.kubernetes.io/instance-type", &made.name),
        ("kubernetes.io/arch", "amd64"),
    ];
    Node {
        instance_id: Some(format!("i-{at:017x}")),
        instance_type: Some(made.name.clone()),
        zone: Some(zone.to_owned()),
        capacity_type: Some(CapacityType::OnDemand),
        architecture: Some(Architecture::Amd64),
        manager: NodeManager::ManagedNodeGroup { name: "main".to_owned() },
        created_at: jiff::Timestamp::from_second(1_780_000_000).expect("a time"),
        ready: true,
        unschedulable: false,
        terminating: false,
        do_not_disrupt: false,
        allocatable: made.allocatable(),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        taints: Vec::new(),
        name,
    }
}

fn pod(at: usize) -> Pod {
    let kind = at % 5;
    let app = format!("app{}-{kind}", at % 70);
    let selector = || LabelSelector {
        requirements: vec![Requirement {
            key: "app".to_owned(),
            operator: Operator::In,
            values: vec![app.clone()],
        }],
    };
    let spread = |key: &str| {
        vec![TopologySpread {
            max_skew: 1,
            topology_key: key.to_owned(),
            required: true,
            selector: selector(),
            min_domains: None,
        }]
    };
    let term = |key: &str| {
        vec![PodTerm {
            topology_key: key.to_owned(),
            selector: selector(),
            namespaces: vec!["default".to_owned()],
        }]
    };
    let (zone, host) = ("topology.kubernetes.io/zone", "kubernetes.io/hostname");
    Pod {
        namespace: "default".to_owned(),
        name: format!("pod-{at:06}"),
        uid: format!("{at}"),
        node: None,
        ready: false,
        terminating: false,
        created_at: now(),
        requests: Resources {
            cpu_milli: CPU[at * 7 % 5],
            memory_mib: MEMORY[at * 11 / 5 % 6],
            pods: 1,
            ..Resources::default()
        },
        owner: Some(WorkloadRef {
            kind: "Deployment".to_owned(),
            namespace: "default".to_owned(),
            name: app.clone(),
        }),
        kind: PodKind::Replicated,
        labels: Labels::from([("app".to_owned(), app.clone())]),
        priority: 0,
        architectures: vec![Architecture::Amd64],
        node_selector: Labels::new(),
        node_affinity: Vec::new(),
        preferred_node_affinity: Vec::new(),
        tolerations: Vec::new(),
        topology_spread: match kind {
            1 => spread(zone),
            2 => spread(host),
            _ => Vec::new(),
        },
        affinity: if kind == 3 { term(zone) } else { Vec::new() },
        anti_affinity: if kind == 4 { term(host) } else { Vec::new() },
        volume_zone: None,
        host_ports: Vec::new(),
        do_not_disrupt: false,
        local_storage: false,
        grace_seconds: 30,
        unsupported: Vec::new(),
    }
}
