//! The accepted conversions of all vendors in one normal form.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;

use super::{Call, Handled, LONGEST_WAIT_MS, Problem, json_answer, waiting};
use crate::conversions::Filter;
use crate::document::Mistake;
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

/// `GET {sb}/conversions`: oldest first. With `wait_ms`, answers when `at_least` of them match, or when the time is up.
/// A wait counts real time, and ends early when the sandbox's clock passes the time at which one shows up or changes;
/// `reachable` is false when a clock that stands still keeps that from ever happening.
///
/// # Errors
///
/// 400 for an unknown filter or vendor, and for a wait beyond ten minutes.
pub(super) fn list(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let query: Query = call.filters(&["since", "wait_ms", "at_least"])?;
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

    let filter = Filter {
        vendor: query.vendor,
        who: query.who,
        name: query.name,
        order_id: query.order_id,
        state: query.state,
        since: query.since,
    };
    filter
        .check()
        .map_err(|mistake| Problem::mistake(&mistake))?;
    let left_ms = wait_ms.saturating_sub(call.waited_ms);
    // Who does not wait is content with what there is.
    let at_least = query.wait_ms.map_or(0, |_| query.at_least.unwrap_or(1));
    let look = filter.look(slot, call.system, at_least, left_ms);
    Ok(waiting(slot, look, |found| {
        json_answer(StatusCode::OK, &found)
    }))
}
