//! Which calls are meant, by a fault or by whoever verifies, and where a call differs from what was meant. No I/O.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use fixtures::RuleId;
use http::{HeaderName, Method};
use regex::{Regex, RegexBuilder};
use serde::de::{Deserializer, Error as _};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::document::{Mistake, nearest};
use crate::form::Form;
use crate::journal::{MASK, is_secret};
use crate::sandboxes::vendor_named;
use crate::sentences::is_rule;
use crate::vendors::VENDORS;

/// How large a compiled expression may be, in bytes.
const EXPRESSION_LIMIT: usize = 1 << 20;

/// Calls that are alike: everything that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// The vendor's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The documented route that the call meets: `GET /api/v1/livechat/visitors`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path as sent, without the mock's own prefixes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Expect>,
    /// Headers, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Expect>,
    /// Members of the query.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, Expect>,
    /// Members of the body, read as a form.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub form: BTreeMap<String, Expect>,
    /// Members of the body, read as JSON: a name, or a JSON Pointer (RFC 6901).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, Expect>,
    /// The status of the answer. Only for calls that were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether a vendor's engine refused the call. Only for calls that were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<bool>,
    /// A rule that refused it, or the beginning of its id. Only for calls that were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_by: Option<String>,
    /// Whether the call fits no vendor. Only for calls that were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmatched: Option<bool>,
    /// The id of the fault that took effect. Only for calls that were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Calls after this number. Only for calls that were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

/// What a member must be: a plain value, `{"equals":…}`, `{"contains":…}`, `{"matches":"regex"}` or `{"absent":true}`.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// This value. Texts of headers, queries and forms equal a number or a boolean that reads alike.
    Equals(Value),
    /// A text that has this in it, or a JSON array that has this element.
    Contains(Value),
    /// A text in which this regular expression is found.
    Matches(String),
    /// Not there.
    Absent,
}

/// A [`Match`], ready to be held against calls.
#[derive(Clone, Debug)]
pub struct Matcher {
    wanted: Match,
    tests: Vec<(Place, Test)>,
}

/// The place of a member of that name.
type MakePlace = fn(&str) -> Place;

/// Where a member stands.
#[derive(Clone, Debug)]
enum Place {
    Path,
    Header(String),
    Query(String),
    Form(String),
    /// The name as it was given, and the pointer that it means.
    Json(String, String),
}

#[derive(Clone, Debug)]
enum Test {
    Equals(Value),
    Contains(Value),
    Matches(Regex),
    Absent,
}

/// A request, as far as a matcher looks at it.
pub struct Seen<'a> {
    /// The vendor it is for, if any.
    pub vendor: Option<&'a str>,
    /// The method.
    pub method: &'a str,
    /// The path, without the mock's own prefixes.
    pub path: &'a str,
    /// The query.
    pub query: &'a str,
    /// All values of a header, by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Vec<String>,
    /// The body, as far as it came.
    pub body: &'a [u8],
    /// The documented route that it meets. Asked only where it matters.
    pub route: &'a dyn Fn() -> Option<&'static str>,
    /// The body as JSON, once somebody asked.
    json: OnceCell<Result<Value, String>>,
}

/// What became of a call, as far as a matcher looks at it.
#[derive(Clone, Copy)]
pub struct Became<'a> {
    /// Its number.
    pub n: u64,
    /// The status answered, if any.
    pub status: Option<u16>,
    /// The rules that refused it.
    pub refused_by: &'a [RuleId],
    /// The fault that took effect.
    pub fault: Option<&'a str>,
}

/// A member of a call that is not as it was meant to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Which: `form.OrderId`.
    pub member: String,
    /// What was meant.
    pub wanted: Value,
    /// What stands there, secrets masked; null if nothing does.
    pub found: Value,
    /// What else is to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Match {
    /// Every call.
    pub fn any() -> Self {
        Self::default()
    }

    /// Calls to a vendor: `comm100`, `chase` or `impact`.
    pub fn vendor(name: impl Into<String>) -> Self {
        Self {
            vendor: Some(name.into()),
            ..Self::default()
        }
    }

    /// Only on this documented route: `POST /api/v2/conversions`.
    #[must_use]
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.route = Some(route.into());
        self
    }

    /// Only with this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only with such a path, without the mock's own prefixes.
    #[must_use]
    pub fn path(mut self, path: impl Into<Expect>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Only with such a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Expect>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Only with such a member of the query.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<Expect>) -> Self {
        self.query.insert(name.into(), value.into());
        self
    }

    /// Only with such a member of the body, read as a form.
    #[must_use]
    pub fn form(mut self, name: impl Into<String>, value: impl Into<Expect>) -> Self {
        self.form.insert(name.into(), value.into());
        self
    }

    /// Only with such a member of the body, read as JSON: a name, or a JSON Pointer.
    #[must_use]
    pub fn json(mut self, name: impl Into<String>, value: impl Into<Expect>) -> Self {
        self.json.insert(name.into(), value.into());
        self
    }

    /// Only those that were answered with this status. Not for faults.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Only those that a vendor's engine refused, or only the others. Not for faults.
    #[must_use]
    pub fn refused(mut self, refused: bool) -> Self {
        self.refused = Some(refused);
        self
    }

    /// Only those that this rule refused, or one whose id begins like this. Not for faults.
    #[must_use]
    pub fn refused_by(mut self, rule: impl Into<String>) -> Self {
        self.refused_by = Some(rule.into());
        self
    }

    /// Only those that fit no vendor, or only the others. Not for faults.
    #[must_use]
    pub fn unmatched(mut self, unmatched: bool) -> Self {
        self.unmatched = Some(unmatched);
        self
    }

    /// Only those that this fault took effect on. Not for faults.
    #[must_use]
    pub fn fault(mut self, id: impl Into<String>) -> Self {
        self.fault = Some(id.into());
        self
    }

    /// Only those after this number. Not for faults.
    #[must_use]
    pub fn since(mut self, n: u64) -> Self {
        self.since = Some(n);
        self
    }
}

impl<'a> Seen<'a> {
    /// A request whose target, without the mock's own prefixes, is in two parts already.
    pub fn new(
        vendor: Option<&'a str>,
        method: &'a str,
        (path, query): (&'a str, &'a str),
        header: &'a dyn Fn(&str) -> Vec<String>,
        body: &'a [u8],
        route: &'a dyn Fn() -> Option<&'static str>,
    ) -> Self {
        Self {
            vendor,
            method,
            path,
            query,
            header,
            body,
            route,
            json: OnceCell::new(),
        }
    }

    fn json(&self) -> Result<&Value, &String> {
        self.json
            .get_or_init(|| {
                serde_json::from_slice(self.body)
                    .map_err(|error| format!("the body is not JSON: {error}"))
            })
            .as_ref()
    }
}

impl Matcher {
    /// Checks what is wanted, and compiles it.
    ///
    /// # Errors
    ///
    /// When there is no such vendor, route or method, or an expression cannot be compiled.
    pub fn new(wanted: Match) -> Result<Self, Mistake> {
        if let Some(vendor) = &wanted.vendor {
            vendor_named(vendor).map_err(|mistake| Mistake::new(["vendor"], mistake.message))?;
        }
        if let Some(route) = &wanted.route {
            known_route(route, wanted.vendor.as_deref())?;
        }
        if let Some(method) = &wanted.method {
            if method.parse::<Method>().is_err() {
                return Err(Mistake::new(["method"], format!("{method:?} is no method")));
            }
            let capitals = method.to_ascii_uppercase();
            if *method != capitals {
                let message = format!("methods are written in capitals: {capitals}");
                return Err(Mistake::new(["method"], message));
            }
        }
        if let Some(status) = wanted.status
            && !(100..600).contains(&status)
        {
            return Err(Mistake::new(
                ["status"],
                format!("{status} is no status, 100 to 599"),
            ));
        }
        if let Some(prefix) = &wanted.refused_by
            && !is_rule(prefix)
        {
            let message = format!(
                "no rule is {prefix:?}, or begins so; the journal shows those that refused a call"
            );
            return Err(Mistake::new(["refused_by"], message));
        }
        if let Some(name) = wanted
            .headers
            .keys()
            .find(|name| name.parse::<HeaderName>().is_err())
        {
            let message = "this is no name of a header";
            return Err(Mistake::new(["headers", name], message));
        }
        if let Some(name) = wanted.json.keys().find(|name| !is_pointer(name)) {
            let message = "in a JSON Pointer ~0 stands for ~, and ~1 for /";
            return Err(Mistake::new(["json", name], message));
        }
        if wanted.unmatched == Some(true) && (wanted.vendor.is_some() || wanted.route.is_some()) {
            let message = "a call that fits no vendor has neither vendor nor route";
            return Err(Mistake::new(["unmatched"], message));
        }
        let mut tests = Vec::new();
        if let Some(expect) = &wanted.path {
            tests.push((Place::Path, expect.compile(&["path"])?));
        }
        let maps: [(&str, &BTreeMap<String, Expect>, MakePlace); 4] = [
            ("headers", &wanted.headers, |name| {
                Place::Header(name.to_ascii_lowercase())
            }),
            ("query", &wanted.query, |name| Place::Query(name.to_owned())),
            ("form", &wanted.form, |name| Place::Form(name.to_owned())),
            ("json", &wanted.json, |name| {
                Place::Json(name.to_owned(), pointer(name))
            }),
        ];
        for (member, expected, place) in maps {
            for (name, expect) in expected {
                tests.push((place(name), expect.compile(&[member, name])?));
            }
        }
        Ok(Self { wanted, tests })
    }

    /// What was wanted.
    pub fn wanted(&self) -> &Match {
        &self.wanted
    }

    /// Whether it looks at bodies.
    pub fn reads_body(&self) -> bool {
        !self.wanted.form.is_empty() || !self.wanted.json.is_empty()
    }

    /// Whether it looks at nothing but what calls are counted by.
    pub fn is_counted(&self) -> bool {
        let Match {
            vendor: _,
            route: _,
            status: _,
            refused: _,
            unmatched: _,
            method,
            path: _,
            headers: _,
            query: _,
            form: _,
            json: _,
            refused_by,
            fault,
            since,
        } = &self.wanted;
        self.tests.is_empty()
            && method.is_none()
            && refused_by.is_none()
            && fault.is_none()
            && since.is_none()
    }

    /// Whether a group of calls is meant; for matchers that look at nothing else.
    pub fn meets_group(
        &self,
        vendor: Option<&str>,
        route: Option<&str>,
        status: Option<u16>,
        refused: bool,
    ) -> bool {
        let wanted = &self.wanted;
        is_wanted(wanted.vendor.as_deref(), vendor)
            && is_wanted(wanted.route.as_deref(), route)
            && is_wanted(wanted.status, status)
            && wanted.refused.is_none_or(|wanted| wanted == refused)
            && wanted
                .unmatched
                .is_none_or(|unmatched| unmatched == vendor.is_none())
    }

    /// Whether the request is meant.
    pub fn meets(&self, seen: &Seen<'_>) -> bool {
        self.look(seen, None, &mut |_| false)
    }

    /// Whether the call is meant.
    pub fn meets_call(&self, seen: &Seen<'_>, became: Became<'_>) -> bool {
        self.look(seen, Some(became), &mut |_| false)
    }

    /// Everything in which a request differs from what is meant.
    pub fn differences(&self, seen: &Seen<'_>, became: Option<Became<'_>>) -> Vec<Difference> {
        let mut differences = Vec::new();
        self.look(seen, became, &mut |difference| {
            differences.push(difference());
            true
        });
        differences
    }

    /// Says whether everything holds. `differs` hears of each member that does not, and whether it wants to hear more.
    fn look(
        &self,
        seen: &Seen<'_>,
        became: Option<Became<'_>>,
        differs: &mut dyn FnMut(&dyn Fn() -> Difference) -> bool,
    ) -> bool {
        let wanted = &self.wanted;
        let mut holds = true;
        let mut check = |held: bool, difference: &dyn Fn() -> Difference| {
            holds &= held;
            held || differs(difference)
        };
        let plain = |member: &str, wanted: Value, found: Value| Difference {
            member: member.to_owned(),
            wanted,
            found,
            why: None,
        };
        macro_rules! hold {
            ($held:expr, $difference:expr) => {
                if !check($held, &|| $difference) {
                    return false;
                }
            };
        }
        if let Some(vendor) = &wanted.vendor {
            hold!(
                seen.vendor == Some(vendor),
                plain("vendor", json!(vendor), json!(seen.vendor))
            );
        }
        if let Some(method) = &wanted.method {
            hold!(
                seen.method == method,
                plain("method", json!(method), json!(seen.method))
            );
        }
        if let Some(became) = became {
            if let Some(since) = wanted.since {
                hold!(
                    became.n > since,
                    plain("since", json!(since), json!(became.n))
                );
            }
            if let Some(status) = wanted.status {
                hold!(
                    became.status == Some(status),
                    plain("status", json!(status), json!(became.status))
                );
            }
            let refused = !became.refused_by.is_empty();
            if let Some(expected) = wanted.refused {
                hold!(
                    refused == expected,
                    plain("refused", json!(expected), json!(refused))
                );
            }
            if let Some(prefix) = &wanted.refused_by {
                let rules = || became.refused_by.iter().map(|rule| rule.as_str());
                hold!(
                    rules().any(|rule| rule.starts_with(prefix.as_str())),
                    plain(
                        "refused_by",
                        json!(prefix),
                        json!(rules().collect::<Vec<_>>())
                    )
                );
            }
            if let Some(unmatched) = wanted.unmatched {
                let found = seen.vendor.is_none();
                hold!(
                    found == unmatched,
                    plain("unmatched", json!(unmatched), json!(found))
                );
            }
            if let Some(fault) = &wanted.fault {
                hold!(
                    became.fault == Some(fault),
                    plain("fault", json!(fault), json!(became.fault))
                );
            }
        }
        for (place, test) in &self.tests {
            let (found, why) = place.find(seen);
            hold!(
                test.holds(&found),
                Difference {
                    member: place.shown(),
                    wanted: test.shown(),
                    found: place.masked(&found),
                    why: why.clone(),
                }
            );
        }
        // Last: an engine may have to be asked for it.
        if let Some(route) = &wanted.route {
            let found = (seen.route)();
            hold!(
                found == Some(route),
                plain("route", json!(route), json!(found))
            );
        }
        holds
    }
}

fn is_wanted<T: Copy + PartialEq>(wanted: Option<T>, found: Option<T>) -> bool {
    wanted.is_none() || wanted == found
}

/// Refuses a route that no vendor has, or that vendor has not.
fn known_route(route: &str, vendor: Option<&str>) -> Result<(), Mistake> {
    let kinds = || {
        VENDORS
            .iter()
            .filter(|kind| vendor.is_none_or(|vendor| vendor == kind.name()))
    };
    let routes = || kinds().flat_map(|kind| kind.routes().iter().copied());
    if routes().any(|known| known == route) {
        return Ok(());
    }
    let near = nearest(route, routes()).map_or_else(
        || "GET /__admin/vendors lists every route".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let whose = vendor.map_or("no vendor has".to_owned(), |vendor| {
        format!("{vendor} has no")
    });
    Err(Mistake::new(
        ["route"],
        format!("{whose} route {route:?}; {near}"),
    ))
}

/// Whether a name means what it says: what begins with a slash is a JSON Pointer.
fn is_pointer(name: &str) -> bool {
    let mut escapes = name.split('~').skip(1);
    !name.starts_with('/') || escapes.all(|rest| rest.starts_with(['0', '1']))
}

/// The JSON Pointer that a name means.
fn pointer(name: &str) -> String {
    if name.is_empty() || name.starts_with('/') {
        name.to_owned()
    } else {
        format!("/{}", name.replace('~', "~0").replace('/', "~1"))
    }
}

impl Place {
    /// Everything that stands there, and what is to be said if that is nothing.
    fn find(&self, seen: &Seen<'_>) -> (Vec<Value>, Option<String>) {
        let texts = |form: Form<'_>, name: &str| form.all(name).map(Value::from).collect();
        match self {
            Self::Path => (vec![seen.path.into()], None),
            Self::Header(name) => {
                let values = (seen.header)(name);
                (values.into_iter().map(Value::from).collect(), None)
            }
            Self::Query(name) => {
                let none = seen.query.is_empty();
                (
                    texts(Form::parse(seen.query.as_bytes()), name),
                    none.then(|| "there is no query".to_owned()),
                )
            }
            Self::Form(name) => {
                let found: Vec<Value> = texts(Form::parse(seen.body), name);
                let is_json = found.is_empty() && seen.json().is_ok_and(|json| !json.is_number());
                let why = if seen.body.is_empty() {
                    Some("there is no body")
                } else {
                    is_json.then_some("the body is JSON, not a form: use `json`")
                };
                (found, why.map(str::to_owned))
            }
            Self::Json(_, pointer) => match seen.json() {
                Ok(json) => (json.pointer(pointer).cloned().into_iter().collect(), None),
                Err(why) => (Vec::new(), Some(why.clone())),
            },
        }
    }

    /// As it is shown to people.
    fn shown(&self) -> String {
        match self {
            Self::Path => "path".to_owned(),
            Self::Header(name) => format!("headers.{name}"),
            Self::Query(name) => format!("query.{name}"),
            Self::Form(name) => format!("form.{name}"),
            Self::Json(name, _) => format!("json.{name}"),
        }
    }

    /// What was found there, without secrets; one value stands for itself.
    fn masked(&self, found: &[Value]) -> Value {
        let name = match self {
            Self::Path => "",
            Self::Header(name) | Self::Query(name) | Self::Form(name) | Self::Json(name, _) => name,
        };
        match found {
            [] => Value::Null,
            _ if is_secret(name) => MASK.into(),
            [one] => one.clone(),
            several => several.into(),
        }
    }
}

impl Test {
    fn holds(&self, found: &[Value]) -> bool {
        match self {
            Self::Absent => found.is_empty(),
            Self::Equals(wanted) => found.iter().any(|found| is_equal(wanted, found)),
            Self::Contains(wanted) => found.iter().any(|found| match found {
                Value::Array(items) => items.iter().any(|item| is_equal(wanted, item)),
                found => text(found).contains(&*text(wanted)),
            }),
            Self::Matches(regex) => found.iter().any(|found| {
                !found.is_array() && !found.is_object() && regex.is_match(&text(found))
            }),
        }
    }

    fn shown(&self) -> Value {
        match self {
            Self::Equals(value) => json!({"equals": value}),
            Self::Contains(value) => json!({"contains": value}),
            Self::Matches(regex) => json!({"matches": regex.as_str()}),
            Self::Absent => json!({"absent": true}),
        }
    }
}

/// Numbers are equal if they are worth the same; a text equals a number or a boolean that reads alike, because forms,
/// queries and headers have nothing but texts.
fn is_equal(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Number(wanted), Value::Number(found)) => {
            wanted == found || wanted.as_f64() == found.as_f64()
        }
        (Value::Number(_) | Value::Bool(_), Value::String(found)) => *text(wanted) == **found,
        _ => wanted == found,
    }
}

/// A value as text: a text is itself.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

impl Expect {
    /// This value.
    pub fn equals(value: impl Into<Value>) -> Self {
        Self::Equals(value.into())
    }

    /// A text that has this in it, or a JSON array that has this element.
    pub fn contains(value: impl Into<Value>) -> Self {
        Self::Contains(value.into())
    }

    /// A text in which this regular expression is found.
    pub fn matches(expression: impl Into<String>) -> Self {
        Self::Matches(expression.into())
    }

    /// Nothing.
    pub fn absent() -> Self {
        Self::Absent
    }

    fn compile(&self, path: &[&str]) -> Result<Test, Mistake> {
        Ok(match self {
            Self::Equals(value) => Test::Equals(value.clone()),
            Self::Contains(value) => Test::Contains(value.clone()),
            Self::Absent => Test::Absent,
            Self::Matches(expression) => {
                let regex = RegexBuilder::new(expression)
                    .size_limit(EXPRESSION_LIMIT)
                    .build();
                Test::Matches(regex.map_err(|error| {
                    let message = error.to_string().replace('\n', " ");
                    Mistake::new(path.iter().copied(), message)
                })?)
            }
        })
    }
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const FORMS: &str =
            "{\"equals\": …}, {\"contains\": …}, {\"matches\": \"regex\"} or {\"absent\": true}";
        let value = Value::deserialize(deserializer)?;
        let Value::Object(members) = value else {
            return Ok(Self::Equals(value));
        };
        let mut members = members.into_iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err(D::Error::custom(format!(
                "expected a value, or one of {FORMS}"
            )));
        };
        match (name.as_str(), value) {
            ("equals", value) => Ok(Self::Equals(value)),
            ("contains", value) => Ok(Self::Contains(value)),
            ("matches", Value::String(expression)) => Ok(Self::Matches(expression)),
            ("absent", Value::Bool(true)) => Ok(Self::Absent),
            ("matches", _) => Err(D::Error::custom("matches: expected a regular expression")),
            ("absent", _) => Err(D::Error::custom(
                "absent: expected true; leave the member out if it may be there",
            )),
            (name, _) => {
                let near = nearest(name, ["equals", "contains", "matches", "absent"]);
                let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                Err(D::Error::custom(format!(
                    "expected a value, or one of {FORMS}, not {name:?}{hint}"
                )))
            }
        }
    }
}

impl Serialize for Expect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Equals(value) => map.serialize_entry("equals", value)?,
            Self::Contains(value) => map.serialize_entry("contains", value)?,
            Self::Matches(expression) => map.serialize_entry("matches", expression)?,
            Self::Absent => map.serialize_entry("absent", &true)?,
        }
        map.end()
    }
}

impl<T: Into<Value>> From<T> for Expect {
    fn from(value: T) -> Self {
        Self::Equals(value.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"email":"user@example.com","data":{"plan":"gold","n":5.0,"tags":["a","b"]},"api_key":"k1"}"#;

    fn differences(wanted: Value, body: &[u8]) -> Vec<Difference> {
        let matcher = Matcher::new(crate::document::read(wanted).unwrap()).unwrap();
        let header = |name: &str| match name {
            "x-api-key" => vec!["secret-key".to_owned()],
            "accept" => vec!["text/xml".to_owned(), "application/json".to_owned()],
            _ => Vec::new(),
        };
        let route = || Some("POST /api/v2/conversions");
        let seen = Seen::new(
            Some("chase"),
            "POST",
            ("/api/v2/conversions", "page=2&page=3"),
            &header,
            body,
            &route,
        );
        let differences = matcher.differences(&seen, None);
        assert_eq!(matcher.meets(&seen), differences.is_empty());
        differences
    }

    #[test]
    fn what_holds_is_met() {
        for wanted in [
            json!({}),
            json!({"vendor": "chase", "method": "POST", "route": "POST /api/v2/conversions"}),
            json!({"path": {"contains": "/v2/"}}),
            json!({"headers": {"Accept": "application/json", "X-None": {"absent": true}}}),
            json!({"headers": {"X-API-Key": {"matches": "^secret"}}}),
            json!({"query": {"page": 3}}),
            json!({"query": {"page": {"equals": "2"}}}),
            json!({"json": {"email": {"contains": "@"}, "/data/plan": "gold", "/data/none": {"absent": true}}}),
            json!({"json": {"/data/n": 5}}),
            json!({"json": {"/data/tags": {"contains": "b"}, "/data/tags/0": "a"}}),
            json!({"json": {"data": {"equals": {"plan": "gold", "n": 5.0, "tags": ["a", "b"]}}}}),
            json!({"json": {"/data/n": {"matches": "^5"}}}),
        ] {
            assert_eq!(differences(wanted.clone(), BODY), [], "{wanted}");
        }
        assert_eq!(
            differences(json!({"form": {"a b": "1", "n": 5}}), b"a+b=1&n=5"),
            []
        );
    }

    #[test]
    fn what_does_not_is_named() {
        for (wanted, member, found) in [
            (json!({"vendor": "impact"}), "vendor", json!("chase")),
            (json!({"method": "GET"}), "method", json!("POST")),
            (
                json!({"route": "GET /api/v1/livechat/visitors"}),
                "route",
                json!("POST /api/v2/conversions"),
            ),
            (json!({"path": "/"}), "path", json!("/api/v2/conversions")),
            (
                json!({"headers": {"Accept": "a"}}),
                "headers.accept",
                json!(["text/xml", "application/json"]),
            ),
            (
                json!({"headers": {"X-API-Key": "other"}}),
                "headers.x-api-key",
                json!("***"),
            ),
            (
                json!({"query": {"page": "4"}}),
                "query.page",
                json!(["2", "3"]),
            ),
            (json!({"query": {"size": "4"}}), "query.size", Value::Null),
            (
                json!({"json": {"/data/plan": "tin"}}),
                "json./data/plan",
                json!("gold"),
            ),
            (
                json!({"json": {"api_key": "x"}}),
                "json.api_key",
                json!("***"),
            ),
            (
                json!({"json": {"email": {"absent": true}}}),
                "json.email",
                json!("user@example.com"),
            ),
        ] {
            let found_differences = differences(wanted.clone(), BODY);
            assert_eq!(found_differences.len(), 1, "{wanted}");
            assert_eq!(found_differences[0].member, member);
            assert_eq!(found_differences[0].found, found);
        }
        let why = |wanted, body| differences(wanted, body)[0].why.clone().unwrap();
        assert!(why(json!({"json": {"a": 1}}), b"a=1").starts_with("the body is not JSON"));
        assert!(why(json!({"form": {"a": "1"}}), BODY).starts_with("the body is JSON"));
    }

    #[test]
    fn mistakes_name_the_member_and_the_way_out() {
        for (wanted, named) in [
            (
                json!({"vendor": "chse"}),
                "vendor: unknown vendor, expected one of comm100, chase, impact; did you mean `chase`?",
            ),
            (
                json!({"route": "POST /api/v2/conversion"}),
                "did you mean `POST /api/v2/conversions`?",
            ),
            (
                json!({"vendor": "comm100", "route": "POST /api/v2/conversions"}),
                "comm100 has no route",
            ),
            (json!({"method": "A B"}), "method: \"A B\" is no method"),
            (json!({"status": 600}), "status: 600 is no status"),
            (json!({"refused_by": "chase.kye"}), "refused_by: no rule is"),
            (
                json!({"headers": {"a b": "c"}}),
                "headers.a b: this is no name",
            ),
            (json!({"json": {"/a~2": 1}}), "json./a~2: in a JSON Pointer"),
            (
                json!({"method": "post"}),
                "method: methods are written in capitals: POST",
            ),
            (json!({"heders": {}}), "did you mean `headers`?"),
            (
                json!({"form": {"a": {"equls": 1}}}),
                "did you mean `equals`?",
            ),
            (
                json!({"form": {"a": {"equals": 1, "contains": 1}}}),
                "form.a: expected a value, or one of",
            ),
            (
                json!({"form": {"a": {"absent": false}}}),
                "absent: expected true",
            ),
            (json!({"form": {"a": {"matches": "("}}}), "form.a: "),
            (
                json!({"form": {"a": {"matches": r"(\w{100}){100}{100}"}}}),
                "form.a: ",
            ),
            (json!({"unmatched": true, "vendor": "chase"}), "unmatched: "),
        ] {
            let said = crate::document::read(wanted.clone())
                .and_then(Matcher::new)
                .err()
                .unwrap_or_else(|| panic!("{wanted}"))
                .to_string();
            assert!(said.contains(named), "{wanted}: {said}");
        }
    }

    #[test]
    fn what_is_written_is_read_alike() {
        let wanted = json!({"vendor": "impact", "form": {"a": {"equals": 1}, "b": {"absent": true}}, "since": 4});
        let read: Match = crate::document::read(wanted.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), wanted);
    }
}
