//! Page "Introduction": frequency limiting.

use jiff::{SignedDuration, Timestamp};
use serde_json::json as value;

use super::authorization::{no_key, with_key};
use super::strategies::{instant, seconds};
use super::{
    STRANGER, accepted, account, administrator, code, get, list, listed, mark, mentions, message,
    seeded, set_nothing, sound, turned_down, unknown_agent, viewer, visitor, visitors,
};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Answer, Request};
use crate::expect::{Expect, demand, json, status, status_from};
use crate::world::{Blocked, World};

/// The checks of this section.
pub(super) const CHECKS: &[Entry] = &[
    ("comm100.limit.refused", refused),
    ("comm100.limit.midnight_utc", midnight_utc),
    ("comm100.limit.per_account", per_account),
    ("comm100.limit.envelope", envelope),
    ("comm100.limit.status_switch", status_switch),
    ("comm100.limit.failures_count", failures_count),
    (
        "comm100.limit.unauthenticated_not_counted",
        unauthenticated_not_counted,
    ),
    ("comm100.limit.no_hints", no_hints),
];

/// A case in which so many calls a day are answered.
fn limited(name: impl Into<String>, calls: u32) -> Case {
    Case::new(name.into()).state(account(&value!({"daily_limit": calls})))
}

/// Uses all of a limit up, and sees that it holds.
fn used_up(case: Case, calls: u32, call: &Request) -> Case {
    (0..calls)
        .fold(case, |case, _| {
            case.given("within the limit", call.clone(), accepted())
        })
        .given("beyond the limit", call.clone(), status(403))
}

/// A limit that was seen to hold on one day, at noon of the next.
fn held(name: impl Into<String>, calls: u32, call: &Request) -> Case {
    used_up(limited(name, calls), calls, call).clock(at("2026-06-11T12:00:00Z"))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("the instants of checks are RFC 3339")
}

/// Every call within the limit is answered, and the first beyond it is refused.
fn refused(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let list = list(world)?;
    let of_each_kind = [
        list.clone(),
        mark(world, &sound(world)?)?,
        visitors(world)?,
        get(world, "/visitors/chatting")?,
        visitor(world)?,
        set_nothing(world)?,
    ];
    let case = |name: String, calls: u32, within: &[Request], beyond: &[Request]| {
        let case = within.iter().fold(limited(name, calls), |case, call| {
            case.tested("within", call.clone(), accepted())
        });
        beyond.iter().fold(case, |case, call| {
            case.tested("beyond", call.clone(), status(403))
        })
    };
    let alike = [1, 2, 5].map(|calls| {
        let within = vec![list.clone(); calls as usize];
        case(
            format!("a limit of {calls}"),
            calls,
            &within,
            std::slice::from_ref(&list),
        )
    });
    let mixed = case(
        "a call of each kind".to_owned(),
        6,
        &of_each_kind,
        &of_each_kind,
    );
    Ok(Check::new().cases(alike).case(mixed))
}

/// The count holds until the last millisecond of a day in UTC, and begins anew with the first of the next.
fn midnight_utc(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let list = list(world)?;
    let days = ["2026-06-10", "2026-12-31", "2024-02-28", "2024-02-29"];
    let midnights = days.map(|day| {
        let last = at(&format!("{day}T23:59:59.999Z"));
        let late = limited(day, 1).clock(at(&format!("{day}T23:59:59Z")));
        used_up(late, 1, &list)
            .clock(last)
            .tested("at the last millisecond", list.clone(), status(403))
            .clock(last + SignedDuration::from_millis(1))
            .tested("at midnight", list.clone(), accepted())
            .tested("once more", list.clone(), status(403))
    });
    let whole_day = limited("from morning to evening", 2)
        .clock(at("2026-06-10T00:00:00Z"))
        .given("at midnight", list.clone(), accepted())
        .clock(at("2026-06-10T12:00:00Z"))
        .given("at noon", list.clone(), accepted())
        .given("beyond the limit", list.clone(), status(403))
        .clock(at("2026-06-10T23:59:59.999Z"))
        .tested("at the end of the day", list.clone(), status(403));
    Ok(Check::new().cases(midnights).case(whole_day).random(
        3,
        (instant(), seconds()),
        move |(first, later)| {
            let second = first + SignedDuration::from_secs(later);
            let day = |at: Timestamp| at.as_second().div_euclid(86_400);
            let expect = if day(first) == day(second) {
                status(403)
            } else {
                accepted()
            };
            used_up(
                limited(format!("from {first} to {second}"), 1).clock(first),
                1,
                &list,
            )
            .clock(second)
            .tested("later", list.clone(), expect)
        },
    ))
}

/// The agents of an account share its limit, and leave that of another account alone.
fn per_account(world: &World) -> Result<Check, Blocked> {
    let list = list(world)?;
    let stranger = seeded(world, STRANGER)?;
    let chatting = get(world, "/visitors/chatting")?;
    let [viewer, theirs] = [viewer(world)?, stranger.clone()].map(|who| chatting.clone().by(who));
    let administrator = list.clone().by(administrator(world)?);
    let their_list = list.clone().by(stranger);
    let is_theirs = listed().and(mentions("Newsletter"));
    let all_limited = value!({"comm100": {"accounts": {"second": {"daily_limit": 1}}}});
    Ok(Check::new().cases([
        used_up(limited("used up by one agent", 3), 3, &list)
            .given("another account", their_list.clone(), is_theirs.clone())
            .tested("another agent", viewer.clone(), status(403))
            .tested("an agent of another account", theirs.clone(), accepted()),
        held("used up by three agents", 3, &list)
            .given("one", list.clone(), accepted())
            .given("two", viewer, accepted())
            .given("three", administrator, accepted())
            .tested("one again", list.clone(), status(403)),
        held("used up in another account", 1, &list)
            .state(all_limited)
            .given("another account", their_list.clone(), is_theirs)
            .given("beyond its limit", their_list, status(403))
            .tested("ours", list, accepted()),
    ]))
}

/// A refusal by the limit has its number, and names the limit and the address.
fn envelope(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let list = list(world)?;
    let rows = [(1, "support@comm100.example"), (3, "quota@example.com")];
    Ok(Check::new().cases(rows.map(|(calls, email)| {
        let says = message(&format!(
            "You have reached the daily API calling limit: {calls}. If you want to increase your API calling \
             times, please contact us at: {email}."
        ));
        let case = limited(format!("a limit of {calls}"), calls)
            .state(account(&value!({"limit_email": email})));
        used_up(case, calls, &list).tested("once more", list.clone(), code(500_010).and(says))
    })))
}

/// The same refusal comes with 500 once the account's switch says so.
fn status_switch(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let list = list(world)?;
    Ok(Check::of(
        used_up(limited("switched", 1), 1, &list)
            .state(account(&value!({"limit_status": 500})))
            .tested("beyond the limit again", list, status(500)),
    ))
}

/// One failed call and one good one are two calls.
fn failures_count(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let list = list(world)?;
    let nameless = sound(world)?.without("conversion_name");
    let failures = [
        (
            "an unknown path",
            get(world, &format!("/{}", world.unique()))?,
        ),
        (
            "a wrong method",
            get(world, "/mark_api_conversion_successful")?,
        ),
        (
            "an unknown visitor",
            get(world, &format!("/visitors/{}", world.unique()))?,
        ),
        ("a missing parameter", mark(world, &nameless)?),
        ("a missing permission", list.clone().by(viewer(world)?)),
    ];
    Ok(Check::new().cases(failures.map(|(name, failure)| {
        held(name, 2, &list)
            .given("refused for another reason", failure, turned_down())
            .tested("the last within the limit", list.clone(), accepted())
            .tested("beyond the limit again", list.clone(), status(403))
    })))
}

/// Strangers use nothing up, however often they call.
fn unauthenticated_not_counted(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let list = list(world)?;
    let strangers = [
        ("nobody", list.clone().by_nobody()),
        ("an unknown agent", list.clone().by(unknown_agent(world)?)),
        (
            "another scheme",
            list.clone()
                .by_nobody()
                .header("Authorization", "Bearer e30.e30."),
        ),
        ("a wrong key", list.clone().by(with_key(world, no_key())?)),
    ];
    Ok(Check::new().cases(strangers.map(|(name, stranger)| {
        held(name, 1, &list)
            .given("refused", stranger.clone(), status(401))
            .given("refused again", stranger, status(401))
            .tested("the one call of the day", list.clone(), accepted())
            .tested("beyond the limit again", list.clone(), status(403))
    })))
}

/// A refusal by the limit does not say when to come again.
fn no_hints(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let list = list(world)?;
    let hintless = Expect::new(|answer: &Answer| {
        demand(answer.status != 429, "status", "another than 429", "429")?;
        let mut names = answer
            .headers
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase());
        let hint =
            names.find(|name| name == "retry-after" || name.replace('-', "").contains("ratelimit"));
        let wanted = "neither Retry-After nor rate-limit headers";
        demand(hint.is_none(), "headers", wanted, hint.unwrap_or_default())
    });
    Ok(Check::of(
        limited("a limit of 1", 1)
            .given("within the limit", list.clone(), accepted())
            .given(
                "beyond the limit",
                list.clone(),
                json("/code").exists().and(status_from(400, 599)),
            )
            .tested("once more", list, hintless),
    ))
}
