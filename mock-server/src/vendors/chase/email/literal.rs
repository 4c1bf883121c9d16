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
