//! Step 4: a domain in brackets (CHS-EML-40 to -46). None is accepted; the rules differ in what they say of it.

use fixtures::rule;

use super::unicode::repr;
use super::{Invalid, unicode};

/// Why a domain in brackets is refused; `literal` is what stands between them.
pub(super) fn refuse(literal: &str) -> Invalid {
    let no_literals = || {
        Invalid::new(
            rule("chase.email.bracketed"),
            "A bracketed IP address after the @-sign is not allowed here.",
        )
    };
    if !literal.is_empty()
        && literal
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return match check_v4(literal) {
            Ok(()) => no_literals(),
            Err(detail) => Invalid::new(
                rule("chase.email.bracketed_v4"),
                format!(
                    "The address in brackets after the @-sign is not valid: It is not an IPv4 address ({detail}) or is missing an address literal tag."
                ),
            ),
        };
    }
    if let Some((tag, address)) = literal.split_at_checked(5)
        && tag.eq_ignore_ascii_case("IPv6:")
    {
        return match check_v6_with_zone(address) {
            Ok(()) => no_literals(),
            Err(detail) => Invalid::new(
                rule("chase.email.bracketed_v6"),
                format!("The IPv6 address in brackets after the @-sign is not valid ({detail})."),
            ),
        };
    }
    if !literal.contains(':') {
        return Invalid::new(
            rule("chase.email.bracketed_untagged"),
            "The part after the @-sign in brackets is not an IPv4 address and has no address literal tag.",
        );
    }
    let list = unicode::list(
        literal
            .chars()
            .filter(|c| !('\u{21}'..='\u{fa}').contains(c)),
    );
    if !list.is_empty() {
        return Invalid::new(
            rule("chase.email.bracketed_characters"),
            format!("The part after the @-sign contains invalid characters in brackets: {list}."),
        );
    }
    Invalid::new(
        rule("chase.email.bracketed_tag"),
        "The part after the @-sign contains an invalid address literal tag in brackets.",
    )
}

/// DETAIL of an IPv4 address.
fn check_v4(address: &str) -> Result<(), String> {
    let octets: Vec<&str> = address.split('.').collect();
    if octets.len() != 4 {
        return Err(format!("Expected 4 octets in {}", repr(address)));
    }
    octets
        .into_iter()
        .try_for_each(check_octet)
        .map_err(|detail| format!("{detail} in {}", repr(address)))
}

fn check_octet(octet: &str) -> Result<(), String> {
    if octet.is_empty() {
        return Err("Empty octet not permitted".to_owned());
    }
    if !octet.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("Only decimal digits permitted in {}", repr(octet)));
    }
    if octet.len() > 3 {
        return Err(format!("At most 3 characters permitted in {}", repr(octet)));
    }
    if octet.len() > 1 && octet.starts_with('0') {
        return Err(format!(
            "Leading zeros are not permitted in {}",
            repr(octet)
        ));
    }
    // Of the same length, so texts compare like numbers.
    if octet.len() == 3 && octet > "255" {
        return Err(format!("Octet {octet} (> 255) not permitted"));
    }
    Ok(())
}

/// DETAIL of an IPv6 address that may have a zone.
fn check_v6_with_zone(address: &str) -> Result<(), String> {
    if address.contains('/') {
        return Err(format!("Unexpected '/' in {}", repr(address)));
    }
    let Some((before, zone)) = address.split_once('%') else {
        return check_v6(address);
    };
    if zone.is_empty() || zone.contains('%') {
        return Err(format!("Invalid IPv6 address: \"{}\"", repr(address)));
    }
    check_v6(before)?;
    Err("It has a zone index".to_owned())
}

/// DETAIL of an IPv6 address without a zone.
fn check_v6(address: &str) -> Result<(), String> {
    let wrong = |detail: &str| Err(format!("{detail} in {}", repr(address)));
    if address.is_empty() {
        return Err("Address cannot be empty".to_owned());
    }
    let mut parts: Vec<&str> = address.split(':').collect();
    if parts.len() < 3 {
        return wrong("At least 3 parts expected");
    }
    if let Some(v4) = parts.pop_if(|last| last.contains('.')) {
        check_v4(v4).or_else(|detail| wrong(&detail))?;
        // Its 32 bits count as two parts; which ones does not matter.
        parts.extend(["0", "0"]);
    }
    if parts.len() > 9 {
        return wrong("At most 8 colons permitted");
    }
    let (first, last) = (0, parts.len() - 1);
    let leading = parts[first].is_empty();
    let trailing = parts[last].is_empty();
    let mut gaps = (1..last).filter(|&at| parts[at].is_empty());
    if let Some(gap) = gaps.next() {
        if gaps.next().is_some() {
            return wrong("At most one '::' permitted");
        }
        let (before, after) = (
            gap - usize::from(leading),
            last - gap - usize::from(trailing),
        );
        if leading && before > 0 {
            return wrong("Leading ':' only permitted as part of '::'");
        }
        if trailing && after > 0 {
            return wrong("Trailing ':' only permitted as part of '::'");
        }
        if before + after > 7 {
            return wrong("Expected at most 7 other parts with '::'");
        }
    } else {
        if parts.len() != 8 {
            return wrong("Exactly 8 parts expected without '::'");
        }
        if leading {
            return wrong("Leading ':' only permitted as part of '::'");
        }
        if trailing {
            return wrong("Trailing ':' only permitted as part of '::'");
        }
    }
    // What is still empty belongs to the '::'.
    for part in parts {
        if !part.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return wrong(&format!("Only hex digits permitted in {}", repr(part)));
        }
        if part.len() > 4 {
            return wrong(&format!("At most 4 characters permitted in {}", repr(part)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::vendors::chase::email::tests::{accepts, refuses};

    /// Every domain in brackets is refused by that rule, with that detail.
    #[track_caller]
    fn details(rule: &str, reason: impl Fn(&str) -> String, cases: &[(&str, &str)]) {
        for (literal, detail) in cases {
            refuses(rule, &[(&format!("a@[{literal}]"), &reason(detail))]);
        }
    }

    #[test]
    fn good_addresses_are_refused_in_brackets() {
        const REASON: &str = "A bracketed IP address after the @-sign is not allowed here.";
        refuses(
            "chase.email.bracketed",
            &[
                ("a@[127.0.0.1]", REASON),
                ("a@[255.255.255.0]", REASON),
                ("a@[IPv6:::]", REASON),
                ("a@[ipV6:2001:db8::1]", REASON),
                ("a@[IPv6:1:2:3:4:5:6:7:8]", REASON),
                ("a@[IPv6:1:2:3:4:5:6:7::]", REASON),
                ("a@[IPv6:::ffff:1.2.3.4]", REASON),
            ],
        );
        accepts(&[("a@b.example", "a@b.example")]);
    }

    #[test]
    fn digits_and_periods_are_an_ipv4_address() {
        details(
            "chase.email.bracketed_v4",
            |detail| {
                format!(
                    "The address in brackets after the @-sign is not valid: It is not an IPv4 address ({detail}) or is missing an address literal tag."
                )
            },
            &[
                ("1.2.3", "Expected 4 octets in '1.2.3'"),
                (".", "Expected 4 octets in '.'"),
                ("1..2.1000", "Empty octet not permitted in '1..2.1000'"),
                (
                    "1.2.3.1000",
                    "At most 3 characters permitted in '1000' in '1.2.3.1000'",
                ),
                (
                    "1.02.3.256",
                    "Leading zeros are not permitted in '02' in '1.02.3.256'",
                ),
                (
                    "1.2.3.256",
                    "Octet 256 (> 255) not permitted in '1.2.3.256'",
                ),
            ],
        );
    }

    #[test]
    fn a_tagged_text_is_an_ipv6_address() {
        details(
            "chase.email.bracketed_v6",
            |detail| {
                format!("The IPv6 address in brackets after the @-sign is not valid ({detail}).")
            },
            &[
                ("IPv6:::1/64%", "Unexpected '/' in '::1/64%'"),
                ("IPv6:::1%", "Invalid IPv6 address: \"'::1%'\""),
                ("IPv6:::1%a%b", "Invalid IPv6 address: \"'::1%a%b'\""),
                ("IPv6:%a", "Address cannot be empty"),
                ("IPv6:", "Address cannot be empty"),
                ("IPv6:1:2%a", "At least 3 parts expected in '1:2'"),
                ("IPv6:::1.2.3", "Expected 4 octets in '1.2.3' in '::1.2.3'"),
                (
                    "IPv6:::1.2.3.x",
                    "Only decimal digits permitted in 'x' in '1.2.3.x' in '::1.2.3.x'",
                ),
                (
                    "IPv6:1:2:3:4:5:6:7:8:9:a",
                    "At most 8 colons permitted in '1:2:3:4:5:6:7:8:9:a'",
                ),
                ("IPv6:1::2::3", "At most one '::' permitted in '1::2::3'"),
                (
                    "IPv6::1::2",
                    "Leading ':' only permitted as part of '::' in ':1::2'",
                ),
                (
                    "IPv6:1::2:",
                    "Trailing ':' only permitted as part of '::' in '1::2:'",
                ),
                (
                    "IPv6:1:2:3:4::5:6:7:8",
                    "Expected at most 7 other parts with '::' in '1:2:3:4::5:6:7:8'",
                ),
                (
                    "IPv6:1:2:3",
                    "Exactly 8 parts expected without '::' in '1:2:3'",
                ),
                (
                    "IPv6::2:3:4:5:6:7:8",
                    "Leading ':' only permitted as part of '::' in ':2:3:4:5:6:7:8'",
                ),
                (
                    "IPv6:1:2:3:4:5:6:7:",
                    "Trailing ':' only permitted as part of '::' in '1:2:3:4:5:6:7:'",
                ),
                (
                    "IPv6:12345::g",
                    "At most 4 characters permitted in '12345' in '12345::g'",
                ),
                ("IPv6:::g", "Only hex digits permitted in 'g' in '::g'"),
                ("IPv6:::'", "Only hex digits permitted in \"'\" in \"::'\""),
                (
                    "IPv6:::'\"",
                    "Only hex digits permitted in '\\'\"' in '::\\'\"'",
                ),
                (
                    "IPv6:::\\\t\u{200b}é\u{e0001}",
                    "Only hex digits permitted in '\\\\\\t\\u200bé\\U000e0001' in '::\\\\\\t\\u200bé\\U000e0001'",
                ),
                ("IPv6:::1%eth0", "It has a zone index"),
            ],
        );
    }

    #[test]
    fn other_texts_in_brackets_are_refused_for_their_tag() {
        const UNTAGGED: &str = "The part after the @-sign in brackets is not an IPv4 address and has no address literal tag.";
        const TAG: &str =
            "The part after the @-sign contains an invalid address literal tag in brackets.";
        refuses(
            "chase.email.bracketed_untagged",
            &[
                ("a@[]", UNTAGGED),
                ("a@[1.2.3.x]", UNTAGGED),
                ("a@[IPv6]", UNTAGGED),
                ("a@[١.2.3.4]", UNTAGGED),
            ],
        );
        refuses(
            "chase.email.bracketed_characters",
            &[(
                "a@[X: \u{fb}é]",
                "The part after the @-sign contains invalid characters in brackets: 'û', SPACE.",
            )],
        );
        refuses(
            "chase.email.bracketed_tag",
            &[("a@[X:1]", TAG), ("a@[:\u{7f}\u{fa}]", TAG)],
        );
    }

    #[test]
    fn one_bracket_is_a_character_like_others() {
        refuses(
            "chase.email.domain_characters",
            &[
                (
                    "a@[",
                    "The part after the @-sign contains invalid characters: '['.",
                ),
                (
                    "a@[127.0.0.1",
                    "The part after the @-sign contains invalid characters: '['.",
                ),
                (
                    "a@127.0.0.1]",
                    "The part after the @-sign contains invalid characters: ']'.",
                ),
            ],
        );
    }
}
