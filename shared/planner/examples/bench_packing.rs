//! Packs instances from text files and prints a line for each:
//! `name cost_usd_h bound_usd_h gap_percent wall_ms`. What these are, and what this thread ran, is said on standard error:
//! on a busy machine that is less than the clock says.
//!
//! `bench_packing BUDGET_MS FILE…`; the format is in `bench/packing_file.rs`.

#[path = "bench/cpu.rs"]
mod cpu;
#[path = "bench/packing_file.rs"]
mod packing_file;

use cpu::cpu_seconds;
use planner::packing::solve;
use std::process::ExitCode;
use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((budget_ms, paths)) = arguments
        .split_first()
        .and_then(|(budget, paths)| Some((budget.parse::<f64>().ok()?, paths)))
        .filter(|(budget, paths)| *budget >= 0.0 && budget.is_finite() && !paths.is_empty())
    else {
        eprintln!("usage: bench_packing BUDGET_MS FILE…");
        return ExitCode::FAILURE;
    };
    // Everything is read first: a bad file must not cost a long run.
    let mut problems = Vec::new();
    for path in paths {
        let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
        match read.and_then(|text| packing_file::parse(&text)) {
            Ok(problem) => problems.push((path, problem)),
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let units_per_ms = packing_file::units_per_ms();
    eprintln!(
        "{:<16} {:>12} {:>12} {:>11} {:>8}",
        "name", "cost_usd_h", "bound_usd_h", "gap_percent", "wall_ms"
    );
    let (mut all, mut most, count) = (0.0, 0.0_f64, problems.len());
    for (path, problem) in problems {
        let started = Instant::now();
        let (packing, cpu) = cpu_seconds(|| solve(&problem, (budget_ms * units_per_ms) as u64, 1));
        let wall = started.elapsed();
        (all, most) = (all + cpu, most.max(cpu));
        if let Err(fault) = packing_file::verify(&problem, &packing) {
            eprintln!("{path}: the packing is wrong: {fault}");
            return ExitCode::FAILURE;
        }
        let name = std::path::Path::new(&path)
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let (cost, bound) = (packing.cost as f64 / 1e9, packing.bound as f64 / 1e9);
        println!(
            "{name:<16} {cost:>12.4} {bound:>12.4} {:>11.3} {:>8.1}",
            (cost / bound - 1.0) * 100.0,
            wall.as_secs_f64() * 1e3
        );
    }
    eprintln!("CPU: mean {:.1} ms, most {:.1} ms", all / count as f64 * 1e3, most * 1e3);
    ExitCode::SUCCESS
}
