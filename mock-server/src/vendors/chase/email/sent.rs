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

#[cfg(test)]
mod tests {
    use crate::vendors::chase::email::tests::{accepts, refuses};

    #[test]
    fn a_text_has_at_most_2048_characters() {
        let padded = |blanks: usize| format!("{}a@b.example", "\u{3000}".repeat(blanks));
        refuses(
            "chase.email.text_length",
            &[(&padded(2038), "Length must not exceed 2048 characters")],
        );
        accepts(&[(&padded(2037), "a@b.example")]);
    }

    #[test]
    fn line_breaks_are_refused_anywhere() {
        const REASON: &str = "Carriage return and line feed characters are not allowed";
        refuses(
            "chase.email.line_breaks",
            &[
                ("a@b.example\n", REASON),
                ("\ra@b.example", REASON),
                ("\"a\nb\" <a@b.example>", REASON),
                ("\n", REASON),
            ],
        );
        accepts(&[("a@b.example\t", "a@b.example")]);
    }

    #[test]
    fn of_the_pretty_form_only_the_address_counts() {
        accepts(&[
            ("<a@b.example>", "a@b.example"),
            ("A<a@b.example>", "a@b.example"),
            ("J. Doe <a@b.example>", "a@b.example"),
            ("Jörg Ⅷ ٣ 李\u{2003}x <a@b.example>", "a@b.example"),
            ("!#$%&'*+-/=?^_`{|}~ <a@b.example>", "a@b.example"),
            ("\"A, B\" <a@b.example>", "a@b.example"),
            ("\"A\" \"B\" <a@b.example>", "a@b.example"),
            ("\"A\" <x@y.example>\" <a@b.example>", "a@b.example"),
            ("\"\"\" <a@b.example>", "a@b.example"),
            ("\"\u{200b}\0\" <a@b.example>", "a@b.example"),
        ]);
        refuses(
            "chase.email.name_characters",
            &[
                (
                    "A, B <a@b.example>",
                    "The display name contains invalid characters when not quoted: ','.",
                ),
                (
                    "A\u{301} <a@b.example>",
                    "The display name contains invalid characters when not quoted: COMBINING ACUTE ACCENT.",
                ),
            ],
        );
        refuses(
            "chase.email.at_sign_required",
            &[
                ("A <>", "An email address must have an @-sign."),
                ("\"A\" <>", "An email address must have an @-sign."),
                ("A <<>>", "An email address must have an @-sign."),
            ],
        );
    }

    #[test]
    fn white_space_around_the_address_is_dropped() {
        accepts(&[
            ("  a@b.example\t", "a@b.example"),
            (
                "\u{1c}\u{1f}\u{85}\u{a0}a@b.example\u{1680}\u{2028}\u{3000}",
                "a@b.example",
            ),
            (" A < a@b.example\u{2003}> ", "a@b.example"),
        ]);
        refuses(
            "chase.email.local_unsafe",
            &[(
                "\u{200b}a@b.example",
                "The email address contains unsafe characters: ZERO WIDTH SPACE.",
            )],
        );
    }
}
