//! Going through many tenants' things, one of which may fail.

use crate::Ctx;
use domain::{ClusterId, Tenant};
use storage::key::SWEEP_SHARDS;

/// A cluster of some tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterOf {
    /// Whose.
    pub tenant: Tenant,
    /// Which.
    pub cluster: ClusterId,
}

impl std::fmt::Display for ClusterOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.cluster)
    }
}

/// Every registered cluster of every tenant.
pub async fn all_clusters(ctx: &Ctx) -> Result<Vec<ClusterOf>, storage::Error> {
    let mut clusters = Vec::new();
    for shard in 0..SWEEP_SHARDS {
        let found = ctx.table.directory(shard).await?.into_iter();
        clusters.extend(found.map(|(tenant, cluster)| ClusterOf { tenant, cluster }));
    }
    Ok(clusters)
}

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// What there is to do could not be listed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// Some of it failed.
    #[error(transparent)]
    Some(#[from] SomeFailed),
}

/// Why one of the things a job went through failed.
#[derive(Debug, thiserror::Error)]
pub enum OneFailed {
    /// The table or the object store.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The customer's AWS.
    #[error(transparent)]
    Cloud(#[from] cloud::Error),
    /// What is stored does not fit together.
    #[error("{0}")]
    Inconsistent(String),
}

/// Some of what a job went through failed; each failure was logged.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {all} {what} failed")]
pub struct SomeFailed {
    what: &'static str,
    failed: usize,
    all: usize,
}

/// Does `work` for each of `items`. One that fails is logged and does not stop the others; the whole
/// fails at the end, so that the alarm rings.
pub async fn each<T: std::fmt::Display, E: std::error::Error + 'static>(
    what: &'static str,
    items: &[T],
    work: impl AsyncFn(&T) -> Result<(), E>,
) -> Result<(), SomeFailed> {
    let mut failed = 0;
    for item in items {
        if let Err(error) = work(item).await {
            failed += 1;
            let cause = crate::logs::chain(&error);
            tracing::error!(%item, cause, "one of {what} failed");
        }
    }
    if failed > 0 { Err(SomeFailed { what, failed, all: items.len() }) } else { Ok(()) }
}
