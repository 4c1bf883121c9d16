//! Page "Log Conversion": the body and what becomes of it.

use serde_json::{Value, json};

use super::{post, queued, sound, unfit};
use crate::check::{Check, Entry, Refusal};
use crate::exchange::Request;
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[("chase.body.email_text", email_text)];

/// Anything but text in the place of the address is refused.
fn email_text(world: &World) -> Result<Check, Blocked> {
    let body = sound(world)?;
    let mut check = Refusal::of(post(world, &body)?, queued());
    for wrong in [json!(null), json!(1), json!(true), json!([]), json!({})] {
        let mut broken = body.clone();
        broken["email"] = wrong.clone();
        check = check.broken(
            format!("with {} for an address", Value::from(wrong)),
            move |request: Request| request.json(&broken),
            unfit("string_type", &["email"]),
        );
    }
    Ok(check.into())
}
