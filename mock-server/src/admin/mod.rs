//! The admin API below `/__admin`, described by `openapi.json`. Pure: a call that has to wait says so, and the edge waits.

mod clock;
mod conversions;
mod coverage;
mod deviations;
pub mod events;
mod faults;
mod metrics;
mod requests;
mod sandboxes;
mod server;
mod state;
mod verify;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::document::{self, Mistake, nearest};
use crate::engine::Answer;
use crate::form::Form;
use crate::sandbox::{Look, Slot};
use crate::sandboxes::{SandboxError, Sandboxes, vendor_named};

/// The contract of this API, OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("openapi.json");

/// An admin call. `path` begins behind `/__admin`.
pub struct Call<'a> {
    /// All sandboxes.
    pub sandboxes: &'a Sandboxes,
    /// The method.
    pub method: &'a Method,
    /// The path behind `/__admin`, still percent-encoded.
    pub path: &'a str,
    /// The query as sent.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
    /// Where clients reach the vendors: `http://127.0.0.1:8080`.
    pub base_url: &'a str,
    /// The system's time.
    pub system: Timestamp,
    /// How long the call has waited so far, in milliseconds.
    pub waited_ms: u64,
}

/// What an admin call leads to.
pub enum Reply {
    /// An answer.
    Answer(Answer),
    /// Ask again when `slot` has changed since `changes`, or after `at_most_ms`.
    Wait {
        /// The sandbox that is watched.
        slot: Arc<Slot>,
        /// [`Slot::changes`] as it was when the call looked.
        changes: u64,
        /// When to ask again at the latest, in milliseconds.
        at_most_ms: u64,
    },
    /// Server-sent events of `slot` from `cursor` on: what [`events::after`] says, again whenever the sandbox has changed.
    Stream {
        /// The sandbox.
        slot: Arc<Slot>,
        /// What was heard already.
        cursor: events::Cursor,
    },
}

/// A refusal in the form of RFC 9457.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    hint: Option<String>,
    allow: Option<String>,
}

/// A handler's result.
type Handled = Result<Reply, Problem>;
/// A handler of a call about one sandbox; the last text is the variable segment of its path, if it has one.
type SandboxHandler = fn(&Call<'_>, &Arc<Slot>, &str) -> Handled;
/// A handler of a call about the server.
type ServerHandler = fn(&Call<'_>) -> Handled;

/// Calls about the server.
const SERVER_ROUTES: &[(&str, &str, ServerHandler)] = &[
    ("GET", "health", server::health),
    ("GET", "vendors", server::vendors),
    ("GET", "openapi.json", server::openapi),
    ("GET", "metrics", metrics::show),
    ("GET", "sandboxes", sandboxes::list),
    ("POST", "sandboxes", sandboxes::create),
];

/// Calls about a sandbox: below `sandboxes/{id}`, or below `/__admin` itself for the default one.
const SANDBOX_ROUTES: &[(&str, &str, SandboxHandler)] = &[
    ("POST", "reset", sandboxes::reset),
    ("GET", "state", state::show),
    ("PUT", "state", state::replace),
    ("PATCH", "state", state::patch),
    ("GET", "conversions", conversions::list),
    ("GET", "coverage", coverage::show),
    ("GET", "events", events::listen),
    ("POST", "verify", verify::verify),
    ("GET", "faults", faults::list),
    ("POST", "faults", faults::add),
    ("DELETE", "faults", faults::clear),
    ("POST", "faults/check", faults::check),
    ("GET", "faults/{id}", faults::one),
    ("DELETE", "faults/{id}", faults::remove),
    ("GET", "requests", requests::list),
    ("GET", "requests/{n}", requests::one),
    ("DELETE", "requests", requests::clear),
    ("GET", "clock", clock::show),
    ("PUT", "clock", clock::set),
    ("POST", "clock/advance", clock::advance),
    ("GET", "deviations", deviations::show),
    ("PUT", "deviations", deviations::replace),
];

/// The calls that read their query.
const LISTS: [&str; 4] = ["conversions", "coverage", "events", "requests"];

/// The members of bodies that are objects; a list would be read as their members in order.
const OBJECTS: [&str; 5] = ["match", "do", "count", "seed", "clock"];

/// The longest that a call waits, in milliseconds.
const LONGEST_WAIT_MS: u64 = 600_000;

/// The query of a call that reads none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Answers an admin call that is authorised, or says how long to wait.
pub fn answer(call: &Call<'_>) -> Reply {
    dispatch(call).unwrap_or_else(|problem| Reply::Answer(problem.answer()))
}

/// Whether a call may be made: with the server's token, if it has one; a look at its health needs none.
///
/// # Errors
///
/// 401.
pub fn authorise(
    token: Option<&str>,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let Some(token) = token else {
        return Ok(());
    };
    let shown = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if shown == Some(token) || (path == "/health" && method == Method::GET) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "The admin token is missing or wrong",
    )
    .detail("this server was started with --admin-token")
    .hint("send `Authorization: Bearer TOKEN`"))
}

fn dispatch(call: &Call<'_>) -> Handled {
    let path = call.path.strip_prefix('/').unwrap_or(call.path);
    let about_sandbox = path
        .strip_prefix("sandboxes/")
        .map(|rest| match rest.split_once('/') {
            Some((id, rest)) => (id, Some(rest)),
            None => (rest, None),
        });
    // Only the lists have filters.
    let is_list = call.method == Method::GET && LISTS.iter().any(|list| path.ends_with(list));
    if !is_list {
        let Nothing {} = call.filters(&[])?;
    }
    if let Some((id, rest)) = about_sandbox {
        let slot = call.sandboxes.get(id).ok_or_else(|| no_sandbox(call, id))?;
        slot.touch(call.system);
        return match (rest, call.method) {
            (Some(rest), _) => about(call, &slot, rest),
            (None, &Method::GET) => sandboxes::one(call, &slot),
            (None, &Method::DELETE) => sandboxes::delete(call, &slot),
            (None, method) => Err(Problem::method(method, "GET, DELETE")),
        };
    }
    let mut allowed: Vec<&str> = Vec::new();
    for (method, route, handler) in SERVER_ROUTES {
        if *route == path {
            if call.method.as_str() == *method {
                return handler(call);
            }
            allowed.push(method);
        }
    }
    if !allowed.is_empty() {
        return Err(Problem::method(call.method, &allowed.join(", ")));
    }
    about(call, call.sandboxes.default_slot(), path)
}

fn about(call: &Call<'_>, slot: &Arc<Slot>, path: &str) -> Handled {
    let mut allowed: Vec<&str> = Vec::new();
    // A path that is written out wins over one with a variable.
    let written_out = SANDBOX_ROUTES.iter().any(|(_, route, _)| *route == path);
    for (method, route, handler) in SANDBOX_ROUTES {
        let variable = match route.split_once('{') {
            Some((start, _)) => path
                .strip_prefix(start)
                .filter(|_| !written_out)
                .filter(|rest| !rest.is_empty() && !rest.contains('/')),
            None => (path == *route).then_some(""),
        };
        if let Some(variable) = variable {
            if call.method.as_str() == *method {
                return handler(call, slot, variable);
            }
            allowed.push(method);
        }
    }
    if allowed.is_empty() {
        let known = SERVER_ROUTES
            .iter()
            .map(|route| route.1)
            .chain(SANDBOX_ROUTES.iter().map(|route| route.1));
        let near = nearest(path, known).map(|near| format!("did you mean /__admin/{near}?"));
        let problem = Problem::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is no such admin call",
        );
        return Err(problem
            .detail(format!("{} /__admin{}", call.method, call.path))
            .hint(
                near.unwrap_or_else(|| "GET /__admin/openapi.json lists every call".to_owned()),
            ));
    }
    Err(Problem::method(call.method, &allowed.join(", ")))
}

/// The problem of a sandbox that is not there.
pub fn unknown_sandbox(id: &str, sandboxes: &Sandboxes) -> Problem {
    let ids = sandboxes.ids();
    let near = nearest(id, ids.iter().map(String::as_str));
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-sandbox",
        "There is no such sandbox",
    )
    .detail(format!("no sandbox has the id {id:?}"))
    .hint(near.map_or_else(
        || "POST /__admin/sandboxes makes one".to_owned(),
        |near| format!("did you mean {near}?"),
    ))
}

fn no_sandbox(call: &Call<'_>, id: &str) -> Problem {
    unknown_sandbox(id, call.sandboxes)
}

impl Call<'_> {
    /// The body as a `T`. An empty body counts as an empty object.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let value: Value = if self.body.is_empty() {
            json!({})
        } else {
            document::parse_json(self.body).map_err(|error| {
                let (kind, title) = if error.is_data() {
                    ("bad-member", "A member is wrong")
                } else {
                    ("not-json", "The body is not JSON")
                };
                Problem::new(StatusCode::BAD_REQUEST, kind, title).detail(error.to_string())
            })?
        };
        if !value.is_object() {
            // A list would be read as the members in their order.
            return Err(Problem::mistake(&Mistake::new(
                Vec::<String>::new(),
                "expected a JSON object",
            )));
        }
        let listed = |name: &&str| value[*name].is_array();
        if let Some(name) = OBJECTS.iter().find(|name| listed(name)) {
            return Err(Problem::mistake(&Mistake::new(
                [*name],
                "expected an object, not a list",
            )));
        }
        document::read(value).map_err(|mistake| Problem::mistake(&mistake))
    }

    /// The query's members as a `T`: numbers are written in digits. A repeated member is an error.
    fn filters<T: DeserializeOwned>(&self, numbers: &[&str]) -> Result<T, Problem> {
        let form = Form::parse(self.query.unwrap_or_default().as_bytes());
        let mut members = serde_json::Map::new();
        for (name, value) in form.pairs() {
            let value = match value.parse::<u64>() {
                Ok(number) if numbers.contains(&name) => Value::from(number),
                _ => Value::from(value),
            };
            if members.insert(name.to_owned(), value).is_some() {
                return Err(Problem::mistake(&Mistake::new(
                    [name],
                    "given more than once",
                )));
            }
        }
        document::read(Value::Object(members)).map_err(|mistake| Problem::mistake(&mistake))
    }
}

/// What a look at a sandbox leads to: an answer, or another look.
fn waiting<T>(slot: &Arc<Slot>, look: Look<T>, show: impl FnOnce(T) -> Reply) -> Reply {
    match look {
        Look::Found(found) => show(found),
        Look::Wait {
            changes,
            at_most_ms,
        } => Reply::Wait {
            slot: Arc::clone(slot),
            changes,
            at_most_ms,
        },
    }
}

/// The place of the vendor that a filter names; a vendor that there is none of is refused.
fn known_vendor(vendor: Option<&str>) -> Result<Option<usize>, Problem> {
    let named = vendor.map(vendor_named).transpose();
    named.map_err(|mistake| Problem::mistake(&mistake.below("vendor")))
}

/// An answer in JSON.
fn json_answer(status: StatusCode, body: &impl Serialize) -> Reply {
    let body = serde_json::to_vec(body).expect("our own types have text keys");
    Reply::Answer(with_type(status, "application/json", body))
}

fn with_type(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    let mut answer = Answer::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn no_content() -> Reply {
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    Reply::Answer(answer)
}

impl Problem {
    /// A problem of a kind, without details.
    pub fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Self {
            status,
            kind,
            title,
            detail: String::new(),
            hint: None,
            allow: None,
        }
    }

    /// What exactly is wrong.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn mistake(mistake: &Mistake) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-member", "A member is wrong")
            .detail(mistake.to_string())
    }

    fn method(method: &Method, allowed: &str) -> Self {
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "The call has no such method",
        );
        Self {
            allow: Some(allowed.to_owned()),
            ..problem.detail(format!("{method} is not one of {allowed}"))
        }
    }

    /// The problem as it goes out.
    pub fn answer(&self) -> Answer {
        let mut body = json!({
            "type": format!("urn:mock-server:{}", self.kind),
            "title": self.title,
            "status": self.status.as_u16(),
        });
        let detail = if self.detail.is_empty() {
            self.title
        } else {
            &self.detail
        };
        body["detail"] = detail.into();
        let anywhere = "GET /__admin/openapi.json describes every call and every member";
        body["hint"] = self.hint.as_deref().unwrap_or(anywhere).into();
        let mut answer = with_type(self.status, "application/problem+json", body.to_string());
        if let Some(allow) = self
            .allow
            .as_deref()
            .and_then(|allow| HeaderValue::from_str(allow).ok())
        {
            answer.headers_mut().insert(ALLOW, allow);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.detail.is_empty() {
            self.title
        } else {
            &self.detail
        })?;
        self.hint
            .as_ref()
            .map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl From<SandboxError> for Problem {
    fn from(error: SandboxError) -> Self {
        let detail = error.to_string();
        match error {
            SandboxError::Seed(mistake) => Self::mistake(&mistake),
            SandboxError::BadId(_) => {
                Self::new(StatusCode::BAD_REQUEST, "bad-id", "The id is no sandbox id")
                    .detail(detail)
            }
            SandboxError::Exists(_) => {
                Self::new(StatusCode::CONFLICT, "exists", "The sandbox exists")
                    .detail(detail)
                    .hint("choose another id, delete that sandbox, or leave the id out")
            }
            SandboxError::IdentityTaken { .. } => Self::new(
                StatusCode::CONFLICT,
                "identity-taken",
                "Credentials lead to another sandbox",
            )
            .detail(detail)
            .hint(
                "use other credentials, or \"prefix_only\": true and the base URL of the sandbox",
            ),
            SandboxError::Gone(_) => Self::new(
                StatusCode::NOT_FOUND,
                "no-sandbox",
                "There is no such sandbox",
            )
            .detail(detail),
            SandboxError::DefaultStays => Self::new(
                StatusCode::CONFLICT,
                "default-stays",
                "The default sandbox stays",
            )
            .detail(detail)
            .hint("POST /__admin/reset brings it back to its seed"),
        }
    }
}
