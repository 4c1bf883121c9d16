//! The e-mail rules as a whole: against the reference stack, and properties. Each step's boundaries stand in its file.

use proptest::prelude::*;
use serde::Deserialize;

use super::{Invalid, judge, plain, validate};

/// Every text is accepted, in the form beside it.
#[track_caller]
pub(super) fn accepts(cases: &[(&str, &str)]) {
    for &(text, normalised) in cases {
        assert_eq!(validate(text), Ok(normalised.to_owned()), "{text:?}");
    }
}

/// Every text is refused by that rule, for the reason beside it.
#[track_caller]
pub(super) fn refuses(rule: &str, cases: &[(&str, &str)]) {
    for &(text, reason) in cases {
        let invalid = validate(text).expect_err(text);
        assert_eq!(
            (invalid.rule.as_str(), &*invalid.reason),
            (rule, reason),
            "{text:?}"
        );
    }
}

/// Facts: what email-validator 2.4.0, idna 3.20 and Pydantic 2.14.3 on Python 3.11 say. `recorded.py` wrote them down.
#[test]
fn every_recorded_text_is_judged_like_the_reference() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Case {
        text: String,
        normalized: Option<String>,
        reason: Option<String>,
    }

    let recorded = fixtures::vendor("chase")
        .and_then(|chase| chase.file("emails.jsonl"))
        .unwrap();
    let mut differences = Vec::new();
    for line in recorded.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let (normalised, reason) = match validate(&case.text) {
            Ok(normalised) => (Some(normalised), None),
            Err(Invalid { reason, .. }) => (None, Some(reason)),
        };
        if (&normalised, &reason) != (&case.normalized, &case.reason) {
            differences.push(format!("{line}\n  {:?}", normalised.or(reason)));
        }
    }
    assert!(recorded.lines().count() > 1500);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_rule_refuses_a_recorded_text() {
    let recorded = fixtures::vendor("chase")
        .and_then(|chase| chase.file("emails.jsonl"))
        .unwrap();
    let refused: Vec<&str> = recorded
        .lines()
        .filter_map(|line| {
            validate(serde_json::from_str::<serde_json::Value>(line).ok()?["text"].as_str()?).err()
        })
        .map(|invalid| invalid.rule.as_str())
        .collect();
    // What the other rules oblige to is to accept.
    let accepting = [
        "pretty_form",
        "trimmed",
        "local_length",
        "role_names",
        "normalised",
        "international",
        "character_lists",
    ];
    for rule in fixtures::Catalogue::parse(fixtures::vendor("chase").unwrap())
        .unwrap()
        .rules
        .keys()
    {
        if let Some(name) = rule.strip_prefix("chase.email.")
            && !accepting.contains(&name)
        {
            assert!(refused.contains(&&**rule), "{rule}");
        }
    }
}

/// Characters that mean something to a rule, and some of every other kind.
fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => prop::sample::select("abcxn-.@".chars().collect::<Vec<_>>()),
        2 => prop::sample::select("\"\\<>[]:%' _(,INFO019".chars().collect::<Vec<_>>()),
        2 => prop::sample::select("éßİK＠﹫。．․ﬃ℀≠\u{301}\u{323}\u{338}\u{200c}\u{200d}\u{ad}\u{3164}".chars().collect::<Vec<_>>()),
        1 => prop::sample::select("אب٠۰·͵α׳・カ漢ー가ᄀ\u{1161}क\u{94d}\u{64b}\u{897}\u{10efd}\u{ffff}".chars().collect::<Vec<_>>()),
        1 => any::<char>(),
    ]
}

fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(character(), 0..most).prop_map(String::from_iter)
}

/// Texts that get far: an address with something odd in it here and there.
fn address() -> impl Strategy<Value = String> {
    let label = prop_oneof![
        3 => "[a-zA-Z0-9-]{1,8}",
        1 => "[a-z-]{60,66}",
        2 => text(5),
        1 => "xn--[a-z0-9-]{1,12}",
        1 => text(5).prop_map(|label| format!("xn--{}", super::punycode::encode(&super::unicode::code_points(&label)))),
    ];
    let domain = prop::collection::vec(label, 1..4).prop_map(|labels| labels.join("."));
    let top = prop::sample::select(vec![".com", ".example", ".Test", ".c0m", ".рф", ""]);
    let local = prop_oneof![
        "[a-zA-Z0-9.+!]{1,10}",
        "(?i)info|ftp|sales",
        text(6),
        "[a-z]{200,250}"
    ];
    (local, domain, top).prop_map(|(local, domain, top)| format!("{local}@{domain}{top}"))
}

proptest! {
    #[test]
    fn no_text_panics(text in text(40)) {
        let _ = validate(&text);
    }

    #[test]
    fn a_reason_is_never_empty(text in prop_oneof![text(12), address()]) {
        if let Err(invalid) = validate(&text) {
            prop_assert!(!invalid.reason.is_empty());
            prop_assert!(invalid.rule.as_str().starts_with("chase.email."));
        }
    }

    #[test]
    fn what_is_accepted_is_accepted_again_in_its_normal_form(text in address()) {
        if let Ok(normalised) = validate(&text) {
            prop_assert_eq!(validate(&normalised), Ok(normalised));
        }
    }

    #[test]
    fn the_short_way_and_the_long_way_agree(text in prop_oneof![address(), "[a-zA-Z0-9.+-]{1,6}@[a-zA-Z0-9.-]{1,12}"]) {
        if let Some(normalised) = plain(&text) {
            prop_assert_eq!(judge(&text), Ok(normalised));
        }
    }

    #[test]
    fn white_space_around_an_address_changes_nothing(
        text in address(),
        before in "[ \t\u{1c}\u{3000}]{0,3}",
        after in "[ \t\u{1c}\u{3000}]{0,3}",
    ) {
        prop_assert_eq!(validate(&format!("{before}{text}{after}")), validate(&text));
    }

    #[test]
    fn a_good_name_before_an_address_changes_nothing(text in address(), name in "[a-zA-Z0-9_.é李]{0,5}( [a-z&]{1,5})?|\"[^\r\n]{1,5}\"") {
        // A bracket or quote of its own would make it another name, or another address.
        let text = text.replace(['\r', '\n', '<', '>', '"'], "");
        prop_assert_eq!(validate(&format!("{name} <{text}>")), validate(&text));
    }
}

#[test]
fn plain_addresses_take_the_short_way() {
    for text in [
        "user@example.com",
        "INFO@Example.COM",
        "a.b+c@mail-1.example.co.uk",
        "!#$%&'*+-/=?^_`{|}~@b.example",
    ] {
        assert_eq!(plain(text), judge(text).ok(), "{text}");
        assert!(plain(text).is_some(), "{text}");
    }
}

#[test]
fn anything_else_takes_the_long_way() {
    let too_long = format!("{}@example.com", "a".repeat(243));
    for text in [
        "",
        "a",
        "a@b",
        "a@b.test",
        "a@b.c1",
        "a@-b.com",
        "a@b--c.com",
        "a..b@c.com",
        "a@b..com",
        "\"a\"@b.com",
        " a@b.com",
        "é@b.com",
        &too_long,
    ] {
        assert_eq!(plain(text), None, "{text}");
    }
}

#[test]
fn accepted_addresses_are_normalised() {
    accepts(&[
        ("Mixed.Case@Example.COM", "Mixed.Case@example.com"),
        ("e\u{301}@b.example", "é@b.example"),
        ("a@BÜCHER。example", "a@bücher.example"),
        ("a@ｂ．example", "a@b.example"),
        ("a@xn--bcher-kva.example", "a@bücher.example"),
        ("a@xn--4db.example", "a@א.example"),
    ]);
}

#[test]
fn international_addresses_and_all_of_atext_are_accepted() {
    accepts(&[
        ("jörg@bücher.example", "jörg@bücher.example"),
        ("用户@例子.example", "用户@例子.example"),
        (
            "!#$%&'*+-/=?^_`{|}~@no-such-domain.zz",
            "!#$%&'*+-/=?^_`{|}~@no-such-domain.zz",
        ),
    ]);
}

#[test]
fn an_address_has_at_most_254_bytes_as_typed() {
    let long = |character: &str, count: usize| format!("{}@b.example", character.repeat(count));
    accepts(&[
        (&long("a", 244), &long("a", 244)),
        (&long("é", 122), &long("é", 122)),
    ]);
    refuses(
        "chase.email.address_length",
        &[
            (
                &long("a", 245),
                "The email address is too long (1 character too many).",
            ),
            (
                &long("a", 246),
                "The email address is too long (2 characters too many).",
            ),
            (
                &long("é", 123),
                "The email address is too long (1-2 characters too many).",
            ),
            (
                &format!("a{}", long("é", 122)),
                "The email address is too long (1 character too many).",
            ),
            (
                &long("𝒜", 66),
                "The email address is too long (5-20 characters too many).",
            ),
        ],
    );
}

#[test]
fn an_address_has_at_most_254_bytes_once_normalised() {
    // Three bytes that become four.
    let address =
        |count: usize, rest: &str| format!("{}{rest}@b.example", "a\u{344}".repeat(count));
    let normalised = format!("{}@b.example", "ä\u{301}".repeat(61));
    accepts(&[(&address(61, ""), &normalised)]);
    refuses(
        "chase.email.normalised_length",
        &[
            (
                &address(61, "b"),
                "The email address is too long after normalization (1 byte too many).",
            ),
            (
                &address(62, ""),
                "The email address is too long after normalization (4 bytes too many).",
            ),
        ],
    );
}

#[test]
fn an_address_has_at_most_254_bytes_with_its_domain_in_ascii() {
    let address = |bytes: usize| format!("{}@bücher.example", "a".repeat(bytes));
    accepts(&[(&address(232), &address(232))]);
    refuses(
        "chase.email.ascii_length",
        &[
            (
                &address(233),
                "The email address is too long when the part after the @-sign is converted to IDNA ASCII (1 byte too many).",
            ),
            (
                &address(234),
                "The email address is too long when the part after the @-sign is converted to IDNA ASCII (2 bytes too many).",
            ),
        ],
    );
}

#[test]
fn a_display_name_that_the_pretty_form_keeps_is_refused_last() {
    const REASON: &str =
        "A display name and angle brackets around the email address are not permitted here.";
    refuses(
        "chase.email.display_name",
        &[("\"\" <a@b.example>", REASON), ("A<<a@b.example>>", REASON)],
    );
    refuses(
        "chase.email.local_periods",
        &[(
            "\"\" <a..b@b.example>",
            "An email address cannot have two periods in a row.",
        )],
    );
    refuses(
        "chase.email.address_length",
        &[(
            &format!("\"\" <{}@b.example>", "a".repeat(245)),
            "The email address is too long (1 character too many).",
        )],
    );
    accepts(&[
        ("\"A\" <a@b.example>", "a@b.example"),
        ("A<a@b.example>", "a@b.example"),
    ]);
}

#[test]
fn something_stands_behind_the_at_sign() {
    refuses(
        "chase.email.domain_required",
        &[("a@", "There must be something after the @-sign.")],
    );
    refuses(
        "chase.email.quoted_local",
        &[(
            "\"a\"@",
            "Quoting the part before the @-sign is not allowed here.",
        )],
    );
    accepts(&[("a@b.example", "a@b.example")]);
}
