//! impact.com: the Partner API, version 16.
//!
//! A partner submits a conversion, reads the record of the submission, and finds the action that came of it.
//! One file a page of the reference:
//!
//! - `conversions` takes a conversion; `fields` has the 43 entries of its payload, `items` the arithmetic of its lines;
//! - `submissions` is the record behind a `QueuedUri`, with the reason codes;
//! - `actions` and `action_updates` are what conversions become, and what happens to them then;
//! - `requests` tells what a call means and checks it, `versioning` and `rate_limits` are two of the checks;
//! - `faults` is what a test can ask for: any documented error, and what becomes of a conversion;
//! - `responses` writes JSON and XML, `pagination` the frame of lists, `errors` every error;
//! - `seed` is the document a sandbox starts from; `dates`, `money` and `currencies` are what values are made of.
//!
//! Nothing here happens in the background. What becomes of a conversion is decided when it arrives and kept with it;
//! from when on it shows is a matter of the time a call is answered at.

mod action_updates;
mod actions;
mod conversions;
mod currencies;
mod dates;
mod errors;
mod faults;
mod fields;
mod items;
mod money;
mod pagination;
mod rate_limits;
mod requests;
mod responses;
mod seed;
mod submissions;
#[cfg(test)]
mod tests;
mod versioning;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::credentials;
use crate::document::Mistake;
use crate::engine::{
    Answer, Body, Condition, Conversion, Count, Fresh, Head, Outcome, Parts, Refusal, Request,
    Usage, Vendor,
};
use crate::form::Form;

pub use self::actions::{Action, Adjustment, Change, State as ActionState};
pub use self::dates::UtcOffset;
pub use self::items::Item;
pub use self::money::{Money, Rate};
pub use self::responses::Format;
pub use self::seed::{
    Account, Campaign, Document, Ids, Pages, RateLimits, Scope, Seed, Settings, Token, Tracker,
};
pub use self::submissions::{Reason, Submission};

use self::actions::Credited;
use self::requests::{Call, MediaType, Path, Payload, Resource};
use self::submissions::{Records, Status};

/// impact.com.
///
/// Rules: impact.whole.documented, impact.whole.described, impact.whole.well_formed.
#[derive(Clone, Copy, Debug)]
pub struct Impact;

/// What a sandbox remembers: its seed, and the conversions submitted since.
#[derive(Debug)]
pub struct State {
    seed: Arc<Seed>,
    ids: Ids,
    records: Records,
}

/// What an answer can cause.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Event {
    /// A conversion was queued.
    Submitted {
        /// The UUID of its batch id.
        batch: Uuid,
        /// The conversion, and what becomes of it.
        record: Arc<Submission>,
    },
}

impl Vendor for Impact {
    const NAME: &'static str = "impact";
    const TITLE: &'static str = "impact.com";
    const HOSTS: &'static [&'static str] = &["api.impact.com"];
    const PATHS: &'static [&'static str] = &["/mediapartners/"];
    const ROUTES: &'static [&'static str] = &[
        "POST /Mediapartners/{AccountSID}/PartnerConversions",
        "GET /Mediapartners/{AccountSID}/APISubmissions/{BatchId}",
        "GET /Mediapartners/{AccountSID}/Actions",
        "GET /Mediapartners/{AccountSID}/Actions/{id}",
        "GET /Mediapartners/{AccountSID}/Actions/{id}/Items",
        "GET /Mediapartners/{AccountSID}/Actions/{actionId}/Items/{sku}",
        "GET /Mediapartners/{AccountSID}/ActionUpdates",
        "GET /Mediapartners/{AccountSID}/ActionUpdates/{id}",
    ];
    /// No limit is published; the largest sensible payload is far below.
    const BODY_LIMIT: usize = 1 << 20;
    const HEADER_NAMES: &'static [&'static str] = &[
        "Date",
        "WWW-Authenticate",
        "Allow",
        "X-RateLimit-Limit-hour",
        "X-RateLimit-Remaining-hour",
        "RateLimit-Reset",
        "Retry-After",
        "Content-Length",
        "Content-Type",
    ];

    type Document = Document;
    type Seed = Seed;
    type State = State;
    type Event = Event;

    fn seed(document: Document) -> Result<Seed, Mistake> {
        Seed::new(document)
    }

    fn document(state: &State) -> Document {
        seed::document(state)
    }

    fn identities(seed: &Seed) -> Vec<String> {
        seed.identities()
    }

    fn identity(parts: &Parts<'_>) -> Option<String> {
        let sid = Path::parse(parts.path).sid.map(str::to_owned);
        sid.or_else(|| credentials::basic(parts.headers).map(|basic| basic.username().to_owned()))
    }

    fn personal(seed: &Seed, fresh: &Fresh<'_>) -> Seed {
        seed.personal(fresh)
    }

    fn credentials(seed: &Seed) -> Map<String, Value> {
        seed.credentials()
    }

    fn start(seed: &Arc<Seed>) -> State {
        State {
            seed: Arc::clone(seed),
            ids: seed.ids.clone(),
            records: Records::default(),
        }
    }

    fn head(state: &State, parts: &Parts<'_>, now: Timestamp) -> Head {
        let Ok(call) = Call::admit(state, parts, now) else {
            return Head::Known;
        };
        if call.resource != Resource::PartnerConversions {
            return Head::Known;
        }
        match MediaType::of(parts) {
            // It may say that this is no POST at all, which counts before everything that follows.
            Some(MediaType::Form) => Head::Read,
            Some(MediaType::Json) if call.permit().is_ok() && versioning::check(&call).is_ok() => {
                Head::Read
            }
            _ => Head::Known,
        }
    }

    fn decide(
        state: &State,
        usage: &Usage,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Outcome<Event> {
        let parts = &request.parts;
        let resource = Path::parse(parts.path).resource;
        let route = resource
            .filter(|resource| resource.method() == *parts.method)
            .map(Resource::route);
        let (result, count) = match admit(state, usage, request, now) {
            Ok((call, form, count)) => (answer(&call, form, request.body), Some(count)),
            Err(refusal) => (Err(refusal), None),
        };
        let outcome = result.unwrap_or_else(Into::into);
        Outcome {
            route,
            counts: count.into_iter().collect(),
            ..outcome
        }
    }

    fn apply(state: &mut State, event: &Event) {
        let Event::Submitted { batch, record } = event;
        state.ids.next_submission = state
            .ids
            .next_submission
            .max(record.number.saturating_add(1));
        if let Some(action) = &record.action {
            state.ids.next_action = state.ids.next_action.max(action.number.saturating_add(1));
        }
        state.records.push(*batch, Arc::clone(record));
    }

    const STATUSES: &'static [u16] = faults::STATUSES;

    fn documented(
        state: &State,
        usage: &Usage,
        parts: &Parts<'_>,
        status: u16,
        now: Timestamp,
    ) -> Answer {
        faults::documented(state, usage, parts, status, now)
    }

    fn conditions() -> Vec<String> {
        faults::conditions()
    }

    fn condition(name: &str) -> Option<Condition<Self>> {
        faults::condition(name)
    }

    fn conversion(state: &State, event: &Event, now: Timestamp) -> Option<Conversion> {
        let Event::Submitted { batch, record } = event;
        // What happened to it since stands in the state, not in the event.
        Some(conversion(
            state,
            *batch,
            state.submission(*batch).unwrap_or(record),
            now,
        ))
    }
}

/// Everything that is checked before a resource answers, in the order of fact IMP-UNS-13; with the form, if the body is
/// one, because a form can name another method.
fn admit<'a>(
    state: &'a State,
    usage: &Usage,
    request: &'a Request<'a>,
    now: Timestamp,
) -> Result<(Call<'a>, Option<Payload<'a>>, Count), Refusal> {
    let mut call = Call::admit(state, &request.parts, now)?;
    let form = Payload::of_call(&call, request.body);
    if let Some(form) = &form {
        call.refuse_override(form.first("_method"))?;
    }
    call.permit()?;
    versioning::check(&call)?;
    let count = rate_limits::admit(&mut call, usage)?;
    Ok((call, form, count))
}

/// What the resource itself answers.
fn answer(
    call: &Call<'_>,
    form: Option<Payload<'_>>,
    body: Body<'_>,
) -> Result<Outcome<Event>, Refusal> {
    match call.resource {
        Resource::PartnerConversions => {
            let payload = form.map_or_else(|| Payload::read(call, body), Ok)?;
            conversions::submit(call, &payload)
        }
        Resource::Submission(id) => submissions::retrieve(call, id),
        Resource::Actions => actions::list(call),
        Resource::Action(id) => actions::retrieve(call, id),
        Resource::Items(id) => actions::items(call, id),
        Resource::Item(id, sku) => actions::item(call, id, sku),
        Resource::Updates => action_updates::list(call),
        Resource::Update(id) => action_updates::retrieve(call, id),
    }
}

impl State {
    fn settings(&self) -> &Settings {
        &self.seed.world.settings
    }

    /// Every submission with its batch id, those of the seed first.
    fn submissions(&self) -> impl Iterator<Item = (Uuid, &Submission)> {
        self.seed.world.records.iter().chain(self.records.iter())
    }

    fn submission(&self, batch: Uuid) -> Option<&Submission> {
        self.records
            .of_batch(batch)
            .or_else(|| self.seed.world.records.of_batch(batch))
    }

    /// The submission whose action has that number.
    fn submission_of_action(&self, number: u64) -> Option<&Submission> {
        self.records
            .of_action(number)
            .or_else(|| self.seed.world.records.of_action(number))
    }

    /// The last submission of an order that becomes an action.
    fn submission_of_order(
        &self,
        account: u64,
        tracker: u64,
        order_id: &str,
    ) -> Option<&Submission> {
        let earlier = || self.seed.world.records.of_order(account, tracker, order_id);
        self.records
            .of_order(account, tracker, order_id)
            .or_else(earlier)
    }

    /// The UUID of the next submission: made of what the sandbox was given and of how many there have been.
    ///
    /// Rules: impact.submissions.repeatable_ids.
    fn next_batch(&self) -> Uuid {
        Uuid::new_v5(&self.ids.namespace, &self.ids.next_submission.to_be_bytes())
    }

    fn campaign_name(&self, id: u64) -> &str {
        self.seed
            .world
            .campaigns
            .get(&id)
            .map_or("", |campaign| &campaign.name)
    }

    fn tracker_name(&self, id: u64) -> &str {
        self.seed
            .world
            .trackers
            .get(&id)
            .map_or("", |tracker| &tracker.name)
    }

    /// The commission of a campaign.
    fn payout_rate(&self, campaign: u64) -> Rate {
        let own = self
            .seed
            .world
            .campaigns
            .get(&campaign)
            .and_then(|campaign| campaign.payout_rate);
        own.unwrap_or(self.settings().payout_rate)
    }
}

/// A submission in the normal form of all vendors.
fn conversion(state: &State, batch: Uuid, record: &Submission, now: Timestamp) -> Conversion {
    let (standing, changes_at) = match (record.status(now), record.reason) {
        (Status::Complete, Some(reason)) => (reason.code().to_owned(), None),
        (Status::Complete, None) => match Credited::of(record, now) {
            Some(credited) => {
                let state = credited.standing.state.name().to_owned();
                (state, credited.changes_at(now))
            }
            None => (Status::Complete.to_string(), None),
        },
        (status, _) => {
            let next = [record.in_progress_at, record.completed_at]
                .into_iter()
                .flatten()
                .filter(|at| *at > now);
            (status.to_string(), next.min())
        }
    };
    let items = record.items.iter().map(|item| {
        json!({
            "sku": item.sku, "name": item.name, "quantity": item.quantity.to_string(), "amount": item.amount.to_string(),
        })
    });
    let mut raw = Map::new();
    raw.insert("BatchId".to_owned(), submissions::batch_id(batch).into());
    for (name, value) in Form::parse(record.payload.as_bytes()).pairs() {
        raw.entry(name).or_insert_with(|| value.into());
    }
    let name = match state.tracker_name(record.tracker) {
        "" => record.tracker.to_string(),
        name => name.to_owned(),
    };
    Conversion {
        at: record.submitted_at,
        who: record.account.to_string(),
        name: Some(name),
        value: Some(record.amount().to_string()),
        currency: Some(record.currency.clone()),
        order_id: Some(record.order_id.clone()),
        items: items.collect(),
        state: Some(standing),
        raw: raw.into(),
        visible_at: record.submitted_at,
        changes_at,
    }
}
