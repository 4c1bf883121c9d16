//! Two servers that are not ours, judged from outside: no admin API, no clock, no sandbox of one's own.
//!
//! Each has a `verdicts.toml` with every rule that does not pass and why. A rule that ends in another way, there or here,
//! is a check or a server that changed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use fixtures::Vendor;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{framework as start_framework, peer};
use crate::server::{self, Server};
use crate::{install, say};

/// Judges Chase's documented endpoint on the framework that Chase runs on. No rule that gates may be left unproven.
pub(super) fn framework(python: &Path) -> anyhow::Result<()> {
    let vendor = fixtures::vendor("chase").context("a vendor")?;
    let folder = tempfile::tempdir()?;
    let mut seed = json!({"keys": {}, "contacts": {}});
    for file in ["seed.toml", "conformance.seed.toml"] {
        let document: Value = toml::from_str(vendor.file(file).context(file)?)?;
        let chase = &document["chase"];
        for (key, organisation) in chase["keys"].as_object().context("keys")? {
            seed["keys"][key] = organisation.clone();
        }
        for (organisation, contacts) in chase["contacts"].as_object().context("contacts")? {
            let all = &mut seed["contacts"][organisation];
            let mut whole = all.as_array().cloned().unwrap_or_default();
            whole.extend(contacts.as_array().context("a list")?.iter().cloned());
            *all = whole.into();
        }
    }
    let server = start_framework(python, folder.path(), &seed.to_string())?;
    let report = judge(vendor, &server, folder.path())?;
    ensure!(
        report["exit"]["code"] == 0,
        "the framework is judged wrongly: {}",
        report["exit"]["reason"]
    );
    compare("chase", &report)
}

/// Judges Prism, a mock of any OpenAPI description, with ours of impact: the right shapes, and no state behind them.
pub(super) fn prism(folder: &Path) -> anyhow::Result<()> {
    let vendor = fixtures::vendor("impact").context("a vendor")?;
    let folder = folder.join("prism");
    std::fs::create_dir(&folder)?;
    for file in ["package.json", "package-lock.json", "server.mjs"] {
        std::fs::copy(peer("prism").join(file), folder.join(file))?;
    }
    install::node(&folder)?;
    let description = folder.join("openapi.json");
    std::fs::write(&description, vendor.openapi())?;
    let mut command = Command::new("node");
    command.arg(folder.join("server.mjs")).arg(description);
    let server = Server::spawn(command)?;
    compare("prism", &judge(vendor, &server, &folder)?)
}

/// The report on a server of which every known object is told, whether it has it or not.
fn judge(vendor: Vendor, server: &Server, folder: &Path) -> anyhow::Result<Value> {
    let mut command = Command::new(server::build("conformance", false)?);
    let mut about = toml::Table::from_iter([("base_url".to_owned(), server.http.clone().into())]);
    let known: BTreeMap<String, Known> =
        toml::from_str(vendor.file("known.toml").context("known.toml")?)?;
    for (name, Known { sandbox, secret }) in known {
        let Some(value) = sandbox else { continue };
        let value = match secret {
            Some(secret) => {
                command.env(&secret, value);
                toml::Table::from_iter([("env".to_owned(), secret.into())]).into()
            }
            None => value.into(),
        };
        about.insert(name, value);
    }
    let target = folder.join("target.toml");
    let table = toml::Table::from_iter([
        ("access".to_owned(), "write".into()),
        (vendor.name().to_owned(), about.into()),
    ]);
    std::fs::write(&target, table.to_string())?;
    let report = folder.join("report.json");
    // Whether its exit code is as it should be is a question to the report.
    command
        .arg("run")
        .arg("--target")
        .arg(target)
        .arg("--report")
        .arg(format!("json={}", report.display()))
        .stdout(Stdio::null())
        .status()
        .context("cannot run conformance")?;
    let report = std::fs::read_to_string(report).context("conformance wrote no report")?;
    Ok(serde_json::from_str(&report)?)
}

/// An entry of `known.toml`, as far as it matters here.
#[derive(Deserialize)]
struct Known {
    sandbox: Option<String>,
    secret: Option<String>,
}

/// What is committed about a server.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdicts {
    /// How many rules are not run, for want of an admin API.
    not_run: usize,
    /// Rules that do not pass.
    #[serde(default)]
    group: Vec<Group>,
}

/// Rules that end alike, for one reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    verdict: String,
    because: String,
    rules: Vec<String>,
}

/// Fails, rule by rule, where a report does not say what is committed.
fn compare(name: &str, report: &Value) -> anyhow::Result<()> {
    const NOT_RUN: &str = "not-run";

    let file = peer(name).join("verdicts.toml");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let committed: Verdicts =
        toml::from_str(&text).with_context(|| format!("in {}", file.display()))?;
    let mut wrong = Vec::new();
    let mut expected = BTreeMap::new();
    for group in &committed.group {
        if group.because.trim().is_empty() {
            wrong.push(format!("a group of {} gives no reason", group.verdict));
        }
        for rule in &group.rules {
            if expected
                .insert(rule.as_str(), group.verdict.as_str())
                .is_some()
            {
                wrong.push(format!("{rule} is listed twice"));
            }
        }
    }

    let rules = report["rules"].as_array().context("a list of rules")?;
    let mut not_run = 0;
    let mut passed = 0;
    for rule in rules {
        let text = |member: &str| rule[member].as_str().unwrap_or_default();
        let (id, verdict) = (text("id"), text("verdict"));
        match (verdict, expected.remove(id)) {
            ("pass", None) => passed += 1,
            (NOT_RUN, None) => not_run += 1,
            ("pass", Some(expected)) => wrong.push(format!("{id} passes, and is listed as {expected}")),
            (_, Some(expected)) if expected == verdict => {}
            (_, expected) => wrong.push(format!(
                "{id} is listed {}; it would be\n[[group]]\nverdict = \"{verdict}\"\nbecause = \"\" # {}\nrules = [\"{id}\"]",
                expected.map_or_else(|| "nowhere".to_owned(), |expected| format!("as {expected}")),
                why(rule)
            )),
        }
    }
    wrong.extend(
        expected
            .keys()
            .map(|rule| format!("{rule} is listed, and no rule")),
    );
    if not_run != committed.not_run {
        wrong.push(format!("not_run = {not_run}, not {}", committed.not_run));
    }
    ensure!(
        wrong.is_empty(),
        "{}:\n{}",
        file.display(),
        wrong.join("\n")
    );
    say(&format!(
        "judged {name}: of {} rules {passed} pass, {not_run} are not run, the others end as committed",
        rules.len()
    ));
    Ok(())
}

/// Why a rule did not pass, in one line.
fn why(rule: &Value) -> String {
    let failure = &rule["failure"];
    if failure.is_null() {
        return rule["reason"].as_str().unwrap_or_default().to_owned();
    }
    let text = |member: &str| failure[member].as_str().unwrap_or_default();
    format!(
        "{}: {} wanted {} got {}",
        text("case"),
        text("aspect"),
        text("wanted"),
        text("got")
    )
    .replace('\n', " ")
}
