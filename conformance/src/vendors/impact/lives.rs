//! Page "Actions", its states: what a brand can do to an action, until when, and what comes of it.

use jiff::tz::Offset;
use serde_json::{Value, json as value};

use super::actions::LOCKING_DAYS;
use super::orders::Partner;
use super::seeded::{DAY, MINUTE, Past, cents, empty, instant, midnight, state};
use crate::check::{Case, Check, Entry};
use crate::expect::json;
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.actions.locks", locks),
    ("impact.actions.approved_is_final", approved_is_final),
    (
        "impact.actions.modified_stays_pending",
        modified_stays_pending,
    ),
    (
        "impact.actions.reversed_pays_nothing",
        reversed_pays_nothing,
    ),
    ("impact.actions.restored", restored),
    ("impact.actions.modified_to_zero", modified_to_zero),
    ("impact.actions.clears", clears),
    ("impact.actions.adjustment_reasons", adjustment_reasons),
];

/// A pending action is approved when its locking date has come, and not before.
fn locks(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let at = world.now + DAY * 2;
    let past = Past::of(world)?.locks_at(at);
    let read = || partner.action(&past.order);
    let to_the_second = partner
        .having(Case::new("a minute before, and then"), &[&past])
        .given(
            "now",
            read(),
            state("PENDING").and(instant("/LockingDate", at)),
        )
        .clock(at - MINUTE)
        .tested("a minute before", read(), state("PENDING"))
        .clock(at)
        .tested("at the locking date", read(), state("APPROVED"))
        .clock(at + DAY * 100)
        .tested("long after", read(), state("APPROVED"));
    let order = partner.order();
    let submitted = partner
        .credited(Case::new("an order of today"), &order)
        .given("now", partner.action(&order), state("PENDING"))
        .clock(world.now + DAY * (LOCKING_DAYS - 1))
        .tested("a day before", partner.action(&order), state("PENDING"))
        .clock(world.now + DAY * LOCKING_DAYS)
        .tested("on the day", partner.action(&order), state("APPROVED"));
    Ok(Check::new().cases([to_the_second, submitted]))
}

/// What a brand does to an approved action has no effect, while it has one on an action that is not approved.
fn approved_is_final(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let approved = value!({"state": "APPROVED"});
    let reversed = value!({"state": "REVERSED"});
    let lowered = value!({"amount": "30.00", "payout": "1.20"});
    let case = |name, before: &[&Value], after: &Value, kept: [i128; 2]| {
        let of = |changes: Vec<&Value>| Ok(Past::of(world)?.changed(value!(changes)));
        let untouched = of(Vec::new())?;
        let open = of([before, &[after]].concat())?;
        let settled = of(vec![&approved])?;
        let changed = of([before, &[&approved, after]].concat())?;
        let kept = cents("/Amount", kept[0]).and(cents("/Payout", kept[1]));
        let changed_so = if *after == reversed {
            "REVERSED"
        } else {
            "PENDING"
        };
        Ok(partner
            .having(Case::new(name), &[&untouched, &open, &settled, &changed])
            .given(
                "untouched",
                partner.action(&untouched.order),
                cents("/Payout", 200),
            )
            .given(
                "not approved",
                partner.action(&open.order),
                state(changed_so),
            )
            .given(
                "only approved",
                partner.action(&settled.order),
                state("APPROVED"),
            )
            .tested(
                "approved, then changed",
                partner.action(&changed.order),
                state("APPROVED").and(kept),
            ))
    };
    let later = value!({"at": world.now + DAY * 3, "state": "REVERSED"});
    let open = Past::of(world)?.changed(value!([later]));
    let locked = Past::of(world)?.locks_at(world.now + DAY * 2);
    let changed = locked.another(world).changed(value!([later]));
    let after_locking = partner
        .having(
            Case::new("after the locking date"),
            &[&open, &locked, &changed],
        )
        .given("before", partner.action(&open.order), cents("/Payout", 200))
        .clock(world.now + DAY * 4)
        .given("not locked", partner.action(&open.order), state("REVERSED"))
        .given(
            "only locked",
            partner.action(&locked.order),
            state("APPROVED"),
        )
        .tested(
            "locked, then changed",
            partner.action(&changed.order),
            state("APPROVED")
                .and(cents("/Amount", 5_000))
                .and(cents("/Payout", 200)),
        );
    Ok(Check::new().cases([
        case("a reversal", &[], &reversed, [5_000, 200])?,
        case("another amount", &[], &lowered, [5_000, 200])?,
        case(
            "a reversal after another amount",
            &[&lowered],
            &reversed,
            [3_000, 120],
        )?,
        after_locking,
    ]))
}

/// An action whose amount was changed is still PENDING.
fn modified_stays_pending(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, changes, amount| {
        let untouched = Past::of(world)?;
        let modified = untouched.another(world).changed(changes);
        let read = || partner.action(&modified.order);
        Ok(partner
            .having(Case::new(name), &[&untouched, &modified])
            .given(
                "untouched",
                partner.action(&untouched.order),
                state("PENDING"),
            )
            .given("found", read(), cents("/Amount", amount))
            .tested("modified", read(), state("PENDING")))
    };
    let lowered = value!({"amount": "30.00", "payout": "1.20"});
    let least = value!({"amount": "0.01", "payout": "0.00"});
    Ok(Check::new().cases([
        case("another amount", value!([lowered]), 3_000)?,
        case("almost nothing", value!([least]), 1)?,
        case("twice", value!([lowered, least]), 1)?,
    ]))
}

/// A reversed action pays nothing, and does not become APPROVED when it locks.
fn reversed_pays_nothing(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let untouched = Past::of(world)?;
    let reversed = untouched
        .another(world)
        .changed(value!([{"state": "REVERSED", "reason": "ITEM_RETURNED"}]));
    let read = || partner.action(&reversed.order);
    let nothing = || state("REVERSED").and(cents("/Payout", 0));
    let stands = state("PENDING").and(cents("/Payout", 200));
    Ok(Check::of(
        partner
            .having(
                Case::new("before and after locking"),
                &[&untouched, &reversed],
            )
            .given("untouched", partner.action(&untouched.order), stands)
            .given("found", read(), json("/State").exists())
            .tested("reversed", read(), nothing())
            .clock(world.now + DAY * 11)
            .given(
                "locked",
                partner.action(&untouched.order),
                state("APPROVED"),
            )
            .tested("reversed, later", read(), nothing()),
    ))
}

/// A reversed action that is restored is PENDING, and becomes APPROVED at the locking date that it had.
fn restored(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, before: Value| {
        let untouched = Past::of(world)?;
        let mut changes = before.as_array().cloned().unwrap_or_default();
        changes.push(value!({"state": "REVERSED"}));
        let reversed = untouched.another(world).changed(value!(changes));
        changes.push(value!({"state": "PENDING"}));
        let restored = untouched.another(world).changed(value!(changes));
        let at = world.now + DAY * 10;
        let read = || partner.action(&restored.order);
        let locks = || instant("/LockingDate", at);
        Ok(partner
            .having(Case::new(name), &[&untouched, &reversed, &restored])
            .given(
                "untouched",
                partner.action(&untouched.order),
                state("PENDING").and(locks()),
            )
            .given(
                "reversed",
                partner.action(&reversed.order),
                state("REVERSED"),
            )
            .tested("restored", read(), state("PENDING").and(locks()))
            .clock(at + MINUTE)
            .given(
                "locked",
                partner.action(&untouched.order),
                state("APPROVED"),
            )
            .tested("restored, later", read(), state("APPROVED")))
    };
    let lowered = value!([{"amount": "8.00", "payout": "0.32"}]);
    Ok(Check::new().cases([
        case("reversed and restored", value!([]))?,
        case("lowered, reversed and restored", lowered)?,
    ]))
}

/// An action whose amount is set to 0 is REVERSED, unless that is what it was before.
fn modified_to_zero(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let case = |name, before: Value| {
        let mut changes = before.as_array().cloned().unwrap_or_default();
        let lowered = Past::of(world)?.changed(value!([{"amount": "8.00", "payout": "0.32"}]));
        let reversed = lowered
            .another(world)
            .changed(value!([{"state": "REVERSED"}]));
        changes.push(value!({"amount": "0.00"}));
        let zero = lowered.another(world).changed(value!(changes));
        Ok(partner
            .having(Case::new(name), &[&lowered, &reversed, &zero])
            .given("lowered", partner.action(&lowered.order), state("PENDING"))
            .given(
                "reversed",
                partner.action(&reversed.order),
                state("REVERSED"),
            )
            .tested("set to 0", partner.action(&zero.order), state("REVERSED")))
    };
    let lowered = value!([{"amount": "8.00", "payout": "0.32"}]);
    Ok(Check::new().cases([case("at once", value!([]))?, case("in two steps", lowered)?]))
}

/// The commission of an approved action clears 30 days after it locked.
fn clears(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let order = partner.order();
    let locking = midnight(world.now, LOCKING_DAYS, Offset::constant(-7))
        .expect("the time of a sandbox is far from the end of all times");
    let clearing = locking + DAY * 30;
    let read = || partner.action(&order);
    let in_time = partner
        .credited(Case::new("an order of today"), &order)
        .given("now", read(), instant("/LockingDate", locking))
        .tested("pending", read(), empty("/ClearedDate"))
        .clock(locking + MINUTE)
        .given("approved", read(), state("APPROVED"))
        .tested("approved, not cleared", read(), empty("/ClearedDate"))
        .clock(clearing - MINUTE * 5)
        .tested("minutes before", read(), empty("/ClearedDate"))
        .clock(clearing + MINUTE)
        .tested("a minute after", read(), instant("/ClearedDate", clearing));
    let untouched = Past::of(world)?;
    let reversed = untouched
        .another(world)
        .changed(value!([{"state": "REVERSED"}]));
    let never = partner
        .having(Case::new("a reversed one"), &[&untouched, &reversed])
        .clock(world.now + DAY * 41)
        .given(
            "approved",
            partner.action(&untouched.order),
            json("/ClearedDate").matches("T"),
        )
        .tested(
            "reversed",
            partner.action(&reversed.order),
            empty("/ClearedDate"),
        );
    Ok(Check::new().cases([in_time, never]))
}

/// The documented codes, one of them misspelt.
const REASONS: [&str; 25] = [
    "OVERLIMIT_WEEKDAYCAP",
    "OVERLIMIT_WEEKENDCAP",
    "OVERLIMIT_BUDGET",
    "OVERLIMIT_ACTIONCAP",
    "OVERLIMIT_CONCURRENTCALLS",
    "OVERLIMIT_UNKNOWN_CALLERID",
    "RECALC_COMM",
    "MP_RETURN",
    "APPROVED",
    "REJECTED",
    "CONS_INFO_INVALID",
    "CONS_ERROR",
    "CONS_FRAUD",
    "ITEM_RETURNED",
    "ITEM_OUT_OF_STOCK",
    "ORDER_ERROR",
    "PUB_ACT_DISPUTE",
    "ADV_ACT_DISPUTE",
    "NOT_COMPLIANCE_TERMS",
    "MP_ACCOUNT_DEATVIATED",
    "CREDITED_DIFFERENT_MP",
    "ORDER_UPDATE",
    "OTHER",
    "TEST_ACTION",
    "RESET",
];

/// The items of a changed action name the reason by its code.
fn adjustment_reasons(world: &World) -> Result<Check, Blocked> {
    let partner = Partner::of(world)?;
    let adjusted = |reason: &str| {
        let change = value!({"amount": "30.00", "payout": "1.20", "reason": reason});
        Ok(Past::of(world)?.changed(value!([change])))
    };
    let all = REASONS.map(|reason| adjusted(reason).map(|past| (reason, past)));
    let all = all.into_iter().collect::<Result<Vec<_>, Blocked>>()?;
    let actions: Vec<&Past> = all.iter().map(|(_, past)| past).collect();
    let case = partner.having(Case::new("every code"), &actions);
    Ok(Check::of(all.iter().fold(case, |case, (reason, past)| {
        let read = || partner.below_action(&past.order, "/Items");
        let there = json("/ActionItems/0/AdjustmentReason");
        case.given("found", read(), there.clone().exists()).tested(
            reason,
            read(),
            there.is(*reason),
        )
    })))
}
