//! `[body]`: the model SubmitConversionV2.

use serde_json::json;

use super::*;

/// A body with that member beside a good address.
fn beside(member: &str) -> Call {
    Call::json(format!(r#"{{"email":"user@example.com",{member}}}"#))
}

#[test]
fn an_error_has_its_members_in_order() {
    insta::assert_snapshot!(
        Call::json(r#"{"conversion_data":[],"email":"x","conversion_type":7}"#).is_refused(422, "chase.email.at_sign_required"),
        @r#"{"detail":[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"x","ctx":{"reason":"An email address must have an @-sign."}},{"type":"string_type","loc":["body","conversion_type"],"msg":"Input should be a valid string","input":7},{"type":"dict_type","loc":["body","conversion_data"],"msg":"Input should be a valid dictionary","input":[]}]}"#
    );
}

#[test]
fn every_error_is_listed_in_the_order_of_the_model() {
    let outcome = Call::json(r#"{"conversion_data":1,"conversion_type":[]}"#).send();
    let rules: Vec<&str> = outcome
        .refused_by
        .iter()
        .map(|rule| rule.as_str())
        .collect();
    assert_eq!(
        rules,
        [
            "chase.body.email_required",
            "chase.body.conversion_type_text",
            "chase.body.conversion_data_object"
        ]
    );
    assert_eq!(
        outcome.why,
        "email: Field required; conversion_type: Input should be a valid string; conversion_data: Input should be a valid dictionary"
    );
}

#[test]
fn a_body_is_an_object() {
    for (body, input) in [
        ("null", json!(null)),
        ("true", json!(true)),
        ("12", json!(12)),
        (r#""user@example.com""#, json!("user@example.com")),
        (
            r#"[{"email":"user@example.com"}]"#,
            json!([{"email": "user@example.com"}]),
        ),
    ] {
        assert_eq!(
            Call::json(body).errors("chase.body.object"),
            json!([{
                "type": "model_attributes_type",
                "loc": ["body"],
                "msg": "Input should be a valid dictionary or object to extract fields from",
                "input": input,
            }])
        );
    }
}

#[test]
fn an_email_is_required() {
    for body in [json!({}), json!({"Email": "user@example.com", "x": [1]})] {
        assert_eq!(
            Call::json(body.to_string()).errors("chase.body.email_required"),
            json!([{"type": "missing", "loc": ["body", "email"], "msg": "Field required", "input": body}])
        );
    }
}

#[test]
fn an_email_is_text() {
    for input in [
        json!(null),
        json!(1),
        json!(1.5),
        json!(true),
        json!(["user@example.com"]),
        json!({"a": 1}),
    ] {
        let body = json!({"email": input}).to_string();
        assert_eq!(
            Call::json(body).errors("chase.body.email_text"),
            json!([{"type": "string_type", "loc": ["body", "email"], "msg": "Input should be a valid string", "input": input}])
        );
    }
}

#[test]
fn an_email_is_an_address() {
    for address in [
        "",
        "user",
        "user@",
        "@example.com",
        "a b@example.com",
        "user@example",
    ] {
        let outcome = Call::json(json!({"email": address}).to_string()).send();
        assert_eq!(outcome.answer.status(), 422, "{address}");
        let [finer, rule] = &outcome.refused_by[..] else {
            panic!("{outcome:?}")
        };
        assert!(finer.as_str().starts_with("chase.email."));
        assert_eq!(rule.as_str(), "chase.body.email_valid");
    }
}

#[test]
fn an_email_may_hide_a_lone_surrogate_in_a_quoted_name_only() {
    let queued = Call::json(r#"{"email":"\"A \ud800\" <user@example.com>"}"#).is_queued();
    assert_eq!(queued.email, "user@example.com");
    for address in [
        r"\ud800 <user@example.com>",
        r"\ud800@example.com",
        r"user@\ud800.com",
        r"user@example.com\ud800",
        r#"\"\ud800\"@example.com"#,
        r#"\"\ud800\" <\ud800@example.com>"#,
        r#"\"\ud800\" <\uffff@example.com>"#,
    ] {
        Call::json(format!(r#"{{"email":"{address}"}}"#)).is_refused(500, "chase.echo.unwritable");
    }
    // U+FFFD itself is a character like others.
    let other = Call::json(r#"{"email":"\"\ud800\" <\ufffd@example.com>"}"#).send();
    assert_eq!(other.answer.status(), 200);
}

#[test]
fn a_conversion_type_may_be_left_out_or_null() {
    assert_eq!(Call::good().is_queued().conversion_type, None);
    assert_eq!(
        beside(r#""conversion_type":null"#)
            .is_queued()
            .conversion_type,
        None
    );
}

#[test]
fn a_conversion_type_is_text() {
    for input in [json!(1), json!(false), json!(["purchase"]), json!({})] {
        assert_eq!(
            beside(&format!(r#""conversion_type":{input}"#))
                .errors("chase.body.conversion_type_text"),
            json!([{
                "type": "string_type",
                "loc": ["body", "conversion_type"],
                "msg": "Input should be a valid string",
                "input": input,
            }])
        );
    }
}

#[test]
fn a_conversion_type_has_at_most_63_characters() {
    for character in ["x", "é", "😀", "\u{301}"] {
        let of = |count: usize| {
            beside(&format!(
                r#""conversion_type":"{}""#,
                character.repeat(count)
            ))
        };
        assert_eq!(
            of(63).is_queued().conversion_type,
            Some(character.repeat(63))
        );
        assert_eq!(
            of(64).errors("chase.body.conversion_type_length"),
            json!([{
                "type": "string_too_long",
                "loc": ["body", "conversion_type"],
                "msg": "String should have at most 63 characters",
                "input": character.repeat(64),
                "ctx": {"max_length": 63},
            }])
        );
    }
}

#[test]
fn a_conversion_type_is_taken_as_it_is() {
    for kind in [
        "",
        " ",
        " sign-up\t",
        "Sign-up",
        "PURCHASE",
        "e\u{301}",
        "ﬁ",
        "anything at all",
    ] {
        let queued = beside(&format!(r#""conversion_type":{}"#, json!(kind))).is_queued();
        assert_eq!(queued.conversion_type.as_deref(), Some(kind));
    }
}

#[test]
fn conversion_data_may_be_left_out() {
    assert_eq!(Call::good().is_queued().conversion_data, "{}");
}

#[test]
fn conversion_data_is_an_object() {
    for input in [json!([["a", 1]]), json!("{}"), json!(1), json!(true)] {
        assert_eq!(
            beside(&format!(r#""conversion_data":{input}"#))
                .errors("chase.body.conversion_data_object"),
            json!([{
                "type": "dict_type",
                "loc": ["body", "conversion_data"],
                "msg": "Input should be a valid dictionary",
                "input": input,
            }])
        );
    }
}

#[test]
fn conversion_data_is_null_only_by_a_setting() {
    let call = beside(r#""conversion_data":null"#);
    assert_eq!(
        call.errors("chase.body.conversion_data_null")[0]["input"],
        json!(null)
    );
    let state = with_settings(json!({"accept_null_conversion_data": true}));
    let outcome = call.send_to(&state);
    assert_eq!(outcome.answer.status(), 202);
    let conversion = Chase::conversion(&state, &outcome.events[0], now()).unwrap();
    assert_eq!(conversion.raw["conversion_data"], json!(null));
}

#[test]
fn conversion_data_holds_anything() {
    for data in [
        r#"{"":"","a":{"b":[[[]]]}}"#,
        r#"{ "price" : 99.99, "é": null }"#,
        r#"{"conversion_type":1,"email":2}"#,
    ] {
        assert_eq!(
            beside(&format!(r#""conversion_data":{data}"#))
                .is_queued()
                .conversion_data,
            data
        );
    }
}

#[test]
fn unknown_members_are_ignored() {
    beside(r#""id":1,"Email":2,"Conversion_Type":3,"conversion_data ":4,"":[{"y":null}]"#)
        .is_queued();
}

#[test]
fn names_are_read_however_they_are_spelt() {
    Call::json(r#"{"\u0065mail":"user@example.com"}"#).is_queued();
}

#[test]
fn no_other_kind_of_error_occurs() {
    let kinds = [
        "missing",
        "model_attributes_type",
        "string_type",
        "value_error",
        "string_too_long",
        "dict_type",
        "json_invalid",
    ];
    let cases = fixtures::vendor("chase")
        .unwrap()
        .file("observed.jsonl")
        .unwrap();
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let Ok(body) =
            serde_json::from_str::<serde_json::Value>(case["response"]["body"].as_str().unwrap())
        else {
            continue;
        };
        for error in body["detail"].as_array().into_iter().flatten() {
            assert!(kinds.contains(&error["type"].as_str().unwrap()), "{error}");
        }
    }
}
