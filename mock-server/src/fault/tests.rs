//! What scripted faults do, on the engines.

use std::collections::BTreeSet;

use http::header::{AUTHORIZATION, RETRY_AFTER};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::sandbox::Sandbox;
use crate::testing::{self, Bench, Call, Tested, fixture};
use crate::vendors::chase::Chase;
use crate::vendors::comm100::Comm100;
use crate::vendors::impact::Impact;

fn fault(written: Value) -> Fault {
    crate::document::read(written).unwrap()
}

/// A fault as the admin API shows it.
fn show(faults: &Faults, id: &str) -> Value {
    serde_json::to_value(faults.get(id).unwrap().tell()).unwrap()
}

fn faults(written: impl IntoIterator<Item = Value>) -> Faults {
    let mut faults = Faults::new(Uuid::from_u64_pair(1, 2));
    for one in written {
        faults.add(fault(one)).unwrap();
    }
    faults
}

/// Makes a call of a bench with faults around its engine.
fn send<V: Tested>(
    bench: &Bench<V>,
    call: &Call<V::Event>,
    faults: &mut Faults,
) -> Outcome<V::Event> {
    let request = call.request();
    let asked = Asked::<V> {
        state: &bench.state,
        usage: &bench.usage,
        request: &request,
        now: bench.now,
    };
    let plain = || V::decide(&bench.state, &bench.usage, &request, bench.now);
    decide::<V>(&asked, faults, plain, || (plain(), bench.now)).0
}

fn documented<V: Tested>(name: &str) -> Call<V::Event> {
    let examples = fixture::<V>().examples().unwrap();
    let example = examples.iter().find(|example| example.name == name);
    Call::documented(&example.unwrap_or_else(|| panic!("{name}")).request)
}

fn mark() -> Call<<Comm100 as Vendor>::Event> {
    documented::<Comm100>("conversions/mark").body_of(
        "conversion_name=Product+Purchase&visitorId=7273e957-02cb-4c03-a84c-44283fcfd47d&value=500",
    )
}

fn log() -> Call<<Chase as Vendor>::Event> {
    documented::<Chase>("log_conversion/purchase")
        .body_of(r#"{"email":"user@example.com","conversion_type":"purchase"}"#)
}

fn submit() -> Call<<Impact as Vendor>::Event> {
    documented::<Impact>("conversions/submit")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_takes_effect_behind_those_it_skips_and_as_often_as_it_may(skip in 0..5_u64, times in 1..5_u64, calls in 0..12_u64) {
        let bench = Bench::<Chase>::documented();
        let mut faults = faults([json!({"skip": skip, "times": times, "do": {"status": 500}})]);
        for n in 1..=calls {
            let met = send(&bench, &log(), &mut faults).fault.is_some();
            prop_assert_eq!(met, n > skip && n <= skip + times, "call {}", n);
        }
        let shown = show(&faults, "fault-1");
        prop_assert_eq!(&shown["matched"], &json!(calls));
        prop_assert_eq!(shown["effects"].as_u64().unwrap() + shown["left"].as_u64().unwrap(), times);
    }

    #[test]
    fn a_drawn_delay_stays_within_its_bounds(least in 0..1000_u64, more in 0..1000_u64, seed in any::<u64>()) {
        let seed = Uuid::from_u64_pair(seed, 0);
        let written = fault(json!({"do": {"delay_ms": {"uniform": [least, least + more]}}}));
        let scripted = Scripted::new("slow".to_owned(), seed, written).unwrap();
        let delay = scripted.fault.effect.delay_ms.unwrap();
        for n in 0..20 {
            let drawn = delay.drawn(|purpose| scripted.draw(n, purpose));
            prop_assert!((least..=least + more).contains(&drawn));
        }
    }
}

#[test]
fn chance_repeats_and_is_near_what_was_asked() {
    let bench = Bench::<Chase>::documented();
    let run = |id: &str| {
        let mut faults = faults([json!({"id": id, "probability": 0.3, "do": {"status": 500}})]);
        (0..10_000)
            .map(|_| send(&bench, &log(), &mut faults).fault.is_some())
            .collect::<Vec<_>>()
    };
    let one = run("one");
    assert_eq!(one, run("one"));
    assert_ne!(one, run("other"));
    let met = one.iter().filter(|met| **met).count();
    assert!((2_800..3_200).contains(&met), "{met}");
}

#[test]
fn half_of_the_log_normal_delays_are_below_the_median() {
    let written = fault(json!({"do": {"delay_ms": {"log_normal": {"median": 200, "sigma": 0.5}}}}));
    let scripted = Scripted::new("slow".to_owned(), Uuid::nil(), written).unwrap();
    let delay = scripted.fault.effect.delay_ms.unwrap();
    let drawn: Vec<u64> = (0..2_000)
        .map(|n| delay.drawn(|purpose| scripted.draw(n, purpose)))
        .collect();
    let below = drawn.iter().filter(|ms| **ms < 200).count();
    assert!((900..1_100).contains(&below), "{below}");
    assert!(drawn.iter().any(|ms| *ms > 500));
}

#[test]
fn the_first_that_takes_effect_is_the_only_one() {
    let bench = Bench::<Chase>::documented();
    let mut faults = faults([
        json!({"id": "other", "match": {"vendor": "impact"}, "do": {"status": 429}}),
        json!({"id": "once", "times": 1, "do": {"status": 500}}),
        json!({"id": "always", "do": {"status": 404}}),
    ]);
    let met: Vec<_> = (0..3)
        .map(|_| send(&bench, &log(), &mut faults).fault.unwrap().to_string())
        .collect();
    assert_eq!(met, ["once", "always", "always"]);
    let matched = |id: &str| show(&faults, id)["matched"].clone();
    assert_eq!(
        [matched("other"), matched("once"), matched("always")],
        [0, 3, 2]
    );
}

#[test]
fn before_nothing_happens_and_after_everything_did() {
    let call = log();
    for (written, effect) in [
        (json!({"do": {"status": 500}}), false),
        (json!({"do": {"status": 500}, "when": "after"}), true),
        (json!({"do": {"connection": "reset"}}), false),
        (
            json!({"do": {"connection": "reset"}, "when": "after"}),
            true,
        ),
        (json!({"do": {"connection": "hang"}}), false),
        (json!({"do": {"connection": "close"}}), true),
        (
            json!({"do": {"connection": "close"}, "when": "before"}),
            false,
        ),
        (json!({"do": {"connection": "close_mid_body"}}), true),
        (json!({"do": {"body": "truncate"}}), true),
        (json!({"do": {"body": "not_json", "status": 404}}), false),
        (
            json!({"do": {"dribble": {"bytes": 1, "every_ms": 1}}}),
            true,
        ),
        (json!({"do": {"delay_ms": 5}}), true),
        (json!({"do": {"named": "comm100.error_3"}}), false),
    ] {
        let of_comm100 = written["do"]["named"].is_string();
        let mut faults = faults([written.clone()]);
        let events = if of_comm100 {
            let outcome = send(&Bench::<Comm100>::documented(), &mark(), &mut faults);
            assert!(outcome.fault.is_some());
            outcome.events.len()
        } else {
            let outcome = send(&Bench::<Chase>::documented(), &call, &mut faults);
            assert!(outcome.fault.is_some(), "{written}");
            outcome.events.len()
        };
        assert_eq!(events == 1, effect, "{written}");
    }
}

/// Every status that a vendor documents comes as documented: `openapi.json` has it for the route, or for every path.
fn statuses<V: Tested>(call: &Call<V::Event>) {
    let bench = Bench::<V>::documented();
    let before = bench.document();
    for status in V::STATUSES {
        let mut faults = faults([json!({"match": {"vendor": V::NAME}, "do": {"status": status}})]);
        let outcome = send(&bench, call, &mut faults);
        assert_eq!(outcome.answer.status().as_u16(), *status);
        assert!(!outcome.answer.body().is_empty(), "{} {status}", V::NAME);
        assert!(
            outcome.refused_by.is_empty() && outcome.events.is_empty() && outcome.counts.is_empty()
        );
        assert_eq!(outcome.route, bench.decide(call).route);
    }
    assert_eq!(bench.document(), before);
}

#[test]
fn every_documented_status_comes_in_the_vendor_s_own_form() {
    statuses::<Comm100>(&mark());
    statuses::<Chase>(&log());
    statuses::<Impact>(&submit());
}

#[test]
fn a_status_that_an_engine_has_is_answered_alike() {
    fn alike<V: Tested>(call: &Call<V::Event>, status: u16) {
        let bench = Bench::<V>::documented();
        let mut faults = faults([json!({"do": {"status": {"code": status, "body": "x"}}})]);
        let engine = V::decide(&bench.state, &bench.usage, &call.request(), bench.now);
        assert_eq!(engine.answer.status(), status);
        let answer = V::documented(&bench.state, &bench.usage, &call.parts(), status, bench.now);
        assert_eq!(
            testing::shown::<V>(&answer),
            testing::shown::<V>(&engine.answer)
        );
        assert_eq!(send(&bench, call, &mut faults).answer.body(), "x");
    }
    alike::<Comm100>(&mark().without(AUTHORIZATION), 401);
    alike::<Comm100>(&mark().to("/api/v1/none"), 404);
    alike::<Comm100>(&mark().body_of("value=5"), 400);
    alike::<Chase>(&log().with("x-api-key", "other"), 401);
    alike::<Chase>(&log().body_of("{}"), 422);
    alike::<Chase>(&log().spoiled(Body::TooLong), 413);
    alike::<Impact>(&submit().without(AUTHORIZATION), 401);
    alike::<Impact>(&submit().spoiled(Body::TooLong), 413);
}

#[test]
fn a_scripted_limit_has_the_vendor_s_headers_and_is_soon_over() {
    let bench = Bench::<Impact>::documented();
    let mut faults = faults([
        json!({"times": 1, "match": {"vendor": "impact"}, "do": {"status": 429}}),
        json!({"match": {"vendor": "impact"}, "do": {"status": {"code": 429, "headers": {"Retry-After": 7}}}}),
    ]);
    let answer = send(&bench, &submit(), &mut faults).answer;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        [
            "x-ratelimit-limit-hour",
            "x-ratelimit-remaining-hour",
            "ratelimit-reset",
            "retry-after"
        ]
        .map(header),
        ["1000", "0", "1", "1"]
    );
    let answer = send(&bench, &submit(), &mut faults).answer;
    assert_eq!(answer.headers()[RETRY_AFTER], "7");
}

#[test]
fn what_an_account_runs_into_is_answered_as_its_state_would() {
    for (named, members) in [
        ("account_closed", json!({"state": "closed"})),
        ("account_not_available", json!({"state": "not_available"})),
        ("licenses_expired", json!({"state": "licenses_expired"})),
        ("no_licenses", json!({"state": "no_licenses"})),
        ("error_3", json!({"error_3": true})),
        ("internal_fault", json!({"internal_fault": true})),
        ("daily_limit", json!({"daily_limit": 0})),
    ] {
        let changed = Bench::<Comm100>::changed(&json!({"accounts": {"main": members}}));
        let wanted = changed.decide(&mark()).answer;
        let full = format!("comm100.{named}");
        let mut faults = faults([json!({"do": {"named": full}})]);
        // The limit names itself, so it has to be the same.
        let bench = if named == "daily_limit" {
            changed
        } else {
            Bench::documented()
        };
        let outcome = send(&bench, &mark(), &mut faults);
        assert_eq!(
            testing::shown::<Comm100>(&outcome.answer),
            testing::shown::<Comm100>(&wanted),
            "{named}"
        );
    }
    // Marking alone has a result.
    let mut faults = faults([json!({"do": {"named": "comm100.error_3"}})]);
    let list = documented::<Comm100>("conversions/list");
    assert!(
        send(&Bench::<Comm100>::documented(), &list, &mut faults)
            .fault
            .is_none()
    );
}

/// A sandbox with the documented seeds, its faults, and a clock that stands still.
fn sandbox(written: Value) -> Sandbox {
    let clock = Clock::Fixed("2026-06-10T18:00:00Z".parse().unwrap());
    let mut sandbox = Sandbox::start(&crate::seed::merge(&[]).unwrap(), clock);
    sandbox.faults.add(fault(written)).unwrap();
    sandbox
}

#[test]
fn a_log_that_failed_is_answered_as_if_it_had_not() {
    let mut sandbox = sandbox(json!({"times": 1, "do": {"named": "chase.log_failed"}}));
    let call = |sandbox: &mut Sandbox, body: &str| {
        let call = log().body_of(body);
        let outcome = sandbox.call(1, &call.request(), Timestamp::UNIX_EPOCH);
        (outcome.answer.status().as_u16(), outcome.fault.is_some())
    };
    let sound = r#"{"email":"user@example.com","conversion_type":"a"}"#;
    // What causes nothing cannot fail later.
    assert_eq!(call(&mut sandbox, "{}"), (422, false));
    assert_eq!(call(&mut sandbox, sound), (202, true));
    assert_eq!(sandbox.accepted(), 0);
    assert_eq!(call(&mut sandbox, sound), (202, false));
    assert_eq!(sandbox.accepted(), 1);
}

#[test]
fn a_conversion_of_impact_ends_as_the_fault_says() {
    let mut ends = BTreeSet::new();
    for name in Impact::conditions() {
        let mut sandbox = sandbox(json!({"do": {"named": format!("impact.{name}")}}));
        let call = submit();
        let outcome = sandbox.call(2, &call.request(), Timestamp::UNIX_EPOCH);
        assert_eq!(
            (outcome.answer.status().as_u16(), outcome.fault.is_some()),
            (200, true),
            "{name}"
        );
        let later = Clock::Fixed("2026-06-10T18:01:00Z".parse().unwrap());
        sandbox.clock = later;
        let conversions = sandbox.conversions(0, Timestamp::UNIX_EPOCH);
        let conversion = &conversions[0].2;
        let state = conversion.state.clone().unwrap();
        let wanted = match name.as_str() {
            "stuck" => "Queued",
            "reversed" => "REVERSED",
            "modified" => "PENDING",
            "approved" => "APPROVED",
            ended => ended.strip_prefix("ended.").unwrap(),
        };
        assert_eq!(state, wanted, "{name}");
        ends.insert(state);
        // What the fault made of it is a state like any other.
        crate::sandboxes::seeds_of(sandbox.document())
            .map(drop)
            .unwrap();
    }
    assert_eq!(ends.len(), 27 + 4);
}

#[test]
fn what_a_fault_does_goes_into_the_reason_beside_a_refusal() {
    let bench = Bench::<Chase>::documented();
    let mut faults = faults([json!({"id": "late", "do": {"connection": "close"}})]);
    let outcome = send(&bench, &log().body_of("{}"), &mut faults);
    assert!(!outcome.refused_by.is_empty());
    assert!(
        outcome
            .why
            .ends_with("; fault late: connection closed without an answer (the call took effect)"),
        "{}",
        outcome.why
    );
}

#[test]
fn a_fault_that_reads_bodies_is_shown_them() {
    let sandbox = sandbox(json!({"match": {"json": {"email": "a"}}, "do": {"status": 500}}));
    let call = log().to("/nowhere");
    let head = sandbox.head(1, &call.parts(), Timestamp::UNIX_EPOCH);
    assert_eq!(head, Head::Read);
    let sandbox = self::sandbox(json!({"do": {"status": 500}}));
    let head = sandbox.head(1, &call.parts(), Timestamp::UNIX_EPOCH);
    assert_eq!(head, Head::Known);
}

#[test]
fn mistakes_name_the_member_and_the_way_out() {
    for (written, named) in [
        (json!({}), "missing field `do`"),
        (json!({"do": {}}), "do: expected one or more of"),
        (
            json!({"do": {"status": 429}}),
            "do.status.code: Comm100 documents no 429, but 400, 401, 403, 404, 405, 413, 500; give a body",
        ),
        (
            json!({"match": {"vendor": "chase"}, "do": {"status": 503}}),
            "Chase documents no 503",
        ),
        (json!({"do": {"status": 99}}), "200 to 599"),
        (
            json!({"do": {"status": {"code": 204, "body": "x"}}}),
            "204 has no body",
        ),
        (
            json!({"do": {"status": {"code": 500, "headers": {"Transfer-Encoding": "chunked"}}}}),
            "do.status.headers.Transfer-Encoding: it follows the body",
        ),
        (
            json!({"do": {"status": {"code": 500, "headers": {"Connection": "close"}}}}),
            "do.status.headers.Connection: it is about the connection",
        ),
        (
            json!({"do": {"status": {"code": 500, "headers": {"x": "1", "X": "2"}}}}),
            "do.status.headers.X: it is given twice",
        ),
        (
            json!({"do": {"status": "x"}}),
            "expected a status such as 429",
        ),
        (
            json!({"do": {"status": {"code": 500, "heders": {}}}}),
            "did you mean `headers`?",
        ),
        (
            json!({"do": {"status": {"code": 500, "headers": {"A B": "x"}}}}),
            "do.status.headers.A B: ",
        ),
        (
            json!({"do": {"status": {"code": 500, "headers": {"Content-Length": 1}}}}),
            "it follows the body",
        ),
        (
            json!({"do": {"named": "comm100.error3"}}),
            "did you mean `comm100.error_3`?",
        ),
        (
            json!({"do": {"named": "impact.ended.NOPE"}}),
            "did you mean `impact.ended.",
        ),
        (
            json!({"match": {"vendor": "chase"}, "do": {"named": "comm100.error_3"}}),
            "match.vendor is chase",
        ),
        (
            json!({"match": {"route": "GET /api/v1/livechat/visitors"}, "do": {"named": "comm100.error_3"}}),
            "can only happen on POST",
        ),
        (
            json!({"do": {"named": "comm100.error_3", "status": 500}}),
            "leave status out",
        ),
        (
            json!({"do": {"named": "impact.stuck"}, "when": "before"}),
            "when: the named condition",
        ),
        (
            json!({"do": {"delay_ms": 5}, "when": "before"}),
            "when: the engine would not be asked",
        ),
        (json!({"do": {"delay_ms": -5}}), "expected milliseconds"),
        (
            json!({"do": {"delay_ms": 600_001}}),
            "do.delay_ms: expected up to 600000",
        ),
        (
            json!({"do": {"delay_ms": {"uniform": [5, 4]}}}),
            "do.delay_ms: expected up to",
        ),
        (
            json!({"do": {"delay_ms": {"log_normal": {"median": 0, "sigma": 1}}}}),
            "do.delay_ms: expected up to",
        ),
        (
            json!({"do": {"delay_ms": {"unifrm": [5, 4]}}}),
            "did you mean `uniform`?",
        ),
        (
            json!({"do": {"connection": "rest"}}),
            "did you mean `reset`?",
        ),
        (
            json!({"do": {"connection": "reset", "status": 500}}),
            "do.connection: nothing is answered then, so status",
        ),
        (
            json!({"do": {"connection": "hang", "delay_ms": 5}}),
            "do.connection: nothing comes anyway",
        ),
        (
            json!({"do": {"dribble": {"bytes": 0, "every_ms": 5}}}),
            "do.dribble: ",
        ),
        (json!({"do": {"staus": 500}}), "did you mean `status`?"),
        (
            json!({"probability": 0, "do": {"status": 500}}),
            "probability: expected a number above 0",
        ),
        (
            json!({"probability": 1.5, "do": {"status": 500}}),
            "probability: expected a number above 0",
        ),
        (
            json!({"times": 0, "do": {"status": 500}}),
            "times: it would never take effect",
        ),
        (json!({"skip": -1, "do": {"status": 500}}), "skip: "),
        (
            json!({"id": "a/b", "do": {"status": 500}}),
            "id: expected 1 to 64",
        ),
        (
            json!({"id": "check", "do": {"status": 500}}),
            "id: this one stands for",
        ),
        (
            json!({"match": {"status": 429}, "do": {"status": 500}}),
            "match.status: a fault matches requests",
        ),
        (
            json!({"match": {"vendor": "chse"}, "do": {"status": 500}}),
            "match.vendor: unknown vendor",
        ),
        (
            json!({"match": {"form": {"a": {"matches": "("}}}, "do": {"status": 500}}),
            "match.form.a: ",
        ),
    ] {
        let mut faults = Faults::default();
        let said = match crate::document::read::<Fault>(written.clone()) {
            Err(mistake) => mistake.to_string(),
            Ok(fault) => match faults.add(fault) {
                Err(error) => error.to_string(),
                Ok(_) => panic!("{written} was taken"),
            },
        };
        assert!(said.contains(named), "{written}: {said}");
        assert!(faults.is_empty());
    }
}

#[test]
fn ids_are_given_and_stand_once() {
    let mut faults = faults([
        json!({"id": "fault-1", "do": {"status": 500}}),
        json!({"do": {"status": 500}}),
    ]);
    let ids: Vec<&str> = faults.iter().map(Scripted::id).collect();
    assert_eq!(ids, ["fault-1", "fault-2"]);
    let again = faults.add(fault(json!({"id": "fault-1", "do": {"status": 500}})));
    assert_eq!(
        again.err().unwrap().to_string(),
        "there is already a fault fault-1"
    );
    assert!(faults.remove("fault-1") && !faults.remove("fault-1"));
    assert_eq!(faults.iter().count(), 1);
    faults.clear();
    assert!(faults.is_empty());
}

#[test]
fn what_is_shown_is_read_alike() {
    let written = json!({
        "id": "all", "match": {"vendor": "impact", "form": {"OrderId": {"matches": "^A"}}}, "skip": 1, "times": 2,
        "probability": 0.5, "when": "before",
        "do": {"status": {"code": 429, "headers": {"Retry-After": "5"}, "body": {"a": 1}},
               "delay_ms": {"uniform": [1, 2]}, "dribble": {"bytes": 1, "every_ms": 2}},
    });
    let faults = faults([written.clone()]);
    let mut shown = show(&faults, "all");
    for count in ["matched", "effects", "left"] {
        shown.as_object_mut().unwrap().remove(count);
    }
    assert_eq!(shown, written);
}
