//! Even shares of the zones: where the scheduler puts replicas that may be in any of several.

use crate::fleet::Fleet;
use crate::model::{Class, Model};
use crate::packing::Sites;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many replicas of each workload are in each zone, as places are given out.
#[derive(Debug)]
pub(crate) struct Shares<'m> {
    model: &'m Model<'m>,
    /// Zones that nodes are launched in, and the sites in each.
    zones: Vec<(&'m str, Vec<u32>)>,
    /// By workload, in the order of zones.
    replicas: BTreeMap<u32, Vec<u32>>,
}

impl<'m> Shares<'m> {
    /// As they are on the nodes that stay, and by what `base` has placed already.
    pub(crate) fn new(model: &'m Model<'_>, base: &Fleet) -> Self {
        let mut zones: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for shape in model.shapes.iter().filter(|shape| shape.launchable) {
            zones.entry(&shape.pool.zone).or_default().push(shape.site);
        }
        let zone_of = |at: usize| model.input.snapshot.nodes[at].zone.as_deref();
        for (at, node) in model.nodes.iter().enumerate() {
            if let Some(sites) = zone_of(at).and_then(|zone| zones.get_mut(zone)) {
                sites.push(node.site);
            }
        }
        let mut shares =
            Self { model, zones: zones.into_iter().collect(), replicas: BTreeMap::new() };
        let of_workload =
            |(class, count): &(u32, u32)| (model.classes[*class as usize].workload, *count);
        for (at, node) in model.nodes.iter().enumerate() {
            let number = at as u32;
            if let Some(zone) = zone_of(at).filter(|_| !base.retired.contains(&number)) {
                let moved = base.moved_in.get(&number).into_iter().flatten().map(of_workload);
                shares.count(zone, node.replicas.iter().copied().chain(moved));
            }
        }
        for new in &base.launched {
            let zone = &model.shapes[new.shape as usize].pool.zone;
            shares.count(zone, new.load.iter().map(of_workload));
        }
        shares
    }

    fn count(&mut self, zone: &str, replicas: impl Iterator<Item = (u32, u32)>) {
        let Some(at) = self.zones.iter().position(|known| known.0 == zone) else { return };
        for (workload, count) in replicas {
            let zones = self.zones.len();
            self.replicas.entry(workload).or_insert_with(|| vec![0; zones])[at] += count;
        }
    }

    /// Shares `count` pods of a class out: each goes to the zone with the fewest replicas of its workload
    /// among those where it may be. Few replicas may be anywhere, and pods that have constraints over zones
    /// keep the zone they were given.
    pub(crate) fn share_out(
        &mut self,
        made: &Class,
        sites: &Rc<Sites>,
        count: u32,
    ) -> Vec<(Rc<Sites>, u32)> {
        let mut open = Vec::new();
        for (at, (_, there)) in self.zones.iter().enumerate() {
            let mut common = Sites::default();
            let mut within = there.iter().filter(|site| sites.contains(**site)).peekable();
            if within.peek().is_some() {
                within.for_each(|site| common.insert(*site));
                open.push((at, common, 0));
            }
        }
        if open.len() < 2 || !made.zonal.is_empty() || !self.model.is_evened(made.workload) {
            return vec![(Rc::clone(sites), count)];
        }
        let zones = self.zones.len();
        let replicas = self.replicas.entry(made.workload).or_insert_with(|| vec![0; zones]);
        for _ in 0..count {
            if let Some((at, _, more)) = open.iter_mut().min_by_key(|(at, ..)| replicas[*at]) {
                replicas[*at] += 1;
                *more += 1;
            }
        }
        let some = open.into_iter().filter(|(.., more)| *more > 0);
        some.map(|(_, common, more)| (Rc::new(common), more)).collect()
    }
}
