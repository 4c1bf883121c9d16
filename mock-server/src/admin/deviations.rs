//! A sandbox's deviations: breaches of rules, on purpose.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, Handled, Problem, json_answer};
use crate::document::Mistake;
use crate::overlay::{self, Active};
use crate::sandbox::Slot;

/// `{"deviations":["comm100.mark.ok_message.in_capitals"],"dry_run":false}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    deviations: Vec<String>,
    /// Whether they only count the calls that they would change, each as if it were the only one.
    #[serde(default)]
    dry_run: bool,
}

/// `GET {sb}/deviations`: those that are on, and how many calls each of them changed.
#[expect(clippy::unnecessary_wraps, reason = "handlers look alike")]
pub(super) fn show(_: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let deviations: Vec<Value> = slot
        .lock()
        .deviations
        .iter()
        .map(|active| {
            json!({
                "id": active.id(),
                "activations": active.activations(),
                "dry_run": active.dry_run,
            })
        })
        .collect();
    Ok(json_answer(
        StatusCode::OK,
        &json!({"deviations": deviations}),
    ))
}

/// `PUT {sb}/deviations`: puts these on and all others off, until a reset. Counts start at 0.
///
/// # Errors
///
/// 400 for an unknown or repeated id; nothing changes then.
pub(super) fn replace(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let Wanted {
        deviations,
        dry_run,
    } = call.json()?;
    let mut deviations = named(&deviations)?;
    for active in &mut deviations {
        active.dry_run = dry_run;
    }
    slot.deviate(deviations);
    show(call, slot, "")
}

/// The deviations of these ids.
///
/// # Errors
///
/// When an id is unknown or repeated.
pub(super) fn named(ids: &[String]) -> Result<Vec<Active>, Problem> {
    overlay::named(ids)
        .map_err(|error| Problem::mistake(&Mistake::new(["deviations"], error.to_string())))
}
