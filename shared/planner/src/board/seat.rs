//! A node as a rehearsal sees it.

use crate::model::{Class, Model, RESOURCES};
use crate::packing::{Size, Tally};
use std::collections::BTreeMap;

/// A node.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) free: Size<RESOURCES>,
    pub(super) allocatable: [u32; 2],
    pub(super) site: u32,
    /// `None` where the node does not say.
    pub(super) zone: Option<u8>,
    pub(super) tallies: Vec<Tally>,
    /// Pods that can be evicted, by class.
    pub(super) load: BTreeMap<u32, u32>,
    /// By workload, in their order: replicas, some of which may be none.
    pub(super) replicas: Vec<(u32, u32)>,
}

impl Seat {
    /// Replicas of a workload.
    pub(super) fn replicas_of(&self, workload: u32) -> u32 {
        let known = self.replicas.binary_search_by_key(&workload, |known| known.0);
        known.map_or(0, |at| self.replicas[at].1)
    }

    /// Whether constraints over zones let a pod be where they allow it.
    pub(super) fn in_zones(&self, made: &Class, zones: u64) -> bool {
        self.zone.map_or(made.zonal.is_empty(), |zone| zones >> zone & 1 == 1)
    }

    /// Whether all else does. What does not take a pod never will: no pod leaves a node that is open.
    pub(super) fn takes(&self, model: &Model<'_>, made: &Class) -> bool {
        self.free.iter().zip(&made.size).all(|(free, size)| free >= size)
            && made.schedulable.contains(self.site)
            && made.members.iter().all(|member| {
                let tally = self.tallies.iter().find(|tally| tally.group == member.group);
                let tally = tally.copied().unwrap_or_default();
                let group = &model.groups[member.group as usize];
                if group.exclusive {
                    !(member.owns && tally.counted > 0 || member.counted && tally.owners > 0)
                } else {
                    !member.owns || tally.counted + u32::from(member.counted) <= group.limit
                }
            })
    }
}
