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
    let (group, limit) = group(&call.state.settings().rate_limits, Some(call.resource));
    let key = format!("impact.{}.{group}", call.account_id);
    let window = Window::HourFromFirst;
    let tally = usage.tally(&key, window, call.now);
    let remaining = limit.saturating_sub(tally.used.saturating_add(1));
    let reset = seconds_until(tally.ends, call.now);
    call.reply.leading = headers(limit, remaining, reset);
    ensure(tally.used < limit, || {
        let why = format!(
            "the account has made {} of {limit} requests of this hour",
            tally.used
        );
        Refusal::new(
            rule("impact.limits.exceeded"),
            why,
            errors::too_many_requests(&call.reply, reset),
        )
    })?;
    Ok(Count {
        key: key.into(),
        window,
    })
}

/// The headers of an answer to a call of a group that is used up for so many seconds.
pub(super) fn used_up(
    limits: &RateLimits,
    resource: Option<Resource<'_>>,
    seconds: u64,
) -> Vec<(HeaderName, HeaderValue)> {
    let (_, limit) = group(limits, resource);
    headers(limit, 0, seconds)
}

fn headers(limit: u64, remaining: u64, reset: u64) -> Vec<(HeaderName, HeaderValue)> {
    vec![
        (LIMIT, HeaderValue::from(limit)),
        (REMAINING, HeaderValue::from(remaining)),
        (RESET, HeaderValue::from(reset)),
    ]
}

/// The group that a call belongs to, and how many requests it has an hour.
///
/// Rules: impact.limits.groups, impact.limits.conversions.
fn group(limits: &RateLimits, resource: Option<Resource<'_>>) -> (&'static str, u64) {
    match resource {
        Some(Resource::Actions | Resource::Action(_) | Resource::Items(_) | Resource::Item(..)) => {
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
