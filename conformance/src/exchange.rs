//! Exchanges: a request, its answer, and the transcript of a case. Data only; nothing here sends.

use std::borrow::Cow;
use std::rc::Rc;

use http::Method;
use serde_json::Value;

use crate::secret::Secret;
use fixtures::Needs;

/// A request below a vendor's base URL, or below the admin API of the rule's sandbox.
#[derive(Clone)]
pub struct Request {
    /// The method as sent.
    pub method: String,
    /// Path and query below the base URL, as sent: it begins with a slash.
    pub target: String,
    /// Headers in order. `Host`, `User-Agent` and the length are added when it is sent.
    pub headers: Vec<(String, String)>,
    /// Who asks. Sent before the other headers.
    pub credentials: Option<Credentials>,
    /// The body; `None` is no body at all, without a length.
    pub body: Option<Vec<u8>>,
    /// The `Host` headers in place of the usual one.
    pub hosts: Option<Vec<String>>,
    /// Bytes that follow the head verbatim, announced as chunked: for framing that no client would send.
    pub chunks: Option<Vec<u8>>,
    /// Whether it goes over HTTP/1.0.
    pub http_10: bool,
    /// Whether it is sent twice over one connection; the second answer counts.
    pub twice: bool,
    /// Whether it can only be refused, so that sending it changes nothing whatever the method.
    pub probe: bool,
}

/// Who asks.
#[derive(Clone)]
pub enum Credentials {
    /// HTTP Basic.
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A key in a header.
    Key {
        /// The header's name.
        header: &'static str,
        /// The key.
        key: Secret,
    },
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            credentials: None,
            body: None,
            hosts: None,
            chunks: None,
            http_10: false,
            twice: false,
            probe: false,
        }
    }

    /// `GET`.
    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// `POST`, with an empty body until it gets one.
    pub fn post(target: impl Into<String>) -> Self {
        Self {
            body: Some(Vec::new()),
            ..Self::new("POST", target)
        }
    }

    /// The same with another method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// The same to another target.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// The same with text at the end of its target: a suffix, or `?query`.
    #[must_use]
    pub fn target_and(mut self, text: &str) -> Self {
        self.target.push_str(text);
        self
    }

    /// The same with one more header; one of that name stays.
    #[must_use]
    pub fn and_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with this header in place of any of that name.
    #[must_use]
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        self.without_header(name).and_header(name, value)
    }

    /// The same without headers of that name.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    /// The same, asked by somebody.
    #[must_use]
    pub fn by(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The same, asked by nobody.
    #[must_use]
    pub fn by_nobody(mut self) -> Self {
        self.credentials = None;
        self
    }

    /// The same with these bytes as its body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The same without a body.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.body = None;
        self
    }

    /// The same with a form as its body, and its content type.
    #[must_use]
    pub fn form(self, form: &Form) -> Self {
        self.header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.encoded())
    }

    /// The same with JSON as its body, and its content type.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json")
            .body(body.to_string())
    }

    /// The same with these `Host` headers in place of the usual one.
    #[must_use]
    pub fn hosts(mut self, hosts: &[&str]) -> Self {
        self.hosts = Some(hosts.iter().map(|host| (*host).to_owned()).collect());
        self
    }

    /// The same with these bytes after the head, announced as chunked.
    #[must_use]
    pub fn chunks(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.chunks = Some(bytes.into());
        self.body = None;
        self
    }

    /// The same over HTTP/1.0, without a `Host` unless it names some.
    #[must_use]
    pub fn http_10(mut self) -> Self {
        self.http_10 = true;
        self.hosts.get_or_insert_default();
        self
    }

    /// The same once more over the connection that answered it.
    #[must_use]
    pub fn twice(mut self) -> Self {
        self.twice = true;
        self
    }

    /// How many requests it is to whoever counts them.
    pub fn calls(&self) -> u32 {
        if self.twice { 2 } else { 1 }
    }

    /// The same, known to be refused by whoever checks credentials or paths first.
    #[must_use]
    pub fn probe(mut self) -> Self {
        self.probe = true;
        self
    }

    /// The access that sending it takes.
    pub fn needs(&self) -> Needs {
        if self.probe {
            Needs::Probe
        } else if Method::from_bytes(self.method.as_bytes()).is_ok_and(|method| method.is_safe()) {
            Needs::Read
        } else {
            Needs::Write
        }
    }
}

/// A form: pairs in order, duplicates kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(pub Vec<(String, String)>);

impl Form {
    /// The same with this value in place of the first of that name, and no other of it; at the end if there is none.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        let place = self.0.iter().position(|(other, _)| other == name);
        self.0.retain({
            let mut seen = false;
            move |(other, _)| other != name || !std::mem::replace(&mut seen, true)
        });
        match place {
            Some(place) => self.0[place].1 = value.into(),
            None => self.0.push((name.to_owned(), value.into())),
        }
        self
    }

    /// The same with one more pair at its end.
    #[must_use]
    pub fn and(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// The same without pairs of that name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    /// The first value of that name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// As it is sent.
    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What stands behind the status.
    pub reason: String,
    /// The statuses of interim answers in front of it, to a call that waits for one.
    pub interim: Vec<u16>,
    /// Headers in order, names in lower case; bytes that are no UTF-8 replaced.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name, whatever its letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// All headers of that name.
    pub fn headers_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What stands at a JSON pointer of the body.
    pub fn at(&self, pointer: &str) -> Option<Value> {
        self.json()?.pointer(pointer).cloned()
    }

    /// The text at a JSON pointer of the body.
    pub fn text_at(&self, pointer: &str) -> Option<String> {
        self.at(pointer)?.as_str().map(ToOwned::to_owned)
    }
}

/// What an exchange is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Leads up to what is tested; must go well.
    Setup,
    /// The same request as the tested one with only the tested defect repaired; must be accepted.
    Twin,
    /// What the rule is about.
    Tested,
}

impl Role {
    /// As it stands in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Twin => "twin",
            Self::Tested => "tested",
        }
    }
}

/// Whom a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The vendor's API.
    Vendor,
    /// The admin API of the rule's sandbox.
    Admin,
}

/// One request and what came of it.
#[derive(Clone)]
pub struct Exchange {
    /// What the case calls it.
    pub label: Rc<str>,
    /// What it is for.
    pub role: Role,
    /// Whom it went to.
    pub party: Party,
    /// What was sent.
    pub request: Request,
    /// What came back, or why nothing did.
    pub answer: Result<Answer, String>,
}

/// The exchanges of one case, in order.
#[derive(Clone, Default)]
pub struct Transcript(pub Vec<Exchange>);

impl Transcript {
    /// The answer to the last request of that label that was answered.
    pub fn find(&self, label: &str) -> Option<&Answer> {
        self.0
            .iter()
            .rev()
            .find(|exchange| &*exchange.label == label)?
            .answer
            .as_ref()
            .ok()
    }

    /// The same, where a case knows that it is there.
    ///
    /// # Panics
    ///
    /// When the case has no such step: a mistake of the case, reported as an error.
    pub fn answer(&self, label: &str) -> &Answer {
        self.find(label)
            .unwrap_or_else(|| panic!("no step {label:?} was answered"))
    }

    /// The text at a JSON pointer of an earlier answer, for building the next request from.
    ///
    /// # Errors
    ///
    /// What is missing, for people.
    pub fn text_at(&self, label: &str, pointer: &str) -> Result<String, String> {
        self.find(label)
            .and_then(|answer| answer.text_at(pointer))
            .ok_or_else(|| format!("the answer to `{label}` has no text at {pointer}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_its_order() {
        let form = Form::default().and("a", "1").and("b", "2").and("a", "3");
        assert_eq!(form.clone().set("a", "4").encoded(), "a=4&b=2");
        assert_eq!(form.clone().set("b", "x y").encoded(), "a=1&b=x+y&a=3");
        assert_eq!(form.clone().set("c", "&").encoded(), "a=1&b=2&a=3&c=%26");
        assert_eq!(form.without("a").encoded(), "b=2");
    }

    #[test]
    fn what_sending_takes() {
        assert_eq!(Request::get("/").needs(), Needs::Read);
        assert_eq!(Request::post("/").needs(), Needs::Write);
        assert_eq!(Request::post("/").probe().needs(), Needs::Probe);
        assert_eq!(Request::new("M-SEARCH", "/").needs(), Needs::Write);
    }
}
