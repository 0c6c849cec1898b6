//! The simulated world's time.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A clock that runs as fast as it is told, or only when it is told. Clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<Face>>);

#[derive(Debug)]
struct Face {
    /// What it showed at `since`.
    shown: Timestamp,
    since: Instant,
    /// Simulated seconds in a real one; 0 stands still.
    speed: u32,
}

impl Clock {
    /// Shows `start` now and goes `speed` times as fast as real time.
    #[expect(
        clippy::disallowed_methods,
        reason = "what it shows follows from the time that really passes"
    )]
    pub fn running(start: Timestamp, speed: u32) -> Self {
        Self(Arc::new(Mutex::new(Face { shown: start, since: Instant::now(), speed })))
    }

    /// Stands still until [`Self::advance`].
    pub fn manual(start: Timestamp) -> Self {
        Self::running(start, 0)
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        self.with(|face| face.now())
    }

    /// Puts it forward.
    pub fn advance(&self, by: SignedDuration) {
        self.with(|face| face.shown += by);
    }

    /// Puts it forward to `time` where it shows less: a world never sees time go back.
    pub fn not_before(&self, time: Timestamp) {
        self.with(|face| {
            let behind = time.duration_since(face.now());
            if behind > SignedDuration::ZERO {
                face.shown += behind;
            }
        });
    }

    fn with<R>(&self, look: impl FnOnce(&mut Face) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Face {
    fn now(&self) -> Timestamp {
        let real = self.since.elapsed();
        let simulated = SignedDuration::try_from(real * self.speed);
        self.shown.saturating_add(simulated.unwrap_or_default()).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let twin = clock.clone();
        clock.advance(SignedDuration::from_secs(5));
        assert_eq!(twin.now().as_second(), 5);
        clock.not_before(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now().as_second(), 5);
        clock.not_before(Timestamp::from_second(60).unwrap());
        assert_eq!(clock.now().as_second(), 60);
    }
}
