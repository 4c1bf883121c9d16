//! Page "Actions": the list, one action, and what it says of the order that it came from.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::orders::{Partner, action_of, complete, id_of, listed, said};
use super::seeded::{DAY, MINUTE, empty, instant, midnight, offset_of, state};
use super::{STRANGER, accepted, by_seeded, get, submit};
use crate::check::{Case, Check, Entry, Make};
use crate::exchange::{Form, Request, Transcript};
use crate::expect::{Breach, Expect, demand, json, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.actions.after_completion", after_completion),
    ("impact.actions.list", list),
    ("impact.actions.retrieve", retrieve),
    ("impact.actions.unknown", unknown),
    ("impact.actions.members", members),
    ("impact.actions.id", id),
    ("impact.actions.reported_partner", reported_partner),
    ("impact.actions.submitted_values", submitted_values),
    ("impact.actions.without_click", without_click),
    ("impact.actions.starts_pending", starts_pending),
    ("impact.actions.locking_date", locking_date),
    ("impact.conversions.now", now),
    ("impact.conversions.late_event_date", late_event_date),
];

/// A list that has no action of that order.
pub(super) fn unlisted(order: &Form) -> Expect {
    let order = id_of(order);
    json("/Actions").holds("a list without an action of the order", move |actions| {
        actions
            .as_array()
            .is_some_and(|actions| actions.iter().all(|action| action["Oid"] != *order))
    })
}

/// The action of that order, whatever else it says.
pub(super) fn action_of_order(order: &Form) -> Expect {
    accepted().and(json("/Oid").is(id_of(order)))
}

/// A case in which an order has become an action that can be read.
fn readable(partner: &Partner, case: Case, order: &Form) -> Case {
    partner
        .credited(case, order)
        .given("found", partner.action(order), action_of_order(order))
}

/// Before a submission is complete there is no action of it, and as soon as it is there is one.
fn after_completion(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, order: Form| {
        let queued = json("/Status").matches("^(Queued|In Progress)$");
        let sound = complete().and(empty("/ErrorReason"));
        partner
            .placed(Case::new(name), &order)
            .given("before", partner.get("Actions"), json("/Actions").exists())
            .given("its record", partner.record("order"), queued)
            .given_eventually("its record later", partner.record("order"), sound)
            .tested("after", partner.get("Actions"), listed(&order))
            // Only now is it certain that the list was read before the submission was complete.
            .judge(move |transcript| unlisted(&order).judge(transcript.answer("before")))
    };
    Ok(Check::new().cases([
        case("an order", partner.order()),
        case("an order of nothing", partner.order().set("Amount", "0")),
    ]))
}

/// Where the actions of orders stand in a list: the places of these, in this order, must go up.
fn in_order(orders: &[&Form]) -> Expect {
    let ids: Vec<String> = orders.iter().map(|order| id_of(order)).collect();
    json("/Actions").holds("the newest first", move |actions| {
        let place = |id: &String| {
            let mut actions = actions.as_array().into_iter().flatten();
            actions.position(|action| action["Oid"] == **id)
        };
        let places: Option<Vec<usize>> = ids.iter().map(place).collect();
        places.is_some_and(|places| places.is_sorted())
    })
}

/// The newest action comes first, unknown parameters change nothing, and others' actions are not there.
fn list(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let [first, second] = [partner.order(), partner.order()];
    let both = listed(&first).and(listed(&second));
    let plain = || partner.get("Actions");
    let case = partner
        .credited(Case::new("two orders, one after the other"), &first)
        .given("second", partner.submit(&second), accepted())
        .given_eventually("both", plain(), both.clone())
        .tested("their order", plain(), in_order(&[&second, &first]));
    let odd = [
        "Unknown=1",
        "campaignid=x",
        "Limit=0&Offset=9",
        "OrderId=none",
        "=",
    ];
    let case = odd.into_iter().fold(case, |case, query| {
        let request = partner.get(&format!("Actions?{query}"));
        case.tested(query, request, accepted().and(both.clone()))
    });
    let check = Check::of(case);
    let Ok(strangers) = by_seeded(world, get(world, "Actions")?, STRANGER) else {
        return Ok(check);
    };
    let theirs = partner.order().set("MediaPartnerId", "1924610");
    let order = by_seeded(world, submit(world, &theirs)?, STRANGER)?;
    let others = partner
        .credited(Case::new("two accounts"), &first)
        .tested("their list", strangers.clone(), unlisted(&first))
        .given("their order", order, accepted())
        .given_eventually("their list, later", strangers, listed(&theirs))
        .tested("our list", plain(), unlisted(&theirs));
    Ok(check.case(others))
}

/// The id of a list leads to the action, which stands at the top.
fn retrieve(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name| {
        let order = partner.order();
        partner.credited(Case::new(name), &order).tested(
            "action",
            partner.action(&order),
            action_of_order(&order),
        )
    };
    Ok(Check::new().cases([case("an order"), case("another order")]))
}

/// The id of the action of an order that the step `actions` has listed.
fn listed_id(transcript: &Transcript, order: &str) -> Result<String, String> {
    let action = transcript
        .find("actions")
        .and_then(|answer| action_of(answer, order));
    let id = action.and_then(|action| action["Id"].as_str().map(ToOwned::to_owned));
    id.ok_or_else(|| "no action of the order has an Id".to_owned())
}

/// An id that there is none of, or that another account has, is answered with 404.
fn unknown(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner.order();
    let case = |name, request: Make| {
        partner
            .credited(Case::new(name), &order)
            .twin(partner.action(&order), accepted())
            .tested("action", request, status(404))
    };
    let like = |request: Request, change: fn(&str) -> String| {
        let order = id_of(&order);
        Make::from(move |transcript: &Transcript| {
            let id = listed_id(transcript, &order)?;
            Ok(request.clone().target_and(&change(&id)))
        })
    };
    let own = || partner.get("Actions/");
    let mut check = Check::new().cases([
        case("a made-up one", own().target_and("1.2.3").into()),
        case("a text", own().target_and("unknown").into()),
        case("more digits", like(own(), |id| format!("{id}00000000"))),
        case("of another campaign", like(own(), |id| format!("9{id}"))),
    ]);
    if let Ok(theirs) = by_seeded(world, own(), STRANGER) {
        let same = like(theirs, ToOwned::to_owned);
        check = check.case(case("asked for by another account", same));
    }
    Ok(check)
}

/// The documented members of an action.
const MEMBERS: [&str; 33] = [
    "Id",
    "CampaignId",
    "CampaignName",
    "ActionTrackerId",
    "ActionTrackerName",
    "State",
    "AdId",
    "Payout",
    "Amount",
    "Currency",
    "EventDate",
    "LockingDate",
    "Oid",
    "EventCode",
    "SharedId",
    "SubId1",
    "SubId2",
    "SubId3",
    "DeltaPayout",
    "IntendedPayout",
    "DeltaAmount",
    "IntendedAmount",
    "ReferringDate",
    "CreationDate",
    "ClearedDate",
    "ReferringType",
    "ReferringDomain",
    "PromoCode",
    "CustomerArea",
    "CustomerCity",
    "CustomerRegion",
    "CustomerCountry",
    "Uri",
];

/// An object with all these members.
pub(super) fn has_all(names: &'static [&'static str]) -> Expect {
    Expect::new(move |answer| {
        let body = answer.at("").unwrap_or_default();
        let missing: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| body.get(name).is_none())
            .collect();
        let got = format!("without {}", missing.join(", "));
        demand(missing.is_empty(), "body", "all documented members", got)
    })
}

/// What these members say, as text or as a number.
pub(super) fn says(members: &[(&'static str, String)]) -> Expect {
    let members = members.to_vec();
    Expect::new(move |answer| {
        members.iter().try_for_each(|(pointer, wanted)| {
            let got = said(answer, pointer);
            demand(got == *wanted, &format!("body {pointer}"), wanted, got)
        })
    })
}

/// An action has all members, those of its order among them, and its own path.
fn members(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, order: Form| {
        let field = |name| order.value(name).unwrap_or_default().to_owned();
        let of_the_order = says(&[
            ("/CampaignId", field("CampaignId")),
            ("/ActionTrackerId", field("ActionTrackerId")),
            ("/Oid", id_of(&order)),
        ]);
        let date = order
            .value("EventDate")
            .and_then(|date| date.parse::<Timestamp>().ok());
        let dated = date.map_or_else(Expect::anything, |date| instant("/EventDate", date));
        partner
            .credited(Case::new(name), &order)
            .given("found", partner.action(&order), action_of_order(&order))
            .tested(
                "action",
                partner.action(&order),
                has_all(&MEMBERS).and(of_the_order).and(dated),
            )
            .judge(|transcript| {
                let sent = transcript.0.iter().rfind(|sent| &*sent.label == "action");
                let path = sent.map(|sent| sent.request.target.clone());
                let uri = said(transcript.answer("action"), "/Uri");
                let wanted = path.unwrap_or_default();
                demand(uri == wanted, "body /Uri", &wanted, uri)
            })
    };
    let earlier = Timestamp::from_second(world.now.as_second()).unwrap_or_default() - DAY * 2;
    let lead = partner
        .order()
        .set("ActionTrackerId", world.text("second_tracker_id")?)
        .set("EventDate", earlier.to_string());
    Ok(Check::new().cases([
        case("an order", partner.order()),
        case("an order of another tracker, two days ago", lead),
    ]))
}

/// An id is three numbers, the first of which is the campaign.
fn id(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let second = partner
        .order()
        .set("CampaignId", world.text("second_campaign_id")?)
        .set("ActionTrackerId", world.text("second_campaign_tracker_id")?);
    let case = |name, order: Form| {
        let campaign = order.value("CampaignId").unwrap_or_default();
        let like = json("/Id").matches(&format!(r"^{campaign}\.[0-9]+\.[0-9]+$"));
        readable(&partner, Case::new(name), &order).tested("action", partner.action(&order), like)
    };
    Ok(Check::new().cases([
        case("a campaign", partner.order()),
        case("another campaign", second),
    ]))
}

/// A partner that reports an action is what refers to it.
fn reported_partner(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner.order();
    let there = json("/ReferringType").exists();
    let reported = json("/ReferringType").is("REPORTED_PARTNER_ID");
    let case = partner
        .credited(Case::new("an order"), &order)
        .given("found", partner.action(&order), there)
        .tested("action", partner.action(&order), reported);
    Ok(Check::of(case))
}

/// The fields of a partner's own, in the order in which an action has them.
const OWN_FIELDS: [(&str, &str); 4] = [
    ("SharedId", "/SharedId"),
    ("SubId1", "/SubId1"),
    ("SubId2", "/SubId2"),
    ("SubId3", "/SubId3"),
];

/// An action shows the partner's own fields as they were sent, and nothing where none was.
fn submitted_values(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = move |name: &'static str, values: [Option<String>; 4]| {
        let mut order = partner.order();
        let mut shown = Vec::new();
        for ((field, pointer), value) in OWN_FIELDS.into_iter().zip(values) {
            if let Some(value) = &value {
                order = order.and(field, value);
            }
            shown.push((pointer, value.unwrap_or_default()));
        }
        readable(&partner, Case::new(name), &order).tested(
            "action",
            partner.action(&order),
            says(&shown),
        )
    };
    let texts = |texts: [&str; 4]| texts.map(|text| Some(text.to_owned()));
    let value =
        || prop::option::weighted(0.8, "[A-Za-z0-9][A-Za-z0-9 _.:&+=%\"é-]{0,40}[A-Za-z0-9]");
    let check = Check::new().cases([
        case(
            "all four",
            texts(["Recurring", "p_capi_1001", "newsletter", "left"]),
        ),
        case(
            "255 characters",
            texts(
                ["x"; 4]
                    .map(|text| text.repeat(255))
                    .each_ref()
                    .map(|text| &**text),
            ),
        ),
        case(
            "the second alone",
            [None, None, Some("newsletter".to_owned()), None],
        ),
        case("none", [None, None, None, None]),
    ]);
    let values = [value(), value(), value(), value()];
    Ok(check.random(13, values, move |values| case("random texts", values)))
}

/// Without a click most of what describes one is empty, and the rest is what was sent.
fn without_click(world: &World) -> Result<Check, Blocked> {
    const OF_A_CLICK: [&str; 7] = [
        "/AdId",
        "/ReferringDate",
        "/ReferringDomain",
        "/PromoCode",
        "/CustomerArea",
        "/CustomerRegion",
        "/EventCode",
    ];
    let partner = Partner::of(world)?;
    let case = |name, city: &str, country: &str| {
        let order = partner
            .order()
            .and("CustomerCity", city)
            .and("CustomerCountry", country)
            .and("CustomerPostCode", "93101");
        let sent = says(&[
            ("/CustomerCity", city.to_owned()),
            ("/CustomerCountry", country.to_owned()),
        ]);
        let expect = OF_A_CLICK
            .into_iter()
            .fold(sent, |all, pointer| all.and(empty(pointer)));
        let dated = json("/CompletionDate").matches("T");
        readable(&partner, Case::new(name), &order)
            .given("record", partner.record("order"), complete().and(dated))
            .tested("action", partner.action(&order), expect)
            .judge(|transcript| {
                let completed = said(transcript.answer("record"), "/CompletionDate");
                let created = said(transcript.answer("action"), "/CreationDate");
                let same = created == completed;
                demand(same, "body /CreationDate", completed, created)
            })
    };
    Ok(Check::new().cases([
        case("one city", "Santa Barbara", "US"),
        case("another city", "Zürich", "CH"),
        case("no city", "", ""),
    ]))
}

/// An action starts as PENDING, whatever the order.
fn starts_pending(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, order: Form| {
        let there = json("/State").exists();
        partner
            .credited(Case::new(name), &order)
            .given("found", partner.action(&order), there)
            .tested("action", partner.action(&order), state("PENDING"))
    };
    Ok(Check::new().cases([
        case("an order", partner.order()),
        case("an order of nothing", partner.order().set("Amount", "0")),
    ]))
}

/// How many days after the day of an event its action locks.
pub(super) const LOCKING_DAYS: i32 = 16;

/// An action locks at midnight of the account, so many days after its event or, if that is past, its submission.
fn locking_date(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let now = Timestamp::from_second(world.now.as_second()).unwrap_or_default();
    let case = move |name: &'static str, event: Timestamp| {
        let order = partner.order().set("EventDate", event.to_string());
        readable(&partner, Case::new(name), &order)
            .given("record", partner.record("order"), complete())
            .tested("action", partner.action(&order), Expect::anything())
            .judge(move |transcript| {
                let shown = said(transcript.answer("action"), "/LockingDate");
                let submitted = said(transcript.answer("record"), "/SubmissionDate");
                let submitted = submitted.parse::<Timestamp>().unwrap_or(now);
                let locks = offset_of(&shown).and_then(|offset| {
                    let by_event = midnight(event, LOCKING_DAYS, offset)?;
                    if by_event > submitted {
                        Some(by_event)
                    } else {
                        midnight(submitted, LOCKING_DAYS, offset)
                    }
                });
                let wanted =
                    locks.map_or_else(|| "a date with an offset".to_owned(), |at| at.to_string());
                let same = locks.is_some() && shown.parse().ok() == locks;
                demand(same, "body /LockingDate", wanted, shown)
            })
    };
    // The known account's midnight in a sandbox; elsewhere it is another time of the day, and as good.
    let midnight: Timestamp =
        Timestamp::from_second(now.as_second() / 86_400 * 86_400 + 7 * 3_600).unwrap_or_default();
    let second = SignedDuration::from_secs(1);
    let check = Check::new().cases([
        case("an event of a minute ago", now - MINUTE),
        case("the last second of a day", midnight - DAY - second),
        case("the first second of a day", midnight - DAY),
        case("an event of 14 days ago", now - DAY * 14),
        case("an event of 18 days ago", now - DAY * 18),
        case("an event of 80 days ago", now - DAY * 80),
    ]);
    let ago = (1..40 * 86_400_i64).prop_map(SignedDuration::from_secs);
    Ok(check.random(14, ago, move |ago| case("random events", now - ago)))
}

/// A case in which an order was accepted, and its record and its action were read.
fn dated(partner: &Partner, case: Case, order: &Form) -> Case {
    let submitted = json("/SubmissionDate").holds("a date", |date| {
        let date = date.as_str().map(str::parse::<Timestamp>);
        date.is_some_and(|date| date.is_ok())
    });
    case.tested("order", partner.submit(order), accepted())
        .given_eventually("actions", partner.get("Actions"), listed(order))
        .given("record", partner.record("order"), submitted)
        .given("action", partner.action(order), action_of_order(order))
}

/// An action is dated to the second in which its order was submitted, give or take one.
fn as_submitted(transcript: &Transcript) -> Result<(), Breach> {
    let submitted = said(transcript.answer("record"), "/SubmissionDate");
    let shown = said(transcript.answer("action"), "/EventDate");
    let times = [&submitted, &shown].map(|date| date.parse::<Timestamp>());
    let same = matches!(times, [Ok(submitted), Ok(shown)]
        if shown.duration_since(submitted).abs() <= SignedDuration::from_secs(1));
    demand(same, "body /EventDate", submitted, shown)
}

/// An event of now is one of the time at which it arrived.
fn now(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, order: Form| {
        let order = order.set("EventDate", "NOW");
        dated(&partner, Case::new(name), &order).judge(as_submitted)
    };
    Ok(Check::new().cases([
        case("an order", partner.order()),
        case("lines", partner.order_of(&[("ItemSubTotal1", "7.50")])),
    ]))
}

/// Where the reference names no number: so long ago is still kept, and anything longer is long past.
const LATE_AFTER: SignedDuration = SignedDuration::from_hours(88 * 24);

/// An event of long ago is dated to its submission, one that is not so long ago keeps its date.
fn late_event_date(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let now = Timestamp::from_second(world.now.as_second()).unwrap_or_default();
    let of = {
        let partner = partner.clone();
        move |name: &'static str, event: String| {
            let order = partner.order().set("EventDate", event);
            (order.clone(), dated(&partner, Case::new(name), &order))
        }
    };
    let late = |name, event: Timestamp| of(name, event.to_string()).1.judge(as_submitted);
    let mut check = Check::new().cases([
        late("a year and a day ago", now - DAY * 366),
        late("three years ago", now - DAY * 1_096),
        of(
            "years ago, in another zone",
            "2020-02-29T23:59:59+05:45".to_owned(),
        )
        .1
        .judge(as_submitted),
        of(
            "before there were computers",
            "1901-01-01T00:00:00Z".to_owned(),
        )
        .1
        .judge(as_submitted),
    ]);
    if world.own_sandbox {
        let hour = MINUTE * 60;
        let kept = now - LATE_AFTER + hour;
        let (order, case) = of("not yet 88 days ago", kept.to_string());
        let shown = partner.action(&order);
        check = check.cases([
            case.tested("its date", shown, instant("/EventDate", kept)),
            late("more than 88 days ago", now - LATE_AFTER - hour),
        ]);
    }
    let ago = (366..4_000_i32).prop_map(|days| DAY * days);
    Ok(check.random(13, ago, move |ago| {
        of("random events", (now - ago).to_string())
            .1
            .judge(as_submitted)
    }))
}
