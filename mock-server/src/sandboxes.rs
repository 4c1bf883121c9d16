//! All sandboxes of a server: which vendor and which sandbox a call belongs to.
//!
//! Vendor: by `Host`, else by a first path segment, else by how the path begins. Sandbox: by the path prefix
//! `/s/{sandbox}`, else by the identity part of the credentials, else `default`.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

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
use crate::tally::Tally;
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
    /// What was counted in sandboxes that are gone, and in others before their journal was reset.
    retired: Mutex<Tally>,
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
    /// For how long nobody may call it before it is dropped, in milliseconds.
    pub idle_ms: Option<u64>,
}

#[derive(Default)]
struct Shelf {
    slots: BTreeMap<String, Arc<Slot>>,
    /// Which sandbox an identity leads to, for each of [`VENDORS`].
    identities: [HashMap<String, Arc<Slot>>; VENDORS.len()],
    /// The identities of each sandbox, so that nobody has to look through those of all others.
    claimed: HashMap<String, [Vec<String>; VENDORS.len()]>,
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
        shelf
            .claim(&default, settings.seeds.iter().enumerate())
            .expect("there is no other sandbox whose identities they could be");
        shelf.slots.insert(DEFAULT.to_owned(), Arc::clone(&default));
        Self {
            settings,
            namespace,
            shelf: RwLock::new(shelf),
            default,
            made: AtomicU64::new(0),
            ticks: AtomicU64::new(0),
            journal_bytes: AtomicUsize::new(0),
            retired: Mutex::default(),
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
        visit.slot.touch(system);
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
        visit.slot.touch(system);
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
        slot.touch(system);
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
        sandbox.tally.record(&fate);
        sandbox.journal.record(sent, fate, bounds);
        if sandbox.journal.is_closed() {
            self.retire(&mut sandbox);
        }
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

    /// Keeps what was counted in a sandbox that is about to forget it. Whoever says so has it locked, and the shelf too,
    /// unless the sandbox is gone from there: so [`Sandboxes::total`] counts nothing twice, and misses nothing.
    fn retire(&self, sandbox: &mut Sandbox) {
        let mut tally = std::mem::take(&mut sandbox.tally);
        tally.dropped(sandbox.journal.take_dropped());
        *self.retired() += &tally;
    }

    /// Everything that was counted, also in sandboxes that are gone or were reset.
    pub fn total(&self) -> Tally {
        let shelf = self.shelf();
        let mut total = self.retired().clone();
        for slot in shelf.slots.values() {
            let sandbox = slot.lock();
            total += &sandbox.tally;
            total.dropped(sandbox.journal.dropped());
        }
        total
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
            idle_ms,
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
        let mut slot = Slot::new(id.clone(), prefix_only, sandbox);
        slot.idle_ms = idle_ms;
        let slot = Arc::new(slot);

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
    /// For `default`, and for one that is gone already.
    pub fn delete(&self, slot: &Arc<Slot>) -> Result<(), SandboxError> {
        if slot.id == DEFAULT {
            return Err(SandboxError::DefaultStays);
        }
        let shelf = self.shelf_mut();
        shelf.has(slot)?;
        self.drop_from(shelf, slot);
        Ok(())
    }

    /// Drops the sandboxes that nobody called for as long as they allow.
    pub fn drop_idle(&self, system: Timestamp) {
        let is_idle = |slot: &&Arc<Slot>| slot.is_idle(system);
        let idle: Vec<_> = self
            .shelf()
            .slots
            .values()
            .filter(is_idle)
            .cloned()
            .collect();
        for slot in idle {
            let shelf = self.shelf_mut();
            // Somebody may have called it since, or dropped it.
            if slot.is_idle(system) && shelf.has(&slot).is_ok() {
                self.drop_from(shelf, &slot);
            }
        }
    }

    fn drop_from(&self, mut shelf: RwLockWriteGuard<'_, Shelf>, slot: &Slot) {
        shelf.slots.remove(&slot.id);
        if let Some(claimed) = shelf.claimed.remove(&slot.id) {
            for (identities, claimed) in shelf.identities.iter_mut().zip(claimed) {
                for identity in claimed {
                    identities.remove(&identity);
                }
            }
        }
        let mut sandbox = slot.lock();
        // Calls that are still on their way write nothing down any more.
        sandbox.journal.close();
        self.journal_changed(slot, &sandbox);
        self.retire(&mut sandbox);
        drop(sandbox);
        drop(shelf);
        slot.changed();
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
        if parts.contains(&Part::Journal) {
            self.retire(&mut sandbox);
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

    fn retired(&self) -> MutexGuard<'_, Tally> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
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
        let own = self.claimed.entry(slot.id.clone()).or_default();
        for (vendor, identities) in claimed {
            for replaced in std::mem::replace(&mut own[vendor], identities) {
                self.identities[vendor].remove(&replaced);
            }
            let identities = own[vendor].iter().cloned();
            self.identities[vendor].extend(identities.map(|identity| (identity, Arc::clone(slot))));
        }
        Ok(())
    }
}

/// A sandbox's base URLs and credentials: `{"id","base_url","prefix_only","vendors":{"chase":{"base_url","api_key"},…}}`.
/// `server` is where clients reach the server.
pub fn describe(slot: &Slot, server: &str) -> Value {
    let base_url = base_url(slot, server);
    let mut shown = json!({
        "id": slot.id,
        "base_url": base_url,
        "prefix_only": slot.prefix_only,
        "vendors": slot.lock().access(&base_url),
    });
    if let Some(idle_ms) = slot.idle_ms {
        shown["idle_ms"] = idle_ms.into();
    }
    shown
}

/// What leads to a sandbox; the vendors' names stand behind it. `server` is where clients reach the server.
pub fn base_url(slot: &Slot, server: &str) -> String {
    if slot.id == DEFAULT {
        server.to_owned()
    } else {
        format!("{server}/s/{}", slot.id)
    }
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http::{HeaderMap, Method, Version};
    use serde_json::json;

    use super::*;
    use crate::engine::Answer;
    use crate::seed::{self, Layer};

    const CHASE: usize = 1;

    fn sandboxes() -> Sandboxes {
        let seeds = fixtures::VENDORS
            .iter()
            .map(|vendor| Layer::parse("seed.toml", vendor.seed().to_owned()).unwrap())
            .collect::<Vec<_>>();
        Sandboxes::new(Settings {
            seeds: seed::merge(&seeds).unwrap(),
            clock: Clock::System,
            random_seed: 0,
            journal_entries: 2,
            journal_bytes: 1 << 20,
            body_limits: vec![1 << 20; VENDORS.len()],
        })
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn new(id: &str) -> New {
        New {
            id: Some(id.to_owned()),
            ..New::default()
        }
    }

    /// With these Chase keys.
    fn keyed(id: &str, keys: &[&str]) -> New {
        New {
            seed: keys_document(keys),
            ..new(id)
        }
    }

    fn keys_document(keys: &[&str]) -> Map<String, Value> {
        let keys: Map<String, Value> = keys
            .iter()
            .map(|key| ((*key).to_owned(), json!("org")))
            .collect();
        let document = json!({"chase": {"keys": keys, "contacts": {"org": ["user@example.com"]}}});
        document.as_object().unwrap().clone()
    }

    /// The sandbox that a Chase key leads to.
    fn owner(sandboxes: &Sandboxes, key: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", key.parse().unwrap());
        let parts = Parts {
            method: &Method::POST,
            path: "/chase/api/v2/conversions",
            query: None,
            headers: &headers,
            version: Version::HTTP_11,
            prefix: "",
            secure: false,
            local: "127.0.0.1:8080",
        };
        let Destination::Vendor(visit) = sandboxes.route(&parts) else {
            panic!("no visit")
        };
        assert_eq!(visit.vendor, CHASE);
        visit.slot.id.clone()
    }

    /// Lets the sandbox meet a call to Chase that was answered 200.
    fn call(sandboxes: &Sandboxes, slot: &Slot) {
        let (answer, headers) = (Answer::default(), HeaderMap::new());
        let sent = Sent {
            method: "POST",
            target: "/",
            prefix: 0,
            headers: &headers,
            body: b"",
        };
        let fate = Fate {
            at: at(0),
            vendor: Some("chase"),
            route: None,
            answer: Some(&answer),
            refused_by: &[],
            why: "".into(),
            fault: None,
            duration_us: 1,
        };
        sandboxes.note(slot, &sent, fate, at(0));
    }

    #[test]
    fn what_was_counted_outlives_sandbox_and_journal() {
        let sandboxes = sandboxes();
        let slots = ["gone", "reset", "kept"].map(|id| sandboxes.create(new(id)).unwrap());
        for slot in &slots {
            for _ in 0..3 {
                call(&sandboxes, slot);
            }
        }
        let counted = |sandboxes: &Sandboxes| {
            let total = sandboxes.total();
            (total.calls(Some("chase")), total.entries_dropped())
        };
        assert_eq!(counted(&sandboxes), (9, 3));
        let [gone, reset, kept] = &slots;
        sandboxes.delete(gone).unwrap();
        sandboxes.reset(reset, &Part::ALL).unwrap();
        sandboxes.reset(kept, &[Part::State, Part::Counts]).unwrap();
        assert_eq!(counted(&sandboxes), (9, 3));
        assert_eq!(reset.lock().tally.counts().count(), 0);
        assert_eq!(kept.lock().tally.calls(Some("chase")), 3);
        // A call that was on its way when its sandbox went, and others after a reset.
        call(&sandboxes, gone);
        call(&sandboxes, reset);
        assert_eq!(counted(&sandboxes), (11, 3));
        // Forgotten on purpose is not dropped.
        kept.lock().journal.clear();
        assert_eq!(counted(&sandboxes), (11, 3));
    }

    #[test]
    fn identities_follow_their_seeds() {
        let sandboxes = sandboxes();
        let one = sandboxes.create(keyed("one", &["a", "b"])).unwrap();
        assert_eq!(
            (owner(&sandboxes, "a"), owner(&sandboxes, "b")),
            ("one".into(), "one".into())
        );
        // What is refused claims nothing, and takes nothing away.
        assert!(sandboxes.create(keyed("two", &["c", "b"])).is_err());
        assert_eq!(
            (owner(&sandboxes, "b"), owner(&sandboxes, "c")),
            ("one".into(), DEFAULT.into())
        );
        sandboxes.replace(&one, keys_document(&["b", "d"])).unwrap();
        assert_eq!(
            ["a", "b", "d"].map(|key| owner(&sandboxes, key)),
            [DEFAULT, "one", "one"]
        );
        let two = sandboxes.create(keyed("two", &["a", "c"])).unwrap();
        sandboxes.delete(&one).unwrap();
        assert_eq!(
            ["a", "b", "c", "d"].map(|key| owner(&sandboxes, key)),
            ["two", DEFAULT, "two", DEFAULT]
        );
        sandboxes.delete(&two).unwrap();
        let shelf = sandboxes.shelf();
        assert_eq!(shelf.claimed.keys().collect::<Vec<_>>(), [DEFAULT]);
        let left = shelf.identities.iter().flat_map(HashMap::values);
        assert!(left.into_iter().all(|slot| slot.id == DEFAULT));
    }

    #[test]
    fn a_sandbox_goes_once() {
        let sandboxes = sandboxes();
        let first = sandboxes.create(keyed("one", &["a"])).unwrap();
        sandboxes.delete(&first).unwrap();
        let _second = sandboxes.create(keyed("one", &["a"])).unwrap();
        assert!(matches!(
            sandboxes.delete(&first),
            Err(SandboxError::Gone(_))
        ));
        assert_eq!(owner(&sandboxes, "a"), "one");
    }

    #[test]
    fn only_a_sandbox_that_nobody_uses_is_dropped() {
        let sandboxes = sandboxes();
        let idle = |id: &str| New {
            idle_ms: Some(1_000),
            ..keyed(id, &[id])
        };
        let left = |ms: i64| {
            sandboxes.drop_idle(at(ms));
            sandboxes.ids().join(" ")
        };
        let slots = ["a", "b", "c", "d"].map(|id| sandboxes.create(idle(id)).unwrap());
        let stays = sandboxes.create(new("stays")).unwrap();
        for slot in slots[1..].iter().chain([&stays]) {
            slot.touch(at(0));
        }
        let [_, b, c, _] = &slots;
        assert_eq!(left(999), "a b c d default stays");
        b.touch(at(900));
        c.watch(7, Waker::noop());
        // Nobody used `a` so far: whoever made it is about to.
        assert_eq!(left(1_000), "a b c default stays");
        assert_eq!(owner(&sandboxes, "d"), DEFAULT);
        assert_eq!(left(1_899), "a b c default stays");
        assert_eq!(left(1_900), "a c default stays");
        // Woken, it is not yet done.
        c.changed();
        assert_eq!(left(10_000), "a c default stays");
        c.unwatch(7);
        assert_eq!(left(10_000), "a default stays");
        // A clock that was set back says nothing.
        stays.touch(at(i64::from(i32::MAX)));
        assert_eq!(left(0), "a default stays");
        assert_eq!(sandboxes.total().calls(Some("chase")), 0);
    }
}
