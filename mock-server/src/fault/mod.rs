//! Scripted faults: which calls something goes wrong for, what, and how often. No I/O.
//!
//! A fault stands around an engine like a deviation (see [`crate::overlay`]), but it also says how often, by which
//! chance, and how the answer is delivered. A call meets one fault at the most: the first, in the order in which they
//! were made, that matches, skips nothing any more, has effects left, and whose chance falls.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::document::{Mistake, nearest};
use crate::engine::{
    Answer, Body, Condition, Cut, Delivery, Effect, Head, Outcome, Pace, Request, Usage, Vendor,
};
use crate::matcher::{Difference, Match, Matcher, Seen};
use crate::sandboxes::is_id;
use crate::vendors::VENDORS;

/// The longest delay, and the longest pause between two pieces of a body, in milliseconds.
const LONGEST_MS: u64 = 600_000;

/// No id of a fault: `POST faults/check` is a call of its own.
const RESERVED: &str = "check";

/// A fault as it is written.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Its id; without one it is given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which calls it is for; all unless given.
    #[serde(default, rename = "match")]
    pub wanted: Match,
    /// How many of them go through first.
    #[serde(default)]
    pub skip: u64,
    /// How many of them it takes effect on; without it there is no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The chance that it takes effect, above 0 and up to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// Whether the engine is asked first; without it that follows from what is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// What is done.
    #[serde(rename = "do")]
    pub effect: Effects,
}

fn always() -> f64 {
    1.0
}

/// Whether a fault comes before the vendor's engine, or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The engine is not asked, and nothing changes.
    Before,
    /// The call took effect; only its answer is lost or changed.
    After,
}

/// What a fault does: one or more of these.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Effects {
    /// Another answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// A condition of a vendor: `comm100.error_3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// How much later the answer goes out, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<DelayMs>,
    /// How the connection ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// What becomes of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Spoil>,
    /// In how small pieces the body goes out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dribble: Option<Dribble>,
}

/// A status with the vendor's own documented body and headers; or with other ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// 200 to 599.
    pub code: u16,
    /// Headers in place of the documented ones, or beside them.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub headers: serde_json::Map<String, Value>,
    /// A body in place of the documented one: a text as it is, anything else as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// A number of milliseconds, drawn anew for each call unless it is fixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DelayMs {
    /// Always the same.
    Fixed(u64),
    /// Any from the first to the second, each as likely.
    Uniform(u64, u64),
    /// Half of them below the median, few of them very long.
    LogNormal {
        /// The median.
        median: f64,
        /// The deviation of the logarithm; 0.5 is usual for a service.
        sigma: f64,
    },
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// By a TCP reset, without an answer.
    Reset,
    /// As usual, but without an answer.
    Close,
    /// As usual, after the first half of the body.
    CloseMidBody,
    /// Not at all: nothing comes until the client leaves.
    Hang,
}

/// What becomes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoil {
    /// Its first half, as if that were all.
    Truncate,
    /// A page in HTML, as of a proxy that failed.
    NotJson,
}

/// A body in small pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Dribble {
    /// Bytes of a piece.
    pub bytes: usize,
    /// Milliseconds between two of them.
    pub every_ms: u64,
}

/// The faults of a sandbox, in the order in which they were made.
#[derive(Default)]
pub struct Faults {
    scripted: Vec<Scripted>,
    /// How many were made without an id.
    made: u64,
    /// What chance derives from.
    seed: Uuid,
}

/// A fault, ready to meet calls.
#[derive(Debug)]
pub struct Scripted {
    id: Arc<str>,
    fault: Fault,
    matcher: Matcher,
    /// The vendor of the named condition, and its name there.
    condition: Option<(&'static str, String)>,
    when: When,
    seed: Uuid,
    /// Calls that matched.
    matched: u64,
    /// Calls that it took effect on.
    effects: u64,
}

/// A fault, and how often it took effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// As it was given, with what was left out filled in.
    #[serde(flatten)]
    pub fault: Fault,
    /// Calls that matched.
    pub matched: u64,
    /// Calls that it took effect on.
    pub effects: u64,
    /// Calls that it will still take effect on; without a bound there is no number.
    pub left: Option<u64>,
}

/// What the faults of a sandbox would make of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The documented route that it would meet.
    pub route: Option<&'static str>,
    /// The id of the fault that it would meet.
    pub fault: Option<String>,
    /// All of them, in order.
    pub faults: Vec<CheckedFault>,
}

/// What one fault would make of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckedFault {
    /// Its id.
    pub id: String,
    /// What would become of the request, in words.
    pub outcome: &'static str,
    /// Where it is for other calls than this one: in what they differ.
    pub differences: Vec<Difference>,
}

/// Why a fault cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// A member is wrong.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// There is one of that id.
    #[error("there is already a fault {0}")]
    Exists(String),
}

/// What a fault makes of a call, now that it is its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It takes effect.
    Effect,
    /// The call is one of those that go through first.
    Skipped,
    /// It took effect as often as it may.
    Spent,
    /// Chance has it otherwise.
    Spared,
}

impl Faults {
    /// No faults, with what chance derives from.
    pub fn new(seed: Uuid) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// Checks a fault, and adds it.
    ///
    /// # Errors
    ///
    /// When a member is wrong or contradicts another one, or there is a fault of that id. Nothing changes then.
    pub fn add(&mut self, mut fault: Fault) -> Result<&Scripted, FaultError> {
        let id = match fault.id.take() {
            Some(id) if !is_id(&id) => {
                let message =
                    "expected 1 to 64 letters, digits, '-', '_' or '.', not beginning with '.'";
                return Err(Mistake::new(["id"], message).into());
            }
            Some(id) if id == RESERVED => {
                let message =
                    "this one stands for checking which fault a request would meet; choose another";
                return Err(Mistake::new(["id"], message).into());
            }
            Some(id) if self.get(&id).is_some() => return Err(FaultError::Exists(id)),
            Some(id) => id,
            None => self.free_id(),
        };
        let seed = Uuid::new_v5(&self.seed, id.as_bytes());
        let scripted = Scripted::new(id, seed, fault)?;
        self.scripted.push(scripted);
        Ok(self.scripted.last().expect("it was pushed above"))
    }

    fn free_id(&mut self) -> String {
        loop {
            self.made += 1;
            let id = format!("fault-{}", self.made);
            if self.get(&id).is_none() {
                return id;
            }
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scripted.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scripted> {
        self.scripted.iter()
    }

    /// The fault of that id.
    pub fn get(&self, id: &str) -> Option<&Scripted> {
        self.iter().find(|scripted| scripted.id() == id)
    }

    /// Takes a fault away; says whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.scripted.len();
        self.scripted.retain(|scripted| scripted.id() != id);
        self.scripted.len() < before
    }

    /// Takes all faults away. Ids start again.
    pub fn clear(&mut self) {
        *self = Self::new(self.seed);
    }

    /// Which of them a request to a vendor would meet, given the route that it meets and whether it would cause anything.
    pub(crate) fn check(
        &self,
        vendor: usize,
        request: &Request<'_>,
        route: Option<&'static str>,
        causes: bool,
    ) -> Checked {
        let header = |name: &str| values(request.parts.headers, name);
        let met = || route;
        let seen = seen(VENDORS[vendor].name(), request, &header, &met);
        let mut fault = None;
        let each = |scripted: &Scripted| {
            let (outcome, differences) = match scripted.foresee(vendor, &seen, causes) {
                Err(differences) => ("other calls", differences),
                Ok(Turn::Effect) if fault.is_none() => {
                    fault = Some(scripted.id().to_owned());
                    ("takes effect", Vec::new())
                }
                Ok(Turn::Effect) => ("comes after another one", Vec::new()),
                Ok(Turn::Skipped) => ("lets this one through first", Vec::new()),
                Ok(Turn::Spent) => ("is used up", Vec::new()),
                Ok(Turn::Spared) => ("spares this one by chance", Vec::new()),
            };
            CheckedFault {
                id: scripted.id().to_owned(),
                outcome,
                differences,
            }
        };
        let faults = self.iter().map(each).collect();
        Checked {
            route,
            fault,
            faults,
        }
    }

    /// Whether any of them has to see the body of a call to that vendor.
    pub(crate) fn read_bodies(&self) -> bool {
        self.iter().any(|scripted| scripted.matcher.reads_body())
    }
}

/// [`Vendor::head`] with faults around it: one that looks at the body has to be shown it.
pub(crate) fn head(faults: &Faults, head: impl FnOnce() -> Head) -> Head {
    if faults.read_bodies() {
        Head::Read
    } else {
        head()
    }
}

/// What a vendor's engine is asked.
pub(crate) struct Asked<'a, V: Vendor> {
    pub(crate) state: &'a V::State,
    pub(crate) usage: &'a Usage,
    pub(crate) request: &'a Request<'a>,
    pub(crate) now: Timestamp,
}

/// What `decide` leads to, with faults around it. `plain` is what the engine says by itself; it is asked only where
/// something depends on that.
pub(crate) fn decide<V: Vendor>(
    asked: &Asked<'_, V>,
    faults: &mut Faults,
    plain: impl Fn() -> Outcome<V::Event>,
    decide: impl FnOnce() -> (Outcome<V::Event>, Timestamp),
) -> (Outcome<V::Event>, Timestamp) {
    let plain = LazyCell::new(plain);
    let header = |name: &str| values(asked.request.parts.headers, name);
    let route = || plain.route;
    let seen = seen(V::NAME, asked.request, &header, &route);
    let taken = faults.scripted.iter_mut().find_map(|scripted| {
        if !scripted.is_for(V::NAME) || !scripted.matcher.meets(&seen) {
            return None;
        }
        let condition = scripted.condition_of::<V>();
        if let Some(condition) = &condition
            && !can_happen(condition, &plain)
        {
            return None;
        }
        scripted.matched += 1;
        (scripted.turn(scripted.matched) == Turn::Effect).then(|| {
            scripted.effects += 1;
            (&*scripted, condition)
        })
    });
    match taken {
        None => decide(),
        Some((scripted, condition)) => scripted.take_effect(asked, condition, &plain, decide),
    }
}

/// Whether a condition can happen on this call.
fn can_happen<V: Vendor>(condition: &Condition<V>, plain: &Outcome<V::Event>) -> bool {
    let there = condition.route.is_none() || condition.route == plain.route;
    let causes = || !plain.events.is_empty();
    there && (matches!(condition.effect, Effect::Answer(_)) || causes())
}

/// A request as matchers look at it.
fn seen<'a>(
    vendor: &'a str,
    request: &Request<'a>,
    header: &'a dyn Fn(&str) -> Vec<String>,
    route: &'a dyn Fn() -> Option<&'static str>,
) -> Seen<'a> {
    let parts = &request.parts;
    let body = match request.body {
        Body::Whole(bytes) => bytes,
        Body::TooLong | Body::Broken => &[],
    };
    let target = (parts.path, parts.query.unwrap_or_default());
    Seen::new(
        Some(vendor),
        parts.method.as_str(),
        target,
        header,
        body,
        route,
    )
}

/// All values of a header.
pub(crate) fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}

impl Scripted {
    fn new(id: String, seed: Uuid, fault: Fault) -> Result<Self, Mistake> {
        refuse_answers(&fault.wanted).map_err(|mistake| mistake.below("match"))?;
        let matcher =
            Matcher::new(fault.wanted.clone()).map_err(|mistake| mistake.below("match"))?;
        if !(fault.probability > 0.0 && fault.probability <= 1.0) {
            return Err(Mistake::new(
                ["probability"],
                "expected a number above 0 and up to 1",
            ));
        }
        if fault.times == Some(0) {
            let message = "it would never take effect; leave it out for no bound";
            return Err(Mistake::new(["times"], message));
        }
        let below = |mistake: Mistake| mistake.below("do");
        let condition = named(&fault).map_err(below)?;
        fault.effect.check(&fault.wanted).map_err(below)?;
        let when = fault.place(condition.as_ref().is_some_and(Named::is_of_events))?;
        Ok(Self {
            id: id.into(),
            fault,
            matcher,
            condition: condition.map(|named| (named.vendor, named.name)),
            when,
            seed,
            matched: 0,
            effects: 0,
        })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As it was given, with what was left out filled in, and how often it took effect.
    pub fn tell(&self) -> Told {
        Told {
            fault: Fault {
                id: Some(self.id.to_string()),
                when: Some(self.when),
                ..self.fault.clone()
            },
            matched: self.matched,
            effects: self.effects,
            left: self.fault.times.map(|times| times - self.effects),
        }
    }

    /// Calls that it took effect on.
    pub fn effects(&self) -> u64 {
        self.effects
    }

    /// What it would make of a request. Counts nothing.
    /// `causes` says whether the request would cause anything.
    ///
    /// # Errors
    ///
    /// In what the request differs from those that it is for.
    pub fn foresee(
        &self,
        vendor: usize,
        seen: &Seen<'_>,
        causes: bool,
    ) -> Result<Turn, Vec<Difference>> {
        let mut differences = self.matcher.differences(seen, None);
        if let Some((wanted, name)) = &self.condition {
            let kind = VENDORS[vendor];
            let mut differs = |member: &str, wanted: Value, found: Value| {
                differences.push(Difference {
                    member: member.to_owned(),
                    wanted,
                    found,
                    why: Some("the named condition asks for that".to_owned()),
                });
            };
            let route = (seen.route)();
            if *wanted != kind.name() {
                differs("vendor", json!(wanted), json!(kind.name()));
            } else if let Some(only) = kind.condition_route(name)
                && route != Some(only)
            {
                differs("route", json!(only), json!(route));
            } else if kind.condition_is_of_events(name) && !causes {
                differs("accepted", json!(true), json!(false));
            }
        }
        if differences.is_empty() {
            Ok(self.turn(self.matched + 1))
        } else {
            Err(differences)
        }
    }

    fn is_for(&self, vendor: &str) -> bool {
        self.condition
            .as_ref()
            .is_none_or(|(wanted, _)| *wanted == vendor)
    }

    fn condition_of<V: Vendor>(&self) -> Option<Condition<V>> {
        let (_, name) = self.condition.as_ref()?;
        V::condition(name)
    }

    /// What becomes of the `n`-th call that matches.
    fn turn(&self, n: u64) -> Turn {
        if n <= self.fault.skip {
            return Turn::Skipped;
        }
        if self.fault.times.is_some_and(|times| self.effects >= times) {
            return Turn::Spent;
        }
        if self.fault.probability < 1.0 && self.draw(n, "chance") >= self.fault.probability {
            return Turn::Spared;
        }
        Turn::Effect
    }

    /// A number from 0 to below 1 that belongs to the `n`-th matching call and to `purpose`, always the same.
    fn draw(&self, n: u64, purpose: &str) -> f64 {
        let drawn = Uuid::new_v5(&self.seed, format!("{purpose} {n}").as_bytes());
        // 32 bits are plenty, and every one of them is a float.
        f64::from((drawn.as_u64_pair().0 >> 32) as u32) / (f64::from(u32::MAX) + 1.0)
    }

    fn take_effect<V: Vendor>(
        &self,
        asked: &Asked<'_, V>,
        condition: Option<Condition<V>>,
        plain: &Outcome<V::Event>,
        decide: impl FnOnce() -> (Outcome<V::Event>, Timestamp),
    ) -> (Outcome<V::Event>, Timestamp) {
        let (state, parts, now) = (asked.state, &asked.request.parts, asked.now);
        let (mut outcome, at) = match self.when {
            When::After => decide(),
            When::Before => {
                let outcome = Outcome::accepted(Answer::default());
                let route = plain.route;
                (Outcome { route, ..outcome }, now)
            }
        };
        match condition.map(|condition| condition.effect) {
            Some(Effect::Answer(answer)) => outcome.answer = answer(state, parts, now),
            Some(Effect::Events(change)) => {
                let (_, name) = self.condition.as_ref().expect("it was found by its name");
                let last = name.rsplit_once('.').map_or("", |(_, last)| last);
                change(&mut outcome.events, last);
            }
            None => {}
        }
        let effect = &self.fault.effect;
        if let Some(status) = &effect.status {
            let documented = || V::documented(state, asked.usage, parts, status.code, now);
            outcome.answer = status.answer(V::STATUSES, documented);
        }
        if let Some(spoil) = effect.body {
            spoil.apply(&mut outcome.answer);
        }
        let delivery = Delivery {
            delay_ms: effect.delay_ms.map_or(0, |delay| {
                delay.drawn(|purpose| self.draw(self.matched, purpose))
            }),
            pace: effect.dribble.map(|dribble| Pace {
                bytes: dribble.bytes,
                every_ms: dribble.every_ms,
            }),
            cut: effect.connection.map(Connection::cut),
        };
        if delivery != Delivery::default() {
            outcome.answer.extensions_mut().insert(delivery);
        }
        outcome.fault = Some(Arc::clone(&self.id));
        let did = effect.said(self.when);
        // Why a call was refused stays beside what the fault made of that.
        outcome.why = Cow::Owned(match &*outcome.why {
            "" => format!("fault {}: {did}", self.id),
            why => format!("{why}; fault {}: {did}", self.id),
        });
        (outcome, at)
    }
}

/// Refuses what only calls that were made can be matched by.
fn refuse_answers(wanted: &Match) -> Result<(), Mistake> {
    let Match {
        status,
        refused,
        refused_by,
        unmatched,
        fault,
        since,
        ..
    } = wanted;
    let given = [
        ("status", status.is_some()),
        ("refused", refused.is_some()),
        ("refused_by", refused_by.is_some()),
        ("unmatched", unmatched.is_some()),
        ("fault", fault.is_some()),
        ("since", since.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((member, _)) => Err(Mistake::new(
            [member],
            "a fault matches requests, and this is known of answers only; use it with POST verify",
        )),
    }
}

/// A condition that a fault names.
struct Named {
    vendor: &'static str,
    name: String,
    kind: &'static dyn crate::world::Kind,
}

impl Named {
    fn is_of_events(&self) -> bool {
        self.kind.condition_is_of_events(&self.name)
    }
}

/// The condition that a fault names, if it names one.
fn named(fault: &Fault) -> Result<Option<Named>, Mistake> {
    let Some(full) = &fault.effect.named else {
        return Ok(None);
    };
    let all = || {
        VENDORS.iter().flat_map(|kind| {
            let conditions = kind.conditions().into_iter();
            conditions.map(move |name| (*kind, format!("{}.{name}", kind.name())))
        })
    };
    let Some((kind, _)) = all().find(|(_, known)| known == full) else {
        let known: Vec<String> = all().map(|(_, known)| known).collect();
        let near = nearest(full, known.iter().map(String::as_str)).map_or_else(
            || format!("known are {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Mistake::new(
            ["named"],
            format!("no vendor has the condition {full:?}; {near}"),
        ));
    };
    if let Some(vendor) = &fault.wanted.vendor
        && vendor != kind.name()
    {
        let message = format!("{full} is of {}, and match.vendor is {vendor}", kind.name());
        return Err(Mistake::new(["named"], message));
    }
    let name = full[kind.name().len() + 1..].to_owned();
    if let (Some(wanted), Some(only)) = (&fault.wanted.route, kind.condition_route(&name))
        && wanted != only
    {
        let message = format!("{full} can only happen on {only}, and match.route is another one");
        return Err(Mistake::new(["named"], message));
    }
    if fault.effect.status.is_some() {
        let message = "it brings an answer of its own; leave status out";
        if !kind.condition_is_of_events(&name) {
            return Err(Mistake::new(["named"], message));
        }
    }
    Ok(Some(Named {
        vendor: kind.name(),
        name,
        kind,
    }))
}

impl Fault {
    /// Does these things to every call, until it is told otherwise.
    pub fn new(effect: Effects) -> Self {
        Self {
            id: None,
            wanted: Match::default(),
            skip: 0,
            times: None,
            probability: always(),
            when: None,
            effect,
        }
    }

    /// Answers with a status: `Fault::status(429)` with the vendor's own documented body and headers,
    /// `Fault::status(Status::of(502).body("bad gateway"))` with others.
    pub fn status(status: impl Into<Status>) -> Self {
        Self::new(Effects {
            status: Some(status.into()),
            ..Effects::default()
        })
    }

    /// A condition of a vendor: `comm100.error_3`.
    pub fn named(condition: impl Into<String>) -> Self {
        Self::new(Effects {
            named: Some(condition.into()),
            ..Effects::default()
        })
    }

    /// Answers later.
    pub fn delay(delay: impl Into<DelayMs>) -> Self {
        Self::new(Effects::default()).and_delay(delay)
    }

    /// Ends the connection.
    pub fn connection(connection: Connection) -> Self {
        Self::new(Effects::default()).and_connection(connection)
    }

    /// Spoils the body.
    pub fn body(spoil: Spoil) -> Self {
        Self::new(Effects::default()).and_body(spoil)
    }

    /// Sends the body in small pieces, with a pause between two of them.
    pub fn dribble(bytes: usize, every: Duration) -> Self {
        Self::new(Effects::default()).and_dribble(bytes, every)
    }

    /// The same, and the answer goes out later.
    #[must_use]
    pub fn and_delay(mut self, delay: impl Into<DelayMs>) -> Self {
        self.effect.delay_ms = Some(delay.into());
        self
    }

    /// The same, and the connection ends.
    #[must_use]
    pub fn and_connection(mut self, connection: Connection) -> Self {
        self.effect.connection = Some(connection);
        self
    }

    /// The same, and the body is spoilt.
    #[must_use]
    pub fn and_body(mut self, spoil: Spoil) -> Self {
        self.effect.body = Some(spoil);
        self
    }

    /// The same, and the body goes out in small pieces.
    #[must_use]
    pub fn and_dribble(mut self, bytes: usize, every: Duration) -> Self {
        self.effect.dribble = Some(Dribble {
            bytes,
            every_ms: milliseconds(every),
        });
        self
    }

    /// Only for these calls.
    #[must_use]
    pub fn on(mut self, wanted: Match) -> Self {
        self.wanted = wanted;
        self
    }

    /// Only so often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Lets so many calls through first.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Only by this chance, above 0 and up to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Instead of the engine: nothing changes.
    #[must_use]
    pub fn before(mut self) -> Self {
        self.when = Some(When::Before);
        self
    }

    /// Behind the engine: the call took effect, only its answer is lost or changed.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.when = Some(When::After);
        self
    }

    /// By this id in place of one that is made up.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Where it stands: as it says, or as follows from what it does.
    fn place(&self, of_events: bool) -> Result<When, Mistake> {
        let Effects {
            status,
            named,
            connection,
            ..
        } = &self.effect;
        let answers = status.is_some() || (named.is_some() && !of_events);
        let cuts = matches!(connection, Some(Connection::Reset | Connection::Hang));
        let default = if (answers || cuts) && !of_events {
            When::Before
        } else {
            When::After
        };
        let when = self.when.unwrap_or(default);
        if when == When::Before && of_events {
            let message = "the named condition is about what a call causes, so the engine is asked first: after";
            return Err(Mistake::new(["when"], message));
        }
        let ends = cuts || *connection == Some(Connection::Close);
        if when == When::Before && !answers && !ends {
            let message = "the engine would not be asked, and there would be no answer: give a status, or say after";
            return Err(Mistake::new(["when"], message));
        }
        Ok(when)
    }
}

impl Effects {
    fn check(&self, wanted: &Match) -> Result<(), Mistake> {
        if *self == Self::default() {
            let message =
                "expected one or more of status, named, delay_ms, connection, body, dribble";
            return Err(Mistake::new(Vec::<String>::new(), message));
        }
        if let Some(status) = &self.status {
            status
                .check(wanted)
                .map_err(|mistake| mistake.below("status"))?;
        }
        if let Some(delay) = self.delay_ms {
            delay
                .check()
                .map_err(|message| Mistake::new(["delay_ms"], message))?;
        }
        if let Some(Dribble { bytes, every_ms }) = self.dribble
            && (bytes == 0 || every_ms > LONGEST_MS)
        {
            let message = format!("expected at least 1 byte, every {LONGEST_MS} ms at the most");
            return Err(Mistake::new(["dribble"], message));
        }
        let silent = self
            .connection
            .filter(|connection| !connection.cut().answers());
        let spoilt = [
            ("status", self.status.is_some()),
            ("body", self.body.is_some()),
            ("dribble", self.dribble.is_some()),
        ];
        let answered = spoilt.into_iter().find(|(_, given)| *given);
        if let (Some(_), Some((member, _))) = (silent, answered) {
            let message = format!(
                "nothing is answered then, so {member} has no effect; leave one of them out"
            );
            return Err(Mistake::new(["connection"], message));
        }
        if self.connection == Some(Connection::Hang) && self.delay_ms.is_some() {
            let message = "nothing comes anyway, so delay_ms has no effect; leave one of them out";
            return Err(Mistake::new(["connection"], message));
        }
        Ok(())
    }

    /// What it does, in words.
    fn said(&self, when: When) -> String {
        let mut said = Vec::new();
        if let Some(status) = &self.status {
            said.push(format!("answered {}", status.code));
        }
        said.extend(self.named.clone());
        if self.delay_ms.is_some() {
            said.push("delayed".to_owned());
        }
        said.extend(self.connection.map(|connection| {
            match connection {
                Connection::Reset => "connection reset",
                Connection::Close => "connection closed without an answer",
                Connection::CloseMidBody => "connection closed within the body",
                Connection::Hang => "never answered",
            }
            .to_owned()
        }));
        said.extend(self.body.map(|spoil| {
            match spoil {
                Spoil::Truncate => "body truncated",
                Spoil::NotJson => "body is not JSON",
            }
            .to_owned()
        }));
        if self.dribble.is_some() {
            said.push("body dribbles".to_owned());
        }
        let effect = match when {
            When::Before => "the call had no effect",
            When::After => "the call took effect",
        };
        format!("{} ({effect})", said.join(", "))
    }
}

impl Status {
    /// A status with what the vendor documents for it.
    pub fn of(code: u16) -> Self {
        Self {
            code,
            headers: serde_json::Map::new(),
            body: None,
        }
    }

    /// The same, with a header in place of a documented one, or beside them.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// The same, with a body in place of the documented one: a text as it is, anything else as JSON.
    #[must_use]
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.body = Some(body.into());
        self
    }

    fn check(&self, wanted: &Match) -> Result<(), Mistake> {
        if !(200..600).contains(&self.code) {
            return Err(Mistake::new(
                ["code"],
                "expected the status of an answer, 200 to 599",
            ));
        }
        if matches!(self.code, 204 | 205 | 304) {
            let message = format!(
                "{} has no body, so it is no answer of a vendor; choose another",
                self.code
            );
            return Err(Mistake::new(["code"], message));
        }
        let mut names = HashSet::new();
        for (name, value) in &self.headers {
            let mistake = |message| Mistake::new(["headers", name], message);
            let (known, _) = header(name, value).map_err(mistake)?;
            if !names.insert(known) {
                return Err(mistake("it is given twice, in other letters".to_owned()));
            }
        }
        if self.body.is_some() {
            return Ok(());
        }
        let met = VENDORS.iter().filter(|kind| {
            let of_vendor = wanted.vendor.as_deref();
            let of_route = wanted.route.as_deref();
            of_vendor.is_none_or(|vendor| vendor == kind.name())
                && of_route.is_none_or(|route| kind.routes().contains(&route))
        });
        for kind in met {
            if !kind.statuses().contains(&self.code) {
                let known: Vec<String> = kind.statuses().iter().map(u16::to_string).collect();
                let message = format!(
                    "{} documents no {}, but {}; give a body, or name another vendor in match",
                    kind.title(),
                    self.code,
                    known.join(", ")
                );
                return Err(Mistake::new(["code"], message));
            }
        }
        Ok(())
    }

    /// The answer: what the vendor documents, changed as far as this says otherwise.
    fn answer(&self, statuses: &[u16], documented: impl FnOnce() -> Answer) -> Answer {
        let mut answer = if statuses.contains(&self.code) {
            documented()
        } else {
            Answer::default()
        };
        *answer.status_mut() =
            StatusCode::from_u16(self.code).expect("checked when the fault was made");
        if let Some(body) = &self.body {
            let (content_type, body) = match body {
                Value::String(text) => ("text/plain; charset=utf-8", text.clone()),
                other => ("application/json", other.to_string()),
            };
            answer
                .headers_mut()
                .insert(CONTENT_LENGTH, body.len().into());
            answer
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            *answer.body_mut() = body.into();
        }
        for (name, value) in &self.headers {
            let (name, value) = header(name, value).expect("checked when the fault was made");
            answer.headers_mut().insert(name, value);
        }
        answer
    }
}

fn header(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), String> {
    let name: HeaderName = name
        .parse()
        .map_err(|_| "this is no name of a header".to_owned())?;
    if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
        return Err("it follows the body".to_owned());
    }
    if name == CONNECTION || name == UPGRADE {
        return Err("it is about the connection; `connection` says how that ends".to_owned());
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err("expected a text or a number".to_owned()),
    };
    let value = HeaderValue::try_from(text)
        .map_err(|_| "this cannot be the value of a header".to_owned())?;
    Ok((name, value))
}

impl DelayMs {
    fn check(self) -> Result<(), String> {
        let sound = match self {
            Self::Fixed(ms) => ms <= LONGEST_MS,
            Self::Uniform(least, most) => least <= most && most <= LONGEST_MS,
            Self::LogNormal { median, sigma } => {
                median > 0.0 && median <= 600_000.0 && (0.0..=10.0).contains(&sigma)
            }
        };
        if sound {
            return Ok(());
        }
        Err(format!(
            "expected up to {LONGEST_MS}: a number, {{\"uniform\": [least, most]}}, or {{\"log_normal\": {{\"median\": above 0, \
             \"sigma\": 0 to 10}}}}"
        ))
    }

    /// One delay, in milliseconds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "from 0 to ten minutes, in whole milliseconds"
    )]
    fn drawn(self, draw: impl Fn(&str) -> f64) -> u64 {
        match self {
            Self::Fixed(ms) => ms,
            Self::Uniform(least, most) => {
                least + (draw("delay") * (most - least + 1) as f64) as u64
            }
            Self::LogNormal { median, sigma } => {
                // Box and Muller: two even draws make a normal one. 1 less the draw is never 0.
                let radius = (-2.0 * (1.0 - draw("radius")).ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * draw("angle")).cos();
                let ms = median * (sigma * normal).exp();
                ms.min(LONGEST_MS as f64) as u64
            }
        }
    }
}

impl Connection {
    fn cut(self) -> Cut {
        match self {
            Self::Reset => Cut::Reset,
            Self::Close => Cut::Close,
            Self::CloseMidBody => Cut::MidBody,
            Self::Hang => Cut::Hang,
        }
    }
}

impl Spoil {
    fn apply(self, answer: &mut Answer) {
        let body = match self {
            Self::Truncate => {
                let half = answer.body().len() / 2;
                answer.body().slice(..half)
            }
            Self::NotJson => {
                answer
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
                Bytes::from_static(b"<html><body><h1>502 Bad Gateway</h1></body></html>\n")
            }
        };
        answer
            .headers_mut()
            .insert(CONTENT_LENGTH, body.len().into());
        *answer.body_mut() = body;
    }
}

impl From<u16> for Status {
    fn from(code: u16) -> Self {
        Self::of(code)
    }
}

impl From<Duration> for DelayMs {
    fn from(delay: Duration) -> Self {
        Self::Fixed(milliseconds(delay))
    }
}

/// What is too long for a number is too long for a fault, which says so.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            code: u16,
            #[serde(default)]
            headers: serde_json::Map<String, Value>,
            body: Option<Value>,
        }
        let value = Value::deserialize(deserializer)?;
        if value.is_object() {
            let whole: Whole = crate::document::read(value).map_err(serde::de::Error::custom)?;
            return Ok(Self {
                code: whole.code,
                headers: whole.headers,
                body: whole.body,
            });
        }
        let code = value.as_u64().and_then(|code| u16::try_from(code).ok());
        code.map(Self::of).ok_or_else(|| {
            serde::de::Error::custom(
                "expected a status such as 429, or {\"code\": 429, \"headers\": {…}, \"body\": …}",
            )
        })
    }
}

impl<'de> Deserialize<'de> for DelayMs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct LogNormal {
            median: f64,
            sigma: f64,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Drawn {
            Uniform([u64; 2]),
            LogNormal(LogNormal),
        }
        let value = Value::deserialize(deserializer)?;
        if let Some(ms) = value.as_u64() {
            return Ok(Self::Fixed(ms));
        }
        if !value.is_object() {
            return Err(serde::de::Error::custom(
                "expected milliseconds, {\"uniform\": [least, most]}, or {\"log_normal\": {\"median\": …, \"sigma\": …}}",
            ));
        }
        match crate::document::read(value).map_err(serde::de::Error::custom)? {
            Drawn::Uniform([least, most]) => Ok(Self::Uniform(least, most)),
            Drawn::LogNormal(LogNormal { median, sigma }) => Ok(Self::LogNormal { median, sigma }),
        }
    }
}

impl Serialize for DelayMs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(ms) => json!(ms),
            Self::Uniform(least, most) => json!({"uniform": [least, most]}),
            Self::LogNormal { median, sigma } => {
                json!({"log_normal": {"median": median, "sigma": sigma}})
            }
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
