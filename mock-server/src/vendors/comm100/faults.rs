//! Errors and conditions that a fault asks for: the table of "Error Handling", out of its turn.

use http::StatusCode;
use jiff::Timestamp;

use super::errors::Problem;
use super::{Comm100, State, conversions};
use crate::credentials::basic;
use crate::engine::{Answer, Condition, Effect, Parts, Vendor};

/// The calls of a day that an account without a limit of its own is said to have used up.
const USUAL_LIMIT: u64 = 1000;

/// The statuses of the table.
pub(super) const STATUSES: &[u16] = &[400, 401, 403, 404, 405, 413, 500];

/// The answer with a status; where the table has several numbers for it, the first.
pub(super) fn documented(parts: &Parts<'_>, status: u16, now: Timestamp) -> Answer {
    let problem = match status {
        400 => Problem::Required("conversion_name"),
        401 => Problem::Credentials,
        403 => Problem::AccessDenied,
        404 => Problem::NotFound(parts.path),
        405 => Problem::Method("GET"),
        413 => Problem::BodyTooLarge,
        _ => Problem::Internal,
    };
    problem.answer(now)
}

/// What an account can run into.
pub(super) const CONDITIONS: [&str; 7] = [
    "error_3",
    "account_closed",
    "account_not_available",
    "licenses_expired",
    "no_licenses",
    "daily_limit",
    "internal_fault",
];

/// One of [`CONDITIONS`].
pub(super) fn condition(name: &str) -> Option<Condition<Comm100>> {
    let answer: fn(&State, &Parts<'_>, Timestamp) -> Answer = match name {
        "error_3" => |_, _, now| conversions::not_added(now),
        "account_closed" => |_, _, now| Problem::AccountClosed.answer(now),
        "account_not_available" => |_, _, now| Problem::AccountNotAvailable.answer(now),
        "licenses_expired" => |_, _, now| Problem::LicensesExpired.answer(now),
        "no_licenses" => |_, _, now| Problem::NoLicenses.answer(now),
        "daily_limit" => daily_limit,
        "internal_fault" => |_, _, now| Problem::Internal.answer(now),
        _ => return None,
    };
    Some(Condition {
        // Only marking a conversion has such a result.
        route: (name == "error_3").then_some(Comm100::ROUTES[1]),
        effect: Effect::Answer(answer),
    })
}

/// The limit as the account of the caller has it, as far as that is known.
fn daily_limit(state: &State, parts: &Parts<'_>, now: Timestamp) -> Answer {
    let agent = basic(parts.headers).and_then(|pair| state.seed.agent(pair.username()));
    let settings = agent.map(|agent| &agent.account.settings);
    let status = match settings.map(|settings| settings.limit_status) {
        Some(500) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::FORBIDDEN,
    };
    let problem = Problem::DailyLimit {
        status,
        times: settings
            .and_then(|settings| settings.daily_limit)
            .unwrap_or(USUAL_LIMIT),
        email: settings.map_or("support@comm100.example", |settings| &settings.limit_email),
    };
    problem.answer(now)
}
