//! Which calls reach the operation: the path and the method. Nothing here needs a key, and nothing gets as far as the body.

use serde_json::json;

use super::strategies::other_path;
use super::{PATH, accepted, knock, post, reached, sound, without};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::Request;
use crate::expect::{Expect, body, demand, header, json, status};
use crate::world::{Blocked, World};

/// The checks of path and method.
pub(super) const CHECKS: &[Entry] = &[
    ("chase.route.unknown_path", unknown_path),
    ("chase.route.exact_path", exact_path),
    ("chase.route.decoded_path", decoded_path),
    ("chase.route.no_description_pages", no_description_pages),
    ("chase.route.trailing_slash", trailing_slash),
    ("chase.route.location_query", location_query),
    ("chase.route.location_host", location_host),
    ("chase.route.location_scheme", location_scheme),
    ("chase.route.post_only", post_only),
    ("chase.route.head", head),
    ("chase.route.no_cors", no_cors),
    ("chase.route.before_key_and_body", before_key_and_body),
    ("chase.route.query_ignored", query_ignored),
];

/// The documented call gets as far as the key; to each of these paths it is answered otherwise.
fn astray(paths: &[&'static str], refused: &Expect) -> Check {
    paths
        .iter()
        .fold(Refusal::of(knock(), reached()), |check, path| {
            check.broken(
                format!("to {path}"),
                |call| call.target(*path),
                refused.clone(),
            )
        })
        .into()
}

/// Below, beside and above the documented path there is nothing.
fn unknown_path(_: &World) -> Result<Check, Blocked> {
    let not_found = || status(404).and(json("/detail").is("Not Found"));
    let paths = [
        "/api/v2/unknown",
        "/api/v2/conversions/1",
        "/api/v2/",
        "/api/v1/conversions",
        "/",
    ];
    Ok(
        astray(&paths, &not_found()).random(2, other_path(), move |path| {
            Case::new("to a random path")
                .twin(knock(), reached())
                .tested("astray", knock().target(path), not_found())
        }),
    )
}

/// Nothing is folded or merged before the path is compared.
fn exact_path(_: &World) -> Result<Check, Blocked> {
    let paths = [
        "/API/v2/conversions",
        "/api/v2/Conversions",
        "//api/v2/conversions",
        "/api//v2/conversions",
        "/api/v2/./conversions",
        "/api/v2/x/../conversions",
        "/api/v2/conversions;x",
    ];
    Ok(astray(&paths, &status(404)))
}

/// A call that is not turned away for where it goes.
fn arrived() -> Expect {
    Expect::new(|answer| {
        let holds = ![404, 405, 307].contains(&answer.status);
        let got = answer.status.to_string();
        demand(holds, "status", "another one than 404, 405 and 307", got)
    })
}

/// What decodes to the documented path reaches it, and what only looks like it does not.
fn decoded_path(_: &World) -> Result<Check, Blocked> {
    let nowhere = || knock().target("/api/v2/conversion%73s");
    let found = [
        "/api/v2/%63onversions",
        "/api%2Fv2%2fconversions",
        "/api/v2/conversions%0A",
    ];
    let found = found.map(|path| {
        Case::new(format!("to {path}"))
            .given("elsewhere", nowhere(), status(404))
            .tested("encoded", knock().target(path), arrived())
    });
    let other = [
        "/api/v2/%2563onversions",
        "/api/v2/conversions%0A%0A",
        "/api/v2/conversions%20",
        "/api/v2/conversions%00",
        "/api/v2/conversions%",
    ];
    Ok(astray(&other, &status(404)).cases(found))
}

/// Where the framework would serve a description of the operation there is nothing.
fn no_description_pages(_: &World) -> Result<Check, Blocked> {
    let get = |path: &str| Request::get(path).probe();
    let pages = ["/docs", "/redoc", "/openapi.json"].map(|page| {
        Case::new(format!("{page} is asked for"))
            .twin(get(PATH), status(405))
            .tested("page", get(page), status(404))
    });
    Ok(Check::new().cases(pages))
}

/// A slash at the end leads back to the path without it, by any method.
fn trailing_slash(_: &World) -> Result<Check, Blocked> {
    let redirected = || status(307).and(header("location").matches(&format!("{PATH}(%0A)?$")));
    let mut check: Check = Refusal::of(knock(), reached()).into();
    for path in [
        "/api/v2/conversions/",
        "/api/v2/conversions///",
        "/api/v2/%63onversions%2F",
        "/api/v2/conversions%0A/",
    ] {
        for method in ["POST", "GET", "DELETE", "BREW"] {
            let call = knock().target(path).method(method);
            let case = Case::new(format!("{method} {path}"))
                .twin(knock(), reached())
                .tested("with a slash", call, redirected());
            check = check.case(case);
        }
    }
    Ok(check)
}

/// A call that is redirected, as far as these checks count on it.
fn redirected(case: Case) -> Case {
    case.given("redirect", with_slash(), header("location").exists())
}

fn with_slash() -> Request {
    knock().target_and("/")
}

/// The query stays as it was sent, save for what an address cannot hold; an empty one is dropped.
fn location_query(_: &World) -> Result<Check, Blocked> {
    let carried = [
        ("", ""),
        ("?", ""),
        ("?a=1&b=%20x", r"\?a=1&b=%20x"),
        ("?a?b", r"\?a\?b"),
        ("?a=1&a=2&&", r"\?a=1&a=2&&"),
        ("?%zz!$&'()*+,;:@=~-._", r"\?%zz!\$&'\(\)\*\+,;:@=~-\._"),
        ("?{|}^`", r"\?%7B%7C%7D%5E%60"),
    ];
    let cases = carried.map(|(sent, carried)| {
        let carries = header("location").matches(&format!("^[^?]*[^/?]{carried}$"));
        redirected(Case::new(format!("with the query {sent:?}"))).tested(
            "with a query",
            with_slash().target_and(sent),
            carries,
        )
    });
    Ok(Check::new().cases(cases))
}

/// The host is the one that the call names, as long as it is one.
fn location_host(_: &World) -> Result<Check, Blocked> {
    let named = [
        ("shop.example.com:8080", r"shop\.example\.com:8080"),
        ("Shop.Example", r"Shop\.Example"),
        ("[::1]:65535", r"\[::1\]:65535"),
    ];
    let named = named.map(|(host, shown)| {
        redirected(Case::new(format!("with the host {host}"))).tested(
            "named",
            with_slash().hosts(&[host]),
            header("location").matches(&format!("^([a-z]+:)?//{shown}/")),
        )
    });
    let none = [
        "shop.example:65536",
        "someone@shop.example",
        "shop.example:",
    ]
    .map(|host| {
        let own = header("location").matches(r"^([a-z]+:)?//[0-9A-Za-z.\[\]:-]+/");
        let other = header("location").holds("another host", move |location| {
            location
                .as_str()
                .is_some_and(|location| !location.contains("shop.example"))
        });
        redirected(Case::new(format!("with {host}, which is no host"))).tested(
            "not named",
            with_slash().hosts(&[host]),
            own.and(other),
        )
    });
    let old = redirected(Case::new("over HTTP/1.0, where a call need not name one")).tested(
        "not named",
        with_slash().http_10(),
        header("location").matches(r"^([a-z]+:)?//[0-9A-Za-z.\[\]:-]+/"),
    );
    Ok(Check::new().cases(named).cases(none).case(old))
}

/// The scheme is one of the web's; which one depends on what stands in front of the service.
fn location_scheme(_: &World) -> Result<Check, Blocked> {
    let web = header("location").matches("^https?://");
    Ok(Check::of(
        redirected(Case::new("with a slash behind the path")).tested("again", with_slash(), web),
    ))
}

/// Every method but POST is turned away, also one that nobody knows or that is spelt in another letter case.
fn post_only(_: &World) -> Result<Check, Blocked> {
    let not_allowed = status(405)
        .and(header("allow").is("POST"))
        .and(json("/detail").is("Method Not Allowed"));
    let methods = [
        "GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "post",
    ];
    Ok(methods
        .iter()
        .fold(Refusal::of(knock(), reached()), |check, method| {
            check.broken(
                format!("by {method}"),
                |call| call.method(method),
                not_allowed.clone(),
            )
        })
        .into())
}

/// HEAD is answered like GET, and there is no body.
fn head(_: &World) -> Result<Check, Blocked> {
    let get = Request::get(PATH).probe();
    let same = status(405)
        .and(header("allow").is("POST"))
        .and(body().is(""));
    Ok(Check::of(
        Case::new("HEAD beside GET")
            .given(
                "GET",
                get.clone(),
                status(405).and(header("allow").is("POST")),
            )
            .tested("HEAD", get.method("HEAD"), same),
    ))
}

/// A browser that asks whether it may call gets no permission.
fn no_cors(world: &World) -> Result<Check, Blocked> {
    const PERMISSIONS: [&str; 4] = ["origin", "methods", "headers", "credentials"];
    let silent = || {
        PERMISSIONS.iter().fold(Expect::anything(), |all, what| {
            all.and(header(&format!("access-control-allow-{what}")).absent())
        })
    };
    let preflight = Request::new("OPTIONS", PATH)
        .header("Origin", "https://shop.example.com")
        .header("Access-Control-Request-Method", "POST")
        .probe();
    let call = knock().header("Origin", "https://shop.example.com");
    let unfit = post(world, &json!({}))?
        .header("Origin", "https://shop.example.com")
        .probe();
    let options = Request::new("OPTIONS", PATH).probe();
    Ok(Check::new()
        .case(
            Case::new("a preflight")
                .given("OPTIONS alone", options, status(405))
                .tested("preflight", preflight, status(405).and(silent())),
        )
        .case(
            Case::new("calls from a page")
                .tested("without a key", call, silent())
                .tested("with one", unfit, silent()),
        ))
}

/// Whether a key is there or known, and whether the body is any good, is not looked at.
fn before_key_and_body(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for (place, call, code) in [
        ("an unknown path", knock().target("/api/v2/unknown"), 404),
        ("a slash behind the path", with_slash(), 307),
        ("another method", knock().method("PUT"), 405),
    ] {
        let key = super::key(world)?;
        check = check.case(
            Case::new(place)
                .given("without a key", call.clone(), status(code))
                .tested(
                    "with an unknown key",
                    call.clone().header("X-API-Key", world.unique()),
                    status(code),
                )
                .tested("with a key", call.clone().by(key), status(code))
                .tested("with half a body", call.clone().body("{"), status(code))
                .tested("with an empty body", call.body(""), status(code)),
        );
    }
    Ok(check)
}

/// Whatever the query says, the body alone counts.
fn query_ignored(world: &World) -> Result<Check, Blocked> {
    let body = sound(world)?;
    let cases = [
        "?email=bad&x",
        "?",
        "?conversion_type=1&conversion_data=[]",
        "?%zz",
    ];
    let cases = cases.map(|query| {
        accepted(world, format!("with {query}"), &body, |call| {
            call.target_and(query)
        })
    });
    let email = format!("?email={}", world.text("contact")?);
    let unfit = post(world, &without(&body, "email"))?.probe();
    let in_query = Case::new("with the address in the query alone")
        .given("without an address", unfit.clone(), status(422))
        .twin(post(world, &body)?.target_and(&email), super::queued())
        .tested("in the query", unfit.target_and(&email), status(422));
    let cases: Result<Vec<Case>, Blocked> = cases.into_iter().collect();
    Ok(Check::of(in_query).cases(cases?))
}
