//! Page "Submissions": the record behind a `QueuedUri`, and what becomes of a conversion.

use jiff::SignedDuration;
use serde_json::{Value, json as value};

use super::orders::{Partner, complete, id_of, listed, said, stored, together};
use super::{STRANGER, accepted, account, by_seeded, get};
use crate::check::{Case, Check, Entry, Make};
use crate::exchange::{Answer, Form, Request, Transcript};
use crate::expect::{Expect, body, demand, json, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.submissions.record", record),
    ("impact.submissions.members", members),
    ("impact.submissions.payload", payload),
    ("impact.submissions.statuses", statuses),
    ("impact.submissions.timing", timing),
    ("impact.submissions.completion", completion),
    ("impact.submissions.error_type", error_type),
    ("impact.submissions.no_action_on_error", no_action_on_error),
    ("impact.submissions.campaign_not_found", campaign_not_found),
    ("impact.submissions.tracker_not_found", tracker_not_found),
    ("impact.submissions.mismatch", mismatch),
    ("impact.submissions.tracker_not_active", tracker_not_active),
    ("impact.submissions.partner_not_active", partner_not_active),
    ("impact.submissions.contract_not_found", contract_not_found),
    ("impact.submissions.duplicate", duplicate),
    ("impact.submissions.dedup_by_tracker", dedup_by_tracker),
    (
        "impact.submissions.errors_free_the_order",
        errors_free_the_order,
    ),
    ("impact.submissions.order_of_reasons", order_of_reasons),
    ("impact.submissions.unknown", unknown),
    ("impact.submissions.kept_for_90_days", kept_for_90_days),
    ("impact.submissions.repeatable_ids", repeatable_ids),
];

/// An id that no campaign and no tracker has.
const NOTHING: &str = "999999999999";

/// A record that says where it stands, in whichever words.
fn stands() -> Expect {
    json("/Status").holds("a text", |status| {
        status.as_str().is_some_and(|status| !status.is_empty())
    })
}

/// A record that ended with this reason, perhaps among others.
fn reason(code: &'static str) -> Expect {
    json("/ErrorReason").holds(code, move |reasons| {
        let mut reasons = reasons.as_str().unwrap_or_default().split_whitespace();
        reasons.any(|reason| reason == code)
    })
}

/// A record that ended without this reason.
fn other_than(code: &'static str) -> Expect {
    Expect::new(move |answer| {
        let reasons = said(answer, "/ErrorReason");
        let named = reasons.split_whitespace().any(|reason| reason == code);
        demand(!named, "body /ErrorReason", format!("not {code}"), reasons)
    })
}

/// An order that is queued and ends with a reason, beside one that ends without it.
fn ends_with(partner: &Partner, order: &Form, code: &'static str) -> Check {
    let case = Case::new(code)
        .twin(partner.submit(&partner.order()), accepted())
        .given_eventually(
            "its record",
            partner.record("twin"),
            complete().and(other_than(code)),
        );
    Check::of(ends(case, partner, order, code))
}

/// The same, without another one beside it.
fn ends(case: Case, partner: &Partner, order: &Form, code: &'static str) -> Case {
    case.tested("order", partner.submit(order), accepted())
        .eventually("record", partner.record("order"), complete(), reason(code))
}

/// GET on QueuedUri is answered with the record of that submission.
fn record(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name| {
        let order = partner.order();
        let of_the_order = body().matches(&regex::escape(&id_of(&order)));
        let found = accepted().and(stands()).and(of_the_order);
        partner
            .placed(Case::new(name), &order)
            .tested("record", partner.record("order"), found.clone())
            .given_eventually("later", partner.record("order"), past(&["Queued"]))
            .tested("record again", partner.record("order"), found)
    };
    Ok(Check::new().cases([case("an order"), case("another order")]))
}

/// The record has all members, and names the partner, the order, and itself.
fn members(world: &World) -> Result<Check, Blocked> {
    const TEXTS: [&str; 15] = [
        "BatchId",
        "AccountId",
        "SubmissionDate",
        "CampaignId",
        "ActionTrackerId",
        "MediaPartnerId",
        "EventCode",
        "OrderId",
        "Payload",
        "Type",
        "Status",
        "CompletionDate",
        "ErrorType",
        "ErrorReason",
        "Uri",
    ];
    let partner = Partner::of(world)?;
    let id = world.text("media_partner_id")?;
    let case = |name, order: Form| {
        let field = |name| order.value(name).unwrap_or_default().to_owned();
        let told = [
            ("/AccountId", id.clone()),
            ("/MediaPartnerId", id.clone()),
            ("/CampaignId", field("CampaignId")),
            ("/ActionTrackerId", field("ActionTrackerId")),
            ("/OrderId", field("OrderId")),
            ("/Type", "Conversion".to_owned()),
        ];
        let has_all = json("").holds(&format!("the members {}", TEXTS.join(", ")), |record| {
            TEXTS.iter().all(|name| record.get(name).is_some())
        });
        let tells = Expect::new(move |answer| {
            told.iter().try_for_each(|(place, wanted)| {
                let got = said(answer, place);
                demand(got == *wanted, &format!("body {place}"), wanted, got)
            })
        });
        partner
            .placed(Case::new(name), &order)
            .eventually(
                "record",
                partner.record("order"),
                stands(),
                has_all.and(tells),
            )
            .judge(|transcript| {
                let queued = transcript
                    .text_at("order", "/QueuedUri")
                    .unwrap_or_default();
                let record = transcript.answer("record");
                let (uri, batch) = (said(record, "/Uri"), said(record, "/BatchId"));
                demand(uri == queued, "body /Uri", &queued, uri)?;
                let last = queued.rsplit('/').next().unwrap_or_default();
                demand(batch == last, "body /BatchId", last, batch)
            })
    };
    let alias = partner
        .order()
        .without("MediaPartnerId")
        .and("MediaId", id.clone());
    Ok(Check::new().cases([
        case("by MediaPartnerId", partner.order()),
        case("by MediaId", alias),
    ]))
}

/// Payload is what was submitted: a form byte for byte, JSON as a form in the order of its members.
fn payload(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let shown = |name: &'static str, sent: Request, wanted: Expect| {
        let there = json("/Payload").holds("a text", Value::is_string);
        Case::new(name)
            .given("order", sent, accepted())
            .given("found", partner.record("order"), there)
            .tested("record", partner.record("order"), wanted)
    };
    // Amounts and what follows stand before the order's id: the order of pairs is the sender's.
    let fields = |order: &Form| {
        let id = id_of(order);
        let form = order.clone().without("OrderId");
        (form.encoded(), id)
    };
    let (rest, id) = fields(&partner.order());
    let plain = format!("{rest}&OrderId={id}");
    let (rest, id) = fields(&partner.order());
    let odd =
        format!("Note=a%20b%2fc%C3%a9&{rest}&ClickId=77&CustomerCity=New+York&Empty=&OrderId={id}");
    let raw = |form: &str| {
        let request = partner.submit(&partner.order()).body(form);
        (request, json("/Payload").is(form))
    };
    let (plain, is_plain) = raw(&plain);
    let (odd, is_odd) = raw(&odd);

    let order = partner.order();
    let pairs: Vec<(String, String)> = order.0.iter().rev().cloned().collect();
    let members: Vec<String> = pairs
        .iter()
        .map(|(name, text)| format!("{}:{}", value!(name), value!(text)))
        .collect();
    let object = partner
        .submit(&order)
        .header("Content-Type", "application/json")
        .body(format!("{{{}}}", members.join(",")));
    let in_order = json("/Payload").holds("the members as a form", move |payload| {
        let payload = payload.as_str().unwrap_or_default();
        form_urlencoded::parse(payload.as_bytes())
            .into_owned()
            .eq(pairs.iter().cloned())
    });
    Ok(Check::new().cases([
        shown("a form", plain, is_plain),
        shown("a form of unusual spelling", odd, is_odd),
        shown("JSON", object, in_order),
    ]))
}

/// The documented words for where a submission stands, in the order in which it passes them.
const STATUSES: [&str; 3] = ["Queued", "In Progress", "Complete"];

/// A status that is one of these.
fn status_in(statuses: &'static [&'static str]) -> Expect {
    json("/Status").holds(&statuses.join(" or "), move |status| {
        status
            .as_str()
            .is_some_and(|status| statuses.contains(&status))
    })
}

/// A status that is none of these.
fn past(statuses: &'static [&'static str]) -> Expect {
    stands().and(json("/Status").holds("another status", move |status| {
        status
            .as_str()
            .is_some_and(|status| !statuses.contains(&status))
    }))
}

/// A submission goes from Queued over In Progress to Complete, and stays that, also one that ends with an error.
fn statuses(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, order: Form| {
        let record = || partner.record("order");
        partner
            .placed(Case::new(name), &order)
            .given("found", record(), stands())
            .tested("at once", record(), status_in(&STATUSES))
            .eventually(
                "later",
                record(),
                past(&["Queued"]),
                status_in(&STATUSES[1..]),
            )
            .eventually("in the end", record(), past(&STATUSES[..2]), complete())
            .tested("afterwards", record(), complete())
    };
    let bad = partner.order().set("CampaignId", NOTHING);
    Ok(Check::new().cases([
        case("one that becomes an action", partner.order()),
        case("one that ends with an error", bad),
    ]))
}

/// It is Queued at once, In Progress a second after it arrived, and Complete after two.
fn timing(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let partner = Partner::of(world)?;
    let order = partner.order();
    // The words are a rule of their own: another one leaves this rule unproven.
    let read = |case: Case, label| case.given(label, partner.record("order"), status_in(&STATUSES));
    let case = Case::new("a millisecond before, and in time").clock(world.now);
    let case = read(partner.placed(case, &order), "0");
    let case = read(case.advance(999), "999");
    let case = read(case.advance(1), "1000");
    let case = read(case.advance(999), "1999");
    let case = read(case.advance(1), "2000");
    Ok(Check::of(case.judge(|transcript| {
        let got = ["0", "999", "1000", "1999", "2000"]
            .map(|label| said(transcript.answer(label), "/Status"));
        let wanted = ["Queued", "Queued", "In Progress", "In Progress", "Complete"];
        together(got == wanted, "body /Status", &wanted.join(", "), &got)
    })))
}

/// CompletionDate, ErrorType and ErrorReason are empty until the submission is complete, and the errors also afterwards
/// unless there is one.
fn completion(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, order: Form, ended: Expect, no_error: &'static [&'static str]| {
        let is = |answer: &Answer, place: &str, filled: bool| {
            let got = said(answer, place);
            let wanted = if filled { "a time" } else { "nothing" };
            demand(
                got.is_empty() != filled,
                &format!("body {place}"),
                wanted,
                got,
            )
        };
        partner
            .placed(Case::new(name), &order)
            .given("before", partner.record("order"), status_in(&STATUSES[..2]))
            .given_eventually("after", partner.record("order"), ended)
            .judge(move |transcript| {
                let [before, after] = ["before", "after"].map(|label| transcript.answer(label));
                let places = ["/CompletionDate", "/ErrorType", "/ErrorReason"];
                places
                    .iter()
                    .try_for_each(|place| is(before, place, false))?;
                no_error
                    .iter()
                    .try_for_each(|place| is(after, place, false))?;
                is(after, "/CompletionDate", true)
            })
    };
    let bad = partner.order().set("CampaignId", NOTHING);
    let failed = complete().and(json("/ErrorReason").matches("."));
    let no_error = &["/ErrorType", "/ErrorReason"];
    Ok(Check::new().cases([
        case("without an error", partner.order(), complete(), no_error),
        case("with an error", bad, failed, &[]),
    ]))
}

/// The documented codes, and what kind of error each is.
const REASONS: [(&str, &[&str]); 2] = [
    (
        "Validation",
        &[
            "ACTIONTRACKER_CAMPAIGN_MISMATCH",
            "ACTIONTRACKER_NOT_ACTIVE",
            "ACTIONTRACKER_NOT_FOUND",
            "CAMPAIGN_NOT_FOUND",
            "MALFORMED",
            "NO_ITEM",
            "OID_MISSING",
        ],
    ),
    (
        "Contract Error",
        &[
            "ACTION_REF_NOT_FOUND",
            "ACTIONTERMS_NOT_FOUND",
            "BLACKLISTED_SOURCE_IP",
            "BLOCKED_BY_PROMOCODE",
            "CALL_DUPLICATE",
            "CALL_DURATION_TOO_SHORT",
            "CALL_FOR_CALL_PER_CONV_AT",
            "CALL_INCOMPLETE",
            "CALL_OUTSIDE_DAILY_RANGE",
            "CONTRACT_NOT_FOUND",
            "CONV_DUPLICATE",
            "CREDITING_RULE_MISMATCH",
            "MAX_RECURRENCES_REACHED",
            "NO_VALID_ACTION_REF",
            "OTHER_REF_PRIORITIZED",
            "OUTSIDE_ASSOCIATION_WINDOW",
            "PARTNER_NOT_ACTIVE",
            "REFTYPE_NOT_ACCEPTED",
            "RESTRICTED_PROMOCODE",
            "UNCLAIMED",
        ],
    ),
];

/// Each code is shown as the reason, with the type that it has.
fn error_type(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let kinds = REASONS.iter().flat_map(|(kind, codes)| {
        let codes = codes.iter();
        codes.map(move |code| (*kind, *code))
    });
    let mut submissions = serde_json::Map::new();
    let mut steps = Vec::new();
    for (number, (kind, code)) in kinds.enumerate() {
        let batch = format!("A-00000000-0000-4000-8000-{number:012}");
        let read = get(world, &format!("APISubmissions/{batch}"))?;
        let mut record = stored(world, &world.unique(), SignedDuration::from_mins(1))?;
        record["reason"] = code.into();
        submissions.insert(batch, record);
        let expect = json("/ErrorReason")
            .is(code)
            .and(json("/ErrorType").is(kind));
        steps.push((code, read, expect));
    }
    let case = Case::new("every code").state(value!({"impact": {"submissions": submissions}}));
    Ok(Check::of(steps.into_iter().fold(
        case,
        |case, (code, read, expect)| {
            case.given("found", read.clone(), complete())
                .tested(code, read, expect)
        },
    )))
}

/// An order that ends with an error becomes no action, while one that ends without becomes one.
fn no_action_on_error(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let bad = partner.order().set("CampaignId", NOTHING);
    let failed = complete().and(json("/ErrorReason").matches("."));
    let case = Case::new("an unknown campaign")
        .given("bad", partner.submit(&bad), accepted())
        .given_eventually("its record", partner.record("bad"), failed);
    let case = partner.credited(case, &partner.order());
    let id = id_of(&bad);
    let none = json("/Actions").holds("no action of the order that failed", move |actions| {
        let actions = actions.as_array();
        actions.is_some_and(|actions| actions.iter().all(|action| action["Oid"] != *id))
    });
    Ok(Check::of(case.tested("list", partner.get("Actions"), none)))
}

/// An unknown campaign.
fn campaign_not_found(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner.order().set("CampaignId", NOTHING);
    Ok(ends_with(&partner, &order, "CAMPAIGN_NOT_FOUND"))
}

/// An unknown tracker.
fn tracker_not_found(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner.order().set("ActionTrackerId", NOTHING);
    Ok(ends_with(&partner, &order, "ACTIONTRACKER_NOT_FOUND"))
}

/// A tracker with a campaign that it does not belong to.
fn mismatch(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner
        .order()
        .set("CampaignId", world.text("second_campaign_id")?);
    Ok(ends_with(
        &partner,
        &order,
        "ACTIONTRACKER_CAMPAIGN_MISMATCH",
    ))
}

/// A tracker that is not active.
fn tracker_not_active(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner
        .order()
        .set("ActionTrackerId", world.text("inactive_tracker_id")?);
    Ok(ends_with(&partner, &order, "ACTIONTRACKER_NOT_ACTIVE"))
}

/// A partner that is not active, and the same one before.
fn partner_not_active(world: &World) -> Result<Check, Blocked> {
    const CODE: &str = "PARTNER_NOT_ACTIVE";
    let partner = Partner::of(world)?;
    let case = Case::new("before and after")
        .twin(partner.submit(&partner.order()), accepted())
        .given_eventually(
            "its record",
            partner.record("twin"),
            complete().and(other_than(CODE)),
        )
        .state(account(world, value!({"active": false}))?);
    Ok(Check::of(ends(case, &partner, &partner.order(), CODE)))
}

/// A campaign without a contract.
fn contract_not_found(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner
        .order()
        .set("CampaignId", world.text("closed_campaign_id")?)
        .set("ActionTrackerId", world.text("closed_tracker_id")?);
    Ok(ends_with(&partner, &order, "CONTRACT_NOT_FOUND"))
}

/// A list with so many actions of an order.
fn actions_of(order: &Form, number: usize) -> Expect {
    let id = id_of(order);
    let wanted = format!("{number} actions of the order");
    json("/Actions").holds(&wanted, move |actions| {
        let actions = actions.as_array().into_iter().flatten();
        actions.filter(|action| action["Oid"] == *id).count() == number
    })
}

/// A second order of an id is queued, ends with CONV_DUPLICATE, and leaves the first one's action alone.
fn duplicate(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, change: fn(Form) -> Form| {
        let first = partner.order();
        let second = change(first.clone());
        let case = partner.credited(Case::new(name), &first).given_eventually(
            "the first's record",
            partner.record("order"),
            complete().and(other_than("CONV_DUPLICATE")),
        );
        case.tested("second", partner.submit(&second), accepted())
            .eventually(
                "record",
                partner.record("second"),
                complete(),
                reason("CONV_DUPLICATE"),
            )
            .tested("list", partner.get("Actions"), actions_of(&first, 1))
    };
    Ok(Check::new().cases([
        case("the same call again", |order| order),
        case("another amount", |order| order.set("Amount", "12.00")),
        case("another note", |order| order.and("Note", "Once more.")),
    ]))
}

/// The same order id at another tracker becomes an action, too.
fn dedup_by_tracker(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let first = partner.order();
    let second = first
        .clone()
        .set("ActionTrackerId", world.text("second_tracker_id")?);
    let case = partner
        .credited(Case::new("another tracker"), &first)
        .given("second", partner.submit(&second), accepted())
        .given_eventually("record", partner.record("second"), complete())
        .tested("list", partner.get("Actions"), actions_of(&first, 2));
    Ok(Check::of(case))
}

/// The order id of a submission that ended with an error can be used.
fn errors_free_the_order(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let good = partner.order();
    let bad = good
        .clone()
        .set("CampaignId", world.text("second_campaign_id")?);
    let failed = complete().and(json("/ErrorReason").matches("."));
    let case = Case::new("the wrong campaign, then the right one")
        .given("bad", partner.submit(&bad), accepted())
        .given_eventually("its record", partner.record("bad"), failed)
        .given("order", partner.submit(&good), accepted())
        .eventually(
            "record",
            partner.record("order"),
            complete(),
            other_than("CONV_DUPLICATE"),
        );
    Ok(Check::of(case))
}

/// Of two reasons that hold, the one that comes first is named, and no other.
fn order_of_reasons(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let of = |campaign: &str, tracker: &str| {
        partner
            .order()
            .set("CampaignId", campaign)
            .set("ActionTrackerId", tracker)
    };
    let case = |case: Case, order: &Form, code: &'static str| {
        case.given("order", partner.submit(order), accepted())
            .eventually(
                "record",
                partner.record("order"),
                complete(),
                json("/ErrorReason").is(code),
            )
    };
    let second = world.text("second_campaign_id")?;
    let campaign = world.text("campaign_id")?;
    let idle = world.text("inactive_tracker_id")?;
    let (closed, closed_tracker) = (
        world.text("closed_campaign_id")?,
        world.text("closed_tracker_id")?,
    );
    let [active, inactive] = [true, false].map(|active| account(world, value!({"active": active})));
    let (active, inactive) = (active?, inactive?);
    let active = |name| Case::new(name).state(active.clone());
    let inactive = |name| Case::new(name).state(inactive.clone());
    let repeated = partner.order();
    let mut campaigns = serde_json::Map::new();
    campaigns.insert(campaign.clone(), value!({"contracts": []}));
    let without_contract = value!({"impact": {"campaigns": campaigns}});
    Ok(Check::new().cases([
        case(
            active("campaign before tracker"),
            &of(NOTHING, NOTHING),
            "CAMPAIGN_NOT_FOUND",
        ),
        case(
            inactive("tracker before partner"),
            &of(&campaign, NOTHING),
            "ACTIONTRACKER_NOT_FOUND",
        ),
        case(
            active("mismatch before inactive tracker"),
            &of(&second, &idle),
            "ACTIONTRACKER_CAMPAIGN_MISMATCH",
        ),
        case(
            inactive("inactive tracker before partner"),
            &of(&campaign, &idle),
            "ACTIONTRACKER_NOT_ACTIVE",
        ),
        case(
            inactive("partner before contract"),
            &of(&closed, &closed_tracker),
            "PARTNER_NOT_ACTIVE",
        ),
        case(
            partner
                .credited(active("contract before duplicate"), &repeated)
                .state(without_contract),
            &repeated,
            "CONTRACT_NOT_FOUND",
        ),
    ]))
}

/// A batch id that does not exist, or that another account has, is answered with 404.
fn unknown(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let strangers = by_seeded(world, get(world, "APISubmissions/")?, STRANGER)?;
    let batch = |transcript: &Transcript| {
        let uri = transcript.text_at("order", "/QueuedUri")?;
        Ok::<_, String>(uri.rsplit('/').next().unwrap_or_default().to_owned())
    };
    let case = |name, request: Make| {
        partner
            .placed(Case::new(name), &partner.order())
            .twin(partner.record("order"), accepted())
            .tested("record", request, status(404))
    };
    let own = partner.get("APISubmissions/");
    let near = own.clone();
    Ok(Check::new().cases([
        case(
            "a made-up one",
            own.clone()
                .target_and("A-00000000-0000-4000-8000-000000000000")
                .into(),
        ),
        case("a text", own.target_and("unknown").into()),
        case(
            "one that differs in its last digit",
            Make::from(move |transcript: &Transcript| {
                let mut batch = batch(transcript)?;
                let last = if batch.pop() == Some('0') { '1' } else { '0' };
                batch.push(last);
                Ok(near.clone().target_and(&batch))
            }),
        ),
        case(
            "of another account",
            Make::from(move |transcript: &Transcript| {
                Ok(strangers.clone().target_and(&batch(transcript)?))
            }),
        ),
    ]))
}

/// A record is found for 90 days, and not afterwards.
fn kept_for_90_days(world: &World) -> Result<Check, Blocked> {
    const DAYS: u64 = 90 * 24 * 60 * 60 * 1_000;
    world.sandbox()?;
    let partner = Partner::of(world)?;
    let case = Case::new("a second before, and after").clock(world.now);
    let case = partner
        .placed(case, &partner.order())
        .given("at once", partner.record("order"), accepted())
        .advance(DAYS - 1_000)
        .tested("within", partner.record("order"), accepted())
        .advance(2_000)
        .tested("afterwards", partner.record("order"), status(404));
    Ok(Check::of(case))
}

/// A sandbox that is put back to where it was gives the same ids to the same calls, and others to other calls.
fn repeatable_ids(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let partner = Partner::of(world)?;
    let order = partner.order();
    let other = partner.order();
    let back = value!({"impact": {
        "submissions": null,
        "ids": {"next_submission": 1, "next_action": 158_133},
    }});
    let queued = || accepted().and(json("/QueuedUri").matches("."));
    let round = |case: Case, [first, second, list]: [&'static str; 3]| {
        case.state(back.clone())
            .given(first, partner.submit(&order), queued())
            .given(second, partner.submit(&other), queued())
            .given("record", partner.record(second), accepted())
            .given_eventually(
                list,
                partner.get("Actions"),
                listed(&order).and(listed(&other)),
            )
    };
    let case = round(
        Case::new("two orders, twice"),
        ["first", "second", "actions"],
    );
    let case = round(case, ["first again", "second again", "actions again"]);
    Ok(Check::of(case.judge(move |transcript| {
        let uri = |label| said(transcript.answer(label), "/QueuedUri");
        let actions = |label| ids_of(transcript.answer(label));
        let first = [uri("first"), uri("second"), actions("actions")];
        let again = [
            uri("first again"),
            uri("second again"),
            actions("actions again"),
        ];
        together(first == again, "ids", &first.join(", "), &again)?;
        let distinct = first[0] != first[1];
        together(distinct, "body /QueuedUri", "two submissions", &first[..2])
    })))
}

/// The ids of a list of actions.
fn ids_of(answer: &Answer) -> String {
    let actions = answer.at("/Actions").unwrap_or_default();
    let actions = actions.as_array().into_iter().flatten();
    let ids: Vec<&str> = actions.filter_map(|action| action["Id"].as_str()).collect();
    ids.join(" ")
}
