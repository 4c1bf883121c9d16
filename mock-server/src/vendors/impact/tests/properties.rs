//! What holds whatever is sent, the order of checks, and the feed of conversions.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn the_first_check_in_order_answers(broken in proptest::collection::vec(any::<bool>(), 13)) {
        const RULES: [&str; 13] = [
            "impact.requests.one_host",
            "impact.auth.credentials_known",
            "impact.auth.sid_of_the_path",
            "impact.requests.unknown_path",
            "impact.requests.method",
            "impact.requests.method_override",
            "impact.auth.read_only_token",
            "impact.versions.known",
            "impact.limits.exceeded",
            "impact.requests.media_type",
            "impact.requests.body_limit",
            "impact.auth.own_partner",
            "impact.conversions.order_id_required",
        ];
        let who = if broken[6] { READER } else { OWNER };
        let mut form = toys(&[("OrderId", (!broken[12]).then_some("1")), ("MediaPartnerId", Some(if broken[11] { "1" } else { "1924609" }))]);
        if broken[5] && !broken[9] { form += "&_method=PUT"; }
        let mut call = Sent::form(&form).by(if broken[1] { (who.0, "wrong") } else { who });
        if broken[0] { call.headers.remove(HOST); }
        let below = if broken[3] { "/Nothing" } else { "/PartnerConversions" };
        call = call.at(&format!("/Mediapartners/{}{below}", if broken[2] { "IRother" } else { who.0 }));
        if broken[4] { call.method = Method::PUT; }
        if broken[7] { call.headers.insert("ir-version", HeaderValue::from_static("1")); }
        if broken[9] { call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain")); }
        if broken[10] && !broken[5] { call.body = Err(Body::TooLong); }
        let limits = if broken[8] { json!({"other": 0}) } else { json!({}) };
        let mut sandbox = Sandbox::changed(&json!({"settings": {"rate_limits": limits}}));
        let applies = |position: usize| match position {
            // An unknown path has no method, and what the body says is not read if it is no form.
            5 => broken[5] && !broken[9],
            10 => broken[10] && !broken[5],
            position => broken[position],
        };
        let expected = (0..RULES.len()).find(|position| applies(*position)).map(|position| RULES[position]);
        prop_assert_eq!(first(&sandbox.send(&call)), expected);
    }

    #[test]
    fn whatever_is_sent_is_answered(calls in proptest::collection::vec((any_call(), 0_i64..3_000), 1..12)) {
        let mut sandbox = Sandbox::conformance();
        let mut again = Sandbox::conformance();
        let mut folded = Sandbox::conformance();
        for (call, wait) in calls {
            sandbox.wait_ms(wait);
            again.now = sandbox.now;
            let outcome = sandbox.send(&call);
            prop_assert!(outcome.answer.status().as_u16() < 500);
            prop_assert_eq!(shown(&outcome.answer), shown(&again.send(&call).answer), "the same calls, the same bytes");
            for event in &outcome.events {
                Impact::apply(&mut folded.state, event);
            }
        }
        let document = sandbox.document();
        prop_assert_eq!(&folded.document(), &document, "the state is the fold of its events");
        prop_assert_eq!(Sandbox::new(json!({"impact": document})).document(), document);
    }

    #[test]
    fn whatever_the_form_says_it_is_queued_or_refused_in_its_own_words(form in any_form()) {
        let mut sandbox = Sandbox::conformance();
        let outcome = sandbox.send(&Sent::form("").body_of(form.clone()));
        let expected = if outcome.refused_by.is_empty() { vec![200] } else { vec![400, 403, 405] };
        prop_assert!(expected.contains(&outcome.answer.status().as_u16()));
        if let [Event::Submitted { batch, .. }] = &outcome.events[..] {
            let id = crate::vendors::impact::submissions::batch_id(*batch);
            for _ in 0..3 {
                let record = sandbox.read(&format!("/APISubmissions/{id}"));
                prop_assert_eq!(&record["Payload"], &json!(String::from_utf8_lossy(&form)));
                sandbox.send(&Sent::get(&format!("/APISubmissions/{id}")).in_xml());
                sandbox.send(&Sent::get("/Actions").in_xml());
                sandbox.send(&Sent::get("/ActionUpdates").in_xml());
                sandbox.send(&Sent::get("/Actions/10306.4636.158133/Items").in_xml());
                sandbox.wait_ms(1_000);
            }
        }
    }

    #[test]
    fn an_order_is_the_sum_of_its_lines(lines in proptest::collection::vec((0_u64..10_000_000, 1_u64..50), 1..8)) {
        let cents = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
        let form = (1..).zip(&lines).fold(simple(&[]), |form, (n, (price, quantity))| {
            format!("{form}&ItemPrice{n}={}&ItemQuantity{n}={quantity}", cents(*price))
        });
        let total: u64 = lines.iter().map(|(price, quantity)| price * quantity).sum();
        let mut sandbox = Sandbox::documented();
        let items = sandbox.items(&form);
        let amounts: Vec<String> = items.iter().map(|item| item["SaleAmount"].as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(amounts, lines.iter().map(|(price, quantity)| cents(price * quantity)).collect::<Vec<_>>());
        let action = sandbox.read("/Actions/10306.4636.158133");
        prop_assert_eq!(&action["Amount"], &cents(total));
        // Four percent, half a cent rounded up.
        prop_assert_eq!(&action["Payout"], &cents((total * 4 + 50) / 100));
    }
}

/// Forms of known fields with sound values, broken ones and noise.
fn any_form() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        6 => proptest::sample::select(&[
            "Amount", "CardBin", "ConversionType", "CurrencyCode", "Date1", "IpAddress", "ItemDiscount1", "ItemDiscountRate1",
            "ItemPrice1", "ItemPrice2", "ItemQuantity1", "ItemQuantity2", "ItemSku1", "ItemSubTotal1", "ItemTotalDiscount1",
            "Money1", "Note", "PayoutAmount", "SharedId", "SubId1", "Text1", "OrderId", "EventDate", "CampaignId",
        ][..]).prop_map(str::to_owned),
        1 => "[A-Za-z]{0,8}[0-9]{0,5}",
        1 => ".{0,6}",
    ];
    let value = prop_oneof![
        4 => proptest::sample::select(&["", "1", "40", "6.99", "-1", "0", "99999999999999.99", "9999999999999999", "CLO", "USD", "EUR", "411111"][..]).prop_map(str::to_owned),
        1 => "[-+0-9.]{0,20}",
        1 => ".{0,20}",
    ];
    let pairs = proptest::collection::vec((name, value), 0..12).prop_map(|pairs| {
        form_urlencoded::Serializer::new(simple(&[]))
            .extend_pairs(pairs)
            .finish()
            .into_bytes()
    });
    prop_oneof![6 => pairs, 1 => proptest::collection::vec(any::<u8>(), 0..80)]
}

/// Calls of all kinds: sound ones, broken ones, and noise.
fn any_call() -> impl Strategy<Value = Sent> {
    let path = prop_oneof![
        4 => Just("/PartnerConversions".to_owned()),
        6 => proptest::sample::select(&[
            "/Actions", "/Actions.xml", "/Actions/10306.4636.158133", "/Actions/10306.4636.158133/Items", "/ActionUpdates",
            "/Actions/10306.4636.158133/Items/TOYSET", "/ActionUpdates/10306.4636.158133.1", "/APISubmissions/A-x",
        ][..]).prop_map(str::to_owned),
        1 => "/[/a-zA-Z0-9%.é]{0,20}",
    ];
    let method = proptest::sample::select(&["GET", "GET", "POST", "POST", "PUT", "HEAD", "X"][..]);
    let who = proptest::sample::select(
        &[
            OWNER,
            OWNER,
            OWNER,
            SECOND,
            READER,
            STRANGER,
            DISABLED,
            INACTIVE,
            (OWNER.0, "x"),
        ][..],
    );
    let query = prop_oneof![
        6 => Just(None),
        2 => proptest::sample::select(&[
            "State=PENDING", "Page=2&PageSize=1", "CampaignId=10306&State=x", "IrVersion=16", "IrVersion=x", "_method=PUT",
            "StartDate=2026-06-01T00:00:00Z&EndDate=2026-06-20T00:00:00Z", "ActionDateEnd=2026-06-20T00:00:00Z",
        ][..]).prop_map(|query| Some(query.to_owned())),
        1 => "[a-zA-Z=&%+0-9:-]{0,30}".prop_map(Some),
    ];
    let header = prop_oneof![
        6 => Just(None),
        1 => Just(Some((ACCEPT, HeaderValue::from_static("application/xml")))),
        1 => Just(Some((CONTENT_TYPE, HeaderValue::from_static("application/json")))),
        1 => Just(Some((AUTHORIZATION, HeaderValue::from_static("Basic x")))),
        1 => proptest::collection::vec(0x20_u8..=0x7e, 0..20)
            .prop_map(|bytes| Some((ACCEPT, HeaderValue::from_bytes(&bytes).unwrap()))),
        1 => proptest::collection::vec(0x80_u8..=0xff, 0..20)
            .prop_map(|bytes| Some((CONTENT_TYPE, HeaderValue::from_bytes(&bytes).unwrap()))),
    ];
    let body = prop_oneof![
        3 => Just(Ok(TOYS.as_bytes().to_vec())),
        3 => any_form().prop_map(Ok),
        1 => Just(Ok(br#"{"CampaignId":10306,"ActionTrackerId":19845,"MediaId":1924609,"EventDate":"NOW","OrderId":1}"#.to_vec())),
        1 => Just(Err(Body::TooLong)),
        1 => Just(Err(Body::Broken)),
    ];
    (method, path, query, who, header, body).prop_map(|(method, path, query, who, header, body)| {
        let mut call = Sent {
            query,
            body,
            ..Sent::new(method.parse().unwrap(), &path)
        }
        .by(who);
        if let Some((name, value)) = header {
            call.headers.insert(name, value);
        }
        call
    })
}

/// The conversion of the first event of a call, and the event.
fn fed(sandbox: &mut Sandbox, call: &Sent) -> Event {
    sandbox.send(call).events.remove(0)
}

#[test]
fn a_conversion_in_the_normal_form() {
    let mut sandbox = Sandbox::documented();
    let event = fed(
        &mut sandbox,
        &Sent::form(&format!("{TOYS}&Note=a+b&Note=c")),
    );
    let conversion = Impact::conversion(&sandbox.state, &event, sandbox.now).unwrap();
    let at: Timestamp = "2026-06-10T18:00:04Z".parse().unwrap();
    assert_eq!(
        (conversion.at, conversion.visible_at, conversion.changes_at),
        (at, at, Some(at + SignedDuration::from_secs(1)))
    );
    let shown = serde_json::to_value(&conversion).unwrap();
    let batch = conversion.raw["BatchId"].as_str().unwrap().to_owned();
    assert_eq!(
        shown,
        json!({
            "at": "2026-06-10T18:00:04Z", "who": "1924609", "name": "Sale", "value": "86.99", "currency": "USD",
            "order_id": "ORD-1",
            "items": [
                {"sku": "TOYSET", "name": "", "quantity": "2", "amount": "80.00"},
                {"sku": "DOLL", "name": "", "quantity": "1", "amount": "6.99"},
            ],
            "state": "Queued",
            "raw": {
                "BatchId": batch, "CampaignId": "10306", "ActionTrackerId": "19845", "MediaPartnerId": "1924609",
                "EventDate": "2026-06-10T10:15:30-07:00", "OrderId": "ORD-1", "CurrencyCode": "USD", "ItemSku1": "TOYSET",
                "ItemPrice1": "40", "ItemQuantity1": "2", "ItemSku2": "DOLL", "ItemPrice2": "6.99", "ItemQuantity2": "1",
                "Note": "a b",
            },
        })
    );
}

#[test]
fn the_state_of_a_conversion_follows_the_record_and_the_action() {
    let mut sandbox = Sandbox::conformance();
    let event = fed(&mut sandbox, &Sent::form(TOYS));
    let state = |sandbox: &Sandbox, event: &Event| {
        let conversion = Impact::conversion(&sandbox.state, event, sandbox.now).unwrap();
        (
            conversion.state.unwrap(),
            conversion.changes_at.map(|at| at.to_string()),
        )
    };
    let is =
        |state: &str, changes_at: Option<&str>| (state.to_owned(), changes_at.map(str::to_owned));
    assert_eq!(
        state(&sandbox, &event),
        is("Queued", Some("2026-06-10T18:00:05Z"))
    );
    sandbox.wait_ms(1_000);
    assert_eq!(
        state(&sandbox, &event),
        is("In Progress", Some("2026-06-10T18:00:06Z"))
    );
    sandbox.wait_ms(1_000);
    assert_eq!(
        state(&sandbox, &event),
        is("PENDING", Some("2026-06-26T07:00:00Z"))
    );
    let document = sandbox.document();
    let (id, _) = document["submissions"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    sandbox.patch(&json!({"submissions": {id.as_str(): {"action": {"changes": [{"at": "2026-06-11T00:00:00Z", "state": "REVERSED"}]}}}}));
    assert_eq!(
        state(&sandbox, &event),
        is("PENDING", Some("2026-06-11T00:00:00Z"))
    );
    sandbox.wait_days(1);
    assert_eq!(state(&sandbox, &event), is("REVERSED", None));
    sandbox.patch(&json!({"submissions": {id.as_str(): {"action": {"changes": []}}}}));
    sandbox.wait_days(16);
    assert_eq!(state(&sandbox, &event), is("APPROVED", None));

    let failed = fed(
        &mut sandbox,
        &Sent::form(&simple(&[("CampaignId", "9"), ("ActionTrackerId", "8")])),
    );
    assert_eq!(state(&sandbox, &failed).0, "Queued");
    sandbox.wait_ms(2_000);
    assert_eq!(state(&sandbox, &failed), is("CAMPAIGN_NOT_FOUND", None));
    let conversion = Impact::conversion(&sandbox.state, &failed, sandbox.now).unwrap();
    assert_eq!(
        conversion.name.as_deref(),
        Some("8"),
        "a tracker without a name is called by its id"
    );

    let emptied = Sandbox::conformance();
    assert_eq!(
        state(&emptied, &event).0,
        "Queued",
        "what is fed stays, also when the state is reset"
    );
}
