//! Finding places for displaced pods: builds the packing problem with the policy's limits, solves it,
//! and sees to it that the limits hold for what came out.

use crate::caps::{Cap, by_cap, within_caps};
use crate::fleet::{Fleet, Load, NewNode, SpotCpu, cpu, risk};
use crate::model::{Model, RESOURCES, Verdict};
use crate::packing::{Item, Kind, Opened, Problem, Quota, solve};
use crate::sides::sides;
use domain::offering::Pool;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How often the limits on Spot are drawn tighter before Spot is given up.
const TIGHTENINGS: u32 = 5;

/// The fleet, what found no place, and the work done.
type Placed = (Option<Fleet>, Load, u64);

/// Finds places for `displaced` beside what `base` has placed already.
///
/// Returns the fleet (none where the caps on Spot cannot hold), what found no place, and the work done.
pub(crate) fn place(
    model: &Model<'_>,
    base: &Fleet,
    displaced: &[(u32, u32)],
    budget: u64,
) -> Placed {
    // Pods that are evicted go where the scheduler likes, which leaves about half a pod's room free in
    // each node: small nodes lose more by that.
    let evicts = base.retired.iter().any(|at| model.nodes[*at as usize].evictable > 0);
    let apart = |load: &(u32, u32)| !model.classes[load.0 as usize].members.is_empty();
    if evicts || !displaced.iter().any(apart) {
        return place_by(model, base, displaced, evicts, budget);
    }
    // Where few of a kind go on one node, small ones are filled best one by one, but seldom as a fleet.
    let [small, large] = [false, true].map(|wary| place_by(model, base, displaced, wary, 0));
    let rank = |(fleet, unplaced, _): &Placed| {
        let count: u32 = unplaced.iter().map(|load| load.1).sum();
        (fleet.is_none(), count, fleet.as_ref().map(|fleet| fleet.objective(model)))
    };
    let wary = rank(&large) < rank(&small);
    let spent = small.2 + large.2;
    let (fleet, unplaced, more) = match budget {
        0 if wary => large,
        0 => small,
        _ => place_by(model, base, displaced, wary, budget),
    };
    (fleet, unplaced, spent + more)
}

/// The same; `wary` of small nodes or not.
fn place_by(
    model: &Model<'_>,
    base: &Fleet,
    displaced: &[(u32, u32)],
    wary: bool,
    budget: u64,
) -> Placed {
    let mut spent = 0;
    let mut basis = None;
    for turn in 0..=TIGHTENINGS {
        let spot = turn < TIGHTENINGS;
        let draft = Draft::new(model, base, displaced, (spot, wary), basis);
        let packing = solve(&draft.problem, budget, model.input.seed);
        spent += packing.spent + draft.size();
        let (fleet, unplaced) = draft.read(base, packing);
        if within_caps(model, base, &fleet) {
            return (Some(fleet), unplaced, spent);
        }
        let total = fleet.spot_cpu(model).values().map(|used| used.cpu).sum::<u64>();
        // A little at first: three zones of 34 % leave little to spare.
        let less = draft.basis >> (8_u32.saturating_sub(2 * turn));
        basis = Some(total.min(draft.basis - less));
    }
    (None, displaced.to_vec(), spent)
}

/// A packing problem, and what its numbers mean.
struct Draft {
    problem: Problem<RESOURCES>,
    /// Class of each item.
    items: Vec<u32>,
    /// Shape of each kind.
    kinds: Vec<u32>,
    /// What each opened bin is.
    opened: Vec<There>,
    /// CPU on Spot that the caps are a share of.
    basis: u64,
}

enum There {
    Node(u32),
    Launched(usize),
}

impl Draft {
    fn new(
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
        for &(class, on_spot, on_demand) in &sides {
            let made = &model.classes[class as usize];
            let replicas = model.replicas[made.workload as usize];
            for (count, sites) in
                [(on_spot, &made.wanted.anywhere), (on_demand, &made.wanted.on_demand)]
            {
                if count > 0 {
                    items.push(class);
                    problem.items.push(Item {
                        size: made.size,
                        count,
                        sites: Rc::clone(sites),
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
    fn size(&self) -> u64 {
        (self.problem.items.len() + self.problem.kinds.len() + self.problem.opened.len()) as u64
            / 10
    }

    fn read(&self, base: &Fleet, packing: crate::packing::Packing) -> (Fleet, Load) {
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

/// Limits on Spot CPU, and what is used of them.
struct Quotas<'a> {
    model: &'a Model<'a>,
    used: BTreeMap<Cap, SpotCpu>,
    basis: u64,
    numbers: BTreeMap<Cap, u32>,
    limits: Vec<Quota>,
    pools: BTreeMap<Pool, u32>,
}

impl<'a> Quotas<'a> {
    fn new(model: &'a Model<'a>, spot_cpu: &BTreeMap<Pool, SpotCpu>, basis: u64) -> Self {
        Self {
            model,
            used: by_cap(spot_cpu),
            basis,
            numbers: BTreeMap::new(),
            limits: Vec::new(),
            pools: BTreeMap::new(),
        }
    }

    fn of(&mut self, pool: &Pool) -> Vec<u32> {
        let caps = Cap::of(pool).into_iter().filter(|cap| cap.percent(self.model) < 100);
        caps.map(|cap| {
            let used = self.used.get(&cap).map_or(0, |used| used.cpu);
            let limit = Quota { limit: self.basis * cap.percent(self.model) / 100, used };
            let next = self.limits.len() as u32;
            let number = *self.numbers.entry(cap).or_insert(next);
            if number == next {
                self.limits.push(limit);
            }
            number
        })
        .collect()
    }

    fn pool(&mut self, pool: &Pool) -> u32 {
        let next = self.pools.len() as u32;
        *self.pools.entry(pool.clone()).or_insert(next)
    }
}

fn mean_cpu(problem: &Problem<RESOURCES>) -> u32 {
    let pods: u64 = problem.items.iter().map(|item| u64::from(item.count)).sum();
    let cpu: u64 =
        problem.items.iter().map(|item| u64::from(item.count) * u64::from(item.size[0])).sum();
    u32::try_from(cpu / pods.max(1)).unwrap_or(u32::MAX).max(1)
}

/// Pods of retired nodes, and pods that wait, by class.
pub(crate) fn displaced(model: &Model<'_>, nodes: impl Iterator<Item = u32>) -> Load {
    let mut classes: BTreeMap<u32, u32> = BTreeMap::new();
    for at in nodes {
        for (class, count) in &model.nodes[at as usize].load {
            *classes.entry(*class).or_default() += count;
        }
    }
    classes.into_iter().collect()
}

/// Nodes that may be retired.
pub(crate) fn candidates(model: &Model<'_>) -> impl Iterator<Item = u32> {
    model
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.verdict == Verdict::Candidate)
        .map(|(at, _)| at as u32)
}
