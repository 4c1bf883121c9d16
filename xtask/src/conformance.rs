//! Builds the judge and a server, and judges.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::say;
use crate::server::{self, Server};

/// What the committed self-test says, and the page that shows it.
const MATRIX: &str = "conformance/selftest.json";
const PAGE: &str = "conformance/selftest.md";

/// Judges mock-server, or what `flags` name, and leaves the reports under `target/conformance/`. The program's exit code.
pub(crate) fn judge(flags: &[String]) -> anyhow::Result<u8> {
    let program = server::build("conformance", false)?;
    let folder = reports();
    let mut command = Command::new(program);
    command.arg("run");
    let names = |flag: &str| {
        flags
            .iter()
            .any(|given| given == flag || given.starts_with(&format!("{flag}=")))
    };
    let mock = if names("--base-url") || names("--target") {
        None
    } else {
        Some(Server::start(&server::build("mock-server", false)?, &[])?)
    };
    if let Some(mock) = &mock {
        // Of our own server every level is asked for.
        command.args(["--base-url", &mock.http, "--strict"]);
    }
    command.args(["--report", "human"]);
    for (form, file) in [
        ("json", "report.json"),
        ("junit", "junit.xml"),
        ("html", "report.html"),
        ("md", "report.md"),
    ] {
        command.arg("--report");
        command.arg(format!("{form}={}", folder.join(file).display()));
    }
    let status = command
        .args(
            flags
                .iter()
                .filter(|flag| *flag != "--strict" || mock.is_none()),
        )
        .status()
        .context("cannot run conformance")?;
    say(&format!("reports: {}", shown(&folder)));
    let code = status.code().context("conformance was ended by a signal")?;
    Ok(u8::try_from(code)?)
}

/// Shows that every check fails when its rule is broken, and that the committed matrix is what was seen.
pub(crate) fn selftest(seeds: u64, accept: bool) -> anyhow::Result<()> {
    let program = server::build("conformance", false)?;
    let mock = Server::start(&server::build("mock-server", false)?, &[])?;
    let folder = reports();
    std::fs::create_dir_all(&folder)?;
    let [matrix, page] = ["selftest.json", "selftest.md"].map(|name| folder.join(name));
    let status = Command::new(program)
        .args(["selftest", "--base-url", &mock.http])
        .args(["--seeds", &seeds.to_string()])
        .arg("--matrix")
        .arg(&matrix)
        .arg("--page")
        .arg(&page)
        .status()
        .context("cannot run conformance")?;
    ensure!(status.success(), "the self-test failed");
    for (seen, committed) in [(&matrix, MATRIX), (&page, PAGE)] {
        let committed = workspace().join(committed);
        if accept {
            std::fs::copy(seen, &committed)
                .with_context(|| format!("cannot write {}", committed.display()))?;
            continue;
        }
        let [seen_text, committed_text] =
            [seen, &committed].map(|file| std::fs::read_to_string(file).unwrap_or_default());
        ensure!(
            without_seeds(&seen_text) == without_seeds(&committed_text),
            "{} is not what the self-test saw; compare it with {}, and commit that with `cargo xtask selftest --accept`",
            committed.display(),
            shown(seen)
        );
    }
    Ok(())
}

/// With how many seeds it was seen makes no difference: a test takes one, and what is committed was seen with more.
fn without_seeds(text: &str) -> String {
    text.lines()
        .filter(|line| !(line.contains("\"seeds\": ") || line.contains("; seeds: ")))
        .collect::<Vec<_>>()
        .join("\n")
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where reports are left.
fn reports() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target
        .unwrap_or_else(|| workspace().join("target"))
        .join("conformance")
}

/// A path as it is typed from the workspace.
fn shown(path: &Path) -> String {
    let path = path.display().to_string();
    let workspace = format!("{}/", workspace().display());
    path.strip_prefix(&workspace).unwrap_or(&path).to_owned()
}
