//! On what a report rests.

use super::policy;
use domain::plan::PlanningInput;
use domain::policy::{NodeTemplate, Policy};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// On what a report rests. The same basis and the same files give the same report.
#[derive(Debug, Serialize)]
pub(crate) struct Basis {
    /// When the newest of the prices was read.
    pub priced_at: Timestamp,
    /// Where prices and risks come from, with dates.
    pub sources: Vec<String>,
    /// How much Spot, and when a move is worth it.
    #[serde(serialize_with = "as_json")]
    pub policy: Policy,
    /// Which machines may be launched.
    pub template: NodeTemplate,
    /// How long was searched, in the planner's units of work.
    pub search_units: u64,
    /// Hours a modelled month has.
    pub hours_per_month: u64,
}

impl Basis {
    /// The basis of a planning input.
    pub(crate) fn new(input: &PlanningInput) -> Self {
        Self {
            priced_at: input.market.priced_at,
            sources: input.market.sources.clone(),
            policy: input.policy.clone(),
            template: input.template.clone(),
            search_units: input.budget,
            hours_per_month: crate::units::HOURS_PER_MONTH,
        }
    }
}

fn as_json<S: Serializer>(allowed: &Policy, serializer: S) -> Result<S::Ok, S::Error> {
    policy::to_json(allowed).serialize(serializer)
}
