//! `mock-server env`: the variables that lead a client to a running server.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value};

use crate::flags::{Env, Format};

/// How long the server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks the server, and writes the variables down.
///
/// # Errors
///
/// When nothing answers there, what answers is no mock-server, or a value does not fit the format.
pub fn env(wanted: &Env) -> anyhow::Result<String> {
    let url = wanted.url.trim_end_matches('/');
    let admin_url = match url.strip_suffix("/__admin") {
        Some(_) => url.to_owned(),
        None => format!("{url}/__admin"),
    };
    let sandbox = ask(&admin_url, wanted.admin_token.as_deref())?;
    let (Some(base_url), Some(vendors)) =
        (sandbox["base_url"].as_str(), sandbox["vendors"].as_object())
    else {
        bail!("{admin_url}: what answers is no mock-server");
    };
    written(
        &variables(base_url, &admin_url, wanted.admin_token.as_deref(), vendors),
        wanted.format,
    )
}

fn ask(admin_url: &str, token: Option<&str>) -> anyhow::Result<Value> {
    let url = format!("{admin_url}/sandboxes/default");
    let mut request = ureq::get(&url)
        .config()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .build();
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let mut answer = request.call().with_context(|| {
        format!("cannot ask {admin_url}; start a server, or name its base URL: mock-server env URL")
    })?;
    let body = answer.body_mut().read_to_string().unwrap_or_default();
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let status = answer.status().as_u16();
    ensure!(
        status != 401,
        "{admin_url} wants a token: give it with --admin-token TOKEN"
    );
    let hint = body["hint"].as_str().unwrap_or("is it a mock-server?");
    ensure!(status == 200, "{admin_url} answers {status}: {hint}");
    Ok(body)
}

/// The variables of credentials, whether or not a seed has them.
pub const CREDENTIALS: [&str; 6] = [
    "COMM100_USERNAME",
    "COMM100_PASSWORD",
    "CHASE_API_KEY",
    "IMPACT_ACCOUNT_SID",
    "IMPACT_AUTH_TOKEN",
    "IMPACT_MEDIA_PARTNER_ID",
];

/// Names and values, in the order of the documentation. `vendors` is what a sandbox says of each: its base URL and its
/// credentials.
pub fn variables(
    base_url: &str,
    admin_url: &str,
    admin_token: Option<&str>,
    vendors: &Map<String, Value>,
) -> Vec<(String, String)> {
    let server = [
        ("MOCK_URL", Some(base_url)),
        ("MOCK_ADMIN_URL", Some(admin_url)),
        ("MOCK_ADMIN_TOKEN", admin_token),
    ];
    let server = server
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    let members = vendors.iter().flat_map(|(vendor, members)| {
        let members = members.as_object().into_iter().flatten();
        members.map(move |(member, value)| {
            let name = format!("{vendor}_{member}").to_ascii_uppercase();
            (name, text(value))
        })
    });
    server.chain(members).collect()
}

/// A value as text: without quotes if it is one.
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn written(variables: &[(String, String)], format: Format) -> anyhow::Result<String> {
    if format == Format::Json {
        let members: Map<String, Value> = variables
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        return Ok(format!("{:#}\n", Value::Object(members)));
    }
    let lines = variables.iter().map(|(name, value)| {
        ensure!(
            format == Format::Shell || !value.contains(['\n', '\r']),
            "{name} has a line break, which this format cannot hold: take --format json"
        );
        Ok(match format {
            Format::Shell => format!("export {name}={}\n", quoted(value)),
            Format::Dotenv => format!("{name}={}\n", dotenv_quoted(value)),
            Format::Github | Format::Json => format!("{name}={value}\n"),
        })
    });
    lines.collect()
}

/// Quoted for a shell, whatever it is.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// Quoted for those who read `.env` files, if it must be: not all of them know quotes. Those that do agree that single
/// quotes hold everything but themselves.
fn dotenv_quoted(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@%+,=".contains(&byte);
    if value.bytes().all(is_plain) {
        return value.to_owned();
    }
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    let mut quoted = value.replace('\\', r"\\").replace('"', "\\\"");
    quoted = quoted.replace('$', r"\$").replace('`', r"\`");
    format!("\"{quoted}\"")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(value: &str, format: Format) -> anyhow::Result<String> {
        written(&[("NAME".to_owned(), value.to_owned())], format)
    }

    #[test]
    fn variables_are_named_for_vendor_and_member() {
        let vendors = json!({
            "chase": {"base_url": "http://a/chase", "api_key": "key"},
            "impact": {"media_partner_id": 7},
        });
        let vendors = vendors.as_object().unwrap();
        let found = variables("http://a", "http://b/__admin", None, vendors);
        let wanted = [
            ("MOCK_URL", "http://a"),
            ("MOCK_ADMIN_URL", "http://b/__admin"),
            ("CHASE_BASE_URL", "http://a/chase"),
            ("CHASE_API_KEY", "key"),
            ("IMPACT_MEDIA_PARTNER_ID", "7"),
        ];
        let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found, wanted);
        let found = variables("http://a", "http://b/__admin", Some("open"), vendors);
        assert_eq!(found[2], ("MOCK_ADMIN_TOKEN".to_owned(), "open".to_owned()));
    }

    #[test]
    fn a_shell_reads_back_whatever_is_exported() {
        for value in [
            "plain",
            "",
            "it's",
            "'; echo gone; '",
            "$(echo gone) `echo gone` $HOME \"x\" \\ ! * ~ #",
            "two\nlines",
        ] {
            let script = one(value, Format::Shell).unwrap() + "printf %s \"$NAME\"";
            let output = std::process::Command::new("sh")
                .args(["-c", &script])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
        }
    }

    #[test]
    fn files_hold_one_line_a_variable() {
        assert_eq!(
            one("http://a:1/b", Format::Dotenv).unwrap(),
            "NAME=http://a:1/b\n"
        );
        assert_eq!(one("a b", Format::Dotenv).unwrap(), "NAME='a b'\n");
        assert_eq!(
            one(r#"it's $5 "\"#, Format::Dotenv).unwrap(),
            "NAME=\"it's \\$5 \\\"\\\\\"\n"
        );
        assert_eq!(one("a 'b'", Format::Github).unwrap(), "NAME=a 'b'\n");
        let json = one("two\nlines", Format::Json).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json, json!({"NAME": "two\nlines"}));
        // A second line would be another variable.
        for format in [Format::Dotenv, Format::Github] {
            for value in ["two\nPATH=lines", "two\rlines"] {
                let refused = one(value, format).unwrap_err().to_string();
                assert!(refused.contains("NAME has a line break"), "{refused}");
            }
        }
    }
}
