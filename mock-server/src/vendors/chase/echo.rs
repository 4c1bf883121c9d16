//! Writes what a call said back into an answer, as Starlette's `JSONResponse` does: compact, unescaped, in UTF-8.
//!
//! `CHS-JSN-20`, `CHS-JSN-21`, `CHS-JSN-22` and `CHS-RSP-13` of the dossier.

use std::fmt::Write;

use super::json::{Object, Value};
use super::text::Text;

/// What no answer can hold: NaN, an infinity, or a lone surrogate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unwritable;

/// Writes a value.
pub(super) fn value(out: &mut String, value: &Value<'_>) -> Result<(), Unwritable> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(true) => out.push_str("true"),
        Value::Boolean(false) => out.push_str("false"),
        Value::Integer("-0") => out.push('0'),
        Value::Integer(digits) => out.push_str(digits),
        Value::Float(spelt) => float(out, spelt.parse().map_err(|_| Unwritable)?)?,
        Value::Text(text) => whole(out, text)?,
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                separate(out, n);
                self::value(out, item)?;
            }
            out.push(']');
        }
        Value::Object(object) => self::object(out, object)?,
    }
    Ok(())
}

/// Writes text in quotes.
///
/// Rules: chase.echo.text.
pub(super) fn text(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if !matches!(byte, b'"' | b'\\' | 0..0x20) {
            continue;
        }
        out.push_str(&text[plain..at]);
        plain = at + 1;
        out.push('\\');
        match byte {
            b'\x08' => out.push('b'),
            b'\x0C' => out.push('f'),
            b'\n' => out.push('n'),
            b'\r' => out.push('r'),
            b'\t' => out.push('t'),
            0..0x20 => write!(out, "u{byte:04x}").expect("text takes everything"),
            _ => out.push(char::from(byte)),
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// Rules: chase.echo.order, chase.echo.underscore_sa.
fn object(out: &mut String, object: &Object<'_>) -> Result<(), Unwritable> {
    // FastAPI takes such members for those of SQLAlchemy, and drops them from what it writes.
    let shown = object
        .members
        .iter()
        .filter(|(name, _)| !name.as_stood_in().starts_with("_sa"));
    out.push('{');
    for (n, (name, value)) in shown.enumerate() {
        separate(out, n);
        whole(out, name)?;
        out.push(':');
        self::value(out, value)?;
    }
    out.push('}');
    Ok(())
}

fn whole(out: &mut String, text: &Text<'_>) -> Result<(), Unwritable> {
    self::text(out, text.as_whole().ok_or(Unwritable)?);
    Ok(())
}

fn separate(out: &mut String, n: usize) {
    if n > 0 {
        out.push(',');
    }
}

/// Writes a double as Python's `repr` does: the fewest digits that read back, in a layout of its own.
///
/// Rules: chase.echo.numbers.
fn float(out: &mut String, double: f64) -> Result<(), Unwritable> {
    if !double.is_finite() {
        return Err(Unwritable);
    }
    let spelt = shortest(double);
    let (mantissa, exponent) = spelt.split_once('e').expect("asked for");
    let exponent: i32 = exponent.parse().expect("digits, perhaps behind a minus");
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs())
            .expect("text takes everything");
        return Ok(());
    }
    let digits = mantissa.trim_start_matches('-').replace('.', "");
    if double.is_sign_negative() {
        out.push('-');
    }
    // How many digits stand before the point, were there enough of them.
    let whole = usize::try_from(exponent + 1).unwrap_or(0);
    let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
    let (before, after) = digits.split_at(whole.min(digits.len()));
    let (before, after) = (
        if before.is_empty() { "0" } else { before },
        if after.is_empty() { "0" } else { after },
    );
    write!(out, "{before:0<whole$}.{:0<zeros$}{after}", "").expect("text takes everything");
    Ok(())
}

/// The fewest digits that read back as the double, and of those the nearest to it: `d.ddde-5`.
///
/// Rust finds the fewest, but where two are as near rounds up; Python takes the even one, as Rust does when the number
/// of digits is given. At a power of two the nearest may be another double, so it counts only if it reads back.
fn shortest(double: f64) -> String {
    let fewest = format!("{double:e}");
    let digits = fewest
        .bytes()
        .take_while(|byte| *byte != b'e')
        .filter(u8::is_ascii_digit)
        .count();
    let nearest = format!("{double:.*e}", digits - 1);
    if nearest.parse() == Ok(double) {
        nearest
    } else {
        fewest
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::Document;
    use super::*;

    fn echo(source: &str) -> Result<String, Unwritable> {
        let mut out = String::new();
        value(&mut out, &Document::of(source).read().unwrap()).map(|()| out)
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (source, written) in [
            ("0", "0"),
            ("-0", "0"),
            ("-7", "-7"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("0.0", "0.0"),
            ("-0.0", "-0.0"),
            ("-0e5", "-0.0"),
            ("99.99", "99.99"),
            ("1.10", "1.1"),
            ("1E5", "100000.0"),
            ("1e15", "1000000000000000.0"),
            ("9999999999999998.0", "9999999999999998.0"),
            ("1e16", "1e+16"),
            ("1.5e16", "1.5e+16"),
            ("123456789012345678.0", "1.2345678901234568e+17"),
            ("0.0001", "0.0001"),
            ("0.00012345", "0.00012345"),
            ("0.00001", "1e-05"),
            ("0.000012345", "1.2345e-05"),
            ("1e100", "1e+100"),
            ("-1e-100", "-1e-100"),
            ("5e-324", "5e-324"),
            ("2e-324", "0.0"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("0.1e1", "1.0"),
            ("140800000000000.11", "140800000000000.12"),
            ("5.6843418860808015e-14", "5.684341886080802e-14"),
            ("9007199254740993.0", "9007199254740992.0"),
            ("-0.000123", "-0.000123"),
            ("-12.5", "-12.5"),
            ("0.30000000000000004", "0.30000000000000004"),
        ] {
            assert_eq!(echo(source).unwrap(), written, "{source}");
        }
    }

    #[test]
    fn text_is_escaped_no_more_than_needed() {
        let source = r#""\u0041\/\"\\\b\f\n\r\t\u0000\u001F\u007f<\u2028\u00e9\ud83d\ude00""#;
        assert_eq!(
            echo(source).unwrap(),
            "\"A/\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}<\u{2028}é😀\""
        );
    }

    #[test]
    fn objects_keep_their_order_and_lose_what_begins_with_underscore_sa() {
        let source = r#" { "b" : [ 1 , {} , [ ] ] , "a" : null, "_sa": NaN, "_s": true, "b": false, "x_sa": {"_sa1": 1} } "#;
        assert_eq!(
            echo(source).unwrap(),
            r#"{"b":false,"a":null,"_s":true,"x_sa":{}}"#
        );
    }

    #[test]
    fn what_is_no_json_cannot_be_written() {
        for source in [
            "NaN",
            "[Infinity]",
            r#"{"a":-Infinity}"#,
            "1e400",
            r#""\ud800""#,
            r#"{"\udc00":1}"#,
        ] {
            assert_eq!(echo(source), Err(Unwritable), "{source}");
        }
    }
}
