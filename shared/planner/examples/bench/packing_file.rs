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
    let (packing, seconds) = cpu_seconds(|| solve(&problem, 20_000, 1));
    packing.spent as f64 / (seconds * 1e3)
}

/// `None` where the text is no such instance. Room is rounded down, requests up.
pub(crate) fn parse(text: &str) -> Option<Problem<3>> {
    let mut lines = text.lines().map(|line| {
        line.split_whitespace()
            .map(|word| word.parse::<f64>().unwrap_or(f64::NAN))
            .collect::<Vec<f64>>()
    });
    let head = lines.next()?;
    let (kinds, items) = (*head.first()? as usize, *head.get(1)? as usize);
    let mut everywhere = Sites::default();
    everywhere.insert(0);
    let everywhere = Rc::new(everywhere);
    let mut problem = Problem::default();
    for line in lines.by_ref().take(kinds) {
        let [cpu, memory, pods, price] = line[..] else { return None };
        problem.kinds.push(Kind {
            capacity: [
                cpu.floor() as u32,
                (memory * MEMORY_SCALE + 1e-6).floor() as u32,
                pods as u32,
            ],
            price: (price * 1e9).round() as u64,
            site: 0,
            quotas: Vec::new(),
            pool: None,
            tallies: Vec::new(),
        });
    }
    for line in lines.take(items) {
        let [cpu, memory, pods, count] = line[..] else { return None };
        problem.items.push(Item {
            size: [cpu.ceil() as u32, (memory * MEMORY_SCALE - 1e-6).ceil() as u32, pods as u32],
            count: count as u32,
            sites: Rc::clone(&everywhere),
            members: Rc::from([]),
            workload: None,
        });
    }
    (problem.kinds.len() == kinds && problem.items.len() == items).then_some(problem)
}

/// Counts again, from the instance alone, that everything is packed, fits, and costs what is said.
pub(crate) fn verify(problem: &Problem<3>, packing: &Packing) {
    assert!(packing.unplaced.is_empty(), "items were left out");
    let mut packed = vec![0; problem.items.len()];
    let mut cost = 0;
    for (kind, load) in &packing.bins {
        let kind = &problem.kinds[*kind as usize];
        cost += kind.price;
        for at in 0..3 {
            let used: u64 = load
                .iter()
                .map(|(item, count)| {
                    u64::from(problem.items[*item as usize].size[at]) * u64::from(*count)
                })
                .sum();
            assert!(used <= u64::from(kind.capacity[at]), "a bin is too full");
        }
        for (item, count) in load {
            packed[*item as usize] += count;
        }
    }
    assert_eq!(cost, packing.cost, "the cost is not the sum of the bins");
    assert!(
        problem.items.iter().zip(packed).all(|(item, packed)| item.count == packed),
        "counts differ"
    );
}
