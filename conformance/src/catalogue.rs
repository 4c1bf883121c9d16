//! Every rule of the three vendors with its check: what can be selected.

use std::collections::BTreeMap;

use fixtures::{Catalogue, Fact, Level, Needs, Standing, Vendor};

use crate::check::{Entry, MakeCheck};
use crate::vendors::VENDORS;

/// A rule, what it rests on, and how it is checked.
#[derive(Clone)]
pub struct Item {
    /// Such as `comm100.mark.unknown_name`.
    pub id: String,
    /// The vendor.
    pub vendor: Vendor,
    /// Sentence, level, access.
    pub rule: fixtures::Rule,
    /// The facts it rests on.
    pub facts: Vec<(String, Standing)>,
    /// How its check is made.
    pub check: Option<MakeCheck>,
}

/// Every rule, in the order of the vendors and of their ids.
///
/// # Panics
///
/// When the fixtures cannot be read: their own tests look for that.
pub fn all() -> Vec<Item> {
    let mut items = Vec::new();
    for vendor in fixtures::VENDORS {
        let catalogue = Catalogue::parse(vendor).expect("a test reads every catalogue");
        let facts = Fact::read_all(vendor).expect("a test reads every dossier");
        let standing: BTreeMap<String, Standing> = facts
            .into_iter()
            .map(|fact| (fact.id, fact.standing))
            .collect();
        let checks = checks(vendor);
        for (id, rule) in catalogue.rules {
            items.push(Item {
                check: checks.get(id.as_str()).copied(),
                facts: rule
                    .facts
                    .iter()
                    .filter_map(|fact| Some((fact.clone(), *standing.get(fact)?)))
                    .collect(),
                id,
                vendor,
                rule,
            });
        }
    }
    items
}

fn checks(vendor: Vendor) -> BTreeMap<&'static str, MakeCheck> {
    entries(vendor).collect()
}

/// The checks of a vendor as they are listed.
pub fn entries(vendor: Vendor) -> impl Iterator<Item = Entry> {
    VENDORS
        .iter()
        .filter(move |checks| checks.vendor == vendor.name())
        .flat_map(|checks| checks.lists.iter().copied().flatten().copied())
}

impl Item {
    /// Whether its failure fails the run.
    pub fn gates(&self, strict: bool) -> bool {
        strict || self.rule.level == Level::Must
    }

    /// Whether it may fail beside the rules that it covers.
    pub fn is_umbrella(&self) -> bool {
        !self.rule.covers.is_empty()
    }
}

/// Whether a rule's id is `prefix`, or begins with it and a dot.
pub fn has_prefix(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || prefix.ends_with('.'))
}

/// The word for a level.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::Info => "info",
    }
}

/// The word for an access.
pub fn access(needs: Needs) -> &'static str {
    match needs {
        Needs::Probe => "probe",
        Needs::Read => "read",
        Needs::Write => "write",
        Needs::Admin => "admin",
    }
}

/// The word for a standing.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Seed => "seed",
        Standing::Documented => "documented",
        Standing::Inferred => "inferred",
        Standing::Assumed => "assumed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_at_dots() {
        assert!(has_prefix("comm100.mark.unknown_name", "comm100.mark"));
        assert!(has_prefix("comm100.mark.unknown_name", "comm100.mark."));
        assert!(has_prefix(
            "comm100.mark.unknown_name",
            "comm100.mark.unknown_name"
        ));
        assert!(!has_prefix(
            "comm100.mark.unknown_name_message",
            "comm100.mark.unknown_name"
        ));
        assert!(!has_prefix("comm100.marking.x", "comm100.mark"));
    }

    #[test]
    fn no_check_is_listed_twice_or_for_no_rule() {
        let items = all();
        for vendor in fixtures::VENDORS {
            let mut seen = std::collections::BTreeSet::new();
            for (id, _) in entries(vendor) {
                assert!(seen.insert(id), "{id} is listed twice");
                assert!(items.iter().any(|item| item.id == id), "{id} is no rule");
            }
        }
    }
}
