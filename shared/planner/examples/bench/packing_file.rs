//! Packing instances in text files, and a check of what was packed.
//!
//! The first line is `n_types n_classes`; then, per type, `alloc_cpu_milli alloc_mem_MiB alloc_pods
//! price_usd_h`; then, per class, `cpu_milli mem_MiB 1 count`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::cpu::cpu_seconds;
use planner::packing::{Item, Kind, Packing, Problem, Sites, solve};
use std::rc::Rc;

/// Tenths of a MiB, so that the decimals of the files are whole.
const MEMORY_SCALE: f64 = 10.0;

/// Units of work in a millisecond of one core of this machine, found on a made-up instance like the real ones.
pub(crate) fn units_per_ms() -> f64 {
    let mut text = "6 60\n7730 13762 54 0.13158\n15710 58655 106 0.28896\n47630 178533 230 0.705\n63590 481461 246 0.834\n3740 28917 54 0.0703\n95510 360219 246 1.161\n".to_owned();
    for class in 0..60_u32 {
        text += &format!(
            "{} {} 1 {}\n",
            1000 + class * 7919 % 15_000,
            2048 + class * 104_729 % 61_000,
            5 + class * 31 % 60
        );
    }
    let problem = parse(&text).expect("an instance");
    let mut rates: Vec<f64> = (0..15)
        .map(|_| {
            let (packing, seconds) = cpu_seconds(|| solve(&problem, 20_000, 1));
            packing.spent as f64 / (seconds * 1e3)
        })
        .collect();
    // The upper quartile: a core is slow while it wakes up, and a busy machine for moments.
    rates.sort_by(f64::total_cmp);
    rates[rates.len() * 3 / 4]
}

/// Reads an instance, or says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Problem<3>, String> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let [kinds, items] = numbers(lines.next(), "n_types n_classes")?.map(|count| count as usize);
    let mut everywhere = Sites::default();
    everywhere.insert(0);
    let everywhere = Rc::new(everywhere);
    let mut problem = Problem::default();
    for _ in 0..kinds {
        let line = lines.next();
        let [cpu, memory, pods, price] =
            numbers(line, "alloc_cpu_milli alloc_mem_MiB alloc_pods price_usd_h")?;
        if price <= 0.0 {
            return Err(format!("line {}: a price above 0 is needed", at(line)));
        }
        problem.kinds.push(Kind {
            capacity: [
                whole(cpu.floor(), line)?,
                whole((memory * MEMORY_SCALE + 1e-6).floor(), line)?,
                whole(pods.floor(), line)?,
            ],
            price: (price * 1e9).round() as u64,
            site: 0,
            quotas: Vec::new(),
            pool: None,
            tallies: Vec::new(),
        });
    }
    for _ in 0..items {
        let line = lines.next();
        let [cpu, memory, pods, count] = numbers(line, "cpu_milli mem_MiB 1 count")?;
        let item = Item {
            size: [
                whole(cpu.ceil(), line)?,
                whole((memory * MEMORY_SCALE - 1e-6).ceil(), line)?,
                whole(pods.ceil(), line)?,
            ],
            count: whole(count, line)?,
            sites: Rc::clone(&everywhere),
            members: Rc::from([]),
            workload: None,
        };
        let fits =
            |kind: &Kind<3>| item.size.iter().zip(&kind.capacity).all(|(size, room)| size <= room);
        if !problem.kinds.iter().any(fits) {
            return Err(format!("line {}: fits no type", at(line)));
        }
        problem.items.push(item);
    }
    match lines.next() {
        Some(extra) => Err(format!("line {}: more than the first line says", at(Some(extra)))),
        None => Ok(problem),
    }
}

type Line<'a> = Option<(usize, &'a str)>;

fn at(line: Line<'_>) -> usize {
    line.map_or(0, |(at, _)| at + 1)
}

/// The numbers of a line, none below 0.
fn numbers<const N: usize>(line: Line<'_>, what: &str) -> Result<[f64; N], String> {
    let (_, text) = line.ok_or_else(|| format!("ends where `{what}` is expected"))?;
    let words: Vec<f64> =
        text.split_whitespace().map(|word| word.parse().unwrap_or(f64::NAN)).collect();
    let good = words.iter().all(|word| word.is_finite() && *word >= 0.0);
    let numbers = <[f64; N]>::try_from(words).ok().filter(|_| good);
    numbers.ok_or_else(|| format!("line {}: `{what}` expected, not `{text}`", at(line)))
}

/// A number that the packing core takes.
fn whole(number: f64, line: Line<'_>) -> Result<u32, String> {
    if number <= f64::from(u32::MAX) {
        Ok(number as u32)
    } else {
        Err(format!("line {}: {number} is too much", at(line)))
    }
}

/// Counts again, from the instance alone, that everything is packed, fits, and costs what is said.
pub(crate) fn verify(problem: &Problem<3>, packing: &Packing) -> Result<(), String> {
    let mut packed = vec![0_u64; problem.items.len()];
    let mut cost = 0;
    for (bin, (kind, load)) in packing.bins.iter().enumerate() {
        let kind = &problem.kinds[*kind as usize];
        cost += kind.price;
        for at in 0..3 {
            let used: u64 = load
                .iter()
                .map(|(item, count)| {
                    u64::from(problem.items[*item as usize].size[at]) * u64::from(*count)
                })
                .sum();
            if used > u64::from(kind.capacity[at]) {
                return Err(format!("bin {bin} is too full"));
            }
        }
        for (item, count) in load {
            packed[*item as usize] += u64::from(*count);
        }
    }
    if cost != packing.cost {
        return Err(format!("it costs {cost}, not {}", packing.cost));
    }
    for (at, (item, packed)) in problem.items.iter().zip(packed).enumerate() {
        if u64::from(item.count) != packed {
            return Err(format!("{packed} of {} are packed of class {at}", item.count));
        }
    }
    if packing.bound > packing.cost {
        return Err(format!("its bound {} is above its cost {}", packing.bound, packing.cost));
    }
    Ok(())
}
