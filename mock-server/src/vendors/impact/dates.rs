//! Dates as the Requests page has them: ISO 8601 with a time and a zone in, and the account's own offset out.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Reads `2026-06-10T10:15:30-07:00`: a date, `T`, a time with seconds, any number of decimals behind a point, and
/// `Z` or an offset in hours and minutes. Nothing else, because a lenient mock hides what the vendor would refuse.
///
/// Rules: impact.conversions.event_date_syntax.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (civil, rest) = text.split_at_checked("2026-06-10T10:15:30".len())?;
    let number = |from: usize, to: usize| digits(civil.get(from..to)?);
    let separators = civil
        .bytes()
        .enumerate()
        .filter(|(_, byte)| !byte.is_ascii_digit());
    if !separators.eq([(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]) {
        return None;
    }
    let (nanosecond, zone) = match rest.strip_prefix('.') {
        Some(fraction) => fraction_of_a_second(fraction)?,
        None => (0, rest),
    };
    let part = |from, to| i8::try_from(number(from, to)?).ok();
    let civil = DateTime::new(
        i16::try_from(number(0, 4)?).ok()?,
        part(5, 7)?,
        part(8, 10)?,
        part(11, 13)?,
        part(14, 16)?,
        part(17, 19)?,
        nanosecond,
    );
    let offset = if zone == "Z" {
        Offset::UTC
    } else {
        parse_offset(zone)?
    };
    offset.to_timestamp(civil.ok()?).ok()
}

/// Decimals of a second as nanoseconds, and what stands behind them. The tenth and later ones are dropped.
fn fraction_of_a_second(text: &str) -> Option<(i32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (decimals, rest) = text.split_at(end);
    let kept = &decimals[..end.min(9)];
    let missing = u32::try_from(9 - kept.len()).ok()?;
    Some((
        i32::try_from(digits(kept)?).ok()? * 10_i32.pow(missing),
        rest,
    ))
}

/// Reads `-07:00`.
fn parse_offset(text: &str) -> Option<Offset> {
    let (sign, rest) = text.split_at_checked(1)?;
    let sign = match sign {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let part =
        |text: &str, below: u32| digits(text).filter(|number| text.len() == 2 && *number < below);
    let seconds = part(hours, 24)? * 3_600 + part(minutes, 60)? * 60;
    Offset::from_seconds(sign * i32::try_from(seconds).ok()?).ok()
}

/// A number of at least one digit, and of digits only.
fn digits(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// The offset in which an account reads its dates: `-07:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcOffset(Offset);

impl UtcOffset {
    /// An instant as this account reads it: `2026-06-10T10:15:30-07:00`, without decimals.
    ///
    /// Rules: impact.formats.dates.
    pub(super) fn show(self, instant: Timestamp) -> Local {
        Local {
            instant,
            offset: self,
        }
    }

    /// Midnight at the beginning of the day that is `days` after that of `instant`.
    pub(super) fn midnight_after(self, instant: Timestamp, days: u32) -> Timestamp {
        let civil = self.0.to_datetime(instant).date();
        let later = civil.checked_add(SignedDuration::from_hours(24 * i64::from(days)));
        later
            .ok()
            .and_then(|date| self.0.to_timestamp(date.at(0, 0, 0, 0)).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// The same time of day, `years` earlier; the last day of February if there is no such day.
    pub(super) fn years_before(self, instant: Timestamp, years: i64) -> Timestamp {
        let earlier = self
            .0
            .to_datetime(instant)
            .checked_sub(jiff::Span::new().years(years));
        earlier
            .ok()
            .and_then(|civil| self.0.to_timestamp(civil).ok())
            .unwrap_or(Timestamp::MIN)
    }
}

impl Default for UtcOffset {
    fn default() -> Self {
        Self(Offset::constant(-7))
    }
}

impl TryFrom<String> for UtcOffset {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_offset(&text)
            .map(Self)
            .ok_or_else(|| format!("{text:?} is no offset; write it like \"-07:00\""))
    }
}

impl From<UtcOffset> for String {
    fn from(offset: UtcOffset) -> Self {
        offset.to_string()
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        write!(
            f,
            "{sign}{:02}:{:02}",
            minutes.abs() / 60,
            minutes.abs() % 60
        )
    }
}

/// An instant, to be written in an account's offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    instant: Timestamp,
    offset: UtcOffset,
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.offset.0.to_datetime(self.instant);
        write!(
            f,
            "{:04}-{:02}-{:02}T",
            civil.year(),
            civil.month(),
            civil.day()
        )?;
        write!(
            f,
            "{:02}:{:02}:{:02}{}",
            civil.hour(),
            civil.minute(),
            civil.second(),
            self.offset
        )
    }
}

/// A later instant; the last one there is, if there is none so late.
pub(super) fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_dates_with_a_time_and_a_zone_are_read() {
        for (text, instant) in [
            ("2026-06-10T10:15:30-07:00", "2026-06-10T17:15:30Z"),
            ("2026-06-10T10:15:30Z", "2026-06-10T10:15:30Z"),
            ("2026-06-10T10:15:30+05:45", "2026-06-10T04:30:30Z"),
            ("2026-06-10T10:15:30.5Z", "2026-06-10T10:15:30.5Z"),
            (
                "2026-06-10T10:15:30.1234567899Z",
                "2026-06-10T10:15:30.123456789Z",
            ),
            ("2024-02-29T23:59:59-00:00", "2024-02-29T23:59:59Z"),
        ] {
            assert_eq!(parse(text), Some(instant.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            "NOW",
            "2026-06-10",
            "2026-06-10T10:15Z",
            "2026-06-10T10:15:30",
            "2026-06-10 10:15:30Z",
            "2026-06-10t10:15:30Z",
            "2026-06-10T10:15:30z",
            "2026-06-10T10:15:30 02:00",
            "2026-06-10T10:15:30+0200",
            "2026-06-10T10:15:30+02",
            "2026-06-10T10:15:30\u{2212}07:00",
            "2026-06-10T10:15:30,5Z",
            "2026-06-10T10:15:30.Z",
            "2026-06-10T24:00:00Z",
            "2026-06-10T10:15:60Z",
            "2026-02-29T10:15:30Z",
            "2026-13-01T10:15:30Z",
            "2026-06-10T10:15:30+24:00",
            "2026-06-10T10:15:30+02:60",
            "06/10/2026",
            "2026-W24-3T10:15:30Z",
            "2026-06-10T10:15:30-07:00:00",
            "+026-06-10T10:15:30Z",
            "2026-06-10T10:15:30Z ",
            "9999-12-31T23:59:59Z",
            "20260610T101530Z",
            "2026-06-10T10:15:3\u{664}Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_of_the_account() {
        let pacific = UtcOffset::default();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let locks = |event: &str| {
            pacific
                .show(pacific.midnight_after(at(event), 16))
                .to_string()
        };
        assert_eq!(
            locks("2024-09-10T10:42:38-07:00"),
            "2024-09-26T00:00:00-07:00"
        );
        assert_eq!(locks("2024-09-11T06:59:59Z"), "2024-09-26T00:00:00-07:00");
        assert_eq!(locks("2024-09-11T07:00:00Z"), "2024-09-27T00:00:00-07:00");
        assert_eq!(pacific.midnight_after(Timestamp::MAX, 16), Timestamp::MAX);
    }

    #[test]
    fn three_years_are_counted_on_the_calendar() {
        let utc = UtcOffset::try_from("+00:00".to_owned()).unwrap();
        let before = |text: &str| {
            utc.show(utc.years_before(text.parse().unwrap(), 3))
                .to_string()
        };
        assert_eq!(before("2026-06-10T10:15:30Z"), "2023-06-10T10:15:30+00:00");
        assert_eq!(before("2028-02-29T00:00:00Z"), "2025-02-28T00:00:00+00:00");
    }

    #[test]
    fn an_offset_is_written_as_it_is_read() {
        for text in ["-07:00", "+00:00", "+05:45", "-00:30", "+14:00"] {
            assert_eq!(
                UtcOffset::try_from(text.to_owned()).unwrap().to_string(),
                text
            );
        }
        for text in ["", "Z", "-7:00", "0700", "-07:00:00", "+25:00"] {
            assert!(UtcOffset::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(second in 0_i64..253_402_200_000, minutes in -14 * 60_i32..14 * 60) {
            let offset = UtcOffset(Offset::from_seconds(minutes * 60).unwrap());
            let instant = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(parse(&offset.show(instant).to_string()), Some(instant));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
