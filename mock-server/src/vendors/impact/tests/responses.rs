//! Pages "Responses" and "Status Codes & Errors": in which format, and how values look.

use super::*;

fn media_type(sandbox: &mut Sandbox, call: &Sent) -> String {
    sandbox.send(call).answer.headers()[CONTENT_TYPE]
        .to_str()
        .unwrap()
        .to_owned()
}

const JSON: &str = "application/json";
const XML: &str = "text/xml; charset=UTF-8";

#[test]
fn accept_chooses_the_format() {
    let mut sandbox = Sandbox::conformance();
    for (accept, read, submitted) in [
        (Some("application/json"), JSON, JSON),
        (Some("application/xml"), XML, XML),
        (Some("text/xml"), XML, XML),
        (Some("*/*"), XML, JSON),
        (Some("text/html, application/json;q=0.9"), XML, JSON),
        (Some("text/xml;q=0.5, application/json;q=0.6"), JSON, JSON),
        (Some("image/png"), XML, JSON),
        (None, XML, JSON),
    ] {
        let accepting = |call: Sent| match accept {
            Some(accept) => call.with(ACCEPT, accept),
            None => call.without(ACCEPT),
        };
        for path in [
            "/Actions",
            "/Actions/x",
            "/APISubmissions/x",
            "/ActionUpdates",
            "/Nothing",
        ] {
            assert_eq!(
                media_type(&mut sandbox, &accepting(Sent::get(path))),
                read,
                "{accept:?} {path}"
            );
        }
        for form in [TOYS, ""] {
            assert_eq!(
                media_type(&mut sandbox, &accepting(Sent::form(form))),
                submitted,
                "{accept:?}"
            );
        }
    }
}

#[test]
fn a_suffix_comes_before_accept() {
    let mut sandbox = Sandbox::conformance();
    for path in [
        "/Actions",
        "/Actions/10306.4636.158133",
        "/Actions/x/Items",
        "/Actions/x/Items/y",
        "/ActionUpdates",
        "/APISubmissions/x",
    ] {
        assert_eq!(
            media_type(&mut sandbox, &Sent::get(&format!("{path}.json")).in_xml()),
            JSON,
            "{path}"
        );
        assert_eq!(
            media_type(&mut sandbox, &Sent::get(&format!("{path}.xml"))),
            XML,
            "{path}"
        );
    }
    let path = format!("/Mediapartners/{}/PartnerConversions.xml", OWNER.0);
    assert_eq!(media_type(&mut sandbox, &Sent::form(TOYS).at(&path)), XML);
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions.JSON")),
        Some("impact.requests.unknown_path")
    );
}

#[test]
fn an_account_can_have_a_default_of_its_own() {
    let mut sandbox = Sandbox::conformance();
    for path in ["/Actions", "/Nothing"] {
        let call = Sent::get(path).by(STRANGER).without(ACCEPT);
        assert_eq!(media_type(&mut sandbox, &call), JSON);
        assert_eq!(media_type(&mut sandbox, &call.in_xml()), XML);
    }
    let mut sandbox =
        Sandbox::changed(&json!({"accounts": {"1924609": {"default_format": "xml"}}}));
    assert_eq!(
        media_type(&mut sandbox, &Sent::form(TOYS).without(ACCEPT)),
        XML
    );
}

#[test]
fn a_queued_conversion_in_both_formats() {
    let with_warning = format!("{TOYS}&CardBin=4111");
    insta::assert_snapshot!(shown(&Sandbox::documented().send(&Sent::form(TOYS)).answer), @r#"
    200
    X-RateLimit-Limit-hour: 1000
    X-RateLimit-Remaining-hour: 999
    RateLimit-Reset: 3600
    Content-Length: 137
    Content-Type: application/json

    {"Status":"QUEUED","QueuedUri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/APISubmissions/A-91626505-9850-5a21-bbbc-ccd300ff8488"}
    "#);
    insta::assert_snapshot!(shown(&Sandbox::documented().send(&Sent::form(&with_warning).in_xml()).answer), @r#"
    200
    X-RateLimit-Limit-hour: 1000
    X-RateLimit-Remaining-hour: 999
    RateLimit-Reset: 3600
    Content-Length: 344
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><Status>QUEUED</Status><QueuedUri>/Mediapartners/IRtestAcct1924609madeUpSid0000000A/APISubmissions/A-91626505-9850-5a21-bbbc-ccd300ff8488</QueuedUri><warnings><warning><field>CardBin</field><level>WARNING</level><message>CardBin ignored: must be exactly 6 or 8 digits.</message></warning></warnings></ImpactRadiusResponse>
    "#);
}

#[test]
fn a_refused_conversion_in_both_formats() {
    let form = simple(&[("OrderId", ""), ("Amount", "-1"), ("CardBin", "x")]);
    let mut sandbox = Sandbox::documented();
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::form(&form)).answer), @r#"
    400
    X-RateLimit-Limit-hour: 1000
    X-RateLimit-Remaining-hour: 999
    RateLimit-Reset: 3600
    Content-Length: 174
    Content-Type: application/json

    {"Status":"ERROR","errors":[{"field":"OrderId","level":"ERROR","message":"OrderId is required."},{"field":"Amount","level":"ERROR","message":"Amount must not be negative."}]}
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::form(&form).in_xml()).answer), @r#"
    400
    X-RateLimit-Limit-hour: 1000
    X-RateLimit-Remaining-hour: 998
    RateLimit-Reset: 3600
    Content-Length: 283
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><Status>ERROR</Status><errors><error><field>OrderId</field><level>ERROR</level><message>OrderId is required.</message></error><error><field>Amount</field><level>ERROR</level><message>Amount must not be negative.</message></error></errors></ImpactRadiusResponse>
    "#);
}

#[test]
fn the_envelope_in_both_formats() {
    let mut sandbox = Sandbox::documented();
    let call = Sent::get("/Actions?CampaignId=x");
    insta::assert_snapshot!(shown(&sandbox.send(&call).answer), @r#"
    400
    X-RateLimit-Limit-hour: 500
    X-RateLimit-Remaining-hour: 499
    RateLimit-Reset: 3600
    Content-Length: 114
    Content-Type: application/json

    {"Status":"ERROR","Message":"Validation Failed","Errors":[{"Field":"CampaignId","Message":"Not a numeric value"}]}
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&call.in_xml()).answer), @r#"
    400
    X-RateLimit-Limit-hour: 500
    X-RateLimit-Remaining-hour: 498
    RateLimit-Reset: 3600
    Content-Length: 198
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><Status>ERROR</Status><Message>Validation Failed</Message><Errors><Error><Field>CampaignId</Field><Message>Not a numeric value</Message></Error></Errors></ImpactRadiusResponse>
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get("/Actions/x").in_xml()).answer), @r#"
    404
    X-RateLimit-Limit-hour: 500
    X-RateLimit-Remaining-hour: 497
    RateLimit-Reset: 3600
    Content-Length: 122
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><Status>ERROR</Status><Message>The requested resource was not found</Message></ImpactRadiusResponse>
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get("/Nothing")).answer), @r#"
    404
    Content-Length: 67
    Content-Type: application/json

    {"Status":"ERROR","Message":"The requested resource was not found"}
    "#);
}

#[test]
fn a_record_in_both_formats() {
    let mut sandbox = Sandbox::documented();
    let path = sandbox.submit(TOYS);
    sandbox.wait_ms(2_000);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get(&path)).answer), @r#"
    200
    X-RateLimit-Limit-hour: 1000
    X-RateLimit-Remaining-hour: 998
    RateLimit-Reset: 3598
    Content-Length: 694
    Content-Type: application/json

    {"BatchId":"A-91626505-9850-5a21-bbbc-ccd300ff8488","AccountId":"1924609","SubmissionDate":"2026-06-10T11:00:04-07:00","CampaignId":"10306","ActionTrackerId":"19845","MediaPartnerId":"1924609","EventCode":"","OrderId":"ORD-1","Payload":"CampaignId=10306&ActionTrackerId=19845&MediaPartnerId=1924609&EventDate=2026-06-10T10%3A15%3A30-07%3A00&OrderId=ORD-1&CurrencyCode=USD&ItemSku1=TOYSET&ItemPrice1=40&ItemQuantity1=2&ItemSku2=DOLL&ItemPrice2=6.99&ItemQuantity2=1","Type":"Conversion","Status":"Complete","CompletionDate":"2026-06-10T11:00:06-07:00","ErrorType":"","ErrorReason":"","Uri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/APISubmissions/A-91626505-9850-5a21-bbbc-ccd300ff8488"}
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get(&path).in_xml()).answer), @r#"
    200
    X-RateLimit-Limit-hour: 1000
    X-RateLimit-Remaining-hour: 997
    RateLimit-Reset: 3598
    Content-Length: 902
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><APISubmission><BatchId>A-91626505-9850-5a21-bbbc-ccd300ff8488</BatchId><AccountId>1924609</AccountId><SubmissionDate>2026-06-10T11:00:04-07:00</SubmissionDate><CampaignId>10306</CampaignId><ActionTrackerId>19845</ActionTrackerId><MediaPartnerId>1924609</MediaPartnerId><EventCode/><OrderId>ORD-1</OrderId><Payload>CampaignId=10306&amp;ActionTrackerId=19845&amp;MediaPartnerId=1924609&amp;EventDate=2026-06-10T10%3A15%3A30-07%3A00&amp;OrderId=ORD-1&amp;CurrencyCode=USD&amp;ItemSku1=TOYSET&amp;ItemPrice1=40&amp;ItemQuantity1=2&amp;ItemSku2=DOLL&amp;ItemPrice2=6.99&amp;ItemQuantity2=1</Payload><Type>Conversion</Type><Status>Complete</Status><CompletionDate>2026-06-10T11:00:06-07:00</CompletionDate><ErrorType/><ErrorReason/><Uri>/Mediapartners/IRtestAcct1924609madeUpSid0000000A/APISubmissions/A-91626505-9850-5a21-bbbc-ccd300ff8488</Uri></APISubmission></ImpactRadiusResponse>
    "#);
}

#[test]
fn actions_in_both_formats() {
    let mut sandbox = Sandbox::documented();
    sandbox.submit(TOYS);
    sandbox.wait_ms(2_000);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get("/Actions")).answer), @r#"
    200
    X-RateLimit-Limit-hour: 500
    X-RateLimit-Remaining-hour: 499
    RateLimit-Reset: 3600
    Content-Length: 1177
    Content-Type: application/json

    {"@page":"1","@numpages":"1","@pagesize":"20000","@total":"1","@start":"0","@end":"0","@uri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions","@firstpageuri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions?PageSize=20000&Page=1","@previouspageuri":"","@nextpageuri":"","@lastpageuri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions?PageSize=20000&Page=1","Actions":[{"Id":"10306.4636.158133","CampaignId":"10306","CampaignName":"Acme Campaign","ActionTrackerId":"19845","ActionTrackerName":"Sale","State":"PENDING","AdId":"","Payout":"3.48","Amount":"86.99","Currency":"USD","EventDate":"2026-06-10T10:15:30-07:00","LockingDate":"2026-06-26T00:00:00-07:00","Oid":"ORD-1","EventCode":"","SharedId":"","SubId1":"","SubId2":"","SubId3":"","DeltaPayout":"3.48","IntendedPayout":"3.48","DeltaAmount":"86.99","IntendedAmount":"86.99","ReferringDate":"","CreationDate":"2026-06-10T11:00:06-07:00","ClearedDate":"","ReferringType":"REPORTED_PARTNER_ID","ReferringDomain":"","PromoCode":"","CustomerArea":"","CustomerCity":"","CustomerRegion":"","CustomerCountry":"","Uri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133"}]}
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get("/Actions").in_xml()).answer), @r#"
    200
    X-RateLimit-Limit-hour: 500
    X-RateLimit-Remaining-hour: 498
    RateLimit-Reset: 3600
    Content-Length: 1339
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><Actions page="1" numpages="1" pagesize="20000" total="1" start="0" end="0" uri="/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions" firstpageuri="/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions?PageSize=20000&amp;Page=1" previouspageuri="" nextpageuri="" lastpageuri="/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions?PageSize=20000&amp;Page=1"><Action><Id>10306.4636.158133</Id><CampaignId>10306</CampaignId><CampaignName>Acme Campaign</CampaignName><ActionTrackerId>19845</ActionTrackerId><ActionTrackerName>Sale</ActionTrackerName><State>PENDING</State><AdId/><Payout>3.48</Payout><Amount>86.99</Amount><Currency>USD</Currency><EventDate>2026-06-10T10:15:30-07:00</EventDate><LockingDate>2026-06-26T00:00:00-07:00</LockingDate><Oid>ORD-1</Oid><EventCode/><SharedId/><SubId1/><SubId2/><SubId3/><DeltaPayout>3.48</DeltaPayout><IntendedPayout>3.48</IntendedPayout><DeltaAmount>86.99</DeltaAmount><IntendedAmount>86.99</IntendedAmount><ReferringDate/><CreationDate>2026-06-10T11:00:06-07:00</CreationDate><ClearedDate/><ReferringType>REPORTED_PARTNER_ID</ReferringType><ReferringDomain/><PromoCode/><CustomerArea/><CustomerCity/><CustomerRegion/><CustomerCountry/><Uri>/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133</Uri></Action></Actions></ImpactRadiusResponse>
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get("/Actions/10306.4636.158133").in_xml()).answer), @r#"
    200
    X-RateLimit-Limit-hour: 500
    X-RateLimit-Remaining-hour: 497
    RateLimit-Reset: 3600
    Content-Length: 958
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><Action><Id>10306.4636.158133</Id><CampaignId>10306</CampaignId><CampaignName>Acme Campaign</CampaignName><ActionTrackerId>19845</ActionTrackerId><ActionTrackerName>Sale</ActionTrackerName><State>PENDING</State><AdId/><Payout>3.48</Payout><Amount>86.99</Amount><Currency>USD</Currency><EventDate>2026-06-10T10:15:30-07:00</EventDate><LockingDate>2026-06-26T00:00:00-07:00</LockingDate><Oid>ORD-1</Oid><EventCode/><SharedId/><SubId1/><SubId2/><SubId3/><DeltaPayout>3.48</DeltaPayout><IntendedPayout>3.48</IntendedPayout><DeltaAmount>86.99</DeltaAmount><IntendedAmount>86.99</IntendedAmount><ReferringDate/><CreationDate>2026-06-10T11:00:06-07:00</CreationDate><ClearedDate/><ReferringType>REPORTED_PARTNER_ID</ReferringType><ReferringDomain/><PromoCode/><CustomerArea/><CustomerCity/><CustomerRegion/><CustomerCountry/><Uri>/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133</Uri></Action></ImpactRadiusResponse>
    "#);
}

#[test]
fn items_in_both_formats() {
    let mut sandbox = Sandbox::documented();
    sandbox.submit(&format!(
        "{TOYS}&ItemName1=Toy+set&ItemCategory1=Toys&ItemTotalDiscount1=5"
    ));
    sandbox.wait_ms(2_000);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get("/Actions/10306.4636.158133/Items")).answer), @r#"
    200
    X-RateLimit-Limit-hour: 500
    X-RateLimit-Remaining-hour: 499
    RateLimit-Reset: 3600
    Content-Length: 1132
    Content-Type: application/json

    {"@page":"1","@numpages":"1","@pagesize":"20000","@total":"2","@start":"0","@end":"1","@uri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133/Items","@firstpageuri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133/Items?PageSize=20000&Page=1","@previouspageuri":"","@nextpageuri":"","@lastpageuri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133/Items?PageSize=20000&Page=1","ActionItems":[{"Sku":"TOYSET","ItemName":"Toy set","Category":"Toys","Quantity":"2","SaleAmount":"75.00","SaleAmountCurrency":"USD","Payout":"3.00","PayoutCurrency":"USD","Rebate":"5.00","RebateCurrency":"USD","AdjustmentDate":"","AdjustmentReason":"","Uri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133/Items/TOYSET"},{"Sku":"DOLL","ItemName":"","Category":"","Quantity":"1","SaleAmount":"6.99","SaleAmountCurrency":"USD","Payout":"0.28","PayoutCurrency":"USD","Rebate":"0.00","RebateCurrency":"USD","AdjustmentDate":"","AdjustmentReason":"","Uri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133/Items/DOLL"}]}
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get("/Actions/10306.4636.158133/Items/DOLL").in_xml()).answer), @r#"
    200
    X-RateLimit-Limit-hour: 500
    X-RateLimit-Remaining-hour: 498
    RateLimit-Reset: 3600
    Content-Length: 449
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><ActionItem><Sku>DOLL</Sku><ItemName/><Category/><Quantity>1</Quantity><SaleAmount>6.99</SaleAmount><SaleAmountCurrency>USD</SaleAmountCurrency><Payout>0.28</Payout><PayoutCurrency>USD</PayoutCurrency><Rebate>0.00</Rebate><RebateCurrency>USD</RebateCurrency><AdjustmentDate/><AdjustmentReason/><Uri>/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133/Items/DOLL</Uri></ActionItem></ImpactRadiusResponse>
    "#);
}

#[test]
fn updates_in_both_formats() {
    let mut sandbox = Sandbox::documented();
    sandbox.submit(TOYS);
    sandbox.wait_ms(2_000);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get("/ActionUpdates")).answer), @r#"
    200
    X-RateLimit-Limit-hour: 1000
    X-RateLimit-Remaining-hour: 998
    RateLimit-Reset: 3598
    Content-Length: 1455
    Content-Type: application/json

    {"@page":"1","@numpages":"1","@pagesize":"20000","@total":"1","@start":"0","@end":"0","@uri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/ActionUpdates","@firstpageuri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/ActionUpdates?PageSize=20000&Page=1","@previouspageuri":"","@nextpageuri":"","@lastpageuri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/ActionUpdates?PageSize=20000&Page=1","ActionUpdates":[{"Id":"10306.4636.158133.1","ActionId":"10306.4636.158133","CampaignId":"10306","ActionTrackerId":"19845","EventCode":"","State":"PENDING","StateDetail":"","StateDetailDescription":"","AdId":"","ReportingState":"IR_BLANK","DeltaPayout":"3.48","DeltaAmount":"86.99","Currency":"USD","Category":"","Sku":"","Quantity":"3","CatalogName":"","CatalogCategory":"","CatalogDescription":"","CatalogManufacturer":"","CatalogOriginalFormatCategory":"","CatalogSubCategory":"","UpdateDate":"2026-06-10T11:00:06-07:00","LockingDate":"2026-06-26T00:00:00-07:00","ClearingDate":"2026-07-26T00:00:00-07:00","ActionDate":"2026-06-10T10:15:30-07:00","Oid":"ORD-1","SubId1":"","SubId2":"","SubId3":"","PaystubId":"","ContractId":"","EventTypeId":"19845","EventTypeName":"Sale","PayoutLevel":"ORDER","DefaultPayout":"3.48","DefaultPayoutCurrency":"USD","SharedId":"","ActionUri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133","Uri":"/Mediapartners/IRtestAcct1924609madeUpSid0000000A/ActionUpdates/10306.4636.158133.1"}]}
    "#);
    insta::assert_snapshot!(shown(&sandbox.send(&Sent::get("/ActionUpdates/10306.4636.158133.1").in_xml()).answer), @r#"
    200
    X-RateLimit-Limit-hour: 1000
    X-RateLimit-Remaining-hour: 997
    RateLimit-Reset: 3598
    Content-Length: 1246
    Content-Type: text/xml; charset=UTF-8

    <ImpactRadiusResponse><ActionUpdate><Id>10306.4636.158133.1</Id><ActionId>10306.4636.158133</ActionId><CampaignId>10306</CampaignId><ActionTrackerId>19845</ActionTrackerId><EventCode/><State>PENDING</State><StateDetail/><StateDetailDescription/><AdId/><ReportingState>IR_BLANK</ReportingState><DeltaPayout>3.48</DeltaPayout><DeltaAmount>86.99</DeltaAmount><Currency>USD</Currency><Category/><Sku/><Quantity>3</Quantity><CatalogName/><CatalogCategory/><CatalogDescription/><CatalogManufacturer/><CatalogOriginalFormatCategory/><CatalogSubCategory/><UpdateDate>2026-06-10T11:00:06-07:00</UpdateDate><LockingDate>2026-06-26T00:00:00-07:00</LockingDate><ClearingDate>2026-07-26T00:00:00-07:00</ClearingDate><ActionDate>2026-06-10T10:15:30-07:00</ActionDate><Oid>ORD-1</Oid><SubId1/><SubId2/><SubId3/><PaystubId/><ContractId/><EventTypeId>19845</EventTypeId><EventTypeName>Sale</EventTypeName><PayoutLevel>ORDER</PayoutLevel><DefaultPayout>3.48</DefaultPayout><DefaultPayoutCurrency>USD</DefaultPayoutCurrency><SharedId/><ActionUri>/Mediapartners/IRtestAcct1924609madeUpSid0000000A/Actions/10306.4636.158133</ActionUri><Uri>/Mediapartners/IRtestAcct1924609madeUpSid0000000A/ActionUpdates/10306.4636.158133.1</Uri></ActionUpdate></ImpactRadiusResponse>
    "#);
}

#[test]
fn dates_have_the_offset_of_the_account() {
    let mut sandbox = Sandbox::changed(&json!({"accounts": {"1924609": {"utc_offset": "+05:45"}}}));
    let (record, action) = sandbox.complete(&simple(&[("EventDate", "2026-06-10T17:15:30.987Z")]));
    let action = action.unwrap();
    assert_eq!(record["SubmissionDate"], "2026-06-10T23:45:04+05:45");
    assert_eq!(record["CompletionDate"], "2026-06-10T23:45:06+05:45");
    assert_eq!(action["EventDate"], "2026-06-10T23:00:30+05:45");
    assert_eq!(action["LockingDate"], "2026-06-26T00:00:00+05:45");
}
