//! The cluster as kube-scheduler sees it while a plan is carried out.
//!
//! Filters: resources, selectors, affinity, taints, volumes' zones, constraints between pods. Scores:
//! `NodeResourcesFit` with `LeastAllocated`, `NodeResourcesBalancedAllocation`, preferred node affinity,
//! and the distance that `PodTopologySpread` keeps between replicas. Source: kubernetes/kubernetes
//! `pkg/scheduler/framework/plugins`, `schedule_one.go`.

mod score;
mod seat;

use crate::model::{Class, Model};
use crate::packing::{Member, Tally};
use seat::Seat;
use std::collections::{BTreeMap, BTreeSet};

/// Nodes that would do among which the scheduler takes the best: at least so many
/// (`numFeasibleNodesToFind`), and up to half of all.
const ENOUGH: usize = 100;

/// A node that a class is done with.
const GONE: u32 = u32::MAX;

/// How one rehearsal differs from the next: what the scheduler weighs, and how ties are broken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Temper {
    /// Weight of `NodeResourcesBalancedAllocation` beside `LeastAllocated`.
    pub(crate) balance: i64,
    /// Largest random amount added to a score of about a hundred: what is not modelled.
    pub(crate) noise: u64,
    /// All of a node's pods are evicted before the first is placed, rather than one after the other.
    pub(crate) at_once: bool,
    pub(crate) seed: u64,
}

/// Nodes that might take a pod of a class. What does not is left out for good: nodes that pods go to only
/// ever get fuller.
#[derive(Debug, Clone, Default)]
struct Hosts {
    nodes: Vec<u32>,
    /// How many of the nodes that joined were looked at.
    seen: usize,
    /// Where the last search ended.
    start: usize,
}

/// Nodes, and what runs on them.
#[derive(Debug)]
pub(crate) struct Board<'m> {
    model: &'m Model<'m>,
    temper: Temper,
    zones: Vec<String>,
    /// `None` once a node is gone.
    seats: Vec<Option<Seat>>,
    /// By term over zones and zone.
    in_zones: BTreeMap<u32, Vec<Tally>>,
    /// By workload: replicas in each zone.
    siblings_in: Vec<Vec<u32>>,
    /// Nodes that pods might go to once, in the order in which they came, and by node whether they still may.
    joined: Vec<u32>,
    open: Vec<bool>,
    /// By class: where its pods may still go.
    hosts: Vec<Hosts>,
    /// Nodes looked at.
    pub(crate) checks: u64,
}

impl<'m> Board<'m> {
    /// The cluster as it is.
    pub(crate) fn new(model: &'m Model<'m>, temper: Temper) -> Self {
        let snapshot = &model.input.snapshot;
        let shapes = model.shapes.iter().map(|shape| &shape.pool.zone);
        let zones: BTreeSet<&String> =
            snapshot.nodes.iter().filter_map(|node| node.zone.as_ref()).chain(shapes).collect();
        let zones: Vec<String> = zones.into_iter().take(64).cloned().collect();
        let mut board = Self {
            model,
            temper,
            seats: Vec::new(),
            in_zones: BTreeMap::new(),
            siblings_in: vec![vec![0; zones.len()]; model.workloads.len()],
            joined: Vec::new(),
            open: model.nodes.iter().map(|node| node.open).collect(),
            hosts: vec![Hosts::default(); model.classes.len()],
            checks: 0,
            zones,
        };
        for (at, (node, known)) in model.nodes.iter().zip(&snapshot.nodes).enumerate() {
            board.seats.push(Some(Seat {
                free: node.spare,
                allocatable: [node.allocatable[0], node.allocatable[1]],
                site: node.site,
                zone: known.zone.as_deref().and_then(|zone| board.zone(zone)),
                tallies: node.tallies.clone(),
                load: node.load.iter().copied().collect(),
                replicas: Vec::new(),
            }));
            for (workload, count) in &node.replicas {
                board.count_siblings(*workload, at as u32, i64::from(*count));
            }
        }
        for ((term, zone), tally) in &model.in_zones {
            let zones = board.zones.len();
            let Some(zone) = board.zone(zone) else { continue };
            let tallies =
                board.in_zones.entry(*term).or_insert_with(|| vec![Tally::default(); zones]);
            tallies[usize::from(zone)] = *tally;
        }
        let seats = model.nodes.iter().zip(0..);
        board.joined = seats.filter(|(node, _)| node.open).map(|(_, at)| at).collect();
        board
    }

    fn zone(&self, name: &str) -> Option<u8> {
        self.zones.binary_search_by(|zone| zone.as_str().cmp(name)).ok().map(|at| at as u8)
    }

    /// A new node of a shape is ready.
    pub(crate) fn launch(&mut self, shape: u32) {
        let shape = &self.model.shapes[shape as usize];
        let allocatable = [&shape.allocatable.cpu_milli, &shape.allocatable.memory_mib]
            .map(|amount| u32::try_from(*amount).unwrap_or(u32::MAX));
        self.seats.push(Some(Seat {
            free: shape.spare,
            allocatable,
            site: shape.site,
            zone: self.zone(&shape.pool.zone),
            tallies: shape.tallies.clone(),
            load: BTreeMap::new(),
            replicas: Vec::new(),
        }));
        self.open.push(true);
        self.joined.push(self.seats.len() as u32 - 1);
    }

    /// No more pods go to a node.
    pub(crate) fn cordon(&mut self, node: u32) {
        self.open[node as usize] = false;
    }

    /// The class of every pod on a node that a drain evicts.
    pub(crate) fn pods(&self, node: u32) -> Vec<u32> {
        let Some(seat) = &self.seats[node as usize] else { return Vec::new() };
        let pods = seat.load.iter();
        pods.flat_map(|(class, count)| std::iter::repeat_n(*class, *count as usize)).collect()
    }

    /// Takes a pod off a node.
    pub(crate) fn evict(&mut self, node: u32, class: u32) {
        self.change(node, class, false);
    }

    /// A node is gone.
    pub(crate) fn remove(&mut self, node: u32) {
        for (workload, _) in &self.model.nodes[node as usize].replicas {
            let left =
                self.seats[node as usize].as_ref().map_or(0, |seat| seat.replicas_of(*workload));
            self.count_siblings(*workload, node, -i64::from(left));
        }
        self.seats[node as usize] = None;
    }

    /// Zones where the constraints over zones would let a pod of a class be.
    pub(crate) fn zones_open_to(&self, class: u32) -> Vec<&str> {
        let allowed = self.allowed(&self.model.classes[class as usize]);
        let zones = self.zones.iter().enumerate();
        zones.filter(|(at, _)| allowed >> at & 1 == 1).map(|(_, zone)| zone.as_str()).collect()
    }

    /// Gives a pod the node that the scheduler would; `false` where there is none.
    pub(crate) fn place(&mut self, class: u32) -> bool {
        let made = &self.model.classes[class as usize];
        let allowed = self.allowed(made);
        let mut hosts = std::mem::take(&mut self.hosts[class as usize]);
        hosts.nodes.extend(&self.joined[hosts.seen..]);
        hosts.seen = self.joined.len();
        // All nodes are looked at where there are few: those that do not take a pod count too.
        let large = self.joined.len() > ENOUGH;
        let (mut found, mut best) = (0, None);
        let (start, mut gone) = (hosts.start.min(hosts.nodes.len()), 0);
        hosts.start = 0;
        for turn in (start..hosts.nodes.len()).chain(0..start) {
            let at = hosts.nodes[turn];
            let seat = self.seats[at as usize].as_ref().filter(|_| self.open[at as usize]);
            let Some(seat) = seat else {
                hosts.nodes[turn] = GONE;
                gone += 1;
                continue;
            };
            self.checks += 1;
            if !seat.takes(self.model, made) {
                if large {
                    hosts.nodes[turn] = GONE;
                    gone += 1;
                }
                continue;
            }
            if !seat.in_zones(made, allowed) {
                continue;
            }
            let score = self.score(made, seat);
            if best.is_none_or(|(most, known)| (score, known) > (most, at)) {
                best = Some((score, at));
            }
            found += 1;
            if found == ENOUGH {
                hosts.start = turn + 1;
                break;
            }
        }
        if gone > 0 {
            let before = hosts.nodes[..hosts.start].iter().filter(|at| **at != GONE).count();
            hosts.nodes.retain(|at| *at != GONE);
            hosts.start = before;
        }
        self.hosts[class as usize] = hosts;
        if let Some((_, at)) = best {
            self.change(at, class, true);
        }
        best.is_some()
    }

    /// Counts replicas of a workload on a seat.
    fn count_siblings(&mut self, workload: u32, at: u32, more: i64) {
        let add = |count: &mut u32| *count = (i64::from(*count) + more).max(0) as u32;
        let Some(seat) = &mut self.seats[at as usize] else { return };
        match seat.replicas.binary_search_by_key(&workload, |known| known.0) {
            Ok(known) => add(&mut seat.replicas[known].1),
            Err(place) => seat.replicas.insert(place, (workload, more.max(0) as u32)),
        }
        if let Some(zone) = seat.zone {
            add(&mut self.siblings_in[workload as usize][usize::from(zone)]);
        }
    }

    /// Bits of the zones where constraints over zones let a pod be; all where it has none.
    fn allowed(&self, made: &Class) -> u64 {
        if made.zonal.is_empty() {
            return u64::MAX;
        }
        let here = |seat: &&Seat| made.domains.contains(seat.site);
        let zones = self.seats.iter().flatten().filter(here).filter_map(|seat| seat.zone);
        let all = (1_u128 << self.zones.len()) - 1;
        let mut there = 0_u64;
        for zone in zones {
            there |= 1 << zone;
            if u128::from(there) == all {
                break;
            }
        }
        let each = (0..self.zones.len()).filter(|zone| there >> zone & 1 == 1);
        let fits = |zone: &usize| made.zonal.iter().all(|one| self.suits(*one, *zone, there));
        each.filter(fits).fold(0, |bits, zone| bits | 1 << zone)
    }

    fn suits(&self, member: Member, zone: usize, there: u64) -> bool {
        let Some(tallies) = self.in_zones.get(&member.group) else { return true };
        let group = &self.model.groups[member.group as usize];
        let here = tallies[zone];
        if self.model.together[member.group as usize] {
            let first = member.counted && tallies.iter().all(|tally| tally.counted == 0);
            return !member.owns || here.counted > 0 || first;
        }
        if group.exclusive {
            return !(member.owns && here.counted > 0 || member.counted && here.owners > 0);
        }
        let zones = tallies.iter().enumerate().filter(|(at, _)| there >> at & 1 == 1);
        let enough = there.count_ones() >= self.model.least_domains[member.group as usize];
        let least = zones.map(|(_, tally)| tally.counted).min().filter(|_| enough).unwrap_or(0);
        !member.owns || here.counted + u32::from(member.counted) <= least + group.limit
    }

    /// Puts a pod on a node, or takes it off.
    fn change(&mut self, at: u32, class: u32, more: bool) {
        let made = &self.model.classes[class as usize];
        let Some(seat) = &mut self.seats[at as usize] else { return };
        let step = |count: &mut u32, by: u32| {
            *count = if more { *count + by } else { count.saturating_sub(by) };
        };
        for (free, size) in seat.free.iter_mut().zip(&made.size) {
            *free = if more { free.saturating_sub(*size) } else { *free + size };
        }
        for member in made.members.iter() {
            let known = seat.tallies.iter().position(|tally| tally.group == member.group);
            let known = known.unwrap_or_else(|| {
                seat.tallies.push(Tally { group: member.group, ..Tally::default() });
                seat.tallies.len() - 1
            });
            step(&mut seat.tallies[known].owners, u32::from(member.owns));
            step(&mut seat.tallies[known].counted, u32::from(member.counted));
        }
        step(seat.load.entry(class).or_default(), 1);
        let zone = seat.zone;
        self.count_siblings(made.workload, at, if more { 1 } else { -1 });
        let Some(zone) = zone else { return };
        for member in made.zonal.iter() {
            let zones = self.zones.len();
            let tallies =
                self.in_zones.entry(member.group).or_insert_with(|| vec![Tally::default(); zones]);
            step(&mut tallies[usize::from(zone)].owners, u32::from(member.owns));
            step(&mut tallies[usize::from(zone)].counted, u32::from(member.counted));
        }
    }
}

/// `SplitMix64`'s finaliser (Steele, Lea and Flood 2014).
pub(crate) const fn mix(mut number: u64) -> u64 {
    number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
