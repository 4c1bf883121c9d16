//! Errors and conditions that a fault asks for.

use http::header::ALLOW;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;

use super::answers::Answers;
use super::{Chase, State, log_conversion};
use crate::engine::{Answer, Condition, Effect, Parts};

/// The statuses of errors that the page and its framework have.
pub(super) const STATUSES: &[u16] = &[400, 401, 404, 405, 413, 422, 500];

/// The answer with a status, in the framework's words.
pub(super) fn documented(state: &State, parts: &Parts<'_>, status: u16, now: Timestamp) -> Answer {
    let answers = Answers::to(parts, now);
    match status {
        400 => answers.detail(
            StatusCode::BAD_REQUEST,
            "There was an error parsing the body",
        ),
        401 => answers.detail(
            StatusCode::UNAUTHORIZED,
            &state.0.document.unknown_key_detail,
        ),
        404 => answers.detail(StatusCode::NOT_FOUND, "Not Found"),
        405 => {
            let allow = (ALLOW, HeaderValue::from_static("POST"));
            answers.detail_with(StatusCode::METHOD_NOT_ALLOWED, allow, "Method Not Allowed")
        }
        413 => answers.detail(StatusCode::PAYLOAD_TOO_LARGE, "Content Too Large"),
        422 => log_conversion::without_members(&answers),
        _ => answers.internal_server_error(),
    }
}

/// What can go wrong behind the answer.
pub(super) const CONDITIONS: [&str; 1] = ["log_failed"];

/// One of [`CONDITIONS`]: the call is answered 202, and logging it in the background fails.
pub(super) fn condition(name: &str) -> Option<Condition<Chase>> {
    (name == "log_failed").then_some(Condition {
        route: None,
        effect: Effect::Events(|events, _| events.clear()),
    })
}
