//! The edge over a real socket: spelling, framing, limits, connections, the log.

use proptest::prelude::*;

use crate::support::{Server, request};

const COMM100_LIST: &str = "/api/v1/livechat/conversions";
const COMM100_MARK: &str = "/api/v1/livechat/mark_api_conversion_successful";
const CHASE: &str = "/api/v2/conversions";
const IMPACT: &str = "/Mediapartners/IRtestAcct1924609madeUpSid0000000A";
const COMM100_KEY: (&str, &str) = (
    "Authorization",
    "Basic dGVzdGVyQGNvbW0xMDAuY29tOmVmNDNmOTM2MmFhYzRmNjBhZDQyOGNiNGQwNzJmMmM4",
);
const CHASE_KEY: (&str, &str) = ("X-API-Key", "mock-chase-key");
const HOST: (&str, &str) = ("Host", "mock.example.com");
const JSON: (&str, &str) = ("Content-Type", "application/json");
const CHASE_BODY: &[u8] = br#"{"email":"user@example.com"}"#;

fn names(headers: &[(String, String)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

/// hyper writes names as its own extension says, which no public function makes: this pins that it still does.
#[test]
fn header_names_go_out_as_the_vendor_writes_them() {
    let server = Server::start(&["--clock", "2026-01-31T00:00:00Z"]);
    let reply = server.call("GET", COMM100_LIST, &[HOST], b"");
    assert_eq!(
        names(&reply.headers),
        ["Date", "WWW-Authenticate", "Content-Length", "Content-Type"]
    );
    assert_eq!(reply.header("date"), Some("Sat, 31 Jan 2026 00:00:00 GMT"));
    let reply = server.call("POST", CHASE, &[HOST], b"");
    assert_eq!(
        names(&reply.headers),
        [
            "date",
            "server",
            "www-authenticate",
            "content-length",
            "content-type"
        ]
    );
    let credentials = (
        "Authorization",
        "Basic SVJ0ZXN0QWNjdDE5MjQ2MDltYWRlVXBTaWQwMDAwMDAwQTptYWRlLXVwLXRva2Vu",
    );
    let reply = server.call(
        "GET",
        &format!("{IMPACT}/Actions"),
        &[HOST, credentials],
        b"",
    );
    assert_eq!(reply.status, 200);
    for name in [
        "X-RateLimit-Limit-hour",
        "X-RateLimit-Remaining-hour",
        "RateLimit-Reset",
    ] {
        assert!(
            names(&reply.headers).contains(&name),
            "{:?} lacks {name}",
            reply.headers
        );
    }
}

#[test]
fn vendor_is_known_by_host_by_segment_or_by_path() {
    let server = Server::start(&[]);
    let answers_like_comm100 = |target: &str, host: &str| {
        let reply = server.call("GET", target, &[("Host", host)], b"");
        reply.status == 401 && reply.text().contains("\"code\"")
    };
    assert!(answers_like_comm100("/api/v1/anything", "mock.example.com"));
    assert!(answers_like_comm100("/API/V1/anything", "mock.example.com"));
    assert!(answers_like_comm100(
        "/comm100/api/v1/anything",
        "mock.example.com"
    ));
    assert!(answers_like_comm100(
        "/api/v1/anything",
        "Hosted.Comm100.com:443"
    ));
    // The base URL of a sandbox goes with every host; beyond it the vendor's own paths begin.
    let known_as = |path: &str| {
        let target = format!("/s/default{path}/api/v1/anything");
        answers_like_comm100(&target, "hosted.comm100.com")
    };
    assert!(known_as("") && known_as("/comm100"));
    assert!(!known_as("/chase") && !known_as("/comm100/comm100"));
    // By host, a path of another vendor is still this vendor's, unknown path or not.
    assert_eq!(
        server
            .call("POST", CHASE, &[("Host", "hosted.comm100.com")], b"")
            .status,
        404
    );
    let reply = server.call("GET", "/chase/nothing", &[HOST], b"");
    assert_eq!(
        (reply.status, reply.text()),
        (404, r#"{"detail":"Not Found"}"#)
    );
    let reply = server.call("GET", "/nothing", &[HOST], b"");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (404, Some("application/problem+json"))
    );
    let reply = server.call("POST", "/api/v2/conversion", &[HOST], b"");
    assert_eq!(reply.text(), r#"{"detail":"Not Found"}"#);
    let reply = server.call("GET", "/s/nobody/chase/api/v2/conversions", &[HOST], b"");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (404, Some("application/problem+json"))
    );
}

#[test]
fn location_keeps_the_prefix() {
    let server = Server::start(&[]);
    let reply = server.call(
        "POST",
        "/s/default/chase/api/v2/conversions/?a=b",
        &[HOST],
        b"",
    );
    let names = names(&reply.headers);
    assert_eq!(names, ["date", "server", "content-length", "location"]);
    assert_eq!(
        reply.header("location"),
        Some("http://mock.example.com/s/default/chase/api/v2/conversions?a=b")
    );
}

#[test]
fn a_connection_serves_many_calls() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    let call = request("POST", CHASE, &[HOST, CHASE_KEY, JSON], CHASE_BODY);
    // Two at once, then one.
    connection.send(&[call.clone(), call.clone()].concat());
    assert_eq!(
        (
            connection.reply("POST").status,
            connection.reply("POST").status
        ),
        (202, 202)
    );
    connection.send(&call);
    assert_eq!(connection.reply("POST").status, 202);
    // HEAD has the length of the body that it does not have.
    connection.send(&request("HEAD", CHASE, &[HOST], b""));
    let reply = connection.reply("HEAD");
    assert_eq!(
        (reply.status, reply.header("content-length")),
        (405, Some("31"))
    );
    connection.send(&request(
        "POST",
        CHASE,
        &[HOST, CHASE_KEY, JSON, ("Connection", "close")],
        CHASE_BODY,
    ));
    assert_eq!(connection.reply("POST").status, 202);
    assert!(connection.is_closed());
}

#[test]
fn chunks_are_read_and_broken_ones_refused_by_the_vendor() {
    let server = Server::start(&[]);
    let headers = [HOST, CHASE_KEY, JSON, ("Transfer-Encoding", "chunked")];
    let reply = server.call(
        "POST",
        CHASE,
        &headers,
        b"1c;x=y\r\n{\"email\":\"user@example.com\"}\r\n0\r\n\r\n",
    );
    assert_eq!(reply.status, 202);
    let mut connection = server.connect();
    connection.send(&request(
        "POST",
        CHASE,
        &headers,
        b"nonsense\r\n{}\r\n0\r\n\r\n",
    ));
    let reply = connection.reply("POST");
    assert_eq!(
        (reply.status, reply.text()),
        (400, "Invalid HTTP request received.")
    );
    assert!(connection.is_closed());
    let reply = server.call(
        "POST",
        COMM100_MARK,
        &[HOST, COMM100_KEY, ("Transfer-Encoding", "chunked")],
        b"nonsense\r\n",
    );
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("\"code\""), "{reply:?}");
}

#[test]
fn missing_and_repeated_hosts_are_the_vendors_business() {
    let server = Server::start(&[]);
    for headers in [&[CHASE_KEY, JSON][..], &[HOST, HOST, CHASE_KEY, JSON]] {
        let reply = server.call("POST", CHASE, headers, CHASE_BODY);
        assert_eq!(
            (reply.status, reply.text()),
            (400, "Invalid HTTP request received.")
        );
    }
}

#[test]
fn bodies_beyond_the_limit_are_refused_and_the_refusal_is_read() {
    let server = Server::start(&["--body-limit", "chase=100000"]);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let most = vec![b'a'; 1 << 20];
    assert_eq!(
        server
            .call("POST", COMM100_MARK, &[HOST, COMM100_KEY, form], &most)
            .status,
        400
    );
    let reply = server.call(
        "POST",
        COMM100_MARK,
        &[HOST, COMM100_KEY, form],
        &vec![b'a'; (1 << 20) + 1],
    );
    assert_eq!(reply.status, 413, "{reply:?}");
    let reply = server.call(
        "POST",
        COMM100_MARK,
        &[HOST, COMM100_KEY, form],
        &vec![b'a'; 20 << 20],
    );
    assert_eq!(reply.status, 413);
    assert_eq!(
        server
            .call(
                "POST",
                CHASE,
                &[HOST, CHASE_KEY, JSON],
                &vec![b' '; 100_000]
            )
            .status,
        422
    );
    assert_eq!(
        server
            .call(
                "POST",
                CHASE,
                &[HOST, CHASE_KEY, JSON],
                &vec![b' '; 100_001]
            )
            .status,
        413
    );
}

#[test]
fn a_client_that_waits_is_told_to_go_on_only_where_the_body_counts() {
    let server = Server::start(&[]);
    let expect = ("Expect", "100-continue");
    let length = ("Content-Length", "28");
    let mut connection = server.connect();
    connection.send(&request(
        "POST",
        CHASE,
        &[HOST, CHASE_KEY, JSON, expect, length],
        b"",
    ));
    connection.send(CHASE_BODY);
    let reply = connection.reply("POST");
    assert_eq!((reply.interim, reply.status), (vec![100], 202));
    // The answer comes without the body that was announced.
    let reply = server.call("POST", "/chase/nothing", &[HOST, expect, length], b"");
    assert_eq!((reply.interim, reply.status), (vec![], 404));
    let reply = server.call("POST", COMM100_MARK, &[HOST, expect, length], b"");
    assert_eq!((reply.interim, reply.status), (vec![], 401));
}

#[test]
fn an_upload_is_drained_before_its_refusal() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    // Refused by its head alone, yet the connection goes on behind the body.
    connection.send(&request(
        "POST",
        "/chase/nothing",
        &[HOST],
        &vec![b'a'; 900_000],
    ));
    assert_eq!(connection.reply("POST").status, 404);
    connection.send(&request(
        "POST",
        CHASE,
        &[HOST, CHASE_KEY, JSON],
        CHASE_BODY,
    ));
    assert_eq!(connection.reply("POST").status, 202);
}

#[test]
fn half_sent_calls_are_written_down_and_take_no_effect() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    connection.send(&request(
        "POST",
        CHASE,
        &[HOST, CHASE_KEY, JSON, ("Content-Length", "28")],
        b"{\"email\":",
    ));
    connection.finish();
    assert!(connection.is_closed());
    let (_, journal) = server.admin("GET", "/requests", "");
    let entry = &journal["requests"][0];
    assert_eq!(entry["answer"], serde_json::Value::Null);
    assert_eq!(entry["request"]["body"], "{\"email\":");
    assert!(
        entry["why"]
            .as_str()
            .unwrap()
            .starts_with("half-sent: 9 bytes of its body came"),
        "{entry}"
    );
    assert_eq!(
        server.admin("GET", "/conversions?wait_ms=0", "").1["conversions"],
        serde_json::json!([])
    );
}

#[test]
fn refusals_are_logged_in_words_and_accepted_calls_only_when_wanted() {
    let server = Server::start(&[]);
    server.call("POST", CHASE, &[HOST, CHASE_KEY, JSON], CHASE_BODY);
    server.call(
        "POST",
        CHASE,
        &[HOST, ("X-API-Key", "wrong-secret"), JSON],
        CHASE_BODY,
    );
    let logged = server.stop();
    assert_eq!(logged.lines().count(), 1, "{logged}");
    assert!(
        logged.starts_with("Chase 401 POST /api/v2/conversions: "),
        "{logged}"
    );
    assert!(logged.contains("(default; chase."), "{logged}");
    assert!(!logged.contains("wrong-secret"), "{logged}");

    let server = Server::start(&["-v", "--log-format", "json"]);
    server.call("POST", CHASE, &[HOST, CHASE_KEY, JSON], CHASE_BODY);
    let line: serde_json::Value =
        serde_json::from_str(server.stop().lines().next().unwrap()).unwrap();
    assert_eq!(
        (&line["vendor"], &line["status"]),
        (&"Chase".into(), &202.into())
    );
}

#[test]
fn the_admin_api_can_have_a_listener_of_its_own() {
    let server = Server::start(&[
        "--admin-listen",
        "127.0.0.1:0",
        "--admin-token",
        "made-up-token",
    ]);
    let admin = server.listening["admin"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    assert_eq!(server.admin("GET", "/vendors", "").0, 404);
    let mut at_admin = Server::start(&[]);
    let address = std::mem::replace(&mut at_admin.address, admin);
    assert_eq!(at_admin.admin("GET", "/health", "").0, 200);
    assert_eq!(at_admin.admin("GET", "/vendors", "").0, 401);
    let token = ("Authorization", "Bearer made-up-token");
    let reply = at_admin.call("GET", "/__admin/vendors", &[HOST, token], b"");
    assert_eq!(reply.status, 200);
    assert!(
        reply
            .text()
            .contains(server.listening["http"].as_str().unwrap()),
        "{reply:?}"
    );
    assert_eq!(at_admin.call("POST", CHASE, &[HOST], b"").status, 404);
    at_admin.address = address;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever bytes come, the server goes on serving, and no answer is a 5xx that no dossier has.
    #[test]
    fn no_bytes_stop_the_server(
        start in prop::sample::select(vec!["POST /api/v2/conversions", "POST /api/v1/livechat/mark_api_conversion_successful", "GET /Mediapartners/x/Actions?a=%", "\u{0}", ""]),
        noise in prop::collection::vec(any::<u8>(), 0..400),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        static SERVER: std::sync::LazyLock<Server> = std::sync::LazyLock::new(|| Server::start(&["--quiet"]));
        let mut connection = SERVER.connect();
        let mut bytes = format!("{start} HTTP/1.1\r\nHost: a\r\nX-API-Key: mock-chase-key\r\nContent-Type: application/json\r\nContent-Length: {}\r\nX-Noise: ", body.len()).into_bytes();
        bytes.extend(noise);
        bytes.extend(b"\r\n\r\n");
        bytes.extend(body);
        connection.try_send(&bytes);
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer);
        let first = String::from_utf8_lossy(&answer).chars().take(12).collect::<String>();
        prop_assert!(!first.starts_with("HTTP/1.1 5") || first.ends_with("500"), "{first}");
        prop_assert_eq!(SERVER.admin("GET", "/health", "").0, 200);
    }
}
