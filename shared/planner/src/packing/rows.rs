//! What the configuration programme has rows for: each class of items, or, where there are too many,
//! large items that are nearly equal together, and small items by their sums alone.

use super::duals::worth;
use super::lean::{Lean, Room, leanest, leans};
use super::{Item, Kind, Problem, Sites, Size};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Share of the rows that there may be that are made where items share them: each says less than one of equal
/// items, and a programme that comes to its end bounds better than a finer one that does not.
const SHARED: f64 = 0.75;

/// Items that are taken for equal.
#[derive(Debug, Clone)]
pub(super) struct Alike<const D: usize> {
    /// What each takes at least.
    pub(super) size: Size<D>,
    pub(super) count: u32,
    pub(super) sites: Rc<Sites>,
    /// Classes, those worth most first.
    pub(super) items: Vec<u32>,
}

impl<const D: usize> Alike<D> {
    /// How many fit into a bin of a kind.
    pub(super) fn most_in(&self, kind: &Kind<D>) -> u32 {
        if !self.sites.contains(kind.site) {
            return 0;
        }
        let rooms = self.size.iter().zip(&kind.capacity).filter(|(size, _)| **size > 0);
        rooms.map(|(size, room)| room / size).fold(self.count, u32::min)
    }
}

/// A relaxation of a problem: whatever packs the items also meets these rows. An item fits where the
/// smallest of its row does, and what it takes beyond that counts in the sums of the sand.
#[derive(Debug, Clone)]
pub(super) struct Rows<const D: usize> {
    pub(super) alike: Vec<Alike<D>>,
    /// What is poured into the room beside the items, by resource.
    pub(super) sand: [f64; D],
    /// Resources that sand is poured of.
    pub(super) poured: Vec<usize>,
    /// What sand takes for one of CPU at least, of each other resource; nearly.
    pub(super) leanest: [f64; D],
    /// Measures of room that sand needs beside.
    pub(super) lean: Vec<Lean>,
    /// By class: its row.
    pub(super) of: Vec<Option<u32>>,
}

impl<const D: usize> Rows<D> {
    /// At most `most` rows beside those of the sand, finest where most would be lost at `prices`. Sand is
    /// what fits into a kind that the linear programme opens, and leaves room there that other sand can fill:
    /// large items alone make others dear.
    pub(super) fn new(
        problem: &Problem<D>,
        prices: &[f64; D],
        paying: &[u32],
        most: usize,
    ) -> Self {
        let each = problem.items.len() <= most;
        let paying = || paying.iter().map(|kind| &problem.kinds[*kind as usize]);
        let fits = |item: &&Item<D>| paying().any(|kind| kind.holds(&item.size, &item.sites));
        let leanest = match each {
            true => [0.0; D],
            false => leanest(problem.items.iter().filter(fits)),
        };
        let room = Room::new(*prices, leanest);
        let large = |item: &Item<D>| !paying().any(|kind| room.suits(item, kind));
        let in_row = |item: &u32| {
            let item = &problem.items[*item as usize];
            item.count > 0 && (each || large(item))
        };
        let chosen = (0..problem.items.len() as u32).filter(in_row);
        let groups = if each {
            chosen.map(|item| vec![item]).collect()
        } else {
            nearly_equal(problem, prices, chosen, (most as f64 * SHARED) as usize)
        };
        let mut rows = Self {
            alike: Vec::new(),
            sand: [0.0; D],
            poured: Vec::new(),
            leanest,
            lean: Vec::new(),
            of: vec![None; problem.items.len()],
        };
        for mut items in groups {
            let value = |item: &u32| worth(&problem.items[*item as usize].size, prices);
            items.sort_by(|one, other| value(other).total_cmp(&value(one)).then(one.cmp(other)));
            for item in &items {
                rows.of[*item as usize] = Some(rows.alike.len() as u32);
            }
            rows.alike.push(Alike {
                size: least(problem, &items),
                count: items.iter().map(|item| problem.items[*item as usize].count).sum(),
                sites: Rc::clone(&problem.items[items[0] as usize].sites),
                items,
            });
        }
        for (at, item) in problem.items.iter().enumerate() {
            let over = rows.over(at as u32, &item.size);
            for (sum, over) in rows.sand.iter_mut().zip(over) {
                *sum += over * f64::from(item.count);
            }
        }
        rows.poured = (0..D).filter(|at| rows.sand[*at] > 0.0).collect();
        rows.lean = leans(problem, &rows, prices);
        rows
    }

    /// What sand takes for one of CPU on average, of each other resource of which it takes any at all.
    pub(super) fn mean(&self) -> [f64; D] {
        std::array::from_fn(|at| match self.leanest[at] > 0.0 && self.sand[0] > 0.0 {
            true => self.sand[at] / self.sand[0],
            false => 0.0,
        })
    }

    /// What an item takes beyond the least of its row; all of it where it has none.
    pub(super) fn over(&self, item: u32, size: &Size<D>) -> [f64; D] {
        let row = self.of[item as usize].map(|row| &self.alike[row as usize].size);
        std::array::from_fn(|at| f64::from(size[at] - row.map_or(0, |least| least[at])))
    }
}

/// Groups of items with equal sites, at most `most` where there are no more sites.
fn nearly_equal<const D: usize>(
    problem: &Problem<D>,
    prices: &[f64; D],
    items: impl Iterator<Item = u32>,
    most: usize,
) -> Vec<Vec<u32>> {
    let mut by_sites: BTreeMap<&Sites, Vec<u32>> = BTreeMap::new();
    for item in items {
        by_sites.entry(&problem.items[item as usize].sites).or_default().push(item);
    }
    let valued = |items: Vec<u32>| (lost(problem, prices, &items), items);
    let mut groups: Vec<(f64, Vec<u32>)> = by_sites.into_values().map(valued).collect();
    while groups.len() < most {
        let worst =
            (0..groups.len()).max_by(|one, other| groups[*one].0.total_cmp(&groups[*other].0));
        let Some(worst) = worst.filter(|worst| groups[*worst].0 > 0.0) else { break };
        let (low, high) = split(problem, prices, groups.swap_remove(worst).1);
        groups.extend([low, high].map(valued));
    }
    groups.into_iter().map(|(_, items)| items).collect()
}

fn least<const D: usize>(problem: &Problem<D>, items: &[u32]) -> Size<D> {
    let sizes = items.iter().map(|item| problem.items[*item as usize].size);
    sizes.fold([u32::MAX; D], |least, size| std::array::from_fn(|at| least[at].min(size[at])))
}

/// What is taken beyond the least, at `prices`.
fn lost<const D: usize>(problem: &Problem<D>, prices: &[f64; D], items: &[u32]) -> f64 {
    let least = worth(&least(problem, items), prices);
    let each = items.iter().map(|item| &problem.items[*item as usize]);
    each.map(|item| (worth(&item.size, prices) - least) * f64::from(item.count)).sum()
}

/// Cuts items in two at the mean of the resource in which they lose most.
fn split<const D: usize>(
    problem: &Problem<D>,
    prices: &[f64; D],
    items: Vec<u32>,
) -> (Vec<u32>, Vec<u32>) {
    let least = least(problem, &items);
    let size = |item: &u32, at: usize| problem.items[*item as usize].size[at];
    let count = |item: &u32| f64::from(problem.items[*item as usize].count);
    let over: [f64; D] = std::array::from_fn(|at| {
        items.iter().map(|item| f64::from(size(item, at) - least[at]) * count(item)).sum()
    });
    let all: f64 = items.iter().map(count).sum();
    let at = (0..D)
        .filter(|at| over[*at] > 0.0)
        .max_by(|one, other| {
            (over[*one] * prices[*one]).total_cmp(&(over[*other] * prices[*other]))
        })
        .unwrap_or(0);
    let mean = f64::from(least[at]) + over[at] / all;
    items.into_iter().partition(|item| f64::from(size(item, at)) <= mean)
}
