//! A day of a real cluster's pods coming and going, planned every ten minutes.
//!
//! The day of the trace on which most pods came and went. Their GPUs are left out.

use crate::Bar;
use crate::cluster::{Cluster, pending};
use crate::data::{self, Stay};
use crate::linear;
use crate::market::{self, ZONES};
use domain::Money;
use domain::offering::{Market, Resources};
use domain::plan::PlanningInput;
use domain::policy::{NodeTemplate, Policy};
use domain::snapshot::Pod;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const DAY: i64 = 86_400;
const TICK: i64 = 600;
/// The trace's second 0; it does not say when that was.
const BEGIN: i64 = 1_700_000_000;

pub(crate) fn replay(folder: &Path) -> Result<Vec<Bar>, String> {
    let stays = data::stays(&data::text(&folder.join("openb/openb_pod_list_default.csv.gz"))?)?;
    let catalogue = data::catalogue(&data::text(&folder.join("ec2_catalog_us-east-1.csv"))?)?;
    let from = busiest_day(&stays) * DAY;
    let at = |second: i64| Timestamp::from_second(BEGIN + second).expect("a time");
    let input = |snapshot, now| PlanningInput {
        snapshot,
        market: market::of_catalogue(&catalogue, now),
        // Nothing but cost, so that first fit, which knows no caps, is on equal terms. What a move
        // costs, must save, and how long a node is left alone are the defaults.
        policy: Policy {
            spot_percent: 100,
            max_pool_percent: 100,
            max_family_percent: 100,
            max_zone_percent: 100,
            max_workload_pool_percent: 100,
            headroom_percent: 0,
            ..Policy::default()
        },
        template: NodeTemplate {
            max_vcpu: 192,
            zones: ZONES.map(str::to_owned).into(),
            ..NodeTemplate::default()
        },
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: std::collections::BTreeMap::new(),
        now,
        budget: 50_000,
        seed: 1,
    };
    let prices = Prices::new(&input(Cluster::new(at(0)).snapshot, at(0)));
    let (stays, too_large): (Vec<Stay>, Vec<Stay>) = stays
        .into_iter()
        .filter(|stay| stay.from < from + DAY && stay.until > from)
        .partition(|stay| prices.for_pod(stay).is_some());
    let mut cluster = Cluster::new(at(from));
    let mut own = FirstFit::new(&prices, None);
    // Which type is best is known only afterwards: one fleet of each that holds every pod of the day.
    let mut single: Vec<FirstFit<'_>> = prices
        .types
        .iter()
        .filter(|(_, room)| stays.iter().all(|stay| room.covers(&asked(stay))))
        .map(|only| FirstFit::new(&prices, Some(only)))
        .collect();
    println!(
        "A day of openb's pods (trace day {}): {} pods, {} too large for every type left out; planned every 10 minutes, catalogue prices.",
        from / DAY,
        stays.len(),
        too_large.len()
    );
    println!(
        "Per hour, means of USD/h. First fit: each new node the cheapest type that holds the pod; or all of the one type that is best in hindsight. x: over ours."
    );
    println!(
        "{:>4} {:>6} {:>9} {:>9} {:>9} {:>7} {:>9} {:>6} {:>9} {:>6} {:>8} {:>7}",
        "hour",
        "pods",
        "ours",
        "overlap",
        "bound",
        "above_%",
        "fit_own",
        "x",
        "fit_one",
        "x",
        "launched",
        "retired"
    );
    let mut rows = Vec::new();
    for hour in 0..24 {
        let mut row = Hour { single: vec![Money::ZERO; single.len()], ..Hour::default() };
        for tick in 0..3_600 / TICK {
            let second = from + hour * 3_600 + tick * TICK;
            let alive: Vec<&Stay> =
                stays.iter().filter(|stay| stay.from <= second && second < stay.until).collect();
            let names: BTreeMap<&str, &Stay> =
                alive.iter().map(|stay| (stay.name.as_str(), *stay)).collect();
            cluster.snapshot.pods.retain(|pod| names.contains_key(pod.name.as_str()));
            let known: Vec<String> =
                cluster.snapshot.pods.iter().map(|pod| pod.name.clone()).collect();
            cluster.add(
                alive
                    .iter()
                    .filter(|stay| known.binary_search(&stay.name).is_err())
                    .map(|stay| waiting(stay, at(second))),
            );
            cluster.snapshot.taken_at = at(second);
            let planned = input(cluster.snapshot.clone(), at(second));
            let decision = planner::decide(&planned);
            let carried = cluster.carry_out(&decision, at(second), 10);
            assert!(cluster.snapshot.pods.iter().all(|pod| pod.node.is_some()), "a pod waits");
            let mut afresh = Cluster::new(at(second));
            afresh.add(alive.iter().map(|stay| waiting(stay, at(second))));
            let bound =
                planner::plan(&PlanningInput { budget: 0, ..input(afresh.snapshot, at(second)) })
                    .lower_bound_per_hour;
            let part = |cost: Money| cost.ratio(i128::from(TICK), 3_600);
            row.pods += alive.len();
            row.cost += part(bill(&cluster, &planned.market)) + carried.overlap;
            row.overlap += carried.overlap;
            row.bound += part(bound);
            row.own += part(own.tick(&alive));
            for (sum, one) in row.single.iter_mut().zip(&mut single) {
                *sum += part(one.tick(&alive));
            }
            row.launched += carried.launched;
            row.retired += carried.retired;
        }
        rows.push(row);
    }
    let mut total = Hour { single: vec![Money::ZERO; single.len()], ..Hour::default() };
    for row in &rows {
        total.add(row);
    }
    let best =
        (0..single.len()).min_by_key(|one| total.single[*one]).ok_or("no type holds every pod")?;
    for (hour, row) in rows.iter().enumerate() {
        row.print(&hour.to_string(), 1, best);
    }
    total.print("day", 24, best);
    let first_fit = total.own.min(total.single[best]).as_usd();
    Ok(vec![Bar {
        what: "a day of pods: our cost over the cheaper of the two first fits",
        most: 1.0,
        measured: total.cost.as_usd() / first_fit,
    }])
}

/// USD of an hour, or of several.
#[derive(Default)]
struct Hour {
    /// Pods at each tick, added up.
    pods: usize,
    cost: Money,
    overlap: Money,
    bound: Money,
    own: Money,
    single: Vec<Money>,
    launched: u32,
    retired: u32,
}

impl Hour {
    fn add(&mut self, other: &Self) {
        self.pods += other.pods;
        self.cost += other.cost;
        self.overlap += other.overlap;
        self.bound += other.bound;
        self.own += other.own;
        for (sum, one) in self.single.iter_mut().zip(&other.single) {
            *sum += *one;
        }
        self.launched += other.launched;
        self.retired += other.retired;
    }

    fn print(&self, name: &str, hours: usize, best: usize) {
        let mean = |sum: Money| sum.as_usd() / hours as f64;
        let over = |sum: Money| sum.as_usd() / self.cost.as_usd();
        println!(
            "{name:>4} {:>6} {:>9.3} {:>9.3} {:>9.3} {:>7.1} {:>9.3} {:>6.3} {:>9.3} {:>6.3} {:>8} {:>7}",
            self.pods / hours / (3_600 / TICK) as usize,
            mean(self.cost),
            mean(self.overlap),
            mean(self.bound),
            (self.cost.as_usd() / self.bound.as_usd() - 1.0) * 100.0,
            mean(self.own),
            over(self.own),
            mean(self.single[best]),
            over(self.single[best]),
            self.launched,
            self.retired
        );
    }
}

fn busiest_day(stays: &[Stay]) -> i64 {
    let mut events: BTreeMap<i64, u32> = BTreeMap::new();
    for stay in stays {
        *events.entry(stay.from / DAY).or_default() += 1;
        *events.entry(stay.until / DAY).or_default() += 1;
    }
    events.into_iter().max_by_key(|(day, count)| (*count, *day)).map_or(0, |(day, _)| day)
}

fn asked(stay: &Stay) -> Resources {
    Resources {
        cpu_milli: stay.cpu_milli,
        memory_mib: stay.memory_mib,
        pods: 1,
        ..Resources::default()
    }
}

/// Pods of one size count as replicas of one workload.
fn waiting(stay: &Stay, now: Timestamp) -> Pod {
    let workload = format!("{}m-{}mi", stay.cpu_milli, stay.memory_mib);
    pending(stay.name.clone(), &workload, stay.cpu_milli, stay.memory_mib, now)
}

fn bill(cluster: &Cluster, market: &Market) -> Money {
    cluster
        .fleet()
        .iter()
        .map(|(pool, nodes)| market.price(pool).expect("a priced pool") * u64::from(*nodes))
        .sum()
}

/// What a node costs an hour, and the room in it.
type Priced = (Money, Resources);
/// A node of first fit, with its pods.
type Filled<'a> = (&'a Priced, BTreeMap<String, Resources>);

/// Types that the template allows at their cheapest price, cheapest first.
struct Prices {
    types: Vec<Priced>,
}

impl Prices {
    fn new(input: &PlanningInput) -> Self {
        let mut types: Vec<Priced> = linear::allowed(input)
            .map(|(offering, made)| (offering.price_per_hour, made.allocatable()))
            .collect();
        types.sort();
        types.dedup();
        Self { types }
    }

    fn for_pod(&self, stay: &Stay) -> Option<&Priced> {
        self.types.iter().find(|(_, room)| room.covers(&asked(stay)))
    }
}

/// Pods in order of arrival, each into the first node that has room, else into a new one; nodes go
/// once they are empty.
struct FirstFit<'a> {
    prices: &'a Prices,
    /// The only type that is opened; else the cheapest that holds the pod.
    only: Option<&'a Priced>,
    nodes: Vec<Filled<'a>>,
}

impl<'a> FirstFit<'a> {
    fn new(prices: &'a Prices, only: Option<&'a Priced>) -> Self {
        Self { prices, only, nodes: Vec::new() }
    }

    /// Returns what the nodes cost an hour.
    fn tick(&mut self, alive: &[&Stay]) -> Money {
        let names: BTreeSet<&str> = alive.iter().map(|stay| stay.name.as_str()).collect();
        for node in &mut self.nodes {
            node.1.retain(|name, _| names.contains(name.as_str()));
        }
        self.nodes.retain(|node| !node.1.is_empty());
        let placed: BTreeSet<String> =
            self.nodes.iter().flat_map(|node| node.1.keys().cloned()).collect();
        let mut arrived: Vec<&&Stay> =
            alive.iter().filter(|stay| !placed.contains(&stay.name)).collect();
        arrived.sort_by_key(|stay| (stay.from, &stay.name));
        for stay in arrived {
            let asked = asked(stay);
            let fits = |node: &&mut Filled<'a>| {
                let mut used = asked.clone();
                node.1.values().for_each(|other| used.add(other));
                node.0.1.covers(&used)
            };
            match self.nodes.iter_mut().find(fits) {
                Some(node) => {
                    node.1.insert(stay.name.clone(), asked);
                }
                None => {
                    let opened = self.only.or_else(|| self.prices.for_pod(stay));
                    let load = BTreeMap::from([(stay.name.clone(), asked)]);
                    self.nodes.push((opened.expect("a type for every pod"), load));
                }
            }
        }
        self.nodes.iter().map(|node| node.0.0).sum()
    }
}
