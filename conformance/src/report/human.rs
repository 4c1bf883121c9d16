//! What a person at a terminal wants: first what broke, last how it ended. Rules that hold are counted, not listed.
//!
//! Colours repeat what the words say. They are part of the text; the writer strips them where nobody could see them.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::text;
use crate::result::{Report, RuleResult, Share, Verdict};

const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const HEAD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// More lines of one row than this are for the reports that have room.
const LINES: usize = 20;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    for rule in text::failures(report) {
        failure(&mut out, rule);
    }
    for rule in text::of(report, Verdict::Error) {
        let _ = writeln!(out, "{BAD}ERROR{BAD:#} {}", text::glance(&rule.id));
        row(&mut out, "", "A fault of this program, not of the target.");
        for (label, said) in text::rows(rule) {
            row(&mut out, label, &said);
        }
        out.push('\n');
    }
    groups(&mut out, report, Verdict::Unproven, "Unproven");
    groups(&mut out, report, Verdict::Blocked, "Blocked");
    not_run(&mut out, report);
    list(
        &mut out,
        "Known failures",
        text::known(report)
            .map(|(rule, why)| format!("{}: {}", text::glance(&rule.id), text::glance(why))),
    );
    list(
        &mut out,
        "Stale entries of the known-failures file",
        report.stale.iter().map(|line| text::glance(line)),
    );
    table(&mut out, &report.summary);
    let _ = writeln!(out, "{}", text::run(report));
    let style = if report.exit.code == 0 { GOOD } else { BAD };
    let _ = writeln!(out, "{style}{}{style:#}", text::exit(report));
    // A CI runner takes this for the beginning of a command wherever it stands in a line.
    out.replace("##[", "## [")
}

fn failure(out: &mut String, rule: &RuleResult) {
    let style = if rule.gating { BAD } else { ODD };
    let _ = writeln!(
        out,
        "{style}FAIL{style:#}  {HEAD}{}{HEAD:#} ({})",
        text::glance(&rule.id),
        text::level(rule)
    );
    row(out, "", &text::visible(&rule.says));
    if !rule.sources.is_empty() {
        row(out, "rests on", &text::sources(rule));
    }
    for (label, said) in text::rows(rule) {
        match label {
            // It is there to be copied, so nothing may stand before its further lines.
            "repeat" => {
                let _ = writeln!(out, "  {FAINT}{label:<8}{FAINT:#}  {said}");
            }
            _ => row(out, label, &said),
        }
    }
    out.push('\n');
}

/// Further lines stand behind a bar: no line of an answer may begin a line here, where a CI runner would take it for a command.
fn row(out: &mut String, label: &str, said: &str) {
    let mut lines = said.lines();
    let first = lines.next().unwrap_or_default();
    let _ = writeln!(out, "  {FAINT}{label:<8}{FAINT:#}  {first}");
    for line in lines.by_ref().take(LINES) {
        let bar = format!("| {line}");
        let _ = writeln!(out, "            {}", bar.trim_end());
    }
    match lines.count() {
        0 => {}
        more => {
            let _ = writeln!(
                out,
                "            | {FAINT}… {more} more lines; the other reports have them{FAINT:#}"
            );
        }
    }
}

fn groups(out: &mut String, report: &Report, verdict: Verdict, title: &str) {
    let groups = text::groups(report, verdict);
    let count: usize = groups.iter().map(|group| group.rules.len()).sum();
    if count == 0 {
        return;
    }
    let _ = writeln!(out, "{HEAD}{title}: {count}{HEAD:#}");
    for group in groups {
        for rule in &group.rules {
            let _ = writeln!(
                out,
                "  {ODD}{}{ODD:#} ({})",
                text::glance(&rule.id),
                text::level(rule)
            );
        }
        row(out, "because", &group.reason);
        if let Some(unblock) = &group.unblock {
            row(out, "unblock", unblock);
        }
    }
    out.push('\n');
}

fn not_run(out: &mut String, report: &Report) {
    let groups = text::groups(report, Verdict::NotRun);
    if groups.is_empty() {
        return;
    }
    let count: usize = groups.iter().map(|group| group.rules.len()).sum();
    let _ = writeln!(out, "{HEAD}Not run: {count}{HEAD:#}");
    for group in groups {
        let count = group.rules.len();
        let mut line = format!("{count:>5}  {}", text::glance(&group.reason));
        if let Some(unblock) = &group.unblock {
            let _ = write!(line, "; to run: {}", text::glance(unblock));
        }
        let _ = writeln!(out, "{line}");
    }
    out.push('\n');
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "{HEAD}{title}{HEAD:#}");
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    out.push('\n');
}

fn table(out: &mut String, summary: &[Share]) {
    if summary.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "{HEAD}{:<10} {:<7} {:>9} {:>6} {:>6} {:>6} {:>9} {:>8} {:>8} {:>6}{HEAD:#}",
        "vendor",
        "level",
        "proven",
        "",
        "failed",
        "known",
        "unproven",
        "blocked",
        "not run",
        "error"
    );
    for share in summary {
        let style = match (share.pass == share.selected, share.gating) {
            (true, _) => GOOD,
            (false, true) => BAD,
            (false, false) => ODD,
        };
        let _ = writeln!(
            out,
            "{:<10} {:<7} {style}{:>9} {:>6}{style:#} {:>6} {:>6} {:>9} {:>8} {:>8} {:>6}",
            text::glance(&share.vendor),
            text::glance(&share.level),
            text::proven(share),
            text::percent(share),
            share.fail,
            share.known,
            share.unproven,
            share.blocked,
            share.not_run,
            share.error
        );
    }
    out.push('\n');
}
