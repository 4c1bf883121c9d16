//! Page "Actions", its part on action updates: what happened to actions, and when.
//!
//! An update stands for each step in the life of an action: its creation, each change by the brand, and its approval at
//! the locking date. The fourth number of an update's id counts them from 1.

use std::fmt;

use fixtures::rule;

use crate::engine::{Outcome, Refusal};
use crate::form::Form;

use super::Event;
use super::actions::{Credited, Filter, Id, Step};
use super::money::integer;
use super::pagination::Asked;
use super::requests::Call;
use super::responses::Writer;

/// One update.
#[derive(Clone, Copy, Debug)]
struct Update<'a> {
    credited: Credited<'a>,
    number: u64,
    step: Step,
}

impl<'a> Update<'a> {
    /// Everything that has happened to an action, in order.
    fn all_of(call: &Call<'_>, credited: Credited<'a>) -> Vec<Self> {
        let Credited {
            record,
            action,
            created,
            ..
        } = credited;
        let mut steps = Vec::new();
        action.history(record.amount(), created, call.now, |step| steps.push(step));
        (1..)
            .zip(steps)
            .map(|(number, step)| Self {
                credited,
                number,
                step,
            })
            .collect()
    }

    fn id(&self) -> UpdateId {
        UpdateId(self.credited.id(), self.number)
    }
}

/// The id of an action, and the number of the update.
struct UpdateId(Id, u64);

impl fmt::Display for UpdateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// `GET /Mediapartners/{AccountSID}/ActionUpdates`: updates of the account's actions, newest first.
///
/// Rules: impact.updates.list, impact.updates.same_filters.
pub(super) fn list(call: &Call<'_>) -> Result<Outcome<Event>, Refusal> {
    let query = Form::parse(call.parts.query.unwrap_or_default().as_bytes());
    let filter = Filter::of_updates(call, &query)?;
    let asked = Asked::read(call, &query)?;
    let mut updates: Vec<Update<'_>> = call
        .state
        .submissions()
        .map(|(_, record)| record)
        .filter(|record| filter.may_admit(call, record))
        .filter_map(|record| Credited::of(record, call.now))
        .flat_map(|credited| Update::all_of(call, credited))
        .filter(|update| filter.admits(&update.credited, update.step.at))
        .collect();
    updates.sort_by_key(|update| {
        std::cmp::Reverse((update.step.at, update.credited.action.number, update.number))
    });
    let page = asked.of(call, updates.len())?;
    let rows = updates[page.rows.clone()].iter();
    let answer = call.reply.page(
        "ActionUpdates",
        "ActionUpdate",
        &page,
        rows,
        |writer, row| members(writer, call, row),
    );
    Ok(Outcome::accepted(answer))
}

/// `GET /Mediapartners/{AccountSID}/ActionUpdates/{id}`: one update.
///
/// Rules: impact.updates.retrieve.
pub(super) fn retrieve(call: &Call<'_>, id: &str) -> Result<Outcome<Event>, Refusal> {
    let found = || {
        let (action, number) = id.rsplit_once('.')?;
        let number = integer(number)?;
        let updates = Update::all_of(call, Credited::find(call, action)?);
        updates
            .into_iter()
            .find(|update| update.number == number && update.id().to_string() == id)
    };
    let update = call.found(
        found(),
        rule("impact.updates.unknown"),
        "the account has no such update",
    )?;
    Ok(Outcome::accepted(
        call.reply
            .resource("ActionUpdate", |writer| members(writer, call, &update)),
    ))
}

/// Rules: impact.updates.members, impact.updates.current_state, impact.updates.deltas.
fn members(writer: &mut Writer, call: &Call<'_>, update: &Update<'_>) {
    let Update { credited, step, .. } = update;
    let Credited {
        record,
        action,
        standing,
        ..
    } = credited;
    let date = |at| call.account.utc_offset.show(at);
    // What only one item has, only an order of one item has.
    let only = if let [item] = &record.items[..] {
        Some(item)
    } else {
        None
    };
    let quantity: u128 = record
        .items
        .iter()
        .map(|item| u128::from(item.quantity))
        .sum();
    writer.member("Id", update.id());
    writer.member("ActionId", credited.id());
    writer.member("CampaignId", record.campaign);
    writer.member("ActionTrackerId", record.tracker);
    writer.member("EventCode", "");
    writer.member("State", standing.state.name());
    writer.member("StateDetail", "");
    writer.member("StateDetailDescription", "");
    writer.member("AdId", "");
    writer.member("ReportingState", "IR_BLANK");
    writer.member("DeltaPayout", step.delta_payout);
    writer.member("DeltaAmount", step.delta_amount);
    writer.member("Currency", &record.currency);
    writer.member("Category", only.map_or("", |item| &item.category));
    writer.member("Sku", only.map_or("", |item| &item.sku));
    writer.member("Quantity", quantity);
    for name in [
        "CatalogName",
        "CatalogCategory",
        "CatalogDescription",
        "CatalogManufacturer",
        "CatalogOriginalFormatCategory",
        "CatalogSubCategory",
    ] {
        writer.member(name, "");
    }
    writer.member("UpdateDate", date(step.at));
    writer.member("LockingDate", date(action.locks_at));
    writer.member("ClearingDate", date(action.clears_at));
    writer.member("ActionDate", date(record.event_date));
    writer.member("Oid", &record.order_id);
    let [sub_id_1, sub_id_2, sub_id_3] = &record.sub_ids;
    writer.member("SubId1", sub_id_1);
    writer.member("SubId2", sub_id_2);
    writer.member("SubId3", sub_id_3);
    writer.member("PaystubId", "");
    writer.member("ContractId", "");
    writer.member("EventTypeId", record.tracker);
    writer.member("EventTypeName", call.state.tracker_name(record.tracker));
    writer.member("PayoutLevel", "ORDER");
    writer.member("DefaultPayout", action.payout);
    writer.member("DefaultPayoutCurrency", &record.currency);
    writer.member("SharedId", &record.shared_id);
    writer.member("ActionUri", credited.uri(call));
    writer.member(
        "Uri",
        format_args!(
            "/Mediapartners/{}/ActionUpdates/{}",
            credited.sid(call),
            update.id()
        ),
    );
}
