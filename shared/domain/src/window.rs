//! Hours of the week in a time zone: maintenance windows, and when a disruption budget holds.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most minutes a window may be open: a week.
pub const MOST_MINUTES: u32 = 7 * 24 * 60;

/// A window that opens at a local time on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Days on which it opens; empty is every day.
    #[serde(default)]
    pub days: BTreeSet<Day>,
    /// When it opens, local time. Where the clock skips that time it opens when the clock has skipped,
    /// and where the clock shows it twice, the first time.
    pub start: Time,
    /// For how long it stays open, minutes that pass; a change of the clock does not move its end.
    pub duration_minutes: u32,
    /// IANA time zone such as `Europe/Berlin`. A window in a zone nobody knows never opens.
    pub zone: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "they say all there is to say")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    fn of(weekday: Weekday) -> Self {
        Self::ALL[weekday.to_monday_zero_offset() as usize]
    }
}

impl Window {
    /// Whether `now` is within it; its end is not.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let Ok(zone) = TimeZone::get(&self.zone) else { return false };
        let minutes = self.duration_minutes.min(MOST_MINUTES);
        let open = SignedDuration::from_mins(i64::from(minutes));
        let today = now.to_zoned(zone.clone()).date();
        // One that opened days ago may be open still.
        (0..=i64::from(minutes) / (24 * 60) + 1).any(|ago| {
            let Ok(day) = today.checked_sub(ago.days()) else { return false };
            let Ok(opens) = day.to_datetime(self.start).to_zoned(zone.clone()) else {
                return false;
            };
            let opens = opens.timestamp();
            (self.days.is_empty() || self.days.contains(&Day::of(day.weekday())))
                && opens <= now
                && now.duration_since(opens) < open
        })
    }
}

/// Whether one of the windows is open; without any, everything is allowed at all times.
pub fn any_open(windows: &[Window], now: Timestamp) -> bool {
    windows.is_empty() || windows.iter().any(|window| window.is_open(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(days: &[Day], start: &str, duration_minutes: u32, zone: &str) -> Window {
        Window {
            days: days.iter().copied().collect(),
            start: start.parse().unwrap(),
            duration_minutes,
            zone: zone.to_owned(),
        }
    }

    fn open(window: &Window, at: &str) -> bool {
        window.is_open(at.parse().unwrap())
    }

    #[test]
    fn a_window_opens_at_its_local_time_and_closes_after_its_minutes() {
        let nightly = window(&[], "22:00", 120, "Asia/Kolkata");
        assert!(!open(&nightly, "2026-03-01T16:29:59Z"));
        assert!(open(&nightly, "2026-03-01T16:30:00Z"));
        assert!(open(&nightly, "2026-03-01T18:29:59Z"));
        assert!(!open(&nightly, "2026-03-01T18:30:00Z"));
    }

    #[test]
    fn a_window_past_midnight_belongs_to_the_day_it_opened_on() {
        let saturday = window(&[Day::Saturday], "23:00", 180, "UTC");
        // 2026-03-07 is a Saturday.
        assert!(open(&saturday, "2026-03-08T01:59:00Z"));
        assert!(!open(&saturday, "2026-03-08T23:30:00Z"));
        assert!(!open(&saturday, "2026-03-07T01:00:00Z"));
        let weekend = window(&[Day::Friday], "18:00", 62 * 60, "UTC");
        assert!(open(&weekend, "2026-03-09T07:59:00Z"));
        assert!(!open(&weekend, "2026-03-09T08:00:00Z"));
    }

    #[test]
    fn a_window_that_opens_in_the_hour_the_clock_skips_opens_after_it_and_keeps_its_length() {
        // 2026-03-29: 02:00 to 03:00 does not exist in Berlin; 03:00 there is 01:00 UTC.
        let skipped = window(&[], "02:30", 60, "Europe/Berlin");
        assert!(!open(&skipped, "2026-03-29T01:29:00Z"));
        assert!(open(&skipped, "2026-03-29T01:30:00Z"));
        assert!(!open(&skipped, "2026-03-29T02:30:00Z"));
        let across = window(&[], "01:30", 120, "Europe/Berlin");
        assert!(open(&across, "2026-03-29T02:29:00Z") && !open(&across, "2026-03-29T02:30:00Z"));
    }

    #[test]
    fn a_window_opens_once_in_the_hour_the_clock_shows_twice() {
        // 2026-10-25: 02:30 comes twice in Berlin, at 00:30 and at 01:30 UTC.
        let twice = window(&[], "02:30", 30, "Europe/Berlin");
        assert!(open(&twice, "2026-10-25T00:30:00Z"));
        assert!(!open(&twice, "2026-10-25T01:30:00Z"));
    }

    #[test]
    fn a_window_in_an_unknown_zone_never_opens_and_no_windows_are_always_open() {
        let nowhere = window(&[], "00:00", MOST_MINUTES, "Mars/Olympus");
        let now = "2026-10-25T00:30:00Z".parse().unwrap();
        assert!(!nowhere.is_open(now));
        assert!(!any_open(&[nowhere], now));
        assert!(any_open(&[], now));
    }
}
