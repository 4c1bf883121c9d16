//! What stands around an engine and breaks its rules on purpose: a deviation of `fixtures`, compiled. No I/O.
//!
//! A deviation belongs to the vendor that its id begins with. It may change the request before the engine is asked, open
//! gates in it and give it another time; and afterwards change what it answered, what that causes, and what it counts.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;
use std::sync::OnceLock;

use bytes::Bytes;
use fixtures::{Deviation, Header, Quantity};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use regex::bytes::{Regex, RegexBuilder};

use crate::clock::Clock;
use crate::document::nearest;
use crate::engine::{Answer, Body, Outcome, Parts, Request, Usage, Vendor, with_open_gates};
use crate::vendors::VENDORS;
use crate::world::Kind;

/// How large a compiled expression may be, in bytes.
const EXPRESSION_LIMIT: usize = 1 << 20;

/// A deviation that is on in a sandbox.
pub struct Active {
    id: String,
    kind: &'static dyn Kind,
    when: When,
    /// Ids of the rules whose gates stand open.
    ignore: Vec<String>,
    request: RequestChange,
    clock: Option<Clock>,
    answer: AnswerChange,
    events: Option<Quantity>,
    counts: Option<Quantity>,
    activations: u64,
}

/// An id that cannot be put on.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// There is no such deviation.
    #[error(
        "no deviation has the id {id}{}",
        .near.as_ref().map_or(String::new(), |near| format!("; did you mean `{near}`?"))
    )]
    Unknown {
        /// The id.
        id: String,
        /// One that reads alike.
        near: Option<String>,
    },
    /// It is named already.
    #[error("{0} is given twice")]
    Twice(String),
}

/// A deviation that cannot be compiled.
#[derive(Debug, thiserror::Error)]
#[error("deviation {id}: {member}: {reason}")]
pub struct OverlayError {
    id: String,
    member: String,
    reason: String,
}

/// The deviations of these ids, ready to be put on.
///
/// # Errors
///
/// When an id is unknown or repeated.
pub fn named(ids: &[String]) -> Result<Vec<Active>, NameError> {
    let mut seen = HashSet::new();
    ids.iter()
        .map(|id| {
            let Some(deviation) = catalogue().get(id) else {
                let near = nearest(id, catalogue().keys().map(String::as_str));
                return Err(NameError::Unknown {
                    id: id.clone(),
                    near: near.map(str::to_owned),
                });
            };
            if !seen.insert(id) {
                return Err(NameError::Twice(id.clone()));
            }
            Ok(Active::new(deviation).expect("it is built in, and a test compiles them all"))
        })
        .collect()
}

/// Every deviation of every vendor, read at first use.
fn catalogue() -> &'static BTreeMap<String, Deviation> {
    static CATALOGUE: OnceLock<BTreeMap<String, Deviation>> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        fixtures::VENDORS
            .into_iter()
            .flat_map(|vendor| {
                Deviation::read_all(vendor).expect("they are built in, and a test reads them all")
            })
            .map(|deviation| (deviation.id.clone(), deviation))
            .collect()
    })
}

/// [`Vendor::decide`] with deviations around it, in their order; those of other vendors stand by. Also says at which time
/// the engine was asked.
pub(crate) fn decide<V: Vendor>(
    state: &V::State,
    usage: &Usage,
    request: &Request<'_>,
    now: Timestamp,
    deviations: &mut [Active],
) -> (Outcome<V::Event>, Timestamp) {
    let route = LazyCell::new(|| V::decide(state, usage, request, now).route);
    let mut call = Call::new(request);
    let mut at = now;
    let mut open = Vec::new();
    let mut met = Vec::new();
    for active in deviations
        .iter_mut()
        .filter(|active| active.vendor() == V::NAME)
    {
        if !active.when.request_holds(&call, || *route) {
            continue;
        }
        let before = at;
        at = active.clock.map_or(at, |clock| clock.now(at));
        let changed = active.request.apply(&mut call) || at != before;
        open.extend_from_slice(&active.ignore);
        met.push((active, changed));
    }
    let (mut outcome, passed) =
        with_open_gates(open, || V::decide(state, usage, &call.request(), at));
    for (active, mut changed) in met {
        changed |= passed
            .iter()
            .any(|rule| active.ignore.iter().any(|ignored| ignored == rule.as_str()));
        if active.when.outcome_holds(&outcome) {
            changed |= active.answer.apply(&mut outcome.answer);
            changed |= multiply(active.events, &mut outcome.events);
            changed |= multiply(active.counts, &mut outcome.counts);
        }
        active.activations += u64::from(changed);
    }
    (outcome, at)
}

/// Says whether that changed anything.
fn multiply<T: Clone>(quantity: Option<Quantity>, items: &mut Vec<T>) -> bool {
    match quantity {
        _ if items.is_empty() => return false,
        None => return false,
        Some(Quantity::Drop) => items.clear(),
        Some(Quantity::Twice) => {
            *items = items
                .iter()
                .flat_map(|item| [item.clone(), item.clone()])
                .collect();
        }
    }
    true
}

impl Active {
    /// Compiles a deviation.
    ///
    /// # Errors
    ///
    /// When an expression, header, status, method or route in it is none, or its conditions decide nothing.
    pub fn new(deviation: &Deviation) -> Result<Self, OverlayError> {
        Self::compile(deviation).map_err(|(member, reason)| OverlayError {
            id: deviation.id.clone(),
            member,
            reason,
        })
    }

    fn compile(deviation: &Deviation) -> Result<Self, Wrong> {
        let overlay = &deviation.overlay;
        let vendor = deviation.id.split('.').next().unwrap_or_default();
        let kind = VENDORS
            .iter()
            .find(|kind| kind.name() == vendor)
            .ok_or_else(|| wrong("id", "begins with no vendor"))?;
        let when = When::compile(&overlay.when, *kind)?;
        if when.looks_at_outcome() && !overlay.acts_on_outcome() {
            let reason = "looks at the outcome, and nothing acts on that";
            return Err(wrong("when", reason));
        }
        Ok(Self {
            id: deviation.id.clone(),
            kind: *kind,
            when,
            ignore: overlay.ignore.clone(),
            request: RequestChange::compile(&overlay.request)?,
            clock: (overlay.clock_ms != 0)
                .then(|| Clock::Shifted(SignedDuration::from_millis(overlay.clock_ms))),
            answer: AnswerChange::compile(&overlay.answer)?,
            events: overlay.events,
            counts: overlay.counts,
            activations: 0,
        })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of the vendor that deviates.
    pub fn vendor(&self) -> &'static str {
        self.kind.name()
    }

    /// How many calls it changed.
    pub fn activations(&self) -> u64 {
        self.activations
    }
}

/// The member that is wrong, and why.
type Wrong = (String, String);

fn wrong(member: &str, reason: &(impl Display + ?Sized)) -> Wrong {
    (member.to_owned(), reason.to_string())
}

fn expression(member: &str, text: &str) -> Result<Regex, Wrong> {
    RegexBuilder::new(text)
        // Bodies need not be UTF-8.
        .unicode(false)
        .size_limit(EXPRESSION_LIMIT)
        .build()
        .map_err(|error| wrong(member, &error))
}

fn optional(member: &str, text: Option<&String>) -> Result<Option<Regex>, Wrong> {
    text.map(|text| expression(member, text)).transpose()
}

fn status(member: &str, status: Option<u16>) -> Result<Option<StatusCode>, Wrong> {
    let Some(status) = status else {
        return Ok(None);
    };
    match StatusCode::from_u16(status) {
        Ok(code) if (200..600).contains(&status) => Ok(Some(code)),
        _ => Err(wrong(member, "no status of an answer, 200 to 599")),
    }
}

fn method(member: &str, method: Option<&String>) -> Result<Option<Method>, Wrong> {
    method
        .map(|method| method.parse().map_err(|error| wrong(member, &error)))
        .transpose()
}

fn header_name(member: &str, name: &str) -> Result<HeaderName, Wrong> {
    name.parse().map_err(|error| wrong(member, &error))
}

/// Which calls a deviation meets.
struct When {
    route: Option<String>,
    method: Option<Method>,
    target: Found,
    headers: Vec<(HeaderName, Option<Regex>)>,
    body: Found,
    by: Option<String>,
    accepted: Option<bool>,
    status: Option<StatusCode>,
    answer: Option<Regex>,
    answer_headers: Vec<(HeaderName, Option<Regex>)>,
}

/// What must be found in a text, and what must not.
struct Found {
    wanted: Option<Regex>,
    unwanted: Option<Regex>,
}

impl Found {
    fn holds(&self, bytes: &[u8]) -> bool {
        let found = |regex: &Regex| regex.is_match(bytes);
        self.wanted.as_ref().is_none_or(found) && !self.unwanted.as_ref().is_some_and(found)
    }
}

impl When {
    fn compile(when: &fixtures::When, kind: &dyn Kind) -> Result<Self, Wrong> {
        if let Some(route) = &when.route
            && !kind.routes().contains(&route.as_str())
        {
            let near = nearest(route, kind.routes().iter().copied()).unwrap_or("another one");
            return Err(wrong(
                "when.route",
                &format!("no route; did you mean {near}?"),
            ));
        }
        let found = |wanted: &Option<String>, unwanted: &Option<String>, member: &str| {
            Ok::<_, Wrong>(Found {
                wanted: optional(&format!("when.{member}"), wanted.as_ref())?,
                unwanted: optional(&format!("when.not_{member}"), unwanted.as_ref())?,
            })
        };
        Ok(Self {
            route: when.route.clone(),
            method: method("when.method", when.method.as_ref())?,
            target: found(&when.target, &when.not_target, "target")?,
            headers: wanted_headers("when.header", &when.header)?,
            body: found(&when.body, &when.not_body, "body")?,
            by: when.by.clone(),
            accepted: when.accepted,
            status: status("when.status", when.status)?,
            answer: optional("when.answer", when.answer.as_ref())?,
            answer_headers: wanted_headers("when.answer_header", &when.answer_header)?,
        })
    }

    /// Whether any condition is left for when the engine has answered.
    fn looks_at_outcome(&self) -> bool {
        self.by.is_some()
            || self.accepted.is_some()
            || self.status.is_some()
            || self.answer.is_some()
            || !self.answer_headers.is_empty()
    }

    fn request_holds(&self, call: &Call<'_>, route: impl FnOnce() -> Option<&'static str>) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| *method == *call.method)
            && self.target.holds(call.target.as_bytes())
            && headers_hold(&self.headers, &call.headers)
            && self.body.holds(&call.body)
            // Last: the engine must be asked for it.
            && (self.route.is_none() || self.route.as_deref() == route())
    }

    fn outcome_holds<E>(&self, outcome: &Outcome<E>) -> bool {
        let by = outcome.refused_by.first().map(|rule| rule.as_str());
        (self.by.is_none() || self.by.as_deref() == by)
            && self
                .accepted
                .is_none_or(|accepted| accepted == by.is_none())
            && self
                .status
                .is_none_or(|status| status == outcome.answer.status())
            && self
                .answer
                .as_ref()
                .is_none_or(|regex| regex.is_match(outcome.answer.body()))
            && headers_hold(&self.answer_headers, outcome.answer.headers())
    }
}

fn wanted_headers(
    member: &str,
    headers: &BTreeMap<String, Header>,
) -> Result<Vec<(HeaderName, Option<Regex>)>, Wrong> {
    headers
        .iter()
        .map(|(name, wanted)| {
            let member = format!("{member}.{name}");
            let regex = match wanted {
                Header::Text(text) => Some(expression(&member, text)?),
                Header::Absent => None,
            };
            Ok((header_name(&member, name)?, regex))
        })
        .collect()
}

fn headers_hold(wanted: &[(HeaderName, Option<Regex>)], headers: &HeaderMap) -> bool {
    wanted.iter().all(|(name, regex)| match regex {
        Some(regex) => headers
            .get_all(name)
            .iter()
            .any(|value| regex.is_match(value.as_bytes())),
        None => !headers.contains_key(name),
    })
}

/// A call that may be changed before the engine sees it.
struct Call<'a> {
    /// What does not change.
    parts: Parts<'a>,
    method: Cow<'a, Method>,
    /// Path and query.
    target: String,
    headers: Cow<'a, HeaderMap>,
    /// As far as it came; nothing if it is too long or broken.
    body: Cow<'a, [u8]>,
    /// How the body came.
    state: Body<'a>,
}

impl<'a> Call<'a> {
    fn new(request: &Request<'a>) -> Self {
        let parts = request.parts;
        let target = match parts.query {
            Some(query) => format!("{}?{query}", parts.path),
            None => parts.path.to_owned(),
        };
        Self {
            parts,
            method: Cow::Borrowed(parts.method),
            target,
            headers: Cow::Borrowed(parts.headers),
            body: Cow::Borrowed(match request.body {
                Body::Whole(bytes) => bytes,
                Body::TooLong | Body::Broken => &[],
            }),
            state: request.body,
        }
    }

    fn request(&self) -> Request<'_> {
        let (path, query) = match self.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.target.as_str(), None),
        };
        let parts = Parts {
            method: &self.method,
            path,
            query,
            headers: &self.headers,
            ..self.parts
        };
        let body = match self.state {
            Body::Whole(_) => Body::Whole(&self.body),
            spoiled => spoiled,
        };
        Request { parts, body }
    }
}

/// What becomes of a request.
struct RequestChange {
    method: Option<Method>,
    target: Option<Rewrite>,
    headers: HeaderChanges,
    body: Option<Rewrite>,
}

impl RequestChange {
    fn compile(change: &fixtures::RequestChange) -> Result<Self, Wrong> {
        Ok(Self {
            method: method("request.method", change.method.as_ref())?,
            target: Rewrite::compile("request.target", change.target.as_ref())?,
            headers: HeaderChanges::compile("request.headers", &change.headers)?,
            body: Rewrite::compile("request.body", change.body.as_ref())?,
        })
    }

    /// Says whether that changed anything.
    fn apply(&self, call: &mut Call<'_>) -> bool {
        let mut changed = false;
        if let Some(method) = &self.method
            && *method != *call.method
        {
            call.method = Cow::Owned(method.clone());
            changed = true;
        }
        let target = self
            .target
            .as_ref()
            .and_then(|rewrite| rewrite.apply(call.target.as_bytes()));
        if let Some(target) = target {
            call.target = String::from_utf8_lossy(&target).into_owned();
            changed = true;
        }
        if let Some(headers) = self.headers.apply(&call.headers) {
            call.headers = Cow::Owned(headers);
            changed = true;
        }
        let whole = matches!(call.state, Body::Whole(_));
        let body = self.body.as_ref().filter(|_| whole);
        if let Some(body) = body.and_then(|rewrite| rewrite.apply(&call.body)) {
            if call.headers.contains_key(CONTENT_LENGTH) {
                let headers = call.headers.to_mut();
                headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            }
            call.body = Cow::Owned(body);
            changed = true;
        }
        changed
    }
}

/// What becomes of an answer.
struct AnswerChange {
    status: Option<StatusCode>,
    headers: HeaderChanges,
    body: Option<Rewrite>,
}

impl AnswerChange {
    fn compile(change: &fixtures::AnswerChange) -> Result<Self, Wrong> {
        Ok(Self {
            status: status("answer.status", change.status)?,
            headers: HeaderChanges::compile("answer.headers", &change.headers)?,
            body: Rewrite::compile("answer.body", change.body.as_ref())?,
        })
    }

    /// Says whether that changed anything.
    fn apply(&self, answer: &mut Answer) -> bool {
        let mut changed = false;
        if let Some(status) = self.status
            && status != answer.status()
        {
            *answer.status_mut() = status;
            changed = true;
        }
        if let Some(headers) = self.headers.apply(answer.headers()) {
            *answer.headers_mut() = headers;
            changed = true;
        }
        let body = self.body.as_ref();
        if let Some(body) = body.and_then(|rewrite| rewrite.apply(answer.body())) {
            if let Some(length) = answer.headers_mut().get_mut(CONTENT_LENGTH) {
                *length = HeaderValue::from(body.len());
            }
            *answer.body_mut() = Bytes::from(body);
            changed = true;
        }
        changed
    }
}

/// Headers to set, or to take away.
struct HeaderChanges(Vec<(HeaderName, Option<HeaderValue>)>);

impl HeaderChanges {
    fn compile(member: &str, headers: &BTreeMap<String, Header>) -> Result<Self, Wrong> {
        let compiled = headers.iter().map(|(name, change)| {
            let member = format!("{member}.{name}");
            let name = header_name(&member, name)?;
            if name == CONTENT_LENGTH {
                return Err(wrong(&member, "it follows the body"));
            }
            let value = match change {
                Header::Text(text) => {
                    let value = HeaderValue::from_str(text);
                    Some(value.map_err(|error| wrong(&member, &error))?)
                }
                Header::Absent => None,
            };
            Ok((name, value))
        });
        compiled.collect::<Result<_, Wrong>>().map(Self)
    }

    /// The changed headers, each in its place and new ones last, unless nothing changes. A header that is set stands there
    /// once.
    fn apply(&self, headers: &HeaderMap) -> Option<HeaderMap> {
        let differs = self.0.iter().any(|(name, wanted)| {
            let mut held = headers.get_all(name).iter();
            (held.next(), held.next()) != (wanted.as_ref(), None)
        });
        if !differs {
            return None;
        }
        let taken = |name: &HeaderName| {
            self.0
                .iter()
                .any(|(other, value)| other == name && value.is_none())
        };
        // `HeaderMap::remove` would move the last header into the gap.
        let mut changed = HeaderMap::with_capacity(headers.len());
        for (name, value) in headers.iter().filter(|(name, _)| !taken(name)) {
            changed.append(name, value.clone());
        }
        for (name, value) in &self.0 {
            if let Some(value) = value {
                changed.insert(name, value.clone());
            }
        }
        Some(changed)
    }
}

/// A text in place of another one.
enum Rewrite {
    Whole(Vec<u8>),
    Replace(Vec<(Regex, Vec<u8>)>),
}

impl Rewrite {
    fn compile(member: &str, rewrite: Option<&fixtures::Rewrite>) -> Result<Option<Self>, Wrong> {
        let pair =
            |(from, to): &(String, String)| Ok((expression(member, from)?, to.as_bytes().to_vec()));
        Ok(match rewrite {
            None => None,
            Some(fixtures::Rewrite::Whole(text)) => Some(Self::Whole(text.as_bytes().to_vec())),
            Some(fixtures::Rewrite::Replace(pairs)) => Some(Self::Replace(
                pairs.iter().map(pair).collect::<Result<_, Wrong>>()?,
            )),
        })
    }

    /// The new bytes, unless they are the old ones.
    fn apply(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let new = match self {
            Self::Whole(whole) => whole.clone(),
            Self::Replace(pairs) => {
                let mut bytes = bytes.to_vec();
                for (from, to) in pairs {
                    bytes = from.replace_all(&bytes, to.as_slice()).into_owned();
                }
                bytes
            }
        };
        (new != bytes).then_some(new)
    }
}
