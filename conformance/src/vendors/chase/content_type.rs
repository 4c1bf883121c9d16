//! When a body is read as JSON. What was read as JSON and what as text shows in the echo of what is no object.

use serde_json::{Value, json};

use super::{PATH, accepted, error, key, probe, queued, sound, unfit};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::Request;
use crate::expect::{Expect, json, status};
use crate::world::{Blocked, World};

/// The checks of the content type.
pub(super) const CHECKS: &[Entry] = &[
    ("chase.content_type.json", json_type),
    ("chase.content_type.json_like", json_like),
    ("chase.content_type.reading", reading),
    ("chase.content_type.other", other),
    ("chase.content_type.none", none),
    ("chase.content_type.form", form),
    ("chase.content_type.other_undecodable", other_undecodable),
    ("chase.content_type.empty_body", empty_body),
];

/// A body that is an array as JSON, and a text of two characters otherwise.
const ARRAY: &str = "[]";

fn no_object(input: impl Into<Value>) -> Expect {
    error("model_attributes_type", &[]).and(json("/detail/0/input").is(input))
}

/// The array was read as JSON.
fn read() -> Expect {
    no_object(json!([]))
}

/// The array was taken for text.
fn unread() -> Expect {
    no_object(ARRAY)
}

/// Sends the array, with these `Content-Type` headers.
fn typed(world: &World, types: &[&str]) -> Result<Request, Blocked> {
    let bare = probe(world, ARRAY)?.without_header("Content-Type");
    Ok(types
        .iter()
        .fold(bare, |call, kind| call.and_header("Content-Type", *kind)))
}

/// One case for each list of types: with them the array is answered like this, and with the other type like that.
fn told_apart<const N: usize>(
    world: &World,
    lists: [&[&'static str]; N],
    (contrast, otherwise): (&str, &Expect),
    wanted: &Expect,
) -> Result<Vec<Case>, Blocked> {
    lists
        .into_iter()
        .map(|types| {
            let name = if types.is_empty() {
                "without a type".to_owned()
            } else {
                format!("with {}", types.join(" and "))
            };
            Ok(Case::new(name)
                .twin(typed(world, &[contrast])?, otherwise.clone())
                .tested("typed", typed(world, types)?, wanted.clone()))
        })
        .collect()
}

fn unlike_json<const N: usize>(
    world: &World,
    lists: [&[&'static str]; N],
) -> Result<Vec<Case>, Blocked> {
    told_apart(world, lists, ("application/json", &read()), &unread())
}

fn like_json<const N: usize>(
    world: &World,
    lists: [&[&'static str]; N],
) -> Result<Vec<Case>, Blocked> {
    told_apart(world, lists, ("text/plain", &unread()), &read())
}

/// A sound body of this type is accepted, and one that is a text is read as one.
fn json_type(world: &World) -> Result<Check, Blocked> {
    let sound = accepted(world, "a sound body", &sound(world)?, |call| call)?;
    let text = r#""\u0061b""#;
    let plain = probe(world, text)?.header("Content-Type", "text/plain");
    let read = Case::new("a body that is a text")
        .twin(plain, no_object(text))
        .tested("as JSON", probe(world, text)?, no_object("ab"));
    Ok(Check::new().case(sound).case(read))
}

/// Letter case, parameters and a prefix of the subtype do not matter.
fn json_like(world: &World) -> Result<Check, Blocked> {
    let cases = like_json(
        world,
        [
            &["APPLICATION/JSON"],
            &["Application/Json"],
            &["application/json; charset=utf-8"],
            &["application/json;"],
            &["application/json;charset=iso-8859-1;x"],
            &["application/vnd.api+json"],
            &["application/+json"],
            &["application/problem+JSON; x=y"],
        ],
    )?;
    // Two bytes each: as Latin-1 it would be two characters each, and with them too long.
    let letters = "ö".repeat(40);
    let body = super::with(&sound(world)?, "conversion_type", letters);
    let charset = accepted(
        world,
        "with a charset that is not the body's",
        &body,
        |call| call.header("Content-Type", "application/json; charset=iso-8859-1"),
    )?;
    Ok(Check::new().cases(cases).case(charset))
}

/// Where the type ends, and which header it is read from.
fn reading(world: &World) -> Result<Check, Blocked> {
    let unlike = unlike_json(
        world,
        [
            &["application/json, text/plain"],
            &["application/ json"],
            &["application /json"],
            &["application/json/x"],
            &["application/json x"],
            &["application"],
            &["json"],
            &[";application/json"],
            &["text/plain; application/json"],
            &["text/plain", "application/json"],
        ],
    )?;
    let like = like_json(
        world,
        [
            &["application/json ;charset=utf-8"],
            &["application/json;text/plain"],
            &["application/json", "text/plain"],
        ],
    )?;
    Ok(Check::new().cases(unlike).cases(like))
}

/// A body of any other type is taken for text, also one that people use for JSON.
fn other(world: &World) -> Result<Check, Blocked> {
    let cases = unlike_json(
        world,
        [
            &["text/plain"],
            &["text/json"],
            &["application/x-json"],
            &["application/jsonl"],
            &["application/xml"],
            &["application/octet-stream"],
            &["image/svg+json"],
        ],
    )?;
    Ok(Check::new().cases(cases))
}

/// A body without a type is taken for text.
fn none(world: &World) -> Result<Check, Blocked> {
    Ok(Check::new().cases(unlike_json(world, [&[], &[""]])?))
}

/// The documented call as curl sends it: refused, and its body repeated.
fn form(world: &World) -> Result<Check, Blocked> {
    let sample = documented_body(world)?;
    let call = Request::post(PATH).by(key(world)?);
    let json = call
        .clone()
        .header("Content-Type", "application/json")
        .body(sample.clone());
    let form = call
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(sample.clone());
    let documented = Case::new("the documented call")
        .twin(json, queued())
        .tested("as a form", form, no_object(sample));
    let pairs = typed(world, &["application/x-www-form-urlencoded"])?.body("email=a%40b&x");
    let pairs = Case::new("a form")
        .twin(typed(world, &["application/json"])?, read())
        .tested("form", pairs, no_object("email=a%40b&x"));
    Ok(Check::new().case(documented).case(pairs))
}

/// The body of the documented call, for a contact of this target.
pub(super) fn documented_body(world: &World) -> Result<String, Blocked> {
    let email = Value::from(world.text("contact")?);
    Ok(format!(
        "{{\n\"email\": {email},\n\"conversion_type\": \"purchase\",\n\"conversion_data\": \
         {{\"item\": \"premium_subscription\", \"price\": 99.99}}\n}}"
    ))
}

/// Text that is no UTF-8 cannot be repeated; a byte-order mark can.
fn other_undecodable(world: &World) -> Result<Check, Blocked> {
    let plain = typed(world, &["text/plain"])?;
    let mut check = Refusal::of(plain.clone(), unread());
    for (name, bytes) in [
        ("a byte that never occurs", &b"a\xFF"[..]),
        ("a sequence that breaks off", b"a\xC3"),
        ("an encoded surrogate", b"\xED\xA0\x80"),
    ] {
        check = check.broken(format!("with {name}"), |call| call.body(bytes), status(500));
    }
    let marked = Case::new("with a byte-order mark")
        .twin(plain.clone(), unread())
        .tested("marked", plain.body("\u{FEFF}[]"), no_object("\u{FEFF}[]"));
    Ok(Check::from(check).case(marked))
}

/// Nothing is missing only where something is sent, whatever its type.
fn empty_body(world: &World) -> Result<Check, Blocked> {
    let missing = unfit("missing", &[]).and(json("/detail/0/input").is(Value::Null));
    let types: [&[&str]; 5] = [
        &["application/json"],
        &["text/plain"],
        &["application/x-www-form-urlencoded"],
        &[""],
        &[],
    ];
    let cases: Result<Vec<Case>, Blocked> = types
        .into_iter()
        .map(|types| {
            let something = typed(world, types)?;
            Ok(Case::new(format!("of type {types:?}"))
                .twin(something.clone(), unfit("model_attributes_type", &[]))
                .tested("empty", something.body(""), missing.clone()))
        })
        .collect();
    Ok(Check::new().cases(cases?))
}
