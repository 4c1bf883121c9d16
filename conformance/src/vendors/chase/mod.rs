//! Chase. One file a part of its page "Log Conversion", and one for what its framework does.

use serde_json::{Value, json};

use super::Checks;
use crate::check::{Case, Entry};
use crate::exchange::{Answer, Credentials, Request};
use crate::expect::{Expect, json, status};
use crate::whole;
use crate::world::{Blocked, World};

mod body;
mod content_type;
mod conversion;
mod echo;
mod email;
mod http;
mod json;
mod key;
mod routing;
mod strategies;

/// What holds of answers as a whole.
const WHOLE: &[Entry] = &[
    ("chase.whole.described", whole::described),
    ("chase.whole.documented", whole::documented),
    ("chase.whole.well_formed", whole::well_formed),
];

/// The checks of this vendor.
pub(super) const CHECKS: Checks = Checks {
    vendor: "chase",
    lists: &[
        WHOLE,
        routing::CHECKS,
        http::CHECKS,
        content_type::CHECKS,
        json::CHECKS,
        body::CHECKS,
        conversion::CHECKS,
        key::CHECKS,
        echo::CHECKS,
        email::TEXT,
        email::LOCAL,
        email::DOMAIN,
        email::LENGTH,
        email::RESULT,
    ],
    // A body that does not fit: nothing is logged.
    hello: |world| Ok(post(world, &json!({}))?.probe()),
    is_stranger: |answer: &Answer| answer.status == 401,
};

/// The documented path.
pub(super) const PATH: &str = "/api/v2/conversions";

/// Who calls, unless a check says otherwise.
pub(super) fn key(world: &World) -> Result<Credentials, Blocked> {
    Ok(Credentials::Key {
        header: "X-API-Key",
        key: world.secret("api_key")?,
    })
}

/// Sends a body.
pub(super) fn post(world: &World, body: &Value) -> Result<Request, Blocked> {
    Ok(Request::post(PATH).by(key(world)?).json(body))
}

/// Sends bytes as JSON, for bodies that the model cannot fit: nothing is logged.
pub(super) fn probe(world: &World, body: impl Into<Vec<u8>>) -> Result<Request, Blocked> {
    Ok(post(world, &Value::Null)?.body(body).probe())
}

/// Calls the operation without a key, which is as far as such a call gets.
pub(super) fn knock() -> Request {
    Request::post(PATH).json(&json!({})).probe()
}

/// A call without a key that reached the operation.
pub(super) fn reached() -> Expect {
    status(401)
}

/// A body that is accepted with 202, with every member of the model.
pub(super) fn sound(world: &World) -> Result<Value, Blocked> {
    Ok(
        json!({"email": world.text("contact")?, "conversion_type": "purchase", "conversion_data": {}}),
    )
}

/// A body with another value for a member, or with one more.
pub(super) fn with(body: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body[name] = value.into();
    body
}

/// A body without a member.
pub(super) fn without(body: &Value, name: &str) -> Value {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        members.shift_remove(name);
    }
    body
}

/// A conversion that will be logged.
pub(super) fn queued() -> Expect {
    status(202)
}

/// A conversion for somebody who is no contact.
pub(super) fn acknowledged() -> Expect {
    status(200)
}

/// A call that is accepted, whatever is special about the way it is sent. The same call without an address is refused:
/// who accepts everything has not looked.
pub(super) fn accepted(
    world: &World,
    name: impl Into<std::borrow::Cow<'static, str>>,
    body: &Value,
    sent: impl Fn(Request) -> Request,
) -> Result<Case, Blocked> {
    let refused = post(world, &without(body, "email"))?;
    Ok(Case::new(name)
        .given("without an address", sent(refused), status(422))
        .tested("accepted", sent(post(world, body)?), queued()))
}

/// A body that does not fit the model: the first error is of this type and at this place below the body.
pub(super) fn unfit(kind: &'static str, place: &[&str]) -> Expect {
    status(422).and(error(kind, place))
}

/// The first error of a list, whatever the status.
pub(super) fn error(kind: &'static str, place: &[&str]) -> Expect {
    let place: Vec<Value> = std::iter::once("body")
        .chain(place.iter().copied())
        .map(Value::from)
        .collect();
    let error = json("/detail/0/type")
        .is(kind)
        .and(json("/detail/0/loc").is(place));
    match message(kind) {
        Some(message) => error.and(json("/detail/0/msg").is(message)),
        None => error,
    }
}

/// What an error says, where its type alone decides that.
fn message(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "missing" => "Field required",
        "model_attributes_type" => {
            "Input should be a valid dictionary or object to extract fields from"
        }
        "string_type" => "Input should be a valid string",
        "string_too_long" => "String should have at most 63 characters",
        "dict_type" => "Input should be a valid dictionary",
        _ => return None,
    })
}

/// A body that is no JSON: what Python's reader says about it, and at which character.
pub(super) fn invalid(error: &'static str, position: usize) -> Expect {
    json("/detail/0/ctx/error")
        .is(error)
        .and(json("/detail/0/loc").is(json!(["body", position])))
}
