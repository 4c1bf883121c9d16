//! The same run twice, the run in parts, and what is never exceeded: the plan, the budget, the rate, and what a server asks for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use conformance::catalogue;
use conformance::result::{Report, Verdict};
use fixtures::Vendor;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use crate::control::{Answer, Control, answer};
use crate::mock::Mock;
use crate::program::{Call, call};

fn chase() -> Vendor {
    fixtures::vendor("chase").expect("it is a vendor")
}

fn report(call: Call) -> Report {
    let (ended, report) = call.report();
    report.unwrap_or_else(|| panic!("{ended:?}"))
}

fn verdicts(report: &Report) -> BTreeMap<String, Verdict> {
    let verdicts = report.rules.iter();
    verdicts
        .map(|rule| (rule.id.clone(), rule.verdict))
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let mock = Mock::start();
    // Failures show what was sent; a server that keeps every rule would hide it.
    for behaviour in [Behaviour::PassesOn, Behaviour::Always(202)] {
        let server = behaviour.before(&mock);
        let without_times = || {
            let mut report = report(
                call("run --cases 2 --seed 7 --vendor comm100 --vendor chase --base-url")
                    .argument(server.url()),
            );
            report.run.started_at = String::new();
            report.run.duration_ms = 0;
            for rule in &mut report.rules {
                rule.duration_ms = 0;
            }
            serde_json::to_string_pretty(&report).expect("it is a report")
        };
        let [first, second] = [without_times(), without_times()];
        let same = first
            .bytes()
            .zip(second.bytes())
            .take_while(|(a, b)| a == b);
        let place = same.count();
        let around = |text: &str| {
            let text = text.as_bytes();
            let end = text.len().min(place + 80);
            text[place.saturating_sub(80)..end]
                .escape_ascii()
                .to_string()
        };
        assert!(
            first == second,
            "{}\nis not\n{}",
            around(&first),
            around(&second)
        );
    }
}

#[test]
fn the_parts_are_the_whole() {
    let mock = Mock::start();
    let run = |more: &str| {
        let call = call("run --cases 1 --base-url").argument(&mock.http);
        verdicts(&report(call.and(more)))
    };
    let whole = run("");
    let mut parts = BTreeMap::new();
    for part in ["1/3", "2/3", "3/3"] {
        let part = run(&format!("--shard {part}"));
        assert!(part.len() > whole.len() / 6);
        for (id, verdict) in part {
            assert_eq!(parts.insert(id, verdict), None);
        }
    }
    let differ: Vec<_> = whole
        .iter()
        .filter(|(id, verdict)| parts.get(*id) != Some(verdict))
        .collect();
    assert!(differ.is_empty(), "{differ:?}");
    assert_eq!(whole.len(), parts.len());
}

/// What a server in front of a mock does to the vendors' answers.
#[derive(Clone, Debug)]
enum Behaviour {
    PassesOn,
    /// Every n-th answer is replaced by this status.
    Sometimes(u64, u16),
    /// All are.
    Always(u16),
}

fn behaviours() -> impl Strategy<Value = Behaviour> {
    let statuses = || select(vec![200_u16, 202, 400, 404, 422, 429, 500]);
    prop_oneof![
        Just(Behaviour::PassesOn),
        (2_u64..9, statuses()).prop_map(|(every, status)| Behaviour::Sometimes(every, status)),
        statuses().prop_map(Behaviour::Always),
    ]
}

impl Behaviour {
    fn before(self, mock: &Mock) -> Control {
        let number = AtomicU64::new(0);
        Control::before(&mock.http, move |parts, _| {
            if parts.uri.path().contains("/__admin") {
                return None;
            }
            let number = number.fetch_add(1, Ordering::Relaxed) + 1;
            match self {
                Self::PassesOn => None,
                Self::Sometimes(every, status) => number
                    .is_multiple_of(every)
                    .then(|| answer(status, "application/json", "{}")),
                Self::Always(status) => Some(answer(status, "application/json", "{}")),
            }
        })
    }
}

/// How many requests `plan` allows for.
fn planned(call: Call) -> u64 {
    let ended = call.run();
    let last = ended.says(0, "requests at the most").stdout.lines().last();
    let words: Vec<&str> = last.unwrap_or_default().split(' ').collect();
    let place = words.iter().position(|word| *word == "requests");
    words[place.expect("it was just found") - 1]
        .parse()
        .expect("a number stands before it")
}

#[test]
fn no_run_sends_more_than_planned_or_than_its_budget() {
    let mock = Mock::start();
    let ids: Vec<String> = catalogue::all().into_iter().map(|item| item.id).collect();
    let only = prop::collection::vec(any::<Index>(), 1..6);
    let strategy = (
        only,
        0_u32..4,
        any::<u16>(),
        behaviours(),
        prop::option::of(0_u64..200),
    );
    let config = Config {
        cases: 24,
        max_shrink_iters: 30,
        failure_persistence: None,
        ..Config::default()
    };
    let judged =
        TestRunner::new(config).run(&strategy, |(only, cases, seed, behaviour, budget)| {
            let server = behaviour.before(&mock);
            let with = |task: &str| {
                let mut call = call(task).and(&format!("--cases {cases} --seed {seed}"));
                for index in &only {
                    call = call.and("--only").argument(index.get(&ids));
                }
                if let Some(budget) = budget {
                    call = call.and(&format!("--budget {budget}"));
                }
                call.and("--base-url").argument(server.url())
            };
            let planned = planned(with("plan"));
            prop_assert_eq!(server.calls().len(), 0);
            let (ended, report) = with("run --timeout 30").report();
            let seen = server.calls().len() as u64;
            prop_assert!(seen <= planned, "{} of {}: {:?}", seen, planned, ended);
            prop_assert!(budget.is_none_or(|budget| seen <= budget), "{}", seen);
            if let Some(report) = report {
                prop_assert_eq!(report.requests.planned, planned);
                // What is no HTTP at all is answered before it is counted.
                prop_assert!(seen <= report.requests.sent);
                prop_assert!(report.requests.sent <= planned);
            }
            Ok(())
        });
    judged.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_first_refusal_for_haste_is_within_the_budget() {
    // The question whether the credentials are good is asked again after a 429.
    let number = AtomicU64::new(0);
    let server = Control::start(move |_, _| {
        let first = number.fetch_add(1, Ordering::Relaxed) == 0;
        Some(answer(
            if first { 429 } else { 422 },
            "application/json",
            "{}",
        ))
    });
    let run = |budget: u64| {
        let flags = "run --access write --only chase.http --cases 1";
        report(
            call(flags)
                .and(&format!("--budget {budget}"))
                .at(&server.url(), chase()),
        )
    };
    let report = run(20);
    assert_eq!(report.exit.code, 6);
    assert!(report.requests.planned <= 20);
    assert!(report.requests.sent <= report.requests.planned);
    assert!(server.seen().len() as u64 <= report.requests.sent);
}

/// The time from the first request to the last.
fn span(server: &Control) -> (u32, Duration) {
    let seen = server.seen();
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else {
        panic!("nothing was sent");
    };
    let gaps = u32::try_from(seen.len() - 1).expect("it is a short run");
    (gaps, last.at.duration_since(first.at))
}

#[test]
fn the_rate_is_kept() {
    let server = Control::start(|_, _| Some(answer(422, "application/json", "{}")));
    call("run --access write --only chase.body.email_required --only chase.key --cases 1 --rate 20/s --jobs 8")
        .at(&server.url(), chase())
        .run();
    let (gaps, took) = span(&server);
    assert!(gaps > 5, "{gaps}");
    // The first may have been on its way longer than the last.
    let least = (Duration::from_millis(50) * gaps).saturating_sub(Duration::from_millis(100));
    assert!(took >= least, "{gaps} in {took:?}");
}

/// The pause behind the first answer, which is a 429 that asks for it.
fn pause(retry_after: &str) -> Option<Duration> {
    let number = AtomicU64::new(0);
    let asked: http::HeaderValue = retry_after.parse().expect("it is a value");
    let server = Control::start(move |_, _| {
        let first = number.fetch_add(1, Ordering::Relaxed) == 0;
        let mut answer: Answer = answer(if first { 429 } else { 422 }, "application/json", "{}");
        if first {
            answer.headers_mut().insert("Retry-After", asked.clone());
        }
        Some(answer)
    });
    call("run --access write --only chase.key --cases 1 --jobs 1")
        .at(&server.url(), chase())
        .run();
    let seen = server.seen();
    let (first, second) = (seen.first()?, seen.get(1)?);
    Some(second.at.duration_since(first.at))
}

#[test]
fn retry_after_is_obeyed() {
    let least = Duration::from_millis(1900);
    assert!(pause("2").expect("it came back") >= least);
    let started = Instant::now();
    // Dates have no fractions of a second.
    let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(4);
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    assert!(pause(&date).expect("it came back") <= Duration::from_secs(4));
    assert!(started.elapsed() >= Duration::from_secs(3));
    assert_eq!(pause("3600"), None);
}
