//! How much of a Spot fleet is lost at once, on 45 days of availability in nine zones of AWS.
//!
//! A pool is one type in one zone and follows one trace: in the traces that have several types of a
//! zone (October 2022) these fail together hardly more often than types of different zones.
//! A fleet of more pools than traces has several on one trace, which errs on the side of danger.

use crate::Bar;
use crate::cluster::{Cluster, pending};
use crate::data::{self, Trace};
use crate::linear;
use crate::market::{self, ZONES};
use domain::offering::{CapacityType, Resources};
use domain::plan::PlanningInput;
use domain::policy::{NodeTemplate, Policy};
use std::collections::BTreeMap;
use std::path::Path;

/// What one look ahead covers, seconds.
const WINDOW: f64 = 900.0;
/// Ways to give traces to pools.
const DEALS: u64 = 200;

pub(crate) fn replay(folder: &Path) -> Result<Vec<Bar>, String> {
    let traces = read(&folder.join("spot_traces/availability/1-node/aws-02-15-2023"))?;
    let catalogue = data::catalogue(&data::text(&folder.join("ec2_catalog_us-east-1.csv"))?)?;
    let losses = Losses::new(&traces);
    println!(
        "Availability traces: {} zones, {:.0} days. Lost: up now, and down at some tick within 15 minutes.",
        traces.len(),
        losses.days
    );
    println!("P: share of all moments at which at least half of the Spot fleet is lost at once.");
    println!(
        "{:<34} {:>5} {:>9} {:>9} {:>10} {:>10} {:>8} {:>9}",
        "fleet", "pools", "largest_%", "P_%", "usd_h", "lp_usd_h", "above_%", "on_spot_%"
    );
    let policy = |caps: [u8; 3]| Policy {
        max_pool_percent: caps[0],
        max_family_percent: caps[1],
        max_zone_percent: caps[2],
        max_workload_pool_percent: 100,
        ..Policy::default()
    };
    let all = input(&catalogue, Policy::default());
    let cheapest = cheapest_type(&all).ok_or("no type is on Spot")?;
    let of_one_type = |caps, zones: &[&str]| {
        let mut input = PlanningInput { policy: policy(caps), ..all.clone() };
        input.market.offerings.retain(|offering| {
            let pool = &offering.pool;
            pool.capacity_type == CapacityType::OnDemand
                || pool.instance_type == cheapest && zones.contains(&pool.zone.as_str())
        });
        input
    };
    let default = Policy::default();
    let defaults = format!(
        "default caps {}/{}/{}",
        default.max_pool_percent, default.max_family_percent, default.max_zone_percent
    );
    let mut bars = Vec::new();
    for (name, input) in [
        (format!("cheapest pool ({cheapest})"), of_one_type([100; 3], &ZONES[..1])),
        ("that type in three zones".to_owned(), of_one_type([34, 100, 34], &ZONES)),
        ("no caps".to_owned(), PlanningInput { policy: policy([100; 3]), ..all.clone() }),
        ("caps 25/50/50".to_owned(), PlanningInput { policy: policy([25, 50, 50]), ..all.clone() }),
        (defaults.clone(), all.clone()),
    ] {
        let mut cluster = Cluster::new(input.now);
        cluster.snapshot = input.snapshot.clone();
        let decision = planner::decide(&input);
        cluster.carry_out(&decision, input.now, 100);
        let shares = shares(&cluster);
        let (all, spot): (u64, u64) =
            cluster.cpu().into_iter().fold((0, 0), |(all, spot), (pool, cpu)| {
                (all + cpu, spot + if pool.capacity_type == CapacityType::Spot { cpu } else { 0 })
            });
        let lost = losses.half_lost(&shares);
        let cost = decision.plan.after.cost_per_hour.as_usd();
        let linear = linear::bound(&input).ok_or("no solution of the linear programme")?;
        let above = (cost / linear - 1.0) * 100.0;
        println!(
            "{name:<34} {:>5} {:>9.1} {:>9.3} {cost:>10.3} {linear:>10.3} {above:>8.2} {:>9.1}",
            shares.len(),
            shares.first().unwrap_or(&0.0) * 100.0,
            lost * 100.0,
            spot as f64 / all as f64 * 100.0
        );
        if name == defaults {
            bars.push(Bar {
                what: "P(half of the Spot fleet lost in 15 min), default caps, %",
                most: 0.1,
                measured: lost * 100.0,
            });
            bars.push(Bar {
                what: "cost above the LP with the same caps, default caps, %",
                most: 5.0,
                measured: above,
            });
        }
    }
    let even = vec![1.0 / 9.0; 9];
    println!(
        "{:<34} {:>5} {:>9.1} {:>9.3}",
        "nine pools, evenly: one per trace",
        9,
        100.0 / 9.0,
        losses.half_lost(&even) * 100.0
    );
    Ok(bars)
}

/// The type on Spot that the pods cost least on if all of them ran on it and nodes could be cut at will.
fn cheapest_type(input: &PlanningInput) -> Option<String> {
    let sum = |of: fn(&Resources) -> u64| {
        input.snapshot.pods.iter().map(|pod| of(&pod.requests)).sum::<u64>() as f64
    };
    let (cpu, memory) = (sum(|asked| asked.cpu_milli), sum(|asked| asked.memory_mib));
    let costs = linear::allowed(input)
        .filter(|(offering, _)| offering.pool.capacity_type == CapacityType::Spot)
        .map(|(offering, made)| {
            let room = made.allocatable();
            let nodes = (cpu / room.cpu_milli as f64).max(memory / room.memory_mib as f64);
            (offering.price_per_hour.as_usd() * nodes, &made.name)
        });
    costs.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, name)| name.clone())
}

fn read(folder: &Path) -> Result<Vec<Trace>, String> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths.iter().map(|path| data::trace(&data::text(path)?)).collect()
}

/// 2,000 pods of 40 workloads, in Karpenter's 5 CPU × 6 memory values.
fn input(catalogue: &[data::Listed], policy: Policy) -> PlanningInput {
    let now = jiff::Timestamp::from_second(1_780_000_000).expect("a time");
    let mut cluster = Cluster::new(now);
    cluster.add((0..2_000_usize).map(|at| {
        let app = at % 40;
        let cpu = [100, 250, 500, 1_000, 1_500][app % 5];
        let memory = [100, 256, 512, 1_024, 2_048, 4_096][app * 7 % 6];
        pending(format!("pod-{at:04}"), &format!("app-{app:02}"), cpu, memory, now)
    }));
    PlanningInput {
        snapshot: cluster.snapshot,
        market: market::of_catalogue(catalogue, now),
        policy,
        template: NodeTemplate::default(),
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: std::collections::BTreeMap::new(),
        now,
        budget: 1_000_000,
        seed: 1,
    }
}

/// Shares of the CPU on Spot by pool, largest first.
fn shares(cluster: &Cluster) -> Vec<f64> {
    let spot: Vec<u64> = cluster
        .cpu()
        .into_iter()
        .filter(|(pool, _)| pool.capacity_type == CapacityType::Spot)
        .map(|(_, cpu)| cpu)
        .collect();
    let total: u64 = spot.iter().sum();
    let mut shares: Vec<f64> = spot.into_iter().map(|cpu| cpu as f64 / total as f64).collect();
    shares.sort_by(|one, other| other.total_cmp(one));
    shares
}

/// How often which traces lose their instance together.
struct Losses {
    traces: usize,
    days: f64,
    /// By the set of traces that are lost, as bits: share of all moments.
    sets: BTreeMap<u32, f64>,
}

impl Losses {
    fn new(traces: &[Trace]) -> Self {
        let gap = traces[0].gap;
        let ahead = (WINDOW / gap) as usize;
        let ticks = traces.iter().map(|trace| trace.up.len()).min().unwrap_or(0);
        let moments = ticks - ahead;
        let mut sets: BTreeMap<u32, f64> = BTreeMap::new();
        for now in 0..moments {
            let lost = |trace: &Trace| {
                trace.up[now] && !trace.up[now + 1..=now + ahead].iter().all(|up| *up)
            };
            let set = traces
                .iter()
                .enumerate()
                .fold(0, |set, (at, trace)| set | u32::from(lost(trace)) << at);
            *sets.entry(set).or_default() += 1.0 / moments as f64;
        }
        Self { traces: traces.len(), days: ticks as f64 * gap / 86_400.0, sets }
    }

    /// Share of all moments at which half of the fleet or more is lost, over many ways to deal the
    /// traces out to the pools.
    fn half_lost(&self, shares: &[f64]) -> f64 {
        let mut order: Vec<usize> = (0..self.traces).collect();
        let mut dice: u64 = 1;
        let mut sum = 0.0;
        for _ in 0..DEALS {
            for at in (1..order.len()).rev() {
                dice = dice
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                order.swap(at, (dice >> 33) as usize % (at + 1));
            }
            let mut held = vec![0.0; self.traces];
            for (pool, share) in shares.iter().enumerate() {
                held[order[pool % order.len()]] += share;
            }
            sum += self
                .sets
                .iter()
                .filter(|(set, _)| {
                    let lost: f64 =
                        (0..self.traces).filter(|at| *set >> at & 1 == 1).map(|at| held[at]).sum();
                    lost >= 0.5 - 1e-9
                })
                .map(|(_, share)| share)
                .sum::<f64>();
        }
        sum / DEALS as f64
    }
}
