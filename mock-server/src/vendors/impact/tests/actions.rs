//! Page "Actions": actions, their items, their life, and what can be asked for.

use super::*;

const ACTION: &str = "/Actions/10306.4636.158133";

/// The submission of the first action, in a state document.
fn changed(sandbox: &mut Sandbox, changes: &Value) {
    let document = sandbox.document();
    let (id, _) = document["submissions"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    sandbox.patch(&json!({"submissions": {id.as_str(): {"action": {"changes": changes}}}}));
}

/// State, Amount, Payout, and the two deltas.
fn standing(sandbox: &mut Sandbox) -> [String; 5] {
    let action = sandbox.read(ACTION);
    ["State", "Amount", "Payout", "DeltaAmount", "DeltaPayout"]
        .map(|name| action[name].as_str().unwrap().to_owned())
}

#[test]
fn the_sale_of_the_seed_document_becomes_an_action() {
    let mut sandbox = Sandbox::documented();
    let (record, action) = sandbox.complete(TOYS);
    let action = action.unwrap();
    assert_eq!(
        (&record["Status"], &record["Payload"]),
        (&json!("Complete"), &json!(TOYS))
    );
    for (member, value) in [
        ("Id", "10306.4636.158133"),
        ("CampaignName", "Acme Campaign"),
        ("ActionTrackerName", "Sale"),
        ("State", "PENDING"),
        ("Amount", "86.99"),
        ("Payout", "3.48"),
        ("EventDate", "2026-06-10T10:15:30-07:00"),
        ("LockingDate", "2026-06-26T00:00:00-07:00"),
        ("Oid", "ORD-1"),
        ("ReferringType", "REPORTED_PARTNER_ID"),
        ("CreationDate", "2026-06-10T11:00:06-07:00"),
        ("ClearedDate", ""),
    ] {
        assert_eq!(action[member], value, "{member}");
    }
    assert_eq!(action, sandbox.read(ACTION), "alone as in the list");
    let items = sandbox.read(&format!("{ACTION}/Items"));
    let line = |row: usize| {
        ["Sku", "Quantity", "SaleAmount", "Payout", "Rebate"]
            .map(|name| items["ActionItems"][row][name].clone())
    };
    assert_eq!(line(0), ["TOYSET", "2", "80.00", "3.20", "0.00"]);
    assert_eq!(line(1), ["DOLL", "1", "6.99", "0.28", "0.00"]);
    sandbox.wait_days(16);
    assert_eq!(sandbox.read(ACTION)["State"], "APPROVED");
}

/// Section 14 of the dossier through the API: sent, lines, order.
#[test]
fn orders_come_to_what_the_dossier_says() {
    let priced = "ItemPrice1=40&ItemQuantity1=2&ItemPrice2=6.99&ItemQuantity2=1";
    for (sent, lines, order) in [
        (priced.to_owned(), &["80.00", "6.99"][..], "86.99"),
        (
            "ItemSubTotal1=80&ItemSubTotal2=6.99".to_owned(),
            &["80.00", "6.99"],
            "86.99",
        ),
        (
            "ItemSubTotal1=80&ItemQuantity1=2&ItemPrice2=6.99&ItemQuantity2=1".to_owned(),
            &["80.00", "6.99"],
            "86.99",
        ),
        (format!("{priced}&Amount=500"), &["80.00", "6.99"], "86.99"),
        (
            format!("{priced}&ItemSubTotal1=75"),
            &["75.00", "6.99"],
            "81.99",
        ),
        (
            format!("{priced}&ItemTotalDiscount1=5"),
            &["75.00", "6.99"],
            "81.99",
        ),
        (
            format!("{priced}&ItemDiscount1=3"),
            &["74.00", "6.99"],
            "80.99",
        ),
        ("Amount=86.99".to_owned(), &["86.99"], "86.99"),
        ("ItemSku1=A&Amount=86.99".to_owned(), &["0.00"], "0.00"),
        (String::new(), &["0.00"], "0.00"),
    ] {
        let mut sandbox = Sandbox::documented();
        let items = sandbox.items(&format!("{}&{sent}", simple(&[])));
        let amounts: Vec<&str> = items
            .iter()
            .map(|item| item["SaleAmount"].as_str().unwrap())
            .collect();
        assert_eq!(
            (&amounts[..], &sandbox.read(ACTION)["Amount"]),
            (lines, &json!(order)),
            "{sent}"
        );
    }
}

#[test]
fn submitted_values_are_shown() {
    let sent = [
        ("SubId1", "one"),
        ("SubId2", "two"),
        ("SubId3", "three"),
        ("SharedId", "shared"),
        ("CustomerCity", "New York"),
        ("CustomerCountry", "US"),
    ];
    let action = Sandbox::documented().action(&simple(&sent));
    for (member, value) in sent {
        assert_eq!(action[member], value);
    }
    for member in [
        "AdId",
        "EventCode",
        "ReferringDate",
        "ReferringDomain",
        "PromoCode",
        "CustomerArea",
        "CustomerRegion",
    ] {
        assert_eq!(action[member], "", "{member}");
    }
}

#[test]
fn payouts_are_the_commission_or_what_the_partner_names() {
    let payout = |more: &[(&str, &str)]| {
        let action = Sandbox::conformance().action(&simple(more));
        (
            action["Amount"].as_str().unwrap().to_owned(),
            action["Payout"].as_str().unwrap().to_owned(),
        )
    };
    let pair = |amount: &str, payout: &str| (amount.to_owned(), payout.to_owned());
    assert_eq!(payout(&[("Amount", "21.99")]), pair("21.99", "0.88"));
    assert_eq!(
        payout(&[
            ("Amount", "100"),
            ("ConversionType", "clo"),
            ("PayoutAmount", "12.505")
        ]),
        pair("100.00", "12.51")
    );
    assert_eq!(
        payout(&[
            ("Amount", "100"),
            ("ConversionType", "CLO"),
            ("PayoutAmount", "0")
        ]),
        pair("100.00", "0.00")
    );
    assert_eq!(
        payout(&[("Amount", "100"), ("ConversionType", "CLO")]),
        pair("100.00", "4.00")
    );
    assert_eq!(
        payout(&[("Amount", "100"), ("PayoutAmount", "12.5")]),
        pair("100.00", "4.00")
    );
    assert_eq!(
        payout(&[
            ("Amount", "100"),
            ("ConversionType", "x"),
            ("PayoutAmount", "12.5")
        ]),
        pair("100.00", "4.00")
    );
    assert_eq!(
        payout(&[
            ("Amount", "80"),
            ("CampaignId", "10307"),
            ("ActionTrackerId", "19846")
        ]),
        pair("80.00", "10.00")
    );
}

#[test]
fn lines_have_payouts_of_their_own() {
    let of = |form: &str| -> Vec<String> {
        let items = Sandbox::documented().items(form);
        items
            .iter()
            .map(|item| item["Payout"].as_str().unwrap().to_owned())
            .collect()
    };
    let cents = simple(&[("ItemPrice1", "0.13"), ("ItemPrice2", "0.13")]);
    assert_eq!(
        of(&cents),
        ["0.01", "0.01"],
        "each is rounded, they need not add up"
    );
    assert_eq!(
        of(&format!("{TOYS}&ConversionType=CLO&PayoutAmount=9.99")),
        ["9.99", "0.00"]
    );
}

#[test]
fn items_are_found_by_their_uri() {
    let mut sandbox = Sandbox::documented();
    let skus = [
        "A",
        "",
        "a b/c?d=é",
        "x.json",
        "y.xml",
        ".",
        "..",
        "1.2",
        "%41",
        "+",
        "A",
    ];
    let pairs: Vec<(String, &str)> = (1..)
        .zip(skus)
        .map(|(n, sku)| (format!("ItemSku{n}"), sku))
        .collect();
    let names: Vec<(String, String)> = (1..=skus.len())
        .map(|n| (format!("ItemName{n}"), format!("line {n}")))
        .collect();
    let mut form = simple(&[]);
    for (name, value) in pairs
        .iter()
        .map(|(n, v)| (n, (*v).to_owned()))
        .chain(names.iter().map(|(n, v)| (n, v.clone())))
    {
        form = form_urlencoded::Serializer::new(form)
            .append_pair(name, &value)
            .finish();
    }
    let items = sandbox.items(&form);
    assert_eq!(items.len(), skus.len());
    for (item, sku) in items.iter().zip(skus) {
        assert_eq!(item["Sku"], sku);
        let (status, found) = sandbox.get(&Sent::get("").at(item["Uri"].as_str().unwrap()));
        assert_eq!(status, 200, "{item}");
        let expected = if item["ItemName"] == "line 11" {
            &items[0]
        } else {
            item
        };
        assert_eq!(&found, expected, "of equal ones the first");
    }
    assert!(
        items[1]["Uri"].as_str().unwrap().ends_with("/Items/2"),
        "without a Sku its index"
    );
    assert_eq!(
        sandbox.refuses(&Sent::get(&format!("{ACTION}/Items/3"))),
        Some("impact.actions.unknown_item")
    );
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions/10306.4636.1/Items")),
        Some("impact.actions.unknown")
    );
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions/10306.4636.1/Items/A")),
        Some("impact.actions.unknown")
    );
}

#[test]
fn a_simple_conversion_has_one_item() {
    let mut sandbox = Sandbox::documented();
    let items = sandbox.items(&simple(&[("Amount", "86.99")]));
    assert_eq!(items.len(), 1);
    for (member, value) in [
        ("Sku", ""),
        ("Quantity", "1"),
        ("SaleAmount", "86.99"),
        ("Payout", "3.48"),
        ("AdjustmentReason", ""),
    ] {
        assert_eq!(items[0][member], value);
    }
    assert_eq!(
        items[0]["Uri"],
        format!("/Mediapartners/{}{ACTION}/Items/0", OWNER.0)
    );
    assert_eq!(sandbox.read(&format!("{ACTION}/Items/0")), items[0]);
}

#[test]
fn action_ids_are_exact() {
    let mut sandbox = Sandbox::documented();
    sandbox.action(TOYS);
    for id in [
        "10306.4636.0158133",
        "10306.4637.158133",
        "10307.4636.158133",
        "158133",
        "10306.4636.158134",
        "10306.4636.158133.1",
        "x",
    ] {
        assert_eq!(
            sandbox.refuses(&Sent::get(&format!("/Actions/{id}"))),
            Some("impact.actions.unknown"),
            "{id}"
        );
    }
}

#[test]
fn an_action_locks_and_clears() {
    let mut sandbox = Sandbox::documented();
    sandbox.action(TOYS);
    let at = |sandbox: &mut Sandbox, time: &str| {
        sandbox.now = time.parse().unwrap();
        let action = sandbox.read(ACTION);
        (
            action["State"].as_str().unwrap().to_owned(),
            action["ClearedDate"].as_str().unwrap().to_owned(),
        )
    };
    let is = |state: &str, cleared: &str| (state.to_owned(), cleared.to_owned());
    assert_eq!(
        at(&mut sandbox, "2026-06-25T23:59:59.999-07:00"),
        is("PENDING", "")
    );
    assert_eq!(
        at(&mut sandbox, "2026-06-26T00:00:00-07:00"),
        is("APPROVED", "")
    );
    assert_eq!(
        at(&mut sandbox, "2026-07-25T23:59:59.999-07:00"),
        is("APPROVED", "")
    );
    assert_eq!(
        at(&mut sandbox, "2026-07-26T00:00:00-07:00"),
        is("APPROVED", "2026-07-26T00:00:00-07:00")
    );
}

#[test]
fn every_action_begins_as_pending() {
    for (event, locks) in [
        ("2026-06-10T23:59:59-07:00", "2026-06-26T00:00:00-07:00"),
        ("2026-05-26T00:00:00-07:00", "2026-06-11T00:00:00-07:00"),
        ("2026-05-25T23:59:59-07:00", "2026-06-26T00:00:00-07:00"),
        ("2026-04-01T00:00:00-07:00", "2026-06-26T00:00:00-07:00"),
        ("2027-01-01T00:00:00Z", "2027-01-16T00:00:00-07:00"),
    ] {
        let action = Sandbox::documented().action(&simple(&[("EventDate", event)]));
        let shown = (&action["State"], &action["LockingDate"]);
        assert_eq!(shown, (&json!("PENDING"), &json!(locks)), "{event}");
    }
}

#[test]
fn brands_modify_reverse_restore_and_approve() {
    let mut sandbox = Sandbox::documented();
    sandbox.action(TOYS);
    let as_text = |values: [&str; 5]| values.map(str::to_owned);
    for (changes, expected) in [
        (json!([]), ["PENDING", "86.99", "3.48", "86.99", "3.48"]),
        (
            json!([{"amount": "50.00", "payout": "2.00"}]),
            ["PENDING", "50.00", "2.00", "-36.99", "-1.48"],
        ),
        (
            json!([{"amount": "50"}, {"payout": "5"}]),
            ["PENDING", "50.00", "5.00", "0.00", "1.52"],
        ),
        (
            json!([{"state": "REVERSED"}]),
            ["REVERSED", "0.00", "0.00", "-86.99", "-3.48"],
        ),
        (
            json!([{"amount": "0"}]),
            ["REVERSED", "0.00", "0.00", "-86.99", "-3.48"],
        ),
        (
            json!([{"state": "REVERSED"}, {"state": "PENDING"}]),
            ["PENDING", "86.99", "3.48", "86.99", "3.48"],
        ),
        (
            json!([{"amount": "50"}, {"amount": "0"}, {"state": "PENDING"}]),
            ["PENDING", "50.00", "3.48", "50.00", "3.48"],
        ),
        (
            json!([{"state": "REVERSED"}, {"state": "PENDING", "amount": "1"}]),
            ["PENDING", "1.00", "3.48", "1.00", "3.48"],
        ),
        (
            json!([{"state": "APPROVED"}]),
            ["APPROVED", "86.99", "3.48", "86.99", "3.48"],
        ),
        (
            json!([{"state": "APPROVED"}, {"state": "REVERSED"}]),
            ["APPROVED", "86.99", "3.48", "86.99", "3.48"],
        ),
        (
            json!([{"at": "2026-06-11T00:00:00Z", "state": "REVERSED"}]),
            ["PENDING", "86.99", "3.48", "86.99", "3.48"],
        ),
    ] {
        changed(&mut sandbox, &changes);
        assert_eq!(standing(&mut sandbox), as_text(expected), "{changes}");
        let action = sandbox.read(ACTION);
        assert_eq!(
            (&action["IntendedAmount"], &action["IntendedPayout"]),
            (&json!("86.99"), &json!("3.48"))
        );
    }
    changed(
        &mut sandbox,
        &json!([{"at": "2026-06-11T00:00:00Z", "state": "REVERSED"}]),
    );
    sandbox.wait_days(1);
    assert_eq!(standing(&mut sandbox)[0], "REVERSED");
    sandbox.wait_days(100);
    assert_eq!(
        standing(&mut sandbox)[0],
        "REVERSED",
        "it does not lock into APPROVED"
    );
    assert_eq!(sandbox.read(ACTION)["ClearedDate"], "");
}

#[test]
fn what_comes_after_locking_has_no_effect() {
    let mut sandbox = Sandbox::documented();
    sandbox.action(TOYS);
    let locking = "2026-06-26T00:00:00-07:00";
    changed(&mut sandbox, &json!([{"at": locking, "state": "REVERSED"}]));
    sandbox.wait_days(30);
    assert_eq!(standing(&mut sandbox)[0], "APPROVED");
    changed(
        &mut sandbox,
        &json!([{"at": "2026-06-25T23:59:59-07:00", "state": "REVERSED"}, {"at": locking, "state": "PENDING"}]),
    );
    assert_eq!(standing(&mut sandbox)[0], "REVERSED");
    changed(
        &mut sandbox,
        &json!([{"at": "2026-06-12T00:00:00Z", "state": "REVERSED"}, {"at": "2026-06-13T00:00:00Z", "state": "PENDING"}]),
    );
    assert_eq!(
        standing(&mut sandbox)[0],
        "APPROVED",
        "a restored action locks as before"
    );
}

#[test]
fn a_zero_amount_reverses_only_what_was_not_zero() {
    let mut sandbox = Sandbox::documented();
    sandbox.action(&simple(&[]));
    changed(&mut sandbox, &json!([{"amount": "0", "payout": "1"}]));
    assert_eq!(standing(&mut sandbox)[..3], ["PENDING", "0.00", "1.00"]);
}

#[test]
fn items_show_why_they_were_adjusted() {
    let mut sandbox = Sandbox::documented();
    sandbox.action(TOYS);
    changed(
        &mut sandbox,
        &json!([{"at": "2026-06-11T00:00:00Z", "state": "REVERSED", "reason": "ITEM_RETURNED"}, {"at": "2026-06-11T00:00:00Z"}]),
    );
    let adjustment = |sandbox: &mut Sandbox| {
        let item = sandbox.read(&format!("{ACTION}/Items/DOLL"));
        (
            item["AdjustmentDate"].clone(),
            item["AdjustmentReason"].clone(),
            item["SaleAmount"].clone(),
        )
    };
    assert_eq!(
        adjustment(&mut sandbox),
        (json!(""), json!(""), json!("6.99"))
    );
    sandbox.wait_days(1);
    assert_eq!(
        adjustment(&mut sandbox),
        (
            json!("2026-06-10T17:00:00-07:00"),
            json!("ITEM_RETURNED"),
            json!("6.99")
        )
    );
}

/// Three actions: of two campaigns, one reversed; and the same sandbox a day after the last.
fn three() -> Sandbox {
    let mut sandbox = Sandbox::conformance();
    sandbox.submit(&simple(&[
        ("OrderId", "first"),
        ("EventDate", "2026-06-10T10:00:00-07:00"),
    ]));
    sandbox.wait_days(1);
    sandbox.submit(&simple(&[
        ("OrderId", "second"),
        ("CampaignId", "10307"),
        ("ActionTrackerId", "19846"),
        ("EventDate", "NOW"),
    ]));
    sandbox.wait_days(1);
    sandbox.submit(&simple(&[
        ("OrderId", "third"),
        ("EventDate", "2026-06-01T00:00:00Z"),
        ("Amount", "5"),
    ]));
    sandbox.wait_days(1);
    let document = sandbox.document();
    let third = document["submissions"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, record)| record["order_id"] == "third")
        .unwrap()
        .0;
    sandbox.patch(
        &json!({"submissions": {third.as_str(): {"action": {"changes": [{"state": "REVERSED"}]}}}}),
    );
    sandbox
}

fn orders(sandbox: &mut Sandbox, path: &str) -> Vec<String> {
    let listed = sandbox.read(path);
    let member = if path.starts_with("/ActionUpdates") {
        "ActionUpdates"
    } else {
        "Actions"
    };
    let rows = listed[member].as_array().unwrap();
    assert_eq!(listed["@total"], rows.len().to_string());
    rows.iter()
        .map(|row| row["Oid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_newest_action_stands_first() {
    assert_eq!(
        orders(&mut three(), "/Actions"),
        ["third", "second", "first"]
    );
    let mut sandbox = Sandbox::documented();
    for order in ["a", "b", "c"] {
        sandbox.submit(&simple(&[("OrderId", order)]));
    }
    sandbox.wait_ms(2_000);
    assert_eq!(
        orders(&mut sandbox, "/Actions"),
        ["c", "b", "a"],
        "of equally old ones the last"
    );
}

#[test]
fn filters_select() {
    let mut sandbox = three();
    for (query, expected) in [
        ("", &["third", "second", "first"][..]),
        ("?CampaignId=10306", &["third", "first"]),
        ("?CampaignId=0010307", &["second"]),
        ("?CampaignId=1", &[]),
        ("?State=PENDING", &["second", "first"]),
        ("?State=REVERSED", &["third"]),
        ("?State=APPROVED", &[]),
        (
            "?StartDate=2026-06-11T00:00:00Z&EndDate=2026-06-12T00:00:00Z",
            &["second"],
        ),
        (
            "?StartDate=2026-06-10T11:00:06-07:00&EndDate=2026-06-11T11:00:06-07:00",
            &["second", "first"],
        ),
        (
            "?StartDate=2026-06-10T11:00:07-07:00&EndDate=2026-06-11T11:00:05-07:00",
            &[],
        ),
        (
            "?StartDate=2026-06-12T00:00:00Z&EndDate=2026-06-11T00:00:00Z",
            &[],
        ),
        (
            "?ActionDateStart=2026-06-10T17:00:00Z",
            &["second", "first"],
        ),
        (
            "?ActionDateEnd=2026-06-10T10:00:00-07:00",
            &["third", "first"],
        ),
        (
            "?ActionDateStart=2026-06-01T00:00:00Z&ActionDateEnd=2026-06-10T16:59:59Z",
            &["third"],
        ),
        (
            "?ActionDateStart=2020-01-01T00:00:00Z&ActionDateEnd=2030-01-01T00:00:00Z",
            &["third", "second", "first"],
        ),
        (
            "?LockingDateStart=2026-06-16T07:00:00Z&LockingDateEnd=2026-06-26T07:00:00Z",
            &["third", "first"],
        ),
        (
            "?LockingDateStart=2026-06-26T07:00:01Z&LockingDateEnd=2026-06-27T07:00:00Z",
            &["second"],
        ),
        (
            "?CampaignId=10306&State=PENDING&Unknown=x&startdate=x",
            &["first"],
        ),
        (
            "?StartDate=2026-06-11T00:00:00%2B02:00&EndDate=2026-06-12T00:00:00%2B02:00",
            &["second"],
        ),
    ] {
        assert_eq!(
            orders(&mut sandbox, &format!("/Actions{query}")),
            expected,
            "{query}"
        );
    }
}

#[test]
fn without_dates_a_week_is_listed() {
    let mut sandbox = Sandbox::conformance();
    sandbox.action(TOYS);
    sandbox.wait_days(7);
    assert_eq!(orders(&mut sandbox, "/Actions"), ["ORD-1"]);
    assert_eq!(orders(&mut sandbox, "/ActionUpdates"), ["ORD-1"]);
    sandbox.wait_ms(1);
    assert_eq!(orders(&mut sandbox, "/Actions"), [""; 0]);
    assert_eq!(
        orders(&mut sandbox, "/Actions?State=PENDING&CampaignId=10306"),
        [""; 0]
    );
    let around = "2026-06-10T00:00:00Z&ActionDateEnd=2026-06-12T00:00:00Z";
    assert_eq!(
        orders(&mut sandbox, &format!("/Actions?ActionDateStart={around}")),
        ["ORD-1"]
    );
    assert_eq!(
        orders(
            &mut sandbox,
            &format!("/ActionUpdates?ActionDateStart={around}")
        ),
        ["ORD-1"]
    );
    let locking = "LockingDateStart=2026-06-01T00:00:00Z&LockingDateEnd=2026-07-01T00:00:00Z";
    assert_eq!(
        orders(&mut sandbox, &format!("/Actions?{locking}")),
        ["ORD-1"]
    );
    assert_eq!(
        orders(
            &mut sandbox,
            "/Actions?StartDate=2026-06-10T00:00:00Z&EndDate=2026-06-12T00:00:00Z"
        ),
        ["ORD-1"]
    );
}

#[test]
fn approval_is_no_update_but_a_modification_is() {
    let mut sandbox = Sandbox::conformance();
    sandbox.action(TOYS);
    sandbox.wait_days(20);
    assert_eq!(sandbox.read(ACTION)["State"], "APPROVED");
    assert_eq!(
        orders(&mut sandbox, "/Actions"),
        [""; 0],
        "it was approved four days ago, and last updated before"
    );
    let lately = "?StartDate=2026-06-20T00:00:00Z&EndDate=2026-07-10T00:00:00Z";
    assert_eq!(orders(&mut sandbox, &format!("/Actions{lately}")), [""; 0]);
    changed(
        &mut sandbox,
        &json!([{"at": "2026-06-25T00:00:00Z", "amount": "50"}]),
    );
    assert_eq!(
        orders(&mut sandbox, &format!("/Actions{lately}")),
        ["ORD-1"]
    );
    changed(
        &mut sandbox,
        &json!([{"at": "2026-06-25T00:00:00Z", "state": "APPROVED"}]),
    );
    assert_eq!(orders(&mut sandbox, &format!("/Actions{lately}")), [""; 0]);
}

/// That a query is refused by a rule, and its answer names the field.
fn refused(path: &str, rule: &str, field: &str) {
    let mut sandbox = Sandbox::conformance();
    let outcome = sandbox.send(&Sent::get(path));
    let body: Value = serde_json::from_slice(outcome.answer.body()).unwrap();
    assert_eq!(
        (outcome.answer.status().as_u16(), first(&outcome)),
        (400, Some(rule)),
        "{path}"
    );
    assert_eq!(
        (&body["Message"], &body["Errors"][0]["Field"]),
        (&json!("Validation Failed"), &json!(field)),
        "{path}"
    );
}

#[test]
fn bad_queries_are_refused() {
    let (day, later) = ("2026-06-01T00:00:00Z", "2026-06-05T00:00:00Z");
    for list in ["/Actions", "/ActionUpdates"] {
        for campaign in ["x", "", "-1", "1.5", "12345678901234567"] {
            refused(
                &format!("{list}?CampaignId={campaign}"),
                "impact.actions.campaign_integer",
                "CampaignId",
            );
        }
        for state in ["x", "", "pending", "PENDING%20"] {
            refused(
                &format!("{list}?State={state}"),
                "impact.actions.state_known",
                "State",
            );
        }
        for field in [
            "StartDate",
            "EndDate",
            "ActionDateStart",
            "ActionDateEnd",
            "LockingDateStart",
            "LockingDateEnd",
        ] {
            for date in [
                "2026-06-01",
                "NOW",
                "2026-06-01T00:00:00",
                "06/01/2026",
                "",
                "2026-06-01T00:00:00+02:00",
            ] {
                refused(
                    &format!("{list}?{field}={date}"),
                    "impact.actions.date_syntax",
                    field,
                );
            }
        }
        refused(
            &format!("{list}?StartDate={day}"),
            "impact.actions.dates_together",
            "EndDate",
        );
        refused(
            &format!("{list}?EndDate={day}"),
            "impact.actions.dates_together",
            "StartDate",
        );
        refused(
            &format!("{list}?LockingDateStart={day}"),
            "impact.actions.locking_dates_together",
            "LockingDateEnd",
        );
        refused(
            &format!("{list}?LockingDateEnd={day}"),
            "impact.actions.locking_dates_together",
            "LockingDateStart",
        );
        let far = "2026-07-16T00:00:01Z";
        refused(
            &format!("{list}?StartDate={day}&EndDate={far}"),
            "impact.actions.dates_span",
            "StartDate",
        );
        refused(
            &format!("{list}?LockingDateStart={day}&LockingDateEnd={far}"),
            "impact.actions.locking_dates_span",
            "LockingDateStart",
        );
        let old = "StartDate=2023-06-10T11:00:03-07:00&EndDate=2023-06-11T00:00:00Z";
        refused(
            &format!("{list}?{old}"),
            "impact.actions.three_years",
            "StartDate",
        );
        for page in ["0", "x", "", "-1", "1.0"] {
            refused(
                &format!("{list}?Page={page}"),
                "impact.pages.page_number",
                "Page",
            );
        }
        for size in ["x", "", "-1"] {
            refused(
                &format!("{list}?PageSize={size}"),
                "impact.pages.size_number",
                "PageSize",
            );
        }
        let mut sandbox = Sandbox::conformance();
        for query in [
            format!("StartDate={day}&EndDate=2026-07-16T00:00:00Z"),
            "StartDate=2023-06-10T11:00:04-07:00&EndDate=2023-06-11T00:00:00Z".to_owned(),
            format!(
                "LockingDateStart=2000-01-01T00:00:00Z&LockingDateEnd=2000-02-15T00:00:00Z&StartDate={day}&EndDate={later}"
            ),
        ] {
            assert_eq!(
                sandbox.refuses(&Sent::get(&format!("{list}?{query}"))),
                None,
                "{query}"
            );
        }
    }
    refused(
        &format!("/ActionUpdates?ActionDateStart={day}"),
        "impact.updates.action_dates_together",
        "ActionDateEnd",
    );
    refused(
        &format!("/ActionUpdates?ActionDateEnd={day}"),
        "impact.updates.action_dates_together",
        "ActionDateStart",
    );
    let far = format!("ActionDateStart={day}&ActionDateEnd=2026-07-16T00:00:01Z");
    refused(
        &format!("/ActionUpdates?{far}"),
        "impact.updates.action_dates_span",
        "ActionDateStart",
    );
    assert_eq!(
        Sandbox::conformance().refuses(&Sent::get(&format!("/Actions?{far}"))),
        None
    );
}

/// A sandbox with so many actions, and with small pages.
fn paged(actions: usize, smallest: u64) -> Sandbox {
    let mut sandbox = Sandbox::changed(
        &json!({"settings": {"pages": {"size": 5, "smallest": smallest, "most": 10}}}),
    );
    for number in 1..=actions {
        sandbox.submit(&simple(&[("OrderId", &number.to_string())]));
    }
    sandbox.wait_ms(2_000);
    sandbox
}

fn frame(list: &Value) -> [&str; 11] {
    [
        "@page",
        "@numpages",
        "@pagesize",
        "@total",
        "@start",
        "@end",
        "@uri",
        "@firstpageuri",
        "@previouspageuri",
        "@nextpageuri",
        "@lastpageuri",
    ]
    .map(|name| list[name].as_str().unwrap())
}

#[test]
fn a_list_is_paged() {
    let mut sandbox = paged(5, 2);
    let at = |query: &str| format!("/Mediapartners/{}/Actions{query}", OWNER.0);
    let (first, second, third) = (
        at("?CampaignId=10306&x=%20y&PageSize=2&Page=1"),
        at("?CampaignId=10306&x=%20y&PageSize=2&Page=2"),
        at("?CampaignId=10306&x=%20y&PageSize=2&Page=3"),
    );
    let asked = at("?CampaignId=10306&PageSize=2&x=%20y");
    let list = sandbox.read("/Actions?CampaignId=10306&PageSize=2&x=%20y");
    assert_eq!(
        frame(&list),
        [
            "1", "3", "2", "5", "0", "1", &asked, &first, "", &second, &third
        ]
    );
    let mut seen = Vec::new();
    let mut next = asked;
    for (page, start, end) in [("1", "0", "1"), ("2", "2", "3"), ("3", "4", "4")] {
        let (status, list) = sandbox.get(&{
            let (path, query) = next.split_once('?').unwrap();
            let mut call = Sent::get("").at(path);
            call.query = Some(query.to_owned());
            call
        });
        assert_eq!(status, 200);
        assert_eq!(
            [&list["@page"], &list["@start"], &list["@end"]],
            [page, start, end]
        );
        seen.extend(
            list["Actions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["Oid"].as_str().unwrap().to_owned()),
        );
        next = list["@nextpageuri"].as_str().unwrap().to_owned();
    }
    assert_eq!(
        (next.as_str(), &seen[..]),
        ("", &["5", "4", "3", "2", "1"].map(str::to_owned)[..])
    );
    let beyond = sandbox.read("/Actions?CampaignId=10306&x=%20y&PageSize=2&Page=9");
    assert_eq!(frame(&beyond)[..6], ["9", "3", "2", "5", "0", "0"]);
    assert_eq!(frame(&beyond)[8..], [third.as_str(), "", &third]);
    assert_eq!(beyond["Actions"], json!([]));
}

#[test]
fn an_empty_list_has_no_pages() {
    let list = Sandbox::documented().read("/Actions");
    let (uri, first) = (
        format!("/Mediapartners/{}/Actions", OWNER.0),
        format!("/Mediapartners/{}/Actions?PageSize=20000&Page=1", OWNER.0),
    );
    assert_eq!(
        frame(&list),
        [
            "1", "0", "20000", "0", "0", "0", &uri, &first, "", "", &first
        ]
    );
    assert_eq!(list["Actions"], json!([]));
}

#[test]
fn page_sizes_have_bounds() {
    let mut sandbox = Sandbox::documented();
    for (asked, size) in [
        ("1", "2000"),
        ("0", "2000"),
        ("1999", "2000"),
        ("2000", "2000"),
        ("2001", "2001"),
        ("20000", "20000"),
        ("20001", "20000"),
        ("9999999999999999", "20000"),
    ] {
        for list in ["/Actions", "/ActionUpdates"] {
            assert_eq!(
                sandbox.read(&format!("{list}?PageSize={asked}"))["@pagesize"],
                size
            );
        }
    }
}

#[test]
fn a_list_has_at_most_ten_pages() {
    let mut sandbox = paged(11, 1);
    let (status, body) = sandbox.get(&Sent::get("/Actions?PageSize=1"));
    assert_eq!(
        (status, &body["Errors"][0]["Field"]),
        (400, &json!("PageSize"))
    );
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions?PageSize=1&Page=2")),
        Some("impact.pages.at_most_ten")
    );
    assert_eq!(
        sandbox.refuses(&Sent::get("/ActionUpdates?PageSize=1")),
        Some("impact.pages.at_most_ten")
    );
    assert_eq!(sandbox.refuses(&Sent::get("/Actions?PageSize=2")), None);
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions?PageSize=1&CampaignId=1")),
        None
    );
}

#[test]
fn items_are_paged_too() {
    let mut sandbox = paged(0, 2);
    let form = (1..=7).fold(simple(&[]), |form, n| format!("{form}&ItemSku{n}=S{n}"));
    sandbox.submit(&form);
    sandbox.wait_ms(2_000);
    let list = sandbox.read(&format!("{ACTION}/Items?PageSize=3&Page=3"));
    assert_eq!(frame(&list)[..6], ["3", "3", "3", "7", "6", "6"]);
    assert_eq!(list["ActionItems"][0]["Sku"], "S7");
    assert_eq!(frame(&list)[9], "");
}
