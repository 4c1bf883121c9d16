//! Real clients against the real program: curl, Python and Node, each with its share of the checks, and the example suites.
//!
//! The checks follow the dossiers and the documentation, not the engines' source: they can disagree with it.

mod curl;
mod program;
mod suites;

use std::path::{Path, PathBuf};

use anyhow::ensure;
use fixtures::VENDORS;
use xshell::{Shell, cmd};

use crate::server::{self, Server};
use crate::{Clients, say};

/// Runs the program's own checks, then every client that is there. Returns what was left out.
///
/// # Errors
///
/// What did not hold; or, if all clients are wanted, the packages of those that are missing.
pub(crate) fn run(shell: &Shell, wanted: Clients) -> anyhow::Result<Vec<String>> {
    let (curl, python) = (curl(shell), python(shell));
    let (node, java) = (node(shell), java(shell));
    let left_out: Vec<String> = [
        (curl.is_some(), "curl with HTTP/2: Debian package curl"),
        (
            python.is_some(),
            "Python 3.11 with venv: Debian package python3.11-venv",
        ),
        (node.is_some(), "Node 20 or later: Debian package nodejs"),
        (
            java.is_some(),
            "JDK 17 or later: Debian package openjdk-17-jdk-headless",
        ),
    ]
    .into_iter()
    .filter(|(found, _)| !found)
    .map(|(_, name)| name.to_owned())
    .collect();
    ensure!(
        wanted == Clients::Found || left_out.is_empty(),
        "not found: {}",
        left_out.join("; ")
    );

    let program = server::build("mock-server", false)?;
    let default = Server::start(&program, &[])?;
    let seeds = seeds();
    let flags: Vec<&str> = seeds.iter().flat_map(|seed| ["--seed", seed]).collect();
    let seeded = Server::start(&program, &flags)?;
    let (default, seeded) = (&default.http, &seeded.http);
    let script = |client, name| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("clients")
            .join(name);
        Ok(cmd!(shell, "{client} {script} {default} {seeded}")
            .quiet()
            .run()?)
    };
    every([
        program::check(&program),
        suites::check(&program, python.as_deref(), node.as_deref(), java.as_ref()),
        curl.map_or(Ok(()), |_| curl::check(shell, default)),
        python.map_or(Ok(()), |python| script(python, "check.py")),
        node.map_or(Ok(()), |node| script(node, "check.mjs")),
    ])?;
    Ok(left_out)
}

/// Every mistake there is, not only the first.
fn every(results: impl IntoIterator<Item = anyhow::Result<()>>) -> anyhow::Result<()> {
    let mistakes = results.into_iter().filter_map(Result::err);
    let mistakes: Vec<String> = mistakes.map(|mistake| format!("{mistake:#}")).collect();
    ensure!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    Ok(())
}

/// Names what was left out.
pub(crate) fn report(left_out: &[String]) {
    for name in left_out {
        say(&format!("left out: {name}"));
    }
}

/// Python 3.11, exactly: the framework that Chase runs on words its errors by the Python below it.
pub(crate) fn python(shell: &Shell) -> Option<PathBuf> {
    let script =
        "import sys, ensurepip; print(sys.executable if sys.version_info[:2] == (3, 11) else '')";
    ["python3.11", "python3"].iter().find_map(|name| {
        let found = cmd!(shell, "{name} -c {script}")
            .quiet()
            .ignore_stderr()
            .read()
            .ok()?;
        (!found.is_empty()).then(|| found.into())
    })
}

/// Node 20 or later: earlier ones have no fetch to rely on.
pub(crate) fn node(shell: &Shell) -> Option<PathBuf> {
    let version = cmd!(shell, "node --version")
        .quiet()
        .ignore_stderr()
        .read()
        .ok()?;
    let major: u32 = version.strip_prefix('v')?.split('.').next()?.parse().ok()?;
    (major >= 20).then(|| "node".into())
}

/// A Java compiler and a Java to go with it.
pub(crate) struct Java {
    compiler: PathBuf,
    launcher: PathBuf,
}

/// JDK 17 or later.
fn java(shell: &Shell) -> Option<Java> {
    for name in ["javac", "java"] {
        let version = cmd!(shell, "{name} --version")
            .quiet()
            .ignore_stderr()
            .read()
            .ok()?;
        // "javac 17.0.15", "openjdk 17.0.15 2025-04-15"
        let major = version.split_whitespace().nth(1)?.split('.').next()?;
        if major.parse::<u32>().ok()? < 17 {
            return None;
        }
    }
    Some(Java {
        compiler: "javac".into(),
        launcher: "java".into(),
    })
}

/// curl, if it speaks HTTP/2.
fn curl(shell: &Shell) -> Option<PathBuf> {
    let version = cmd!(shell, "curl --version")
        .quiet()
        .ignore_stderr()
        .read()
        .ok()?;
    version.contains("HTTP2").then(|| "curl".into())
}

/// The seed files of all vendors: the documented objects, and what checks need beyond.
fn seeds() -> Vec<String> {
    let vendors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/vendors");
    VENDORS
        .iter()
        .flat_map(|vendor| {
            ["seed.toml", "conformance.seed.toml"]
                .map(|file| vendors.join(vendor.name()).join(file))
        })
        .map(|path| path.display().to_string())
        .collect()
}
