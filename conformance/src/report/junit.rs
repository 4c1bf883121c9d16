//! JUnit's XML: a suite a vendor, a case a rule.
//!
//! What is not proven is an error there, since JUnit knows no other word that a server shows as not passed.

use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::text;
use crate::result::{Report, RuleResult, Verdict};

pub(super) fn render(report: &Report) -> String {
    let mut suites: Vec<TestSuite> = Vec::new();
    for rule in &report.rules {
        let vendor = text::glance(&rule.vendor);
        let at = match suites
            .iter()
            .position(|suite| suite.name.as_str() == vendor)
        {
            Some(at) => at,
            None => {
                suites.push(TestSuite::new(vendor));
                suites.len() - 1
            }
        };
        suites[at].add_test_case(case(rule));
    }
    for suite in &mut suites {
        let time = suite.test_cases.iter().filter_map(|case| case.time).sum();
        suite.set_time(time);
    }
    let mut xml = quick_junit::Report::new(format!(
        "conformance of {}",
        text::glance(&report.target.name)
    ));
    xml.set_time(Duration::from_millis(report.run.duration_ms))
        .add_test_suites(suites);
    xml.to_string()
        .expect("quick-junit writes UTF-8, and memory takes it")
}

fn case(rule: &RuleResult) -> TestCase {
    let mut status = match (rule.verdict, &rule.known) {
        (Verdict::Pass, _) => TestCaseStatus::success(),
        (Verdict::Fail, None) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (Verdict::Fail, Some(_)) | (Verdict::NotRun, _) => TestCaseStatus::skipped(),
        (Verdict::Unproven | Verdict::Blocked | Verdict::Error, _) => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
    };
    if rule.verdict != Verdict::Pass {
        let kind = match rule.verdict {
            Verdict::Fail => text::glance(&rule.level),
            other => other.as_str().to_owned(),
        };
        status
            .set_type(kind)
            .set_message(message(rule))
            .set_description(description(rule));
    }
    let mut case = TestCase::new(text::glance(&rule.id), status);
    case.set_classname(format!(
        "{}.{}",
        text::glance(&rule.vendor),
        text::glance(&rule.level)
    ))
    .set_time(Duration::from_millis(rule.duration_ms));
    if let Some(failure) = &rule.failure {
        let exchanges: Vec<_> = failure
            .exchanges
            .iter()
            .map(|one| {
                format!(
                    "# {}\n{}\n\n{}\n",
                    text::brief(one),
                    text::request(&one.request),
                    text::answer(one)
                )
            })
            .collect();
        case.set_system_out(exchanges.join("\n"));
    }
    case
}

/// One line.
fn message(rule: &RuleResult) -> String {
    match (&rule.known, &rule.failure, &rule.reason) {
        (Some(known), ..) => format!("known failure: {}", text::glance(known)),
        (None, Some(failure), _) => format!(
            "{}: wanted {}, got {}",
            text::glance(&failure.aspect),
            text::glance(&failure.wanted),
            text::glance(&failure.got)
        ),
        (None, None, Some(reason)) => text::glance(reason),
        (None, None, None) => text::glance(&rule.says),
    }
}

fn description(rule: &RuleResult) -> String {
    let mut rows = vec![
        ("rule", text::visible(&rule.says)),
        ("level", text::level(rule)),
        ("rests on", text::sources(rule)),
    ];
    for (label, said) in [
        ("known", &rule.known),
        ("because", &rule.reason),
        ("unblock", &rule.unblock),
    ] {
        if let Some(said) = said {
            rows.push((label, text::visible(said)));
        }
    }
    if let Some(failure) = &rule.failure {
        rows.extend(text::rows(rule, failure));
    }
    let lines: Vec<_> = rows
        .iter()
        .map(|(label, said)| format!("{label}: {said}"))
        .collect();
    lines.join("\n")
}
