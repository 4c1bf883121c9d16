//! impact.com. One file a page of its documents.

use super::Checks;
use crate::exchange::{Answer, Credentials, Form, Request};
use crate::expect::{Expect, json, status};
use crate::world::{Blocked, World};

mod conversions;

/// The checks of this vendor.
pub(super) const CHECKS: Checks = Checks {
    vendor: "impact",
    lists: &[conversions::CHECKS],
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
) -> Result<impl Fn(&crate::exchange::Transcript) -> Result<Request, String> + 'static, Blocked> {
    let request = get(world, "")?;
    Ok(move |transcript: &crate::exchange::Transcript| {
        Ok(request
            .clone()
            .target(transcript.text_at(label, "/QueuedUri")?))
    })
}
