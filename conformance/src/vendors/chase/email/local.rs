//! The part before the at-sign: CHS-EML-20 to -32.

use proptest::prelude::any;
use proptest::sample::{Index, select};
use proptest::strategy::Strategy;
use serde_json::json as object;

use super::{Addresses, PLAIN, call};
use crate::check::{Case, Check, Entry};
use crate::expect::{Expect, json, status};
use crate::vendors::chase::post;
use crate::vendors::chase::strategies::{address, inserted};
use crate::world::{Blocked, World};

pub(super) const CHECKS: &[Entry] = &[
    ("chase.email.local_after_quote", local_after_quote),
    ("chase.email.local_required", local_required),
    ("chase.email.local_unsafe", local_unsafe),
    ("chase.email.quoted_characters", quoted_characters),
    ("chase.email.quoted_unsafe", quoted_unsafe),
    ("chase.email.local_characters", local_characters),
    ("chase.email.local_periods", local_periods),
    ("chase.email.local_normalised", local_normalised),
    ("chase.email.quoted_local", quoted_local),
    ("chase.email.local_length", local_length),
    ("chase.email.role_names", role_names),
];

/// This list is in the order of the text, and says a character as often as it stands there.
fn local_after_quote(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused_with(
            "Extra character(s) found after close quote: {}",
            &[
                ("\"a\"b@c.example", "ab@c.example", "'b'"),
                (
                    "\"a\"zb b@c.example",
                    "azbb@c.example",
                    "'z', 'b', SPACE, 'b'",
                ),
                ("\"\"\u{7}@b.example", PLAIN, "U+0007"),
            ],
        )
        .check)
}

/// Quotes with nothing in them are nothing too.
fn local_required(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused(
            "There must be something before the @-sign.",
            &[
                ("@b.example", PLAIN),
                (" @b.example", PLAIN),
                ("<@b.example>", "<a@b.example>"),
                ("\"\"@b.example", PLAIN),
            ],
        )
        .check)
}

/// Unsafe characters are listed in the order of their numbers.
fn local_unsafe(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The email address contains unsafe characters: {}.";
    let unsafe_character = select(vec![
        ('\u{ad}', "SOFT HYPHEN"),
        ('\u{2002}', "EN SPACE"),
        ('\u{200b}', "ZERO WIDTH SPACE"),
        ('\u{200d}', "ZERO WIDTH JOINER"),
        ('\u{202e}', "RIGHT-TO-LEFT OVERRIDE"),
        ('\u{feff}', "ZERO WIDTH NO-BREAK SPACE"),
        ('\u{e000}', "U+E000"),
    ]);
    let broken = (unsafe_character, "[a-zé]{1,8}", "[a-zé]{1,8}");
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                (
                    "\u{301}a@b.example",
                    "a\u{301}@b.example",
                    "COMBINING ACUTE ACCENT",
                ),
                ("a\u{a0}b@c.example", "ab@c.example", "NO-BREAK SPACE"),
                ("\u{200b}a@b.example", PLAIN, "ZERO WIDTH SPACE"),
                ("\u{feff}a@b.example", PLAIN, "ZERO WIDTH NO-BREAK SPACE"),
                ("a\u{85}b@c.example", "ab@c.example", "U+0085"),
                ("a\u{e000}@b.example", PLAIN, "U+E000"),
                ("a\u{378}@b.example", PLAIN, "U+0378"),
                (
                    "a\u{2003}\u{ad}b@c.example",
                    "ab@c.example",
                    "SOFT HYPHEN, EM SPACE",
                ),
            ],
        )
        .random(broken, |((unsafe_character, name), before, behind)| {
            (
                format!("{before}{unsafe_character}{behind}@c.example"),
                format!("{before}{behind}@c.example"),
                REASON.replace("{}", name),
            )
        })
        .check)
}

/// Nothing excuses a control character.
fn quoted_characters(world: &World) -> Result<Check, Blocked> {
    const REASON: &str =
        "The email address contains invalid characters in quotes before the @-sign: {}.";
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                ("\"a\u{7}\"@b.example", PLAIN, "U+0007"),
                ("\"a\tb\"@c.example", "ab@c.example", "U+0009"),
                ("\"\u{7f}\"@b.example", PLAIN, "U+007F"),
            ],
        )
        .recorded(REASON)
        .check)
}

/// Within quotes blanks of every kind are safe.
fn quoted_unsafe(world: &World) -> Result<Check, Blocked> {
    Ok(Addresses::of(world)?
        .refused_with(
            "The email address contains unsafe characters: {}.",
            &[
                ("\"a \u{200b}\"@b.example", PLAIN, "ZERO WIDTH SPACE"),
                (
                    "\"\u{301} \u{3000}\"@b.example",
                    PLAIN,
                    "COMBINING ACUTE ACCENT",
                ),
                (
                    "\"a,\u{2028}\u{ad}\"@b.example",
                    PLAIN,
                    "SOFT HYPHEN, LINE SEPARATOR",
                ),
            ],
        )
        .check)
}

/// Without quotes, ASCII beyond ATEXT and the period is refused wherever it stands.
fn local_characters(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "The email address contains invalid characters before the @-sign: {}.";
    let broken = (
        "[a-z]{1,8}",
        select(vec!["(", ")", ",", ":", ";", ">", "[", "]"]),
        any::<Index>(),
    );
    Ok(Addresses::of(world)?
        .refused_with(
            REASON,
            &[
                ("a(b@c.example", "ab@c.example", "'('"),
                ("a)b@c.example", "ab@c.example", "')'"),
                ("a,b@c.example", "ab@c.example", "','"),
                ("a:b@c.example", "ab@c.example", "':'"),
                ("a;b@c.example", "ab@c.example", "';'"),
                ("a>b@c.example", "ab@c.example", "'>'"),
                ("a[b@c.example", "ab@c.example", "'['"),
                ("a]b@c.example", "ab@c.example", "']'"),
                ("é;@b.example", "é@b.example", "';'"),
                (".;.@b.example", PLAIN, "';'"),
            ],
        )
        .random(broken, |(local, special, at)| {
            (
                format!("{}@b.example", inserted(&local, special, at)),
                format!("{local}@b.example"),
                REASON.replace("{}", &format!("'{special}'")),
            )
        })
        .check)
}

/// Each place of a period has its text; the end is looked at first.
fn local_periods(world: &World) -> Result<Check, Blocked> {
    const BEHIND: &str = "An email address cannot have a period immediately before the @-sign.";
    const BEFORE: &str = "An email address cannot start with a period.";
    const TWO: &str = "An email address cannot have two periods in a row.";
    let broken = (address(), select(vec![BEHIND, BEFORE, TWO]));
    Ok(Addresses::of(world)?
        .refused(
            BEHIND,
            &[
                ("a.@b.example", PLAIN),
                (".a..b.@c.example", "a.b@c.example"),
            ],
        )
        .refused(
            BEFORE,
            &[
                (".a@b.example", PLAIN),
                (".a..b@c.example", "a.b@c.example"),
            ],
        )
        .refused(
            TWO,
            &[
                ("a..b@c.example", "a.b@c.example"),
                ("é...b@c.example", "é.b@c.example"),
            ],
        )
        .random(broken, |(address, reason)| {
            let (local, domain) = address.split_once('@').unwrap_or_default();
            let broken = match reason {
                BEHIND => format!("{local}.@{domain}"),
                BEFORE => format!(".{local}@{domain}"),
                _ => format!("{local}..{local}@{domain}"),
            };
            (broken, address, reason.to_owned())
        })
        .check)
}

/// A Greek question mark becomes a semicolon, which is refused as such only where it was typed as one.
fn local_normalised(world: &World) -> Result<Check, Blocked> {
    let semicolon = "The email address contains invalid characters before the @-sign: ';'.";
    let table = Addresses::of(world)?;
    let case = |address: &str, repaired: &str| {
        Case::new(address.to_owned())
            .twin(table.call(repaired), super::accepted())
            .given(
                "semicolon",
                table.call("a;b@c.example"),
                super::because(semicolon),
            )
            .tested(
                "address",
                table.call(address),
                super::because(&format!("After Unicode normalization: {semicolon}")),
            )
    };
    Ok(Check::new()
        .case(case("a\u{37e}b@c.example", "ab@c.example"))
        .case(case("\u{37e}@b.example", PLAIN))
        // The kelvin sign becomes a letter, which is well.
        .case(case("\u{212a}\u{37e}@b.example", "\u{212a}@b.example")))
}

/// Also one that would be well without its quotes.
fn quoted_local(world: &World) -> Result<Check, Blocked> {
    const REASON: &str = "Quoting the part before the @-sign is not allowed here.";
    Ok(Addresses::of(world)?
        .refused(
            REASON,
            &[
                ("\"a\"@b.example", PLAIN),
                ("\"a.b\"@c.example", "a.b@c.example"),
                ("\"a b\"@c.example", "ab@c.example"),
                ("\"a\\\"b\"@c.example", "ab@c.example"),
                ("\"é\"@b.example", "é@b.example"),
            ],
        )
        .recorded(REASON)
        .check)
}

/// 64 characters, the limit of the standard, mean nothing here.
fn local_length(world: &World) -> Result<Check, Blocked> {
    let local = |length: usize| format!("{}@b.example", "a".repeat(length));
    Ok(Addresses::of(world)?
        .accepted(&[&local(64), &local(65), &local(128), &local(243)])
        .random_accepted((65_usize..=243).prop_map(local))
        .check)
}

/// The names of RFC 2142 and its kin.
const ROLES: [&str; 15] = [
    "info",
    "marketing",
    "sales",
    "support",
    "abuse",
    "noc",
    "security",
    "postmaster",
    "hostmaster",
    "usenet",
    "news",
    "webmaster",
    "www",
    "uucp",
    "ftp",
];

/// A contact's address is logged as it was normalised, not as the contact is known.
fn role_names(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let template = post(world, &object!({}))?;
    let others = ["Mixed.Case", "Infos", "Sales-Team", "WWW1", "A.info"];
    let case = |name: &'static str, typed: Vec<String>, logged: Vec<String>| {
        let contacts = object!({"example-organisation": logged});
        let mut case = Case::new(name).state(object!({"chase": {"contacts": contacts}}));
        for address in &typed {
            case = case.given(address, call(&template, address), status(202));
        }
        let mut case = case.feed("feed", logged_as(logged));
        if let Some(feed) = case.steps.last_mut() {
            feed.until = Some(shows(typed.len()));
        }
        case
    };
    let at_example = |local: &str| format!("{local}@example.com");
    let in_capitals = ROLES.map(str::to_ascii_uppercase);
    Ok(Check::new()
        .case(case(
            "role names",
            in_capitals.iter().map(|local| at_example(local)).collect(),
            ROLES.into_iter().map(at_example).collect(),
        ))
        .case(case(
            "other names",
            others.into_iter().map(at_example).collect(),
            others.into_iter().map(at_example).collect(),
        )))
}

/// At least so many conversions.
fn shows(count: usize) -> Expect {
    json("/conversions").holds(&format!("{count} conversions"), move |conversions| {
        conversions
            .as_array()
            .is_some_and(|found| found.len() >= count)
    })
}

/// All conversions are of these addresses, in this spelling.
fn logged_as(addresses: Vec<String>) -> Expect {
    let wanted = format!("nobody but {}", addresses.join(", "));
    json("/conversions").holds(&wanted, move |conversions| {
        let mut found = conversions.as_array().into_iter().flatten();
        found.all(|conversion| {
            let who = conversion["who"].as_str().map(str::to_owned);
            who.is_some_and(|who| addresses.contains(&who))
        })
    })
}
