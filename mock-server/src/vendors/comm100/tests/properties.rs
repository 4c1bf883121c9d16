//! What holds whatever is sent, and the order of checks.

use super::*;

proptest! {
    #[test]
    fn the_first_gate_in_order_answers(broken in proptest::collection::vec(any::<bool>(), 10)) {
        const RULES: [&str; 10] = [
            "comm100.transport.one_host",
            "comm100.transport.strict_https",
            "comm100.paths.outside_unknown",
            "comm100.authentication.wrong_key",
            "comm100.limit.refused",
            "comm100.paths.unknown",
            "comm100.account.closed",
            "comm100.edition.enterprise_only",
            "comm100.permission.list_needs_manage_settings",
            "comm100.errors.internal_fault",
        ];
        let mut settings = json!({});
        let mut call = Sent::get(CONVERSIONS);
        if broken[0] { call.headers.remove(HOST); }
        if broken[5] { call.path = "/api/v1/livechat/nothing".to_owned(); }
        if broken[2] { call.path = "/elsewhere".to_owned(); }
        if broken[8] { call = call.by(VIEWER); }
        if broken[3] { call = call.by((TESTER.0, "wrong")); }
        if broken[4] { settings["daily_limit"] = json!(0); }
        if broken[6] { settings["state"] = json!("closed"); }
        if broken[7] { settings["edition"] = json!("business"); }
        if broken[9] { settings["internal_fault"] = json!(true); }
        let mut sandbox = Sandbox::changed(&json!({"strict_https": broken[1], "accounts": {"main": settings}}));
        let expected = RULES.into_iter().zip(&broken).find(|(_, broken)| **broken).map(|(rule, _)| rule);
        prop_assert_eq!(first(&sandbox.send(&call)), expected);
    }

    #[test]
    fn the_first_parameter_in_order_answers(broken in proptest::collection::vec(any::<bool>(), 8)) {
        const RULES: [&str; 8] = [
            "comm100.body.too_large",
            "comm100.mark.form_only",
            "comm100.mark.name_required",
            "comm100.mark.visitor_id_required",
            "comm100.mark.value_number",
            "comm100.mark.unknown_name",
            "comm100.mark.unknown_visitor",
            "comm100.mark.error_3",
        ];
        let name = if broken[2] { "" } else if broken[5] { "nothing" } else { "sales_goal" };
        let visitor = if broken[3] { "" } else if broken[6] { NOBODY } else { ALLON };
        let mut call = Sent::mark(name, visitor, if broken[4] { "x" } else { "1" });
        if broken[0] { call.body = Err(Body::TooLong); }
        if broken[1] { call = call.with(CONTENT_TYPE, "application/json"); }
        let mut sandbox = Sandbox::account(&json!({"error_3": broken[7]}));
        let expected = RULES.into_iter().zip(&broken).find(|(_, broken)| **broken).map(|(rule, _)| rule);
        prop_assert_eq!(first(&sandbox.send(&call)), expected);
    }
}

#[test]
fn methods_come_before_the_account_and_permission_before_the_body() {
    let mut sandbox = Sandbox::account(&json!({"state": "closed"}));
    assert_eq!(
        first(&sandbox.send(&Sent::new(Method::PUT, CONVERSIONS))),
        Some("comm100.paths.method")
    );
    let mut sandbox = Sandbox::account(&json!({"mark_needs_permission": true}));
    let call = Sent::form("").spoiled(Body::TooLong).by(VIEWER);
    assert_eq!(
        first(&sandbox.send(&call)),
        Some("comm100.permission.mark_switch")
    );
}

/// Calls of all kinds: sound ones, broken ones, and noise.
fn any_call() -> impl Strategy<Value = Sent> {
    let text = |fixed: &'static [&'static str]| prop_oneof![4 => proptest::sample::select(fixed).prop_map(str::to_owned), 1 => ".{0,12}"];
    let path = prop_oneof![
        6 => proptest::sample::select(&[CONVERSIONS, MARK, VISITORS, CHATTING][..]).prop_map(str::to_owned),
        4 => text(&[ALLON, OLAF, NOBODY, "chatting"]).prop_map(|id| format!("{VISITORS}/{id}")),
        1 => "/api/v1/[a-z/%.]{0,20}",
        1 => "/[/a-zA-Z0-9%.é]{0,20}",
    ];
    let method = proptest::sample::select(&["GET", "POST", "PUT", "DELETE", "HEAD", "X"][..]);
    let agent = proptest::sample::select(
        &[TESTER, VIEWER, ZOE, RETIRED, OTHER, ("x@example.com", "y")][..],
    );
    let header = prop_oneof![
        8 => Just(None),
        1 => Just(Some((AUTHORIZATION, HeaderValue::from_static("Basic x")))),
        1 => Just(Some((CONTENT_TYPE, HeaderValue::from_static("application/json")))),
        1 => proptest::collection::vec(0x20_u8..=0x7e, 0..20)
            .prop_map(|bytes| Some((AUTHORIZATION, HeaderValue::from_bytes(&bytes).unwrap()))),
        1 => proptest::collection::vec(0x80_u8..=0xff, 0..20)
            .prop_map(|bytes| Some((CONTENT_TYPE, HeaderValue::from_bytes(&bytes).unwrap()))),
    ];
    let form = (
        text(&["sales_goal", "twice", "100%", ""]),
        text(&[ALLON, OLAF, ""]),
        text(&["1", "-0.5", "x", ""]),
    )
        .prop_map(|(name, visitor, value)| Ok(Sent::mark(&name, &visitor, &value).body.unwrap()));
    let variables = (text(&["user_login", "a", ""]), text(&["1", ""])).prop_map(|(name, value)| {
        Ok(json!([{"name": name, "value": value}])
            .to_string()
            .into_bytes())
    });
    let body = prop_oneof![
        4 => form,
        4 => variables,
        2 => proptest::collection::vec(any::<u8>(), 0..64).prop_map(Ok),
        1 => Just(Err(Body::TooLong)),
        1 => Just(Err(Body::Broken)),
    ];
    (method, path, agent, header, body).prop_map(|(method, path, agent, header, body)| {
        let mut call = Sent {
            body,
            ..Sent::new(method.parse().unwrap(), path.replace('?', "%3F"))
        }
        .by(agent);
        call.headers.extend(header);
        call
    })
}

proptest! {
    #[test]
    fn every_call_gets_a_documented_answer(calls in proptest::collection::vec(any_call(), 1..12)) {
        let mut sandbox = Sandbox::conformance();
        let mut twin = Sandbox::conformance();
        for call in &calls {
            let outcome = sandbox.send(call);
            prop_assert!(outcome.answer.status().as_u16() < 500, "{:?}", call);
            prop_assert_eq!(shown(&outcome.answer), shown(&twin.send(call).answer));
        }
        // What the events led to is what a sandbox made from the document begins with.
        let document = sandbox.document();
        let mut copy = Sandbox::new(json!({"comm100": document.clone()}));
        prop_assert_eq!(copy.document(), document);
        for path in [CONVERSIONS, VISITORS, CHATTING] {
            prop_assert_eq!(copy.get(&Sent::get(path)), sandbox.get(&Sent::get(path)));
        }
    }

    #[test]
    fn decimals_of_any_kind_are_recorded(value in "[+-]?[0-9]{1,20}(\\.[0-9]{1,20})?") {
        let mut sandbox = Sandbox::conformance();
        let outcome = sandbox.send(&Sent::mark("sales_goal", ALLON, &value));
        prop_assert_eq!(outcome.answer.body(), r#"{"error_code":0,"error_message":"ok"}"#);
        let conversion = Comm100::conversion(&sandbox.state, &outcome.events[0], sandbox.now).unwrap();
        prop_assert_eq!(conversion.value.unwrap().parse::<f64>(), value.parse::<f64>());
    }

    #[test]
    fn texts_of_any_kind_are_names(name in "\\PC{1,20}") {
        let mut sandbox = Sandbox::account(&json!({"actions": {"99": {"name": name}}}));
        prop_assert_eq!(sandbox.mark(&Sent::mark(&name, ALLON, "1")).0, 0);
        prop_assert_eq!(sandbox.mark(&Sent::mark(&format!("{name}."), ALLON, "1")).0, 1);
    }
}
