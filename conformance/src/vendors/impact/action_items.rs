//! Page "Actions", its items: the lines of an action.

use serde_json::Value;

use super::accepted;
use super::actions::{has_all, says};
use super::orders::{Partner, money};
use super::payouts::commission;
use super::seeded::{cents, empty};
use crate::check::{Case, Check, Entry, Make};
use crate::exchange::{Answer, Form, Transcript};
use crate::expect::{Expect, demand, json, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.actions.items", items),
    ("impact.actions.item", item),
    ("impact.actions.unknown_item", unknown_item),
    ("impact.actions.item_members", item_members),
    ("impact.actions.item_payouts", item_payouts),
    ("impact.actions.item_uri", item_uri),
];

/// The lines of an answer, by one member.
fn each(answer: &Answer, member: &str) -> Vec<Value> {
    let items = answer.at("/ActionItems").unwrap_or_default();
    let items = items.as_array().into_iter().flatten();
    items.map(|item| item[member].clone()).collect()
}

/// Lines with these Skus, in this order.
fn skus(wanted: &'static [&'static str]) -> Expect {
    Expect::new(move |answer| {
        let got = Value::from(each(answer, "Sku"));
        let same = got == Value::from(wanted);
        demand(
            same,
            "body /ActionItems",
            format!("{wanted:?}"),
            got.to_string(),
        )
    })
}

/// A case in which an order has become an action whose items are read, under the label `items`, as they must be.
fn itemised(partner: &Partner, case: Case, order: &Form, lines: Expect) -> Case {
    let request = partner.below_action(order, "/Items");
    partner.credited(case, order).given("items", request, lines)
}

/// The lines of an action are listed as they were recorded, and an order without items has one.
fn items(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let lines = |order: &Form| partner.below_action(order, "/Items");
    let three = partner.order_of(&[
        ("ItemSku1", "MIKE"),
        ("ItemPrice1", "3"),
        ("ItemSku2", "ZULU"),
        ("ItemPrice2", "1"),
        ("ItemSku3", "ALPHA"),
        ("ItemPrice3", "2"),
    ]);
    let simple = partner.order();
    let one = Expect::new(|answer| {
        let number = each(answer, "SaleAmount").len();
        demand(
            number == 1,
            "body /ActionItems",
            "one line",
            number.to_string(),
        )
    });
    Ok(Check::new().cases([
        partner.credited(Case::new("three lines"), &three).tested(
            "items",
            lines(&three),
            accepted().and(skus(&["MIKE", "ZULU", "ALPHA"])),
        ),
        partner
            .credited(Case::new("an order without items"), &simple)
            .tested("items", lines(&simple), accepted().and(one)),
    ]))
}

/// An order of a toy set and a doll.
fn toys(partner: &Partner) -> Form {
    partner.order_of(&[
        ("ItemSku1", "TOYSET"),
        ("ItemName1", "Toy set"),
        ("ItemCategory1", "Toys"),
        ("ItemPrice1", "40"),
        ("ItemQuantity1", "2"),
        ("ItemSku2", "DOLL"),
        ("ItemName2", "Doll"),
        ("ItemPrice2", "6.99"),
        ("ItemQuantity2", "1"),
    ])
}

/// An item with that Sku.
fn sku(wanted: &str) -> Expect {
    accepted().and(says(&[("/Sku", wanted.to_owned())]))
}

/// Each line is read by its Sku.
fn item(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = toys(&partner);
    let read = |suffix| partner.below_action(&order, suffix);
    let case = partner.credited(Case::new("two lines"), &order);
    Ok(Check::of(
        case.tested("the first", read("/Items/TOYSET"), sku("TOYSET"))
            .tested("the second", read("/Items/DOLL"), sku("DOLL")),
    ))
}

/// A Sku that no line has is answered with 404.
fn unknown_item(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = toys(&partner);
    let case = |name, suffix| {
        partner
            .credited(Case::new(name), &order)
            .twin(partner.below_action(&order, "/Items/TOYSET"), accepted())
            .tested("item", partner.below_action(&order, suffix), status(404))
    };
    Ok(Check::new().cases([
        case("a made-up one", "/Items/NOTHING"),
        case("part of one", "/Items/TOY"),
        case("a number beyond the lines", "/Items/99"),
    ]))
}

/// The documented members of an item.
const MEMBERS: [&str; 13] = [
    "Sku",
    "ItemName",
    "Category",
    "Quantity",
    "SaleAmount",
    "SaleAmountCurrency",
    "Payout",
    "PayoutCurrency",
    "Rebate",
    "RebateCurrency",
    "AdjustmentDate",
    "AdjustmentReason",
    "Uri",
];

/// An item has all members, and those of an adjustment are empty.
fn item_members(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = toys(&partner);
    let read = |suffix| partner.below_action(&order, suffix);
    let is = |name: &str, category: &str, quantity: &str| {
        let members = [
            ("/ItemName", name.to_owned()),
            ("/Category", category.to_owned()),
            ("/Quantity", quantity.to_owned()),
        ];
        has_all(&MEMBERS)
            .and(says(&members))
            .and(empty("/AdjustmentDate"))
            .and(empty("/AdjustmentReason"))
    };
    Ok(Check::of(
        partner
            .credited(Case::new("two lines"), &order)
            .given("found", read("/Items/TOYSET"), sku("TOYSET"))
            .tested(
                "the first",
                read("/Items/TOYSET"),
                is("Toy set", "Toys", "2"),
            )
            .given("found too", read("/Items/DOLL"), sku("DOLL"))
            .tested("the second", read("/Items/DOLL"), is("Doll", "", "1")),
    ))
}

/// The amounts of each line: its Payout and its Rebate, in cents.
fn pay(wanted: &[(i128, i128)]) -> Expect {
    let wanted = wanted.to_vec();
    Expect::new(move |answer| {
        let got = paid(answer, ["Payout", "Rebate"]);
        let shown = format!("Payout and Rebate in cents: {got:?}");
        demand(
            got == wanted,
            "body /ActionItems",
            format!("{wanted:?}"),
            shown,
        )
    })
}

/// Two amounts of each line that has both, in cents.
fn paid(answer: &Answer, [one, other]: [&str; 2]) -> Vec<(i128, i128)> {
    let both = each(answer, one).into_iter().zip(each(answer, other));
    both.filter_map(|(one, other)| Some((money(&one)?, money(&other)?)))
        .collect()
}

/// Lines that come to so many cents, with a Payout and a Rebate that can be read.
fn come_to(wanted: &[i128]) -> Expect {
    let wanted = wanted.to_vec();
    Expect::new(move |answer| {
        let got = each(answer, "SaleAmount");
        let got: Vec<i128> = got.iter().filter_map(money).collect();
        let readable = paid(answer, ["Payout", "Rebate"]).len() == wanted.len();
        let shown = format!("SaleAmount in cents: {got:?}");
        demand(
            readable && got == wanted,
            "body /ActionItems",
            format!("{wanted:?}"),
            shown,
        )
    })
}

/// A line pays the commission on itself, and says what was taken off it.
fn item_payouts(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, fields: &[(&str, &str)], lines: &[i128], wanted: &[(i128, i128)]| {
        let order = partner.order_of(fields);
        itemised(&partner, Case::new(name), &order, come_to(lines)).tested(
            "payouts",
            partner.below_action(&order, "/Items"),
            pay(wanted),
        )
    };
    let toys = [
        ("ItemPrice1", "40"),
        ("ItemQuantity1", "2"),
        ("ItemPrice2", "6.99"),
    ];
    let clo = [("ConversionType", "CLO"), ("PayoutAmount", "1.23")];
    let one_pays = [&toys[..], &clo].concat();
    let order = partner.order_of(&one_pays);
    let of_clo = partner
        .credited(Case::new("a PayoutAmount"), &order)
        .given("action", partner.action(&order), cents("/Payout", 123))
        .given(
            "items",
            partner.below_action(&order, "/Items"),
            come_to(&[8_000, 699]),
        )
        .tested(
            "payouts",
            partner.below_action(&order, "/Items"),
            pay(&[(123, 0), (0, 0)]),
        );
    Ok(Check::new().cases([
        case(
            "two lines",
            &toys,
            &[8_000, 699],
            &[(commission(8_000), 0), (commission(699), 0)],
        ),
        case(
            "a discount for each unit",
            &[&toys[..], &[("ItemDiscount1", "3")]].concat(),
            &[7_400, 699],
            &[(commission(7_400), 600), (commission(699), 0)],
        ),
        case(
            "a discount for the second line",
            &[&toys[..], &[("ItemTotalDiscount2", "5")]].concat(),
            &[8_000, 199],
            &[(commission(8_000), 0), (commission(199), 500)],
        ),
        case(
            "payouts that do not add up",
            &[
                ("ItemPrice1", "0.12"),
                ("ItemPrice2", "0.12"),
                ("ItemPrice3", "0.13"),
            ],
            &[12, 12, 13],
            &[(0, 0), (0, 0), (1, 0)],
        ),
        of_clo,
    ]))
}

/// Reads what an item says its own path is.
fn by_uri(partner: &Partner, pointer: &'static str) -> Make {
    let read = partner.get("");
    Make::from(move |transcript: &Transcript| {
        Ok(read.clone().target(transcript.text_at("items", pointer)?))
    })
}

/// The path of an item ends with its Sku, or with its index, and leads to it.
fn item_uri(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let there = || accepted().and(json("/ActionItems/0/Uri").holds("a text", Value::is_string));
    // Reading an item at all is a rule of its own.
    let case = |name: String| {
        let order = toys(&partner);
        let request = partner.below_action(&order, "/Items/TOYSET");
        partner
            .credited(Case::new(name), &order)
            .given("another item", request, sku("TOYSET"))
    };
    let leads = |odd: &str| {
        let order = partner.order_of(&[
            ("ItemSku1", odd),
            ("ItemPrice1", "5"),
            ("ItemSku2", "PLAIN"),
            ("ItemPrice2", "7"),
        ]);
        itemised(&partner, case(format!("the Sku {odd}")), &order, there()).tested(
            "by its Uri",
            by_uri(&partner, "/ActionItems/0/Uri"),
            sku(odd),
        )
    };
    let odd = [
        "TOYSET", "a b", "a/b", "50%", "%41", "a?b#c", "Zürich", ".", "..", "x.json", "x.xml",
        "a+b&c=d",
    ];
    let ends = |name: &str, order: Form, suffix: &'static str| {
        let read = |suffix| partner.below_action(&order, suffix);
        itemised(&partner, case(name.to_owned()), &order, there())
            .tested("by its place", read(suffix), accepted())
            .tested(
                "its Uri",
                read("/Items"),
                json("/ActionItems/0/Uri").matches(&format!("{suffix}$")),
            )
            .tested(
                "by its Uri",
                by_uri(&partner, "/ActionItems/0/Uri"),
                accepted(),
            )
    };
    let third = [("ItemPrice3", "5"), ("ItemPrice4", "6")];
    let equal = partner.order_of(&[
        ("ItemSku1", "SAME"),
        ("ItemPrice1", "5"),
        ("ItemSku2", "SAME"),
        ("ItemPrice2", "6"),
    ]);
    let equal = itemised(
        &partner,
        case("equal Skus".to_owned()),
        &equal,
        come_to(&[500, 600]),
    )
    .tested(
        "the first of them",
        partner.below_action(&equal, "/Items/SAME"),
        accepted().and(cents("/SaleAmount", 500)),
    );
    Ok(Check::new().cases(odd.map(leads)).cases([
        ends("a Sku", toys(&partner), "/Items/TOYSET"),
        ends("lines without a Sku", partner.order_of(&third), "/Items/3"),
        ends("an order without items", partner.order(), "/Items/0"),
        equal,
    ]))
}
