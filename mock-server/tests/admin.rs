//! The admin API, as a client meets it. Every answer fits its description.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::contract::mistakes;
use crate::support::{Reply, Server, request};

/// Calls the admin API and holds the answer against its description.
pub fn admin(server: &Server, method: &str, target: &str, body: &str) -> (u16, Value) {
    let reply = server.call(
        method,
        &format!("/__admin{target}"),
        &[("Host", "mock.example.com")],
        body.as_bytes(),
    );
    hold(method, target, &reply);
    (
        reply.status,
        serde_json::from_slice(&reply.body).unwrap_or(Value::Null),
    )
}

fn hold(method: &str, target: &str, reply: &Reply) {
    let openapi: Value = serde_json::from_str(mock_server::admin::OPENAPI).unwrap();
    let path = target.split('?').next().unwrap();
    let below_sandbox = path
        .strip_prefix("/sandboxes/")
        .map(|rest| rest.split_once('/').map_or("", |(_, call)| call));
    let call = below_sandbox.unwrap_or(&path[1..]);
    let call = match call.split_once('/') {
        Some(("requests", _)) => "requests/{n}",
        Some(("faults", id)) if id != "check" => "faults/{fault_id}",
        _ => call,
    };
    let template = match below_sandbox {
        Some("") => "/sandboxes/{id}".to_owned(),
        Some(_) => format!("/sandboxes/{{id}}/{call}"),
        None => format!("/{call}"),
    };
    let mistakes = mistakes(&openapi, &template, method, reply);
    assert!(
        mistakes.is_empty(),
        "{method} {target} {}: {mistakes:#?}\n{}",
        reply.status,
        reply.text()
    );
}

fn chase(server: &Server, prefix: &str, key: &str, email: &str) -> u16 {
    let headers = [
        ("Host", "mock.example.com"),
        ("X-API-Key", key),
        ("Content-Type", "application/json"),
    ];
    let body = format!(r#"{{"email":"{email}","conversion_type":"purchase"}}"#);
    server
        .call(
            "POST",
            &format!("{prefix}/api/v2/conversions"),
            &headers,
            body.as_bytes(),
        )
        .status
}

#[test]
fn a_sandbox_has_credentials_of_its_own_and_shares_nothing() {
    let server = Server::start(&[]);
    let (status, one) = admin(&server, "POST", "/sandboxes", r#"{"id":"one"}"#);
    assert_eq!(
        (status, &one["base_url"]),
        (201, &json!("http://mock.example.com/s/one"))
    );
    let key = one["vendors"]["chase"]["api_key"].as_str().unwrap();
    // By credentials alone, and by prefix.
    assert_eq!(chase(&server, "", key, "user@example.com"), 202);
    assert_eq!(chase(&server, "/s/one/chase", key, "user@example.com"), 202);
    // Its key is unknown elsewhere, and the default key is unknown here.
    assert_eq!(
        chase(&server, "/s/default/chase", key, "user@example.com"),
        401
    );
    assert_eq!(
        chase(
            &server,
            "/s/one/chase",
            "mock-chase-key",
            "user@example.com"
        ),
        401
    );
    assert_eq!(
        admin(&server, "GET", "/sandboxes/one/requests", "").1["total"],
        3
    );
    assert_eq!(admin(&server, "GET", "/requests", "").1["total"], 1);

    assert_eq!(
        admin(&server, "GET", "/sandboxes", "").1,
        json!({"sandboxes": ["default", "one"]})
    );
    assert_eq!(admin(&server, "GET", "/sandboxes/one", "").1, one);
    assert_eq!(
        admin(&server, "POST", "/sandboxes", r#"{"id":"one"}"#).0,
        409
    );
    assert_eq!(admin(&server, "DELETE", "/sandboxes/one", "").0, 204);
    assert_eq!(admin(&server, "GET", "/sandboxes/one", "").0, 404);
    assert_eq!(chase(&server, "", key, "user@example.com"), 401);
    assert_eq!(admin(&server, "DELETE", "/sandboxes/default", "").0, 409);
}

#[test]
fn sandboxes_made_at_once_get_ids_of_their_own() {
    let server = Server::start(&[]);
    let make = || admin(&server, "POST", "/sandboxes", "");
    let made: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| (0..25).map(|_| make()).collect::<Vec<_>>()))
            .collect();
        makers
            .into_iter()
            .flat_map(|maker| maker.join().unwrap())
            .collect()
    });
    let refused: Vec<_> = made.iter().filter(|(status, _)| *status != 201).collect();
    assert!(
        refused.is_empty(),
        "{} refused: {:?}",
        refused.len(),
        refused[0]
    );
    assert_eq!(
        admin(&server, "GET", "/sandboxes", "").1["sandboxes"]
            .as_array()
            .unwrap()
            .len(),
        401
    );
}

#[test]
fn credentials_derive_from_seed_and_id_and_nothing_else() {
    let credentials = |flags: &[&str], ids: &[&str], wanted: &str| {
        let server = Server::start(flags);
        for id in ids {
            assert_eq!(
                admin(
                    &server,
                    "POST",
                    "/sandboxes",
                    &json!({"id": id}).to_string()
                )
                .0,
                201
            );
        }
        admin(&server, "GET", &format!("/sandboxes/{wanted}"), "").1["vendors"]["impact"]["auth_token"].clone()
    };
    let first = credentials(&[], &["a", "b"], "b");
    assert_eq!(first, credentials(&[], &["c", "b"], "b"));
    assert_ne!(first, credentials(&["--random-seed", "7"], &["b"], "b"));
    assert_ne!(first, credentials(&[], &["a"], "a"));
}

#[test]
fn an_identity_leads_to_one_sandbox() {
    let server = Server::start(&[]);
    let seed = json!({"chase": {"keys": {"mock-chase-key": "org"}, "contacts": {"org": ["a@example.com"]}}});
    let (status, problem) = admin(
        &server,
        "POST",
        "/sandboxes",
        &json!({"id": "x", "seed": seed}).to_string(),
    );
    assert_eq!(status, 409);
    assert!(
        problem["hint"].as_str().unwrap().contains("prefix_only"),
        "{problem}"
    );
    let body = json!({"id": "x", "seed": seed, "prefix_only": true}).to_string();
    assert_eq!(admin(&server, "POST", "/sandboxes", &body).0, 201);
    assert_eq!(chase(&server, "", "mock-chase-key", "a@example.com"), 200);
    assert_eq!(
        chase(&server, "/s/x/chase", "mock-chase-key", "a@example.com"),
        202
    );
}

#[test]
fn state_that_is_put_back_changes_nothing() {
    let server = Server::start(&["--clock", "2026-06-10T18:00:00Z"]);
    assert_eq!(
        chase(&server, "", "mock-chase-key", "user@example.com"),
        202
    );
    let (_, before) = admin(&server, "GET", "/state", "");
    let (status, after) = admin(&server, "PUT", "/state", &before.to_string());
    assert_eq!((status, &after), (200, &before));
    assert_eq!(admin(&server, "GET", "/state", "").1, before);
}

#[test]
fn a_patch_changes_the_present_only() {
    let server = Server::start(&[]);
    let patch = json!({"chase": {"keys": {"another-made-up-key": "acme"}}});
    let (_, state) = admin(&server, "GET", "/state", "");
    let organisation = state["chase"]["keys"]["mock-chase-key"].clone();
    let patch = patch
        .to_string()
        .replace("\"acme\"", &organisation.to_string());
    assert_eq!(admin(&server, "PATCH", "/state", &patch).0, 200);
    assert_eq!(
        chase(&server, "", "another-made-up-key", "user@example.com"),
        202
    );
    assert_eq!(admin(&server, "POST", "/reset", "").0, 204);
    assert_eq!(
        chase(&server, "", "another-made-up-key", "user@example.com"),
        401
    );
    assert_eq!(admin(&server, "GET", "/state", "").1, state);
}

#[test]
fn a_wrong_state_is_refused_whole() {
    let server = Server::start(&[]);
    let (_, before) = admin(&server, "GET", "/state", "");
    for (wrong, named) in [
        (
            r#"{"chase":{"log_delay_ms":1},"comm100":{"agentz":{}}}"#,
            "comm100.agentz",
        ),
        (
            r#"{"chase":{"log_delay_ms":1},"chaise":{}}"#,
            "did you mean `chase`?",
        ),
        (r#"{"chase":{"log_delay_ms":-1}}"#, "chase.log_delay_ms"),
        (
            r#"{"chase":{"contacts":{"org":["no address"]}}}"#,
            "chase.contacts",
        ),
        ("[]", "expected a JSON object"),
        ("{", "EOF"),
    ] {
        for method in ["PUT", "PATCH"] {
            let (status, problem) = admin(&server, method, "/state", wrong);
            assert_eq!(status, 400, "{method} {wrong}");
            assert!(
                problem["detail"].as_str().unwrap().contains(named),
                "{method} {wrong}: {problem}"
            );
        }
    }
    assert_eq!(admin(&server, "GET", "/state", "").1, before);
}

#[test]
fn only_the_parts_named_are_reset() {
    let server = Server::start(&["--clock", "2026-06-10T18:00:00Z"]);
    chase(&server, "", "mock-chase-key", "user@example.com");
    admin(&server, "POST", "/clock/advance", r#"{"ms":60000}"#);
    assert_eq!(
        admin(&server, "POST", "/reset", r#"{"only":["journal"]}"#).0,
        204
    );
    assert_eq!(
        admin(&server, "GET", "/requests", "").1["requests"],
        json!([])
    );
    assert_eq!(
        admin(&server, "GET", "/conversions", "").1["conversions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        admin(&server, "GET", "/clock", "").1["now"],
        "2026-06-10T18:01:00Z"
    );
    assert_eq!(
        admin(&server, "POST", "/reset", r#"{"only":["clock","state"]}"#).0,
        204
    );
    assert_eq!(
        admin(&server, "GET", "/conversions", "").1["conversions"],
        json!([])
    );
    assert_eq!(
        admin(&server, "GET", "/clock", "").1["now"],
        "2026-06-10T18:00:00Z"
    );
    assert_eq!(
        admin(&server, "POST", "/reset", r#"{"only":["everything"]}"#).0,
        400
    );
}

#[test]
fn the_clock_can_stand_run_and_jump() {
    let server = Server::start(&[]);
    assert_eq!(admin(&server, "GET", "/clock", "").1["mode"], "system");
    let (status, clock) = admin(
        &server,
        "PUT",
        "/clock",
        r#"{"mode":"fixed","now":"2026-01-31T00:00:00Z"}"#,
    );
    assert_eq!(
        (status, &clock["now"]),
        (200, &json!("2026-01-31T00:00:00Z"))
    );
    let (_, clock) = admin(&server, "POST", "/clock/advance", r#"{"ms":86400000}"#);
    assert_eq!(clock["now"], "2026-02-01T00:00:00Z");
    let reply = server.call("GET", "/comm100/", &[("Host", "a")], b"");
    assert_eq!(reply.header("date"), Some("Sun, 01 Feb 2026 00:00:00 GMT"));
    assert_eq!(
        admin(
            &server,
            "PUT",
            "/clock",
            r#"{"mode":"shifted","offset_ms":-1000}"#
        )
        .1["offset_ms"],
        -1000
    );
    for wrong in [
        r#"{"mode":"fixed","now":"yesterday"}"#,
        r#"{"mode":"fixed","now":"1969-12-31T23:59:59Z"}"#,
        r#"{"mode":"fixed","now":"-009999-01-01T00:00:00Z"}"#,
        r#"{"mode":"fixed","offset_ms":5}"#,
        r#"{"mode":"system","offset_ms":5}"#,
        r#"{"mode":"shifted"}"#,
        r#"{"mode":"shifted","offset_ms":9223372036854775807}"#,
        r#"{"mode":"sideways"}"#,
        "{}",
    ] {
        assert_eq!(admin(&server, "PUT", "/clock", wrong).0, 400, "{wrong}");
    }
    for wrong in [
        r#"{"ms":-1}"#,
        r#"{"ms":18446744073709551615}"#,
        r#"{"ms":"1"}"#,
        "{}",
    ] {
        assert_eq!(
            admin(&server, "POST", "/clock/advance", wrong).0,
            400,
            "{wrong}"
        );
    }
    assert_eq!(admin(&server, "GET", "/clock", "").1["offset_ms"], -1000);
}

#[test]
fn deviations_are_put_on_and_counted_until_a_reset() {
    let server = Server::start(&[]);
    let id = "chase.key.missing_answer.without_challenge";
    let challenge = |prefix: &str| {
        let target = format!("{prefix}/api/v2/conversions");
        let reply = server.call("POST", &target, &[("Host", "a")], b"");
        assert_eq!(reply.status, 401);
        reply.header("www-authenticate").is_some()
    };
    let none = json!({"deviations": []});
    assert_eq!(
        admin(&server, "GET", "/deviations", ""),
        (200, none.clone())
    );
    assert_eq!(
        admin(&server, "POST", "/sandboxes", r#"{"id":"one"}"#).0,
        201
    );

    let setting = json!({"deviations": [id]}).to_string();
    let counted = |activations: u64| json!({"deviations": [{"id": id, "activations": activations, "dry_run": false}]});
    let target = "/sandboxes/one/deviations";
    assert_eq!(admin(&server, "PUT", target, &setting), (200, counted(0)));
    assert!(!challenge("/s/one/chase"));
    // Another sandbox, and a call that gives no occasion.
    assert!(challenge("/chase"));
    assert_eq!(
        chase(&server, "/s/one/chase", "wrong", "user@example.com"),
        401
    );
    assert_eq!(admin(&server, "GET", target, ""), (200, counted(1)));
    assert_eq!(admin(&server, "PUT", target, &setting), (200, counted(0)));

    let reset = |only: &str| admin(&server, "POST", "/sandboxes/one/reset", only).0;
    assert_eq!(
        reset(r#"{"only":["state","counts","journal","clock"]}"#),
        204
    );
    assert_eq!(admin(&server, "GET", target, "").1, counted(0));
    assert_eq!(reset(r#"{"only":["deviations"]}"#), 204);
    assert_eq!(admin(&server, "GET", target, "").1, none);
    assert!(challenge("/s/one/chase"));
    assert_eq!(admin(&server, "PUT", target, &setting).0, 200);
    assert_eq!(reset(""), 204);
    assert_eq!(admin(&server, "GET", target, "").1, none);
}

#[test]
fn wrong_deviations_are_refused_whole() {
    let server = Server::start(&[]);
    let known = "impact.requests.allow.missing";
    let setting = json!({"deviations": [known]}).to_string();
    let (_, before) = admin(&server, "PUT", "/deviations", &setting);
    for (wrong, named) in [
        (
            json!({"deviations": [known, known]}),
            "impact.requests.allow.missing is given twice",
        ),
        (
            json!({"deviations": [known, "impact.requests.allow.mising"]}),
            "did you mean `impact.requests.allow.missing`?",
        ),
        (json!({"deviations": [7]}), "deviations.0"),
        (json!({"deviations": known}), "deviations"),
        (json!({"deviation": [known]}), "did you mean `deviations`?"),
        (json!({}), "missing field `deviations`"),
    ] {
        let (status, problem) = admin(&server, "PUT", "/deviations", &wrong.to_string());
        assert_eq!(status, 400, "{wrong}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(named), "{wrong}: {problem}");
    }
    assert_eq!(admin(&server, "GET", "/deviations", "").1, before);
}

#[test]
fn a_sandbox_is_made_with_clock_and_deviations() {
    let server = Server::start(&["--clock", "2026-06-10T18:00:00Z"]);
    let now =
        |id: &str| admin(&server, "GET", &format!("/sandboxes/{id}/clock"), "").1["now"].clone();
    let deviations = |id: &str| {
        admin(&server, "GET", &format!("/sandboxes/{id}/deviations"), "").1["deviations"].clone()
    };
    let ids = [
        "impact.requests.allow.missing",
        "comm100.paths.allow.missing",
    ];
    let new = json!({"id": "one", "clock": {"mode": "fixed", "now": "2026-01-31T00:00:00Z"}, "deviations": ids});
    assert_eq!(
        admin(&server, "POST", "/sandboxes", &new.to_string()).0,
        201
    );
    assert_eq!(now("one"), "2026-01-31T00:00:00Z");
    assert_eq!(
        deviations("one"),
        json!([
            {"id": ids[0], "activations": 0, "dry_run": false},
            {"id": ids[1], "activations": 0, "dry_run": false}
        ])
    );
    // A reset leads back to the clock that it was made with, and to no deviations.
    admin(
        &server,
        "PUT",
        "/sandboxes/one/clock",
        r#"{"mode":"system"}"#,
    );
    assert_eq!(admin(&server, "POST", "/sandboxes/one/reset", "").0, 204);
    assert_eq!(
        (now("one"), deviations("one")),
        (json!("2026-01-31T00:00:00Z"), json!([]))
    );

    assert_eq!(
        admin(
            &server,
            "POST",
            "/sandboxes",
            r#"{"id":"two","clock":{"mode":"fixed"}}"#
        )
        .0,
        201
    );
    assert_eq!(now("two"), "2026-06-10T18:00:00Z");
    for wrong in [
        r#"{"id":"bad","clock":{"mode":"fixed","offset_ms":1}}"#,
        r#"{"id":"bad","clock":{"mode":"fixed","now":"1969-12-31T23:59:59Z"}}"#,
        r#"{"id":"bad","deviations":["comm100.paths.allow.none"]}"#,
        r#"{"id":"bad","deviations":["comm100.paths.allow.missing","comm100.paths.allow.missing"]}"#,
    ] {
        assert_eq!(
            admin(&server, "POST", "/sandboxes", wrong).0,
            400,
            "{wrong}"
        );
    }
    assert_eq!(
        admin(&server, "GET", "/sandboxes", "").1["sandboxes"],
        json!(["default", "one", "two"])
    );
}

#[test]
fn flags_put_deviations_on_in_the_default_sandbox() {
    let ids = [
        "impact.requests.allow.missing",
        "comm100.paths.allow.missing",
    ];
    let server = Server::start(&["--deviation", ids[0], "--deviation", ids[1]]);
    let (_, shown) = admin(&server, "GET", "/deviations", "");
    assert_eq!(
        (&shown["deviations"][0]["id"], &shown["deviations"][1]["id"]),
        (&json!(ids[0]), &json!(ids[1]))
    );
    assert_eq!(
        admin(&server, "POST", "/sandboxes", r#"{"id":"one"}"#).0,
        201
    );
    assert_eq!(
        admin(&server, "GET", "/sandboxes/one/deviations", "").1,
        json!({"deviations": []})
    );

    let refused = std::process::Command::new(env!("CARGO_BIN_EXE_mock-server"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--deviation",
            "comm100.paths.allow.mising",
        ])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let complaint = String::from_utf8(refused.stderr).unwrap();
    assert!(
        complaint.contains("did you mean `comm100.paths.allow.missing`?"),
        "{complaint}"
    );
}

#[test]
fn a_wait_ends_when_the_conversion_arrives() {
    let server = Server::start(&[]);
    assert_eq!(
        admin(
            &server,
            "PATCH",
            "/state",
            r#"{"chase":{"log_delay_ms":0}}"#
        )
        .0,
        200
    );
    std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| admin(&server, "GET", "/conversions?wait_ms=10000&at_least=1", "").1);
        assert_eq!(
            chase(&server, "", "mock-chase-key", "user@example.com"),
            202
        );
        let found = waiting.join().unwrap();
        assert_eq!(found["satisfied"], true);
        assert_eq!(found["conversions"][0]["who"], "user@example.com");
    });
}

#[test]
fn a_wait_ends_when_the_clock_passes_the_due_time() {
    let server = Server::start(&["--clock", "2026-06-10T18:00:00Z"]);
    assert_eq!(
        admin(
            &server,
            "PATCH",
            "/state",
            r#"{"chase":{"log_delay_ms":60000}}"#
        )
        .0,
        200
    );
    assert_eq!(
        chase(&server, "", "mock-chase-key", "user@example.com"),
        202
    );
    // A clock that stands still never reaches it, and says so at once.
    let (_, found) = admin(&server, "GET", "/conversions?wait_ms=600000", "");
    assert_eq!(
        (&found["satisfied"], &found["reachable"]),
        (&json!(false), &json!(false))
    );
    admin(&server, "POST", "/clock/advance", r#"{"ms":60000}"#);
    let (_, found) = admin(&server, "GET", "/conversions?wait_ms=600000", "");
    assert_eq!(found["conversions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_server_that_stops_makes_nobody_wait() {
    let server = Server::start(&["--quiet"]);
    let mut waiting = server.connect();
    let call = request(
        "GET",
        "/__admin/conversions?wait_ms=600000",
        &[("Host", "a")],
        b"",
    );
    waiting.send(&call);
    // Answered only after the first call was read: both are on one thread's way in.
    assert_eq!(admin(&server, "GET", "/health", "").0, 200);
    let logged = server.stop();
    assert!(!logged.contains("cut off"), "{logged}");
    assert!(waiting.reply("GET").text().contains("\"satisfied\":false"));
}

#[test]
fn a_deleted_sandbox_leaves_nothing_behind() {
    let server = Server::start(&["--journal-bytes", "100000"]);
    for _ in 0..3 {
        let (_, sandbox) = admin(&server, "POST", "/sandboxes", r#"{"id":"brief"}"#);
        let key = sandbox["vendors"]["chase"]["api_key"].as_str().unwrap();
        // Half of a call is on its way while its sandbox goes.
        let headers = [
            ("Host", "a"),
            ("X-API-Key", key),
            ("Content-Length", "90000"),
            ("Expect", "100-continue"),
        ];
        let mut slow = server.connect();
        slow.send(&request(
            "POST",
            "/s/brief/chase/api/v2/conversions",
            &headers,
            b"",
        ));
        slow.go_ahead();
        while admin(&server, "DELETE", "/sandboxes/brief", "").0 != 204 {}
        slow.send(&vec![b'a'; 90_000]);
        slow.reply("POST");
    }
    chase(&server, "", "wrong", "user@example.com");
    assert_eq!(
        admin(&server, "GET", "/requests", "").1["requests"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_key_in_the_wrong_place_is_masked_there_too() {
    let server = Server::start(&[]);
    let headers = [("Host", "a"), ("X_API_Key", "made-up-secret")];
    server.call(
        "POST",
        "/chase/api/v2/conversions?x-api-key=made-up-secret&a=b",
        &headers,
        b"",
    );
    let (_, journal) = admin(&server, "GET", "/requests", "");
    assert_eq!(
        journal["requests"][0]["request"]["target"],
        "/chase/api/v2/conversions?x-api-key=***&a=b"
    );
    assert!(!journal.to_string().contains("made-up-secret"), "{journal}");
    assert!(!server.stop().contains("made-up-secret"));
}

#[test]
fn a_wait_that_nothing_ends_says_so() {
    let server = Server::start(&[]);
    let (_, found) = admin(&server, "GET", "/conversions?wait_ms=50", "");
    assert_eq!(
        (&found["satisfied"], &found["reachable"]),
        (&json!(false), &json!(true))
    );
    for wrong in [
        "wait_ms=600001",
        "wait_ms=-1",
        "at_least=1",
        "vendor=chaise",
        "wait=5",
        "who=a&who=b",
    ] {
        assert_eq!(
            admin(&server, "GET", &format!("/conversions?{wrong}"), "").0,
            400,
            "{wrong}"
        );
    }
}

#[test]
fn the_journal_is_bounded_and_its_counts_are_not() {
    let server = Server::start(&["--journal-entries", "3"]);
    for _ in 0..4 {
        chase(&server, "", "wrong", "user@example.com");
    }
    chase(&server, "", "mock-chase-key", "user@example.com");
    let (_, journal) = admin(&server, "GET", "/requests?limit=2", "");
    assert_eq!(
        (&journal["total"], &journal["complete"]),
        (&json!(5), &json!(false))
    );
    let numbers = |journal: &Value| -> Vec<u64> {
        journal["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["n"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(
        (numbers(&journal), &journal["next"]),
        (vec![5, 4], &json!(4))
    );
    let (_, rest) = admin(&server, "GET", "/requests?limit=2&before=4", "");
    assert_eq!((numbers(&rest), &rest["next"]), (vec![3], &Value::Null));
    assert_eq!(
        admin(&server, "GET", "/requests?since=2", "").1["complete"],
        true
    );
    let refused: u64 = journal["counts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["status"] == 401)
        .map(|row| row["calls"].as_u64().unwrap())
        .sum();
    assert_eq!(refused, 4);
    assert_eq!(
        numbers(&admin(&server, "GET", "/requests?status=202&vendor=chase", "").1),
        [5]
    );
    assert_eq!(
        numbers(&admin(&server, "GET", "/requests?refused_by=chase.", "").1),
        [4, 3]
    );
    assert_eq!(admin(&server, "GET", "/requests/1", "").0, 410);
    assert_eq!(admin(&server, "GET", "/requests/6", "").0, 404);
    assert_eq!(admin(&server, "GET", "/requests/x", "").0, 404);
    let (_, entry) = admin(&server, "GET", "/requests/4", "");
    assert_eq!(entry["answer"]["status"], 401);
    assert!(
        entry["refused_by"][0]
            .as_str()
            .unwrap()
            .starts_with("chase."),
        "{entry}"
    );
    let headers = entry["request"]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["x-api-key", "***"])), "{entry}");
    assert_eq!(admin(&server, "DELETE", "/requests", "").0, 204);
    assert_eq!(numbers(&admin(&server, "GET", "/requests", "").1), [0; 0]);
    for wrong in ["limit=0", "limit=1001", "status=abc", "vendr=chase"] {
        assert_eq!(
            admin(&server, "GET", &format!("/requests?{wrong}"), "").0,
            400,
            "{wrong}"
        );
    }
}

#[test]
fn journals_together_stay_within_their_bytes() {
    let server = Server::start(&["--journal-bytes", "100000", "--journal-entries", "100000"]);
    admin(&server, "POST", "/sandboxes", r#"{"id":"idle"}"#);
    for _ in 0..20 {
        chase(&server, "/s/idle/chase", "wrong", "user@example.com");
    }
    for _ in 0..300 {
        chase(&server, "", "wrong", "user@example.com");
    }
    let kept = |target: &str| {
        admin(&server, "GET", target, "").1["requests"]
            .as_array()
            .unwrap()
            .len()
    };
    // The one that was idle longest lost everything first.
    assert_eq!(kept("/sandboxes/idle/requests"), 0);
    assert!(
        (50..300).contains(&kept("/requests?limit=1000")),
        "{}",
        kept("/requests?limit=1000")
    );
    assert_eq!(admin(&server, "GET", "/requests", "").1["total"], 300);
}

#[test]
fn prometheus_scrapes_what_was_counted_for_ever() {
    let server = Server::start(&["--journal-entries", "2"]);
    let scrape = || {
        let headers = [("Host", "mock.example.com")];
        let reply = server.call("GET", "/__admin/metrics", &headers, b"");
        hold("GET", "/metrics", &reply);
        assert_eq!(
            reply.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        reply.text().to_owned()
    };
    let counted = |wanted: &[&str]| {
        let text = scrape();
        for line in wanted {
            assert!(
                text.lines().any(|found| found == *line),
                "no {line} in\n{text}"
            );
        }
    };
    counted(&[
        "# TYPE mock_server_calls_total counter",
        "mock_server_conversions_total{vendor=\"impact\"} 0",
        "mock_server_sandboxes 1",
        "mock_server_journal_bytes 0",
        "mock_server_journal_entries_dropped_total 0",
        "mock_server_call_duration_seconds_count{vendor=\"chase\"} 0",
    ]);
    admin(&server, "POST", "/sandboxes", r#"{"id":"one"}"#);
    for prefix in ["/s/one/chase", "/s/one/chase", "/s/one/chase", "/chase"] {
        chase(&server, prefix, "wrong", "user@example.com");
    }
    chase(&server, "", "mock-chase-key", "user@example.com");
    server.call("GET", "/nowhere", &[("Host", "a")], b"");
    let lasting = [
        "mock_server_calls_total{vendor=\"chase\",route=\"POST /api/v2/conversions\",status=\"401\",refused_by=\"chase.key.known\"} 4",
        "mock_server_calls_total{vendor=\"chase\",route=\"POST /api/v2/conversions\",status=\"202\",refused_by=\"\"} 1",
        "mock_server_calls_total{vendor=\"\",route=\"\",status=\"404\",refused_by=\"\"} 1",
        "mock_server_conversions_total{vendor=\"chase\"} 1",
        "mock_server_journal_entries_dropped_total 2",
        "mock_server_call_duration_seconds_count{vendor=\"chase\"} 5",
        "mock_server_call_duration_seconds_bucket{vendor=\"chase\",le=\"+Inf\"} 5",
    ];
    counted(&lasting);
    counted(&["mock_server_sandboxes 2"]);
    assert!(!scrape().contains("mock_server_journal_bytes 0\n"));
    admin(&server, "POST", "/reset", "");
    admin(&server, "DELETE", "/sandboxes/one", "");
    counted(&lasting);
    counted(&["mock_server_sandboxes 1", "mock_server_journal_bytes 0"]);
    assert_eq!(admin(&server, "POST", "/metrics", "").0, 405);
    assert_eq!(admin(&server, "GET", "/metrics?a=b", "").0, 400);
    // What is scraped is for the whole server.
    let (status, problem) = server.admin("GET", "/sandboxes/default/metrics", "");
    assert_eq!(status, 404, "{problem}");
}

#[test]
fn a_sandbox_that_nobody_uses_goes_and_one_that_somebody_waits_for_stays() {
    let server = Server::start(&[]);
    let make = |id: &str, idle_ms: u64| {
        let body = json!({"id": id, "idle_ms": idle_ms}).to_string();
        let (status, made) = admin(&server, "POST", "/sandboxes", &body);
        assert_eq!((status, &made["idle_ms"]), (201, &json!(idle_ms)));
        made
    };
    let made = make("long", 2_592_000_000);
    assert_eq!(admin(&server, "GET", "/sandboxes/long", "").1, made);
    let (_, stays) = admin(&server, "POST", "/sandboxes", r#"{"id":"stays"}"#);
    assert_eq!(stays.get("idle_ms"), None);
    let left = || admin(&server, "GET", "/sandboxes", "").1["sandboxes"].clone();
    let settles_at = |wanted: Value| {
        for _ in 0..500 {
            if left() == wanted {
                return;
            }
            // The server waits, not we.
            admin(&server, "GET", "/conversions?wait_ms=20", "");
        }
        panic!("{} in place of {wanted}", left());
    };
    make("awaited", 1_000);
    std::thread::scope(|scope| {
        let target = "/sandboxes/awaited/conversions?wait_ms=600000";
        let waiting = scope.spawn(|| admin(&server, "GET", target, ""));
        make("brief", 1_000);
        settles_at(json!(["awaited", "default", "long", "stays"]));
        let (status, _) = admin(
            &server,
            "PATCH",
            "/sandboxes/awaited/state",
            r#"{"chase":{"log_delay_ms":0}}"#,
        );
        assert_eq!(status, 200);
        let accepted = chase(&server, "/s/awaited/chase", "wrong", "user@example.com");
        assert_eq!(accepted, 401);
        let (_, sandbox) = admin(&server, "GET", "/sandboxes/awaited", "");
        let key = sandbox["vendors"]["chase"]["api_key"].as_str().unwrap();
        chase(&server, "", key, "user@example.com");
        let (status, found) = waiting.join().unwrap();
        assert_eq!((status, &found["satisfied"]), (200, &json!(true)));
    });
    settles_at(json!(["default", "long", "stays"]));
    for wrong in [
        "0",
        "2592000001",
        "-1",
        "1.5",
        "\"1\"",
        "18446744073709551616",
    ] {
        let body = format!(r#"{{"id":"wrong","idle_ms":{wrong}}}"#);
        let (status, problem) = admin(&server, "POST", "/sandboxes", &body);
        assert_eq!(status, 400, "{wrong}");
        assert!(
            problem["detail"].as_str().unwrap().contains("idle_ms"),
            "{problem}"
        );
    }
    let (_, problem) = admin(&server, "POST", "/sandboxes", r#"{"idle_ms":0}"#);
    assert!(
        problem["hint"].as_str().unwrap().contains("leave it out"),
        "{problem}"
    );
    assert_eq!(left(), json!(["default", "long", "stays"]));
}

#[test]
fn wrong_calls_get_a_problem_that_names_the_way_out() {
    let server = Server::start(&[]);
    let (status, problem) = server.admin("GET", "/sandbox", "");
    assert_eq!(
        (status, &problem["hint"]),
        (404, &json!("did you mean /__admin/sandboxes?"))
    );
    assert_eq!(admin(&server, "DELETE", "/clock", "").0, 405);
    assert_eq!(
        admin(&server, "GET", "/sandboxes/defualt", "").1["hint"],
        "did you mean default?"
    );
    assert_eq!(
        admin(&server, "POST", "/sandboxes", r#"{"id":"../x"}"#).0,
        400
    );
    assert_eq!(
        admin(&server, "POST", "/sandboxes", r#"{"ids":"x"}"#).0,
        400
    );
    for target in ["/health", "/vendors", "/openapi.json"] {
        assert_eq!(admin(&server, "GET", target, "").0, 200);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever an admin call says, it is answered, as described, and never with a 5xx.
    #[test]
    fn no_admin_call_stops_the_server(
        method in prop::sample::select(vec!["GET", "PUT", "PATCH", "POST", "DELETE"]),
        call in prop::sample::select(vec!["reset", "state", "conversions", "requests", "requests/7", "clock", "clock/advance", "deviations", "faults", "faults/check", "faults/f", "verify", "sandboxes"]),
        body in prop_oneof![
            "\\PC{0,40}",
            Just(String::new()),
            r#"\{"(mode|now|ms|only|id|seed|clock|deviations|chase|comm100|impact|match|do|count|wait_ms|target)":(null|true|-1|1e99|"x"|\[\]|\{\})\}"#,
        ],
        query in prop_oneof![Just(String::new()), "\\?[a-z_]{1,9}=[0-9a-z%]{0,9}"],
    ) {
        static SERVER: std::sync::LazyLock<Server> = std::sync::LazyLock::new(|| Server::start(&["--quiet"]));
        let (status, _) = admin(&SERVER, method, &format!("/{call}{query}"), &body);
        prop_assert!(status < 500);
    }
}

/// The answers of one vendor, from a coverage.
fn answers<'c>(coverage: &'c Value, vendor: &str) -> &'c Vec<Value> {
    let vendors = coverage["vendors"].as_array().unwrap();
    let found = vendors.iter().find(|row| row["vendor"] == vendor).unwrap();
    found["answers"].as_array().unwrap()
}

fn met(coverage: &Value) -> Vec<&str> {
    let vendors = coverage["vendors"].as_array().unwrap().iter();
    vendors
        .flat_map(|row| row["answers"].as_array().unwrap())
        .filter(|answer| answer["met"] == true)
        .map(|answer| answer["id"].as_str().unwrap())
        .collect()
}

#[test]
fn coverage_says_what_was_met_and_what_provokes_the_rest() {
    let server = Server::start(&[]);
    let (_, one) = admin(&server, "POST", "/sandboxes", r#"{"id":"one"}"#);
    let key = one["vendors"]["chase"]["api_key"].as_str().unwrap();
    let coverage = || admin(&server, "GET", "/sandboxes/one/coverage", "").1;
    let fresh = coverage();
    assert_eq!(met(&fresh), <[&str; 0]>::default());
    assert_eq!((&fresh["met"], &fresh["percent"]), (&json!(0), &json!(0.0)));
    let queued = &answers(&fresh, "chase")[0];
    assert_eq!(
        queued["provoke"],
        json!({
            "call": format!(
                "curl -i -H 'Content-Type: application/json' -H 'X-API-Key: {key}' \
                 --data-raw '{{\"email\":\"user@example.com\",\"conversion_type\":\"purchase\"}}' \
                 'http://mock.example.com/s/one/chase/api/v2/conversions'"
            ),
        })
    );
    let closed = answers(&fresh, "comm100")
        .iter()
        .find(|answer| answer["id"] == "comm100.account.closed")
        .unwrap();
    assert_eq!(
        closed["provoke"]["fault"],
        json!({"match": {"vendor": "comm100"}, "times": 1, "do": {"named": "comm100.account_closed"}})
    );

    chase(&server, "/s/one/chase", key, "user@example.com");
    chase(&server, "/s/one/chase", "wrong", "user@example.com");
    chase(&server, "/s/one/chase", key, "user@example.com");
    let coverage_now = coverage();
    assert_eq!(
        met(&coverage_now),
        ["chase.conversion.queued", "chase.key.unknown"]
    );
    let (_, only) = admin(&server, "GET", "/sandboxes/one/coverage?vendor=chase", "");
    assert_eq!(only["vendors"].as_array().unwrap().len(), 1);
    assert_eq!(only["vendors"][0], coverage_now["vendors"][1]);
    assert_eq!(
        (&only["documented"], &only["percent"]),
        (
            &only["vendors"][0]["documented"],
            &only["vendors"][0]["percent"]
        )
    );
    // Others have met nothing, and a reset of the journal begins anew.
    assert_eq!(admin(&server, "GET", "/coverage", "").1["met"], 0);
    let reset = |only: &str| admin(&server, "POST", "/sandboxes/one/reset", only).0;
    assert_eq!(reset(r#"{"only":["state"]}"#), 204);
    assert_eq!(coverage()["met"], 2);
    assert_eq!(reset(r#"{"only":["journal"]}"#), 204);
    assert_eq!(coverage(), fresh);
}

#[test]
fn coverage_refuses_what_it_does_not_know() {
    let server = Server::start(&[]);
    for wrong in [
        "vendor=chaise",
        "vendor=",
        "vendors=chase",
        "vendor=chase&vendor=chase",
        "met=true",
    ] {
        let (status, problem) = admin(&server, "GET", &format!("/coverage?{wrong}"), "");
        assert_eq!(status, 400, "{wrong}");
        assert!(problem["detail"].is_string(), "{wrong}");
    }
    assert_eq!(admin(&server, "POST", "/coverage", "").0, 405);
    assert_eq!(admin(&server, "GET", "/sandboxes/none/coverage", "").0, 404);
}
