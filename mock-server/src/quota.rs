//! Requests per window, counted over the `now` that is given.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// When a count starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// At 0:00 UTC.
    UtcDay,
    /// An hour after the first call that it counts.
    HourFromFirst,
}

/// One call, counted towards a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Whose calls, and of which kind.
    pub key: Cow<'static, str>,
    /// When the count starts again.
    pub window: Window,
}

/// How much of a window is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Calls counted since the window began.
    pub used: u64,
    /// When the window ends; for a window that no call has begun, when it would end if one began now.
    pub ends: Timestamp,
}

/// What was counted so far, by key.
#[derive(Clone, Debug, Default)]
pub struct Usage(HashMap<Cow<'static, str>, Tally>);

impl Usage {
    /// How much of the window around `now` is used.
    pub fn tally(&self, key: &str, window: Window, now: Timestamp) -> Tally {
        let fresh = Tally {
            used: 0,
            ends: window.end(now),
        };
        match self.0.get(key) {
            // A clock that was set back starts a window of its own.
            Some(tally) if now < tally.ends && window.end(now) >= tally.ends => *tally,
            _ => fresh,
        }
    }

    /// Counts one call at `now`.
    pub fn count(&mut self, count: &Count, now: Timestamp) {
        let mut tally = self.tally(&count.key, count.window, now);
        tally.used += 1;
        self.0.insert(count.key.clone(), tally);
    }
}

impl Window {
    /// When the window ends that begins, or is running, at `now`.
    fn end(self, now: Timestamp) -> Timestamp {
        let end = match self {
            Self::UtcDay => {
                let second = now.as_second();
                Timestamp::from_second(second - second.rem_euclid(86_400) + 86_400).ok()
            }
            Self::HourFromFirst => now.checked_add(SignedDuration::from_hours(1)).ok(),
        };
        end.unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let mut usage = Usage::default();
        let count = Count {
            key: "a".into(),
            window: Window::UtcDay,
        };
        usage.count(&count, at("2026-01-01T00:00:00Z"));
        usage.count(&count, at("2026-01-01T23:59:59.999Z"));
        assert_eq!(
            usage
                .tally("a", Window::UtcDay, at("2026-01-01T23:59:59.999Z"))
                .used,
            2
        );
        assert_eq!(
            usage
                .tally("a", Window::UtcDay, at("2026-01-02T00:00:00Z"))
                .used,
            0
        );
        assert_eq!(
            usage
                .tally("b", Window::UtcDay, at("2026-01-01T12:00:00Z"))
                .used,
            0
        );
    }

    #[test]
    fn an_hour_begins_with_its_first_call() {
        let mut usage = Usage::default();
        let count = Count {
            key: "a".into(),
            window: Window::HourFromFirst,
        };
        usage.count(&count, at("2026-01-01T00:30:00Z"));
        usage.count(&count, at("2026-01-01T01:29:59Z"));
        let tally = usage.tally("a", Window::HourFromFirst, at("2026-01-01T01:29:59Z"));
        assert_eq!((tally.used, tally.ends), (2, at("2026-01-01T01:30:00Z")));
        assert_eq!(
            usage
                .tally("a", Window::HourFromFirst, at("2026-01-01T01:30:00Z"))
                .used,
            0
        );
    }

    #[test]
    fn a_clock_set_back_starts_afresh() {
        let mut usage = Usage::default();
        usage.count(
            &Count {
                key: "a".into(),
                window: Window::UtcDay,
            },
            at("2026-01-03T12:00:00Z"),
        );
        assert_eq!(
            usage
                .tally("a", Window::UtcDay, at("2026-01-01T12:00:00Z"))
                .used,
            0
        );
    }
}
