//! What the configuration programme has rows for: each class of items, or, where there are too many,
//! large items that are nearly equal together, and small items by their sums alone.

use super::duals::worth;
use super::lean::{Lean, Room, leanest, leans};
use super::{Item, Kind, Problem, Sites, Size};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many times as many groups of items are cut as share a row in the end.
const FINER: usize = 2;
/// Checks that telling what two groups lose together is like.
const PAIR: u64 = 4;

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
    /// large items alone make others dear. `work` counts checks.
    pub(super) fn new(
        problem: &Problem<D>,
        prices: &[f64; D],
        paying: &[u32],
        most: usize,
        work: &mut u64,
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
            nearly_equal(problem, prices, chosen, most, work)
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

    /// Whether anything is poured into the room beside the items.
    pub(super) const fn have_sand(&self) -> bool {
        !self.poured.is_empty()
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

/// Groups of items with equal sites, at most `most` where there are no more sites: twice as many are cut, and put
/// together again as that loses least. Cuts alone lose a third more.
fn nearly_equal<const D: usize>(
    problem: &Problem<D>,
    prices: &[f64; D],
    items: impl Iterator<Item = u32>,
    most: usize,
    work: &mut u64,
) -> Vec<Vec<u32>> {
    let groups =
        put_together(problem, prices, cut(problem, prices, items, most * FINER), most, work);
    groups.into_iter().map(|group| group.items).collect()
}

/// Groups of items with equal sites, at most `most` where there are no more sites, cut where they lose most.
fn cut<const D: usize>(
    problem: &Problem<D>,
    prices: &[f64; D],
    items: impl Iterator<Item = u32>,
    most: usize,
) -> Vec<Group<D>> {
    let mut by_sites: BTreeMap<&Sites, Vec<u32>> = BTreeMap::new();
    for item in items {
        by_sites.entry(&problem.items[item as usize].sites).or_default().push(item);
    }
    let group = |items: Vec<u32>| Group::new(problem, prices, items);
    let mut groups: Vec<Group<D>> = by_sites.into_values().map(group).collect();
    while groups.len() < most {
        let worst = (0..groups.len())
            .max_by(|one, other| groups[*one].lost.total_cmp(&groups[*other].lost));
        let Some(worst) = worst.filter(|worst| groups[*worst].lost > 0.0) else { break };
        let (low, high) = split(problem, prices, groups.swap_remove(worst).items);
        groups.extend([low, high].map(group));
    }
    groups
}

/// Items taken for equal: the least of each resource that one of them takes, and what is lost by that.
#[derive(Debug, Clone)]
struct Group<const D: usize> {
    items: Vec<u32>,
    least: Size<D>,
    count: f64,
    lost: f64,
}

impl<const D: usize> Group<D> {
    fn new(problem: &Problem<D>, prices: &[f64; D], items: Vec<u32>) -> Self {
        let each = || items.iter().map(|item| &problem.items[*item as usize]);
        let least = least(problem, &items);
        let beyond = |item: &Item<D>| worth(&item.size, prices) - worth(&least, prices);
        let lost = each().map(|item| beyond(item) * f64::from(item.count)).sum();
        let count = each().map(|item| f64::from(item.count)).sum();
        Self { items, least, count, lost }
    }

    /// What is lost beside by putting another to it.
    fn more(&self, problem: &Problem<D>, prices: &[f64; D], other: &Self) -> f64 {
        let sites = |group: &Self| &problem.items[group.items[0] as usize].sites;
        if sites(self) != sites(other) {
            return f64::INFINITY;
        }
        let least = worth(&common(self.least, other.least), prices);
        let lost = |group: &Self| (worth(&group.least, prices) - least) * group.count;
        lost(self) + lost(other)
    }
}

/// The two groups first that lose least by it, until there are no more than `most` (Ward 1963).
fn put_together<const D: usize>(
    problem: &Problem<D>,
    prices: &[f64; D],
    mut groups: Vec<Group<D>>,
    most: usize,
    work: &mut u64,
) -> Vec<Group<D>> {
    // For each, which of those before it loses least.
    let nearest = |groups: &[Group<D>], at: usize, work: &mut u64| {
        *work += PAIR * at as u64;
        let more = |other: usize| (groups[at].more(problem, prices, &groups[other]), other);
        (0..at).map(more).min_by(|one, other| one.0.total_cmp(&other.0))
    };
    let mut near: Vec<Option<(f64, usize)>> =
        (0..groups.len()).map(|at| nearest(&groups, at, work)).collect();
    while groups.len() > most {
        let pairs = near.iter().enumerate().filter_map(|(at, near)| Some((near.as_ref()?, at)));
        let Some((&(more, one), other)) = pairs.min_by(|a, b| a.0.0.total_cmp(&b.0.0)) else {
            break;
        };
        if more == f64::INFINITY {
            break;
        }
        let gone = groups.swap_remove(other);
        near.swap_remove(other);
        let both = &mut groups[one];
        both.least = common(both.least, gone.least);
        both.count += gone.count;
        both.lost += gone.lost + more;
        both.items.extend(gone.items);
        // The last has the place of the one that is gone.
        let last = groups.len();
        for at in 0..groups.len() {
            let stale = near[at].is_some_and(|near| [one, other, last].contains(&near.1));
            if stale || at == one || at == other {
                near[at] = nearest(&groups, at, work);
            } else if at > one {
                *work += 2 * PAIR;
                let new = [one, other].into_iter().filter(|new| *new < at);
                let new = new.map(|new| (groups[at].more(problem, prices, &groups[new]), new));
                near[at] = new.chain(near[at]).min_by(|a, b| a.0.total_cmp(&b.0));
            }
        }
    }
    groups
}

fn common<const D: usize>(one: Size<D>, other: Size<D>) -> Size<D> {
    std::array::from_fn(|at| one[at].min(other[at]))
}

fn least<const D: usize>(problem: &Problem<D>, items: &[u32]) -> Size<D> {
    items.iter().map(|item| problem.items[*item as usize].size).fold([u32::MAX; D], common)
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

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::super::samples::item;
    use super::*;

    const PRICES: [f64; 2] = [1.0, 0.3];

    fn problem(seed: u64, many: usize) -> Problem<2> {
        let mut random = Random::new(seed);
        let mut roll = || 1 + random.below(100) as u32;
        let items = (0..many).map(|_| item([roll(), roll()], 1 + roll() % 3)).collect();
        Problem { items, ..Problem::default() }
    }

    fn lost(groups: &[Group<2>]) -> f64 {
        groups.iter().map(|group| group.lost).sum()
    }

    /// Looks at all pairs each time.
    fn put_together_slowly(problem: &Problem<2>, mut groups: Vec<Group<2>>, most: usize) -> f64 {
        while groups.len() > most {
            let pairs = (0..groups.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
            let more = |(one, other): &(usize, usize)| {
                groups[*one].more(problem, &PRICES, &groups[*other])
            };
            let best = pairs.min_by(|one, other| more(one).total_cmp(&more(other)));
            let (one, other) = best.unwrap();
            let gone = groups.swap_remove(one);
            groups[other].items.extend(gone.items);
            groups[other] = Group::new(problem, &PRICES, groups[other].items.clone());
        }
        lost(&groups)
    }

    #[test]
    fn those_are_put_together_that_lose_least_by_it() {
        for seed in 0..50 {
            let problem = problem(seed, 30);
            let groups = cut(&problem, &PRICES, 0..30, 25);
            let slowly = put_together_slowly(&problem, groups.clone(), 7);
            let groups = put_together(&problem, &PRICES, groups, 7, &mut 0);
            assert_eq!(groups.len(), 7, "seed {seed}");
            assert!((lost(&groups) - slowly).abs() < 1e-6, "seed {seed}: {slowly}");
            for group in &groups {
                let anew = Group::new(&problem, &PRICES, group.items.clone());
                assert_eq!((group.least, group.count), (anew.least, anew.count), "seed {seed}");
                assert!((group.lost - anew.lost).abs() < 1e-6, "seed {seed}");
            }
        }
    }

    #[test]
    fn each_item_is_in_one_group_and_less_is_lost_than_by_cuts_alone() {
        let (mut all, mut cuts) = (0.0, 0.0);
        for seed in 0..10 {
            let problem = problem(seed, 200);
            let groups = nearly_equal(&problem, &PRICES, 0..200, 60, &mut 0);
            assert!(groups.len() <= 60, "seed {seed}");
            let mut items = groups.concat();
            items.sort_unstable();
            assert_eq!(items, (0..200).collect::<Vec<u32>>(), "seed {seed}");
            let group = |items: &Vec<u32>| Group::new(&problem, &PRICES, items.clone());
            all += lost(&groups.iter().map(group).collect::<Vec<_>>());
            cuts += lost(&cut(&problem, &PRICES, 0..200, 60));
        }
        assert!(all < cuts * 0.85, "{all} of {cuts}");
    }

    #[test]
    fn items_of_other_sites_are_never_put_together() {
        let mut problem = problem(1, 8);
        let mut elsewhere = Sites::default();
        elsewhere.insert(1);
        let elsewhere = Rc::new(elsewhere);
        for item in &mut problem.items[4..] {
            item.sites = Rc::clone(&elsewhere);
        }
        let groups = nearly_equal(&problem, &PRICES, 0..8, 1, &mut 0);
        assert_eq!(groups.len(), 2);
        assert!(groups.iter().all(|group| group.iter().all(|item| (*item < 4) == (group[0] < 4))));
    }
}
