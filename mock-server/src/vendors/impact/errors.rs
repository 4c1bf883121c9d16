//! Page "Status Codes & Errors": the three bodies that errors have, and one answer for each status.

use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;

use crate::engine::{self, Answer};

use super::responses::{Reply, Writer};

/// 401: who asks is unknown.
///
/// Rules: impact.errors.unauthorized_body, impact.errors.auth_always_json, impact.auth.challenge.
pub(super) fn unauthorized(now: Timestamp) -> Answer {
    let challenge = (
        WWW_AUTHENTICATE,
        HeaderValue::from_static("Basic realm=\"impact.com\""),
    );
    let body = r#"{"status":401,"title":"Unauthorized"}"#;
    engine::answer(
        StatusCode::UNAUTHORIZED,
        now,
        &[challenge],
        Some("application/json"),
        body,
    )
}

/// 403: who asks is known, and may not.
///
/// Rules: impact.errors.denied_body, impact.errors.auth_always_json.
pub(super) fn denied(reply: &Reply) -> Answer {
    let body = r#"{"status":403,"title":"Access Denied"}"#;
    engine::answer(
        StatusCode::FORBIDDEN,
        reply.now,
        &reply.leading,
        Some("application/json"),
        body,
    )
}

/// 400 of a conversion: every bad field, with what is wrong.
///
/// Rules: impact.errors.conversion_body, impact.formats.xml_findings.
pub(super) fn conversion(reply: &Reply, errors: &[Finding]) -> Answer {
    reply.plain(StatusCode::BAD_REQUEST, |writer| {
        writer.member("Status", "ERROR");
        findings(writer, "errors", "error", "ERROR", errors);
    })
}

/// What is said about one field of a conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The field's name; empty if the body as a whole is meant.
    pub(super) field: String,
    /// What is wrong with it.
    pub(super) message: String,
}

/// Errors, or warnings: they look alike.
pub(super) fn findings(
    writer: &mut Writer,
    name: &'static str,
    element: &'static str,
    level: &str,
    findings: &[Finding],
) {
    writer.list(name, element, None, findings.iter(), |writer, finding| {
        writer.member("field", &finding.field);
        writer.member("level", level);
        writer.member("message", &finding.message);
    });
}

/// 400 of everything else: one bad parameter.
pub(super) fn field(reply: &Reply, field: &str, message: &str) -> Answer {
    envelope(
        reply,
        StatusCode::BAD_REQUEST,
        "Validation Failed",
        Some((field, message)),
    )
}

/// 400 of a call that cannot be read at all.
pub(super) fn bad_request(reply: &Reply) -> Answer {
    envelope(reply, StatusCode::BAD_REQUEST, "Bad Request", None)
}

/// 404: neither the path nor the resource exists.
pub(super) fn not_found(reply: &Reply) -> Answer {
    envelope(
        reply,
        StatusCode::NOT_FOUND,
        "The requested resource was not found",
        None,
    )
}

/// 405: the path exists, but not with that method.
///
/// Rules: impact.requests.allow.
pub(super) fn method_not_allowed(reply: &Reply, allowed: &Method) -> Answer {
    let mut reply = reply.clone();
    reply.leading.push((
        ALLOW,
        HeaderValue::from_str(allowed.as_str()).expect("a method is a token"),
    ));
    envelope(
        &reply,
        StatusCode::METHOD_NOT_ALLOWED,
        "Method Not Allowed",
        None,
    )
}

/// 413: the body is longer than the limit.
pub(super) fn too_large(reply: &Reply) -> Answer {
    envelope(
        reply,
        StatusCode::PAYLOAD_TOO_LARGE,
        "Payload Too Large",
        None,
    )
}

/// 415: the body is neither a form nor JSON.
pub(super) fn unsupported_media_type(reply: &Reply) -> Answer {
    envelope(
        reply,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Unsupported Media Type",
        None,
    )
}

/// 429: the hour's requests are used up.
///
/// Rules: impact.limits.retry_after, impact.errors.envelope.
pub(super) fn too_many_requests(reply: &Reply, seconds: u64) -> Answer {
    let mut reply = reply.clone();
    reply
        .leading
        .push((RETRY_AFTER, HeaderValue::from(seconds)));
    envelope(
        &reply,
        StatusCode::TOO_MANY_REQUESTS,
        "Too Many Requests",
        None,
    )
}

/// 402, and 500 and above: no body is published, so it is the one of all others.
pub(super) fn failed(reply: &Reply, status: StatusCode) -> Answer {
    let message = status.canonical_reason().unwrap_or("Error");
    envelope(reply, status, message, None)
}

/// The body of all errors but those of conversions and credentials. Details are there only if there are any.
///
/// Rules: impact.errors.envelope, impact.errors.envelope_without_details, impact.errors.envelope_xml.
fn envelope(
    reply: &Reply,
    status: StatusCode,
    message: &str,
    detail: Option<(&str, &str)>,
) -> Answer {
    reply.plain(status, |writer| {
        writer.member("Status", "ERROR");
        writer.member("Message", message);
        if detail.is_some() {
            writer.list(
                "Errors",
                "Error",
                None,
                detail.into_iter(),
                |writer, (field, message)| {
                    writer.member("Field", field);
                    writer.member("Message", message);
                },
            );
        }
    })
}
