//! From stored figures to shown ones.

use crate::view::{Attention, ClusterRow, Dashboard, Distribution, Point, Saved, Severity, Share};
use api::view::percent;
use domain::Money;
use domain::cluster::{AgentStatus, Cluster, ClusterStatus, PoolShare, SnapshotInfo};
use domain::ledger::{LedgerHour, Quality};
use domain::offering::family_of;
use domain::optimization::Optimization;
use domain::plan::{PlanState, Position};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Up to this many days a chart shows hours.
const HOURLY_DAYS: i64 = 7;

/// What is known of one cluster.
pub(crate) struct Figures {
    pub(crate) cluster: Cluster,
    pub(crate) agent: Option<AgentStatus>,
    pub(crate) snapshot: Option<SnapshotInfo>,
    /// Closed hours since [`since`], without their lines.
    pub(crate) hours: Vec<LedgerHour>,
}

/// From when on hours are needed: for the chart, and for the month.
pub(crate) fn since(now: Timestamp, days: i64) -> Timestamp {
    (now - SignedDuration::from_hours(24 * days)).min(month_of(now))
}

/// The first moment of the month in UTC.
fn month_of(now: Timestamp) -> Timestamp {
    let first = now.to_zoned(TimeZone::UTC).first_of_month();
    first.and_then(|first| first.start_of_day()).map_or(now, |first| first.timestamp())
}

fn day_of(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(86_400)).unwrap_or(at)
}

/// The figures of these clusters together.
pub(crate) fn dashboard(
    all: &[Figures],
    plans: &[Optimization],
    days: i64,
    now: Timestamp,
) -> Dashboard {
    let positions: Vec<&Position> = all.iter().filter_map(|one| one.position()).collect();
    let month = month_of(now);
    let pools = || {
        let snapshots = all.iter().filter_map(|one| one.snapshot.as_ref());
        snapshots.flat_map(|snapshot| &snapshot.pools)
    };
    let waiting = plans
        .iter()
        .filter(|plan| plan.state == PlanState::Proposed && plan.is_open(now) && plan.commands > 0);
    Dashboard {
        as_of: now,
        cost_per_hour: positions.iter().map(|it| it.cost_per_hour).sum::<Money>().into(),
        nodes: positions.iter().map(|it| it.nodes).sum(),
        spot_nodes: positions.iter().map(|it| it.spot_nodes).sum(),
        spot_cpu_percent: spot_cpu_percent(&positions),
        saved_this_month: saved(
            all.iter().flat_map(|one| &one.hours).filter(|hour| hour.hour >= month),
        ),
        plans_waiting: waiting.count() as u32,
        attention: attention(all, plans, now),
        series: series(all, days, now),
        distribution: Distribution {
            lifecycle: shares(pools(), |it| it.pool.capacity_type.as_str().to_owned()),
            architecture: shares(pools(), |it| {
                it.architecture.map_or("unknown", |arch| arch.as_str()).to_owned()
            }),
            family: shares(pools(), |it| family_of(&it.pool.instance_type).to_owned()),
            instance_type: shares(pools(), |it| it.pool.instance_type.clone()),
        },
        clusters: all.iter().map(|one| one.row(month, now)).collect(),
    }
}

impl Figures {
    fn position(&self) -> Option<&Position> {
        self.snapshot.as_ref().map(|snapshot| &snapshot.position)
    }

    fn status(&self, now: Timestamp) -> ClusterStatus {
        self.cluster.status(self.agent.as_ref(), now)
    }

    fn row(&self, month: Timestamp, now: Timestamp) -> ClusterRow {
        let position = self.position().cloned().unwrap_or_default();
        let this_month = self.hours.iter().filter(|hour| hour.hour >= month);
        ClusterRow {
            id: self.cluster.id.to_string(),
            name: self.cluster.name.clone(),
            status: self.status(now).into(),
            cost_per_hour: position.cost_per_hour.into(),
            saved_this_month: this_month.map(LedgerHour::saving).sum::<Money>().into(),
            nodes: position.nodes,
            spot_nodes: position.spot_nodes,
        }
    }
}

/// Weighted by nodes: the clusters' own shares are of requested CPU, which is not added up anywhere.
fn spot_cpu_percent(positions: &[&Position]) -> f64 {
    let nodes: i64 = positions.iter().map(|it| i64::from(it.nodes)).sum();
    let weighted: i64 = positions.iter().map(|it| it.spot_cpu_ppm * i64::from(it.nodes)).sum();
    if nodes == 0 { 0.0 } else { percent(weighted / nodes) }
}

fn saved<'a>(hours: impl Iterator<Item = &'a LedgerHour>) -> Saved {
    let (mut baseline, mut actual, mut measured, mut all) = (Money::ZERO, Money::ZERO, 0, 0);
    for hour in hours {
        baseline += hour.baseline;
        actual += hour.actual;
        all += 1;
        measured += i64::from(hour.quality == Quality::Measured);
    }
    Saved {
        amount: (baseline - actual).into(),
        baseline: baseline.into(),
        actual: actual.into(),
        measured_share_percent: if all == 0 { 0.0 } else { percent(measured * 1_000_000 / all) },
    }
}

fn series(all: &[Figures], days: i64, now: Timestamp) -> Vec<Point> {
    let from = now - SignedDuration::from_hours(24 * days);
    let mut points: BTreeMap<Timestamp, [Money; 3]> = BTreeMap::new();
    for hour in all.iter().flat_map(|one| &one.hours).filter(|hour| hour.hour >= from) {
        let at = if days <= HOURLY_DAYS { hour.hour } else { day_of(hour.hour) };
        let sums = points.entry(at).or_default();
        for (sum, part) in sums.iter_mut().zip([hour.baseline, hour.actual, hour.actual_spot]) {
            *sum += part;
        }
    }
    let point = |(at, [baseline, actual, spot]): (Timestamp, [Money; 3])| Point {
        at,
        baseline: baseline.into(),
        actual: actual.into(),
        spot: spot.into(),
        on_demand: (actual - spot).into(),
    };
    points.into_iter().map(point).collect()
}

/// Parts of the nodes by name, dearest first.
fn shares<'a>(
    pools: impl Iterator<Item = &'a PoolShare>,
    name: impl Fn(&PoolShare) -> String,
) -> Vec<Share> {
    let mut sums: BTreeMap<String, (Money, u32)> = BTreeMap::new();
    for pool in pools {
        let (cost, nodes) = sums.entry(name(pool)).or_default();
        *cost += pool.cost_per_hour;
        *nodes += pool.nodes;
    }
    let mut sums: Vec<(String, (Money, u32))> = sums.into_iter().collect();
    sums.sort_by_key(|(name, (cost, _))| (std::cmp::Reverse(*cost), name.clone()));
    let share = |(name, (cost, nodes)): (String, (Money, u32))| Share {
        name,
        cost_per_hour: cost.into(),
        nodes,
    };
    sums.into_iter().map(share).collect()
}

fn attention(all: &[Figures], plans: &[Optimization], now: Timestamp) -> Vec<Attention> {
    let mut found = Vec::new();
    for one in all {
        let (name, id) = (&one.cluster.name, one.cluster.id);
        let (severity, text) = match one.status(now) {
            ClusterStatus::Silent => {
                (Severity::Danger, format!("The agent of {name} has stopped answering"))
            }
            ClusterStatus::WaitingForAgent => {
                (Severity::Warning, format!("{name} waits for its agent to be installed"))
            }
            ClusterStatus::Healthy | ClusterStatus::Paused => continue,
        };
        found.push(Attention { severity, text, href: format!("/clusters/{id}") });
    }
    let name = |plan: &Optimization| {
        let cluster = all.iter().find(|one| one.cluster.id == plan.cluster);
        cluster.map_or_else(|| plan.cluster.to_string(), |one| one.cluster.name.clone())
    };
    // Only a cluster's newest plan still says something about it.
    let mut newest: BTreeMap<_, &Optimization> = BTreeMap::new();
    for plan in plans {
        let known = newest.entry(plan.cluster).or_insert(plan);
        if plan.generation > known.generation {
            *known = plan;
        }
    }
    for plan in newest.into_values() {
        let (severity, text) = match plan.state {
            PlanState::Failed => {
                (Severity::Danger, format!("The last plan of {} failed", name(plan)))
            }
            PlanState::Proposed if plan.is_open(now) && plan.commands > 0 => {
                let saving = plan.before.cost_per_hour - plan.after.cost_per_hour;
                let what = if saving >= Money::ZERO {
                    format!("it saves {:.2} $/h", saving.as_usd())
                } else {
                    format!("it adds {:.2} $/h for pods without a node", (-saving).as_usd())
                };
                let text = format!("A plan for {} waits: {what}", name(plan));
                (Severity::Warning, text)
            }
            _ => continue,
        };
        found.push(Attention { severity, text, href: format!("/plans/{}", plan.id) });
    }
    found.sort_by_key(|one| one.severity);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ledger::Levers;
    use domain::offering::{CapacityType, Pool};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hour(at: Timestamp, baseline: i64, actual: i64, spot: i64) -> LedgerHour {
        LedgerHour {
            cluster: domain::ClusterId::new(uuid::Uuid::nil()),
            hour: at,
            baseline: Money::from_nanos(baseline),
            actual: Money::from_nanos(actual),
            actual_spot: Money::from_nanos(spot),
            levers: Levers::default(),
            residual: Money::ZERO,
            quality: Quality::Measured,
            baseline_definition: String::new(),
            lines: vec![],
        }
    }

    #[test]
    fn the_month_begins_in_utc_and_reaches_back_at_least_that_far() {
        let now = at("2026-11-23T15:00:00Z");
        assert_eq!(since(now, 7), at("2026-11-01T00:00:00Z"));
        assert_eq!(since(now, 90), at("2026-08-25T15:00:00Z"));
    }

    #[test]
    fn days_add_their_hours_up() {
        let account = testing::values::account(1);
        let figures = Figures {
            cluster: testing::values::cluster(&account, 1),
            agent: None,
            snapshot: None,
            hours: vec![
                hour(at("2026-11-20T22:00:00Z"), 10, 5, 4),
                hour(at("2026-11-20T23:00:00Z"), 10, 6, 2),
                hour(at("2026-11-21T00:00:00Z"), 10, 7, 1),
            ],
        };
        let now = at("2026-11-23T15:00:00Z");
        let daily = series(std::slice::from_ref(&figures), 30, now);
        let amounts: Vec<&str> =
            daily.iter().map(|point| point.on_demand.amount.as_str()).collect();
        assert_eq!(amounts, ["0.000000005", "0.000000006"]);
        assert_eq!(series(&[figures], 7, now).len(), 3);
    }

    #[test]
    fn shares_are_dearest_first() {
        let pool = |name: &str, nodes, cost| PoolShare {
            pool: Pool {
                instance_type: name.to_owned(),
                zone: "a".to_owned(),
                capacity_type: CapacityType::Spot,
            },
            architecture: None,
            nodes,
            cost_per_hour: Money::from_nanos(cost),
        };
        let pools = [pool("m5.large", 1, 10), pool("c5.large", 2, 30), pool("m5.xlarge", 1, 25)];
        let found = shares(pools.iter(), |it| family_of(&it.pool.instance_type).to_owned());
        let names: Vec<(&str, u32)> = found.iter().map(|it| (it.name.as_str(), it.nodes)).collect();
        assert_eq!(names, [("m5", 2), ("c5", 2)]);
    }
}
