//! `[key]`: X-API-Key.

use super::*;

const NOT_AUTHENTICATED: &str = r#"{"detail":"Not authenticated"}"#;
const UNAUTHORIZED: &str = r#"{"detail":"Unauthorized"}"#;

#[test]
fn a_key_is_required() {
    let call = Call::good().without("X-API-Key");
    assert_eq!(
        call.is_refused(401, "chase.key.required"),
        NOT_AUTHENTICATED
    );
    assert_eq!(call.send().answer.headers()["www-authenticate"], "APIKey");
}

#[test]
fn a_blank_key_counts_as_missing() {
    for blank in ["", "  ", "\t"] {
        let call = Call::good().with("X-API-Key", blank);
        assert_eq!(call.is_refused(401, "chase.key.blank"), NOT_AUTHENTICATED);
        assert_eq!(call.send().answer.headers()["www-authenticate"], "APIKey");
    }
}

#[test]
fn an_unknown_key_is_refused() {
    let call = Call::good().with("X-API-Key", "nope");
    assert_eq!(call.is_refused(401, "chase.key.known"), UNAUTHORIZED);
    assert_eq!(call.send().answer.headers().get("www-authenticate"), None);
}

#[test]
fn the_words_for_an_unknown_key_are_a_setting() {
    let state = with_settings(serde_json::json!({"unknown_key_detail": "no such \"key\""}));
    let answer = Call::good()
        .with("X-API-Key", "nope")
        .send_to(&state)
        .answer;
    assert_eq!(answer.body(), r#"{"detail":"no such \"key\""}"#);
}

#[test]
fn keys_are_compared_exactly() {
    for key in [
        &b"CHS_LIVE_ORG1_KEY"[..],
        b"\"chs_live_org1_key\"",
        b"Bearer chs_live_org1_key",
        b"chs_live_org1_key, chs_live_org1_key",
        b"chs_live_org1_key\xA0",
        b"\xFF",
    ] {
        Call::good()
            .with("X-API-Key", key)
            .is_refused(401, "chase.key.known");
    }
}

#[test]
fn blanks_around_a_key_do_not_belong_to_it() {
    Call::good()
        .with("X-API-Key", "  chs_live_org1_key\t ")
        .is_queued();
}

#[test]
fn the_header_has_one_name_in_any_letter_case() {
    Call::good()
        .without("X-API-Key")
        .and("x-api-KEY", "chs_live_org1_key")
        .is_queued();
    let call = Call::good()
        .without("X-API-Key")
        .and("X_API_Key", "chs_live_org1_key");
    call.is_refused(401, "chase.key.required");
}

#[test]
fn of_several_keys_the_first_counts() {
    Call::good().and("X-API-Key", "nope").is_queued();
    Call::good()
        .with("X-API-Key", "nope")
        .and("X-API-Key", "chs_live_org1_key")
        .is_refused(401, "chase.key.known");
    Call::good()
        .with("X-API-Key", "")
        .and("X-API-Key", "chs_live_org1_key")
        .is_refused(401, "chase.key.blank");
}

#[test]
fn a_key_elsewhere_is_not_looked_at() {
    let call = Call::good()
        .without("X-API-Key")
        .to("/api/v2/conversions?X-API-Key=chs_live_org1_key");
    let call = call
        .and("Authorization", "Bearer chs_live_org1_key")
        .and("Cookie", "X-API-Key=chs_live_org1_key");
    call.is_refused(401, "chase.key.required");
}

#[test]
fn a_body_that_cannot_be_read_comes_before_the_key() {
    for key in ["", "nope"] {
        Call::json("{")
            .with("X-API-Key", key)
            .is_refused(422, "chase.json.expecting_name");
        Call::json(b"\xFF")
            .with("X-API-Key", key)
            .is_refused(400, "chase.json.undecodable");
    }
}

#[test]
fn a_missing_key_comes_before_the_schema() {
    for body in ["{}", "", "NaN", r#"{"email":1}"#] {
        Call::json(body)
            .without("X-API-Key")
            .is_refused(401, "chase.key.required");
        Call::json(body)
            .without("X-API-Key")
            .without("Content-Type")
            .is_refused(401, "chase.key.required");
    }
}

#[test]
fn an_unknown_key_comes_before_the_schema_unless_set_otherwise() {
    let later = with_settings(serde_json::json!({"unknown_key_before_schema": false}));
    let status = |call: &Call| call.send_to(&later).answer.status().as_u16();
    for body in ["{}", "", "NaN"] {
        let call = Call::json(body).with("X-API-Key", "nope");
        call.is_refused(401, "chase.key.known");
        assert_eq!(status(&call), if body == "NaN" { 500 } else { 422 });
        assert_eq!(status(&call.without("X-API-Key")), 401);
    }
    assert_eq!(status(&Call::good().with("X-API-Key", "nope")), 401);
    assert_eq!(status(&Call::good()), 202);
}

#[test]
fn a_key_that_is_taken_out_is_unknown() {
    let keys = serde_json::json!({"keys": {"chs_live_org2_key": "org-2"}});
    assert_eq!(
        Call::good().send_to(&with_settings(keys)).answer.status(),
        401
    );
}

#[test]
fn a_call_claims_the_key_that_counts() {
    let claimed = |call: Call| Chase::identity(&call.parts());
    assert_eq!(claimed(Call::good()).as_deref(), Some("chs_live_org1_key"));
    assert_eq!(
        claimed(Call::good().with("X-API-Key", " nope ")).as_deref(),
        Some("nope")
    );
    assert_eq!(claimed(Call::good().with("X-API-Key", " ")), None);
    assert_eq!(claimed(Call::good().without("X-API-Key")), None);
}
