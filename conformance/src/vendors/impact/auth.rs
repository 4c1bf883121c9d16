//! Page "Authentication": who may call, and what for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json as value;

use super::{
    SECOND, STRANGER, accepted, account, by_seeded, get, record_of, refused, seen, sound, submit,
    token,
};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::{Credentials, Form, Request, Transcript};
use crate::expect::{Expect, header, status};
use crate::secret::Secret;
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("impact.auth.credentials_required", credentials_required),
    ("impact.auth.credentials_known", credentials_known),
    ("impact.auth.challenge", challenge),
    ("impact.auth.basic_forms", basic_forms),
    ("impact.auth.precedes_everything", precedes_everything),
    ("impact.auth.sid_of_the_path", sid_of_the_path),
    ("impact.auth.own_partner", own_partner),
    ("impact.auth.disabled_token", disabled_token),
    ("impact.auth.scope", scope),
    ("impact.auth.read_only_token", read_only_token),
    ("impact.auth.shared_account", shared_account),
];

/// The request with an Authorization header as it is written here.
fn with_authorization(request: Request, authorization: impl Into<String>) -> Request {
    request
        .by_nobody()
        .header("Authorization", authorization.into())
}

/// Whoever does not say who asks gets a 401.
fn credentials_required(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for resource in ["Actions", "ActionUpdates"] {
        let twin = get(world, resource)?;
        let refusal = Refusal::of(twin, accepted())
            .broken("without Authorization", Request::by_nobody, status(401))
            .broken(
                "with another scheme",
                |request| with_authorization(request, "Bearer abc"),
                status(401),
            )
            .broken(
                "with a scheme alone",
                |request| with_authorization(request, "Basic"),
                status(401),
            )
            .broken(
                "with what is no Base64",
                |request| with_authorization(request, "Basic ???"),
                status(401),
            );
        check = check.cases(Check::from(refusal).cases);
    }
    Ok(check)
}

/// A SID and a token that do not belong together get a 401.
fn credentials_known(world: &World) -> Result<Check, Blocked> {
    let sid = world.text("account_sid")?;
    let secret = world.secret("auth_token")?;
    let longer = Secret::new("TOKEN_AND_MORE", &format!("{}x", secret.reveal()));
    let by = |user: &str, password: &Secret| {
        let credentials = Credentials::Basic {
            user: user.to_owned(),
            password: password.clone(),
        };
        move |request: Request| request.by(credentials)
    };
    let refusal = Refusal::of(get(world, "Actions")?, accepted())
        .broken("with another token", by(&sid, &longer), status(401))
        .broken(
            "with the token in another letter case",
            by(&sid, &secret.in_other_case()),
            status(401),
        )
        .broken(
            "with an unknown SID",
            by("IRunknown00000000000000000000000AA", &secret),
            status(401),
        );
    Ok(refusal.into())
}

/// A 401 says how to sign in.
fn challenge(world: &World) -> Result<Check, Blocked> {
    let twin = get(world, "Actions")?;
    let says = header("WWW-Authenticate").is("Basic realm=\"impact.com\"");
    let case = Case::new("nobody").twin(twin.clone(), accepted());
    Ok(Check::of(seen(case, twin.by_nobody(), status(401), says)))
}

/// How Authorization is read, where there is more than one way to.
fn basic_forms(world: &World) -> Result<Check, Blocked> {
    let request = get(world, "Actions")?;
    let encoded = |sid: &str, auth_token: &str| STANDARD.encode(format!("{sid}:{auth_token}"));
    let good = encoded(
        &world.text("account_sid")?,
        world.secret("auth_token")?.reveal(),
    );
    let bad = encoded("IRunknown00000000000000000000000AA", "made-up");
    let written = |authorization: &str| with_authorization(request.clone(), authorization);
    let stranger = written(&format!("Basic {bad}"));
    let named = |name: &'static str| Case::new(name).given("stranger", stranger.clone(), refused());
    let spelled = ["basic", "BASIC", "bAsIc"].map(|scheme| {
        named("in another letter case").tested(
            scheme,
            written(&format!("{scheme} {good}")),
            accepted(),
        )
    });
    let two = |first: &str, second: &str| {
        written(&format!("Basic {first}")).and_header("Authorization", format!("Basic {second}"))
    };
    let patch = value!({"tokens": {SECOND.0: {"auth_token": "made:up"}}});
    Ok(Check::new()
        .cases(spelled)
        .case(
            named("with two headers")
                .tested("good one first", two(&good, &bad), accepted())
                .tested("bad one first", two(&bad, &good), refused()),
        )
        .case(
            named("with a colon in the token")
                .state(account(world, patch)?)
                .tested(
                    "colon",
                    by_seeded(world, request.clone(), (SECOND.0, "made:up"))?,
                    accepted(),
                ),
        ))
}

/// Nobody gets to know whether there is such a path, and what it takes.
fn precedes_everything(world: &World) -> Result<Check, Blocked> {
    let reading = get(world, "Actions")?;
    let case = |name: &'static str, request: Request, otherwise: Expect| {
        Case::new(name)
            .given("nobody", reading.clone().by_nobody(), status(401))
            .twin(request.clone(), otherwise)
            .tested("asked by nobody", request.by_nobody(), status(401))
    };
    let form = sound(world)?.without("OrderId");
    let submission = submit(world, &form)?;
    Ok(Check::new()
        .case(case(
            "an unknown path",
            get(world, "Nothing")?,
            status(404).or(status(403)),
        ))
        .case(case(
            "a method that the path does not have",
            get(world, "PartnerConversions")?,
            status(405),
        ))
        .case(case(
            "a form that is refused",
            submission.clone(),
            status(400),
        ))
        .case(case(
            "a body of another type",
            submission.header("Content-Type", "text/plain"),
            status(415),
        )))
}

/// Good credentials do not open the paths of other SIDs.
fn sid_of_the_path(world: &World) -> Result<Check, Blocked> {
    let sid = world.text("account_sid")?;
    let to = |other: String| {
        let sid = sid.clone();
        move |request: Request| {
            let target = request.target.replacen(&sid, &other, 1);
            request.target(target)
        }
    };
    let mut check = Check::new();
    for resource in ["Actions", "ActionUpdates"] {
        let refusal = Refusal::of(get(world, resource)?, accepted())
            .broken(
                "to the path of an unknown SID",
                to("IRunknown00000000000000000000000AA".to_owned()),
                status(403),
            )
            .broken(
                "to the SID in another letter case",
                to(sid.to_ascii_lowercase()),
                status(403),
            );
        check = check.cases(Check::from(refusal).cases);
    }
    if world.own_sandbox {
        let others = [SECOND, STRANGER].map(|(other, _)| {
            let request = Request::get(format!("/Mediapartners/{other}/Actions"));
            (other, request)
        });
        for (other, request) in others {
            check = check.case(
                Case::new("to the path of another token")
                    .twin(get(world, "Actions")?, accepted())
                    .tested(other, request.by(token(world)?), status(403)),
            );
        }
    }
    Ok(check)
}

/// Nobody submits for another partner, and whoever tries learns nothing else.
fn own_partner(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let own = world.text("media_partner_id")?;
    let foreign = format!("{}7", &own[..own.len().min(15)]);
    let by_alias = form
        .clone()
        .without("MediaPartnerId")
        .and("MediaId", own.as_str());
    let wrong = form
        .clone()
        .without("OrderId")
        .set("CampaignId", "x")
        .set("CurrencyCode", "x");
    let case = |name: &'static str, form: Form, field, otherwise| -> Result<Case, Blocked> {
        let broken = submit(world, &form.clone().set(field, foreign.as_str()))?;
        Ok(Case::new(name)
            .twin(submit(world, &form)?, otherwise)
            .tested("foreign", broken, status(403)))
    };
    Ok(Check::new()
        .case(case(
            "another MediaPartnerId",
            form,
            "MediaPartnerId",
            accepted(),
        )?)
        .case(case("another MediaId", by_alias, "MediaId", accepted())?)
        .case(case(
            "beside other mistakes",
            wrong,
            "MediaPartnerId",
            refused(),
        )?))
}

/// A sandbox's second token as a patch makes it, and what it is then answered.
fn second_token(world: &World, case: Case, patch: &serde_json::Value) -> Result<Case, Blocked> {
    Ok(case.state(account(world, value!({"tokens": {SECOND.0: patch}}))?))
}

/// A token that was switched off opens nothing.
fn disabled_token(world: &World) -> Result<Check, Blocked> {
    let reading = by_seeded(world, get(world, "Actions")?, SECOND)?;
    let submission = by_seeded(world, submit(world, &sound(world)?)?, SECOND)?;
    let mut check = Check::new();
    for (name, request) in [("reading", reading), ("submitting", submission)] {
        let case = second_token(world, Case::new(name), &value!({"disabled": false}))?
            .twin(request.clone(), accepted());
        let case = second_token(world, case, &value!({"disabled": true}))?.tested(
            "disabled",
            request,
            status(403),
        );
        check = check.case(case);
    }
    Ok(check)
}

/// A token opens what its scopes name, and nothing else.
fn scope(world: &World) -> Result<Check, Blocked> {
    let submission = by_seeded(world, submit(world, &sound(world)?)?, SECOND)?;
    let reading = |resource| by_seeded(world, get(world, resource)?, SECOND);
    let mut check = Check::new();
    for (name, request, scope, other) in [
        ("PartnerConversions", submission, "conversions", "actions"),
        ("Actions", reading("Actions")?, "actions", "conversions"),
        (
            "ActionUpdates",
            reading("ActionUpdates")?,
            "actions",
            "conversions",
        ),
    ] {
        let case = second_token(world, Case::new(name), &value!({"scopes": [scope]}))?
            .twin(request.clone(), accepted());
        let case = second_token(world, case, &value!({"scopes": [other]}))?.tested(
            "other scope",
            request,
            status(403),
        );
        check = check.case(case);
    }
    let record = record_of(world, "submitted")?;
    let by_second = by_seeded(world, get(world, "")?, SECOND)?;
    let record = move |transcript: &Transcript| {
        let target = record(transcript)?.target;
        let id = target.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(by_second
            .clone()
            .target_and(&format!("APISubmissions/{id}")))
    };
    let case =
        Case::new("APISubmissions").given("submitted", submit(world, &sound(world)?)?, accepted());
    let case = second_token(world, case, &value!({"scopes": ["conversions"]}))?
        .twin(record.clone(), accepted());
    let case = second_token(world, case, &value!({"scopes": ["actions"]}))?.tested(
        "other scope",
        record,
        status(403),
    );
    Ok(check.case(case))
}

/// A token that may only read reads, and does not submit.
fn read_only_token(world: &World) -> Result<Check, Blocked> {
    let submission = by_seeded(world, submit(world, &sound(world)?)?, SECOND)?;
    let reading = by_seeded(world, get(world, "Actions")?, SECOND)?;
    let case = second_token(
        world,
        Case::new("the same token"),
        &value!({"read_only": false}),
    )?
    .twin(submission.clone(), accepted());
    let case = second_token(world, case, &value!({"read_only": true}))?
        .tested("reads", reading, accepted())
        .tested("submits", submission, status(403));
    Ok(Check::of(case))
}

/// What one token of an account submitted every token of it reads, and no token of others.
fn shared_account(world: &World) -> Result<Check, Blocked> {
    let by = |seeded| -> Result<_, Blocked> {
        let request = by_seeded(world, get(world, "APISubmissions/")?, seeded)?;
        Ok(move |transcript: &Transcript| {
            let uri = transcript.text_at("submitted", "/QueuedUri")?;
            let id = uri.rsplit('/').next().unwrap_or_default();
            Ok(request.clone().target_and(id))
        })
    };
    let form = sound(world)?;
    let order = crate::expect::json("/OrderId").is(form.value("OrderId").unwrap_or_default());
    let case = Case::new("the record of a submission")
        .given("submitted", submit(world, &form)?, accepted())
        .given("own", record_of(world, "submitted")?, order.clone())
        .given("stranger", by(STRANGER)?, refused())
        .tested("second token", by(SECOND)?, order);
    Ok(Check::of(case))
}
