//! What continuous integration runs.

use std::time::Instant;

use anyhow::ensure;
use xshell::{Shell, cmd};

use crate::{Clients, clients, conformance, peers, rules, say};

/// Random calls of the framework comparison within `test`; `cargo xtask peers` sends more.
const PEER_CASES: u32 = 2_000;

/// Everything that must pass.
pub(crate) fn run(shell: &Shell, wanted: Clients) -> anyhow::Result<()> {
    step("check", || check(shell))?;
    step("the engines alone", || engines_alone(shell))?;
    step("docs", || {
        let _denied = shell.push_env(
            "RUSTDOCFLAGS",
            "-D warnings -A rustdoc::private_intra_doc_links",
        );
        Ok(cmd!(
            shell,
            "cargo doc --quiet --workspace --no-deps --document-private-items --locked"
        )
        .run()?)
    })?;
    step("tests", || {
        // Snapshots are reviewed, never written here.
        let _kept = shell.push_env("INSTA_UPDATE", "no");
        Ok(cmd!(shell, "cargo test --quiet --workspace --locked").run()?)
    })?;
    step("rules", rules::run)?;
    step("conformance", || {
        let code = conformance::judge(&[])?;
        ensure!(code == 0, "mock-server does not conform: exit {code}");
        Ok(())
    })?;
    step("selftest", || conformance::selftest(1, false))?;
    let mut left_out = Vec::new();
    step("clients", || {
        left_out = clients::run(shell, wanted)?;
        Ok(())
    })?;
    step("peers", || peers::run(shell, wanted, PEER_CASES, 1))?;
    clients::report(&left_out);
    say("all passed");
    Ok(())
}

/// Format and lints. The invariants of `tidy.rs` are tests.
pub(crate) fn check(shell: &Shell) -> anyhow::Result<()> {
    cmd!(shell, "cargo fmt --all -- --check").run()?;
    cmd!(
        shell,
        "cargo clippy --quiet --workspace --all-targets --locked -- -D warnings"
    )
    .run()?;
    cmd!(shell, "cargo test --quiet --package xtask --locked").run()?;
    Ok(())
}

/// The engines build without the server, and nothing they depend on could reach a socket or a clock of its own.
fn engines_alone(shell: &Shell) -> anyhow::Result<()> {
    cmd!(
        shell,
        "cargo build --quiet --package mock-server --lib --no-default-features --locked"
    )
    .run()?;
    let tree = cmd!(
        shell,
        "cargo tree --package mock-server --no-default-features --edges normal --prefix none"
    )
    .read()?;
    let banned = [
        "tokio",
        "hyper",
        "hyper-util",
        "mio",
        "socket2",
        "chrono",
        "time",
        "getrandom",
        "tracing",
    ];
    let found: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| banned.contains(name))
        .collect();
    ensure!(
        found.is_empty(),
        "the engines depend on {}",
        found.join(", ")
    );
    Ok(())
}

fn step(name: &str, run: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    say(&format!("== {name}"));
    let started = Instant::now();
    run()?;
    say(&format!(
        "== {name}: {:.1} s",
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}
