//! A fleet that could be: which nodes are retired, what is launched, and what runs where.

use crate::model::{Model, RESOURCES, Verdict};
use crate::packing::{Size, Tally};
use domain::Money;
use domain::offering::Pool;
use domain::risk::MONTH_HOURS;
use std::collections::{BTreeMap, BTreeSet};

/// Minutes that an interrupted node and its replacement are both paid for: EC2 gives a notice of two,
/// and a node takes a few to be ready and to get its pods.
const OVERLAP_MINUTES: u128 = 10;

/// Pods of a class, and whether they were counted to go on-demand.
pub(crate) type Load = Vec<(u32, u32)>;

/// A node to launch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NewNode {
    pub(crate) shape: u32,
    /// By class; each class at most once.
    pub(crate) load: Load,
}

/// A fleet. Nodes that are not retired keep the pods they have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fleet {
    pub(crate) retired: BTreeSet<u32>,
    pub(crate) launched: Vec<NewNode>,
    /// What goes to nodes there are, by node.
    pub(crate) moved_in: BTreeMap<u32, Load>,
    /// Pending pods that fit nowhere.
    pub(crate) homeless: Load,
    /// What a node to launch is held to cost beside its price, nano-USD in an hour, so that there are fewer.
    pub(crate) surcharge: u64,
}

/// CPU of pods on Spot nodes, thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SpotCpu {
    /// Of all of them.
    pub(crate) cpu: u64,
    /// Of the one with most.
    pub(crate) largest: u64,
}

impl SpotCpu {
    /// One more node.
    pub(crate) fn add(&mut self, cpu: u64) {
        self.merge(Self { cpu, largest: cpu });
    }

    /// More nodes.
    pub(crate) fn merge(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.largest = self.largest.max(other.largest);
    }

    /// Whether this is within `percent` of `total`, rounded up to a whole node.
    pub(crate) fn is_within(self, percent: u64, total: u64) -> bool {
        percent >= 100 || self.cpu == 0 || (self.cpu - self.largest) * 100 < total * percent
    }
}

impl Fleet {
    /// What the search minimises, nano-USD in an hour: the prices of all nodes that may be retired or
    /// are launched, their expected interruptions, and the disruption, spread over the payback time.
    pub(crate) fn objective(&self, model: &Model<'_>) -> u128 {
        let kept = model.nodes.iter().enumerate().filter(|(at, node)| {
            node.verdict == Verdict::Candidate && !self.retired.contains(&(*at as u32))
        });
        let kept: u128 = kept.map(|(_, node)| nanos(node.price.unwrap_or_default())).sum();
        let launched = self.launched.iter().map(|new| &model.shapes[new.shape as usize]);
        let launched: u128 = launched.map(|shape| nanos(shape.price)).sum();
        let switching: u128 = self.retired.iter().map(|at| switching_cost(model, *at)).sum();
        kept + launched + switching + self.interruption_cost(model)
    }

    /// Nodes there will be beyond the template's most, or below its fewest; what is there now is allowed.
    pub(crate) fn miscount(&self, model: &Model<'_>) -> u32 {
        let now = model.nodes.len() as u32;
        let count = now - self.retired.len() as u32 + self.launched.len() as u32;
        let template = &model.input.template;
        let over = template.max_nodes.map_or(0, |most| count.saturating_sub(most.max(now)));
        over + template.min_nodes.min(now).saturating_sub(count)
    }

    /// Pending pods that go on waiting.
    pub(crate) fn waiting(&self) -> u32 {
        pods(&self.homeless)
    }

    /// What interruptions of all its nodes are expected to cost in an hour, nano-USD.
    pub(crate) fn interruption_cost(&self, model: &Model<'_>) -> u128 {
        let kept = model.nodes.iter().zip(0..).filter(|(_, at)| !self.retired.contains(at));
        let kept = kept.map(|(node, at)| {
            let moved_in = self.moved_in.get(&at).map_or(0, |load| pods(load));
            let price = node.price.unwrap_or_default();
            risk(model, node.interruption_ppm, price, node.evictable + moved_in)
        });
        let launched = self.launched.iter().map(|new| launched_risk(model, new));
        kept.chain(launched).sum()
    }

    /// What is held to be lost in an hour by pods that do without what they prefer, nano-USD. No money:
    /// it decides between fleets and is in no price that is said.
    pub(crate) fn foregone(&self, model: &Model<'_>) -> u128 {
        let lost = |site: u32, load: &[(u32, u32)]| -> u128 {
            let of = |(class, count): &(u32, u32)| {
                let preference = model.classes[*class as usize].preference.as_ref()?;
                let weight = preference.most().saturating_sub(preference.met(site));
                Some(nanos(preference.worth(weight)) * u128::from(*count))
            };
            load.iter().filter_map(of).sum()
        };
        let kept = model.nodes.iter().zip(0..).filter(|(_, at)| !self.retired.contains(at));
        let kept = kept.map(|(node, at)| {
            let moved_in = self.moved_in.get(&at).map_or(&[][..], Vec::as_slice);
            lost(node.site, &node.load) + lost(node.site, moved_in)
        });
        let launched = self.launched.iter();
        let launched = launched.map(|new| lost(model.shapes[new.shape as usize].site, &new.load));
        kept.chain(launched).sum()
    }

    /// Prices of launched nodes less prices of retired ones.
    pub(crate) fn cost_change(&self, model: &Model<'_>) -> Money {
        let launched: Money =
            self.launched.iter().map(|new| model.shapes[new.shape as usize].price).sum();
        let retired: Money =
            self.retired.iter().filter_map(|at| model.nodes[*at as usize].price).sum();
        launched - retired
    }

    /// CPU of pods on Spot, by pool.
    pub(crate) fn spot_cpu(&self, model: &Model<'_>) -> BTreeMap<Pool, SpotCpu> {
        let mut used: BTreeMap<Pool, SpotCpu> = BTreeMap::new();
        for (at, node) in model.nodes.iter().enumerate() {
            let Some(pool) =
                node.pool.as_ref().filter(|_| node.spot && !self.retired.contains(&(at as u32)))
            else {
                continue;
            };
            let more = self.moved_in.get(&(at as u32)).map_or(0, |load| cpu(model, load));
            used.entry(pool.clone()).or_default().add(node.workload_cpu + more);
        }
        for new in &self.launched {
            let shape = &model.shapes[new.shape as usize];
            if shape.spot {
                used.entry(shape.pool.clone()).or_default().add(cpu(model, &new.load));
            }
        }
        used
    }

    /// CPU of pods on Spot, that of nodes whose pool is not known included.
    pub(crate) fn spot_total(&self, model: &Model<'_>) -> u64 {
        let known: u64 = self.spot_cpu(model).values().map(|used| used.cpu).sum();
        let unknown = model.nodes.iter().filter(|node| node.spot && node.pool.is_none());
        known + unknown.map(|node| node.workload_cpu).sum::<u64>()
    }

    /// Replicas of each workload on Spot, by pool.
    pub(crate) fn spot_replicas(&self, model: &Model<'_>) -> BTreeMap<u32, BTreeMap<Pool, u32>> {
        let mut replicas: BTreeMap<u32, BTreeMap<Pool, u32>> = BTreeMap::new();
        let mut note = |workload: u32, pool: &Pool, count: u32| {
            *replicas.entry(workload).or_default().entry(pool.clone()).or_default() += count;
        };
        for (at, node) in model.nodes.iter().enumerate() {
            let Some(pool) =
                node.pool.as_ref().filter(|_| node.spot && !self.retired.contains(&(at as u32)))
            else {
                continue;
            };
            for (workload, count) in &node.replicas {
                note(*workload, pool, *count);
            }
            for (class, count) in self.moved_in.get(&(at as u32)).into_iter().flatten() {
                note(model.classes[*class as usize].workload, pool, *count);
            }
        }
        for new in &self.launched {
            let shape = &model.shapes[new.shape as usize];
            if shape.spot {
                for (class, count) in &new.load {
                    note(model.classes[*class as usize].workload, &shape.pool, *count);
                }
            }
        }
        replicas
    }

    /// Room left in a node there is.
    pub(crate) fn room_in(
        &self,
        model: &Model<'_>,
        at: u32,
    ) -> Option<(Size<RESOURCES>, Vec<Tally>)> {
        let node = &model.nodes[at as usize];
        let load = self.moved_in.get(&at).map_or(&[][..], Vec::as_slice);
        Some(left(model, node.free?, &node.tallies, load))
    }

    /// Room left in a node to launch.
    pub(crate) fn room_in_new(
        &self,
        model: &Model<'_>,
        at: usize,
    ) -> (Size<RESOURCES>, Vec<Tally>) {
        let new = &self.launched[at];
        let shape = &model.shapes[new.shape as usize];
        left(model, shape.room, &shape.tallies, &new.load)
    }
}

fn left(
    model: &Model<'_>,
    mut free: Size<RESOURCES>,
    tallies: &[Tally],
    load: &[(u32, u32)],
) -> (Size<RESOURCES>, Vec<Tally>) {
    let mut tallies = tallies.to_vec();
    for (class, count) in load {
        let class = &model.classes[*class as usize];
        for (free, size) in free.iter_mut().zip(&class.size) {
            *free = free.saturating_sub(size * count);
        }
        for member in class.members.iter() {
            let at = tallies.iter().position(|tally| tally.group == member.group);
            let at = at.unwrap_or_else(|| {
                tallies.push(Tally { group: member.group, ..Tally::default() });
                tallies.len() - 1
            });
            tallies[at].owners += u32::from(member.owns) * count;
            tallies[at].counted += u32::from(member.counted) * count;
        }
    }
    (free, tallies)
}

/// CPU of a load, thousandths.
pub(crate) fn cpu(model: &Model<'_>, load: &[(u32, u32)]) -> u64 {
    load.iter()
        .map(|(class, count)| u64::from(model.classes[*class as usize].size[0]) * u64::from(*count))
        .sum()
}

/// What keeping a node costs in an hour, nano-USD.
pub(crate) fn keep_cost(model: &Model<'_>, node: &crate::model::Existing) -> u128 {
    let price = node.price.unwrap_or_default();
    nanos(price) + risk(model, node.interruption_ppm, price, node.evictable)
}

/// What retiring a node costs: its evictions, spread over the payback time, nano-USD in an hour.
pub(crate) fn switching_cost(model: &Model<'_>, at: u32) -> u128 {
    let policy = &model.input.policy;
    let pods = u128::from(model.nodes[at as usize].evictable);
    nanos(policy.disruption_cost_per_pod) * pods / u128::from(policy.payback_hours.max(1))
}

/// What interruptions of one node are expected to cost in an hour, nano-USD: the disruption of its
/// pods, and its price while its replacement runs beside it, by how often that happens.
pub(crate) fn risk(model: &Model<'_>, monthly_ppm: u32, price: Money, pods: u32) -> u128 {
    let disruption = nanos(model.input.policy.disruption_cost_per_pod) * u128::from(pods);
    let each = disruption + nanos(price) * OVERLAP_MINUTES / 60;
    each * u128::from(monthly_ppm) / 1_000_000 / u128::from(MONTH_HOURS)
}

/// The same of a node to launch.
pub(crate) fn launched_risk(model: &Model<'_>, new: &NewNode) -> u128 {
    let shape = &model.shapes[new.shape as usize];
    risk(model, shape.interruption_ppm, shape.price, pods(&new.load))
}

fn pods(load: &[(u32, u32)]) -> u32 {
    load.iter().map(|load| load.1).sum()
}

pub(crate) fn nanos(money: Money) -> u128 {
    u128::try_from(money.nanos()).unwrap_or(0)
}
