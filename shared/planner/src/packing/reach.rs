//! Room that no load can use: sizes come in steps, and a bin's room seldom is a sum of them.

use super::{Kind, Problem, gcd};

/// The problem with each kind's room cut to the largest sum of sizes within it, resource by resource:
/// what fits does not change, and every bound gets better. Takes about `limit` checks at most, and returns how many it took.
pub(super) fn tightened<const D: usize>(mut problem: Problem<D>, limit: u64) -> (Problem<D>, u64) {
    let mut work = 0;
    for at in 0..D {
        let sizes = sizes(&problem, at);
        work += tighten(&mut problem.kinds, &sizes, at, limit / D as u64);
    }
    (problem, work)
}

/// Sizes in a resource with how many items have each.
fn sizes<const D: usize>(problem: &Problem<D>, at: usize) -> Vec<(u32, u64)> {
    let mut sizes: Vec<(u32, u64)> = problem
        .items
        .iter()
        .filter(|item| item.size[at] > 0)
        .map(|item| (item.size[at], u64::from(item.count)))
        .collect();
    sizes.sort_unstable();
    sizes.dedup_by(|later, first| {
        let same = later.0 == first.0;
        first.1 += if same { later.1 } else { 0 };
        same
    });
    sizes
}

/// Subset sums as a bit set, each size's count split into powers of two.
fn tighten<const D: usize>(
    kinds: &mut [Kind<D>],
    sizes: &[(u32, u64)],
    at: usize,
    limit: u64,
) -> u64 {
    let step = sizes.iter().fold(0, |step, (size, _)| gcd(step, u64::from(*size)));
    let Some(largest) = kinds.iter().map(|kind| kind.capacity[at]).max() else { return 0 };
    let step = step as u32;
    if step == 0 {
        return 0;
    }
    let words = (largest / step) as usize / 64 + 1;
    let mut shifts: Vec<usize> = Vec::new();
    for &(size, count) in sizes {
        let (mut left, mut many) = (count.min(u64::from(largest / size)), 1);
        while left > 0 {
            let taken = left.min(many);
            shifts.push((u64::from(size / step) * taken) as usize);
            left -= taken;
            many *= 2;
        }
    }
    let work = (words * shifts.len()) as u64 / 4;
    let mut sums = vec![0_u64; words];
    sums[0] = 1;
    let skip = work > limit;
    if skip {
        // Multiples of the step are what all sums are.
        sums.fill(u64::MAX);
    } else {
        for shift in shifts {
            add_shifted(&mut sums, shift);
        }
    }
    for kind in kinds {
        let most = (kind.capacity[at] / step) as usize;
        let sum = (0..=most).rev().find(|sum| sums[sum / 64] >> (sum % 64) & 1 == 1);
        kind.capacity[at] = sum.unwrap_or(0) as u32 * step;
    }
    if skip { 1 } else { work }
}

/// `sums |= sums << shift`, from the top so that nothing is added twice.
fn add_shifted(sums: &mut [u64], shift: usize) {
    let (words, bits) = (shift / 64, shift % 64);
    for at in (words..sums.len()).rev() {
        let mut moved = sums[at - words] << bits;
        if bits > 0 && at > words {
            moved |= sums[at - words - 1] >> (64 - bits);
        }
        sums[at] |= moved;
    }
}
