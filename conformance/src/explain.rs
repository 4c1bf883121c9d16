//! What the rules demand, for people: `list` and `explain`.

use std::fmt::Write as _;

use fixtures::Deviation;

use crate::catalogue::{self, Item, access, level, standing};
use crate::plan::{Selection, SelectionError};
use crate::run::Unfit;

/// One line a rule.
pub fn list(items: &[Item]) -> String {
    let mut page = String::new();
    for item in items {
        let _ = writeln!(
            page,
            "{:<50} {:<6} {:<5} {}",
            item.id,
            level(item.rule.level),
            access(item.rule.needs),
            item.rule.says
        );
    }
    page
}

/// Everything about one rule.
///
/// # Errors
///
/// When there is no such rule.
pub fn explain(id: &str) -> Result<String, Unfit> {
    let Some(item) = catalogue::all().into_iter().find(|item| item.id == id) else {
        let selection = Selection {
            only: vec![id.to_owned()],
            ..Selection::default()
        };
        return Err(match selection.items(&fixtures::VENDORS) {
            Err(error @ SelectionError::Matchless { .. }) => Unfit::Selection(error),
            _ => Unfit::Usage(format!(
                "{id} is no rule, but ids begin like that; `conformance list --only {id}` prints them"
            )),
        });
    };
    let mut page = format!("{}\n  {}\n\n", item.id, item.rule.says);
    let _ = writeln!(
        page,
        "level  {}\nneeds  {}",
        level(item.rule.level),
        access(item.rule.needs)
    );
    if item.is_umbrella() {
        let _ = writeln!(page, "covers {}", item.rule.covers.join(", "));
    }
    page.push_str("\nrests on\n");
    for (fact, founded) in &item.facts {
        let _ = writeln!(page, "  {fact} ({})", standing(*founded));
    }
    let _ = writeln!(
        page,
        "  fixtures/vendors/{}/dossier.md has what each says, and where it comes from",
        item.vendor.name()
    );
    let deviations =
        Deviation::read_all(item.vendor).map_err(|error| Unfit::Fault(error.to_string()))?;
    page.push_str("\nis shown to be seen by\n");
    for deviation in deviations
        .iter()
        .filter(|deviation| deviation.breaks.contains(&item.id))
    {
        let says = deviation.says.as_deref().unwrap_or_default();
        let _ = writeln!(page, "  {} {says}", deviation.id);
    }
    if let Some(why) = &item.rule.inseparable {
        let _ = writeln!(page, "  and never alone: {why}");
    }
    Ok(page)
}
