//! How often EC2 is expected to take Spot instances back.

use crate::instance::InstanceRecord;
use crate::offering::{CapacityType, InterruptionBucket, Pool};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Hours in a month, as AWS counts: 365 × 24 / 12.
pub const MONTH_HOURS: u64 = 730;

/// What the Spot Advisor's figure weighs, in instance-months of own experience. At its middle bucket
/// (12.5 % a month) eight make a prior as wide as its mean: the figure is of a whole region and of last
/// month, and says that little of one zone.
pub const PRIOR_INSTANCE_MONTHS: u64 = 8;

/// What was seen of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Experience {
    /// Instances that EC2 took back.
    pub interruptions: u32,
    /// Hours that instances ran there, summed.
    pub instance_hours: u64,
}

/// Own experience with Spot pools: by instance type, then by zone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RiskModel(pub BTreeMap<String, BTreeMap<String, Experience>>);

impl RiskModel {
    /// What a cluster's instances went through within `[from, to)`.
    ///
    /// An instance that was gone before anyone looked counts neither way: its hours without its end
    /// would make the pool look safer than it is.
    pub fn seen<'a>(
        records: impl IntoIterator<Item = &'a InstanceRecord>,
        from: Timestamp,
        to: Timestamp,
    ) -> Self {
        let mut sums: BTreeMap<&Pool, (u32, u64)> = BTreeMap::new();
        for record in records {
            let known = record.terminated_at.is_none() || record.reclaimed.is_some();
            let ran = record.seconds_within(from, to);
            if record.pool.capacity_type != CapacityType::Spot || !known || ran == 0 {
                continue;
            }
            let (interruptions, seconds) = sums.entry(&record.pool).or_default();
            let ended = record.terminated_at.is_some_and(|at| at <= to);
            *interruptions += u32::from(ended && record.reclaimed == Some(true));
            *seconds += ran;
        }
        let mut model = Self::default();
        for (pool, (interruptions, seconds)) in sums {
            model.note(pool, Experience { interruptions, instance_hours: seconds / 3_600 });
        }
        model
    }

    /// Notes what was seen of a pool.
    pub fn note(&mut self, pool: &Pool, seen: Experience) {
        let zones = self.0.entry(pool.instance_type.clone()).or_default();
        let known = zones.entry(pool.zone.clone()).or_default();
        known.interruptions += seen.interruptions;
        known.instance_hours += seen.instance_hours;
    }

    /// Expected interruptions of one instance of a Spot pool in a month, ppm.
    ///
    /// Interruptions are taken to be a Poisson process whose rate has a gamma prior, with the mean of
    /// the Advisor's bucket (the middle one where none is known) and the weight of
    /// [`PRIOR_INSTANCE_MONTHS`]. This is the mean of the posterior: `(prior events + seen events) /
    /// (prior exposure + exposure)`. Source: Gelman et al., Bayesian Data Analysis, 3rd ed., § 2.6.
    pub fn monthly_ppm(&self, pool: &Pool, bucket: Option<InterruptionBucket>) -> u32 {
        let prior = u128::from(bucket.unwrap_or(InterruptionBucket(2)).monthly_ppm());
        let seen = self.0.get(&pool.instance_type).and_then(|zones| zones.get(&pool.zone));
        let seen = seen.copied().unwrap_or_default();
        let weight = u128::from(PRIOR_INSTANCE_MONTHS * MONTH_HOURS);
        let events = u128::from(seen.interruptions) * 1_000_000 * u128::from(MONTH_HOURS);
        let ppm = (prior * weight + events) / (weight + u128::from(seen.instance_hours));
        u32::try_from(ppm).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offering::CapacityType;

    fn pool(zone: &str) -> Pool {
        Pool {
            instance_type: "m5.large".to_owned(),
            zone: zone.to_owned(),
            capacity_type: CapacityType::Spot,
        }
    }

    fn seen(interruptions: u32, instance_hours: u64) -> RiskModel {
        let mut model = RiskModel::default();
        model.note(&pool("a"), Experience { interruptions, instance_hours });
        model
    }

    #[test]
    fn without_experience_the_advisors_bucket_is_all_there_is() {
        let model = RiskModel::default();
        for bucket in (0..5).map(InterruptionBucket) {
            assert_eq!(model.monthly_ppm(&pool("a"), Some(bucket)), bucket.monthly_ppm());
        }
        assert_eq!(model.monthly_ppm(&pool("a"), None), 125_000);
    }

    #[test]
    fn the_posterior_is_events_over_exposure_with_the_priors_of_both() {
        // 0.125 × 8 events in 8 months before, 3 in 4 months seen: 4 / 12.
        let model = seen(3, 4 * MONTH_HOURS);
        assert_eq!(model.monthly_ppm(&pool("a"), Some(InterruptionBucket(2))), 333_333);
        assert_eq!(model.monthly_ppm(&pool("b"), Some(InterruptionBucket(2))), 125_000);
    }

    #[test]
    fn experience_is_spot_hours_and_reclaimed_ends_within_the_window_of_ends_that_were_seen() {
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        let ran =
            |pool: Pool, from: i64, to: Option<i64>, reclaimed: Option<bool>| InstanceRecord {
                instance_id: format!("i-{from}"),
                pool,
                node_group: None,
                launched_at: at(from),
                terminated_at: to.map(at),
                reclaimed,
                seen_at: at(100),
                overlap: None,
            };
        let bought = Pool { capacity_type: CapacityType::OnDemand, ..pool("a") };
        let records = [
            ran(pool("a"), 0, Some(12), Some(true)),
            ran(pool("a"), 5, Some(30), Some(false)),
            ran(pool("a"), 90, None, None),
            // It ended as the window began.
            ran(pool("b"), 0, Some(10), Some(true)),
            // It was gone before anyone looked.
            ran(pool("c"), 20, Some(30), None),
            ran(bought, 10, Some(20), Some(true)),
        ];
        let mut expected = RiskModel::default();
        expected.note(&pool("a"), Experience { interruptions: 1, instance_hours: 2 + 20 + 10 });
        assert_eq!(RiskModel::seen(&records, at(10), at(100)), expected);
    }

    #[test]
    fn quiet_months_lower_the_rate_and_much_experience_outweighs_the_bucket() {
        let calm = seen(0, 8 * MONTH_HOURS).monthly_ppm(&pool("a"), Some(InterruptionBucket(4)));
        assert_eq!(calm, 125_000);
        let known = seen(2_000, 1_000 * MONTH_HOURS);
        let rate = known.monthly_ppm(&pool("a"), Some(InterruptionBucket(0)));
        assert!((1_980_000..2_000_000).contains(&rate), "{rate}");
    }
}
