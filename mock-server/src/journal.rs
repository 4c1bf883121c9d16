//! The last calls of a sandbox, what was answered, and the rules that refused each.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use fixtures::RuleId;
use http::HeaderMap;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::document::extend;
use crate::engine::Answer;
use crate::matcher::{Became, Difference, Matcher, Seen};
use crate::sentences::sentence;

/// What a call looked like on the wire, as far as it came.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query as sent, with the mock's prefixes.
    pub target: &'a str,
    /// How many bytes of it are the mock's prefixes.
    pub prefix: usize,
    /// Headers, in order.
    pub headers: &'a HeaderMap,
    /// The bytes of the body that were read.
    pub body: &'a [u8],
}

/// What became of a call.
#[derive(Clone, Debug)]
pub struct Fate<'a> {
    /// When it came, on the sandbox's clock.
    pub at: Timestamp,
    /// The vendor it was for, if any.
    pub vendor: Option<&'static str>,
    /// The documented route it met.
    pub route: Option<&'static str>,
    /// What was answered; none if the client left before its call was complete.
    pub answer: Option<&'a Answer>,
    /// The rules that refused it.
    pub refused_by: &'a [RuleId],
    /// Why, for people.
    pub why: Cow<'static, str>,
    /// The id of the fault that took effect.
    pub fault: Option<Arc<str>>,
    /// How long the call took inside the mock, in microseconds.
    pub duration_us: u64,
}

/// One call, kept as one flat copy: nothing of the server's buffers lives on in it.
#[derive(Debug)]
pub struct Entry {
    n: u64,
    at: Timestamp,
    vendor: Option<&'static str>,
    route: Option<&'static str>,
    status: Option<u16>,
    refused_by: Box<[RuleId]>,
    why: Cow<'static, str>,
    fault: Option<Arc<str>>,
    duration_us: u64,
    /// How many bytes of the target are the mock's prefixes.
    prefix: usize,
    /// Method, target, request headers, request body, answer headers, answer body, each behind its length.
    packed: Box<[u8]>,
}

/// The last calls of a sandbox, oldest first, and how many there ever were.
#[derive(Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    bytes: usize,
    last: u64,
    /// The newest call that was dropped or deleted.
    forgotten: u64,
    /// The last call before somebody had the entries forgotten.
    cleared: u64,
    /// How many were dropped to stay within the bounds.
    dropped: u64,
    /// Whether nothing more is kept, because the sandbox is gone.
    closed: bool,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Calls of a sandbox.
    pub entries: usize,
    /// Bytes of all sandboxes; so much for a single call at the most.
    pub bytes: usize,
}

/// Which entries are wanted. Everything that is not given matches.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The vendor's name.
    pub vendor: Option<String>,
    /// The documented route.
    pub route: Option<String>,
    /// The status.
    pub status: Option<u16>,
    /// A rule, or the beginning of its id.
    pub refused_by: Option<String>,
    /// The fault that took effect.
    pub fault: Option<String>,
    /// Entries after this number.
    pub since: Option<u64>,
}

impl Journal {
    /// Numbers a call, and keeps it within the bounds. Returns its number, counted from 1.
    pub fn record(&mut self, sent: &Sent<'_>, fate: Fate<'_>, bounds: Bounds) -> u64 {
        self.last += 1;
        let status = fate.answer.map(|answer| answer.status().as_u16());
        let entry = Entry {
            n: self.last,
            at: fate.at,
            vendor: fate.vendor,
            route: fate.route,
            status,
            refused_by: fate.refused_by.into(),
            why: fate.why,
            fault: fate.fault,
            prefix: sent.prefix,
            duration_us: fate.duration_us,
            packed: pack(sent, fate.answer),
        };
        // One that would take the room of all others is counted only.
        if self.closed || bounds.entries == 0 || entry.size() > bounds.bytes {
            self.dropped += u64::from(!self.closed);
            self.forgotten = self.last;
            return self.last;
        }
        while self.entries.len() >= bounds.entries {
            self.drop_oldest();
        }
        self.bytes += entry.size();
        self.entries.push_back(entry);
        self.last
    }

    /// Bytes that the entries take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Drops the oldest entry, because there is no room for it. Its call stays counted.
    pub fn drop_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.dropped += 1;
            self.bytes -= entry.size();
            self.forgotten = self.forgotten.max(entry.n);
        }
        // Thousands of journals would keep the room of entries that they had once.
        if self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.len() * 2);
        }
    }

    /// Forgets all entries. Calls stay counted, and numbers go on.
    pub fn clear(&mut self) {
        self.entries = VecDeque::new();
        self.bytes = 0;
        self.forgotten = self.last;
        self.cleared = self.last;
    }

    /// Forgets all entries, and keeps none from now on.
    pub fn close(&mut self) {
        self.clear();
        self.closed = true;
    }

    /// Whether nothing more is kept, because the sandbox is gone.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The last call before somebody had the entries forgotten; 0 if nobody did.
    pub fn cleared(&self) -> u64 {
        self.cleared
    }

    /// How many entries were dropped to stay within the bounds.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The same, counted afresh from here on.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    /// The entry of that number.
    pub fn get(&self, n: u64) -> Option<&Entry> {
        let index = self
            .entries
            .binary_search_by_key(&n, |entry| entry.n)
            .ok()?;
        self.entries.get(index)
    }

    /// The number of the last call.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Entries that match, newest first, before the entry `before`.
    pub fn matching<'a>(
        &'a self,
        filter: &'a Filter,
        before: Option<u64>,
    ) -> impl Iterator<Item = &'a Entry> {
        let before = before.unwrap_or(u64::MAX);
        let since = filter.since.unwrap_or(0);
        let newest_first = self
            .entries
            .iter()
            .rev()
            .skip_while(move |entry| entry.n >= before);
        newest_first
            .take_while(move |entry| entry.n > since)
            .filter(|entry| filter.matches(entry))
    }

    /// Whether everything after the call `since` is still there.
    pub fn is_complete(&self, since: Option<u64>) -> bool {
        since.unwrap_or(0) >= self.forgotten
    }
}

impl Filter {
    fn matches(&self, entry: &Entry) -> bool {
        let rule = |prefix: &String| {
            entry
                .refused_by
                .iter()
                .any(|rule| rule.as_str().starts_with(prefix.as_str()))
        };
        self.vendor
            .as_deref()
            .is_none_or(|vendor| entry.vendor == Some(vendor))
            && self
                .route
                .as_deref()
                .is_none_or(|route| entry.route == Some(route))
            && self
                .status
                .is_none_or(|status| entry.status == Some(status))
            && self.refused_by.as_ref().is_none_or(rule)
            && (self.fault.is_none() || self.fault.as_deref() == entry.fault.as_deref())
    }
}

impl Entry {
    /// Whether an engine refused the call.
    pub fn is_refused(&self) -> bool {
        !self.refused_by.is_empty()
    }

    /// The call's number.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The vendor the call was for, if any.
    pub fn vendor(&self) -> Option<&'static str> {
        self.vendor
    }

    fn size(&self) -> usize {
        let why = match &self.why {
            Cow::Borrowed(_) => 0,
            Cow::Owned(text) => text.capacity(),
        };
        size_of::<Self>() + self.packed.len() + size_of_val(&*self.refused_by) + why
    }

    /// Whether the call is one that `matcher` means.
    ///
    /// # Errors
    ///
    /// In what it differs from that.
    pub fn judge(&self, matcher: &Matcher) -> Result<(), Vec<Difference>> {
        let mut packed = Unpacked(&self.packed);
        let method = packed.text();
        let target = packed.text();
        let headers = packed.pairs();
        let body = packed.next();
        let header = |name: &str| {
            let named = headers
                .iter()
                .filter(|(other, _)| *other == name.as_bytes());
            named
                .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
                .collect()
        };
        let route = || self.route;
        let inner = target.get(self.prefix..).unwrap_or_default();
        let (path, query) = inner.split_once('?').unwrap_or((inner, ""));
        // Without the prefix nothing may be left; a path has a slash at least.
        let path = if path.is_empty() { "/" } else { path };
        let seen = Seen::new(self.vendor, &method, (path, query), &header, body, &route);
        let became = Became {
            n: self.n,
            status: self.status,
            refused_by: &self.refused_by,
            fault: self.fault.as_deref(),
        };
        if matcher.meets_call(&seen, became) {
            return Ok(());
        }
        Err(matcher.differences(&seen, Some(became)))
    }

    /// The entry without headers and the answer's body, secrets masked: what a person needs to recognise it.
    pub fn summary(&self) -> Map<String, Value> {
        let mut packed = Unpacked(&self.packed);
        let method = packed.text();
        let target = packed.text();
        packed.pairs();
        let mut summary = json!({
            "n": self.n,
            "at": self.at,
            "vendor": self.vendor,
            "route": self.route,
            "method": method,
            "target": masked(&target),
        });
        extend(&mut summary, body(packed.next()));
        extend(&mut summary, json!({"status": self.status}));
        extend(&mut summary, self.reasons());
        match summary {
            Value::Object(summary) => summary,
            _ => Map::new(),
        }
    }

    /// Why it was answered as it was.
    fn reasons(&self) -> Value {
        let rules = || self.refused_by.iter();
        json!({
            "refused_by": rules().map(|rule| rule.as_str()).collect::<Vec<_>>(),
            "says": rules().map(|rule| sentence(rule.as_str())).collect::<Vec<_>>(),
            "why": (!self.why.is_empty()).then_some(&self.why),
            "fault": self.fault,
        })
    }

    /// The entry as the admin API shows it, secrets masked.
    pub fn show(&self) -> Value {
        let mut packed = Unpacked(&self.packed);
        let method = packed.text();
        let target = packed.text();
        let headers = packed.headers();
        let body = body(packed.next());
        let answer = self.status.map(|status| {
            let mut answer = json!({"status": status, "headers": packed.headers()});
            extend(&mut answer, self::body(packed.next()));
            answer
        });
        let mut request = json!({"method": method, "target": masked(&target), "headers": headers});
        extend(&mut request, body);
        let mut shown = json!({
            "n": self.n,
            "at": self.at,
            "vendor": self.vendor,
            "route": self.route,
            "request": request,
            "answer": answer,
        });
        extend(&mut shown, self.reasons());
        extend(&mut shown, json!({"duration_us": self.duration_us}));
        shown
    }
}

/// What is shown in place of a secret.
pub(crate) const MASK: &str = "***";

/// Whether a header or a member of a query holds a secret, going by its name: also where a misplaced key may stand.
pub(crate) fn is_secret(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    let secrets = [
        "authorization",
        "apikey",
        "token",
        "cookie",
        "password",
        "secret",
    ];
    secrets.iter().any(|secret| plain.contains(secret))
}

/// A target with the secrets of its query masked.
fn masked(target: &str) -> Cow<'_, str> {
    let Some((path, query)) = target.split_once('?') else {
        return Cow::Borrowed(target);
    };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(&percent_decode_str(name).decode_utf8_lossy()) => {
            format!("{name}={MASK}")
        }
        _ => pair.to_owned(),
    });
    Cow::Owned(format!("{path}?{}", pairs.collect::<Vec<_>>().join("&")))
}

/// A body as text if it is text, else in base64.
fn body(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({"body": text}),
        Err(_) => {
            json!({"body": null, "body_base64": base64::Engine::encode(&base64::prelude::BASE64_STANDARD, bytes)})
        }
    }
}

fn pack(sent: &Sent<'_>, answer: Option<&Answer>) -> Box<[u8]> {
    let answer_headers = answer.map(Answer::headers);
    let answer_body = answer.map(Answer::body).map_or(&[][..], Bytes::as_ref);
    let mut packed = Vec::with_capacity(
        sent.method.len()
            + sent.target.len()
            + sent.body.len()
            + answer_body.len()
            + size_of_headers(Some(sent.headers))
            + size_of_headers(answer_headers)
            + 4 * LENGTH,
    );
    push(&mut packed, sent.method.as_bytes());
    push(&mut packed, sent.target.as_bytes());
    push_headers(&mut packed, Some(sent.headers));
    push(&mut packed, sent.body);
    push_headers(&mut packed, answer_headers);
    push(&mut packed, answer_body);
    packed.into_boxed_slice()
}

/// Bytes of a length in a packed entry.
const LENGTH: usize = 4;

fn push(packed: &mut Vec<u8>, bytes: &[u8]) {
    packed.extend_from_slice(&length(bytes.len()));
    packed.extend_from_slice(bytes);
}

fn push_headers(packed: &mut Vec<u8>, headers: Option<&HeaderMap>) {
    packed.extend_from_slice(&length(headers.map_or(0, HeaderMap::len)));
    for (name, value) in headers.into_iter().flatten() {
        push(packed, name.as_str().as_bytes());
        push(packed, value.as_bytes());
    }
}

fn size_of_headers(headers: Option<&HeaderMap>) -> usize {
    let fields = headers
        .into_iter()
        .flatten()
        .map(|(name, value)| name.as_str().len() + value.len() + 2 * LENGTH);
    LENGTH + fields.sum::<usize>()
}

fn length(length: usize) -> [u8; LENGTH] {
    u32::try_from(length)
        .expect("body limits are far below 4 GiB")
        .to_le_bytes()
}

/// What is left of a packed entry.
struct Unpacked<'a>(&'a [u8]);

impl<'a> Unpacked<'a> {
    fn length(&mut self) -> usize {
        let (length, rest) = self.0.split_first_chunk::<LENGTH>().expect("packed above");
        self.0 = rest;
        u32::from_le_bytes(*length) as usize
    }

    fn next(&mut self) -> &'a [u8] {
        let length = self.length();
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }

    fn text(&mut self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.next())
    }

    fn pairs(&mut self) -> Vec<(&'a [u8], &'a [u8])> {
        (0..self.length())
            .map(|_| (self.next(), self.next()))
            .collect()
    }

    /// Headers as they are shown.
    fn headers(&mut self) -> Vec<(String, Cow<'a, str>)> {
        self.pairs()
            .into_iter()
            .map(|(name, value)| {
                let name = String::from_utf8_lossy(name);
                let shown = if is_secret(&name) {
                    Cow::Borrowed(MASK)
                } else {
                    String::from_utf8_lossy(value)
                };
                (name.into_owned(), shown)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_lost_its_entries_gives_their_room_back() {
        let headers = HeaderMap::new();
        let sent = Sent {
            method: "GET",
            target: "/",
            prefix: 0,
            headers: &headers,
            body: b"",
        };
        let fate = || Fate {
            at: Timestamp::UNIX_EPOCH,
            vendor: None,
            route: None,
            answer: None,
            refused_by: &[],
            why: "".into(),
            fault: None,
            duration_us: 0,
        };
        let bounds = Bounds {
            entries: 1_000,
            bytes: 1 << 20,
        };
        let mut journal = Journal::default();
        for _ in 0..1_000 {
            journal.record(&sent, fate(), bounds);
        }
        for _ in 0..990 {
            journal.drop_oldest();
        }
        assert!(journal.entries.capacity() < 100);
        assert_eq!(journal.get(1_000).map(Entry::n), Some(1_000));
        // At its bound it goes on in the room that it has.
        let mut full = Journal::default();
        for _ in 0..3_000 {
            full.record(&sent, fate(), bounds);
        }
        assert_eq!(full.entries.len(), 1_000);
    }
}
