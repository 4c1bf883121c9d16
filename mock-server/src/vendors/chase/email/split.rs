//! Step 2: finding the at-sign, and a display name before it (CHS-EML-08 to -18).

use std::borrow::Cow;

use fixtures::{RuleId, rule};

use super::sent::is_white;
use super::{Invalid, ensure, ensure_none, ensure_safe, local, unicode};

/// An address in its parts, as typed.
pub(super) struct Parts<'a> {
    /// Whether angle brackets stood around it.
    pub(super) named: bool,
    /// Before the at-sign.
    pub(super) local: &'a str,
    /// After it.
    pub(super) domain: &'a str,
}

/// Takes an address apart.
pub(super) fn split(text: &str) -> Result<Parts<'_>, Invalid> {
    let (left, right) = text.split_at(find(text, &['@', '<'])?);
    let Some(bracketed) = right.strip_prefix('<') else {
        return Ok(Parts {
            named: false,
            local: left,
            domain: &right[1..],
        });
    };
    ensure_name(left.trim_end_matches(is_white))?;
    ensure(
        bracketed.contains('>'),
        rule("chase.email.bracket_unclosed"),
        "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end.",
    )?;
    let Some(inner) = bracketed.trim_end_matches(' ').strip_suffix('>') else {
        return Err(Invalid::new(
            rule("chase.email.after_bracket"),
            "There can't be anything after the email address.",
        ));
    };
    let (local, right) = inner.split_at(find(inner, &['@'])?);
    Ok(Parts {
        named: true,
        local,
        domain: &right[1..],
    })
}

/// Where the first of these ASCII characters stands outside quotes.
fn find(text: &str, wanted: &[char]) -> Result<usize, Invalid> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        // Only these are more than ordinary, and only an escape waits for an ordinary one.
        let is_ordinary = !escaped && !matches!(c, '"' | '\\' | '@' | '<');
        if is_ordinary || unicode::combines(&text[at..]) {
            continue;
        }
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if wanted.contains(&c) {
            return Ok(at);
        } else {
            quoted = c == '"';
        }
    }
    ensure(
        !text.contains('\u{ff20}'),
        rule("chase.email.full_width_at_sign"),
        r#"The email address has the "full-width" at-sign (@) character instead of a regular at-sign."#,
    )?;
    ensure(
        !text.contains('\u{fe6b}'),
        rule("chase.email.small_at_sign"),
        r#"The email address has the "small commercial at" character instead of a regular at-sign."#,
    )?;
    Err(Invalid::new(
        rule("chase.email.at_sign_required"),
        "An email address must have an @-sign.",
    ))
}

/// Refuses a display name that could not stand in a message. A good one is refused too, but last.
fn ensure_name(name: &str) -> Result<(), Invalid> {
    let name =
        unquote(name).map_err(|rest| after_quote(rule("chase.email.name_after_quote"), rest))?;
    if !name.quoted {
        ensure_none(
            name.value
                .chars()
                .filter(|&c| !local::is_atext(c) && c != ' '),
            rule("chase.email.name_characters"),
            "The display name contains invalid characters when not quoted",
        )?;
    }
    ensure_safe(&name.value, true, rule("chase.email.name_unsafe"))
}

/// A text that may have been in quotes.
pub(super) struct Unquoted<'a> {
    /// Without quotes and escapes.
    pub(super) value: Cow<'a, str>,
    /// Whether it began with a quote.
    pub(super) quoted: bool,
}

/// Takes the quotes off a text. Fails with what stands after the closing one.
pub(super) fn unquote(text: &str) -> Result<Unquoted<'_>, &str> {
    let Some(inner) = text.strip_prefix('"') else {
        return Ok(Unquoted {
            value: text.into(),
            quoted: false,
        });
    };
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' if rest.as_str().is_empty() => break,
            '"' => return Err(rest.as_str()),
            '\\' => value.extend(rest.next()),
            _ => value.push(c),
        }
    }
    Ok(Unquoted {
        value: value.into(),
        quoted: true,
    })
}

/// A refusal of what stands after a closing quote. This list is in order of appearance, with repetitions.
pub(super) fn after_quote(rule: RuleId, rest: &str) -> Invalid {
    let list: Vec<String> = rest.chars().map(unicode::display).collect();
    Invalid::new(
        rule,
        format!(
            "Extra character(s) found after close quote: {}",
            list.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use crate::vendors::chase::email::tests::{accepts, refuses};

    #[test]
    fn an_at_sign_stands_outside_quotes() {
        const REASON: &str = "An email address must have an @-sign.";
        refuses(
            "chase.email.at_sign_required",
            &[
                ("", REASON),
                ("a.example", REASON),
                ("\"a@b.example", REASON),
                ("\"a@b.example\"", REASON),
                ("a\"@b.example", REASON),
                ("\"a\\\"@b.example", REASON),
            ],
        );
        accepts(&[("a@b.example", "a@b.example")]);
    }

    #[test]
    fn the_first_at_sign_outside_quotes_ends_the_local_part() {
        refuses(
            "chase.email.domain_characters",
            &[(
                "a@b@c.example",
                "The part after the @-sign contains invalid characters: '@'.",
            )],
        );
        refuses(
            "chase.email.quoted_local",
            &[
                (
                    "\"a@b\"@c.example",
                    "Quoting the part before the @-sign is not allowed here.",
                ),
                (
                    "\"\\\\\"@c.example",
                    "Quoting the part before the @-sign is not allowed here.",
                ),
            ],
        );
    }

    #[test]
    fn a_character_that_changes_under_normalisation_is_ordinary() {
        refuses(
            "chase.email.local_characters",
            &[
                (
                    "a<\u{338}@b.example",
                    "The email address contains invalid characters before the @-sign: '<'.",
                ),
                (
                    &format!("<{}\u{338}@b.example", "\u{323}".repeat(30)),
                    "The email address contains invalid characters before the @-sign: '<'.",
                ),
            ],
        );
        refuses(
            "chase.email.bracket_unclosed",
            &[(
                &format!("<{}\u{338}@b.example", "\u{323}".repeat(31)),
                "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end.",
            )],
        );
        // The backslash still waits for a character to escape, and takes the quote.
        refuses(
            "chase.email.at_sign_required",
            &[(
                "\"\\\u{212a}\"@b.example",
                "An email address must have an @-sign.",
            )],
        );
    }

    #[test]
    fn other_at_signs_have_texts_of_their_own() {
        refuses(
            "chase.email.full_width_at_sign",
            &[
                (
                    "a＠b.example",
                    "The email address has the \"full-width\" at-sign (@) character instead of a regular at-sign.",
                ),
                (
                    "a﹫b＠c.example",
                    "The email address has the \"full-width\" at-sign (@) character instead of a regular at-sign.",
                ),
            ],
        );
        refuses(
            "chase.email.small_at_sign",
            &[(
                "a﹫b.example",
                "The email address has the \"small commercial at\" character instead of a regular at-sign.",
            )],
        );
        accepts(&[("a＠b﹫c@d.example", "a＠b﹫c@d.example")]);
    }

    #[test]
    fn nothing_stands_behind_the_quotes_of_a_name() {
        refuses(
            "chase.email.name_after_quote",
            &[(
                "\"A\" x <a@b.example>",
                "Extra character(s) found after close quote: SPACE, 'x'",
            )],
        );
        accepts(&[("\"A x\" <a@b.example>", "a@b.example")]);
    }

    #[test]
    fn a_name_without_quotes_is_atext_and_blanks() {
        refuses(
            "chase.email.name_characters",
            &[
                (
                    "A;B,\u{301}é. (\\<a@b.example>",
                    "The display name contains invalid characters when not quoted: \"\\\", '(', ',', '.', ';', 'é', COMBINING ACUTE ACCENT.",
                ),
                (
                    "A\u{3000}B;<a@b.example>",
                    "The display name contains invalid characters when not quoted: ';', IDEOGRAPHIC SPACE.",
                ),
            ],
        );
        accepts(&[("\"A;B\" <a@b.example>", "a@b.example")]);
    }

    #[test]
    fn a_name_has_no_unsafe_characters() {
        refuses(
            "chase.email.name_unsafe",
            &[(
                "\"\u{301}A\u{3000}\u{200b}\u{7}\" <a@b.example> x",
                "The email address contains unsafe characters: U+0007, COMBINING ACUTE ACCENT, ZERO WIDTH SPACE.",
            )],
        );
        refuses(
            "chase.email.after_bracket",
            &[(
                "\"A\u{3000}\" <a@b.example> x",
                "There can't be anything after the email address.",
            )],
        );
        accepts(&[("\"A\u{200b}\" <a@b.example>", "a@b.example")]);
    }

    #[test]
    fn a_bracket_is_closed_at_the_end() {
        const REASON: &str = "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end.";
        refuses(
            "chase.email.bracket_unclosed",
            &[
                ("A <a@b.example", REASON),
                ("<", REASON),
                ("A<<a@b.example>", REASON),
            ],
        );
        refuses(
            "chase.email.after_bracket",
            &[
                (
                    "A <a@b.example> x",
                    "There can't be anything after the email address.",
                ),
                (
                    "<a@b.example>.",
                    "There can't be anything after the email address.",
                ),
            ],
        );
        accepts(&[("A <a@b.example> ", "a@b.example")]);
    }
}
