//! `openapi.json` has every answer.

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::*;

/// What the description says of one status.
struct Described {
    headers: Vec<String>,
    /// Content types, each with what is said of the body.
    content: HashMap<String, Validator>,
}

/// By status. An answer without a content type is described by having no content, or as one of the documented ones.
static DESCRIBED: LazyLock<HashMap<String, Described>> = LazyLock::new(|| {
    let openapi: Value =
        serde_json::from_str(fixtures::vendor("chase").unwrap().openapi()).unwrap();
    let mut responses = openapi["paths"]["/api/v2/conversions"]["post"]["responses"]
        .as_object()
        .unwrap()
        .clone();
    responses.insert(
        "404".to_owned(),
        json!({"$ref": "#/components/responses/NotFound"}),
    );
    responses
        .into_iter()
        .map(|(status, response)| {
            let response = match response["$ref"].as_str() {
                Some(reference) => openapi.pointer(&reference[1..]).unwrap().clone(),
                None => response,
            };
            let names = response["headers"].as_object().into_iter().flatten();
            let headers = names.map(|(name, _)| name.to_ascii_lowercase()).collect();
            let content = response["content"].as_object().into_iter().flatten().map(
                |(media_type, content)| {
                    let schema =
                        json!({"components": openapi["components"], "allOf": [content["schema"]]});
                    (
                        media_type.clone(),
                        jsonschema::validator_for(&schema).unwrap(),
                    )
                },
            );
            let content = content.collect();
            (status, Described { headers, content })
        })
        .collect()
});

#[track_caller]
pub(super) fn assert_described(answer: &Answer) {
    let described = DESCRIBED
        .get(answer.status().as_str())
        .expect("a described status");
    for name in answer.headers().keys().filter(|name| {
        !matches!(
            name.as_str(),
            "content-length" | "content-type" | "connection"
        )
    }) {
        assert!(
            described.headers.iter().any(|other| other == name.as_str()),
            "{name} of {answer:?}"
        );
    }
    let Some(media_type) = answer.headers().get("content-type") else {
        assert!(answer.body().is_empty() && answer.status().as_u16() < 400);
        return;
    };
    let media_type = media_type.to_str().unwrap();
    let body = match serde_json::from_slice(answer.body()) {
        Ok(body) if media_type == "application/json" => body,
        Err(_) if media_type != "application/json" => {
            Value::from(std::str::from_utf8(answer.body()).unwrap())
        }
        // A number that no double can hold is JSON all the same.
        Err(error) if error.to_string().starts_with("number out of range") => return,
        _ => panic!("{answer:?} is not what it says it is"),
    };
    let schema = described
        .content
        .get(media_type)
        .unwrap_or_else(|| panic!("{media_type} of {answer:?}"));
    if let Err(error) = schema.validate(&body) {
        panic!("{error}: {body}");
    }
}

#[test]
fn every_status_is_met_and_every_one_that_is_met_is_described() {
    let calls = [
        Call::good(),
        Call::with(r#"{"email":"nobody@example.com"}"#),
        Call::good().to("/api/v2/conversions/"),
        Call::good().without("Host"),
        Call::with(b"\xFF"),
        Call::good().without("X-API-Key"),
        Call::good().but("X-API-Key", "nope"),
        Call::good().to("/x"),
        Call::good().by("GET"),
        Call::with("{"),
        Call::with("{}"),
        Call::with("NaN"),
    ];
    let mut met: Vec<String> = calls
        .iter()
        .map(|call| call.send().answer.status().as_str().to_owned())
        .collect();
    let too_long = Call::good().ask(Body::TooLong, |request| {
        Chase::decide(&recorded(), &Usage::default(), request, now()).answer
    });
    assert_described(&too_long);
    met.push(too_long.status().as_str().to_owned());
    for status in DESCRIBED.keys() {
        assert!(met.contains(status), "{status}");
    }
}
