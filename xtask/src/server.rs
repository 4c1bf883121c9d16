//! The real program on a free port, for as long as it is needed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

/// A running mock-server. Dropped means stopped.
pub(crate) struct Server {
    child: Child,
    /// Its base URL.
    pub(crate) http: String,
}

impl Server {
    /// Starts mock-server on a free port and waits until it serves.
    pub(crate) fn start(program: &Path, flags: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        // The server ends with us, however we end: its standard input closes.
        command
            .args(["--listen", "127.0.0.1:0", "--quiet", "--exit-with-stdin"])
            .args(flags);
        Self::spawn(command)
    }

    /// Starts one of the plain servers of the benchmark.
    pub(crate) fn start_plain(program: &Path, which: &str) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.arg(which);
        Self::spawn(command)
    }

    pub(crate) fn spawn(mut command: Command) -> anyhow::Result<Self> {
        let name = command.get_program().display().to_string();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("its output is a pipe")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let listening: serde_json::Value =
            serde_json::from_str(&line).context("the program printed no JSON line")?;
        let http = listening["http"]
            .as_str()
            .context("the first line names the base URL")?
            .to_owned();
        Ok(Self { child, http })
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Builds a program of the package of its name, and says where it is.
pub(crate) fn build(package: &str, release: bool) -> anyhow::Result<PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--package", package, "--bin", package]);
    command.args(["--message-format", "json-render-diagnostics"]);
    if release {
        command.arg("--release");
    }
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "{package} does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo named no program")
}
