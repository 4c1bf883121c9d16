//! A sandbox's journal.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, Handled, Problem, json_answer, known_vendor, no_content};
use crate::document::Mistake;
use crate::journal::{Entry, Filter};
use crate::sandbox::Slot;

/// How many entries a page has unless `limit` says otherwise.
const PAGE: u64 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    vendor: Option<String>,
    route: Option<String>,
    status: Option<u16>,
    refused_by: Option<String>,
    fault: Option<String>,
    /// Entries after this number.
    since: Option<u64>,
    /// Entries before this number: `next` of the page before.
    before: Option<u64>,
    /// 1 to 1,000.
    limit: Option<u64>,
}

/// `GET {sb}/requests`: the journal, newest first.
pub(super) fn list(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let query: Query = call.filters(&["status", "since", "before", "limit"])?;
    known_vendor(query.vendor.as_deref())?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=1000).contains(&limit) {
        return Err(Problem::mistake(&Mistake::new(
            ["limit"],
            "expected 1 to 1000",
        )));
    }
    let limit = usize::try_from(limit).expect("at most 1,000");
    let Query {
        vendor,
        route,
        status,
        refused_by,
        fault,
        since,
        ..
    } = query;
    let filter = Filter {
        vendor,
        route,
        status,
        refused_by,
        fault,
        since,
    };

    let sandbox = slot.lock();
    let mut matching = sandbox.journal.matching(&filter, query.before);
    let page: Vec<&Entry> = matching.by_ref().take(limit).collect();
    let next = matching.next().and(page.last()).map(|entry| entry.n());
    let counts: Vec<Value> = sandbox
        .tally
        .counts()
        .map(|(group, calls)| {
            let mut row = serde_json::to_value(group).expect("texts and numbers");
            row["calls"] = calls.into();
            row
        })
        .collect();
    let body = json!({
        "requests": page.into_iter().map(Entry::show).collect::<Vec<_>>(),
        "next": next,
        "complete": sandbox.journal.is_complete(filter.since),
        "total": sandbox.journal.last(),
        "counts": counts,
    });
    drop(matching);
    drop(sandbox);
    Ok(json_answer(StatusCode::OK, &body))
}

/// `GET {sb}/requests/{n}`: one entry.
///
/// # Errors
///
/// 404 when there never was such a call, 410 when its entry was dropped.
pub(super) fn one(_: &Call<'_>, slot: &Arc<Slot>, n: &str) -> Handled {
    let number: Option<u64> = n.parse().ok();
    let sandbox = slot.lock();
    if let Some(entry) = number.and_then(|n| sandbox.journal.get(n)) {
        return Ok(json_answer(StatusCode::OK, &entry.show()));
    }
    let last = sandbox.journal.last();
    Err(match number {
        Some(n) if (1..=last).contains(&n) => {
            Problem::new(StatusCode::GONE, "entry-dropped", "The entry was dropped")
                .detail(format!(
                    "call {n} is counted, but its entry is no longer kept"
                ))
                .hint("--journal-entries and --journal-bytes say how much is kept")
        }
        _ => Problem::new(StatusCode::NOT_FOUND, "no-entry", "There is no such call")
            .detail(format!("{n:?} is not one of the {last} calls so far")),
    })
}

/// `DELETE {sb}/requests`: forgets the entries. Calls stay counted.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn clear(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    call.sandboxes.forget_requests(slot);
    Ok(no_content())
}
