//! Taking one by one what is most like the room that is left.

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

/// Takes things until what is left of `free` is worth no more than `enough`, the first ones
/// rather than the last, and leaves in `things` what still fits.
pub(super) fn take<const D: usize>(
    things: &mut Vec<Thing<D>>,
    free: &mut [f64; D],
    worth: &Worth<D>,
    enough: f64,
) -> Taken {
    let mut taken = Taken::default();
    while worth.of(free) > enough {
        let prices = worth.prices(free);
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
