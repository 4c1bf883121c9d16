//! Page "Conversions": the fields that may be left out, and how they are named.

use super::{accepted, names, no_warnings, record_of, refused, sound, strategies, submit};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Form, Request};
use crate::expect::json;
use crate::world::{Blocked, World};

/// The checks of these fields.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.fields.texts", texts),
    ("impact.fields.stated_lengths", stated_lengths),
    ("impact.fields.reporting_fields", reporting_fields),
    ("impact.fields.clo", clo),
    ("impact.fields.numbers", numbers),
    ("impact.fields.unknown_ignored", unknown_ignored),
    ("impact.fields.query_ignored", query_ignored),
    ("impact.fields.first_counts", first_counts),
    ("impact.fields.blank_is_absent", blank_is_absent),
];

/// Submits the sound form with this field as well.
pub(super) fn with(world: &World, field: &str, value: &str) -> Result<Request, Blocked> {
    submit(world, &sound(world)?.without(field).and(field, value))
}

/// This value of a field is accepted without a warning, where another one has one.
fn unwarned(world: &World, field: &str, good: &str, bad: &str) -> Result<Case, Blocked> {
    Ok(Case::new(format!("{field} {good:?}"))
        .given(
            "with a warning",
            with(world, field, bad)?,
            names("/warnings", field),
        )
        .tested(
            "without one",
            with(world, field, good)?,
            accepted().and(no_warnings()),
        ))
}

/// Fields for which the reference states no length.
const TEXTS: [(&str, &str); 16] = [
    ("CustomerCity", "New York"),
    ("CustomerCountry", "US"),
    ("CustomerPostCode", "11101"),
    ("DeviceMfr", "Apple"),
    ("DeviceModel", "iPhone 15"),
    ("ItemBrand1", "Acme"),
    ("ItemCategory1", "Sport"),
    ("ItemDeliveryType2", "INSTORE"),
    ("ItemMpn1", "ACME-MPN-101"),
    ("ItemName9", "Größe 38 – 漢字"),
    ("ItemPromoCode1", "10OFF-ACME"),
    ("ItemSku10", "TOY/SET.1"),
    ("ItemSubCategory1", "Tennis"),
    ("LocationId", "12345"),
    ("LocationName", "company.com"),
    (
        "UserAgent",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
    ),
];

/// Fields for which it says 255 characters.
const STATED: [&str; 10] = [
    "CustomerStatus",
    "Note",
    "SharedId",
    "SubId1",
    "SubId2",
    "SubId3",
    "Text1",
    "Text2",
    "Text49",
    "Text50",
];

/// The names of all these fields.
pub(super) fn text_fields() -> Vec<&'static str> {
    TEXTS
        .map(|(name, _)| name)
        .into_iter()
        .chain(STATED)
        .collect()
}

/// A text that is a character too long.
pub(super) fn too_long() -> String {
    "x".repeat(256)
}

/// Texts are taken as they are.
fn texts(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    let mut all = sound(world)?;
    for (field, example) in TEXTS {
        check = check.case(unwarned(world, field, example, &too_long())?);
        all = all.and(field, example);
    }
    let bad = with(world, "CardBin", "1")?;
    Ok(check.case(
        Case::new("all at once")
            .given("with a warning", bad, names("/warnings", "CardBin"))
            .tested(
                "without one",
                submit(world, &all)?,
                accepted().and(no_warnings()),
            ),
    ))
}

/// 255 characters are not too many, however many bytes they have.
fn stated_lengths(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for field in STATED {
        for filler in ["x", "ä", "漢", "😀"] {
            check = check.case(unwarned(world, field, &filler.repeat(255), &too_long())?);
        }
    }
    for (field, _) in TEXTS {
        check = check.case(unwarned(world, field, &"ä".repeat(255), &too_long())?);
    }
    check = check.case(unwarned(world, "Note", &"x".repeat(254), &too_long())?);
    let form = sound(world)?;
    let (request, long) = (submit(world, &form)?, too_long());
    Ok(check.random(2, strategies::text(255), move |text| {
        let with = |text: &str| request.clone().form(&form.clone().and("Text1", text));
        Case::new("random characters")
            .given("256", with(&long), names("/warnings", "Text1"))
            .tested("255", with(&text), accepted().and(no_warnings()))
    }))
}

/// Fields for reports, each with values that do and one that does not.
fn reporting_fields(world: &World) -> Result<Check, Blocked> {
    let numbered = |name: &str, last: u8| (1..=last).map(|n| format!("{name}{n}")).collect();
    let families: [(Vec<String>, &[&str], &str); 4] = [
        (
            numbered("Date", 15),
            &["2026-09-10T22:55:32-08:00", "2026-09-10T22:55:32.123Z"],
            "x",
        ),
        (
            numbered("Money", 3),
            &["173.11", "0", "-1.5", "+2", "9999999999999999.99"],
            "x",
        ),
        (numbered("Numeric", 10), &["15.6", "-0.01"], "x"),
        (
            vec!["IpAddress".to_owned()],
            &["72.194.216.61", "2001:db8::1", "::ffff:192.0.2.1"],
            "x",
        ),
    ];
    let mut check = Check::new();
    for (fields, values, bad) in families {
        for field in fields {
            for value in values {
                check = check.case(unwarned(world, &field, value, bad)?);
            }
        }
    }
    Ok(check)
}

/// A card-linked conversion says so in any letter case.
fn clo(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for spelling in ["CLO", "clo", "Clo", "cLO", "clO"] {
        check = check.case(unwarned(world, "ConversionType", spelling, "CLOX")?);
    }
    Ok(check)
}

/// A known name is warned about; one that is a little different is not.
fn numbers(world: &World) -> Result<Check, Blocked> {
    let long = too_long();
    let mut check = Check::new();
    for (known, value, unknown) in [
        (
            "Date15",
            "x",
            &[
                "Date", "Date0", "Date01", "Date015", "Date16", "Date[1]", "Date-1", "Date1.0",
            ][..],
        ),
        (
            "Money3",
            "x",
            &["Money", "Money0", "Money4", "Money(1)", "Money03"],
        ),
        (
            "Numeric10",
            "x",
            &["Numeric", "Numeric0", "Numeric11", "Numeric010"],
        ),
        ("SubId3", &long, &["SubId", "SubId0", "SubId4", "SubId03"]),
        (
            "Text50",
            &long,
            &["Text", "Text0", "Text51", "Text050", "Text100"],
        ),
        (
            "ItemSku9999",
            &long,
            &[
                "ItemSku",
                "ItemSku0",
                "ItemSku01",
                "ItemSku10000",
                "ItemSku[1]",
                "ItemSku1_1",
            ],
        ),
        ("ItemName1", &long, &["ItemName", "ItemName0", "ItemName01"]),
    ] {
        for unknown in unknown {
            check = check.case(
                Case::new(format!("{unknown} beside {known}"))
                    .given(
                        "known",
                        with(world, known, value)?,
                        names("/warnings", known),
                    )
                    .tested(
                        "unknown",
                        with(world, unknown, value)?,
                        accepted().and(no_warnings()),
                    ),
            );
        }
    }
    Ok(check)
}

/// What nobody documents is no reason to refuse, nor to warn.
fn unknown_ignored(world: &World) -> Result<Check, Blocked> {
    let long = too_long();
    let mut check = Check::new();
    for field in [
        "ClickId",
        "CustomerId",
        "CustomerEmail",
        "EventTypeId",
        "EventTypeCode",
        "OrderPromoCode",
        "OrderDiscount",
        "OrderTax",
        "OrderShipping",
        "PaymentType",
        "DispositionCode",
        "LocationType",
        "ItemText1_1",
        "Payload",
        "",
    ] {
        let warned = with(world, "Note", &long)?;
        check = check.case(
            Case::new(format!("{field:?}"))
                .given("a known one", warned, names("/warnings", "Note"))
                .tested(
                    "unknown",
                    with(world, field, &long)?,
                    accepted().and(no_warnings()),
                ),
        );
    }
    for (known, other) in [
        ("Amount", "amount"),
        ("Amount", "AMOUNT"),
        ("CurrencyCode", "currencyCode"),
        ("ItemPrice1", "itemprice1"),
        ("CampaignId", "campaignid"),
        ("OrderId", "orderId"),
    ] {
        let bad = if known == "OrderId" { &*long } else { "x" };
        check = check.case(
            Case::new(format!("{other} beside {known}"))
                .given("known", with(world, known, bad)?, refused())
                .tested(
                    "unknown",
                    with(world, other, bad)?,
                    accepted().and(no_warnings()),
                ),
        );
    }
    Ok(check)
}

/// A conversion is what the body says.
fn query_ignored(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let plain = submit(world, &form)?;
    let mut check = Check::new();
    for (field, bad) in [("Amount", "-1"), ("CurrencyCode", "x"), ("EventDate", "x")] {
        check = check.case(
            Case::new(format!("{field} {bad}"))
                .given("in the form", with(world, field, bad)?, refused())
                .tested(
                    "in the query",
                    plain.clone().target_and(&format!("?{field}={bad}")),
                    accepted(),
                ),
        );
    }
    let without = submit(world, &form.without("OrderId"))?;
    let query = format!("?OrderId={}", world.unique());
    Ok(check
        .case(
            Case::new("CardBin 1")
                .given(
                    "in the form",
                    with(world, "CardBin", "1")?,
                    names("/warnings", "CardBin"),
                )
                .tested(
                    "in the query",
                    plain.target_and("?CardBin=1"),
                    accepted().and(no_warnings()),
                ),
        )
        .case(
            Case::new("OrderId")
                .given("nowhere", without.clone(), refused())
                .tested("in the query alone", without.target_and(&query), refused()),
        ))
}

/// Of two values the first is taken, and the other is not looked at.
fn first_counts(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for (field, good, bad) in [
        ("Amount", "10.00", "-1"),
        ("CurrencyCode", "USD", "x"),
        ("EventDate", "NOW", "x"),
    ] {
        let both = |first, second| -> Result<Request, Blocked> {
            let form: Form = sound(world)?.without(field).and(field, first);
            submit(world, &form.and("Note", "between").and(field, second))
        };
        check = check.case(
            Case::new(format!("{field} twice"))
                .given("the bad one alone", with(world, field, bad)?, refused())
                .tested("the good one first", both(good, bad)?, accepted())
                .tested("the bad one first", both(bad, good)?, refused()),
        );
    }
    let form = sound(world)?;
    let first = form.value("OrderId").unwrap_or_default().to_owned();
    let twice = submit(world, &form.and("OrderId", world.unique()))?;
    let order = json("/OrderId");
    Ok(check.case(
        Case::new("OrderId twice")
            .given("submitted", twice, accepted())
            .given(
                "record",
                record_of(world, "submitted")?,
                order.clone().exists(),
            )
            .tested(
                "its OrderId",
                record_of(world, "submitted")?,
                order.is(first),
            ),
    ))
}

/// Blanks alone are nothing; beside something else they count.
fn blank_is_absent(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for blank in ["", " ", "   ", "\t"] {
        for field in ["OrderId", "CampaignId", "EventDate"] {
            let absent = submit(world, &sound(world)?.without(field))?;
            check = check.case(
                Case::new(format!("{field} {blank:?}"))
                    .twin(submit(world, &sound(world)?)?, accepted())
                    .given("absent", absent, refused())
                    .tested("blank", with(world, field, blank)?, refused()),
            );
        }
        for (field, bad) in [
            ("CardBin", "1"),
            ("ConversionType", "x"),
            ("IpAddress", "x"),
            ("Date1", "x"),
        ] {
            check = check.case(unwarned(world, field, blank, bad)?);
        }
        for (field, bad) in [
            ("Amount", "x"),
            ("CurrencyCode", "x"),
            ("ItemQuantity1", "x"),
        ] {
            check = check.case(
                Case::new(format!("{field} {blank:?}"))
                    .given("not blank", with(world, field, bad)?, refused())
                    .tested("blank", with(world, field, blank)?, accepted()),
            );
        }
    }
    for (field, good, bad) in [
        ("CurrencyCode", "USD", " USD"),
        ("Amount", "10", "10 "),
        ("CampaignId", &*world.text("campaign_id")?, ""),
    ] {
        let bad = if bad.is_empty() {
            format!("{good} ")
        } else {
            bad.to_owned()
        };
        check = check.case(
            Case::new(format!("{field} {bad:?}, which is not trimmed"))
                .given("nonsense", with(world, field, "x")?, refused())
                .twin(with(world, field, good)?, accepted())
                .tested("with a blank", with(world, field, &bad)?, refused()),
        );
    }
    Ok(check.case(
        Case::new("CardBin, which is not trimmed")
            .given(
                "too short",
                with(world, "CardBin", "1")?,
                names("/warnings", "CardBin"),
            )
            .twin(
                with(world, "CardBin", "411111")?,
                accepted().and(no_warnings()),
            )
            .tested(
                "with a blank",
                with(world, "CardBin", "411111 ")?,
                names("/warnings", "CardBin"),
            ),
    ))
}
