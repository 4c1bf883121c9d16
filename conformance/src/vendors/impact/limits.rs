//! Page "Rate Limits": how many requests an hour has.
//!
//! Where numbers are compared from call to call the sandbox's clock stands still, at an hour that no earlier case met.

use jiff::{SignedDuration, Timestamp};
use serde_json::json as value;

use super::{SECOND, STRANGER, accepted, by_seeded, get, refused, seen, settings, sound, submit};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Answer, Request, Transcript};
use crate::expect::{Breach, Expect, demand, header, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.limits.headers", headers),
    ("impact.limits.groups", groups),
    ("impact.limits.conversions", conversions),
    ("impact.limits.reset_in_seconds", reset_in_seconds),
    ("impact.limits.counts_this_call", counts_this_call),
    ("impact.limits.exceeded", exceeded),
    ("impact.limits.retry_after", retry_after),
    ("impact.limits.counting", counting),
    ("impact.limits.only_after_admission", only_after_admission),
];

const LIMIT: &str = "X-RateLimit-Limit-hour";
const REMAINING: &str = "X-RateLimit-Remaining-hour";
const RESET: &str = "RateLimit-Reset";

/// A header's number.
fn number(answer: &Answer, name: &str) -> Option<i64> {
    answer.header(name)?.parse().ok()
}

/// How much smaller what remains is behind the one step than behind the other.
fn used(
    between: &'static str,
    and: &'static str,
    wanted: i64,
) -> impl Fn(&Transcript) -> Result<(), Breach> {
    move |transcript| {
        let left = |label| number(transcript.answer(label), REMAINING);
        let got = left(between)
            .zip(left(and))
            .map(|(before, after)| before - after);
        demand(
            got == Some(wanted),
            "header x-ratelimit-remaining-hour",
            format!("{wanted} less after `{and}` than after `{between}`"),
            got.map_or("no numbers".to_owned(), |got| format!("{got} less")),
        )
    }
}

/// The beginning of an hour that is so many hours ahead.
fn hour(world: &World, ahead: i64) -> Timestamp {
    let second = world.now.as_second();
    let begun = Timestamp::from_second(second).unwrap_or(world.now);
    begun + SignedDuration::from_hours(2 * ahead)
}

/// An answer says how many requests there are, how many are left, and when there will be more.
fn headers(world: &World) -> Result<Check, Blocked> {
    let all = || {
        [LIMIT, REMAINING, RESET]
            .into_iter()
            .map(|name| header(name).matches("^[0-9]+$"))
            .fold(Expect::anything(), Expect::and)
    };
    let submission = submit(world, &sound(world)?)?;
    let broken = submit(world, &sound(world)?.without("OrderId"))?;
    Ok(Check::new()
        .case(seen(
            Case::new("Actions"),
            get(world, "Actions")?,
            accepted(),
            all(),
        ))
        .case(seen(
            Case::new("PartnerConversions"),
            submission,
            accepted(),
            all(),
        ))
        .case(seen(
            Case::new("a refused conversion"),
            broken,
            refused(),
            all(),
        ))
        .case(seen(
            Case::new("what does not exist"),
            get(world, "Actions/1.2.3")?,
            refused(),
            all(),
        )))
}

/// The limit of these calls is so and so high.
fn limit_of(calls: Vec<(&'static str, Request)>, limit: &'static str) -> Check {
    Check::new().cases(calls.into_iter().map(|(name, request)| {
        seen(
            Case::new(name),
            request,
            header(LIMIT).exists(),
            header(LIMIT).is(limit),
        )
    }))
}

/// Details of actions are dear.
fn groups(world: &World) -> Result<Check, Blocked> {
    let calls = vec![
        ("the list", get(world, "Actions")?),
        ("an action", get(world, "Actions/1.2.3")?),
        ("its items", get(world, "Actions/1.2.3/Items")?),
        ("an item", get(world, "Actions/1.2.3/Items/1")?),
    ];
    Ok(limit_of(calls, "500"))
}

/// Everything else has twice as many.
fn conversions(world: &World) -> Result<Check, Blocked> {
    let record = "APISubmissions/A-00000000-0000-4000-8000-000000000000";
    let calls = vec![
        ("submitting", submit(world, &sound(world)?)?),
        ("reading a record", get(world, record)?),
    ];
    Ok(limit_of(calls, "1000"))
}

/// The time until there are more is counted down in seconds.
fn reset_in_seconds(world: &World) -> Result<Check, Blocked> {
    let request = get(world, "Actions")?;
    let within = header(RESET).holds("a number of seconds, at most 3600", |value| {
        value
            .as_str()
            .and_then(|text| text.parse().ok())
            .is_some_and(|seconds: u32| seconds <= 3_600)
    });
    let check = Check::of(seen(
        Case::new("no more than an hour"),
        request.clone(),
        header(RESET).exists(),
        within,
    ));
    if !world.own_sandbox {
        return Ok(check);
    }
    let step = |case: Case, label, seconds: &'static str| {
        case.given(label, request.clone(), header(RESET).exists())
            .tested(label, request.clone(), header(RESET).is(seconds))
    };
    let case = Case::new("an hour, with a clock").clock(hour(world, 1));
    let case = step(case, "at its beginning", "3600").advance(1_000);
    let case = step(case, "after a second", "3599").advance(1_799_000);
    let case = step(case, "after half of it", "1800").advance(1_799_000);
    let case = step(case, "in its last second", "1").advance(1_000);
    Ok(check.case(step(case, "in the next one", "3600")))
}

/// The first call of an hour is counted when it is answered.
fn counts_this_call(world: &World) -> Result<Check, Blocked> {
    let request = get(world, "ActionUpdates")?;
    let both = header(LIMIT).exists().and(header(REMAINING).exists());
    let less = Expect::new(|answer| {
        let (limit, left) = (number(answer, LIMIT), number(answer, REMAINING));
        demand(
            left < limit,
            "header x-ratelimit-remaining-hour",
            "less than the limit",
            format!("{left:?} of {limit:?}"),
        )
    });
    let check = Check::of(seen(
        Case::new("never all of them"),
        request.clone(),
        both.clone(),
        less,
    ));
    if !world.own_sandbox {
        return Ok(check);
    }
    let first = Expect::new(|answer| {
        let (limit, left) = (number(answer, LIMIT), number(answer, REMAINING));
        demand(
            left == limit.map(|limit| limit - 1),
            "header x-ratelimit-remaining-hour",
            "one less than the limit",
            format!("{left:?} of {limit:?}"),
        )
    });
    Ok(check.cases([1, 2].map(|ahead| {
        Case::new("the first of an hour")
            .given("numbers", request.clone(), both.clone())
            .clock(hour(world, ahead))
            .tested("first", request.clone(), first.clone())
    })))
}

/// A sandbox in which an account may read its actions, and do everything else, so many times an hour.
fn limited(world: &World, name: &'static str, ahead: i64, limit: u32) -> Result<Case, Blocked> {
    let limits = value!({"rate_limits": {"actions": limit, "other": limit}});
    Ok(Case::new(name)
        .clock(hour(world, ahead))
        .state(settings(world, &limits)?))
}

/// Two calls where two are allowed, and one more.
fn one_too_many(world: &World) -> Result<[(Case, Request); 2], Blocked> {
    let reading = get(world, "Actions")?;
    let submission = submit(world, &sound(world)?)?;
    let mut ahead = 0;
    let mut twice = |name, request: Request| -> Result<_, Blocked> {
        ahead += 1;
        let case = limited(world, name, ahead, 2)?
            .twin(request.clone(), accepted())
            .given("the second", request.clone(), accepted());
        Ok((case, request))
    };
    Ok([twice("reading", reading)?, twice("submitting", submission)?])
}

/// Who has used up the hour is told so.
fn exceeded(world: &World) -> Result<Check, Blocked> {
    let says = header(LIMIT)
        .is("2")
        .and(header(REMAINING).is("0"))
        .and(header(RESET).exists());
    let cases = one_too_many(world)?.map(|(case, request)| {
        case.tested("the third", request.clone(), status(429).and(says.clone()))
            .tested("the fourth", request.clone(), status(429))
            .advance(3_600_000)
            .given("in the next hour", request, accepted())
    });
    Ok(Check::new().cases(cases))
}

/// Only who has used up the hour is told when to come back.
fn retry_after(world: &World) -> Result<Check, Blocked> {
    let agrees = Expect::new(|answer| {
        let (after, reset) = (answer.header("Retry-After"), answer.header(RESET));
        demand(
            after.is_some() && after == reset,
            "header retry-after",
            reset.unwrap_or("a number of seconds"),
            after.unwrap_or("nothing there"),
        )
    });
    let limited = || status(429).and(header(RESET).exists());
    let cases = one_too_many(world)?.map(|(case, request)| {
        let case = case.advance(10_500);
        seen(case, request, limited(), agrees.clone())
    });
    let silent = |name: &'static str, ahead, request, met| {
        seen(
            Case::new(name).clock(hour(world, ahead)),
            request,
            met,
            header("Retry-After").absent(),
        )
    };
    let broken = submit(world, &sound(world)?.without("OrderId"))?;
    Ok(Check::new()
        .cases(cases)
        .case(silent(
            "an accepted call",
            3,
            get(world, "Actions")?,
            accepted(),
        ))
        .case(silent("a refused call", 4, broken, refused())))
}

/// What is counted, and towards what.
fn counting(world: &World) -> Result<Check, Blocked> {
    let reading = get(world, "ActionUpdates")?;
    let actions = get(world, "Actions")?;
    let submission = submit(world, &sound(world)?)?;
    let broken = submit(world, &sound(world)?.without("OrderId"))?;
    // The first call of an hour is left out: how that is counted is a rule of its own.
    let first = |name: &'static str, ahead| {
        Case::new(name)
            .clock(hour(world, ahead))
            .given("beginning", reading.clone(), accepted())
            .given("first", reading.clone(), header(REMAINING).exists())
    };
    let last = |case: Case, used_since| {
        case.tested("last", reading.clone(), header(REMAINING).exists())
            .judge(used("first", "last", used_since))
    };
    let limits = value!({"rate_limits": {"other": 10}});
    Ok(Check::new()
        .case(last(first("each call", 1), 1))
        .case(last(
            first("accepted calls", 2).given("accepted", submission.clone(), accepted()),
            2,
        ))
        .case(last(
            first("refused calls", 3).given("refused", broken, refused()),
            2,
        ))
        .case(last(
            first("calls of the other group", 4).given("actions", actions, accepted()),
            1,
        ))
        .case(last(
            first("calls of the same account by another token", 5).given(
                "second token",
                by_seeded(world, reading.clone(), SECOND)?,
                accepted(),
            ),
            2,
        ))
        .case(last(
            first("calls of another account", 6).given(
                "stranger",
                by_seeded(world, reading.clone(), STRANGER)?,
                accepted(),
            ),
            1,
        ))
        .case(last(first("within the hour", 7).advance(3_599_999), 1))
        .case(last(
            first("in the next hour", 8)
                .given("second", reading.clone(), accepted())
                .advance(3_600_000)
                .given("beginning again", reading.clone(), accepted()),
            0,
        ))
        .case({
            let case = limited(world, "calls beyond the limit", 9, 2)?
                .given("first", reading.clone(), header(REMAINING).exists())
                .given("second", reading.clone(), accepted())
                .given("third", reading.clone(), status(429))
                .given("fourth", reading.clone(), status(429))
                .state(settings(world, &limits)?);
            // There were 2 and are 10, so eight more are left; two were used.
            last(case, 2 - 8)
        }))
}

/// Who is turned away before is told nothing of limits, and uses none up.
fn only_after_admission(world: &World) -> Result<Check, Blocked> {
    let reading = get(world, "ActionUpdates")?;
    let silent = [LIMIT, REMAINING, RESET]
        .into_iter()
        .map(|name| header(name).absent())
        .fold(Expect::anything(), Expect::and);
    let stranger = "/Mediapartners/IRunknown00000000000000000000000AA/ActionUpdates";
    let mut check = Check::new();
    for (name, request, code) in [
        ("401", reading.clone().by_nobody(), 401),
        ("403", reading.clone().target(stranger), 403),
        ("404", get(world, "Nothing")?, 404),
        ("405", get(world, "PartnerConversions")?, 405),
        ("400", get(world, "ActionUpdates?IrVersion=10")?, 400),
    ] {
        let left = || header(REMAINING).exists();
        let case = Case::new(name)
            .given("beginning", reading.clone(), accepted())
            .given("before", reading.clone(), left())
            .given("first", reading.clone(), left());
        let case = seen(case, request, status(code), silent.clone());
        check = check.case(
            case.tested("last", reading.clone(), left())
                .judge(|transcript| {
                    let [before, first, last] = ["before", "first", "last"]
                        .map(|label| number(transcript.answer(label), REMAINING));
                    let used =
                        |one: Option<i64>, other| one.zip(other).map(|(a, b): (i64, i64)| a - b);
                    demand(
                        used(before, first) == used(first, last),
                        "header x-ratelimit-remaining-hour",
                        "as many less as from call to call",
                        format!("{before:?}, {first:?}, {last:?}"),
                    )
                }),
        );
    }
    Ok(check)
}
