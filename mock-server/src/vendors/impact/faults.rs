//! Errors and conditions that a fault asks for: the page "Status Codes & Errors", out of its turn, and what becomes of a
//! conversion after it was queued.

use std::sync::Arc;

use http::{Method, StatusCode};
use jiff::Timestamp;

use super::actions::{Adjustment, Change, State as ActionState};
use super::errors::{self, Finding};
use super::money::Money;
use super::requests::{Path, Resource};
use super::responses::{Format, Reply};
use super::submissions::{Reason, Submission};
use super::{Event, Impact, State, rate_limits};
use crate::engine::{Answer, Condition, Effect, Parts, Usage, Vendor};

/// Every status of an error on the page. No body is published for 402 and from 500 on: fact IMP-ERR-17.
pub(super) const STATUSES: &[u16] = &[
    400, 401, 402, 403, 404, 405, 413, 415, 429, 500, 502, 503, 504,
];

/// How soon a limit that a fault speaks of is over, in seconds: a client that obeys it should not have to wait long.
const LIMITED_SECONDS: u64 = 1;

/// The answer with a status, in the format that the call asks for, and with the headers that every admitted call gets.
pub(super) fn documented(
    state: &State,
    usage: &Usage,
    parts: &Parts<'_>,
    status: u16,
    now: Timestamp,
) -> Answer {
    let path = Path::parse(parts.path);
    let submits = path.resource == Some(Resource::PartnerConversions);
    let mut reply = Reply {
        now,
        format: Format::of(path.suffix, parts, Resource::default_format(path.resource)),
        leading: Vec::new(),
    };
    let holder = path.sid.and_then(|sid| state.seed.holder(sid));
    if let (Some(holder), Some(resource)) = (holder, path.resource)
        && !matches!(status, 401 | 405)
    {
        let (state, account) = (state.settings(), holder.account_id);
        let left = rate_limits::left(&state.rate_limits, account, resource, usage, now);
        reply.leading = if status == 429 {
            left.used_up(LIMITED_SECONDS).headers()
        } else {
            left.headers()
        };
    }
    match status {
        400 if submits => errors::conversion(
            &reply,
            &[Finding {
                field: "OrderId".to_owned(),
                message: "OrderId is required.".to_owned(),
            }],
        ),
        400 => errors::bad_request(&reply),
        401 => errors::unauthorized(now),
        403 => errors::denied(&reply),
        404 => errors::not_found(&reply),
        405 => {
            let allowed = path.resource.map_or(Method::GET, Resource::method);
            errors::method_not_allowed(&reply, &allowed)
        }
        413 => errors::too_large(&reply),
        415 => errors::unsupported_media_type(&reply),
        429 => errors::too_many_requests(&reply, LIMITED_SECONDS),
        other => {
            let status = StatusCode::from_u16(other).expect("one of STATUSES");
            errors::failed(&reply, status)
        }
    }
}

/// What can become of a conversion that was queued, and the prefix of those that name a reason code.
const OUTCOMES: [&str; 4] = ["stuck", "reversed", "modified", "approved"];
const ENDED: &str = "ended.";

/// Every condition: the outcomes, and an end with each reason code.
pub(super) fn conditions() -> Vec<String> {
    let ends = Reason::all().map(|reason| format!("{ENDED}{}", reason.code()));
    OUTCOMES
        .map(str::to_owned)
        .into_iter()
        .chain(ends)
        .collect()
}

/// One of [`conditions`].
pub(super) fn condition(name: &str) -> Option<Condition<Impact>> {
    let change: fn(&mut Vec<Event>, &str) = match name {
        "stuck" => |events, _| {
            each(events, |record| {
                record.in_progress_at = None;
                record.completed_at = None;
            });
        },
        "reversed" => |events, _| {
            happens(events, |_| Change {
                state: Some(ActionState::Reversed),
                reason: Some(Adjustment::ITEM_RETURNED),
                ..Change::default()
            });
        },
        "modified" => |events, _| {
            happens(events, |(amount, payout)| Change {
                amount: Some(amount.half()),
                payout: Some(payout.half()),
                reason: Some(Adjustment::ORDER_UPDATE),
                ..Change::default()
            });
        },
        "approved" => |events, _| {
            happens(events, |_| Change {
                state: Some(ActionState::Approved),
                ..Change::default()
            });
        },
        _ => {
            let code = name.strip_prefix(ENDED)?;
            Reason::try_from(code.to_owned()).ok()?;
            |events, code| {
                let reason = Reason::try_from(code.to_owned()).ok();
                each(events, |record| {
                    record.reason = reason;
                    record.action = None;
                });
            }
        }
    };
    Some(Condition {
        route: Some(Impact::ROUTES[0]),
        effect: Effect::Events(change),
    })
}

fn each(events: &mut [Event], change: impl Fn(&mut Submission)) {
    for Event::Submitted { record, .. } in events {
        change(Arc::make_mut(record));
    }
}

/// The brand does something to the action as soon as there is one. `change` is told its amount and commission.
fn happens(events: &mut [Event], change: impl Fn((Money, Money)) -> Change) {
    each(events, |record| {
        let amount = record.amount();
        if let Some(action) = &mut record.action {
            action.changes.push(change((amount, action.payout)));
        }
    });
}
