//! In Rust, without a process: servers on a free port, or no socket at all, and a typed way to everything that the admin
//! API offers. An edge like [`crate::serve`], and like it without behaviour of its own.

use std::net::SocketAddr;
use std::ops::Deref;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{fmt, io};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;

use crate::admin::{self, Problem};
use crate::clock::{Clock, OutOfRange};
use crate::conversions::{self, Accepted, Found};
use crate::document::Mistake;
use crate::engine::{Answer, Body, Cut, Delivery, Head, Parts, Request};
use crate::fault::{Checked, Fault, FaultError, Scripted, Told};
use crate::journal::{self, Entry};
use crate::lines;
use crate::matcher::Match;
use crate::overlay::{self, NameError};
use crate::sandbox::{Look, Part, Slot, Watcher};
use crate::sandboxes::{self, DEFAULT, Destination, New, SandboxError, Sandboxes, Settings};
use crate::seed::{self, Layer, SeedError};
use crate::serve::{
    self, Door, Edge, Role, bind, no_vendor, note, sent, serve, started, system_time, waits,
    with_query,
};
use crate::verify::{Count, Verdict, Verifier};

/// A free port of this machine.
const LISTEN: &str = "127.0.0.1:0";
/// Where a [`Mock`] without a socket says that it is.
const NOWHERE: &str = "http://localhost";
/// How long a wait that was woken leaves others alone before it looks: many changes at once count as one.
const PAUSE: Duration = Duration::from_millis(5);

/// A server on a port of its own. Dropped means stopped: when `drop` returns its port is closed and its tasks have ended.
///
/// It runs on a thread of its own, so a test may block, and may share a server with tests of other runtimes. It is a
/// [`Mock`] with a socket, and has everything that a `Mock` has.
#[derive(Debug)]
pub struct MockServer {
    mock: Mock,
    address: SocketAddr,
    _running: Running,
}

/// The three APIs without a socket: calls are values, and so are their answers.
#[derive(Clone)]
pub struct Mock {
    sandboxes: Arc<Sandboxes>,
    url: Arc<str>,
}

/// How a server is to be started.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    listen: Option<String>,
    admin_token: Option<String>,
    seeds: Vec<(String, String)>,
    clock: Clock,
    random_seed: u64,
    journal_entries: Option<usize>,
    journal_bytes: Option<usize>,
    deviations: Vec<String>,
}

/// Why a server cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// Other machines could change everything.
    #[error("{0} can be reached from other machines: protect the admin API with a token")]
    Exposed(SocketAddr),
    /// A seed is wrong.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// A deviation cannot be put on.
    #[error(transparent)]
    Deviation(#[from] NameError),
    /// The system gives no thread, or nothing to wait for sockets with.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

impl MockServer {
    /// A server on a free port of this machine, with the built-in seed.
    ///
    /// # Errors
    ///
    /// When the system gives no port or no thread.
    pub async fn start() -> Result<Self, StartError> {
        Builder::default().start().await
    }

    /// The same, for tests that are not asynchronous.
    ///
    /// # Errors
    ///
    /// As for [`MockServer::start`].
    pub fn start_blocking() -> Result<Self, StartError> {
        Builder::default().start_blocking()
    }

    /// A server with another seed, clock or address.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Deref for MockServer {
    type Target = Mock;

    fn deref(&self) -> &Mock {
        &self.mock
    }
}

/// The thread of a server. Dropped means ended.
#[derive(Debug)]
struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was ours, and has been printed.
            let _ended = thread.join();
        }
    }
}

impl Builder {
    /// Listens there, and not on a free port of this machine.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// Asks for this token before it answers admin calls over HTTP.
    #[must_use]
    pub fn admin_token(mut self, token: impl Into<String>) -> Self {
        self.admin_token = Some(token.into());
        self
    }

    /// A seed in TOML or JSON; several merge, the later ones on top.
    #[must_use]
    pub fn seed(mut self, text: impl Into<String>) -> Self {
        let name = format!("seed {}", self.seeds.len() + 1);
        self.seeds.push((name, text.into()));
        self
    }

    /// A seed as a value: `json!({"chase": {"keys": {…}}})`.
    #[must_use]
    pub fn seed_value(self, document: &Value) -> Self {
        self.seed(document.to_string())
    }

    /// The clock that sandboxes start with: `"2026-01-31T00:00:00Z".parse()?`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What credentials and ids of new sandboxes derive from.
    #[must_use]
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.random_seed = seed;
        self
    }

    /// How many journal entries a sandbox keeps.
    #[must_use]
    pub fn journal_entries(mut self, entries: usize) -> Self {
        self.journal_entries = Some(entries);
        self
    }

    /// How many bytes all journals together may take.
    #[must_use]
    pub fn journal_bytes(mut self, bytes: usize) -> Self {
        self.journal_bytes = Some(bytes);
        self
    }

    /// Deviations of the default sandbox.
    #[must_use]
    pub fn deviations<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        self.deviations = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// When a seed or a deviation is wrong, the address cannot be had or can be reached from other machines without a
    /// token, or the system gives no thread.
    pub async fn start(self) -> Result<MockServer, StartError> {
        self.launch()?.await
    }

    /// The same, for tests that are not asynchronous.
    ///
    /// # Errors
    ///
    /// As for [`Builder::start`].
    pub fn start_blocking(self) -> Result<MockServer, StartError> {
        blocking(self.launch()?)
    }

    /// No socket at all.
    ///
    /// # Errors
    ///
    /// When a seed or a deviation is wrong.
    pub fn without_socket(self) -> Result<Mock, StartError> {
        Ok(Mock {
            sandboxes: self.sandboxes()?,
            url: NOWHERE.into(),
        })
    }

    fn sandboxes(&self) -> Result<Arc<Sandboxes>, StartError> {
        let layers = self
            .seeds
            .iter()
            .map(|(name, text)| Layer::parse(name, text.clone()));
        let layers: Vec<Layer> = layers.collect::<Result<_, _>>()?;
        let deviations = overlay::named(&self.deviations)?;
        let plain = Settings::new(seed::merge(&layers)?);
        let sandboxes = Sandboxes::new(Settings {
            clock: self.clock,
            random_seed: self.random_seed,
            journal_entries: self.journal_entries.unwrap_or(plain.journal_entries),
            journal_bytes: self.journal_bytes.unwrap_or(plain.journal_bytes),
            ..plain
        });
        sandboxes.default_slot().lock().deviations = deviations;
        Ok(Arc::new(sandboxes))
    }

    /// Starts the thread of a server; what is returned ends when it listens.
    fn launch(
        self,
    ) -> Result<impl Future<Output = Result<MockServer, StartError>> + use<>, StartError> {
        let sandboxes = self.sandboxes()?;
        let (stop, stopped) = oneshot::channel();
        let (report, listening) = oneshot::channel();
        let served = Arc::clone(&sandboxes);
        let serving = move || match runtime::Builder::new_current_thread().enable_all().build() {
            // With the runtime everything ends that was started on it.
            Ok(runtime) => runtime.block_on(self.run(served, report, stopped)),
            Err(error) => {
                let _told = report.send(Err(StartError::Thread(error)));
            }
        };
        let thread = thread::Builder::new()
            .name("mock-server".to_owned())
            .spawn(serving)
            .map_err(StartError::Thread)?;
        let running = Running {
            stop: Some(stop),
            thread: Some(thread),
        };
        Ok(async move {
            let gone = || StartError::Thread(io::Error::other("it ended before it listened"));
            let address = listening.await.unwrap_or_else(|_| Err(gone()))?;
            Ok(MockServer {
                mock: Mock {
                    sandboxes,
                    url: format!("http://{address}").into(),
                },
                address,
                _running: running,
            })
        })
    }

    /// Serves until `stopped` ends, or whoever would end it is gone.
    async fn run(
        self,
        sandboxes: Arc<Sandboxes>,
        report: oneshot::Sender<Result<SocketAddr, StartError>>,
        stopped: oneshot::Receiver<()>,
    ) {
        let (door, address, edge) = match self.open(sandboxes).await {
            Ok(opened) => opened,
            Err(error) => {
                let _told = report.send(Err(error));
                return;
            }
        };
        if report.send(Ok(address)).is_err() {
            return;
        }
        tokio::select! {
            () = serve(vec![door], Arc::new(edge), std::future::pending()) => {}
            _ = stopped => {}
        }
    }

    async fn open(self, sandboxes: Arc<Sandboxes>) -> Result<(Door, SocketAddr, Edge), StartError> {
        let address = self.listen.unwrap_or_else(|| LISTEN.to_owned());
        let (listener, local) = match bind(&address).await {
            Ok(bound) => bound,
            Err(source) => return Err(StartError::Listen { address, source }),
        };
        if !local.ip().is_loopback() && self.admin_token.is_none() {
            return Err(StartError::Exposed(local));
        }
        let edge = Edge::new(sandboxes, self.admin_token)
            .await
            .map_err(StartError::Thread)?;
        let role = Role::Both;
        Ok((Door { listener, role }, local, edge))
    }
}

impl Default for Mock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mock").field(&self.url).finish()
    }
}

impl Mock {
    /// The three APIs with the built-in seed, without a socket.
    pub fn new() -> Self {
        Builder::default()
            .without_socket()
            .expect("the built-in seed is sound, as tests say")
    }

    /// The same with another seed or clock: ends in [`Builder::without_socket`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The base URL. Without a socket one that only [`Mock::call`] knows.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The sandbox that is always there, with the documented examples.
    pub fn default_sandbox(&self) -> MockSandbox {
        self.handle(Arc::clone(self.sandboxes.default_slot()))
    }

    /// A sandbox of its own, with credentials of its own.
    pub fn sandbox(&self) -> MockSandbox {
        loop {
            match self.sandbox_with(New::default()) {
                Ok(sandbox) => return sandbox,
                // Somebody asked for just that id in the meantime.
                Err(SandboxError::Exists(_)) => {}
                Err(error) => unreachable!("nothing was asked for that could be wrong: {error}"),
            }
        }
    }

    /// A sandbox with an id, a seed or a clock: `New { id: Some("checkout".into()), ..New::default() }`.
    ///
    /// # Errors
    ///
    /// When the id is taken or unfit, the seed is wrong, or one of its identities leads to another sandbox.
    pub fn sandbox_with(&self, new: New) -> Result<MockSandbox, SandboxError> {
        self.sandboxes.create(new).map(|slot| self.handle(slot))
    }

    /// Makes a call, which finds its sandbox as it would over a socket: by its path, else by its credentials. See
    /// [`MockSandbox::call`].
    ///
    /// # Errors
    ///
    /// When a fault ends the connection.
    pub fn call(
        &self,
        request: http::Request<impl Into<Bytes>>,
    ) -> Result<http::Response<Bytes>, CallError> {
        call(&self.sandboxes, None, &self.url, request.map(Into::into))
    }

    fn handle(&self, slot: Arc<Slot>) -> MockSandbox {
        MockSandbox {
            mock: self.clone(),
            slot,
        }
    }
}

/// One isolated world: an account with each vendor, their state, a journal, faults and a clock. Dropped means deleted,
/// unless it is the default one.
///
/// It outlives its server; then only calls over the socket are no longer possible.
pub struct MockSandbox {
    mock: Mock,
    slot: Arc<Slot>,
}

/// Where a sandbox's Comm100 is, and who may call it. What its seed does not have is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Comm100Access {
    /// What stands in place of `https://hosted.comm100.com`.
    pub base_url: String,
    /// The agent's e-mail address.
    pub username: String,
    /// The agent's API key.
    pub password: String,
}

/// Where a sandbox's Chase is, and who may call it. What its seed does not have is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ChaseAccess {
    /// What stands in place of `https://services.meetchase.ai`.
    pub base_url: String,
    /// The value of `X-API-Key`.
    pub api_key: String,
}

/// Where a sandbox's impact.com is, and who may call it. What its seed does not have is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ImpactAccess {
    /// What stands in place of `https://api.impact.com`.
    pub base_url: String,
    /// The account's SID: the user name, and a segment of every path.
    pub account_sid: String,
    /// The password.
    pub auth_token: String,
    /// The account's number.
    pub media_partner_id: String,
}

/// A deviation, and how many calls it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviationState {
    /// Its id.
    pub id: String,
    /// How many calls it changed, or would have changed.
    pub activations: u64,
    /// Whether it only counts.
    pub dry_run: bool,
}

/// How a fault ended the connection of a call.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// By a TCP reset, without an answer.
    #[error("the connection was reset")]
    Reset {
        /// How long after the call.
        after: Duration,
    },
    /// As usual, but without an answer.
    #[error("the connection was closed without an answer")]
    Closed {
        /// How long after the call.
        after: Duration,
    },
    /// As usual, after the first half of the body.
    #[error("the connection was closed within the body")]
    ClosedWithinBody {
        /// How long after the call.
        after: Duration,
        /// What came: the whole head, which announces the whole body, and its first half.
        came: http::Response<Bytes>,
    },
    /// Not at all: no answer ever comes, so a client waits until its own time is up.
    #[error("no answer ever comes")]
    Hang,
}

/// Calls and credentials.
impl MockSandbox {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.slot.id
    }

    /// Its base URL: the vendors are at `/comm100`, `/chase` and `/impact` below it.
    pub fn url(&self) -> String {
        self.described("base_url")
    }

    /// Where its Comm100 is, and who may call it.
    pub fn comm100(&self) -> Comm100Access {
        self.access("comm100")
    }

    /// Where its Chase is, and who may call it.
    pub fn chase(&self) -> ChaseAccess {
        self.access("chase")
    }

    /// Where its impact.com is, and who may call it.
    pub fn impact(&self) -> ImpactAccess {
        self.access("impact")
    }

    fn access<T: DeserializeOwned>(&self, vendor: &str) -> T {
        let mut vendors: Map<String, Value> = self.described("vendors");
        let access = vendors.remove(vendor).expect("every vendor is described");
        serde_json::from_value(access).expect("credentials are texts, and may be left out")
    }

    fn described<T: DeserializeOwned>(&self, member: &str) -> T {
        let mut described = sandboxes::describe(&self.slot, &self.mock.url);
        serde_json::from_value(described[member].take()).expect("every sandbox is described so")
    }

    /// Makes a call without a socket, in this sandbox unless the path says `/s/{sandbox}`. Who is asked is told by the
    /// target's host if that is a documented one, by a first segment `/comm100`, `/chase` or `/impact`, else by how the
    /// path begins.
    ///
    /// What every client sends is added where it is missing: `Host` and `Content-Length`.
    ///
    /// Nothing waits. An answer that a fault delays is there at once; how much later it would have gone out, and in which
    /// pieces, is its extension [`Delivery`]. What only a connection has (header spelling, `Connection`) is left out.
    ///
    /// # Errors
    ///
    /// When a fault ends the connection.
    pub fn call(
        &self,
        request: http::Request<impl Into<Bytes>>,
    ) -> Result<http::Response<Bytes>, CallError> {
        self.caller().call(request.map(Into::into))
    }

    /// What makes calls in this sandbox, and does not keep it from being deleted.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            mock: self.mock.clone(),
            slot: Arc::clone(&self.slot),
        }
    }
}

/// What a test wants to know.
impl MockSandbox {
    /// The conversions that can be seen now, oldest first.
    pub fn conversions(&self) -> Vec<Accepted> {
        let everything = conversions::Filter::default();
        everything.find(&self.slot, system_time()).conversions
    }

    /// Those of them that match.
    ///
    /// # Errors
    ///
    /// When the filter names a vendor that there is none of.
    pub fn conversions_of(&self, filter: &conversions::Filter) -> Result<Found, Mistake> {
        filter.check()?;
        Ok(filter.find(&self.slot, system_time()))
    }

    /// Waits for `n` conversions, or until the time is up, or until it is certain that they cannot come.
    pub async fn wait_for_conversions(&self, n: u64, within: Duration) -> Found {
        let everything = conversions::Filter::default();
        wait(&self.slot, within, |left_ms| {
            everything.look(&self.slot, system_time(), n, left_ms)
        })
        .await
    }

    /// The same, for tests that are not asynchronous.
    pub fn wait_for_conversions_blocking(&self, n: u64, within: Duration) -> Found {
        let everything = conversions::Filter::default();
        wait_blocking(&self.slot, within, |left_ms| {
            everything.look(&self.slot, system_time(), n, left_ms)
        })
    }

    /// Waits for `n` conversions that match, or until the time is up, or until it is certain that they cannot come.
    ///
    /// # Errors
    ///
    /// When the filter names a vendor that there is none of.
    pub async fn wait_for_conversions_of(
        &self,
        filter: &conversions::Filter,
        n: u64,
        within: Duration,
    ) -> Result<Found, Mistake> {
        filter.check()?;
        let look = |left_ms| filter.look(&self.slot, system_time(), n, left_ms);
        Ok(wait(&self.slot, within, look).await)
    }

    /// The same, for tests that are not asynchronous.
    ///
    /// # Errors
    ///
    /// When the filter names a vendor that there is none of.
    pub fn wait_for_conversions_of_blocking(
        &self,
        filter: &conversions::Filter,
        n: u64,
        within: Duration,
    ) -> Result<Found, Mistake> {
        filter.check()?;
        let look = |left_ms| filter.look(&self.slot, system_time(), n, left_ms);
        Ok(wait_blocking(&self.slot, within, look))
    }

    /// The journal as the admin API shows it, newest first: each call, its answer, and why it was refused.
    pub fn requests(&self, filter: &journal::Filter) -> Vec<Value> {
        let sandbox = self.slot.lock();
        let matching = sandbox.journal.matching(filter, None);
        matching.map(Entry::show).collect()
    }

    /// One entry of the journal, if it is still kept.
    pub fn request(&self, n: u64) -> Option<Value> {
        self.slot.lock().journal.get(n).map(Entry::show)
    }

    /// Forgets the journal's entries. Calls stay counted.
    pub fn forget_requests(&self) {
        self.mock.sandboxes.forget_requests(&self.slot);
    }

    /// Whether the calls so far are as expected.
    ///
    /// # Errors
    ///
    /// When a member is wrong or contradicts another one.
    pub fn verify(&self, wanted: Match, count: Count) -> Result<Verdict, Mistake> {
        let verifier = Verifier::new(wanted, count)?;
        let sandbox = self.slot.lock();
        Ok(verifier.judge(&sandbox.journal, &sandbox.tally))
    }

    /// Waits until there are as many calls as expected; an upper bound alone is watched for the whole time.
    ///
    /// # Errors
    ///
    /// When a member is wrong or contradicts another one.
    pub async fn verify_within(
        &self,
        wanted: Match,
        count: Count,
        within: Duration,
    ) -> Result<Verdict, Mistake> {
        let verifier = Verifier::new(wanted, count)?;
        let look = |left_ms| verifier.look(&self.slot, left_ms);
        Ok(wait(&self.slot, within, look).await)
    }

    /// The same, for tests that are not asynchronous.
    ///
    /// # Errors
    ///
    /// When a member is wrong or contradicts another one.
    pub fn verify_within_blocking(
        &self,
        wanted: Match,
        count: Count,
        within: Duration,
    ) -> Result<Verdict, Mistake> {
        let verifier = Verifier::new(wanted, count)?;
        let look = |left_ms| verifier.look(&self.slot, left_ms);
        Ok(wait_blocking(&self.slot, within, look))
    }
}

/// What a test changes.
impl MockSandbox {
    /// Adds a fault behind the others. Returns its id.
    ///
    /// # Errors
    ///
    /// When a member is wrong or contradicts another one, or there is a fault of that id.
    pub fn fault(&self, fault: Fault) -> Result<String, FaultError> {
        let told = self.slot.add_fault(fault)?;
        Ok(told.fault.id.expect("it was filled in"))
    }

    /// All faults, in order, and how often each took effect.
    pub fn faults(&self) -> Vec<Told> {
        self.slot.lock().faults.iter().map(Scripted::tell).collect()
    }

    /// Takes a fault away; says whether there was one.
    pub fn remove_fault(&self, id: &str) -> bool {
        self.slot.remove_fault(id)
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.slot.clear_faults();
    }

    /// Which fault a request would meet, and why it would not meet the others; none if it fits no vendor. Nothing happens
    /// and nothing is counted.
    pub fn check_faults(&self, request: http::Request<impl Into<Bytes>>) -> Option<Checked> {
        let (mut head, body) = request.map(Into::into).into_parts();
        complete(&mut head, &body, host(&self.mock.url));
        let parts = parts(&head, host(&self.mock.url));
        let Destination::Vendor(visit) = self.mock.sandboxes.route(&parts) else {
            return None;
        };
        let request = Request {
            parts: Parts {
                path: visit.path,
                prefix: visit.prefix,
                ..parts
            },
            body: Body::Whole(&body),
        };
        let sandbox = self.slot.lock();
        Some(sandbox.check_faults(visit.vendor, &request, system_time()))
    }

    /// Its clock.
    pub fn clock(&self) -> Clock {
        self.slot.lock().clock
    }

    /// Its time.
    pub fn now(&self) -> Timestamp {
        self.clock().now(system_time())
    }

    /// Sets its clock, until a reset: `"2026-01-31T00:00:00Z".parse()?` stands still there.
    pub fn set_clock(&self, clock: Clock) {
        let set = self.slot.turn_clock(|_| Ok::<_, OutOfRange>(clock));
        set.expect("nothing was calculated");
    }

    /// Moves its clock on.
    ///
    /// # Errors
    ///
    /// When it would leave the years 1970 to 9999.
    pub fn advance(&self, by: Duration) -> Result<(), OutOfRange> {
        let by = SignedDuration::try_from(by).map_err(|_| OutOfRange)?;
        self.slot
            .turn_clock(|clock| clock.advanced(by, system_time()))
    }

    /// Its state: a seed document with everything filled in.
    pub fn state(&self) -> Map<String, Value> {
        self.slot.lock().document()
    }

    /// Replaces the seeds of the vendors that the document names, and resets those vendors to them.
    ///
    /// # Errors
    ///
    /// When the document is wrong, or one of its identities leads to another sandbox; nothing changes then.
    pub fn replace_state(&self, document: Map<String, Value>) -> Result<(), SandboxError> {
        self.mock.sandboxes.replace(&self.slot, document)
    }

    /// Applies a JSON merge patch (RFC 7396) to the present state only; a reset undoes it.
    ///
    /// # Errors
    ///
    /// As for [`MockSandbox::replace_state`].
    pub fn patch_state(&self, patch: Map<String, Value>) -> Result<(), SandboxError> {
        self.mock.sandboxes.patch(&self.slot, patch)
    }

    /// Its deviations, in order, and how many calls each of them changed.
    pub fn deviations(&self) -> Vec<DeviationState> {
        let sandbox = self.slot.lock();
        let states = sandbox.deviations.iter().map(|active| DeviationState {
            id: active.id().to_owned(),
            activations: active.activations(),
            dry_run: active.dry_run,
        });
        states.collect()
    }

    /// Puts these deviations on and all others off, until a reset.
    ///
    /// # Errors
    ///
    /// When an id is unknown or repeated; nothing changes then.
    pub fn set_deviations<I: Into<String>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<(), NameError> {
        let ids: Vec<String> = ids.into_iter().map(Into::into).collect();
        self.slot.deviate(overlay::named(&ids)?);
        Ok(())
    }

    /// Back to how it started.
    ///
    /// # Errors
    ///
    /// When an identity of its seed leads to another sandbox by now; nothing changes then.
    pub fn reset(&self) -> Result<(), SandboxError> {
        self.reset_only(&Part::ALL)
    }

    /// Back to how it started, as far as `parts` goes.
    ///
    /// # Errors
    ///
    /// As for [`MockSandbox::reset`].
    pub fn reset_only(&self, parts: &[Part]) -> Result<(), SandboxError> {
        self.mock.sandboxes.reset(&self.slot, parts)
    }
}

impl Drop for MockSandbox {
    fn drop(&mut self) {
        if self.slot.id != DEFAULT {
            let deleted = self.mock.sandboxes.delete(&self.slot);
            deleted.expect("only the default one stays");
        }
    }
}

impl fmt::Debug for MockSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MockSandbox").field(&self.url()).finish()
    }
}

/// What makes calls in one sandbox.
#[derive(Clone)]
pub(crate) struct Caller {
    mock: Mock,
    slot: Arc<Slot>,
}

impl Caller {
    pub(crate) fn call(&self, request: http::Request<Bytes>) -> Result<Answer, CallError> {
        let Mock { sandboxes, url } = &self.mock;
        call(sandboxes, Some(&self.slot), url, request)
    }
}

/// A call from beginning to end. `own` is the sandbox that it is made in, unless its path names one.
fn call(
    sandboxes: &Sandboxes,
    own: Option<&Arc<Slot>>,
    url: &str,
    request: http::Request<Bytes>,
) -> Result<Answer, CallError> {
    let started = started();
    let (mut head, body) = request.into_parts();
    complete(&mut head, &body, host(url));
    let parts = parts(&head, host(url));
    let mut answer = answer(sandboxes, own, &parts, &body, started);
    if head.method == Method::HEAD {
        answer.body_mut().clear();
    }
    deliver(answer)
}

/// Where a base URL leads.
fn host(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, host)| host)
}

/// Adds what every client sends.
fn complete(head: &mut http::request::Parts, body: &Bytes, host: &str) {
    let authority = head.uri.authority().map_or(host, |named| named.as_str());
    if !head.headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(authority)
    {
        head.headers.insert(HOST, host);
    }
    let framed = [CONTENT_LENGTH, TRANSFER_ENCODING]
        .iter()
        .any(|name| head.headers.contains_key(name));
    if !body.is_empty() && !framed {
        head.headers.insert(CONTENT_LENGTH, body.len().into());
    }
}

fn parts<'a>(head: &'a http::request::Parts, local: &'a str) -> Parts<'a> {
    Parts {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query(),
        headers: &head.headers,
        version: head.version,
        prefix: "",
        secure: head.uri.scheme() == Some(&http::uri::Scheme::HTTPS),
        local,
    }
}

fn answer(
    sandboxes: &Sandboxes,
    own: Option<&Arc<Slot>>,
    parts: &Parts<'_>,
    body: &[u8],
    started: Instant,
) -> Answer {
    let target = with_query(parts.path, parts.query);
    let turn_away = |problem: &Problem| {
        let sent = sent(parts, &target, body);
        let answer = problem.answer();
        let why = problem.to_string();
        lines::unrouted(&sent, &why);
        let slot = own.unwrap_or_else(|| sandboxes.default_slot());
        note(sandboxes, slot, &sent, None, Some(&answer), why, started);
        answer
    };
    let mut visit = match sandboxes.route(parts) {
        Destination::Vendor(visit) => visit,
        Destination::Nowhere => return turn_away(&no_vendor(parts.path)),
        Destination::NoSandbox(id) => return turn_away(&admin::unknown_sandbox(id, sandboxes)),
        Destination::Admin(_) => {
            let problem = Problem::new(
                StatusCode::NOT_FOUND,
                "no-admin",
                "The admin API is not served here",
            )
            .hint("the methods of MockSandbox do what it does");
            return problem.answer();
        }
    };
    if let Some(own) = own
        && !visit.prefix.starts_with("/s/")
    {
        visit.slot = Arc::clone(own);
    }
    let parts = Parts {
        path: visit.path,
        prefix: visit.prefix,
        ..*parts
    };
    let head = sandboxes.head(&visit, &parts, system_time());
    let (bytes, body) = if waits(&parts) && head == Head::Known {
        (&[][..], Body::Whole(&[]))
    } else if body.len() > sandboxes.settings.body_limits[visit.vendor] {
        (&[][..], Body::TooLong)
    } else {
        (body, Body::Whole(body))
    };
    let request = Request { parts, body };
    let sent = sent(&parts, &target, bytes);
    serve::decide(sandboxes, &visit, &request, &sent, started).answer
}

/// What reaches the client of an answer.
fn deliver(mut answer: Answer) -> Result<Answer, CallError> {
    let delivery: Option<&Delivery> = answer.extensions().get();
    let Some(Delivery { delay_ms, cut, .. }) = delivery.copied() else {
        return Ok(answer);
    };
    let after = Duration::from_millis(delay_ms);
    match cut {
        None => Ok(answer),
        Some(Cut::Hang) => Err(CallError::Hang),
        Some(Cut::Reset) => Err(CallError::Reset { after }),
        Some(Cut::Close) => Err(CallError::Closed { after }),
        // Within an empty body there is no place; what is left to lose is the answer.
        Some(Cut::MidBody) if answer.body().is_empty() => Err(CallError::Closed { after }),
        Some(Cut::MidBody) => {
            let half = answer.body().len() / 2;
            answer.body_mut().truncate(half);
            Err(CallError::ClosedWithinBody {
                after,
                came: answer,
            })
        }
    }
}

/// Looks until there is something to be found, at the latest when the time is up: then nothing is left to wait for. On any
/// runtime, and also where its time is paused.
async fn wait<T>(slot: &Slot, within: Duration, mut look: impl FnMut(u64) -> Look<T>) -> T {
    let started = started();
    let watcher = Watcher::of(slot);
    loop {
        match look(left_ms(started, within)) {
            Look::Found(found) => return found,
            Look::Wait {
                changes,
                at_most_ms,
            } => tokio::select! {
                biased;
                () = watcher.change(changes) => pause(PAUSE).await,
                () = pause(Duration::from_millis(at_most_ms)) => {}
            },
        }
    }
}

/// The same on this thread, which sleeps meanwhile.
fn wait_blocking<T>(slot: &Slot, within: Duration, mut look: impl FnMut(u64) -> Look<T>) -> T {
    let started = started();
    let watcher = Watcher::of(slot);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match look(left_ms(started, within)) {
            Look::Found(found) => return found,
            Look::Wait {
                changes,
                at_most_ms,
            } => {
                // Woken for another reason, the look is in vain, and the next wait goes on.
                if !watcher.has_changed(changes, &waker) {
                    thread::park_timeout(Duration::from_millis(at_most_ms));
                }
            }
        }
    }
}

fn left_ms(started: Instant, within: Duration) -> u64 {
    let left = within.saturating_sub(started.elapsed());
    // Rounded up: a rest that is no whole millisecond is still waited for.
    u64::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// Ends after that time, which one thread measures for all servers of the process: neither needs a wait a runtime around
/// it, nor does one that a test has paused end it early.
async fn pause(duration: Duration) {
    static TIMER: LazyLock<Runtime> = LazyLock::new(|| {
        runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("mock-server-timer")
            .enable_time()
            .build()
            .expect("a process that runs tests can start a thread")
    });
    let sleep = {
        let _entered = TIMER.enter();
        tokio::time::sleep(duration)
    };
    sleep.await;
}

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What a future leads to, on this thread, which sleeps meanwhile.
fn blocking<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(ready) => return ready,
            Poll::Pending => thread::park(),
        }
    }
}
