//! Page "Conversions": values that are ignored, and how that is said.

use super::fields::{text_fields, too_long, with};
use super::{accepted, get, names, no_warnings, refused, seen, sound, strategies, submit};
use crate::check::{Case, Check, Entry};
use crate::exchange::Form;
use crate::expect::{Expect, json};
use crate::world::{Blocked, World};

/// The checks of these answers.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.warnings.members", members),
    ("impact.warnings.absent", absent),
    ("impact.warnings.never_block", never_block),
    ("impact.warnings.card_bin", card_bin),
    ("impact.warnings.card_last_four", card_last_four),
    ("impact.warnings.conversion_type", conversion_type),
    ("impact.warnings.payout_amount", payout_amount),
    ("impact.warnings.text", text),
    ("impact.warnings.reporting_fields", reporting_fields),
];

/// Values that are ignored or defaulted.
const IGNORED: [(&str, &str); 6] = [
    ("CardBin", "1"),
    ("CardLastFour", "1"),
    ("ConversionType", "x"),
    ("PayoutAmount", "x"),
    ("Date1", "x"),
    ("IpAddress", "x"),
];

/// A warning says which field, how grave, and what.
fn members(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for (field, bad) in IGNORED {
        let whole = json("/warnings").holds(
            &format!("one warning of {field}, level WARNING, with a message"),
            move |warnings| {
                warnings.as_array().is_some_and(|warnings| {
                    warnings.len() == 1
                        && warnings[0]["field"] == field
                        && warnings[0]["level"] == "WARNING"
                        && warnings[0]["message"]
                            .as_str()
                            .is_some_and(|text| !text.is_empty())
                })
            },
        );
        let there = json("/warnings/0").exists();
        check = check.case(seen(
            Case::new(field),
            with(world, field, bad)?,
            there,
            whole,
        ));
    }
    let mut all = sound(world)?;
    for (field, bad) in IGNORED {
        all = all.and(field, bad);
    }
    let each = IGNORED
        .into_iter()
        .map(|(field, _)| names("/warnings", field))
        .fold(Expect::anything(), Expect::and);
    let mut case = Case::new("all at once");
    for (field, bad) in IGNORED {
        case = case.given(field, with(world, field, bad)?, names("/warnings", field));
    }
    Ok(check.case(case.tested("together", submit(world, &all)?, each)))
}

/// Nothing is said of warnings where there are none.
fn absent(world: &World) -> Result<Check, Blocked> {
    let request = submit(world, &sound(world)?)?;
    let case = Case::new("a sound conversion").given(
        "with a warning",
        with(world, "CardBin", "1")?,
        names("/warnings", "CardBin"),
    );
    let met = accepted().and(no_warnings());
    Ok(Check::of(seen(
        case,
        request,
        met,
        json("/warnings").absent(),
    )))
}

/// A warning is no refusal.
fn never_block(world: &World) -> Result<Check, Blocked> {
    let bad = submit(world, &sound(world)?.without("OrderId"))?;
    Ok(Check::new().cases(
        IGNORED
            .into_iter()
            .map(|(field, value)| {
                Ok(Case::new(field)
                    .given("without OrderId", bad.clone(), refused())
                    .twin(submit(world, &sound(world)?)?, accepted())
                    .tested(
                        "queued",
                        with(world, field, value)?,
                        accepted().and(json("/QueuedUri").exists()),
                    ))
            })
            .collect::<Result<Vec<_>, Blocked>>()?,
    ))
}

/// This value of a field has a warning, where another one has none.
fn warned(
    world: &World,
    field: &str,
    good: &str,
    bad: &str,
    warning: Expect,
) -> Result<Case, Blocked> {
    Ok(Case::new(format!("{field} {bad:?}"))
        .twin(with(world, field, good)?, no_warnings())
        .tested("ignored", with(world, field, bad)?, warning))
}

/// Each of these values has a warning that names the field.
fn all_warned(world: &World, field: &str, pairs: &[(&str, &str)]) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for (good, bad) in pairs {
        check = check.case(warned(world, field, good, bad, names("/warnings", field))?);
    }
    Ok(check)
}

/// Digits in any other number have a warning like this.
fn other_lengths(
    world: &World,
    check: Check,
    (field, good): (&'static str, &'static str),
    lengths: &'static [usize],
    warning: &Expect,
) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let request = submit(world, &form)?;
    let warning = warning.clone();
    Ok(
        check.random(2, strategies::digits_but(lengths), move |digits| {
            let with = |value: &str| request.clone().form(&form.clone().and(field, value));
            Case::new("random digits")
                .twin(with(good), no_warnings())
                .tested("ignored", with(&digits), warning.clone())
        }),
    )
}

/// The first digits of a card are 6 or 8, and the message is documented.
fn card_bin(world: &World) -> Result<Check, Blocked> {
    let message = "CardBin ignored: must be exactly 6 or 8 digits.";
    let documented = json("/warnings").holds("the documented message", move |warnings| {
        let warnings = warnings.as_array().into_iter().flatten();
        warnings
            .into_iter()
            .any(|warning| warning["message"] == message)
    });
    let mut check = Check::new();
    for (good, bad) in [
        ("411111", "41111"),
        ("411111", "4111111"),
        ("41111111", "4111111"),
        ("41111111", "411111111"),
        ("411111", "4"),
        ("411111", "41111a"),
        ("411111", "4111 1"),
        ("411111", "-41111"),
        ("411111", "4111.1"),
        ("411111", "４１１１１１"),
        ("41111111", "4111-1111"),
    ] {
        check = check.case(warned(world, "CardBin", good, bad, documented.clone())?);
    }
    other_lengths(world, check, ("CardBin", "411111"), &[6, 8], &documented)
}

/// The last digits of a card are four.
fn card_last_four(world: &World) -> Result<Check, Blocked> {
    let pairs = [
        "123",
        "12345",
        "1",
        "12345678",
        "12a4",
        "12 4",
        "-123",
        "1.23",
        "１２３４",
    ]
    .map(|bad| ("1234", bad));
    let check = all_warned(world, "CardLastFour", &pairs)?;
    let named = names("/warnings", "CardLastFour");
    other_lengths(world, check, ("CardLastFour", "1234"), &[4], &named)
}

/// A card-linked conversion with a commission of its own, as an action shows it: whether that is paid.
fn pays(order_id: &str, commission: &'static str) -> (Expect, Expect, Expect) {
    let of_order = |order_id: &str, wanted: String, holds: fn(&str, &str) -> bool| {
        let order_id = order_id.to_owned();
        json("/Actions").holds(&wanted, move |actions| {
            let actions = actions.as_array().into_iter().flatten();
            actions.into_iter().any(|action| {
                action["Oid"] == *order_id
                    && holds(action["Payout"].as_str().unwrap_or_default(), commission)
            })
        })
    };
    (
        of_order(order_id, format!("an action of {order_id}"), |_, _| true),
        of_order(order_id, format!("a Payout of {commission}"), |got, own| {
            got == own
        }),
        of_order(
            order_id,
            format!("another Payout than {commission}"),
            |got, own| got != own,
        ),
    )
}

/// Only the one form is paid its own commission, the other one is not.
fn unpaid(world: &World, name: &'static str, paid: &Form, unpaid: &Form) -> Result<Case, Blocked> {
    let order_id = |form: &Form| form.value("OrderId").unwrap_or_default().to_owned();
    let (there, own, _) = pays(&order_id(paid), "7.77");
    let (here, _, not_own) = pays(&order_id(unpaid), "7.77");
    let actions = get(world, "Actions")?;
    Ok(Case::new(name)
        .given("the one", submit(world, paid)?, accepted())
        .given("the other", submit(world, unpaid)?, accepted())
        .given_eventually("both actions", actions.clone(), there.and(here))
        .given("what the one pays", actions.clone(), own)
        .tested("what the other pays", actions, not_own))
}

/// Any other type has a warning, and is as good as none.
fn conversion_type(world: &World) -> Result<Check, Blocked> {
    let pairs =
        ["x", "CLOX", "CL", "C L O", "partner", "SALE", "CLO ", "1"].map(|bad| ("CLO", bad));
    let check = all_warned(world, "ConversionType", &pairs)?;
    let order = |kind| -> Result<Form, Blocked> {
        Ok(sound(world)?
            .and("ConversionType", kind)
            .and("PayoutAmount", "7.77"))
    };
    Ok(check.case(unpaid(
        world,
        "as partner",
        &order("CLO")?,
        &order("CLOX")?,
    )?))
}

/// A commission is a decimal from zero.
fn payout_amount(world: &World) -> Result<Check, Blocked> {
    let pairs = [
        ("12.5", "-12.5"),
        ("0", "-0.01"),
        ("1", "-1"),
        ("12", "x"),
        ("12.5", "12,5"),
        ("10", "1e1"),
        ("12.5", "$12.5"),
        ("12", "12."),
        ("0.5", ".5"),
        ("1000", "1,000"),
        ("12", "12 "),
    ];
    let check = all_warned(world, "PayoutAmount", &pairs)?;
    let order = |payout| -> Result<Form, Blocked> {
        Ok(sound(world)?
            .and("ConversionType", "CLO")
            .and("PayoutAmount", payout))
    };
    Ok(check.case(unpaid(world, "ignored", &order("7.77")?, &order("-7.77")?)?))
}

/// A text has 255 characters at most.
fn text(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    let (good, bad) = ("x".repeat(255), too_long());
    for field in text_fields() {
        check = check.case(warned(
            world,
            field,
            &good,
            &bad,
            names("/warnings", field),
        )?);
    }
    let many = "ä".repeat(256);
    check = check.case(warned(
        world,
        "Note",
        &good,
        &many,
        names("/warnings", "Note"),
    )?);
    let form = sound(world)?.and("Note", "REPLACED");
    let members = form
        .0
        .iter()
        .map(|(name, value)| format!("{name:?}:{value:?}"));
    let body = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    let request = submit(world, &form)?.header("Content-Type", "application/json");
    for (good, bad) in [
        ("\"true\"", "true"),
        ("1.50", "false"),
        ("\"[]\"", "[]"),
        ("null", "{\"a\":1}"),
    ] {
        let with = |literal| request.clone().body(body.replace("\"REPLACED\"", literal));
        check = check.case(
            Case::new(format!("{bad} in JSON"))
                .twin(with(good), accepted().and(no_warnings()))
                .tested("ignored", with(bad), names("/warnings", "Note")),
        );
    }
    Ok(check)
}

/// What a report cannot use is ignored.
fn reporting_fields(world: &World) -> Result<Check, Blocked> {
    let date = "2026-09-10T22:55:32-08:00";
    let mut check = Check::new();
    for (field, good, bad) in [
        ("Date1", date, "NOW"),
        ("Date1", date, "2026-09-10"),
        ("Date2", date, "2026-09-10T22:55:32"),
        ("Date14", date, "09/10/2026"),
        ("Date15", date, "2026-02-30T22:55:32Z"),
        ("Money1", "173.11", "173,11"),
        ("Money1", "173.11", "173.111"),
        ("Money2", "9999999999999999", "99999999999999999"),
        ("Money3", "10", "$10"),
        ("Money3", "10", "1e1"),
        ("Numeric1", "15.6", "15.6.1"),
        ("Numeric2", "15.6", "x"),
        ("Numeric10", "15.60", "15.600"),
        ("IpAddress", "72.194.216.61", "72.194.216"),
        ("IpAddress", "72.194.216.61", "72.194.216.256"),
        ("IpAddress", "72.194.216.61", "72.194.216.61:80"),
        ("IpAddress", "2001:db8::1", "2001:db8::g"),
        ("IpAddress", "2001:db8::1", "2001:db8:1"),
        ("IpAddress", "2001:db8::1", "example.com"),
    ] {
        check = check.case(warned(world, field, good, bad, names("/warnings", field))?);
    }
    Ok(check)
}
