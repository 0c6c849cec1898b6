//! Pods as in Karpenter's own benchmark: a fifth each plain, spread over zones, spread over nodes,
//! with each other in a zone, apart by node; of 5 CPU × 6 memory values; on 400 types in 3 zones.
//!
//! Source of the mix, its labels included: sigs.k8s.io/karpenter, `scheduling_benchmark_test.go`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::checked::random::Dice;
use crate::checked::{HOSTNAME, ZONE, ZONES, free_policy};
use domain::Money;
use domain::offering::{
    Architecture, CapacityType, InstanceType, InterruptionBucket, Market, Offering, Pool,
};
use domain::plan::PlanningInput;
use domain::policy::{NodeTemplate, Policy};
use domain::snapshot::{
    ClusterSnapshot, LabelSelector, Labels, Node, Operator, Pod, PodTerm, Requirement,
    TopologySpread,
};
use std::collections::BTreeMap;

pub(crate) const CPU: [u64; 5] = [100, 250, 500, 1_000, 1_500];
pub(crate) const MEMORY: [u64; 6] = [100, 256, 512, 1_024, 2_048, 4_096];
/// Values of the label that pods are told apart by.
const LETTERS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// Pods that wait in an empty cluster, and a policy that asks for nothing but the least cost: what
/// Karpenter is asked too.
pub(crate) fn input(pods: usize, budget: u64) -> PlanningInput {
    let mut dice = Dice::new(42);
    let pods = (0..pods).map(|at| karpenters(at, &mut dice)).collect();
    let policy = Policy { disruption_cost_per_pod: Money::ZERO, ..free_policy() };
    PlanningInput { budget, ..cluster(Vec::new(), pods, policy) }
}

/// A cluster of these nodes and pods, in the mix's market.
pub(crate) fn cluster(nodes: Vec<Node>, pods: Vec<Pod>, policy: Policy) -> PlanningInput {
    PlanningInput {
        snapshot: ClusterSnapshot {
            taken_at: now(),
            nodes,
            pods,
            workloads: Vec::new(),
            disruption_budgets: Vec::new(),
            findings: Vec::new(),
        },
        market: market(),
        policy,
        template: NodeTemplate { max_vcpu: 96, ..NodeTemplate::default() },
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: BTreeMap::new(),
        now: now(),
        budget: 100_000,
        seed: 1,
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_790_000_000).expect("a time")
}

/// The `at`-th pod of Karpenter's benchmark.
fn karpenters(at: usize, dice: &mut Dice) -> Pod {
    let any = |dice: &mut Dice| LETTERS[dice.roll(7) as usize];
    let kind = at % 5;
    let (key, value) = match kind {
        3 => ("my-affinity", any(dice)),
        4 => ("app", "nginx"),
        _ => ("my-label", any(dice)),
    };
    // Spread over pods of any letter, its own or not.
    let counted = if kind == 1 || kind == 2 { any(dice) } else { value };
    let size = (CPU[dice.roll(5) as usize], MEMORY[dice.roll(6) as usize]);
    let workload = format!("kind{kind}-{value}-{counted}");
    Pod {
        labels: Labels::from([(key.to_owned(), value.to_owned())]),
        ..pod(at, &workload, size, (key, counted))
    }
}

/// The `at`-th pod, of the fifth that it falls into: what it is tied to are the pods whose label has this
/// value.
pub(crate) fn pod(
    at: usize,
    workload: &str,
    (cpu, memory): (u64, u64),
    (key, counted): (&str, &str),
) -> Pod {
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
        name: format!("pod-{at:06}"),
        uid: format!("{at}"),
        created_at: now(),
        architectures: vec![Architecture::Amd64],
        topology_spread: match at % 5 {
            1 => spread(ZONE),
            2 => spread(HOSTNAME),
            _ => Vec::new(),
        },
        affinity: if at % 5 == 3 { term(ZONE) } else { Vec::new() },
        anti_affinity: if at % 5 == 4 { term(HOSTNAME) } else { Vec::new() },
        ..crate::checked::pod(workload, at, None, cpu, memory)
    }
}

/// 50 families of 8 sizes in 3 zones, on-demand and at 30 to 50 % of that on Spot.
pub(crate) fn market() -> Market {
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
