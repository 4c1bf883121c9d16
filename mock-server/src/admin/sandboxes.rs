//! Sandboxes: make, list, look, drop, reset.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Call, Handled, Problem, clock, deviations, json_answer, no_content};
use crate::document::Mistake;
use crate::sandbox::{Part, Slot};
use crate::sandboxes::{New, describe};

/// The longest time that a sandbox that is dropped when idle can be left alone: 30 days, in milliseconds.
const LONGEST_IDLE_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// `{"id":"checkout","seed":{…},"prefix_only":false,"clock":{…},"deviations":[…],"idle_ms":600000}`, all of it optional.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    id: Option<String>,
    /// A seed document; vendors that it does not name start like the server's own, with fresh credentials.
    seed: Map<String, Value>,
    /// Whether only the base URL leads to it, and no credentials.
    prefix_only: bool,
    /// Its clock, as `PUT {sb}/clock` takes it.
    clock: Option<clock::Setting>,
    /// Ids of deviations.
    deviations: Vec<String>,
    /// Dropped when nobody called it for so long, in milliseconds.
    idle_ms: Option<u64>,
}

/// `{"only":["state","counts","journal","deviations","clock"]}`; nothing means everything.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    only: Option<Vec<Part>>,
}

/// `GET /__admin/sandboxes`.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn list(call: &Call<'_>) -> Handled {
    Ok(json_answer(
        StatusCode::OK,
        &json!({"sandboxes": call.sandboxes.ids()}),
    ))
}

/// `POST /__admin/sandboxes`: 201 with base URLs and credentials.
///
/// # Errors
///
/// 400 for an unfit id, a wrong seed or clock, unknown or repeated deviations, and a time to be idle that is none or
/// longer than 30 days; 409 when the id or an identity of the seed is taken.
pub(super) fn create(call: &Call<'_>) -> Handled {
    let wanted: Wanted = call.json()?;
    let clock = wanted
        .clock
        .map(|setting| setting.clock(call.sandboxes.settings.clock, call.system))
        .transpose()?;
    if wanted
        .idle_ms
        .is_some_and(|idle_ms| !(1..=LONGEST_IDLE_MS).contains(&idle_ms))
    {
        let expected = format!("expected 1 to {LONGEST_IDLE_MS}, which is 30 days");
        return Err(Problem::mistake(&Mistake::new(["idle_ms"], expected))
            .hint("leave it out for a sandbox that stays until it is deleted"));
    }
    let slot = call.sandboxes.create(New {
        id: wanted.id,
        seed: wanted.seed,
        prefix_only: wanted.prefix_only,
        clock,
        deviations: deviations::named(&wanted.deviations)?,
        idle_ms: wanted.idle_ms,
    })?;
    slot.touch(call.system);
    Ok(json_answer(
        StatusCode::CREATED,
        &describe(&slot, call.base_url),
    ))
}

/// `GET /__admin/sandboxes/{id}`.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn one(call: &Call<'_>, slot: &Arc<Slot>) -> Handled {
    Ok(json_answer(StatusCode::OK, &describe(slot, call.base_url)))
}

/// `DELETE /__admin/sandboxes/{id}`.
///
/// # Errors
///
/// 409 for the default sandbox.
pub(super) fn delete(call: &Call<'_>, slot: &Arc<Slot>) -> Handled {
    call.sandboxes.delete(slot)?;
    Ok(no_content())
}

/// `POST {sb}/reset`: back to the seed, or only the parts named.
///
/// # Errors
///
/// 400 for an unknown part; 409 when credentials of the seed lead to another sandbox by now.
pub(super) fn reset(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let Reset { only } = call.json()?;
    call.sandboxes
        .reset(slot, only.as_deref().unwrap_or(&Part::ALL))?;
    Ok(no_content())
}
