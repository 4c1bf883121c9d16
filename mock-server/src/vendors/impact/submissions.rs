//! Page "Submissions": the record behind a `QueuedUri`, and what became of the conversion.
//!
//! What will become of it is decided when it arrives; when that shows is computed from the time it is read.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use fixtures::rule;
use jiff::{SignedDuration, Timestamp};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::engine::{Outcome, Refusal, ensure};

use super::Event;
use super::actions::Action;
use super::dates::later;
use super::errors;
use super::items::Item;
use super::money::Money;
use super::requests::Call;
use super::responses::Writer;

/// A conversion that was submitted, and what becomes of it. Its batch id is its key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Its place in the order of arrival.
    #[serde(default)]
    pub number: u64,
    /// The account that submitted it, by id.
    pub account: u64,
    /// The SID it was submitted with. Absent: that of whoever asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// When it arrived.
    pub submitted_at: Timestamp,
    /// From when on it is `In Progress`. Absent: it stays `Queued`.
    #[serde(default)]
    pub in_progress_at: Option<Timestamp>,
    /// From when on it is `Complete`. Absent: it never is.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// `CampaignId`.
    pub campaign: u64,
    /// `ActionTrackerId`.
    pub tracker: u64,
    /// `OrderId`.
    pub order_id: String,
    /// Everything that was submitted, as a form.
    #[serde(default)]
    pub payload: String,
    /// When the event happened.
    pub event_date: Timestamp,
    /// The currency of the amounts below, ISO 4217.
    pub currency: String,
    /// The lines of the order.
    #[serde(default)]
    pub items: Vec<Item>,
    /// `CustomerCity`, or empty.
    #[serde(default)]
    pub customer_city: String,
    /// `CustomerCountry`, or empty.
    #[serde(default)]
    pub customer_country: String,
    /// `SharedId`, or empty.
    #[serde(default)]
    pub shared_id: String,
    /// `SubId1` to `SubId3`, or empty.
    #[serde(default)]
    pub sub_ids: [String; 3],
    /// Why it ends without an action, if it does: a code such as `CONTRACT_NOT_FOUND`.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// The action that it becomes, unless there is a reason why not.
    #[serde(default)]
    pub action: Option<Action>,
}

/// Where a submission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Queued,
    InProgress,
    Complete,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "Queued",
            Self::InProgress => "In Progress",
            Self::Complete => "Complete",
        })
    }
}

impl Submission {
    /// Where it stands at `now`.
    ///
    /// Rules: impact.submissions.statuses, impact.submissions.timing.
    pub(super) fn status(&self, now: Timestamp) -> Status {
        let reached = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        match (reached(self.in_progress_at), reached(self.completed_at)) {
            (_, true) => Status::Complete,
            (true, false) => Status::InProgress,
            (false, false) => Status::Queued,
        }
    }

    /// The action it has become at `now`, and when that was.
    ///
    /// Rules: impact.actions.after_completion, impact.submissions.no_action_on_error.
    pub(super) fn action_at(&self, now: Timestamp) -> Option<(&Action, Timestamp)> {
        let action = self.action.as_ref().filter(|_| self.reason.is_none())?;
        Some((action, self.completed_at.filter(|at| *at <= now)?))
    }

    /// What the order comes to.
    pub(super) fn amount(&self) -> Money {
        self.items.iter().map(|item| item.amount).sum()
    }

    /// What contradicts itself, if a person wrote it.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.items.is_empty() {
            return Err(("items", "an order has at least one line"));
        }
        // As many as a call can number; any more could add up to what no decimal holds.
        if self.items.len() > 9_999 {
            return Err(("items", "an order has at most 9999 lines"));
        }
        if self.in_progress_at.is_some_and(|at| at < self.submitted_at) {
            return Err(("in_progress_at", "must not be before submitted_at"));
        }
        if self
            .completed_at
            .is_some_and(|at| self.in_progress_at.is_none_or(|before| at < before))
        {
            return Err(("completed_at", "must not be before in_progress_at"));
        }
        self.action.as_ref().map_or(Ok(()), |action| {
            action.check().map_err(|message| ("action", message))
        })
    }
}

/// `GET /Mediapartners/{AccountSID}/APISubmissions/{BatchId}`: the record of a submission.
///
/// Rules: impact.submissions.record.
pub(super) fn retrieve(call: &Call<'_>, id: &str) -> Result<Outcome<Event>, Refusal> {
    let kept = SignedDuration::from_hours(24 * i64::from(call.state.settings().record_days));
    let found = parse_batch_id(id)
        .and_then(|batch| Some((batch, call.state.submission(batch)?)))
        .filter(|(_, record)| record.account == call.account_id);
    let (batch, record) = call.found(
        found,
        rule("impact.submissions.unknown"),
        "the account has no such submission",
    )?;
    ensure(call.now <= later(record.submitted_at, kept), || {
        let why = "the record is not kept any more";
        let answer = errors::not_found(&call.reply);
        Refusal::new(rule("impact.submissions.kept_for_90_days"), why, answer)
    })?;
    Ok(Outcome::accepted(call.reply.resource(
        "APISubmission",
        |writer| {
            members(writer, call, batch, record);
        },
    )))
}

/// Rules: impact.submissions.members, impact.submissions.completion, impact.submissions.error_type.
fn members(writer: &mut Writer, call: &Call<'_>, batch: Uuid, record: &Submission) {
    let date = |at| call.account.utc_offset.show(at);
    let status = record.status(call.now);
    let completed = record.completed_at.filter(|_| status == Status::Complete);
    let reason = record.reason.filter(|_| status == Status::Complete);
    writer.member("BatchId", batch_id(batch));
    writer.member("AccountId", record.account);
    writer.member("SubmissionDate", date(record.submitted_at));
    writer.member("CampaignId", record.campaign);
    writer.member("ActionTrackerId", record.tracker);
    writer.member("MediaPartnerId", record.account);
    writer.member("EventCode", "");
    writer.member("OrderId", &record.order_id);
    writer.member("Payload", &record.payload);
    writer.member("Type", "Conversion");
    writer.member("Status", status);
    writer.member(
        "CompletionDate",
        completed.map(|at| date(at).to_string()).unwrap_or_default(),
    );
    writer.member("ErrorType", reason.map_or("", Reason::error_type));
    writer.member("ErrorReason", reason.map_or("", Reason::code));
    let sid = record.account_sid.as_deref().unwrap_or(call.sid);
    writer.member("Uri", uri(sid, batch));
}

/// The record of a batch, relative to the host.
///
/// Rules: impact.conversions.queued_uri.
pub(super) fn uri(sid: &str, batch: Uuid) -> String {
    format!("/Mediapartners/{sid}/APISubmissions/{}", batch_id(batch))
}

/// `A-` and the UUID.
///
/// Rules: impact.conversions.batch_id.
pub(super) fn batch_id(batch: Uuid) -> String {
    format!("A-{batch}")
}

/// Reads a batch id as it is written, and in no other way.
pub(super) fn parse_batch_id(text: &str) -> Option<Uuid> {
    let batch = text.strip_prefix("A-")?.parse().ok()?;
    (batch_id(batch) == text).then_some(batch)
}

/// Why a conversion ends without an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Reason(&'static str);

impl Reason {
    pub(super) const TRACKER_CAMPAIGN_MISMATCH: Self = Self("ACTIONTRACKER_CAMPAIGN_MISMATCH");
    pub(super) const TRACKER_NOT_ACTIVE: Self = Self("ACTIONTRACKER_NOT_ACTIVE");
    pub(super) const TRACKER_NOT_FOUND: Self = Self("ACTIONTRACKER_NOT_FOUND");
    pub(super) const CAMPAIGN_NOT_FOUND: Self = Self("CAMPAIGN_NOT_FOUND");
    pub(super) const CONTRACT_NOT_FOUND: Self = Self("CONTRACT_NOT_FOUND");
    pub(super) const DUPLICATE: Self = Self("CONV_DUPLICATE");
    pub(super) const PARTNER_NOT_ACTIVE: Self = Self("PARTNER_NOT_ACTIVE");

    /// The submitted data is wrong.
    const VALIDATION: [&str; 7] = [
        "ACTIONTRACKER_CAMPAIGN_MISMATCH",
        "ACTIONTRACKER_NOT_ACTIVE",
        "ACTIONTRACKER_NOT_FOUND",
        "CAMPAIGN_NOT_FOUND",
        "MALFORMED",
        "NO_ITEM",
        "OID_MISSING",
    ];

    /// The data is fine, but no payout can result.
    const CONTRACT_ERROR: [&str; 20] = [
        "ACTION_REF_NOT_FOUND",
        "ACTIONTERMS_NOT_FOUND",
        "BLACKLISTED_SOURCE_IP",
        "BLOCKED_BY_PROMOCODE",
        "CALL_DUPLICATE",
        "CALL_DURATION_TOO_SHORT",
        "CALL_FOR_CALL_PER_CONV_AT",
        "CALL_INCOMPLETE",
        "CALL_OUTSIDE_DAILY_RANGE",
        "CONTRACT_NOT_FOUND",
        "CONV_DUPLICATE",
        "CREDITING_RULE_MISMATCH",
        "MAX_RECURRENCES_REACHED",
        "NO_VALID_ACTION_REF",
        "OTHER_REF_PRIORITIZED",
        "OUTSIDE_ASSOCIATION_WINDOW",
        "PARTNER_NOT_ACTIVE",
        "REFTYPE_NOT_ACCEPTED",
        "RESTRICTED_PROMOCODE",
        "UNCLAIMED",
    ];

    /// Every reason there is.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let codes = Self::VALIDATION.into_iter().chain(Self::CONTRACT_ERROR);
        codes.map(Self)
    }

    /// Such as `CONTRACT_NOT_FOUND`.
    ///
    /// Rules: impact.submissions.error_type.
    pub(super) fn code(self) -> &'static str {
        self.0
    }

    /// What kind of error it is.
    fn error_type(self) -> &'static str {
        if Self::VALIDATION.contains(&self.0) {
            "Validation"
        } else {
            "Contract Error"
        }
    }
}

// Derived, it would borrow the text for ever.
impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .try_into()
            .map_err(D::Error::custom)
    }
}

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::all()
            .find(|reason| reason.0 == text)
            .ok_or_else(|| format!("{text:?} is no reason code of impact.com"))
    }
}

/// Submissions in the order of their arrival, with what finds one at once.
#[derive(Debug, Default)]
pub(super) struct Records {
    all: Vec<(Uuid, Arc<Submission>)>,
    by_batch: HashMap<Uuid, usize>,
    by_action: HashMap<u64, usize>,
    /// Account and tracker, then `OrderId`: the last one that became, or becomes, an action.
    by_order: HashMap<(u64, u64), HashMap<String, usize>>,
}

impl Records {
    pub(super) fn push(&mut self, batch: Uuid, record: Arc<Submission>) {
        let position = self.all.len();
        self.by_batch.insert(batch, position);
        if let Some(action) = &record.action {
            self.by_action.insert(action.number, position);
        }
        // One that ends with an error does not use up its OrderId.
        if record.reason.is_none() {
            let orders = self
                .by_order
                .entry((record.account, record.tracker))
                .or_default();
            orders.insert(record.order_id.clone(), position);
        }
        self.all.push((batch, record));
    }

    /// All of them, with their batch ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Uuid, &Submission)> {
        self.all.iter().map(|(batch, record)| (*batch, &**record))
    }

    pub(super) fn of_batch(&self, batch: Uuid) -> Option<&Submission> {
        self.by_batch.get(&batch).map(|position| self.at(*position))
    }

    /// The submission whose action has that number.
    pub(super) fn of_action(&self, number: u64) -> Option<&Submission> {
        self.by_action
            .get(&number)
            .map(|position| self.at(*position))
    }

    /// The last submission of that order that becomes an action.
    pub(super) fn of_order(
        &self,
        account: u64,
        tracker: u64,
        order_id: &str,
    ) -> Option<&Submission> {
        self.by_order
            .get(&(account, tracker))?
            .get(order_id)
            .map(|position| self.at(*position))
    }

    fn at(&self, position: usize) -> &Submission {
        &self.all[position].1
    }

    /// The largest number of a submission; 0 if there is none.
    pub(super) fn last_number(&self) -> u64 {
        self.all
            .iter()
            .map(|(_, record)| record.number)
            .max()
            .unwrap_or(0)
    }

    /// The largest number of an action; 0 if there is none.
    pub(super) fn last_action(&self) -> u64 {
        self.by_action.keys().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_27_reason_codes_of_two_kinds() {
        let codes = Reason::VALIDATION.into_iter().chain(Reason::CONTRACT_ERROR);
        let codes: std::collections::BTreeSet<&str> = codes.collect();
        assert_eq!(codes.len(), 27);
        let kind = |code: &str| Reason::try_from(code.to_owned()).map(Reason::error_type);
        assert_eq!(kind("CAMPAIGN_NOT_FOUND"), Ok("Validation"));
        assert_eq!(kind("CONTRACT_NOT_FOUND"), Ok("Contract Error"));
        assert!(kind("UNKNOWN").is_err());
        for reason in [
            Reason::TRACKER_CAMPAIGN_MISMATCH,
            Reason::TRACKER_NOT_ACTIVE,
            Reason::TRACKER_NOT_FOUND,
            Reason::CAMPAIGN_NOT_FOUND,
            Reason::CONTRACT_NOT_FOUND,
            Reason::DUPLICATE,
            Reason::PARTNER_NOT_ACTIVE,
        ] {
            assert!(codes.contains(reason.code()));
        }
    }

    #[test]
    fn a_batch_id_has_one_spelling() {
        let id = "A-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6";
        assert_eq!(parse_batch_id(id).map(batch_id).as_deref(), Some(id));
        for other in [
            "0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6",
            "A-0F1E2D3C-4B5A-4978-8869-A1B2C3D4E5F6",
            "A-0f1e2d3c4b5a49788869a1b2c3d4e5f6",
            "A-{0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6}",
            "a-0f1e2d3c-4b5a-4978-8869-a1b2c3d4e5f6",
            "A-b1234c56-7d89-0e12-3f4g-5h6ij7k8901l",
            "",
        ] {
            assert_eq!(parse_batch_id(other), None, "{other}");
        }
    }
}
