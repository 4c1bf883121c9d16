//! Documents: what is wrong with one, and that a state can be put back.

use super::*;

fn mistake(members: &Value) -> String {
    let vendor = fixtures::vendor("impact").unwrap();
    let mut document: Value = toml::from_str(vendor.seed()).unwrap();
    merge(&mut document, json!({"impact": members}));
    let read = document::read(document["impact"].take()).and_then(Impact::seed);
    read.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn each_file_is_sound_alone() {
    let vendor = fixtures::vendor("impact").unwrap();
    for text in [vendor.seed(), vendor.conformance_seed()] {
        let mut document: Value = toml::from_str(text).unwrap();
        assert_eq!(document.as_object().unwrap().len(), 1);
        let _: Document = document::read(document["impact"].take()).unwrap();
    }
}

#[test]
fn the_seed_shows_the_defaults() {
    let mut document = Sandbox::documented().document();
    let plain = serde_json::to_value(Document::default()).unwrap();
    assert_eq!(
        (&document["settings"], &document["ids"]),
        (&plain["settings"], &plain["ids"])
    );
    let account = serde_json::to_value(Account::default()).unwrap();
    document["accounts"]["1924609"]["tokens"] = json!({});
    assert_eq!(document["accounts"], json!({"1924609": account}));
}

#[test]
fn mistakes_name_their_member() {
    let record = json!({
        "account": 1_924_609, "submitted_at": "2026-06-10T00:00:00Z", "campaign": 10_306, "tracker": 19_845,
        "order_id": "A", "event_date": "2026-06-10T00:00:00Z", "currency": "USD", "items": [{"quantity": 1}],
        "in_progress_at": "2026-06-10T00:00:01Z", "completed_at": "2026-06-10T00:00:02Z",
    });
    let with = |member: &str, value: Value| {
        let mut record = record.clone();
        record[member] = value;
        json!({"submissions": {"A-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6": record}})
    };
    let action = |members: Value| {
        let mut action = json!({"number": 1, "payout": "1", "locks_at": "2026-06-26T00:00:00Z", "clears_at": "2026-07-26T00:00:00Z"});
        merge(&mut action, members);
        with("action", action)
    };
    let batch = "submissions.A-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6";
    for (members, message) in [
        (
            json!({"settings": {"complete_ms": 999}}),
            "settings.complete_ms: must not be less than queued_ms",
        ),
        (
            json!({"settings": {"pages": {"size": 0}}}),
            "settings.pages.size: must not be 0",
        ),
        (
            json!({"settings": {"payout_rate": "x"}}),
            "settings.payout_rate: \"x\" is no rate; write it like \"4\" or \"1.0825\"",
        ),
        (
            json!({"accounts": {"01": {}}}),
            "accounts.01: an id is a number of at most 16 digits without leading zeros",
        ),
        (
            json!({"accounts": {"1": {"currency": "usd"}}}),
            "accounts.1.currency: \"usd\" is no code of ISO 4217",
        ),
        (
            json!({"accounts": {"1": {"rates": {"x": "1"}}}}),
            "accounts.1.rates: \"x\" is no code of ISO 4217",
        ),
        (
            json!({"accounts": {"1": {"utc_offset": "7"}}}),
            "accounts.1.utc_offset: \"7\" is no offset; write it like \"-07:00\"",
        ),
        (
            json!({"accounts": {"1": {"tokens": {"a/b": {"auth_token": "x"}}}}}),
            "accounts.1.tokens.a/b: an Account SID consists of letters and digits",
        ),
        (
            json!({"accounts": {"1": {"tokens": {"a": {"auth_token": ""}}}}}),
            "accounts.1.tokens.a: auth_token must not be empty",
        ),
        (
            json!({"accounts": {"2": {"tokens": {OWNER.0: {"auth_token": "x"}}}}}),
            &format!(
                "accounts.2.tokens.{}: another account has this Account SID",
                OWNER.0
            ),
        ),
        (
            json!({"accounts": {"1": {"tokns": {}}}}),
            "accounts.1.tokns: ",
        ),
        (
            json!({"campaigns": {"x": {"name": ""}}}),
            "campaigns.x: an id is a number of at most 16 digits without leading zeros",
        ),
        (
            json!({"campaigns": {"1": {"name": "", "contracts": [7]}}}),
            "campaigns.1.contracts: there is no account 7",
        ),
        (
            json!({"trackers": {"1": {"name": "", "campaign": 1}}}),
            "trackers.1.campaign: `campaigns` has no 1",
        ),
        (
            json!({"submissions": {"x": record}}),
            "submissions.x: a BatchId is A- and a UUID in lower case",
        ),
        (
            with("account", json!(1)),
            &format!("{batch}.account: there is no such account"),
        ),
        (
            with("currency", json!("x")),
            &format!("{batch}.currency: \"x\" is no code of ISO 4217"),
        ),
        (
            with("items", json!([])),
            &format!("{batch}.items: an order has at least one line"),
        ),
        (
            with("reason", json!("X")),
            &format!("{batch}.reason: \"X\" is no reason code of impact.com"),
        ),
        (
            with("in_progress_at", json!("2026-06-09T00:00:00Z")),
            &format!("{batch}.in_progress_at: must not be before submitted_at"),
        ),
        (
            with("completed_at", json!("2026-06-10T00:00:00Z")),
            &format!("{batch}.completed_at: must not be before in_progress_at"),
        ),
        (
            with("in_progress_at", json!(null)),
            &format!("{batch}.completed_at: must not be before in_progress_at"),
        ),
        (
            action(json!({"payout": "1.234"})),
            &format!("{batch}.action.payout: \"1.234\" is no amount; write it like \"86.99\""),
        ),
        (
            action(json!({"clears_at": "2026-06-25T00:00:00Z"})),
            &format!("{batch}.action: clears_at must not be before locks_at"),
        ),
        (
            action(json!({"changes": [{"at": "2026-06-12T00:00:00Z"}, {}]})),
            &format!("{batch}.action: changes must be in the order of their times"),
        ),
        (
            action(json!({"changes": [{"reason": "X"}]})),
            &format!(
                "{batch}.action.changes.0.reason: \"X\" is no adjustment reason of impact.com"
            ),
        ),
    ] {
        let found = mistake(&members);
        assert!(found.starts_with(message), "{found}\nis not\n{message}");
    }
    let twice = json!({"submissions": {
        "A-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6": action(json!({}))["submissions"]["A-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6"],
        "A-1f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6": action(json!({}))["submissions"]["A-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6"],
    }});
    assert!(mistake(&twice).ends_with(".action.number: another action has this number"));
}

#[test]
fn a_record_that_people_write_is_shown() {
    let mut sandbox = Sandbox::changed(
        &json!({"submissions": {"A-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6": {
            "account": 1_924_609, "submitted_at": "2026-06-10T11:00:00-07:00", "campaign": 10_306, "tracker": 19_845,
            "in_progress_at": "2026-06-10T11:00:01-07:00", "completed_at": "2026-06-10T11:00:02-07:00",
            "order_id": "A", "event_date": "2026-06-10T11:00:00-07:00", "currency": "USD",
            "items": [{"quantity": 1, "amount": "10", "payout": "0.4"}],
            "action": {"number": 200_000, "payout": "0.4", "locks_at": "2026-06-26T00:00:00-07:00", "clears_at": "2026-07-26T00:00:00-07:00"},
        }}}),
    );
    let (_, seen) = sandbox
        .get(&Sent::get("/APISubmissions/A-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6").by(SECOND));
    let uri = format!(
        "/Mediapartners/{}/APISubmissions/A-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6",
        SECOND.0
    );
    assert_eq!(
        (&seen["Status"], &seen["Uri"]),
        (&json!("Complete"), &json!(uri)),
        "without a SID that of whoever asks"
    );
    sandbox.wait_ms(100);
    assert_eq!(sandbox.read("/Actions")["Actions"][0]["Amount"], "10.00");
    let next = sandbox.action(TOYS);
    assert_eq!(
        next["Id"], "10306.4636.200001",
        "numbers go on behind the largest"
    );
    let (record, _) = sandbox.complete(&simple(&[("OrderId", "A")]));
    assert_eq!(
        record["ErrorReason"], "CONV_DUPLICATE",
        "of the one in the seed"
    );
}

#[test]
fn a_state_can_be_put_back() {
    let mut sandbox = Sandbox::conformance();
    for form in [
        TOYS,
        TOYS,
        &simple(&[("CampaignId", "9")]),
        &simple(&[("OrderId", "2"), ("Note", "é\u{1}")]),
    ] {
        sandbox.submit(form);
        sandbox.wait_ms(700);
    }
    sandbox.submit_as(STRANGER, &toys(&[("MediaPartnerId", Some("1924610"))]));
    let document = sandbox.document();
    let mut other = Sandbox::new(json!({"impact": document}));
    assert_eq!(other.document(), document);
    other.now = sandbox.now;
    for days in [0, 1, 30, 60] {
        for each in [&mut sandbox, &mut other] {
            each.usage = Usage::default();
            each.wait_days(days);
        }
        let paths = [
            "/Actions?ActionDateEnd=2030-01-01T00:00:00Z",
            "/ActionUpdates",
            "/Actions/10306.4636.158134",
        ];
        for path in paths {
            assert_eq!(
                shown(&sandbox.send(&Sent::get(path)).answer),
                shown(&other.send(&Sent::get(path)).answer)
            );
        }
        let form = simple(&[("OrderId", &days.to_string()), ("EventDate", "NOW")]);
        assert_eq!(sandbox.submit(&form), other.submit(&form));
        assert_eq!(sandbox.document(), other.document());
    }
}

#[test]
fn a_personal_seed_has_credentials_of_its_own() {
    let vendor = fixtures::vendor("impact").unwrap();
    let mut document: Value = toml::from_str(vendor.seed()).unwrap();
    merge(
        &mut document,
        toml::from_str(vendor.conformance_seed()).unwrap(),
    );
    let seed = Impact::seed(document::read(document["impact"].take()).unwrap()).unwrap();
    let fresh = |sandbox| {
        Impact::personal(
            &seed,
            &Fresh {
                sandbox,
                namespace: Uuid::from_u128(7),
            },
        )
    };
    let credentials = Impact::credentials(&fresh("one"));
    assert_eq!(credentials["media_partner_id"], "1924609");
    let sid = credentials["account_sid"].as_str().unwrap();
    assert!(sid.len() == 34 && sid.starts_with("IR"), "{sid}");
    assert_eq!(credentials, Impact::credentials(&fresh("one")));
    assert_ne!(credentials, Impact::credentials(&fresh("two")));
    let identities = Impact::identities(&fresh("one"));
    assert_eq!(identities.len(), 3, "one for each account");
    assert!(
        identities
            .iter()
            .all(|sid| !Impact::identities(&seed).contains(sid))
    );

    let (sid, token) = (
        sid.to_owned().leak(),
        credentials["auth_token"]
            .as_str()
            .unwrap()
            .to_owned()
            .leak(),
    );
    let mut sandbox = Sandbox::of(fresh("one"));
    let path = sandbox.submit_as((sid, token), TOYS);
    assert_ne!(
        path,
        Sandbox::conformance().submit(TOYS),
        "batch ids are its own too"
    );
    assert_eq!(
        sandbox.refuses(&Sent::form(TOYS)),
        Some("impact.auth.credentials_known")
    );
}

#[test]
fn the_default_credentials_are_good_for_everything() {
    let credentials = |seed: &Seed| Impact::credentials(seed);
    let sandbox = Sandbox::conformance();
    assert_eq!(
        Value::from(credentials(&sandbox.state.seed)),
        json!({"account_sid": OWNER.0, "auth_token": OWNER.1, "media_partner_id": "1924609"})
    );
    let limited =
        json!({"tokens": {OWNER.0: {"disabled": true}, SECOND.0: {"scopes": ["actions"]}}});
    let none = Sandbox::changed(&json!({"accounts": {
        "1924609": limited, "1924610": {"tokens": null}, "1924611": {"tokens": null}
    }}));
    assert_eq!(credentials(&none.state.seed), Map::new());
}

#[test]
fn a_call_claims_the_sid_of_its_path_or_else_of_its_credentials() {
    let identity = |call: &Sent| Impact::identity(&call.parts());
    assert_eq!(
        identity(&Sent::get("").at("/Mediapartners/IRx/Actions")).as_deref(),
        Some("IRx")
    );
    assert_eq!(
        identity(&Sent::get("").at("/mediapartners/IRx")).as_deref(),
        Some("IRx")
    );
    assert_eq!(
        identity(&Sent::get("").at("/elsewhere")).as_deref(),
        Some(OWNER.0)
    );
    assert_eq!(
        identity(&Sent::get("").at("/elsewhere").without(AUTHORIZATION)),
        None
    );
}
