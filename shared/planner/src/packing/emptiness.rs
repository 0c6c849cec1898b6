//! How much of a bin stays empty, and in how few places.

use super::Problem;
use super::duals::all_sizes;
use super::greedy::{BALANCE, Guide};
use super::relaxed::dot;
use super::state::{Bin, Place};

/// How much less room is worth of which the scarcest resource leaves some for nothing.
const USABLE: f64 = 0.8;

/// What room is worth.
pub(super) struct Emptiness<const D: usize> {
    /// Prices of the resources over the dearest kind's price, so that room is a share of a bin.
    prices: [f64; D],
    /// What a unit of each resource that most items take is worth together with as much of the others as all
    /// items take.
    mix: [f64; D],
}

impl<const D: usize> Emptiness<D> {
    pub(super) fn new(problem: &Problem<D>, guide: &Guide<D>, dearest: f64) -> Self {
        let prices = guide.prices.blend(BALANCE).map(|price| price / dearest);
        let sum = all_sizes(&problem.items);
        let worth = dot(&sum, &prices);
        let all: u32 = problem.items.iter().map(|item| item.count).sum();
        let mix = std::array::from_fn(|at| {
            let takes = problem.items.iter().filter(|item| item.size[at] > 0);
            let most = takes.map(|item| item.count).sum::<u32>() > all / 2;
            if most { worth / sum[at] } else { f64::INFINITY }
        });
        Self { prices, mix }
    }

    /// Room as a share of the dearest bin: most of it where the items could use it all.
    pub(super) fn of(&self, bin: &Bin<D>) -> f64 {
        let all: f64 =
            bin.free.iter().zip(&self.prices).map(|(free, price)| f64::from(*free) * price).sum();
        let common = bin.free.iter().zip(&self.mix).filter(|(_, mix)| mix.is_finite());
        let usable = common.map(|(free, mix)| f64::from(*free) * mix).fold(all, f64::min);
        (1.0 - USABLE) * all + USABLE * usable
    }

    /// Greater where the room that stays empty is in fewer places. What costs nothing is to be full.
    pub(super) fn concentration<'b>(&self, bins: impl IntoIterator<Item = &'b Bin<D>>) -> f64 {
        let paid = bins.into_iter().filter(|bin| matches!(bin.kind, Place::New(_)));
        paid.map(|bin| self.of(bin).powi(2)).sum()
    }
}
