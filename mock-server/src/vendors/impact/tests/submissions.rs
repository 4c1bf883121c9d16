//! Page "Submissions": the record, its states over time, and why a conversion becomes no action.

use super::*;

#[test]
fn a_record_goes_from_queued_to_complete() {
    let mut sandbox = Sandbox::conformance();
    let path = sandbox.submit(TOYS);
    for (wait, status, completed, actions) in [
        (0, "Queued", "", "0"),
        (999, "Queued", "", "0"),
        (1, "In Progress", "", "0"),
        (999, "In Progress", "", "0"),
        (1, "Complete", "2026-06-10T11:00:06-07:00", "1"),
        (86_400_000, "Complete", "2026-06-10T11:00:06-07:00", "1"),
    ] {
        sandbox.wait_ms(wait);
        let record = sandbox.read(&path);
        assert_eq!(
            (&record["Status"], &record["CompletionDate"]),
            (&json!(status), &json!(completed))
        );
        assert_eq!(
            (&record["ErrorType"], &record["ErrorReason"]),
            (&json!(""), &json!(""))
        );
        assert_eq!(sandbox.read("/Actions")["@total"], actions);
        assert_eq!(sandbox.read("/ActionUpdates")["@total"], actions);
    }
}

#[test]
fn the_times_are_settings() {
    let mut sandbox = Sandbox::changed(&json!({"settings": {"queued_ms": 0, "complete_ms": 0}}));
    let path = sandbox.submit(TOYS);
    assert_eq!(sandbox.read(&path)["Status"], "Complete");
}

/// The record of a form and whether it became an action.
fn ends_with(sandbox: &mut Sandbox, form: &str) -> (String, String, bool) {
    let (record, action) = sandbox.complete(form);
    assert_eq!(record["Status"], "Complete");
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    (text("ErrorType"), text("ErrorReason"), action.is_some())
}

#[test]
fn each_reason_ends_a_submission() {
    let validation = |reason: &str| ("Validation".to_owned(), reason.to_owned(), false);
    let contract = |reason: &str| ("Contract Error".to_owned(), reason.to_owned(), false);
    for (campaign, tracker, expected) in [
        ("10306", "19845", (String::new(), String::new(), true)),
        ("010306", "000019845", (String::new(), String::new(), true)),
        ("99999", "19845", validation("CAMPAIGN_NOT_FOUND")),
        ("99999", "99999", validation("CAMPAIGN_NOT_FOUND")),
        ("10306", "99999", validation("ACTIONTRACKER_NOT_FOUND")),
        ("10308", "99999", validation("ACTIONTRACKER_NOT_FOUND")),
        (
            "10306",
            "19846",
            validation("ACTIONTRACKER_CAMPAIGN_MISMATCH"),
        ),
        (
            "10307",
            "19847",
            validation("ACTIONTRACKER_CAMPAIGN_MISMATCH"),
        ),
        ("10306", "19847", validation("ACTIONTRACKER_NOT_ACTIVE")),
        ("10308", "19848", contract("CONTRACT_NOT_FOUND")),
        ("10307", "19846", (String::new(), String::new(), true)),
    ] {
        let form = simple(&[("CampaignId", campaign), ("ActionTrackerId", tracker)]);
        assert_eq!(
            ends_with(&mut Sandbox::conformance(), &form),
            expected,
            "{campaign} {tracker}"
        );
    }
}

#[test]
fn an_error_shows_only_when_processing_ended() {
    let mut sandbox = Sandbox::conformance();
    let path = sandbox.submit(&simple(&[("CampaignId", "99999")]));
    let shown = |record: &Value| (record["ErrorType"].clone(), record["ErrorReason"].clone());
    assert_eq!(shown(&sandbox.read(&path)), (json!(""), json!("")));
    sandbox.wait_ms(1_999);
    assert_eq!(shown(&sandbox.read(&path)), (json!(""), json!("")));
    sandbox.wait_ms(1);
    assert_eq!(
        shown(&sandbox.read(&path)),
        (json!("Validation"), json!("CAMPAIGN_NOT_FOUND"))
    );
}

#[test]
fn an_inactive_partner_comes_before_contract_and_duplicates() {
    let mut sandbox = Sandbox::conformance();
    let form = simple(&[
        ("MediaPartnerId", "1924611"),
        ("CampaignId", "10308"),
        ("ActionTrackerId", "19848"),
    ]);
    let path = sandbox.submit_as(INACTIVE, &form);
    sandbox.wait_ms(2_000);
    let (_, record) = sandbox.get(&Sent::get(&path).by(INACTIVE));
    assert_eq!(
        (&record["ErrorType"], &record["ErrorReason"]),
        (&json!("Contract Error"), &json!("PARTNER_NOT_ACTIVE"))
    );
    assert_eq!(record["AccountId"], "1924611");
}

#[test]
fn a_second_order_id_is_a_duplicate() {
    let duplicate = (
        "Contract Error".to_owned(),
        "CONV_DUPLICATE".to_owned(),
        true,
    );
    let mut sandbox = Sandbox::conformance();
    sandbox.action(TOYS);
    assert_eq!(
        ends_with(&mut sandbox, TOYS),
        duplicate,
        "there is one action, that of the first"
    );
    sandbox.wait_days(1_000);
    let (record, _) = sandbox.complete(&toys(&[
        ("EventDate", Some("NOW")),
        ("ItemPrice1", Some("1")),
    ]));
    assert_eq!(record["ErrorReason"], "CONV_DUPLICATE", "for ever");
}

#[test]
fn submissions_are_judged_in_the_order_of_arrival() {
    let mut sandbox = Sandbox::conformance();
    let (one, other) = (sandbox.submit(TOYS), sandbox.submit(TOYS));
    sandbox.wait_ms(2_000);
    let reason = |sandbox: &mut Sandbox, path: &str| sandbox.read(path)["ErrorReason"].clone();
    assert_eq!(
        (reason(&mut sandbox, &one), reason(&mut sandbox, &other)),
        (json!(""), json!("CONV_DUPLICATE"))
    );
    assert_eq!(sandbox.read("/Actions")["@total"], "1");
}

#[test]
fn duplicates_are_of_one_tracker_one_account_and_one_spelling() {
    let mut sandbox = Sandbox::conformance();
    sandbox.submit(TOYS);
    for form in [
        toys(&[("ActionTrackerId", Some("19844"))]),
        toys(&[("OrderId", Some("ord-1"))]),
        toys(&[("OrderId", Some("ORD-1 "))]),
    ] {
        let (record, _) = sandbox.complete(&form);
        assert_eq!(record["ErrorReason"], "", "{form}");
    }
    let path = sandbox.submit_as(STRANGER, &toys(&[("MediaPartnerId", Some("1924610"))]));
    sandbox.wait_ms(2_000);
    assert_eq!(
        sandbox.get(&Sent::get(&path).by(STRANGER)).1["ErrorReason"],
        ""
    );
    let path = sandbox.submit_as(SECOND, TOYS);
    sandbox.wait_ms(2_000);
    assert_eq!(
        sandbox.get(&Sent::get(&path).by(SECOND)).1["ErrorReason"],
        "CONV_DUPLICATE",
        "another SID of the account"
    );
}

#[test]
fn an_error_does_not_use_up_the_order_id() {
    let mut sandbox = Sandbox::conformance();
    for form in [
        toys(&[("CampaignId", Some("99999"))]),
        toys(&[("ActionTrackerId", Some("19846"))]),
    ] {
        assert!(sandbox.complete(&form).1.is_none());
    }
    assert!(sandbox.complete(TOYS).1.is_some());
    let (record, _) = sandbox.complete(&toys(&[("CampaignId", Some("99999"))]));
    assert_eq!(
        record["ErrorReason"], "CAMPAIGN_NOT_FOUND",
        "it is named before the duplicate"
    );
}

#[test]
fn a_dedup_window_ends() {
    let mut sandbox = Sandbox::changed(&json!({"settings": {"dedup_window_days": 30}}));
    let form = toys(&[("EventDate", Some("NOW"))]);
    let reason = |sandbox: &mut Sandbox| {
        let path = sandbox.submit(&form);
        sandbox.wait_ms(2_000);
        sandbox.read(&path)["ErrorReason"].clone()
    };
    assert_eq!(reason(&mut sandbox), "");
    sandbox.wait_days(29);
    assert_eq!(reason(&mut sandbox), "CONV_DUPLICATE");
    sandbox.wait(SignedDuration::from_hours(24) - SignedDuration::from_millis(4_001));
    assert_eq!(
        reason(&mut sandbox),
        "CONV_DUPLICATE",
        "a millisecond before the window ends"
    );
    assert_eq!(
        reason(&mut sandbox),
        "",
        "30 days after the one that became an action"
    );
    assert_eq!(
        reason(&mut sandbox),
        "CONV_DUPLICATE",
        "which begins a window of its own"
    );
    assert_eq!(
        sandbox.read("/Actions?ActionDateEnd=2030-01-01T00:00:00Z")["@total"],
        "2"
    );
}

#[test]
fn a_record_is_kept_for_90_days() {
    let mut sandbox = Sandbox::conformance();
    let path = sandbox.submit(TOYS);
    sandbox.wait_days(90);
    assert_eq!(sandbox.refuses(&Sent::get(&path)), None);
    sandbox.wait_ms(1);
    assert_eq!(
        sandbox.refuses(&Sent::get(&path)),
        Some("impact.submissions.kept_for_90_days")
    );
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions/10306.4636.158133")),
        None,
        "its action stays"
    );
}

#[test]
fn batch_ids_are_exact() {
    let mut sandbox = Sandbox::conformance();
    let path = sandbox.submit(TOYS);
    for other in [
        path.to_uppercase(),
        path.replace("A-", ""),
        path.replace('-', ""),
        format!("{path}x"),
        "/APISubmissions/A-".to_owned(),
    ] {
        let refused = sandbox.refuses(&Sent::get(
            &other.replace("/APISUBMISSIONS", "/APISubmissions"),
        ));
        assert_eq!(refused, Some("impact.submissions.unknown"), "{other}");
    }
}

#[test]
fn equal_calls_give_equal_ids() {
    let paths = |sandbox: &mut Sandbox| [TOYS, TOYS, &simple(&[])].map(|form| sandbox.submit(form));
    let (mut one, mut other) = (Sandbox::conformance(), Sandbox::conformance());
    other.wait_days(5);
    assert_eq!(paths(&mut one), paths(&mut other));
    let mut third =
        Sandbox::changed(&json!({"ids": {"namespace": "6d706163-7400-4000-8000-000000000002"}}));
    assert_ne!(paths(&mut third), paths(&mut Sandbox::conformance()));
}

#[test]
fn a_submission_can_be_stuck_or_end_with_any_reason() {
    let mut sandbox = Sandbox::conformance();
    let path = sandbox.submit(TOYS);
    let id = path.rsplit('/').next().unwrap().to_owned();
    sandbox.wait_ms(2_000);
    sandbox.patch(&json!({"submissions": {id.as_str(): {"reason": "RESTRICTED_PROMOCODE"}}}));
    let record = sandbox.read(&path);
    assert_eq!(
        (&record["ErrorType"], &record["ErrorReason"]),
        (&json!("Contract Error"), &json!("RESTRICTED_PROMOCODE"))
    );
    assert_eq!(sandbox.read("/Actions")["@total"], "0");
    assert_eq!(
        sandbox.refuses(&Sent::get("/Actions/10306.4636.158133")),
        Some("impact.actions.unknown")
    );

    sandbox.patch(&json!({"submissions": {id.as_str(): {"reason": null, "completed_at": null}}}));
    sandbox.wait_days(80);
    assert_eq!(sandbox.read(&path)["Status"], "In Progress");
    sandbox.patch(&json!({"submissions": {id.as_str(): {"in_progress_at": null}}}));
    assert_eq!(sandbox.read(&path)["Status"], "Queued");
    assert_eq!(sandbox.read("/Actions")["@total"], "0");
}
