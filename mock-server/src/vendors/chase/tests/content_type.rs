//! `[content_type]`: what is read as JSON.

use super::*;

#[test]
fn json_is_read_as_json() {
    for media_type in [
        "application/json",
        "APPLICATION/Json",
        "application/json; charset=utf-8",
        "application/json;",
        "application/json ; x",
        " application/json",
        "application/vnd.api+json",
        "application/+JSON",
        "application/x+json; a=b; c",
    ] {
        Call::good().with("Content-Type", media_type).is_queued();
    }
    Call::good()
        .with("Content-Type", b"\x85application/json\xA0")
        .is_queued();
}

#[test]
fn the_charset_is_not_applied() {
    let call = Call::json(r#"{"email":"jörg@example.com"}"#);
    call.with("Content-Type", "application/json; charset=iso-8859-1")
        .is_queued();
}

#[test]
fn any_other_type_makes_a_body_text() {
    for media_type in [
        "text/plain",
        "text/json",
        "json",
        "application/jsonp",
        "application/ json",
        "application /json",
        "application/json/",
        "application//json",
        "application/a/b+json",
        "application/json, text/plain",
        "\"application/json\"",
    ] {
        let call = Call::json("a=1&b=\"\\\n").with("Content-Type", media_type);
        let body = call.is_refused(422, "chase.content_type.other");
        assert_eq!(
            body,
            r#"{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":"a=1&b=\"\\\n"}]}"#
        );
    }
}

#[test]
fn of_several_types_the_first_counts() {
    Call::good().and("Content-Type", "text/plain").is_queued();
    let call = Call::good()
        .with("Content-Type", "text/plain")
        .and("Content-Type", "application/json");
    call.is_refused(422, "chase.content_type.other");
}

#[test]
fn without_a_type_a_body_is_text() {
    Call::good()
        .without("Content-Type")
        .is_refused(422, "chase.content_type.none");
    for none in ["", " ", ";application/json"] {
        let errors = Call::json("{")
            .with("Content-Type", none)
            .errors("chase.content_type.none");
        assert_eq!(errors[0]["input"], "{");
    }
}

#[test]
fn a_form_is_refused_with_a_hint() {
    let call = Call::good().with("Content-Type", "application/x-www-form-urlencoded");
    let errors = call.errors("chase.content_type.form");
    assert_eq!(errors[0]["input"], r#"{"email":"user@example.com"}"#);
    assert!(
        call.send()
            .why
            .ends_with("add -H 'Content-Type: application/json'"),
        "{}",
        call.send().why
    );
}

#[test]
fn a_setting_reads_a_form_as_json() {
    let state = with_settings(serde_json::json!({"accept_form_content_type": true}));
    let status = |media_type: &str| {
        Call::good()
            .with("Content-Type", media_type)
            .send_to(&state)
            .answer
            .status()
    };
    assert_eq!(
        status("Application/x-www-form-urlencoded; charset=utf-8"),
        202
    );
    assert_eq!(status("text/plain"), 422);
}

#[test]
fn text_that_is_not_utf_8_cannot_be_echoed() {
    for body in [&b"\xFF\xFE"[..], b"\xED\xA0\x80"] {
        let body = Call::json(body).with("Content-Type", "text/plain");
        assert_eq!(
            body.is_refused(500, "chase.content_type.other_undecodable"),
            "Internal Server Error"
        );
    }
    let marked = Call::json("\u{FEFF}a").with("Content-Type", "text/plain");
    assert_eq!(
        marked.errors("chase.content_type.other")[0]["input"],
        "\u{FEFF}a"
    );
}

#[test]
fn an_empty_body_is_missing_whatever_its_type() {
    for call in [
        Call::json(""),
        Call::json("").without("Content-Type"),
        Call::json("").with("Content-Type", "text/plain"),
    ] {
        assert_eq!(
            call.is_refused(422, "chase.content_type.empty_body"),
            r#"{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}"#
        );
    }
}
