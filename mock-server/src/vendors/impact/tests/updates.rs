//! Page "Actions", action updates.

use super::*;

/// What happened to the first action, oldest first: id, date, deltas.
fn steps(sandbox: &mut Sandbox) -> Vec<[String; 4]> {
    let list =
        sandbox.read("/ActionUpdates?StartDate=2026-06-01T00:00:00Z&EndDate=2026-07-10T00:00:00Z");
    let rows = list["ActionUpdates"].as_array().unwrap().iter().rev();
    let text = |row: &Value| {
        ["Id", "UpdateDate", "DeltaAmount", "DeltaPayout"]
            .map(|name| row[name].as_str().unwrap().to_owned())
    };
    rows.map(text).collect()
}

#[test]
fn updates_are_creation_changes_and_approval() {
    let mut sandbox = Sandbox::documented();
    sandbox.action(TOYS);
    let document = sandbox.document();
    let (id, _) = document["submissions"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    sandbox.patch(
        &json!({"submissions": {id.as_str(): {"action": {"changes": [
            {"at": "2026-06-12T00:00:00Z", "amount": "50", "payout": "2"},
            {"at": "2026-06-20T00:00:00Z", "state": "REVERSED"},
            {"at": "2026-06-21T00:00:00Z", "state": "PENDING"},
        ]}}}}),
    );
    let created = [
        "10306.4636.158133.1",
        "2026-06-10T11:00:06-07:00",
        "86.99",
        "3.48",
    ]
    .map(str::to_owned);
    assert_eq!(steps(&mut sandbox), std::slice::from_ref(&created));
    sandbox.wait_days(20);
    assert_eq!(
        steps(&mut sandbox),
        [
            created,
            [
                "10306.4636.158133.2",
                "2026-06-11T17:00:00-07:00",
                "-36.99",
                "-1.48"
            ]
            .map(str::to_owned),
            [
                "10306.4636.158133.3",
                "2026-06-19T17:00:00-07:00",
                "-50.00",
                "-2.00"
            ]
            .map(str::to_owned),
            [
                "10306.4636.158133.4",
                "2026-06-20T17:00:00-07:00",
                "50.00",
                "2.00"
            ]
            .map(str::to_owned),
            [
                "10306.4636.158133.5",
                "2026-06-26T00:00:00-07:00",
                "0.00",
                "0.00"
            ]
            .map(str::to_owned),
        ]
    );
    let list = sandbox.read("/ActionUpdates?State=APPROVED");
    assert_eq!(list["@total"], "1", "of the last seven days");
    let alone = sandbox.read("/ActionUpdates/10306.4636.158133.3");
    assert_eq!(
        (&alone["State"], &alone["DeltaAmount"]),
        (&json!("APPROVED"), &json!("-50.00")),
        "the state is that of today"
    );
    assert_eq!(
        (&alone["DefaultPayout"], &alone["ClearingDate"]),
        (&json!("3.48"), &json!("2026-07-26T00:00:00-07:00"))
    );
}

#[test]
fn an_update_shows_what_its_only_item_has() {
    let of = |form: &str| {
        let mut sandbox = Sandbox::documented();
        sandbox.action(form);
        let update = sandbox.read("/ActionUpdates/10306.4636.158133.1");
        ["Sku", "Category", "Quantity"].map(|name| update[name].as_str().unwrap().to_owned())
    };
    assert_eq!(of(TOYS), ["", "", "3"]);
    assert_eq!(
        of(&simple(&[
            ("ItemSku1", "A"),
            ("ItemCategory1", "Toys"),
            ("ItemQuantity1", "4")
        ])),
        ["A", "Toys", "4"]
    );
    assert_eq!(of(&simple(&[("Amount", "5")])), ["", "", "1"]);
}

#[test]
fn update_ids_are_exact() {
    let mut sandbox = Sandbox::documented();
    sandbox.action(TOYS);
    for id in [
        "10306.4636.158133",
        "10306.4636.158133.0",
        "10306.4636.158133.01",
        "10306.4636.158133.2",
        "x",
        "1.2.3.4",
    ] {
        assert_eq!(
            sandbox.refuses(&Sent::get(&format!("/ActionUpdates/{id}"))),
            Some("impact.updates.unknown"),
            "{id}"
        );
    }
}

#[test]
fn updates_are_filtered_by_their_own_date() {
    let mut sandbox = Sandbox::documented();
    sandbox.action(TOYS);
    sandbox.wait_days(20);
    let mut total =
        |query: &str| sandbox.read(&format!("/ActionUpdates?{query}"))["@total"].clone();
    assert_eq!(
        total("StartDate=2026-06-26T07:00:00Z&EndDate=2026-06-26T07:00:00Z"),
        "1",
        "both ends are included"
    );
    assert_eq!(
        total("StartDate=2026-06-10T00:00:00Z&EndDate=2026-06-26T07:00:00Z"),
        "2"
    );
    assert_eq!(
        total("StartDate=2026-06-11T00:00:00Z&EndDate=2026-06-26T06:59:59Z"),
        "0"
    );
    assert_eq!(total("CampaignId=1"), "0");
    assert_eq!(total("State=PENDING"), "0");
}
