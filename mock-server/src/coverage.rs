//! Answer coverage: which of the documented answers the clients of a sandbox have met, and what provokes the others.
//!
//! The documented answers are each vendor's `answers.toml`, read when the vendor answers its first call, not before.

use std::sync::OnceLock;

use fixtures::{DocumentedAnswer, ProvokingCall, ProvokingFault};
use memchr::memmem::Finder;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::engine::Answer;
use crate::vendors::VENDORS;

/// Which documented answers were met: a bit each, for each of [`VENDORS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage([u128; VENDORS.len()]);

impl Coverage {
    /// Looks at an answer of a vendor, given to a call that met `route`. Allocates nothing.
    pub fn observe(&mut self, vendor: usize, route: Option<&str>, answer: &Answer) {
        let met = &mut self.0[vendor];
        let status = answer.status().as_u16();
        for group in &Table::of(vendor).groups {
            let may_be = group.status == status
                && group.bits & !*met != 0
                && group.route.is_none_or(|wanted| route == Some(wanted));
            if may_be && has(answer, group.common.as_slice()) {
                let found = |look: &&Look| *met & look.bit == 0 && look.is(answer);
                let new = group.looks.iter().filter(found);
                *met |= new.fold(0, |bits, look| bits | look.bit);
            }
        }
    }

    /// Adds what others have met.
    pub fn add(&mut self, other: &Self) {
        for (met, more) in self.0.iter_mut().zip(other.0) {
            *met |= more;
        }
    }

    /// What was met and what was not, of all vendors or only one. `reach` says for each of [`VENDORS`] how to get there.
    pub fn report(&self, only: Option<usize>, reach: &[Reach]) -> Report {
        let wanted = (0..VENDORS.len()).filter(|vendor| only.is_none_or(|only| only == *vendor));
        let vendors: Vec<VendorReport> = wanted
            .map(|vendor| VendorReport::new(vendor, self.0[vendor], &reach[vendor]))
            .collect();
        let documented = vendors.iter().map(|vendor| vendor.documented).sum();
        let met = vendors.iter().map(|vendor| vendor.met).sum();
        Report {
            vendors,
            documented,
            met,
            percent: percent(met, documented),
        }
    }
}

/// How a client reaches a vendor in a sandbox.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The base URL: `http://127.0.0.1:8080/s/one/chase`.
    pub base_url: String,
    /// The default credentials, as [`Vendor::credentials`](crate::engine::Vendor::credentials) names them.
    pub credentials: Map<String, Value>,
}

/// Which documented answers were met.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Each vendor.
    pub vendors: Vec<VendorReport>,
    /// How many answers they document together.
    pub documented: u32,
    /// How many of these were met.
    pub met: u32,
    /// The same in percent, with one decimal.
    pub percent: f64,
}

/// Which documented answers of a vendor were met.
#[derive(Clone, Debug, Serialize)]
pub struct VendorReport {
    /// The vendor's name.
    pub vendor: &'static str,
    /// How many answers it documents.
    pub documented: u32,
    /// How many of these were met.
    pub met: u32,
    /// The same in percent, with one decimal.
    pub percent: f64,
    /// Each of them.
    pub answers: Vec<Row>,
}

/// A documented answer, and whether it was met.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its id.
    pub id: &'static str,
    /// The documented route of the call; none, if it can be any.
    pub route: Option<&'static str>,
    /// Its status.
    pub status: u16,
    /// What tells it from others of the status, in the vendor's words.
    pub code: Option<&'static str>,
    /// What it means.
    pub says: &'static str,
    /// Whether it was met.
    pub met: bool,
    /// What provokes it.
    pub provoke: Provoke,
}

/// What provokes an answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provoke {
    /// A line for the shell, with curl.
    Call(String),
    /// The body of `POST {sb}/faults`; calls meet it afterwards.
    Fault(Value),
}

impl VendorReport {
    fn new(vendor: usize, bits: u128, reach: &Reach) -> Self {
        let table = Table::of(vendor);
        let answers: Vec<Row> = table
            .answers
            .iter()
            .enumerate()
            .map(|(place, answer)| Row {
                id: &answer.id,
                route: answer.route.as_deref(),
                status: answer.status,
                code: answer.code.as_deref(),
                says: &answer.says,
                met: bits & (1 << place) != 0,
                provoke: provoke(vendor, answer, reach),
            })
            .collect();
        let documented = u32::try_from(answers.len()).expect("a bit each of 128");
        let met = bits.count_ones();
        Self {
            vendor: VENDORS[vendor].name(),
            documented,
            met,
            percent: percent(met, documented),
            answers,
        }
    }
}

/// A share in percent, with one decimal. Whatever is not there is complete.
fn percent(met: u32, documented: u32) -> f64 {
    if documented == 0 {
        return 100.0;
    }
    // Rounded down: 100 means all of them.
    f64::from(1000 * met / documented) / 10.0
}

/// What a vendor documents, arranged for a quick look at an answer.
struct Table {
    answers: Vec<DocumentedAnswer>,
    groups: Vec<Group>,
}

/// Answers of one status, to calls of one route or any, that have their first text in common.
struct Group {
    status: u16,
    route: Option<&'static str>,
    /// The text that all of them have, if they have one.
    common: Option<Finder<'static>>,
    /// The bits of all of them.
    bits: u128,
    looks: Vec<Look>,
}

/// What tells an answer from the others of its group.
struct Look {
    bit: u128,
    texts: Vec<Finder<'static>>,
    /// In XML, if that differs.
    xml: Vec<Finder<'static>>,
}

impl Table {
    /// The table of the vendor at that place of [`VENDORS`].
    fn of(vendor: usize) -> &'static Self {
        static TABLES: [OnceLock<Table>; VENDORS.len()] =
            [const { OnceLock::new() }; VENDORS.len()];
        TABLES[vendor].get_or_init(|| {
            let name = VENDORS[vendor].name();
            let folder = fixtures::vendor(name).expect("each vendor has a folder; a test looks");
            Self::new(
                DocumentedAnswer::read_all(folder).expect("the file is sound; a test looks"),
                VENDORS[vendor].routes(),
            )
        })
    }

    fn new(answers: Vec<DocumentedAnswer>, routes: &[&'static str]) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (place, answer) in answers.iter().enumerate() {
            let route = answer.route.as_deref().map(|route| {
                let known = routes.iter().find(|known| **known == route);
                *known.expect("each is a route of the vendor; a test looks")
            });
            let (common, rest) = match answer.contains.split_first() {
                Some((first, rest)) if answer.contains_xml.is_empty() => (Some(first), rest),
                _ => (None, answer.contains.as_slice()),
            };
            let common = common.map(|text| finder(text));
            let look = Look {
                bit: 1 << place,
                texts: rest.iter().map(|text| finder(text)).collect(),
                xml: answer
                    .contains_xml
                    .iter()
                    .map(|text| finder(text))
                    .collect(),
            };
            let needle = |common: &Option<Finder<'static>>| {
                common.as_ref().map(|common| common.needle().to_owned())
            };
            let alike = groups.iter_mut().find(|group| {
                (group.status, group.route) == (answer.status, route)
                    && needle(&group.common) == needle(&common)
            });
            match alike {
                Some(group) => {
                    group.bits |= look.bit;
                    group.looks.push(look);
                }
                None => groups.push(Group {
                    status: answer.status,
                    route,
                    common,
                    bits: look.bit,
                    looks: vec![look],
                }),
            }
        }
        Self { answers, groups }
    }

    /// The call that provokes another answer.
    fn call(&self, id: &str) -> Option<&ProvokingCall> {
        let answer = self.answers.iter().find(|answer| answer.id == id)?;
        answer.call.as_ref()
    }
}

impl Look {
    fn is(&self, answer: &Answer) -> bool {
        has(answer, &self.texts) || (!self.xml.is_empty() && has(answer, &self.xml))
    }
}

fn finder(text: &str) -> Finder<'static> {
    Finder::new(text.as_bytes()).into_owned()
}

/// Whether the body of an answer has all of these texts.
fn has(answer: &Answer, texts: &[Finder<'static>]) -> bool {
    texts.iter().all(|text| text.find(answer.body()).is_some())
}

/// What provokes an answer, for somebody who reaches the vendor like this.
fn provoke(vendor: usize, answer: &DocumentedAnswer, reach: &Reach) -> Provoke {
    if let Some(call) = &answer.call {
        return Provoke::Call(line(call, Table::of(vendor), reach));
    }
    let fault = answer.fault.as_ref();
    let fault = fault.expect("what no call provokes, a fault does; a test looks");
    Provoke::Fault(fault_body(vendor, answer, fault))
}

/// A fault as `POST {sb}/faults` takes it.
fn fault_body(vendor: usize, answer: &DocumentedAnswer, fault: &ProvokingFault) -> Value {
    let mut calls = json!({"vendor": VENDORS[vendor].name()});
    if let Some(route) = fault.route.as_ref().or(answer.route.as_ref()) {
        calls["route"] = route.as_str().into();
    }
    json!({"match": calls, "times": 1, "do": fault.effect})
}

/// A call as a line for the shell.
fn line(call: &ProvokingCall, table: &Table, reach: &Reach) -> String {
    let Some(before) = call.after.as_ref().and_then(|before| table.call(before)) else {
        return curl("-i", call, reach);
    };
    let before = curl("-s", before, reach);
    let mut line = if call.target.contains(QUEUED_URI) {
        format!(r#"uri=$({before} | sed 's/.*"QueuedUri":"\([^"]*\)".*/\1/')"#)
    } else {
        format!("{before} > /dev/null")
    };
    if call.wait_ms > 0 {
        line += &format!(" && sleep {}", call.wait_ms.div_ceil(1000));
    }
    line + " && " + &curl("-i", call, reach)
}

/// Stands in a target for what the call before was told.
const QUEUED_URI: &str = "{queued_uri}";

/// A call as one run of curl.
fn curl(flag: &str, call: &ProvokingCall, reach: &Reach) -> String {
    let filled = |text: &str| filled(text, &reach.credentials);
    let mut line = format!("curl {flag}");
    let default = if call.body.is_some() { "POST" } else { "GET" };
    if call.method != default {
        line += &format!(" -X {}", call.method);
    }
    if let Some(user) = &call.user {
        line += &format!(" -u {}", quoted(&filled(user)));
    }
    for (name, value) in &call.headers {
        let header = match value.as_str() {
            "" => format!("{name}:"),
            value => format!("{name}: {}", filled(value)),
        };
        line += &format!(" -H {}", quoted(&header));
    }
    if let Some(body) = &call.body {
        line += &format!(" --data-raw {}", quoted(&filled(body)));
    }
    let url = format!("{}{}", reach.base_url, filled(&call.target));
    let url = quoted(&url).replace(QUEUED_URI, r#"'"$uri"'"#);
    line + " " + &url
}

/// A text with credentials in place of their names in braces.
fn filled(text: &str, credentials: &Map<String, Value>) -> String {
    let texts = credentials
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?)));
    texts.fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

/// A text as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use http::header::{AUTHORIZATION, HOST};
    use http::{HeaderName, StatusCode};
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::clock::Clock;
    use crate::sandbox::{Part, Sandbox};
    use crate::sandboxes::{New, Sandboxes, Settings, vendor_named};
    use crate::seed::{self, Layer};
    use crate::testing::Call;

    const BEGIN: Timestamp = Timestamp::constant(1_781_114_400, 0);

    /// A server with the built-in seed, and a clock that stands still.
    fn server() -> Sandboxes {
        let layers: Vec<Layer> = fixtures::VENDORS
            .iter()
            .map(|vendor| Layer::parse("seed.toml", vendor.seed().to_owned()).unwrap())
            .collect();
        Sandboxes::new(Settings {
            seeds: seed::merge(&layers).unwrap(),
            clock: Clock::Fixed(BEGIN),
            random_seed: 7,
            journal_entries: 10,
            journal_bytes: 1 << 20,
            body_limits: VENDORS.iter().map(|kind| kind.body_limit()).collect(),
        })
    }

    /// Makes a call; the answer's body.
    fn send(
        sandbox: &mut Sandbox,
        vendor: usize,
        call: &ProvokingCall,
        uri: Option<&str>,
    ) -> String {
        let credentials = sandbox.present(vendor).credentials();
        let filled = |text: &str| filled(text, &credentials);
        let target = filled(&call.target).replace(QUEUED_URI, uri.unwrap_or(QUEUED_URI));
        assert!(!target.contains('{'), "{target}");
        let mut sent = Call::<()>::bare(call.method.parse().unwrap(), &target).with(HOST, "mock");
        if let Some(user) = &call.user {
            let pair = BASE64.encode(filled(user));
            sent = sent.with(AUTHORIZATION, format!("Basic {pair}"));
        }
        for (name, value) in &call.headers {
            let name = HeaderName::try_from(name).unwrap();
            sent = match value.as_str() {
                "" => sent.without(name),
                value => sent.with(name, filled(value)),
            };
        }
        let sent = sent.body_of(filled(call.body.as_deref().unwrap_or_default()));
        let outcome = sandbox.call(vendor, &sent.request(), Timestamp::UNIX_EPOCH);
        String::from_utf8(outcome.answer.body().to_vec()).unwrap()
    }

    /// Makes the call that provokes an answer, with what goes before; `each` sees the sandbox before it and after it.
    fn provoke(sandbox: &mut Sandbox, vendor: usize, call: &ProvokingCall) -> [Coverage; 2] {
        let before = call.after.as_ref().map(|before| {
            let before = Table::of(vendor).call(before).unwrap();
            send(sandbox, vendor, before, None)
        });
        let uri = before.as_deref().and_then(|body| {
            let (_, uri) = body.split_once(r#""QueuedUri":""#)?;
            uri.split('"').next()
        });
        let waited = SignedDuration::from_millis(i64::try_from(call.wait_ms).unwrap());
        sandbox.clock = Clock::Fixed(BEGIN.checked_add(waited).unwrap());
        let coverage = sandbox.tally.coverage;
        send(sandbox, vendor, call, uri);
        [coverage, sandbox.tally.coverage]
    }

    fn is_met(coverage: &Coverage, vendor: usize, id: &str) -> bool {
        let answers = &Table::of(vendor).answers;
        let place = answers.iter().position(|answer| answer.id == id).unwrap();
        coverage.0[vendor] & (1 << place) != 0
    }

    /// Every documented answer, with the place of its vendor.
    fn documented() -> impl Iterator<Item = (usize, &'static DocumentedAnswer)> {
        (0..VENDORS.len()).flat_map(|vendor| {
            Table::of(vendor)
                .answers
                .iter()
                .map(move |answer| (vendor, answer))
        })
    }

    #[test]
    fn every_call_provokes_its_answer() {
        let server = server();
        let mut wrong = Vec::new();
        for (vendor, answer) in documented() {
            let Some(call) = &answer.call else { continue };
            // The default one has the seed's own credentials, any other one fresh ones.
            server.default_slot().lock().reset(&Part::ALL);
            let fresh = server.create(New::default()).unwrap();
            for slot in [server.default_slot(), &fresh] {
                let [before, after] = provoke(&mut slot.lock(), vendor, call);
                let met = [before, after].map(|coverage| is_met(&coverage, vendor, &answer.id));
                if met != [false, true] {
                    wrong.push((&answer.id, slot.id.clone(), met));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn every_fault_provokes_its_answer() {
        let server = server();
        let mut wrong = Vec::new();
        for (vendor, answer) in documented() {
            let Some(fault) = &answer.fault else { continue };
            let body = fault_body(vendor, answer, fault);
            let met = |call: &ProvokingCall| {
                let slot = server.create(New::default()).unwrap();
                let mut sandbox = slot.lock();
                sandbox
                    .faults
                    .add(crate::document::read(body.clone()).unwrap())
                    .unwrap();
                let [before, after] = provoke(&mut sandbox, vendor, call);
                !is_met(&before, vendor, &answer.id) && is_met(&after, vendor, &answer.id)
            };
            // Any call to the route will do that is accepted without the fault.
            let mut calls = Table::of(vendor)
                .answers
                .iter()
                .filter(|other| {
                    other.status < 300 && (answer.route.is_none() || other.route == answer.route)
                })
                .filter_map(|other| other.call.as_ref());
            if !calls.any(met) {
                wrong.push(&answer.id);
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn every_described_answer_is_documented() {
        for (vendor, kind) in VENDORS.iter().enumerate() {
            let folder = fixtures::vendor(kind.name()).unwrap();
            let openapi: Value = serde_json::from_str(folder.openapi()).unwrap();
            for (path, methods) in openapi["paths"].as_object().unwrap() {
                let operations = methods.as_object().unwrap().iter();
                for (method, operation) in operations.filter(|(name, _)| *name != "parameters") {
                    // impact.com calls the id of an action by either name; a description must choose.
                    let place = format!("{} {path}", method.to_uppercase());
                    for status in operation["responses"].as_object().unwrap().keys() {
                        let fits = |answer: &&DocumentedAnswer| {
                            let route = answer.route.as_ref();
                            answer.status.to_string() == *status
                                && route.is_none_or(|route| {
                                    route.replace("{actionId}", "{id}") == place
                                })
                        };
                        assert!(
                            Table::of(vendor).answers.iter().any(|answer| fits(&answer)),
                            "{place} {status}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_way_a_submission_can_end_is_documented() {
        let impact = vendor_named("impact").unwrap();
        let dossier = fixtures::vendor("impact").unwrap().dossier();
        let codes: BTreeSet<&str> = dossier
            .lines()
            .filter(|line| line.starts_with("| IMP-SUB-"))
            .filter_map(|line| line.split('`').nth(1))
            .filter(|code| {
                code.bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            })
            .collect();
        let ended = documented()
            .filter(|(vendor, answer)| *vendor == impact && answer.id.starts_with("impact.ended."));
        let ended: BTreeSet<&str> = ended
            .filter_map(|(_, answer)| answer.code.as_deref())
            .collect();
        assert_eq!((codes.len(), &ended), (27, &codes));
    }

    #[test]
    fn an_answer_in_xml_is_the_same_answer() {
        let impact = vendor_named("impact").unwrap();
        let server = server();
        for (_, answer) in documented().filter(|(vendor, _)| *vendor == impact) {
            let mut call = match &answer.call {
                Some(call) if call.headers.contains_key("Accept") => call.clone(),
                _ => continue,
            };
            call.headers
                .insert("Accept".to_owned(), "application/xml".to_owned());
            let slot = server.create(New::default()).unwrap();
            let [_, after] = provoke(&mut slot.lock(), impact, &call);
            assert!(is_met(&after, impact, &answer.id), "{}", answer.id);
        }
    }

    #[test]
    fn a_submission_that_ended_is_not_one_without_an_error() {
        let impact = vendor_named("impact").unwrap();
        let table = Table::of(impact);
        let mut submit = table.call("impact.conversion.queued").unwrap().clone();
        submit.body = submit.body.map(|body| body.replace("10306", "99999"));
        let read = table.call("impact.record.complete").unwrap();
        let slot = server().create(New::default()).unwrap();
        let mut sandbox = slot.lock();
        let body = send(&mut sandbox, impact, &submit, None);
        let uri = body.split('"').nth(7);
        sandbox.clock = Clock::Fixed(BEGIN.checked_add(SignedDuration::from_secs(2)).unwrap());
        send(&mut sandbox, impact, read, uri);
        assert!(is_met(
            &sandbox.tally.coverage,
            impact,
            "impact.ended.campaign_not_found"
        ));
        assert!(!is_met(
            &sandbox.tally.coverage,
            impact,
            "impact.record.complete"
        ));
        assert!(!is_met(
            &sandbox.tally.coverage,
            impact,
            "impact.record.queued"
        ));
    }

    #[test]
    fn route_status_and_text_all_count() {
        let comm100 = vendor_named("comm100").unwrap();
        let route = "POST /api/v1/livechat/mark_api_conversion_successful";
        let unknown_name = r#"{"error_code":1,"error_message":"the conversion does not exist"}"#;
        let met = |route: Option<&str>, status: u16, body: &'static str| {
            let mut answer = Answer::new(body.into());
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            let mut coverage = Coverage::default();
            coverage.observe(comm100, route, &answer);
            coverage.0[comm100].count_ones()
        };
        assert_eq!(met(Some(route), 200, unknown_name), 1);
        assert_eq!(met(Some(route), 201, unknown_name), 0);
        assert_eq!(
            met(
                Some("GET /api/v1/livechat/visitors/{id}"),
                201,
                unknown_name
            ),
            0
        );
        assert_eq!(met(None, 200, unknown_name), 0);
        assert_eq!(met(Some(route), 200, r#"{"error_code":10}"#), 0);
        assert_eq!(met(Some(route), 200, ""), 0);
        // One that any call can get, also without a route.
        assert_eq!(met(None, 404, r#"{"code":404000}"#), 1);
        assert_eq!(met(Some(route), 404, r#"{"code":404000}"#), 1);
        assert_eq!(met(None, 404, r#"{"code":404001}"#), 0);
    }

    #[test]
    fn a_reset_of_the_journal_forgets_what_was_met() {
        let server = server();
        let mut sandbox = server.default_slot().lock();
        let (vendor, answer) = documented()
            .find(|(_, answer)| answer.call.is_some())
            .unwrap();
        provoke(&mut sandbox, vendor, answer.call.as_ref().unwrap());
        sandbox.reset(&[Part::State, Part::Counts, Part::Deviations, Part::Clock]);
        assert_ne!(sandbox.tally.coverage, Coverage::default());
        sandbox.reset(&[Part::Journal]);
        assert_eq!(sandbox.tally.coverage, Coverage::default());
    }

    #[test]
    fn a_union_has_what_either_has() {
        let reach: Vec<Reach> = VENDORS
            .iter()
            .map(|_| Reach {
                base_url: "http://mock".to_owned(),
                credentials: Map::new(),
            })
            .collect();
        let (one, other) = (Coverage([0b1, 0, 0b110]), Coverage([0b11, 0b1, 0]));
        let mut both = one;
        both.add(&other);
        assert_eq!(both, Coverage([0b11, 0b1, 0b110]));
        let report = both.report(None, &reach);
        assert_eq!(report.met, 5);
        assert_eq!(
            report.documented,
            report
                .vendors
                .iter()
                .map(|vendor| vendor.documented)
                .sum::<u32>()
        );
        let met: Vec<u32> = report.vendors.iter().map(|vendor| vendor.met).collect();
        assert_eq!(met, [2, 1, 2]);
        let only = both.report(Some(2), &reach);
        assert_eq!((only.vendors.len(), only.met), (1, 2));
        assert_eq!(only.vendors[0].vendor, "impact");
        assert!((only.percent - only.vendors[0].percent).abs() < f64::EPSILON);
    }

    #[test]
    fn only_everything_is_a_hundred_percent() {
        let shares = [(0, 7), (1, 3), (999, 1000), (9999, 10_000), (7, 7), (0, 0)];
        let shares = shares.map(|(met, documented)| percent(met, documented).to_string());
        assert_eq!(shares, ["0", "33.3", "99.9", "99.9", "100", "100"]);
    }

    #[test]
    fn a_call_is_a_line_for_the_shell() {
        let reach = Reach {
            base_url: "http://127.0.0.1:8080/s/o/impact".to_owned(),
            credentials: Map::from_iter([("sid".to_owned(), "it's".into())]),
        };
        let call: ProvokingCall = serde_json::from_value(json!({
            "method": "PUT", "target": "/{sid}?a=1&b=2", "user": "{sid}:$x", "headers": {"Host": "", "X-One": "{sid}"},
            "body": r#"{"a":"{sid}"}"#,
        }))
        .unwrap();
        let impact = Table::of(vendor_named("impact").unwrap());
        assert_eq!(
            line(&call, impact, &reach),
            r#"curl -i -X PUT -u 'it'\''s:$x' -H 'Host:' -H 'X-One: it'\''s' --data-raw '{"a":"it'\''s"}' \
            'http://127.0.0.1:8080/s/o/impact/it'\''s?a=1&b=2'"#
                .replace("\\\n            ", "")
        );
        let read = impact.call("impact.record.complete").unwrap();
        let line = line(read, impact, &reach);
        assert!(line.starts_with("uri=$(curl -s -u "), "{line}");
        let end = r#" && sleep 2 && curl -i -u '{account_sid}:{auth_token}' -H 'Accept: application/json' 'http://127.0.0.1:8080/s/o/impact'"$uri"''"#;
        assert!(line.ends_with(end), "{line}");
    }
}
