//! A sandbox's faults: what goes wrong because a test wants it to.

use std::sync::Arc;

use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Call, Handled, Problem, json_answer, no_content};
use crate::document::{Mistake, nearest};
use crate::engine::{Body, Parts, Request};
use crate::fault::{Fault, FaultError, Scripted, Told};
use crate::sandbox::Slot;
use crate::sandboxes::Destination;

/// A request that was not made: `{"method":"POST","target":"/chase/api/v2/conversions","headers":{},"body":""}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    #[serde(default = "get")]
    method: String,
    /// Path and query, as they would be sent to the server.
    target: String,
    /// Texts, or lists of texts.
    #[serde(default)]
    headers: Map<String, Value>,
    /// A text as it is, anything else as JSON.
    #[serde(default)]
    body: Value,
}

fn get() -> String {
    "GET".to_owned()
}

/// `GET {sb}/faults`: all of them, in order, each with how often it took effect.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn list(_: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let faults: Vec<Told> = slot.lock().faults.iter().map(Scripted::tell).collect();
    Ok(json_answer(StatusCode::OK, &json!({"faults": faults})))
}

/// `POST {sb}/faults`: adds one behind the others. 201 with what was left out filled in.
///
/// # Errors
///
/// 400 when a member is wrong or contradicts another one, 409 when there is a fault of that id; nothing changes then.
pub(super) fn add(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let fault: Fault = call.json()?;
    let told = slot.add_fault(fault)?;
    Ok(json_answer(StatusCode::CREATED, &told))
}

/// `DELETE {sb}/faults`: takes all of them away.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn clear(_: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    slot.clear_faults();
    Ok(no_content())
}

/// `GET {sb}/faults/{id}`.
///
/// # Errors
///
/// 404.
pub(super) fn one(_: &Call<'_>, slot: &Arc<Slot>, id: &str) -> Handled {
    let sandbox = slot.lock();
    let told = sandbox.faults.get(id).map(Scripted::tell);
    match told {
        Some(told) => Ok(json_answer(StatusCode::OK, &told)),
        None => Err(unknown(id, sandbox.faults.iter().map(Scripted::id))),
    }
}

/// `DELETE {sb}/faults/{id}`.
///
/// # Errors
///
/// 404.
pub(super) fn remove(_: &Call<'_>, slot: &Arc<Slot>, id: &str) -> Handled {
    if !slot.remove_fault(id) {
        let sandbox = slot.lock();
        return Err(unknown(id, sandbox.faults.iter().map(Scripted::id)));
    }
    Ok(no_content())
}

/// `POST {sb}/faults/check`: which fault a request would meet, and why the others would not. Nothing happens and nothing
/// is counted.
///
/// # Errors
///
/// 400 when the request could not be made, or fits no vendor.
pub(super) fn check(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let sent: Sent = call.json()?;
    let wrong = |member: &str, message: &str| Problem::mistake(&Mistake::new([member], message));
    let method: Method = sent
        .method
        .parse()
        .map_err(|_| wrong("method", "this is no method"))?;
    if !sent.target.starts_with('/') {
        return Err(wrong(
            "target",
            "expected a path that begins with /, and a query if there is one",
        ));
    }
    let mut headers = headers(&sent.headers).map_err(|mistake| Problem::mistake(&mistake))?;
    // Every client sends one.
    headers
        .entry(HOST)
        .or_insert_with(|| HeaderValue::from_static("localhost"));
    let body = match &sent.body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (path, query) = match sent.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (sent.target.as_str(), None),
    };
    let parts = Parts {
        method: &method,
        path,
        query,
        headers: &headers,
        version: Version::HTTP_11,
        prefix: "",
        secure: false,
        local: "localhost",
    };
    let Destination::Vendor(visit) = call.sandboxes.route(&parts) else {
        return Err(wrong("target", "no vendor has such a path")
            .hint("write it as it would be sent to the server: /chase/api/v2/conversions, say"));
    };
    let parts = Parts {
        path: visit.path,
        prefix: visit.prefix,
        ..parts
    };
    let request = Request {
        parts,
        body: Body::Whole(body.as_bytes()),
    };
    let checked = slot
        .lock()
        .check_faults(visit.vendor, &request, call.system);
    Ok(json_answer(StatusCode::OK, &checked))
}

fn headers(given: &Map<String, Value>) -> Result<HeaderMap, Mistake> {
    let mut headers = HeaderMap::new();
    for (name, values) in given {
        let mistake = |message: &str| Mistake::new(["headers", name], message);
        let parsed: HeaderName = name
            .parse()
            .map_err(|_| mistake("this is no name of a header"))?;
        let values = match values {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let value = value
                .as_str()
                .and_then(|text| HeaderValue::from_str(text).ok())
                .ok_or_else(|| {
                    mistake("expected a text that a header can have, or a list of them")
                })?;
            headers.append(parsed.clone(), value);
        }
    }
    Ok(headers)
}

fn unknown<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let near = nearest(id, known);
    Problem::new(StatusCode::NOT_FOUND, "no-fault", "There is no such fault")
        .detail(format!("no fault of this sandbox has the id {id:?}"))
        .hint(near.map_or_else(
            || "GET faults lists them".to_owned(),
            |near| format!("did you mean {near}?"),
        ))
}

impl From<FaultError> for Problem {
    fn from(error: FaultError) -> Self {
        match error {
            FaultError::Mistake(mistake) => Self::mistake(&mistake),
            FaultError::Exists(_) => {
                Self::new(StatusCode::CONFLICT, "fault-exists", "The fault exists")
                    .detail(error.to_string())
                    .hint("choose another id, delete that fault, or leave the id out")
            }
        }
    }
}
