//! The whole result as JSON.

use crate::result::Report;

/// The JSON Schema (2020-12) of the report.
pub const SCHEMA: &str = include_str!("../../report.schema.json");

pub(super) fn render(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report)
        .expect("a report has strings and numbers alone, and strings for keys");
    text.push('\n');
    text
}
