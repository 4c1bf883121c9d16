//! Page "Conversions": the conversion actions of an account, and marking one as achieved.

use std::borrow::Cow;

use bytes::Bytes;
use fixtures::{RuleId, rule};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use serde::Serialize;

use super::errors::{JSON, Problem};
use super::seed::{ActionDocument, ActionKind, Agent, Edition};
use super::{Event, Marked, introduction};
use crate::engine::{Answer, Body, Outcome, Parts, Refusal, answer, ensure};
use crate::form::Form;

/// An action as it is listed.
///
/// Rules: comm100.conversions.members, comm100.conversions.member_types, comm100.conversions.type_hidden.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    id: i64,
    is_enable: bool,
    name: &'a str,
}

/// The body that lists `actions`: the whole array, compact.
///
/// Rules: comm100.conversions.bare_array, comm100.conversions.disabled_listed, comm100.conversions.whole_list,
/// comm100.conversions.ascending_id, comm100.conversions.empty_list, comm100.format.utf8.
pub(super) fn list_body(actions: &[(i64, ActionDocument)]) -> Bytes {
    let listed: Vec<Listed<'_>> = actions
        .iter()
        .map(|(id, action)| Listed {
            id: *id,
            is_enable: action.is_enable,
            name: &action.name,
        })
        .collect();
    serde_json::to_vec(&listed)
        .expect("numbers, booleans and texts can be written")
        .into()
}

/// `GET /api/v1/livechat/conversions`: the actions of the account.
///
/// Rules: comm100.conversions.listed, comm100.conversions.status, comm100.conversions.request_ignored,
/// comm100.conversions.sample.
pub(super) fn list(agent: &Agent, now: Timestamp) -> Answer {
    answer(
        StatusCode::OK,
        now,
        &[],
        Some(JSON),
        agent.account.action_list.clone(),
    )
}

/// Refuses an agent whose account lacks the feature.
pub(super) fn edition_has_them(agent: &Agent, now: Timestamp) -> Result<(), Refusal> {
    ensure(
        agent.account.settings.edition == Edition::Enterprise,
        || {
            let why = "the account's edition has no conversions";
            Refusal::new(
                rule("comm100.edition.enterprise_only"),
                why,
                Problem::AccessDenied.answer(now),
            )
        },
    )
}

/// Refuses an agent who may not see the actions.
pub(super) fn may_list(agent: &Agent, now: Timestamp) -> Result<(), Refusal> {
    may_manage_settings(
        agent,
        rule("comm100.permission.list_needs_manage_settings"),
        now,
    )
}

/// Refuses an agent who may not mark one, which they all may unless the account's switch says otherwise.
///
/// Rules: comm100.permission.mark_needs_none.
pub(super) fn may_mark(agent: &Agent, now: Timestamp) -> Result<(), Refusal> {
    if agent.account.settings.mark_needs_permission {
        may_manage_settings(agent, rule("comm100.permission.mark_switch"), now)?;
    }
    Ok(())
}

fn may_manage_settings(agent: &Agent, rule: RuleId, now: Timestamp) -> Result<(), Refusal> {
    ensure(agent.may_manage_settings(), || {
        let why = "the agent lacks the permission Manage Settings";
        Refusal::new(
            rule,
            why,
            Problem::Permission("Manage Settings").answer(now),
        )
    })
}

/// `POST /api/v1/livechat/mark_api_conversion_successful`: a visitor achieved a conversion.
///
/// What cannot be read is refused like any call, with a status; what can be read gets 200 and one of four results.
///
/// Rules: comm100.mark.recorded, comm100.mark.again_recorded, comm100.mark.only_zero_records,
/// comm100.mark.value_number, comm100.mark.changes_nothing, comm100.mark.query_ignored,
/// comm100.mark.parameter_names_exact, comm100.mark.sample, comm100.mark.sample_visitor, comm100.order.parameters,
/// comm100.mark.name_before_visitor.
pub(super) fn mark(
    agent: &Agent,
    parts: &Parts<'_>,
    body: Body<'_>,
    now: Timestamp,
) -> Result<Outcome<Event>, Refusal> {
    let body = introduction::whole(body, now)?;
    ensure(is_form(parts), || {
        let why = "the body is of another media type than application/x-www-form-urlencoded";
        let answer = Problem::Required("conversion_name").answer(now);
        Refusal::new(rule("comm100.mark.form_only"), why, answer)
    })?;

    let form = Form::parse(body);
    let name = joined(&form, "conversion_name");
    let visitor_id = joined(&form, "visitorId");
    let value = joined(&form, "value");
    ensure(!name.is_empty(), || {
        required(rule("comm100.mark.name_required"), "conversion_name", now)
    })?;
    ensure(!visitor_id.is_empty(), || {
        required(rule("comm100.mark.visitor_id_required"), "visitorId", now)
    })?;
    ensure(!value.is_empty(), || {
        required(rule("comm100.mark.value_required"), "value", now)
    })?;
    ensure(is_decimal(&value), || {
        not_a_number(
            rule("comm100.mark.value_number"),
            "value is not a sign, digits, a point and digits",
            now,
        )
    })?;
    ensure(value.parse().is_ok_and(f64::is_finite), || {
        not_a_number(
            rule("comm100.mark.value_fits"),
            "value is too large for a 64-bit float",
            now,
        )
    })?;

    let account = &agent.account;
    let (id, action) = account.action(&name).ok_or_else(|| {
        refused(
            rule("comm100.mark.unknown_name"),
            "conversion_name: no action of the account has this name",
            UNKNOWN_NAME,
            now,
        )
    })?;
    ensure(action.is_enable, || {
        refused(
            rule("comm100.mark.disabled_action"),
            "conversion_name: the action is disabled",
            UNKNOWN_NAME,
            now,
        )
    })?;
    ensure(action.kind == ActionKind::Api, || {
        let why = "conversion_name: the action is achieved by the visitor, not by a call";
        refused(rule("comm100.mark.other_type"), why, UNKNOWN_NAME, now)
    })?;
    let visitor = account.visitor(&visitor_id).ok_or_else(|| {
        refused(
            rule("comm100.mark.unknown_visitor"),
            "visitorId: the account has no visitor with this id",
            UNKNOWN_VISITOR,
            now,
        )
    })?;
    let (visitor_id, visitor) = &account.visitors[visitor];
    ensure(visitor.status.is_on_site(), || {
        refused(
            rule("comm100.mark.offline_visitor"),
            "visitorId: the visitor is out of the site",
            UNKNOWN_VISITOR,
            now,
        )
    })?;
    ensure(!account.settings.error_3, || {
        refused(
            rule("comm100.mark.error_3"),
            "the account's switch error_3 is on",
            NOT_ADDED,
            now,
        )
    })?;

    let marked = Marked {
        at: now,
        account: account.name.clone(),
        agent: agent.email.clone(),
        action_id: *id,
        action_name: name.into_owned(),
        visitor: *visitor_id,
        value: value.into_owned(),
    };
    Ok(Outcome::accepted(result(ADDED, now)).causing(Event::Marked(marked)))
}

/// Whether the body is a form, going by its media type. Without one it is.
///
/// Rules: comm100.mark.no_content_type_is_form, comm100.mark.form_with_parameters.
fn is_form(parts: &Parts<'_>) -> bool {
    let Some(content_type) = parts.header(CONTENT_TYPE) else {
        return true;
    };
    let media_type = content_type
        .as_bytes()
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    media_type
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// The value of a parameter; of several, all of them with commas between. Empty if there is none.
///
/// Rules: comm100.mark.repeated_joined, comm100.mark.parameter_names_exact, comm100.mark.plus_is_space,
/// comm100.mark.percent_decoded, comm100.mark.odd_escapes.
fn joined<'f>(form: &'f Form<'_>, name: &str) -> Cow<'f, str> {
    let mut values = form.all(name);
    let first = Cow::Borrowed(values.next().unwrap_or_default());
    values.fold(first, |all, value| all + "," + value)
}

/// Whether a text is digits, with a sign before them or not, and a point and digits after them or not.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

/// A decimal without a plus sign and without zeros that lead: `+007.50` is `7.50`.
pub(super) fn plain(decimal: &str) -> String {
    let (sign, unsigned) = match decimal.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", decimal.strip_prefix('+').unwrap_or(decimal)),
    };
    let digits = unsigned.trim_start_matches('0');
    let zero = if digits.starts_with(|first: char| first.is_ascii_digit()) {
        ""
    } else {
        "0"
    };
    format!("{sign}{zero}{digits}")
}

/// Refuses for a parameter that is missing.
///
/// Rules: comm100.mark.empty_is_missing, comm100.mark.first_missing_named.
fn required(rule: RuleId, parameter: &'static str, now: Timestamp) -> Refusal {
    let why = format!("{parameter} is missing or empty");
    Refusal::new(rule, why, Problem::Required(parameter).answer(now))
}

fn not_a_number(rule: RuleId, why: &'static str, now: Timestamp) -> Refusal {
    Refusal::new(rule, why, Problem::NotANumber("value").answer(now))
}

fn refused(rule: RuleId, why: &'static str, body: &'static str, now: Timestamp) -> Refusal {
    Refusal::new(rule, why, result(body, now))
}

/// The four results, in the order of the page's table.
///
/// Rules: comm100.mark.members, comm100.mark.ok_message, comm100.mark.unknown_name_message,
/// comm100.mark.unknown_visitor_message, comm100.mark.error_3_message, comm100.errors.never_both.
const ADDED: &str = r#"{"error_code":0,"error_message":"ok"}"#;
const UNKNOWN_NAME: &str = r#"{"error_code":1,"error_message":"the conversion does not exist"}"#;
const UNKNOWN_VISITOR: &str = r#"{"error_code":2,"error_message":"the visitorId does not exist"}"#;
const NOT_ADDED: &str =
    r#"{"error_code":3,"error_message":"error adding conversion-related Data to system"}"#;

/// The result that is no fault of the caller's.
pub(super) fn not_added(now: Timestamp) -> Answer {
    result(NOT_ADDED, now)
}

/// Answers with a result.
///
/// Rules: comm100.mark.result_status.
fn result(body: &'static str, now: Timestamp) -> Answer {
    answer(StatusCode::OK, now, &[], Some(JSON), body)
}
