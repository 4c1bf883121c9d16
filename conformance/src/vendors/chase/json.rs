//! How a body is read as JSON: as Python reads it, to the position of every complaint.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::strategies::{self, Encoding};
use super::{error, invalid, post, probe, queued, sound, unfit, without};
use crate::check::{Case, Check, Entry};
use crate::expect::{Expect, body, json, status};
use crate::world::{Blocked, World};

/// The checks of the reader.
pub(super) const CHECKS: &[Entry] = &[
    ("chase.json.encodings", encodings),
    ("chase.json.second_mark", second_mark),
    ("chase.json.undecodable", undecodable),
    ("chase.json.encoded_surrogates", encoded_surrogates),
    ("chase.json.white_space", white_space),
    ("chase.json.constants", constants),
    ("chase.json.long_integers", long_integers),
    ("chase.json.escaped_surrogates", escaped_surrogates),
    ("chase.json.duplicate_names", duplicate_names),
    ("chase.json.nesting", nesting),
    ("chase.json.invalid_answer", invalid_answer),
    ("chase.json.positions", positions),
    ("chase.json.expecting_value", expecting_value),
    ("chase.json.expecting_name", expecting_name),
    ("chase.json.expecting_colon", expecting_colon),
    ("chase.json.expecting_comma", expecting_comma),
    ("chase.json.extra_data", extra_data),
    ("chase.json.unterminated_string", unterminated_string),
    ("chase.json.control_character", control_character),
    ("chase.json.invalid_escape", invalid_escape),
    ("chase.json.invalid_unicode_escape", invalid_unicode_escape),
];

/// A body that was read as JSON, and lacks the address.
fn read() -> Expect {
    error("missing", &["email"])
}

/// A body that was not read as JSON, because of what stands at this character.
fn stuck(position: usize) -> Expect {
    json("/detail/0/loc").is(json!(["body", position]))
}

/// A body that was not read as JSON.
fn stuck_somewhere() -> Expect {
    json("/detail/0/loc/1").holds("a position", Value::is_u64)
}

/// Beside `{}`, which is read: another body, which is not.
fn unlike_empty(
    world: &World,
    body: impl Into<Vec<u8>>,
    wanted: Expect,
    name: impl Into<Cow<'static, str>>,
) -> Result<Case, Blocked> {
    Ok(Case::new(name).twin(probe(world, "{}")?, read()).tested(
        "body",
        probe(world, body)?,
        wanted,
    ))
}

/// Every row is a body that is no JSON, with the character at which Python gives up; it says the same of each.
fn complaints(world: &World, says: &'static str, rows: &[(&str, usize)]) -> Result<Check, Blocked> {
    let cases: Result<Vec<Case>, Blocked> = rows
        .iter()
        .map(|(body, position)| {
            let name = format!("{:?}", shortened(body));
            unlike_empty(world, *body, invalid(says, *position), name)
        })
        .collect();
    Ok(Check::new().cases(cases?))
}

fn shortened(body: &str) -> String {
    body.chars().take(60).collect()
}

/// With and without a mark, in three families and both orders, a body is the same.
fn encodings(world: &World) -> Result<Check, Blocked> {
    let document = json!({"a": "é😀", "b": [1]});
    let echoed = |document: &Value| read().and(json("/detail/0/input").is(document.clone()));
    let call = probe(world, "")?;
    let case = move |encoding: Encoding, document: &Value| {
        let body = encoding.encode(&document.to_string());
        let other = encoding.encode("[]");
        Case::new(format!("in {encoding:?}"))
            .given(
                "another body",
                call.clone().body(other),
                unfit("model_attributes_type", &[]),
            )
            .tested("encoded", call.clone().body(body), echoed(document))
    };
    let table = Encoding::ALL.map(|encoding| case(encoding, &document));
    let short = [
        ("of two bytes", vec![0, b'7']),
        ("of two bytes, turned round", vec![b'7', 0]),
    ];
    let short: Result<Vec<Case>, Blocked> = short
        .into_iter()
        .map(|(name, bytes)| {
            let seven = json("/detail/0/input").is(7);
            unlike_empty(world, bytes, seven, name)
        })
        .collect();
    Ok(Check::new().cases(table).cases(short?).random(
        2,
        strategies::encoded(),
        move |(encoding, text)| case(encoding, &json!({"text": text})),
    ))
}

/// The mark is dropped once; what follows it has to be JSON.
fn second_mark(world: &World) -> Result<Check, Blocked> {
    let once = || probe(world, "\u{FEFF}{}");
    let twice = Case::new("two marks").twin(once()?, read()).tested(
        "twice",
        once()?.body("\u{FEFF}\u{FEFF}{}"),
        stuck(0),
    );
    let alone = Case::new("a mark alone").twin(once()?, read()).tested(
        "alone",
        once()?.body("\u{FEFF}"),
        stuck(0),
    );
    let wide = Case::new("two marks in UTF-16")
        .twin(once()?.body(Encoding::Utf16LeMarked.encode("{}")), read())
        .tested(
            "twice",
            once()?.body(Encoding::Utf16LeMarked.encode("\u{FEFF}{}")),
            stuck(0),
        );
    Ok(Check::new().case(twice).case(alone).case(wide))
}

/// Bytes that stand for no characters are a failure, not a mistake in the JSON.
fn undecodable(world: &World) -> Result<Check, Blocked> {
    let failed = status(400).and(json("/detail").is("There was an error parsing the body"));
    let rows: [(&str, &[u8]); 7] = [
        ("a byte that never occurs", b"{\"a\":\"\xFF\"}"),
        ("a byte beyond Unicode", b"{\"a\":\"\xF5\x80\x80\x80\"}"),
        ("an over-long form", b"{\"a\":\"\xC0\xAF\"}"),
        ("a sequence that is cut short", b"{\"a\":\"\xE2\x82\"}"),
        ("a stray continuation", b"{\"a\":\"\x80\"}"),
        ("half a unit of UTF-16", b"\xFF\xFE{\0}\0 "),
        ("a unit of UTF-32 beyond Unicode", b"\0\0\xFE\xFF\0\x11\0\0"),
    ];
    let cases: Result<Vec<Case>, Blocked> = rows
        .into_iter()
        .map(|(name, bytes)| unlike_empty(world, bytes, failed.clone(), name))
        .collect();
    Ok(Check::new().cases(cases?))
}

/// A surrogate that is encoded like a character counts as one; half of one is a failure.
fn encoded_surrogates(world: &World) -> Result<Check, Blocked> {
    let text = sound(world)?.to_string();
    let call = post(world, &Value::Null)?;
    let body = |member: &[u8]| {
        [
            &text.as_bytes()[..text.len() - 1],
            b",\"x\":\"",
            member,
            b"\"}",
        ]
        .concat()
    };
    let cases = [
        ("the first", &b"\xED\xA0\x80"[..]),
        ("the last", b"\xED\xBF\xBF"),
        ("a pair of them", b"\xED\xA0\xBD\xED\xB8\x80"),
    ];
    let cases = cases.map(|(name, surrogate)| {
        let half = body(&surrogate[..2]);
        Case::new(name)
            .given("cut short", call.clone().body(half), status(400))
            .tested("whole", call.clone().body(body(surrogate)), queued())
    });
    Ok(Check::new().cases(cases))
}

/// Four characters may stand between values, and no other.
fn white_space(world: &World) -> Result<Check, Blocked> {
    let blanks = ["  {}", "\t{}\t", "\r\n{ }\r\n", "{\n\t}"];
    let blanks: Result<Vec<Case>, Blocked> = blanks
        .into_iter()
        .map(|body| {
            Ok(Case::new(format!("{body:?}"))
                .given("no JSON", probe(world, "x{}")?, stuck(0))
                .tested("blanks", probe(world, body)?, read()))
        })
        .collect();
    let others = [
        '\u{B}', '\u{C}', '\u{1C}', '\u{85}', '\u{A0}', '\u{2003}', '\u{2028}', '\u{3000}',
    ];
    let others: Result<Vec<Case>, Blocked> = others
        .into_iter()
        .map(|blank| {
            let name = format!("with {blank:?} in front");
            unlike_empty(world, format!("{blank}{{}}"), stuck(0), name)
        })
        .collect();
    Ok(Check::new().cases(blanks?).cases(others?))
}

/// Three names are numbers; spelt otherwise they are nothing.
fn constants(world: &World) -> Result<Check, Blocked> {
    let text = sound(world)?.to_string();
    let call = post(world, &Value::Null)?;
    let body = |number: &str| format!("{},\"x\":{number}}}", &text[..text.len() - 1]);
    let cases = [
        ("NaN", "nan"),
        ("Infinity", "infinity"),
        ("-Infinity", "-infinity"),
        ("[NaN,-Infinity]", "[-NaN]"),
        ("Infinity", "Inf"),
        ("Infinity", "+Infinity"),
        ("NaN", "NAN"),
        ("1e999", "1e"),
    ];
    let cases = cases.into_iter().flat_map(|(number, misspelt)| {
        let good = || call.clone().body(body(number));
        let bad = || call.clone().body(body(misspelt)).probe();
        [
            Case::new(number)
                .given("misspelt", bad(), status(422))
                .tested("number", good(), queued()),
            Case::new(misspelt)
                .twin(good(), queued())
                .tested("misspelt", bad(), stuck_somewhere()),
        ]
    });
    Ok(Check::new().cases(cases))
}

/// 4,300 digits, whatever the sign; one more is a failure, also where nobody looks.
fn long_integers(world: &World) -> Result<Check, Blocked> {
    const MOST: usize = 4300;
    let digits = |count: usize| "7".repeat(count);
    // The address is what does not fit, so no digits have to be repeated.
    let read = || error("string_type", &["email"]);
    let mut cases = Vec::new();
    for (name, head, tail) in [
        ("in an unknown member", "", ""),
        ("below zero", "-", ""),
        ("deep in a list", "[[", "]]"),
    ] {
        let body = |count: usize| {
            let digits = digits(count);
            probe(world, format!("{{\"email\":1,\"x\":{head}{digits}{tail}}}"))
        };
        cases.push(
            Case::new(format!("{name}, 4,300 digits"))
                .given("one digit more", body(MOST + 1)?, status(400))
                .tested("accepted", body(MOST)?, read()),
        );
        cases.push(
            Case::new(format!("{name}, 4,301 digits"))
                .twin(body(MOST)?, read())
                .tested("refused", body(MOST + 1)?, status(400)),
        );
    }
    Ok(Check::new().cases(cases))
}

/// Surrogates that are escaped may stand alone; two that belong together are one character.
fn escaped_surrogates(world: &World) -> Result<Check, Blocked> {
    let text = sound(world)?.to_string();
    let call = post(world, &Value::Null)?;
    let body = |text_of: &str| format!("{},\"x\":\"{text_of}\"}}", &text[..text.len() - 1]);
    let alone = [r"\ud800", r"\udfff", r"\ude00\ud83d", r"\uD83Dx"].map(|alone| {
        let half = call.clone().body(body(&alone[..5])).probe();
        Case::new(format!("{alone} alone"))
            .given("cut short", half, status(422))
            .tested("alone", call.clone().body(body(alone)), queued())
    });
    let pair = |spelt: &str| {
        let one = read().and(json("/detail/0/input/x").is("😀"));
        let body = format!("{{\"x\":\"{spelt}\"}}");
        unlike_empty(world, body, one, format!("{spelt} together"))
    };
    Ok(Check::new()
        .cases(alone)
        .case(pair(r"\ud83d\ude00")?)
        .case(pair(r"\uD83D\uDE00")?))
}

/// The last value counts, in the place of the first.
fn duplicate_names(world: &World) -> Result<Check, Blocked> {
    let email = Value::from(world.text("contact")?);
    let sound = sound(world)?;
    let plain = post(world, &sound)?;
    let others = without(&sound, "email").to_string();
    let twice = |first: &Value, last: &Value| {
        let others = &others[1..];
        format!("{{\"email\":{first},\"email\":{last},{others}")
    };
    let number = Value::from(1);
    let (fits, does_not) = (twice(&number, &email), twice(&email, &number));
    let text = error("string_type", &["email"]);
    let echo = body().matches(r#""input":\{"a":3,"b":2\}"#);
    Ok(Check::new()
        .case(
            Case::new("the last one fits")
                .given(
                    "a number alone",
                    plain.clone().body(r#"{"email":1}"#),
                    text.clone(),
                )
                .tested("the last one does", plain.clone().body(fits), queued()),
        )
        .case(
            Case::new("the first one fits")
                .twin(plain.clone(), queued())
                .tested("the last one does not", plain.body(does_not), text),
        )
        .case(unlike_empty(
            world,
            r#"{"a":1,"b":2,"a":3}"#,
            echo,
            "in an echo",
        )?))
}

/// 500 brackets are read; of 50,000 nobody gets to the end.
fn nesting(world: &World) -> Result<Check, Blocked> {
    // The address is what does not fit, so nothing deep has to be repeated.
    let body = |open: &str, close: &str, depth: usize| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        probe(world, format!("{{\"email\":1,\"x\":{open}1{close}}}"))
    };
    let read = || error("string_type", &["email"]);
    let mut cases = Vec::new();
    for (name, open, close) in [("lists", "[", "]"), ("objects", "{\"a\":", "}")] {
        cases.push(
            Case::new(format!("500 {name}"))
                .given(
                    "no JSON",
                    body(open, "", 1)?,
                    status(422).and(json("/detail/0/type").is("json_invalid")),
                )
                .tested("deep", body(open, close, 500)?, read()),
        );
        for (what, close) in [("", close), (" that stay open", "")] {
            cases.push(
                Case::new(format!("50,000 {name}{what}"))
                    .twin(
                        body(open, if close.is_empty() { "]" } else { close }, 1)?,
                        status(422),
                    )
                    .tested("too deep", body(open, close, 50_000)?, status(400)),
            );
        }
    }
    Ok(Check::new().cases(cases))
}

/// What an answer to no JSON consists of.
fn invalid_answer(world: &World) -> Result<Check, Blocked> {
    let whole = status(422)
        .and(json("/detail").holds("one error", |errors| {
            errors.as_array().is_some_and(|errors| errors.len() == 1)
        }))
        .and(json("/detail/0/type").is("json_invalid"))
        .and(json("/detail/0/msg").is("JSON decode error"))
        .and(json("/detail/0/loc/0").is("body"))
        .and(json("/detail/0/loc/1").holds("a number", Value::is_u64))
        .and(json("/detail/0/input").is(json!({})))
        .and(json("/detail/0/ctx/error").holds("text", Value::is_string));
    let cases: Result<Vec<Case>, Blocked> = ["{", " ", "[1,]", "[1]]", "\"", r#""\x""#]
        .into_iter()
        .map(|body| unlike_empty(world, body, whole.clone(), format!("{body:?}")))
        .collect();
    Ok(Check::new().cases(cases?))
}

/// Characters are counted, however many bytes each has, whatever the encoding.
fn positions(world: &World) -> Result<Check, Blocked> {
    let call = probe(world, "")?;
    let case = move |encoding: Encoding, text: &str| {
        let body = encoding.encode(&format!("[\"{text}\" x]"));
        // Bracket, two quotes and the blank.
        let position = text.chars().count() + 4;
        Case::new(format!("behind {text:?} in {encoding:?}"))
            .twin(call.clone().body("{}"), read())
            .tested("no JSON", call.clone().body(body), stuck(position))
    };
    let texts = ["", "a", "é", "€", "😀", "e\u{301}", "é€😀\u{7F}"];
    let table: Vec<Case> = texts
        .iter()
        .flat_map(|text| {
            [Encoding::Utf8, Encoding::Utf8Marked, Encoding::Utf16Be]
                .map(|encoding| case(encoding, text))
        })
        .collect();
    Ok(Check::new()
        .cases(table)
        .random(2, strategies::encoded(), move |(encoding, text)| {
            case(encoding, &text)
        }))
}

/// A value is needed, and none starts.
fn expecting_value(world: &World) -> Result<Check, Blocked> {
    let rows = [
        (" ", 1),
        ("{\"email\":", 9),
        ("{\"email\": }", 10),
        ("{\"a\":,}", 5),
        ("[,]", 1),
        ("[1,]", 3),
        ("[", 1),
        (":", 0),
        ("nul", 0),
        ("True", 0),
        ("[-]", 1),
        ("+1", 0),
        (".5", 0),
        ("'a'", 0),
        ("// a", 0),
    ];
    complaints(world, "Expecting value", &rows)
}

/// A name is needed, and no quote opens.
fn expecting_name(world: &World) -> Result<Check, Blocked> {
    let rows = [
        ("{", 1),
        ("{ ", 2),
        ("{email:1}", 1),
        ("{'email':1}", 1),
        ("{1:1}", 1),
        ("{\"a\":1,}", 7),
        ("{\"a\":1, }", 8),
        ("{\"a\":1,,\"b\":1}", 7),
    ];
    complaints(
        world,
        "Expecting property name enclosed in double quotes",
        &rows,
    )
}

/// A name is there, and no colon follows.
fn expecting_colon(world: &World) -> Result<Check, Blocked> {
    let rows = [
        ("{\"email\"", 8),
        ("{\"email\"}", 8),
        ("{\"a\" 1}", 5),
        ("{\"a\",\"b\"}", 4),
        ("{\"a\"\n=1}", 5),
    ];
    complaints(world, "Expecting ':' delimiter", &rows)
}

/// The documented example of the model, without the comma that it lacks.
const MODEL_AS_PRINTED: &str = r#"{
"email": "hazel@example.com"
"conversion_type": "sign-up",
"conversion_data": {
"product": "premium-subscription",
"price": 99.99
}
}"#;

/// A value is there, and neither a comma nor a bracket follows.
fn expecting_comma(world: &World) -> Result<Check, Blocked> {
    let rows = [
        ("{\"email\":\"hazel@example.com\" \"x\":1}", 29),
        ("[1 2]", 3),
        ("[1", 2),
        ("{\"a\":1", 6),
        ("[1}", 2),
        ("{\"a\":[]]", 7),
        ("[01]", 2),
        ("[1.]", 2),
        ("[1e]", 2),
        ("[\"a\"b]", 4),
        (MODEL_AS_PRINTED, 31),
    ];
    complaints(world, "Expecting ',' delimiter", &rows)
}

/// The document has ended, and something follows.
fn extra_data(world: &World) -> Result<Check, Blocked> {
    let rows = [
        ("{}{}", 2),
        ("{} x", 3),
        ("{}\n\n]", 4),
        ("01", 1),
        ("1.", 1),
        ("nullx", 4),
        ("\"a\" \"b\"", 4),
    ];
    complaints(world, "Extra data", &rows)
}

/// A string is not closed: what counts is where it began.
fn unterminated_string(world: &World) -> Result<Check, Blocked> {
    let rows = [
        ("\"", 0),
        ("{\"email\":\"a", 9),
        ("{\"email", 1),
        ("[\"a\\\"]", 1),
        ("[\"a\\", 1),
    ];
    complaints(world, "Unterminated string starting at", &rows)
}

/// Characters below a blank have to be escaped in a string; all others may stand there as they are.
fn control_character(world: &World) -> Result<Check, Blocked> {
    let raw: Vec<(String, usize)> = (0_u8..0x20)
        .flat_map(|code| {
            let character = char::from(code);
            [
                (format!("{{\"a\":\"b{character}\"}}"), 7),
                (format!("{{\"{character}\":1}}"), 2),
            ]
        })
        .collect();
    let rows: Vec<(&str, usize)> = raw
        .iter()
        .map(|(body, position)| (body.as_str(), *position))
        .collect();
    let check = complaints(world, "Invalid control character at", &rows)?;
    let fine: Result<Vec<Case>, Blocked> =
        ['\u{7F}', '\u{80}', '\u{2028}', '\u{FFFF}', '\u{10FFFF}']
            .into_iter()
            .map(|character| {
                let body = format!("{{\"a\":\"{character}\"}}");
                let echoed = read().and(json("/detail/0/input/a").is(character.to_string()));
                unlike_empty(world, body, echoed, format!("{character:?} is none"))
            })
            .collect();
    Ok(check.cases(fine?))
}

/// Only eight letters and signs may follow a backslash.
fn invalid_escape(world: &World) -> Result<Check, Blocked> {
    let rows = [
        (r#"{"a":"\x"}"#, 6),
        (r#"{"a":"b\'"}"#, 7),
        (r#"{"\a":1}"#, 2),
        (r#"["\0"]"#, 2),
        (r#"["\U0041"]"#, 2),
        ("[\"\\\n\"]", 2),
    ];
    complaints(world, "Invalid \\escape", &rows)
}

/// Four hexadecimal digits have to follow `\u`, and something else those.
fn invalid_unicode_escape(world: &World) -> Result<Check, Blocked> {
    let rows = [
        (r#"["\u12"]"#, 3),
        (r#"["\u12G4"]"#, 3),
        (r#"["\u 123"]"#, 3),
        (r#"["\u-123"]"#, 3),
        (r#"["\u0x12"]"#, 3),
        (r#"["\u"]"#, 3),
        (r#"["\u1234"#, 3),
        (r#"["\ud83d\u12"]"#, 9),
        (r#"["\ud83d\u1234"#, 9),
    ];
    complaints(world, "Invalid \\uXXXX escape", &rows)
}
