//! A job summary in GitHub's Markdown: short, with the exchanges folded away.

use std::fmt::Write;

use super::text;
use crate::result::{Report, RuleResult, Verdict};

/// A summary that GitHub takes has at most one MiB; beyond so many failures it names ids alone.
const DETAILED: usize = 20;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    let mark = if report.exit.code == 0 { "✅" } else { "❌" };
    let _ = writeln!(
        out,
        "## {mark} Conformance: {}\n",
        escaped(&report.target.name)
    );
    let _ = writeln!(out, "**{}**\n", escaped(&text::exit(report)));
    table(&mut out, report);

    let failures = text::failures(report);
    if !failures.is_empty() {
        let _ = writeln!(out, "### Failures: {}\n", failures.len());
    }
    for rule in failures.iter().take(DETAILED) {
        details(&mut out, rule);
    }
    if failures.len() > DETAILED {
        let ids = failures[DETAILED..].iter().map(|rule| code(&rule.id));
        let _ = writeln!(out, "Also failed: {}\n", ids.collect::<Vec<_>>().join(", "));
    }
    let faults = text::of(report, Verdict::Error).map(|rule| {
        let reason = rule.reason.as_deref().unwrap_or("no reason given");
        format!("{}: {}", code(&rule.id), escaped(reason))
    });
    list(&mut out, "Faults of this program", faults);
    for (verdict, title) in [
        (Verdict::Unproven, "Unproven"),
        (Verdict::Blocked, "Blocked"),
    ] {
        let groups = text::groups(report, verdict).into_iter().map(|group| {
            let ids: Vec<_> = group.rules.iter().map(|rule| code(&rule.id)).collect();
            let mut line = format!("{}: {}", ids.join(", "), escaped(&group.reason));
            if let Some(unblock) = &group.unblock {
                let _ = write!(line, "; unblock with {}", code(unblock));
            }
            line
        });
        list(&mut out, title, groups);
    }
    let not_run = text::groups(report, Verdict::NotRun)
        .into_iter()
        .map(|group| {
            let mut line = format!("{}: {}", group.rules.len(), escaped(&group.reason));
            if let Some(unblock) = &group.unblock {
                let _ = write!(line, "; run with {}", code(unblock));
            }
            line
        });
    list(&mut out, "Not run", not_run);
    let known =
        text::known(report).map(|(rule, why)| format!("{}: {}", code(&rule.id), escaped(why)));
    list(&mut out, "Known failures", known);
    let stale = report.stale.iter().map(|line| escaped(line));
    list(&mut out, "Stale entries of the known-failures file", stale);
    let _ = writeln!(out, "Judged: {}", escaped(&text::run(report)));
    out
}

fn table(out: &mut String, report: &Report) {
    if report.summary.is_empty() {
        return;
    }
    out.push_str(
        "| vendor | level | proven | | failed | known | unproven | blocked | not run | error |\n",
    );
    out.push_str("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for share in &report.summary {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            escaped(&share.vendor),
            escaped(&share.level),
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

fn details(out: &mut String, rule: &RuleResult) {
    let _ = writeln!(
        out,
        "<details><summary><code>{}</code> ({}): {}</summary>\n",
        html(&rule.id),
        html(&text::level(rule)),
        html(&rule.says)
    );
    let mut rows = vec![("rests on", text::sources(rule))];
    rows.extend(text::rows(rule));
    let lines: Vec<_> = rows
        .iter()
        .map(|(label, said)| {
            let gap = if said.contains('\n') { '\n' } else { ' ' };
            format!("{label}:{gap}{said}")
        })
        .collect();
    let _ = writeln!(out, "{}\n</details>\n", fenced(&lines.join("\n")));
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "### {title}\n");
    for line in lines {
        let _ = writeln!(out, "- {line}");
    }
    out.push('\n');
}

/// A block that shows the text as it is. The fence is longer than any run of backticks in it.
fn fenced(text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}text\n{text}\n{fence}")
}

/// A code span that shows the text as it is, on one line.
fn code(text: &str) -> String {
    let text = text::glance(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // The blanks are taken away when shown; without them a backtick at an end would belong to the fence.
    let edge = ['`', ' '];
    let blank = if text.starts_with(edge) || text.ends_with(edge) {
        " "
    } else {
        ""
    };
    format!("{fence}{blank}{text}{blank}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or_default()
}

/// One line of prose in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text::glance(text).chars() {
        if matches!(
            character,
            '\\' | '`'
                | '*'
                | '_'
                | '{'
                | '}'
                | '['
                | ']'
                | '<'
                | '>'
                | '#'
                | '|'
                | '~'
                | '&'
                | '!'
                | '@'
                | '$'
        ) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn html(text: &str) -> String {
    text::glance(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
