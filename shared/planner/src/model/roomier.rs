//! The same cluster planned for less tightly, so that the scheduler, which packs nothing, finds room for
//! every pod.

use super::{Model, RESOURCES, vector};
use crate::packing::Size;

impl Model<'_> {
    /// The same where every packing keeps `percent` of each node's allocatable CPU and memory free beyond
    /// the policy's headroom.
    pub(crate) fn roomier(&self, percent: u8) -> Self {
        let mut model = self.clone();
        let narrow = |room: &mut Size<RESOURCES>, allocatable: &Size<RESOURCES>| {
            for (room, whole) in room.iter_mut().zip(&allocatable[..2]) {
                *room = room.saturating_sub((u64::from(*whole) * u64::from(percent) / 100) as u32);
            }
        };
        for node in &mut model.nodes {
            if let Some(free) = &mut node.free {
                narrow(free, &node.allocatable);
            }
        }
        for shape in &mut model.shapes {
            narrow(&mut shape.room, &vector(&shape.allocatable, &[]));
            shape.launchable &= shape.room[..2].iter().all(|room| *room > 0);
        }
        model
    }

    /// The same where each zone gets as many replicas of a workload as any other, as the scheduler does
    /// it unasked, and nodes are so many that pods which are to be apart find one more easily than not.
    ///
    /// A packing likes the cheapest zone, and large nodes. Where the scheduler then puts as many pods
    /// into a zone as into the others, it is too small for those that may be nowhere else; and a large
    /// node with a replica of every workload has room that only small nodes' pods could use.
    pub(crate) fn evened(&self) -> Self {
        let mut model = self.clone();
        model.evened = true;
        let most = self.largest_node();
        for shape in &mut model.shapes {
            shape.launchable &= (0..2).any(|one| u64::from(shape.room[one]) <= most[one]);
        }
        model
    }

    /// Whether any workload has enough replicas for that.
    pub(crate) fn can_be_evened(&self) -> bool {
        (0..self.workloads.len()).any(|workload| self.is_evened(workload as u32))
    }

    /// Whether a workload's replicas are so many that every zone is to have some: few go where there is
    /// most room.
    pub(crate) fn is_evened(&self, workload: u32) -> bool {
        u64::from(self.replicas[workload as usize]) >= 2 * self.variety.zones.max(2)
    }

    /// CPU and memory of a node of which there would be a third more than the pods need that are to be
    /// apart; and at least twice what any pod asks for.
    fn largest_node(&self) -> [u64; 2] {
        let mut total = [0; 2];
        let mut least = [0; 2];
        let mut apart = 0;
        let there = self.nodes.iter().flat_map(|node| &node.load);
        for (class, count) in there.chain(&self.pending) {
            let made = &self.classes[*class as usize];
            for one in 0..2 {
                let size = u64::from(made.size[one]);
                total[one] += size * u64::from(*count);
                least[one] = least[one].max(2 * size);
            }
            let limits =
                made.members.iter().filter(|member| member.owns && member.counted).map(|member| {
                    let group = &self.groups[member.group as usize];
                    if group.exclusive { 1 } else { group.limit.max(1) }
                });
            let replicas = self.replicas[made.workload as usize];
            apart = limits.map(|limit| replicas.div_ceil(limit)).fold(apart, u32::max);
        }
        let each = |total: u64| (3 * total).checked_div(4 * u64::from(apart)).unwrap_or(u64::MAX);
        [each(total[0]).max(least[0]), each(total[1]).max(least[1])]
    }
}
