//! Which documented answers the clients of a sandbox have met.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;

use super::{Call, Handled, json_answer, known_vendor};
use crate::sandbox::Slot;
use crate::sandboxes::base_url;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    vendor: Option<String>,
}

/// `GET {sb}/coverage`: each documented answer, whether it was met, and what provokes it.
///
/// # Errors
///
/// 400 for an unknown vendor.
pub(super) fn show(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let query: Query = call.filters(&[])?;
    let only = known_vendor(query.vendor.as_deref())?;
    let base_url = base_url(slot, call.base_url);
    let sandbox = slot.lock();
    let coverage = sandbox.tally.coverage;
    let reach = sandbox.reach(&base_url);
    drop(sandbox);
    Ok(json_answer(StatusCode::OK, &coverage.report(only, &reach)))
}
