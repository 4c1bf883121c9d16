//! What a rule says, for people who read about a refusal.

use std::collections::HashMap;
use std::sync::OnceLock;

use fixtures::{Catalogue, RuleId, VENDORS};

/// The sentence of a rule.
///
/// The catalogues are read when the first sentence is asked for, never at the start of a program.
pub fn sentence(rule: RuleId) -> &'static str {
    static SENTENCES: OnceLock<HashMap<String, String>> = OnceLock::new();
    let sentences = SENTENCES.get_or_init(|| {
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
    });
    sentences.get(rule.as_str()).map_or("", String::as_str)
}
