//! Page "Visitors".

use super::*;

#[test]
fn visitors_on_the_site_are_listed_in_order() {
    let mut sandbox = Sandbox::conformance();
    let mut ids = |path: &str| -> Vec<String> {
        let (status, list) = sandbox.get(&Sent::get(path));
        assert_eq!(status, 200);
        list.as_array()
            .unwrap()
            .iter()
            .map(|visitor| visitor["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(VISITORS), [VERA, SAM, ALLON]);
    assert_eq!(ids(CHATTING), [VERA, ALLON]);
    assert_eq!(ids("/api/v1/livechat/visitors/Chatting/"), [VERA, ALLON]);
}

#[test]
fn one_visitor_is_read_by_id() {
    let mut sandbox = Sandbox::conformance();
    let mut read = |id: &str| sandbox.get(&Sent::get(format!("{VISITORS}/{id}")));
    let (status, allon) = read(ALLON);
    assert_eq!((status, &allon["name"]), (200, &json!("allon")));
    assert_eq!(allon.as_object().unwrap().len(), 30);
    assert_eq!(read(&ALLON.to_uppercase()).1, allon);
    assert_eq!(read(OLAF).1["status"], 11);
    for (id, named) in [
        (NOBODY, NOBODY),
        ("{1}", "{1}"),
        ("a%20%22b", "a \"b"),
        (&ALLON.replace('-', ""), &ALLON.replace('-', "")),
    ] {
        let message = format!("Visitor with ID {named} does not exists.");
        assert_eq!(
            read(id),
            (404, json!({"code": 404_001, "message": message}))
        );
    }
    let list = sandbox.get(&Sent::get(VISITORS)).1;
    assert_eq!(list[2], allon);
}

#[test]
fn a_visitor_of_whom_nothing_is_known_has_all_members() {
    let mut sandbox = Sandbox::account(&json!({"visitors": {(NOBODY): {}}}));
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get(format!("{VISITORS}/{NOBODY}"))).answer), @r#"
    200
    Content-Length: 534
    Content-Type: application/json; charset=utf-8

    {"browser":"","chats":0,"city":"","company":"","country":"","current_browsing":"","custom_fields":[],"custom_variable":[],"department":"","email":"","first_visit_time":"/Date(1589846400000)/","flash_version":"","id":"00000000-0000-4000-8000-000000000000","ip":"","keywords":"","landing_page":"","language":"","name":"","operating_system":"","page_views":1,"phone":"","product_service":"","referrer_url":"","screen_resolution":"","search_engine":"","state":"","status":10,"time_zone":"","visit_time":"/Date(1589846400000)/","visits":1}
    "#);
}

#[test]
fn variables_are_set_in_place() {
    let mut sandbox = Sandbox::conformance();
    let mut put = |body: &str| {
        let outcome = sandbox
            .send(&Sent::put(ALLON, body).with(CONTENT_TYPE, "application/x-www-form-urlencoded"));
        assert_eq!(outcome.answer.status(), 200);
        assert!(!Comm100::is_conversion(&outcome.events[0]));
        let answered: Value = serde_json::from_slice(outcome.answer.body()).unwrap();
        let (_, read) = sandbox.get(&Sent::get(format!("{VISITORS}/{ALLON}")));
        assert_eq!(answered, read);
        assert_eq!(sandbox.get(&Sent::get(VISITORS)).1[2], read);
        read["custom_variable"].to_string()
    };
    assert_eq!(
        put("[]"),
        r#"[{"name":"user_login","value":"facebook"},{"name":"have_sales","value":"yes"}]"#
    );
    assert_eq!(
        put(r#"[{"name":"user_login","value":"googleplus"},{"name":"new","value":"1","more":[]}]"#),
        r#"[{"name":"user_login","value":"googleplus"},{"name":"have_sales","value":"yes"},{"name":"new","value":"1"}]"#
    );
    assert_eq!(
        put(
            r#" [{"value":"", "name":"have_sales"},{"name":"User_Login","value":"a"},{"name":"User_Login","value":"é"}]"#
        ),
        r#"[{"name":"user_login","value":"googleplus"},{"name":"have_sales","value":""},{"name":"new","value":"1"},{"name":"User_Login","value":"é"}]"#
    );
    let mut fresh = sandbox.document();
    let mut again = Sandbox::new(json!({"comm100": fresh.take()}));
    assert_eq!(
        again.get(&Sent::get(VISITORS)),
        sandbox.get(&Sent::get(VISITORS))
    );
    assert_eq!(sandbox.send(&Sent::put(OLAF, "[]")).answer.status(), 200);
}

#[test]
fn a_body_that_could_not_be_meant_sets_nothing() {
    let mut sandbox = Sandbox::conformance();
    let before = sandbox.document();
    let good = r#"{"name":"user_login","value":"x"}"#;
    for (body, rule, parameter) in [
        (String::new(), "comm100.visitors.array_required", "name"),
        ("null".to_owned(), "comm100.visitors.array_required", "name"),
        (good.to_owned(), "comm100.visitors.array_required", "name"),
        (
            format!("[{good}"),
            "comm100.visitors.array_required",
            "name",
        ),
        (
            format!("[{good}] x"),
            "comm100.visitors.array_required",
            "name",
        ),
        (
            format!("\u{feff}[{good}]"),
            "comm100.visitors.array_required",
            "name",
        ),
        (
            "name=user_login&value=x".to_owned(),
            "comm100.visitors.array_required",
            "name",
        ),
        (
            "[".repeat(100_000),
            "comm100.visitors.array_required",
            "name",
        ),
        (
            format!("[{good},1]"),
            "comm100.visitors.name_required",
            "name",
        ),
        (
            format!("[{good},{{}}]"),
            "comm100.visitors.name_required",
            "name",
        ),
        (
            r#"[{"name":"","value":"x"}]"#.to_owned(),
            "comm100.visitors.name_required",
            "name",
        ),
        (
            r#"[{"name":5,"value":"x"}]"#.to_owned(),
            "comm100.visitors.name_required",
            "name",
        ),
        (
            r#"[{"name":"a"},{"value":"x"}]"#.to_owned(),
            "comm100.visitors.value_required",
            "value",
        ),
        (
            r#"[{"name":"a","value":5}]"#.to_owned(),
            "comm100.visitors.value_required",
            "value",
        ),
        (
            format!(r#"[{good},{{"name":"a","value":null}}]"#),
            "comm100.visitors.value_required",
            "value",
        ),
    ] {
        let call = Sent::put(ALLON, body.clone());
        assert_eq!(first(&sandbox.send(&call)), Some(rule), "{body:.80}");
        let message = format!("Parameter '{parameter}' is required.");
        assert_eq!(
            sandbox.get(&call),
            (400, json!({"code": 400_000, "message": message}))
        );
    }
    assert_eq!(
        first(&sandbox.send(&Sent::put(NOBODY, ""))),
        Some("comm100.visitors.unknown_id")
    );
    assert_eq!(sandbox.document(), before);
}

#[test]
fn many_variables_are_set_at_once() {
    let given: Vec<Value> = (0..20_000)
        .map(|n| json!({"name": format!("n{n}"), "value": "x"}))
        .collect();
    let mut sandbox = Sandbox::conformance();
    for _ in 0..2 {
        let (status, visitor) = sandbox.get(&Sent::put(SAM, json!(given).to_string()));
        assert_eq!(
            (status, visitor["custom_variable"].as_array().unwrap().len()),
            (200, 20_000)
        );
    }
}
