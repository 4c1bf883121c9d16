//! Chase: `POST /api/v2/conversions`, as its page "Log Conversion" documents it.
//!
//! The service is a FastAPI application, and whatever its page leaves open follows from that framework: see
//! `fixtures/vendors/chase/dossier.md`. In the order in which a call meets them:
//!
//! - [`routing`]: valid HTTP, the path, the method;
//! - [`log_conversion`]: the operation, from the body's content type to the contact look-up;
//! - [`json`]: the reader, after Python's, with [`text`] for what Rust's text cannot hold;
//! - [`email`]: which addresses are valid, and their normal form;
//! - [`errors`]: what does not fit the model, with [`echo`] for what such an answer repeats;
//! - [`answers`]: status lines, headers and bodies as the framework writes them;
//! - [`faults`]: any documented error, when a test asks for it;
//! - [`seed`]: keys, organisations, contacts and settings.
//!
//! Nothing that Chase answers depends on what was logged before, so a sandbox remembers its seed and no more.

mod answers;
mod echo;
mod email;
mod errors;
mod faults;
mod json;
mod log_conversion;
mod routing;
mod seed;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use jiff::Timestamp;

use self::answers::Answers;
use crate::document::Mistake;
use crate::engine::{
    Answer, Condition, Conversion, Fresh, Head, Outcome, Parts, Request, Usage, Vendor,
};

pub use self::log_conversion::Queued;
pub use self::seed::{Document, Seed};

/// Chase, API version 2.
///
/// Rules: chase.whole.documented, chase.whole.described, chase.whole.well_formed.
#[derive(Debug)]
pub struct Chase;

/// What a sandbox remembers of Chase.
#[derive(Debug)]
pub struct State(Arc<Seed>);

const LOG_CONVERSION: &str = "POST /api/v2/conversions";

impl Vendor for Chase {
    const NAME: &'static str = "chase";
    const TITLE: &'static str = "Chase";
    const HOSTS: &'static [&'static str] = &["services.meetchase.ai"];
    const PATHS: &'static [&'static str] = &["/api/v2/"];
    const ROUTES: &'static [&'static str] = &[LOG_CONVERSION];
    const BODY_LIMIT: usize = 16 << 20;
    const HEADER_NAMES: &'static [&'static str] = &[];

    type Document = Document;
    type Seed = Seed;
    type State = State;
    type Event = Queued;

    fn seed(document: Document) -> Result<Seed, Mistake> {
        Seed::of(document)
    }

    fn document(state: &State) -> Document {
        state.0.document.clone()
    }

    fn identities(seed: &Seed) -> Vec<String> {
        seed.document.keys.keys().cloned().collect()
    }

    fn identity(parts: &Parts<'_>) -> Option<String> {
        let key = log_conversion::claimed_key(parts).filter(|key| !key.is_empty())?;
        Some(String::from_utf8_lossy(key).into_owned())
    }

    fn personal(seed: &Seed, fresh: &Fresh<'_>) -> Seed {
        seed.personal(fresh)
    }

    fn credentials(seed: &Seed) -> serde_json::Map<String, serde_json::Value> {
        let first = seed.document.keys.keys().next();
        first
            .map(|key| ("api_key".to_owned(), key.as_str().into()))
            .into_iter()
            .collect()
    }

    fn start(seed: &Arc<Seed>) -> State {
        State(Arc::clone(seed))
    }

    /// Rules: chase.http.expect_continue, chase.http.large_head.
    fn head(_state: &State, parts: &Parts<'_>, now: Timestamp) -> Head {
        match routing::find(parts, &Answers::to(parts, now)) {
            Ok(()) => Head::Read,
            Err(_) => Head::Known,
        }
    }

    /// Rules: chase.route.head, which is like any other method until the edge leaves its body out.
    fn decide(
        state: &State,
        _usage: &Usage,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Outcome<Queued> {
        let answers = Answers::to(&request.parts, now);
        if let Err(refusal) = routing::find(&request.parts, &answers) {
            return refusal.into();
        }
        let outcome =
            log_conversion::submit(&state.0, request, now, &answers).unwrap_or_else(Outcome::from);
        Outcome {
            route: Some(LOG_CONVERSION),
            ..outcome
        }
    }

    fn apply(_state: &mut State, _event: &Queued) {}

    const STATUSES: &'static [u16] = faults::STATUSES;

    fn documented(
        state: &State,
        _usage: &Usage,
        parts: &Parts<'_>,
        status: u16,
        now: Timestamp,
    ) -> Answer {
        faults::documented(state, parts, status, now)
    }

    fn conditions() -> Vec<String> {
        faults::CONDITIONS.map(str::to_owned).into()
    }

    fn condition(name: &str) -> Option<Condition<Self>> {
        faults::condition(name)
    }

    fn conversion(state: &State, event: &Queued, _now: Timestamp) -> Option<Conversion> {
        Some(log_conversion::conversion(event, &state.0.document))
    }
}
