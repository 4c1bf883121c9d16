//! The vocabulary that all three vendors share: what a call is, what an engine answers, and what an answer causes.
//!
//! Everything here is pure. Time is an argument; ids come from the state; nothing reads a clock, a file or a socket.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use fixtures::RuleId;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::document::Mistake;
pub use crate::quota::{Count, Usage, Window};

/// One vendor's API: what it remembers, and how it answers.
///
/// The same state, usage, request and time give the same outcome, always.
pub trait Vendor: Sized + 'static {
    /// The folder's name, and the first part of every rule id.
    const NAME: &'static str;
    /// The vendor's name as people write it.
    const TITLE: &'static str;
    /// The documented hosts, in lower case.
    const HOSTS: &'static [&'static str];
    /// How paths of this vendor begin, in lower case: what tells its calls apart when no host and no prefix does.
    const PATHS: &'static [&'static str];
    /// The documented routes, `METHOD /path/{Variable}`, in the order of the vendor's reference.
    const ROUTES: &'static [&'static str];
    /// How many bytes of a body are read, unless a flag says otherwise.
    const BODY_LIMIT: usize;
    /// Header names as the vendor writes them on HTTP/1.1. Empty: in lower case.
    const HEADER_NAMES: &'static [&'static str];

    /// The vendor's part of a seed file, as it is written.
    type Document: Serialize + DeserializeOwned + Default;
    /// What a sandbox starts from: a sound document, indexed. Shared by all sandboxes that start alike.
    type Seed: Send + Sync;
    /// What a sandbox remembers of this vendor: its seed, and the fold of its events.
    type State: Send;
    /// What an answer can cause. Owns its bytes.
    type Event: Serialize + DeserializeOwned + Clone + Send;

    /// Checks a document and indexes it.
    ///
    /// # Errors
    ///
    /// The first member that is wrong or contradicts another one.
    fn seed(document: Self::Document) -> Result<Self::Seed, Mistake>;

    /// The state as a document with everything filled in; a sandbox that starts from it answers alike.
    fn document(state: &Self::State) -> Self::Document;

    /// The identity parts of the credentials that a seed knows.
    fn identities(seed: &Self::Seed) -> Vec<String>;

    /// The identity that a call claims, whether or not it is known.
    fn identity(parts: &Parts<'_>) -> Option<String>;

    /// A seed like this one, with fresh credentials in place of its own. Shares whatever is large.
    fn personal(seed: &Self::Seed, fresh: &Fresh<'_>) -> Self::Seed;

    /// The default credentials of a seed, for people: `{"username":…,"password":…}`.
    fn credentials(seed: &Self::Seed) -> serde_json::Map<String, serde_json::Value>;

    /// A fresh state. Copies nothing of the seed.
    fn start(seed: &Arc<Self::Seed>) -> Self::State;

    /// Whether the answer is known before the body is read.
    fn head(state: &Self::State, parts: &Parts<'_>, now: Timestamp) -> Head;

    /// Answers a request as the vendor would at `now`, an instant in UTC.
    fn decide(
        state: &Self::State,
        usage: &Usage,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Outcome<Self::Event>;

    /// The only place where state changes.
    fn apply(state: &mut Self::State, event: &Self::Event);

    /// The statuses of errors that the vendor documents, in order.
    const STATUSES: &'static [u16];

    /// The answer that the vendor documents for one of [`Vendor::STATUSES`], as it would answer this call.
    fn documented(
        state: &Self::State,
        usage: &Usage,
        parts: &Parts<'_>,
        status: u16,
        now: Timestamp,
    ) -> Answer;

    /// Every condition that a fault can name, without the vendor's name in front.
    fn conditions() -> Vec<String>;

    /// The condition of that name, if it is one of [`Vendor::conditions`].
    fn condition(name: &str) -> Option<Condition<Self>>;

    /// Whether an event is an accepted conversion.
    fn is_conversion(_event: &Self::Event) -> bool {
        true
    }

    /// The accepted conversion that an event is, in the normal form of all vendors, as it stands at `now`.
    fn conversion(state: &Self::State, event: &Self::Event, now: Timestamp) -> Option<Conversion>;
}

/// An answer: status, headers in the order they go out, and the whole body.
pub type Answer = http::Response<Bytes>;

/// An extension of an [`Answer`] over HTTP/1: what stands behind its status in place of the usual phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(pub Arc<str>);

/// How an answer goes out, if not at once and whole: an extension of an [`Answer`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// How much later it goes out, in milliseconds.
    pub delay_ms: u64,
    /// In how small pieces the body goes out.
    pub pace: Option<Pace>,
    /// How the connection ends in place of the answer, or within it.
    pub cut: Option<Cut>,
}

impl Delivery {
    /// Whether anything of an answer reaches the client.
    pub fn reaches(answer: &Answer) -> bool {
        let delivery: Option<&Self> = answer.extensions().get();
        delivery
            .and_then(|delivery| delivery.cut)
            .is_none_or(Cut::answers)
    }
}

/// The pieces of a body that dribbles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Bytes of a piece.
    pub bytes: usize,
    /// Milliseconds between two of them.
    pub every_ms: u64,
}

/// How a connection ends before its answer is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// By a TCP reset, without an answer.
    Reset,
    /// As usual, but without an answer.
    Close,
    /// As usual, after the first half of the body.
    MidBody,
    /// Not at all: nothing comes until the client leaves.
    Hang,
}

impl Cut {
    /// Whether anything of the answer reaches the client.
    pub fn answers(self) -> bool {
        self == Self::MidBody
    }
}

/// Something that a vendor does and that a fault names.
pub struct Condition<V: Vendor> {
    /// The only route on which it can happen, if there is only one.
    pub route: Option<&'static str>,
    /// What happens.
    pub effect: Effect<V>,
}

/// What happens under a [`Condition`].
pub enum Effect<V: Vendor> {
    /// The vendor answers like this, and nothing else happens.
    Answer(fn(&V::State, &Parts<'_>, Timestamp) -> Answer),
    /// The call is answered as usual, and what it causes turns out differently. The text is the last part of the
    /// condition's name.
    Events(fn(&mut Vec<V::Event>, &str)),
}

/// What is known of a call before its body is read. The mock's own prefixes are stripped.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The method as sent.
    pub method: &'a Method,
    /// The path as sent, still percent-encoded.
    pub path: &'a str,
    /// The query as sent, without its question mark; empty text if there is a question mark and nothing behind it.
    pub query: Option<&'a str>,
    /// Headers, in order, repeated ones kept.
    pub headers: &'a HeaderMap,
    /// The protocol version.
    pub version: Version,
    /// What was stripped from the front of the path: `/s/one/chase`, or nothing.
    pub prefix: &'a str,
    /// Whether the call came over TLS.
    pub secure: bool,
    /// The address of the server, for answers that name it when the call does not: `127.0.0.1:8080`.
    pub local: &'a str,
}

impl Parts<'_> {
    /// The first header of that name, as sent.
    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&HeaderValue> {
        self.headers.get(name)
    }
}

/// A whole call.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Everything but the body.
    pub parts: Parts<'a>,
    /// The body, as far as it came.
    pub body: Body<'a>,
}

/// A body, as far as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// All of it. Empty if none was sent, or if it was skipped because the answer was known.
    Whole(&'a [u8]),
    /// More than the limit.
    TooLong,
    /// Its framing is wrong: a bad chunk size, or the like.
    Broken,
}

/// Whether the answer depends on the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// It does not: `decide` answers the same whatever the body is.
    Known,
    /// It does.
    Read,
}

/// What a call leads to.
#[derive(Clone, Debug)]
pub struct Outcome<E> {
    /// What the client gets.
    pub answer: Answer,
    /// The documented route that the call met, one of [`Vendor::ROUTES`].
    pub route: Option<&'static str>,
    /// What happened. Empty for every refusal.
    pub events: Vec<E>,
    /// What the call counts towards. Refused calls count too.
    pub counts: Vec<Count>,
    /// The rules that refused the call; none if it was accepted.
    pub refused_by: Vec<RuleId>,
    /// Why it was refused, for people, without secrets: "X-API-Key matches no key". For a call that was accepted and leads
    /// to less than its sender may think, why that is.
    pub why: Cow<'static, str>,
    /// The id of the fault that took effect.
    pub fault: Option<Arc<str>>,
}

impl<E> Outcome<E> {
    /// An accepted call that causes nothing.
    pub fn accepted(answer: Answer) -> Self {
        Self {
            answer,
            route: None,
            events: Vec::new(),
            counts: Vec::new(),
            refused_by: Vec::new(),
            why: Cow::Borrowed(""),
            fault: None,
        }
    }

    /// The same, with what it causes.
    #[must_use]
    pub fn causing(mut self, event: E) -> Self {
        self.events.push(event);
        self
    }
}

/// A vendor's own answer to a call that it turns down, and the rules behind it.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What the client gets.
    pub answer: Answer,
    /// The rules that refused, first the one that decided.
    pub refused_by: Vec<RuleId>,
    /// Why, for people.
    pub why: Cow<'static, str>,
}

impl Refusal {
    /// A refusal by one rule.
    pub fn new(rule: RuleId, why: impl Into<Cow<'static, str>>, answer: Answer) -> Self {
        Self {
            answer,
            refused_by: vec![rule],
            why: why.into(),
        }
    }
}

impl<E> From<Refusal> for Outcome<E> {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            answer,
            refused_by,
            why,
        } = refusal;
        Self {
            refused_by,
            why,
            ..Self::accepted(answer)
        }
    }
}

/// The gate of a rule: refuses unless something holds, or the gate stands open.
///
/// # Errors
///
/// The refusal.
pub fn ensure(holds: bool, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
    if holds {
        return Ok(());
    }
    let refusal = refusal();
    match refusal.refused_by.first() {
        Some(rule) if lets_through(*rule) => Ok(()),
        _ => Err(refusal),
    }
}

/// Whether the gate of a rule stands open for the call that is being answered. Asked only by a gate that would refuse.
pub fn lets_through(rule: RuleId) -> bool {
    GATES.with_borrow_mut(|gates| {
        let open = gates.open.iter().any(|open| open == rule.as_str());
        if open {
            gates.passed.push(rule);
        }
        open
    })
}

/// Answers a call while the gates of some rules stand open, and says which of them let it through.
pub(crate) fn with_open_gates<T>(open: Vec<String>, call: impl FnOnce() -> T) -> (T, Vec<RuleId>) {
    let _opened = Opened::of(open);
    let answered = call();
    let passed = GATES.with_borrow_mut(|gates| std::mem::take(&mut gates.passed));
    (answered, passed)
}

thread_local! {
    // Not an argument: it would have to pass through every function of three engines down to each gate, for the sake of
    // calls that are to be answered wrongly. A call is answered on one thread, from beginning to end; nobody outlives
    // `Opened`, so to the outside the engines stay pure. A gate that holds never looks here.
    static GATES: RefCell<Gates> = const { RefCell::new(Gates { open: Vec::new(), passed: Vec::new() }) };
}

/// The gates that stand open on a thread.
struct Gates {
    /// Ids of their rules.
    open: Vec<String>,
    /// Those that let something through that they would have refused.
    passed: Vec<RuleId>,
}

/// Closes the gates again, also when the call panics.
struct Opened;

impl Opened {
    fn of(open: Vec<String>) -> Self {
        GATES.with_borrow_mut(|gates| gates.open = open);
        Self
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        GATES.with_borrow_mut(|gates| {
            gates.open = Vec::new();
            gates.passed = Vec::new();
        });
    }
}

/// An accepted conversion in the normal form of all vendors.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Conversion {
    /// When it was accepted.
    pub at: Timestamp,
    /// Whom it is about: a visitor, an address, a partner.
    pub who: String,
    /// What kind of conversion it is.
    pub name: Option<String>,
    /// Its worth, in decimal digits as text.
    pub value: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The caller's own number for it.
    pub order_id: Option<String>,
    /// Its lines, if it has any.
    pub items: Vec<serde_json::Value>,
    /// The vendor's word for where it stands.
    pub state: Option<String>,
    /// Everything that was accepted, in the vendor's own members.
    pub raw: serde_json::Value,
    /// From when on it can be seen.
    #[serde(skip)]
    pub visible_at: Timestamp,
    /// When it will next look different, if it will.
    #[serde(skip)]
    pub changes_at: Option<Timestamp>,
}

/// Where the credentials of a new sandbox come from: the server's random seed and the sandbox's id, nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'a> {
    /// The sandbox's id.
    pub sandbox: &'a str,
    /// Drawn from the server's random seed.
    pub namespace: Uuid,
}

impl Fresh<'_> {
    /// 32 lower-case hexadecimal digits that belong to this sandbox and `purpose`.
    pub fn hex(&self, purpose: &str) -> String {
        Uuid::new_v5(
            &self.namespace,
            format!("{}\0{purpose}", self.sandbox).as_bytes(),
        )
        .simple()
        .to_string()
    }
}

/// Builds an answer. Headers go out in the order given: first `Date`, then `leading`, and last the body's own.
pub fn answer(
    status: StatusCode,
    now: Timestamp,
    leading: &[(HeaderName, HeaderValue)],
    content_type: Option<&'static str>,
    body: impl Into<Bytes>,
) -> Answer {
    let body = body.into();
    let mut answer = Answer::new(body);
    *answer.status_mut() = status;
    let length = HeaderValue::from(answer.body().len());
    let headers = answer.headers_mut();
    headers.insert(DATE, http_date(now));
    for (name, value) in leading {
        headers.append(name, value.clone());
    }
    headers.insert(CONTENT_LENGTH, length);
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer
}

/// An instant from 1970 to 9999 in the form of the `Date` header: `Sat, 31 Jan 2026 00:00:00 GMT`.
pub fn http_date(now: Timestamp) -> HeaderValue {
    let text = httpdate::fmt_http_date(now.into());
    HeaderValue::try_from(text).expect("letters, digits, blanks, commas and colons")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_the_form_of_http() {
        let date = |text: &str| http_date(text.parse().unwrap());
        assert_eq!(
            date("1994-11-06T08:49:37Z"),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        assert_eq!(
            date("2026-02-28T23:59:59.999Z"),
            "Sat, 28 Feb 2026 23:59:59 GMT"
        );
    }
}
