//! Page "Conversions": what a submission must have, and how it is answered.

use proptest::prelude::*;

use super::{
    accepted, fields_of, in_xml, is_json, is_xml, names, no_warnings, queued, record_of, refused,
    refused_for, seen, sound, strategies, submit,
};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Answer, Form, Request};
use crate::expect::{Expect, demand, json, status, xml, xml_text};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.conversions.action_tracker_required", |world| {
        required(world, "ActionTrackerId")
    }),
    ("impact.conversions.action_tracker_integer", |world| {
        integer(world, "ActionTrackerId")
    }),
    ("impact.conversions.campaign_required", |world| {
        required(world, "CampaignId")
    }),
    ("impact.conversions.campaign_integer", |world| {
        integer(world, "CampaignId")
    }),
    ("impact.conversions.event_date_required", |world| {
        required(world, "EventDate")
    }),
    ("impact.conversions.event_date_syntax", event_date_syntax),
    ("impact.conversions.partner_required", partner_required),
    ("impact.conversions.partner_integer", partner_integer),
    ("impact.conversions.partner_alias", partner_alias),
    (
        "impact.conversions.partner_before_alias",
        partner_before_alias,
    ),
    ("impact.conversions.order_id_required", |world| {
        required(world, "OrderId")
    }),
    ("impact.conversions.order_id_length", order_id_length),
    ("impact.conversions.amount_negative", amount_negative),
    ("impact.conversions.amount_syntax", amount_syntax),
    ("impact.conversions.currency_code", currency_code),
    ("impact.conversions.all_errors", all_errors),
    ("impact.conversions.nothing_queued", nothing_queued),
    ("impact.conversions.queued", is_queued),
    ("impact.conversions.queued_uri", queued_uri),
    ("impact.conversions.batch_id", batch_id),
    ("impact.conversions.each_its_own", each_its_own),
    ("impact.conversions.queued_xml", queued_xml),
];

/// A form that is accepted, and the same with one defect, which is refused like this.
pub(super) fn defect(
    world: &World,
    name: impl Into<std::borrow::Cow<'static, str>>,
    sound: &Form,
    broken: &Form,
    refused: Expect,
) -> Result<Case, Blocked> {
    Ok(Case::new(name)
        .twin(submit(world, sound)?, accepted())
        .tested("broken", submit(world, broken)?, refused))
}

/// The same for values of one field: the first of each pair is sound, the other is not.
fn values(world: &World, field: &str, pairs: &[(&str, &str)]) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for (good, bad) in pairs {
        let form = sound(world)?;
        let name = format!("{field} {bad:?}");
        let (sound, broken) = (form.clone().set(field, *good), form.set(field, *bad));
        check = check.case(defect(world, name, &sound, &broken, status(400))?);
    }
    Ok(check)
}

/// The same at random.
fn random_values(
    world: &World,
    check: Check,
    field: &'static str,
    pairs: impl Strategy<Value = (String, String)> + 'static,
) -> Result<Check, Blocked> {
    let (world, form) = (world.clone(), sound(world)?);
    let request = submit(&world, &form)?;
    Ok(check.random(2, pairs, move |(good, bad)| {
        let form = form.clone().set("OrderId", world.unique());
        let with = |value: String| request.clone().form(&form.clone().set(field, value));
        Case::new("random values")
            .twin(with(good), accepted())
            .tested("broken", with(bad), status(400))
    }))
}

/// A conversion without this field is refused for it.
fn required(world: &World, field: &'static str) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let bare = form.clone().without("Amount");
    Ok(Check::new()
        .case(defect(
            world,
            "without it",
            &form,
            &form.clone().without(field),
            refused_for(field),
        )?)
        .case(defect(
            world,
            "without anything that can be left out either",
            &bare,
            &bare.clone().without(field),
            refused_for(field),
        )?))
}

/// Texts that are no integers.
const NO_INTEGERS: [&str; 9] = [
    "x",
    "1.0",
    "-1",
    "+1",
    "1e3",
    "1,000",
    " 1",
    "12345678901234567",
    "１２３",
];

/// A conversion whose id is no integer is refused.
fn integer(world: &World, field: &'static str) -> Result<Check, Blocked> {
    let good = sound(world)?.value(field).unwrap_or_default().to_owned();
    let check = values(world, field, &NO_INTEGERS.map(|bad| (&*good, bad)))?;
    let pairs = strategies::no_integer().prop_map(move |bad| (good.clone(), bad));
    random_values(world, check, field, pairs)
}

/// An EventDate is NOW, or a date with a time and a zone.
fn event_date_syntax(world: &World) -> Result<Check, Blocked> {
    let pairs = [
        ("NOW", "now"),
        ("NOW", "Now"),
        ("NOW", "TODAY"),
        ("NOW", "1781110530"),
        ("2026-06-10T00:00:00Z", "2026-06-10"),
        ("2026-06-10T10:15:30-07:00", "2026-06-10T10:15:30"),
        ("2026-06-10T10:15:30-07:00", "2026-06-10T10:15-07:00"),
        ("2026-06-10T10:15:30-07:00", "2026-06-10 10:15:30-07:00"),
        ("2026-06-10T10:15:30-07:00", "2026-06-10T10:15:30-0700"),
        ("2026-06-10T10:15:30-07:00", "2026-06-10T10:15:30-07"),
        (
            "2026-06-10T10:15:30-07:00",
            "2026-06-10T10:15:30\u{2212}07:00",
        ),
        ("2026-06-10T10:15:30-07:00", "06/10/2026 10:15:30"),
        ("2026-06-10T10:15:30Z", "20260610T101530Z"),
        ("2026-06-10T10:15:30Z", "2026-06-10t10:15:30Z"),
        ("2026-06-10T10:15:30Z", "2026-06-10T10:15:30z"),
        ("2026-06-10T10:15:30+14:00", "2026-06-10T10:15:30+24:00"),
        ("2026-06-10T10:15:30+05:45", "2026-06-10T10:15:30+05:60"),
        ("2026-06-10T10:15:30.5Z", "2026-06-10T10:15:30.Z"),
        ("2026-06-10T10:15:30.123456789Z", "2026-06-10T10:15:30,123Z"),
        ("2026-06-10T10:15:59Z", "2026-06-10T10:15:60Z"),
        ("2026-06-10T23:59:59Z", "2026-06-10T24:00:00Z"),
        ("2024-02-29T10:15:30Z", "2026-02-29T10:15:30Z"),
        ("2026-12-31T10:15:30Z", "2026-13-01T10:15:30Z"),
    ];
    let check = values(world, "EventDate", &pairs)?;
    random_values(world, check, "EventDate", strategies::broken_timestamp())
}

/// One of the two partner fields must be there.
fn partner_required(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let without = form.clone().without("MediaPartnerId");
    let check = defect(world, "without both", &form, &without, status(400))?;
    Ok(Check::of(check))
}

/// The form with its partner in the other field.
fn by_alias(form: Form, partner: &str) -> Form {
    form.without("MediaPartnerId").and("MediaId", partner)
}

/// A partner that is no integer is refused, by either name.
fn partner_integer(world: &World) -> Result<Check, Blocked> {
    let own = world.text("media_partner_id")?;
    let mut check = integer(world, "MediaPartnerId")?;
    for bad in NO_INTEGERS {
        let (sound, broken) = (by_alias(sound(world)?, &own), by_alias(sound(world)?, bad));
        let name = format!("MediaId {bad:?}");
        check = check.case(defect(world, name, &sound, &broken, status(400))?);
    }
    Ok(check)
}

/// The other field will do.
fn partner_alias(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let own = world.text("media_partner_id")?;
    let neither = form.clone().without("MediaPartnerId");
    let recorded = json("/MediaPartnerId");
    Ok(Check::of(
        Case::new("MediaId alone")
            .given("neither", submit(world, &neither)?, refused())
            .tested(
                "submitted",
                submit(world, &by_alias(form, &own))?,
                accepted(),
            )
            .given(
                "record",
                record_of(world, "submitted")?,
                recorded.clone().exists(),
            )
            .tested(
                "its partner",
                record_of(world, "submitted")?,
                recorded.is(own),
            ),
    ))
}

/// Where both are there the other one says nothing.
fn partner_before_alias(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let own = world.text("media_partner_id")?;
    let foreign = format!("{}7", &own[..own.len().min(15)]);
    let mut check = Check::new();
    for (name, other) in [
        ("a foreign MediaId", &*foreign),
        ("a MediaId that is no integer", "x"),
    ] {
        let alone = submit(world, &by_alias(form.clone(), other))?;
        let behind = form.clone().and("MediaId", other);
        let before = Form(vec![("MediaId".to_owned(), other.to_owned())]);
        let before = Form([before.0, form.0.clone()].concat());
        check = check.case(
            Case::new(name)
                .given("alone", alone, refused())
                .tested(
                    "behind",
                    submit(world, &behind)?,
                    accepted().and(no_warnings()),
                )
                .tested(
                    "before",
                    submit(world, &before)?,
                    accepted().and(no_warnings()),
                ),
        );
    }
    let wrong = form.clone().set("MediaPartnerId", foreign.as_str());
    Ok(check.case(
        Case::new("a foreign MediaPartnerId")
            .given("alone", submit(world, &wrong)?, refused())
            .twin(submit(world, &by_alias(form, &own))?, accepted())
            .tested(
                "with both",
                submit(world, &wrong.and("MediaId", own))?,
                refused(),
            ),
    ))
}

/// The form with an OrderId that is filled up with a character to so many of them.
fn with_order_of(world: &World, filler: char, characters: usize) -> Result<Form, Blocked> {
    let form = sound(world)?;
    let mut order_id = form.value("OrderId").unwrap_or_default().to_owned();
    let missing = characters - order_id.len();
    order_id.extend(std::iter::repeat_n(filler, missing));
    Ok(form.set("OrderId", order_id))
}

/// An OrderId has 255 characters at most, however many bytes.
fn order_id_length(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for filler in ['x', 'é', '漢', '😀'] {
        let plain = sound(world)?;
        for characters in [256, 257, 1_000] {
            let long = with_order_of(world, filler, characters)?;
            let name = format!("{characters} characters like {filler}");
            check = check.case(defect(world, name, &plain, &long, status(400))?);
        }
        let too_long = submit(world, &with_order_of(world, filler, 256)?)?;
        check = check.case(
            Case::new(format!("not yet too long with {filler}"))
                .given("256 characters", too_long, refused())
                .tested(
                    "254",
                    submit(world, &with_order_of(world, filler, 254)?)?,
                    accepted(),
                )
                .tested(
                    "255",
                    submit(world, &with_order_of(world, filler, 255)?)?,
                    accepted(),
                ),
        );
    }
    Ok(check)
}

/// There are no returns here.
fn amount_negative(world: &World) -> Result<Check, Blocked> {
    let pairs = [
        ("1", "-1"),
        ("0.01", "-0.01"),
        ("10.00", "-10.00"),
        ("00.10", "-00.10"),
        ("99999999.99", "-99999999.99"),
        ("0", "-0.001"),
    ];
    let check = values(world, "Amount", &pairs)?;
    let pairs = strategies::amount().prop_map(|amount| (amount.clone(), format!("-{amount}")));
    random_values(world, check, "Amount", pairs)
}

/// An amount is digits with a point among them.
fn amount_syntax(world: &World) -> Result<Check, Blocked> {
    let pairs = [
        ("10", "10."),
        ("0.5", ".5"),
        ("10.00", "10,00"),
        ("1000.00", "1,000.00"),
        ("1000", "1 000"),
        ("1000", "1_000"),
        ("10", "1e1"),
        ("10", "$10"),
        ("10", "10 USD"),
        ("10", " 10"),
        ("10", "10 "),
        ("10", "0x10"),
        ("+10", "++10"),
        ("10", "--10"),
        ("10", "+"),
        ("10", "."),
        ("10.00", "10.0.0"),
        ("10", "ten"),
        ("10", "NaN"),
        ("10", "Infinity"),
        ("10", "１０"),
        ("12345678901234", "123456789012345"),
        ("12345678901234.99", "123456789012345.99"),
    ];
    let check = values(world, "Amount", &pairs)?;
    let pairs = (strategies::amount(), strategies::no_decimal());
    random_values(world, check, "Amount", pairs)
}

/// A currency is one of three capital letters that there is.
fn currency_code(world: &World) -> Result<Check, Blocked> {
    let pairs = [
        ("USD", "usd"),
        ("USD", "Usd"),
        ("USD", "US"),
        ("USD", "USDD"),
        ("USD", "840"),
        ("USD", "$"),
        ("USD", "US$"),
        ("USD", "USD "),
        ("EUR", "ZZZ"),
        ("JPY", "QQQ"),
        ("GBP", "UKP"),
    ];
    values(world, "CurrencyCode", &pairs)
}

/// Defects that a form can have at once, by the field that they break, in the order of the reference.
const DEFECTS: [(&str, Option<&str>); 12] = [
    ("ActionTrackerId", None),
    ("CampaignId", Some("x")),
    ("EventDate", Some("yesterday")),
    ("OrderId", None),
    ("Amount", Some("x")),
    ("CurrencyCode", Some("usd")),
    ("ItemDiscount1", Some("x")),
    ("ItemDiscountRate1", Some("101")),
    ("ItemPrice1", Some("x")),
    ("ItemQuantity1", Some("0")),
    ("ItemSubTotal1", Some("x")),
    ("ItemTotalDiscount1", Some("x")),
];

/// Each of these defects is refused alone; together each is named, in order.
fn together(world: &World, form: &Form, defects: &[usize]) -> Result<Case, Blocked> {
    let broken = |form: Form, (field, value): (&str, Option<&str>)| match value {
        Some(value) => form.without(field).and(field, value),
        None => form.without(field),
    };
    let mut case = Case::new("several defects");
    let mut whole = form.clone();
    for number in defects {
        let defect = DEFECTS[*number];
        let alone = submit(world, &broken(form.clone(), defect))?;
        case = case.given(defect.0, alone, names("/errors", defect.0));
        whole = broken(whole, defect);
    }
    let mut wanted = defects.to_vec();
    wanted.sort_unstable();
    let wanted: Vec<&str> = wanted.iter().map(|number| DEFECTS[*number].0).collect();
    let all = Expect::new(move |answer| {
        let errors = answer.at("/errors").unwrap_or_default();
        let named = fields_of(&errors);
        demand(
            named == wanted,
            "body /errors",
            wanted.join(", "),
            named.join(", "),
        )
    });
    Ok(case.tested("together", submit(world, &whole)?, all))
}

/// Every mistake is told at once.
fn all_errors(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let mut check = Check::new();
    for defects in [
        &[3, 0][..],
        &[5, 4, 2, 1],
        &[11, 10, 9, 8, 7, 6],
        &[9, 3, 4],
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    ] {
        check = check.case(together(world, &form, defects)?);
    }
    let world = world.clone();
    let some = prop::sample::subsequence((0..DEFECTS.len()).collect::<Vec<_>>(), 2..6);
    Ok(check.random(6, some.prop_shuffle(), move |defects| {
        together(&world, &form, &defects).unwrap_or_else(|_| Case::new("nothing known"))
    }))
}

/// What is refused is not kept, and what would have been a warning is not said.
fn nothing_queued(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let refused_form = form.clone().set("Amount", "-1").and("CardBin", "1");
    let silent = json("/warnings").absent().and(json("/QueuedUri").absent());
    let complete = json("/Status").is("Complete");
    Ok(Check::new()
        .case(seen(
            Case::new("no warnings").twin(
                submit(world, &form.clone().and("CardBin", "1"))?,
                names("/warnings", "CardBin"),
            ),
            submit(world, &refused_form)?,
            refused().and(is_json()),
            silent,
        ))
        .case({
            let form = form.set("OrderId", world.unique());
            let negative = form.clone().set("Amount", "-1");
            Case::new("the OrderId is not used up")
                .given("refused", submit(world, &negative)?, refused())
                .given("submitted", submit(world, &form)?, accepted())
                .given_eventually("record", record_of(world, "submitted")?, complete)
                .tested(
                    "how it ended",
                    record_of(world, "submitted")?,
                    json("/ErrorReason").is(""),
                )
        }))
}

/// A sound conversion, and one that is not, so that yes means something.
fn beside_refused(world: &World, name: &'static str) -> Result<(Case, Request), Blocked> {
    let form = sound(world)?;
    let bad = submit(world, &form.clone().without("OrderId"))?;
    Ok((
        Case::new(name).given("without OrderId", bad, refused()),
        submit(world, &form)?,
    ))
}

/// A sound conversion is queued, and its answer says so in so many words.
fn is_queued(world: &World) -> Result<Check, Blocked> {
    let (case, request) = beside_refused(world, "a simple order")?;
    Ok(Check::of(case.tested("sound", request, queued())))
}

/// The reference to the record is relative to the host.
fn queued_uri(world: &World) -> Result<Check, Blocked> {
    let (case, request) = beside_refused(world, "a simple order")?;
    let sid = world.text("account_sid")?;
    let like = format!("^/[^/]+/{sid}/APISubmissions/[^/?#]+$");
    let there = json("/QueuedUri").exists();
    Ok(Check::of(seen(
        case,
        request,
        there,
        json("/QueuedUri").matches(&like),
    )))
}

/// The batch id has a shape of its own.
fn batch_id(world: &World) -> Result<Check, Blocked> {
    let (case, request) = beside_refused(world, "a simple order")?;
    let like = "/A-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
    let there = json("/QueuedUri").exists();
    Ok(Check::of(seen(
        case,
        request,
        there,
        json("/QueuedUri").matches(like),
    )))
}

/// Who submits twice has two records.
fn each_its_own(world: &World) -> Result<Check, Blocked> {
    let (case, request) = beside_refused(world, "an equal call")?;
    let twice = |case: Case, request: Request, place: &'static str| {
        let reference = move |answer: &Answer| match place.strip_prefix('/') {
            Some(_) => answer.text_at(place),
            None => xml_text(&answer.text(), place),
        };
        let there = Expect::new(move |answer| {
            demand(reference(answer).is_some(), "body", place, "nothing there")
        });
        case.given("first", request.clone(), there)
            .tested("second", request, Expect::anything())
            .judge(move |transcript| {
                let [first, second] =
                    ["first", "second"].map(|label| reference(transcript.answer(label)));
                demand(
                    first != second,
                    &format!("body {place}"),
                    "another one than before",
                    second.unwrap_or_default(),
                )
            })
    };
    Ok(Check::new()
        .case(twice(case.clone(), request.clone(), "/QueuedUri"))
        .case(twice(
            case,
            in_xml(request),
            "ImpactRadiusResponse/QueuedUri",
        )))
}

/// In XML the same two members stand below the root.
fn queued_xml(world: &World) -> Result<Check, Blocked> {
    let (case, request) = beside_refused(world, "a simple order")?;
    let members = xml("ImpactRadiusResponse/Status")
        .is("QUEUED")
        .and(xml("ImpactRadiusResponse/QueuedUri").matches("/APISubmissions/[^/?#]+$"));
    let met = accepted().and(is_xml());
    Ok(Check::of(seen(case, in_xml(request), met, members)))
}
