//! What an account and its agents may do: its state, its edition, and their permissions.

use serde_json::json as value;

use super::{
    BUSINESS, accepted, account, administrator, code, get, list, mark, message, refused, result,
    seeded, set_nothing, sound, turned_down, viewer, visitor, visitors,
};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Form, Request};
use crate::expect::status;
use crate::world::{Blocked, World};

/// The checks of this section.
pub(super) const CHECKS: &[Entry] = &[
    ("comm100.account.closed", closed),
    ("comm100.account.not_available", not_available),
    ("comm100.account.licenses_expired", licenses_expired),
    ("comm100.account.no_licenses", no_licenses),
    ("comm100.edition.enterprise_only", enterprise_only),
    ("comm100.edition.code", edition_code),
    ("comm100.edition.visitors_in_any", visitors_in_any),
    (
        "comm100.permission.list_needs_manage_settings",
        list_needs_manage_settings,
    ),
    ("comm100.permission.message", permission_message),
    ("comm100.permission.admin_passes", admin_passes),
    ("comm100.permission.mark_needs_none", mark_needs_none),
    ("comm100.permission.mark_switch", mark_switch),
    ("comm100.permission.visitors_need_none", visitors_need_none),
];

/// Calls of an account that is in order are answered, and refused with a number when it is in another state.
fn refused_in_state(world: &World, state: &str, number: u32) -> Result<Check, Blocked> {
    world.sandbox()?;
    let calls = [list(world)?, mark(world, &sound(world)?)?, visitors(world)?];
    Ok(Check::new().cases(calls.map(|call| {
        Case::new(format!("{} {}", call.method, call.target))
            .twin(call.clone(), accepted())
            .state(account(&value!({"state": state})))
            .tested(state, call, refused(number))
    })))
}

/// A closed account is refused.
fn closed(world: &World) -> Result<Check, Blocked> {
    refused_in_state(world, "closed", 403_001)
}

/// An account that is not available is refused.
fn not_available(world: &World) -> Result<Check, Blocked> {
    refused_in_state(world, "not_available", 403_002)
}

/// An account with expired licences is refused.
fn licenses_expired(world: &World) -> Result<Check, Blocked> {
    refused_in_state(world, "licenses_expired", 403_004)
}

/// An account without licences is refused.
fn no_licenses(world: &World) -> Result<Check, Blocked> {
    refused_in_state(world, "no_licenses", 403_005)
}

/// The visitor of the account of the edition Business.
const THEIR_VISITOR: &str = "e1d2c3b4-a596-4877-8695-a4b3c2d1e0f9";

/// A call by an agent of the edition Business.
fn by_business(world: &World, call: Request) -> Result<Request, Blocked> {
    Ok(call.by(seeded(world, BUSINESS)?))
}

/// The same calls of the same account are answered in the edition Enterprise, and refused in Business.
fn enterprise_only(world: &World) -> Result<Check, Blocked> {
    let form = Form::default()
        .and("conversion_name", "Sign-up")
        .and("visitorId", THEIR_VISITOR)
        .and("value", "1");
    let edition =
        |edition: &str| value!({"comm100": {"accounts": {"small": {"edition": edition}}}});
    let list = ("the list", list(world)?, accepted());
    let mark = ("marking", mark(world, &form)?, result(0));
    let cases = [list, mark].map(|(name, call, accepted)| {
        let call = by_business(world, call)?;
        Ok(Case::new(name)
            .state(edition("enterprise"))
            .twin(call.clone(), accepted)
            .state(edition("business"))
            .tested("in Business", call, status(403)))
    });
    Ok(Check::new().cases(cases.into_iter().collect::<Result<Vec<_>, Blocked>>()?))
}

/// The refusal of an edition has its number and its message.
fn edition_code(world: &World) -> Result<Check, Blocked> {
    let call = by_business(world, list(world)?)?;
    Ok(Check::of(
        Case::new("the list")
            .twin(list(world)?, accepted())
            .given("in Business", call.clone(), status(403))
            .tested(
                "once more",
                call,
                code(403_000).and(message("Access denied.")),
            ),
    ))
}

/// An account that may not list its actions gets all its visitors calls answered.
fn visitors_in_any(world: &World) -> Result<Check, Blocked> {
    let one = get(world, &format!("/visitors/{THEIR_VISITOR}"))?;
    let set = one.clone().method("PUT").json(&value!([]));
    let calls = [
        visitors(world)?,
        get(world, "/visitors/chatting")?,
        one,
        set,
    ];
    let conversions = by_business(world, list(world)?)?;
    let cases = calls.map(|call| {
        let call = by_business(world, call)?;
        Ok(Case::new(format!("{} {}", call.method, call.target))
            .given("the list of actions", conversions.clone(), turned_down())
            .tested("in Business", call, accepted()))
    });
    Ok(Check::new().cases(cases.into_iter().collect::<Result<Vec<_>, Blocked>>()?))
}

/// The list, by an agent without the permission.
fn list_by_viewer(world: &World) -> Result<Request, Blocked> {
    Ok(list(world)?.by(viewer(world)?))
}

/// An agent who is let in, and has no permission, may not list what another may.
fn list_needs_manage_settings(world: &World) -> Result<Check, Blocked> {
    Ok(Check::of(
        Case::new("the list")
            .given("let in", visitors(world)?.by(viewer(world)?), accepted())
            .twin(list(world)?, accepted())
            .tested(
                "without the permission",
                list_by_viewer(world)?,
                status(403),
            ),
    ))
}

/// The refusal has its number, and names the permission.
fn permission_message(world: &World) -> Result<Check, Blocked> {
    let call = list_by_viewer(world)?;
    let says = message("You do not have 'Manage Settings' permission.");
    Ok(Check::of(
        Case::new("the list")
            .twin(list(world)?, accepted())
            .given("without the permission", call.clone(), status(403))
            .tested("once more", call, code(403_003).and(says)),
    ))
}

/// An administrator may list what another agent without the permission may not.
fn admin_passes(world: &World) -> Result<Check, Blocked> {
    Ok(Check::of(
        Case::new("the list")
            .given(
                "let in",
                visitors(world)?.by(administrator(world)?),
                accepted(),
            )
            .given("another agent", list_by_viewer(world)?, turned_down())
            .tested(
                "an administrator",
                list(world)?.by(administrator(world)?),
                accepted(),
            ),
    ))
}

/// An agent who may not list may mark.
fn mark_needs_none(world: &World) -> Result<Check, Blocked> {
    let call = mark(world, &sound(world)?)?;
    Ok(Check::of(
        Case::new("marking")
            .given("the list", list_by_viewer(world)?, turned_down())
            .twin(call.clone(), accepted())
            .tested(
                "without the permission",
                call.by(viewer(world)?),
                accepted(),
            ),
    ))
}

/// With the switch on, an agent without the permission may not mark what one with it may.
fn mark_switch(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let call = mark(world, &sound(world)?)?;
    let viewers = call.clone().by(viewer(world)?);
    Ok(Check::of(
        Case::new("marking")
            .twin(viewers.clone(), accepted())
            .state(account(&value!({"mark_needs_permission": true})))
            .given("with the permission", call, accepted())
            .tested("without the permission", viewers, status(403)),
    ))
}

/// An agent who may not list actions may make every visitors call.
fn visitors_need_none(world: &World) -> Result<Check, Blocked> {
    let calls = [
        visitors(world)?,
        get(world, "/visitors/chatting")?,
        visitor(world)?,
        set_nothing(world)?,
    ];
    let (list, viewer) = (list_by_viewer(world)?, viewer(world)?);
    Ok(Check::new().cases(calls.map(|call| {
        Case::new(format!("{} {}", call.method, call.target))
            .given("the list of actions", list.clone(), turned_down())
            .twin(call.clone(), accepted())
            .tested(
                "without the permission",
                call.by(viewer.clone()),
                accepted(),
            )
    })))
}
