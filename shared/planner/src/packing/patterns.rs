//! Patterns of what is in a bin, and what they give to the rows of the configuration programme.

use super::columns::Load;
use super::duals::worth;
use super::knapsack::{Best, Knapsack};
use super::lean::Worth;
use super::relaxed::Thing;
use super::rows::{Alike, Rows};
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
    /// How many of each row there are, how much sand, and what it needs by each measure.
    pub(super) fn demand(&self, scale: &[f64; D]) -> Vec<f64> {
        let counts = self.alike.iter().map(|alike| f64::from(alike.count));
        let sand = self.poured.iter().map(|at| self.sand[*at] / scale[*at]);
        counts.chain(sand).chain(self.lean.iter().map(|lean| lean.needs / scale[0])).collect()
    }

    /// Prices of the rows where resources have these.
    pub(super) fn prices(&self, resources: &[f64; D], scale: &[f64; D]) -> Vec<f64> {
        let alike = self.alike.iter().map(|alike| worth(&alike.size, resources));
        let sand = self.poured.iter().map(|at| resources[*at] * scale[*at]);
        alike.chain(sand).chain(self.lean.iter().map(|_| 0.0)).collect()
    }

    /// What sand is worth by resource.
    pub(super) fn sand_prices(&self, prices: &[f64], scale: &[f64; D]) -> [f64; D] {
        let mut sand = [0.0; D];
        for (at, price) in self.poured.iter().zip(&prices[self.alike.len()..]) {
            sand[*at] = price.max(0.0) / scale[*at];
        }
        sand
    }

    /// What room for sand is worth.
    pub(super) fn room(&self, prices: &[f64], scale: &[f64; D]) -> Worth<D> {
        let leans: Vec<f64> = self.lean_prices(prices, scale).collect();
        Worth::new(self.sand_prices(prices, scale), &self.lean, &leans)
    }

    /// What one of each resource is worth to sand, and of each measure.
    pub(super) fn measured(&self, prices: &[f64], scale: &[f64; D]) -> Vec<f64> {
        let resources = self.sand_prices(prices, scale).into_iter();
        resources.chain(self.lean_prices(prices, scale)).collect()
    }

    /// What one of each measure is worth.
    pub(super) fn lean_prices(
        &self,
        prices: &[f64],
        scale: &[f64; D],
    ) -> impl Iterator<Item = f64> {
        let leans = &prices[self.alike.len() + self.poured.len()..];
        leans.iter().map(|price| price.max(0.0) / scale[0])
    }

    /// What each class is worth at prices of the rows.
    pub(super) fn worth(&self, problem: &Problem<D>, prices: &[f64], scale: &[f64; D]) -> Vec<f64> {
        let room = self.room(prices, scale);
        let items = problem.items.iter().zip(&self.of).enumerate();
        items
            .map(|(at, (item, row))| {
                row.map_or(0.0, |row| prices[row as usize].max(0.0))
                    + room.of(&self.over(at as u32, &item.size))
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

    /// The pattern of a load: how many of each row are in it.
    pub(super) fn pattern(&self, (kind, load): Load) -> Pattern {
        let mut rows: BTreeMap<u32, u32> = BTreeMap::new();
        for (item, count) in load {
            if let Some(row) = self.of[item as usize] {
                *rows.entry(row).or_default() += count;
            }
        }
        (kind, rows.into_iter().collect())
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
        let left: [f64; D] = std::array::from_fn(|at| {
            let taken =
                pattern.1.iter().map(|(row, count)| self.alike[*row as usize].size[at] * count);
            f64::from(kind.capacity[at] - taken.sum::<u32>())
        });
        let poured = self.poured.iter().map(|at| left[*at] / scale[*at]);
        let room = poured.chain(self.lean.iter().map(|lean| lean.of(&left) / scale[0]));
        gives.extend((self.alike.len() as u32..).zip(room).filter(|(_, room)| *room > 0.0));
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
        let room = self.room(prices, scale);
        let capacity = kind.capacity.map(f64::from);
        let thing = |(at, (alike, price)): (usize, (&Alike<D>, &f64))| {
            let count = f64::from(alike.most_in(kind));
            Thing { id: at as u32, size: alike.size.map(f64::from), worth: *price, count }
        };
        let mut things: Vec<Thing<D>> =
            self.alike.iter().zip(prices).enumerate().map(thing).collect();
        things.retain(|thing| thing.count > 0.0);
        if !room.is_linear() {
            return room.best_load(&mut knapsack.rows, &things, &capacity, floor, nodes);
        }
        for thing in &mut things {
            thing.worth -= room.of(&thing.size);
        }
        things.retain(|thing| thing.worth > 0.0);
        let alone = room.of(&capacity);
        let mut best = knapsack.best_load(&things, &capacity, floor - alone, nodes);
        best.most += alone;
        best
    }
}
