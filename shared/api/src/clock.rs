//! Two times: the product's and the wall's.

use jiff::Timestamp;
use std::sync::Arc;

/// The product's time, which a simulation may run faster, and the wall's, by which tokens live.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Fn() -> Timestamp + Send + Sync>>);

impl Clock {
    /// Both are the system's.
    pub fn system() -> Self {
        Self(None)
    }

    /// The product's time is what `now` says.
    pub fn of(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    /// The product's time: of snapshots, prices, plans and leases.
    pub fn now(&self) -> Timestamp {
        self.0.as_ref().map_or_else(|| self.wall(), |now| now())
    }

    /// Wall-clock time: of tokens, sessions and back-off.
    #[expect(clippy::disallowed_methods, reason = "this is the place others ask")]
    pub fn wall(&self) -> Timestamp {
        Timestamp::now()
    }
}
