//! An optimisation: the life of one plan for one cluster.

use crate::ids::{ClusterId, PlanId};
use crate::money::Money;
use crate::plan::{PlanState, Position};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An optimisation: a plan's life apart from the plan itself, whose body is in the object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Optimization {
    /// Which.
    pub id: PlanId,
    /// Of which cluster.
    pub cluster: ClusterId,
    /// Grows with every plan of the cluster.
    pub generation: u64,
    /// Where it stands.
    pub state: PlanState,
    /// SHA-256 of the plan's bytes, lower-case hex: what is approved is exactly this.
    pub plan_hash: String,
    /// Where the plan is in the object store.
    pub plan_key: String,
    /// Where the planning input is in the object store.
    pub input_key: String,
    /// Before and after, so that lists need not read the plan.
    pub before: Position,
    /// See `before`.
    pub after: Position,
    /// The plan's lower bound.
    pub lower_bound_per_hour: Money,
    /// The plan's gap above it, ppm.
    pub gap_ppm: i64,
    /// Number of commands.
    pub commands: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is no longer to be approved.
    pub expires_at: Timestamp,
    /// Who approved it: a person, or `policy`.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<Timestamp>,
    /// When it reached a final state.
    pub finished_at: Option<Timestamp>,
    /// Why it failed or was cancelled.
    pub failure: Option<String>,
    /// What the finished plan saves by the prices and nodes then seen, per hour.
    pub measured_saving_per_hour: Option<Money>,
}

/// Minutes a proposed plan may wait for approval: a day, for people sleep.
pub const APPROVAL_MINUTES: i64 = 24 * 60;

/// Why a plan may not be approved or cancelled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionRefused {
    /// The state does not allow it.
    #[error("the plan is {from:?} and cannot become {to:?}")]
    State {
        /// What it is.
        from: PlanState,
        /// What it should become.
        to: PlanState,
    },
    /// A newer plan exists.
    #[error("a newer plan of this cluster exists (generation {current}, this one is {own})")]
    Overtaken {
        /// This plan's generation.
        own: u64,
        /// The newest.
        current: u64,
    },
    /// The hash is of another plan.
    #[error("the plan hash is not this plan's: read the plan again before approving it")]
    OtherHash,
    /// It waited too long.
    #[error("the plan expired at {at}: ask for a new one")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// It has nothing to do.
    #[error("the plan has no commands: there is nothing to carry out")]
    NothingToDo,
}

impl Optimization {
    /// Whether something may still come of it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        match self.state {
            PlanState::Proposed => now < self.expires_at,
            state => !state.is_final(),
        }
    }

    /// Approves it.
    pub fn approve(
        &mut self,
        by: &str,
        plan_hash: &str,
        current_generation: u64,
        now: Timestamp,
    ) -> Result<(), TransitionRefused> {
        self.check(PlanState::Approved)?;
        if now >= self.expires_at {
            return Err(TransitionRefused::Expired { at: self.expires_at });
        }
        if self.generation != current_generation {
            return Err(TransitionRefused::Overtaken {
                own: self.generation,
                current: current_generation,
            });
        }
        if self.plan_hash != plan_hash {
            return Err(TransitionRefused::OtherHash);
        }
        if self.commands == 0 {
            return Err(TransitionRefused::NothingToDo);
        }
        self.state = PlanState::Approved;
        self.approved_by = Some(by.to_owned());
        self.approved_at = Some(now);
        Ok(())
    }

    /// Begins to carry it out.
    pub fn begin(&mut self) -> Result<(), TransitionRefused> {
        self.check(PlanState::Applying)?;
        self.state = PlanState::Applying;
        Ok(())
    }

    /// Ends it in a final state.
    pub fn finish(
        &mut self,
        state: PlanState,
        failure: Option<String>,
        now: Timestamp,
    ) -> Result<(), TransitionRefused> {
        self.check(state)?;
        self.state = state;
        self.failure = failure;
        self.finished_at = Some(now);
        Ok(())
    }

    fn check(&self, to: PlanState) -> Result<(), TransitionRefused> {
        if self.state.may_become(to) {
            Ok(())
        } else {
            Err(TransitionRefused::State { from: self.state, to })
        }
    }
}
