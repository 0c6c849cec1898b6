//! Bounds from what rows of the configuration programme gain, that is, are worth beyond the resources that
//! they take. A gain is one more resource of the programme that lets bins be cut: all items need so much
//! of it, and no bin has more than its best pattern. Cutting all prices until no pattern is worth more than
//! its bin (Farley 1990) is one solution of that programme. Most of what is packed gains nothing, so another
//! mostly bounds better: to cut the gains alone.

use super::Problem;
use super::cover::Row;
use super::duals::{all_sizes, fair_prices, worth};
use super::rows::Rows;

/// Rounds that are remembered: any mixture of their prices bounds at least as well as the mixture of what
/// they say.
const ROUNDS: usize = 4;

/// What rows gained at the prices of one round.
#[derive(Debug, Clone)]
struct Round {
    /// By row.
    gains: Vec<f64>,
    /// All of them together.
    demand: f64,
    /// The most in a bin of each kind.
    gives: Vec<f64>,
    /// What one of it is worth in the best bound.
    price: f64,
}

/// The best bound of all rounds together: each gives a row to the same programme.
#[derive(Debug)]
pub(super) struct Gains<const D: usize> {
    sums: [f64; D],
    rounds: Vec<Round>,
    /// What resources are worth in the best bound.
    resources: [f64; D],
    pub(super) bound: f64,
    /// Checks' worth of work done.
    pub(super) work: u64,
}

impl<const D: usize> Gains<D> {
    /// Begins with the resources alone.
    pub(super) fn new(problem: &Problem<D>, resources: [f64; D], bound: f64) -> Self {
        Self { sums: all_sizes(&problem.items), rounds: Vec::new(), resources, bound, work: 0 }
    }

    /// Learns what each row gains, and no bin of a kind more than what `gives` says. Returns whether the
    /// bound got better.
    pub(super) fn learn(
        &mut self,
        problem: &Problem<D>,
        rows: &Rows<D>,
        gains: Vec<f64>,
        gives: Vec<f64>,
    ) -> bool {
        let counts = rows.alike.iter().map(|alike| f64::from(alike.count));
        let needs = counts.chain(rows.lean.iter().map(|lean| lean.needs));
        let demand = needs.zip(&gains).map(|(needs, gain)| needs * gain).sum();
        self.rounds.push(Round { gains, demand, gives, price: 0.0 });
        let demand: Vec<f64> =
            self.sums.iter().copied().chain(self.rounds.iter().map(|round| round.demand)).collect();
        let columns: Vec<(f64, Vec<f64>)> = problem
            .kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| {
                let gives = self.rounds.iter().map(|round| round.gives[at]);
                let capacity = kind.capacity.map(f64::from);
                (kind.price as f64, capacity.into_iter().chain(gives).collect())
            })
            .collect();
        let (bound, prices) = fair_prices(&demand, &columns);
        self.work += (demand.len() * columns.len() * 20) as u64;
        let better = bound > self.bound;
        if better {
            self.bound = bound;
            self.resources.copy_from_slice(&prices[..D]);
            for (round, price) in self.rounds.iter_mut().zip(&prices[D..]) {
                round.price = *price;
            }
        }
        // Those that have a part in the best bound, and the latest others.
        while self.rounds.len() > ROUNDS {
            let idle = self.rounds.iter().position(|round| round.price <= 0.0);
            self.rounds.remove(idle.unwrap_or(0));
        }
        better
    }

    /// Prices of the rows that prove the best bound.
    pub(super) fn prices(&self, rows: &Rows<D>, scale: &[f64; D]) -> Vec<f64> {
        let mut prices = rows.prices(&self.resources, scale);
        for round in &self.rounds {
            let (alike, lean) = round.gains.split_at(rows.alike.len());
            for (price, gain) in prices.iter_mut().zip(alike) {
                *price += round.price * gain;
            }
            let first = prices.len() - lean.len();
            for (price, gain) in prices[first..].iter_mut().zip(lean) {
                *price += round.price * gain * scale[0];
            }
        }
        prices
    }

    /// What whole bins have to cover for the best bound, beside the resources' sums.
    pub(super) fn row(&self) -> Option<Row> {
        let rounds = self.rounds.iter().filter(|round| round.price > 0.0);
        let mut row: Option<Row> = None;
        for round in rounds {
            let row =
                row.get_or_insert_with(|| Row { demand: 0.0, gives: vec![0.0; round.gives.len()] });
            row.demand += round.price * round.demand;
            for (sum, gives) in row.gives.iter_mut().zip(&round.gives) {
                *sum += round.price * gives;
            }
        }
        row
    }
}

impl<const D: usize> Rows<D> {
    /// What one of each row is worth at these prices beyond its resources as sand, if it is worth more, and one of
    /// each measure.
    pub(super) fn gains(&self, prices: &[f64], scale: &[f64; D]) -> Vec<f64> {
        let sand = self.sand_prices(prices, scale);
        let each = self.alike.iter().zip(prices);
        let alike = each.map(|(alike, price)| (price - worth(&alike.size, &sand)).max(0.0));
        alike.chain(self.lean_prices(prices, scale)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fleets::cut_bound;
    use super::super::random::Random;
    use super::super::samples::{item, kind};
    use super::super::state::State;
    use super::super::{Kind, columns};
    use super::*;

    /// Items that differ, some of them too large for the cheap kind: fewer rows than items are left.
    fn problem(seed: u64) -> Problem<2> {
        let mut random = Random::new(seed);
        let mut roll = |from: u32, sides: usize| from + random.below(sides) as u32;
        let large = [0; 4].map(|_| item([roll(40, 60), roll(30, 50)], 1));
        let small = [0; 6].map(|_| item([roll(3, 30), roll(3, 30)], 1));
        let dear = 240 + u64::from(roll(0, 60));
        let kinds = vec![kind([39; 2], 100), kind([100; 2], dear)];
        Problem { items: large.into_iter().chain(small).collect(), kinds, ..Problem::default() }
    }

    /// The least that any packing costs of items that a bit set names, by that set.
    fn optima(problem: &Problem<2>) -> Vec<u64> {
        let sets = 1_usize << problem.items.len();
        let fits = |set: usize, kind: &Kind<2>| {
            let chosen = problem.items.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            let used = chosen.fold([0; 2], |[cpu, memory], (_, item)| {
                [cpu + item.size[0], memory + item.size[1]]
            });
            used[0] <= kind.capacity[0] && used[1] <= kind.capacity[1]
        };
        let price = |set: usize| {
            let kinds = problem.kinds.iter().filter(|kind| fits(set, kind));
            kinds.map(|kind| kind.price).min()
        };
        let prices: Vec<Option<u64>> = (0..sets).map(price).collect();
        let mut least = vec![0; sets];
        for set in 1..sets {
            least[set] = u64::MAX;
            let mut load = set;
            while load > 0 {
                if let Some(price) = prices[load] {
                    least[set] = least[set].min(price + least[set & !load]);
                }
                load = (load - 1) & set;
            }
        }
        least
    }

    #[test]
    fn no_optimum_is_below_a_bound_of_gains_and_most_bounds_are_better_for_them() {
        let mut better = [0; 2];
        for seed in 0..200 {
            let problem = problem(seed);
            let best = optima(&problem)[(1 << problem.items.len()) - 1] as f64;
            let cut = cut_bound(&problem);
            // Where little may be done there are fewer rows than items.
            for (checks, sand) in [(2_000, true), (200_000, false)] {
                let programme =
                    columns::solve(&mut State::new(&problem), Vec::new(), checks).unwrap();
                assert_eq!(programme.rows.have_sand(), sand, "seed {seed}");
                let bound = programme.bound;
                assert!(bound <= best * (1.0 + 1e-9), "seed {seed}: {bound} above {best}");
                better[usize::from(sand)] += u32::from(bound > cut * 1.02);
            }
        }
        assert!(better.iter().all(|better| *better > 100), "{better:?} are better by a fiftieth");
    }
}
