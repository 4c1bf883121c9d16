//! Every format, from one made-up report that has every verdict and whatever a hostile server might answer.

use std::path::Path;

use proptest::prelude::*;
use quick_xml::events::Event;
use serde_json::{Value, json};

use super::{Destination, Error, Format, SCHEMA, github, human, markdown};
use crate::result::{
    AnswerShown, Evidence, Exchange, Exit, FORM, Failure, Report, RequestShown, Requests,
    RuleResult, Run, Share, Source, TargetShown, Verdict,
};

const FORMATS: [Format; 6] = [
    Format::Human,
    Format::Json,
    Format::Junit,
    Format::Html,
    Format::Markdown,
    Format::Github,
];

const HOSTILE: &str = "<script>alert(1)</script> & \"quoted\" 'too' ```` %0A ]]>\r\n::error::forged ##[error]forged\n\u{1b}[31mred\u{0}\u{202e}mirrored\u{200f} </details>";

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn exchange(role: &str, body: &str, status: u16, answer: &str) -> Exchange {
    Exchange {
        label: "submit".into(),
        role: role.into(),
        breach: role == "tested",
        request: RequestShown {
            method: "POST".into(),
            url: "http://127.0.0.1:4000/impact/Mediapartners/$SID/PartnerConversions?a=%0A".into(),
            headers: headers(&[
                ("Host", "127.0.0.1:4000"),
                ("Authorization", "Basic $IMPACT"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ]),
            body: body.into(),
        },
        answer: Some(AnswerShown {
            status,
            headers: headers(&[("Content-Type", "application/json")]),
            body: answer.into(),
        }),
        error: None,
    }
}

fn failure(got: &str) -> Failure {
    let mut lost = exchange("setup", "OrderId=1", 0, "");
    lost.answer = None;
    lost.error = Some("the connection was closed".into());
    Failure {
        case: "a conversion without OrderId".into(),
        aspect: "body /errors/0/field".into(),
        wanted: "\"OrderId\"".into(),
        got: got.into(),
        exchanges: vec![
            lost,
            exchange("twin", "CampaignId=1000&OrderId=1", 200, "{}"),
            exchange("tested", "CampaignId=1000", 400, got),
        ],
        curl: "curl -u \"$IMPACT\" --data 'CampaignId=1000' http://127.0.0.1:4000/impact/".into(),
        shrunk: Some(3),
    }
}

pub(super) fn rule(id: &str, level: &str, verdict: Verdict) -> RuleResult {
    RuleResult {
        id: id.into(),
        vendor: id.split('.').next().unwrap().into(),
        says: "A conversion without an OrderId is refused, and the refusal names OrderId.".into(),
        level: level.into(),
        needs: "write".into(),
        sources: vec![
            Source {
                fact: "IMP-FLD-06".into(),
                standing: "documented".into(),
            },
            Source {
                fact: "IMP-ERR-06".into(),
                standing: "inferred".into(),
            },
        ],
        verdict,
        gating: level == "must",
        reason: None,
        unblock: None,
        known: None,
        evidence: Evidence {
            cases: 4,
            exchanges: 8,
            twins: 4,
        },
        failure: (verdict == Verdict::Fail).then(|| failure("\"orderid\"")),
        duration_ms: 1250,
    }
}

fn because(mut rule: RuleResult, reason: &str, unblock: Option<&str>) -> RuleResult {
    rule.reason = Some(reason.into());
    rule.unblock = unblock.map(Into::into);
    rule
}

fn report() -> Report {
    let mut hostile = rule("impact.errors.hostile", "must", Verdict::Fail);
    hostile.failure = Some(failure(HOSTILE));
    let mut known = rule("impact.items.lines_add_up", "must", Verdict::Fail);
    known.known = Some("The rewrite | of <items> brings it.".into());
    let contact = Some("[chase] contact = \"a known contact\"");
    Report {
        form: FORM,
        version: "0.1.0".into(),
        target: TargetShown {
            name: "staging, <eu>".into(),
            base_urls: [(
                "impact".to_owned(),
                "http://127.0.0.1:4000/impact".to_owned(),
            )]
            .into(),
            admin: false,
        },
        run: Run {
            seed: 7,
            cases: 16,
            access: "write".into(),
            strict: false,
            shard: Some("1/3".into()),
            only: vec!["impact".into(), "chase".into()],
            skip: vec!["impact.quota".into()],
            started_at: "2026-01-31T00:00:00Z".into(),
            duration_ms: 12_345,
        },
        requests: Requests {
            planned: 400,
            planned_writes: 150,
            sent: 310,
            sent_writes: 120,
        },
        summary: vec![
            Share {
                vendor: "impact".into(),
                level: "must".into(),
                gating: true,
                selected: 4,
                pass: 1,
                fail: 2,
                known: 1,
                unproven: 0,
                blocked: 0,
                not_run: 1,
                error: 1,
            },
            Share {
                vendor: "impact".into(),
                level: "should".into(),
                gating: false,
                selected: 1,
                pass: 0,
                fail: 1,
                known: 0,
                unproven: 0,
                blocked: 0,
                not_run: 0,
                error: 0,
            },
            Share {
                vendor: "chase".into(),
                level: "must".into(),
                gating: true,
                selected: 3,
                pass: 0,
                fail: 0,
                known: 0,
                unproven: 1,
                blocked: 2,
                not_run: 0,
                error: 0,
            },
        ],
        rules: vec![
            rule("impact.conversions.accepted", "must", Verdict::Pass),
            rule("impact.conversions.spelling", "should", Verdict::Fail),
            hostile,
            known,
            because(
                rule("impact.quota.hourly", "must", Verdict::NotRun),
                "it needs the admin API",
                Some("--access admin"),
            ),
            because(
                rule("impact.fields.all", "must", Verdict::Error),
                "the strategy drew nothing",
                None,
            ),
            because(
                rule("chase.log.unknown_contact", "must", Verdict::Unproven),
                "the twin was refused with 401",
                None,
            ),
            because(
                rule("chase.log.contact", "must", Verdict::Blocked),
                "no contact is known",
                contact,
            ),
            because(
                rule("chase.log.contact_twice", "must", Verdict::Blocked),
                "no contact is known",
                contact,
            ),
        ],
        stale: vec!["known.toml line 3: comm100.mark passes; remove the entry".into()],
        exit: Exit {
            code: 1,
            reason: "1 gating rule failed".into(),
        },
    }
}

#[test]
fn human_begins_with_failures_and_ends_with_the_exit() {
    insta::assert_snapshot!(Format::Human.render(&report()));
}

#[test]
fn json_is_the_whole_result() {
    insta::assert_snapshot!(Format::Json.render(&report()));
}

#[test]
fn junit_has_a_suite_a_vendor() {
    insta::assert_snapshot!(Format::Junit.render(&report()));
}

#[test]
fn html_is_one_page() {
    insta::assert_snapshot!(Format::Html.render(&report()));
}

#[test]
fn markdown_folds_exchanges_away() {
    insta::assert_snapshot!(Format::Markdown.render(&report()));
}

#[test]
fn github_annotates() {
    insta::assert_snapshot!(Format::Github.render(&report()));
}

#[test]
fn colour_repeats_what_words_say() {
    let coloured = human::render(&report());
    let plain = Format::Human.render(&report());
    assert!(coloured.contains('\u{1b}'));
    assert!(!plain.contains('\u{1b}'));
    assert!(plain.contains("FAIL  impact.errors.hostile (must)"));
}

#[test]
fn long_answers_are_cut_for_people() {
    let mut report = report();
    report.rules[1].failure = Some(failure(&"line\n".repeat(100)));
    let text = Format::Human.render(&report);
    assert!(text.contains("more lines; the other reports have them"));
    assert!(
        Format::Junit
            .render(&report)
            .contains(&"line\n".repeat(100))
    );
}

#[test]
fn nothing_hostile_runs_in_the_page() {
    let page = Format::Html.render(&report());
    assert!(!page.contains("<script"));
    assert!(page.contains("&#60;script&#62;alert(1)"));
    assert!(page.contains("\\u{202e}mirrored"));
}

#[test]
fn an_answer_cannot_give_the_runner_commands() {
    for format in [Format::Human, Format::Github] {
        let text = format.render(&report());
        assert!(text.contains("::error::forged"));
        assert!(
            text.lines()
                .all(|line| !line.trim_start().starts_with("::error::"))
        );
        // The runner looks for the second form only in lines that do not begin with the first.
        assert!(
            text.lines()
                .all(|line| line.starts_with("::") || !line.contains("##["))
        );
    }
}

#[test]
fn github_says_how_many_annotations_it_leaves_out() {
    let mut report = report();
    report.rules = vec![rule("impact.a.b", "must", Verdict::Fail); 12];
    let text = github::render(&report);
    assert_eq!(text.matches("::error title=").count(), 10);
    assert!(text.contains("::error title=conformance::3 more like these"));
    report.rules.truncate(10);
    let text = github::render(&report);
    assert_eq!(text.matches("::error title=impact.a.b::").count(), 10);
}

#[test]
fn markdown_stays_below_the_limit_of_a_summary() {
    let mut report = report();
    report.rules = vec![rule("impact.a.b", "must", Verdict::Fail); 500];
    for rule in &mut report.rules {
        rule.failure = Some(failure(&"x".repeat(8000)));
    }
    assert!(markdown::render(&report).len() < 1024 * 1024);
}

#[test]
fn a_report_without_rules_can_be_shown() {
    let mut report = report();
    report.rules.clear();
    report.summary.clear();
    report.stale.clear();
    well_formed(&report);
}

/// The schema, with every object closed, so that a member it does not describe is found too.
fn closed(mut schema: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        if object.contains_key("properties") {
            object.insert("additionalProperties".into(), json!(false));
        }
        for (_, value) in object.iter_mut() {
            *value = closed(value.take());
        }
    }
    schema
}

#[test]
fn the_schema_describes_every_member() {
    let schema = closed(serde_json::from_str(SCHEMA).unwrap());
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let written: Value = serde_json::from_str(&Format::Json.render(&report())).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&written)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);

    let mut more = written.clone();
    more["rules"][1]["failure"]["exchanges"][0]["request"]["more"] = json!(1);
    assert!(!validator.is_valid(&more));
    let mut odd = written;
    odd["rules"][0]["verdict"] = json!("passed");
    assert!(!validator.is_valid(&odd));
}

#[test]
fn json_reads_back() {
    let text = Format::Json.render(&report());
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(Format::Json.render(&read), text);
}

#[test]
fn destinations_name_a_format_and_a_file() {
    for good in [
        "human",
        "github",
        "json=a.json",
        "junit=a=b.xml",
        "html=x",
        "md=y",
    ] {
        Destination::parse(good).unwrap();
    }
    for (bad, why) in [
        (
            "pdf=x",
            "there is no report `pdf`; a report is human, github, json=FILE, junit=FILE, html=FILE or md=FILE",
        ),
        (
            "json",
            "`json` needs a file; a report is human, github, json=FILE, junit=FILE, html=FILE or md=FILE",
        ),
        (
            "md=",
            "`md` needs a file; a report is human, github, json=FILE, junit=FILE, html=FILE or md=FILE",
        ),
        (
            "human=x",
            "`human` takes no file; a report is human, github, json=FILE, junit=FILE, html=FILE or md=FILE",
        ),
    ] {
        assert_eq!(Destination::parse(bad).unwrap_err(), why);
    }
}

fn destination(file: &Path) -> Destination {
    Destination::parse(&format!("json={}", file.display())).unwrap()
}

#[test]
fn a_file_appears_only_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/folder/report.json");
    drop(destination(&file).open().unwrap());
    let left: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");

    let open = destination(&file).open().unwrap();
    assert!(!file.exists());
    open.write(&report()).unwrap();
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        Format::Json.render(&report())
    );
    destination(&file).open().unwrap().write(&report()).unwrap();
}

#[test]
fn what_cannot_be_written_is_said_on_opening() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();

    let below = destination(&plain.join("report.json")).open().unwrap_err();
    assert!(matches!(below, Error::Folder(..) | Error::File(..)));
    assert!(below.to_string().contains("plain/report.json"));

    let is_folder = destination(folder.path()).open().unwrap_err();
    assert!(matches!(is_folder, Error::File(..)));

    let mut permissions = plain.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&plain, permissions).unwrap();
    let protected = destination(&plain).open().unwrap_err();
    assert!(matches!(protected, Error::File(..)));
}

#[test]
fn two_reports_do_not_share_a_file() {
    let destinations =
        ["json=same", "html=other", "md=same"].map(|one| Destination::parse(one).unwrap());
    let error = super::open(&destinations).unwrap_err();
    assert_eq!(error.to_string(), "two reports would be written to same");
}

#[cfg(unix)]
#[test]
fn links_and_devices_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    std::fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    destination(&link).open().unwrap().write(&report()).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_ne!(std::fs::read_to_string(&real).unwrap(), "old");

    let null = Path::new("/dev/null");
    destination(null).open().unwrap().write(&report()).unwrap();
    assert!(!null.metadata().unwrap().is_file());
}

/// Panics unless every format is what its reader can parse.
fn well_formed(report: &Report) {
    for format in FORMATS {
        let text = format.render(report);
        match format {
            Format::Human => assert!(!text.contains('\u{1b}')),
            Format::Json => {
                serde_json::from_str::<Report>(&text).unwrap();
            }
            Format::Junit | Format::Html => xml(&text),
            Format::Markdown => folds(&text),
            Format::Github => {
                for line in text.lines() {
                    let command = line.strip_prefix("::").unwrap();
                    let (kind, rest) = command.split_once(" title=").unwrap();
                    assert!(["error", "warning", "notice"].contains(&kind), "{kind}");
                    let (title, _) = rest.split_once("::").unwrap();
                    assert!(!title.contains([':', ',']), "{title}");
                }
            }
        }
        if format != Format::Json {
            let hidden = |character: char| {
                "\u{202e}\u{fffe}".contains(character)
                    || character.is_control() && !"\n\t".contains(character)
            };
            assert!(!text.contains(hidden), "{format:?}");
        }
    }
}

/// The page is written so that it is XML, too.
fn xml(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                depth += 1;
                for attribute in tag.attributes() {
                    attribute.unwrap();
                }
            }
            Event::End(_) => depth -= 1,
            Event::GeneralRef(reference) => {
                let known = ["amp", "lt", "gt", "quot", "apos"];
                let name: &str = &reference;
                assert!(
                    known.contains(&name) || reference.resolve_char_ref().unwrap().is_some(),
                    "{name}"
                );
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
}

/// Outside of fences, every fold is closed before the next one opens.
fn folds(text: &str) {
    let mut fence: Option<&str> = None;
    let mut open = false;
    for line in text.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(fenced) if line == ticks && ticks.len() >= fenced.len() => fence = None,
            None if ticks.len() >= 3 && line.ends_with("text") => fence = Some(ticks),
            None if line.starts_with("<details>") => {
                assert!(!open);
                open = true;
            }
            None if line == "</details>" => {
                assert!(open);
                open = false;
            }
            _ => {}
        }
    }
    assert!(fence.is_none() && !open);
}

/// Text that is likely to break something.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[`<>&\"'%:,|\\\\\r\n\\]\\[ -]{0,12}",
        prop::sample::select(vec![
            "\n```\n",
            "\n`````\n</details>\n",
            "</details>",
            "</pre>",
            "]]>",
            "<!--",
            "-->",
            "%0A",
            "\n::error::",
            "\u{1b}[0m",
            "\u{9b}31m",
            "\u{fffe}",
            "\u{202e}",
            "\u{0}",
            "{{ x }}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_a_format(texts in prop::collection::vec(nasty(), 12)) {
        let mut report = report();
        let mut texts = texts.into_iter().cycle();
        let mut next = || texts.next().unwrap();
        report.rules[2].reason = Some(String::new());
        for rule in &mut report.rules {
            for text in [&mut rule.id, &mut rule.vendor, &mut rule.says, &mut rule.level] {
                *text = next();
            }
            for text in [&mut rule.reason, &mut rule.unblock, &mut rule.known] {
                *text = text.as_ref().map(|_| next());
            }
            if let Some(failure) = &mut rule.failure {
                for text in [&mut failure.case, &mut failure.aspect, &mut failure.wanted, &mut failure.got, &mut failure.curl] {
                    *text = next();
                }
                for exchange in &mut failure.exchanges {
                    let request = &mut exchange.request;
                    for text in [&mut request.method, &mut request.url, &mut request.body, &mut exchange.label, &mut exchange.role] {
                        *text = next();
                    }
                    exchange.error = exchange.error.as_ref().map(|_| next());
                    request.headers.push((next(), next()));
                    if let Some(answer) = &mut exchange.answer {
                        answer.body = next();
                        answer.headers.push((next(), next()));
                    }
                }
            }
        }
        for share in &mut report.summary {
            share.vendor = next();
            share.level = next();
        }
        report.target.name = next();
        report.run.access = next();
        report.run.shard = Some(next());
        report.run.only.push(next());
        report.stale.push(next());
        report.exit.reason = next();
        well_formed(&report);
    }
}
