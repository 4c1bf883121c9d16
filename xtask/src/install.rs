//! Packages of other languages, in a folder that is thrown away.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// A Python that has the pinned requirements and nothing else.
pub(crate) fn python(python: &Path, requirements: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let environment = folder.join("environment");
    let within = environment.join("bin/python");
    let mut create = Command::new(python);
    create.args(["-m", "venv"]).arg(&environment);
    let mut install = Command::new(&within);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--requirement",
    ]);
    install.arg(requirements);
    succeed(create)?;
    succeed(install)?;
    Ok(within)
}

/// What the lockfile in a folder names, into that folder.
pub(crate) fn node(folder: &Path) -> anyhow::Result<()> {
    let mut install = Command::new("npm");
    install.args(["ci", "--silent", "--ignore-scripts", "--no-audit"]);
    install.arg("--no-fund").current_dir(folder);
    succeed(install)
}

/// Runs a command that must go well.
fn succeed(mut command: Command) -> anyhow::Result<()> {
    let program = command.get_program().display().to_string();
    let status = command
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    ensure!(status.success(), "{program} failed: {status}");
    Ok(())
}
