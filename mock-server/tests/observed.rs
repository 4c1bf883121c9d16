//! Every recorded call to the framework that Chase runs on, answered alike over a real socket.

use std::io::Write;

use serde_json::Value;

use crate::support::{Server, request};

#[test]
fn recorded_calls_are_answered_as_recorded() {
    let chase = fixtures::vendor("chase").unwrap();
    let mut seed = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    write!(
        seed,
        "{{\"chase\": {}}}",
        chase.file("observed.seed.json").unwrap()
    )
    .unwrap();
    let server = Server::start(&["--seed", seed.path().to_str().unwrap()]);
    let mut different = Vec::new();
    let cases: Vec<Value> = chase
        .file("observed.jsonl")
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for case in &cases {
        let sent = &case["request"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let headers: Vec<(String, String)> = sent["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (text(&pair[0]), text(&pair[1])))
            .collect();
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let body = base64::Engine::decode(
            &base64::prelude::BASE64_STANDARD,
            text(&sent["body_base64"]),
        )
        .unwrap();
        let (method, path) = (text(&sent["method"]), text(&sent["path"]));
        let mut connection = server.connect();
        connection.send(&request(&method, &path, &headers, &body));
        let reply = connection.reply(&method);

        let recorded = &case["response"];
        let mut compare = |what: &str, wanted: String, got: String| {
            if wanted != got {
                different.push(format!(
                    "{} {what}: wanted {wanted:?}, got {got:?}",
                    case["id"]
                ));
            }
        };
        compare(
            "status",
            recorded["status"].to_string(),
            reply.status.to_string(),
        );
        compare(
            "body",
            text(&recorded["body"]),
            String::from_utf8_lossy(&reply.body).into_owned(),
        );
        for name in [
            "content-type",
            "allow",
            "location",
            "www-authenticate",
            "content-length",
        ] {
            let wanted = recorded["headers"][name]
                .as_str()
                .unwrap_or("none")
                .to_owned();
            compare(
                name,
                wanted,
                reply.header(name).unwrap_or("none").to_owned(),
            );
        }
        let interim: Vec<Value> = recorded["interim"].as_array().cloned().unwrap_or_default();
        compare(
            "interim",
            format!("{interim:?}"),
            format!(
                "{:?}",
                reply
                    .interim
                    .iter()
                    .map(|status| Value::from(*status))
                    .collect::<Vec<_>>()
            ),
        );
    }
    assert_eq!(cases.len(), 200);
    assert!(
        different.is_empty(),
        "{} differences:\n{}",
        different.len(),
        different.join("\n")
    );
}
