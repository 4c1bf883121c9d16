//! `mock-server run`: serves for as long as a command runs, and says what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use anyhow::bail;
use rustix::process::{Pid, kill_process};
use tokio::process::{Child, Command};

use crate::coverage::{Reach, VendorReport};
use crate::env::{CREDENTIALS, text, variables};
use crate::flags::{FailOn, Run};
use crate::journal::Filter;
use crate::sandboxes::Sandboxes;
use crate::sentences::sentence;
use crate::serve::count;
use crate::start::{self, Server, Signal, Watched, complain};
use crate::tally::Tally;
use crate::vendors::VENDORS;
use crate::world::Kind;

/// Where to listen unless a flag says otherwise.
const LISTEN: &str = "127.0.0.1:0";
/// Exit code when the command passed and the verdict did not.
const FAILED: u8 = 1;
/// Exit code for a command that is there and cannot be run, as shells have it.
const CANNOT_RUN: u8 = 126;
/// Exit code for a command that is not there, as shells have it.
const NOT_FOUND: u8 = 127;
/// What a shell adds to the number of the signal that ended a command.
const SIGNALLED: u8 = 128;
/// How many calls that fit no vendor are shown.
const SHOWN: usize = 5;

/// Serves, runs the command, prints the verdict, and returns the exit code.
///
/// # Errors
///
/// For wrong usage, before anything runs.
pub fn run(wanted: Run) -> anyhow::Result<ExitCode> {
    let settings = wanted.settings.with_config()?;
    if settings.exit_with_stdin {
        bail!("--exit-with-stdin does not go with run: standard input is the command's");
    }
    let min_coverage = wanted.min_coverage.or(settings.min_coverage);
    if let Some(percent) = min_coverage
        && !(0.0..=100.0).contains(&percent)
    {
        bail!("--min-coverage {percent}: expected a number from 0 to 100");
    }
    let fail_on = wanted
        .fail_on
        .or_else(|| settings.fail_on.clone())
        .unwrap_or_default();
    let Some((program, arguments)) = wanted.command.split_first() else {
        bail!("run needs a command: mock-server run -- COMMAND ARG...");
    };
    start::check(&settings, LISTEN)?;
    let sandboxes = start::sandboxes(&settings)?;
    start::block_on(async {
        let server = Server::bind(&settings, LISTEN, sandboxes, settings.verbose).await?;
        let edge = std::sync::Arc::clone(&server.edge);
        let signals = Signals {
            terminate: Watched::new(Signal::Terminate)?,
            interrupt: Watched::new(Signal::Interrupt)?,
            hangup: Watched::new(Signal::Hangup)?,
        };
        server.announce()?;
        let base_url = format!("http://{}", reachable(server.http));
        let mut command = Command::new(program);
        // What is set for the vendors themselves must not reach them by way of a seed that lacks it.
        for name in CREDENTIALS {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .envs(environment(&server, settings.admin_token.as_deref()))
            .kill_on_drop(true);
        let (ended, end) = tokio::sync::oneshot::channel::<()>();
        let running = async {
            let status = match command.spawn() {
                Ok(child) => signals.wait(child).await,
                Err(error) => Err(error),
            };
            // Nobody listens when the server has ended by itself, which it does not.
            let _told = ended.send(());
            status
        };
        let end = async {
            let _ended = end.await;
        };
        let (status, ()) = tokio::join!(running, server.serve(end, pending()));
        let status = match status {
            Ok(status) => status,
            Err(error) => {
                let program = program.display();
                let (code, why) = match error.kind() {
                    io::ErrorKind::NotFound => (NOT_FOUND, "there is no such command".to_owned()),
                    _ => (CANNOT_RUN, error.to_string()),
                };
                complain(&format!("cannot run {program}: {why}"));
                return Ok(ExitCode::from(code));
            }
        };

        let tally = edge.sandboxes().total();
        let reach = edge.sandboxes().default_slot().lock().reach(&base_url);
        let coverage = coverage(&tally, &reach);
        let mut failures = failures(&tally, &fail_on);
        let uncovered = min_coverage.and_then(|wanted| uncovered(&coverage, wanted));
        let unmet = uncovered.is_some();
        failures.extend(uncovered);
        if !settings.quiet || !failures.is_empty() || !status.success() {
            let unmatched = unmatched(edge.sandboxes());
            complain(&report(&tally, &unmatched, &coverage, unmet, &failures));
        }
        Ok(match exit_code(status) {
            0 if !failures.is_empty() => ExitCode::from(FAILED),
            code => ExitCode::from(code),
        })
    })
}

/// The variables that lead a client to the server.
fn environment(server: &Server, admin_token: Option<&str>) -> Vec<(String, String)> {
    let http = format!("http://{}", reachable(server.http));
    let admin = server.admin.map_or_else(
        || http.clone(),
        |admin| format!("http://{}", reachable(admin)),
    );
    let sandboxes = server.edge.sandboxes();
    let vendors = sandboxes.default_slot().lock().access(&http);
    variables(&http, &format!("{admin}/__admin"), admin_token, &vendors)
}

/// An address that leads there from this machine: a listener on every address is on loopback, too.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// What we are asked to stop by.
struct Signals {
    terminate: Watched,
    interrupt: Watched,
    hangup: Watched,
}

impl Signals {
    /// Waits for the command to end, and hands signals on to it.
    async fn wait(mut self, mut child: Child) -> io::Result<ExitStatus> {
        // Ctrl-C on a terminal reaches the command by itself; twice would be once too often.
        let on_terminal = io::stdin().is_terminal() || io::stderr().is_terminal();
        loop {
            tokio::select! {
                status = child.wait() => return status,
                () = self.terminate.next() => send(&child, rustix::process::Signal::TERM),
                () = self.hangup.next() => send(&child, rustix::process::Signal::HUP),
                () = self.interrupt.next() => {
                    if !on_terminal {
                        send(&child, rustix::process::Signal::INT);
                    }
                }
            }
        }
    }
}

fn send(child: &Child, signal: rustix::process::Signal) {
    // Its id stays its own until it was waited for.
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id.and_then(Pid::from_raw) {
        // It may have ended a moment ago.
        let _sent = kill_process(id, signal);
    }
}

/// As shells have it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .or_else(|| SIGNALLED.checked_add(u8::try_from(status.signal()?).ok()?));
    code.unwrap_or(FAILED)
}

/// Why the verdict fails, if it does.
fn failures(tally: &Tally, fail_on: &[FailOn]) -> Vec<String> {
    let refused: u64 = refusals(tally).values().sum();
    let unmatched = tally.calls(None);
    let vendors: u64 = VENDORS
        .iter()
        .map(|kind| tally.calls(Some(kind.name())))
        .sum();
    let unretried: u64 = tally.unretried().map(|(_, calls)| calls).sum();
    [
        (FailOn::Refused, refused, "refused"),
        (FailOn::Unmatched, unmatched, "unmatched"),
        (FailOn::Unretried, unretried, "unretried"),
    ]
    .into_iter()
    .filter(|(what, calls, _)| *calls > 0 && fail_on.contains(what))
    .map(|(_, calls, what)| format!("{} {what}", count(calls, "call")))
    .chain(
        (vendors == 0 && fail_on.contains(&FailOn::Uncalled))
            .then(|| "no vendor was called".to_owned()),
    )
    .collect()
}

/// The documented answers that were met, of each vendor that was called.
fn coverage(tally: &Tally, reach: &[Reach]) -> Vec<VendorReport> {
    let called = (0..VENDORS.len()).filter(|vendor| tally.calls(Some(VENDORS[*vendor].name())) > 0);
    called
        .flat_map(|vendor| tally.coverage.report(Some(vendor), reach).vendors)
        .collect()
}

/// Why the verdict fails, if less than `wanted` per cent of the documented answers were met. Vendors that were not called
/// do not count; if none was, nothing was met.
fn uncovered(coverage: &[VendorReport], wanted: f64) -> Option<String> {
    let met: u32 = coverage.iter().map(|vendor| vendor.met).sum();
    let documented: u32 = coverage.iter().map(|vendor| vendor.documented).sum();
    let percent = if documented == 0 {
        0.0
    } else {
        f64::from(met) * 100.0 / f64::from(documented)
    };
    if coverage.is_empty() && wanted > 0.0 {
        return Some(format!(
            "no vendor was called, and {wanted} % of the answers wanted"
        ));
    }
    (percent < wanted).then(|| {
        // Rounded down, as in the table: what is missing is missing.
        let shown = (percent * 10.0).floor() / 10.0;
        format!("{met} of {documented} documented answers met, {shown:.1} % of {wanted} % wanted")
    })
}

/// What was met, a line a route; and with `unmet` every answer that never was.
fn coverage_table(coverage: &[VendorReport], unmet: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, vendor) in coverage
        .iter()
        .filter_map(|vendor| Some((kind_of(vendor.vendor)?, vendor)))
    {
        lines.push(format!(
            "  {:<11} {} of {} ({:.1} %)",
            kind.title(),
            vendor.met,
            vendor.documented,
            vendor.percent
        ));
        let routes = kind.routes().iter().map(|route| Some(*route)).chain([None]);
        for route in routes {
            let rows = || vendor.answers.iter().filter(|row| row.route == route);
            let met = rows().filter(|row| row.met).count();
            let named = route.unwrap_or("any call");
            lines.push(format!("    {met:>2} of {:<3} {named}", rows().count()));
            for row in rows().filter(|row| unmet && !row.met) {
                let code = row.code.map_or(String::new(), |code| format!(" {code}"));
                lines.push(format!("      never {}{code}: {}", row.status, row.says));
            }
        }
    }
    lines
}

fn kind_of(name: &str) -> Option<&'static dyn Kind> {
    VENDORS.into_iter().find(|kind| kind.name() == name)
}

/// Refused calls by the vendor's place in [`VENDORS`], status and rule.
fn refusals(tally: &Tally) -> BTreeMap<(usize, u16, &'static str), u64> {
    let mut refusals = BTreeMap::new();
    for (group, calls) in tally.counts() {
        let vendor = VENDORS
            .iter()
            .position(|kind| Some(kind.name()) == group.vendor);
        if let (Some(vendor), Some(status), Some(rule)) = (vendor, group.status, group.refused_by) {
            *refusals.entry((vendor, status, rule)).or_default() += calls;
        }
    }
    refusals
}

/// The last different calls that fitted no vendor, as far as the journal holds them: it is the default sandbox's.
fn unmatched(sandboxes: &Sandboxes) -> BTreeSet<String> {
    let sandbox = sandboxes.default_slot().lock();
    let everything = Filter::default();
    let mut calls = BTreeSet::new();
    for entry in sandbox.journal.matching(&everything, None) {
        if calls.len() == SHOWN {
            break;
        }
        if entry.vendor().is_none() {
            let request = &entry.show()["request"];
            calls.insert(format!(
                "{} {}",
                text(&request["method"]),
                text(&request["target"])
            ));
        }
    }
    calls
}

/// The verdict, for people.
fn report(
    tally: &Tally,
    unmatched: &BTreeSet<String>,
    coverage: &[VendorReport],
    unmet: bool,
    failures: &[String],
) -> String {
    let calls: u64 = tally.counts().map(|(_, calls)| calls).sum();
    let conversions: u64 = tally.conversions().map(|(_, accepted)| accepted).sum();
    let mut lines = vec![format!(
        "mock-server: {}, {}",
        count(calls, "call"),
        count(conversions, "conversion")
    )];
    for (kind, (name, accepted)) in VENDORS.iter().zip(tally.conversions()) {
        let calls = tally.calls(Some(name));
        if calls > 0 {
            lines.push(format!(
                "  {:<11} {}, {}",
                kind.title(),
                count(calls, "call"),
                count(accepted, "conversion")
            ));
        }
    }

    let refusals = refusals(tally);
    if !refusals.is_empty() {
        lines.push("refused:".to_owned());
    }
    for ((vendor, status, rule), calls) in &refusals {
        let title = VENDORS[*vendor].title();
        let says = sentence(rule);
        lines.push(format!("  {calls} x {title} {status} {rule}: {says}"));
    }

    if tally.calls(None) > 0 {
        lines.push(format!(
            "unmatched by any vendor: {}",
            count(tally.calls(None), "call")
        ));
        lines.extend(unmatched.iter().map(|call| format!("  {call}")));
    }

    let faults: Vec<String> = tally
        .effects()
        .map(|(fault, effects)| format!("  {effects} x {fault}"))
        .collect();
    if !faults.is_empty() {
        lines.push("faults that took effect, by id in any sandbox:".to_owned());
        lines.extend(faults);
    }

    let unretried: Vec<String> = tally
        .unretried()
        .map(|((name, route), calls)| {
            let title = kind_of(name).map_or(name, Kind::title);
            format!("  {calls} x {title} {}", route.unwrap_or("(no route)"))
        })
        .collect();
    if !unretried.is_empty() {
        lines.push(
            "unretried: answered 429 or 5xx or not at all, and no later call of the route was accepted"
                .to_owned(),
        );
        lines.extend(unretried);
    }

    if !coverage.is_empty() {
        lines.push("documented answers met:".to_owned());
        lines.extend(coverage_table(coverage, unmet));
        lines.push(
            "  (GET /__admin/coverage of a running server says what provokes each)".to_owned(),
        );
    }

    if !failures.is_empty() {
        lines.push(format!("failed: {}", failures.join(", ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use fixtures::{RuleId, rule};
    use jiff::Timestamp;

    use super::*;
    use crate::engine::Answer;
    use crate::journal::Fate;

    const LOG: &str = "POST /api/v2/conversions";

    /// So many calls that were answered so.
    fn calls(
        tally: &mut Tally,
        times: u32,
        vendor: Option<&'static str>,
        status: u16,
        refused_by: &[RuleId],
    ) {
        let mut answer = Answer::default();
        *answer.status_mut() = status.try_into().unwrap();
        for _ in 0..times {
            tally.record(&Fate {
                at: Timestamp::UNIX_EPOCH,
                vendor,
                route: vendor.map(|_| LOG),
                answer: Some(&answer),
                refused_by,
                why: "".into(),
                fault: (status == 503).then(|| "flaky".into()),
                duration_us: 1,
            });
        }
    }

    fn eventful() -> Tally {
        let mut tally = Tally::default();
        calls(&mut tally, 2, Some("chase"), 202, &[]);
        calls(
            &mut tally,
            3,
            Some("chase"),
            401,
            &[rule("chase.key.known")],
        );
        calls(&mut tally, 1, Some("chase"), 503, &[]);
        calls(&mut tally, 1, Some("impact"), 200, &[]);
        calls(&mut tally, 2, None, 404, &[]);
        tally.accepted(1, 2);
        tally
    }

    #[test]
    fn the_verdict_says_everything_once() {
        let unmatched = ["GET /nowhere".to_owned()].into();
        let text = report(
            &eventful(),
            &unmatched,
            &[],
            false,
            &["2 calls unmatched".to_owned()],
        );
        let says = sentence("chase.key.known");
        let wanted = format!(
            "mock-server: 9 calls, 2 conversions
  Chase       6 calls, 2 conversions
  impact.com  1 call, 0 conversions
refused:
  3 x Chase 401 chase.key.known: {says}
unmatched by any vendor: 2 calls
  GET /nowhere
faults that took effect, by id in any sandbox:
  1 x flaky
unretried: answered 429 or 5xx or not at all, and no later call of the route was accepted
  1 x Chase POST /api/v2/conversions
failed: 2 calls unmatched"
        );
        assert_eq!(text, wanted);
    }

    #[test]
    fn nothing_is_said_of_what_was_not() {
        let text = report(&Tally::default(), &BTreeSet::new(), &[], false, &[]);
        assert_eq!(text, "mock-server: 0 calls, 0 conversions");
    }

    #[test]
    fn coverage_counts_for_the_vendors_that_were_called() {
        let mut tally = Tally::default();
        let reach = vec![
            Reach {
                base_url: "http://127.0.0.1:8080".to_owned(),
                credentials: serde_json::Map::new(),
            };
            VENDORS.len()
        ];
        let none = coverage(&tally, &reach);
        assert!(none.is_empty());
        assert!(uncovered(&none, 0.1).is_some() && uncovered(&none, 0.0).is_none());
        calls(&mut tally, 1, Some("chase"), 202, &[]);
        let mut accepted = Answer::default();
        *accepted.status_mut() = http::StatusCode::ACCEPTED;
        tally.coverage.observe(1, Some(LOG), &accepted);
        let met = coverage(&tally, &reach);
        let [chase] = &met[..] else {
            panic!("one was called")
        };
        assert_eq!(chase.met, 1);
        let share = 100.0 / f64::from(chase.documented);
        assert_eq!(uncovered(&met, share - 0.01), None);
        let said = uncovered(&met, share + 0.01).unwrap();
        assert!(
            said.starts_with(&format!(
                "1 of {} documented answers met, ",
                chase.documented
            )),
            "{said}"
        );
        let never = chase.documented - 1;
        let lines = coverage_table(&met, true);
        assert_eq!(
            lines.iter().filter(|line| line.contains(" never ")).count(),
            never as usize
        );
        assert!(
            coverage_table(&met, false)
                .iter()
                .all(|line| !line.contains(" never "))
        );
    }

    #[test]
    fn a_verdict_fails_only_on_what_it_was_asked_for() {
        let tally = eventful();
        assert_eq!(failures(&tally, &[]), [""; 0]);
        assert_eq!(failures(&tally, &[FailOn::Uncalled]), [""; 0]);
        assert_eq!(
            failures(&Tally::default(), &[FailOn::Uncalled]),
            ["no vendor was called"]
        );
        assert_eq!(
            failures(
                &tally,
                &[FailOn::Unretried, FailOn::Unmatched, FailOn::Refused]
            ),
            ["3 calls refused", "2 calls unmatched", "1 call unretried"]
        );
        let mut retried = Tally::default();
        calls(
            &mut retried,
            1,
            Some("chase"),
            429,
            &[rule("chase.key.known")],
        );
        calls(&mut retried, 1, Some("chase"), 202, &[]);
        assert_eq!(
            failures(&retried, &[FailOn::Unretried, FailOn::Unmatched]),
            [""; 0]
        );
    }

    #[test]
    fn exit_codes_are_those_of_shells() {
        for (wait_status, code) in [(0, 0), (7 << 8, 7), (255 << 8, 255), (15, 143), (9, 137)] {
            assert_eq!(exit_code(ExitStatus::from_raw(wait_status)), code);
        }
    }

    #[test]
    fn a_server_on_every_address_is_on_loopback() {
        for (bound, wanted) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("192.168.0.1:80", "192.168.0.1:80"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), wanted);
        }
    }
}
