//! The report of a run, and the one place where its exit code is decided.

use fixtures::Level;

use crate::catalogue;
use crate::result::{
    Exit, FORM, Report, Requests, RuleResult, Run as HowRun, Share, TargetShown, Verdict,
};
use crate::run::{RuleRun, Run, Unfit};

/// The exit codes, in the order in which they count.
pub mod code {
    /// A fault of this program.
    pub const FAULT: u8 = 70;
    /// Wrong usage or configuration, or a selector that matches nothing.
    pub const USAGE: u8 = 2;
    /// Refused for safety before sending.
    pub const UNSAFE: u8 = 7;
    /// The target cannot be reached, does not answer, or refuses the credentials.
    pub const UNREACHABLE: u8 = 5;
    /// A gating rule failed and is not listed as known.
    pub const FAILED: u8 = 1;
    /// The known-failures file is stale.
    pub const STALE: u8 = 3;
    /// Stopped by budget or quota.
    pub const STOPPED: u8 = 6;
    /// Nothing failed, but too little was proven.
    pub const UNPROVEN: u8 = 4;
    /// Everything selected and gating is proven.
    pub const PROVEN: u8 = 0;
}

impl Unfit {
    /// The exit code of a run that did not begin.
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Selection(_) => code::USAGE,
            Self::Unsafe(_) => code::UNSAFE,
            Self::Unreachable(_) => code::UNREACHABLE,
            Self::Busy(_) => code::STOPPED,
            Self::Fault(_) => code::FAULT,
        }
    }
}

/// The report of a run whose rules have ended. `stale`: what the known-failures file says; `min_proven`: percent.
pub fn report(
    run: &Run,
    rules: Vec<RuleResult>,
    stale: Vec<String>,
    min_proven: f64,
    started_at: jiff::Timestamp,
    duration: std::time::Duration,
) -> Report {
    let (planned, planned_writes) = run.worst_case();
    let (sent, sent_writes) = run.pace.sent();
    let stopped = run.pace.stopped().or_else(|| {
        run.over_budget()
            .then(|| "the budget is too small".to_owned())
    });
    let options = &run.options;
    Report {
        form: FORM,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: TargetShown {
            name: run.target.name.clone(),
            base_urls: run
                .target
                .vendors
                .iter()
                .map(|vendor| (vendor.vendor.name().to_owned(), vendor.base_url.to_string()))
                .collect(),
            admin: run.with_sandboxes,
        },
        run: HowRun {
            seed: options.seed,
            cases: options.cases,
            access: catalogue::access(run.access).to_owned(),
            strict: options.strict,
            shard: options
                .selection
                .shard
                .map(|(part, parts)| format!("{part}/{parts}")),
            only: options.selection.only.clone(),
            skip: options.selection.skip.clone(),
            started_at: started_at.to_string(),
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        },
        requests: Requests {
            planned,
            planned_writes,
            sent,
            sent_writes,
        },
        summary: shares(&rules, options.strict),
        exit: exit(&rules, &stale, stopped.as_deref(), min_proven),
        stale,
        rules,
    }
}

/// The results of rules, once their runs have ended.
pub fn results(runs: Vec<RuleRun>) -> Vec<RuleResult> {
    runs.into_iter().map(|run| run.result).collect()
}

/// How the rules of each vendor and level ended.
fn shares(rules: &[RuleResult], strict: bool) -> Vec<Share> {
    let mut shares = Vec::new();
    for vendor in fixtures::VENDORS {
        for level in [Level::Must, Level::Should, Level::Info] {
            let word = catalogue::level(level);
            let here: Vec<&RuleResult> = rules
                .iter()
                .filter(|rule| rule.vendor == vendor.name() && rule.level == word)
                .collect();
            if here.is_empty() {
                continue;
            }
            let count = |verdict: Verdict| {
                let all = here.iter().filter(|rule| rule.verdict == verdict);
                u32::try_from(all.count()).unwrap_or(u32::MAX)
            };
            let known = here
                .iter()
                .filter(|rule| rule.verdict == Verdict::Fail && rule.known.is_some());
            let all = u32::try_from(here.len()).unwrap_or(u32::MAX);
            shares.push(Share {
                vendor: vendor.name().to_owned(),
                level: word.to_owned(),
                gating: strict || level == Level::Must,
                selected: all - count(Verdict::NotRun),
                pass: count(Verdict::Pass),
                fail: count(Verdict::Fail),
                known: u32::try_from(known.count()).unwrap_or(u32::MAX),
                unproven: count(Verdict::Unproven),
                blocked: count(Verdict::Blocked),
                not_run: count(Verdict::NotRun),
                error: count(Verdict::Error),
            });
        }
    }
    shares
}

/// The exit code, and why. If several lines hold, the first counts.
pub fn exit(
    rules: &[RuleResult],
    stale: &[String],
    stopped: Option<&str>,
    min_proven: f64,
) -> Exit {
    let exit = |code, reason: String| Exit { code, reason };
    let count =
        |holds: &dyn Fn(&RuleResult) -> bool| rules.iter().filter(|rule| holds(rule)).count();
    let errors = count(&|rule| rule.verdict == Verdict::Error);
    if errors > 0 {
        return exit(
            code::FAULT,
            format!(
                "{} could not be judged, by a fault of this program",
                rules_in_words(errors)
            ),
        );
    }
    let failed =
        count(&|rule| rule.gating && rule.verdict == Verdict::Fail && rule.known.is_none());
    if failed > 0 {
        return exit(code::FAILED, format!("{} failed", gating(failed)));
    }
    if !stale.is_empty() {
        return exit(
            code::STALE,
            format!(
                "{} of the known-failures file is stale",
                entries(stale.len())
            ),
        );
    }
    if let Some(why) = stopped {
        return exit(code::STOPPED, format!("stopped: {why}"));
    }
    if rules.is_empty() {
        return exit(code::PROVEN, "no rule falls to this part".to_owned());
    }
    // A known failure is accounted for; it neither counts as proven nor asks to be.
    let selected =
        count(&|rule| rule.gating && rule.verdict != Verdict::NotRun && rule.known.is_none());
    let proven = count(&|rule| rule.gating && rule.verdict == Verdict::Pass);
    let share = if selected == 0 {
        0.0
    } else {
        #[expect(
            clippy::cast_precision_loss,
            reason = "there are some hundreds of rules"
        )]
        let share = proven as f64 * 100.0 / selected as f64;
        share
    };
    if selected == 0 && min_proven > 0.0 {
        return exit(code::UNPROVEN, "no gating rule was run".to_owned());
    }
    if share < min_proven {
        return exit(
            code::UNPROVEN,
            format!(
                "{proven} of {} proven, {share:.1} %, and {min_proven} % are asked for",
                gating(selected)
            ),
        );
    }
    exit(
        code::PROVEN,
        format!("{proven} of {} proven", gating(selected)),
    )
}

fn rules_in_words(count: usize) -> String {
    match count {
        1 => "one rule".to_owned(),
        _ => format!("{count} rules"),
    }
}

fn gating(count: usize) -> String {
    match count {
        1 => "1 gating rule".to_owned(),
        _ => format!("{count} gating rules"),
    }
}

fn entries(count: usize) -> String {
    match count {
        1 => "one entry".to_owned(),
        _ => format!("{count} entries"),
    }
}
