//! The engine against its rules: calls in, outcomes out, without a socket.
//!
//! Every call goes through [`Sandbox::send`], which also looks at what holds of any call.

mod conversions;
mod introduction;
mod properties;
mod seed;
mod visitors;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

use headers::{Authorization, HeaderMapExt as _};
use http::header::{ACCEPT, ALLOW, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use jsonschema::Validator;
use proptest::prelude::*;

use super::*;
use crate::document;
use crate::engine::Answer;

const TESTER: (&str, &str) = ("tester@comm100.com", "ef43f9362aac4f60ad428cb4d072f2c8");
const VIEWER: (&str, &str) = ("viewer@example.com", "0f5b1f3c2d7e4a6b8c9d0e1f2a3b4c5d");
const ZOE: (&str, &str) = ("zoe@example.com", "1a2b3c4d5e6f40718293a4b5c6d7e8f9");
const RETIRED: (&str, &str) = ("retired@example.com", "2b3c4d5e6f704182939a4b5c6d7e8f90");
const OTHER: (&str, &str) = ("other@example.com", "3c4d5e6f708142939aab4c5d6e7f8091");

const CONVERSIONS: &str = "/api/v1/livechat/conversions";
const MARK: &str = "/api/v1/livechat/mark_api_conversion_successful";
const VISITORS: &str = "/api/v1/livechat/visitors";
const CHATTING: &str = "/api/v1/livechat/visitors/chatting";

const ALLON: &str = "7273e957-02cb-4c03-a84c-44283fcfd47d";
const VERA: &str = "0b7c1f6e-3a52-4d8e-9f10-2c4b6a8d0e11";
const SAM: &str = "5d3f9a20-6b1c-4e7d-8a94-1f2e3d4c5b6a";
const OLAF: &str = "c9e8d7f6-a5b4-4c3d-92e1-f0a1b2c3d4e5";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// One sandbox, and its clock.
struct Sandbox {
    state: State,
    usage: Usage,
    now: Timestamp,
}

impl Sandbox {
    /// As the vendor's pages show it.
    fn documented() -> Self {
        Self::new(toml::from_str(fixtures::vendor("comm100").unwrap().seed()).unwrap())
    }

    /// With everything that checks need.
    fn conformance() -> Self {
        Self::changed(&json!({}))
    }

    /// The same, with members changed; below the vendor's table.
    fn changed(members: &Value) -> Self {
        let vendor = fixtures::vendor("comm100").unwrap();
        let mut document: Value = toml::from_str(vendor.seed()).unwrap();
        merge(
            &mut document,
            toml::from_str(vendor.conformance_seed()).unwrap(),
        );
        merge(&mut document, json!({"comm100": members}));
        Self::new(document)
    }

    /// The same, with settings of the main account changed.
    fn account(settings: &Value) -> Self {
        Self::changed(&json!({"accounts": {"main": settings}}))
    }

    fn new(mut document: Value) -> Self {
        let document = document::read(document["comm100"].take()).unwrap();
        Self::of(Comm100::seed(document).unwrap())
    }

    fn of(seed: Seed) -> Self {
        let now = "2026-01-31T12:00:00Z".parse().unwrap();
        Self {
            state: Comm100::start(&Arc::new(seed)),
            usage: Usage::default(),
            now,
        }
    }

    /// Makes a call, and looks at what holds of any.
    fn send(&mut self, call: &Sent) -> Outcome<Event> {
        let parts = call.parts();
        let decide =
            |body| Comm100::decide(&self.state, &self.usage, &Request { parts, body }, self.now);
        let outcome = decide(call.body());

        if Comm100::head(&self.state, &parts, self.now) == Head::Known {
            for body in [
                Body::Whole(b""),
                Body::Whole(b"conversion_name=x"),
                Body::TooLong,
                Body::Broken,
            ] {
                assert_eq!(
                    shown(&decide(body).answer),
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
                .is_none_or(|route| Comm100::ROUTES.contains(&route))
        );
        assert_sound(&outcome);

        for count in &outcome.counts {
            self.usage.count(count, self.now);
        }
        for event in &outcome.events {
            let kept: Event = serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap();
            Comm100::apply(&mut self.state, &kept);
        }
        outcome
    }

    /// The status and the body of an answer.
    fn get(&mut self, call: &Sent) -> (u16, Value) {
        let answer = self.send(call).answer;
        (
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap(),
        )
    }

    /// The result of marking, and the rule behind it.
    fn mark(&mut self, call: &Sent) -> (i64, Option<&'static str>) {
        let outcome = self.send(call);
        assert_eq!(outcome.answer.status(), 200, "{call:?}: {}", outcome.why);
        let body: Value = serde_json::from_slice(outcome.answer.body()).unwrap();
        (body["error_code"].as_i64().unwrap(), first(&outcome))
    }

    /// The state as a document.
    fn document(&self) -> Value {
        serde_json::to_value(Comm100::document(&self.state)).unwrap()
    }
}

fn merge(into: &mut Value, later: Value) {
    match (into, later) {
        (Value::Object(into), Value::Object(later)) => {
            for (name, value) in later {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, later) => *into = later,
    }
}

fn first(outcome: &Outcome<Event>) -> Option<&'static str> {
    outcome.refused_by.first().map(|rule| rule.as_str())
}

/// A call to be made.
#[derive(Clone, Debug)]
struct Sent {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    version: Version,
    secure: bool,
    body: Result<Vec<u8>, Body<'static>>,
}

impl Sent {
    fn new(method: Method, path: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("hosted.comm100.com"));
        headers.typed_insert(Authorization::basic(TESTER.0, TESTER.1));
        Self {
            method,
            path: path.into(),
            query: None,
            headers,
            version: Version::HTTP_11,
            secure: false,
            body: Ok(Vec::new()),
        }
    }

    fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Marks a conversion with this form as its body.
    fn form(form: impl Into<Vec<u8>>) -> Self {
        Self::new(Method::POST, MARK)
            .with(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body_of(form)
    }

    /// Marks a conversion.
    fn mark(name: &str, visitor: &str, value: &str) -> Self {
        let pairs = [
            ("conversion_name", name),
            ("visitorId", visitor),
            ("value", value),
        ];
        Self::form(
            form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish(),
        )
    }

    /// Sets custom variables.
    fn put(visitor: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Method::PUT, format!("{VISITORS}/{visitor}")).body_of(body)
    }

    fn body_of(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Ok(body.into()),
            ..self
        }
    }

    fn by(mut self, (email, key): (&str, &str)) -> Self {
        self.headers.typed_insert(Authorization::basic(email, key));
        self
    }

    fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    fn without(mut self, name: HeaderName) -> Self {
        self.headers.remove(name);
        self
    }

    fn query(self, query: &str) -> Self {
        Self {
            query: Some(query.to_owned()),
            ..self
        }
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            version: self.version,
            prefix: "",
            secure: self.secure,
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

/// An answer as it goes out, less its date.
fn shown(answer: &Answer) -> String {
    let mut text = answer.status().as_str().to_owned();
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "date") {
        let spelled = Comm100::HEADER_NAMES
            .iter()
            .find(|spelled| spelled.eq_ignore_ascii_case(name.as_str()));
        let spelled = spelled.expect("its spelling is listed");
        write!(text, "\n{spelled}: {}", value.to_str().unwrap()).unwrap();
    }
    text + "\n\n" + std::str::from_utf8(answer.body()).unwrap()
}

/// Looks whether an answer is one that `openapi.json` describes.
fn assert_sound(outcome: &Outcome<Event>) {
    static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
        serde_json::from_str(fixtures::vendor("comm100").unwrap().openapi()).unwrap()
    });
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

    let status = outcome.answer.status();
    let place = if let Some((method, path)) = outcome.route.and_then(|route| route.split_once(' '))
    {
        let path = path.replace('/', "~1");
        format!(
            "/paths/{path}/{}/responses/{}",
            method.to_lowercase(),
            status.as_str()
        )
    } else {
        let name = match status.as_u16() {
            400 => "Unreadable",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "UnknownPath",
            405 => "MethodNotAllowed",
            500 => "InternalError",
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
    let validator = Arc::clone(KNOWN.lock().unwrap().entry(place).or_insert_with(|| {
        let schema = &response["content"]["application/json; charset=utf-8"]["schema"];
        let schema = json!({"components": OPENAPI["components"], "allOf": [schema]});
        Arc::new(jsonschema::validator_for(&schema).unwrap())
    }));
    let body: Value = serde_json::from_slice(outcome.answer.body()).unwrap();
    if let Err(error) = validator.validate(&body) {
        panic!("{error}: {body}");
    }
    assert_eq!(
        outcome.answer.headers()[CONTENT_TYPE],
        "application/json; charset=utf-8"
    );
}

#[test]
fn documented_calls_are_answered_byte_for_byte() {
    let examples = fixtures::vendor("comm100").unwrap().examples().unwrap();
    assert_eq!(examples.len(), 6);
    for example in examples {
        let (method, path) = example.request.start.split_once(' ').unwrap();
        let mut call = Sent::new(method.parse().unwrap(), path).body_of(example.request.body);
        call.headers = example
            .request
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    value.parse::<HeaderValue>().unwrap(),
                )
            })
            .collect();
        let answer = Sandbox::documented().send(&call).answer;
        let mut expected = example.response.start.clone();
        let length = (
            "Content-Length".to_owned(),
            example.response.body.len().to_string(),
        );
        for (name, value) in std::iter::once(&length).chain(&example.response.headers) {
            write!(expected, "\n{name}: {value}").unwrap();
        }
        expected += "\n\n";
        expected += std::str::from_utf8(example.response.body).unwrap();
        assert_eq!(shown(&answer), expected, "{}", example.name);
    }
}

#[test]
fn the_date_is_the_time_of_the_call_and_stands_first() {
    let answer = Sandbox::documented().send(&Sent::get(CONVERSIONS)).answer;
    let names: Vec<&str> = answer.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["date", "content-length", "content-type"]);
    assert_eq!(answer.headers()["date"], "Sat, 31 Jan 2026 12:00:00 GMT");
}
