//! Items that fit into no kind of bin that pays for itself: which dear bins to open for them, and which
//! of them to put together.

use super::arrange::Arrange;
use super::columns::Programme;
use super::duals::{all_sizes, worth};
use super::elsewhere::{Elsewhere, priced};
use super::lean::{Lean, Room};
use super::random::Random;
use super::relaxed::dot;
use super::state::{Bin, State};
use super::{Item, Problem};

/// Share of all that is packed that coarse items are at least, where they decide how good a packing is.
const MANY: f64 = 0.05;
/// By how much of itself what fills the room may take more or less, as luck has it.
const VARIED: f64 = 0.4;
/// The least of what lacking costs, as luck has it, of what it does.
const CHEAPER: f64 = 0.25;
/// Times that the worth of room is found anew for the bins there are.
const ROUNDS: u64 = 8;

/// Such items. The room beside them is worth what the programme says of sand, as far as there is sand that fills it.
/// So a bin costs what its price is beyond the worth of its room.
#[derive(Debug, Clone)]
pub(super) struct Coarse<const D: usize> {
    /// Classes, those worth most first.
    items: Vec<u32>,
    room: Room<D>,
    /// Measures of room, and what a unit of each resource and of each of them is worth in the programme.
    leans: Vec<Lean>,
    measured: Vec<f64>,
    /// Whether they are a good part of all that is packed.
    pub(super) many: bool,
}

impl<const D: usize> Coarse<D> {
    /// Items that do not fit into kinds that sand pays for, or waste room there if sand takes so much of each resource
    /// for one of CPU. None where there is little else.
    pub(super) fn new(
        problem: &Problem<D>,
        programme: &Programme<D>,
        ratios: [f64; D],
    ) -> Option<Self> {
        if !programme.rows.have_sand() {
            return None;
        }
        let prices = programme.sand;
        let room = Room::new(prices, ratios);
        let common = programme.paid_by_sand(problem);
        let coarse = |item: &Item<D>| {
            !common.iter().any(|kind| room.suits(item, &problem.kinds[*kind as usize]))
        };
        let all = 0..problem.items.len() as u32;
        let mut items: Vec<u32> = all.filter(|at| coarse(&problem.items[*at as usize])).collect();
        let value = |item: &u32| worth(&problem.items[*item as usize].size, &prices);
        let all = |item: &u32| value(item) * f64::from(problem.items[*item as usize].count);
        let many =
            items.iter().map(all).sum::<f64>() > dot(&all_sizes(&problem.items), &prices) * MANY;
        items.sort_by(|one, other| value(other).total_cmp(&value(one)).then(one.cmp(other)));
        (!items.is_empty() && items.len() * 2 < problem.items.len()).then(|| Self {
            items,
            room: Room { worth: programme.room.clone(), ..room },
            leans: programme.rows.lean.clone(),
            measured: programme.measured.clone(),
            many,
        })
    }

    /// How many classes there are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Opens bins for those that remain, in about so many checks, with nothing else in them; first the ones whose
    /// room sand can fill least.
    pub(super) fn open(
        &self,
        state: &mut State<'_, D>,
        checks: u64,
        vary: bool,
        random: &mut Random,
    ) -> Vec<Bin<D>> {
        let room = if vary { self.varied(random) } else { self.room.clone() };
        let mut arrange = Arrange::new(state.problem, room);
        let left = |item: &u32| state.remaining[*item as usize] as usize;
        let all = self.items.iter().flat_map(|item| std::iter::repeat_n(*item, left(item)));
        arrange.add(&all.collect::<Vec<u32>>(), checks);
        let checks = checks.saturating_sub(arrange.work);
        if vary {
            arrange.improve(checks, random);
        } else {
            self.settle(state, &mut arrange, checks, random);
        }
        state.checks += arrange.work;
        let mut bins: Vec<Bin<D>> = Vec::with_capacity(arrange.bins.len());
        for shared in arrange.bins {
            let mut bin = state.fresh(shared.kind);
            for item in shared.items {
                state.put(&mut bin, item, 1);
            }
            bins.push(bin);
        }
        bins.sort_by(|one, other| self.ease(one).total_cmp(&self.ease(other)));
        bins
    }

    /// Improves who shares a bin, by what room is worth in the programme first. That depends on how much room of each
    /// measure there is, so after each round it is what the sand costs elsewhere that says so, on average of all rounds
    /// (fictitious play; Brown 1951). The last of them alone jumps about. The cheapest bins, with the sand elsewhere,
    /// are kept.
    fn settle(
        &self,
        state: &mut State<'_, D>,
        arrange: &mut Arrange<'_, D>,
        checks: u64,
        random: &mut Random,
    ) {
        let elsewhere = Elsewhere::new(state, &self.leans, &self.items);
        let mut measured = self.measured.clone();
        let mut best = (f64::INFINITY, Vec::new());
        for round in 0..ROUNDS {
            arrange.improve(checks / ROUNDS, random);
            let price = |(kind, _)| state.problem.kinds[kind as usize].price as f64;
            let paid: f64 = arrange.rooms().map(price).sum();
            let rooms = arrange.rooms().map(|room| room.1);
            let (cost, prices) = elsewhere.least(rooms, &mut state.checks);
            if paid + cost < best.0 {
                best = (paid + cost, arrange.bins.clone());
            }
            for (mean, price) in measured.iter_mut().zip(prices) {
                *mean += (price - *mean) / (round + 2) as f64;
            }
            arrange.reprice(priced(&self.leans, &measured));
        }
        arrange.bins = best.1;
    }

    /// What is taken for the worth of room decides who shares a bin, and what is best for one packing is not for
    /// another.
    fn varied(&self, random: &mut Random) -> Room<D> {
        let mut room = self.room.clone();
        let cheaper = CHEAPER + (1.0 - CHEAPER) * random.unit();
        for (ratio, lacking) in room.ratios.iter_mut().zip(&mut room.lacking) {
            *ratio *= 1.0 + VARIED * (2.0 * random.unit() - 1.0);
            *lacking *= cheaper;
        }
        room.worth = room.worth.blend(&room.prices, 1.0 - cheaper);
        room
    }

    /// How many times what sand takes the room has of the scarcest resource.
    fn ease(&self, bin: &Bin<D>) -> f64 {
        let cpu = f64::from(bin.free[0].max(1));
        let rooms = bin.free.iter().zip(&self.room.ratios).filter(|(_, takes)| **takes > 0.0);
        rooms.map(|(free, takes)| f64::from(*free) / takes / cpu).fold(f64::INFINITY, f64::min)
    }
}
