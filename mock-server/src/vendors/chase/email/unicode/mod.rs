//! What the e-mail rules ask of Unicode, and how messages spell characters (CHS-EML-02, CHS-EML-03).
//!
//! Categories, names, directions and normalisation are those of Unicode 14, everything else is that of Unicode 18:
//! the vendor's framework takes them from different places. `tables.py`, one folder up, writes the tables.

mod categories;
mod directions;
mod joining;
mod mapping;
mod names;
mod scripts;

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// What kind of character one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    /// A letter or number (L, N).
    Word,
    /// A punctuation mark or symbol (P, S).
    Symbol,
    /// A combining mark (M).
    Mark,
    /// A blank (Zs).
    Blank,
    /// A separator, control, format or private character, or a surrogate (Zl, Zp, C).
    Other,
    /// None in Unicode 14 (Cn).
    Unassigned,
}

/// Whether IDNA 2008 lets a label have a code point, and the direction of those that it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// L.
    Left,
    /// R or AL.
    Right,
    /// AN.
    ArabicNumber,
    /// EN.
    EuropeanNumber,
    /// NSM.
    Mark,
    /// ES, ON or BN; CS and ET have no place in a label.
    Other,
    /// None in Unicode 14.
    Unknown,
    /// A label must not have it.
    Forbidden,
}

/// How a letter joins its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joining {
    /// L: the one after it.
    Left,
    /// R: the one before it.
    Right,
    /// D: both.
    Dual,
    /// T: as if it were not there.
    Transparent,
    /// C, U: not in a way that matters.
    Other,
}

/// Which script a character belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Greek,
    Hebrew,
    /// Hiragana, Katakana or Han.
    Japanese,
    Other,
}

/// What UTS #46 makes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mapping {
    /// It stays.
    Keep,
    /// It goes.
    Drop,
    /// The domain is refused.
    Refuse,
    /// The character that is so many code points further on takes its place.
    Shift(i32),
    /// A text takes its place.
    Text(&'static str),
}

/// The category of a character.
pub(super) fn category(c: impl Into<u32>) -> Category {
    look_up(&categories::CATEGORIES, c.into())
}

/// Whether a character is a combining mark.
pub(super) fn is_mark(c: char) -> bool {
    category(c) == Category::Mark
}

/// Whether a label may have a code point, and its direction.
pub(super) fn direction(code: u32) -> Direction {
    look_up(&directions::DIRECTIONS, code)
}

/// The joining type of a code point.
pub(super) fn joining(code: u32) -> Joining {
    look_up(&joining::JOINING, code)
}

/// The script of a code point.
pub(super) fn script(code: u32) -> Script {
    look_up(&scripts::SCRIPTS, code)
}

/// The mapping of a character that is neither blank nor "other" nor unassigned.
pub(super) fn mapping(c: char) -> Mapping {
    look_up(&mapping::MAPPING, c.into())
}

/// The canonical combining class of a code point.
pub(super) fn combining_class(code: u32) -> u8 {
    char::from_u32(code)
        .filter(|&c| is_assigned(c))
        .map_or(0, canonical_combining_class)
}

/// Whether Python 3.11 has no name for a code point that a label may have: it is newer, or a Tangut ideograph.
pub(super) fn is_nameless(code: u32) -> bool {
    matches!(code, 0x17000..=0x187f7 | 0x18d00..=0x18d08) || category(code) == Category::Unassigned
}

/// The value of the run that a code point is in. Every table begins at 0.
fn look_up<T: Copy>(runs: &[(u32, T)], code: u32) -> T {
    runs[runs.partition_point(|&(start, _)| start <= code) - 1].1
}

fn is_assigned(c: char) -> bool {
    c.is_ascii() || category(c) != Category::Unassigned
}

/// Normalization Form C of Unicode 14. What is newer stays as it is and combines with nothing.
pub(super) fn nfc(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut normalised = String::with_capacity(text.len());
    for run in characters.chunk_by(|&a, &b| is_assigned(a) == is_assigned(b)) {
        if is_assigned(run[0]) {
            normalised.extend(run.iter().copied().nfc());
        } else {
            normalised.extend(run);
        }
    }
    normalised
}

/// Whether normalisation changes the first character of a text, alone or together with what follows.
pub(super) fn combines(text: &str) -> bool {
    // The vendor's framework looks no further than this.
    const WINDOW: usize = 32;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (None, _) => false,
        (Some(first), second)
            if first.is_ascii() && second.is_none_or(|second| second.is_ascii()) =>
        {
            false
        }
        (Some(first), _) => {
            let normalised = text
                .chars()
                .take(WINDOW)
                .take_while(|&c| is_assigned(c))
                .nfc()
                .next();
            normalised.is_some_and(|normalised| normalised != first)
        }
    }
}

/// The code points of a text.
pub(super) fn code_points(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).collect()
}

/// The text of code points. Each surrogate becomes U+FFFF, which combines as little as it does.
pub(super) fn text(code_points: &[u32]) -> String {
    code_points
        .iter()
        .map(|&code| char::from_u32(code).unwrap_or('\u{ffff}'))
        .collect()
}

/// Characters in display form, each once, sorted by that form.
pub(super) fn list(characters: impl Iterator<Item = char>) -> String {
    let displayed: BTreeSet<String> = characters.map(display).collect();
    displayed.into_iter().collect::<Vec<_>>().join(", ")
}

/// The unsafe characters of a text (CHS-EML-22) in display form, each once, sorted by code point.
pub(super) fn list_unsafe(text: &str, blanks_allowed: bool) -> String {
    let is_unsafe = |&(at, c): &(usize, char)| match category(c) {
        Category::Word | Category::Symbol => false,
        Category::Mark => at == 0,
        Category::Blank => !blanks_allowed,
        Category::Other | Category::Unassigned => true,
    };
    let characters: BTreeSet<char> = text
        .char_indices()
        .filter(is_unsafe)
        .map(|(_, c)| c)
        .collect();
    characters
        .into_iter()
        .map(display)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The display form of a character: itself in quotes, its name, or its number.
pub(super) fn display(c: char) -> String {
    match category(c) {
        Category::Word | Category::Symbol if matches!(c, '\\' | '\'') => format!("\"{c}\""),
        Category::Word | Category::Symbol => format!("'{c}'"),
        _ => match (
            names::NAMES.binary_search_by_key(&u32::from(c), |&(code, _)| code),
            u32::from(c),
        ) {
            (Ok(row), _) => names::NAMES[row].1.to_owned(),
            (Err(_), code @ ..0xffff) => format!("U+{code:04X}"),
            (Err(_), code) => format!("U+{code:08X}"),
        },
    }
}

/// A text as Python's `repr` writes it.
pub(super) fn repr(text: &str) -> String {
    repr_code_points(&code_points(text))
}

/// The same, for a text that may have surrogates.
pub(super) fn repr_code_points(text: &[u32]) -> String {
    let quote = if text.contains(&u32::from('\'')) && !text.contains(&u32::from('"')) {
        '"'
    } else {
        '\''
    };
    let mut written = String::from(quote);
    for &code in text {
        match char::from_u32(code) {
            Some('\t') => written.push_str("\\t"),
            Some('\n') => written.push_str("\\n"),
            Some('\r') => written.push_str("\\r"),
            Some(c) if c == '\\' || c == quote => written.extend(['\\', c]),
            Some(c)
                if c == ' '
                    || matches!(
                        category(c),
                        Category::Word | Category::Symbol | Category::Mark
                    ) =>
            {
                written.push(c);
            }
            _ => written.push_str(&escape(code)),
        }
    }
    written.push(quote);
    written
}

/// A code point by its number, as Python writes it within quotes.
fn escape(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vendors::chase::email::tests::refuses;

    #[test]
    fn tables_begin_at_0_and_ascend() {
        fn starts<T>(runs: &[(u32, T)]) -> Vec<u32> {
            runs.iter().map(|&(start, _)| start).collect()
        }
        for table in [
            starts(&categories::CATEGORIES),
            starts(&directions::DIRECTIONS),
            starts(&joining::JOINING),
            starts(&scripts::SCRIPTS),
            starts(&mapping::MAPPING),
        ] {
            assert_eq!(table[0], 0);
            assert!(table.is_sorted_by(|a, b| a < b));
        }
        assert!(starts(&names::NAMES).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn characters_are_shown_by_sign_name_or_number() {
        for (c, shown) in [
            ('a', "'a'"),
            ('€', "'€'"),
            ('\'', "\"'\""),
            ('"', "'\"'"),
            ('\\', "\"\\\""),
            (' ', "SPACE"),
            ('\u{301}', "COMBINING ACUTE ACCENT"),
            ('\u{200b}', "ZERO WIDTH SPACE"),
            ('\u{2028}', "LINE SEPARATOR"),
            ('\u{e01ef}', "VARIATION SELECTOR-256"),
            ('\0', "U+0000"),
            ('\u{7f}', "U+007F"),
            ('\u{e000}', "U+E000"),
            ('\u{fffe}', "U+FFFE"),
            ('\u{ffff}', "U+0000FFFF"),
            ('\u{10ffff}', "U+0010FFFF"),
        ] {
            assert_eq!(display(c), shown);
        }
    }

    #[test]
    fn lists_have_each_character_once() {
        refuses(
            "chase.email.local_characters",
            &[(
                "\\(( \u{1}),;'\t:é@b.example",
                "The email address contains invalid characters before the @-sign: \"\\\", '(', ')', ',', ':', ';', SPACE, U+0001, U+0009.",
            )],
        );
        // By code point, not by name.
        refuses(
            "chase.email.local_unsafe",
            &[(
                "é\u{3000}\u{a0}\u{200b}\u{80}\u{3000}@b.example",
                "The email address contains unsafe characters: U+0080, NO-BREAK SPACE, ZERO WIDTH SPACE, IDEOGRAPHIC SPACE.",
            )],
        );
    }

    #[test]
    fn texts_are_quoted_like_python_does() {
        for (text, quoted) in [
            ("a b", "'a b'"),
            ("'", "\"'\""),
            ("'\"", "'\\'\"'"),
            ("\\\t\n\r\0\u{7f}", "'\\\\\\t\\n\\r\\x00\\x7f'"),
            (
                "é\u{a0}\u{301}\u{200b}\u{2028}",
                "'é\\xa0\u{301}\\u200b\\u2028'",
            ),
            ("😀\u{1fae8}\u{e0001}", "'😀\\U0001fae8\\U000e0001'"),
        ] {
            assert_eq!(repr(text), quoted);
        }
        assert_eq!(repr_code_points(&[0xd800, 0x61]), "'\\ud800a'");
    }

    #[test]
    fn normalisation_leaves_newer_characters_alone() {
        assert_eq!(nfc("e\u{301}\u{323}"), "ẹ\u{301}");
        assert_eq!(nfc("\u{1100}\u{1161}\u{11a8}"), "각");
        // U+0897, new in Unicode 16, is no mark yet: nothing moves across it.
        assert_eq!(nfc("e\u{897}\u{301}\u{323}"), "e\u{897}\u{323}\u{301}");
        // U+11382 and U+113C9 are U+11383 from Unicode 16 on.
        assert_eq!(nfc("\u{11382}\u{113c9}"), "\u{11382}\u{113c9}");
    }

    #[test]
    fn a_character_combines_with_what_follows() {
        assert!(combines("<\u{338}"));
        assert!(combines("<\u{323}\u{338}"));
        assert!(combines("\u{212a}"));
        assert!(combines("\u{301}\u{323}"));
        assert!(!combines("<a\u{338}"));
        assert!(!combines("@\u{338}"));
        assert!(!combines("<\u{897}\u{338}"));
        assert!(!combines(""));
    }

    proptest! {
        #[test]
        fn every_code_point_is_in_every_table(code in 0_u32..0x11_0000) {
            let _ = (category(code), direction(code), joining(code), script(code), combining_class(code));
            let _ = (is_nameless(code), char::from_u32(code).map(|c| (mapping(c), display(c))));
        }

        #[test]
        fn normalising_twice_is_normalising_once(text in any::<String>()) {
            let normalised = nfc(&text);
            prop_assert_eq!(nfc(&normalised), normalised);
        }
    }
}
