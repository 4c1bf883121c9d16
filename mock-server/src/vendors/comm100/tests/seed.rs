//! What a sandbox starts from, and what it leaves.

use super::*;

#[test]
fn each_seed_file_stands_alone() {
    let vendor = fixtures::vendor("comm100").unwrap();
    for file in [vendor.seed(), vendor.conformance_seed()] {
        let mut document: Value = toml::from_str(file).unwrap();
        let document: Document = document::read(document["comm100"].take()).unwrap();
        assert!(!document.accounts.is_empty());
    }
    assert!(Comm100::seed(Document::default()).is_ok());
}

#[test]
fn a_mistake_in_a_seed_names_its_member() {
    let mistake = |main: Value| {
        let document = json!({"accounts": {"main": main, "second": {"agents": {"a@example.com": {"api_key": "k"}}}}});
        document::read(document)
            .and_then(Comm100::seed)
            .expect_err("a mistake")
            .to_string()
    };
    for (main, expected) in [
        (
            json!({"editon": "business"}),
            "accounts.main.editon: unknown field `editon`",
        ),
        (
            json!({"edition": "team"}),
            "accounts.main.edition: unknown variant `team`",
        ),
        (
            json!({"limit_status": 429}),
            "accounts.main.limit_status: this is 403 or 500",
        ),
        (
            json!({"agents": {"a": {}}}),
            "accounts.main.agents.a: missing field `api_key`",
        ),
        (
            json!({"agents": {"a": {"api_key": ""}}}),
            "accounts.main.agents.a.api_key: a key has",
        ),
        (
            json!({"agents": {"a:b": {"api_key": "k"}}}),
            "accounts.main.agents.a:b: a user name has",
        ),
        (
            json!({"agents": {"a": {"api_key": "k", "permissions": ["x"]}}}),
            "accounts.main.agents.a.permissions.0",
        ),
        (
            json!({"actions": {"one": {"name": "x"}}}),
            "accounts.main.actions",
        ),
        (
            json!({"actions": {"1": {}}}),
            "accounts.main.actions.1: missing field `name`",
        ),
        (
            json!({"visitors": {"1": {}}}),
            "accounts.main.visitors.1: a visitor's id is a GUID",
        ),
        (
            json!({"visitors": {(ALLON.to_uppercase()): {}}}),
            "accounts.main.visitors.7273E957",
        ),
        (
            json!({"visitors": {(ALLON): {"id": NOBODY}}}),
            "accounts.main.visitors.7273e957-02cb-4c03-a84c-44283fcfd47d.id: ",
        ),
        (
            json!({"visitors": {(ALLON): {"status": 12}}}),
            "accounts.main.visitors.7273e957-02cb-4c03-a84c-44283fcfd47d.status: a status",
        ),
        (
            json!({"visitors": {(ALLON): {"visit_time": "/Date(13584868542)/"}}}),
            "accounts.main.visitors.7273e957-02cb-4c03-a84c-44283fcfd47d.visit_time: a time",
        ),
    ] {
        let found = mistake(main);
        assert!(found.starts_with(expected), "{found}");
    }
    let found = mistake(json!({"agents": {"A@Example.com": {"api_key": "k"}}}));
    assert_eq!(
        found,
        "accounts.second.agents.a@example.com: this address belongs to A@Example.com of account main already; letter case does not count"
    );
}

#[test]
fn a_personal_seed_shares_the_accounts_and_has_one_agent() {
    let seed = Arc::clone(&Sandbox::conformance().state.seed);
    let fresh = Fresh {
        sandbox: "one",
        namespace: Uuid::nil(),
    };
    let mut sandbox = Sandbox::of(Comm100::personal(&seed, &fresh));
    let personal = Arc::clone(&sandbox.state.seed);
    assert_eq!(Comm100::identities(&personal), ["tester@one.example.com"]);
    let credentials = Comm100::credentials(&personal);
    let key = credentials["password"].as_str().unwrap();
    assert!(
        key.len() == 32
            && key
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    );
    let agent = (credentials["username"].as_str().unwrap(), key);
    assert_eq!(
        sandbox
            .send(&Sent::get(CONVERSIONS).by(agent))
            .answer
            .status(),
        200
    );
    assert_eq!(sandbox.send(&Sent::get(CONVERSIONS)).answer.status(), 401);
    let other = Fresh {
        sandbox: "two",
        ..fresh
    };
    assert_ne!(
        Comm100::credentials(&Comm100::personal(&seed, &other))["password"],
        key
    );

    let empty = Comm100::personal(&Comm100::seed(Document::default()).unwrap(), &fresh);
    assert!(Comm100::credentials(&empty).is_empty());
}

#[test]
fn a_state_is_a_document_with_everything_filled_in() {
    let mut sandbox = Sandbox::conformance();
    sandbox.send(&Sent::mark("sales_goal", ALLON, "1"));
    let document = sandbox.document();
    assert_eq!(document["recorded"], 1);
    let account = &document["accounts"]["second"];
    assert_eq!(account["edition"], "enterprise");
    assert_eq!(account["daily_limit"], Value::Null);
    assert_eq!(account["agents"][OTHER.0]["is_active"], true);
    assert_eq!(
        account["actions"]["1"],
        json!({"name": "Newsletter", "isEnable": true, "type": "api"})
    );
    assert_eq!(
        document["accounts"]["main"]["visitors"][SAM]
            .as_object()
            .unwrap()
            .len(),
        30
    );
}

#[test]
fn an_event_of_another_seed_changes_nothing_that_is_shown() {
    let mut sandbox = Sandbox::documented();
    let before = sandbox.get(&Sent::get(VISITORS));
    let event = Event::VariablesSet {
        account: "gone".into(),
        visitor: Uuid::nil(),
        variables: Vec::new(),
    };
    Comm100::apply(&mut sandbox.state, &event);
    assert_eq!(sandbox.get(&Sent::get(VISITORS)), before);
}
