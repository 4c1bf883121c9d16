//! Step 1: the text as sent (CHS-EML-04 to -07).

use fixtures::rule;

use super::unicode::{Category, category};
use super::{Invalid, ensure, local};

const LONGEST_TEXT: usize = 2048;

/// The part of a text that is judged as an address.
///
/// Rules: `chase.email.pretty_form`, `chase.email.trimmed`.
pub(super) fn address(text: &str) -> Result<&str, Invalid> {
    ensure(
        text.chars().nth(LONGEST_TEXT).is_none(),
        rule("chase.email.text_length"),
        "Length must not exceed 2048 characters",
    )?;
    ensure(
        !text.contains(['\r', '\n']),
        rule("chase.email.line_breaks"),
        "Carriage return and line feed characters are not allowed",
    )?;
    Ok(inside_brackets(text).unwrap_or(text).trim_matches(is_white))
}

/// INNER of `NAME <INNER>`, if the text has that form (CHS-EML-06).
fn inside_brackets(text: &str) -> Option<&str> {
    let text = text.trim_matches(is_white).strip_suffix('>')?;
    if let Some(quoted) = text.strip_prefix('"') {
        // The name is as long as it can be, so the last quote that a bracket follows ends it.
        return quoted
            .rmatch_indices('"')
            .filter(|&(end, _)| end > 0)
            .find_map(|(end, _)| {
                let inner = quoted[end + 1..]
                    .trim_start_matches(is_white)
                    .strip_prefix('<')?;
                (!inner.is_empty()).then_some(inner)
            });
    }
    let (name, inner) = text.split_once('<')?;
    let in_name =
        |c: char| is_white(c) || c == '.' || local::is_atext(c) || category(c) == Category::Word;
    (!inner.is_empty() && name.chars().all(in_name)).then_some(inner)
}

/// WS of the dossier: Python's white space.
pub(super) fn is_white(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}
