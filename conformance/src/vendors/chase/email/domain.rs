//! The part after the at-sign: CHS-EML-40 to -70.

use proptest::prelude::any;
use proptest::sample::{Index, select};

use super::{Addresses, PLAIN};
use crate::check::{Check, Entry};
use crate::vendors::chase::strategies::{address, inserted};
use crate::world::{Blocked, World};

pub(super) const CHECKS: &[Entry] = &[
    ("chase.email.domain_required", domain_required),
    ("chase.email.bracketed", bracketed),
    ("chase.email.bracketed_v4", bracketed_v4),
    ("chase.email.bracketed_v6", bracketed_v6),
    ("chase.email.bracketed_untagged", bracketed_untagged),
    ("chase.email.bracketed_characters", bracketed_characters),
    ("chase.email.bracketed_tag", bracketed_tag),
    ("chase.email.domain_length", domain_length),
    ("chase.email.domain_characters", domain_characters),
    ("chase.email.domain_unsafe", domain_unsafe),
    ("chase.email.domain_full_stops", domain_full_stops),
    ("chase.email.domain_mapping", domain_mapping),
    ("chase.email.domain_mapped", domain_mapped),
    ("chase.email.domain_periods", domain_periods),
    ("chase.email.domain_hyphens", domain_hyphens),
    ("chase.email.reserved_hyphens", reserved_hyphens),
    ("chase.email.idna_label", idna_label),
    ("chase.email.domain_ascii_length", domain_ascii_length),
    ("chase.email.label_length", label_length),
    ("chase.email.period_required", period_required),
    ("chase.email.top_level_letter", top_level_letter),
    ("chase.email.special_use", special_use),
    ("chase.email.punycode", punycode),
    ("chase.email.punycode_unsafe", punycode_unsafe),
    ("chase.email.bidi", bidi),
];

/// Nothing is nothing, with a good local part before it.
fn domain_required(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused(
            "There must be something after the @-sign.",
            &[
                ("a@", PLAIN),
                ("a@ ", PLAIN),
                ("A <a@>", "A <a@b.example>"),
                ("é@", "é@b.example"),
            ],
        )
        .check)
}

/// Good IP addresses of both kinds.
fn bracketed(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "A bracketed IP address after the @-sign is not allowed here.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("a@[127.0.0.1]", PLAIN),
                ("a@[0.0.0.0]", PLAIN),
                ("a@[255.255.255.255]", PLAIN),
                ("a@[IPv6:::1]", PLAIN),
                ("a@[ipv6:2001:DB8::a]", PLAIN),
                ("a@[IPV6:1:2:3:4:5:6:7:8]", PLAIN),
                ("a@[IPv6:::127.0.0.1]", PLAIN),
            ],
        )
        .recorded(REASON)
        .check)
}

/// The number of parts is looked at first, then the first bad part.
fn bracketed_v4(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The address in brackets after the @-sign is not valid: It is not an IPv4 address ({}) or is missing an address literal tag.";
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                ("a@[1.2.3]", PLAIN, "Expected 4 octets in '1.2.3'"),
                ("a@[1..2.3.4]", PLAIN, "Expected 4 octets in '1..2.3.4'"),
                ("a@[1.2.3.]", PLAIN, "Empty octet not permitted in '1.2.3.'"),
                (
                    "a@[1.2.3.1000]",
                    PLAIN,
                    "At most 3 characters permitted in '1000' in '1.2.3.1000'",
                ),
                (
                    "a@[1.2.3.04]",
                    PLAIN,
                    "Leading zeros are not permitted in '04' in '1.2.3.04'",
                ),
                (
                    "a@[1.2.3.256]",
                    PLAIN,
                    "Octet 256 (> 255) not permitted in '1.2.3.256'",
                ),
            ],
        )
        .recorded(REASON)
        .check)
}

/// Python's words for what is wrong with an IPv6 address.
fn bracketed_v6(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The IPv6 address in brackets after the @-sign is not valid ({}).";
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                ("a@[IPv6:fe80::1%eth0]", PLAIN, "It has a zone index"),
                (
                    "a@[IPv6:fe80::1%]",
                    PLAIN,
                    "Invalid IPv6 address: \"'fe80::1%'\"",
                ),
                ("a@[IPv6:::1/64]", PLAIN, "Unexpected '/' in '::1/64'"),
                ("a@[IPv6:]", PLAIN, "Address cannot be empty"),
                ("a@[ipv6:1:2]", PLAIN, "At least 3 parts expected in '1:2'"),
                (
                    "a@[IPv6:::1.2.3.256]",
                    PLAIN,
                    "Octet 256 (> 255) not permitted in '1.2.3.256' in '::1.2.3.256'",
                ),
                (
                    "a@[IPv6:1:2:3:4:5:6:7:8:9:10]",
                    PLAIN,
                    "At most 8 colons permitted in '1:2:3:4:5:6:7:8:9:10'",
                ),
                (
                    "a@[IPv6:1::2::3]",
                    PLAIN,
                    "At most one '::' permitted in '1::2::3'",
                ),
                (
                    "a@[IPv6:::1:]",
                    PLAIN,
                    "Trailing ':' only permitted as part of '::' in '::1:'",
                ),
                (
                    "a@[IPv6:1::2:3:4:5:6:7:8]",
                    PLAIN,
                    "Expected at most 7 other parts with '::' in '1::2:3:4:5:6:7:8'",
                ),
                (
                    "a@[IPv6:1:2:3:4:5:6:7]",
                    PLAIN,
                    "Exactly 8 parts expected without '::' in '1:2:3:4:5:6:7'",
                ),
                (
                    "a@[IPv6:::g]",
                    PLAIN,
                    "Only hex digits permitted in 'g' in '::g'",
                ),
                (
                    "a@[IPv6:::12345]",
                    PLAIN,
                    "At most 4 characters permitted in '12345' in '::12345'",
                ),
            ],
        )
        .recorded(REASON)
        .check)
}

/// Without a colon there is no tag.
fn bracketed_untagged(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The part after the @-sign in brackets is not an IPv4 address and has no address literal tag.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[("a@[b]", PLAIN), ("a@[]", PLAIN), ("a@[b.example]", PLAIN)],
        )
        .recorded(REASON)
        .check)
}

/// The range ends where nobody would expect it.
fn bracketed_characters(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The part after the @-sign contains invalid characters in brackets: {}.";
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                ("a@[x:y z]", PLAIN, "SPACE"),
                ("a@[x:\u{1}]", PLAIN, "U+0001"),
                ("a@[x:û]", PLAIN, "'û'"),
                ("a@[x:€]", PLAIN, "'€'"),
            ],
        )
        .recorded(REASON)
        .check)
}

/// Only `IPv6:` is known.
fn bracketed_tag(world: &World) -> Result<Check, Blocked> {
    const REASON: &str =
        "The part after the @-sign contains an invalid address literal tag in brackets.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("a@[x:y]", PLAIN),
                ("a@[IPv4:127.0.0.1]", PLAIN),
                ("a@[:]", PLAIN),
                ("a@[x:ú]", PLAIN),
                ("a@[x:\u{7f}]", PLAIN),
            ],
        )
        .recorded(REASON)
        .check)
}

/// An address at a domain of so many characters, none of its labels too long.
pub(super) fn at_domain_of(length: usize) -> String {
    let labels = format!("{}.", "b".repeat(49)).repeat(length / 50);
    let last = "c".repeat(length - labels.len());
    format!("a@{labels}{last}")
}

/// A local part of one character leaves a domain 252; that the longest is 253 shows in the excess alone.
fn domain_length(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The email address is too long after the @-sign ({} too many).";
    let longest = at_domain_of(252);
    Ok(Addresses::of(world)?
        .accepted(&[&at_domain_of(251)])
        .refused_with(
            REASON,
            &[
                (&at_domain_of(254), &longest, "1 character"),
                (&at_domain_of(255), &longest, "2 characters"),
                (&at_domain_of(263), &longest, "10 characters"),
                (
                    &at_domain_of(253).replace("@b", "@éé"),
                    &at_domain_of(240),
                    "1 character",
                ),
                (&format!("a@{}", "!".repeat(254)), PLAIN, "1 character"),
            ],
        )
        .check)
}

/// ASCII letters, digits, hyphens and periods are all the ASCII there is in a domain.
fn domain_characters(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The part after the @-sign contains invalid characters: {}.";
    let specials = vec![
        "!", "#", "$", "%", "&", "(", ")", "*", "+", ",", "/", ":", ";", "<", "=", "?", "[", "]",
        "^", "_", "`", "{", "|", "}", "~",
    ];
    let broken = (address(), select(specials), any::<Index>());
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                ("a@b_c.example", "a@bc.example", "'_'"),
                ("a@!b.example", PLAIN, "'!'"),
                ("a@b.example,", PLAIN, "','"),
                ("a@é_.example", "a@é.example", "'_'"),
                ("a@_-.example", PLAIN, "'_'"),
            ],
        )
        .random(broken, |(address, special, at)| {
            let (local, domain) = address.split_once('@').unwrap_or_default();
            let broken = format!("{local}@x{}", inserted(domain, special, at));
            (
                broken,
                address,
                REASON.replace("{}", &format!("'{special}'")),
            )
        })
        .check)
}

/// As in a local part, and in the same order.
fn domain_unsafe(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused_with(
            "The email address contains unsafe characters: {}.",
            &[
                (
                    "a@\u{301}b.example",
                    "a@b\u{301}.example",
                    "COMBINING ACUTE ACCENT",
                ),
                ("a@b\u{a0}c.example", "a@bc.example", "NO-BREAK SPACE"),
                ("a@b\u{200b}c.example", "a@bc.example", "ZERO WIDTH SPACE"),
                ("a@b\u{200d}c.example", "a@bc.example", "ZERO WIDTH JOINER"),
                ("a@b\u{e000}.example", PLAIN, "U+E000"),
                ("a@b\u{2003}\u{ad}.example", PLAIN, "SOFT HYPHEN, EM SPACE"),
            ],
        )
        .check)
}

/// A character that is a full stop and no more separates labels; these are refused.
fn domain_full_stops(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The part after the @-sign contains invalid characters: {}.";
    let separates = ["a@b．example", "a@b。example", "a@b｡example"];
    let (broken, repaired) = ("a@b{}c.example", "a@b．c.example");
    let more = "․‥…⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛㏂㏇㏘﹒🄀";
    let table = Addresses::of(world)?.accepted(&separates);
    Ok(more
        .chars()
        .fold(table, |table, character| {
            let broken = broken.replace("{}", &character.to_string());
            table.refused_with(REASON, &[(&broken, repaired, &format!("'{character}'"))])
        })
        .check)
}

/// The position is that in the domain, counted from 1, and the domain is shown as it was typed.
fn domain_mapping(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The part after the @-sign contains invalid characters ({}).";
    let place = |character: &str, position: usize, domain: &str| {
        format!("Codepoint {character} not allowed at position {position} in '{domain}'")
    };
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                (
                    "a@b\u{fffd}.example",
                    PLAIN,
                    &place("U+FFFD", 2, "b\u{fffd}.example"),
                ),
                (
                    "a@É\u{fffd}.example",
                    "a@É.example",
                    &place("U+FFFD", 2, "É\u{fffd}.example"),
                ),
                (
                    "a@b.c\u{2ff0}.example",
                    "a@b.c.example",
                    &place("U+2FF0", 4, "b.c\u{2ff0}.example"),
                ),
            ],
        )
        .recorded(REASON)
        .check)
}

/// Characters that stand for forbidden ones.
fn domain_mapped(world: &World) -> Result<Check, Blocked> {
    const REASON: &str =
        "The part after the @-sign contains invalid characters after Unicode normalization: {}.";
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                ("a@℀.example", "a@ac.example", "'/'"),
                ("a@b＿c.example", "a@bc.example", "'_'"),
                ("a@b¸.example", PLAIN, "SPACE"),
            ],
        )
        .accepted(&["a@ﬀⅧ.example"])
        .recorded(REASON)
        .check)
}

/// Each place of a period has its text; the end is looked at first, and every full stop is a period.
fn domain_periods(world: &World) -> Result<Check, Blocked> {
    const BEHIND: &str = "An email address cannot end with a period.";
    const BEFORE: &str = "An email address cannot have a period immediately after the @-sign.";
    const TWO: &str = "An email address cannot have two periods in a row.";
    let broken = (address(), select(vec![BEHIND, BEFORE, TWO]));
    Ok(Addresses::of(world)?
        .refused(
            BEHIND,
            &[
                ("a@b.example.", PLAIN),
                ("a@.b..example.", PLAIN),
                ("a@b.example。", PLAIN),
            ],
        )
        .refused(
            BEFORE,
            &[
                ("a@.b.example", PLAIN),
                ("a@.b..example", PLAIN),
                ("a@．b.example", PLAIN),
            ],
        )
        .refused(
            TWO,
            &[
                ("a@b..example", PLAIN),
                ("a@b.。example", PLAIN),
                ("a@b-..example", PLAIN),
            ],
        )
        .random(broken, |(address, reason)| {
            let (local, domain) = address.split_once('@').unwrap_or_default();
            let broken = match reason {
                BEHIND => format!("{local}@{domain}."),
                BEFORE => format!("{local}@.{domain}"),
                _ => format!("{local}@{domain}..{domain}"),
            };
            (broken, address, reason.to_owned())
        })
        .check)
}

/// Each place of a hyphen has its text; the end is looked at first.
fn domain_hyphens(world: &World) -> Result<Check, Blocked> {
    const BEHIND: &str = "An email address cannot end with a hyphen.";
    const BEFORE: &str = "An email address cannot have a hyphen immediately after the @-sign.";
    const BESIDE: &str = "An email address cannot have a period and a hyphen next to each other.";
    let broken = (address(), select(vec![BEHIND, BEFORE, BESIDE]));
    Ok(Addresses::of(world)?
        .refused(
            BEHIND,
            &[("a@b.example-", PLAIN), ("a@-b.-example-", PLAIN)],
        )
        .refused(BEFORE, &[("a@-b.example", PLAIN), ("a@-b-.example", PLAIN)])
        .refused(
            BESIDE,
            &[
                ("a@b-.example", PLAIN),
                ("a@b.-example", PLAIN),
                ("a@b.－example", PLAIN),
                ("a@xn--.example", PLAIN),
            ],
        )
        .accepted(&["a@b-c.example"])
        .random(broken, |(address, reason)| {
            let (local, domain) = address.split_once('@').unwrap_or_default();
            let broken = match reason {
                BEHIND => format!("{local}@{domain}-"),
                BEFORE => format!("{local}@-{domain}"),
                _ => format!("{local}@{domain}-.{domain}"),
            };
            (broken, address, reason.to_owned())
        })
        .check)
}

/// Third and fourth place count, not the letters before them.
fn reserved_hyphens(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("a@ab--c.example", "a@a--bc.example"),
                ("a@b.ab--c.example", "a@b.abc--d.example"),
                ("a@éa--b.example", "a@éab.example"),
                ("a@12--3.example", "a@123.example"),
                ("a@b---c.example", "a@b--c.example"),
                ("a@nx--bcher-kva.example", "a@xn--bcher-kva.example"),
            ],
        )
        .accepted(&["a@a--b.example", "a@abc--d.example"])
        .recorded(REASON)
        .check)
}

/// What IDNA 2008 says against a label, in the order in which it looks.
fn idna_label(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The part after the @-sign is invalid ({}).";
    let long = |length: usize| format!("a@é{}.example", "b".repeat(length));
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                (&long(57), &long(55), "Label too long"),
                (
                    "a@☃.example",
                    "a@é.example",
                    "Codepoint U+2603 at position 1 of '☃' not allowed",
                ),
                (
                    "a@b.c☃.example",
                    "a@b.cé.example",
                    "Codepoint U+2603 at position 2 of 'c☃' not allowed",
                ),
                (
                    "a@a·l.example",
                    "a@l·l.example",
                    "Codepoint U+00B7 not allowed at position 2 in 'a·l'",
                ),
                (
                    "a@͵b.example",
                    "a@͵α.example",
                    "Codepoint U+0375 not allowed at position 1 in '͵b'",
                ),
                (
                    "a@b׳.example",
                    "a@א׳.example",
                    "Codepoint U+05F3 not allowed at position 2 in 'b׳'",
                ),
                (
                    "a@a・b.example",
                    "a@あ・b.example",
                    "Codepoint U+30FB not allowed at position 2 in 'a・b'",
                ),
                (
                    "a@א\u{660}\u{6f0}.example",
                    "a@א\u{660}\u{661}.example",
                    "Codepoint U+0660 not allowed at position 2 in 'א\u{660}\u{6f0}'",
                ),
                (
                    "a@אb.example",
                    "a@אב.example",
                    "Invalid direction for codepoint at position 2 in a right-to-left label",
                ),
                (
                    "a@1א.example",
                    "a@א1.example",
                    "First codepoint in label '1א' must be directionality L, R or AL",
                ),
                (
                    "a@א1\u{660}.example",
                    "a@א1.example",
                    "Can not mix numeral types in a right-to-left label",
                ),
            ],
        )
        .recorded(REASON)
        .check)
}

/// Each label is well, and the domain as typed is short enough; as A-labels they are too many.
fn domain_ascii_length(world: &World) -> Result<Check, Blocked> {
    let address = |length: usize| format!("{}.é.example", at_domain_of(length));
    Ok(Addresses::of(world)?
        .refused_with(
            "The email address is too long after the @-sign ({} too many after IDNA encoding).",
            &[
                (&address(238), &address(231), "1 byte"),
                (&address(239), &address(231), "2 bytes"),
                (&address(243), &address(231), "6 bytes"),
            ],
        )
        .check)
}

/// 63 characters are well, and 64 are not.
fn label_length(world: &World) -> Result<Check, Blocked> {
    const REASON: &str =
        "After the @-sign, periods cannot be separated by so many characters ({} too many).";
    let label = |length: usize| format!("a@{}.example", "b".repeat(length));
    let last = |length: usize| format!("a@b.{}", "c".repeat(length));
    Ok(Addresses::of(world)?
        .accepted(&[&label(62), &label(63), &last(63)])
        .refused_with(
            REASON,
            &[
                (&label(64), &label(63), "1 character"),
                (&label(65), &label(63), "2 characters"),
                (&last(64), &last(63), "1 character"),
                (&label(200), &label(63), "137 characters"),
            ],
        )
        .recorded(REASON)
        .check)
}

/// A name without a period is no domain on the Internet.
fn period_required(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The part after the @-sign is not valid. It should have a period.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("a@b", "a@b.example"),
                ("a@example", "a@example.example"),
                ("a@é", "a@é.example"),
                ("a@localhost", "a@localhost.example"),
                ("a@xn--bcher-kva", "a@xn--bcher-kva.example"),
                ("a@1", "a@1.example"),
            ],
        )
        .recorded(REASON)
        .check)
}

/// The last character counts, in its ASCII form.
fn top_level_letter(world: &World) -> Result<Check, Blocked> {
    const REASON: &str =
        "The part after the @-sign is not valid. It is not within a valid top-level domain.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("a@127.0.0.1", "a@127.0.0.example"),
                ("a@b.c1", "a@b.c1d"),
                ("a@b.c１", "a@b.c１d"),
                ("a@b.2", PLAIN),
            ],
        )
        .accepted(&["a@b.1c", "a@b.рф"])
        .recorded(REASON)
        .check)
}

/// The last label alone decides, in any letter case and width.
fn special_use(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The part after the @-sign is a special-use or reserved name that cannot be used with email.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("a@b.arpa", PLAIN),
                ("a@b.invalid", PLAIN),
                ("a@b.local", PLAIN),
                ("a@b.c.localhost", PLAIN),
                ("a@b.onion", PLAIN),
                ("a@b.test", PLAIN),
                ("a@b.TEST", PLAIN),
                ("a@é.ｔest", "a@é.example"),
            ],
        )
        .accepted(&["a@b.example", "a@test.example", "a@b.example.com"])
        .recorded(REASON)
        .check)
}

/// What is wrong with an A-label, or with the label that it stands for.
fn punycode(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused_with(
            "The part after the @-sign is not valid IDNA ({}).",
            &[
                (
                    "a@xn--0.example",
                    "a@xn--bcher-kva.example",
                    "Invalid A-label",
                ),
                (
                    "a@xn--99999999.example",
                    "a@xn--bcher-kva.example",
                    "Invalid A-label",
                ),
                (
                    "a@xn--n3h.example",
                    "a@xn--bcher-kva.example",
                    "Codepoint U+2603 at position 1 of '☃' not allowed",
                ),
                (
                    "a@b.xn--a-ecp.example",
                    "a@b.xn--bcher-kva.example",
                    "Codepoint U+2488 at position 2 of 'a⒈' not allowed",
                ),
                (
                    "a@xn--a.example",
                    "a@xn--bcher-kva.example",
                    "Codepoint U+0080 at position 1 of '\\x80' not allowed",
                ),
            ],
        )
        .check)
}

/// A joiner may stand behind a virama, in Unicode or hidden; but what comes out of punycode is looked at once more.
fn punycode_unsafe(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused_with(
            "The email address contains unsafe characters: {}.",
            &[
                (
                    "a@xn--11b6iy14e.example",
                    "a@xn--11b6i.example",
                    "ZERO WIDTH JOINER",
                ),
                (
                    "a@b.xn--11b6iy14e.example",
                    "a@b.xn--11b6i.example",
                    "ZERO WIDTH JOINER",
                ),
            ],
        )
        .check)
}

/// A label that begins with a digit is well, but not beside one that is written from right to left.
fn bidi(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused_with(
            "The part after the @-sign is not valid IDNA (First codepoint in label '{}' must be directionality L, R or AL).",
            &[
                ("a@1.א.example", "a@b.א.example", "1"),
                ("a@1b.א.example", "a@b1.א.example", "1b"),
                ("a@א.1b.example", "a@א.b1.example", "1b"),
                ("a@1.xn--4db.example", "a@1.xn--bcher-kva.example", "1"),
            ],
        )
        .accepted(&["a@1b.é.example", "a@אב.א1.example"])
        .check)
}
