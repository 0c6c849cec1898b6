//! The cheapest fleet there is for a handful of pods, by trying all. It shares no code with the planner.

use super::HOSTNAME;
use domain::offering::{CapacityType, Offering, Pool, Resources, family_of};
use domain::plan::PlanningInput;
use domain::snapshot::{Labels, Pod};
use std::collections::{BTreeMap, BTreeSet};

/// A node there is or could be.
#[derive(Clone)]
struct Bin<'a> {
    pool: Pool,
    price: i64,
    labels: Labels,
    /// What pods may take that come.
    room: Resources,
    /// It may be given up.
    may_go: bool,
    before: Vec<&'a Pod>,
    pods: Vec<&'a Pod>,
}

struct Search<'a> {
    input: &'a PlanningInput,
    offers: Vec<Bin<'a>>,
    best: Option<i64>,
}

/// What the cheapest fleet costs in an hour that runs every pod within policy, nano-USD; nothing where
/// there is none. Constraints between pods over zones are not looked at, nor are `DaemonSet`s.
pub fn cheapest(input: &PlanningInput) -> Option<i64> {
    let mut offers: Vec<Bin<'_>> =
        input.market.offerings.iter().map(|offering| new_bin(input, offering)).collect();
    offers.sort_by_key(|bin| bin.price);
    let mut bins = Vec::new();
    let mut moving = Vec::new();
    for node in &input.snapshot.nodes {
        let pool = node.pool().unwrap();
        let before: Vec<&Pod> = input
            .snapshot
            .pods
            .iter()
            .filter(|pod| pod.node.as_ref() == Some(&node.name))
            .collect();
        if !node.do_not_disrupt {
            moving.extend(before.iter().copied());
        }
        bins.push(Bin {
            price: input.market.price(&pool).unwrap().nanos(),
            pool,
            labels: node.labels.clone(),
            room: without_headroom(input, &node.allocatable),
            may_go: !node.do_not_disrupt,
            pods: if node.do_not_disrupt { before.clone() } else { Vec::new() },
            before,
        });
    }
    moving.extend(input.snapshot.pods.iter().filter(|pod| pod.node.is_none()));
    moving.sort_by_key(|pod| std::cmp::Reverse((pod.requests.cpu_milli, pod.requests.memory_mib)));
    let mut search = Search { input, offers, best: None };
    search.place(&moving, &mut bins);
    search.best
}

fn new_bin<'a>(input: &PlanningInput, offering: &Offering) -> Bin<'a> {
    let made = &input.market.types[&offering.pool.instance_type];
    let labels = Labels::from([
        (super::ZONE.to_owned(), offering.pool.zone.clone()),
        ("kubernetes.io/arch".to_owned(), made.architecture.as_str().to_owned()),
    ]);
    Bin {
        pool: offering.pool.clone(),
        price: offering.price_per_hour.nanos(),
        labels,
        room: without_headroom(input, &made.allocatable()),
        may_go: true,
        before: Vec::new(),
        pods: Vec::new(),
    }
}

fn without_headroom(input: &PlanningInput, whole: &Resources) -> Resources {
    let keep = u64::from(100 - input.policy.headroom_percent);
    Resources {
        cpu_milli: whole.cpu_milli * keep / 100,
        memory_mib: whole.memory_mib * keep / 100,
        ..whole.clone()
    }
}

impl<'a> Search<'a> {
    /// Tries every place for the first pod, and so on. New nodes are opened in the order of their first pod.
    fn place(&mut self, pods: &[&'a Pod], bins: &mut Vec<Bin<'a>>) {
        let paid = |bin: &&Bin<'_>| !bin.may_go || !bin.pods.is_empty();
        let cost: i64 = bins.iter().filter(paid).map(|bin| bin.price).sum();
        if self.best.is_some_and(|best| cost >= best) {
            return;
        }
        let Some((pod, rest)) = pods.split_first() else {
            if within_policy(self.input, bins) {
                self.best = Some(cost);
            }
            return;
        };
        for at in 0..bins.len() {
            if bins[at].takes(pod) {
                bins[at].pods.push(pod);
                self.place(rest, bins);
                bins[at].pods.pop();
            }
        }
        for at in 0..self.offers.len() {
            if self.offers[at].takes(pod) {
                let mut bin = self.offers[at].clone();
                bin.pods.push(pod);
                bins.push(bin);
                self.place(rest, bins);
                bins.pop();
            }
        }
    }
}

impl Bin<'_> {
    /// Whether a pod may come, or stay. What was there before fits together, however full the node is.
    fn takes(&self, pod: &Pod) -> bool {
        let was_here = |pod: &Pod| self.before.iter().any(|other| other.uid == pod.uid);
        let mut used = pod.requests.clone();
        for other in &self.pods {
            used.add(&other.requests);
        }
        let all_were = was_here(pod) && self.pods.iter().all(|other| was_here(other));
        let selects =
            pod.node_selector.iter().all(|(key, value)| self.labels.get(key) == Some(value))
                && pod
                    .node_affinity
                    .iter()
                    .all(|term| term.requirements.iter().all(|asked| asked.matches(&self.labels)));
        // Where they are against a constraint they may stay: the scheduler never looks again.
        (all_were || self.room.covers(&used))
            && (selects || was_here(pod))
            && self.pods.iter().all(|other| {
                was_here(pod) && was_here(other)
                    || !avoids(pod, other)
                        && !avoids(other, pod)
                        && !pod.host_ports.iter().any(|port| other.host_ports.contains(port))
            })
    }
}

fn avoids(one: &Pod, other: &Pod) -> bool {
    one.anti_affinity
        .iter()
        .any(|term| term.topology_key == HOSTNAME && term.selector.matches(&other.labels))
}

/// The share of Spot, the on-demand base of each workload, and the caps: each is kept, or broken no
/// further than by what is there.
fn within_policy(input: &PlanningInput, bins: &[Bin<'_>]) -> bool {
    let policy = &input.policy;
    let cpu = |pods: &[&Pod]| pods.iter().map(|pod| pod.requests.cpu_milli).sum::<u64>();
    let all: u64 = input.snapshot.pods.iter().map(|pod| pod.requests.cpu_milli).sum();
    let spot: Vec<&Bin<'_>> =
        bins.iter().filter(|bin| bin.pool.capacity_type == CapacityType::Spot).collect();
    let now: u64 = spot.iter().map(|bin| cpu(&bin.pods)).sum();
    let before: u64 = spot.iter().map(|bin| cpu(&bin.before)).sum();
    if now * 100 > all * u64::from(policy.spot_percent) && now > before {
        return false;
    }
    let replicas =
        |of: &dyn Fn(&Bin<'_>) -> usize| -> usize { spot.iter().map(|bin| of(bin)).sum() };
    let owners: BTreeSet<_> = input.snapshot.pods.iter().map(|pod| &pod.owner).collect();
    for owner in owners {
        let count = |pods: &[&Pod]| pods.iter().filter(|pod| &pod.owner == owner).count();
        let total = input.snapshot.pods.iter().filter(|pod| &pod.owner == owner).count();
        let most = total.saturating_sub(policy.on_demand_base as usize);
        let (now, before) =
            (replicas(&|bin| count(&bin.pods)), replicas(&|bin| count(&bin.before)));
        if now > most.max(before) {
            return false;
        }
    }
    type Cap = (u8, fn(&Pool) -> String);
    let caps: [Cap; 3] = [
        (policy.max_pool_percent, ToString::to_string),
        (policy.max_family_percent, |pool| family_of(&pool.instance_type).to_owned()),
        (policy.max_zone_percent, |pool| pool.zone.clone()),
    ];
    caps.into_iter().all(|(percent, name)| {
        let offers = input.market.offerings.iter().map(|offering| &offering.pool);
        let there: BTreeSet<String> =
            offers.filter(|pool| pool.capacity_type == CapacityType::Spot).map(name).collect();
        let percent = u64::from(percent).max(100_u64.div_ceil(there.len().max(1) as u64));
        let mut held: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
        for bin in &spot {
            let (sum, largest, had) = held.entry(name(&bin.pool)).or_default();
            *sum += cpu(&bin.pods);
            *largest = cpu(&bin.pods).max(*largest);
            *had += cpu(&bin.before);
        }
        held.into_values().all(|(sum, largest, had)| {
            sum <= had || sum == largest || (sum - largest) * 100 < now * percent
        })
    })
}
