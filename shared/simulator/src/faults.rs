//! Faults on demand: what a test wants to go wrong, and when.

use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// Something that shall go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Part of a call's label: `aws eks:CreateNodegroup`, `kubernetes web-prod POST /api/v1/…/eviction`.
    pub call: String,
    /// Matching calls that still go well before it.
    pub after: u32,
    /// How many matching calls it hits from then on.
    pub times: u32,
    /// What happens to them.
    pub effect: FaultEffect,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultEffect {
    /// Answered with "too many requests"; nothing is done.
    Throttle,
    /// Answered with an internal error; nothing is done.
    FailBefore,
    /// Done, and then answered with an internal error.
    FailAfter,
    /// The connection breaks; nothing is done.
    HangUpBefore,
    /// Done, and then the connection breaks.
    HangUpAfter,
    /// This process dies; nothing is done.
    DieBefore,
    /// Done and saved, and then this process dies.
    DieAfter,
}

impl FaultEffect {
    /// It strikes before anything is done.
    pub(crate) const fn is_before(self) -> bool {
        matches!(self, Self::Throttle | Self::FailBefore | Self::HangUpBefore | Self::DieBefore)
    }
}

/// The faults of a world. Not saved with it.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Planned>);

#[derive(Debug, Default)]
struct Planned {
    faults: Vec<Fault>,
    journal: Option<Vec<String>>,
    /// Calls that change something until the process dies.
    changes_left: Option<u32>,
}

impl Faults {
    /// Adds a fault.
    pub fn inject(&self, fault: Fault) {
        self.with(|planned| planned.faults.push(fault));
    }

    /// Forgets all faults.
    pub fn clear(&self) {
        self.with(|planned| planned.faults.clear());
    }

    /// The process dies right after the `nth` call from now that changes something, counted from 1.
    pub fn die_after_change(&self, nth: u32) {
        self.with(|planned| planned.changes_left = Some(nth));
    }

    /// From now on keeps the labels of the calls that change something, for [`Self::journal`].
    pub fn keep_journal(&self) {
        self.with(|planned| planned.journal = Some(Vec::new()));
    }

    /// The labels of the changing calls since [`Self::keep_journal`]: each is a place to crash at.
    pub fn journal(&self) -> Vec<String> {
        self.with(|planned| planned.journal.clone().unwrap_or_default())
    }

    /// What shall happen to this call. Those through the world's own APIs ask for themselves; a test
    /// asks for what else the process calls, such as its table.
    pub fn strike(&self, label: &str, is_mutation: bool) -> Option<FaultEffect> {
        self.with(|planned| {
            if let Some(journal) = planned.journal.as_mut().filter(|_| is_mutation) {
                journal.push(label.to_owned());
            }
            let mut effect = None;
            if let Some(left) = planned.changes_left.as_mut().filter(|_| is_mutation) {
                *left = left.saturating_sub(1);
                effect = (*left == 0).then_some(FaultEffect::DieAfter);
            }
            for fault in planned.faults.iter_mut().filter(|fault| label.contains(&fault.call)) {
                if fault.after > 0 {
                    fault.after -= 1;
                } else if fault.times > 0 && effect.is_none() {
                    fault.times -= 1;
                    effect = Some(fault.effect);
                }
            }
            effect
        })
    }

    fn with<R>(&self, change: impl FnOnce(&mut Planned) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_the_matching_calls_it_was_told_to() {
        let faults = Faults::default();
        let effect = FaultEffect::Throttle;
        faults.inject(Fault { call: "eks:".into(), after: 1, times: 2, effect });
        let strikes = |label| faults.strike(label, false).is_some();
        assert_eq!(
            ["aws eks:A", "aws ec2:B", "aws eks:A", "aws eks:C", "aws eks:A"].map(strikes),
            [false, false, true, true, false]
        );
    }
}
