//! Comm100 Live Chat. One file a page of its documents.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::Checks;
use crate::check::{Case, Entry};
use crate::exchange::{Answer, Credentials, Form, Request};
use crate::expect::{Expect, json, status, status_from};
use crate::secret::Secret;
use crate::whole;
use crate::world::{Blocked, World};

mod account;
mod authorization;
mod conversions;
mod introduction;
mod limit;
mod mark;
mod order;
mod strategies;
mod visitors;

/// What holds of answers as a whole.
const WHOLE: &[Entry] = &[
    ("comm100.whole.described", whole::described),
    ("comm100.whole.documented", whole::documented),
    ("comm100.whole.well_formed", whole::well_formed),
];

/// The checks of this vendor.
pub(super) const CHECKS: Checks = Checks {
    vendor: "comm100",
    lists: &[
        WHOLE,
        introduction::CHECKS,
        authorization::CHECKS,
        limit::CHECKS,
        account::CHECKS,
        order::CHECKS,
        conversions::CHECKS,
        mark::CHECKS,
        visitors::CHECKS,
    ],
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
    status(200).and(json("").holds("an array", Value::is_array))
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

/// Another agent of the same account, without the permission Manage Settings.
pub(super) fn viewer(world: &World) -> Result<Credentials, Blocked> {
    Ok(Credentials::Basic {
        user: world.text("viewer_username")?,
        password: world.secret("viewer_password")?,
    })
}

/// Another agent of the same account, who may do everything without a permission of their own.
pub(super) fn administrator(world: &World) -> Result<Credentials, Blocked> {
    Ok(Credentials::Basic {
        user: world.text("administrator_username")?,
        password: world.secret("administrator_password")?,
    })
}

/// Nobody that is known, with a key that is good for the known agent.
pub(super) fn unknown_agent(world: &World) -> Result<Credentials, Blocked> {
    Ok(Credentials::Basic {
        user: format!("{}@example.com", world.unique()),
        password: world.secret("password")?,
    })
}

/// An agent of the seeds besides the known ones: who they are, and their key.
pub(super) type Seeded = (&'static str, &'static str);

/// An agent of the known account who may not call at all.
pub(super) const RETIRED: Seeded = ("retired@example.com", "2b3c4d5e6f704182939a4b5c6d7e8f90");
/// One of another account, whose one action is Newsletter.
pub(super) const STRANGER: Seeded = ("other@example.com", "3c4d5e6f708142939aab4c5d6e7f8091");
/// One of an account of the edition Business.
pub(super) const BUSINESS: Seeded = ("small@example.com", "4d5e6f708192a3a4abbc5d6e7f8091a2");

/// An agent of the seeds.
pub(super) fn seeded(world: &World, (user, key): Seeded) -> Result<Credentials, Blocked> {
    world.sandbox()?;
    Ok(Credentials::Basic {
        user: user.to_owned(),
        password: Secret::new("SEEDED_KEY", key),
    })
}

/// What is changed of the known account, as a patch of the sandbox's state.
pub(super) fn account(patch: &Value) -> Value {
    json!({"comm100": {"accounts": {"main": patch}}})
}

/// `GET` of a path below `/api/v1/livechat`.
pub(super) fn get(world: &World, path: &str) -> Result<Request, Blocked> {
    Ok(Request::get(format!("/api/v1/livechat{path}")).by(agent(world)?))
}

/// Lists the visitors.
pub(super) fn visitors(world: &World) -> Result<Request, Blocked> {
    get(world, "/visitors")
}

/// Reads the known visitor.
pub(super) fn visitor(world: &World) -> Result<Request, Blocked> {
    get(world, &format!("/visitors/{}", world.text("visitor_id")?))
}

/// Sets no variable of the known visitor: a write that changes nothing.
pub(super) fn set_nothing(world: &World) -> Result<Request, Blocked> {
    Ok(visitor(world)?.method("PUT").json(&json!([])))
}

/// Any yes. Which one is a rule of its own.
pub(super) fn accepted() -> Expect {
    status_from(200, 299)
}

/// Any no to what was asked. Which one is a rule of its own.
pub(super) fn turned_down() -> Expect {
    status_from(400, 499)
}

/// The number of a failed call. That it is a number at all is a rule of its own.
pub(super) fn code(number: u32) -> Expect {
    json("/code").holds(&number.to_string(), move |code| {
        code.as_str()
            .map_or_else(|| code.to_string(), ToOwned::to_owned)
            == number.to_string()
    })
}

/// The message of a failed call.
pub(super) fn message(text: &str) -> Expect {
    json("/message").is(text)
}

/// A refusal with a number, and the status that the number begins with.
pub(super) fn refused(number: u32) -> Expect {
    let first = u16::try_from(number / 1000).expect("numbers have six digits");
    status(first).and(code(number))
}

/// A result of a marked conversion: 0 is recorded.
pub(super) fn result(error_code: i64) -> Expect {
    json("/error_code").is(json!(error_code))
}

/// A case about what an answer looks like that comes under a condition: the request is sent once to see whether that is
/// met, so that a breach of another rule leaves this one unproven, and once more to be judged.
pub(super) fn seen(
    name: impl Into<Cow<'static, str>>,
    request: Request,
    met: Expect,
    expect: Expect,
) -> Case {
    Case::new(name)
        .given("once", request.clone(), met)
        .tested("once more", request, expect)
}

/// The body is JSON that has this text somewhere, in whatever letter case. Where it stands is a rule of its own.
pub(super) fn mentions(text: &str) -> Expect {
    let text = text.to_owned();
    json("").holds(&format!("JSON with the text {text} in it"), move |body| {
        has_text(body, &text)
    })
}

fn has_text(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text.eq_ignore_ascii_case(wanted),
        Value::Array(elements) => elements.iter().any(|element| has_text(element, wanted)),
        Value::Object(members) => members.values().any(|member| has_text(member, wanted)),
        _ => false,
    }
}

/// The body is an array of one element at least, and each is as wanted.
pub(super) fn each(wanted: &str, holds: impl Fn(&Value) -> bool + 'static) -> Expect {
    each_of("", wanted, holds)
}

/// The same of an array at a JSON pointer of the body.
pub(super) fn each_of(
    pointer: &str,
    wanted: &str,
    holds: impl Fn(&Value) -> bool + 'static,
) -> Expect {
    let wanted = format!("an array whose elements each have {wanted}");
    json(pointer).holds(&wanted, move |list| {
        list.as_array()
            .is_some_and(|elements| !elements.is_empty() && elements.iter().all(&holds))
    })
}

/// Sets custom variables of the known visitor.
pub(super) fn put_variables(world: &World, variables: &Value) -> Result<Request, Blocked> {
    Ok(visitor(world)?.method("PUT").json(variables))
}

/// A visitor less what may be another from one call to the next, because they are on the site.
pub(super) fn steady(visitor: &Value) -> Value {
    let mut visitor = visitor.clone();
    if let Some(members) = visitor.as_object_mut() {
        for moving in [
            "chats",
            "current_browsing",
            "page_views",
            "status",
            "visits",
        ] {
            members.remove(moving);
        }
    }
    visitor
}
