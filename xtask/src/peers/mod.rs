//! Servers that are not ours: the framework that Chase runs on, and a mock of any OpenAPI description.
//!
//! The first answers the same random calls as Chase's engine. Both are judged by `conformance`, which has to say of each
//! what is committed beside it.

mod judged;
mod random;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use xshell::Shell;

use crate::server::Server;
use crate::{Clients, clients, install};

/// Compares that many random calls, and judges both servers; each where its language is found.
///
/// # Errors
///
/// What differs, or that a wanted language is missing.
pub(crate) fn run(shell: &Shell, wanted: Clients, cases: u32, seed: u64) -> anyhow::Result<()> {
    let (python, node) = (clients::python(shell), clients::node(shell));
    ensure!(
        wanted == Clients::Found || (python.is_some() && node.is_some()),
        "it needs Python 3.11 with venv and Node 20 or later"
    );
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    if let Some(python) = python {
        let python = install::python(&python, &peer("chase").join("requirements.txt"), folder)?;
        random::run(&python, cases, seed)?;
        judged::framework(&python)?;
    }
    if node.is_some() {
        judged::prism(folder)?;
    }
    Ok(())
}

/// What belongs to a server that is not ours.
fn peer(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers")
        .join(name)
}

/// Chase's documented endpoint on the framework, with the keys and contacts of `seed`, a JSON text.
fn framework(python: &Path, folder: &Path, seed: &str) -> anyhow::Result<Server> {
    let file = folder.join("framework.json");
    std::fs::write(&file, seed)?;
    let mut command = Command::new(python);
    command.arg(peer("chase").join("app.py")).arg(file);
    Server::spawn(command)
}
