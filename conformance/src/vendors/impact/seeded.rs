//! Actions that a sandbox has from the beginning: orders of some time ago, and what the brand did to them since. Also how
//! any action is read.

use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json as value};

use super::orders::{Partner, decimal, listed, money, said};
use crate::check::{Case, Make};
use crate::exchange::{Answer, Form};
use crate::expect::{Expect, demand, json};
use crate::world::{Blocked, World};

/// A day of 24 hours: the zones of accounts are offsets.
pub(super) const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A minute.
pub(super) const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// An order of some time ago that became an action.
#[derive(Clone)]
pub(super) struct Past {
    /// Its order id, as orders have it.
    pub(super) order: Form,
    record: Value,
}

impl Past {
    /// An order of 50.00 with a commission of 2.00, credited a minute ago. It locks in ten days and clears in forty.
    pub(super) fn of(world: &World) -> Result<Self, Blocked> {
        world.sandbox()?;
        let number = |name| Ok(world.text(name)?.parse::<u64>().unwrap_or_default());
        let id = world.unique();
        let record = value!({
            "account": number("media_partner_id")?,
            "campaign": number("campaign_id")?,
            "tracker": number("action_tracker_id")?,
            "order_id": id,
            "currency": "USD",
            "items": [{"quantity": 1, "amount": "50.00", "payout": "2.00"}],
            "action": {"payout": "2.00"},
        });
        let past = Self {
            order: Form::default().and("OrderId", id),
            record,
        };
        Ok(past
            .credited_at(world.now - MINUTE)
            .locks_at(world.now + DAY * 10))
    }

    /// The same of another order.
    pub(super) fn another(&self, world: &World) -> Self {
        let mut another = self.clone();
        let id = world.unique();
        another.order = another.order.set("OrderId", &*id);
        another.record["order_id"] = value!(id);
        another
    }

    /// The same, credited at that time, of an event at the same time.
    pub(super) fn credited_at(mut self, at: Timestamp) -> Self {
        for member in [
            "event_date",
            "submitted_at",
            "in_progress_at",
            "completed_at",
        ] {
            self.record[member] = value!(at);
        }
        self
    }

    /// The same, locking at that time, and clearing 30 days later.
    pub(super) fn locks_at(mut self, at: Timestamp) -> Self {
        self.record["action"]["locks_at"] = value!(at);
        self.record["action"]["clears_at"] = value!(at + DAY * 30);
        self
    }

    /// The same after this was done to it, as a sandbox's state has it.
    pub(super) fn changed(mut self, changes: Value) -> Self {
        self.record["action"]["changes"] = changes;
        self
    }
}

/// A case in whose sandbox these actions are.
pub(super) fn having(case: Case, actions: &[&Past]) -> Case {
    let mut submissions = serde_json::Map::new();
    for (number, past) in (1..).zip(actions) {
        let mut record = past.record.clone();
        record["action"]["number"] = value!(900_000 + number);
        submissions.insert(format!("A-00000000-0000-4000-8000-{number:012}"), record);
    }
    case.state(value!({"impact": {"submissions": submissions}}))
}

impl Partner {
    /// A case in whose sandbox these actions are, which the step `actions` lists.
    pub(super) fn having(&self, case: Case, actions: &[&Past]) -> Case {
        let all = actions
            .iter()
            .fold(Expect::anything(), |all, past| all.and(listed(&past.order)));
        having(case, actions).given("actions", self.get("Actions"), all)
    }

    /// Reads the action of an order that the step `actions` has listed.
    pub(super) fn action(&self, order: &Form) -> Make {
        self.below_action(order, "")
    }
}

/// An action in that state.
pub(super) fn state(name: &'static str) -> Expect {
    json("/State").is(name)
}

/// An amount of so many cents there.
pub(super) fn cents(pointer: &'static str, wanted: i128) -> Expect {
    Expect::new(move |answer| {
        let got = amount(answer, pointer);
        let shown = got.map_or_else(|| "none".to_owned(), decimal);
        let aspect = format!("body {pointer}");
        demand(got == Some(wanted), &aspect, decimal(wanted), shown)
    })
}

/// An amount there, whichever.
pub(super) fn any_amount(pointer: &'static str) -> Expect {
    Expect::new(move |answer| {
        let there = amount(answer, pointer).is_some();
        demand(there, &format!("body {pointer}"), "an amount", "none")
    })
}

fn amount(answer: &Answer, pointer: &str) -> Option<i128> {
    money(&answer.at(pointer)?)
}

/// Nothing there: an empty text, or no member at all. Whether it may be missing is a rule of its own.
pub(super) fn empty(pointer: &'static str) -> Expect {
    Expect::new(move |answer| {
        let got = said(answer, pointer);
        demand(got.is_empty(), &format!("body {pointer}"), "nothing", got)
    })
}

/// That instant there, in whichever zone.
pub(super) fn instant(pointer: &'static str, wanted: Timestamp) -> Expect {
    Expect::new(move |answer| {
        let got = said(answer, pointer);
        let same = got.parse().ok() == Some(wanted);
        demand(same, &format!("body {pointer}"), wanted.to_string(), got)
    })
}

/// The offset of a date that has one.
pub(super) fn offset_of(date: &str) -> Option<Offset> {
    Pieces::parse(date).ok()?.to_numeric_offset()
}

/// Midnight at the beginning of the day that is so many days after that of an instant.
pub(super) fn midnight(at: Timestamp, days: i32, offset: Offset) -> Option<Timestamp> {
    let date = offset
        .to_datetime(at)
        .date()
        .checked_add(days.days())
        .ok()?;
    offset.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_offset() {
        let offset = offset_of("2024-09-26T00:00:00-07:00").unwrap();
        let locks = |event: &str| midnight(event.parse().unwrap(), 16, offset).unwrap();
        let wanted: Timestamp = "2024-09-26T07:00:00Z".parse().unwrap();
        assert_eq!(locks("2024-09-10T10:42:38-07:00"), wanted);
        assert_eq!(locks("2024-09-11T06:59:59Z"), wanted);
        assert_eq!(locks("2024-09-11T07:00:00Z"), wanted + DAY);
        assert_eq!(offset_of("2024-09-26"), None);
    }
}
