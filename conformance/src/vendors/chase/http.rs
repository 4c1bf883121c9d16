//! What holds for every call: framing, headers, sizes and connections.

use serde_json::{Value, json};

use super::{PATH, accepted, knock, post, probe, queued, reached, sound};
use crate::check::{Case, Check, Entry, Refusal};
use crate::exchange::{Answer, Request};
use crate::expect::{Breach, Expect, body, demand, header, status};
use crate::world::{Blocked, World};

/// The checks of HTTP.
pub(super) const CHECKS: &[Entry] = &[
    ("chase.http.malformed", malformed),
    ("chase.http.chunked", chunked),
    ("chase.http.expect_continue", expect_continue),
    ("chase.http.ignored_headers", ignored_headers),
    ("chase.http.large_head", large_head),
    ("chase.http.body_size", body_size),
    ("chase.http.compact_json", compact_json),
    ("chase.http.header_order", header_order),
    ("chase.http.server_header", server_header),
    ("chase.http.reason_phrases", reason_phrases),
    ("chase.http.connection_kept", connection_kept),
    ("chase.http.connection_closed", connection_closed),
    ("chase.http.no_rate_limit", no_rate_limit),
];

/// Without a host, with two of them, or with a chunk whose size is no number, a call is turned away as no HTTP.
fn malformed(_: &World) -> Result<Check, Blocked> {
    let no_http = status(400)
        .and(header("content-type").matches("^text/plain"))
        .and(header("connection").is("close"))
        .and(body().is("Invalid HTTP request received."));
    let host = "services.meetchase.ai";
    let hosts = Refusal::of(knock(), reached())
        .broken("without a host", |call| call.hosts(&[]), no_http.clone())
        .broken(
            "with two hosts",
            |call| call.hosts(&[host, host]),
            no_http.clone(),
        );
    let chunks = Refusal::of(knock().chunks(chunks(&["{}"], "")), reached()).broken(
        "with a chunk without a size",
        |call| call.chunks("zz\r\n{}\r\n0\r\n\r\n"),
        no_http,
    );
    let (hosts, chunks) = (Check::from(hosts), Check::from(chunks));
    Ok(hosts.cases(chunks.cases))
}

/// Pieces of a body as chunks, each with this extension.
fn chunks(pieces: &[&str], extension: &str) -> String {
    let piece = |piece: &&str| format!("{:x}{extension}\r\n{piece}\r\n", piece.len());
    let pieces: String = pieces.iter().map(piece).collect();
    format!("{pieces}0\r\n\r\n")
}

/// Where a body is cut into chunks does not matter, and neither does what stands behind their sizes.
fn chunked(world: &World) -> Result<Check, Blocked> {
    let mut check = Check::new();
    for (name, extension) in [("in chunks", ""), ("with extensions", ";a=b;c")] {
        let case = accepted(world, name, &sound(world)?, |call| {
            let body = String::from_utf8(call.body.clone().unwrap_or_default())
                .expect("checks write JSON in UTF-8");
            let (head, tail) = body.split_at(5);
            let (middle, end) = tail.split_at(1);
            call.chunks(chunks(&[head, middle, end], extension))
        })?;
        check = check.case(case);
    }
    Ok(check)
}

/// A body is asked for only where it matters.
fn expect_continue(world: &World) -> Result<Check, Blocked> {
    let asked = |wanted: &'static [u16]| {
        Expect::new(move |answer: &Answer| {
            let (wanted, got) = (format!("{wanted:?}"), format!("{:?}", answer.interim));
            demand(wanted == got, "interim answers", &wanted, &got)
        })
    };
    let waiting = |call: Request| call.header("Expect", "100-continue");
    let cases = answers(world)?
        .into_iter()
        .chain([("a slash behind the path", knock().target_and("/"), 307)])
        .map(|(name, call, code)| {
            let wanted: &[u16] = match code {
                404 | 405 | 307 => &[],
                _ => &[100],
            };
            Case::new(name)
                .given("at once", call.clone(), status(code))
                .tested("waits", waiting(call), asked(wanted))
        });
    let sound = post(world, &sound(world)?)?;
    let sound = Case::new("a sound body")
        .given("at once", sound.clone(), queued())
        .tested("waits", waiting(sound), asked(&[100]));
    Ok(Check::new().cases(cases).case(sound))
}

/// A sound call is accepted whatever these say.
fn ignored_headers(world: &World) -> Result<Check, Blocked> {
    let body = sound(world)?;
    let headers = [
        ("Accept", "application/xml"),
        ("Accept", "text/html;q=0.5"),
        ("Accept-Encoding", "br, identity;q=0"),
        ("Origin", "https://shop.example.com"),
        ("Content-Encoding", "gzip"),
        ("X-HTTP-Method-Override", "GET"),
    ];
    let cases: Result<Vec<Case>, Blocked> = headers
        .into_iter()
        .map(|(name, value)| {
            accepted(world, format!("with {name}: {value}"), &body, |call| {
                call.header(name, value)
            })
        })
        .collect();
    Ok(Check::new().cases(cases?))
}

/// 15,000 bytes in one header, and as many in the query. With more, it may depend on how they arrive.
fn large_head(world: &World) -> Result<Check, Blocked> {
    let body = sound(world)?;
    let long = "a".repeat(15_000);
    let cookie = accepted(world, "a long header", &body, |call| {
        call.header("Cookie", format!("c={long}"))
    })?;
    let query = accepted(world, "a long query", &body, |call| {
        call.target_and(&format!("?q={long}"))
    })?;
    Ok(Check::new().case(cookie).case(query))
}

/// 16 MiB are read to the end; one byte more may be too much, but not a mistake of the body.
fn body_size(world: &World) -> Result<Check, Blocked> {
    const MOST: usize = 16 << 20;
    let open = sound(world)?.to_string().into_bytes();
    let (bracket, open) = open.split_last().expect("an object has brackets");
    let call = |body: Vec<u8>| Ok(post(world, &Value::Null)?.body(body));
    // The last byte closes the object, so whoever accepts it has read as far as that.
    let long = |length: usize| {
        let mut body = open.to_vec();
        body.resize(length - 1, b' ');
        body.push(*bracket);
        call(body)
    };
    let read = Case::new("16 MiB")
        .given("without an end", call(open.to_vec())?, status(422))
        .tested("long", long(MOST)?, queued());
    let more = Case::new("16 MiB and a byte")
        .given("shorter", long(open.len() + 1)?, queued())
        .tested("longer", long(MOST + 1)?, queued().or(status(413)));
    Ok(Check::new().case(read).case(more))
}

/// Answers with a body, each from another part of the service.
fn answers(world: &World) -> Result<Vec<(&'static str, Request, u16)>, Blocked> {
    Ok(vec![
        ("another method", knock().method("PUT"), 405),
        ("an unknown path", knock().target("/api/v2/unknown"), 404),
        ("without a key", knock(), 401),
        (
            "a body that does not fit",
            probe(world, r#"{"email": 1}"#)?,
            422,
        ),
        ("a body that is no JSON", probe(world, "{")?, 422),
    ])
}

fn all_answers(world: &World, wanted: &Expect) -> Result<Check, Blocked> {
    let cases = answers(world)?
        .into_iter()
        .map(|(name, call, _)| Case::new(name).tested("answer", call, wanted.clone()));
    Ok(Check::new().cases(cases))
}

/// JSON is written without blanks, and says how long it is and that it is JSON.
fn compact_json(world: &World) -> Result<Check, Blocked> {
    let compact = Expect::new(|answer| {
        let value: Value = answer
            .json()
            .ok_or_else(|| Breach::new("body", "JSON", answer.text()))?;
        demand(
            value.to_string().len() == answer.body.len(),
            "body",
            value.to_string(),
            answer.text(),
        )
    });
    let length = Expect::new(|answer| {
        let length = answer.header("content-length").unwrap_or("nothing there");
        let wanted = answer.body.len().to_string();
        demand(length == wanted, "header content-length", &wanted, length)
    });
    let wanted = compact
        .and(header("content-type").is("application/json"))
        .and(length);
    all_answers(world, &wanted)
}

/// The framework's headers, in the order in which it writes them.
const ORDER: [&str; 8] = [
    "date",
    "server",
    "allow",
    "www-authenticate",
    "content-length",
    "content-type",
    "location",
    "connection",
];

/// Those of the framework's headers that an answer has come in its order.
fn header_order(world: &World) -> Result<Check, Blocked> {
    let ordered = Expect::new(|answer: &Answer| {
        let names = || answer.headers.iter().map(|(name, _)| name.as_str());
        let known: Vec<&str> = names().filter(|name| ORDER.contains(name)).collect();
        let mut wanted = known.clone();
        wanted.sort_by_key(|name| ORDER.iter().position(|other| other == name));
        demand(
            known == wanted && known.len() > 1,
            "headers",
            wanted.join(", "),
            known.join(", "),
        )
    });
    let redirect = knock().target_and("/");
    let redirect = Case::new("a slash behind the path").tested("answer", redirect, ordered.clone());
    Ok(all_answers(world, &ordered)?.case(redirect))
}

/// Who serves, and when.
fn server_header(world: &World) -> Result<Check, Blocked> {
    let date = r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$";
    let wanted = header("server")
        .is("uvicorn")
        .and(header("date").matches(date));
    all_answers(world, &wanted)
}

/// What stands behind the status is what usually does.
fn reason_phrases(world: &World) -> Result<Check, Blocked> {
    let usual = Expect::new(|answer: &Answer| {
        let wanted = match answer.status {
            200 => "OK",
            202 => "Accepted",
            307 => "Temporary Redirect",
            400 => "Bad Request",
            401 => "Unauthorized",
            404 => "Not Found",
            405 => "Method Not Allowed",
            422 => "Unprocessable Entity",
            500 => "Internal Server Error",
            // Another rule says whether there may be such an answer.
            _ => return Ok(()),
        };
        demand(answer.reason == wanted, "reason", wanted, &answer.reason)
    });
    let more = [
        ("a slash behind the path", knock().target_and("/")),
        ("a body that is not decoded", probe(world, [0xFF])?),
        ("a sound body", post(world, &sound(world)?)?),
    ];
    let more = more.map(|(name, call)| Case::new(name).tested("answer", call, usual.clone()));
    Ok(all_answers(world, &usual)?.cases(more))
}

/// What was answered once is answered again over the same connection.
fn connection_kept(world: &World) -> Result<Check, Blocked> {
    let cases = answers(world)?.into_iter().map(|(name, call, _)| {
        Case::new(name)
            .given("once", call.clone(), Expect::anything())
            .tested("again", call.twice(), Expect::anything())
    });
    Ok(Check::new().cases(cases))
}

/// Who asks for the end of the connection is told that it ends, and so is who speaks HTTP/1.0; others are not.
fn connection_closed(world: &World) -> Result<Check, Blocked> {
    let closed = || header("connection").is("close");
    let cases = answers(world)?.into_iter().flat_map(|(name, call, _)| {
        let open = Case::new(name).twin(call.clone(), header("connection").absent());
        let closing = call.clone().header("Connection", "close");
        let old = open
            .clone()
            .tested("over HTTP/1.0", call.http_10(), closed());
        [open.tested("to be closed", closing, closed()), old]
    });
    Ok(Check::new().cases(cases))
}

/// Thirty calls in a row, and nobody is told to slow down or how many are left.
fn no_rate_limit(world: &World) -> Result<Check, Blocked> {
    let unlimited = Expect::new(|answer: &Answer| {
        let limit = answer.headers.iter().find(|(name, _)| {
            name == "retry-after"
                || name.starts_with("ratelimit")
                || name.starts_with("x-ratelimit")
        });
        let (aspect, got) = limit
            .map_or(("status".to_owned(), answer.status.to_string()), |limit| {
                (format!("header {}", limit.0), limit.1.clone())
            });
        demand(
            limit.is_none() && answer.status != 429,
            &aspect,
            "no limit",
            got,
        )
    });
    let mut case = Case::new("many calls");
    for _ in 0..10 {
        case = case
            .tested("accepted", post(world, &sound(world)?)?, unlimited.clone())
            .tested(
                "refused",
                probe(world, json!({}).to_string())?,
                unlimited.clone(),
            )
            .tested("turned away", Request::get(PATH).probe(), unlimited.clone());
    }
    Ok(Check::of(case.tested(
        "at last",
        post(world, &sound(world)?)?,
        queued(),
    )))
}
