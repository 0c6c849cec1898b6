//! A packing that is being worked on: bins, what is left to place, and what the limits have used.

use super::columns::Load;
use super::{Item, Member, Packing, Problem, Size, Tally};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A bin and what is in it.
#[derive(Debug, Clone)]
pub(super) struct Bin<const D: usize> {
    /// Its kind, or the bin that was there with the place in `opened`.
    pub(super) kind: Place,
    /// Room left.
    pub(super) free: Size<D>,
    /// Items and how many.
    pub(super) load: Vec<(u32, u32)>,
    /// Groups in it.
    pub(super) tallies: Vec<Tally>,
}

/// What a bin is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A new bin of this kind.
    New(u32),
    /// A bin that was there.
    Opened(u32),
}

/// Checks in a unit of work: a check is about 2.5 ns of one core, so a unit a microsecond.
pub(super) const CHECKS_PER_UNIT: u64 = 400;

/// The packing so far.
#[derive(Debug, Clone)]
pub(super) struct State<'a, const D: usize> {
    pub(super) problem: &'a Problem<D>,
    /// The bins there were come first, in their order.
    pub(super) bins: Vec<Bin<D>>,
    pub(super) remaining: Vec<u32>,
    pub(super) used: Vec<u64>,
    /// By item: quotas that it counts against wherever quotas are.
    captive: Rc<[Vec<u32>]>,
    /// By quota: CPU of what remains that is captive to it.
    reserved: Vec<u64>,
    /// By workload: pools and replicas in them.
    pub(super) replicas: Vec<Vec<(u32, u32)>>,
    /// Whether anything limits many bins together: quotas, or replicas in a pool.
    tied: bool,
    /// Fit checks made: the unit of work is a hundred of them.
    pub(super) checks: u64,
}

impl<'a, const D: usize> State<'a, D> {
    /// Nothing placed.
    pub(super) fn new(problem: &'a Problem<D>) -> Self {
        let workloads = problem
            .items
            .iter()
            .filter_map(|item| item.workload)
            .map(|(workload, _)| workload)
            .chain(problem.placed.iter().map(|placed| placed.0))
            .max()
            .map_or(0, |most| most as usize + 1);
        let mut replicas = vec![Vec::new(); workloads];
        for &(workload, pool, count) in &problem.placed {
            replicas[workload as usize].push((pool, count));
        }
        let bins = problem
            .opened
            .iter()
            .enumerate()
            .map(|(at, opened)| Bin {
                kind: Place::Opened(at as u32),
                free: opened.free,
                load: Vec::new(),
                tallies: opened.tallies.clone(),
            })
            .collect();
        let captive = captive(problem);
        let mut reserved = vec![0; problem.quotas.len()];
        for (item, quotas) in problem.items.iter().zip(captive.iter()) {
            for quota in quotas {
                reserved[*quota as usize] += u64::from(item.size[0]) * u64::from(item.count);
            }
        }
        Self {
            problem,
            bins,
            captive,
            reserved,
            remaining: problem.items.iter().map(|item| item.count).collect(),
            used: problem.quotas.iter().map(|quota| quota.used).collect(),
            replicas,
            tied: workloads > 0 || !problem.quotas.is_empty(),
            checks: 0,
        }
    }

    /// An empty bin of a kind.
    pub(super) fn fresh(&self, kind: u32) -> Bin<D> {
        let made = &self.problem.kinds[kind as usize];
        Bin {
            kind: Place::New(kind),
            free: made.capacity,
            load: Vec::new(),
            tallies: made.tallies.clone(),
        }
    }

    pub(super) fn site(&self, place: Place) -> u32 {
        match place {
            Place::New(kind) => self.problem.kinds[kind as usize].site,
            Place::Opened(at) => self.problem.opened[at as usize].site,
        }
    }

    fn quotas(&self, place: Place) -> &'a [u32] {
        match place {
            Place::New(kind) => &self.problem.kinds[kind as usize].quotas,
            Place::Opened(at) => &self.problem.opened[at as usize].quotas,
        }
    }

    /// CPU in a bin that counts against its quotas.
    fn own(&self, bin: &Bin<D>) -> u64 {
        let (whole, before) = match bin.kind {
            Place::New(kind) => (self.problem.kinds[kind as usize].capacity[0], 0),
            Place::Opened(at) => {
                let opened = &self.problem.opened[at as usize];
                (opened.free[0], opened.used)
            }
        };
        before + u64::from(whole - bin.free[0])
    }

    fn pool(&self, place: Place) -> Option<u32> {
        match place {
            Place::New(kind) => self.problem.kinds[kind as usize].pool,
            Place::Opened(at) => self.problem.opened[at as usize].pool,
        }
    }

    /// How many of `item` a bin can take, up to `most`.
    pub(super) fn room(&mut self, bin: &Bin<D>, item: u32, most: u32) -> u32 {
        self.checks += 1 + D as u64 / 2;
        let class = &self.problem.items[item as usize];
        let mut room = most;
        for at in 0..D {
            let (size, free) = (class.size[at], bin.free[at]);
            if size > free {
                return 0;
            }
            if u64::from(size) * u64::from(room) > u64::from(free) {
                room = (f64::from(free) / f64::from(size)) as u32;
            }
        }
        if !class.sites.contains(self.site(bin.kind)) {
            return 0;
        }
        for member in class.members.iter() {
            room = room.min(self.group_room(bin, *member));
        }
        if !self.tied {
            return room;
        }
        if class.size[0] > 0 {
            let own = self.own(bin);
            let captive = &self.captive[item as usize];
            let full = |quota: &u32| {
                let at = *quota as usize;
                let kept = if captive.contains(quota) { 0 } else { self.reserved[at] };
                self.used[at] - own + kept >= self.problem.quotas[at].limit
            };
            if self.quotas(bin.kind).iter().any(full) {
                return 0;
            }
        }
        if let (Some((workload, limit)), Some(pool)) = (class.workload, self.pool(bin.kind)) {
            let there = self.replicas[workload as usize].iter().find(|known| known.0 == pool);
            room = room.min(limit.saturating_sub(there.map_or(0, |known| known.1)));
        }
        room
    }

    /// Puts `count` of `item` into a bin, from what remains. There must be room.
    pub(super) fn put(&mut self, bin: &mut Bin<D>, item: u32, count: u32) {
        let class = &self.problem.items[item as usize];
        for at in 0..D {
            bin.free[at] -= class.size[at] * count;
        }
        self.remaining[item as usize] -= count;
        match bin.load.iter_mut().find(|load| load.0 == item) {
            Some(load) => load.1 += count,
            None => bin.load.push((item, count)),
        }
        for member in class.members.iter() {
            tally(bin, *member, count, true);
        }
        self.account(bin.kind, item, count, true);
    }

    /// Takes some of the load at a place out of a bin, back to what remains; the place stays.
    pub(super) fn take(&mut self, bin: &mut Bin<D>, at: usize, count: u32) {
        bin.load[at].1 -= count;
        let item = bin.load[at].0;
        let class = &self.problem.items[item as usize];
        for (free, size) in bin.free.iter_mut().zip(&class.size) {
            *free += size * count;
        }
        self.remaining[item as usize] += count;
        for member in class.members.iter() {
            tally(bin, *member, count, false);
        }
        self.account(bin.kind, item, count, false);
    }

    /// Counts what is in a bin as remaining: the bin is set aside.
    pub(super) fn release(&mut self, bin: &Bin<D>) {
        for &(item, count) in &bin.load {
            self.remaining[item as usize] += count;
            self.account(bin.kind, item, count, false);
        }
    }

    /// Takes a bin back that was set aside.
    pub(super) fn claim(&mut self, bin: &Bin<D>) {
        for &(item, count) in &bin.load {
            self.remaining[item as usize] -= count;
            self.account(bin.kind, item, count, true);
        }
    }

    /// Takes everything out of a bin, back to what remains.
    pub(super) fn empty(&mut self, bin: &mut Bin<D>) {
        for at in 0..bin.load.len() {
            let count = bin.load[at].1;
            self.take(bin, at, count);
        }
        bin.load.clear();
    }

    /// Keeps quotas and replicas in step.
    fn account(&mut self, place: Place, item: u32, count: u32, more: bool) {
        if !self.tied {
            return;
        }
        let class = &self.problem.items[item as usize];
        let cpu = u64::from(class.size[0]) * u64::from(count);
        for quota in self.quotas(place) {
            let used = &mut self.used[*quota as usize];
            *used = if more { *used + cpu } else { *used - cpu };
        }
        for quota in &self.captive[item as usize] {
            let reserved = &mut self.reserved[*quota as usize];
            *reserved = if more { *reserved - cpu } else { *reserved + cpu };
        }
        if let (Some((workload, _)), Some(pool)) = (class.workload, self.pool(place)) {
            let pools = &mut self.replicas[workload as usize];
            match pools.iter_mut().find(|known| known.0 == pool) {
                Some(known) if more => known.1 += count,
                Some(known) => known.1 -= count,
                None => pools.push((pool, count)),
            }
        }
    }

    /// What the new bins cost.
    pub(super) fn cost(&self) -> u64 {
        self.bins.iter().map(|bin| self.price(bin.kind)).sum()
    }

    /// Becomes another packing where that has a place for more, or costs less. It has begun with the checks of this
    /// one, which goes on with what they have become.
    pub(super) fn keep_better(&mut self, other: Self) {
        let checks = other.checks;
        if other.rank() < self.rank() {
            *self = other;
        }
        self.checks = checks;
    }

    /// Items without a place, then cost.
    fn rank(&self) -> (u64, u64) {
        (self.remaining.iter().map(|left| u64::from(*left)).sum(), self.cost())
    }

    pub(super) fn price(&self, place: Place) -> u64 {
        match place {
            Place::New(kind) => self.problem.kinds[kind as usize].price,
            Place::Opened(_) => 0,
        }
    }

    /// What is in new bins.
    pub(super) fn loads(&self) -> impl Iterator<Item = Load> {
        self.bins.iter().filter_map(|bin| match bin.kind {
            Place::New(kind) => Some((kind, bin.load.clone())),
            Place::Opened(_) => None,
        })
    }

    /// The result.
    pub(super) fn into_packing(self) -> Packing {
        let cost = self.cost();
        let mut packing =
            Packing { cost, spent: self.checks / CHECKS_PER_UNIT, ..Packing::default() };
        for bin in self.bins {
            match bin.kind {
                Place::New(_) if bin.load.is_empty() => {}
                Place::New(kind) => packing.bins.push((kind, bin.load)),
                Place::Opened(_) => packing.opened.push(bin.load),
            }
        }
        let left = self.remaining.iter().enumerate().filter(|(_, count)| **count > 0);
        packing.unplaced = left.map(|(item, count)| (item as u32, *count)).collect();
        packing
    }

    fn group_room(&self, bin: &Bin<D>, member: Member) -> u32 {
        let group = &self.problem.groups[member.group as usize];
        let tally = bin.tallies.iter().find(|tally| tally.group == member.group);
        let Tally { owners, counted, .. } = tally.copied().unwrap_or_default();
        if group.exclusive {
            return match (member.owns, member.counted) {
                (true, true) => u32::from(counted == 0 && owners == 0),
                (true, false) if counted > 0 => 0,
                (false, true) if owners > 0 => 0,
                _ => u32::MAX,
            };
        }
        if member.owns || owners > 0 {
            if member.counted {
                return group.limit.saturating_sub(counted);
            }
            return if counted > group.limit { 0 } else { u32::MAX };
        }
        u32::MAX
    }
}

/// Quotas that each item counts against wherever quotas are: of pods that must be in one zone, its cap.
/// What may be elsewhere must not use those up.
fn captive<const D: usize>(problem: &Problem<D>) -> Rc<[Vec<u32>]> {
    let kinds = problem.kinds.iter().map(|kind| (kind.site, &kind.quotas));
    let opened = problem.opened.iter().map(|opened| (opened.site, &opened.quotas));
    let mut common: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (site, quotas) in kinds.chain(opened).filter(|(_, quotas)| !quotas.is_empty()) {
        let known = common.entry(site).or_insert_with(|| quotas.clone());
        known.retain(|quota| quotas.contains(quota));
    }
    let of = |item: &Item<D>| {
        let sites = common.iter().filter(|(site, _)| item.sites.contains(**site));
        let all = sites.map(|(_, quotas)| quotas.clone());
        all.reduce(|one, other| one.into_iter().filter(|quota| other.contains(quota)).collect())
            .unwrap_or_default()
    };
    problem.items.iter().map(of).collect()
}

/// Counts items of a class in or out of a bin's groups.
fn tally<const D: usize>(bin: &mut Bin<D>, member: Member, count: u32, more: bool) {
    let at =
        bin.tallies.iter().position(|tally| tally.group == member.group).unwrap_or_else(|| {
            bin.tallies.push(Tally { group: member.group, ..Tally::default() });
            bin.tallies.len() - 1
        });
    let tally = &mut bin.tallies[at];
    for (counts, have) in [(member.owns, &mut tally.owners), (member.counted, &mut tally.counted)] {
        if counts {
            *have = if more { *have + count } else { *have - count };
        }
    }
}
