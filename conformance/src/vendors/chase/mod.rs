//! Chase. One file a part of its page "Log Conversion", and one for what its framework does.

use serde_json::{Value, json};

use super::Checks;
use crate::exchange::{Answer, Credentials, Request};
use crate::expect::{Expect, json, status};
use crate::world::{Blocked, World};

mod log_conversion;

/// The checks of this vendor.
pub(super) const CHECKS: Checks = Checks {
    vendor: "chase",
    lists: &[log_conversion::CHECKS],
    // A body that does not fit: nothing is logged.
    hello: |world| Ok(post(world, &json!({}))?.probe()),
    is_stranger: |answer: &Answer| answer.status == 401,
};

/// Who calls, unless a check says otherwise.
pub(super) fn key(world: &World) -> Result<Credentials, Blocked> {
    Ok(Credentials::Key {
        header: "X-API-Key",
        key: world.secret("api_key")?,
    })
}

/// Sends a body.
pub(super) fn post(world: &World, body: &Value) -> Result<Request, Blocked> {
    Ok(Request::post("/api/v2/conversions")
        .by(key(world)?)
        .json(body))
}

/// A body that is accepted with 202.
pub(super) fn sound(world: &World) -> Result<Value, Blocked> {
    Ok(json!({"email": world.text("contact")?, "conversion_type": "purchase"}))
}

/// A conversion that will be logged.
pub(super) fn queued() -> Expect {
    status(202)
}

/// A body that does not fit the model: one error, of this type and at this place below the body.
pub(super) fn unfit(kind: &'static str, place: &[&str]) -> Expect {
    let place: Vec<Value> = std::iter::once("body")
        .chain(place.iter().copied())
        .map(Value::from)
        .collect();
    status(422)
        .and(json("/detail/0/type").is(kind))
        .and(json("/detail/0/loc").is(place))
}
