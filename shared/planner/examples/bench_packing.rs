//! Packs instances from text files and prints a line for each:
//! `name cost_usd_h bound_usd_h gap_percent wall_ms`.
//!
//! `bench_packing BUDGET_MS FILE…`; the format is in `bench/packing_file.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "bench/cpu.rs"]
mod cpu;
#[path = "bench/packing_file.rs"]
mod packing_file;

use planner::packing::solve;
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let budget_ms: f64 = arguments.next().expect("BUDGET_MS FILE…").parse().expect("a number");
    let units_per_ms = packing_file::units_per_ms();
    println!(
        "{:<16} {:>12} {:>12} {:>8} {:>8}",
        "name", "cost_usd_h", "bound_usd_h", "gap_%", "wall_ms"
    );
    for path in arguments {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let problem = packing_file::parse(&text).expect("a packing instance");
        let started = Instant::now();
        let packing = solve(&problem, (budget_ms * units_per_ms) as u64, 1);
        let wall = started.elapsed();
        packing_file::verify(&problem, &packing);
        let name = std::path::Path::new(&path)
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let (cost, bound) = (packing.cost as f64 / 1e9, packing.bound as f64 / 1e9);
        println!(
            "{name:<16} {cost:>12.4} {bound:>12.4} {:>8.3} {:>8.1}",
            (cost / bound - 1.0) * 100.0,
            wall.as_secs_f64() * 1e3
        );
    }
}
