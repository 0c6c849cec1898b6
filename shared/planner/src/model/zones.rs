//! Constraints between pods over zones. The zones are few and the scheduler keeps them in balance, so a
//! pod that has such a constraint stays in its zone, and one that waits is given a zone beforehand.

use super::NAMED;
use super::pods::Facts;
use super::regional::zones;
use crate::packing::{Member, Tally};
use domain::plan::PlanningInput;
use std::collections::{BTreeMap, BTreeSet};

/// Gives zones to pending pods that have constraints over zones, one after the other, as the
/// scheduler would if every zone had room.
#[derive(Debug)]
pub(crate) struct Zoning<'a> {
    facts: &'a Facts,
    skews: Vec<u32>,
    zones: Vec<String>,
    /// Whether pods that wait are counted on in each: not where no node is launched.
    counted_on: Vec<bool>,
    /// By term and zone: owners and counted.
    tallies: BTreeMap<(u32, usize), (u32, u32)>,
    /// The same of pods that run.
    running: BTreeMap<(u32, usize), (u32, u32)>,
    /// Counted pods that run, or wait and are given a zone where nodes are launched.
    sure: BTreeMap<(u32, usize), u32>,
    /// CPU given to each zone, to keep them even.
    given: Vec<u64>,
}

impl<'a> Zoning<'a> {
    /// Of the pods that run. `wary` counts on no pod that waits.
    pub(crate) fn new(input: &PlanningInput, facts: &'a Facts, wary: bool) -> Self {
        let launched = zones(input);
        let there = input.snapshot.nodes.iter().filter_map(|node| node.zone.as_ref());
        let zones: BTreeSet<&String> = launched.iter().chain(there).collect();
        let counted_on = zones.iter().map(|zone| !wary && launched.contains(*zone)).collect();
        let zones: Vec<String> = zones.into_iter().cloned().collect();
        let skews = facts
            .affinity
            .groups
            .iter()
            .map(|group| if group.exclusive { 0 } else { group.limit })
            .collect();
        let given = vec![0; zones.len()];
        let mut zoning = Self {
            facts,
            skews,
            zones,
            counted_on,
            tallies: BTreeMap::new(),
            running: BTreeMap::new(),
            sure: BTreeMap::new(),
            given,
        };
        for (pod, node) in facts.node_of.iter().enumerate() {
            if input.snapshot.pods[pod].terminating {
                continue;
            }
            let zone = node.and_then(|node| input.snapshot.nodes[node as usize].zone.as_ref());
            let Some(zone) =
                zone.and_then(|zone| zoning.zones.iter().position(|known| known == zone))
            else {
                continue;
            };
            zoning.note(pod, zone);
        }
        let counted = |(key, tally): (&(u32, usize), &(u32, u32))| (*key, tally.1);
        zoning.sure = zoning.tallies.iter().map(counted).collect();
        zoning.running = zoning.tallies.clone();
        zoning
    }

    fn note(&mut self, pod: usize, zone: usize) {
        for member in &self.facts.affinity.ties[pod].zonal {
            self.change(*member, zone, true);
        }
        self.given[zone] += u64::from(self.facts.sizes[pod][0]);
    }

    /// `None` where no zone will do; `Some(None)` where any will.
    #[expect(clippy::option_option, reason = "no zone and any zone are different answers")]
    pub(crate) fn place(&mut self, pod: usize, asked: Option<&str>) -> Option<Option<String>> {
        let zonal = &self.facts.affinity.ties[pod].zonal;
        if zonal.is_empty() {
            return Some(None);
        }
        let best = (0..self.zones.len())
            .filter(|zone| asked.is_none_or(|asked| self.zones[*zone] == asked))
            .filter(|zone| zonal.iter().all(|member| self.allows(*member, *zone)))
            .min_by_key(|zone| {
                let crowd: u32 = zonal.iter().map(|member| self.tally(member.group, *zone).1).sum();
                let together =
                    zonal.iter().any(|member| self.facts.affinity.together[member.group as usize]);
                (if together { 0 } else { crowd }, self.given[*zone], *zone)
            })?;
        self.note(pod, best);
        // What no machine may have is not counted on either.
        let usual = self.facts.sizes[pod][NAMED..].iter().all(|amount| *amount == 0);
        let sure = usual && self.counted_on[best];
        for member in zonal.iter().filter(|member| member.counted && sure) {
            *self.sure.entry((member.group, best)).or_default() += 1;
        }
        Some(Some(self.zones[best].clone()))
    }

    fn tally(&self, term: u32, zone: usize) -> (u32, u32) {
        self.tallies.get(&(term, zone)).copied().unwrap_or_default()
    }

    fn allows(&self, member: Member, zone: usize) -> bool {
        let (owners, counted) = self.tally(member.group, zone);
        // Another workload's pending pod may find no place after all: it is no company to count on.
        let company = if member.counted {
            counted
        } else {
            self.running.get(&(member.group, zone)).map_or(0, |tally| tally.1)
        };
        let all = || (0..self.zones.len()).map(|zone| self.tally(member.group, zone).1);
        if self.facts.affinity.together[member.group as usize] {
            return !member.owns || company > 0 || (member.counted && all().sum::<u32>() == 0);
        }
        match self.skews[member.group as usize] {
            0 => !(member.owns && counted > 0 || member.counted && owners > 0),
            skew => {
                let enough = self.zones.len()
                    >= self.facts.affinity.least_domains[member.group as usize] as usize;
                let sure = |zone| self.sure.get(&(member.group, zone)).copied().unwrap_or(0);
                let least = (0..self.zones.len()).map(sure).min().filter(|_| enough).unwrap_or(0);
                !member.owns || counted + u32::from(member.counted) <= least + skew
            }
        }
    }

    /// Whether a pod, once evicted, could come back to the zone it is in. Not so where it was placed
    /// against a constraint, or before that was made.
    pub(crate) fn could_return(&mut self, input: &PlanningInput, pod: usize) -> bool {
        let zonal = &self.facts.affinity.ties[pod].zonal;
        let zone = self.facts.node_of[pod]
            .and_then(|node| input.snapshot.nodes[node as usize].zone.as_ref());
        let Some(zone) = zone.and_then(|zone| self.zones.iter().position(|known| known == zone))
        else {
            return zonal.is_empty();
        };
        for member in zonal {
            self.change(*member, zone, false);
        }
        let could = zonal.iter().all(|member| self.allows(*member, zone));
        for member in zonal {
            self.change(*member, zone, true);
        }
        could
    }

    fn change(&mut self, member: Member, zone: usize, more: bool) {
        let tally = self.tallies.entry((member.group, zone)).or_default();
        for (counts, have) in [(member.owns, &mut tally.0), (member.counted, &mut tally.1)] {
            *have = if more { *have + u32::from(counts) } else { *have - u32::from(counts) };
        }
    }
}

/// Pods that run, by term over zones and zone.
pub(crate) fn tallies(input: &PlanningInput, facts: &Facts) -> BTreeMap<(u32, String), Tally> {
    let mut tallies: BTreeMap<(u32, String), Tally> = BTreeMap::new();
    for (pod, node) in facts.node_of.iter().enumerate() {
        let zonal = &facts.affinity.ties[pod].zonal;
        if zonal.is_empty() || input.snapshot.pods[pod].terminating {
            continue;
        }
        let Some(zone) = node.and_then(|node| input.snapshot.nodes[node as usize].zone.as_ref())
        else {
            continue;
        };
        for member in zonal {
            let tally = tallies.entry((member.group, zone.clone())).or_default();
            tally.owners += u32::from(member.owns);
            tally.counted += u32::from(member.counted);
        }
    }
    tallies
}
