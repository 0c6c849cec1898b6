//! Whether a change earns back what it costs, before the next interruption.

use crate::fleet::{Fleet, launched_risk, risk};
use crate::model::Model;
use crate::steps::{Step, saving};
use domain::Money;
use domain::risk::MONTH_HOURS;

/// What a change costs and earns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gain {
    /// Prices of retired nodes less prices of launched ones, in an hour.
    pub(crate) saving: Money,
    /// What interruptions are expected to cost more, in an hour.
    pub(crate) added_risk: Money,
    /// Pods that are evicted.
    pub(crate) evictions: u32,
    /// What that is held to cost.
    pub(crate) disruption: Money,
    /// For how long the saving may be expected to last, seconds.
    pub(crate) life_seconds: u64,
}

impl Gain {
    /// Of one step.
    pub(crate) fn of_step(model: &Model<'_>, fleet: &Fleet, step: &Step) -> Self {
        let launched = step.launch.iter().map(|at| launched_risk(model, &fleet.launched[*at]));
        let retired = step.retire.iter().map(|at| &model.nodes[*at as usize]);
        let retired = retired.map(|node| {
            risk(model, node.interruption_ppm, node.price.unwrap_or_default(), node.evictable)
        });
        let added = money(launched.sum()) - money(retired.sum());
        let shapes = step.launch.iter().map(|at| fleet.launched[*at].shape);
        Self::new(model, saving(model, fleet, step), added, step.retire.iter(), shapes)
    }

    /// Of a whole fleet in place of another that retires nothing.
    pub(crate) fn of_fleet(model: &Model<'_>, staying: &Fleet, fleet: &Fleet) -> Self {
        let saving = staying.cost_change(model) - fleet.cost_change(model);
        let added = money(fleet.interruption_cost(model)) - money(staying.interruption_cost(model));
        let shapes = fleet.launched.iter().map(|new| new.shape);
        Self::new(model, saving, added, fleet.retired.iter(), shapes)
    }

    fn new<'a>(
        model: &Model<'_>,
        saving: Money,
        added_risk: Money,
        retired: impl Iterator<Item = &'a u32>,
        shapes: impl Iterator<Item = u32>,
    ) -> Self {
        let policy = &model.input.policy;
        let evictions: u32 = retired.map(|at| model.nodes[*at as usize].evictable).sum();
        // A new node lasts until it is interrupted: by the mean of its rate, so many seconds.
        let (nodes, ppm) = shapes.fold((0_u64, 0_u64), |(nodes, ppm), shape| {
            (nodes + 1, ppm + u64::from(model.shapes[shape as usize].interruption_ppm))
        });
        let uninterrupted = (nodes * MONTH_HOURS * 3_600 * 1_000_000).checked_div(ppm);
        let payback = u64::from(policy.payback_hours) * 3_600;
        Self {
            saving,
            added_risk,
            evictions,
            disruption: policy.disruption_cost_per_pod * u64::from(evictions),
            life_seconds: payback.min(uninterrupted.unwrap_or(u64::MAX)),
        }
    }

    /// What it earns in an hour.
    pub(crate) fn net(&self) -> Money {
        self.saving - self.added_risk
    }

    /// Whether what it earns for as long as it lasts is more than the disruption costs.
    pub(crate) fn pays(&self) -> bool {
        let earned = i128::from(self.net().nanos()) * i128::from(self.life_seconds);
        self.net() > Money::ZERO && earned > i128::from(self.disruption.nanos()) * 3_600
    }

    /// Seconds until it has earned the disruption back; 0 where it never will.
    pub(crate) fn payback_seconds(&self) -> u64 {
        let cost = i128::from(self.disruption.nanos()) * 3_600;
        let seconds = cost.checked_div(i128::from(self.net().nanos().max(0))).unwrap_or(0);
        u64::try_from(seconds).unwrap_or(u64::MAX)
    }
}

fn money(nanos: u128) -> Money {
    Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}
