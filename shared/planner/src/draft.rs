//! The packing problem of displaced pods: what they are, where they may go, and what that costs.

use crate::evening::Shares;
use crate::fleet::{Fleet, Load, NewNode, cpu, risk};
use crate::model::{Model, RESOURCES};
use crate::packing::{Item, Kind, Opened, Packing, Problem};
use crate::quotas::Quotas;
use crate::sides::sides;
use domain::offering::Pool;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A packing problem, and what its numbers mean.
pub(crate) struct Draft {
    pub(crate) problem: Problem<RESOURCES>,
    /// Class of each item.
    items: Vec<u32>,
    /// Shape of each kind.
    kinds: Vec<u32>,
    /// What each opened bin is.
    opened: Vec<There>,
    /// CPU on Spot that the caps are a share of.
    pub(crate) basis: u64,
}

enum There {
    Node(u32),
    Launched(usize),
}

impl Draft {
    pub(crate) fn new(
        model: &Model<'_>,
        base: &Fleet,
        displaced: &[(u32, u32)],
        (spot, wary): (bool, bool),
        basis: Option<u64>,
    ) -> Self {
        let sides = sides(model, base, displaced, spot);
        let used = base.spot_cpu(model);
        let planned: u64 = sides.iter().map(|side| cpu(model, &[(side.0, side.1)])).sum();
        let there: u64 = used.values().map(|used| used.cpu).sum();
        let basis = basis.unwrap_or(there + planned);
        let mut quotas = Quotas::new(model, &used, basis);
        let percent = u32::from(model.input.policy.max_workload_pool_percent);
        let mut problem = Problem { groups: model.groups.clone(), ..Problem::default() };
        let mut items = Vec::new();
        let mut shares = model.evened.then(|| Shares::new(model, base));
        for &(class, on_spot, on_demand) in &sides {
            let made = &model.classes[class as usize];
            let replicas = model.replicas[made.workload as usize];
            let wanted = [(on_spot, &made.wanted.anywhere), (on_demand, &made.wanted.on_demand)];
            for (count, sites) in wanted.into_iter().filter(|(count, _)| *count > 0) {
                let parts = match &mut shares {
                    Some(shares) => shares.share_out(made, sites, count),
                    None => vec![(Rc::clone(sites), count)],
                };
                for (sites, count) in parts {
                    items.push(class);
                    problem.items.push(Item {
                        size: made.size,
                        count,
                        sites,
                        members: Rc::clone(&made.members),
                        workload: (percent < 100)
                            .then_some((made.workload, replicas * percent / 100)),
                    });
                }
            }
        }
        let mean_cpu = mean_cpu(&problem);
        let mut kinds = Vec::new();
        for (at, shape) in model.shapes.iter().enumerate() {
            let wanted = |item: &Item<RESOURCES>| item.sites.contains(shape.site);
            if !shape.launchable || (shape.spot && !spot) || !problem.items.iter().any(wanted) {
                continue;
            }
            let pods = (shape.room[0] / mean_cpu).min(shape.room[2]);
            let price = u64::try_from(shape.price.nanos()).unwrap_or(0);
            let lost = if wary { u64::from(mean_cpu) } else { 0 };
            let price = base.surcharge
                + price
                + price * lost / u64::from(2 * shape.room[0])
                + u64::try_from(risk(model, shape.interruption_ppm, shape.price, pods))
                    .unwrap_or(0);
            kinds.push(at as u32);
            problem.kinds.push(Kind {
                capacity: shape.room,
                price: price.max(1),
                site: shape.site,
                quotas: if shape.spot { quotas.of(&shape.pool) } else { Vec::new() },
                pool: shape.spot.then(|| quotas.pool(&shape.pool)),
                tallies: shape.tallies.clone(),
            });
        }
        let mut opened = Vec::new();
        let mut open = |there,
                        (free, tallies): (_, _),
                        site,
                        used,
                        pool: Option<&Pool>,
                        quotas: &mut Quotas<'_>| {
            opened.push(there);
            problem.opened.push(Opened {
                free,
                site,
                used,
                quotas: pool.map_or_else(Vec::new, |pool| quotas.of(pool)),
                pool: pool.map(|pool| quotas.pool(pool)),
                tallies,
            });
        };
        for (at, node) in model.nodes.iter().enumerate() {
            if base.retired.contains(&(at as u32)) {
                continue;
            }
            let Some(room) = base.room_in(model, at as u32) else { continue };
            if room.0[0] == 0 || room.0[1] == 0 || room.0[2] == 0 {
                continue;
            }
            let pool = node.pool.as_ref().filter(|_| node.spot);
            if node.spot && pool.is_none() {
                continue;
            }
            let moved_in = base.moved_in.get(&(at as u32)).map_or(0, |load| cpu(model, load));
            let used = node.workload_cpu + moved_in;
            open(There::Node(at as u32), room, node.site, used, pool, &mut quotas);
        }
        for (at, new) in base.launched.iter().enumerate() {
            let shape = &model.shapes[new.shape as usize];
            let pool = shape.spot.then_some(&shape.pool);
            let room = base.room_in_new(model, at);
            open(There::Launched(at), room, shape.site, cpu(model, &new.load), pool, &mut quotas);
        }
        for (workload, pools) in base.spot_replicas(model) {
            for (pool, count) in pools {
                problem.placed.push((workload, quotas.pool(&pool), count));
            }
        }
        problem.quotas = quotas.limits;
        Self { problem, items, kinds, opened, basis }
    }

    /// Units of work that building it took, about.
    pub(crate) fn size(&self) -> u64 {
        (self.problem.items.len() + self.problem.kinds.len() + self.problem.opened.len()) as u64
            / 10
    }

    /// The fleet that a packing means, and what found no place.
    pub(crate) fn read(&self, base: &Fleet, packing: Packing) -> (Fleet, Load) {
        let load_of = |load: &[(u32, u32)]| {
            let mut classes: BTreeMap<u32, u32> = BTreeMap::new();
            for (item, count) in load {
                *classes.entry(self.items[*item as usize]).or_default() += count;
            }
            classes
        };
        let mut fleet = base.clone();
        for (there, load) in self.opened.iter().zip(&packing.opened) {
            if load.is_empty() {
                continue;
            }
            let into = match there {
                There::Node(at) => fleet.moved_in.entry(*at).or_default(),
                There::Launched(at) => &mut fleet.launched[*at].load,
            };
            let mut classes: BTreeMap<u32, u32> = into.iter().copied().collect();
            for (class, count) in load_of(load) {
                *classes.entry(class).or_default() += count;
            }
            *into = classes.into_iter().collect();
        }
        for (kind, load) in &packing.bins {
            fleet.launched.push(NewNode {
                shape: self.kinds[*kind as usize],
                load: load_of(load).into_iter().collect(),
            });
        }
        (fleet, load_of(&packing.unplaced).into_iter().collect())
    }
}

fn mean_cpu(problem: &Problem<RESOURCES>) -> u32 {
    let pods: u64 = problem.items.iter().map(|item| u64::from(item.count)).sum();
    let cpu: u64 =
        problem.items.iter().map(|item| u64::from(item.count) * u64::from(item.size[0])).sum();
    u32::try_from(cpu / pods.max(1)).unwrap_or(u32::MAX).max(1)
}
