//! A sandbox's clock.

use std::sync::Arc;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::{Call, Handled, Problem, json_answer};
use crate::clock::{Clock, OutOfRange};
use crate::document::Mistake;
use crate::sandbox::Slot;

/// `{"mode":"fixed","now":"2026-01-31T00:00:00Z"}`, `{"mode":"shifted","offset_ms":-1000}` (or `now`: a clock that runs
/// on from there), `{"mode":"system"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    mode: Mode,
    /// An instant in UTC, RFC 3339.
    now: Option<Timestamp>,
    /// Milliseconds ahead of the system's clock.
    offset_ms: Option<i64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    System,
    Fixed,
    Shifted,
}

/// `{"ms": 86400000}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Milliseconds, not negative.
    ms: u64,
}

/// `GET {sb}/clock`.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn show(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let clock = slot.lock().clock;
    let now = clock.now(call.system);
    let mode = match clock {
        Clock::System => "system",
        Clock::Fixed(_) => "fixed",
        Clock::Shifted(_) => "shifted",
    };
    let offset_ms = now.duration_since(call.system).as_millis();
    Ok(json_answer(
        StatusCode::OK,
        &json!({"mode": mode, "now": now, "offset_ms": i64::try_from(offset_ms).ok()}),
    ))
}

/// `PUT {sb}/clock`: sets the clock, until a reset.
///
/// # Errors
///
/// 400 when the body is not a [`Setting`], its members contradict each other, or the time is not in the years 1970 to
/// 9999; the clock is left as it was.
pub(super) fn set(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let setting: Setting = call.json()?;
    slot.turn_clock(|before| setting.clock(before, call.system))?;
    show(call, slot, "")
}

impl Setting {
    /// The clock that is meant; one that stands still without saying where does so at the time of `before`.
    ///
    /// # Errors
    ///
    /// When members contradict each other, or the time is out of range.
    pub(super) fn clock(self, before: Clock, system: Timestamp) -> Result<Clock, Problem> {
        let clock = match (self.mode, self.now, self.offset_ms) {
            (Mode::System, None, None) => Ok(Clock::System),
            (Mode::Fixed, Some(now), None) => Clock::fixed(now),
            (Mode::Fixed, None, None) => Clock::fixed(before.now(system)),
            (Mode::Shifted, Some(now), None) => Clock::shifted(now.duration_since(system), system),
            (Mode::Shifted, None, Some(ms)) => {
                Clock::shifted(SignedDuration::from_millis(ms), system)
            }
            (Mode::System, ..) => {
                return Err(contradiction("mode system takes neither now nor offset_ms"));
            }
            (Mode::Fixed, ..) => return Err(contradiction("mode fixed takes now, not offset_ms")),
            (Mode::Shifted, ..) => {
                return Err(contradiction("mode shifted takes either offset_ms or now"));
            }
        };
        clock.map_err(out_of_range)
    }
}

/// `POST {sb}/clock/advance`: moves the clock on.
///
/// # Errors
///
/// 400 when the body is not a [`Step`], or the clock would leave the years 1970 to 9999; it is left as it was.
pub(super) fn advance(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let step: Step = call.json()?;
    let by = i64::try_from(step.ms)
        .map(SignedDuration::from_millis)
        .map_err(|_| out_of_range(OutOfRange))?;
    slot.turn_clock(|clock| clock.advanced(by, call.system))
        .map_err(out_of_range)?;
    show(call, slot, "")
}

fn contradiction(message: &str) -> Problem {
    Problem::mistake(&Mistake::new(["mode"], message))
}

fn out_of_range(error: OutOfRange) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "clock-range",
        "The clock cannot show that",
    )
    .detail(error.to_string())
}
