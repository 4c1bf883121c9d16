//! The engine against its rules: calls in, outcomes out, without a socket.
//!
//! Every call goes through [`Bench::send`], which also looks at what holds of any call.

mod actions;
mod conversions;
mod properties;
mod requests;
mod responses;
mod seed;
mod submissions;
mod updates;
mod xml;

use headers::{Authorization, HeaderMapExt as _};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Version};
use jiff::SignedDuration;

use super::*;
use crate::document;
use crate::engine::Answer;
use crate::testing::{self, Bench, Call, Tested, first, merge};

type Sandbox = Bench<Impact>;
type Sent = Call<Event>;

/// A token of the conformance seed: its SID and its password.
type Credentials = (&'static str, &'static str);

const OWNER: Credentials = ("IRtestAcct1924609madeUpSid0000000A", "made-up-token");
const SECOND: Credentials = ("IRtestAcct1924609madeUpSid0000000B", "made-up-token-b");
const READER: Credentials = ("IRtestRead1924609madeUpSid0000000A", "made-up-read-only");
const ACTIONS_ONLY: Credentials = ("IRtestActs1924609madeUpSid0000000A", "made-up-actions-only");
const CONVERSIONS_ONLY: Credentials = (
    "IRtestConv1924609madeUpSid0000000A",
    "made-up-conversions-only",
);
const DISABLED: Credentials = ("IRtestGone1924609madeUpSid0000000A", "made-up-disabled");
const STRANGER: Credentials = (
    "IRtestAcct1924610madeUpSid0000000A",
    "made-up-token-of-another",
);
const INACTIVE: Credentials = (
    "IRtestAcct1924611madeUpSid0000000A",
    "made-up-token-of-the-inactive",
);

/// The order of the seed document, two toy sets and a doll, as the dossier submits it.
const TOYS: &str = "CampaignId=10306&ActionTrackerId=19845&MediaPartnerId=1924609\
    &EventDate=2026-06-10T10%3A15%3A30-07%3A00&OrderId=ORD-1&CurrencyCode=USD&ItemSku1=TOYSET&ItemPrice1=40\
    &ItemQuantity1=2&ItemSku2=DOLL&ItemPrice2=6.99&ItemQuantity2=1";

impl Tested for Impact {
    /// Three quarters of an hour after the event of [`TOYS`].
    const BEGIN: &'static str = "2026-06-10T11:00:04-07:00";

    fn unrouted(status: u16) -> String {
        let name = match status {
            400 => "Unreadable",
            401 => "Unauthorized",
            403 => "AccessDenied",
            404 => "UnknownPath",
            405 => "MethodNotAllowed",
            other => panic!("{other} for no route"),
        };
        format!("/components/responses/{name}")
    }

    /// Amounts are the same with more or fewer decimals.
    fn same(one: &Event, other: &Event) -> bool {
        one == other
    }

    /// XML says what JSON does, and is described by that.
    fn said(bench: &Sandbox, call: &Sent, answer: &Answer) -> Option<(String, Value)> {
        let json = "application/json";
        if answer.headers()[CONTENT_TYPE] == json {
            let body = serde_json::from_slice(answer.body()).unwrap();
            return Some((json.to_owned(), body));
        }
        let same = bench.decide(&call.clone().in_json()).answer;
        assert_eq!(same.status(), answer.status(), "{call:?}");
        let body: Value = serde_json::from_slice(same.body()).unwrap();
        let text = std::str::from_utf8(answer.body()).unwrap();
        assert_eq!(
            xml::as_json(text),
            xml::sayable(&body, &call.path),
            "{call:?}"
        );
        Some((json.to_owned(), body))
    }
}

impl Bench<Impact> {
    /// Lets time pass.
    fn wait(&mut self, time: SignedDuration) {
        self.now += time;
    }

    fn wait_ms(&mut self, ms: i64) {
        self.wait(SignedDuration::from_millis(ms));
    }

    fn wait_days(&mut self, days: i64) {
        self.wait(SignedDuration::from_hours(24 * days));
    }

    /// Changes the present by a merge patch of the state document, as people do through the admin API.
    fn patch(&mut self, members: &Value) {
        let mut document = self.document();
        merge(&mut document, members.clone());
        self.state = Self::new(json!({"impact": document})).state;
    }

    /// The JSON of an answer that is no error.
    fn read(&mut self, path: &str) -> Value {
        let (status, body) = self.get(&Sent::get(path));
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The rule that refuses a call first.
    fn refuses(&mut self, call: &Sent) -> Option<&'static str> {
        first(&self.send(call))
    }

    /// Submits a form and gives the path of the record, below the SID.
    fn submit(&mut self, form: &str) -> String {
        self.submit_as(OWNER, form)
    }

    fn submit_as(&mut self, who: Credentials, form: &str) -> String {
        let (status, body) = self.get(&Sent::form(form).by(who));
        assert_eq!(status, 200, "{form}: {body}");
        let uri = body["QueuedUri"].as_str().unwrap();
        uri.strip_prefix(&format!("/Mediapartners/{}", who.0))
            .unwrap()
            .to_owned()
    }

    /// Submits a form, waits for its completion, and gives the record and the only action of that order, if any.
    fn complete(&mut self, form: &str) -> (Value, Option<Value>) {
        let path = self.submit(form);
        self.wait_ms(2_000);
        let record = self.read(&path);
        let listed = self.read("/Actions?ActionDateStart=2000-01-01T00:00:00Z");
        let mut actions = listed["Actions"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|action| {
                action["Oid"] == record["OrderId"]
                    && action["ActionTrackerId"] == record["ActionTrackerId"]
                    && action["CampaignId"] == record["CampaignId"]
            });
        let action = actions.next().cloned();
        assert_eq!(actions.next(), None, "one action an order");
        (record, action)
    }

    /// The action that a form becomes.
    fn action(&mut self, form: &str) -> Value {
        let (record, action) = self.complete(form);
        action.unwrap_or_else(|| panic!("no action of {record}"))
    }

    /// The lines of the action that a form becomes.
    fn items(&mut self, form: &str) -> Vec<Value> {
        let action = self.action(form);
        let path = format!("/Actions/{}/Items", action["Id"].as_str().unwrap());
        self.read(&path)["ActionItems"].as_array().unwrap().clone()
    }
}

/// Paths are below `/Mediapartners/` and the SID of whoever makes the call.
impl Call<Event> {
    fn new(method: Method, path: &str) -> Self {
        let call = Self::bare(method, &format!("/Mediapartners/{}{path}", OWNER.0))
            .with(HOST, "api.impact.com")
            .with(ACCEPT, "application/json")
            .by(OWNER);
        Self {
            secure: true,
            ..call
        }
    }

    fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    /// Submits a form.
    fn form(form: &str) -> Self {
        let call = Self::new(Method::POST, "/PartnerConversions");
        call.with(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body_of(form)
    }

    /// Submits JSON.
    fn json(body: &str) -> Self {
        let call = Self::new(Method::POST, "/PartnerConversions");
        call.with(CONTENT_TYPE, "application/json").body_of(body)
    }

    /// As somebody other than [`OWNER`], in the credentials and in the path.
    fn by(mut self, who: Credentials) -> Self {
        self.headers
            .typed_insert(Authorization::basic(who.0, who.1));
        self.path = self.path.replacen(OWNER.0, who.0, 1);
        self
    }

    /// With another whole path.
    fn at(self, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            ..self
        }
    }

    /// The same call, asking for JSON.
    fn in_json(mut self) -> Self {
        if let Some(path) = self.path.strip_suffix(".xml") {
            self.path = path.to_owned();
        }
        self.with(ACCEPT, "application/json")
    }

    fn in_xml(self) -> Self {
        self.with(ACCEPT, "application/xml")
    }
}

/// [`TOYS`] with some fields set, and those without a value left out.
fn toys(changes: &[(&str, Option<&str>)]) -> String {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(TOYS.as_bytes())
        .into_owned()
        .collect();
    for (name, value) in changes {
        pairs.retain(|(other, _)| other != name);
        pairs.extend(value.map(|value| ((*name).to_owned(), value.to_owned())));
    }
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// A sound conversion without items, with some fields more.
fn simple(more: &[(&str, &str)]) -> String {
    let fixed = [
        ("CampaignId", "10306"),
        ("ActionTrackerId", "19845"),
        ("MediaPartnerId", "1924609"),
        ("EventDate", "2026-06-10T10:15:30-07:00"),
        ("OrderId", "ORD-1"),
    ];
    let kept = fixed
        .into_iter()
        .filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .extend_pairs(more)
        .finish()
}

fn shown(answer: &Answer) -> String {
    testing::shown::<Impact>(answer)
}

#[test]
fn documented_calls_are_answered_byte_for_byte() {
    testing::assert_documented::<Impact>(12);
}

#[test]
fn the_date_is_the_time_of_the_call_and_stands_first() {
    let answer = Sandbox::documented().send(&Sent::get("/Actions")).answer;
    let names: Vec<&str> = answer.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(
        names,
        [
            "date",
            "x-ratelimit-limit-hour",
            "x-ratelimit-remaining-hour",
            "ratelimit-reset",
            "content-length",
            "content-type"
        ]
    );
    assert_eq!(answer.headers()["date"], "Wed, 10 Jun 2026 18:00:04 GMT");
}
