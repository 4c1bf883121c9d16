//! Page "Responses": JSON or XML, and how both are written.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use http::header::ACCEPT;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::engine::{self, Answer, Parts};

use super::pagination::Page;

/// The element around everything that is written in XML.
///
/// Rules: impact.formats.xml_root.
const ROOT: &str = "ImpactRadiusResponse";

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `application/json`.
    Json,
    /// `text/xml`.
    Xml,
}

impl Format {
    /// The suffix of the path decides, then the range of `Accept` that is liked best, then what the resource has by
    /// default.
    ///
    /// Rules: impact.formats.suffix, impact.formats.accept, impact.formats.best_range.
    pub(super) fn of(suffix: Option<Self>, parts: &Parts<'_>, default: Self) -> Self {
        suffix.or_else(|| accepted(parts)).unwrap_or(default)
    }

    /// A last segment without its suffix, and the format that the suffix names.
    pub(super) fn split(segment: &str) -> (&str, Option<Self>) {
        match segment.rsplit_once('.') {
            Some((name, "json")) => (name, Some(Self::Json)),
            Some((name, "xml")) => (name, Some(Self::Xml)),
            _ => (segment, None),
        }
    }

    /// Rules: impact.formats.content_types.
    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "text/xml; charset=UTF-8",
        }
    }
}

/// The format of the range with the highest q, the first of equals; none if that range names neither.
fn accepted(parts: &Parts<'_>) -> Option<Format> {
    let values = parts
        .headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut best: Option<(Decimal, &str)> = None;
    for range in values.flat_map(|value| value.split(',')) {
        let (range, parameters) = range.split_once(';').unwrap_or((range, ""));
        let quality = quality(parameters);
        if !quality.is_zero() && best.is_none_or(|(other, _)| quality > other) {
            best = Some((quality, range.trim()));
        }
    }
    let (_, range) = best?;
    let is = |name: &str| range.eq_ignore_ascii_case(name);
    match range {
        _ if is("application/json") => Some(Format::Json),
        _ if is("application/xml") || is("text/xml") => Some(Format::Xml),
        _ => None,
    }
}

/// The q among the parameters of a range: 1 if there is none, or none that can be read.
fn quality(parameters: &str) -> Decimal {
    let mut pairs = parameters
        .split(';')
        .filter_map(|parameter| parameter.trim().split_once('='));
    let q = pairs
        .find(|(name, _)| name.eq_ignore_ascii_case("q"))
        .and_then(|(_, value)| value.parse().ok());
    q.filter(|q| (Decimal::ZERO..=Decimal::ONE).contains(q))
        .unwrap_or(Decimal::ONE)
}

/// How a call is answered: when, in which format, and with which headers in front of the body's own.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) now: Timestamp,
    pub(super) format: Format,
    pub(super) leading: Vec<(HeaderName, HeaderValue)>,
}

impl Reply {
    /// An answer whose members stand at the top.
    pub(super) fn plain(&self, status: StatusCode, members: impl FnOnce(&mut Writer)) -> Answer {
        let mut writer = Writer::new(self.format);
        writer.within(ROOT, members);
        self.send(status, writer)
    }

    /// One resource. XML has it in an element of its own.
    ///
    /// Rules: impact.formats.xml_single.
    pub(super) fn resource(
        &self,
        element: &'static str,
        members: impl FnOnce(&mut Writer),
    ) -> Answer {
        let mut writer = Writer::new(self.format);
        match self.format {
            Format::Json => writer.within(element, members),
            Format::Xml => writer.within(ROOT, |writer| writer.within(element, members)),
        }
        self.send(StatusCode::OK, writer)
    }

    /// A page of a collection, with where it stands: members in JSON, attributes in XML.
    ///
    /// Rules: impact.formats.xml_list.
    pub(super) fn page<T>(
        &self,
        collection: &'static str,
        element: &'static str,
        page: &Page,
        rows: impl Iterator<Item = T>,
        members: impl Fn(&mut Writer, T),
    ) -> Answer {
        let mut writer = Writer::new(self.format);
        writer.within(ROOT, |writer| {
            if self.format == Format::Json {
                for (name, value) in page.members() {
                    writer.member(name, value);
                }
            }
            writer.list(collection, element, Some(page), rows, members);
        });
        self.send(StatusCode::OK, writer)
    }

    fn send(&self, status: StatusCode, writer: Writer) -> Answer {
        engine::answer(
            status,
            self.now,
            &self.leading,
            Some(self.format.content_type()),
            writer.out,
        )
    }
}

/// Writes members in the order they are given, in either format.
///
/// Every value is text, also a number: that is how the vendor answers.
///
/// Rules: impact.formats.values_are_text.
pub(super) struct Writer {
    format: Format,
    out: Vec<u8>,
    /// The value that is being written. Kept, so that a list of thousands does not ask for memory for each.
    value: String,
}

impl Writer {
    fn new(format: Format) -> Self {
        Self {
            format,
            out: Vec::with_capacity(256),
            value: String::new(),
        }
    }

    /// One member; an empty one is an empty string, or an empty element.
    ///
    /// Rules: impact.formats.values_are_text.
    pub(super) fn member(&mut self, name: &'static str, value: impl Display) {
        self.value.clear();
        write!(self.value, "{value}").expect("a String takes every text");
        match self.format {
            Format::Json => {
                self.name(name);
                serde_json::to_writer(&mut self.out, &self.value).expect("a Vec takes every byte");
            }
            Format::Xml if self.value.is_empty() => {
                event(&mut self.out, Event::Empty(BytesStart::new(name)));
            }
            Format::Xml => {
                event(&mut self.out, Event::Start(BytesStart::new(name)));
                event(
                    &mut self.out,
                    Event::Text(BytesText::from_escaped(partial_escape(xml_text(
                        &self.value,
                    )))),
                );
                event(&mut self.out, Event::End(BytesEnd::new(name)));
            }
        }
    }

    /// A list of objects: an array in JSON; in XML an element with an element for each, and the page as attributes.
    pub(super) fn list<T>(
        &mut self,
        name: &'static str,
        element: &'static str,
        page: Option<&Page>,
        rows: impl Iterator<Item = T>,
        members: impl Fn(&mut Self, T),
    ) {
        match self.format {
            Format::Json => {
                self.name(name);
                self.out.push(b'[');
            }
            Format::Xml => {
                let mut start = BytesStart::new(name);
                for (name, value) in page.into_iter().flat_map(Page::members) {
                    start.push_attribute((name.trim_start_matches('@'), &*xml_text(value)));
                }
                event(&mut self.out, Event::Start(start));
            }
        }
        for row in rows {
            self.separate();
            self.within(element, |writer| members(writer, row));
        }
        match self.format {
            Format::Json => self.out.push(b']'),
            Format::Xml => event(&mut self.out, Event::End(BytesEnd::new(name))),
        }
    }

    /// An object: braces in JSON, where its name does not show; an element in XML.
    fn within(&mut self, element: &'static str, members: impl FnOnce(&mut Self)) {
        match self.format {
            Format::Json => {
                self.out.push(b'{');
                members(self);
                self.out.push(b'}');
            }
            Format::Xml => {
                event(&mut self.out, Event::Start(BytesStart::new(element)));
                members(self);
                event(&mut self.out, Event::End(BytesEnd::new(element)));
            }
        }
    }

    fn name(&mut self, name: &'static str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A comma, unless this is the first of its object or list. Text ends in a quote, so a brace is never a value's.
    fn separate(&mut self) {
        if self.format == Format::Json && !matches!(self.out.last(), None | Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }
}

fn event(out: &mut Vec<u8>, event: Event<'_>) {
    quick_xml::Writer::new(out)
        .write_event(event)
        .expect("a Vec takes every byte");
}

/// A text with U+FFFD in place of every character that XML 1.0 does not have.
fn xml_text(text: &str) -> Cow<'_, str> {
    let foreign = |c| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if text.contains(foreign) {
        text.replace(foreign, "\u{fffd}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, Version};

    use super::*;

    fn chosen(accept: &[&str]) -> Option<Format> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        accepted(&Parts {
            method: &Method::GET,
            path: "/",
            query: None,
            headers: &headers,
            version: Version::HTTP_11,
            prefix: "",
            secure: true,
            local: "",
        })
    }

    #[test]
    fn the_range_with_the_highest_q_decides() {
        let (json, xml) = (Some(Format::Json), Some(Format::Xml));
        for (accept, format) in [
            (&["application/json"][..], json),
            (&["Application/JSON; charset=utf-8"], json),
            (&["application/xml"], xml),
            (&["text/xml"], xml),
            (&["*/*"], None),
            (&["text/html"], None),
            (&[""], None),
            (&[], None),
            (&["application/xml, application/json"], xml),
            (&["application/xml;q=0.9, application/json"], json),
            (&["application/json;q=0.5;x=1,text/xml;q=0.75"], xml),
            (&["text/xml;q=0", "application/json;q=0.1"], json),
            (&["application/json;q=0"], None),
            (&["text/html, application/json;q=0.9"], None),
            (&["application/json;q=abc, text/xml;q=0.9"], json),
            (&["text/xml;q=0.2", "application/json;q=0.3"], json),
        ] {
            assert_eq!(chosen(accept), format, "{accept:?}");
        }
    }

    #[test]
    fn a_suffix_is_json_or_xml() {
        assert_eq!(
            Format::split("Actions.json"),
            ("Actions", Some(Format::Json))
        );
        assert_eq!(
            Format::split("10306.4636.158133.xml"),
            ("10306.4636.158133", Some(Format::Xml))
        );
        for segment in [
            "Actions",
            "10306.4636.158133",
            "Actions.JSON",
            "json",
            "Actions.jsonx",
        ] {
            assert_eq!(Format::split(segment), (segment, None));
        }
    }

    #[test]
    fn both_formats_escape_what_they_must() {
        let text = |format| {
            let mut writer = Writer::new(format);
            writer.within("E", |writer| {
                writer.member("A", "<a & \"b\" 'c'>\r\u{1}\u{ffff}");
                writer.member("B", "");
            });
            String::from_utf8(writer.out).unwrap()
        };
        assert_eq!(
            text(Format::Json),
            "{\"A\":\"<a & \\\"b\\\" 'c'>\\r\\u0001\u{ffff}\",\"B\":\"\"}"
        );
        assert_eq!(
            text(Format::Xml),
            "<E><A>&lt;a &amp; \"b\" 'c'&gt;&#13;\u{fffd}\u{fffd}</A><B/></E>"
        );
    }
}
