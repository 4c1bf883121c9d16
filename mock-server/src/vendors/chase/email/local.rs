//! Step 3: the part before the at-sign (CHS-EML-20 to -32).

use fixtures::rule;

use super::split::{after_quote, unquote};
use super::{Invalid, ensure, ensure_none, ensure_safe, unicode};

/// The normalised form of a local part.
///
/// Rules: `chase.email.local_length`, `chase.email.role_names`.
pub(super) fn validate(typed: &str) -> Result<String, Invalid> {
    let local =
        unquote(typed).map_err(|rest| after_quote(rule("chase.email.local_after_quote"), rest))?;
    ensure_sound(&local.value, local.quoted)?;
    let mut normalised = unicode::nfc(&local.value);
    if normalised != local.value {
        ensure_sound(&normalised, local.quoted).map_err(|Invalid { reason, .. }| {
            Invalid::new(
                rule("chase.email.local_normalised"),
                format!("After Unicode normalization: {reason}"),
            )
        })?;
    }
    ensure(
        !local.quoted,
        rule("chase.email.quoted_local"),
        "Quoting the part before the @-sign is not allowed here.",
    )?;
    if is_role(&normalised) {
        normalised.make_ascii_lowercase();
    }
    Ok(normalised)
}

/// Refuses a local part, without its quotes, for the characters in it or where its periods stand.
fn ensure_sound(local: &str, quoted: bool) -> Result<(), Invalid> {
    let is_international = |c: char| is_atext(c) || !c.is_ascii();
    ensure(
        !local.is_empty(),
        rule("chase.email.local_required"),
        "There must be something before the @-sign.",
    )?;
    if is_dot_atom(local, is_atext) {
        return Ok(());
    }
    if is_dot_atom(local, is_international) {
        return ensure_safe(local, false, rule("chase.email.local_unsafe"));
    }
    if quoted {
        ensure_none(
            local.chars().filter(char::is_ascii_control),
            rule("chase.email.quoted_characters"),
            "The email address contains invalid characters in quotes before the @-sign",
        )?;
        return ensure_safe(local, true, rule("chase.email.quoted_unsafe"));
    }
    ensure_none(
        local.chars().filter(|&c| !is_international(c) && c != '.'),
        rule("chase.email.local_characters"),
        "The email address contains invalid characters before the @-sign",
    )?;
    // Without bad characters, what is no dot-atom has a period too many: before, behind, or between.
    Err(Invalid::new(
        rule("chase.email.local_periods"),
        if local.ends_with('.') {
            "An email address cannot have a period immediately before the @-sign."
        } else if local.starts_with('.') {
            "An email address cannot start with a period."
        } else {
            "An email address cannot have two periods in a row."
        },
    ))
}

/// ATEXT of the dossier.
pub(super) fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '!' | '#'..='\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^'..='`' | '{'..='~')
}

/// Whether a text is made of such characters, with single periods between them.
pub(super) fn is_dot_atom(text: &str, is_text: impl Fn(char) -> bool) -> bool {
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(&is_text))
}

/// Whether a local part is one of the names that mean the same in any letter case (CHS-EML-32).
pub(super) fn is_role(local: &str) -> bool {
    const ROLES: [&str; 15] = [
        "info",
        "marketing",
        "sales",
        "support",
        "abuse",
        "noc",
        "security",
        "postmaster",
        "hostmaster",
        "usenet",
        "news",
        "webmaster",
        "www",
        "uucp",
        "ftp",
    ];
    ROLES.iter().any(|role| role.eq_ignore_ascii_case(local))
}

#[cfg(test)]
mod tests {
    use crate::vendors::chase::email::tests::{accepts, refuses};

    #[test]
    fn nothing_stands_behind_the_quotes_of_a_local_part() {
        refuses(
            "chase.email.local_after_quote",
            &[
                (
                    "\"a\"zb b@c.example",
                    "Extra character(s) found after close quote: 'z', 'b', SPACE, 'b'",
                ),
                (
                    "\"\"\u{7}@c.example",
                    "Extra character(s) found after close quote: U+0007",
                ),
            ],
        );
        accepts(&[("azb@c.example", "azb@c.example")]);
    }

    #[test]
    fn something_stands_before_the_at_sign() {
        refuses(
            "chase.email.local_required",
            &[
                ("@b.example", "There must be something before the @-sign."),
                (
                    "\"\"@b.example",
                    "There must be something before the @-sign.",
                ),
            ],
        );
        accepts(&[("a@b.example", "a@b.example")]);
    }

    #[test]
    fn a_local_part_has_no_unsafe_characters() {
        refuses(
            "chase.email.local_unsafe",
            &[
                (
                    "\u{301}a\u{301}@b.example",
                    "The email address contains unsafe characters: COMBINING ACUTE ACCENT.",
                ),
                (
                    "a\u{3000}\u{2028}\u{ad}\u{80}\u{e000}\u{ffff}@b.example",
                    "The email address contains unsafe characters: U+0080, SOFT HYPHEN, LINE SEPARATOR, IDEOGRAPHIC SPACE, U+E000, U+0000FFFF.",
                ),
                // Assigned in Unicode 15.
                (
                    "a\u{1fae8}@b.example",
                    "The email address contains unsafe characters: U+0001FAE8.",
                ),
                (
                    "\"é\u{a0}\"@b.example",
                    "The email address contains unsafe characters: NO-BREAK SPACE.",
                ),
            ],
        );
        accepts(&[("a\u{301}\u{335}🦤€@b.example", "á\u{335}🦤€@b.example")]);
    }

    #[test]
    fn quotes_hold_no_control_characters() {
        refuses(
            "chase.email.quoted_characters",
            &[(
                "\"é\u{7f}\t\u{1}\t\"@b.example",
                "The email address contains invalid characters in quotes before the @-sign: U+0001, U+0009, U+007F.",
            )],
        );
        refuses(
            "chase.email.quoted_local",
            &[(
                "\"é .(\"@b.example",
                "Quoting the part before the @-sign is not allowed here.",
            )],
        );
        accepts(&[("é@b.example", "é@b.example")]);
    }

    #[test]
    fn quotes_hold_no_unsafe_characters_but_blanks() {
        refuses(
            "chase.email.quoted_unsafe",
            &[(
                "\" \u{3000}\u{200d}\u{2029}\"@b.example",
                "The email address contains unsafe characters: ZERO WIDTH JOINER, PARAGRAPH SEPARATOR.",
            )],
        );
        refuses(
            "chase.email.quoted_local",
            &[(
                "\"( \u{3000}\u{301}\"@b.example",
                "Quoting the part before the @-sign is not allowed here.",
            )],
        );
        accepts(&[("a@b.example", "a@b.example")]);
    }

    #[test]
    fn without_quotes_ascii_is_atext() {
        refuses(
            "chase.email.local_characters",
            &[
                (
                    "a b(\\,'é:;>[]\t..@c.example",
                    "The email address contains invalid characters before the @-sign: \"\\\", '(', ',', ':', ';', '>', '[', ']', SPACE, U+0009.",
                ),
                (
                    "\u{7f}@c.example",
                    "The email address contains invalid characters before the @-sign: U+007F.",
                ),
            ],
        );
        accepts(&[("a'b@c.example", "a'b@c.example")]);
    }

    #[test]
    fn periods_stand_alone_between_other_characters() {
        refuses(
            "chase.email.local_periods",
            &[
                (
                    ".a..b.@c.example",
                    "An email address cannot have a period immediately before the @-sign.",
                ),
                (
                    ".@c.example",
                    "An email address cannot have a period immediately before the @-sign.",
                ),
                (
                    ".é..b@c.example",
                    "An email address cannot start with a period.",
                ),
                (
                    "a..b@c.example",
                    "An email address cannot have two periods in a row.",
                ),
            ],
        );
        accepts(&[("a.é.b@c.example", "a.é.b@c.example")]);
    }

    #[test]
    fn the_normalised_local_part_keeps_the_rules_too() {
        refuses(
            "chase.email.local_normalised",
            &[(
                "a\u{37e}b@c.example",
                "After Unicode normalization: The email address contains invalid characters before the @-sign: ';'.",
            )],
        );
        accepts(&[("a\u{1fef}b@c.example", "a`b@c.example")]);
    }

    #[test]
    fn quotes_are_refused() {
        refuses(
            "chase.email.quoted_local",
            &[
                (
                    "\"a b\"@c.example",
                    "Quoting the part before the @-sign is not allowed here.",
                ),
                (
                    "\"a\"@c.example",
                    "Quoting the part before the @-sign is not allowed here.",
                ),
                (
                    "\"a..\\b\"@-",
                    "Quoting the part before the @-sign is not allowed here.",
                ),
            ],
        );
        accepts(&[("a@c.example", "a@c.example")]);
    }

    #[test]
    fn a_local_part_may_be_long() {
        let long = format!("{}@b.example", "a".repeat(65));
        accepts(&[(&long, &long)]);
    }

    #[test]
    fn names_of_roles_lose_their_letter_case() {
        accepts(&[
            ("INFO@B.example", "info@b.example"),
            ("mar\u{212a}eting@é.example", "marketing@é.example"),
            ("WWW@b.example", "www@b.example"),
            ("Info1@b.example", "Info1@b.example"),
            ("Admin@b.example", "Admin@b.example"),
        ]);
    }
}
