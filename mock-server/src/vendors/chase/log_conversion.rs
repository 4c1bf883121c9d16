//! Page "Log Conversion": `POST /api/v2/conversions`.

use std::str;
use std::sync::Arc;

use fixtures::rule;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answers::{self, Answers};
use super::errors::{self, Entry, Errors};
use super::json::{Document, Object, Value};
use super::seed::{self, Seed};
use super::text::Text;
use super::{echo, email};
use crate::engine::{Answer, Body, Conversion, Outcome, Parts, Refusal, Request, ensure};

/// A conversion that was queued for logging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    pub(super) at: Timestamp,
    pub(super) organisation: Arc<str>,
    /// The normalised address.
    pub(super) email: String,
    pub(super) conversion_type: Option<String>,
    /// As sent: JSON as Python reads it, with NaN and the like.
    pub(super) conversion_data: String,
}

/// Logs a conversion event for a contact of the key's organisation.
///
/// The checks stand in the order of section 4 of the dossier, "Which check wins".
///
/// Rules: chase.key.after_reading, chase.key.before_schema, chase.conversion.queued, chase.conversion.model_example,
/// chase.conversion.not_associated, chase.conversion.not_logged, chase.conversion.each_once,
/// chase.conversion.queued_body, chase.conversion.not_associated_body, chase.http.no_rate_limit.
pub(super) fn submit(
    seed: &Seed,
    request: &Request<'_>,
    now: Timestamp,
    answers: &Answers<'_>,
) -> Result<Outcome<Queued>, Refusal> {
    let settings = &seed.document;
    let unreadable = |why| errors::unreadable(why, answers);

    let bytes = whole(request.body, answers)?;
    let media_type = media_type(&request.parts);
    let json = is_json(media_type) || settings.accept_form_content_type && is_form(media_type);
    let document = (json && !bytes.is_empty()).then(|| Document::decode(bytes));
    let document = document.transpose().map_err(unreadable)?;
    let body = document
        .as_ref()
        .map(Document::read)
        .transpose()
        .map_err(unreadable)?;

    let key = key(&request.parts, answers)?;
    let organisation = || known(key, seed, answers);
    if settings.unknown_key_before_schema {
        organisation()?;
    }
    let body = body
        .as_ref()
        .ok_or_else(|| not_json(bytes, media_type, answers))?;
    let submitted = Submitted::read(body, settings, answers)?;
    let organisation = organisation()?;

    let acknowledge = |status, body: &Option<serde_json::Value>| match body {
        Some(body) => answers.json(status, body.to_string()),
        None => answers.empty(status),
    };
    if !seed.has_contact(organisation, &submitted.email) {
        let why = "email: this is no contact of the key's organisation, so nothing is logged";
        let answer = acknowledge(StatusCode::OK, &settings.not_associated_body);
        return Ok(Outcome {
            why: why.into(),
            ..Outcome::accepted(answer)
        });
    }
    let queued = Queued {
        at: now,
        organisation: Arc::clone(organisation),
        email: submitted.email,
        conversion_type: submitted.conversion_type.map(str::to_owned),
        conversion_data: submitted.conversion_data.to_owned(),
    };
    Ok(Outcome::accepted(acknowledge(StatusCode::ACCEPTED, &settings.queued_body)).causing(queued))
}

/// The body, if all of it came.
///
/// Rules: chase.http.chunked.
fn whole<'a>(body: Body<'a>, answers: &Answers<'_>) -> Result<&'a [u8], Refusal> {
    match body {
        Body::Whole(bytes) => Ok(bytes),
        Body::TooLong => {
            let answer = answers.detail(StatusCode::PAYLOAD_TOO_LARGE, "Content Too Large");
            Err(Refusal::new(
                rule("chase.http.body_size"),
                "the body is longer than the limit",
                answer,
            ))
        }
        Body::Broken => {
            let why = "the framing of the body is wrong";
            Err(Refusal::new(
                rule("chase.http.malformed"),
                why,
                answers::invalid_http(),
            ))
        }
    }
}

/// What the first `Content-Type` says before its parameters, trimmed; empty if there is none.
///
/// Rules: chase.content_type.reading.
fn media_type<'a>(parts: &Parts<'a>) -> &'a [u8] {
    let value = parts
        .headers
        .get(CONTENT_TYPE)
        .map_or(&[][..], HeaderValue::as_bytes);
    let mut media_type = value.split(|byte| *byte == b';').next().unwrap_or_default();
    // What Python's `strip` takes for white space in a header, which it reads as Latin-1.
    let is_blank = |byte: &u8| matches!(byte, b'\t'..=b'\r' | 0x1C..=b' ' | 0x85 | 0xA0);
    while let Some((_, rest)) = media_type
        .split_first()
        .filter(|(first, _)| is_blank(first))
    {
        media_type = rest;
    }
    while let Some((_, rest)) = media_type.split_last().filter(|(last, _)| is_blank(last)) {
        media_type = rest;
    }
    media_type
}

/// Rules: chase.content_type.json, chase.content_type.json_like.
fn is_json(media_type: &[u8]) -> bool {
    let mut halves = media_type.splitn(2, |byte| *byte == b'/');
    let (Some(kind), Some(subtype)) = (halves.next(), halves.next()) else {
        return false;
    };
    let suffix = subtype
        .last_chunk()
        .is_some_and(|suffix: &[u8; 5]| suffix.eq_ignore_ascii_case(b"+json"));
    kind.eq_ignore_ascii_case(b"application")
        && (subtype.eq_ignore_ascii_case(b"json") || suffix && !subtype.contains(&b'/'))
}

fn is_form(media_type: &[u8]) -> bool {
    media_type.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// The key that the call claims.
///
/// Rules: chase.key.first_counts, chase.key.header_name, chase.key.header_only, chase.key.missing_answer.
fn key<'a>(parts: &Parts<'a>, answers: &Answers<'_>) -> Result<&'a [u8], Refusal> {
    let not_authenticated = || {
        let challenge = (WWW_AUTHENTICATE, HeaderValue::from_static("APIKey"));
        answers.detail_with(StatusCode::UNAUTHORIZED, challenge, "Not authenticated")
    };
    let key = claimed_key(parts);
    ensure(key.is_some(), || {
        Refusal::new(
            rule("chase.key.required"),
            "there is no X-API-Key",
            not_authenticated(),
        )
    })?;
    let key = key.unwrap_or_default();
    ensure(!key.is_empty(), || {
        Refusal::new(
            rule("chase.key.blank"),
            "the first X-API-Key is empty",
            not_authenticated(),
        )
    })?;
    Ok(key)
}

/// The first `X-API-Key`, known or not.
///
/// Rules: chase.key.blanks_around.
pub(super) fn claimed_key<'a>(parts: &Parts<'a>) -> Option<&'a [u8]> {
    parts
        .headers
        .get("x-api-key")
        .map(|key| key.as_bytes().trim_ascii())
}

/// The organisation of a key.
///
/// Rules: chase.key.unknown_before_schema, chase.key.unknown_answer.
fn known<'a>(key: &[u8], seed: &'a Seed, answers: &Answers<'_>) -> Result<&'a Arc<str>, Refusal> {
    seed.organisation(key).ok_or_else(|| {
        let answer = answers.detail(StatusCode::UNAUTHORIZED, &seed.document.unknown_key_detail);
        Refusal::new(rule("chase.key.known"), "X-API-Key matches no key", answer)
    })
}

/// The answer to a body that was not read as JSON.
fn not_json(bytes: &[u8], media_type: &[u8], answers: &Answers<'_>) -> Refusal {
    if bytes.is_empty() {
        let rule = rule("chase.content_type.empty_body");
        return Errors::of(&Entry::body(
            rule,
            "missing",
            "Field required",
            &Value::Null,
        ))
        .into_refusal(answers);
    }
    let Ok(text) = str::from_utf8(bytes) else {
        let why = "the content type is not that of JSON, and the body, which is to be echoed, is not UTF-8";
        return Refusal::new(
            rule("chase.content_type.other_undecodable"),
            why,
            answers.internal_server_error(),
        );
    };
    let rule = match media_type {
        [] => rule("chase.content_type.none"),
        _ if is_form(media_type) => rule("chase.content_type.form"),
        _ => rule("chase.content_type.other"),
    };
    let input = Value::Text(Text::whole(text));
    let refusal = Errors::of(&Entry::body(
        rule,
        "model_attributes_type",
        NO_OBJECT,
        &input,
    ))
    .into_refusal(answers);
    let kind = match media_type {
        [] => "missing".to_owned(),
        _ => format!("{:?}", String::from_utf8_lossy(media_type)),
    };
    let why = format!(
        "the content type is {kind}, so the body is not read as JSON; add -H 'Content-Type: application/json'"
    );
    Refusal {
        why: why.into(),
        ..refusal
    }
}

/// The answer to a body that lacks what it must have: an object without members.
pub(super) fn without_members(answers: &Answers<'_>) -> Answer {
    let empty = Value::Object(Object {
        members: Vec::new(),
        source: "{}",
    });
    match Submitted::read(&empty, &seed::Document::default(), answers) {
        Err(refusal) => refusal.answer,
        Ok(_) => answers.internal_server_error(),
    }
}

const NO_OBJECT: &str = "Input should be a valid dictionary or object to extract fields from";

/// A body that fits `SubmitConversionV2`.
///
/// Rules: chase.body.unknown_members, chase.body.no_conversions.
struct Submitted<'a> {
    /// The normalised address.
    email: String,
    conversion_type: Option<&'a str>,
    /// JSON.
    conversion_data: &'a str,
}

impl<'a> Submitted<'a> {
    fn read(
        body: &'a Value<'a>,
        settings: &seed::Document,
        answers: &Answers<'_>,
    ) -> Result<Self, Refusal> {
        let Value::Object(object) = body else {
            let entry = Entry::body(
                rule("chase.body.object"),
                "model_attributes_type",
                NO_OBJECT,
                body,
            );
            return Err(Errors::of(&entry).into_refusal(answers));
        };
        let mut errors = Errors::default();
        let email = errors.unless_wrong(email(object, body));
        let conversion_type = errors.unless_wrong(conversion_type(object));
        let conversion_data = errors.unless_wrong(conversion_data(object, settings));
        match (email, conversion_type, conversion_data) {
            (Some(email), Some(conversion_type), Some(conversion_data)) => Ok(Self {
                email,
                conversion_type,
                conversion_data,
            }),
            _ => Err(errors.into_refusal(answers)),
        }
    }
}

fn email<'a>(object: &'a Object<'a>, body: &'a Value<'a>) -> Result<String, Entry<'a>> {
    let wrong = |rule, kind, message, input| Entry::member("email", rule, kind, message, input);
    match object.get("email") {
        Some(input @ Value::Text(text)) => email::validate(text.as_stood_in()).map_err(|invalid| {
            let mut context = r#"{"reason":"#.to_owned();
            echo::text(&mut context, &invalid.reason);
            context.push('}');
            let message = format!("value is not a valid email address: {}", invalid.reason);
            let entry = wrong(
                rule("chase.body.email_valid"),
                "value_error",
                message.into(),
                input,
            );
            Entry {
                context,
                because_of: Some(invalid.rule),
                ..entry
            }
        }),
        Some(input) => Err(wrong(
            rule("chase.body.email_text"),
            "string_type",
            NO_TEXT.into(),
            input,
        )),
        None => Err(wrong(
            rule("chase.body.email_required"),
            "missing",
            "Field required".into(),
            body,
        )),
    }
}

/// Rules: chase.body.conversion_type_optional, chase.body.conversion_type_characters,
/// chase.body.conversion_type_empty, chase.body.conversion_type_free.
fn conversion_type<'a>(object: &'a Object<'a>) -> Result<Option<&'a str>, Entry<'a>> {
    const MOST_CHARACTERS: usize = 63;
    let wrong = |rule, kind, message: &'static str, input| {
        Entry::member("conversion_type", rule, kind, message.into(), input)
    };
    let input = match object.get("conversion_type") {
        None | Some(Value::Null) => return Ok(None),
        Some(input) => input,
    };
    // A lone surrogate makes text that Pydantic cannot take for text.
    let Value::Text(text) = input else {
        return Err(wrong(
            rule("chase.body.conversion_type_text"),
            "string_type",
            NO_TEXT,
            input,
        ));
    };
    let Some(text) = text.as_whole() else {
        return Err(wrong(
            rule("chase.body.conversion_type_text"),
            "string_unicode",
            NO_TEXT,
            input,
        ));
    };
    if text.len() > MOST_CHARACTERS && text.chars().count() > MOST_CHARACTERS {
        let message = "String should have at most 63 characters";
        let entry = wrong(
            rule("chase.body.conversion_type_length"),
            "string_too_long",
            message,
            input,
        );
        return Err(Entry {
            context: r#"{"max_length":63}"#.to_owned(),
            ..entry
        });
    }
    Ok(Some(text))
}

const NO_TEXT: &str = "Input should be a valid string";

/// Rules: chase.body.conversion_data_optional, chase.body.conversion_data_free.
fn conversion_data<'a>(
    object: &'a Object<'a>,
    settings: &seed::Document,
) -> Result<&'a str, Entry<'a>> {
    let wrong = |rule, input| {
        let message = "Input should be a valid dictionary".into();
        Entry::member("conversion_data", rule, "dict_type", message, input)
    };
    match object.get("conversion_data") {
        None => Ok("{}"),
        Some(Value::Object(object)) => Ok(object.source),
        Some(Value::Null) if settings.accept_null_conversion_data => Ok("null"),
        Some(input @ Value::Null) => Err(wrong(rule("chase.body.conversion_data_null"), input)),
        Some(input) => Err(wrong(rule("chase.body.conversion_data_object"), input)),
    }
}

/// A queued conversion in the normal form of all vendors.
///
/// Chase gives no member of `conversion_data` a meaning, so value, currency and order stay open.
///
/// Rules: chase.conversion.logged, chase.conversion.in_background, chase.conversion.shown_as_json.
pub(super) fn conversion(queued: &Queued, settings: &seed::Document) -> Conversion {
    let conversion_data = match Document::of(&queued.conversion_data).read() {
        Ok(value) => shown(&value),
        Err(_) => serde_json::Value::Null,
    };
    let delay =
        SignedDuration::from_millis(i64::try_from(settings.log_delay_ms).unwrap_or(i64::MAX));
    Conversion {
        at: queued.at,
        who: queued.email.clone(),
        name: queued.conversion_type.clone(),
        value: None,
        currency: None,
        order_id: None,
        items: Vec::new(),
        state: Some("logged".to_owned()),
        raw: json!({
            "organisation": queued.organisation,
            "email": queued.email,
            "conversion_type": queued.conversion_type,
            "conversion_data": conversion_data,
        }),
        visible_at: queued.at.checked_add(delay).unwrap_or(Timestamp::MAX),
        changes_at: None,
    }
}

/// A value for a view that must stay JSON, and that can count no further than 64 bits: other numbers as text.
fn shown(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(boolean) => json!(boolean),
        Value::Integer(digits) => match (digits.parse::<i64>(), digits.parse::<u64>()) {
            (Ok(integer), _) => json!(integer),
            (_, Ok(integer)) => json!(integer),
            _ => json!(digits),
        },
        Value::Float(spelt) => match spelt.parse::<f64>() {
            Ok(double) if double.is_finite() => json!(double),
            Ok(double) if double.is_nan() => json!("NaN"),
            _ if spelt.starts_with('-') => json!("-Infinity"),
            _ => json!("Infinity"),
        },
        Value::Text(text) => json!(text.as_shown()),
        Value::Array(items) => items.iter().map(shown).collect(),
        Value::Object(object) => {
            let members = object.members.iter();
            members
                .map(|(name, value)| (name.as_shown().into_owned(), shown(value)))
                .collect()
        }
    }
}
