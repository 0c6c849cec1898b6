//! Time as a drain needs it: what time it is, and waiting.

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// A clock that can be waited on. Simulated clusters bring one that runs faster; tests one that
/// jumps.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    sleep: Arc<dyn Fn(SignedDuration) -> BoxFuture<'static, ()> + Send + Sync>,
}

impl Clock {
    /// A clock of two functions.
    pub fn new(
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        sleep: impl Fn(SignedDuration) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self { now: Arc::new(now), sleep: Arc::new(sleep) }
    }

    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "this is the place others ask")]
    pub fn system() -> Self {
        Self::running(Timestamp::now, 1)
    }

    /// A clock that passes `speed` seconds in one real second (0 counts as 1).
    pub fn running(now: impl Fn() -> Timestamp + Send + Sync + 'static, speed: u32) -> Self {
        Self::new(now, move |time| {
            let real = Duration::try_from(time).unwrap_or_default() / speed.max(1);
            Box::pin(tokio::time::sleep(real))
        })
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Waits.
    pub async fn sleep(&self, time: SignedDuration) {
        (self.sleep)(time).await;
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}
