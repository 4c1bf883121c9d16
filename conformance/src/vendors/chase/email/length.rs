//! The length of the whole address: CHS-EML-71 to -73.

use super::Addresses;
use super::domain::at_domain_of;
use crate::check::{Check, Entry};
use crate::world::{Blocked, World};

pub(super) const CHECKS: &[Entry] = &[
    ("chase.email.address_length", address_length),
    ("chase.email.normalised_length", normalised_length),
    ("chase.email.ascii_length", ascii_length),
];

/// A local part, and a domain of so many bytes.
fn at(local: &str, length: usize) -> String {
    at_domain_of(length).replacen('a', local, 1)
}

/// Bytes count, but what is too much is said in characters: beyond ASCII, as the least and the most it can be.
fn address_length(world: &World) -> Result<Check, Blocked> {
    let [ascii, two, four] = ["a".repeat(64), "é".repeat(32), "𝒜".repeat(16)];
    let longest = at(&ascii, 189);
    Ok(Addresses::of(world)?
        .accepted(&[&at(&ascii, 188), &longest, &at(&two, 189), &at(&four, 189)])
        .refused_with(
            "The email address is too long ({} too many).",
            &[
                (&at(&ascii, 190), &longest, "1 character"),
                (&at(&ascii, 191), &longest, "2 characters"),
                (&at(&"a".repeat(1000), 189), &longest, "936 characters"),
                (&at(&two, 190), &at(&two, 189), "1 character"),
                (&at(&two, 191), &at(&two, 189), "1-2 characters"),
                (&at(&four, 209), &at(&four, 189), "5-20 characters"),
                // Blanks around it and a name before it do not count.
                (
                    &format!(" A <{}> ", at(&ascii, 190)),
                    &format!(" A <{longest}> "),
                    "1 character",
                ),
            ],
        )
        .check)
}

/// Beyond ASCII, a domain in capitals or of wide characters may grow: the sign for kilocalories has three bytes, its
/// normal form four.
fn normalised_length(world: &World) -> Result<Check, Blocked> {
    let domain = format!("{}.", "㎉".repeat(15)).repeat(4);
    let address = |length: usize| format!("{}@{domain}example", "a".repeat(length));
    let longest = address(2);
    Ok(Addresses::of(world)?
        .accepted(&[&address(1), &longest])
        .refused_with(
            "The email address is too long after normalization ({} too many).",
            &[
                (&address(3), &longest, "1 byte"),
                (&address(4), &longest, "2 bytes"),
                (&address(40), &longest, "38 bytes"),
            ],
        )
        .check)
}

/// One label has 7 bytes as typed, and 13 as an A-label.
fn ascii_length(world: &World) -> Result<Check, Blocked> {
    let local = "a".repeat(60);
    let address = |length: usize| at(&local, length).replacen('@', "@bücher.", 1);
    let longest = address(179);
    Ok(Addresses::of(world)?
        .accepted(&[&address(178), &longest])
        .refused_with(
            "The email address is too long when the part after the @-sign is converted to IDNA ASCII ({} too many).",
            &[
                (&address(180), &longest, "1 byte"),
                (&address(181), &longest, "2 bytes"),
                (&address(185), &longest, "6 bytes"),
            ],
        )
        .check)
}
