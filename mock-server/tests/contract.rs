//! Whether an answer is one that an OpenAPI description has.

use serde_json::{Value, json};

use crate::support::Reply;

/// Says what is wrong with an answer to `method template` against a description; nothing if it fits.
pub fn mistakes(openapi: &Value, template: &str, method: &str, reply: &Reply) -> Vec<String> {
    let method = method.to_ascii_lowercase();
    let operation = ["paths", template, &method];
    // Wrong methods have no operation of their own: any one of the path tells what they are answered.
    let known = openapi["paths"][template].get(&method).is_some();
    let Some(fallback) = openapi["paths"][template]
        .as_object()
        .and_then(|path| path.keys().find(|key| *key != "parameters"))
    else {
        return vec![format!("{template} is not described")];
    };
    let method = if known { operation[2] } else { fallback };
    let mut pointer = format!(
        "/paths/{}/{method}/responses/{}",
        escaped(template),
        reply.status
    );
    let Some(mut response) = openapi.pointer(&pointer) else {
        return vec![format!(
            "{method} {template} may not answer {}",
            reply.status
        )];
    };
    if let Some(reference) = response["$ref"].as_str() {
        pointer = reference.trim_start_matches('#').to_owned();
        response = openapi
            .pointer(&pointer)
            .expect("references lead somewhere");
    }
    let Some(content) = response.get("content") else {
        return if reply.body.is_empty() {
            Vec::new()
        } else {
            vec!["a body where none is described".to_owned()]
        };
    };
    let content_type = reply.header("content-type").unwrap_or("none");
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
    let mut schema = openapi.clone();
    let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
    schema["$ref"] = json!(format!(
        "#{fragment}/content/{}/schema",
        escaped(content_type)
    ));
    let validator = jsonschema::validator_for(&schema).expect("a sound schema");
    validator
        .iter_errors(&body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
