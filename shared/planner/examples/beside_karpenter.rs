//! Our half of `make bench-karpenter`: solves the instances and prints a JSON line for each.
//!
//! `beside_karpenter FOLDER PODS FILE…` solves packing instances in text files, and Karpenter's
//! benchmark mix of so many pods, which it writes into the folder for the other half to read.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../tests/common/mod.rs"]
mod checked;
#[path = "bench/cpu.rs"]
mod cpu;
#[path = "bench/mix.rs"]
mod mix;
#[path = "bench/packing_file.rs"]
mod packing_file;

use cpu::cpu_seconds;
use domain::offering::Resources;
use std::collections::BTreeMap;
use std::path::Path;

/// Milliseconds that the search may take.
const BUDGETS: [f64; 2] = [100.0, 1_000.0];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("FOLDER PODS FILE…");
    let pods: usize = arguments.next().expect("PODS").parse().expect("a number of pods");
    let units_per_ms = packing_file::units_per_ms();
    for path in arguments {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let problem = packing_file::parse(&text).expect("a packing instance");
        for budget in BUDGETS {
            let budget_units = (budget * units_per_ms) as u64;
            let (packing, spent) =
                cpu_seconds(|| planner::packing::solve(&problem, budget_units, 1));
            packing_file::verify(&problem, &packing).expect("a right packing");
            let cost = [packing.cost, packing.bound].map(|nanos| nanos as f64 / 1e9);
            print(&path, budget, cost, packing.bins.len(), spent);
        }
    }
    let path = Path::new(&folder).join(format!("mix_{pods}.json"));
    let path = path.to_str().expect("a plain path");
    for budget in BUDGETS {
        let input = mix::input(pods, (budget * units_per_ms) as u64);
        let (decision, spent) = cpu_seconds(|| planner::decide(&input));
        let faults = checked::checker::faults(&input, &decision);
        assert!(faults.is_empty(), "the plan is wrong: {:?}", &faults[..1]);
        assert_eq!(decision.placements.len(), pods, "pods were left out");
        let plan = decision.plan;
        let cost = [plan.after.cost_per_hour, plan.lower_bound_per_hour].map(domain::Money::as_usd);
        print(path, budget, cost, plan.after.nodes as usize, spent);
        let allocatable: BTreeMap<&String, Resources> =
            input.market.types.iter().map(|(name, made)| (name, made.allocatable())).collect();
        let exchange = serde_json::json!({ "input": &input, "allocatable": allocatable });
        std::fs::write(path, exchange.to_string()).expect("a writable folder");
    }
}

fn print(file: &str, budget_ms: f64, [cost, bound]: [f64; 2], nodes: usize, cpu_seconds: f64) {
    println!(
        "{}",
        serde_json::json!({
            "file": file,
            "budget_ms": budget_ms,
            "cost": cost,
            "bound": bound,
            "nodes": nodes,
            "cpu_seconds": cpu_seconds,
        })
    );
}
