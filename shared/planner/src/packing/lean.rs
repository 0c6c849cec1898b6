//! Room beside large items that small ones, the sand, cannot fill: CPU with too little of another resource
//! beside it.
//!
//! A bin has at least as much of `min(CPU, other / ratio)` as all that is in it together. So the smaller of the two
//! is one more thing that sand needs and room has, whatever the ratio (a dual-feasible function of vectors; Alves,
//! Valério de Carvalho, Clautiaux and Rietz 2014). It is not linear: room is worth the least of what it is at several prices.

use super::relaxed::dot;
use super::rows::Rows;
use super::{Item, Kind, Problem};

/// Shares of the sand's CPU that takes less than a ratio of the other resource, for each ratio.
const SHARES: [f64; 5] = [0.001, 0.01, 0.1, 0.3, 0.65];
/// Prices that room may be worth the least at: one more than there are measures.
pub(super) const PIECES: usize = SHARES.len() + 1;
/// Share of the sand's CPU that room is filled with at best: the one that takes the least of another resource.
const LEANEST: f64 = 0.03;
/// Share of a bin's price that an item may waste of its room, and still suits it.
const WASTE: f64 = 0.01;

/// What the room beside items is worth, roughly.
#[derive(Debug, Clone)]
pub(super) struct Room<const D: usize> {
    /// Worth of each resource.
    pub(super) prices: [f64; D],
    /// What fills it takes at least so much of each resource for one of CPU.
    pub(super) ratios: [f64; D],
    /// How much less the room is worth for one of a resource less than that.
    pub(super) lacking: [f64; D],
    /// Or what it is worth at most otherwise.
    pub(super) worth: Worth<D>,
}

impl<const D: usize> Room<D> {
    /// Where CPU that has too little beside it is worth nothing.
    pub(super) fn new(prices: [f64; D], ratios: [f64; D]) -> Self {
        let lacking = ratios.map(|ratio| if ratio > 0.0 { prices[0] / ratio } else { 0.0 });
        Self { prices, ratios, lacking, worth: Worth(vec![prices]) }
    }

    /// What is lost where CPU has too little of the others beside it.
    pub(super) fn lacks(&self, free: &[f64; D]) -> f64 {
        let lacks = |at: usize| (self.ratios[at] * free[0] - free[at]).max(0.0);
        let roughly = (1..D).map(|at| self.lacking[at] * lacks(at)).sum::<f64>();
        roughly.max(dot(&self.prices, free) - self.worth.of(free))
    }

    /// Whether an item fits into a kind of bin, and wastes little of the room beside it.
    pub(super) fn suits(&self, item: &Item<D>, kind: &Kind<D>) -> bool {
        kind.holds(&item.size, &item.sites) && {
            let free = std::array::from_fn(|at| f64::from(kind.capacity[at] - item.size[at]));
            self.lacks(&free) <= kind.price as f64 * WASTE
        }
    }
}

/// What items take for one of CPU at least, of each other resource: those that take the least of it, as far as they
/// fill a share of all CPU.
pub(super) fn leanest<'a, const D: usize>(items: impl Iterator<Item = &'a Item<D>>) -> [f64; D] {
    let amount = |item: &Item<D>| (item.size.map(f64::from), f64::from(item.count));
    let mut items: Vec<Amount<D>> = items.map(amount).collect();
    std::array::from_fn(|at| match at {
        0 => 0.0,
        _ => up_to(LEANEST, &by_ratio(&mut items, at)),
    })
}

/// A size, and how many there are of it.
type Amount<const D: usize> = ([f64; D], f64);

/// Sorts what takes CPU by what it takes of another resource for one of CPU, and leaves the rest out. Returns that, and
/// the CPU of all of a size.
fn by_ratio<const D: usize>(items: &mut Vec<Amount<D>>, at: usize) -> Vec<(f64, f64)> {
    items.retain(|(size, count)| size[0] * count > 0.0);
    let ratio = |(size, count): &Amount<D>| (size[at] / size[0], size[0] * count);
    items.sort_by(|one, other| ratio(one).0.total_cmp(&ratio(other).0));
    items.iter().map(ratio).collect()
}

/// The ratio of the last of those first ones that have a share of all CPU.
fn up_to(share: f64, ratios: &[(f64, f64)]) -> f64 {
    let all: f64 = ratios.iter().map(|(_, cpu)| cpu).sum();
    let mut some = 0.0;
    let last = ratios.iter().find(|(_, cpu)| {
        some += cpu;
        some >= all * share
    });
    last.map_or(0.0, |(ratio, _)| *ratio)
}

/// A measure of what room has, and sand needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lean {
    /// The other resource.
    pub(super) at: usize,
    /// How much of it for one of CPU.
    pub(super) ratio: f64,
    /// What all sand needs of it.
    pub(super) needs: f64,
}

impl Lean {
    /// How much room has of it, or an item needs.
    pub(super) fn of<const D: usize>(&self, size: &[f64; D]) -> f64 {
        size[0].min(size[self.at] / self.ratio)
    }
}

/// Measures of the resource beside CPU that sand pays most for at these prices.
pub(super) fn leans<const D: usize>(
    problem: &Problem<D>,
    rows: &Rows<D>,
    prices: &[f64; D],
) -> Vec<Lean> {
    let paid = |at: &usize| rows.sand[*at] * prices[*at];
    let others = rows.poured.iter().copied().filter(|at| *at > 0 && paid(at) > 0.0);
    let Some(at) = others.max_by(|one, other| paid(one).total_cmp(&paid(other))) else {
        return Vec::new();
    };
    let over = |(number, item): (usize, &Item<D>)| {
        (rows.over(number as u32, &item.size), f64::from(item.count))
    };
    let mut sand: Vec<Amount<D>> = problem.items.iter().enumerate().map(over).collect();
    let sorted = by_ratio(&mut sand, at);
    let Some(least) = sorted.iter().map(|(ratio, _)| *ratio).find(|ratio| *ratio > 0.0) else {
        return Vec::new();
    };
    let mut ratios = SHARES.map(|share| up_to(share, &sorted).max(least)).to_vec();
    ratios.dedup();
    let lean = |ratio: f64| {
        let lean = Lean { at, ratio, needs: 0.0 };
        let needs = sand.iter().map(|(size, count)| lean.of(size) * count).sum();
        Lean { needs, ..lean }
    };
    ratios.into_iter().map(lean).collect()
}

/// What room is worth, or sand: the least of what it is at these prices.
#[derive(Debug, Clone)]
pub(super) struct Worth<const D: usize>(pub(super) Vec<[f64; D]>);

impl<const D: usize> Worth<D> {
    /// Where resources have these prices, and measures, the smallest ratio first, those.
    pub(super) fn new(resources: [f64; D], leans: &[Lean], prices: &[f64]) -> Self {
        let priced: Vec<(&Lean, f64)> =
            leans.iter().zip(prices.iter().copied()).filter(|(_, price)| *price > 0.0).collect();
        // Room of a ratio above those of the first few has CPU beyond what they ask for, and too little of the
        // other resource for the rest.
        let piece = |few: usize| {
            let mut piece = resources;
            for (number, (lean, price)) in priced.iter().enumerate() {
                match number < few {
                    true => piece[0] += price,
                    false => piece[lean.at] += price / lean.ratio,
                }
            }
            piece
        };
        Self((0..=priced.len()).map(piece).collect())
    }

    /// With a share of other prices.
    pub(super) fn blend(&self, other: &[f64; D], share: f64) -> Self {
        let blend = |prices: &[f64; D]| {
            std::array::from_fn(|at| (1.0 - share) * prices[at] + share * other[at])
        };
        Self(self.0.iter().map(blend).collect())
    }

    /// Of this room.
    pub(super) fn of(&self, free: &[f64; D]) -> f64 {
        self.0.iter().map(|prices| dot(prices, free)).fold(f64::INFINITY, f64::min)
    }

    /// The prices at which this room is worth the least.
    pub(super) fn prices(&self, free: &[f64; D]) -> [f64; D] {
        self.0[self.least(free)]
    }

    /// Which prices these are.
    pub(super) fn least(&self, free: &[f64; D]) -> usize {
        let worth = |at: &usize| dot(&self.0[*at], free);
        let all = 0..self.0.len();
        all.min_by(|one, other| worth(one).total_cmp(&worth(other))).unwrap_or(0)
    }

    /// Whether it is the same prices whatever the room.
    pub(super) fn is_linear(&self) -> bool {
        self.0.len() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns;
    use super::super::fleets::cut_bound;
    use super::super::random::Random;
    use super::super::samples::{item, kind};
    use super::super::state::State;
    use super::*;

    #[test]
    fn room_is_worth_no_less_together_than_apart() {
        let mut random = Random::new(1);
        let mut roll = || random.below(100) as f64;
        let leans = [0.5, 2.0].map(|ratio| Lean { at: 1, ratio, needs: 0.0 });
        for _ in 0..1000 {
            let worth = Worth::new([roll(), roll()], &leans, &[roll(), roll()]);
            let (one, other) = ([roll(), roll()], [roll(), roll()]);
            let both = [one[0] + other[0], one[1] + other[1]];
            assert!(worth.of(&one) + worth.of(&other) <= worth.of(&both) * (1.0 + 1e-12));
            let prices = worth.prices(&one);
            assert!((dot(&prices, &one) - worth.of(&one)).abs() < 1e-9);
        }
    }

    /// Pods that take all memory of a dear bin and hardly any CPU, and ones that take less memory for their CPU than
    /// any kind has.
    #[test]
    fn cpu_without_memory_beside_it_does_not_count() {
        let small = (0..90).map(|at| item([10, 5 + at % 3], 1));
        let items = small.chain([item([10, 100], 10)]).collect();
        let kinds = vec![kind([40, 40], 40), kind([100, 100], 110)];
        let problem = Problem { items, kinds, ..Problem::default() };
        let programme = columns::solve(&mut State::new(&problem), Vec::new(), 40_000).unwrap();
        assert_eq!(programme.rows.alike.len(), 1, "only the large items have a row");
        // Ten dear bins, and cheap ones for all the CPU of the small items.
        let least = 10.0 * 110.0 + 900.0;
        let cut = cut_bound(&problem);
        assert!(cut < least * 0.8, "{cut} knows it already");
        let bound = programme.bound;
        assert!(bound > least * 0.97 && bound < least * 1.03, "{bound}, not {least}");
    }
}
