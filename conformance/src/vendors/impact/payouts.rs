//! Page "Actions", its amounts: what an action pays, in which currency, and how that has changed.

use proptest::prelude::*;
use serde_json::{Value, json as value};

use super::orders::{Partner, action_of, decimal, id_of, money, text};
use super::seeded::{MINUTE, Past, any_amount, cents};
use super::{STRANGER, accepted, account, by_seeded, get, submit};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Answer, Form, Transcript};
use crate::expect::{Expect, demand};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.actions.payout", payout),
    ("impact.actions.payout_of_clo", payout_of_clo),
    ("impact.actions.currency", currency),
    (
        "impact.conversions.currency_of_the_account",
        currency_of_the_account,
    ),
    ("impact.actions.deltas", deltas),
];

/// The most steps of a case that places an order and waits for its action.
const STEPS: u32 = 11;

/// Amount and Payout of an order's action in a list, in cents.
fn paid(answer: &Answer, order: &str) -> Option<(i128, i128)> {
    let action = action_of(answer, order)?;
    Some((money(&action["Amount"])?, money(&action["Payout"])?))
}

/// A case in which an order of so many cents has an action whose Payout is, or is not, so many.
fn pays(partner: &Partner, case: Case, order: &Form, amount: i128, payout: i128, is: bool) -> Case {
    let (until_id, id) = (id_of(order), id_of(order));
    let until = Expect::new(move |answer| {
        let comes_to = paid(answer, &until_id).map(|(amount, _)| amount);
        let wanted = format!("an action of {} that pays", decimal(amount));
        let got = comes_to.map_or_else(|| "none".to_owned(), decimal);
        demand(comes_to == Some(amount), "body Amount", wanted, got)
    });
    let wanted = format!("{}{}", if is { "" } else { "not " }, decimal(payout));
    let expect = Expect::new(move |answer| {
        let got = paid(answer, &id).map_or(0, |(_, payout)| payout);
        demand(
            (got == payout) == is,
            "body Payout",
            wanted.clone(),
            decimal(got),
        )
    });
    partner
        .placed(case, order)
        .eventually("actions", partner.get("Actions"), until, expect)
}

/// Four percent of an amount, to the cent.
pub(super) fn commission(cents: i128) -> i128 {
    (cents * 4 + 50).div_euclid(100)
}

/// The commission is four percent.
fn payout(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = move |name: &'static str, amount: i128| {
        let order = partner.order().set("Amount", decimal(amount));
        pays(
            &partner,
            Case::new(name),
            &order,
            amount,
            commission(amount),
            true,
        )
    };
    let rows = [
        ("the documented action", 2_199),
        ("two toy sets and a doll", 8_699),
        ("less than half a cent", 12),
        ("more than half a cent", 13),
        ("nothing", 0),
        ("a round amount", 10_000),
        ("a large amount", 9_999_999_999_999_999),
    ];
    let check = Check::new().cases(rows.map(|(name, amount)| case(name, amount)));
    let amounts = prop_oneof![1..1_000_i128, 1..100_000_000_i128];
    Ok(check.random(STEPS, amounts, move |amount| case("random amounts", amount)))
}

/// A CLO conversion pays its PayoutAmount, any other one does not.
fn payout_of_clo(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = move |name: &'static str, kind: Option<&'static str>, payout: i128| {
        let order = partner
            .order()
            .set("Amount", "100.00")
            .and("PayoutAmount", decimal(payout));
        let order = kind
            .into_iter()
            .fold(order, |order, kind| order.and("ConversionType", kind));
        let is = kind.is_some_and(|kind| kind == "CLO");
        // What others pay is a rule of its own.
        let other = partner.order().set("Amount", "21.99");
        let id = id_of(&other);
        let paid = Expect::new(move |answer| {
            let paid = paid(answer, &id).is_some_and(|paid| paid == (2_199, 88));
            demand(
                paid,
                "body /Actions",
                "an action of 21.99 that pays 0.88",
                "none",
            )
        });
        let case = partner.placed(Case::new(name), &other).given_eventually(
            "another",
            partner.get("Actions"),
            paid,
        );
        pays(&partner, case, &order, 10_000, payout, is)
    };
    let check = Check::new().cases([
        case("CLO", Some("CLO"), 123),
        case("CLO that pays nothing", Some("CLO"), 0),
        case("CLO that pays more than it comes to", Some("CLO"), 25_050),
        case("without a type", None, 123),
        case("of another type", Some("partner"), 123),
    ]);
    Ok(check.random(2 * STEPS, 500..1_000_000_i128, move |payout| {
        case("random payouts", Some("CLO"), payout)
    }))
}

/// An action in that currency that comes to so many cents.
fn in_currency(order: &Form, currency: &'static str, cents: i128) -> Expect {
    let order = id_of(order);
    let wanted = format!("{} {currency}", decimal(cents));
    Expect::new(move |answer| {
        let got = worth(answer, &order);
        demand(
            got == wanted,
            "body Amount and Currency",
            wanted.clone(),
            got,
        )
    })
}

/// With a rate an amount is converted, without one it stands as it was sent.
fn currency(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let rates = account(world, value!({"rates": {"EUR": "1.08", "CHF": "1.5"}}))?;
    let case = |name, sent: (&str, &str), shown: (&'static str, i128)| {
        let own = partner.order();
        let order = partner
            .order()
            .set("Amount", sent.1)
            .and("CurrencyCode", sent.0);
        let case = Case::new(name).state(rates.clone());
        partner
            .placed(case, &own)
            .given_eventually(
                "in the account's own",
                partner.get("Actions"),
                in_currency(&own, "USD", 1_000),
            )
            .given("other", partner.submit(&order), accepted())
            .eventually(
                "in another",
                partner.get("Actions"),
                credited(&order),
                in_currency(&order, shown.0, shown.1),
            )
    };
    Ok(Check::new().cases([
        case("with a rate", ("EUR", "10.00"), ("USD", 1_080)),
        case("with a rate, half a cent", ("CHF", "0.01"), ("USD", 2)),
        case(
            "with a rate, a large amount",
            ("EUR", "123456.78"),
            ("USD", 13_333_332),
        ),
        case("without a rate", ("GBP", "10.00"), ("GBP", 1_000)),
        case(
            "without a rate, and without decimals",
            ("JPY", "1500"),
            ("JPY", 150_000),
        ),
    ]))
}

/// Amount and Currency of an order's action in a list.
fn worth(answer: &Answer, order: &str) -> String {
    let action = action_of(answer, order).unwrap_or_default();
    let amount = money(&action["Amount"]).map_or_else(String::new, decimal);
    format!("{amount} {}", text(&action["Currency"]).unwrap_or_default())
}

/// A list with an action of that order, whatever it comes to.
fn credited(order: &Form) -> Expect {
    let order = id_of(order);
    Expect::new(move |answer| {
        let there = paid(answer, &order).is_some();
        demand(there, "body /Actions", "an action of the order", "none")
    })
}

/// Without a code the currency is that of the account: the same as with its code, and in a sandbox the seeded one.
fn currency_of_the_account(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let [without, with] = [partner.order(), partner.order()];
    let (first, second) = (id_of(&without), id_of(&with));
    let list = || partner.get("Actions");
    let sound = {
        let first = first.clone();
        Expect::new(move |answer| {
            let got = worth(answer, &first);
            let code = got.strip_prefix("10.00 ").is_some_and(|code| {
                code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
            });
            demand(code, "body Amount and Currency", "10.00 and a code", got)
        })
    };
    let by_name = {
        let (partner, with, first) = (partner.clone(), with.clone(), first.clone());
        move |transcript: &Transcript| {
            let shown = transcript.find("actions").ok_or("no list was read")?;
            let worth = worth(shown, &first);
            let code = worth.rsplit(' ').next().unwrap_or_default();
            Ok(partner.submit(&with.clone().and("CurrencyCode", code)))
        }
    };
    let check = Check::of(
        partner
            .placed(Case::new("the same as by name"), &without)
            .eventually("actions", list(), credited(&without), sound)
            .given("by name", by_name, accepted())
            .given_eventually("both", list(), credited(&with))
            .judge(move |transcript| {
                let list = transcript.answer("both");
                let [without, with] = [&first, &second].map(|order| worth(list, order));
                demand(without == with, "body Amount and Currency", with, without)
            }),
    );
    if !world.own_sandbox {
        return Ok(check);
    }
    let ours = partner.order();
    let theirs = partner.order().set("MediaPartnerId", "1924610");
    let submission = by_seeded(world, submit(world, &theirs)?, STRANGER)?;
    let their_list = by_seeded(world, get(world, "Actions")?, STRANGER)?;
    Ok(check.cases([
        partner
            .placed(Case::new("an account in dollars"), &ours)
            .eventually(
                "actions",
                list(),
                credited(&ours),
                in_currency(&ours, "USD", 1_000),
            ),
        Case::new("an account in euros")
            .given("order", submission, accepted())
            .eventually(
                "actions",
                their_list,
                credited(&theirs),
                in_currency(&theirs, "EUR", 1_000),
            ),
    ]))
}

/// What was done to an action; then Amount and Payout of the last step, and both as they stand.
type Row = (&'static str, Value, [i128; 2], [i128; 2]);

/// What a change of an action shows: its amounts before any change, and by how much the last one changed them.
fn deltas(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let lowered = value!({"amount": "30.00", "payout": "1.20"});
    let raised = value!({"amount": "45.00", "payout": "1.80"});
    let half = value!({"payout": "1.00"});
    let approved = value!({"at": world.now - MINUTE / 2, "state": "APPROVED"});
    let rows: [Row; 5] = [
        ("no change", value!([]), [5_000, 200], [5_000, 200]),
        ("lowered", value!([lowered]), [-2_000, -80], [3_000, 120]),
        (
            "lowered and raised",
            value!([lowered, raised]),
            [1_500, 60],
            [4_500, 180],
        ),
        (
            "lowered and approved",
            value!([lowered, approved]),
            [-2_000, -80],
            [3_000, 120],
        ),
        (
            "another commission",
            value!([half]),
            [0, -100],
            [5_000, 100],
        ),
    ];
    let mut check = Check::new();
    for (name, changes, delta, stands) in rows {
        let past = Past::of(world)?.changed(changes);
        let found = cents("/Amount", stands[0]).and(cents("/Payout", stands[1]));
        let written = any_amount("/DeltaAmount")
            .and(any_amount("/DeltaPayout"))
            .and(any_amount("/IntendedAmount"))
            .and(any_amount("/IntendedPayout"));
        let expect = cents("/DeltaAmount", delta[0])
            .and(cents("/DeltaPayout", delta[1]))
            .and(cents("/IntendedAmount", 5_000))
            .and(cents("/IntendedPayout", 200));
        check = check.case(
            partner
                .having(Case::new(name), &[&past])
                .given("found", partner.action(&past.order), found.and(written))
                .tested("action", partner.action(&past.order), expect),
        );
    }
    Ok(check)
}
