//! Page "Conversions": who may, the list of actions, marking one as achieved.

use super::*;

#[test]
fn conversions_need_enterprise_and_visitors_do_not() {
    let mut sandbox = Sandbox::account(&json!({"edition": "business"}));
    for call in [
        Sent::get(CONVERSIONS),
        Sent::mark("sales_goal", ALLON, "1"),
        Sent::form(""),
    ] {
        assert_eq!(
            first(&sandbox.send(&call)),
            Some("comm100.edition.enterprise_only")
        );
        assert_eq!(
            sandbox.get(&call),
            (403, json!({"code": 403_000, "message": "Access denied."}))
        );
    }
    for call in [
        Sent::get(VISITORS),
        Sent::get(CHATTING),
        Sent::get(format!("{VISITORS}/{ALLON}")),
        Sent::put(ALLON, "[]"),
    ] {
        assert_eq!(sandbox.send(&call).answer.status(), 200);
    }
}

#[test]
fn the_list_needs_manage_settings_and_nothing_else_does() {
    let mut sandbox = Sandbox::conformance();
    let list = Sent::get(CONVERSIONS);
    let outcome = sandbox.send(&list.clone().by(VIEWER));
    assert_eq!(
        first(&outcome),
        Some("comm100.permission.list_needs_manage_settings")
    );
    insta::assert_snapshot!(shown(&outcome.answer), @r#"
    403
    Content-Length: 73
    Content-Type: application/json; charset=utf-8

    {"code":403003,"message":"You do not have 'Manage Settings' permission."}
    "#);
    assert_eq!(sandbox.send(&list.by(ZOE)).answer.status(), 200);
    assert_eq!(
        sandbox
            .mark(&Sent::mark("sales_goal", ALLON, "1").by(VIEWER))
            .0,
        0
    );
    for call in [
        Sent::get(VISITORS),
        Sent::get(CHATTING),
        Sent::get(format!("{VISITORS}/{ALLON}")),
        Sent::put(ALLON, "[]"),
    ] {
        assert_eq!(sandbox.send(&call.by(VIEWER)).answer.status(), 200);
    }
}

#[test]
fn marking_can_be_made_to_need_manage_settings() {
    let mut sandbox = Sandbox::account(&json!({"mark_needs_permission": true}));
    let call = Sent::mark("sales_goal", ALLON, "1");
    assert_eq!(
        first(&sandbox.send(&call.clone().by(VIEWER))),
        Some("comm100.permission.mark_switch")
    );
    assert_eq!(sandbox.get(&call.clone().by(VIEWER)).1["code"], 403_003);
    assert_eq!(sandbox.mark(&call.clone().by(ZOE)).0, 0);
    assert_eq!(sandbox.mark(&call).0, 0);
}

#[test]
fn actions_are_listed_whole_and_in_order() {
    let mut sandbox = Sandbox::conformance();
    let outcome = sandbox.send(&Sent::get(CONVERSIONS).with(ACCEPT, "application/xml"));
    insta::assert_snapshot!(shown(&outcome.answer), @r#"
    200
    Content-Length: 477
    Content-Type: application/json; charset=utf-8

    [{"id":1,"isEnable":true,"name":"Product Purchase"},{"id":2,"isEnable":true,"name":""},{"id":3,"isEnable":true,"name":"sales_goal"},{"id":4,"isEnable":false,"name":"switched_off"},{"id":5,"isEnable":true,"name":"thanks_page"},{"id":6,"isEnable":true,"name":"signed_in"},{"id":7,"isEnable":true,"name":"Café ☕"},{"id":8,"isEnable":true,"name":"100%"},{"id":9,"isEnable":false,"name":"twice"},{"id":10,"isEnable":true,"name":"twice"},{"id":11,"isEnable":true,"name":"caf�"}]
    "#);
    let ignoring = Sent::get(CONVERSIONS)
        .query("page=2&isEnable=false")
        .body_of("x");
    assert_eq!(
        shown(&sandbox.send(&ignoring).answer),
        shown(&outcome.answer)
    );

    let many: Map<String, Value> = (1..=500)
        .map(|id| (id.to_string(), json!({"name": format!("action {id}")})))
        .collect();
    let (_, list) = Sandbox::account(&json!({"actions": many})).get(&Sent::get(CONVERSIONS));
    let ids: Vec<i64> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, (1..=500).collect::<Vec<_>>());
}

#[test]
fn no_actions_are_an_empty_list() {
    let mut sandbox =
        Sandbox::changed(&json!({"accounts": {"second": {"actions": {"1": {"name": "x"}}}}}));
    assert_eq!(
        sandbox.get(&Sent::get(CONVERSIONS).by(OTHER)).1[0]["name"],
        "x"
    );
    let document = json!({"comm100": {"accounts": {"a": {"agents": {(TESTER.0): {"api_key": TESTER.1, "is_admin": true}}}}}});
    assert_eq!(
        Sandbox::new(document).get(&Sent::get(CONVERSIONS)),
        (200, json!([]))
    );
}

#[test]
fn results_are_answered_in_the_words_of_the_page() {
    let mut sandbox = Sandbox::conformance();
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::mark("sales_goal", ALLON, "500")).answer), @r#"
    200
    Content-Length: 37
    Content-Type: application/json; charset=utf-8

    {"error_code":0,"error_message":"ok"}
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::mark("nothing", ALLON, "500")).answer), @r#"
    200
    Content-Length: 64
    Content-Type: application/json; charset=utf-8

    {"error_code":1,"error_message":"the conversion does not exist"}
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::mark("sales_goal", NOBODY, "500")).answer), @r#"
    200
    Content-Length: 63
    Content-Type: application/json; charset=utf-8

    {"error_code":2,"error_message":"the visitorId does not exist"}
    "#);
    let mut sandbox = Sandbox::account(&json!({"error_3": true}));
    let outcome = sandbox.send(&Sent::mark("sales_goal", ALLON, "500"));
    assert_eq!(first(&outcome), Some("comm100.mark.error_3"));
    insta::assert_snapshot!(shown(&outcome.answer), @r#"
    200
    Content-Length: 81
    Content-Type: application/json; charset=utf-8

    {"error_code":3,"error_message":"error adding conversion-related Data to system"}
    "#);
}

#[test]
fn a_recorded_conversion_has_everything_that_was_said() {
    let mut sandbox = Sandbox::conformance();
    let outcome = sandbox.send(&Sent::mark("Café ☕", &ALLON.to_uppercase(), "+007.50"));
    let [event] = &outcome.events[..] else {
        panic!("one event")
    };
    assert!(Comm100::is_conversion(event));
    let conversion = Comm100::conversion(&sandbox.state, event, sandbox.now).unwrap();
    assert_eq!(
        (conversion.visible_at, conversion.changes_at),
        (sandbox.now, None)
    );
    insta::assert_json_snapshot!(conversion, @r#"
    {
      "at": "2026-01-31T12:00:00Z",
      "who": "7273e957-02cb-4c03-a84c-44283fcfd47d",
      "name": "Café ☕",
      "value": "7.50",
      "currency": null,
      "order_id": null,
      "items": [],
      "state": null,
      "raw": {
        "account": "main",
        "agent": "tester@comm100.com",
        "id": 7,
        "conversion_name": "Café ☕",
        "visitorId": "7273e957-02cb-4c03-a84c-44283fcfd47d",
        "value": "+007.50"
      }
    }
    "#);
}

#[test]
fn only_result_0_records_and_it_records_again() {
    let mut sandbox = Sandbox::conformance();
    let lists = |sandbox: &mut Sandbox| {
        (
            sandbox.get(&Sent::get(CONVERSIONS)),
            sandbox.get(&Sent::get(VISITORS)),
        )
    };
    let before = lists(&mut sandbox);
    for (name, visitor, events) in [
        ("sales_goal", ALLON, 1),
        ("sales_goal", ALLON, 1),
        ("nothing", ALLON, 0),
        ("sales_goal", NOBODY, 0),
    ] {
        assert_eq!(
            sandbox.send(&Sent::mark(name, visitor, "500")).events.len(),
            events
        );
    }
    assert_eq!(sandbox.document()["recorded"], 2);
    assert_eq!(lists(&mut sandbox), before);
}

#[test]
fn names_are_compared_character_by_character() {
    let mut sandbox = Sandbox::conformance();
    let mut mark = |name: &str| sandbox.mark(&Sent::mark(name, ALLON, "1"));
    for name in ["sales_goal", "Product Purchase", "Café ☕", "100%"] {
        assert_eq!(mark(name), (0, None), "{name}");
    }
    let long = "sales_goal".repeat(1000);
    for name in [
        "Sales_goal",
        " sales_goal",
        "sales_goal ",
        "sales_goal\0",
        "Cafe\u{301} ☕",
        "product purchase",
        &long,
    ] {
        assert_eq!(mark(name), (1, Some("comm100.mark.unknown_name")), "{name}");
    }
    assert_eq!(
        mark("switched_off"),
        (1, Some("comm100.mark.disabled_action"))
    );
    assert_eq!(mark("thanks_page"), (1, Some("comm100.mark.other_type")));
    assert_eq!(mark("signed_in"), (1, Some("comm100.mark.other_type")));
    assert_eq!(
        mark("twice"),
        (1, Some("comm100.mark.disabled_action")),
        "the lower id counts"
    );
}

#[test]
fn visitors_are_compared_as_guids_are_written() {
    let mut sandbox = Sandbox::conformance();
    let mut mark = |visitor: &str| sandbox.mark(&Sent::mark("sales_goal", visitor, "1"));
    for visitor in [ALLON, VERA, SAM, &ALLON.to_uppercase()] {
        assert_eq!(mark(visitor), (0, None), "{visitor}");
    }
    let braced = format!("{{{ALLON}}}");
    let urn = format!("urn:uuid:{ALLON}");
    for visitor in [
        NOBODY,
        &ALLON.replace('-', ""),
        &braced,
        &urn,
        &ALLON[1..],
        "1",
        "é",
        &format!(" {ALLON}"),
    ] {
        assert_eq!(
            mark(visitor),
            (2, Some("comm100.mark.unknown_visitor")),
            "{visitor}"
        );
    }
    assert_eq!(mark(OLAF), (2, Some("comm100.mark.offline_visitor")));
}

#[test]
fn a_missing_parameter_is_named() {
    let mut sandbox = Sandbox::conformance();
    let visitor = format!("visitorId={ALLON}");
    for (form, rule, parameter) in [
        (
            format!("{visitor}&value=1"),
            "comm100.mark.name_required",
            "conversion_name",
        ),
        (
            format!("conversion_name=&{visitor}&value=1"),
            "comm100.mark.name_required",
            "conversion_name",
        ),
        (
            String::new(),
            "comm100.mark.name_required",
            "conversion_name",
        ),
        (
            "conversion_name=sales_goal&value=1".to_owned(),
            "comm100.mark.visitor_id_required",
            "visitorId",
        ),
        (
            "conversion_name=sales_goal&visitorId=&value=1".to_owned(),
            "comm100.mark.visitor_id_required",
            "visitorId",
        ),
        (
            "conversion_name=sales_goal".to_owned(),
            "comm100.mark.visitor_id_required",
            "visitorId",
        ),
        (
            format!("conversion_name=sales_goal&VisitorID={ALLON}&value=1"),
            "comm100.mark.visitor_id_required",
            "visitorId",
        ),
        (
            format!("conversion_name=sales_goal&{visitor}"),
            "comm100.mark.value_required",
            "value",
        ),
        (
            format!("conversion_name=sales_goal&{visitor}&value"),
            "comm100.mark.value_required",
            "value",
        ),
    ] {
        assert_eq!(
            first(&sandbox.send(&Sent::form(form.clone()))),
            Some(rule),
            "{form}"
        );
        let message = format!("Parameter '{parameter}' is required.");
        assert_eq!(
            sandbox.get(&Sent::form(form)),
            (400, json!({"code": 400_000, "message": message}))
        );
    }
}

#[test]
fn parameters_are_read_from_the_form_alone() {
    let mut sandbox = Sandbox::conformance();
    let form = format!("conversion_name=sales_goal&visitorId={ALLON}&value=1");
    let call = Sent::form(form.clone());
    assert_eq!(
        sandbox
            .mark(&call.clone().query("conversion_name=nothing&value=x"))
            .0,
        0
    );
    assert_eq!(
        sandbox
            .mark(&Sent::form(format!("more=1&{form}&Value=x")))
            .0,
        0
    );
    assert_eq!(
        first(&sandbox.send(&Sent::form("").query(&form))),
        Some("comm100.mark.name_required")
    );
    assert_eq!(sandbox.mark(&call.clone().without(CONTENT_TYPE)).0, 0);
    for media_type in [
        "application/x-www-form-urlencoded; charset=utf-8",
        "APPLICATION/X-WWW-Form-Urlencoded",
        "application/x-www-form-urlencoded ;charset=iso-8859-1",
    ] {
        assert_eq!(
            sandbox.mark(&call.clone().with(CONTENT_TYPE, media_type)).0,
            0,
            "{media_type}"
        );
    }
    for media_type in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
    ] {
        let call = call.clone().with(CONTENT_TYPE, media_type);
        assert_eq!(
            first(&sandbox.send(&call)),
            Some("comm100.mark.form_only"),
            "{media_type}"
        );
        let message = "Parameter 'conversion_name' is required.";
        assert_eq!(
            sandbox.get(&call),
            (400, json!({"code": 400_000, "message": message}))
        );
    }
}

#[test]
fn forms_are_decoded_as_forms_are() {
    let mut sandbox = Sandbox::conformance();
    let mut mark = |name: &str| {
        sandbox
            .mark(&Sent::form(format!(
                "conversion_name={name}&visitorId={ALLON}&value=1"
            )))
            .0
    };
    for name in [
        "Product+Purchase",
        "Product%20Purchase",
        "Caf%C3%A9+%e2%98%95",
        "100%",
        "100%25",
        "caf%E9",
    ] {
        assert_eq!(mark(name), 0, "{name}");
    }
    for name in ["Product%2BPurchase", "100%2525", "%", "%zz", "%C3"] {
        assert_eq!(mark(name), 1, "{name}");
    }
    let bytes = [
        b"conversion_name=caf\xE9&visitorId=",
        ALLON.as_bytes(),
        b"&value=1",
    ]
    .concat();
    assert_eq!(sandbox.mark(&Sent::form(bytes)).0, 0);
}

#[test]
fn repeated_parameters_are_joined_by_commas() {
    let document = json!({"actions": {"20": {"name": "one,two,"}}});
    let mut sandbox = Sandbox::account(&document);
    let form = format!(
        "conversion_name=one&visitorId={ALLON}&conversion_name=two&value=1&conversion_name="
    );
    assert_eq!(sandbox.mark(&Sent::form(form)).0, 0);
    let call = Sent::form(format!(
        "conversion_name=sales_goal&visitorId={ALLON}&value=5&value=6"
    ));
    assert_eq!(
        first(&sandbox.send(&call)),
        Some("comm100.mark.value_number")
    );
    let call = Sent::form(format!(
        "conversion_name=sales_goal&visitorId={ALLON}&value=&value="
    ));
    assert_eq!(
        first(&sandbox.send(&call)),
        Some("comm100.mark.value_number"),
        "a comma is not empty"
    );
}

#[test]
fn values_are_decimal_numbers() {
    let mut sandbox = Sandbox::conformance();
    let most = format!("{:.0}", f64::MAX);
    for value in [
        "0",
        "500",
        "-1",
        "+1",
        "0.5",
        "-0.00",
        "007",
        "1.10",
        "9007199254740993",
        &most,
        &"0".repeat(400),
    ] {
        assert_eq!(
            sandbox.mark(&Sent::mark("sales_goal", ALLON, value)),
            (0, None),
            "{value}"
        );
    }
    for value in [
        ".5", "5.", ".", "+", "-", "+-1", "1-", "1,5", "1,000", "1 000", " 1", "1 ", "1e3", "0x10",
        "$5", "5€", "1.2.3", "inf", "NaN", "five", "٣", "1\0",
    ] {
        let call = Sent::mark("sales_goal", ALLON, value);
        assert_eq!(
            first(&sandbox.send(&call)),
            Some("comm100.mark.value_number"),
            "{value}"
        );
        let message = "Parameter 'value' should be a number.";
        assert_eq!(
            sandbox.get(&call),
            (400, json!({"code": 400_003, "message": message}))
        );
    }
    for value in [format!("{most}0"), format!("-{most}0"), "9".repeat(10_000)] {
        let call = Sent::mark("sales_goal", ALLON, &value);
        assert_eq!(first(&sandbox.send(&call)), Some("comm100.mark.value_fits"));
        assert_eq!(sandbox.get(&call).1["code"], 400_003);
    }
}

#[test]
fn plain_decimals_keep_their_digits() {
    for (sent, plain) in [
        ("500", "500"),
        ("+007.50", "7.50"),
        ("-0.5", "-0.5"),
        ("000", "0"),
        ("-00.10", "-0.10"),
    ] {
        assert_eq!(crate::vendors::comm100::conversions::plain(sent), plain);
    }
}
