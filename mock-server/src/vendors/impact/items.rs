//! Page "Conversions", its texts on `Amount` and items: what the lines of an order come to.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::fields::{Fields, Findings};
use super::money::{INTEGER_DIGITS, Money, Rate};

/// A line of an order. Amounts are in the currency of the action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Item {
    /// Its index in the submission; 0 for the only line of an order without items.
    pub index: u16,
    /// Empty if none was sent.
    pub sku: String,
    /// Empty if none was sent.
    pub name: String,
    /// Empty if none was sent.
    pub category: String,
    /// Units.
    pub quantity: u64,
    /// What the line comes to, discounts subtracted.
    pub amount: Money,
    /// The discounts.
    pub rebate: Money,
    /// The commission.
    pub payout: Money,
}

/// What the fields say of one line.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    price: Option<Decimal>,
    subtotal: Option<Decimal>,
    quantity: u64,
    /// For each unit.
    discount: Decimal,
    /// In percent.
    discount_rate: Decimal,
    /// For the whole line.
    total_discount: Decimal,
}

impl Figures {
    fn of(fields: &Fields<'_>, index: u16) -> Self {
        let decimal = |name| fields.decimal(name, index);
        Self {
            price: decimal("ItemPrice"),
            subtotal: decimal("ItemSubTotal"),
            quantity: quantity(fields, index),
            discount: decimal("ItemDiscount").unwrap_or_default(),
            discount_rate: decimal("ItemDiscountRate").unwrap_or_default(),
            total_discount: decimal("ItemTotalDiscount").unwrap_or_default(),
        }
    }

    /// What the line comes to before discounts: its subtotal, or else price times quantity. None if that is too much.
    ///
    /// Rules: impact.items.price_times_quantity, impact.items.subtotal_wins, impact.items.subtotal_not_multiplied,
    /// impact.items.without_amount.
    fn base(self) -> Option<Decimal> {
        let base = match (self.subtotal, self.price) {
            (Some(subtotal), _) => subtotal,
            (None, Some(price)) => price.checked_mul(self.quantity.into())?,
            (None, None) => Decimal::ZERO,
        };
        (base < Decimal::from(10_u64.pow(u32::try_from(INTEGER_DIGITS).ok()?))).then_some(base)
    }

    /// What the line comes to, and its discounts: by unit, by rate and for the line, all taken from the base, and
    /// together never more than it.
    ///
    /// Rules: impact.items.total_discount, impact.items.unit_discount, impact.items.rate_discount,
    /// impact.items.discounts_add_up.
    fn totals(self) -> Option<(Money, Money)> {
        let base = self.base()?;
        // What overflows is more than any base.
        let discounts = || {
            let by_unit = self.discount.checked_mul(self.quantity.into())?;
            let by_rate = base
                .checked_mul(self.discount_rate)?
                .checked_div(Decimal::ONE_HUNDRED)?;
            by_unit
                .checked_add(by_rate)?
                .checked_add(self.total_discount)
        };
        let discounts = discounts().unwrap_or(base).min(base.max(Decimal::ZERO));
        Some((Money::rounded(base - discounts), Money::rounded(discounts)))
    }
}

/// Units of a line; one, if it does not say.
///
/// Rules: impact.items.one_unit_by_default.
fn quantity(fields: &Fields<'_>, index: u16) -> u64 {
    fields
        .numbered("ItemQuantity", index)
        .and_then(super::money::integer)
        .unwrap_or(1)
}

/// The lines of an order, in the order of their indices. As soon as there is one item field, items alone decide;
/// without one, the order is a single line of its `Amount`.
///
/// Rules: impact.items.amount_unused, impact.items.simple_conversion, impact.items.separate, impact.items.by_index.
pub(super) fn lines(fields: &Fields<'_>, findings: &mut Findings) -> Vec<Item> {
    if fields.items.is_empty() {
        let amount = Money::rounded(fields.decimal("Amount", 0).unwrap_or_default());
        return vec![Item {
            quantity: 1,
            amount,
            ..Item::default()
        }];
    }
    let line = |index: &u16| {
        let text = |name| fields.numbered(name, *index).unwrap_or_default().to_owned();
        let (amount, rebate) = Figures::of(fields, *index).totals().unwrap_or_else(|| {
            findings.line_too_large(*index);
            (Money::ZERO, Money::ZERO)
        });
        Item {
            index: *index,
            sku: text("ItemSku"),
            name: text("ItemName"),
            category: text("ItemCategory"),
            quantity: quantity(fields, *index),
            amount,
            rebate,
            payout: Money::ZERO,
        }
    };
    fields.items.iter().map(line).collect()
}

impl Item {
    /// The same line in another currency.
    pub(super) fn converted(self, rate: Rate) -> Self {
        Self {
            amount: self.amount.converted(rate),
            rebate: self.rebate.converted(rate),
            ..self
        }
    }

    /// How its path calls it: by its `Sku`, or else by its index.
    ///
    /// Rules: impact.actions.item_uri.
    pub(super) fn segment(&self) -> String {
        if self.sku.is_empty() {
            self.index.to_string()
        } else {
            self.sku.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vendors::impact::requests::Payload;

    fn judged(pairs: &[(&str, &str)]) -> (Vec<Item>, Findings) {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let payload = Payload::of_form(form.as_bytes());
        let mut fields = Fields::of(&payload);
        fields.judge();
        let mut findings = Findings::default();
        (lines(&fields, &mut findings), findings)
    }

    fn order(pairs: &[(&str, &str)]) -> Vec<Item> {
        judged(pairs).0
    }

    fn totals(pairs: &[(&str, &str)]) -> (Vec<String>, String) {
        let lines = order(pairs);
        let total: Money = lines.iter().map(|line| line.amount).sum();
        (
            lines.iter().map(|line| line.amount.to_string()).collect(),
            total.to_string(),
        )
    }

    const TOYS: [(&str, &str); 4] = [
        ("ItemPrice1", "40"),
        ("ItemQuantity1", "2"),
        ("ItemPrice2", "6.99"),
        ("ItemQuantity2", "1"),
    ];

    /// The worked sale of the seed document, two toy sets at 40 USD and a doll at 6.99, and its variants: section 14
    /// of the dossier, row by row.
    #[test]
    fn two_toy_sets_and_a_doll() {
        let with = |more: &[(&'static str, &'static str)]| [&TOYS[..], more].concat();
        for (sent, first, total) in [
            (with(&[]), "80.00", "86.99"),
            (
                vec![("ItemSubTotal1", "80"), ("ItemSubTotal2", "6.99")],
                "80.00",
                "86.99",
            ),
            (
                vec![
                    ("ItemSubTotal1", "80"),
                    ("ItemQuantity1", "2"),
                    ("ItemPrice2", "6.99"),
                    ("ItemQuantity2", "1"),
                ],
                "80.00",
                "86.99",
            ),
            (with(&[("Amount", "500")]), "80.00", "86.99"),
            (with(&[("ItemSubTotal1", "75")]), "75.00", "81.99"),
            (with(&[("ItemTotalDiscount1", "5")]), "75.00", "81.99"),
            (with(&[("ItemDiscount1", "3")]), "74.00", "80.99"),
        ] {
            let expected = (vec![first.to_owned(), "6.99".to_owned()], total.to_owned());
            assert_eq!(totals(&sent), expected, "{sent:?}");
        }
        assert_eq!(
            totals(&[("Amount", "86.99")]),
            (vec!["86.99".to_owned()], "86.99".to_owned())
        );
    }

    #[test]
    fn discounts_are_taken_from_the_base_together() {
        for (sent, amount, rebate) in [
            (
                &[("ItemPrice1", "10"), ("ItemDiscountRate1", "12.5")][..],
                "8.75",
                "1.25",
            ),
            (
                &[("ItemSubTotal1", "80"), ("ItemTotalDiscount1", "5")],
                "75.00",
                "5.00",
            ),
            (
                &[
                    ("ItemSubTotal1", "80"),
                    ("ItemQuantity1", "2"),
                    ("ItemDiscount1", "3"),
                ],
                "74.00",
                "6.00",
            ),
            (
                &[
                    ("ItemPrice1", "40"),
                    ("ItemQuantity1", "2"),
                    ("ItemDiscount1", "3"),
                    ("ItemDiscountRate1", "10"),
                    ("ItemTotalDiscount1", "5"),
                ],
                "61.00",
                "19.00",
            ),
            (
                &[("ItemPrice1", "10"), ("ItemTotalDiscount1", "10.01")],
                "0.00",
                "10.00",
            ),
            (
                &[("ItemPrice1", "10"), ("ItemDiscountRate1", "100")],
                "0.00",
                "10.00",
            ),
            (
                &[
                    ("ItemPrice1", "1"),
                    ("ItemDiscount1", "99999999999999"),
                    ("ItemQuantity1", "9999999999999"),
                ],
                "0.00",
                "9999999999999.00",
            ),
            (
                &[("ItemPrice1", "0.335"), ("ItemQuantity1", "1")],
                "0.34",
                "0.00",
            ),
            (
                &[("ItemPrice1", "0.335"), ("ItemQuantity1", "3")],
                "1.01",
                "0.00",
            ),
            (&[("ItemSku1", "A")], "0.00", "0.00"),
            (&[("ItemPrice1", "0")], "0.00", "0.00"),
            (&[("ItemPrice1", "7.5")], "7.50", "0.00"),
        ] {
            let line = &order(sent)[0];
            assert_eq!(
                (line.amount.to_string(), line.rebate.to_string()),
                (amount.to_owned(), rebate.to_owned()),
                "{sent:?}"
            );
        }
    }

    #[test]
    fn lines_are_rounded_before_they_are_added() {
        let thirds = [
            ("ItemPrice1", "0.005"),
            ("ItemPrice2", "0.005"),
            ("ItemPrice3", "0.005"),
        ];
        assert_eq!(totals(&thirds).1, "0.03");
    }

    #[test]
    fn items_come_in_the_order_of_their_indices() {
        let sent = [
            ("ItemSku7", "C"),
            ("ItemSku2", "A"),
            ("ItemSku10", "D"),
            ("ItemName3", "B"),
            ("ItemSku03", "X"),
        ];
        let indices: Vec<u16> = order(&sent).iter().map(|line| line.index).collect();
        assert_eq!(indices, [2, 3, 7, 10]);
        let segments: Vec<String> = order(&sent).iter().map(Item::segment).collect();
        assert_eq!(segments, ["A", "3", "C", "D"]);
    }

    #[test]
    fn an_item_that_lost_its_only_field_is_still_an_item() {
        let long = "x".repeat(256);
        assert_eq!(
            totals(&[("Amount", "500"), ("ItemSku1", &long)]),
            (vec!["0.00".to_owned()], "0.00".to_owned())
        );
        assert_eq!(
            totals(&[("Amount", "500"), ("ItemSku1", "  ")]),
            (vec!["500.00".to_owned()], "500.00".to_owned())
        );
    }

    #[test]
    fn a_line_has_at_most_fourteen_integer_digits() {
        let large = |price, quantity| {
            judged(&[("ItemPrice1", price), ("ItemQuantity1", quantity)])
                .1
                .into_result()
                .is_err()
        };
        assert!(!large("99999999999999.99", "1"));
        assert!(!large("9999999999999.9", "10"));
        assert!(large("10000000000000", "10"));
        assert!(large("99999999999999.99", "9999999999999999"));
    }

    proptest! {
        /// Whole cents need no rounding, so integers can tell what is right.
        #[test]
        fn a_line_is_exact(price in 0_u64..1_000_000, quantity in 1_u64..1_000, off in 0_u64..1_000_000, line in 0_u64..1_000_000) {
            let cents = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
            let (price_text, quantity_text, off_text, line_text) = (cents(price), quantity.to_string(), cents(off), cents(line));
            let sent = [
                ("ItemPrice1", &*price_text), ("ItemQuantity1", &quantity_text), ("ItemDiscount1", &off_text),
                ("ItemTotalDiscount1", &line_text),
            ];
            let expected = (price * quantity).saturating_sub(off * quantity + line);
            prop_assert_eq!(order(&sent)[0].amount.to_string(), cents(expected));
        }
    }
}
