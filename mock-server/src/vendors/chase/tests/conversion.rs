//! `[conversion]`: who is a contact, what is logged, and when it shows.

use serde_json::json;

use super::*;

fn about(email: &str) -> Call {
    Call::json(json!({"email": email}).to_string())
}

#[test]
fn a_conversion_of_a_contact_is_queued() {
    let call = Call::json(
        r#"{"email":"user@example.com","conversion_type":"purchase","conversion_data":{"item":"premium_subscription","price":99.99}}"#,
    );
    insta::assert_debug_snapshot!(call.is_queued(), @r#"
    Queued {
        at: 2026-01-31T00:00:00Z,
        organisation: "org-1",
        email: "user@example.com",
        conversion_type: Some(
            "purchase",
        ),
        conversion_data: "{\"item\":\"premium_subscription\",\"price\":99.99}",
    }
    "#);
}

#[test]
fn a_conversion_of_anyone_else_is_acknowledged_and_not_logged() {
    for email in ["nobody@example.com", "other@example.com"] {
        let outcome = about(email).send();
        assert_eq!(outcome.answer.status(), 200);
        assert!(outcome.events.is_empty() && outcome.refused_by.is_empty());
    }
}

#[test]
fn the_key_decides_whose_contacts_count() {
    let other = |email: &str| {
        about(email)
            .with("X-API-Key", "chs_live_org2_key")
            .send()
            .answer
            .status()
            .as_u16()
    };
    assert_eq!(
        [other("other@example.com"), other("user@example.com")],
        [202, 200]
    );

    let both =
        json!({"contacts": {"org-1": ["shared@example.com"], "org-2": ["shared@example.com"]}});
    let state = with_settings(both);
    for key in ["chs_live_org1_key", "chs_live_org2_key"] {
        let outcome = about("shared@example.com")
            .with("X-API-Key", key)
            .send_to(&state);
        assert_eq!(outcome.answer.status(), 202);
    }
}

#[test]
fn addresses_are_compared_in_their_normal_form() {
    for (email, logged) in [
        ("user@EXAMPLE.com", "user@example.com"),
        ("USER@example.com", "USER@example.com"),
        ("mixed.CASE@example.com", "mixed.CASE@example.com"),
        ("Info@Example.com", "info@example.com"),
        (" user@example.com\t", "user@example.com"),
        ("A User <user@example.com>", "user@example.com"),
        ("hazel@BÜCHER.example", "hazel@bücher.example"),
        ("hazel@xn--bcher-kva.example", "hazel@bücher.example"),
        ("jo\u{308}rg@example.com", "jörg@example.com"),
    ] {
        assert_eq!(about(email).is_queued().email, logged);
    }
    // Only of ASCII is the letter case left out.
    assert_eq!(about("JÖRG@example.com").send().answer.status(), 200);
}

#[test]
fn accepted_answers_have_no_body_unless_set_otherwise() {
    for (email, status) in [
        ("user@example.com", "202 Accepted"),
        ("nobody@example.com", "200 OK"),
    ] {
        let answer = about(email).send().answer;
        assert_eq!(
            whole(&answer),
            format!(
                "{status}\ndate: Sat, 31 Jan 2026 00:00:00 GMT\nserver: uvicorn\ncontent-length: 0\n\n"
            )
        );
    }
    let state =
        with_settings(json!({"queued_body": {"status": "queued"}, "not_associated_body": []}));
    for (email, body) in [
        ("user@example.com", r#"{"status":"queued"}"#),
        ("nobody@example.com", "[]"),
    ] {
        let answer = about(email).send_to(&state).answer;
        assert_eq!(
            (answer.body().as_ref(), &answer.headers()["content-type"]),
            (
                body.as_bytes(),
                &HeaderValue::from_static("application/json")
            )
        );
    }
}

#[test]
fn each_accepted_call_is_logged() {
    assert_eq!(Call::good().is_queued(), Call::good().is_queued());
}

#[test]
fn what_was_logged_is_shown_in_the_form_of_all_vendors() {
    let state = with_settings(json!({"log_delay_ms": 750}));
    let body = r#"{"x":1,"email":"User@Example.com","conversion_type":"sign-up","conversion_data":{"price":1.10}}"#;
    let outcome = Call::json(body).send_to(&state);
    let conversion = Chase::conversion(&state, &outcome.events[0], now()).unwrap();
    assert_eq!(
        conversion.visible_at,
        "2026-01-31T00:00:00.750Z".parse().unwrap()
    );
    insta::assert_json_snapshot!(conversion, @r#"
    {
      "at": "2026-01-31T00:00:00Z",
      "who": "User@example.com",
      "name": "sign-up",
      "value": null,
      "currency": null,
      "order_id": null,
      "items": [],
      "state": "logged",
      "raw": {
        "organisation": "org-1",
        "email": "User@example.com",
        "conversion_type": "sign-up",
        "conversion_data": {
          "price": 1.1
        }
      }
    }
    "#);
}

#[test]
fn without_more_an_empty_object_is_logged() {
    let queued = Call::good().is_queued();
    let conversion = Chase::conversion(&recorded(), &queued, now()).unwrap();
    assert_eq!(
        (conversion.name, &conversion.raw["conversion_data"]),
        (None, &json!({}))
    );
    assert_eq!(
        conversion.visible_at,
        "2026-01-31T00:00:00.200Z".parse().unwrap()
    );
}

#[test]
fn a_delay_beyond_all_time_shows_nothing() {
    let state = with_settings(json!({"log_delay_ms": u64::MAX}));
    let outcome = Call::good().send_to(&state);
    let conversion = Chase::conversion(&state, &outcome.events[0], now()).unwrap();
    assert_eq!(conversion.visible_at, Timestamp::MAX);
}

#[test]
fn what_was_logged_shows_though_the_contact_is_gone() {
    let queued = Call::good().is_queued();
    let state = with_settings(json!({"contacts": {"org-1": [], "org-2": []}}));
    assert!(Chase::conversion(&state, &queued, now()).is_some());
}

#[test]
fn what_json_cannot_hold_is_shown_as_text() {
    let data = r#"{"\ud800":"a\udc00b","n":[NaN,Infinity,-Infinity,1e400,-1e400],"i":[-9223372036854775808,18446744073709551615,18446744073709551616,-0],"a":1,"a":2}"#;
    let queued = Call::json(format!(
        r#"{{"email":"user@example.com","conversion_data":{data}}}"#
    ))
    .is_queued();
    let conversion = Chase::conversion(&recorded(), &queued, now()).unwrap();
    assert_eq!(
        conversion.raw["conversion_data"].to_string(),
        r#"{"�":"a�b","n":["NaN","Infinity","-Infinity","Infinity","-Infinity"],"i":[-9223372036854775808,18446744073709551615,"18446744073709551616",0],"a":2}"#
    );
    let encoded = b"{\"email\":\"user@example.com\",\"conversion_data\":{\"a\":\"\xED\xA0\x80\"}}";
    let queued = Call::json(encoded).is_queued();
    let conversion = Chase::conversion(&recorded(), &queued, now()).unwrap();
    assert_eq!(conversion.raw["conversion_data"]["a"], "\u{FFFD}");
}

#[test]
fn deep_data_is_shown() {
    let deep = format!("{}{}", "[".repeat(955), "]".repeat(955));
    let body = format!(r#"{{"email":"user@example.com","conversion_data":{{"a":{deep}}}}}"#);
    let conversion = Chase::conversion(&recorded(), &Call::json(body).is_queued(), now()).unwrap();
    assert!(
        conversion.raw["conversion_data"]
            .to_string()
            .contains(&deep)
    );
}

#[test]
fn seeds_are_checked() {
    let mistake = |document: serde_json::Value| {
        Chase::seed(serde_json::from_value(document).unwrap())
            .unwrap_err()
            .to_string()
    };
    let contacts = json!({"a": []});
    assert_eq!(
        mistake(json!({"keys": {"": "a"}, "contacts": contacts})),
        "keys.: a key is one or more visible ASCII characters"
    );
    assert_eq!(
        mistake(json!({"keys": {"a b": "a"}, "contacts": contacts})),
        "keys.a b: a key is one or more visible ASCII characters"
    );
    assert_eq!(
        mistake(json!({"keys": {"k": "b"}, "contacts": contacts})),
        "keys.k: `contacts` has no `b`; give it an empty list if it has no contacts"
    );
    assert_eq!(
        mistake(json!({"contacts": {"a": ["user@example.com", "user"]}})),
        r#"contacts.a.1: "user" is no address: An email address must have an @-sign."#
    );
    assert!(Chase::seed(Document::default()).is_ok());
}

#[test]
fn addresses_of_a_seed_are_normalised() {
    let state = with_settings(
        json!({"contacts": {"org-1": ["A <Hazel@XN--BCHER-KVA.example>"], "org-2": []}}),
    );
    assert_eq!(
        about("hazel@bücher.example")
            .send_to(&state)
            .answer
            .status(),
        202
    );
}

#[test]
fn each_seed_file_stands_alone_and_both_together() {
    let vendor = fixtures::vendor("chase").unwrap();
    let read = |text: &str| -> Document {
        let file: toml::Table = toml::from_str(text).unwrap();
        file["chase"].clone().try_into().unwrap()
    };
    let (documented, more) = (read(vendor.seed()), read(vendor.conformance_seed()));
    let defaults = Document::default();
    assert_eq!(
        (
            documented.log_delay_ms,
            &documented.unknown_key_detail,
            documented.unknown_key_before_schema
        ),
        (
            defaults.log_delay_ms,
            &defaults.unknown_key_detail,
            defaults.unknown_key_before_schema
        )
    );
    let mut both = documented.clone();
    both.keys.extend(more.keys);
    both.contacts = Arc::new(
        more.contacts
            .iter()
            .chain(&*documented.contacts)
            .map(|(a, b)| (Arc::clone(a), b.clone()))
            .collect(),
    );
    let seed = Chase::seed(both).unwrap();
    assert_eq!(Chase::credentials(&seed)["api_key"], "mock-chase-key");
    assert_eq!(
        Chase::identities(&seed),
        [
            "mock-chase-key",
            "mock-chase-other-key",
            "mock-chase-small-key"
        ]
    );
}

#[test]
fn a_personal_seed_has_a_key_of_its_own_and_the_same_contacts() {
    let seed = Arc::clone(&documented().0);
    let fresh = |sandbox| Fresh {
        sandbox,
        namespace: uuid::Uuid::nil(),
    };
    let (one, two) = (
        Chase::personal(&seed, &fresh("one")),
        Chase::personal(&seed, &fresh("two")),
    );
    let key = Chase::credentials(&one)["api_key"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(Chase::identities(&one), [&*key]);
    assert_ne!(Chase::identities(&one), Chase::identities(&two));
    let state = Chase::start(&Arc::new(one));
    let status = |key: &str| {
        Call::good()
            .with("X-API-Key", key)
            .send_to(&state)
            .answer
            .status()
            .as_u16()
    };
    assert_eq!([status(&key), status("mock-chase-key")], [202, 401]);

    let nobody = Chase::personal(&Chase::seed(Document::default()).unwrap(), &fresh("one"));
    assert!(Chase::credentials(&nobody).is_empty());
}
