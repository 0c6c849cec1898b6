//! What sand costs that finds no room beside large items.

use super::duals::fair_prices;
use super::lean::{Lean, Room, Worth};
use super::state::State;

/// The linear programme of bins for that sand: one row for each resource, and one for each measure of room.
pub(super) struct Elsewhere<'a, const D: usize> {
    leans: &'a [Lean],
    needs: Vec<f64>,
    columns: Vec<(f64, Vec<f64>)>,
}

impl<'a, const D: usize> Elsewhere<'a, D> {
    /// For all that remains but these items.
    pub(super) fn new(state: &mut State<'_, D>, leans: &'a [Lean], but: &[u32]) -> Self {
        let problem = state.problem;
        let mut left = state.remaining.clone();
        for item in but {
            left[*item as usize] = 0;
        }
        let mut needs = vec![0.0; D + leans.len()];
        for (item, left) in problem.items.iter().zip(left).filter(|(_, left)| *left > 0) {
            for (sum, needs) in needs.iter_mut().zip(measures(leans, &item.size.map(f64::from))) {
                *sum += needs * f64::from(left);
            }
        }
        let column = |capacity: &[u32; D]| measures(leans, &capacity.map(f64::from));
        let columns = problem.kinds.iter().map(|kind| (kind.price as f64, column(&kind.capacity)));
        state.checks += (problem.items.len() * needs.len()) as u64 / 2;
        Self { leans, needs, columns: columns.collect() }
    }

    /// The least that the sand costs beside these rooms, and what a unit of each measure is worth then.
    pub(super) fn least(
        &self,
        rooms: impl Iterator<Item = [f64; D]>,
        work: &mut u64,
    ) -> (f64, Vec<f64>) {
        let mut needs = self.needs.clone();
        for room in rooms {
            for (needs, has) in needs.iter_mut().zip(measures(self.leans, &room)) {
                *needs -= has;
            }
        }
        *work += (needs.len() * self.columns.len() * 20) as u64;
        fair_prices(&needs, &self.columns)
    }
}

/// Room is worth this where a unit of each measure is worth so much.
pub(super) fn priced<const D: usize>(leans: &[Lean], measured: &[f64]) -> Room<D> {
    let (resources, prices) = measured.split_at(D);
    let worth = Worth::new(std::array::from_fn(|at| resources[at]), leans, prices);
    // Room with enough of all beside its CPU is worth no more than it is at the last of them.
    let most = worth.0.last().copied().unwrap_or([0.0; D]);
    Room { worth, ..Room::new(most, [0.0; D]) }
}

/// How much a size has of each resource, and of each measure.
fn measures<const D: usize>(leans: &[Lean], size: &[f64; D]) -> Vec<f64> {
    size.iter().copied().chain(leans.iter().map(|lean| lean.of(size))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Problem;
    use super::super::relaxed::dot;
    use super::super::samples::{item, kind};
    use super::*;

    /// Sand takes as much memory as CPU, and a quarter of it half as much.
    #[test]
    fn room_without_memory_saves_what_lean_sand_can_fill_of_it() {
        let problem = Problem {
            items: vec![item([90, 90], 1), item([1, 1], 75), item([2, 1], 13)],
            kinds: vec![kind([100, 100], 100)],
            ..Problem::default()
        };
        let leans = [0.5, 0.9].map(|ratio| Lean { at: 1, ratio, needs: 0.0 });
        let elsewhere = Elsewhere::new(&mut State::new(&problem), &leans, &[0]);
        let cost = |rooms: &[[f64; 2]]| elsewhere.least(rooms.iter().copied(), &mut 0).0;
        let all = cost(&[]);
        assert!((all - 101.0).abs() < 1e-3, "{all} for 101 of CPU and 88 of memory");
        // What has half as much memory as CPU fills this. Beyond that CPU counts as far as memory goes.
        assert!((all - cost(&[[8.0, 8.0]]) - 8.0).abs() < 1e-3);
        assert!((all - cost(&[[8.0, 4.0]]) - 8.0).abs() < 1e-3);
        assert!((all - cost(&[[8.0, 2.0]]) - 4.0).abs() < 1e-3);
        // And only as much of it as there is.
        let much = all - cost(&[[60.0, 30.0]]);
        assert!(much < 50.0, "{much} is saved by 60 of CPU");
    }

    #[test]
    fn room_is_worth_the_least_of_what_the_measures_say() {
        let leans = [0.5, 2.0].map(|ratio| Lean { at: 1, ratio, needs: 0.0 });
        let room: Room<2> = priced(&leans, &[1.0, 0.25, 3.0, 2.0]);
        let worth = |free: [f64; 2]| dot(&room.prices, &free) - room.lacks(&free);
        for free in [[10.0, 1.0], [10.0, 8.0], [10.0, 30.0]] {
            let [cpu, memory] = free;
            let measured: f64 =
                leans.iter().zip([3.0, 2.0]).map(|(lean, price)| price * lean.of(&free)).sum();
            assert!((worth(free) - (cpu + 0.25 * memory + measured)).abs() < 1e-9, "{free:?}");
        }
    }
}
