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

#[cfg(test)]
mod tests {
    use crate::vendors::chase::email::tests::{accepts, refuses};

    const TOP_LEVEL: &str =
        "The part after the @-sign is not valid. It is not within a valid top-level domain.";

    /// `a@`, so many labels of 50 characters, and the rest.
    fn long(labels: usize, rest: &str) -> String {
        format!("a@{}{rest}", format!("{}.", "b".repeat(50)).repeat(labels))
    }

    #[test]
    fn a_domain_has_at_most_253_characters() {
        refuses(
            "chase.email.domain_length",
            &[
                (
                    &long(4, &"é".repeat(50)),
                    "The email address is too long after the @-sign (1 character too many).",
                ),
                (
                    &long(5, "!"),
                    "The email address is too long after the @-sign (3 characters too many).",
                ),
            ],
        );
        refuses(
            "chase.email.domain_characters",
            &[(
                &long(4, &"!".repeat(49)),
                "The part after the @-sign contains invalid characters: '!'.",
            )],
        );
        accepts(&[(&long(4, "com"), &long(4, "com"))]);
    }

    #[test]
    fn a_domain_has_letters_digits_hyphens_and_periods() {
        refuses(
            "chase.email.domain_characters",
            &[(
                "a@b_'\\ é\t@.example",
                "The part after the @-sign contains invalid characters: \"'\", \"\\\", '@', '_', SPACE, U+0009.",
            )],
        );
        accepts(&[("a@b-1.example", "a@b-1.example")]);
    }

    #[test]
    fn a_domain_has_no_unsafe_characters() {
        refuses(
            "chase.email.domain_unsafe",
            &[
                (
                    "a@\u{301}b\u{301}\u{200d}\u{a0}.example",
                    "The email address contains unsafe characters: NO-BREAK SPACE, COMBINING ACUTE ACCENT, ZERO WIDTH JOINER.",
                ),
                (
                    "a@b\u{1fae8}.example",
                    "The email address contains unsafe characters: U+0001FAE8.",
                ),
            ],
        );
        accepts(&[("a@b\u{301}.example", "a@b\u{301}.example")]);
    }

    #[test]
    fn characters_with_a_full_stop_in_them_are_refused() {
        refuses(
            "chase.email.domain_full_stops",
            &[(
                "a@b․⒈㏂\u{fe52}\u{1f100}.example",
                "The part after the @-sign contains invalid characters: '․', '⒈', '㏂', '﹒', '🄀'.",
            )],
        );
        accepts(&[("a@b．c。d｡example", "a@b.c.d.example")]);
    }

    #[test]
    fn characters_that_uts_46_disallows_are_refused() {
        refuses(
            "chase.email.domain_mapping",
            &[(
                "a@É\u{fffd}\u{2ff0}.example",
                "The part after the @-sign contains invalid characters (Codepoint U+FFFD not allowed at position 2 in 'É\u{fffd}\u{2ff0}.example').",
            )],
        );
        accepts(&[("a@É.example", "a@é.example")]);
    }

    #[test]
    fn the_mapped_domain_has_letters_digits_hyphens_and_periods_too() {
        refuses(
            "chase.email.domain_mapped",
            &[(
                "a@℀⑴\u{fdfa}.example",
                "The part after the @-sign contains invalid characters after Unicode normalization: '(', ')', '/', SPACE.",
            )],
        );
        accepts(&[("a@ﬀⅧ.example", "a@ffviii.example")]);
    }

    #[test]
    fn periods_stand_alone_between_other_characters() {
        refuses(
            "chase.email.domain_periods",
            &[
                ("a@.b..c.", "An email address cannot end with a period."),
                (
                    "a@.b..c",
                    "An email address cannot have a period immediately after the @-sign.",
                ),
                (
                    "a@b-。｡c",
                    "An email address cannot have two periods in a row.",
                ),
            ],
        );
        accepts(&[("a@b.c", "a@b.c")]);
    }

    #[test]
    fn hyphens_stand_within_labels() {
        refuses(
            "chase.email.domain_hyphens",
            &[
                ("a@-b.-c-", "An email address cannot end with a hyphen."),
                (
                    "a@-b-.c",
                    "An email address cannot have a hyphen immediately after the @-sign.",
                ),
                (
                    "a@b-.c",
                    "An email address cannot have a period and a hyphen next to each other.",
                ),
                (
                    "a@b.－c",
                    "An email address cannot have a period and a hyphen next to each other.",
                ),
            ],
        );
        accepts(&[("a@b-c.d", "a@b-c.d")]);
    }

    #[test]
    fn two_hyphens_in_third_and_fourth_place_mean_punycode() {
        const REASON: &str = "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode.";
        refuses(
            "chase.email.reserved_hyphens",
            &[
                ("a@ab--c.example", REASON),
                ("a@b.éa--b.example", REASON),
                ("a@b---c.example", REASON),
            ],
        );
        accepts(&[
            ("a@a--b.example", "a@a--b.example"),
            ("a@axn--b.example", "a@axn--b.example"),
        ]);
    }

    #[test]
    fn the_ascii_form_has_at_most_253_bytes() {
        refuses(
            "chase.email.domain_ascii_length",
            &[
                (
                    &long(4, &format!("{}.é", "b".repeat(42))),
                    "The email address is too long after the @-sign (1 byte too many after IDNA encoding).",
                ),
                (
                    &long(4, &format!("{}.é", "b".repeat(43))),
                    "The email address is too long after the @-sign (2 bytes too many after IDNA encoding).",
                ),
                (
                    &long(4, &"㎉".repeat(13)),
                    "The email address is too long after the @-sign (3 bytes too many after IDNA encoding).",
                ),
            ],
        );
        // With a local part of one byte, the whole address is too long before the domain is.
        let accepted = long(4, &format!("{}.é", "b".repeat(40)));
        accepts(&[(&accepted, &accepted)]);
    }

    #[test]
    fn a_label_has_at_most_63_characters() {
        let label = |length: usize| format!("a@{}.example", "b".repeat(length));
        refuses(
            "chase.email.label_length",
            &[
                (
                    &label(64),
                    "After the @-sign, periods cannot be separated by so many characters (1 character too many).",
                ),
                (
                    &label(65),
                    "After the @-sign, periods cannot be separated by so many characters (2 characters too many).",
                ),
            ],
        );
        accepts(&[(&label(63), &label(63))]);
    }

    #[test]
    fn a_domain_has_a_period() {
        const REASON: &str = "The part after the @-sign is not valid. It should have a period.";
        refuses(
            "chase.email.period_required",
            &[("a@b", REASON), ("a@é", REASON), ("a@test", REASON)],
        );
        accepts(&[("a@b.c", "a@b.c")]);
    }

    #[test]
    fn a_domain_ends_with_a_letter() {
        refuses(
            "chase.email.top_level_letter",
            &[
                ("a@127.0.0.1", TOP_LEVEL),
                ("a@b.c1", TOP_LEVEL),
                ("a@b.c１", TOP_LEVEL),
            ],
        );
        accepts(&[("a@b.1c", "a@b.1c"), ("a@b.рф", "a@b.рф")]);
    }

    #[test]
    fn special_names_are_refused() {
        const REASON: &str = "The part after the @-sign is a special-use or reserved name that cannot be used with email.";
        refuses(
            "chase.email.special_use",
            &[
                ("a@b.arpa", REASON),
                ("a@b.invalid", REASON),
                ("a@b.Local", REASON),
                ("a@b.c.localhost", REASON),
                ("a@b.onion", REASON),
                ("a@é.ｔest", REASON),
            ],
        );
        accepts(&[
            ("a@b.example", "a@b.example"),
            ("a@local.b.xlocal", "a@local.b.xlocal"),
        ]);
    }

    #[test]
    fn no_unsafe_characters_come_out_of_punycode() {
        refuses(
            "chase.email.punycode_unsafe",
            &[(
                "a@xn--11b6iy14e.example",
                "The email address contains unsafe characters: ZERO WIDTH JOINER.",
            )],
        );
        accepts(&[("a@xn--11b6i.example", "a@क्.example")]);
    }

    #[test]
    fn beside_a_right_to_left_label_all_obey_the_bidi_rule() {
        refuses(
            "chase.email.bidi",
            &[
                (
                    "a@1.xn--4db.example",
                    "The part after the @-sign is not valid IDNA (First codepoint in label '1' must be directionality L, R or AL).",
                ),
                (
                    "a@1b.א.example",
                    "The part after the @-sign is not valid IDNA (First codepoint in label '1b' must be directionality L, R or AL).",
                ),
            ],
        );
        accepts(&[
            ("a@b1.xn--4db.example", "a@b1.א.example"),
            ("a@1b.é.example", "a@1b.é.example"),
        ]);
    }
}
