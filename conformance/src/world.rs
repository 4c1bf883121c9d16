//! What a check can count on: the known objects of a target, and its time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use jiff::Timestamp;
use serde::Deserialize;

use crate::secret::Secret;

/// One vendor of a target, as one rule's check sees it.
/// Cheap to copy: copies share everything, the count of values made included.
#[derive(Clone, Debug)]
pub struct World {
    /// The vendor.
    pub vendor: fixtures::Vendor,
    /// The objects that are known to exist there, by name.
    pub known: Rc<BTreeMap<String, Object>>,
    /// What kinds of objects there are.
    pub kinds: Rc<BTreeMap<String, Kind>>,
    /// The target's time: exact with an admin API, else that of this machine.
    pub now: Timestamp,
    /// Whether the check has a sandbox of its own, that starts as the vendor's seeds say.
    pub own_sandbox: bool,
    /// What tells the values of this run and rule from those of others.
    pub salt: Rc<str>,
    /// How many values were made so far.
    pub made: Rc<Cell<u32>>,
}

/// A known object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// Anything that may be shown.
    Text(String),
    /// A credential.
    Secret(Secret),
}

/// A kind of known object, from a vendor's `known.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// What it has to be, for people.
    pub is: String,
    /// What it is in a sandbox that starts from the vendor's seeds.
    pub sandbox: String,
    /// The environment variable that usually holds it, if it is a secret.
    pub secret: Option<String>,
}

/// A check that cannot be made for want of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// What is missing, for people.
    pub why: String,
    /// The line of the target file that would unblock it.
    pub line: String,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; add to the target file: {}", self.why, self.line)
    }
}

/// The kinds of objects that a vendor's checks know.
///
/// # Panics
///
/// When `known.toml` cannot be read: a mistake of the fixtures, which a test looks for.
pub fn kinds(vendor: fixtures::Vendor) -> BTreeMap<String, Kind> {
    toml::from_str(vendor.known()).expect("a test reads every known.toml")
}

impl World {
    /// What the rules of a vendor can count on in sandboxes that start from its seeds.
    pub fn of_sandbox(vendor: fixtures::Vendor, now: Timestamp) -> Self {
        let known = kinds(vendor)
            .into_iter()
            .map(|(name, kind)| {
                let object = match &kind.secret {
                    Some(variable) => Object::Secret(Secret::new(variable, &kind.sandbox)),
                    None => Object::Text(kind.sandbox),
                };
                (name, object)
            })
            .collect();
        Self {
            own_sandbox: true,
            ..Self::of_target(vendor, Rc::new(known), now)
        }
    }

    /// What the rules of a vendor can count on at a target that knows these objects.
    pub fn of_target(
        vendor: fixtures::Vendor,
        known: Rc<BTreeMap<String, Object>>,
        now: Timestamp,
    ) -> Self {
        Self {
            vendor,
            known,
            kinds: Rc::new(kinds(vendor)),
            now,
            own_sandbox: false,
            salt: "".into(),
            made: Rc::default(),
        }
    }

    /// The same for one rule, whose values are told from those of others by `salt`.
    #[must_use]
    pub fn of_rule(&self, salt: &str) -> Self {
        Self {
            salt: salt.into(),
            made: Rc::default(),
            ..self.clone()
        }
    }

    fn object(&self, name: &str) -> Result<&Object, Blocked> {
        self.known.get(name).ok_or_else(|| {
            let kind = self.kinds.get(name);
            let is = kind.map_or("", |kind| kind.is.as_str());
            let value = match kind.and_then(|kind| kind.secret.as_deref()) {
                Some(variable) => format!("{{ env = \"{variable}\" }}"),
                None => "\"…\"".to_owned(),
            };
            Blocked {
                why: format!("{} is not known: {is}", name.replace('_', " ")),
                line: format!("[{}] {name} = {value}", self.vendor.name()),
            }
        })
    }

    /// The known object of that name.
    ///
    /// # Errors
    ///
    /// When the target does not name it.
    pub fn text(&self, name: &str) -> Result<String, Blocked> {
        match self.object(name)? {
            Object::Text(text) => Ok(text.clone()),
            Object::Secret(secret) => Ok(secret.reveal().to_owned()),
        }
    }

    /// The known credential of that name.
    ///
    /// # Errors
    ///
    /// When the target does not name it.
    pub fn secret(&self, name: &str) -> Result<Secret, Blocked> {
        match self.object(name)? {
            Object::Secret(secret) => Ok(secret.clone()),
            Object::Text(text) => Ok(Secret::new(&name.to_ascii_uppercase(), text)),
        }
    }

    /// For checks that count on the whole seed, beyond the objects that have a name.
    ///
    /// # Errors
    ///
    /// When the target has no admin API to make a sandbox with.
    pub fn sandbox(&self) -> Result<(), Blocked> {
        if self.own_sandbox {
            Ok(())
        } else {
            Err(Blocked {
                why: "this takes a sandbox of its own".to_owned(),
                line: "access = \"admin\", where the target has this product's admin API"
                    .to_owned(),
            })
        }
    }

    /// A text that nothing else at the target has: `conf-1f3a-2`. What is written there is marked with it.
    pub fn unique(&self) -> String {
        let number = self.made.get() + 1;
        self.made.set(number);
        format!("conf-{}-{number}", self.salt)
    }
}
