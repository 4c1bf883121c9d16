//! Labels of a domain as idna judges them: the mapping of UTS #46, IDNA 2008 and the Bidi rule. Errors are DETAIL.

use super::unicode::{
    self, Direction, Joining, Mapping, Script, code_points, direction, joining, script,
};
use super::{LONGEST_LABEL, punycode};

/// Characters of a label before its form in ASCII is known.
const LONGEST_U_LABEL: usize = 254;
/// The canonical combining class of viramas.
const VIRAMA: u8 = 9;

const TOO_LONG: &str = "Label too long";

/// A domain after UTS #46 (CHS-EML-54).
pub(super) fn map(domain: &str) -> Result<String, String> {
    let mut mapped = String::with_capacity(domain.len());
    for (at, c) in domain.chars().enumerate() {
        match unicode::mapping(c) {
            Mapping::Keep => mapped.push(c),
            Mapping::Drop => {}
            Mapping::Shift(by) => {
                mapped.extend(u32::from(c).checked_add_signed(by).and_then(char::from_u32))
            }
            Mapping::Text(text) => mapped.push_str(text),
            Mapping::Refuse => {
                let (code, domain) = (u32::from(c), unicode::repr(domain));
                return Err(format!(
                    "Codepoint U+{code:04X} not allowed at position {} in {domain}",
                    at + 1
                ));
            }
        }
    }
    Ok(unicode::nfc(&mapped))
}

/// A mapped label as it stands in the ASCII form of its domain.
pub(super) fn to_ascii(label: &str) -> Result<String, String> {
    let ascii = if label.is_ascii() {
        to_unicode(label)?;
        label.to_owned()
    } else {
        let label = code_points(label);
        check(&label)?;
        format!("xn--{}", punycode::encode(&label))
    };
    if ascii.len() > LONGEST_LABEL {
        Err(TOO_LONG.to_owned())
    } else {
        Ok(ascii)
    }
}

/// A mapped ASCII label as it stands in the Unicode form of its domain.
pub(super) fn to_unicode(label: &str) -> Result<String, String> {
    let Some(encoded) = label.strip_prefix("xn--") else {
        check(&code_points(label))?;
        return Ok(label.to_owned());
    };
    let decoded = punycode::decode(encoded).ok_or("Invalid A-label")?;
    if punycode::encode(&decoded) != encoded {
        return Err("A-label is not the canonical Punycode encoding of its U-label".to_owned());
    }
    check(&decoded)?;
    Ok(unicode::text(&decoded))
}

/// Whether a label is valid in IDNA 2008.
fn check(label: &[u32]) -> Result<(), String> {
    if label.is_empty() {
        return Err("Empty Label".to_owned());
    }
    if label.len() > LONGEST_U_LABEL {
        return Err(TOO_LONG.to_owned());
    }
    let text = unicode::text(label);
    if unicode::nfc(&text) != text {
        return Err("Label must be in Normalization Form C".to_owned());
    }
    if text.chars().skip(2).take(2).eq("--".chars()) {
        return Err("Label has disallowed hyphens in 3rd and 4th position".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err("Label must not start or end with a hyphen".to_owned());
    }
    if text.starts_with(unicode::is_mark) {
        return Err("Label begins with an illegal combining character".to_owned());
    }
    (0..label.len()).try_for_each(|at| check_code_point(label, at))?;
    check_direction(label, false)
}

/// Whether a label may have what it has at this place.
fn check_code_point(label: &[u32], at: usize) -> Result<(), String> {
    let code = label[at];
    let before = at.checked_sub(1).map(|at| label[at]);
    let after = label.get(at + 1).copied();
    let described = || {
        (
            format!("U+{code:04X}"),
            at + 1,
            unicode::repr_code_points(label),
        )
    };
    let fits = match code {
        0x200c | 0x200d => {
            if before.is_some_and(unicode::is_nameless) {
                let (code, position, label) = described();
                return Err(format!(
                    "Unknown codepoint adjacent to joiner {code} at position {position} in {label}"
                ));
            }
            let fits = before.is_some_and(|before| unicode::combining_class(before) == VIRAMA)
                || code == 0x200c && joins(label, at);
            if !fits {
                let (code, position, label) = described();
                return Err(format!(
                    "Joiner {code} not allowed at position {position} in {label}"
                ));
            }
            true
        }
        0xb7 => before == Some(0x6c) && after == Some(0x6c),
        0x375 => after.is_some_and(|after| script(after) == Script::Greek),
        0x5f3 | 0x5f4 => before.is_some_and(|before| script(before) == Script::Hebrew),
        0x30fb => label
            .iter()
            .any(|&other| other != code && script(other) == Script::Japanese),
        0x660..=0x669 => !label.iter().any(|other| (0x6f0..=0x6f9).contains(other)),
        0x6f0..=0x6f9 => !label.iter().any(|other| (0x660..=0x669).contains(other)),
        _ if direction(code) == Direction::Forbidden => {
            let (code, position, label) = described();
            return Err(format!(
                "Codepoint {code} at position {position} of {label} not allowed"
            ));
        }
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let (code, position, label) = described();
    Err(format!(
        "Codepoint {code} not allowed at position {position} in {label}"
    ))
}

/// Whether the letters around a zero width non-joiner would join without it (RFC 5892, appendix A.1).
fn joins(label: &[u32], at: usize) -> bool {
    let nearest = |codes: &mut dyn Iterator<Item = &u32>| {
        codes
            .map(|&code| joining(code))
            .find(|&joining| joining != Joining::Transparent)
    };
    matches!(
        nearest(&mut label[..at].iter().rev()),
        Some(Joining::Left | Joining::Dual)
    ) && matches!(
        nearest(&mut label[at + 1..].iter()),
        Some(Joining::Right | Joining::Dual)
    )
}

/// Whether every label of a domain obeys the Bidi rule, if any of them is written from right to left.
pub(super) fn check_directions(domain: &str) -> Result<(), String> {
    if !code_points(domain).into_iter().any(is_right_to_left) {
        return Ok(());
    }
    domain
        .split('.')
        .try_for_each(|label| check_direction(&code_points(label), true))
}

fn is_right_to_left(code: u32) -> bool {
    matches!(direction(code), Direction::Right | Direction::ArabicNumber)
}

/// The Bidi rule of RFC 5893, section 2. A label that is written from left to right is let off, unless it has company.
fn check_direction(label: &[u32], always: bool) -> Result<(), String> {
    let directions: Vec<Direction> = label.iter().map(|&code| direction(code)).collect();
    if let Some(at) = directions
        .iter()
        .position(|&direction| direction == Direction::Unknown)
    {
        let label = unicode::repr_code_points(label);
        return Err(format!(
            "Unknown directionality in label {label} at position {}",
            at + 1
        ));
    }
    if !always && !label.iter().any(|&code| is_right_to_left(code)) {
        return Ok(());
    }
    let from_right = match directions.first() {
        Some(Direction::Right) => true,
        Some(Direction::Left) => false,
        _ => {
            let label = unicode::repr_code_points(label);
            return Err(format!(
                "First codepoint in label {label} must be directionality L, R or AL"
            ));
        }
    };
    let (wrong, way) = if from_right {
        (&[Direction::Left][..], "right-to-left")
    } else {
        (
            &[Direction::Right, Direction::ArabicNumber][..],
            "left-to-right",
        )
    };
    let mut numerals = None;
    for (at, direction) in directions.iter().enumerate() {
        if wrong.contains(direction) {
            return Err(format!(
                "Invalid direction for codepoint at position {} in a {way} label",
                at + 1
            ));
        }
        let is_numeral = matches!(
            direction,
            Direction::ArabicNumber | Direction::EuropeanNumber
        );
        if from_right && is_numeral && numerals.get_or_insert(direction) != &direction {
            return Err("Can not mix numeral types in a right-to-left label".to_owned());
        }
    }
    match directions
        .iter()
        .rfind(|&&direction| direction != Direction::Mark)
    {
        None | Some(Direction::Other) => {
            Err("Label ends with illegal codepoint directionality".to_owned())
        }
        Some(_) => Ok(()),
    }
}
