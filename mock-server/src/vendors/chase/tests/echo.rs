//! `[echo]`: what an answer repeats. What is written how is tested in `echo.rs`.

use super::*;

#[test]
fn values_are_echoed_as_parsed() {
    let body = "{ \"z\" : [1E5, -0, 1.10, 1e16],\n\"a\":\"\\u00e9\\/\\ud83d\\ude00\\u0001\", \"_sa\": NaN, \"b\": null }";
    let answer = Call::json(body).is_refused(422, "chase.body.email_required");
    assert_eq!(
        answer,
        r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":{"z":[100000.0,0,1.1,1e+16],"a":"é/😀\u0001","b":null}}]}"#
    );
}

#[test]
fn an_error_that_cannot_be_written_is_a_failure() {
    for body in [
        r#"{"a":NaN}"#,
        r#"{"a":[1e400]}"#,
        r#"{"\ud800":1}"#,
        r#"{"email":"\ud800"}"#,
        r#"{"email":"user@example.com","conversion_data":NaN}"#,
        r#"{"email":1,"conversion_data":-Infinity}"#,
        "Infinity",
    ] {
        assert_eq!(
            Call::json(body).is_refused(500, "chase.echo.unwritable"),
            "Internal Server Error"
        );
    }
}

#[test]
fn what_is_not_echoed_does_not_matter() {
    Call::json(r#"{"email":1,"a":NaN}"#).is_refused(422, "chase.body.email_text");
    Call::json(r#"{"_sa":NaN}"#).is_refused(422, "chase.body.email_required");
    Call::json(r#"{"a":NaN,"a":1}"#).is_refused(422, "chase.body.email_required");
}

#[test]
fn a_failure_names_the_rules_behind_it() {
    let outcome = Call::json(r#"{"email":1,"conversion_data":NaN}"#).send();
    let rules: Vec<&str> = outcome
        .refused_by
        .iter()
        .map(|rule| rule.as_str())
        .collect();
    assert_eq!(
        rules,
        [
            "chase.echo.unwritable",
            "chase.body.email_text",
            "chase.body.conversion_data_object"
        ]
    );
}
