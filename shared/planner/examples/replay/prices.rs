//! 90 days of Spot prices: a cluster that is planned again and again, from its first node on.

use crate::Bar;
use crate::cluster::{Cluster, pending};
use crate::data;
use crate::market::{self, ZONES};
use domain::Money;
use domain::offering::{Architecture, CapacityType, Market, Pool};
use domain::plan::PlanningInput;
use domain::policy::{NodeTemplate, Policy};
use domain::snapshot::ClusterSnapshot;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Hours between two plans.
const EVERY: i64 = 2;
/// Hours between the fleets packed afresh that hindsight may choose among.
const FRESH: i64 = 24;

pub(crate) fn replay(folder: &Path) -> Result<Vec<Bar>, String> {
    let file = "spot_price_history_us-east-1_2021-03-02_2021-05-31.csv.gz";
    let history = data::prices(&data::text(&folder.join(file))?)?;
    let catalogue = data::catalogue(&data::text(&folder.join("ec2_catalog_us-east-1.csv"))?)?;
    let listed: Vec<data::Listed> = catalogue
        .into_iter()
        .filter(|row| {
            ["c", "m", "r"].contains(&row.made.category())
                && row.made.architecture == Architecture::Amd64
                && row.made.current_generation
                && row.made.vcpu <= NodeTemplate::default().max_vcpu
                && ZONES
                    .iter()
                    .any(|zone| history.contains_key(&(row.made.name.clone(), (*zone).to_owned())))
        })
        .collect();
    let times = || history.values().flatten().map(|change| change.0);
    // A day in, nearly every pool has had its first price.
    let (first, last) =
        (times().min().ok_or("no prices")? + DAY, times().max().ok_or("no prices")?);
    let hours = (last - first) / HOUR / 24 * 24;
    let at = |hour: i64| Timestamp::from_second(first + hour * HOUR).expect("a time");
    let workload: Vec<_> = (0..240_usize)
        .map(|pod| {
            let app = pod % 30;
            let cpu = [250, 500, 1_000, 2_000, 4_000][app % 5];
            let memory = [512, 1_024, 2_048, 4_096, 8_192, 16_384][app * 7 % 6];
            pending(format!("pod-{pod:03}"), &format!("app-{app:02}"), cpu, memory, at(0))
        })
        .collect();
    let mut cluster = Cluster::new(at(0));
    cluster.add(workload.iter().cloned());
    let waiting = cluster.snapshot.clone();

    let mut fleets: BTreeSet<BTreeMap<Pool, u32>> = BTreeSet::new();
    let (mut bills, mut overlap, mut launched, mut moved, mut node_hours) =
        (Vec::new(), Money::ZERO, 0, 0, 0);
    let (mut predicted, mut bounds) = (Vec::new(), Money::ZERO);
    for hour in 0..hours {
        let market = market::of_history(&listed, &history, at(hour));
        let mut extra = Money::ZERO;
        if hour % EVERY == 0 {
            cluster.snapshot.taken_at = at(hour);
            let planned = input(cluster.snapshot.clone(), market.clone(), at(hour));
            let decision = planner::decide(&planned);
            let percent = planned.policy.disruption_percent_per_10_minutes;
            let carried = cluster.carry_out(&decision, at(hour), percent);
            extra = carried.overlap;
            overlap += extra;
            moved += carried.retired;
            bounds += decision.plan.lower_bound_per_hour * EVERY as u64;
            if hour == 0 {
                launched = carried.launched;
            }
            if hour % 24 == 0 {
                predicted.push(decision.plan.after.cost_per_hour * 24);
            }
        }
        if hour % FRESH == 0 {
            let mut fresh = Cluster::new(at(hour));
            fresh.snapshot = ClusterSnapshot { taken_at: at(hour), ..waiting.clone() };
            let planned = input(fresh.snapshot.clone(), market.clone(), at(hour));
            fresh.carry_out(&planner::decide(&planned), at(hour), 100);
            fleets.insert(fresh.fleet());
        }
        let fleet = cluster.fleet();
        node_hours += i64::from(fleet.values().sum::<u32>());
        let price = |(pool, nodes): (&Pool, &u32)| {
            market.price(pool).expect("a priced pool") * u64::from(*nodes)
        };
        bills.push(fleet.iter().map(price).sum::<Money>() + extra);
        fleets.insert(fleet);
    }
    let costs = costs(&fleets, &listed, &history, &(0..hours).map(at).collect::<Vec<_>>());
    let cheapest = |hour: usize| costs.iter().filter_map(|fleet| fleet[hour]).min();
    let hindsight: Money = (0..hours as usize).map(|hour| cheapest(hour).expect("a fleet")).sum();
    let still: Money = costs
        .iter()
        .filter_map(|fleet| fleet.iter().copied().sum::<Option<Money>>())
        .min()
        .expect("a fleet");
    let bill: Money = bills.iter().copied().sum();
    let days = hours as f64 / 24.0;
    let moves = f64::from(moved) / (node_hours as f64 / 24.0);
    let regret = (bill.as_usd() / hindsight.as_usd() - 1.0) * 100.0;
    let replayed: Vec<f64> =
        bills.chunks(24).map(|day| day.iter().copied().sum::<Money>().as_usd()).collect();
    let errors: Vec<f64> = predicted
        .iter()
        .zip(&replayed)
        .map(|(said, was)| (said.as_usd() / was - 1.0).abs() * 100.0)
        .collect();
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    println!(
        "Spot prices: {} pools in {} zones, {days:.0} days, planned every {EVERY} hours with the default policy; 240 pods, born on {launched} nodes.",
        listed.len() * ZONES.len(),
        ZONES.len()
    );
    println!(
        "Hindsight: at every hour the cheapest of {} fleets found at any time, with moves for nothing.",
        fleets.len()
    );
    for (what, value) in [
        ("billed, USD", bill.as_usd()),
        ("  of that while old and new nodes ran side by side, USD", overlap.as_usd()),
        ("hindsight, USD", hindsight.as_usd()),
        ("the best fleet that never changes, in hindsight, USD", still.as_usd()),
        ("sum of the plans' lower bounds (they know no caps), USD", bounds.as_usd()),
        ("nodes replaced", f64::from(moved)),
        ("error of a day's predicted cost, mean, %", mean),
        ("error of a day's predicted cost, worst, %", errors.iter().copied().fold(0.0, f64::max)),
    ] {
        println!("  {what:<60} {value:>10.3}");
    }
    Ok(vec![
        Bar {
            what: "90 days of prices: voluntary moves per node and day",
            most: 1.0,
            measured: moves,
        },
        Bar { what: "90 days of prices: regret against hindsight, %", most: 3.0, measured: regret },
        Bar {
            what: "90 days of prices: predicted against replayed cost of a day, %",
            most: 2.0,
            measured: mean,
        },
    ])
}

fn input(snapshot: ClusterSnapshot, market: Market, now: Timestamp) -> PlanningInput {
    PlanningInput {
        snapshot,
        market,
        policy: Policy::default(),
        template: NodeTemplate {
            zones: ZONES.map(str::to_owned).into(),
            ..NodeTemplate::default()
        },
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: std::collections::BTreeMap::new(),
        now,
        budget: 20_000,
        seed: 1,
    }
}

/// What each fleet costs at each moment, an hour. `None` where a pool has no price yet.
fn costs(
    fleets: &BTreeSet<BTreeMap<Pool, u32>>,
    listed: &[data::Listed],
    history: &data::History,
    moments: &[Timestamp],
) -> Vec<Vec<Option<Money>>> {
    let lists: BTreeMap<&str, Money> =
        listed.iter().map(|row| (row.made.name.as_str(), row.on_demand)).collect();
    let pools: BTreeSet<&Pool> = fleets.iter().flat_map(BTreeMap::keys).collect();
    let over_time = |pool: &Pool| -> Vec<Option<Money>> {
        if pool.capacity_type == CapacityType::OnDemand {
            return vec![lists.get(pool.instance_type.as_str()).copied(); moments.len()];
        }
        let changes = &history[&(pool.instance_type.clone(), pool.zone.clone())];
        moments.iter().map(|at| data::price_at(changes, at.as_second())).collect()
    };
    let prices: BTreeMap<&Pool, Vec<Option<Money>>> =
        pools.into_iter().map(|pool| (pool, over_time(pool))).collect();
    let cost = |fleet: &BTreeMap<Pool, u32>, at: usize| {
        fleet.iter().map(|(pool, nodes)| Some(prices[pool][at]? * u64::from(*nodes))).sum()
    };
    fleets.iter().map(|fleet| (0..moments.len()).map(|at| cost(fleet, at)).collect()).collect()
}
