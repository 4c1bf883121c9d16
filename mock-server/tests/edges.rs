//! The edges in Rust: in-process and wiremock answer like hyper over a socket; and a test can see, change and stop
//! everything without a program.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use mock_server::clock::Clock;
use mock_server::conversions::Filter;
use mock_server::engine::{Delivery, Pace};
use mock_server::fault::{Connection, Effects, Fault, Spoil, Status};
use mock_server::in_process::{CallError, StartError};
use mock_server::matcher::{Expect, Match};
use mock_server::sandboxes::{New, SandboxError};
use mock_server::verify::Count;
use mock_server::{Mock, MockSandbox, MockServer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support;

const CONVERSIONS: &str = "POST /Mediapartners/{AccountSID}/PartnerConversions";
const CHASE: &str = "POST /api/v2/conversions";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call, whichever edge it goes to.
#[derive(Clone, Debug)]
struct Sample {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What is comparable of an answer: all but what belongs to a connection or to the moment.
#[derive(Debug, PartialEq)]
struct Said {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Said {
    fn new(
        status: u16,
        headers: impl IntoIterator<Item = (String, String)>,
        body: Vec<u8>,
    ) -> Self {
        let mut headers: Vec<_> = headers
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value))
            .filter(|(name, _)| !["date", "connection"].contains(&name.as_str()))
            .collect();
        headers.sort();
        Self {
            status,
            headers,
            body,
        }
    }

    fn of(answer: &Response<Bytes>) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value)));
        Self::new(answer.status().as_u16(), headers, answer.body().to_vec())
    }
}

impl Sample {
    /// Every documented call, as documented and spoiled in every way that a client library could.
    fn all() -> Vec<Self> {
        let examples = fixtures::VENDORS
            .iter()
            .flat_map(|vendor| vendor.examples().unwrap());
        examples
            .flat_map(|example| {
                let (method, target) = example.request.start.split_once(' ').unwrap();
                let documented = Self {
                    method: method.to_owned(),
                    target: target.to_owned(),
                    headers: example.request.headers,
                    body: example.request.body.to_vec(),
                };
                let mut all = vec![documented.clone()];
                for index in 0..documented.headers.len() {
                    let mut spoiled = documented.clone();
                    // Without a host no client library sends anything.
                    if spoiled.headers.remove(index).0 != "Host" {
                        all.push(spoiled);
                    }
                }
                let mut spoil = |spoil: &dyn Fn(&mut Self)| {
                    let mut spoiled = documented.clone();
                    spoil(&mut spoiled);
                    all.push(spoiled);
                };
                spoil(&|sample| sample.body.truncate(sample.body.len() / 2));
                spoil(&|sample| sample.body.extend(b"\xff%"));
                spoil(&|sample| "PATCH".clone_into(&mut sample.method));
                spoil(&|sample| "HEAD".clone_into(&mut sample.method));
                spoil(&|sample| sample.target.push_str("/nothing"));
                spoil(&|sample| sample.target.push_str("?a=%zz&a"));
                spoil(&|sample| {
                    sample
                        .headers
                        .push(("Accept".to_owned(), "text/x".to_owned()));
                });
                all
            })
            .collect()
    }

    fn over_a_socket(&self, address: SocketAddr) -> Said {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let bytes = support::request(&self.method, &self.target, &headers, &self.body);
        let mut connection = support::Connection::to(&address.to_string());
        connection.send(&bytes);
        let reply = connection.reply(&self.method);
        Said::new(reply.status, reply.headers, reply.body)
    }

    fn in_process(&self, sandbox: &MockSandbox) -> Said {
        let mut request = Request::new(Bytes::from(self.body.clone()));
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = self.target.parse().unwrap();
        *request.headers_mut() = self
            .headers
            .iter()
            .map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, value.parse::<HeaderValue>().unwrap())
            })
            .collect::<HeaderMap>();
        Said::of(&sandbox.call(request).unwrap())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test measures how long something takes"
)]
fn now() -> Instant {
    Instant::now()
}

/// The clock of the documented examples.
fn documented() -> Clock {
    "2026-06-10T18:00:00Z".parse().unwrap()
}

fn mock() -> Mock {
    Mock::builder()
        .clock(documented())
        .without_socket()
        .unwrap()
}

/// A conversion for the impact.com of a sandbox.
fn impact(sandbox: &MockSandbox, order_id: &str) -> Request<String> {
    let access = sandbox.impact();
    let body = format!(
        "CampaignId=10306&ActionTrackerId=19845&MediaPartnerId={}&EventDate=NOW&OrderId={order_id}&Amount=50",
        access.media_partner_id
    );
    Request::post(format!(
        "{}/Mediapartners/{}/PartnerConversions",
        access.base_url, access.account_sid
    ))
    .header(
        "Authorization",
        basic(&access.account_sid, &access.auth_token),
    )
    .header("Content-Type", "application/x-www-form-urlencoded")
    .body(body)
    .unwrap()
}

/// A look at something of the impact.com of a sandbox.
fn look(sandbox: &MockSandbox, path: &str) -> Value {
    let access = sandbox.impact();
    let request = Request::get(path)
        .header("Accept", "application/json")
        .header(
            "Authorization",
            basic(&access.account_sid, &access.auth_token),
        )
        .body("")
        .unwrap();
    let answer = sandbox.call(request).unwrap();
    assert_eq!(answer.status(), 200, "{answer:?}");
    serde_json::from_slice(answer.body()).unwrap()
}

/// A conversion for the Chase of a sandbox.
fn chase(sandbox: &MockSandbox, email: &str) -> Request<String> {
    let access = sandbox.chase();
    Request::post(format!("{}/api/v2/conversions", access.base_url))
        .header("X-API-Key", access.api_key)
        .header("Content-Type", "application/json")
        .body(json!({"email": email}).to_string())
        .unwrap()
}

fn basic(name: &str, password: &str) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{name}:{password}"))
    )
}

/// The bytes of a request with an absolute target, as a client sends them.
fn bytes(request: &Request<String>) -> Vec<u8> {
    let uri = request.uri();
    let mut headers = vec![
        ("Host", uri.authority().unwrap().as_str()),
        ("Connection", "close"),
    ];
    for (name, value) in request.headers() {
        headers.push((name.as_str(), value.to_str().unwrap()));
    }
    let target = uri.path_and_query().unwrap().as_str();
    let body = request.body().as_bytes();
    support::request(request.method().as_str(), target, &headers, body)
}

/// Sends a request over a socket, and says which status came.
fn send(request: &Request<String>) -> u16 {
    let mut connection = support::Connection::to(request.uri().authority().unwrap().as_str());
    connection.send(&bytes(request));
    connection.reply(request.method().as_str()).status
}

#[test]
fn the_edges_answer_alike() {
    let server = MockServer::builder()
        .clock(documented())
        .start_blocking()
        .unwrap();
    let served = server.default_sandbox();
    let mock = mock();
    let called = mock.default_sandbox();
    let mounted_mock = self::mock();
    let mounted_sandbox = mounted_mock.default_sandbox();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let wiremock = runtime.block_on(async {
        let wiremock = wiremock::MockServer::start().await;
        wiremock::Mock::given(wiremock::matchers::any())
            .respond_with(mounted_sandbox.responder())
            .mount(&wiremock)
            .await;
        wiremock
    });
    let samples = Sample::all();
    assert!(samples.len() > 200);
    for sample in samples {
        for sandbox in [&served, &called, &mounted_sandbox] {
            sandbox.reset().unwrap();
        }
        let expected = sample.over_a_socket(server.address());
        assert_eq!(sample.in_process(&called), expected, "{sample:?}");
        let mounted = sample.over_a_socket(*wiremock.address());
        assert_eq!(mounted, expected, "{sample:?}");
        // And each of them wrote it down alike.
        let journals = [&served, &called, &mounted_sandbox].map(|sandbox| {
            let [mut entry] = sandbox
                .requests(&mock_server::journal::Filter::default())
                .try_into()
                .unwrap();
            entry["duration_us"] = 0.into();
            entry
        });
        assert_eq!(journals[0], journals[1], "{sample:?}");
        assert_eq!(journals[0], journals[2], "{sample:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tests_share_a_server_and_see_only_their_own_calls() {
    let server = Arc::new(MockServer::start().await.unwrap());
    // Each connection takes two file descriptors of this process.
    let connections = Arc::new(Semaphore::new(64));
    let mut tests = JoinSet::new();
    for number in 0_i64..1000 {
        let (server, connections) = (Arc::clone(&server), Arc::clone(&connections));
        tests.spawn(async move {
            let sandbox = server.sandbox();
            let time = documented().now(jiff::Timestamp::UNIX_EPOCH);
            let time = time + jiff::SignedDuration::from_secs(number);
            sandbox.set_clock(Clock::Fixed(time));
            let fault = Fault::status(429)
                .times(1)
                .on(Match::vendor("impact").route(CONVERSIONS));
            let fault = sandbox.fault(fault).unwrap();
            let request = impact(&sandbox, &format!("ORD-{number}"));
            let bytes = bytes(&request);
            let mut statuses = Vec::new();
            for _ in 0..2 {
                let _permit = connections.acquire().await.unwrap();
                let mut stream = tokio::net::TcpStream::connect(server.address())
                    .await
                    .unwrap();
                stream.write_all(&bytes).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                statuses.push(answer[9..12].to_owned());
            }
            assert_eq!(statuses, ["429", "200"]);
            let order = format!("ORD-{number}");
            let own = Match::any().form("OrderId", order.as_str());
            for (wanted, count) in [(Match::any(), 2), (own, 2), (Match::any().fault(fault), 1)] {
                let verdict = sandbox.verify(wanted, Count::exactly(count)).unwrap();
                verdict.assert();
            }
            let [conversion] = sandbox.conversions().try_into().unwrap();
            assert_eq!(conversion.conversion.order_id, Some(order));
            assert_eq!(conversion.conversion.at, time);
        });
    }
    while let Some(test) = tests.join_next().await {
        test.unwrap();
    }
    assert!(server.default_sandbox().conversions().is_empty());
    let verdict = server
        .default_sandbox()
        .verify(Match::any(), Count::exactly(0));
    verdict.unwrap().assert();
}

#[test]
fn a_quota_starts_again_at_midnight_utc() {
    let sandbox = mock().sandbox_with(New {
        clock: Some("2026-06-10T23:59:58Z".parse().unwrap()),
        ..New::default()
    });
    let sandbox = sandbox.unwrap();
    let limit = json!({"comm100": {"accounts": {"main": {"daily_limit": 1}}}});
    sandbox
        .patch_state(limit.as_object().unwrap().clone())
        .unwrap();
    let status = || {
        let access = sandbox.comm100();
        let request = Request::get("/api/v1/livechat/conversions")
            .header("Authorization", basic(&access.username, &access.password))
            .body("")
            .unwrap();
        sandbox.call(request).unwrap().status().as_u16()
    };
    assert_eq!([status(), status()], [200, 403]);
    sandbox.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(status(), 403);
    sandbox.advance(Duration::from_secs(1)).unwrap();
    assert_eq!(sandbox.now().to_string(), "2026-06-11T00:00:00Z");
    assert_eq!([status(), status()], [200, 403]);
}

#[test]
fn a_submission_completes_and_its_action_locks_and_clears_as_the_clock_goes_on() {
    let mock = mock();
    let sandbox = mock.sandbox();
    let queued = sandbox.call(impact(&sandbox, "ORD-1")).unwrap();
    let queued: Value = serde_json::from_slice(queued.body()).unwrap();
    assert_eq!(queued["Status"], "QUEUED");
    let uri = queued["QueuedUri"].as_str().unwrap();
    let states = || {
        let accepted = sandbox.conversions().pop().unwrap();
        (
            look(&sandbox, uri)["Status"].as_str().unwrap().to_owned(),
            accepted.conversion.state.unwrap(),
        )
    };
    let mut seen = vec![states().0];
    for _ in 0..2 {
        sandbox.advance(Duration::from_secs(1)).unwrap();
        seen.push(states().0);
    }
    assert_eq!(seen, ["Queued", "In Progress", "Complete"]);
    let filter = Filter::vendor("impact").order_id("ORD-1").state(states().1);
    assert_eq!(
        sandbox.conversions_of(&filter).unwrap().conversions.len(),
        1
    );

    let list = format!("/Mediapartners/{}/Actions", sandbox.impact().account_sid);
    let listed = look(&sandbox, &list);
    let action = listed["Actions"][0]["Uri"].as_str();
    let action = action.unwrap_or_else(|| panic!("{listed}"));
    let stands = || {
        let action = look(&sandbox, action);
        (
            action["State"].as_str().unwrap().to_owned(),
            action["ClearedDate"]
                .as_str()
                .is_some_and(|date| !date.is_empty()),
        )
    };
    assert_eq!(stands(), ("PENDING".to_owned(), false));
    let day = Duration::from_secs(24 * 3600);
    sandbox.advance(17 * day).unwrap();
    assert_eq!(stands(), ("APPROVED".to_owned(), false));
    sandbox.advance(30 * day).unwrap();
    assert_eq!(stands(), ("APPROVED".to_owned(), true));
    sandbox.reset().unwrap();
    assert_eq!(sandbox.clock(), documented());
    assert!(sandbox.conversions().is_empty());
}

#[test]
fn dropped_means_stopped() {
    let server = MockServer::start_blocking().unwrap();
    let address = server.address();
    let sandbox = server.sandbox();
    sandbox.fault(Fault::connection(Connection::Hang)).unwrap();
    // One that is idle, one within a request, one that is never answered.
    let idle = TcpStream::connect(address).unwrap();
    let mut within = support::Connection::to(&address.to_string());
    within.send(b"POST /api/v2/conversions HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{");
    let mut hanging = support::Connection::to(&address.to_string());
    hanging.send(&bytes(&chase(&sandbox, "user@example.com")));
    let wanted = Match::vendor("chase");
    let verdict = sandbox.verify_within_blocking(wanted, Count::exactly(1), PATIENCE);
    verdict.unwrap().assert();

    let started = now();
    drop(server);
    assert!(started.elapsed() < Duration::from_secs(2));
    assert!(TcpStream::connect(address).is_err());
    TcpListener::bind(address).unwrap();
    for connection in [&mut within, &mut hanging] {
        connection.read_to_end(&mut Vec::new());
    }
    drop(idle);
    // What was seen can still be looked at.
    let verdict = sandbox.verify(Match::vendor("chase"), Count::exactly(1));
    verdict.unwrap().assert();
    assert_eq!(
        sandbox
            .call(chase(&sandbox, "a@example.com"))
            .unwrap_err()
            .to_string(),
        "no answer ever comes"
    );
}

/// How long after a call a wait for it ends; the best of a few, because others may need the processor, too.
fn lag(wait: impl Fn(&MockSandbox)) -> Duration {
    let server = MockServer::start_blocking().unwrap();
    let lags = (0..5).map(|_| {
        let sandbox = server.sandbox();
        let request = chase(&sandbox, "user@example.com");
        let sender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            assert_eq!(send(&request), 202);
            now()
        });
        wait(&sandbox);
        let seen = now();
        seen.saturating_duration_since(sender.join().unwrap())
    });
    lags.min().unwrap()
}

#[test]
fn a_wait_ends_when_a_worker_has_sent_its_call() {
    let close = Duration::from_millis(50);
    let wanted = || Match::vendor("chase").json("email", Expect::contains("@example.com"));
    let blocking = lag(|sandbox| {
        let verdict = sandbox.verify_within_blocking(wanted(), Count::exactly(1), PATIENCE);
        verdict.unwrap().assert();
    });
    assert!(blocking < close, "{blocking:?}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    // A runtime that cannot measure time.
    let waiting = lag(|sandbox| {
        let verdict = sandbox.verify_within(wanted(), Count::exactly(1), PATIENCE);
        runtime.block_on(verdict).unwrap().assert();
    });
    assert!(waiting < close, "{waiting:?}");
}

#[test]
fn a_wait_ends_when_its_time_is_up_or_nothing_can_come() {
    let mock = mock();
    let sandbox = mock.sandbox();
    let short = Duration::from_millis(20);
    let found = sandbox.wait_for_conversions_blocking(1, short);
    assert!(!found.satisfied && found.conversions.is_empty());
    let none = sandbox.verify_within_blocking(Match::any(), Count::at_most(0), short);
    none.unwrap().assert();
    let one = sandbox.verify_within_blocking(Match::any(), Count::at_least(1), short);
    assert!(!one.unwrap().ok);

    // Chase logs it later, and a clock that stands still never gets there.
    sandbox.call(chase(&sandbox, "user@example.com")).unwrap();
    let started = now();
    let found = sandbox.wait_for_conversions_blocking(1, PATIENCE);
    assert!(!found.satisfied && !found.reachable);
    assert!(started.elapsed() < PATIENCE / 2);
    let other = mock.sandbox();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| other.wait_for_conversions_blocking(1, PATIENCE));
        other.set_clock(Clock::System);
        other.call(chase(&other, "user@example.com")).unwrap();
        assert!(waiting.join().unwrap().satisfied);
    });
    let unknown = sandbox
        .conversions_of(&Filter::vendor("chasse"))
        .unwrap_err();
    assert!(
        unknown.to_string().contains("did you mean `chase`?"),
        "{unknown}"
    );
}

#[tokio::test]
async fn a_blocking_test_may_share_a_runtime_with_a_server() {
    let server = MockServer::start().await.unwrap();
    let sandbox = server.sandbox();
    // On a single thread, which this blocks.
    assert_eq!(send(&chase(&sandbox, "user@example.com")), 202);
    let found = sandbox.wait_for_conversions(1, PATIENCE).await;
    assert!(found.satisfied);
    let blocking = MockServer::start_blocking().unwrap();
    assert_ne!(blocking.address(), server.address());
}

#[test]
fn a_fault_on_a_connection_is_an_error_of_the_call() {
    let mock = mock();
    let sandbox = mock.sandbox();
    let met = |fault: Fault| {
        sandbox.clear_faults();
        sandbox.fault(fault).unwrap();
        sandbox.call(impact(&sandbox, "ORD-1"))
    };
    let late = Duration::from_millis(1500);
    assert!(matches!(
        met(Fault::connection(Connection::Reset).and_delay(late)),
        Err(CallError::Reset { after }) if after == late
    ));
    assert!(matches!(
        met(Fault::connection(Connection::Close)),
        Err(CallError::Closed { .. })
    ));
    assert!(matches!(
        met(Fault::connection(Connection::Hang)),
        Err(CallError::Hang)
    ));
    let Err(CallError::ClosedWithinBody { came, .. }) =
        met(Fault::connection(Connection::CloseMidBody))
    else {
        panic!("the body was whole");
    };
    let announced: usize = came.headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(came.body().len(), announced / 2);
    // A delay takes no time here; it is said.
    let delayed = met(Fault::delay(late).and_dribble(1, late)).unwrap();
    let delivery: &Delivery = delayed.extensions().get().unwrap();
    assert_eq!(delivery.delay_ms, 1500);
    assert_eq!(
        delivery.pace,
        Some(Pace {
            bytes: 1,
            every_ms: 1500
        })
    );
    let spoilt = met(Fault::body(Spoil::NotJson)).unwrap();
    assert!(spoilt.body().starts_with(b"<html>"));
    let own = Status::of(503)
        .header("Retry-After", 7)
        .body(json!({"down": true}));
    let answer = met(Fault::status(own)).unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.body()[..]),
        (503, &br#"{"down":true}"#[..])
    );
    assert_eq!(answer.headers()["retry-after"], "7");
}

#[tokio::test]
async fn wiremock_says_what_it_cannot_do() {
    let mock = mock();
    let sandbox = mock.sandbox();
    let server = wiremock::MockServer::start().await;
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(sandbox.responder())
        .mount(&server)
        .await;
    let mut request = chase(&sandbox, "user@example.com");
    *request.uri_mut() = format!("{}/api/v2/conversions", server.uri())
        .parse()
        .unwrap();
    let call = || {
        let (address, bytes) = (server.address().to_string(), bytes(&request));
        tokio::task::spawn_blocking(move || {
            let mut connection = support::Connection::to(&address);
            connection.send(&bytes);
            connection.reply("POST")
        })
    };
    assert_eq!(call().await.unwrap().status, 202);
    for fault in [
        Fault::connection(Connection::Reset),
        Fault::connection(Connection::CloseMidBody),
        Fault::connection(Connection::Hang),
        Fault::dribble(1, Duration::ZERO),
    ] {
        sandbox.clear_faults();
        sandbox.fault(fault).unwrap();
        let reply = call().await.unwrap();
        assert_eq!(reply.status, 501);
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json")
        );
        assert!(reply.text().contains("wiremock cannot"), "{}", reply.text());
    }
    sandbox.clear_faults();
    let late = Duration::from_millis(100);
    sandbox.fault(Fault::delay(late)).unwrap();
    let started = now();
    assert_eq!(call().await.unwrap().status, 202);
    assert!(started.elapsed() >= late);
    // Nobody takes it for its own sandbox: the path is as the client sent it.
    let verdict = sandbox.verify(Match::vendor("chase").route(CHASE), Count::exactly(6));
    verdict.unwrap().assert();
}

#[test]
fn what_is_wrong_is_said_as_over_http() {
    let server = MockServer::start_blocking().unwrap();
    let sandbox = server.sandbox();
    let address = server.address().to_string();
    let over_http = |path: &str, body: &Value| {
        let target = format!("/__admin/sandboxes/{}/{path}", sandbox.id());
        let host = [("Host", address.as_str())];
        let mut connection = support::Connection::to(&address);
        connection.send(&support::request(
            "POST",
            &target,
            &host,
            body.to_string().as_bytes(),
        ));
        let problem: Value = serde_json::from_slice(&connection.reply("POST").body).unwrap();
        problem["detail"]
            .as_str()
            .unwrap_or_else(|| panic!("{body} was taken"))
            .to_owned()
    };
    let late = Duration::from_secs(3600);
    sandbox
        .fault(Fault::status(429).id("taken").on(Match::vendor("impact")))
        .unwrap();
    for fault in [
        Fault::new(Effects::default()),
        Fault::status(99),
        Fault::status(418),
        Fault::status(Status::of(503).body("").header("a b", "c")),
        Fault::status(Status::of(503).body("").header("Content-Length", 1)),
        Fault::named("comm100.error_4"),
        Fault::delay(late),
        Fault::delay(Duration::MAX),
        Fault::dribble(0, Duration::ZERO),
        Fault::delay(Duration::ZERO).times(0),
        Fault::delay(Duration::ZERO).probability(1.5),
        Fault::delay(Duration::ZERO).before(),
        Fault::delay(Duration::ZERO).id("no id"),
        Fault::delay(Duration::ZERO).id("taken"),
        Fault::connection(Connection::Reset).and_body(Spoil::Truncate),
        Fault::delay(Duration::ZERO).on(Match::vendor("impakt")),
        Fault::delay(Duration::ZERO).on(Match::any().route("POST /api/v2/conversion")),
        Fault::delay(Duration::ZERO).on(Match::any().status(200)),
        Fault::delay(Duration::ZERO).on(Match::any().form("a", Expect::matches("("))),
    ] {
        let expected = over_http("faults", &serde_json::to_value(&fault).unwrap());
        assert_eq!(sandbox.fault(fault).unwrap_err().to_string(), expected);
    }
    assert_eq!(sandbox.faults().len(), 1);
    let both = Count {
        exactly: Some(1),
        ..Count::at_least(1)
    };
    for (wanted, count) in [
        (Match::any(), both),
        (Match::any(), Count::between(2, 1)),
        (Match::any().method("a b"), Count::exactly(1)),
        (Match::vendor("chase").unmatched(true), Count::exactly(1)),
    ] {
        let body = json!({"match": wanted, "count": count});
        let wrong = sandbox.verify(wanted, count).unwrap_err();
        assert_eq!(wrong.to_string(), over_http("verify", &body));
    }
    let document = json!({"chase": {"keyz": {}}});
    let wrong = sandbox.replace_state(document.as_object().unwrap().clone());
    assert!(
        wrong
            .unwrap_err()
            .to_string()
            .contains("did you mean `keys`?")
    );
    let wrong = sandbox.set_deviations(["chase.nothing"]).unwrap_err();
    assert!(wrong.to_string().contains("no deviation has the id"));
    assert!(sandbox.advance(Duration::MAX).is_err());
}

#[test]
fn a_failed_verdict_says_what_came_near() {
    let mock = mock();
    let sandbox = mock.sandbox();
    sandbox.call(impact(&sandbox, "ORD-1")).unwrap();
    let wanted = || Match::vendor("impact").form("OrderId", "ORD-2");
    let verdict = sandbox.verify(wanted(), Count::exactly(1)).unwrap();
    let said = verdict.to_string();
    assert!(
        said.starts_with("0 calls are meant, exactly 1 expected\n  1: POST /s/"),
        "{said}"
    );
    assert!(
        said.contains(r#"form.OrderId: wanted {"equals":"ORD-2"}, found "ORD-1""#),
        "{said}"
    );
    let failed = std::panic::catch_unwind(|| verdict.assert());
    assert_eq!(failed.unwrap_err().downcast_ref::<String>(), Some(&said));
}

#[test]
fn a_sandbox_goes_with_its_handle_and_the_default_one_stays() {
    let mock = mock();
    let named = |id: &str| New {
        id: Some(id.to_owned()),
        ..New::default()
    };
    let sandbox = mock.sandbox_with(named("checkout")).unwrap();
    assert_eq!(sandbox.url(), "http://localhost/s/checkout");
    let request = chase(&sandbox, "user@example.com");
    assert_eq!(mock.call(request.clone()).unwrap().status(), 202);
    // Its credentials lead to it, too.
    let mut by_key = request.clone();
    *by_key.uri_mut() = "/api/v2/conversions".parse().unwrap();
    assert_eq!(mock.call(by_key).unwrap().status(), 202);
    let verdict = sandbox.verify(Match::vendor("chase"), Count::exactly(2));
    verdict.unwrap().assert();
    assert!(matches!(
        mock.sandbox_with(named("checkout")),
        Err(SandboxError::Exists(_))
    ));
    drop(sandbox);
    assert_eq!(mock.call(request).unwrap().status(), 404);
    drop(mock.default_sandbox());
    assert!(mock.sandbox_with(named("checkout")).is_ok());
    let listed = mock.default_sandbox();
    let missing = listed.request(1).unwrap();
    assert_eq!(
        missing["why"].as_str().unwrap().split(';').next(),
        Some("no sandbox has the id \"checkout\"")
    );
    let admin = Request::get("/__admin/health").body("").unwrap();
    assert_eq!(listed.call(admin).unwrap().status(), 404);
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let server = MockServer::start_blocking().unwrap();
    let taken = MockServer::builder()
        .listen(server.address().to_string())
        .start_blocking();
    assert!(matches!(taken, Err(StartError::Listen { .. })));
    let exposed = MockServer::builder().listen("0.0.0.0:0").start_blocking();
    assert!(matches!(exposed, Err(StartError::Exposed(_))));
    let guarded = MockServer::builder().listen("0.0.0.0:0").admin_token("t");
    drop(guarded.start_blocking().unwrap());
    let wrong = Mock::builder().seed("\n[chase]\nkeyz = 1").without_socket();
    let wrong = wrong.unwrap_err().to_string();
    assert!(
        wrong.starts_with("seed 1:3: chase.keyz: unknown field"),
        "{wrong}"
    );
    let wrong = Mock::builder()
        .seed_value(&json!({"chasse": {}}))
        .without_socket();
    assert!(wrong.unwrap_err().to_string().contains("unknown vendor"));
    let wrong = Mock::builder().deviations(["nothing"]).without_socket();
    assert!(matches!(wrong, Err(StartError::Deviation(_))));
}

#[test]
fn a_test_sees_which_fault_a_request_would_meet() {
    let mock = mock();
    let sandbox = mock.sandbox();
    sandbox
        .fault(Fault::named("chase.log_failed").id("lost").skip(1))
        .unwrap();
    sandbox
        .fault(Fault::status(500).id("down").times(1))
        .unwrap();
    let checked = sandbox
        .check_faults(chase(&sandbox, "user@example.com"))
        .unwrap();
    assert_eq!(checked.route, Some(CHASE));
    assert_eq!(checked.fault.as_deref(), Some("down"));
    assert_eq!(checked.faults[0].outcome, "lets this one through first");
    assert!(sandbox.check_faults(Request::new("")).is_none());
    let [lost, down] = sandbox.faults().try_into().unwrap();
    assert_eq!((lost.matched, down.effects, down.left), (0, 0, Some(1)));
    assert!(sandbox.remove_fault("down") && !sandbox.remove_fault("down"));
}
