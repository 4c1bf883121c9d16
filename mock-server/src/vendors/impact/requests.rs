//! Page "Requests": which resource a call means, what it may send, and what is checked before that resource answers.
//!
//! The order of the checks is a choice of ours, fact IMP-UNS-13: credentials, SID, path, method, scope, version, rate
//! limit, and only then the body.

use std::borrow::Cow;
use std::fmt;

use fixtures::rule;
use headers::authorization::Basic;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Version};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::credentials;
use crate::engine::{Body, Parts, Refusal, ensure};
use crate::form::Form;

use super::State;
use super::errors::{self, Finding};
use super::responses::{Format, Reply};
use super::seed::{Account, Scope, Token};

/// What a path means. Text in it is still percent-encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    /// `/PartnerConversions`
    PartnerConversions,
    /// `/APISubmissions/{BatchId}`
    Submission(&'a str),
    /// `/Actions`
    Actions,
    /// `/Actions/{id}`
    Action(&'a str),
    /// `/Actions/{id}/Items`
    Items(&'a str),
    /// `/Actions/{actionId}/Items/{sku}`
    Item(&'a str, &'a str),
    /// `/ActionUpdates`
    Updates,
    /// `/ActionUpdates/{id}`
    Update(&'a str),
}

impl Resource<'_> {
    /// The documented route.
    pub(super) fn route(self) -> &'static str {
        match self {
            Self::PartnerConversions => "POST /Mediapartners/{AccountSID}/PartnerConversions",
            Self::Submission(_) => "GET /Mediapartners/{AccountSID}/APISubmissions/{BatchId}",
            Self::Actions => "GET /Mediapartners/{AccountSID}/Actions",
            Self::Action(_) => "GET /Mediapartners/{AccountSID}/Actions/{id}",
            Self::Items(_) => "GET /Mediapartners/{AccountSID}/Actions/{id}/Items",
            Self::Item(..) => "GET /Mediapartners/{AccountSID}/Actions/{actionId}/Items/{sku}",
            Self::Updates => "GET /Mediapartners/{AccountSID}/ActionUpdates",
            Self::Update(_) => "GET /Mediapartners/{AccountSID}/ActionUpdates/{id}",
        }
    }

    /// The only method it has.
    pub(super) fn method(self) -> Method {
        if self == Self::PartnerConversions {
            Method::POST
        } else {
            Method::GET
        }
    }

    fn scope(self) -> Scope {
        match self {
            Self::PartnerConversions | Self::Submission(_) => Scope::Conversions,
            _ => Scope::Actions,
        }
    }

    /// The description of `PartnerConversions` knows JSON only; everything else follows the platform.
    ///
    /// Rules: impact.formats.default_json, impact.formats.default_xml.
    pub(super) fn default_format(resource: Option<Self>) -> Format {
        if resource == Some(Self::PartnerConversions) {
            Format::Json
        } else {
            Format::Xml
        }
    }
}

/// A path in its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path<'a> {
    /// The SID behind `/Mediapartners/`, if the path begins like this.
    pub(super) sid: Option<&'a str>,
    /// Everything behind the SID, as sent.
    rest: &'a str,
    pub(super) resource: Option<Resource<'a>>,
    pub(super) suffix: Option<Format>,
}

impl<'a> Path<'a> {
    /// Reads a path. `Mediapartners` may be in any letter case, the rest is compared as it is.
    ///
    /// Rules: impact.requests.letter_case.
    pub(super) fn parse(path: &'a str) -> Self {
        let (last, suffix) = Format::split(path);
        let below = path.strip_prefix('/').and_then(|path| path.split_once('/'));
        let Some((_, below)) =
            below.filter(|(first, _)| first.eq_ignore_ascii_case("Mediapartners"))
        else {
            return Self {
                sid: None,
                rest: "",
                resource: None,
                suffix,
            };
        };
        let (sid, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
        // The suffix is cut off at the end of the whole path; what is left of the rest is as much shorter.
        let bare = &rest[..rest.len().saturating_sub(path.len() - last.len())];
        Self {
            sid: Some(sid),
            rest,
            resource: resource(bare),
            suffix,
        }
    }
}

/// The resource behind the SID.
fn resource(path: &str) -> Option<Resource<'_>> {
    let mut segments = path.strip_prefix('/')?.split('/');
    let segments = [(); 5].map(|()| segments.next());
    Some(match segments {
        [Some("PartnerConversions"), None, ..] => Resource::PartnerConversions,
        [Some("APISubmissions"), Some(id), None, ..] if !id.is_empty() => Resource::Submission(id),
        [Some("Actions"), None, ..] => Resource::Actions,
        [Some("Actions"), Some(id), None, ..] if !id.is_empty() => Resource::Action(id),
        [Some("Actions"), Some(id), Some("Items"), None, ..] => Resource::Items(id),
        [Some("Actions"), Some(id), Some("Items"), Some(sku), None] if !sku.is_empty() => {
            Resource::Item(id, sku)
        }
        [Some("ActionUpdates"), None, ..] => Resource::Updates,
        [Some("ActionUpdates"), Some(id), None, ..] if !id.is_empty() => Resource::Update(id),
        _ => return None,
    })
}

/// A call by somebody known, to a resource that exists, with a method it has.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    pub(super) state: &'a State,
    pub(super) parts: &'a Parts<'a>,
    pub(super) resource: Resource<'a>,
    /// The SID of the path, which is the one that was authenticated.
    pub(super) sid: &'a str,
    /// The id of the account.
    pub(super) account_id: u64,
    pub(super) account: &'a Account,
    token: &'a Token,
    pub(super) now: Timestamp,
    pub(super) reply: Reply,
    rest: &'a str,
}

impl<'a> Call<'a> {
    /// The first checks: everything up to the method.
    ///
    /// Rules: impact.auth.precedes_everything, impact.auth.basic_forms, impact.formats.default_of_the_account.
    pub(super) fn admit(
        state: &'a State,
        parts: &'a Parts<'a>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let path = Path::parse(parts.path);
        let format = |default| Format::of(path.suffix, parts, default);
        let mut reply = Reply {
            now,
            format: format(Resource::default_format(path.resource)),
            leading: Vec::new(),
        };
        let hosts = parts.headers.get_all(HOST).iter().count();
        ensure(parts.version != Version::HTTP_11 || hosts == 1, || {
            let why = format!("HTTP/1.1 asks for one Host header, there are {hosts}");
            Refusal::new(
                rule("impact.requests.one_host"),
                why,
                errors::bad_request(&reply),
            )
        })?;

        let basic = credentials::basic(parts.headers);
        let unauthorized = |rule, why| Refusal::new(rule, why, errors::unauthorized(now));
        ensure(basic.is_some(), || {
            let why = "there is no Authorization header with a user name and a password";
            unauthorized(rule("impact.auth.credentials_required"), why)
        })?;
        // A call that is let through without credentials acts for the SID of its path.
        let claimed = basic.as_ref().map(Basic::username).or(path.sid);
        let sid = claimed.unwrap_or_default();
        let holder = state.seed.holder(sid);
        let unknown = || {
            unauthorized(
                rule("impact.auth.credentials_known"),
                "no token has this SID and this password",
            )
        };
        let proven = basic.as_ref().is_none_or(|basic| {
            holder.is_some_and(|holder| holder.token.auth_token == basic.password())
        });
        ensure(proven, unknown)?;
        let holder = holder.ok_or_else(unknown)?;
        let account = &*holder.account;
        if let Some(default) = account.default_format {
            reply.format = format(default);
        }

        ensure(path.sid.is_none_or(|named| named == sid), || {
            let why = "the SID in the path is not the authenticated one";
            Refusal::new(
                rule("impact.auth.sid_of_the_path"),
                why,
                errors::denied(&reply),
            )
        })?;
        let (Some(sid), Some(resource)) = (path.sid, path.resource) else {
            let why = format!("{} is no path of this API", parts.path);
            return Err(Refusal::new(
                rule("impact.requests.unknown_path"),
                why,
                errors::not_found(&reply),
            ));
        };
        let allowed = resource.method();
        ensure(*parts.method == allowed, || {
            let why = format!("{} is no method of this path, {allowed} is", parts.method);
            Refusal::new(
                rule("impact.requests.method"),
                why,
                errors::method_not_allowed(&reply, &allowed),
            )
        })?;
        let call = Self {
            state,
            parts,
            resource,
            sid,
            account_id: holder.account_id,
            account,
            token: &holder.token,
            now,
            reply,
            rest: path.rest,
        };
        if resource == Resource::PartnerConversions {
            let query = Form::parse(parts.query.unwrap_or_default().as_bytes());
            call.refuse_override(query.first("_method"))?;
        }
        Ok(call)
    }

    /// A POST can ask to be taken for a PUT or a DELETE, which nothing here has.
    ///
    /// Rules: impact.requests.method_override.
    pub(super) fn refuse_override(&self, method: Option<&str>) -> Result<(), Refusal> {
        let method = method.unwrap_or_default();
        ensure(!matches!(method, "PUT" | "DELETE"), || {
            let answer = errors::method_not_allowed(&self.reply, &Method::POST);
            let why =
                format!("_method makes this a {method}, and POST is the only method of this path");
            Refusal::new(rule("impact.requests.method_override"), why, answer)
        })
    }

    /// Whether the token is good for this call.
    pub(super) fn permit(&self) -> Result<(), Refusal> {
        let denied = |rule, why| Refusal::new(rule, why, errors::denied(&self.reply));
        ensure(!self.token.disabled, || {
            denied(rule("impact.auth.disabled_token"), "the token is disabled")
        })?;
        let scope = self.resource.scope();
        ensure(self.token.scopes.contains(&scope), || {
            denied(
                rule("impact.auth.scope"),
                "the token lacks the scope of this path",
            )
        })?;
        let reads = self.resource.method() == Method::GET;
        ensure(reads || !self.token.read_only, || {
            denied(
                rule("impact.auth.read_only_token"),
                "the token may only read",
            )
        })
    }

    /// The path without a query, as it was sent, but spelled as the vendor does.
    ///
    /// Rules: impact.requests.spelling.
    pub(super) fn path(&self) -> String {
        format!("/Mediapartners/{}{}", self.sid, self.rest)
    }

    /// Refuses a resource that does not exist, or that another account has.
    pub(super) fn found<T>(
        &self,
        what: Option<T>,
        rule: fixtures::RuleId,
        why: &'static str,
    ) -> Result<T, Refusal> {
        what.ok_or_else(|| Refusal::new(rule, why, errors::not_found(&self.reply)))
    }
}

/// What the body of a conversion is, by its `Content-Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    Form,
    Json,
}

impl MediaType {
    /// Reads the first `Content-Type`; none, and an empty one, count as a form.
    ///
    /// Rules: impact.requests.form, impact.requests.json, impact.requests.media_type.
    pub(super) fn of(parts: &Parts<'_>) -> Option<Self> {
        let value = parts
            .header(CONTENT_TYPE)
            .map_or(b"".as_slice(), |value| value.as_bytes());
        let essence = value
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        let is = |name: &str| essence.eq_ignore_ascii_case(name.as_bytes());
        if is("") || is("application/x-www-form-urlencoded") {
            Some(Self::Form)
        } else {
            is("application/json").then_some(Self::Json)
        }
    }
}

/// The parameters of a conversion, in the order they were sent, and the body they came in.
#[derive(Clone, Debug, Default)]
pub(super) struct Payload<'a> {
    pub(super) pairs: Vec<(Cow<'a, str>, Value<'a>)>,
    /// The body, if it was a form.
    form: Option<&'a [u8]>,
}

/// What a parameter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Text, or the literal of a number.
    Text(Cow<'a, str>),
    /// JSON that is neither: `true`, `false`, a list or an object. No field may be that.
    Other(&'a str),
}

impl Value<'_> {
    /// It as it was written.
    pub(super) fn literal(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Other(raw) => raw,
        }
    }
}

impl<'a> Payload<'a> {
    /// The body of a submission, if it is a form and came whole.
    pub(super) fn of_call(call: &Call<'_>, body: Body<'a>) -> Option<Self> {
        let Body::Whole(body) = body else { return None };
        let is_form = call.resource == Resource::PartnerConversions
            && MediaType::of(call.parts) == Some(MediaType::Form);
        is_form.then(|| Self::of_form(body))
    }

    /// Reads any other body of a submission.
    pub(super) fn read(call: &Call<'_>, body: Body<'a>) -> Result<Self, Refusal> {
        let media_type = MediaType::of(call.parts);
        ensure(media_type.is_some(), || {
            let why = "Content-Type is neither a form nor JSON";
            let answer = errors::unsupported_media_type(&call.reply);
            Refusal::new(rule("impact.requests.media_type"), why, answer)
        })?;
        ensure(body != Body::TooLong, || {
            Refusal::new(
                rule("impact.requests.body_limit"),
                "the body is too long",
                errors::too_large(&call.reply),
            )
        })?;
        let unreadable = |rule, why: &'static str, message: &str| {
            let finding = Finding {
                field: String::new(),
                message: message.to_owned(),
            };
            Refusal::new(rule, why, errors::conversion(&call.reply, &[finding]))
        };
        ensure(body != Body::Broken, || {
            let why = "the framing of the body is wrong";
            unreadable(
                rule("impact.requests.broken_body"),
                why,
                "The body could not be read.",
            )
        })?;
        let Body::Whole(body) = body else {
            return Ok(Self::default());
        };
        if media_type != Some(MediaType::Json) {
            return Ok(Self::of_form(body));
        }
        let pairs = json_pairs(body);
        ensure(pairs.is_some(), || {
            let why = "the body is no JSON object";
            unreadable(
                rule("impact.requests.json_object"),
                why,
                "The body must be a JSON object.",
            )
        })?;
        Ok(Self {
            pairs: pairs.unwrap_or_default(),
            form: None,
        })
    }

    /// Reads a form. Any bytes are one.
    ///
    /// Rules: impact.requests.form_encoding.
    pub(super) fn of_form(body: &'a [u8]) -> Self {
        let pairs = form_urlencoded::parse(body).map(|(name, value)| (name, Value::Text(value)));
        Self {
            pairs: pairs.collect(),
            form: Some(body),
        }
    }

    /// The first text of that name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        let (_, value) = self.pairs.iter().find(|(other, _)| other == name)?;
        Some(value.literal())
    }

    /// What was submitted, as a form: a form as it came, JSON in the order of its members.
    ///
    /// Rules: impact.submissions.payload.
    pub(super) fn as_form(&self) -> String {
        if let Some(form) = self.form {
            return String::from_utf8_lossy(form).into_owned();
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.pairs {
            form.append_pair(name, value.literal());
        }
        form.finish()
    }
}

/// The members of a JSON object, in order. A number counts by its literal, `null` is not there.
///
/// Rules: impact.requests.json.
fn json_pairs(body: &[u8]) -> Option<Vec<(Cow<'_, str>, Value<'_>)>> {
    let Object(members) = serde_json::from_slice(body).ok()?;
    let mut pairs = Vec::with_capacity(members.len());
    for (name, raw) in members {
        let literal = raw.get();
        let value = match literal.as_bytes() {
            [b'"', ..] => Value::Text(serde_json::from_str::<Text<'_>>(literal).ok()?.0),
            [b'-' | b'0'..=b'9', ..] => Value::Text(literal.into()),
            b"null" => continue,
            _ => Value::Other(literal),
        };
        pairs.push((name.0, value));
    }
    Some(pairs)
}

/// The members of a JSON object as they stand, repeated ones kept.
struct Object<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Text that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
