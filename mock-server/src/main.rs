//! The program: flags, seeds, listeners; serves until it is told to stop; the exit code.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Parser;
use mock_server::flags::{Cli, Command, SeedCommand, Settings};
use mock_server::sandboxes::Sandboxes;
use mock_server::start::{self, Server, Signal, Watched, complain, print};
use mock_server::vendors::VENDORS;
use mock_server::{admin, env, run, seed};

/// Where to listen unless a flag says otherwise.
const LISTEN: &str = "127.0.0.1:8080";
/// Exit code for wrong usage: a bad flag, a taken port, an unreadable seed.
const USAGE: u8 = 2;
/// How long `healthcheck` waits for an answer.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// Exit code of `healthcheck` and `env` when nothing healthy answers.
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
        None => serve(cli.settings),
        Some(Command::Serve(settings)) => serve(*settings),
        Some(Command::Run(wanted)) => match run::run(*wanted) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Some(Command::Env(wanted)) => match env::env(&wanted) {
            Ok(variables) => print(&variables),
            Err(error) => {
                complain(&format!("{error:#}"));
                return ExitCode::from(UNHEALTHY);
            }
        },
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

fn serve(settings: Settings) -> anyhow::Result<()> {
    let settings = settings.with_config()?;
    start::check(&settings, LISTEN)?;
    let sandboxes = start::sandboxes(&settings)?;
    start::block_on(async {
        let on_terminal = std::io::stderr().is_terminal() && !settings.quiet;
        let verbose = settings.verbose || on_terminal;
        let server = Server::bind(&settings, LISTEN, sandboxes, verbose).await?;
        let stop = stop(settings.exit_with_stdin)?;
        let listening = server.announce()?;
        print(&format!("{listening}\n"))?;
        if on_terminal {
            let http = format!("http://{}", server.http);
            complain(&introduction(server.edge.sandboxes(), &http));
        }
        server.serve(stop.first, stop.second).await;
        Ok(())
    })
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
    let mut terminate = Watched::new(Signal::Terminate)?;
    let mut interrupt = Watched::new(Signal::Interrupt)?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = terminate.next() => {}
                () = interrupt.next() => {}
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

fn check(files: &[std::path::PathBuf]) -> anyhow::Result<()> {
    seed::merge(&start::read_layers(files)?)?;
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
            let value = env::text(&value);
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
    let said = said.join("; ").replace(":; ", ": ");
    format!("{said}; --help lists every flag")
}
