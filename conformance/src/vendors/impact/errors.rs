//! Page "Status Codes & Errors": the three bodies that errors have.

use serde_json::Value;

use super::{accepted, get, in_xml, is_json, is_xml, seen, sound, submit};
use crate::check::{Case, Check, Entry};
use crate::exchange::Request;
use crate::expect::{Expect, json, status, xml};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.errors.unauthorized_body", unauthorized_body),
    ("impact.errors.denied_body", denied_body),
    ("impact.errors.auth_always_json", auth_always_json),
    ("impact.errors.conversion_body", conversion_body),
    ("impact.errors.envelope", envelope),
    (
        "impact.errors.envelope_without_details",
        envelope_without_details,
    ),
    ("impact.errors.envelope_xml", envelope_xml),
];

/// The members of an object, in alphabetical order.
fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys().map(String::as_str))
        .collect();
    names.sort_unstable();
    names
}

/// The body of a 401 or a 403, whose status is a number.
fn auth_error(code: u16, title: &str) -> Expect {
    json("/status").is(code).and(json("/title").is(title))
}

/// Reading by somebody who is unknown, and by somebody who asks for the path of another SID.
fn unauthorized(world: &World) -> Result<Request, Blocked> {
    Ok(get(world, "Actions")?.by_nobody())
}

fn denied(world: &World) -> Result<Request, Blocked> {
    let request = get(world, "Actions")?;
    Ok(request.target("/Mediapartners/IRunknown00000000000000000000000AA/Actions"))
}

/// Who is unknown is told so.
fn unauthorized_body(world: &World) -> Result<Check, Blocked> {
    let body = auth_error(401, "Unauthorized");
    Ok(Check::new()
        .case(seen(
            Case::new("reading").twin(get(world, "Actions")?, accepted()),
            unauthorized(world)?,
            status(401),
            body.clone(),
        ))
        .case(seen(
            Case::new("submitting"),
            submit(world, &sound(world)?)?.by_nobody(),
            status(401),
            body,
        )))
}

/// Who may not is told so.
fn denied_body(world: &World) -> Result<Check, Blocked> {
    let body = auth_error(403, "Access Denied");
    let form = sound(world)?;
    let own = world.text("media_partner_id")?;
    let foreign = form.clone().set("MediaPartnerId", format!("{own}7"));
    Ok(Check::new()
        .case(seen(
            Case::new("another SID").twin(get(world, "Actions")?, accepted()),
            denied(world)?,
            status(403),
            body.clone(),
        ))
        .case(seen(
            Case::new("another partner").twin(submit(world, &form)?, accepted()),
            submit(world, &foreign)?,
            status(403),
            body,
        )))
}

/// These two bodies have no XML.
fn auth_always_json(world: &World) -> Result<Check, Blocked> {
    let case = |name: &'static str, twin: Request, refused, code| {
        let case = Case::new(name).twin(twin, is_xml());
        seen(case, refused, status(code), is_json())
    };
    let by_accept = in_xml(get(world, "Actions")?);
    let by_suffix = get(world, "Actions.xml")?;
    let nobody = by_suffix.clone().by_nobody();
    Ok(Check::new()
        .case(case(
            "401",
            by_accept.clone(),
            in_xml(unauthorized(world)?),
            401,
        ))
        .case(case("403", by_accept, in_xml(denied(world)?), 403))
        .case(case("401 to a path with a suffix", by_suffix, nobody, 401)))
}

/// The errors of a conversion have lower-case members, and nothing stands beside them.
fn conversion_body(world: &World) -> Result<Check, Blocked> {
    let sound_form = sound(world)?;
    let one = sound_form.clone().without("OrderId");
    let two = one.clone().set("Amount", "-1");
    let whole = || {
        json("")
            .holds("the members Status and errors alone", |body| {
                members(body) == ["Status", "errors"]
            })
            .and(json("/Status").is("ERROR"))
            .and(json("/errors").holds(
                "errors of field, level ERROR and message alone",
                |errors| {
                    errors.as_array().is_some_and(|errors| {
                        errors.iter().all(|error| {
                            members(error) == ["field", "level", "message"]
                                && error["field"].is_string()
                                && error["level"] == "ERROR"
                                && error["message"]
                                    .as_str()
                                    .is_some_and(|text| !text.is_empty())
                        })
                    })
                },
            ))
            .and(json("/errors/0").exists())
    };
    let case = |name: &'static str, form| -> Result<Case, Blocked> {
        let case = Case::new(name).twin(submit(world, &sound_form)?, accepted());
        Ok(seen(case, submit(world, form)?, status(400), whole()))
    };
    Ok(Check::new()
        .case(case("one error", &one)?)
        .case(case("two errors", &two)?))
}

/// Reading that is refused without details, and with them.
fn refused_reading(world: &World) -> Result<[(&'static str, Request, u16); 3], Blocked> {
    Ok([
        ("404", get(world, "Actions/1.2.3")?, 404),
        ("405", get(world, "PartnerConversions")?, 405),
        ("400", get(world, "Actions?IrVersion=10")?, 400),
    ])
}

/// A text that says something.
fn is_said(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

/// Everything else is said with Status, Message and Errors.
fn envelope(world: &World) -> Result<Check, Blocked> {
    let general = || {
        json("/Status")
            .is("ERROR")
            .and(json("/Message").holds("a text", is_said))
    };
    let details = || {
        json("/Errors").holds("a list of Field and Message", |errors| {
            errors.as_array().is_some_and(|errors| {
                !errors.is_empty()
                    && errors
                        .iter()
                        .all(|error| is_said(&error["Field"]) && is_said(&error["Message"]))
            })
        })
    };
    let cases = refused_reading(world)?.map(|(name, request, code)| {
        let expect = if code == 400 {
            general().and(details())
        } else {
            general()
        };
        seen(Case::new(name), request, status(code), expect)
    });
    Ok(Check::new().cases(cases))
}

/// Where nothing is to be said about parameters, there is no list of them.
fn envelope_without_details(world: &World) -> Result<Check, Blocked> {
    let [not_found, wrong_method, _] = refused_reading(world)?;
    let cases = [not_found, wrong_method].map(|(name, request, code)| {
        let whole = status(code).and(json("/Message").exists());
        seen(Case::new(name), request, whole, json("/Errors").absent())
    });
    Ok(Check::new().cases(cases))
}

/// The same in XML.
fn envelope_xml(world: &World) -> Result<Check, Blocked> {
    let root = |path: &str| xml(&format!("ImpactRadiusResponse/{path}"));
    let cases = refused_reading(world)?.map(|(name, request, code)| {
        let general = root("Status")
            .is("ERROR")
            .and(root("Message").holds("a text", is_said));
        let expect = if code == 400 {
            general
                .and(root("Errors/Error/Field").holds("a text", is_said))
                .and(root("Errors/Error/Message").holds("a text", is_said))
        } else {
            general
        };
        seen(
            Case::new(name),
            in_xml(request),
            status(code).and(is_xml()),
            expect,
        )
    });
    Ok(Check::new().cases(cases))
}
