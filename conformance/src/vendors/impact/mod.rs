//! impact.com. One file a page of its documents.

use serde_json::{Value, json as value};

use super::Checks;
use crate::check::{Case, Entry};
use crate::exchange::{Answer, Credentials, Form, Request, Transcript};
use crate::expect::{Expect, json, status, status_from, xml};
use crate::secret::Secret;
use crate::whole;
use crate::world::{Blocked, World};

mod action_items;
mod actions;
mod auth;
mod conversions;
mod errors;
mod fields;
mod filters;
mod formats;
mod items;
mod limits;
mod lives;
mod orders;
mod pages;
mod payouts;
mod requests;
mod sales;
mod seeded;
mod strategies;
mod submissions;
mod updates;
mod versioning;
mod warnings;

/// What holds of answers as a whole.
const WHOLE: &[Entry] = &[
    ("impact.whole.described", whole::described),
    ("impact.whole.documented", whole::documented),
    ("impact.whole.well_formed", whole::well_formed),
];

/// The checks of this vendor.
pub(super) const CHECKS: Checks = Checks {
    vendor: "impact",
    lists: &[
        WHOLE,
        auth::CHECKS,
        requests::CHECKS,
        versioning::CHECKS,
        limits::CHECKS,
        formats::CHECKS,
        errors::CHECKS,
        fields::CHECKS,
        warnings::CHECKS,
        conversions::CHECKS,
        items::CHECKS,
        submissions::CHECKS,
        actions::CHECKS,
        payouts::CHECKS,
        lives::CHECKS,
        filters::CHECKS,
        action_items::CHECKS,
        pages::CHECKS,
        updates::CHECKS,
    ],
    hello: |world| get(world, "Actions"),
    is_stranger: |answer: &Answer| answer.status == 401,
};

/// Who calls, unless a check says otherwise.
pub(super) fn token(world: &World) -> Result<Credentials, Blocked> {
    Ok(Credentials::Basic {
        user: world.text("account_sid")?,
        password: world.secret("auth_token")?,
    })
}

/// The path of a resource of the account.
pub(super) fn path(world: &World, resource: &str) -> Result<String, Blocked> {
    Ok(format!(
        "/Mediapartners/{}/{resource}",
        world.text("account_sid")?
    ))
}

/// Reads a resource of the account, as JSON.
pub(super) fn get(world: &World, resource: &str) -> Result<Request, Blocked> {
    Ok(Request::get(path(world, resource)?)
        .by(token(world)?)
        .header("Accept", "application/json"))
}

/// Submits a conversion, and asks for JSON.
pub(super) fn submit(world: &World, form: &Form) -> Result<Request, Blocked> {
    Ok(Request::post(path(world, "PartnerConversions")?)
        .by(token(world)?)
        .header("Accept", "application/json")
        .form(form))
}

/// A form that is accepted, with an order id of its own: a simple order of 10.00.
pub(super) fn sound(world: &World) -> Result<Form, Blocked> {
    Ok(Form::default()
        .and("CampaignId", world.text("campaign_id")?)
        .and("ActionTrackerId", world.text("action_tracker_id")?)
        .and("MediaPartnerId", world.text("media_partner_id")?)
        .and("EventDate", "NOW")
        .and("OrderId", world.unique())
        .and("Amount", "10.00"))
}

/// A conversion that was accepted.
pub(super) fn queued() -> Expect {
    status(200).and(json("/Status").is("QUEUED"))
}

/// A conversion that was refused for this field.
pub(super) fn refused_for(field: &'static str) -> Expect {
    status(400).and(
        json("/errors").holds(&format!("an error that names {field}"), move |errors| {
            errors
                .as_array()
                .is_some_and(|errors| errors.iter().any(|error| error["field"] == field))
        }),
    )
}

/// Reads the record of an accepted conversion, by the answer that accepted it.
pub(super) fn record_of(
    world: &World,
    label: &'static str,
) -> Result<impl Fn(&Transcript) -> Result<Request, String> + Clone + 'static, Blocked> {
    let request = get(world, "")?;
    Ok(move |transcript: &Transcript| {
        Ok(request
            .clone()
            .target(transcript.text_at(label, "/QueuedUri")?))
    })
}

/// Any yes. Which one is a rule of its own.
pub(super) fn accepted() -> Expect {
    status_from(200, 299)
}

/// Any no to what was asked. Which one is a rule of its own.
pub(super) fn refused() -> Expect {
    status_from(400, 499)
}

/// What an answer looks like that comes under a condition: the request is sent once to see whether it is met, so that a
/// breach of another rule leaves this one unproven, and once more to be judged.
pub(super) fn seen(case: Case, request: Request, met: Expect, expect: Expect) -> Case {
    case.given("once", request.clone(), met)
        .tested("once more", request, expect)
}

/// The body is JSON.
pub(super) fn is_json() -> Expect {
    json("").exists()
}

/// The body is XML as impact.com writes it.
pub(super) fn is_xml() -> Expect {
    xml("ImpactRadiusResponse").exists()
}

/// The same request, asking for XML.
pub(super) fn in_xml(request: Request) -> Request {
    request.header("Accept", "application/xml")
}

/// The errors of a refused conversion, or the warnings of an accepted one, name this field.
pub(super) fn names(list: &str, field: &str) -> Expect {
    let wanted = format!("an entry that names {field}");
    let field = field.to_owned();
    json(list).holds(&wanted, move |list| fields_of(list).contains(&&*field))
}

/// The fields that a list of errors or warnings names, in its order.
pub(super) fn fields_of(list: &Value) -> Vec<&str> {
    let entries = list.as_array().into_iter().flatten();
    entries
        .filter_map(|entry| entry["field"].as_str())
        .collect()
}

/// An answer without warnings. Whether an empty list may stand there is a rule of its own.
pub(super) fn no_warnings() -> Expect {
    json("").holds("a body without warnings", |body| {
        fields_of(&body["warnings"]).is_empty()
    })
}

/// A token of the seeds besides the known one: its SID, and its Auth Token.
pub(super) type SeededToken = (&'static str, &'static str);

/// Another token of the known account, as good as the known one.
pub(super) const SECOND: SeededToken = ("IRtestAcct1924609madeUpSid0000000B", "made-up-token-b");
/// One of another account, whose currency is EUR and whose offset is +02:00.
pub(super) const STRANGER: SeededToken = (
    "IRtestAcct1924610madeUpSid0000000A",
    "made-up-token-of-another",
);

/// The same request by a token of the seeds, and to the path of its SID.
pub(super) fn by_seeded(
    world: &World,
    request: Request,
    (sid, auth_token): SeededToken,
) -> Result<Request, Blocked> {
    world.sandbox()?;
    let target = request.target.replacen(&world.text("account_sid")?, sid, 1);
    Ok(request.target(target).by(Credentials::Basic {
        user: sid.to_owned(),
        password: Secret::new("SEEDED_TOKEN", auth_token),
    }))
}

/// What is changed of the known account, as a patch of the sandbox's state.
pub(super) fn account(world: &World, patch: Value) -> Result<Value, Blocked> {
    world.sandbox()?;
    let mut accounts = serde_json::Map::new();
    accounts.insert(world.text("media_partner_id")?, patch);
    Ok(value!({"impact": {"accounts": accounts}}))
}

/// What is changed of the settings, as a patch of the sandbox's state.
pub(super) fn settings(world: &World, patch: &Value) -> Result<Value, Blocked> {
    world.sandbox()?;
    Ok(value!({"impact": {"settings": patch}}))
}
