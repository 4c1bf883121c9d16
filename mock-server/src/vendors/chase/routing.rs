//! Which calls reach the operation: valid HTTP, the documented path, POST.
//!
//! Section 9 of the dossier. None of this looks at the key or the body.

use std::net::Ipv6Addr;

use fixtures::rule;
use http::header::{ALLOW, HOST};
use http::{HeaderValue, Method, StatusCode, Version};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::answers::{self, Answers};
use crate::engine::{Parts, Refusal, ensure};

const PATH: &str = "/api/v2/conversions";

/// Turns down what does not reach the operation.
///
/// Rules: chase.route.before_key_and_body, chase.route.query_ignored, chase.http.ignored_headers,
/// chase.route.no_cors.
pub(super) fn find(parts: &Parts<'_>, answers: &Answers<'_>) -> Result<(), Refusal> {
    ensure(is_valid(parts), || {
        let why =
            "the call has no Host, several of them, or a target with characters that no target has";
        Refusal::new(rule("chase.http.malformed"), why, answers::invalid_http())
    })?;

    if parts.path != PATH {
        let path = percent_decode_str(parts.path).decode_utf8_lossy();
        let bare = path.trim_end_matches('/');
        let known = is_known(bare);
        ensure(!known || bare.len() == path.len(), || {
            let why = "the path has a slash at its end; the documented one has none";
            Refusal::new(
                rule("chase.route.trailing_slash"),
                why,
                answers.redirect(location(parts, bare)),
            )
        })?;
        ensure(known, || {
            let why = "the path is not the documented one, /api/v2/conversions";
            let answer = answers.detail(StatusCode::NOT_FOUND, "Not Found");
            Refusal::new(rule("chase.route.unknown_path"), why, answer)
        })?;
    }

    ensure(parts.method == Method::POST, || {
        let allow = (ALLOW, HeaderValue::from_static("POST"));
        let answer =
            answers.detail_with(StatusCode::METHOD_NOT_ALLOWED, allow, "Method Not Allowed");
        Refusal::new(
            rule("chase.route.post_only"),
            "the documented method is POST",
            answer,
        )
    })
}

/// Whether h11 takes the call for HTTP, as far as it has come here.
fn is_valid(parts: &Parts<'_>) -> bool {
    let hosts = parts.headers.get_all(HOST).iter().count();
    let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    (hosts == 1 || hosts == 0 && parts.version != Version::HTTP_11)
        && visible(parts.path)
        && parts.query.is_none_or(visible)
}

/// Whether a decoded path is the operation's. The one line feed is what `$` allows at the end of a regular expression.
///
/// Rules: chase.route.decoded_path, chase.route.exact_path, chase.route.no_description_pages.
fn is_known(path: &str) -> bool {
    path.strip_suffix('\n').unwrap_or(path) == PATH
}

/// Where the call should have gone: the same place without the slashes.
///
/// Rules: chase.route.location_host, chase.route.location_query, chase.route.location_scheme.
fn location(parts: &Parts<'_>, path: &str) -> HeaderValue {
    /// What Python's `quote` escapes under the framework's list of exceptions.
    const QUOTED: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');

    let scheme = if parts.secure { "https" } else { "http" };
    let named = parts
        .header(HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| is_host(host));
    let host = named.unwrap_or(parts.local);
    let mark = if parts.query.is_some_and(|query| !query.is_empty()) {
        "?"
    } else {
        ""
    };
    let place = format!(
        "{}{path}{mark}{}",
        parts.prefix,
        parts.query.unwrap_or_default()
    );
    HeaderValue::try_from(format!(
        "{scheme}://{host}{}",
        utf8_percent_encode(&place, QUOTED)
    ))
    .expect("whatever a header cannot hold is escaped")
}

/// Whether a `Host` header is a host with or without a port. Any other counts as none.
fn is_host(text: &str) -> bool {
    let colon = text
        .rfind(':')
        .filter(|colon| !text[*colon..].contains(']'));
    let (host, port) = colon.map_or((text, None), |colon| {
        (&text[..colon], Some(&text[colon + 1..]))
    });
    let is_port = |port: &str| {
        let digits = port.trim_start_matches('0');
        !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && (digits.is_empty() || digits.parse::<u16>().is_ok())
    };
    let is_name = |name: &str| {
        let in_names =
            |byte: u8| byte.is_ascii_alphanumeric() || b"._~%!$&'()*+,;=-".contains(&byte);
        !name.is_empty() && name.bytes().all(in_names)
    };
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    port.is_none_or(is_port)
        && address.map_or_else(
            || is_name(host),
            |address| address.parse::<Ipv6Addr>().is_ok(),
        )
}
