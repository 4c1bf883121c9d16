//! What becomes of an accepted address, and how a refusal lists characters: CHS-EML-02, -03, -74 and -75.

use proptest::prelude::prop_oneof;
use proptest::sample::select;

use super::{Addresses, RECORDED, because, refused};
use crate::check::{Case, Check, Entry};
use crate::expect::{Expect, json, status};
use crate::vendors::chase::strategies::address;
use crate::world::{Blocked, World};

pub(super) const CHECKS: &[Entry] = &[
    ("chase.email.normalised", normalised),
    ("chase.email.international", international),
    ("chase.email.character_lists", character_lists),
];

/// One contact has one address, however its domain is spelled and its local part composed; not however it looks.
fn normalised(world: &World) -> Result<Check, Blocked> {
    let contact = world.text("contact")?;
    let (local, domain) = contact.split_once('@').unwrap_or((&contact, ""));
    let full_width = |text: &str| -> String {
        let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c);
        text.chars()
            .map(|c| if c.is_ascii_graphic() { wide(c) } else { c })
            .collect()
    };
    let in_capitals = |address: &str| {
        let (local, domain) = address.split_once('@').unwrap_or((address, ""));
        format!("{local}@{}", domain.to_uppercase())
    };
    let composed = world.text("international_contact")?;
    let decomposed = world.text("international_contact_decomposed")?;
    let abroad = world.text("international_domain_contact")?;
    let in_punycode = world.text("international_domain_contact_punycode")?;
    let lookalike = format!("{}@{domain}", full_width(local));
    let stranger = format!("{}@{domain}", world.unique());
    let table = Addresses::of(world)?
        .contact(
            &contact,
            &[
                &in_capitals(&contact),
                &format!("{local}@{}", full_width(domain)),
                &format!("{local}@{}", domain.replace('.', "。")),
                &format!("{local}@{}", domain.replace('.', "｡")),
                &format!("{local}@{}", domain.replace('.', "．")),
            ],
        )
        .contact(&composed, &[&decomposed])
        .contact(&abroad, &[&in_punycode, &in_capitals(&abroad)]);
    let lookalike = Case::new("a local part in full width")
        .given("stranger", table.call(&stranger), status(200))
        .twin(table.call(&contact), status(202))
        .tested("lookalike", table.call(&lookalike), status(200));
    Ok(table.case(lookalike).check)
}

/// No domain is looked up, and none of these is refused.
fn international(world: &World) -> Result<Check, Blocked> {
    // Names, brackets, blanks around and limits are other rules' business.
    let is_bare = |text: &str| {
        text.len() < 60 && !text.contains(|c: char| c == '<' || c.is_control() || c.is_whitespace())
    };
    let accepted: Vec<String> = RECORDED
        .iter()
        .filter(|recorded| recorded.normalized.is_some() && is_bare(&recorded.text))
        .map(|recorded| recorded.text.clone())
        .collect();
    Ok(Addresses::of(world)?
        .accepted(&[
            "!#$%&'*+-/=?^_`{|}~@b.example",
            "jörg@b.example",
            "用户@例え.example",
            "उदाहरण@b.example",
            "🙂@b.example",
            "a@bücher.example",
            "a@xn--bcher-kva.example",
            "a@b.рф",
            "a@straße.example",
            "a@l·l.example",
            "a@あ・b.example",
            "a@אב.example",
            "a@no-such-domain.example",
            "a@b.c.d.e.f.example",
            "1@1.example",
        ])
        .random_accepted(prop_oneof![address(), select(accepted)])
        .check)
}

/// A refusal that lists characters, by which rule does not matter: once each, and in the order of what is shown.
fn character_lists(world: &World) -> Result<Check, Blocked> {
    const LOCAL: &str = "The email address contains invalid characters before the @-sign: ";
    const DOMAIN: &str = "The part after the @-sign contains invalid characters: ";
    const QUOTED: &str =
        "The email address contains invalid characters in quotes before the @-sign: ";
    const MAPPED: &str =
        "The part after the @-sign contains invalid characters after Unicode normalization: ";
    let table = Addresses::of(world)?;
    let case = |address: &'static str, repaired: &str, reason: &'static str, list: &str| {
        Case::new(address.escape_debug().to_string())
            .twin(table.call(repaired), super::accepted())
            .given("refusal", table.call(address), begins(reason))
            .tested(
                "list",
                table.call(address),
                because(&format!("{reason}{list}.")),
            )
    };
    Ok(Check::new()
        .case(case(
            "a;b:c;d@e.example",
            "abcd@e.example",
            LOCAL,
            "':', ';'",
        ))
        .case(case(
            "a b;c@d.example",
            "abc@d.example",
            LOCAL,
            "';', SPACE",
        ))
        .case(case(
            "a(\\[b@c.example",
            "ab@c.example",
            LOCAL,
            "\"\\\", '(', '['",
        ))
        .case(case(
            "a@b_'_c!.example",
            "a@bc.example",
            DOMAIN,
            "\"'\", '!', '_'",
        ))
        .case(case(
            "a@b\u{7f}\t.example",
            "a@b.example",
            DOMAIN,
            "U+0009, U+007F",
        ))
        .case(case("a@b c!.example", "a@bc.example", DOMAIN, "'!', SPACE"))
        .case(case(
            "\"a\u{7f}\u{1}\u{7f}\"@b.example",
            "a@b.example",
            QUOTED,
            "U+0001, U+007F",
        ))
        .case(case(
            "a@b\u{fdfa}⑴.example",
            "a@b.example",
            MAPPED,
            "'(', ')', SPACE",
        )))
}

/// A refusal whose reason begins so.
fn begins(reason: &'static str) -> Expect {
    refused().and(
        json("").holds(&format!("the reason {reason}…"), move |body| {
            super::has_text(body, &|text| text.contains(reason))
        }),
    )
}
