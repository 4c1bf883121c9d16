//! Page "Actions", its part on action updates: what happened to actions, and when.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json as value};

use super::accepted;
use super::orders::{Partner, decimal, id_of, money, said, stored_action, storing, text, together};
use crate::check::{Case, Check, Entry, Make};
use crate::exchange::{Answer, Form, Request, Transcript};
use crate::expect::{Expect, demand, status};
use crate::world::{Blocked, World};

/// The checks of this part.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.updates.list", list),
    ("impact.updates.retrieve", retrieve),
    ("impact.updates.members", members),
    ("impact.updates.unknown", unknown),
    ("impact.updates.current_state", current_state),
    ("impact.updates.deltas", deltas),
    ("impact.updates.same_filters", same_filters),
    (
        "impact.updates.action_dates_together",
        action_dates_together,
    ),
    ("impact.updates.action_dates_span", action_dates_span),
];

/// Every member of an update.
const MEMBERS: [&str; 40] = [
    "Id",
    "ActionId",
    "CampaignId",
    "ActionTrackerId",
    "EventCode",
    "State",
    "StateDetail",
    "StateDetailDescription",
    "AdId",
    "ReportingState",
    "DeltaPayout",
    "DeltaAmount",
    "Currency",
    "Category",
    "Sku",
    "Quantity",
    "CatalogName",
    "CatalogCategory",
    "CatalogDescription",
    "CatalogManufacturer",
    "CatalogOriginalFormatCategory",
    "CatalogSubCategory",
    "UpdateDate",
    "LockingDate",
    "ClearingDate",
    "ActionDate",
    "Oid",
    "SubId1",
    "SubId2",
    "SubId3",
    "PaystubId",
    "ContractId",
    "EventTypeId",
    "EventTypeName",
    "PayoutLevel",
    "DefaultPayout",
    "DefaultPayoutCurrency",
    "SharedId",
    "ActionUri",
    "Uri",
];

/// The updates of an order in a list, in its order.
fn updates_of(answer: &Answer, order: &str) -> Vec<Value> {
    let updates = answer.at("/ActionUpdates").unwrap_or_default();
    let updates = updates.as_array().cloned().unwrap_or_default();
    updates
        .into_iter()
        .filter(|update| update["Oid"] == order)
        .collect()
}

/// A list with an update of that order.
fn updated(order: &str) -> Expect {
    let order = order.to_owned();
    Expect::new(move |answer| {
        let first = updates_of(answer, &order).pop();
        let found = first.is_some_and(|update| update["Id"].is_string());
        demand(
            found,
            "body /ActionUpdates",
            "an update of the order",
            "none",
        )
    })
}

/// A list without one.
fn not_updated(order: &str) -> Expect {
    let order = order.to_owned();
    Expect::new(move |answer| {
        let found = updates_of(answer, &order).len();
        let is_list = answer
            .at("/ActionUpdates")
            .is_some_and(|updates| updates.is_array());
        let wanted = "a list without updates of the order";
        demand(
            is_list && found == 0,
            "body /ActionUpdates",
            wanted,
            found.to_string(),
        )
    })
}

/// A case that submits an order and goes on when the step `updates` lists it.
fn followed(partner: &Partner, name: &'static str, order: &Form) -> Case {
    partner.placed(Case::new(name), order).given_eventually(
        "updates",
        partner.get("ActionUpdates"),
        updated(&id_of(order)),
    )
}

/// Reads a resource that is made of the update of an order in the step `updates`.
fn of_update(
    partner: &Partner,
    order: &Form,
    resource: impl Fn(&Value) -> Option<String> + 'static,
) -> Make {
    let (partner, order) = (partner.clone(), id_of(order));
    Make::from(move |transcript: &Transcript| -> Result<Request, String> {
        let update = updates_of(transcript.answer("updates"), &order).pop();
        let resource = update.as_ref().and_then(&resource);
        Ok(partner.get(&resource.ok_or("the update does not say enough")?))
    })
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// A list has the creation of each action, each change and the approval, newest first.
fn list(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let (old, new) = (world.unique(), world.unique());
    let changes = value!([{"at": world.now - days(4), "amount": "6.00", "payout": "0.24"}]);
    let mut approved = stored_action(world, (&old, 1), days(6), &changes)?;
    approved["action"]["locks_at"] = value!(world.now - days(2));
    let pending = stored_action(world, (&new, 2), days(3), &value!([]))?;
    // Both names must be told from each other, whatever else the account has.
    let wanted = [&old, &new, &old, &old].map(ToString::to_string);
    let listed = Expect::new(move |answer| {
        let updates = answer.at("/ActionUpdates").unwrap_or_default();
        let updates = updates.as_array().into_iter().flatten();
        let got: Vec<String> = updates.filter_map(|update| text(&update["Oid"])).collect();
        let shown = wanted.join(", ");
        together(got == wanted, "body /ActionUpdates", &shown, &got)
    });
    let case = Case::new("an approval, a creation, a change, a creation")
        .clock(world.now)
        .state(storing([approved, pending]))
        .tested("updates", partner.get("ActionUpdates"), listed);
    Ok(Check::of(case))
}

/// An update that a list has is found by its id.
fn retrieve(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name| {
        let order = partner.order();
        let request = of_update(&partner, &order, |update| {
            Some(format!("ActionUpdates/{}", text(&update["Id"])?))
        });
        let id = id_of(&order);
        followed(&partner, name, &order)
            .tested("update", request, accepted())
            .judge(move |transcript| {
                let listed = updates_of(transcript.answer("updates"), &id).pop();
                let wanted = listed
                    .and_then(|update| text(&update["Id"]))
                    .unwrap_or_default();
                let got = said(transcript.answer("update"), "/Id");
                demand(got == wanted, "body /Id", wanted, got)
            })
    };
    Ok(Check::new().cases([case("an update"), case("another update")]))
}

/// An update has all members.
fn members(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner.order();
    let id = id_of(&order);
    let has_all = Expect::new(move |answer| {
        let update = updates_of(answer, &id).pop().unwrap_or_default();
        let missing: Vec<&str> = MEMBERS
            .into_iter()
            .filter(|name| update.get(name).is_none())
            .collect();
        let got = format!("none of {}", missing.join(", "));
        demand(
            missing.is_empty(),
            "body /ActionUpdates",
            "all members",
            got,
        )
    });
    let case = followed(&partner, "in a list", &order).tested(
        "list",
        partner.get("ActionUpdates"),
        has_all,
    );
    Ok(Check::of(case))
}

/// An update that does not exist is answered with 404.
fn unknown(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, suffix: &'static str| {
        let order = partner.order();
        let read = |suffix: &'static str| {
            of_update(&partner, &order, move |update| {
                Some(format!("ActionUpdates/{}{suffix}", text(&update["Id"])?))
            })
        };
        followed(&partner, name, &order)
            .twin(read(""), accepted())
            .tested("update", read(suffix), status(404))
    };
    Ok(Check::new().cases([
        case("a number behind its id", ".1"),
        case("more digits", "999999"),
        case("letters", "x"),
    ]))
}

/// A world in which the updates of stored actions are listed, as `updates`.
fn stored_updates(
    world: &World,
    name: &'static str,
    actions: impl IntoIterator<Item = Value>,
    orders: &[&str],
) -> Result<Case, Blocked> {
    let all = orders
        .iter()
        .fold(Expect::anything(), |all, order| all.and(updated(order)));
    let updates = Partner::of(world)?.get("ActionUpdates");
    Ok(Case::new(name)
        .clock(world.now)
        .state(storing(actions))
        .given("updates", updates, all))
}

/// Every update of an action has the state that the action has now.
fn current_state(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let (reversed, pending) = (world.unique(), world.unique());
    let changes = value!([{"at": world.now - days(1), "state": "REVERSED"}]);
    let actions = [
        stored_action(world, (&reversed, 1), days(3), &changes)?,
        stored_action(world, (&pending, 2), days(3), &value!([]))?,
    ];
    let case = stored_updates(
        world,
        "one reversed, one not",
        actions,
        &[&reversed, &pending],
    )?;
    let states = Expect::new(move |answer| {
        let states = |order| -> Vec<String> {
            let updates = updates_of(answer, order).into_iter();
            updates
                .filter_map(|update| text(&update["State"]))
                .collect()
        };
        for (order, wanted) in [(&reversed, "REVERSED"), (&pending, "PENDING")] {
            let got = states(order);
            let all = !got.is_empty() && got.iter().all(|state| state == wanted);
            together(all, "body State", wanted, &got)?;
        }
        Ok(())
    });
    Ok(Check::of(case.tested(
        "list",
        partner.get("ActionUpdates"),
        states,
    )))
}

/// Delta values are what each step changed: from nothing, to less, to nothing, and back.
fn deltas(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = world.unique();
    let changes = value!([
        {"at": world.now - days(4), "amount": "6.00", "payout": "0.24"},
        {"at": world.now - days(3), "state": "REVERSED"},
        {"at": world.now - days(2), "state": "PENDING"},
        {"at": world.now - days(1), "amount": "8.50", "payout": "0.34"},
    ]);
    let action = stored_action(world, (&order, 1), days(5), &changes)?;
    let case = stored_updates(
        world,
        "created, changed, reversed, restored, changed",
        [action],
        &[&order],
    )?;
    let wanted = [(1_000, 40), (-400, -16), (-600, -24), (600, 24), (250, 10)]
        .map(|(amount, payout)| format!("{} and {}", decimal(amount), decimal(payout)));
    let steps = Expect::new(move |answer| {
        let mut updates = updates_of(answer, &order);
        // Where they stand in the list is a rule of its own; their numbers tell the steps apart.
        updates.sort_by_key(|update| {
            let id = text(&update["Id"]).unwrap_or_default();
            id.rsplit('.')
                .next()
                .and_then(|number| number.parse::<u64>().ok())
        });
        let shown = |value: &Value| money(value).map_or_else(|| "nothing".to_owned(), decimal);
        let got: Vec<String> = updates
            .iter()
            .map(|update| {
                let [amount, payout] =
                    ["DeltaAmount", "DeltaPayout"].map(|name| shown(&update[name]));
                format!("{amount} and {payout}")
            })
            .collect();
        together(got == wanted, "body Delta", &wanted.join(", "), &got)
    });
    Ok(Check::of(case.tested(
        "list",
        partner.get("ActionUpdates"),
        steps,
    )))
}

/// Each filter of actions lists the update of an order where it fits, and leaves it out where it does not.
fn same_filters(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner.order();
    let id = id_of(&order);
    let filter = |query: String| partner.get(&format!("ActionUpdates?{query}"));
    let by_value = |name: &'static str, fits: &str, other: &str| {
        followed(&partner, name, &order)
            .tested("fits", filter(format!("{name}={fits}")), updated(&id))
            .tested(
                "does not",
                filter(format!("{name}={other}")),
                not_updated(&id),
            )
    };
    let by_date = |name: &'static str, [start, end]: [&'static str; 2], member: &'static str| {
        let range = |from: i64, to: i64| {
            of_update(&partner, &order, move |update| {
                let at: Timestamp = update[member].as_str()?.parse().ok()?;
                let (from, to) = (at + days(from), at + days(to));
                Some(format!("ActionUpdates?{start}={from}&{end}={to}"))
            })
        };
        followed(&partner, name, &order)
            .tested("fits", range(-1, 1), updated(&id))
            .tested("before", range(1, 2), not_updated(&id))
            .tested("after", range(-2, -1), not_updated(&id))
    };
    let campaign = world.text("campaign_id")?;
    Ok(Check::new().cases([
        by_value("CampaignId", &campaign, "999999999999"),
        by_value("State", "PENDING", "REVERSED"),
        by_date("UpdateDate", ["StartDate", "EndDate"], "UpdateDate"),
        by_date(
            "ActionDate",
            ["ActionDateStart", "ActionDateEnd"],
            "ActionDate",
        ),
        by_date(
            "LockingDate",
            ["LockingDateStart", "LockingDateEnd"],
            "LockingDate",
        ),
    ]))
}

/// A query of updates by dates of the event.
fn by_action_dates(partner: &Partner, dates: &[(&str, Timestamp)]) -> Request {
    let query: Vec<String> = dates
        .iter()
        .map(|(name, at)| format!("{name}={at}"))
        .collect();
    partner.get(&format!("ActionUpdates?{}", query.join("&")))
}

/// ActionDateStart without ActionDateEnd is refused, and the other way round.
fn action_dates_together(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let dates = [
        ("ActionDateStart", world.now - days(3)),
        ("ActionDateEnd", world.now),
    ];
    let alone = |one: usize| {
        Case::new(format!("{} alone", dates[one].0))
            .twin(by_action_dates(&partner, &dates), accepted())
            .tested(
                "broken",
                by_action_dates(&partner, &dates[one..=one]),
                status(400),
            )
    };
    Ok(Check::new().cases([alone(0), alone(1)]))
}

/// ActionDateStart and ActionDateEnd are refused if they are more than 45 days apart.
fn action_dates_span(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let span = |length: SignedDuration| {
        let dates = [
            ("ActionDateStart", world.now - length),
            ("ActionDateEnd", world.now),
        ];
        by_action_dates(&partner, &dates)
    };
    let too_long = |name, more| {
        Case::new(name).twin(span(days(45)), accepted()).tested(
            "broken",
            span(days(45) + more),
            status(400),
        )
    };
    Ok(Check::new().cases([
        Case::new("45 days").tested("sound", span(days(45)), accepted()),
        too_long("45 days and a second", SignedDuration::from_secs(1)),
        too_long("a year", days(320)),
    ]))
}
