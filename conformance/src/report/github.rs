//! GitHub's workflow commands, which become annotations of the run.

use std::fmt::Write;

use super::text;
use crate::result::{Report, RuleResult, Verdict};

/// GitHub shows ten annotations of a kind for a step and drops the rest.
const SHOWN: usize = 10;

pub(super) fn render(report: &Report) -> String {
    let (errors, warnings): (Vec<_>, Vec<_>) = text::failures(report)
        .into_iter()
        .partition(|rule| rule.gating);
    let errors = errors
        .into_iter()
        .chain(text::of(report, Verdict::Error))
        .map(annotation);
    let stale = report
        .stale
        .iter()
        .map(|line| ("known failures".to_owned(), text::glance(line)));
    let undecided = [
        (Verdict::Unproven, "unproven"),
        (Verdict::Blocked, "blocked"),
    ]
    .into_iter()
    .flat_map(|(verdict, word)| {
        text::groups(report, verdict)
            .into_iter()
            .map(move |group| (word, group))
    })
    .map(|(word, group)| {
        let ids: Vec<_> = group
            .rules
            .iter()
            .map(|rule| text::glance(&rule.id))
            .collect();
        let mut message = format!("{}\n{}", ids.join(", "), group.reason);
        if let Some(unblock) = &group.unblock {
            let _ = write!(message, "\nunblock: {unblock}");
        }
        (word.to_owned(), message)
    });
    let warnings = warnings.into_iter().map(annotation);

    let mut out = String::new();
    write_all(&mut out, "error", errors.collect());
    write_all(
        &mut out,
        "warning",
        stale.chain(warnings).chain(undecided).collect(),
    );
    let shares: Vec<_> = report
        .summary
        .iter()
        .map(|share| {
            format!(
                "{} {}: {} proven ({})",
                text::glance(&share.vendor),
                text::glance(&share.level),
                text::proven(share),
                text::percent(share)
            )
        })
        .collect();
    let summary = format!(
        "{}\n{}\n{}",
        text::exit(report),
        shares.join("\n"),
        text::run(report)
    );
    command(&mut out, "notice", "conformance", &summary);
    out
}

/// The title and the message for a rule.
fn annotation(rule: &RuleResult) -> (String, String) {
    let mut message = text::visible(&rule.says);
    match &rule.failure {
        Some(failure) => {
            for (label, said) in [
                ("case", &failure.case),
                ("at", &failure.aspect),
                ("wanted", &failure.wanted),
                ("got", &failure.got),
            ] {
                let _ = write!(message, "\n{label}: {}", text::glance(said));
            }
        }
        None => {
            if let Some(reason) = &rule.reason {
                let _ = write!(message, "\n{}", text::glance(reason));
            }
        }
    }
    (text::glance(&rule.id), message)
}

/// The annotations; if there are more than GitHub shows, the last one says how many.
fn write_all(out: &mut String, kind: &str, annotations: Vec<(String, String)>) {
    let shown = match annotations.len() {
        few if few <= SHOWN => few,
        _ => SHOWN - 1,
    };
    let more = annotations.len() - shown;
    for (title, message) in annotations.into_iter().take(shown) {
        command(out, kind, &title, &message);
    }
    if more > 0 {
        let message = format!("{more} more like these; the other reports have them");
        command(out, kind, "conformance", &message);
    }
}

fn command(out: &mut String, kind: &str, title: &str, message: &str) {
    let message = escaped(message);
    let title = escaped(title).replace(':', "%3A").replace(',', "%2C");
    let _ = writeln!(out, "::{kind} title={title}::{message}");
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
