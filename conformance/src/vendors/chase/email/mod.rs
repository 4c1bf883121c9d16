//! Page "Log Conversion": which addresses are valid, and their normal form. The dossier's section 10, a file a part.
//!
//! A rule is a table of addresses, each sent as the only member of a body. A refused one stands beside the same address
//! with its one defect repaired, which has to be accepted: with 202 or 200, whether or not it is a contact. Where that
//! shows more, an address is a contact's in another spelling, so that 202 says what became of it.
//! The random addresses of a rule are drawn from those that the vendor's framework was recorded with, or from strategies.

mod domain;
mod length;
mod local;
mod result;
mod text;

use std::sync::LazyLock;

use proptest::sample::select;
use proptest::strategy::Strategy;
use serde::Deserialize;
use serde_json::{Value, json as object};

use super::post;
use crate::check::{Case, Check, Entry};
use crate::exchange::Request;
use crate::expect::{Expect, json, status, status_from};
use crate::world::{Blocked, World};

/// The checks of this section, a list a part.
pub(super) const TEXT: &[Entry] = text::CHECKS;
pub(super) const LOCAL: &[Entry] = local::CHECKS;
pub(super) const DOMAIN: &[Entry] = domain::CHECKS;
pub(super) const LENGTH: &[Entry] = length::CHECKS;
pub(super) const RESULT: &[Entry] = result::CHECKS;

/// An address that no rule refuses.
const PLAIN: &str = "a@b.example";

/// One that is refused whatever else is allowed.
const NONSENSE: &str = "no address at all";

/// A rule's table of addresses.
struct Addresses {
    world: World,
    template: Request,
    check: Check,
}

impl Addresses {
    /// An empty table.
    fn of(world: &World) -> Result<Self, Blocked> {
        Ok(Self {
            world: world.clone(),
            template: post(world, &object!({}))?,
            check: Check::new(),
        })
    }

    /// Addresses that are refused for this reason, each with the same one repaired.
    fn refused(self, reason: &str, rows: &[(&str, &str)]) -> Self {
        rows.iter().fold(self, |table, (address, repaired)| {
            let case = table.refusal(address, repaired, because(reason));
            table.case(case)
        })
    }

    /// The same where a reason has a part of its own for each address: the last of a row, for the `{}` of the reason.
    fn refused_with(self, reason: &str, rows: &[(&str, &str, &str)]) -> Self {
        rows.iter().fold(self, |table, (address, repaired, part)| {
            table.refused(&reason.replace("{}", part), &[(address, repaired)])
        })
    }

    /// Addresses that are refused for a reason that another rule owns: only if a simpler one is, the last of a row.
    fn refused_like(self, reason: &str, rows: &[(&str, &str, &str)]) -> Self {
        rows.iter()
            .fold(self, |table, (address, repaired, simpler)| {
                let case = Case::new(shown(address))
                    .twin(table.call(repaired), accepted())
                    .given("simpler", table.call(simpler), because(reason))
                    .tested("address", table.call(address), because(reason));
                table.case(case)
            })
    }

    /// Addresses that are accepted, as a plain one is and nonsense is not.
    fn accepted(self, addresses: &[&str]) -> Self {
        addresses.iter().fold(self, |table, address| {
            let case = acceptance(&table.template, address);
            table.case(case)
        })
    }

    /// Other spellings of a contact's address: 202, which an address that is no contact's does not get.
    fn contact(self, contact: &str, spellings: &[&str]) -> Self {
        let stranger = format!("{}@example.com", self.world.unique());
        spellings.iter().fold(self, |table, spelling| {
            let case = recognition(&table.template, contact, &stranger, spelling);
            table.case(case)
        })
    }

    /// At random, recorded addresses whose reason begins so, up to its `{}`. Lists of more than one character are left
    /// out: their order is a rule of its own.
    fn recorded(self, reason: &str) -> Self {
        let prefix = reason.split("{}").next().unwrap_or(reason).to_owned();
        let known = RECORDED.iter().filter(|recorded| {
            let reason = recorded.reason.as_deref().unwrap_or_default();
            let part = reason.strip_prefix(&prefix);
            part.is_some_and(|part| !part.contains(", "))
        });
        let known: Vec<&'static Recorded> = known.collect();
        self.random(select(known), |recorded| {
            let reason = recorded.reason.clone().unwrap_or_default();
            (recorded.text.clone(), PLAIN.to_owned(), reason)
        })
    }

    /// At random, addresses that are refused: each with the same one repaired, and the reason.
    fn random<S: Strategy + 'static>(
        mut self,
        strategy: S,
        row: impl Fn(S::Value) -> (String, String, String) + 'static,
    ) -> Self {
        let template = self.template.clone();
        self.check = self.check.random(2, strategy, move |value| {
            let (address, repaired, reason) = row(value);
            refusal(&template, &address, &repaired, because(&reason))
        });
        self
    }

    /// At random, addresses that are accepted.
    fn random_accepted(mut self, strategy: impl Strategy<Value = String> + 'static) -> Self {
        let template = self.template.clone();
        self.check = self
            .check
            .random(3, strategy, move |address| acceptance(&template, &address));
        self
    }

    /// At random, other spellings of a contact's address.
    fn random_contact(
        mut self,
        contact: String,
        strategy: impl Strategy<Value = String> + 'static,
    ) -> Self {
        let template = self.template.clone();
        let stranger = format!("{}@example.com", self.world.unique());
        self.check = self.check.random(3, strategy, move |spelling| {
            recognition(&template, &contact, &stranger, &spelling)
        });
        self
    }

    fn refusal(&self, address: &str, repaired: &str, refused: Expect) -> Case {
        refusal(&self.template, address, repaired, refused)
    }

    fn case(mut self, case: Case) -> Self {
        self.check = self.check.case(case);
        self
    }

    fn call(&self, address: &str) -> Request {
        call(&self.template, address)
    }
}

fn call(template: &Request, address: &str) -> Request {
    template.clone().json(&object!({"email": address}))
}

fn refusal(template: &Request, address: &str, repaired: &str, refused: Expect) -> Case {
    Case::new(shown(address))
        .twin(call(template, repaired), accepted())
        .tested("address", call(template, address), refused)
}

fn acceptance(template: &Request, address: &str) -> Case {
    Case::new(shown(address))
        .given("nonsense", call(template, NONSENSE), refused())
        .twin(call(template, PLAIN), accepted())
        .tested("address", call(template, address), accepted())
}

fn recognition(template: &Request, contact: &str, stranger: &str, spelling: &str) -> Case {
    Case::new(shown(spelling))
        .given("stranger", call(template, stranger), status(200))
        .twin(call(template, contact), status(202))
        .tested("spelling", call(template, spelling), status(202))
}

/// An address as the name of its case.
fn shown(address: &str) -> String {
    const MOST_CHARACTERS: usize = 60;
    let mut shown: String = address.escape_debug().take(MOST_CHARACTERS).collect();
    if shown.len() < address.len() {
        shown.push('…');
    }
    shown
}

/// Whoever's address it is.
fn accepted() -> Expect {
    status(200).or(status(202))
}

fn refused() -> Expect {
    status_from(400, 499)
}

/// A refusal that gives this reason, alone or behind what all such refusals say. Where it stands is another rule's.
fn because(reason: &str) -> Expect {
    let message = format!("value is not a valid email address: {reason}");
    let wanted = format!("the reason {reason:?}");
    let reason = reason.to_owned();
    refused().and(json("").holds(&wanted, move |body| {
        has_text(body, &|text| text == reason || text == message)
    }))
}

/// Whether a text in a document is as wanted.
fn has_text(document: &Value, wanted: &dyn Fn(&str) -> bool) -> bool {
    match document {
        Value::String(text) => wanted(text),
        Value::Array(items) => items.iter().any(|item| has_text(item, wanted)),
        Value::Object(members) => members.values().any(|member| has_text(member, wanted)),
        _ => false,
    }
}

/// What the vendor's framework was recorded to make of a text: a reason, or a normal form.
#[derive(Clone, Debug, Deserialize)]
struct Recorded {
    text: String,
    reason: Option<String>,
    normalized: Option<String>,
}

static RECORDED: LazyLock<Vec<Recorded>> = LazyLock::new(|| {
    fixtures::vendor("chase")
        .and_then(|chase| chase.file("emails.jsonl"))
        .expect("the fixtures have it")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a test reads every line"))
        .collect()
});
