//! Whether the calls that were made are those that a test expects.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;

use super::{Call, Handled, LONGEST_WAIT_MS, Problem, json_answer, waiting};
use crate::document::Mistake;
use crate::matcher::Match;
use crate::sandbox::Slot;
use crate::verify::{Count, Verifier};

/// `{"match":{…},"count":{"exactly":1},"wait_ms":5000}`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Verify {
    /// Which calls; all unless given.
    #[serde(rename = "match")]
    wanted: Match,
    /// How many of them; at least one unless given.
    count: Count,
    /// Waits for at most this long, in milliseconds of real time.
    wait_ms: u64,
}

/// `POST {sb}/verify`: 200 with a [`Verdict`](crate::verify::Verdict). With `wait_ms` it waits until there are enough calls; an upper bound alone
/// is watched for the whole time.
///
/// # Errors
///
/// 400 when a member is wrong or contradicts another one, and for a wait beyond ten minutes.
pub(super) fn verify(call: &Call<'_>, slot: &Arc<Slot>, _: &str) -> Handled {
    let wanted: Verify = call.json()?;
    let verifier =
        Verifier::new(wanted.wanted, wanted.count).map_err(|mistake| Problem::mistake(&mistake))?;
    if wanted.wait_ms > LONGEST_WAIT_MS {
        let message = format!("at most {LONGEST_WAIT_MS}, which is ten minutes");
        return Err(Problem::mistake(&Mistake::new(["wait_ms"], message)));
    }
    let left_ms = wanted.wait_ms.saturating_sub(call.waited_ms);
    let look = verifier.look(slot, left_ms);
    Ok(waiting(slot, look, |verdict| {
        json_answer(StatusCode::OK, &verdict)
    }))
}
