//! `[json]`: the reader, where it refuses and where it does not.

use super::*;

/// Where and with which words a body is no JSON.
#[track_caller]
fn invalid(body: impl Into<Vec<u8>>, rule: &str, error: &str, position: usize) {
    let body = Call::json(body).is_refused(422, rule);
    let error = serde_json::Value::from(error);
    assert_eq!(
        body,
        format!(
            r#"{{"detail":[{{"type":"json_invalid","loc":["body",{position}],"msg":"JSON decode error","input":{{}},"ctx":{{"error":{error}}}}}]}}"#
        )
    );
}

#[test]
fn encodings_are_told_apart() {
    let text = r#"{"email":"user@example.com","x":"😀é"}"#;
    let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let wider = |unit: fn(u32) -> [u8; 4]| {
        text.chars()
            .map(u32::from)
            .flat_map(unit)
            .collect::<Vec<u8>>()
    };
    for (mark, bytes) in [
        (&b""[..], text.as_bytes().to_vec()),
        (b"\xEF\xBB\xBF", text.as_bytes().to_vec()),
        (b"", wide(u16::to_le_bytes)),
        (b"", wide(u16::to_be_bytes)),
        (b"\xFF\xFE", wide(u16::to_le_bytes)),
        (b"\xFE\xFF", wide(u16::to_be_bytes)),
        (b"", wider(u32::to_le_bytes)),
        (b"", wider(u32::to_be_bytes)),
        (b"\xFF\xFE\0\0", wider(u32::to_le_bytes)),
        (b"\0\0\xFE\xFF", wider(u32::to_be_bytes)),
    ] {
        Call::json([mark, &bytes].concat()).is_queued();
    }
    let object = "chase.body.object";
    for number in [&b"1\0"[..], b"\x001", b"1\0\0\0", b"\0\0\x001"] {
        assert_eq!(
            Call::json(number).errors(object)[0]["input"],
            1,
            "{number:?}"
        );
    }
    // Three bytes are too few to tell.
    invalid(b"1\0\0", "chase.json.extra_data", "Extra data", 1);
    invalid(b"\0", "chase.json.expecting_value", "Expecting value", 0);
}

#[test]
fn a_second_mark_is_a_character() {
    for body in ["\u{FEFF}\u{FEFF}{}", "\u{FEFF}"] {
        invalid(body, "chase.json.expecting_value", "Expecting value", 0);
    }
    invalid(
        b"\xFF\xFE",
        "chase.json.expecting_value",
        "Expecting value",
        0,
    );
}

#[test]
fn what_cannot_be_decoded_is_refused() {
    for body in [
        &b"{\"email\":\"\xFF\"}"[..],
        b"\xC0\x80",
        b"\xED\xA0",
        b"\xF4\x90\x80\x80",
        b"\xED\xA0\x80\xFF",
        b"{\0}\0 ",
        b"\0\0\xFE\xFF\0\x11\0\0",
        b"\0\0\xFE\xFF\0\0\0",
    ] {
        let body = Call::json(body).is_refused(400, "chase.json.undecodable");
        assert_eq!(body, r#"{"detail":"There was an error parsing the body"}"#);
    }
}

#[test]
fn encoded_surrogates_are_decoded() {
    for surrogate in [
        &b"\xED\xA0\x80"[..],
        b"\xED\xBF\xBF",
        b"\xED\xA0\xBD\xED\xB8\x80",
    ] {
        let body = [
            br#"{"email":"user@example.com","x":"a"#,
            surrogate,
            br#"b","y":""#,
            surrogate,
            b"\"}",
        ]
        .concat();
        Call::json(body).is_queued();
    }
    invalid(
        b"\xED\xA0\x80",
        "chase.json.expecting_value",
        "Expecting value",
        0,
    );
    invalid(
        b"[1\xED\xA0\x80]",
        "chase.json.expecting_comma",
        "Expecting ',' delimiter",
        2,
    );
    let wide = [0x7B, 0x22, 0x61, 0x22, 0x3A, 0x22, 0xD800, 0x22, 0x7D]
        .map(u16::to_be_bytes)
        .concat();
    Call::json(wide).is_refused(500, "chase.echo.unwritable");
}

#[test]
fn four_characters_are_white_space() {
    Call::json(" \t\r\n{ \t\r\n\"email\" \t\r\n: \t\r\n\"user@example.com\" \t\r\n} \t\r\n")
        .is_queued();
    for other in ['\u{B}', '\u{C}', '\u{A0}', '\u{85}', '\u{2003}', '\0'] {
        invalid(
            other.to_string(),
            "chase.json.expecting_value",
            "Expecting value",
            0,
        );
    }
}

#[test]
fn nan_and_the_infinities_are_numbers() {
    let data = r#"{"a":NaN,"b":[Infinity,-Infinity]}"#;
    let body = format!(r#"{{"email":"user@example.com","x":NaN,"conversion_data":{data}}}"#);
    assert_eq!(Call::json(body).is_queued().conversion_data, data);
    for word in [
        "nan",
        "Nan",
        "Inf",
        "infinity",
        "-NaN",
        "+Infinity",
        "-Infinit",
    ] {
        invalid(word, "chase.json.expecting_value", "Expecting value", 0);
    }
}

#[test]
fn integers_have_at_most_4300_digits() {
    let with =
        |digits: String| Call::json(format!(r#"{{"email":"user@example.com","x":[{digits}]}}"#));
    with("7".repeat(4300)).is_queued();
    with(format!("-{}", "7".repeat(4300))).is_queued();
    with(format!("{}.0", "7".repeat(4301))).is_queued();
    for digits in ["7".repeat(4301), format!("-{}", "7".repeat(4301))] {
        with(digits).is_refused(400, "chase.json.long_integers");
    }
    Call::json(format!("[{}", "7".repeat(4301))).is_refused(400, "chase.json.long_integers");
}

#[test]
fn escaped_surrogates_are_accepted_alone_and_joined_in_pairs() {
    for kind in [
        r"\ud83d",
        r"\ude00",
        r"\ude00\ud83d",
        r"\ud83d\u0041",
        r"\ud83dA",
    ] {
        Call::json(format!(r#"{{"email":"user@example.com","x":"{kind}"}}"#)).is_queued();
        let broken = format!(r#"{{"email":"user@example.com","conversion_type":"{kind}"}}"#);
        Call::json(broken).is_refused(500, "chase.echo.unwritable");
    }
    let pair = r#"{"email":"user@example.com","conversion_type":"\uD83d\uDe00"}"#;
    assert_eq!(
        Call::json(pair).is_queued().conversion_type.as_deref(),
        Some("😀")
    );
}

#[test]
fn of_repeated_names_the_last_value_counts_where_the_first_stood() {
    Call::json(r#"{"email":1,"email":"user@example.com"}"#).is_queued();
    Call::json(r#"{"email":"user@example.com","email":1}"#)
        .is_refused(422, "chase.body.email_text");
    let errors = Call::json(r#"{"a":NaN,"b":1,"a":{"c":1,"c":2}}"#)
        .is_refused(422, "chase.body.email_required");
    assert!(
        errors.ends_with(r#""input":{"a":{"c":2},"b":1}}]}"#),
        "{errors}"
    );

    let many: Vec<String> = (0..40).map(|n| format!(r#""{}":{n}"#, n % 20)).collect();
    let errors =
        Call::json(format!(r#"{{{},"x":0}}"#, many.join(","))).errors("chase.body.email_required");
    let kept: Vec<String> = (0..20).map(|n| format!(r#""{n}":{}"#, n + 20)).collect();
    assert_eq!(
        errors[0]["input"].to_string(),
        format!(r#"{{{},"x":0}}"#, kept.join(","))
    );
}

#[test]
fn names_that_differ_in_what_cannot_be_shown_are_not_confused_with_others() {
    let call = Call::json(r#"{"email":"user@example.com","\ud800":1,"\uffff":2,"\ufffd":3}"#);
    call.is_queued();
}

#[test]
fn brackets_nest_957_deep() {
    let inside = |depth: usize| {
        format!(
            r#"{{"email":"user@example.com","x":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    Call::json(inside(956)).is_queued();
    Call::json(inside(957)).is_refused(400, "chase.json.nesting");
    Call::json(inside(200_000)).is_refused(400, "chase.json.nesting");
    Call::json("[{\"a\":".repeat(479)).is_refused(400, "chase.json.nesting");
    invalid(
        "[".repeat(957),
        "chase.json.expecting_value",
        "Expecting value",
        957,
    );
    // What is malformed behind the last bracket does not matter, what is malformed before it does.
    Call::json(format!("{}}}", "[".repeat(958))).is_refused(400, "chase.json.nesting");
    invalid(
        format!("[}}{}", "[".repeat(958)),
        "chase.json.expecting_value",
        "Expecting value",
        1,
    );
}

#[test]
fn deep_values_are_echoed_and_dropped_without_harm() {
    let deep = format!("{}{}", "[".repeat(957), "]".repeat(957));
    let answer = Call::json(deep.clone()).send_to(&recorded()).answer;
    assert!(std::str::from_utf8(answer.body()).unwrap().contains(&deep));
}

#[test]
fn positions_count_characters() {
    invalid(
        "[\"é😀\u{301}\" x",
        "chase.json.expecting_comma",
        "Expecting ',' delimiter",
        7,
    );
    let wide: Vec<u8> = "[\"é😀\u{301}\" x"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    invalid(
        wide,
        "chase.json.expecting_comma",
        "Expecting ',' delimiter",
        7,
    );
    invalid(
        "\u{FEFF}[x",
        "chase.json.expecting_value",
        "Expecting value",
        1,
    );
}

#[test]
fn a_value_is_expected_where_none_starts() {
    for (body, position) in [
        (" ", 1),
        ("[", 1),
        ("[,", 1),
        (r#"{"a": }"#, 6),
        (r#"{"a":"#, 5),
        ("[1,]", 3),
        ("]", 0),
        (":", 0),
        ("nul", 0),
        ("nulL", 0),
        ("tru", 0),
        ("fals", 0),
        ("-", 0),
        ("-x", 0),
        ("+1", 0),
        (".5", 0),
        ("'a'", 0),
        ("/**/1", 0),
    ] {
        invalid(
            body,
            "chase.json.expecting_value",
            "Expecting value",
            position,
        );
    }
}

#[test]
fn a_name_is_expected_where_no_quote_opens() {
    let error = "Expecting property name enclosed in double quotes";
    for (body, position) in [
        ("{", 1),
        ("{ ", 2),
        ("{a:1}", 1),
        ("{'a':1}", 1),
        ("{,", 1),
        (r#"{"a":1,}"#, 7),
        (r#"{"a":1, "#, 8),
    ] {
        invalid(body, "chase.json.expecting_name", error, position);
    }
}

#[test]
fn a_colon_is_expected_behind_a_name() {
    for (body, position) in [(r#"{"a""#, 4), (r#"{"a" 1}"#, 5), (r#"{"a","b"}"#, 4)] {
        invalid(
            body,
            "chase.json.expecting_colon",
            "Expecting ':' delimiter",
            position,
        );
    }
}

#[test]
fn a_comma_is_expected_behind_a_value() {
    for (body, position) in [
        ("[1", 2),
        ("[1 2]", 3),
        ("[1}", 2),
        ("[01]", 2),
        ("[1.]", 2),
        ("[1.e5]", 2),
        ("[1e]", 2),
        ("[1e+]", 2),
        ("[-0x1]", 3),
        ("[truefalse]", 5),
        (r#"{"a":1]"#, 6),
        (r#"{"a":1 "b":2}"#, 7),
    ] {
        invalid(
            body,
            "chase.json.expecting_comma",
            "Expecting ',' delimiter",
            position,
        );
    }
}

#[test]
fn nothing_is_expected_behind_the_document() {
    for (body, position) in [
        ("{} x", 3),
        ("1 2", 2),
        ("01", 1),
        ("1.", 1),
        ("1e", 1),
        ("-1-", 2),
        ("[]]", 2),
        ("\"\"\"", 2),
    ] {
        invalid(body, "chase.json.extra_data", "Extra data", position);
    }
}

#[test]
fn a_string_is_closed() {
    for (body, position) in [
        ("\"", 0),
        ("[\"a", 1),
        ("\"a\\", 0),
        ("\"a\\\"", 0),
        ("{\"a", 1),
        ("\"\\n", 0),
    ] {
        invalid(
            body,
            "chase.json.unterminated_string",
            "Unterminated string starting at",
            position,
        );
    }
}

#[test]
fn control_characters_are_escaped_in_strings() {
    for (body, position) in [
        ("\"a\nb\"", 2),
        ("[\"\0", 2),
        ("{\"\u{1F}\":1}", 2),
        ("\"\\n\t\"", 3),
    ] {
        invalid(
            body,
            "chase.json.control_character",
            "Invalid control character at",
            position,
        );
    }
    Call::json("{\"email\":\"user@example.com\",\"\u{7F}\u{80}\u{2028}\":1}").is_queued();
}

#[test]
fn escapes_are_those_of_json() {
    for (body, position) in [
        (r#""\q""#, 1),
        (r#""a\x41""#, 2),
        (r#""\U0041""#, 1),
        ("\"\\é\"", 1),
        ("\"\\\n\"", 1),
    ] {
        invalid(
            body,
            "chase.json.invalid_escape",
            r"Invalid \escape",
            position,
        );
    }
    let body = r#"{"email":"user@example.com","conversion_type":"\"\\\/\b\f\n\r\t\u00e9"}"#;
    assert_eq!(
        Call::json(body).is_queued().conversion_type.as_deref(),
        Some("\"\\/\u{8}\u{C}\n\r\té")
    );
}

#[test]
fn a_unicode_escape_has_four_digits_and_something_behind_them() {
    let error = r"Invalid \uXXXX escape";
    for (body, position) in [
        (r#""\u12""#, 2),
        (r#""\u12"#, 2),
        (r#""\u004g""#, 2),
        (r#""\u+041""#, 2),
        (r#""\u00e""#, 2),
        (r#""\u0041"#, 2),
        (r#""\ud83d\u12""#, 8),
        (r#""\ud83d\ude00"#, 8),
        (r#""\ud83d\ude0g""#, 8),
        ("\"\\u00é1\"", 2),
    ] {
        invalid(body, "chase.json.invalid_unicode_escape", error, position);
    }
}
