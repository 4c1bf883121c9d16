//! `[route]`: path and method.

use super::*;

#[test]
fn an_unknown_path_is_not_found() {
    for path in [
        "/api/v2/unknown",
        "/api/v2/conversions/1",
        "/api/v2/",
        "/",
        "/api/v1/conversions",
        "*",
    ] {
        let body = Call::good()
            .to(path)
            .is_refused(404, "chase.route.unknown_path");
        assert_eq!(body, r#"{"detail":"Not Found"}"#);
    }
}

#[test]
fn the_path_is_compared_letter_for_letter() {
    for path in [
        "/API/v2/conversions",
        "/api/v2/Conversions",
        "//api/v2/conversions",
        "/api//v2/conversions",
        "/api/v2/./conversions",
        "/api/v2/x/../conversions",
        "/api/v2/conversions;x",
    ] {
        Call::good()
            .to(path)
            .is_refused(404, "chase.route.unknown_path");
    }
}

#[test]
fn percent_escapes_are_decoded_once() {
    for path in [
        "/api/v2/%63onversions",
        "/api%2Fv2%2fconversions",
        "/api/v2/conversions%0A",
    ] {
        Call::good().to(path).is_queued();
    }
    for path in [
        "/api/v2/%2563onversions",
        "/api/v2/conversions%0A%0A",
        "/api/v2/conversions%20",
        "/api/v2/conversions%00",
        "/api/v2/conversions%",
        "/api/v2/conversions%f",
        "/api/v2/conversions%ff",
    ] {
        Call::good()
            .to(path)
            .is_refused(404, "chase.route.unknown_path");
    }
}

#[test]
fn description_pages_are_not_served() {
    for path in ["/docs", "/redoc", "/openapi.json"] {
        Call::good()
            .by("GET")
            .to(path)
            .is_refused(404, "chase.route.unknown_path");
    }
}

#[test]
fn slashes_at_the_end_lead_to_the_path_without_them() {
    for (path, location) in [
        ("/api/v2/conversions/", "/api/v2/conversions"),
        ("/api/v2/conversions///", "/api/v2/conversions"),
        ("/api/v2/%63onversions%2F", "/api/v2/conversions"),
        ("/api/v2/conversions%0A/", "/api/v2/conversions%0A"),
    ] {
        for method in ["POST", "GET", "BREW"] {
            let call = Call::good().by(method).to(path);
            assert_eq!(call.is_refused(307, "chase.route.trailing_slash"), "");
            assert_eq!(
                place(&call),
                format!("http://services.meetchase.ai{location}")
            );
        }
    }
    Call::good()
        .to("/api/v2/conversions/%0A")
        .is_refused(404, "chase.route.unknown_path");
    Call::good()
        .to("/api/v2/unknown/")
        .is_refused(404, "chase.route.unknown_path");
}

fn place(call: &Call) -> String {
    call.send().answer.headers()["location"]
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_redirect_carries_the_query() {
    for (query, carried) in [
        ("", ""),
        ("?", ""),
        ("?a=1&b=%20x", "?a=1&b=%20x"),
        ("?a?b", "?a?b"),
        (r#"?"<>\^`{|}'"#, "?%22%3C%3E%5C%5E%60%7B%7C%7D'"),
        ("?%zz[]@!$&()*+,;:/=~-._", "?%zz[]@!$&()*+,;:/=~-._"),
    ] {
        let call = Call::good().to(&format!("/api/v2/conversions/{query}"));
        assert_eq!(
            place(&call),
            format!("http://services.meetchase.ai/api/v2/conversions{carried}")
        );
    }
}

#[test]
fn a_redirect_names_the_host_of_the_call() {
    let call = Call::good().to("/api/v2/conversions/");
    for host in [
        "services.meetchase.ai",
        "A.B:80",
        "a:00080",
        "a:0",
        "[::1]:65535",
        "[::1.2.3.4]",
        "a_b~%41!,",
        "127.0.0.1",
    ] {
        assert_eq!(
            place(&call.clone().with("Host", host)),
            format!("http://{host}/api/v2/conversions")
        );
    }
    for host in [
        "",
        "a b",
        "a/b",
        "user@host",
        ":80",
        "a:",
        "a:65536",
        "a:x",
        "[::1",
        "::1",
        "[1.2.3.4]",
        "[a]",
        "ü",
        "a:1:2",
    ] {
        assert_eq!(
            place(&call.clone().with("Host", host)),
            "http://127.0.0.1:8080/api/v2/conversions",
            "{host}"
        );
    }
    let old = Call {
        version: Version::HTTP_10,
        ..call.without("Host")
    };
    assert_eq!(place(&old), "http://127.0.0.1:8080/api/v2/conversions");
}

#[test]
fn a_redirect_stays_below_the_prefix_and_in_the_scheme() {
    let call = Call::good().to("/api/v2/conversions/?a=1");
    let call = Call {
        prefix: "/s/one/chase",
        secure: true,
        ..call
    };
    assert_eq!(
        place(&call),
        "https://services.meetchase.ai/s/one/chase/api/v2/conversions?a=1"
    );
}

#[test]
fn only_post_is_allowed() {
    for method in [
        "GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "BREW",
    ] {
        let body = Call::good()
            .by(method)
            .is_refused(405, "chase.route.post_only");
        assert_eq!(body, r#"{"detail":"Method Not Allowed"}"#);
        assert_eq!(
            Call::good().by(method).send().answer.headers()["allow"],
            "POST"
        );
    }
}

#[test]
fn head_has_the_length_of_the_body_that_the_edge_leaves_out() {
    let answer = Call::good().by("HEAD").send().answer;
    assert_eq!(
        (
            answer.status().as_u16(),
            &answer.headers()["content-length"]
        ),
        (405, &HeaderValue::from(31))
    );
}

#[test]
fn a_preflight_gets_no_permission() {
    let call = Call::good()
        .by("OPTIONS")
        .and("Origin", "https://shop.example");
    let answer = call
        .and("Access-Control-Request-Method", "POST")
        .send()
        .answer;
    assert_eq!(answer.status(), 405);
    let answer = Call::good()
        .and("Origin", "https://shop.example")
        .send()
        .answer;
    assert_eq!(answer.status(), 202);
    assert!(
        answer
            .headers()
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
}

#[test]
fn the_route_is_decided_without_key_and_body() {
    for (call, status) in [
        (Call::good().to("/api/v2/unknown"), 404),
        (Call::good().to("/api/v2/conversions/"), 307),
        (Call::good().by("GET"), 405),
    ] {
        let bare = Call {
            body: Ok(b"{".to_vec()),
            ..call.clone()
        }
        .without("X-API-Key");
        assert_eq!(bare.send().answer.status(), status);
        assert_eq!((call.head(), bare.head()), (Head::Known, Head::Known));
    }
    assert_eq!(Call::good().without("X-API-Key").head(), Head::Read);
}

#[test]
fn the_query_changes_nothing() {
    Call::good()
        .to("/api/v2/conversions?email=bad&x")
        .is_queued();
    Call::good().to("/api/v2/conversions?").is_queued();
}

#[test]
fn only_the_documented_call_meets_the_route() {
    assert_eq!(Call::good().send().route, Some("POST /api/v2/conversions"));
    assert_eq!(
        Call::plain("").and("Host", "a").send().route,
        Some("POST /api/v2/conversions")
    );
    assert_eq!(Call::good().by("GET").send().route, None);
}
