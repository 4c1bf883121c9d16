//! Step 5: a domain name (CHS-EML-50 to -70).

use fixtures::rule;

use super::{Invalid, LONGEST_LABEL, ensure, ensure_none, ensure_safe, idna, too_many};

/// Characters of a domain as typed, and bytes of its ASCII form.
const LONGEST_DOMAIN: usize = 253;

/// An accepted domain.
pub(super) struct Domain {
    /// With A-labels.
    pub(super) ascii: String,
    /// With U-labels: what the normalised address shows.
    pub(super) unicode: String,
}

/// Both forms of a domain.
pub(super) fn validate(typed: &str) -> Result<Domain, Invalid> {
    let mapped = map(typed)?;
    ensure_periods_and_hyphens(&mapped)?;
    let ascii = to_ascii(mapped)?;
    ensure_public(&ascii)?;
    let unicode = to_unicode(&ascii)?;
    Ok(Domain { ascii, unicode })
}

/// The domain in lower case, with every kind of full stop made a period (CHS-EML-50 to -55).
fn map(typed: &str) -> Result<String, Invalid> {
    let length = typed.chars().count();
    if length > LONGEST_DOMAIN {
        let excess = too_many(length - LONGEST_DOMAIN, "character");
        return Err(Invalid::new(
            rule("chase.email.domain_length"),
            format!("The email address is too long after the @-sign ({excess})."),
        ));
    }
    let not_of_hosts =
        |&c: &char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '-' && c != '.';
    ensure_none(
        typed.chars().filter(not_of_hosts),
        rule("chase.email.domain_characters"),
        "The part after the @-sign contains invalid characters",
    )?;
    ensure_safe(typed, false, rule("chase.email.domain_unsafe"))?;
    ensure_none(
        typed.chars().filter(|&c| holds_full_stop(c)),
        rule("chase.email.domain_full_stops"),
        "The part after the @-sign contains invalid characters",
    )?;
    let mapped = idna::map(typed).map_err(|detail| {
        Invalid::new(
            rule("chase.email.domain_mapping"),
            format!("The part after the @-sign contains invalid characters ({detail})."),
        )
    })?;
    ensure_none(
        mapped.chars().filter(not_of_hosts),
        rule("chase.email.domain_mapped"),
        "The part after the @-sign contains invalid characters after Unicode normalization",
    )?;
    Ok(mapped)
}

/// Whether a character's decomposition has a full stop in it (CHS-EML-53). U+FF0E, which is one, does not count.
fn holds_full_stop(c: char) -> bool {
    matches!(
        c,
        '\u{2024}'..='\u{2026}'
            | '\u{2488}'..='\u{249b}'
            | '\u{33c2}'
            | '\u{33c7}'
            | '\u{33d8}'
            | '\u{fe52}'
            | '\u{1f100}'
    )
}

/// Where periods and hyphens may not stand (CHS-EML-56 to -62).
fn ensure_periods_and_hyphens(domain: &str) -> Result<(), Invalid> {
    let (periods, hyphens) = (
        rule("chase.email.domain_periods"),
        rule("chase.email.domain_hyphens"),
    );
    ensure(
        !domain.ends_with('.'),
        periods,
        "An email address cannot end with a period.",
    )?;
    ensure(
        !domain.starts_with('.'),
        periods,
        "An email address cannot have a period immediately after the @-sign.",
    )?;
    ensure(
        !domain.contains(".."),
        periods,
        "An email address cannot have two periods in a row.",
    )?;
    ensure(
        !domain.ends_with('-'),
        hyphens,
        "An email address cannot end with a hyphen.",
    )?;
    ensure(
        !domain.starts_with('-'),
        hyphens,
        "An email address cannot have a hyphen immediately after the @-sign.",
    )?;
    ensure(
        !domain.contains(".-") && !domain.contains("-."),
        hyphens,
        "An email address cannot have a period and a hyphen next to each other.",
    )?;
    let is_reserved = |label: &str| {
        let mut from_third = label.chars().skip(2);
        from_third.next() == Some('-') && from_third.next() == Some('-') && !label.starts_with("xn")
    };
    ensure(
        !domain.split('.').any(is_reserved),
        rule("chase.email.reserved_hyphens"),
        "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode.",
    )
}

/// The domain with A-labels (CHS-EML-63 to -65).
fn to_ascii(mapped: String) -> Result<String, Invalid> {
    // A plain host name needs no label checked; nothing at all is no host name.
    let ascii = if mapped.is_ascii() && !mapped.is_empty() {
        mapped
    } else {
        let labels: Result<Vec<String>, String> = mapped.split('.').map(idna::to_ascii).collect();
        labels
            .map_err(|detail| {
                Invalid::new(
                    rule("chase.email.idna_label"),
                    format!("The part after the @-sign is invalid ({detail})."),
                )
            })?
            .join(".")
    };
    if ascii.len() > LONGEST_DOMAIN {
        let excess = too_many(ascii.len() - LONGEST_DOMAIN, "byte");
        return Err(Invalid::new(
            rule("chase.email.domain_ascii_length"),
            format!(
                "The email address is too long after the @-sign ({excess} after IDNA encoding)."
            ),
        ));
    }
    if let Some(label) = ascii.split('.').find(|label| label.len() > LONGEST_LABEL) {
        let excess = too_many(label.len() - LONGEST_LABEL, "character");
        return Err(Invalid::new(
            rule("chase.email.label_length"),
            format!(
                "After the @-sign, periods cannot be separated by so many characters ({excess})."
            ),
        ));
    }
    Ok(ascii)
}

/// What a domain on the public Internet is made of (CHS-EML-66 to -68).
fn ensure_public(ascii: &str) -> Result<(), Invalid> {
    ensure(
        ascii.contains('.'),
        rule("chase.email.period_required"),
        "The part after the @-sign is not valid. It should have a period.",
    )?;
    ensure(
        ascii.ends_with(|last: char| last.is_ascii_alphabetic()),
        rule("chase.email.top_level_letter"),
        "The part after the @-sign is not valid. It is not within a valid top-level domain.",
    )?;
    ensure(
        !is_special_use(ascii),
        rule("chase.email.special_use"),
        "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
    )
}

/// Whether a domain is one of the names that are set apart, or below one.
pub(super) fn is_special_use(ascii: &str) -> bool {
    const SPECIAL_USE: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];
    let top = ascii.rsplit('.').next().unwrap_or(ascii);
    SPECIAL_USE
        .iter()
        .any(|name| name.eq_ignore_ascii_case(top))
}

/// The domain with U-labels (CHS-EML-69, CHS-EML-70).
fn to_unicode(ascii: &str) -> Result<String, Invalid> {
    if !ascii.contains("xn--") {
        return Ok(ascii.to_owned());
    }
    let invalid = |rule, detail: &str| {
        Invalid::new(
            rule,
            format!("The part after the @-sign is not valid IDNA ({detail})."),
        )
    };
    let labels: Result<Vec<String>, String> = ascii.split('.').map(idna::to_unicode).collect();
    let unicode = labels
        .map_err(|detail| invalid(rule("chase.email.punycode"), &detail))?
        .join(".");
    ensure_safe(&unicode, false, rule("chase.email.punycode_unsafe"))?;
    idna::check_directions(&unicode)
        .map_err(|detail| invalid(rule("chase.email.bidi"), &detail))?;
    Ok(unicode)
}
