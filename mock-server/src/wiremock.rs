//! The vendors as a [`wiremock::Respond`], for people who already have a [`wiremock::MockServer`]. An edge like
//! [`crate::serve`], and less exact: wiremock parses what was sent before it is seen here, and writes what is answered.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use wiremock::{Request, Respond, ResponseTemplate};

use crate::admin::Problem;
use crate::engine::{Answer, Delivery};
use crate::in_process::{Caller, MockSandbox};

/// Answers calls to a `wiremock::MockServer` as the vendors would, in one sandbox. Mount it with a matcher that lets all
/// calls through that the vendor should see: `Mock::given(wiremock::matchers::any())`.
///
/// Keep its [`MockSandbox`]: without it calls are still answered, but nobody can look at them.
///
/// What it cannot do:
///
/// - It sees a URL that is normalised (`/x/../y` arrives as `/y`), and header names and their order as wiremock writes
///   them. Broken bodies and what is not valid HTTP it does not see at all.
/// - It cannot break connections, and send nothing in pieces. Where a fault demands that, it answers 501 with a problem
///   (RFC 9457) that says so. What the fault did to the vendor's state stays done. A delay is kept.
pub struct Responder {
    caller: Caller,
}

impl MockSandbox {
    /// Its vendors, for a `wiremock::MockServer`.
    pub fn responder(&self) -> Responder {
        Responder {
            caller: self.caller(),
        }
    }
}

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let answered = translated(request).map(|request| self.caller.call(request));
        match answered {
            Ok(Ok(answer)) => template(&answer),
            Ok(Err(error)) => template(&cannot(&error.to_string()).answer()),
            Err(error) => template(&unreadable(&error).answer()),
        }
    }
}

fn translated(request: &Request) -> http::Result<http::Request<Bytes>> {
    let url = &request.url;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut translated = http::Request::builder()
        .method(request.method.clone())
        .uri(target)
        .body(Bytes::copy_from_slice(&request.body))?;
    *translated.headers_mut() = request.headers.clone();
    Ok(translated)
}

fn template(answer: &Answer) -> ResponseTemplate {
    let delivery: Delivery = answer.extensions().get().copied().unwrap_or_default();
    if delivery.pace.is_some() {
        return template(&cannot("the body comes in pieces").answer());
    }
    let template = ResponseTemplate::new(answer.status())
        .set_body_bytes(answer.body().to_vec())
        .set_delay(Duration::from_millis(delivery.delay_ms));
    answer
        .headers()
        .iter()
        .fold(template, |template, (name, value)| {
            template.append_header(name, value)
        })
}

fn cannot(what: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "no-connection",
        "wiremock cannot do what the fault demands",
    )
    .detail(format!("as the fault has it, {what}"))
    .hint("use MockServer, which has a socket of its own, or MockSandbox::call")
}

fn unreadable(error: &http::Error) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-target",
        "The target cannot be read",
    )
    .detail(error.to_string())
}
