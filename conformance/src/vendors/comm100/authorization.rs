//! Page "Introduction": authorization.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json as value;

use super::introduction::like;
use super::{
    RETIRED, STRANGER, accepted, account, administrator, agent, code, get, list, listed, mark,
    mentions, message, result, seeded, seen, set_nothing, sound, unknown_agent, viewer, visitor,
    visitors,
};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::{Credentials, Request};
use crate::expect::{Expect, demand, header, status};
use crate::secret::Secret;
use crate::world::{Blocked, World};

/// The checks of this section.
pub(super) const CHECKS: &[Entry] = &[
    ("comm100.authentication.basic_accepted", basic_accepted),
    ("comm100.authentication.required", required),
    ("comm100.authentication.other_scheme", other_scheme),
    ("comm100.authentication.malformed", malformed),
    ("comm100.authentication.unknown_email", unknown_email),
    ("comm100.authentication.wrong_key", wrong_key),
    ("comm100.authentication.key_any_agent", key_any_agent),
    ("comm100.authentication.inactive_agent", inactive_agent),
    ("comm100.authentication.alike", alike),
    ("comm100.authentication.challenge", challenge),
    ("comm100.authentication.body", body),
    ("comm100.authentication.letter_case", letter_case),
    ("comm100.authentication.reading", reading),
    ("comm100.authentication.account_by_email", account_by_email),
];

/// The header that HTTP Basic makes of credentials, for writing it otherwise.
fn basic(user: &str, key: &Secret) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{user}:{}", key.reveal()))
    )
}

/// The known agent, as a header.
fn agent_header(world: &World) -> Result<String, Blocked> {
    Ok(basic(&world.text("username")?, &world.secret("password")?))
}

/// The known agent with another key.
pub(super) fn with_key(world: &World, key: Secret) -> Result<Credentials, Blocked> {
    Ok(Credentials::Basic {
        user: world.text("username")?,
        password: key,
    })
}

/// A key that nobody has.
pub(super) fn no_key() -> Secret {
    Secret::new("NO_KEY", "00000000000000000000000000000000")
}

/// The same request with another `Authorization` header, which can only be refused.
fn authorized(request: Request, authorization: impl Into<String>) -> Request {
    request
        .by_nobody()
        .header("Authorization", authorization)
        .probe()
}

/// Who calls with address and key is let in, and nobody is not.
fn basic_accepted(world: &World) -> Result<Check, Blocked> {
    let case = |name: &'static str, request: Request| {
        Case::new(name)
            .given(
                "by nobody",
                request.clone().by_nobody().probe(),
                status(401),
            )
            .tested("by an agent", request, accepted())
    };
    // Where another agent is known, they must be let in as well.
    let another = administrator(world).ok();
    let chatting = get(world, "/visitors/chatting")?;
    Ok(Check::of(case("the list", list(world)?))
        .cases(another.map(|who| case("another agent", chatting.by(who)))))
}

/// Without an Authorization header every call is refused.
fn required(world: &World) -> Result<Check, Blocked> {
    let calls = [
        list(world)?,
        mark(world, &sound(world)?)?,
        visitors(world)?,
        get(world, "/visitors/chatting")?,
        visitor(world)?,
        set_nothing(world)?,
    ];
    let twin = list(world)?;
    Ok(Check::new().cases(calls.map(|call| {
        Case::new(format!("{} {}", call.method, call.target))
            .twin(twin.clone(), accepted())
            .tested("by nobody", call.by_nobody().probe(), status(401))
    })))
}

/// Credentials of other schemes are refused, also if what they carry would be right for Basic.
fn other_scheme(world: &World) -> Result<Check, Blocked> {
    let header = agent_header(world)?;
    let pair = header.trim_start_matches("Basic ");
    let rows = [
        "Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(),
        "Digest username=\"tester\", realm=\"Comm100\", nonce=\"0\", uri=\"/\", response=\"0\""
            .to_owned(),
        format!("Bearer {pair}"),
        format!("Token {pair}"),
        format!("Basicx {pair}"),
        pair.to_owned(),
    ];
    Ok(refused_headers(list(world)?, rows.iter()))
}

/// Basic without a whole pair of address and key is refused.
fn malformed(world: &World) -> Result<Check, Blocked> {
    let key = world.secret("password")?;
    let user = world.text("username")?;
    let pairless = format!("Basic {}", STANDARD.encode(&user));
    let nothing = Secret::new("NOTHING", "");
    let rows = [
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        "Basic YWJj".to_owned(),
        "Basic Og==".to_owned(),
        pairless,
        basic("", &key),
        basic(&user, &nothing),
    ];
    Ok(refused_headers(list(world)?, rows.iter()))
}

/// Each of these headers is refused with 401 in place of the right one.
fn refused_headers<'a>(twin: Request, headers: impl Iterator<Item = &'a String>) -> Check {
    let refusal = headers.fold(Refusal::of(twin, accepted()), |refusal, authorization| {
        refusal.broken(
            format!("Authorization: {authorization}"),
            |request| authorized(request, authorization),
            status(401),
        )
    });
    refusal.into()
}

/// An address that no agent has is refused, whatever the key.
fn unknown_email(world: &World) -> Result<Check, Blocked> {
    let (stranger, user) = (unknown_agent(world)?, world.text("username")?);
    let longer = Credentials::Basic {
        user: format!("{}{user}", world.unique()),
        password: world.secret("password")?,
    };
    Ok(Refusal::of(list(world)?, accepted())
        .broken(
            "an unknown address",
            |request| request.by(stranger).probe(),
            status(401),
        )
        .broken(
            "a longer address",
            |request| request.by(longer).probe(),
            status(401),
        )
        .into())
}

/// A known address does not get in with any other key than its own.
fn wrong_key(world: &World) -> Result<Check, Blocked> {
    let key = world.secret("password")?;
    let shorter = Secret::new("KEY_LESS_ITS_LAST", &key.reveal()[..key.reveal().len() - 1]);
    let longer = Secret::new("KEY_AND_MORE", &format!("{}0", key.reveal()));
    let wrong = [
        ("a key of zeros", no_key()),
        ("a shorter key", shorter),
        ("a longer key", longer),
    ];
    let (user, list) = (world.text("username")?, list(world)?);
    let case = move |name: &'static str, password: Secret| {
        let stranger = Credentials::Basic {
            user: user.clone(),
            password,
        };
        Case::new(name).twin(list.clone(), accepted()).tested(
            "wrong",
            list.clone().by(stranger).probe(),
            status(401),
        )
    };
    let table: Vec<Case> = wrong.map(|(name, key)| case(name, key)).into();
    Ok(Check::new()
        .cases(table)
        .random(2, "[0-9a-f]{32}", move |drawn| {
            case("a random key", Secret::new("RANDOM_KEY", &drawn))
        }))
}

/// Two agents with a key each, and neither gets in with the other's.
fn key_any_agent(world: &World) -> Result<Check, Blocked> {
    let pair = |user: &str, password: &str| {
        Ok::<_, Blocked>(Credentials::Basic {
            user: world.text(user)?,
            password: world.secret(password)?,
        })
    };
    let swapped = [
        (
            "ours with theirs",
            agent(world)?,
            pair("username", "viewer_password")?,
        ),
        (
            "theirs with ours",
            viewer(world)?,
            pair("viewer_username", "password")?,
        ),
    ];
    let call = visitors(world)?;
    let keyless = list(world)?.by(with_key(world, no_key())?).probe();
    Ok(Check::new().cases(swapped.map(|(name, own, others)| {
        Case::new(name)
            .given("with no key at all", keyless.clone(), status(401))
            .twin(call.clone().by(own), accepted())
            .tested(
                "with another's key",
                call.clone().by(others).probe(),
                status(401),
            )
    })))
}

/// The same agent gets in while they are active, and not while they are not.
fn inactive_agent(world: &World) -> Result<Check, Blocked> {
    let call = visitors(world)?.by(seeded(world, RETIRED)?);
    let active = |is: bool| account(&value!({"agents": {RETIRED.0: {"is_active": is}}}));
    Ok(Check::of(
        Case::new("an agent who leaves")
            .state(active(true))
            .twin(call.clone(), accepted())
            .state(active(false))
            .tested("inactive", call, status(401)),
    ))
}

/// Nothing but the date tells whether an address is known.
fn alike(world: &World) -> Result<Check, Blocked> {
    let list = list(world)?;
    let unknown = list.clone().by(unknown_agent(world)?).probe();
    let wrong = list.clone().by(with_key(world, no_key())?).probe();
    Ok(Check::of(
        Case::new("an unknown address and a wrong key")
            .twin(list, accepted())
            .given("wrong key", wrong, status(401))
            .given("unknown address", unknown.clone(), status(401))
            .tested("unknown address again", unknown, Expect::anything())
            .judge(|transcript| {
                like(transcript, "wrong key", "unknown address again")?;
                let [wrong, unknown] = ["wrong key", "unknown address again"].map(|label| {
                    let mut headers = transcript.answer(label).headers.clone();
                    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
                    headers.sort();
                    headers
                });
                let shown = |headers: &[(String, String)]| format!("{headers:?}");
                demand(wrong == unknown, "headers", shown(&wrong), shown(&unknown))
            }),
    ))
}

/// Calls by nobody and by somebody with a wrong key, all of them refused for that.
fn strangers(world: &World, expect: &Expect) -> Result<Check, Blocked> {
    let list = list(world)?;
    let rows = [
        ("nobody", list.clone().by_nobody().probe()),
        (
            "a wrong key",
            list.clone().by(with_key(world, no_key())?).probe(),
        ),
    ];
    Ok(Check::new().cases(rows.map(|(name, stranger)| {
        let case = seen(name, stranger, status(401), expect.clone());
        let twin = Case::new("").twin(list.clone(), accepted());
        Case {
            steps: [twin.steps, case.steps].concat(),
            ..case
        }
    })))
}

/// A 401 says how to authenticate.
fn challenge(world: &World) -> Result<Check, Blocked> {
    strangers(
        world,
        &header("WWW-Authenticate").is("Basic realm=\"Comm100\""),
    )
}

/// A 401 has the number and the message of the dossier.
fn body(world: &World) -> Result<Check, Blocked> {
    let says = message("The username or API key you provide is invalid.");
    strangers(world, &code(401_000).and(says))
}

/// The address in other letters is the same, and the key is not.
fn letter_case(world: &World) -> Result<Check, Blocked> {
    let (user, key) = (world.text("username")?, world.secret("password")?);
    let call = list(world)?;
    let keyless = call.clone().by(with_key(world, no_key())?).probe();
    let address = {
        let (call, keyless, key) = (call.clone(), keyless.clone(), key.clone());
        move |user: String| {
            Case::new("an address in other letters")
                .given("with no key", keyless.clone(), status(401))
                .twin(call.clone(), accepted())
                .tested(
                    "in other letters",
                    call.clone().by(Credentials::Basic {
                        user,
                        password: key.clone(),
                    }),
                    accepted(),
                )
        }
    };
    let other_key = call
        .clone()
        .by(with_key(world, key.in_other_case())?)
        .probe();
    let key = Case::new("a key in other letters")
        .given("with no key", keyless, status(401))
        .twin(call, accepted())
        .tested("in other letters", other_key, status(401));
    Ok(Check::of(key)
        .cases([address(user.to_uppercase()), address(user.to_lowercase())])
        .random(3, 1_u64.., move |capitals| {
            let letter = |(place, letter): (usize, char)| match capitals >> (place % 64) & 1 {
                1 => letter.to_ascii_uppercase(),
                _ => letter.to_ascii_lowercase(),
            };
            address(user.chars().enumerate().map(letter).collect())
        }))
}

/// The scheme is read in any letters, and of two headers the first.
fn reading(world: &World) -> Result<Check, Blocked> {
    let list = list(world)?;
    let good = agent_header(world)?;
    let bad = basic(&world.text("username")?, &no_key());
    let pair = good.trim_start_matches("Basic ");
    let schemes = ["basic", "BASIC", "bASiC"].map(|scheme| {
        let call = list
            .clone()
            .by_nobody()
            .header("Authorization", format!("{scheme} {pair}"));
        Case::new(format!("the scheme {scheme}"))
            .given("by nobody", list.clone().by_nobody().probe(), status(401))
            .twin(list.clone(), accepted())
            .tested("spelled otherwise", call, accepted())
    });
    let two = |first: &str, second: &str| {
        let call = list.clone().by_nobody().header("Authorization", first);
        call.and_header("Authorization", second)
    };
    let wrong = list.clone().by(with_key(world, no_key())?).probe();
    let case = |name: &'static str, call: Request, expect: Expect| {
        Case::new(name)
            .given("with a wrong key alone", wrong.clone(), status(401))
            .twin(list.clone(), accepted())
            .tested("with two headers", call, expect)
    };
    Ok(Check::new().cases(schemes).cases([
        case("the right one first", two(&good, &bad), accepted()),
        case("the wrong one first", two(&bad, &good).probe(), status(401)),
    ]))
}

/// Two agents of two accounts get two lists, and can mark what is in their own.
fn account_by_email(world: &World) -> Result<Check, Blocked> {
    let (stranger, name) = (seeded(world, STRANGER)?, world.text("conversion_name")?);
    let form = sound(world)?;
    let unknown = form.clone().set("conversion_name", world.unique());
    let both = |shown: &str, hidden: &str| {
        let (shown, hidden) = (mentions(shown), mentions(hidden));
        listed().and(shown).and(Expect::new(move |answer| {
            demand(
                hidden.judge(answer).is_err(),
                "body",
                "this account's actions alone",
                answer.text(),
            )
        }))
    };
    Ok(Check::new().cases([
        Case::new("the list")
            .given("ours", list(world)?, both(&name, "Newsletter"))
            .tested(
                "theirs",
                list(world)?.by(stranger.clone()),
                both("Newsletter", &name),
            ),
        Case::new("marking")
            .given("unknown name", mark(world, &unknown)?, result(1))
            .twin(mark(world, &form)?, result(0))
            .tested("theirs", mark(world, &form)?.by(stranger), result(1)),
    ]))
}
