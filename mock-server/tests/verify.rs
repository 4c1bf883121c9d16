//! Verifying calls, and hearing of them as they happen.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::admin::admin;
use crate::support::{Server, now};

fn sell(server: &Server, key: &str, body: &str) -> u16 {
    let headers = [
        ("Host", "mock.example.com"),
        ("X-API-Key", key),
        ("Content-Type", "application/json"),
    ];
    server
        .call(
            "POST",
            "/chase/api/v2/conversions",
            &headers,
            body.as_bytes(),
        )
        .status
}

fn sale(email: &str) -> String {
    json!({"email": email, "conversion_type": "purchase", "conversion_data": {"plan": "gold"}})
        .to_string()
}

fn verify(server: &Server, wanted: &Value) -> Value {
    let (status, verdict) = admin(server, "POST", "/verify", &wanted.to_string());
    assert_eq!(status, 200, "{verdict}");
    verdict
}

#[test]
fn calls_are_counted_by_what_they_say() {
    let server = Server::start(&[]);
    for email in ["user@example.com", "hazel@example.com", "user@example.com"] {
        assert_eq!(sell(&server, "mock-chase-key", &sale(email)), 202);
    }
    for (wanted, ok) in [
        (json!({}), true),
        (
            json!({"match": {"json": {"email": "user@example.com"}}, "count": {"exactly": 2}}),
            true,
        ),
        (
            json!({"match": {"json": {"email": "user@example.com"}}, "count": {"exactly": 1}}),
            false,
        ),
        (
            json!({"match": {"json": {"email": "user@example.com"}}, "count": {"at_most": 1}}),
            false,
        ),
        (
            json!({"match": {"json": {"/conversion_data/plan": {"matches": "^go"}}}, "count": {"at_least": 3}}),
            true,
        ),
        (
            json!({"match": {"json": {"/conversion_data/plan": {"absent": true}}}, "count": {"exactly": 0}}),
            true,
        ),
        (
            json!({"match": {"vendor": "chase", "method": "POST", "status": 202, "refused": false}, "count": {"at_least": 1, "at_most": 3}}),
            true,
        ),
        (
            json!({"match": {"headers": {"x-api-key": "mock-chase-key"}}, "count": {"exactly": 3}}),
            true,
        ),
        (
            json!({"match": {"path": "/api/v2/conversions"}, "count": {"exactly": 3}}),
            true,
        ),
        (
            json!({"match": {"since": 2}, "count": {"exactly": 1}}),
            true,
        ),
        (
            json!({"match": {"unmatched": true}, "count": {"exactly": 0}}),
            true,
        ),
        (json!({"match": {"vendor": "impact"}}), false),
    ] {
        let verdict = verify(&server, &wanted);
        assert_eq!(verdict["ok"], ok, "{wanted}: {verdict}");
        assert_eq!(verdict["nearest"] == json!([]), ok);
    }
    let verdict = verify(
        &server,
        &json!({"match": {"json": {"email": "user@example.com"}}}),
    );
    assert_eq!(verdict["requests"], json!([1, 3]));
}

/// A vendor's name, and a call of it: target, headers, body, and the member that is wrong.
type WrongCall = (
    &'static str,
    &'static str,
    [(&'static str, &'static str); 3],
    &'static str,
    &'static str,
);

/// A wrong call of each vendor.
fn wrong_calls() -> [WrongCall; 3] {
    const HOST: (&str, &str) = ("Host", "mock.example.com");
    const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
    [
        (
            "comm100",
            "/api/v1/livechat/mark_api_conversion_successful",
            [
                HOST,
                FORM,
                (
                    "Authorization",
                    "Basic dGVzdGVyQGNvbW0xMDAuY29tOmVmNDNmOTM2MmFhYzRmNjBhZDQyOGNiNGQwNzJmMmM4",
                ),
            ],
            "conversion_name=Purchase&visitorId=7273e957-02cb-4c03-a84c-44283fcfd47d&value=5",
            "conversion_name",
        ),
        (
            "chase",
            "/api/v2/conversions",
            [
                HOST,
                ("Content-Type", "application/json"),
                ("X-API-Key", "mock-chase-key"),
            ],
            r#"{"conversion_type":"purchase"}"#,
            "email",
        ),
        (
            "impact",
            "/Mediapartners/IRtestAcct1924609madeUpSid0000000A/PartnerConversions",
            [
                HOST,
                FORM,
                (
                    "Authorization",
                    "Basic SVJ0ZXN0QWNjdDE5MjQ2MDltYWRlVXBTaWQwMDAwMDAwQTptYWRlLXVwLXRva2Vu",
                ),
            ],
            "CampaignId=10306&ActionTrackerId=19845&MediaPartnerId=1924609&EventDate=NOW",
            "OrderId",
        ),
    ]
}

#[test]
fn a_wrong_call_is_explained_by_log_journal_and_verdict_alike() {
    let server = Server::start(&[]);
    let mut explained = Vec::new();
    for (n, (vendor, target, headers, body, member)) in (1..).zip(wrong_calls()) {
        server.call("POST", target, &headers, body.as_bytes());
        let kind = if vendor == "chase" { "json" } else { "form" };
        let wanted = json!({"match": {"vendor": vendor, kind: {member: "as it should be"}}, "count": {"exactly": 1}});
        let verdict = verify(&server, &wanted);
        let near = &verdict["nearest"][0];
        assert_eq!(near["differences"][0]["member"], format!("{kind}.{member}"));
        let (_, entry) = admin(&server, "GET", &format!("/requests/{n}"), "");
        assert_eq!(entry["vendor"], vendor);
        for text in ["refused_by", "says", "why"] {
            assert_eq!(near[text], entry[text], "{vendor}");
        }
        let rule = entry["refused_by"][0].as_str().unwrap();
        let says = entry["says"][0].as_str().unwrap();
        let why = entry["why"].as_str().unwrap();
        assert!(rule.starts_with(vendor), "{rule}");
        assert!(
            !says.is_empty() && why.contains(member),
            "{vendor}: {says} {why}"
        );
        explained.push([rule, says, why].map(str::to_owned));
    }
    let log = server.stop();
    for text in explained.as_flattened() {
        assert!(log.contains(text.as_str()), "{text} is not in {log}");
    }
}

#[test]
fn the_refused_call_comes_before_others_that_went_well() {
    let server = Server::start(&["--quiet"]);
    let (_, target, headers, body, _) = wrong_calls()[2];
    let order = |rest: &str| {
        server.call(
            "POST",
            target,
            &headers,
            format!("{body}&{rest}").as_bytes(),
        )
    };
    assert_eq!(order("OrderId=O3&Amount=four").status, 400);
    assert_eq!(order("orderId=O4").status, 400);
    for id in ["O5", "O6", "O7"] {
        assert_eq!(order(&format!("OrderId={id}")).status, 200);
    }
    for wanted in [
        json!({"vendor": "impact", "status": 200, "form": {"OrderId": "O3"}}),
        json!({"vendor": "impact", "refused": false, "form": {"OrderId": "O3"}}),
    ] {
        let verdict = verify(&server, &json!({"match": wanted}));
        assert_eq!(verdict["nearest"][0]["n"], 1, "{verdict}");
    }
    let verdict = verify(
        &server,
        &json!({"match": {"vendor": "impact", "status": 200, "form": {"OrderId": "O4"}}}),
    );
    assert_eq!(verdict["nearest"][0]["n"], 2, "{verdict}");
}

#[test]
fn what_is_accepted_in_vain_says_why() {
    let server = Server::start(&["--quiet"]);
    assert_eq!(
        sell(&server, "mock-chase-key", &sale("nobody@example.com")),
        200
    );
    let (_, target, headers, body, _) = wrong_calls()[2];
    for _ in 0..2 {
        server.call(
            "POST",
            target,
            &headers,
            format!("{body}&OrderId=O1").as_bytes(),
        );
    }
    let why = |n: u32| admin(&server, "GET", &format!("/requests/{n}"), "").1["why"].clone();
    assert!(
        why(1)
            .as_str()
            .unwrap()
            .contains("no contact of the key's organisation")
    );
    assert_eq!(why(2), Value::Null);
    assert!(why(3).as_str().unwrap().contains("CONV_DUPLICATE"));
    let log = server.stop();
    assert!(
        log.contains("no contact") && log.contains("CONV_DUPLICATE"),
        "{log}"
    );
}

#[test]
fn secrets_are_matched_and_never_shown() {
    let server = Server::start(&[]);
    sell(&server, "wrong-secret-key", &sale("user@example.com"));
    let verdict = verify(
        &server,
        &json!({"match": {"headers": {"X-API-Key": "mock-chase-key"}}}),
    );
    assert_eq!(verdict["nearest"][0]["differences"][0]["found"], "***");
    assert!(!verdict.to_string().contains("wrong-secret-key"));
}

#[test]
fn a_call_of_the_background_ends_a_wait() {
    let server = Server::start(&[]);
    std::thread::scope(|scope| {
        let sent = scope.spawn(|| {
            // What a background worker does is not under a test's control; this is one.
            std::thread::sleep(Duration::from_millis(300));
            sell(&server, "mock-chase-key", &sale("user@example.com"));
            now()
        });
        let verdict = verify(
            &server,
            &json!({"match": {"vendor": "chase"}, "count": {"exactly": 1}, "wait_ms": 30_000}),
        );
        let returned = now();
        assert_eq!(verdict["ok"], true);
        let late = returned.saturating_duration_since(sent.join().unwrap());
        assert!(late < Duration::from_millis(50), "{late:?}");
    });
}

#[test]
fn an_upper_bound_is_watched_for_the_whole_time() {
    let server = Server::start(&[]);
    let none = |wait_ms: u64| {
        let wanted =
            json!({"match": {"vendor": "chase"}, "count": {"exactly": 0}, "wait_ms": wait_ms});
        let started = now();
        (verify(&server, &wanted)["ok"].clone(), started.elapsed())
    };
    let (ok, took) = none(200);
    assert_eq!(ok, true);
    assert!(took >= Duration::from_millis(200), "{took:?}");
    std::thread::scope(|scope| {
        scope.spawn(|| sell(&server, "mock-chase-key", &sale("user@example.com")));
        let (ok, took) = none(30_000);
        assert_eq!(ok, false);
        assert!(took < Duration::from_secs(10), "{took:?}");
    });
}

#[test]
fn what_was_dropped_stays_counted_and_confirms_no_upper_bound() {
    let server = Server::start(&["--journal-entries", "2"]);
    for _ in 0..5 {
        sell(&server, "mock-chase-key", &sale("user@example.com"));
    }
    let verdict = verify(
        &server,
        &json!({"match": {"vendor": "chase", "status": 202}, "count": {"exactly": 5}}),
    );
    assert_eq!(
        (&verdict["ok"], &verdict["complete"]),
        (&json!(true), &json!(true))
    );
    let by_body =
        json!({"match": {"json": {"email": "user@example.com"}}, "count": {"at_most": 5}});
    let verdict = verify(&server, &by_body);
    assert_eq!(
        (&verdict["ok"], &verdict["complete"], &verdict["matched"]),
        (&json!(false), &json!(false), &json!(2))
    );
    let verdict = verify(
        &server,
        &json!({"match": {"json": {"email": "user@example.com"}}, "count": {"at_least": 2}}),
    );
    assert_eq!(verdict["ok"], true);
}

#[test]
fn a_wrong_question_names_its_member() {
    let server = Server::start(&[]);
    for (body, named) in [
        (r#"{"match":{"vendr":"chase"}}"#, "did you mean `vendor`?"),
        (
            r#"{"match":{"form":{"a":{"matches":"("}}}}"#,
            "match.form.a: ",
        ),
        (
            r#"{"count":{"exactly":1,"at_least":1}}"#,
            "exactly stands alone",
        ),
        (
            r#"{"count":{"at_least":2,"at_most":1}}"#,
            "contradict each other",
        ),
        (r#"{"count":{"exactly":-1}}"#, "count.exactly: "),
        (r#"{"wait_ms":600001}"#, "wait_ms: at most 600000"),
        (
            r#"{"wait_ms":18446744073709551615}"#,
            "wait_ms: at most 600000",
        ),
    ] {
        let (status, problem) = admin(&server, "POST", "/verify", body);
        assert_eq!(status, 400, "{body}");
        assert!(
            problem["detail"].as_str().unwrap().contains(named),
            "{problem}"
        );
    }
}

/// A listener: yields whole events, as (id, event, data).
struct Events(BufReader<TcpStream>);

impl Events {
    fn of(server: &Server, target: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let last = last.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        write!(
            stream,
            "GET /__admin{target} HTTP/1.0\r\nHost: mock.example.com\r\n{last}\r\n"
        )
        .unwrap();
        let mut events = Self(BufReader::new(stream));
        let head = events.block("\r\n");
        assert!(
            head.iter()
                .any(|line| line == "content-type: text/event-stream"),
            "{head:?}"
        );
        events
    }

    /// The lines up to an empty one.
    fn block(&mut self, end: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(
                self.0.read_line(&mut line).unwrap() > 0,
                "the stream ended after {lines:?}"
            );
            if line == end {
                return lines;
            }
            lines.push(line.trim_end().to_owned());
        }
    }

    fn next(&mut self) -> (String, String, Value) {
        loop {
            let lines = self.block("\n");
            let field = |name: &str| {
                let line = lines
                    .iter()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                line.map(str::to_owned)
            };
            if let (Some(id), Some(event), Some(data)) =
                (field("id"), field("event"), field("data"))
            {
                return (id, event, serde_json::from_str(&data).unwrap());
            }
        }
    }
}

#[test]
fn events_come_as_they_happen_and_go_on_where_they_ended() {
    let server = Server::start(&[]);
    sell(&server, "mock-chase-key", &sale("before@example.com"));
    let mut events = Events::of(&server, "/events", None);
    sell(&server, "mock-chase-key", &sale("user@example.com"));
    let (first_id, event, data) = events.next();
    assert_eq!((event.as_str(), &data["n"]), ("request", &json!(2)));
    // Logged in the background: it shows up later than the call that made it.
    let (second_id, event, data) = events.next();
    assert_eq!(
        (event.as_str(), &data["who"]),
        ("conversion", &json!("user@example.com"))
    );
    drop(events);
    sell(&server, "wrong", &sale("user@example.com"));
    let mut again = Events::of(&server, "/events", Some(&second_id));
    let (_, event, data) = again.next();
    assert_eq!((event.as_str(), &data["n"]), ("request", &json!(3)));
    let mut earlier = Events::of(&server, "/events", Some(&first_id));
    let missed = [earlier.next().1, earlier.next().1];
    assert!(missed.contains(&"conversion".to_owned()), "{missed:?}");
    let mut all = Events::of(&server, "/events?from=start", None);
    assert_eq!(all.next().2["n"], 1);
    let hanging = std::thread::spawn(move || {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut all.0, &mut rest).unwrap();
    });
    // A server that stops ends them.
    server.stop();
    hanging.join().unwrap();
}

#[test]
fn a_gap_is_told() {
    let server = Server::start(&["--journal-entries", "1"]);
    for _ in 0..3 {
        sell(&server, "mock-chase-key", &sale("nobody@example.com"));
    }
    let mut events = Events::of(&server, "/events", Some("1-0-0-0"));
    let (_, event, data) = events.next();
    assert_eq!((event.as_str(), &data["after"]), ("gap", &json!(1)));
    assert_eq!(events.next().2["n"], 3);
    let (status, _) = admin(&server, "GET", "/events?from=here", "");
    assert_eq!(status, 400);
    let headers = [("Host", "mock.example.com"), ("Last-Event-ID", "5")];
    let reply = server.call("GET", "/__admin/events", &headers, b"");
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("Last-Event-ID"));
}

#[test]
fn what_was_forgotten_is_no_call_any_more() {
    let server = Server::start(&["--quiet"]);
    sell(&server, "mock-chase-key", &sale("user@example.com"));
    assert_eq!(admin(&server, "DELETE", "/requests", "").0, 204);
    for wanted in [json!({"vendor": "chase"}), json!({"method": "POST"})] {
        let verdict = verify(&server, &json!({"match": wanted, "count": {"exactly": 0}}));
        assert_eq!(verdict["ok"], true, "{verdict}");
    }
    sell(&server, "mock-chase-key", &sale("user@example.com"));
    let verdict = verify(
        &server,
        &json!({"match": {"vendor": "chase"}, "count": {"exactly": 1}}),
    );
    assert_eq!(
        (&verdict["ok"], &verdict["requests"]),
        (&json!(true), &json!([2]))
    );
}

#[test]
fn another_kind_of_call_is_not_near() {
    let server = Server::start(&["--quiet"]);
    let (_, target, headers, body, _) = wrong_calls()[2];
    server.call(
        "POST",
        target,
        &headers,
        format!("{body}&OrderId=O2").as_bytes(),
    );
    for _ in 0..3 {
        let actions = target.replace("PartnerConversions", "Actions");
        server.call("GET", &actions, &headers, b"");
    }
    let wanted = json!({"match": {"vendor": "impact", "form": {"OrderId": "O1"}}});
    assert_eq!(verify(&server, &wanted)["nearest"][0]["n"], 1);
}

#[test]
fn the_events_of_a_sandbox_end_with_it() {
    let server = Server::start(&["--quiet"]);
    assert_eq!(
        admin(&server, "POST", "/sandboxes", r#"{"id":"one"}"#).0,
        201
    );
    let mut events = Events::of(&server, "/sandboxes/one/events", None);
    assert_eq!(admin(&server, "DELETE", "/sandboxes/one", "").0, 204);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut events.0, &mut rest).unwrap();
    assert!(!rest.contains("event:"), "{rest}");
}
