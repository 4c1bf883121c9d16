//! What becomes of a call that fits: who is a contact, what is logged, and when it shows.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::content_type::documented_body;
use super::{acknowledged, post, queued, sound, unfit, with, without};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Credentials, Request};
use crate::expect::{Expect, body, header, json, status};
use crate::world::{Blocked, World};

/// The checks of the conversion.
pub(super) const CHECKS: &[Entry] = &[
    ("chase.conversion.queued", documented),
    ("chase.conversion.model_example", model_example),
    ("chase.conversion.not_associated", not_associated),
    ("chase.conversion.by_organisation", by_organisation),
    ("chase.conversion.letter_case", letter_case),
    ("chase.conversion.queued_body", queued_body),
    ("chase.conversion.not_associated_body", not_associated_body),
    ("chase.conversion.logged", logged),
    ("chase.conversion.not_logged", not_logged),
    ("chase.conversion.each_once", each_once),
    ("chase.conversion.in_background", in_background),
    ("chase.conversion.shown_as_json", shown_as_json),
    (
        "chase.conversion.configured_addresses",
        configured_addresses,
    ),
];

/// An address that nobody has.
fn nobody(world: &World) -> String {
    format!("{}@example.org", world.unique())
}

/// A sound body for this address.
fn about(world: &World, email: &str) -> Result<Value, Blocked> {
    Ok(with(&sound(world)?, "email", email))
}

/// Beside an address that nobody has: a call that is for a contact, and queued.
fn for_contact(world: &World, name: &'static str, call: Request) -> Result<Case, Blocked> {
    Ok(Case::new(name)
        .given(
            "for nobody",
            post(world, &about(world, &nobody(world))?)?,
            acknowledged(),
        )
        .tested("for a contact", call, queued()))
}

/// The documented call is for a contact, and queued.
fn documented(world: &World) -> Result<Check, Blocked> {
    let call = post(world, &Value::Null)?.body(documented_body(world)?);
    Ok(Check::of(for_contact(world, "the documented call", call)?))
}

/// The documented example of the model, with its comma.
fn model_example(world: &World) -> Result<Check, Blocked> {
    let data = json!({"product": "premium-subscription", "price": 99.99});
    let body = json!({"email": world.text("contact")?, "conversion_type": "sign-up", "conversion_data": data});
    let printed = body.to_string().replacen(',', "", 1);
    let call = post(world, &body)?;
    Ok(Check::of(
        Case::new("the example")
            .tested("with its comma", call.clone(), queued())
            .given("as printed", call.body(printed), status(422)),
    ))
}

/// Whoever is no contact is acknowledged, and no mistake.
fn not_associated(world: &World) -> Result<Check, Blocked> {
    let contact = post(world, &sound(world)?)?;
    let strangers = [
        nobody(world),
        format!("{}@shop.example.org", world.unique()),
    ];
    let cases: Result<Vec<Case>, Blocked> = strangers
        .into_iter()
        .map(|stranger| {
            Ok(Case::new("an address that nobody has")
                .twin(contact.clone(), queued())
                .tested(
                    "for nobody",
                    post(world, &about(world, &stranger)?)?,
                    acknowledged(),
                ))
        })
        .collect();
    Ok(Check::new().cases(cases?))
}

/// The same address is a contact by one key and nobody by another, and one may be a contact by both.
fn by_organisation(world: &World) -> Result<Check, Blocked> {
    let other_key = Credentials::Key {
        header: "X-API-Key",
        key: world.secret("other_api_key")?,
    };
    let own = |email: &str| post(world, &about(world, email)?);
    let other = |email: &str| Ok(own(email)?.by(other_key.clone()));
    let (contact, others) = (world.text("contact")?, world.text("other_contact")?);
    let shared = world.text("shared_contact")?;
    let by_nobody = || nobody(world);
    Ok(Check::new()
        .case(
            Case::new("a contact of the first")
                .given("nobody", own(&by_nobody())?, acknowledged())
                .given("by the first key", own(&contact)?, queued())
                .tested("by the second key", other(&contact)?, acknowledged()),
        )
        .case(
            Case::new("a contact of the second")
                .given("nobody", own(&by_nobody())?, acknowledged())
                .tested("by the second key", other(&others)?, queued())
                .tested("by the first key", own(&others)?, acknowledged()),
        )
        .case(
            Case::new("a contact of both")
                .given("nobody", other(&by_nobody())?, acknowledged())
                .tested("by the first key", own(&shared)?, queued())
                .tested("by the second key", other(&shared)?, queued()),
        ))
}

/// A contact is found however their address is capitalised.
fn letter_case(world: &World) -> Result<Check, Blocked> {
    let contact = world.text("contact")?;
    let capitals = contact.to_ascii_uppercase();
    let first: String = contact
        .char_indices()
        .map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c })
        .collect();
    Ok(Check::new()
        .case(for_contact(
            world,
            "all capitals",
            post(world, &about(world, &capitals)?)?,
        )?)
        .case(for_contact(
            world,
            "one capital",
            post(world, &about(world, &first)?)?,
        )?))
}

/// Nothing is said, not even of which type it would be.
fn empty() -> Expect {
    body()
        .is("")
        .and(header("content-type").absent())
        .and(header("content-length").is("0"))
}

/// A conversion that is queued is answered by its status alone.
fn queued_body(world: &World) -> Result<Check, Blocked> {
    let call = post(world, &sound(world)?)?;
    Ok(Check::of(
        Case::new("a contact")
            .given(
                "a body that does not fit",
                call.clone().json(&json!({})),
                body().matches("."),
            )
            .given("is accepted", call.clone(), queued())
            .tested("its body", call, empty()),
    ))
}

/// A conversion for nobody is answered by its status alone.
fn not_associated_body(world: &World) -> Result<Check, Blocked> {
    let call = post(world, &about(world, &nobody(world))?)?;
    Ok(Check::of(
        Case::new("nobody")
            .given(
                "a body that does not fit",
                call.clone().json(&json!({})),
                body().matches("."),
            )
            .given("is acknowledged", call.clone(), acknowledged())
            .tested("its body", call, empty()),
    ))
}

/// Longer than Chase may take to log something.
const LATER_MS: u64 = 60_000;

/// So many conversions were logged.
fn count(wanted: usize) -> Expect {
    json("/conversions").holds(&format!("{wanted} conversions"), move |all| {
        all.as_array().is_some_and(|all| all.len() == wanted)
    })
}

/// What the oldest logged conversion consists of.
fn raw(wanted: Value) -> Expect {
    json("/conversions/0/raw").is(wanted)
}

/// The members of the model are logged, in their normal form, with the organisation and the time.
fn logged(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let now = world.now;
    let in_time = json("/conversions/0/at").holds("the time of the call", move |at| {
        let at: Option<Timestamp> = at.as_str().and_then(|at| at.parse().ok());
        at.is_some_and(|at| at.duration_since(now).abs() <= SignedDuration::from_secs(5))
    });
    let whole = json!({
        "email": "<Hazel@EXAMPLE.com>", "conversion_type": "Sign-up", "x": 1,
        "conversion_data": {"b": [1, 2.5], "a": {"": null}},
    });
    let shown = json!({
        "organisation": "example-organisation", "email": "Hazel@example.com", "conversion_type": "Sign-up",
        "conversion_data": {"b": [1, 2.5], "a": {"": null}},
    });
    let least = json!({
        "organisation": "example-organisation", "email": "user@example.com", "conversion_type": null,
        "conversion_data": {},
    });
    let case = |name: &'static str, body: &Value, shown: Value| {
        Ok(Case::new(name)
            .given("accepted", post(world, body)?, queued())
            .advance(LATER_MS)
            .feed("log", raw(shown).and(in_time.clone())))
    };
    Ok(Check::new()
        .case(case("every member", &whole, shown)?)
        .case(case(
            "no type and no data",
            &json!({"email": "user@example.com", "conversion_type": null}),
            least,
        )?))
}

/// Nothing is logged for whoever is no contact, or for what does not fit.
fn not_logged(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let sound = sound(world)?;
    let contact = |name: &str, case: Case| Ok(case.given(name, post(world, &sound)?, queued()));
    let nobody = about(world, &nobody(world))?;
    let stranger = contact("for a contact", Case::new("an address that nobody has"))?
        .given("for nobody", post(world, &nobody)?, acknowledged())
        .advance(LATER_MS)
        .feed("log", only(&["user@example.com"]));
    let unfit = contact("that fits", Case::new("a body that does not fit"))?
        .given(
            "that does not",
            post(
                world,
                &with(&about(world, "hazel@example.com")?, "conversion_type", 1),
            )?,
            unfit("string_type", &["conversion_type"]),
        )
        .advance(LATER_MS)
        .feed("log", only(&["user@example.com"]));
    Ok(Check::new().case(stranger).case(unfit))
}

/// Whose conversions were logged, repetitions aside.
fn only(wanted: &'static [&'static str]) -> Expect {
    json("/conversions").holds(
        &format!("conversions of {}", wanted.join(", ")),
        move |all| {
            let mut found: Vec<&str> = all
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|conversion| conversion["who"].as_str())
                .collect();
            found.dedup();
            found == wanted
        },
    )
}

/// As many conversions are logged as were accepted, alike or not.
fn each_once(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let call = post(world, &sound(world)?)?;
    let other = post(world, &without(&sound(world)?, "conversion_type"))?;
    let once = Case::new("one call")
        .given("accepted", call.clone(), queued())
        .advance(LATER_MS)
        .feed("log", count(1));
    let again = Case::new("the same three times, and another")
        .given("first", call.clone(), queued())
        .given("second", call.clone(), queued())
        .given("third", call, queued())
        .given("another", other, queued())
        .advance(LATER_MS)
        .feed("log", count(4));
    Ok(Check::new().case(once).case(again))
}

/// It shows within a second, and not only while the contact stays one.
fn in_background(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let call = post(world, &sound(world)?)?;
    let shown = || json("/conversions/0").exists();
    let soon = Case::new("a second later")
        .given("accepted", call.clone(), queued())
        .advance(1000)
        .feed("log", shown());
    let gone = Case::new("the contact is removed meanwhile")
        .given("accepted", call.clone(), queued())
        .state(json!({"chase": {"contacts": {"example-organisation": []}}}))
        .given("no contact any more", call, acknowledged())
        .advance(1000)
        .feed("log", shown());
    Ok(Check::new().case(soon).case(gone))
}

/// What JSON has no number for is shown as text, and half a character as the sign for one that is unknown.
fn shown_as_json(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let rows = [
        ("NaN", json!("NaN")),
        ("[Infinity, -Infinity]", json!(["Infinity", "-Infinity"])),
        ("1e999", json!("Infinity")),
        (
            "123456789012345678901234567890",
            json!("123456789012345678901234567890"),
        ),
        (r#""a\ud800""#, json!("a\u{FFFD}")),
    ];
    let cases: Result<Vec<Case>, Blocked> = rows
        .into_iter()
        .map(|(sent, shown)| {
            let body =
                format!(r#"{{"email":"user@example.com","conversion_type":"a","conversion_data":{{"x":{sent}}}}}"#);
            let shown = json("/conversions/0/raw/conversion_data/x").is(shown);
            Ok(Case::new(sent)
                .given("accepted", post(world, &Value::Null)?.body(body), queued())
                .advance(LATER_MS)
                .feed("log", shown))
        })
        .collect();
    Ok(Check::new().cases(cases?))
}

/// A contact is found by the normal form of the address that the configuration spells otherwise.
fn configured_addresses(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let rows = [
        ("Zoe\u{308}@example.net", "zoë@example.net"),
        ("Zoe <zoe@BÜCHER.example>", "zoe@bücher.example"),
        ("zoe@xn--bcher-kva.example", "zoe@bücher.example"),
    ];
    let cases: Result<Vec<Case>, Blocked> = rows
        .into_iter()
        .map(|(spelt, normal)| {
            let call = post(world, &about(world, normal)?)?;
            Ok(Case::new(spelt)
                .given("not yet", call.clone(), acknowledged())
                .state(json!({"chase": {"contacts": {"example-organisation": [spelt]}}}))
                .tested("configured", call, queued()))
        })
        .collect();
    Ok(Check::new().cases(cases?))
}
