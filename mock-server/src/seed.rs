//! Seed files: TOML or JSON, several merge, and every mistake is named with its file, line and member.
//!
//! Tables merge member by member, lists append, and of other values the later file's counts. A vendor that no file
//! names keeps the built-in seed.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::document::{self, Mistake};
use crate::sandboxes::{seeds_of, vendor_named};
use crate::vendors::VENDORS;
use crate::world::AnySeed;

/// One seed file, read and checked by itself.
pub struct Layer {
    file: String,
    text: String,
    format: Format,
    document: Map<String, Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Toml,
    Json,
}

/// What is wrong with a seed file: `shop.toml:12: comm100.agents: …`.
#[derive(Debug, thiserror::Error)]
#[error("{file}{}: {mistake}", .line.map_or_else(String::new, |line| format!(":{line}")))]
pub struct SeedError {
    /// The file.
    pub file: String,
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, and in which member.
    pub mistake: Mistake,
}

impl Layer {
    /// Reads a file's text: JSON if the name ends in `.json` or the text begins with a brace, else TOML.
    ///
    /// # Errors
    ///
    /// When it cannot be parsed, names no vendor, or has members that are unknown or of the wrong type.
    pub fn parse(file: &str, text: String) -> Result<Self, SeedError> {
        let is_json =
            file.to_ascii_lowercase().ends_with(".json") || text.trim_start().starts_with('{');
        let format = if is_json { Format::Json } else { Format::Toml };
        let parsed = match format {
            Format::Json => {
                document::parse_json(text.as_bytes()).map_err(|error| {
                    // Line 0: the whole document.
                    (
                        Some(error.line()).filter(|line| *line > 0),
                        error.to_string(),
                    )
                })
            }
            Format::Toml => toml::from_str(&text).map_err(|error| {
                let line = error.span().map(|span| line_at(&text, span.start));
                let found = line
                    .and_then(|line| text.lines().nth(line - 1))
                    .unwrap_or_default();
                (line, format!("{}: {}", error.message(), found.trim()))
            }),
        };
        let document = parsed.map_err(|(line, message)| SeedError {
            file: file.to_owned(),
            line,
            mistake: Mistake {
                path: Vec::new(),
                message,
            },
        })?;
        let layer = Self {
            file: file.to_owned(),
            text,
            format,
            document,
        };
        for (name, part) in &layer.document {
            let checked = vendor_named(name).and_then(|vendor| {
                let checked = VENDORS[vendor].check(part.clone());
                checked.map_err(|mistake| mistake.below(name))
            });
            match checked {
                // Another file may have it; if none does, that shows once they are merged.
                Err(mistake) if mistake.is_missing_member() => {}
                checked => checked.map_err(|mistake| layer.error(mistake))?,
            }
        }
        Ok(layer)
    }

    fn error(&self, mistake: Mistake) -> SeedError {
        SeedError {
            file: self.file.clone(),
            line: self.line_of(&mistake.path).map(|(_, line)| line),
            mistake,
        }
    }

    /// How many members of a path this file has, and the line of the last of them.
    fn line_of(&self, path: &[String]) -> Option<(usize, usize)> {
        let (depth, offset) = match self.format {
            Format::Toml => toml_offset(&self.text, path),
            Format::Json => json_offset(&self.text, path),
        }?;
        Some((depth, line_at(&self.text, offset)))
    }
}

/// The built-in seeds, one file a vendor: the vendors' documented examples and nothing else.
pub fn built_in() -> Vec<(String, &'static str)> {
    let file =
        |vendor: &fixtures::Vendor| (format!("built-in {}.toml", vendor.name()), vendor.seed());
    fixtures::VENDORS.iter().map(file).collect()
}

/// Merges files, the first lowest, and makes each vendor's seed of them.
///
/// # Errors
///
/// The first member that contradicts another one, named in the last file that has it.
pub fn merge(layers: &[Layer]) -> Result<Vec<Box<dyn AnySeed>>, SeedError> {
    let mut merged = Map::new();
    for layer in layers {
        for (name, part) in &layer.document {
            merge_value(merged.entry(name).or_insert(Value::Null), part);
        }
    }
    for (kind, (file, text)) in VENDORS.iter().zip(built_in()) {
        if !merged.contains_key(kind.name()) {
            merged.extend(Layer::parse(&file, text.to_owned())?.document);
        }
    }
    let mut seeds: BTreeMap<usize, _> = seeds_of(merged).map_err(|mistake| {
        let homes = layers
            .iter()
            .filter_map(|layer| Some((layer.line_of(&mistake.path)?, layer)));
        match homes.max_by_key(|((depth, _), _)| *depth) {
            Some((_, layer)) => layer.error(mistake),
            None => SeedError {
                file: "built-in seed".to_owned(),
                line: None,
                mistake,
            },
        }
    })?;
    Ok((0..VENDORS.len())
        .map(|vendor| {
            seeds
                .remove(&vendor)
                .expect("every vendor is in the merged document")
        })
        .collect())
}

fn merge_value(into: &mut Value, later: &Value) {
    match (into, later) {
        (Value::Object(into), Value::Object(later)) => {
            for (name, value) in later {
                merge_value(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(later)) => into.extend(later.iter().cloned()),
        (into, later) => *into = later.clone(),
    }
}

/// The line of an offset into a text, counted from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    1 + text.get(..offset).unwrap_or(text).matches('\n').count()
}

/// How deep into `path` the text goes, and where its last known member stands.
fn toml_offset(text: &str, path: &[String]) -> Option<(usize, usize)> {
    use toml::de::{DeTable, DeValue};
    let root = DeTable::parse(text).ok()?;
    let (first, rest) = path.split_first()?;
    let (key, mut value) = root.get_ref().get_key_value(first.as_str())?;
    let mut found = (1, key.span().start);
    for name in rest {
        let next = match value.get_ref() {
            DeValue::Table(table) => table
                .get_key_value(name.as_str())
                .map(|(key, value)| (key.span().start, value)),
            DeValue::Array(list) => name
                .parse()
                .ok()
                .and_then(|index: usize| list.get(index))
                .map(|value| (value.span().start, value)),
            _ => None,
        };
        let Some((offset, next)) = next else { break };
        found = (found.0 + 1, offset);
        value = next;
    }
    Some(found)
}

/// The same for JSON. Raw values are slices of the text, so their place in it is known.
fn json_offset(text: &str, path: &[String]) -> Option<(usize, usize)> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    let mut found = None;
    for (depth, name) in path.iter().enumerate() {
        let next = if value.get().starts_with('[') {
            let list: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
            name.parse()
                .ok()
                .and_then(|index: usize| list.get(index).copied())
        } else {
            serde_json::from_str::<BTreeMap<String, &RawValue>>(value.get())
                .ok()
                .and_then(|map| map.get(name).copied())
        };
        let Some(next) = next else { break };
        found = Some((
            depth + 1,
            next.get().as_ptr() as usize - text.as_ptr() as usize,
        ));
        value = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(file: &str, text: &str) -> String {
        Layer::parse(file, text.to_owned())
            .err()
            .expect("a mistake")
            .to_string()
    }

    #[test]
    fn a_mistake_is_named_with_file_line_and_member() {
        assert_eq!(
            wrong("shop.toml", "# shop\n[chase]\nlog_delay_ms = \"soon\"\n"),
            "shop.toml:3: chase.log_delay_ms: invalid type: string \"soon\", expected u64"
        );
        assert_eq!(
            wrong(
                "shop.json",
                "{\n \"chase\": {\n  \"log_delay_ms\": \"soon\"}}"
            ),
            "shop.json:3: chase.log_delay_ms: invalid type: string \"soon\", expected u64"
        );
        assert!(
            wrong("a.toml", "[chase]\nlog_delay_sm = 1").contains("did you mean `log_delay_ms`?")
        );
        assert!(
            wrong("a.toml", "\n[chaise]\n")
                .starts_with("a.toml:2: chaise: unknown vendor, expected one of")
        );
        assert!(wrong("a.toml", "[chase]\n= 1").starts_with("a.toml:2: "));
        assert!(wrong("a.json", "{\n \"chase\": }").starts_with("a.json:2: "));
    }

    #[test]
    fn a_file_may_change_one_member_of_an_entry_of_another_file() {
        let action = "[comm100.accounts.main.actions.7]\nname = \"sale\"\nisEnable = true\n";
        let more = "[comm100.accounts.main.actions.7]\nisEnable = false\n";
        let layer = |text: &str| Layer::parse("a.toml", text.to_owned()).map_err(|e| e.to_string());
        let merged = merge(&[layer(action).unwrap(), layer(more).unwrap()]);
        assert_eq!(merged.err().map(|error| error.to_string()), None);
        // Alone it lacks the others.
        let alone = merge(&[layer(more).unwrap()])
            .err()
            .map(|error| error.to_string());
        assert!(alone.is_some_and(|said| {
            said.starts_with("a.toml:1: comm100.accounts.main.actions.7: missing field")
        }));
    }

    #[test]
    fn later_files_add_to_earlier_ones() {
        let mut merged = serde_json::json!({"a": {"b": 1, "c": [1]}, "d": 1});
        merge_value(
            &mut merged,
            &serde_json::json!({"a": {"b": 2, "c": [2], "e": 3}}),
        );
        assert_eq!(
            merged,
            serde_json::json!({"a": {"b": 2, "c": [1, 2], "e": 3}, "d": 1})
        );
    }

    #[test]
    fn built_in_seeds_are_sound() {
        assert_eq!(
            merge(&[])
                .map_err(|error| error.to_string())
                .map(|seeds| seeds.len()),
            Ok(VENDORS.len())
        );
    }

    #[test]
    fn conformance_seeds_add_to_the_built_in_ones() {
        let layers: Vec<Layer> = fixtures::VENDORS
            .iter()
            .flat_map(|vendor| [vendor.seed(), vendor.conformance_seed()])
            .map(|text| {
                Layer::parse("a.toml", text.to_owned())
                    .map_err(|error| error.to_string())
                    .unwrap()
            })
            .collect();
        assert!(merge(&layers).map_err(|error| error.to_string()).is_ok());
    }
}
