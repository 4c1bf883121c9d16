//! Page "Requests": paths, methods, and the body of a submission.

use super::{accepted, get, path, record_of, refused, seen, sound, submit};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::{Form, Request};
use crate::expect::{Expect, header, json, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.requests.one_host", one_host),
    ("impact.requests.unknown_path", unknown_path),
    ("impact.requests.letter_case", letter_case),
    ("impact.requests.spelling", spelling),
    ("impact.requests.method", method),
    ("impact.requests.allow", allow),
    ("impact.requests.method_override", method_override),
    ("impact.requests.form", form),
    ("impact.requests.form_encoding", form_encoding),
    ("impact.requests.media_type", media_type),
    ("impact.requests.body_limit", body_limit),
    ("impact.requests.broken_body", broken_body),
    ("impact.requests.json", in_json),
    ("impact.requests.json_object", json_object),
];

/// HTTP/1.1 asks for one Host, no more and no less.
fn one_host(world: &World) -> Result<Check, Blocked> {
    let refusal = Refusal::of(get(world, "Actions")?, accepted())
        .broken("without Host", |request| request.hosts(&[]), status(400))
        .broken(
            "with two",
            |request| request.hosts(&["localhost", "localhost"]),
            status(400),
        );
    Ok(refusal.into())
}

/// There is nothing at a path that is not documented.
fn unknown_path(world: &World) -> Result<Check, Blocked> {
    let mut refusal = Refusal::of(get(world, "Actions")?, accepted());
    for unknown in [
        "Nothing",
        "",
        "Action",
        "Actions/",
        "Actions//",
        "Actions/1.2.3/Nothing",
        "Actions/1.2.3/Items/1/2",
        "APISubmissions",
        "PartnerConversions/",
        "PartnerConversions/1",
        "ActionUpdates/",
    ] {
        let target = path(world, unknown)?;
        refusal = refusal.broken(
            format!("to {unknown:?}"),
            move |request| request.target(target),
            // Which of the two is not settled by any source: IMP-CTR-08.
            status(404).or(status(403)),
        );
    }
    Ok(refusal.into())
}

/// Only the first segment may be written in any letter case.
fn letter_case(world: &World) -> Result<Check, Blocked> {
    let request = get(world, "Actions")?;
    let spelled = |first| {
        let target = request.target.replacen("Mediapartners", first, 1);
        request.clone().target(target)
    };
    let mut check = Check::new();
    for first in [
        "MediaPartners",
        "mediapartners",
        "MEDIAPARTNERS",
        "mEdIaPaRtNeRs",
    ] {
        let case = Case::new("the first segment and the last")
            .tested(first, spelled(first), accepted())
            .tested("actions", get(world, "actions")?, refused())
            .tested("ACTIONS", get(world, "ACTIONS")?, refused());
        check = check.case(case);
    }
    Ok(check)
}

/// However a call spells its path, what is returned has the vendor's spelling.
fn spelling(world: &World) -> Result<Check, Blocked> {
    let documented = |place: &str| json(place).matches("(^|/)Mediapartners/");
    let mut check = Check::new();
    for first in ["MediaPartners", "mediapartners", "Mediapartners"] {
        let spelled = |request: Request| {
            let target = request.target.replacen("Mediapartners", first, 1);
            request.target(target)
        };
        let submission = spelled(submit(world, &sound(world)?)?);
        let list = spelled(get(world, "Actions")?);
        check = check
            .case(seen(
                Case::new("QueuedUri"),
                submission,
                json("/QueuedUri").exists(),
                documented("/QueuedUri"),
            ))
            .case(seen(
                Case::new("the references of a list"),
                list,
                json("/@uri").exists(),
                documented("/@uri"),
            ));
    }
    Ok(check)
}

/// A path has one method.
fn method(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for resource in ["Actions", "ActionUpdates"] {
        let mut refusal = Refusal::of(get(world, resource)?, accepted());
        for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
            refusal = refusal.broken(
                format!("{method} {resource}"),
                |request| request.method(method).probe(),
                status(405),
            );
        }
        check = check.cases(Check::from(refusal).cases);
    }
    let form = sound(world)?;
    let mut refusal = Refusal::of(submit(world, &form)?, accepted());
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
        refusal = refusal.broken(
            format!("{method} PartnerConversions"),
            |request| request.method(method).probe(),
            status(405),
        );
    }
    for method in ["GET", "HEAD"] {
        refusal = refusal.broken(
            format!("{method} PartnerConversions"),
            |request| request.method(method).without_body(),
            status(405),
        );
    }
    Ok(check.cases(Check::from(refusal).cases))
}

/// Who uses a wrong method is told the right one.
fn allow(world: &World) -> Result<Check, Blocked> {
    let submitting = get(world, "PartnerConversions")?;
    let reading = get(world, "Actions")?;
    let case = |name: &'static str, request, method: &'static str| {
        seen(
            Case::new(name),
            request,
            status(405),
            header("Allow").is(method),
        )
    };
    Ok(Check::new()
        .case(case("PartnerConversions", submitting.clone(), "POST"))
        .case(case(
            "PartnerConversions, without a body",
            submitting.method("HEAD"),
            "POST",
        ))
        .case(case("Actions", reading.clone().method("OPTIONS"), "GET"))
        .case(case(
            "Actions, without a body",
            reading.method("HEAD"),
            "GET",
        )))
}

/// A POST can say that it is another method, which the path does not have.
fn method_override(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let plain = submit(world, &form)?;
    let mut check = Check::new();
    for method in ["PUT", "DELETE"] {
        let in_form = form.clone().and("_method", method);
        let refusal = Refusal::of(plain.clone(), accepted())
            .broken(
                format!("{method} in the query"),
                |request| request.target_and(&format!("?_method={method}")),
                status(405),
            )
            .broken(
                format!("{method} in the form"),
                |request| request.form(&in_form),
                status(405),
            );
        check = check.cases(Check::from(refusal).cases);
    }
    for method in ["POST", "GET", "PATCH", "put", "x", ""] {
        let in_query = plain.clone().target_and(&format!("?_method={method}"));
        let in_form = submit(world, &form.clone().and("_method", method))?;
        let put = plain.clone().target_and("?_method=PUT");
        check = check.case(
            Case::new(format!("{method:?}, which is ignored"))
                .given("PUT", put, refused())
                .tested("in the query", in_query, accepted())
                .tested("in the form", in_form, accepted()),
        );
    }
    Ok(check)
}

/// A submission whose form is written by hand, and the OrderId that its record must show.
fn recorded(
    world: &World,
    name: &'static str,
    submission: Request,
    order_id: String,
) -> Result<Case, Blocked> {
    Ok(Case::new(name)
        .tested("submitted", submission, accepted())
        .given(
            "record",
            record_of(world, "submitted")?,
            json("/OrderId").exists(),
        )
        .tested(
            "its OrderId",
            record_of(world, "submitted")?,
            json("/OrderId").is(order_id),
        ))
}

/// The sound form as it is sent, with an OrderId that is appended as it stands here.
fn with_raw_order(world: &World, order_id: &[u8]) -> Result<Request, Blocked> {
    let form = sound(world)?.without("OrderId");
    let mut body = form.encoded().into_bytes();
    body.extend_from_slice(b"&OrderId=");
    body.extend_from_slice(order_id);
    Ok(submit(world, &form)?.body(body))
}

/// What a form says in UTF-8 is what is recorded.
fn form(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for text in ["plain", "äöüß", "漢字", "😀", "a&b=c%d+e;f"] {
        let order_id = format!("{}-{text}", world.unique());
        let submission = submit(world, &sound(world)?.set("OrderId", order_id.as_str()))?;
        let named = "application/x-www-form-urlencoded; charset=UTF-8";
        check = check
            .case(recorded(
                world,
                "a text",
                submission.clone(),
                order_id.clone(),
            )?)
            .case(recorded(
                world,
                "a text whose encoding is named",
                submission.header("Content-Type", named),
                order_id,
            )?);
    }
    Ok(check)
}

/// Odd escapes are read in one way, and do no harm.
fn form_encoding(world: &World) -> Result<Check, Blocked> {
    let unique = world.unique();
    let mut check = Check::new();
    for (name, sent, read) in [
        ("a plus", &b"+x"[..], " x"),
        ("an escaped plus", b"%2Bx", "+x"),
        ("a bad escape", b"%zz", "%zz"),
        ("a cut escape", b"%2", "%2"),
        ("bytes that are no UTF-8", b"%FFx", "\u{fffd}x"),
        ("such bytes without escapes", b"\xffx", "\u{fffd}x"),
    ] {
        let sent = [unique.as_bytes(), sent].concat();
        let submission = with_raw_order(world, &sent)?;
        check = check.case(recorded(
            world,
            name,
            submission,
            format!("{unique}{read}"),
        )?);
    }
    let date = |text: &str| -> Result<Request, Blocked> {
        let form = sound(world)?.without("EventDate");
        let body = format!(
            "{}&EventDate=2026-06-10T10:15:30{text}02:00",
            form.encoded()
        );
        Ok(submit(world, &form)?.body(body))
    };
    Ok(check.case(
        Case::new("the plus of an offset")
            .given("a blank", date("%20")?, refused())
            .twin(date("%2B")?, accepted())
            .tested("not escaped", date("+")?, refused()),
    ))
}

/// Other media types are refused by their name alone.
fn media_type(world: &World) -> Result<Check, Blocked> {
    let twin = submit(world, &sound(world)?)?;
    let mut refusal = Refusal::of(twin.clone(), accepted());
    for other in [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded2",
        "application/jsonp",
        "*/*",
    ] {
        refusal = refusal.broken(
            format!("as {other}"),
            |request| request.header("Content-Type", other),
            status(415),
        );
    }
    let text = twin.clone().header("Content-Type", "text/plain");
    let none = Case::new("without a type")
        .given("as text/plain", text, refused())
        .tested(
            "none",
            twin.clone().without_header("Content-Type"),
            accepted(),
        )
        .tested("empty", twin.header("Content-Type", ""), accepted());
    Ok(Check::from(refusal).case(none))
}

/// How many bytes a body may have.
const BODY_LIMIT: usize = 1 << 20;

/// A body that is a byte too long is refused.
fn body_limit(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let of_length = |length: usize| -> Result<Request, Blocked> {
        let mut body = form.encoded() + "&Padding=";
        body.extend(std::iter::repeat_n('x', length - body.len()));
        Ok(submit(world, &form)?.body(body))
    };
    let longest = of_length(BODY_LIMIT)?;
    let case = |name: &'static str, length| -> Result<Case, Blocked> {
        Ok(Case::new(name).twin(longest.clone(), accepted()).tested(
            "longer",
            of_length(length)?,
            status(413),
        ))
    };
    Ok(Check::new()
        .case(case("by a byte", BODY_LIMIT + 1)?)
        .case(case("by a half", BODY_LIMIT / 2 * 3)?))
}

/// A chunked body that does not keep to the framing is refused.
fn broken_body(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let request = submit(world, &form)?;
    let body = form.encoded();
    let whole = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let mut check = Check::new();
    for (name, chunks) in [
        (
            "a length that is no number",
            format!("zz\r\n{body}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk longer than announced",
            format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len() - 1),
        ),
    ] {
        check = check.case(
            Case::new(name)
                .twin(request.clone().chunks(whole.as_str()), accepted())
                .tested("broken", request.clone().chunks(chunks), status(400)),
        );
    }
    Ok(check)
}

/// The form as a flat JSON object, with one member as it stands here in place of its own.
fn as_json(form: &Form, member: &str, literal: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let members = form.0.iter().map(|(name, value)| {
        let value = if name == member {
            literal.to_owned()
        } else {
            quoted(value)
        };
        format!("{}:{value}", quoted(name))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// A form may be sent as a flat JSON object.
fn in_json(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?.and("Note", "note");
    let request = submit(world, &form)?.header("Content-Type", "application/json");
    let member = |member, literal: &str| request.clone().body(as_json(&form, member, literal));
    let campaign = world.text("campaign_id")?;
    let long = format!("{:?}", "x".repeat(256));
    let mut check = Check::new();
    // Each with a text that is as bad, so that the rule of the field leaves this one unproven.
    for (name, field, good, as_bad, bad) in [
        ("true", "OrderId", "\"true\"", &*long, "true"),
        ("false", "OrderId", "\"false\"", &*long, "false"),
        ("a list", "OrderId", "\"[]\"", &*long, "[\"1\"]"),
        ("an object", "OrderId", "\"{}\"", &*long, "{\"a\":\"1\"}"),
        ("null", "OrderId", "\"null\"", "\"\"", "null"),
        ("an exponent", "Amount", "10", "\"1e1\"", "1e1"),
        ("a sign", "Amount", "1.5", "\"-1.5\"", "-1.5"),
        ("a fraction", "CampaignId", &*campaign, "\"1.0\"", "1.0"),
    ] {
        check = check.case(
            Case::new(name)
                .given("as text", member(field, as_bad), refused())
                .twin(member(field, good), accepted())
                .tested("as a value", member(field, bad), refused()),
        );
    }
    let bad = member("OrderId", "null");
    for (name, field, literal) in [
        ("texts", "Note", "\"note\""),
        ("an amount as a number", "Amount", "10.50"),
        ("an id as a number", "CampaignId", &*campaign),
        ("an optional null", "Amount", "null"),
    ] {
        check = check.case(
            Case::new(name)
                .given("without OrderId", bad.clone(), refused())
                .tested("accepted", member(field, literal), accepted()),
        );
    }
    Ok(check)
}

/// JSON that is no object is refused as a whole.
fn json_object(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let twin = submit(world, &form)?
        .header("Content-Type", "application/json")
        .body(as_json(&form, "", ""));
    let whole: Expect = status(400).and(json("/errors/0/field").is(""));
    let mut refusal = Refusal::of(twin, accepted());
    for body in ["[]", "\"text\"", "1", "null", "{", "{} {}", "", "OrderId=1"] {
        refusal = refusal.broken(
            format!("with {body:?}"),
            |request| request.body(body),
            whole.clone(),
        );
    }
    Ok(refusal.into())
}
