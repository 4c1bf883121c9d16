//! The edge: hyper to sandbox and back. Holds no behaviour of a vendor.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST};
use http::{Extensions, HeaderValue, Method, StatusCode, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::admin::events::{self, Cursor};
use crate::admin::{self, Problem, Reply};
use crate::delivery::{Line, Outgoing, Socket};
use crate::document::nearest;
use crate::engine::{Answer, Body, Cut, Delivery, Head, Outcome, Parts, Reason, Request};
use crate::journal::{Fate, Sent};
use crate::lines;
use crate::sandbox::{Busy, Slot, Watcher};
use crate::sandboxes::{Destination, Sandboxes, Visit};
use crate::vendors::VENDORS;

/// How long calls in flight may take to finish when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How much more than the limit of a body is read and dropped, so that its sender still gets to read the answer.
const DISCARD_LIMIT: usize = 64 << 20;
/// How long a waiting call that was woken leaves others alone before it looks: many changes at once count as one.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a listener hears nothing at the most.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often idle sandboxes are looked for.
const IDLE_EVERY: Duration = Duration::from_secs(1);
/// The largest body of an admin call: state documents can be large.
const ADMIN_BODY_LIMIT: usize = 256 << 20;

/// What all connections of a server share.
pub struct Edge {
    sandboxes: Arc<Sandboxes>,
    admin_token: Option<String>,
    /// How each of [`VENDORS`] writes its header names, as hyper wants to be told.
    spellings: Vec<Extensions>,
    /// Whether the server is about to stop.
    stopping: watch::Sender<bool>,
}

/// What a listener is for.
#[derive(Clone, Debug)]
pub enum Role {
    /// Vendors and the admin API.
    Both,
    /// Vendors alone; the admin API has a listener of its own.
    Vendors,
    /// The admin API alone. Vendors are at this base URL.
    Admin(String),
}

/// A listener, bound.
pub struct Door {
    /// The socket.
    pub listener: TcpListener,
    /// What it is for.
    pub role: Role,
}

impl Edge {
    /// An edge around the sandboxes of a server.
    ///
    /// # Errors
    ///
    /// When hyper does not accept a vendor's header names.
    pub async fn new(
        sandboxes: impl Into<Arc<Sandboxes>>,
        admin_token: Option<String>,
    ) -> io::Result<Self> {
        let mut spellings = Vec::new();
        for kind in VENDORS {
            spellings.push(spelling(kind.header_names()).await?);
        }
        Ok(Self {
            sandboxes: sandboxes.into(),
            admin_token,
            spellings,
            stopping: watch::Sender::new(false),
        })
    }

    /// The sandboxes of the server.
    pub fn sandboxes(&self) -> &Sandboxes {
        &self.sandboxes
    }
}

/// Serves until `stop` ends; then finishes the calls in flight, for five seconds at most.
pub async fn serve(doors: Vec<Door>, edge: Arc<Edge>, stop: impl Future<Output = ()>) {
    let graceful = Arc::new(GracefulShutdown::new());
    let accepting: Vec<_> = doors
        .into_iter()
        .map(|door| tokio::spawn(accept(door, Arc::clone(&edge), Arc::clone(&graceful))))
        .collect();
    let sweeping = tokio::spawn(drop_idle(Arc::clone(&edge)));
    stop.await;
    edge.stopping.send_replace(true);
    sweeping.abort();
    for task in accepting {
        task.abort();
        // The task gives up its listener and its share of `graceful`.
        let _aborted = task.await;
    }
    let graceful = Arc::into_inner(graceful).expect("the tasks that shared it have ended");
    if tokio::time::timeout(STOP_TIMEOUT, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            "calls that were still running after {} s were cut off",
            STOP_TIMEOUT.as_secs()
        );
    }
}

/// Drops sandboxes that nobody calls any more, until it is itself dropped: the engines have no timers.
async fn drop_idle(edge: Arc<Edge>) {
    loop {
        tokio::time::sleep(IDLE_EVERY).await;
        edge.sandboxes.drop_idle(system_time());
    }
}

async fn accept(door: Door, edge: Arc<Edge>, graceful: Arc<GracefulShutdown>) {
    let Door { listener, role } = door;
    let local: Arc<str> = listener
        .local_addr()
        .map_or_else(|_| String::new(), |address| address.to_string())
        .into();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().auto_date_header(false);
    builder.http2().auto_date_header(false);
    let builder = Arc::new(builder);
    loop {
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others may close theirs.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are written whole; waiting for more to send would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("cannot set TCP_NODELAY: {error}");
        }
        let (edge, role, local) = (Arc::clone(&edge), role.clone(), Arc::clone(&local));
        let line = Line::default();
        let socket = Socket::new(stream, line.clone());
        let ends = line.clone();
        let service = service_fn(move |request| {
            let (edge, role, local) = (Arc::clone(&edge), role.clone(), Arc::clone(&local));
            let line = line.clone();
            async move {
                let ends_with_head =
                    request.version() == Version::HTTP_2 && request.method() == Method::HEAD;
                let answer = edge.answer(request, &role, &local, &line).await?;
                // Over HTTP/1.1 hyper leaves the body out by itself.
                Ok::<_, Gone>(if ends_with_head {
                    answer.map(|_| Outgoing::Nothing)
                } else {
                    answer
                })
            }
        });
        let watcher = graceful.watcher();
        let builder = Arc::clone(&builder);
        tokio::spawn(async move {
            let connection = builder.serve_connection(TokioIo::new(socket), service);
            tokio::select! {
                ended = watcher.watch(connection) => if let Err(error) = ended {
                    tracing::debug!("connection ended: {error}");
                },
                () = ends.is_cut() => {}
            }
        });
    }
}

/// A client that left before its call was complete: there is nobody to answer.
#[derive(Debug, thiserror::Error)]
#[error("the client left before its call was complete")]
struct Gone;

/// What was read of a body.
enum Upload {
    Whole(Bytes),
    TooLong,
    Broken,
    Gone(Bytes, hyper::Error),
}

impl Edge {
    async fn answer(
        &self,
        request: http::Request<Incoming>,
        role: &Role,
        local: &str,
        line: &Line,
    ) -> Result<http::Response<Outgoing>, Gone> {
        let started = started();
        let (mut head, incoming) = request.into_parts();
        if head.version == Version::HTTP_2 && !head.headers.contains_key(HOST) {
            // HTTP/2 names the host in the target.
            let authority = head
                .uri
                .authority()
                .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
            if let Some(authority) = authority {
                head.headers.insert(HOST, authority);
            }
        }
        let parts = Parts {
            method: &head.method,
            path: head.uri.path(),
            query: head.uri.query(),
            headers: &head.headers,
            version: head.version,
            prefix: "",
            secure: false,
            local,
        };
        let destination = match (self.sandboxes.route(&parts), role) {
            (Destination::Admin(path), Role::Both | Role::Admin(_)) => {
                return self.admin(&parts, path, incoming, role).await;
            }
            (Destination::Admin(_), Role::Vendors) => {
                let problem = Problem::new(
                    StatusCode::NOT_FOUND,
                    "no-admin",
                    "The admin API is not served here",
                )
                .hint("the server was started with --admin-listen: use that address");
                return Ok(problem.answer().map(Outgoing::Whole));
            }
            (_, Role::Admin(vendors)) => {
                let problem = Problem::new(
                    StatusCode::NOT_FOUND,
                    "no-vendor",
                    "Only the admin API is served here",
                )
                .hint(format!("the vendors are at {vendors}"));
                return Ok(problem.answer().map(Outgoing::Whole));
            }
            (Destination::NoSandbox(id), _) => {
                let problem = admin::unknown_sandbox(id, &self.sandboxes);
                return self.turn_away(&problem, &parts, incoming, started).await;
            }
            (Destination::Nowhere, _) => {
                return self
                    .turn_away(&no_vendor(parts.path), &parts, incoming, started)
                    .await;
            }
            (Destination::Vendor(visit), _) => visit,
        };
        // Until its answer is out, the sandbox is in use.
        let _busy = Busy::of(&destination.slot);
        let answer = self.visit(&destination, &parts, incoming, started).await?;
        self.deliver(answer, line).await
    }

    /// A call to a vendor: `head`, the body, `decide`.
    async fn visit(
        &self,
        visit: &Visit<'_>,
        parts: &Parts<'_>,
        incoming: Incoming,
        started: Instant,
    ) -> Result<Answer, Gone> {
        let target = parts.path;
        let parts = Parts {
            path: visit.path,
            prefix: visit.prefix,
            ..*parts
        };
        let limit = self.sandboxes.settings.body_limits[visit.vendor];
        let head = self.sandboxes.head(visit, &parts, system_time());
        let upload = read(&parts, incoming, limit, head).await;
        let full_target = with_query(target, parts.query);
        let (bytes, body) = match &upload {
            Upload::Whole(bytes) => (&bytes[..], Body::Whole(bytes)),
            Upload::TooLong => (&[][..], Body::TooLong),
            Upload::Broken => (&[][..], Body::Broken),
            Upload::Gone(bytes, error) => {
                let why = format!(
                    "half-sent: {} of its body came, then {error}",
                    count(bytes.len() as u64, "byte")
                );
                let sent = sent(&parts, &full_target, bytes);
                let vendor = Some(VENDORS[visit.vendor].name());
                note(
                    &self.sandboxes,
                    &visit.slot,
                    &sent,
                    vendor,
                    None,
                    why,
                    started,
                );
                return Err(Gone);
            }
        };
        let request = Request { parts, body };
        let sent = sent(&parts, &full_target, bytes);
        let mut outcome = decide(&self.sandboxes, visit, &request, &sent, started);
        if matches!(upload, Upload::TooLong | Upload::Broken) {
            // Where the next request begins is not known.
            outcome
                .answer
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if parts.version != Version::HTTP_2 {
            outcome
                .answer
                .extensions_mut()
                .extend(self.spellings[visit.vendor].clone());
            let extensions = outcome.answer.extensions_mut();
            let phrase = extensions
                .remove::<Reason>()
                .and_then(|Reason(phrase)| ReasonPhrase::try_from(phrase.as_bytes()).ok());
            if let Some(phrase) = phrase {
                extensions.insert(phrase);
            }
        }
        Ok(outcome.answer)
    }

    /// Sends an answer as its [`Delivery`] says.
    async fn deliver(
        &self,
        mut answer: Answer,
        line: &Line,
    ) -> Result<http::Response<Outgoing>, Gone> {
        let Some(Delivery {
            delay_ms,
            pace,
            cut,
        }) = answer.extensions_mut().remove()
        else {
            return Ok(answer.map(Outgoing::Whole));
        };
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(delay_ms)) => {}
            // A server that stops makes nobody wait.
            () = until(&mut stopping) => {}
        }
        match cut {
            Some(Cut::Hang) => {
                until(&mut stopping).await;
                Err(Gone)
            }
            Some(Cut::Reset | Cut::Close) => {
                line.cut(cut == Some(Cut::Reset));
                // The connection ends, and this call with it.
                std::future::pending().await
            }
            // Within an empty body there is no place; what is left to lose is the answer.
            Some(Cut::MidBody) if answer.body().is_empty() => {
                line.cut(false);
                std::future::pending().await
            }
            Some(Cut::MidBody) => Ok(answer.map(|body| Outgoing::pieces(&body, pace, true))),
            None if pace.is_some() => Ok(answer.map(|body| Outgoing::pieces(&body, pace, false))),
            None => Ok(answer.map(Outgoing::Whole)),
        }
    }

    /// The mock's own refusal of a call that no vendor and no sandbox would get.
    async fn turn_away(
        &self,
        problem: &Problem,
        parts: &Parts<'_>,
        incoming: Incoming,
        started: Instant,
    ) -> Result<http::Response<Outgoing>, Gone> {
        let limit = self
            .sandboxes
            .settings
            .body_limits
            .iter()
            .copied()
            .max()
            .unwrap_or_default();
        let upload = read(parts, incoming, limit, Head::Known).await;
        let bytes = match &upload {
            Upload::Whole(bytes) | Upload::Gone(bytes, _) => &bytes[..],
            Upload::TooLong | Upload::Broken => &[],
        };
        let target = with_query(parts.path, parts.query);
        let sent = sent(parts, &target, bytes);
        let answer = problem.answer();
        let why = problem.to_string();
        lines::unrouted(&sent, &why);
        let slot = self.sandboxes.default_slot();
        if matches!(upload, Upload::Gone(..)) {
            note(&self.sandboxes, slot, &sent, None, None, why, started);
            return Err(Gone);
        }
        let answered = Some(&answer);
        note(&self.sandboxes, slot, &sent, None, answered, why, started);
        Ok(answer.map(Outgoing::Whole))
    }

    /// An admin call, asked again for as long as it says that it waits.
    async fn admin(
        &self,
        parts: &Parts<'_>,
        path: &str,
        incoming: Incoming,
        role: &Role,
    ) -> Result<http::Response<Outgoing>, Gone> {
        let started = started();
        // Before the body, which may be large: strangers do not get to fill the memory.
        let token = self.admin_token.as_deref();
        if let Err(problem) = admin::authorise(token, parts.method, path, parts.headers) {
            return Ok(problem.answer().map(Outgoing::Whole));
        }
        let bytes = match read(parts, incoming, ADMIN_BODY_LIMIT, Head::Read).await {
            Upload::Whole(bytes) => bytes,
            Upload::Gone(..) => return Err(Gone),
            Upload::TooLong | Upload::Broken => {
                let problem = Problem::new(
                    StatusCode::BAD_REQUEST,
                    "bad-body",
                    "The body cannot be read",
                )
                .detail(format!(
                    "its framing is wrong, or it is larger than {ADMIN_BODY_LIMIT} bytes"
                ));
                return Ok(problem.answer().map(Outgoing::Whole));
            }
        };
        let base_url = match role {
            Role::Admin(vendors) => vendors.clone(),
            // As the client sees it, which behind a port mapping is not as we do.
            Role::Both | Role::Vendors => {
                let host = parts
                    .header(HOST)
                    .and_then(|host| host.to_str().ok())
                    .unwrap_or(parts.local);
                format!("http://{host}")
            }
        };
        let mut stopping = self.stopping.subscribe();
        loop {
            let call = admin::Call {
                sandboxes: &self.sandboxes,
                method: parts.method,
                path,
                query: parts.query,
                headers: parts.headers,
                body: &bytes,
                base_url: &base_url,
                system: system_time(),
                // A server that stops makes nobody wait.
                waited_ms: if *stopping.borrow() {
                    u64::MAX
                } else {
                    microseconds(started) / 1000
                },
            };
            match admin::answer(&call) {
                Reply::Answer(answer) => return Ok(answer.map(Outgoing::Whole)),
                Reply::Wait {
                    slot,
                    changes,
                    at_most_ms,
                } => {
                    let watcher = Watcher::of(&slot);
                    // In any case the call is asked again, and looks for itself.
                    tokio::select! {
                        () = watcher.change(changes) => tokio::time::sleep(PAUSE).await,
                        () = tokio::time::sleep(Duration::from_millis(at_most_ms)) => {}
                        () = until(&mut stopping) => {}
                    }
                }
                Reply::Stream { slot, cursor } => {
                    let (events, receiver) = mpsc::channel(1);
                    tokio::spawn(tell(slot, cursor, events, stopping));
                    let mut answer = http::Response::new(Outgoing::Stream(receiver));
                    let headers = answer.headers_mut();
                    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
                    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                    return Ok(answer);
                }
            }
        }
    }
}

/// A call that is known as far as it will ever be: the engine answers it, and journal and log hear of that.
pub(crate) fn decide(
    sandboxes: &Sandboxes,
    visit: &Visit<'_>,
    request: &Request<'_>,
    sent: &Sent<'_>,
    started: Instant,
) -> Outcome<()> {
    let outcome = sandboxes.call(visit, request, sent, system_time(), || {
        microseconds(started)
    });
    lines::call(
        VENDORS[visit.vendor].title(),
        &visit.slot.id,
        sent,
        &outcome,
    );
    outcome
}

/// Writes down a call that no engine answered.
pub(crate) fn note(
    sandboxes: &Sandboxes,
    slot: &Slot,
    sent: &Sent<'_>,
    vendor: Option<&'static str>,
    answer: Option<&Answer>,
    why: String,
    started: Instant,
) {
    let system = system_time();
    let duration_us = microseconds(started);
    let fate = Fate {
        at: system,
        vendor,
        route: None,
        answer,
        refused_by: &[],
        why: why.into(),
        fault: None,
        duration_us,
    };
    sandboxes.note(slot, sent, fate, system);
}

/// Sends the events of a sandbox from `cursor` on, until the listener leaves or the server stops.
async fn tell(
    slot: Arc<Slot>,
    mut cursor: Cursor,
    listener: mpsc::Sender<Bytes>,
    mut stopping: watch::Receiver<bool>,
) {
    // Headers alone would stay in a buffer until something follows.
    let mut text = ": events follow\n\n".to_owned();
    loop {
        // Read before the state: a change in between makes the next look come at once.
        let changes = slot.changes();
        let news = events::after(&slot, cursor, system_time());
        cursor = news.cursor;
        text.push_str(&news.text);
        let ended = news.ended;
        if !text.is_empty() && listener.send(Bytes::from(text)).await.is_err() {
            return;
        }
        if ended {
            return;
        }
        text = String::new();
        let watcher = Watcher::of(&slot);
        tokio::select! {
            () = watcher.change(changes) => tokio::time::sleep(PAUSE).await,
            () = tokio::time::sleep(news.due.unwrap_or(KEEP_ALIVE).min(KEEP_ALIVE)) => {
                // What stands between listener and server may drop a connection on which nothing moves.
                text.push_str(":\n\n");
            }
            () = listener.closed() => return,
            () = until(&mut stopping) => return,
        }
    }
}

/// Ends when the server is about to stop.
async fn until(stopping: &mut watch::Receiver<bool>) {
    // Fails only without a sender, and whoever asks holds it.
    let _stopping = stopping.wait_for(|stopping| *stopping).await;
}

/// Reads a body, or drops it unread where the answer is known and the client waits to be told to go on.
async fn read(parts: &Parts<'_>, mut incoming: Incoming, limit: usize, head: Head) -> Upload {
    let waits = waits(parts);
    if incoming.is_end_stream() || (waits && head == Head::Known) {
        return Upload::Whole(Bytes::new());
    }
    let announced = parts
        .header(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if waits && announced.is_some_and(|length| length > limit) {
        return Upload::TooLong;
    }
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    let mut dropped = 0;
    while let Some(frame) = incoming.frame().await {
        let data = match frame.map(Frame::into_data) {
            Ok(Ok(data)) => data,
            // Trailers say nothing that any of the vendors reads.
            Ok(Err(_)) => continue,
            Err(error) if is_broken(&error) => return Upload::Broken,
            Err(error) => return Upload::Gone(joined(first, more), error),
        };
        if dropped > 0 || first.len() + more.len() + data.len() > limit {
            dropped += data.len();
            if dropped > DISCARD_LIMIT {
                break;
            }
        } else if first.is_empty() {
            // The whole body, mostly: no copy.
            first = data;
        } else {
            more.extend_from_slice(&data);
        }
    }
    if dropped > 0 {
        Upload::TooLong
    } else {
        Upload::Whole(joined(first, more))
    }
}

/// Whether a client waits to be told to go on before it sends a body.
pub(crate) fn waits(parts: &Parts<'_>) -> bool {
    parts
        .header(EXPECT)
        .is_some_and(|expect| expect.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

fn joined(first: Bytes, more: BytesMut) -> Bytes {
    if more.is_empty() {
        return first;
    }
    let mut whole = BytesMut::from(first);
    whole.unsplit(more);
    whole.freeze()
}

/// Whether a body ended because its framing is wrong, and not because its sender left.
fn is_broken(error: &hyper::Error) -> bool {
    let source =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    let framing = source.is_some_and(|source| {
        matches!(
            source.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        )
    });
    framing && !error.is_incomplete_message()
}

/// How hyper is told to write header names: in an extension of its own that only its reader makes. So a request with
/// these names is read once, and what it leaves is kept. `tests/edge.rs` pins that.
async fn spelling(names: &[&str]) -> io::Result<Extensions> {
    if names.is_empty() {
        return Ok(Extensions::new());
    }
    let (client, server) = tokio::io::duplex(8192);
    let mut request = String::from("GET / HTTP/1.1\r\n");
    for name in names
        .iter()
        .filter(|name| !name.eq_ignore_ascii_case("content-length"))
    {
        request.extend([name, ": 0\r\n"]);
    }
    // A length must be sound; all the others may say anything.
    request += "Content-Length: 0\r\n\r\n";
    let (mut reader, mut writer) = tokio::io::split(client);
    tokio::io::AsyncWriteExt::write_all(&mut writer, request.as_bytes()).await?;
    let (found, kept) = tokio::sync::oneshot::channel();
    let found = std::sync::Mutex::new(Some(found));
    let service = service_fn(|request: http::Request<Incoming>| {
        let sender = found.lock().ok().and_then(|mut found| found.take());
        if let Some(sender) = sender {
            // The other end is below, and waits.
            let _sent = sender.send(request.extensions().clone());
        }
        async { Ok::<_, Infallible>(http::Response::new(Empty::<Bytes>::new())) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    let connection = builder
        .preserve_header_case(true)
        .keep_alive(false)
        .serve_connection(TokioIo::new(server), service);
    let mut answer = Vec::new();
    let (served, _) = tokio::join!(
        connection,
        tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut answer)
    );
    served.map_err(io::Error::other)?;
    kept.await.map_err(io::Error::other)
}

pub(crate) fn no_vendor(path: &str) -> Problem {
    let routes = VENDORS
        .iter()
        .flat_map(|kind| kind.routes().iter().map(|route| (kind.name(), *route)));
    let known: Vec<String> = routes
        .map(|(name, route)| route.replacen(' ', &format!(" /{name}"), 1))
        .collect();
    let paths = known
        .iter()
        .filter_map(|route| Some(route.split_once(' ')?.1));
    let near =
        nearest(path, paths).and_then(|near| known.iter().find(|route| route.ends_with(near)));
    let hint = match near {
        Some(near) => format!("did you mean {near}?"),
        None => "GET /__admin/vendors lists every route".to_owned(),
    };
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-vendor",
        "No vendor has such a path",
    )
    .detail(format!(
        "{path} begins neither like a vendor's path nor with the name of a vendor"
    ))
    .hint(hint)
}

pub(crate) fn sent<'a>(parts: &Parts<'a>, target: &'a str, body: &'a [u8]) -> Sent<'a> {
    Sent {
        method: parts.method.as_str(),
        target,
        prefix: parts.prefix.len(),
        headers: parts.headers,
        body,
    }
}

pub(crate) fn with_query<'a>(path: &'a str, query: Option<&str>) -> std::borrow::Cow<'a, str> {
    query.map_or(path.into(), |query| format!("{path}?{query}").into())
}

/// `1 byte`, `2 bytes`.
pub(crate) fn count(number: impl Into<u128>, thing: &str) -> String {
    let number = number.into();
    if number == 1 {
        format!("1 {thing}")
    } else {
        format!("{number} {thing}s")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge reads the clock, so that nothing else has to"
)]
pub(crate) fn system_time() -> Timestamp {
    Timestamp::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge measures how long a call takes"
)]
pub(crate) fn started() -> Instant {
    Instant::now()
}

pub(crate) fn microseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// A listener on the first of an address's sockets that can be had.
///
/// # Errors
///
/// When the address cannot be resolved, or is taken.
pub async fn bind(address: &str) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    Ok((listener, local))
}
