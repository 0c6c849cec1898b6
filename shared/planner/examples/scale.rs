//! How planning time grows with the cluster: Karpenter's benchmark mix (a fifth each plain, spread over
//! zones, spread over nodes, with each other in a zone, apart by node; 5 CPU × 6 memory values) on 400
//! types in 3 zones, pending and running.
//!
//! `scale [PODS…]`
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

#[path = "../tests/common/mod.rs"]
mod checked;
#[path = "bench/mix.rs"]
mod mix;

use checked::ZONES;
use domain::offering::Market;
use domain::plan::PlanningInput;
use domain::policy::Policy;
use domain::snapshot::{Node, Pod};
use std::time::Instant;

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

fn input(count: usize, running: bool) -> PlanningInput {
    let market = mix::market();
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
    mix::cluster(nodes, pods, Policy { max_workload_pool_percent: 100, ..Policy::default() })
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
    let mut types = market.types.values();
    let made = types.find(|made| made.vcpu == 16 && made.category() == "m").expect("a type");
    let node = checked::node_of(made, &format!("node-{at:05}"), ZONES[at % 3]);
    Node { created_at: jiff::Timestamp::from_second(1_780_000_000).expect("a time"), ..node }
}

/// A pod of one of 70 workloads, tied to the others of its own.
fn pod(at: usize) -> Pod {
    let app = format!("app{}-{}", at % 70, at % 5);
    let size = (mix::CPU[at * 7 % 5], mix::MEMORY[at * 11 / 5 % 6]);
    mix::pod(at, &app, size, ("app", &app))
}
