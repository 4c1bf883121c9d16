//! The program: flags, seeds, listeners; serves until it is told to stop; the exit code.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use mock_server::clock::Clock;
use mock_server::flags::{Cli, Command, SeedCommand, Settings, has_port, is_loopback};
use mock_server::sandboxes::{self, Sandboxes};
use mock_server::seed::{self, Layer};
use mock_server::serve::{Door, Edge, Role, bind, serve};
use mock_server::vendors::VENDORS;
use mock_server::{admin, log, overlay};
use serde_json::json;

/// Where to listen unless a flag says otherwise.
const LISTEN: &str = "127.0.0.1:8080";
/// Exit code for wrong usage: a bad flag, a taken port, an unreadable seed.
const USAGE: u8 = 2;
/// How long `healthcheck` waits for an answer.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// Exit code of `healthcheck` when nothing healthy answers.
const UNHEALTHY: u8 = 1;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(help) if !help.use_stderr() => {
            return print(&help.to_string()).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
        }
        Err(mistake) => {
            complain(&one_line(&mistake.to_string()));
            return ExitCode::from(USAGE);
        }
    };
    let done = match cli.command {
        None => run(cli.settings),
        Some(Command::Serve(settings)) => run(*settings),
        Some(Command::Seed {
            command: SeedCommand::Check { files },
        }) => check(&files),
        Some(Command::Seed {
            command: SeedCommand::Print,
        }) => print(&built_in_seed()),
        Some(Command::Openapi { api }) => openapi(&api),
        Some(Command::Healthcheck { url }) => return healthcheck(&url),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(USAGE)
        }
    }
}

fn run(settings: Settings) -> anyhow::Result<()> {
    let settings = settings.with_config()?;
    if settings.admin_token.as_deref() == Some("") {
        bail!("--admin-token is empty: give it a value, or leave it out");
    }
    let address = settings.listen.as_deref().unwrap_or(LISTEN);
    for (flag, address) in [
        ("--listen", Some(address)),
        ("--admin-listen", settings.admin_listen.as_deref()),
    ] {
        let Some(address) = address else { continue };
        if !has_port(address) {
            bail!("{flag} {address}: expected an address and a port, such as 127.0.0.1:8080");
        }
        if !is_loopback(address) && settings.admin_token.is_none() {
            bail!(
                "{flag} {address} can be reached from other machines: protect the admin API with --admin-token TOKEN"
            );
        }
    }
    let deviations = match overlay::named(settings.deviation.as_deref().unwrap_or_default()) {
        Ok(deviations) => deviations,
        Err(error) => bail!("--deviation: {error}"),
    };
    let sandboxes = Sandboxes::new(sandboxes::Settings {
        seeds: seed::merge(&read_layers(settings.seed.as_deref().unwrap_or_default())?)?,
        clock: clock(settings.clock.as_deref())?,
        random_seed: settings.random_seed.unwrap_or(0),
        journal_entries: settings.journal_entries.unwrap_or(1_000),
        journal_bytes: settings.journal_bytes.unwrap_or(64 << 20),
        body_limits: settings.body_limits()?,
    });
    sandboxes.default_slot().lock().deviations = deviations;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let done = runtime.block_on(start(&settings, address, sandboxes));
    // Nothing is left to wait for; a reader of stdin may hang for ever.
    runtime.shutdown_background();
    done
}

async fn start(settings: &Settings, address: &str, sandboxes: Sandboxes) -> anyhow::Result<()> {
    let (listener, local) = bind(address).await.with_context(|| {
        format!("cannot listen on {address} (--listen 127.0.0.1:0 picks a free port)")
    })?;
    let http = format!("http://{local}");
    let mut listening = json!({"event": "listening", "http": http});
    let mut doors = vec![Door {
        listener,
        role: Role::Both,
    }];
    if let Some(address) = &settings.admin_listen {
        let (listener, local) = bind(address)
            .await
            .with_context(|| format!("cannot listen on --admin-listen {address}"))?;
        listening["admin"] = format!("http://{local}").into();
        doors[0].role = Role::Vendors;
        doors.push(Door {
            listener,
            role: Role::Admin(http.clone()),
        });
    }

    let on_terminal = std::io::stderr().is_terminal() && !settings.quiet;
    let log = log::start(
        settings.log_format.unwrap_or_default(),
        settings.verbose || on_terminal,
    );
    let stop = stop(settings.exit_with_stdin)?;
    let introduction = on_terminal.then(|| introduction(&sandboxes, &http));
    let edge = Edge::new(sandboxes, settings.admin_token.clone())
        .await
        .context("cannot start")?;

    if let Some(path) = &settings.ready_file {
        let written = write_ready(path, &format!("{listening}\n"));
        written.with_context(|| format!("cannot write --ready-file {}", path.display()))?;
    }
    print(&format!("{listening}\n"))?;
    if let Some(introduction) = introduction {
        complain(&introduction);
    }
    tokio::select! {
        () = serve(doors, Arc::new(edge), stop.first) => {}
        () = stop.second => {}
        () = log.report_dropped() => {}
    }
    if let Some(path) = &settings.ready_file {
        // Whoever waits for the next server must not find this one. It may be gone already.
        let _removed = std::fs::remove_file(path);
    }
    Ok(())
}

/// When to stop, and when to stop at once.
struct Stop<First, Second> {
    first: First,
    second: Second,
}

/// The first SIGTERM or Ctrl-C stops, and so does, if wanted, the end of standard input; the second signal stops at
/// once.
fn stop(
    with_stdin: bool,
) -> anyhow::Result<Stop<impl Future<Output = ()>, impl Future<Output = ()>>> {
    let (signals, mut counted) = tokio::sync::watch::channel(0_u32);
    let mut terminate = signal(Signal::Terminate).context("cannot watch for SIGTERM")?;
    let mut interrupt = signal(Signal::Interrupt).context("cannot watch for Ctrl-C")?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = terminate.recv() => {}
                () = interrupt.recv() => {}
            }
            signals.send_modify(|count| *count += 1);
        }
    });
    let (ended, parent) = tokio::sync::oneshot::channel();
    if with_stdin {
        // A thread of its own: reading standard input cannot be cancelled.
        std::thread::spawn(move || {
            let _read = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _told = ended.send(());
        });
    }
    let mut counted_again = counted.clone();
    Ok(Stop {
        first: async move {
            tokio::select! {
                _ = counted.wait_for(|count| *count > 0) => {}
                Ok(()) = parent => {}
            }
        },
        second: async move {
            // Fails only when the task that counts has ended, with the runtime.
            let _second = counted_again.wait_for(|count| *count > 1).await;
        },
    })
}

#[derive(Clone, Copy)]
enum Signal {
    Terminate,
    Interrupt,
}

#[cfg(unix)]
fn signal(which: Signal) -> std::io::Result<Watched> {
    use tokio::signal::unix::{SignalKind, signal};
    let kind = match which {
        Signal::Terminate => SignalKind::terminate(),
        Signal::Interrupt => SignalKind::interrupt(),
    };
    signal(kind).map(Watched)
}

#[cfg(unix)]
struct Watched(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Watched {
    async fn recv(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whoever waits for the file sees it whole: it is written beside its place and then moved there.
fn write_ready(path: &Path, line: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    std::fs::write(&beside, line)?;
    std::fs::rename(&beside, path)
}

fn clock(flag: Option<&str>) -> anyhow::Result<Clock> {
    let text = flag.unwrap_or("system");
    text.parse().with_context(|| format!("--clock {text}"))
}

fn read_layers(files: &[std::path::PathBuf]) -> anyhow::Result<Vec<Layer>> {
    files
        .iter()
        .map(|file| {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read seed {name}"))?;
            Ok(Layer::parse(&name, text)?)
        })
        .collect()
}

fn check(files: &[std::path::PathBuf]) -> anyhow::Result<()> {
    seed::merge(&read_layers(files)?)?;
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    print(&format!("{}: fine\n", names.join(", ")))
}

fn built_in_seed() -> String {
    seed::built_in()
        .into_iter()
        .map(|(_, text)| text)
        .collect::<Vec<_>>()
        .join("\n")
}

fn openapi(api: &str) -> anyhow::Result<()> {
    if api == "admin" {
        return print(admin::OPENAPI);
    }
    match fixtures::vendor(api) {
        Some(vendor) => print(vendor.openapi()),
        None => bail!("there is no API {api:?}: expected comm100, chase, impact or admin"),
    }
}

fn healthcheck(url: &str) -> ExitCode {
    let url = format!("{}/__admin/health", url.trim_end_matches('/'));
    let patient = ureq::get(&url)
        .config()
        .timeout_global(Some(HEALTH_TIMEOUT))
        .build();
    match patient.call() {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{url}: {error}"));
            ExitCode::from(UNHEALTHY)
        }
    }
}

/// What a person who starts the server on a terminal wants to know.
fn introduction(sandboxes: &Sandboxes, http: &str) -> String {
    let sandbox = sandboxes.default_slot().lock();
    let mut lines = vec![format!(
        "mock-server {} stands in for",
        env!("CARGO_PKG_VERSION")
    )];
    let mut key = String::new();
    for (vendor, kind) in VENDORS.iter().enumerate() {
        lines.push(format!("  {:<11} {http}/{}", kind.title(), kind.name()));
        for (name, value) in sandbox.present(vendor).credentials() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            lines.push(format!("  {:<11}   {name} {value}", ""));
            if kind.name() == "chase" {
                key = value;
            }
        }
    }
    lines.push(format!(
        "Admin API: {http}/__admin (GET /__admin/openapi.json describes it). Try:"
    ));
    lines.push(format!(
        "  curl -i {http}/chase/api/v2/conversions -H 'X-API-Key: {key}' -H 'Content-Type: application/json' -d \
         '{{\"email\":\"user@example.com\",\"conversion_type\":\"purchase\"}}'"
    ));
    lines.push("Ctrl-C stops it. Calls follow.\n".to_owned());
    lines.join("\n")
}

/// clap's complaint without its paragraphs: what is wrong, and its tip.
fn one_line(complaint: &str) -> String {
    let lines = complaint
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:"));
    let said: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("For more"))
        .collect();
    format!("{}; --help lists every flag", said.join("; "))
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// To stderr. If nobody can read that, there is nobody left to tell.
fn complain(text: &str) {
    let _written = writeln!(std::io::stderr(), "{text}");
}
