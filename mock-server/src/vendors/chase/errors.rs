//! Validation errors: FastAPI's list of what does not fit the model.
//!
//! Section 7 of the dossier.

use std::borrow::Cow;
use std::fmt::Write;

use fixtures::{RuleId, rule};
use http::StatusCode;

use super::answers::Answers;
use super::echo;
use super::json::{Unreadable, Value};
use crate::engine::{Answer, Refusal};

/// What does not fit the model, in the order of the model.
///
/// Rules: chase.body.error_form, chase.body.error_members, chase.body.every_error, chase.body.input_echoed.
#[derive(Default)]
pub(super) struct Errors {
    /// What is refused, as JSON without the brackets around it.
    entries: String,
    /// Whether an entry had to echo what no answer can hold.
    unwritable: bool,
    refused_by: Vec<RuleId>,
    why: String,
}

/// One entry of the list.
pub(super) struct Entry<'a> {
    pub(super) rule: RuleId,
    /// Pydantic's name for the error.
    pub(super) kind: &'static str,
    /// The member that is wrong; none if it is the body as a whole.
    pub(super) member: Option<&'static str>,
    pub(super) message: Cow<'static, str>,
    pub(super) input: &'a Value<'a>,
    /// What `ctx` is, as JSON; empty if there is none.
    pub(super) context: String,
    /// The finer rule that decided, if there is one.
    pub(super) because_of: Option<RuleId>,
}

impl<'a> Entry<'a> {
    /// An error in the body as a whole.
    pub(super) fn body(
        rule: RuleId,
        kind: &'static str,
        message: &'static str,
        input: &'a Value<'a>,
    ) -> Self {
        Self {
            rule,
            kind,
            member: None,
            message: message.into(),
            input,
            context: String::new(),
            because_of: None,
        }
    }

    /// An error in one member.
    pub(super) fn member(
        member: &'static str,
        rule: RuleId,
        kind: &'static str,
        message: Cow<'static, str>,
        input: &'a Value<'a>,
    ) -> Self {
        Self {
            rule,
            kind,
            member: Some(member),
            message,
            input,
            context: String::new(),
            because_of: None,
        }
    }
}

impl Errors {
    /// A list of one.
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let mut errors = Self::default();
        errors.add(entry);
        errors
    }

    /// What was checked, unless it is wrong.
    pub(super) fn unless_wrong<T>(&mut self, checked: Result<T, Entry<'_>>) -> Option<T> {
        checked.map_err(|entry| self.add(&entry)).ok()
    }

    /// 422 with the list, or 500 if the list cannot be written.
    pub(super) fn into_refusal(mut self, answers: &Answers<'_>) -> Refusal {
        let answer = if self.unwritable {
            self.refused_by.insert(0, rule("chase.echo.unwritable"));
            self.why
                .push_str("; its echo would have NaN, an infinity or a lone surrogate");
            answers.internal_server_error()
        } else {
            list(&self.entries, answers)
        };
        Refusal {
            answer,
            refused_by: self.refused_by,
            why: self.why.into(),
        }
    }

    fn add(&mut self, entry: &Entry<'_>) {
        let out = &mut self.entries;
        if !out.is_empty() {
            out.push(',');
            self.why.push_str("; ");
        }
        write!(out, r#"{{"type":"{}","loc":["body""#, entry.kind).expect("text takes everything");
        if let Some(member) = entry.member {
            write!(out, r#","{member}""#).expect("text takes everything");
        }
        out.push_str(r#"],"msg":"#);
        echo::text(out, &entry.message);
        out.push_str(r#","input":"#);
        self.unwritable |= echo::value(out, entry.input).is_err();
        if !entry.context.is_empty() {
            out.push_str(r#","ctx":"#);
            out.push_str(&entry.context);
        }
        out.push('}');
        self.refused_by.extend(entry.because_of);
        self.refused_by.push(entry.rule);
        self.why.push_str(entry.member.unwrap_or("body"));
        self.why.push_str(": ");
        self.why.push_str(&entry.message);
    }
}

/// The answer to a body that is no JSON, or that Python fails to read.
///
/// Rules: chase.json.invalid_answer.
pub(super) fn unreadable(why: Unreadable, answers: &Answers<'_>) -> Refusal {
    match why {
        Unreadable::Failure { rule, why } => {
            let detail = "There was an error parsing the body";
            Refusal::new(rule, why, answers.detail(StatusCode::BAD_REQUEST, detail))
        }
        Unreadable::Invalid {
            rule,
            error,
            position,
        } => {
            let mut entry = format!(
                r#"{{"type":"json_invalid","loc":["body",{position}],"msg":"JSON decode error","input":{{}},"ctx":{{"error":"#
            );
            echo::text(&mut entry, error);
            entry.push_str("}}");
            Refusal::new(
                rule,
                format!("the body is no JSON: {error}, at character {position}"),
                list(&entry, answers),
            )
        }
    }
}

fn list(entries: &str, answers: &Answers<'_>) -> Answer {
    answers.json(
        StatusCode::UNPROCESSABLE_ENTITY,
        format!(r#"{{"detail":[{entries}]}}"#),
    )
}
