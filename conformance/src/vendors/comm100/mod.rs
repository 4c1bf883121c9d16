//! Comm100 Live Chat. One file a page of its documents.

use serde_json::json;

use super::Checks;
use crate::exchange::{Answer, Credentials, Form, Request};
use crate::expect::{Expect, json, status};
use crate::world::{Blocked, World};

mod conversions;

/// The checks of this vendor.
pub(super) const CHECKS: Checks = Checks {
    vendor: "comm100",
    lists: &[conversions::CHECKS],
    hello: list,
    is_stranger: |answer: &Answer| answer.status == 401,
};

/// Who calls, unless a check says otherwise: an agent who may list and mark.
pub(super) fn agent(world: &World) -> Result<Credentials, Blocked> {
    Ok(Credentials::Basic {
        user: world.text("username")?,
        password: world.secret("password")?,
    })
}

/// Lists the conversion actions.
pub(super) fn list(world: &World) -> Result<Request, Blocked> {
    Ok(Request::get("/api/v1/livechat/conversions").by(agent(world)?))
}

/// The list, as it must be at the least.
pub(super) fn listed() -> Expect {
    status(200).and(json("").holds("an array", serde_json::Value::is_array))
}

/// Marks a conversion with a form.
pub(super) fn mark(world: &World, form: &Form) -> Result<Request, Blocked> {
    Ok(
        Request::post("/api/v1/livechat/mark_api_conversion_successful")
            .by(agent(world)?)
            .form(form),
    )
}

/// A form that is answered with result 0.
pub(super) fn sound(world: &World) -> Result<Form, Blocked> {
    Ok(Form::default()
        .and("conversion_name", world.text("conversion_name")?)
        .and("visitorId", world.text("visitor_id")?)
        .and("value", "1.5"))
}

/// A result of a marked conversion: 0 is recorded.
pub(super) fn result(error_code: i64) -> Expect {
    json("/error_code").is(json!(error_code))
}

/// A refusal with a status and a code in the body.
pub(super) fn refused(code: i64) -> Expect {
    let first = u16::try_from(code / 1000).expect("codes have six digits");
    status(first).and(json("/code").is(json!(code)))
}
