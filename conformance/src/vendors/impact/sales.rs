//! Strategies: orders with lines, and what each comes to. Amounts are whole cents, so integers tell what is right.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::orders::decimal;

/// The item fields of an order, in the order in which they are sent, and what it comes to in cents.
#[derive(Clone, Debug, Default)]
pub(super) struct Sale {
    pub(super) fields: Vec<(String, String)>,
    pub(super) cents: i128,
}

/// A line: its fields without their index, and what it comes to in cents.
type Priced = (Vec<(&'static str, String)>, i128);

/// An order of such lines, with indices from 1.
fn sale_of(lines: Vec<Priced>) -> Sale {
    let mut sale = Sale::default();
    for (index, (fields, cents)) in (1..).zip(lines) {
        let named = fields
            .into_iter()
            .map(|(name, value)| (format!("{name}{index}"), value));
        sale.fields.extend(named);
        sale.cents += cents;
    }
    sale
}

fn orders_of(line: impl Strategy<Value = Priced>) -> impl Strategy<Value = Sale> {
    vec(line, 1..4).prop_map(sale_of)
}

fn price() -> impl Strategy<Value = i128> {
    1..1_000_000_i128
}

fn units() -> impl Strategy<Value = i128> {
    2..40_i128
}

fn priced_line(price: i128, units: i128) -> Vec<(&'static str, String)> {
    vec![
        ("ItemPrice", decimal(price)),
        ("ItemQuantity", units.to_string()),
    ]
}

/// Price times quantity.
pub(super) fn priced() -> impl Strategy<Value = Sale> {
    orders_of(
        (price(), units()).prop_map(|(price, units)| (priced_line(price, units), price * units)),
    )
}

/// Subtotals, with a quantity beside each.
pub(super) fn subtotals() -> impl Strategy<Value = Sale> {
    orders_of((price(), units()).prop_map(|(subtotal, units)| {
        let fields = vec![
            ("ItemSubTotal", decimal(subtotal)),
            ("ItemQuantity", units.to_string()),
        ];
        (fields, subtotal)
    }))
}

/// One line with a price, a quantity and a subtotal that is another amount.
pub(super) fn price_and_subtotal() -> impl Strategy<Value = Sale> {
    (price(), units(), price()).prop_map(|(price, units, subtotal)| {
        let subtotal = subtotal + i128::from(subtotal == price * units);
        let mut fields = priced_line(price, units);
        fields.push(("ItemSubTotal", decimal(subtotal)));
        sale_of(vec![(fields, subtotal)])
    })
}

/// A subtotal for one item, and a price and a quantity for the next.
pub(super) fn subtotal_then_price() -> impl Strategy<Value = Sale> {
    (price(), units(), price(), units()).prop_map(|(subtotal, of, price, units)| {
        let first = vec![
            ("ItemSubTotal", decimal(subtotal)),
            ("ItemQuantity", of.to_string()),
        ];
        sale_of(vec![
            (first, subtotal),
            (priced_line(price, units), price * units),
        ])
    })
}

/// A price and a quantity, and a discount on the whole line that leaves something of it.
pub(super) fn total_discounts() -> impl Strategy<Value = Sale> {
    let line = (price(), units(), 1..1_000_i128).prop_map(|(rest, units, off)| {
        // So many more that the line comes to what is left once the discount is taken.
        let price = rest + off;
        let mut fields = priced_line(price, units);
        fields.push(("ItemTotalDiscount", decimal(off)));
        (fields, price * units - off)
    });
    orders_of(line)
}

/// A price and a quantity, and a discount for each unit that leaves something of it.
pub(super) fn unit_discounts() -> impl Strategy<Value = Sale> {
    let line = (price(), units(), 1..1_000_i128).prop_map(|(rest, units, off)| {
        let mut fields = priced_line(rest + off, units);
        fields.push(("ItemDiscount", decimal(off)));
        (fields, rest * units)
    });
    orders_of(line)
}

/// A price in whole units and a quantity, and a discount of whole percents, so that nothing has to be rounded.
pub(super) fn rate_discounts() -> impl Strategy<Value = Sale> {
    let line = (1..1_000_i128, units(), 1..100_i128).prop_map(|(price, units, rate)| {
        let mut fields = priced_line(price * 100, units);
        fields.push(("ItemDiscountRate", rate.to_string()));
        (fields, price * units * (100 - rate))
    });
    orders_of(line)
}

/// All three discounts of one line, which may be more than it comes to.
pub(super) fn all_discounts() -> impl Strategy<Value = Sale> {
    (
        10..1_000_i128,
        units(),
        1..600_i128,
        1..60_i128,
        1..9_000_i128,
    )
        .prop_map(|(price, units, off, rate, total)| {
            let mut fields = priced_line(price * 100, units);
            fields.push(("ItemDiscount", decimal(off)));
            fields.push(("ItemDiscountRate", rate.to_string()));
            fields.push(("ItemTotalDiscount", decimal(total)));
            let left = price * units * (100 - rate) - off * units - total;
            sale_of(vec![(fields, left.max(0))])
        })
}

/// Prices of a tenth of a cent, so that each line has to be rounded.
pub(super) fn fractions() -> impl Strategy<Value = Sale> {
    let line =
        (1..100_000_i128, prop_oneof![Just(1_i128), 2..10_i128]).prop_map(|(tenths, units)| {
            let fields = vec![
                (
                    "ItemPrice",
                    format!("{}.{:03}", tenths / 1_000, tenths % 1_000),
                ),
                ("ItemQuantity", units.to_string()),
            ];
            (fields, (tenths * units + 5).div_euclid(10))
        });
    orders_of(line)
}

/// Lines under any indices, sent in any order: the indices, and the fields.
pub(super) fn scattered() -> impl Strategy<Value = Vec<u16>> {
    btree_set(1..=9_999_u16, 2..6)
        .prop_map(|indices| indices.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}
