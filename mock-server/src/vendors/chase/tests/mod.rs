//! Chase as a whole: what was recorded on the reference stack, and what holds whatever is sent.

mod body;
mod content_type;
mod conversion;
mod described;
mod echo;
mod http;
mod json;
mod key;
mod properties;
mod route;

use std::fmt::Write;
use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use jiff::Timestamp;

use super::*;
use crate::engine::{Answer, Body};

fn now() -> Timestamp {
    "2026-01-31T00:00:00Z".parse().unwrap()
}

/// A call before it is sent.
#[derive(Clone, Debug)]
struct Call {
    method: Method,
    target: String,
    headers: HeaderMap,
    version: Version,
    prefix: &'static str,
    secure: bool,
    body: Vec<u8>,
}

impl Call {
    /// A call with that body, good in every other way.
    fn with(body: impl Into<Vec<u8>>) -> Self {
        Self::bare(body)
            .and("Host", "services.meetchase.ai")
            .and("X-API-Key", "chs_live_org1_key")
            .and("Content-Type", "application/json")
    }

    /// A good call.
    fn good() -> Self {
        Self::with(r#"{"email":"user@example.com"}"#)
    }

    fn bare(body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::POST,
            target: "/api/v2/conversions".to_owned(),
            headers: HeaderMap::new(),
            version: Version::HTTP_11,
            prefix: "",
            secure: false,
            body: body.into(),
        }
    }

    fn by(mut self, method: &str) -> Self {
        self.method = method.parse().unwrap();
        self
    }

    fn to(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// The same call with one more header.
    fn and(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers
            .append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// The same call with another value of that header.
    fn but(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).and(name, value)
    }

    fn ask<R>(&self, body: Body<'_>, answered: impl FnOnce(&Request<'_>) -> R) -> R {
        let (path, query) = match self.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&*self.target, None),
        };
        let parts = Parts {
            method: &self.method,
            path,
            query,
            headers: &self.headers,
            version: self.version,
            prefix: self.prefix,
            secure: self.secure,
            local: "127.0.0.1:8080",
        };
        answered(&Request { parts, body })
    }

    /// What the recorded state answers; `openapi.json` has every such answer.
    fn send(&self) -> Outcome<Queued> {
        let outcome = self.send_to(&recorded());
        described::assert_described(&outcome.answer);
        outcome
    }

    fn send_to(&self, state: &State) -> Outcome<Queued> {
        self.ask(Body::Whole(&self.body), |request| {
            Chase::decide(state, &Usage::default(), request, now())
        })
    }

    fn head(&self) -> Head {
        self.ask(Body::Whole(&[]), |request| {
            Chase::head(&recorded(), &request.parts, now())
        })
    }

    /// The call is accepted: 202, and one conversion.
    #[track_caller]
    fn is_queued(&self) -> Queued {
        let outcome = self.send();
        let [queued] = &outcome.events[..] else {
            panic!("{self:?} leads to {outcome:?}")
        };
        assert_eq!(
            (outcome.answer.status().as_u16(), &outcome.refused_by[..]),
            (202, &[][..])
        );
        queued.clone()
    }

    /// The call is refused with that status, by that rule first; returns the body.
    #[track_caller]
    fn is_refused(&self, status: u16, rule: &str) -> String {
        let outcome = self.send();
        let refused_by = outcome.refused_by.first().map(|rule| rule.as_str());
        assert_eq!(
            (outcome.answer.status().as_u16(), refused_by),
            (status, Some(rule)),
            "{self:?} leads to {outcome:?}"
        );
        assert!(outcome.events.is_empty() && !outcome.why.is_empty());
        String::from_utf8(outcome.answer.into_body().to_vec()).unwrap()
    }

    /// The errors with which the call is refused: 422, that rule first.
    #[track_caller]
    fn errors(&self, rule: &str) -> serde_json::Value {
        let body: serde_json::Value = serde_json::from_str(&self.is_refused(422, rule)).unwrap();
        body["detail"].clone()
    }
}

/// A whole answer as it goes out.
fn whole(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status());
    for (name, value) in answer.headers() {
        writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    text.push('\n');
    text.push_str(std::str::from_utf8(answer.body()).unwrap());
    text
}

/// A state with these members beside those of the recorded one.
fn with_settings(settings: serde_json::Value) -> State {
    let text = fixtures::vendor("chase")
        .unwrap()
        .file("observed.seed.json")
        .unwrap();
    let mut document: serde_json::Value = serde_json::from_str(text).unwrap();
    let settings: serde_json::Map<_, _> = serde_json::from_value(settings).unwrap();
    document.as_object_mut().unwrap().extend(settings);
    start(serde_json::from_value(document).unwrap())
}

fn start(document: Document) -> State {
    Chase::start(&Arc::new(Chase::seed(document).unwrap()))
}

/// The state on which the cases were recorded.
fn recorded() -> State {
    with_settings(serde_json::json!({}))
}

/// What a fresh sandbox holds.
fn documented() -> State {
    let file: toml::Table = toml::from_str(fixtures::vendor("chase").unwrap().seed()).unwrap();
    start(file["chase"].clone().try_into().unwrap())
}

#[test]
fn every_documented_exchange_is_answered_as_documented() {
    for example in fixtures::vendor("chase").unwrap().examples().unwrap() {
        let (method, target) = example.request.start.split_once(' ').unwrap();
        let mut call = Call::bare(example.request.body).by(method).to(target);
        for (name, value) in &example.request.headers {
            call = call.and(name, value);
        }
        let answer = call.send_to(&documented()).answer;
        let headers: Vec<(String, String)> = answer
            .headers()
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "date" | "content-length"))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        assert_eq!(
            answer.status().as_str(),
            example.response.start,
            "{}",
            example.name
        );
        assert_eq!(headers, example.response.headers, "{}", example.name);
        assert_eq!(answer.body(), example.response.body, "{}", example.name);
    }
}

#[test]
fn every_recorded_case_is_answered_as_recorded() {
    let state = recorded();
    let cases = fixtures::vendor("chase")
        .unwrap()
        .file("observed.jsonl")
        .unwrap();
    assert_eq!(cases.lines().count(), 200);
    let mut wrong = Vec::new();
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let (sent, got) = (&case["request"], &case["response"]);
        let mut call = Call::bare(base64(sent["body_base64"].as_str().unwrap()))
            .by(sent["method"].as_str().unwrap())
            .to(sent["path"].as_str().unwrap());
        for header in sent["headers"].as_array().unwrap() {
            let value = header[1].as_str().unwrap().trim_matches([' ', '\t']);
            call = call.and(header[0].as_str().unwrap(), value);
        }
        if call.headers.contains_key("transfer-encoding") {
            call.body = unchunked(&call.body);
        }
        let answer = call.send_to(&state).answer;
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        let same = ["content-type", "allow", "location", "www-authenticate"]
            .into_iter()
            .all(|name| header(name) == got["headers"][name].as_str());
        let body = if call.method == Method::HEAD {
            &[]
        } else {
            &answer.body()[..]
        };
        if !same
            || got["status"] != answer.status().as_u16()
            || got["body"].as_str().unwrap().as_bytes() != body
        {
            wrong.push(format!("{}: {answer:?}\ninstead of {got}", case["id"]));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn base64(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = digits.iter().position(|digit| *digit == byte).unwrap();
        bits = bits << 6 | u32::try_from(digit).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap());
        }
    }
    bytes
}

/// What an edge makes of chunks.
fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let size = std::str::from_utf8(&bytes[..end])
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
}
