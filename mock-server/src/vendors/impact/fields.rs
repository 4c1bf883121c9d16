//! The fields of a conversion: the 43 entries of the payload's schema, in its order, and what each may be.

use core::net::IpAddr;
use std::fmt;

use fixtures::{RuleId, rule};
use rust_decimal::Decimal;

use crate::engine::{Answer, Refusal, ensure};

use super::currencies::is_currency;
use super::dates;
use super::errors::Finding;
use super::money::{INTEGER_DIGITS, Number, integer};
use super::requests::{Payload, Value};

/// One entry of the schema.
struct Field {
    name: &'static str,
    family: Family,
    check: Check,
}

/// How many parameters an entry stands for.
#[derive(Clone, Copy)]
enum Family {
    /// One, of that name.
    One,
    /// Several: the name with a number from 1 to this.
    Numbered(u16),
    /// One for each item: the name with the item's index.
    Item,
}

/// What a value must be, and so what happens if it is not: an error, or a warning and the value is ignored.
#[derive(Clone, Copy)]
enum Check {
    /// An error, by this rule; as everything up to `Quantity`.
    Id(RuleId),
    EventDate,
    OrderId,
    Amount,
    Currency,
    /// An amount of an item.
    Price,
    /// Percent, 0 to 100.
    Percent,
    Quantity,
    /// A warning, as everything below.
    Text,
    Date,
    Ip,
    /// A decimal of 18 digits, 2 of them behind the point.
    Decimal18,
    Digits(&'static [usize], &'static str),
    ConversionType,
    Payout,
}

/// The 43 entries, in the order of the reference. Errors and warnings come in this order too.
///
/// Rules: impact.fields.texts, impact.fields.stated_lengths, impact.fields.reporting_fields,
/// impact.fields.unknown_ignored, impact.fields.numbers.
const FIELDS: [Field; 43] = [
    one(
        "ActionTrackerId",
        Check::Id(rule("impact.conversions.action_tracker_integer")),
    ),
    one(
        "CampaignId",
        Check::Id(rule("impact.conversions.campaign_integer")),
    ),
    one("EventDate", Check::EventDate),
    one(
        "MediaPartnerId",
        Check::Id(rule("impact.conversions.partner_integer")),
    ),
    one(
        "MediaId",
        Check::Id(rule("impact.conversions.partner_integer")),
    ),
    one("OrderId", Check::OrderId),
    one("Amount", Check::Amount),
    one(
        "CardBin",
        Check::Digits(&[6, 8], "must be exactly 6 or 8 digits"),
    ),
    one(
        "CardLastFour",
        Check::Digits(&[4], "must be exactly 4 digits"),
    ),
    one("ConversionType", Check::ConversionType),
    one("CurrencyCode", Check::Currency),
    one("CustomerCity", Check::Text),
    one("CustomerCountry", Check::Text),
    one("CustomerPostCode", Check::Text),
    one("CustomerStatus", Check::Text),
    numbered("Date", 15, Check::Date),
    one("DeviceMfr", Check::Text),
    one("DeviceModel", Check::Text),
    one("IpAddress", Check::Ip),
    item("ItemBrand", Check::Text),
    item("ItemCategory", Check::Text),
    item("ItemDeliveryType", Check::Text),
    item("ItemDiscount", Check::Price),
    item("ItemDiscountRate", Check::Percent),
    item("ItemMpn", Check::Text),
    item("ItemName", Check::Text),
    item("ItemPrice", Check::Price),
    item("ItemPromoCode", Check::Text),
    item("ItemQuantity", Check::Quantity),
    item("ItemSku", Check::Text),
    item("ItemSubCategory", Check::Text),
    item("ItemSubTotal", Check::Price),
    item("ItemTotalDiscount", Check::Price),
    one("LocationId", Check::Text),
    one("LocationName", Check::Text),
    numbered("Money", 3, Check::Decimal18),
    one("Note", Check::Text),
    numbered("Numeric", 10, Check::Decimal18),
    one("PayoutAmount", Check::Payout),
    one("SharedId", Check::Text),
    numbered("SubId", 3, Check::Text),
    numbered("Text", 50, Check::Text),
    one("UserAgent", Check::Text),
];

const fn one(name: &'static str, check: Check) -> Field {
    Field {
        name,
        family: Family::One,
        check,
    }
}

const fn numbered(name: &'static str, last: u16, check: Check) -> Field {
    Field {
        name,
        family: Family::Numbered(last),
        check,
    }
}

const fn item(name: &'static str, check: Check) -> Field {
    Field {
        name,
        family: Family::Item,
        check,
    }
}

/// How many characters a text may have.
const TEXT_LENGTH: usize = 255;

/// The largest index of an item.
const LAST_ITEM: u16 = 9_999;

/// A field that was sent: its place in [`FIELDS`], and its number or index, 0 if it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(usize, u16);

impl Key {
    /// Which field a parameter is. Names are compared exactly; numbers have no leading zeros.
    fn of(parameter: &str) -> Option<Self> {
        let base = parameter.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = &parameter[base.len()..];
        let position = FIELDS.iter().position(|field| field.name == base)?;
        let last = match FIELDS[position].family {
            Family::One => return number.is_empty().then_some(Self(position, 0)),
            Family::Numbered(last) => last,
            Family::Item => LAST_ITEM,
        };
        let number = number.parse().ok().filter(|_| !number.starts_with('0'))?;
        (number <= last).then_some(Self(position, number))
    }

    /// The key of a field by its name.
    fn named(name: &str, number: u16) -> Self {
        let position = FIELDS.iter().position(|field| field.name == name);
        Self(
            position.expect("only names of the table are asked for"),
            number,
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FIELDS[self.0].name)?;
        if self.1 > 0 {
            write!(f, "{}", self.1)
        } else {
            Ok(())
        }
    }
}

/// The fields that were sent and are not blank, in the order of the reference.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    sent: Vec<(Key, &'a Value<'a>)>,
    /// The indices of all items that were sent, also of such that lost every field to a warning.
    pub(super) items: Vec<u16>,
}

impl<'a> Fields<'a> {
    /// Finds the fields among the parameters. Of equal names the first counts; blank is absent; `MediaId` is looked at
    /// only where `MediaPartnerId` is absent.
    ///
    /// Rules: impact.fields.first_counts, impact.fields.blank_is_absent, impact.conversions.partner_alias,
    /// impact.conversions.partner_before_alias, impact.items.detected.
    pub(super) fn of(payload: &'a Payload<'a>) -> Self {
        let mut sent: Vec<(Key, &Value<'_>)> = payload
            .pairs
            .iter()
            .filter_map(|(name, value)| Some((Key::of(name)?, value)))
            .collect();
        sent.sort_by_key(|(key, _)| *key);
        sent.dedup_by_key(|(key, _)| *key);
        sent.retain(|(_, value)| !value.literal().chars().all(char::is_whitespace));
        let items = sent
            .iter()
            .filter(|(key, _)| matches!(FIELDS[key.0].family, Family::Item));
        let mut items: Vec<u16> = items.map(|(key, _)| key.1).collect();
        items.sort_unstable();
        items.dedup();
        let mut fields = Self { sent, items };
        if fields.find(Key::named("MediaPartnerId", 0)).is_some() {
            fields
                .sent
                .retain(|(key, _)| *key != Key::named("MediaId", 0));
        }
        fields
    }

    /// Judges every field. Afterwards only sound values are left.
    pub(super) fn judge(&mut self) -> Findings {
        let mut findings = Findings::default();
        for (name, alias, rule) in [
            (
                "ActionTrackerId",
                None,
                rule("impact.conversions.action_tracker_required"),
            ),
            (
                "CampaignId",
                None,
                rule("impact.conversions.campaign_required"),
            ),
            (
                "EventDate",
                None,
                rule("impact.conversions.event_date_required"),
            ),
            (
                "MediaPartnerId",
                Some("MediaId"),
                rule("impact.conversions.partner_required"),
            ),
            (
                "OrderId",
                None,
                rule("impact.conversions.order_id_required"),
            ),
        ] {
            let is_there = |name| self.find(Key::named(name, 0)).is_some();
            findings.unless(
                is_there(name) || alias.is_some_and(is_there),
                rule,
                Key::named(name, 0),
                "is required",
            );
        }
        self.sent.retain(|(key, value)| {
            let text = match value {
                Value::Text(text) => Some(&**text),
                Value::Other(_) => None,
            };
            FIELDS[key.0].check.judge(&mut findings, *key, text)
        });
        findings
    }

    fn find(&self, key: Key) -> Option<&'a Value<'a>> {
        let position = self.sent.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        Some(self.sent[position].1)
    }

    /// The partner that is named, if it is a number: `MediaPartnerId`, or else `MediaId`.
    pub(super) fn partner(&self) -> Option<u64> {
        self.text("MediaPartnerId")
            .or_else(|| self.text("MediaId"))
            .and_then(integer)
    }

    /// The value of a field that is no family.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.numbered(name, 0)
    }

    /// The value of one of a family.
    pub(super) fn numbered(&self, name: &str, number: u16) -> Option<&'a str> {
        match self.find(Key::named(name, number))? {
            Value::Text(text) => Some(text),
            Value::Other(_) => None,
        }
    }

    /// The same, as a decimal number.
    pub(super) fn decimal(&self, name: &str, number: u16) -> Option<Decimal> {
        self.numbered(name, number)
            .and_then(Number::parse)
            .and_then(Number::value)
    }
}

impl Check {
    /// Whether a value can be used. Says so if it cannot. `None` is JSON that is neither text nor a number.
    ///
    /// Rules: impact.fields.clo, impact.warnings.card_bin, impact.warnings.card_last_four, impact.warnings.conversion_type,
    /// impact.warnings.payout_amount, impact.warnings.text, impact.warnings.reporting_fields.
    fn judge(self, findings: &mut Findings, key: Key, value: Option<&str>) -> bool {
        let number = value.and_then(Number::parse);
        let is_text = value.is_some_and(|value| value.chars().nth(TEXT_LENGTH).is_none());
        match self {
            Self::Id(rule) => findings.unless(
                value.and_then(integer).is_some(),
                rule,
                key,
                "must be an integer",
            ),
            Self::EventDate => {
                let sound =
                    value.is_some_and(|value| value == "NOW" || dates::parse(value).is_some());
                let rule = rule("impact.conversions.event_date_syntax");
                findings.unless(sound, rule, key, "must be NOW or an ISO 8601 timestamp")
            }
            Self::OrderId => {
                let rule = rule("impact.conversions.order_id_length");
                findings.unless(
                    is_text,
                    rule,
                    key,
                    "must be a text of at most 255 characters",
                )
            }
            Self::Currency => {
                let rule = rule("impact.conversions.currency_code");
                findings.unless(
                    value.is_some_and(is_currency),
                    rule,
                    key,
                    "must be a currency code of ISO 4217",
                )
            }
            Self::Amount => {
                findings.amount(key, number, rule("impact.conversions.amount_syntax"))
                    && findings.not_negative(
                        key,
                        number,
                        rule("impact.conversions.amount_negative"),
                    )
            }
            Self::Price => {
                findings.amount(key, number, rule("impact.items.amount_syntax"))
                    && findings.not_negative(key, number, rule("impact.items.amount_negative"))
            }
            Self::Percent => {
                let sound = number.is_some_and(|number| {
                    !number.is_negative()
                        && number
                            .value()
                            .is_some_and(|rate| rate <= Decimal::ONE_HUNDRED)
                });
                findings.unless(
                    sound,
                    rule("impact.items.discount_rate"),
                    key,
                    "must be a decimal from 0 to 100",
                )
            }
            Self::Quantity => {
                let sound = value.and_then(integer).is_some_and(|units| units > 0);
                findings.unless(
                    sound,
                    rule("impact.items.quantity"),
                    key,
                    "must be an integer from 1",
                )
            }
            Self::Text => {
                findings.warn_unless(is_text, key, "must be a text of at most 255 characters")
            }
            Self::Date => {
                let sound = value.and_then(dates::parse).is_some();
                findings.warn_unless(sound, key, "must be an ISO 8601 timestamp")
            }
            Self::Ip => {
                let sound = value.is_some_and(|value| value.parse::<IpAddr>().is_ok());
                findings.warn_unless(sound, key, "must be an IPv4 or IPv6 address")
            }
            Self::Decimal18 => {
                let sound = number
                    .is_some_and(|number| number.integer_digits <= 16 && number.decimals <= 2);
                findings.warn_unless(
                    sound,
                    key,
                    "must be a decimal of at most 16 digits and 2 decimals",
                )
            }
            Self::Digits(lengths, must) => {
                let digits = value.filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
                findings.warn_unless(
                    digits.is_some_and(|digits| lengths.contains(&digits.len())),
                    key,
                    must,
                )
            }
            Self::Payout => {
                let small = |number: &Number<'_>| {
                    !number.is_negative() && number.integer_digits <= INTEGER_DIGITS
                };
                findings.warn_unless(
                    number.as_ref().is_some_and(small),
                    key,
                    "must be a non-negative decimal",
                )
            }
            Self::ConversionType => {
                let known = value.is_some_and(|value| value.eq_ignore_ascii_case("CLO"));
                if !known {
                    findings.warn(key, format!("{key} not recognized: defaulted to partner."));
                }
                known
            }
        }
    }
}

/// What is wrong with the fields of a conversion.
#[derive(Debug, Default)]
pub(super) struct Findings {
    errors: Vec<(Key, RuleId, Finding)>,
    warnings: Vec<Finding>,
}

impl Findings {
    /// Notes an error, unless something holds.
    fn unless(&mut self, holds: bool, rule: RuleId, key: Key, must: &str) -> bool {
        // The gate of every refusal, so that what lets a rule through lets it through here; the answer follows when all
        // fields are judged.
        let gate = ensure(holds, || Refusal::new(rule, "", Answer::default()));
        if gate.is_err() {
            self.errors.push((
                key,
                rule,
                Finding {
                    field: key.to_string(),
                    message: format!("{key} {must}."),
                },
            ));
        }
        gate.is_ok()
    }

    fn amount(&mut self, key: Key, number: Option<Number<'_>>, rule: RuleId) -> bool {
        let sound = number.is_some_and(|number| number.integer_digits <= INTEGER_DIGITS);
        self.unless(
            sound,
            rule,
            key,
            "must be a decimal of at most 14 integer digits",
        )
    }

    fn not_negative(&mut self, key: Key, number: Option<Number<'_>>, rule: RuleId) -> bool {
        let negative = number.is_some_and(Number::is_negative);
        self.unless(!negative, rule, key, "must not be negative")
    }

    /// Notes that a line comes to too much.
    pub(super) fn line_too_large(&mut self, item: u16) {
        let key = Key::named("ItemQuantity", item);
        self.unless(
            false,
            rule("impact.items.line_size"),
            key,
            "makes a line of more than 14 integer digits",
        );
    }

    fn warn_unless(&mut self, holds: bool, key: Key, must: &str) -> bool {
        if !holds {
            self.warn(key, format!("{key} ignored: {must}."));
        }
        holds
    }

    fn warn(&mut self, key: Key, message: String) {
        self.warnings.push(Finding {
            field: key.to_string(),
            message,
        });
    }

    /// The rules that were broken and what to say about it, in the order of the reference; or else the warnings.
    ///
    /// Rules: impact.conversions.all_errors.
    pub(super) fn into_result(mut self) -> Result<Vec<Finding>, (Vec<RuleId>, Vec<Finding>)> {
        if self.errors.is_empty() {
            return Ok(self.warnings);
        }
        self.errors.sort_by_key(|(key, ..)| *key);
        Err(self
            .errors
            .into_iter()
            .map(|(_, rule, finding)| (rule, finding))
            .unzip())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_43_entries_with_names_of_their_own() {
        let names: std::collections::BTreeSet<&str> =
            FIELDS.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), 43);
        assert!(
            names
                .iter()
                .all(|name| !name.ends_with(|c: char| c.is_ascii_digit()))
        );
    }

    #[test]
    fn numbers_belong_to_names_that_have_them() {
        let name = |parameter| Key::of(parameter).map(|key| key.to_string());
        for known in [
            "Amount",
            "Date1",
            "Date15",
            "Money3",
            "Numeric10",
            "SubId3",
            "Text50",
            "ItemSku1",
            "ItemSku9999",
        ] {
            assert_eq!(name(known).as_deref(), Some(known));
        }
        for unknown in [
            "",
            "1",
            "amount",
            "Amount1",
            "Date",
            "Date0",
            "Date01",
            "Date16",
            "Money4",
            "Numeric11",
            "SubId4",
            "Text51",
            "ItemSku",
            "ItemSku0",
            "ItemSku01",
            "ItemSku10000",
            "ItemSku99999999",
            "ItemSku-1",
            "ClickId",
            "CustomerId",
            "CustomerEmail",
            "EventTypeId",
            "OrderDiscount",
            "OrderTax",
            "ItemText1_1",
            "Amount ",
        ] {
            assert_eq!(name(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn findings_come_in_the_order_of_the_reference() {
        let mut findings = Findings::default();
        findings.line_too_large(1);
        findings.unless(
            false,
            rule("impact.conversions.order_id_required"),
            Key::named("OrderId", 0),
            "is required",
        );
        let (_, errors) = findings.into_result().unwrap_err();
        let fields: Vec<&str> = errors
            .iter()
            .map(|finding| finding.field.as_str())
            .collect();
        assert_eq!(fields, ["OrderId", "ItemQuantity1"]);
    }
}
