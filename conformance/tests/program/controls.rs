//! Servers that are broken in a known way earn the exit code that is theirs, and no pass that they do not deserve.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use conformance::result::Verdict;
use fixtures::{VENDORS, Vendor};
use http::request::Parts;
use serde::Deserialize;

use crate::control::{Answer, Control, answer};
use crate::program::call;

/// How long a run against a control server may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The passes that a broken server does deserve.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deserved {
    #[serde(default)]
    pass: Vec<Pass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pass {
    /// The control server.
    server: String,
    /// The rule that it keeps.
    rule: String,
    /// Why keeping it cannot be told from being broken in that way.
    reason: String,
}

/// Judges a control server, once as each vendor.
fn judge(
    name: &str,
    code: u8,
    answers: impl Fn(Vendor, &Parts, &Bytes) -> Option<Answer> + Copy + Send + Sync + 'static,
) {
    let deserved: Deserved = toml::from_str(include_str!("deserved.toml")).expect("it is TOML");
    let deserved: BTreeSet<&str> = deserved
        .pass
        .iter()
        .filter(|pass| pass.server == name)
        .inspect(|pass| assert!(pass.reason.len() > 10, "{}: no reason", pass.rule))
        .map(|pass| pass.rule.as_str())
        .collect();
    let mut passed = BTreeSet::new();
    let mut wrong = Vec::new();
    for vendor in VENDORS {
        let server = Control::start(move |parts, body| answers(vendor, parts, body));
        // A machine under load answers late; a server that hangs is not worth the time.
        let timeout = if name == "hang" { 1 } else { 10 };
        let (ended, report) = call("run --access write --cases 1 --jobs 64")
            .and(&format!("--timeout {timeout}"))
            .at(&server.url(), vendor)
            .report();
        if ended.code != i32::from(code) || ended.took > LIMIT {
            wrong.push(format!("{}: {ended:?}", vendor.name()));
        }
        // A run that does not begin reports nothing.
        let rules = report.map(|report| report.rules).unwrap_or_default();
        let passes = rules
            .into_iter()
            .filter(|rule| rule.verdict == Verdict::Pass);
        passed.extend(passes.map(|rule| rule.id));
    }
    let passed: BTreeSet<&str> = passed.iter().map(String::as_str).collect();
    let undeserved: Vec<&&str> = passed.difference(&deserved).collect();
    let stale: Vec<&&str> = deserved.difference(&passed).collect();
    assert!(
        wrong.is_empty() && undeserved.is_empty() && stale.is_empty(),
        "{name}\nnot deserved: {undeserved:#?}\nlisted in deserved.toml, and did not pass: {stale:#?}\n{}",
        wrong.join("\n")
    );
}

#[test]
fn empty_200() {
    judge("empty-200", 1, |_, _, _| Some(answer(200, "", "")));
}

#[test]
fn html_200() {
    judge("html-200", 1, |_, _, _| {
        let page =
            "<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works!</body></html>";
        Some(answer(200, "text/html; charset=utf-8", page))
    });
}

#[test]
fn echo() {
    judge("echo", 1, |_, parts, body| {
        let content_type = parts.headers.get("Content-Type");
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let mut answer = answer(200, "", body.clone());
        if let Some(value) = content_type.and_then(|value| value.parse().ok()) {
            answer.headers_mut().insert("Content-Type", value);
        }
        Some(answer)
    });
}

#[test]
fn well_formed_401_for_all() {
    judge("401", 5, |vendor, _, _| {
        let (body, challenge) = match vendor.name() {
            "comm100" => (
                r#"{"code":401000,"message":"The credentials are not valid."}"#,
                "Basic",
            ),
            "chase" => (r#"{"detail":"Unauthorized"}"#, "APIKey"),
            _ => (
                r#"{"status":401,"title":"Unauthorized"}"#,
                r#"Basic realm="impact.com""#,
            ),
        };
        let mut answer = answer(401, "application/json", body);
        let challenge = http::HeaderValue::from_static(challenge);
        answer.headers_mut().insert("WWW-Authenticate", challenge);
        Some(answer)
    });
}

#[test]
fn well_formed_400_for_all() {
    judge("400", 1, |vendor, _, _| {
        Some(answer(400, "application/json", refusal(vendor)))
    });
}

/// A refusal as the vendor writes it.
fn refusal(vendor: Vendor) -> &'static str {
    match vendor.name() {
        "comm100" => r#"{"code":400000,"message":"The parameter name is required."}"#,
        "chase" => r#"{"detail":"There was an error parsing the body"}"#,
        _ => {
            r#"{"Status":"ERROR","errors":[{"field":"OrderId","level":"ERROR","message":"OrderId is required."}]}"#
        }
    }
}

#[test]
fn empty_500_for_all() {
    judge("500", 1, |_, _, _| {
        Some(answer(500, "text/plain", "Internal Server Error"))
    });
}

#[test]
fn limits_for_ever() {
    judge("429", 6, |_, _, _| Some(answer(429, "", "")));
}

#[test]
fn limits_for_ever_that_say_how_long() {
    judge("429-retry-after", 6, |_, _, _| {
        let mut answer = answer(429, "", "");
        let wait = http::HeaderValue::from_static("1");
        answer.headers_mut().insert("Retry-After", wait);
        Some(answer)
    });
}

#[test]
fn hang() {
    judge("hang", 5, |_, _, _| None);
}
