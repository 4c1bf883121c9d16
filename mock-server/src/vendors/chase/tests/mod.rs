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

use ::http::{HeaderName, HeaderValue, Method, Version};

use super::*;
use crate::engine::{Answer, Body};
use crate::testing::{self, Bench, Tested};

type Call = testing::Call<Queued>;

fn now() -> Timestamp {
    Chase::BEGIN.parse().unwrap()
}

impl Tested for Chase {
    const BEGIN: &'static str = "2026-01-31T00:00:00Z";
    const PLAIN_HEADERS: &'static [&'static str] =
        &["content-length", "content-type", "connection"];

    fn unrouted(status: u16) -> String {
        match status {
            404 => "/components/responses/NotFound".to_owned(),
            status => format!("/paths/~1api~1v2~1conversions/post/responses/{status}"),
        }
    }

    /// An answer without a content type is described by having no content, or as one of the documented ones.
    fn said(_: &Bench<Self>, _: &Call, answer: &Answer) -> Option<(String, serde_json::Value)> {
        let Some(media_type) = answer.headers().get("content-type") else {
            assert!(answer.body().is_empty() && answer.status().as_u16() < 400);
            return None;
        };
        let media_type = media_type.to_str().unwrap().to_owned();
        let body = match serde_json::from_slice(answer.body()) {
            Ok(body) if media_type == "application/json" => body,
            Err(_) if media_type != "application/json" => {
                serde_json::Value::from(std::str::from_utf8(answer.body()).unwrap())
            }
            // A number that no double can hold is JSON all the same.
            Err(error) if error.to_string().starts_with("number out of range") => return None,
            _ => panic!("{answer:?} is not what it says it is"),
        };
        Some((media_type, body))
    }
}

impl Call {
    /// A call with that body, good in every other way.
    fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::plain(body)
            .and("Host", "services.meetchase.ai")
            .and("X-API-Key", "chs_live_org1_key")
            .and("Content-Type", "application/json")
    }

    /// A good call.
    fn good() -> Self {
        Self::json(r#"{"email":"user@example.com"}"#)
    }

    /// A call without headers.
    fn plain(body: impl Into<Vec<u8>>) -> Self {
        Self::bare(Method::POST, "/api/v2/conversions").body_of(body)
    }

    fn by(mut self, method: &str) -> Self {
        self.method = method.parse().unwrap();
        self
    }

    /// The same call with one more header.
    fn and(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers
            .append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    /// What the recorded state answers.
    fn send(&self) -> Outcome<Queued> {
        on(recorded()).send(self)
    }

    fn send_to(&self, state: &State) -> Outcome<Queued> {
        Chase::decide(state, &Usage::default(), &self.request(), now())
    }

    fn head(&self) -> Head {
        Chase::head(&recorded(), &self.parts(), now())
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

fn on(state: State) -> Bench<Chase> {
    Bench {
        state,
        usage: Usage::default(),
        now: now(),
    }
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
    Bench::<Chase>::documented().state
}

#[test]
fn every_documented_exchange_is_answered_as_documented() {
    for example in fixtures::vendor("chase").unwrap().examples().unwrap() {
        let call = Call::documented(&example.request);
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
        let mut call = Call::plain(base64(sent["body_base64"].as_str().unwrap()))
            .by(sent["method"].as_str().unwrap())
            .to(sent["path"].as_str().unwrap());
        for header in sent["headers"].as_array().unwrap() {
            let value = header[1].as_str().unwrap().trim_matches([' ', '\t']);
            call = call.and(header[0].as_str().unwrap(), value);
        }
        if call.headers.contains_key("transfer-encoding") {
            call.body = call.body.map(|body| unchunked(&body));
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
