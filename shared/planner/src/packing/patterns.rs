//! Patterns of what is in a bin, and what they give to the rows of the configuration programme.

use super::duals::worth;
use super::knapsack::{Best, Knapsack};
use super::relaxed::{Thing, dot};
use super::rows::Rows;
use super::simplex::Column;
use super::{Kind, Problem};
use std::collections::{BTreeMap, BTreeSet};

/// A kind, and how many of each row are in one. The sand has the room that is left.
pub(super) type Pattern = (u32, Vec<(u32, u32)>);

/// The largest room of each resource, which the sand is counted in.
pub(super) fn scale<const D: usize>(problem: &Problem<D>) -> [f64; D] {
    std::array::from_fn(|at| {
        f64::from(problem.kinds.iter().map(|kind| kind.capacity[at]).max().unwrap_or(1).max(1))
    })
}

impl<const D: usize> Rows<D> {
    /// How many of each row there are, and then how much sand.
    pub(super) fn demand(&self, scale: &[f64; D]) -> Vec<f64> {
        let counts = self.alike.iter().map(|alike| f64::from(alike.count));
        counts.chain(self.poured.iter().map(|at| self.sand[*at] / scale[*at])).collect()
    }

    /// Prices of the rows where resources have these.
    pub(super) fn prices(&self, resources: &[f64; D], scale: &[f64; D]) -> Vec<f64> {
        let alike = self.alike.iter().map(|alike| worth(&alike.size, resources));
        alike.chain(self.poured.iter().map(|at| resources[*at] * scale[*at])).collect()
    }

    /// What sand is worth by resource.
    pub(super) fn sand_prices(&self, prices: &[f64], scale: &[f64; D]) -> [f64; D] {
        let mut sand = [0.0; D];
        for (at, price) in self.poured.iter().zip(&prices[self.alike.len()..]) {
            sand[*at] = price.max(0.0) / scale[*at];
        }
        sand
    }

    /// What each class is worth at prices of the rows.
    pub(super) fn worth(&self, problem: &Problem<D>, prices: &[f64], scale: &[f64; D]) -> Vec<f64> {
        let sand = self.sand_prices(prices, scale);
        let items = problem.items.iter().zip(&self.of).enumerate();
        items
            .map(|(at, (item, row))| {
                row.map_or(0.0, |row| prices[row as usize].max(0.0))
                    + dot(&self.over(at as u32, &item.size), &sand)
            })
            .collect()
    }

    /// Sand alone, and as many as fit of each row, one, and half as many.
    pub(super) fn first_patterns(&self, problem: &Problem<D>) -> BTreeSet<Pattern> {
        let mut patterns = BTreeSet::new();
        for (kind, made) in problem.kinds.iter().enumerate() {
            patterns.insert((kind as u32, Vec::new()));
            for (row, alike) in self.alike.iter().enumerate() {
                let most = alike.most_in(made);
                for count in [1, most / 2, most] {
                    if (1..=most).contains(&count) {
                        patterns.insert((kind as u32, vec![(row as u32, count)]));
                    }
                }
            }
        }
        patterns
    }

    /// How many of each row are in a load.
    pub(super) fn of_load(&self, load: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let mut rows: BTreeMap<u32, u32> = BTreeMap::new();
        for (item, count) in load {
            if let Some(row) = self.of[*item as usize] {
                *rows.entry(row).or_default() += count;
            }
        }
        rows.into_iter().collect()
    }

    /// What a bin of a pattern costs and gives.
    pub(super) fn column(
        &self,
        problem: &Problem<D>,
        pattern: &Pattern,
        scale: &[f64; D],
    ) -> Column {
        let kind = &problem.kinds[pattern.0 as usize];
        let mut gives: Vec<(u32, f64)> =
            pattern.1.iter().map(|(row, count)| (*row, f64::from(*count))).collect();
        for (next, at) in self.poured.iter().enumerate() {
            let taken =
                pattern.1.iter().map(|(row, count)| self.alike[*row as usize].size[*at] * count);
            let left = kind.capacity[*at] - taken.sum::<u32>();
            if left > 0 {
                gives.push(((self.alike.len() + next) as u32, f64::from(left) / scale[*at]));
            }
        }
        Column { cost: kind.price as f64, gives }
    }

    /// The pattern worth most in a bin of a kind, more than `floor`: an item takes the place of sand.
    pub(super) fn best(
        &self,
        knapsack: &mut Knapsack<D>,
        kind: &Kind<D>,
        prices: &[f64],
        scale: &[f64; D],
        floor: f64,
        nodes: u64,
    ) -> Best {
        let sand = self.sand_prices(prices, scale);
        let alone = worth(&kind.capacity, &sand);
        let mut things = Vec::with_capacity(self.alike.len());
        for (at, (alike, price)) in self.alike.iter().zip(prices).enumerate() {
            let gains = price - worth(&alike.size, &sand);
            let most = if gains > 0.0 { alike.most_in(kind) } else { 0 };
            if most > 0 {
                let size = alike.size.map(f64::from);
                things.push(Thing { id: at as u32, size, worth: gains, count: f64::from(most) });
            }
        }
        let capacity = kind.capacity.map(f64::from);
        let mut best = knapsack.best_load(&things, &capacity, floor - alone, nodes);
        best.most += alone;
        best
    }
}
