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
