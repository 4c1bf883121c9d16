//! How many facts are proven, tested but unproven, or untestable: `coverage`.
//!
//! A fact is proven when every rule that cites it is; a rule is proven when it passed in a report, or, without a report,
//! when the committed self-test shows its check failing. A fact that no rule cites is untestable if the catalogue says
//! why, and otherwise a choice of ours that nobody relies on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use fixtures::{Catalogue, Fact, Standing};

use crate::catalogue::standing;
use crate::result::{Report, Verdict};
use crate::selftest::Matrix;

/// What the self-test found out when it was last committed.
const MATRIX: &str = include_str!("../selftest.json");

/// The counts, and with `facts` every fact.
///
/// # Errors
///
/// When the report cannot be read.
pub fn page(report: Option<&Path>, facts: bool) -> anyhow::Result<String> {
    let proven: BTreeSet<String> = if let Some(file) = report {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the report {}", file.display()))?;
        let report: Report = serde_json::from_str(&text)
            .with_context(|| format!("{} is no JSON report of this program", file.display()))?;
        let passed = report
            .rules
            .into_iter()
            .filter(|rule| rule.verdict == Verdict::Pass);
        passed.map(|rule| rule.id).collect()
    } else {
        let matrix: Matrix = serde_json::from_str(MATRIX).context("the committed self-test")?;
        matrix
            .kills
            .into_values()
            .flat_map(BTreeMap::into_keys)
            .collect()
    };
    let mut page = format!(
        "{:<8} {:<11} {:>6} {:>8} {:>11} {:>8}\n",
        "vendor", "facts", "proven", "unproven", "untestable", "unruled"
    );
    let mut every = String::new();
    for vendor in fixtures::VENDORS {
        let catalogue = Catalogue::parse(vendor)?;
        let all = Fact::read_all(vendor)?;
        for level in [
            Standing::Seed,
            Standing::Documented,
            Standing::Inferred,
            Standing::Assumed,
        ] {
            let (mut counts, mut names) = ([0_u32; 4], BTreeSet::new());
            for fact in all.iter().filter(|fact| fact.standing == level) {
                names.insert(&fact.id);
                let rules: Vec<&String> = catalogue
                    .rules
                    .iter()
                    // Umbrella rules judge beside those that a fact is cited by.
                    .filter(|(_, rule)| rule.covers.is_empty() && rule.facts.contains(&fact.id))
                    .map(|(id, _)| id)
                    .collect();
                let open: Vec<&str> = rules
                    .iter()
                    .filter(|id| !proven.contains(**id))
                    .map(|id| id.as_str())
                    .collect();
                let (column, note) = match (rules.is_empty(), catalogue.unruled.get(&fact.id)) {
                    (false, _) if open.is_empty() => (0, "proven".to_owned()),
                    (false, _) => (1, format!("unproven: {}", open.join(", "))),
                    (true, Some(why)) => (2, format!("untestable: {why}")),
                    (true, None) => (
                        3,
                        "unruled: a choice of ours that no rule rests on".to_owned(),
                    ),
                };
                counts[column] += 1;
                let _ = writeln!(every, "{:<12} {:<11} {note}", fact.id, standing(level));
            }
            let [proven, unproven, untestable, unruled] = counts;
            let _ = writeln!(
                page,
                "{:<8} {:<11} {proven:>6} {unproven:>8} {untestable:>11} {unruled:>8}",
                vendor.name(),
                standing(level)
            );
        }
    }
    if facts {
        page.push('\n');
        page.push_str(&every);
    }
    Ok(page)
}
