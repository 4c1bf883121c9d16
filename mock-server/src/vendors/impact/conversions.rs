//! Page "Conversions": a partner submits a transaction of its own.

use std::borrow::Cow;
use std::sync::Arc;

use fixtures::rule;
use http::StatusCode;
use jiff::SignedDuration;
use uuid::Uuid;

use crate::engine::{Answer, Outcome, Refusal, ensure};

use super::Event;
use super::actions::Action;
use super::dates;
use super::errors::{self, Finding};
use super::fields::Fields;
use super::items::{self, Item};
use super::money::{Money, Number, Rate, integer};
use super::requests::{Call, Payload};
use super::submissions::{self, Reason, Submission};

/// `POST /Mediapartners/{AccountSID}/PartnerConversions`: queues a conversion.
///
/// Refuses with every broken field at once, in the order of the reference.
///
/// Rules: impact.conversions.all_errors, impact.conversions.nothing_queued, impact.fields.query_ignored.
pub(super) fn submit(call: &Call<'_>, payload: &Payload<'_>) -> Result<Outcome<Event>, Refusal> {
    let mut fields = Fields::of(payload);
    let partner = fields.partner();
    ensure(
        partner.is_none_or(|partner| partner == call.account_id),
        || {
            let why = "the MediaPartnerId is not that of the account";
            Refusal::new(
                rule("impact.auth.own_partner"),
                why,
                errors::denied(&call.reply),
            )
        },
    )?;
    let mut findings = fields.judge();
    let lines = items::lines(&fields, &mut findings);
    let warnings = findings.into_result().map_err(|(refused_by, errors)| {
        let why: Vec<String> = errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.message))
            .collect();
        let why = why.join(" ").into();
        Refusal {
            answer: errors::conversion(&call.reply, &errors),
            refused_by,
            why,
        }
    })?;
    let record = record(call, &fields, lines, payload.as_form());
    let batch = call.state.next_batch();
    let answer = queued(call, batch, &warnings);
    let why = record.reason.map_or(Cow::Borrowed(""), |reason| {
        let code = reason.code();
        format!("the submission will end with {code}, without an action").into()
    });
    let outcome = Outcome {
        why,
        ..Outcome::accepted(answer)
    };
    Ok(outcome.causing(Event::Submitted {
        batch,
        record: Arc::new(record),
    }))
}

/// Rules: impact.conversions.queued, impact.conversions.queued_xml, impact.warnings.never_block,
/// impact.warnings.members, impact.warnings.absent.
fn queued(call: &Call<'_>, batch: Uuid, warnings: &[Finding]) -> Answer {
    call.reply.plain(StatusCode::OK, |writer| {
        writer.member("Status", "QUEUED");
        writer.member("QueuedUri", submissions::uri(call.sid, batch));
        if !warnings.is_empty() {
            errors::findings(writer, "warnings", "warning", "WARNING", warnings);
        }
    })
}

/// What is remembered of a conversion.
///
/// Rules: impact.conversions.each_its_own, impact.conversions.now, impact.conversions.late_event_date,
/// impact.conversions.currency_of_the_account, impact.actions.currency, impact.actions.payout_of_clo.
fn record(
    call: &Call<'_>,
    fields: &Fields<'_>,
    mut lines: Vec<Item>,
    payload: String,
) -> Submission {
    let Call {
        state,
        account,
        now,
        ..
    } = *call;
    let settings = state.settings();
    let id = |name| fields.text(name).and_then(integer).unwrap_or_default();
    let text = |name| fields.text(name).unwrap_or_default().to_owned();
    let after = |ms: u32| dates::later(now, SignedDuration::from_millis(ms.into()));

    // `NOW` is no date, so it means the time of receipt like everything that is too old.
    let sent = fields.text("EventDate").and_then(dates::parse);
    let oldest = dates::later(
        now,
        -SignedDuration::from_hours(24 * i64::from(settings.event_date_days)),
    );
    let event_date = sent.filter(|date| *date >= oldest).unwrap_or(now);

    let currency = fields.text("CurrencyCode").unwrap_or(&account.currency);
    let rate = account
        .rates
        .get(currency)
        .filter(|_| currency != account.currency)
        .copied();
    let currency = if rate.is_some() {
        &account.currency
    } else {
        currency
    };
    if let Some(rate) = rate {
        lines = lines.into_iter().map(|line| line.converted(rate)).collect();
    }

    let campaign = id("CampaignId");
    let commission = state.payout_rate(campaign);
    let own_payout = fields
        .text("PayoutAmount")
        .filter(|_| fields.text("ConversionType").is_some());
    let own_payout = own_payout
        .and_then(Number::parse)
        .and_then(Number::value)
        .map(Money::rounded);
    let own_payout = own_payout.map(|payout| rate.map_or(payout, |rate| payout.converted(rate)));
    pay(&mut lines, commission, own_payout);
    let amount: Money = lines.iter().map(|line| line.amount).sum();
    let payout = own_payout.unwrap_or_else(|| amount.percent(commission));

    let mut record = Submission {
        number: state.ids.next_submission,
        account: call.account_id,
        account_sid: Some(call.sid.to_owned()),
        submitted_at: now,
        in_progress_at: Some(after(settings.queued_ms)),
        completed_at: Some(after(settings.complete_ms)),
        campaign,
        tracker: id("ActionTrackerId"),
        order_id: text("OrderId"),
        payload,
        event_date,
        currency: currency.to_owned(),
        items: lines,
        customer_city: text("CustomerCity"),
        customer_country: text("CustomerCountry"),
        shared_id: text("SharedId"),
        sub_ids: [1, 2, 3].map(|number| {
            fields
                .numbered("SubId", number)
                .unwrap_or_default()
                .to_owned()
        }),
        reason: None,
        action: None,
    };
    record.reason = reason_against(call, &record);
    if record.reason.is_none() {
        record.action = Some(action(call, &record, payout));
    }
    record
}

/// Gives each line its commission. A payout that the partner names goes to the first.
///
/// Rules: impact.actions.item_payouts.
fn pay(lines: &mut [Item], commission: Rate, own_payout: Option<Money>) {
    for (position, line) in lines.iter_mut().enumerate() {
        line.payout = match own_payout {
            Some(payout) if position == 0 => payout,
            Some(_) => Money::ZERO,
            None => line.amount.percent(commission),
        };
    }
}

/// An action locks some days after its event; but one that would be locked before it exists locks as many days after its
/// submission, because every action begins as pending.
///
/// Rules: impact.actions.payout, impact.actions.locking_date, impact.actions.clears.
fn action(call: &Call<'_>, record: &Submission, payout: Money) -> Action {
    let settings = call.state.settings();
    let locking = |day| {
        call.account
            .utc_offset
            .midnight_after(day, settings.locking_days)
    };
    let mut locks_at = locking(record.event_date);
    if record
        .completed_at
        .is_some_and(|created| locks_at <= created)
    {
        locks_at = locking(record.submitted_at);
    }
    let clearing = SignedDuration::from_hours(24 * i64::from(settings.clearing_days));
    Action {
        number: call.state.ids.next_action,
        payout,
        locks_at,
        clears_at: dates::later(locks_at, clearing),
        changes: Vec::new(),
    }
}

/// Why a conversion will end without an action, if it will: the first reason that holds.
///
/// Rules: impact.submissions.campaign_not_found, impact.submissions.tracker_not_found, impact.submissions.mismatch,
/// impact.submissions.tracker_not_active, impact.submissions.partner_not_active,
/// impact.submissions.contract_not_found, impact.submissions.duplicate, impact.submissions.order_of_reasons,
/// impact.submissions.errors_free_the_order, impact.submissions.dedup_by_tracker.
fn reason_against(call: &Call<'_>, record: &Submission) -> Option<Reason> {
    let world = &call.state.seed.world;
    let Some(campaign) = world.campaigns.get(&record.campaign) else {
        return Some(Reason::CAMPAIGN_NOT_FOUND);
    };
    let Some(tracker) = world.trackers.get(&record.tracker) else {
        return Some(Reason::TRACKER_NOT_FOUND);
    };
    let contracts = campaign.contracts.as_ref();
    let window = world
        .settings
        .dedup_window_days
        .map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    let earlier = call
        .state
        .submission_of_order(record.account, record.tracker, &record.order_id);
    let is_duplicate = earlier.is_some_and(|earlier| {
        window
            .is_none_or(|window| record.submitted_at.duration_since(earlier.submitted_at) < window)
    });
    [
        (
            tracker.campaign != record.campaign,
            Reason::TRACKER_CAMPAIGN_MISMATCH,
        ),
        (!tracker.active, Reason::TRACKER_NOT_ACTIVE),
        (!call.account.active, Reason::PARTNER_NOT_ACTIVE),
        (
            contracts.is_some_and(|contracts| !contracts.contains(&record.account)),
            Reason::CONTRACT_NOT_FOUND,
        ),
        (is_duplicate, Reason::DUPLICATE),
    ]
    .into_iter()
    .find_map(|(holds, reason)| holds.then_some(reason))
}
