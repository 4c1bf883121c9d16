//! Page "Actions": what conversions become once they are attributed.
//!
//! Where an action stands follows from what is recorded of it and from the time it is read at: it locks, is approved and
//! clears without anybody asking.

use std::fmt;

use fixtures::{RuleId, rule};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use crate::engine::{Outcome, Refusal, ensure};
use crate::form::Form;

use super::Event;
use super::dates;
use super::errors;
use super::items::Item;
use super::money::{Money, integer};
use super::pagination::Asked;
use super::requests::Call;
use super::responses::{Format, Writer};
use super::submissions::Submission;

/// What is recorded of an action beyond its submission.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The last part of its id.
    pub number: u64,
    /// The commission, before any change.
    pub payout: Money,
    /// When it locks.
    pub locks_at: Timestamp,
    /// When its commission clears, if it is approved.
    pub clears_at: Timestamp,
    /// What the brand did to it, in order. What comes after it locked, or after it was approved, has no effect.
    #[serde(default)]
    pub changes: Vec<Change>,
}

/// Something a brand does to an action. Absent members stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// When. Absent: as soon as the action exists.
    pub at: Option<Timestamp>,
    /// `APPROVED`, `REVERSED`, or `PENDING`, which restores a reversed action.
    pub state: Option<State>,
    /// Its new amount. 0 reverses it, unless it was 0 before.
    pub amount: Option<Money>,
    /// Its new commission.
    pub payout: Option<Money>,
    /// Why, for its items: a code such as `ITEM_RETURNED`.
    pub reason: Option<Adjustment>,
}

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// It can still be changed.
    Pending,
    /// It will pay out.
    Approved,
    /// It will not pay out.
    Reversed,
}

impl State {
    fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Approved, Self::Reversed]
            .into_iter()
            .find(|state| state.name() == text)
    }

    /// As the vendor writes it.
    ///
    /// Rules: impact.actions.starts_pending.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Reversed => "REVERSED",
        }
    }
}

/// Why an item was adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Adjustment(&'static str);

impl Adjustment {
    pub(super) const ITEM_RETURNED: Self = Self("ITEM_RETURNED");
    pub(super) const ORDER_UPDATE: Self = Self("ORDER_UPDATE");

    /// Every reason there is, one of them misspelt by the vendor.
    ///
    /// Rules: impact.actions.adjustment_reasons.
    const REASONS: [&str; 25] = [
        "OVERLIMIT_WEEKDAYCAP",
        "OVERLIMIT_WEEKENDCAP",
        "OVERLIMIT_BUDGET",
        "OVERLIMIT_ACTIONCAP",
        "OVERLIMIT_CONCURRENTCALLS",
        "OVERLIMIT_UNKNOWN_CALLERID",
        "RECALC_COMM",
        "MP_RETURN",
        "APPROVED",
        "REJECTED",
        "CONS_INFO_INVALID",
        "CONS_ERROR",
        "CONS_FRAUD",
        "ITEM_RETURNED",
        "ITEM_OUT_OF_STOCK",
        "ORDER_ERROR",
        "PUB_ACT_DISPUTE",
        "ADV_ACT_DISPUTE",
        "NOT_COMPLIANCE_TERMS",
        "MP_ACCOUNT_DEATVIATED",
        "CREDITED_DIFFERENT_MP",
        "ORDER_UPDATE",
        "OTHER",
        "TEST_ACTION",
        "RESET",
    ];
}

// Derived, it would borrow the text for ever.
impl<'de> Deserialize<'de> for Adjustment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .try_into()
            .map_err(D::Error::custom)
    }
}

impl TryFrom<String> for Adjustment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let known = Self::REASONS.into_iter().find(|code| *code == text);
        known
            .map(Self)
            .ok_or_else(|| format!("{text:?} is no adjustment reason of impact.com"))
    }
}

/// One step in the life of an action: its creation, or something that happened to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) at: Timestamp,
    pub(super) delta_amount: Money,
    pub(super) delta_payout: Money,
}

/// Where an action stands at some time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) state: State,
    pub(super) amount: Money,
    pub(super) payout: Money,
    /// The last step that changed an amount. Steps that only change the state are no updates, fact IMP-ACT-09.
    pub(super) updated: Step,
    adjusted: Option<(Timestamp, Adjustment)>,
}

impl Action {
    /// What contradicts itself, if a person wrote it.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        // One without a time happens when the action is created.
        if !self.changes.is_sorted_by_key(|change| change.at) {
            return Err("changes must be in the order of their times");
        }
        if self.clears_at < self.locks_at {
            return Err("clears_at must not be before locks_at");
        }
        Ok(())
    }

    /// Where the action stands at `now`. `each` hears of every step on the way there, first its creation.
    ///
    /// Rules: impact.actions.starts_pending, impact.actions.locks, impact.actions.approved_is_final,
    /// impact.actions.modified_stays_pending, impact.actions.reversed_pays_nothing, impact.actions.restored,
    /// impact.actions.modified_to_zero.
    pub(super) fn history(
        &self,
        order: Money,
        created: Timestamp,
        now: Timestamp,
        mut each: impl FnMut(Step),
    ) -> Standing {
        let creation = Step {
            at: created,
            delta_amount: order,
            delta_payout: self.payout,
        };
        each(creation);
        let mut standing = Standing {
            state: State::Pending,
            amount: order,
            payout: self.payout,
            updated: creation,
            adjusted: None,
        };
        // What a reversed action comes back to.
        let (mut amount, mut payout) = (order, self.payout);
        for change in &self.changes {
            let at = change.at.unwrap_or(created).max(created);
            if at > now || at >= self.locks_at || standing.state == State::Approved {
                break;
            }
            let zeroed = change.amount == Some(Money::ZERO) && standing.amount != Money::ZERO;
            let state = if zeroed {
                State::Reversed
            } else {
                change.state.unwrap_or(standing.state)
            };
            if state != State::Reversed {
                (amount, payout) = (
                    change.amount.unwrap_or(amount),
                    change.payout.unwrap_or(payout),
                );
            }
            let shown = if state == State::Reversed {
                (Money::ZERO, Money::ZERO)
            } else {
                (amount, payout)
            };
            let step = Step {
                at,
                delta_amount: shown.0.less(standing.amount),
                delta_payout: shown.1.less(standing.payout),
            };
            each(step);
            (standing.amount, standing.payout, standing.state) = (shown.0, shown.1, state);
            if step.delta_amount != Money::ZERO || step.delta_payout != Money::ZERO {
                standing.updated = step;
            }
            if let Some(reason) = change.reason {
                standing.adjusted = Some((at, reason));
            }
        }
        if standing.state == State::Pending && self.locks_at <= now {
            each(Step {
                at: self.locks_at.max(created),
                delta_amount: Money::ZERO,
                delta_payout: Money::ZERO,
            });
            standing.state = State::Approved;
        }
        standing
    }
}

/// An action with what it came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Credited<'a> {
    pub(super) record: &'a Submission,
    pub(super) action: &'a Action,
    pub(super) created: Timestamp,
    pub(super) standing: Standing,
}

impl<'a> Credited<'a> {
    /// The action of a submission, if there is one at `now`.
    pub(super) fn of(record: &'a Submission, now: Timestamp) -> Option<Self> {
        let (action, created) = record.action_at(now)?;
        Some(Self {
            record,
            action,
            created,
            standing: action.history(record.amount(), created, now, |_| {}),
        })
    }

    /// The action of the calling account with that id.
    pub(super) fn find(call: &Call<'a>, id: &str) -> Option<Self> {
        let number = integer(id.rsplit('.').next()?)?;
        let record = call
            .state
            .submission_of_action(number)
            .filter(|record| record.account == call.account_id)?;
        Self::of(record, call.now).filter(|credited| credited.id().to_string() == id)
    }

    /// When its state will next be another one than at `now`, if it will.
    pub(super) fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let amount = self.record.amount();
        let state = |at| self.action.history(amount, self.created, at, |_| {}).state;
        let times = self.action.changes.iter().filter_map(|change| change.at);
        times
            .chain([self.action.locks_at])
            .filter(|at| *at > now && state(*at) != self.standing.state)
            .min()
    }

    pub(super) fn id(&self) -> Id {
        Id {
            campaign: self.record.campaign,
            number: self.action.number,
        }
    }

    /// The SID under which it was submitted.
    pub(super) fn sid(&self, call: &Call<'a>) -> &'a str {
        self.record.account_sid.as_deref().unwrap_or(call.sid)
    }

    pub(super) fn uri(&self, call: &Call<'a>) -> String {
        format!("/Mediapartners/{}/Actions/{}", self.sid(call), self.id())
    }
}

/// The id of an action: campaign, a number that is always the same, and one of its own.
///
/// Rules: impact.actions.id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id {
    campaign: u64,
    number: u64,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.4636.{}", self.campaign, self.number)
    }
}

/// `GET /Mediapartners/{AccountSID}/Actions`: the actions of the account, by creation date, newest first.
///
/// Rules: impact.actions.list.
pub(super) fn list(call: &Call<'_>) -> Result<Outcome<Event>, Refusal> {
    let query = Form::parse(call.parts.query.unwrap_or_default().as_bytes());
    let filter = Filter::of_actions(call, &query)?;
    let asked = Asked::read(call, &query)?;
    let mut actions: Vec<Credited<'_>> = call
        .state
        .submissions()
        .map(|(_, record)| record)
        .filter(|record| filter.may_admit(call, record))
        .filter_map(|record| Credited::of(record, call.now))
        .filter(|credited| filter.admits(credited, credited.standing.updated.at))
        .collect();
    actions.sort_by_key(|credited| std::cmp::Reverse((credited.created, credited.action.number)));
    let page = asked.of(call, actions.len())?;
    let rows = actions[page.rows.clone()].iter();
    Ok(Outcome::accepted(call.reply.page(
        "Actions",
        "Action",
        &page,
        rows,
        |writer, row| members(writer, call, row),
    )))
}

/// `GET /Mediapartners/{AccountSID}/Actions/{id}`: one action.
///
/// Rules: impact.actions.retrieve.
pub(super) fn retrieve(call: &Call<'_>, id: &str) -> Result<Outcome<Event>, Refusal> {
    let credited = find(call, id)?;
    Ok(Outcome::accepted(call.reply.resource("Action", |writer| {
        members(writer, call, &credited);
    })))
}

/// `GET /Mediapartners/{AccountSID}/Actions/{id}/Items`: the lines of an action, as they were recorded.
///
/// Rules: impact.actions.items.
pub(super) fn items(call: &Call<'_>, id: &str) -> Result<Outcome<Event>, Refusal> {
    let credited = find(call, id)?;
    let query = Form::parse(call.parts.query.unwrap_or_default().as_bytes());
    let items = &credited.record.items;
    let page = Asked::read(call, &query)?.of(call, items.len())?;
    let rows = items[page.rows.clone()].iter();
    let write = |writer: &mut Writer, item| item_members(writer, call, &credited, item);
    Ok(Outcome::accepted(call.reply.page(
        "ActionItems",
        "ActionItem",
        &page,
        rows,
        write,
    )))
}

/// `GET /Mediapartners/{AccountSID}/Actions/{actionId}/Items/{sku}`: one line; the first, if several have that `Sku`.
///
/// Rules: impact.actions.item, impact.actions.item_uri.
pub(super) fn item(call: &Call<'_>, id: &str, sku: &str) -> Result<Outcome<Event>, Refusal> {
    let credited = find(call, id)?;
    let sku = percent_decode_str(sku).decode_utf8_lossy();
    let item = credited
        .record
        .items
        .iter()
        .find(|item| item.segment() == sku);
    let item = call.found(
        item,
        rule("impact.actions.unknown_item"),
        "the action has no such item",
    )?;
    Ok(Outcome::accepted(call.reply.resource(
        "ActionItem",
        |writer| {
            item_members(writer, call, &credited, item);
        },
    )))
}

fn find<'a>(call: &Call<'a>, id: &str) -> Result<Credited<'a>, Refusal> {
    call.found(
        Credited::find(call, id),
        rule("impact.actions.unknown"),
        "the account has no such action",
    )
}

/// Rules: impact.actions.members, impact.actions.reported_partner, impact.actions.without_click,
/// impact.actions.submitted_values, impact.actions.deltas, impact.actions.clears.
fn members(writer: &mut Writer, call: &Call<'_>, credited: &Credited<'_>) {
    let Credited {
        record,
        action,
        created,
        standing,
    } = credited;
    let date = |at| call.account.utc_offset.show(at);
    let cleared = standing.state == State::Approved && action.clears_at <= call.now;
    writer.member("Id", credited.id());
    writer.member("CampaignId", record.campaign);
    writer.member("CampaignName", call.state.campaign_name(record.campaign));
    writer.member("ActionTrackerId", record.tracker);
    writer.member("ActionTrackerName", call.state.tracker_name(record.tracker));
    writer.member("State", standing.state.name());
    writer.member("AdId", "");
    writer.member("Payout", standing.payout);
    writer.member("Amount", standing.amount);
    writer.member("Currency", &record.currency);
    writer.member("EventDate", date(record.event_date));
    writer.member("LockingDate", date(action.locks_at));
    writer.member("Oid", &record.order_id);
    writer.member("EventCode", "");
    writer.member("SharedId", &record.shared_id);
    let [sub_id_1, sub_id_2, sub_id_3] = &record.sub_ids;
    writer.member("SubId1", sub_id_1);
    writer.member("SubId2", sub_id_2);
    writer.member("SubId3", sub_id_3);
    writer.member("DeltaPayout", standing.updated.delta_payout);
    writer.member("IntendedPayout", action.payout);
    writer.member("DeltaAmount", standing.updated.delta_amount);
    writer.member("IntendedAmount", record.amount());
    writer.member("ReferringDate", "");
    writer.member("CreationDate", date(*created));
    writer.member(
        "ClearedDate",
        if cleared {
            date(action.clears_at).to_string()
        } else {
            String::new()
        },
    );
    writer.member("ReferringType", "REPORTED_PARTNER_ID");
    writer.member("ReferringDomain", "");
    writer.member("PromoCode", "");
    writer.member("CustomerArea", "");
    writer.member("CustomerCity", &record.customer_city);
    writer.member("CustomerRegion", "");
    writer.member("CustomerCountry", &record.customer_country);
    writer.member("Uri", credited.uri(call));
}

/// Rules: impact.actions.item_members, impact.actions.item_payouts, impact.actions.item_uri.
fn item_members(writer: &mut Writer, call: &Call<'_>, credited: &Credited<'_>, item: &Item) {
    let currency = &credited.record.currency;
    let (adjusted_at, reason) = match credited.standing.adjusted {
        Some((at, reason)) => (call.account.utc_offset.show(at).to_string(), reason.0),
        None => (String::new(), ""),
    };
    writer.member("Sku", &item.sku);
    writer.member("ItemName", &item.name);
    writer.member("Category", &item.category);
    writer.member("Quantity", item.quantity);
    writer.member("SaleAmount", item.amount);
    writer.member("SaleAmountCurrency", currency);
    writer.member("Payout", item.payout);
    writer.member("PayoutCurrency", currency);
    writer.member("Rebate", item.rebate);
    writer.member("RebateCurrency", currency);
    writer.member("AdjustmentDate", adjusted_at);
    writer.member("AdjustmentReason", reason);
    writer.member(
        "Uri",
        format_args!("{}/Items/{}", credited.uri(call), encode(&item.segment())),
    );
}

/// A text as the last segment of a path that means it, and not a suffix or a step in the path.
fn encode(segment: &str) -> String {
    const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'~')
        .remove(b'.');
    let encoded = utf8_percent_encode(segment, SEGMENT).to_string();
    let misread = matches!(segment, "." | "..") || Format::split(segment).1.is_some();
    if misread {
        encoded.replace('.', "%2E")
    } else {
        encoded
    }
}

/// What a list of actions, or of their updates, is asked for.
#[derive(Debug)]
pub(super) struct Filter {
    campaign: Option<u64>,
    state: Option<State>,
    updated: Range,
    event: Range,
    locking: Range,
}

/// A range of dates, both ends included.
#[derive(Clone, Copy, Debug)]
struct Range {
    start: Timestamp,
    end: Timestamp,
}

impl Range {
    const EVER: Self = Self {
        start: Timestamp::MIN,
        end: Timestamp::MAX,
    };

    fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at <= self.end
    }
}

/// How far apart the dates of a range may be.
const RANGE: SignedDuration = SignedDuration::from_hours(24 * 45);

/// How far back a list goes if no range is given.
const DEFAULT_RANGE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// How many years back `StartDate` may be.
const YEARS_BACK: i64 = 3;

/// The rules of a range whose dates need each other: that they do, and how far apart they may be.
struct Paired {
    together: RuleId,
    span: RuleId,
}

impl Filter {
    /// Reads the query of a list of actions, where the dates of the event do not need each other.
    pub(super) fn of_actions(call: &Call<'_>, query: &Form<'_>) -> Result<Self, Refusal> {
        Self::read(call, query, None)
    }

    /// Reads the query of a list of updates, where they do.
    pub(super) fn of_updates(call: &Call<'_>, query: &Form<'_>) -> Result<Self, Refusal> {
        let paired = Paired {
            together: rule("impact.updates.action_dates_together"),
            span: rule("impact.updates.action_dates_span"),
        };
        Self::read(call, query, Some(&paired))
    }

    /// Rules: impact.actions.seven_days_by_default, impact.actions.other_ranges_replace_default.
    fn read(call: &Call<'_>, query: &Form<'_>, event: Option<&Paired>) -> Result<Self, Refusal> {
        let campaign = query.first("CampaignId");
        ensure(
            campaign.is_none_or(|campaign| integer(campaign).is_some()),
            || {
                refuse(
                    call,
                    rule("impact.actions.campaign_integer"),
                    "CampaignId",
                    "Not a numeric value",
                )
            },
        )?;
        let state = query.first("State");
        ensure(
            state.is_none_or(|state| State::parse(state).is_some()),
            || {
                refuse(
                    call,
                    rule("impact.actions.state_known"),
                    "State",
                    "Must be PENDING, APPROVED or REVERSED",
                )
            },
        )?;
        let updated = Paired {
            together: rule("impact.actions.dates_together"),
            span: rule("impact.actions.dates_span"),
        };
        let locking = Paired {
            together: rule("impact.actions.locking_dates_together"),
            span: rule("impact.actions.locking_dates_span"),
        };
        let updated = range(call, query, ["StartDate", "EndDate"], Some(&updated))?;
        let earliest = call.account.utc_offset.years_before(call.now, YEARS_BACK);
        ensure(updated.is_none_or(|range| range.start >= earliest), || {
            refuse(
                call,
                rule("impact.actions.three_years"),
                "StartDate",
                "More than 3 years in the past",
            )
        })?;
        let event = range(call, query, ["ActionDateStart", "ActionDateEnd"], event)?;
        let locking = range(
            call,
            query,
            ["LockingDateStart", "LockingDateEnd"],
            Some(&locking),
        )?;
        let by_default = if event.is_none() && locking.is_none() {
            Range {
                start: dates::later(call.now, -DEFAULT_RANGE),
                ..Range::EVER
            }
        } else {
            Range::EVER
        };
        Ok(Self {
            campaign: campaign.and_then(integer),
            state: state.and_then(State::parse),
            updated: updated.unwrap_or(by_default),
            event: event.unwrap_or(Range::EVER),
            locking: locking.unwrap_or(Range::EVER),
        })
    }

    /// Whether what came of a submission can be asked for, as far as its fields tell.
    ///
    /// Rules: impact.actions.filter_campaign, impact.actions.filter_event_date.
    pub(super) fn may_admit(&self, call: &Call<'_>, record: &Submission) -> bool {
        record.account == call.account_id
            && self
                .campaign
                .is_none_or(|campaign| record.campaign == campaign)
            && self.event.contains(record.event_date)
    }

    /// Whether an action that was updated at some time, or that update, is asked for.
    ///
    /// Rules: impact.actions.filter_state, impact.actions.filter_updated, impact.actions.filter_locking_date,
    /// impact.actions.approval_is_no_update.
    pub(super) fn admits(&self, credited: &Credited<'_>, updated_at: Timestamp) -> bool {
        self.state
            .is_none_or(|state| credited.standing.state == state)
            && self.updated.contains(updated_at)
            && self.locking.contains(credited.action.locks_at)
    }
}

/// A range of dates of the query; none if neither is given.
fn range(
    call: &Call<'_>,
    query: &Form<'_>,
    names: [&'static str; 2],
    paired: Option<&Paired>,
) -> Result<Option<Range>, Refusal> {
    let [start, end] = names.map(|name| date(call, query, name));
    let (start, end) = (start?, end?);
    if let Some(&Paired { together, span }) = paired {
        let (missing, given) = if start.is_none() {
            (names[0], names[1])
        } else {
            (names[1], names[0])
        };
        ensure(start.is_some() == end.is_some(), || {
            refuse(
                call,
                together,
                missing,
                &format!("{missing} is required with {given}"),
            )
        })?;
        let apart = start.zip(end).map(|(start, end)| end.duration_since(start));
        ensure(apart.is_none_or(|apart| apart <= RANGE), || {
            refuse(
                call,
                span,
                names[0],
                &format!("More than 45 days before {}", names[1]),
            )
        })?;
    }
    let ever = Range::EVER;
    let given = start.is_some() || end.is_some();
    Ok(given.then(|| Range {
        start: start.unwrap_or(ever.start),
        end: end.unwrap_or(ever.end),
    }))
}

/// A date of the query, if it is given.
fn date(call: &Call<'_>, query: &Form<'_>, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let date = query.first(name);
    let read = date.and_then(dates::parse);
    ensure(date.is_some() == read.is_some(), || {
        refuse(
            call,
            rule("impact.actions.date_syntax"),
            name,
            "Not an ISO 8601 date with a time and a zone",
        )
    })?;
    Ok(read)
}

fn refuse(call: &Call<'_>, rule: RuleId, name: &str, message: &str) -> Refusal {
    Refusal::new(
        rule,
        format!("{name}: {message}"),
        errors::field(&call.reply, name, message),
    )
}
