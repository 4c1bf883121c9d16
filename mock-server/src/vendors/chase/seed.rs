//! What a sandbox starts from: keys, organisations, their contacts, and what the documents leave open.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::email;
use crate::document::Mistake;
use crate::engine::Fresh;

/// Chase's part of a seed file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// API keys, each with its organisation.
    pub keys: BTreeMap<String, Arc<str>>,
    /// Organisations, each with the addresses of its contacts.
    pub contacts: Arc<BTreeMap<Arc<str>, Vec<String>>>,
    /// How long after its 202 a conversion shows, in milliseconds (`CHS-UNS-09`).
    pub log_delay_ms: u64,
    /// The JSON body of a 202; without it, none (`CHS-UNS-01`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_body: Option<serde_json::Value>,
    /// The JSON body of a 200; without it, none (`CHS-UNS-02`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_associated_body: Option<serde_json::Value>,
    /// What the 401 for an unknown key says (`CHS-UNS-03`).
    pub unknown_key_detail: String,
    /// Whether an unknown key is answered before the body is checked (`CHS-UNS-19`).
    pub unknown_key_before_schema: bool,
    /// Whether a body with the content type of a form is read as JSON, so that the documented command works as it is
    /// printed (`CHS-CTR-01`).
    pub accept_form_content_type: bool,
    /// Whether `conversion_data` may be null (`CHS-CTR-03`).
    pub accept_null_conversion_data: bool,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            keys: BTreeMap::new(),
            contacts: Arc::default(),
            log_delay_ms: 200,
            queued_body: None,
            not_associated_body: None,
            unknown_key_detail: "Unauthorized".to_owned(),
            unknown_key_before_schema: true,
            accept_form_content_type: false,
            accept_null_conversion_data: false,
        }
    }
}

/// A sound document, indexed.
#[derive(Debug)]
pub struct Seed {
    pub(super) document: Document,
    contacts: Arc<HashMap<Arc<str>, HashSet<Box<str>>>>,
}

impl Seed {
    /// Checks a document and indexes it.
    ///
    /// Rules: chase.conversion.configured_addresses.
    ///
    /// # Errors
    ///
    /// A key that no header can carry, a key of an organisation that is not listed, an address that is none.
    pub(super) fn of(document: Document) -> Result<Self, Mistake> {
        for (key, organisation) in &document.keys {
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Mistake::new(
                    ["keys", key],
                    "a key is one or more visible ASCII characters",
                ));
            }
            if !document.contacts.contains_key(organisation) {
                let message = format!(
                    "`contacts` has no `{organisation}`; give it an empty list if it has no contacts"
                );
                return Err(Mistake::new(["keys", key], message));
            }
        }
        let contacts = document.contacts.iter().map(|(organisation, addresses)| {
            let normal = addresses.iter().enumerate().map(|(n, address)| {
                let normal = email::validate(address).map_err(|invalid| {
                    Mistake::new(
                        [
                            "contacts".to_owned(),
                            organisation.to_string(),
                            n.to_string(),
                        ],
                        format!("{address:?} is no address: {}", invalid.reason),
                    )
                })?;
                Ok(normal.to_ascii_lowercase().into())
            });
            Ok((
                Arc::clone(organisation),
                normal.collect::<Result<_, Mistake>>()?,
            ))
        });
        let contacts = Arc::new(contacts.collect::<Result<_, Mistake>>()?);
        Ok(Self { document, contacts })
    }

    /// The organisation that a key belongs to.
    ///
    /// Rules: chase.key.fixed_list, chase.key.exact.
    pub(super) fn organisation(&self, key: &[u8]) -> Option<&Arc<str>> {
        self.document.keys.get(std::str::from_utf8(key).ok()?)
    }

    /// Whether a normalised address is that of a contact. ASCII letter case does not matter.
    ///
    /// Rules: chase.conversion.by_organisation, chase.conversion.letter_case.
    pub(super) fn has_contact(&self, organisation: &str, address: &str) -> bool {
        let contacts = self.contacts.get(organisation);
        contacts.is_some_and(|contacts| contacts.contains(&*address.to_ascii_lowercase()))
    }

    /// The same contacts behind one fresh key of the first organisation that has a key.
    pub(super) fn personal(&self, fresh: &Fresh<'_>) -> Self {
        let organisation = self
            .document
            .keys
            .values()
            .next()
            .or_else(|| self.document.contacts.keys().next());
        let keys =
            organisation.map(|organisation| (fresh.hex("chase.api_key"), Arc::clone(organisation)));
        let document = Document {
            keys: keys.into_iter().collect(),
            ..self.document.clone()
        };
        Self {
            document,
            contacts: Arc::clone(&self.contacts),
        }
    }
}
