//! E-mail addresses as the vendor's framework judges them: section "E-mail rules" of the dossier, a file a step.
//!
//! The rest of the vendor calls [`validate`]. What it refuses comes with the rule that refused, and with the REASON
//! that CHS-VAL-12 sends; what it accepts comes normalised, ready for the look-up of contacts. A text with lone
//! surrogates is judged like one that has U+FFFF in their place: both are what Unicode calls "other" (C).
//!
//! [`sent`] and [`split`] take the text apart, [`local`], [`literal`] and [`domain`] judge the parts, [`idna`] and
//! [`punycode`] the labels of a domain; [`unicode`] is all that they know of characters beyond ASCII.
//! A plain ASCII address needs none of them.

mod domain;
mod idna;
mod literal;
mod local;
mod punycode;
mod sent;
mod split;
#[cfg(test)]
mod tests;
mod unicode;

use fixtures::{RuleId, rule};

use domain::Domain;

use crate::engine::lets_through;

/// Bytes of an address, in each of its forms.
const LONGEST_ADDRESS: usize = 254;
/// Bytes of a label.
const LONGEST_LABEL: usize = 63;

/// A text that is no e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    /// The rule that refused it.
    pub(super) rule: RuleId,
    /// The REASON of CHS-VAL-12.
    pub(super) reason: String,
}

impl Invalid {
    fn new(rule: RuleId, reason: impl Into<String>) -> Self {
        Self {
            rule,
            reason: reason.into(),
        }
    }
}

/// The normalised address (CHS-EML-74) of a text that passes every rule.
///
/// Rules: `chase.email.normalised`, `chase.email.international`.
///
/// # Errors
///
/// The first rule that fails, in the order of the dossier.
pub(super) fn validate(text: &str) -> Result<String, Invalid> {
    plain(text).map_or_else(|| judge(text), Ok)
}

/// The same answer as [`judge`] for what nearly every call sends: an ASCII address without quotes, brackets, blanks,
/// doubled hyphens or anything else that a rule stumbles over. None for all other texts.
fn plain(text: &str) -> Option<String> {
    let at = text.bytes().position(|byte| byte == b'@')?;
    let (local, domain) = (&text[..at], &text[at + 1..]);
    let host = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.contains("--")
    };
    let is_plain = text.len() <= LONGEST_ADDRESS
        && local::is_dot_atom(local, local::is_atext)
        && domain.split('.').all(host)
        && domain.contains('.')
        && domain.ends_with(|last: char| last.is_ascii_alphabetic())
        && !domain::is_special_use(domain);
    is_plain.then(|| {
        let mut normalised = text.to_owned();
        let (local, domain) = normalised.split_at_mut(at);
        domain.make_ascii_lowercase();
        if local::is_role(local) {
            local.make_ascii_lowercase();
        }
        normalised
    })
}

/// Every rule, in the order of the dossier.
fn judge(text: &str) -> Result<String, Invalid> {
    let parts = split::split(sent::address(text)?)?;
    let local = local::validate(parts.local)?;
    ensure(
        !parts.domain.is_empty(),
        rule("chase.email.domain_required"),
        "There must be something after the @-sign.",
    )?;
    if let Some(literal) = parts
        .domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return Err(literal::refuse(literal));
    }
    let domain = domain::validate(parts.domain)?;
    ensure_length(parts.local, parts.domain, &local, &domain)?;
    ensure(
        !parts.named,
        rule("chase.email.display_name"),
        "A display name and angle brackets around the email address are not permitted here.",
    )?;
    Ok(format!("{local}@{}", domain.unicode))
}

/// Step 6: the whole length, as typed, as normalised, and with the domain in ASCII (CHS-EML-71 to -73).
fn ensure_length(
    typed_local: &str,
    typed_domain: &str,
    local: &str,
    domain: &Domain,
) -> Result<(), Invalid> {
    let excess = |local: &str, domain: &str| {
        (local.len() + 1 + domain.len()).saturating_sub(LONGEST_ADDRESS)
    };

    let bytes = excess(typed_local, typed_domain);
    if bytes > 0 {
        let widest = typed_local
            .chars()
            .chain(typed_domain.chars())
            .map(char::len_utf8)
            .max()
            .unwrap_or(1);
        let least = (bytes / widest).max(1);
        let range = if least == bytes {
            String::new()
        } else {
            format!("{least}-")
        };
        let reason = format!(
            "The email address is too long ({range}{}).",
            too_many(bytes, "character")
        );
        return Err(Invalid::new(rule("chase.email.address_length"), reason));
    }
    let bytes = excess(local, &domain.unicode);
    if bytes > 0 {
        let reason = format!(
            "The email address is too long after normalization ({}).",
            too_many(bytes, "byte")
        );
        return Err(Invalid::new(rule("chase.email.normalised_length"), reason));
    }
    let bytes = excess(local, &domain.ascii);
    if bytes > 0 {
        let reason = format!(
            "The email address is too long when the part after the @-sign is converted to IDNA ASCII ({}).",
            too_many(bytes, "byte"),
        );
        return Err(Invalid::new(rule("chase.email.ascii_length"), reason));
    }
    Ok(())
}

/// By how much something is too long: `1 character too many`, `2 characters too many` (CHS-EML-01).
fn too_many(excess: usize, unit: &str) -> String {
    format!(
        "{excess} {unit}{} too many",
        if excess == 1 { "" } else { "s" }
    )
}

/// Refuses unless something holds, or the rule's gate stands open.
fn ensure(holds: bool, rule: RuleId, reason: &str) -> Result<(), Invalid> {
    if holds || lets_through(rule) {
        Ok(())
    } else {
        Err(Invalid::new(rule, reason))
    }
}

/// Refuses if there are any of these characters and the rule's gate is shut, and lists them: `{reason}: {list}.`
///
/// Rules: `chase.email.character_lists`.
fn ensure_none(
    characters: impl Iterator<Item = char>,
    rule: RuleId,
    reason: &str,
) -> Result<(), Invalid> {
    let list = unicode::list(characters);
    if list.is_empty() || lets_through(rule) {
        Ok(())
    } else {
        Err(Invalid::new(rule, format!("{reason}: {list}.")))
    }
}

/// Refuses a text with unsafe characters (CHS-EML-22). Unlike other lists, theirs is in the order of code points.
fn ensure_safe(text: &str, blanks_allowed: bool, rule: RuleId) -> Result<(), Invalid> {
    let list = unicode::list_unsafe(text, blanks_allowed);
    if list.is_empty() {
        Ok(())
    } else {
        Err(Invalid::new(
            rule,
            format!("The email address contains unsafe characters: {list}."),
        ))
    }
}
