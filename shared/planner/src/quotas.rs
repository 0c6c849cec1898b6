//! The caps on Spot as limits of a packing.

use crate::caps::{Cap, by_cap};
use crate::fleet::SpotCpu;
use crate::model::Model;
use crate::packing::Quota;
use domain::offering::Pool;
use std::collections::BTreeMap;

/// Limits on Spot CPU, and what is used of them.
pub(crate) struct Quotas<'a> {
    model: &'a Model<'a>,
    used: BTreeMap<Cap, SpotCpu>,
    basis: u64,
    numbers: BTreeMap<Cap, u32>,
    pub(crate) limits: Vec<Quota>,
    pools: BTreeMap<Pool, u32>,
}

impl<'a> Quotas<'a> {
    pub(crate) fn new(
        model: &'a Model<'a>,
        spot_cpu: &BTreeMap<Pool, SpotCpu>,
        basis: u64,
    ) -> Self {
        Self {
            model,
            used: by_cap(spot_cpu),
            basis,
            numbers: BTreeMap::new(),
            limits: Vec::new(),
            pools: BTreeMap::new(),
        }
    }

    /// The limits that a pool counts against, by number.
    pub(crate) fn of(&mut self, pool: &Pool) -> Vec<u32> {
        let caps = Cap::of(pool).into_iter().filter(|cap| cap.percent(self.model) < 100);
        caps.map(|cap| {
            let used = self.used.get(&cap).map_or(0, |used| used.cpu);
            let limit = Quota { limit: self.basis * cap.percent(self.model) / 100, used };
            let next = self.limits.len() as u32;
            let number = *self.numbers.entry(cap).or_insert(next);
            if number == next {
                self.limits.push(limit);
            }
            number
        })
        .collect()
    }

    /// A pool's number.
    pub(crate) fn pool(&mut self, pool: &Pool) -> u32 {
        let next = self.pools.len() as u32;
        *self.pools.entry(pool.clone()).or_insert(next)
    }
}
