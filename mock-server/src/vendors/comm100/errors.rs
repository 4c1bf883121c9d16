//! The error envelope, `{"code":…,"message":…}`: page "Introduction", section "Error Handling".
//!
//! The published page shows one number, 400000; the others are in the table of the dossier's section 6.1. Numbers that
//! no source has are ours, and the dossier says so (C100-AUT-11, C100-UNS-17, -21, -25, -31, -32).

use std::borrow::Cow;

use http::header::{ALLOW, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use crate::engine::{Answer, answer};

/// The `Content-Type` of every answer.
///
/// Rules: comm100.format.content_type, comm100.format.json_only.
pub(super) const JSON: &str = "application/json; charset=utf-8";

/// A failed call, in the order of the numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Problem<'a> {
    /// A parameter is missing or empty.
    Required(&'static str),
    /// A parameter is not a number.
    NotANumber(&'static str),
    /// The framing of the body is wrong.
    UnreadableBody,
    /// `Host` is missing or repeated.
    Host,
    /// Whoever calls is not known.
    Credentials,
    /// Refused without a reason of its own.
    AccessDenied,
    /// The account was closed.
    AccountClosed,
    /// The account is not available.
    AccountNotAvailable,
    /// The agent lacks a permission.
    Permission(&'static str),
    /// A licence expired, or there are too many agents.
    LicensesExpired,
    /// The account has no licence.
    NoLicenses,
    /// No such path, as it was sent.
    NotFound(&'a str),
    /// No visitor with that id.
    NoVisitor(&'a str),
    /// The path takes other methods: those.
    Method(&'static str),
    /// The body is longer than is read.
    BodyTooLarge,
    /// The fault switch is on.
    Internal,
    /// The calls of the day are used up.
    DailyLimit {
        /// What the account's switch says.
        status: StatusCode,
        /// How many calls a day are answered.
        times: u64,
        /// Where to ask for more.
        email: &'a str,
    },
}

#[derive(Serialize)]
struct Envelope<'a> {
    code: u32,
    message: &'a str,
}

impl Problem<'_> {
    /// The whole answer.
    ///
    /// Rules: comm100.errors.envelope, comm100.authentication.challenge, comm100.paths.allow, comm100.limit.no_hints.
    pub(super) fn answer(self, now: Timestamp) -> Answer {
        let (code, message) = self.row();
        let header = match self {
            Self::Credentials => Some((
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"Comm100\""),
            )),
            Self::Method(allowed) => Some((ALLOW, HeaderValue::from_static(allowed))),
            _ => None,
        };
        let envelope = Envelope {
            code,
            message: &message,
        };
        let body = serde_json::to_vec(&envelope).expect("a number and a text can be written");
        answer(self.status(code), now, header.as_slice(), Some(JSON), body)
    }

    /// The status of a number.
    ///
    /// Rules: comm100.errors.code_begins_with_status, comm100.errors.caller_errors, comm100.limit.status_switch.
    fn status(self, code: u32) -> StatusCode {
        match self {
            Self::DailyLimit { status, .. } => status,
            _ => u16::try_from(code / 1000)
                .ok()
                .and_then(|status| StatusCode::from_u16(status).ok())
                .expect("every other number begins with its status"),
        }
    }

    /// Number and message, as the table has them, misspellings included.
    ///
    /// Rules: comm100.mark.required_message, comm100.authentication.body, comm100.permission.message,
    /// comm100.edition.code, comm100.paths.unknown, comm100.visitors.unknown_id, comm100.limit.envelope.
    fn row(self) -> (u32, Cow<'static, str>) {
        match self {
            Self::Required(parameter) => (400_000, format!("Parameter '{parameter}' is required.").into()),
            Self::NotANumber(parameter) => (400_003, format!("Parameter '{parameter}' should be a number.").into()),
            Self::UnreadableBody => (400_012, "Request body could not be read.".into()),
            Self::Host => (400_013, "Exactly one Host header is required.".into()),
            Self::Credentials => (401_000, "The username or API key you provide is invalid.".into()),
            Self::AccessDenied => (403_000, "Access denied.".into()),
            Self::AccountClosed => (403_001, "Your accout has been closed.".into()),
            Self::AccountNotAvailable => (403_002, "Your accout is not available.".into()),
            Self::Permission(permission) => (403_003, format!("You do not have '{permission}' permission.").into()),
            Self::LicensesExpired => (
                403_004,
                "You have license(s) expired, or your current agent count has exceeded the total valid licenses. \
                 Please add new licenses to avoid any service interruption."
                    .into(),
            ),
            Self::NoLicenses => (
                403_005,
                "There are no licenses in your account. \
                 Please contact your account manager to purchase new licenses."
                    .into(),
            ),
            Self::NotFound(url) => (404_000, format!("{url} not found.").into()),
            Self::NoVisitor(id) => (404_001, format!("Visitor with ID {id} does not exists.").into()),
            Self::Method(_) => (405_000, "Method not allowed.".into()),
            Self::BodyTooLarge => (413_000, "Request body too large.".into()),
            Self::Internal => (500_000, "Internal server error.".into()),
            Self::DailyLimit { times, email, .. } => (
                500_010,
                format!(
                    "You have reached the daily API calling limit: {times}. \
                     If you want to increase your API calling times, please contact us at: {email}."
                )
                .into(),
            ),
        }
    }
}
