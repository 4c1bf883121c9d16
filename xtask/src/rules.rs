//! The table: fact, rule, where it is enforced. Fails on a gap in either direction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use fixtures::{Catalogue, Fact, Standing, VENDORS};

use crate::say;

/// Where a rule stands in the engines' source.
pub(crate) type Homes = BTreeMap<String, Vec<String>>;

/// Prints the table.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut gaps = Vec::new();
    for vendor in VENDORS {
        let catalogue = Catalogue::parse(vendor)?;
        let facts = Fact::read_all(vendor)?;
        let homes = homes(vendor.name())?;
        gaps.extend(catalogue.mistakes(&facts));
        gaps.extend(differences(&catalogue, &homes));

        say(&format!(
            "{:<14} {:<10} {:<48} enforced at",
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
                let at = homes
                    .get(id)
                    .map(|homes| homes.join(", "))
                    .unwrap_or_default();
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

/// Prints the rules that begin like `prefix`: sentence, facts, and where each is enforced.
pub(crate) fn explain(prefix: &str) -> anyhow::Result<()> {
    let mut found = false;
    for vendor in VENDORS {
        let homes = homes(vendor.name())?;
        let catalogue = Catalogue::parse(vendor)?;
        for (id, rule) in catalogue
            .rules
            .iter()
            .filter(|(id, _)| id.starts_with(prefix))
        {
            found = true;
            let at = homes
                .get(id)
                .map(|homes| homes.join(", "))
                .unwrap_or_default();
            say(&format!(
                "{id} ({:?}; {})\n  {}\n  {at}",
                rule.level,
                rule.facts.join(", "),
                rule.says
            ));
        }
    }
    ensure!(
        found,
        "no rule begins with {prefix:?}; `cargo xtask rules` lists them all"
    );
    Ok(())
}

/// Rules that no engine names, and names that no catalogue has.
pub(crate) fn differences(catalogue: &Catalogue, homes: &Homes) -> Vec<String> {
    let unnamed = catalogue.rules.keys().filter(|id| !homes.contains_key(*id));
    let unknown = homes
        .iter()
        .filter(|(id, _)| !catalogue.rules.contains_key(*id));
    unnamed
        .map(|id| format!("{id} is a rule that no engine names"))
        .chain(
            unknown.map(|(id, at)| format!("{id} is named at {}, but is no rule", at.join(", "))),
        )
        .collect()
}

/// Every rule id that a vendor's engine names: in `rule("…")`, or in a doc comment behind `Rules:`.
pub(crate) fn homes(vendor: &str) -> anyhow::Result<Homes> {
    let mut homes = Homes::new();
    for file in sources(&engine_folder().join("vendors").join(vendor))? {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let shown = file
            .strip_prefix(engine_folder())
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
                let named = line.split("rule(\"").skip(1);
                named
                    .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
                    .collect()
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
