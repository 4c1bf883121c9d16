//! A secret that a server throws back in every spelling stands in no report and on no stream.

use std::fmt::Write as _;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use fixtures::{VENDORS, Vendor};
use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::TempDir;

use crate::control::{Answer, Control, answer};
use crate::program::{call, known};

/// What is hidden. Its last part has nothing to encode, so that it shows in most spellings of the whole.
const CANARY: &str = r#"a/b+c="d"&e%f\g <h>'Canary7xQ9zKw2"#;
const STEM: &str = "Canary7xQ9zKw2";
/// What browsers leave as it is in a query.
const QUERY: AsciiSet = CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'#');
/// What `encodeURIComponent` leaves as it is.
const COMPONENT: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The secret as servers write it.
fn spellings(user: &str) -> Vec<String> {
    let json = serde_json::Value::from(CANARY).to_string();
    let pair = format!("{user}:{CANARY}");
    vec![
        CANARY.to_owned(),
        CANARY.to_ascii_uppercase(),
        CANARY.to_ascii_lowercase(),
        json.trim_matches('"').to_owned(),
        // JSON in JSON, and JSON as PHP writes it.
        serde_json::Value::from(json.as_str()).to_string(),
        json.replace('/', r"\/"),
        utf8_percent_encode(CANARY, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(CANARY, NON_ALPHANUMERIC)
            .to_string()
            .to_lowercase(),
        utf8_percent_encode(CANARY, &COMPONENT).to_string(),
        utf8_percent_encode(CANARY, &QUERY).to_string(),
        form_urlencoded::byte_serialize(CANARY.as_bytes()).collect(),
        CANARY
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;"),
        STANDARD.encode(CANARY),
        STANDARD_NO_PAD.encode(CANARY),
        URL_SAFE.encode(CANARY),
        URL_SAFE_NO_PAD.encode(CANARY),
        STANDARD.encode(&pair),
        URL_SAFE_NO_PAD.encode(&pair),
    ]
}

/// Whether a text gives the secret away: by itself, or by a spelling of it without a letter of itself.
fn gives_away(text: &str, user: &str) -> Option<String> {
    if text.to_lowercase().contains(&STEM.to_lowercase()) {
        return Some(STEM.to_owned());
    }
    spellings(user)
        .into_iter()
        .chain([CANARY.chars().rev().collect()])
        .find(|spelling| text.contains(spelling.as_str()))
}

/// An answer of a status with all spellings in its headers and its body.
fn telling(status: u16, user: &str, authorization: Option<&HeaderValue>) -> Answer {
    let mut body = String::from("{\"error\":\"");
    for spelling in spellings(user) {
        let _ = write!(body, "{spelling}, ");
    }
    body.push_str("\"}");
    let mut answer = answer(status, "application/json", body);
    let headers = answer.headers_mut();
    for (number, spelling) in spellings(user).iter().enumerate() {
        let name = http::HeaderName::try_from(format!("x-told-{number}")).expect("it is a name");
        headers.insert(name, spelling.parse().expect("it is a value"));
    }
    if let Some(value) = authorization {
        headers.insert("X-Authorization", value.clone());
    }
    let asked = utf8_percent_encode(CANARY, NON_ALPHANUMERIC);
    let location = format!("/login?key={asked}");
    headers.insert("Location", location.parse().expect("it is a value"));
    answer
}

/// Variables with every secret replaced by the canary, the user, and the name of one of the secrets.
fn variables(vendor: Vendor) -> (Vec<(String, String)>, String) {
    let kinds = conformance::world::kinds(vendor);
    let secret = |name: &str| {
        let mut secrets = kinds.values().filter_map(|kind| kind.secret.as_deref());
        secrets.any(|secret| secret == name)
    };
    let variables = known(vendor)
        .into_iter()
        .map(|(name, value)| {
            let value = if secret(&name) {
                CANARY.to_owned()
            } else {
                value
            };
            (name, value)
        })
        .collect();
    let user = match vendor.name() {
        "comm100" => "username",
        "chase" => "api_key",
        _ => "account_sid",
    };
    (variables, kinds[user].sandbox.clone())
}

/// The text of a target file with the secrets in it as they are.
fn target_file(vendor: Vendor, base_url: &str) -> String {
    let mut text = format!(
        "access = \"write\"\n[{}]\nbase_url = \"{base_url}\"\n",
        vendor.name()
    );
    for (name, kind) in conformance::world::kinds(vendor) {
        let value = match kind.secret {
            Some(_) => CANARY,
            None => &kind.sandbox,
        };
        let _ = writeln!(text, "{name} = {}", toml::Value::from(value));
    }
    text
}

/// Runs at a server that tells, and looks through everything that is written.
fn look(vendor: Vendor, status: impl Fn(usize) -> u16 + Send + Sync + 'static, by_file: bool) {
    let (variables, user) = variables(vendor);
    let told = user.clone();
    let number = std::sync::atomic::AtomicUsize::new(0);
    let server = Control::start(move |parts, _| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let authorization = parts.headers.get("Authorization");
        Some(telling(status(number), &told, authorization))
    });
    let folder = TempDir::new().expect("there is room");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut run = call("run --cases 1 --timeout 5 --jobs 16 --report human --report github");
    for form in ["json", "junit", "html", "md"] {
        let file = path(&format!("report.{form}"));
        run = run.and("--report").argument(format!("{form}={file}"));
    }
    if by_file {
        let target = path("target.toml");
        fs::write(&target, target_file(vendor, &server.url())).expect("there is room");
        run = run.and("--target").argument(target);
    } else {
        run = run.and("--access write --base-url").argument(server.url());
        run = run.and("--vendor").argument(vendor.name());
        for (name, value) in &variables {
            run = run.variable(name, value);
        }
    }
    let ended = run.run();
    let mut written = vec![
        ("stdout", ended.stdout.clone()),
        ("stderr", ended.stderr.clone()),
    ];
    for form in ["json", "junit", "html", "md"] {
        let text = fs::read_to_string(path(&format!("report.{form}"))).unwrap_or_default();
        written.push((form, text));
    }
    let begun = !written[2].1.is_empty();
    assert_eq!(begun, ended.code != 5, "{ended:?}");
    for (place, text) in &written {
        if let Some(spelling) = gives_away(text, &user) {
            let line = text
                .lines()
                .find(|line| line.to_lowercase().contains(&spelling.to_lowercase()));
            let line: String = line.unwrap_or_default().chars().take(3000).collect();
            panic!("{} {place} has {spelling}:\n{line}", vendor.name());
        }
    }
    // It was seen, and a name stands for it.
    assert!(!begun || written[2].1.contains("\"$"), "{ended:?}");
}

#[test]
fn a_secret_of_the_environment_is_hidden() {
    for vendor in VENDORS {
        look(vendor, |_| 200, false);
    }
}

#[test]
fn a_secret_of_a_target_file_is_hidden() {
    for vendor in VENDORS {
        look(vendor, |_| 400, true);
    }
}

#[test]
fn a_secret_in_redirects_is_hidden() {
    for vendor in VENDORS {
        look(vendor, |_| 302, false);
    }
}

#[test]
fn a_secret_in_a_refusal_of_the_credentials_is_hidden() {
    for vendor in VENDORS {
        look(vendor, |_| 401, true);
        look(vendor, |number| if number == 0 { 200 } else { 401 }, false);
    }
}

#[test]
fn a_secret_in_errors_is_hidden() {
    for vendor in VENDORS {
        look(vendor, |_| 500, false);
    }
}
