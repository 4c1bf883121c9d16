//! The plan: which rules run, in what order, at what cost. It is computed before anything is sent, and never exceeded.

use fixtures::{Needs, Vendor};

use crate::catalogue::{self, Item, access, has_prefix};
use crate::check::{Case, Check, Make};
use crate::exchange::Party;
use crate::world::{Blocked, World};

/// The most steps of a shrinking.
pub const MOST_SHRINKS: u32 = 64;

/// Which rules are asked for.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// These vendors; none means all that the target has.
    pub vendors: Vec<Vendor>,
    /// Rules with one of these prefixes; none means all.
    pub only: Vec<String>,
    /// But not with one of these.
    pub skip: Vec<String>,
    /// The K-th of N parts, K from 1.
    pub shard: Option<(u32, u32)>,
}

/// A selector that nothing answers to.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SelectionError {
    /// A prefix that no rule has.
    #[error("no rule begins with {selector}; {hint}")]
    Matchless {
        /// The prefix.
        selector: String,
        /// What is near.
        hint: String,
    },
    /// The selectors together leave nothing.
    #[error("the selectors leave no rule over")]
    Nothing,
}

/// What is to become of one rule.
pub struct Planned {
    /// The rule.
    pub item: Item,
    /// Whether it runs, or why it does not.
    pub fate: Fate,
    /// The most requests to the vendor.
    pub requests: u64,
    /// Those that may change its data.
    pub writes: u64,
}

/// Whether a rule runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does.
    Runs,
    /// Something of the target is missing.
    Blocked(Blocked),
    /// It takes something that is not granted: why, and what would run it.
    NotRun(String, String),
}

impl Selection {
    /// The rules that the selectors name, in the order of the catalogue.
    ///
    /// # Errors
    ///
    /// When a selector names none, or all together leave none.
    pub fn items(&self, here: &[Vendor]) -> Result<Vec<Item>, SelectionError> {
        let all = catalogue::all();
        for selector in self.only.iter().chain(&self.skip) {
            if !all.iter().any(|item| has_prefix(&item.id, selector)) {
                return Err(SelectionError::Matchless {
                    selector: selector.clone(),
                    hint: hint(selector, &all),
                });
            }
        }
        let selected: Vec<Item> = all
            .into_iter()
            .filter(|item| here.contains(&item.vendor))
            .filter(|item| self.vendors.is_empty() || self.vendors.contains(&item.vendor))
            .filter(|item| {
                let named = |prefixes: &[String]| {
                    prefixes.iter().any(|prefix| has_prefix(&item.id, prefix))
                };
                (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
            })
            .collect();
        let ours: Vec<Item> = selected
            .iter()
            .filter(|item| {
                self.shard
                    .is_none_or(|(part, parts)| shard_of(&item.id, parts) == part)
            })
            .cloned()
            .collect();
        // A part may be empty; the selection as a whole may not.
        if selected.is_empty() {
            return Err(SelectionError::Nothing);
        }
        Ok(ours)
    }
}

fn hint(selector: &str, all: &[Item]) -> String {
    let nearest = all
        .iter()
        .flat_map(|item| {
            let dots = item.id.match_indices('.').map(|(end, _)| &item.id[..end]);
            dots.chain([item.id.as_str()])
        })
        .max_by(|one, other| {
            strsim::jaro_winkler(one, selector).total_cmp(&strsim::jaro_winkler(other, selector))
        });
    format!(
        "the nearest is {}; `conformance list` prints them all",
        nearest.unwrap_or_default()
    )
}

/// The part of `parts` that a rule belongs to, from 1. It depends on the rule's id alone, so that selectors change nothing.
fn shard_of(id: &str, parts: u32) -> u32 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The low bits alone would mix badly with small numbers of parts.
    let part = (hash >> 32) % u64::from(parts);
    u32::try_from(part).expect("less than parts") + 1
}

/// Plans one rule.
pub fn plan(item: Item, world: &World, granted: Needs, cases: u32) -> Planned {
    let needs = item.rule.needs;
    let mut planned = Planned {
        fate: Fate::Runs,
        requests: 0,
        writes: 0,
        item,
    };
    if needs > granted {
        let way = if needs == Needs::Admin {
            "a target with this product's admin API, and --access admin".to_owned()
        } else {
            format!("--access {}", access(needs))
        };
        let why = format!(
            "it takes {}, and {} is granted",
            access(needs),
            access(granted)
        );
        planned.fate = Fate::NotRun(why, way);
        return planned;
    }
    let Some(make) = planned.item.check else {
        let why = "it has no check".to_owned();
        planned.fate = Fate::NotRun(why, "nothing: this program cannot check it".to_owned());
        return planned;
    };
    match make(world) {
        Err(blocked) => planned.fate = Fate::Blocked(blocked),
        Ok(check) => {
            planned.requests = worst_case(&check, cases);
            planned.writes = worst_writes(&check, needs, cases);
        }
    }
    planned
}

/// The most requests that a check sends to the vendor.
pub fn worst_case(check: &Check, cases: u32) -> u64 {
    let table: u64 = check
        .cases
        .iter()
        .map(|case| u64::from(case.worst_case()))
        .sum();
    table + random(check, cases)
}

fn random(check: &Check, cases: u32) -> u64 {
    check.random.as_ref().map_or(0, |random| {
        let shrinks = if cases > 0 { MOST_SHRINKS } else { 0 };
        u64::from(random.steps) * (u64::from(cases) + u64::from(shrinks))
    })
}

/// Of requests that are built from answers it is not known what they are; a rule that takes less has none that write.
fn worst_writes(check: &Check, needs: Needs, cases: u32) -> u64 {
    let writes = |case: &Case| -> u64 {
        case.steps
            .iter()
            .filter(|step| step.party == Party::Vendor)
            .filter(|step| match &step.make {
                Make::Ready(request) => request.needs() == Needs::Write,
                Make::From(_) => needs >= Needs::Write,
            })
            .map(|step| u64::from(step.worst_case()))
            .sum()
    };
    let drawn = if needs >= Needs::Write {
        random(check, cases)
    } else {
        0
    };
    check.cases.iter().map(writes).sum::<u64>() + drawn
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shards_are_a_partition(parts in 1_u32..12) {
            let whole = Selection::default().items(&fixtures::VENDORS).unwrap();
            let mut together: Vec<String> = (1..=parts)
                .flat_map(|part| {
                    let selection = Selection { shard: Some((part, parts)), ..Selection::default() };
                    selection.items(&fixtures::VENDORS).unwrap()
                })
                .map(|item| item.id)
                .collect();
            together.sort();
            let mut ids: Vec<String> = whole.into_iter().map(|item| item.id).collect();
            ids.sort();
            prop_assert_eq!(together, ids);
        }
    }

    #[test]
    fn a_selector_that_matches_nothing_is_named() {
        let selection = Selection {
            only: vec!["comm100.marks".to_owned()],
            ..Selection::default()
        };
        let error = selection
            .items(&fixtures::VENDORS)
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("comm100.marks") && error.contains("comm100.mark;"),
            "{error}"
        );
    }
}
