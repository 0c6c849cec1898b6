//! Faults on demand: what a test wants to go wrong, and when.

use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// Something that shall go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Part of a call's label: `aws eks:CreateNodegroup`, `kubernetes web-prod POST /api/v1/…/eviction`.
    /// Empty: any call that changes something.
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

impl Fault {
    fn matches(&self, label: &str, is_mutation: bool) -> bool {
        if self.call.is_empty() { is_mutation } else { label.contains(&self.call) }
    }
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
            let matching =
                planned.faults.iter_mut().filter(|fault| fault.matches(label, is_mutation));
            for fault in matching {
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

    #[test]
    fn a_fault_without_a_call_strikes_calls_that_change_something() {
        let faults = Faults::default();
        let effect = FaultEffect::DieAfter;
        faults.inject(Fault { call: String::new(), after: 1, times: 1, effect });
        let struck = [("a", true), ("b", false), ("c", true), ("d", true)]
            .map(|(label, is_mutation)| faults.strike(label, is_mutation).is_some());
        assert_eq!(struck, [false, false, true, false]);
    }
}
