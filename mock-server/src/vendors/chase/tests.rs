//! Chase as a whole: what was recorded on the reference stack, and what holds whatever is sent.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use jiff::Timestamp;

use super::*;
use crate::engine::Body;

pub(super) const NOW: &str = "2026-01-31T00:00:00Z";

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A call before it is sent.
#[derive(Clone, Debug)]
pub(super) struct Call {
    method: Method,
    target: String,
    headers: HeaderMap,
    version: Version,
    body: Vec<u8>,
}

impl Call {
    /// The documented call with that body.
    pub(super) fn with(body: impl Into<Vec<u8>>) -> Self {
        let call = Self {
            method: Method::POST,
            target: "/api/v2/conversions".to_owned(),
            headers: HeaderMap::new(),
            version: Version::HTTP_11,
            body: body.into(),
        };
        call.and("Host", "services.meetchase.ai")
            .and("X-API-Key", "chs_live_org1_key")
            .and("Content-Type", "application/json")
    }

    fn and(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers
            .append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    fn ask<R>(&self, answered: impl FnOnce(&Request<'_>) -> R) -> R {
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
            prefix: "",
            secure: false,
            local: "127.0.0.1:8080",
        };
        answered(&Request {
            parts,
            body: Body::Whole(&self.body),
        })
    }

    fn send(&self, state: &State) -> Outcome<Queued> {
        self.ask(|request| Chase::decide(state, &Usage::default(), request, now()))
    }
}

/// The state on which the cases were recorded.
pub(super) fn recorded() -> State {
    let document = fixtures::vendor("chase")
        .unwrap()
        .file("observed.seed.json")
        .unwrap();
    Chase::start(&Arc::new(
        Chase::seed(serde_json::from_str(document).unwrap()).unwrap(),
    ))
}

#[test]
fn every_recorded_case_is_answered_as_recorded() {
    let state = recorded();
    let cases = fixtures::vendor("chase")
        .unwrap()
        .file("observed.jsonl")
        .unwrap();
    let mut wrong = Vec::new();
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let (sent, got) = (&case["request"], &case["response"]);
        let mut call = Call {
            method: sent["method"].as_str().unwrap().parse().unwrap(),
            target: sent["path"].as_str().unwrap().to_owned(),
            headers: HeaderMap::new(),
            version: Version::HTTP_11,
            body: base64(sent["body_base64"].as_str().unwrap()),
        };
        for header in sent["headers"].as_array().unwrap() {
            let value = header[1].as_str().unwrap().trim_matches([' ', '\t']);
            call = call.and(header[0].as_str().unwrap(), value);
        }
        if call.headers.contains_key("transfer-encoding") {
            call.body = unchunked(&call.body);
        }
        let answer = call.send(&state).answer;
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
