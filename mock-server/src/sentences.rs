//! What a rule says, for people who read about a refusal.

use std::collections::HashMap;
use std::sync::OnceLock;

use fixtures::{Catalogue, VENDORS};

/// The sentence of the rule of that id; empty if there is none.
///
/// The catalogues are read when the first sentence is asked for, never at the start of a program.
pub fn sentence(id: &str) -> &'static str {
    sentences().get(id).map_or("", String::as_str)
}

/// Whether a rule has that id, or one that begins so.
pub fn is_rule(prefix: &str) -> bool {
    sentences().keys().any(|id| id.starts_with(prefix))
}

fn sentences() -> &'static HashMap<String, String> {
    static SENTENCES: OnceLock<HashMap<String, String>> = OnceLock::new();
    SENTENCES.get_or_init(|| {
        VENDORS
            .into_iter()
            .flat_map(|vendor| {
                let catalogue = Catalogue::parse(vendor);
                catalogue
                    .expect("they are built in, and a test reads them all")
                    .rules
            })
            .map(|(id, rule)| (id, rule.says))
            .collect()
    })
}
