//! Page "Introduction": what holds for every call before its own page is looked at.
//!
//! The page gives no order; ours is C100-ORD-01 and C100-ORD-02 of the dossier.

use std::borrow::Cow;

use fixtures::rule;
use http::header::{AUTHORIZATION, HOST};
use http::{StatusCode, Version};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::errors::Problem;
use super::seed::{Account, AccountState, Agent, Seed};
use crate::credentials::basic;
use crate::engine::{Body, Count, Parts, Refusal, Usage, Window, ensure};

/// Refuses what HTTP does not allow: no `Host`, or several.
pub(super) fn readable(parts: &Parts<'_>, now: Timestamp) -> Result<(), Refusal> {
    let hosts = parts.headers.get_all(HOST).iter().count();
    ensure(
        hosts == 1 || (hosts == 0 && parts.version != Version::HTTP_11),
        || {
            let why = "Host is missing, or stands more than once";
            Refusal::new(
                rule("comm100.transport.one_host"),
                why,
                Problem::Host.answer(now),
            )
        },
    )
}

/// Refuses plain http if the seed says so.
pub(super) fn over_https(seed: &Seed, parts: &Parts<'_>, now: Timestamp) -> Result<(), Refusal> {
    ensure(parts.secure || !seed.strict_https, || {
        let why = "the call came over plain http, and strict_https is on";
        Refusal::new(
            rule("comm100.transport.strict_https"),
            why,
            Problem::AccessDenied.answer(now),
        )
    })
}

/// A path as it is compared: percent escapes decoded once, nothing else changed.
///
/// Rules: comm100.paths.decoded_once.
pub(super) fn decoded(path: &str) -> Cow<'_, str> {
    percent_decode_str(path).decode_utf8_lossy()
}

/// What stands behind `/api/v1/`.
///
/// Rules: comm100.paths.api_prefix.
pub(super) fn below_api(path: &str) -> Option<&str> {
    without_prefix(path, "/api/v1/")
}

/// What stands behind a prefix, in any letter case.
///
/// Rules: comm100.paths.any_case.
pub(super) fn without_prefix<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let (front, rest) = path.split_at_checked(prefix.len())?;
    front.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The agent who calls.
///
/// The host plays no part: an e-mail address belongs to one account, whichever host the call names.
///
/// Rules: comm100.authentication.basic_accepted, comm100.authentication.reading, comm100.authentication.alike,
/// comm100.authentication.key_any_agent, comm100.authentication.letter_case, comm100.transport.documented_hosts.
pub(super) fn authenticate<'s>(
    seed: &'s Seed,
    parts: &Parts<'_>,
    now: Timestamp,
) -> Result<&'s Agent, Refusal> {
    let refuse = |rule, why| Refusal::new(rule, why, Problem::Credentials.answer(now));
    let sent = parts.header(AUTHORIZATION);
    ensure(sent.is_some(), || {
        refuse(
            rule("comm100.authentication.required"),
            "there is no Authorization header",
        )
    })?;
    ensure(sent.is_some_and(|sent| is_basic(sent.as_bytes())), || {
        refuse(
            rule("comm100.authentication.other_scheme"),
            "the scheme of Authorization is not Basic",
        )
    })?;
    let pair = basic(parts.headers).ok_or_else(|| {
        refuse(
            rule("comm100.authentication.malformed"),
            "the credentials are not an e-mail address, a colon and a key",
        )
    })?;
    let agent = seed.agent(pair.username()).ok_or_else(|| {
        refuse(
            rule("comm100.authentication.unknown_email"),
            "the user name is no agent's e-mail address",
        )
    })?;
    ensure(agent.document.api_key == pair.password(), || {
        refuse(
            rule("comm100.authentication.wrong_key"),
            "the password is not this agent's key",
        )
    })?;
    ensure(agent.document.is_active, || {
        refuse(
            rule("comm100.authentication.inactive_agent"),
            "the agent is not active",
        )
    })?;
    Ok(agent)
}

fn is_basic(authorization: &[u8]) -> bool {
    authorization
        .split(|byte| *byte == b' ')
        .next()
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"Basic"))
}

/// Refuses once the account's calls of the day, counted from 0:00 UTC, are used up.
///
/// Rules: comm100.limit.midnight_utc, comm100.limit.per_account.
pub(super) fn within_limit(
    account: &Account,
    usage: &Usage,
    now: Timestamp,
) -> Result<(), Refusal> {
    let Some(times) = account.settings.daily_limit else {
        return Ok(());
    };
    let tally = usage.tally(&account.usage_key, Window::UtcDay, now);
    ensure(tally.used < times, || {
        let status = match account.settings.limit_status {
            500 => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        };
        let problem = Problem::DailyLimit {
            status,
            times,
            email: &account.settings.limit_email,
        };
        Refusal::new(
            rule("comm100.limit.refused"),
            "the account's calls of the day are used up",
            problem.answer(now),
        )
    })
}

/// What a call counts towards once it is authenticated and within the limit, whatever becomes of it.
///
/// Rules: comm100.limit.failures_count, comm100.limit.unauthenticated_not_counted.
pub(super) fn count(account: &Account) -> Count {
    Count {
        key: account.usage_key.clone().into(),
        window: Window::UtcDay,
    }
}

/// Refuses an account that may not call.
pub(super) fn in_good_standing(account: &Account, now: Timestamp) -> Result<(), Refusal> {
    let state = account.settings.state;
    let unless = |other, rule, why, problem: Problem<'_>| {
        ensure(state != other, || {
            Refusal::new(rule, why, problem.answer(now))
        })
    };
    unless(
        AccountState::Closed,
        rule("comm100.account.closed"),
        "the account is closed",
        Problem::AccountClosed,
    )?;
    unless(
        AccountState::NotAvailable,
        rule("comm100.account.not_available"),
        "the account is not available",
        Problem::AccountNotAvailable,
    )?;
    unless(
        AccountState::LicensesExpired,
        rule("comm100.account.licenses_expired"),
        "a licence of the account has expired",
        Problem::LicensesExpired,
    )?;
    unless(
        AccountState::NoLicenses,
        rule("comm100.account.no_licenses"),
        "the account has no licence",
        Problem::NoLicenses,
    )
}

/// Fails if the account's switch says so.
pub(super) fn working(account: &Account, now: Timestamp) -> Result<(), Refusal> {
    ensure(!account.settings.internal_fault, || {
        let why = "the account's switch internal_fault is on";
        Refusal::new(
            rule("comm100.errors.internal_fault"),
            why,
            Problem::Internal.answer(now),
        )
    })
}

/// The whole body, if it came whole.
pub(super) fn whole(body: Body<'_>, now: Timestamp) -> Result<&[u8], Refusal> {
    match body {
        Body::Whole(bytes) => Ok(bytes),
        Body::TooLong => {
            let answer = Problem::BodyTooLarge.answer(now);
            Err(Refusal::new(
                rule("comm100.body.too_large"),
                "the body is longer than the limit",
                answer,
            ))
        }
        Body::Broken => {
            let answer = Problem::UnreadableBody.answer(now);
            Err(Refusal::new(
                rule("comm100.body.readable"),
                "the framing of the body is wrong",
                answer,
            ))
        }
    }
}
