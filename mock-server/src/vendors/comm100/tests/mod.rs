//! The engine against its rules: calls in, outcomes out, without a socket.
//!
//! Every call goes through [`Bench::send`], which also looks at what holds of any call.

mod conversions;
mod introduction;
mod properties;
mod seed;
mod visitors;

use headers::{Authorization, HeaderMapExt as _};
use http::header::{ACCEPT, ALLOW, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue, Method, Version};
use proptest::prelude::*;

use super::*;
use crate::document;
use crate::engine::Answer;
use crate::testing::{self, Bench, Call, Tested, first};

type Sandbox = Bench<Comm100>;
type Sent = Call<Event>;

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

impl Tested for Comm100 {
    const BEGIN: &'static str = "2026-01-31T12:00:00Z";

    fn unrouted(status: u16) -> String {
        let name = match status {
            400 => "Unreadable",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "UnknownPath",
            405 => "MethodNotAllowed",
            500 => "InternalError",
            other => panic!("{other} for no route"),
        };
        format!("/components/responses/{name}")
    }
}

impl Bench<Comm100> {
    /// As checks need it, with settings of the main account changed.
    fn account(settings: &Value) -> Self {
        Self::changed(&json!({"accounts": {"main": settings}}))
    }

    /// The result of marking, and the rule behind it.
    fn mark(&mut self, call: &Sent) -> (i64, Option<&'static str>) {
        let outcome = self.send(call);
        assert_eq!(outcome.answer.status(), 200, "{call:?}: {}", outcome.why);
        let body: Value = serde_json::from_slice(outcome.answer.body()).unwrap();
        (body["error_code"].as_i64().unwrap(), first(&outcome))
    }
}

impl Call<Event> {
    fn new(method: Method, path: impl AsRef<str>) -> Self {
        Self::bare(method, path.as_ref())
            .with(HOST, "hosted.comm100.com")
            .by(TESTER)
    }

    fn get(path: impl AsRef<str>) -> Self {
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

    fn by(mut self, (email, key): (&str, &str)) -> Self {
        self.headers.typed_insert(Authorization::basic(email, key));
        self
    }

    fn query(self, query: &str) -> Self {
        Self {
            query: Some(query.to_owned()),
            ..self
        }
    }
}

fn shown(answer: &Answer) -> String {
    testing::shown::<Comm100>(answer)
}

#[test]
fn documented_calls_are_answered_byte_for_byte() {
    testing::assert_documented::<Comm100>(6);
}

#[test]
fn the_date_is_the_time_of_the_call_and_stands_first() {
    let answer = Sandbox::documented().send(&Sent::get(CONVERSIONS)).answer;
    let names: Vec<&str> = answer.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["date", "content-length", "content-type"]);
    assert_eq!(answer.headers()["date"], "Sat, 31 Jan 2026 12:00:00 GMT");
}
