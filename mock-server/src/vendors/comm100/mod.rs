//! Comm100 Live Chat, version 1 of its API.
//!
//! | File | Page of the manual |
//! | --- | --- |
//! | `introduction.rs` | "Introduction": hosts, credentials, the daily limit |
//! | `errors.rs` | "Introduction", section "Error Handling" |
//! | `conversions.rs` | "Conversions": the list of actions, and marking one as achieved |
//! | `visitors.rs` | "Visitors": whom a conversion is about |
//! | `faults.rs` | "Introduction", section "Error Handling", when a test asks for it |
//! | `seed.rs` | none: what a sandbox starts from |
//!
//! This file says which path is which call, in what order a call is checked, and what is remembered.
//! Facts are cited by their ids in `fixtures/vendors/comm100/dossier.md`.

mod conversions;
mod errors;
mod faults;
mod introduction;
mod seed;
#[cfg(test)]
mod tests;
mod visitors;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use fixtures::{RuleId, rule};
use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::credentials::basic;
use crate::document::Mistake;
use crate::engine::{
    Answer, Body, Condition, Conversion, Count, Fresh, Head, Outcome, Parts, Refusal, Request,
    Usage, Vendor, ensure,
};
use errors::Problem;
use seed::{Account, Agent};
pub use seed::{
    AccountDocument, AccountState, ActionDocument, ActionKind, AgentDocument, Document, Edition,
    Permission, Seed,
};
pub use visitors::{CustomField, CustomVariable, Status, Time, Visitor};

/// Comm100 Live Chat.
///
/// Rules: comm100.whole.documented, comm100.whole.described, comm100.whole.well_formed.
#[derive(Clone, Copy, Debug)]
pub struct Comm100;

/// What a sandbox remembers of Comm100.
#[derive(Debug)]
pub struct State {
    seed: Arc<Seed>,
    /// The variables of visitors who got new ones, by account and id.
    variables: HashMap<(Arc<str>, Uuid), Vec<CustomVariable>>,
    /// Conversions recorded so far, those of the seed included.
    recorded: u64,
}

/// What a call can cause.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A conversion was recorded.
    Marked(Marked),
    /// A visitor got custom variables.
    VariablesSet {
        /// The name of the account.
        account: Arc<str>,
        /// The visitor's id.
        visitor: Uuid,
        /// The variables as given, in order.
        variables: Vec<CustomVariable>,
    },
}

/// A recorded conversion.
///
/// Rules: comm100.mark.record_content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Marked {
    /// When.
    pub at: Timestamp,
    /// The name of the account.
    pub account: Arc<str>,
    /// The e-mail address of the agent who called.
    pub agent: Arc<str>,
    /// The id of the action.
    pub action_id: i64,
    /// Its name.
    pub action_name: String,
    /// The visitor's id.
    pub visitor: Uuid,
    /// The value as sent.
    pub value: String,
}

impl Vendor for Comm100 {
    const NAME: &'static str = "comm100";
    const TITLE: &'static str = "Comm100";
    const HOSTS: &'static [&'static str] = &[
        "hosted.comm100.com",
        "hosted3.comm100.com",
        "euportal.comm100.com",
        "appportal.livelyhelp.chat",
        "ent7portal.comm100.com",
        "enterpriseportal.comm100.com",
        "ent1portal.comm100.com",
    ];
    const PATHS: &'static [&'static str] = &["/api/v1/"];
    const ROUTES: &'static [&'static str] = &[
        "GET /api/v1/livechat/conversions",
        "POST /api/v1/livechat/mark_api_conversion_successful",
        "GET /api/v1/livechat/visitors",
        "GET /api/v1/livechat/visitors/chatting",
        "GET /api/v1/livechat/visitors/{id}",
        "PUT /api/v1/livechat/visitors/{id}",
    ];
    const BODY_LIMIT: usize = 1024 * 1024;
    const HEADER_NAMES: &'static [&'static str] = &[
        "Date",
        "WWW-Authenticate",
        "Allow",
        "Content-Length",
        "Content-Type",
        "Connection",
    ];

    type Document = Document;
    type Seed = Seed;
    type State = State;
    type Event = Event;

    fn seed(document: Document) -> Result<Seed, Mistake> {
        Seed::new(document)
    }

    fn document(state: &State) -> Document {
        state.seed.document(state.recorded, |account, place| {
            state.visitor(account, place).into_owned()
        })
    }

    fn identities(seed: &Seed) -> Vec<String> {
        seed.emails().cloned().collect()
    }

    fn identity(parts: &Parts<'_>) -> Option<String> {
        basic(parts.headers).map(|pair| pair.username().to_lowercase())
    }

    fn personal(seed: &Seed, fresh: &Fresh<'_>) -> Seed {
        seed.personal(
            &format!("tester@{}.example.com", fresh.sandbox),
            fresh.hex("comm100.api_key"),
        )
    }

    fn credentials(seed: &Seed) -> Map<String, Value> {
        let agent = seed.first_agent();
        agent
            .into_iter()
            .flat_map(|agent| {
                [
                    ("username", &*agent.email),
                    ("password", &*agent.document.api_key),
                ]
            })
            .map(|(member, text)| (member.to_owned(), text.into()))
            .collect()
    }

    fn start(seed: &Arc<Seed>) -> State {
        State {
            seed: Arc::clone(seed),
            variables: HashMap::new(),
            recorded: seed.recorded,
        }
    }

    fn head(state: &State, parts: &Parts<'_>, now: Timestamp) -> Head {
        let path = introduction::decoded(parts.path);
        let call = Call::new(state, parts, &path, now);
        match call.agent().and_then(|agent| call.operation(agent)) {
            Ok(Operation::Mark | Operation::UpdateVisitor(_)) => Head::Read,
            _ => Head::Known,
        }
    }

    fn decide(
        state: &State,
        usage: &Usage,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Outcome<Event> {
        let path = introduction::decoded(request.parts.path);
        let call = Call::new(state, &request.parts, &path, now);
        let mut counts = Vec::new();
        let outcome = call
            .outcome(usage, request.body, &mut counts)
            .unwrap_or_else(Outcome::from);
        Outcome {
            route: call.route(),
            counts,
            ..outcome
        }
    }

    fn apply(state: &mut State, event: &Event) {
        match event {
            Event::Marked(_) => state.recorded = state.recorded.saturating_add(1),
            Event::VariablesSet {
                account,
                visitor,
                variables,
            } => {
                let seeded = || {
                    state
                        .seed
                        .visitor(account, *visitor)
                        .map(|seeded| seeded.custom_variable.clone())
                };
                let held = state.variables.entry((Arc::clone(account), *visitor));
                visitors::set(
                    held.or_insert_with(|| seeded().unwrap_or_default()),
                    variables,
                );
            }
        }
    }

    const STATUSES: &'static [u16] = faults::STATUSES;

    fn documented(
        _state: &State,
        _usage: &Usage,
        parts: &Parts<'_>,
        status: u16,
        now: Timestamp,
    ) -> Answer {
        faults::documented(parts, status, now)
    }

    fn conditions() -> Vec<String> {
        faults::CONDITIONS.map(str::to_owned).into()
    }

    fn condition(name: &str) -> Option<Condition<Self>> {
        faults::condition(name)
    }

    fn is_conversion(event: &Event) -> bool {
        matches!(event, Event::Marked(_))
    }

    fn conversion(_state: &State, event: &Event, _now: Timestamp) -> Option<Conversion> {
        let Event::Marked(marked) = event else {
            return None;
        };
        Some(Conversion {
            at: marked.at,
            who: marked.visitor.to_string(),
            name: Some(marked.action_name.clone()),
            value: Some(conversions::plain(&marked.value)),
            currency: None,
            order_id: None,
            items: Vec::new(),
            state: None,
            raw: json!({
                "account": marked.account,
                "agent": marked.agent,
                "id": marked.action_id,
                "conversion_name": marked.action_name,
                "visitorId": marked.visitor,
                "value": marked.value,
            }),
            visible_at: marked.at,
            changes_at: None,
        })
    }
}

impl State {
    /// The visitor at a position in an account's table, as they are now.
    fn visitor<'s>(&'s self, account: &'s Account, place: usize) -> Cow<'s, Visitor> {
        let (id, visitor) = &account.visitors[place];
        match self.variables.get(&(Arc::clone(&account.name), *id)) {
            None => Cow::Borrowed(visitor),
            Some(variables) => Cow::Owned(Visitor {
                custom_variable: variables.clone(),
                ..visitor.clone()
            }),
        }
    }
}

/// A call, and what its path names.
struct Call<'a> {
    state: &'a State,
    parts: &'a Parts<'a>,
    now: Timestamp,
    /// Whether the path is below `/api/v1/`.
    is_below_api: bool,
    resource: Option<Resource<'a>>,
}

impl<'a> Call<'a> {
    fn new(state: &'a State, parts: &'a Parts<'a>, path: &'a str, now: Timestamp) -> Self {
        let below_api = introduction::below_api(path);
        let resource = below_api.and_then(Resource::at);
        Self {
            state,
            parts,
            now,
            is_below_api: below_api.is_some(),
            resource,
        }
    }

    /// Everything, in order: each step refuses, or leads to the next.
    ///
    /// Rules: comm100.order.gates.
    fn outcome(
        &self,
        usage: &Usage,
        body: Body<'_>,
        counts: &mut Vec<Count>,
    ) -> Result<Outcome<Event>, Refusal> {
        let agent = self.agent()?;
        introduction::within_limit(&agent.account, usage, self.now)?;
        counts.push(introduction::count(&agent.account));
        let Self {
            state, parts, now, ..
        } = *self;
        match self.operation(agent)? {
            Operation::ListActions => Ok(Outcome::accepted(conversions::list(agent, now))),
            Operation::Mark => conversions::mark(agent, parts, body, now),
            Operation::ListVisitors => Ok(Outcome::accepted(visitors::list(
                state,
                &agent.account,
                now,
            ))),
            Operation::ListChattingVisitors => Ok(Outcome::accepted(visitors::list_chatting(
                state,
                &agent.account,
                now,
            ))),
            Operation::RetrieveVisitor(id) => visitors::retrieve(state, &agent.account, id, now),
            Operation::UpdateVisitor(id) => visitors::update(state, &agent.account, id, body, now),
        }
    }

    /// The agent who calls, if the call is readable, goes to the API, and its credentials hold.
    ///
    /// Rules: comm100.order.gates, comm100.paths.credentials_before_unknown.
    fn agent(&self) -> Result<&'a Agent, Refusal> {
        introduction::readable(self.parts, self.now)?;
        introduction::over_https(&self.state.seed, self.parts, self.now)?;
        ensure(self.is_below_api, || {
            self.not_found(
                rule("comm100.paths.outside_unknown"),
                "the path is not below /api/v1/",
            )
        })?;
        introduction::authenticate(&self.state.seed, self.parts, self.now)
    }

    /// What the call asks for, if the agent may ask for it. What the body says does not matter yet.
    ///
    /// Rules: comm100.order.gates, comm100.permission.visitors_need_none, comm100.edition.visitors_in_any.
    fn operation(&self, agent: &Agent) -> Result<Operation<'a>, Refusal> {
        let resource = self.resource.ok_or_else(|| {
            self.not_found(rule("comm100.paths.unknown"), "the API has no such path")
        })?;
        let operation = resource.operation(self.parts.method).ok_or_else(|| {
            let answer = Problem::Method(resource.methods()).answer(self.now);
            Refusal::new(
                rule("comm100.paths.method"),
                "the path takes other methods",
                answer,
            )
        })?;
        introduction::in_good_standing(&agent.account, self.now)?;
        match operation {
            Operation::ListActions => {
                conversions::edition_has_them(agent, self.now)?;
                conversions::may_list(agent, self.now)?;
            }
            Operation::Mark => {
                conversions::edition_has_them(agent, self.now)?;
                conversions::may_mark(agent, self.now)?;
            }
            _ => {}
        }
        introduction::working(&agent.account, self.now)?;
        Ok(operation)
    }

    fn not_found(&self, rule: RuleId, why: &'static str) -> Refusal {
        Refusal::new(
            rule,
            why,
            Problem::NotFound(self.parts.path).answer(self.now),
        )
    }

    /// The documented route that the call meets.
    fn route(&self) -> Option<&'static str> {
        let place = match self.resource?.operation(self.parts.method)? {
            Operation::ListActions => 0,
            Operation::Mark => 1,
            Operation::ListVisitors => 2,
            Operation::ListChattingVisitors => 3,
            Operation::RetrieveVisitor(_) => 4,
            Operation::UpdateVisitor(_) => 5,
        };
        Some(Comm100::ROUTES[place])
    }
}

/// What a path names.
#[derive(Clone, Copy, Debug)]
enum Resource<'p> {
    Conversions,
    MarkApiConversionSuccessful,
    Visitors,
    ChattingVisitors,
    Visitor(&'p str),
}

/// What a path and a method ask for.
#[derive(Clone, Copy, Debug)]
enum Operation<'p> {
    ListActions,
    Mark,
    ListVisitors,
    ListChattingVisitors,
    RetrieveVisitor(&'p str),
    UpdateVisitor(&'p str),
}

impl<'p> Resource<'p> {
    /// What a path behind `/api/v1/` names.
    ///
    /// Rules: comm100.paths.trailing_slash.
    fn at(path: &'p str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let name = introduction::without_prefix(path, "livechat/")?;
        if name.eq_ignore_ascii_case("conversions") {
            return Some(Self::Conversions);
        }
        if name.eq_ignore_ascii_case("mark_api_conversion_successful") {
            return Some(Self::MarkApiConversionSuccessful);
        }
        if name.eq_ignore_ascii_case("visitors") {
            return Some(Self::Visitors);
        }
        let id = introduction::without_prefix(name, "visitors/")?;
        if id.eq_ignore_ascii_case("chatting") {
            return Some(Self::ChattingVisitors);
        }
        (!id.is_empty() && !id.contains('/')).then_some(Self::Visitor(id))
    }

    /// What a method asks of it.
    ///
    /// Rules: comm100.paths.head_and_options.
    fn operation(self, method: &Method) -> Option<Operation<'p>> {
        match (self, method) {
            (Self::Conversions, &Method::GET) => Some(Operation::ListActions),
            (Self::MarkApiConversionSuccessful, &Method::POST) => Some(Operation::Mark),
            (Self::Visitors, &Method::GET) => Some(Operation::ListVisitors),
            (Self::ChattingVisitors, &Method::GET) => Some(Operation::ListChattingVisitors),
            (Self::Visitor(id), &Method::GET) => Some(Operation::RetrieveVisitor(id)),
            (Self::Visitor(id), &Method::PUT) => Some(Operation::UpdateVisitor(id)),
            _ => None,
        }
    }

    /// The methods it takes, as `Allow` lists them.
    fn methods(self) -> &'static str {
        match self {
            Self::Conversions | Self::Visitors | Self::ChattingVisitors => "GET",
            Self::MarkApiConversionSuccessful => "POST",
            Self::Visitor(_) => "GET, PUT",
        }
    }
}
