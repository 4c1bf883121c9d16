//! Random values for the checks of impact.com.

use std::fmt;

use proptest::prelude::*;

/// A range of Accept, with its q in thousandths.
#[derive(Clone, Debug)]
pub(super) struct Range {
    name: &'static str,
    thousandths: Option<u16>,
}

impl Range {
    /// The name of the range with the highest q, the first of equals; none if each is refused.
    pub(super) fn best(ranges: &[Self]) -> Option<&'static str> {
        let mut best: Option<(u16, &'static str)> = None;
        for range in ranges {
            let q = range.thousandths.unwrap_or(1_000);
            if q > best.map_or(0, |(other, _)| other) {
                best = Some((q, range.name));
            }
        }
        best.map(|(_, name)| name)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.thousandths {
            Some(1_000) => f.write_str(";q=1.0"),
            Some(q) => write!(f, ";q=0.{q:03}"),
            None => Ok(()),
        }
    }
}

/// What an Accept may say.
pub(super) fn accept() -> impl Strategy<Value = Vec<Range>> {
    let name = prop::sample::select(vec![
        "application/json",
        "application/xml",
        "text/xml",
        "text/html",
        "*/*",
    ]);
    let q = prop::option::of(prop_oneof![Just(0), Just(1_000), 1_u16..1_000]);
    let range = (name, q).prop_map(|(name, thousandths)| Range { name, thousandths });
    prop::collection::vec(range, 1..5)
}

/// A text that is no integer of at most 16 digits, though it looks like one.
pub(super) fn no_integer() -> impl Strategy<Value = String> {
    prop_oneof![
        "[1-9][0-9]{16,24}",
        "[+-][0-9]{1,8}",
        "[0-9]{1,8}\\.[0-9]{0,2}",
        "[0-9]{1,4}[,' _e][0-9]{1,4}",
        "[0-9]{0,6}[A-Za-z]{1,4}",
    ]
}

/// A text that is no plain decimal, though it looks like one.
pub(super) fn no_decimal() -> impl Strategy<Value = String> {
    prop_oneof![
        "[1-9][0-9]{14,20}(\\.[0-9]{2})?",
        "[0-9]{1,3}(,[0-9]{3}){1,2}(\\.[0-9]{2})?",
        "[0-9]{1,4},[0-9]{2}",
        "[0-9]{1,4}(\\.[0-9]{1,2})?[eE][+-]?[0-9]",
        "[$€£][0-9]{1,4}",
        "[0-9]{1,4} ?(USD|EUR|%)",
        "[0-9]{1,4}\\.[0-9]{1,2}\\.[0-9]{1,2}",
        "(\\.[0-9]{1,2}|[0-9]{1,4}\\.|--?|[A-Za-z]{1,5})",
    ]
}

/// An amount above zero.
pub(super) fn amount() -> impl Strategy<Value = String> {
    ("[0-9]{0,3}[1-9]", "(\\.[0-9]{1,2})?").prop_map(|(units, cents)| units + &cents)
}

/// A date that counts as one: a time with seconds, perhaps with a fraction, and a zone.
pub(super) fn timestamp() -> impl Strategy<Value = String> {
    let date = (2000..2100_u16, 1..=12_u8, 1..=28_u8)
        .prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
    let time = (0..24_u8, 0..60_u8, 0..60_u8)
        .prop_map(|(hour, minute, second)| format!("{hour:02}:{minute:02}:{second:02}"));
    let zone = prop_oneof![
        Just("Z".to_owned()),
        (
            "[+-]",
            0..=14_u8,
            prop::sample::select(vec![0_u8, 15, 30, 45, 59])
        )
            .prop_map(|(sign, hours, minutes)| format!("{sign}{hours:02}:{minutes:02}")),
    ];
    (date, time, "(\\.[0-9]{1,12})?", zone)
        .prop_map(|(date, time, fraction, zone)| format!("{date}T{time}{fraction}{zone}"))
}

/// The same with one thing wrong, beside the sound one.
pub(super) fn broken_timestamp() -> impl Strategy<Value = (String, String)> {
    (timestamp(), 0..10_u8).prop_map(|(sound, defect)| {
        let (date, rest) = sound.split_at(10);
        let (time, zone) = rest.split_at(9);
        let broken = match defect {
            0 => date.to_owned(),
            1 => format!("{date}{time}"),
            2 => sound.replace('T', " "),
            3 => sound.replace('T', "t"),
            4 => sound.replacen('-', "/", 2),
            5 => format!("{date}{}{zone}", &time[..6]),
            6 => format!("{date}T24{}{zone}", &time[3..]),
            7 => format!("{}-13-{}{rest}", &date[..4], &date[8..]),
            8 => format!("{date}{time}+0200"),
            _ => format!("{sound} "),
        };
        (sound, broken)
    })
}

/// Digits in any number but those that are right.
pub(super) fn digits_but(right: &'static [usize]) -> impl Strategy<Value = String> {
    "[0-9]{1,20}".prop_filter("another number of digits", move |digits| {
        !right.contains(&digits.len())
    })
}

/// A text of so many characters, some of more than one byte, without blanks.
pub(super) fn text(length: usize) -> impl Strategy<Value = String> {
    let letter = prop::char::ranges(vec!['!'..='~', 'À'..='ÿ', 'ぁ'..='ん', '😀'..='😿'].into());
    prop::collection::vec(letter, length).prop_map(|letters| letters.into_iter().collect())
}
