//! Numbers as the Requests page has them, and amounts of money: exact, to the cent, half of one rounded up.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// Reads an integer of a parameter: 1 to 16 digits and nothing else. Leading zeros are dropped.
pub(super) fn integer(text: &str) -> Option<u64> {
    let sound = matches!(text.len(), 1..=16) && text.bytes().all(|byte| byte.is_ascii_digit());
    if sound { text.parse().ok() } else { None }
}

/// A decimal number of a parameter, as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'a> {
    /// Sign, digits, and perhaps a point with more digits.
    text: &'a str,
    /// Digits before the point, leading zeros not counted.
    pub(super) integer_digits: usize,
    /// Digits behind the point.
    pub(super) decimals: usize,
}

impl<'a> Number<'a> {
    /// Reads an optional sign, digits, and an optional point with digits behind it. No exponent, no separators.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (integer, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let sound =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        (sound(integer) && sound(decimals)).then(|| Self {
            text,
            integer_digits: integer.trim_start_matches('0').len(),
            decimals: unsigned.len().saturating_sub(integer.len() + 1),
        })
    }

    /// Whether it is smaller than zero.
    pub(super) fn is_negative(self) -> bool {
        self.text.starts_with('-') && self.text.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
    }

    /// Its value, to 28 places; nothing if it has more integer digits than that.
    pub(super) fn value(self) -> Option<Decimal> {
        self.text.parse().ok()
    }
}

/// How many integer digits an amount may have.
pub(super) const INTEGER_DIGITS: usize = 14;

/// An amount of money, to the cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Money(Decimal);

impl Money {
    /// Nothing.
    pub(super) const ZERO: Self = Self(Decimal::ZERO);

    /// To the cent, half of one up.
    ///
    /// Rules: impact.items.rounded_by_line.
    pub(super) fn rounded(amount: Decimal) -> Self {
        Self(amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    }

    /// A part of it, in percent.
    pub(super) fn percent(self, rate: Rate) -> Self {
        Self::rounded(self.0.checked_mul(rate.0).unwrap_or(Decimal::MAX) / Decimal::ONE_HUNDRED)
    }

    /// Half of it.
    pub(super) fn half(self) -> Self {
        Self::rounded(self.0 / Decimal::TWO)
    }

    /// The same in another currency.
    pub(super) fn converted(self, rate: Rate) -> Self {
        Self::rounded(self.0.checked_mul(rate.0).unwrap_or(Decimal::MAX))
    }

    /// What it is more than another amount; negative if it is less.
    pub(super) fn less(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|amount| amount.0).sum())
    }
}

impl fmt::Display for Money {
    /// Exactly two decimals.
    ///
    /// Rules: impact.formats.two_decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

impl From<Money> for String {
    fn from(amount: Money) -> Self {
        amount.to_string()
    }
}

impl TryFrom<String> for Money {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // More digits than any sum of lines has, and few enough for every sum of two.
        let sound = Number::parse(&text).filter(|n| n.integer_digits <= 24 && n.decimals <= 2);
        let amount = sound.and_then(Number::value).map(Self);
        amount.ok_or_else(|| format!("{text:?} is no amount; write it like \"86.99\""))
    }
}

/// A factor: a commission in percent, or the worth of one currency in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate(Decimal);

impl Rate {
    /// Four percent: what the vendor's example of an action pays.
    pub(super) const FOUR: Self = Self(Decimal::from_parts(4, 0, 0, false, 0));
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.0.to_string()
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let sound = Number::parse(&text)
            .filter(|n| n.integer_digits <= 6 && n.decimals <= 8 && !n.is_negative());
        let rate = sound.and_then(Number::value).map(Self);
        rate.ok_or_else(|| format!("{text:?} is no rate; write it like \"4\" or \"1.0825\""))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers_are_one_to_sixteen_digits() {
        assert_eq!(integer("19845"), Some(19_845));
        assert_eq!(integer("0019845"), Some(19_845));
        assert_eq!(integer("9999999999999999"), Some(9_999_999_999_999_999));
        for text in [
            "",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "12345678901234567",
            "\u{661}",
            "abc",
        ] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_have_a_sign_digits_and_a_point_at_most() {
        for text in [
            "0",
            "40",
            "6.99",
            "-5",
            "+5.25",
            "007.10",
            "0.30000000000000004",
            "99999999999999.99",
        ] {
            assert!(Number::parse(text).is_some(), "{text}");
        }
        for text in [
            "", "-", ".", "5.", ".5", "1e3", "1,000.00", "$5", "5 ", " 5", "--5", "1.2.3", "NaN",
            "0x10",
        ] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
        let digits = |text| {
            Number::parse(text)
                .map(|number| (number.integer_digits, number.decimals))
                .unwrap()
        };
        assert_eq!(digits("007.10"), (1, 2));
        assert_eq!(digits("-0"), (0, 0));
        assert!(Number::parse("-0.01").unwrap().is_negative());
        assert!(!Number::parse("-0.00").unwrap().is_negative());
    }

    #[test]
    fn half_a_cent_is_rounded_up() {
        let rounded = |text: &str| Money::rounded(text.parse().unwrap()).to_string();
        assert_eq!(rounded("0.005"), "0.01");
        assert_eq!(rounded("0.0049999999999999999999999999"), "0.00");
        assert_eq!(rounded("2.675"), "2.68");
        assert_eq!(rounded("86.985"), "86.99");
        assert_eq!(rounded("80"), "80.00");
        assert_eq!(rounded("-0"), "0.00");
    }

    #[test]
    fn four_percent_of_the_documented_action() {
        let payout = |amount: &str| {
            Money::try_from(amount.to_owned())
                .unwrap()
                .percent(Rate::FOUR)
                .to_string()
        };
        assert_eq!(payout("21.99"), "0.88");
        assert_eq!(payout("86.99"), "3.48");
        assert_eq!(payout("0.12"), "0.00");
        assert_eq!(payout("0.13"), "0.01");
    }

    proptest! {
        #[test]
        fn cents_survive(cents in 0_i64..100_000_000_000_000) {
            let text = format!("{}.{:02}", cents / 100, cents % 100);
            prop_assert_eq!(Money::try_from(text.clone()).unwrap().to_string(), text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9.e]{0,60}") {
            let short = Number::parse(&text).filter(|number| number.integer_digits <= INTEGER_DIGITS);
            prop_assert!(short.is_none_or(|number| number.value().is_some()));
        }
    }
}
