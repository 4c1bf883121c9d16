//! What several formats say in the same words.

use std::fmt::Write;

use crate::result::{
    AnswerShown, Exchange, Failure, Report, RequestShown, RuleResult, Share, Verdict,
};

/// The text with everything escaped that a reader would not see or that would move what is around it:
/// control characters but for line breaks and tabs, characters that change the direction of writing, and those XML forbids.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            '\r' => shown.push_str("\\r"),
            hidden if hidden.is_control() || unseen(hidden) => {
                shown.extend(hidden.escape_unicode());
            }
            plain => shown.push(plain),
        }
    }
    shown
}

fn unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// [`visible`], on one line and no longer than a glance takes.
pub(super) fn glance(text: &str) -> String {
    const LONGEST: usize = 300;
    let line = visible(text).replace('\n', "\\n").replace('\t', "\\t");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} … (cut)", &line[..end]),
        None => line,
    }
}

/// `C100-MRK-06 (documented), C100-MRK-07 (inferred)`.
pub(super) fn sources(rule: &RuleResult) -> String {
    let facts: Vec<_> = rule
        .sources
        .iter()
        .map(|source| format!("{} ({})", glance(&source.fact), glance(&source.standing)))
        .collect();
    facts.join(", ")
}

/// `must`, or `should, does not fail the run`.
pub(super) fn level(rule: &RuleResult) -> String {
    let mut level = glance(&rule.level);
    if !rule.gating {
        level.push_str(", does not fail the run");
    }
    level
}

/// What became of a rule as labels and what stands beside them, in the order to read them.
/// What stands beside may have many lines.
pub(super) fn rows(rule: &RuleResult) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    for (label, said) in [("because", &rule.reason), ("unblock", &rule.unblock)] {
        if let Some(said) = said {
            rows.push((label, visible(said)));
        }
    }
    let Some(failure) = &rule.failure else {
        return rows;
    };
    let mut case = visible(&failure.case);
    if let Some(steps) = failure.shrunk {
        let _ = write!(case, " (the smallest after {steps} steps)");
    }
    rows.push(("case", case));
    let shown = breach(failure);
    let twin = failure.exchanges.iter().find(|one| one.role == "twin");
    let before: Vec<_> = failure
        .exchanges
        .iter()
        .take_while(|one| shown.is_none_or(|shown| !std::ptr::eq(*one, shown)))
        .filter(|one| one.role != "twin")
        .map(brief)
        .collect();
    if !before.is_empty() {
        rows.push(("before", before.join("\n")));
    }
    if let Some(shown) = shown {
        rows.push((
            "sent",
            request_but(&shown.request, |header| {
                !plumbing(&header.0)
                    || twin.is_some_and(|twin| !twin.request.headers.contains(header))
            }),
        ));
        rows.push(("answered", answered(shown)));
    }
    rows.push(("at", visible(&failure.aspect)));
    rows.push(("wanted", visible(&failure.wanted)));
    rows.push(("got", visible(&failure.got)));
    if let Some(twin) = twin {
        let mut said = format!("{} → {}", repair(twin, shown), outcome(twin));
        if rule.evidence.twins > 0 {
            said.push_str(", as it must");
        }
        rows.push(("twin", said));
    }
    if !failure.curl.is_empty() {
        rows.push(("repeat", visible(&failure.curl)));
    }
    rows
}

/// The exchange that shows the breach, else the last that was tested.
fn breach(failure: &Failure) -> Option<&Exchange> {
    let tested = |one: &&Exchange| one.role == "tested";
    failure
        .exchanges
        .iter()
        .find(|one| one.breach)
        .or_else(|| failure.exchanges.iter().rfind(tested))
}

/// Headers that any client sends, and that say nothing about the case.
fn plumbing(name: &str) -> bool {
    ["host", "content-length", "user-agent", "connection"]
        .iter()
        .any(|usual| name.eq_ignore_ascii_case(usual))
}

/// What the twin has that the tested request has not.
fn repair(twin: &Exchange, tested: Option<&Exchange>) -> String {
    let Some(tested) = tested.map(|tested| &tested.request) else {
        return brief_request(&twin.request);
    };
    let twin = &twin.request;
    let mut differences = Vec::new();
    if (&twin.method, &twin.url) != (&tested.method, &tested.url) {
        differences.push(brief_request(twin));
    }
    for (name, value) in &twin.headers {
        let same = |(other, found): &(String, String)| (other, found) == (name, value);
        if !plumbing(name) && !tested.headers.iter().any(same) {
            differences.push(format!("{}: {}", glance(name), glance(value)));
        }
    }
    for (name, _) in &tested.headers {
        let same = |(other, _): &(String, String)| other.eq_ignore_ascii_case(name);
        if !twin.headers.iter().any(same) {
            differences.push(format!("no {}", glance(name)));
        }
    }
    if twin.body != tested.body {
        differences.push(match twin.body.as_str() {
            "" => "no body".to_owned(),
            body => format!("body {}", glance(body)),
        });
    }
    match differences.as_slice() {
        [] => "the same".to_owned(),
        some => format!("the same with {}", some.join(", ")),
    }
}

/// `setup submit: POST http://… → 200`.
pub(super) fn brief(exchange: &Exchange) -> String {
    format!(
        "{} {}: {} → {}",
        glance(&exchange.role),
        glance(&exchange.label),
        brief_request(&exchange.request),
        outcome(exchange)
    )
}

fn brief_request(request: &RequestShown) -> String {
    format!("{} {}", glance(&request.method), glance(&request.url))
}

fn outcome(exchange: &Exchange) -> String {
    match (&exchange.answer, &exchange.error) {
        (Some(answer), _) => answer.status.to_string(),
        (None, Some(error)) => format!("no answer: {}", glance(error)),
        (None, None) => "no answer".to_owned(),
    }
}

/// The request, as it looks on the wire.
pub(super) fn request(request: &RequestShown) -> String {
    request_but(request, |_| true)
}

fn request_but(request: &RequestShown, shown: impl Fn(&(String, String)) -> bool) -> String {
    let mut text = format!("{} {}", visible(&request.method), visible(&request.url));
    for header in request.headers.iter().filter(|header| shown(header)) {
        let _ = write!(text, "\n{}: {}", visible(&header.0), visible(&header.1));
    }
    push_body(&mut text, &request.body);
    text
}

/// The answer, as it looks on the wire, or why there is none.
pub(super) fn answer(exchange: &Exchange) -> String {
    let mut text = outcome(exchange);
    if let Some(AnswerShown { headers, body, .. }) = &exchange.answer {
        for (name, value) in headers {
            let _ = write!(text, "\n{}: {}", visible(name), visible(value));
        }
        push_body(&mut text, body);
    }
    text
}

/// The answer without its headers: what they have to do with the failure stands in `got`.
fn answered(exchange: &Exchange) -> String {
    let mut text = outcome(exchange);
    if let Some(answer) = &exchange.answer {
        push_body(&mut text, &answer.body);
    }
    text
}

fn push_body(text: &mut String, body: &str) {
    if !body.is_empty() {
        let _ = write!(text, "\n\n{}", visible(body));
    }
}

/// Failures that no entry excuses: those that fail the run first.
pub(super) fn failures(report: &Report) -> Vec<&RuleResult> {
    let mut failures: Vec<_> = of(report, Verdict::Fail)
        .filter(|rule| rule.known.is_none())
        .collect();
    failures.sort_by_key(|rule| !rule.gating);
    failures
}

/// Failures that the known-failures file excuses, each with its reason.
pub(super) fn known(report: &Report) -> impl Iterator<Item = (&RuleResult, &str)> {
    of(report, Verdict::Fail).filter_map(|rule| Some((rule, rule.known.as_deref()?)))
}

/// The rules that ended so.
pub(super) fn of(report: &Report, verdict: Verdict) -> impl Iterator<Item = &RuleResult> {
    report
        .rules
        .iter()
        .filter(move |rule| rule.verdict == verdict)
}

/// The rules, vendor by vendor.
pub(super) fn vendors(report: &Report) -> Vec<(&str, Vec<&RuleResult>)> {
    let mut vendors: Vec<(&str, Vec<&RuleResult>)> = Vec::new();
    for rule in &report.rules {
        match vendors
            .iter_mut()
            .find(|(vendor, _)| *vendor == rule.vendor)
        {
            Some((_, rules)) => rules.push(rule),
            None => vendors.push((&rule.vendor, vec![rule])),
        }
    }
    vendors
}

/// Rules that share why they were not judged and what would change that.
pub(super) struct Group<'a> {
    pub(super) reason: String,
    pub(super) unblock: Option<String>,
    pub(super) rules: Vec<&'a RuleResult>,
}

/// The rules of a verdict, grouped, in the order of their first.
pub(super) fn groups(report: &Report, verdict: Verdict) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for rule in of(report, verdict) {
        let reason = visible(rule.reason.as_deref().unwrap_or("no reason given"));
        let unblock = rule.unblock.as_deref().map(visible);
        let alike = |group: &&mut Group<'_>| group.reason == reason && group.unblock == unblock;
        match groups.iter_mut().find(alike) {
            Some(group) => group.rules.push(rule),
            None => groups.push(Group {
                reason,
                unblock,
                rules: vec![rule],
            }),
        }
    }
    groups
}

/// `41/42`.
pub(super) fn proven(share: &Share) -> String {
    format!("{}/{}", share.pass, share.selected)
}

/// `97 %`, rounded down, so that 100 means all. A dash where nothing was selected.
pub(super) fn percent(share: &Share) -> String {
    match (u64::from(share.pass) * 100).checked_div(share.selected.into()) {
        Some(percent) => format!("{percent} %"),
        None => "–".to_owned(),
    }
}

/// `http://127.0.0.1:4000, 12.3 s, 310 of at most 400 requests (120 may have changed data), seed 7, 16 random cases, access write`.
pub(super) fn run(report: &Report) -> String {
    let (run, requests) = (&report.run, &report.requests);
    let mut text = format!(
        "{}, {}, {} of at most {} requests ({} of at most {} may have changed data), seed {}, {} random cases, access {}",
        glance(&report.target.name),
        seconds(run.duration_ms),
        requests.sent,
        requests.planned,
        requests.sent_writes,
        requests.planned_writes,
        run.seed,
        run.cases,
        glance(&run.access),
    );
    if run.strict {
        text.push_str(", strict");
    }
    if let Some(shard) = &run.shard {
        let _ = write!(text, ", shard {}", glance(shard));
    }
    for (what, prefixes) in [("only", &run.only), ("without", &run.skip)] {
        if !prefixes.is_empty() {
            let _ = write!(text, ", {what} {}", glance(&prefixes.join(" ")));
        }
    }
    text
}

/// `12.3 s`.
pub(super) fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}

/// `Exit 1: …`.
pub(super) fn exit(report: &Report) -> String {
    format!("Exit {}: {}", report.exit.code, glance(&report.exit.reason))
}
