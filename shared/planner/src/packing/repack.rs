//! Local search: take a few bins, fill them anew one by one
//! with the best loads of their items, and keep what costs less, or the same with the room that stays
//! empty more in one place. Concentrated room is what lets a bin become smaller or go.

use super::duals::worth;
use super::emptiness::Emptiness;
use super::greedy::Guide;
use super::knapsack::Knapsack;
use super::random::Random;
use super::relaxed::Thing;
use super::state::{Bin, State};

/// So many items in a bin, on average, are no longer few.
const FEW: usize = 16;
/// Classes of which items are swapped, from each of two bins.
const SOME: usize = 10;

/// Works on all bins, until `until` checks or a cost of `bound`. What is out of its bin meanwhile is what
/// remains of the state.
pub(super) struct Repack<'s, 'p, const D: usize> {
    pub(super) state: &'s mut State<'p, D>,
    pub(super) guide: &'s Guide<D>,
    /// Bins there were: they come first, and cost nothing.
    first: usize,
    emptiness: Emptiness<D>,
    dearest: f64,
    /// Kinds by price.
    pub(super) cheapest: Vec<u32>,
    /// Of how many steps one takes bins apart as a whole.
    rarely: usize,
    /// Whether few items are in a bin: most bins are full then, and only the others can be made fuller.
    few: bool,
    pub(super) things: Vec<Thing<D>>,
    pub(super) knapsack: Knapsack<D>,
}

impl<'s, 'p, const D: usize> Repack<'s, 'p, D> {
    pub(super) fn new(state: &'s mut State<'p, D>, guide: &'s Guide<D>) -> Self {
        let problem = state.problem;
        let dearest = problem.kinds.iter().map(|kind| kind.price).max().unwrap_or(1) as f64;
        let first = problem.opened.len();
        let emptiness = Emptiness::new(problem, guide, dearest);
        let items: u32 =
            state.bins[first..].iter().flat_map(|bin| &bin.load).map(|load| load.1).sum();
        let each = items as usize / (state.bins.len() - first).max(1);
        let (rarely, few) = (2 + each / FEW, each < FEW);
        let mut cheapest: Vec<u32> = (0..problem.kinds.len() as u32).collect();
        cheapest.sort_by_key(|kind| (problem.kinds[*kind as usize].price, *kind));
        Self {
            state,
            guide,
            first,
            emptiness,
            dearest,
            cheapest,
            rarely,
            few,
            things: Vec::new(),
            knapsack: Knapsack::new(),
        }
    }

    pub(super) fn run(&mut self, until: u64, bound: f64, random: &mut Random) {
        // What found no place before stays out.
        let none = vec![0; self.state.remaining.len()];
        let left = std::mem::replace(&mut self.state.remaining, none);
        let mut cost = self.state.cost();
        while self.state.checks < until && cost as f64 > bound && self.many() > 0 {
            self.state.checks += 500;
            cost -= match random.below(self.rarely) {
                0 => self.step(random),
                _ => self.exchange(random),
            };
        }
        self.state.remaining = left;
    }

    /// How many bins there are that cost something.
    fn many(&self) -> usize {
        self.state.bins.len() - self.first
    }

    /// Takes some bins apart and fills bins anew. Returns what that saves.
    fn step(&mut self, random: &mut Random) -> u64 {
        let many = [2, 2, 2, 3, 3, 4, 5, 6][random.below(8)].min(self.many());
        let mut ruined = Vec::with_capacity(many);
        let dear = random.below(4) == 0;
        for turn in 0..many {
            let at = match turn {
                _ if dear => self.dear_bin(random),
                0 => self.empty_bin(random),
                _ if self.few && random.below(10) > 0 => self.empty_bin(random),
                _ => self.first + random.below(self.many()),
            };
            ruined.push(self.state.bins.swap_remove(at));
        }
        self.take_apart(&ruined, random);
        let paid = self.paid(&ruined);
        let before = self.emptiness.concentration(&ruined);
        let mut made = Vec::with_capacity(many + 1);
        if self.fill(&mut made, &ruined, paid, random) {
            let cost = self.paid(&made);
            if cost < paid || self.emptiness.concentration(&made) >= before * (1.0 - 1e-9) {
                self.state.bins.extend(made);
                return paid - cost;
            }
        }
        self.undo(&made, &ruined);
        self.state.bins.extend(ruined);
        0
    }

    /// Swaps some items between two bins so that one is as full as can be. Returns what that saves, as
    /// the other may do with a cheaper kind, or be empty.
    fn exchange(&mut self, random: &mut Random) -> u64 {
        if self.state.bins.len() < 2 {
            return self.step(random);
        }
        let from = self.empty_bin(random);
        let mut to = random.below(self.state.bins.len() - 1);
        to += usize::from(to >= from);
        let paid = self.paid([from, to].map(|at| &self.state.bins[at]));
        let before = self.emptiness.concentration([from, to].map(|at| &self.state.bins[at]));
        let [mut giver, mut taker] = [from, to].map(|at| self.state.bins[at].clone());
        self.things.clear();
        self.take_some(&mut giver, random);
        self.take_some(&mut taker, random);
        self.top_up(&mut taker);
        if self.put_rest(&mut giver) {
            giver = self.in_cheapest(giver);
            let cost = self.paid([&giver, &taker]);
            let denser = || self.emptiness.concentration([&giver, &taker]) >= before * (1.0 - 1e-9);
            if cost < paid || cost == paid && denser() {
                self.state.bins[from] = giver;
                self.state.bins[to] = taker;
                for at in [from.max(to), from.min(to)] {
                    if at >= self.first && self.state.bins[at].load.is_empty() {
                        self.state.bins.swap_remove(at);
                    }
                }
                return paid - cost;
            }
        }
        let bins = std::mem::take(&mut self.state.bins);
        self.undo([&giver, &taker], [from, to].map(|at| &bins[at]));
        self.state.bins = bins;
        0
    }

    /// Makes what is set aside and taken back what it was before.
    fn undo<'b>(
        &mut self,
        made: impl IntoIterator<Item = &'b Bin<D>>,
        old: impl IntoIterator<Item = &'b Bin<D>>,
    ) {
        for bin in made {
            self.state.release(bin);
        }
        for bin in old {
            self.state.claim(bin);
        }
    }

    /// Takes up to a few items out of a bin.
    fn take_some(&mut self, bin: &mut Bin<D>, random: &mut Random) {
        let from = random.below(bin.load.len());
        let many = bin.load.len();
        for turn in 0..many.min(SOME) {
            let at = (from + turn * (1 + many / SOME)) % many;
            let (item, count) = bin.load[at];
            let taken = count.min(SOME as u32);
            if taken == 0 {
                continue;
            }
            if self.state.remaining[item as usize] == 0 {
                let size = self.state.problem.items[item as usize].size.map(f64::from);
                let worth = self.guide.worth[item as usize] * (1.0 - 0.02 * random.unit());
                self.things.push(Thing { id: item, size, worth, count: 0.0 });
            }
            self.state.take(bin, at, taken);
        }
        bin.load.retain(|load| load.1 > 0);
    }

    fn paid<'b>(&self, bins: impl IntoIterator<Item = &'b Bin<D>>) -> u64 {
        let used = bins.into_iter().filter(|bin| !bin.load.is_empty());
        used.map(|bin| self.state.price(bin.kind)).sum()
    }

    /// The one that costs something with most room of three.
    fn empty_bin(&self, random: &mut Random) -> usize {
        let empty = |at: usize| self.emptiness.of(&self.state.bins[at]);
        let few = (0..3).map(|_| self.first + random.below(self.many()));
        few.max_by(|one, other| empty(*one).total_cmp(&empty(*other))).unwrap_or(self.first)
    }

    /// Any, more often the more it costs.
    fn dear_bin(&self, random: &mut Random) -> usize {
        let bins = self.many();
        let mut at = self.first + random.below(bins);
        for _ in 0..16 {
            if self.state.price(self.state.bins[at].kind) as f64 >= random.unit() * self.dearest {
                break;
            }
            at = self.first + random.below(bins);
        }
        at
    }

    fn take_apart(&mut self, ruined: &[Bin<D>], random: &mut Random) {
        self.things.clear();
        let noise = [0.0, 0.02, 0.1, 0.3][random.below(4)];
        let balance = [0.0, 0.0, 0.1, 0.3][random.below(4)];
        for bin in ruined {
            for (item, _) in &bin.load {
                if !self.things.iter().any(|thing| thing.id == *item) {
                    let about = &self.state.problem.items[*item as usize];
                    let worth = self.guide.worth[*item as usize] * (1.0 - noise * random.unit())
                        + balance * worth(&about.size, &self.guide.prices.balanced);
                    let size = about.size.map(f64::from);
                    self.things.push(Thing { id: *item, size, worth, count: 0.0 });
                }
            }
            self.state.release(bin);
        }
    }
}
