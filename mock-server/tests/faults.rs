//! Scripted faults, as a client meets them.

use std::io::Read as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::admin::admin;
use crate::support::{Reply, Server, now, request};

const TARGET: &str = "/chase/api/v2/conversions";
const HEADERS: [(&str, &str); 3] = [
    ("Host", "mock.example.com"),
    ("X-API-Key", "mock-chase-key"),
    ("Content-Type", "application/json"),
];
const SALE: &[u8] = br#"{"email":"user@example.com","conversion_type":"purchase"}"#;

fn sell(server: &Server) -> Reply {
    server.call("POST", TARGET, &HEADERS, SALE)
}

/// Everything that comes on a connection after a sale was sent.
fn whatever_comes(server: &Server) -> Vec<u8> {
    let mut connection = server.connect();
    connection.send(&request("POST", TARGET, &HEADERS, SALE));
    let mut came = Vec::new();
    connection.read_to_end(&mut came);
    came
}

fn add(server: &Server, fault: &Value) -> Value {
    let (status, added) = admin(server, "POST", "/faults", &fault.to_string());
    assert_eq!(status, 201, "{added}");
    added
}

#[test]
fn a_fault_is_made_shown_and_taken_away() {
    let server = Server::start(&[]);
    let added = add(
        &server,
        &json!({"match": {"vendor": "chase"}, "times": 2, "do": {"status": 500}}),
    );
    assert_eq!(
        (&added["id"], &added["when"], &added["left"]),
        (&json!("fault-1"), &json!("before"), &json!(2))
    );
    assert_eq!(sell(&server).status, 500);
    let (_, shown) = admin(&server, "GET", "/faults/fault-1", "");
    assert_eq!((&shown["effects"], &shown["left"]), (&json!(1), &json!(1)));
    assert_eq!(
        admin(&server, "GET", "/faults", "").1["faults"],
        json!([shown])
    );
    let (status, problem) = admin(
        &server,
        "POST",
        "/faults",
        r#"{"id":"fault-1","do":{"status":500}}"#,
    );
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("urn:mock-server:fault-exists"))
    );
    let (status, problem) = admin(&server, "GET", "/faults/fault-2", "");
    assert_eq!(
        (status, &problem["hint"]),
        (404, &json!("did you mean fault-1?"))
    );
    assert_eq!(admin(&server, "DELETE", "/faults/fault-1", "").0, 204);
    assert_eq!(admin(&server, "DELETE", "/faults/fault-1", "").0, 404);
    assert_eq!(sell(&server).status, 202);
    add(&server, &json!({"do": {"status": 500}}));
    assert_eq!(
        admin(&server, "POST", "/reset", r#"{"only":["faults"]}"#).0,
        204
    );
    assert_eq!(sell(&server).status, 202);
    add(&server, &json!({"do": {"status": 500}}));
    assert_eq!(admin(&server, "DELETE", "/faults", "").0, 204);
    assert_eq!(admin(&server, "GET", "/faults", "").1["faults"], json!([]));
}

#[test]
fn a_wrong_fault_is_refused_whole() {
    let server = Server::start(&[]);
    for (body, named) in [
        (r#"{"do":{"status":429}}"#, "Comm100 documents no 429"),
        (
            r#"{"do":{"named":"chase.log_faild"}}"#,
            "did you mean `chase.log_failed`?",
        ),
        (r#"{"do":{"delay_ms":-1}}"#, "delay_ms"),
        (r#"{"times":1}"#, "missing field `do`"),
        (
            r#"{"do":{"status":500},"do":{"status":500}}"#,
            "given twice",
        ),
        (r#"["do"]"#, "expected a JSON object"),
        (r#"{"do":[429]}"#, "do: expected an object"),
        ("{", "EOF"),
    ] {
        let (status, problem) = admin(&server, "POST", "/faults", body);
        assert_eq!(status, 400, "{body}");
        assert!(
            problem["detail"].as_str().unwrap().contains(named),
            "{problem}"
        );
        assert!(problem["hint"].is_string());
    }
    assert_eq!(admin(&server, "GET", "/faults", "").1["faults"], json!([]));
}

#[test]
fn the_connection_ends_as_the_fault_says() {
    let server = Server::start(&[]);
    let accepted = || {
        admin(&server, "GET", "/conversions?wait_ms=5000", "").1["conversions"]
            .as_array()
            .unwrap()
            .len()
    };

    add(
        &server,
        &json!({"id": "close", "times": 1, "do": {"connection": "close"}}),
    );
    assert_eq!(whatever_comes(&server), b"");
    assert_eq!(accepted(), 1);

    add(
        &server,
        &json!({"id": "reset", "times": 1, "do": {"connection": "reset"}}),
    );
    let mut stream = std::net::TcpStream::connect(&server.address).unwrap();
    std::io::Write::write_all(&mut stream, &request("POST", TARGET, &HEADERS, SALE)).unwrap();
    let ended = stream.read(&mut [0; 16]).unwrap_err();
    assert_eq!(ended.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(accepted(), 1);

    // The answer has no body to be cut within, so it does not come at all.
    add(
        &server,
        &json!({"id": "empty", "times": 1, "do": {"connection": "close_mid_body"}}),
    );
    assert_eq!(whatever_comes(&server), b"");

    add(
        &server,
        &json!({"id": "half", "times": 1, "do": {"connection": "close_mid_body", "status": 404}}),
    );
    let came = String::from_utf8(whatever_comes(&server)).unwrap();
    assert!(came.starts_with("HTTP/1.1 404 "), "{came}");
    assert!(
        came.contains("content-length: 22\r\n") && came.ends_with("\r\n\r\n{\"detail\":\""),
        "{came}"
    );

    add(
        &server,
        &json!({"id": "hang", "times": 1, "do": {"connection": "hang"}}),
    );
    let mut hanging = server.connect();
    hanging.send(&request("POST", TARGET, &HEADERS, SALE));
    let (_, verdict) = admin(
        &server,
        "POST",
        "/verify",
        r#"{"match":{"fault":"hang"},"wait_ms":5000}"#,
    );
    assert_eq!(verdict["ok"], true);
    let (_, journal) = admin(&server, "GET", "/requests?fault=hang", "");
    assert_eq!(journal["requests"][0]["answer"], Value::Null);
    assert_eq!(
        journal["requests"][0]["why"],
        "fault hang: never answered (the call had no effect)"
    );
    // Others are served meanwhile, and whoever hangs ends with the server.
    assert_eq!(sell(&server).status, 202);
    let log = server.stop();
    let mut came = Vec::new();
    hanging.read_to_end(&mut came);
    assert_eq!(came, b"");
    assert!(
        log.contains(
            "Chase no answer POST /chase/api/v2/conversions: fault reset: connection reset"
        ),
        "{log}"
    );
}

#[test]
fn a_body_is_spoilt_as_the_fault_says() {
    let server = Server::start(&[]);
    add(
        &server,
        &json!({"times": 1, "do": {"body": "truncate", "status": 404}}),
    );
    let reply = sell(&server);
    assert_eq!(
        (reply.status, reply.text(), reply.header("content-length")),
        (404, "{\"detail\":\"", Some("11"))
    );
    add(&server, &json!({"times": 1, "do": {"body": "not_json"}}));
    let reply = sell(&server);
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (202, Some("text/html"))
    );
    assert!(reply.text().starts_with("<html>"));
    add(
        &server,
        &json!({"times": 1, "do": {"status": {"code": 503, "headers": {"Retry-After": 3}, "body": {"busy": true}}}}),
    );
    let reply = sell(&server);
    assert_eq!(
        (reply.status, reply.text(), reply.header("retry-after")),
        (503, r#"{"busy":true}"#, Some("3"))
    );
}

#[test]
fn an_answer_takes_its_time() {
    let server = Server::start(&[]);
    let timed = |fault: Value| {
        add(&server, &fault);
        let started = now();
        let reply = sell(&server);
        (reply, started.elapsed())
    };
    let (reply, took) = timed(json!({"times": 1, "do": {"delay_ms": 300}}));
    assert_eq!(reply.status, 202);
    assert!(took >= Duration::from_millis(300), "{took:?}");
    let (reply, took) = timed(
        json!({"times": 1, "do": {"status": 404, "dribble": {"bytes": 10, "every_ms": 100}}}),
    );
    assert_eq!(reply.text(), r#"{"detail":"Not Found"}"#);
    assert!(took >= Duration::from_millis(200), "{took:?}");
    // The call took effect at once, whatever its answer does.
    add(&server, &json!({"times": 1, "do": {"delay_ms": 600_000}}));
    let mut late = server.connect();
    late.send(&request("POST", TARGET, &HEADERS, SALE));
    let (_, found) = admin(&server, "GET", "/conversions?wait_ms=5000&at_least=2", "");
    assert_eq!(found["satisfied"], true);
    drop(late);
}

#[test]
fn a_fault_is_foreseen_and_nothing_is_counted() {
    let server = Server::start(&[]);
    add(
        &server,
        &json!({"id": "other", "match": {"json": {"email": "other@example.com"}}, "do": {"status": 500}}),
    );
    add(
        &server,
        &json!({"id": "second", "match": {"vendor": "chase"}, "skip": 1, "times": 1, "do": {"status": 500}}),
    );
    let check = || {
        let asked = json!({
            "method": "POST", "target": TARGET, "headers": {"X-API-Key": "mock-chase-key", "Content-Type": "application/json"},
            "body": {"email": "user@example.com"},
        });
        admin(&server, "POST", "/faults/check", &asked.to_string()).1
    };
    let first = check();
    assert_eq!(
        (&first["route"], &first["fault"]),
        (&json!("POST /api/v2/conversions"), &Value::Null)
    );
    assert_eq!(
        first["faults"][0]["differences"],
        json!([{"member": "json.email", "wanted": {"equals": "other@example.com"}, "found": "user@example.com"}])
    );
    assert_eq!(first["faults"][1]["outcome"], "lets this one through first");
    assert_eq!(check(), first);
    assert_eq!(sell(&server).status, 202);
    assert_eq!(check()["fault"], "second");
    assert_eq!(sell(&server).status, 500);
    assert_eq!(check()["faults"][1]["outcome"], "is used up");
    for (body, named) in [
        (r#"{"target":"chase"}"#, "begins with /"),
        (r#"{"target":"/nowhere"}"#, "no vendor has such a path"),
        (r#"{"target":"/chase/a","method":"A B"}"#, "method"),
        (r#"{"target":"/chase/a","headers":{"A":1}}"#, "headers.A"),
        (r#"{"method":"GET"}"#, "missing field `target`"),
    ] {
        let (status, problem) = admin(&server, "POST", "/faults/check", body);
        assert_eq!(status, 400);
        assert!(
            problem["detail"].as_str().unwrap().contains(named),
            "{problem}"
        );
    }
}

#[test]
fn two_limited_calls_and_a_success_are_three_in_the_journal() {
    let server = Server::start(&[]);
    let route = "POST /Mediapartners/{AccountSID}/PartnerConversions";
    add(
        &server,
        &json!({"id": "limited", "match": {"vendor": "impact", "route": route}, "times": 2, "do": {"status": 429}}),
    );
    let sid = "IRtestAcct1924609madeUpSid0000000A";
    let basic = "Basic SVJ0ZXN0QWNjdDE5MjQ2MDltYWRlVXBTaWQwMDAwMDAwQTptYWRlLXVwLXRva2Vu";
    let headers = [
        ("Host", "mock.example.com"),
        ("Authorization", basic),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let order = b"CampaignId=10306&ActionTrackerId=19845&MediaPartnerId=1924609&EventDate=NOW&OrderId=ORD-1";
    let submit = || {
        server.call(
            "POST",
            &format!("/Mediapartners/{sid}/PartnerConversions"),
            &headers,
            order,
        )
    };
    let limited = submit();
    assert_eq!(
        (limited.status, limited.header("Retry-After")),
        (429, Some("1"))
    );
    assert_eq!(submit().header("X-RateLimit-Remaining-hour"), Some("0"));
    assert_eq!(submit().status, 200);
    let (_, journal) = admin(&server, "GET", "/requests?vendor=impact", "");
    let faults: Vec<&Value> = journal["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["fault"])
        .collect();
    assert_eq!(faults, [&Value::Null, &json!("limited"), &json!("limited")]);
    // What a fault answers is no refusal.
    let none = r#"{"match":{"refused":true},"count":{"exactly":0}}"#;
    assert_eq!(admin(&server, "POST", "/verify", none).1["ok"], true);
}

#[test]
fn with_many_clients_the_number_of_failures_repeats() {
    let run = || {
        let server = Server::start(&["--quiet"]);
        add(
            &server,
            &json!({"id": "flaky", "probability": 0.3, "do": {"status": 500}}),
        );
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let mut connection = server.connect();
                    for _ in 0..50 {
                        connection.send(&request("POST", TARGET, &HEADERS, SALE));
                        connection.reply("POST");
                    }
                });
            }
        });
        admin(&server, "GET", "/faults/flaky", "").1["effects"]
            .as_u64()
            .unwrap()
    };
    let failures = run();
    assert_eq!(failures, run());
    assert!((180..300).contains(&failures), "{failures}");
}
