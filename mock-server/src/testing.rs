//! What the tests of all three engines share: calls, a bench to make them on, and what holds of every answer.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock, Mutex};

use fixtures::Message;
use http::header::{AsHeaderName, CONTENT_TYPE, IntoHeaderName};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use jiff::Timestamp;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::document;
use crate::engine::{Answer, Body, Head, Outcome, Parts, Request, Usage, Vendor};

/// A vendor whose engine is tested, and what its description leaves to be known.
pub(crate) trait Tested: Vendor<Event: Debug> {
    /// When a bench begins.
    const BEGIN: &'static str;
    /// The headers, in lower case, that `openapi.json` need not describe.
    const PLAIN_HEADERS: &'static [&'static str] = &["date", "content-length", "content-type"];

    /// Where `openapi.json` describes an answer that belongs to no route.
    fn unrouted(status: u16) -> String;

    /// Whether two events are the same.
    fn same(one: &Self::Event, other: &Self::Event) -> bool {
        format!("{one:?}") == format!("{other:?}")
    }

    /// What an answer says, and the content type under which that is described; `None` if it says nothing.
    fn said(
        _bench: &Bench<Self>,
        _call: &Call<Self::Event>,
        answer: &Answer,
    ) -> Option<(String, Value)> {
        let body = serde_json::from_slice(answer.body()).unwrap();
        let media_type = answer.headers()[CONTENT_TYPE].to_str().unwrap();
        Some((media_type.to_owned(), body))
    }
}

/// The vendor's folder.
pub(crate) fn fixture<V: Vendor>() -> fixtures::Vendor {
    fixtures::vendor(V::NAME).unwrap()
}

/// `openapi.json`.
pub(crate) fn openapi<V: Vendor>() -> Value {
    serde_json::from_str(fixture::<V>().openapi()).unwrap()
}

/// One sandbox of one vendor, and its clock.
pub(crate) struct Bench<V: Vendor> {
    pub(crate) state: V::State,
    pub(crate) usage: Usage,
    pub(crate) now: Timestamp,
}

impl<V: Tested> Bench<V> {
    /// As the vendor's pages show it.
    pub(crate) fn documented() -> Self {
        Self::new(toml::from_str(fixture::<V>().seed()).unwrap())
    }

    /// With everything that checks need.
    pub(crate) fn conformance() -> Self {
        Self::changed(&json!({}))
    }

    /// The same, with members changed; below the vendor's table.
    pub(crate) fn changed(members: &Value) -> Self {
        let mut document: Value = toml::from_str(fixture::<V>().seed()).unwrap();
        let more = toml::from_str(fixture::<V>().conformance_seed()).unwrap();
        merge(&mut document, more);
        merge(&mut document, json!({V::NAME: members}));
        Self::new(document)
    }

    /// From a whole seed file.
    pub(crate) fn new(mut document: Value) -> Self {
        let document = document::read(document[V::NAME].take()).unwrap();
        Self::of(V::seed(document).unwrap())
    }

    pub(crate) fn of(seed: V::Seed) -> Self {
        Self {
            state: V::start(&Arc::new(seed)),
            usage: Usage::default(),
            now: V::BEGIN.parse().unwrap(),
        }
    }

    /// The state as a document.
    pub(crate) fn document(&self) -> Value {
        serde_json::to_value(V::document(&self.state)).unwrap()
    }

    /// What a call would lead to.
    pub(crate) fn decide(&self, call: &Call<V::Event>) -> Outcome<V::Event> {
        V::decide(&self.state, &self.usage, &call.request(), self.now)
    }

    /// Makes a call, and looks at what holds of any.
    pub(crate) fn send(&mut self, call: &Call<V::Event>) -> Outcome<V::Event> {
        let outcome = self.decide(call);
        let parts = call.parts();
        if V::head(&self.state, &parts, self.now) == Head::Known {
            for body in [
                Body::Whole(b""),
                Body::Whole(b"conversion_name=x"),
                Body::Whole(b"_method=PUT&OrderId=1"),
                Body::TooLong,
                Body::Broken,
            ] {
                let request = Request { parts, body };
                let other = V::decide(&self.state, &self.usage, &request, self.now);
                assert_eq!(
                    shown::<V>(&other.answer),
                    shown::<V>(&outcome.answer),
                    "known before the body: {call:?}"
                );
            }
        }
        assert!(
            outcome.refused_by.is_empty() || outcome.events.is_empty(),
            "a refused call causes no event"
        );
        assert!(
            outcome.refused_by.is_empty() || !outcome.why.is_empty(),
            "a refusal has a reason"
        );
        assert!(outcome.route.is_none_or(|route| V::ROUTES.contains(&route)));
        self.assert_described(call, &outcome);

        for count in &outcome.counts {
            self.usage.count(count, self.now);
        }
        for event in &outcome.events {
            let kept = serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap();
            assert!(V::same(&kept, event), "{kept:?} was {event:?}");
            V::apply(&mut self.state, &kept);
        }
        outcome
    }

    /// The status and the JSON of an answer.
    pub(crate) fn get(&mut self, call: &Call<V::Event>) -> (u16, Value) {
        let answer = self.send(call).answer;
        (
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap(),
        )
    }

    /// Looks whether an answer is one that `openapi.json` describes.
    fn assert_described(&self, call: &Call<V::Event>, outcome: &Outcome<V::Event>) {
        let answer = &outcome.answer;
        let status = answer.status();
        let place = match outcome.route.and_then(|route| route.split_once(' ')) {
            Some((method, path)) => format!(
                "/paths/{}/{}/responses/{}",
                // impact.com calls the id of an action by either name; a description must choose.
                path.replace("{actionId}", "{id}").replace('/', "~1"),
                method.to_lowercase(),
                status.as_str()
            ),
            None => V::unrouted(status.as_u16()),
        };
        let described = Described::at::<V>(&place);
        for name in answer.headers().keys().map(HeaderName::as_str) {
            assert!(
                V::PLAIN_HEADERS.contains(&name)
                    || described.headers.iter().any(|other| other == name),
                "{place} has no header {name}"
            );
        }
        if let Some(media_type) = answer.headers().get(CONTENT_TYPE) {
            let media_type = media_type.to_str().unwrap();
            assert!(
                described.content.contains_key(media_type),
                "{place} has no {media_type}"
            );
        }
        if let Some((media_type, body)) = V::said(self, call, answer)
            && let Err(error) = described.content[&media_type].validate(&body)
        {
            panic!("{error}: {body}");
        }
    }
}

/// What `openapi.json` says of one answer.
struct Described {
    /// In lower case.
    headers: Vec<String>,
    /// Content types, each with what is said of the body.
    content: HashMap<String, Validator>,
}

impl Described {
    /// Reads what stands at a place, once.
    fn at<V: Vendor>(place: &str) -> Arc<Self> {
        type Known = HashMap<(&'static str, String), Arc<Described>>;
        static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
        let mut known = KNOWN.lock().unwrap();
        let described = known.entry((V::NAME, place.to_owned()));
        Arc::clone(described.or_insert_with(|| Arc::new(Self::read(&openapi::<V>(), place))))
    }

    fn read(openapi: &Value, place: &str) -> Self {
        let mut response = openapi
            .pointer(place)
            .unwrap_or_else(|| panic!("openapi.json has no {place}"));
        if let Some(reference) = response["$ref"].as_str() {
            response = openapi.pointer(&reference[1..]).unwrap();
        }
        let members = |name: &str| response[name].as_object().into_iter().flatten();
        let validator = |content: &Value| {
            let schema = json!({"components": openapi["components"], "allOf": [content["schema"]]});
            jsonschema::validator_for(&schema).unwrap()
        };
        Self {
            headers: members("headers")
                .map(|(name, _)| name.to_ascii_lowercase())
                .collect(),
            content: members("content")
                .map(|(media_type, content)| (media_type.clone(), validator(content)))
                .collect(),
        }
    }
}

/// A call to be made of a vendor with such events.
#[derive(Clone, Debug)]
pub(crate) struct Call<E> {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) version: Version,
    pub(crate) prefix: &'static str,
    pub(crate) secure: bool,
    pub(crate) body: Result<Vec<u8>, Body<'static>>,
    pub(crate) vendor: PhantomData<E>,
}

impl<E> Call<E> {
    /// A call without headers.
    pub(crate) fn bare(method: Method, target: &str) -> Self {
        let call = Self {
            method,
            path: String::new(),
            query: None,
            headers: HeaderMap::new(),
            version: Version::HTTP_11,
            prefix: "",
            secure: false,
            body: Ok(Vec::new()),
            vendor: PhantomData,
        };
        call.to(target)
    }

    /// A call that somebody wrote down.
    pub(crate) fn documented(request: &Message) -> Self {
        let (method, target) = request.start.split_once(' ').unwrap();
        let header = |(name, value): &(String, String)| {
            (
                HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value).unwrap(),
            )
        };
        Self {
            headers: request.headers.iter().map(header).collect(),
            ..Self::bare(method.parse().unwrap(), target).body_of(request.body)
        }
    }

    /// To another path, with the query that is written behind it or none.
    pub(crate) fn to(self, target: &str) -> Self {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Self {
            path: path.to_owned(),
            query,
            ..self
        }
    }

    pub(crate) fn body_of(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Ok(body.into()),
            ..self
        }
    }

    /// With a body of which not all came.
    pub(crate) fn spoiled(self, body: Body<'static>) -> Self {
        Self {
            body: Err(body),
            ..self
        }
    }

    /// With that header, instead of any other one of its name.
    pub(crate) fn with(mut self, name: impl IntoHeaderName, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn without(mut self, name: impl AsHeaderName) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            version: self.version,
            prefix: self.prefix,
            secure: self.secure,
            local: "127.0.0.1:8080",
        }
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            parts: self.parts(),
            body: match &self.body {
                Ok(bytes) => Body::Whole(bytes),
                Err(body) => *body,
            },
        }
    }
}

/// A merge patch, RFC 7396.
pub(crate) fn merge(into: &mut Value, later: Value) {
    match (into, later) {
        (Value::Object(into), Value::Object(later)) => {
            for (name, value) in later {
                if value.is_null() {
                    into.remove(&name);
                } else {
                    merge(into.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (into @ Value::Null, Value::Object(later)) => {
            *into = json!({});
            merge(into, Value::Object(later));
        }
        (into, later) => *into = later,
    }
}

/// The rule that decided.
pub(crate) fn first<E>(outcome: &Outcome<E>) -> Option<&'static str> {
    outcome.refused_by.first().map(|rule| rule.as_str())
}

/// An answer as it goes out, less its date.
pub(crate) fn shown<V: Vendor>(answer: &Answer) -> String {
    let mut text = answer.status().as_str().to_owned();
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "date") {
        let spelled = match V::HEADER_NAMES {
            [] => name.as_str(),
            names => names
                .iter()
                .find(|spelled| spelled.eq_ignore_ascii_case(name.as_str()))
                .expect("its spelling is listed"),
        };
        write!(text, "\n{spelled}: {}", value.to_str().unwrap()).unwrap();
    }
    text + "\n\n" + std::str::from_utf8(answer.body()).unwrap()
}

/// Makes every documented call, each of a fresh sandbox, and compares the answers byte for byte.
pub(crate) fn assert_documented<V: Tested>(calls: usize) {
    let examples = fixture::<V>().examples().unwrap();
    assert_eq!(examples.len(), calls);
    for example in examples {
        let call = Call::documented(&example.request);
        let answer = Bench::<V>::documented().send(&call).answer;
        let response = &example.response;
        let length = ("Content-Length".to_owned(), response.body.len().to_string());
        let (own, leading): (Vec<_>, Vec<_>) = response
            .headers
            .iter()
            .partition(|(name, _)| name == "Content-Type");
        let mut expected = response.start.clone();
        for (name, value) in leading.into_iter().chain([&length]).chain(own) {
            write!(expected, "\n{name}: {value}").unwrap();
        }
        expected += "\n\n";
        expected += std::str::from_utf8(response.body).unwrap();
        assert_eq!(shown::<V>(&answer), expected, "{}", example.name);
    }
}
