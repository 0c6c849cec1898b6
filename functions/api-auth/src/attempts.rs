//! Back-off after wrong passwords, per account and per network address. Never a lock: the longest
//! wait is a minute, and it is the same for accounts that do not exist.

use api::{App, Error, Requested};
use jiff::{SignedDuration, Timestamp};
use storage::{Attempts, Counter};

/// Attempts without a wait: for an account, and for an address that many may share.
const FREE: u32 = 5;
const FREE_ADDRESS: u32 = 50;

/// Longest wait in seconds.
const LONGEST: u32 = 60;

/// Counts one attempt, or refuses it where the ones before ask for a wait.
pub(crate) async fn count(app: &App, email: &str, requested: &Requested) -> Result<(), Error> {
    let wall = app.clock.wall();
    let account = (Counter::Account(email), FREE);
    let address =
        requested.address.as_deref().map(|address| (Counter::Address(address), FREE_ADDRESS));
    for (counter, free) in [Some(account), address].into_iter().flatten() {
        // What is refused here is not counted: somebody who hammers an account would lock it.
        judge(app.table().attempts(counter, wall).await?, free, wall)?;
        // Of many attempts at once, each sees the ones before.
        judge(app.table().count_attempt(counter, wall).await?, free, wall)?;
    }
    Ok(())
}

/// Forgets an account's attempts, after the right password.
pub(crate) async fn forget(app: &App, email: &str) -> Result<(), Error> {
    Ok(app.table().clear_attempts(Counter::Account(email)).await?)
}

fn judge(before: Attempts, free: u32, wall: Timestamp) -> Result<(), Error> {
    let Some(over) = before.count.checked_sub(free) else { return Ok(()) };
    let wait = 2_u32.saturating_pow(over).min(LONGEST);
    let since = before.last_at.map_or(SignedDuration::MAX, |last| wall.duration_since(last));
    let left = SignedDuration::from_secs(wait.into()).saturating_sub(since).as_millis();
    if left <= 0 {
        return Ok(());
    }
    Err(Error::TooManyRequests { retry_after_seconds: (left as u64).div_ceil(1_000) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(count: u32, seconds_ago: i64) -> Option<u64> {
        let wall = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let last_at = Some(wall - SignedDuration::from_secs(seconds_ago));
        match judge(Attempts { count, last_at }, FREE, wall) {
            Err(Error::TooManyRequests { retry_after_seconds }) => Some(retry_after_seconds),
            _ => None,
        }
    }

    #[test]
    fn waits_double_up_to_a_minute_and_run_out() {
        let waits: Vec<_> = [0, 4, 5, 6, 8, 11, 500].map(|count| wait(count, 0)).into();
        assert_eq!(waits, [None, None, Some(1), Some(2), Some(8), Some(60), Some(60)]);
        assert_eq!(wait(8, 3), Some(5));
        assert_eq!(wait(500, 60), None);
    }
}
