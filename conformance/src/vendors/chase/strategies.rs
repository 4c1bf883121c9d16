//! Random values for the checks of Chase.

use proptest::prelude::*;
use serde_json::json;

/// A path that is not the documented one: below it, or spelt on.
pub(super) fn other_path() -> impl Strategy<Value = String> {
    prop_oneof![
        "/api/v2/conversions/[A-Za-z0-9_-]{1,12}",
        "/api/v2/conversions[A-Za-z0-9_-]{1,12}",
    ]
}

/// The encodings of JSON that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf8Marked,
    Utf16Le,
    Utf16Be,
    Utf16LeMarked,
    Utf16BeMarked,
    Utf32Le,
    Utf32Be,
    Utf32LeMarked,
    Utf32BeMarked,
}

impl Encoding {
    pub(super) const ALL: [Self; 10] = [
        Self::Utf8,
        Self::Utf8Marked,
        Self::Utf16Le,
        Self::Utf16Be,
        Self::Utf16LeMarked,
        Self::Utf16BeMarked,
        Self::Utf32Le,
        Self::Utf32Be,
        Self::Utf32LeMarked,
        Self::Utf32BeMarked,
    ];

    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        let marked = matches!(
            self,
            Self::Utf8Marked
                | Self::Utf16LeMarked
                | Self::Utf16BeMarked
                | Self::Utf32LeMarked
                | Self::Utf32BeMarked
        );
        let mark = if marked { "\u{FEFF}" } else { "" };
        let text = [mark, text].concat();
        let wide = || text.chars().map(u32::from);
        match self {
            Self::Utf8 | Self::Utf8Marked => text.into_bytes(),
            Self::Utf16Le | Self::Utf16LeMarked => {
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            Self::Utf16Be | Self::Utf16BeMarked => {
                text.encode_utf16().flat_map(u16::to_be_bytes).collect()
            }
            Self::Utf32Le | Self::Utf32LeMarked => wide().flat_map(u32::to_le_bytes).collect(),
            Self::Utf32Be | Self::Utf32BeMarked => wide().flat_map(u32::to_be_bytes).collect(),
        }
    }
}

/// Text that stands in JSON as it is, and an encoding for it.
pub(super) fn encoded() -> impl Strategy<Value = (Encoding, String)> {
    (
        prop::sample::select(&Encoding::ALL[..]),
        "[^\\x00-\\x1F\"\\\\]{0,20}",
    )
}

/// A plain address that every rule allows, on a reserved domain.
pub(super) fn address() -> impl Strategy<Value = String> {
    let local = "[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,8}(\\.[A-Za-z0-9]{1,8}){0,2}";
    let domain = "([a-z0-9]{1,4}(-[a-z0-9]{1,8})?\\.){0,2}example";
    (local, "[a-z]{1,8}", domain)
        .prop_map(|(local, host, domain)| format!("{local}@{host}.{domain}"))
}

/// A text with another one somewhere in it.
pub(super) fn inserted(text: &str, what: &str, at: prop::sample::Index) -> String {
    let at = at.index(text.chars().count() + 1);
    let before: String = text.chars().take(at).collect();
    let behind: String = text.chars().skip(at).collect();
    before + what + &behind
}

/// A conversion type of at most 63 characters, whatever they are.
pub(super) fn conversion_type() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..=63).prop_map(String::from_iter)
}

/// How many characters a conversion type has that is too long.
pub(super) fn too_many() -> impl Strategy<Value = usize> {
    64..2000_usize
}

/// An object of any names and values, some levels deep.
pub(super) fn object() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        ".{0,12}".prop_map(|value| json!(value)),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| json!(items)),
            members(inner),
        ]
    });
    members(value)
}

fn members(
    value: impl Strategy<Value = serde_json::Value>,
) -> impl Strategy<Value = serde_json::Value> {
    prop::collection::btree_map(".{0,8}", value, 0..4).prop_map(|members| json!(members))
}
