//! The savings ledger: for every hour and cluster, what it would have cost, what it did cost, and
//! what made the difference.
//!
//! **Identity:** `baseline − actual = market + spot_price + consolidation + hibernation + overlap +
//! residual`, exactly, in integers. With
//!
//! - `B₀` the baseline fleet at the prices of the day it was fixed (this is `baseline`),
//! - `B` the same fleet at this hour's prices, `B°` at this hour's on-demand prices,
//! - `A` what ran at the prices paid (this is `actual`), `A°` the same at on-demand prices,
//! - `O°` that part of `A°` in which nodes ran twice because one was replacing the other,
//!
//! the levers are `market = B₀ − B`, `spot_price = (A° − A) − (B° − B)`,
//! `consolidation = B° − (A° − O°)` and `overlap = −O°`. Instances without a known on-demand price
//! can not be split; their cost is `−residual`.
//!
//! Before a cluster has a baseline nothing is claimed: what ran is its own baseline, and every lever
//! is zero.

use crate::Money;
use crate::ids::ClusterId;
use crate::instance::InstanceRecord;
use crate::offering::{CapacityType, Market, Pool};
use crate::snapshot::{ClusterSnapshot, Node};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a cluster would have cost without us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// When it was fixed.
    pub fixed_at: Timestamp,
    /// The fleet of that moment.
    pub pools: Vec<BaselinePool>,
}

/// Nodes of one pool in a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselinePool {
    /// Which pool.
    #[serde(flatten)]
    pub pool: Pool,
    /// How many nodes.
    pub count: u32,
    /// What one cost in an hour when the baseline was fixed.
    pub price_per_hour: Money,
    /// That price was modelled.
    pub estimated: bool,
}

impl Baseline {
    /// The nodes a cluster has now at the prices of now. Nodes whose pool has no price are left out:
    /// nobody can prove to have saved on them.
    pub fn fix(snapshot: &ClusterSnapshot, market: &Market, now: Timestamp) -> Self {
        let mut pools: BTreeMap<Pool, BaselinePool> = BTreeMap::new();
        for pool in snapshot.nodes.iter().filter_map(Node::pool) {
            let Some(offering) = market.offering(&pool) else { continue };
            let part = pools.entry(pool.clone()).or_insert_with(|| BaselinePool {
                pool,
                count: 0,
                price_per_hour: offering.price_per_hour,
                estimated: offering.estimated,
            });
            part.count += 1;
        }
        Self { fixed_at: now, pools: pools.into_values().collect() }
    }

    /// Its definition in words, stored with every hour.
    pub fn definition(&self) -> String {
        let nodes: u32 = self.pools.iter().map(|pool| pool.count).sum();
        format!(
            "The {nodes} nodes the cluster had at {}, running all the time at the prices of that moment",
            self.fixed_at.strftime("%Y-%m-%d %H:%M UTC")
        )
    }
}

/// The price of a pool from some moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceStep {
    /// From when.
    pub from: Timestamp,
    /// What an instance costs in an hour.
    pub price_per_hour: Money,
    /// Modelled rather than read from AWS.
    pub estimated: bool,
}

/// Prices of pools over time: step functions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceBook {
    steps: BTreeMap<Pool, Vec<PriceStep>>,
}

/// A sum of money and whether any of it rests on a modelled price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    money: Money,
    estimated: bool,
}

impl PriceBook {
    /// Notes a price; steps of a pool may come in any order.
    pub fn insert(&mut self, pool: Pool, step: PriceStep) {
        let steps = self.steps.entry(pool).or_default();
        let at = steps.partition_point(|other| other.from <= step.from);
        steps.insert(at, step);
    }

    /// Cost of one instance over `[from, to)`: each second at the price of its moment. Before the
    /// first step that step's price holds, as an estimate. `None` where the pool has no price.
    fn cost(&self, pool: &Pool, from: Timestamp, to: Timestamp) -> Option<Cost> {
        let steps = self.steps.get(pool)?;
        let first = steps.first()?;
        let mut total = Cost { money: Money::ZERO, estimated: from < first.from };
        for (index, step) in steps.iter().enumerate() {
            let begins = if index == 0 { from } else { step.from.max(from) };
            let ends = steps.get(index + 1).map_or(to, |next| next.from.min(to));
            let seconds = ends.duration_since(begins).as_secs();
            if seconds > 0 {
                total.money += step.price_per_hour.for_seconds(seconds as u64);
                total.estimated |= step.estimated;
            }
        }
        Some(total)
    }

    fn on_demand(&self, pool: &Pool, from: Timestamp, to: Timestamp) -> Option<Cost> {
        let pool = Pool { capacity_type: CapacityType::OnDemand, ..pool.clone() };
        self.cost(&pool, from, to)
    }
}

/// What made the difference between baseline and actual cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Levers {
    /// The market changed its prices of the baseline fleet.
    pub market: Money,
    /// Paying the Spot price rather than the on-demand price.
    pub spot_price: Money,
    /// Fewer or cheaper nodes for the same pods: right-sizing, packing, scaling.
    pub consolidation: Money,
    /// Sleeping.
    pub hibernation: Money,
    /// Nodes running twice while one replaces the other; never positive.
    pub overlap: Money,
}

impl Levers {
    /// All of them together.
    pub fn sum(&self) -> Money {
        self.market + self.spot_price + self.consolidation + self.hibernation + self.overlap
    }
}

/// How good an hour's figures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Every price was read from AWS.
    Measured,
    /// Some price was modelled or missing.
    Estimated,
}

/// What one pool's instances cost in an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Which pool.
    pub pool: Pool,
    /// Which instances.
    pub instance_ids: Vec<String>,
    /// Instance-seconds.
    pub seconds: u64,
    /// At on-demand prices; absent where none is known.
    pub on_demand_cost: Option<Money>,
    /// What was paid.
    pub cost: Money,
    /// Rests on a modelled or missing price.
    pub estimated: bool,
}

/// One hour of one cluster, closed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerHour {
    /// Which cluster.
    pub cluster: ClusterId,
    /// Its first moment.
    pub hour: Timestamp,
    /// What it would have cost.
    pub baseline: Money,
    /// What it did cost.
    pub actual: Money,
    /// What of that was paid for Spot capacity.
    pub actual_spot: Money,
    /// What made the difference.
    pub levers: Levers,
    /// What no lever explains.
    pub residual: Money,
    /// How good the figures are.
    pub quality: Quality,
    /// The baseline in words.
    pub baseline_definition: String,
    /// What ran, in order of pool.
    pub lines: Vec<LedgerLine>,
}

impl LedgerHour {
    /// What was saved.
    pub fn saving(&self) -> Money {
        self.baseline - self.actual
    }
}

/// The first moment of the hour that `at` is in.
pub fn hour_of(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(3_600)).unwrap_or(at)
}

/// The baseline's words for an hour before there was one.
const NO_BASELINE: &str = "What ran: no baseline was fixed yet, so nothing is claimed";

/// Closes the hour that begins at `hour`: a pure function of what ran and what it cost. `None` is an
/// hour before the baseline was fixed.
pub fn close_hour(
    cluster: ClusterId,
    hour: Timestamp,
    baseline: Option<&Baseline>,
    instances: &[InstanceRecord],
    prices: &PriceBook,
) -> LedgerHour {
    let end = hour + SignedDuration::from_hours(1);
    let mut quality = Quality::Measured;
    let mut note = |estimated: bool| {
        if estimated {
            quality = Quality::Estimated;
        }
    };

    // The baseline fleet: B₀, B, B°.
    let (mut fixed, mut now, mut now_on_demand) = (Money::ZERO, Money::ZERO, Money::ZERO);
    for part in baseline.iter().flat_map(|baseline| &baseline.pools) {
        let count = u64::from(part.count);
        let at_fixing = part.price_per_hour * count;
        let paid = prices.cost(&part.pool, hour, end).map(|cost| {
            note(cost.estimated);
            cost.money * count
        });
        let list = prices.on_demand(&part.pool, hour, end).map(|cost| cost.money * count);
        note(part.estimated || paid.is_none());
        // A price the market no longer names is held to be what it was.
        let paid = paid.unwrap_or(at_fixing);
        fixed += at_fixing;
        now += paid;
        now_on_demand += list.unwrap_or(paid);
    }

    // What ran: A, A°, O°, and what has no on-demand price.
    let mut lines: BTreeMap<&Pool, LedgerLine> = BTreeMap::new();
    let (mut overlap, mut unsplit) = (Money::ZERO, Money::ZERO);
    for instance in instances {
        let from = instance.launched_at.max(hour);
        let to = instance.terminated_at.map_or(end, |ended| ended.min(end));
        let seconds = instance.seconds_within(hour, end);
        if seconds == 0 {
            continue;
        }
        let to = to.max(from + SignedDuration::from_secs(seconds as i64));
        let paid = prices.cost(&instance.pool, from, to);
        let list = prices.on_demand(&instance.pool, from, to);
        let cost = paid.or(list);
        let estimated = paid.is_none_or(|paid| paid.estimated) || list.is_none();
        note(estimated);
        if let Some((begun, ended)) = instance.overlap {
            let (begun, ended) = (begun.max(from), ended.min(to));
            if begun < ended {
                let twice = prices.on_demand(&instance.pool, begun, ended);
                overlap += twice.map_or(Money::ZERO, |cost| cost.money);
            }
        }
        let cost = cost.map_or(Money::ZERO, |cost| cost.money);
        let list = list.map(|cost| cost.money);
        if list.is_none() {
            unsplit += cost;
        }
        let line = lines.entry(&instance.pool).or_insert_with(|| LedgerLine {
            pool: instance.pool.clone(),
            instance_ids: Vec::new(),
            seconds: 0,
            on_demand_cost: list.map(|_| Money::ZERO),
            cost: Money::ZERO,
            estimated: false,
        });
        line.instance_ids.push(instance.instance_id.clone());
        line.seconds += seconds;
        line.cost += cost;
        line.on_demand_cost = line.on_demand_cost.zip(list).map(|(sum, list)| sum + list);
        line.estimated |= estimated;
    }

    let mut lines: Vec<LedgerLine> = lines.into_values().collect();
    for line in &mut lines {
        line.instance_ids.sort_unstable();
    }
    let actual: Money = lines.iter().map(|line| line.cost).sum();
    let spot = lines.iter().filter(|line| line.pool.capacity_type == CapacityType::Spot);
    let actual_spot: Money = spot.map(|line| line.cost).sum();
    let list: Money = lines.iter().filter_map(|line| line.on_demand_cost).sum();
    let split = actual - unsplit;
    if baseline.is_none() {
        (fixed, now, now_on_demand, overlap) = (actual, actual, list + unsplit, Money::ZERO);
    }
    let levers = Levers {
        market: fixed - now,
        spot_price: (list - split) - (now_on_demand - now),
        consolidation: now_on_demand - (list - overlap),
        hibernation: Money::ZERO,
        overlap: -overlap,
    };
    LedgerHour {
        cluster,
        hour,
        baseline: fixed,
        actual,
        actual_spot,
        residual: (fixed - actual) - levers.sum(),
        levers,
        quality,
        baseline_definition: baseline.map_or(NO_BASELINE.to_owned(), Baseline::definition),
        lines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    fn pool(name: &str, capacity_type: CapacityType) -> Pool {
        Pool { instance_type: name.to_owned(), zone: "a".to_owned(), capacity_type }
    }

    fn usd(text: &str) -> Money {
        Money::parse_usd(text).unwrap()
    }

    fn step(second: i64, price: &str) -> PriceStep {
        PriceStep { from: at(second), price_per_hour: usd(price), estimated: false }
    }

    fn instance(id: &str, pool: Pool, from: i64, to: Option<i64>) -> InstanceRecord {
        InstanceRecord {
            instance_id: id.to_owned(),
            pool,
            node_group: None,
            launched_at: at(from),
            terminated_at: to.map(at),
            reclaimed: None,
            seen_at: at(3_600),
            overlap: None,
        }
    }

    fn book() -> PriceBook {
        let mut book = PriceBook::default();
        book.insert(pool("m5.large", CapacityType::OnDemand), step(-9, "0.10"));
        book.insert(pool("m5.large", CapacityType::Spot), step(-9, "0.04"));
        book.insert(pool("m5.large", CapacityType::Spot), step(1_800, "0.06"));
        book
    }

    fn baseline(count: u32, price: &str) -> Baseline {
        let pool = pool("m5.large", CapacityType::OnDemand);
        let price_per_hour = usd(price);
        let pools = vec![BaselinePool { pool, count, price_per_hour, estimated: false }];
        Baseline { fixed_at: at(-100), pools }
    }

    fn close(baseline: &Baseline, instances: &[InstanceRecord]) -> LedgerHour {
        let id = ClusterId::new(uuid::Uuid::nil());
        close_hour(id, at(0), Some(baseline), instances, &book())
    }

    #[test]
    fn each_lever_takes_its_own_part_of_the_saving() {
        // Three on-demand nodes became two on Spot; meanwhile the list price fell from 0.12 to 0.10.
        let spot = |id| instance(id, pool("m5.large", CapacityType::Spot), -50, None);
        let hour = close(&baseline(3, "0.12"), &[spot("i-1"), spot("i-2")]);
        assert_eq!(hour.baseline, usd("0.36"));
        assert_eq!(hour.actual, usd("0.10"), "half an hour at 0.04, half at 0.06, twice");
        assert_eq!(hour.levers.market, usd("0.06"));
        assert_eq!(hour.levers.spot_price, usd("0.10"));
        assert_eq!(hour.levers.consolidation, usd("0.10"));
        assert_eq!(hour.residual, Money::ZERO);
        assert_eq!(hour.quality, Quality::Measured);
    }

    #[test]
    fn time_in_which_nodes_run_twice_is_booked_as_overlap() {
        let mut old = instance("i-1", pool("m5.large", CapacityType::OnDemand), -50, Some(360));
        old.overlap = Some((at(0), at(360)));
        let new = instance("i-2", pool("m5.large", CapacityType::OnDemand), 0, None);
        let hour = close(&baseline(1, "0.10"), &[old, new]);
        assert_eq!(hour.levers.overlap, usd("-0.01"));
        assert_eq!(hour.levers.consolidation, Money::ZERO);
        assert_eq!(hour.saving(), usd("-0.01"));
    }

    #[test]
    fn before_there_is_a_baseline_nothing_is_claimed() {
        let spot = instance("i-1", pool("m5.large", CapacityType::Spot), -50, None);
        let id = ClusterId::new(uuid::Uuid::nil());
        let hour = close_hour(id, at(0), None, &[spot], &book());
        assert_eq!((hour.baseline, hour.actual), (usd("0.05"), usd("0.05")));
        assert_eq!((hour.levers, hour.residual), (Levers::default(), Money::ZERO));
    }

    #[test]
    fn an_instance_without_a_price_is_an_estimate_and_a_residual() {
        let mut prices = book();
        prices.insert(pool("x9.huge", CapacityType::Spot), step(-9, "0.50"));
        let strange = instance("i-1", pool("x9.huge", CapacityType::Spot), -50, None);
        let id = ClusterId::new(uuid::Uuid::nil());
        let hour = close_hour(id, at(0), Some(&baseline(1, "0.10")), &[strange], &prices);
        assert_eq!(hour.quality, Quality::Estimated);
        assert_eq!(hour.residual, usd("-0.50"));
        assert_eq!(hour.lines[0].on_demand_cost, None);
    }

    proptest! {
        #[test]
        fn every_hour_adds_up_exactly(
            count in 0_u32..50,
            fixed in 0_i64..3_000_000_000,
            runs in proptest::collection::vec((any::<bool>(), 0_i64..3_600, 0_i64..3_600, any::<bool>()), 0..30),
        ) {
            let mut baseline = baseline(count, "0");
            baseline.pools[0].price_per_hour = Money::from_nanos(fixed);
            let instances: Vec<_> = runs.iter().enumerate().map(|(index, (spot, from, length, twice))| {
                let kind = if *spot { CapacityType::Spot } else { CapacityType::OnDemand };
                let mut one = instance(&format!("i-{index}"), pool("m5.large", kind), *from, Some(from + length));
                one.overlap = twice.then_some((at(*from), at(from + length / 2)));
                one
            }).collect();
            let hour = close(&baseline, &instances);
            prop_assert_eq!(hour.baseline - hour.actual, hour.levers.sum() + hour.residual);
            prop_assert_eq!(hour.residual, Money::ZERO);
            prop_assert!(hour.levers.overlap <= Money::ZERO);
        }
    }
}
