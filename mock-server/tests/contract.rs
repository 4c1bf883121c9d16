//! Whether an answer is one that an OpenAPI description has.

use serde_json::{Value, json};

use crate::support::{Reply, Server};

/// Says what is wrong with an answer to `method template` against a description; nothing if it fits.
pub fn mistakes(openapi: &Value, template: &str, method: &str, reply: &Reply) -> Vec<String> {
    let Some(path) = openapi["paths"][template].as_object() else {
        return vec![format!("{template} is not described")];
    };
    // A wrong method has no operation of its own: any one of the path tells what it is answered.
    let method = method.to_ascii_lowercase();
    let described = path.keys().filter(|key| *key != "parameters");
    let method = described
        .clone()
        .find(|key| **key == method)
        .or(described.clone().next());
    let Some(method) = method else {
        return vec![format!("{template} has no operation")];
    };
    let mut response = &openapi["paths"][template][method]["responses"][reply.status.to_string()];
    if response.is_null() {
        return vec![format!(
            "{method} {template} may not answer {}",
            reply.status
        )];
    }
    if let Some(reference) = response["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        response = openapi.pointer(pointer).expect("references lead somewhere");
    }
    let Some(content) = response.get("content") else {
        return if reply.body.is_empty() {
            Vec::new()
        } else {
            vec!["a body where none is described".to_owned()]
        };
    };
    let content_type = reply.header("content-type").unwrap_or("none");
    // A success may have a body, or none.
    if reply.status < 300 && content_type == "none" && reply.body.is_empty() {
        return Vec::new();
    }
    if content.get(content_type).is_none() {
        return vec![format!(
            "content type {content_type} is not described for {}",
            reply.status
        )];
    }
    if !content_type.contains("json") {
        return Vec::new();
    }
    let Ok(body) = serde_json::from_slice::<Value>(&reply.body) else {
        return vec!["the body is not JSON".to_owned()];
    };
    // The whole description stays the root, for the references within the schema.
    let mut schema = openapi.clone();
    schema["allOf"] = json!([content[content_type]["schema"]]);
    let validator = jsonschema::validator_for(&schema).expect("a sound schema");
    validator
        .iter_errors(&body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// The described path that a target is for.
fn template<'o>(openapi: &'o Value, target: &str) -> Option<&'o str> {
    let path = target.split('?').next()?;
    let fits = |template: &&String| {
        let (mut wanted, mut found) = (template.split('/'), path.split('/'));
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return true,
                (Some(wanted), Some(found))
                    if wanted == found || (wanted.starts_with('{') && !found.is_empty()) => {}
                _ => return false,
            }
        }
    };
    // A path without variables wins over one with them.
    let paths = openapi["paths"].as_object()?.keys().filter(fits);
    paths
        .min_by_key(|path| path.matches('{').count())
        .map(String::as_str)
}

/// Documented calls, each also spoiled in some ways: every answer is one that the vendor's description has.
#[test]
fn answers_fit_the_descriptions() {
    let seeds = tempfile::tempdir().unwrap();
    let mut flags = vec!["--clock".to_owned(), "2026-06-10T18:00:00Z".to_owned()];
    for vendor in fixtures::VENDORS {
        for (part, text) in [("seed", vendor.seed()), ("more", vendor.conformance_seed())] {
            let file = seeds.path().join(format!("{}.{part}.toml", vendor.name()));
            std::fs::write(&file, text).unwrap();
            flags.extend(["--seed".to_owned(), file.to_str().unwrap().to_owned()]);
        }
    }
    let server = Server::start(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    let mut wrong = Vec::new();
    let mut statuses = std::collections::BTreeSet::new();
    for vendor in fixtures::VENDORS {
        let openapi: Value = serde_json::from_str(vendor.openapi()).unwrap();
        for example in vendor.examples().unwrap() {
            let (method, target) = example.request.start.split_once(' ').unwrap();
            let Some(template) = template(&openapi, target) else {
                continue;
            };
            let headers: Vec<(&str, &str)> = example
                .request
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let without = |name: &str| -> Vec<(&str, &str)> {
                headers
                    .iter()
                    .filter(|(other, _)| !other.eq_ignore_ascii_case(name))
                    .copied()
                    .collect()
            };
            let body = example.request.body;
            let half = &body[..body.len() / 2];
            let long = vec![b'a'; (16 << 20) + 1];
            let calls = [
                ("as it is", method, headers.clone(), body),
                ("again", method, headers.clone(), body),
                ("no credentials", method, without("authorization"), body),
                ("no key", method, without("x-api-key"), body),
                ("no content type", method, without("content-type"), body),
                ("no accept", method, without("accept"), body),
                (
                    "XML",
                    method,
                    [without("accept"), vec![("Accept", "text/xml")]].concat(),
                    body,
                ),
                (
                    "a text",
                    method,
                    [
                        without("content-type"),
                        vec![("Content-Type", "text/plain")],
                    ]
                    .concat(),
                    body,
                ),
                ("half its body", method, headers.clone(), half),
                ("no body", method, headers.clone(), b""),
                ("another method", "DELETE", headers.clone(), b""),
                (
                    "an odd body",
                    method,
                    headers.clone(),
                    b"\xff{\"email\":[&ActionTrackerId=%",
                ),
                (
                    "a long body",
                    method,
                    headers.clone(),
                    if body.is_empty() { b"" } else { &long },
                ),
            ];
            for (how, method, headers, body) in calls {
                let reply = server.call(method, target, &headers, body);
                statuses.insert((vendor.name(), reply.status));
                let mistakes = mistakes(&openapi, template, method, &reply);
                if !mistakes.is_empty() {
                    let name = format!(
                        "{}/{} with {how}: {}",
                        vendor.name(),
                        example.name,
                        reply.status
                    );
                    wrong.push(format!(
                        "{name}\n{mistakes:#?}\n{}",
                        String::from_utf8_lossy(&reply.body)
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} answers:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(statuses.len() > 12, "only {statuses:?} were answered");
}
