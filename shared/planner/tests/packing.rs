//! Packings of many distinct pods on small types, where most of what is lost is lost on a few dear nodes.
#![allow(missing_docs)]

use planner::packing::{Item, Kind, Problem, Sites, solve};
use std::rc::Rc;

/// Millicores, MiB, pods and nano-USD in an hour: Spot types of 2 to 16 vCPUs.
const SMALL: [([u32; 3], u64); 11] = [
    ([1_750, 2_714, 25], 29_070_000),
    ([1_750, 6_503, 25], 29_686_000),
    ([1_750, 14_081, 25], 33_123_000),
    ([3_740, 6_184, 54], 62_730_000),
    ([3_740, 28_917, 54], 70_308_000),
    ([7_730, 13_762, 54], 131_580_000),
    ([7_730, 28_917, 54], 153_216_000),
    ([7_730, 59_227, 54], 172_368_000),
    ([15_710, 28_345, 106], 264_537_000),
    ([15_710, 58_655, 106], 288_960_000),
    ([15_710, 119_276, 106], 359_856_000),
];

/// And of 48 to 96.
const LARGE: [([u32; 3], u64); 4] = [
    ([47_630, 87_602, 230], 610_470_000),
    ([63_590, 117_736, 246], 786_828_000),
    ([47_630, 178_533, 230], 705_024_000),
    ([95_510, 360_219, 246], 1_161_216_000),
];

/// Numbers from 0 up to, but not, 1.
fn units(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    }
}

/// Pods of many sizes, some of them large: some fit the largest of the small types alone.
fn many_sizes(seed: u64, pods: u32, kinds: &[([u32; 3], u64)]) -> Problem<3> {
    let mut unit = units(seed);
    let sizes = (0..pods).map(|_| {
        let cpu = 90.0 / (1.0 - unit() * 0.993);
        let ratio = 0.8 / (1.0 - unit() * 0.9);
        (cpu, cpu * ratio * 1.6)
    });
    of_sizes(sizes, kinds)
}

/// Pods whose sizes are spread as those of many clusters are, by a normal distribution of their logarithms.
fn lognormal(seed: u64, pods: u32, kinds: &[([u32; 3], u64)]) -> Problem<3> {
    let mut unit = units(seed);
    let mut normal = || (0..12).map(|_| unit()).sum::<f64>() - 6.0;
    let sizes = (0..pods).map(|_| {
        let cpu = (5.45 + 1.25 * normal()).exp();
        (cpu, cpu * (1.43 + 0.79 * normal()).exp())
    });
    let fits = |size: &(f64, f64)| size.0 < 15_000.0 && size.1 < 118_000.0;
    of_sizes(sizes.filter(fits), kinds)
}

/// One pod of each of these sizes, in millicores and MiB.
fn of_sizes(sizes: impl Iterator<Item = (f64, f64)>, kinds: &[([u32; 3], u64)]) -> Problem<3> {
    let mut sites = Sites::default();
    sites.insert(0);
    let sites = Rc::new(sites);
    let items = sizes.map(|(cpu, memory)| {
        let [cpu, memory] = [(cpu / 10.0) as u32 * 10, (memory / 16.0) as u32 * 16];
        let size = [cpu.max(10), memory.max(32), 1];
        Item { size, count: 1, sites: Rc::clone(&sites), members: Rc::new([]), workload: None }
    });
    let kinds = kinds.iter().map(|(capacity, price)| Kind {
        capacity: *capacity,
        price: *price,
        site: 0,
        quotas: Vec::new(),
        pool: None,
        tallies: Vec::new(),
    });
    Problem { items: items.collect(), kinds: kinds.collect(), ..Problem::default() }
}

/// Percent by which a packing is above its bound.
fn gap(problem: &Problem<3>, budget: u64) -> f64 {
    let packing = solve(problem, budget, 1);
    (packing.cost as f64 / packing.bound as f64 - 1.0) * 100.0
}

/// The mean of these.
fn mean(gaps: &[f64]) -> f64 {
    gaps.iter().sum::<f64>() / gaps.len() as f64
}

#[test]
fn pods_too_large_for_cheap_nodes_share_the_dear_ones() {
    let gaps: Vec<f64> =
        (1..=11).map(|seed| gap(&many_sizes(seed, 1_500, &SMALL), 60_000)).collect();
    // Filling dear nodes around the hardest pod left is 2.5 to 2.9 % above the bound.
    assert!(gaps.iter().all(|gap| *gap < 2.0), "{gaps:.2?} % above the bounds");
    // A programme that knows no packings of the large pods is 1.07 % above the bounds.
    assert!(mean(&gaps) < 0.9, "{gaps:.2?} % above the bounds");
}

#[test]
fn dear_nodes_that_lack_what_is_in_others_are_made_anew_with_those() {
    let seeds = [60, 118, 142, 156];
    let gaps: Vec<f64> =
        seeds.iter().map(|seed| gap(&lognormal(*seed, 2_000, &SMALL), 60_000)).collect();
    // Where the emptiest nodes alone are taken apart, again and again, the mean is 1.2 %.
    assert!(mean(&gaps) < 0.9, "{gaps:.2?} % above the bounds");
}

#[test]
fn pods_that_pour_into_any_fleet_get_the_cheapest_of_whole_nodes() {
    // The fleets that a short search finds are 2.2 % above its bound.
    let problem = many_sizes(40, 1_200, &[&SMALL[..], &LARGE].concat());
    let packing = solve(&problem, 60_000, 1);
    assert_eq!(packing.cost, packing.bound);
}

/// Percents above the bounds where one pod needs a type with much memory.
fn gaps_beside(large: [u32; 3]) -> Vec<f64> {
    let kinds = [&SMALL[..], &[([31_670, 239_154, 230], 444_528_000)]].concat();
    let gap = |seed| {
        let mut problem = many_sizes(seed, 1_200, &kinds);
        let sites = Rc::clone(&problem.items[0].sites);
        problem.items.push(Item {
            size: large,
            count: 1,
            sites,
            members: Rc::new([]),
            workload: None,
        });
        gap(&problem, 60_000)
    };
    (1..=12).map(gap).collect()
}

#[test]
fn what_is_leanest_goes_beside_a_pod_that_takes_nearly_all_memory_of_a_node() {
    let gaps = gaps_beside([4_460, 226_336, 1]);
    // Poured together with all others, the mean is 0.28 % above the bounds.
    assert!(mean(&gaps) < 0.13, "{gaps:.2?} % above the bounds");
}

#[test]
fn what_is_like_the_room_goes_beside_a_pod_that_leaves_much_of_it() {
    let gaps = gaps_beside([2_000, 200_000, 1]);
    // Filled from a sample of all pods, the mean is 0.34 % above the bounds.
    assert!(mean(&gaps) < 0.2, "{gaps:.2?} % above the bounds");
}

/// Classes of pods, with how many there are of each.
fn few_sizes(
    classes: impl Iterator<Item = (u32, u32, u32)>,
    kinds: &[([u32; 3], u64)],
) -> Problem<3> {
    let classes: Vec<(u32, u32, u32)> = classes.collect();
    let mut problem = many_sizes(1, classes.len() as u32, kinds);
    for (item, (cpu, memory, count)) in problem.items.iter_mut().zip(classes) {
        item.size = [cpu, memory, 1];
        item.count = count;
    }
    problem
}

#[test]
fn the_programme_learns_what_a_local_search_has_found() {
    let gap = |seed: u32| {
        let sizes = [100, 250, 500, 1_000, 1_500].into_iter().flat_map(|cpu| {
            [100, 256, 512, 1_024, 2_048, 4_096].into_iter().map(move |memory| (cpu, memory))
        });
        let classes = (0..)
            .zip(sizes)
            .map(|(number, (cpu, memory))| (cpu, memory, 30 + (number * 31 + seed * 17) % 60));
        gap(&few_sizes(classes, &SMALL), 60_000)
    };
    let gaps: Vec<f64> = (18..=22).map(gap).collect();
    // The first programme alone leaves 0.19 %.
    assert!(mean(&gaps) < 0.12, "{gaps:.2?} % above the bounds");
}

#[test]
fn medium_pods_fill_large_nodes() {
    let gap = |seed: u32| {
        let classes = (0..70_u32).map(|number| {
            let turn = number + seed;
            let (cpu, memory) = (turn * 7_919 % 15_000, turn * 104_729 % 61_000);
            (1_000 + cpu, 2_048 + memory, 5 + number * 31 % 60)
        });
        gap(&few_sizes(classes, &LARGE), 60_000)
    };
    let gaps: Vec<f64> = (1..=8).map(gap).collect();
    // A programme of its own patterns alone, and what remains solved from nothing, left 0.86 %.
    assert!(mean(&gaps) < 0.6, "{gaps:.2?} % above the bounds");
}

#[test]
fn patterns_that_go_well_together_are_looked_for_together() {
    let cpus = [2, 4, 6, 8, 11, 12, 16, 24, 32, 44];
    let gap = |seed: u32| {
        let classes = (0..70_u32).map(|number| {
            let turn = number * 31 + seed * 17;
            let cpu = 1_000 * cpus[turn as usize % 10];
            let memory = cpu * (1 + turn / 7 % 5) + turn * 7_919 % 3_000;
            (cpu, memory, 5 + (number * 31 + seed) % 50)
        });
        gap(&few_sizes(classes, &LARGE), 60_000)
    };
    let gaps: Vec<f64> = (5..=8).map(gap).collect();
    // The best of each kind alone leave 0.59 %.
    assert!(mean(&gaps) < 0.15, "{gaps:.2?} % above the bounds");
}
