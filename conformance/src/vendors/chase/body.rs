//! The model of the body, SubmitConversionV2, and the list of what does not fit it.

use serde_json::{Value, json};

use super::strategies;
use super::{accepted, error, post, probe, queued, sound, unfit, with, without};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::{Answer, Request};
use crate::expect::{Expect, demand, json, status};
use crate::world::{Blocked, World};

/// The checks of the model.
pub(super) const CHECKS: &[Entry] = &[
    ("chase.body.error_form", error_form),
    ("chase.body.error_members", error_members),
    ("chase.body.every_error", every_error),
    ("chase.body.input_echoed", input_echoed),
    ("chase.body.object", object),
    ("chase.body.email_required", email_required),
    ("chase.body.email_text", email_text),
    ("chase.body.email_valid", email_valid),
    (
        "chase.body.conversion_type_optional",
        conversion_type_optional,
    ),
    ("chase.body.conversion_type_text", conversion_type_text),
    ("chase.body.conversion_type_length", conversion_type_length),
    (
        "chase.body.conversion_type_characters",
        conversion_type_characters,
    ),
    ("chase.body.conversion_type_empty", conversion_type_empty),
    ("chase.body.conversion_type_free", conversion_type_free),
    (
        "chase.body.conversion_data_optional",
        conversion_data_optional,
    ),
    ("chase.body.conversion_data_object", conversion_data_object),
    ("chase.body.conversion_data_null", conversion_data_null),
    ("chase.body.conversion_data_free", conversion_data_free),
    ("chase.body.unknown_members", unknown_members),
    ("chase.body.no_conversions", no_conversions),
];

/// Beside a sound body: the same with these values for a member, each refused like this.
fn refused(
    world: &World,
    member: &'static str,
    values: impl IntoIterator<Item = Value>,
    wanted: &Expect,
) -> Result<Check, Blocked> {
    let body = sound(world)?;
    let check = values.into_iter().fold(
        Refusal::of(post(world, &body)?, queued()),
        |check, value| {
            let broken = with(&body, member, value.clone());
            check.broken(
                format!("with {} for {member}", shortened(&value)),
                move |call: Request| call.json(&broken),
                wanted.clone(),
            )
        },
    );
    Ok(check.into())
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

/// A sound body with these values for a member is accepted.
fn taken(
    world: &World,
    member: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Check, Blocked> {
    let body = sound(world)?;
    let cases: Result<Vec<Case>, Blocked> = values
        .into_iter()
        .map(|value| {
            let name = format!("with {} for {member}", shortened(&value));
            accepted(world, name, &with(&body, member, value), |call| call)
        })
        .collect();
    Ok(Check::new().cases(cases?))
}

/// Bodies with one mistake, with two and with three; the list has as many errors.
fn mistaken(world: &World) -> Result<Vec<(&'static str, Value, usize)>, Blocked> {
    let long = "c".repeat(70);
    Ok(vec![
        ("one mistake", json!({}), 1),
        (
            "two mistakes",
            json!({"email": world.text("contact")?, "conversion_type": long, "conversion_data": 1}),
            2,
        ),
        (
            "three mistakes",
            json!({"email": "bad", "conversion_type": 2, "conversion_data": [0]}),
            3,
        ),
    ])
}

/// Beside a sound body, which is accepted: bodies with mistakes, each with a list of errors like this.
fn lists(
    world: &World,
    wanted: impl Fn(&[Value], usize) -> Result<(), String> + Clone + 'static,
) -> Result<Check, Blocked> {
    let mut check = Refusal::of(post(world, &sound(world)?)?, queued());
    for (name, body, count) in mistaken(world)? {
        let wanted = wanted.clone();
        let list = Expect::new(move |answer: &Answer| {
            let detail = answer.at("/detail").unwrap_or_default();
            let errors = detail.as_array().map_or(&[][..], Vec::as_slice);
            match wanted(errors, count) {
                Ok(()) => Ok(()),
                Err(what) => demand(false, "body /detail", what, detail.to_string()),
            }
        });
        check = check.broken(name, move |call| call.json(&body), list);
    }
    Ok(check.into())
}

/// Each error says where, what and of which type.
fn error_form(world: &World) -> Result<Check, Blocked> {
    lists(world, |errors, _| {
        let is_place = |place: &Value| place.is_string() || place.is_u64();
        let is_error = |error: &Value| {
            let loc = error["loc"].as_array();
            loc.is_some_and(|loc| loc.iter().all(is_place) && !loc.is_empty())
                && error["msg"].is_string()
                && error["type"].is_string()
        };
        if !errors.is_empty() && errors.iter().all(is_error) {
            Ok(())
        } else {
            Err(
                "errors, each with loc, a list of names and numbers, and the texts msg and type"
                    .to_owned(),
            )
        }
    })
}

/// Each error has the same members in the same order, and ctx last where its type has one.
fn error_members(world: &World) -> Result<Check, Blocked> {
    lists(world, |errors, _| {
        for error in errors {
            let mut wanted = vec!["type", "loc", "msg", "input"];
            if error["type"] == "string_too_long" || error["type"] == "value_error" {
                wanted.push("ctx");
            }
            let members = error.as_object();
            let names: Vec<&str> = members
                .map(|members| members.keys().map(String::as_str).collect())
                .unwrap_or_default();
            if names != wanted {
                return Err(format!("the members {}", wanted.join(", ")));
            }
        }
        if errors.is_empty() {
            return Err("errors".to_owned());
        }
        Ok(())
    })
}

/// Every member that is wrong has one error, in the order of the model, whatever that of the body.
fn every_error(world: &World) -> Result<Check, Blocked> {
    let email = world.text("contact")?;
    let bodies = [
        (
            json!({"conversion_data": [0], "conversion_type": 2, "email": 3}),
            "123",
        ),
        (json!({"conversion_data": "", "email": null}), "13"),
        (json!({"conversion_type": {}, "email": "bad"}), "12"),
        (
            json!({"conversion_data": 1, "conversion_type": [1], "email": email}),
            "23",
        ),
        (
            json!({"conversion_data": true, "conversion_type": "c".repeat(70)}),
            "123",
        ),
        (
            json!({"email": "\"a@b\"@c..d <", "conversion_type": "c"}),
            "1",
        ),
    ];
    let sound = post(world, &sound(world)?)?;
    let cases = bodies.into_iter().map(|(body, members)| {
        let places: Vec<Value> = members
            .chars()
            .map(|number| match number {
                '1' => json!(["body", "email"]),
                '2' => json!(["body", "conversion_type"]),
                _ => json!(["body", "conversion_data"]),
            })
            .collect();
        let places = Value::from(places);
        let listed = Expect::new(move |answer: &Answer| {
            let detail = answer.at("/detail").unwrap_or_default();
            let found: Vec<Value> = detail
                .as_array()
                .map(|errors| errors.iter().map(|error| error["loc"].clone()).collect())
                .unwrap_or_default();
            let found = Value::from(found);
            demand(
                found == places,
                "body /detail",
                places.to_string(),
                found.to_string(),
            )
        });
        Case::new(shortened(&body))
            .twin(sound.clone(), queued())
            .tested("wrong", sound.clone().json(&body), listed)
    });
    Ok(Check::new().cases(cases))
}

/// What is wrong is repeated, whatever it is, and what lacks a member is repeated whole.
fn input_echoed(world: &World) -> Result<Check, Blocked> {
    // Longer than a type may be, and nothing that could be trimmed.
    let long = "letters ".repeat(9) + "more";
    let rows = [
        (json!({"email": [1, "a", null]}), json!([1, "a", null])),
        (json!({"email": {"a": {"b": []}}}), json!({"a": {"b": []}})),
        (json!({"email": null}), json!(null)),
        (
            json!({"email": " no \"address\" é😀 "}),
            json!(" no \"address\" é😀 "),
        ),
        (
            json!({"x": 1, "conversion_type": "y"}),
            json!({"x": 1, "conversion_type": "y"}),
        ),
        (
            json!({"conversion_type": long, "email": "hazel@example.com"}),
            json!(long),
        ),
        (
            json!({"conversion_data": "text", "email": "hazel@example.com"}),
            json!("text"),
        ),
        (json!([1, [2]]), json!([1, [2]])),
        (json!("text"), json!("text")),
    ];
    let cases: Result<Vec<Case>, Blocked> = rows
        .into_iter()
        .map(|(body, input)| {
            Ok(Case::new(shortened(&body)).tested(
                "wrong",
                probe(world, body.to_string())?,
                json("/detail/0/input").is(input),
            ))
        })
        .collect();
    Ok(Check::new().cases(cases?))
}

/// What is no object is refused as a whole.
fn object(world: &World) -> Result<Check, Blocked> {
    let body = sound(world)?;
    let others = [
        json!(null),
        json!(true),
        json!(12),
        json!(1.5),
        json!("text"),
        json!([]),
        json!([body]),
    ];
    let check = others.into_iter().fold(
        Refusal::of(post(world, &body)?, queued()),
        |check, other| {
            check.broken(
                format!("{} in its place", shortened(&other)),
                move |call| call.json(&other),
                unfit("model_attributes_type", &[]),
            )
        },
    );
    Ok(check.into())
}

/// Without an address a body is refused, whatever else it says.
fn email_required(world: &World) -> Result<Check, Blocked> {
    let body = sound(world)?;
    let bare = without(&body, "email");
    let missing = unfit("missing", &["email"]);
    Ok(Refusal::of(post(world, &body)?, queued())
        .broken("without email", |call| call.json(&bare), missing.clone())
        .broken("with nothing", |call| call.json(&json!({})), missing)
        .into())
}

/// Anything but text in the place of the address is refused.
fn email_text(world: &World) -> Result<Check, Blocked> {
    let wrong = [
        json!(null),
        json!(1),
        json!(1.5),
        json!(true),
        json!([]),
        json!({}),
    ];
    refused(world, "email", wrong, &unfit("string_type", &["email"]))
}

/// Text that is no address is refused. Where a single rule of the addresses would refuse it, another one does too: each
/// has a check of its own.
fn email_valid(world: &World) -> Result<Check, Blocked> {
    let wrong = [
        "",
        "nobody",
        "@example.com",
        "a b@example.com",
        "a@",
        "a@-example",
    ];
    refused(
        world,
        "email",
        wrong.map(Value::from),
        &unfit("value_error", &["email"]),
    )
}

/// Left out or null, it is nobody's mistake.
fn conversion_type_optional(world: &World) -> Result<Check, Blocked> {
    let left_out = without(&sound(world)?, "conversion_type");
    let left_out = accepted(world, "left out", &left_out, |call| call)?;
    Ok(taken(world, "conversion_type", [json!(null)])?.case(left_out))
}

/// Neither text nor null, it is refused.
fn conversion_type_text(world: &World) -> Result<Check, Blocked> {
    let wrong = [
        json!(1),
        json!(-1.5),
        json!(true),
        json!([]),
        json!(["a"]),
        json!({}),
    ];
    refused(
        world,
        "conversion_type",
        wrong,
        &unfit("string_type", &["conversion_type"]),
    )
}

fn too_long() -> Expect {
    unfit("string_too_long", &["conversion_type"])
}

/// 63 characters are taken, 64 are not.
fn conversion_type_length(world: &World) -> Result<Check, Blocked> {
    let letters = |count: usize| Value::from("a".repeat(count));
    let taken = taken(world, "conversion_type", [1, 62, 63].map(letters))?;
    let refused = refused(
        world,
        "conversion_type",
        [64, 65, 127, 255].map(letters),
        &too_long(),
    )?;
    let body = sound(world)?;
    let call = post(world, &body)?;
    Ok(Check::new().cases(taken.cases).cases(refused.cases).random(
        2,
        strategies::too_many(),
        move |count| {
            let long = with(&body, "conversion_type", letters(count));
            Case::new(format!("{count} letters"))
                .twin(call.clone(), queued())
                .tested("broken", call.clone().json(&long), too_long())
        },
    ))
}

/// What counts are code points as they came: not bytes, and nothing is cut off or put together before.
fn conversion_type_characters(world: &World) -> Result<Check, Blocked> {
    let marked = "e\u{301}";
    let fits = [
        "é".repeat(63),
        "😀".repeat(63),
        marked.repeat(31) + "e",
        " ".repeat(63),
    ];
    let too_many = [
        "é".repeat(64),
        "😀".repeat(64),
        marked.repeat(32),
        format!(" {} ", "a".repeat(62)),
        " ".repeat(64),
    ];
    let fits = taken(world, "conversion_type", fits.map(Value::from))?;
    let too_many = refused(
        world,
        "conversion_type",
        too_many.map(Value::from),
        &error("string_too_long", &["conversion_type"]),
    )?;
    Ok(Check::new().cases(fits.cases).cases(too_many.cases))
}

/// No character at all will do.
fn conversion_type_empty(world: &World) -> Result<Check, Blocked> {
    taken(world, "conversion_type", [json!("")])
}

/// The documented spellings, and any other text.
fn conversion_type_free(world: &World) -> Result<Check, Blocked> {
    let texts = [
        "sign-up",
        "Sign-up",
        "purchase",
        "Purchase",
        "REFUND",
        "a b\n\t\0",
        "購入",
        "null",
    ];
    let body = sound(world)?;
    let call = post(world, &body)?;
    let unfit = call.clone().json(&without(&body, "email"));
    Ok(
        taken(world, "conversion_type", texts.map(Value::from))?.random(
            2,
            strategies::conversion_type(),
            move |text| {
                let body = with(&body, "conversion_type", text);
                Case::new("any text")
                    .given("without an address", unfit.clone(), status(422))
                    .tested("accepted", call.clone().json(&body), queued())
            },
        ),
    )
}

/// Left out, it is nobody's mistake.
fn conversion_data_optional(world: &World) -> Result<Check, Blocked> {
    let left_out = without(&sound(world)?, "conversion_data");
    Ok(Check::of(accepted(world, "left out", &left_out, |call| {
        call
    })?))
}

/// Neither an object nor null, it is refused.
fn conversion_data_object(world: &World) -> Result<Check, Blocked> {
    let wrong = [
        json!([]),
        json!([1]),
        json!("text"),
        json!(1),
        json!(1.5),
        json!(false),
    ];
    refused(
        world,
        "conversion_data",
        wrong,
        &unfit("dict_type", &["conversion_data"]),
    )
}

/// null is no object.
fn conversion_data_null(world: &World) -> Result<Check, Blocked> {
    refused(
        world,
        "conversion_data",
        [json!(null)],
        &unfit("dict_type", &["conversion_data"]),
    )
}

/// Whatever an object may hold, this one may.
fn conversion_data_free(world: &World) -> Result<Check, Blocked> {
    let deep = (0..100).fold(json!(1), |inner, _| json!({ "a": [inner] }));
    let objects = [
        json!({"": ""}),
        json!({"price": 99.99, "count": 1e300, "none": null, "yes": true, "list": [[], {}]}),
        json!({"email": 1, "conversion_type": [], "_id": "x", "é 😀\n": "\0"}),
        json!({ "deep": deep }),
        json!({"text": "x".repeat(10_000)}),
    ];
    let body = sound(world)?;
    let call = post(world, &body)?;
    let unfit = call.clone().json(&without(&body, "email"));
    Ok(
        taken(world, "conversion_data", objects)?.random(2, strategies::object(), move |object| {
            let body = with(&body, "conversion_data", object);
            Case::new("any object")
                .given("without an address", unfit.clone(), status(422))
                .tested("accepted", call.clone().json(&body), queued())
        }),
    )
}

/// What the model does not know is not looked at, and it knows its names in one letter case only.
fn unknown_members(world: &World) -> Result<Check, Blocked> {
    let body = sound(world)?;
    let mut check = Check::new();
    for (name, member, value) in [
        ("one more", "order_id", json!(1)),
        ("a name in capitals", "Email", json!(5)),
        ("another name in capitals", "CONVERSION_TYPE", json!([])),
        ("an empty name", "", json!({"email": null})),
    ] {
        let more = with(&body, member, value);
        check = check.case(accepted(world, name, &more, |call| call)?);
    }
    let capital = with(&without(&body, "email"), "Email", body["email"].clone());
    let refusal = Refusal::of(post(world, &body)?, queued()).broken(
        "with the address under a name in capitals",
        |call| call.json(&capital),
        error("missing", &["email"]),
    );
    Ok(check.cases(Check::from(refusal).cases))
}

/// What could be taken for something of the right type is not.
fn no_conversions(world: &World) -> Result<Check, Blocked> {
    let rows = [
        (
            "conversion_type",
            "string_type",
            vec![json!(7), json!(false), json!(0.5)],
        ),
        (
            "conversion_data",
            "dict_type",
            vec![json!("{}"), json!([["a", 1]]), json!([{}])],
        ),
        (
            "email",
            "string_type",
            vec![json!(7), json!(false), json!(["hazel@example.com"])],
        ),
    ];
    let mut check = Check::new();
    for (member, kind, values) in rows {
        check = check.cases(refused(world, member, values, &error(kind, &[member]))?.cases);
    }
    Ok(check)
}
