//! Umbrella checks: what holds of answers as a whole, whichever rule they belong to.
//!
//! Two are judged on every exchange of a run: answers are well-formed, and they are as `openapi.json` describes them. The
//! third sends the documented requests and compares each answer with the snapshot of the documented one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fixtures::{Example, Message, Vendor};
use include_dir::{Dir, include_dir};
use jsonschema::Validator;
use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

use crate::check::{Case, Check};
use crate::exchange::{Answer, Exchange, Request};
use crate::expect::{Breach, Expect, demand};
use crate::world::{Blocked, World};

/// Every answer is well-formed: JSON where it says JSON, XML where it says XML, and a status that HTTP knows.
///
/// # Errors
///
/// Never.
#[expect(clippy::unnecessary_wraps, reason = "checks look alike")]
pub(crate) fn well_formed(_: &World) -> Result<Check, Blocked> {
    Ok(Check::invariant(|exchange| {
        let answer = exchange.answer.as_ref().ok()?;
        is_well_formed(answer)
    }))
}

/// Nothing about bodies that claim no form: a server that never sends any shows nothing.
fn is_well_formed(answer: &Answer) -> Option<Result<(), Breach>> {
    let status = demand(
        (200..600).contains(&answer.status),
        "status",
        "a final status of HTTP",
        answer.status.to_string(),
    );
    if status.is_err() {
        return Some(status);
    }
    let content_type = answer.header("content-type").unwrap_or_default();
    let broken = if answer.body.is_empty() {
        return None;
    } else if content_type.contains("json") {
        let read: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(&answer.body);
        read.err().map(|error| ("JSON", error.to_string()))
    } else if content_type.contains("xml") {
        let read = std::str::from_utf8(&answer.body).map(|text| {
            roxmltree::Document::parse(text)
                .err()
                .map(|error| error.to_string())
        });
        let error = read.unwrap_or_else(|error| Some(error.to_string()));
        error.map(|error| ("XML", error))
    } else {
        return None;
    };
    Some(match broken {
        Some((what, error)) => Err(Breach::new("body", format!("well-formed {what}"), error)),
        None => Ok(()),
    })
}

/// Every answer to a described call has a described status, content type and body.
///
/// # Errors
///
/// Never.
#[expect(clippy::unnecessary_wraps, reason = "checks look alike")]
pub(crate) fn described(world: &World) -> Result<Check, Blocked> {
    let description = Description::of(world.vendor);
    Ok(Check::invariant(move |exchange| {
        description.judge(exchange)
    }))
}

/// What a vendor's `openapi.json` says of answers: by method and path, by status, by content type.
struct Description {
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    path: Vec<String>,
    answers: BTreeMap<u16, BTreeMap<String, Validator>>,
}

impl Description {
    fn of(vendor: Vendor) -> std::rc::Rc<Self> {
        let openapi: Value =
            serde_json::from_str(vendor.openapi()).expect("a test reads every openapi.json");
        let resolved = |value: &Value| -> Value {
            match value["$ref"]
                .as_str()
                .map(|reference| reference.trim_start_matches('#'))
            {
                Some(pointer) => openapi.pointer(pointer).cloned().unwrap_or_default(),
                None => value.clone(),
            }
        };
        let validator = |content: &Value| {
            let schema = json!({"components": openapi["components"], "allOf": [content["schema"]]});
            jsonschema::validator_for(&schema).expect("a test compiles every schema")
        };
        let members = |value: &Value| -> Map<String, Value> {
            value.as_object().cloned().unwrap_or_default()
        };
        let mut operations = Vec::new();
        for (path, item) in members(&openapi["paths"]) {
            for (method, operation) in members(&item) {
                let answers: BTreeMap<u16, BTreeMap<String, Validator>> =
                    members(&operation["responses"])
                        .into_iter()
                        .filter_map(|(status, response)| {
                            let content = members(&resolved(&response)["content"])
                                .into_iter()
                                .map(|(kind, content)| (kind, validator(&content)))
                                .collect();
                            Some((status.parse().ok()?, content))
                        })
                        .collect();
                if !answers.is_empty() {
                    operations.push(Operation {
                        method: method.to_ascii_uppercase(),
                        path: path.split('/').map(ToOwned::to_owned).collect(),
                        answers,
                    });
                }
            }
        }
        std::rc::Rc::new(Self { operations })
    }

    /// Nothing about calls that are not described: other paths, other methods, what no client would send.
    fn judge(&self, exchange: &Exchange) -> Option<Result<(), Breach>> {
        let (request, answer) = (&exchange.request, exchange.answer.as_ref().ok()?);
        if request.hosts.is_some() || request.chunks.is_some() {
            return None;
        }
        let path = request.target.split('?').next().unwrap_or_default();
        let operation = self.operations.iter().find(|operation| {
            let mut parts = path.split('/');
            operation.method == request.method
                && operation.path.iter().all(|wanted| {
                    parts.next().is_some_and(|part| {
                        part == wanted || wanted.starts_with('{') && !part.is_empty()
                    })
                })
                && parts.next().is_none()
        })?;
        operation.judge(answer)
    }
}

impl Operation {
    fn judge(&self, answer: &Answer) -> Option<Result<(), Breach>> {
        let Some(contents) = self.answers.get(&answer.status) else {
            let statuses: Vec<String> = self.answers.keys().map(ToString::to_string).collect();
            return Some(Err(Breach::new(
                "status",
                statuses.join(", "),
                answer.status.to_string(),
            )));
        };
        // Whether there is a body at all, other rules say.
        if answer.body.is_empty() {
            return contents.is_empty().then_some(Ok(()));
        }
        let kind = answer.header("content-type").unwrap_or_default();
        let Some(validator) = contents.get(kind) else {
            let kinds: Vec<&str> = contents.keys().map(String::as_str).collect();
            let breach = Breach::new("header content-type", kinds.join(", "), kind);
            return Some(Err(breach));
        };
        let Some(body) = answer.json().filter(|_| kind.contains("json")) else {
            return Some(Ok(()));
        };
        Some(match validator.iter_errors(&body).next() {
            Some(error) => Err(Breach::new(
                format!("body {}", error.instance_path()),
                "what the description says",
                error.to_string(),
            )),
            None => Ok(()),
        })
    }
}

static SNAPSHOTS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/snapshots");

/// Every documented call is answered as documented, as a whole.
///
/// # Errors
///
/// Without a sandbox that starts from the documented objects.
pub(crate) fn documented(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let examples = world.vendor.examples().expect("a test reads every example");
    let cases = examples.into_iter().map(|example| {
        let wanted = snapshot(world.vendor, &example);
        Case::new(example.name.clone())
            .documented_seed(world.vendor)
            .tested(
                "documented",
                request(&example.request),
                Expect::new(move |answer| same(&wanted, &canonical(answer))),
            )
    });
    Ok(Check::new().cases(cases))
}

/// The first line that differs says what is wrong.
fn same(wanted: &str, got: &str) -> Result<(), Breach> {
    if wanted == got {
        return Ok(());
    }
    let mut lines = wanted.lines().zip(got.lines()).enumerate();
    let differing = lines.find(|(_, (wanted, got))| wanted != got);
    let (number, (wanted, got)) = differing.unwrap_or((0, (wanted, got)));
    Err(Breach::new(
        format!("answer, line {}", number + 1),
        wanted,
        got,
    ))
}

/// What the snapshot of a documented answer says.
fn snapshot(vendor: Vendor, example: &Example) -> String {
    let file = format!("{}/{}.snap", vendor.name(), example.name.replace('/', "-"));
    let text = SNAPSHOTS
        .get_file(&file)
        .and_then(|file| file.contents_utf8())
        .unwrap_or_else(|| panic!("there is no snapshot {file}; a test makes it"));
    let (_, body) = text
        .strip_prefix("---\n")
        .and_then(|text| text.split_once("\n---\n"))
        .expect("snapshots have a header");
    body.trim_end().to_owned()
}

/// A documented request, as it is sent below a base URL.
fn request(message: &Message) -> Request {
    let (method, target) = message.start.split_once(' ').unwrap_or_default();
    let mut request = Request::new(method, target);
    for (name, value) in &message.headers {
        if !name.eq_ignore_ascii_case("host") {
            request = request.and_header(name, value.as_str());
        }
    }
    if message.body.is_empty() && method == "GET" {
        request
    } else {
        request.body(message.body)
    }
}

/// Headers that say nothing about the vendor.
const TRANSPORT: [&str; 6] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
];

/// An answer in a form in which equal ones are equal: headers by name, members by name, and ids and times replaced by
/// references, so that the same one twice is still seen to be the same.
fn canonical(answer: &Answer) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .map(|(name, value)| format!("{}: {value}", name.to_ascii_lowercase()))
        .filter(|line| {
            !TRANSPORT
                .iter()
                .any(|name| line.starts_with(&format!("{name}:")))
        })
        .collect();
    headers.sort();
    let body = match answer.json() {
        Some(body) => serde_json::to_string_pretty(&sorted(body)).expect("JSON is written"),
        None => answer.text().into_owned(),
    };
    let text = format!(
        "status: {}\n{}\n\n{body}",
        answer.status,
        headers.join("\n")
    );
    referenced(text.trim_end())
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members
                .into_iter()
                .map(|(name, value)| (name, sorted(value)))
                .collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn referenced(text: &str) -> String {
    static VOLATILE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?P<batch>A-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))",
        )
        .expect("the expression compiles")
    });
    let mut seen: Vec<(String, usize)> = Vec::new();
    VOLATILE
        .replace_all(text, |found: &Captures<'_>| {
            let kind = if found.name("batch").is_some() {
                "batch"
            } else {
                "time"
            };
            let known = seen.iter().find(|(text, _)| *text == found[0]);
            let number = if let Some((_, number)) = known {
                *number
            } else {
                let of_kind = |text: &str| text.starts_with("A-") == (kind == "batch");
                let number = seen.iter().filter(|(text, _)| of_kind(text)).count() + 1;
                seen.push((found[0].to_owned(), number));
                number
            };
            format!("<{kind}:{number}>")
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A documented answer, as it would come.
    fn answer(message: &Message) -> Answer {
        Answer {
            status: message.start.parse().unwrap(),
            reason: String::new(),
            interim: Vec::new(),
            headers: message.headers.clone(),
            body: message.body.to_vec(),
        }
    }

    #[test]
    fn every_documented_answer_has_its_snapshot() {
        for vendor in fixtures::VENDORS {
            for example in vendor.examples().unwrap() {
                insta::with_settings!({
                    snapshot_path => format!("../snapshots/{}", vendor.name()),
                    prepend_module_to_snapshot => false,
                    omit_expression => true,
                }, {
                    let text = canonical(&answer(&example.response));
                    insta::assert_snapshot!(example.name.replace('/', "-"), text);
                });
            }
        }
    }

    #[test]
    fn what_was_reviewed_is_what_the_program_carries() {
        for vendor in fixtures::VENDORS {
            for example in vendor.examples().unwrap() {
                let text = canonical(&answer(&example.response));
                assert_eq!(snapshot(vendor, &example), text, "{}", example.name);
            }
        }
    }

    #[test]
    fn references_keep_what_is_the_same() {
        let a = "A-91626505-9850-5a21-bbbc-ccd300ff8488";
        let b = "A-91626505-9850-5a21-bbbc-ccd300ff8489";
        let text = referenced(&format!(
            "{a} {b} {a} 2026-06-10T18:00:00Z 2026-06-10T18:00:01-07:00"
        ));
        assert_eq!(text, "<batch:1> <batch:2> <batch:1> <time:1> <time:2>");
    }

    #[test]
    fn every_description_compiles_and_speaks_of_its_examples() {
        for vendor in fixtures::VENDORS {
            let description = Description::of(vendor);
            for example in vendor.examples().unwrap() {
                let exchange = |answer| Exchange {
                    label: "documented".into(),
                    role: crate::exchange::Role::Tested,
                    party: crate::exchange::Party::Vendor,
                    request: request(&example.request),
                    answer: Ok(answer),
                };
                let Some(judged) = description.judge(&exchange(answer(&example.response))) else {
                    // A suffix that asks for a format is part of no described path, and no body is nothing described.
                    let suffix = example.request.start.contains(".xml");
                    let empty = answer(&example.response).body.is_empty();
                    assert!(suffix || empty, "{}", example.name);
                    continue;
                };
                assert_eq!(judged, Ok(()), "{}", example.name);
                let mut other = answer(&example.response);
                other.status = 299;
                let breach = description.judge(&exchange(other)).unwrap().unwrap_err();
                assert_eq!(breach.aspect, "status");
            }
        }
    }

    #[test]
    fn what_is_cut_short_is_not_well_formed() {
        let answer = |kind: &str, body: &str| Answer {
            status: 200,
            reason: String::new(),
            interim: Vec::new(),
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
        };
        assert!(
            is_well_formed(&answer("application/json", "{}"))
                .unwrap()
                .is_ok()
        );
        assert!(
            is_well_formed(&answer("application/json", "{"))
                .unwrap()
                .is_err()
        );
        assert!(
            is_well_formed(&answer("text/xml; charset=UTF-8", "<a/>"))
                .unwrap()
                .is_ok()
        );
        assert!(
            is_well_formed(&answer("text/xml; charset=UTF-8", "<a>"))
                .unwrap()
                .is_err()
        );
        assert!(is_well_formed(&answer("text/plain", "{")).is_none());
    }
}
