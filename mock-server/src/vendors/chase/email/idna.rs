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
                mapped.extend(u32::from(c).checked_add_signed(by).and_then(char::from_u32));
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

#[cfg(test)]
mod tests {
    use super::{map, to_ascii, to_unicode};
    use crate::vendors::chase::email::punycode;
    use crate::vendors::chase::email::tests::{accepts, refuses};
    use crate::vendors::chase::email::unicode::code_points;

    /// What the A-label of anything, be it valid or not, is turned into.
    fn decoded(label: &str) -> Result<String, String> {
        to_unicode(&format!("xn--{}", punycode::encode(&code_points(label))))
    }

    #[track_caller]
    fn sound(labels: &[&str]) {
        for &label in labels {
            assert_eq!(decoded(label).as_deref(), Ok(label));
        }
    }

    #[track_caller]
    fn unsound(labels: &[(&str, &str)]) {
        for &(label, detail) in labels {
            assert_eq!(decoded(label), Err(detail.to_owned()), "{label:?}");
        }
    }

    #[test]
    fn the_mapping_is_that_of_uts_46() {
        for (domain, mapped) in [
            ("BÜCHER", "bücher"),
            ("ＡB。c", "ab.c"),
            ("faß.ς", "faß.ς"),
            ("a\u{34f}\u{3164}\u{fe0f}b", "ab"),
            ("ﬃ㎉", "ffikcal"),
            ("İ", "i\u{307}"),
            ("e\u{301}", "é"),
            (">\u{338}", "≯"),
        ] {
            assert_eq!(map(domain).as_deref(), Ok(mapped));
        }
        assert_eq!(
            map("a.\u{fffd}").as_deref(),
            Err(&"Codepoint U+FFFD not allowed at position 3 in 'a.\u{fffd}'".to_owned()),
        );
    }

    #[test]
    fn labels_beyond_ascii_get_an_a_label() {
        let too_long = || Err("Label too long".to_owned());
        assert_eq!(to_ascii("bücher").as_deref(), Ok("xn--bcher-kva"));
        assert_eq!(to_ascii("a-1").as_deref(), Ok("a-1"));
        assert_eq!(to_ascii(""), Err("Empty Label".to_owned()));
        assert_eq!(to_ascii(&"b".repeat(64)), too_long());
        // Before anything that is wrong with its characters.
        assert_eq!(to_ascii(&"☃".repeat(255)), too_long());
        assert_eq!(
            to_ascii(&"☃".repeat(254))
                .map_err(|detail| detail.starts_with("Codepoint U+2603 at position 1 of")),
            Err(true),
        );
        assert_eq!(to_ascii(&"é".repeat(57)).map(|ascii| ascii.len()), Ok(63));
        assert_eq!(to_ascii(&"é".repeat(58)), too_long());
    }

    #[test]
    fn a_label_is_refused_for_its_form() {
        unsound(&[
            ("e\u{301}", "Label must be in Normalization Form C"),
            (
                "ab--é",
                "Label has disallowed hyphens in 3rd and 4th position",
            ),
            ("-é", "Label must not start or end with a hyphen"),
            ("é-", "Label must not start or end with a hyphen"),
            (
                "\u{335}é",
                "Label begins with an illegal combining character",
            ),
        ]);
        sound(&["é", "a-é", "é\u{335}", "aéb--c"]);
    }

    #[test]
    fn a_label_is_refused_for_its_punycode() {
        let canonical = "A-label is not the canonical Punycode encoding of its U-label";
        for (label, detail) in [
            ("xn--99999", "Invalid A-label"),
            ("xn---bbk", canonical),
            (
                "xn--a",
                "Codepoint U+0080 at position 1 of '\\x80' not allowed",
            ),
            (
                "xn--ib9b",
                "Codepoint U+D800 at position 1 of '\\ud800' not allowed",
            ),
        ] {
            assert_eq!(to_unicode(label), Err(detail.to_owned()));
        }
        assert_eq!(to_unicode("xn--bcher-kva").as_deref(), Ok("bücher"));
    }

    #[test]
    fn a_label_is_refused_for_its_characters() {
        unsound(&[
            ("a☃", "Codepoint U+2603 at position 2 of 'a☃' not allowed"),
            ("É", "Codepoint U+00C9 at position 1 of 'É' not allowed"),
            (
                "é\u{1f600}'",
                "Codepoint U+1F600 at position 2 of \"é\u{1f600}'\" not allowed",
            ),
            (
                "\u{200b}a",
                "Codepoint U+200B at position 1 of '\\u200ba' not allowed",
            ),
        ]);
        sound(&["aß", "ς", "日本語", "ー", "\u{1b001}"]);
    }

    #[test]
    fn joiners_stand_where_their_script_wants_them() {
        unsound(&[
            (
                "\u{200d}a",
                "Joiner U+200D not allowed at position 1 in '\\u200da'",
            ),
            (
                "क\u{200d}",
                "Joiner U+200D not allowed at position 2 in 'क\\u200d'",
            ),
            (
                "ا\u{200c}ب",
                "Joiner U+200C not allowed at position 2 in 'ا\\u200cب'",
            ),
            (
                "ب\u{200c}",
                "Joiner U+200C not allowed at position 2 in 'ب\\u200c'",
            ),
            (
                "ب\u{200d}ب",
                "Joiner U+200D not allowed at position 2 in 'ب\\u200dب'",
            ),
            (
                "𗀀\u{200d}",
                "Unknown codepoint adjacent to joiner U+200D at position 2 in '𗀀\\u200d'",
            ),
            (
                "ب\u{897}\u{200c}",
                "Unknown codepoint adjacent to joiner U+200C at position 3 in 'ب\\u0897\\u200c'",
            ),
        ]);
        sound(&[
            "क\u{94d}\u{200d}",
            "क\u{94d}\u{200c}",
            "ب\u{200c}ب",
            "ب\u{64e}\u{200c}\u{64e}ا",
        ]);
    }

    #[test]
    fn some_characters_need_their_context() {
        unsound(&[
            ("a·l", "Codepoint U+00B7 not allowed at position 2 in 'a·l'"),
            ("l·", "Codepoint U+00B7 not allowed at position 2 in 'l·'"),
            ("͵a", "Codepoint U+0375 not allowed at position 1 in '͵a'"),
            ("a׳", "Codepoint U+05F3 not allowed at position 2 in 'a׳'"),
            ("״א", "Codepoint U+05F4 not allowed at position 1 in '״א'"),
            ("・a", "Codepoint U+30FB not allowed at position 1 in '・a'"),
            ("ب٠۰", "Codepoint U+0660 not allowed at position 2 in 'ب٠۰'"),
            ("ب۰٠", "Codepoint U+06F0 not allowed at position 2 in 'ب۰٠'"),
            ("͵Α", "Codepoint U+0391 at position 2 of '͵Α' not allowed"),
        ]);
        sound(&[
            "l·l", "͵α", "א׳", "א״", "・カ", "a・あ", "漢・", "ب٠١", "ب۰۱",
        ]);
    }

    #[test]
    fn a_right_to_left_label_obeys_the_bidi_rule() {
        unsound(&[
            (
                "1א",
                "First codepoint in label '1א' must be directionality L, R or AL",
            ),
            (
                "٠ب",
                "First codepoint in label '٠ب' must be directionality L, R or AL",
            ),
            (
                "אa",
                "Invalid direction for codepoint at position 2 in a right-to-left label",
            ),
            (
                "aא",
                "Invalid direction for codepoint at position 2 in a left-to-right label",
            ),
            (
                "a٠",
                "Invalid direction for codepoint at position 2 in a left-to-right label",
            ),
            ("א1٠", "Can not mix numeral types in a right-to-left label"),
            ("א٠1a", "Can not mix numeral types in a right-to-left label"),
            ("אʹ", "Label ends with illegal codepoint directionality"),
            (
                "\u{88f}ا",
                "Unknown directionality in label '\\u088fا' at position 1",
            ),
        ]);
        sound(&["א", "א1", "ب٠", "א-ב", "אʹב\u{5b0}", "ب\u{64e}"]);
    }

    #[test]
    fn a_domain_beyond_ascii_needs_sound_labels() {
        refuses(
            "chase.email.idna_label",
            &[
                (
                    "a@☃.example",
                    "The part after the @-sign is invalid (Codepoint U+2603 at position 1 of '☃' not allowed).",
                ),
                (
                    "a@\u{3164}",
                    "The part after the @-sign is invalid (Empty Label).",
                ),
                (
                    "a@é.xn--99999.example",
                    "The part after the @-sign is invalid (Invalid A-label).",
                ),
            ],
        );
        accepts(&[
            ("a@é.example", "a@é.example"),
            ("a@é.xn--9ca.example", "a@é.é.example"),
        ]);
    }

    #[test]
    fn an_ascii_domain_needs_sound_a_labels() {
        refuses(
            "chase.email.punycode",
            &[
                (
                    "a@xn--99999.example",
                    "The part after the @-sign is not valid IDNA (Invalid A-label).",
                ),
                (
                    "a@b.xn--n3h",
                    "The part after the @-sign is not valid IDNA (Codepoint U+2603 at position 1 of '☃' not allowed).",
                ),
            ],
        );
        accepts(&[
            ("a@XN--9ca.example", "a@é.example"),
            ("a@axn--99999.example", "a@axn--99999.example"),
        ]);
    }
}
