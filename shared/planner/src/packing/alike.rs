//! Taking what is most like room, or one by one what is most like the room that is left.

use super::lean::Worth;
use super::relaxed::{Thing, dot};

/// Things that fit among which the best is taken.
const LOOKS: usize = 48;

/// What was taken, what it is worth, and the checks it took.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) items: Vec<(u32, u32)>,
    pub(super) worth: f64,
    pub(super) work: u64,
}

impl Taken {
    pub(super) fn add(&mut self, item: u32, count: u32) {
        match self.items.iter_mut().find(|load| load.0 == item) {
            Some(load) => load.1 += count,
            None => self.items.push((item, count)),
        }
    }
}

/// How like the shares are that a size has of room in CPU and in the next resource, which most items need: the cosine
/// (Panigrahy et al. 2011) between them and equal shares. Nothing where it does not fit.
pub(super) fn likeness<const D: usize>(size: &[f64; D], free: &[f64; D]) -> f64 {
    if size.iter().zip(free).any(|(size, free)| size > free) {
        return 0.0;
    }
    let shares = size.iter().zip(free).take(2).map(|(size, free)| size / free.max(1.0));
    let (sum, squares) =
        shares.fold((0.0, 0.0), |(sum, squares), share| (sum + share, squares + share * share));
    if squares > 0.0 { sum / squares.sqrt() } else { 0.0 }
}

/// Takes things until what is left of `free` is worth no more than `enough`, the first ones
/// rather than the last, and leaves in `things` what still fits. `even` is the share of the prices by which things are
/// compared that makes what is left of all resources worth the same.
pub(super) fn take<const D: usize>(
    things: &mut Vec<Thing<D>>,
    free: &mut [f64; D],
    worth: &Worth<D>,
    even: f64,
    enough: f64,
) -> Taken {
    let mut taken = Taken::default();
    while worth.of(free) > enough {
        let mut prices = worth.prices(free);
        let left = |at: usize| prices[at] * free[at];
        let some = (0..D).filter(|at| left(*at) > 0.0).count() as f64;
        let mean = dot(&prices, free) / some;
        let fair = |at: usize| if left(at) > 0.0 { mean / free[at] } else { prices[at] };
        prices = std::array::from_fn(|at| (1.0 - even) * prices[at] + even * fair(at));
        let fits = |thing: &Thing<D>| {
            thing.count > 0.0 && thing.size.iter().zip(&*free).all(|(size, free)| size <= free)
        };
        taken.work += things.len() as u64;
        things.retain(fits);
        let priced: [f64; D] = std::array::from_fn(|at| free[at] * prices[at].powi(2));
        // The cosine of Panigrahy et al. (2011), times what the thing is worth for its size.
        let rank = |thing: &Thing<D>| {
            let size: [f64; D] = std::array::from_fn(|at| thing.size[at] * prices[at]);
            let dense = thing.worth / size.iter().sum::<f64>();
            dot(&priced, &thing.size) / dot(&size, &size).sqrt() * dense
        };
        let few = things.iter_mut().take(LOOKS);
        taken.work += 8 * few.len() as u64;
        let best = few.map(|thing| (rank(thing), thing)).max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, thing)) = best else { break };
        thing.count -= 1.0;
        for (free, size) in free.iter_mut().zip(&thing.size) {
            *free -= size;
        }
        taken.worth += thing.worth;
        let id = thing.id;
        taken.add(id, 1);
    }
    for thing in &mut *things {
        thing.count = thing.most_in(free);
    }
    things.retain(|thing| thing.count > 0.0);
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(id: u32, size: [f64; 2]) -> Thing<2> {
        Thing { id, size, worth: size[0] + size[1] / 10.0, count: 1.0 }
    }

    #[test]
    fn what_has_equal_shares_of_room_is_most_like_it() {
        let room = [40.0, 10.0];
        let likes = [[8.0, 2.0], [8.0, 3.0], [8.0, 8.0]].map(|size| likeness(&size, &room));
        assert!(likes.is_sorted_by(|one, other| one > other), "{likes:?}");
        assert!((likeness(&[4.0, 1.0], &room) - likes[0]).abs() < 1e-9);
        assert!(likeness(&[8.0, 11.0], &room).abs() < 1e-9, "it does not fit");
    }

    /// At these prices memory hardly counts, so that what is worth most is taken until there is none.
    #[test]
    fn room_is_filled_evenly_where_that_is_asked_for() {
        let cpu_left = |even: f64| {
            let rich = (0..8).map(|id| thing(id, [10.0, 5.0]));
            let mut things = rich.chain((8..16).map(|id| thing(id, [10.0, 2.0]))).collect();
            let mut free = [80.0, 28.0];
            take(&mut things, &mut free, &Worth(vec![[1.0, 0.001]]), even, 1.0);
            free[0]
        };
        assert!(cpu_left(0.0) > 15.0, "{}", cpu_left(0.0));
        assert!(cpu_left(0.9) < 1.0, "{}", cpu_left(0.9));
    }
}
