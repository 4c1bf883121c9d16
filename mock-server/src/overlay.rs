//! What stands around an engine and breaks its rules on purpose: a deviation of `fixtures`, compiled. No I/O.
//!
//! A deviation belongs to the vendor that its id begins with. It may change the request before the engine is asked, open
//! gates in it and give it another time; and afterwards change what it answered, what that causes, and what it counts. On a dry run it only counts the calls that it
//! would change, one deviation apart from the other.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;
use std::ops::Deref;
use std::sync::OnceLock;

use bytes::Bytes;
use fixtures::{Deviation, Header, Quantity};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use regex::bytes::{Regex, RegexBuilder};

use crate::clock::Clock;
use crate::document::nearest;
use crate::engine::{
    Answer, Body, Head, Outcome, Parts, Reason, Request, Usage, Vendor, with_open_gates,
};
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
    /// Whether it only counts what it would change.
    pub dry_run: bool,
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
    // What is decided without any deviation. Found out once, however many of them leave the request as it is.
    let plain = LazyCell::new(|| V::decide(state, usage, request, now));
    let around = |deviations: &mut [Active]| {
        decide_around::<V>(state, usage, request, now, deviations, &plain)
    };
    for active in deviations
        .iter_mut()
        .filter(|active| active.dry_run && active.vendor() == V::NAME)
    {
        // Each meets the call as if it were the only one, and only its count is kept.
        active.dry_run = false;
        around(std::slice::from_mut(active));
        active.dry_run = true;
    }
    around(deviations)
}

/// [`decide`] for deviations that are no dry run, or stand by; `plain` is what is decided without them.
fn decide_around<V: Vendor>(
    state: &V::State,
    usage: &Usage,
    request: &Request<'_>,
    now: Timestamp,
    deviations: &mut [Active],
    plain: &impl Deref<Target = Outcome<V::Event>>,
) -> (Outcome<V::Event>, Timestamp) {
    let mut call = Call::new(request);
    let mut at = now;
    let mut open = Vec::new();
    let mut met = Vec::new();
    for active in deviations
        .iter_mut()
        .filter(|active| active.stands_in(V::NAME))
    {
        if !active.when.request_holds(&call, || Engine::of(plain)) {
            continue;
        }
        let before = at;
        at = active.clock.map_or(at, |clock| clock.now(at));
        let changed = active.request.apply(&mut call) || at != before;
        open.extend_from_slice(&active.ignore);
        met.push((active, changed));
    }
    let (mut outcome, passed) = if open.is_empty() && met.iter().all(|(_, changed)| !changed) {
        (plain.deref().clone(), Vec::new())
    } else {
        with_open_gates(open, || V::decide(state, usage, &call.request(), at))
    };
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

/// [`Vendor::head`] with deviations around it. Nothing is known of the body yet, so those that look for something in it
/// find nothing.
pub(crate) fn head<V: Vendor>(
    state: &V::State,
    parts: &Parts<'_>,
    now: Timestamp,
    deviations: &[Active],
) -> Head {
    let request = Request {
        parts: *parts,
        body: Body::Whole(&[]),
    };
    let plain = LazyCell::new(|| V::decide(state, &Usage::default(), &request, now));
    let mut call = Call::new(&request);
    let mut at = now;
    let mut open = Vec::new();
    for active in deviations.iter().filter(|active| active.stands_in(V::NAME)) {
        if active.when.request_holds(&call, || Engine::of(&plain)) {
            at = active.clock.map_or(at, |clock| clock.now(at));
            active.request.apply(&mut call);
            open.extend_from_slice(&active.ignore);
        }
    }
    with_open_gates(open, || V::head(state, &call.request().parts, at)).0
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
            dry_run: false,
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

    /// Whether it changes calls of that vendor.
    fn stands_in(&self, vendor: &str) -> bool {
        !self.dry_run && self.vendor() == vendor
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

fn reason(text: &str) -> Result<Reason, Wrong> {
    if text
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        Ok(Reason(text.into()))
    } else {
        Err(wrong(
            "answer.reason",
            "no text that can stand behind a status",
        ))
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
    sound: Option<bool>,
    by: Option<String>,
    accepted: Option<bool>,
    status: Option<StatusCode>,
    answer: Option<Regex>,
    answer_headers: Vec<(HeaderName, Option<Regex>)>,
}

/// What an engine says of a call as it was sent.
#[derive(Clone, Copy)]
struct Engine {
    route: Option<&'static str>,
    accepts: bool,
}

impl Engine {
    fn of<E>(outcome: &Outcome<E>) -> Self {
        Self {
            route: outcome.route,
            accepts: outcome.refused_by.is_empty(),
        }
    }
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
            sound: when.sound,
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

    fn request_holds(&self, call: &Call<'_>, plain: impl Fn() -> Engine) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| *method == *call.method)
            && self.target.holds(call.target.as_bytes())
            && headers_hold(&self.headers, &call.headers)
            && self.body.holds(&call.body)
            // Last: the engine must be asked for them.
            && (self.route.is_none() || self.route.as_deref() == plain().route)
            && self.sound.is_none_or(|sound| plain().accepts == sound)
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
    reason: Option<Reason>,
    headers: HeaderChanges,
    body: Option<Rewrite>,
}

impl AnswerChange {
    fn compile(change: &fixtures::AnswerChange) -> Result<Self, Wrong> {
        Ok(Self {
            status: status("answer.status", change.status)?,
            reason: change.reason.as_deref().map(reason).transpose()?,
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
        if let Some(reason) = &self.reason {
            answer.extensions_mut().insert(reason.clone());
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
                let mut new = Cow::Borrowed(bytes);
                for (from, to) in pairs {
                    // Where nothing is found nothing is copied: bodies may be long.
                    if let Cow::Owned(replaced) = from.replace_all(&new, to.as_slice()) {
                        new = Cow::Owned(replaced);
                    }
                }
                match new {
                    Cow::Owned(new) => new,
                    Cow::Borrowed(_) => return None,
                }
            }
        };
        (new != bytes).then_some(new)
    }
}

#[cfg(test)]
mod tests {
    use fixtures::{AnswerChange, Overlay, RequestChange, When};
    use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST};
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::engine::{Head, Usage};
    use crate::testing::{self, Bench, Tested, first};
    use crate::vendors::chase::Chase;
    use crate::vendors::comm100::Comm100;
    use crate::vendors::impact::Impact;

    type Sent<V> = testing::Call<<V as Vendor>::Event>;

    const SALE: &str =
        "conversion_name=Product+Purchase&visitorId=7273e957-02cb-4c03-a84c-44283fcfd47d&value=500";

    fn active(vendor: &str, overlay: Overlay) -> Active {
        compile(vendor, overlay).unwrap()
    }

    fn compile(vendor: &str, overlay: Overlay) -> Result<Active, OverlayError> {
        Active::new(&Deviation {
            id: format!("{vendor}.section.rule.made_up"),
            breaks: Vec::new(),
            shows: None,
            says: None,
            overlay,
        })
    }

    /// A part of an overlay, as it is written.
    fn part<T: DeserializeOwned>(text: &str) -> T {
        toml::from_str(text).unwrap()
    }

    fn when(text: &str) -> When {
        part(text)
    }

    fn request(text: &str) -> RequestChange {
        part(text)
    }

    fn answer(text: &str) -> AnswerChange {
        part(text)
    }

    fn ignoring(vendor: &str, rules: &[&str]) -> Active {
        let ignore = rules.iter().map(|rule| (*rule).to_owned()).collect();
        active(
            vendor,
            Overlay {
                ignore,
                ..Overlay::default()
            },
        )
    }

    /// A documented call.
    fn documented<V: Tested>(name: &str) -> Sent<V> {
        let examples = testing::fixture::<V>().examples().unwrap();
        let example = examples
            .iter()
            .find(|example| example.name == name)
            .unwrap();
        Sent::<V>::documented(&example.request)
    }

    /// The documented call that marks a conversion: of an unknown name.
    fn mark() -> Sent<Comm100> {
        documented::<Comm100>("conversions/mark")
    }

    fn sale() -> Sent<Comm100> {
        mark().body_of(SALE)
    }

    /// A call of a documented sandbox with deviations around the engine.
    fn send<V: Tested>(call: &Sent<V>, deviations: &mut [Active]) -> Outcome<V::Event> {
        let bench = Bench::<V>::documented();
        decide::<V>(
            &bench.state,
            &bench.usage,
            &call.request(),
            bench.now,
            deviations,
        )
        .0
    }

    fn text<E>(outcome: &Outcome<E>) -> &str {
        std::str::from_utf8(outcome.answer.body()).unwrap()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn every_deviation_compiles() {
        for deviation in catalogue().values() {
            Active::new(deviation).unwrap();
        }
    }

    #[test]
    fn an_open_gate_lets_through_what_it_would_refuse() {
        let mut deviations = [ignoring("comm100", &["comm100.authentication.wrong_key"])];
        // dGVzdGVyQGNvbW0xMDAuY29tOndyb25n is the documented agent with the key "wrong".
        let call = sale().with(AUTHORIZATION, "Basic dGVzdGVyQGNvbW0xMDAuY29tOndyb25n");
        assert_eq!(
            first(&send::<Comm100>(&call, &mut [])),
            Some("comm100.authentication.wrong_key")
        );
        let outcome = send::<Comm100>(&call, &mut deviations);
        assert_eq!((outcome.events.len(), outcome.refused_by.len()), (1, 0));
        assert_eq!(deviations[0].activations(), 1);
        // Nothing to let through, and another gate that refuses.
        send::<Comm100>(&sale(), &mut deviations);
        assert_eq!(
            first(&send::<Comm100>(
                &sale().without(AUTHORIZATION),
                &mut deviations
            )),
            Some("comm100.authentication.required")
        );
        assert_eq!(deviations[0].activations(), 1);
    }

    #[test]
    fn gates_are_shut_again() {
        let rule = "comm100.authentication.required";
        let call = sale().without(AUTHORIZATION);
        let without_deviations = || first(&Bench::<Comm100>::documented().decide(&call));
        send::<Comm100>(&call, &mut [ignoring("comm100", &[rule])]);
        assert_eq!(without_deviations(), Some(rule));
        let panicked = std::panic::catch_unwind(|| {
            with_open_gates(vec![rule.to_owned()], || panic!("on purpose"));
        });
        assert!(panicked.is_err());
        assert_eq!(without_deviations(), Some(rule));
    }

    #[test]
    fn a_request_becomes_another_one() {
        for (change, call, refused_by) in [
            (r#"body = ["sales_goal", "Product+Purchase"]"#, mark(), None),
            (
                r#"body = [["sales_(g)oal", "${1}oal"], ["goal", "Product+Purchase"]]"#,
                mark(),
                None,
            ),
            (r#"body = """#, sale(), Some("comm100.mark.name_required")),
            (r#"method = "DELETE""#, sale(), Some("comm100.paths.method")),
            (
                r#"target = ["/livechat/.*", "/nowhere"]"#,
                sale(),
                Some("comm100.paths.unknown"),
            ),
            (
                "headers = { Authorization = false }",
                sale(),
                Some("comm100.authentication.required"),
            ),
            (
                r#"headers = { Content-Type = "text/plain" }"#,
                sale(),
                Some("comm100.mark.form_only"),
            ),
        ] {
            let mut deviations = [active(
                "comm100",
                Overlay {
                    request: request(change),
                    ..Overlay::default()
                },
            )];
            let outcome = send::<Comm100>(&call, &mut deviations);
            assert_eq!(first(&outcome), refused_by, "{change}");
            assert_eq!(deviations[0].activations(), 1, "{change}");
        }
    }

    #[test]
    fn a_changed_target_has_a_query_of_its_own() {
        let change = request(r#"target = ['\?.*', "?other"]"#);
        let mut deviations = [active(
            "chase",
            Overlay {
                request: change,
                ..Overlay::default()
            },
        )];
        let call = documented::<Chase>("log_conversion/purchase")
            .to("/api/v2/conversions/?this")
            .with(HOST, "a");
        let outcome = send::<Chase>(&call, &mut deviations);
        assert_eq!(
            outcome.answer.headers()["location"],
            "http://a/api/v2/conversions?other"
        );
    }

    #[test]
    fn an_answer_becomes_another_one() {
        let plain = send::<Comm100>(&sale(), &mut []).answer;
        let change = answer(
            r#"
            status = 201
            headers = { Content-Type = "text/plain", X-New = "1" }
            body = ["ok", "fine"]
            "#,
        );
        let mut deviations = [active(
            "comm100",
            Overlay {
                answer: change,
                ..Overlay::default()
            },
        )];
        let outcome = send::<Comm100>(&sale(), &mut deviations);
        assert_eq!(outcome.answer.status(), 201);
        assert_eq!(text(&outcome), r#"{"error_code":0,"error_message":"fine"}"#);
        let headers = outcome.answer.headers();
        assert_eq!(headers[CONTENT_TYPE], "text/plain");
        assert_eq!(
            headers[CONTENT_LENGTH],
            outcome.answer.body().len().to_string()
        );
        // In their places; the new one last.
        assert_eq!(
            names(headers),
            [&names(plain.headers())[..], &["x-new"]].concat()
        );
        assert_eq!(deviations[0].activations(), 1);
    }

    #[test]
    fn a_header_that_is_taken_away_leaves_the_others_in_order() {
        let plain = send::<Comm100>(&sale(), &mut []).answer;
        let change = answer("headers = { Date = false }\nbody = \"\"");
        let outcome = send::<Comm100>(
            &sale(),
            &mut [active(
                "comm100",
                Overlay {
                    answer: change,
                    ..Overlay::default()
                },
            )],
        );
        assert!(names(plain.headers()).len() > 2);
        assert_eq!(names(outcome.answer.headers()), names(plain.headers())[1..]);
        assert_eq!(
            (
                outcome.answer.headers()[CONTENT_LENGTH].as_bytes(),
                text(&outcome)
            ),
            (&b"0"[..], "")
        );
    }

    #[test]
    fn events_and_counts_are_dropped_or_doubled() {
        for (quantity, times) in [(Quantity::Drop, 0), (Quantity::Twice, 2)] {
            let overlay = || Overlay {
                events: Some(quantity),
                ..Overlay::default()
            };
            let mut deviations = [active("comm100", overlay())];
            let outcome = send::<Comm100>(&sale(), &mut deviations);
            assert_eq!((outcome.events.len(), outcome.counts.len()), (times, 1));
            // The documented call is counted, but causes nothing.
            send::<Comm100>(&mark(), &mut deviations);
            assert_eq!(deviations[0].activations(), 1);

            let overlay = Overlay {
                counts: Some(quantity),
                ..Overlay::default()
            };
            let mut deviations = [active("comm100", overlay)];
            let outcome = send::<Comm100>(&sale(), &mut deviations);
            assert_eq!((outcome.events.len(), outcome.counts.len()), (1, times));
            send::<Comm100>(&sale().without(AUTHORIZATION), &mut deviations);
            assert_eq!(deviations[0].activations(), 1);
        }
    }

    #[test]
    fn the_engine_is_given_another_time() {
        let bench = Bench::<Comm100>::documented();
        let mut deviations = [active(
            "comm100",
            Overlay {
                clock_ms: -60_000,
                ..Overlay::default()
            },
        )];
        let (outcome, at) = decide::<Comm100>(
            &bench.state,
            &bench.usage,
            &sale().request(),
            bench.now,
            &mut deviations,
        );
        assert_eq!(at, bench.now - SignedDuration::from_secs(60));
        assert_eq!(
            outcome.answer.headers()[DATE],
            "Sat, 31 Jan 2026 11:59:00 GMT"
        );
        assert_eq!(deviations[0].activations(), 1);
    }

    #[test]
    fn all_conditions_must_hold() {
        let changes = |condition: &str| {
            let overlay = Overlay {
                when: when(condition),
                answer: answer("status = 418"),
                ..Overlay::default()
            };
            send::<Comm100>(&mark(), &mut [active("comm100", overlay)])
                .answer
                .status()
                == 418
        };
        for holds in [
            "",
            r#"route = "POST /api/v1/livechat/mark_api_conversion_successful""#,
            r#"method = "POST""#,
            r#"target = "^/api/v1/.*successful$""#,
            r"not_target = '\?'",
            r#"header = { Content-Type = "form", X-None = false }"#,
            r#"body = "value=500$""#,
            r#"not_body = "Product""#,
            "sound = false",
            r#"by = "comm100.mark.unknown_name""#,
            "accepted = false",
            "status = 200",
            r#"answer = '"error_code":1'"#,
            r#"answer_header = { Content-Type = "json", X-None = false }"#,
        ] {
            assert!(changes(holds), "{holds}");
        }
        for fails in [
            r#"route = "GET /api/v1/livechat/conversions""#,
            r#"method = "PUT""#,
            r#"target = "conversions$""#,
            r#"not_target = "mark""#,
            r#"header = { Content-Type = "json" }"#,
            "header = { Content-Type = false }",
            r#"header = { X-None = "" }"#,
            r#"body = "Product""#,
            r#"not_body = "value""#,
            "sound = true",
            r#"by = "comm100.mark.error_3""#,
            "accepted = true",
            "status = 400",
            r#"answer = '"error_code":0'"#,
            r#"answer_header = { Content-Type = "text" }"#,
            "answer_header = { Content-Type = false }",
            "method = \"POST\"\naccepted = true",
        ] {
            assert!(!changes(fails), "{fails}");
        }
    }

    #[test]
    fn what_does_not_meet_a_request_leaves_it_alone() {
        let overlay = Overlay {
            when: when(r#"target = "visitors""#),
            ignore: vec!["comm100.authentication.required".to_owned()],
            request: request(r#"method = "DELETE""#),
            clock_ms: 5,
            ..Overlay::default()
        };
        let mut deviations = [active("comm100", overlay)];
        let call = sale().without(AUTHORIZATION);
        let outcome = send::<Comm100>(&call, &mut deviations);
        assert_eq!(first(&outcome), Some("comm100.authentication.required"));
        assert_eq!(deviations[0].activations(), 0);
    }

    #[test]
    fn conditions_on_the_answer_look_at_the_changed_call() {
        let overlay = Overlay {
            when: when("accepted = true"),
            request: request(r#"body = ["sales_goal", "Product+Purchase"]"#),
            events: Some(Quantity::Drop),
            ..Overlay::default()
        };
        let outcome = send::<Comm100>(&mark(), &mut [active("comm100", overlay)]);
        assert_eq!(
            (text(&outcome), outcome.events.len()),
            (r#"{"error_code":0,"error_message":"ok"}"#, 0)
        );
    }

    #[test]
    fn what_changes_nothing_is_not_counted() {
        for (request_change, answer_change) in [
            (r#"method = "POST""#, ""),
            (r#"body = ["absent", "x"]"#, ""),
            (
                r#"headers = { Host = "hosted.comm100.com", X-None = false }"#,
                "",
            ),
            ("", "status = 200"),
            ("", r#"body = ["absent", "x"]"#),
            ("", "headers = { X-None = false }"),
        ] {
            let overlay = Overlay {
                request: request(request_change),
                answer: answer(answer_change),
                ..Overlay::default()
            };
            let mut deviations = [active("comm100", overlay)];
            send::<Comm100>(&sale(), &mut deviations);
            assert_eq!(
                deviations[0].activations(),
                0,
                "{request_change}{answer_change}"
            );
        }
    }

    #[test]
    fn several_apply_in_their_order() {
        let step = |from: &str, to: &str| {
            let change = format!("body = ['{from}', '{to}']");
            active(
                "comm100",
                Overlay {
                    answer: answer(&change),
                    ..Overlay::default()
                },
            )
        };
        let mut deviations = [step("ok", "one"), step("one", "two"), step("ok", "three")];
        let outcome = send::<Comm100>(&sale(), &mut deviations);
        assert_eq!(text(&outcome), r#"{"error_code":0,"error_message":"two"}"#);
        assert_eq!(deviations.map(|active| active.activations()), [1, 1, 0]);
    }

    #[test]
    fn deviations_of_another_vendor_stand_by() {
        let mut deviations = [active(
            "chase",
            Overlay {
                answer: answer("status = 418"),
                ..Overlay::default()
            },
        )];
        assert_eq!(
            send::<Comm100>(&sale(), &mut deviations).answer.status(),
            200
        );
        assert_eq!(deviations[0].activations(), 0);
    }

    #[test]
    fn a_body_that_did_not_come_whole_is_not_changed() {
        let overlay = Overlay {
            request: request(r#"body = "x""#),
            ..Overlay::default()
        };
        let mut deviations = [active("comm100", overlay)];
        let outcome = send::<Comm100>(&sale().spoiled(Body::TooLong), &mut deviations);
        assert_eq!(first(&outcome), Some("comm100.body.too_large"));
        assert_eq!(deviations[0].activations(), 0);
    }

    #[test]
    fn the_length_of_a_changed_request_follows_its_body() {
        let call = sale().with(CONTENT_LENGTH, SALE.len().to_string());
        let sent = call.request();
        let mut changed = Call::new(&sent);
        let change = super::RequestChange::compile(&request(r#"body = "value=1""#)).unwrap();
        assert!(change.apply(&mut changed));
        assert_eq!(changed.request().parts.headers[CONTENT_LENGTH], "7");
    }

    #[test]
    fn mistakes_name_the_deviation_and_the_member() {
        let with_when = |text: &str| Overlay {
            when: when(text),
            answer: answer("status = 418"),
            ..Overlay::default()
        };
        let with_answer = |text: &str| Overlay {
            answer: answer(text),
            ..Overlay::default()
        };
        let with_request = |text: &str| Overlay {
            request: request(text),
            ..Overlay::default()
        };
        for (overlay, named) in [
            (with_when(r#"target = "(""#), "when.target: "),
            (with_when(r#"not_body = "(""#), "when.not_body: "),
            (with_when(r#"header = { A = "(" }"#), "when.header.A: "),
            (
                with_when(r#"header = { "A B" = "x" }"#),
                "when.header.A B: ",
            ),
            (
                with_when(r#"route = "GET /api/v1/livechat/visitor""#),
                "did you mean GET /api/v1/livechat/visitors?",
            ),
            (with_when(r#"method = "A B""#), "when.method: "),
            (with_when("status = 99"), "when.status: "),
            (with_when(r"body = '(\w{100}){100}{100}'"), "when.body: "),
            (with_answer("status = 101"), "answer.status: "),
            (
                with_answer(r#"headers = { Content-Length = "1" }"#),
                "answer.headers.Content-Length: it follows",
            ),
            (
                with_answer("headers = { A = \"a\\n\" }"),
                "answer.headers.A: ",
            ),
            (with_answer(r#"body = ["(", ""]"#), "answer.body: "),
            (with_request(r#"target = ["(", ""]"#), "request.target: "),
            (with_request(r#"method = """#), "request.method: "),
            (
                Overlay {
                    when: when("status = 200"),
                    clock_ms: 1,
                    ..Overlay::default()
                },
                "when: looks at the outcome",
            ),
        ] {
            let Err(error) = compile("comm100", overlay) else {
                panic!("{named}")
            };
            let said = error.to_string();
            assert!(
                said.starts_with("deviation comm100.section.rule.made_up: "),
                "{said}"
            );
            assert!(said.contains(named), "{said}");
        }
    }

    #[test]
    fn ids_are_known_and_named_once() {
        let id = || catalogue().keys().next().unwrap().clone();
        assert_eq!(named(&[id()]).unwrap()[0].id(), id());
        let complaint = |ids: &[String]| named(ids).err().unwrap().to_string();
        assert_eq!(complaint(&[id(), id()]), format!("{} is given twice", id()));
        assert!(complaint(&[id() + "x"]).contains(&format!("did you mean `{}`?", id())));
    }

    /// Opens the gate that refuses, and the next one, for as long as opening helps; returns how many let something
    /// through. The engines must do without each of them.
    fn open_all<V: Tested>(bench: &Bench<V>, call: &Sent<V>) -> usize {
        let mut open: Vec<&str> = Vec::new();
        loop {
            let mut deviations = [ignoring(V::NAME, &open)];
            let request = call.request();
            let (outcome, _) = decide::<V>(
                &bench.state,
                &Usage::default(),
                &request,
                bench.now,
                &mut deviations,
            );
            match first(&outcome) {
                Some(rule) if !open.contains(&rule) => open.push(rule),
                Some(_) => return open.len() - 1,
                None => return open.len(),
            }
        }
    }

    #[test]
    fn no_open_gate_stops_an_engine() {
        fn spoil<V: Tested>(passed: &mut usize) {
            let bench = Bench::<V>::conformance();
            for example in testing::fixture::<V>().examples().unwrap() {
                let call = Sent::<V>::documented(&example.request);
                let body = String::from_utf8(call.body.clone().unwrap()).unwrap();
                let names: Vec<HeaderName> = call.headers.keys().cloned().collect();
                let mut calls: Vec<Sent<V>> = names
                    .iter()
                    .flat_map(|name| [call.clone().without(name), call.clone().with(name, "odd")])
                    .collect();
                for junk in [
                    "",
                    "x",
                    "-1",
                    "0",
                    "1e999",
                    "99999999999999999999",
                    "%FF%00",
                    "null",
                    "\"",
                ] {
                    // Each value of a form or a query, and each of a JSON text.
                    for (at, _) in body.match_indices(['=', ':']) {
                        let end = body[at..]
                            .find(['&', ',', '}'])
                            .map_or(body.len(), |length| at + length);
                        calls.push(call.clone().body_of(format!(
                            "{}{junk}{}",
                            &body[..=at],
                            &body[end..]
                        )));
                    }
                    calls.push(call.clone().to(&format!("{}{junk}", call.path)));
                    calls.push(call.clone().to(&format!("{}?Page={junk}&PageSize={junk}&StartDate={junk}&CampaignId={junk}&State={junk}", call.path)));
                }
                calls.push(call.clone().spoiled(Body::TooLong));
                calls.push(call.clone().spoiled(Body::Broken));
                for method in [Method::GET, Method::PUT, Method::DELETE] {
                    calls.push(Sent::<V> {
                        method,
                        ..call.clone()
                    });
                }
                *passed += calls
                    .iter()
                    .map(|call| open_all::<V>(&bench, call))
                    .sum::<usize>();
            }
        }
        let mut passed = [0; 3];
        spoil::<Comm100>(&mut passed[0]);
        spoil::<Chase>(&mut passed[1]);
        spoil::<Impact>(&mut passed[2]);
        assert!(passed.iter().all(|passed| *passed > 20), "{passed:?}");
    }

    #[test]
    fn no_open_gate_stops_the_judge_of_addresses() {
        let bench = Bench::<Chase>::documented();
        let call = documented::<Chase>("log_conversion/purchase");
        let mut passed = 0;
        for line in testing::fixture::<Chase>()
            .file("emails.jsonl")
            .unwrap()
            .lines()
        {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let body = serde_json::json!({"email": line["text"], "conversion_type": "a"});
            passed += open_all(&bench, &call.clone().body_of(body.to_string()));
        }
        assert!(passed > 100, "{passed}");
    }

    #[test]
    fn an_answer_may_say_its_status_in_other_words() {
        let odd = |phrase: &str| {
            let answer = AnswerChange {
                reason: Some(phrase.to_owned()),
                ..AnswerChange::default()
            };
            compile(
                "chase",
                Overlay {
                    answer,
                    ..Overlay::default()
                },
            )
        };
        let mut answer = Answer::default();
        assert!(odd("Fine").unwrap().answer.apply(&mut answer));
        assert_eq!(answer.extensions().get(), Some(&Reason("Fine".into())));
        assert!(odd("a\r\nb").is_err());
    }

    #[test]
    fn a_call_that_becomes_another_is_known_or_read_as_that() {
        let bench = Bench::<Chase>::documented();
        let call = documented::<Chase>("log_conversion/purchase");
        let moved = Overlay {
            request: request(r#"target = ["conversions", "nowhere"]"#),
            ..Overlay::default()
        };
        let looked = Overlay {
            when: when(r#"body = "email""#),
            ..moved.clone()
        };
        for (overlay, wanted) in [(moved, Head::Known), (looked, Head::Read)] {
            let deviations = [active("chase", overlay)];
            let head = head::<Chase>(&bench.state, &call.parts(), bench.now, &deviations);
            assert_eq!(head, wanted);
        }
    }

    #[test]
    fn an_open_gate_reads_the_body() {
        let mut sandbox =
            crate::sandbox::Sandbox::start(&crate::seed::merge(&[]).unwrap(), Clock::System);
        // The documented agent with a wrong key, as above.
        let call = sale().with(AUTHORIZATION, "Basic dGVzdGVyQGNvbW0xMDAuY29tOndyb25n");
        let head = |sandbox: &crate::sandbox::Sandbox| {
            sandbox.head(0, &call.parts(), Timestamp::UNIX_EPOCH)
        };
        assert_eq!(head(&sandbox), Head::Known);
        sandbox.deviations = vec![ignoring("chase", &["chase.key.required"])];
        assert_eq!(head(&sandbox), Head::Known);
        sandbox.deviations = vec![ignoring("comm100", &["comm100.authentication.wrong_key"])];
        assert_eq!(head(&sandbox), Head::Read);
    }
}
