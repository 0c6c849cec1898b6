//! Many items in a bin: open a whole fleet, and pour everything into it.

use super::relaxed::dot;
use super::state::State;
use super::{Item, Sites};

/// Bins that an item fits into among which the best is taken. Where a cheaper fleet has been tried in vain, that many
/// more seldom fit everything than a few: they only take longer.
pub(super) const LOOKS: u32 = 48;
pub(super) const FEW_LOOKS: u32 = 8;

/// Opens a fleet, puts what fits into it, each item after so many looks, and does without what stayed empty.
pub(super) fn pour_into<const D: usize>(
    state: &mut State<'_, D>,
    fleet: &[(u32, u32)],
    prices: &[f64; D],
    order: &[u32],
    looks: u32,
) {
    for &(kind, count) in fleet {
        let bin = state.fresh(kind);
        state.bins.extend(std::iter::repeat_n(bin, count as usize));
    }
    pour(state, prices, order, looks);
    state.bins.retain(|bin| !bin.load.is_empty());
}

/// Puts what remains into the bins there are, each item where what it takes is most like what is left
/// (the cosine of Panigrahy et al. 2011).
fn pour<const D: usize>(state: &mut State<'_, D>, prices: &[f64; D], order: &[u32], most: u32) {
    let mut start = 0;
    // Sizes that fit nowhere in their sites: what is as large in all resources does not either.
    let mut hopeless: Vec<([u32; D], &Sites)> = Vec::new();
    for &item in order {
        let Item { size: whole, sites, .. } = &state.problem.items[item as usize];
        let size: [f64; D] = std::array::from_fn(|at| f64::from(whole[at]) * prices[at]);
        let larger = |(known, there): &([u32; D], &Sites)| {
            *there == &**sites && whole.iter().zip(known).all(|(size, known)| size >= known)
        };
        if hopeless.iter().any(larger) {
            continue;
        }
        while state.remaining[item as usize] > 0 {
            let (mut best, mut looks): (Option<(f64, usize)>, u32) = (None, 0);
            let bins = state.bins.len();
            for turn in 0..bins {
                let at = (start + turn) % bins;
                let bin = &state.bins[at];
                state.checks += 1;
                if bin.free.iter().zip(whole).any(|(free, size)| free < size)
                    || !sites.contains(state.site(bin.kind))
                {
                    continue;
                }
                let free: [f64; D] = std::array::from_fn(|at| f64::from(bin.free[at]) * prices[at]);
                let alike = dot(&free, &size) / dot(&free, &free).sqrt();
                if best.is_none_or(|best| alike > best.0) {
                    best = Some((alike, at));
                }
                looks += 1;
                if looks == most {
                    start = at + 1;
                    break;
                }
            }
            state.checks += 4 * u64::from(looks);
            let Some((_, at)) = best else {
                hopeless.push((*whole, sites));
                break;
            };
            let mut bin = state.bins.swap_remove(at);
            state.put(&mut bin, item, 1);
            state.bins.push(bin);
        }
    }
}
