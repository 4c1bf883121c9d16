//! The text as sent, a display name in it, and its at-sign: CHS-EML-04 to -18.

use proptest::collection::vec;
use proptest::prelude::{any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::strategy::Strategy;

use super::{Addresses, PLAIN};
use crate::check::{Check, Entry};
use crate::vendors::chase::strategies::{address, inserted};
use crate::world::{Blocked, World};

pub(super) const CHECKS: &[Entry] = &[
    ("chase.email.text_length", text_length),
    ("chase.email.line_breaks", line_breaks),
    ("chase.email.pretty_form", pretty_form),
    ("chase.email.trimmed", trimmed),
    ("chase.email.at_sign_required", at_sign_required),
    ("chase.email.full_width_at_sign", full_width_at_sign),
    ("chase.email.small_at_sign", small_at_sign),
    ("chase.email.name_after_quote", name_after_quote),
    ("chase.email.name_characters", name_characters),
    ("chase.email.name_unsafe", name_unsafe),
    ("chase.email.bracket_unclosed", bracket_unclosed),
    ("chase.email.after_bracket", after_bracket),
    ("chase.email.display_name", display_name),
];

/// 2048 characters are looked at, the blanks around an address included, and 2049 are not.
fn text_length(world: &World) -> Result<Check, Blocked> {
    let padded = |length: usize, blank: &str| blank.repeat(length - PLAIN.len()) + PLAIN;
    Ok(Addresses::of(world)?
        .accepted(&[
            &padded(2047, " "),
            &padded(2048, " "),
            &padded(2048, "\u{3000}"),
        ])
        .refused(
            "Length must not exceed 2048 characters",
            &[
                (&padded(2049, " "), &padded(2048, " ")),
                (&padded(2049, "\u{3000}"), &padded(2048, "\u{3000}")),
                (&padded(2049, "\n"), PLAIN),
                (&"a".repeat(2049), PLAIN),
            ],
        )
        .check)
}

/// A line break is refused wherever it stands, where a tab may be dropped too.
fn line_breaks(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "Carriage return and line feed characters are not allowed";
    let broken = (address(), select(vec!["\r", "\n", "\r\n"]), any::<Index>());
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("\na@b.example", "\ta@b.example"),
                ("a@b.example\n", "a@b.example\t"),
                ("a@b.example\r", "a@b.example "),
                ("a\r\n@b.example", PLAIN),
                ("a@b.\rexample", PLAIN),
                ("A\nB <a@b.example>", "A\tB <a@b.example>"),
                ("\"A\r\" <a@b.example>", "\"A\" <a@b.example>"),
            ],
        )
        .random(broken, |(address, line_break, at)| {
            let broken = inserted(&address, line_break, at);
            (broken, address, REASON.to_owned())
        })
        .check)
}

/// Behind any name that the pretty form allows, an address in angle brackets is that address.
fn pretty_form(world: &World) -> Result<Check, Blocked> {
    let contact = world.text("contact")?;
    let names = [
        "",
        "A",
        "A ",
        "A B\u{2003}C ",
        "J. Doe ",
        "Jörg Ⅷ ٣ 李 ",
        "_.!#$%&'*+-/=?^_`{|}~ ",
        "\"A, B\" ",
        "\"A\" \"B\" ",
        "\"A\" <x@y.example>\" ",
        "\"\"\"",
        "\"\u{200b}\u{0}\" ",
    ];
    let named = names.map(|name| format!("{name}<{contact}>"));
    let words = vec("[A-Za-zé李٣.!#$%&'*+/=?^_`{|}~-]{1,8}", 1..4);
    let quoted = "\"[ -~é李\u{200b}]{1,12}\"";
    let name = prop_oneof![words.prop_map(|words| words.join(" ")), quoted];
    let bracketed = format!("<{contact}>");
    Ok(Addresses::of(world)?
        .contact(&contact, &named.each_ref().map(String::as_str))
        .random_contact(contact, name.prop_map(move |name| name + &bracketed))
        .check)
}

/// What Python calls white space, save the line breaks that no address may have.
const WHITE: [char; 27] = [
    '\t', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{1f}', ' ', '\u{85}', '\u{a0}',
    '\u{1680}', '\u{2000}', '\u{2001}', '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}',
    '\u{2007}', '\u{2008}', '\u{2009}', '\u{200a}', '\u{2028}', '\u{2029}', '\u{202f}', '\u{205f}',
    '\u{3000}',
];

/// White space of every kind is dropped from both ends, within angle brackets too.
fn trimmed(world: &World) -> Result<Check, Blocked> {
    let contact = world.text("contact")?;
    let all: String = WHITE.iter().collect();
    let padded = [
        format!(" {contact}"),
        format!("{contact}\t"),
        format!("{all}{contact}"),
        format!("{contact}{all}"),
        format!("{all}<{all}{contact}{all}>{all}"),
    ];
    let blanks = || vec(select(&WHITE[..]), 0..4).prop_map(String::from_iter);
    let around = (blanks(), blanks());
    let within = contact.clone();
    Ok(Addresses::of(world)?
        .contact(&contact, &padded.each_ref().map(String::as_str))
        .random_contact(
            contact,
            around.prop_map(move |(before, behind)| format!("{before}{within}{behind}")),
        )
        .check)
}

/// At-signs within quotes are none, and those behind the first one belong to the domain.
fn at_sign_required(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused(
            "An email address must have an @-sign.",
            &[
                ("", PLAIN),
                (" ", PLAIN),
                ("ab.example", PLAIN),
                ("\"a@b.example\"", PLAIN),
                ("\"a@b.example", PLAIN),
                ("a\"@b.example", PLAIN),
                ("\"a\\\"@b.example", PLAIN),
                ("A <ab.example>", "A <a@b.example>"),
            ],
        )
        .refused_like(
            "The part after the @-sign contains invalid characters: '@'.",
            &[
                ("a@b@c.example", "a@bc.example", "a@@b.example"),
                ("a@b.example@", PLAIN, "a@@b.example"),
            ],
        )
        .refused_like(
            "Quoting the part before the @-sign is not allowed here.",
            &[
                ("\"a@b\"@c.example", "ab@c.example", "\"ab\"@c.example"),
                ("\"a\\\"@b\"@c.example", "ab@c.example", "\"ab\"@c.example"),
            ],
        )
        .check)
}

/// A full-width at-sign is no at-sign, and is named before a small one.
fn full_width_at_sign(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused(
            "The email address has the \"full-width\" at-sign (@) character instead of a regular at-sign.",
            &[
                ("a＠b.example", PLAIN),
                ("a﹫b＠c.example", "ab@c.example"),
                ("A <a＠b.example>", "A <a@b.example>"),
            ],
        )
        .accepted(&["a＠b@c.example"])
        .check)
}

/// A small commercial at is no at-sign.
fn small_at_sign(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused(
            "The email address has the \"small commercial at\" character instead of a regular at-sign.",
            &[("a﹫b.example", PLAIN), ("A <a﹫b.example>", "A <a@b.example>")],
        )
        .accepted(&["a﹫b@c.example"])
        .check)
}

/// Within its quotes the same name is dropped; behind them it is listed.
fn name_after_quote(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused_with(
            "Extra character(s) found after close quote: {}",
            &[
                ("\"A\"x <a@b.example>", "\"Ax\" <a@b.example>", "'x'"),
                ("\"A\" x<a@b.example>", "\"A x\"<a@b.example>", "SPACE, 'x'"),
                (
                    "\"A\"yxy <a@b.example>",
                    "\"Ayxy\" <a@b.example>",
                    "'y', 'x', 'y'",
                ),
            ],
        )
        .check)
}

/// Within quotes the same name is dropped.
fn name_characters(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The display name contains invalid characters when not quoted: {}.";
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                ("A;B <a@b.example>", "\"A;B\" <a@b.example>", "';'"),
                ("A, B <a@b.example>", "\"A, B\" <a@b.example>", "','"),
                ("A (B C<a@b.example>", "\"A (B C\"<a@b.example>", "'('"),
                (
                    "A\u{301} <a@b.example>",
                    "\"A\u{301}\" <a@b.example>",
                    "COMBINING ACUTE ACCENT",
                ),
            ],
        )
        .recorded(REASON)
        .check)
}

/// Alone, the form with this name is pretty, and the name dropped; with text behind the bracket it is looked at.
fn name_unsafe(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused_with(
            "The email address contains unsafe characters: {}.",
            &[
                (
                    "\"A\u{200b}\" <a@b.example> x",
                    "\"A\u{200b}\" <a@b.example>",
                    "ZERO WIDTH SPACE",
                ),
                (
                    "\"\u{301}A\" <a@b.example> x",
                    "\"\u{301}A\" <a@b.example>",
                    "COMBINING ACUTE ACCENT",
                ),
                (
                    "\"A\u{7}\" <a@b.example> x",
                    "\"A\u{7}\" <a@b.example>",
                    "U+0007",
                ),
                (
                    "\"A\u{2028}\u{ad}\" <a@b.example> x",
                    "\"A\u{2028}\u{ad}\" <a@b.example>",
                    "SOFT HYPHEN, LINE SEPARATOR",
                ),
            ],
        )
        .check)
}

/// A bracket that is closed too early, or never.
fn bracket_unclosed(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("A <a@b.example", "A <a@b.example>"),
                ("<a@b.example", "<a@b.example>"),
                ("A<<a@b.example>", "A<a@b.example>"),
                ("<", "<a@b.example>"),
            ],
        )
        .recorded(REASON)
        .check)
}

/// Blanks may stand there, and nothing else.
fn after_bracket(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "There can't be anything after the email address.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("<a@b.example> x", "<a@b.example> "),
                ("A <a@b.example>x", "A <a@b.example>"),
                ("A <a@b.example>, <c@d.example", "A <a@b.example>"),
            ],
        )
        .recorded(REASON)
        .check)
}

/// Brackets within brackets are no pretty form; what is wrong with the address in them is said first.
fn display_name(world: &World) -> Result<Check, Blocked> {
    const REASON: &str =
        "A display name and angle brackets around the email address are not permitted here.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("<<a@b.example>>", "<a@b.example>"),
                ("A <<a@b.example>>", "A <a@b.example>"),
            ],
        )
        .refused_like(
            "An email address cannot have two periods in a row.",
            &[("<<a..b@c.example>>", "<a.b@c.example>", "a..b@c.example")],
        )
        .refused_like(
            "The part after the @-sign is not valid. It should have a period.",
            &[("A <<a@b>>", "A <a@b.example>", "a@b")],
        )
        .recorded(REASON)
        .check)
}
