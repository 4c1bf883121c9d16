//! `[http]`: what holds for every call.

use super::*;

#[test]
fn what_is_no_http_is_answered_by_the_server_itself() {
    for call in [
        Call::good().without("Host"),
        Call::good().and("Host", "services.meetchase.ai"),
        Call {
            version: Version::HTTP_10,
            ..Call::good().and("Host", "x")
        },
        Call::good().to("/api/v2/conversions?ü"),
        Call::good().to("/api/v2/ü"),
    ] {
        call.is_refused(400, "chase.http.malformed");
        assert_eq!(call.head(), Head::Known);
    }
    insta::assert_snapshot!(whole(&Call::good().without("Host").send().answer), @r"
    400 Bad Request
    content-type: text/plain; charset=utf-8
    connection: close

    Invalid HTTP request received.
    ");
}

#[test]
fn a_body_with_bad_framing_is_no_http_either() {
    let answer = Call::good().spoiled(Body::Broken).send().answer;
    assert_eq!(
        whole(&answer),
        whole(&Call::good().without("Host").send().answer)
    );
    let elsewhere = Call::good().to("/x").spoiled(Body::Broken).send().answer;
    assert_eq!(elsewhere.status(), 404);
}

#[test]
fn a_host_may_be_missing_where_http_has_none() {
    for version in [Version::HTTP_10, Version::HTTP_2] {
        Call {
            version,
            ..Call::good().without("Host")
        }
        .is_queued();
    }
}

#[test]
fn a_body_may_have_16_mib() {
    assert_eq!(Chase::BODY_LIMIT, 16 * 1024 * 1024);
    let mut body = br#"{"email":"user@example.com","x":""#.to_vec();
    body.resize(Chase::BODY_LIMIT - 2, b'a');
    body.extend_from_slice(b"\"}");
    assert_eq!(Call::json(body).is_queued().conversion_data, "{}");
}

#[test]
fn a_longer_body_is_refused() {
    let outcome = Call::good().spoiled(Body::TooLong).send();
    assert_eq!(outcome.refused_by, [fixtures::rule("chase.http.body_size")]);
    insta::assert_snapshot!(whole(&outcome.answer), @r#"
    413 Payload Too Large
    date: Sat, 31 Jan 2026 00:00:00 GMT
    server: uvicorn
    content-length: 30
    content-type: application/json

    {"detail":"Content Too Large"}
    "#);
}

#[test]
fn headers_come_in_the_order_of_the_framework() {
    insta::assert_snapshot!(whole(&Call::good().send().answer), @r"
    202 Accepted
    date: Sat, 31 Jan 2026 00:00:00 GMT
    server: uvicorn
    content-length: 0
    ");
    insta::assert_snapshot!(whole(&Call::good().by("GET").send().answer), @r#"
    405 Method Not Allowed
    date: Sat, 31 Jan 2026 00:00:00 GMT
    server: uvicorn
    allow: POST
    content-length: 31
    content-type: application/json

    {"detail":"Method Not Allowed"}
    "#);
    insta::assert_snapshot!(whole(&Call::good().to("/api/v2/conversions/").and("Connection", "close").send().answer), @r"
    307 Temporary Redirect
    date: Sat, 31 Jan 2026 00:00:00 GMT
    server: uvicorn
    content-length: 0
    location: http://services.meetchase.ai/api/v2/conversions
    connection: close
    ");
    insta::assert_snapshot!(whole(&Call::json("NaN").send().answer), @r"
    500 Internal Server Error
    date: Sat, 31 Jan 2026 00:00:00 GMT
    server: uvicorn
    content-length: 21
    content-type: text/plain; charset=utf-8

    Internal Server Error
    ");
}

#[test]
fn json_is_compact_and_has_its_type_and_length() {
    let answer = Call::json("{}").send().answer;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(
        answer.headers()["content-length"],
        answer.body().len().to_string()
    );
    assert!(
        answer
            .body()
            .starts_with(br#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"#)
    );
}

#[test]
fn reason_phrases_are_the_usual_ones() {
    // The edge writes what the status calls itself, and for 413 the older phrase.
    for (status, phrase) in [
        (200, "OK"),
        (202, "Accepted"),
        (307, "Temporary Redirect"),
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (422, "Unprocessable Entity"),
        (500, "Internal Server Error"),
    ] {
        assert_eq!(
            ::http::StatusCode::from_u16(status)
                .unwrap()
                .canonical_reason(),
            Some(phrase)
        );
    }
}

#[test]
fn the_connection_is_closed_for_those_who_ask() {
    let closes = |call: Call| {
        call.send()
            .answer
            .headers()
            .get("connection")
            .is_some_and(|value| value == "close")
    };
    for value in ["close", "Close", "keep-alive, CLOSE", "close ,x"] {
        assert!(closes(Call::good().and("Connection", value)), "{value}");
    }
    for value in ["keep-alive", "closed", "\"close\"", ""] {
        assert!(!closes(Call::good().and("Connection", value)), "{value}");
    }
    assert!(closes(
        Call::good()
            .and("Connection", "x")
            .and("Connection", "close")
    ));
    assert!(!closes(Call::good()));
    assert!(closes(Call {
        version: Version::HTTP_10,
        ..Call::good()
    }));
    assert!(!closes(
        Call {
            version: Version::HTTP_2,
            ..Call::good()
        }
        .and("Connection", "close")
    ));
}

#[test]
fn some_headers_change_nothing() {
    let plain = whole(&Call::json("{}").send().answer);
    for (name, value) in [
        ("Accept", "application/xml"),
        ("Accept-Encoding", "br"),
        ("Origin", "https://shop.example"),
        ("Content-Encoding", "gzip"),
        ("X-HTTP-Method-Override", "GET"),
        ("Expect", "100-continue"),
    ] {
        assert_eq!(
            whole(&Call::json("{}").and(name, value).send().answer),
            plain,
            "{name}"
        );
    }
}

#[test]
fn large_headers_and_queries_are_accepted() {
    let long = "a".repeat(70_000);
    Call::good()
        .and("X-Long", &long)
        .to(&format!("/api/v2/conversions?{long}"))
        .is_queued();
}

#[test]
fn nothing_is_counted() {
    for call in [Call::good(), Call::json("{}"), Call::good().by("GET")] {
        assert!(call.send().counts.is_empty());
    }
}
