//! Page "Log Conversion": how a validation error repeats what it refuses. Section 8 of the dossier, "Spelling of values
//! in an echo".
//!
//! The echo is compared as text, since its spelling is what counts; blanks between its parts are another rule's. A list in
//! the place of the address is refused and repeated whole, and nothing is logged.

use proptest::collection::hash_set;
use proptest::prelude::{Strategy, any, prop_oneof};
use serde_json::Value;

use super::probe;
use crate::check::{Case, Check, Entry};
use crate::expect::{Expect, body, header, json, status};
use crate::world::{Blocked, World};

/// The checks of this section.
pub(super) const CHECKS: &[Entry] = &[
    ("chase.echo.numbers", numbers),
    ("chase.echo.text", text),
    ("chase.echo.order", order),
    ("chase.echo.underscore_sa", underscore_sa),
    ("chase.echo.unwritable", unwritable),
];

/// Integers as they are; doubles with the fewest digits that read back, and an exponent where Python has one.
fn numbers(world: &World) -> Result<Check, Blocked> {
    let echo = echo_of(world)?;
    // How long one may be is another rule's.
    let long = "9".repeat(1000);
    let rows = [
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        (long.as_str(), long.as_str()),
        ("-0", "0"),
        ("-1", "-1"),
        ("1.0", "1.0"),
        ("-0.0", "-0.0"),
        ("1.10", "1.1"),
        ("123456789.123456789", "123456789.12345679"),
        ("140800000000000.11", "140800000000000.12"),
        ("1E5", "100000.0"),
        ("1e15", "1000000000000000.0"),
        ("9999999999999998.0", "9999999999999998.0"),
        ("1e16", "1e+16"),
        ("12345678901234567e0", "1.2345678901234568e+16"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("0.0000123", "1.23e-05"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ];
    let integer = "-?[1-9][0-9]{0,60}".prop_map(|digits| (digits.clone(), digits));
    let decimal = ("-?[1-9][0-9]{0,6}\\.[0-9]{0,6}[1-9]", "0{0,4}")
        .prop_map(|(decimal, zeros)| (format!("{decimal}{zeros}"), decimal));
    let large = ("[1-9]", 16_u32..300).prop_map(|(digit, exponent)| {
        (
            format!("{digit}.0E{exponent}"),
            format!("{digit}e+{exponent}"),
        )
    });
    let small = ("[1-9]", 5_u32..300).prop_map(|(digit, exponent)| {
        (
            format!("{digit}e-{exponent}"),
            format!("{digit}e-{exponent:02}"),
        )
    });
    Ok(Check::new()
        .cases(rows.map(|(sent, shown)| echo(sent, shown)))
        .random(
            2,
            prop_oneof![integer, decimal, large, small],
            move |(sent, shown)| echo(&sent, &shown),
        ))
}

/// Text as short as JSON allows, whatever was escaped in the call.
fn text(world: &World) -> Result<Check, Blocked> {
    let echo = echo_of(world)?;
    let rows = [
        (r#""a\/b""#, r#""a/b""#),
        (r#""\u0041\u00E9\u20ac""#, r#""Aé€""#),
        (r#""\ud83d\ude42""#, r#""🙂""#),
        (r#""\"\\""#, r#""\"\\""#),
        (r#""\u0022\u005c""#, r#""\"\\""#),
        (r#""\b\f\n\r\t""#, r#""\b\f\n\r\t""#),
        (r#""\u0008\u000C\u000A\u000D\u0009""#, r#""\b\f\n\r\t""#),
        (r#""\u0000\u001F""#, r#""\u0000\u001f""#),
        (
            r#""\u007f\u0085\u2028\ufeff""#,
            "\"\u{7f}\u{85}\u{2028}\u{feff}\"",
        ),
        (r#""<>&'/""#, r#""<>&'/""#),
        (r#"{"\u0061\/\u000a":"\u0062"}"#, r#"{"a/\n":"b"}"#),
    ];
    let escaped = |text: &str| -> String {
        text.encode_utf16()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect()
    };
    Ok(Check::new()
        .cases(rows.map(|(sent, shown)| echo(sent, shown)))
        .random(2, any::<String>(), move |text| {
            let sent = format!("\"{}\"", escaped(&text));
            echo(&sent, &Value::from(text).to_string())
        }))
}

/// The order of the call, neither that of the alphabet nor that of numbers.
fn order(world: &World) -> Result<Check, Blocked> {
    let echo = echo_of(world)?;
    let rows = [
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"b":2}"#,
        r#"{"10":1,"9":2,"-1":3}"#,
        r#"{"c":{"z":[],"y":{}},"B":null,"a":[{"q":1,"p":2}]}"#,
        "[3,1,2]",
    ];
    let names = hash_set("[a-zA-Z0-9]{1,6}", 2..8);
    Ok(Check::new()
        .cases(rows.map(|row| echo(row, row)))
        .random(2, names, move |names| {
            let members: Vec<String> = names.iter().map(|name| format!("\"{name}\":0")).collect();
            let object = format!("{{{}}}", members.join(","));
            echo(&object, &object)
        }))
}

/// Left out wherever they stand; a name that only looks like it stays.
fn underscore_sa(world: &World) -> Result<Check, Blocked> {
    let echo = echo_of(world)?;
    let rows = [
        (r#"{"_sa_instance_state":1,"a":2}"#, r#"{"a":2}"#),
        (r#"{"a":1,"_sa":{"b":2}}"#, r#"{"a":1}"#),
        (r#"{"a":[{"_saving":1,"b":2}]}"#, r#"{"a":[{"b":2}]}"#),
        (r#"{"\u005fsa":1,"a":2}"#, r#"{"a":2}"#),
        (
            r#"{"_sa":1,"_s":2,"_SA":3,"a_sa":4,"sa":5}"#,
            r#"{"_s":2,"_SA":3,"a_sa":4,"sa":5}"#,
        ),
    ];
    Ok(Check::new().cases(rows.map(|(sent, shown)| echo(sent, shown))))
}

/// Each is read without complaint, and refused only where it would have to be repeated.
fn unwritable(world: &World) -> Result<Check, Blocked> {
    let failure = status(500)
        .and(header("content-type").is("text/plain; charset=utf-8"))
        .and(body().is("Internal Server Error"));
    let unread = json("/detail/0/type").is("string_type");
    let call = |body: String| probe(world, body);
    let values = [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        r#""\ud800""#,
        r#"{"\udfff":1}"#,
    ];
    let mut cases = Vec::new();
    for value in values {
        for place in [
            r#"{"email":[VALUE]}"#,
            r#"{"email":{"a":VALUE}}"#,
            r#"{"extra":VALUE}"#,
        ] {
            let case = Case::new(place.replace("VALUE", value))
                .given(
                    "unrepeated",
                    call(format!(r#"{{"email":1,"extra":{value}}}"#))?,
                    unread.clone(),
                )
                .twin(call(place.replace("VALUE", "1"))?, status(422))
                .tested(
                    "repeated",
                    call(place.replace("VALUE", value))?,
                    failure.clone(),
                );
            cases.push(case);
        }
    }
    Ok(Check::new().cases(cases))
}

/// How a value is echoed, by its JSON as sent and as shown. Something plain has to come back as it is, or nothing is shown.
fn echo_of(world: &World) -> Result<impl Fn(&str, &str) -> Case + use<>, Blocked> {
    let template = probe(world, "")?;
    Ok(move |sent: &str, shown: &str| {
        let listed = |value: &str| template.clone().body(format!("{{\"email\":[{value}]}}"));
        Case::new(format!("{sent:.60}"))
            .given("plain", listed("true"), input("true"))
            .tested("echo", listed(sent), input(shown))
    })
}

/// The input of the error is a list of this one value, in this spelling.
fn input(value: &str) -> Expect {
    body().matches(&spelling(&format!("\"input\":[{value}]")))
}

/// Matches JSON in exactly this spelling, but for the blanks between its parts.
fn spelling(json: &str) -> String {
    let mut pattern = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in json.chars() {
        let part = regex::escape(c.encode_utf8(&mut [0; 4]));
        if quoted || !"{}[]:,".contains(c) {
            pattern.push_str(&part);
        } else {
            pattern.extend([r"\s*", &part, r"\s*"]);
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    pattern
}
