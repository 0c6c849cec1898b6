//! Making bins fuller with what is at hand: items in them give way to others that are worth more and still fit.
//!
//! What is worth most is looked at first, so that a look ends at the first that fits: thousands of items are
//! searched in the time that one search for a best load takes, and most bins end nearly full of what matters.

use super::state::{Bin, Place, State};
use super::{Problem, Size};

/// Share of a bin's price below which neither what it lacks nor what an exchange gains matters.
const LEAST: f64 = 0.001;
/// Pairs of so many items of a bin are looked at, beside each alone.
const PAIRED: usize = 8;
/// Checks that beginning a look takes, and that sorting takes for each class.
const LOOK: u64 = 12;
const SORT: u64 = 20;

/// A class that may be at hand.
#[derive(Debug, Clone, Copy)]
struct Offer<const D: usize> {
    worth: f64,
    size: Size<D>,
    item: u32,
}

/// What is at hand, with what one of each class is worth. For problems without limits across bins.
pub(super) struct Upgrades<'w, const D: usize> {
    worth: &'w [f64],
    /// By worth, then class. Some may be gone.
    offers: Vec<Offer<D>>,
}

impl<'w, const D: usize> Upgrades<'w, D> {
    /// With all that remains.
    pub(super) fn new(state: &mut State<'_, D>, worth: &'w [f64]) -> Self {
        let mut upgrades = Self { worth, offers: Vec::new() };
        let left = (0_u32..).zip(&state.remaining).filter(|(_, left)| **left > 0);
        let mut offers: Vec<_> =
            left.map(|(item, _)| upgrades.offer(state.problem, item)).collect();
        offers.sort_by(|one, other| {
            one.worth.total_cmp(&other.worth).then(one.item.cmp(&other.item))
        });
        state.checks += offers.len() as u64 * SORT + state.remaining.len() as u64;
        upgrades.offers = offers;
        upgrades
    }

    fn offer(&self, problem: &Problem<D>, item: u32) -> Offer<D> {
        Offer { worth: self.worth[item as usize], size: problem.items[item as usize].size, item }
    }

    /// Leaves out what is gone.
    pub(super) fn forget(&mut self, state: &mut State<'_, D>) {
        state.checks += self.offers.len() as u64 / 2;
        self.offers.retain(|offer| state.remaining[offer.item as usize] > 0);
    }

    /// Exchanges items of a bin as long as that gains, and until it is worth its price: at prices that prove a bound no
    /// bin is worth more.
    pub(super) fn upgrade(&mut self, state: &mut State<'_, D>, bin: &mut Bin<D>) {
        let price = state.price(bin.kind) as f64;
        let worth = |(item, count): &(u32, u32)| self.worth[*item as usize] * f64::from(*count);
        let mut lacks = price - bin.load.iter().map(worth).sum::<f64>();
        while lacks > price * LEAST {
            let Some((gain, out, item)) = self.best(state, bin, lacks, price * LEAST) else {
                return;
            };
            for at in out.into_iter().flatten() {
                state.take(bin, at, 1);
                self.regain(state, bin.load[at].0);
            }
            bin.load.retain(|load| load.1 > 0);
            state.put(bin, item, 1);
            lacks -= gain;
        }
    }

    /// What gains most, and more than `least`: the gain, up to two places of the load, and what takes one of each.
    fn best(
        &self,
        state: &mut State<'_, D>,
        bin: &Bin<D>,
        lacks: f64,
        least: f64,
    ) -> Option<(f64, [Option<usize>; 2], u32)> {
        let Place::New(kind) = bin.kind else { return None };
        let problem = state.problem;
        let site = problem.kinds[kind as usize].site;
        let places = 0..bin.load.len();
        let pairs = places.clone().take(PAIRED).flat_map(|one| (0..one).map(move |two| (one, two)));
        let outs = [[None; 2]].into_iter().chain(places.map(|one| [Some(one), None]));
        let mut best = None;
        let mut gain = least;
        for out in outs.chain(pairs.map(|(one, two)| [Some(one), Some(two)])) {
            let (mut free, mut given) = (bin.free, 0.0);
            for at in out.into_iter().flatten() {
                let item = bin.load[at].0 as usize;
                given += self.worth[item];
                for (free, size) in free.iter_mut().zip(&problem.items[item].size) {
                    *free += size;
                }
            }
            let most = self.offers.partition_point(|offer| offer.worth <= given + lacks);
            state.checks += LOOK;
            for offer in self.offers[..most].iter().rev() {
                state.checks += 1;
                if offer.worth <= given + gain {
                    break;
                }
                if offer.size.iter().zip(&free).all(|(size, free)| size <= free)
                    && state.remaining[offer.item as usize] > 0
                    && problem.items[offer.item as usize].sites.contains(site)
                {
                    gain = offer.worth - given;
                    best = Some((gain, out, offer.item));
                    break;
                }
            }
        }
        best
    }

    /// Puts what was taken out among the offers, where it is not.
    fn regain(&mut self, state: &mut State<'_, D>, item: u32) {
        let offer = self.offer(state.problem, item);
        let before = |known: &Offer<D>| {
            known.worth < offer.worth || known.worth <= offer.worth && known.item < item
        };
        let place = self.offers.partition_point(before);
        if self.offers.get(place).is_none_or(|known| known.item != item) {
            self.offers.insert(place, offer);
            state.checks += self.offers.len() as u64 / 4;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{item, kind};
    use super::*;

    /// A bin of 100 by 100 at a price of 200, and items that are worth what they take.
    fn problem(sizes: &[[u32; 2]]) -> (Problem<2>, Vec<f64>) {
        let items = sizes.iter().map(|size| item(*size, 1)).collect();
        let worth = sizes.iter().map(|size| f64::from(size[0] + size[1])).collect();
        (Problem { items, kinds: vec![kind([100, 100], 200)], ..Problem::default() }, worth)
    }

    /// What is in the bin in the end, with the first few items in it before.
    fn upgraded(sizes: &[[u32; 2]], few: u32) -> (Vec<u32>, Vec<u32>) {
        let (problem, worth) = problem(sizes);
        let mut state = State::new(&problem);
        let mut bin = state.fresh(0);
        for item in 0..few {
            state.put(&mut bin, item, 1);
        }
        let mut upgrades = Upgrades::new(&mut state, &worth);
        upgrades.upgrade(&mut state, &mut bin);
        let mut load: Vec<u32> = bin.load.iter().map(|load| load.0).collect();
        load.sort_unstable();
        let used = load.iter().map(|item| sizes[*item as usize]);
        let used = used.fold([0, 0], |sum, size| [sum[0] + size[0], sum[1] + size[1]]);
        assert_eq!(bin.free, [100 - used[0], 100 - used[1]]);
        for (item, left) in state.remaining.iter().enumerate() {
            assert_eq!(*left == 0, load.contains(&(item as u32)), "item {item}");
        }
        (load, state.remaining)
    }

    #[test]
    fn room_is_filled_first_by_what_is_worth_most_and_fits() {
        let sizes = [[60, 60], [50, 30], [30, 39], [40, 38], [5, 5]];
        assert_eq!(upgraded(&sizes, 1).0, [0, 3]);
    }

    #[test]
    fn one_item_takes_the_place_of_one_or_two() {
        assert_eq!(upgraded(&[[60, 60], [30, 30], [40, 39]], 2).0, [0, 2]);
        assert_eq!(upgraded(&[[60, 60], [20, 10], [10, 20], [40, 40]], 3).0, [0, 3]);
    }

    #[test]
    fn what_was_taken_out_is_at_hand_again() {
        // 2 for 1, and then 1 where it fits beside.
        let sizes = [[40, 40], [20, 20], [39, 39], [20, 21]];
        let (load, left) = upgraded(&sizes, 2);
        assert_eq!(load, [0, 2, 3], "{left:?}");
    }

    #[test]
    fn nothing_is_exchanged_that_does_not_fit_in_each_resource() {
        assert_eq!(upgraded(&[[60, 60], [30, 30], [41, 20], [20, 41]], 2).0, [0, 1]);
    }
}
