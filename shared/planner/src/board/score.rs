//! What the scheduler likes of a node.

use super::{Board, Seat, mix};
use crate::model::Class;

impl Board<'_> {
    /// A node's score for a pod; the highest gets it.
    pub(super) fn score(&self, made: &Class, seat: &Seat) -> i64 {
        let left = |resource: usize| {
            let free = seat.free[resource].saturating_sub(made.size[resource]);
            i64::from(free.saturating_mul(100) / seat.allocatable[resource].max(1))
        };
        let (cpu, memory) = (left(0), left(1));
        let balanced = 100 - (cpu - memory).abs() / 2;
        let workload = made.workload as usize;
        let here = seat.replicas_of(made.workload);
        let zone = seat.zone.map_or(0, |zone| self.siblings_in[workload][usize::from(zone)]);
        let near = 25 * i64::from(here) + 8 * i64::from(zone);
        let chance = match self.temper.noise {
            0 => 0,
            noise => mix(self.temper.seed << 32 ^ self.checks) % noise,
        };
        let preferred = made.preference.as_ref().map_or(0, |preference| preference.met(seat.site));
        i64::midpoint(cpu, memory) + self.temper.balance * balanced + 2 * i64::from(preferred)
            - near
            + chance as i64
    }
}
