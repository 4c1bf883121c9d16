//! The engine against its rules: calls in, outcomes out, without a socket.
//!
//! Every call goes through [`Sandbox::send`], which also looks at what holds of any call.

mod actions;
mod conversions;
mod properties;
mod requests;
mod responses;
mod seed;
mod submissions;
mod updates;
mod xml;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

use headers::{Authorization, HeaderMapExt as _};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use jiff::SignedDuration;
use jsonschema::Validator;

use super::*;
use crate::document;
use crate::engine::Answer;

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

/// One sandbox, and its clock: at the beginning, three quarters of an hour after the event of [`TOYS`].
struct Sandbox {
    state: State,
    usage: Usage,
    now: Timestamp,
}

impl Sandbox {
    /// As the vendor's pages show it.
    fn documented() -> Self {
        Self::new(toml::from_str(fixtures::vendor("impact").unwrap().seed()).unwrap())
    }

    /// With everything that checks need.
    fn conformance() -> Self {
        Self::changed(&json!({}))
    }

    /// The same, with members changed; below the vendor's table.
    fn changed(members: &Value) -> Self {
        let vendor = fixtures::vendor("impact").unwrap();
        let mut document: Value = toml::from_str(vendor.seed()).unwrap();
        merge(
            &mut document,
            toml::from_str(vendor.conformance_seed()).unwrap(),
        );
        merge(&mut document, json!({"impact": members}));
        Self::new(document)
    }

    fn new(mut document: Value) -> Self {
        let document = document::read(document["impact"].take()).unwrap();
        Self::of(Impact::seed(document).unwrap())
    }

    fn of(seed: Seed) -> Self {
        let state = Impact::start(&Arc::new(seed));
        Self {
            state,
            usage: Usage::default(),
            now: "2026-06-10T11:00:04-07:00".parse().unwrap(),
        }
    }

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

    /// The state as a document.
    fn document(&self) -> Value {
        serde_json::to_value(Impact::document(&self.state)).unwrap()
    }

    /// Makes a call, and looks at what holds of any.
    fn send(&mut self, call: &Sent) -> Outcome<Event> {
        let outcome = self.decide(call);
        if Impact::head(&self.state, &call.parts(), self.now) == Head::Known {
            for body in [
                Body::Whole(b""),
                Body::Whole(b"_method=PUT&OrderId=1"),
                Body::TooLong,
                Body::Broken,
            ] {
                let request = Request {
                    parts: call.parts(),
                    body,
                };
                let other = Impact::decide(&self.state, &self.usage, &request, self.now);
                assert_eq!(
                    shown(&other.answer),
                    shown(&outcome.answer),
                    "known before the body: {call:?}"
                );
            }
        }
        assert!(
            outcome.refused_by.is_empty() || outcome.events.is_empty(),
            "a refused call causes no event"
        );
        assert_eq!(
            outcome.refused_by.is_empty(),
            outcome.why.is_empty(),
            "a refusal has a reason, nothing else has"
        );
        assert!(
            outcome
                .route
                .is_none_or(|route| Impact::ROUTES.contains(&route))
        );
        self.assert_sound(call, &outcome);

        for count in &outcome.counts {
            self.usage.count(count, self.now);
        }
        for event in &outcome.events {
            let kept: Event = serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap();
            assert_eq!(&kept, event);
            Impact::apply(&mut self.state, &kept);
        }
        outcome
    }

    fn decide(&self, call: &Sent) -> Outcome<Event> {
        let request = Request {
            parts: call.parts(),
            body: call.body(),
        };
        Impact::decide(&self.state, &self.usage, &request, self.now)
    }

    /// The status and the JSON of an answer.
    fn get(&mut self, call: &Sent) -> (u16, Value) {
        let answer = self.send(call).answer;
        (
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap(),
        )
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

    /// Looks whether an answer is one that `openapi.json` describes, and whether XML says what JSON does.
    fn assert_sound(&self, call: &Sent, outcome: &Outcome<Event>) {
        let answer = &outcome.answer;
        let media_type = answer.headers()[CONTENT_TYPE].to_str().unwrap();
        let described = described(outcome, media_type, "application/json");
        let body = if media_type == "application/json" {
            serde_json::from_slice(answer.body()).unwrap()
        } else {
            let same = self.decide(&call.clone().in_json()).answer;
            assert_eq!(same.status(), answer.status(), "{call:?}");
            let body: Value = serde_json::from_slice(same.body()).unwrap();
            let text = std::str::from_utf8(answer.body()).unwrap();
            assert_eq!(
                xml::as_json(text),
                xml::sayable(&body, call.parts().path),
                "{call:?}"
            );
            body
        };
        if let Err(error) = described.validate(&body) {
            panic!("{error}: {body}");
        }
    }
}

/// The schema of an answer.
fn described(outcome: &Outcome<Event>, media_type: &str, schema_of: &str) -> Arc<Validator> {
    static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(fixtures::vendor("impact").unwrap().openapi()).unwrap()
    });
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

    let status = outcome.answer.status();
    let place = if let Some((method, path)) = outcome.route.and_then(|route| route.split_once(' '))
    {
        let path = path.replace("{actionId}", "{id}").replace('/', "~1");
        format!(
            "/paths/{path}/{}/responses/{}",
            method.to_lowercase(),
            status.as_str()
        )
    } else {
        let name = match status.as_u16() {
            400 => "Unreadable",
            401 => "Unauthorized",
            403 => "AccessDenied",
            404 => "UnknownPath",
            405 => "MethodNotAllowed",
            other => panic!("{other} for no route"),
        };
        format!("/components/responses/{name}")
    };
    let mut response = OPENAPI
        .pointer(&place)
        .unwrap_or_else(|| panic!("openapi.json has no {place}"));
    if let Some(reference) = response["$ref"].as_str() {
        response = OPENAPI.pointer(&reference[1..]).unwrap();
    }
    assert!(
        response["content"][media_type].is_object(),
        "{place} has no {media_type}"
    );
    let described = &response["headers"];
    for name in outcome.answer.headers().keys() {
        let named = |spelled: &String| spelled.eq_ignore_ascii_case(name.as_str());
        let everywhere = matches!(name.as_str(), "date" | "content-length" | "content-type");
        let known = everywhere
            || described
                .as_object()
                .is_some_and(|headers| headers.keys().any(named));
        assert!(known, "{place} has no header {name}");
    }
    Arc::clone(KNOWN.lock().unwrap().entry(place).or_insert_with(|| {
        let schema = &response["content"][schema_of]["schema"];
        let schema = json!({"components": OPENAPI["components"], "allOf": [schema]});
        Arc::new(jsonschema::validator_for(&schema).unwrap())
    }))
}

/// A merge patch, RFC 7396.
fn merge(into: &mut Value, later: Value) {
    match (into, later) {
        (Value::Object(into), Value::Object(later)) => {
            for (name, value) in later {
                if value.is_null() {
                    into.remove(&name);
                } else {
                    merge(into.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (into @ Value::Null, Value::Object(later)) => {
            *into = json!({});
            merge(into, Value::Object(later));
        }
        (into, later) => *into = later,
    }
}

fn first(outcome: &Outcome<Event>) -> Option<&'static str> {
    outcome.refused_by.first().map(|rule| rule.as_str())
}

/// A call to be made. Paths are below `/Mediapartners/` and the SID of whoever makes it.
#[derive(Clone, Debug)]
struct Sent {
    who: Credentials,
    method: Method,
    path: String,
    /// The whole path, where it is not what it should be.
    whole: Option<String>,
    query: Option<String>,
    headers: HeaderMap,
    version: Version,
    body: Result<Vec<u8>, Body<'static>>,
}

impl Sent {
    fn new(method: Method, path: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("api.impact.com"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        let call = Self {
            who: OWNER,
            method,
            path: path.to_owned(),
            whole: None,
            query: query.map(str::to_owned),
            headers,
            version: Version::HTTP_11,
            body: Ok(Vec::new()),
        };
        call.by(OWNER)
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

    fn body_of(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Ok(body.into()),
            ..self
        }
    }

    /// As somebody else, in the credentials and in the path.
    fn by(mut self, who: Credentials) -> Self {
        self.headers
            .typed_insert(Authorization::basic(who.0, who.1));
        self.path = match self
            .path
            .strip_prefix(&format!("/Mediapartners/{}", self.who.0))
        {
            Some(below) => format!("/Mediapartners/{}{below}", who.0),
            None => format!("/Mediapartners/{}{}", who.0, self.path),
        };
        Self { who, ..self }
    }

    fn with(mut self, name: impl http::header::IntoHeaderName, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    fn without(mut self, name: HeaderName) -> Self {
        self.headers.remove(name);
        self
    }

    /// With another whole path.
    fn at(self, path: &str) -> Self {
        Self {
            whole: Some(path.to_owned()),
            ..self
        }
    }

    /// The same call, asking for JSON.
    fn in_json(mut self) -> Self {
        let path = self.parts().path.to_owned();
        self.whole = Some(path.strip_suffix(".xml").unwrap_or(&path).to_owned());
        self.with(ACCEPT, "application/json")
    }

    fn in_xml(self) -> Self {
        self.with(ACCEPT, "application/xml")
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            method: &self.method,
            path: self.whole.as_deref().unwrap_or(&self.path),
            query: self.query.as_deref(),
            headers: &self.headers,
            version: self.version,
            prefix: "",
            secure: true,
            local: "127.0.0.1:8080",
        }
    }

    fn body(&self) -> Body<'_> {
        match &self.body {
            Ok(bytes) => Body::Whole(bytes),
            Err(body) => *body,
        }
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

/// An answer as it goes out, less its date.
fn shown(answer: &Answer) -> String {
    let mut text = answer.status().as_str().to_owned();
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "date") {
        let spelled = Impact::HEADER_NAMES
            .iter()
            .find(|spelled| spelled.eq_ignore_ascii_case(name.as_str()));
        let spelled = spelled.expect("its spelling is listed");
        write!(text, "\n{spelled}: {}", value.to_str().unwrap()).unwrap();
    }
    text + "\n\n" + std::str::from_utf8(answer.body()).unwrap()
}

#[test]
fn documented_calls_are_answered_byte_for_byte() {
    let examples = fixtures::vendor("impact").unwrap().examples().unwrap();
    assert_eq!(examples.len(), 12);
    for example in examples {
        let (method, target) = example.request.start.split_once(' ').unwrap();
        let (path, query) = target
            .split_once('?')
            .map_or((target, None), |(path, query)| (path, Some(query)));
        let mut call = Sent::new(method.parse().unwrap(), "")
            .at(path)
            .body_of(example.request.body);
        call.query = query.map(str::to_owned);
        let pair = |(name, value): &(String, String)| {
            (
                name.parse::<HeaderName>().unwrap(),
                value.parse::<HeaderValue>().unwrap(),
            )
        };
        call.headers = example.request.headers.iter().map(pair).collect();
        let answer = Sandbox::documented().send(&call).answer;
        let mut expected = example.response.start.clone();
        let length = (
            "Content-Length".to_owned(),
            example.response.body.len().to_string(),
        );
        let (own, leading): (Vec<_>, Vec<_>) = example
            .response
            .headers
            .iter()
            .partition(|(name, _)| name == "Content-Type");
        for (name, value) in leading.into_iter().chain([&length]).chain(own) {
            write!(expected, "\n{name}: {value}").unwrap();
        }
        expected += "\n\n";
        expected += std::str::from_utf8(example.response.body).unwrap();
        assert_eq!(shown(&answer), expected, "{}", example.name);
    }
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
