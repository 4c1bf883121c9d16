//! The example suites under `mock-server/examples/`, each in a copy of its folder: they need nothing else of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use super::{Java, every};
use crate::install;
use crate::server::Server;

/// Runs those whose language is there, all at once.
pub(super) fn check(
    program: &Path,
    python: Option<&Path>,
    node: Option<&Path>,
    java: Option<&Java>,
) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let running = [
            python.map(|found| ("Python", scope.spawn(move || in_python(program, found)))),
            node.map(|_| ("TypeScript", scope.spawn(move || in_typescript(program)))),
            java.map(|found| ("Java", scope.spawn(move || in_java(program, found)))),
        ];
        every(running.into_iter().flatten().map(|(name, suite)| {
            let held = suite.join().unwrap_or_else(|_| bail!("panicked"));
            held.with_context(|| format!("the example suite in {name}"))
        }))
    })
}

fn in_python(program: &Path, python: &Path) -> anyhow::Result<()> {
    let folder = copy("python")?;
    let requirements = folder.path().join("requirements.txt");
    let python = install::python(python, &requirements, folder.path())?;
    let command = |arguments: &[&str]| Run::new(folder.path(), &python, arguments);
    let pytest = ["-m", "pytest", "--quiet"];
    alone(program, &command(&pytest))?;
    let parallel = command(&[&pytest[..], &["-n", "4"]].concat());
    shared(program, &parallel)?;
    under_run(program, &parallel)?;
    unretried(program, folder.path(), &python)
}

fn in_typescript(program: &Path) -> anyhow::Result<()> {
    let folder = copy("typescript")?;
    install::node(folder.path())?;
    let command = |arguments: &[&str]| Run::new(folder.path(), Path::new("npm"), arguments);
    command(&["run", "check"]).quietly(&[])?;
    // The tests of its file run at once, always.
    alone(program, &command(&["test"]))?;
    shared(program, &command(&["test"]))?;
    under_run(program, &command(&["test"]))
}

fn in_java(program: &Path, java: &Java) -> anyhow::Result<()> {
    let folder = copy("java")?;
    let mut compile = vec!["-d", "out"];
    let sources = ["Json", "MockServer", "Reporter", "Suite"].map(|name| format!("{name}.java"));
    compile.extend(sources.iter().map(String::as_str));
    Run::new(folder.path(), &java.compiler, &compile).quietly(&[])?;
    // As TypeScript's: at once, always.
    let suite = Run::new(folder.path(), &java.launcher, &["-cp", "out", "Suite"]);
    alone(program, &suite)?;
    shared(program, &suite)?;
    under_run(program, &suite)
}

/// With a server that the suite starts itself.
fn alone(program: &Path, suite: &Run) -> anyhow::Result<()> {
    suite
        .quietly(&[("MOCK_SERVER", &program.display().to_string())])
        .context("with a server of its own")?;
    Ok(())
}

/// With a server that is there, of which it leaves nothing but the default sandbox.
fn shared(program: &Path, suite: &Run) -> anyhow::Result<()> {
    let server = Server::start(program, &[])?;
    suite
        .quietly(&[("MOCK_URL", &server.http)])
        .context("with a server that is there")?;
    let left = ureq::get(format!("{}/__admin/sandboxes", server.http))
        .call()?
        .body_mut()
        .read_to_string()?;
    ensure!(
        left == r#"{"sandboxes":["default"]}"#,
        "it leaves sandboxes behind: {left}"
    );
    Ok(())
}

/// Under `mock-server run`: the suite finds that server, and the verdict covers sandboxes that are gone by then.
fn under_run(program: &Path, suite: &Run) -> anyhow::Result<()> {
    let verdict = suite
        .under(program, &["--fail-on", "unmatched"])
        .quietly(&[])
        .context("under mock-server run")?;
    ensure!(
        verdict.lines().any(|line| line.starts_with("  impact.com")),
        "the verdict of mock-server run does not know of its calls: {verdict}"
    );
    Ok(())
}

/// A client that ignores a 429 passes by itself, and not if that is asked about; one that obeys it always passes.
fn unretried(program: &Path, folder: &Path, python: &Path) -> anyhow::Result<()> {
    let script = |name: &str, flags: &[&str]| {
        Run::new(folder, python, &[name])
            .under(program, flags)
            .quietly(&[])
            .with_context(|| format!("{name} under mock-server run {}", flags.join(" ")))
    };
    let asked = ["--fail-on", "unretried"];
    script("ignores_429.py", &[])?;
    script("obeys_429.py", &asked)?;
    let Err(verdict) = script("ignores_429.py", &asked) else {
        bail!("mock-server run does not see that a 429 is ignored");
    };
    let verdict = format!("{verdict:#}");
    ensure!(
        verdict.contains("exit status: 1") && verdict.contains("PartnerConversions"),
        "the verdict does not say which call was not repeated: {verdict}"
    );
    Ok(())
}

/// A command in a suite's folder.
struct Run {
    folder: PathBuf,
    program: PathBuf,
    arguments: Vec<String>,
}

impl Run {
    fn new(folder: &Path, program: &Path, arguments: &[&str]) -> Self {
        Self {
            folder: folder.to_owned(),
            program: program.to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
        }
    }

    /// The same below `mock-server run`.
    fn under(&self, mock_server: &Path, flags: &[&str]) -> Self {
        let program = self.program.display().to_string();
        let arguments = [&["run"], flags, &["--", &program]].concat();
        let mut run = Self::new(&self.folder, mock_server, &arguments);
        run.arguments.extend_from_slice(&self.arguments);
        run
    }

    /// Runs it, and shows what it prints only if it fails. Returns what it wrote to stderr.
    fn quietly(&self, variables: &[(&str, &str)]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            // Nothing on loopback goes through a proxy, and no server of whoever runs this is used.
            .env("no_proxy", "127.0.0.1")
            .env_remove("MOCK_URL")
            .env_remove("MOCK_ADMIN_URL")
            .env_remove("MOCK_ADMIN_TOKEN")
            .envs(variables.iter().copied());
        let program = self.program.display();
        let output = command
            .output()
            .with_context(|| format!("cannot run {program}"))?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.success(),
            "{program} {}: {}\n{}{stderr}",
            self.arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
        );
        Ok(stderr)
    }
}

/// A copy of an example's files. Folders are what somebody installed or built there.
fn copy(name: &str) -> anyhow::Result<TempDir> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../mock-server/examples")
        .join(name);
    let copy = tempfile::tempdir()?;
    for entry in fs::read_dir(&example).with_context(|| example.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), copy.path().join(entry.file_name()))?;
        }
    }
    Ok(copy)
}
