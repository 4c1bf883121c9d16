//! Page "Conversions": what is required, what is refused, what is ignored with a warning.

use super::*;

/// The errors of a refused form: the fields, and the rules.
fn errors(sandbox: &mut Sandbox, form: &str) -> (Vec<String>, Vec<&'static str>) {
    let outcome = sandbox.send(&Sent::form(form));
    assert_eq!(outcome.answer.status(), 400, "{form}");
    let body: Value = serde_json::from_slice(outcome.answer.body()).unwrap();
    let fields = body["errors"].as_array().unwrap().iter();
    let fields = fields
        .map(|error| error["field"].as_str().unwrap().to_owned())
        .collect();
    (
        fields,
        outcome
            .refused_by
            .iter()
            .map(|rule| rule.as_str())
            .collect(),
    )
}

/// The warnings of a queued form.
fn warnings(sandbox: &mut Sandbox, form: &str) -> Vec<(String, String)> {
    let (status, body) = sandbox.get(&Sent::form(form));
    assert_eq!(status, 200, "{form}: {body}");
    let Some(warnings) = body.get("warnings") else {
        return Vec::new();
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    warnings
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| (text(&warning["field"]), text(&warning["message"])))
        .collect()
}

/// That a value is refused by one rule which names the field.
fn refused(field: &str, value: &str, rule: &'static str) {
    let mut sandbox = Sandbox::conformance();
    let found = errors(&mut sandbox, &simple(&[(field, value)]));
    assert_eq!(
        found,
        (vec![field.to_owned()], vec![rule]),
        "{field}={value}"
    );
}

/// That a value is accepted without a warning.
fn accepted(field: &str, value: &str) {
    let mut sandbox = Sandbox::conformance();
    assert_eq!(
        warnings(&mut sandbox, &simple(&[(field, value)])),
        [],
        "{field}={value}"
    );
}

/// That a value is ignored with a warning.
fn ignored(field: &str, value: &str, message: &str) {
    let mut sandbox = Sandbox::conformance();
    let found = warnings(&mut sandbox, &simple(&[(field, value)]));
    assert_eq!(
        found,
        [(field.to_owned(), message.to_owned())],
        "{field}={value}"
    );
}

#[test]
fn required_fields_are_required() {
    let mut sandbox = Sandbox::conformance();
    for (field, rule) in [
        (
            "ActionTrackerId",
            "impact.conversions.action_tracker_required",
        ),
        ("CampaignId", "impact.conversions.campaign_required"),
        ("EventDate", "impact.conversions.event_date_required"),
        ("MediaPartnerId", "impact.conversions.partner_required"),
        ("OrderId", "impact.conversions.order_id_required"),
    ] {
        for form in [
            toys(&[(field, None)]),
            toys(&[(field, Some(""))]),
            toys(&[(field, Some(" \t\u{a0}"))]),
        ] {
            let (status, body) = sandbox.get(&Sent::form(&form));
            let error = json!({"field": field, "level": "ERROR", "message": format!("{field} is required.")});
            assert_eq!(
                (status, body),
                (400, json!({"Status": "ERROR", "errors": [error]}))
            );
            assert_eq!(errors(&mut sandbox, &form).1, [rule]);
        }
    }
    assert_eq!(
        sandbox.document()["submissions"],
        json!({}),
        "nothing was queued"
    );
}

#[test]
fn ids_are_integers() {
    for (field, rule) in [
        (
            "ActionTrackerId",
            "impact.conversions.action_tracker_integer",
        ),
        ("CampaignId", "impact.conversions.campaign_integer"),
        ("MediaPartnerId", "impact.conversions.partner_integer"),
    ] {
        for value in [
            "x",
            "-1",
            "+1",
            "1.0",
            "12345678901234567",
            " 1",
            "1 ",
            "\u{661}",
            "1e3",
        ] {
            refused(field, value, rule);
        }
    }
    let mut sandbox = Sandbox::conformance();
    let form = toys(&[("MediaPartnerId", None), ("MediaId", Some("x"))]);
    assert_eq!(
        errors(&mut sandbox, &form),
        (
            vec!["MediaId".to_owned()],
            vec!["impact.conversions.partner_integer"]
        )
    );
    accepted("ActionTrackerId", "9999999999999999");
    accepted("CampaignId", "0000000000010306");
}

#[test]
fn media_id_stands_in_for_media_partner_id() {
    let mut sandbox = Sandbox::conformance();
    let path = sandbox.submit(&toys(&[
        ("MediaPartnerId", None),
        ("MediaId", Some("1924609")),
    ]));
    assert_eq!(sandbox.read(&path)["MediaPartnerId"], "1924609");
    let both = toys(&[("MediaId", Some("no number"))]);
    assert_eq!(
        warnings(&mut sandbox, &both),
        [],
        "it is not looked at beside MediaPartnerId"
    );
}

#[test]
fn event_dates_are_now_or_iso_8601() {
    for value in [
        "2026-06-10",
        "2026-06-10T10:15:30",
        "now",
        "Now",
        "NOW ",
        "2026-06-10 10:15:30Z",
        "06/10/2026",
        "1780000000",
        "2026-06-10t10:15:30z",
        "2026-02-30T10:15:30Z",
    ] {
        refused("EventDate", value, "impact.conversions.event_date_syntax");
    }
    for value in [
        "NOW",
        "2023-02-15T22:55:32-08:00",
        "2026-06-10T10:15:30Z",
        "2026-06-10T10:15:30.123Z",
        "2090-01-01T00:00:00Z",
    ] {
        accepted("EventDate", value);
    }
}

#[test]
fn now_is_the_time_of_receipt() {
    let mut sandbox = Sandbox::conformance();
    let action = sandbox.action(&simple(&[("EventDate", "NOW")]));
    assert_eq!(action["EventDate"], "2026-06-10T11:00:04-07:00");
}

#[test]
fn late_events_are_dated_to_the_submission() {
    let of = |date: &str| {
        let action = Sandbox::conformance().action(&simple(&[("EventDate", date)]));
        (
            action["EventDate"].as_str().unwrap().to_owned(),
            action["LockingDate"].as_str().unwrap().to_owned(),
        )
    };
    let received = (
        "2026-06-10T11:00:04-07:00".to_owned(),
        "2026-06-26T00:00:00-07:00".to_owned(),
    );
    assert_eq!(of("2024-06-10T11:00:04-07:00"), received);
    assert_eq!(of("2026-03-14T11:00:03-07:00"), received);
    let oldest = "2026-03-14T11:00:04-07:00";
    assert_eq!(of(oldest), (oldest.to_owned(), received.1));
}

#[test]
fn order_ids_have_at_most_255_characters() {
    accepted("OrderId", &"é".repeat(255));
    refused(
        "OrderId",
        &"x".repeat(256),
        "impact.conversions.order_id_length",
    );
}

#[test]
fn amounts_are_plain_and_not_negative() {
    for value in ["-1", "-0.01", "-156.11"] {
        refused("Amount", value, "impact.conversions.amount_negative");
    }
    for value in [
        "x",
        "1e3",
        "1,000",
        "$5",
        ".5",
        "5.",
        "100000000000000",
        "1 ",
        "0x1",
        "NaN",
        "-",
    ] {
        refused("Amount", value, "impact.conversions.amount_syntax");
    }
    for value in [
        "0",
        "-0.00",
        "156.11",
        "+5",
        "99999999999999.99",
        "0.30000000000000004",
        "00000000000000000001",
    ] {
        accepted("Amount", value);
    }
    let mut sandbox = Sandbox::conformance();
    let unused = format!("{TOYS}&Amount=-5");
    assert_eq!(
        errors(&mut sandbox, &unused).1,
        ["impact.conversions.amount_negative"],
        "also where items decide"
    );
}

#[test]
fn currencies_are_codes_of_iso_4217() {
    for value in ["usd", "US", "XYZ", "840", "USD ", "U$D"] {
        refused("CurrencyCode", value, "impact.conversions.currency_code");
    }
    accepted("CurrencyCode", "JPY");
}

#[test]
fn numbers_of_items_are_checked() {
    for field in [
        "ItemPrice1",
        "ItemSubTotal1",
        "ItemDiscount1",
        "ItemTotalDiscount2",
    ] {
        refused(field, "-0.01", "impact.items.amount_negative");
        refused(field, "x", "impact.items.amount_syntax");
        refused(field, "100000000000000", "impact.items.amount_syntax");
        accepted(field, "0");
    }
    for value in ["-1", "100.01", "x", "1e1"] {
        refused("ItemDiscountRate1", value, "impact.items.discount_rate");
    }
    accepted("ItemDiscountRate1", "100");
    accepted("ItemDiscountRate1", "10.0");
    for value in ["0", "-1", "1.5", "x", "12345678901234567"] {
        refused("ItemQuantity9999", value, "impact.items.quantity");
    }
    accepted("ItemQuantity9999", "0001");
    let mut sandbox = Sandbox::conformance();
    let form = simple(&[("ItemPrice3", "99999999999999"), ("ItemQuantity3", "2")]);
    assert_eq!(
        errors(&mut sandbox, &form),
        (
            vec!["ItemQuantity3".to_owned()],
            vec!["impact.items.line_size"]
        )
    );
}

#[test]
fn every_broken_field_is_named_in_the_order_of_the_reference() {
    let mut sandbox = Sandbox::conformance();
    let form = "ItemQuantity2=0&ItemQuantity1=x&ItemPrice1=-1&CurrencyCode=x&Amount=-1&CampaignId=x&CardBin=1&EventDate=x";
    let (fields, rules) = errors(&mut sandbox, form);
    assert_eq!(
        fields,
        [
            "ActionTrackerId",
            "CampaignId",
            "EventDate",
            "MediaPartnerId",
            "OrderId",
            "Amount",
            "CurrencyCode",
            "ItemPrice1",
            "ItemQuantity1",
            "ItemQuantity2"
        ]
    );
    assert_eq!(
        rules,
        [
            "impact.conversions.action_tracker_required",
            "impact.conversions.campaign_integer",
            "impact.conversions.event_date_syntax",
            "impact.conversions.partner_required",
            "impact.conversions.order_id_required",
            "impact.conversions.amount_negative",
            "impact.conversions.currency_code",
            "impact.items.amount_negative",
            "impact.items.quantity",
            "impact.items.quantity",
        ]
    );
    assert_eq!(sandbox.document()["submissions"], json!({}));
}

/// The text fields of the reference, one of each family.
const TEXTS: [&str; 22] = [
    "CustomerCity",
    "CustomerCountry",
    "CustomerPostCode",
    "CustomerStatus",
    "DeviceMfr",
    "DeviceModel",
    "ItemBrand1",
    "ItemCategory1",
    "ItemDeliveryType1",
    "ItemMpn1",
    "ItemName1",
    "ItemPromoCode1",
    "ItemSku1",
    "ItemSubCategory1",
    "LocationId",
    "LocationName",
    "Note",
    "SharedId",
    "SubId1",
    "SubId3",
    "Text1",
    "Text50",
];

#[test]
fn texts_have_at_most_255_characters() {
    for field in TEXTS.into_iter().chain(["UserAgent"]) {
        accepted(field, &"é".repeat(255));
        ignored(
            field,
            &"é".repeat(256),
            &format!("{field} ignored: must be a text of at most 255 characters."),
        );
    }
}

#[test]
fn card_fields_have_exactly_so_many_digits() {
    for value in ["411111", "41111111", "000000"] {
        accepted("CardBin", value);
    }
    for value in [
        "4111",
        "4111111",
        "411111111",
        "41111x",
        " 411111",
        "411111 ",
        "\u{661}\u{661}\u{661}",
    ] {
        ignored(
            "CardBin",
            value,
            "CardBin ignored: must be exactly 6 or 8 digits.",
        );
    }
    accepted("CardLastFour", "1234");
    for value in ["123", "12345", "12x4", "-123"] {
        ignored(
            "CardLastFour",
            value,
            "CardLastFour ignored: must be exactly 4 digits.",
        );
    }
}

#[test]
fn conversion_types_are_clo_or_nothing() {
    for value in ["CLO", "clo", "cLo", "", "   "] {
        accepted("ConversionType", value);
    }
    for value in ["partner", "CLO ", "card"] {
        ignored(
            "ConversionType",
            value,
            "ConversionType not recognized: defaulted to partner.",
        );
    }
}

#[test]
fn payout_amounts_are_decimals() {
    for value in ["12.5", "0", "99999999999999"] {
        accepted("PayoutAmount", value);
    }
    for value in ["-1", "x", "1e3", "100000000000000"] {
        ignored(
            "PayoutAmount",
            value,
            "PayoutAmount ignored: must be a non-negative decimal.",
        );
    }
}

#[test]
fn reporting_fields_are_checked_and_ignored() {
    for field in ["Date1", "Date15"] {
        accepted(field, "2026-09-10T22:55:32-08:00");
        for value in ["NOW", "2026-09-10", "x"] {
            ignored(
                field,
                value,
                &format!("{field} ignored: must be an ISO 8601 timestamp."),
            );
        }
    }
    for field in ["Money1", "Money3", "Numeric1", "Numeric10"] {
        for value in ["173.11", "-15.6", "9999999999999999.99", "0"] {
            accepted(field, value);
        }
        for value in ["1.234", "10000000000000000", "x", "1e2"] {
            ignored(
                field,
                value,
                &format!("{field} ignored: must be a decimal of at most 16 digits and 2 decimals."),
            );
        }
    }
    for value in ["72.194.216.61", "::1", "2001:db8::8a2e:370:7334"] {
        accepted("IpAddress", value);
    }
    for value in [
        "72.194.216",
        "72.194.216.256",
        "localhost",
        "::1%eth0",
        "072.1.1.1",
    ] {
        ignored(
            "IpAddress",
            value,
            "IpAddress ignored: must be an IPv4 or IPv6 address.",
        );
    }
}

#[test]
fn warnings_come_in_the_order_of_the_reference_and_block_nothing() {
    let mut sandbox = Sandbox::conformance();
    let long = "x".repeat(256);
    let form = simple(&[
        ("Text2", &long),
        ("CardBin", "1"),
        ("Date3", "x"),
        ("ItemSku2", &long),
        ("ItemSku1", &long),
        ("Amount", "5"),
    ]);
    let fields: Vec<String> = warnings(&mut sandbox, &form)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(
        fields,
        ["CardBin", "Date3", "ItemSku1", "ItemSku2", "Text2"]
    );
    assert_eq!(
        sandbox.document()["submissions"].as_object().unwrap().len(),
        1
    );
}

#[test]
fn ignored_values_are_not_used() {
    let long = "x".repeat(256);
    let action = Sandbox::conformance().action(&simple(&[
        ("SubId1", &long),
        ("CustomerCity", &long),
        ("Amount", "5"),
    ]));
    assert_eq!(
        (&action["SubId1"], &action["CustomerCity"]),
        (&json!(""), &json!(""))
    );
    let form = simple(&[
        ("ConversionType", "CLO"),
        ("PayoutAmount", "-1"),
        ("Amount", "100"),
    ]);
    assert_eq!(Sandbox::conformance().action(&form)["Payout"], "4.00");
}

#[test]
fn unknown_parameters_are_ignored_but_kept() {
    let mut sandbox = Sandbox::conformance();
    let form = format!(
        "{TOYS}&ClickId=1&CustomerEmail=x&amount=-5&ItemPrice=-1&Date16=x&Text051=x&ItemSku0=x&EventTypeCode=x&%5B=1"
    );
    assert_eq!(warnings(&mut sandbox, &form), []);
    let mut sandbox = Sandbox::conformance();
    let (record, action) = sandbox.complete(&form);
    assert_eq!(
        (record["Payload"].as_str(), &action.unwrap()["Amount"]),
        (Some(form.as_str()), &json!("86.99"))
    );
}

#[test]
fn fields_in_the_query_are_ignored() {
    let mut sandbox = Sandbox::conformance();
    let mut call = Sent::form(TOYS);
    call.query = Some("OrderId=other&Amount=-1&CampaignId=x".to_owned());
    assert_eq!(sandbox.refuses(&call), None);
    call.body = Ok(Vec::new());
    call.query = Some(TOYS.to_owned());
    assert_eq!(
        sandbox.refuses(&call),
        Some("impact.conversions.action_tracker_required")
    );
}

#[test]
fn the_first_of_repeated_parameters_counts() {
    let mut sandbox = Sandbox::conformance();
    let path = sandbox.submit(&format!("{TOYS}&OrderId=second&Amount=1&Amount=-1"));
    assert_eq!(sandbox.read(&path)["OrderId"], "ORD-1");
    let form = format!("OrderId=&{TOYS}");
    assert_eq!(
        errors(&mut sandbox, &form).1,
        ["impact.conversions.order_id_required"],
        "even if it is blank"
    );
}

#[test]
fn values_are_not_trimmed() {
    let action = Sandbox::conformance().action(&simple(&[
        ("OrderId", " A "),
        ("SubId1", " b\t"),
        ("SharedId", " "),
    ]));
    assert_eq!(
        (&action["Oid"], &action["SubId1"], &action["SharedId"]),
        (&json!(" A "), &json!(" b\t"), &json!(""))
    );
}

#[test]
fn every_call_is_a_submission_of_its_own() {
    let mut sandbox = Sandbox::conformance();
    let (one, other) = (sandbox.submit(TOYS), sandbox.submit(TOYS));
    assert_ne!(one, other);
    assert_eq!(
        (
            &sandbox.read(&one)["OrderId"],
            &sandbox.read(&other)["OrderId"]
        ),
        (&json!("ORD-1"), &json!("ORD-1"))
    );
}

#[test]
fn the_account_gives_the_currency() {
    let action = Sandbox::conformance().action(&toys(&[("CurrencyCode", None)]));
    assert_eq!(action["Currency"], "USD");
    let mut sandbox = Sandbox::changed(&json!({"accounts": {"1924609": {"currency": "CHF"}}}));
    assert_eq!(
        sandbox.action(&toys(&[("CurrencyCode", None)]))["Currency"],
        "CHF"
    );
}

#[test]
fn amounts_are_converted_at_the_rate_of_the_account() {
    let rates = json!({"accounts": {"1924609": {"rates": {"EUR": "1.0825", "USD": "9"}}}});
    let form = toys(&[
        ("CurrencyCode", Some("EUR")),
        ("ItemTotalDiscount1", Some("5")),
    ]);
    let mut sandbox = Sandbox::changed(&rates);
    let action = sandbox.action(&form);
    // 75 x 1.0825 = 81.1875, 6.99 x 1.0825 = 7.566675
    assert_eq!(
        (&action["Currency"], &action["Amount"], &action["Payout"]),
        (&json!("USD"), &json!("88.76"), &json!("3.55"))
    );
    let items = sandbox.read("/Actions/10306.4636.158133/Items")["ActionItems"].clone();
    assert_eq!(
        (
            &items[0]["SaleAmount"],
            &items[0]["Rebate"],
            &items[0]["RebateCurrency"]
        ),
        (&json!("81.19"), &json!("5.41"), &json!("USD"))
    );
    let clo = [
        ("CurrencyCode", "EUR"),
        ("ConversionType", "CLO"),
        ("PayoutAmount", "10"),
        ("Amount", "100"),
    ];
    let action = Sandbox::changed(&rates).action(&simple(&clo));
    assert_eq!(
        (&action["Amount"], &action["Payout"]),
        (&json!("108.25"), &json!("10.83"))
    );
    let as_sent = Sandbox::changed(&rates).action(&toys(&[("CurrencyCode", Some("JPY"))]));
    assert_eq!(
        (&as_sent["Currency"], &as_sent["Amount"]),
        (&json!("JPY"), &json!("86.99"))
    );
    let own = Sandbox::changed(&rates).action(TOYS);
    assert_eq!(
        (&own["Currency"], &own["Amount"]),
        (&json!("USD"), &json!("86.99"))
    );
}

#[test]
fn the_43_entries_together_are_accepted() {
    let date = "2026-09-10T22:55:32-08:00";
    let fixed = [
        ("Amount", "156.11"),
        ("CardBin", "411111"),
        ("CardLastFour", "1234"),
        ("ConversionType", "CLO"),
        ("CurrencyCode", "USD"),
        ("IpAddress", "72.194.216.61"),
        ("ItemDiscount1", "1"),
        ("ItemDiscountRate1", "10.0"),
        ("ItemPrice1", "20"),
        ("ItemQuantity1", "2"),
        ("ItemSubTotal1", "40"),
        ("ItemTotalDiscount1", "1"),
        ("PayoutAmount", "12.5"),
        ("MediaId", "1924609"),
        ("UserAgent", "Mozilla/5.0"),
    ];
    let families: Vec<(String, &str)> = (1..=15)
        .map(|n| (format!("Date{n}"), date))
        .chain((1..=3).map(|n| (format!("Money{n}"), "173.11")))
        .chain((1..=10).map(|n| (format!("Numeric{n}"), "15.6")))
        .chain((1..=3).map(|n| (format!("SubId{n}"), "p_capi_1001")))
        .chain((1..=50).map(|n| (format!("Text{n}"), "value")))
        .collect();
    let families = families.iter().map(|(name, value)| (name.as_str(), *value));
    let texts = TEXTS
        .into_iter()
        .filter(|name| !name.starts_with("Text") && !name.starts_with("SubId"))
        .map(|name| (name, "a text"));
    let all: Vec<(&str, &str)> = fixed.into_iter().chain(texts).chain(families).collect();
    let mut sandbox = Sandbox::conformance();
    assert_eq!(warnings(&mut sandbox, &simple(&all)), []);
}
