//! Answers as FastAPI on Uvicorn writes them.
//!
//! Section 6 and `CHS-HTP-12` to `CHS-HTP-16` of the dossier.

use http::header::{CONNECTION, CONTENT_TYPE, LOCATION, SERVER};
use http::{HeaderName, HeaderValue, StatusCode, Version};
use jiff::Timestamp;

use super::echo;
use crate::engine::{Answer, Parts, answer};

/// What every answer to one call has in common.
pub(super) struct Answers<'a> {
    parts: &'a Parts<'a>,
    now: Timestamp,
}

impl<'a> Answers<'a> {
    /// Answers to a call, given at `now`.
    pub(super) fn to(parts: &'a Parts<'a>, now: Timestamp) -> Self {
        Self { parts, now }
    }

    /// JSON, given as text.
    ///
    /// Rules: chase.http.compact_json.
    pub(super) fn json(&self, status: StatusCode, body: String) -> Answer {
        self.with(status, None, Some("application/json"), body)
    }

    /// What the framework says in one sentence.
    pub(super) fn detail(&self, status: StatusCode, detail: &str) -> Answer {
        self.json(status, detail_body(detail))
    }

    /// The same, with a header that belongs to it.
    pub(super) fn detail_with(
        &self,
        status: StatusCode,
        header: (HeaderName, HeaderValue),
        detail: &str,
    ) -> Answer {
        self.with(
            status,
            Some(header),
            Some("application/json"),
            detail_body(detail),
        )
    }

    /// No content.
    pub(super) fn empty(&self, status: StatusCode) -> Answer {
        self.with(status, None, None, String::new())
    }

    /// The same call is to be made elsewhere.
    pub(super) fn redirect(&self, location: HeaderValue) -> Answer {
        let mut answer = self.uvicorn(StatusCode::TEMPORARY_REDIRECT, None, None, String::new());
        answer.headers_mut().insert(LOCATION, location);
        self.closing(answer)
    }

    /// The framework failed.
    pub(super) fn internal_server_error(&self) -> Answer {
        let body = "Internal Server Error".to_owned();
        self.with(
            StatusCode::INTERNAL_SERVER_ERROR,
            None,
            Some(PLAIN_TEXT),
            body,
        )
    }

    fn with(
        &self,
        status: StatusCode,
        header: Option<(HeaderName, HeaderValue)>,
        content_type: Option<&'static str>,
        body: String,
    ) -> Answer {
        self.closing(self.uvicorn(status, header, content_type, body))
    }

    /// Rules: chase.http.header_order, chase.http.server_header, chase.http.reason_phrases.
    fn uvicorn(
        &self,
        status: StatusCode,
        header: Option<(HeaderName, HeaderValue)>,
        content_type: Option<&'static str>,
        body: String,
    ) -> Answer {
        let server = (SERVER, HeaderValue::from_static("uvicorn"));
        match header {
            Some(header) => answer(status, self.now, &[server, header], content_type, body),
            None => answer(status, self.now, &[server], content_type, body),
        }
    }

    /// Says so if the connection ends with this answer.
    ///
    /// Rules: chase.http.connection_closed, chase.http.connection_kept.
    fn closing(&self, mut answer: Answer) -> Answer {
        let asked = || {
            let values = self
                .parts
                .headers
                .get_all(CONNECTION)
                .iter()
                .filter_map(|value| value.to_str().ok());
            values
                .flat_map(|value| value.split(','))
                .any(|token| token.trim().eq_ignore_ascii_case("close"))
        };
        if self.parts.version == Version::HTTP_10
            || self.parts.version == Version::HTTP_11 && asked()
        {
            answer
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}

/// What Uvicorn answers by itself to what is no HTTP: without a date, a server or a length.
pub(super) fn invalid_http() -> Answer {
    let mut answer = Answer::new("Invalid HTTP request received.".into());
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PLAIN_TEXT));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

fn detail_body(detail: &str) -> String {
    let mut body = String::with_capacity(13 + detail.len());
    body.push_str("{\"detail\":");
    echo::text(&mut body, detail);
    body.push('}');
    body
}
