//! The table: fact, rule, where it is enforced, where it is checked, what breaks it. Fails on a gap in any direction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use fixtures::{Catalogue, Deviation, Fact, Standing, VENDORS, Vendor};

use crate::say;

/// Where rules stand in source.
pub(crate) type Homes = BTreeMap<String, Vec<String>>;

/// Prints the table.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut gaps = Vec::new();
    for vendor in VENDORS {
        let catalogue = Catalogue::parse(vendor)?;
        let facts = Fact::read_all(vendor)?;
        let table = Table::of(vendor)?;
        gaps.extend(catalogue.mistakes(&facts));
        gaps.extend(table.gaps(&catalogue));

        say(&format!(
            "{:<14} {:<10} {:<48} enforced at; checked at; broken by",
            "fact", "level", "rule"
        ));
        for fact in &facts {
            let level = format!("{:?}", fact.standing).to_lowercase();
            let mut rules = catalogue
                .rules
                .iter()
                .filter(|(_, rule)| rule.facts.contains(&fact.id))
                .peekable();
            if rules.peek().is_none() {
                let reason = catalogue.unruled.get(&fact.id).map_or("", String::as_str);
                say(&format!("{:<14} {level:<10} {:<48} {reason}", fact.id, "-"));
            }
            for (id, _) in rules {
                let at = table.row(id);
                say(&format!("{:<14} {level:<10} {id:<48} {at}", fact.id));
            }
        }
        for standing in [
            Standing::Seed,
            Standing::Documented,
            Standing::Inferred,
            Standing::Assumed,
        ] {
            let of_level: Vec<&Fact> = facts
                .iter()
                .filter(|fact| fact.standing == standing)
                .collect();
            let ruled = |fact: &&&Fact| {
                catalogue
                    .rules
                    .values()
                    .any(|rule| rule.facts.contains(&fact.id))
            };
            let listed = of_level
                .iter()
                .filter(|fact| catalogue.unruled.contains_key(&fact.id))
                .count();
            say(&format!(
                "{} {}: {} facts, {} ruled, {listed} listed with a reason",
                vendor.name(),
                format!("{standing:?}").to_lowercase(),
                of_level.len(),
                of_level.iter().filter(ruled).count(),
            ));
        }
        say(&format!(
            "{}: {} rules\n",
            vendor.name(),
            catalogue.rules.len()
        ));
    }
    if gaps.is_empty() {
        return Ok(());
    }
    bail!("{} gaps:\n{}", gaps.len(), gaps.join("\n"))
}

/// Prints the rules that begin like `prefix`: sentence, facts, and where each is enforced, checked and broken.
pub(crate) fn explain(prefix: &str) -> anyhow::Result<()> {
    let mut found = false;
    for vendor in VENDORS {
        let table = Table::of(vendor)?;
        let catalogue = Catalogue::parse(vendor)?;
        for (id, rule) in catalogue
            .rules
            .iter()
            .filter(|(id, _)| id.starts_with(prefix))
        {
            found = true;
            say(&format!(
                "{id} ({:?}; {})\n  {}\n  {}",
                rule.level,
                rule.facts.join(", "),
                rule.says,
                table.row(id)
            ));
        }
    }
    ensure!(
        found,
        "no rule begins with {prefix:?}; `cargo xtask rules` lists them all"
    );
    Ok(())
}

/// Where a vendor's rules are enforced, checked and broken.
pub(crate) struct Table {
    enforced: Homes,
    checked: Homes,
    /// By rule, the deviations that break it.
    broken: Homes,
}

impl Table {
    /// Looks through the source and the deviations of a vendor.
    pub(crate) fn of(vendor: Vendor) -> anyhow::Result<Self> {
        let mut broken = Homes::new();
        for deviation in Deviation::read_all(vendor)? {
            for rule in &deviation.breaks {
                let ids = broken.entry(rule.clone()).or_default();
                ids.push(deviation.id.clone());
            }
        }
        Ok(Self {
            enforced: homes(&engine_folder(), vendor.name(), named_by_engines)?,
            checked: homes(&judge_folder(), vendor.name(), named_by_checks)?,
            broken,
        })
    }

    fn row(&self, id: &str) -> String {
        [&self.enforced, &self.checked, &self.broken]
            .map(|homes| homes.get(id).map(|at| at.join(", ")).unwrap_or_default())
            .join("; ")
    }

    /// Rules that nothing enforces, checks or breaks, and names that no catalogue has.
    pub(crate) fn gaps(&self, catalogue: &Catalogue) -> Vec<String> {
        let missing = |homes: &Homes, what: &str, excused: fn(&fixtures::Rule) -> bool| {
            catalogue
                .rules
                .iter()
                .filter(|(id, rule)| !homes.contains_key(*id) && !excused(rule))
                .map(|(id, _)| format!("{id} is {what}"))
                .collect::<Vec<_>>()
        };
        let unknown = |homes: &Homes| {
            homes
                .iter()
                .filter(|(id, _)| !catalogue.rules.contains_key(*id))
                .map(|(id, at)| format!("{id} is named at {}, but is no rule", at.join(", ")))
                .collect::<Vec<_>>()
        };
        let excused = |rule: &fixtures::Rule| !rule.covers.is_empty() || rule.inseparable.is_some();
        [
            missing(&self.enforced, "a rule that no engine names", |_| false),
            missing(&self.checked, "a rule without a check", |_| false),
            // What an umbrella rule sees, the self-test shows; the others say why nothing breaks them.
            missing(&self.broken, "a rule without a deviation", excused),
            unknown(&self.enforced),
            unknown(&self.checked),
        ]
        .concat()
    }
}

/// The rule ids that a line of an engine names: in `rule("…")`. Those behind `Rules:` in comments are found elsewhere.
fn named_by_engines(line: &str, _: &str) -> Vec<String> {
    let named = line.split("rule(\"").skip(1);
    named
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

/// The rule ids that a line of the judge names: as a text of their own.
fn named_by_checks(line: &str, vendor: &str) -> Vec<String> {
    let texts = line.split('"').skip(1).step_by(2);
    texts
        .filter(|text| {
            let mut parts = text.split('.');
            let is_name = |part: &str| {
                !part.is_empty()
                    && part.bytes().all(|byte| {
                        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
                    })
            };
            parts.next() == Some(vendor)
                && parts.next().is_some_and(is_name)
                && parts.next().is_some_and(is_name)
                && parts.next().is_none()
        })
        .map(ToOwned::to_owned)
        .collect()
}

/// Every rule id that a vendor's folder names: in code as `named` finds it, or in a doc comment behind `Rules:`.
fn homes(
    source: &Path,
    vendor: &str,
    named: fn(&str, &str) -> Vec<String>,
) -> anyhow::Result<Homes> {
    let mut homes = Homes::new();
    for file in sources(&source.join("vendors").join(vendor))? {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let shown = file
            .strip_prefix(source)
            .unwrap_or(&file)
            .display()
            .to_string();
        let mut listing = false;
        // Tests name rules too, but enforce none.
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            let line = line.trim();
            let comment = line
                .strip_prefix("///")
                .or_else(|| line.strip_prefix("//!"))
                .or_else(|| line.strip_prefix("//"));
            let found: Vec<String> = if let Some(comment) = comment {
                let begun = comment.split_once("Rules:").map(|(_, list)| list);
                let list = begun.or(listing.then_some(comment));
                listing = list.is_some() && !comment.trim_end().ends_with('.');
                list.map(|list| ids(list, vendor)).unwrap_or_default()
            } else {
                listing = false;
                named(line, vendor)
            };
            for id in found {
                homes
                    .entry(id)
                    .or_default()
                    .push(format!("{shown}:{}", index + 1));
            }
        }
    }
    Ok(homes)
}

fn ids(text: &str, vendor: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| {
            word.strip_prefix(vendor)
                .is_some_and(|rest| rest.starts_with('.'))
        })
        .map(str::to_owned)
        .collect()
}

/// The folder of mock-server's source.
pub(crate) fn engine_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../mock-server/src")
}

/// The folder of conformance's source.
pub(crate) fn judge_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/src")
}

/// Every Rust file below a folder but those of tests, in order.
pub(crate) fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
