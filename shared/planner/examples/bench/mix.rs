//! Pods as in Karpenter's own benchmark: a fifth each plain, spread over zones, spread over nodes,
//! with each other in a zone, apart by node; of 5 CPU × 6 memory values; on 400 types in 3 zones.
//!
//! Source of the mix, its labels included: sigs.k8s.io/karpenter, `scheduling_benchmark_test.go`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::checked::random::Dice;
use domain::Money;
use domain::offering::{
    Architecture, CapacityType, InstanceType, InterruptionBucket, Market, Offering, Pool, Resources,
};
use domain::plan::PlanningInput;
use domain::policy::{NodeTemplate, Policy};
use domain::snapshot::{
    ClusterSnapshot, LabelSelector, Labels, Operator, Pod, PodKind, PodTerm, Requirement,
    TopologySpread, WorkloadRef,
};
use std::collections::BTreeMap;

const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
const CPU: [u64; 5] = [100, 250, 500, 1_000, 1_500];
const MEMORY: [u64; 6] = [100, 256, 512, 1_024, 2_048, 4_096];
/// Values of the label that pods are told apart by.
const LETTERS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// Pods that wait in an empty cluster, and a policy that asks for nothing but the least cost: what
/// Karpenter is asked too.
pub(crate) fn input(pods: usize, budget: u64) -> PlanningInput {
    let mut dice = Dice::new(42);
    PlanningInput {
        snapshot: ClusterSnapshot {
            taken_at: now(),
            nodes: Vec::new(),
            pods: (0..pods).map(|at| pod(at, &mut dice)).collect(),
            workloads: Vec::new(),
            disruption_budgets: Vec::new(),
            findings: Vec::new(),
        },
        market: market(),
        policy: Policy {
            spot_percent: 100,
            max_pool_percent: 100,
            max_family_percent: 100,
            max_zone_percent: 100,
            max_workload_pool_percent: 100,
            headroom_percent: 0,
            disruption_cost_per_pod: Money::ZERO,
            ..Policy::default()
        },
        template: NodeTemplate { max_vcpu: 96, ..NodeTemplate::default() },
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: std::collections::BTreeMap::new(),
        now: now(),
        budget,
        seed: 1,
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_790_000_000).expect("a time")
}

fn pod(at: usize, dice: &mut Dice) -> Pod {
    let any = |dice: &mut Dice| LETTERS[dice.roll(7) as usize];
    let kind = at % 5;
    let (key, value) = match kind {
        3 => ("my-affinity", any(dice)),
        4 => ("app", "nginx"),
        _ => ("my-label", any(dice)),
    };
    // Spread over pods of any letter, its own or not.
    let counted = if kind == 1 || kind == 2 { any(dice) } else { value };
    let selector = LabelSelector {
        requirements: vec![Requirement {
            key: key.to_owned(),
            operator: Operator::In,
            values: vec![counted.to_owned()],
        }],
    };
    let spread = |key: &str| {
        vec![TopologySpread {
            max_skew: 1,
            topology_key: key.to_owned(),
            required: true,
            selector: selector.clone(),
            min_domains: None,
        }]
    };
    let term = |key: &str| {
        vec![PodTerm {
            topology_key: key.to_owned(),
            selector: selector.clone(),
            namespaces: vec!["default".to_owned()],
        }]
    };
    Pod {
        namespace: "default".to_owned(),
        name: format!("pod-{at:06}"),
        uid: format!("{at}"),
        node: None,
        ready: false,
        terminating: false,
        created_at: now(),
        requests: Resources {
            cpu_milli: CPU[dice.roll(5) as usize],
            memory_mib: MEMORY[dice.roll(6) as usize],
            pods: 1,
            ..Resources::default()
        },
        owner: Some(WorkloadRef {
            kind: "Deployment".to_owned(),
            namespace: "default".to_owned(),
            name: format!("kind{kind}-{value}-{counted}"),
        }),
        kind: PodKind::Replicated,
        labels: Labels::from([(key.to_owned(), value.to_owned())]),
        priority: 0,
        architectures: vec![Architecture::Amd64],
        node_selector: Labels::new(),
        node_affinity: Vec::new(),
        preferred_node_affinity: Vec::new(),
        tolerations: Vec::new(),
        topology_spread: match kind {
            1 => spread(ZONE),
            2 => spread(HOSTNAME),
            _ => Vec::new(),
        },
        affinity: if kind == 3 { term(ZONE) } else { Vec::new() },
        anti_affinity: if kind == 4 { term(HOSTNAME) } else { Vec::new() },
        volume_zone: None,
        host_ports: Vec::new(),
        do_not_disrupt: false,
        local_storage: false,
        grace_seconds: 30,
        unsupported: Vec::new(),
    }
}

/// 50 families of 8 sizes in 3 zones, on-demand and at 30 to 50 % of that on Spot.
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
