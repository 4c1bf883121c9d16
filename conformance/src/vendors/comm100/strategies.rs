//! Random values for the checks of this vendor: sound ones, and some that are one step from sound.

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::string::string_regex;

/// Texts that a regular expression describes.
fn text(expression: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(expression).expect("the expressions of strategies compile")
}

/// A query of one to three pairs.
pub(super) fn query() -> impl Strategy<Value = String> {
    text("[a-zA-Z_]{1,8}=[a-z0-9]{0,8}(&[a-zA-Z_]{1,8}=[a-z0-9]{0,8}){0,2}")
}

/// Numbers as a value may be written: a sign or none, digits, and a point and digits or none.
pub(super) fn decimal() -> impl Strategy<Value = String> {
    text(r"[+-]?[0-9]{1,9}(\.[0-9]{1,6})?")
}

/// A number with something in it that no value may have.
fn no_decimal() -> impl Strategy<Value = String> {
    prop_oneof![
        (
            text("[+-]?[0-9]{1,4}"),
            text("[ -*,/:-~²½٣]"),
            text("[0-9]{0,4}")
        ),
        (text("[+-]"), text("[+-]"), text("[0-9]{1,4}")),
        (text("[+-]?"), text(r"\."), text("[0-9]{1,4}")),
        (text("[+-]?[0-9]{1,4}"), text(r"\."), text("")),
        (
            text(r"[0-9]{1,4}\.[0-9]{1,2}"),
            text(r"\."),
            text("[0-9]{1,2}")
        ),
    ]
    .prop_map(|(before, wrong, after)| before + &wrong + &after)
}

/// Whether a value is sound, and a value.
pub(super) fn value() -> impl Strategy<Value = (bool, String)> {
    prop_oneof![
        decimal().prop_map(|value| (true, value)),
        no_decimal().prop_map(|value| (false, value)),
    ]
}

/// A GUID in lower case, of the kind that is drawn at random.
pub(super) fn guid() -> impl Strategy<Value = String> {
    text("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
}

/// Names of several words, one space between each two.
pub(super) fn words() -> impl Strategy<Value = String> {
    text("[a-zA-Z0-9]{1,6}( [a-zA-Z0-9]{1,6}){1,3}")
}

/// Names of a few characters of any script, without spaces around them.
pub(super) fn name() -> impl Strategy<Value = String> {
    text("[a-zA-Z%&=+;äöÅÉ中文אب☕😀]{1,10}")
}

/// Any bytes.
pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..24)
}

/// Which letters of a text are capitals.
pub(super) fn capitals() -> impl Strategy<Value = u64> {
    1_u64..
}

/// Instants from 2001 to 2096, to the millisecond.
pub(super) fn instant() -> impl Strategy<Value = Timestamp> {
    let milliseconds = 1_000_000_000_000_i64..4_000_000_000_000;
    milliseconds.prop_map(|ms| Timestamp::from_millisecond(ms).expect("it is before 9999"))
}

/// Up to two days, in seconds.
pub(super) fn seconds() -> impl Strategy<Value = i64> {
    0..172_800_i64
}
