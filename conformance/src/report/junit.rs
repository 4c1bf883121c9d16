//! JUnit's XML: a suite a vendor, a case a rule.
//!
//! What is not proven is an error there, since JUnit knows no other word that a server shows as not passed.

use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::text;
use crate::result::{Report, RuleResult, Verdict};

pub(super) fn render(report: &Report) -> String {
    let suites = text::vendors(report).into_iter().map(|(vendor, rules)| {
        let mut suite = TestSuite::new(text::glance(vendor));
        suite
            .set_time(rules.iter().copied().map(time).sum())
            .add_test_cases(rules.into_iter().map(case));
        suite
    });
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
        let kind = match (rule.verdict, &rule.known) {
            (Verdict::Fail, None) => text::glance(&rule.level),
            (Verdict::Fail, Some(_)) => "known".to_owned(),
            (other, _) => other.as_str().to_owned(),
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
    .set_time(time(rule));
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

fn time(rule: &RuleResult) -> Duration {
    Duration::from_millis(rule.duration_ms)
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
    if let Some(known) = &rule.known {
        rows.push(("known", text::visible(known)));
    }
    rows.extend(text::rows(rule));
    let lines: Vec<_> = rows
        .iter()
        .map(|(label, said)| format!("{label}: {said}"))
        .collect();
    lines.join("\n")
}
