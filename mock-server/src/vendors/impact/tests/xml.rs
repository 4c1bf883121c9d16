//! XML read back: what an answer says, in the shape of its JSON.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;

/// An element with what is in it.
#[derive(Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

/// What an answer in XML would be in JSON.
pub(super) fn as_json(text: &str) -> Value {
    let root = parse(text);
    assert_eq!(root.name, "ImpactRadiusResponse", "{text}");
    match &root.children[..] {
        [only] if !only.attributes.is_empty() => {
            let mut list: Map<String, Value> = only
                .attributes
                .iter()
                .map(|(name, value)| (format!("@{name}"), value.as_str().into()))
                .collect();
            list.insert(only.name.clone(), rows(only));
            list.into()
        }
        // One resource, in an element of its own.
        [only] => members(&only.children),
        children => members(children),
    }
}

/// What XML can say of an answer in JSON that was asked for without the suffix of `path`.
pub(super) fn sayable(body: &Value, path: &str) -> Value {
    match body {
        Value::String(text) => {
            let has = |c| {
                matches!(c, '\t' | '\n' | '\r')
                    || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
            };
            let text = text.replace(|c| !has(c), "\u{fffd}");
            match path.strip_suffix(".xml") {
                Some(bare) if text.to_lowercase().starts_with(&bare.to_lowercase()) => text
                    .replacen(
                        &text[..bare.len()],
                        &format!("{}.xml", &text[..bare.len()]),
                        1,
                    )
                    .into(),
                _ => text.into(),
            }
        }
        Value::Array(rows) => rows.iter().map(|row| sayable(row, path)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let path = if name.starts_with('@') { path } else { "" };
                (name.clone(), sayable(value, path))
            };
            members.iter().map(member).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn members(children: &[Element]) -> Value {
    let member = |child: &Element| {
        let is_list = matches!(child.name.as_str(), "warnings" | "errors" | "Errors");
        (
            child.name.clone(),
            if is_list {
                rows(child)
            } else {
                child.text.as_str().into()
            },
        )
    };
    children.iter().map(member).collect::<Map<_, _>>().into()
}

fn rows(list: &Element) -> Value {
    let row = |child: &Element| {
        let expected = match list.name.as_str() {
            "warnings" => "warning",
            "errors" => "error",
            "Errors" => "Error",
            "Actions" => "Action",
            "ActionItems" => "ActionItem",
            "ActionUpdates" => "ActionUpdate",
            other => panic!("no list: {other}"),
        };
        assert_eq!(child.name, expected);
        members(&child.children)
    };
    list.children.iter().map(row).collect()
}

fn parse(text: &str) -> Element {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => open.push(element(&start)),
            Event::Empty(start) => {
                let element = element(&start);
                open.last_mut().unwrap().children.push(element);
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text),
            Event::GeneralRef(reference) => {
                let entity = format!("&{};", &*reference);
                let text = quick_xml::escape::unescape(&entity).unwrap().into_owned();
                open.last_mut().unwrap().text.push_str(&text);
            }
            Event::End(_) => {
                let closed = open.pop().unwrap();
                open.last_mut().unwrap().children.push(closed);
            }
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(open.len(), 1, "everything is closed: {text}");
    open.pop().unwrap().children.pop().unwrap()
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> Element {
    let attribute = |attribute: quick_xml::events::attributes::Attribute<'_>| {
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .unwrap();
        (attribute.key.0.to_owned(), value.into_owned())
    };
    let name = start.name().0.to_owned();
    let attributes = start
        .attributes()
        .map(|found| attribute(found.unwrap()))
        .collect();
    Element {
        name,
        attributes,
        ..Element::default()
    }
}
