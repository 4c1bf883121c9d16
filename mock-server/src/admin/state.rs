//! A sandbox's state as a document: a seed document with everything filled in.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value};

use super::{Call, Handled, json_answer};
use crate::sandbox::Slot;

/// `GET {sb}/state`: unmasked, so that putting it back changes nothing.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn show(_: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let document = slot.lock().document();
    Ok(json_answer(StatusCode::OK, &document))
}

/// `PUT {sb}/state`: replaces the seeds of the vendors that the document names, and resets those vendors to them.
///
/// # Errors
///
/// 400 when the document is wrong, 409 when an identity in it leads to another sandbox; nothing changes then.
pub(super) fn replace(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let document: Map<String, Value> = call.json()?;
    call.sandboxes.replace(slot, document)?;
    show(call, slot, "")
}

/// `PATCH {sb}/state`: a JSON merge patch (RFC 7396) of the present state only; a reset undoes it.
///
/// # Errors
///
/// As for [`replace`].
pub(super) fn patch(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let patch: Map<String, Value> = call.json()?;
    call.sandboxes.patch(slot, patch)?;
    show(call, slot, "")
}
