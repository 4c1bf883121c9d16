//! Pages "Authentication", "Requests", "Versioning", "Rate Limits" and "Status Codes & Errors".

use super::*;

#[test]
fn credentials_are_asked_for() {
    let mut sandbox = Sandbox::conformance();
    let call = Sent::get("/Actions").without(AUTHORIZATION);
    assert_eq!(
        sandbox.refuses(&call),
        Some("impact.auth.credentials_required")
    );
    for value in [
        "Bearer abc",
        "Basic !",
        "Basic Og==",
        "Basic YTo=",
        "Basic OmI=",
    ] {
        let call = Sent::get("/Actions").with(AUTHORIZATION, value);
        assert_eq!(
            sandbox.refuses(&call),
            Some("impact.auth.credentials_required"),
            "{value}"
        );
    }
    for who in [
        (OWNER.0, "wrong"),
        ("IRnobody", OWNER.1),
        (OWNER.0, SECOND.1),
        (OWNER.0, "MADE-UP-TOKEN"),
    ] {
        let call = Sent::get("/Actions").by(who);
        assert_eq!(
            sandbox.refuses(&call),
            Some("impact.auth.credentials_known"),
            "{who:?}"
        );
    }
}

#[test]
fn a_401_is_json_with_a_challenge_whatever_is_asked_for() {
    let mut sandbox = Sandbox::conformance();
    let call = Sent::get("/Actions.xml").in_xml().without(AUTHORIZATION);
    insta::assert_snapshot!(shown(&sandbox.send(&call).answer), @r#"
    401
    WWW-Authenticate: Basic realm="impact.com"
    Content-Length: 37
    Content-Type: application/json

    {"status":401,"title":"Unauthorized"}
    "#);
}

#[test]
fn a_403_is_json_whatever_is_asked_for() {
    let mut sandbox = Sandbox::conformance();
    let call = Sent::get("/Actions.xml").in_xml().by(DISABLED);
    insta::assert_snapshot!(shown(&sandbox.send(&call).answer), @r#"
    403
    Content-Length: 38
    Content-Type: application/json

    {"status":403,"title":"Access Denied"}
    "#);
}

#[test]
fn basic_is_read_as_http_has_it() {
    let mut sandbox = Sandbox::changed(&json!({"accounts": {"1924609": {"tokens": {
        "IRcolon": {"auth_token": "with:colon é"}
    }}}}));
    let call = Sent::get("/Actions").by(("IRcolon", "with:colon é"));
    assert_eq!(sandbox.refuses(&call), None);
    let pair = call.headers[AUTHORIZATION]
        .to_str()
        .unwrap()
        .replace("Basic", "bAsIC");
    let mut call = call.with(AUTHORIZATION, &pair);
    assert_eq!(sandbox.refuses(&call), None);
    call.headers
        .append(AUTHORIZATION, HeaderValue::from_static("Basic eDp5"));
    assert_eq!(sandbox.refuses(&call), None, "the first header counts");
}

#[test]
fn the_sid_of_the_path_is_the_authenticated_one() {
    let mut sandbox = Sandbox::conformance();
    for sid in [
        SECOND.0,
        STRANGER.0,
        "IRnobody",
        "",
        "irtestAcct1924609madeUpSid0000000A",
    ] {
        for below in ["/Actions", "/Nothing", "", "/PartnerConversions"] {
            let call = Sent::get("").at(&format!("/Mediapartners/{sid}{below}"));
            assert_eq!(
                sandbox.refuses(&call),
                Some("impact.auth.sid_of_the_path"),
                "{sid}{below}"
            );
        }
    }
}

#[test]
fn a_foreign_partner_is_denied_before_any_field_is_looked_at() {
    let mut sandbox = Sandbox::conformance();
    for form in [
        simple(&[("MediaPartnerId", "1924610")]),
        simple(&[("MediaPartnerId", "1")]),
        "MediaId=1924610".to_owned(),
        "MediaPartnerId=1924610&MediaId=1924609&Amount=-1".to_owned(),
        "MediaPartnerId=&MediaId=7".to_owned(),
    ] {
        let outcome = sandbox.send(&Sent::form(&form));
        assert_eq!(
            (outcome.answer.status().as_u16(), first(&outcome)),
            (403, Some("impact.auth.own_partner")),
            "{form}"
        );
        assert!(
            outcome
                .answer
                .headers()
                .contains_key("x-ratelimit-limit-hour")
        );
    }
    for form in [
        simple(&[("MediaPartnerId", "001924609")]),
        simple(&[("MediaPartnerId", "1924609"), ("MediaId", "1924610")]),
        simple(&[("MediaPartnerId", " "), ("MediaId", "1924609")]),
    ] {
        assert_eq!(sandbox.refuses(&Sent::form(&form)), None, "{form}");
    }
}

#[test]
fn tokens_do_what_they_are_good_for() {
    let mut sandbox = Sandbox::conformance();
    let record = sandbox.submit(TOYS);
    sandbox.wait_ms(2_000);
    let paths = [
        "/Actions",
        "/Actions/10306.4636.158133",
        "/Actions/10306.4636.158133/Items",
        "/ActionUpdates",
    ];
    for (who, submits, reads_records, reads_actions) in [
        (OWNER, None, None, None),
        (SECOND, None, None, None),
        (READER, Some("impact.auth.read_only_token"), None, None),
        (
            ACTIONS_ONLY,
            Some("impact.auth.scope"),
            Some("impact.auth.scope"),
            None,
        ),
        (CONVERSIONS_ONLY, None, None, Some("impact.auth.scope")),
        (
            DISABLED,
            Some("impact.auth.disabled_token"),
            Some("impact.auth.disabled_token"),
            Some("impact.auth.disabled_token"),
        ),
    ] {
        assert_eq!(
            sandbox.refuses(&Sent::form(TOYS).by(who)),
            submits,
            "{who:?}"
        );
        assert_eq!(
            sandbox.refuses(&Sent::get(&record).by(who)),
            reads_records,
            "{who:?}"
        );
        for path in paths {
            assert_eq!(
                sandbox.refuses(&Sent::get(path).by(who)),
                reads_actions,
                "{who:?} {path}"
            );
        }
    }
}

#[test]
fn every_sid_of_an_account_sees_what_the_account_did() {
    let mut sandbox = Sandbox::conformance();
    let record = sandbox.submit_as(SECOND, TOYS);
    sandbox.wait_ms(2_000);
    let (_, seen) = sandbox.get(&Sent::get(&record));
    assert_eq!(
        seen["Uri"],
        format!("/Mediapartners/{}{record}", SECOND.0),
        "the SID of the submission stays"
    );
    let (_, actions) = sandbox.get(&Sent::get("/Actions").by(READER));
    let uri = format!("/Mediapartners/{}/Actions/10306.4636.158133", SECOND.0);
    assert_eq!(actions["Actions"][0]["Uri"], uri);
    assert_eq!(
        sandbox.refuses(&Sent::get(&record).by(STRANGER)),
        Some("impact.submissions.unknown")
    );
    let path = "/Actions/10306.4636.158133";
    assert_eq!(
        sandbox.refuses(&Sent::get(path).by(STRANGER)),
        Some("impact.actions.unknown")
    );
    let path = "/ActionUpdates/10306.4636.158133.1";
    assert_eq!(
        sandbox.refuses(&Sent::get(path).by(STRANGER)),
        Some("impact.updates.unknown")
    );
    assert_eq!(
        sandbox.get(&Sent::get("/Actions").by(STRANGER)).1["@total"],
        "0"
    );
}

#[test]
fn http_1_1_names_one_host() {
    let mut sandbox = Sandbox::conformance();
    let mut twice = Sent::get("/Actions");
    twice
        .headers
        .append(HOST, HeaderValue::from_static("other"));
    for call in [
        Sent::get("/Actions").without(HOST),
        twice,
        Sent::form(TOYS).without(HOST).without(AUTHORIZATION),
    ] {
        let outcome = sandbox.send(&call);
        assert_eq!(
            (outcome.answer.status().as_u16(), first(&outcome)),
            (400, Some("impact.requests.one_host"))
        );
    }
    for version in [Version::HTTP_10, Version::HTTP_2] {
        let call = Sent {
            version,
            ..Sent::get("/Actions").without(HOST)
        };
        assert_eq!(sandbox.refuses(&call), None, "{version:?}");
    }
}

#[test]
fn paths_are_matched_exactly_but_for_the_first_word() {
    let mut sandbox = Sandbox::conformance();
    let whole = |path: &str| Sent::get("").at(path);
    for first in [
        "Mediapartners",
        "MediaPartners",
        "mediapartners",
        "MEDIAPARTNERS",
    ] {
        let call = whole(&format!("/{first}/{}/Actions", OWNER.0));
        let (status, body) = sandbox.get(&call);
        let uri = format!("/Mediapartners/{}/Actions", OWNER.0);
        assert_eq!((status, &body["@uri"]), (200, &json!(uri)), "{first}");
    }
    for below in [
        "",
        "/",
        "/actions",
        "/Actions/",
        "/Actions//",
        "/Action",
        "/Actions/10306.4636.158133/items",
        "/Actions/a/Items/",
        "/Actions/a/Items/b/c",
        "/APISubmissions",
        "/APISubmissions/",
        "/PartnerConversions/",
        "/partnerconversions",
        "/ActionUpdates/",
        "/%41ctions",
        "/Conversions",
        "/Actions.csv",
        "//Actions",
    ] {
        let call = whole(&format!("/Mediapartners/{}{below}", OWNER.0));
        let outcome = sandbox.send(&call);
        assert_eq!(
            (outcome.answer.status().as_u16(), first(&outcome)),
            (404, Some("impact.requests.unknown_path")),
            "{below}"
        );
        assert!(
            !outcome
                .answer
                .headers()
                .contains_key("x-ratelimit-limit-hour")
        );
        assert_eq!(outcome.counts, []);
    }
    for path in [
        "/",
        "",
        "*",
        "/Advertisers/x/Conversions",
        "/Mediapartners",
        "Mediapartners/x/Actions",
    ] {
        assert_eq!(
            sandbox.refuses(&whole(path)),
            Some("impact.requests.unknown_path"),
            "{path}"
        );
    }
}

#[test]
fn each_path_has_one_method() {
    let mut sandbox = Sandbox::conformance();
    let reads = [
        "/APISubmissions/A-x",
        "/Actions",
        "/Actions/x",
        "/Actions/x/Items",
        "/Actions/x/Items/y",
        "/ActionUpdates",
        "/ActionUpdates/x",
    ];
    for (path, allowed) in reads
        .map(|path| (path, "GET"))
        .into_iter()
        .chain([("/PartnerConversions", "POST")])
    {
        for method in [
            "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "X",
        ]
        .into_iter()
        .filter(|m| *m != allowed)
        {
            let outcome = sandbox.send(&Sent::new(method.parse().unwrap(), path));
            assert_eq!(
                first(&outcome),
                Some("impact.requests.method"),
                "{method} {path}"
            );
            assert_eq!(
                (
                    outcome.answer.status().as_u16(),
                    &outcome.answer.headers()["allow"]
                ),
                (405, &HeaderValue::from_static(allowed))
            );
            assert_eq!((outcome.route, outcome.counts.len()), (None, 0));
        }
    }
}

#[test]
fn a_post_can_ask_to_be_something_else() {
    let mut sandbox = Sandbox::conformance();
    for method in ["PUT", "DELETE"] {
        let in_query = Sent::new(
            Method::POST,
            &format!("/PartnerConversions?a=b&_method={method}"),
        )
        .body_of(TOYS);
        let in_form = Sent::form(&format!("{TOYS}&_method={method}"));
        let escaped = Sent::form(&format!("%5Fmethod={method}&{TOYS}"));
        let by_reader = Sent::form(&format!("_method={method}")).by(READER);
        for call in [in_query, in_form, escaped, by_reader] {
            let outcome = sandbox.send(&call);
            assert_eq!(
                first(&outcome),
                Some("impact.requests.method_override"),
                "{call:?}"
            );
            assert_eq!(
                (
                    outcome.answer.status().as_u16(),
                    &outcome.answer.headers()["allow"]
                ),
                (405, &HeaderValue::from_static("POST"))
            );
            assert!(
                !outcome
                    .answer
                    .headers()
                    .contains_key("x-ratelimit-limit-hour")
            );
        }
    }
    for value in ["POST", "GET", "put", "", "PUTT"] {
        let mut call = Sent::form(&format!("{TOYS}&_method={value}"));
        call.query = Some(format!("_method={value}"));
        assert_eq!(sandbox.refuses(&call), None, "{value}");
    }
    let first_counts = Sent::form(&format!("{TOYS}&_method=x&_method=PUT"));
    assert_eq!(sandbox.refuses(&first_counts), None);
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions?_method=DELETE")),
        None,
        "a GET is a GET"
    );
    let json = Sent::json(r#"{"_method":"PUT"}"#);
    assert_eq!(
        sandbox.refuses(&json),
        Some("impact.conversions.action_tracker_required"),
        "JSON is not looked at"
    );
}

#[test]
fn versions_are_11_to_16() {
    let mut sandbox = Sandbox::conformance();
    for version in ["11", "12", "13", "14", "15", "16"] {
        assert_eq!(
            sandbox.refuses(&Sent::get(&format!("/Actions?IrVersion={version}"))),
            None
        );
        assert_eq!(
            sandbox.refuses(&Sent::get("/Actions").with("ir-version", version)),
            None
        );
    }
    for version in ["10", "17", "", "16.0", "latest", "%2016", "1 6"] {
        let call = Sent::get(&format!("/Actions?IrVersion={version}"));
        assert_eq!(
            sandbox.refuses(&call),
            Some("impact.versions.known"),
            "{version}"
        );
        let call = Sent::form(TOYS).with("ir-version", version.replace("%20", " x"));
        assert_eq!(
            sandbox.refuses(&call),
            Some("impact.versions.known"),
            "{version}"
        );
    }
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions?IrVersion=16").with("ir-version", "17")),
        None,
        "the query counts"
    );
    let call = Sent::get("/Actions?IrVersion=17").with("ir-version", "16");
    assert_eq!(sandbox.refuses(&call), Some("impact.versions.known"));
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions?irversion=1&Ir-Version=1&IR-Version=1")),
        None,
        "no such parameters"
    );
    insta::assert_snapshot!(shown(&sandbox.send(&call).answer), @r#"
    400
    Content-Length: 117
    Content-Type: application/json

    {"Status":"ERROR","Message":"Validation Failed","Errors":[{"Field":"IrVersion","Message":"Not a supported version"}]}
    "#);
}

fn limits(answer: &Answer) -> [Option<&str>; 4] {
    [
        "x-ratelimit-limit-hour",
        "x-ratelimit-remaining-hour",
        "ratelimit-reset",
        "retry-after",
    ]
    .map(|name| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    })
}

#[test]
fn answers_say_how_many_requests_are_left() {
    let mut sandbox = Sandbox::conformance();
    let answer = sandbox.send(&Sent::form(TOYS)).answer;
    assert_eq!(
        limits(&answer),
        [Some("1000"), Some("999"), Some("3600"), None]
    );
    let answer = sandbox.send(&Sent::get("/Actions")).answer;
    assert_eq!(
        limits(&answer),
        [Some("500"), Some("499"), Some("3600"), None]
    );
    sandbox.wait_ms(500);
    for (path, left) in [
        ("/Actions/x", "498"),
        ("/Actions/x/Items", "497"),
        ("/Actions/x/Items/y", "496"),
    ] {
        let answer = sandbox.send(&Sent::get(path)).answer;
        assert_eq!(
            limits(&answer),
            [Some("500"), Some(left), Some("3600"), None],
            "{path}"
        );
    }
    sandbox.wait_ms(600);
    for (path, left) in [
        ("/ActionUpdates", "998"),
        ("/ActionUpdates/x", "997"),
        ("/APISubmissions/x", "996"),
    ] {
        let answer = sandbox.send(&Sent::get(path).by(SECOND)).answer;
        assert_eq!(
            limits(&answer),
            [Some("1000"), Some(left), Some("3599"), None],
            "{path}"
        );
    }
    let answer = sandbox
        .send(&Sent::get("/ActionUpdates").by(STRANGER))
        .answer;
    assert_eq!(
        limits(&answer)[1],
        Some("999"),
        "another account has a count of its own"
    );
}

#[test]
fn a_call_beyond_the_limit_is_refused_until_the_hour_ends() {
    let mut sandbox =
        Sandbox::changed(&json!({"settings": {"rate_limits": {"actions": 3, "other": 2}}}));
    let broken = Sent::get("/Actions?State=x");
    assert_eq!(sandbox.refuses(&broken), Some("impact.actions.state_known"));
    sandbox.wait(SignedDuration::from_mins(20));
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions/x")),
        Some("impact.actions.unknown")
    );
    for early in [
        Sent::get("/Nothing"),
        Sent::get("/Actions?IrVersion=1"),
        Sent::get("/Actions").by(DISABLED),
        Sent::form(""),
    ] {
        sandbox.send(&early);
    }
    assert_eq!(
        limits(&sandbox.send(&Sent::get("/Actions")).answer),
        [Some("3"), Some("0"), Some("2400"), None]
    );
    for _ in 0..2 {
        let outcome = sandbox.send(&Sent::get("/Actions"));
        assert_eq!(
            (outcome.answer.status().as_u16(), first(&outcome)),
            (429, Some("impact.limits.exceeded"))
        );
        assert_eq!(
            limits(&outcome.answer),
            [Some("3"), Some("0"), Some("2400"), Some("2400")]
        );
        assert_eq!(
            outcome.counts,
            [],
            "what is refused for the limit does not count"
        );
    }
    assert_eq!(
        sandbox.refuses(&Sent::form(TOYS)),
        None,
        "other paths have a count of their own"
    );
    assert_eq!(
        sandbox.refuses(&Sent::form("")),
        Some("impact.limits.exceeded"),
        "refused calls count"
    );
    assert_eq!(
        sandbox.refuses(&Sent::form("_method=PUT")),
        Some("impact.requests.method_override")
    );
    sandbox.wait(SignedDuration::from_mins(40));
    assert_eq!(
        limits(&sandbox.send(&Sent::get("/Actions")).answer),
        [Some("3"), Some("2"), Some("3600"), None]
    );
    insta::assert_snapshot!(shown(&Sandbox::changed(&json!({"settings": {"rate_limits": {"actions": 0}}})).send(&Sent::get("/Actions").in_xml()).answer), @r#"
    429
    X-RateLimit-Limit-hour: 0
    X-RateLimit-Remaining-hour: 0
    RateLimit-Reset: 3600
    Retry-After: 3600
    Content-Length: 103
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><Status>ERROR</Status><Message>Too Many Requests</Message></ImpactRadiusResponse>
    "#);
}

#[test]
fn what_is_answered_early_has_no_limits_and_does_not_count() {
    let mut sandbox = Sandbox::conformance();
    for call in [
        Sent::get("/Actions").without(HOST),
        Sent::get("/Actions").without(AUTHORIZATION),
        Sent::get("/Actions").by(DISABLED),
        Sent::get("").at("/Mediapartners/x/Actions"),
        Sent::get("/Nothing"),
        Sent::get("/PartnerConversions"),
        Sent::form("_method=PUT"),
        Sent::form(TOYS).by(READER),
        Sent::get("/Actions?IrVersion=1"),
    ] {
        let outcome = sandbox.send(&call);
        assert_eq!(limits(&outcome.answer), [None; 4], "{call:?}");
        assert_eq!(outcome.counts, [], "{call:?}");
    }
}

#[test]
fn bodies_are_forms_or_json() {
    let mut sandbox = Sandbox::conformance();
    let post = || Sent::form(TOYS);
    for media_type in [
        "",
        " ",
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
        "; x",
    ] {
        assert_eq!(
            sandbox.refuses(&post().with(CONTENT_TYPE, media_type)),
            None,
            "{media_type}"
        );
    }
    assert_eq!(sandbox.refuses(&post().without(CONTENT_TYPE)), None);
    for media_type in [
        "text/plain",
        "multipart/form-data",
        "application/xml",
        "application/jsonx",
        "x",
    ] {
        let outcome = sandbox.send(&post().with(CONTENT_TYPE, media_type));
        let expected = (415, Some("impact.requests.media_type"));
        assert_eq!(
            (outcome.answer.status().as_u16(), first(&outcome)),
            expected,
            "{media_type}"
        );
    }
    let outcome = sandbox.send(&post().spoiled(Body::TooLong));
    assert_eq!(
        (outcome.answer.status().as_u16(), first(&outcome)),
        (413, Some("impact.requests.body_limit"))
    );
    let broken = post().spoiled(Body::Broken);
    insta::assert_snapshot!(shown(&sandbox.send(&broken).answer), @r#"
    400
    X-RateLimit-Limit-hour: 1000
    X-RateLimit-Remaining-hour: 987
    RateLimit-Reset: 3600
    Content-Length: 98
    Content-Type: application/json

    {"Status":"ERROR","errors":[{"field":"","level":"ERROR","message":"The body could not be read."}]}
    "#);
    assert_eq!(
        sandbox.refuses(&broken),
        Some("impact.requests.broken_body")
    );
}

#[test]
fn any_bytes_are_a_form() {
    let mut sandbox = Sandbox::conformance();
    let mut form = simple(&[("Note", "a b")]).into_bytes();
    form.extend_from_slice(
        b"&Text1=%zz%&Text2=\xff\xfe&Text3=%ff&Text4&=&&&SubId1=a+b%2Bc&SharedId=%zz",
    );
    let path = {
        let (status, body) = sandbox.get(&Sent::form("").body_of(form.clone()));
        assert_eq!((status, &body["warnings"]), (200, &Value::Null));
        body["QueuedUri"].as_str().unwrap().to_owned()
    };
    sandbox.wait_ms(2_000);
    let (_, record) = sandbox.get(&Sent::get("").at(&path));
    assert_eq!(
        record["Payload"],
        String::from_utf8_lossy(&form).into_owned()
    );
    let actions = sandbox.read("/Actions");
    assert_eq!(
        (
            &actions["Actions"][0]["SubId1"],
            &actions["Actions"][0]["SharedId"]
        ),
        (&json!("a b+c"), &json!("%zz"))
    );
    let unescaped = simple(&[]).replace("-07%3A00", "+02:00");
    assert_eq!(
        sandbox.refuses(&Sent::form(&unescaped)),
        Some("impact.conversions.event_date_syntax")
    );
}

#[test]
fn json_is_one_flat_object() {
    let mut sandbox = Sandbox::conformance();
    for body in [
        "",
        "[]",
        "1",
        "\"x\"",
        "null",
        "{",
        "{\"a\":}",
        "{} x",
        "\u{feff}{}",
        "{\"a\":\"\\ud800\"}",
        "{a:1}",
    ] {
        let outcome = sandbox.send(&Sent::json(body));
        assert_eq!(
            first(&outcome),
            Some("impact.requests.json_object"),
            "{body}"
        );
        let error: Value = serde_json::from_slice(outcome.answer.body()).unwrap();
        assert_eq!(
            (
                outcome.answer.status().as_u16(),
                &error["errors"][0]["field"]
            ),
            (400, &json!("")),
            "{body}"
        );
    }
    assert_eq!(
        sandbox.refuses(&Sent::json("").body_of(b"{\"a\":\"\xff\"}".to_vec())),
        Some("impact.requests.json_object")
    );

    let body = r#" {"CampaignId": 10306, "ActionTrackerId": "19845", "MediaId": 1924609, "EventDate": "NOW",
        "OrderId": 7.50, "Amount": 86.990, "Amount": "x", "Note": null, "ItemX": [1, {"a": 2}], "SubId1": "a\u0062&c"} "#;
    let (record, action) = {
        let (status, queued) = sandbox.get(&Sent::json(body));
        assert_eq!(
            (status, &queued["warnings"]),
            (200, &Value::Null),
            "{queued}"
        );
        sandbox.wait_ms(2_000);
        let (_, record) = sandbox.get(&Sent::get("").at(queued["QueuedUri"].as_str().unwrap()));
        (record, sandbox.read("/Actions")["Actions"][0].clone())
    };
    assert_eq!(
        (&action["Amount"], &action["Oid"], &action["SubId1"]),
        (&json!("86.99"), &json!("7.50"), &json!("ab&c"))
    );
    assert_eq!(
        record["Payload"],
        "CampaignId=10306&ActionTrackerId=19845&MediaId=1924609&EventDate=NOW&OrderId=7.50&Amount=86.990&Amount=x\
         &ItemX=%5B1%2C+%7B%22a%22%3A+2%7D%5D&SubId1=ab%26c"
    );
}

#[test]
fn true_lists_and_objects_are_malformed_values() {
    let mut sandbox = Sandbox::conformance();
    let with = |member: &str| {
        format!(r#"{{"CampaignId":10306,"ActionTrackerId":19845,"MediaId":1924609,"EventDate":"NOW","OrderId":"1",{member}}}"#)
            .replace(r#""OrderId":"1","OrderId""#, r#""OrderId""#)
    };
    for (member, rule) in [
        (r#""OrderId":["1"]"#, "impact.conversions.order_id_length"),
        (r#""Amount":true"#, "impact.conversions.amount_syntax"),
        (r#""Amount":1e2"#, "impact.conversions.amount_syntax"),
        (r#""ItemQuantity1":1.0"#, "impact.items.quantity"),
        (r#""ItemPrice1":{}"#, "impact.items.amount_syntax"),
    ] {
        assert_eq!(
            sandbox.refuses(&Sent::json(&with(member))),
            Some(rule),
            "{member}"
        );
    }
    for (member, field) in [
        (r#""Note":false"#, "Note"),
        (r#""IpAddress":[]"#, "IpAddress"),
        (r#""CardBin":{"a":1}"#, "CardBin"),
    ] {
        let (status, body) = sandbox.get(&Sent::json(&with(member)));
        assert_eq!(
            (status, &body["warnings"][0]["field"]),
            (200, &json!(field)),
            "{body}"
        );
    }
}
