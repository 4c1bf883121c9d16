//! Page "Introduction": transport, paths, bodies, the data format and error handling.

use std::collections::BTreeSet;

use serde_json::{Value, json as value};

use super::{
    STRANGER, accepted, account, get, list, listed, mark, mentions, refused, seeded, seen,
    set_nothing, sound, turned_down, unknown_agent, visitor, visitors,
};
use crate::check::{Case, Check, Entry};
use crate::exchange::{Answer, Request, Transcript};
use crate::expect::{Breach, Expect, body, demand, header, json, status};
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[
    ("comm100.transport.documented_hosts", documented_hosts),
    ("comm100.transport.strict_https", strict_https),
    ("comm100.transport.one_host", one_host),
    ("comm100.paths.api_prefix", api_prefix),
    ("comm100.paths.any_case", any_case),
    ("comm100.paths.trailing_slash", trailing_slash),
    ("comm100.paths.decoded_once", decoded_once),
    ("comm100.paths.outside_unknown", outside_unknown),
    (
        "comm100.paths.credentials_before_unknown",
        credentials_before_unknown,
    ),
    ("comm100.paths.unknown", unknown),
    ("comm100.paths.method", method),
    ("comm100.paths.allow", allow),
    ("comm100.paths.head_and_options", head_and_options),
    ("comm100.body.too_large", too_large),
    ("comm100.body.readable", readable),
    ("comm100.format.json_only", json_only),
    ("comm100.format.content_type", content_type),
    ("comm100.format.utf8", utf8),
    ("comm100.format.member_order", member_order),
    ("comm100.errors.envelope", envelope),
    ("comm100.errors.caller_errors", caller_errors),
    (
        "comm100.errors.code_begins_with_status",
        code_begins_with_status,
    ),
    ("comm100.errors.never_both", never_both),
    ("comm100.errors.internal_fault", internal_fault),
];

/// The path of the list, as documented.
const LIST: &str = "/api/v1/livechat/conversions";

/// The hosts that the page names.
const HOSTS: [&str; 7] = [
    "hosted.comm100.com",
    "hosted3.comm100.com",
    "euportal.comm100.com",
    "appportal.livelyhelp.chat",
    "ent7portal.comm100.com",
    "enterpriseportal.comm100.com",
    "ent1portal.comm100.com",
];

/// A path below the API that nothing is at.
fn nowhere(world: &World) -> Result<Request, Blocked> {
    get(world, &format!("/{}", world.unique()))
}

/// The answer under `label` is that under `model`: the same status, and the same JSON or else the same bytes.
pub(super) fn like(transcript: &Transcript, model: &str, label: &str) -> Result<(), Breach> {
    let (model, answer) = (transcript.answer(model), transcript.answer(label));
    demand(
        answer.status == model.status,
        "status",
        model.status.to_string(),
        answer.status.to_string(),
    )?;
    let same = match (model.json(), answer.json()) {
        (Some(model), Some(answer)) => model == answer,
        _ => model.body == answer.body,
    };
    demand(same, "body", model.text(), answer.text())
}

/// Under every documented host each of two accounts gets its own list.
fn documented_hosts(world: &World) -> Result<Check, Blocked> {
    let (ours, theirs) = (list(world)?, list(world)?.by(seeded(world, STRANGER)?));
    let is_ours = listed().and(mentions(&world.text("conversion_name")?));
    let is_theirs = listed().and(mentions("Newsletter"));
    Ok(Check::new().cases(HOSTS.map(|host| {
        Case::new(format!("under {host}"))
            .given("ours", ours.clone(), is_ours.clone())
            .given("theirs", theirs.clone(), is_theirs.clone())
            .tested(
                "ours there",
                ours.clone().hosts(&[host]),
                Expect::anything(),
            )
            .tested(
                "theirs there",
                theirs.clone().hosts(&[host]),
                Expect::anything(),
            )
            .judge(|transcript| {
                like(transcript, "ours", "ours there")?;
                like(transcript, "theirs", "theirs there")
            })
    })))
}

/// A call over plain http, answered before, is refused once https is insisted on.
fn strict_https(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    Ok(
        Check::new().cases([list(world)?, visitors(world)?].map(|request| {
            Case::new(format!("GET {}", request.target))
                .twin(request.clone(), accepted())
                .state(value!({"comm100": {"strict_https": true}}))
                .tested("over http", request, refused(403_000))
        })),
    )
}

/// Without `Host`, or with two, a call is refused with 400, whatever else is wrong with it.
fn one_host(world: &World) -> Result<Check, Blocked> {
    let nobody = list(world)?.by_nobody().probe();
    let outside = Request::get(format!("/{}", world.unique())).probe();
    let calls = [
        ("a sound call", list(world)?, accepted()),
        ("a call by nobody", nobody, status(401)),
        ("a call outside the API", outside, status(404)),
    ];
    Ok(
        Check::new().cases(calls.into_iter().flat_map(|(name, call, with_one)| {
            let defects = [
                ("without Host", &[][..]),
                ("with Host twice", &[HOSTS[0], HOSTS[0]]),
                ("with two hosts", &[HOSTS[0], HOSTS[1]]),
            ];
            defects.map(|(defect, hosts)| {
                Case::new(format!("{name}, {defect}"))
                    .twin(call.clone(), with_one.clone())
                    .tested("broken", call.clone().hosts(hosts), status(400))
            })
        })),
    )
}

/// The list is found below `/api/v1/`, and not without it.
fn api_prefix(world: &World) -> Result<Check, Blocked> {
    let list = list(world)?;
    let elsewhere = [
        "/livechat/conversions",
        "/api/livechat/conversions",
        "/v1/livechat/conversions",
    ];
    Ok(Check::new().cases(elsewhere.map(|path| {
        Case::new(format!("at {path}"))
            .twin(list.clone(), accepted())
            .tested("elsewhere", list.clone().target(path), turned_down())
    })))
}

/// The path of the list with its letters in upper case where a bit is set.
fn in_case(capitals: u64) -> String {
    let letter = |(place, letter): (usize, char)| match capitals >> place & 1 {
        1 => letter.to_ascii_uppercase(),
        _ => letter,
    };
    LIST.chars().enumerate().map(letter).collect()
}

/// The path of the list with percent escapes where a bit is set; its slashes stay.
fn escaped(escapes: u64) -> String {
    let spelled = |(place, letter): (usize, char)| match escapes >> place & 1 {
        1 if letter != '/' => format!("%{:02x}", u32::from(letter)),
        _ => letter.to_string(),
    };
    LIST.chars().enumerate().map(spelled).collect()
}

/// Under another spelling of its path the list is answered as under its own, and nothing is at a path nearby.
fn spelled(list: &Request, nowhere: &Request, path: String) -> Case {
    Case::new(format!("at {path}"))
        .given("usual", list.clone(), accepted())
        .given("unknown", nowhere.clone(), turned_down())
        .tested(
            "spelled otherwise",
            list.clone().target(path),
            Expect::anything(),
        )
        .judge(|transcript| like(transcript, "usual", "spelled otherwise"))
}

/// The list is the same in whatever letters its path is written.
fn any_case(world: &World) -> Result<Check, Blocked> {
    let (list, nowhere) = (list(world)?, nowhere(world)?);
    let rows = [
        "/API/V1/LIVECHAT/CONVERSIONS",
        "/Api/v1/livechat/conversions",
        "/api/V1/livechat/conversions",
        "/api/v1/LiveChat/conversions",
        "/api/v1/livechat/Conversions",
    ];
    Ok(Check::new()
        .cases(rows.map(|path| spelled(&list, &nowhere, path.to_owned())))
        .random(3, 1_u64.., move |capitals| {
            spelled(&list, &nowhere, in_case(capitals))
        }))
}

/// One slash at the end is let pass, and two are not.
fn trailing_slash(world: &World) -> Result<Check, Blocked> {
    let calls = [
        list(world)?,
        visitors(world)?,
        get(world, "/visitors/chatting")?,
    ];
    Ok(Check::new().cases(calls.map(|call| {
        Case::new(format!("GET {}", call.target))
            .given("without", call.clone(), accepted())
            .tested("one", call.clone().target_and("/"), accepted())
            .tested("two", call.target_and("//"), turned_down())
    })))
}

/// Escapes are decoded, but not twice; nothing is taken out of a path.
fn decoded_once(world: &World) -> Result<Check, Blocked> {
    let (list, nowhere) = (list(world)?, nowhere(world)?);
    let other_paths = [
        "/api/v1/livechat/%2563onversions",
        "/api/v1//livechat/conversions",
        "/api/v1/livechat//conversions",
        "/api/v1/./livechat/conversions",
        "/api/v1/livechat/../livechat/conversions",
        "/api/v1/livechat/%2e/conversions",
    ];
    let others = other_paths.map(|path| {
        Case::new(format!("at {path}"))
            .twin(list.clone(), accepted())
            .tested("elsewhere", list.clone().target(path), turned_down())
    });
    let same = [
        "/api/v1/livechat/%63onversions",
        "/api/v1/livechat%2fconversions",
    ];
    Ok(Check::new()
        .cases(same.map(|path| spelled(&list, &nowhere, path.to_owned())))
        .cases(others)
        .random(3, 1_u64.., move |escapes| {
            spelled(&list, &nowhere, escaped(escapes))
        }))
}

/// Outside the API nothing is found, by somebody and by nobody, who is refused with another answer inside.
fn outside_unknown(world: &World) -> Result<Check, Blocked> {
    let inside = list(world)?;
    let outside = format!("/{}", world.unique());
    let api = "/api/v11/livechat/conversions";
    let callers = [
        ("by an agent", inside.clone(), accepted()),
        ("by nobody", inside.by_nobody().probe(), status(401)),
    ];
    Ok(
        Check::new().cases(callers.into_iter().flat_map(|(name, inside, answered)| {
            [outside.as_str(), api, "/"].map(|path| {
                Case::new(format!("{name}, at {path}"))
                    .twin(inside.clone(), answered.clone())
                    .tested("outside", inside.clone().target(path), refused(404_000))
            })
        })),
    )
}

/// Where nothing is, strangers learn no more than anywhere else.
fn credentials_before_unknown(world: &World) -> Result<Check, Blocked> {
    let nowhere = nowhere(world)?;
    let strangers = [
        ("by nobody", list(world)?.by_nobody().probe()),
        (
            "by an unknown agent",
            list(world)?.by(unknown_agent(world)?).probe(),
        ),
    ];
    Ok(Check::new().cases(strangers.map(|(name, stranger)| {
        Case::new(name)
            .given("the list", stranger.clone(), status(401))
            .twin(nowhere.clone(), status(404))
            .tested(
                "an unknown path",
                stranger.target(&nowhere.target),
                status(401),
            )
    })))
}

/// An unknown path is refused, and the message names it as it was sent.
fn unknown(world: &World) -> Result<Check, Blocked> {
    let below = format!("/api/v1/{}", world.unique());
    let beside = nowhere(world)?.target;
    let rows = [
        (below.clone(), ""),
        (beside.clone(), ""),
        (beside, "?conversions=1"),
        (format!("{below}%41/b"), ""),
        (format!("{LIST}/1"), ""),
    ];
    let known = list(world)?;
    Ok(Check::new().cases(rows.map(|(path, query)| {
        let named = format!("{path} not found.");
        let wanted = format!("text that ends with {named}");
        let names = json("/message").holds(&wanted, move |message| {
            message
                .as_str()
                .is_some_and(|message| message.ends_with(&named))
        });
        let known = known.clone();
        Case::new(format!("at {path}{query}"))
            .twin(known.clone(), accepted())
            .tested(
                "unknown",
                known.target(path + query),
                refused(404_000).and(names),
            )
    })))
}

/// What a path does not take is refused, and what it takes is not.
fn method(world: &World) -> Result<Check, Blocked> {
    let marked = mark(world, &sound(world)?)?;
    let calls = [
        (list(world)?, ["POST", "PUT", "PATCH", "DELETE"]),
        (visitors(world)?, ["POST", "PUT", "PATCH", "DELETE"]),
        (visitor(world)?, ["POST", "PATCH", "DELETE", "PURGE"]),
        (marked, ["GET", "PUT", "PATCH", "DELETE"]),
    ];
    Ok(
        Check::new().cases(calls.into_iter().flat_map(|(call, methods)| {
            methods.map(|method| {
                Case::new(format!("{method} {}", call.target))
                    .twin(call.clone(), accepted())
                    .tested(
                        "another method",
                        call.clone().method(method),
                        refused(405_000),
                    )
            })
        })),
    )
}

/// The call that marks, made with GET: a method that its path does not take, and that changes nothing.
fn mark_by_get(world: &World) -> Result<Request, Blocked> {
    get(world, "/mark_api_conversion_successful")
}

/// Allow has the methods of the path, and no others.
fn allow(world: &World) -> Result<Check, Blocked> {
    let rows = [
        (mark_by_get(world)?, vec!["POST"]),
        (list(world)?.method("OPTIONS"), vec!["GET"]),
        (visitor(world)?.method("OPTIONS"), vec!["GET", "PUT"]),
    ];
    Ok(Check::new().cases(rows.map(|(request, methods)| {
        let wanted = methods.join(", ");
        let methods: BTreeSet<String> = methods.into_iter().map(str::to_owned).collect();
        let listed = header("Allow").holds(&wanted, move |allow| {
            let allow = allow.as_str().unwrap_or_default().split(',');
            allow
                .map(|method| method.trim().to_owned())
                .collect::<BTreeSet<_>>()
                == methods
        });
        seen(
            format!("{} {}", request.method, request.target),
            request,
            status(405),
            listed,
        )
    })))
}

/// HEAD and OPTIONS get the status of any other method, and nobody gets a CORS header.
fn head_and_options(world: &World) -> Result<Check, Blocked> {
    let list = list(world)?.header("Origin", "https://shop.example.com");
    let preflight = list.clone().header("Access-Control-Request-Method", "GET");
    let no_cors = Expect::new(|answer: &Answer| {
        let mut names = answer.headers.iter().map(|(name, _)| name.as_str());
        let found = names.find(|name| name.starts_with("access-control-"));
        demand(
            found.is_none(),
            "headers",
            "no CORS headers",
            found.unwrap_or_default(),
        )
    });
    let rows = [list.clone().method("HEAD"), preflight.method("OPTIONS")];
    let wrong = mark_by_get(world)?;
    Ok(
        Check::of(seen("GET", list, accepted(), no_cors.clone())).cases(rows.map(|request| {
            Case::new(request.method.clone())
                .given("wrong", wrong.clone(), turned_down())
                .tested("method", request, no_cors.clone())
                .judge(|transcript| {
                    let [wrong, found] =
                        ["wrong", "method"].map(|label| transcript.answer(label).status);
                    demand(
                        found == wrong,
                        "status",
                        wrong.to_string(),
                        found.to_string(),
                    )
                })
        })),
    )
}

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// A body of 1 MiB is read, and one byte more is not.
fn too_large(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?.encoded() + "&padding=";
    let padded = move |length: usize| form.clone() + &"x".repeat(length - form.len());
    let blank = |length: usize| format!("[{}]", " ".repeat(length - 2));
    let (mark, set) = (mark(world, &sound(world)?)?, set_nothing(world)?);
    let case = |name: &'static str, call: Request, [largest, larger]: [String; 2]| {
        Case::new(name)
            .twin(call.clone(), accepted())
            .tested("1 MiB", call.clone().body(largest), accepted())
            .tested("one byte more", call.body(larger), refused(413_000))
    };
    let sizes = [BODY_LIMIT, BODY_LIMIT + 1];
    Ok(Check::new().cases([
        case("a form", mark, sizes.map(padded)),
        case("an array", set, sizes.map(blank)),
    ]))
}

/// A body as one chunk.
fn chunk(body: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", body.len());
    [size.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
}

/// A body in bad chunks is refused by who reads it, and does not matter to who does not.
fn readable(world: &World) -> Result<Check, Blocked> {
    let rows = [
        ("mark", mark(world, &sound(world)?)?, refused(400_012)),
        ("set", set_nothing(world)?, refused(400_012)),
    ];
    let unread = Case::new("the list, a size that is no number")
        .twin(list(world)?, accepted())
        .tested("broken", list(world)?.chunks(&b"zz\r\n"[..]), accepted());
    let broken: [(&str, &[u8]); 3] = [
        ("a size that is no number", b"zz\r\n[]\r\n0\r\n\r\n"),
        ("a negative size", b"-2\r\n[]\r\n0\r\n\r\n"),
        ("a chunk longer than its size", b"1\r\n[]\r\n0\r\n\r\n"),
    ];
    Ok(
        Check::of(unread).cases(rows.into_iter().flat_map(|(name, request, expect)| {
            broken.map(|(defect, bytes)| {
                let whole = chunk(request.body.as_deref().unwrap_or_default());
                Case::new(format!("{name}, {defect}"))
                    .twin(request.clone().chunks(whole), accepted())
                    .tested("broken", request.clone().chunks(bytes), expect.clone())
            })
        })),
    )
}

/// Whoever asks for something else than JSON gets the same JSON.
fn json_only(world: &World) -> Result<Check, Blocked> {
    let list = list(world)?;
    let accepts = [
        "application/xml",
        "text/html",
        "text/xml, */*;q=0.1",
        "text/javascript",
    ];
    let asked = accepts.map(|accept| list.clone().header("Accept", accept));
    let padded = list.clone().target_and("?callback=f&format=xml");
    let nowhere = nowhere(world)?.header("Accept", "application/xml");
    let object = json("").holds("an object", Value::is_object);
    Ok(Check::of(
        Case::new("an unknown path")
            .twin(list.clone(), accepted())
            .given(
                "without Accept",
                nowhere.clone().without_header("Accept"),
                object.clone(),
            )
            .tested("for XML", nowhere, object),
    )
    .cases(asked.into_iter().chain([padded]).map(|request| {
        let wish = request
            .headers
            .first()
            .map_or("callback", |(_, accept)| accept);
        Case::new(wish.to_owned())
            .given("usual", list.clone(), listed())
            .tested("otherwise", request, Expect::anything())
            .judge(|transcript| like(transcript, "usual", "otherwise"))
    })))
}

/// Lists and refusals have the same content type.
fn content_type(world: &World) -> Result<Check, Blocked> {
    let rows = [
        ("a list", list(world)?, accepted()),
        ("a refusal", nowhere(world)?, turned_down()),
        (
            "a refusal of nobody",
            list(world)?.by_nobody().probe(),
            turned_down(),
        ),
    ];
    Ok(Check::new().cases(rows.map(|(name, request, met)| {
        let json = header("Content-Type").is("application/json; charset=utf-8");
        seen(name, request, met, json)
    })))
}

/// A name beyond ASCII comes as UTF-8, and no answer begins with a byte order mark.
fn utf8(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    let utf8 = Expect::new(|answer: &Answer| {
        demand(
            std::str::from_utf8(&answer.body).is_ok(),
            "body",
            "UTF-8",
            answer.text(),
        )
    })
    .and(body().holds("no byte order mark", |body| {
        body.as_str()
            .is_some_and(|body| !body.starts_with('\u{feff}'))
    }));
    let name = |list: &Value| {
        let action = list.as_array()?.iter().find(|action| action["id"] == 7)?;
        action["name"].as_str().map(ToOwned::to_owned)
    };
    let there = json("").holds("an action 7 with a name", move |list| name(list).is_some());
    let named = json("").holds("Café ☕ as the name of action 7", move |list| {
        name(list).as_deref() == Some("Café ☕")
    });
    let list = list(world)?;
    let hostless = list.clone().hosts(&[]);
    Ok(Check::of(seen(
        "the list",
        list.clone(),
        there,
        utf8.clone().and(named),
    ))
    .case(Case::new("a refusal").twin(list, accepted()).tested(
        "without Host",
        hostless,
        utf8,
    )))
}

/// The members of an object that are among these stand in this order.
fn in_order(members: &'static [&'static str]) -> impl Fn(&Value) -> bool {
    move |object| {
        let known = object
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys);
        known
            .filter_map(|name| members.iter().position(|member| member == name))
            .is_sorted()
    }
}

/// The members of actions, visitors and failures stand as in the samples.
fn member_order(world: &World) -> Result<Check, Blocked> {
    const ACTION: &[&str] = &["id", "isEnable", "name"];
    const FAILURE: &[&str] = &["code", "message"];
    const VISITOR: &[&str] = &[
        "browser",
        "chats",
        "city",
        "company",
        "country",
        "current_browsing",
        "custom_fields",
        "custom_variable",
        "department",
        "email",
        "first_visit_time",
        "flash_version",
        "id",
        "ip",
        "keywords",
        "landing_page",
        "language",
        "name",
        "operating_system",
        "page_views",
        "phone",
        "product_service",
        "referrer_url",
        "screen_resolution",
        "search_engine",
        "state",
        "status",
        "time_zone",
        "visit_time",
        "visits",
    ];
    let order =
        |members: &'static [&'static str]| json("").holds(&members.join(", "), in_order(members));
    let actions = json("").holds(&ACTION.join(", "), |list| {
        list.as_array()
            .is_some_and(|list| list.iter().all(in_order(ACTION)))
    });
    let has = |members: [&'static str; 2]| {
        json(&format!("/{}", members[0]))
            .exists()
            .and(json(&format!("/{}", members[1])).exists())
    };
    let named = listed().and(mentions(&world.text("conversion_name")?));
    Ok(Check::new().cases([
        seen("actions", list(world)?, named, actions),
        seen(
            "a visitor",
            visitor(world)?,
            has(["browser", "visits"]),
            order(VISITOR),
        ),
        seen(
            "a failure",
            nowhere(world)?,
            has(["code", "message"]),
            order(FAILURE),
        ),
    ]))
}

/// Failed calls of several kinds have a number and a text to say.
fn envelope(world: &World) -> Result<Check, Blocked> {
    let rows = [
        ("an unknown path", nowhere(world)?),
        ("a wrong method", mark_by_get(world)?),
        (
            "an unknown visitor",
            get(world, &format!("/visitors/{}", world.unique()))?,
        ),
    ];
    let list = list(world)?;
    Ok(Check::new().cases(rows.map(|(name, request)| {
        let integer = |code: &Value| code.is_i64() || code.is_u64();
        let enveloped = json("")
            .holds("an object", Value::is_object)
            .and(json("/code").holds("an integer", integer))
            .and(json("/message").holds("a text", Value::is_string));
        Case::new(name)
            .twin(list.clone(), accepted())
            .given("once", request.clone(), turned_down())
            .tested("once more", request, enveloped)
    })))
}

/// Whose fault it was shows in the status.
fn caller_errors(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let astray = mark(world, &form)?.target(nowhere(world)?.target).probe();
    let is_list = json("").holds("an array", Value::is_array);
    Ok(
        Check::of(seen("a good call", visitors(world)?, is_list, accepted())).case(
            Case::new("a path that is not there")
                .twin(list(world)?, accepted())
                .tested("sent astray", astray, turned_down()),
        ),
    )
}

/// The first three digits of a number are the status. An answer without a number is another rule's.
fn code_begins_with_status(world: &World) -> Result<Check, Blocked> {
    let begins = Expect::new(|answer: &Answer| {
        let code = answer.at("/code").unwrap_or_default();
        let code = code
            .as_str()
            .map_or_else(|| code.to_string(), ToOwned::to_owned);
        let wanted = format!("a number that begins with {}", answer.status);
        demand(
            code.starts_with(&answer.status.to_string()),
            "body /code",
            wanted,
            code,
        )
    });
    let numbered = json("/code").exists();
    let unnumbered = json("/code").absent();
    let rows = [
        ("404", nowhere(world)?, status(404).and(numbered.clone())),
        (
            "401",
            list(world)?.by_nobody().probe(),
            status(401).and(numbered.clone()),
        ),
        ("405", mark_by_get(world)?, status(405).and(numbered)),
        ("400", list(world)?.hosts(&[]), status(400)),
    ];
    let list = list(world)?;
    Ok(Check::new().cases(rows.map(|(name, request, met)| {
        Case::new(name)
            .twin(list.clone(), accepted())
            .given("once", request.clone(), met)
            .tested("once more", request, begins.clone().or(unnumbered.clone()))
    })))
}

/// Results have no number of a failure, and failures none of a result.
fn never_both(world: &World) -> Result<Check, Blocked> {
    let neither = |members: [&str; 2]| json(members[0]).absent().and(json(members[1]).absent());
    let sound = sound(world)?;
    let unknown = sound.clone().set("conversion_name", world.unique());
    let nameless = sound.clone().without("conversion_name");
    let (result, failure) = (json("/error_code").exists(), json("/code").exists());
    let no_failure = neither(["/code", "/message"]);
    let no_result = neither(["/error_code", "/error_message"]);
    Ok(Check::new().cases([
        seen(
            "recorded",
            mark(world, &sound)?,
            result.clone(),
            no_failure.clone(),
        ),
        seen(
            "an unknown name",
            mark(world, &unknown)?,
            result,
            no_failure,
        ),
        seen(
            "without a name",
            mark(world, &nameless)?,
            failure.clone(),
            no_result.clone(),
        ),
        seen("an unknown path", nowhere(world)?, failure, no_result),
    ]))
}

/// A fault of the service, switched on, is answered with 500.
fn internal_fault(world: &World) -> Result<Check, Blocked> {
    world.sandbox()?;
    Ok(
        Check::new().cases([list(world)?, visitors(world)?].map(|request| {
            Case::new(format!("GET {}", request.target))
                .twin(request.clone(), accepted())
                .state(account(&value!({"internal_fault": true})))
                .tested("with the fault", request, refused(500_000))
        })),
    )
}
