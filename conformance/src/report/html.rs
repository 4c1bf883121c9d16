//! One page that needs no other file and no script, for whoever wants to see how far an implementation is.

use askama::Template;

use super::text::{self, Group};
use crate::result::{Evidence, Exchange, Report, RuleResult, Share, Verdict};

pub(super) fn render(report: &Report) -> String {
    let mut page = Page { report }
        .render()
        .expect("memory takes what the page writes");
    page.push('\n');
    page
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
}

impl Page<'_> {
    /// Verdicts in the order in which they deserve a look.
    const VERDICTS: [Verdict; 6] = [
        Verdict::Fail,
        Verdict::Error,
        Verdict::Unproven,
        Verdict::Blocked,
        Verdict::NotRun,
        Verdict::Pass,
    ];

    fn shown(text: &str) -> String {
        text::visible(text)
    }

    fn exit(&self) -> String {
        text::exit(self.report)
    }

    fn run(&self) -> String {
        text::run(self.report)
    }

    /// The class of a tile: how urgent it is.
    fn mood(share: &Share) -> &'static str {
        match (share.pass == share.selected, share.gating) {
            (true, _) => "good",
            (false, true) => "bad",
            (false, false) => "odd",
        }
    }

    fn proven(share: &Share) -> String {
        text::proven(share)
    }

    fn percent(share: &Share) -> String {
        text::percent(share)
    }

    /// What is not proven, in words: `1 failed (1 known), 2 blocked`.
    fn rest(share: &Share) -> String {
        let failed = match share.known {
            0 => "failed".to_owned(),
            known => format!("failed ({known} known)"),
        };
        let rest: Vec<_> = [
            (share.fail, failed.as_str()),
            (share.unproven, "unproven"),
            (share.blocked, "blocked"),
            (share.error, "in error"),
            (share.not_run, "not run"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
        rest.join(", ")
    }

    fn failures(&self) -> Vec<&RuleResult> {
        text::failures(self.report)
    }

    fn known(&self) -> Vec<(&RuleResult, &str)> {
        text::known(self.report).collect()
    }

    fn faults(&self) -> Vec<&RuleResult> {
        text::of(self.report, Verdict::Error).collect()
    }

    /// What is neither proven nor broken: a title, and its groups.
    fn undecided(&self) -> Vec<(&'static str, Vec<Group<'_>>)> {
        [
            ("Unproven", Verdict::Unproven),
            ("Blocked", Verdict::Blocked),
            ("Not run", Verdict::NotRun),
        ]
        .into_iter()
        .map(|(title, verdict)| (title, text::groups(self.report, verdict)))
        .filter(|(_, groups)| !groups.is_empty())
        .collect()
    }

    fn level(rule: &RuleResult) -> String {
        text::level(rule)
    }

    fn sources(rule: &RuleResult) -> String {
        text::sources(rule)
    }

    fn rows(rule: &RuleResult) -> Vec<(&'static str, String)> {
        text::rows(rule)
    }

    fn exchanges(rule: &RuleResult) -> &[Exchange] {
        match &rule.failure {
            Some(failure) => &failure.exchanges,
            None => &[],
        }
    }

    fn brief(exchange: &Exchange) -> String {
        text::brief(exchange)
    }

    fn request(exchange: &Exchange) -> String {
        text::request(&exchange.request)
    }

    fn answer(exchange: &Exchange) -> String {
        text::answer(exchange)
    }

    fn evidence(evidence: &Evidence) -> String {
        format!(
            "{} cases, {} exchanges, {} twins",
            evidence.cases, evidence.exchanges, evidence.twins
        )
    }

    /// The rules, vendor by vendor.
    fn vendors(&self) -> Vec<(&str, Vec<&RuleResult>)> {
        text::vendors(self.report)
    }
}
