//! All sandboxes of a server: which vendor and which sandbox a call belongs to.
//!
//! Vendor: by `Host`, else by a first path segment, else by how the path begins. Sandbox: by the path prefix
//! `/s/{sandbox}`, else by the identity part of the credentials, else `default`.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use http::header::HOST;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::clock::Clock;
use crate::document::Mistake;
use crate::engine::{Delivery, Fresh, Head, Outcome, Parts, Request};
use crate::fault::Faults;
use crate::journal::{Bounds, Fate, Sent};
use crate::overlay::Active;
use crate::sandbox::{Part, Sandbox, Slot};
use crate::vendors::VENDORS;
use crate::world::AnySeed;

/// The id of the sandbox that is always there.
pub const DEFAULT: &str = "default";

/// What all sandboxes of a server have in common.
pub struct Settings {
    /// The seed of each vendor, in the order of [`VENDORS`].
    pub seeds: Vec<Box<dyn AnySeed>>,
    /// The clock that sandboxes start with.
    pub clock: Clock,
    /// What credentials and ids of new sandboxes derive from.
    pub random_seed: u64,
    /// Journal entries a sandbox keeps.
    pub journal_entries: usize,
    /// Bytes that all journals together may take.
    pub journal_bytes: usize,
    /// Bytes of a body that are read, for each of [`VENDORS`].
    pub body_limits: Vec<usize>,
}

impl Settings {
    /// What the program starts with unless a flag says otherwise, with these seeds, in the order of [`VENDORS`].
    pub fn new(seeds: Vec<Box<dyn AnySeed>>) -> Self {
        Self {
            seeds,
            clock: Clock::System,
            random_seed: 0,
            journal_entries: 1_000,
            journal_bytes: 64 << 20,
            body_limits: VENDORS.iter().map(|kind| kind.body_limit()).collect(),
        }
    }
}

/// All sandboxes of a server.
pub struct Sandboxes {
    /// What they have in common.
    pub settings: Settings,
    namespace: Uuid,
    shelf: RwLock<Shelf>,
    /// The sandbox that is always there, without a look-up.
    default: Arc<Slot>,
    /// Counts sandboxes that were made without an id.
    made: AtomicU64,
    /// Counts calls, so that sandboxes can be ordered by their last one.
    ticks: AtomicU64,
    journal_bytes: AtomicUsize,
}

/// A sandbox that is to be made.
#[derive(Default)]
pub struct New {
    /// Its id; without one it is given one.
    pub id: Option<String>,
    /// A seed document. Vendors that it does not name start from the server's own seed, with fresh credentials.
    pub seed: Map<String, Value>,
    /// Whether only the path leads to it, and no credentials.
    pub prefix_only: bool,
    /// The clock that it starts with, and that a reset leads back to, unless it is the server's.
    pub clock: Option<Clock>,
    /// Its deviations until a reset.
    pub deviations: Vec<Active>,
}

#[derive(Default)]
struct Shelf {
    slots: BTreeMap<String, Arc<Slot>>,
    /// Which sandbox an identity leads to, for each of [`VENDORS`].
    identities: [HashMap<String, Arc<Slot>>; VENDORS.len()],
}

/// Where a call goes.
pub enum Destination<'a> {
    /// To the admin API; the path below `/__admin`.
    Admin(&'a str),
    /// To a vendor's engine.
    Vendor(Visit<'a>),
    /// Nowhere: no vendor has such a path.
    Nowhere,
    /// To a sandbox that is not there.
    NoSandbox(&'a str),
}

/// A call to a vendor, inside a sandbox.
pub struct Visit<'a> {
    /// The sandbox.
    pub slot: Arc<Slot>,
    /// The vendor's place in [`VENDORS`].
    pub vendor: usize,
    /// What leads to the sandbox and vendor: `/s/one/chase`, or less.
    pub prefix: &'a str,
    /// The path behind it.
    pub path: &'a str,
}

/// Why a sandbox cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// There is one of that id.
    #[error("there is already a sandbox {0}")]
    Exists(String),
    /// The id cannot stand in a path.
    #[error(
        "a sandbox id has 1 to 64 letters, digits, '-', '_' or '.', and does not begin with '.'; {0:?} is none"
    )]
    BadId(String),
    /// Two sandboxes would share an identity, so its calls could not be told apart.
    #[error("{vendor} identity {identity} already leads to sandbox {sandbox}")]
    IdentityTaken {
        /// The vendor's name.
        vendor: &'static str,
        /// The identity part of the credentials.
        identity: String,
        /// The sandbox it leads to.
        sandbox: String,
    },
    /// The sandbox was deleted in the meantime.
    #[error("sandbox {0} was deleted in the meantime")]
    Gone(String),
    /// The seed is wrong.
    #[error(transparent)]
    Seed(#[from] Mistake),
    /// The default sandbox stays.
    #[error("the default sandbox cannot be deleted")]
    DefaultStays,
}

impl Sandboxes {
    /// The sandboxes of a fresh server: `default`, started from the server's own seed.
    pub fn new(settings: Settings) -> Self {
        let namespace = Uuid::from_u64_pair(settings.random_seed, u64::from_be_bytes(*b"mock-srv"));
        let default = Arc::new(Slot::new(
            DEFAULT.to_owned(),
            false,
            Sandbox::start(&settings.seeds, settings.clock),
        ));
        default.lock().faults = Faults::new(chance(namespace, DEFAULT));
        let mut shelf = Shelf::default();
        for (identities, seed) in shelf.identities.iter_mut().zip(&settings.seeds) {
            identities.extend(
                seed.identities()
                    .into_iter()
                    .map(|identity| (identity, Arc::clone(&default))),
            );
        }
        shelf.slots.insert(DEFAULT.to_owned(), Arc::clone(&default));
        Self {
            settings,
            namespace,
            shelf: RwLock::new(shelf),
            default,
            made: AtomicU64::new(0),
            ticks: AtomicU64::new(0),
            journal_bytes: AtomicUsize::new(0),
        }
    }

    /// Where a call goes. `parts.path` is the path as sent.
    pub fn route<'a>(&self, parts: &Parts<'a>) -> Destination<'a> {
        let path = parts.path;
        if let Some(rest) = strip_segment(path, "__admin") {
            return Destination::Admin(rest);
        }
        let (named, rest) = match strip_segment(path, "s").and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => {
                let (id, _) = rest.split_once('/').unwrap_or((rest, ""));
                match self.get(id) {
                    Some(slot) => (Some(slot), &rest[id.len()..]),
                    None => return Destination::NoSandbox(id),
                }
            }
            None => (None, path),
        };
        let Some((vendor, mut path)) = vendor_of(parts, rest) else {
            return Destination::Nowhere;
        };
        if named.is_some() && path.len() == rest.len() {
            // The base URL of a sandbox names the vendor, whatever `Host` says.
            path = strip_segment(path, VENDORS[vendor].name()).unwrap_or(path);
        }
        let slot = named
            .or_else(|| {
                let identity = VENDORS[vendor].identity(&Parts { path, ..*parts })?;
                self.shelf().identities[vendor].get(&identity).cloned()
            })
            .unwrap_or_else(|| Arc::clone(&self.default));
        let prefix = &parts.path[..parts.path.len() - path.len()];
        // Without the prefix nothing may be left; a path has a slash at least.
        let path = if path.is_empty() { "/" } else { path };
        Destination::Vendor(Visit {
            slot,
            vendor,
            prefix,
            path,
        })
    }

    /// Whether the answer to a call is known before its body is read.
    pub fn head(&self, visit: &Visit<'_>, parts: &Parts<'_>, system: Timestamp) -> Head {
        visit.slot.lock().head(visit.vendor, parts, system)
    }

    /// Answers a call, lets it take effect, and writes it down. `duration_us` is asked once, after the answer.
    pub fn call(
        &self,
        visit: &Visit<'_>,
        request: &Request<'_>,
        sent: &Sent<'_>,
        system: Timestamp,
        duration_us: impl FnOnce() -> u64,
    ) -> Outcome<()> {
        let mut sandbox = visit.slot.lock();
        let outcome = sandbox.call(visit.vendor, request, system);
        let fate = Fate {
            at: sandbox.clock.now(system),
            vendor: Some(VENDORS[visit.vendor].name()),
            route: outcome.route,
            answer: Delivery::reaches(&outcome.answer).then_some(&outcome.answer),
            refused_by: &outcome.refused_by,
            why: outcome.why.clone(),
            fault: outcome.fault.clone(),
            duration_us: duration_us(),
        };
        self.record(&visit.slot, sandbox, sent, fate);
        outcome
    }

    /// Writes down a call that no engine answered: one for no vendor, or one that was never complete.
    pub fn note(&self, slot: &Slot, sent: &Sent<'_>, mut fate: Fate<'_>, system: Timestamp) {
        let sandbox = slot.lock();
        fate.at = sandbox.clock.now(system);
        self.record(slot, sandbox, sent, fate);
    }

    fn record(
        &self,
        slot: &Slot,
        mut sandbox: MutexGuard<'_, Sandbox>,
        sent: &Sent<'_>,
        fate: Fate<'_>,
    ) {
        let bounds = Bounds {
            entries: self.settings.journal_entries,
            bytes: self.settings.journal_bytes,
        };
        sandbox.journal.record(sent, fate, bounds);
        let total = self.journal_changed(slot, &sandbox);
        drop(sandbox);
        let tick = self.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        slot.used.store(tick, Ordering::Relaxed);
        slot.changed();
        if total > self.settings.journal_bytes {
            self.shrink_journals();
        }
    }

    /// Makes room in the journals: the sandbox that was idle longest loses its oldest entries first. Frees a little more
    /// than it must, so that it is seldom called.
    fn shrink_journals(&self) {
        let limit = self.settings.journal_bytes / 16 * 15;
        let mut slots: Vec<_> = self.shelf().slots.values().cloned().collect();
        slots.sort_by_key(|slot| slot.used.load(Ordering::Relaxed));
        for slot in slots {
            let mut sandbox = slot.lock();
            let mut total = self.journal_bytes();
            while total > limit && sandbox.journal.bytes() > 0 {
                sandbox.journal.drop_oldest();
                total = self.journal_changed(&slot, &sandbox);
            }
        }
    }

    /// What all journals take, in bytes.
    pub fn journal_bytes(&self) -> usize {
        self.journal_bytes.load(Ordering::Relaxed)
    }

    /// Says that a sandbox's journal changed; whoever says so has it locked. Returns what all journals take by now.
    pub fn journal_changed(&self, slot: &Slot, sandbox: &Sandbox) -> usize {
        let now = sandbox.journal.bytes();
        let before = slot.journal_bytes.swap(now, Ordering::Relaxed);
        // Less is more, wrapped: the sum comes out right.
        let more = now.wrapping_sub(before);
        self.journal_bytes
            .fetch_add(more, Ordering::Relaxed)
            .wrapping_add(more)
    }

    /// Forgets the entries of a sandbox's journal. Calls stay counted.
    pub fn forget_requests(&self, slot: &Slot) {
        let mut sandbox = slot.lock();
        sandbox.journal.clear();
        self.journal_changed(slot, &sandbox);
    }

    /// The sandbox of that id.
    pub fn get(&self, id: &str) -> Option<Arc<Slot>> {
        self.shelf().slots.get(id).cloned()
    }

    /// The sandbox that is always there.
    pub fn default_slot(&self) -> &Arc<Slot> {
        &self.default
    }

    /// All ids, in order.
    pub fn ids(&self) -> Vec<String> {
        self.shelf().slots.keys().cloned().collect()
    }

    /// Makes a sandbox.
    ///
    /// # Errors
    ///
    /// When the id is taken or unfit, the seed is wrong, or one of its identities leads elsewhere already.
    pub fn create(&self, new: New) -> Result<Arc<Slot>, SandboxError> {
        let New {
            id,
            seed,
            prefix_only,
            clock,
            deviations,
        } = new;
        let id = match id {
            Some(id) if is_id(&id) => id,
            Some(id) => return Err(SandboxError::BadId(id)),
            None => self.free_id(),
        };
        let mut own = seeds_of(seed)?;
        let fresh = Fresh {
            sandbox: &id,
            namespace: self.namespace,
        };
        let seeds: Vec<_> = self
            .settings
            .seeds
            .iter()
            .enumerate()
            .map(|(vendor, seed)| own.remove(&vendor).unwrap_or_else(|| seed.personal(&fresh)))
            .collect();
        let mut sandbox = Sandbox::start(&seeds, clock.unwrap_or(self.settings.clock));
        sandbox.deviations = deviations;
        sandbox.faults = Faults::new(chance(self.namespace, &id));
        let slot = Arc::new(Slot::new(id.clone(), prefix_only, sandbox));

        let mut shelf = self.shelf_mut();
        if shelf.slots.contains_key(&id) {
            return Err(SandboxError::Exists(id));
        }
        shelf.claim(&slot, seeds.iter().enumerate())?;
        shelf.slots.insert(id, Arc::clone(&slot));
        Ok(slot)
    }

    /// Drops a sandbox. Its identities lead to `default` again.
    ///
    /// # Errors
    ///
    /// For `default`.
    pub fn delete(&self, slot: &Arc<Slot>) -> Result<(), SandboxError> {
        if slot.id == DEFAULT {
            return Err(SandboxError::DefaultStays);
        }
        let mut shelf = self.shelf_mut();
        // Another one may have been made of that id since.
        if shelf.has(slot).is_ok() {
            shelf.slots.remove(&slot.id);
        }
        for identities in &mut shelf.identities {
            identities.retain(|_, owner| !Arc::ptr_eq(owner, slot));
        }
        drop(shelf);
        let mut sandbox = slot.lock();
        // Calls that are still on their way write nothing down any more.
        sandbox.journal.close();
        self.journal_changed(slot, &sandbox);
        drop(sandbox);
        slot.changed();
        Ok(())
    }

    /// Replaces the seeds of the vendors that `document` names, and resets those vendors to them.
    ///
    /// # Errors
    ///
    /// When the document is wrong, or one of its identities leads to another sandbox. Nothing changes then.
    pub fn replace(
        &self,
        slot: &Arc<Slot>,
        document: Map<String, Value>,
    ) -> Result<(), SandboxError> {
        let seeds = seeds_of(document)?;
        let mut shelf = self.shelf_mut();
        shelf.has(slot)?;
        shelf.claim(slot, seeds.iter().map(|(vendor, seed)| (*vendor, seed)))?;
        slot.lock().replace(seeds);
        drop(shelf);
        slot.changed();
        Ok(())
    }

    /// Applies a JSON merge patch (RFC 7396) to the present state. The seed that a reset leads back to stays.
    ///
    /// # Errors
    ///
    /// When the patched document is wrong, or one of its identities leads to another sandbox. Nothing changes then.
    pub fn patch(&self, slot: &Arc<Slot>, patch: Map<String, Value>) -> Result<(), SandboxError> {
        let mut shelf = self.shelf_mut();
        shelf.has(slot)?;
        let mut sandbox = slot.lock();
        let mut document = Map::new();
        for (name, patch) in patch {
            let vendor = vendor_named(&name)?;
            let mut patched = sandbox.vendor_document(vendor);
            merge_patch(&mut patched, patch);
            document.insert(name, patched);
        }
        let seeds = seeds_of(document)?;
        shelf.claim(slot, seeds.iter().map(|(vendor, seed)| (*vendor, seed)))?;
        sandbox.adopt(seeds);
        drop(sandbox);
        drop(shelf);
        slot.changed();
        Ok(())
    }

    /// Leads a sandbox back to how it started, as far as `parts` goes.
    ///
    /// # Errors
    ///
    /// When an identity of its seed leads to another sandbox by now. Nothing changes then.
    pub fn reset(&self, slot: &Arc<Slot>, parts: &[Part]) -> Result<(), SandboxError> {
        let mut shelf = self.shelf_mut();
        shelf.has(slot)?;
        let mut sandbox = slot.lock();
        if parts.contains(&Part::State) {
            let seeds: Vec<_> = (0..VENDORS.len())
                .map(|vendor| sandbox.seed(vendor))
                .collect();
            shelf.claim(slot, seeds.iter().enumerate())?;
        }
        sandbox.reset(parts);
        self.journal_changed(slot, &sandbox);
        drop(sandbox);
        drop(shelf);
        slot.changed();
        Ok(())
    }

    /// An id that nobody else is given, also when many ask at once.
    fn free_id(&self) -> String {
        loop {
            let id = format!("sb-{}", self.made.fetch_add(1, Ordering::Relaxed) + 1);
            if self.get(&id).is_none() {
                return id;
            }
        }
    }

    fn shelf(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn shelf_mut(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Whether a sandbox is still there: it was looked up before the shelf was locked.
    fn has(&self, slot: &Arc<Slot>) -> Result<(), SandboxError> {
        match self.slots.get(&slot.id) {
            Some(kept) if Arc::ptr_eq(kept, slot) => Ok(()),
            _ => Err(SandboxError::Gone(slot.id.clone())),
        }
    }

    /// Lets the identities of these seeds lead to `slot`, and those lead elsewhere no more that they replace.
    fn claim<'s>(
        &mut self,
        slot: &Arc<Slot>,
        seeds: impl Iterator<Item = (usize, &'s Box<dyn AnySeed>)>,
    ) -> Result<(), SandboxError> {
        if slot.prefix_only {
            return Ok(());
        }
        let claimed: Vec<(usize, Vec<String>)> = seeds
            .map(|(vendor, seed)| (vendor, seed.identities()))
            .collect();
        for (vendor, identities) in &claimed {
            for identity in identities {
                if let Some(owner) = self.identities[*vendor]
                    .get(identity)
                    .filter(|owner| !Arc::ptr_eq(owner, slot))
                {
                    return Err(SandboxError::IdentityTaken {
                        vendor: VENDORS[*vendor].name(),
                        identity: identity.clone(),
                        sandbox: owner.id.clone(),
                    });
                }
            }
        }
        for (vendor, identities) in claimed {
            self.identities[vendor].retain(|_, owner| !Arc::ptr_eq(owner, slot));
            self.identities[vendor].extend(
                identities
                    .into_iter()
                    .map(|identity| (identity, Arc::clone(slot))),
            );
        }
        Ok(())
    }
}

/// A sandbox's base URLs and credentials: `{"id","base_url","prefix_only","vendors":{"chase":{"base_url","api_key"},…}}`.
/// `server` is where clients reach the server.
pub fn describe(slot: &Slot, server: &str) -> Value {
    let base_url = if slot.id == DEFAULT {
        server.to_owned()
    } else {
        format!("{server}/s/{}", slot.id)
    };
    let sandbox = slot.lock();
    let vendors: Map<String, Value> = VENDORS
        .iter()
        .enumerate()
        .map(|(vendor, kind)| {
            let mut members = json!({"base_url": format!("{base_url}/{}", kind.name())});
            let credentials = sandbox.present(vendor).credentials();
            crate::document::extend(&mut members, Value::Object(credentials));
            (kind.name().to_owned(), members)
        })
        .collect();
    json!({"id": slot.id, "base_url": base_url, "prefix_only": slot.prefix_only, "vendors": vendors})
}

/// What the faults of a sandbox draw from.
fn chance(namespace: Uuid, sandbox: &str) -> Uuid {
    Uuid::new_v5(&namespace, format!("{sandbox}\0faults").as_bytes())
}

/// The seeds that a document names, by vendor.
///
/// # Errors
///
/// The first member that is wrong, from the top of the document.
pub fn seeds_of(
    document: Map<String, Value>,
) -> Result<BTreeMap<usize, Box<dyn AnySeed>>, Mistake> {
    document
        .into_iter()
        .map(|(name, document)| {
            let vendor = vendor_named(&name)?;
            let seed = VENDORS[vendor]
                .seed(document)
                .map_err(|mistake| mistake.below(&name))?;
            Ok((vendor, seed))
        })
        .collect()
}

/// The place of a vendor in [`VENDORS`].
///
/// # Errors
///
/// When there is none of that name.
pub fn vendor_named(name: &str) -> Result<usize, Mistake> {
    VENDORS
        .iter()
        .position(|kind| kind.name() == name)
        .ok_or_else(|| {
            let names: Vec<_> = VENDORS.iter().map(|kind| kind.name()).collect();
            let near = crate::document::nearest(name, names.iter().copied());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Mistake::new(
                [name],
                format!("unknown vendor, expected one of {}{hint}", names.join(", ")),
            )
        })
}

/// What is behind a first path segment, if it is the path's first.
fn strip_segment<'a>(path: &'a str, segment: &str) -> Option<&'a str> {
    let rest = path.strip_prefix('/')?.strip_prefix(segment)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// The vendor a call is for, and the path without the segment that says so.
fn vendor_of<'a>(parts: &Parts<'_>, path: &'a str) -> Option<(usize, &'a str)> {
    if let Some(host) = parts.headers.get(HOST).and_then(|host| host.to_str().ok()) {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let by_host = |kind: &&dyn crate::world::Kind| {
            kind.hosts()
                .iter()
                .any(|host| name.eq_ignore_ascii_case(host))
        };
        if let Some(vendor) = VENDORS.iter().position(by_host) {
            return Some((vendor, path));
        }
    }
    for (vendor, kind) in VENDORS.iter().enumerate() {
        if let Some(rest) = strip_segment(path, kind.name()) {
            return Some((vendor, rest));
        }
    }
    let begins = |start: &str| {
        path.get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    let vendor = VENDORS
        .iter()
        .position(|kind| kind.paths().iter().any(|start| begins(start)))?;
    Some((vendor, path))
}

/// Whether a text can be the id of a sandbox or of a fault: it can stand in a path.
pub(crate) fn is_id(id: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=64).contains(&id.len()) && !id.starts_with('.') && id.bytes().all(fit)
}

/// RFC 7396.
fn merge_patch(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let members = target.as_object_mut().expect("made one above");
    for (name, value) in patch {
        if value.is_null() {
            members.shift_remove(&name);
        } else {
            merge_patch(members.entry(name).or_insert(Value::Null), value);
        }
    }
}
