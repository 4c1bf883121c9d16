//! Documents that people write: seeds, configurations, bodies of admin calls. Every mistake names its member.

use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if .path.is_empty() { String::new() } else { format!("{}: ", .path.join(".")) })]
pub struct Mistake {
    /// The member, from the top.
    pub path: Vec<String>,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

impl Mistake {
    /// A mistake in one member. `path` is from the top of the vendor's own part.
    pub fn new<P: Into<String>>(
        path: impl IntoIterator<Item = P>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into_iter().map(Into::into).collect(),
            message: message.into(),
        }
    }

    /// Whether what is wrong is that a member is not there.
    pub fn is_missing_member(&self) -> bool {
        self.message.starts_with("missing field")
    }

    /// The same mistake in a member of `parent`.
    #[must_use]
    pub fn below(mut self, parent: &str) -> Self {
        self.path.insert(0, parent.to_owned());
        self
    }
}

/// Parses JSON in which no object has a member twice.
///
/// # Errors
///
/// When it is not JSON, not of the wanted form, or an object repeats a member.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_value(serde_json::from_slice::<Unique>(bytes)?.0)
}

/// A value whose objects have no member twice.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Unique(value))) = access.next_entry::<String, Unique>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("member `{name}` is given twice")));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Unique(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
}

/// Reads a value as a `T`.
///
/// # Errors
///
/// The first member that has the wrong type, is missing, or is unknown; for an unknown one with the nearest known name.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Mistake> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                serde_path_to_error::Segment::Map { key } => Some(key.clone()),
                serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
                serde_path_to_error::Segment::Enum { variant } => Some(variant.clone()),
                serde_path_to_error::Segment::Unknown => None,
            })
            .collect();
        Mistake {
            path,
            message: with_nearest(&error.into_inner().to_string()),
        }
    })
}

/// Adds an object's members to another object.
pub fn extend(into: &mut Value, members: Value) {
    if let (Value::Object(into), Value::Object(members)) = (into, members) {
        into.extend(members);
    }
}

/// The known name that is nearest to a misspelt one, if any is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    let best = known
        .into_iter()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(best) > 0.7).then_some(best)
}

/// serde lists every known name after an unknown one; the nearest is what a person needs.
fn with_nearest(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((unknown, known)) if message.starts_with("unknown ") => {
            match nearest(unknown, known.iter().copied()) {
                Some(near) => format!("{message}; did you mean `{near}`?"),
                None => message.to_owned(),
            }
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Outer {
        inner: Inner,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        log_delay_ms: u64,
    }

    #[test]
    fn a_member_stands_once() {
        let wrong = parse_json::<Value>(br#"{"a": [{"b": 1, "b": 1}]}"#).unwrap_err();
        assert!(
            wrong
                .to_string()
                .starts_with("member `b` is given twice at line 1"),
            "{wrong}"
        );
        let text = r#"{"a":[{"b":-1,"c":1.5,"d":null},true,"\u00e9",18446744073709551615]}"#;
        let value: Value = parse_json(text.as_bytes()).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_mistake_names_its_member_and_the_nearest_name() {
        let mistake = read::<Outer>(serde_json::json!({"inner": {"log_delay_sm": 5}})).unwrap_err();
        assert_eq!(mistake.path, ["inner", "log_delay_sm"]);
        assert!(
            mistake.message.ends_with("did you mean `log_delay_ms`?"),
            "{}",
            mistake.message
        );

        let mistake =
            read::<Outer>(serde_json::json!({"inner": {"log_delay_ms": "5"}})).unwrap_err();
        assert_eq!(
            mistake.to_string(),
            "inner.log_delay_ms: invalid type: string \"5\", expected u64"
        );
    }
}
