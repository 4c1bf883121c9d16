//! Page "Visitors": who is on the site, and what is known of them.
//!
//! The conversions page needs these visitors: `visitorId` is one of their ids. The page names neither an edition nor a
//! permission (C100-VIS-09, C100-VIS-16). What it leaves open about a body that it could not mean stands in the dossier
//! as C100-VIS-13 and C100-VIS-14.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use fixtures::rule;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer as _};
use serde_json::Value;

use super::errors::{JSON, Problem};
use super::seed::Account;
use super::{Event, State, introduction};
use crate::engine::{Answer, Body, Outcome, Refusal, answer, lets_through};

/// A visitor, member by member as it is answered.
///
/// A document may leave out any of them, and the id, which is its key there.
///
/// Rules: comm100.visitors.members, comm100.visitors.member_types, comm100.visitors.field_id,
/// comm100.format.member_order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Visitor {
    /// Name and version of the browser.
    pub browser: Box<str>,
    /// Chats so far.
    pub chats: u32,
    /// The city they are in.
    pub city: Box<str>,
    /// The company they belong to.
    pub company: Box<str>,
    /// The country they are in.
    pub country: Box<str>,
    /// The page they are looking at.
    pub current_browsing: Box<str>,
    /// What they entered before the chat.
    pub custom_fields: Vec<CustomField>,
    /// What their pages captured.
    pub custom_variable: Vec<CustomVariable>,
    /// The department they chose.
    pub department: Box<str>,
    /// Their e-mail address.
    pub email: Box<str>,
    /// When they first came.
    pub first_visit_time: Time,
    /// The version of the browser's Flash player.
    pub flash_version: Box<str>,
    /// A GUID in lower case, with its hyphens.
    pub id: Box<str>,
    /// Their address on the network.
    pub ip: Box<str>,
    /// What they searched for.
    pub keywords: Box<str>,
    /// The page they came in by.
    pub landing_page: Box<str>,
    /// The language they use.
    pub language: Box<str>,
    /// Their name.
    pub name: Box<str>,
    /// The operating system of their device.
    pub operating_system: Box<str>,
    /// Pages viewed so far.
    #[serde(default = "one")]
    pub page_views: u32,
    /// Their telephone number.
    pub phone: Box<str>,
    /// The product or service they chose.
    pub product_service: Box<str>,
    /// The page they came from.
    pub referrer_url: Box<str>,
    /// The size of their screen.
    pub screen_resolution: Box<str>,
    /// Where they searched.
    pub search_engine: Box<str>,
    /// The state or province they are in.
    pub state: Box<str>,
    /// Where they stand.
    pub status: Status,
    /// The time zone they are in.
    pub time_zone: Box<str>,
    /// When they came this time.
    pub visit_time: Time,
    /// Visits so far.
    #[serde(default = "one")]
    pub visits: u32,
}

fn one() -> u32 {
    1
}

/// A field that a visitor entered before the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomField {
    /// The number of the field.
    pub field_id: i64,
    /// Its name.
    pub name: Box<str>,
    /// What was entered.
    pub value: Box<str>,
}

/// A variable that a page captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomVariable {
    /// Its name.
    pub name: Box<str>,
    /// What was captured.
    pub value: Box<str>,
}

/// Where a visitor stands: 0 waiting for chat, 1 voice chatting, 2 chatting, 3 pre-chat, 4 manually invited, 5 auto
/// invited, 6 offline message, 7 refused by operator, 8 refused by visitor, 9 chat ended, 10 in site, 11 out of site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Status(u8);

impl Status {
    /// Rules: comm100.mark.offline_visitor, comm100.visitors.out_of_site_not_listed.
    pub(super) fn is_on_site(self) -> bool {
        self.0 != 11
    }

    /// Rules: comm100.visitors.chatting_statuses.
    fn is_chatting(self) -> bool {
        matches!(self.0, 1 | 2)
    }
}

impl Default for Status {
    /// In site.
    fn default() -> Self {
        Self(10)
    }
}

impl TryFrom<u8> for Status {
    type Error = &'static str;

    /// Rules: comm100.visitors.member_types.
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        if number <= 11 {
            Ok(Self(number))
        } else {
            Err("a status is a number from 0 to 11")
        }
    }
}

impl From<Status> for u8 {
    fn from(Status(number): Status) -> Self {
        number
    }
}

/// An instant in milliseconds since 1970, written `/Date(1358486842300)/`.
///
/// Rules: comm100.visitors.times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(u64);

impl Default for Time {
    /// The day that the page is from, 2020-05-19.
    fn default() -> Self {
        Self(1_589_846_400_000)
    }
}

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.strip_prefix("/Date(")
            .and_then(|rest| rest.strip_suffix(")/"))
            .filter(|digits| digits.len() == 13 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok().map(Self))
            .ok_or("a time is written /Date(1358486842300)/, with 13 digits")
    }
}

impl From<Time> for String {
    fn from(Time(milliseconds): Time) -> Self {
        format!("/Date({milliseconds:013})/")
    }
}

/// `GET /api/v1/livechat/visitors`: everybody on the site.
///
/// Rules: comm100.visitors.listed, comm100.visitors.ascending_id.
pub(super) fn list(state: &State, account: &Account, now: Timestamp) -> Answer {
    let wanted = |status: Status| {
        status.is_on_site() || lets_through(rule("comm100.visitors.out_of_site_not_listed"))
    };
    answer_list(state, account, wanted, now)
}

/// `GET /api/v1/livechat/visitors/chatting`: everybody in a chat.
///
/// Rules: comm100.visitors.chatting.
pub(super) fn list_chatting(state: &State, account: &Account, now: Timestamp) -> Answer {
    let wanted = |status: Status| {
        status.is_chatting()
            || (status.is_on_site() && lets_through(rule("comm100.visitors.chatting_statuses")))
    };
    answer_list(state, account, wanted, now)
}

/// `GET /api/v1/livechat/visitors/{id}`: one visitor.
///
/// Rules: comm100.visitors.one, comm100.visitors.out_of_site_readable.
pub(super) fn retrieve(
    state: &State,
    account: &Account,
    id: &str,
    now: Timestamp,
) -> Result<Outcome<Event>, Refusal> {
    let place = find(account, id, now)?;
    Ok(Outcome::accepted(answer_one(
        &state.visitor(account, place),
        now,
    )))
}

/// `PUT /api/v1/livechat/visitors/{id}`: sets custom variables.
///
/// Rules: comm100.visitors.updated, comm100.visitors.any_content_type.
pub(super) fn update(
    state: &State,
    account: &Account,
    id: &str,
    body: Body<'_>,
    now: Timestamp,
) -> Result<Outcome<Event>, Refusal> {
    let place = find(account, id, now)?;
    let given = variables(introduction::whole(body, now)?, now)?;
    let mut visitor = state.visitor(account, place).into_owned();
    set(&mut visitor.custom_variable, &given);
    let (guid, _) = account.visitors[place];
    let event = Event::VariablesSet {
        account: account.name.clone(),
        visitor: guid,
        variables: given,
    };
    Ok(Outcome::accepted(answer_one(&visitor, now)).causing(event))
}

/// Gives variables their new values, in place; new ones go to the end.
///
/// Rules: comm100.visitors.variables_in_place, comm100.visitors.new_variable_last.
pub(super) fn set(variables: &mut Vec<CustomVariable>, given: &[CustomVariable]) {
    let mut places: HashMap<Box<str>, usize> = variables
        .iter()
        .enumerate()
        .map(|(place, variable)| (variable.name.clone(), place))
        .collect();
    for new in given {
        match places.entry(new.name.clone()) {
            Entry::Occupied(place) => variables[*place.get()].value.clone_from(&new.value),
            Entry::Vacant(place) => {
                place.insert(variables.len());
                variables.push(new.clone());
            }
        }
    }
}

/// Reads the body of a PUT.
fn variables(body: &[u8], now: Timestamp) -> Result<Vec<CustomVariable>, Refusal> {
    let required = |rule, parameter| {
        Refusal::new(
            rule,
            format!("the array lacks a {parameter}"),
            Problem::Required(parameter).answer(now),
        )
    };
    let Value::Array(elements) = serde_json::from_slice(body).unwrap_or_default() else {
        return Err(required(rule("comm100.visitors.array_required"), "name"));
    };
    let mut given = Vec::with_capacity(elements.len());
    for element in &elements {
        let text = |member| element.get(member).and_then(Value::as_str);
        let name = text("name")
            .filter(|name| !name.is_empty())
            .ok_or_else(|| required(rule("comm100.visitors.name_required"), "name"))?;
        let value = text("value")
            .ok_or_else(|| required(rule("comm100.visitors.value_required"), "value"))?;
        given.push(CustomVariable {
            name: name.into(),
            value: value.into(),
        });
    }
    Ok(given)
}

/// The position of a visitor.
fn find(account: &Account, id: &str, now: Timestamp) -> Result<usize, Refusal> {
    account.visitor(id).ok_or_else(|| {
        let answer = Problem::NoVisitor(id).answer(now);
        Refusal::new(
            rule("comm100.visitors.unknown_id"),
            "the account has no visitor with this id",
            answer,
        )
    })
}

fn answer_list(
    state: &State,
    account: &Account,
    wanted: fn(Status) -> bool,
    now: Timestamp,
) -> Answer {
    let mut body = Vec::new();
    let visitors = account
        .visitors
        .iter()
        .enumerate()
        .filter(|(_, (_, visitor))| wanted(visitor.status));
    serde_json::Serializer::new(&mut body)
        .collect_seq(visitors.map(|(place, _)| state.visitor(account, place)))
        .expect("texts, numbers and lists of them can be written");
    answer(StatusCode::OK, now, &[], Some(JSON), body)
}

fn answer_one(visitor: &Visitor, now: Timestamp) -> Answer {
    let body =
        serde_json::to_vec(visitor).expect("texts, numbers and lists of them can be written");
    answer(StatusCode::OK, now, &[], Some(JSON), body)
}
