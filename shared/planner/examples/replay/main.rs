//! Replays recorded markets and workloads through the real planner, and prints what came of it.
//!
//! `replay FOLDER [traces|prices|pods]…`, the folder being the one the data is in. What is absent there
//! is skipped with a message: some of the data may be used and not passed on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cluster;
mod data;
mod linear;
mod market;
mod pods;
mod prices;
mod traces;

use std::path::{Path, PathBuf};

/// What was asked for and what was measured.
#[derive(Debug)]
struct Bar {
    what: &'static str,
    most: f64,
    measured: f64,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("FOLDER"));
    let wanted: Vec<String> = arguments.collect();
    let mut bars = Vec::new();
    type Replay = fn(&Path) -> Result<Vec<Bar>, String>;
    let replays: [(&str, Replay); 3] =
        [("traces", traces::replay), ("prices", prices::replay), ("pods", pods::replay)];
    for (name, replay) in replays {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            match replay(&folder) {
                Ok(more) => bars.extend(more),
                Err(why) => println!("SKIPPED {name}: {why}"),
            }
            println!();
        }
    }
    println!("{:<66} {:>9} {:>9}  met", "bar", "at most", "measured");
    for Bar { what, most, measured } in bars {
        let met = if measured <= most { "yes" } else { "NO" };
        println!("{what:<66} {most:>9.3} {measured:>9.3}  {met}");
    }
}
