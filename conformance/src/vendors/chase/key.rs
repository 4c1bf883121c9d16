//! Page "Log Conversion": the key in the header `X-API-Key`, and when it is looked at.
//!
//! A key that is known is seen by what follows it: a body that does not fit the model is refused for that, with 422, and
//! nothing is logged. Whether an unknown key is answered before such a body is a rule of its own; where it matters, the
//! body fits, and the address is nobody's.

use serde_json::{Value, json as object};

use super::{acknowledged, knock, post, probe, reached};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::{Credentials, Request};
use crate::expect::{Expect, header, json, status};
use crate::secret::Secret;
use crate::world::{Blocked, World};

/// The checks of this section.
pub(super) const CHECKS: &[Entry] = &[
    ("chase.key.required", required),
    ("chase.key.missing_answer", missing_answer),
    ("chase.key.blank", blank),
    ("chase.key.known", unknown),
    ("chase.key.unknown_answer", unknown_answer),
    ("chase.key.header_name", header_name),
    ("chase.key.exact", exact),
    ("chase.key.blanks_around", blanks_around),
    ("chase.key.first_counts", first_counts),
    ("chase.key.header_only", header_only),
    ("chase.key.after_reading", after_reading),
    ("chase.key.before_schema", before_schema),
    ("chase.key.unknown_before_schema", unknown_before_schema),
    ("chase.key.fixed_list", fixed_list),
];

/// The name of the header.
const HEADER: &str = "X-API-Key";

/// No key that anybody has.
const NOBODYS: &str = "nobodys-key";

/// A call with a known key and a body that does not fit, so that nothing comes of it.
fn claim(world: &World) -> Result<Request, Blocked> {
    probe(world, "{}")
}

/// A known key: the body is looked at, and does not fit.
fn known() -> Expect {
    status(422)
}

/// A call that is as it should be, for somebody who is no contact.
fn sound(world: &World) -> Result<Request, Blocked> {
    post(
        world,
        &object!({"email": format!("{}@example.com", world.unique())}),
    )
}

/// Another key for a call, under a name that may be shown.
fn keyed(request: Request, name: &str, key: &str) -> Request {
    request
        .by(Credentials::Key {
            header: HEADER,
            key: Secret::new(name, key),
        })
        .probe()
}

fn refused() -> Expect {
    status(401)
}

/// A sound call, but for the key.
fn required(world: &World) -> Result<Check, Blocked> {
    Ok(Refusal::of(sound(world)?, acknowledged())
        .broken(
            "without a key",
            |request| request.by_nobody().probe(),
            refused(),
        )
        .into())
}

/// What a call without a key is told.
fn missing_answer(world: &World) -> Result<Check, Blocked> {
    let said = json("/detail").is("Not authenticated");
    let asked = header("www-authenticate").is("APIKey");
    Ok(Check::of(
        Case::new("without a key")
            .twin(claim(world)?, known())
            .given("refused", knock(), reached())
            .tested("detail", knock(), said)
            .tested("challenge", knock(), asked),
    ))
}

/// An unknown key would be told something else.
fn blank(world: &World) -> Result<Check, Blocked> {
    let claim = claim(world)?;
    let said = json("/detail").is("Not authenticated");
    let missing = refused().and(said.or(header("www-authenticate").is("APIKey")));
    Ok(Check::new().cases(["", " ", "\t  "].map(|blank| {
        Case::new(format!("{blank:?} for a key"))
            .twin(claim.clone(), known())
            .given("missing", knock(), reached())
            .tested(
                "blank",
                keyed(claim.clone(), "BLANK", blank),
                missing.clone(),
            )
    })))
}

/// Keys that nobody has, in an otherwise sound call.
fn unknown(world: &World) -> Result<Check, Blocked> {
    let sound = sound(world)?;
    let case = |sound: &Request, key: &str| {
        Case::new(format!("the key {key}"))
            .twin(sound.clone(), acknowledged())
            .tested(
                "unknown",
                keyed(sound.clone(), "UNKNOWN_KEY", key),
                refused(),
            )
    };
    Ok(Check::new()
        .case(case(&sound, NOBODYS))
        .case(case(&sound, "0"))
        .case(case(&sound, "null"))
        .case(case(&sound, &"k".repeat(4000)))
        .random(2, "conf-[!-~]{0,40}[a-z]", move |key| case(&sound, &key)))
}

/// What a call with an unknown key is told.
fn unknown_answer(world: &World) -> Result<Check, Blocked> {
    let sound = sound(world)?;
    let stranger = keyed(sound.clone(), "UNKNOWN_KEY", NOBODYS);
    Ok(Check::of(
        Case::new("an unknown key")
            .twin(sound, acknowledged())
            .given("refused", stranger.clone(), refused())
            .tested(
                "detail",
                stranger.clone(),
                json("/detail").is("Unauthorized"),
            )
            .tested("challenge", stranger, header("www-authenticate").absent()),
    ))
}

/// Letter case is nothing to a header's name; everything else is.
fn header_name(world: &World) -> Result<Check, Blocked> {
    let claim = claim(world)?;
    let key = world.secret("api_key")?;
    let under = |header| {
        claim.clone().by(Credentials::Key {
            header,
            key: key.clone(),
        })
    };
    let same = ["x-api-key", "X-API-KEY", "X-Api-Key"].map(|name| {
        Case::new(format!("the header {name}"))
            .given("missing", knock(), reached())
            .twin(claim.clone(), known())
            .tested("same", under(name), known())
    });
    let other = ["X_API_Key", "X-APIKey", "API-Key", "X-API-Keys", "X-Key"].map(|name| {
        Case::new(format!("the header {name}"))
            .given("missing", knock(), reached())
            .twin(claim.clone(), known())
            .tested("other", under(name), refused())
    });
    Ok(Check::new().cases(same).cases(other))
}

/// The key in other spellings, in an otherwise sound call.
fn exact(world: &World) -> Result<Check, Blocked> {
    let sound = sound(world)?;
    let secret = world.secret("api_key")?;
    let key = secret.reveal();
    let spellings = [
        (
            "in another letter case",
            secret.in_other_case().reveal().to_owned(),
        ),
        ("in quotes", format!("\"{key}\"")),
        ("with a scheme in front", format!("Bearer {key}")),
        ("with its header's name in front", format!("APIKey {key}")),
        ("twice", format!("{key}, {key}")),
        ("with a comma behind", format!("{key},")),
        ("with a character too many", format!("{key}0")),
        ("with a character too few", key[..key.len() - 1].to_owned()),
        (
            "with percent escapes",
            key.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        ),
    ];
    Ok(Check::new().cases(spellings.map(|(name, spelling)| {
        Case::new(format!("the key {name}"))
            .given(
                "unknown",
                keyed(sound.clone(), "UNKNOWN_KEY", NOBODYS),
                refused(),
            )
            .twin(sound.clone(), acknowledged())
            .tested(
                "inexact",
                keyed(sound.clone(), "INEXACT_KEY", &spelling),
                refused(),
            )
    })))
}

/// Blanks and tabs before and behind.
fn blanks_around(world: &World) -> Result<Check, Blocked> {
    let claim = claim(world)?;
    let secret = world.secret("api_key")?;
    let key = secret.reveal();
    let padded = [
        format!("  {key}"),
        format!("{key}  "),
        format!("\t{key} \t"),
    ];
    Ok(Check::new().cases(padded.map(|padded| {
        Case::new(format!("{:?}", padded.replace(key, "KEY")))
            .given("missing", knock(), reached())
            .twin(claim.clone(), known())
            .tested(
                "padded",
                keyed(claim.clone(), "PADDED_KEY", &padded),
                known(),
            )
    })))
}

/// Two headers, of which the first is right or wrong.
fn first_counts(world: &World) -> Result<Check, Blocked> {
    let (claim, sound) = (claim(world)?, sound(world)?);
    let secret = world.secret("api_key")?;
    let key = secret.reveal();
    let wrong_first = [("an unknown key", NOBODYS), ("an empty one", "")].map(|(name, first)| {
        let second = sound.clone().and_header(HEADER, key);
        Case::new(format!("{name}, then a known one"))
            .given(
                "alone",
                keyed(sound.clone(), "UNKNOWN_KEY", first),
                refused(),
            )
            .twin(sound.clone(), acknowledged())
            .tested("second", keyed(second, "UNKNOWN_KEY", first), refused())
    });
    let right_first = [
        ("an unknown one", NOBODYS),
        ("an empty one", ""),
        ("itself", key),
    ];
    let right_first = right_first.map(|(name, second)| {
        Case::new(format!("a known key, then {name}"))
            .given("missing", knock(), reached())
            .twin(claim.clone(), known())
            .tested("first", claim.clone().and_header(HEADER, second), known())
    });
    Ok(Check::new().cases(wrong_first).cases(right_first))
}

/// Puts the key elsewhere.
type Moved = Box<dyn Fn(Request) -> Request>;

/// Where other services take a key from.
fn header_only(world: &World) -> Result<Check, Blocked> {
    let sound = sound(world)?;
    let secret = world.secret("api_key")?;
    let key = secret.reveal();
    let elsewhere: [(&str, Moved); 6] = [
        (
            "Authorization: Bearer",
            with_header("Authorization", format!("Bearer {key}")),
        ),
        (
            "Authorization: APIKey",
            with_header("Authorization", format!("APIKey {key}")),
        ),
        (
            "Authorization",
            with_header("Authorization", key.to_owned()),
        ),
        (
            "a cookie",
            with_header("Cookie", format!("X-API-Key={key}; api_key={key}")),
        ),
        ("the query", with_query(format!("?X-API-Key={key}"))),
        (
            "the query, as others call it",
            with_query(format!("?api_key={key}&key={key}")),
        ),
    ];
    Ok(Check::new().cases(elsewhere.map(|(name, moved)| {
        Case::new(format!("the key in {name}"))
            .given("missing", sound.clone().by_nobody().probe(), refused())
            .twin(moved(sound.clone()), acknowledged())
            .tested("moved", moved(sound.clone()).by_nobody().probe(), refused())
    })))
}

fn with_header(name: &'static str, value: String) -> Box<dyn Fn(Request) -> Request> {
    Box::new(move |request| request.header(name, &value))
}

fn with_query(query: String) -> Box<dyn Fn(Request) -> Request> {
    Box::new(move |request| request.target_and(&query))
}

/// A body that is no JSON is refused for that with a key and without, and one that is, for the key.
fn after_reading(world: &World) -> Result<Check, Blocked> {
    let unreadable: [(&str, &[u8]); 4] = [
        ("an open object", b"{"),
        ("two documents", b"{} {}"),
        ("no UTF-8", b"{\"email\": \"\xff\"}"),
        ("a literal that is none", b"nil"),
    ];
    let case = |(name, body): (&str, &[u8])| {
        let keyed = probe(world, body)?;
        let refused = status(400).or(status(422));
        Ok(Case::new(name.to_owned())
            .given("readable", knock(), reached())
            .given(
                "with a key",
                keyed.clone(),
                refused.clone().and(no_schema_error()),
            )
            .tested("without a key", keyed.by_nobody(), refused))
    };
    let cases: Result<Vec<Case>, Blocked> = unreadable.into_iter().map(case).collect();
    Ok(Check::new().cases(cases?))
}

/// Not a word about a member: the body was not read as far as that.
fn no_schema_error() -> Expect {
    json("/detail/0/type")
        .absent()
        .or(json("/detail/0/type").is("json_invalid"))
}

/// Bodies that do not fit, each in its way.
fn unfit(world: &World) -> Result<[Request; 6], Blocked> {
    let claim = claim(world)?;
    let body = |body: &Value| claim.clone().json(body);
    Ok([
        body(&object!({})),
        body(&object!([])),
        body(&object!({"email": 1})),
        body(&object!({"email": "no address at all", "conversion_data": []})),
        claim.clone().body(""),
        claim.clone().header("Content-Type", "text/plain"),
    ])
}

/// Without a key, what the body says does not matter.
fn before_schema(world: &World) -> Result<Check, Blocked> {
    let keyless = sound(world)?.by_nobody().probe();
    Ok(Check::new().cases(unfit(world)?.map(|unfit| {
        Case::new(shown(&unfit))
            .twin(unfit.clone(), known())
            .given("a body that fits", keyless.clone(), refused())
            .tested("a body that does not", unfit.by_nobody(), refused())
    })))
}

/// With an unknown key, what the body says does not matter.
fn unknown_before_schema(world: &World) -> Result<Check, Blocked> {
    let strange = |request: Request| keyed(request, "UNKNOWN_KEY", NOBODYS);
    let stranger = strange(sound(world)?);
    Ok(Check::new().cases(unfit(world)?.map(|unfit| {
        Case::new(shown(&unfit))
            .twin(unfit.clone(), known())
            .given("a body that fits", stranger.clone(), refused())
            .tested("a body that does not", strange(unfit), refused())
    })))
}

fn shown(request: &Request) -> String {
    let body = request.body.as_deref().unwrap_or_default();
    format!("the body {:?}", String::from_utf8_lossy(body))
}

/// A key works while the configuration names it.
fn fixed_list(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let claim = claim(world)?;
    let case = |name, key: &str, organisation: Value, before: Expect, after: Expect| {
        let request = keyed(claim.clone(), "CHANGED_KEY", key);
        let keys = object!({"chase": {"keys": {key: organisation}}});
        Case::new(name)
            .given("known", claim.clone(), known())
            .given(
                "unknown",
                keyed(claim.clone(), "UNKNOWN_KEY", NOBODYS),
                refused(),
            )
            .given("before", request.clone(), before)
            .state(keys)
            .tested("after", request, after)
    };
    let organisation = Value::from("example-organisation");
    Ok(Check::new()
        .case(case(
            "a key is put in",
            "new-key",
            organisation,
            refused(),
            known(),
        ))
        .case(case(
            "a key is taken out",
            "mock-chase-other-key",
            Value::Null,
            known(),
            refused(),
        )))
}
