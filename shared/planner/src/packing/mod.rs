//! The packing core: which bins to open, and what to put into each, for the least money.
//!
//! It knows nothing of Kubernetes. Items come in classes of equal pods; kinds of bins are offerings;
//! bins that are paid for already have free room. `D` resources count, the first being CPU.
//!
//! The search is anytime and deterministic: it stops after `budget` units of work, of which about
//! 1 000 pass in a millisecond of one core, and never looks at a clock.

mod alike;
mod arrange;
mod beside;
mod coarse;
mod columns;
mod construct;
mod cover;
mod dive;
mod duals;
mod elsewhere;
mod emptiness;
mod fills;
mod fleets;
mod gains;
mod greedy;
mod knapsack;
mod lean;
mod linear;
mod loads;
mod narrow;
mod patterns;
mod pour;
mod random;
mod reach;
mod rebuild;
mod refill;
mod relaxed;
mod repack;
mod rounds;
mod rows;
#[cfg(test)]
mod samples;
mod search;
mod simplex;
mod state;
mod sweep;
mod upgrades;

pub(crate) use linear::minimise;
pub(crate) use simplex::Column;

use state::State;
use std::rc::Rc;

/// Resources that problems are searched in where their items take no more.
const FEW: usize = 4;

/// Sizes in `D` resources. Small integers: they are divided in floating point, exactly.
pub type Size<const D: usize> = [u32; D];

/// A bit set over sites.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sites(Vec<u64>);

impl Sites {
    /// Adds a site.
    pub fn insert(&mut self, site: u32) {
        let word = site as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (site % 64);
    }

    /// Whether a site is in.
    pub fn contains(&self, site: u32) -> bool {
        self.0.get(site as usize / 64).is_some_and(|word| word >> (site % 64) & 1 == 1)
    }
}

/// What an item has to do with a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// Which group.
    pub group: u32,
    /// The item asks for the limit to hold where it is.
    pub owns: bool,
    /// The item is counted.
    pub counted: bool,
}

/// A limit per bin: Kubernetes' spread and anti-affinity by hostname, and host ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Most counted items in a bin that holds an owner.
    pub limit: u32,
    /// An owner bears no counted item but itself.
    pub exclusive: bool,
}

/// How many of a group are in a bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Which group.
    pub group: u32,
    /// Owners.
    pub owners: u32,
    /// Counted items.
    pub counted: u32,
}

/// A class of equal items.
#[derive(Debug, Clone)]
pub struct Item<const D: usize> {
    /// What one takes.
    pub size: Size<D>,
    /// How many there are.
    pub count: u32,
    /// Where it may be.
    pub sites: Rc<Sites>,
    /// Its groups.
    pub members: Rc<[Member]>,
    /// What it is a replica of, and most replicas in one pool.
    pub workload: Option<(u32, u32)>,
}

/// A kind of bin that can be opened, any number of times.
#[derive(Debug, Clone)]
pub struct Kind<const D: usize> {
    /// Room in a new one.
    pub capacity: Size<D>,
    /// What one costs, nano-USD in an hour, risk included. Never 0.
    pub price: u64,
    /// Where it is.
    pub site: u32,
    /// Quotas its items' CPU counts against.
    pub quotas: Vec<u32>,
    /// The pool whose loss takes its items, where there is such a danger.
    pub pool: Option<u32>,
    /// What is in every new one.
    pub tallies: Vec<Tally>,
}

impl<const D: usize> Kind<D> {
    /// Whether an empty one has room for a size, where it may be at these sites.
    fn holds(&self, size: &Size<D>, sites: &Sites) -> bool {
        sites.contains(self.site)
            && size.iter().zip(&self.capacity).all(|(size, room)| size <= room)
    }
}

/// A bin that is there already and costs nothing more.
#[derive(Debug, Clone)]
pub struct Opened<const D: usize> {
    /// Room left.
    pub free: Size<D>,
    /// Where it is.
    pub site: u32,
    /// Quotas its items' CPU counts against.
    pub quotas: Vec<u32>,
    /// CPU in it that counts against them already.
    pub used: u64,
    /// The pool whose loss takes its items.
    pub pool: Option<u32>,
    /// What is in it.
    pub tallies: Vec<Tally>,
}

/// A limit on items' CPU over many bins. It rounds up to a whole bin: a bin may be filled while the
/// others hold less than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// CPU.
    pub limit: u64,
    /// CPU of what is in bins already.
    pub used: u64,
}

/// All that is packed, into what, and within which limits.
#[derive(Debug, Clone, Default)]
pub struct Problem<const D: usize> {
    /// Classes of items.
    pub items: Vec<Item<D>>,
    /// Kinds of bins.
    pub kinds: Vec<Kind<D>>,
    /// Bins there are.
    pub opened: Vec<Opened<D>>,
    /// Limits per bin.
    pub groups: Vec<Group>,
    /// Limits on CPU over many bins.
    pub quotas: Vec<Quota>,
    /// Replicas that are in a pool already: workload, pool, replicas.
    pub placed: Vec<(u32, u32, u32)>,
}

/// A packing: what went where, and what found no place.
#[derive(Debug, Clone, Default)]
pub struct Packing {
    /// New bins: kind, and items with counts.
    pub bins: Vec<(u32, Vec<(u32, u32)>)>,
    /// What went into each bin there was.
    pub opened: Vec<Vec<(u32, u32)>>,
    /// Items that fit nowhere.
    pub unplaced: Vec<(u32, u32)>,
    /// What the new bins cost, nano-USD in an hour.
    pub cost: u64,
    /// No packing costs less, nano-USD in an hour.
    pub bound: u64,
    /// Units of work done.
    pub spent: u64,
}

/// Packs everything, and improves the packing until the budget is used up.
///
/// Greedy by dual prices first; then, for problems without limits across bins, the best patterns of
/// a configuration linear programme (Gilmore and Gomory 1961) rounded down and completed, after what fits
/// into no cheap kind; then, where it has no row for each class, large neighbourhoods (Shaw 1998) guided by it, and for
/// all problems ruin-and-recreate of a few bins (Schrimpf et al. 2000) by best loads.
/// The bound is the best of the linear programmes' and of what whole bins cost that cover them.
pub fn solve<const D: usize>(problem: &Problem<D>, budget: u64, seed: u64) -> Packing {
    // Without a budget a greedy packing is all that is asked for.
    if budget == 0 {
        return packed(problem, 0, 0, seed);
    }
    match narrow::in_fewer::<D, FEW>(problem) {
        Some(few) if D > FEW => searched(few, budget, seed),
        _ => searched(problem.clone(), budget, seed),
    }
}

fn searched<const D: usize>(problem: Problem<D>, budget: u64, seed: u64) -> Packing {
    let limit = budget * state::CHECKS_PER_UNIT / 8;
    let (tight, tightening) = reach::tightened(problem, limit);
    let (narrowed, choosing) = narrow::without_worse(tight);
    narrowed.widen(packed(&narrowed.problem, tightening + choosing, budget, seed))
}

/// Packs, where so many checks were made before.
fn packed<const D: usize>(problem: &Problem<D>, checks: u64, budget: u64, seed: u64) -> Packing {
    let mut state = State::new(problem);
    state.checks = checks;
    let bound = search::improve(&mut state, budget, seed);
    // Costs are sums of prices, so the next multiple of their common divisor is a bound too.
    let step = problem.kinds.iter().fold(0, |step, kind| gcd(step, kind.price)).max(1);
    let bound = (bound.ceil() as u64).div_ceil(step) * step;
    Packing { bound, ..state.into_packing() }
}

/// Leaves the highest of these, so many at most, in no order; of equally high ones those that come first.
fn keep_most<T: Ord>(ranked: &mut Vec<(f64, T)>, most: usize) {
    if ranked.len() > most {
        ranked.select_nth_unstable_by(most, |one, other| {
            other.0.total_cmp(&one.0).then(one.1.cmp(&other.1))
        });
        ranked.truncate(most);
    }
}

const fn gcd(one: u64, other: u64) -> u64 {
    let (mut one, mut other) = (one, other);
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}
