//! The accepted conversions of all vendors in one normal form.

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, Handled, LONGEST_WAIT_MS, Problem, Reply, json_answer, known_vendor};
use crate::document::Mistake;
use crate::engine::Conversion;
use crate::sandbox::Slot;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    vendor: Option<String>,
    who: Option<String>,
    name: Option<String>,
    order_id: Option<String>,
    state: Option<String>,
    /// Conversions after this number.
    since: Option<u64>,
    /// Blocks for at most this long, in milliseconds of real time.
    wait_ms: Option<u64>,
    /// How many conversions end the wait; 1 unless given.
    at_least: Option<u64>,
}

impl Query {
    fn matches(&self, vendor: &str, conversion: &Conversion) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == found
        };
        is(&self.vendor, Some(vendor))
            && is(&self.who, Some(&conversion.who))
            && is(&self.name, conversion.name.as_deref())
            && is(&self.order_id, conversion.order_id.as_deref())
            && is(&self.state, conversion.state.as_deref())
    }
}

/// `GET {sb}/conversions`: oldest first. With `wait_ms`, answers when `at_least` of them match, or when the time is up.
/// A wait counts real time, and ends early when the sandbox's clock passes the time at which one shows up or changes;
/// `reachable` is false when a clock that stands still keeps that from ever happening.
///
/// # Errors
///
/// 400 for an unknown filter or vendor, and for a wait beyond ten minutes.
pub(super) fn list(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let query: Query = call.filters(&["since", "wait_ms", "at_least"])?;
    known_vendor(query.vendor.as_deref())?;
    let wait_ms = query.wait_ms.unwrap_or(0);
    if wait_ms > LONGEST_WAIT_MS {
        return Err(Problem::mistake(&Mistake::new(
            ["wait_ms"],
            format!("at most {LONGEST_WAIT_MS}"),
        )));
    }
    if query.at_least.is_some() && query.wait_ms.is_none() {
        return Err(Problem::mistake(&Mistake::new(
            ["at_least"],
            "needs wait_ms, the longest time to wait",
        )));
    }

    let left_ms = wait_ms.saturating_sub(call.waited_ms);
    let wanted = query.at_least.unwrap_or(1);
    // Read before the state: a change in between makes the edge ask again at once.
    let changes = slot.changes();
    let sandbox = slot.lock();
    // Looking through a long feed at every call of others would hold them up, so first: can there be enough?
    if left_ms > 0 && sandbox.accepted_after(query.since.unwrap_or(0)) < wanted {
        let slot = Arc::clone(slot);
        return Ok(Reply::Wait {
            slot,
            changes,
            at_most_ms: left_ms,
        });
    }
    let now = sandbox.clock.now(call.system);
    let all = sandbox.conversions(query.since.unwrap_or(0), call.system);
    let due: Option<Timestamp> = all
        .iter()
        .flat_map(|(.., conversion)| [Some(conversion.visible_at), conversion.changes_at])
        .flatten()
        .filter(|due| *due > now)
        .min();
    let until = due.and_then(|due| sandbox.clock.until(due, call.system));
    let reachable = due.is_none() || until.is_some();
    let complete = sandbox.feed_is_complete(query.since.unwrap_or(0));
    drop(sandbox);

    let matching: Vec<Value> = all
        .into_iter()
        .filter(|(_, vendor, conversion)| {
            conversion.visible_at <= now && query.matches(vendor, conversion)
        })
        .map(|(n, vendor, conversion)| show(n, vendor, &conversion))
        .collect();
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    if query.wait_ms.is_none() || matching.len() >= wanted || left_ms == 0 || !reachable {
        let satisfied = query.wait_ms.is_none() || matching.len() >= wanted;
        let body = json!({
            "conversions": matching,
            "complete": complete,
            "satisfied": satisfied,
            "reachable": satisfied || reachable,
        });
        return Ok(json_answer(StatusCode::OK, &body));
    }
    let due_ms = until
        .and_then(|wait| u64::try_from(wait.as_millis()).ok())
        .map_or(u64::MAX, |ms| ms.saturating_add(1));
    Ok(Reply::Wait {
        slot: Arc::clone(slot),
        changes,
        at_most_ms: left_ms.min(due_ms),
    })
}

/// A conversion as it is shown.
pub(super) fn show(n: u64, vendor: &str, conversion: &Conversion) -> Value {
    let mut shown = json!({"n": n, "vendor": vendor});
    let members = serde_json::to_value(conversion).expect("texts, numbers and JSON");
    crate::document::extend(&mut shown, members);
    shown
}
