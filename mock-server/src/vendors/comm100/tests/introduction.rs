//! Page "Introduction": transport, paths, credentials, the daily limit.

use super::*;

#[test]
fn host_is_named_once() {
    let mut sandbox = Sandbox::conformance();
    let none = Sent::get(CONVERSIONS).without(HOST);
    let mut two = Sent::get("/elsewhere");
    two.headers
        .append(HOST, HeaderValue::from_static("hosted.comm100.com"));
    for call in [&none, &two] {
        assert_eq!(
            first(&sandbox.send(call)),
            Some("comm100.transport.one_host")
        );
    }
    insta::assert_snapshot!(shown(&sandbox.send(&none).answer), @r#"
    400
    Content-Length: 64
    Content-Type: application/json; charset=utf-8

    {"code":400013,"message":"Exactly one Host header is required."}
    "#);
    for version in [Version::HTTP_10, Version::HTTP_2] {
        assert_eq!(
            sandbox
                .send(&Sent {
                    version,
                    ..none.clone()
                })
                .answer
                .status(),
            200
        );
    }
}

#[test]
fn the_host_plays_no_part() {
    let mut sandbox = Sandbox::conformance();
    let expected = shown(&sandbox.send(&Sent::get(CONVERSIONS)).answer);
    assert_eq!(Comm100::HOSTS.len(), 7);
    for host in Comm100::HOSTS.iter().chain(&["localhost:8080"]) {
        assert_eq!(
            shown(
                &sandbox
                    .send(&Sent::get(CONVERSIONS).with(HOST, host))
                    .answer
            ),
            expected
        );
    }
}

#[test]
fn strict_https_refuses_plain_http() {
    let mut sandbox = Sandbox::changed(&json!({"strict_https": true}));
    let call = Sent::get(CONVERSIONS);
    assert_eq!(
        first(&sandbox.send(&call)),
        Some("comm100.transport.strict_https")
    );
    assert_eq!(
        sandbox.get(&call),
        (403, json!({"code": 403_000, "message": "Access denied."}))
    );
    assert_eq!(
        sandbox
            .send(&Sent {
                secure: true,
                ..call.clone()
            })
            .answer
            .status(),
        200
    );
    assert_eq!(Sandbox::conformance().send(&call).answer.status(), 200);
}

#[test]
fn paths_are_read_leniently_and_not_rewritten() {
    let mut sandbox = Sandbox::conformance();
    let route = |sandbox: &mut Sandbox, path: &str| sandbox.send(&Sent::get(path)).route;
    for path in [
        CONVERSIONS,
        "/API/V1/LiveChat/Conversions",
        "/api/v1/livechat/conversions/",
        "/api/v1/livechat/%63onversions",
        "/api/v1/livechat%2Fconversions",
    ] {
        assert_eq!(
            route(&mut sandbox, path),
            Some("GET /api/v1/livechat/conversions"),
            "{path}"
        );
    }
    for path in [
        "/api/v1/livechat/conversions//",
        "/api/v1/livechat//conversions",
        "/api/v1/livechat/./conversions",
        "/api/v1/x/../livechat/conversions",
        "/api/v1/livechat/%2563onversions",
        "/api/v1/conversions",
        "/api/v1/livechat/visitors//",
        "/api/v1/livechat/visitors/1/2",
        "/api/v1/livechat/conversions/actions",
    ] {
        let outcome = sandbox.send(&Sent::get(path));
        assert_eq!(
            (outcome.route, first(&outcome)),
            (None, Some("comm100.paths.unknown")),
            "{path}"
        );
        let message = format!("{path} not found.");
        let expected = (404, json!({"code": 404_000, "message": message}));
        assert_eq!(sandbox.get(&Sent::get(path).query("a=b")), expected);
    }
}

#[test]
fn what_is_not_below_the_api_is_unknown_to_anyone() {
    let mut sandbox = Sandbox::conformance();
    for path in [
        "/",
        "*",
        "/api/v1",
        "/api/v10/livechat/conversions",
        "/livechatapi/conversions",
        "/api/v1\u{e9}",
        "/%FF",
    ] {
        for call in [Sent::get(path), Sent::get(path).without(AUTHORIZATION)] {
            let outcome = sandbox.send(&call);
            assert_eq!(
                first(&outcome),
                Some("comm100.paths.outside_unknown"),
                "{path}"
            );
            assert_eq!(outcome.answer.status(), 404);
        }
    }
}

#[test]
fn an_unknown_path_below_the_api_takes_credentials() {
    let mut sandbox = Sandbox::conformance();
    let call = Sent::get("/api/v1/livechat/nothing");
    assert_eq!(sandbox.send(&call).answer.status(), 404);
    assert_eq!(
        sandbox.send(&call.without(AUTHORIZATION)).answer.status(),
        401
    );
}

#[test]
fn a_path_takes_its_own_methods() {
    let mut sandbox = Sandbox::conformance();
    let visitor = format!("{VISITORS}/{ALLON}");
    for (path, allowed) in [
        (CONVERSIONS, "GET"),
        (MARK, "POST"),
        (VISITORS, "GET"),
        (CHATTING, "GET"),
        (&visitor, "GET, PUT"),
    ] {
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "BREW",
        ] {
            let outcome = sandbox.send(&Sent::new(method.parse().unwrap(), path));
            if allowed.split(", ").any(|allowed| allowed == method) {
                assert!(outcome.route.is_some_and(|route| route.starts_with(method)));
            } else {
                assert_eq!(
                    (outcome.route, first(&outcome)),
                    (None, Some("comm100.paths.method")),
                    "{method} {path}"
                );
                assert_eq!(outcome.answer.status(), 405);
                assert_eq!(outcome.answer.headers()[ALLOW], allowed);
                assert!(
                    !outcome
                        .answer
                        .headers()
                        .keys()
                        .any(|name| name.as_str().starts_with("access-control"))
                );
            }
        }
    }
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::new(Method::DELETE, visitor)).answer), @r#"
    405
    Allow: GET, PUT
    Content-Length: 47
    Content-Type: application/json; charset=utf-8

    {"code":405000,"message":"Method not allowed."}
    "#);
}

#[test]
fn whoever_is_not_known_is_refused_alike() {
    let mut sandbox = Sandbox::conformance();
    let call = Sent::get(CONVERSIONS);
    let agent = |email, key| call.clone().by((email, key));
    let header = |value: &str| call.clone().with(AUTHORIZATION, value);
    let cases = [
        (
            call.clone().without(AUTHORIZATION),
            "comm100.authentication.required",
        ),
        (
            header("Bearer ef43f9362aac4f60ad428cb4d072f2c8"),
            "comm100.authentication.other_scheme",
        ),
        (
            header("Bearer dGVzdGVyQGNvbW0xMDAuY29tOmVmNDM="),
            "comm100.authentication.other_scheme",
        ),
        (header(""), "comm100.authentication.other_scheme"),
        (header("Basic"), "comm100.authentication.malformed"),
        (header("Basic !!!"), "comm100.authentication.malformed"),
        (header("Basic dGVzdGVy"), "comm100.authentication.malformed"),
        (header("Basic /w=="), "comm100.authentication.malformed"),
        (agent("", TESTER.1), "comm100.authentication.malformed"),
        (agent(TESTER.0, ""), "comm100.authentication.malformed"),
        (
            agent("nobody@example.com", TESTER.1),
            "comm100.authentication.unknown_email",
        ),
        (
            agent(TESTER.0, "ef43f9362aac4f60ad428cb4d072f2c9"),
            "comm100.authentication.wrong_key",
        ),
        (
            agent(TESTER.0, &TESTER.1.to_uppercase()),
            "comm100.authentication.wrong_key",
        ),
        (
            agent(TESTER.0, &format!("{} ", TESTER.1)),
            "comm100.authentication.wrong_key",
        ),
        (
            agent(TESTER.0, VIEWER.1),
            "comm100.authentication.wrong_key",
        ),
        (
            call.clone().by(RETIRED),
            "comm100.authentication.inactive_agent",
        ),
    ];
    for (call, rule) in cases {
        let outcome = sandbox.send(&call);
        assert_eq!(first(&outcome), Some(rule), "{call:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown(&outcome.answer), @r#"
            401
            WWW-Authenticate: Basic realm="Comm100"
            Content-Length: 75
            Content-Type: application/json; charset=utf-8

            {"code":401000,"message":"The username or API key you provide is invalid."}
            "#);
        }
    }
}

#[test]
fn credentials_are_read_as_basic_says() {
    let mut sandbox = Sandbox::conformance();
    let mut accepted = |call: &Sent| sandbox.send(call).answer.status() == 200;
    let call = Sent::get(CONVERSIONS);
    let value = call.headers[AUTHORIZATION].to_str().unwrap().to_owned();
    assert!(accepted(&call));
    assert!(accepted(&call.clone().by(("TESTER@Comm100.com", TESTER.1))));
    assert!(accepted(
        &call
            .clone()
            .with(AUTHORIZATION, value.replace("Basic", "bASIC"))
    ));

    let mut twice = call.clone();
    twice
        .headers
        .append(AUTHORIZATION, HeaderValue::from_static("Basic eDp5"));
    assert!(accepted(&twice));
    let mut twice = call.with(AUTHORIZATION, "Basic eDp5");
    twice.headers.append(AUTHORIZATION, value.parse().unwrap());
    assert!(!accepted(&twice));
}

#[test]
fn a_call_meets_the_account_of_its_agent() {
    let mut sandbox = Sandbox::conformance();
    let (_, list) = sandbox.get(&Sent::get(CONVERSIONS).by(OTHER));
    assert_eq!(
        list,
        json!([{"id": 1, "isEnable": true, "name": "Newsletter"}])
    );
    assert_eq!(
        sandbox.get(&Sent::get(VISITORS).by(OTHER)),
        (200, json!([]))
    );
    assert_eq!(
        sandbox
            .mark(&Sent::mark("Newsletter", ALLON, "1").by(OTHER))
            .0,
        2
    );
}

#[test]
fn identities_are_user_names_in_lower_case() {
    let call = Sent::get(CONVERSIONS).by(("Tester@Comm100.COM", "x"));
    assert_eq!(Comm100::identity(&call.parts()).as_deref(), Some(TESTER.0));
    assert_eq!(
        Comm100::identity(&call.with(AUTHORIZATION, "Bearer x").parts()),
        None
    );

    let seed = Arc::clone(&Sandbox::conformance().state.seed);
    let mut identities = Comm100::identities(&seed);
    identities.sort();
    let small = "small@example.com";
    assert_eq!(
        identities,
        [OTHER.0, RETIRED.0, small, TESTER.0, VIEWER.0, ZOE.0]
    );
    assert_eq!(
        Value::from(Comm100::credentials(&seed)),
        json!({"username": TESTER.0, "password": TESTER.1})
    );
}

#[test]
fn the_limit_refuses_until_midnight_utc() {
    let mut sandbox = Sandbox::account(&json!({"daily_limit": 2}));
    let call = Sent::get(CONVERSIONS);
    assert_eq!(sandbox.send(&call).answer.status(), 200);
    assert_eq!(sandbox.send(&call.clone().by(ZOE)).answer.status(), 200);
    for _ in 0..3 {
        let outcome = sandbox.send(&call);
        assert_eq!(first(&outcome), Some("comm100.limit.refused"));
        assert!(outcome.counts.is_empty());
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown(&outcome.answer), @r#"
            403
            Content-Length: 171
            Content-Type: application/json; charset=utf-8

            {"code":500010,"message":"You have reached the daily API calling limit: 2. If you want to increase your API calling times, please contact us at: support@comm100.example."}
            "#);
        }
    }
    assert_eq!(
        sandbox.send(&call.clone().by(OTHER)).answer.status(),
        200,
        "another account"
    );
    sandbox.now = "2026-01-31T23:59:59.999Z".parse().unwrap();
    assert_eq!(sandbox.send(&call).answer.status(), 403);
    sandbox.now = "2026-02-01T00:00:00Z".parse().unwrap();
    assert_eq!(sandbox.send(&call).answer.status(), 200);
}

#[test]
fn whatever_is_authenticated_counts_towards_the_limit() {
    let calls = [
        (Sent::get(CONVERSIONS), 1),
        (Sent::get("/api/v1/nothing"), 1),
        (Sent::new(Method::DELETE, CONVERSIONS), 1),
        (Sent::get(CONVERSIONS).by(VIEWER), 1),
        (Sent::form("conversion_name=x"), 1),
        (Sent::mark("x", "y", "1"), 1),
        (Sent::form("").spoiled(Body::TooLong), 1),
        (Sent::get(format!("{VISITORS}/{NOBODY}")), 1),
        (Sent::get(CONVERSIONS).without(AUTHORIZATION), 0),
        (Sent::get(CONVERSIONS).by(RETIRED), 0),
        (Sent::get("/elsewhere"), 0),
    ];
    for (call, counted) in calls {
        assert_eq!(
            Sandbox::conformance().send(&call).counts.len(),
            counted,
            "{call:?}"
        );
    }
    assert_eq!(
        Sandbox::account(&json!({"state": "closed"}))
            .send(&Sent::get(VISITORS))
            .counts
            .len(),
        1
    );
    assert_eq!(
        Sandbox::account(&json!({"daily_limit": 0}))
            .send(&Sent::get(VISITORS))
            .answer
            .status(),
        403
    );
}

#[test]
fn the_limit_can_be_answered_with_500() {
    let mut sandbox = Sandbox::account(
        &json!({"daily_limit": 0, "limit_status": 500, "limit_email": "more@example.com"}),
    );
    let (status, body) = sandbox.get(&Sent::get(VISITORS));
    assert_eq!((status, &body["code"]), (500, &json!(500_010)));
    assert!(body["message"].as_str().unwrap().ends_with("limit: 0. If you want to increase your API calling times, please contact us at: more@example.com."));
}

#[test]
fn an_account_in_trouble_may_not_call() {
    for (state, rule, code, message) in [
        (
            "closed",
            "comm100.account.closed",
            403_001,
            "Your accout has been closed.",
        ),
        (
            "not_available",
            "comm100.account.not_available",
            403_002,
            "Your accout is not available.",
        ),
        (
            "licenses_expired",
            "comm100.account.licenses_expired",
            403_004,
            "You have license(s) expired, or your current agent count has exceeded the total valid licenses. Please add new licenses to avoid any service interruption.",
        ),
        (
            "no_licenses",
            "comm100.account.no_licenses",
            403_005,
            "There are no licenses in your account. Please contact your account manager to purchase new licenses.",
        ),
    ] {
        let mut sandbox = Sandbox::account(&json!({"state": state}));
        for call in [
            Sent::get(CONVERSIONS),
            Sent::mark("sales_goal", ALLON, "1"),
            Sent::get(VISITORS),
        ] {
            assert_eq!(first(&sandbox.send(&call)), Some(rule));
            assert_eq!(
                sandbox.get(&call),
                (403, json!({"code": code, "message": message}))
            );
        }
    }
}

#[test]
fn a_fault_is_answered_with_500() {
    let mut sandbox = Sandbox::account(&json!({"internal_fault": true}));
    for call in [
        Sent::get(CONVERSIONS),
        Sent::form(""),
        Sent::get(CHATTING),
        Sent::put(NOBODY, ""),
    ] {
        assert_eq!(
            first(&sandbox.send(&call)),
            Some("comm100.errors.internal_fault")
        );
        assert_eq!(
            sandbox.get(&call),
            (
                500,
                json!({"code": 500_000, "message": "Internal server error."})
            )
        );
    }
}

#[test]
fn a_body_that_did_not_come_whole_is_refused_where_it_is_read() {
    let mut sandbox = Sandbox::conformance();
    for call in [Sent::mark("sales_goal", ALLON, "1"), Sent::put(ALLON, "[]")] {
        let outcome = sandbox.send(&call.clone().spoiled(Body::TooLong));
        assert_eq!(first(&outcome), Some("comm100.body.too_large"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown(&outcome.answer), @r#"
            413
            Content-Length: 51
            Content-Type: application/json; charset=utf-8

            {"code":413000,"message":"Request body too large."}
            "#);
        }
        let outcome = sandbox.send(&call.spoiled(Body::Broken));
        assert_eq!(first(&outcome), Some("comm100.body.readable"));
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown(&outcome.answer), @r#"
            400
            Content-Length: 59
            Content-Type: application/json; charset=utf-8

            {"code":400012,"message":"Request body could not be read."}
            "#);
        }
    }
    for body in [Body::TooLong, Body::Broken] {
        assert_eq!(
            sandbox
                .send(&Sent::get(CONVERSIONS).spoiled(body))
                .answer
                .status(),
            200
        );
        assert_eq!(
            sandbox
                .send(&Sent::put(NOBODY, "").spoiled(body))
                .answer
                .status(),
            404
        );
    }
}
