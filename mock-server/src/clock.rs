//! A sandbox's clock: the system's, one that stands still, or one that runs beside the system's.
//!
//! Nothing here reads a clock. The edge hands in the system's time.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

/// What a sandbox's time is, given the system's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The system's time.
    #[default]
    System,
    /// Always the same instant.
    Fixed(Timestamp),
    /// The system's time and this much more, or less.
    Shifted(SignedDuration),
}

/// A time before 1970 or after 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock runs from 1970 to 9999")]
pub struct OutOfRange;

/// A text that says no time of a clock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// It is neither.
    #[error("expected `system` or an instant such as 2026-01-31T00:00:00Z, not {0:?}")]
    Unreadable(String),
    /// The clock cannot show it.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

/// `system`, or an instant (RFC 3339) at which the clock stands still.
impl FromStr for Clock {
    type Err = ClockError;

    fn from_str(text: &str) -> Result<Self, ClockError> {
        if text == "system" {
            return Ok(Self::System);
        }
        let now = text
            .parse()
            .map_err(|_| ClockError::Unreadable(text.to_owned()))?;
        Ok(Self::fixed(now)?)
    }
}

impl Clock {
    /// The sandbox's time when the system's is `system`. It stays within 1970 to 9999.
    pub fn now(self, system: Timestamp) -> Timestamp {
        let now = match self {
            Self::System => system,
            Self::Fixed(now) => now,
            Self::Shifted(offset) => system.saturating_add(offset).unwrap_or(system),
        };
        now.max(Timestamp::UNIX_EPOCH)
    }

    /// A clock that stands still at `now`.
    ///
    /// # Errors
    ///
    /// When that is not in the years 1970 to 9999.
    pub fn fixed(now: Timestamp) -> Result<Self, OutOfRange> {
        in_range(now).map(Self::Fixed)
    }

    /// A clock that runs `offset` ahead of the system's.
    ///
    /// # Errors
    ///
    /// When it would not now be in the years 1970 to 9999.
    pub fn shifted(offset: SignedDuration, system: Timestamp) -> Result<Self, OutOfRange> {
        in_range(system.checked_add(offset).map_err(|_| OutOfRange)?).map(|_| Self::Shifted(offset))
    }

    /// The same clock, `by` later. A clock that followed the system runs ahead of it afterwards.
    ///
    /// # Errors
    ///
    /// When it would then leave the years 1970 to 9999.
    pub fn advanced(self, by: SignedDuration, system: Timestamp) -> Result<Self, OutOfRange> {
        match self {
            Self::System => Self::shifted(by, system),
            Self::Fixed(now) => Self::fixed(now.checked_add(by).map_err(|_| OutOfRange)?),
            Self::Shifted(offset) => {
                Self::shifted(offset.checked_add(by).ok_or(OutOfRange)?, system)
            }
        }
    }

    /// How long a client must wait until the sandbox's time is `due`; none if it never will be.
    pub fn until(self, due: Timestamp, system: Timestamp) -> Option<SignedDuration> {
        let wait = due
            .duration_since(self.now(system))
            .max(SignedDuration::ZERO);
        match self {
            Self::Fixed(_) if !wait.is_zero() => None,
            _ => Some(wait),
        }
    }
}

fn in_range(now: Timestamp) -> Result<Timestamp, OutOfRange> {
    // The other end is the type's own: late on 30 December 9999.
    if now >= Timestamp::UNIX_EPOCH {
        Ok(now)
    } else {
        Err(OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn advancing_is_relative_to_what_the_clock_shows() {
        let system = at("2026-01-01T00:00:00Z");
        let day = SignedDuration::from_hours(24);
        assert_eq!(
            Clock::System.advanced(day, system).unwrap().now(system),
            at("2026-01-02T00:00:00Z")
        );
        let fixed = Clock::fixed(at("2030-01-01T00:00:00Z")).unwrap();
        assert_eq!(
            fixed.advanced(day, system).unwrap().now(system),
            at("2030-01-02T00:00:00Z")
        );
        let shifted = Clock::shifted(day, system).unwrap();
        assert_eq!(
            shifted.advanced(day, system).unwrap().now(system),
            at("2026-01-03T00:00:00Z")
        );
    }

    #[test]
    fn only_the_years_1970_to_9999_can_be_set() {
        let system = at("2026-01-01T00:00:00Z");
        assert!(Clock::fixed(at("1969-12-31T23:59:59Z")).is_err());
        assert!(Clock::fixed(at("1970-01-01T00:00:00Z")).is_ok());
        assert!(Clock::shifted(SignedDuration::from_hours(-24 * 365 * 60), system).is_err());
        assert!(Clock::System.advanced(SignedDuration::MAX, system).is_err());
        assert!(
            Clock::Fixed(Timestamp::MAX)
                .advanced(SignedDuration::from_secs(1), system)
                .is_err()
        );
    }

    #[test]
    fn a_text_says_where_a_clock_stands() {
        assert_eq!("system".parse(), Ok(Clock::System));
        let fixed = Clock::Fixed(at("2026-01-31T00:00:00Z"));
        assert_eq!("2026-01-31T01:00:00+01:00".parse(), Ok(fixed));
        for text in ["", "System", "now", "2026-01-31", "2026-01-31T00:00:00"] {
            let unreadable = Err(ClockError::Unreadable(text.to_owned()));
            assert_eq!(text.parse::<Clock>(), unreadable);
        }
        let early = "1969-12-31T23:59:59Z".parse::<Clock>();
        assert_eq!(early, Err(ClockError::OutOfRange(OutOfRange)));
    }

    #[test]
    fn a_clock_that_stands_still_reaches_nothing() {
        let system = at("2026-01-01T00:00:00Z");
        let later = at("2026-01-01T00:00:01Z");
        assert_eq!(Clock::Fixed(system).until(later, system), None);
        assert_eq!(
            Clock::Fixed(later).until(later, system),
            Some(SignedDuration::ZERO)
        );
        assert_eq!(
            Clock::System.until(later, system),
            Some(SignedDuration::from_secs(1))
        );
    }
}
