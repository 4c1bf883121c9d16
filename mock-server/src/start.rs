//! From settings to a server: what every command that serves has in common.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::flags::{Settings, has_port, is_loopback};
use crate::log::{self, Log};
use crate::overlay;
use crate::sandboxes::{self, Sandboxes};
use crate::seed::{self, Layer};
use crate::serve::{Door, Edge, Role, bind, serve};

/// A server that has its sockets, and does not answer yet.
pub struct Server {
    /// Where the vendors are, and the admin API unless it has an address of its own.
    pub http: SocketAddr,
    /// Where the admin API is, if that is somewhere else.
    pub admin: Option<SocketAddr>,
    /// What all its connections share.
    pub edge: Arc<Edge>,
    doors: Vec<Door>,
    log: Log,
    ready_file: Option<PathBuf>,
}

/// Runs a command that serves, until it ends.
///
/// # Errors
///
/// When there are no threads to be had, and what the command says.
pub fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let done = runtime.block_on(command);
    // Nothing is left to wait for; a reader of stdin may hang for ever.
    runtime.shutdown_background();
    done
}

/// The sandboxes of a fresh server.
///
/// # Errors
///
/// When a seed, a deviation, the clock or a limit is wrong.
pub fn sandboxes(settings: &Settings) -> anyhow::Result<Sandboxes> {
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
    Ok(sandboxes)
}

/// Seed files, in this order.
///
/// # Errors
///
/// When one cannot be read, or is no TOML and no JSON.
pub fn read_layers(files: &[PathBuf]) -> anyhow::Result<Vec<Layer>> {
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

fn clock(flag: Option<&str>) -> anyhow::Result<Clock> {
    let text = flag.unwrap_or("system");
    text.parse().with_context(|| format!("--clock {text}"))
}

/// Whether a server may listen where the settings say; `listen` is where it does unless they say so.
///
/// # Errors
///
/// When an address has no port, or could be reached from other machines without a token; and for an empty token.
pub fn check(settings: &Settings, listen: &str) -> anyhow::Result<()> {
    if settings.admin_token.as_deref() == Some("") {
        bail!("--admin-token is empty: give it a value, or leave it out");
    }
    for (flag, address) in [
        (
            "--listen",
            Some(settings.listen.as_deref().unwrap_or(listen)),
        ),
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
    Ok(())
}

impl Server {
    /// Binds what the settings say, or else `listen`, and starts the log, with accepted calls if `verbose`.
    ///
    /// # Errors
    ///
    /// When an address cannot be had.
    pub async fn bind(
        settings: &Settings,
        listen: &str,
        sandboxes: Sandboxes,
        verbose: bool,
    ) -> anyhow::Result<Self> {
        let address = settings.listen.as_deref().unwrap_or(listen);
        let (listener, http) = bind(address).await.with_context(|| {
            format!("cannot listen on {address} (--listen 127.0.0.1:0 picks a free port)")
        })?;
        let mut doors = vec![Door {
            listener,
            role: Role::Both,
        }];
        let mut admin = None;
        if let Some(address) = &settings.admin_listen {
            let (listener, local) = bind(address)
                .await
                .with_context(|| format!("cannot listen on --admin-listen {address}"))?;
            admin = Some(local);
            doors[0].role = Role::Vendors;
            doors.push(Door {
                listener,
                role: Role::Admin(format!("http://{http}")),
            });
        }
        let log = log::start(settings.log_format.unwrap_or_default(), verbose);
        let edge = Edge::new(sandboxes, settings.admin_token.clone())
            .await
            .context("cannot start")?;
        Ok(Self {
            http,
            admin,
            edge: Arc::new(edge),
            doors,
            log,
            ready_file: settings.ready_file.clone(),
        })
    }

    /// Says where it listens: in the ready file, if there is to be one, and in the value returned.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn announce(&self) -> anyhow::Result<Value> {
        let mut listening = json!({"event": "listening", "http": format!("http://{}", self.http)});
        if let Some(admin) = self.admin {
            listening["admin"] = format!("http://{admin}").into();
        }
        if let Some(path) = &self.ready_file {
            let written = write_ready(path, &format!("{listening}\n"));
            written.with_context(|| format!("cannot write --ready-file {}", path.display()))?;
        }
        Ok(listening)
    }

    /// Serves until `stop` ends and the calls in flight are finished, or until `now` ends. By then the log is written.
    pub async fn serve(self, stop: impl Future<Output = ()>, now: impl Future<Output = ()>) {
        tokio::select! {
            () = serve(self.doors, self.edge, stop) => {}
            () = now => {}
            () = self.log.report_dropped() => {}
        }
        if let Some(path) = &self.ready_file {
            // Whoever waits for the next server must not find this one. It may be gone already.
            let _removed = std::fs::remove_file(path);
        }
    }
}

/// Whoever waits for the file sees it whole: it is written beside its place and then moved there.
fn write_ready(path: &Path, line: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    std::fs::write(&beside, line)?;
    std::fs::rename(&beside, path)
}

/// A signal that is watched for: until it is dropped it no longer ends the process.
#[cfg(unix)]
pub struct Watched(tokio::signal::unix::Signal);

/// What asks a program to stop.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    /// SIGTERM.
    Terminate,
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGHUP: the terminal is gone.
    Hangup,
}

#[cfg(unix)]
impl Watched {
    /// Watches for a signal from now on.
    ///
    /// # Errors
    ///
    /// When the system does not let it.
    pub fn new(signal: Signal) -> anyhow::Result<Self> {
        let (kind, name) = match signal {
            Signal::Terminate => (tokio::signal::unix::SignalKind::terminate(), "SIGTERM"),
            Signal::Interrupt => (tokio::signal::unix::SignalKind::interrupt(), "Ctrl-C"),
            Signal::Hangup => (tokio::signal::unix::SignalKind::hangup(), "SIGHUP"),
        };
        let watched = tokio::signal::unix::signal(kind);
        Ok(Self(
            watched.with_context(|| format!("cannot watch for {name}"))?,
        ))
    }

    /// Ends at the next one.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// To stdout, at once.
///
/// # Errors
///
/// When nobody reads it.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// To stderr. If nobody can read that, there is nobody left to tell.
pub fn complain(text: &str) {
    let _written = writeln!(io::stderr(), "{text}");
}
