//! Items that fit into no kind of bin that pays for itself: which dear bins to open for them, and which
//! of them to put together.

use super::columns::Programme;
use super::duals::worth;
use super::random::Random;
use super::state::{Bin, CHECKS_PER_UNIT, State};
use super::{Item, Kind, Problem, Size, packed};

/// Shares of the sand that coarse items must leave room for. The first packing is by the second.
const LEAN: [f64; 4] = [0.02, 0.08, 0.15, 0.3];
/// What a bin costs beyond the worth of its room, at least, of its price: no price is 0.
const LEAST: f64 = 1e-3;

/// Such items, as a packing problem of their own.
///
/// The room beside them is worth what the programme says of sand, whatever is put into it. So a bin costs what
/// its price is beyond the worth of its room. Sand takes some of each resource for the CPU it takes: what
/// items and bins take and have beyond that is counted, so that the room that is left can be filled.
#[derive(Debug, Clone)]
pub(super) struct Coarse<const D: usize> {
    /// Classes that are in.
    of: Vec<u32>,
    items: Vec<Item<D>>,
    kinds: Vec<Kind<D>>,
    /// What sand takes of each resource for one of CPU.
    sand: [f64; D],
}

impl<const D: usize> Coarse<D> {
    /// For each of the shares: items that do not fit into kinds that sand pays for, beside sand like such a share of
    /// all CPU that takes the least of another resource. None where there is little else than such items.
    pub(super) fn all(problem: &Problem<D>, programme: &Programme<D>) -> Vec<Self> {
        if programme.rows.poured.is_empty() {
            return Vec::new();
        }
        let common = programme.paid_by_sand(problem);
        let leanest = leanest(problem, programme);
        let all = leanest.into_iter().map(|sand| Self::new(problem, programme, &common, sand));
        all.filter(|coarse| coarse.of.len() * 2 < problem.items.len()).collect()
    }

    fn new(problem: &Problem<D>, programme: &Programme<D>, common: &[u32], sand: [f64; D]) -> Self {
        let kinds: Vec<Kind<D>> = problem
            .kinds
            .iter()
            .map(|kind| {
                let price = kind.price as f64;
                let beyond = price - worth(&kind.capacity, &programme.sand);
                Kind {
                    capacity: beyond_sand(&kind.capacity, &sand),
                    price: beyond.max(price * LEAST).max(1.0) as u64,
                    ..kind.clone()
                }
            })
            .collect();
        let (mut of, mut items) = (Vec::new(), Vec::new());
        for (at, item) in problem.items.iter().enumerate() {
            let mut size = beyond_sand(&item.size, &sand);
            if common.iter().any(|kind| kinds[*kind as usize].holds(&size, &item.sites)) {
                continue;
            }
            if !kinds.iter().any(|kind| kind.holds(&size, &item.sites)) {
                // It leaves room that sand cannot fill, in any bin: it has one to itself.
                let alone = problem.kinds.iter().zip(&kinds);
                let alone = alone.filter(|(kind, _)| kind.holds(&item.size, &item.sites));
                let Some((_, kind)) = alone.min_by_key(|(_, kind)| kind.price) else { continue };
                size = std::array::from_fn(|at| size[at].min(kind.capacity[at]));
            }
            of.push(at as u32);
            items.push(Item { size, ..item.clone() });
        }
        Self { of, items, kinds, sand }
    }

    /// Opens bins for those that remain, in about so many checks, with nothing else in them; first the ones whose
    /// room sand can fill least.
    pub(super) fn open(
        &self,
        state: &mut State<'_, D>,
        checks: u64,
        random: &mut Random,
    ) -> Vec<Bin<D>> {
        let remaining = self.items.iter().zip(&self.of).enumerate();
        let remaining = remaining.filter(|(_, (_, of))| state.remaining[**of as usize] > 0);
        let (which, items): (Vec<usize>, Vec<Item<D>>) = remaining
            .map(|(at, (item, of))| {
                (at, Item { count: state.remaining[*of as usize], ..item.clone() })
            })
            .unzip();
        let problem = Problem { items, kinds: self.kinds.clone(), ..Problem::default() };
        let packed = packed(&problem, 0, checks / CHECKS_PER_UNIT, random.next());
        state.checks += packed.spent * CHECKS_PER_UNIT;
        let mut bins: Vec<Bin<D>> = Vec::with_capacity(packed.bins.len());
        for (kind, load) in packed.bins {
            let mut bin = state.fresh(kind);
            for (item, count) in load {
                let item = self.of[which[item as usize]];
                let room = state.room(&bin, item, count);
                if room > 0 {
                    state.put(&mut bin, item, room);
                }
            }
            bins.push(bin);
        }
        bins.sort_by(|one, other| self.ease(one).total_cmp(&self.ease(other)));
        bins
    }

    /// How many times what sand takes the room has of the scarcest resource.
    fn ease(&self, bin: &Bin<D>) -> f64 {
        let cpu = f64::from(bin.free[0].max(1));
        let rooms = bin.free.iter().zip(&self.sand).filter(|(_, takes)| **takes > 0.0);
        rooms.map(|(free, takes)| f64::from(*free) / takes / cpu).fold(f64::INFINITY, f64::min)
    }
}

/// What is left where all CPU took sand's share of the others with it.
fn beyond_sand<const D: usize>(size: &Size<D>, sand: &[f64; D]) -> Size<D> {
    std::array::from_fn(|at| size[at].saturating_sub((f64::from(size[0]) * sand[at]) as u32))
}

/// What items that the programme has no row for take for one of CPU: of each other resource what a share of
/// their CPU takes of it that takes the least. For each of the shares.
fn leanest<const D: usize>(problem: &Problem<D>, programme: &Programme<D>) -> [[f64; D]; 4] {
    let sand = problem.items.iter().zip(&programme.rows.of).filter(|(_, row)| row.is_none());
    let mut sand: Vec<&Item<D>> =
        sand.map(|(item, _)| item).filter(|item| item.size[0] > 0).collect();
    let all = |item: &Item<D>, at: usize| f64::from(item.size[at]) * f64::from(item.count);
    let cpu: f64 = sand.iter().map(|item| all(item, 0)).sum();
    let in_order = sand.clone();
    let mut leanest = [[0.0; D]; 4];
    for at in 1..D {
        let ratio = |item: &Item<D>| f64::from(item.size[at]) / f64::from(item.size[0]);
        sand.clone_from(&in_order);
        sand.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
        for (leanest, share) in leanest.iter_mut().zip(LEAN) {
            let (mut some, mut takes) = (0.0, 0.0);
            for item in &sand {
                if some >= cpu * share {
                    break;
                }
                some += all(item, 0);
                takes += all(item, at);
            }
            leanest[at] = if some > 0.0 { takes / some } else { 0.0 };
        }
    }
    leanest
}
