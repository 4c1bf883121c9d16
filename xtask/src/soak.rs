//! What only shows after many calls: thousands of sandboxes stay as quick and as small as the first, and chance repeats.
#![expect(
    clippy::cast_precision_loss,
    reason = "counts here are far below 2 to the 52"
)]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::Value;
use ureq::Agent;

use crate::bench::rss_kib;
use crate::say;
use crate::server::{Server, build};

/// Sandboxes that are made, and calls that each of them gets.
const SANDBOXES: u64 = 10_000;
const CALLS: u64 = 100;
/// Into how many parts they are measured.
const PARTS: u64 = 10;
/// Calls that meet a fault by chance.
const FAULTED: u64 = 100_000;
/// Clients at once.
const CLIENTS: u64 = 64;
/// How much slower the last part may be than the first.
const SLOWER: f64 = 2.0;

const SALE: &str = r#"{"email":"user@example.com","conversion_type":"purchase"}"#;

/// Measures, prints, and fails where something does not stay as it was.
pub(crate) fn run() -> anyhow::Result<()> {
    let program = build("mock-server", true)?;
    sandboxes(&program)?;
    chance(&program)
}

/// Many sandboxes, each with some calls.
fn sandboxes(program: &Path) -> anyhow::Result<()> {
    let server = Server::start(program, &[])?;
    let agent = agent();
    let mut times = Vec::new();
    for part in 0..PARTS {
        let ids = part * SANDBOXES / PARTS..(part + 1) * SANDBOXES / PARTS;
        let made = ids.end - ids.start;
        let started = Instant::now();
        for n in ids.clone() {
            let new = format!(r#"{{"id":"soak-{n}"}}"#);
            agent
                .post(format!("{}/__admin/sandboxes", server.http))
                .send(new)?;
        }
        let make = started.elapsed().as_secs_f64() * 1e6 / made as f64;
        let started = Instant::now();
        for n in ids {
            for _ in 0..CALLS {
                // An unknown key: what is refused is written down like any other call.
                let target = format!("{}/s/soak-{n}/chase/api/v2/conversions", server.http);
                ensure!(call(&agent, &target)? == 401, "the key is known");
            }
        }
        let per_call = started.elapsed().as_secs_f64() * 1e6 / (made * CALLS) as f64;
        say(&format!(
            "{:>6} sandboxes, {:>8} calls: {make:>5.0} us to make one, {per_call:>4.0} us a call, {:>6.1} MiB resident",
            (part + 1) * made,
            (part + 1) * made * CALLS,
            rss_kib(server.id())? / 1024.0
        ));
        times.push((make, per_call));
    }
    let (first, last) = (times[0], times[times.len() - 1]);
    ensure!(
        last.0 < first.0 * SLOWER && last.1 < first.1 * SLOWER,
        "the last sandboxes are slower than the first"
    );
    Ok(())
}

/// The same calls fail in two runs; with many clients at once as many.
fn chance(program: &Path) -> anyhow::Result<()> {
    let one_after_another = || -> anyhow::Result<Vec<bool>> {
        let (server, target) = faulty(program)?;
        let agent = agent();
        let failed: anyhow::Result<Vec<bool>> = (0..FAULTED)
            .map(|_| Ok(call(&agent, &target)? == 500))
            .collect();
        drop(server);
        failed
    };
    let first = one_after_another()?;
    ensure!(
        first == one_after_another()?,
        "other calls fail in a second run"
    );
    let failures = first.iter().filter(|failed| **failed).count();
    say(&format!(
        "{failures} of {FAULTED} calls failed with probability 0.3, the same ones in two runs"
    ));
    let at_once = || -> anyhow::Result<u64> {
        let (server, target) = faulty(program)?;
        let failed = AtomicU64::new(0);
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let (failed, target) = (&failed, &target);
                    let share = FAULTED / CLIENTS + u64::from(client < FAULTED % CLIENTS);
                    scope.spawn(move || -> anyhow::Result<()> {
                        let agent = agent();
                        for _ in 0..share {
                            failed.fetch_add(
                                u64::from(call(&agent, target)? == 500),
                                Ordering::Relaxed,
                            );
                        }
                        Ok(())
                    })
                })
                .collect();
            clients
                .into_iter()
                .try_for_each(|client| client.join().expect("a client returns its errors"))
        })?;
        drop(server);
        Ok(failed.into_inner())
    };
    let (one, other) = (at_once()?, at_once()?);
    ensure!(
        one == other && one == failures as u64,
        "{one}, {other} and {failures} calls failed"
    );
    say(&format!(
        "{one} failed with {CLIENTS} clients at once, as often in two runs"
    ));
    Ok(())
}

/// A server on which three of ten calls fail, and where to call.
fn faulty(program: &Path) -> anyhow::Result<(Server, String)> {
    let server = Server::start(program, &[])?;
    let fault =
        r#"{"id":"flaky","match":{"vendor":"chase"},"probability":0.3,"do":{"status":500}}"#;
    let mut added = agent()
        .post(format!("{}/__admin/faults", server.http))
        .send(fault)?;
    let added: Value = serde_json::from_slice(&added.body_mut().read_to_vec()?)?;
    ensure!(added["id"] == "flaky", "the fault was refused: {added}");
    let target = format!("{}/chase/api/v2/conversions", server.http);
    Ok((server, target))
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into()
}

/// Reports a sale; the status that it is answered with.
fn call(agent: &Agent, target: &str) -> anyhow::Result<u16> {
    let mut answer = agent
        .post(target)
        .header("X-API-Key", "mock-chase-key")
        .header("Content-Type", "application/json")
        .send(SALE)
        .context("a call was not answered")?;
    // Read to its end, so that the connection serves the next call.
    answer.body_mut().read_to_vec()?;
    Ok(answer.status().as_u16())
}
