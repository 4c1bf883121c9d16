//! Page "Rate Limits": how many requests an hour has, and how many of them are left.

use fixtures::rule;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::engine::{Count, Refusal, Usage, Window, ensure};

use super::errors;
use super::requests::{Call, Resource};
use super::seed::RateLimits;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit-hour");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining-hour");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Counts a call, and gives its answer the headers that say how many are left.
///
/// The hour is that of the account and the group, and begins with the first call it counts. A call that is refused here
/// is not counted.
///
/// Rules: impact.limits.headers, impact.limits.reset_in_seconds, impact.limits.counts_this_call,
/// impact.limits.counting, impact.limits.only_after_admission.
pub(super) fn admit(call: &mut Call<'_>, usage: &Usage) -> Result<Count, Refusal> {
    let limits = &call.state.settings().rate_limits;
    let left = left(limits, call.account_id, call.resource, usage, call.now);
    call.reply.leading = left.headers();
    ensure(left.used < left.limit, || {
        let why = format!(
            "the account has made {} of {} requests of this hour",
            left.used, left.limit
        );
        Refusal::new(
            rule("impact.limits.exceeded"),
            why,
            errors::too_many_requests(&call.reply, left.reset),
        )
    })?;
    Ok(Count {
        key: left.key.into(),
        window: WINDOW,
    })
}

const WINDOW: Window = Window::HourFromFirst;

/// How much of an hour is left to an account, for a group of resources.
pub(super) struct Left {
    key: String,
    limit: u64,
    used: u64,
    /// Seconds until the hour is over.
    reset: u64,
}

/// How much is left for calls to `resource`.
pub(super) fn left(
    limits: &RateLimits,
    account: u64,
    resource: Resource<'_>,
    usage: &Usage,
    now: Timestamp,
) -> Left {
    let (group, limit) = group(limits, resource);
    let key = format!("impact.{account}.{group}");
    let tally = usage.tally(&key, WINDOW, now);
    Left {
        key,
        limit,
        used: tally.used,
        reset: seconds_until(tally.ends, now),
    }
}

impl Left {
    /// The same, used up for so many seconds.
    pub(super) fn used_up(self, seconds: u64) -> Self {
        Self {
            used: self.limit,
            reset: seconds,
            ..self
        }
    }

    /// The headers that say so; the call that is answered is counted.
    pub(super) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let remaining = self.limit.saturating_sub(self.used.saturating_add(1));
        vec![
            (LIMIT, HeaderValue::from(self.limit)),
            (REMAINING, HeaderValue::from(remaining)),
            (RESET, HeaderValue::from(self.reset)),
        ]
    }
}

/// The group that a call belongs to, and how many requests it has an hour.
///
/// Rules: impact.limits.groups, impact.limits.conversions.
fn group(limits: &RateLimits, resource: Resource<'_>) -> (&'static str, u64) {
    match resource {
        Resource::Actions | Resource::Action(_) | Resource::Items(_) | Resource::Item(..) => {
            ("actions", limits.actions.into())
        }
        _ => ("other", limits.other.into()),
    }
}

/// Whole seconds, begun ones counted.
fn seconds_until(end: Timestamp, now: Timestamp) -> u64 {
    let left = end.duration_since(now);
    let begun = i64::from(left.subsec_nanos() > 0);
    u64::try_from(left.as_secs() + begun).unwrap_or(0)
}
