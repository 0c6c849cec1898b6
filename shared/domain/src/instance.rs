//! The instances a cluster had, for the ledger and for people.

use crate::offering::Pool;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An instance that is or was a node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRecord {
    /// `i-0123…`.
    pub instance_id: String,
    /// Type, zone and how it is bought.
    #[serde(flatten)]
    pub pool: Pool,
    /// The managed node group, where there is one.
    pub node_group: Option<String>,
    /// When EC2 launched it: billing starts.
    pub launched_at: Timestamp,
    /// When it ended: billing stops. Absent while it runs.
    pub terminated_at: Option<Timestamp>,
    /// Whether EC2 took it back. Absent while it runs, and where it was gone before anyone looked.
    #[serde(default)]
    pub reclaimed: Option<bool>,
    /// When its state was last read.
    pub seen_at: Timestamp,
    /// When it was there only because it was being replaced by, or was replacing, another: from the
    /// launch of the new to the end of the old. The ledger books that time as overlap.
    #[serde(default)]
    pub overlap: Option<(Timestamp, Timestamp)>,
}

impl InstanceRecord {
    /// Seconds it ran within `[from, to)`, a started second counted as EC2 bills it.
    pub fn seconds_within(&self, from: Timestamp, to: Timestamp) -> u64 {
        let start = self.launched_at.max(from);
        let end = self.terminated_at.map_or(to, |end| end.min(to));
        let nanos = end.duration_since(start).as_nanos().max(0);
        (nanos as u128).div_ceil(1_000_000_000) as u64
    }
}
