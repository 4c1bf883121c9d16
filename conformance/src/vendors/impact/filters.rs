//! Page "Actions", its parameters: which actions a list has, and what cannot be asked for.

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::json as value;

use super::actions::unlisted;
use super::orders::{Partner, listed};
use super::seeded::{DAY, MINUTE, Past, having, instant, midnight, offset_of, state};
use super::{accepted, get, strategies};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::{Form, Request};
use crate::expect::{Expect, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.actions.filter_campaign", filter_campaign),
    ("impact.actions.filter_state", filter_state),
    ("impact.actions.filter_updated", filter_updated),
    ("impact.actions.filter_event_date", filter_event_date),
    ("impact.actions.filter_locking_date", filter_locking_date),
    (
        "impact.actions.seven_days_by_default",
        seven_days_by_default,
    ),
    (
        "impact.actions.other_ranges_replace_default",
        other_ranges_replace_default,
    ),
    (
        "impact.actions.approval_is_no_update",
        approval_is_no_update,
    ),
    ("impact.actions.dates_together", |world| {
        together(world, UPDATED)
    }),
    ("impact.actions.dates_span", |world| span(world, UPDATED)),
    ("impact.actions.three_years", three_years),
    ("impact.actions.locking_dates_together", |world| {
        together(world, LOCKING)
    }),
    ("impact.actions.locking_dates_span", |world| {
        span(world, LOCKING)
    }),
    ("impact.actions.date_syntax", date_syntax),
    ("impact.actions.campaign_integer", campaign_integer),
    ("impact.actions.state_known", state_known),
];

/// The names of a pair of dates.
type Names = [&'static str; 2];
/// The dates of the last update.
const UPDATED: Names = ["StartDate", "EndDate"];
/// The dates of the event.
const EVENT: Names = ["ActionDateStart", "ActionDateEnd"];
/// The dates of locking.
const LOCKING: Names = ["LockingDateStart", "LockingDateEnd"];

/// A range of dates as a query has it.
fn between([start, end]: Names, from: Timestamp, to: Timestamp) -> String {
    format!("{start}={from}&{end}={to}")
}

/// The time to the second.
fn now(world: &World) -> Timestamp {
    Timestamp::from_second(world.now.as_second()).unwrap_or_default()
}

/// A list that has actions of the former orders, and none of the latter.
fn only(inside: &[&Form], outside: &[&Form]) -> Expect {
    let all = inside
        .iter()
        .fold(Expect::anything(), |all, order| all.and(listed(order)));
    outside
        .iter()
        .fold(all, |all, order| all.and(unlisted(order)))
}

/// A case in which a query lists actions of the former orders, and none of the latter.
fn picks(partner: &Partner, case: Case, query: &str, inside: &[&Form], outside: &[&Form]) -> Case {
    let request = partner.get(&format!("Actions?{query}"));
    case.tested(query, request, only(inside, outside))
}

/// The same as a step that leads up to what is tested.
fn picking(
    partner: &Partner,
    case: Case,
    query: &str,
    inside: &[&Form],
    outside: &[&Form],
) -> Case {
    let request = partner.get(&format!("Actions?{query}"));
    case.given(query, request, only(inside, outside))
}

/// The actions of a campaign.
fn filter_campaign(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let (campaign, second_campaign) = (
        world.text("campaign_id")?,
        world.text("second_campaign_id")?,
    );
    let first = partner.order();
    let second = partner
        .order()
        .set("CampaignId", &*second_campaign)
        .set("ActionTrackerId", world.text("second_campaign_tracker_id")?);
    let case = partner.placed(Case::new("two campaigns"), &second);
    let case = partner.credited(case, &first).given(
        "both",
        partner.get("Actions"),
        only(&[&first, &second], &[]),
    );
    let case = picks(
        &partner,
        case,
        &format!("CampaignId={campaign}"),
        &[&first],
        &[&second],
    );
    let query = format!("CampaignId={second_campaign}");
    Ok(Check::of(picks(
        &partner,
        case,
        &query,
        &[&second],
        &[&first],
    )))
}

/// The actions in a state.
fn filter_state(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner.order();
    let case = partner.credited(Case::new("a new action"), &order).given(
        "found",
        partner.action(&order),
        state("PENDING"),
    );
    let case = picks(&partner, case, "State=PENDING", &[&order], &[]);
    let case = picks(&partner, case, "State=APPROVED", &[], &[&order]);
    let check = Check::of(picks(&partner, case, "State=REVERSED", &[], &[&order]));
    if !world.own_sandbox {
        return Ok(check);
    }
    let pending = Past::of(world)?;
    let approved = pending
        .another(world)
        .changed(value!([{"state": "APPROVED"}]));
    let reversed = pending
        .another(world)
        .changed(value!([{"state": "REVERSED"}]));
    let case = partner
        .having(
            Case::new("one in each state"),
            &[&pending, &approved, &reversed],
        )
        .given("found", partner.action(&approved.order), state("APPROVED"))
        .given(
            "found too",
            partner.action(&reversed.order),
            state("REVERSED"),
        );
    let [pending, approved, reversed] = [&pending.order, &approved.order, &reversed.order];
    let case = picks(
        &partner,
        case,
        "State=PENDING",
        &[pending],
        &[approved, reversed],
    );
    let case = picks(
        &partner,
        case,
        "State=APPROVED",
        &[approved],
        &[pending, reversed],
    );
    let case = picks(
        &partner,
        case,
        "State=REVERSED",
        &[reversed],
        &[pending, approved],
    );
    Ok(check.case(case))
}

/// The actions that were last updated within a range.
fn filter_updated(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let now = now(world);
    let range = |from, to| between(UPDATED, from, to);
    let order = partner.order();
    let case = partner.credited(Case::new("a new action"), &order);
    let case = picks(&partner, case, &range(now - DAY, now + DAY), &[&order], &[]);
    let past = range(now - DAY * 3, now - DAY);
    let check = Check::of(picks(&partner, case, &past, &[], &[&order]));
    if !world.own_sandbox {
        return Ok(check);
    }
    let second = SignedDuration::from_secs(1);
    let at = now - MINUTE * 10 + second * 17;
    let past = Past::of(world)?.credited_at(at);
    let case = partner.having(Case::new("to the second"), &[&past]);
    let created = &past.order;
    let case = picks(&partner, case, &range(at, at), &[created], &[]);
    let case = picks(&partner, case, &range(at - DAY, at), &[created], &[]);
    let case = picks(&partner, case, &range(at, at + DAY), &[created], &[]);
    let case = picks(
        &partner,
        case,
        &range(at - DAY, at - second),
        &[],
        &[created],
    );
    let bounds = picks(
        &partner,
        case,
        &range(at + second, at + DAY),
        &[],
        &[created],
    );
    let change = value!({"at": now - MINUTE * 5, "amount": "30.00", "payout": "1.20"});
    let changed = past
        .another(world)
        .credited_at(now - DAY * 3)
        .changed(value!([change]));
    let created = past.credited_at(now - DAY * 3);
    let case = partner.having(Case::new("a change of the amount"), &[&created, &changed]);
    let [created, changed] = [&created.order, &changed.order];
    let case = picks(
        &partner,
        case,
        &range(now - DAY, now),
        &[changed],
        &[created],
    );
    let older = range(now - DAY * 4, now - DAY * 2);
    let latest = picks(&partner, case, &older, &[created], &[changed]);
    Ok(check.cases([bounds, latest]))
}

/// The actions of events within a range, each end on its own too.
fn filter_event_date(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let now = now(world);
    let order = |days| {
        let event = now - DAY * days;
        partner.order().set("EventDate", event.to_string())
    };
    let (new, old) = (order(1), order(4));
    let case = partner.placed(Case::new("one and four days ago"), &new);
    let case = partner.credited(case, &old).given(
        "both",
        partner.get("Actions"),
        only(&[&new, &old], &[]),
    );
    let cut = now - DAY * 2;
    let case = picks(
        &partner,
        case,
        &format!("ActionDateStart={cut}"),
        &[&new],
        &[&old],
    );
    let case = picks(
        &partner,
        case,
        &format!("ActionDateEnd={cut}"),
        &[&old],
        &[&new],
    );
    let case = picks(
        &partner,
        case,
        &between(EVENT, now - DAY * 5, cut),
        &[&old],
        &[&new],
    );
    let case = picks(&partner, case, &between(EVENT, cut, now), &[&new], &[&old]);
    let none = between(EVENT, now - DAY * 3, cut);
    Ok(Check::of(picks(&partner, case, &none, &[], &[&new, &old])))
}

/// The actions that lock within a range.
fn filter_locking_date(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let now = now(world);
    let [new, old] = [1, 6].map(|days| now - DAY * days);
    let order = |event: Timestamp| partner.order().set("EventDate", event.to_string());
    let (later, sooner) = (order(new), order(old));
    // What is shown must be right, or what is picked by it cannot be judged.
    let locks = |event: Timestamp| {
        Expect::new(move |answer| {
            let shown = super::orders::said(answer, "/LockingDate");
            let wanted = offset_of(&shown).and_then(|offset| midnight(event, 16, offset));
            match wanted {
                Some(wanted) => instant("/LockingDate", wanted).judge(answer),
                None => instant("/LockingDate", event).judge(answer),
            }
        })
    };
    let case = partner.placed(Case::new("events of one and six days ago"), &later);
    let case = partner
        .credited(case, &sooner)
        .given(
            "both",
            partner.get("Actions"),
            only(&[&later, &sooner], &[]),
        )
        .given("the later", partner.action(&later), locks(new))
        .given("the sooner", partner.action(&sooner), locks(old));
    let [later_at, sooner_at] = [new, old].map(|event| event + DAY * 16);
    let range = |from, to| between(LOCKING, from, to);
    let case = picks(
        &partner,
        case,
        &range(later_at - DAY, later_at + DAY),
        &[&later],
        &[&sooner],
    );
    let case = picks(
        &partner,
        case,
        &range(sooner_at - DAY, sooner_at + DAY),
        &[&sooner],
        &[&later],
    );
    let case = picks(
        &partner,
        case,
        &range(sooner_at - DAY, later_at + DAY),
        &[&sooner, &later],
        &[],
    );
    let before = range(sooner_at - DAY * 3, sooner_at - DAY * 2);
    Ok(Check::of(picks(
        &partner,
        case,
        &before,
        &[],
        &[&sooner, &later],
    )))
}

/// Without dates the actions are listed that were updated within the last seven days.
fn seven_days_by_default(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let now = now(world);
    let inside = Past::of(world)?.credited_at(now - DAY * 7 + MINUTE);
    let fresh = inside.another(world).credited_at(now - MINUTE * 60);
    let outside = inside.another(world).credited_at(now - DAY * 7 - MINUTE);
    let case = having(
        Case::new("a minute before, and a minute after"),
        &[&inside, &outside, &fresh],
    );
    let [inside, outside] = [&inside.order, &outside.order];
    let fresh = listed(&fresh.order);
    let case = case.given("something by default", partner.get("Actions"), fresh);
    let all = between(UPDATED, now - DAY * 8, now);
    let case = picking(&partner, case, &all, &[inside, outside], &[]);
    Ok(Check::of(case.tested(
        "without dates",
        partner.get("Actions"),
        only(&[inside], &[outside]),
    )))
}

/// With a range of event or locking dates it does not matter when an action was updated.
fn other_ranges_replace_default(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let now = now(world);
    let case = |name, query: String| {
        let new = Past::of(world)?;
        let old = new.another(world).credited_at(now - DAY * 20);
        let case = having(Case::new(name), &[&new, &old]);
        let [new, old] = [&new.order, &old.order];
        let case = picking(&partner, case, &query, &[new], &[]);
        let case = case.given(
            "without dates",
            partner.get("Actions"),
            only(&[new], &[old]),
        );
        Ok(picks(&partner, case, &query, &[old], &[]))
    };
    let event = between(EVENT, now - DAY * 21, now);
    let locking = between(LOCKING, now - DAY, now + DAY * 40);
    let campaign = format!("CampaignId={}&", world.text("campaign_id")?);
    Ok(Check::new().cases([
        case("event dates of a campaign", format!("{campaign}{event}"))?,
        case(
            "locking dates of a campaign",
            format!("{campaign}{locking}"),
        )?,
        case("event dates", event)?,
        case("locking dates", locking)?,
    ]))
}

/// An approval, at the locking date or before, does not count as an update, while a change of the amount does.
fn approval_is_no_update(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let now = now(world);
    let change = |change: serde_json::Value| {
        let old = Past::of(world)?.credited_at(now - DAY * 20);
        Ok(old.changed(value!([change])))
    };
    let at = now - DAY * 2;
    let lowered = change(value!({"at": at, "amount": "30.00", "payout": "1.20"}))?;
    let approved = change(value!({"at": at, "state": "APPROVED"}))?;
    let locked = Past::of(world)?.credited_at(now - DAY * 20).locks_at(at);
    let untouched = Past::of(world)?.credited_at(now - DAY * 20);
    let all = [&lowered, &approved, &locked, &untouched];
    let case = having(Case::new("two days ago"), &all);
    let [lowered, approved, locked, untouched] = all.map(|past| &past.order);
    let latest = between(UPDATED, now - DAY * 3, now);
    let both = [approved, locked];
    let old = format!("State=APPROVED&ActionDateStart={}", now - DAY * 21);
    let case = picking(&partner, case, &old, &both, &[lowered]);
    let case = picking(&partner, case, &latest, &[lowered], &[untouched]);
    let changed = only(&[lowered], &[untouched]);
    let case = case
        .given("by default", partner.get("Actions"), changed)
        .tested("without dates", partner.get("Actions"), only(&[], &both));
    let case = picks(&partner, case, &latest, &[], &both);
    let case = picks(
        &partner,
        case,
        &format!("State=APPROVED&{latest}"),
        &[],
        &both,
    );
    Ok(Check::of(case))
}

/// A list that is asked for by a query.
fn ask(world: &World, query: &str) -> Result<Request, Blocked> {
    get(world, &format!("Actions?{query}"))
}

/// A query that is answered, and the same with one defect at a time, which are refused.
fn refusals(
    world: &World,
    sound: &str,
    defects: &[(&'static str, String)],
) -> Result<Check, Blocked> {
    let mut refusal = Refusal::of(ask(world, sound)?, accepted());
    for (name, query) in defects {
        let broken = ask(world, query)?;
        refusal = refusal.broken(*name, |_| broken, status(400));
    }
    Ok(refusal.into())
}

/// One date of a pair without the other.
fn together(world: &World, [start, end]: Names) -> Result<Check, Blocked> {
    let now = now(world);
    let (from, to) = (now - DAY * 10, now);
    refusals(
        world,
        &between([start, end], from, to),
        &[
            ("the start alone", format!("{start}={from}")),
            ("the end alone", format!("{end}={to}")),
            (
                "the start beside other dates",
                format!("{start}={from}&ActionDateEnd={to}"),
            ),
        ],
    )
}

/// Dates that are more than 45 days apart.
fn span(world: &World, names: Names) -> Result<Check, Blocked> {
    let from = now(world) - DAY * 60;
    let to = from + DAY * 45;
    refusals(
        world,
        &between(names, from, to),
        &[
            ("a minute more", between(names, from, to + MINUTE)),
            (
                "a minute more at the start",
                between(names, from - MINUTE, to),
            ),
            ("twice as far", between(names, from, to + DAY * 45)),
        ],
    )
}

/// A start more than three years ago.
fn three_years(world: &World) -> Result<Check, Blocked> {
    let now = now(world);
    // An hour either way leaves room for the clocks of others.
    let hour = MINUTE * 60;
    let ago = now
        .to_zoned(jiff::tz::TimeZone::UTC)
        .checked_sub(3.years())
        .map_or(now, |ago| ago.timestamp());
    let range = |from: Timestamp| between(UPDATED, from, from + DAY * 10);
    refusals(
        world,
        &range(ago + hour),
        &[
            ("two hours earlier", range(ago - hour)),
            ("ten years earlier", range(ago - DAY * 3_653)),
        ],
    )
}

/// A date without a time or a zone, or in another form.
fn date_syntax(world: &World) -> Result<Check, Blocked> {
    let now = now(world);
    let mut check = Check::new();
    for names in [UPDATED, EVENT, LOCKING] {
        let (from, to) = (now - DAY * 10, now);
        let whole = from.to_string();
        let day = &whole[..10];
        let forms = [
            ("a day", day.to_owned()),
            ("without a zone", whole.trim_end_matches('Z').to_owned()),
            ("without seconds", format!("{day}T10:15Z")),
            ("month first", "06/01/2026".to_owned()),
            ("a text", "yesterday".to_owned()),
        ];
        let [start, end] = names;
        let defects = forms.map(|(name, date)| (name, format!("{start}={date}&{end}={to}")));
        let ends = [(
            "the end is a day",
            format!("{start}={from}&{end}={}", &to.to_string()[..10]),
        )];
        let defects = [&defects[..], &ends].concat();
        check = check.cases(refusals(world, &between(names, from, to), &defects)?.cases);
    }
    let alone = format!("ActionDateStart={}", now - DAY);
    let defects = [
        ("alone, a day", alone[..26].to_owned()),
        (
            "alone, without a zone",
            alone.trim_end_matches('Z').to_owned(),
        ),
    ];
    Ok(check.cases(refusals(world, &alone, &defects)?.cases))
}

/// A campaign that is no number.
fn campaign_integer(world: &World) -> Result<Check, Blocked> {
    let sound = ask(world, &format!("CampaignId={}", world.text("campaign_id")?))?;
    let broken = get(world, "Actions?CampaignId=")?;
    let case = move |value: String| {
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        Case::new(format!("CampaignId={value}"))
            .twin(sound.clone(), accepted())
            .tested("broken", broken.clone().target_and(&value), status(400))
    };
    let rows = [
        "abc",
        "10306x",
        "x10306",
        "10306.0",
        "-10306",
        "10306,10307",
    ];
    let check = Check::new().cases(rows.map(|value| case(value.to_owned())));
    Ok(check.random(2, strategies::no_integer(), case))
}

/// A state that there is none of.
fn state_known(world: &World) -> Result<Check, Blocked> {
    let defects = ["OPEN", "pending", "PENDING,APPROVED", "LOCKED"];
    let defects = defects.map(|state| (state, format!("State={state}")));
    let mut check = Check::new();
    for known in ["PENDING", "APPROVED", "REVERSED"] {
        check = check.cases(refusals(world, &format!("State={known}"), &defects)?.cases);
    }
    Ok(check)
}
