//! Measurements: throughput and CPU per call beside two plain hyper servers, start, memory.
#![expect(
    clippy::cast_precision_loss,
    reason = "counts here are far below 2 to the 52"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::say;
use crate::server::{Server, build};

/// Rounds of load; each server once a round, so that neighbours on the machine meet them alike.
const ROUNDS: usize = 5;
/// Starts that are timed.
const STARTS: usize = 9;
/// Sandboxes whose memory is measured.
const SANDBOXES: u64 = 10_000;

/// Measures, and prints.
pub(crate) fn run(shell: &Shell, seconds: u64) -> anyhow::Result<()> {
    let program = build("mock-server", true)?;
    cmd!(
        shell,
        "cargo build --quiet --release --package mock-server --example plain"
    )
    .run()?;
    let plain = program
        .parent()
        .context("a program lies in a folder")?
        .join("examples/plain");
    start_time(&program)?;
    memory(&program)?;
    throughput(&program, &plain, seconds)
}

/// The three that are compared.
struct Runner {
    name: &'static str,
    server: Server,
    per_second: Vec<f64>,
    cpu_us: Vec<f64>,
}

fn throughput(program: &Path, plain: &Path, seconds: u64) -> anyhow::Result<()> {
    let runner = |name, server| Runner {
        name,
        server,
        per_second: Vec::new(),
        cpu_us: Vec::new(),
    };
    let mut runners = [
        runner(
            "hyper, constant bytes",
            Server::start_plain(plain, "const")?,
        ),
        runner("hyper, body and key", Server::start_plain(plain, "check")?),
        runner("mock-server, Chase 202", Server::start(program, &[])?),
    ];
    for round in 0..=ROUNDS {
        for runner in &mut runners {
            let before = cpu_us(runner.server.id())?;
            let result = load(plain, &runner.server.http, seconds)?;
            let spent = cpu_us(runner.server.id())? - before;
            let answered = result["answered"]
                .as_f64()
                .context("the load counts answers")?;
            ensure!(result["failed"] == 0, "{}: {result}", runner.name);
            // The first round only warms up.
            if round > 0 {
                runner.per_second.push(
                    result["per_second"]
                        .as_f64()
                        .context("the load says how fast")?,
                );
                runner.cpu_us.push(spent / answered);
            }
        }
    }
    let ratios = |of: usize, to: usize| {
        let pairs = runners[of].per_second.iter().zip(&runners[to].per_second);
        median(pairs.map(|(one, other)| one / other).collect())
    };
    let (constant, checked) = (ratios(2, 0), ratios(2, 1));
    for runner in &mut runners {
        let (per_second, cpu) = (
            median(runner.per_second.clone()),
            median(runner.cpu_us.clone()),
        );
        say(&format!(
            "{:<24} {per_second:>8.0} calls/s  {cpu:>6.1} us CPU a call",
            runner.name
        ));
    }
    say(&format!(
        "mock-server to constant bytes: {constant:.3}; to body and key: {checked:.3} (medians of {ROUNDS} rounds)"
    ));
    let rss = rss_kib(runners[2].server.id())?;
    say(&format!("resident after the load: {:.1} MiB", rss / 1024.0));
    Ok(())
}

fn start_time(program: &Path) -> anyhow::Result<()> {
    let mut times = Vec::new();
    let mut resident = 0.0;
    for _ in 0..STARTS {
        let started = Instant::now();
        let server = Server::start(program, &[])?;
        ureq::get(&format!("{}/__admin/health", server.http)).call()?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
        resident = rss_kib(server.id())?;
    }
    say(&format!(
        "start to first answer: {:.1} ms (median of {STARTS}); resident {:.1} MiB",
        median(times),
        resident / 1024.0
    ));
    Ok(())
}

fn memory(program: &Path) -> anyhow::Result<()> {
    let server = Server::start(
        program,
        &[
            "--journal-entries",
            "1000000",
            "--journal-bytes",
            "1000000000",
        ],
    )?;
    let agent = ureq::agent();
    let before = rss_kib(server.id())?;
    let started = Instant::now();
    for n in 0..SANDBOXES {
        agent
            .post(format!("{}/__admin/sandboxes", server.http))
            .send(format!(r#"{{"id":"m{n}"}}"#))?;
    }
    let per_create = started.elapsed().as_secs_f64() * 1e6 / SANDBOXES as f64;
    let after = rss_kib(server.id())?;
    let bytes = (after - before) * 1024.0 / SANDBOXES as f64;
    say(&format!(
        "a sandbox: {bytes:.0} bytes resident, {per_create:.0} us to make over HTTP (mean of {SANDBOXES})"
    ));

    let calls = 20_000_u64;
    let before = rss_kib(server.id())?;
    for _ in 0..calls {
        let call = agent.post(format!("{}/chase/api/v2/conversions", server.http));
        let sent = call
            .header("X-API-Key", "mock-chase-key")
            .header("Content-Type", "application/json")
            .config()
            .http_status_as_error(false)
            .build()
            .send(r#"{"email":"nobody@example.com","conversion_type":"purchase"}"#)?;
        ensure!(
            sent.status() == 200,
            "an unknown contact was answered {}",
            sent.status()
        );
    }
    let bytes = (rss_kib(server.id())? - before) * 1024.0 / calls as f64;
    say(&format!(
        "a journal entry: {bytes:.0} bytes resident (mean of {calls} calls that change nothing)"
    ));
    Ok(())
}

fn load(plain: &Path, http: &str, seconds: u64) -> anyhow::Result<Value> {
    let address = http.strip_prefix("http://").context("a base URL")?;
    let output = Command::new(plain)
        .args(["load", address, &seconds.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the load failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// User and system time of a process so far, in microseconds.
fn cpu_us(process: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))
        .context("CPU time is read from /proc")?;
    let (_, fields) = stat.rsplit_once(')').context("a line of /proc")?;
    let ticks: Vec<f64> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    // Linux counts in hundredths of a second for every program.
    Ok(ticks.iter().sum::<f64>() * 10_000.0)
}

/// Memory of a process that is resident, in KiB.
pub(crate) fn rss_kib(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .context("memory is read from /proc")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("a line of /proc")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
