//! What holds whatever is sent.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Pieces that the reader, the model and the e-mail rules look at, and anything else.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\",
            "\\u",
            "\\ud800",
            "\\udc00",
            "\"email\":",
            "\"user@example.com\"",
            "\"conversion_type\":",
            "\"conversion_data\":",
            "null",
            "NaN",
            "1e400",
            "12",
            "-0.5",
            "_sa",
            " ",
            "@",
            "\u{301}",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        select(vec![
            &b"\xED\xA0\x80"[..],
            b"\xFF\xFE",
            b"\0",
            b"\xEF\xBB\xBF",
            b"\x80"
        ])
        .prop_map(<[u8]>::to_vec),
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
    ];
    let pieces = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    prop_oneof![
        2 => pieces.clone(),
        1 => pieces.prop_map(|pieces| [b"{\"email\":\"user@example.com\",\"x\":", &pieces[..], b"}"].concat()),
        1 => any::<String>().prop_map(|text| serde_json::json!({"email": text}).to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    let usually = |usual: &'static str, others: &[&'static str]| prop_oneof![8 => Just(usual), 1 => select(others.to_vec())];
    (
        bodies(),
        usually("POST", &["GET", "HEAD", "BREW"]),
        usually(
            "/api/v2/conversions",
            &[
                "/api/v2/conversions/?a=%",
                "/x",
                "/api/v2/conversions%0A",
                "ü",
            ],
        ),
        usually("chs_live_org1_key", &["", "nope"]),
        usually(
            "application/json",
            &[
                "",
                "text/plain",
                "application/x+json",
                "application/x-www-form-urlencoded",
            ],
        ),
        usually("services.meetchase.ai", &["", "[::1]:", "a b"]),
        any::<bool>(),
    )
        .prop_map(|(body, method, target, key, media_type, host, old)| {
            let call = Call::plain(body)
                .by(method)
                .to(target)
                .and("Host", host)
                .and("X-API-Key", key);
            let version = if old {
                Version::HTTP_10
            } else {
                Version::HTTP_11
            };
            Call {
                version,
                ..call.and("Content-Type", media_type)
            }
        })
}

proptest! {
    #[test]
    fn any_call_is_answered_and_a_failure_has_its_reason(call in calls()) {
        let outcome = call.send();
        let status = outcome.answer.status().as_u16();
        prop_assert!([200, 202, 307, 400, 401, 404, 405, 422, 500].contains(&status), "{status}");
        let rule = outcome.refused_by.first().map(|rule| rule.as_str());
        let may_fail = ["chase.echo.unwritable", "chase.content_type.other_undecodable"];
        prop_assert_eq!(status == 500, rule.is_some_and(|rule| may_fail.contains(&rule)));
        if outcome.answer.headers().get("content-type").is_some_and(|kind| kind == "application/json") {
            let body: Result<serde_json::Value, _> = serde_json::from_slice(outcome.answer.body());
            prop_assert!(body.is_ok(), "{:?}", outcome.answer.body());
        }
    }

    #[test]
    fn a_refused_call_causes_nothing(call in calls()) {
        let outcome = call.send();
        let accepted = matches!(outcome.answer.status().as_u16(), 200 | 202);
        prop_assert_eq!(outcome.refused_by.is_empty(), accepted);
        prop_assert_eq!(outcome.why.is_empty(), accepted);
        prop_assert_eq!(outcome.events.len(), usize::from(outcome.answer.status() == 202));
    }

    #[test]
    fn what_is_known_at_the_head_does_not_depend_on_the_body(
        call in calls(),
        elsewhere in select(vec![("GET", "/api/v2/conversions"), ("POST", "/api/v2/conversions/"), ("POST", "/x"), ("POST", "ü")]),
        body in bodies(),
    ) {
        let call = call.by(elsewhere.0).to(elsewhere.1);
        prop_assert_eq!(call.head(), Head::Known);
        let known = whole(&call.send().answer);
        prop_assert_eq!(&whole(&call.clone().body_of(body).send().answer), &known);
        for body in [Body::TooLong, Body::Broken] {
            let answer = call.clone().spoiled(body).send().answer;
            prop_assert_eq!(&whole(&answer), &known);
        }
    }

    #[test]
    fn what_is_read_was_not_known_at_the_head(call in calls()) {
        let first = call.send().refused_by.first().map(|rule| rule.as_str());
        let at_head = first.is_some_and(|rule| rule.starts_with("chase.route.") || rule == "chase.http.malformed");
        prop_assert_eq!(call.head() == Head::Known, at_head);
    }

    #[test]
    fn the_same_call_gets_the_same_bytes(call in calls()) {
        let (one, two) = (call.send(), call.send());
        prop_assert_eq!(whole(&one.answer), whole(&two.answer));
        prop_assert_eq!(one.events, two.events);
    }

    #[test]
    fn what_was_logged_answers_nothing(call in calls(), other in calls()) {
        let mut state = recorded();
        let before = serde_json::to_value(Chase::document(&state)).unwrap();
        let expected = whole(&other.send_to(&state).answer);
        for event in call.send_to(&state).events {
            Chase::apply(&mut state, &event);
        }
        prop_assert_eq!(serde_json::to_value(Chase::document(&state)).unwrap(), before);
        prop_assert_eq!(whole(&other.send_to(&state).answer), expected);
    }

    #[test]
    fn a_sandbox_that_starts_from_a_document_answers_alike(call in calls(), delay: u64, flags: [bool; 3]) {
        let [unknown_key_before_schema, accept_form_content_type, accept_null_conversion_data] = flags;
        let state = with_settings(serde_json::json!({
            "log_delay_ms": delay,
            "queued_body": {"a": [1]},
            "unknown_key_before_schema": unknown_key_before_schema,
            "accept_form_content_type": accept_form_content_type,
            "accept_null_conversion_data": accept_null_conversion_data,
        }));
        let written = serde_json::to_string(&Chase::document(&state)).unwrap();
        let again = start(serde_json::from_str(&written).unwrap());
        prop_assert_eq!(whole(&call.send_to(&again).answer), whole(&call.send_to(&state).answer));
    }

    #[test]
    fn events_survive_being_written_down(body in bodies()) {
        let body = [br#"{"email":"user@example.com","conversion_data":{"a":"#, &body[..], b"}}"].concat();
        for event in Call::json(body).send().events {
            let written = serde_json::to_string(&event).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Queued>(&written).unwrap(), &event);
            prop_assert!(Chase::conversion(&recorded(), &event, now()).unwrap().raw["conversion_data"].is_object());
        }
    }

    /// What others read as JSON too, they read alike.
    #[test]
    fn plain_json_means_what_it_means_elsewhere(value in values()) {
        let source = value.to_string();
        let document = super::super::json::Document::decode(source.as_bytes()).unwrap();
        let mut echoed = String::new();
        super::super::echo::value(&mut echoed, &document.read().unwrap()).unwrap();
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&echoed).unwrap(), value);
    }
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>()
            .prop_filter("JSON has no others", |double| double.is_finite())
            .prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map("[a-zé\"]{0,3}", inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}
