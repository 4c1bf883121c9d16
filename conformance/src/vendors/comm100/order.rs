//! The order of checks: which of several reasons to refuse a call answers it.

use serde_json::{Value, json as value};

use super::introduction::like;
use super::{accepted, account, list, mark, result, sound, viewer};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Form, Request, Transcript};
use crate::expect::{Expect, status_from};
use crate::world::{Blocked, World};

/// The checks of this section.
pub(super) const CHECKS: &[Entry] = &[
    ("comm100.order.gates", gates),
    ("comm100.order.parameters", parameters),
];

/// A reason to refuse a call: what it takes of the sandbox and of the call, and what undoes it in the sandbox.
struct Reason {
    name: &'static str,
    state: Option<[Value; 2]>,
    call: Box<dyn Fn(Request) -> Request>,
    refused: Expect,
}

impl Reason {
    /// One that lies in the call.
    fn of_call(name: &'static str, call: impl Fn(Request) -> Request + 'static) -> Self {
        Self {
            name,
            state: None,
            call: Box::new(call),
            refused: status_from(400, 599),
        }
    }

    /// One that lies in the sandbox: a patch, and the patch that undoes it.
    fn of_state(name: &'static str, on: Value, off: Value) -> Self {
        Self {
            state: Some([on, off]),
            ..Self::of_call(name, |call| call)
        }
    }

    /// The same, answered with a result.
    fn with_result(self, error_code: i64) -> Self {
        Self {
            refused: result(error_code),
            ..self
        }
    }
}

/// The case with one of a reason's two patches, if the reason lies in the sandbox.
fn patched(case: Case, reason: &Reason, which: usize) -> Case {
    match &reason.state {
        Some(patches) => case.state(patches[which].clone()),
        None => case,
    }
}

/// A call with two reasons is answered as with the first alone, and otherwise than with the second alone.
fn first_counts(call: &Request, sound: &Expect, first: &Reason, second: &Reason) -> Case {
    let case =
        Case::new(format!("{} and {}", first.name, second.name)).twin(call.clone(), sound.clone());
    let case =
        patched(case, first, 0).given("first", (first.call)(call.clone()), first.refused.clone());
    let case = patched(patched(case, first, 1), second, 0);
    let case = case.given(
        "second",
        (second.call)(call.clone()),
        second.refused.clone(),
    );
    let both = (first.call)((second.call)(call.clone()));
    patched(case, first, 0)
        .tested(
            "both",
            move |transcript: &Transcript| match like(transcript, "first", "second") {
                Err(_) => Ok(both.clone()),
                Ok(()) => {
                    Err("the two refusals look alike, so their order cannot be seen".to_owned())
                }
            },
            Expect::anything(),
        )
        .judge(|transcript| like(transcript, "first", "both"))
}

/// Of two things wrong before the body is read, the earlier gate answers.
fn gates(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let (list, viewer) = (list(world)?, viewer(world)?);
    let outside = format!("/{}", world.unique());
    let unknown = format!("{}/{}", list.target, world.unique());
    let switch = |name: &'static str, on: Value, off: Value| {
        Reason::of_state(name, account(&on), account(&off))
    };
    let https = Reason::of_state(
        "plain http",
        value!({"comm100": {"strict_https": true}}),
        value!({"comm100": {"strict_https": false}}),
    );
    let outside = Reason::of_call("a path outside the API", move |call| call.target(&outside));
    let nobody = Reason::of_call("no credentials", Request::by_nobody);
    let limit = switch(
        "the limit",
        value!({"daily_limit": 0}),
        value!({"daily_limit": null}),
    );
    let unknown = Reason::of_call("an unknown path", move |call| call.target(&unknown));
    let method = Reason::of_call("a wrong method", |call| call.method("POST"));
    let closed = switch(
        "a closed account",
        value!({"state": "closed"}),
        value!({"state": "active"}),
    );
    let edition = switch(
        "the edition",
        value!({"edition": "business"}),
        value!({"edition": "enterprise"}),
    );
    let permission = Reason::of_call("no permission", move |call| call.by(viewer.clone()));
    let fault = switch(
        "a fault",
        value!({"internal_fault": true}),
        value!({"internal_fault": false}),
    );
    let pairs = [
        (&https, &outside),
        (&https, &nobody),
        (&https, &limit),
        (&nobody, &limit),
        (&limit, &unknown),
        (&limit, &method),
        (&limit, &closed),
        (&unknown, &closed),
        (&method, &closed),
        (&closed, &edition),
        (&closed, &permission),
        (&edition, &permission),
        (&edition, &fault),
        (&permission, &fault),
    ];
    Ok(Check::new()
        .cases(pairs.map(|(first, second)| first_counts(&list, &accepted(), first, second))))
}

/// Of two things wrong with a conversion, the one that is looked at earlier answers.
fn parameters(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let form = sound(world)?;
    let call = mark(world, &form)?;
    let unknown = world.unique();
    let rewritten = |name, change: Box<dyn Fn(Form) -> Form>| {
        Reason::of_call(name, move |call: Request| {
            let form = form_of(&call);
            call.form(&change(form))
        })
    };
    let large = Reason::of_call("a body that is too large", |call| {
        let mut body = call.body.clone().unwrap_or_default();
        body.extend(b"&padding=");
        body.resize((1 << 20) + 1, b'x');
        call.body(body)
    });
    let nameless = rewritten("no name", Box::new(|form| form.without("conversion_name")));
    let valueless = rewritten("no value", Box::new(|form| form.without("value")));
    let worded = rewritten(
        "a value in words",
        Box::new(|form| form.set("value", "five")),
    );
    let stranger = unknown.clone();
    let misnamed = rewritten(
        "an unknown name",
        Box::new(move |form| form.set("conversion_name", &unknown)),
    )
    .with_result(1);
    let misled = rewritten(
        "an unknown visitor",
        Box::new(move |form| form.set("visitorId", &stranger)),
    )
    .with_result(2);
    let fault = Reason::of_state(
        "the switch error_3",
        account(&value!({"error_3": true})),
        account(&value!({"error_3": false})),
    )
    .with_result(3);
    let pairs = [
        (&large, &nameless),
        (&nameless, &worded),
        (&valueless, &misnamed),
        (&valueless, &misled),
        (&worded, &misnamed),
        (&worded, &misled),
        (&misnamed, &fault),
        (&misled, &fault),
    ];
    Ok(Check::new()
        .cases(pairs.map(|(first, second)| first_counts(&call, &result(0), first, second))))
}

/// The form that a call sends.
fn form_of(call: &Request) -> Form {
    Form(
        form_urlencoded::parse(call.body.as_deref().unwrap_or_default())
            .into_owned()
            .collect(),
    )
}
