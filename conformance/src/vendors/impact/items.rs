//! Page "Conversions", its texts on `Amount` and items: what the lines of an order come to.

use proptest::strategy::Strategy;

use super::accepted;
use super::orders::{Partner, decimal};
use super::sales::{self, Sale};
use crate::check::{Case, Check, Entry};
use crate::expect::status;
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.items.simple_conversion", simple_conversion),
    ("impact.items.price_times_quantity", price_times_quantity),
    (
        "impact.items.subtotal_not_multiplied",
        subtotal_not_multiplied,
    ),
    ("impact.items.amount_unused", amount_unused),
    ("impact.items.subtotal_wins", subtotal_wins),
    ("impact.items.total_discount", total_discount),
    ("impact.items.unit_discount", unit_discount),
    ("impact.items.rate_discount", rate_discount),
    ("impact.items.discounts_add_up", discounts_add_up),
    ("impact.items.rounded_by_line", rounded_by_line),
    ("impact.items.separate", separate),
    ("impact.items.one_unit_by_default", one_unit_by_default),
    ("impact.items.without_amount", without_amount),
    ("impact.items.detected", detected),
    ("impact.items.by_index", by_index),
    ("impact.items.amount_negative", amount_negative),
    ("impact.items.amount_syntax", amount_syntax),
    ("impact.items.discount_rate", discount_rate),
    ("impact.items.quantity", quantity),
    ("impact.items.line_size", line_size),
];

/// What is special about an order, its fields, and what it comes to in cents.
type Row<'a> = (&'static str, &'a [(&'static str, &'static str)], i128);

/// The worked sale of the documents: two toy sets and a doll, 86.99.
const TOYS: [(&str, &str); 4] = [
    ("ItemPrice1", "40"),
    ("ItemQuantity1", "2"),
    ("ItemPrice2", "6.99"),
    ("ItemQuantity2", "1"),
];

/// The most steps of a case that places an order and waits for its action.
const STEPS: u32 = 11;

/// Orders that come to what a table says.
fn table(partner: &Partner, rows: &[Row<'_>]) -> Check {
    Check::new().cases(rows.iter().map(|(name, fields, cents)| {
        partner.comes_to(Case::new(*name), &partner.order_of(fields), *cents)
    }))
}

/// The same, and random orders.
fn sums(
    world: &World,
    rows: &[Row<'_>],
    sales: impl Strategy<Value = Sale> + 'static,
) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    Ok(table(&partner, rows).random(STEPS, sales, move |sale| {
        let order = partner.order_of(&sale.fields);
        partner.comes_to(Case::new("random lines"), &order, sale.cents)
    }))
}

/// Without item fields the order comes to its Amount, and has one line of it.
fn simple_conversion(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let only = |cents: i128| {
        let order = partner.order().set("Amount", decimal(cents));
        let wanted = format!("one unit of {}", decimal(cents));
        partner.has_lines(
            Case::new("the only line"),
            &order,
            wanted,
            move |lines| matches!(lines, [line] if line.cents == cents && line.quantity == "1"),
        )
    };
    let rows: [Row<'_>; 4] = [
        ("with decimals", &[("Amount", "86.99")], 8_699),
        ("without decimals", &[("Amount", "156")], 15_600),
        ("with one decimal", &[("Amount", "7.5")], 750),
        ("nothing", &[("Amount", "0")], 0),
    ];
    Ok(table(&partner, &rows).cases([only(8_699), only(1_234)]))
}

/// A line is price times quantity, and the order is the sum of its lines.
fn price_times_quantity(world: &World) -> Result<Check, Blocked> {
    let rows: [Row<'_>; 2] = [
        ("two toy sets and a doll", &TOYS, 8_699),
        (
            "three of one kind",
            &[("ItemPrice1", "0.33"), ("ItemQuantity1", "3")],
            99,
        ),
    ];
    sums(world, &rows, sales::priced())
}

/// A subtotal is the whole line, whatever the quantity.
fn subtotal_not_multiplied(world: &World) -> Result<Check, Blocked> {
    let rows: [Row<'_>; 2] = [
        (
            "two units",
            &[("ItemSubTotal1", "80"), ("ItemQuantity1", "2")],
            8_000,
        ),
        (
            "twelve units beside one",
            &[
                ("ItemSubTotal1", "80"),
                ("ItemQuantity1", "12"),
                ("ItemSubTotal2", "6.99"),
                ("ItemQuantity2", "1"),
            ],
            8_699,
        ),
    ];
    sums(world, &rows, sales::subtotals())
}

/// An order with item fields does not come to its Amount, also if its items come to nothing.
fn amount_unused(world: &World) -> Result<Check, Blocked> {
    let toys = [&TOYS[..], &[("Amount", "500")]].concat();
    let rows: [Row<'_>; 3] = [
        ("another amount", &toys, 8_699),
        (
            "items that come to nothing",
            &[
                ("Amount", "500"),
                ("ItemPrice1", "0"),
                ("ItemQuantity1", "1"),
            ],
            0,
        ),
        (
            "a subtotal of nothing",
            &[("Amount", "500"), ("ItemSubTotal1", "0.00")],
            0,
        ),
    ];
    let sales = (sales::priced(), 1..1_000_000_i128).prop_map(|(mut sale, amount)| {
        let amount = amount + i128::from(amount == sale.cents);
        sale.fields.push(("Amount".to_owned(), decimal(amount)));
        sale
    });
    sums(world, &rows, sales)
}

/// Of a price and a subtotal for one item the subtotal counts, whichever is sent first.
fn subtotal_wins(world: &World) -> Result<Check, Blocked> {
    let toys = [&TOYS[..], &[("ItemSubTotal1", "75")]].concat();
    let rows: [Row<'_>; 2] = [
        ("the price first", &toys, 8_199),
        (
            "the subtotal first",
            &[
                ("ItemSubTotal1", "75"),
                ("ItemPrice1", "40"),
                ("ItemQuantity1", "2"),
            ],
            7_500,
        ),
    ];
    sums(world, &rows, sales::price_and_subtotal())
}

/// A discount on the whole line is subtracted from it once.
fn total_discount(world: &World) -> Result<Check, Blocked> {
    let toys = [&TOYS[..], &[("ItemTotalDiscount1", "5")]].concat();
    let rows: [Row<'_>; 3] = [
        ("of price times quantity", &toys, 8_199),
        (
            "of a subtotal",
            &[
                ("ItemSubTotal1", "80"),
                ("ItemQuantity1", "2"),
                ("ItemTotalDiscount1", "5"),
            ],
            7_500,
        ),
        (
            "all of it",
            &[("ItemSubTotal1", "80"), ("ItemTotalDiscount1", "80.00")],
            0,
        ),
    ];
    sums(world, &rows, sales::total_discounts())
}

/// A discount for the unit is subtracted as often as there are units.
fn unit_discount(world: &World) -> Result<Check, Blocked> {
    let toys = [&TOYS[..], &[("ItemDiscount1", "3")]].concat();
    let rows: [Row<'_>; 2] = [
        ("three off each of two", &toys, 8_099),
        (
            "cents off each of twelve",
            &[
                ("ItemPrice1", "1.50"),
                ("ItemQuantity1", "12"),
                ("ItemDiscount1", "0.25"),
            ],
            1_500,
        ),
    ];
    sums(world, &rows, sales::unit_discounts())
}

/// A discount rate takes so many percent off each unit.
fn rate_discount(world: &World) -> Result<Check, Blocked> {
    let toys = [&TOYS[..], &[("ItemDiscountRate1", "10.0")]].concat();
    let rows: [Row<'_>; 3] = [
        ("ten percent off each of two", &toys, 7_899),
        (
            "a fraction of a percent",
            &[
                ("ItemPrice1", "10"),
                ("ItemQuantity1", "4"),
                ("ItemDiscountRate1", "12.5"),
            ],
            3_500,
        ),
        (
            "all of it",
            &[
                ("ItemPrice1", "10"),
                ("ItemQuantity1", "1"),
                ("ItemDiscountRate1", "100"),
            ],
            0,
        ),
    ];
    sums(world, &rows, sales::rate_discounts())
}

/// All discounts are taken from what the line comes to without them, and leave no less than nothing.
fn discounts_add_up(world: &World) -> Result<Check, Blocked> {
    let rows: [Row<'_>; 4] = [
        (
            "three discounts",
            &[
                ("ItemPrice1", "40"),
                ("ItemQuantity1", "2"),
                ("ItemDiscount1", "3"),
                ("ItemDiscountRate1", "10"),
                ("ItemTotalDiscount1", "5"),
            ],
            6_100,
        ),
        (
            "a unit's discount of a subtotal, and one on the line",
            &[
                ("ItemSubTotal1", "80"),
                ("ItemQuantity1", "2"),
                ("ItemDiscount1", "3"),
                ("ItemTotalDiscount1", "4"),
            ],
            7_000,
        ),
        (
            "more than the line",
            &[
                ("ItemPrice1", "9.99"),
                ("ItemQuantity1", "1"),
                ("ItemTotalDiscount1", "10.00"),
            ],
            0,
        ),
        (
            "more than the line, beside another",
            &[
                ("ItemPrice1", "9.99"),
                ("ItemQuantity1", "1"),
                ("ItemTotalDiscount1", "25"),
                ("ItemPrice2", "6.99"),
                ("ItemQuantity2", "1"),
            ],
            699,
        ),
    ];
    sums(world, &rows, sales::all_discounts())
}

/// Each line is rounded to the cent, half of one up, and only then are lines added.
fn rounded_by_line(world: &World) -> Result<Check, Blocked> {
    let rows: [Row<'_>; 6] = [
        (
            "half of a cent",
            &[("ItemPrice1", "0.005"), ("ItemQuantity1", "1")],
            1,
        ),
        (
            "half of a cent above an even one",
            &[("ItemPrice1", "2.125"), ("ItemQuantity1", "1")],
            213,
        ),
        (
            "less than half of a cent",
            &[("ItemPrice1", "2.1249"), ("ItemQuantity1", "1")],
            212,
        ),
        (
            "three halves",
            &[
                ("ItemPrice1", "0.005"),
                ("ItemQuantity1", "1"),
                ("ItemPrice2", "0.005"),
                ("ItemQuantity2", "1"),
                ("ItemPrice3", "0.005"),
                ("ItemQuantity3", "1"),
            ],
            3,
        ),
        (
            "three that are less than half",
            &[
                ("ItemPrice1", "0.004"),
                ("ItemQuantity1", "1"),
                ("ItemPrice2", "0.004"),
                ("ItemQuantity2", "1"),
                ("ItemPrice3", "0.004"),
                ("ItemQuantity3", "1"),
            ],
            0,
        ),
        (
            "a price that is rounded as a line only",
            &[("ItemPrice1", "0.335"), ("ItemQuantity1", "3")],
            101,
        ),
    ];
    sums(world, &rows, sales::fractions())
}

/// One item may have a subtotal, and another a price and a quantity.
fn separate(world: &World) -> Result<Check, Blocked> {
    let rows: [Row<'_>; 2] = [
        (
            "a subtotal of two, and a doll",
            &[
                ("ItemSubTotal1", "80"),
                ("ItemQuantity1", "2"),
                ("ItemPrice2", "6.99"),
                ("ItemQuantity2", "1"),
            ],
            8_699,
        ),
        (
            "a subtotal, and three dolls",
            &[
                ("ItemSubTotal1", "75"),
                ("ItemPrice2", "6.99"),
                ("ItemQuantity2", "3"),
            ],
            9_597,
        ),
    ];
    sums(world, &rows, sales::subtotal_then_price())
}

/// An item without a quantity is one unit.
fn one_unit_by_default(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let rows: [Row<'_>; 2] = [
        ("alone", &[("ItemPrice1", "7.50")], 750),
        (
            "before one of three",
            &[
                ("ItemPrice1", "40"),
                ("ItemPrice2", "6.99"),
                ("ItemQuantity2", "3"),
            ],
            6_097,
        ),
    ];
    let order = partner.order_of(&[("ItemPrice1", "7.50")]);
    let shown = partner.has_lines(
        Case::new("its quantity"),
        &order,
        "one unit",
        |lines| matches!(lines, [line] if line.quantity == "1"),
    );
    Ok(table(&partner, &rows).case(shown))
}

/// An item without any amount is a line of 0.00.
fn without_amount(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let beside = [
        ("ItemSku1", "TOYSET"),
        ("ItemSku2", "DOLL"),
        ("ItemPrice2", "6.99"),
        ("ItemQuantity2", "1"),
    ];
    let rows: [Row<'_>; 2] = [
        ("alone", &[("ItemSku1", "TOYSET")], 0),
        ("beside another", &beside, 699),
    ];
    let order = partner.order_of(&beside);
    let wanted = "a line of 0.00 and one of 6.99";
    let lines = partner.has_lines(
        Case::new("two lines"),
        &order,
        wanted,
        |lines| matches!(lines, [first, second] if first.cents == 0 && second.cents == 699),
    );
    Ok(table(&partner, &rows).case(lines))
}

/// Any item field that is not blank makes the order itemised, also one that is then ignored; a blank one does not.
fn detected(world: &World) -> Result<Check, Blocked> {
    const FIELDS: [&str; 9] = [
        "ItemBrand1",
        "ItemCategory1",
        "ItemDeliveryType1",
        "ItemMpn1",
        "ItemName1",
        "ItemPromoCode1",
        "ItemSku1",
        "ItemSubCategory1",
        "ItemSku9999",
    ];
    let partner = Partner::of(world)?;
    let with = |name: &'static str, field: &'static str, value: &str, cents| {
        let order = partner.order_of(&[("Amount", "500"), (field, value)]);
        partner.comes_to(Case::new(name), &order, cents)
    };
    Ok(Check::new()
        .cases(FIELDS.map(|field| with(field, field, "X", 0)))
        .case(with("a quantity", "ItemQuantity1", "2", 0))
        .case(with(
            "one that is too long",
            "ItemSku1",
            &"x".repeat(256),
            0,
        ))
        .case(with("an empty one", "ItemSku1", "", 50_000))
        .case(with("blanks", "ItemName1", "  ", 50_000)))
}

/// Lines stand in the order of their indices, whatever the order in which they are sent, and gaps do not matter.
fn by_index(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = move |mut indices: Vec<u16>| {
        let fields = indices.iter().flat_map(|index| {
            [
                (format!("ItemSku{index}"), format!("S{index}")),
                (format!("ItemSubTotal{index}"), "1.00".to_owned()),
            ]
        });
        let order = partner.order_of(&fields.collect::<Vec<_>>());
        let name = format!("sent as {indices:?}");
        indices.sort_unstable();
        let skus: Vec<String> = indices.iter().map(|index| format!("S{index}")).collect();
        let wanted = format!("lines of {}", skus.join(", "));
        partner.has_lines(Case::new(name), &order, wanted, move |lines| {
            lines.iter().map(|line| &line.sku).eq(&skus)
        })
    };
    let table: [&[u16]; 4] = [&[1, 2], &[2, 1], &[10, 7, 2], &[9_999, 3]];
    Ok(Check::new()
        .cases(table.map(|indices| case(indices.to_vec())))
        .random(STEPS * 2, sales::scattered(), case))
}

/// An item with a value in one of its fields that is refused, beside one that is accepted; and boundary values that are
/// accepted.
fn limits(
    world: &World,
    fields: &[&'static str],
    sound: &[&str],
    broken: &[&str],
) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let with = |field: &'static str, value: &str| {
        let mut fields = vec![(field, value)];
        // What has a discount must have a price.
        if field.contains("Discount") || field.contains("Quantity") {
            fields.insert(0, ("ItemPrice1", "5"));
        }
        partner.submit(&partner.order_of(&fields))
    };
    let mut check = Check::new();
    for field in fields {
        for value in sound {
            let name = format!("{field} is {value:?}, and may be");
            check = check.case(Case::new(name).tested("sound", with(field, value), accepted()));
        }
        for value in broken {
            let case = Case::new(format!("{field} is {value:?}"))
                .twin(with(field, sound[0]), accepted())
                .tested("broken", with(field, value), status(400));
            check = check.case(case);
        }
    }
    Ok(check)
}

/// The amounts of an item.
const AMOUNTS: [&str; 4] = [
    "ItemPrice1",
    "ItemSubTotal1",
    "ItemDiscount1",
    "ItemTotalDiscount1",
];

/// A negative price, subtotal or discount is refused.
fn amount_negative(world: &World) -> Result<Check, Blocked> {
    limits(
        world,
        &AMOUNTS,
        &["1", "0", "0.01"],
        &["-1", "-0.01", "-86.99"],
    )
}

/// A price, subtotal or discount that is no plain decimal of at most 14 integer digits is refused.
fn amount_syntax(world: &World) -> Result<Check, Blocked> {
    const SOUND: [&str; 6] = [
        "5",
        "5.25",
        "+5.25",
        "007.10",
        "0.3000",
        "99999999999999.99",
    ];
    const BROKEN: [&str; 12] = [
        "100000000000000",
        "999999999999999.99",
        "1e3",
        "1,000",
        "$5",
        "5 USD",
        "five",
        ".5",
        "5.",
        "1.2.3",
        " 5",
        "NaN",
    ];
    limits(world, &AMOUNTS, &SOUND, &BROKEN)
}

/// A discount rate that is not between 0 and 100 is refused.
fn discount_rate(world: &World) -> Result<Check, Blocked> {
    let broken = ["100.01", "101", "1000", "-1", "-0.01", "ten", "10%", "1e1"];
    limits(
        world,
        &["ItemDiscountRate1"],
        &["10.0", "0", "100", "100.00", "0.5"],
        &broken,
    )
}

/// A quantity that is no integer from 1 is refused.
fn quantity(world: &World) -> Result<Check, Blocked> {
    let broken = ["0", "-1", "1.5", "1.0", "two", "1e1", " 1", "+1", "00"];
    limits(
        world,
        &["ItemQuantity1"],
        &["2", "1", "007", "1000000"],
        &broken,
    )
}

/// A line of more than 14 integer digits is refused.
fn line_size(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let line = |price: &str, quantity: &str| {
        partner.submit(&partner.order_of(&[("ItemPrice1", price), ("ItemQuantity1", quantity)]))
    };
    let refusal = |price: &'static str, sound: &str, broken: &str| {
        Case::new(format!("{broken} units at {price}"))
            .twin(line(price, sound), accepted())
            .tested("broken", line(price, broken), status(400))
    };
    let largest = |price: &str, quantity: &str| {
        Case::new(format!("{quantity} units at {price}, and may be")).tested(
            "sound",
            line(price, quantity),
            accepted(),
        )
    };
    Ok(Check::new().cases([
        largest("99999999999999.99", "1"),
        largest("9999999999999", "10"),
        largest("1", "99999999999999"),
        refusal("10000000000000", "9", "10"),
        refusal("99999999999999.99", "1", "2"),
        refusal("50000000000000", "1", "2"),
        refusal("1", "99999999999999", "100000000000000"),
        refusal("99999999999999.99", "1", "9999999999999999"),
    ]))
}
