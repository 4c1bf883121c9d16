//! What happens in a sandbox, as it happens: server-sent events.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderName;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, Handled, Problem, Reply};
use crate::conversions::Accepted;
use crate::document::Mistake;
use crate::journal::Filter;
use crate::sandbox::Slot;
use crate::vendors::VENDORS;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How far a listener has heard: the numbers of the last request, and of the last conversion of each vendor. Its text is
/// the id of an event, `12-0-3-4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    request: u64,
    conversions: [u64; VENDORS.len()],
}

/// What a listener has not heard yet.
pub struct News {
    /// Whole events; empty if there are none.
    pub text: String,
    /// Where they end.
    pub cursor: Cursor,
    /// Whether the sandbox is gone, so that nothing follows.
    pub ended: bool,
    /// When there may be more without a change of the sandbox.
    pub due: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Whether to begin with everything that is kept, or with what comes from now on.
    from: Option<From>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum From {
    Start,
    Now,
}

/// `GET {sb}/events`: `request` for each journal entry and `conversion` for each conversion that shows up, from now on, or
/// all that are kept with `from=start`. `Last-Event-ID` goes on where that event was.
///
/// # Errors
///
/// 400 for another `from`, and for an id that no event had.
pub(super) fn listen(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let query: Query = call.filters(&[])?;
    // An empty id is none: so clients forget the last one.
    let last = call.headers.get(LAST_EVENT_ID);
    let cursor = match last.filter(|id| !id.is_empty()) {
        Some(id) => id
            .to_str()
            .ok()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| {
                let mistake = Mistake::new(["Last-Event-ID"], "no event has such an id");
                Problem::mistake(&mistake).hint("leave it out, or take the id of the last event")
            })?,
        None if query.from == Some(From::Start) => Cursor::START,
        None => after(slot, Cursor::START, call.system).cursor,
    };
    Ok(Reply::Stream {
        slot: Arc::clone(slot),
        cursor,
    })
}

/// What a listener who has heard everything up to `cursor` has not heard yet.
///
/// Conversions of one vendor come in their order, so that the cursor says it all: one that has yet to show up holds those
/// behind it back.
pub fn after(slot: &Slot, mut cursor: Cursor, system: Timestamp) -> News {
    let mut text = String::new();
    let sandbox = slot.lock();
    let journal = &sandbox.journal;
    if cursor.request > journal.last() {
        // The journal began anew.
        cursor.request = 0;
    }
    let filter = Filter {
        since: Some(cursor.request),
        ..Filter::default()
    };
    if !journal.is_complete(filter.since) {
        let lost = json!({"after": cursor.request, "reason": "older entries were dropped"});
        push(&mut text, "gap", cursor, &lost);
    }
    let mut entries: Vec<_> = journal.matching(&filter, None).collect();
    entries.reverse();
    for entry in entries {
        cursor.request = entry.n();
        push(&mut text, "request", cursor, &entry.show());
    }
    let now = sandbox.clock.now(system);
    let mut due: Option<Timestamp> = None;
    for (vendor, kind) in VENDORS.iter().enumerate() {
        if cursor.conversions[vendor] > sandbox.accepted() {
            cursor.conversions[vendor] = 0;
        }
        for (n, conversion) in sandbox.conversions_of(vendor, cursor.conversions[vendor], system) {
            if conversion.visible_at > now {
                due = due.into_iter().chain([conversion.visible_at]).min();
                break;
            }
            cursor.conversions[vendor] = n;
            let accepted = Accepted {
                n,
                vendor: kind.name(),
                conversion,
            };
            let shown = serde_json::to_value(accepted).expect("texts, numbers and JSON");
            push(&mut text, "conversion", cursor, &shown);
        }
    }
    cursor.request = cursor.request.max(journal.last());
    let due = due.and_then(|due| sandbox.clock.until(due, system));
    News {
        text,
        cursor,
        ended: sandbox.journal.is_closed(),
        due: due.and_then(|wait| Duration::try_from(wait).ok()),
    }
}

fn push(text: &mut String, event: &str, cursor: Cursor, data: &Value) {
    text.push_str(&format!("id: {cursor}\nevent: {event}\ndata: {data}\n\n"));
}

impl Cursor {
    const START: Self = Self {
        request: 0,
        conversions: [0; VENDORS.len()],
    };
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.request)?;
        self.conversions
            .iter()
            .try_for_each(|conversion| write!(f, "-{conversion}"))
    }
}

/// A text that is the id of no event.
#[derive(Debug, thiserror::Error)]
#[error("no event has such an id")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let numbers: Result<Vec<u64>, _> = text.split('-').map(str::parse).collect();
        let numbers = numbers.map_err(|_| NoCursor)?;
        let (request, conversions) = numbers.split_first().ok_or(NoCursor)?;
        Ok(Self {
            request: *request,
            conversions: conversions.try_into().map_err(|_| NoCursor)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_how_far_a_listener_has_heard() {
        let cursor: Cursor = "12-0-3-4".parse().unwrap();
        assert_eq!((cursor.request, cursor.conversions), (12, [0, 3, 4]));
        assert_eq!(cursor.to_string(), "12-0-3-4");
        for other in [
            "",
            "12",
            "12-0-3",
            "12-0-3-4-5",
            "a-0-0-0",
            "12--0-3",
            "-1-0-0-0",
        ] {
            assert!(other.parse::<Cursor>().is_err(), "{other}");
        }
    }
}
