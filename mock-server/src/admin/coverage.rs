//! Which documented answers the clients of a sandbox have met.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;

use super::sandboxes::base_url;
use super::{Call, Handled, json_answer, known_vendor};
use crate::coverage::Reach;
use crate::sandbox::Slot;
use crate::vendors::VENDORS;

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
    let base_url = base_url(call, slot);
    let sandbox = slot.lock();
    let coverage = sandbox.coverage;
    let reach: Vec<Reach> = VENDORS
        .iter()
        .enumerate()
        .map(|(vendor, kind)| Reach {
            base_url: format!("{base_url}/{}", kind.name()),
            credentials: sandbox.present(vendor).credentials(),
        })
        .collect();
    drop(sandbox);
    Ok(json_answer(StatusCode::OK, &coverage.report(only, &reach)))
}
