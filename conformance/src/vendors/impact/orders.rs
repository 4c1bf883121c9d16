//! Orders, and what is read of them afterwards: their records, their actions, and the lines of those.

use jiff::SignedDuration;
use serde_json::{Value, json as value};

use super::{accepted, get, sound, submit};
use crate::check::{Case, Make};
use crate::exchange::{Answer, Form, Request, Transcript};
use crate::expect::{Breach, Expect, demand, json, status};
use crate::world::{Blocked, World};

/// A partner that submits orders and reads what becomes of them: the known account.
#[derive(Clone)]
pub(super) struct Partner {
    world: World,
    post: Request,
    read: Request,
    sound: Form,
}

impl Partner {
    pub(super) fn of(world: &World) -> Result<Self, Blocked> {
        let sound = sound(world)?;
        Ok(Self {
            world: world.clone(),
            post: submit(world, &sound)?,
            read: get(world, "")?,
            sound,
        })
    }

    /// A simple order of 10.00 with an id of its own.
    pub(super) fn order(&self) -> Form {
        self.sound.clone().set("OrderId", self.world.unique())
    }

    /// An order with an id of its own and these fields in place of an amount.
    pub(super) fn order_of<N: AsRef<str>, V: AsRef<str>>(&self, fields: &[(N, V)]) -> Form {
        let order = self.order().without("Amount");
        fields.iter().fold(order, |order, (name, value)| {
            order.and(name.as_ref(), value.as_ref())
        })
    }

    /// Submits it.
    pub(super) fn submit(&self, order: &Form) -> Request {
        self.post.clone().form(order)
    }

    /// Reads a resource of the account.
    pub(super) fn get(&self, resource: &str) -> Request {
        self.read.clone().target_and(resource)
    }

    /// Reads the record of what was submitted under that label.
    pub(super) fn record(&self, label: &'static str) -> Make {
        let read = self.read.clone();
        Make::from(move |transcript: &Transcript| {
            let uri = transcript.text_at(label, "/QueuedUri")?;
            Ok(read.clone().target(uri))
        })
    }

    /// Reads what stands below the action of an order that the step `actions` has listed.
    pub(super) fn below_action(&self, order: &Form, suffix: &'static str) -> Make {
        let (partner, order) = (self.clone(), id_of(order));
        Make::from(move |transcript: &Transcript| {
            let id = transcript
                .find("actions")
                .and_then(|answer| text(&action_of(answer, &order)?["Id"]))
                .ok_or("no action of the order has an Id")?;
            Ok(partner.get(&format!("Actions/{id}{suffix}")))
        })
    }

    /// A case that submits an order, under the label `order`.
    pub(super) fn placed(&self, case: Case, order: &Form) -> Case {
        case.given("order", self.submit(order), accepted())
    }

    /// A case that submits an order and goes on when it has become an action, which the step `actions` lists.
    pub(super) fn credited(&self, case: Case, order: &Form) -> Case {
        self.placed(case, order)
            .given_eventually("actions", self.get("Actions"), listed(order))
    }

    /// A case in which an order comes to so many cents.
    pub(super) fn comes_to(&self, case: Case, order: &Form, cents: i128) -> Case {
        let (id, wanted) = (id_of(order), decimal(cents));
        let amount = move |answer: &Answer| money(&action_of(answer, &id)?["Amount"]);
        let until = {
            let amount = amount.clone();
            Expect::new(move |answer| {
                let there = amount(answer).is_some();
                demand(there, "body /Actions", "an action with an Amount", "none")
            })
        };
        let expect = Expect::new(move |answer| {
            let got = amount(answer);
            let shown = got.map_or_else(|| "none".to_owned(), decimal);
            demand(got == Some(cents), "body Amount", wanted.clone(), shown)
        });
        self.placed(case, order)
            .eventually("actions", self.get("Actions"), until, expect)
    }

    /// A case in which the action of an order has lines that a function says yes to.
    pub(super) fn has_lines(
        &self,
        case: Case,
        order: &Form,
        wanted: impl Into<String>,
        holds: impl Fn(&[Line]) -> bool + 'static,
    ) -> Case {
        let wanted = wanted.into();
        let readable = |answer: &Answer| {
            demand(
                lines(answer).is_some(),
                "body /ActionItems",
                "lines",
                "none",
            )
        };
        let expect = Expect::new(move |answer| {
            let lines = lines(answer).unwrap_or_default();
            let shown = format!("{lines:?}");
            demand(holds(&lines), "body /ActionItems", wanted.clone(), shown)
        });
        self.credited(case, order).eventually(
            "items",
            self.below_action(order, "/Items"),
            status(200).and(Expect::new(readable)),
            expect,
        )
    }
}

/// The order id of a form.
pub(super) fn id_of(order: &Form) -> String {
    order.value("OrderId").unwrap_or_default().to_owned()
}

/// The action of an order in a list of actions.
pub(super) fn action_of(answer: &Answer, order: &str) -> Option<Value> {
    let actions = answer.at("/Actions")?;
    let mut actions = actions.as_array()?.iter();
    actions.find(|action| action["Oid"] == order).cloned()
}

/// A list that has an action of that order.
pub(super) fn listed(order: &Form) -> Expect {
    let order = id_of(order);
    json("").holds("a list with an action of the order", move |list| {
        let mut actions = list["Actions"].as_array().into_iter().flatten();
        actions.any(|action| action["Oid"] == *order && action["Id"].is_string())
    })
}

/// A record with a status that means the end: nothing else is said of how it ends.
pub(super) fn complete() -> Expect {
    json("/Status").is("Complete")
}

/// What a value says: a text, or the digits of a number. Which of them it must be is a rule of its own.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What a member says; nothing if it is not there, or null.
pub(super) fn said(answer: &Answer, pointer: &str) -> String {
    answer
        .at(pointer)
        .and_then(|value| text(&value))
        .unwrap_or_default()
}

/// An amount of money in cents, however many decimals it is written with.
pub(super) fn money(value: &Value) -> Option<i128> {
    let text = text(value)?;
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, &*text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let decimals = format!("{decimals:0<2}");
    let (cents, rest) = decimals.split_at_checked(2)?;
    let sound = rest.bytes().all(|byte| byte == b'0') && !whole.is_empty();
    let all = format!("{whole}{cents}");
    (sound && all.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| all.parse::<i128>().ok())
        .flatten()
        .map(|cents| sign * cents)
}

/// Cents as an amount with two decimals.
pub(super) fn decimal(cents: i128) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// A line of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) sku: String,
    pub(super) quantity: String,
    pub(super) cents: i128,
}

/// The lines of an answer, unless one cannot be read.
fn lines(answer: &Answer) -> Option<Vec<Line>> {
    let items = answer.at("/ActionItems")?;
    let line = |item: &Value| {
        Some(Line {
            sku: text(item.get("Sku")?)?,
            quantity: text(item.get("Quantity")?)?,
            cents: money(item.get("SaleAmount")?)?,
        })
    };
    items.as_array()?.iter().map(line).collect()
}

/// A simple order of 10.00 that was complete so long ago, as a sandbox's state has it; of the known account.
pub(super) fn stored(world: &World, order: &str, ago: SignedDuration) -> Result<Value, Blocked> {
    world.sandbox()?;
    let number = |name| Ok(world.text(name)?.parse::<u64>().unwrap_or_default());
    let at = world.now - ago;
    Ok(value!({
        "account": number("media_partner_id")?,
        "submitted_at": at,
        "in_progress_at": at,
        "completed_at": at,
        "campaign": number("campaign_id")?,
        "tracker": number("action_tracker_id")?,
        "order_id": order,
        "event_date": at,
        "currency": "USD",
        "items": [{"quantity": 1, "amount": "10.00", "payout": "0.40"}],
    }))
}

/// The same with an action of that number, which locks in 16 days and to which the brand did `changes`.
pub(super) fn stored_action(
    world: &World,
    (order, number): (&str, u64),
    ago: SignedDuration,
    changes: &Value,
) -> Result<Value, Blocked> {
    let mut stored = stored(world, order, ago)?;
    stored["action"] = value!({
        "number": number,
        "payout": "0.40",
        "locks_at": world.now + SignedDuration::from_hours(24 * 16),
        "clears_at": world.now + SignedDuration::from_hours(24 * 46),
        "changes": changes,
    });
    Ok(stored)
}

/// A patch of a sandbox's state that stores these submissions besides those that it has.
pub(super) fn storing(submissions: impl IntoIterator<Item = Value>) -> Value {
    let submissions = submissions.into_iter().map(|submission| {
        let number = submission["action"]["number"].as_u64().unwrap_or_default();
        (
            format!("A-00000000-0000-4000-8000-{number:012}"),
            submission,
        )
    });
    value!({"impact": {"submissions": submissions.collect::<serde_json::Map<_, _>>()}})
}

/// Demands of the transcript's answers together, shown as what they say.
pub(super) fn together(
    holds: bool,
    aspect: &str,
    wanted: &str,
    got: &[String],
) -> Result<(), Breach> {
    demand(holds, aspect, wanted, got.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn money_is_read_however_it_is_written() {
        for (text, cents) in [
            ("86.99", 8_699),
            ("86.9", 8_690),
            ("86", 8_600),
            ("86.9900", 8_699),
            ("-4.00", -400),
            ("0.00", 0),
            ("99999999999999.99", 9_999_999_999_999_999),
        ] {
            assert_eq!(money(&json!(text)), Some(cents), "{text}");
        }
        for text in ["", "-", ".5", "1e3", "86.995", "1,000.00"] {
            assert_eq!(money(&json!(text)), None, "{text}");
        }
        assert_eq!(money(&json!(10.5)), Some(1_050));
        assert_eq!(decimal(-400), "-4.00");
        assert_eq!(decimal(8_699), "86.99");
    }
}
